/* A graph as rows. An entity's row is the place of its id among the sorted ids of all entities that occur, so that a
 * model file needs the list of ids and nothing else, and terms added to the database later do not move any row. */
#include "embed/facts.h"

#include <stdlib.h>
#include <string.h>

void embed_rows_free(EmbedRows *rows)
{
    free(rows->entities);
    free(rows->relations);
    *rows = (EmbedRows){0};
}

static uint32_t find_row(const KgId *ids, uint32_t count, KgId id)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ids[low] == id ? low : EMBED_NO_ROW;
}

uint32_t embed_entity_row(const EmbedRows *rows, KgId id)
{
    return find_row(rows->entities, rows->entity_count, id);
}

uint32_t embed_relation_row(const EmbedRows *rows, KgId id)
{
    return find_row(rows->relations, rows->relation_count, id);
}

EmbedFact embed_fact(const EmbedRows *rows, KgTriple triple)
{
    return (EmbedFact){.h = embed_entity_row(rows, triple.s),
                       .r = embed_relation_row(rows, triple.p),
                       .t = embed_entity_row(rows, triple.o)};
}

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

typedef struct Triples {
    KgTriple *items;
    size_t count, capacity;
} Triples;

static BaseStatus scan_pattern(KgTxn *txn, KgTriple pattern, Triples *out, BaseJob *job, BaseError *err)
{
    KgScan *scan = NULL;
    BaseStatus status = kg_scan_open(txn, KG_IN(KG_ASSERTED), pattern, KG_ORDER_BEST, &scan, err);
    KgTriple triple;
    uint64_t seen = 0;
    while (status == BASE_OK && (status = kg_scan_next(scan, &triple, err)) == BASE_OK) {
        if (++seen % 65536 == 0) {
            if (base_job_cancelled(job)) {
                status = base_fail(err, BASE_CANCELLED, "cancelled while reading the graph");
                break;
            }
            base_job_step(job, "reading the graph", "triples", seen, 0, NULL);
        }
        if (kg_kind(triple.o) == KG_LITERAL || kg_kind(triple.s) == KG_LITERAL)
            continue;
        if (!BASE_PUSH(out, triple))
            status = base_fail(err, BASE_NO_MEMORY, "no memory for %zu triples", out->count);
    }
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus scan_triples(KgTxn *txn, const KgId *relations, size_t relation_count, Triples *out, BaseJob *job,
                               BaseError *err)
{
    if (relation_count == 0)
        return scan_pattern(txn, (KgTriple){0}, out, job, err);
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < relation_count && status == BASE_OK; i++)
        status = scan_pattern(txn, (KgTriple){.p = relations[i]}, out, job, err);
    return status;
}

static int compare_ids(const void *a, const void *b)
{
    const KgId x = *(const KgId *)a, y = *(const KgId *)b;
    return (x > y) - (x < y);
}

static size_t sort_unique(KgId *ids, size_t count)
{
    qsort(ids, count, sizeof *ids, compare_ids);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    return kept;
}

static BaseStatus make_rows(const Triples *triples, EmbedRows *rows, BaseError *err)
{
    rows->entities = calloc(triples->count * 2 + 1, sizeof *rows->entities);
    rows->relations = calloc(triples->count + 1, sizeof *rows->relations);
    if (!rows->entities || !rows->relations)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the rows of %zu triples", triples->count);
    for (size_t i = 0; i < triples->count; i++) {
        rows->entities[2 * i] = triples->items[i].s;
        rows->entities[2 * i + 1] = triples->items[i].o;
        rows->relations[i] = triples->items[i].p;
    }
    const size_t entity_count = sort_unique(rows->entities, triples->count * 2);
    const size_t relation_count = sort_unique(rows->relations, triples->count);
    if (entity_count > INT32_MAX / 2 || relation_count > INT32_MAX / 4)
        return base_fail(err, BASE_BAD_INPUT, "too many entities to train on: %zu, at most %d", entity_count,
                         INT32_MAX / 2);
    rows->entity_count = (uint32_t)entity_count;
    rows->relation_count = (uint32_t)relation_count;
    return BASE_OK;
}

BaseStatus embed_facts_add(EmbedFacts *facts, const EmbedRows *rows, const KgTriple *triples, size_t count,
                           BaseError *err)
{
    if (!BASE_RESERVE(facts, facts->count + count))
        return base_fail(err, BASE_NO_MEMORY, "no memory for %zu triples", count);
    for (size_t i = 0; i < count; i++)
        facts->items[facts->count++] = embed_fact(rows, triples[i]);
    return BASE_OK;
}

BaseStatus embed_load_facts(KgTxn *txn, const KgId *relations, size_t relation_count, EmbedRows *rows,
                            EmbedFacts *facts, BaseJob *job, BaseError *err)
{
    Triples triples = {0};
    BaseStatus status = scan_triples(txn, relations, relation_count, &triples, job, err);
    if (status == BASE_OK)
        status = make_rows(&triples, rows, err);
    if (status == BASE_OK)
        status = embed_facts_add(facts, rows, triples.items, triples.count, err);
    free(triples.items);
    return status;
}

static bool is_whole(EmbedFact fact)
{
    return fact.h != EMBED_NO_ROW && fact.r != EMBED_NO_ROW && fact.t != EMBED_NO_ROW;
}

BaseStatus embed_load_known(KgTxn *txn, const EmbedRows *rows, EmbedFacts *facts, BaseError *err)
{
    Triples triples = {0};
    BaseStatus status = scan_triples(txn, rows->relations, rows->relation_count, &triples, NULL, err);
    if (status == BASE_OK)
        status = embed_facts_add(facts, rows, triples.items, triples.count, err);
    free(triples.items);
    if (status != BASE_OK)
        return status;
    size_t kept = 0;
    for (size_t i = 0; i < facts->count; i++)
        if (is_whole(facts->items[i]))
            facts->items[kept++] = facts->items[i];
    facts->count = kept;
    return BASE_OK;
}

/* ---- What is known ----------------------------------------------------------------------------------------------- */

static int compare_three(uint32_t a, uint32_t b, uint32_t c, uint32_t x, uint32_t y, uint32_t z)
{
    if (a != x)
        return a < x ? -1 : 1;
    if (b != y)
        return b < y ? -1 : 1;
    return (c > z) - (c < z);
}

static int compare_by_head(const void *a, const void *b)
{
    const EmbedFact *const x = a, *const y = b;
    return compare_three(x->r, x->h, x->t, y->r, y->h, y->t);
}

static int compare_by_tail(const void *a, const void *b)
{
    const EmbedFact *const x = a, *const y = b;
    return compare_three(x->r, x->t, x->h, y->r, y->t, y->h);
}

BaseStatus embed_known_new(const EmbedFacts *facts, EmbedKnown *out, BaseError *err)
{
    *out = (EmbedKnown){.by_head = calloc(facts->count + 1, sizeof *out->by_head),
                        .by_tail = calloc(facts->count + 1, sizeof *out->by_tail)};
    if (!out->by_head || !out->by_tail) {
        embed_known_free(out);
        return base_fail(err, BASE_NO_MEMORY, "no memory for %zu known triples", facts->count);
    }
    for (size_t i = 0; i < facts->count; i++)
        if (is_whole(facts->items[i]))
            out->by_head[out->count++] = facts->items[i];
    qsort(out->by_head, out->count, sizeof *out->by_head, compare_by_head);
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++)
        if (kept == 0 || compare_by_head(&out->by_head[kept - 1], &out->by_head[i]) != 0)
            out->by_head[kept++] = out->by_head[i];
    out->count = kept;
    memcpy(out->by_tail, out->by_head, kept * sizeof *out->by_tail);
    qsort(out->by_tail, kept, sizeof *out->by_tail, compare_by_tail);
    return BASE_OK;
}

void embed_known_free(EmbedKnown *known)
{
    free(known->by_head);
    free(known->by_tail);
    *known = (EmbedKnown){0};
}

/* The first fact whose (r, x) is not below the given pair. */
static size_t lower_bound(const EmbedFact *facts, size_t count, bool of_tail, uint32_t x, uint32_t r)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const EmbedFact *const fact = &facts[middle];
        if (compare_three(fact->r, of_tail ? fact->t : fact->h, 0, r, x, 0) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const EmbedFact *embed_known_answers(const EmbedKnown *known, bool of_tail, uint32_t x, uint32_t r, size_t *count)
{
    const EmbedFact *const facts = of_tail ? known->by_tail : known->by_head;
    const size_t first = lower_bound(facts, known->count, of_tail, x, r);
    /* Row numbers end well below UINT32_MAX, so x + 1 does not wrap. */
    *count = lower_bound(facts, known->count, of_tail, x + 1, r) - first;
    return facts + first;
}

const EmbedFact *embed_known_of_relation(const EmbedKnown *known, uint32_t r, size_t *count)
{
    const size_t first = lower_bound(known->by_head, known->count, false, 0, r);
    *count = lower_bound(known->by_head, known->count, false, 0, r + 1) - first;
    return known->by_head + first;
}

bool embed_known_holds(const EmbedKnown *known, EmbedFact fact)
{
    return known->count > 0 &&
           bsearch(&fact, known->by_head, known->count, sizeof *known->by_head, compare_by_head) != NULL;
}
