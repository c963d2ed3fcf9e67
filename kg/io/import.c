/* import.c - files into the asserted layer: one transaction for all files of a call, a catalog row for each, every
 * fault told, and either all good lines kept or nothing. */
#include "kg/io/import.h"

#include "kg/catalog.h"
#include "kg/statistics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A part read on one thread is taken when it has so many statements or lines. */
#define SOME ((size_t)1 << 15)

/* ---- For the readers ---- */

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

static BaseStatus take_faults(KgImporter *importer, KgPart *part, BaseError *err)
{
    for (size_t i = 0; i < part->faults.count && importer->faults + i < KG_FAULTS_TOLD; i++) {
        part->faults.items[i].line += (uint32_t)importer->row.lines;
        base_sink(importer->sink, &part->faults.items[i]);
    }
    importer->row.rejected += part->fault_count;
    importer->faults += part->fault_count;
    importer->stopped = importer->stopped || part->is_stopped;
    if (importer->faults > importer->options.max_errors || importer->stopped)
        importer->refused = true;
    BaseStatus status = BASE_OK;
    if (importer->rejects_open && !importer->refused)
        for (size_t i = 0; status == BASE_OK && i < part->rejects.count; i++)
            status = write_reject(importer, part->rejects.items[i], err);
    return status;
}

BaseStatus kg_import_take(KgImporter *importer, KgPart *part, BaseError *err)
{
    BaseStatus status = take_faults(importer, part, err);
    if (status == BASE_OK && !importer->refused)
        status = importer->take_batch(importer->context, &part->batch, importer->row.id, err);
    importer->row.lines += part->lines;
    importer->row.triples += part->triples;
    kg_part_clear(part);
    base_job_step(importer->job, importer->stage, "bytes", importer->position, base_input_size(importer->input), NULL);
    if (status == BASE_OK && base_job_cancelled(importer->job))
        status = base_fail(err, BASE_CANCELLED, "cancelled while reading %s", importer->reading.name);
    return status;
}

BaseStatus kg_import_take_some(KgImporter *importer, KgPart *part, BaseError *err)
{
    if (part->fault_count == 0 && part->batch.quads.count < SOME && part->lines < SOME)
        return BASE_OK;
    importer->position = base_input_position(importer->input);
    return kg_import_take(importer, part, err);
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
        importer->reading.places[count++] = place;
        if (place >= 0)
            seen[place] = true;
        if (at[1] == '\0')
            break;
    }
    importer->reading.column_count = count;
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

static BaseStatus read_graph(KgImporter *importer, BaseError *err)
{
    const char *const field = importer->options.graph;
    if (!field)
        return BASE_OK;
    KgTerm *const graph = &importer->reading.graph;
    const BaseStatus status = kg_parse_term((KgText){field, strlen(field)}, &importer->arena, graph, err);
    if (status == BASE_OK && graph->kind == KG_LITERAL)
        return base_fail(err, BASE_BAD_CALL,
                         "%s is a literal, which cannot name a graph: expected a name, <iri> or _:label", field);
    return status;
}

BaseStatus kg_import_read_options(KgImporter *importer, BaseError *err)
{
    const KgImportOptions *const options = &importer->options;
    BaseStatus status = read_columns(importer, err);
    if (status == BASE_OK && (unsigned)options->format > KG_TRIG)
        status = base_fail(err, BASE_BAD_CALL, "no import format has the number %d", (int)options->format);
    if (status == BASE_OK && options->type_relation &&
        !kg_name_iri((KgText){options->type_relation, strlen(options->type_relation)}, &importer->type_iri))
        status = base_fail(err, BASE_NO_MEMORY, "no memory to import");
    importer->reading.type_iri = (KgText){importer->type_iri.items, importer->type_iri.count};
    importer->reading.object_literal = options->object_literal;
    return status == BASE_OK ? read_graph(importer, err) : status;
}

static BaseStatus open_rejects(KgImporter *importer, const char *const *files, size_t count, BaseError *err)
{
    const char *const rejects = importer->options.rejects;
    if (!rejects)
        return BASE_OK;
    BaseStatus status = want_other_file(rejects, files, count, err);
    if (status == BASE_OK)
        status = base_file_create(rejects, &importer->rejects, err);
    importer->rejects_open = importer->reading.keeps_rejects = status == BASE_OK;
    return status;
}

static bool ends_with(const char *name, size_t length, const char *ending)
{
    const size_t size = strlen(ending);
    return length >= size && strncasecmp(name + length - size, ending, size) == 0;
}

/* By the ending; TSV for one that says nothing, KG_FORMAT_AUTO for formats of RDF that are not read. */
static KgFormat format_of(const char *name)
{
    static const struct {
        const char *ending;
        KgFormat format;
    } endings[] = {{".csv", KG_CSV},   {".nt", KG_NTRIPLES},     {".ttl", KG_TURTLE},      {".nq", KG_NQUADS},
                   {".trig", KG_TRIG}, {".rdf", KG_FORMAT_AUTO}, {".owl", KG_FORMAT_AUTO}, {".jsonld", KG_FORMAT_AUTO}};
    size_t length = strlen(name);
    length -= ends_with(name, length, ".gz") ? 3 : (ends_with(name, length, ".zst") ? 4 : 0);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(name, length, endings[i].ending))
            return endings[i].format;
    return KG_TSV;
}

/* ---- Files ---- */

BaseStatus kg_import_one(KgImporter *importer, const char *name, BaseError *err)
{
    static BaseStatus (*const readers[])(KgImporter *, BaseError *) = {
        [KG_TSV] = kg_read_tsv,       [KG_CSV] = kg_read_csv,         [KG_NTRIPLES] = kg_read_ntriples,
        [KG_TURTLE] = kg_read_turtle, [KG_NQUADS] = kg_read_ntriples, [KG_TRIG] = kg_read_turtle};
    static const char *const names[] = {[KG_TSV] = "tsv",       [KG_CSV] = "csv",       [KG_NTRIPLES] = "ntriples",
                                        [KG_TURTLE] = "turtle", [KG_NQUADS] = "nquads", [KG_TRIG] = "trig"};
    const double began = base_wall_seconds();
    KgFormat format = importer->options.format;
    if (format == KG_FORMAT_AUTO)
        format = format_of(name);
    if (format == KG_FORMAT_AUTO)
        return base_fail(err, BASE_BAD_INPUT,
                         "%s: files of this kind are not read yet, expected tsv, csv, nt, ttl, nq or trig", name);
    BaseStatus status = base_input_open(name, &importer->input, err);
    if (status != BASE_OK)
        return status;
    importer->row =
        (KgImport){.id = importer->row.id, .source = name, .format = names[format], .time = (int64_t)time(NULL)};
    importer->row.graph = importer->options.graph;
    struct stat found;
    if (strcmp(name, "-") == 0)
        importer->row.source = "<stdin>";
    else if (stat(name, &found) == 0)
        importer->row.modified = (int64_t)found.st_mtime;
    importer->position = 0;
    importer->reading.name = base_input_name(importer->input);
    importer->reading.format = format;
    snprintf(importer->reading.blank_prefix, sizeof importer->reading.blank_prefix, "i%u.", importer->row.id);
    snprintf(importer->stage, sizeof importer->stage, "reading %s", importer->reading.name);
    status = readers[format](importer, err);
    importer->row.bytes = base_input_position(importer->input);
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
              importer->faults > KG_FAULTS_TOLD ? " (the first 1000 are shown)" : "");
    base_hint(err, "--max-errors N --rejects FILE imports the good lines and keeps the bad ones in FILE");
    return BASE_BAD_INPUT;
}

static BaseStatus load(void *context, const KgBatch *batch, uint32_t source, BaseError *err)
{
    return kg_load_batch(context, batch, source, err);
}

static BaseStatus begin_loading(KgImporter *importer, KgLoader **out, BaseError *err)
{
    const KgLoadOptions options = {.layer = KG_ASSERTED, .memory = importer->options.memory, .job = importer->job};
    const BaseStatus status = kg_load_begin(importer->txn, &options, out, err);
    importer->take_batch = load;
    importer->context = *out;
    importer->chunk_bytes = kg_store(importer->txn)->chunk_bytes;
    return status;
}

static BaseStatus import_files(KgImporter *importer, const char *const *files, size_t count, KgImport *rows,
                               BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        status = kg_next_id(importer->txn, "import", &importer->row.id, err);
        if (status == BASE_OK)
            status = kg_import_one(importer, files[i], err);
        rows[i] = importer->row;
    }
    return status == BASE_OK && importer->refused ? refuse(importer, err) : status;
}

/* Puts the triples into the indexes and the rows into the catalog. */
static BaseStatus store_all(KgImporter *importer, KgLoader *loader, KgImport *rows, size_t count, BaseError *err)
{
    const double began = base_wall_seconds();
    uint64_t added = 0, all = 0;
    uint64_t *const added_by = calloc(count, sizeof *added_by);
    if (!added_by)
        return base_fail(err, BASE_NO_MEMORY, "no memory to import");
    for (size_t i = 0; i < count; i++)
        all += rows[i].triples;
    BaseStatus status = kg_load_finish(loader, &added, added_by, rows[0].id, err);
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

void kg_import_free(KgImporter *importer)
{
    if (importer->rejects_open)
        base_file_abort(&importer->rejects);
    base_input_close(importer->input);
    base_buffer_free(&importer->type_iri);
    base_arena_free(&importer->arena);
}

/* `txn`: the caller's; NULL: one of its own, committed. */
static BaseStatus import_all(KgStore *store, KgTxn *txn, const char *const *files, size_t file_count,
                             const KgImportOptions *options, KgImportReport *report, const BaseSink *sink, BaseJob *job,
                             BaseError *err)
{
    const double began = base_wall_seconds();
    if (report)
        *report = (KgImportReport){0};
    if (file_count == 0)
        return base_fail(err, BASE_BAD_CALL, "kg_import: no file to import");
    KgImporter importer = {.options = options ? *options : (KgImportOptions){0}, .sink = sink, .job = job};
    KgLoader *loader = NULL;
    KgImport *const rows = calloc(file_count, sizeof *rows);
    BaseStatus status = rows ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to import");
    if (status == BASE_OK)
        status = kg_import_read_options(&importer, err);
    if (status == BASE_OK)
        status = open_rejects(&importer, files, file_count, err);
    importer.txn = txn;
    if (status == BASE_OK && !txn)
        status = kg_write_begin(store, &importer.txn, err);
    if (status == BASE_OK)
        status = begin_loading(&importer, &loader, err);
    if (status == BASE_OK)
        status = import_files(&importer, files, file_count, rows, err);
    if (rows && report)
        fill_report(report, rows, file_count, 0);
    if (status == BASE_OK)
        status = store_all(&importer, loader, rows, file_count, err);
    if (status == BASE_OK) {
        kg_load_free(loader);
        loader = NULL;
        importer.txn->bulk_changed = importer.txn->facts_changed; /* however little it was */
        status = kg_settle_facts(importer.txn, job, err);
    }
    if (status == BASE_OK && !txn) {
        base_job_step(job, "saving", "files", 0, 1, NULL);
        status = kg_commit(importer.txn, err);
        importer.txn = NULL;
        base_job_step(job, "saving", "files", 1, 1, NULL);
    }
    if (status == BASE_OK && report)
        fill_report(report, rows, file_count, base_wall_seconds() - began);
    if (status != BASE_OK && store->made_database && !store->committed)
        store->remove_when_closed = true; /* there was no database before this import */
    kg_load_free(loader);
    if (!txn)
        kg_abort(importer.txn);
    kg_import_free(&importer);
    free(rows);
    return status;
}

BaseStatus kg_import(KgStore *store, const char *const *files, size_t file_count, const KgImportOptions *options,
                     KgImportReport *report, const BaseSink *sink, BaseJob *job, BaseError *err)
{
    return import_all(store, NULL, files, file_count, options, report, sink, job, err);
}

BaseStatus kg_import_into(KgTxn *txn, const char *file, const KgImportOptions *options, KgImportReport *report,
                          const BaseSink *sink, BaseJob *job, BaseError *err)
{
    const BaseStatus status = kg_want_writer(txn, "kg_import_into", err);
    return status == BASE_OK ? import_all(kg_store(txn), txn, &file, 1, options, report, sink, job, err) : status;
}
