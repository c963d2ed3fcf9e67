/* statement.h - when what was typed so far is a whole statement, and of which kind. */
#ifndef KGQ_CLI_STATEMENT_H
#define KGQ_CLI_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum StatementKind {
    STATEMENT_EMPTY,   /* blanks and comments so far */
    STATEMENT_COMMAND, /* ".help", or the bare words help, quit and exit: one line */
    STATEMENT_SPARQL,  /* ends at a blank line, or at a line's end behind ';' once the braces balance */
    STATEMENT_RULE,    /* rules and facts: ends at a line's end behind '.' */
} StatementKind;

/* `text` is the lines so far, each with its newline. The words that begin SPARQL tell the kind; all else is a rule. */
StatementKind statement_kind(const char *text, size_t length);
bool statement_is_whole(StatementKind kind, const char *text, size_t length);
/* Of SPARQL: does what stands behind PREFIX and BASE begin an update? */
bool statement_is_update(const char *text, size_t length);
/* The same of a text that grows line by line, whose earlier lines are not looked at again: start from {0}. */
typedef struct StatementScan {
    size_t at;
    int depth;      /* of braces */
    char last;      /* the last character that is neither blank, comment nor inside a string; 0: none */
    bool in_string; /* a string that may go over lines is open */
} StatementScan;
bool statement_is_whole_now(StatementScan *scan, StatementKind kind, const char *text, size_t length);
/* Of `.explain SELECT ...` and `.profile SELECT ...`, which are SPARQL: how far the command goes. Else 0. */
size_t explained_length(const char *text, size_t length);
/* Where the statement begins, behind blanks and comments. */
size_t statement_start(const char *text, size_t length);
/* The length without the blanks at the end and, for SPARQL, the ';' that ended it. */
size_t statement_length(StatementKind kind, const char *text, size_t length);

extern const char *const sparql_openers[]; /* SELECT, PREFIX, ...; closed by NULL */

#endif
