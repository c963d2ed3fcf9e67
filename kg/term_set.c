/* term_set.c - open addressing with linear probing over the low half of the terms' hashes; the bytes are compared on a
 * hit, as hashes can be made to collide. */
#include "kg/term_set.h"

#include <stdlib.h>
#include <string.h>

static size_t first_slot(const KgTermSet *set, BaseHash128 hash)
{
    return (size_t)hash.low & (set->table_size - 1);
}

static bool is_term(const KgTermSet *set, size_t place, BaseHash128 hash, KgText bytes)
{
    const KgSetTerm *const term = &set->terms.items[place];
    return term->hash.low == hash.low && term->hash.high == hash.high && term->length == bytes.length &&
           memcmp(set->bytes.items + term->offset, bytes.bytes, bytes.length) == 0;
}

/* The slot that holds the term, or the empty one where it belongs. */
static size_t find_slot(const KgTermSet *set, BaseHash128 hash, KgText bytes)
{
    size_t slot = first_slot(set, hash);
    while (set->table[slot] && !is_term(set, set->table[slot] - 1, hash, bytes))
        slot = (slot + 1) & (set->table_size - 1);
    return slot;
}

static bool grow(KgTermSet *set)
{
    const size_t size = set->table_size ? set->table_size * 2 : 256;
    uint32_t *const table = calloc(size, sizeof *table);
    if (!table)
        return false;
    free(set->table);
    set->table = table;
    set->table_size = size;
    for (size_t place = 0; place < set->terms.count; place++) {
        size_t slot = first_slot(set, set->terms.items[place].hash);
        while (table[slot])
            slot = (slot + 1) & (size - 1);
        table[slot] = (uint32_t)place + 1;
    }
    return true;
}

size_t kg_term_set_find(const KgTermSet *set, BaseHash128 hash, KgText bytes)
{
    if (set->terms.count == 0)
        return KG_NO_PLACE;
    const uint32_t found = set->table[find_slot(set, hash, bytes)];
    return found ? found - 1 : KG_NO_PLACE;
}

size_t kg_term_set_put(KgTermSet *set, BaseHash128 hash, KgText bytes, bool *is_new)
{
    *is_new = false;
    if (set->terms.count >= set->table_size / 4 * 3 && !grow(set))
        return KG_NO_PLACE;
    const size_t slot = find_slot(set, hash, bytes);
    if (set->table[slot])
        return set->table[slot] - 1;
    const KgSetTerm term = {hash, set->bytes.count, (uint32_t)bytes.length};
    if (set->terms.count >= UINT32_MAX - 1 || !base_buffer_add(&set->bytes, bytes.bytes, bytes.length) ||
        !BASE_PUSH(&set->terms, term))
        return KG_NO_PLACE;
    set->table[slot] = (uint32_t)set->terms.count;
    *is_new = true;
    return set->terms.count - 1;
}

void kg_term_set_fetch(const KgTermSet *set, BaseHash128 hash, int step)
{
    if (set->table_size == 0)
        return;
    const uint32_t *const slot = &set->table[first_slot(set, hash)];
    if (step == 0)
        __builtin_prefetch(slot);
    else if (*slot && step == 1)
        __builtin_prefetch(&set->terms.items[*slot - 1]);
    else if (*slot)
        __builtin_prefetch(set->bytes.items + set->terms.items[*slot - 1].offset);
}

void kg_term_set_clear(KgTermSet *set)
{
    set->bytes.count = set->terms.count = 0;
    if (set->table_size)
        memset(set->table, 0, set->table_size * sizeof *set->table);
}

void kg_term_set_free(KgTermSet *set)
{
    base_buffer_free(&set->bytes);
    free(set->terms.items);
    free(set->table);
    *set = (KgTermSet){0};
}
