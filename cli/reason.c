/* reason.c - the command over rules, and rules typed in the shell. */
#include "cli/cli.h"
#include "reasoner/reasoner.h"

#include <stdlib.h>
#include <string.h>

/* ---- reason ---- */

static void print_summary(Cli *cli, const ReasonerReport *report)
{
    clear_progress(cli);
    fprintf(stderr,
            "%s facts in, %s derived, %u round%s, %.2f s wall (%.2f s loading, %.2f s deriving, %.2f s storing), %.2f "
            "s CPU\n",
            grouped(report->facts_in), grouped(report->derived), report->rounds, report->rounds == 1 ? "" : "s",
            report->wall_seconds, report->load_seconds, report->derive_seconds, report->store_seconds,
            report->cpu_seconds);
    if (report->run == 0)
        fprintf(stderr, "nothing was stored\n");
}

/* What an update did; or why it was a full run. */
static void print_update(Cli *cli, const ReasonerReport *report)
{
    if (!report->is_update) {
        print_summary(cli, report);
        if (report->full_because)
            fprintf(stderr, "a full run, as %s\n", report->full_because);
        return;
    }
    clear_progress(cli);
    fprintf(stderr,
            "%s facts changed; of what was inferred %s added, %s deleted, %s changed, %.2f s wall (%.2f deriving, %.2f "
            "storing), %.2f s CPU\n",
            grouped(report->changes), grouped(report->added), grouped(report->deleted), grouped(report->changed),
            report->wall_seconds, report->derive_seconds, report->store_seconds, report->cpu_seconds);
}

static void print_report(Cli *cli, const ReasonerReport *report)
{
    for (size_t i = 0; i < report->predicate_count; i++) {
        const ReasonerPredicateReport *const predicate = &report->predicates[i];
        fprintf(cli->out, "predicate\t%s\t%llu\n", predicate->name,
                (unsigned long long)(predicate->given + predicate->derived));
    }
    for (size_t i = 0; i < report->rule_count; i++) {
        const ReasonerRuleReport *const rule = &report->rules[i];
        fprintf(cli->out, "rule\t%s\t%llu facts\t%llu matches\t%llu rows\t%.3f s\n", rule->name,
                (unsigned long long)rule->facts, (unsigned long long)rule->matches, (unsigned long long)rule->rows,
                rule->seconds);
    }
}

BaseStatus read_latest_rules(KgTxn *txn, BaseArena *arena, ReasonerText **texts, size_t *count, BaseError *err)
{
    KgRun *runs = NULL;
    size_t run_count = 0;
    *count = 0;
    BaseStatus status = kg_runs(txn, "reason", arena, &runs, &run_count, err);
    const KgRun *latest = NULL;
    for (size_t i = 0; status == BASE_OK && i < run_count; i++)
        latest = !latest || runs[i].id > latest->id ? &runs[i] : latest;
    return latest ? reasoner_split_texts(latest->text, latest->name, arena, texts, count, err) : status;
}

/* The rules of a set for this database, and those of the files beside them. */
static BaseStatus parse_ruleset(Cli *cli, KgTxn *txn, const char *name, const TextList *files,
                                const ReasonerParseOptions *options, ReasonerProgram **out, bool *was_told,
                                BaseError *err)
{
    ReasonerRuleset set;
    ReasonerText *texts = NULL;
    const BaseSink sink = error_sink(cli);
    if (!reasoner_find_ruleset(name, &set))
        return base_fail(err, BASE_BAD_CALL, "there is no rule set %s; there are rdfs and owl2-rl", name);
    BaseStatus status = reasoner_read_texts(files->items, files->count, &sink, &texts, err);
    if (status == BASE_OK) {
        status = reasoner_ruleset_program(txn, set, texts, files->count, options, &sink, &cli->job, out, err);
        *was_told = status == BASE_BAD_INPUT;
    }
    reasoner_free_texts(texts, files->count);
    return status;
}

/* The program of files, or, without any, that of the latest run. */
static BaseStatus parse_program(Cli *cli, KgTxn *txn, const TextList *files, const char *ruleset, ReasonerProgram **out,
                                bool *was_told, BaseError *err)
{
    BaseArena arena = {0};
    ReasonerParseOptions options = {0};
    KgPrefix *prefixes = NULL;
    BaseStatus status = kg_prefixes(txn, &arena, &prefixes, &options.prefix_count, err);
    options.prefixes = prefixes;
    const BaseSink sink = error_sink(cli);
    if (status == BASE_OK) {
        if (ruleset) {
            status = parse_ruleset(cli, txn, ruleset, files, &options, out, was_told, err);
        } else if (files->count > 0) {
            status = reasoner_parse_files(files->items, files->count, &options, &sink, out, err);
            *was_told = status == BASE_BAD_INPUT;
        } else {
            ReasonerText *texts = NULL;
            size_t count = 0;
            status = read_latest_rules(txn, &arena, &texts, &count, err);
            if (status == BASE_OK && count == 0)
                status =
                    base_fail(err, BASE_BAD_CALL, "no rules have run on this database yet: -r FILE.rls names some");
            if (status == BASE_OK) {
                status = reasoner_parse_again(txn, texts, count, &options, &sink, &cli->job, out, err);
                *was_told = status == BASE_BAD_INPUT;
            }
        }
    }
    base_arena_free(&arena);
    return status;
}

/* The rules of a set, and those of the files beside them, made and run at once. */
static BaseStatus run_ruleset(Cli *cli, KgTxn *txn, const char *name, const TextList *files,
                              const ReasonerRunOptions *run, ReasonerReport *report, bool *was_told, BaseError *err)
{
    ReasonerRuleset set;
    ReasonerText *texts = NULL;
    BaseArena arena = {0};
    KgPrefix *prefixes = NULL;
    ReasonerParseOptions options = {0};
    if (!reasoner_find_ruleset(name, &set))
        return base_fail(err, BASE_BAD_CALL, "there is no rule set %s; there are rdfs and owl2-rl", name);
    BaseStatus status = kg_prefixes(txn, &arena, &prefixes, &options.prefix_count, err);
    options.prefixes = prefixes;
    if (status == BASE_OK)
        status = reasoner_read_texts(files->items, files->count, run->sink, &texts, err);
    if (status == BASE_OK) {
        status = reasoner_run_ruleset(txn, set, texts, files->count, &options, run, report, &cli->job, err);
        *was_told = status == BASE_BAD_INPUT;
    }
    reasoner_free_texts(texts, files->count);
    base_arena_free(&arena);
    return status;
}

static BaseStatus drop_inferred(Cli *cli, KgTxn **txn, BaseError *err)
{
    uint64_t dropped = 0;
    BaseStatus status = reasoner_drop(*txn, &dropped, err);
    if (status == BASE_OK) {
        status = kg_commit(*txn, err);
        *txn = NULL;
    }
    if (status == BASE_OK)
        say(cli, "dropped %s inferred triples", grouped(dropped));
    return status;
}

int command_reason(Cli *cli, const Command *command, int argc, char **argv)
{
    TextList files = {0}, words = {0};
    const char *ruleset = NULL;
    bool incremental = false, drop = false, report_wanted = false, keep = false, keep_not = false;
    ReasonerRunOptions run = {0};
    const Option options[] = {
        {"r", OPTION_LIST, &files, "FILE.rls", "a file of rules (repeatable); without any: the latest run's rules"},
        {"ruleset", OPTION_TEXT, &ruleset, "NAME",
         "rdfs or owl2-rl: its rules, made for the ontology at hand, beside those of -r"},
        {"incremental", OPTION_FLAG, &incremental, NULL, "update what was inferred by what changed since"},
        {"keep-current", OPTION_FLAG, &keep, NULL, "and let imports and updates do so from now on"},
        {"no-keep-current", OPTION_FLAG, &keep_not, NULL, "and do not let them any more"},
        {"drop", OPTION_FLAG, &drop, NULL, "remove all that was inferred"},
        {"report", OPTION_FLAG, &report_wanted, NULL, "facts per predicate; facts, joins and time per rule"},
        {"dry-run", OPTION_FLAG, &run.is_dry, NULL, "derive and report, but store nothing"},
        {"timeout", OPTION_AMOUNT, &run.seconds_limit, "SECONDS", "stop deriving after so long"},
        {"memory", OPTION_SIZE, &run.memory_limit, "SIZE", "stop when facts need more, as in 512M, 4G"},
    };
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    ReasonerProgram *program = NULL;
    ReasonerReport report = {0};
    BaseError err = {0};
    bool was_told = false;
    const BaseSink sink = error_sink(cli);
    if (!READ_OPTIONS(options, 1, 1))
        goto done;
    if (keep && keep_not) {
        exit_code = usage_error(command, "--keep-current and --no-keep-current exclude each other");
        goto done;
    }
    if (run.is_dry && (drop || incremental || keep || keep_not)) {
        exit_code = usage_error(command, "--dry-run goes with a full run alone");
        goto done;
    }
    store = open_database(cli, words.items[0], false, run.is_dry, &exit_code);
    if (!store)
        goto done;
    stop_safely();
    run.sink = &sink;
    run.keep = keep ? REASONER_KEEP_CURRENT : keep_not ? REASONER_KEEP_NOT : REASONER_KEEP_AS_IT_IS;
    run.warnings = files.count > 0 && !ruleset ? &sink : NULL;
    BaseStatus status = run.is_dry ? kg_read_begin(store, &txn, &err) : kg_write_begin(store, &txn, &err);
    if (status == BASE_OK && drop && files.count == 0 && !ruleset) {
        status = drop_inferred(cli, &txn, &err);
    } else if (status == BASE_OK) {
        const bool makes_and_runs = ruleset && !incremental;
        if (makes_and_runs)
            status = run_ruleset(cli, txn, ruleset, &files, &run, &report, &was_told, &err);
        else if (!incremental || files.count > 0 || ruleset)
            status = parse_program(cli, txn, &files, ruleset, &program, &was_told, &err);
        if (status == BASE_OK && !makes_and_runs)
            status = incremental ? reasoner_update(txn, program, &run, &report, &cli->job, &err)
                                 : reasoner_run(txn, program, &run, &report, &cli->job, &err);
        if (status == BASE_OK && !run.is_dry) {
            status = kg_commit(txn, &err);
            txn = NULL;
        }
        if (status == BASE_OK) {
            if (incremental)
                print_update(cli, &report);
            else
                print_summary(cli, &report);
            if (report_wanted)
                print_report(cli, &report);
            if (cli->output && strcmp(cli->output, "json") == 0)
                status = print_violations(cli, &report, &err);
            if (status == BASE_OK && report.violations_found > 0)
                status =
                    base_fail(&err, BASE_BAD_INPUT, "the data violate the program's constraints in %llu case%s",
                              (unsigned long long)report.violations_found, report.violations_found == 1 ? "" : "s");
        }
    }
    if (status != BASE_OK)
        exit_code = was_told ? exit_code_of(status) : report_error(cli, &err);
done:
    reasoner_report_free(&report);
    reasoner_program_free(program);
    kg_abort(txn);
    close_database(cli, store);
    free(files.items);
    free(words.items);
    return exit_code;
}

/* ---- rules typed in the shell ---- */

/* What the rules typed from `first_line` on gave. */
static void tell_rules(Cli *cli, const ReasonerReport *report, unsigned long first_line)
{
    for (size_t i = 0; i < report->rule_count; i++) {
        const ReasonerRuleReport *const rule = &report->rules[i];
        const size_t name = strlen(TYPED_RULES);
        const bool is_typed = strncmp(rule->place, TYPED_RULES ":", name + 1) == 0;
        if (is_typed && strtoul(rule->place + name + 1, NULL, 10) >= first_line)
            say(cli, "%s: %s new fact%s", rule->name, grouped(rule->facts), rule->facts == 1 ? "" : "s");
    }
}

int try_rules(Cli *cli, KgStore *store, const ReasonerText *texts, size_t count, unsigned long first_line)
{
    KgTxn *txn = NULL;
    BaseArena arena = {0};
    KgPrefix *prefixes = NULL;
    ReasonerParseOptions options = {0};
    ReasonerProgram *program = NULL;
    ReasonerReport report = {0};
    BaseError err = {0};
    bool was_told = false;
    const BaseSink sink = error_sink(cli);
    BaseStatus status = kg_write_begin(store, &txn, &err);
    if (status == BASE_OK)
        status = kg_prefixes(txn, &arena, &prefixes, &options.prefix_count, &err);
    options.prefixes = prefixes;
    if (status == BASE_OK) {
        status = reasoner_parse(texts, count, &options, &sink, &program, &err);
        was_told = status == BASE_BAD_INPUT;
    }
    if (status == BASE_OK)
        status = reasoner_run(txn, program, &(ReasonerRunOptions){.sink = &sink}, &report, &cli->job, &err);
    if (status == BASE_OK) {
        status = kg_commit(txn, &err);
        txn = NULL;
    }
    if (status == BASE_OK)
        tell_rules(cli, &report, first_line);
    reasoner_report_free(&report);
    reasoner_program_free(program);
    base_arena_free(&arena);
    kg_abort(txn);
    if (status == BASE_OK)
        return EXIT_DONE;
    return was_told ? exit_code_of(status) : report_error(cli, &err);
}
