/* store.c - opening and closing a database, its transactions, and the checks that the folder is one of ours. */
#include "kg/store.h"

#include "kg/catalog.h"
#include "kg/create.h"
#include "kg/delta.h"
#include "kg/figures.h"
#include "kg/labels.h"
#include "kg/pages.h"
#include "kg/sparql/adjacency_cache.h"
#include "kg/sparql/found_terms.h"
#include "kg/statistics.h"
#include "kg/tail.h"
#include "kg/terms.h"
#include "kg/track.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/* Address space kept for the map; the file itself is as long as what is in it. Tried from the largest down. */
static const size_t map_sizes[] = {(size_t)1 << 40, (size_t)1 << 36, (size_t)1 << 32, (size_t)1 << 30};

#define MAX_READERS 1022
#define LOCK_TRIES 500 /* of some milliseconds */
/* A disk with less room than this counts as full when a write fails. */
#define FEW_FREE_BYTES (1u << 20)
/* Terms remembered by a transaction that nobody gave another limit. */
#define KNOWN_BYTES ((size_t)512 << 20)

/* LMDB must not open a file twice in one process: its locks belong to the process, and the first close drops them. */
static pthread_mutex_t open_stores_lock = PTHREAD_MUTEX_INITIALIZER;
static KgStore *open_stores;

/* ---- Failures ---- */

/* LMDB knows of a short write only that it failed, and calls it EIO. */
static bool disk_is_full(const KgStore *store, int code)
{
    struct statvfs found;
    return code == EIO && statvfs(store->path, &found) == 0 &&
           (uint64_t)found.f_bavail * found.f_frsize < FEW_FREE_BYTES;
}

BaseStatus kg_mdb_fail(const KgStore *store, int code, const char *doing, BaseError *err)
{
    if (disk_is_full(store, code))
        code = ENOSPC;
    switch (code) {
    case ENOMEM:
        return base_fail(err, BASE_NO_MEMORY, "no memory to %s the database %s", doing, store->path);
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_VALSIZE:
        return base_fail(err, BASE_BAD_INPUT, "the database %s is damaged: %s", store->path, mdb_strerror(code));
    case MDB_MAP_FULL:
        base_fail(err, BASE_IO, "the database %s cannot grow: its address space is used up", store->path);
        base_hint(err, "it is up to 1 TiB, less where this process may not have so much (ulimit -v)");
        return BASE_IO;
    case MDB_READERS_FULL:
        return base_fail(err, BASE_IO, "too many readers in the database %s: at most %d", store->path, MAX_READERS);
    default:
        return base_fail(err, BASE_IO, "cannot %s %s/data.mdb: %s", doing, store->path, mdb_strerror(code));
    }
}

BaseStatus kg_break(KgTxn *txn, int code, BaseError *err)
{
    txn->broken = true;
    return kg_mdb_fail(txn->store, code, "write", err);
}

BaseStatus kg_want_writer(const KgTxn *txn, const char *call, BaseError *err)
{
    if (!txn->writes)
        return base_fail(err, BASE_BAD_CALL, "%s needs a write transaction", call);
    if (txn->broken)
        return base_fail(err, BASE_BAD_CALL, "%s: an earlier write of this transaction failed; abort it", call);
    return BASE_OK;
}

/* ---- Writing ---- */

/* LMDB keeps 131,071 changed pages in memory, and writes some when there are more. */
#define FEW_PAGES 16384
/* A call changes fewer: the way down, twice as many when pages split or merge, the same in the list of tables. */
#define PAGES_OF_CALL 64

static void note_write(KgTxn *txn, size_t value_bytes)
{
    txn->touched += PAGES_OF_CALL + value_bytes / 1024;
    if (txn->touched > FEW_PAGES && !txn->is_watched)
        kg_pages_watch(txn);
}

int kg_mdb_put(KgTxn *txn, MDB_dbi table, MDB_val *key, MDB_val *value, unsigned flags)
{
    note_write(txn, value->mv_size);
    return mdb_put(txn->mdb, table, key, value, flags);
}

int kg_mdb_cursor_put(KgTxn *txn, MDB_cursor *cursor, MDB_val *key, MDB_val *value, unsigned flags)
{
    note_write(txn, value->mv_size);
    return mdb_cursor_put(cursor, key, value, flags);
}

int kg_mdb_del(KgTxn *txn, MDB_dbi table, MDB_val *key)
{
    note_write(txn, 0);
    return mdb_del(txn->mdb, table, key, NULL);
}

int kg_mdb_empty(KgTxn *txn, MDB_dbi table)
{
    note_write(txn, 0);
    return mdb_drop(txn->mdb, table, 0);
}

int kg_mdb_cursor_del(KgTxn *txn, MDB_cursor *cursor)
{
    note_write(txn, 0);
    return mdb_cursor_del(cursor, 0);
}

/* ---- Numbers in `meta` ---- */

BaseStatus kg_get_number(KgTxn *txn, const char *name, uint64_t *out, BaseError *err)
{
    *out = 0;
    MDB_val key = {strlen(name), (void *)name}, value;
    int code = mdb_get(txn->mdb, txn->store->tables[KG_META], &key, &value);
    if (code == MDB_NOTFOUND)
        return BASE_OK;
    if (code == MDB_SUCCESS && value.mv_size != sizeof *out)
        code = MDB_CORRUPTED;
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(txn->store, code, "read", err);
    memcpy(out, value.mv_data, sizeof *out);
    return BASE_OK;
}

BaseStatus kg_put_number(KgTxn *txn, const char *name, uint64_t number, BaseError *err)
{
    MDB_val key = {strlen(name), (void *)name}, value = {sizeof number, &number};
    const int code = kg_mdb_put(txn, txn->store->tables[KG_META], &key, &value, 0);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

/* ---- Opening ---- */

/* One try with one map size and one set of flags. */
static int try_environment(KgStore *store, const char *folder, size_t map_size, unsigned flags)
{
    int code = mdb_env_create(&store->env);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxdbs(store->env, KG_TABLES + 1);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxreaders(store->env, MAX_READERS);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_mapsize(store->env, map_size);
    if (code == MDB_SUCCESS)
        code = mdb_env_open(store->env, folder, flags, 0666);
    if (code != MDB_SUCCESS) {
        mdb_env_close(store->env);
        store->env = NULL;
    }
    return code;
}

/* Who opens a database that nobody has open makes lock.mdb anew, and then writes into it which snapshot is the newest.
 * Killed in between, it leaves a lock file that says 0, which LMDB would take for an empty database, and write over it.
 */
static bool lock_is_half_made(const KgStore *store)
{
    MDB_envinfo info;
    MDB_txn *txn;
    if (mdb_env_info(store->env, &info) != MDB_SUCCESS || info.me_last_txnid == 0 ||
        mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != MDB_SUCCESS)
        return false;
    const bool names_none = mdb_txn_id(txn) == 0;
    mdb_txn_abort(txn);
    return names_none;
}

/* Those who waited for the lock file meanwhile let go of it, until one of them is alone and makes it. */
static int try_until_made(KgStore *store, size_t map_size, unsigned flags)
{
    int code = MDB_SUCCESS;
    for (int i = 0; i < LOCK_TRIES; i++) {
        code = try_environment(store, store->path, map_size, flags);
        if (code != MDB_SUCCESS || !lock_is_half_made(store))
            return code;
        mdb_env_close(store->env);
        store->env = NULL;
        const uint64_t step = ((uint64_t)store->process * 7919 + (uint64_t)i * 104729) % 16;
        nanosleep(&(struct timespec){0, 1000000 + (long)step * 500000}, NULL);
    }
    return code == MDB_SUCCESS ? EAGAIN : code;
}

#define LOCK_BYTES (MAX_READERS * 64 + 4096) /* LMDB's head and a cache line for each reader */

/* LMDB writes to lock.mdb through a map of it. Where the disk has no room for a page of it, that would be SIGBUS: so
 * the room is taken beforehand. Before LMDB has the file open, as closing it drops this process's locks on it. */
static BaseStatus reserve_lock(const KgStore *store, BaseError *err)
{
    char *const path = base_join_path(store->path, "lock.mdb");
    if (!path)
        return base_fail(err, BASE_NO_MEMORY, "no memory to open %s", store->path);
    BaseStatus status = BASE_OK;
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 && !(store->read_only && (errno == EACCES || errno == EROFS || errno == EPERM)))
        status = base_fail_errno(err, "cannot open %s", path);
    else if (file >= 0 && fallocate(file, 0, 0, LOCK_BYTES) != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
        status = base_fail_errno(err, "no room for %s", path);
    if (file >= 0)
        close(file);
    free(path);
    return status;
}

/* Read-only media have no place for the lock file; nobody can write there either, so none is needed. Where only this
 * user may not write to the lock file, others may be writing to the database, and reuse pages under who reads it. */
static bool can_go_without_lock(const KgStore *store, int code)
{
    if (!store->read_only || (code != EACCES && code != EROFS && code != EPERM))
        return false;
    struct stat found;
    struct statvfs medium;
    return stat(store->data_path, &found) == 0 && statvfs(store->data_path, &medium) == 0 &&
           ((medium.f_flag & ST_RDONLY) || !(found.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)));
}

static BaseStatus fail_lock(const KgStore *store, int code, BaseError *err)
{
    base_fail(err, BASE_IO, "cannot write to %s/lock.mdb, which readers need too: %s", store->path, strerror(code));
    base_hint(err, "chmod a+w lock.mdb lets others read along; where nobody writes, chmod a-w data.mdb does");
    return BASE_IO;
}

static BaseStatus open_environment(KgStore *store, BaseError *err)
{
    const unsigned flags = MDB_NOTLS | (store->read_only ? MDB_RDONLY : 0);
    int code = MDB_SUCCESS;
    for (size_t i = 0; i < sizeof map_sizes / sizeof *map_sizes; i++) {
        code = try_until_made(store, map_sizes[i], flags);
        if (can_go_without_lock(store, code))
            code = try_environment(store, store->path, map_sizes[i], flags | MDB_NOLOCK);
        if (code != ENOMEM && code != EINVAL) /* the latter says valgrind */
            break;
    }
    if (code == MDB_INVALID || code == MDB_VERSION_MISMATCH)
        return base_fail(err, BASE_BAD_INPUT, "%s is not a kgq database: its data.mdb is %s", store->path,
                         code == MDB_INVALID ? "damaged or of another kind" : "of another LMDB version");
    if (store->read_only && code == EACCES)
        return fail_lock(store, code, err);
    return code == MDB_SUCCESS ? BASE_OK : kg_mdb_fail(store, code, "open", err);
}

static int open_tracked(KgStore *store, MDB_txn *mdb)
{
    MDB_dbi tracked = 0;
    const int code = kg_open_tracked(mdb, &tracked);
    store->tracked = tracked;
    return code;
}

static BaseStatus open_tables(KgStore *store, BaseError *err)
{
    MDB_txn *mdb;
    int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &mdb);
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(store, code, "open", err);
    KgTxn txn = {.store = store, .mdb = mdb};
    BaseStatus status = BASE_OK;
    uint64_t format = 0;
    code = mdb_dbi_open(mdb, "meta", 0, &store->tables[KG_META]); /* of any version */
    if (code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE)
        status =
            base_fail(err, BASE_BAD_INPUT, "%s is not a kgq database: its data.mdb is of another program", store->path);
    else if (code != MDB_SUCCESS)
        status = kg_mdb_fail(store, code, "open", err);
    else
        status = kg_get_number(&txn, KG_FORMAT_KEY, &format, err);
    if (status == BASE_OK && (format < KG_OLDEST_FORMAT || format > KG_FORMAT_VERSION)) {
        status =
            base_fail(err, BASE_BAD_INPUT, "the database %s has format version %llu, this program reads version %d",
                      store->path, (unsigned long long)format, KG_FORMAT_VERSION);
        base_hint(err, format < KG_FORMAT_VERSION ? "import its files again into a new folder, or export it with the "
                                                    "program that made it and import that"
                                                  : "a newer program made it; use that one");
    }
    if (status == BASE_OK) {
        code = kg_open_tables(mdb, 0, store->tables);
        if (code == MDB_SUCCESS)
            code = mdb_dbi_open(mdb, NULL, 0, &store->list);
        if (code == MDB_SUCCESS)
            code = open_tracked(store, mdb);
        if (code != MDB_SUCCESS)
            status = kg_mdb_fail(store, code == MDB_NOTFOUND ? MDB_CORRUPTED : code, "open", err);
    }
    if (status == BASE_OK)
        mdb_txn_commit(mdb); /* keeps the handles */
    else
        mdb_txn_abort(mdb);
    return status;
}

/* Claims data.mdb for this store within the process, before LMDB touches it. */
static BaseStatus claim(KgStore *store, BaseError *err)
{
    struct stat found;
    BaseStatus status =
        stat(store->data_path, &found) == 0 ? BASE_OK : base_fail_errno(err, "cannot open %s", store->data_path);
    if (status != BASE_OK)
        return status;
    pthread_mutex_lock(&open_stores_lock);
    for (const KgStore *other = open_stores; other && status == BASE_OK; other = other->next_open)
        if (other->device == found.st_dev && other->inode == found.st_ino && other->process == getpid())
            status = base_fail(err, BASE_BAD_CALL, "the database %s is open in this process already", store->path);
    if (status == BASE_OK) {
        store->device = found.st_dev;
        store->inode = found.st_ino;
        store->process = getpid();
        store->next_open = open_stores;
        open_stores = store;
    }
    pthread_mutex_unlock(&open_stores_lock);
    return status;
}

static void release(KgStore *store)
{
    pthread_mutex_lock(&open_stores_lock);
    for (KgStore **link = &open_stores; *link; link = &(*link)->next_open)
        if (*link == store) {
            *link = store->next_open;
            break;
        }
    pthread_mutex_unlock(&open_stores_lock);
}

BaseStatus kg_open(const char *path, const KgOptions *options, KgStore **out, BaseError *err)
{
    *out = NULL;
    if (!path || !*path)
        return base_fail(err, BASE_BAD_CALL, "kg_open: the database needs a folder");
    const KgOptions use = options ? *options : (KgOptions){0};
    KgStore *const store = calloc(1, sizeof *store);
    if (!store || !(store->path = strdup(path)) || !(store->data_path = base_join_path(path, "data.mdb"))) {
        free(store ? store->path : NULL);
        free(store);
        return base_fail(err, BASE_NO_MEMORY, "no memory to open %s", path);
    }
    store->read_only = use.read_only;
    store->hash_mask = UINT64_MAX;
    pthread_mutex_init(&store->delta_lock, NULL);
    pthread_mutex_init(&store->figures_lock, NULL);
    pthread_mutex_init(&store->adjacencies_lock, NULL);
    pthread_mutex_init(&store->found_lock, NULL);
    BaseStatus status = kg_prepare_folder(store, use.create && !use.read_only, err);
    if (status == BASE_OK)
        status = claim(store, err);
    if (status == BASE_OK)
        status = reserve_lock(store, err);
    if (status == BASE_OK)
        status = kg_pages_open(store, err);
    if (status == BASE_OK)
        status = open_environment(store, err);
    if (status == BASE_OK)
        status = kg_pages_verify(store, err);
    if (status == BASE_OK)
        status = open_tables(store, err);
    if (status == BASE_OK)
        status = kg_catalog_open(store, err);
    if (status == BASE_OK)
        status = kg_labels_open(store, err);
    if (status != BASE_OK) {
        store->remove_when_closed = store->made_database;
        kg_close(store);
        return status;
    }
    int dead;
    mdb_reader_check(store->env, &dead); /* frees the places of readers that were killed */
    kg_pages_repair(store);
    *out = store;
    return BASE_OK;
}

void kg_close(KgStore *store)
{
    if (!store)
        return;
    kg_labels_close(store);
    kg_catalog_close(store);
    if (store->remove_when_closed && !store->committed)
        kg_remove_made(store);
    kg_delta_release(store->delta);
    free(store->prefixes);
    kg_pages_close(store);
    if (store->env)
        mdb_env_close(store->env);
    release(store);
    pthread_mutex_destroy(&store->delta_lock);
    pthread_mutex_destroy(&store->figures_lock);
    kg_figures_free(store->figures);
    pthread_mutex_destroy(&store->adjacencies_lock);
    kg_adjacencies_free(store->adjacencies);
    pthread_mutex_destroy(&store->found_lock);
    kg_found_terms_free(store->found);
    free(store->path);
    free(store->data_path);
    free(store);
}

const char *kg_path(const KgStore *store)
{
    return store->path;
}

/* ---- Transactions ---- */

/* Readers that were killed keep their places until somebody looks. */
static int begin_mdb(KgStore *store, unsigned flags, MDB_txn **out)
{
    const int code = mdb_txn_begin(store->env, NULL, flags, out);
    int dead = 0;
    if (code != MDB_READERS_FULL || mdb_reader_check(store->env, &dead) != MDB_SUCCESS || dead == 0)
        return code;
    return mdb_txn_begin(store->env, NULL, flags, out);
}

static BaseStatus begin(KgStore *store, bool writes, KgTxn **out, BaseError *err)
{
    *out = NULL;
    if (store->process != getpid()) /* LMDB's locks and places of readers are the parent's */
        return base_fail(err, BASE_BAD_CALL, "the database %s was opened before a fork; open it anew", store->path);
    if (writes && store->read_only)
        return base_fail(err, BASE_BAD_CALL, "the database %s is open for reading only", store->path);
    if (writes && store->writer == pthread_self()) /* it would wait for itself */
        return base_fail(err, BASE_BAD_CALL, "this thread is writing to the database %s already", store->path);
    KgTxn *const txn = calloc(1, sizeof *txn);
    if (!txn)
        return base_fail(err, BASE_NO_MEMORY, "no memory for a transaction");
    txn->store = store;
    txn->writes = writes;
    for (int kind = 0; kind < KG_KINDS; kind++)
        txn->term_counts[kind] = UINT64_MAX;
    txn->known_limit = kg_limit(store->limits.known_bytes, KNOWN_BYTES);
    const int code = begin_mdb(store, writes ? 0 : MDB_RDONLY, &txn->mdb);
    if (code != MDB_SUCCESS) {
        free(txn);
        return kg_mdb_fail(store, code, writes ? "write" : "read", err);
    }
    txn->snapshot = mdb_txn_id(txn->mdb);
    if (writes)
        store->writer = pthread_self();
    *out = txn;
    return BASE_OK;
}

BaseStatus kg_read_begin(KgStore *store, KgTxn **out, BaseError *err)
{
    return begin(store, false, out, err);
}

/* While a writer waited its turn, the one before it may have taken its new database away again after a failed import,
 * or a compaction may have put another data.mdb there: what would then be written, nobody would find. */
static BaseStatus want_same_file(const KgStore *store, BaseError *err)
{
    struct statx found; /* without its times: see kg_pages_watch */
    const bool is_there = statx(AT_FDCWD, store->data_path, 0, STATX_INO, &found) == 0;
    if (is_there && makedev(found.stx_dev_major, found.stx_dev_minor) == store->device && found.stx_ino == store->inode)
        return BASE_OK;
    base_fail(err, BASE_IO, "the database %s was %s by another process", store->path,
              is_there ? "replaced" : "taken away");
    base_hint(err, "nothing was written; try again");
    return BASE_IO;
}

BaseStatus kg_write_begin(KgStore *store, KgTxn **out, BaseError *err)
{
    BaseStatus status = begin(store, true, out, err);
    if (status == BASE_OK)
        status = want_same_file(store, err);
    if (status == BASE_OK)
        status = kg_pages_begin(*out, err);
    if (status == BASE_OK)
        status = kg_catalog_catch_up(*out, err);
    if (status != BASE_OK) {
        kg_abort(*out);
        *out = NULL;
    }
    return status;
}

static void close_seekers(KgTxn *txn)
{
    for (int table = 0; table < KG_TABLES; table++)
        if (txn->seekers[table])
            mdb_cursor_close(txn->seekers[table]);
}

static void free_txn(KgTxn *txn)
{
    kg_free_known_terms(&txn->known);
    kg_delta_release(txn->delta);
    kg_free_changes_tail(txn->changes_tail);
    base_buffer_free(&txn->encoded);
    kg_free_term_reader(txn->terms);
    base_buffer_free(&txn->journal);
    free(txn);
}

void kg_abort(KgTxn *txn)
{
    if (!txn)
        return;
    close_seekers(txn);
    if (txn->writes)
        txn->store->writer = 0;
    kg_pages_abort(txn);
    free_txn(txn);
}

/* Changes that wait to be merged cost every reader; many of them are merged at once. */
static BaseStatus fold_when_many(KgTxn *txn, BaseError *err)
{
    bool is_full;
    const BaseStatus status = kg_delta_is_full(txn, &is_full, err);
    return status == BASE_OK && is_full ? kg_delta_fold(txn, err) : status;
}

BaseStatus kg_commit(KgTxn *txn, BaseError *err)
{
    KgStore *const store = txn->store;
    uint64_t generation = 0;
    BaseStatus status = BASE_OK;
    if (txn->writes)
        status = kg_want_writer(txn, "kg_commit", err);
    if (status == BASE_OK && txn->has_tracked && store->before_commit)
        status = store->before_commit(store->before_commit_context, txn, err);
    if (status == BASE_OK && txn->writes)
        status = kg_settle_terms(txn, err);
    if (status == BASE_OK && txn->writes)
        status = fold_when_many(txn, err);
    if (status == BASE_OK && txn->writes)
        status = kg_write_changes_tail(txn, err);
    if (status == BASE_OK && txn->writes)
        status = kg_settle_facts(txn, NULL, err);
    if (status == BASE_OK && txn->writes)
        status = kg_catalog_log(txn, &generation, err);
    if (status != BASE_OK) {
        kg_abort(txn);
        return status;
    }
    close_seekers(txn);
    if (txn->writes)
        store->writer = 0; /* before the next writer can come */
    const int code = kg_pages_commit(txn);
    if (code != MDB_SUCCESS)
        status = kg_mdb_fail(store, code, "write", err);
    else if (txn->writes)
        store->committed = true;
    if (code == MDB_SUCCESS && txn->tracked_table)
        store->tracked = txn->tracked_table; /* a handle opened in a transaction lasts when that is committed */
    if (status == BASE_OK && txn->journal.count > 0 && !store->stop_before_catalog)
        kg_catalog_apply(store, generation, &txn->journal);
    free_txn(txn);
    return status;
}

KgStore *kg_store(KgTxn *txn)
{
    return txn->store;
}
