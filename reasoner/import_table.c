/* @import of csv, tsv and dsv. Files without quotes are read by fact_file.c, which reads each distinct text once; where
 * quotes or headers are met, or rows were dropped and have to be named, the file is read record by record. */
#include "reasoner/files.h"

#include "reasoner/fact_file.h"

#include <stdlib.h>
#include <string.h>

typedef struct Import {
    FileRun *run;
    const Transfer *transfer;
    const char *path;
    Relation *relation;
    CellTable tables[CELL_SKIP]; /* by format of a cell */
    struct Maker {
        struct Import *import;
        CellFormat format;
    } makers[CELL_SKIP];
    BaseArena scratch;
} Import;

static CellFormat format_of(const TransferPlan *plan, uint32_t column)
{
    return plan->columns ? plan->columns[column] : CELL_ANY;
}

static uint32_t column_count(const Import *import)
{
    return import->transfer->plan->columns ? import->transfer->plan->column_count : import->relation->arity;
}

/* ---- Cells --------------------------------------------------------------------------------------------------- */

static ReadResult read_cell(CellFormat format, KgText cell, BaseArena *scratch, Value *out)
{
    switch (format) {
    case CELL_STRING:
        *out = (Value){.kind = VALUE_STRING, .text = cell};
        return READ_OK;
    case CELL_INT:
        return reasoner_read_int(cell, scratch, out);
    case CELL_DOUBLE:
        return reasoner_read_double(cell, out);
    default:
        return reasoner_read_any(cell, scratch, out);
    }
}

static bool make_cell(void *context, const char *bytes, size_t length, uint32_t *out)
{
    const struct Maker *const maker = context;
    BaseArena *const scratch = &maker->import->scratch;
    const BaseArenaMark start = base_arena_mark(scratch);
    Value value;
    ReadResult result = READ_ILL_FORMED;
    *out = NO_CELL;
    if (base_utf8_check(bytes, length) == length)
        result = read_cell(maker->format, (KgText){bytes, length}, scratch, &value);
    if (result == READ_OK)
        *out = reasoner_intern(maker->import->run->evaluation.values, &value);
    base_arena_rewind(scratch, start);
    return result != READ_NO_MEMORY && !reasoner_values_failed(maker->import->run->evaluation.values);
}

static void prepare_tables(Import *import)
{
    for (CellFormat f = CELL_ANY; f < CELL_SKIP; f++) {
        import->makers[f] = (struct Maker){import, f};
        import->tables[f] = (CellTable){.make = make_cell, .context = &import->makers[f]};
    }
}

/* ---- Record by record ---------------------------------------------------------------------------------------- */

static const char *format_name(CellFormat format)
{
    return format == CELL_INT ? "an integer" : format == CELL_DOUBLE ? "a number" : "text in UTF-8";
}

/* The record as a tuple. *is_kept false: it was told why not. */
static BaseStatus read_record(Import *import, const TableRecord *record, uint32_t *tuple, bool *is_kept, BaseError *err)
{
    const uint32_t count = column_count(import);
    *is_kept = false;
    if (record->count != count) {
        reasoner_bad_row(import->run, import->path, record->line, 1, "this record has %u cell%s, and %u are expected",
                         record->count, record->count == 1 ? "" : "s", count);
        return BASE_OK;
    }
    for (uint32_t c = 0, to = 0; c < count; c++) {
        const CellFormat format = format_of(import->transfer->plan, c);
        if (format == CELL_SKIP)
            continue;
        if (!reasoner_cell(&import->tables[format], record->cells[c].bytes, record->cells[c].length, &tuple[to]))
            return reasoner_out_of_values(err);
        if (tuple[to++] != NO_CELL)
            continue;
        reasoner_bad_row(import->run, import->path, record->line, record->columns[c], "`%.*s` is not %s",
                         (int)(record->cells[c].length < 60 ? record->cells[c].length : 60), record->cells[c].bytes,
                         format_name(format));
        return BASE_OK;
    }
    *is_kept = true;
    return BASE_OK;
}

/* only_tell: rows are not added again. */
static BaseStatus read_records(Import *import, bool only_tell, BaseError *err)
{
    const TransferPlan *const plan = import->transfer->plan;
    TableReader *reader = NULL;
    TableRecord record;
    uint32_t tuple[ARITY_LIMIT];
    uint64_t records = 0, added;
    bool is_kept, is_header = plan->ignore_headers;
    BaseStatus status = reasoner_table_open(import->path, plan->delimiter, plan->quoting, &reader, err);
    while (status == BASE_OK && (plan->limit == 0 || records < plan->limit)) {
        status = reasoner_table_next(reader, &record, err);
        if (status != BASE_OK)
            break;
        if (is_header) {
            is_header = false;
            continue;
        }
        if (++records % 65536 == 0 && base_job_cancelled(import->run->job))
            status = base_fail(err, BASE_CANCELLED, "the import of %s was cancelled", import->path);
        if (status == BASE_OK)
            status = read_record(import, &record, tuple, &is_kept, err);
        if (status == BASE_OK && is_kept && !only_tell &&
            !reasoner_relation_add(import->relation, tuple, 1, 0, NOWHERE, &added))
            status = reasoner_out_of_values(err);
    }
    if (!only_tell)
        import->run->records += records;
    reasoner_table_close(reader);
    return status == BASE_END ? BASE_OK : status;
}

/* ---- At once ------------------------------------------------------------------------------------------------- */

/* *is_done false: quotes were met, and nothing was added. */
static BaseStatus read_plainly(Import *import, bool *is_done, BaseError *err)
{
    const TransferPlan *const plan = import->transfer->plan;
    const uint32_t count = column_count(import), before = import->relation->count;
    CellTable *tables[ARITY_LIMIT];
    uint64_t records = 0, dropped = 0;
    FactFormat format = {.delimiter = plan->delimiter,
                         .columns = count,
                         .tables = tables,
                         .limit = plan->limit,
                         .dropped = &dropped,
                         .stops_at_quotes = plan->quoting};
    for (uint32_t c = 0; c < count; c++)
        tables[c] = format_of(plan, c) == CELL_SKIP ? NULL : &import->tables[format_of(plan, c)];
    BaseStatus status = reasoner_read_facts(import->path, &format, import->relation, &records, import->run->job, err);
    *is_done = status != BASE_END;
    if (status == BASE_END) {
        reasoner_relation_truncate(import->relation, before);
        return BASE_OK;
    }
    if (status != BASE_OK)
        return status;
    import->run->records += records;
    return dropped > 0 ? read_records(import, true, err) : BASE_OK;
}

BaseStatus reasoner_import_table(FileRun *run, const Transfer *transfer, const char *path, BaseError *err)
{
    const uint32_t relation = reasoner_relation_of(run->program, transfer->found);
    Import import = {.run = run, .transfer = transfer, .path = path, .relation = &run->evaluation.relations[relation]};
    /* Standard input, a pipe or a device cannot be read twice. */
    const bool is_plain = !transfer->plan->ignore_headers && column_count(&import) <= ARITY_LIMIT && base_is_file(path);
    bool is_done = false;
    prepare_tables(&import);
    BaseStatus status = is_plain ? read_plainly(&import, &is_done, err) : BASE_OK;
    if (status == BASE_OK && !is_done)
        status = read_records(&import, false, err);
    for (CellFormat f = CELL_ANY; f < CELL_SKIP; f++)
        reasoner_cells_free(&import.tables[f]);
    base_arena_free(&import.scratch);
    return status;
}
