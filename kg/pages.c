/* pages.c - opening a database only when its pages are what was written, as far as LMDB will walk them. */
#include "kg/pages.h"
#include "kg/page_seal.h"
#include "kg/page_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 50 /* of a millisecond, for a writer that is committing */

/* ---- Files ---- */

static BaseStatus open_files(KgStore *store, BaseError *err)
{
    KgPages *const pages = store->pages;
    if (pages->data.file >= 0)
        close(pages->data.file);
    kg_sums_close(&pages->sums);
    pages->data.file = open(pages->data_path, (store->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (pages->data.file < 0)
        return base_fail_errno(err, "cannot open %s", pages->data_path);
    return kg_sums_open(&pages->sums, pages->sums_path, store->path,
                        store->read_only ? KG_SUMS_READ : KG_SUMS_READ_WRITE, err);
}

bool kg_page_file_is_at(int file, const char *path)
{
    struct stat ours, there;
    if (stat(path, &there) != 0)
        return file < 0;
    return file >= 0 && fstat(file, &ours) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Compacting puts other files there. */
static bool files_are_current(const KgPages *pages)
{
    return kg_page_file_is_at(pages->data.file, pages->data_path) &&
           kg_page_file_is_at(pages->sums.file, pages->sums_path);
}

static void wait_a_moment(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

bool kg_pages_are_idle(const KgSums *sums)
{
    if (sums->file < 0)
        return true;
    if (flock(sums->file, LOCK_SH | LOCK_NB) != 0)
        return errno != EWOULDBLOCK;
    flock(sums->file, LOCK_UN);
    return true;
}

/* ---- Before LMDB opens ---- */

static BaseStatus match_meta(const KgPages *pages, uint64_t page, size_t page_bytes, bool *same, BaseError *err)
{
    KgPageFile file = pages->data;
    file.page_bytes = page_bytes;
    uint64_t entry = 0;
    char *const bytes = malloc(page_bytes);
    BaseStatus status = bytes ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to open %s", file.name);
    if (status == BASE_OK)
        status = kg_sums_read(&pages->sums, page, 1, &entry, err);
    if (status == BASE_OK)
        status = kg_page_read(&file, page, 1, bytes, err);
    *same = status == BASE_OK && (!kg_sums_is_entry(page, entry) || entry == kg_sums_of(page, bytes, page_bytes));
    free(bytes);
    return status;
}

static BaseStatus fail_meta(const KgPages *pages, uint64_t page, BaseError *err)
{
    kg_page_fail(&pages->data, page, NULL, "does not match its checksum", err);
    base_hint(err, "if data.mdb was put there by hand, remove data.sum beside it");
    return BASE_BAD_INPUT;
}

/* LMDB takes its page size from a meta page, and which snapshot is the newest from both. */
static BaseStatus match_metas(KgStore *store, BaseError *err)
{
    KgPages *const pages = store->pages;
    for (int i = 0; i < TRIES; i++) {
        KgSumsHeader header, again;
        if (!kg_sums_header(&pages->sums, &header))
            return BASE_OK;
        if (header.state == KG_SUMS_COMMITTING) {
            if (kg_pages_are_idle(&pages->sums)) /* it was killed */
                return BASE_OK;
            wait_a_moment();
            continue;
        }
        bool same = true;
        uint64_t page = 0;
        BaseStatus status = match_meta(pages, page, header.page_bytes, &same, err);
        if (status == BASE_OK && same)
            status = match_meta(pages, ++page, header.page_bytes, &same, err);
        if (status != BASE_OK || same)
            return status;
        if (!files_are_current(pages))
            status = open_files(store, err);
        else if (kg_sums_header(&pages->sums, &again) && again.serial == header.serial)
            status = fail_meta(pages, page, err);
        if (status != BASE_OK)
            return status;
    }
    return BASE_OK;
}

/* Whether the newest snapshot is all there, which after a power cut it may not be (page_seal.h). */
static BaseStatus read_seal(KgPages *pages, KgPageMeta metas[2], bool *is_whole, BaseError *err)
{
    KgSumsHeader header;
    bool is_lmdb;
    *is_whole = true;
    BaseStatus status = kg_page_metas(&pages->data, metas, &is_lmdb, err);
    if (status != BASE_OK || !is_lmdb) /* LMDB will say so */
        return status;
    if (kg_sums_header(&pages->sums, &header) && header.state == KG_SUMS_SETTLED &&
        header.txn == metas[metas[1].txn > metas[0].txn].txn) /* it has been seen whole */
        return BASE_OK;
    return kg_seal_is_whole(&pages->data, metas, pages->sums.boot, is_whole, err);
}

static BaseStatus go_back(KgStore *store, const KgPageMeta metas[2], BaseError *err)
{
    KgPageFile data = store->pages->data;
    if (store->read_only)
        data.file = open(store->pages->data_path, O_RDWR | O_CLOEXEC);
    if (data.file < 0) {
        base_fail_errno(err, "the last commit of %s was cut off by a power failure: cannot open data.mdb for writing",
                        store->path);
        base_hint(err, "whoever may write there opens it once, and all is well");
        return BASE_IO;
    }
    const BaseStatus status = kg_seal_go_back(&data, metas, err);
    if (store->read_only)
        close(data.file);
    return status;
}

/* Leaves a commit out that was cut off. Asked a second time under the lock of writers: others may have been at it. */
static BaseStatus want_whole(KgStore *store, BaseError *err)
{
    KgPages *const pages = store->pages;
    KgPageMeta metas[2];
    bool is_whole;
    BaseStatus status = read_seal(pages, metas, &is_whole, err);
    if (status != BASE_OK || is_whole)
        return status;
    while (pages->sums.file >= 0 && flock(pages->sums.file, LOCK_EX) != 0 && errno == EINTR)
        ;
    status = read_seal(pages, metas, &is_whole, err);
    if (status == BASE_OK && !is_whole)
        status = go_back(store, metas, err);
    if (pages->sums.file >= 0)
        flock(pages->sums.file, LOCK_UN);
    return status;
}

BaseStatus kg_pages_open(KgStore *store, BaseError *err)
{
    KgPages *const pages = store->pages = calloc(1, sizeof *pages);
    if (!pages)
        return base_fail(err, BASE_NO_MEMORY, "no memory to open %s", store->path);
    pages->data = (KgPageFile){.file = -1, .name = store->path};
    pages->sums.file = -1;
    pthread_mutex_init(&pages->writer, NULL);
    pages->data_path = base_join_path(store->path, "data.mdb");
    pages->sums_path = base_join_path(store->path, KG_SUMS_NAME);
    if (!pages->data_path || !pages->sums_path)
        return base_fail(err, BASE_NO_MEMORY, "no memory to open %s", store->path);
    KgPageMeta metas[2];
    bool is_lmdb = false; /* if not, LMDB will say so */
    BaseStatus status = open_files(store, err);
    if (status == BASE_OK)
        status = want_whole(store, err);
    if (status == BASE_OK)
        status = kg_page_metas(&pages->data, metas, &is_lmdb, err);
    return status == BASE_OK && is_lmdb ? match_metas(store, err) : status;
}

/* ---- A snapshot's pages ---- */

static BaseStatus find_snapshot(KgStore *store, KgPageSnapshot *out, bool *found, BaseError *err)
{
    KgPageMeta metas[2], again[2];
    bool is_lmdb, is_still;
    *found = false;
    const int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &out->mdb);
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(store, code, "read", err);
    const uint64_t txn = mdb_txn_id(out->mdb);
    BaseStatus status = kg_page_metas(&out->data, metas, &is_lmdb, err);
    if (status == BASE_OK)
        status = kg_page_metas(&out->data, again, &is_still, err);
    for (int i = 0; status == BASE_OK && is_lmdb && is_still && !*found && i < 2; i++)
        if (metas[i].txn == txn && memcmp(&metas[i], &again[i], sizeof metas[i]) == 0) {
            out->meta = metas[i];
            *found = true;
        }
    return status;
}

void kg_page_snapshot_end(KgPageSnapshot *snapshot)
{
    if (snapshot->mdb)
        mdb_txn_abort(snapshot->mdb);
    snapshot->mdb = NULL;
}

BaseStatus kg_page_snapshot_begin(KgStore *store, const KgSums *sums, KgPageSnapshot *out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    bool found = false;
    *out = (KgPageSnapshot){.data = {.file = store->pages->data.file, .name = store->path}};
    for (int i = 0; status == BASE_OK && !found && i < TRIES; i++) { /* until nobody commits twice meanwhile */
        kg_page_snapshot_end(out);
        status = find_snapshot(store, out, &found, err);
    }
    if (status == BASE_OK && !found)
        status =
            base_fail(err, BASE_BAD_INPUT, "the database %s is damaged: its meta pages name no snapshot", store->path);
    for (int i = 0; status == BASE_OK && i < TRIES; i++) {
        const bool valid = kg_sums_header(sums, &out->header);
        out->trusted = valid && out->header.txn >= out->meta.txn && out->header.page_bytes == out->data.page_bytes;
        if (!valid || out->trusted || kg_pages_are_idle(sums))
            break;
        wait_a_moment(); /* committed, the sums are on their way */
    }
    if (status == BASE_OK)
        status = kg_page_file_measure(&out->data, err);
    if (status != BASE_OK)
        kg_page_snapshot_end(out);
    return status;
}

static BaseStatus want_length(const KgPageSnapshot *snapshot, BaseError *err)
{
    const uint64_t expected = snapshot->header.page_count * snapshot->data.page_bytes;
    if (!snapshot->trusted || snapshot->data.bytes >= expected)
        return BASE_OK;
    return base_fail(err, BASE_BAD_INPUT, "the database %s is damaged: data.mdb has %llu bytes, expected %llu",
                     snapshot->data.name, (unsigned long long)snapshot->data.bytes, (unsigned long long)expected);
}

typedef struct Verify {
    const KgPages *pages;
    const KgPageSnapshot *snapshot;
    KgSumsCache cache;
} Verify;

static BaseStatus verify_page(void *context, const KgPageVisit *visit, BaseError *err)
{
    Verify *const verify = context;
    const size_t page_bytes = verify->snapshot->data.page_bytes;
    bool all_known = true;
    if (!visit->bytes || !verify->snapshot->trusted)
        return BASE_OK;
    for (uint64_t i = 0; i < visit->count; i++) {
        const uint64_t page = visit->first + i;
        uint64_t entry;
        const BaseStatus status = kg_sums_get(&verify->pages->sums, &verify->cache, page, &entry, err);
        if (status != BASE_OK)
            return status;
        const bool known = kg_sums_is_entry(page, entry);
        if (known && entry != kg_sums_of(page, visit->bytes + i * page_bytes, page_bytes))
            return kg_page_fail(&verify->snapshot->data, page, visit->table, "does not match its checksum", err);
        all_known = all_known && known;
    }
    return all_known ? BASE_END : BASE_OK;
}

BaseStatus kg_pages_verify(KgStore *store, BaseError *err)
{
    KgPageSnapshot snapshot;
    BaseStatus status = files_are_current(store->pages) ? BASE_OK : open_files(store, err);
    if (status == BASE_OK)
        status = kg_page_snapshot_begin(store, &store->pages->sums, &snapshot, err);
    if (status != BASE_OK)
        return status;
    Verify verify = {.pages = store->pages, .snapshot = &snapshot};
    status = want_length(&snapshot, err);
    if (status == BASE_OK)
        status = kg_page_walk(&snapshot.data, &snapshot.meta, verify_page, &verify, err);
    kg_sums_free_cache(&verify.cache);
    kg_page_snapshot_end(&snapshot);
    return status;
}

/* ---- Closing ---- */

/* So that the sums are good for the next start of the system too. */
static void sync_sums(KgPages *pages)
{
    KgSumsHeader header;
    if (!kg_sums_are_at(&pages->sums, pages->sums_path) || flock(pages->sums.file, LOCK_EX | LOCK_NB) != 0)
        return; /* whoever writes now does it */
    if (kg_sums_header(&pages->sums, &header) && header.state == KG_SUMS_SETTLED && header.synced != 1 &&
        fdatasync(pages->data.file) == 0 && fdatasync(pages->sums.file) == 0) {
        header.synced = 1;
        kg_sums_put_header(&pages->sums, &header, NULL);
    }
    flock(pages->sums.file, LOCK_UN);
}

void kg_pages_close(KgStore *store)
{
    KgPages *const pages = store->pages;
    if (!pages)
        return;
    if (pages->wrote && pages->sums.file >= 0)
        sync_sums(pages);
    kg_sums_close(&pages->sums);
    kg_seal_close(&pages->metas);
    if (pages->data.map)
        munmap((void *)pages->data.map, (size_t)pages->data.map_bytes);
    if (pages->data.file >= 0)
        close(pages->data.file);
    pthread_mutex_destroy(&pages->writer);
    free(pages->trees.items);
    free(pages->dropped.items);
    free(pages->hashes.items);
    free(pages->data_path);
    free(pages->sums_path);
    free(pages);
    store->pages = NULL;
}
