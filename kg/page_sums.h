/* page_sums.h - private to kg: data.sum, a checksum of every page of data.mdb.
 *
 * A header of 4096 bytes, then 8 bytes per page: the low half of xxh3 of the page, seeded with its number, and a hash
 * of that and the number, so that a damaged sum is not taken for a damaged page. A page is rewritten only when no
 * snapshot in use has it, so one array serves the readers of all of them.
 *
 * The header says which transaction of LMDB the sums are of, and how far they can be trusted. It is written without a
 * sync: what a killed process wrote is there all the same. After a power cut it may not be; then neither `synced` nor
 * the id of the system's start fits, and the sums are worth nothing until they are made anew. */
#ifndef KGQ_KG_PAGE_SUMS_H
#define KGQ_KG_PAGE_SUMS_H

#include "base/base.h"

#include <sys/types.h>

#define KG_SUMS_NAME "data.sum"

typedef enum KgSumsState {
    KG_SUMS_UNKNOWN,    /* nothing is known of the sums */
    KG_SUMS_SETTLED,    /* every page of the file is as its sum says */
    KG_SUMS_WRITING,    /* a writer works: free pages may differ */
    KG_SUMS_COMMITTING, /* it commits: so may a meta page, and whatever is new in its snapshot */
} KgSumsState;

typedef struct KgSumsHeader {
    char magic[8];
    uint32_t page_bytes, state;
    uint64_t txn;        /* LMDB's number of the snapshot the sums are of */
    uint64_t page_count; /* of data.mdb then */
    uint64_t serial;     /* moves with every write of the header */
    BaseHash128 boot;    /* the start of the system the header was written in */
    uint64_t synced;     /* 1: all of data.sum is on the disk */
    uint64_t check;      /* hash of the above */
} KgSumsHeader;

typedef struct KgSums {
    int file;         /* -1: there is none */
    const char *name; /* of the database, borrowed */
    BaseHash128 boot;
    dev_t device; /* which file it is */
    ino_t inode;
    char *map; /* NULL, or a writer's map of the file, which has room on the disk for its first `room` bytes */
    uint64_t room;
} KgSums;

typedef enum KgSumsMode { KG_SUMS_READ, KG_SUMS_READ_WRITE, KG_SUMS_MAKE } KgSumsMode;
/* Opens `path`; where it is not there makes an empty one (KG_SUMS_MAKE), or is content with none. */
BaseStatus kg_sums_open(KgSums *sums, const char *path, const char *name, KgSumsMode mode, BaseError *err);
void kg_sums_close(KgSums *sums);
/* Whether `path` is still that file, and not cut short under its map. */
bool kg_sums_are_at(const KgSums *sums, const char *path);
/* For a writer of many commits: from now on what is read and written goes through a map. Where there can be none, all
 * stays as it was. */
void kg_sums_map(KgSums *sums);

/* The header; false when there is none or its sums are worth nothing. */
bool kg_sums_header(const KgSums *sums, KgSumsHeader *out);
/* Fills in magic, serial, boot and check, and writes it. */
BaseStatus kg_sums_put_header(KgSums *sums, KgSumsHeader *header, BaseError *err);

/* A sum as data.sum has it. */
static inline uint64_t kg_sums_entry(uint64_t page, uint32_t sum)
{
    return sum | base_mix((page << 32 ^ sum) + 0x6b67715f73756d73u) >> 32 << 32;
}
static inline uint64_t kg_sums_of(uint64_t page, const char *bytes, size_t length)
{
    return kg_sums_entry(page, (uint32_t)base_hash(bytes, length, page)); /* what page_seal.h hashes pages with, too */
}
static inline bool kg_sums_is_entry(uint64_t page, uint64_t entry)
{
    return entry == kg_sums_entry(page, (uint32_t)entry);
}
/* The entries of `count` pages from `first`; 0 for those that are not there. */
BaseStatus kg_sums_read(const KgSums *sums, uint64_t first, uint64_t count, uint64_t *out, BaseError *err);
BaseStatus kg_sums_write(KgSums *sums, uint64_t first, uint64_t count, const uint64_t *entries, BaseError *err);

/* The same one by one for walks, through a cache; each walk has its own, {0} at first. */
typedef struct KgSumsCache {
    uint64_t *entries;
    uint64_t *chunks; /* which each place holds, + 1 */
} KgSumsCache;
BaseStatus kg_sums_get(const KgSums *sums, KgSumsCache *cache, uint64_t page, uint64_t *out, BaseError *err);
void kg_sums_free_cache(KgSumsCache *cache);

#endif
