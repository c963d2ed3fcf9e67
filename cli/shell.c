/* shell.c - the `kgq` shell: takes statements line by line and runs each, from a terminal (prompt.c), a pipe or a file.
 * Ctrl-C in a running statement cancels that and not the shell. */
#include "cli/shell.h"

#include <ctype.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEEPEST_READ 16

int shell_complain(Shell *shell, const char *format, const char *word)
{
    BaseError err = {0};
    base_fail(&err, BASE_BAD_CALL, format, word);
    return report_error(shell->cli, &err);
}

/* ---- Whole statements ---- */

/* The query without `.explain` or `.profile` and without comments that are not SPARQL's before it: blanks stand in
 * their place, so that an error's place is where it was typed. */
static char *blank_start(const char *text, size_t length)
{
    char *const copy = strndup(text, length);
    const size_t explained = explained_length(text, length);
    const size_t end = explained ? explained : statement_start(text, length);
    for (size_t i = 0; copy && i < end; i++)
        copy[i] = copy[i] == '\n' ? '\n' : ' ';
    return copy;
}

static int run_sparql(Shell *shell, const char *text, size_t length)
{
    const size_t start = statement_start(text, length);
    const bool is_explained = explained_length(text, length) > 0;
    char *const query = blank_start(text, length);
    if (!query)
        return report_error(shell->cli, &(BaseError){.status = BASE_NO_MEMORY, .message = "no memory for a statement"});
    const bool is_update = statement_is_update(query, length);
    if (is_explained)
        shell->cli->query.explain = text[start + 1] == 'e' ? KG_EXPLAIN_PLAN : KG_EXPLAIN_PROFILE;
    const int exit_code = is_update ? run_typed_update(shell, query, length) : run_typed_query(shell, query, length);
    shell->cli->query.explain = KG_EXPLAIN_NONE;
    free(query);
    return exit_code;
}

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
        return run_sparql(shell, text, end);
    case STATEMENT_RULE:
        return run_typed_rule(shell, text, end);
    }
    return EXIT_DONE;
}

/* ---- Lines ---- */

/* Nothing of SPARQL or of a rule begins a line with the name of a shell command: the statement before it was forgotten,
 * or never meant as one. */
static bool interrupts(const Typed *typed, const char *line, size_t length)
{
    size_t word = 0;
    while (word < length && !isspace((unsigned char)line[word]))
        word++;
    return typed->text.count > 0 && !typed->scan.in_string && find_dot_command(line, word);
}

static void forget(Typed *typed)
{
    typed->text.count = 0;
    typed->scan = (StatementScan){0};
}

static int drop_unfinished(Shell *shell, Typed *typed)
{
    BaseError err = {0};
    const BaseBuffer *const text = &typed->text;
    const bool is_rule = statement_kind(text->items, text->count) == STATEMENT_RULE;
    base_fail_at(&err, BASE_BAD_INPUT, base_source_at("<statement>", text->items, text->count, text->count - 1, 1),
                 "expected the end of this statement (%s), found a command",
                 is_rule ? "a full stop" : "; or a blank line");
    forget(typed);
    return report_error(shell->cli, &err);
}

/* Adds the line. *kind: of the statement that is whole with it, else STATEMENT_EMPTY. False: no memory. */
static bool add_line(Typed *typed, const char *line, size_t length, StatementKind *kind)
{
    BaseBuffer *const text = &typed->text;
    *kind = STATEMENT_EMPTY;
    if (!base_buffer_add(text, line, length) || !base_buffer_add(text, "\n", 1))
        return false;
    const StatementKind found = statement_kind(text->items, text->count);
    if (found == STATEMENT_EMPTY)
        forget(typed);
    else if (statement_is_whole_now(&typed->scan, found, text->items, text->count))
        *kind = found;
    return true;
}

int shell_take_line(Shell *shell, Typed *typed, const char *line, size_t length)
{
    int before = EXIT_DONE;
    if (interrupts(typed, line, length)) {
        before = drop_unfinished(shell, typed);
        if (shell->is_script && !shell->goes_on)
            return before;
    }
    StatementKind kind;
    if (!add_line(typed, line, length, &kind))
        return report_error(shell->cli, &(BaseError){.status = BASE_NO_MEMORY, .message = "no memory for a statement"});
    if (kind == STATEMENT_EMPTY)
        return before;
    const int exit_code = run_statement(shell, typed->text.items, typed->text.count);
    forget(typed);
    return exit_code != EXIT_DONE ? exit_code : before;
}

/* The end of the line at `start`, its newline, or the text's end. */
static size_t line_end(const char *text, size_t length, size_t start)
{
    const char *const newline = memchr(text + start, '\n', length - start);
    return newline ? (size_t)(newline - text) : length;
}

size_t shell_unfinished(const char *text, size_t length)
{
    Typed typed = {0};
    size_t start = 0;
    for (size_t at = 0; at < length;) {
        const size_t end = line_end(text, length, at);
        StatementKind kind;
        if (interrupts(&typed, text + at, end - at)) {
            forget(&typed);
            start = at;
        }
        if (!add_line(&typed, text + at, end - at, &kind))
            break; /* running it will tell */
        if (kind != STATEMENT_EMPTY)
            forget(&typed);
        if (typed.text.count == 0)
            start = end < length ? end + 1 : length;
        at = end + 1;
    }
    base_buffer_free(&typed.text);
    return start;
}

int shell_run_text(Shell *shell, const char *text, size_t length)
{
    Typed typed = {0};
    int exit_code = EXIT_DONE;
    size_t at = 0;
    while (at < length && exit_code == EXIT_DONE && !shell->quits) {
        const size_t end = line_end(text, length, at);
        exit_code = shell_take_line(shell, &typed, text + at, end - at);
        at = end + 1;
    }
    if (exit_code == EXIT_DONE && typed.text.count > 0) /* of the history, where it was whole */
        exit_code = run_statement(shell, typed.text.items, typed.text.count);
    base_buffer_free(&typed.text);
    const size_t rest = at < length ? at + statement_start(text + at, length - at) : length;
    if (exit_code != EXIT_DONE && rest < length) {
        size_t lines = 1;
        for (size_t i = rest; i + 1 < length; i++)
            lines += text[i] == '\n';
        say(shell->cli, "the %s line%s behind it %s not run", grouped(lines), lines == 1 ? "" : "s",
            lines == 1 ? "was" : "were");
    }
    return exit_code;
}

/* ---- Scripts ---- */

static bool stops_at(const Shell *shell, int exit_code)
{
    return shell->quits || (exit_code != EXIT_DONE && !shell->goes_on);
}

static int run_input(Shell *shell, BaseInput *input)
{
    Typed typed = {0};
    BaseError err = {0};
    int exit_code = EXIT_DONE;
    BaseStatus status = BASE_OK;
    while (!stops_at(shell, exit_code)) {
        const char *line;
        size_t length;
        status = base_input_line(input, &line, &length, &err);
        if (status != BASE_OK)
            break;
        const int code = shell_take_line(shell, &typed, line, length);
        if (code != EXIT_DONE)
            exit_code = code;
    }
    if (status != BASE_OK && status != BASE_END)
        exit_code = report_error(shell->cli, &err);
    else if (status == BASE_END && typed.text.count > 0) {
        const int code = run_statement(shell, typed.text.items, typed.text.count);
        if (code != EXIT_DONE)
            exit_code = code;
    }
    base_buffer_free(&typed.text);
    return exit_code;
}

int shell_run_file(Shell *shell, const char *path)
{
    BaseInput *input = NULL;
    BaseError err = {0};
    if (shell->read_depth >= DEEPEST_READ)
        return shell_complain(shell, "%s: too many files that read each other", path);
    if (base_input_open(path, &input, &err) != BASE_OK)
        return report_error(shell->cli, &err);
    shell->read_depth++;
    const int exit_code = run_input(shell, input);
    shell->read_depth--;
    base_input_close(input);
    return exit_code;
}

static int run_standard_input(Shell *shell)
{
    BaseInput *input = NULL;
    BaseError err = {0};
    const bool is_open = base_input_open("-", &input, &err) == BASE_OK;
    const int exit_code = is_open ? run_input(shell, input) : report_error(shell->cli, &err);
    base_input_close(input);
    return exit_code;
}

int run_shell(Cli *cli, const char *path)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a pager that was left early must not end the shell */
    Shell shell = {.cli = cli, .is_script = !isatty(STDIN_FILENO)};
    int exit_code = path ? open_shell_store(&shell, path, false) : open_temporary_store(&shell);
    if (exit_code == EXIT_DONE)
        exit_code = shell.is_script ? run_standard_input(&shell) : run_prompt(&shell);
    const int output_code = close_output(&shell);
    close_shell_store(&shell);
    forget_rules(&shell);
    return exit_code != EXIT_DONE ? exit_code : output_code;
}
