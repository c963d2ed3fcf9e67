/* index.c - the triples of a layer in three orders, SPO, POS and OSP, so that every pattern is a range of one of them
 * (Weiss, Karras, Bernstein, "Hexastore", 2008, with the three that suffice for ranges), and the counts beside them. */
#include "kg/index.h"

#include "kg/terms.h"

#include <stdlib.h>

const int kg_places[KG_INDEXES][3] = {[KG_SPO] = {0, 1, 2}, [KG_POS] = {1, 2, 0}, [KG_OSP] = {2, 0, 1}};

#define RECORDS_BETWEEN_STEPS 16384

/* ---- Counts ---- */

BaseStatus kg_get_counts(KgTxn *txn, KgId predicate, KgCounts *out, BaseError *err)
{
    *out = (KgCounts){0};
    MDB_val key = {sizeof predicate, &predicate}, value;
    const int code = mdb_get(txn->mdb, txn->store->tables[KG_COUNTS], &key, &value);
    if (code == MDB_NOTFOUND)
        return BASE_OK;
    if (code != MDB_SUCCESS || value.mv_size != sizeof *out)
        return kg_mdb_fail(txn->store, code == MDB_SUCCESS ? MDB_CORRUPTED : code, "read", err);
    memcpy(out, value.mv_data, sizeof *out);
    return BASE_OK;
}

static int put_counts(KgTxn *txn, KgId predicate, const KgCounts *counts)
{
    static const KgCounts none;
    MDB_val key = {sizeof predicate, &predicate}, value = {sizeof *counts, (void *)counts};
    if (memcmp(counts, &none, sizeof none) != 0)
        return mdb_put(txn->mdb, txn->store->tables[KG_COUNTS], &key, &value, 0);
    const int code = mdb_del(txn->mdb, txn->store->tables[KG_COUNTS], &key, NULL);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* `moved[in]` triples of the predicate that were in exactly the layers `in` are now in `layer` as well, or, for
 * `leave`, are no longer in it. */
static BaseStatus move_counts(KgTxn *txn, KgId predicate, KgLayer layer, const KgCounts *moved, bool leave,
                              BaseError *err)
{
    KgCounts counts;
    const BaseStatus status = kg_get_counts(txn, predicate, &counts, err);
    if (status != BASE_OK) {
        txn->broken = true;
        return status;
    }
    for (unsigned in = 0; in < 1 << KG_LAYERS; in++) {
        const unsigned now = in ^ KG_IN(layer);
        if (!moved->by_layers[in] || ((in & KG_IN(layer)) != 0) != leave)
            continue;
        counts.by_layers[in] -= in ? moved->by_layers[in] : 0;
        counts.by_layers[now] += now ? moved->by_layers[in] : 0;
    }
    const int code = put_counts(txn, predicate, &counts);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

/* Triples of a load by predicate and by the other layers they are in. */
typedef struct Tally {
    BaseMap places;
    struct {
        KgCounts *items;
        size_t count, capacity;
    } moved;
    KgCounts all;
} Tally;

static bool tally_add(Tally *tally, KgId predicate, unsigned layers)
{
    bool is_new;
    const uint64_t *const place = base_map_put(&tally->places, predicate, tally->moved.count, &is_new);
    if (!place || (is_new && !BASE_PUSH(&tally->moved, (KgCounts){0})))
        return false;
    tally->moved.items[*place].by_layers[layers]++;
    tally->all.by_layers[layers]++;
    return true;
}

static BaseStatus tally_apply(const Tally *tally, KgTxn *txn, KgLayer layer, BaseError *err)
{
    BaseStatus status = move_counts(txn, KG_ANY, layer, &tally->all, false, err);
    for (size_t slot = 0; status == BASE_OK && slot < tally->places.capacity; slot++)
        if (tally->places.keys[slot] != BASE_NO_KEY)
            status = move_counts(txn, tally->places.keys[slot], layer, &tally->moved.items[tally->places.values[slot]],
                                 false, err);
    return status;
}

static void tally_free(Tally *tally)
{
    base_map_free(&tally->places);
    free(tally->moved.items);
}

/* ---- One triple ---- */

static int get_note(KgTxn *txn, KgLayer layer, KgTriple triple, KgNote *note)
{
    KgKey bytes = kg_key(triple, KG_SPO);
    MDB_val key = {sizeof bytes, &bytes}, value;
    const int code = mdb_get(txn->mdb, kg_triple_table(txn->store, layer, KG_SPO), &key, &value);
    if (code != MDB_SUCCESS || !note)
        return code;
    if (value.mv_size != sizeof *note)
        return MDB_CORRUPTED;
    memcpy(note, value.mv_data, sizeof *note);
    return code;
}

BaseStatus kg_get(KgTxn *txn, KgLayer layer, KgTriple triple, KgNote *note, BaseError *err)
{
    const int code = get_note(txn, layer, triple, note);
    if (code == MDB_NOTFOUND)
        return BASE_NOT_FOUND;
    return code == MDB_SUCCESS ? BASE_OK : kg_mdb_fail(txn->store, code, "read", err);
}

BaseStatus kg_holds(KgTxn *txn, unsigned layers, KgTriple triple, bool *out, BaseError *err)
{
    *out = false;
    for (int layer = 0; layer < KG_LAYERS && !*out; layer++) {
        const int code = layers & KG_IN(layer) ? get_note(txn, (KgLayer)layer, triple, NULL) : MDB_NOTFOUND;
        if (code != MDB_SUCCESS && code != MDB_NOTFOUND)
            return kg_mdb_fail(txn->store, code, "read", err);
        *out = code == MDB_SUCCESS;
    }
    return BASE_OK;
}

static BaseStatus layers_of(KgTxn *txn, KgTriple triple, unsigned *out, BaseError *err)
{
    *out = 0;
    for (int layer = 0; layer < KG_LAYERS; layer++) {
        const int code = get_note(txn, (KgLayer)layer, triple, NULL);
        if (code == MDB_SUCCESS)
            *out |= KG_IN(layer);
        else if (code != MDB_NOTFOUND)
            return kg_mdb_fail(txn->store, code, "read", err);
    }
    return BASE_OK;
}

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

/* Counts of one triple that joins or leaves `layer`, `in` being the layers it was in. */
static BaseStatus move_one(KgTxn *txn, KgTriple triple, KgLayer layer, unsigned in, bool leave, BaseError *err)
{
    KgCounts moved = {0};
    moved.by_layers[in] = 1;
    const BaseStatus status = move_counts(txn, triple.p, layer, &moved, leave, err);
    return status == BASE_OK ? move_counts(txn, KG_ANY, layer, &moved, leave, err) : status;
}

BaseStatus kg_add(KgTxn *txn, KgLayer layer, const KgRecord *record, bool *added, BaseError *err)
{
    if (added)
        *added = false;
    unsigned in = 0;
    BaseStatus status = want_layer(txn, layer, "kg_add", err);
    if (status == BASE_OK)
        status = want_known(txn, record->triple, err);
    if (status == BASE_OK)
        status = layers_of(txn, record->triple, &in, err);
    if (status != BASE_OK || in & KG_IN(layer))
        return status;
    for (int index = 0; index < KG_INDEXES; index++) {
        KgKey bytes = kg_key(record->triple, (KgIndex)index);
        MDB_val key = {sizeof bytes, &bytes};
        MDB_val value = {index == KG_SPO ? sizeof record->note : 0, (void *)&record->note};
        const int code = mdb_put(txn->mdb, kg_triple_table(txn->store, layer, (KgIndex)index), &key, &value, 0);
        if (code != MDB_SUCCESS)
            return kg_break(txn, code, err);
    }
    status = move_one(txn, record->triple, layer, in, false, err);
    if (added)
        *added = status == BASE_OK;
    return status;
}

BaseStatus kg_delete(KgTxn *txn, KgLayer layer, KgTriple triple, bool *deleted, BaseError *err)
{
    if (deleted)
        *deleted = false;
    unsigned in = 0;
    BaseStatus status = want_layer(txn, layer, "kg_delete", err);
    if (status == BASE_OK)
        status = layers_of(txn, triple, &in, err);
    if (status != BASE_OK || !(in & KG_IN(layer)))
        return status;
    for (int index = 0; index < KG_INDEXES; index++) {
        KgKey bytes = kg_key(triple, (KgIndex)index);
        MDB_val key = {sizeof bytes, &bytes};
        const int code = mdb_del(txn->mdb, kg_triple_table(txn->store, layer, (KgIndex)index), &key, NULL);
        if (code != MDB_SUCCESS)
            return kg_break(txn, code, err);
    }
    status = move_one(txn, triple, layer, in, true, err);
    if (deleted)
        *deleted = status == BASE_OK;
    return status;
}

/* ---- A whole layer ---- */

/* Every triple of the layer leaves it: sums move from each set of layers with it to the one without. */
static BaseStatus clear_counts(KgTxn *txn, KgLayer layer, BaseError *err)
{
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(txn->mdb, txn->store->tables[KG_COUNTS], &cursor);
    if (code != MDB_SUCCESS)
        return kg_break(txn, code, err);
    MDB_val key, value;
    while (code == MDB_SUCCESS && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        KgCounts counts;
        if (value.mv_size != sizeof counts) {
            code = MDB_CORRUPTED;
            break;
        }
        memcpy(&counts, value.mv_data, sizeof counts);
        uint64_t left = 0;
        for (unsigned in = 1; in < 1 << KG_LAYERS; in++) {
            const unsigned without = in & ~KG_IN(layer);
            if (without != in) {
                counts.by_layers[without] += without ? counts.by_layers[in] : 0;
                counts.by_layers[in] = 0;
            }
        }
        for (unsigned in = 1; in < 1 << KG_LAYERS; in++)
            left += counts.by_layers[in];
        MDB_val changed = {sizeof counts, &counts};
        code = left ? mdb_cursor_put(cursor, &key, &changed, MDB_CURRENT) : mdb_cursor_del(cursor, 0);
    }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? BASE_OK : kg_break(txn, code, err);
}

BaseStatus kg_clear_layer(KgTxn *txn, KgLayer layer, BaseError *err)
{
    const BaseStatus status = want_layer(txn, layer, "kg_clear_layer", err);
    if (status != BASE_OK)
        return status;
    for (int index = 0; index < KG_INDEXES; index++) {
        const int code = mdb_drop(txn->mdb, kg_triple_table(txn->store, layer, (KgIndex)index), 0);
        if (code != MDB_SUCCESS)
            return kg_break(txn, code, err);
    }
    return clear_counts(txn, layer, err);
}

/* ---- Many triples ---- */

static bool same_triple(KgTriple a, KgTriple b)
{
    return a.s == b.s && a.p == b.p && a.o == b.o;
}

/* Of equal triples the first stays; returns how many are left. */
static size_t drop_repeats(KgRecord *records, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !same_triple(records[kept - 1].triple, records[i].triple))
            records[kept++] = records[i];
    return kept;
}

/* A load in progress: which other layers have anything, and how far it is. */
typedef struct Load {
    KgTxn *txn;
    KgLayer layer;
    bool into_empty;
    MDB_cursor *others[KG_LAYERS]; /* SPO of the other layers that are not empty */
    Tally tally;
    BaseJob *job;
    uint64_t done, total;
} Load;

static int table_size(KgTxn *txn, MDB_dbi table, size_t *out)
{
    MDB_stat stat;
    const int code = mdb_stat(txn->mdb, table, &stat);
    *out = code == MDB_SUCCESS ? stat.ms_entries : 0;
    return code;
}

static int open_others(Load *load)
{
    for (int layer = 0; layer < KG_LAYERS; layer++) {
        const MDB_dbi table = kg_triple_table(load->txn->store, (KgLayer)layer, KG_SPO);
        size_t size;
        int code = table_size(load->txn, table, &size);
        if (code == MDB_SUCCESS && (KgLayer)layer == load->layer)
            load->into_empty = size == 0;
        else if (code == MDB_SUCCESS && size > 0)
            code = mdb_cursor_open(load->txn->mdb, table, &load->others[layer]);
        if (code != MDB_SUCCESS)
            return code;
    }
    return MDB_SUCCESS;
}

static void close_others(Load *load)
{
    for (int layer = 0; layer < KG_LAYERS; layer++)
        if (load->others[layer])
            mdb_cursor_close(load->others[layer]);
}

static int other_layers(const Load *load, MDB_val *key, unsigned *out)
{
    *out = 0;
    for (int layer = 0; layer < KG_LAYERS; layer++) {
        if (!load->others[layer])
            continue;
        MDB_val same = *key;
        const int code = mdb_cursor_get(load->others[layer], &same, NULL, MDB_SET);
        if (code == MDB_SUCCESS)
            *out |= KG_IN(layer);
        else if (code != MDB_NOTFOUND)
            return code;
    }
    return MDB_SUCCESS;
}

static BaseStatus step(Load *load, BaseError *err)
{
    if (++load->done % RECORDS_BETWEEN_STEPS != 0 && load->done != load->total)
        return BASE_OK;
    base_job_step(load->job, "writing triples", "entries", load->done, load->total, NULL);
    if (!base_job_cancelled(load->job))
        return BASE_OK;
    load->txn->broken = true;
    return base_fail(err, BASE_CANCELLED, "cancelled while writing triples");
}

/* Puts sorted records into SPO, keeps those that were new at the front of the array and counts them. */
static BaseStatus load_spo(Load *load, KgRecord *records, size_t *count, BaseError *err)
{
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(load->txn->mdb, kg_triple_table(load->txn->store, load->layer, KG_SPO), &cursor);
    if (code != MDB_SUCCESS)
        return kg_break(load->txn, code, err);
    BaseStatus status = BASE_OK;
    size_t added = 0;
    for (size_t i = 0; status == BASE_OK && i < *count; i++) {
        KgKey bytes = kg_key(records[i].triple, KG_SPO);
        MDB_val key = {sizeof bytes, &bytes}, value = {sizeof records[i].note, &records[i].note};
        code = mdb_cursor_put(cursor, &key, &value, load->into_empty ? MDB_APPEND : MDB_NOOVERWRITE);
        unsigned in = 0;
        if (code == MDB_SUCCESS)
            code = other_layers(load, &key, &in);
        if (code == MDB_SUCCESS) {
            records[added++] = records[i];
            if (!tally_add(&load->tally, records[i].triple.p, in)) {
                load->txn->broken = true;
                status = base_fail(err, BASE_NO_MEMORY, "no memory to count triples");
            }
        } else if (code != MDB_KEYEXIST) {
            status = kg_break(load->txn, code, err);
        }
        if (status == BASE_OK)
            status = step(load, err);
    }
    mdb_cursor_close(cursor);
    *count = added;
    return status;
}

static BaseStatus load_index(Load *load, const KgTriple *triples, size_t count, KgIndex index, BaseError *err)
{
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(load->txn->mdb, kg_triple_table(load->txn->store, load->layer, index), &cursor);
    if (code != MDB_SUCCESS)
        return kg_break(load->txn, code, err);
    BaseStatus status = BASE_OK;
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        KgKey bytes = kg_key(triples[i], index);
        MDB_val key = {sizeof bytes, &bytes}, value = {0};
        code = mdb_cursor_put(cursor, &key, &value, load->into_empty ? MDB_APPEND : 0);
        status = code == MDB_SUCCESS ? step(load, err) : kg_break(load->txn, code, err);
    }
    mdb_cursor_close(cursor);
    return status;
}

static BaseStatus load_other_indexes(Load *load, const KgRecord *records, size_t count, BaseError *err)
{
    KgTriple *const triples = malloc((count ? count : 1) * sizeof *triples);
    bool enough = triples != NULL;
    for (size_t i = 0; enough && i < count; i++)
        triples[i] = records[i].triple;
    BaseStatus status = BASE_OK;
    for (int index = KG_POS; enough && status == BASE_OK && index <= KG_OSP; index++) {
        enough = kg_sort_triples(triples, count, (KgIndex)index);
        if (enough)
            status = load_index(load, triples, count, (KgIndex)index, err);
    }
    free(triples);
    if (enough)
        return status;
    load->txn->broken = true;
    return base_fail(err, BASE_NO_MEMORY, "no memory to sort %zu triples", count);
}

BaseStatus kg_add_sorted(KgTxn *txn, KgLayer layer, KgRecord *records, size_t count, size_t *added, uint64_t *added_by,
                         uint32_t first, BaseJob *job, BaseError *err)
{
    if (added)
        *added = 0;
    BaseStatus status = want_layer(txn, layer, "kg_add_many", err);
    for (size_t i = 0; status == BASE_OK && i < count; i++)
        status = want_known(txn, records[i].triple, err);
    if (status != BASE_OK || count == 0)
        return status;
    if (!kg_sort_records(records, count))
        return base_fail(err, BASE_NO_MEMORY, "no memory to sort %zu triples", count);
    count = drop_repeats(records, count);
    Load load = {.txn = txn, .layer = layer, .job = job, .total = 3 * (uint64_t)count};
    const int code = open_others(&load);
    status = code == MDB_SUCCESS ? load_spo(&load, records, &count, err) : kg_break(txn, code, err);
    load.total = load.done + 2 * (uint64_t)count;
    if (status == BASE_OK && count > 0)
        status = load_other_indexes(&load, records, count, err);
    if (status == BASE_OK && count > 0)
        status = tally_apply(&load.tally, txn, layer, err);
    for (size_t i = 0; added_by && status == BASE_OK && i < count; i++)
        added_by[records[i].note.source - first]++;
    if (added && status == BASE_OK)
        *added = count;
    close_others(&load);
    tally_free(&load.tally);
    return status;
}

BaseStatus kg_add_many(KgTxn *txn, KgLayer layer, KgRecord *records, size_t count, size_t *added, BaseJob *job,
                       BaseError *err)
{
    return kg_add_sorted(txn, layer, records, count, added, NULL, 0, job, err);
}

/* ---- Counts per predicate ---- */

static int by_total_descending(const void *left, const void *right)
{
    const KgPredicateCount *const a = left, *const b = right;
    const uint64_t a_total = a->asserted + a->inferred + a->predicted + a->observed;
    const uint64_t b_total = b->asserted + b->inferred + b->predicted + b->observed;
    if (a_total != b_total)
        return a_total < b_total ? 1 : -1;
    return a->predicate < b->predicate ? -1 : a->predicate > b->predicate;
}

BaseStatus kg_predicate_counts(KgTxn *txn, KgPredicateCount **out, size_t *count, BaseError *err)
{
    *out = NULL;
    *count = 0;
    struct {
        KgPredicateCount *items;
        size_t count, capacity;
    } found = {0};
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(txn->mdb, txn->store->tables[KG_COUNTS], &cursor);
    MDB_val key, value;
    bool enough = true;
    while (enough && code == MDB_SUCCESS && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        KgCounts counts;
        KgPredicateCount row;
        if (value.mv_size != sizeof counts || key.mv_size != sizeof row.predicate) {
            code = MDB_CORRUPTED;
            break;
        }
        memcpy(&counts, value.mv_data, sizeof counts);
        memcpy(&row.predicate, key.mv_data, sizeof row.predicate);
        row.asserted = kg_union_count(&counts, KG_IN(KG_ASSERTED));
        row.inferred = kg_union_count(&counts, KG_IN(KG_INFERRED));
        row.predicted = kg_union_count(&counts, KG_IN(KG_PREDICTED));
        row.observed = kg_union_count(&counts, KG_IN(KG_OBSERVED));
        if (row.predicate != KG_ANY)
            enough = BASE_PUSH(&found, row);
    }
    if (cursor)
        mdb_cursor_close(cursor);
    if (!enough || code != MDB_NOTFOUND) {
        free(found.items);
        return enough ? kg_mdb_fail(txn->store, code, "read", err)
                      : base_fail(err, BASE_NO_MEMORY, "no memory for the counts of the predicates");
    }
    if (found.count > 1)
        qsort(found.items, found.count, sizeof *found.items, by_total_descending);
    *out = found.items;
    *count = found.count;
    return BASE_OK;
}

/* ---- Named graphs: not kept yet ---- */

static BaseStatus default_only(KgId graph, BaseError *err)
{
    return graph == KG_ANY ? BASE_OK : base_fail(err, BASE_BAD_CALL, "named graphs are not kept yet");
}

BaseStatus kg_add_in(KgTxn *txn, KgId graph, KgLayer layer, const KgRecord *record, bool *added, BaseError *err)
{
    const BaseStatus status = default_only(graph, err);
    return status == BASE_OK ? kg_add(txn, layer, record, added, err) : status;
}

BaseStatus kg_delete_in(KgTxn *txn, KgId graph, KgLayer layer, KgTriple triple, bool *deleted, BaseError *err)
{
    const BaseStatus status = default_only(graph, err);
    return status == BASE_OK ? kg_delete(txn, layer, triple, deleted, err) : status;
}

BaseStatus kg_add_many_in(KgTxn *txn, KgId graph, KgLayer layer, KgRecord *records, size_t count, size_t *added,
                          BaseJob *job, BaseError *err)
{
    const BaseStatus status = default_only(graph, err);
    return status == BASE_OK ? kg_add_many(txn, layer, records, count, added, job, err) : status;
}

BaseStatus kg_clear_layer_in(KgTxn *txn, KgId graph, KgLayer layer, BaseError *err)
{
    const BaseStatus status = default_only(graph, err);
    return status == BASE_OK ? kg_clear_layer(txn, layer, err) : status;
}

BaseStatus kg_get_in(KgTxn *txn, KgId graph, KgLayer layer, KgTriple triple, KgNote *note, BaseError *err)
{
    const BaseStatus status = default_only(graph, err);
    return status == BASE_OK ? kg_get(txn, layer, triple, note, err) : status;
}

BaseStatus kg_holds_in(KgTxn *txn, KgId graph, unsigned layers, KgTriple triple, bool *out, BaseError *err)
{
    const BaseStatus status = default_only(graph, err);
    return status == BASE_OK ? kg_holds(txn, layers, triple, out, err) : status;
}

BaseStatus kg_graphs(KgTxn *txn, KgId **out, size_t *count, BaseError *err)
{
    (void)txn;
    (void)err;
    *out = NULL;
    *count = 0;
    return BASE_OK;
}
