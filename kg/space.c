/* space.c - the numbers of named graphs, and counts of triples by graph, predicate and set of layers. */
#include "kg/space.h"

#include "kg/catalog.h"
#include "kg/delta.h"
#include "kg/statistics.h"
#include "kg/terms.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* ---- Graphs ---- */

#define GRAPH_NUMBERS (UINT32_MAX / KG_LAYERS) /* with their layers they fit into a space's number */

BaseStatus kg_graph_number(KgTxn *txn, KgId graph, bool make, uint32_t *out, BaseError *err)
{
    *out = 0;
    if (graph == KG_ANY)
        return BASE_OK;
    if (kg_kind(graph) == KG_LITERAL || !kg_is_known(txn, graph))
        return base_fail(err, BASE_BAD_CALL, "the name of a graph, id %llx, is no IRI or blank node of the database",
                         (unsigned long long)graph);
    MDB_val key = {sizeof graph, &graph}, value;
    int code = mdb_get(txn->mdb, txn->store->tables[KG_GRAPHS], &key, &value);
    if (code == MDB_SUCCESS && value.mv_size == sizeof *out) {
        memcpy(out, value.mv_data, sizeof *out);
        if (*out > 0 && *out < GRAPH_NUMBERS)
            return BASE_OK;
        code = MDB_CORRUPTED;
    }
    if (code != MDB_NOTFOUND)
        return kg_mdb_fail(txn->store, code == MDB_SUCCESS ? MDB_CORRUPTED : code, "read", err);
    if (!make)
        return BASE_NOT_FOUND;
    const BaseStatus status = kg_next_id(txn, "graph", out, err);
    if (status == BASE_OK && *out >= GRAPH_NUMBERS)
        return base_fail(err, BASE_BAD_CALL, "the database %s has no number left for another graph", txn->store->path);
    if (status != BASE_OK)
        return status;
    value = (MDB_val){sizeof *out, out};
    code = kg_mdb_put(txn, txn->store->tables[KG_GRAPHS], &key, &value, 0);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

BaseStatus kg_numbered_graphs(KgTxn *txn, bool with_empty, KgId **out, size_t *count, BaseError *err)
{
    struct {
        KgId *items;
        size_t count, capacity;
    } found = {0};
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    BaseStatus status = BASE_OK;
    *out = NULL;
    *count = 0;
    int code = mdb_cursor_open(txn->mdb, txn->store->tables[KG_GRAPHS], &cursor);
    while (status == BASE_OK && code == MDB_SUCCESS &&
           (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        KgCounts counts;
        KgId graph;
        uint32_t number;
        if (key.mv_size != sizeof graph || value.mv_size != sizeof number) {
            code = MDB_CORRUPTED;
            break;
        }
        memcpy(&graph, key.mv_data, sizeof graph);
        memcpy(&number, value.mv_data, sizeof number);
        status = kg_get_counts(txn, number, KG_ANY, &counts, err);
        const bool is_listed = with_empty || kg_union_count(&counts, KG_ALL_LAYERS) > 0;
        if (status == BASE_OK && is_listed && !BASE_PUSH(&found, graph))
            status = base_fail(err, BASE_NO_MEMORY, "no memory for the names of the graphs");
    }
    if (cursor)
        mdb_cursor_close(cursor);
    if (status == BASE_OK && code != MDB_NOTFOUND)
        status = kg_mdb_fail(txn->store, code, "read", err);
    if (status != BASE_OK) {
        free(found.items);
        return status;
    }
    *out = found.items;
    *count = found.count;
    return BASE_OK;
}

BaseStatus kg_graphs(KgTxn *txn, KgId **out, size_t *count, BaseError *err)
{
    return kg_numbered_graphs(txn, false, out, count, err);
}

/* ---- Counts ---- */

#define COUNT_KEY_BYTES 12

static void make_count_key(uint32_t graph, KgId predicate, unsigned char out[COUNT_KEY_BYTES])
{
    const uint32_t big_graph = htobe32(graph);
    const uint64_t big_predicate = htobe64(predicate);
    memcpy(out, &big_graph, sizeof big_graph);
    memcpy(out + sizeof big_graph, &big_predicate, sizeof big_predicate);
}

BaseStatus kg_stored_counts(KgTxn *txn, uint32_t graph, KgId predicate, KgCounts *out, BaseError *err)
{
    unsigned char bytes[COUNT_KEY_BYTES];
    make_count_key(graph, predicate, bytes);
    *out = (KgCounts){0};
    MDB_val key = {sizeof bytes, bytes}, value;
    const int code = mdb_get(txn->mdb, txn->store->tables[KG_COUNTS], &key, &value);
    if (code == MDB_NOTFOUND)
        return BASE_OK;
    if (code != MDB_SUCCESS || value.mv_size != sizeof *out)
        return kg_mdb_fail(txn->store, code == MDB_SUCCESS ? MDB_CORRUPTED : code, "read", err);
    memcpy(out, value.mv_data, sizeof *out);
    return BASE_OK;
}

static int put_counts(KgTxn *txn, uint32_t graph, KgId predicate, const KgCounts *counts)
{
    static const KgCounts none;
    unsigned char bytes[COUNT_KEY_BYTES];
    make_count_key(graph, predicate, bytes);
    MDB_val key = {sizeof bytes, bytes}, value = {sizeof *counts, (void *)counts};
    if (memcmp(counts, &none, sizeof none) != 0)
        return kg_mdb_put(txn, txn->store->tables[KG_COUNTS], &key, &value, 0);
    const int code = kg_mdb_del(txn, txn->store->tables[KG_COUNTS], &key);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

static void add_counts(KgCounts *to, const KgCounts *moved)
{
    for (unsigned in = 1; in < 1 << KG_LAYERS; in++)
        to->by_layers[in] += moved->by_layers[in];
}

BaseStatus kg_get_counts(KgTxn *txn, uint32_t graph, KgId predicate, KgCounts *out, BaseError *err)
{
    KgCounts moved;
    BaseStatus status = kg_stored_counts(txn, graph, predicate, out, err);
    if (status == BASE_OK)
        status = kg_delta_counts(txn, graph, predicate, &moved, err);
    if (status == BASE_OK)
        add_counts(out, &moved);
    return status;
}

BaseStatus kg_move_stored_counts(KgTxn *txn, uint32_t graph, KgId predicate, const KgCounts *moved, BaseError *err)
{
    KgCounts counts;
    const BaseStatus status = kg_stored_counts(txn, graph, predicate, &counts, err);
    if (status != BASE_OK)
        return status;
    add_counts(&counts, moved);
    const int code = put_counts(txn, graph, predicate, &counts);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

/* `moved[in]` triples of the predicate that were in exactly the layers `in` are now in `layer` as well, or, for
 * `leave`, are no longer in it. */
static BaseStatus move_counts(KgTxn *txn, uint32_t graph, KgId predicate, KgLayer layer, const KgCounts *moved,
                              bool leave, BaseError *err)
{
    KgCounts counts;
    const BaseStatus status = kg_stored_counts(txn, graph, predicate, &counts, err);
    if (status != BASE_OK) {
        txn->broken = true;
        return status;
    }
    for (unsigned in = 0; in < 1 << KG_LAYERS; in++) {
        const unsigned now = in ^ KG_IN(layer);
        if (!moved->by_layers[in] || ((in & KG_IN(layer)) != 0) != leave)
            continue;
        counts.by_layers[in] -= in ? moved->by_layers[in] : 0;
        counts.by_layers[now] += now ? moved->by_layers[in] : 0;
    }
    const int code = put_counts(txn, graph, predicate, &counts);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

bool kg_tally_add(KgTally *tally, KgId predicate, unsigned layers, uint64_t count)
{
    bool is_new;
    const uint64_t *const place = base_map_put(&tally->places, predicate, tally->moved.count, &is_new);
    if (!place || (is_new && !BASE_PUSH(&tally->moved, (KgCounts){0})))
        return false;
    tally->moved.items[*place].by_layers[layers] += count;
    tally->all.by_layers[layers] += count;
    return true;
}

BaseStatus kg_tally_apply(const KgTally *tally, KgTxn *txn, uint32_t graph, KgLayer layer, bool leave, BaseError *err)
{
    uint64_t count = 0;
    for (unsigned in = 0; in < 1 << KG_LAYERS; in++)
        count += tally->all.by_layers[in];
    kg_note_change(txn, graph, layer, count);
    BaseStatus status = move_counts(txn, graph, KG_ANY, layer, &tally->all, leave, err);
    for (size_t slot = 0; status == BASE_OK && slot < tally->places.capacity; slot++)
        if (tally->places.keys[slot] != BASE_NO_KEY)
            status = move_counts(txn, graph, tally->places.keys[slot], layer,
                                 &tally->moved.items[tally->places.values[slot]], leave, err);
    return status;
}

void kg_tally_free(KgTally *tally)
{
    base_map_free(&tally->places);
    free(tally->moved.items);
    *tally = (KgTally){0};
}

/* Puts the cursor at the graph's first row and on; MDB_NOTFOUND: no more of that graph. */
static int next_count(MDB_cursor *cursor, uint32_t graph, bool first, MDB_val *key, MDB_val *value)
{
    unsigned char bytes[COUNT_KEY_BYTES];
    make_count_key(graph, KG_ANY, bytes);
    *key = (MDB_val){sizeof bytes, bytes};
    const int code = mdb_cursor_get(cursor, key, value, first ? MDB_SET_RANGE : MDB_NEXT);
    if (code != MDB_SUCCESS)
        return code;
    if (key->mv_size != COUNT_KEY_BYTES || value->mv_size != sizeof(KgCounts))
        return MDB_CORRUPTED;
    return memcmp(key->mv_data, bytes, sizeof graph) == 0 ? MDB_SUCCESS : MDB_NOTFOUND;
}

typedef BaseStatus VisitCounts(void *context, KgId predicate, const KgCounts *counts, BaseError *err);

static bool is_none(const KgCounts *counts)
{
    static const KgCounts none;
    return memcmp(counts, &none, sizeof none) == 0;
}

/* The graph's part of what changes add. */
static void find_graph_counts(const KgDeltaCounts **all, size_t *count, uint32_t graph)
{
    while (*count && (*all)->graph < graph) {
        ++*all;
        --*count;
    }
    size_t own = 0;
    while (own < *count && (*all)[own].graph == graph)
        own++;
    *count = own;
}

/* Those that changes alone have, before predicate `until`. */
static BaseStatus visit_changed(const KgDeltaCounts **moved, size_t *left, KgId until, VisitCounts *visit,
                                void *context, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (; status == BASE_OK && *left && (*moved)->predicate < until; ++*moved, --*left)
        if (!is_none(&(*moved)->moved))
            status = visit(context, (*moved)->predicate, &(*moved)->moved, err);
    return status;
}

BaseStatus kg_each_count(KgTxn *txn, uint32_t graph, VisitCounts *visit, void *context, BaseError *err)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    const KgDeltaCounts *moved;
    size_t left;
    BaseStatus status = kg_delta_all_counts(txn, &moved, &left, err);
    if (status != BASE_OK)
        return status;
    find_graph_counts(&moved, &left, graph);
    int code = mdb_cursor_open(txn->mdb, txn->store->tables[KG_COUNTS], &cursor);
    for (bool first = true; status == BASE_OK && code == MDB_SUCCESS; first = false) {
        uint64_t big;
        KgCounts counts;
        code = next_count(cursor, graph, first, &key, &value);
        if (code != MDB_SUCCESS)
            break;
        memcpy(&big, (const char *)key.mv_data + sizeof graph, sizeof big);
        memcpy(&counts, value.mv_data, sizeof counts);
        const KgId predicate = be64toh(big);
        status = visit_changed(&moved, &left, predicate, visit, context, err);
        if (left && moved->predicate == predicate) {
            add_counts(&counts, &moved->moved);
            moved++;
            left--;
        }
        if (status == BASE_OK && !is_none(&counts))
            status = visit(context, predicate, &counts, err);
    }
    if (cursor)
        mdb_cursor_close(cursor);
    if (status != BASE_OK || code != MDB_NOTFOUND)
        return status != BASE_OK ? status : kg_mdb_fail(txn->store, code, "read", err);
    return visit_changed(&moved, &left, UINT64_MAX, visit, context, err);
}

/* Sums move from each set of layers with the layer to the one without. */
static bool leave_layer(KgCounts *counts, KgLayer layer)
{
    bool is_left = false;
    for (unsigned in = 1; in < 1 << KG_LAYERS; in++) {
        const unsigned without = in & ~KG_IN(layer);
        if (without != in) {
            counts->by_layers[without] += without ? counts->by_layers[in] : 0;
            counts->by_layers[in] = 0;
        }
    }
    for (unsigned in = 1; in < 1 << KG_LAYERS; in++)
        is_left = is_left || counts->by_layers[in];
    return is_left;
}

BaseStatus kg_clear_counts(KgTxn *txn, uint32_t graph, KgLayer layer, BaseError *err)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    kg_note_change(txn, graph, layer, UINT64_MAX);
    int code = mdb_cursor_open(txn->mdb, txn->store->tables[KG_COUNTS], &cursor);
    for (bool first = true; code == MDB_SUCCESS; first = false) {
        KgCounts counts;
        code = next_count(cursor, graph, first, &key, &value);
        if (code != MDB_SUCCESS)
            break;
        memcpy(&counts, value.mv_data, sizeof counts);
        const bool is_left = leave_layer(&counts, layer);
        MDB_val changed = {sizeof counts, &counts};
        code = is_left ? kg_mdb_cursor_put(txn, cursor, &key, &changed, MDB_CURRENT) : kg_mdb_cursor_del(txn, cursor);
    }
    if (cursor)
        mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? BASE_OK : kg_break(txn, code, err);
}

/* ---- Counts per predicate ---- */

typedef struct PredicateCounts {
    KgPredicateCount *items;
    size_t count, capacity;
} PredicateCounts;

static BaseStatus take_count(void *context, KgId predicate, const KgCounts *counts, BaseError *err)
{
    PredicateCounts *const found = context;
    const KgPredicateCount row = {.predicate = predicate,
                                  .asserted = kg_union_count(counts, KG_IN(KG_ASSERTED)),
                                  .inferred = kg_union_count(counts, KG_IN(KG_INFERRED)),
                                  .predicted = kg_union_count(counts, KG_IN(KG_PREDICTED)),
                                  .observed = kg_union_count(counts, KG_IN(KG_OBSERVED))};
    if (predicate == KG_ANY || BASE_PUSH(found, row))
        return BASE_OK;
    return base_fail(err, BASE_NO_MEMORY, "no memory for the counts of the predicates");
}

static int by_total_descending(const void *left, const void *right)
{
    const KgPredicateCount *const a = left, *const b = right;
    const uint64_t a_total = a->asserted + a->inferred + a->predicted + a->observed;
    const uint64_t b_total = b->asserted + b->inferred + b->predicted + b->observed;
    if (a_total != b_total)
        return a_total < b_total ? 1 : -1;
    return a->predicate < b->predicate ? -1 : a->predicate > b->predicate;
}

BaseStatus kg_predicate_counts(KgTxn *txn, KgPredicateCount **out, size_t *count, BaseError *err)
{
    PredicateCounts found = {0};
    *out = NULL;
    *count = 0;
    const BaseStatus status = kg_each_count(txn, 0, take_count, &found, err);
    if (status != BASE_OK) {
        free(found.items);
        return status;
    }
    if (found.count > 1)
        qsort(found.items, found.count, sizeof *found.items, by_total_descending);
    *out = found.items;
    *count = found.count;
    return BASE_OK;
}
