/* page_seal.c - what stands in a meta page beside LMDB's numbers, and going back to the snapshot before. */
#include "kg/page_seal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC "kgqseal1"
#define META_AT 16  /* in a meta page: LMDB's numbers */
#define SEAL_AT 256 /* and the seal, which LMDB neither writes nor reads */
#define END_AT 512  /* of the sector, the least that a disk writes at once */
_Static_assert(META_AT + sizeof(KgPageMeta) <= SEAL_AT && SEAL_AT + sizeof(KgSeal) <= END_AT, "both in one sector");

KgSealPages kg_seal_open(int file, size_t page_bytes)
{
    void *const map = mmap(NULL, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return (KgSealPages){file, page_bytes, map == MAP_FAILED ? NULL : map};
}

void kg_seal_close(KgSealPages *pages)
{
    if (pages->map)
        munmap(pages->map, 2 * pages->page_bytes);
    pages->map = NULL;
}

static void put(const KgSealPages *pages, uint64_t page, size_t at, const void *bytes, size_t length)
{
    const size_t offset = page * pages->page_bytes + at;
    if (pwrite(pages->file, bytes, length, (off_t)offset) != (ssize_t)length)
        memcpy(pages->map + offset, bytes, length);
}

static uint64_t check_of(const KgSeal *seal)
{
    return base_hash(seal, offsetof(KgSeal, check), 0);
}

void kg_seal_put(const KgSealPages *pages, KgSeal *seal)
{
    memcpy(seal->magic, MAGIC, sizeof seal->magic);
    seal->check = check_of(seal);
    put(pages, seal->txn % 2, SEAL_AT, seal, sizeof *seal);
}

void kg_seal_clear(const KgSealPages *pages, uint64_t txn)
{
    put(pages, txn % 2, SEAL_AT, &(KgSeal){.state = 0}, sizeof(KgSeal));
}

void kg_seal_put_meta(const KgSealPages *pages, uint64_t page, const KgPageMeta *meta)
{
    put(pages, page, META_AT, meta, sizeof *meta);
    put(pages, page, SEAL_AT, &(KgSeal){.state = 0}, sizeof(KgSeal));
}

bool kg_seal_get(const KgPageFile *data, uint64_t txn, KgSeal *out)
{
    const off_t offset = (off_t)(txn % 2 * data->page_bytes + SEAL_AT);
    if (pread(data->file, out, sizeof *out, offset) != (ssize_t)sizeof *out ||
        memcmp(out->magic, MAGIC, sizeof out->magic) != 0 || out->txn != txn)
        return false;
    if (out->check != check_of(out))
        out->state = KG_SEAL_OPEN;
    return true;
}

uint64_t kg_seal_hash_meta(const KgPageMeta *meta)
{
    return base_hash(meta, sizeof *meta, 0);
}

BaseStatus kg_seal_hash_pages(const KgPageFile *data, const KgPageList *list, uint64_t *hashes, uint64_t *out,
                              BaseError *err)
{
    BaseStatus status = BASE_OK;
    char *const room = malloc(data->page_bytes);
    *out = base_mix(list->count);
    if (!room)
        return base_fail(err, BASE_NO_MEMORY, "no memory for checksums");
    for (size_t i = 0; status == BASE_OK && i < list->count; i++) {
        const char *page;
        status = kg_page_at(data, list->items[i], 1, room, &page, err);
        if (status != BASE_OK)
            break;
        const uint64_t hash = base_hash(page, data->page_bytes, list->items[i]);
        *out = base_mix(*out ^ hash);
        if (hashes)
            hashes[i] = hash;
    }
    free(room);
    return status;
}

/* ---- After a power cut ---- */

BaseStatus kg_seal_is_whole(const KgPageFile *data, const KgPageMeta metas[2], BaseHash128 boot, bool *out,
                            BaseError *err)
{
    const KgPageMeta *const newest = &metas[metas[1].txn > metas[0].txn], *const before = &metas[newest == metas];
    KgSeal seal;
    *out = true;
    if (!kg_seal_get(data, newest->txn, &seal)) /* LMDB's own commit, in order */
        return BASE_OK;
    if (seal.boot.low == boot.low && seal.boot.high == boot.high && (boot.low | boot.high) != 0)
        return BASE_OK;
    if (seal.before != kg_seal_hash_meta(before)) /* a later commit was under way, after this one had ended */
        return BASE_OK;
    *out = false;
    if (seal.state != KG_SEAL_CLOSED)
        return BASE_OK;
    KgPageList list = {0}, dropped = {0};
    uint64_t pages = 0;
    BaseError why = {0}; /* that a page is not there is an answer, no failure */
    BaseStatus status = kg_page_changes(data, before, newest, &list, &dropped, &why);
    kg_page_list_sort(&list);
    if (status == BASE_OK)
        status = kg_seal_hash_pages(data, &list, NULL, &pages, &why);
    *out = status == BASE_OK && pages == seal.pages;
    free(list.items);
    free(dropped.items);
    if (status == BASE_OK || status == BASE_BAD_INPUT)
        return BASE_OK;
    if (err && err->status == BASE_OK)
        *err = why;
    return status;
}

BaseStatus kg_seal_go_back(const KgPageFile *data, const KgPageMeta metas[2], BaseError *err)
{
    const uint64_t newest = metas[1].txn > metas[0].txn;
    KgPageMeta old = metas[!newest];
    old.txn -= old.txn > 0; /* as LMDB does with a meta page that it could not write */
    KgSealPages pages = kg_seal_open(data->file, data->page_bytes);
    if (!pages.map)
        return base_fail_errno(err, "cannot write %s/data.mdb", data->name);
    kg_seal_put_meta(&pages, !newest, &metas[!newest]); /* its seal is of no more use */
    kg_seal_put_meta(&pages, newest, &old);
    kg_seal_close(&pages);
    return fdatasync(data->file) == 0 ? BASE_OK : base_fail_errno(err, "cannot write %s/data.mdb", data->name);
}
