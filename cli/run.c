/* run.c - the command over a rule program by itself: its imports are files, and so are its exports. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

static void print_report(const Cli *cli, const ReasonerReport *report)
{
    for (size_t i = 0; i < report->predicate_count; i++)
        fprintf(cli->out, "%s\t%llu\n", report->predicates[i].name,
                (unsigned long long)(report->predicates[i].given + report->predicates[i].derived));
}

static BaseStatus run_program(Cli *cli, const ReasonerProgram *program, ReasonerFilesOptions *options,
                              bool report_wanted, BaseError *err)
{
    ReasonerReport report = {0};
    const BaseStatus status = reasoner_run_files(program, options, &report, &cli->job, err);
    clear_progress(cli);
    if (report.predicates) {
        say(cli, "%s records in, %s facts derived, %u rounds, %.2f s wall, %.2f s CPU", grouped(report.facts_in),
            grouped(report.derived), report.rounds, report.wall_seconds, report.cpu_seconds);
        if (report_wanted)
            print_report(cli, &report);
        BaseError fault = {0};
        if (cli->output && strcmp(cli->output, "json") == 0 && print_violations(cli, &report, &fault) != BASE_OK)
            report_error(cli, &fault);
    }
    reasoner_report_free(&report);
    return status;
}

typedef struct Explaining {
    Cli *cli;
    InsightFormat format;
    size_t count;
} Explaining;

static BaseStatus print_explanation(void *context, const char *fact, bool holds, const ReasonerExplanation *proofs,
                                    BaseError *err)
{
    Explaining *const explaining = context;
    InsightExplanation *explanation;
    clear_progress(explaining->cli);
    BaseStatus status = insight_explain_fact(fact, holds, proofs, &explanation, err);
    if (status == BASE_OK && explaining->count++ > 0 && explaining->format == INSIGHT_TEXT)
        fputc('\n', explaining->cli->out);
    if (status == BASE_OK)
        status = insight_explain_write(explanation, explaining->format, explaining->cli->out, err);
    insight_explanation_free(explanation);
    return status;
}

int command_run(Cli *cli, const Command *command, int argc, char **argv)
{
    TextList words = {0}, parameters = {0}, facts = {0};
    Explaining explaining = {.cli = cli};
    ReasonerFilesOptions run = {.output = cli->out, .explained = print_explanation, .context = &explaining};
    bool report_wanted = false;
    const Option options[] = {
        {"import-dir", OPTION_TEXT, &run.import_folder, "DIR", "where relative imports are; the working directory"},
        {"export-dir", OPTION_TEXT, &run.export_folder, "DIR", "where exports go; `results`"},
        {"param", OPTION_LIST, &parameters, "NAME=TERM", "a value for $NAME, as a rule would write it (repeatable)"},
        {"report", OPTION_FLAG, &report_wanted, NULL, "a line `predicate<TAB>facts` for each derived predicate"},
        {"explain", OPTION_LIST, &facts, "FACT", "why it holds, or why not, as in 'p(a, 1)' (repeatable)"},
        {"all", OPTION_FLAG, &run.how.all, NULL, "every rule that gives it, not one lowest proof"},
        {"forest", OPTION_FLAG, &run.how.forest, NULL, "and every rule that gives a conclusion on the way"},
        {"timeout", OPTION_AMOUNT, &run.seconds_limit, "SECONDS", "stop deriving after so long"},
        {"memory", OPTION_SIZE, &run.memory_limit, "SIZE", "stop when facts need more, as in 512M; half the machine's"},
    };
    int exit_code = EXIT_DONE;
    ReasonerProgram *program = NULL;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 1, 1))
        goto done;
    explain_format(cli->output, &explaining.format); /* tsv, the report's form, leaves text */
    if (explaining.format != INSIGHT_TEXT && explaining.format != INSIGHT_JSON && facts.count == 0) {
        exit_code = usage_error(command, "--output %s is the form of what --explain prints", cli->output);
        goto done;
    }
    run.facts = facts.items;
    run.fact_count = facts.count;
    run.how.with_trees = true;
    const BaseSink sink = error_sink(cli);
    const ReasonerParseOptions parse = {
        .for_files = true, .parameters = parameters.items, .parameter_count = parameters.count};
    run.sink = &sink;
    stop_safely();
    BaseStatus status = reasoner_parse_files(words.items, 1, &parse, &sink, &program, &err);
    const bool was_told = status == BASE_BAD_INPUT; /* by the sink */
    if (status == BASE_OK)
        status = run_program(cli, program, &run, report_wanted, &err);
    if (status != BASE_OK)
        exit_code = was_told ? EXIT_BAD_INPUT : report_error(cli, &err);
done:
    reasoner_program_free(program);
    free(parameters.items);
    free(facts.items);
    free(words.items);
    return exit_code;
}
