#include "cli/highlight.h"

#include "cli/editor/editor.h"
#include "cli/pieces.h"
#include "cli/shell.h"

#include <ctype.h>
#include <string.h>

static void style(unsigned char *styles, size_t start, size_t end, EditorStyle as)
{
    memset(styles + start, (int)as, end - start);
}

/* A word that means nothing is wrong, but not while it is being typed. */
static EditorStyle word_style(const char *text, size_t length, Piece piece)
{
    const char *const word = text + piece.start;
    const size_t bytes = piece.end - piece.start;
    if (is_listed_word(sparql_keywords, word, bytes))
        return STYLE_KEYWORD;
    if (is_listed_word(sparql_functions, word, bytes))
        return STYLE_FUNCTION;
    return piece.end == length ? STYLE_PLAIN : STYLE_WRONG;
}

static EditorStyle rule_word_style(const char *text, size_t length, Piece piece)
{
    return piece.end < length && text[piece.end] == '(' ? STYLE_FUNCTION : STYLE_NAME;
}

static EditorStyle piece_style(bool is_rule, const char *text, size_t length, Piece piece)
{
    switch (piece.kind) {
    case PIECE_COMMENT:
        return STYLE_COMMENT;
    case PIECE_STRING:
        return STYLE_STRING;
    case PIECE_IRI:
    case PIECE_NAME:
        return STYLE_NAME;
    case PIECE_VARIABLE:
        return STYLE_VARIABLE;
    case PIECE_NUMBER:
        return STYLE_NUMBER;
    case PIECE_TAG:
        return text[piece.start] == '@' && is_rule ? STYLE_KEYWORD : STYLE_STRING;
    case PIECE_WORD:
        return is_rule ? rule_word_style(text, length, piece) : word_style(text, length, piece);
    case PIECE_SYMBOL:
        return piece.end - piece.start == 2 ? STYLE_KEYWORD : STYLE_PLAIN;
    default:
        return STYLE_PLAIN;
    }
}

/* The name of a command, up to the end of its line, from `start` on. Returns where the line ends. */
static size_t highlight_command(const char *text, size_t length, size_t start, unsigned char *styles)
{
    size_t end = start;
    while (end < length && !isspace((unsigned char)text[end]))
        end++;
    const bool is_known = text[start] != '.' || find_dot_command(text + start, end - start) || end == length;
    style(styles, start, end, is_known ? STYLE_COMMAND : STYLE_WRONG);
    while (end < length && text[end] != '\n')
        end++;
    return end;
}

/* One statement, up to where it is whole at a line's end. */
static size_t highlight_statement(const char *text, size_t length, unsigned char *styles)
{
    const StatementKind kind = statement_kind(text, length);
    size_t at = statement_start(text, length);
    for (size_t i = 0; i < at; i++)
        styles[i] = isspace((unsigned char)text[i]) ? STYLE_PLAIN : STYLE_COMMENT;
    if (kind == STATEMENT_COMMAND)
        return highlight_command(text, length, at, styles);
    const size_t explained = explained_length(text, length);
    if (explained > 0) {
        style(styles, at, explained, STYLE_COMMAND);
        at = explained;
    }
    StatementScan scan = {0};
    while (at < length) {
        const Piece piece = piece_at(kind == STATEMENT_RULE, text, length, at);
        style(styles, at, piece.end, piece_style(kind == STATEMENT_RULE, text, length, piece));
        at = piece.end;
        const char *const newline =
            piece.kind == PIECE_BLANK ? memchr(text + piece.start, '\n', at - piece.start) : NULL;
        if (!newline)
            continue;
        const size_t line = (size_t)(newline - text) + 1;
        if (statement_is_whole_now(&scan, kind, text, line) ||
            (kind == STATEMENT_SPARQL && memchr(newline + 1, 0x0a, at - line)))
            return line;
        if (at < length && text[at] == '.' && (at + 1 < length && isalpha((unsigned char)text[at + 1])))
            return at; /* a command cuts it short */
    }
    return length;
}

void highlight_text(const char *text, size_t length, unsigned char *styles)
{
    memset(styles, STYLE_PLAIN, length);
    for (size_t at = 0; at < length;) {
        const size_t taken = highlight_statement(text + at, length - at, styles + at);
        at += taken ? taken : 1;
    }
}
