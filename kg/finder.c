/* finder.c - ranges of one layer looked up again and again through streams that stay open (stream.h), with the notes of
 * what is found. Notes are in SPO only, so that a match found in another order is looked up there. */
#include "kg/stream.h"

#include <stdlib.h>
#include <string.h>

struct KgFinder {
    KgTxn *txn;
    KgLayer layer;
    KgStream *streams[KG_INDEXES]; /* opened when first used */
    KgStream *notes;               /* in SPO, beside another order */
    KgStream *at;                  /* the one with matches */
    KgSpan span, note_span;
};

BaseStatus kg_finder_open(KgTxn *txn, KgLayer layer, KgFinder **out, BaseError *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return base_fail(err, BASE_NO_MEMORY, "no memory to look up triples");
    (*out)->txn = txn;
    (*out)->layer = layer;
    return BASE_OK;
}

static void close_stream(KgStream *stream)
{
    if (stream)
        kg_stream_close(stream);
    free(stream);
}

void kg_finder_close(KgFinder *finder)
{
    if (!finder)
        return;
    for (int index = 0; index < KG_INDEXES; index++)
        close_stream(finder->streams[index]);
    close_stream(finder->notes);
    free(finder);
}

static BaseStatus want_stream(KgFinder *finder, KgIndex index, KgStream **stream, BaseError *err)
{
    if (*stream)
        return BASE_OK;
    *stream = malloc(sizeof **stream);
    if (!*stream)
        return base_fail(err, BASE_NO_MEMORY, "no memory to look up triples");
    const BaseStatus status = kg_stream_open(*stream, finder->txn, index, 0, finder->layer, err);
    if (status != BASE_OK) {
        free(*stream);
        *stream = NULL;
    }
    return status;
}

/* The order in which the bound places come first. */
static KgIndex index_of(KgTriple pattern, int *width)
{
    const bool s = pattern.s != KG_ANY, p = pattern.p != KG_ANY, o = pattern.o != KG_ANY;
    *width = s + p + o;
    if (s)
        return o && !p ? KG_OSP : KG_SPO;
    return p ? KG_POS : o ? KG_OSP : KG_SPO;
}

BaseStatus kg_finder_seek(KgFinder *finder, KgTriple pattern, BaseError *err)
{
    int width;
    uint64_t key[3];
    const KgIndex index = index_of(pattern, &width);
    const BaseStatus status = want_stream(finder, index, &finder->streams[index], err);
    if (status != BASE_OK)
        return status;
    kg_order_keys(pattern, index, key);
    finder->span = kg_span(key, width);
    finder->at = finder->streams[index];
    return kg_stream_find(finder->at, &finder->span, err);
}

/* Of the row just handed out by a stream in SPO order. */
static KgNote read_note(const KgStream *stream, uint32_t row)
{
    uint64_t columns[4];
    for (int c = 0; c < 4; c++)
        kg_block_rows(&stream->place.block, stream->run, 3 + c, row, 1, &columns[c], 1);
    KgNote note = {(uint32_t)columns[0], (uint32_t)columns[1], (uint32_t)columns[2], 0};
    const uint32_t score = (uint32_t)columns[3];
    memcpy(&note.score, &score, sizeof score);
    return note;
}

/* The next match of the stream, with its note where the order has notes. */
static BaseStatus next_of(KgStream *stream, uint64_t keys[3], KgNote *note, BaseError *err)
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
                *note = read_note(stream, row);
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

static BaseStatus find_note(KgFinder *finder, KgTriple triple, KgNote *note, BaseError *err)
{
    uint64_t keys[3];
    BaseStatus status = want_stream(finder, KG_SPO, &finder->notes, err);
    if (status != BASE_OK)
        return status;
    kg_order_keys(triple, KG_SPO, keys);
    finder->note_span = kg_span(keys, 3);
    status = kg_stream_find(finder->notes, &finder->note_span, err);
    if (status == BASE_OK)
        status = next_of(finder->notes, keys, note, err);
    return status == BASE_END ? kg_table_misplaced(finder->txn, err) : status;
}

BaseStatus kg_finder_next(KgFinder *finder, KgTriple *out, KgNote *note, BaseError *err)
{
    uint64_t keys[3];
    const BaseStatus status = next_of(finder->at, keys, note, err);
    if (status != BASE_OK)
        return status;
    *out = kg_order_triple(keys, finder->at->index);
    return note && finder->at->index != KG_SPO ? find_note(finder, *out, note, err) : BASE_OK;
}
