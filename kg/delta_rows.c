/* delta_rows.c - changes one by one: those of the tail first, then those of the table. */
#include "kg/patch.h"
#include "kg/tail.h"

#include <endian.h>
#include <string.h>

#define KEY_BYTES 28

typedef struct Change {
    uint32_t ops;
    KgNote note;
} Change;

static void make_key(uint32_t space, KgTriple triple, unsigned char out[KEY_BYTES])
{
    const uint32_t big_space = htobe32(space);
    const uint64_t big[3] = {htobe64(triple.s), htobe64(triple.p), htobe64(triple.o)};
    memcpy(out, &big_space, sizeof big_space);
    memcpy(out + sizeof big_space, big, sizeof big);
}

bool kg_delta_read_row(const MDB_val *key, const MDB_val *value, KgDeltaRow *out)
{
    Change change;
    uint32_t space;
    uint64_t big[3];
    if (key->mv_size != KEY_BYTES || value->mv_size != sizeof change)
        return false;
    memcpy(&space, key->mv_data, sizeof space);
    memcpy(big, (const char *)key->mv_data + sizeof space, sizeof big);
    memcpy(&change, value->mv_data, sizeof change);
    *out = (KgDeltaRow){.keys = {be64toh(big[0]), be64toh(big[1]), be64toh(big[2])},
                        .space = be32toh(space),
                        .ops = change.ops,
                        .note = change.note};
    return true;
}

/* In the table alone. */
static BaseStatus count_table(KgTxn *txn, size_t *out, BaseError *err)
{
    MDB_stat stat;
    const int code = mdb_stat(txn->mdb, txn->store->tables[KG_CHANGES], &stat);
    *out = code == MDB_SUCCESS ? stat.ms_entries : 0;
    return code == MDB_SUCCESS ? BASE_OK : kg_mdb_fail(txn->store, code, "read", err);
}

BaseStatus kg_delta_most(KgTxn *txn, size_t *out, BaseError *err)
{
    *out = 0;
    BaseStatus status = kg_want_changes_tail(txn, err);
    if (status == BASE_OK)
        status = count_table(txn, out, err);
    if (status == BASE_OK && *out > 0) {
        size_t patched;
        status = kg_patch_count(txn, &patched, err);
        *out += patched;
    }
    *out += status == BASE_OK ? txn->changes_tail->rows.count : 0;
    return status;
}

BaseStatus kg_delta_may_have(KgTxn *txn, bool *out, BaseError *err)
{
    size_t most;
    const BaseStatus status = kg_delta_most(txn, &most, err);
    *out = most > 0;
    return status;
}

/* What the table says; out->ops 0: nothing. */
static BaseStatus get_from_table(KgTxn *txn, uint32_t space, KgTriple triple, KgDeltaRow *out, BaseError *err)
{
    size_t count;
    *out = (KgDeltaRow){0};
    const BaseStatus status = count_table(txn, &count, err);
    if (status != BASE_OK || count == 0)
        return status;
    unsigned char bytes[KEY_BYTES];
    make_key(space, triple, bytes);
    MDB_val key = {sizeof bytes, bytes}, value;
    const int code = mdb_get(txn->mdb, txn->store->tables[KG_CHANGES], &key, &value);
    if (code == MDB_NOTFOUND)
        return kg_patch_get(txn, space, (uint64_t[]){triple.s, triple.p, triple.o}, out, err);
    return code == MDB_SUCCESS && kg_delta_read_row(&key, &value, out)
               ? BASE_OK
               : kg_mdb_fail(txn->store, code == MDB_SUCCESS ? MDB_CORRUPTED : code, "read", err);
}

BaseStatus kg_delta_get(KgTxn *txn, uint32_t space, KgTriple triple, unsigned *ops, KgNote *note, BaseError *err)
{
    KgDeltaRow row;
    *ops = 0;
    BaseStatus status = kg_want_changes_tail(txn, err);
    if (status != BASE_OK)
        return status;
    const KgDeltaRow *found =
        kg_changes_tail_find(txn->changes_tail, space, (uint64_t[]){triple.s, triple.p, triple.o});
    if (!found) {
        status = get_from_table(txn, space, triple, &row, err);
        found = &row;
    }
    if (status == BASE_OK)
        *ops = found->ops;
    if (*ops && note)
        *note = found->note;
    return status;
}

/* What says nothing is not kept, unless the patch says something. */
static BaseStatus put_into_table(KgTxn *txn, const KgDeltaRow *row, BaseError *err)
{
    unsigned char bytes[KEY_BYTES];
    make_key(row->space, kg_order_triple(row->keys, KG_SPO), bytes);
    const Change change = {row->ops, row->note};
    MDB_val key = {sizeof bytes, bytes}, value = {sizeof change, (void *)&change};
    const MDB_dbi table = txn->store->tables[KG_CHANGES];
    KgDeltaRow below = {0};
    const BaseStatus status = row->ops ? BASE_OK : kg_patch_get(txn, row->space, row->keys, &below, err);
    if (status != BASE_OK)
        return status;
    const bool is_kept = row->ops || below.ops;
    const int code = is_kept ? kg_mdb_put(txn, table, &key, &value, 0) : kg_mdb_del(txn, table, &key);
    return code == MDB_SUCCESS || (!is_kept && code == MDB_NOTFOUND) ? BASE_OK : kg_break(txn, code, err);
}

static BaseStatus empty_tail(KgTxn *txn, BaseError *err)
{
    KgChangesTail *const tail = txn->changes_tail;
    for (size_t i = 0; i < tail->rows.count; i++) {
        const BaseStatus status = put_into_table(txn, &tail->rows.items[i], err);
        if (status != BASE_OK)
            return status;
    }
    kg_changes_tail_clear(tail);
    return BASE_OK;
}

BaseStatus kg_delta_put(KgTxn *txn, uint32_t space, KgTriple triple, unsigned ops, const KgNote *note, BaseError *err)
{
    const KgDeltaRow row = {
        .keys = {triple.s, triple.p, triple.o}, .space = space, .ops = ops, .note = note ? *note : (KgNote){0}};
    KgDeltaRow below = {.ops = ops};
    BaseStatus status = kg_want_changes_tail(txn, err);
    if (status == BASE_OK && ops == 0)
        status = get_from_table(txn, space, triple, &below, err);
    if (status != BASE_OK)
        return status;
    txn->delta_is_old = true;
    if (below.ops == 0) {
        kg_changes_tail_drop(txn->changes_tail, space, row.keys);
    } else if (!kg_changes_tail_put(txn->changes_tail, &row)) {
        txn->broken = true;
        return base_fail(err, BASE_NO_MEMORY, "no memory for changes");
    }
    const bool is_full = txn->changes_tail->bytes > kg_limit(txn->store->limits.tail_bytes, KG_TAIL_BYTES);
    return is_full ? empty_tail(txn, err) : BASE_OK;
}
