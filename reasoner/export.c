/* @export: the tuples of a predicate as a delimited file or as RDF (section 8 of the language). A file is written
 * beside its name and put there when it is whole; no name leads out of the folder of exports. */
#include "reasoner/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define FLUSH_BYTES 65536
#define DEFAULT_GRAPH "tag:nemo:defaultgraph"

typedef struct Export {
    FileRun *run;
    const TransferPlan *plan;
    const Relation *relation;
    FILE *stream;
    gzFile packed; /* NULL: as it is */
    BaseBuffer text, cell;
    uint64_t written;
} Export;

/* ---- Names --------------------------------------------------------------------------------------------------- */

/* Characters other than letters, digits and . _ - ~ become `_`, and so does a name of dots. */
static bool add_safe(KgText name, BaseBuffer *out)
{
    bool is_fine = true, is_dots = true;
    const size_t from = out->count;
    for (size_t i = 0; i < name.length && is_fine; i++) {
        const char c = name.bytes[i];
        const bool is_safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                             c == '_' || c == '-' || c == '~';
        is_dots = is_dots && c == '.';
        if (((unsigned char)c & 0xc0) != 0x80) /* one mark for a whole character */
            is_fine = base_buffer_add(out, is_safe ? &c : "_", 1);
    }
    if (is_dots && is_fine && out->count > from)
        memset(out->items + from, '_', out->count - from);
    return is_fine;
}

static bool is_packed(const TransferPlan *plan)
{
    const size_t length = plan->resource ? strlen(plan->resource) : 0;
    return plan->compression == COMPRESSION_GZIP ||
           (plan->compression == COMPRESSION_BY_NAME && length > 3 && strcmp(plan->resource + length - 3, ".gz") == 0);
}

static bool add_name(const FileRun *run, const Transfer *transfer, BaseBuffer *out)
{
    const TransferPlan *const plan = transfer->plan;
    if (plan->resource)
        return add_safe((KgText){plan->resource, strlen(plan->resource)}, out);
    return add_safe(run->program->constants.items[transfer->predicate.index].text, out) &&
           base_buffer_format(out, ".%s%s", plan->extension, is_packed(plan) ? ".gz" : "");
}

/* ---- Rows ---------------------------------------------------------------------------------------------------- */

/* One cell under its format; *is_kept false: it is of another kind. */
static bool write_cell(Export *export, CellFormat format, const Value *value, bool *is_kept)
{
    export->cell.count = 0;
    switch (format) {
    case CELL_STRING:
        *is_kept = value->kind == VALUE_STRING;
        return !*is_kept || base_buffer_add(&export->cell, value->text.bytes, value->text.length);
    case CELL_INT:
        *is_kept = value->kind == VALUE_INTEGER || value->kind == VALUE_UNSIGNED;
        break;
    case CELL_DOUBLE:
        *is_kept = value->kind == VALUE_DOUBLE || value->kind == VALUE_FLOAT;
        break;
    default:
        *is_kept = true;
        return reasoner_write_cell(value, &export->cell);
    }
    return !*is_kept || reasoner_write_lexical(value, &export->cell);
}

static bool needs_quotes(const Export *export, bool is_alone)
{
    const BaseBuffer *const cell = &export->cell;
    for (size_t i = 0; i < cell->count; i++)
        if (cell->items[i] == export->plan->delimiter || cell->items[i] == '"' || cell->items[i] == '\n' ||
            cell->items[i] == '\r')
            return true;
    return cell->count == 0 && is_alone;
}

static bool add_quoted(Export *export)
{
    bool is_fine = base_buffer_add(&export->text, "\"", 1);
    for (size_t i = 0; i < export->cell.count && is_fine; i++)
        is_fine = base_buffer_add(&export->text, "\"", export->cell.items[i] == '"') &&
                  base_buffer_add(&export->text, &export->cell.items[i], 1);
    return is_fine && base_buffer_add(&export->text, "\"", 1);
}

static bool add_record(Export *export, const uint32_t *row)
{
    const TransferPlan *const plan = export->plan;
    const uint32_t arity = export->relation->arity, columns = plan->columns ? plan->column_count : arity;
    const size_t before = export->text.count;
    uint32_t at = 0;
    for (uint32_t c = 0; c < columns; c++) {
        const CellFormat format = plan->columns ? plan->columns[c] : CELL_ANY;
        bool is_kept;
        if (format == CELL_SKIP)
            continue;
        const Value value = reasoner_value(export->run->evaluation.values, row[at]);
        if (!write_cell(export, format, &value, &is_kept))
            return false;
        if (!is_kept) {
            export->text.count = before;
            return true;
        }
        if (!base_buffer_add(&export->text, &plan->delimiter, at > 0) ||
            !(needs_quotes(export, arity == 1)
                  ? add_quoted(export)
                  : base_buffer_add(&export->text, export->cell.count ? export->cell.items : "", export->cell.count)))
            return false;
        at++;
    }
    export->written++;
    return base_buffer_add(&export->text, "\n", 1);
}

static bool is_node(const Value *value)
{
    return value->kind == VALUE_IRI || value->kind == VALUE_NULL;
}

static bool is_default_graph(const Value *value)
{
    return value->kind == VALUE_IRI && value->text.length == strlen(DEFAULT_GRAPH) &&
           memcmp(value->text.bytes, DEFAULT_GRAPH, value->text.length) == 0;
}

/* Subject, predicate, object, each behind a blank but the first. */
static bool add_triple(Export *export, const Value *terms)
{
    BaseBuffer *const text = &export->text;
    return reasoner_write_canonical(&terms[0], text) && base_buffer_add(text, " ", 1) &&
           reasoner_write_canonical(&terms[1], text) && base_buffer_add(text, " ", 1) &&
           reasoner_write_canonical(&terms[2], text);
}

/* Rows whose terms cannot stand where they do are left out. */
static bool add_statement(Export *export, const uint32_t *row)
{
    const bool is_trig = strcmp(export->plan->extension, "trig") == 0;
    BaseBuffer *const text = &export->text;
    Value values[4];
    for (uint32_t c = 0; c < export->relation->arity; c++)
        values[c] = reasoner_value(export->run->evaluation.values, row[c]);
    const Value *const graph = export->relation->arity == 4 ? &values[0] : NULL, *const terms =
                                                                                     graph ? values + 1 : values;
    if (!is_node(&terms[0]) || terms[1].kind != VALUE_IRI || (graph && !is_node(graph)))
        return true;
    export->written++;
    if (!graph || is_default_graph(graph))
        return add_triple(export, terms) && base_buffer_add(text, " .\n", 3);
    if (is_trig)
        return reasoner_write_canonical(graph, text) && base_buffer_add(text, " { ", 3) && add_triple(export, terms) &&
               base_buffer_add(text, " }\n", 3);
    return add_triple(export, terms) && base_buffer_add(text, " ", 1) && reasoner_write_canonical(graph, text) &&
           base_buffer_add(text, " .\n", 3);
}

/* ---- Files --------------------------------------------------------------------------------------------------- */

static BaseStatus put_out(Export *export, const char *path, BaseError *err)
{
    const size_t count = export->text.count;
    bool is_fine = true;
    if (count > 0 && export->packed)
        is_fine = gzwrite(export->packed, export->text.items, (unsigned)count) == (int)count;
    else if (count > 0)
        is_fine = fwrite(export->text.items, 1, count, export->stream) == count;
    export->text.count = 0;
    return is_fine ? BASE_OK : base_fail_errno(err, "cannot write %s", path);
}

/* Sorts rows by one column; those with the same value stay as they are. */
static void sort_by_column(const Relation *relation, uint32_t column, const uint32_t *from, uint32_t *to,
                           uint32_t *starts, size_t values)
{
    memset(starts, 0, (values + 1) * sizeof *starts);
    for (uint32_t i = 0; i < relation->count; i++)
        starts[relation_row(relation, i)[column] + 1]++;
    for (size_t value = 0; value < values; value++)
        starts[value + 1] += starts[value];
    for (uint32_t i = 0; i < relation->count; i++)
        to[starts[relation_row(relation, from[i])[column]]++] = from[i];
}

/* The rows by their values: how many threads derived them, and so in which order they came, does not show. NULL: no
 * memory. */
static uint32_t *sorted_rows(const Export *export)
{
    const Relation *const relation = export->relation;
    const size_t values = reasoner_values_count(export->run->evaluation.values);
    uint32_t *rows = malloc((relation->count + (size_t)1) * sizeof *rows);
    uint32_t *other = malloc((relation->count + (size_t)1) * sizeof *other);
    uint32_t *const starts = malloc((values + 2) * sizeof *starts);
    const bool is_fine = rows && other && starts;
    for (uint32_t i = 0; is_fine && i < relation->count; i++)
        rows[i] = i;
    for (uint32_t column = relation->arity; is_fine && column-- > 0;) {
        sort_by_column(relation, column, rows, other, starts, values);
        uint32_t *const swap = rows;
        rows = other;
        other = swap;
    }
    free(other);
    free(starts);
    if (is_fine)
        return rows;
    free(rows);
    return NULL;
}

static BaseStatus write_sorted(Export *export, const uint32_t *rows, const char *path, BaseError *err)
{
    const uint64_t limit = export->plan->limit;
    BaseStatus status = BASE_OK;
    for (uint32_t i = 0; i < export->relation->count && (limit == 0 || export->written < limit); i++) {
        const uint32_t *const values = relation_row(export->relation, rows[i]);
        if (!(export->plan->kind == FILE_TABLE ? add_record(export, values) : add_statement(export, values)))
            return reasoner_out_of_values(err);
        if (export->text.count < FLUSH_BYTES)
            continue;
        status = put_out(export, path, err);
        if (status == BASE_OK && base_job_cancelled(export->run->job))
            status = base_fail(err, BASE_CANCELLED, "the export of %s was cancelled", path);
        if (status != BASE_OK)
            return status;
    }
    return put_out(export, path, err);
}

static BaseStatus write_rows(Export *export, const char *path, BaseError *err)
{
    uint32_t *const rows = sorted_rows(export);
    const BaseStatus status = rows ? write_sorted(export, rows, path, err) : reasoner_out_of_values(err);
    free(rows);
    return status;
}

static BaseStatus write_packed(Export *export, const char *path, BaseError *err)
{
    errno = 0;
    const int copy = dup(fileno(export->stream));
    export->packed = copy >= 0 ? gzdopen(copy, "wb") : NULL;
    if (!export->packed) {
        if (copy >= 0)
            close(copy);
        return base_fail_errno(err, "cannot compress %s", path);
    }
    BaseStatus status = write_rows(export, path, err);
    if (gzclose(export->packed) != Z_OK && status == BASE_OK)
        status = base_fail_errno(err, "cannot write %s", path);
    return status;
}

static BaseStatus write_file(Export *export, const char *path, BaseError *err)
{
    BaseNewFile file = {0};
    BaseStatus status = base_file_create(path, &file, err);
    if (status != BASE_OK)
        return status;
    export->stream = file.stream;
    status = is_packed(export->plan) ? write_packed(export, path, err) : write_rows(export, path, err);
    if (status == BASE_OK)
        return base_file_commit(&file, err);
    base_file_abort(&file);
    return status;
}

static BaseStatus write_output(Export *export, BaseError *err)
{
    export->stream = export->run->options ? export->run->options->output : NULL;
    if (!export->stream)
        return base_fail(err, BASE_BAD_CALL, "an export goes to standard output, and there is none");
    const BaseStatus status = write_rows(export, "standard output", err);
    return status == BASE_OK && fflush(export->stream) != 0 ? base_fail_errno(err, "cannot write the results") : status;
}

static BaseStatus write_named(Export *export, const Transfer *transfer, BaseError *err)
{
    const FileRun *const run = export->run;
    const char *const folder = run->options && run->options->export_folder ? run->options->export_folder : "results";
    BaseBuffer name = {0};
    char *path = NULL;
    BaseStatus status = base_make_folder(folder, err);
    if (status == BASE_OK && (!add_name(run, transfer, &name) || !(path = base_join_path(folder, name.items))))
        status = reasoner_out_of_values(err);
    if (status == BASE_OK)
        status = write_file(export, path, err);
    base_buffer_free(&name);
    free(path);
    return status;
}

BaseStatus reasoner_export(FileRun *run, const Transfer *transfer, BaseError *err)
{
    const uint32_t relation = reasoner_relation_of(run->program, transfer->found);
    Export export = {.run = run, .plan = transfer->plan, .relation = &run->evaluation.relations[relation]};
    const BaseStatus status = transfer->plan->resource && !*transfer->plan->resource
                                  ? write_output(&export, err)
                                  : write_named(&export, transfer, err);
    base_buffer_free(&export.text);
    base_buffer_free(&export.cell);
    return status;
}
