/* label_index.c - the full-text index of labels, kept level with the facts.
 *
 * The file names the stamp of the facts that it was made for (statistics.h). Where that is not the reader's, the
 * difference is written (label_merge.c), in one SQLite transaction. The file follows the latest commit; for a reader of
 * an older state, and where nothing can be written, the same is done with a copy in memory. */
#include "kg/labels.h"

#include "kg/catalog.h"
#include "kg/statistics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 60000
#define FORMAT 1 /* of the file; another is made anew */

/* Words without their marks; terms by their first three letters as well, for prefixes. */
static const char schema[] =
    "CREATE TABLE state(stamp INTEGER NOT NULL, high INTEGER NOT NULL, low INTEGER NOT NULL) STRICT;"
    "INSERT INTO state VALUES(0, 0, 0);"
    "CREATE TABLE label(id INTEGER PRIMARY KEY, predicate INTEGER NOT NULL, object INTEGER NOT NULL,"
    " entity INTEGER NOT NULL) STRICT;"
    "CREATE VIRTUAL TABLE words USING fts5(text, content = '', tokenize = 'unicode61 remove_diacritics 2',"
    " prefix = '3');"
    "INSERT INTO words(words, rank) VALUES('hashsize', 16777216);";

struct KgLabels {
    pthread_mutex_t lock;
    sqlite3 *file; /* NULL: not opened yet, or there is none */
    sqlite3 *memory;
};

BaseStatus kg_labels_open(KgStore *store, BaseError *err)
{
    KgLabels *const labels = calloc(1, sizeof *labels);
    if (!labels || pthread_mutex_init(&labels->lock, NULL) != 0) {
        free(labels);
        return base_fail(err, BASE_NO_MEMORY, "no memory for the labels of %s", store->path);
    }
    store->labels = labels;
    return BASE_OK;
}

void kg_labels_close(KgStore *store)
{
    KgLabels *const labels = store->labels;
    if (!labels)
        return;
    sqlite3_close(labels->file);
    sqlite3_close(labels->memory);
    pthread_mutex_destroy(&labels->lock);
    free(labels);
    store->labels = NULL;
}

static bool is_damage(int code)
{
    const int kind = code & 0xff;
    return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_ERROR;
}

BaseStatus kg_labels_fail(const KgStore *store, int code, BaseError *err)
{
    if ((code & 0xff) == SQLITE_NOMEM)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the labels of %s", store->path);
    return base_fail(err, BASE_IO, "the index of labels %s/" KG_LABELS_FILE " cannot be used: %s", store->path,
                     sqlite3_errstr(code));
}

/* ---- Files and copies ---- */

static int open_database(const char *path, int flags, sqlite3 **out)
{
    int code = sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(*out, 1);
        code = sqlite3_busy_timeout(*out, BUSY_MS);
    }
    if (code != SQLITE_OK) {
        sqlite3_close(*out);
        *out = NULL;
    }
    return code;
}

static int read_stamp(sqlite3 *db, uint64_t *out)
{
    int64_t stamp = 0, format = 0;
    int code = kg_labels_number(db, "PRAGMA user_version", &format);
    if (code == SQLITE_OK)
        code = format == FORMAT ? kg_labels_number(db, "SELECT stamp FROM state", &stamp) : SQLITE_ERROR;
    *out = (uint64_t)stamp;
    return code;
}

/* Begins to read `db` if it is made for `stamp`. */
static bool enters(sqlite3 *db, uint64_t stamp)
{
    uint64_t found;
    if (!db || kg_labels_run(db, "BEGIN") != SQLITE_OK)
        return false;
    if (read_stamp(db, &found) == SQLITE_OK && found == stamp)
        return true;
    kg_labels_run(db, "ROLLBACK");
    return false;
}

static int write_state(sqlite3 *db, uint64_t stamp, BaseHash128 digest)
{
    char sql[192];
    snprintf(sql, sizeof sql,
             "UPDATE state SET stamp = %" PRId64 ", high = %" PRId64 ", low = %" PRId64 "; PRAGMA user_version = %d",
             (int64_t)stamp, (int64_t)digest.high, (int64_t)digest.low, FORMAT);
    return kg_labels_run(db, sql);
}

/* Most changes of facts are none of labels. */
static bool has_digest(sqlite3 *db, BaseHash128 digest)
{
    int64_t high, low;
    return kg_labels_number(db, "SELECT high FROM state", &high) == SQLITE_OK &&
           kg_labels_number(db, "SELECT low FROM state", &low) == SQLITE_OK && (uint64_t)high == digest.high &&
           (uint64_t)low == digest.low;
}

/* Whether the transaction sees what was committed last. */
static BaseStatus is_latest(KgTxn *txn, uint64_t stamp, bool *out, BaseError *err)
{
    KgTxn *now = NULL;
    uint64_t latest = 0;
    BaseStatus status = kg_read_begin(txn->store, &now, err);
    if (status == BASE_OK)
        status = kg_facts_stamp(now, &latest, err);
    kg_abort(now);
    *out = latest == stamp;
    return status;
}

/* Leaves an index in `db` that can be merged with what the transaction sees: its own of an earlier time, or an empty
 * one. One of later facts, or of another database, has terms that it does not know. */
static BaseStatus want_start(KgTxn *txn, sqlite3 *db, int *code, BaseError *err)
{
    int64_t tables;
    uint64_t found = 0;
    bool is_ours = false;
    *code = kg_labels_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (*code == SQLITE_OK && tables > 0)
        *code = read_stamp(db, &found);
    const BaseStatus status = *code == SQLITE_OK ? kg_had_stamp(txn, found, &is_ours, err) : BASE_OK;
    if (status == BASE_OK && *code == SQLITE_OK && tables > 0 && !is_ours)
        *code = kg_labels_run(db, "DROP TABLE state; DROP TABLE label; DROP TABLE words");
    if (status == BASE_OK && *code == SQLITE_OK && !is_ours)
        *code = kg_labels_run(db, schema);
    return status;
}

/* Makes `db` say what the transaction sees, in one SQLite transaction; a failure of SQLite is left in *code. With
 * `if_latest` it is done only if nobody has committed more in the meantime: *done says whether. */
static BaseStatus bring_up(KgTxn *txn, sqlite3 *db, uint64_t stamp, bool if_latest, bool *done, BaseJob *job, int *code,
                           BaseError *err)
{
    uint64_t differences;
    BaseHash128 digest;
    *done = true;
    *code = kg_labels_run(db, "BEGIN IMMEDIATE");
    if (*code != SQLITE_OK)
        return BASE_OK;
    BaseStatus status = if_latest ? is_latest(txn, stamp, done, err) : BASE_OK;
    if (status == BASE_OK && *done)
        status = want_start(txn, db, code, err);
    if (status == BASE_OK && *code == SQLITE_OK && *done)
        status = kg_labels_digest(txn, &digest, err);
    if (status == BASE_OK && *code == SQLITE_OK && *done && !has_digest(db, digest))
        status = kg_labels_merge(txn, db, false, &differences, job, code, err);
    if (status == BASE_OK && *code == SQLITE_OK && *done)
        *code = write_state(db, stamp, digest);
    if (status == BASE_OK && *code == SQLITE_OK && *done)
        *code = kg_labels_run(db, "COMMIT");
    if (status != BASE_OK || *code != SQLITE_OK || !*done)
        kg_labels_run(db, "ROLLBACK");
    return status;
}

static void close_file(KgLabels *labels)
{
    sqlite3_close(labels->file);
    labels->file = NULL;
}

static int open_file(KgStore *store, const char *path)
{
    KgLabels *const labels = store->labels;
    if (labels->file)
        return SQLITE_OK;
    if (!store->read_only)
        return open_database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &labels->file);
    return base_is_file(path) ? open_database(path, SQLITE_OPEN_READONLY, &labels->file) : SQLITE_CANTOPEN;
}

/* The file is only worth what it saves: one that is damaged is taken away, and made anew once. */
static void remove_file(KgStore *store, const char *path)
{
    char *journal = NULL;
    close_file(store->labels);
    unlink(path);
    if (asprintf(&journal, "%s-journal", path) >= 0) {
        unlink(journal);
        free(journal);
    }
}

static BaseStatus bring_file_up(KgTxn *txn, const char *path, uint64_t stamp, bool *done, BaseJob *job, BaseError *err)
{
    KgStore *const store = txn->store;
    BaseStatus status = BASE_OK;
    *done = false;
    for (int tries = 0; tries < 2; tries++) {
        int code = open_file(store, path);
        if (code == SQLITE_OK)
            status = bring_up(txn, store->labels->file, stamp, true, done, job, &code, err);
        if (status != BASE_OK || code == SQLITE_OK)
            break;
        *done = false;
        if (!is_damage(code))
            break; /* busy, full, not ours to write: a copy in memory serves as well */
        remove_file(store, path);
    }
    return status;
}

static BaseStatus bring_memory_up(KgTxn *txn, const char *path, uint64_t stamp, BaseJob *job, BaseError *err)
{
    KgStore *const store = txn->store;
    KgLabels *const labels = store->labels;
    BaseStatus status = BASE_OK;
    int code = SQLITE_OK;
    for (int tries = 0; tries < 2; tries++) { /* from a copy of the file, or from nothing */
        bool done;
        sqlite3_close(labels->memory);
        labels->memory = NULL;
        code = open_database(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &labels->memory);
        if (code == SQLITE_OK && tries == 0 && open_file(store, path) == SQLITE_OK)
            code = kg_copy_sqlite(labels->file, labels->memory);
        if (code == SQLITE_OK)
            status = bring_up(txn, labels->memory, stamp, false, &done, job, &code, err);
        if (status != BASE_OK || code == SQLITE_OK)
            break;
    }
    return status == BASE_OK && code != SQLITE_OK ? kg_labels_fail(store, code, err) : status;
}

/* Makes the index for `stamp`: in the file, if the first try is for that, else in memory, which nobody else changes. */
static BaseStatus make_index(KgTxn *txn, const char *path, uint64_t stamp, bool in_file, BaseJob *job, BaseError *err)
{
    bool latest = false, done = false;
    BaseStatus status = BASE_OK;
    if (in_file && !txn->store->read_only)
        status = is_latest(txn, stamp, &latest, err);
    if (status == BASE_OK && latest)
        status = bring_file_up(txn, path, stamp, &done, job, err);
    if (status == BASE_OK && !done)
        status = bring_memory_up(txn, path, stamp, job, err);
    return status;
}

BaseStatus kg_labels_enter(KgTxn *txn, BaseJob *job, sqlite3 **out, BaseError *err)
{
    KgStore *const store = txn->store;
    KgLabels *const labels = store->labels;
    uint64_t stamp;
    *out = NULL;
    BaseStatus status = kg_facts_stamp(txn, &stamp, err);
    if (status != BASE_OK)
        return status;
    char *const path = base_join_path(store->path, KG_LABELS_FILE);
    if (!path)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the labels of %s", store->path);
    pthread_mutex_lock(&labels->lock);
    if (base_is_file(path))
        open_file(store, path);
    for (int tries = 0; status == BASE_OK && !*out; tries++) {
        *out = enters(labels->file, stamp) ? labels->file : (enters(labels->memory, stamp) ? labels->memory : NULL);
        if (!*out && tries == 2)
            status = kg_labels_fail(store, SQLITE_NOMEM, err);
        else if (!*out)
            status = make_index(txn, path, stamp, tries == 0, job, err);
    }
    if (status != BASE_OK)
        pthread_mutex_unlock(&labels->lock);
    free(path);
    return status;
}

bool kg_labels_leave(KgStore *store, sqlite3 *db, int code)
{
    KgLabels *const labels = store->labels;
    const bool damaged = is_damage(code);
    kg_labels_run(db, "ROLLBACK");
    if (damaged && db == labels->memory) {
        sqlite3_close(labels->memory);
        labels->memory = NULL;
    }
    if (damaged && db == labels->file) {
        char *const path = store->read_only ? NULL : base_join_path(store->path, KG_LABELS_FILE);
        close_file(labels);
        if (path)
            remove_file(store, path);
        free(path);
    }
    pthread_mutex_unlock(&labels->lock);
    return damaged;
}

/* ---- Care ---- */

/* The first row of a PRAGMA integrity_check, "ok" when all is well. */
static int check_pages(sqlite3 *db, BaseArena *arena, const char **fault)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *const words = (const char *)sqlite3_column_text(statement, 0);
        if (words && strcmp(words, "ok") != 0)
            *fault = base_arena_copy(arena, words, strlen(words));
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code;
}

/* In a copy: the check of FTS5 is written as an insertion. */
static BaseStatus verify_copy(KgTxn *txn, sqlite3 *copy, BaseArena *arena, const char **fault, BaseJob *job,
                              BaseError *err)
{
    uint64_t differences = 0;
    int64_t labels = 0, indexed = 0;
    int code = check_pages(copy, arena, fault);
    BaseStatus status = BASE_OK;
    if (code == SQLITE_OK && !*fault)
        status = kg_labels_merge(txn, copy, true, &differences, job, &code, err);
    if (status != BASE_OK || *fault)
        return status;
    if (code == SQLITE_OK)
        code = kg_labels_run(copy, "INSERT INTO words(words) VALUES('integrity-check')");
    if (code == SQLITE_OK)
        code = kg_labels_number(copy, "SELECT count(*) FROM label", &labels);
    if (code == SQLITE_OK)
        code = kg_labels_number(copy, "SELECT count(*) FROM words_docsize", &indexed);
    if (code == SQLITE_OK && (differences > 0 || labels != indexed))
        *fault = "its labels are not those of the facts";
    if ((code & 0xff) == SQLITE_NOMEM)
        return kg_labels_fail(txn->store, code, err);
    if (code != SQLITE_OK)
        *fault = sqlite3_errstr(code);
    return BASE_OK;
}

BaseStatus kg_verify_labels(KgTxn *txn, BaseArena *arena, const char **fault, BaseJob *job, BaseError *err)
{
    sqlite3 *file = NULL, *copy = NULL;
    uint64_t stamp, found = 0;
    *fault = NULL;
    char *const path = base_join_path(txn->store->path, KG_LABELS_FILE);
    BaseStatus status = path ? kg_facts_stamp(txn, &stamp, err)
                             : base_fail(err, BASE_NO_MEMORY, "no memory for the labels of %s", txn->store->path);
    int code = SQLITE_OK;
    if (status == BASE_OK && base_is_file(path)) {
        code = open_database(path, SQLITE_OPEN_READONLY, &file);
        if (code == SQLITE_OK)
            code = open_database(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &copy);
        if (code == SQLITE_OK)
            code = kg_copy_sqlite(file, copy);
        if (code == SQLITE_OK && read_stamp(copy, &found) == SQLITE_OK && found == stamp)
            status = verify_copy(txn, copy, arena, fault, job, err);
        else if (code != SQLITE_OK && is_damage(code))
            *fault = sqlite3_errstr(code);
    }
    sqlite3_close(file);
    sqlite3_close(copy);
    free(path);
    return status;
}
