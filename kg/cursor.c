/* cursor.c - one layer without changes hands out its decoded columns as they are (stream.h); otherwise matches are
 * merged into columns. */
#include "kg/cursor.h"

#include "kg/stream.h"

#include <stdlib.h>
#include <string.h>

struct KgCursor {
    KgSpan span;
    bool has_next; /* `next`, merged, is not handed out */
    uint64_t next[3];
    uint64_t *merged; /* three columns of KG_RUN_ROWS, made when first needed */
    int stream_count;
    KgStream streams[];
};

BaseStatus kg_cursor_open(KgTxn *txn, KgId graph, unsigned layers, KgIndex index, KgCursor **out, BaseError *err)
{
    uint32_t number;
    unsigned used;
    *out = NULL;
    BaseStatus status = kg_layers_in_use(txn, graph, layers, &number, &used, err);
    if (status != BASE_OK)
        return status;
    KgCursor *const cursor = malloc(sizeof *cursor + (size_t)__builtin_popcount(used) * sizeof cursor->streams[0]);
    if (!cursor)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read triples");
    *cursor = (KgCursor){0};
    for (int layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++)
        if (used & KG_IN(layer))
            status = kg_stream_open(&cursor->streams[cursor->stream_count++], txn, index, number, (KgLayer)layer, err);
    if (status != BASE_OK) {
        kg_cursor_close(cursor);
        return status;
    }
    *out = cursor;
    return BASE_OK;
}

void kg_cursor_close(KgCursor *cursor)
{
    if (!cursor)
        return;
    for (int i = 0; i < cursor->stream_count; i++)
        kg_stream_close(&cursor->streams[i]);
    free(cursor->merged);
    free(cursor);
}

/* ---- Finding ---- */

static BaseStatus next_merged(KgCursor *cursor, BaseError *err)
{
    unsigned layers;
    const BaseStatus status = kg_streams_next(cursor->streams, cursor->stream_count, cursor->next, &layers, err);
    cursor->has_next = status == BASE_OK;
    return status;
}

static BaseStatus find_span(KgCursor *cursor, BaseError *err)
{
    BaseStatus status = BASE_OK;
    cursor->has_next = false;
    for (int i = 0; status == BASE_OK && i < cursor->stream_count; i++)
        status = kg_stream_find(&cursor->streams[i], &cursor->span, err);
    return status;
}

static BaseStatus find_first(KgCursor *cursor, BaseError *err)
{
    const BaseStatus status = find_span(cursor, err);
    if (status != BASE_OK)
        return status;
    if (kg_streams_are_plain(cursor->streams, cursor->stream_count))
        return kg_stream_want_rows(&cursor->streams[0], err);
    return next_merged(cursor, err);
}

BaseStatus kg_cursor_find(KgCursor *cursor, const uint64_t *key, int width, BaseError *err)
{
    cursor->span = kg_span(key, width);
    return find_first(cursor, err);
}

BaseStatus kg_cursor_find_range(KgCursor *cursor, const uint64_t *key, int width, uint64_t low, uint64_t high,
                                BaseError *err)
{
    cursor->span = kg_span(key, width);
    cursor->span.width = width + 1;
    cursor->span.low[width] = low;
    cursor->span.high[width] = high;
    if (low <= high)
        return find_first(cursor, err);
    cursor->has_next = false;
    for (int i = 0; i < cursor->stream_count; i++)
        kg_stream_leave(&cursor->streams[i]);
    return BASE_END;
}

/* ---- Reading ---- */

static BaseStatus merged_rows(KgCursor *cursor, const uint64_t *columns[3], size_t *count, BaseError *err)
{
    if (!cursor->merged)
        cursor->merged = malloc(3 * KG_RUN_ROWS * sizeof *cursor->merged);
    if (!cursor->merged)
        return base_fail(err, BASE_NO_MEMORY, "no memory to merge triples");
    BaseStatus status = cursor->has_next ? BASE_OK : next_merged(cursor, err);
    for (*count = 0; status == BASE_OK; status = *count < KG_RUN_ROWS ? next_merged(cursor, err) : BASE_END) {
        for (int c = 0; c < 3; c++)
            cursor->merged[(size_t)c * KG_RUN_ROWS + *count] = cursor->next[c];
        cursor->has_next = false;
        ++*count;
    }
    for (int c = 0; c < 3; c++)
        columns[c] = cursor->merged + (size_t)c * KG_RUN_ROWS;
    return status == BASE_END && *count > 0 ? BASE_OK : status;
}

BaseStatus kg_cursor_rows(KgCursor *cursor, const uint64_t *columns[3], size_t *count, BaseError *err)
{
    KgStream *const stream = &cursor->streams[0];
    if (!kg_streams_are_plain(stream, cursor->stream_count))
        return merged_rows(cursor, columns, count, err);
    const BaseStatus status = kg_stream_want_rows(stream, err);
    if (status != BASE_OK)
        return status;
    for (int c = cursor->span.fixed; c < 3; c++)
        columns[c] = kg_stream_column(stream, c);
    *count = stream->count - stream->at;
    stream->at = stream->count;
    return BASE_OK;
}

/* ---- Cutting ---- */

/* By the layer that has most to cut. */
BaseStatus kg_cursor_split(KgCursor *cursor, const uint64_t *key, int width, uint64_t low, uint64_t high, uint64_t rows,
                           KgBounds *out, BaseError *err)
{
    KgSpan span = kg_span(key, width);
    KgBounds most = {0};
    BaseStatus status = BASE_OK;
    span.low[width] = low;
    span.high[width] = high;
    for (int i = 0; i < cursor->stream_count && status == BASE_OK; i++) {
        const KgStream *const stream = &cursor->streams[i];
        KgBounds bounds = {0};
        status =
            kg_table_split(stream->txn, stream->table, stream->space, span.low, span.high, width, rows, &bounds, err);
        if (status == BASE_OK && bounds.count > most.count) {
            const KgBounds fewer = most;
            most = bounds;
            bounds = fewer;
        }
        free(bounds.items);
    }
    for (size_t i = 0; i < most.count && most.items[i] < high && status == BASE_OK; i++)
        if (!BASE_PUSH(out, most.items[i]))
            status = base_fail(err, BASE_NO_MEMORY, "no memory to cut a range");
    if (status == BASE_OK && !BASE_PUSH(out, high))
        status = base_fail(err, BASE_NO_MEMORY, "no memory to cut a range");
    free(most.items);
    return status;
}
