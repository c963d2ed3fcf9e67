/* shell.h - what the shell's files share. */
#ifndef KGQ_CLI_SHELL_H
#define KGQ_CLI_SHELL_H

#include "cli/cli.h"
#include "cli/statement.h"

typedef struct Lookup Lookup; /* lookup.h */

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
    Lookup *lookup;    /* names of the database, for Tab; NULL: none asked for yet */
} Shell;

/* ---- shell.c ---- */

/* Lines typed so far that are no whole statement yet. Start from {0}. */
typedef struct Typed {
    BaseBuffer text;
    StatementScan scan;
} Typed;
/* Takes one line; runs the statement that it completes. Returns an exit code. */
int shell_take_line(Shell *shell, Typed *typed, const char *line, size_t length);
/* Where the statement begins that is not whole at the text's end; `length`: all are. One that another command
 * interrupts is as whole as it will be. */
size_t shell_unfinished(const char *text, size_t length);
/* Runs the statements of a text, up to the first that fails. */
int shell_run_text(Shell *shell, const char *text, size_t length);
int shell_run_file(Shell *shell, const char *path);
int shell_complain(Shell *shell, const char *format, const char *word);

/* ---- rules.c ---- */

int run_typed_rule(Shell *shell, const char *text, size_t length);
int show_rules(Shell *shell);
void forget_rules(Shell *shell);

/* ---- results.c ---- */

/* Results go through this: paged and in colours on a terminal. What cli->out was before is to be given back. */
FILE *begin_results(Shell *shell);
void end_results(Shell *shell, FILE *before);
int run_typed_query(Shell *shell, const char *text, size_t length);
int run_typed_update(Shell *shell, const char *text, size_t length);

/* ---- dot_commands.c ---- */

typedef enum DotArguments {
    TAKES_NOTHING,
    TAKES_FILES,
    TAKES_FACT, /* names of the database */
    TAKES_FORMAT,
    TAKES_PREFIX,
    TAKES_SWITCH, /* on, off */
    TAKES_COMMAND,
    TAKES_LIMIT, /* a number, or off */
    TAKES_LAYERS,
} DotArguments;
typedef struct DotCommand DotCommand;
struct DotCommand {
    const char *name, *usage, *summary; /* ".mode", "[FORMAT]", ... */
    DotArguments arguments;
    int (*run)(Shell *shell, const DotCommand *self, const TextList *words); /* NULL: a command of kgq by that name */
    const char *details; /* for .help COMMAND; NULL: nothing more to say */
};
extern const DotCommand dot_commands[];
extern const size_t dot_command_count;
const DotCommand *find_dot_command(const char *name, size_t length); /* NULL: none */
int run_dot_command(Shell *shell, const char *text, size_t length);
int close_output(Shell *shell); /* of .output */

/* ---- databases.c ---- */

int open_shell_store(Shell *shell, const char *path, bool is_temporary);
int open_temporary_store(Shell *shell);
void close_shell_store(Shell *shell);
int show_or_put_prefix(Shell *shell, const TextList *words);

/* ---- schema.c ---- */

int show_schema(Shell *shell, const char *only); /* NULL: all; else names with that in them */

/* ---- prompt.c ---- */

/* Reads and runs statements from the terminal until the user leaves. */
int run_prompt(Shell *shell);

#endif
