/* catalog.h - private to kg: the SQLite file beside LMDB and the redo log that keeps the two together.
 *
 * A transaction's catalog writes are recorded in txn->journal. kg_commit stores them in LMDB under "journal" with a
 * "generation" one higher, in the same LMDB commit; then they are applied to SQLite in one SQLite transaction that
 * also sets its generation. So SQLite is at LMDB's generation, or one behind with the missing writes at hand: the next
 * writer applies them, and a reader reads a copy in memory to which they have been applied. */
#ifndef KGQ_KG_CATALOG_H
#define KGQ_KG_CATALOG_H

#include "kg/store.h"

#include <sqlite3.h>

BaseStatus kg_catalog_open(KgStore *store, BaseError *err);
void kg_catalog_close(KgStore *store); /* a half-open one too */

/* Brings SQLite to LMDB's generation; `txn` writes, so no other writer is about. */
BaseStatus kg_catalog_catch_up(KgTxn *txn, BaseError *err);
/* Before LMDB's commit: stores the journal; does nothing when it is empty. */
BaseStatus kg_catalog_log(KgTxn *txn, uint64_t *generation, BaseError *err);
/* After it: SQLite takes the journal. Its failure loses nothing: the log is in LMDB. */
void kg_catalog_apply(KgStore *store, uint64_t generation, const BaseBuffer *journal);

/* Records an import; the id is of kg_next_id(txn, "import"). */
BaseStatus kg_put_import(KgTxn *txn, const KgImport *import, BaseError *err);
BaseStatus kg_next_id(KgTxn *txn, const char *kind, uint32_t *out, BaseError *err);

/* For kg_check and kg_backup: a connection that holds what the transaction's snapshot says. Call kg_catalog_leave
 * after use, on success only. */
BaseStatus kg_catalog_enter(KgTxn *txn, sqlite3 **out, BaseError *err);
void kg_catalog_leave(KgStore *store);
BaseStatus kg_catalog_generation(KgStore *store, sqlite3 *db, uint64_t *out, BaseError *err);
BaseStatus kg_sqlite_fail(const KgStore *store, int code, const char *doing, BaseError *err);
/* All of one SQLite database into another; a code of SQLite. */
int kg_copy_sqlite(sqlite3 *from, sqlite3 *to);

#endif
