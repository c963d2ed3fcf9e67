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

/* ---- Looking over ---- */

static KgStretch stretch_of(const KgStream *stream, const uint64_t *key, int width, uint64_t low, uint64_t high)
{
    const KgSpan span = kg_span(key, width);
    KgStretch stretch = {.table = stream->table, .space = stream->space, .column = width};
    memcpy(stretch.low, span.low, sizeof stretch.low);
    memcpy(stretch.high, span.high, sizeof stretch.high);
    stretch.low[width] = low;
    stretch.high[width] = high;
    return stretch;
}

/* The layer that has most of it; one of no rows where there are no layers. */
static BaseStatus find_stretch(KgCursor *cursor, const uint64_t *key, int width, uint64_t low, uint64_t high,
                               KgStretch *out, uint64_t *rows, BaseError *err)
{
    BaseStatus status = BASE_OK;
    *rows = 0;
    for (int i = 0; i < cursor->stream_count && status == BASE_OK && low <= high; i++) {
        const KgStretch stretch = stretch_of(&cursor->streams[i], key, width, low, high);
        uint64_t count = 0;
        status = kg_table_extent(cursor->streams[i].txn, &stretch, &count, err);
        if (count <= *rows)
            continue;
        *rows = count;
        *out = stretch;
    }
    return status;
}

BaseStatus kg_cursor_extent(KgCursor *cursor, const uint64_t *key, int width, uint64_t low, uint64_t high,
                            uint64_t *out, BaseError *err)
{
    KgStretch stretch;
    return find_stretch(cursor, key, width, low, high, &stretch, out, err);
}

BaseStatus kg_cursor_cut(KgCursor *cursor, const uint64_t *key, int width, uint64_t low, uint64_t high, uint64_t rows,
                         KgValues *out, BaseError *err)
{
    KgStretch stretch;
    uint64_t all;
    const size_t before = out->count;
    BaseStatus status = find_stretch(cursor, key, width, low, high, &stretch, &all, err);
    if (status == BASE_OK && all > rows)
        status = kg_table_cut(cursor->streams[0].txn, &stretch, rows, out, err);
    if (status != BASE_OK || (out->count > before && out->items[out->count - 1] == high))
        return status;
    return BASE_PUSH(out, high) ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to cut a range");
}

BaseStatus kg_cursor_sample(KgCursor *cursor, const uint64_t *key, int width, uint64_t rows, int sampled, KgValues *out,
                            BaseError *err)
{
    KgStretch stretch;
    uint64_t all;
    const BaseStatus status = find_stretch(cursor, key, width, 0, UINT64_MAX, &stretch, &all, err);
    return status == BASE_OK && all > 0 ? kg_table_sample(cursor->streams[0].txn, &stretch, rows, sampled, out, err)
                                        : status;
}
