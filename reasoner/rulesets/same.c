/* Classes of owl:sameAs by union-find (Tarjan 1975), over asserted triples of owl:sameAs and over what asserted triples
 * of functional and inverse-functional properties make the same. In a large class facts need not go from each member to
 * each other: the rules of owl.c take them to a representative and from there to all, so that each comes twice, and not
 * as often as there are members. Which terms are represented is only a hint to the rules, whose premises are the
 * triples of owl:sameAs all the same; classes that show later are done pair by pair. */
#include "reasoner/rulesets/same.h"

enum { SCANNED = 1024 /* triples at a time */ };

typedef struct Classes {
    RulesetBuilder *builder;
    BaseMap numbers; /* KgId to number */
    struct {
        KgId *items;
        size_t count, capacity;
    } ids;
    struct {
        uint32_t *items; /* by number: another of the class; a root has itself */
        size_t count, capacity;
    } parents;
    BaseError *err;
} Classes;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for classes of owl:sameAs");
}

/* ---- Union and find ------------------------------------------------------------------------------------------ */

static bool number_of(Classes *classes, KgId id, uint32_t *out)
{
    bool is_new;
    const uint64_t *const found = base_map_put(&classes->numbers, id, classes->ids.count, &is_new);
    if (!found)
        return false;
    *out = (uint32_t)*found;
    return !is_new || (BASE_PUSH(&classes->ids, id) && BASE_PUSH(&classes->parents, *out));
}

static uint32_t find_root(Classes *classes, uint32_t number)
{
    uint32_t *const parents = classes->parents.items;
    for (; parents[number] != number; number = parents[number])
        parents[number] = parents[parents[number]];
    return number;
}

/* The smaller root stays, so that representatives do not depend on the order of unions. */
static BaseStatus unite(Classes *classes, KgId a, KgId b)
{
    uint32_t x, y;
    if (a == b || kg_kind(a) == KG_LITERAL || kg_kind(b) == KG_LITERAL)
        return BASE_OK;
    if (!number_of(classes, a, &x) || !number_of(classes, b, &y))
        return no_memory(classes->err);
    x = find_root(classes, x);
    y = find_root(classes, y);
    classes->parents.items[x < y ? y : x] = x < y ? x : y;
    return BASE_OK;
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

typedef enum Reading { SAME_TRIPLES, SAME_SUBJECT, SAME_OBJECT } Reading;

/* Unites the ends of each triple; or objects of one subject, or subjects of one object, which follow each other. */
static BaseStatus read_property(Classes *classes, uint32_t property, Reading reading)
{
    KgTxn *const txn = classes->builder->txn;
    KgScan *scan = NULL;
    KgTriple triples[SCANNED], last = {0};
    KgId p;
    size_t count;
    BaseStatus status = kg_find(txn, &classes->builder->terms->constants.items[property], &p, classes->err);
    if (status == BASE_NOT_FOUND)
        return BASE_OK;
    if (status == BASE_OK)
        status = kg_scan_open(txn, KG_IN(KG_ASSERTED), (KgTriple){.p = p},
                              reading == SAME_OBJECT ? KG_ORDER_POS : KG_ORDER_PSO, &scan, classes->err);
    while (status == BASE_OK && (status = kg_scan_many(scan, triples, SCANNED, &count, classes->err)) == BASE_OK)
        for (size_t i = 0; i < count && status == BASE_OK; i++) {
            const KgTriple one = triples[i];
            if (reading == SAME_TRIPLES)
                status = unite(classes, one.s, one.o);
            else if (reading == SAME_SUBJECT && one.s == last.s)
                status = unite(classes, one.o, last.o);
            else if (reading == SAME_OBJECT && one.o == last.o)
                status = unite(classes, one.s, last.s);
            last = one;
        }
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus read_all(Classes *classes)
{
    const Axioms types = ruleset_axioms(classes->builder, V_TYPE);
    BaseStatus status = read_property(classes, V_SAME_AS, SAME_TRIPLES);
    for (size_t i = 0; i < types.count && status == BASE_OK; i++) {
        if (types.items[i].o == V_FUNCTIONAL)
            status = read_property(classes, types.items[i].s, SAME_SUBJECT);
        else if (types.items[i].o == V_INVERSE_FUNCTIONAL)
            status = read_property(classes, types.items[i].s, SAME_OBJECT);
    }
    return status;
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

static void warn(const RulesetBuilder *builder, uint32_t term, uint32_t size, const BaseSink *sink)
{
    BaseError warning = {0};
    BaseBuffer text = {0};
    char terms[BASE_GROUPED_BYTES], triples[BASE_GROUPED_BYTES];
    if (kg_format_term(&builder->terms->constants.items[term], KG_SYNTAX_NAME, &text))
        base_fail(&warning, BASE_BAD_INPUT, "%s and others, %s terms in all, are owl:sameAs each other: %s triples",
                  text.items, base_group_digits(size, terms), base_group_digits((uint64_t)size * size, triples));
    warning.is_warning = true;
    base_sink(sink, &warning);
    base_buffer_free(&text);
}

static BaseStatus add_facts(Classes *classes, const uint32_t *sizes, const BaseSink *sink)
{
    RulesetBuilder *const builder = classes->builder;
    BaseStatus status = BASE_OK;
    for (uint32_t i = 0; i < classes->ids.count && status == BASE_OK; i++) {
        const uint32_t root = find_root(classes, i);
        uint32_t member, representative;
        if (sizes[root] <= SAME_APART)
            continue;
        status = ruleset_term_of(builder, classes->ids.items[i], &member, classes->err);
        if (status == BASE_OK)
            status = ruleset_term_of(builder, classes->ids.items[root], &representative, classes->err);
        if (status != BASE_OK)
            break;
        builder->has_represented = true;
        ruleset_rule(builder, "representative", "<kgq:represented>(%t, %t, %t)", member, representative,
                     representative);
        if (i == root && sizes[root] > SAME_HUGE)
            warn(builder, representative, sizes[root], sink);
    }
    return status;
}

BaseStatus ruleset_add_represented(RulesetBuilder *builder, const BaseSink *sink, BaseError *err)
{
    Classes classes = {.builder = builder, .err = err};
    uint32_t *sizes = NULL;
    BaseStatus status = read_all(&classes);
    if (status == BASE_OK) {
        sizes = calloc(classes.ids.count + 1, sizeof *sizes);
        status = sizes ? BASE_OK : no_memory(err);
    }
    for (uint32_t i = 0; status == BASE_OK && i < classes.ids.count; i++)
        sizes[find_root(&classes, i)]++;
    if (status == BASE_OK)
        status = add_facts(&classes, sizes, sink);
    free(sizes);
    free(classes.ids.items);
    free(classes.parents.items);
    base_map_free(&classes.numbers);
    return status;
}
