/* pages.h - private to kg: every page of data.mdb has a checksum in data.sum (page_sums.h). A database is opened only
 * when the pages that LMDB will walk are what was written; the pages of long values are left to whoever reads them, and
 * to kg_check. */
#ifndef KGQ_KG_PAGES_H
#define KGQ_KG_PAGES_H

#include "kg/store.h"

/* Before LMDB opens data.mdb: opens it and data.sum, and checks the two meta pages. BASE_BAD_INPUT: one is damaged. */
BaseStatus kg_pages_open(KgStore *store, BaseError *err);
/* After that, and before any table is opened: checks every page of every tree, and the list of free pages, against its
 * sum, or, where there are none to trust, that it can be walked. BASE_BAD_INPUT names the first that is damaged. */
BaseStatus kg_pages_verify(KgStore *store, BaseError *err);
/* When a writer was killed and none works now, makes the sums right again. Best effort: the next writer would. */
void kg_pages_repair(KgStore *store);
void kg_pages_close(KgStore *store); /* before LMDB's; NULL parts are fine */

/* A write transaction begins, LMDB's writer lock being held. On failure nothing is to be ended. */
BaseStatus kg_pages_begin(KgTxn *txn, BaseError *err);
/* The transaction is becoming large: from now on it is told when LMDB writes pages of it before the commit. That is
 * seen by the time of the last change; but to ask for it has the file system write a new time with every change that
 * follows, and wait for that too, so that small transactions, which write nothing early, do not ask. */
void kg_pages_watch(KgTxn *txn);
/* mdb_txn_commit and mdb_txn_abort with what the sums need around them; a commit that LMDB has made does not fail for
 * want of a sum: the sums then wait for the next writer. Also for transactions that kg_pages_begin failed for. */
int kg_pages_commit(KgTxn *txn);
void kg_pages_abort(KgTxn *txn);

/* Checks every byte of data.mdb. `tell` gets each fault; *walkable is false when one is where LMDB could lose its way.
 * What a fault makes unreadable is no failure of the call. Others may write meanwhile: free pages are then passed over,
 * as they are while the sums wait for a writer. */
BaseStatus kg_pages_check(KgStore *store, void (*tell)(void *context, const char *fault), void *context, bool *walkable,
                          BaseJob *job, BaseError *err);

/* Writes the sums of the data.mdb at `data`, which nobody has open, to `sums`, whole or not at all, and syncs them.
 * `name` is the database in messages. */
BaseStatus kg_pages_make(const char *name, const char *data, const char *sums, BaseError *err);

#endif
