/* bulk.c - sorts the triples once, leaves out what is there, counts, and writes the four orders: sorted and packed side
 * by side where the space was empty, merged into what there is otherwise. */
#include "kg/bulk.h"

#include "kg/arrange.h"
#include "kg/delta.h"
#include "kg/patch.h"
#include "kg/track.h"
#include "kg/walker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STAGE "writing triples"
/* Threads do not pay for less. */
#define FEW_ROWS 10000
/* Rows between one look at the job and the next. */
#define SLICE_ROWS ((size_t)1 << 19)
/* What progress counts rows in: making codes, sorting, counting what is new, and of each order sorting and writing. */
#define STEPS_A_ROW (3 + 2 * KG_INDEXES)

/* ---- One bulk ---- */

typedef struct Load {
    KgTxn *txn;
    uint32_t graph;
    KgLayer layer;
    const KgBulk *bulk;
    KgArranger arranger;
    uint32_t *numbers; /* of the new triples, in SPO order */
    size_t count;
    bool into_empty;
    KgTally tally; /* of load_first */
    KgRows rows[KG_INDEXES];
    KgPacked packed[KG_INDEXES];
    bool enough[KG_INDEXES];
    BaseJob *job;
    pthread_mutex_t mutex; /* over done and what it is told to */
    uint64_t done, total;
    BaseError *err;
} Load;

static BaseStatus no_memory(const Load *load)
{
    return base_fail(load->err, BASE_NO_MEMORY, "no memory to sort %zu triples", load->bulk->count);
}

static BaseStatus cancelled(const Load *load)
{
    return base_job_cancelled(load->job) ? base_fail(load->err, BASE_CANCELLED, "cancelled while writing triples")
                                         : BASE_OK;
}

/* On any thread. False: cancelled. */
static bool advance(Load *load, size_t rows)
{
    pthread_mutex_lock(&load->mutex);
    load->done += rows;
    base_job_step(load->job, STAGE, "rows", load->done, load->total, NULL);
    pthread_mutex_unlock(&load->mutex);
    return !base_job_cancelled(load->job);
}

/* Drops the numbers of triples that the space has. */
static BaseStatus leave_out_known(Load *load)
{
    KgWalker walker;
    BaseStatus status = BASE_OK;
    size_t kept = 0;
    kg_walker_start(&walker, load->txn, kg_space(load->graph, load->layer));
    for (size_t i = 0; status == BASE_OK && i < load->count; i++) {
        uint64_t key[3];
        bool is_there;
        kg_arrange_row(&load->arranger, load->numbers[i], key);
        status = kg_walker_ask(&walker, key, &is_there, load->err);
        if (!is_there)
            load->numbers[kept++] = load->numbers[i];
    }
    load->count = kept;
    return status;
}

static BaseStatus count_new(Load *load)
{
    KgNewTally tally;
    BaseStatus status = kg_new_tally_start(&tally, load->txn, load->graph, load->layer, load->err);
    for (size_t i = 0; status == BASE_OK && i < load->count; i++) {
        uint64_t key[3];
        kg_arrange_row(&load->arranger, load->numbers[i], key);
        status = kg_new_tally_add(&tally, key, load->err);
    }
    if (status == BASE_OK)
        status = kg_new_tally_finish(&tally, load->err);
    kg_new_tally_free(&tally);
    return status;
}

/* The rows of SPO with their notes, from the numbers that are sorted already. */
static bool fill_spo(Load *load, uint64_t *added_by, uint32_t first)
{
    KgRows *const rows = &load->rows[KG_SPO];
    if (!kg_rows_reserve(rows, 7, load->count))
        return false;
    rows->count = load->count;
    for (size_t i = 0; i < load->count; i++) {
        uint64_t key[3];
        kg_arrange_row(&load->arranger, load->numbers[i], key);
        for (int c = 0; c < 3; c++)
            rows->columns[c][i] = key[c];
        const KgNote note =
            load->bulk->same ? *load->bulk->same : load->bulk->note(load->bulk->context, load->numbers[i]);
        uint32_t score;
        memcpy(&score, &note.score, sizeof score);
        rows->columns[3][i] = note.source;
        rows->columns[4][i] = note.rule;
        rows->columns[5][i] = note.height;
        rows->columns[6][i] = score;
        if (added_by)
            added_by[note.source - first]++;
    }
    return true;
}

/* Some of the rows, borrowed. */
static KgRows slice_of(const KgRows *rows, size_t start)
{
    const size_t left = rows->count - start;
    KgRows slice = {.count = left < SLICE_ROWS ? left : SLICE_ROWS};
    for (int c = 0; c < KG_BLOCK_COLUMNS; c++)
        slice.columns[c] = rows->columns[c] ? rows->columns[c] + start : NULL;
    return slice;
}

/* Packs an order's rows for an empty space. */
static bool pack_order(Load *load, KgIndex index)
{
    const KgRows *const rows = &load->rows[index];
    KgPacked *const out = &load->packed[index];
    const KgShape shape = kg_table_shape((KgTable)(KG_ORDERS + (int)index));
    for (size_t at = 0; at < rows->count;) {
        const KgRows slice = slice_of(rows, at);
        if (!kg_pack_rows(shape, kg_space(load->graph, load->layer), &slice, out))
            return false;
        size_t packed = slice.count;
        if (at + packed < rows->count) { /* what the last block would hold is packed with what follows */
            const struct KgPackedBlock *const last = &out->blocks.items[--out->blocks.count];
            out->bytes.count = last->offset;
            packed -= last->rows;
        }
        at += packed;
        if (!advance(load, packed))
            return true; /* and it is not written */
    }
    return true;
}

/* Sorts the rows of one order and, for an empty space, packs them. On any thread. */
static void make_order(void *context, size_t task, int worker)
{
    (void)worker;
    Load *const load = context;
    const KgIndex index = (KgIndex)task;
    if (base_job_cancelled(load->job))
        return;
    load->enough[index] = index == KG_SPO || kg_arrange_rows(&load->arranger, index, &load->rows[index]);
    if (load->enough[index] && advance(load, load->count) && load->into_empty) {
        load->enough[index] = pack_order(load, index);
        kg_rows_free(&load->rows[index]);
    }
}

static void make_orders(Load *load, void (*make)(void *context, size_t task, int worker))
{
    BasePool *const pool = load->arranger.count > FEW_ROWS ? base_pool_new(base_job_threads(load->job)) : NULL;
    base_parallel_for(pool, KG_INDEXES, make, load);
    base_pool_free(pool);
}

static BaseStatus merge_order(Load *load, KgIndex index)
{
    const KgTable table = (KgTable)(KG_ORDERS + (int)index);
    const KgRows *const rows = &load->rows[index];
    BaseStatus status = BASE_OK;
    for (size_t at = 0; status == BASE_OK && at < rows->count;) {
        const KgRows slice = slice_of(rows, at);
        status = kg_table_merge(load->txn, table, kg_space(load->graph, load->layer), &slice, NULL, load->err);
        at += slice.count;
        if (status == BASE_OK && !advance(load, slice.count))
            status = cancelled(load);
    }
    kg_rows_free(&load->rows[index]);
    return status;
}

static BaseStatus write_orders(Load *load)
{
    BaseStatus status = BASE_OK;
    for (int index = 0; status == BASE_OK && index < KG_INDEXES; index++) {
        status = cancelled(load);
        if (status == BASE_OK && !load->enough[index])
            status = no_memory(load);
        if (status == BASE_OK && !load->into_empty)
            status = merge_order(load, (KgIndex)index);
        else if (status == BASE_OK)
            status = kg_table_put_packed(load->txn, (KgTable)(KG_ORDERS + index), kg_space(load->graph, load->layer),
                                         &load->packed[index], load->err);
        kg_packed_free(&load->packed[index]);
    }
    return status;
}

static BaseStatus track_new(Load *load)
{
    bool is_wanted;
    BaseStatus status = kg_track_bulk(load->txn, load->graph, load->layer, load->count, &is_wanted, load->err);
    for (size_t i = 0; status == BASE_OK && is_wanted && i < load->count; i++) {
        uint64_t key[3];
        kg_arrange_row(&load->arranger, load->numbers[i], key);
        status = kg_track_noted(load->txn, (KgTriple){key[0], key[1], key[2]}, true, load->err);
    }
    return status;
}

/* ---- The first triples of a graph, all noted alike: nothing to look up, every order by itself ---- */

/* The rows are sorted by predicate: one count for each. */
static bool tally_predicates(Load *load)
{
    const KgRows *const rows = &load->rows[KG_PSO];
    for (size_t start = 0, end; start < rows->count; start = end) {
        const uint64_t predicate = rows->columns[0][start];
        for (end = start + 1; end < rows->count && rows->columns[0][end] == predicate;)
            end++;
        if (!kg_tally_add(&load->tally, predicate, 0, end - start))
            return false;
    }
    return true;
}

static bool note_all(Load *load)
{
    KgRows *const rows = &load->rows[KG_SPO];
    const KgNote *const note = load->bulk->same;
    uint32_t score;
    memcpy(&score, &note->score, sizeof score);
    const uint64_t values[4] = {note->source, note->rule, note->height, score};
    for (int c = 0; c < 4; c++) {
        uint64_t *const column = rows->columns[3 + c] = malloc((rows->count ? rows->count : 1) * sizeof *column);
        if (!column)
            return false;
        for (size_t i = 0; i < rows->count; i++)
            column[i] = values[c];
    }
    return true;
}

static void make_first_order(void *context, size_t task, int worker)
{
    (void)worker;
    Load *const load = context;
    const KgIndex index = (KgIndex)task;
    if (base_job_cancelled(load->job))
        return;
    load->enough[index] = kg_arrange_rows(&load->arranger, index, &load->rows[index]) &&
                          (index != KG_PSO || tally_predicates(load)) && (index != KG_SPO || note_all(load));
    if (index == KG_SPO)
        load->count = load->rows[KG_SPO].count;
    if (load->enough[index] && advance(load, load->bulk->count)) {
        load->enough[index] = pack_order(load, index);
        kg_rows_free(&load->rows[index]);
    }
}

static BaseStatus load_first(Load *load, uint64_t *added_by, uint32_t first)
{
    load->total = (uint64_t)load->bulk->count * (STEPS_A_ROW - 2); /* nothing is looked up or counted */
    make_orders(load, make_first_order);
    BaseStatus status = write_orders(load);
    if (status == BASE_OK)
        status = kg_track_lose(load->txn, load->graph, load->layer, load->err);
    if (status == BASE_OK)
        status = kg_tally_apply(&load->tally, load->txn, load->graph, load->layer, false, load->err);
    if (status == BASE_OK && added_by)
        added_by[load->bulk->same->source - first] += load->count;
    return status;
}

/* ---- Any others ---- */

static BaseStatus load_rows(Load *load, uint64_t *added_by, uint32_t first)
{
    KgCounts all;
    KgTxn *const txn = load->txn;
    BaseStatus status = kg_delta_fold(txn, load->err);
    if (status == BASE_OK)
        status = kg_get_counts(txn, load->graph, KG_ANY, &all, load->err);
    if (status != BASE_OK)
        return status;
    load->into_empty = kg_union_count(&all, KG_IN(load->layer)) == 0;
    const size_t count = load->bulk->count;
    load->total = (uint64_t)count * STEPS_A_ROW;
    advance(load, 0);
    if (!kg_arrange(txn, load->bulk->columns, count, &load->arranger))
        return no_memory(load);
    if (!advance(load, count))
        return cancelled(load);
    if (load->bulk->same && kg_union_count(&all, KG_ALL_LAYERS) == 0)
        return load_first(load, added_by, first);
    if (!kg_arrange_numbers(&load->arranger, KG_SPO, &load->numbers, &load->count))
        return no_memory(load);
    if (!advance(load, count))
        return cancelled(load);
    if (!load->into_empty)
        status = leave_out_known(load);
    if (status != BASE_OK || load->count == 0)
        return status;
    status = count_new(load);
    if (status == BASE_OK)
        status = track_new(load);
    if (status == BASE_OK &&
        (!fill_spo(load, added_by, first) || !kg_arrange_keep(&load->arranger, load->numbers, load->count)))
        status = no_memory(load);
    load->total -= (uint64_t)(count - load->count) * 2 * KG_INDEXES;
    if (status == BASE_OK && !advance(load, count))
        status = cancelled(load);
    if (status != BASE_OK)
        return status;
    make_orders(load, make_order);
    return write_orders(load);
}

/* Few beside what there is: as changes. */
static BaseStatus patch_rows(Load *load, uint64_t *added_by, uint32_t first)
{
    const KgBulk *const bulk = load->bulk;
    KgChange *const changes = malloc(bulk->count * sizeof *changes);
    bool *const added = calloc(bulk->count, sizeof *added);
    BaseStatus status = changes && added ? BASE_OK : no_memory(load);
    for (size_t i = 0; status == BASE_OK && i < bulk->count; i++)
        changes[i] = (KgChange){.record = {{bulk->columns[0][i], bulk->columns[1][i], bulk->columns[2][i]},
                                           bulk->same ? *bulk->same : bulk->note(bulk->context, i)}};
    if (status == BASE_OK)
        status = kg_patch_change(load->txn, load->layer, changes, bulk->count, true, added, &load->count, load->err);
    for (size_t i = 0; status == BASE_OK && added_by && i < bulk->count; i++)
        added_by[changes[i].record.note.source - first] += added[i];
    free(changes);
    free(added);
    return status;
}

BaseStatus kg_bulk_add(KgTxn *txn, uint32_t graph, KgLayer layer, const KgBulk *bulk, uint64_t *added,
                       uint64_t *added_by, uint32_t first, BaseJob *job, BaseError *err)
{
    if (bulk->count == 0)
        return BASE_OK;
    if (bulk->count > UINT32_MAX)
        return base_fail(err, BASE_BAD_CALL, "%zu triples at once are too many", bulk->count);
    Load load = {.txn = txn, .graph = graph, .layer = layer, .bulk = bulk, .job = job, .err = err};
    pthread_mutex_init(&load.mutex, NULL);
    bool is_patch = false;
    BaseStatus status = graph == 0 ? kg_patch_fits(txn, bulk->count, &is_patch, err) : BASE_OK;
    if (status == BASE_OK)
        status = is_patch ? patch_rows(&load, added_by, first) : load_rows(&load, added_by, first);
    pthread_mutex_destroy(&load.mutex);
    if (status == BASE_OK && added)
        *added += load.count;
    if (status != BASE_OK)
        txn->broken = true;
    for (int index = 0; index < KG_INDEXES; index++) {
        kg_rows_free(&load.rows[index]);
        kg_packed_free(&load.packed[index]);
    }
    kg_arrange_free(&load.arranger);
    kg_tally_free(&load.tally);
    free(load.numbers);
    return status;
}
