#include "cli/statement.h"

#include "base/base.h"
#include "cli/pieces.h"

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

size_t explained_length(const char *text, size_t length)
{
    static const char *const openers[] = {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE", "PREFIX", "BASE"};
    const size_t start = statement_start(text, length);
    const size_t end = word_end(text, length, start + 1);
    if (start == length || text[start] != '.' ||
        !(is_word(text, start + 1, end, "explain") || is_word(text, start + 1, end, "profile")))
        return 0;
    const size_t next = end + statement_start(text + end, length - end);
    const size_t next_end = word_end(text, length, next);
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++)
        if (is_word(text, next, next_end, openers[i]))
            return end;
    return 0;
}

/* `SELCT ?x {`: no rule begins with two words, and a word like this one is meant as SPARQL's. */
static bool is_misspelt_opener(const char *text, size_t length, size_t start, size_t end)
{
    size_t next = end;
    while (next < length && (text[next] == ' ' || text[next] == '\t'))
        next++;
    if (next == end || next == length || !(isalpha((unsigned char)text[next]) || strchr("?$*{<", text[next])))
        return false;
    for (size_t i = 0; sparql_openers[i]; i++) {
        char word[16];
        const size_t bytes = end - start, opener = strlen(sparql_openers[i]);
        if (bytes < 4 || bytes > sizeof word || opener < 4)
            continue;
        for (size_t k = 0; k < bytes; k++)
            word[k] = (char)toupper((unsigned char)text[start + k]);
        if (base_edit_distance(word, bytes, sparql_openers[i], opener, 2) <= 2)
            return true;
    }
    return false;
}

StatementKind statement_kind(const char *text, size_t length)
{
    const size_t start = statement_start(text, length);
    if (start == length)
        return STATEMENT_EMPTY;
    if (explained_length(text, length) > 0)
        return STATEMENT_SPARQL;
    if (text[start] == '.' || is_bare_command(text + start, length - start))
        return STATEMENT_COMMAND;
    const size_t end = word_end(text, length, start);
    for (size_t i = 0; sparql_openers[i]; i++)
        if (strlen(sparql_openers[i]) == end - start && strncasecmp(sparql_openers[i], text + start, end - start) == 0)
            /* `add(a, b).` is a fact */
            return end < length && text[end] == '(' ? STATEMENT_RULE : STATEMENT_SPARQL;
    return is_misspelt_opener(text, length, start, end) ? STATEMENT_SPARQL : STATEMENT_RULE;
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

/* Comments, strings and IRIs end nothing. A string that is still open is looked at again, from its beginning. */
static void scan_text(StatementScan *scan, StatementKind kind, const char *text, size_t length)
{
    scan->in_string = false;
    if (scan->at == 0)
        scan->at = statement_start(text, length);
    while (scan->at < length) {
        const Piece piece = piece_at(kind == STATEMENT_RULE, text, length, scan->at);
        if (piece.kind == PIECE_STRING && piece.is_open) {
            scan->in_string = true;
            return;
        }
        if (piece.kind != PIECE_BLANK && piece.kind != PIECE_COMMENT)
            scan->last = text[piece.kind == PIECE_SYMBOL ? piece.end - 1 : piece.start];
        if (piece.kind == PIECE_SYMBOL)
            scan->depth += text[piece.start] == '{' ? 1 : text[piece.start] == '}' ? -1 : 0;
        scan->at = piece.end;
    }
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

bool statement_is_whole_now(StatementScan *scan, StatementKind kind, const char *text, size_t length)
{
    if (kind == STATEMENT_EMPTY)
        return false;
    if (kind == STATEMENT_COMMAND)
        return true;
    scan_text(scan, kind, text, length);
    if (scan->in_string)
        return false;
    if (kind == STATEMENT_RULE)
        return scan->last == '.';
    return last_line_is_blank(text, length) || (scan->last == ';' && scan->depth <= 0);
}

bool statement_is_whole(StatementKind kind, const char *text, size_t length)
{
    return statement_is_whole_now(&(StatementScan){0}, kind, text, length);
}

size_t statement_length(StatementKind kind, const char *text, size_t length)
{
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    if (kind == STATEMENT_SPARQL && length > 0 && text[length - 1] == ';')
        length--;
    return length;
}
