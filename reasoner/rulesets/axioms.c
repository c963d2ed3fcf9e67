/* What of a database makes rules: the asserted triples of the properties and classes that the standards give a meaning,
 * and which predicates have facts at all. Only the default graph counts, as for all rules. */
#include "reasoner/rulesets/rulesets.h"

#include <stdlib.h>
#include <string.h>

enum { SCANNED = 1024 /* triples at a time */ };

typedef struct VocabularyEntry {
    const char *iri;
    unsigned kind;
} VocabularyEntry;

#define ENTRY_RDF RDF_NS
#define ENTRY_RDFS RDFS_NS
#define ENTRY_OWL OWL_NS
#define ENTRY_XSD XSD
#define ENTRY(name, prefix, local, kind) {ENTRY_##prefix local, kind},
static const VocabularyEntry vocabulary[VOCABULARY_COUNT] = {VOCABULARY(ENTRY)};

bool ruleset_begin(RulesetBuilder *builder)
{
    builder->terms = reasoner_program_new(false);
    for (uint32_t v = 0; builder->terms && v < VOCABULARY_COUNT; v++) {
        const KgTerm term = {.kind = KG_IRI, .text = {vocabulary[v].iri, strlen(vocabulary[v].iri)}};
        if (ruleset_term(builder, &term) != v)
            return false;
    }
    return builder->terms && !builder->no_memory;
}

const char *ruleset_vocabulary_iri(uint32_t term)
{
    return vocabulary[term].iri;
}

bool ruleset_is_datatype(uint32_t term)
{
    return term < VOCABULARY_COUNT && (vocabulary[term].kind & KIND_DATATYPE);
}

static unsigned kind_of(const RulesetBuilder *builder)
{
    return builder->kind == REASONER_OWL2_RL ? KIND_OWL : KIND_RDFS;
}

bool ruleset_makes_rules(const RulesetBuilder *builder, uint32_t p, uint32_t o)
{
    const uint32_t term = p == V_TYPE ? o : p;
    return term < VOCABULARY_COUNT && !(vocabulary[term].kind & KIND_DATATYPE) &&
           (vocabulary[term].kind & kind_of(builder)) && (p == V_TYPE) == ((vocabulary[term].kind & KIND_CLASS) != 0);
}

bool ruleset_is_part(uint32_t p, uint32_t o)
{
    const uint32_t term = p == V_TYPE ? o : p;
    return term < VOCABULARY_COUNT && (vocabulary[term].kind & KIND_PART);
}

/* ---- The set of axioms --------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const Axiom *const x = a, *const y = b;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    if (x->s != y->s)
        return x->s < y->s ? -1 : 1;
    return x->o < y->o ? -1 : x->o > y->o;
}

bool ruleset_add_axiom(RulesetBuilder *builder, uint32_t s, uint32_t p, uint32_t o)
{
    const bool is_fine = BASE_PUSH(&builder->axioms, (Axiom){p, s, o});
    builder->no_memory |= !is_fine;
    return is_fine;
}

void ruleset_sort_axioms(RulesetBuilder *builder)
{
    size_t kept = 0;
    Axiom *const items = builder->axioms.items;
    if (builder->axioms.count > 0)
        qsort(items, builder->axioms.count, sizeof *items, compare);
    for (size_t i = 0; i < builder->axioms.count; i++)
        if (kept == 0 || compare(&items[kept - 1], &items[i]) != 0)
            items[kept++] = items[i];
    builder->axioms.count = builder->sorted_axioms = kept;
}

/* The first axiom that is not before (p, s, o). */
static size_t lower_bound(const RulesetBuilder *builder, Axiom axiom)
{
    size_t low = 0, high = builder->sorted_axioms;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(&builder->axioms.items[middle], &axiom) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static Axioms between(const RulesetBuilder *builder, Axiom from, Axiom to)
{
    const size_t first = lower_bound(builder, from), end = lower_bound(builder, to);
    return (Axioms){builder->axioms.items ? builder->axioms.items + first : NULL, end - first};
}

Axioms ruleset_axioms(const RulesetBuilder *builder, uint32_t p)
{
    return between(builder, (Axiom){p, 0, 0}, (Axiom){p + 1, 0, 0});
}

Axioms ruleset_axioms_of(const RulesetBuilder *builder, uint32_t p, uint32_t s)
{
    return between(builder, (Axiom){p, s, 0}, (Axiom){p, s + 1, 0});
}

bool ruleset_has_axiom(const RulesetBuilder *builder, uint32_t s, uint32_t p, uint32_t o)
{
    const Axiom axiom = {p, s, o};
    const size_t at = lower_bound(builder, axiom);
    return at < builder->sorted_axioms && compare(&builder->axioms.items[at], &axiom) == 0;
}

bool ruleset_is_mentioned(const RulesetBuilder *builder, uint32_t term)
{
    for (size_t i = 0; i < builder->axioms.count; i++)
        if (builder->axioms.items[i].s == term || builder->axioms.items[i].o == term)
            return true;
    return false;
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

/* Adds the asserted triples that match as axioms; `is_wanted` (NULL: all) says of each by its ids. */
static BaseStatus read_pattern(RulesetBuilder *builder, KgTriple pattern, uint32_t p,
                               bool (*is_wanted)(const RulesetBuilder *builder, KgTriple triple), BaseError *err)
{
    KgScan *scan = NULL;
    KgTriple triples[SCANNED];
    size_t count;
    BaseStatus status = kg_scan_open(builder->txn, KG_IN(KG_ASSERTED), pattern, KG_ORDER_BEST, &scan, err);
    while (status == BASE_OK && (status = kg_scan_many(scan, triples, SCANNED, &count, err)) == BASE_OK)
        for (size_t i = 0; i < count && status == BASE_OK; i++) {
            uint32_t s, o;
            if (is_wanted && !is_wanted(builder, triples[i]))
                continue;
            status = ruleset_term_of(builder, triples[i].s, &s, err);
            if (status == BASE_OK)
                status = ruleset_term_of(builder, triples[i].o, &o, err);
            if (status == BASE_OK && !ruleset_add_axiom(builder, s, p, o))
                status = base_fail(err, BASE_NO_MEMORY, "no memory for the axioms");
        }
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus find_term(RulesetBuilder *builder, uint32_t term, KgId *out, BaseError *err)
{
    *out = KG_ANY;
    const BaseStatus status = kg_find(builder->txn, &builder->terms->constants.items[term], out, err);
    return status == BASE_NOT_FOUND ? BASE_OK : status;
}

/* owl:sameAs makes rules between properties and between classes only. */
static bool is_same_predicate(const RulesetBuilder *builder, KgTriple triple)
{
    return triple.s != triple.o &&
           (base_map_get(&builder->ids, triple.s) != NULL || base_map_get(&builder->ids, triple.o) != NULL);
}

BaseStatus ruleset_read_axioms(RulesetBuilder *builder, BaseError *err)
{
    KgId type, id;
    BaseStatus status = find_term(builder, V_TYPE, &type, err);
    for (uint32_t v = 0; v < VOCABULARY_COUNT && status == BASE_OK; v++) {
        const bool is_class = vocabulary[v].kind & KIND_CLASS;
        if (!(vocabulary[v].kind & kind_of(builder)) || (vocabulary[v].kind & KIND_DATATYPE))
            continue;
        status = find_term(builder, v, &id, err);
        if (status != BASE_OK || id == KG_ANY || (is_class && type == KG_ANY))
            continue;
        const KgTriple pattern = is_class ? (KgTriple){.p = type, .o = id} : (KgTriple){.p = id};
        status = read_pattern(builder, pattern, is_class ? V_TYPE : v, NULL, err);
    }
    if (status == BASE_OK && builder->kind == REASONER_OWL2_RL)
        status = find_term(builder, V_SAME_AS, &id, err);
    if (status == BASE_OK && builder->kind == REASONER_OWL2_RL && id != KG_ANY)
        status = read_pattern(builder, (KgTriple){.p = id}, V_SAME_AS, is_same_predicate, err);
    return status;
}

static BaseStatus read_classes(RulesetBuilder *builder, KgId type, BaseError *err)
{
    KgScan *scan = NULL;
    KgTriple triples[SCANNED];
    size_t count;
    KgId last = KG_ANY;
    BaseStatus status = kg_scan_open(builder->txn, KG_IN(KG_ASSERTED), (KgTriple){.p = type}, KG_ORDER_POS, &scan, err);
    while (status == BASE_OK && (status = kg_scan_many(scan, triples, SCANNED, &count, err)) == BASE_OK)
        for (size_t i = 0; i < count && status == BASE_OK; i++) {
            uint32_t term;
            if (triples[i].o == last)
                continue;
            last = triples[i].o;
            status = ruleset_term_of(builder, last, &term, err);
            if (status == BASE_OK && ruleset_is_named(builder, term))
                ruleset_set_live(builder, class_key(term));
        }
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

/* Literals come behind all other terms in the order of objects, so the first tells of all. */
static BaseStatus read_objects(RulesetBuilder *builder, KgId predicate, uint32_t term, BaseError *err)
{
    KgScan *scan = NULL;
    KgTriple first;
    BaseStatus status =
        kg_scan_open(builder->txn, KG_IN(KG_ASSERTED), (KgTriple){.p = predicate}, KG_ORDER_POS, &scan, err);
    if (status == BASE_OK)
        status = kg_scan_next(scan, &first, err);
    if (status == BASE_OK && kg_kind(first.o) == KG_LITERAL)
        ruleset_note_objects(builder, term, OBJECTS_LITERAL);
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

BaseStatus ruleset_read_predicates(RulesetBuilder *builder, BaseError *err)
{
    KgPredicateCount *counts = NULL;
    size_t count = 0;
    BaseStatus status = kg_predicate_counts(builder->txn, &counts, &count, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        uint32_t term;
        if (counts[i].asserted == 0)
            continue;
        status = ruleset_term_of(builder, counts[i].predicate, &term, err);
        if (status != BASE_OK)
            continue;
        if (term == V_TYPE)
            status = read_classes(builder, counts[i].predicate, err);
        else
            ruleset_set_live(builder, property_key(term));
        if (status == BASE_OK && term != V_TYPE)
            status = read_objects(builder, counts[i].predicate, term, err);
        if (term == V_SAME_AS && builder->kind == REASONER_OWL2_RL)
            ruleset_set_live(builder, PROPER_SAME);
    }
    free(counts);
    return status;
}
