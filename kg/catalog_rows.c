/* catalog_rows.c - the rows of the catalog: imports, runs, models, evidence. */
#include "kg/catalog_rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MODEL_NAME_BYTES 200

static KgCatalogValue real(double value)
{
    return (KgCatalogValue){.type = SQLITE_FLOAT, .real = value == value ? value : 0}; /* SQLite takes NaN for NULL */
}

/* ---- Rows read ---- */

BaseStatus kg_reading_start(KgReading *reading, KgTxn *txn, BaseArena *arena, const char *sql, BaseError *err)
{
    *reading = (KgReading){.txn = txn, .arena = arena};
    const BaseStatus status = kg_catalog_enter(txn, &reading->db, err);
    if (status != BASE_OK)
        return status;
    reading->code = sqlite3_prepare_v2(reading->db, sql, -1, &reading->statement, NULL);
    return BASE_OK;
}

bool kg_reading_next(KgReading *reading)
{
    if (reading->no_memory || (reading->code != SQLITE_OK && reading->code != SQLITE_ROW))
        return false;
    reading->code = sqlite3_step(reading->statement);
    return reading->code == SQLITE_ROW;
}

BaseStatus kg_reading_finish(KgReading *reading, BaseError *err)
{
    sqlite3_finalize(reading->statement);
    kg_catalog_leave(reading->txn->store);
    if (reading->no_memory)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read the catalog");
    if (reading->code != SQLITE_DONE && reading->code != SQLITE_ROW && reading->code != SQLITE_OK)
        return kg_sqlite_fail(reading->txn->store, reading->code, "read", err);
    return BASE_OK;
}

static double real_at(const KgReading *reading, int column)
{
    return sqlite3_column_double(reading->statement, column);
}

const char *kg_text_at(KgReading *reading, int column)
{
    const char *const bytes = (const char *)sqlite3_column_text(reading->statement, column);
    char *const copy = base_arena_copy(reading->arena, bytes ? bytes : "",
                                       bytes ? (size_t)sqlite3_column_bytes(reading->statement, column) : 0);
    if (!copy)
        reading->no_memory = true;
    return copy ? copy : "";
}

void *kg_reading_all(KgReading *reading, KgFillRow *fill, size_t size, size_t *count)
{
    char *rows = NULL;
    size_t filled = 0, capacity = 0;
    while (kg_reading_next(reading)) {
        if (!base_reserve((void **)&rows, &capacity, filled + 1, size)) {
            reading->no_memory = true;
            break;
        }
        fill(reading, rows + size * filled++);
    }
    void *const kept = base_arena_alloc(reading->arena, filled ? filled : 1, size);
    if (!kept)
        reading->no_memory = true;
    else if (filled)
        memcpy(kept, rows, filled * size);
    free(rows);
    *count = filled;
    return kept;
}

/* ---- Imports ---- */

#define IMPORT_COLUMNS                                                                                                 \
    "SELECT id, source, format, time, lines, triples, added, rejected, seconds, bytes, modified, graph FROM import "

static void read_import(KgReading *reading, void *row)
{
    *(KgImport *)row = (KgImport){.id = (uint32_t)kg_number_at(reading, 0),
                                  .source = kg_text_at(reading, 1),
                                  .format = kg_text_at(reading, 2),
                                  .time = (int64_t)kg_number_at(reading, 3),
                                  .lines = kg_number_at(reading, 4),
                                  .triples = kg_number_at(reading, 5),
                                  .added = kg_number_at(reading, 6),
                                  .rejected = kg_number_at(reading, 7),
                                  .seconds = real_at(reading, 8),
                                  .bytes = kg_number_at(reading, 9),
                                  .modified = (int64_t)kg_number_at(reading, 10),
                                  .graph = kg_text_at(reading, 11)};
}

BaseStatus kg_imports(KgTxn *txn, BaseArena *arena, KgImport **out, size_t *count, BaseError *err)
{
    *out = NULL;
    *count = 0;
    KgReading reading;
    const BaseStatus status = kg_reading_start(&reading, txn, arena, IMPORT_COLUMNS "ORDER BY id", err);
    if (status != BASE_OK)
        return status;
    *out = kg_reading_all(&reading, read_import, sizeof **out, count);
    return kg_reading_finish(&reading, err);
}

BaseStatus kg_find_import(KgTxn *txn, uint32_t id, BaseArena *arena, KgImport *out, BaseError *err)
{
    KgReading reading;
    BaseStatus status = kg_reading_start(&reading, txn, arena, IMPORT_COLUMNS "WHERE id = ?", err);
    if (status != BASE_OK)
        return status;
    sqlite3_bind_int64(reading.statement, 1, id);
    const bool found = kg_reading_next(&reading);
    if (found)
        read_import(&reading, out);
    status = kg_reading_finish(&reading, err);
    if (status == BASE_OK && !found)
        return base_fail(err, BASE_NOT_FOUND, "the catalog has no import %u", id);
    return status;
}

BaseStatus kg_put_import(KgTxn *txn, const KgImport *import, BaseError *err)
{
    return KG_RECORD(txn, KG_WRITE_IMPORT, err, kg_number_value(import->id), kg_text_value(import->source),
                     kg_text_value(import->format), kg_number_value((uint64_t)import->time),
                     kg_number_value(import->lines), kg_number_value(import->triples), kg_number_value(import->added),
                     kg_number_value(import->rejected), real(import->seconds), kg_number_value(import->bytes),
                     kg_number_value((uint64_t)import->modified), kg_text_value(import->graph));
}

/* ---- Runs ---- */

#define RUN_COLUMNS "SELECT id, kind, name, text, details, time, seconds FROM run "

static void read_run(KgReading *reading, void *row)
{
    *(KgRun *)row = (KgRun){.id = (uint32_t)kg_number_at(reading, 0),
                            .kind = kg_text_at(reading, 1),
                            .name = kg_text_at(reading, 2),
                            .text = kg_text_at(reading, 3),
                            .details = kg_text_at(reading, 4),
                            .time = (int64_t)kg_number_at(reading, 5),
                            .seconds = real_at(reading, 6)};
}

BaseStatus kg_put_run(KgTxn *txn, const KgRun *run, uint32_t *id, BaseError *err)
{
    uint32_t fresh;
    BaseStatus status = kg_want_writer(txn, "kg_put_run", err);
    if (status == BASE_OK)
        status = kg_next_id(txn, "run", &fresh, err);
    if (status != BASE_OK)
        return status;
    if (id)
        *id = fresh;
    return KG_RECORD(txn, KG_WRITE_RUN, err, kg_number_value(fresh), kg_text_value(run->kind ? run->kind : ""),
                     kg_text_value(run->name), kg_text_value(run->text), kg_text_value(run->details),
                     kg_number_value((uint64_t)time(NULL)), real(run->seconds));
}

BaseStatus kg_replace_run(KgTxn *txn, const KgRun *run, BaseError *err)
{
    const BaseStatus status = kg_want_writer(txn, "kg_replace_run", err);
    if (status != BASE_OK)
        return status;
    return KG_RECORD(txn, KG_WRITE_RUN, err, kg_number_value(run->id), kg_text_value(run->kind),
                     kg_text_value(run->name), kg_text_value(run->text), kg_text_value(run->details),
                     kg_number_value((uint64_t)run->time), real(run->seconds));
}

BaseStatus kg_find_run(KgTxn *txn, uint32_t id, BaseArena *arena, KgRun *out, BaseError *err)
{
    KgReading reading;
    BaseStatus status = kg_reading_start(&reading, txn, arena, RUN_COLUMNS "WHERE id = ?", err);
    if (status != BASE_OK)
        return status;
    sqlite3_bind_int64(reading.statement, 1, id);
    const bool found = kg_reading_next(&reading);
    if (found)
        read_run(&reading, out);
    status = kg_reading_finish(&reading, err);
    if (status == BASE_OK && !found)
        return base_fail(err, BASE_NOT_FOUND, "the catalog has no run %u", id);
    return status;
}

BaseStatus kg_runs(KgTxn *txn, const char *kind, BaseArena *arena, KgRun **out, size_t *count, BaseError *err)
{
    *out = NULL;
    *count = 0;
    KgReading reading;
    const BaseStatus status =
        kg_reading_start(&reading, txn, arena, RUN_COLUMNS "WHERE ?1 IS NULL OR kind = ?1 ORDER BY id", err);
    if (status != BASE_OK)
        return status;
    if (kind)
        sqlite3_bind_text(reading.statement, 1, kind, -1, SQLITE_STATIC);
    *out = kg_reading_all(&reading, read_run, sizeof **out, count);
    return kg_reading_finish(&reading, err);
}

/* ---- Models ---- */

#define MODEL_COLUMNS "SELECT id, name, kind, file, config, metrics, time FROM model "

static void read_model(KgReading *reading, void *row)
{
    *(KgModel *)row = (KgModel){.id = (uint32_t)kg_number_at(reading, 0),
                                .name = kg_text_at(reading, 1),
                                .kind = kg_text_at(reading, 2),
                                .file = kg_text_at(reading, 3),
                                .config = kg_text_at(reading, 4),
                                .metrics = kg_text_at(reading, 5),
                                .time = (int64_t)kg_number_at(reading, 6)};
}

/* The id that belongs to the name, kept in LMDB as well so that it is known before the catalog is. */
static BaseStatus model_id(KgTxn *txn, const char *name, uint32_t *out, BaseError *err)
{
    char key[sizeof "model." + MODEL_NAME_BYTES];
    snprintf(key, sizeof key, "model.%s", name);
    uint64_t id;
    BaseStatus status = kg_get_number(txn, key, &id, err);
    if (status != BASE_OK || id != 0) {
        *out = (uint32_t)id;
        return status;
    }
    status = kg_next_id(txn, "model", out, err);
    return status == BASE_OK ? kg_put_number(txn, key, *out, err) : status;
}

BaseStatus kg_put_model(KgTxn *txn, const KgModel *model, uint32_t *id, BaseError *err)
{
    uint32_t own;
    BaseStatus status = kg_want_writer(txn, "kg_put_model", err);
    if (status == BASE_OK && (!model->name || !*model->name || strlen(model->name) > MODEL_NAME_BYTES))
        status = base_fail(err, BASE_BAD_CALL, "a model needs a name of 1 to %d bytes", MODEL_NAME_BYTES);
    if (status == BASE_OK)
        status = model_id(txn, model->name, &own, err);
    if (status != BASE_OK)
        return status;
    if (id)
        *id = own;
    return KG_RECORD(txn, KG_WRITE_MODEL, err, kg_number_value(own), kg_text_value(model->name),
                     kg_text_value(model->kind), kg_text_value(model->file), kg_text_value(model->config),
                     kg_text_value(model->metrics), kg_number_value((uint64_t)time(NULL)));
}

BaseStatus kg_find_model(KgTxn *txn, const char *name, BaseArena *arena, KgModel *out, BaseError *err)
{
    KgReading reading;
    BaseStatus status = kg_reading_start(&reading, txn, arena, MODEL_COLUMNS "WHERE name = ?", err);
    if (status != BASE_OK)
        return status;
    sqlite3_bind_text(reading.statement, 1, name, -1, SQLITE_STATIC);
    const bool found = kg_reading_next(&reading);
    if (found)
        read_model(&reading, out);
    status = kg_reading_finish(&reading, err);
    if (status == BASE_OK && !found)
        return base_fail(err, BASE_NOT_FOUND, "the database has no model \"%s\"", name);
    return status;
}

BaseStatus kg_find_model_id(KgTxn *txn, uint32_t id, BaseArena *arena, KgModel *out, BaseError *err)
{
    KgReading reading;
    BaseStatus status = kg_reading_start(&reading, txn, arena, MODEL_COLUMNS "WHERE id = ?", err);
    if (status != BASE_OK)
        return status;
    sqlite3_bind_int64(reading.statement, 1, id);
    const bool found = kg_reading_next(&reading);
    if (found)
        read_model(&reading, out);
    status = kg_reading_finish(&reading, err);
    if (status == BASE_OK && !found)
        return base_fail(err, BASE_NOT_FOUND, "the catalog has no model %u", id);
    return status;
}

BaseStatus kg_models(KgTxn *txn, BaseArena *arena, KgModel **out, size_t *count, BaseError *err)
{
    *out = NULL;
    *count = 0;
    KgReading reading;
    const BaseStatus status = kg_reading_start(&reading, txn, arena, MODEL_COLUMNS "ORDER BY id", err);
    if (status != BASE_OK)
        return status;
    *out = kg_reading_all(&reading, read_model, sizeof **out, count);
    return kg_reading_finish(&reading, err);
}

/* ---- Evidence ---- */

BaseStatus kg_put_evidence(KgTxn *txn, const KgEvidence *evidence, uint32_t *id, BaseError *err)
{
    uint32_t fresh;
    BaseStatus status = kg_want_writer(txn, "kg_put_evidence", err);
    if (status == BASE_OK)
        status = kg_next_id(txn, "evidence", &fresh, err);
    if (status != BASE_OK)
        return status;
    if (id)
        *id = fresh;
    return KG_RECORD(txn, KG_WRITE_EVIDENCE, err, kg_number_value(fresh), kg_text_value(evidence->mention),
                     kg_text_value(evidence->source), kg_text_value(evidence->method), real(evidence->score),
                     kg_number_value((uint64_t)time(NULL)));
}

BaseStatus kg_find_evidence(KgTxn *txn, uint32_t id, BaseArena *arena, KgEvidence *out, BaseError *err)
{
    KgReading reading;
    BaseStatus status = kg_reading_start(
        &reading, txn, arena, "SELECT id, mention, source, method, score, time FROM evidence WHERE id = ?", err);
    if (status != BASE_OK)
        return status;
    sqlite3_bind_int64(reading.statement, 1, id);
    const bool found = kg_reading_next(&reading);
    if (found)
        *out = (KgEvidence){.id = (uint32_t)kg_number_at(&reading, 0),
                            .mention = kg_text_at(&reading, 1),
                            .source = kg_text_at(&reading, 2),
                            .method = kg_text_at(&reading, 3),
                            .score = real_at(&reading, 4),
                            .time = (int64_t)kg_number_at(&reading, 5)};
    status = kg_reading_finish(&reading, err);
    if (status == BASE_OK && !found)
        return base_fail(err, BASE_NOT_FOUND, "the catalog has no evidence %u", id);
    return status;
}
