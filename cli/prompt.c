/* prompt.c - the shell on a terminal: whole statements from the editor, with history, colours and Tab. */
#include "cli/complete.h"
#include "cli/editor/editor.h"
#include "cli/highlight.h"
#include "cli/shell.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_whole(void *context, const char *text, size_t length)
{
    (void)context;
    return shell_unfinished(text, length) == length;
}

static void paint(void *context, const char *text, size_t length, unsigned char *styles)
{
    (void)context;
    highlight_text(text, length, styles);
}

static void complete(void *context, const char *text, size_t length, size_t cursor, BaseArena *arena,
                     EditorCandidates *out)
{
    complete_text(context, text, length, cursor, arena, out);
}

/* What was entered is run up to its first failure, which is told; the prompt stays. */
static void edit_and_run(Shell *shell, Editor *editor)
{
    while (!shell->quits) {
        const char *text;
        size_t length;
        switch (editor_read(editor, "kgq> ", "...> ", &text, &length)) {
        case EDITOR_ENTERED:
            (void)shell_run_text(shell, text, length);
            break;
        case EDITOR_DROPPED:
            break;
        case EDITOR_FAILED:
            report_error(shell->cli, &(BaseError){.status = BASE_NO_MEMORY, .message = "no memory for a statement"});
            break;
        case EDITOR_LEFT:
            return;
        }
    }
}

/* A terminal that knows no control sequences: line by line, as it sends them. */
static void read_and_run(Shell *shell, History *history)
{
    Typed typed = {0};
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while (!shell->quits) {
        fputs(typed.text.count > 0 ? "...> " : "kgq> ", stdout);
        fflush(stdout);
        length = getline(&line, &capacity, stdin);
        if (length < 0)
            break;
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            length--;
        history_add(history, line, (size_t)length);
        (void)shell_take_line(shell, &typed, line, (size_t)length);
    }
    free(line);
    base_buffer_free(&typed.text);
}

int run_prompt(Shell *shell)
{
    const EditorHooks hooks = {.context = shell, .is_whole = is_whole, .paint = paint, .complete = complete};
    const char *const terminal = getenv("TERM");
    const bool is_plain = !isatty(STDOUT_FILENO) || (terminal && strcmp(terminal, "dumb") == 0);
    char *const path = history_default_path();
    int exit_code = EXIT_DONE;
    History history;
    history_open(&history, path);
    free(path);
    shell->cli->is_interactive = shell->cli->timer = true;
    say(shell->cli, "kgq " KGQ_VERSION " on %s; .help for help, Ctrl-D to leave",
        shell->is_temporary ? "a temporary database" : shell->path);
    if (is_plain) {
        read_and_run(shell, &history);
    } else {
        Editor *const editor = editor_new(STDIN_FILENO, STDOUT_FILENO, &hooks, &history, shell->cli->has_colours);
        if (editor)
            edit_and_run(shell, editor);
        else
            exit_code = report_error(shell->cli, &(BaseError){BASE_NO_MEMORY, .message = "no memory for the prompt"});
        editor_free(editor);
    }
    history_close(&history);
    return exit_code;
}
