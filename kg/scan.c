/* scan.c - the matches of a pattern in a union of layers. Each layer is a range of one order's table with the changes
 * not merged into it yet; the layers are merged, so that each triple comes once and in order. Where no order with the
 * bound places first has the unbound ones as asked for, the matches are gathered and sorted. */
#include "kg/delta.h"
#include "kg/space.h"
#include "kg/table.h"

#include <stdlib.h>
#include <string.h>

/* One layer's matches. */
typedef struct Stream {
    uint32_t space;
    KgLayer layer;
    KgDeltaRows changes;
    size_t change; /* the next one */
    KgPlace place;
    uint32_t end;    /* rows of the block before it match */
    uint32_t run;    /* of the block */
    uint32_t at;     /* the next row, in the run */
    uint32_t count;  /* rows of the run that match end here */
    bool more;       /* the block after this one may have matches */
    bool is_decoded; /* the run's rows from `at` on are in `columns` */
    bool has_next;   /* `next` is a match not handed out */
    uint64_t next[3];
    uint64_t columns[3][KG_RUN_ROWS]; /* those of the unbound places, by row in the run */
} Stream;

/* A gathered match with the layers it is in. */
typedef struct Match {
    KgTriple triple;
    uint64_t layers;
} Match;

struct KgScan {
    KgTxn *txn;
    KgIndex index;
    int width; /* of the bound prefix */
    uint64_t key[3];
    unsigned layers; /* of the triple just returned */
    struct {
        Match *items;
        size_t count, capacity;
    } sorted;
    size_t next;
    bool is_sorted;
    int stream_count;
    Stream streams[];
};

/* ---- Which order ---- */

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

static int bound_width(KgTriple pattern, KgIndex index)
{
    uint64_t keys[3];
    int width = 0;
    kg_order_keys(pattern, index, keys);
    while (width < 3 && keys[width] != KG_ANY)
        width++;
    return width;
}

/* The first order in which the bound places come first; `wanted` is preferred, and others that order the rest like it.
 */
static KgIndex index_for(KgTriple pattern, KgOrder order)
{
    static const KgIndex by_order[] = {
        [KG_ORDER_SPO] = KG_SPO, [KG_ORDER_POS] = KG_POS, [KG_ORDER_OSP] = KG_OSP, [KG_ORDER_PSO] = KG_PSO};
    const int bound = (pattern.s != KG_ANY) + (pattern.p != KG_ANY) + (pattern.o != KG_ANY);
    KgIndex best = KG_INDEXES;
    for (int index = 0; index < KG_INDEXES; index++) {
        if (bound_width(pattern, (KgIndex)index) < bound)
            continue;
        if (order != KG_ORDER_BEST && unbound_order(pattern, (KgIndex)index) == unbound_order(pattern, by_order[order]))
            return (KgIndex)index;
        if (best == KG_INDEXES)
            best = (KgIndex)index;
    }
    return best;
}

/* ---- One layer ---- */

/* Where the matches in the block end. */
static void find_end(const KgScan *scan, Stream *stream)
{
    bool all = true;
    for (int i = 0; i < scan->width; i++)
        all = all && stream->place.last[i] == scan->key[i];
    stream->end = all ? stream->place.block.rows : kg_block_find(&stream->place.block, scan->key, scan->width, true);
    stream->more = all;
}

/* The run that place.row is in, from that row on. */
static void open_run(Stream *stream)
{
    const uint32_t run = stream->place.row / KG_RUN_ROWS, start = run * KG_RUN_ROWS;
    const uint32_t rows = kg_block_run_rows(&stream->place.block, run);
    stream->run = run;
    stream->at = stream->place.row - start;
    stream->count = stream->end - start < rows ? stream->end - start : rows;
    stream->is_decoded = false;
}

/* `count` rows of the run from row `first` on, one column of the order, at out[0], out[stride], ... */
static void read_column(const Stream *stream, int column, uint32_t first, uint32_t count, uint64_t *out, size_t stride)
{
    if (first == 0 && count == kg_block_run_rows(&stream->place.block, stream->run))
        kg_block_column(&stream->place.block, stream->run, column, out, stride);
    else
        kg_block_rows(&stream->place.block, stream->run, column, first, count, out, stride);
}

static void decode_run(const KgScan *scan, Stream *stream)
{
    for (int c = scan->width; c < 3; c++)
        read_column(stream, c, stream->at, stream->count - stream->at, stream->columns[c] + stream->at, 1);
    stream->is_decoded = true;
}

/* Whether matches are left in the run, moving to the next one where none are; BASE_END: no more in the table. */
static BaseStatus want_rows(const KgScan *scan, Stream *stream, BaseError *err)
{
    if (stream->at < stream->count)
        return BASE_OK;
    stream->place.row = (stream->run + 1) * KG_RUN_ROWS;
    if (stream->place.row >= stream->end) {
        if (!stream->more)
            return BASE_END;
        const BaseStatus status =
            kg_table_next(scan->txn, (KgTable)(KG_ORDERS + (int)scan->index), stream->space, &stream->place, err);
        if (status == BASE_OK)
            find_end(scan, stream);
        if (status != BASE_OK || stream->end == 0) {
            stream->more = false;
            stream->end = 0;
            return status == BASE_OK ? BASE_END : status;
        }
    }
    open_run(stream);
    return BASE_OK;
}

static void read_row(const KgScan *scan, const Stream *stream, uint64_t out[3])
{
    for (int c = 0; c < 3; c++)
        out[c] = c < scan->width ? scan->key[c] : stream->columns[c][stream->at];
}

/* Makes `next` the next match; BASE_END: there is none. */
static BaseStatus advance(const KgScan *scan, Stream *stream, BaseError *err)
{
    for (;;) {
        const BaseStatus status = want_rows(scan, stream, err);
        if (status != BASE_OK && status != BASE_END)
            return status;
        const bool in_table = status == BASE_OK, in_changes = stream->change < stream->changes.count;
        const KgDeltaRow *const change = in_changes ? &stream->changes.items[stream->change] : NULL;
        stream->has_next = in_table || in_changes;
        if (!stream->has_next)
            return BASE_END;
        if (in_table) {
            if (!stream->is_decoded)
                decode_run(scan, stream);
            read_row(scan, stream, stream->next);
        }
        const int order = !in_table ? 1 : (!in_changes ? -1 : kg_compare_keys(stream->next, change->keys));
        stream->at += order <= 0;
        if (order < 0)
            return BASE_OK;
        stream->change++; /* where order is 0, the row is hidden, or replaced */
        if (change->ops & KG_PRESENT) {
            memcpy(stream->next, change->keys, sizeof stream->next);
            return BASE_OK;
        }
    }
}

static BaseStatus open_stream(KgScan *scan, Stream *stream, uint32_t graph, KgLayer layer, BaseError *err)
{
    stream->space = kg_space(graph, layer);
    stream->layer = layer;
    stream->change = 0;
    stream->at = stream->count = stream->end = stream->run = 0;
    stream->more = stream->is_decoded = false;
    BaseStatus status =
        kg_delta_range(scan->txn, scan->index, stream->space, scan->key, scan->width, &stream->changes, err);
    if (status != BASE_OK)
        return status;
    status = kg_table_seek(scan->txn, (KgTable)(KG_ORDERS + (int)scan->index), stream->space, scan->key, scan->width,
                           false, &stream->place, err);
    if (status != BASE_OK)
        return status == BASE_END ? BASE_OK : status;
    find_end(scan, stream);
    if (stream->place.row < stream->end)
        open_run(stream);
    else
        stream->end = 0;
    return BASE_OK;
}

/* ---- All layers ---- */

static BaseStatus next_merged(KgScan *scan, KgTriple *out, BaseError *err)
{
    const uint64_t *least = NULL;
    unsigned layers = 0;
    for (int i = 0; i < scan->stream_count; i++) {
        Stream *const stream = &scan->streams[i];
        if (!stream->has_next) {
            const BaseStatus status = advance(scan, stream, err);
            if (status == BASE_END)
                continue;
            if (status != BASE_OK)
                return status;
        }
        const int order = least ? kg_compare_keys(stream->next, least) : -1;
        if (order < 0) {
            least = stream->next;
            layers = 0;
        }
        if (order <= 0)
            layers |= KG_IN(stream->layer);
    }
    scan->layers = layers;
    if (!least)
        return BASE_END;
    *out = kg_order_triple(least, scan->index);
    for (int i = 0; i < scan->stream_count; i++)
        if (layers & KG_IN(scan->streams[i].layer))
            scan->streams[i].has_next = false;
    return BASE_OK;
}

/* Only the unbound places differ; of the orders' place lists the asked one compares them right. */
static int compare_matches(const void *left, const void *right, void *context)
{
    const KgTriple *const a = &((const Match *)left)->triple, *const b = &((const Match *)right)->triple;
    uint64_t a_keys[3], b_keys[3];
    const KgIndex index = *(const KgIndex *)context;
    kg_order_keys(*a, index, a_keys);
    kg_order_keys(*b, index, b_keys);
    return kg_compare_keys(a_keys, b_keys);
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
        qsort_r(scan->sorted.items, scan->sorted.count, sizeof *scan->sorted.items, compare_matches, &order);
    scan->is_sorted = true;
    return BASE_OK;
}

static BaseStatus open_streams(KgScan *scan, uint32_t graph, unsigned layers, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (int layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++)
        if (layers & KG_IN(layer)) {
            Stream *const stream = &scan->streams[scan->stream_count++];
            stream->has_next = false;
            status = open_stream(scan, stream, graph, (KgLayer)layer, err);
        }
    return status;
}

/* The layers among those asked for that have triples in the graph. */
static BaseStatus layers_with_triples(KgTxn *txn, KgId graph, unsigned layers, uint32_t *number, unsigned *out,
                                      BaseError *err)
{
    KgCounts stored;
    *out = 0;
    BaseStatus status = kg_graph_number(txn, graph, false, number, err);
    if (status == BASE_OK)
        status = kg_stored_counts(txn, *number, KG_ANY, &stored, err);
    if (status != BASE_OK)
        return status == BASE_NOT_FOUND ? BASE_OK : status;
    for (int layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++) {
        KgDeltaRows changes;
        bool any = kg_union_count(&stored, KG_IN(layer)) > 0;
        if (layers & KG_IN(layer) && !any) {
            status = kg_delta_range(txn, KG_SPO, kg_space(*number, (KgLayer)layer), NULL, 0, &changes, err);
            any = status == BASE_OK && changes.count > 0;
        }
        *out |= any ? layers & KG_IN(layer) : 0;
    }
    return status;
}

BaseStatus kg_scan_open_in(KgTxn *txn, KgId graph, unsigned layers, KgTriple pattern, KgOrder order, KgScan **out,
                           BaseError *err)
{
    uint32_t number = 0;
    unsigned used;
    *out = NULL;
    if (!(layers & KG_ALL_LAYERS) || layers & ~KG_ALL_LAYERS)
        return base_fail(err, BASE_BAD_CALL, "kg_scan_open: %x names no set of layers", layers);
    if ((unsigned)order > KG_ORDER_PSO)
        return base_fail(err, BASE_BAD_CALL, "kg_scan_open: no order has the number %d", (int)order);
    BaseStatus status = layers_with_triples(txn, graph, layers, &number, &used, err);
    if (status != BASE_OK)
        return status;
    KgScan *const scan = malloc(sizeof *scan + (size_t)__builtin_popcount(used) * sizeof scan->streams[0]);
    if (!scan)
        return base_fail(err, BASE_NO_MEMORY, "no memory to scan");
    memset(scan, 0, sizeof *scan);
    scan->txn = txn;
    scan->index = index_for(pattern, order);
    scan->width = bound_width(pattern, scan->index);
    kg_order_keys(pattern, scan->index, scan->key);
    status = open_streams(scan, number, used, err);
    static const KgIndex wanted[] = {
        [KG_ORDER_SPO] = KG_SPO, [KG_ORDER_POS] = KG_POS, [KG_ORDER_OSP] = KG_OSP, [KG_ORDER_PSO] = KG_PSO};
    if (status == BASE_OK && order != KG_ORDER_BEST &&
        unbound_order(pattern, wanted[order]) != unbound_order(pattern, scan->index))
        status = gather(scan, wanted[order], err);
    if (status != BASE_OK) {
        kg_scan_close(scan);
        return status;
    }
    *out = scan;
    return BASE_OK;
}

BaseStatus kg_scan_open(KgTxn *txn, unsigned layers, KgTriple pattern, KgOrder order, KgScan **out, BaseError *err)
{
    return kg_scan_open_in(txn, KG_ANY, layers, pattern, order, out, err);
}

/* One layer without changes needs no merging. */
static bool is_plain(const KgScan *scan)
{
    return !scan->is_sorted && scan->stream_count == 1 && scan->streams[0].changes.count == 0;
}

static BaseStatus next_plain(KgScan *scan, KgTriple *out, BaseError *err)
{
    Stream *const stream = &scan->streams[0];
    uint64_t keys[3];
    scan->layers = 0;
    const BaseStatus status = want_rows(scan, stream, err);
    if (status != BASE_OK)
        return status;
    if (!stream->is_decoded)
        decode_run(scan, stream);
    read_row(scan, stream, keys);
    stream->at++;
    scan->layers = KG_IN(stream->layer);
    *out = kg_order_triple(keys, scan->index);
    return BASE_OK;
}

BaseStatus kg_scan_next(KgScan *scan, KgTriple *out, BaseError *err)
{
    if (is_plain(scan))
        return next_plain(scan, out, err);
    if (!scan->is_sorted)
        return next_merged(scan, out, err);
    if (scan->next == scan->sorted.count)
        return BASE_END;
    const Match *const match = &scan->sorted.items[scan->next++];
    scan->layers = (unsigned)match->layers;
    *out = match->triple;
    return BASE_OK;
}

_Static_assert(sizeof(KgTriple) == 3 * sizeof(uint64_t), "a triple is three numbers in a row");

/* The next `count` rows of the run straight into `out`. */
static void read_triples(const KgScan *scan, const Stream *stream, uint32_t count, KgTriple *out)
{
    for (int c = 0; c < 3; c++) {
        uint64_t *const to = (uint64_t *)out + kg_places[scan->index][c];
        if (c >= scan->width && !stream->is_decoded)
            read_column(stream, c, stream->at, count, to, 3);
        else if (c >= scan->width)
            for (uint32_t i = 0; i < count; i++)
                to[3 * (size_t)i] = stream->columns[c][stream->at + i];
        else
            for (uint32_t i = 0; i < count; i++)
                to[3 * (size_t)i] = scan->key[c];
    }
}

/* One layer without changes: run by run. */
static BaseStatus many_of_one(KgScan *scan, KgTriple *out, size_t capacity, size_t *count, BaseError *err)
{
    Stream *const stream = &scan->streams[0];
    while (*count < capacity) {
        const BaseStatus status = want_rows(scan, stream, err);
        if (status == BASE_END)
            break;
        if (status != BASE_OK)
            return status;
        const size_t room = capacity - *count;
        const uint32_t left = stream->count - stream->at, taken = room < left ? (uint32_t)room : left;
        read_triples(scan, stream, taken, out + *count);
        *count += taken;
        stream->at += taken;
    }
    return *count ? BASE_OK : BASE_END;
}

BaseStatus kg_scan_many(KgScan *scan, KgTriple *out, size_t capacity, size_t *count, BaseError *err)
{
    BaseStatus status = BASE_OK;
    *count = 0;
    if (is_plain(scan))
        return many_of_one(scan, out, capacity, count, err);
    while (status == BASE_OK && *count < capacity) {
        status = kg_scan_next(scan, &out[*count], err);
        *count += status == BASE_OK;
    }
    return status == BASE_END && *count > 0 ? BASE_OK : status;
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
    free(scan->sorted.items);
    free(scan);
}

/* ---- Counting ---- */

static BaseStatus count_space(KgTxn *txn, uint32_t space, KgTriple pattern, uint64_t *out, BaseError *err)
{
    const KgIndex index = index_for(pattern, KG_ORDER_BEST);
    const int width = bound_width(pattern, index);
    uint64_t key[3];
    KgDeltaRows changes;
    kg_order_keys(pattern, index, key);
    BaseStatus status = kg_table_count(txn, (KgTable)(KG_ORDERS + (int)index), space, key, width, out, err);
    if (status == BASE_OK)
        status = kg_delta_range(txn, index, space, key, width, &changes, err);
    for (size_t i = 0; status == BASE_OK && i < changes.count; i++) {
        *out += (changes.items[i].ops & KG_PRESENT) != 0;
        *out -= (changes.items[i].ops & KG_HIDES) != 0;
    }
    return status;
}

static BaseStatus count_by_scan(KgTxn *txn, KgId graph, unsigned layers, KgTriple pattern, uint64_t *out,
                                BaseError *err)
{
    KgScan *scan;
    BaseStatus status = kg_scan_open_in(txn, graph, layers, pattern, KG_ORDER_BEST, &scan, err);
    KgTriple triple;
    while (status == BASE_OK && (status = kg_scan_next(scan, &triple, err)) == BASE_OK)
        ++*out;
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

BaseStatus kg_count_in(KgTxn *txn, KgId graph, unsigned layers, KgTriple pattern, uint64_t *out, BaseError *err)
{
    uint32_t number;
    unsigned used;
    KgCounts counts;
    *out = 0;
    BaseStatus status = layers_with_triples(txn, graph, layers, &number, &used, err);
    if (status == BASE_OK && used)
        status = kg_get_counts(txn, number, pattern.p, &counts, err);
    if (status != BASE_OK || !used)
        return status;
    if (pattern.s == KG_ANY && pattern.o == KG_ANY) {
        *out = kg_union_count(&counts, layers);
        return BASE_OK;
    }
    if (kg_layers_overlap(&counts, used))
        return count_by_scan(txn, graph, used, pattern, out, err);
    for (int layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++) {
        uint64_t part = 0;
        if (used & KG_IN(layer))
            status = count_space(txn, kg_space(number, (KgLayer)layer), pattern, &part, err);
        *out += part;
    }
    return status;
}

BaseStatus kg_count(KgTxn *txn, unsigned layers, KgTriple pattern, uint64_t *out, BaseError *err)
{
    return kg_count_in(txn, KG_ANY, layers, pattern, out, err);
}
