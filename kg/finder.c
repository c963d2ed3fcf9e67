/* finder.c - ranges of one layer looked up again and again through streams that stay open (stream.h), with the notes of
 * what is found. Notes are in SPO only, so that a match found in another order is looked up there. */
#include "kg/stream.h"

#include <stdlib.h>
#include <string.h>

struct KgFinder {
    KgTxn *txn;
    KgLayer layer;
    KgStream *streams[KG_INDEXES]; /* opened when first used */
    KgStream *at;                  /* the one with matches */
    KgSpan span;
    /* Of single triples: the open block of SPO, in which what is not below `floor` begins; changes of the layer, and
     * the last one met. */
    KgPlace place;
    bool has_place, has_changes;
    uint64_t floor[3];
    KgDeltaRows changes;
    size_t change;
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

static BaseStatus find_note(KgFinder *finder, KgTriple triple, KgNote *note, BaseError *err)
{
    const BaseStatus status = kg_finder_get(finder, triple, note, err);
    return status == BASE_NOT_FOUND ? kg_table_misplaced(finder->txn, err) : status;
}

BaseStatus kg_finder_next(KgFinder *finder, KgTriple *out, KgNote *note, BaseError *err)
{
    uint64_t keys[3];
    const BaseStatus status = kg_stream_next(finder->at, keys, note, err);
    if (status != BASE_OK)
        return status;
    *out = kg_order_triple(keys, finder->at->index);
    return note && finder->at->index != KG_SPO ? find_note(finder, *out, note, err) : BASE_OK;
}

/* ---- Single triples ------------------------------------------------------------------------------------------- */

/* What the changes say of it; NULL: nothing. Goes on from the last one, by growing steps. */
static const KgDeltaRow *find_change(KgFinder *finder, const uint64_t key[3])
{
    const KgDeltaRow *const rows = finder->changes.items;
    const size_t count = finder->changes.count;
    size_t low = 0, high = count;
    if (count == 0)
        return NULL;
    if (finder->change < count && kg_compare_keys(rows[finder->change].keys, key) < 0) {
        low = finder->change + 1;
        size_t step = 1;
        while (low + step < count && kg_compare_keys(rows[low + step].keys, key) < 0) {
            low += step;
            step *= 2;
        }
        high = low + step < count ? low + step + 1 : count;
    } else if (finder->change < count) {
        high = finder->change + 1;
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (kg_compare_keys(rows[middle].keys, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    finder->change = low;
    return low < count && kg_compare_keys(rows[low].keys, key) == 0 ? &rows[low] : NULL;
}

static BaseStatus seek_row(KgFinder *finder, const uint64_t key[3], BaseError *err)
{
    KgPlace *const place = &finder->place;
    if (finder->has_place && kg_compare_keys(key, finder->floor) >= 0 && kg_compare_keys(key, place->last) <= 0) {
        place->row = kg_block_find(&place->block, key, 3, false);
        return place->row < place->block.rows ? BASE_OK : kg_table_misplaced(finder->txn, err);
    }
    finder->has_place = false;
    const BaseStatus status = kg_table_seek(finder->txn, (KgTable)(KG_ORDERS + KG_SPO), kg_space(0, finder->layer), key,
                                            3, false, place, err);
    if (status == BASE_OK) {
        finder->has_place = true;
        memcpy(finder->floor, key, sizeof finder->floor);
    }
    return status;
}

BaseStatus kg_finder_get(KgFinder *finder, KgTriple triple, KgNote *note, BaseError *err)
{
    const uint64_t key[3] = {triple.s, triple.p, triple.o};
    BaseStatus status = BASE_OK;
    if (!finder->has_changes) {
        status = kg_delta_range(finder->txn, KG_SPO, kg_space(0, finder->layer), NULL, 0, &finder->changes, err);
        finder->has_changes = status == BASE_OK;
    }
    const KgDeltaRow *const change = status == BASE_OK ? find_change(finder, key) : NULL;
    if (change && note)
        *note = change->note;
    if (change)
        return change->ops & KG_PRESENT ? BASE_OK : BASE_NOT_FOUND;
    if (status == BASE_OK)
        status = seek_row(finder, key, err);
    if (status != BASE_OK)
        return status == BASE_END ? BASE_NOT_FOUND : status;
    const KgPlace *const place = &finder->place;
    const uint32_t run = place->row / KG_RUN_ROWS, row = place->row % KG_RUN_ROWS;
    for (int c = 2; c >= 0; c--) {
        uint64_t found;
        kg_block_rows(&place->block, run, c, row, 1, &found, 1);
        if (found != key[c])
            return BASE_NOT_FOUND;
    }
    if (note)
        *note = kg_stream_note(&place->block, run, row);
    return BASE_OK;
}
