/* cli.h - what the commands of `kgq` share: options, the screen, the open database, exit codes.
 * A command turns words into one call of a room's public function and prints what it returns. */
#ifndef KGQ_CLI_CLI_H
#define KGQ_CLI_CLI_H

#include "base/base.h"
#include "insight/insight.h"
#include "kg/kg.h"
#include "reasoner/reasoner.h"

/* The contract's exit codes. */
enum { EXIT_DONE = 0, EXIT_BAD_INPUT = 1, EXIT_USAGE = 2, EXIT_MACHINE = 3, EXIT_INTERRUPTED = 130 };

typedef struct Cli {
    BaseJob job;        /* progress to the terminal; Ctrl-C sets job.cancelled */
    bool quiet;         /* --quiet */
    uint64_t seed;      /* --seed, 1 unless given */
    const char *output; /* --output, NULL unless given */
    FILE *out;          /* results */
    bool out_is_terminal, progress_is_shown;
    bool has_colours;    /* standard output is a terminal that has them, and NO_COLOR does not forbid them */
    bool is_interactive; /* Ctrl-C never ends the program */
    /* The shell's open database; commands typed there use it, as one process opens a database once. */
    KgStore *store;
    KgExtensions *extensions; /* of SPARQL */
    bool timer;
    struct {
        uint64_t memory; /* bytes, 0: no limit */
        double timeout;  /* seconds, 0: none */
        KgExplain explain;
        unsigned layers; /* 0: those that queries see by default */
    } query;
} Cli;

/* ---- options.c ---- */

typedef enum OptionKind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_COUNT,    /* a whole number, 0 too */
    OPTION_POSITIVE, /* a whole number from 1 on */
    OPTION_AMOUNT,   /* a number above 0 */
    OPTION_SIZE,     /* bytes: a whole number from 1 on, k, M, G or T after it */
    OPTION_SHARE,    /* a number from 0 to 1 */
    OPTION_LIST,
    OPTION_LAYERS, /* KG_IN bits: asserted, inferred, predicted, observed, with commas between them, or all */
    OPTION_LATER,  /* of the contract, and not there yet: using it is a usage error that says so */
} OptionKind;
typedef struct TextList {
    const char **items;
    size_t count, capacity;
} TextList;
typedef struct Option {
    const char *name; /* "max-errors" for --max-errors, or one letter for -k */
    OptionKind kind;
    void *value;          /* bool, const char *, uint64_t, double, unsigned or TextList; NULL of OPTION_LATER */
    const char *argument; /* "N", "FILE"; NULL for a flag */
    const char *help;
} Option;
typedef struct Command Command;
typedef int CommandRun(Cli *cli, const Command *command, int argc, char **argv);
struct Command {
    const char *name, *usage, *summary;
    CommandRun *run;
    const char *outputs; /* what --output takes, apart by blanks; NULL: the command prints no result */
};
/* Reads `argv` (without the command's own name) by `options` and the common ones (--quiet, --threads, --seed, --output,
 * --help); the rest are the command's words, between `least` and `most` of them, and stand in `words`, which borrows
 * from argv. False when the command is to end now, with *exit_code. */
bool read_options(Cli *cli, const Command *command, const Option *options, size_t option_count, int argc, char **argv,
                  size_t least, size_t most, TextList *words, int *exit_code);
#define READ_OPTIONS(options, least, most)                                                                             \
    read_options(cli, command, (options), sizeof(options) / sizeof *(options), argc, argv, (least), (most), &words,    \
                 &exit_code)
bool parse_size(const char *text, uint64_t *out);   /* "512", "64k", "2G": bytes; k is 1024 */
bool parse_layers(const char *text, unsigned *out); /* as OPTION_LAYERS takes them */
int usage_error(const Command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

extern const Command commands[];
extern const size_t command_count;
const Command *find_command(const char *name); /* NULL: none */
bool is_later_command(const char *name);       /* of the contract, and not there yet */

/* ---- screen.c ---- */

void screen_begin(Cli *cli);                        /* terminal or not, Ctrl-C */
void clear_progress(Cli *cli);                      /* takes the progress line away before something is printed */
int report_error(Cli *cli, const BaseError *error); /* prints it; the exit code that fits */
BaseSink error_sink(Cli *cli);                      /* prints each diagnostic as it comes */
/* From now on SIGTERM cancels the job, as Ctrl-C does; for commands that listen to it all the time. */
void stop_safely(void);
int exit_code_of(BaseStatus status);
int screen_width(void); /* columns of the terminal, 0: not one */
int screen_height(void);
/* One line on stderr unless --quiet. */
void say(Cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 1234567 -> "1,234,567", in one of a few static buffers. */
const char *grouped(uint64_t number);

/* ---- the database ---- */

/* Opens `path`, or takes the shell's. NULL after a message, with *exit_code. */
KgStore *open_database(Cli *cli, const char *path, bool create, bool read_only, int *exit_code);
void close_database(Cli *cli, KgStore *store);

/* ---- words.c ---- */

/* The three terms of "dog.n.01 is_a entity.n.01": parted by tabs where there are tabs, else by blanks outside of
 * "..." and <...>. Fields borrow from the arena. */
BaseStatus split_fact(const char *text, BaseArena *arena, const char *fields[3], BaseError *err);
/* A command line as a shell would cut it: blanks part, '...' and "..." keep together. */
BaseStatus split_words(const char *line, BaseArena *arena, TextList *words, BaseError *err);

/* ---- query.c: also used by the shell ---- */
extern const KgServices query_services;         /* SERVICE reaches out from the command line */
extern const char *const result_format_names[]; /* closed by NULL */
bool result_format(const Cli *cli, KgQueryForm form, KgResultFormat *out);
/* Within cli->query's limits. To be explained: the plan is written, of a profile when all rows were read, and no row.
 */
BaseStatus run_query(Cli *cli, KgStore *store, const char *text, size_t length, const char *name, FILE *out,
                     uint64_t *rows, BaseError *err);

/* ---- update.c: also used by the shell ---- */
/* In a transaction of its own; says how many triples it inserted and deleted. */
BaseStatus run_update(Cli *cli, KgStore *store, const char *text, size_t length, const char *name, BaseError *err);

/* ---- reason.c: also used by the shell ---- */
/* The rules of the latest run, 0 texts when there was none; all in the arena. */
BaseStatus read_latest_rules(KgTxn *txn, BaseArena *arena, ReasonerText **texts, size_t *count, BaseError *err);
#define TYPED_RULES "<rules>" /* the name of the text that holds what was typed */
/* Checks the program and, when it is right, derives with it into *inferred*; says what the typed rules from
 * `first_line` on gave. */
int try_rules(Cli *cli, KgStore *store, const ReasonerText *texts, size_t count, unsigned long first_line);

/* ---- explain.c ---- */
bool explain_format(const char *name, InsightFormat *out); /* NULL: text; false: there is no such form */
/* Each violation of a constraint with its proof, as JSON, an object a line. */
BaseStatus print_violations(Cli *cli, const ReasonerReport *report, BaseError *err);

/* ---- explain_row.c ---- */
typedef struct RowToExplain {
    const char *query;
    uint64_t number; /* from 1; 0: the first */
} RowToExplain;
/* Explains each triple that the row rests on, as text or JSON. */
BaseStatus explain_row(Cli *cli, KgTxn *txn, const RowToExplain *row, const InsightOptions *options,
                       InsightFormat format, BaseError *err);

/* ---- commands ---- */
CommandRun command_import, command_export, command_stats, command_check, command_backup, command_compact, command_query,
    command_search, command_update, command_reason, command_run, command_explain, command_train, command_evaluate,
    command_predict, command_score, command_classifier, command_link, command_datasets, command_serve;
/* The shell on the database `path`, or on a temporary one when NULL. */
int run_shell(Cli *cli, const char *path);

#endif
