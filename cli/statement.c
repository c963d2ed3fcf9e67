#include "cli/statement.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char *const sparql_openers[] = {"SELECT", "ASK",    "CONSTRUCT", "DESCRIBE", "PREFIX", "BASE",
                                      "INSERT", "DELETE", "WITH",      "LOAD",     "CLEAR",  "CREATE",
                                      "DROP",   "COPY",   "MOVE",      "ADD",      NULL};

/* A comment is # or % to the line's end; #[ begins a rule's attribute. */
size_t statement_start(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        if (isspace((unsigned char)text[at])) {
            at++;
        } else if (text[at] == '%' || (text[at] == '#' && !(at + 1 < length && text[at + 1] == '['))) {
            const char *const newline = memchr(text + at, '\n', length - at);
            at = newline ? (size_t)(newline - text) : length;
        } else {
            break;
        }
    }
    return at;
}

/* What newcomers type, and no rule is. */
static bool is_bare_command(const char *text, size_t length)
{
    static const char *const words[] = {"help", "quit", "exit"};
    size_t end = 0;
    while (end < length && isalpha((unsigned char)text[end]))
        end++;
    for (size_t i = end; i < length; i++)
        if (!isspace((unsigned char)text[i]) && text[i] != ';')
            return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == end && strncmp(words[i], text, end) == 0)
            return true;
    return false;
}

StatementKind statement_kind(const char *text, size_t length)
{
    const size_t start = statement_start(text, length);
    if (start == length)
        return STATEMENT_EMPTY;
    if (text[start] == '.' || is_bare_command(text + start, length - start))
        return STATEMENT_COMMAND;
    size_t end = start;
    while (end < length && isalpha((unsigned char)text[end]))
        end++;
    for (size_t i = 0; sparql_openers[i]; i++)
        if (strlen(sparql_openers[i]) == end - start && strncasecmp(sparql_openers[i], text + start, end - start) == 0)
            /* `add(a, b).` is a fact */
            return end < length && text[end] == '(' ? STATEMENT_RULE : STATEMENT_SPARQL;
    return STATEMENT_RULE;
}

static size_t word_end(const char *text, size_t length, size_t at)
{
    while (at < length && isalpha((unsigned char)text[at]))
        at++;
    return at;
}

static bool is_word(const char *text, size_t start, size_t end, const char *word)
{
    return strlen(word) == end - start && strncasecmp(word, text + start, end - start) == 0;
}

bool statement_is_update(const char *text, size_t length)
{
    static const char *const words[] = {"INSERT", "DELETE", "WITH", "LOAD", "CLEAR",
                                        "CREATE", "DROP",   "COPY", "MOVE", "ADD"};
    for (size_t at = 0;;) {
        at += statement_start(text + at, length - at);
        const size_t end = word_end(text, length, at);
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (is_word(text, at, end, words[i]))
                return true;
        if (!is_word(text, at, end, "PREFIX") && !is_word(text, at, end, "BASE"))
            return false;
        const char *const close = memchr(text + end, '>', length - end);
        if (!close)
            return false;
        at = (size_t)(close - text) + 1;
    }
}

/* What a reader of the text has seen at its end. */
typedef struct Scan {
    int depth;      /* of { */
    char last;      /* the last character that is neither blank, comment nor inside a string; 0: none */
    bool in_string; /* a string that may go over lines is open */
} Scan;

/* The offset behind the string that opens at `at`; sets *open when it does not close. */
static size_t skip_string(const char *text, size_t length, size_t at, bool *open)
{
    const char quote = text[at];
    const bool is_long = at + 2 < length && text[at + 1] == quote && text[at + 2] == quote;
    for (at += is_long ? 3 : 1; at < length; at++) {
        if (text[at] == '\\')
            at++;
        else if (!is_long && (text[at] == quote || text[at] == '\n'))
            return at + 1;
        else if (is_long && at + 2 < length && text[at] == quote && text[at + 1] == quote && text[at + 2] == quote)
            return at + 3;
    }
    *open = is_long;
    return length;
}

/* <iri>: no blank before the closing bracket; otherwise `<` is an operator. */
static size_t skip_iri(const char *text, size_t length, size_t at)
{
    for (size_t i = at + 1; i < length && !isspace((unsigned char)text[i]); i++)
        if (text[i] == '>')
            return i + 1;
    return at + 1;
}

static Scan scan_text(StatementKind kind, const char *text, size_t length)
{
    Scan scan = {0};
    const char comment = kind == STATEMENT_SPARQL ? '#' : '%';
    for (size_t at = 0; at < length;) {
        const char c = text[at];
        if (c == comment) {
            const char *const newline = memchr(text + at, '\n', length - at);
            at = newline ? (size_t)(newline - text) : length;
            continue;
        }
        if (!isspace((unsigned char)c))
            scan.last = c;
        if (c == '"' || (c == '\'' && kind == STATEMENT_SPARQL)) {
            at = skip_string(text, length, at, &scan.in_string);
            continue;
        }
        if (c == '<') {
            at = skip_iri(text, length, at);
            continue;
        }
        scan.depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        at++;
    }
    return scan;
}

static bool last_line_is_blank(const char *text, size_t length)
{
    if (length == 0 || text[length - 1] != '\n')
        return false;
    size_t at = length - 1;
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t' || text[at - 1] == '\r'))
        at--;
    return at > 0 && text[at - 1] == '\n';
}

bool statement_is_in_string(StatementKind kind, const char *text, size_t length)
{
    return scan_text(kind, text, length).in_string;
}

bool statement_is_whole(StatementKind kind, const char *text, size_t length)
{
    if (kind == STATEMENT_EMPTY)
        return false;
    if (kind == STATEMENT_COMMAND)
        return true;
    const Scan scan = scan_text(kind, text, length);
    if (scan.in_string)
        return false;
    if (kind == STATEMENT_RULE)
        return scan.last == '.';
    return last_line_is_blank(text, length) || (scan.last == ';' && scan.depth <= 0);
}

size_t statement_length(StatementKind kind, const char *text, size_t length)
{
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    if (kind == STATEMENT_SPARQL && length > 0 && text[length - 1] == ';')
        length--;
    return length;
}
