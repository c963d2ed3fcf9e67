/* patch.c - the packed changes, and how many at once come into them. */
#include "kg/patch.h"

#include "kg/arrange.h"
#include "kg/statistics.h"
#include "kg/tail.h"
#include "kg/track.h"
#include "kg/walker.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SPACE 0xfffffffcu /* of layer 0 of the default graph; graphs have lower ones */
#define VALUES 5                /* source, rule, height, score, ops */

static BaseStatus no_memory(size_t count, BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for %zu changes", count);
}

bool kg_patch_has_key(const unsigned char *key, size_t length)
{
    uint32_t space;
    if (length < sizeof space)
        return false;
    memcpy(&space, key, sizeof space);
    return be32toh(space) >= FIRST_SPACE;
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

BaseStatus kg_patch_count(KgTxn *txn, size_t *out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    uint64_t count = 0;
    if (!txn->has_patch_count) {
        txn->patch_count = 0;
        for (uint32_t layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++) {
            status = kg_table_count(txn, KG_CHANGES, FIRST_SPACE + layer, NULL, 0, &count, err);
            txn->patch_count += (size_t)count;
        }
        txn->has_patch_count = status == BASE_OK;
    }
    *out = status == BASE_OK ? txn->patch_count : 0;
    return status;
}

static KgDeltaRow row_of(uint32_t space, const uint64_t keys[3], const uint64_t values[VALUES])
{
    KgDeltaRow row = {.keys = {keys[0], keys[1], keys[2]}, .space = space - FIRST_SPACE, .ops = (uint32_t)values[4]};
    const uint32_t score = (uint32_t)values[3];
    row.note = (KgNote){(uint32_t)values[0], (uint32_t)values[1], (uint32_t)values[2], 0};
    memcpy(&row.note.score, &score, sizeof score);
    return row;
}

BaseStatus kg_patch_get(KgTxn *txn, uint32_t space, const uint64_t keys[3], KgDeltaRow *out, BaseError *err)
{
    KgPlace place;
    size_t count;
    *out = (KgDeltaRow){0};
    BaseStatus status = space < KG_LAYERS ? kg_patch_count(txn, &count, err) : BASE_END;
    if (status != BASE_OK || count == 0)
        return status == BASE_END ? BASE_OK : status;
    status = kg_table_seek(txn, KG_CHANGES, FIRST_SPACE + space, keys, 3, false, &place, err);
    if (status != BASE_OK || kg_block_find(&place.block, keys, 3, true) == place.row)
        return status == BASE_END ? BASE_OK : status;
    uint64_t values[VALUES];
    for (int c = 0; c < VALUES; c++)
        kg_block_rows(&place.block, place.row / KG_RUN_ROWS, 3 + c, place.row % KG_RUN_ROWS, 1, &values[c], 1);
    *out = row_of(FIRST_SPACE + space, keys, values);
    return BASE_OK;
}

/* The rows of one block behind those read; false: more than there should be. */
static bool read_block(const KgBlock *block, uint32_t space, KgDeltaRow *out, size_t count, size_t *at)
{
    uint64_t columns[3 + VALUES][KG_RUN_ROWS];
    for (uint32_t run = 0; run < block->runs; run++) {
        const uint32_t rows = kg_block_run_rows(block, run);
        if (rows > count - *at)
            return false;
        for (int c = 0; c < 3 + VALUES; c++)
            kg_block_column(block, run, c, columns[c], 1);
        for (uint32_t i = 0; i < rows; i++) {
            const uint64_t keys[3] = {columns[0][i], columns[1][i], columns[2][i]};
            const uint64_t values[VALUES] = {columns[3][i], columns[4][i], columns[5][i], columns[6][i], columns[7][i]};
            out[(*at)++] = row_of(space, keys, values);
        }
    }
    return true;
}

BaseStatus kg_patch_read(KgTxn *txn, KgDeltaRow *out, size_t count, BaseError *err)
{
    size_t at = 0;
    for (uint32_t space = FIRST_SPACE; space - FIRST_SPACE < KG_LAYERS; space++) {
        KgPlace place;
        BaseStatus status = kg_table_seek(txn, KG_CHANGES, space, NULL, 0, false, &place, err);
        while (status == BASE_OK) {
            if (!read_block(&place.block, space, out, count, &at))
                return kg_mdb_fail(txn->store, MDB_CORRUPTED, "read", err);
            status = kg_table_next(txn, KG_CHANGES, space, &place, err);
        }
        if (status != BASE_END)
            return status;
    }
    return at == count ? BASE_OK : kg_mdb_fail(txn->store, MDB_CORRUPTED, "read", err);
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

BaseStatus kg_patch_clear(KgTxn *txn, uint32_t space, BaseError *err)
{
    size_t count;
    BaseStatus status = space < KG_LAYERS ? kg_patch_count(txn, &count, err) : BASE_END;
    if (status != BASE_OK || count == 0)
        return status == BASE_END ? BASE_OK : status;
    txn->has_patch_count = false;
    txn->delta_is_old = true;
    return kg_table_clear(txn, KG_CHANGES, FIRST_SPACE + space, err);
}

static BaseStatus write_space(KgTxn *txn, const KgDeltaRow *rows, size_t count, BaseError *err)
{
    KgRows columns = {0};
    KgPacked packed = {0};
    const uint32_t space = FIRST_SPACE + rows[0].space;
    bool enough = kg_rows_reserve(&columns, 3 + VALUES, count);
    columns.count = count;
    for (size_t i = 0; enough && i < count; i++) {
        uint32_t score;
        memcpy(&score, &rows[i].note.score, sizeof score);
        const uint64_t row[3 + VALUES] = {rows[i].keys[0],   rows[i].keys[1],     rows[i].keys[2], rows[i].note.source,
                                          rows[i].note.rule, rows[i].note.height, score,           rows[i].ops};
        for (int c = 0; c < 3 + VALUES; c++)
            columns.columns[c][i] = row[c];
    }
    enough = enough && kg_pack_rows(kg_table_shape(KG_CHANGES), space, &columns, &packed);
    kg_rows_free(&columns);
    const BaseStatus status =
        enough ? kg_table_put_packed(txn, KG_CHANGES, space, &packed, err) : no_memory(count, err);
    kg_packed_free(&packed);
    return status;
}

BaseStatus kg_patch_write(KgTxn *txn, const KgDeltaRow *rows, size_t count, BaseError *err)
{
    BaseStatus status = kg_raise_format(txn, err);
    for (uint32_t space = 0; status == BASE_OK && space < KG_LAYERS; space++)
        status = kg_patch_clear(txn, space, err);
    txn->has_patch_count = false;
    txn->delta_is_old = true;
    for (size_t start = 0, end; status == BASE_OK && start < count; start = end) {
        for (end = start + 1; end < count && rows[end].space == rows[start].space;)
            end++;
        status = write_space(txn, rows + start, end - start, err);
    }
    return status;
}

/* ---- Many changes at once ------------------------------------------------------------------------------------ */

BaseStatus kg_patch_fits(KgTxn *txn, size_t count, bool *out, BaseError *err)
{
    KgCounts facts;
    size_t patched;
    *out = false;
    if (count < KG_PATCH_LEAST || txn->store->limits.changes || txn->store->limits.records)
        return BASE_OK;
    BaseStatus status = kg_stored_counts(txn, 0, KG_ANY, &facts, err);
    if (status == BASE_OK)
        status = kg_patch_count(txn, &patched, err);
    const uint64_t most = kg_union_count(&facts, KG_ALL_LAYERS) / KG_PATCH_PART;
    *out = status == BASE_OK && patched <= most && count <= most;
    return status;
}

/* A change of this call, where the triples are sorted. */
typedef struct Patching {
    KgTxn *txn;
    KgLayer layer;
    const KgChange *changes;
    bool keep_notes;
    bool *added;
    struct {
        KgDeltaRow *items; /* what is said of all triples from now on */
        size_t count, capacity;
    } rows;
    struct {
        KgTriple *items;
        size_t count, capacity;
    } came, went;
    KgWalker walker;
    BaseError *err;
} Patching;

/* One change of a triple, of which the view says `said` (NULL: nothing). */
static BaseStatus take_change(Patching *patching, uint32_t number, const KgDeltaRow *said)
{
    const KgChange *const change = &patching->changes[number];
    const KgTriple triple = change->record.triple;
    const uint64_t keys[3] = {triple.s, triple.p, triple.o};
    bool in_tables = said && said->ops & KG_HIDES;
    BaseStatus status = BASE_OK;
    if (!said && change->presence == KG_PRESENCE_UNKNOWN)
        status = kg_walker_ask(&patching->walker, keys, &in_tables, patching->err);
    else if (!said)
        in_tables = change->presence == KG_IS_THERE;
    const bool was_there = said ? said->ops & KG_PRESENT : in_tables;
    KgDeltaRow row = {.keys = {keys[0], keys[1], keys[2]}, .space = kg_space(0, patching->layer)};
    if (said)
        row = *said;
    if (status == BASE_OK && change->is_gone) {
        row.ops = in_tables ? KG_HIDES : 0;
        row.note = (KgNote){0};
        if (was_there && !BASE_PUSH(&patching->went, triple))
            status = no_memory(patching->went.count, patching->err);
    } else if (status == BASE_OK && !(was_there && patching->keep_notes)) {
        row.ops = KG_PRESENT | (in_tables ? KG_HIDES : 0);
        row.note = change->record.note;
        if (!was_there && !BASE_PUSH(&patching->came, triple))
            status = no_memory(patching->came.count, patching->err);
    }
    if (patching->added)
        patching->added[number] = !was_there && !change->is_gone;
    if (status == BASE_OK && row.ops && !BASE_PUSH(&patching->rows, row))
        status = no_memory(patching->rows.count, patching->err);
    return status;
}

/* Merges the sorted changes into the view. */
static BaseStatus merge_changes(Patching *patching, const KgDeltaRows *view, const uint32_t *numbers, size_t count)
{
    const uint32_t space = kg_space(0, patching->layer);
    BaseStatus status = BASE_OK;
    size_t at = 0;
    if (!BASE_RESERVE(&patching->rows, view->count + count))
        return no_memory(view->count + count, patching->err);
    kg_walker_start(&patching->walker, patching->txn, space);
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        const KgTriple triple = patching->changes[numbers[i]].record.triple;
        const uint64_t keys[3] = {triple.s, triple.p, triple.o};
        int order = -1;
        while (at < view->count &&
               (order = view->items[at].space != space ? (view->items[at].space < space ? -1 : 1)
                                                       : kg_compare_keys(view->items[at].keys, keys)) < 0)
            patching->rows.items[patching->rows.count++] = view->items[at++];
        const bool is_said = at < view->count && order == 0;
        status = take_change(patching, numbers[i], is_said ? &view->items[at] : NULL);
        at += is_said;
    }
    for (; status == BASE_OK && at < view->count; at++)
        status = BASE_PUSH(&patching->rows, view->items[at]) ? BASE_OK : no_memory(view->count, patching->err);
    return status;
}

/* All rows in the place of what was said before: those of named graphs one by one, the others packed. */
static BaseStatus replace_rows(Patching *patching)
{
    KgTxn *const txn = patching->txn;
    const KgDeltaRow *const rows = patching->rows.items;
    size_t packed = 0;
    BaseStatus status = kg_delta_forget(txn, patching->err);
    while (packed < patching->rows.count && rows[packed].space < KG_LAYERS)
        packed++;
    if (status == BASE_OK)
        status = kg_patch_write(txn, rows, packed, patching->err);
    for (size_t i = packed; status == BASE_OK && i < patching->rows.count; i++)
        status = kg_delta_put(txn, rows[i].space, kg_order_triple(rows[i].keys, KG_SPO), rows[i].ops, &rows[i].note,
                              patching->err);
    return status;
}

static bool sort_changes(KgTxn *txn, const KgChange *changes, size_t count, uint32_t **out, size_t *sorted)
{
    KgArranger arranger = {0};
    uint64_t *const ids = malloc((count ? count : 1) * 3 * sizeof *ids);
    for (size_t i = 0; ids && i < count; i++) {
        ids[i] = changes[i].record.triple.s;
        ids[count + i] = changes[i].record.triple.p;
        ids[2 * count + i] = changes[i].record.triple.o;
    }
    const uint64_t *const columns[3] = {ids, ids + count, ids + 2 * count};
    const bool enough =
        ids && kg_arrange(txn, columns, count, &arranger) && kg_arrange_numbers(&arranger, KG_SPO, out, sorted);
    kg_arrange_free(&arranger);
    free(ids);
    return enough;
}

BaseStatus kg_patch_change(KgTxn *txn, KgLayer layer, const KgChange *changes, size_t count, bool keep_notes,
                           bool *added, size_t *changed, BaseError *err)
{
    Patching patching = {
        .txn = txn, .layer = layer, .changes = changes, .keep_notes = keep_notes, .added = added, .err = err};
    KgDeltaRows view = {0};
    uint32_t *numbers = NULL;
    size_t sorted = 0;
    BaseStatus status = kg_delta_rows(txn, &view, err);
    if (status == BASE_OK && !sort_changes(txn, changes, count, &numbers, &sorted))
        status = no_memory(count, err);
    if (status == BASE_OK)
        status = merge_changes(&patching, &view, numbers, sorted);
    if (status == BASE_OK && patching.rows.count + patching.came.count + patching.went.count + view.count > 0)
        status = replace_rows(&patching);
    if (status == BASE_OK)
        status = kg_track_many(txn, 0, layer, patching.came.items, patching.came.count, true, err);
    if (status == BASE_OK)
        status = kg_track_many(txn, 0, layer, patching.went.items, patching.went.count, false, err);
    *changed = patching.came.count + patching.went.count;
    kg_note_change(txn, 0, layer, *changed);
    if (status != BASE_OK)
        txn->broken = true;
    free(numbers);
    free(patching.rows.items);
    free(patching.came.items);
    free(patching.went.items);
    return status;
}
