/* prompt.c - the shell on a terminal: line editing (libedit), history, Tab, and Ctrl-C, which here drops what was
 * typed.
 */
#include "cli/shell.h"

#include <histedit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct Prompt {
    Shell *shell;
    EditLine *edit;
    History *history;
    HistEvent event;
    char *history_path;
    BaseBuffer text;
    bool was_dropped; /* Ctrl-C at the prompt */
} Prompt;

static Prompt *prompt_of(EditLine *edit)
{
    Prompt *prompt = NULL;
    el_get(edit, EL_CLIENTDATA, &prompt);
    return prompt;
}

static char *prompt_text(EditLine *edit)
{
    static char first[] = "kgq> ", more[] = "...> ";
    return prompt_of(edit)->text.count ? more : first;
}

static unsigned char drop_line(EditLine *edit, int key)
{
    (void)key;
    prompt_of(edit)->was_dropped = true;
    return CC_NEWLINE;
}

static void list_candidates(const TextList *candidates)
{
    const int width = screen_width() > 0 ? screen_width() : 80;
    size_t widest = 0;
    for (size_t i = 0; i < candidates->count; i++) {
        const size_t columns = base_utf8_columns(candidates->items[i], strlen(candidates->items[i]));
        widest = columns > widest ? columns : widest;
    }
    const size_t per_line = widest + 2 < (size_t)width ? (size_t)width / (widest + 2) : 1;
    fputc('\n', stdout);
    for (size_t i = 0; i < candidates->count; i++) {
        const size_t columns = base_utf8_columns(candidates->items[i], strlen(candidates->items[i]));
        fputs(candidates->items[i], stdout);
        const bool is_last = i + 1 == candidates->count || (i + 1) % per_line == 0;
        for (size_t pad = columns; pad < widest + 2 && !is_last; pad++)
            fputc(' ', stdout);
        if (is_last)
            fputc('\n', stdout);
    }
    fflush(stdout);
}

static unsigned char complete_line(EditLine *edit, int key)
{
    (void)key;
    Prompt *const prompt = prompt_of(edit);
    const LineInfo *const info = el_line(edit);
    const size_t cursor = (size_t)(info->cursor - info->buffer);
    BaseArena arena = {0};
    TextList candidates = {0};
    BaseBuffer whole = {0}; /* what was typed in earlier lines tells the statement's kind */
    size_t start = 0;
    unsigned char result = CC_ERROR;
    if (!base_buffer_add(&whole, prompt->text.items, prompt->text.count) ||
        !base_buffer_add(&whole, info->buffer, cursor))
        goto done;
    complete_word(prompt->shell, whole.items, whole.count, &arena, &candidates, &start);
    if (candidates.count == 0)
        goto done;
    const size_t typed = whole.count - start;
    size_t common = strlen(candidates.items[0]);
    for (size_t i = 1; i < candidates.count; i++) {
        size_t same = 0;
        while (same < common && candidates.items[i][same] == candidates.items[0][same])
            same++;
        common = same;
    }
    if (candidates.count == 1 || common > typed) {
        char *const rest = base_arena_copy(&arena, candidates.items[0] + typed, common > typed ? common - typed : 0);
        if (common >= typed && strncmp(candidates.items[0], whole.items + start, typed) != 0)
            el_deletestr(edit, (int)typed); /* typed in other letters: taken over as it is written */
        const bool is_other = strncmp(candidates.items[0], whole.items + start, typed) != 0;
        char *const text = is_other ? base_arena_copy(&arena, candidates.items[0], common) : rest;
        if (text && *text)
            el_insertstr(edit, text);
        if (candidates.count == 1 && candidates.items[0][strlen(candidates.items[0]) - 1] != '/')
            el_insertstr(edit, " ");
        result = CC_REFRESH;
    } else {
        list_candidates(&candidates);
        result = CC_REDISPLAY;
    }
done:
    base_buffer_free(&whole);
    free(candidates.items);
    base_arena_free(&arena);
    return result;
}

/* $KGQ_HISTORY, or .kgq_history in the home folder. */
static char *find_history_path(void)
{
    const char *const chosen = getenv("KGQ_HISTORY"), *const home = getenv("HOME");
    if (chosen)
        return *chosen ? strdup(chosen) : NULL;
    return home && *home ? base_join_path(home, ".kgq_history") : NULL;
}

static bool begin_prompt(Prompt *prompt)
{
    prompt->edit = el_init("kgq", stdin, stdout, stderr);
    prompt->history = history_init();
    if (!prompt->edit || !prompt->history)
        return false;
    EditLine *const edit = prompt->edit;
    el_set(edit, EL_CLIENTDATA, prompt);
    el_set(edit, EL_PROMPT, prompt_text);
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_SETTY, "-d", "-isig", NULL); /* Ctrl-C is a key while editing, a signal while running */
    /* The wide calls, as libedit never frees the copies that the others make of these names. */
    el_wset(edit, EL_ADDFN, L"kgq-drop", L"drop what was typed", drop_line);
    el_set(edit, EL_BIND, "^C", "kgq-drop", NULL);
    el_wset(edit, EL_ADDFN, L"kgq-complete", L"complete the word", complete_line);
    el_set(edit, EL_BIND, "^I", "kgq-complete", NULL);
    el_set(edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    history(prompt->history, &prompt->event, H_SETSIZE, 2000);
    history(prompt->history, &prompt->event, H_SETUNIQUE, 1);
    el_set(edit, EL_HIST, history, prompt->history);
    prompt->history_path = find_history_path();
    if (prompt->history_path)
        history(prompt->history, &prompt->event, H_LOAD, prompt->history_path);
    return true;
}

static void end_prompt(Prompt *prompt)
{
    if (prompt->history && prompt->history_path) {
        const mode_t before = umask(0077);
        history(prompt->history, &prompt->event, H_SAVE, prompt->history_path);
        umask(before);
    }
    if (prompt->history)
        history_end(prompt->history);
    if (prompt->edit)
        el_end(prompt->edit);
    free(prompt->history_path);
    base_buffer_free(&prompt->text);
}

int run_prompt(Shell *shell)
{
    Prompt prompt = {.shell = shell};
    if (!begin_prompt(&prompt)) {
        end_prompt(&prompt);
        return report_error(shell->cli, &(BaseError){.status = BASE_IO, .message = "the terminal cannot be used"});
    }
    say(shell->cli, "kgq " KGQ_VERSION " on %s; .help for help, Ctrl-D to leave",
        shell->is_temporary ? "a temporary database" : shell->path);
    while (!shell->quits) {
        int count = 0;
        prompt.was_dropped = false;
        const char *const line = el_gets(prompt.edit, &count);
        if (prompt.was_dropped) {
            fputs("^C\033[J\n", stdout); /* what stood behind the cursor goes */
            prompt.text.count = 0;
            continue;
        }
        if (!line || count <= 0)
            break;
        size_t length = (size_t)count;
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            length--;
        if (length > 0)
            history(prompt.history, &prompt.event, H_ENTER, line);
        /* Errors are told; the prompt stays. */
        (void)shell_take_line(shell, &prompt.text, line, length);
    }
    fputc('\n', stdout);
    end_prompt(&prompt);
    return EXIT_DONE;
}
