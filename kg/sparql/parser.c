/* parser.c - the parser's state: the current token, the variables of a scope, and reports that say what was expected,
 * what was found, and what probably was meant. */
#include "kg/sparql/parser.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEEPEST 200 /* nested groups, brackets and paths: more would need too much of the stack */

static const char *const keywords[] = {
    "SELECT", "CONSTRUCT", "DESCRIBE", "ASK",    "WHERE",   "PREFIX", "BASE",  "DISTINCT", "REDUCED",
    "FILTER", "OPTIONAL",  "UNION",    "MINUS",  "BIND",    "VALUES", "GRAPH", "SERVICE",  "ORDER",
    "BY",     "GROUP",     "HAVING",   "LIMIT",  "OFFSET",  "ASC",    "DESC",  "AS",       "EXISTS",
    "NOT",    "IN",        "UNDEF",    "FROM",   "NAMED",   "true",   "false", "INSERT",   "DELETE",
    "DATA",   "WITH",      "USING",    "LOAD",   "INTO",    "CLEAR",  "DROP",  "CREATE",   "ADD",
    "MOVE",   "COPY",      "TO",       "SILENT", "DEFAULT", "ALL",
};

bool sparql_same(KgText text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.bytes, word, text.length) == 0;
}

KgTerm sparql_iri_term(const char *iri)
{
    return (KgTerm){.kind = KG_IRI, .text = {iri, strlen(iri)}};
}

/* ---- Begin and end ---- */

bool sparql_open(Parser *parser, const KgPrefix *prefixes, size_t prefix_count)
{
    const size_t length = parser->lexer.length;
    parser->no_aggregates = true;
    for (size_t i = 0; i < prefix_count; i++)
        if (!BASE_PUSH(&parser->prefixes, prefixes[i]))
            return sparql_parse_no_memory(parser);
    if (parser->base.length &&
        !(parser->base.bytes = base_arena_copy(parser->arena, parser->base.bytes, parser->base.length)))
        return sparql_parse_no_memory(parser);
    if (length >= UINT32_MAX) {
        parser->status = base_fail(parser->err, BASE_BAD_INPUT, "the %s is longer than 4 GB", parser->what);
        return false;
    }
    const size_t valid = base_utf8_check(parser->lexer.text, length);
    if (valid < length)
        return sparql_fail(parser, (AstPlace){(uint32_t)valid, 1}, "the %s is not UTF-8", parser->what);
    sparql_advance(parser);
    return true;
}

BaseStatus sparql_close(Parser *parser)
{
    free(parser->prefixes.items);
    free(parser->braces.items);
    free(parser->triples.items);
    sparql_free_labels(&parser->labels);
    return parser->status;
}

void sparql_free_labels(LabelTable *labels)
{
    free(labels->items);
    base_map_free(&labels->places);
    *labels = (LabelTable){0};
}

/* ---- Reports ---- */

bool sparql_fail(Parser *parser, AstPlace place, const char *format, ...)
{
    if (parser->status != BASE_OK)
        return false;
    char message[sizeof parser->err->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const BaseSource at =
        base_source_at(parser->name, parser->lexer.text, parser->lexer.length, place.offset, place.width);
    parser->status = base_fail_at(parser->err, BASE_BAD_INPUT, at, "%s", message);
    return false;
}

bool sparql_parse_no_memory(Parser *parser)
{
    if (parser->status == BASE_OK)
        parser->status = base_fail(parser->err, BASE_NO_MEMORY, "no memory to parse the %s", parser->what);
    return false;
}

void *sparql_alloc(Parser *parser, size_t count, size_t size)
{
    void *const memory = base_arena_alloc(parser->arena, count ? count : 1, size);
    if (!memory)
        sparql_parse_no_memory(parser);
    return memory;
}

/* How the token would be spoken of: 'x', or "the end of the query". */
static void describe(const Parser *parser, char *out, size_t capacity)
{
    const Token *const token = &parser->token;
    if (token->kind == TOKEN_END) {
        snprintf(out, capacity, "the end of the %s", parser->what);
        return;
    }
    size_t shown = token->length < 40 ? token->length : 40;
    while (shown > 0 && shown < token->length &&
           ((unsigned char)parser->lexer.text[token->offset + shown] & 0xc0) == 0x80)
        shown--;
    const bool is_line = !memchr(parser->lexer.text + token->offset, '\n', shown);
    const char *const quote = token->kind == TOKEN_STRING || !is_line ? "" : "'";
    snprintf(out, capacity, "%s%.*s%s%s", quote, is_line ? (int)shown : 1, parser->lexer.text + token->offset,
             shown < token->length || !is_line ? "..." : "", quote);
}

static void hint_open_brace(Parser *parser)
{
    const uint32_t offset = parser->braces.items[parser->braces.count - 1];
    const BaseSource at = base_source_at(parser->name, parser->lexer.text, parser->lexer.length, offset, 1);
    base_hint(parser->err, "the '%c' at line %u, column %u is not closed", parser->lexer.text[offset], at.line,
              at.column);
}

/* Two neighbours changed places: FLITER. */
static bool is_swapped(const char *word, const char *meant)
{
    size_t at = 0;
    while (word[at] && word[at] == meant[at])
        at++;
    return word[at] && word[at + 1] && meant[at] && word[at] == meant[at + 1] && word[at + 1] == meant[at] &&
           strcmp(word + at + 2, meant + at + 2) == 0;
}

static void hint_word(Parser *parser)
{
    char word[32];
    const Token *const token = &parser->token;
    if (token->length >= sizeof word)
        return;
    memcpy(word, parser->lexer.text + token->offset, token->length);
    word[token->length] = '\0';
    if (strcasecmp(word, "and") == 0 || strcasecmp(word, "or") == 0) {
        base_hint(parser->err, "in an expression \"and\" is written &&, \"or\" is written ||");
        return;
    }
    for (char *c = word; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    const char *near = base_nearest(word, keywords, sizeof keywords / sizeof *keywords);
    if (near && !is_swapped(word, near) &&
        base_edit_distance(word, strlen(word), near, strlen(near), 3) * 4 > strlen(word))
        near = NULL; /* short words are near to everything */
    if (near && strcmp(near, word) != 0)
        base_hint(parser->err, "did you mean %s?", near);
    else if (!near)
        base_hint(parser->err, "a variable begins with '?', a name has a prefix, as in :%.*s", (int)token->length,
                  parser->lexer.text + token->offset);
}

bool sparql_expected(Parser *parser, const char *what)
{
    if (parser->status != BASE_OK)
        return false;
    if (parser->token.kind == TOKEN_BAD) {
        sparql_fail(parser, sparql_token_place(parser), "%s", parser->lexer.problem);
        if (parser->lexer.hint)
            base_hint(parser->err, "%s", parser->lexer.hint);
        return false;
    }
    char found[64];
    describe(parser, found, sizeof found);
    sparql_fail(parser, sparql_token_place(parser), "expected %s, found %s", what, found);
    if (parser->token.kind == TOKEN_END && parser->braces.count > 0)
        hint_open_brace(parser);
    else if (parser->token.kind == TOKEN_WORD)
        hint_word(parser);
    else if (sparql_is(parser, '<'))
        base_hint(parser->err, "an IRI ends with '>' and has no spaces in it");
    return false;
}

/* ---- Tokens ---- */

void sparql_advance(Parser *parser)
{
    parser->last_end = parser->token.offset + parser->token.length;
    parser->token = sparql_lex_next(&parser->lexer);
}

AstPlace sparql_token_place(const Parser *parser)
{
    return (AstPlace){parser->token.offset, parser->token.length};
}

AstPlace sparql_since(const Parser *parser, uint32_t offset)
{
    return (AstPlace){offset, (uint32_t)(parser->last_end - offset)};
}

bool sparql_is(const Parser *parser, int symbol)
{
    return parser->token.kind == TOKEN_SYMBOL && parser->token.symbol == symbol;
}

bool sparql_is_word(const Parser *parser, const char *word)
{
    return parser->token.kind == TOKEN_WORD &&
           sparql_same((KgText){parser->lexer.text + parser->token.offset, parser->token.length}, word);
}

bool sparql_accept(Parser *parser, int symbol)
{
    if (!sparql_is(parser, symbol))
        return false;
    sparql_advance(parser);
    return true;
}

bool sparql_accept_word(Parser *parser, const char *word)
{
    if (!sparql_is_word(parser, word))
        return false;
    sparql_advance(parser);
    return true;
}

bool sparql_expect(Parser *parser, int symbol, const char *what)
{
    return sparql_accept(parser, symbol) || sparql_expected(parser, what);
}

bool sparql_open_brace(Parser *parser, const char *what)
{
    const uint32_t offset = parser->token.offset;
    if (!sparql_expect(parser, '{', what))
        return false;
    return BASE_PUSH(&parser->braces, offset) || sparql_parse_no_memory(parser);
}

bool sparql_close_brace(Parser *parser, const char *what)
{
    if (!sparql_expect(parser, '}', what))
        return false;
    parser->braces.count--;
    return true;
}

bool sparql_enter(Parser *parser)
{
    if (++parser->depth <= DEEPEST)
        return true;
    sparql_fail(parser, sparql_token_place(parser), "nested too deeply: more than %d levels", DEEPEST);
    base_hint(parser->err, "groups, brackets and paths within one another count together");
    return false;
}

void sparql_leave(Parser *parser)
{
    parser->depth--;
}

/* ---- Variables ---- */

uint32_t sparql_variable(Parser *parser, const char *name, size_t length, AstPlace place)
{
    Scope *const scope = parser->scope;
    for (size_t i = 0; i < scope->variables.count; i++) {
        const char *const known = scope->variables.items[i].name;
        if (known && strlen(known) == length && memcmp(known, name, length) == 0)
            return (uint32_t)i;
    }
    const char *const copy = base_arena_copy(parser->arena, name, length);
    if (!copy || !BASE_PUSH(&scope->variables, (AstVariable){copy, place})) {
        sparql_parse_no_memory(parser);
        return AST_NO_VARIABLE;
    }
    return (uint32_t)scope->variables.count - 1;
}

uint32_t sparql_fresh_variable(Parser *parser, AstPlace place)
{
    if (!BASE_PUSH(&parser->scope->variables, (AstVariable){NULL, place})) {
        sparql_parse_no_memory(parser);
        return AST_NO_VARIABLE;
    }
    return (uint32_t)parser->scope->variables.count - 1;
}
