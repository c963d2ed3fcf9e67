/* backup.c - a copy of a database in use, and a database without its unused pages.
 *
 * A backup copies SQLite first and LMDB after it. LMDB's copy then is at the catalog's generation or past it; where it
 * is one past, the redo log in it has what the catalog lacks. Where more was committed in between, both are copied
 * again. So nobody needs to wait. */
#include "kg/catalog.h"
#include "kg/create.h"
#include "kg/page_sums.h"
#include "kg/pages.h"
#include "kg/statistics.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 20
#define NEW_NAME "data.mdb.new"

/* ---- Backup ---- */

static BaseStatus want_empty(const char *path, bool *exists, BaseError *err)
{
    DIR *const folder = opendir(path);
    *exists = folder != NULL;
    if (!folder)
        return errno == ENOENT ? BASE_OK : base_fail_errno(err, "cannot write a backup to %s", path);
    bool empty = true;
    for (const struct dirent *entry; empty && (entry = readdir(folder));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(folder);
    return empty ? BASE_OK
                 : base_fail(err, BASE_BAD_INPUT, "%s is not empty, expected a new folder for the backup", path);
}

static BaseStatus copy_catalog(KgStore *store, const char *to, BaseError *err)
{
    KgTxn *txn = NULL;
    sqlite3 *from, *copy = NULL;
    BaseStatus status = kg_read_begin(store, &txn, err);
    if (status == BASE_OK)
        status = kg_catalog_enter(txn, &from, err);
    if (status == BASE_OK) {
        int code = sqlite3_open_v2(to, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
        if (code == SQLITE_OK)
            code = kg_copy_sqlite(from, copy);
        sqlite3_close(copy);
        kg_catalog_leave(store);
        if (code != SQLITE_OK)
            status = base_fail(err, (code & 0xff) == SQLITE_NOMEM ? BASE_NO_MEMORY : BASE_IO, "cannot write %s: %s", to,
                               sqlite3_errstr(code));
    }
    kg_abort(txn);
    return status;
}

static BaseStatus copy_bytes(const char *from, const char *to, BaseError *err)
{
    FILE *const in = fopen(from, "rb");
    if (!in)
        return base_fail_errno(err, "cannot read %s", from);
    BaseNewFile out;
    BaseStatus status = base_file_create(to, &out, err);
    if (status == BASE_OK) {
        char bytes[1 << 16];
        size_t got;
        while (status == BASE_OK && (got = fread(bytes, 1, sizeof bytes, in)) > 0)
            if (fwrite(bytes, 1, got, out.stream) != got)
                status = base_fail_errno(err, "cannot write %s", to);
        if (status == BASE_OK && ferror(in))
            status = base_fail_errno(err, "cannot read %s", from);
        if (status == BASE_OK)
            status = base_file_commit(&out, err);
        else
            base_file_abort(&out);
    }
    fclose(in);
    return status;
}

/* The files of the models folder; it has no folders in it. */
static BaseStatus copy_models(const char *from, const char *to, BaseError *err)
{
    DIR *const folder = opendir(from);
    if (!folder)
        return errno == ENOENT ? BASE_OK : base_fail_errno(err, "cannot read the folder %s", from);
    BaseStatus status = base_make_folder(to, err);
    for (const struct dirent *entry; status == BASE_OK && (entry = readdir(folder));) {
        char *const source = base_join_path(from, entry->d_name), *const copy = base_join_path(to, entry->d_name);
        if (!source || !copy)
            status = base_fail(err, BASE_NO_MEMORY, "no memory for a backup");
        else if (base_is_file(source))
            status = copy_bytes(source, copy, err);
        free(source);
        free(copy);
    }
    closedir(folder);
    return status;
}

/* Whether the copies fit each other: a catalog at the generation of the triples or one before it. */
static BaseStatus fits(const char *path, bool *out, BaseError *err)
{
    *out = false;
    BaseError why = {0};
    KgStore *copy = NULL;
    KgTxn *txn = NULL;
    sqlite3 *db;
    BaseStatus status = kg_open(path, &(KgOptions){.read_only = true}, &copy, err);
    if (status == BASE_OK)
        status = kg_read_begin(copy, &txn, err);
    if (status == BASE_OK && kg_catalog_enter(txn, &db, &why) == BASE_OK) {
        kg_catalog_leave(copy);
        *out = true;
    }
    kg_abort(txn);
    kg_close(copy);
    return status;
}

static BaseStatus copy_all(KgStore *store, const char *to, BaseError *err)
{
    char *const catalog = base_join_path(to, "catalog.db"), *const data = base_join_path(to, "data.mdb");
    char *const models = base_join_path(store->path, "models"), *const models_copy = base_join_path(to, "models");
    char *const sums = base_join_path(to, KG_SUMS_NAME);
    BaseStatus status = BASE_OK;
    bool good = false;
    if (!catalog || !data || !models || !models_copy || !sums)
        status = base_fail(err, BASE_NO_MEMORY, "no memory for a backup");
    for (int i = 0; status == BASE_OK && !good && i < TRIES; i++) {
        unlink(catalog);
        unlink(data);
        unlink(sums);
        status = copy_catalog(store, catalog, err);
        const int code = status == BASE_OK ? mdb_env_copy2(store->env, to, MDB_CP_COMPACT) : MDB_SUCCESS;
        if (code != MDB_SUCCESS)
            status = base_fail(err, code == ENOMEM ? BASE_NO_MEMORY : BASE_IO, "cannot write %s: %s", data,
                               mdb_strerror(code));
        if (status == BASE_OK && (!kg_sync_path(data) || !kg_sync_path(to)))
            status = base_fail_errno(err, "cannot write %s", data);
        if (status == BASE_OK)
            status = kg_pages_make(to, data, sums, err);
        if (status == BASE_OK)
            status = fits(to, &good, err);
    }
    if (status == BASE_OK && !good)
        status = base_fail(err, BASE_IO, "the database %s is written to too often for a backup now", store->path);
    if (status == BASE_OK)
        status = copy_models(models, models_copy, err);
    free(catalog);
    free(data);
    free(models);
    free(models_copy);
    free(sums);
    return status;
}

BaseStatus kg_backup(KgStore *store, const char *destination, BaseError *err)
{
    bool existed;
    BaseStatus status = want_empty(destination, &existed, err);
    if (status == BASE_OK)
        status = base_make_folder(destination, err);
    if (status != BASE_OK)
        return status;
    status = copy_all(store, destination, err);
    if (status != BASE_OK) {
        base_remove(destination, NULL);
        if (existed)
            base_make_folder(destination, NULL);
    }
    return status;
}

/* ---- Compacting ---- */

static uint64_t size_of(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 ? (uint64_t)found.st_size : 0;
}

/* LMDB keeps a shared lock on the first byte of lock.mdb while a database is open anywhere; ours, exclusive, keeps
 * others from opening it until the file is closed. */
static BaseStatus lock_out(const char *path, const char *lock_path, int *out, BaseError *err)
{
    *out = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*out < 0)
        return base_fail_errno(err, "cannot compact %s", path);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    if (fcntl(*out, F_SETLK, &lock) == 0)
        return BASE_OK;
    const int number = errno;
    close(*out);
    *out = -1;
    errno = number;
    return number == EAGAIN || number == EACCES
               ? base_fail(err, BASE_BAD_CALL, "the database %s is open elsewhere; compacting needs it alone", path)
               : base_fail_errno(err, "cannot compact %s", path);
}

/* Puts the new file in the old one's place. In between there are no sums, rather than those of another file; should
 * making them fail, the next writer does it. */
static int replace(const char *path, const char *file, const char *new_file)
{
    char *const sums = base_join_path(path, KG_SUMS_NAME);
    int code = sums ? MDB_SUCCESS : ENOMEM;
    if (code == MDB_SUCCESS && ((unlink(sums) != 0 && errno != ENOENT) || !kg_sync_path(path) ||
                                rename(new_file, file) != 0 || !kg_sync_path(path)))
        code = errno;
    if (code == MDB_SUCCESS)
        kg_pages_make(path, file, sums, NULL);
    free(sums);
    return code;
}

/* Who may read the old file, and no other, may read the new one. */
static int copy_owner(const char *file, int out)
{
    struct stat found;
    if (stat(file, &found) != 0)
        return errno;
    if (fchown(out, found.st_uid, found.st_gid) != 0 && errno != EPERM)
        return errno;
    return fchmod(out, found.st_mode & 07777) == 0 ? MDB_SUCCESS : errno;
}

static BaseStatus copy_compact(const char *path, const char *file, const char *new_file, BaseError *err)
{
    MDB_env *env = NULL;
    if (unlink(new_file) != 0 && errno != ENOENT)
        return base_fail_errno(err, "cannot compact %s", path);
    int code = mdb_env_create(&env);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_mapsize(env, (size_t)size_of(file) + ((size_t)1 << 20));
    if (code == MDB_SUCCESS)
        code = mdb_env_open(env, file, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0666);
    int out = -1;
    if (code == MDB_SUCCESS && (out = open(new_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        code = errno;
    if (code == MDB_SUCCESS)
        code = copy_owner(file, out);
    if (code == MDB_SUCCESS)
        code = mdb_env_copyfd2(env, out, MDB_CP_COMPACT);
    if (code == MDB_SUCCESS && fsync(out) != 0)
        code = errno;
    if (out >= 0 && close(out) != 0 && code == MDB_SUCCESS)
        code = errno;
    if (env)
        mdb_env_close(env);
    if (code == MDB_SUCCESS)
        code = replace(path, file, new_file);
    if (code == MDB_SUCCESS)
        return BASE_OK;
    unlink(new_file);
    return base_fail(err, code == ENOMEM ? BASE_NO_MEMORY : BASE_IO, "cannot compact %s: %s", path, mdb_strerror(code));
}

/* A database at rest may as well know itself. */
static BaseStatus refresh_statistics(KgStore *store, BaseError *err)
{
    KgTxn *txn = NULL;
    BaseArena arena = {0};
    KgStatistics statistics;
    BaseStatus status = kg_write_begin(store, &txn, err);
    if (status == BASE_OK)
        status = kg_statistics(txn, &arena, &statistics, err);
    base_arena_free(&arena);
    if (status != BASE_OK || statistics.is_current) {
        kg_abort(txn);
        return status;
    }
    status = kg_refresh_statistics(txn, NULL, err);
    if (status == BASE_OK)
        return kg_commit(txn, err);
    kg_abort(txn);
    return status;
}

BaseStatus kg_compact(const char *path, uint64_t *before, uint64_t *after, BaseError *err)
{
    /* Opening it says whether it is one of ours and sound, and brings the catalog up. */
    KgStore *store = NULL;
    BaseStatus status = kg_open(path, NULL, &store, err);
    if (status == BASE_OK)
        status = refresh_statistics(store, err);
    kg_close(store);
    if (status != BASE_OK)
        return status;
    char *const file = base_join_path(path, "data.mdb"), *const new_file = base_join_path(path, NEW_NAME);
    char *const lock_path = base_join_path(path, "lock.mdb");
    int lock = -1;
    if (!file || !new_file || !lock_path)
        status = base_fail(err, BASE_NO_MEMORY, "no memory to compact %s", path);
    if (status == BASE_OK)
        status = lock_out(path, lock_path, &lock, err);
    if (before)
        *before = status == BASE_OK ? size_of(file) : 0;
    if (status == BASE_OK)
        status = copy_compact(path, file, new_file, err);
    if (after)
        *after = status == BASE_OK ? size_of(file) : 0;
    if (lock >= 0)
        close(lock);
    free(file);
    free(new_file);
    free(lock_path);
    return status;
}
