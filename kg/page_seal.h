/* page_seal.h - private to kg/page*.c: commits that wait for the disk once.
 *
 * LMDB waits twice: for the pages of a new snapshot, and after that for the meta page that names it. A sealed commit
 * writes all of them and waits once. What order did, a seal then does: beside the numbers of the meta page, in the same
 * sector of the disk, stands a hash of all pages that the snapshot has and the one before it had not. After a power cut
 * within the wait some of them may be missing; then the seal does not fit, the commit had not returned, and the
 * snapshot before, none of whose pages LMDB has reused yet, is made the newest again. (A commit record with a checksum
 * in place of a barrier: Prabhakaran et al., "IRON File Systems", SOSP 2005, 6.1.)
 *
 * While the system runs nothing that was written goes missing, so a seal of this start of the system is not asked. */
#ifndef KGQ_KG_PAGE_SEAL_H
#define KGQ_KG_PAGE_SEAL_H

#include "kg/page_sums.h"
#include "kg/page_tree.h"

typedef enum KgSealState {
    KG_SEAL_OPEN = 1, /* pages may be missing, nobody knows which */
    KG_SEAL_CLOSED,   /* `pages` tells */
} KgSealState;

typedef struct KgSeal {
    char magic[8];
    uint64_t state;
    uint64_t txn;     /* of the snapshot; a seal of another is of no meaning */
    uint64_t before;  /* hash of the meta page's numbers of the snapshot before */
    uint64_t pages;   /* hash of the sums of the pages that are new */
    BaseHash128 boot; /* the start of the system */
    uint64_t check;   /* hash of the above */
} KgSeal;

/* Both meta pages, for writing. What stands in them needs no room on the disk; and where a write fails all the same, it
 * goes through a map. (Not always through that: the next write after a sync then is a fault, and its sync takes half as
 * long again.) */
typedef struct KgSealPages {
    int file; /* open for writing */
    size_t page_bytes;
    char *map; /* NULL: they cannot be mapped */
} KgSealPages;
KgSealPages kg_seal_open(int file, size_t page_bytes);
void kg_seal_close(KgSealPages *pages);
/* Fills in magic and check, and puts it into the meta page of its snapshot. */
void kg_seal_put(const KgSealPages *pages, KgSeal *seal);
/* Takes the seal of that snapshot away: it is on the disk. */
void kg_seal_clear(const KgSealPages *pages, uint64_t txn);
/* Puts these numbers and no seal into meta page `page`. */
void kg_seal_put_meta(const KgSealPages *pages, uint64_t page, const KgPageMeta *meta);

/* The seal of that snapshot; false: it has none. One that was half written is open. */
bool kg_seal_get(const KgPageFile *data, uint64_t txn, KgSeal *out);
uint64_t kg_seal_hash_meta(const KgPageMeta *meta);
/* What KgSeal.pages is of these pages, sorted and each once. `hashes` gets that of each, or is NULL. */
BaseStatus kg_seal_hash_pages(const KgPageFile *data, const KgPageList *list, uint64_t *hashes, uint64_t *out,
                              BaseError *err);

/* Whether the newest of the two snapshots is whole, as far as its seal tells. */
BaseStatus kg_seal_is_whole(const KgPageFile *data, const KgPageMeta metas[2], BaseHash128 boot, bool *out,
                            BaseError *err);
/* Makes the snapshot before the newest the newest again, and waits for the disk. */
BaseStatus kg_seal_go_back(const KgPageFile *data, const KgPageMeta metas[2], BaseError *err);

#endif
