/* scan.c - the matches of a pattern in a union of layers (stream.h). Where no order with the bound places first has the
 * unbound ones as asked for, the matches are gathered and sorted. */
#include "kg/space.h"
#include "kg/stream.h"

#include <stdlib.h>
#include <string.h>

/* A gathered match with the layers it is in. */
typedef struct Match {
    KgTriple triple;
    uint64_t layers;
} Match;

struct KgScan {
    KgTxn *txn;
    KgIndex index;
    KgSpan span;
    unsigned layers; /* of the triple just returned */
    struct {
        Match *items;
        size_t count, capacity;
    } sorted;
    size_t next;
    bool is_sorted;
    int stream_count;
    KgStream streams[];
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

/* ---- All layers ---- */

static BaseStatus next_merged(KgScan *scan, KgTriple *out, BaseError *err)
{
    uint64_t keys[3];
    const BaseStatus status = kg_streams_next(scan->streams, scan->stream_count, keys, &scan->layers, err);
    if (status == BASE_OK)
        *out = kg_order_triple(keys, scan->index);
    return status;
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
            KgStream *const stream = &scan->streams[scan->stream_count++];
            status = kg_stream_open(stream, scan->txn, scan->index, graph, (KgLayer)layer, err);
            if (status == BASE_OK)
                status = kg_stream_find(stream, &scan->span, err);
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
    BaseStatus status = kg_layers_in_use(txn, graph, layers, &number, &used, err);
    if (status != BASE_OK)
        return status;
    KgScan *const scan = malloc(sizeof *scan + (size_t)__builtin_popcount(used) * sizeof scan->streams[0]);
    if (!scan)
        return base_fail(err, BASE_NO_MEMORY, "no memory to scan");
    uint64_t key[3];
    memset(scan, 0, sizeof *scan);
    scan->txn = txn;
    scan->index = index_for(pattern, order);
    kg_order_keys(pattern, scan->index, key);
    scan->span = kg_span(key, bound_width(pattern, scan->index));
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
    return !scan->is_sorted && kg_streams_are_plain(scan->streams, scan->stream_count);
}

static BaseStatus next_plain(KgScan *scan, KgTriple *out, BaseError *err)
{
    KgStream *const stream = &scan->streams[0];
    uint64_t keys[3];
    scan->layers = 0;
    const BaseStatus status = kg_stream_want_rows(stream, err);
    if (status != BASE_OK)
        return status;
    kg_stream_row(stream, keys);
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
static void read_triples(const KgScan *scan, const KgStream *stream, uint32_t count, KgTriple *out)
{
    for (int c = 0; c < 3; c++) {
        uint64_t *const to = (uint64_t *)out + kg_places[scan->index][c];
        if (c >= scan->span.fixed && !(stream->decoded >> c & 1))
            kg_block_rows(&stream->place.block, stream->run, c, stream->at, count, to, 3);
        else if (c >= scan->span.fixed)
            for (uint32_t i = 0; i < count; i++)
                to[3 * (size_t)i] = stream->columns[c][stream->at + i];
        else
            for (uint32_t i = 0; i < count; i++)
                to[3 * (size_t)i] = scan->span.low[c];
    }
}

/* One layer without changes: run by run. */
static BaseStatus many_of_one(KgScan *scan, KgTriple *out, size_t capacity, size_t *count, BaseError *err)
{
    KgStream *const stream = &scan->streams[0];
    while (*count < capacity) {
        const BaseStatus status = kg_stream_want_rows(stream, err);
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
    for (int i = 0; i < scan->stream_count; i++)
        kg_stream_close(&scan->streams[i]);
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
    BaseStatus status = kg_layers_in_use(txn, graph, layers, &number, &used, err);
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
