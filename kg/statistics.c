/* statistics.c - counts for the planner of queries, over the facts of the default graph: triples, distinct subjects and
 * distinct objects per predicate, and characteristic sets (Neumann and Moerkotte, "Characteristic sets: Accurate
 * cardinality estimation for RDF queries with multiple joins", ICDE 2011).
 *
 * One pass over SPO and one over POS. A subject's predicates come in ascending order, so the sets met so far are kept
 * as a trie: a node is a sequence of predicates, and a subject is a walk down from the root. Neighbouring subjects are
 * mostly alike, so each node remembers the child that was taken last, and only a subject that turns off looks its next
 * node up in a map. */
#include "kg/statistics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BATCH 4096 /* triples of a scan at a time */
/* Bounds of what is remembered during the pass, and of what is kept of it. */
#define MOST_NODES ((size_t)1 << 20)
#define MOST_CELLS ((size_t)1 << 22)
#define MOST_ROWS 10000u
#define MOST_KEPT_CELLS 200000u

/* Changes since the last statistics that make new ones due: so many in all, or a share of the facts. */
#define SMALL_TRIPLES 100000u
#define DUE_SHARE 8u

#define ROOT 0u
#define NOWHERE UINT32_MAX /* the trie is full, and the subject is not in it */

typedef struct Node {
    KgId predicate;
    uint32_t row; /* of the predicate */
    uint32_t parent, depth;
    uint32_t latest; /* child taken last; ROOT: none yet */
    uint64_t subjects;
    uint64_t *triples; /* of the subjects that end here, per predicate from the first; NULL: none ends here */
} Node;

typedef struct Pass {
    KgTxn *txn;
    BaseArena *arena;
    BaseJob *job;
    KgTriple *batch;
    uint64_t done, total;
    BaseMap rows; /* predicate -> place in `predicates` */
    struct {
        KgPredicateStatistics *items;
        size_t count, capacity;
    } predicates;
    BaseMap children; /* node, row of the predicate -> node */
    struct {
        Node *items;
        size_t count, capacity;
    } nodes;
    size_t cells;
    uint64_t subjects, set_count, other_subjects, other_triples;
    /* the subject at hand */
    uint32_t node;
    uint64_t own_triples; /* before its current predicate */
    struct {
        uint64_t *items; /* its triples per predicate */
        size_t count, capacity;
    } runs;
} Pass;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for statistics");
}

static bool row_of(Pass *pass, KgId predicate, uint32_t *out)
{
    bool is_new;
    const uint64_t *const row = base_map_put(&pass->rows, predicate, pass->predicates.count, &is_new);
    if (!row || (is_new && !BASE_PUSH(&pass->predicates, (KgPredicateStatistics){.predicate = predicate})))
        return false;
    *out = (uint32_t)*row;
    return true;
}

/* ---- Sets, along SPO ---- */

/* The child of the current node for a predicate other than the one taken last. */
static bool turn_off(Pass *pass, KgId predicate, uint32_t row)
{
    const uint64_t key = (uint64_t)pass->node << 32 | row;
    const uint64_t *const known = base_map_get(&pass->children, key);
    if (known) {
        pass->nodes.items[pass->node].latest = (uint32_t)*known;
        pass->node = (uint32_t)*known;
        return true;
    }
    if (pass->nodes.count == MOST_NODES) {
        pass->node = NOWHERE;
        return true;
    }
    const uint32_t child = (uint32_t)pass->nodes.count, depth = pass->nodes.items[pass->node].depth + 1;
    if (!base_map_put(&pass->children, key, child, NULL) ||
        !BASE_PUSH(&pass->nodes, (Node){.predicate = predicate, .row = row, .parent = pass->node, .depth = depth}))
        return false;
    pass->nodes.items[pass->node].latest = child;
    pass->node = child;
    return true;
}

static bool begin_predicate(Pass *pass, KgId predicate)
{
    uint32_t row;
    if (pass->node != NOWHERE) {
        const uint32_t latest = pass->nodes.items[pass->node].latest;
        if (latest != ROOT && pass->nodes.items[latest].predicate == predicate) {
            pass->node = latest;
            pass->predicates.items[pass->nodes.items[latest].row].subjects++;
            return true;
        }
    }
    if (!row_of(pass, predicate, &row) || (pass->node != NOWHERE && !turn_off(pass, predicate, row)))
        return false;
    pass->predicates.items[row].subjects++;
    return true;
}

/* False: no memory. */
static bool end_subject(Pass *pass)
{
    Node *const node = pass->node != NOWHERE ? &pass->nodes.items[pass->node] : NULL;
    if (node && !node->triples && pass->cells + node->depth <= MOST_CELLS) {
        node->triples = base_arena_alloc(pass->arena, node->depth, sizeof *node->triples);
        if (!node->triples)
            return false;
        pass->cells += node->depth;
        pass->set_count++;
    }
    pass->subjects++;
    if (!node || !node->triples) {
        pass->other_subjects++;
        for (size_t i = 0; i < pass->runs.count; i++)
            pass->other_triples += pass->runs.items[i];
        return true;
    }
    node->subjects++;
    for (size_t i = 0; i < node->depth; i++)
        node->triples[i] += pass->runs.items[i];
    return true;
}

/* Triples in SPO order, continuing from `*last`. */
static bool take_sets(Pass *pass, size_t count, KgTriple *last)
{
    for (size_t i = 0; i < count; i++) {
        const KgTriple triple = pass->batch[i];
        if (triple.s == last->s && triple.p == last->p) {
            pass->runs.items[pass->runs.count - 1]++;
            continue;
        }
        if (triple.s != last->s) {
            if (last->s != KG_ANY && !end_subject(pass))
                return false;
            pass->node = ROOT;
            pass->runs.count = 0;
        }
        if (!begin_predicate(pass, triple.p) || !BASE_PUSH(&pass->runs, 1))
            return false;
        *last = triple;
    }
    return true;
}

/* ---- Objects, along POS ---- */

static bool take_objects(Pass *pass, size_t count, KgTriple *last)
{
    for (size_t i = 0; i < count;) {
        const KgId predicate = pass->batch[i].p;
        KgId object = predicate == last->p ? last->o : KG_ANY;
        uint64_t objects = 0;
        const size_t first = i;
        for (; i < count && pass->batch[i].p == predicate; i++) {
            objects += pass->batch[i].o != object;
            object = pass->batch[i].o;
        }
        uint32_t row;
        if (!row_of(pass, predicate, &row))
            return false;
        pass->predicates.items[row].triples += i - first;
        pass->predicates.items[row].objects += objects;
        *last = pass->batch[i - 1];
    }
    return true;
}

typedef bool Take(Pass *pass, size_t count, KgTriple *last);
static BaseStatus scan(Pass *pass, KgOrder order, Take *take, BaseError *err)
{
    KgScan *scan = NULL;
    KgTriple last = {0};
    size_t count = 0;
    BaseStatus status = kg_scan_open(pass->txn, KG_FACTS, (KgTriple){0}, order, &scan, err);
    while (status == BASE_OK && (status = kg_scan_many(scan, pass->batch, BATCH, &count, err)) == BASE_OK) {
        if (!take(pass, count, &last))
            status = no_memory(err);
        pass->done += count;
        base_job_step(pass->job, "taking statistics", "triples", pass->done, pass->total, NULL);
        if (status == BASE_OK && base_job_cancelled(pass->job))
            status = base_fail(err, BASE_CANCELLED, "cancelled while taking statistics");
    }
    kg_scan_close(scan);
    if (status == BASE_END && order == KG_ORDER_SPO && last.s != KG_ANY && !end_subject(pass))
        return no_memory(err);
    return status == BASE_END ? BASE_OK : status;
}

/* ---- What is kept ---- */

static int by_triples(const void *left, const void *right)
{
    const KgPredicateStatistics *const a = left, *const b = right;
    if (a->triples != b->triples)
        return a->triples < b->triples ? 1 : -1;
    return a->predicate < b->predicate ? -1 : a->predicate > b->predicate;
}

static BaseStatus keep_predicates(Pass *pass, KgStatistics *out, BaseError *err)
{
    const size_t count = pass->predicates.count;
    if (count > 1)
        qsort(pass->predicates.items, count, sizeof *pass->predicates.items, by_triples);
    out->predicate_count = count;
    out->row_count = count < MOST_ROWS ? count : MOST_ROWS;
    out->rows = base_arena_alloc(pass->arena, out->row_count + 1, sizeof *out->rows);
    if (!out->rows)
        return no_memory(err);
    if (count > 0)
        memcpy(out->rows, pass->predicates.items, out->row_count * sizeof *out->rows);
    return BASE_OK;
}

static int by_subjects(const void *left, const void *right, void *context)
{
    const Node *const nodes = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (nodes[a].subjects != nodes[b].subjects)
        return nodes[a].subjects < nodes[b].subjects ? 1 : -1;
    return a < b ? -1 : a > b; /* the one met first */
}

/* The set that ends at `node`, its predicates read on the way up. */
static bool keep_set(const Pass *pass, uint32_t node, KgCharacteristicSet *out)
{
    const Node *const end = &pass->nodes.items[node];
    KgId *const predicates = base_arena_alloc(pass->arena, end->depth, sizeof *predicates);
    for (uint32_t at = node, i = end->depth; predicates && i > 0; at = pass->nodes.items[at].parent)
        predicates[--i] = pass->nodes.items[at].predicate;
    *out = (KgCharacteristicSet){
        .subjects = end->subjects, .predicate_count = end->depth, .predicates = predicates, .triples = end->triples};
    return predicates != NULL;
}

static BaseStatus keep_sets(Pass *pass, KgCharacteristicSets *out, BaseError *err)
{
    const Node *const nodes = pass->nodes.items;
    uint32_t *const ends = malloc((pass->set_count + 1) * sizeof *ends);
    size_t count = 0, cells = 0;
    bool enough = ends != NULL;
    for (uint32_t i = 0; enough && i < pass->nodes.count; i++)
        if (nodes[i].triples)
            ends[count++] = i;
    if (count > 1)
        qsort_r(ends, count, sizeof *ends, by_subjects, pass->nodes.items);
    out->sets =
        enough ? base_arena_alloc(pass->arena, count < MOST_ROWS ? count + 1 : MOST_ROWS, sizeof *out->sets) : NULL;
    enough = out->sets != NULL;
    for (size_t i = 0; enough && i < count; i++) {
        const Node *const end = &nodes[ends[i]];
        cells += end->depth;
        if (i < MOST_ROWS && cells <= MOST_KEPT_CELLS) {
            enough = keep_set(pass, ends[i], &out->sets[out->count++]);
            continue;
        }
        pass->other_subjects += end->subjects;
        for (size_t place = 0; place < end->depth; place++)
            pass->other_triples += end->triples[place];
    }
    out->other_subjects = pass->other_subjects;
    out->other_triples = pass->other_triples;
    free(ends);
    return enough ? BASE_OK : no_memory(err);
}

BaseStatus kg_take_statistics(KgTxn *txn, BaseArena *arena, KgStatistics *out, KgCharacteristicSets *sets, BaseJob *job,
                              BaseError *err)
{
    *out = (KgStatistics){.is_current = true};
    *sets = (KgCharacteristicSets){.is_current = true};
    Pass pass = {.txn = txn, .arena = arena, .job = job, .batch = malloc(BATCH * sizeof *pass.batch)};
    BaseStatus status = pass.batch && BASE_PUSH(&pass.nodes, (Node){0}) ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = kg_count(txn, KG_FACTS, (KgTriple){0}, &out->triples, err);
    pass.total = 2 * out->triples;
    if (status == BASE_OK)
        status = scan(&pass, KG_ORDER_SPO, take_sets, err);
    if (status == BASE_OK)
        status = scan(&pass, KG_ORDER_POS, take_objects, err);
    if (status == BASE_OK)
        status = keep_predicates(&pass, out, err);
    if (status == BASE_OK)
        status = keep_sets(&pass, sets, err);
    out->subject_count = pass.subjects;
    out->set_count = pass.set_count;
    free(pass.batch);
    free(pass.predicates.items);
    free(pass.nodes.items);
    free(pass.runs.items);
    base_map_free(&pass.rows);
    base_map_free(&pass.children);
    return status;
}

/* ---- Stamps, and when new statistics are due ---- */

/* The latest first; 0 where there were fewer. */
typedef struct Stamps {
    uint64_t items[128];
} Stamps;

static BaseStatus read_stamps(KgTxn *txn, Stamps *out, BaseError *err)
{
    memset(out, 0, sizeof *out);
    MDB_val key = {strlen("facts"), (void *)"facts"}, value;
    int code = mdb_get(txn->mdb, txn->store->list, &key, &value);
    if (code == MDB_NOTFOUND)
        return BASE_OK;
    if (code == MDB_SUCCESS && value.mv_size != sizeof *out)
        code = MDB_CORRUPTED;
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(txn->store, code, "read", err);
    memcpy(out, value.mv_data, sizeof *out);
    return BASE_OK;
}

BaseStatus kg_facts_stamp(KgTxn *txn, uint64_t *out, BaseError *err)
{
    Stamps stamps;
    const BaseStatus status = read_stamps(txn, &stamps, err);
    *out = stamps.items[0];
    return status;
}

BaseStatus kg_had_stamp(KgTxn *txn, uint64_t stamp, bool *out, BaseError *err)
{
    Stamps stamps;
    const BaseStatus status = read_stamps(txn, &stamps, err);
    *out = false;
    for (size_t i = 0; stamp != 0 && i < sizeof stamps.items / sizeof *stamps.items; i++)
        *out = *out || stamps.items[i] == stamp;
    return status;
}

static BaseStatus write_stamp(KgTxn *txn, BaseError *err)
{
    Stamps stamps;
    if (!txn->facts_changed)
        return BASE_OK;
    const BaseStatus status = read_stamps(txn, &stamps, err);
    if (status != BASE_OK)
        return status;
    memmove(stamps.items + 1, stamps.items, sizeof stamps - sizeof *stamps.items);
    stamps.items[0] = 0;
    while (stamps.items[0] == 0)
        if (getrandom(stamps.items, sizeof *stamps.items, 0) != sizeof *stamps.items && errno != EINTR) {
            txn->broken = true;
            return base_fail_errno(err, "cannot draw a random number");
        }
    MDB_val key = {strlen("facts"), (void *)"facts"}, value = {sizeof stamps, &stamps};
    const int code = kg_mdb_put(txn, txn->store->list, &key, &value, 0);
    txn->facts_changed = code != MDB_SUCCESS;
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

static BaseStatus keep_statistics(KgTxn *txn, const KgStatistics *statistics, const KgCharacteristicSets *sets,
                                  BaseError *err)
{
    uint64_t stamp;
    BaseStatus status = write_stamp(txn, err);
    if (status == BASE_OK)
        status = kg_facts_stamp(txn, &stamp, err);
    if (status == BASE_OK)
        status = kg_put_number(txn, "statistics.triples", statistics->triples, err);
    if (status == BASE_OK)
        status = kg_put_statistics(txn, stamp, statistics, sets, err);
    txn->bulk_changed = txn->bulk_changed && status != BASE_OK;
    return status;
}

BaseStatus kg_refresh_statistics(KgTxn *txn, BaseJob *job, BaseError *err)
{
    BaseArena arena = {0};
    KgStatistics statistics;
    KgCharacteristicSets sets;
    BaseStatus status = kg_want_writer(txn, "kg_refresh_statistics", err);
    if (status == BASE_OK)
        status = kg_take_statistics(txn, &arena, &statistics, &sets, job, err);
    if (status == BASE_OK)
        status = keep_statistics(txn, &statistics, &sets, err);
    base_arena_free(&arena);
    return status;
}

static BaseStatus are_due(KgTxn *txn, bool *out, BaseError *err)
{
    uint64_t now = 0, then = 0;
    *out = false;
    if (!txn->bulk_changed)
        return BASE_OK;
    BaseStatus status = kg_count(txn, KG_FACTS, (KgTriple){0}, &now, err);
    if (status == BASE_OK)
        status = kg_get_number(txn, "statistics.triples", &then, err);
    *out = status == BASE_OK && (now < SMALL_TRIPLES || (now > then ? now - then : then - now) >= now / DUE_SHARE);
    return status;
}

BaseStatus kg_settle_facts(KgTxn *txn, BaseJob *job, BaseError *err)
{
    BaseArena arena = {0};
    KgStatistics statistics;
    KgCharacteristicSets sets;
    BaseError why = {0};
    bool due;
    BaseStatus status = are_due(txn, &due, err);
    if (status == BASE_OK && due) {
        status = kg_take_statistics(txn, &arena, &statistics, &sets, job, &why);
        if (status == BASE_OK)
            status = keep_statistics(txn, &statistics, &sets, err);
        else if (status == BASE_NO_MEMORY)
            status = BASE_OK; /* no reason to lose the facts: the statistics are of an earlier state, and say so */
        else if (err)
            *err = why;
    }
    base_arena_free(&arena);
    return status == BASE_OK ? write_stamp(txn, err) : status;
}

/* ---- Against a recount ---- */

static bool are_same_sets(const KgCharacteristicSets *a, const KgCharacteristicSets *b)
{
    if (a->count != b->count || a->other_subjects != b->other_subjects || a->other_triples != b->other_triples)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const KgCharacteristicSet *const left = &a->sets[i], *const right = &b->sets[i];
        const size_t count = left->predicate_count;
        if (left->subjects != right->subjects || count != right->predicate_count ||
            memcmp(left->predicates, right->predicates, count * sizeof *left->predicates) != 0 ||
            memcmp(left->triples, right->triples, count * sizeof *left->triples) != 0)
            return false;
    }
    return true;
}

static bool are_same(const KgStatistics *a, const KgStatistics *b)
{
    return a->triples == b->triples && a->subject_count == b->subject_count &&
           a->predicate_count == b->predicate_count && a->set_count == b->set_count && a->row_count == b->row_count &&
           memcmp(a->rows, b->rows, a->row_count * sizeof *a->rows) == 0;
}

static BaseStatus read_kept(KgTxn *txn, BaseArena *arena, KgStatistics *out, KgCharacteristicSets *sets,
                            bool *are_current, BaseError *err)
{
    BaseStatus status = kg_statistics(txn, arena, out, err);
    if (status == BASE_OK)
        status = kg_characteristic_sets(txn, arena, sets, err);
    *are_current = status == BASE_OK && out->is_current && sets->is_current;
    return status;
}

BaseStatus kg_verify_statistics(KgTxn *txn, bool *are_right, BaseJob *job, BaseError *err)
{
    BaseArena arena = {0};
    KgStatistics kept, found;
    KgCharacteristicSets kept_sets, found_sets;
    bool are_current;
    *are_right = true;
    BaseStatus status = read_kept(txn, &arena, &kept, &kept_sets, &are_current, err);
    if (status == BASE_OK && are_current)
        status = kg_take_statistics(txn, &arena, &found, &found_sets, job, err);
    if (status == BASE_OK && are_current)
        *are_right = are_same(&kept, &found) && are_same_sets(&kept_sets, &found_sets);
    /* A writer may have put others there between two readings; then the next one finds these not to be current. */
    if (!*are_right)
        status = read_kept(txn, &arena, &kept, &kept_sets, &are_current, err);
    if (!*are_right)
        *are_right = !are_current || (are_same(&kept, &found) && are_same_sets(&kept_sets, &found_sets));
    base_arena_free(&arena);
    return status;
}
