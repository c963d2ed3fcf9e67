/* labels.h - private to kg: the index of labels, an SQLite file beside the database that may be absent, behind or lost
 * at any time, as it is made from the facts when it is wanted. See label_index.c. */
#ifndef KGQ_KG_LABELS_H
#define KGQ_KG_LABELS_H

#include "kg/store.h"

#include <sqlite3.h>

#define KG_LABELS_FILE "labels.db"

BaseStatus kg_labels_open(KgStore *store, BaseError *err); /* touches no file */
void kg_labels_close(KgStore *store);                      /* a half-open one too */

/* A connection that holds the labels as the snapshot of `txn`, a reading one, has them:
 *     words(text)                           FTS5, without its texts
 *     label(id, predicate, object, entity)  id: the rowid in words; the others packed (kg_unpack_id)
 * Call kg_labels_leave after use, on success only, with SQLite's last code: where it says that the index is damaged,
 * true is returned and the next kg_labels_enter makes it anew. */
BaseStatus kg_labels_enter(KgTxn *txn, BaseJob *job, sqlite3 **out, BaseError *err);
bool kg_labels_leave(KgStore *store, sqlite3 *db, int code);
BaseStatus kg_labels_fail(const KgStore *store, int code, BaseError *err);

/* Makes the tables label and words of `db` say what the transaction sees, or, where it looks only, counts what it would
 * change. A failure of SQLite is left in *code, and BASE_OK returned. */
BaseStatus kg_labels_merge(KgTxn *txn, sqlite3 *db, bool looks_only, uint64_t *differences, BaseJob *job, int *code,
                           BaseError *err);
/* A digest of all labels there are, whatever their order: 128 bits, so that equal ones mean the same labels. */
BaseStatus kg_labels_digest(KgTxn *txn, BaseHash128 *out, BaseError *err);
int kg_labels_run(sqlite3 *db, const char *sql);
int kg_labels_number(sqlite3 *db, const char *sql, int64_t *out); /* the one value that it selects */

/* What is wrong with a file that claims to be of the snapshot; *fault is NULL when nothing is, else the arena's. */
BaseStatus kg_verify_labels(KgTxn *txn, BaseArena *arena, const char **fault, BaseJob *job, BaseError *err);

/* Ids as small integers for SQLite, which keeps those short: dictionary terms are number * 4 + tag, literals that the
 * id holds are negative. */
static inline int64_t kg_pack_id(KgId id)
{
    return kg_tag(id) < 4 ? (int64_t)(kg_number(id) << 2 | kg_tag(id)) : (int64_t)(id ^ (uint64_t)1 << 63);
}
static inline KgId kg_unpack_id(int64_t packed)
{
    return packed >= 0 ? (KgId)(packed & 3) << 56 | (uint64_t)packed >> 2 : (uint64_t)packed ^ (uint64_t)1 << 63;
}

#endif
