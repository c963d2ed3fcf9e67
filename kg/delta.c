/* delta.c - the view of all changes in memory, what they count, and folding them into the tables. */
#include "kg/delta.h"
#include "kg/patch.h"
#include "kg/sort.h"
#include "kg/tail.h"
#include "kg/walker.h"

#include <stdlib.h>
#include <string.h>

const int kg_places[KG_INDEXES][3] = {
    [KG_SPO] = {0, 1, 2}, [KG_POS] = {1, 2, 0}, [KG_OSP] = {2, 0, 1}, [KG_PSO] = {1, 0, 2}};

/* A snapshot's changes in the orders that were asked for. Rows do not change once they are there; `references`, and
 * which orders are there, are guarded by store->delta_lock where readers share it. */
struct KgDelta {
    KgStore *store;
    size_t snapshot; /* LMDB's transaction number; 0: a writer's own */
    size_t references;
    size_t count;
    KgDeltaRow *rows[KG_INDEXES];
    struct {
        KgDeltaCounts *items; /* NULL: not worked out yet */
        size_t count, capacity;
    } counts;
};

/* ---- In memory ---- */

static void free_delta(KgDelta *delta)
{
    for (int index = 0; index < KG_INDEXES; index++)
        free(delta->rows[index]);
    free(delta->counts.items);
    free(delta);
}

void kg_delta_release(KgDelta *delta)
{
    if (!delta)
        return;
    pthread_mutex_t *const lock = &delta->store->delta_lock;
    pthread_mutex_lock(lock);
    const bool is_last = --delta->references == 0;
    pthread_mutex_unlock(lock);
    if (is_last)
        free_delta(delta);
}

static int compare_rows(const void *left, const void *right)
{
    const KgDeltaRow *const a = left, *const b = right;
    if (a->space != b->space)
        return a->space < b->space ? -1 : 1;
    return kg_compare_keys(a->keys, b->keys);
}

typedef struct Rows {
    KgDeltaRow *items;
    size_t count, capacity;
    bool keeps_all; /* also those that take back what the patch says */
} Rows;

static bool take_row(Rows *rows, const KgDeltaRow *row)
{
    if (rows->count == rows->capacity)
        return false;
    rows->items[rows->count] = *row;
    rows->count += row->ops != 0 || rows->keeps_all;
    return true;
}

/* The table's rows with those of the tail, which say what is so now, merged into them. */
static int merge_tail(MDB_cursor *cursor, const KgChangesTail *tail, Rows *out)
{
    const KgDeltaRow *next = tail->rows.items, *const end = next + tail->rows.count;
    MDB_val key, value;
    int code = MDB_SUCCESS;
    while (cursor && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS &&
           !kg_patch_has_key(key.mv_data, key.mv_size)) {
        KgDeltaRow row;
        if (!kg_delta_read_row(&key, &value, &row))
            return MDB_CORRUPTED;
        int order = -1;
        while (next < end && (order = compare_rows(next, &row)) < 0)
            if (!take_row(out, next++))
                return MDB_CORRUPTED;
        if ((next == end || order != 0) && !take_row(out, &row))
            return MDB_CORRUPTED;
    }
    for (; next < end; next++)
        if (!take_row(out, next))
            return MDB_CORRUPTED;
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* What is said one by one, sorted. */
static BaseStatus read_single(KgTxn *txn, size_t most, Rows *out, BaseError *err)
{
    MDB_cursor *cursor = NULL;
    int code = most ? mdb_cursor_open(txn->mdb, txn->store->tables[KG_CHANGES], &cursor) : MDB_SUCCESS;
    if (code == MDB_SUCCESS)
        code = merge_tail(cursor, txn->changes_tail, out);
    if (cursor)
        mdb_cursor_close(cursor);
    return code == MDB_SUCCESS ? BASE_OK : kg_mdb_fail(txn->store, code, "read", err);
}

/* The patch at the end of what `rows` has room for, and what is said one by one merged into it from the front. */
static BaseStatus merge_patch(KgTxn *txn, size_t most, size_t patched, Rows *rows, BaseError *err)
{
    Rows single = {.items = malloc((most + 1) * sizeof *single.items), .capacity = most + 1, .keeps_all = true};
    const KgDeltaRow *at = rows->items + (rows->capacity - patched), *const end = rows->items + rows->capacity;
    BaseStatus status = single.items ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for %zu changes", most);
    if (status == BASE_OK)
        status = read_single(txn, most, &single, err);
    if (status == BASE_OK)
        status = kg_patch_read(txn, rows->items + (rows->capacity - patched), patched, err);
    for (size_t i = 0; status == BASE_OK && i < single.count; i++) {
        int order = 1;
        while (at < end && (order = compare_rows(at, &single.items[i])) < 0)
            rows->items[rows->count++] = *at++;
        at += at < end && order == 0;
        if (single.items[i].ops)
            rows->items[rows->count++] = single.items[i];
    }
    while (status == BASE_OK && at < end)
        rows->items[rows->count++] = *at++;
    free(single.items);
    return status;
}

static BaseStatus read_delta(KgTxn *txn, KgDelta **out, BaseError *err)
{
    size_t most, patched = 0;
    BaseStatus status = kg_delta_most(txn, &most, err);
    if (status == BASE_OK && most > 0)
        status = kg_patch_count(txn, &patched, err);
    KgDelta *const delta = status == BASE_OK ? calloc(1, sizeof *delta) : NULL;
    Rows rows = {.capacity = most + 1};
    rows.items = delta ? malloc(rows.capacity * sizeof *rows.items) : NULL;
    *out = NULL;
    if (status == BASE_OK && !rows.items)
        status = base_fail(err, BASE_NO_MEMORY, "no memory for %zu changes", most);
    if (status == BASE_OK)
        status = patched ? merge_patch(txn, most - patched, patched, &rows, err) : read_single(txn, most, &rows, err);
    if (status != BASE_OK) {
        free(rows.items);
        free(delta);
        return status;
    }
    *delta = (KgDelta){.store = txn->store, .references = 1, .count = rows.count, .rows = {rows.items}};
    *out = delta;
    return BASE_OK;
}

/* The view of the transaction's snapshot, found where another reader has left it or read. */
static BaseStatus want_delta(KgTxn *txn, BaseError *err)
{
    KgStore *const store = txn->store;
    if (txn->delta && !txn->delta_is_old)
        return BASE_OK;
    kg_delta_release(txn->delta);
    txn->delta = NULL;
    const size_t snapshot = txn->snapshot;
    if (!txn->writes) {
        pthread_mutex_lock(&store->delta_lock);
        if (store->delta && store->delta->snapshot == snapshot) {
            txn->delta = store->delta;
            txn->delta->references++;
        }
        pthread_mutex_unlock(&store->delta_lock);
    }
    if (txn->delta)
        return BASE_OK;
    const BaseStatus status = read_delta(txn, &txn->delta, err);
    txn->delta_is_old = false;
    if (status != BASE_OK || txn->writes)
        return status;
    KgDelta *before = txn->delta;
    pthread_mutex_lock(&store->delta_lock);
    txn->delta->snapshot = snapshot;
    if (!store->delta || store->delta->snapshot < snapshot) {
        before = store->delta;
        store->delta = txn->delta;
        txn->delta->references++;
    }
    pthread_mutex_unlock(&store->delta_lock);
    if (before != txn->delta)
        kg_delta_release(before);
    return BASE_OK;
}

BaseStatus kg_delta_rows(KgTxn *txn, KgDeltaRows *out, BaseError *err)
{
    const BaseStatus status = want_delta(txn, err);
    *out = (KgDeltaRows){0};
    if (status == BASE_OK)
        *out = (KgDeltaRows){txn->delta->rows[KG_SPO], txn->delta->count};
    return status;
}

BaseStatus kg_delta_count(KgTxn *txn, size_t *out, BaseError *err)
{
    const BaseStatus status = want_delta(txn, err);
    *out = status == BASE_OK ? txn->delta->count : 0;
    return status;
}

/* From so many on a radix sort is quicker. */
#define MANY_ROWS 256

/* Sorts the numbers of rows, `pairs[i].with`, by one column, those of equal values staying as they are. */
static void sort_by_place(const KgDeltaRow *rows, int place, KgPair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pairs[i].key = rows[pairs[i].with].keys[place];
    kg_sort_pairs(pairs, pairs + count, count, 64);
}

/* The rows of one space, which are in SPO order, into another: by its second column, where SPO has not sorted by that
 * behind the first, and by its first. `pairs` has room for twice as many. */
static void sort_space(const KgDeltaRow *rows, size_t count, KgIndex index, KgPair *pairs, KgDeltaRow *out)
{
    for (size_t i = 0; i < count; i++)
        pairs[i].with = i;
    if (index == KG_POS)
        sort_by_place(rows, kg_places[index][1], pairs, count);
    sort_by_place(rows, kg_places[index][0], pairs, count);
    for (size_t i = 0; i < count; i++) {
        out[i] = rows[pairs[i].with];
        kg_order_keys(kg_order_triple(out[i].keys, KG_SPO), index, out[i].keys);
    }
}

/* The rows in another order than SPO. */
static KgDeltaRow *sort_rows(const KgDelta *delta, KgIndex index)
{
    const KgDeltaRow *const from = delta->rows[KG_SPO];
    const size_t count = delta->count;
    KgDeltaRow *const rows = malloc((count ? count : 1) * sizeof *rows);
    KgPair *const pairs = count >= MANY_ROWS ? malloc(2 * count * sizeof *pairs) : NULL;
    for (size_t i = 0; rows && !pairs && i < count; i++) {
        rows[i] = from[i];
        kg_order_keys(kg_order_triple(from[i].keys, KG_SPO), index, rows[i].keys);
    }
    if (rows && !pairs && count > 1)
        qsort(rows, count, sizeof *rows, compare_rows);
    for (size_t start = 0, end; rows && pairs && start < count; start = end) {
        for (end = start + 1; end < count && from[end].space == from[start].space;)
            end++;
        sort_space(from + start, end - start, index, pairs, rows + start);
    }
    free(pairs);
    return rows;
}

static BaseStatus want_order(KgTxn *txn, KgIndex index, BaseError *err)
{
    KgDelta *const delta = txn->delta;
    pthread_mutex_lock(&txn->store->delta_lock);
    if (!delta->rows[index])
        delta->rows[index] = sort_rows(delta, index);
    const bool is_there = delta->rows[index] != NULL;
    pthread_mutex_unlock(&txn->store->delta_lock);
    return is_there ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for %zu changes", delta->count);
}

/* The first row not below (`after`: above) the prefix. */
static size_t find_row(const KgDeltaRow *rows, size_t count, uint32_t space, const uint64_t *key, int width, bool after)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        int order = rows[middle].space < space ? -1 : rows[middle].space > space;
        for (int i = 0; i < width && order == 0; i++)
            order = rows[middle].keys[i] < key[i] ? -1 : rows[middle].keys[i] > key[i];
        if (after ? order <= 0 : order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

BaseStatus kg_delta_between(KgTxn *txn, KgIndex index, uint32_t space, const uint64_t *low, const uint64_t *high,
                            int width, KgDeltaRows *out, BaseError *err)
{
    *out = (KgDeltaRows){0};
    BaseStatus status = want_delta(txn, err);
    if (status != BASE_OK || txn->delta->count == 0)
        return status;
    if (index != KG_SPO)
        status = want_order(txn, index, err);
    if (status != BASE_OK)
        return status;
    const KgDeltaRow *const rows = txn->delta->rows[index];
    const size_t start = find_row(rows, txn->delta->count, space, low, width, false);
    const size_t end = find_row(rows, txn->delta->count, space, high, width, true);
    *out = (KgDeltaRows){rows + start, end > start ? end - start : 0};
    return BASE_OK;
}

BaseStatus kg_delta_range(KgTxn *txn, KgIndex index, uint32_t space, const uint64_t *key, int width, KgDeltaRows *out,
                          BaseError *err)
{
    return kg_delta_between(txn, index, space, key, key, width, out, err);
}

/* ---- What changes count ---- */

static int compare_counts(const void *left, const void *right)
{
    const KgDeltaCounts *const a = left, *const b = right;
    if (a->graph != b->graph)
        return a->graph < b->graph ? -1 : 1;
    return a->predicate < b->predicate ? -1 : a->predicate > b->predicate;
}

/* One graph's rows, a stretch for each layer, in SPO order. */
typedef struct Layers {
    const KgDeltaRow *at[KG_LAYERS], *end[KG_LAYERS];
} Layers;

/* The least triple that some layer's changes have, and what they do to it; false: there is none. */
static bool next_triple(Layers *layers, uint64_t key[3], unsigned *hidden, unsigned *present, unsigned *changed)
{
    const KgDeltaRow *least = NULL;
    for (int layer = 0; layer < KG_LAYERS; layer++)
        if (layers->at[layer] < layers->end[layer] &&
            (!least || kg_compare_keys(layers->at[layer]->keys, least->keys) < 0))
            least = layers->at[layer];
    if (!least)
        return false;
    memcpy(key, least->keys, 3 * sizeof *key);
    *hidden = *present = *changed = 0;
    for (int layer = 0; layer < KG_LAYERS; layer++) {
        const KgDeltaRow *const row = layers->at[layer];
        if (row == layers->end[layer] || kg_compare_keys(row->keys, key) != 0)
            continue;
        *hidden |= row->ops & KG_HIDES ? KG_IN(layer) : 0;
        *present |= row->ops & KG_PRESENT ? KG_IN(layer) : 0;
        *changed |= KG_IN(layer);
        layers->at[layer]++;
    }
    return true;
}

/* The layers whose tables have a triple, asked in order. A layer with changes of it says so itself. */
static BaseStatus in_tables(KgWalker *walkers, const KgCounts *stored, const uint64_t key[3], unsigned changed,
                            unsigned hidden, unsigned *out, BaseError *err)
{
    *out = hidden;
    for (int layer = 0; layer < KG_LAYERS; layer++) {
        bool is_there;
        if (changed & KG_IN(layer) || kg_union_count(stored, KG_IN(layer)) == 0)
            continue;
        const BaseStatus status = kg_walker_ask(&walkers[layer], key, &is_there, err);
        if (status != BASE_OK)
            return status;
        *out |= is_there ? KG_IN(layer) : 0;
    }
    return BASE_OK;
}

/* Adds what becomes of one triple, which was in the layers `before` and is now in `now`. */
static bool move_one(KgDelta *delta, BaseMap *places, uint32_t graph, KgId predicate, unsigned before, unsigned now)
{
    bool is_new;
    const uint64_t *const place = base_map_put(places, predicate, delta->counts.count, &is_new);
    if (!place || (is_new && !BASE_PUSH(&delta->counts, (KgDeltaCounts){.graph = graph, .predicate = predicate})))
        return false;
    KgCounts *const moved = &delta->counts.items[*place].moved;
    moved->by_layers[before] -= before ? 1 : 0;
    moved->by_layers[now] += now ? 1 : 0;
    return true;
}

/* The changes of one graph, whose rows are those from `start` to `end`. */
static BaseStatus count_graph(KgTxn *txn, KgDelta *delta, size_t start, size_t end, BaseError *err)
{
    const KgDeltaRow *const rows = delta->rows[KG_SPO];
    const uint32_t graph = rows[start].space / KG_LAYERS;
    Layers layers = {0};
    KgWalker walkers[KG_LAYERS];
    BaseMap places = {0};
    KgCounts stored;
    uint64_t key[3];
    unsigned hidden, present, changed;
    BaseStatus status = kg_stored_counts(txn, graph, KG_ANY, &stored, err);
    for (int layer = 0; layer < KG_LAYERS; layer++) {
        const uint32_t space = kg_space(graph, (KgLayer)layer);
        kg_walker_start(&walkers[layer], txn, space);
        layers.at[layer] = rows + start + find_row(rows + start, end - start, space, NULL, 0, false);
        layers.end[layer] = rows + start + find_row(rows + start, end - start, space, NULL, 0, true);
    }
    while (status == BASE_OK && next_triple(&layers, key, &hidden, &present, &changed)) {
        unsigned before;
        status = in_tables(walkers, &stored, key, changed, hidden, &before, err);
        const unsigned now = (before & ~hidden) | present;
        if (status == BASE_OK && before != now &&
            (!move_one(delta, &places, graph, key[1], before, now) ||
             !move_one(delta, &places, graph, KG_ANY, before, now)))
            status = base_fail(err, BASE_NO_MEMORY, "no memory to count changes");
    }
    base_map_free(&places);
    return status;
}

/* Works out the counts of a view. Where it is shared, two readers may do so at once; the first one's stay. */
static BaseStatus want_counts(KgTxn *txn, BaseError *err)
{
    pthread_mutex_t *const lock = &txn->store->delta_lock;
    BaseStatus status = want_delta(txn, err);
    if (status != BASE_OK || txn->delta->count == 0)
        return status;
    pthread_mutex_lock(lock);
    const bool is_there = txn->delta->counts.items != NULL;
    pthread_mutex_unlock(lock);
    if (is_there)
        return BASE_OK;
    KgDelta own = {.count = txn->delta->count, .rows = {txn->delta->rows[KG_SPO]}};
    const KgDeltaRow *const rows = own.rows[KG_SPO];
    if (!BASE_RESERVE(&own.counts, 1))
        return base_fail(err, BASE_NO_MEMORY, "no memory to count changes");
    for (size_t start = 0, end; status == BASE_OK && start < own.count; start = end) {
        const uint32_t graph = rows[start].space / KG_LAYERS;
        for (end = start + 1; end < own.count && rows[end].space / KG_LAYERS == graph;)
            end++;
        status = count_graph(txn, &own, start, end, err);
    }
    if (status == BASE_OK && own.counts.count > 1)
        qsort(own.counts.items, own.counts.count, sizeof *own.counts.items, compare_counts);
    pthread_mutex_lock(lock);
    if (status == BASE_OK && !txn->delta->counts.items) {
        memcpy(&txn->delta->counts, &own.counts, sizeof own.counts);
        own.counts.items = NULL;
    }
    pthread_mutex_unlock(lock);
    free(own.counts.items);
    return status;
}

BaseStatus kg_delta_all_counts(KgTxn *txn, const KgDeltaCounts **out, size_t *count, BaseError *err)
{
    bool may_change;
    *out = NULL;
    *count = 0;
    BaseStatus status = kg_delta_may_have(txn, &may_change, err);
    if (status != BASE_OK || !may_change)
        return status;
    status = want_counts(txn, err);
    if (status == BASE_OK) {
        *out = txn->delta->counts.items;
        *count = txn->delta->counts.count;
    }
    return status;
}

BaseStatus kg_delta_counts(KgTxn *txn, uint32_t graph, KgId predicate, KgCounts *out, BaseError *err)
{
    const KgDeltaCounts *all;
    size_t count;
    const KgDeltaCounts wanted = {.graph = graph, .predicate = predicate};
    *out = (KgCounts){0};
    const BaseStatus status = kg_delta_all_counts(txn, &all, &count, err);
    const KgDeltaCounts *const found =
        status == BASE_OK && count ? bsearch(&wanted, all, count, sizeof *all, compare_counts) : NULL;
    if (found)
        *out = found->moved;
    return status;
}

/* ---- Folding ---- */

/* So many may wait. */
static BaseStatus find_limit(KgTxn *txn, size_t *out, BaseError *err)
{
    MDB_stat blocks;
    *out = KG_DELTA_ROWS;
    const int code = mdb_stat(txn->mdb, txn->store->tables[KG_ORDERS + KG_SPO], &blocks);
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(txn->store, code, "read", err);
    const size_t by_blocks = KG_DELTA_ROWS_OF_BLOCK * blocks.ms_entries;
    if (by_blocks > *out)
        *out = by_blocks < KG_DELTA_MOST_ROWS ? by_blocks : KG_DELTA_MOST_ROWS;
    return BASE_OK;
}

BaseStatus kg_delta_is_full(KgTxn *txn, bool *out, BaseError *err)
{
    const size_t exact = txn->store->limits.changes;
    size_t count, limit = exact;
    *out = false;
    size_t patched = 0;
    BaseStatus status = kg_delta_most(txn, &count, err);
    if (status == BASE_OK && count > (exact ? exact : KG_DELTA_ROWS))
        status = kg_patch_count(txn, &patched, err);
    count -= patched;
    if (status != BASE_OK || count <= (exact ? exact : KG_DELTA_ROWS))
        return status;
    status = exact ? kg_delta_count(txn, &count, err) : find_limit(txn, &limit, err);
    *out = status == BASE_OK && count > limit;
    return status;
}

/* One space's changes into one order. */
static BaseStatus fold_space(KgTxn *txn, KgIndex index, const KgDeltaRow *rows, size_t count, KgRows *columns,
                             unsigned char *ops, BaseError *err)
{
    columns->count = count;
    for (size_t i = 0; i < count; i++) {
        for (int c = 0; c < 3; c++)
            columns->columns[c][i] = rows[i].keys[c];
        uint32_t score;
        memcpy(&score, &rows[i].note.score, sizeof score);
        const uint64_t note[4] = {rows[i].note.source, rows[i].note.rule, rows[i].note.height, score};
        for (int c = 0; c < 4; c++)
            columns->columns[3 + c][i] = note[c];
        ops[i] = (unsigned char)rows[i].ops;
    }
    return kg_table_merge(txn, (KgTable)(KG_ORDERS + (int)index), rows->space, columns, ops, err);
}

static BaseStatus fold_order(KgTxn *txn, const KgDelta *delta, KgIndex index, KgRows *columns, unsigned char *ops,
                             BaseError *err)
{
    const KgDeltaRow *const rows = delta->rows[index];
    BaseStatus status = BASE_OK;
    for (size_t start = 0, end; status == BASE_OK && start < delta->count; start = end) {
        for (end = start + 1; end < delta->count && rows[end].space == rows[start].space;)
            end++;
        status = fold_space(txn, index, rows + start, end - start, columns, ops, err);
    }
    return status;
}

/* Into the tables, with all orders there. */
static BaseStatus fold_orders(KgTxn *txn, const KgDelta *delta, BaseError *err)
{
    KgRows columns = {0};
    unsigned char *const ops = malloc(delta->count ? delta->count : 1);
    BaseStatus status = BASE_OK;
    if (!ops || !kg_rows_reserve(&columns, KG_BLOCK_COLUMNS - 1, delta->count))
        status = base_fail(err, BASE_NO_MEMORY, "no memory to merge %zu changes", delta->count);
    for (int index = 0; status == BASE_OK && index < KG_INDEXES; index++)
        status = fold_order(txn, delta, (KgIndex)index, &columns, ops, err);
    kg_rows_free(&columns);
    free(ops);
    return status;
}

BaseStatus kg_delta_forget(KgTxn *txn, BaseError *err)
{
    BaseStatus status = kg_want_changes_tail(txn, err);
    if (status != BASE_OK)
        return status;
    const int code = kg_mdb_empty(txn, txn->store->tables[KG_CHANGES]);
    txn->has_patch_count = false;
    txn->delta_is_old = true;
    kg_changes_tail_clear(txn->changes_tail);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

BaseStatus kg_delta_fold(KgTxn *txn, BaseError *err)
{
    size_t most;
    BaseStatus status = kg_delta_most(txn, &most, err);
    if (status != BASE_OK || most == 0)
        return status;
    status = want_counts(txn, err);
    for (int index = KG_SPO + 1; status == BASE_OK && index < KG_INDEXES; index++)
        status = want_order(txn, (KgIndex)index, err);
    if (status == BASE_OK)
        status = fold_orders(txn, txn->delta, err);
    for (size_t i = 0; status == BASE_OK && i < txn->delta->counts.count; i++) {
        const KgDeltaCounts *const counts = &txn->delta->counts.items[i];
        status = kg_move_stored_counts(txn, counts->graph, counts->predicate, &counts->moved, err);
    }
    if (status == BASE_OK)
        status = kg_delta_forget(txn, err);
    if (status != BASE_OK)
        txn->broken = true;
    return status;
}

BaseStatus kg_delta_hide(KgTxn *txn, uint32_t space, const KgTriple *triples, size_t count, BaseError *err)
{
    KgDelta hidden = {.store = txn->store, .count = count};
    KgDeltaRow *const rows = hidden.rows[KG_SPO] = calloc(count ? count : 1, sizeof *rows);
    bool enough = rows != NULL;
    for (size_t i = 0; enough && i < count; i++)
        rows[i] = (KgDeltaRow){.keys = {triples[i].s, triples[i].p, triples[i].o}, .space = space, .ops = KG_HIDES};
    for (int index = KG_SPO + 1; enough && index < KG_INDEXES; index++)
        enough = (hidden.rows[index] = sort_rows(&hidden, (KgIndex)index)) != NULL;
    const BaseStatus status = enough ? fold_orders(txn, &hidden, err)
                                     : base_fail(err, BASE_NO_MEMORY, "no memory to delete %zu triples", count);
    if (status != BASE_OK)
        txn->broken = true;
    for (int index = 0; index < KG_INDEXES; index++)
        free(hidden.rows[index]);
    return status;
}

BaseStatus kg_delta_clear(KgTxn *txn, uint32_t space, BaseError *err)
{
    KgDeltaRows rows;
    BaseStatus status = kg_patch_clear(txn, space, err);
    if (status == BASE_OK)
        status = kg_delta_range(txn, KG_SPO, space, NULL, 0, &rows, err);
    for (size_t i = 0; status == BASE_OK && i < rows.count; i++)
        status = kg_delta_put(txn, space, kg_order_triple(rows.items[i].keys, KG_SPO), 0, NULL, err);
    return status;
}
