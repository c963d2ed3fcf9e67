/* import.c - files into the asserted layer: one transaction for all files of a call, a catalog row for each, every
 * fault told, and either all good lines kept or nothing. */
#include "kg/io/import.h"

#include "kg/catalog.h"
#include "kg/index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Faults told one by one at most; the rest are counted. */
#define FAULTS_TOLD 1000
#define LINES_BETWEEN_STEPS 4096

/* ---- For the readers ---- */

BaseStatus kg_import_triple(KgImporter *importer, const KgTerm terms[3], BaseError *err)
{
    importer->row.triples++;
    if (importer->refused)
        return BASE_OK;
    KgRecord record = {.note = {.source = importer->row.id}};
    KgId *const ids[] = {&record.triple.s, &record.triple.p, &record.triple.o};
    for (int i = 0; i < 3; i++) {
        const BaseStatus status = kg_intern(importer->txn, &terms[i], ids[i], err);
        if (status != BASE_OK)
            return status;
    }
    if (!BASE_PUSH(&importer->records, record))
        return base_fail(err, BASE_NO_MEMORY, "no memory for %zu triples", importer->records.count);
    return BASE_OK;
}

static BaseStatus write_reject(KgImporter *importer, KgText record, BaseError *err)
{
    FILE *const out = importer->rejects.stream;
    if (importer->rejects_need_newline && fputc('\n', out) == EOF)
        return base_fail_errno(err, "cannot write %s", importer->options.rejects);
    if (fwrite(record.bytes, 1, record.length, out) != record.length)
        return base_fail_errno(err, "cannot write %s", importer->options.rejects);
    /* The last line of a file may lack its newline; what another file adds begins on a line of its own. */
    importer->rejects_need_newline = record.length > 0 && record.bytes[record.length - 1] != '\n';
    return BASE_OK;
}

static void count_fault(KgImporter *importer, BaseSource at, const char *message)
{
    importer->row.rejected++;
    if (++importer->faults <= FAULTS_TOLD) {
        BaseError error = {0};
        base_fail_at(&error, BASE_BAD_INPUT, at, "%s", message);
        base_sink(importer->sink, &error);
    }
    if (importer->faults > importer->options.max_errors)
        importer->refused = true;
}

BaseStatus kg_import_fault(KgImporter *importer, KgText record, uint32_t line, const KgFault *fault, BaseError *err)
{
    BaseSource at =
        base_source_at(base_input_name(importer->input), record.bytes, record.length, fault->offset, fault->width);
    at.line += line - 1;
    count_fault(importer, at, fault->message);
    return importer->rejects_open && !importer->refused ? write_reject(importer, record, err) : BASE_OK;
}

void kg_import_stop(KgImporter *importer, BaseSource at, const char *message)
{
    count_fault(importer, at, message);
    importer->refused = importer->stopped = true;
}

BaseStatus kg_import_step(KgImporter *importer, BaseError *err)
{
    if (++importer->steps % LINES_BETWEEN_STEPS != 0)
        return BASE_OK;
    base_job_step(importer->job, importer->stage, "bytes", base_input_position(importer->input),
                  base_input_size(importer->input), NULL);
    return base_job_cancelled(importer->job)
               ? base_fail(err, BASE_CANCELLED, "cancelled while reading %s", base_input_name(importer->input))
               : BASE_OK;
}

BaseStatus kg_read_lines(KgImporter *importer, KgTakeLine *take, BaseError *err)
{
    KgLines lines = {.input = importer->input};
    KgText record;
    BaseStatus status;
    while ((status = kg_lines_next(&lines, &record, err)) == BASE_OK) {
        importer->row.lines++;
        const BaseArenaMark start = base_arena_mark(&importer->arena);
        status = take(importer, record, lines.line, err);
        base_arena_rewind(&importer->arena, start);
        if (status == BASE_OK)
            status = kg_import_step(importer, err);
        if (status != BASE_OK)
            break;
    }
    kg_lines_free(&lines);
    return status == BASE_END ? BASE_OK : status;
}

BaseStatus kg_check_triple(const KgTerm terms[3], int *place, KgFault *fault)
{
    *place = 0;
    if (terms[0].kind == KG_LITERAL)
        return kg_fault(fault, 0, 1, "a literal cannot be the subject, expected a name, <iri> or _:label");
    *place = 1;
    if (terms[1].kind == KG_LITERAL)
        return kg_fault(fault, 0, 1, "a literal cannot be the predicate, expected a name or <iri>");
    if (terms[1].kind == KG_BLANK)
        return kg_fault(fault, 0, 1, "a blank node cannot be the predicate, expected a name or <iri>");
    return BASE_OK;
}

BaseStatus kg_check_bytes(KgText record, KgFault *fault)
{
    const size_t well_formed = base_utf8_check(record.bytes, record.length);
    const char *const nul = memchr(record.bytes, '\0', well_formed);
    if (nul)
        return kg_fault(fault, (size_t)(nul - record.bytes), 1, "a NUL byte, expected text");
    if (well_formed < record.length)
        return kg_fault(fault, well_formed, 1, "invalid UTF-8: byte 0x%02x",
                        (unsigned)(unsigned char)record.bytes[well_formed]);
    return BASE_OK;
}

/* ---- Options ---- */

/* "h,r,t", "t,r,h", "h,-,r,t": what each column of the file is. */
static BaseStatus read_columns(KgImporter *importer, BaseError *err)
{
    const char *const columns = importer->options.columns ? importer->options.columns : "h,r,t";
    bool seen[3] = {false};
    size_t count = 0;
    for (const char *at = columns;; at += 2) {
        static const char letters[] = "hrt";
        const char *const letter = *at ? strchr(letters, *at) : NULL;
        const int place = letter ? (int)(letter - letters) : -1;
        if ((!letter && *at != '-') || (at[1] != ',' && at[1] != '\0') || count == KG_COLUMNS ||
            (place >= 0 && seen[place]))
            return base_fail(err, BASE_BAD_CALL,
                             "columns \"%s\": expected h, r, t once each and - for others, as h,r,t", columns);
        importer->places[count++] = place;
        if (place >= 0)
            seen[place] = true;
        if (at[1] == '\0')
            break;
    }
    importer->column_count = count;
    if (!seen[0] || !seen[1] || !seen[2])
        return base_fail(err, BASE_BAD_CALL, "columns \"%s\": %s is missing, expected h, r and t", columns,
                         !seen[0] ? "h (head)" : (!seen[1] ? "r (relation)" : "t (tail)"));
    return BASE_OK;
}

/* What is being imported must not be overwritten by what is wrong with it. */
static BaseStatus want_other_file(const char *rejects, const char *const *files, size_t count, BaseError *err)
{
    struct stat target, file;
    if (stat(rejects, &target) != 0)
        return BASE_OK;
    for (size_t i = 0; i < count; i++)
        if (stat(files[i], &file) == 0 && file.st_dev == target.st_dev && file.st_ino == target.st_ino)
            return base_fail(err, BASE_BAD_CALL, "the rejects cannot go to %s: it is the file to import", rejects);
    return BASE_OK;
}

static BaseStatus read_options(KgImporter *importer, const char *const *files, size_t count, BaseError *err)
{
    const KgImportOptions *const options = &importer->options;
    BaseStatus status = read_columns(importer, err);
    if (status == BASE_OK && (unsigned)options->format > KG_TURTLE)
        status = base_fail(err, BASE_BAD_CALL, "no import format has the number %d", (int)options->format);
    if (status == BASE_OK && options->type_relation &&
        !kg_name_iri((KgText){options->type_relation, strlen(options->type_relation)}, &importer->type_iri))
        status = base_fail(err, BASE_NO_MEMORY, "no memory to import");
    if (status == BASE_OK && options->rejects)
        status = want_other_file(options->rejects, files, count, err);
    if (status == BASE_OK && options->rejects) {
        status = base_file_create(options->rejects, &importer->rejects, err);
        importer->rejects_open = status == BASE_OK;
    }
    return status;
}

static bool ends_with(const char *name, size_t length, const char *ending)
{
    const size_t size = strlen(ending);
    return length >= size && strncasecmp(name + length - size, ending, size) == 0;
}

/* By the ending; TSV for one that says nothing, KG_FORMAT_AUTO for other formats of RDF. */
static KgFormat format_of(const char *name)
{
    static const char *const others[] = {".nq", ".trig", ".rdf", ".owl", ".jsonld"};
    size_t length = strlen(name);
    length -= ends_with(name, length, ".gz") ? 3 : (ends_with(name, length, ".zst") ? 4 : 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (ends_with(name, length, others[i]))
            return KG_FORMAT_AUTO;
    if (ends_with(name, length, ".csv"))
        return KG_CSV;
    if (ends_with(name, length, ".nt"))
        return KG_NTRIPLES;
    return ends_with(name, length, ".ttl") ? KG_TURTLE : KG_TSV;
}

/* ---- Files ---- */

static BaseStatus import_file(KgImporter *importer, const char *name, BaseError *err)
{
    static BaseStatus (*const readers[])(KgImporter *, BaseError *) = {
        [KG_TSV] = kg_read_tsv, [KG_CSV] = kg_read_csv, [KG_NTRIPLES] = kg_read_ntriples, [KG_TURTLE] = kg_read_turtle};
    static const char *const names[] = {
        [KG_TSV] = "tsv", [KG_CSV] = "csv", [KG_NTRIPLES] = "ntriples", [KG_TURTLE] = "turtle"};
    const double began = base_wall_seconds();
    KgFormat format = importer->options.format;
    if (format == KG_FORMAT_AUTO)
        format = format_of(name);
    if (format == KG_FORMAT_AUTO)
        return base_fail(err, BASE_BAD_INPUT, "%s: files of this kind are not read yet, expected tsv, csv, nt or ttl",
                         name);
    BaseStatus status = base_input_open(name, &importer->input, err);
    if (status != BASE_OK)
        return status;
    importer->row =
        (KgImport){.id = importer->row.id, .source = name, .format = names[format], .time = (int64_t)time(NULL)};
    if (strcmp(name, "-") == 0)
        importer->row.source = "<stdin>";
    snprintf(importer->stage, sizeof importer->stage, "reading %s", base_input_name(importer->input));
    status = readers[format](importer, err);
    const uint64_t size = base_input_size(importer->input);
    base_job_step(importer->job, importer->stage, "bytes", size, size, NULL);
    base_input_close(importer->input);
    importer->input = NULL;
    importer->row.seconds = base_wall_seconds() - began;
    return status;
}

static BaseStatus refuse(const KgImporter *importer, BaseError *err)
{
    if (importer->stopped)
        return base_fail(err, BASE_BAD_INPUT, "a file could not be read to its end: nothing was imported");
    base_fail(err, BASE_BAD_INPUT, "%" PRIu64 " bad line%s, at most %" PRIu64 " allowed%s: nothing was imported",
              importer->faults, importer->faults == 1 ? "" : "s", importer->options.max_errors,
              importer->faults > FAULTS_TOLD ? " (the first 1000 are shown)" : "");
    base_hint(err, "--max-errors N --rejects FILE imports the good lines and keeps the bad ones in FILE");
    return BASE_BAD_INPUT;
}

static BaseStatus import_files(KgImporter *importer, const char *const *files, size_t count, KgImport *rows,
                               BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        status = kg_next_id(importer->txn, "import", &importer->row.id, err);
        if (status == BASE_OK)
            status = import_file(importer, files[i], err);
        rows[i] = importer->row;
    }
    return status == BASE_OK && importer->refused ? refuse(importer, err) : status;
}

/* Puts the triples into the indexes and the rows into the catalog. */
static BaseStatus store_all(KgImporter *importer, KgImport *rows, size_t count, BaseError *err)
{
    const double began = base_wall_seconds();
    uint64_t *const added_by = calloc(count, sizeof *added_by);
    if (!added_by)
        return base_fail(err, BASE_NO_MEMORY, "no memory to import");
    const size_t all = importer->records.count;
    BaseStatus status = kg_add_records(importer->txn, 0, KG_ASSERTED, importer->records.items, all, NULL, added_by,
                                       rows[0].id, importer->job, err);
    const double seconds = base_wall_seconds() - began;
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        rows[i].added = added_by[i];
        rows[i].seconds += all ? seconds * (double)rows[i].triples / (double)all : 0;
        status = kg_put_import(importer->txn, &rows[i], err);
    }
    free(added_by);
    if (status == BASE_OK && importer->rejects_open) {
        importer->rejects_open = false;
        status = base_file_commit(&importer->rejects, err);
    }
    return status;
}

static void fill_report(KgImportReport *report, const KgImport *rows, size_t count, double seconds)
{
    *report = (KgImportReport){.seconds = seconds};
    for (size_t i = 0; i < count; i++) {
        report->import = rows[i].id;
        report->lines += rows[i].lines;
        report->triples += rows[i].triples;
        report->added += rows[i].added;
        report->rejected += rows[i].rejected;
    }
}

static void free_importer(KgImporter *importer)
{
    if (importer->rejects_open)
        base_file_abort(&importer->rejects);
    base_input_close(importer->input);
    base_buffer_free(&importer->type_iri);
    base_arena_free(&importer->arena);
    free(importer->records.items);
}

BaseStatus kg_import(KgStore *store, const char *const *files, size_t file_count, const KgImportOptions *options,
                     KgImportReport *report, const BaseSink *sink, BaseJob *job, BaseError *err)
{
    const double began = base_wall_seconds();
    if (report)
        *report = (KgImportReport){0};
    if (file_count == 0)
        return base_fail(err, BASE_BAD_CALL, "kg_import: no file to import");
    KgImporter importer = {.options = options ? *options : (KgImportOptions){0}, .sink = sink, .job = job};
    KgImport *const rows = calloc(file_count, sizeof *rows);
    BaseStatus status = rows ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to import");
    if (status == BASE_OK)
        status = read_options(&importer, files, file_count, err);
    if (status == BASE_OK)
        status = kg_write_begin(store, &importer.txn, err);
    if (status == BASE_OK)
        status = import_files(&importer, files, file_count, rows, err);
    if (rows && report)
        fill_report(report, rows, file_count, 0);
    if (status == BASE_OK)
        status = store_all(&importer, rows, file_count, err);
    if (status == BASE_OK) {
        base_job_step(job, "saving", "files", 0, 1, NULL);
        status = kg_commit(importer.txn, err);
        importer.txn = NULL;
        base_job_step(job, "saving", "files", 1, 1, NULL);
    }
    if (status == BASE_OK && report)
        fill_report(report, rows, file_count, base_wall_seconds() - began);
    if (status != BASE_OK && store->made_database && !store->committed)
        store->remove_when_closed = true; /* there was no database before this import */
    kg_abort(importer.txn);
    free_importer(&importer);
    free(rows);
    return status;
}
