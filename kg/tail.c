/* tail.c - the values that tails are kept in. */
#include "kg/tail.h"

#include "kg/create.h"

#include <string.h>

static const char *const names[] = {[KG_TAIL_CHANGES] = "tail.changes", [KG_TAIL_TERMS] = "tail.terms"};

typedef uint64_t Check;

static Check check_of(KgTailPart part, KgText bytes)
{
    return base_hash(bytes.bytes, bytes.length, (uint64_t)part + 1);
}

BaseStatus kg_tail_damaged(const KgTxn *txn, BaseError *err)
{
    return base_fail(err, BASE_BAD_INPUT, "the database %s is damaged: what was written last cannot be read",
                     txn->store->path);
}

BaseStatus kg_tail_read(KgTxn *txn, KgTailPart part, KgText *out, BaseError *err)
{
    MDB_val key = {strlen(names[part]), (void *)names[part]}, value;
    Check check;
    *out = (KgText){0};
    const int code = mdb_get(txn->mdb, txn->store->list, &key, &value);
    if (code == MDB_NOTFOUND)
        return BASE_OK;
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(txn->store, code, "read", err);
    if (value.mv_size <= sizeof check)
        return kg_tail_damaged(txn, err);
    memcpy(&check, value.mv_data, sizeof check);
    *out = (KgText){(const char *)value.mv_data + sizeof check, value.mv_size - sizeof check};
    return check == check_of(part, *out) ? BASE_OK : kg_tail_damaged(txn, err);
}

BaseStatus kg_raise_format(KgTxn *txn, BaseError *err)
{
    uint64_t format;
    const BaseStatus status = kg_get_number(txn, KG_FORMAT_KEY, &format, err);
    return status == BASE_OK && format < KG_FORMAT_VERSION ? kg_put_number(txn, KG_FORMAT_KEY, KG_FORMAT_VERSION, err)
                                                           : status;
}

BaseStatus kg_tail_write(KgTxn *txn, KgTailPart part, KgText bytes, BaseError *err)
{
    MDB_val key = {strlen(names[part]), (void *)names[part]}, value = {.mv_size = sizeof(Check) + bytes.length};
    int code;
    if (bytes.length == 0) {
        code = kg_mdb_del(txn, txn->store->list, &key);
        return code == MDB_SUCCESS || code == MDB_NOTFOUND ? BASE_OK : kg_break(txn, code, err);
    }
    const BaseStatus status = kg_raise_format(txn, err);
    if (status != BASE_OK)
        return status;
    const Check check = check_of(part, bytes);
    code = kg_mdb_put(txn, txn->store->list, &key, &value, MDB_RESERVE);
    if (code != MDB_SUCCESS)
        return kg_break(txn, code, err);
    memcpy(value.mv_data, &check, sizeof check);
    memcpy((char *)value.mv_data + sizeof check, bytes.bytes, bytes.length);
    return BASE_OK;
}
