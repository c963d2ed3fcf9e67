/* Expressions: sums and products of calls, aggregates, formatted strings, tuples, maps and terms. They are kept as
 * written; lower.c says what each means where it stands. */
#include "reasoner/functions.h"
#include "reasoner/parser.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEEPEST 200         /* levels of brackets and calls */
#define MOST_OPERATORS 2000 /* of one statement: a chain of them is a tree as deep */

static Expression *new_expression(Parser *parser, ExpressionKind kind, size_t offset)
{
    Expression *const expression = base_arena_alloc(&parser->program->arena, 1, sizeof *expression);
    if (!expression) {
        reasoner_out_of_memory(parser);
        return NULL;
    }
    expression->kind = kind;
    expression->place = reasoner_place_since(parser, offset);
    return expression;
}

/* The pending expressions from `from` on become the arguments. */
static bool take_arguments(Parser *parser, size_t from, Expression *expression)
{
    const size_t count = parser->pending.count - from;
    expression->arguments = base_arena_alloc(&parser->program->arena, count + 1, sizeof(Expression *));
    if (!expression->arguments)
        return reasoner_out_of_memory(parser);
    if (count > 0)
        memcpy(expression->arguments, parser->pending.items + from, count * sizeof(Expression *));
    expression->count = (uint32_t)count;
    parser->pending.count = from;
    return true;
}

static bool push(Parser *parser, Expression *expression)
{
    return BASE_PUSH(&parser->pending, expression) || reasoner_out_of_memory(parser);
}

/* `expr, expr, ... )` with the closing bracket; onto the pending ones. *is_open: a comma stood last. */
static bool parse_list(Parser *parser, TokenKind end, bool is_map, bool *has_comma)
{
    *has_comma = false;
    while (parser->token.kind != end) {
        Expression *item;
        if (!reasoner_parse_expression(parser, &item) || !push(parser, item))
            return false;
        if (is_map && (!reasoner_take(parser, TOKEN_EQUAL, "`=` between a key and its value") ||
                       !reasoner_parse_expression(parser, &item) || !push(parser, item)))
            return false;
        if (parser->token.kind == end)
            break;
        if (!is_map && reasoner_is_comparison(parser->token.kind))
            return reasoner_expected(parser, "`,` or `)`", "[110] a comparison cannot stand inside an atom");
        if (!reasoner_take(parser, TOKEN_COMMA, is_map ? "`,` or `}`" : "`,` or `)`"))
            return false;
        *has_comma = true;
    }
    return reasoner_advance(parser);
}

bool reasoner_parse_arguments(Parser *parser, Expression ***out, uint32_t *count)
{
    Expression list = {0};
    const size_t from = parser->pending.count;
    for (;;) {
        Expression *item;
        if (!reasoner_parse_expression(parser, &item) || !push(parser, item))
            return false;
        if (parser->token.kind == TOKEN_CLOSE)
            break;
        if (reasoner_is_comparison(parser->token.kind))
            return reasoner_expected(
                parser, "`,` or `)`",
                "[110] a comparison cannot stand inside an atom; write EQUALITY(..) or NUMLESS(..)");
        if (!reasoner_take(parser, TOKEN_COMMA, "`,` or `)`"))
            return false;
    }
    if (!reasoner_advance(parser) || !take_arguments(parser, from, &list))
        return false;
    *out = list.arguments;
    *count = list.count;
    return true;
}

/* ---- Calls --------------------------------------------------------------------------------------------------- */

static bool check_count(Parser *parser, const Expression *call)
{
    if (reasoner_takes(call->function, call->count))
        return true;
    char hint[64];
    reasoner_say_arguments(call->function, hint, sizeof hint);
    reasoner_fault(parser->faults, call->place, hint, "[217] %s does not take %u argument%s",
                   reasoner_function_name(call->function), call->count, call->count == 1 ? "" : "s");
    return false;
}

/* name(...): a function, or a functor. The name was taken. */
static bool parse_call(Parser *parser, const Token *name, Expression **out)
{
    const size_t from = parser->pending.count;
    const Function function = name->kind == TOKEN_NAME
                                  ? reasoner_find_function(parser->bytes + name->inner.offset, name->inner.length)
                                  : FUNCTION_NONE;
    bool has_comma;
    if (!reasoner_advance(parser) || !parse_list(parser, TOKEN_CLOSE, false, &has_comma))
        return false;
    Expression *const call = new_expression(parser, function ? EXPRESSION_CALL : EXPRESSION_FUNCTOR, name->offset);
    if (!call || !take_arguments(parser, from, call))
        return false;
    call->function = function;
    call->name = base_arena_copy(&parser->program->arena, parser->bytes + name->offset, name->length);
    *out = call;
    if (!call->name)
        return reasoner_out_of_memory(parser);
    return !function || check_count(parser, call);
}

static bool parse_aggregate(Parser *parser, Expression **out)
{
    static const char *const names[] = {"count", "sum", "min", "max"};
    const Token token = parser->token;
    const size_t from = parser->pending.count;
    size_t kind = 0;
    while (kind < 4 && (strlen(names[kind]) != token.inner.length ||
                        strncasecmp(names[kind], parser->bytes + token.inner.offset, token.inner.length) != 0))
        kind++;
    if (kind == 4) {
        reasoner_fault(parser->faults, reasoner_token_place(parser), "the aggregates are #count, #sum, #min and #max",
                       "[108] unknown aggregate `%.*s`", (int)token.length, parser->bytes + token.offset);
        return false;
    }
    if (!reasoner_advance(parser))
        return false;
    if (parser->token.kind != TOKEN_OPEN || !parser->token.is_glued)
        return reasoner_expected(parser, "`(` right after the aggregate", NULL);
    bool has_comma;
    if (!reasoner_advance(parser))
        return false;
    if (parser->token.kind == TOKEN_CLOSE)
        return reasoner_expected(parser, "what to aggregate", NULL);
    if (!parse_list(parser, TOKEN_CLOSE, false, &has_comma))
        return false;
    Expression *const aggregate = *out = new_expression(parser, EXPRESSION_AGGREGATE, token.offset);
    if (!aggregate)
        return false;
    aggregate->aggregate = (AggregateKind)kind;
    return take_arguments(parser, from, aggregate);
}

/* [name]{key = value, ...} */
static bool parse_map(Parser *parser, const Token *name, size_t offset, Expression **out)
{
    const size_t from = parser->pending.count;
    bool has_comma;
    if (!reasoner_advance(parser) || !parse_list(parser, TOKEN_CLOSE_BRACE, true, &has_comma))
        return false;
    Expression *const map = *out = new_expression(parser, EXPRESSION_MAP, offset);
    if (!map || !take_arguments(parser, from, map))
        return false;
    if (name)
        map->name = base_arena_copy(&parser->program->arena, parser->bytes + name->offset, name->length);
    return !name || map->name || reasoner_out_of_memory(parser);
}

/* (expr), or the tuple (expr,) (expr, expr) ... */
static bool parse_brackets(Parser *parser, Expression **out)
{
    const size_t offset = parser->token.offset, from = parser->pending.count;
    bool has_comma;
    if (!reasoner_advance(parser))
        return false;
    if (parser->token.kind == TOKEN_CLOSE)
        return reasoner_expected(parser, "a term", NULL);
    if (!parse_list(parser, TOKEN_CLOSE, false, &has_comma))
        return false;
    if (!has_comma) {
        *out = parser->pending.items[from];
        parser->pending.count = from;
        return true;
    }
    *out = new_expression(parser, EXPRESSION_TUPLE, offset);
    return *out && take_arguments(parser, from, *out);
}

/* ---- Formatted strings --------------------------------------------------------------------------------------- */

static bool push_piece(Parser *parser, const BaseBuffer *piece, size_t offset)
{
    if (piece->count == 0)
        return true;
    Expression *const text = new_expression(parser, EXPRESSION_TERM, offset);
    return text &&
           reasoner_add_constant(parser, &(KgTerm){.kind = KG_LITERAL, .text = {piece->items, piece->count}},
                                 &text->term) &&
           push(parser, text);
}

/* `{expr}` at *at, which moves behind it; STR(expr) is pushed. */
static bool parse_hole(Parser *parser, size_t *at)
{
    const size_t from = parser->pending.count, offset = *at;
    Expression *inner;
    parser->lexer.offset = *at + 1;
    parser->lexer.before = TOKEN_OPEN_BRACE;
    parser->behind = *at + 1;
    parser->token = reasoner_lex(&parser->lexer);
    if (!parser->token.is_glued)
        return reasoner_expected(parser, "an expression right after `{`", "write {{ for a brace");
    if (!reasoner_parse_expression(parser, &inner) || !push(parser, inner))
        return false;
    if (parser->token.kind != TOKEN_CLOSE_BRACE || !parser->token.is_glued)
        return reasoner_expected(parser, "`}` right after the expression", NULL);
    *at = parser->token.offset + 1;
    Expression *const call = new_expression(parser, EXPRESSION_CALL, offset);
    if (!call || !take_arguments(parser, from, call))
        return false;
    call->function = FUNCTION_STR;
    return push(parser, call);
}

/* Pieces from *at to the closing quotes, which *at passes. */
static bool parse_pieces(Parser *parser, const char *quote, size_t *at, BaseBuffer *piece)
{
    const size_t length = parser->lexer.length, width = strlen(quote), start = *at;
    for (;;) {
        const char *const c = parser->bytes + *at;
        if (*at + width > length) {
            reasoner_fault(parser->faults, reasoner_place(parser, start - width - 1, width + 1), NULL,
                           "this string is not closed");
            return false;
        }
        if (memcmp(c, quote, width) == 0) {
            *at += width;
            return push_piece(parser, piece, *at);
        }
        const bool is_doubled = *at + 1 < length && (*c == '{' || *c == '}') && c[1] == *c;
        if (*c == '}' && !is_doubled) {
            reasoner_fault(parser->faults, reasoner_place(parser, *at, 1), "write }} for a brace",
                           "this brace opens nowhere");
            return false;
        }
        if (*c == '{' && !is_doubled) {
            if (!push_piece(parser, piece, *at) || !parse_hole(parser, at))
                return false;
            piece->count = 0;
            continue;
        }
        if (!base_buffer_add(piece, c, 1))
            return reasoner_out_of_memory(parser);
        *at += is_doubled ? 2 : 1;
    }
}

static bool parse_formatted(Parser *parser, Expression **out)
{
    const Token token = parser->token;
    const size_t from = parser->pending.count, written = parser->statement.count;
    const bool is_glued = token.is_glued;
    size_t at = token.offset + token.length;
    BaseBuffer piece = {0};
    const bool is_fine = parse_pieces(parser, token.length == 4 ? "\"\"\"" : "\"", &at, &piece);
    base_buffer_free(&piece);
    if (!is_fine)
        return false;
    /* The statement's text gets the string as it stands. */
    parser->statement.count = written;
    if (!base_buffer_add(&parser->statement, " ", written > 0 && !is_glued) ||
        !base_buffer_add(&parser->statement, parser->bytes + token.offset, at - token.offset))
        return reasoner_out_of_memory(parser);
    parser->lexer.offset = parser->behind = at;
    parser->lexer.before = TOKEN_FORMATTED;
    parser->token = reasoner_lex(&parser->lexer);
    Expression *const call = *out = new_expression(parser, EXPRESSION_CALL, token.offset);
    if (!call)
        return false;
    call->function = FUNCTION_CONCAT;
    return take_arguments(parser, from, call);
}

/* ---- Primaries ----------------------------------------------------------------------------------------------- */

static bool parse_parameter(Parser *parser, Expression **out)
{
    const Token token = parser->token;
    if (!reasoner_advance(parser))
        return false;
    Expression *const parameter = *out = new_expression(parser, EXPRESSION_PARAMETER, token.offset);
    return parameter && reasoner_find_parameter(parser, token.inner, &parameter->index);
}

static bool parse_anonymous(Parser *parser, Expression **out)
{
    const size_t offset = parser->token.offset;
    if (!reasoner_advance(parser))
        return false;
    *out = new_expression(parser, EXPRESSION_ANONYMOUS, offset);
    return *out != NULL;
}

static TokenKind kind_ahead(const Parser *parser, bool *is_glued)
{
    Lexer ahead = parser->lexer;
    const Token next = reasoner_lex(&ahead);
    *is_glued = next.is_glued;
    return next.kind;
}

static bool parse_primary(Parser *parser, Expression **out)
{
    const Token token = parser->token;
    bool is_glued;
    switch (token.kind) {
    case TOKEN_OPEN:
        return parse_brackets(parser, out);
    case TOKEN_OPEN_BRACE:
        return parse_map(parser, NULL, token.offset, out);
    case TOKEN_AGGREGATE:
        return parse_aggregate(parser, out);
    case TOKEN_FORMATTED:
        return parse_formatted(parser, out);
    case TOKEN_PARAMETER:
        return parse_parameter(parser, out);
    case TOKEN_ANONYMOUS:
        return parse_anonymous(parser, out);
    default:
        break;
    }
    if (reasoner_is_tag(token.kind)) {
        const TokenKind next = kind_ahead(parser, &is_glued);
        if (next == TOKEN_OPEN && is_glued)
            return reasoner_advance(parser) && parse_call(parser, &token, out);
        if (next == TOKEN_OPEN_BRACE)
            return reasoner_advance(parser) && parse_map(parser, &token, token.offset, out);
    }
    Term term;
    if (!reasoner_parse_term(parser, &term))
        return false;
    *out = new_expression(parser, EXPRESSION_TERM, token.offset);
    if (!*out)
        return false;
    (*out)->term = term;
    return true;
}

/* ---- Operators ----------------------------------------------------------------------------------------------- */

static bool parse_product(Parser *parser, Expression **out);

/* `*out operator right`, as a call. */
static bool apply(Parser *parser, Function function, size_t offset,
                  bool (*parse_right)(Parser *parser, Expression **out), Expression **out)
{
    const size_t from = parser->pending.count;
    Expression *right;
    if (parser->operators++ >= MOST_OPERATORS) {
        reasoner_fault(parser->faults, reasoner_token_place(parser), NULL, "a statement has at most %d operators",
                       MOST_OPERATORS);
        return false;
    }
    if (!push(parser, *out) || !reasoner_advance(parser) || !parse_right(parser, &right) || !push(parser, right))
        return false;
    *out = new_expression(parser, EXPRESSION_CALL, offset);
    if (!*out)
        return false;
    (*out)->function = function;
    return take_arguments(parser, from, *out);
}

static bool parse_product(Parser *parser, Expression **out)
{
    const size_t offset = parser->token.offset;
    if (!parse_primary(parser, out))
        return false;
    while (parser->token.kind == TOKEN_STAR || parser->token.kind == TOKEN_SLASH)
        if (!apply(parser, parser->token.kind == TOKEN_STAR ? FUNCTION_PRODUCT : FUNCTION_DIVISION, offset,
                   parse_primary, out))
            return false;
    return true;
}

bool reasoner_parse_expression(Parser *parser, Expression **out)
{
    const size_t offset = parser->token.offset;
    if (parser->depth >= DEEPEST) {
        reasoner_fault(parser->faults, reasoner_token_place(parser), NULL,
                       "this expression is nested more than %d levels deep", DEEPEST);
        return false;
    }
    parser->depth++;
    bool is_fine = parse_product(parser, out);
    while (is_fine && (parser->token.kind == TOKEN_PLUS || parser->token.kind == TOKEN_MINUS))
        is_fine = apply(parser, parser->token.kind == TOKEN_PLUS ? FUNCTION_SUM : FUNCTION_SUBTRACTION, offset,
                        parse_product, out);
    parser->depth--;
    return is_fine;
}
