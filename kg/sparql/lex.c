/* lex.c - cuts a query into tokens. Escapes inside a token are only checked for their shape here; the parser, which
 * knows what the token is for, takes them out. */
#include "kg/sparql/lex.h"

#include "kg/chars.h"

#include <string.h>

static bool is_hex(uint32_t c)
{
    return kg_hex_value((int)c) >= 0;
}

static bool is_variable_character(uint32_t c) /* inside VARNAME */
{
    return kg_is_name_character(c) && c != '-';
}

/* The character at `at` (0 past the end) and its bytes. */
static uint32_t peek(const Lexer *lexer, size_t at, size_t *bytes)
{
    uint32_t c = 0;
    *bytes = at < lexer->length ? base_utf8_decode(lexer->text + at, lexer->length - at, &c) : 0;
    return *bytes ? c : 0;
}

static char byte(const Lexer *lexer, size_t at)
{
    return at < lexer->length ? lexer->text[at] : '\0';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(const Lexer *lexer, size_t at)
{
    while (at < lexer->length) {
        if (is_space(lexer->text[at]))
            at++;
        else if (lexer->text[at] == '#')
            while (at < lexer->length && lexer->text[at] != '\n' && lexer->text[at] != '\r')
                at++;
        else
            break;
    }
    return at;
}

/* Ends the token that began at `start`; the lexer stands behind it. */
static Token token(Lexer *lexer, TokenKind kind, size_t start, size_t end)
{
    lexer->at = end;
    return (Token){.kind = kind, .offset = (uint32_t)start, .length = (uint32_t)(end - start)};
}

static Token symbol(Lexer *lexer, int which, size_t start, size_t length)
{
    Token made = token(lexer, TOKEN_SYMBOL, start, start + length);
    made.symbol = which;
    return made;
}

static Token bad(Lexer *lexer, size_t start, size_t end, const char *problem, const char *hint)
{
    lexer->problem = problem;
    lexer->hint = hint;
    return token(lexer, TOKEN_BAD, start, end);
}

/* Bytes of the \uXXXX or \UXXXXXXXX at `at`, 0 when its digits are wrong. */
static size_t escape_length(const Lexer *lexer, size_t at)
{
    const size_t digits = byte(lexer, at + 1) == 'u' ? 4 : 8;
    uint32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        const char c = byte(lexer, at + 2 + i);
        if (!is_hex((unsigned char)c))
            return 0;
        value = value << 4 | (uint32_t)(kg_is_digit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    char encoded[4];
    return base_utf8_encode(value, encoded) ? 2 + digits : 0;
}

/* IRIREF, or false: then the '<' is a comparison. */
static bool lex_iri(const Lexer *lexer, size_t start, size_t *end)
{
    for (size_t at = start + 1; at < lexer->length;) {
        const unsigned char c = (unsigned char)lexer->text[at];
        if (c == '>') {
            *end = at + 1;
            return true;
        }
        if (c == '\\' && (byte(lexer, at + 1) == 'u' || byte(lexer, at + 1) == 'U') && escape_length(lexer, at)) {
            at += escape_length(lexer, at);
            continue;
        }
        if (c <= 0x20 || strchr("<\"{}|^`\\", c))
            return false;
        at++;
    }
    return false;
}

static Token lex_string(Lexer *lexer, size_t start)
{
    const char quote = lexer->text[start];
    const bool is_long = byte(lexer, start + 1) == quote && byte(lexer, start + 2) == quote;
    size_t at = start + (is_long ? 3 : 1);
    while (at < lexer->length) {
        const char c = lexer->text[at];
        if (c == quote && !is_long)
            return token(lexer, TOKEN_STRING, start, at + 1);
        if (c == quote && byte(lexer, at + 1) == quote && byte(lexer, at + 2) == quote)
            return token(lexer, TOKEN_STRING, start, at + 3);
        if (!is_long && (c == '\n' || c == '\r'))
            break;
        if (c != '\\') {
            at++;
            continue;
        }
        const char after = byte(lexer, at + 1);
        size_t size = after && strchr("tbnrf\\\"'", after) ? 2 : 0;
        if (after == 'u' || after == 'U')
            size = escape_length(lexer, at);
        if (size == 0)
            return bad(lexer, at, at + (at + 1 < lexer->length ? 2 : 1), "unknown escape in a string",
                       "escapes are \\t \\b \\n \\r \\f \\\\ \\\" \\' \\uXXXX \\UXXXXXXXX");
        at += size;
    }
    return bad(lexer, start, at, "a string that does not end",
               is_long ? "close it with the three quotes it began with"
                       : "close it with the quote it began with; a text of several lines stands in \"\"\"...\"\"\"");
}

/* The end of a run of (PN_CHARS | '.')* that does not end in a dot. */
static size_t dotted_end(const Lexer *lexer, size_t at)
{
    size_t end = at, bytes;
    for (;;) {
        const uint32_t c = peek(lexer, at, &bytes);
        if (bytes == 0 || (c != '.' && !kg_is_name_character(c)))
            return end;
        at += bytes;
        if (c != '.')
            end = at;
    }
}

/* Bytes of the %hh or \escape (PLX) at `at`, or 0. */
static size_t local_escape(const Lexer *lexer, size_t at)
{
    if (byte(lexer, at) == '%')
        return is_hex((unsigned char)byte(lexer, at + 1)) && is_hex((unsigned char)byte(lexer, at + 2)) ? 3 : 0;
    const char after = byte(lexer, at + 1);
    return byte(lexer, at) == '\\' && after && strchr("_~.-!$&'()*+,;=/?#@%", after) ? 2 : 0;
}

/* PN_LOCAL after the colon; may be empty. */
static size_t local_end(const Lexer *lexer, size_t at)
{
    size_t end = at, bytes;
    const size_t start = at;
    for (;;) {
        const uint32_t c = peek(lexer, at, &bytes);
        const size_t escape = bytes ? local_escape(lexer, at) : 0;
        if (escape)
            bytes = escape;
        else if (bytes == 0 || !(c == ':' || kg_is_name_character(c) || c == '.') ||
                 (at == start && (c == '-' || c == '.' || (c >= 0x80 && !kg_is_letter(c)))))
            return end;
        at += bytes;
        if (escape || c != '.')
            end = at;
    }
}

/* A keyword, or prefix:local. */
static Token lex_word(Lexer *lexer, size_t start)
{
    const size_t name_end = dotted_end(lexer, start);
    if (byte(lexer, name_end) == ':') {
        const size_t end = local_end(lexer, name_end + 1);
        if ((byte(lexer, end) == '%' || byte(lexer, end) == '\\') && !local_escape(lexer, end))
            return bad(lexer, end, end + 1, "a name with a broken escape",
                       "in a name '%' is followed by two hexadecimal digits, '\\' by a punctuation mark");
        return token(lexer, TOKEN_NAME, start, end);
    }
    size_t end = start, bytes;
    for (uint32_t c = peek(lexer, end, &bytes); bytes && (kg_is_letter(c) || kg_is_digit(c) || c == '_');
         c = peek(lexer, end, &bytes))
        end += bytes;
    return token(lexer, TOKEN_WORD, start, end);
}

static Token lex_number(Lexer *lexer, size_t start)
{
    size_t at = start;
    TokenKind kind = TOKEN_INTEGER;
    while (kg_is_digit((unsigned char)byte(lexer, at)))
        at++;
    if (byte(lexer, at) == '.' && kg_is_digit((unsigned char)byte(lexer, at + 1))) {
        kind = TOKEN_DECIMAL;
        at++;
        while (kg_is_digit((unsigned char)byte(lexer, at)))
            at++;
    }
    /* `1.e3` is a double; `1.` is an integer and the dot that ends a triple. */
    size_t exponent = at;
    if (kind == TOKEN_INTEGER && at > start && byte(lexer, at) == '.')
        exponent++;
    if ((byte(lexer, exponent) | 0x20) == 'e') {
        size_t digits = exponent + 1;
        if (byte(lexer, digits) == '+' || byte(lexer, digits) == '-')
            digits++;
        if (kg_is_digit((unsigned char)byte(lexer, digits))) {
            while (kg_is_digit((unsigned char)byte(lexer, digits)))
                digits++;
            return token(lexer, TOKEN_DOUBLE, start, digits);
        }
    }
    return token(lexer, kind, start, at);
}

static Token lex_variable(Lexer *lexer, size_t start)
{
    size_t end = start + 1, bytes;
    for (uint32_t c = peek(lexer, end, &bytes); bytes && is_variable_character(c); c = peek(lexer, end, &bytes)) {
        if (end == start + 1 && c >= 0x80 && !kg_is_letter(c))
            break;
        end += bytes;
    }
    if (end > start + 1)
        return token(lexer, TOKEN_VARIABLE, start, end);
    return symbol(lexer, lexer->text[start], start, 1);
}

static Token lex_blank(Lexer *lexer, size_t start)
{
    size_t bytes;
    const uint32_t c = peek(lexer, start + 2, &bytes);
    if (bytes && (kg_is_letter(c) || c == '_' || kg_is_digit(c)))
        return token(lexer, TOKEN_BLANK, start, dotted_end(lexer, start + 2));
    return bad(lexer, start, start + 2, "a blank node without a label", "write _:name, or [] for one without a name");
}

static Token lex_language(Lexer *lexer, size_t start)
{
    size_t end = start + 1;
    while (kg_is_letter((unsigned char)byte(lexer, end)))
        end++;
    if (end == start + 1)
        return bad(lexer, start, end, "'@' without a language", "write \"text\"@en");
    while (byte(lexer, end) == '-') {
        size_t part = end + 1;
        while (byte(lexer, part) > 0 &&
               (kg_is_letter((unsigned char)byte(lexer, part)) || kg_is_digit((unsigned char)byte(lexer, part))))
            part++;
        if (part == end + 1)
            break;
        end = part;
    }
    return token(lexer, TOKEN_LANGUAGE, start, end);
}

/* An opening bracket, or NIL / ANON when only space lies before its closing one. */
static Token lex_bracket(Lexer *lexer, size_t start, char close, TokenKind empty)
{
    const size_t end = skip_space(lexer, start + 1);
    if (byte(lexer, end) == close)
        return token(lexer, empty, start, end + 1);
    return symbol(lexer, lexer->text[start], start, 1);
}

Token sparql_lex_next(Lexer *lexer)
{
    const size_t start = skip_space(lexer, lexer->at);
    if (start >= lexer->length)
        return token(lexer, TOKEN_END, lexer->length, lexer->length);
    size_t end, bytes;
    const char c = lexer->text[start], after = byte(lexer, start + 1);
    switch (c) {
    case '<':
        if (lex_iri(lexer, start, &end))
            return token(lexer, TOKEN_IRI, start, end);
        return after == '=' ? symbol(lexer, SYMBOL_LE, start, 2) : symbol(lexer, '<', start, 1);
    case '>':
        return after == '=' ? symbol(lexer, SYMBOL_GE, start, 2) : symbol(lexer, '>', start, 1);
    case '!':
        return after == '=' ? symbol(lexer, SYMBOL_NE, start, 2) : symbol(lexer, '!', start, 1);
    case '&':
        if (after == '&')
            return symbol(lexer, SYMBOL_AND, start, 2);
        return bad(lexer, start, start + 1, "a single '&'", "\"and\" is written &&");
    case '|':
        return after == '|' ? symbol(lexer, SYMBOL_OR, start, 2) : symbol(lexer, '|', start, 1);
    case '^':
        return after == '^' ? symbol(lexer, SYMBOL_TYPED, start, 2) : symbol(lexer, '^', start, 1);
    case '"':
    case '\'':
        return lex_string(lexer, start);
    case '?':
    case '$':
        return lex_variable(lexer, start);
    case '@':
        return lex_language(lexer, start);
    case '(':
        return lex_bracket(lexer, start, ')', TOKEN_NIL);
    case '[':
        return lex_bracket(lexer, start, ']', TOKEN_ANON);
    case '_':
        if (after == ':')
            return lex_blank(lexer, start);
        break;
    case ':':
        return lex_word(lexer, start);
    case '.':
        return kg_is_digit((unsigned char)after) ? lex_number(lexer, start) : symbol(lexer, '.', start, 1);
    default:
        if (kg_is_digit((unsigned char)c))
            return lex_number(lexer, start);
        if (c && strchr("{})];,=+-*/", c))
            return symbol(lexer, c, start, 1);
    }
    const uint32_t character = peek(lexer, start, &bytes);
    if (kg_is_letter(character))
        return lex_word(lexer, start);
    return bad(lexer, start, start + (bytes ? bytes : 1), "a character that SPARQL does not use here", NULL);
}
