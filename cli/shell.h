/* shell.h - what the shell's files share. */
#ifndef KGQ_CLI_SHELL_H
#define KGQ_CLI_SHELL_H

#include "cli/cli.h"

typedef struct Shell {
    Cli *cli;
    char *path;
    bool is_temporary; /* the folder goes when the shell does */
    bool is_script;    /* standard input is not a terminal */
    bool goes_on;      /* .bail off: a script does not stop at the first error */
    bool quits;
    /* What typed rules run with: the rules of the database's latest run, kept from before the first one typed, and
     * all that was typed since. */
    BaseArena base_memory;
    ReasonerText *base_texts;
    size_t base_count;
    bool has_base;
    BaseBuffer rules;
    char *output_path; /* .output FILE */
    int read_depth;    /* of .read inside .read */
} Shell;

extern const char *const shell_commands[]; /* ".help", ...; closed by NULL */

/* Takes one line; runs the statement that it completes. `text` is what was typed so far, and empty after a statement.
 * Returns an exit code. */
int shell_take_line(Shell *shell, BaseBuffer *text, const char *line, size_t length);

/* Reads and runs statements from the terminal until the user leaves. */
int run_prompt(Shell *shell);

/* What could stand in place of the word before the cursor. `line` up to `cursor` is looked at; the candidates are whole
 * words, in the arena, sorted. *start is where the word begins. */
BaseStatus complete_word(Shell *shell, const char *line, size_t cursor, BaseArena *arena, TextList *out, size_t *start);

#endif
