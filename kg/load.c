/* load.c - the loader: gives terms their ids batch by batch, in the order first met, and gathers triples by graph. What
 * fits into memory goes from there into the tables (bulk.c); of a graph that does not, sorted runs go to disk, and each
 * order is merged from runs of its own. */
#include "kg/load.h"

#include "kg/arrange.h"
#include "kg/bulk.h"
#include "kg/delta.h"
#include "kg/spill.h"
#include "kg/terms.h"
#include "kg/track.h"
#include "kg/walker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What sorting a triple takes at its worst, in bytes: its ids, their codes, keys and scratch, the sorted columns. */
#define ROW_BYTES 160
/* What LMDB keeps in memory of a transaction before it writes pages early: 2^17 of them. */
#define LMDB_BYTES ((uint64_t)1 << 29)
#define LEAST_KNOWN ((size_t)1 << 20)
#define LEAST_ROWS ((size_t)1 << 16)
/* Rows that go from merged runs into the tables at once. */
#define CHUNK_ROWS ((size_t)1 << 19)
/* Terms between one step of fetching what a search needs and the next. */
#define FETCH_TERMS 8
#define STAGE "writing triples"

/* The triples of a graph that are in memory; those before them are in `spill`. */
typedef struct LoadGraph {
    KgId graph;
    KgRows rows; /* s, p, o, source */
    KgSpill *spill;
    uint64_t total;
} LoadGraph;

struct KgLoader {
    KgTxn *txn;
    KgLoadOptions options;
    size_t most_rows, rows; /* in memory: at most, and now */
    size_t chunk_rows;
    struct {
        KgId *items; /* of the terms of the batch */
        size_t count, capacity;
    } ids;
    BaseMap places; /* graph -> place in `graphs` */
    struct {
        LoadGraph *items;
        size_t count, capacity;
    } graphs;
};

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for the triples to load");
}

static uint64_t default_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes / 3 : UINT64_C(1) << 30;
}

/* For rows and for known terms: a quarter is left to LMDB and the readers, or what LMDB may take where that is more.
 * Of less than 1 GiB half is left to them, and a database of hundreds of megabytes takes somewhat more than was said.
 */
static uint64_t memory_for_rows(uint64_t memory)
{
    const uint64_t most = memory / 4 * 3, least = memory / 2, left = memory > LMDB_BYTES ? memory - LMDB_BYTES : 0;
    return left > most ? most : (left < least ? least : left);
}

BaseStatus kg_load_begin(KgTxn *txn, const KgLoadOptions *options, KgLoader **out, BaseError *err)
{
    KgLoader *const loader = *out = calloc(1, sizeof *loader);
    if (!loader)
        return no_memory(err);
    *loader = (KgLoader){.txn = txn, .options = *options};
    const uint64_t memory = memory_for_rows(options->memory ? options->memory : default_memory());
    loader->most_rows = (size_t)(memory / 3 * 2 / ROW_BYTES);
    if (loader->most_rows < LEAST_ROWS)
        loader->most_rows = LEAST_ROWS;
    if (loader->most_rows > UINT32_MAX)
        loader->most_rows = UINT32_MAX;
    loader->most_rows = kg_limit(txn->store->limits.loaded_rows, loader->most_rows);
    loader->chunk_rows = kg_limit(txn->store->limits.chunk_rows, CHUNK_ROWS);
    const size_t known = memory / 3 > LEAST_KNOWN ? (size_t)(memory / 3) : LEAST_KNOWN;
    txn->known_limit = kg_limit(txn->store->limits.known_bytes, known);
    return BASE_OK;
}

void kg_load_free(KgLoader *loader)
{
    if (!loader)
        return;
    for (size_t i = 0; i < loader->graphs.count; i++) {
        kg_rows_free(&loader->graphs.items[i].rows);
        kg_spill_free(loader->graphs.items[i].spill);
    }
    free(loader->graphs.items);
    base_map_free(&loader->places);
    free(loader->ids.items);
    free(loader);
}

/* ---- Sorted runs to disk ---- */

/* The triples in memory as columns sorted in SPO order, each once, the first of equal ones. */
static bool sort_rows(KgTxn *txn, const KgRows *rows, KgRows *out)
{
    KgArranger arranger;
    uint32_t *numbers = NULL;
    size_t count = 0;
    const uint64_t *const columns[3] = {rows->columns[0], rows->columns[1], rows->columns[2]};
    const bool enough = kg_arrange(txn, columns, rows->count, &arranger) &&
                        kg_arrange_numbers(&arranger, KG_SPO, &numbers, &count) && kg_rows_reserve(out, 4, count);
    kg_arrange_free(&arranger);
    for (size_t i = 0; enough && i < count; i++)
        for (int c = 0; c < 4; c++)
            out->columns[c][i] = rows->columns[c][numbers[i]];
    out->count = count;
    free(numbers);
    return enough;
}

static BaseStatus spill_graph(KgLoader *loader, LoadGraph *graph, BaseError *err)
{
    KgRows sorted = {0};
    BaseStatus status = BASE_OK;
    if (!graph->spill)
        status = kg_spill_new(loader->txn->store->path, (KgShape){3, 1}, &graph->spill, err);
    if (status == BASE_OK && !sort_rows(loader->txn, &graph->rows, &sorted))
        status = no_memory(err);
    if (status == BASE_OK)
        status = kg_spill_add(graph->spill, &sorted, err);
    loader->rows -= graph->rows.count;
    kg_rows_free(&graph->rows);
    kg_rows_free(&sorted);
    return status;
}

/* Makes room: the largest graphs go to disk until half of what there is has gone. */
static BaseStatus make_room(KgLoader *loader, BaseError *err)
{
    BaseStatus status = BASE_OK;
    while (status == BASE_OK && loader->rows > loader->most_rows / 2) {
        LoadGraph *largest = &loader->graphs.items[0];
        for (size_t i = 1; i < loader->graphs.count; i++)
            if (loader->graphs.items[i].rows.count > largest->rows.count)
                largest = &loader->graphs.items[i];
        status = spill_graph(loader, largest, err);
    }
    return status;
}

/* ---- Batches ---- */

static LoadGraph *find_graph(KgLoader *loader, KgId graph)
{
    bool is_new;
    const uint64_t *const place = base_map_put(&loader->places, graph, loader->graphs.count, &is_new);
    if (!place || (is_new && !BASE_PUSH(&loader->graphs, (LoadGraph){.graph = graph})))
        return NULL;
    return &loader->graphs.items[*place];
}

static BaseHash128 hash_of(const KgLoader *loader, const KgBatch *batch, size_t place)
{
    const uint64_t mask = loader->txn->store->hash_mask;
    const BaseHash128 hash = batch->terms.items[place].hash;
    return (BaseHash128){hash.high & mask, hash.low & mask};
}

/* What the searches for the terms after this one will need. */
static void fetch_ahead(const KgLoader *loader, const KgBatch *batch, size_t place)
{
    for (int step = 0; step < KG_FETCH_STEPS; step++) {
        const size_t ahead = place + (size_t)(KG_FETCH_STEPS - step) * FETCH_TERMS;
        if (ahead < batch->terms.count)
            kg_term_set_fetch(&loader->txn->known.set, hash_of(loader, batch, ahead), step);
    }
}

static BaseStatus find_ids(KgLoader *loader, const KgBatch *batch, BaseError *err)
{
    loader->ids.count = 0;
    if (!BASE_RESERVE(&loader->ids, batch->terms.count))
        return no_memory(err);
    for (size_t i = 0; i < batch->terms.count; i++) {
        const KgBatchTerm *const term = &batch->terms.items[i];
        const KgText text = {batch->bytes.items + term->offset, term->length};
        fetch_ahead(loader, batch, i);
        const BaseStatus status =
            kg_intern_encoded(loader->txn, hash_of(loader, batch, i), text, &loader->ids.items[i], err);
        if (status != BASE_OK)
            return status;
    }
    loader->ids.count = batch->terms.count;
    return BASE_OK;
}

static KgId known_id(const KgLoader *loader, KgId id)
{
    return id == KG_ANY || kg_tag(id) != 0 ? id : loader->ids.items[id - 1];
}

BaseStatus kg_load_batch(KgLoader *loader, const KgBatch *batch, uint32_t source, BaseError *err)
{
    BaseStatus status = find_ids(loader, batch, err);
    LoadGraph *graph = NULL;
    for (size_t i = 0; status == BASE_OK && i < batch->quads.count; i++) {
        const KgBatchQuad *const quad = &batch->quads.items[i];
        const KgId name = known_id(loader, quad->g);
        if (!graph || graph->graph != name)
            graph = find_graph(loader, name);
        if (!graph || !kg_rows_reserve(&graph->rows, 4, graph->rows.count + 1))
            return no_memory(err);
        KgRows *const rows = &graph->rows;
        rows->columns[0][rows->count] = known_id(loader, quad->s);
        rows->columns[1][rows->count] = known_id(loader, quad->p);
        rows->columns[2][rows->count] = known_id(loader, quad->o);
        rows->columns[3][rows->count] = source;
        rows->count++;
        graph->total++;
        if (++loader->rows >= loader->most_rows) {
            status = make_room(loader, err);
            graph = NULL;
        }
    }
    return status;
}

/* ---- A graph larger than memory ---- */

/* Rows that follow all those put before, and, where the space was empty, as blocks. */
typedef struct Chunk {
    KgRows rows;
    KgPacked packed;
} Chunk;

typedef struct Pass {
    KgLoader *loader;
    uint32_t graph; /* its number */
    uint32_t space;
    bool into_empty;
    uint64_t done, total;
    KgSpill *fresh;              /* the new triples in SPO order, as runs */
    KgSpill *orders[KG_INDEXES]; /* and in the other orders */
    KgArranger arranger;
    Chunk chunks[KG_INDEXES];
    BaseStatus statuses[KG_INDEXES];
    BaseError errors[KG_INDEXES];
} Pass;

static BaseStatus step(Pass *pass, uint64_t rows, BaseError *err)
{
    BaseJob *const job = pass->loader->options.job;
    pass->done += rows;
    base_job_step(job, STAGE, "rows", pass->done, pass->total, NULL);
    return base_job_cancelled(job) ? base_fail(err, BASE_CANCELLED, "cancelled while writing triples") : BASE_OK;
}

static void free_chunk(Chunk *chunk)
{
    kg_rows_free(&chunk->rows);
    kg_packed_free(&chunk->packed);
}

/* On any thread. */
static bool pack_chunk(const Pass *pass, KgIndex index, Chunk *chunk)
{
    chunk->packed.bytes.count = chunk->packed.blocks.count = 0;
    return !pass->into_empty ||
           kg_pack_rows(kg_table_shape((KgTable)(KG_ORDERS + (int)index)), pass->space, &chunk->rows, &chunk->packed);
}

static BaseStatus put_chunk(const Pass *pass, KgIndex index, const Chunk *chunk, BaseError *err)
{
    const KgTable table = (KgTable)(KG_ORDERS + (int)index);
    KgTxn *const txn = pass->loader->txn;
    return pass->into_empty ? kg_table_put_packed(txn, table, pass->space, &chunk->packed, err)
                            : kg_table_merge(txn, table, pass->space, &chunk->rows, NULL, err);
}

/* Leaves only the rows that the space does not have, and counts them. */
static BaseStatus keep_new(Pass *pass, KgRows *rows, KgNewTally *tally, uint64_t *added_by, uint32_t first,
                           BaseError *err)
{
    KgWalker walker;
    size_t kept = 0;
    BaseStatus status = BASE_OK;
    kg_walker_start(&walker, pass->loader->txn, pass->space);
    for (int layer = 0; layer < KG_LAYERS; layer++)
        tally->walkers[layer].is_open = false; /* the tables were written to since */
    for (size_t i = 0; status == BASE_OK && i < rows->count; i++) {
        const uint64_t key[3] = {rows->columns[0][i], rows->columns[1][i], rows->columns[2][i]};
        bool is_there = false;
        if (!pass->into_empty)
            status = kg_walker_ask(&walker, key, &is_there, err);
        if (status == BASE_OK && !is_there)
            status = kg_new_tally_add(tally, key, err);
        if (status != BASE_OK || is_there)
            continue;
        for (int c = 0; c < 4; c++)
            rows->columns[c][kept] = rows->columns[c][i];
        if (added_by)
            added_by[rows->columns[3][kept] - first]++;
        kept++;
    }
    rows->count = kept;
    return status;
}

/* From the runs into SPO; what is new goes to pass->fresh as well. */
static BaseStatus write_spo(Pass *pass, KgSpill *spill, uint64_t *added, uint64_t *added_by, uint32_t first,
                            BaseError *err)
{
    Chunk chunk = {0};
    KgRows *const rows = &chunk.rows;
    KgNewTally tally;
    BaseStatus status = kg_new_tally_start(&tally, pass->loader->txn, pass->graph, pass->loader->options.layer, err);
    if (status == BASE_OK &&
        !kg_rows_reserve(rows, 7, pass->loader->chunk_rows)) /* the notes beside their source are 0 */
        status = no_memory(err);
    for (int c = 4; status == BASE_OK && c < 7; c++)
        memset(rows->columns[c], 0, rows->capacity * sizeof *rows->columns[c]);
    if (status == BASE_OK)
        status = kg_spill_rewind(spill, err);
    while (status == BASE_OK && (status = kg_spill_next(spill, pass->loader->chunk_rows, rows, err)) == BASE_OK) {
        const size_t read = rows->count;
        status = keep_new(pass, rows, &tally, added_by, first, err);
        if (status == BASE_OK)
            status = kg_spill_add(pass->fresh, rows, err);
        if (status == BASE_OK)
            status = pack_chunk(pass, KG_SPO, &chunk) ? put_chunk(pass, KG_SPO, &chunk, err) : no_memory(err);
        *added += rows->count;
        if (status == BASE_OK)
            status = step(pass, read, err);
    }
    if (status == BASE_END)
        status = kg_new_tally_finish(&tally, err);
    kg_new_tally_free(&tally);
    free_chunk(&chunk);
    return status;
}

static const KgIndex other_orders[] = {KG_POS, KG_OSP, KG_PSO};
#define OTHER_ORDERS (sizeof other_orders / sizeof *other_orders)

/* Sorts what was read in one of the other orders, as a run of that order. On any thread. */
static void sort_order(void *context, size_t task, int worker)
{
    (void)worker;
    Pass *const pass = context;
    const KgIndex index = other_orders[task];
    KgRows rows = {0};
    pass->statuses[index] = kg_arrange_rows(&pass->arranger, index, &rows)
                                ? kg_spill_add(pass->orders[index], &rows, &pass->errors[index])
                                : no_memory(&pass->errors[index]);
    kg_rows_free(&rows);
}

/* What became of an order on a thread. */
static BaseStatus status_of(const Pass *pass, KgIndex index, BaseError *err)
{
    if (pass->statuses[index] != BASE_OK && err && err->status == BASE_OK)
        *err = pass->errors[index];
    return pass->statuses[index];
}

static BaseStatus sort_orders(Pass *pass, BasePool *pool, BaseError *err)
{
    KgRows rows = {0};
    BaseStatus status = kg_spill_rewind(pass->fresh, err);
    while (status == BASE_OK && (status = kg_spill_next(pass->fresh, pass->loader->most_rows, &rows, err)) == BASE_OK) {
        const uint64_t *const columns[3] = {rows.columns[0], rows.columns[1], rows.columns[2]};
        if (!kg_arrange(pass->loader->txn, columns, rows.count, &pass->arranger))
            status = no_memory(err);
        const size_t count = rows.count;
        kg_rows_free(&rows); /* the codes stand for them */
        if (status == BASE_OK)
            base_parallel_for(pool, OTHER_ORDERS, sort_order, pass);
        for (size_t i = 0; status == BASE_OK && i < OTHER_ORDERS; i++)
            status = status_of(pass, other_orders[i], err);
        kg_arrange_free(&pass->arranger);
        if (status == BASE_OK)
            status = step(pass, count, err);
    }
    kg_rows_free(&rows);
    return status == BASE_END ? BASE_OK : status;
}

/* The next rows of one of the other orders. On any thread. */
static void read_order(void *context, size_t task, int worker)
{
    (void)worker;
    Pass *const pass = context;
    const KgIndex index = other_orders[task];
    BaseStatus *const status = &pass->statuses[index];
    if (*status == BASE_OK)
        *status = kg_spill_next(pass->orders[index], pass->loader->chunk_rows, &pass->chunks[index].rows,
                                &pass->errors[index]);
    if (*status == BASE_OK && !pack_chunk(pass, index, &pass->chunks[index]))
        *status = no_memory(&pass->errors[index]);
}

/* Merges the runs of each of the other orders, side by side, and puts them into the tables. */
static BaseStatus write_orders(Pass *pass, BasePool *pool, BaseError *err)
{
    BaseStatus status = BASE_OK;
    size_t ended = 0;
    for (size_t i = 0; status == BASE_OK && i < OTHER_ORDERS; i++)
        status = kg_spill_rewind(pass->orders[other_orders[i]], err);
    while (status == BASE_OK && ended < OTHER_ORDERS) {
        base_parallel_for(pool, OTHER_ORDERS, read_order, pass);
        ended = 0;
        for (size_t i = 0; status == BASE_OK && i < OTHER_ORDERS; i++) {
            const KgIndex index = other_orders[i];
            ended += pass->statuses[index] == BASE_END;
            if (pass->statuses[index] == BASE_END)
                continue;
            status = status_of(pass, index, err);
            if (status == BASE_OK)
                status = put_chunk(pass, index, &pass->chunks[index], err);
            if (status == BASE_OK)
                status = step(pass, pass->chunks[index].rows.count, err);
        }
    }
    return status;
}

static BaseStatus start_pass(KgLoader *loader, LoadGraph *graph, Pass *pass, BaseError *err)
{
    KgCounts all;
    const char *const folder = loader->txn->store->path;
    BaseStatus status = spill_graph(loader, graph, err);
    if (status == BASE_OK)
        status = kg_graph_number(loader->txn, graph->graph, true, &pass->graph, err);
    if (status == BASE_OK)
        status = kg_delta_fold(loader->txn, err);
    if (status == BASE_OK)
        status = kg_get_counts(loader->txn, pass->graph, KG_ANY, &all, err);
    if (status == BASE_OK)
        status = kg_spill_new(folder, (KgShape){3, 0}, &pass->fresh, err);
    for (size_t i = 0; status == BASE_OK && i < OTHER_ORDERS; i++)
        status = kg_spill_new(folder, (KgShape){3, 0}, &pass->orders[other_orders[i]], err);
    pass->space = kg_space(pass->graph, loader->options.layer);
    pass->into_empty = status == BASE_OK && kg_union_count(&all, KG_IN(loader->options.layer)) == 0;
    return status;
}

static BaseStatus load_spilled(KgLoader *loader, LoadGraph *graph, uint64_t *added, uint64_t *added_by, uint32_t first,
                               BaseError *err)
{
    Pass pass = {.loader = loader};
    BasePool *const pool = base_pool_new(base_job_threads(loader->options.job));
    pass.total = graph->total * 5; /* SPO, sorting, and the three others */
    BaseStatus status = step(&pass, 0, err);
    if (status == BASE_OK)
        status = start_pass(loader, graph, &pass, err);
    if (status == BASE_OK)
        status = kg_track_lose(loader->txn, pass.graph, loader->options.layer, err);
    if (status == BASE_OK)
        status = write_spo(&pass, graph->spill, added, added_by, first, err);
    kg_spill_free(graph->spill);
    graph->spill = NULL;
    if (status == BASE_OK)
        status = sort_orders(&pass, pool, err);
    kg_spill_free(pass.fresh);
    pass.fresh = NULL;
    if (status == BASE_OK)
        status = write_orders(&pass, pool, err);
    for (int index = 0; index < KG_INDEXES; index++) {
        kg_spill_free(pass.orders[index]);
        free_chunk(&pass.chunks[index]);
    }
    base_pool_free(pool);
    return status;
}

/* ---- All graphs ---- */

static KgNote note_of_row(const void *context, size_t row)
{
    return (KgNote){.source = (uint32_t)((const KgRows *)context)->columns[3][row]};
}

static BaseStatus load_graph(KgLoader *loader, LoadGraph *graph, uint64_t *added, uint64_t *added_by, uint32_t first,
                             BaseError *err)
{
    uint32_t number;
    const KgRows *const rows = &graph->rows;
    if (graph->spill)
        return load_spilled(loader, graph, added, added_by, first, err);
    const KgNote note = rows->count ? note_of_row(rows, 0) : (KgNote){0};
    bool same = true;
    for (size_t i = 0; same && i < rows->count; i++)
        same = rows->columns[3][i] == note.source;
    const KgBulk bulk = {
        {rows->columns[0], rows->columns[1], rows->columns[2]}, rows->count, same ? &note : NULL, note_of_row, rows};
    BaseStatus status = kg_graph_number(loader->txn, graph->graph, true, &number, err);
    if (status == BASE_OK)
        status = kg_bulk_add(loader->txn, number, loader->options.layer, &bulk, added, added_by, first,
                             loader->options.job, err);
    return status;
}

BaseStatus kg_load_finish(KgLoader *loader, uint64_t *added, uint64_t *added_by, uint32_t first, BaseError *err)
{
    BaseStatus status = BASE_OK;
    *added = 0;
    for (size_t i = 0; status == BASE_OK && i < loader->graphs.count; i++) {
        status = load_graph(loader, &loader->graphs.items[i], added, added_by, first, err);
        kg_rows_free(&loader->graphs.items[i].rows);
    }
    if (status != BASE_OK)
        loader->txn->broken = true;
    return status;
}
