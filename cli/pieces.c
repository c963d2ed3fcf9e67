#include "cli/pieces.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char *const sparql_keywords[] = {
    "SELECT", "ASK",      "CONSTRUCT", "DESCRIBE",  "PREFIX", "BASE",   "WHERE", "DISTINCT", "REDUCED",
    "FILTER", "OPTIONAL", "UNION",     "MINUS",     "BIND",   "VALUES", "GRAPH", "SERVICE",  "ORDER",
    "BY",     "GROUP",    "HAVING",    "LIMIT",     "OFFSET", "ASC",    "DESC",  "AS",       "NOT",
    "IN",     "UNDEF",    "FROM",      "NAMED",     "INSERT", "DELETE", "DATA",  "WITH",     "USING",
    "LOAD",   "INTO",     "CLEAR",     "DROP",      "CREATE", "ADD",    "MOVE",  "COPY",     "TO",
    "SILENT", "DEFAULT",  "ALL",       "SEPARATOR", "TRUE",   "FALSE",  "A",     NULL};

const char *const sparql_functions[] = {"COUNT",
                                        "SUM",
                                        "MIN",
                                        "MAX",
                                        "AVG",
                                        "SAMPLE",
                                        "GROUP_CONCAT",
                                        "EXISTS",
                                        "STR",
                                        "LANG",
                                        "LANGMATCHES",
                                        "DATATYPE",
                                        "BOUND",
                                        "IRI",
                                        "URI",
                                        "BNODE",
                                        "RAND",
                                        "ABS",
                                        "CEIL",
                                        "FLOOR",
                                        "ROUND",
                                        "CONCAT",
                                        "STRLEN",
                                        "UCASE",
                                        "LCASE",
                                        "ENCODE_FOR_URI",
                                        "CONTAINS",
                                        "STRSTARTS",
                                        "STRENDS",
                                        "STRBEFORE",
                                        "STRAFTER",
                                        "SUBSTR",
                                        "REGEX",
                                        "REPLACE",
                                        "YEAR",
                                        "MONTH",
                                        "DAY",
                                        "HOURS",
                                        "MINUTES",
                                        "SECONDS",
                                        "TIMEZONE",
                                        "TZ",
                                        "NOW",
                                        "UUID",
                                        "STRUUID",
                                        "MD5",
                                        "SHA1",
                                        "SHA256",
                                        "SHA384",
                                        "SHA512",
                                        "COALESCE",
                                        "IF",
                                        "STRLANG",
                                        "STRDT",
                                        "SAMETERM",
                                        "ISIRI",
                                        "ISURI",
                                        "ISBLANK",
                                        "ISLITERAL",
                                        "ISNUMERIC",
                                        NULL};

bool is_listed_word(const char *const *words, const char *word, size_t length)
{
    for (size_t i = 0; words[i]; i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], word, length) == 0)
            return true;
    return false;
}

/* The offset behind the string that opens at `at`; *is_open when it goes over lines and does not close. */
static size_t string_end(const char *text, size_t length, size_t at, bool *is_open)
{
    const char quote = text[at];
    const bool is_long = at + 2 < length && text[at + 1] == quote && text[at + 2] == quote;
    for (at += is_long ? 3 : 1; at < length; at++) {
        if (text[at] == '\\')
            at++;
        else if (!is_long && (text[at] == quote || text[at] == '\n'))
            return text[at] == quote ? at + 1 : at;
        else if (is_long && at + 2 < length && text[at] == quote && text[at + 1] == quote && text[at + 2] == quote)
            return at + 3;
    }
    *is_open = is_long;
    return length;
}

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* <iri>: no blank before the closing bracket; otherwise `<` is an operator, or an IRI that is still being typed. */
static Piece iri_at(const char *text, size_t length, size_t start)
{
    size_t at = start + 1;
    while (at < length && !isspace((unsigned char)text[at]) && !strchr("<>\"{}|^`", text[at]))
        at++;
    if (at < length && text[at] == '>')
        return (Piece){PIECE_IRI, start, at + 1, false};
    if (at > start + 1 && (isalpha((unsigned char)text[start + 1]) || text[start + 1] == '/') &&
        memchr(text + start, ':', at - start))
        return (Piece){PIECE_IRI, start, at, true};
    return (Piece){PIECE_SYMBOL, start, start + 1, false};
}

/* Letters, digits, and inside of it dots, hyphens and escapes; with a colon it is a name of a prefix. */
static Piece word_at(bool is_rule, const char *text, size_t length, size_t start)
{
    size_t at = start;
    bool has_colon = false;
    while (at < length) {
        const char c = text[at];
        const bool goes_on = at + 1 < length && (is_name_byte(text[at + 1]) || text[at + 1] == '-');
        if (c == ':' && !(at + 1 < length && text[at + 1] == '-'))
            has_colon = true;
        else if (!is_name_byte(c) && !(c == '-' && at > start && !is_rule) &&
                 !(strchr(".%", c) && at > start && goes_on && (has_colon || !is_rule || c == '%')) &&
                 !(c == '\\' && has_colon && at + 1 < length))
            break;
        at += c == '\\' ? 2 : 1;
    }
    const bool is_number = isdigit((unsigned char)text[start]) && !has_colon;
    return (Piece){has_colon ? PIECE_NAME : is_number ? PIECE_NUMBER : PIECE_WORD, start, at, false};
}

Piece piece_at(bool is_rule, const char *text, size_t length, size_t start)
{
    Piece piece = {PIECE_SYMBOL, start, start + 1, false};
    if (start >= length)
        return (Piece){PIECE_END, length, length, false};
    const char c = text[start];
    size_t at = start + 1;
    if (isspace((unsigned char)c)) {
        while (at < length && isspace((unsigned char)text[at]))
            at++;
        piece.kind = PIECE_BLANK;
    } else if (c == (is_rule ? '%' : '#')) {
        while (at < length && text[at] != '\n')
            at++;
        piece.kind = PIECE_COMMENT;
    } else if (c == '"' || (c == '\'' && !is_rule)) {
        at = string_end(text, length, start, &piece.is_open);
        piece.kind = PIECE_STRING;
    } else if (c == '<') {
        return iri_at(text, length, start);
    } else if (c == '?' || c == '$' || c == '@') {
        while (at < length && (is_name_byte(text[at]) || (c == '@' && text[at] == '-')))
            at++;
        if (at > start + 1)
            piece.kind = c == '@' ? PIECE_TAG : PIECE_VARIABLE;
    } else if (c == '^' && at < length && text[at] == '^') {
        piece.kind = PIECE_TAG;
        at++;
    } else if (c == ':' && at < length && text[at] == '-') {
        at++;
    } else if (is_name_byte(c) || c == ':') {
        return word_at(is_rule, text, length, start);
    }
    piece.end = at;
    return piece;
}
