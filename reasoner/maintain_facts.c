/* The ledger: facts in question by triple, and those that the database does not have by their parts, as a join wants
 * them. */
#include "reasoner/maintain.h"

#include <stdlib.h>
#include <string.h>

void reasoner_ledger_free(Ledger *ledger)
{
    free(ledger->facts.items);
    free(ledger->slots);
    free(ledger->elsewhere.items);
    free(ledger->filters[0]);
    free(ledger->filters[1]);
    for (int chain = 0; chain < CHAINS; chain++)
        base_map_free(&ledger->chains[chain]);
    *ledger = (Ledger){0};
}

static uint64_t hash_triple(KgTriple triple)
{
    return base_mix(triple.s + base_mix(triple.p ^ base_mix(triple.o)));
}

static bool same_triple(KgTriple a, KgTriple b)
{
    return a.s == b.s && a.p == b.p && a.o == b.o;
}

#define FILTER_BITS (UINT64_C(1) << 21)

static bool set_filter(Ledger *ledger, const Known *fact)
{
    uint64_t **const filter = &ledger->filters[fact->is_asserted ? 0 : 1];
    if (!*filter)
        *filter = calloc(FILTER_BITS / 64, sizeof **filter);
    if (!*filter)
        return false;
    const uint64_t bit = hash_triple(fact->triple) >> 32 & (FILTER_BITS - 1);
    (*filter)[bit / 64] |= UINT64_C(1) << bit % 64;
    return true;
}

static Known *find(const Ledger *ledger, KgTriple triple, uint64_t hash)
{
    if (ledger->slot_count == 0)
        return NULL;
    for (size_t at = hash & (ledger->slot_count - 1);; at = (at + 1) & (ledger->slot_count - 1)) {
        if (ledger->slots[at] == 0)
            return NULL;
        Known *const fact = &ledger->facts.items[ledger->slots[at] - 1];
        if (same_triple(fact->triple, triple))
            return fact;
    }
}

static bool is_in(const uint64_t *filter, uint64_t hash)
{
    const uint64_t bit = hash >> 32 & (FILTER_BITS - 1);
    return filter && filter[bit / 64] >> bit % 64 & 1;
}

Known *reasoner_ledger_find_stored(const Ledger *ledger, KgTriple triple, bool is_asserted)
{
    const uint64_t hash = hash_triple(triple);
    /* What is stored may be asserted by now. */
    if (is_in(ledger->filters[0], hash) || (!is_asserted && is_in(ledger->filters[1], hash)))
        return find(ledger, triple, hash);
    return NULL;
}

Known *reasoner_ledger_find(const Ledger *ledger, KgTriple triple)
{
    return reasoner_ledger_find_stored(ledger, triple, false);
}

static void put_slot(Ledger *ledger, uint32_t fact)
{
    size_t at = hash_triple(ledger->facts.items[fact].triple) & (ledger->slot_count - 1);
    while (ledger->slots[at] != 0)
        at = (at + 1) & (ledger->slot_count - 1);
    ledger->slots[at] = fact + 1;
}

static bool grow(Ledger *ledger)
{
    const size_t count = ledger->slot_count ? 2 * ledger->slot_count : 1024;
    uint32_t *const slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    free(ledger->slots);
    ledger->slots = slots;
    ledger->slot_count = count;
    for (uint32_t fact = 0; fact < ledger->facts.count; fact++)
        put_slot(ledger, fact);
    return true;
}

uint32_t reasoner_ledger_add(Ledger *ledger, const Known *fact)
{
    if (2 * (ledger->facts.count + 1) > ledger->slot_count && !grow(ledger))
        return NOWHERE;
    if (ledger->facts.count >= NOWHERE - 1 || !set_filter(ledger, fact) || !BASE_PUSH(&ledger->facts, *fact))
        return NOWHERE;
    put_slot(ledger, (uint32_t)ledger->facts.count - 1);
    return (uint32_t)ledger->facts.count - 1;
}

static uint64_t chain_key(int chain, KgTriple triple)
{
    const uint64_t keys[CHAINS] = {[CHAIN_SUBJECT] = triple.s,
                                   [CHAIN_OBJECT] = triple.o,
                                   [CHAIN_PREDICATE] = triple.p,
                                   [CHAIN_PAIR] = base_mix(triple.p) + triple.o};
    return base_mix(keys[chain]) >> 1; /* never BASE_NO_KEY */
}

bool reasoner_ledger_chain(Ledger *ledger, uint32_t fact)
{
    Known *const known = &ledger->facts.items[fact];
    for (int chain = 0; chain < CHAINS; chain++) {
        bool is_new;
        uint64_t *const newest =
            base_map_put(&ledger->chains[chain], chain_key(chain, known->triple), NOWHERE, &is_new);
        if (!newest)
            return false;
        known->older[chain] = (uint32_t)*newest;
        *newest = fact;
    }
    return BASE_PUSH(&ledger->elsewhere, fact);
}

LedgerCursor reasoner_ledger_match(const Ledger *ledger, KgTriple pattern)
{
    const bool s = pattern.s != KG_ANY, p = pattern.p != KG_ANY, o = pattern.o != KG_ANY;
    const int chain = s ? CHAIN_SUBJECT : p && o ? CHAIN_PAIR : o ? CHAIN_OBJECT : p ? CHAIN_PREDICATE : CHAINS;
    if (chain == CHAINS)
        return (LedgerCursor){CHAINS, 0};
    const uint64_t *const newest = base_map_get(&ledger->chains[chain], chain_key(chain, pattern));
    return (LedgerCursor){chain, newest ? (uint32_t)*newest : NOWHERE};
}

static bool fits(KgTriple triple, KgTriple pattern)
{
    return (pattern.s == KG_ANY || pattern.s == triple.s) && (pattern.p == KG_ANY || pattern.p == triple.p) &&
           (pattern.o == KG_ANY || pattern.o == triple.o);
}

const Known *reasoner_ledger_next(const Ledger *ledger, LedgerCursor *cursor, KgTriple pattern)
{
    if (cursor->chain == CHAINS)
        return cursor->next < ledger->elsewhere.count ? &ledger->facts.items[ledger->elsewhere.items[cursor->next++]]
                                                      : NULL;
    while (cursor->next != NOWHERE) {
        const Known *const fact = &ledger->facts.items[cursor->next];
        cursor->next = fact->older[cursor->chain];
        if (fits(fact->triple, pattern))
            return fact;
    }
    return NULL;
}
