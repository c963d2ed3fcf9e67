/* index.c - single triples in and out, and whole layers. The triples of a space are kept in four orders, SPO, POS, OSP
 * and PSO, so that every pattern is a range of one of them (Weiss, Karras, Bernstein, "Hexastore", 2008, with the three
 * that suffice for ranges, and a fourth in which the subjects of a predicate are sorted for joins). */
#include "kg/space.h"

#include "kg/bulk.h"
#include "kg/delta.h"
#include "kg/patch.h"
#include "kg/statistics.h"
#include "kg/table.h"
#include "kg/terms.h"
#include "kg/track.h"

#include <stdlib.h>
#include <string.h>

/* So many records at most are added one by one, as changes that wait to be merged. */
#define FEW_RECORDS 1024

/* ---- What there is ---- */

static KgNote read_note(const KgPlace *place)
{
    uint64_t columns[4][KG_RUN_ROWS];
    const uint32_t run = place->row / KG_RUN_ROWS, at = place->row % KG_RUN_ROWS;
    for (int c = 0; c < 4; c++)
        kg_block_column(&place->block, run, 3 + c, columns[c], 1);
    KgNote note = {(uint32_t)columns[0][at], (uint32_t)columns[1][at], (uint32_t)columns[2][at], 0};
    const uint32_t score = (uint32_t)columns[3][at];
    memcpy(&note.score, &score, sizeof score);
    return note;
}

/* The tables alone, changes not merged yet left aside. */
static BaseStatus table_get(KgTxn *txn, uint32_t space, KgTriple triple, bool *is_there, KgNote *note, BaseError *err)
{
    const uint64_t key[3] = {triple.s, triple.p, triple.o};
    KgPlace place;
    *is_there = false;
    BaseStatus status = kg_table_seek(txn, (KgTable)(KG_ORDERS + KG_SPO), space, key, 3, false, &place, err);
    if (status != BASE_OK)
        return status == BASE_END ? BASE_OK : status;
    *is_there = kg_block_find(&place.block, key, 3, true) != place.row;
    if (*is_there && note)
        *note = read_note(&place);
    return BASE_OK;
}

/* `in_tables`: the tables may have something of the space. */
static BaseStatus space_get(KgTxn *txn, uint32_t space, KgTriple triple, bool in_tables, bool *is_there, KgNote *note,
                            BaseError *err)
{
    unsigned ops;
    const BaseStatus status = kg_delta_get(txn, space, triple, &ops, note, err);
    *is_there = status == BASE_OK && ops & KG_PRESENT;
    return status != BASE_OK || ops || !in_tables ? status : table_get(txn, space, triple, is_there, note, err);
}

BaseStatus kg_get_in(KgTxn *txn, KgId graph, KgLayer layer, KgTriple triple, KgNote *note, BaseError *err)
{
    uint32_t number;
    bool is_there = false;
    if ((unsigned)layer >= KG_LAYERS) /* its space would be another graph's */
        return base_fail(err, BASE_BAD_CALL, "kg_get: no layer has the number %d", (int)layer);
    BaseStatus status = kg_graph_number(txn, graph, false, &number, err);
    if (status == BASE_OK)
        status = space_get(txn, kg_space(number, layer), triple, true, &is_there, note, err);
    return status == BASE_OK && !is_there ? BASE_NOT_FOUND : status;
}

BaseStatus kg_get(KgTxn *txn, KgLayer layer, KgTriple triple, KgNote *note, BaseError *err)
{
    return kg_get_in(txn, KG_ANY, layer, triple, note, err);
}

/* The layers of the graph, among those asked about, that have the triple. */
static BaseStatus layers_of(KgTxn *txn, uint32_t graph, unsigned asked, KgTriple triple, unsigned *out, BaseError *err)
{
    KgCounts stored;
    bool may_change = false;
    *out = 0;
    BaseStatus status = kg_stored_counts(txn, graph, KG_ANY, &stored, err);
    if (status == BASE_OK)
        status = kg_delta_may_have(txn, &may_change, err);
    for (int layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++) {
        const bool in_tables = kg_union_count(&stored, KG_IN(layer)) > 0;
        bool is_there = false;
        if (asked & KG_IN(layer) && (may_change || in_tables))
            status = space_get(txn, kg_space(graph, (KgLayer)layer), triple, in_tables, &is_there, NULL, err);
        *out |= is_there ? KG_IN(layer) : 0;
    }
    return status;
}

BaseStatus kg_holds_in(KgTxn *txn, KgId graph, unsigned layers, KgTriple triple, bool *out, BaseError *err)
{
    uint32_t number;
    unsigned in = 0;
    BaseStatus status = kg_graph_number(txn, graph, false, &number, err);
    if (status == BASE_OK)
        status = layers_of(txn, number, layers, triple, &in, err);
    *out = status == BASE_OK && in != 0;
    return status == BASE_NOT_FOUND ? BASE_OK : status;
}

BaseStatus kg_holds(KgTxn *txn, unsigned layers, KgTriple triple, bool *out, BaseError *err)
{
    return kg_holds_in(txn, KG_ANY, layers, triple, out, err);
}

/* ---- One triple ---- */

static BaseStatus want_layer(const KgTxn *txn, KgLayer layer, const char *call, BaseError *err)
{
    if ((unsigned)layer >= KG_LAYERS)
        return base_fail(err, BASE_BAD_CALL, "%s: no layer has the number %d", call, (int)layer);
    return kg_want_writer(txn, call, err);
}

static BaseStatus want_known(KgTxn *txn, KgTriple triple, BaseError *err)
{
    const KgId ids[] = {triple.s, triple.p, triple.o};
    for (int i = 0; i < 3; i++)
        if (!kg_is_known(txn, ids[i]))
            return base_fail(err, BASE_BAD_CALL, "the %s of a triple to add, id %llx, is no term of the database",
                             i == 0 ? "subject" : (i == 1 ? "predicate" : "object"), (unsigned long long)ids[i]);
    return BASE_OK;
}

static BaseStatus add_one(KgTxn *txn, uint32_t graph, KgLayer layer, const KgRecord *record, bool *added,
                          BaseError *err)
{
    const uint32_t space = kg_space(graph, layer);
    unsigned in = 0, ops;
    BaseStatus status = want_known(txn, record->triple, err);
    if (status == BASE_OK)
        status = layers_of(txn, graph, KG_ALL_LAYERS, record->triple, &in, err);
    if (status != BASE_OK || in & KG_IN(layer))
        return status;
    status = kg_delta_get(txn, space, record->triple, &ops, NULL, err);
    if (status == BASE_OK)
        status = kg_delta_put(txn, space, record->triple, ops | KG_PRESENT, &record->note, err);
    if (status == BASE_OK)
        status = kg_track_one(txn, graph, layer, record->triple, true, err);
    if (status == BASE_OK)
        kg_note_change(txn, graph, layer, 1);
    if (added)
        *added = status == BASE_OK;
    return status;
}

BaseStatus kg_add_in(KgTxn *txn, KgId graph, KgLayer layer, const KgRecord *record, bool *added, BaseError *err)
{
    uint32_t number;
    if (added)
        *added = false;
    BaseStatus status = want_layer(txn, layer, "kg_add", err);
    if (status == BASE_OK)
        status = kg_graph_number(txn, graph, true, &number, err);
    return status == BASE_OK ? add_one(txn, number, layer, record, added, err) : status;
}

BaseStatus kg_add(KgTxn *txn, KgLayer layer, const KgRecord *record, bool *added, BaseError *err)
{
    return kg_add_in(txn, KG_ANY, layer, record, added, err);
}

BaseStatus kg_delete_in(KgTxn *txn, KgId graph, KgLayer layer, KgTriple triple, bool *deleted, BaseError *err)
{
    uint32_t number = 0;
    unsigned in = 0, ops;
    if (deleted)
        *deleted = false;
    BaseStatus status = want_layer(txn, layer, "kg_delete", err);
    if (status == BASE_OK)
        status = kg_graph_number(txn, graph, false, &number, err);
    if (status == BASE_OK)
        status = layers_of(txn, number, KG_ALL_LAYERS, triple, &in, err);
    if (status != BASE_OK || !(in & KG_IN(layer)))
        return status == BASE_NOT_FOUND ? BASE_OK : status;
    const uint32_t space = kg_space(number, layer);
    status = kg_delta_get(txn, space, triple, &ops, NULL, err);
    /* What no table has is forgotten, what one has is hidden. */
    if (status == BASE_OK)
        status = kg_delta_put(txn, space, triple, ops == KG_PRESENT ? 0 : KG_HIDES, NULL, err);
    if (status == BASE_OK)
        status = kg_track_one(txn, number, layer, triple, false, err);
    if (status == BASE_OK)
        kg_note_change(txn, number, layer, 1);
    if (deleted)
        *deleted = status == BASE_OK;
    return status;
}

BaseStatus kg_delete(KgTxn *txn, KgLayer layer, KgTriple triple, bool *deleted, BaseError *err)
{
    return kg_delete_in(txn, KG_ANY, layer, triple, deleted, err);
}

/* ---- Whole layers ---- */

BaseStatus kg_clear_layer_in(KgTxn *txn, KgId graph, KgLayer layer, BaseError *err)
{
    uint32_t number;
    BaseStatus status = want_layer(txn, layer, "kg_clear_layer", err);
    if (status == BASE_OK)
        status = kg_graph_number(txn, graph, false, &number, err);
    if (status != BASE_OK)
        return status == BASE_NOT_FOUND ? BASE_OK : status;
    const uint32_t space = kg_space(number, layer);
    status = kg_track_lose(txn, number, layer, err);
    if (status == BASE_OK)
        status = kg_delta_clear(txn, space, err);
    for (int index = 0; status == BASE_OK && index < KG_INDEXES; index++)
        status = kg_table_clear(txn, (KgTable)(KG_ORDERS + index), space, err);
    if (status == BASE_OK)
        status = kg_clear_counts(txn, number, layer, err);
    txn->delta_is_old = true; /* what changes of other layers count depends on the tables */
    if (status != BASE_OK)
        txn->broken = true;
    return status;
}

BaseStatus kg_clear_layer(KgTxn *txn, KgLayer layer, BaseError *err)
{
    return kg_clear_layer_in(txn, KG_ANY, layer, err);
}

/* ---- Many triples ---- */

static BaseStatus patch_records(KgTxn *txn, KgLayer layer, const KgRecord *records, size_t count, size_t *added,
                                BaseError *err)
{
    KgChange *const changes = malloc(count * sizeof *changes);
    if (!changes)
        return base_fail(err, BASE_NO_MEMORY, "no memory to sort %zu triples", count);
    for (size_t i = 0; i < count; i++)
        changes[i] = (KgChange){.record = records[i]};
    const BaseStatus status = kg_patch_change(txn, layer, changes, count, true, NULL, added, err);
    free(changes);
    return status;
}

static BaseStatus patch_away(KgTxn *txn, KgLayer layer, const KgTriple *triples, size_t count, size_t *gone,
                             BaseError *err)
{
    KgChange *const changes = malloc(count * sizeof *changes);
    if (!changes)
        return base_fail(err, BASE_NO_MEMORY, "no memory to sort %zu triples", count);
    for (size_t i = 0; i < count; i++)
        changes[i] = (KgChange){.record = {.triple = triples[i]}, .is_gone = true};
    const BaseStatus status = kg_patch_change(txn, layer, changes, count, true, NULL, gone, err);
    free(changes);
    return status;
}

static KgNote note_of_record(const void *context, size_t row)
{
    return ((const KgRecord *)context)[row].note;
}

static BaseStatus add_records(KgTxn *txn, uint32_t graph, KgLayer layer, const KgRecord *records, size_t count,
                              uint64_t *added, uint64_t *added_by, uint32_t first, BaseJob *job, BaseError *err)
{
    uint64_t *const ids = malloc((count ? count : 1) * 3 * sizeof *ids);
    if (!ids)
        return base_fail(err, BASE_NO_MEMORY, "no memory to sort %zu triples", count);
    for (size_t i = 0; i < count; i++) {
        ids[i] = records[i].triple.s;
        ids[count + i] = records[i].triple.p;
        ids[2 * count + i] = records[i].triple.o;
    }
    const KgBulk bulk = {{ids, ids + count, ids + 2 * count}, count, NULL, note_of_record, records};
    const BaseStatus status = kg_bulk_add(txn, graph, layer, &bulk, added, added_by, first, job, err);
    free(ids);
    return status;
}

static BaseStatus add_few(KgTxn *txn, uint32_t graph, KgLayer layer, const KgRecord *records, size_t count,
                          uint64_t *added, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        bool is_new = false;
        status = add_one(txn, graph, layer, &records[i], &is_new, err);
        *added += is_new;
    }
    return status;
}

BaseStatus kg_add_many_in(KgTxn *txn, KgId graph, KgLayer layer, KgRecord *records, size_t count, size_t *added,
                          BaseJob *job, BaseError *err)
{
    uint32_t number = 0;
    uint64_t new_ones = 0;
    if (added)
        *added = 0;
    BaseStatus status = want_layer(txn, layer, "kg_add_many", err);
    if (status == BASE_OK && count > 0)
        status = kg_graph_number(txn, graph, true, &number, err);
    for (size_t i = 0; status == BASE_OK && i < count; i++)
        status = want_known(txn, records[i].triple, err);
    if (status != BASE_OK || count == 0)
        return status;
    if (base_job_cancelled(job)) {
        txn->broken = true;
        return base_fail(err, BASE_CANCELLED, "cancelled while writing triples");
    }
    const bool is_few = count <= kg_limit(txn->store->limits.records, FEW_RECORDS);
    bool is_patch = false;
    if (number == 0 && !is_few)
        status = kg_patch_fits(txn, count, &is_patch, err);
    if (status == BASE_OK && is_patch) {
        size_t patched = 0;
        status = patch_records(txn, layer, records, count, &patched, err);
        new_ones = patched;
    }
    if (status == BASE_OK && !is_patch)
        status = is_few ? add_few(txn, number, layer, records, count, &new_ones, err)
                        : add_records(txn, number, layer, records, count, &new_ones, NULL, 0, job, err);
    if (status == BASE_OK && added)
        *added = (size_t)new_ones;
    return status;
}

BaseStatus kg_add_many(KgTxn *txn, KgLayer layer, KgRecord *records, size_t count, size_t *added, BaseJob *job,
                       BaseError *err)
{
    return kg_add_many_in(txn, KG_ANY, layer, records, count, added, job, err);
}

static int compare_triples(const void *left, const void *right)
{
    const KgTriple *const a = left, *const b = right;
    if (a->s != b->s)
        return a->s < b->s ? -1 : 1;
    if (a->p != b->p)
        return a->p < b->p ? -1 : 1;
    return (a->o > b->o) - (a->o < b->o);
}

/* Sorts the triples and keeps those that the layer has, counted by what other layers they are in. */
static BaseStatus keep_present(KgTxn *txn, uint32_t graph, KgLayer layer, KgTriple *triples, size_t *count,
                               KgTally *tally, BaseJob *job, BaseError *err)
{
    BaseStatus status = BASE_OK;
    size_t kept = 0;
    qsort(triples, *count, sizeof *triples, compare_triples);
    for (size_t i = 0; status == BASE_OK && i < *count; i++) {
        const KgTriple triple = triples[i];
        unsigned in = 0;
        if (i % FEW_RECORDS == 0 && base_job_cancelled(job))
            return base_fail(err, BASE_CANCELLED, "cancelled while deleting triples");
        if (kept > 0 && compare_triples(&triples[kept - 1], &triple) == 0)
            continue;
        status = layers_of(txn, graph, KG_ALL_LAYERS, triple, &in, err);
        if (status != BASE_OK || !(in & KG_IN(layer)))
            continue;
        triples[kept++] = triple;
        if (!kg_tally_add(tally, triple.p, in, 1))
            status = base_fail(err, BASE_NO_MEMORY, "no memory to count triples");
    }
    *count = kept;
    return status;
}

static BaseStatus delete_from_tables(KgTxn *txn, uint32_t graph, KgLayer layer, KgTriple *triples, size_t *count,
                                     BaseJob *job, BaseError *err)
{
    KgTally tally = {0};
    BaseStatus status = kg_delta_fold(txn, err);
    if (status == BASE_OK)
        status = keep_present(txn, graph, layer, triples, count, &tally, job, err);
    if (status == BASE_OK)
        status = kg_track_many(txn, graph, layer, triples, *count, false, err);
    if (status == BASE_OK && *count > 0)
        status = kg_delta_hide(txn, kg_space(graph, layer), triples, *count, err);
    if (status == BASE_OK && *count > 0)
        status = kg_tally_apply(&tally, txn, graph, layer, true, err);
    if (status != BASE_OK)
        txn->broken = true;
    kg_tally_free(&tally);
    return status;
}

BaseStatus kg_delete_many_in(KgTxn *txn, KgId graph, KgLayer layer, KgTriple *triples, size_t count, size_t *deleted,
                             BaseJob *job, BaseError *err)
{
    uint32_t number = 0;
    size_t gone = 0;
    if (deleted)
        *deleted = 0;
    BaseStatus status = want_layer(txn, layer, "kg_delete_many", err);
    if (status == BASE_OK)
        status = kg_graph_number(txn, graph, false, &number, err);
    if (status != BASE_OK)
        return status == BASE_NOT_FOUND ? BASE_OK : status;
    if (base_job_cancelled(job))
        return base_fail(err, BASE_CANCELLED, "cancelled while deleting triples");
    bool is_patch = false;
    if (number == 0 && count > kg_limit(txn->store->limits.records, FEW_RECORDS))
        status = kg_patch_fits(txn, count, &is_patch, err);
    if (status != BASE_OK)
        return status;
    if (is_patch) {
        status = patch_away(txn, layer, triples, count, &gone, err);
    } else if (count > kg_limit(txn->store->limits.records, FEW_RECORDS)) {
        gone = count;
        status = delete_from_tables(txn, number, layer, triples, &gone, job, err);
    } else {
        for (size_t i = 0; status == BASE_OK && i < count; i++) {
            bool was_there = false;
            status = kg_delete_in(txn, graph, layer, triples[i], &was_there, err);
            gone += was_there;
        }
    }
    if (status == BASE_OK && deleted)
        *deleted = gone;
    return status;
}

BaseStatus kg_delete_many(KgTxn *txn, KgLayer layer, KgTriple *triples, size_t count, size_t *deleted, BaseJob *job,
                          BaseError *err)
{
    return kg_delete_many_in(txn, KG_ANY, layer, triples, count, deleted, job, err);
}

/* ---- Changes of both kinds ---- */

/* Where the tables have to take them: what goes or is noted anew first, then what comes. */
static BaseStatus change_in_turn(KgTxn *txn, KgLayer layer, const KgChange *changes, size_t count, BaseJob *job,
                                 BaseError *err)
{
    KgTriple *const gone = malloc((count ? count : 1) * sizeof *gone);
    KgRecord *const records = malloc((count ? count : 1) * sizeof *records);
    size_t kept = 0;
    BaseStatus status = gone && records ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for %zu changes", count);
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        gone[i] = changes[i].record.triple;
        if (!changes[i].is_gone)
            records[kept++] = changes[i].record;
    }
    if (status == BASE_OK)
        status = kg_delete_many(txn, layer, gone, count, NULL, job, err);
    if (status == BASE_OK)
        status = kg_add_many(txn, layer, records, kept, NULL, job, err);
    free(gone);
    free(records);
    return status;
}

BaseStatus kg_change_many(KgTxn *txn, KgLayer layer, const KgChange *changes, size_t count, BaseJob *job,
                          BaseError *err)
{
    bool is_patch = false;
    size_t changed;
    BaseStatus status = want_layer(txn, layer, "kg_change_many", err);
    for (size_t i = 0; status == BASE_OK && i < count; i++)
        status = want_known(txn, changes[i].record.triple, err);
    if (status == BASE_OK)
        status = kg_patch_fits(txn, count, &is_patch, err);
    if (status != BASE_OK)
        return status;
    return is_patch ? kg_patch_change(txn, layer, changes, count, false, NULL, &changed, err)
                    : change_in_turn(txn, layer, changes, count, job, err);
}
