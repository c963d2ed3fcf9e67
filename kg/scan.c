/* scan.c - the matches of a pattern in a union of layers: one cursor per layer over the index in which the bound places
 * come first, merged, so that each triple comes once and in order. Where that index has the unbound places in another
 * order than asked for, its range is gathered and sorted. */
#include "kg/index.h"

#include <stdlib.h>

typedef struct Stream {
    MDB_cursor *cursor;
    const void *key; /* the next one, in the map; NULL: at the end */
    KgLayer layer;
} Stream;

/* A gathered match with the layers it is in. */
typedef struct Match {
    KgTriple triple;
    uint64_t layers;
} Match;

struct KgScan {
    KgStore *store;
    KgIndex index;
    KgKey prefix;
    size_t prefix_bytes;
    Stream streams[KG_LAYERS];
    int stream_count;
    unsigned layers; /* of the triple just returned */
    struct {
        Match *items;
        size_t count, capacity;
    } sorted;
    size_t next;
    bool is_sorted;
};

/* The index in which the bound places of the pattern come first. */
static KgIndex index_for(KgTriple pattern)
{
    const bool s = pattern.s != KG_ANY, p = pattern.p != KG_ANY, o = pattern.o != KG_ANY;
    if (p && !s)
        return KG_POS;
    if (o && !p)
        return KG_OSP;
    return KG_SPO;
}

/* The unbound places in the order that `index` gives them, packed into a number to compare. */
static int unbound_order(KgTriple pattern, KgIndex index)
{
    const KgId ids[] = {pattern.s, pattern.p, pattern.o};
    int places = 0;
    for (int i = 0; i < 3; i++)
        if (ids[kg_places[index][i]] == KG_ANY)
            places = places * 4 + kg_places[index][i] + 1;
    return places;
}

static void set_prefix(KgScan *scan, KgTriple pattern)
{
    scan->prefix = kg_key(pattern, scan->index);
    while (scan->prefix_bytes < KG_KEY_BYTES && scan->prefix.parts[scan->prefix_bytes / 8] != 0)
        scan->prefix_bytes += 8;
}

static int advance(const KgScan *scan, Stream *stream, MDB_cursor_op op)
{
    KgKey start = scan->prefix;
    MDB_val key = {sizeof start, &start}, value;
    stream->key = NULL;
    const int code = mdb_cursor_get(stream->cursor, &key, &value, op);
    if (code != MDB_SUCCESS)
        return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
    if (key.mv_size != KG_KEY_BYTES)
        return MDB_CORRUPTED;
    if (memcmp(key.mv_data, &scan->prefix, scan->prefix_bytes) == 0)
        stream->key = key.mv_data;
    return MDB_SUCCESS;
}

static BaseStatus open_streams(KgScan *scan, KgTxn *txn, unsigned layers, BaseError *err)
{
    for (int layer = 0; layer < KG_LAYERS; layer++) {
        if (!(layers & KG_IN(layer)))
            continue;
        const MDB_dbi table = kg_triple_table(txn->store, (KgLayer)layer, scan->index);
        MDB_stat stat;
        int code = mdb_stat(txn->mdb, table, &stat);
        if (code == MDB_SUCCESS && stat.ms_entries == 0)
            continue;
        Stream *const stream = &scan->streams[scan->stream_count];
        stream->layer = (KgLayer)layer;
        if (code == MDB_SUCCESS)
            code = mdb_cursor_open(txn->mdb, table, &stream->cursor);
        if (code == MDB_SUCCESS) {
            scan->stream_count++;
            code = advance(scan, stream, MDB_SET_RANGE);
        }
        if (code != MDB_SUCCESS)
            return kg_mdb_fail(txn->store, code, "read", err);
    }
    return BASE_OK;
}

/* Moves the streams that stand at the triple last returned. */
static BaseStatus advance_streams(KgScan *scan, BaseError *err)
{
    for (int i = 0; i < scan->stream_count; i++) {
        Stream *const stream = &scan->streams[i];
        if (!(scan->layers & KG_IN(stream->layer)))
            continue;
        const int code = advance(scan, stream, MDB_NEXT);
        if (code != MDB_SUCCESS)
            return kg_mdb_fail(scan->store, code, "read", err);
    }
    return BASE_OK;
}

static BaseStatus next_merged(KgScan *scan, KgTriple *out, BaseError *err)
{
    const BaseStatus status = advance_streams(scan, err);
    if (status != BASE_OK)
        return status;
    const void *least = NULL;
    unsigned layers = 0;
    for (int i = 0; i < scan->stream_count; i++) {
        const Stream *const stream = &scan->streams[i];
        if (!stream->key)
            continue;
        const int order = least ? memcmp(stream->key, least, KG_KEY_BYTES) : -1;
        if (order < 0) {
            least = stream->key;
            layers = 0;
        }
        if (order <= 0)
            layers |= KG_IN(stream->layer);
    }
    scan->layers = layers;
    if (!least)
        return BASE_END;
    *out = kg_key_triple(least, scan->index);
    return BASE_OK;
}

/* Only the unbound places differ; of the three orders' place lists the asked one compares them right. */
static int compare_matches(const void *left, const void *right, void *context)
{
    const KgTriple *const a = &((const Match *)left)->triple, *const b = &((const Match *)right)->triple;
    const KgId a_ids[] = {a->s, a->p, a->o}, b_ids[] = {b->s, b->p, b->o};
    const int *const places = context;
    for (int i = 0; i < 3; i++)
        if (a_ids[places[i]] != b_ids[places[i]])
            return a_ids[places[i]] < b_ids[places[i]] ? -1 : 1;
    return 0;
}

static BaseStatus gather(KgScan *scan, KgIndex order, BaseError *err)
{
    KgTriple triple;
    BaseStatus status;
    while ((status = next_merged(scan, &triple, err)) == BASE_OK)
        if (!BASE_PUSH(&scan->sorted, (Match){triple, scan->layers}))
            return base_fail(err, BASE_NO_MEMORY, "no memory to sort %zu triples", scan->sorted.count);
    if (status != BASE_END)
        return status;
    if (scan->sorted.count > 1)
        qsort_r(scan->sorted.items, scan->sorted.count, sizeof *scan->sorted.items, compare_matches,
                (void *)kg_places[order]);
    scan->is_sorted = true;
    return BASE_OK;
}

BaseStatus kg_scan_open(KgTxn *txn, unsigned layers, KgTriple pattern, KgOrder order, KgScan **out, BaseError *err)
{
    *out = NULL;
    if (!(layers & KG_ALL_LAYERS) || layers & ~KG_ALL_LAYERS)
        return base_fail(err, BASE_BAD_CALL, "kg_scan_open: %x names no set of layers", layers);
    if ((unsigned)order > KG_ORDER_OSP)
        return base_fail(err, BASE_BAD_CALL, "kg_scan_open: no order has the number %d", (int)order);
    KgScan *const scan = calloc(1, sizeof *scan);
    if (!scan)
        return base_fail(err, BASE_NO_MEMORY, "no memory to scan");
    const bool all = pattern.s == KG_ANY && pattern.p == KG_ANY && pattern.o == KG_ANY;
    const KgIndex wanted = order == KG_ORDER_BEST ? index_for(pattern) : (KgIndex)(order - KG_ORDER_SPO);
    scan->store = txn->store;
    scan->index = all ? wanted : index_for(pattern);
    set_prefix(scan, pattern);
    BaseStatus status = open_streams(scan, txn, layers, err);
    if (status == BASE_OK && unbound_order(pattern, wanted) != unbound_order(pattern, scan->index))
        status = gather(scan, wanted, err);
    if (status != BASE_OK) {
        kg_scan_close(scan);
        return status;
    }
    *out = scan;
    return BASE_OK;
}

BaseStatus kg_scan_next(KgScan *scan, KgTriple *out, BaseError *err)
{
    if (!scan->is_sorted)
        return next_merged(scan, out, err);
    if (scan->next == scan->sorted.count)
        return BASE_END;
    const Match *const match = &scan->sorted.items[scan->next++];
    scan->layers = (unsigned)match->layers;
    *out = match->triple;
    return BASE_OK;
}

unsigned kg_scan_layers(const KgScan *scan)
{
    return scan->layers;
}

KgLayer kg_scan_layer(const KgScan *scan)
{
    return scan->layers ? (KgLayer)__builtin_ctz(scan->layers) : KG_ASSERTED;
}

void kg_scan_close(KgScan *scan)
{
    if (!scan)
        return;
    for (int i = 0; i < scan->stream_count; i++)
        mdb_cursor_close(scan->streams[i].cursor);
    free(scan->sorted.items);
    free(scan);
}

BaseStatus kg_count(KgTxn *txn, unsigned layers, KgTriple pattern, uint64_t *out, BaseError *err)
{
    *out = 0;
    if (pattern.s == KG_ANY && pattern.o == KG_ANY) {
        KgCounts counts;
        const BaseStatus status = kg_get_counts(txn, pattern.p, &counts, err);
        *out = status == BASE_OK ? kg_union_count(&counts, layers) : 0;
        return status;
    }
    KgScan *scan;
    BaseStatus status = kg_scan_open(txn, layers, pattern, KG_ORDER_BEST, &scan, err);
    KgTriple triple;
    while (status == BASE_OK && (status = kg_scan_next(scan, &triple, err)) == BASE_OK)
        ++*out;
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

BaseStatus kg_scan_many(KgScan *scan, KgTriple *out, size_t capacity, size_t *count, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (*count = 0; status == BASE_OK && *count < capacity; *count += status == BASE_OK)
        status = kg_scan_next(scan, &out[*count], err);
    return status == BASE_END && *count > 0 ? BASE_OK : status;
}

BaseStatus kg_count_in(KgTxn *txn, KgId graph, unsigned layers, KgTriple pattern, uint64_t *out, BaseError *err)
{
    return graph == KG_ANY ? kg_count(txn, layers, pattern, out, err)
                           : base_fail(err, BASE_BAD_CALL, "named graphs are not kept yet");
}

BaseStatus kg_scan_open_in(KgTxn *txn, KgId graph, unsigned layers, KgTriple pattern, KgOrder order, KgScan **out,
                           BaseError *err)
{
    return graph == KG_ANY ? kg_scan_open(txn, layers, pattern, order, out, err)
                           : base_fail(err, BASE_BAD_CALL, "named graphs are not kept yet");
}
