/* files_fixture.h - programs by themselves, run from text; what they export to standard output, as sorted lines. */
#ifndef KGQ_TESTS_REASONER_FILES_FIXTURE_H
#define KGQ_TESTS_REASONER_FILES_FIXTURE_H

#include "expect.h"

#include "reasoner/reasoner.h"

typedef struct Outcome {
    BaseStatus status;
    BaseError err;
    char *output; /* sorted lines; owned */
    struct {
        BaseError *items;
        size_t count, capacity;
    } faults, warnings;
    ReasonerReport report;
} Outcome;

static inline void hear_outcome(void *context, const BaseError *error)
{
    Outcome *const outcome = context;
    if (error->is_warning)
        assert_true(BASE_PUSH(&outcome->warnings, *error));
    else
        assert_true(BASE_PUSH(&outcome->faults, *error));
}

static inline int by_line(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in order, each with its newline. */
static inline char *sort_lines(const char *text)
{
    struct {
        char **items;
        size_t count, capacity;
    } lines = {0};
    BaseBuffer sorted = {0};
    char *const copy = strdup(text);
    assert_true(base_buffer_add(&sorted, "", 0));
    for (char *at = copy, *end; *at; at = end) {
        end = strchr(at, '\n');
        assert_non_null(end);
        *end++ = '\0';
        assert_true(BASE_PUSH(&lines, at));
    }
    if (lines.count > 1)
        qsort(lines.items, lines.count, sizeof *lines.items, by_line);
    for (size_t i = 0; i < lines.count; i++)
        assert_true(base_buffer_format(&sorted, "%s\n", lines.items[i]));
    free(lines.items);
    free(copy);
    return sorted.items;
}

typedef struct RunSetup {
    const char *import_folder, *export_folder;
    const char *const *parameters;
    size_t parameter_count;
    uint64_t memory_limit;
    double seconds_limit;
} RunSetup;

static inline Outcome run_text(const char *text, const RunSetup *setup)
{
    Outcome outcome = {0};
    const BaseSink sink = {hear_outcome, &outcome};
    const ReasonerText source = {"t.rls", text, strlen(text)};
    const ReasonerParseOptions parse = {.for_files = true,
                                        .parameters = setup ? setup->parameters : NULL,
                                        .parameter_count = setup ? setup->parameter_count : 0};
    ReasonerProgram *program = NULL;
    char *raw = NULL;
    size_t bytes;
    FILE *const stream = open_memstream(&raw, &bytes);
    assert_non_null(stream);
    outcome.status = reasoner_parse(&source, 1, &parse, &sink, &program, &outcome.err);
    if (outcome.status == BASE_OK) {
        const ReasonerFilesOptions options = {.import_folder = setup ? setup->import_folder : NULL,
                                              .export_folder = setup ? setup->export_folder : NULL,
                                              .memory_limit = setup ? setup->memory_limit : 0,
                                              .seconds_limit = setup ? setup->seconds_limit : 0,
                                              .output = stream,
                                              .sink = &sink};
        outcome.status = reasoner_run_files(program, &options, &outcome.report, NULL, &outcome.err);
    }
    reasoner_program_free(program);
    assert_int_equal(fclose(stream), 0);
    outcome.output = sort_lines(raw);
    free(raw);
    return outcome;
}

static inline void free_outcome(Outcome *outcome)
{
    free(outcome->output);
    free(outcome->faults.items);
    free(outcome->warnings.items);
    reasoner_report_free(&outcome->report);
}

/* The program runs, and prints these lines (sorted). */
static inline void expect_output(const char *text, const char *expected)
{
    Outcome outcome = run_text(text, NULL);
    if (outcome.status != BASE_OK || strcmp(outcome.output, expected) != 0) {
        print_error("program:\n%s\n", text);
        if (outcome.status != BASE_OK)
            base_error_print(stderr, &outcome.err);
        print_error("printed:\n%s\nexpected:\n%s\n", outcome.output, expected);
        fail();
    }
    free_outcome(&outcome);
}

#endif
