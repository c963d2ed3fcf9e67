/* check.c - the integrity of a database as one snapshot shows it: the dictionary both ways (check_terms.c), every order
 * against every other and the counts (check_triples.c), and here the catalog against SQLite's own rules and the notes.
 */
#include "kg/check.h"
#include "kg/catalog.h"
#include "kg/labels.h"
#include "kg/pages.h"
#include "kg/statistics.h"
#include "kg/terms.h"
#include "kg/track.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Faults of one kind told one by one, at most, and blocks between two looks at the job. */
#define FAULTS_TOLD 20
#define BLOCKS_BETWEEN_STEPS 64

static const char *const layer_names[KG_LAYERS] = {"asserted", "inferred", "predicted", "observed"};

void kg_check_fault(KgCheck *check, const char *format, ...)
{
    check->faults++;
    if (check->told++ >= FAULTS_TOLD)
        return;
    BaseError error = {.status = BASE_BAD_INPUT};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error.message, sizeof error.message, format, arguments);
    va_end(arguments);
    snprintf(error.source, sizeof error.source, "%s", check->txn->store->path);
    base_sink(check->sink, &error);
}

BaseStatus kg_check_step(KgCheck *check, BaseError *err)
{
    if (++check->done % BLOCKS_BETWEEN_STEPS != 0)
        return BASE_OK;
    base_job_step(check->job, "checking", "blocks", check->done, check->total, NULL);
    return base_job_cancelled(check->job) ? base_fail(err, BASE_CANCELLED, "cancelled while checking") : BASE_OK;
}

BaseStatus kg_check_no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to check");
}

/* ---- Catalog ---- */

static BaseStatus check_sqlite(KgCheck *check, sqlite3 *db, BaseError *err)
{
    KgStore *const store = check->txn->store;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *const words = (const char *)sqlite3_column_text(statement, 0);
        if (words && strcmp(words, "ok") != 0)
            kg_check_fault(check, "catalog.db: %s", words);
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_OK || code == SQLITE_DONE ? BASE_OK : kg_sqlite_fail(store, code, "read", err);
}

/* SQLite follows LMDB, so it can never be ahead of what LMDB committed last. */
static BaseStatus check_generation(KgCheck *check, sqlite3 *db, BaseError *err)
{
    KgStore *const store = check->txn->store;
    KgTxn *now = NULL;
    uint64_t catalog, last = 0;
    BaseStatus status = kg_catalog_generation(store, db, &catalog, err);
    if (status == BASE_OK)
        status = kg_read_begin(store, &now, err);
    if (status == BASE_OK)
        status = kg_get_number(now, "generation", &last, err);
    kg_abort(now);
    if (status == BASE_OK && catalog > last)
        kg_check_fault(check,
                       "catalog.db is of another state: its generation is %" PRIu64 ", that of data.mdb %" PRIu64,
                       catalog, last);
    return status;
}

static BaseStatus check_sources(KgCheck *check, sqlite3 *db, KgLayer layer, const BaseMap *sources, BaseError *err)
{
    static const char *const queries[KG_LAYERS] = {
        [KG_ASSERTED] = "SELECT 1 FROM import WHERE id = ?",
        [KG_INFERRED] = "SELECT 1 FROM run WHERE id = ?",
        [KG_PREDICTED] = "SELECT 1 FROM model WHERE id = ?",
        [KG_OBSERVED] = "SELECT 1 FROM evidence WHERE id = ?",
    };
    static const char *const names[KG_LAYERS] = {"import", "run", "model", "evidence"};
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, queries[layer], -1, &statement, NULL);
    for (size_t slot = 0; code == SQLITE_OK && slot < sources->capacity; slot++) {
        if (sources->keys[slot] == BASE_NO_KEY)
            continue;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)sources->keys[slot]);
        code = sqlite3_step(statement);
        if (code == SQLITE_DONE)
            kg_check_fault(check, "%s triples name %s %" PRIu64 ", which the catalog does not have", layer_names[layer],
                           names[layer], sources->keys[slot]);
        code = code == SQLITE_DONE || code == SQLITE_ROW ? sqlite3_reset(statement) : code;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_OK ? BASE_OK : kg_sqlite_fail(check->txn->store, code, "read", err);
}

static BaseStatus check_models(KgCheck *check, BaseError *err)
{
    BaseArena arena = {0};
    KgModel *models;
    size_t count;
    BaseStatus status = kg_models(check->txn, &arena, &models, &count, err);
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        char *path = NULL;
        if (!*models[i].file)
            continue;
        if (asprintf(&path, "%s/models/%s", check->txn->store->path, models[i].file) < 0)
            status = base_fail(err, BASE_NO_MEMORY, "no memory to check");
        else if (!base_is_file(path))
            kg_check_fault(check, "the file of model \"%s\" is missing: models/%s", models[i].name, models[i].file);
        free(path);
    }
    base_arena_free(&arena);
    return status;
}

static BaseStatus check_catalog(KgCheck *check, BaseError *err)
{
    sqlite3 *db;
    check->told = 0;
    BaseStatus status = kg_catalog_enter(check->txn, &db, err);
    if (status != BASE_OK)
        return status;
    status = check_sqlite(check, db, err);
    if (status == BASE_OK)
        status = check_generation(check, db, err);
    for (int layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++)
        status = check_sources(check, db, (KgLayer)layer, &check->sources[layer], err);
    kg_catalog_leave(check->txn->store);
    bool are_right = true;
    if (status == BASE_OK && check->faults == 0) /* what cannot be read cannot be counted */
        status = kg_verify_statistics(check->txn, &are_right, check->job, err);
    if (!are_right)
        kg_check_fault(check, "the statistics in the catalog are not those of the facts");
    return status == BASE_OK ? check_models(check, err) : status;
}

static BaseStatus check_tracked(KgCheck *check, BaseError *err)
{
    uint64_t wrong;
    const BaseStatus status = kg_verify_tracked(check->txn, &wrong, err);
    if (status == BASE_OK && wrong > 0)
        kg_check_fault(check, "%" PRIu64 " tracked changes of asserted facts are not as the facts are", wrong);
    return status;
}

static BaseStatus check_labels(KgCheck *check, BaseError *err)
{
    BaseArena arena = {0};
    const char *fault;
    const BaseStatus status = kg_verify_labels(check->txn, &arena, &fault, check->job, err);
    if (status == BASE_OK && fault)
        kg_check_fault(check, KG_LABELS_FILE ": %s", fault);
    base_arena_free(&arena);
    return status;
}

/* ---- All of it ---- */

static void estimate(KgCheck *check)
{
    for (int table = KG_IRIS; table < KG_TABLES; table++) {
        MDB_stat stat;
        if (mdb_stat(check->txn->mdb, check->txn->store->tables[table], &stat) == MDB_SUCCESS)
            check->total += stat.ms_entries;
    }
}

static void report_page(void *check, const char *fault)
{
    kg_check_fault(check, "%s", fault);
}

static BaseStatus check_contents(KgCheck *check, BaseError *err)
{
    BaseStatus status = check->txn->writes ? kg_flush_terms(check->txn, err) : BASE_OK;
    if (status != BASE_OK)
        return status;
    const uint64_t before = check->faults; /* of pages that are no reason not to look into the others */
    estimate(check);
    status = kg_check_terms(check, err);
    if (status == BASE_OK)
        status = kg_check_triples(check, err);
    if (status == BASE_OK && check->faults == before) /* damaged blocks cannot be counted */
        status = kg_check_counts(check, err);
    if (status == BASE_OK)
        status = check_tracked(check, err);
    if (status == BASE_OK)
        status = check_catalog(check, err);
    if (status == BASE_OK && check->faults == before)
        status = check_labels(check, err);
    return status;
}

BaseStatus kg_check(KgTxn *txn, uint64_t *faults, const BaseSink *sink, BaseJob *job, BaseError *err)
{
    KgCheck check = {.txn = txn, .sink = sink, .job = job};
    bool walkable;
    BaseStatus status = kg_pages_check(txn->store, report_page, &check, &walkable, job, err);
    if (status == BASE_OK && walkable)
        status = check_contents(&check, err);
    base_job_step(job, "checking", "blocks", check.total, check.total, NULL);
    for (int layer = 0; layer < KG_LAYERS; layer++)
        base_map_free(&check.sources[layer]);
    if (faults)
        *faults = check.faults;
    if (status == BASE_OK && check.faults > 0)
        return base_fail(err, BASE_BAD_INPUT, "%" PRIu64 " fault%s in the database %s", check.faults,
                         check.faults == 1 ? "" : "s", txn->store->path);
    return status;
}
