/* Tokens of the rule language. Compound tokens (p:x, ?x, "s"@en, 1.5e3) allow no blanks inside; comments (% to the end
 * of the line, and slash-star) and blanks separate tokens. `<` opens an IRI where a term may begin and compares where
 * one has just ended, so the kind of the token before decides. */
#include "reasoner/hints.h"

#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name_part(char c)
{
    return is_letter(c) || is_digit(c) || c == '_' || c == '%';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The byte `ahead` of the lexer's place; 0 past the end. */
static char look(const Lexer *lexer, size_t ahead)
{
    return lexer->offset + ahead < lexer->length ? lexer->text[lexer->offset + ahead] : '\0';
}

static size_t name_length(const Lexer *lexer, size_t ahead)
{
    if (!is_letter(look(lexer, ahead)))
        return 0;
    size_t length = 1;
    while (is_name_part(look(lexer, ahead + length)))
        length++;
    return length;
}

/* Exactly three % and then something else. */
static bool is_documentation(const Lexer *lexer)
{
    return look(lexer, 1) == '%' && look(lexer, 2) == '%' && look(lexer, 3) != '%';
}

/* Passes blanks and comments; false at a block comment without an end. */
static bool skip_blanks(Lexer *lexer, bool *is_documented)
{
    for (;;) {
        if (is_blank(look(lexer, 0)) && lexer->offset < lexer->length) {
            lexer->offset++;
        } else if (look(lexer, 0) == '%') {
            *is_documented |= is_documentation(lexer);
            const char *const end = memchr(lexer->text + lexer->offset, '\n', lexer->length - lexer->offset);
            lexer->offset = end ? (size_t)(end - lexer->text) : lexer->length;
        } else if (look(lexer, 0) == '/' && look(lexer, 1) == '*') {
            const char *const end = memmem(lexer->text + lexer->offset + 2, lexer->length - lexer->offset - 2, "*/", 2);
            if (!end)
                return false;
            lexer->offset = (size_t)(end - lexer->text) + 2;
        } else {
            return true;
        }
    }
}

static bool ends_a_term(TokenKind kind)
{
    return kind == TOKEN_NAME || kind == TOKEN_PREFIXED || kind == TOKEN_IRI || kind == TOKEN_VARIABLE ||
           kind == TOKEN_ANONYMOUS || kind == TOKEN_NUMBER || kind == TOKEN_STRING || kind == TOKEN_LANGUAGE ||
           kind == TOKEN_CLOSE || kind == TOKEN_PARAMETER || kind == TOKEN_EXISTENTIAL || kind == TOKEN_FORMATTED ||
           kind == TOKEN_BLANK || kind == TOKEN_CLOSE_BRACE;
}

static Token bad(Token token, size_t length, const char *trouble, const char *hint)
{
    token.kind = TOKEN_BAD;
    token.length = length;
    token.trouble = trouble;
    token.hint = hint;
    return token;
}

static Token sized(Token token, TokenKind kind, size_t length)
{
    token.kind = kind;
    token.length = length;
    return token;
}

/* A mark (?, !, $, @) and the name behind it. */
static Token marked(const Lexer *lexer, Token token, TokenKind kind, const char *trouble, const char *hint)
{
    const size_t length = name_length(lexer, 1);
    if (length == 0 && look(lexer, 1) == '_' && kind == TOKEN_VARIABLE)
        return bad(token, 2, "[209] the name of a variable begins with a letter", hint);
    if (length == 0)
        return bad(token, 1, trouble, hint);
    token.inner = (Slice){token.offset + 1, length};
    return sized(token, kind, length + 1);
}

static Token lex_iri(const Lexer *lexer, Token token)
{
    size_t length = 1;
    for (;; length++) {
        const char c = look(lexer, length);
        if (c == '>')
            break;
        if (lexer->offset + length >= lexer->length || is_blank(c))
            return bad(token, length, "this IRI has no closing `>`",
                       "an IRI has no blanks; a comparison needs a term on its left");
    }
    if (length == 1)
        return bad(token, 2, "an IRI cannot be empty", NULL);
    token.inner = (Slice){token.offset + 1, length - 1};
    return sized(token, TOKEN_IRI, length + 1);
}

static Token lex_string(const Lexer *lexer, Token token)
{
    const bool is_long = look(lexer, 1) == '"' && look(lexer, 2) == '"';
    const char *const quote = is_long ? "\"\"\"" : "\"";
    const size_t width = is_long ? 3 : 1, from = token.offset + width;
    const char *const end = memmem(lexer->text + from, lexer->length - from, quote, width);
    if (!end)
        return bad(token, width, "this string is not closed",
                   is_long ? "it ends with three quotes" : "a string that has a quote in it stands between \"\"\"");
    token.inner = (Slice){from, (size_t)(end - lexer->text) - from};
    return sized(token, TOKEN_STRING, token.inner.length + 2 * width);
}

static Token lex_number(const Lexer *lexer, Token token)
{
    size_t length = 0;
    const char base = look(lexer, 0) == '0' ? look(lexer, 1) : '\0';
    if (base == 'x' || base == 'o' || base == 'b') {
        for (length = 2; is_hex(look(lexer, length));)
            length++;
    } else {
        while (is_digit(look(lexer, length)))
            length++;
        if (look(lexer, length) == '.' && is_digit(look(lexer, length + 1)))
            for (length++; is_digit(look(lexer, length));)
                length++;
        const char sign = look(lexer, length + 1);
        const size_t digits = length + (sign == '+' || sign == '-' ? 2 : 1);
        if ((look(lexer, length) == 'e' || look(lexer, length) == 'E') && is_digit(look(lexer, digits)))
            for (length = digits; is_digit(look(lexer, length));)
                length++;
        if (look(lexer, length) == 'd' || look(lexer, length) == 'f')
            length++;
    }
    if (is_name_part(look(lexer, length)) && look(lexer, length) != '%')
        return bad(token, length + 1, "this is neither a number nor a name",
                   "names begin with a letter; write other names as <kg:...>");
    return sized(token, TOKEN_NUMBER, length);
}

/* abc, p:abc, :abc, p:, :, f"...". */
static Token lex_name(const Lexer *lexer, Token token)
{
    const size_t length = name_length(lexer, 0);
    if (length == 1 && look(lexer, 0) == 'f' && look(lexer, 1) == '"')
        return sized(token, TOKEN_FORMATTED, look(lexer, 2) == '"' && look(lexer, 3) == '"' ? 4 : 2);
    if (look(lexer, length) != ':' || look(lexer, length + 1) == '-') {
        token.inner = (Slice){token.offset, length};
        return sized(token, TOKEN_NAME, length);
    }
    const size_t local = name_length(lexer, length + 1);
    token.inner = (Slice){token.offset, length};
    token.local = (Slice){token.offset + length + 1, local};
    return sized(token, local > 0 ? TOKEN_PREFIXED : TOKEN_PREFIX, length + 1 + local);
}

/* _:b1, _:7 */
static Token lex_blank(const Lexer *lexer, Token token)
{
    size_t length = 2;
    while (is_name_part(look(lexer, length)) && look(lexer, length) != '%')
        length++;
    if (length == 2)
        return bad(token, 2, "`_:` wants a name behind it", NULL);
    token.local = (Slice){token.offset + 2, length - 2};
    return sized(token, TOKEN_BLANK, length);
}

static Token lex_sign(const Lexer *lexer, Token token)
{
    static const struct {
        char text[3];
        TokenKind kind;
    } signs[] = {
        {":-", TOKEN_IF},        {"!=", TOKEN_NOT_EQUAL},  {"<=", TOKEN_LESS_EQUAL}, {">=", TOKEN_GREATER_EQUAL},
        {"(", TOKEN_OPEN},       {")", TOKEN_CLOSE},       {"[", TOKEN_OPEN_SQUARE}, {"]", TOKEN_CLOSE_SQUARE},
        {"{", TOKEN_OPEN_BRACE}, {"}", TOKEN_CLOSE_BRACE}, {",", TOKEN_COMMA},       {".", TOKEN_DOT},
        {"~", TOKEN_NOT},        {"=", TOKEN_EQUAL},       {"<", TOKEN_LESS},        {">", TOKEN_GREATER},
        {"+", TOKEN_PLUS},       {"-", TOKEN_MINUS},       {"*", TOKEN_STAR},        {"/", TOKEN_SLASH},
        {"#[", TOKEN_ATTRIBUTE},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const size_t width = strlen(signs[i].text);
        if (look(lexer, 0) == signs[i].text[0] && (width == 1 || look(lexer, 1) == signs[i].text[1]))
            return sized(token, signs[i].kind, width);
    }
    size_t length = 1;
    while (((unsigned char)look(lexer, length) & 0xc0) == 0x80)
        length++;
    return bad(token, length, "this character has no meaning here", reasoner_character_hint(look(lexer, 0)));
}

static Token lex_token(const Lexer *lexer, Token token)
{
    const char c = look(lexer, 0);
    if (token.is_glued && lexer->before == TOKEN_STRING && c == '@')
        return marked(lexer, token, TOKEN_LANGUAGE, "`@` after a string wants a language, as in \"chat\"@fr", NULL);
    if (token.is_glued && lexer->before == TOKEN_STRING && c == '^' && look(lexer, 1) == '^')
        return sized(token, TOKEN_DATATYPE, 2);
    if (c == '?')
        return marked(lexer, token, TOKEN_VARIABLE, "`?` wants the name of a variable behind it", NULL);
    if (c == '!' && look(lexer, 1) != '=')
        return marked(lexer, token, TOKEN_EXISTENTIAL, "`!` wants the name of a variable behind it", NULL);
    if (c == '$')
        return marked(lexer, token, TOKEN_PARAMETER, "`$` wants the name of a parameter behind it", NULL);
    if (c == '@')
        return marked(lexer, token, TOKEN_DIRECTIVE,
                      "`@` wants a directive behind it: @base, @prefix, @import, @export, @output or "
                      "@parameter",
                      NULL);
    if (c == '"')
        return lex_string(lexer, token);
    if (is_digit(c))
        return lex_number(lexer, token);
    if (is_letter(c) || (c == ':' && look(lexer, 1) != '-'))
        return lex_name(lexer, token);
    if (c == '<' && !ends_a_term(lexer->before) && look(lexer, 1) != '=')
        return lex_iri(lexer, token);
    if (c == '#' && is_letter(look(lexer, 1))) {
        token.inner = (Slice){token.offset + 1, name_length(lexer, 1)};
        return sized(token, TOKEN_AGGREGATE, 1 + token.inner.length);
    }
    if (c == '_' && look(lexer, 1) == ':')
        return lex_blank(lexer, token);
    if (c == '_' && is_name_part(look(lexer, 1)))
        return bad(token, 1, "a name begins with a letter", "write other names as <kg:...>; `_` alone is any term");
    if (c == '_')
        return sized(token, TOKEN_ANONYMOUS, 1);
    return lex_sign(lexer, token);
}

Token reasoner_lex(Lexer *lexer)
{
    const size_t before = lexer->offset;
    bool is_documented = false;
    const bool is_closed = skip_blanks(lexer, &is_documented);
    Token token = {.offset = lexer->offset, .is_glued = lexer->offset == before, .is_documented = is_documented};
    if (!is_closed)
        token = bad(token, 2, "this comment is not closed", "a block comment ends with */");
    else if (lexer->offset < lexer->length)
        token = lex_token(lexer, token);
    lexer->offset += token.length;
    lexer->before = token.kind;
    return token;
}
