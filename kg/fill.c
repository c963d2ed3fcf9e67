/* fill.c - many triples given as columns of numbers into a layer that is empty. A triple is coded as one number in each
 * of the four orders; one order after the other, the numbers are dealt into chunks by their upper bits, and each chunk,
 * small enough for a core's cache, is sorted and packed into blocks: threads share the chunks, and beside the blocks a
 * number per triple is all the memory that is used. */
#include "kg/fill.h"

#include "kg/delta.h"
#include "kg/sort.h"
#include "kg/track.h"
#include "kg/walker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STAGE "writing triples"
#define FEW_ROWS 4096                  /* fewer go the way of single records */
#define CHUNK_ROWS 32768               /* wanted in a chunk: twice as many numbers fit a core's cache */
#define PIECE_ROWS ((uint64_t)1 << 18) /* that a thread deals out at a time */
#define MOST_PIECES 64
#define MOST_BUCKET_BITS 11
#define STEPS_A_ROW (2 * KG_INDEXES) /* what progress counts: dealing and packing, for each order */

typedef struct Chunk {
    size_t start, end; /* of the numbers */
    size_t rows;       /* different ones */
    KgPacked packed;
} Chunk;

typedef struct Worker {
    KgRows rows;
    uint64_t *scratch;
    size_t capacity; /* of scratch */
} Worker;

typedef struct Fill {
    KgTxn *txn;
    KgLayer layer;
    KgFillCodes codes;
    BasePool *pool;
    Worker *workers;
    BaseJob *job;
    BaseError *err;
    pthread_mutex_t mutex; /* over done, what it is told to, and is_short */
    uint64_t done, total;
    size_t chunk_rows;
    bool is_short; /* of memory */
    /* The order at hand: */
    KgIndex index;
    int widths[3], part_bits; /* of a number: the codes in their order, and below them, in SPO, the part */
    int bucket_bits, shift;
    size_t piece_count;
    size_t (*ends)[1 << MOST_BUCKET_BITS]; /* by piece and bucket: how many, then where the next one goes */
    uint64_t *numbers;
    struct {
        Chunk *items;
        size_t count, capacity;
    } chunks;
} Fill;

static BaseStatus no_memory(const Fill *fill)
{
    return base_fail(fill->err, BASE_NO_MEMORY, "no memory to sort %llu triples",
                     (unsigned long long)fill->codes.starts[fill->codes.part_count]);
}

static BaseStatus how_it_went(const Fill *fill)
{
    if (base_job_cancelled(fill->job))
        return base_fail(fill->err, BASE_CANCELLED, "cancelled while writing triples");
    return fill->is_short ? no_memory(fill) : BASE_OK;
}

/* On any thread. */
static void advance(Fill *fill, size_t rows, bool is_fine)
{
    pthread_mutex_lock(&fill->mutex);
    fill->is_short |= !is_fine;
    fill->done += rows;
    base_job_step(fill->job, STAGE, "rows", fill->done, fill->total, NULL);
    pthread_mutex_unlock(&fill->mutex);
}

/* ---- Dealing ---- */

static uint64_t row_count(const Fill *fill)
{
    return fill->codes.starts[fill->codes.part_count];
}

/* The part that the row is in. */
static size_t part_of(const KgFillCodes *codes, uint64_t row)
{
    size_t from = 0, to = codes->part_count;
    while (to - from > 1) {
        const size_t middle = from + (to - from) / 2;
        if (codes->starts[middle] <= row)
            from = middle;
        else
            to = middle;
    }
    return from;
}

/* Hands the numbers of a piece's rows to its counts, or (is_dealt) to where they belong. */
static void go_through(Fill *fill, size_t piece, bool is_dealt)
{
    const KgFillCodes *const codes = &fill->codes;
    const int *const places = kg_places[fill->index];
    const uint64_t end = row_count(fill) * (piece + 1) / fill->piece_count;
    const int second = fill->widths[1] + fill->widths[2], third = fill->widths[2];
    size_t *const ends = fill->ends[piece];
    uint64_t row = row_count(fill) * piece / fill->piece_count;
    for (size_t part = row < end ? part_of(codes, row) : 0; row < end; part++) {
        const KgFillRows rows = kg_fill_rows(codes, part);
        const uint64_t stop = codes->starts[part + 1] < end ? codes->starts[part + 1] : end;
        for (size_t i = (size_t)(row - codes->starts[part]); row < stop; row++, i++) {
            uint32_t code[3];
            if (!kg_fill_row(codes, &rows, i, code))
                continue;
            code[1] = codes->predicate_codes[code[1]];
            uint64_t number =
                (uint64_t)code[places[0]] << second | (uint64_t)code[places[1]] << third | code[places[2]];
            number = number << fill->part_bits | (fill->part_bits ? part : 0);
            const size_t bucket = (size_t)(number >> fill->shift);
            if (is_dealt)
                fill->numbers[ends[bucket]] = number;
            ends[bucket]++;
        }
    }
}

static void count_piece(void *context, size_t piece, int worker)
{
    (void)worker;
    go_through(context, piece, false);
}

static void deal_piece(void *context, size_t piece, int worker)
{
    (void)worker;
    Fill *const fill = context;
    go_through(fill, piece, true);
    advance(fill, row_count(fill) / fill->piece_count, true);
}

static bool end_chunk(Fill *fill, size_t start, size_t end)
{
    return start == end || BASE_PUSH(&fill->chunks, (Chunk){.start = start, .end = end});
}

/* Makes the counts places, and chunks of buckets. */
static bool place_buckets(Fill *fill)
{
    size_t place = 0, start = 0;
    for (size_t bucket = 0; bucket < (size_t)1 << fill->bucket_bits; bucket++) {
        const size_t before = place;
        for (size_t piece = 0; piece < fill->piece_count; piece++) {
            const size_t count = fill->ends[piece][bucket];
            fill->ends[piece][bucket] = place;
            place += count;
        }
        if (place - start <= fill->chunk_rows)
            continue;
        if (!end_chunk(fill, start, before))
            return false;
        start = before;
    }
    return end_chunk(fill, start, place);
}

static void choose_widths(Fill *fill)
{
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        fill->widths[i] = kg_places[fill->index][i] == 1 ? fill->codes.predicate_bits : fill->codes.term_bits;
        sum += fill->widths[i];
    }
    fill->part_bits = fill->index == KG_SPO ? fill->codes.part_bits : 0;
    sum += fill->part_bits;
    fill->bucket_bits = 0;
    while (fill->bucket_bits < MOST_BUCKET_BITS && fill->bucket_bits < sum &&
           row_count(fill) >> fill->bucket_bits > fill->chunk_rows / 4)
        fill->bucket_bits++;
    fill->shift = sum - fill->bucket_bits;
}

static void deal(Fill *fill)
{
    choose_widths(fill);
    memset(fill->ends, 0, fill->piece_count * sizeof *fill->ends);
    base_parallel_for(fill->pool, fill->piece_count, count_piece, fill);
    if (!place_buckets(fill))
        fill->is_short = true;
    else
        base_parallel_for(fill->pool, fill->piece_count, deal_piece, fill);
}

/* ---- Chunks ---- */

static uint64_t low_bits(uint64_t number, int bits)
{
    return number & ((UINT64_C(1) << bits) - 1);
}

static uint64_t id_of(const Fill *fill, int place, uint64_t code)
{
    return fill->codes.ids[place == 1 ? fill->codes.predicates[code] : code];
}

/* The rows of a chunk's sorted numbers, of equal ones the first. */
static void decode(const Fill *fill, const uint64_t *numbers, size_t count, KgRows *out)
{
    const int *const places = kg_places[fill->index];
    uint64_t before = 0;
    out->count = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t number = numbers[i] >> fill->part_bits;
        if (i > 0 && number == before)
            continue;
        const size_t row = out->count++;
        before = number;
        out->columns[2][row] = id_of(fill, places[2], low_bits(number, fill->widths[2]));
        out->columns[1][row] = id_of(fill, places[1], low_bits(number >> fill->widths[2], fill->widths[1]));
        out->columns[0][row] = id_of(fill, places[0], number >> (fill->widths[1] + fill->widths[2]));
        if (fill->index != KG_SPO)
            continue;
        const KgNote *const note = &fill->codes.parts[low_bits(numbers[i], fill->part_bits)].note;
        uint32_t score;
        memcpy(&score, &note->score, sizeof score);
        out->columns[3][row] = note->source;
        out->columns[4][row] = note->rule;
        out->columns[5][row] = note->height;
        out->columns[6][row] = score;
    }
}

static bool has_room(Worker *worker, size_t count)
{
    if (count > worker->capacity) {
        free(worker->scratch);
        worker->scratch = malloc(count * sizeof *worker->scratch);
        worker->capacity = worker->scratch ? count : 0;
    }
    return worker->scratch && kg_rows_reserve(&worker->rows, 7, count);
}

static void make_chunk(void *context, size_t task, int number)
{
    Fill *const fill = context;
    Worker *const worker = &fill->workers[number];
    Chunk *const chunk = &fill->chunks.items[task];
    const size_t count = chunk->end - chunk->start;
    uint64_t *const numbers = fill->numbers + chunk->start;
    if (base_job_cancelled(fill->job))
        return;
    bool is_fine = has_room(worker, count);
    if (is_fine) {
        kg_sort_keys(numbers, worker->scratch, count, fill->shift + fill->bucket_bits);
        decode(fill, numbers, count, &worker->rows);
        chunk->rows = worker->rows.count;
        is_fine = kg_pack_rows(kg_table_shape((KgTable)(KG_ORDERS + (int)fill->index)), kg_space(0, fill->layer),
                               &worker->rows, &chunk->packed);
    }
    advance(fill, count, is_fine);
}

static BaseStatus write_chunks(Fill *fill)
{
    BaseStatus status = how_it_went(fill);
    for (size_t i = 0; i < fill->chunks.count; i++) {
        if (status == BASE_OK)
            status = kg_table_put_packed(fill->txn, (KgTable)(KG_ORDERS + (int)fill->index), kg_space(0, fill->layer),
                                         &fill->chunks.items[i].packed, fill->err);
        kg_packed_free(&fill->chunks.items[i].packed);
    }
    return status;
}

/* ---- Counting ---- */

/* Predicates, by code, of which other layers have triples. */
static BaseStatus find_shared(const Fill *fill, bool *is_shared)
{
    BaseStatus status = BASE_OK;
    for (uint32_t code = 0; status == BASE_OK && code < fill->codes.predicate_count; code++) {
        KgCounts counts = {0};
        status = kg_get_counts(fill->txn, 0, fill->codes.ids[fill->codes.predicates[code]], &counts, fill->err);
        is_shared[code] = kg_union_count(&counts, KG_ALL_LAYERS) > 0;
    }
    return status;
}

/* Goes through all numbers of SPO, which are sorted: those of shared predicates are asked for in the other layers. */
static BaseStatus count_rows(Fill *fill, KgNewTally *tally, const bool *is_shared, uint64_t *counts)
{
    const size_t count = fill->chunks.count ? fill->chunks.items[fill->chunks.count - 1].end : 0;
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        const uint64_t number = fill->numbers[i] >> fill->part_bits;
        const uint64_t code = low_bits(number >> fill->widths[2], fill->widths[1]);
        if (i > 0 && number == fill->numbers[i - 1] >> fill->part_bits)
            continue;
        if (is_shared[code]) {
            const uint64_t key[3] = {id_of(fill, 0, number >> (fill->widths[1] + fill->widths[2])),
                                     id_of(fill, 1, code), id_of(fill, 2, low_bits(number, fill->widths[2]))};
            status = kg_new_tally_add(tally, key, fill->err);
        } else {
            counts[code]++;
        }
    }
    for (uint32_t code = 0; code < fill->codes.predicate_count && status == BASE_OK; code++)
        if (counts[code] > 0 && !kg_tally_add(&tally->tally, id_of(fill, 1, code), 0, counts[code]))
            status = no_memory(fill);
    return status;
}

static BaseStatus count_new(Fill *fill)
{
    KgNewTally tally;
    bool *const is_shared = calloc(fill->codes.predicate_count + (size_t)1, sizeof *is_shared);
    uint64_t *const counts = calloc(fill->codes.predicate_count + (size_t)1, sizeof *counts);
    BaseStatus status = is_shared && counts ? find_shared(fill, is_shared) : no_memory(fill);
    if (status == BASE_OK) {
        status = kg_new_tally_start(&tally, fill->txn, 0, fill->layer, fill->err);
        if (status == BASE_OK)
            status = count_rows(fill, &tally, is_shared, counts);
        if (status == BASE_OK)
            status = kg_new_tally_finish(&tally, fill->err);
        kg_new_tally_free(&tally);
    }
    free(is_shared);
    free(counts);
    return status;
}

/* ---- The whole ---- */

static BaseStatus fill_order(Fill *fill, KgIndex index)
{
    fill->index = index;
    fill->chunks.count = 0;
    deal(fill);
    BaseStatus status = how_it_went(fill);
    if (status == BASE_OK)
        base_parallel_for(fill->pool, fill->chunks.count, make_chunk, fill);
    return status == BASE_OK ? write_chunks(fill) : status;
}

static bool open_fill(Fill *fill)
{
    const uint64_t rows = row_count(fill);
    fill->total = rows * STEPS_A_ROW;
    fill->chunk_rows = kg_limit(fill->txn->store->limits.chunk_rows, CHUNK_ROWS);
    fill->piece_count = rows / PIECE_ROWS < MOST_PIECES ? (size_t)(rows / PIECE_ROWS) + 1 : MOST_PIECES;
    fill->pool = base_pool_new(base_job_threads(fill->job));
    fill->workers = calloc((size_t)base_pool_threads(fill->pool), sizeof *fill->workers);
    fill->ends = malloc(fill->piece_count * sizeof *fill->ends);
    fill->numbers = malloc((size_t)rows * sizeof *fill->numbers);
    return fill->workers && fill->ends && fill->numbers;
}

static void close_fill(Fill *fill)
{
    for (int i = 0; fill->workers && i < base_pool_threads(fill->pool); i++) {
        kg_rows_free(&fill->workers[i].rows);
        free(fill->workers[i].scratch);
    }
    for (size_t i = 0; i < fill->chunks.count; i++)
        kg_packed_free(&fill->chunks.items[i].packed);
    base_pool_free(fill->pool);
    free(fill->workers);
    free(fill->ends);
    free(fill->numbers);
    free(fill->chunks.items);
}

static BaseStatus fill_orders(Fill *fill, size_t *added)
{
    BaseStatus status = open_fill(fill) ? BASE_OK : no_memory(fill);
    for (int index = 0; status == BASE_OK && index < KG_INDEXES; index++) {
        status = fill_order(fill, (KgIndex)index);
        if (status == BASE_OK && index == KG_SPO)
            status = count_new(fill);
        for (size_t i = 0; index == KG_SPO && i < fill->chunks.count; i++)
            *added += fill->chunks.items[i].rows;
    }
    close_fill(fill);
    return status;
}

/* Few triples, a layer that has some, or codes too wide for one number. */
static BaseStatus add_records(Fill *fill, size_t *added)
{
    const KgFillCodes *const codes = &fill->codes;
    KgRecord *const records = malloc(((size_t)row_count(fill) + 1) * sizeof *records);
    size_t count = 0;
    if (!records)
        return no_memory(fill);
    for (size_t part = 0; part < codes->part_count; part++) {
        const KgFillRows rows = kg_fill_rows(codes, part);
        for (size_t row = 0; row < codes->parts[part].count; row++) {
            uint32_t ranks[3];
            if (kg_fill_row(codes, &rows, row, ranks))
                records[count++] = (KgRecord){{codes->ids[ranks[0]], codes->ids[ranks[1]], codes->ids[ranks[2]]},
                                              codes->parts[part].note};
        }
    }
    const BaseStatus status = kg_add_many(fill->txn, fill->layer, records, count, added, fill->job, fill->err);
    free(records);
    return status;
}

BaseStatus kg_add_columns(KgTxn *txn, KgLayer layer, const KgId *terms, size_t term_count, const KgColumns *parts,
                          size_t part_count, size_t *added, BaseJob *job, BaseError *err)
{
    KgCounts all;
    size_t count = 0;
    Fill fill = {.txn = txn, .layer = layer, .job = job, .err = err};
    if ((unsigned)layer >= KG_LAYERS)
        return base_fail(err, BASE_BAD_CALL, "kg_add_columns: no layer has the number %d", (int)layer);
    BaseStatus status = kg_want_writer(txn, "kg_add_columns", err);
    if (status == BASE_OK)
        status = kg_fill_codes(txn, terms, term_count, parts, part_count, &fill.codes, err);
    if (status == BASE_OK)
        status = kg_track_lose(txn, 0, layer, err);
    if (status == BASE_OK)
        status = kg_delta_fold(txn, err);
    if (status == BASE_OK)
        status = kg_get_counts(txn, 0, KG_ANY, &all, err);
    if (status == BASE_OK) {
        const int bits = 2 * fill.codes.term_bits + fill.codes.predicate_bits + fill.codes.part_bits;
        const bool is_wide = bits > 63 || kg_union_count(&all, KG_IN(layer)) > 0 ||
                             row_count(&fill) < kg_limit(txn->store->limits.records, FEW_ROWS);
        pthread_mutex_init(&fill.mutex, NULL);
        status = is_wide ? add_records(&fill, &count) : fill_orders(&fill, &count);
        pthread_mutex_destroy(&fill.mutex);
        txn->broken |= status != BASE_OK;
    }
    kg_fill_codes_free(&fill.codes);
    if (status == BASE_OK && added)
        *added = count;
    return status;
}
