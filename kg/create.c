/* create.c - making a database. A new data.mdb is built under another name and renamed when it is complete, under a
 * lock on the folder, so that a killed process leaves a whole empty database or none, and two makers do not meet. */
#include "kg/create.h"

#include "kg/page_sums.h"
#include "kg/pages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_NAME "data.mdb.new"

int kg_open_tables(MDB_txn *mdb, unsigned flags, MDB_dbi tables[KG_TABLES])
{
    static const struct {
        const char *name;
        unsigned flags;
    } all[KG_TABLES] = {
        [KG_META] = {"meta", 0},
        [KG_IRIS] = {"iris", MDB_INTEGERKEY},
        [KG_BLANKS] = {"blanks", MDB_INTEGERKEY},
        [KG_LITERALS] = {"literals", MDB_INTEGERKEY},
        [KG_HASHES] = {"hashes", 0},
        [KG_NEW_HASHES] = {"hashes.new", 0},
        [KG_GRAPHS] = {"graphs", MDB_INTEGERKEY},
        [KG_COUNTS] = {"counts", 0},
        [KG_CHANGES] = {"changes", 0},
        [KG_ORDERS + KG_SPO] = {"spo", 0},
        [KG_ORDERS + KG_POS] = {"pos", 0},
        [KG_ORDERS + KG_OSP] = {"osp", 0},
        [KG_ORDERS + KG_PSO] = {"pso", 0},
    };
    int code = MDB_SUCCESS;
    for (int table = 0; table < KG_TABLES && code == MDB_SUCCESS; table++)
        code = mdb_dbi_open(mdb, all[table].name, all[table].flags | flags, &tables[table]);
    return code;
}

/* An empty database in the file `path`. */
static int write_empty(const char *path)
{
    MDB_env *env = NULL;
    MDB_txn *mdb = NULL;
    MDB_dbi tables[KG_TABLES];
    uint64_t format = KG_FORMAT_VERSION;
    MDB_val key = {strlen(KG_FORMAT_KEY), (void *)KG_FORMAT_KEY}, value = {sizeof format, &format};
    int code = mdb_env_create(&env);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxdbs(env, KG_TABLES);
    if (code == MDB_SUCCESS)
        code = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0666);
    if (code == MDB_SUCCESS)
        code = mdb_txn_begin(env, NULL, 0, &mdb);
    if (code == MDB_SUCCESS)
        code = kg_open_tables(mdb, MDB_CREATE, tables);
    if (code == MDB_SUCCESS)
        code = mdb_put(mdb, tables[KG_META], &key, &value, 0);
    if (code == MDB_SUCCESS) {
        code = mdb_txn_commit(mdb);
        mdb = NULL;
    }
    if (mdb)
        mdb_txn_abort(mdb);
    if (env)
        mdb_env_close(env);
    return code;
}

bool kg_sync_path(const char *path)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const bool done = file >= 0 && fsync(file) == 0;
    const int number = errno;
    if (file >= 0)
        close(file);
    errno = number;
    return done;
}

/* Names that an interrupted creation may have left. */
static bool is_left_over(const char *name)
{
    static const char *const ours[] = {".", "..", "data.mdb", "lock.mdb", NEW_NAME, KG_SUMS_NAME, KG_SUMS_NAME ".new"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(name, ours[i]) == 0)
            return true;
    return false;
}

/* BASE_BAD_INPUT when the folder holds what is not ours. */
static BaseStatus want_empty_folder(const char *path, BaseError *err)
{
    DIR *const folder = opendir(path);
    if (!folder)
        return base_fail_errno(err, "cannot read the folder %s", path);
    BaseStatus status = BASE_OK;
    for (const struct dirent *entry; status == BASE_OK && (entry = readdir(folder));)
        if (!is_left_over(entry->d_name))
            status = base_fail(err, BASE_BAD_INPUT, "%s is not a kgq database: it holds other files, such as %s", path,
                               entry->d_name);
    closedir(folder);
    return status;
}

/* A file of no bytes is what a power cut during creation can leave. */
static bool has_data(const char *file)
{
    struct stat found;
    return stat(file, &found) == 0 && found.st_size > 0;
}

static void remove_file(const KgStore *store, const char *name)
{
    char *const path = base_join_path(store->path, name);
    if (path)
        unlink(path);
    free(path);
}

static BaseStatus make_sums(const KgStore *store, const char *new_file, BaseError *err)
{
    char *const sums = base_join_path(store->path, KG_SUMS_NAME);
    const BaseStatus status = sums ? kg_pages_make(store->path, new_file, sums, err)
                                   : base_fail(err, BASE_NO_MEMORY, "no memory to make %s", store->path);
    free(sums);
    return status;
}

static BaseStatus make_data(KgStore *store, const char *file, const char *new_file, BaseError *err)
{
    if (unlink(new_file) != 0 && errno != ENOENT)
        return base_fail_errno(err, "cannot make the database %s", store->path);
    const int code = write_empty(new_file);
    if (code != MDB_SUCCESS) {
        unlink(new_file);
        return kg_mdb_fail(store, code, "make", err);
    }
    BaseStatus status = make_sums(store, new_file, err);
    if (status == BASE_OK && rename(new_file, file) != 0)
        status = base_fail_errno(err, "cannot make %s", file);
    if (status != BASE_OK) {
        unlink(new_file);
        remove_file(store, KG_SUMS_NAME);
        return status;
    }
    store->made_database = true;
    if (!kg_sync_path(file) || !kg_sync_path(store->path))
        return base_fail_errno(err, "cannot make %s", file);
    return BASE_OK;
}

static int lock_folder(const char *path)
{
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    int result;
    do
        result = flock(folder, LOCK_EX);
    while (result != 0 && errno == EINTR);
    return folder; /* a file system without locks: go on without */
}

static BaseStatus create(KgStore *store, const char *file, const char *new_file, BaseError *err)
{
    store->made_folder = !base_is_folder(store->path);
    BaseStatus status = base_make_folder(store->path, err);
    if (status != BASE_OK)
        return status;
    const int folder = lock_folder(store->path);
    if (folder < 0)
        return base_fail_errno(err, "cannot open the folder %s", store->path);
    if (!has_data(file)) {
        status = want_empty_folder(store->path, err);
        if (status == BASE_OK)
            status = make_data(store, file, new_file, err);
        if (status != BASE_OK && store->made_folder)
            rmdir(store->path);
    }
    close(folder);
    return status;
}

BaseStatus kg_prepare_folder(KgStore *store, bool make, BaseError *err)
{
    struct stat found;
    const bool exists = stat(store->path, &found) == 0;
    if (!exists && errno != ENOENT)
        return base_fail_errno(err, "cannot open the database %s", store->path);
    if (!exists && !make) {
        base_fail(err, BASE_NOT_FOUND, "there is no database %s", store->path);
        base_hint(err, "kgq import %s FILE makes one", store->path);
        return BASE_NOT_FOUND;
    }
    if (exists && !S_ISDIR(found.st_mode))
        return base_fail(err, BASE_BAD_INPUT, "%s is not a kgq database: it is a file, expected a folder", store->path);
    char *const file = base_join_path(store->path, "data.mdb"), *const new_file = base_join_path(store->path, NEW_NAME);
    BaseStatus status = BASE_OK;
    if (!file || !new_file)
        status = base_fail(err, BASE_NO_MEMORY, "no memory to open %s", store->path);
    else if (!has_data(file) && make)
        status = create(store, file, new_file, err);
    else if (!has_data(file))
        status = base_fail(err, BASE_BAD_INPUT, "%s is not a kgq database: it has no data.mdb", store->path);
    free(file);
    free(new_file);
    return status;
}

void kg_remove_made(KgStore *store)
{
    if (!store->made_database)
        return;
    MDB_txn *mdb = NULL;
    MDB_envinfo info = {0};
    /* The writer's lock keeps others out while we look; creation itself was the first and only commit. */
    if (store->env && (mdb_txn_begin(store->env, NULL, 0, &mdb) != MDB_SUCCESS ||
                       mdb_env_info(store->env, &info) != MDB_SUCCESS || info.me_last_txnid > 1)) {
        if (mdb)
            mdb_txn_abort(mdb);
        return;
    }
    remove_file(store, "labels.db");
    remove_file(store, "catalog.db");
    remove_file(store, "lock.mdb");
    remove_file(store, "data.mdb");
    remove_file(store, KG_SUMS_NAME);
    if (mdb)
        mdb_txn_abort(mdb);
    if (store->made_folder)
        rmdir(store->path);
}
