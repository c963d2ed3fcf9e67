/* catalog.c - the file catalog.db (SQLite) and the redo log that keeps it level with LMDB; see catalog.h.
 *
 * A journal is a run of statements: a byte for which one, a byte for how many values, and each value as a type byte
 * (as sqlite3_column_type has them) with 8 bytes of number, or 4 of length and the text or blob. Statements name
 * whole rows by their key, or clear a table that is then filled, so that doing them twice does no harm. */
#include "kg/catalog.h"

#include "kg/catalog_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "catalog.db"
#define BUSY_MS 60000
/* Of what one statement says, and of a journal: what SQLite takes as a row, and LMDB as a value. */
#define MOST_ROW_BYTES ((size_t)500000000)
#define MOST_JOURNAL_BYTES ((size_t)UINT32_MAX)

/* One transaction, so that the tables are all there or none. */
static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS state(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS prefix(prefix TEXT PRIMARY KEY, iri TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS import(id INTEGER PRIMARY KEY, source TEXT NOT NULL, format TEXT NOT NULL,"
    " time INTEGER NOT NULL, lines INTEGER NOT NULL, triples INTEGER NOT NULL, added INTEGER NOT NULL,"
    " rejected INTEGER NOT NULL, seconds REAL NOT NULL, bytes INTEGER NOT NULL, modified INTEGER NOT NULL,"
    " graph TEXT) STRICT;"
    "CREATE TABLE IF NOT EXISTS run(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT, text TEXT, details TEXT,"
    " time INTEGER NOT NULL, seconds REAL NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS model(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT, file TEXT,"
    " config TEXT, metrics TEXT, time INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS evidence(id INTEGER PRIMARY KEY, mention TEXT, source TEXT, method TEXT,"
    " score REAL NOT NULL, time INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS statistics(id INTEGER PRIMARY KEY, stamp INTEGER NOT NULL, triples INTEGER NOT NULL,"
    " subjects INTEGER NOT NULL, predicates INTEGER NOT NULL, sets INTEGER NOT NULL, other_subjects INTEGER NOT NULL,"
    " other_triples INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS predicate_statistics(predicate INTEGER PRIMARY KEY, triples INTEGER NOT NULL,"
    " subjects INTEGER NOT NULL, objects INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS characteristic_set(id INTEGER PRIMARY KEY, subjects INTEGER NOT NULL,"
    " predicates BLOB NOT NULL) STRICT;"
    "COMMIT;";

/* In the order of KgCatalogWrite. */
static const char *const write_statements[KG_WRITES] = {
    [KG_WRITE_PREFIX] = "INSERT OR REPLACE INTO prefix VALUES(?,?)",
    [KG_WRITE_IMPORT] = "INSERT OR REPLACE INTO import VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
    [KG_WRITE_RUN] = "INSERT OR REPLACE INTO run VALUES(?,?,?,?,?,?,?)",
    [KG_WRITE_MODEL] = "INSERT OR REPLACE INTO model VALUES(?,?,?,?,?,?,?)",
    [KG_WRITE_EVIDENCE] = "INSERT OR REPLACE INTO evidence VALUES(?,?,?,?,?,?)",
    [KG_WRITE_STATISTICS] = "INSERT OR REPLACE INTO statistics VALUES(1,?,?,?,?,?,?,?)",
    [KG_CLEAR_PREDICATES] = "DELETE FROM predicate_statistics",
    [KG_WRITE_PREDICATE] = "INSERT OR REPLACE INTO predicate_statistics VALUES(?,?,?,?)",
    [KG_CLEAR_SETS] = "DELETE FROM characteristic_set",
    [KG_WRITE_SET] = "INSERT OR REPLACE INTO characteristic_set VALUES(?,?,?)",
};

struct KgCatalog {
    pthread_mutex_t lock;
    bool has_level; /* `file` was seen at `level`; while LMDB is there too, so is it */
    uint64_t level;
    sqlite3 *file;   /* NULL: read-only and there is none that can be read as it stands */
    sqlite3 *memory; /* a copy with the log applied, for readers of a catalog that is behind; made when needed */
};

BaseStatus kg_sqlite_fail(const KgStore *store, int code, const char *doing, BaseError *err)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return base_fail(err, BASE_NO_MEMORY, "no memory to %s the catalog of %s", doing, store->path);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:
        return base_fail(err, BASE_BAD_INPUT, "%s/" FILE_NAME " is damaged: %s", store->path, sqlite3_errstr(code));
    default:
        return base_fail(err, BASE_IO, "cannot %s %s/" FILE_NAME ": %s", doing, store->path, sqlite3_errstr(code));
    }
}

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* ---- Generations ---- */

static int read_generation(sqlite3 *db, uint64_t *out)
{
    *out = 0;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "SELECT value FROM state WHERE name = 'generation'", -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            *out = (uint64_t)sqlite3_column_int64(statement, 0);
        code = code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
    }
    sqlite3_finalize(statement);
    return code;
}

BaseStatus kg_catalog_generation(KgStore *store, sqlite3 *db, uint64_t *out, BaseError *err)
{
    const int code = read_generation(db, out);
    return code == SQLITE_OK ? BASE_OK : kg_sqlite_fail(store, code, "read", err);
}

static int write_generation(sqlite3 *db, uint64_t generation)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO state VALUES('generation', ?)", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 1, (sqlite3_int64)generation);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement) == SQLITE_DONE ? SQLITE_OK : sqlite3_errcode(db);
    sqlite3_finalize(statement);
    return code;
}

/* ---- Playing a journal ---- */

typedef struct Tape {
    const char *bytes;
    size_t left;
} Tape;

static bool take(Tape *tape, void *out, size_t length)
{
    if (tape->left < length)
        return false;
    memcpy(out, tape->bytes, length);
    tape->bytes += length;
    tape->left -= length;
    return true;
}

static int bind_value(sqlite3_stmt *statement, int place, Tape *tape)
{
    unsigned char type;
    int64_t integer;
    double real;
    uint32_t length;
    if (!take(tape, &type, 1))
        return SQLITE_CORRUPT;
    switch (type) {
    case SQLITE_NULL:
        return SQLITE_OK; /* unbound is NULL */
    case SQLITE_INTEGER:
        return take(tape, &integer, sizeof integer) ? sqlite3_bind_int64(statement, place, integer) : SQLITE_CORRUPT;
    case SQLITE_FLOAT:
        return take(tape, &real, sizeof real) ? sqlite3_bind_double(statement, place, real) : SQLITE_CORRUPT;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        if (!take(tape, &length, sizeof length) || tape->left < length)
            return SQLITE_CORRUPT;
        tape->bytes += length;
        tape->left -= length;
        if (type == SQLITE_BLOB)
            return sqlite3_bind_blob64(statement, place, tape->bytes - length, length, SQLITE_STATIC);
        return sqlite3_bind_text64(statement, place, tape->bytes - length, length, SQLITE_STATIC, SQLITE_UTF8);
    default:
        return SQLITE_CORRUPT;
    }
}

static int play_one(sqlite3 *db, sqlite3_stmt *statements[KG_WRITES], Tape *tape)
{
    unsigned char head[2];
    if (!take(tape, head, sizeof head) || head[0] >= KG_WRITES)
        return SQLITE_CORRUPT;
    sqlite3_stmt **const statement = &statements[head[0]];
    int code = *statement ? sqlite3_clear_bindings(*statement)
                          : sqlite3_prepare_v2(db, write_statements[head[0]], -1, statement, NULL);
    for (int place = 1; code == SQLITE_OK && place <= head[1]; place++)
        code = bind_value(*statement, place, tape);
    if (code == SQLITE_OK) {
        code = sqlite3_step(*statement);
        code = code == SQLITE_DONE ? sqlite3_reset(*statement) : code;
    }
    return code;
}

static int play_all(sqlite3 *db, Tape *tape)
{
    sqlite3_stmt *statements[KG_WRITES] = {NULL};
    int code = SQLITE_OK;
    while (code == SQLITE_OK && tape->left > 0)
        code = play_one(db, statements, tape);
    for (int i = 0; i < KG_WRITES; i++)
        sqlite3_finalize(statements[i]);
    return code;
}

/* Brings `db` from the generation before to `generation`, in one transaction; fine when it is there already. */
static int play(sqlite3 *db, uint64_t generation, KgText journal)
{
    int code = run(db, "BEGIN IMMEDIATE");
    if (code != SQLITE_OK)
        return code;
    uint64_t now;
    code = read_generation(db, &now);
    if (code == SQLITE_OK && now < generation) {
        Tape tape = {journal.bytes, journal.length};
        if (now + 1 != generation)
            code = SQLITE_CORRUPT;
        if (code == SQLITE_OK)
            code = play_all(db, &tape);
        if (code == SQLITE_OK)
            code = write_generation(db, generation);
    }
    if (code == SQLITE_OK)
        code = run(db, "COMMIT");
    if (code != SQLITE_OK)
        run(db, "ROLLBACK");
    return code;
}

/* What the snapshot of `txn` says: its generation, and the journal that leads to it. */
static BaseStatus read_log(KgTxn *txn, uint64_t *generation, KgText *journal, BaseError *err)
{
    *journal = (KgText){"", 0};
    const BaseStatus status = kg_get_number(txn, "generation", generation, err);
    if (status != BASE_OK || *generation == 0)
        return status;
    MDB_val key = {strlen("journal"), (void *)"journal"}, value;
    const int code = mdb_get(txn->mdb, txn->store->tables[KG_META], &key, &value);
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(txn->store, code == MDB_NOTFOUND ? MDB_CORRUPTED : code, "read", err);
    *journal = (KgText){value.mv_data, value.mv_size};
    return BASE_OK;
}

/* A catalog ahead of what was committed last belongs to another data.mdb, as when that file alone was put back from a
 * copy: it would take the next writes for ones that it has. */
static BaseStatus fail_ahead(const KgStore *store, uint64_t now, uint64_t wanted, BaseError *err)
{
    base_fail(err, BASE_BAD_INPUT, "%s/" FILE_NAME " is ahead of its data.mdb: generation %llu, expected %llu",
              store->path, (unsigned long long)now, (unsigned long long)wanted);
    base_hint(err, "put both back from the same backup");
    return BASE_BAD_INPUT;
}

/* Level with the snapshot, or brought there from one generation before. */
static BaseStatus bring_up(KgTxn *txn, sqlite3 *db, BaseError *err)
{
    uint64_t wanted, now;
    KgText journal;
    BaseStatus status = read_log(txn, &wanted, &journal, err);
    if (status == BASE_OK)
        status = kg_catalog_generation(txn->store, db, &now, err);
    if (status == BASE_OK && now > wanted && txn->writes)
        return fail_ahead(txn->store, now, wanted, err);
    if (status != BASE_OK || now >= wanted)
        return status;
    if (now + 1 < wanted)
        return base_fail(err, BASE_BAD_INPUT,
                         "%s/" FILE_NAME " does not belong to its data.mdb: it is at generation %llu, expected %llu",
                         txn->store->path, (unsigned long long)now, (unsigned long long)wanted);
    const int code = play(db, wanted, journal);
    return code == SQLITE_OK ? BASE_OK : kg_sqlite_fail(txn->store, code, "write", err);
}

/* ---- Opening ---- */

static int open_file(const char *path, int flags, sqlite3 **out)
{
    int code = sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(*out, 1);
        /* The file may come from anywhere: no code in it is run. */
        sqlite3_db_config(*out, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(*out, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        sqlite3_db_config(*out, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        code = sqlite3_busy_timeout(*out, BUSY_MS);
    }
    if (code != SQLITE_OK) {
        sqlite3_close(*out);
        *out = NULL;
    }
    return code;
}

static int open_memory(sqlite3 **out)
{
    return open_file(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, out);
}

/* Makes the tables where there are none yet. */
static int want_tables(sqlite3 *db)
{
    uint64_t generation;
    return read_generation(db, &generation) == SQLITE_OK ? SQLITE_OK : run(db, schema);
}

static bool copy_file(const char *from, const char *to)
{
    const int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return errno == ENOENT;
    const int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = out >= 0;
    char bytes[1 << 14];
    for (ssize_t got = 1; good && got > 0;) {
        got = read(in, bytes, sizeof bytes);
        good = got >= 0 && (got == 0 || write(out, bytes, (size_t)got) == got);
    }
    close(in);
    return out >= 0 && close(out) == 0 && good;
}

int kg_copy_sqlite(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *const backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return sqlite3_errcode(to);
    const int step = sqlite3_backup_step(backup, -1); /* SQLITE_BUSY is not told again by finish */
    const int code = sqlite3_backup_finish(backup);
    return code == SQLITE_OK && step != SQLITE_DONE ? step : code;
}

/* A reader may not roll back what a killed writer left half done, so it does so in a copy elsewhere. */
static int copy_rolled_back(const char *path, sqlite3 *to)
{
    const char *const base = getenv("TMPDIR");
    char folder[4096], copy[4200], journal[4300], copied_journal[4300];
    snprintf(folder, sizeof folder, "%s/kgq-catalog-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return SQLITE_CANTOPEN;
    snprintf(copy, sizeof copy, "%s/" FILE_NAME, folder);
    snprintf(journal, sizeof journal, "%s-journal", path);
    snprintf(copied_journal, sizeof copied_journal, "%s-journal", copy);
    sqlite3 *db = NULL;
    int code = copy_file(path, copy) && copy_file(journal, copied_journal) ? SQLITE_OK : SQLITE_IOERR;
    if (code == SQLITE_OK)
        code = open_file(copy, SQLITE_OPEN_READWRITE, &db);
    if (code == SQLITE_OK)
        code = kg_copy_sqlite(db, to);
    sqlite3_close(db);
    base_remove(folder, NULL);
    return code;
}

/* A write transaction begins by catching up; it may have to wait, so only when there is a need. */
static BaseStatus catch_up_if_behind(KgStore *store, BaseError *err)
{
    KgTxn *txn = NULL;
    uint64_t wanted, now;
    BaseStatus status = kg_read_begin(store, &txn, err);
    if (status == BASE_OK)
        status = kg_get_number(txn, "generation", &wanted, err);
    if (status == BASE_OK)
        status = kg_catalog_generation(store, store->catalog->file, &now, err);
    kg_abort(txn);
    txn = NULL;
    if (status == BASE_OK && now < wanted)
        status = kg_write_begin(store, &txn, err);
    kg_abort(txn);
    return status;
}

/* There may be no file yet, when the writer that made the database has come no further. */
static int open_for_reading(KgCatalog *catalog, const char *path)
{
    return base_is_file(path) ? open_file(path, SQLITE_OPEN_READONLY, &catalog->file) : SQLITE_OK;
}

BaseStatus kg_catalog_open(KgStore *store, BaseError *err)
{
    KgCatalog *const catalog = store->catalog = calloc(1, sizeof *catalog);
    char *const path = base_join_path(store->path, FILE_NAME);
    BaseStatus status = BASE_OK;
    if (!catalog || !path || pthread_mutex_init(&catalog->lock, NULL) != 0) {
        free(path);
        free(catalog);
        store->catalog = NULL;
        return base_fail(err, BASE_NO_MEMORY, "no memory for the catalog of %s", store->path);
    }
    int code = SQLITE_OK;
    if (!store->read_only) {
        code = open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &catalog->file);
        if (code == SQLITE_OK)
            code = want_tables(catalog->file);
    } else {
        code = open_for_reading(catalog, path);
    }
    if (code != SQLITE_OK)
        status = kg_sqlite_fail(store, code, "open", err);
    free(path);
    if (status == BASE_OK && !store->read_only)
        status = catch_up_if_behind(store, err);
    return status;
}

void kg_catalog_close(KgStore *store)
{
    KgCatalog *const catalog = store->catalog;
    if (!catalog)
        return;
    sqlite3_close(catalog->file);
    sqlite3_close(catalog->memory);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
    store->catalog = NULL;
}

/* ---- Reading ---- */

/* The copy in memory starts from the file as it was last committed. */
static BaseStatus make_memory(KgStore *store, BaseError *err)
{
    KgCatalog *const catalog = store->catalog;
    sqlite3_close(catalog->memory);
    catalog->memory = NULL;
    int code = open_memory(&catalog->memory);
    char *const path = base_join_path(store->path, FILE_NAME);
    if (!path)
        code = SQLITE_NOMEM;
    struct stat found;
    if (code == SQLITE_OK && !catalog->file)
        code = open_for_reading(catalog, path);
    if (code == SQLITE_OK && catalog->file && stat(path, &found) == 0 && found.st_size > 0) {
        code = kg_copy_sqlite(catalog->file, catalog->memory);
        if (code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY || code == SQLITE_CANTOPEN)
            code = copy_rolled_back(path, catalog->memory);
    }
    if (code == SQLITE_OK)
        code = want_tables(catalog->memory);
    free(path);
    return code == SQLITE_OK ? BASE_OK : kg_sqlite_fail(store, code, "read", err);
}

/* Whether a connection holds what generation `wanted` says. */
static bool is_level(sqlite3 *db, uint64_t wanted)
{
    uint64_t now;
    return db && read_generation(db, &now) == SQLITE_OK && now >= wanted;
}

BaseStatus kg_catalog_enter(KgTxn *txn, sqlite3 **out, BaseError *err)
{
    KgCatalog *const catalog = txn->store->catalog;
    uint64_t wanted;
    BaseStatus status = kg_get_number(txn, "generation", &wanted, err);
    if (status != BASE_OK)
        return status;
    pthread_mutex_lock(&catalog->lock);
    if (is_level(catalog->file, wanted)) {
        *out = catalog->file;
        return BASE_OK;
    }
    if (!is_level(catalog->memory, wanted)) {
        status = make_memory(txn->store, err);
        if (status == BASE_OK)
            status = bring_up(txn, catalog->memory, err);
    }
    *out = catalog->memory;
    if (status != BASE_OK)
        pthread_mutex_unlock(&catalog->lock);
    return status;
}

void kg_catalog_leave(KgStore *store)
{
    pthread_mutex_unlock(&store->catalog->lock);
}

/* ---- Writing ---- */

BaseStatus kg_catalog_catch_up(KgTxn *txn, BaseError *err)
{
    KgCatalog *const catalog = txn->store->catalog;
    uint64_t wanted;
    BaseStatus status = kg_get_number(txn, "generation", &wanted, err);
    if (status != BASE_OK)
        return status;
    pthread_mutex_lock(&catalog->lock);
    if (!catalog->has_level || catalog->level != wanted) {
        status = bring_up(txn, catalog->file, err);
        catalog->has_level = status == BASE_OK;
        catalog->level = wanted;
    }
    pthread_mutex_unlock(&catalog->lock);
    return status;
}

BaseStatus kg_catalog_log(KgTxn *txn, uint64_t *generation, BaseError *err)
{
    if (txn->journal.count == 0)
        return BASE_OK;
    if (txn->journal.count > MOST_JOURNAL_BYTES)
        return base_fail(err, BASE_BAD_CALL, "a transaction says %zu bytes to the catalog of %s: at most %zu",
                         txn->journal.count, txn->store->path, MOST_JOURNAL_BYTES);
    BaseStatus status = kg_get_number(txn, "generation", generation, err);
    if (status == BASE_OK)
        status = kg_put_number(txn, "generation", ++*generation, err);
    if (status != BASE_OK)
        return status;
    MDB_val key = {strlen("journal"), (void *)"journal"}, value = {txn->journal.count, txn->journal.items};
    const int code = kg_mdb_put(txn, txn->store->tables[KG_META], &key, &value, 0);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

void kg_catalog_apply(KgStore *store, uint64_t generation, const BaseBuffer *journal)
{
    KgCatalog *const catalog = store->catalog;
    pthread_mutex_lock(&catalog->lock);
    (void)play(catalog->file, generation, (KgText){journal->items, journal->count});
    pthread_mutex_unlock(&catalog->lock);
}

/* What SQLite would refuse must not get into the log, which would never be done with. */
static BaseStatus want_row(const KgCatalogValue *values, size_t count, BaseError *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += values[i].type == SQLITE_TEXT ? strlen(values[i].text) : 0;
        bytes += values[i].type == SQLITE_BLOB ? values[i].length : 0;
    }
    return bytes <= MOST_ROW_BYTES ? BASE_OK
                                   : base_fail(err, BASE_BAD_CALL, "%zu bytes for a row of the catalog: at most %zu",
                                               bytes, MOST_ROW_BYTES);
}

BaseStatus kg_catalog_record(KgTxn *txn, KgCatalogWrite what, const KgCatalogValue *values, size_t count,
                             BaseError *err)
{
    const unsigned char head[2] = {(unsigned char)what, (unsigned char)count};
    BaseBuffer *const journal = &txn->journal;
    const BaseStatus status = want_row(values, count, err);
    if (status != BASE_OK)
        return status;
    bool enough = base_buffer_add(journal, (const char *)head, sizeof head);
    for (size_t i = 0; enough && i < count; i++) {
        const KgCatalogValue *const value = &values[i];
        const bool has_bytes = value->type == SQLITE_TEXT || value->type == SQLITE_BLOB;
        const uint32_t length =
            value->type == SQLITE_TEXT ? (uint32_t)strlen(value->text) : (has_bytes ? (uint32_t)value->length : 0);
        const char type = (char)value->type;
        enough = base_buffer_add(journal, &type, 1);
        if (enough && value->type == SQLITE_INTEGER)
            enough = base_buffer_add(journal, (const char *)&value->integer, sizeof value->integer);
        if (enough && value->type == SQLITE_FLOAT)
            enough = base_buffer_add(journal, (const char *)&value->real, sizeof value->real);
        if (enough && has_bytes)
            enough = base_buffer_add(journal, (const char *)&length, sizeof length) &&
                     base_buffer_add(journal, value->text, length);
    }
    if (enough)
        return BASE_OK;
    txn->broken = true;
    return base_fail(err, BASE_NO_MEMORY, "no memory for the catalog");
}

BaseStatus kg_next_id(KgTxn *txn, const char *kind, uint32_t *out, BaseError *err)
{
    char key[32];
    snprintf(key, sizeof key, "next.%s", kind);
    uint64_t last;
    BaseStatus status = kg_get_number(txn, key, &last, err);
    if (status == BASE_OK && last >= UINT32_MAX)
        status = base_fail(err, BASE_BAD_CALL, "the catalog has no number left for another %s", kind);
    if (status == BASE_OK)
        status = kg_put_number(txn, key, last + 1, err);
    *out = status == BASE_OK ? (uint32_t)(last + 1) : 0;
    return status;
}
