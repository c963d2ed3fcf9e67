/* page_state.h - private to kg/page*.c: what an open store knows of its pages, and a snapshot with its sums. */
#ifndef KGQ_KG_PAGE_STATE_H
#define KGQ_KG_PAGE_STATE_H

#include "kg/page_seal.h"
#include "kg/page_sums.h"
#include "kg/page_tree.h"
#include "kg/store.h"

#include <time.h>

struct KgPages {
    char *data_path, *sums_path;
    KgPageFile data;
    KgSealPages metas; /* sealed commits only where they are mapped */
    KgSums sums;
    pthread_mutex_t writer; /* as the lock on data.sum, between threads */
    bool gave_up;           /* sums could not be written: another store shall try */
    bool wrote;
    bool lost; /* a commit failed on the disk and could not be taken back: nothing more is written */
    /* of the write transaction */
    bool known; /* the sums were right when it began */
    KgPageMeta before;
    KgSumsHeader header;
    struct timespec changed;   /* data.mdb, when kg_pages_watch was called */
    KgPageList trees, dropped; /* what it wrote */
    KgPageList hashes;         /* of the pages of `trees`, where it is sealed; else there are none */
};

/* `file` is open, and at `path`; or neither is there. */
bool kg_page_file_is_at(int file, const char *path);
/* Nobody is writing, in any process. Not to be asked through sums that a transaction of this store is writing through:
 * it would lose its lock. */
bool kg_pages_are_idle(const KgSums *sums);

/* The newest snapshot and the header of the sums. None of its pages is written anew while it is kept. */
typedef struct KgPageSnapshot {
    MDB_txn *mdb;
    KgPageFile data;
    KgPageMeta meta;
    KgSumsHeader header;
    bool trusted; /* the sums are of this snapshot, or of one after it */
} KgPageSnapshot;
/* On success to be ended. `sums` as for kg_pages_are_idle. */
BaseStatus kg_page_snapshot_begin(KgStore *store, const KgSums *sums, KgPageSnapshot *out, BaseError *err);
void kg_page_snapshot_end(KgPageSnapshot *snapshot);

#endif
