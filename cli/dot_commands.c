/* dot_commands.c - the commands that begin with a dot: one table of them, which help and Tab read as well. */
#include "cli/shell.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int switch_error(Shell *shell, const DotCommand *self)
{
    return shell_complain(shell, "%s takes on or off", self->name);
}

/* ---- Output ---- */

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
        const int exit_code =
            lost ? shell_complain(shell, "%s could not be written whole", shell->output_path) : EXIT_DONE;
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

int close_output(Shell *shell)
{
    return set_output(shell, NULL);
}

/* ---- Commands of the program ---- */

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

/* ---- Settings ---- */

static int run_timer(Shell *shell, const DotCommand *self, const TextList *words)
{
    return set_switch(words->count > 1 ? words->items[1] : NULL, &shell->cli->timer) ? EXIT_DONE
                                                                                     : switch_error(shell, self);
}

static int run_bail(Shell *shell, const DotCommand *self, const TextList *words)
{
    bool stops = true;
    if (!set_switch(words->count > 1 ? words->items[1] : NULL, &stops))
        return switch_error(shell, self);
    shell->goes_on = !stops;
    return EXIT_DONE;
}

static int unknown_mode(Shell *shell, const char *word)
{
    BaseError err = {0};
    size_t count = 0;
    while (result_format_names[count])
        count++;
    const char *const near = base_nearest(word, result_format_names, count);
    base_fail(&err, BASE_BAD_CALL, "unknown mode \"%s\"", word);
    if (near)
        base_hint(&err, "did you mean %s?", near);
    else
        base_hint(&err, "there are table, tsv, csv, json, xml, markdown, ntriples and turtle");
    return report_error(shell->cli, &err);
}

static int run_mode(Shell *shell, const DotCommand *self, const TextList *words)
{
    (void)self;
    Cli *const cli = shell->cli;
    if (words->count < 2) {
        fprintf(cli->out, "%s\n", cli->output ? cli->output : "table on a terminal, else tsv");
        return EXIT_DONE;
    }
    for (size_t i = 0; result_format_names[i]; i++)
        if (strcmp(result_format_names[i], words->items[1]) == 0) {
            cli->output = result_format_names[i];
            return EXIT_DONE;
        }
    return unknown_mode(shell, words->items[1]);
}

static int run_timeout(Shell *shell, const DotCommand *self, const TextList *words)
{
    double *const seconds = &shell->cli->query.timeout;
    const char *const word = words->count > 1 ? words->items[1] : NULL;
    if (!word)
        fprintf(shell->cli->out, *seconds > 0 ? "%g seconds\n" : "off\n", *seconds);
    else if (strcmp(word, "off") == 0)
        *seconds = 0;
    else if (!base_parse_double(word, 1e-3, 1e9, seconds))
        return shell_complain(shell, "%s takes seconds, or off", self->name);
    return EXIT_DONE;
}

static int run_memory(Shell *shell, const DotCommand *self, const TextList *words)
{
    uint64_t *const bytes = &shell->cli->query.memory;
    const char *const word = words->count > 1 ? words->items[1] : NULL;
    if (!word)
        fprintf(shell->cli->out, *bytes ? "%s bytes\n" : "off\n", grouped(*bytes));
    else if (strcmp(word, "off") == 0)
        *bytes = 0;
    else if (!parse_size(word, bytes))
        return shell_complain(shell, "%s takes a size such as 256M or 4G, or off", self->name);
    return EXIT_DONE;
}

static int run_layers(Shell *shell, const DotCommand *self, const TextList *words)
{
    static const char *const names[KG_LAYERS] = {"asserted", "inferred", "predicted", "observed"};
    unsigned *const layers = &shell->cli->query.layers;
    if (words->count > 1)
        return parse_layers(words->items[1], layers)
                   ? EXIT_DONE
                   : shell_complain(shell, "%s takes layers such as asserted,inferred,predicted,observed, or all",
                                    self->name);
    const unsigned seen = *layers ? *layers : KG_FACTS;
    const char *between = "";
    for (int layer = 0; layer < KG_LAYERS; layer++)
        if (seen & KG_IN(layer)) {
            fprintf(shell->cli->out, "%s%s", between, names[layer]);
            between = ",";
        }
    fputc('\n', shell->cli->out);
    return EXIT_DONE;
}

static int run_output(Shell *shell, const DotCommand *self, const TextList *words)
{
    (void)self;
    return set_output(shell, words->count > 1 ? words->items[1] : NULL);
}

/* ---- What is there ---- */

static int run_schema(Shell *shell, const DotCommand *self, const TextList *words)
{
    (void)self;
    return show_schema(shell, words->count > 1 ? words->items[1] : NULL);
}

static int run_prefix(Shell *shell, const DotCommand *self, const TextList *words)
{
    if (words->count != 1 && words->count != 3)
        return shell_complain(shell, "%s takes a prefix and its IRI, or nothing to show those that there are",
                              self->name);
    return show_or_put_prefix(shell, words);
}

static int run_rules(Shell *shell, const DotCommand *self, const TextList *words)
{
    (void)self;
    if (words->count < 2)
        return show_rules(shell);
    char *text = NULL;
    size_t length = 0;
    BaseError err = {0};
    if (base_read_file(words->items[1], &text, &length, &err) != BASE_OK)
        return report_error(shell->cli, &err);
    const int exit_code = run_typed_rule(shell, text, length);
    free(text);
    return exit_code;
}

/* ---- Elsewhere ---- */

static int run_open(Shell *shell, const DotCommand *self, const TextList *words)
{
    return words->count > 1 ? open_shell_store(shell, words->items[1], false)
                            : shell_complain(shell, "%s takes a database folder", self->name);
}

static int run_read(Shell *shell, const DotCommand *self, const TextList *words)
{
    return words->count > 1 ? shell_run_file(shell, words->items[1])
                            : shell_complain(shell, "%s takes a file", self->name);
}

static int run_quit(Shell *shell, const DotCommand *self, const TextList *words)
{
    (void)self;
    (void)words;
    shell->quits = true;
    return EXIT_DONE;
}

/* `.profile SELECT ...` is a statement (statement.c); what comes here is none. */
static int run_profile(Shell *shell, const DotCommand *self, const TextList *words)
{
    (void)words;
    return shell_complain(shell, "%s takes a SPARQL query, as in .profile SELECT * { ?s ?p ?o };", self->name);
}

static int run_help(Shell *shell, const DotCommand *self, const TextList *words);

const DotCommand dot_commands[] = {
    {".import", "FILE...", "add triples of files", TAKES_FILES, NULL, NULL},
    {".export", "[options]", "write the triples", TAKES_FILES, NULL, NULL},
    {".schema", "[NAME]", "classes and predicates, counted", TAKES_FACT, run_schema,
     "With NAME only classes and predicates whose name has that in it. Below each class stand the predicates of its\n"
     "members, most used first; behind each predicate what its subjects and objects are, where that is known.\n"},
    {".prefix", "[NAME IRI]", "show, or declare, prefixes", TAKES_PREFIX, run_prefix,
     "A prefix declared so is the database's: every later query knows it, and Tab completes by it.\n"},
    {".search", "WORDS", "entities by their labels", TAKES_NOTHING, NULL, NULL},
    {".explain", "H R T | SPARQL;", "why a triple holds, or how a query will be run", TAKES_FACT, NULL,
     "Of a query: .explain SELECT ... ; shows its plan and runs nothing.\n\n"},
    {".profile", "SPARQL;", "run a query, show where its time went", TAKES_NOTHING, run_profile, NULL},
    {".rules", "[FILE]", "show, or add, rules", TAKES_FILES, run_rules, NULL},
    {".reason", "[-r FILE]...", "derive what follows", TAKES_FILES, NULL, NULL},
    {".train", "--model transe ...", "train an embedding", TAKES_FILES, NULL, NULL},
    {".evaluate", "--name M --test FILE", "rank test triples", TAKES_FILES, NULL, NULL},
    {".predict", "--name M H R ?", "what is probably missing", TAKES_FACT, NULL, NULL},
    {".link", "--text '...'", "entities in a text", TAKES_FILES, NULL, NULL},
    {".mode", "[FORMAT]", "show, or set, the format of results", TAKES_FORMAT, run_mode,
     "FORMAT is table, tsv, csv, json, xml, markdown, and for CONSTRUCT and DESCRIBE ntriples or turtle.\n"},
    {".output", "[FILE]", "send results to a file, or back here", TAKES_FILES, run_output, NULL},
    {".timer", "on|off", "tell how long statements take", TAKES_SWITCH, run_timer, NULL},
    {".timeout", "[SECONDS|off]", "stop queries that take longer", TAKES_LIMIT, run_timeout, NULL},
    {".memory", "[SIZE|off]", "stop queries that keep more in memory", TAKES_LIMIT, run_memory, NULL},
    {".layers", "[LAYERS]", "which layers queries see", TAKES_LAYERS, run_layers,
     "asserted, inferred, predicted, observed, with commas between them, or all; asserted,inferred at first.\n"},
    {".bail", "on|off", "scripts stop at errors, or go on", TAKES_SWITCH, run_bail, NULL},
    {".read", "FILE", "run a file of statements", TAKES_FILES, run_read, NULL},
    {".open", "DB", "go to another database", TAKES_FILES, run_open, NULL},
    {".stats", "", "figures of the database", TAKES_NOTHING, NULL, NULL},
    {".check", "", "verify the database", TAKES_NOTHING, NULL, NULL},
    {".help", "[COMMAND]", "this list, or more on a command", TAKES_COMMAND, run_help, NULL},
    {".quit", "", "leave, as Ctrl-D does", TAKES_NOTHING, run_quit, NULL},
};
const size_t dot_command_count = sizeof dot_commands / sizeof *dot_commands;

/* ---- Finding and helping ---- */

const DotCommand *find_dot_command(const char *name, size_t length)
{
    if (length == 5 && memcmp(name, ".exit", 5) == 0)
        name = ".quit";
    for (size_t i = 0; i < dot_command_count; i++)
        if (strlen(dot_commands[i].name) == length && memcmp(dot_commands[i].name, name, length) == 0)
            return &dot_commands[i];
    return NULL;
}

static int unknown_command(Shell *shell, const char *name)
{
    const char *names[sizeof dot_commands / sizeof *dot_commands];
    for (size_t i = 0; i < dot_command_count; i++)
        names[i] = dot_commands[i].name;
    BaseError err = {0};
    const char *const near = base_nearest(name, names, dot_command_count);
    base_fail(&err, BASE_BAD_CALL, "unknown command %s", name);
    base_hint(&err, near ? "did you mean %s?" : "%s.help lists the commands", near ? near : "");
    return report_error(shell->cli, &err);
}

/* A command's words: what it takes, and of one of the program's commands its options. */
static int help_with(Shell *shell, const char *word)
{
    char name[32];
    snprintf(name, sizeof name, "%s%s", word[0] == '.' ? "" : ".", word);
    const DotCommand *const found = find_dot_command(name, strlen(name));
    const Command *const command = find_command(name + 1);
    if (!found && !command)
        return unknown_command(shell, name);
    if (found)
        fprintf(shell->cli->out, "%s %s\n%s\n%s%s", found->name, found->usage, found->summary,
                found->details ? "\n" : "", found->details ? found->details : "");
    if (!command || (found && found->run))
        return EXIT_DONE;
    char option[] = "--help", *arguments[] = {option, NULL};
    fputs(found ? "\nOptions, as of the command below without its DB:\n" : "", shell->cli->out);
    fflush(shell->cli->out);
    return command->run(shell->cli, command, 1, arguments);
}

static int run_help(Shell *shell, const DotCommand *self, const TextList *words)
{
    (void)self;
    FILE *const out = shell->cli->out;
    if (words->count > 1)
        return help_with(shell, words->items[1]);
    fputs("A SPARQL statement ends at a blank line, or at a line's end behind ; once its braces balance.\n"
          "A SPARQL update is a transaction of its own: all of it is done, or nothing.\n"
          "A rule or fact ends with a full stop:   grandparent(?x, ?z) :- parent(?x, ?y), parent(?y, ?z).\n\n",
          out);
    for (size_t i = 0; i < dot_command_count; i++) {
        const int used = fprintf(out, "  %s %s", dot_commands[i].name, dot_commands[i].usage);
        fprintf(out, "%*s%s\n", used < 32 ? 32 - used : 1, "", dot_commands[i].summary);
    }
    return fputs("\nTab completes commands, files, words of SPARQL and the database's names; a part of a label finds\n"
                 "its entity. Alt-Enter begins a new line, Ctrl-R looks into the history, Ctrl-C stops a statement.\n",
                 out) >= 0
               ? EXIT_DONE
               : EXIT_MACHINE;
}

static int run_words(Shell *shell, const TextList *words)
{
    const char *name = words->items[0];
    if (name[0] != '.') /* help, quit, exit */
        name = name[0] == 'h' ? ".help" : ".quit";
    const DotCommand *const found = find_dot_command(name, strlen(name));
    if (found && found->run)
        return found->run(shell, found, words);
    const Command *const command = find_command(name + 1);
    if (command)
        return run_batch_command(shell, command, words);
    if (is_later_command(name + 1))
        return shell_complain(shell, "the command %s is not there yet", name);
    return unknown_command(shell, name);
}

int run_dot_command(Shell *shell, const char *text, size_t length)
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
