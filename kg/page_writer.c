/* page_writer.c - keeping data.sum in step with data.mdb.
 *
 * LMDB gives up its writer lock within mdb_txn_commit, before the sums of what it wrote can be taken. So a writer also
 * holds a lock of its own on data.sum, from after it has LMDB's until its sums are written. Within that time nobody
 * else commits, and LMDB reuses no page of the snapshot before or of the new one, so both can be read at leisure.
 *
 * What a commit wrote is what its trees have and those before it had not, and what it made and dropped again (LMDB
 * writes that too). A transaction with very many pages writes some early, and may then drop them without a trace; that
 * shows in data.mdb having changed before the commit, and all free pages are summed anew.
 *
 * A commit waits for the disk once, under a seal (page_seal.h), if no page of it was written early and if the sums were
 * right: then the snapshot before is known to be on the disk. */
#include "kg/page_seal.h"
#include "kg/page_state.h"
#include "kg/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN 64 /* pages read at once */
#define MAP_BYTES ((size_t)1 << 36)

/* ---- Summing ---- */

/* Puts the sums of pages there that the seal has hashed; both lists are sorted. */
static BaseStatus put_hashed(const KgPages *pages, KgSums *sums, const KgPageList *hashed, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; status == BASE_OK && i < hashed->count; i++) {
        const uint64_t page = hashed->items[i], entry = kg_sums_entry(page, (uint32_t)pages->hashes.items[i]);
        status = page < pages->data.page_count ? kg_sums_write(sums, page, 1, &entry, err) : BASE_OK;
    }
    return status;
}

/* Sums the pages of a sorted list; those past the file's end are none. */
static BaseStatus sum_pages(const KgPageFile *data, KgSums *sums, const KgPageList *list, BaseError *err)
{
    uint64_t entries[RUN];
    char *const room = malloc(RUN * data->page_bytes);
    BaseStatus status = room ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for checksums");
    for (size_t i = 0, run; status == BASE_OK && i < list->count && list->items[i] < data->page_count; i += run) {
        const uint64_t first = list->items[i];
        for (run = 1; run < RUN && i + run < list->count && list->items[i + run] == first + run &&
                      first + run < data->page_count;)
            run++;
        const char *found;
        status = kg_page_at(data, first, run, room, &found, err);
        for (size_t k = 0; status == BASE_OK && k < run; k++)
            entries[k] = kg_sums_of(first + k, found + k * data->page_bytes, data->page_bytes);
        if (status == BASE_OK)
            status = kg_sums_write(sums, first, run, entries, err);
    }
    free(room);
    return status;
}

typedef struct InUse {
    uint8_t *bits;
} InUse;

static BaseStatus mark_in_use(void *context, const KgPageVisit *visit, BaseError *err)
{
    (void)err;
    InUse *const in_use = context;
    for (uint64_t page = visit->first; page < visit->first + visit->count; page++)
        in_use->bits[page / 8] |= (uint8_t)(1 << page % 8);
    return BASE_OK;
}

/* Adds the pages of the file that `meta` has no use for. */
static BaseStatus add_free(const KgPageFile *data, const KgPageMeta *meta, KgPageList *out, BaseError *err)
{
    const uint64_t last = meta->last_page > data->page_count ? meta->last_page : data->page_count;
    InUse in_use = {calloc((size_t)(last / 8 + 1), 1)};
    BaseStatus status = in_use.bits ? kg_page_walk(data, meta, mark_in_use, &in_use, err)
                                    : base_fail(err, BASE_NO_MEMORY, "no memory for checksums");
    for (uint64_t page = 2; status == BASE_OK && page < data->page_count; page++)
        if (!(in_use.bits[page / 8] & 1 << page % 8) && !BASE_PUSH(out, page))
            status = base_fail(err, BASE_NO_MEMORY, "no memory for checksums");
    free(in_use.bits);
    return status;
}

/* What to sum. */
typedef enum Scope {
    CHANGES,          /* what is new since the snapshot before */
    CHANGES_AND_FREE, /* that and all free pages */
    ALL,
} Scope;

/* Puts into pages->trees and pages->dropped what a commit wrote. */
static BaseStatus find_changes(KgPages *pages, const KgPageFile *data, const KgPageMeta *before,
                               const KgPageMeta *after, BaseError *err)
{
    pages->trees.count = pages->dropped.count = pages->hashes.count = 0;
    if (before->txn == after->txn)
        return BASE_OK;
    const BaseStatus status = kg_page_changes(data, before, after, &pages->trees, &pages->dropped, err);
    kg_page_list_sort(&pages->trees);
    return status;
}

static BaseStatus list_pages(const KgPages *pages, const KgPageFile *data, const KgPageMeta *after, Scope scope,
                             bool is_hashed, KgPageList *out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    if (scope == CHANGES_AND_FREE)
        status = add_free(data, after, out, err);
    if (status == BASE_OK && scope != ALL &&
        ((!is_hashed && !kg_page_list_add(out, &pages->trees)) || !kg_page_list_add(out, &pages->dropped)))
        status = base_fail(err, BASE_NO_MEMORY, "no memory for checksums");
    for (uint64_t page = scope == ALL ? 0 : pages->header.page_count; status == BASE_OK && page < data->page_count;
         page++)
        if (!BASE_PUSH(out, page))
            status = base_fail(err, BASE_NO_MEMORY, "no memory for checksums");
    for (uint64_t page = 0; status == BASE_OK && page < 2; page++)
        if (!BASE_PUSH(out, page)) /* the other as well: a commit of nothing has opened a seal there */
            status = base_fail(err, BASE_NO_MEMORY, "no memory for checksums");
    kg_page_list_sort(out);
    return status;
}

/* Sums what may have been written since `before`, and says so in the header. `found`: the changes are found, and hashed
 * if the commit is sealed. */
static BaseStatus settle(KgPages *pages, const KgPageMeta *before, const KgPageMeta *after, Scope scope, bool found,
                         BaseError *err)
{
    KgPageList list = {0};
    BaseStatus status = BASE_OK;
    KgPageFile data = pages->data;
    const bool is_hashed = found && pages->hashes.count > 0;
    if (scope != CHANGES) /* not what was just written: a bad sector would kill the process */
        data.map = NULL;
    if (!found && scope != ALL)
        status = find_changes(pages, &data, before, after, err);
    if (status == BASE_OK)
        status = list_pages(pages, &data, after, scope, is_hashed, &list, err);
    if (status == BASE_OK)
        status = sum_pages(&data, &pages->sums, &list, err);
    if (status == BASE_OK && is_hashed) /* after that: among the pages that are new in the file */
        status = put_hashed(pages, &pages->sums, &pages->trees, err);
    free(list.items);
    if (status != BASE_OK)
        return status;
    pages->header.page_bytes = (uint32_t)pages->data.page_bytes;
    pages->header.synced = 0;
    pages->header.state = KG_SUMS_SETTLED;
    pages->header.txn = after->txn;
    pages->header.page_count = pages->data.page_count;
    return kg_sums_put_header(&pages->sums, &pages->header, err);
}

/* ---- Writing ---- */

static BaseStatus read_metas(KgPages *pages, KgPageMeta *newest, KgPageMeta *other, BaseError *err)
{
    KgPageMeta metas[2];
    bool is_lmdb;
    const BaseStatus status = kg_page_metas(&pages->data, metas, &is_lmdb, err);
    if (status != BASE_OK)
        return status;
    if (!is_lmdb)
        return kg_page_fail(&pages->data, 0, NULL, "is no meta page", err);
    const int last = metas[1].txn > metas[0].txn;
    *newest = metas[last];
    *other = metas[!last];
    return BASE_OK;
}

static BaseStatus pass_page(void *context, const KgPageVisit *visit, BaseError *err)
{
    (void)context;
    (void)visit;
    (void)err;
    return BASE_OK;
}

static BaseStatus mark(KgPages *pages, KgSumsState state, BaseError *err)
{
    const bool was_synced = pages->header.synced == 1;
    pages->header.state = state;
    pages->header.synced = 0;
    BaseStatus status = kg_sums_put_header(&pages->sums, &pages->header, err);
    /* Once per store and not per commit: `synced` must not outlive on the disk what comes now. */
    if (status == BASE_OK && was_synced && fdatasync(pages->sums.file) != 0)
        status = base_fail_errno(err, "cannot write %s", pages->sums_path);
    return status;
}

/* Makes the sums right where the writer before did not come to it: it was killed, or the power went, or there were no
 * sums. After a mere kill that costs what it wrote and the free pages; else everything. */
static BaseStatus recover(KgPages *pages, const KgPageMeta *other, bool valid, BaseError *err)
{
    const KgPageMeta *const newest = &pages->before;
    KgSumsHeader *const header = &pages->header;
    const KgPageMeta *const from = !valid                                                       ? NULL
                                   : header->txn == newest->txn                                 ? newest
                                   : header->txn == other->txn && other->txn + 1 == newest->txn ? other
                                                                                                : NULL;
    pages->wrote = true;
    if (from) {
        const BaseStatus status = mark(pages, (KgSumsState)header->state, err);
        return status == BASE_OK ? settle(pages, from, newest, CHANGES_AND_FREE, false, err) : status;
    }
    *header = (KgSumsHeader){.synced = 1}; /* of no known state: nobody trusts what is there, even on the disk */
    BaseStatus status = mark(pages, KG_SUMS_UNKNOWN, err);
    if (status == BASE_OK)
        status = kg_page_walk(&pages->data, newest, pass_page, NULL, err);
    return status == BASE_OK ? settle(pages, newest, newest, ALL, false, err) : status;
}

/* What a writer left that did not come to its end may not be on the disk: it has to be, before another commit is. */
static BaseStatus want_durable(const KgPages *pages, BaseError *err)
{
    const uint64_t newest = pages->before.txn;
    KgSeal seal;
    bool is_synced = fdatasync(pages->data.file) == 0;
    if (is_synced && pages->metas.map && kg_seal_get(&pages->data, newest, &seal) && seal.state != KG_SEAL_CLOSED) {
        kg_seal_clear(&pages->metas, newest);
        is_synced = fdatasync(pages->data.file) == 0;
    }
    return is_synced ? BASE_OK : base_fail_errno(err, "cannot write %s", pages->data_path);
}

/* While data.sum is the only file that cannot be written, writing goes on, and the sums stay behind. */
static bool can_go_without(BaseStatus status)
{
    return status == BASE_IO || status == BASE_NO_MEMORY;
}

static void lock(KgPages *pages)
{
    while (flock(pages->sums.file, LOCK_EX) != 0 && errno == EINTR)
        ; /* a file system without locks: go on without */
}

static void unlock(KgTxn *txn)
{
    KgPages *const pages = txn->store->pages;
    flock(pages->sums.file, LOCK_UN);
    pthread_mutex_unlock(&pages->writer);
    txn->has_pages = false;
}

static BaseStatus open_for_writing(KgStore *store, BaseError *err)
{
    KgPages *const pages = store->pages;
    BaseStatus status = BASE_OK;
    if (!kg_sums_are_at(&pages->sums, pages->sums_path)) {
        kg_sums_close(&pages->sums);
        status = kg_sums_open(&pages->sums, pages->sums_path, store->path, KG_SUMS_MAKE, err);
    }
    if (status == BASE_OK)
        kg_sums_map(&pages->sums);
    return status;
}

/* What is now committed has no sums; nobody may think so. */
static BaseStatus step_aside(KgPages *pages, BaseError *err)
{
    return kg_sums_header(&pages->sums, &pages->header) ? mark(pages, KG_SUMS_COMMITTING, err) : BASE_OK;
}

/* A map longer than the file, which grows into it; without one, pages are read. */
static void map_data(KgPageFile *data)
{
    if (data->map)
        return;
    void *const map = mmap(NULL, MAP_BYTES, PROT_READ, MAP_SHARED, data->file, 0);
    data->map = map == MAP_FAILED ? NULL : map;
    data->map_bytes = MAP_BYTES;
}

static void map_metas(KgPages *pages)
{
    if (!pages->metas.map)
        pages->metas = kg_seal_open(pages->data.file, pages->data.page_bytes);
}

static BaseStatus begin(KgTxn *txn, BaseError *err)
{
    KgPages *const pages = txn->store->pages;
    const KgSumsHeader *const header = &pages->header;
    KgPageMeta other;
    BaseError why = {0};
    pages->known = false;
    map_data(&pages->data);
    BaseStatus status = read_metas(pages, &pages->before, &other, err);
    if (status != BASE_OK)
        return status;
    map_metas(pages);
    const bool valid = kg_sums_header(&pages->sums, &pages->header) && header->page_bytes == pages->data.page_bytes;
    if (!valid || header->state != KG_SUMS_SETTLED || header->txn != pages->before.txn) {
        status = want_durable(pages, err);
        if (status != BASE_OK)
            return status;
        status = pages->gave_up ? BASE_IO : recover(pages, &other, valid, &why);
        if (can_go_without(status)) {
            pages->gave_up = true;
            return step_aside(pages, err);
        }
    }
    if (status == BASE_OK)
        status = mark(pages, KG_SUMS_WRITING, &why);
    if (status == BASE_OK) {
        pages->known = pages->wrote = true;
    } else if (err) {
        *err = why;
    }
    return status;
}

static BaseStatus fail_lost(const KgPages *pages, BaseError *err)
{
    base_fail(err, BASE_IO, "cannot write %s: an earlier write failed on the disk", pages->data_path);
    base_hint(err, "close the database and see to the disk");
    return BASE_IO;
}

BaseStatus kg_pages_begin(KgTxn *txn, BaseError *err)
{
    KgPages *const pages = txn->store->pages;
    pthread_mutex_lock(&pages->writer);
    BaseStatus status = pages->lost ? fail_lost(pages, err) : open_for_writing(txn->store, err);
    if (status != BASE_OK) {
        pthread_mutex_unlock(&pages->writer);
        return status;
    }
    lock(pages);
    txn->has_pages = true;
    status = begin(txn, err);
    if (status != BASE_OK)
        unlock(txn);
    return status;
}

void kg_pages_watch(KgTxn *txn)
{
    KgPages *const pages = txn->store->pages;
    struct stat found;
    txn->is_watched = true;
    pages->changed = (struct timespec){0}; /* no time that a file has */
    if (fstat(pages->data.file, &found) == 0)
        pages->changed = found.st_ctim;
}

/* LMDB has written pages of the transaction, not being asked to. */
static bool has_written(const KgTxn *txn)
{
    const KgPages *const pages = txn->store->pages;
    struct stat found;
    if (!txn->is_watched)
        return false;
    return fstat(pages->data.file, &found) != 0 || found.st_ctim.tv_sec != pages->changed.tv_sec ||
           found.st_ctim.tv_nsec != pages->changed.tv_nsec;
}

/* ---- Committing ---- */

static KgSeal open_seal(const KgPages *pages)
{
    KgSeal seal = {.state = KG_SEAL_OPEN,
                   .txn = pages->before.txn + 1,
                   .before = kg_seal_hash_meta(&pages->before),
                   .boot = pages->sums.boot};
    kg_seal_put(&pages->metas, &seal);
    return seal;
}

/* The disk did not take a commit: its number gets the trees of the snapshot before, which is all there. */
static void take_back(KgPages *pages, uint64_t txn)
{
    KgPageMeta meta = pages->before;
    meta.txn = txn;
    kg_seal_put_meta(&pages->metas, txn % 2, &meta);
    pages->lost = fdatasync(pages->data.file) != 0;
}

/* Waits for what LMDB has written, under a seal or, where there is none to be had, in two steps. */
static int wait_for_disk(KgPages *pages, const KgPageMeta *newest, KgSeal *seal, bool *found)
{
    BaseStatus status = find_changes(pages, &pages->data, &pages->before, newest, NULL);
    *found = status == BASE_OK;
    if (status == BASE_OK && !BASE_RESERVE(&pages->hashes, pages->trees.count + 1))
        status = BASE_NO_MEMORY;
    if (status == BASE_OK)
        status = kg_seal_hash_pages(&pages->data, &pages->trees, pages->hashes.items, &seal->pages, NULL);
    pages->hashes.count = status == BASE_OK ? pages->trees.count : 0;
    seal->state = KG_SEAL_CLOSED;
    if (status == BASE_OK)
        kg_seal_put(&pages->metas, seal);
    if (fdatasync(pages->data.file) != 0)
        return EIO;
    if (status == BASE_OK)
        return MDB_SUCCESS;
    kg_seal_clear(&pages->metas, seal->txn);
    return fdatasync(pages->data.file) == 0 ? MDB_SUCCESS : EIO;
}

/* Makes a commit that waits once (page_seal.h). */
static int commit_sealed(KgTxn *txn, KgSeal *seal, KgPageMeta *newest, bool *found)
{
    KgPages *const pages = txn->store->pages;
    MDB_env *const env = txn->store->env;
    KgPageMeta other;
    mdb_env_set_flags(env, MDB_NOSYNC, 1);
    int code = mdb_txn_commit(txn->mdb);
    mdb_env_set_flags(env, MDB_NOSYNC, 0);
    if (code != MDB_SUCCESS)
        return code;
    if (read_metas(pages, newest, &other, NULL) != BASE_OK)
        code = EIO;
    else if (newest->txn == seal->txn) /* else there was nothing to write */
        code = wait_for_disk(pages, newest, seal, found);
    if (code != MDB_SUCCESS)
        take_back(pages, seal->txn);
    return code;
}

int kg_pages_commit(KgTxn *txn)
{
    KgPages *const pages = txn->store->pages;
    KgPageMeta newest, other;
    KgSeal seal;
    bool found = false;
    if (!txn->has_pages)
        return mdb_txn_commit(txn->mdb);
    const Scope scope = has_written(txn) ? CHANGES_AND_FREE : CHANGES;
    if (pages->known && mark(pages, KG_SUMS_COMMITTING, NULL) != BASE_OK) {
        kg_pages_abort(txn);
        return EIO;
    }
    const bool sealed = pages->known && pages->metas.map && scope == CHANGES;
    if (sealed)
        seal = open_seal(pages);
    const int code = sealed ? commit_sealed(txn, &seal, &newest, &found) : mdb_txn_commit(txn->mdb);
    /* Where one of these fails, the mark remains and the next writer recovers. */
    if (pages->known && code == MDB_SUCCESS &&
        ((!sealed && read_metas(pages, &newest, &other, NULL) != BASE_OK) ||
         settle(pages, &pages->before, &newest, scope, found, NULL) != BASE_OK))
        pages->gave_up = true;
    unlock(txn);
    return code;
}

void kg_pages_abort(KgTxn *txn)
{
    if (txn->has_pages) {
        KgPages *const pages = txn->store->pages;
        if (pages->known && !has_written(txn)) /* else the mark remains */
            mark(pages, KG_SUMS_SETTLED, NULL);
        unlock(txn);
    }
    mdb_txn_abort(txn->mdb);
}

void kg_pages_repair(KgStore *store)
{
    KgPages *const pages = store->pages;
    KgPageMeta newest, other;
    KgSumsHeader header;
    KgTxn *txn = NULL;
    if (store->read_only || !kg_pages_are_idle(&pages->sums) || read_metas(pages, &newest, &other, NULL) != BASE_OK)
        return;
    if (kg_sums_header(&pages->sums, &header) && header.state == KG_SUMS_SETTLED && header.txn == newest.txn)
        return;
    if (kg_write_begin(store, &txn, NULL) == BASE_OK)
        kg_abort(txn);
}

/* ---- Made at once ---- */

static BaseStatus make_sums(const KgPageFile *data, const KgPageMeta *meta, int file, BaseError *err)
{
    KgSums sums = {.file = file, .name = data->name};
    KgSumsHeader header = {.page_bytes = (uint32_t)data->page_bytes,
                           .state = KG_SUMS_SETTLED,
                           .txn = meta->txn,
                           .page_count = data->page_count,
                           .synced = 1};
    KgPageList list = {0};
    BaseStatus status = kg_page_walk(data, meta, pass_page, NULL, err);
    for (uint64_t page = 0; status == BASE_OK && page < data->page_count; page++)
        if (!BASE_PUSH(&list, page))
            status = base_fail(err, BASE_NO_MEMORY, "no memory for checksums");
    if (status == BASE_OK)
        status = sum_pages(data, &sums, &list, err);
    free(list.items);
    return status == BASE_OK ? kg_sums_put_header(&sums, &header, err) : status;
}

/* Under another name until it is whole. */
static BaseStatus make_file(const KgPageFile *data, const KgPageMeta *meta, const char *path, BaseError *err)
{
    char *new_path = NULL;
    if (asprintf(&new_path, "%s.new", path) < 0)
        return base_fail(err, BASE_NO_MEMORY, "no memory for checksums");
    const int file = open(new_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    BaseStatus status = file >= 0 ? make_sums(data, meta, file, err) : base_fail_errno(err, "cannot write %s", path);
    if (status == BASE_OK && (fsync(file) != 0 || rename(new_path, path) != 0))
        status = base_fail_errno(err, "cannot write %s", path);
    if (file >= 0)
        close(file);
    if (status != BASE_OK)
        unlink(new_path);
    free(new_path);
    return status;
}

BaseStatus kg_pages_make(const char *name, const char *data_path, const char *sums_path, BaseError *err)
{
    KgPageFile data = {.file = open(data_path, O_RDONLY | O_CLOEXEC), .name = name};
    KgPageMeta metas[2];
    bool is_lmdb = false;
    if (data.file < 0)
        return base_fail_errno(err, "cannot open %s", data_path);
    BaseStatus status = kg_page_metas(&data, metas, &is_lmdb, err);
    if (status == BASE_OK && !is_lmdb)
        status = kg_page_fail(&data, 0, NULL, "is no meta page", err);
    if (status == BASE_OK)
        status = make_file(&data, &metas[metas[1].txn > metas[0].txn], sums_path, err);
    close(data.file);
    return status;
}
