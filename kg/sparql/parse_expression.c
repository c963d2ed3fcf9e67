/* parse_expression.c - expressions by their precedence: || && comparison + - * / ! and signs, then calls and terms. */
#include "kg/sparql/functions.h"
#include "kg/sparql/parser.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ARGUMENTS 100000

typedef struct ExprList {
    AstExpr **items;
    size_t count, capacity;
} ExprList;

static const struct {
    const char *name;
    Aggregate aggregate;
} aggregates[] = {
    {"COUNT", AGGREGATE_COUNT},
    {"SUM", AGGREGATE_SUM},
    {"MIN", AGGREGATE_MIN},
    {"MAX", AGGREGATE_MAX},
    {"AVG", AGGREGATE_AVG},
    {"SAMPLE", AGGREGATE_SAMPLE},
    {"GROUP_CONCAT", AGGREGATE_GROUP_CONCAT},
};

static AstExpr *new_expr(Parser *parser, ExprOp op, uint32_t start)
{
    AstExpr *const expr = sparql_alloc(parser, 1, sizeof *expr);
    if (expr)
        *expr = (AstExpr){.op = op, .place = sparql_since(parser, start)};
    return expr;
}

static bool is_short(Parser *parser, const AstExpr *expr)
{
    if (expr->depth > parser->longest_chain)
        parser->longest_chain = expr->depth;
    if (expr->depth <= PARSER_LONGEST_CHAIN)
        return true;
    sparql_fail(parser, sparql_token_place(parser), "an expression too long: more than %d operators in a row",
                PARSER_LONGEST_CHAIN);
    base_hint(parser->err, "IN (...) and VALUES take lists of any length");
    return false;
}

static AstExpr *with_arguments(Parser *parser, ExprOp op, uint32_t start, AstExpr *const *arguments, size_t count)
{
    AstExpr *const expr = new_expr(parser, op, start);
    AstExpr **const copy = sparql_alloc(parser, count, sizeof *copy);
    if (!expr || !copy)
        return NULL;
    if (count)
        memcpy(copy, arguments, count * sizeof *copy);
    expr->arguments = copy;
    expr->count = count;
    for (size_t i = 0; i < count; i++)
        if (copy[i]->depth >= expr->depth)
            expr->depth = copy[i]->depth + 1;
    return is_short(parser, expr) ? expr : NULL;
}

static AstExpr *binary(Parser *parser, ExprOp op, AstExpr *left, AstExpr *right)
{
    if (!left || !right)
        return NULL;
    AstExpr *const both[2] = {left, right};
    return with_arguments(parser, op, left->place.offset, both, 2);
}

/* ExpressionList or ArgList without DISTINCT: '(' expressions ')' or NIL. */
static bool parse_arguments(Parser *parser, ExprList *list)
{
    if (parser->token.kind == TOKEN_NIL) {
        sparql_advance(parser);
        return true;
    }
    if (!sparql_expect(parser, '(', "'('"))
        return false;
    do {
        AstExpr *const expr = sparql_parse_expression(parser);
        if (!expr)
            return false;
        if (list->count >= MOST_ARGUMENTS)
            return sparql_fail(parser, expr->place, "more than %d arguments", MOST_ARGUMENTS);
        if (!BASE_PUSH(list, expr))
            return sparql_parse_no_memory(parser);
    } while (sparql_accept(parser, ','));
    return sparql_expect(parser, ')', "',' or ')'");
}

/* ---- Calls ---- */

static bool takes(const Builtin *builtin, size_t count)
{
    return count >= builtin->least && (builtin->most == BUILTIN_ANY || count <= builtin->most);
}

static bool wrong_count(Parser *parser, AstPlace place, const Builtin *builtin, size_t count)
{
    if (builtin->most == BUILTIN_ANY)
        return sparql_fail(parser, place, "%s takes at least %d arguments, found %zu", builtin->name, builtin->least,
                           count);
    if (builtin->least == builtin->most)
        return sparql_fail(parser, place, "%s takes %d argument%s, found %zu", builtin->name, builtin->least,
                           builtin->least == 1 ? "" : "s", count);
    return sparql_fail(parser, place, "%s takes %d to %d arguments, found %zu", builtin->name, builtin->least,
                       builtin->most, count);
}

static AstExpr *parse_aggregate(Parser *parser, Aggregate aggregate)
{
    const uint32_t start = parser->token.offset;
    const AstPlace name = sparql_token_place(parser);
    if (parser->no_aggregates || parser->in_aggregate) {
        sparql_fail(parser, name,
                    parser->in_aggregate
                        ? "an aggregate inside an aggregate"
                        : "an aggregate where there are no groups: they may stand in SELECT, HAVING and "
                          "ORDER BY");
        return NULL;
    }
    sparql_advance(parser);
    AstExpr *argument = NULL;
    KgText separator = KG_TEXT(" ");
    if (!sparql_expect(parser, '(', "'('"))
        return NULL;
    const bool distinct = sparql_accept_word(parser, "DISTINCT");
    if (aggregate != AGGREGATE_COUNT || !sparql_accept(parser, '*')) {
        parser->in_aggregate = true;
        argument = sparql_parse_expression(parser);
        parser->in_aggregate = false;
        if (!argument)
            return NULL;
    }
    if (aggregate == AGGREGATE_GROUP_CONCAT && sparql_accept(parser, ';')) {
        if (!sparql_accept_word(parser, "SEPARATOR")) {
            sparql_expected(parser, "SEPARATOR");
            return NULL;
        }
        if (!sparql_expect(parser, '=', "'='") || !sparql_parse_string(parser, &separator))
            return NULL;
    }
    if (!sparql_expect(parser, ')', "')'"))
        return NULL;
    AstExpr *const expr = with_arguments(parser, EXPR_AGGREGATE, start, &argument, argument ? 1 : 0);
    if (!expr)
        return NULL;
    expr->aggregate = aggregate;
    expr->distinct = distinct;
    expr->separator = separator;
    parser->scope->has_aggregate = true;
    return expr;
}

static AstExpr *parse_exists(Parser *parser, ExprOp op, uint32_t start)
{
    if (!sparql_is(parser, '{')) {
        sparql_expected(parser, "'{' after EXISTS");
        return NULL;
    }
    const uint32_t longest = parser->longest_chain;
    parser->longest_chain = 0;
    AstPattern *const pattern = sparql_parse_group_graph_pattern(parser);
    AstExpr *const expr = pattern ? new_expr(parser, op, start) : NULL;
    if (!expr)
        return NULL;
    expr->pattern = pattern;
    expr->depth = parser->longest_chain + 1; /* what is evaluated within it is evaluated on top of what is around it */
    parser->longest_chain = longest;
    return is_short(parser, expr) ? expr : NULL;
}

static bool unknown_function(Parser *parser, KgText name)
{
    sparql_fail(parser, sparql_token_place(parser), "unknown function '%.*s'",
                (int)(name.length < 60 ? name.length : 60), name.bytes);
    const char *const near = sparql_nearest_builtin(name);
    if (near)
        base_hint(parser->err, "did you mean %s?", near);
    return false;
}

/* A word in an expression: EXISTS, an aggregate or a function. */
AstExpr *sparql_parse_builtin_call(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    const KgText name = {parser->lexer.text + start, parser->token.length};
    if (sparql_accept_word(parser, "EXISTS"))
        return parse_exists(parser, EXPR_EXISTS, start);
    if (sparql_accept_word(parser, "NOT")) {
        if (sparql_accept_word(parser, "EXISTS"))
            return parse_exists(parser, EXPR_NOT_EXISTS, start);
        sparql_expected(parser, "EXISTS after NOT");
        return NULL;
    }
    for (size_t i = 0; i < sizeof aggregates / sizeof *aggregates; i++)
        if (sparql_same(name, aggregates[i].name))
            return parse_aggregate(parser, aggregates[i].aggregate);
    const Builtin *const builtin = sparql_find_builtin(name);
    Lexer ahead = parser->lexer;
    const Token next = sparql_lex_next(&ahead);
    const bool is_called = next.kind == TOKEN_NIL || (next.kind == TOKEN_SYMBOL && next.symbol == '(');
    if (!builtin && is_called) {
        unknown_function(parser, name);
        return NULL;
    }
    if (!builtin || !is_called) {
        if (builtin)
            sparql_advance(parser);
        sparql_expected(parser, builtin ? "'(' after the function's name" : "an expression");
        return NULL;
    }
    sparql_advance(parser);
    ExprList list = {0};
    AstExpr *expr = NULL;
    if (!parse_arguments(parser, &list))
        goto done;
    if (!takes(builtin, list.count)) {
        wrong_count(parser, sparql_since(parser, start), builtin, list.count);
        goto done;
    }
    if (builtin->form == BUILTIN_BOUND && list.items[0]->op != EXPR_VARIABLE) {
        sparql_fail(parser, list.items[0]->place, "BOUND takes a variable");
        goto done;
    }
    expr = with_arguments(parser, EXPR_CALL, start, list.items, list.count);
    if (expr)
        expr->builtin = builtin;
done:
    free(list.items);
    return expr;
}

/* A function named by an IRI, behind that IRI: a cast to an XML Schema type, or one that is not known here. */
static AstExpr *parse_iri_call(Parser *parser, KgTerm iri, uint32_t start)
{
    const AstPlace place = sparql_since(parser, start);
    const Builtin *const cast = sparql_find_cast(iri.text);
    ExprList list = {0};
    AstExpr *expr = NULL;
    if (parse_arguments(parser, &list)) {
        if (cast && !takes(cast, list.count))
            wrong_count(parser, sparql_since(parser, start), cast, list.count);
        else
            expr = with_arguments(parser, EXPR_CAST, start, list.items, list.count);
    }
    if (expr) {
        expr->builtin = cast;
        expr->node = (AstNode){.place = place, .variable = AST_NO_VARIABLE, .term = iri};
    }
    free(list.items);
    return expr;
}

AstExpr *sparql_parse_function_call(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    KgTerm iri;
    if (!sparql_parse_iri(parser, &iri))
        return NULL;
    if (!sparql_is(parser, '(') && parser->token.kind != TOKEN_NIL) {
        sparql_expected(parser, "'(' after the function's name");
        return NULL;
    }
    return parse_iri_call(parser, iri, start);
}

bool sparql_begins_constraint(const Parser *parser)
{
    if (sparql_is(parser, '(') || sparql_begins_iri(parser))
        return true;
    if (parser->token.kind != TOKEN_WORD)
        return false;
    const KgText name = {parser->lexer.text + parser->token.offset, parser->token.length};
    if (sparql_same(name, "EXISTS") || sparql_same(name, "NOT") || sparql_find_builtin(name))
        return true;
    for (size_t i = 0; i < sizeof aggregates / sizeof *aggregates; i++)
        if (sparql_same(name, aggregates[i].name))
            return true;
    return false;
}

AstExpr *sparql_parse_bracketted_expression(Parser *parser)
{
    if (!sparql_expect(parser, '(', "'('"))
        return NULL;
    AstExpr *const expr = sparql_parse_expression(parser);
    return expr && sparql_expect(parser, ')', "an operator or ')'") ? expr : NULL;
}

AstExpr *sparql_parse_constraint(Parser *parser)
{
    if (sparql_is(parser, '('))
        return sparql_parse_bracketted_expression(parser);
    if (sparql_begins_iri(parser))
        return sparql_parse_function_call(parser);
    if (parser->token.kind == TOKEN_WORD)
        return sparql_parse_builtin_call(parser);
    sparql_expected(parser, "a condition: '(' or a function");
    return NULL;
}

/* ---- Operators ---- */

static AstExpr *parse_primary_expression(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    if (sparql_is(parser, '('))
        return sparql_parse_bracketted_expression(parser);
    if (parser->token.kind == TOKEN_WORD && !sparql_is_word(parser, "true") && !sparql_is_word(parser, "false"))
        return sparql_parse_builtin_call(parser);
    if (parser->token.kind == TOKEN_BLANK || parser->token.kind == TOKEN_ANON || parser->token.kind == TOKEN_NIL ||
        !sparql_begins_term(parser)) {
        sparql_expected(parser, "an expression");
        return NULL;
    }
    AstNode node;
    if (!sparql_parse_graph_term(parser, &node))
        return NULL;
    if (node.variable == AST_NO_VARIABLE && node.term.kind == KG_IRI &&
        (sparql_is(parser, '(') || parser->token.kind == TOKEN_NIL))
        return parse_iri_call(parser, node.term, start);
    AstExpr *const expr = new_expr(parser, node.variable == AST_NO_VARIABLE ? EXPR_TERM : EXPR_VARIABLE, start);
    if (expr)
        expr->node = node;
    return expr;
}

static AstExpr *parse_unary_expression(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    ExprOp op;
    if (sparql_begins_number(parser))
        return parse_primary_expression(parser);
    if (sparql_is(parser, '!'))
        op = EXPR_NOT;
    else if (sparql_is(parser, '+'))
        op = EXPR_PLUS;
    else if (sparql_is(parser, '-'))
        op = EXPR_MINUS;
    else
        return parse_primary_expression(parser);
    sparql_advance(parser);
    AstExpr *const argument = parse_primary_expression(parser);
    return argument ? with_arguments(parser, op, start, &argument, 1) : NULL;
}

static AstExpr *parse_multiplicative_expression(Parser *parser)
{
    AstExpr *left = parse_unary_expression(parser);
    while (left && (sparql_is(parser, '*') || sparql_is(parser, '/'))) {
        const ExprOp op = sparql_is(parser, '*') ? EXPR_MULTIPLY : EXPR_DIVIDE;
        sparql_advance(parser);
        left = binary(parser, op, left, parse_unary_expression(parser));
    }
    return left;
}

static AstExpr *parse_additive_expression(Parser *parser)
{
    AstExpr *left = parse_multiplicative_expression(parser);
    while (left && (sparql_is(parser, '+') || sparql_is(parser, '-'))) {
        const ExprOp op = sparql_is(parser, '+') ? EXPR_ADD : EXPR_SUBTRACT;
        sparql_advance(parser);
        left = binary(parser, op, left, parse_multiplicative_expression(parser));
    }
    return left;
}

/* IN and NOT IN, behind the words. */
static AstExpr *parse_in(Parser *parser, ExprOp op, AstExpr *left)
{
    ExprList list = {0};
    AstExpr *expr = NULL;
    if (!BASE_PUSH(&list, left))
        sparql_parse_no_memory(parser);
    else if (parse_arguments(parser, &list))
        expr = with_arguments(parser, op, left->place.offset, list.items, list.count);
    free(list.items);
    return expr;
}

/* RelationalExpression: at most one comparison. */
static AstExpr *parse_relational_expression(Parser *parser)
{
    static const struct {
        int symbol;
        ExprOp op;
    } comparisons[] = {{'=', EXPR_EQ}, {SYMBOL_NE, EXPR_NE}, {'<', EXPR_LT},
                       {'>', EXPR_GT}, {SYMBOL_LE, EXPR_LE}, {SYMBOL_GE, EXPR_GE}};
    AstExpr *const left = parse_additive_expression(parser);
    if (!left)
        return NULL;
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        if (!sparql_accept(parser, comparisons[i].symbol))
            continue;
        if (sparql_is(parser, '=')) {
            sparql_fail(parser, sparql_token_place(parser), "expected an expression, found '='");
            base_hint(parser->err, "\"equal\" is written with one '='");
            return NULL;
        }
        return binary(parser, comparisons[i].op, left, parse_additive_expression(parser));
    }
    if (sparql_accept_word(parser, "IN"))
        return parse_in(parser, EXPR_IN, left);
    if (!sparql_accept_word(parser, "NOT"))
        return left;
    if (sparql_accept_word(parser, "IN"))
        return parse_in(parser, EXPR_NOT_IN, left);
    sparql_expected(parser, "IN after NOT");
    return NULL;
}

static AstExpr *parse_conditional_and_expression(Parser *parser)
{
    AstExpr *left = parse_relational_expression(parser);
    while (left && sparql_accept(parser, SYMBOL_AND))
        left = binary(parser, EXPR_AND, left, parse_relational_expression(parser));
    return left;
}

AstExpr *sparql_parse_expression(Parser *parser)
{
    if (!sparql_enter(parser))
        return NULL;
    AstExpr *left = parse_conditional_and_expression(parser);
    while (left && sparql_accept(parser, SYMBOL_OR))
        left = binary(parser, EXPR_OR, left, parse_conditional_and_expression(parser));
    sparql_leave(parser);
    return left;
}
