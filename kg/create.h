/* create.h - private to kg: making a database, so that data.mdb is whole or not there. */
#ifndef KGQ_KG_CREATE_H
#define KGQ_KG_CREATE_H

#include "kg/store.h"

#define KG_FORMAT_KEY "format"
#define KG_FORMAT_VERSION 3
#define KG_OLDEST_FORMAT 2 /* without tails (tail.h); a database made so becomes 3 when it gets one */

/* Makes sure that store->path is a folder with a data.mdb, making both where `create`. */
BaseStatus kg_prepare_folder(KgStore *store, bool create, BaseError *err);
/* Opens (with MDB_CREATE in `flags`: makes) every table; an LMDB code. */
int kg_open_tables(MDB_txn *mdb, unsigned flags, MDB_dbi tables[KG_TABLES]);
/* Takes back what kg_prepare_folder made, if nobody has committed to it since. */
void kg_remove_made(KgStore *store);
/* Syncs a file or a folder; errno says why not. */
bool kg_sync_path(const char *path);

#endif
