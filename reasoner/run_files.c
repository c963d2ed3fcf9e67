/* A program run by itself: imports, derivation, exports. */
#include "reasoner/files.h"

#include "reasoner/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BAD_ROWS_TOLD 100

BaseStatus reasoner_out_of_values(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for the facts");
}

uint32_t reasoner_relation_of(const ReasonerProgram *program, uint32_t predicate)
{
    for (uint32_t r = 0; r < program->relations.count; r++)
        if (program->relations.items[r].predicate == predicate)
            return r;
    return NOWHERE;
}

void reasoner_bad_row(FileRun *run, const char *path, uint64_t line, uint32_t column, const char *format, ...)
{
    if (run->bad_rows++ >= BAD_ROWS_TOLD || !run->options)
        return;
    char message[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    BaseError warning = {0};
    base_fail_at(
        &warning, BASE_BAD_INPUT,
        (BaseSource){.name = strcmp(path, "-") == 0 ? "<stdin>" : path, .line = (uint32_t)line, .column = column}, "%s",
        message);
    warning.is_warning = true;
    base_sink(run->options->sink, &warning);
}

/* ---- Before -------------------------------------------------------------------------------------------------- */

static BaseStatus prepare(FileRun *run, BaseError *err)
{
    const ReasonerProgram *const program = run->program;
    Evaluation *const evaluation = &run->evaluation;
    if (!reasoner_evaluation_open(program, evaluation))
        return reasoner_out_of_values(err);
    evaluation->job = run->job;
    evaluation->seconds_limit = run->options ? run->options->seconds_limit : 0;
    evaluation->memory_limit = run->options ? run->options->memory_limit : 0;
    evaluation->values = reasoner_values_new();
    if (!evaluation->values)
        return reasoner_out_of_values(err);
    for (size_t c = 0; c < program->values.count; c++)
        if (reasoner_values_append(evaluation->values, &program->values.items[c]) == NO_VALUE)
            return reasoner_out_of_values(err);
    return BASE_OK;
}

/* A failure of a transfer at the place where the program asks for it. */
static BaseStatus blame(const FileRun *run, const Transfer *transfer, BaseStatus status, const BaseError *fault,
                        BaseError *err)
{
    if (status != BASE_NOT_FOUND && (status != BASE_IO || fault->line > 0)) {
        if (err && err->status == BASE_OK)
            *err = *fault;
        return status;
    }
    return base_fail_at(err, status, reasoner_program_source(run->program, transfer->place), "%s", fault->message);
}

static BaseStatus import_one(FileRun *run, const Transfer *transfer, BaseError *err)
{
    const TransferPlan *const plan = transfer->plan;
    const char *const folder = run->options ? run->options->import_folder : NULL;
    const KgText predicate = run->program->constants.items[transfer->predicate.index].text;
    BaseBuffer name = {0};
    BaseError fault = {0};
    bool is_fine = plan->resource
                       ? base_buffer_format(&name, "%s", *plan->resource ? plan->resource : "-")
                       : base_buffer_format(&name, "%.*s.%s", (int)predicate.length, predicate.bytes, plan->extension);
    char *path = NULL;
    if (is_fine && folder && *folder && name.items[0] != '/' && strcmp(name.items, "-") != 0)
        is_fine = (path = base_join_path(folder, name.items)) != NULL;
    const char *const file = path ? path : name.items;
    BaseStatus status = is_fine ? BASE_OK : reasoner_out_of_values(&fault);
    if (status == BASE_OK)
        status = plan->kind == FILE_TABLE ? reasoner_import_table(run, transfer, file, &fault)
                 : plan->kind == FILE_RDF ? reasoner_import_rdf(run, transfer, file, &fault)
                                          : reasoner_import_json(run, transfer, file, &fault);
    base_buffer_free(&name);
    free(path);
    return status == BASE_OK ? BASE_OK : blame(run, transfer, status, &fault, err);
}

/* What no output needs is not even opened. */
static BaseStatus import_all(FileRun *run, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t t = 0; t < run->program->transfers.count && status == BASE_OK; t++) {
        const Transfer *const transfer = &run->program->transfers.items[t];
        if (!transfer->is_export && run->program->predicates.items[transfer->found].is_needed)
            status = import_one(run, transfer, err);
    }
    if (run->bad_rows > BAD_ROWS_TOLD && run->options) {
        BaseError warning = {0};
        base_fail(&warning, BASE_BAD_INPUT, "%llu rows of imports were left out, of which %d are told",
                  (unsigned long long)run->bad_rows, BAD_ROWS_TOLD);
        warning.is_warning = true;
        base_sink(run->options->sink, &warning);
    }
    return status;
}

/* ---- The run ------------------------------------------------------------------------------------------------- */

static BaseStatus export_all(FileRun *run, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t t = 0; t < run->program->transfers.count && status == BASE_OK; t++) {
        const Transfer *const transfer = &run->program->transfers.items[t];
        BaseError fault = {0};
        if (!transfer->is_export)
            continue;
        status = reasoner_export(run, transfer, &fault);
        if (status != BASE_OK)
            status = blame(run, transfer, status, &fault, err);
    }
    return status;
}

BaseStatus reasoner_run_files(const ReasonerProgram *program, const ReasonerFilesOptions *options,
                              ReasonerReport *report, BaseJob *job, BaseError *err)
{
    if (!program || !program->for_files)
        return base_fail(err, BASE_BAD_CALL, "reasoner_run_files: a program parsed with for_files is needed");
    const double began = base_wall_seconds(), cpu_began = base_cpu_seconds();
    FileRun run = {.program = program, .options = options, .job = job};
    ReasonerReport figures = {0};
    BaseStatus status = prepare(&run, err);
    if (status == BASE_OK)
        status = import_all(&run, err);
    const double loaded = base_wall_seconds();
    if (status == BASE_OK)
        status = reasoner_evaluate(&run.evaluation, err);
    const double derived = base_wall_seconds();
    if (status == BASE_OK)
        status = export_all(&run, err);
    if (status == BASE_OK)
        status = reasoner_explain_files(&run, err);
    const bool is_done = status == BASE_OK;
    if (is_done)
        status = reasoner_report_fill(&run.evaluation, NULL, &figures, err);
    if (status == BASE_OK)
        status = reasoner_report_violations(&run.evaluation, NULL, options ? options->sink : NULL, &figures, err);
    if (status == BASE_OK && figures.violations_found > 0)
        status = base_fail(err, BASE_BAD_INPUT, "the data violate the program's constraints in %llu case%s",
                           (unsigned long long)figures.violations_found, figures.violations_found == 1 ? "" : "s");
    figures.facts_in = run.records;
    figures.derived = run.evaluation.derived;
    figures.strata = run.evaluation.strata;
    figures.rounds = run.evaluation.rounds;
    figures.highest = run.evaluation.highest;
    figures.load_seconds = loaded - began;
    figures.derive_seconds = derived - loaded;
    figures.store_seconds = base_wall_seconds() - derived;
    figures.wall_seconds = base_wall_seconds() - began;
    figures.cpu_seconds = base_cpu_seconds() - cpu_began;
    if (is_done && report)
        *report = figures;
    else
        reasoner_report_free(&figures);
    reasoner_values_free(run.evaluation.values);
    reasoner_evaluation_free(&run.evaluation);
    return status;
}
