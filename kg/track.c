/* track.c - net changes of what is asserted, for those who keep up with it (kg.h). */
#include "kg/track.h"

#include "kg/space.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRACKING_KEY "tracking"
#define LOST_KEY "tracking.lost"
#define TABLE_NAME "tracked"
#define KEY_BYTES 24
/* More changes than these, and than this part of all asserted facts, are as well found by looking at all facts. */
#define FEW_CHANGES 100000
#define PART_OF_FACTS 8

/* What "tracking" holds, before the text. */
typedef struct TrackingHead {
    uint32_t run, flags;
} TrackingHead;

int kg_open_tracked(MDB_txn *mdb, MDB_dbi *out)
{
    const int code = mdb_dbi_open(mdb, TABLE_NAME, 0, out);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* ---- State --------------------------------------------------------------------------------------------------- */

static BaseStatus read_value(KgTxn *txn, const char *name, MDB_val *value, bool *is_there, BaseError *err)
{
    MDB_val key = {strlen(name), (void *)name};
    const int code = mdb_get(txn->mdb, txn->store->tables[KG_META], &key, value);
    *is_there = code == MDB_SUCCESS;
    return code == MDB_SUCCESS || code == MDB_NOTFOUND ? BASE_OK : kg_mdb_fail(txn->store, code, "read", err);
}

static BaseStatus delete_value(KgTxn *txn, const char *name, BaseError *err)
{
    MDB_val key = {strlen(name), (void *)name};
    const int code = kg_mdb_del(txn, txn->store->tables[KG_META], &key);
    return code == MDB_SUCCESS || code == MDB_NOTFOUND ? BASE_OK : kg_break(txn, code, err);
}

/* The table, made when there is none. */
static BaseStatus want_table(KgTxn *txn, BaseError *err)
{
    if (txn->tracked_table)
        return BASE_OK;
    txn->tracked_table = txn->store->tracked;
    if (txn->tracked_table)
        return BASE_OK;
    const int code = mdb_dbi_open(txn->mdb, TABLE_NAME, MDB_CREATE, &txn->tracked_table);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

/* Whether changes are to be written down. */
static BaseStatus is_on(KgTxn *txn, bool *out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    if (txn->tracks == KG_TRACKS_UNKNOWN) {
        MDB_val value;
        bool is_kept, is_lost;
        status = read_value(txn, TRACKING_KEY, &value, &is_kept, err);
        if (status == BASE_OK)
            status = read_value(txn, LOST_KEY, &value, &is_lost, err);
        if (status == BASE_OK)
            txn->tracks = is_kept && !is_lost ? KG_TRACKS_ON : KG_TRACKS_OFF;
    }
    *out = txn->tracks == KG_TRACKS_ON;
    return status == BASE_OK && *out ? want_table(txn, err) : status;
}

static BaseStatus empty_table(KgTxn *txn, BaseError *err)
{
    BaseStatus status = want_table(txn, err);
    if (status != BASE_OK)
        return status;
    const int code = kg_mdb_empty(txn, txn->tracked_table);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

static BaseStatus lose(KgTxn *txn, BaseError *err)
{
    txn->tracks = KG_TRACKS_OFF;
    BaseStatus status = empty_table(txn, err);
    return status == BASE_OK ? kg_put_number(txn, LOST_KEY, 1, err) : status;
}

/* ---- Changes ------------------------------------------------------------------------------------------------- */

static void make_key(KgTriple triple, unsigned char out[KEY_BYTES])
{
    const uint64_t big[3] = {htobe64(triple.s), htobe64(triple.p), htobe64(triple.o)};
    memcpy(out, big, sizeof big);
}

/* A triple that comes after it went, or goes after it came, has not changed. */
BaseStatus kg_track_noted(KgTxn *txn, KgTriple triple, bool comes, BaseError *err)
{
    unsigned char bytes[KEY_BYTES], was_there = !comes;
    make_key(triple, bytes);
    MDB_val key = {sizeof bytes, bytes}, value = {1, &was_there};
    int code = kg_mdb_put(txn, txn->tracked_table, &key, &value, MDB_NOOVERWRITE);
    if (code == MDB_KEYEXIST) {
        const bool is_net = value.mv_size == 1 && *(const unsigned char *)value.mv_data == was_there;
        code = is_net ? MDB_SUCCESS : kg_mdb_del(txn, txn->tracked_table, &key);
    }
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

static bool concerns(uint32_t graph, KgLayer layer)
{
    return graph == 0 && (KG_IN(layer) & KG_FACTS);
}

/* Whether the change of `count` triples is to be followed. */
static BaseStatus want(KgTxn *txn, KgLayer layer, uint64_t count, bool *out, BaseError *err)
{
    MDB_stat stat;
    KgCounts facts;
    BaseStatus status = is_on(txn, out, err);
    if (status != BASE_OK || !*out)
        return status;
    txn->has_tracked |= layer == KG_ASSERTED;
    const int code = mdb_stat(txn->mdb, txn->tracked_table, &stat);
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(txn->store, code, "read", err);
    const uint64_t all = stat.ms_entries + count;
    if (layer == KG_ASSERTED && all <= FEW_CHANGES)
        return BASE_OK;
    if (layer == KG_ASSERTED)
        status = kg_stored_counts(txn, 0, KG_ANY, &facts, err);
    *out =
        status == BASE_OK && layer == KG_ASSERTED && all <= kg_union_count(&facts, KG_IN(KG_ASSERTED)) / PART_OF_FACTS;
    return status == BASE_OK && !*out ? lose(txn, err) : status;
}

BaseStatus kg_track_one(KgTxn *txn, uint32_t graph, KgLayer layer, KgTriple triple, bool comes, BaseError *err)
{
    return kg_track_many(txn, graph, layer, &triple, 1, comes, err);
}

BaseStatus kg_track_many(KgTxn *txn, uint32_t graph, KgLayer layer, const KgTriple *triples, size_t count, bool comes,
                         BaseError *err)
{
    bool is_wanted = false;
    BaseStatus status = kg_track_bulk(txn, graph, layer, count, &is_wanted, err);
    for (size_t i = 0; status == BASE_OK && is_wanted && i < count; i++)
        status = kg_track_noted(txn, triples[i], comes, err);
    return status;
}

BaseStatus kg_track_bulk(KgTxn *txn, uint32_t graph, KgLayer layer, uint64_t count, bool *is_wanted, BaseError *err)
{
    *is_wanted = false;
    return concerns(graph, layer) && count > 0 ? want(txn, layer, count, is_wanted, err) : BASE_OK;
}

BaseStatus kg_track_lose(KgTxn *txn, uint32_t graph, KgLayer layer, BaseError *err)
{
    bool is_kept = false;
    BaseStatus status = concerns(graph, layer) ? is_on(txn, &is_kept, err) : BASE_OK;
    if (status == BASE_OK && is_kept) {
        txn->has_tracked |= layer == KG_ASSERTED;
        status = lose(txn, err);
    }
    return status;
}

/* ---- For those who follow ------------------------------------------------------------------------------------ */

BaseStatus kg_track(KgTxn *txn, const KgTracking *wanted, BaseError *err)
{
    BaseBuffer bytes = {0};
    const TrackingHead head = {wanted->run, wanted->flags};
    BaseStatus status = kg_want_writer(txn, "kg_track", err);
    if (status == BASE_OK)
        status = empty_table(txn, err);
    if (status == BASE_OK)
        status = delete_value(txn, LOST_KEY, err);
    if (status != BASE_OK)
        return status;
    if (!base_buffer_add(&bytes, (const char *)&head, sizeof head) ||
        !base_buffer_add(&bytes, wanted->text.bytes, wanted->text.length)) {
        base_buffer_free(&bytes);
        return base_fail(err, BASE_NO_MEMORY, "no memory to note what is tracked");
    }
    MDB_val key = {strlen(TRACKING_KEY), (void *)TRACKING_KEY}, value = {bytes.count, bytes.items}, old;
    bool is_there;
    status = read_value(txn, TRACKING_KEY, &old, &is_there, err);
    int code = MDB_SUCCESS;
    if (status == BASE_OK &&
        !(is_there && old.mv_size == bytes.count && memcmp(old.mv_data, bytes.items, bytes.count) == 0))
        code = kg_mdb_put(txn, txn->store->tables[KG_META], &key, &value, 0);
    base_buffer_free(&bytes);
    txn->tracks = KG_TRACKS_ON;
    txn->has_tracked = false;
    return code == MDB_SUCCESS ? status : kg_break(txn, code, err);
}

BaseStatus kg_track_stop(KgTxn *txn, BaseError *err)
{
    KgTracking tracking;
    BaseStatus status = kg_want_writer(txn, "kg_track_stop", err);
    if (status == BASE_OK)
        status = kg_tracking(txn, &tracking, err);
    if (status != BASE_OK || !tracking.is_on)
        return status;
    status = empty_table(txn, err);
    if (status == BASE_OK)
        status = delete_value(txn, LOST_KEY, err);
    if (status == BASE_OK)
        status = delete_value(txn, TRACKING_KEY, err);
    txn->tracks = KG_TRACKS_OFF;
    return status;
}

/* The table as the transaction sees it; 0: there is none. */
static BaseStatus find_table(KgTxn *txn, MDB_dbi *out, BaseError *err)
{
    *out = txn->tracked_table ? txn->tracked_table : txn->store->tracked;
    if (*out || !txn->writes)
        return BASE_OK;
    const int code = kg_open_tracked(txn->mdb, &txn->tracked_table);
    *out = txn->tracked_table;
    return code == MDB_SUCCESS ? BASE_OK : kg_mdb_fail(txn->store, code, "read", err);
}

BaseStatus kg_tracking(KgTxn *txn, KgTracking *out, BaseError *err)
{
    MDB_val value, lost;
    TrackingHead head;
    MDB_dbi table = 0;
    *out = (KgTracking){0};
    BaseStatus status = read_value(txn, TRACKING_KEY, &value, &out->is_on, err);
    if (status == BASE_OK && out->is_on)
        status = read_value(txn, LOST_KEY, &lost, &out->is_lost, err);
    if (status != BASE_OK || !out->is_on)
        return status;
    if (value.mv_size < sizeof head)
        return kg_mdb_fail(txn->store, MDB_CORRUPTED, "read", err);
    memcpy(&head, value.mv_data, sizeof head);
    out->run = head.run;
    out->flags = head.flags;
    out->text = (KgText){(const char *)value.mv_data + sizeof head, value.mv_size - sizeof head};
    status = find_table(txn, &table, err);
    if (status != BASE_OK || !table)
        return status;
    MDB_stat stat;
    const int code = mdb_stat(txn->mdb, table, &stat);
    out->changes = code == MDB_SUCCESS ? stat.ms_entries : 0;
    /* A reader's snapshot may be older than the table. */
    return code == MDB_SUCCESS || code == EINVAL || code == MDB_BAD_DBI ? BASE_OK
                                                                        : kg_mdb_fail(txn->store, code, "read", err);
}

/* One change from the table to the end of those that came, or of those that went. */
static bool read_change(const MDB_val *key, const MDB_val *value, KgChanged *out)
{
    uint64_t big[3];
    if (key->mv_size != KEY_BYTES || value->mv_size != 1)
        return false;
    memcpy(big, key->mv_data, sizeof big);
    out->triple = (KgTriple){be64toh(big[0]), be64toh(big[1]), be64toh(big[2])};
    out->was_there = *(const unsigned char *)value->mv_data != 0;
    return true;
}

BaseStatus kg_tracked(KgTxn *txn, KgChanged **out, size_t *count, BaseError *err)
{
    KgTracking tracking;
    MDB_dbi table = 0;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    *out = NULL;
    *count = 0;
    BaseStatus status = kg_tracking(txn, &tracking, err);
    if (status == BASE_OK)
        status = find_table(txn, &table, err);
    if (status != BASE_OK)
        return status;
    KgChanged *const items = calloc(tracking.changes + 1, sizeof *items);
    if (!items)
        return base_fail(err, BASE_NO_MEMORY, "no memory for %llu changes", (unsigned long long)tracking.changes);
    int code = tracking.changes ? mdb_cursor_open(txn->mdb, table, &cursor) : MDB_NOTFOUND;
    while (code == MDB_SUCCESS && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS)
        if (*count == tracking.changes || !read_change(&key, &value, &items[(*count)++]))
            code = MDB_CORRUPTED;
    if (cursor)
        mdb_cursor_close(cursor);
    if (code != MDB_NOTFOUND) {
        free(items);
        *count = 0;
        return kg_mdb_fail(txn->store, code, "read", err);
    }
    *out = items;
    return BASE_OK;
}

BaseStatus kg_verify_tracked(KgTxn *txn, uint64_t *wrong, BaseError *err)
{
    KgChanged *changes;
    size_t count;
    BaseStatus status = kg_tracked(txn, &changes, &count, err);
    *wrong = 0;
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        bool is_there;
        status = kg_holds(txn, KG_IN(KG_ASSERTED), changes[i].triple, &is_there, err);
        *wrong += status == BASE_OK && is_there == changes[i].was_there;
    }
    free(changes);
    return status;
}

void kg_before_commit(KgStore *store, KgBeforeCommit *call, void *context)
{
    store->before_commit = call;
    store->before_commit_context = context;
}
