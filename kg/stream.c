/* stream.c - finds and merges the matches of layers; where keys ascend densely, by galloping in decoded runs (Bentley,
 * Yao, "An almost optimal algorithm for unbounded searching", 1976). */
#include "kg/stream.h"

#include "kg/space.h"

#include <string.h>

/* After so many finds in one run the next one is expected to be as near. */
enum { DENSE = 3 };

BaseStatus kg_layers_in_use(KgTxn *txn, KgId graph, unsigned layers, uint32_t *number, unsigned *out, BaseError *err)
{
    KgCounts stored;
    *out = 0;
    *number = 0;
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

BaseStatus kg_stream_open(KgStream *stream, KgTxn *txn, KgIndex index, uint32_t graph, KgLayer layer, BaseError *err)
{
    memset(stream, 0, offsetof(KgStream, columns));
    stream->txn = txn;
    stream->table = (KgTable)(KG_ORDERS + (int)index);
    stream->index = index;
    stream->layer = layer;
    stream->space = kg_space(graph, layer);
    KgDeltaRows changes;
    const BaseStatus status = kg_delta_range(txn, index, stream->space, NULL, 0, &changes, err);
    stream->may_change = changes.count > 0;
    return status;
}

void kg_stream_close(KgStream *stream)
{
    if (stream->cursor)
        mdb_cursor_close(stream->cursor);
    stream->cursor = NULL;
}

/* ---- The block ---- */

/* The first search takes the transaction's cursor, others one that stays where it was put. */
static BaseStatus want_cursor(KgStream *stream, BaseError *err)
{
    if (!stream->has_block || stream->cursor || stream->txn->writes)
        return BASE_OK;
    return kg_table_cursor(stream->txn, stream->table, &stream->cursor, err);
}

static bool is_in_block(KgStream *stream, const uint64_t key[3])
{
    if (!stream->has_block || kg_compare_keys(key, stream->place.last) > 0)
        return false;
    if (!stream->has_first && kg_compare_keys(key, stream->floor) < 0) {
        uint64_t first[3];
        kg_block_first(&stream->place.block, first);
        if (kg_compare_keys(first, stream->floor) < 0)
            memcpy(stream->floor, first, sizeof stream->floor);
        stream->has_first = true;
    }
    return kg_compare_keys(key, stream->floor) >= 0;
}

static BaseStatus open_block(KgStream *stream, const uint64_t key[3], BaseError *err)
{
    KgTxn *const txn = stream->txn;
    BaseStatus status = BASE_NOT_FOUND;
    if (stream->is_at_block && kg_compare_keys(key, stream->place.last) > 0)
        status = kg_table_next_block(txn, stream->table, stream->space, stream->cursor, key, &stream->place, err);
    stream->is_at_block = false;
    if (status != BASE_NOT_FOUND)
        return status;
    status = want_cursor(stream, err);
    if (status == BASE_OK)
        status = kg_table_open_block(txn, stream->table, stream->space, stream->cursor, key, &stream->place, err);
    return status;
}

/* Opens the block in which the first row not below the key is; BASE_END: there is none. */
static BaseStatus want_block(KgStream *stream, const uint64_t key[3], BaseError *err)
{
    if (is_in_block(stream, key))
        return BASE_OK;
    const BaseStatus status = open_block(stream, key, err);
    if (status == BASE_END) /* the block that was open still is */
        return status;
    stream->has_block = status == BASE_OK;
    stream->is_at_block = status == BASE_OK && stream->cursor;
    stream->has_first = false;
    memcpy(stream->floor, key, sizeof stream->floor);
    stream->run = UINT32_MAX;
    return status;
}

/* ---- The run ---- */

static void enter_run(KgStream *stream, uint32_t run, const uint64_t floor[3])
{
    stream->run = run;
    stream->rows = kg_block_run_rows(&stream->place.block, run);
    stream->hits = 0;
    stream->decoded = 0;
    stream->at = 0;
    memcpy(stream->run_floor, floor, sizeof stream->run_floor);
}

static void decode_column(KgStream *stream, int column)
{
    if (stream->decoded >> column & 1)
        return;
    kg_block_column(&stream->place.block, stream->run, column, stream->columns[column], 1);
    stream->decoded |= 1u << column;
}

static void decode_bounds(KgStream *stream)
{
    for (int c = 0; c < stream->span->width; c++)
        decode_column(stream, c);
}

/* -1, 0, 1: a row of the decoded run against the span's low end, in the columns that bound. */
static int compare_row(const KgStream *stream, uint32_t row)
{
    for (int c = 0; c < stream->span->width; c++)
        if (stream->columns[c][row] != stream->span->low[c])
            return stream->columns[c][row] < stream->span->low[c] ? -1 : 1;
    return 0;
}

static bool is_decoded(const KgStream *stream)
{
    const unsigned wanted = (1u << stream->span->width) - 1;
    return stream->run != UINT32_MAX && (stream->decoded & wanted) == wanted;
}

/* Whether the first row not below the span's low end is in the decoded run. */
static bool begins_in_run(const KgStream *stream)
{
    return compare_row(stream, stream->rows - 1) >= 0 &&
           (kg_compare_keys(stream->span->low, stream->run_floor) >= 0 || compare_row(stream, 0) < 0);
}

/* The first of the ascending values low..high that is not below `key`. */
static uint32_t gallop(const uint64_t *values, uint32_t low, uint32_t high, uint64_t key)
{
    uint32_t step = 1;
    while (low + step <= high && values[low + step - 1] < key) {
        low += step;
        step *= 2;
    }
    uint32_t count = low + step <= high ? step - 1 : high - low;
    while (count > 0) {
        const uint32_t half = count / 2;
        const bool is_below = values[low + half] < key;
        low = is_below ? low + half + 1 : low;
        count = is_below ? count - half - 1 : half;
    }
    return low;
}

/* Makes at .. count the matches in the decoded run. */
static void find_in_run(KgStream *stream)
{
    const KgSpan *const span = stream->span;
    const uint32_t near = stream->at;
    uint32_t low = 0, high = stream->rows;
    for (int c = 0; c < span->width && low < high; c++) {
        const uint64_t *const values = stream->columns[c];
        if (span->low[c] == values[low] && values[high - 1] <= span->high[c])
            continue;
        if (near > low && near < high && values[near] < span->low[c])
            low = near;
        low = gallop(values, low, high, span->low[c]);
        if (span->high[c] < UINT64_MAX)
            high = gallop(values, low, high, span->high[c] + 1);
    }
    stream->at = low;
    stream->count = high;
}

/* Whether matches go on behind the block, which has some up to its last row. */
static bool goes_on(const KgStream *stream)
{
    return kg_compare_keys(stream->place.last, stream->span->high) <= 0;
}

/* Where the matches in the block end, when those in the decoded run are known. */
static void find_end(KgStream *stream)
{
    const KgBlock *const block = &stream->place.block;
    const uint32_t start = stream->run * KG_RUN_ROWS;
    stream->more = false;
    stream->end = start + stream->count;
    if (stream->at == stream->count || stream->count < stream->rows)
        return;
    stream->more = goes_on(stream);
    if (stream->more)
        stream->end = block->rows;
    else if (stream->end < block->rows)
        stream->end = kg_block_find(block, stream->span->high, stream->span->width, true);
}

/* Finds the run in the block, and what matches there. */
static BaseStatus search_block(KgStream *stream, BaseError *err)
{
    const KgSpan *const span = stream->span;
    const KgBlock *const block = &stream->place.block;
    uint32_t first;
    kg_block_range(block, span->low, span->high, span->width, &first, &stream->end);
    if (first == block->rows)
        return kg_table_misplaced(stream->txn, err);
    stream->more = stream->end == block->rows && goes_on(stream);
    if (stream->run != first / KG_RUN_ROWS)
        enter_run(stream, first / KG_RUN_ROWS, span->low);
    else if (kg_compare_keys(span->low, stream->run_floor) < 0)
        memcpy(stream->run_floor, span->low, sizeof stream->run_floor);
    const uint32_t start = stream->run * KG_RUN_ROWS, left = stream->end - start;
    stream->at = first - start;
    stream->count = left < stream->rows ? left : stream->rows;
    return BASE_OK;
}

/* Where finds come densely the next one is likely to be in the next run. */
static bool try_next_run(KgStream *stream)
{
    const uint32_t next = stream->run + 1;
    if (stream->hits < DENSE || next >= stream->place.block.runs || compare_row(stream, stream->rows - 1) >= 0)
        return false;
    enter_run(stream, next, stream->span->low);
    decode_bounds(stream);
    stream->hits = DENSE;
    return compare_row(stream, stream->rows - 1) >= 0;
}

static BaseStatus find_in_block(KgStream *stream, BaseError *err)
{
    const bool was_hit = stream->run != UINT32_MAX && stream->hits > 0;
    if (was_hit && !is_decoded(stream)) {
        decode_bounds(stream); /* others may follow as near */
    }
    if (is_decoded(stream) && (begins_in_run(stream) || try_next_run(stream))) {
        find_in_run(stream);
        find_end(stream);
        stream->hits++;
        return BASE_OK;
    }
    const BaseStatus status = search_block(stream, err);
    stream->hits++;
    return status;
}

static BaseStatus find_rows(KgStream *stream, BaseError *err)
{
    const KgSpan *const span = stream->span;
    BaseStatus status = want_block(stream, span->low, err);
    if (status == BASE_OK)
        status = find_in_block(stream, err);
    if (status != BASE_OK) {
        stream->at = stream->count = stream->end = 0;
        stream->more = false;
    }
    return status == BASE_END ? BASE_OK : status;
}

BaseStatus kg_stream_find(KgStream *stream, const KgSpan *span, BaseError *err)
{
    stream->span = span;
    stream->has_next = false;
    stream->change = 0;
    stream->changes.count = 0;
    BaseStatus status = BASE_OK;
    if (stream->may_change)
        status = kg_delta_between(stream->txn, stream->index, stream->space, span->low, span->high, span->width,
                                  &stream->changes, err);
    return status == BASE_OK ? find_rows(stream, err) : status;
}

void kg_stream_leave(KgStream *stream)
{
    stream->at = stream->count = stream->end = 0;
    stream->more = stream->has_next = false;
    stream->change = stream->changes.count = 0;
}

/* ---- Row by row ---- */

/* The first of the block after this one. */
static BaseStatus next_block(KgStream *stream, BaseError *err)
{
    const KgSpan *const span = stream->span;
    uint64_t key[3];
    memcpy(key, stream->place.last, sizeof key);
    for (int c = 2; c >= 0 && ++key[c] == 0; c--)
        ; /* the least above */
    const BaseStatus status = want_block(stream, key, err);
    stream->more = status == BASE_OK && goes_on(stream);
    stream->end = stream->more || status != BASE_OK
                      ? stream->place.block.rows
                      : kg_block_find(&stream->place.block, span->high, span->width, true);
    if (status != BASE_OK)
        stream->end = 0;
    return status == BASE_OK && stream->end == 0 ? BASE_END : status;
}

BaseStatus kg_stream_want_rows(KgStream *stream, BaseError *err)
{
    if (stream->at < stream->count)
        return BASE_OK;
    uint32_t run = stream->run + 1;
    if (run * KG_RUN_ROWS >= stream->end) {
        if (!stream->more)
            return BASE_END;
        const BaseStatus status = next_block(stream, err);
        if (status != BASE_OK) {
            stream->at = stream->count = stream->end = 0;
            stream->more = false;
            return status;
        }
        run = 0;
    }
    enter_run(stream, run, run ? stream->place.last : stream->floor);
    const uint32_t left = stream->end - run * KG_RUN_ROWS;
    stream->count = left < stream->rows ? left : stream->rows;
    return BASE_OK;
}

const uint64_t *kg_stream_column(KgStream *stream, int column)
{
    const uint32_t count = stream->count - stream->at;
    uint64_t *const values = stream->columns[column];
    if (stream->hits > 1 || count == stream->rows)
        decode_column(stream, column);
    else if (!(stream->decoded >> column & 1))
        kg_block_rows(&stream->place.block, stream->run, column, stream->at, count, values + stream->at, 1);
    return values + stream->at;
}

void kg_stream_row(KgStream *stream, uint64_t out[3])
{
    for (int c = 0; c < 3; c++) {
        if (c >= stream->span->fixed)
            decode_column(stream, c);
        out[c] = c < stream->span->fixed ? stream->span->low[c] : stream->columns[c][stream->at];
    }
}

/* ---- Merged ---- */

KgNote kg_stream_note(const KgBlock *block, uint32_t run, uint32_t row)
{
    uint64_t columns[4];
    for (int c = 0; c < 4; c++)
        kg_block_rows(block, run, 3 + c, row, 1, &columns[c], 1);
    KgNote note = {(uint32_t)columns[0], (uint32_t)columns[1], (uint32_t)columns[2], 0};
    const uint32_t score = (uint32_t)columns[3];
    memcpy(&note.score, &score, sizeof score);
    return note;
}

BaseStatus kg_stream_next(KgStream *stream, uint64_t keys[3], KgNote *note, BaseError *err)
{
    for (;;) {
        const BaseStatus status = kg_stream_want_rows(stream, err);
        if (status != BASE_OK && status != BASE_END)
            return status;
        const bool in_table = status == BASE_OK, in_changes = stream->change < stream->changes.count;
        const KgDeltaRow *const change = in_changes ? &stream->changes.items[stream->change] : NULL;
        if (!in_table && !in_changes)
            return BASE_END;
        if (in_table)
            kg_stream_row(stream, keys);
        const int order = !in_table ? 1 : (!in_changes ? -1 : kg_compare_keys(keys, change->keys));
        const uint32_t row = stream->at;
        stream->at += order <= 0;
        if (order < 0) {
            if (note && stream->index == KG_SPO)
                *note = kg_stream_note(&stream->place.block, stream->run, row);
            return BASE_OK;
        }
        stream->change++; /* where order is 0, the row is hidden, or replaced */
        if (change->ops & KG_PRESENT) {
            memcpy(keys, change->keys, sizeof change->keys);
            if (note)
                *note = change->note;
            return BASE_OK;
        }
    }
}

/* Makes `next` the next match; BASE_END: there is none. */
static BaseStatus advance(KgStream *stream, BaseError *err)
{
    const BaseStatus status = kg_stream_next(stream, stream->next, NULL, err);
    stream->has_next = status == BASE_OK;
    return status;
}

BaseStatus kg_streams_next(KgStream *streams, int count, uint64_t out[3], unsigned *layers, BaseError *err)
{
    const uint64_t *least = NULL;
    *layers = 0;
    for (int i = 0; i < count; i++) {
        KgStream *const stream = &streams[i];
        if (!stream->has_next) {
            const BaseStatus status = advance(stream, err);
            if (status == BASE_END)
                continue;
            if (status != BASE_OK)
                return status;
        }
        const int order = least ? kg_compare_keys(stream->next, least) : -1;
        if (order < 0) {
            least = stream->next;
            *layers = 0;
        }
        if (order <= 0)
            *layers |= KG_IN(stream->layer);
    }
    if (!least)
        return BASE_END;
    memcpy(out, least, 3 * sizeof *out);
    for (int i = 0; i < count; i++)
        if (*layers & KG_IN(streams[i].layer))
            streams[i].has_next = false;
    return BASE_OK;
}
