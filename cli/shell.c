/* shell.c - the `kgq` shell: takes statements line by line and runs each, from a terminal (prompt.c), a pipe or a file.
 * Ctrl-C in a running statement cancels that and not the shell. */
#include "cli/shell.h"

#include "cli/pager.h"
#include "cli/statement.h"

#include <ctype.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEEPEST_READ 16

const char *const shell_commands[] = {".help",  ".import",   ".export",  ".rules", ".reason", ".explain",
                                      ".train", ".evaluate", ".predict", ".link",  ".search", ".mode",
                                      ".timer", ".schema",   ".stats",   ".check", ".prefix", ".open",
                                      ".read",  ".output",   ".bail",    ".quit",  NULL};

static const char help_text[] =
    "A SPARQL statement ends at a blank line, or at a line's end behind ; once its braces balance.\n"
    "A SPARQL update is a transaction of its own: all of it is done, or nothing.\n"
    "A rule or fact ends with a full stop:   grandparent(?x, ?z) :- parent(?x, ?y), parent(?y, ?z).\n"
    "\n"
    "  .import FILE...          add triples                 .schema                predicates and classes, counted\n"
    "  .rules [FILE]            show, or add, rules         .prefix [NAME IRI]     show, or declare, prefixes\n"
    "  .reason [-r FILE]...     derive what follows         .mode [FORMAT]         table, tsv, csv, json, xml, ...\n"
    "  .explain H R T           why a triple holds          .timer on|off          print how long statements take\n"
    "  .train --model transe    train an embedding          .output [FILE]         send results to a file\n"
    "  .predict --name M H R ?  what is probably missing    .read FILE             run a file of statements\n"
    "  .link --text '...'       entities in a text          .open DB               another database\n"
    "  .search WORDS            entities by their labels    .bail on|off           scripts stop at errors, or go on\n"
    "  .stats  .check  .export  .evaluate                   .quit                  or Ctrl-D\n"
    "Tab completes commands, files and the database's names. Every command takes --help.\n";

/* ---- results: paged on a terminal, or into a file ---- */

/* Makes cli->out a pager where that fits; returns what it was before. */
static FILE *begin_results(Shell *shell)
{
    FILE *const before = shell->cli->out;
    const char *const pager = getenv("PAGER");
    const bool wants_none = pager && !*pager;
    FILE *const paged = shell->cli->out_is_terminal && !shell->is_script && !wants_none ? pager_open() : NULL;
    if (paged)
        shell->cli->out = paged;
    return before;
}

static void end_results(Shell *shell, FILE *before)
{
    if (shell->cli->out != before)
        fclose(shell->cli->out);
    else
        fflush(before);
    shell->cli->out = before;
}

/* ---- statements ---- */

static int run_typed_update(Shell *shell, const char *text, size_t length)
{
    BaseError err = {0};
    const BaseStatus status = run_update(shell->cli, shell->cli->store, text, length, "<update>", &err);
    return status == BASE_OK ? EXIT_DONE : report_error(shell->cli, &err);
}

static int run_sparql(Shell *shell, const char *text, size_t length)
{
    BaseError err = {0};
    uint64_t rows = 0;
    const double began = base_wall_seconds();
    FILE *const before = begin_results(shell);
    const BaseStatus status =
        run_query(shell->cli, shell->cli->store, text, length, "<query>", shell->cli->out, &rows, &err);
    end_results(shell, before);
    if (status != BASE_OK)
        return report_error(shell->cli, &err);
    if (shell->cli->timer)
        say(shell->cli, "%s row%s, %.1f ms", grouped(rows), rows == 1 ? "" : "s", (base_wall_seconds() - began) * 1e3);
    return EXIT_DONE;
}

static void forget_rules(Shell *shell)
{
    base_buffer_free(&shell->rules);
    base_arena_free(&shell->base_memory);
    shell->base_texts = NULL;
    shell->base_count = 0;
    shell->has_base = false;
}

/* A typed rule adds to what the database derives already, so the rules behind that run along. */
static BaseStatus find_base_rules(Shell *shell, BaseError *err)
{
    KgTxn *txn = NULL;
    uint64_t inferred = 0;
    BaseStatus status = kg_read_begin(shell->cli->store, &txn, err);
    if (status == BASE_OK)
        status = kg_count(txn, KG_IN(KG_INFERRED), (KgTriple){0}, &inferred, err);
    if (status == BASE_OK && inferred > 0)
        status = read_latest_rules(txn, &shell->base_memory, &shell->base_texts, &shell->base_count, err);
    kg_abort(txn);
    shell->has_base = status == BASE_OK;
    return status;
}

static int run_rule(Shell *shell, const char *text, size_t length)
{
    const size_t before = shell->rules.count;
    unsigned long first_line = 1;
    for (size_t i = 0; i < before; i++)
        first_line += shell->rules.items[i] == '\n';
    BaseError err = {0};
    BaseStatus status = shell->has_base ? BASE_OK : find_base_rules(shell, &err);
    if (status == BASE_OK &&
        (!base_buffer_add(&shell->rules, text, length) || !base_buffer_add(&shell->rules, "\n", 1)))
        status = base_fail(&err, BASE_NO_MEMORY, "no memory for the rule");
    ReasonerText *const texts = calloc(shell->base_count + 1, sizeof *texts);
    if (status == BASE_OK && !texts)
        status = base_fail(&err, BASE_NO_MEMORY, "no memory for the rule");
    int exit_code = EXIT_DONE;
    if (status == BASE_OK) {
        if (shell->base_count > 0)
            memcpy(texts, shell->base_texts, shell->base_count * sizeof *texts);
        texts[shell->base_count] =
            (ReasonerText){.name = TYPED_RULES, .text = shell->rules.items, .length = shell->rules.count};
        exit_code = try_rules(shell->cli, shell->cli->store, texts, shell->base_count + 1, first_line);
    } else {
        exit_code = report_error(shell->cli, &err);
    }
    if (exit_code != EXIT_DONE && shell->rules.items) { /* a rule that fails is not kept */
        shell->rules.count = before;
        shell->rules.items[before] = '\0';
    }
    free(texts);
    return exit_code;
}

/* ---- commands ---- */

static int complain(Shell *shell, const char *format, const char *word)
{
    BaseError err = {0};
    base_fail(&err, BASE_BAD_CALL, format, word);
    return report_error(shell->cli, &err);
}

static bool set_switch(const char *word, bool *out)
{
    if (word && strcmp(word, "on") == 0)
        *out = true;
    else if (word && strcmp(word, "off") == 0)
        *out = false;
    else
        return false;
    return true;
}

static int set_output(Shell *shell, const char *path)
{
    if (shell->output_path) {
        const bool lost = fclose(shell->cli->out) != 0;
        shell->cli->out = stdout;
        shell->cli->out_is_terminal = isatty(STDOUT_FILENO);
        const int exit_code = lost ? complain(shell, "%s could not be written whole", shell->output_path) : EXIT_DONE;
        free(shell->output_path);
        shell->output_path = NULL;
        if (exit_code != EXIT_DONE)
            return exit_code;
    }
    if (!path)
        return EXIT_DONE;
    FILE *const file = fopen(path, "w");
    shell->output_path = file ? strdup(path) : NULL;
    if (!shell->output_path) {
        BaseError err = {0};
        base_fail_errno(&err, "cannot write %s", path);
        if (file)
            fclose(file);
        return report_error(shell->cli, &err);
    }
    shell->cli->out = file;
    shell->cli->out_is_terminal = false;
    return EXIT_DONE;
}

static void close_store(Shell *shell)
{
    kg_close(shell->cli->store);
    shell->cli->store = NULL;
    if (shell->is_temporary && shell->path)
        base_remove(shell->path, NULL);
    free(shell->path);
    shell->path = NULL;
    shell->is_temporary = false;
}

static int open_store(Shell *shell, const char *path, bool is_temporary)
{
    KgStore *store = NULL;
    BaseError err = {0};
    char *const copy = strdup(path);
    if (!copy)
        return report_error(shell->cli, &(BaseError){.status = BASE_NO_MEMORY, .message = "no memory"});
    if (kg_open(path, &(KgOptions){.create = is_temporary}, &store, &err) != BASE_OK) {
        free(copy);
        return report_error(shell->cli, &err);
    }
    close_store(shell);
    shell->cli->store = store;
    shell->path = copy;
    shell->is_temporary = is_temporary;
    forget_rules(shell);
    return EXIT_DONE;
}

static int open_temporary(Shell *shell)
{
    const char *const folder = getenv("TMPDIR");
    char *path = base_join_path(folder && *folder ? folder : "/tmp", "kgq-XXXXXX");
    int exit_code;
    if (!path || !mkdtemp(path)) {
        BaseError err = {0};
        base_fail_errno(&err, "cannot make a temporary database");
        exit_code = report_error(shell->cli, &err);
    } else {
        exit_code = open_store(shell, path, true);
    }
    free(path);
    return exit_code;
}

static int show_schema(Shell *shell)
{
    static const char classes[] = "SELECT ?class (COUNT(?x) AS ?instances) WHERE { ?x "
                                  "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> ?class } GROUP BY ?class "
                                  "ORDER BY DESC(?instances) LIMIT 50";
    KgTxn *txn = NULL;
    KgPredicateCount *counts = NULL;
    size_t count = 0;
    BaseBuffer name = {0};
    BaseError err = {0};
    BaseStatus status = kg_read_begin(shell->cli->store, &txn, &err);
    if (status == BASE_OK)
        status = kg_predicate_counts(txn, &counts, &count, &err);
    FILE *const out = shell->cli->out;
    if (status == BASE_OK && count > 0)
        fprintf(out, "%12s %12s %12s %12s  predicate\n", "asserted", "inferred", "predicted", "observed");
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        name.count = 0;
        status = kg_write_term(txn, counts[i].predicate, KG_SYNTAX_NAME, &name, &err);
        if (status == BASE_OK)
            fprintf(out, "%12s %12s %12s %12s  %s\n", grouped(counts[i].asserted), grouped(counts[i].inferred),
                    grouped(counts[i].predicted), grouped(counts[i].observed), name.items);
    }
    const bool is_empty = count == 0;
    free(counts);
    base_buffer_free(&name);
    kg_abort(txn);
    if (status != BASE_OK)
        return report_error(shell->cli, &err);
    if (is_empty)
        fputs("the database is empty: .import FILE adds triples\n", out);
    return run_sparql(shell, classes, sizeof classes - 1);
}

static int do_prefix(Shell *shell, const TextList *words)
{
    KgTxn *txn = NULL;
    BaseArena arena = {0};
    BaseError err = {0};
    BaseStatus status;
    if (words->count == 3) {
        char *const prefix = strdup(words->items[1]);
        const char *iri = words->items[2];
        size_t length = strlen(iri);
        if (prefix && *prefix && prefix[strlen(prefix) - 1] == ':')
            prefix[strlen(prefix) - 1] = '\0';
        if (length > 1 && iri[0] == '<' && iri[length - 1] == '>') {
            iri++;
            length -= 2;
        }
        char *const bare = base_arena_copy(&arena, iri, length);
        status = prefix && bare ? kg_write_begin(shell->cli->store, &txn, &err)
                                : base_fail(&err, BASE_NO_MEMORY, "no memory for a prefix");
        if (status == BASE_OK)
            status = kg_put_prefix(txn, prefix, bare, &err);
        if (status == BASE_OK) {
            status = kg_commit(txn, &err);
            txn = NULL;
        }
        free(prefix);
    } else {
        KgPrefix *prefixes = NULL;
        size_t count = 0;
        status = kg_read_begin(shell->cli->store, &txn, &err);
        if (status == BASE_OK)
            status = kg_prefixes(txn, &arena, &prefixes, &count, &err);
        for (size_t i = 0; i < count && status == BASE_OK; i++)
            fprintf(shell->cli->out, "%s:\t<%s>\n", prefixes[i].prefix, prefixes[i].iri);
    }
    kg_abort(txn);
    base_arena_free(&arena);
    return status == BASE_OK ? EXIT_DONE : report_error(shell->cli, &err);
}

static int do_rules(Shell *shell, const char *path)
{
    if (!path) {
        fputs(shell->rules.count ? shell->rules.items : "no rules yet: type one, or .rules FILE\n", shell->cli->out);
        return EXIT_DONE;
    }
    char *text = NULL;
    size_t length = 0;
    BaseError err = {0};
    if (base_read_file(path, &text, &length, &err) != BASE_OK)
        return report_error(shell->cli, &err);
    const int exit_code = run_rule(shell, text, length);
    free(text);
    return exit_code;
}

/* Batch commands take the database as their first word, and a fact as one word: `.explain a r b` is joined here. */
static int run_batch_command(Shell *shell, const Command *command, const TextList *words)
{
    Cli *const cli = shell->cli;
    const bool takes_fact = strcmp(command->name, "explain") == 0 || strcmp(command->name, "predict") == 0;
    TextList arguments = {0};
    BaseBuffer fact = {0};
    size_t in_fact = 0;
    bool has_memory = true;
    if (strcmp(command->name, "datasets") != 0 && strcmp(command->name, "classifier") != 0)
        has_memory = BASE_PUSH(&arguments, shell->path);
    for (size_t i = 1; i < words->count && has_memory; i++) {
        const char *const word = words->items[i];
        const bool is_option = word[0] == '-' && word[1];
        if (takes_fact && !is_option && !(i > 1 && words->items[i - 1][0] == '-' && words->items[i - 1][1]))
            has_memory = base_buffer_format(&fact, "%s%s", in_fact++ ? "\t" : "", word);
        else
            has_memory = BASE_PUSH(&arguments, word);
    }
    if (fact.count)
        has_memory = has_memory && BASE_PUSH(&arguments, fact.items);
    int exit_code = EXIT_MACHINE;
    if (has_memory) {
        const Cli before = *cli;
        FILE *const out = begin_results(shell);
        exit_code = command->run(cli, command, (int)arguments.count, (char **)arguments.items);
        end_results(shell, out);
        cli->quiet = before.quiet;
        cli->seed = before.seed;
        cli->output = before.output;
        cli->query = before.query;
        cli->job.report = before.job.report;
        cli->job.threads = before.job.threads;
        if (strcmp(command->name, "reason") == 0)
            forget_rules(shell); /* the run just made is what typed rules add to from now on */
    }
    base_buffer_free(&fact);
    free(arguments.items);
    return exit_code;
}

static int run_file(Shell *shell, const char *path);

static int run_words(Shell *shell, const TextList *words)
{
    const char *name = words->items[0];
    if (name[0] != '.') /* help, quit, exit */
        name = name[0] == 'h' ? ".help" : ".quit";
    const char *const word = words->count > 1 ? words->items[1] : NULL;
    Cli *const cli = shell->cli;
    if (strcmp(name, ".help") == 0)
        return fputs(help_text, cli->out) >= 0 ? EXIT_DONE : EXIT_MACHINE;
    if (strcmp(name, ".quit") == 0 || strcmp(name, ".exit") == 0) {
        shell->quits = true;
        return EXIT_DONE;
    }
    if (strcmp(name, ".rules") == 0)
        return do_rules(shell, word);
    if (strcmp(name, ".schema") == 0)
        return show_schema(shell);
    if (strcmp(name, ".prefix") == 0)
        return do_prefix(shell, words);
    if (strcmp(name, ".output") == 0)
        return set_output(shell, word);
    if (strcmp(name, ".timer") == 0)
        return set_switch(word, &cli->timer) ? EXIT_DONE : complain(shell, "%s takes on or off", name);
    if (strcmp(name, ".bail") == 0) {
        bool stops = true;
        if (!set_switch(word, &stops))
            return complain(shell, "%s takes on or off", name);
        shell->goes_on = !stops;
        return EXIT_DONE;
    }
    if (strcmp(name, ".mode") == 0) {
        static char mode[16];
        KgResultFormat unused;
        const char *const before = cli->output;
        if (!word) {
            fprintf(cli->out, "%s\n", cli->output ? cli->output : "table on a terminal, else tsv");
            return EXIT_DONE;
        }
        cli->output = word;
        if (!result_format(cli, KG_SELECT, &unused)) {
            cli->output = before;
            return complain(shell, "unknown mode \"%s\": table, tsv, csv, json, xml, markdown, ntriples, turtle", word);
        }
        snprintf(mode, sizeof mode, "%s", word);
        cli->output = mode;
        return EXIT_DONE;
    }
    if (strcmp(name, ".open") == 0)
        return word ? open_store(shell, word, false) : complain(shell, "%s takes a database folder", name);
    if (strcmp(name, ".read") == 0)
        return word ? run_file(shell, word) : complain(shell, "%s takes a file", name);
    const Command *const command = find_command(name + 1);
    if (command)
        return run_batch_command(shell, command, words);
    if (is_later_command(name + 1))
        return complain(shell, "the command %s is not there yet", name);
    size_t count = 0;
    while (shell_commands[count])
        count++;
    BaseError err = {0};
    const char *const near = base_nearest(name, shell_commands, count);
    base_fail(&err, BASE_BAD_CALL, "unknown command %s", name);
    base_hint(&err, near ? "did you mean %s?" : "%s.help lists the commands", near ? near : "");
    return report_error(cli, &err);
}

static int run_dot_command(Shell *shell, const char *text, size_t length)
{
    BaseArena arena = {0};
    TextList words = {0};
    BaseError err = {0};
    int exit_code;
    char *const line = base_arena_copy(&arena, text, length);
    const BaseStatus status =
        line ? split_words(line, &arena, &words, &err) : base_fail(&err, BASE_NO_MEMORY, "no memory for a command");
    if (status != BASE_OK)
        exit_code = report_error(shell->cli, &err);
    else
        exit_code = words.count ? run_words(shell, &words) : EXIT_DONE;
    free(words.items);
    base_arena_free(&arena);
    return exit_code;
}

/* Runs one whole statement. */
static int run_statement(Shell *shell, const char *text, size_t length)
{
    const StatementKind kind = statement_kind(text, length);
    const size_t end = statement_length(kind, text, length);
    atomic_store(&shell->cli->job.cancelled, false);
    switch (kind) {
    case STATEMENT_EMPTY:
        return EXIT_DONE;
    case STATEMENT_COMMAND: {
        const size_t start = statement_start(text, length);
        return run_dot_command(shell, text + start, end - start);
    }
    case STATEMENT_SPARQL:
        return statement_is_update(text, end) ? run_typed_update(shell, text, end) : run_sparql(shell, text, end);
    case STATEMENT_RULE:
        return run_rule(shell, text, end);
    }
    return EXIT_DONE;
}

/* Nothing of SPARQL or of a rule begins a line with the name of a shell command: the statement before it was forgotten,
 * or never meant as one. */
static bool is_command_line(const BaseBuffer *text, const char *line, size_t length)
{
    size_t word = 0;
    while (word < length && !isspace((unsigned char)line[word]))
        word++;
    for (size_t i = 0; shell_commands[i]; i++)
        if (strlen(shell_commands[i]) == word && memcmp(shell_commands[i], line, word) == 0)
            return !statement_is_in_string(statement_kind(text->items, text->count), text->items, text->count);
    return false;
}

static int drop_unfinished(Shell *shell, BaseBuffer *text)
{
    BaseError err = {0};
    const bool is_rule = statement_kind(text->items, text->count) == STATEMENT_RULE;
    base_fail_at(&err, BASE_BAD_INPUT, base_source_at("<statement>", text->items, text->count, text->count - 1, 1),
                 "expected the end of this statement (%s), found a command",
                 is_rule ? "a full stop" : "; or a blank line");
    text->count = 0;
    return report_error(shell->cli, &err);
}

int shell_take_line(Shell *shell, BaseBuffer *text, const char *line, size_t length)
{
    if (text->count > 0 && is_command_line(text, line, length)) {
        const int exit_code = drop_unfinished(shell, text);
        if (shell->is_script && !shell->goes_on)
            return exit_code;
        (void)shell_take_line(shell, text, line, length);
        return exit_code;
    }
    if (!base_buffer_add(text, line, length) || !base_buffer_add(text, "\n", 1))
        return report_error(shell->cli, &(BaseError){.status = BASE_NO_MEMORY, .message = "no memory for a statement"});
    const StatementKind kind = statement_kind(text->items, text->count);
    if (kind == STATEMENT_EMPTY) {
        text->count = 0;
        return EXIT_DONE;
    }
    if (!statement_is_whole(kind, text->items, text->count))
        return EXIT_DONE;
    const int exit_code = run_statement(shell, text->items, text->count);
    text->count = 0;
    return exit_code;
}

static bool stops_at(const Shell *shell, int exit_code)
{
    return shell->quits || (exit_code != EXIT_DONE && !shell->goes_on);
}

static int run_input(Shell *shell, BaseInput *input)
{
    BaseBuffer text = {0};
    BaseError err = {0};
    int exit_code = EXIT_DONE;
    BaseStatus status = BASE_OK;
    while (!stops_at(shell, exit_code)) {
        const char *line;
        size_t length;
        status = base_input_line(input, &line, &length, &err);
        if (status != BASE_OK)
            break;
        const int code = shell_take_line(shell, &text, line, length);
        if (code != EXIT_DONE)
            exit_code = code;
    }
    if (status != BASE_OK && status != BASE_END)
        exit_code = report_error(shell->cli, &err);
    else if (status == BASE_END && text.count > 0) {
        const int code = run_statement(shell, text.items, text.count);
        if (code != EXIT_DONE)
            exit_code = code;
    }
    base_buffer_free(&text);
    return exit_code;
}

static int run_file(Shell *shell, const char *path)
{
    BaseInput *input = NULL;
    BaseError err = {0};
    if (shell->read_depth >= DEEPEST_READ)
        return complain(shell, "%s: too many files that read each other", path);
    if (base_input_open(path, &input, &err) != BASE_OK)
        return report_error(shell->cli, &err);
    shell->read_depth++;
    const int exit_code = run_input(shell, input);
    shell->read_depth--;
    base_input_close(input);
    return exit_code;
}

int run_shell(Cli *cli, const char *path)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a pager that was left early must not end the shell */
    Shell shell = {.cli = cli, .is_script = !isatty(STDIN_FILENO)};
    int exit_code = path ? open_store(&shell, path, false) : open_temporary(&shell);
    if (exit_code == EXIT_DONE && !shell.is_script) {
        exit_code = run_prompt(&shell);
    } else if (exit_code == EXIT_DONE) {
        BaseInput *input = NULL;
        BaseError err = {0};
        if (base_input_open("-", &input, &err) != BASE_OK)
            exit_code = report_error(cli, &err);
        else
            exit_code = run_input(&shell, input);
        base_input_close(input);
    }
    const int output_code = set_output(&shell, NULL);
    close_store(&shell);
    forget_rules(&shell);
    return exit_code != EXIT_DONE ? exit_code : output_code;
}
