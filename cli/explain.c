/* explain.c - the command that says why: of one triple, of many, or of a row of an answer. */
#include "cli/cli.h"
#include "insight/insight.h"

#include <stdlib.h>
#include <string.h>

bool explain_format(const char *name, InsightFormat *out)
{
    static const struct {
        const char *name;
        InsightFormat format;
    } formats[] = {{"text", INSIGHT_TEXT}, {"json", INSIGHT_JSON}, {"dot", INSIGHT_DOT}, {"html", INSIGHT_HTML}};
    *out = INSIGHT_TEXT;
    if (!name)
        return true;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0) {
            *out = formats[i].format;
            return true;
        }
    return false;
}

BaseStatus print_violations(Cli *cli, const ReasonerReport *report, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < report->violation_count && status == BASE_OK; i++) {
        const ReasonerViolation *const violation = &report->violations[i];
        ReasonerProof *proof = violation->proof;
        const ReasonerExplanation proofs = {.items = &proof, .count = proof != NULL};
        InsightExplanation *explanation = NULL;
        status = insight_explain_fact(violation->text, true, &proofs, &explanation, err);
        if (status == BASE_OK)
            status = insight_explain_write(explanation, INSIGHT_JSON, cli->out, err);
        insight_explanation_free(explanation);
    }
    return status;
}

/* What is to be explained: one of these. */
typedef struct Question {
    const char *triple, *file;
    RowToExplain row;
} Question;

static BaseStatus explain_triple(Cli *cli, KgTxn *txn, const char *text, const InsightOptions *options,
                                 InsightFormat format, BaseError *err)
{
    KgTriple triple;
    InsightExplanation *explanation = NULL;
    BaseStatus status = insight_parse_triple(txn, text, &triple, err);
    if (status == BASE_OK)
        status = insight_explain(txn, triple, options, &explanation, &cli->job, err);
    clear_progress(cli);
    if (status == BASE_OK)
        status = insight_explain_write(explanation, format, cli->out, err);
    insight_explanation_free(explanation);
    return status;
}

/* ---- many triples ---- */

typedef struct Answers {
    Cli *cli;
    KgTxn *txn;
    InsightExplainer *explainer;
    InsightFormat format;
    uint64_t answered, faults;
    double seconds;
} Answers;

/* A line that is no triple, or names what the database does not have, is told and passed over. */
static void tell_fault(Answers *answers, const char *file, uint64_t line, BaseError *fault)
{
    snprintf(fault->source, sizeof fault->source, "%s", file);
    fault->line = (uint32_t)line;
    fault->column = fault->column ? fault->column : 1;
    report_error(answers->cli, fault);
    answers->faults++;
}

static BaseStatus answer_line(Answers *answers, const char *file, uint64_t number, const char *line, BaseError *err)
{
    KgTriple triple;
    BaseError fault = {0};
    InsightExplanation *explanation = NULL;
    const double began = base_wall_seconds();
    BaseStatus status = insight_parse_triple(answers->txn, line, &triple, &fault);
    if (status == BASE_BAD_INPUT || status == BASE_NOT_FOUND) {
        tell_fault(answers, file, number, &fault);
        return BASE_OK;
    }
    if (status != BASE_OK) {
        *err = fault;
        return status;
    }
    status = insight_ask(answers->explainer, triple, &explanation, &answers->cli->job, err);
    if (status == BASE_OK && answers->answered++ > 0 && answers->format == INSIGHT_TEXT)
        fputc('\n', answers->cli->out);
    if (status == BASE_OK)
        status = insight_explain_write(explanation, answers->format, answers->cli->out, err);
    insight_explanation_free(explanation);
    answers->seconds += base_wall_seconds() - began;
    base_job_step(&answers->cli->job, "explaining", "facts", answers->answered, 0, NULL);
    return status == BASE_OK && base_job_cancelled(&answers->cli->job)
               ? base_fail(err, BASE_CANCELLED, "explaining was cancelled")
               : status;
}

/* A triple on each line of a file; blank lines are passed over. */
static BaseStatus explain_file(Answers *answers, const char *path, BaseError *err)
{
    BaseInput *input = NULL;
    BaseBuffer copy = {0};
    const char *line;
    size_t length;
    uint64_t number = 0;
    BaseStatus status = base_input_open(path, &input, err);
    while (status == BASE_OK && (status = base_input_line(input, &line, &length, err)) == BASE_OK) {
        number++;
        copy.count = 0;
        if (!base_buffer_add(&copy, line, length) || !base_buffer_add(&copy, "", 1))
            status = base_fail(err, BASE_NO_MEMORY, "no memory to read triples");
        else if (copy.items[strspn(copy.items, " \t\r")])
            status = answer_line(answers, base_input_name(input), number, copy.items, err);
    }
    base_input_close(input);
    base_buffer_free(&copy);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus explain_many(Cli *cli, KgTxn *txn, const char *path, const InsightOptions *options,
                               InsightFormat format, uint64_t *faults, BaseError *err)
{
    Answers answers = {.cli = cli, .txn = txn, .format = format};
    BaseStatus status = insight_open(txn, options, &answers.explainer, err);
    if (status == BASE_OK)
        status = explain_file(&answers, path, err);
    insight_close(answers.explainer);
    clear_progress(cli);
    if (status == BASE_OK)
        say(cli, "%s fact%s explained in %.2f s, %s fault%s", grouped(answers.answered),
            answers.answered == 1 ? "" : "s", answers.seconds, grouped(answers.faults), answers.faults == 1 ? "" : "s");
    *faults = answers.faults;
    return status;
}

/* ---- the command ---- */

/* Exactly one thing to explain, in a format that suits it; else a usage error. */
static bool is_clear(Cli *cli, const Command *command, const Question *question, InsightFormat *format, int *exit_code)
{
    const int count = (question->triple != NULL) + (question->file != NULL) + (question->row.query != NULL);
    if (count != 1 || (question->row.number && !question->row.query))
        *exit_code = usage_error(command, "give a triple, a file of triples by --facts, or a query by --query");
    /* In the shell, `.mode csv` speaks of queries. */
    else if (!explain_format(cli->store ? NULL : cli->output, format))
        *exit_code = usage_error(command, "--output takes text, json, dot or html");
    else if (question->row.query && *format != INSIGHT_TEXT && *format != INSIGHT_JSON)
        *exit_code = usage_error(command, "--output with --query takes text or json");
    else if (question->file && *format == INSIGHT_HTML)
        *exit_code = usage_error(command, "--output with --facts takes text, json or dot");
    else
        return true;
    return false;
}

int command_explain(Cli *cli, const Command *command, int argc, char **argv)
{
    InsightOptions insight = {0};
    uint64_t limit = 0, faults = 0;
    Question question = {0};
    TextList words = {0};
    const Option options[] = {
        {"facts", OPTION_TEXT, &question.file, "FILE", "explain the triple on each line of a TSV; `-` is stdin"},
        {"query", OPTION_TEXT, &question.row.query, "SPARQL", "explain what a row of its answer rests on"},
        {"row", OPTION_POSITIVE, &question.row.number, "N", "which row (default: the first)"},
        {"layers", OPTION_LAYERS, &cli->query.layers, "LAYERS", "what the query sees (default: asserted,inferred)"},
        {"all", OPTION_FLAG, &insight.all, NULL, "every rule that gives it, not one lowest proof"},
        {"forest", OPTION_FLAG, &insight.forest, NULL, "and every rule that gives a conclusion on the way"},
        {"limit", OPTION_COUNT, &limit, "N", "of those at most, for each conclusion (default 20)"},
        {"name", OPTION_TEXT, &insight.model, "NAME", "ask this model (default: the newest ones)"},
        {"no-models", OPTION_FLAG, &insight.no_models, NULL, "ask no model"},
    };
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    InsightFormat format;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 1, 2))
        goto done;
    question.triple = words.count == 2 ? words.items[1] : NULL;
    if (!is_clear(cli, command, &question, &format, &exit_code))
        goto done;
    insight.limit = (size_t)limit;
    store = open_database(cli, words.items[0], false, true, &exit_code);
    if (!store)
        goto done;
    BaseStatus status = kg_read_begin(store, &txn, &err);
    if (status == BASE_OK) {
        if (question.row.query)
            status = explain_row(cli, txn, &question.row, &insight, format, &err);
        else if (question.file)
            status = explain_many(cli, txn, question.file, &insight, format, &faults, &err);
        else
            status = explain_triple(cli, txn, question.triple, &insight, format, &err);
    }
    if (status != BASE_OK)
        exit_code = report_error(cli, &err);
    else if (faults > 0)
        exit_code = EXIT_BAD_INPUT;
done:
    kg_abort(txn);
    close_database(cli, store);
    free(words.items);
    return exit_code;
}
