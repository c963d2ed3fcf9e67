/* check_triples.c - the orders of every space against each other, the changes not merged yet against the tables, and
 * the counts against what they count. Two orders hold the same set when they hold as many rows, each strictly above the
 * one before it, and the same sum of a 128-bit hash of every triple; only where they do not are triples looked up. */
#include "kg/check.h"
#include "kg/delta.h"
#include "kg/space.h"
#include "kg/table.h"
#include "kg/terms.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const layer_names[KG_LAYERS] = {"asserted", "inferred", "predicted", "observed"};
static const char *const index_names[KG_INDEXES] = {"SPO", "POS", "OSP", "PSO"};

static const char *layer_of(uint32_t space)
{
    return layer_names[space % KG_LAYERS];
}

/* ---- Orders ---- */

typedef struct Sum {
    uint64_t count;
    BaseHash128 sum;
} Sum;

/* What one order has, by space. */
typedef struct Order {
    KgIndex index;
    BaseMap places; /* space -> place */
    struct {
        Sum *items;
        size_t count, capacity;
    } sums;
} Order;

static Sum *sum_of(Order *order, uint32_t space)
{
    bool is_new;
    const uint64_t *const place = base_map_put(&order->places, space, order->sums.count, &is_new);
    if (!place || (is_new && !BASE_PUSH(&order->sums, (Sum){0})))
        return NULL;
    return &order->sums.items[*place];
}

static void check_ids(KgCheck *check, uint32_t space, const uint64_t ids[3])
{
    for (int i = 0; i < 3; i++)
        if (!kg_is_known(check->txn, ids[i]))
            kg_check_fault(check, "%s has a triple with the unknown term %" PRIx64, layer_of(space), ids[i]);
}

static BaseStatus visit_rows(KgCheck *check, void *context, uint32_t space, uint64_t *const columns[], size_t rows,
                             BaseError *err)
{
    Order *const order = context;
    Sum *const sum = sum_of(order, space);
    uint64_t source = 0;
    if (!sum)
        return kg_check_no_memory(err);
    for (size_t row = 0; row < rows; row++) {
        const uint64_t keys[3] = {columns[0][row], columns[1][row], columns[2][row]};
        const KgTriple triple = kg_order_triple(keys, order->index);
        const BaseHash128 hash = base_hash128(&triple, sizeof triple);
        sum->sum.high += hash.high;
        sum->sum.low += hash.low;
        sum->count++;
        if (order->index != KG_SPO)
            continue;
        check_ids(check, space, keys);
        if (columns[3][row] != source) {
            source = columns[3][row];
            if (source != 0 && !base_map_put(&check->sources[space % KG_LAYERS], source, 0, NULL))
                return kg_check_no_memory(err);
        }
    }
    return BASE_OK;
}

/* Tells which triples of `from` are not in `to`. */
typedef struct Missing {
    KgIndex from, to;
} Missing;

static BaseStatus visit_for_missing(KgCheck *check, void *context, uint32_t space, uint64_t *const columns[],
                                    size_t rows, BaseError *err)
{
    const Missing *const missing = context;
    for (size_t row = 0; row < rows; row++) {
        const uint64_t from[3] = {columns[0][row], columns[1][row], columns[2][row]};
        const KgTriple triple = kg_order_triple(from, missing->from);
        uint64_t key[3], count = 0;
        kg_order_keys(triple, missing->to, key);
        const BaseStatus status =
            kg_table_count(check->txn, (KgTable)(KG_ORDERS + (int)missing->to), space, key, 3, &count, err);
        if (status == BASE_BAD_INPUT && err)
            *err = (BaseError){0}; /* a damaged block, which is told */
        else if (status != BASE_OK)
            return status;
        else if (count != 1)
            kg_check_fault(check, "%s: the triple %" PRIx64 " %" PRIx64 " %" PRIx64 " is in %s and not in %s",
                           layer_of(space), triple.s, triple.p, triple.o, index_names[missing->from],
                           index_names[missing->to]);
    }
    return BASE_OK;
}

static BaseStatus name_differences(KgCheck *check, KgIndex index, BaseError *err)
{
    const uint64_t before = check->faults;
    Missing there = {KG_SPO, index}, back = {index, KG_SPO};
    BaseStatus status = kg_check_table(check, (KgTable)(KG_ORDERS + KG_SPO), visit_for_missing, &there, err);
    if (status == BASE_OK)
        status = kg_check_table(check, (KgTable)(KG_ORDERS + (int)index), visit_for_missing, &back, err);
    if (status == BASE_OK && check->faults == before)
        kg_check_fault(check, "%s and SPO differ", index_names[index]);
    return status;
}

static bool same_spaces(Order *a, Order *b)
{
    if (a->sums.count != b->sums.count)
        return false;
    for (size_t slot = 0; slot < a->places.capacity; slot++) {
        if (a->places.keys[slot] == BASE_NO_KEY)
            continue;
        const uint64_t *const place = base_map_get(&b->places, a->places.keys[slot]);
        if (!place || memcmp(&a->sums.items[a->places.values[slot]], &b->sums.items[*place], sizeof(Sum)) != 0)
            return false;
    }
    return true;
}

static BaseStatus check_orders(KgCheck *check, BaseError *err)
{
    Order orders[KG_INDEXES] = {0};
    BaseStatus status = BASE_OK;
    check->told = 0;
    for (int index = 0; status == BASE_OK && index < KG_INDEXES; index++) {
        orders[index].index = (KgIndex)index;
        status = kg_check_table(check, (KgTable)(KG_ORDERS + index), visit_rows, &orders[index], err);
        if (status == BASE_OK && index != KG_SPO && !same_spaces(&orders[KG_SPO], &orders[index]))
            status = name_differences(check, (KgIndex)index, err);
    }
    for (int index = 0; index < KG_INDEXES; index++) {
        base_map_free(&orders[index].places);
        free(orders[index].sums.items);
    }
    return status;
}

/* ---- Changes ---- */

/* One change: what it hides the tables have, what it adds they do not. */
static BaseStatus check_change(KgCheck *check, const KgDeltaRow *row, BaseError *err)
{
    uint64_t count;
    const BaseStatus status =
        kg_table_count(check->txn, (KgTable)(KG_ORDERS + KG_SPO), row->space, row->keys, 3, &count, err);
    if (status != BASE_OK)
        return status;
    if (row->ops == 0 || row->ops & ~(unsigned)(KG_HIDES | KG_PRESENT) || count != (row->ops & KG_HIDES))
        kg_check_fault(check, "%s: a change of the triple %" PRIx64 " %" PRIx64 " %" PRIx64 " does not fit the tables",
                       layer_of(row->space), row->keys[0], row->keys[1], row->keys[2]);
    check_ids(check, row->space, row->keys);
    if (row->ops & KG_PRESENT && row->note.source != 0 &&
        !base_map_put(&check->sources[row->space % KG_LAYERS], row->note.source, 0, NULL))
        return kg_check_no_memory(err);
    return BASE_OK;
}

static BaseStatus check_changes(KgCheck *check, const uint32_t *graphs, size_t graph_count, BaseError *err)
{
    BaseStatus status = BASE_OK;
    size_t all, seen = 0;
    check->told = 0;
    status = kg_delta_count(check->txn, &all, err);
    for (size_t g = 0; status == BASE_OK && g < graph_count; g++)
        for (int layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++) {
            KgDeltaRows rows;
            status = kg_delta_range(check->txn, KG_SPO, kg_space(graphs[g], (KgLayer)layer), NULL, 0, &rows, err);
            for (size_t i = 0; status == BASE_OK && i < rows.count; i++)
                status = check_change(check, &rows.items[i], err);
            seen += rows.count;
        }
    if (status == BASE_OK && seen != all)
        kg_check_fault(check, "%zu changes are of no graph", all - seen);
    if (status != BASE_BAD_INPUT)
        return status;
    if (err)
        *err = (BaseError){0};
    return BASE_OK; /* a block on the way was damaged, which is told */
}

/* ---- Graphs ---- */

/* Two graphs of one number would have each other's triples. */
static BaseStatus number_graph(KgCheck *check, KgId name, BaseMap *seen, uint32_t *out, BaseError *err)
{
    bool is_new = true;
    const BaseStatus status = kg_graph_number(check->txn, name, false, out, err);
    if (status == BASE_OK && !base_map_put(seen, *out, 0, &is_new))
        return kg_check_no_memory(err);
    if (!is_new)
        kg_check_fault(check, "graph %" PRIx64 " has number %u, which is another's", name, *out);
    return status;
}

/* The numbers of all graphs, the default one's first, also of those that changes have left without a triple; *names may
 * be freed apart. */
static BaseStatus list_graphs(KgCheck *check, KgId **names, uint32_t **numbers, size_t *count, BaseError *err)
{
    *numbers = NULL;
    *count = 0;
    size_t named = 0;
    BaseMap seen = {0};
    BaseStatus status = kg_numbered_graphs(check->txn, true, names, &named, err);
    if (status != BASE_OK)
        return status;
    *numbers = calloc(named + 1, sizeof **numbers);
    if (!*numbers)
        return kg_check_no_memory(err);
    for (size_t i = 0; status == BASE_OK && i < named; i++)
        status = number_graph(check, (*names)[i], &seen, &(*numbers)[i + 1], err);
    base_map_free(&seen);
    *count = named + 1;
    return status;
}

BaseStatus kg_check_triples(KgCheck *check, BaseError *err)
{
    KgId *names = NULL;
    uint32_t *numbers = NULL;
    size_t count = 0;
    BaseStatus status = check_orders(check, err);
    if (status == BASE_OK)
        status = list_graphs(check, &names, &numbers, &count, err);
    if (status == BASE_OK)
        status = check_changes(check, numbers, count, err);
    free(names);
    free(numbers);
    return status;
}

/* ---- Counts ---- */

typedef struct Counted {
    KgCheck *check;
    BaseMap places; /* predicate -> place */
    struct {
        KgCounts *items;
        size_t count, capacity;
    } counts;
} Counted;

static bool count_triple(Counted *counted, KgId predicate, unsigned layers)
{
    bool is_new;
    const uint64_t *const place = base_map_put(&counted->places, predicate, counted->counts.count, &is_new);
    if (!place || (is_new && !BASE_PUSH(&counted->counts, (KgCounts){0})))
        return false;
    counted->counts.items[*place].by_layers[layers]++;
    return true;
}

/* Compares stored counts with what was counted, and forgets the latter. */
static BaseStatus compare_counts(void *context, KgId predicate, const KgCounts *counts, BaseError *err)
{
    (void)err;
    Counted *const counted = context;
    static const KgCounts none;
    const uint64_t *const place = base_map_get(&counted->places, predicate);
    const KgCounts *const found = place ? &counted->counts.items[*place] : &none;
    if (memcmp(found, counts, sizeof *found) != 0)
        kg_check_fault(counted->check, "the counts of predicate %" PRIx64 " are not what there is", predicate);
    if (place)
        counted->counts.items[*place] = none;
    return BASE_OK;
}

static BaseStatus count_all(Counted *counted, KgId graph, BaseError *err)
{
    KgScan *scan = NULL;
    KgTriple triple;
    BaseStatus status =
        kg_scan_open_in(counted->check->txn, graph, KG_ALL_LAYERS, (KgTriple){0}, KG_ORDER_SPO, &scan, err);
    while (status == BASE_OK && (status = kg_scan_next(scan, &triple, err)) == BASE_OK)
        status =
            count_triple(counted, triple.p, kg_scan_layers(scan)) && count_triple(counted, KG_ANY, kg_scan_layers(scan))
                ? BASE_OK
                : kg_check_no_memory(err);
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus check_graph_counts(KgCheck *check, KgId graph, uint32_t number, BaseError *err)
{
    static const KgCounts none;
    Counted counted = {.check = check};
    BaseStatus status = count_all(&counted, graph, err);
    if (status == BASE_OK)
        status = kg_each_count(check->txn, number, compare_counts, &counted, err);
    for (size_t slot = 0; status == BASE_OK && slot < counted.places.capacity; slot++)
        if (counted.places.keys[slot] != BASE_NO_KEY &&
            memcmp(&counted.counts.items[counted.places.values[slot]], &none, sizeof none) != 0)
            kg_check_fault(check, "the triples of predicate %" PRIx64 " are not counted", counted.places.keys[slot]);
    base_map_free(&counted.places);
    free(counted.counts.items);
    return status;
}

BaseStatus kg_check_counts(KgCheck *check, BaseError *err)
{
    KgId *names = NULL;
    uint32_t *numbers = NULL;
    size_t count = 0;
    check->told = 0;
    BaseStatus status = list_graphs(check, &names, &numbers, &count, err);
    for (size_t g = 0; status == BASE_OK && g < count; g++)
        status = check_graph_counts(check, g ? names[g - 1] : KG_ANY, numbers[g], err);
    free(names);
    free(numbers);
    return status;
}
