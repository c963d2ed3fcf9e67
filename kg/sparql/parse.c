/* parse.c - the query forms and their solution modifiers: recursive descent by the grammar of SPARQL 1.1. */
#include "kg/sparql/parse.h"

#include "kg/iri.h"
#include "kg/sparql/check.h"
#include "kg/sparql/parser.h"

#include <stdlib.h>
#include <string.h>

typedef struct ItemList {
    AstItem *items;
    size_t count, capacity;
} ItemList;

/* ---- VALUES ---- */

/* DataBlockValue: a term without variables, or UNDEF. */
static bool parse_data_value(Parser *parser, AstNode *out, bool *is_bound)
{
    *is_bound = !sparql_is_word(parser, "UNDEF");
    if (!*is_bound) {
        *out = (AstNode){.place = sparql_token_place(parser), .variable = AST_NO_VARIABLE};
        sparql_advance(parser);
        return true;
    }
    switch (parser->token.kind) {
    case TOKEN_VARIABLE:
    case TOKEN_BLANK:
    case TOKEN_ANON:
    case TOKEN_NIL:
        return sparql_expected(parser, "an IRI, a literal or UNDEF");
    default:
        return sparql_begins_term(parser) ? sparql_parse_graph_term(parser, out)
                                          : sparql_expected(parser, "an IRI, a literal or UNDEF");
    }
}

typedef struct DataList {
    struct {
        AstNode *items;
        size_t count, capacity;
    } cells;
    struct {
        bool *items;
        size_t count, capacity;
    } bound;
    struct {
        uint32_t *items;
        size_t count, capacity;
    } variables;
    size_t rows;
} DataList;

static bool add_data_value(Parser *parser, DataList *list)
{
    AstNode cell;
    bool is_bound;
    if (!parse_data_value(parser, &cell, &is_bound))
        return false;
    return (BASE_PUSH(&list->cells, cell) && BASE_PUSH(&list->bound, is_bound)) || sparql_parse_no_memory(parser);
}

static bool parse_data_row(Parser *parser, DataList *list)
{
    const uint32_t start = parser->token.offset;
    size_t width = 0;
    if (parser->token.kind == TOKEN_NIL) {
        sparql_advance(parser);
    } else {
        if (!sparql_expect(parser, '(', "'(' and a row of values, or '}'"))
            return false;
        for (; !sparql_is(parser, ')'); width++)
            if (!add_data_value(parser, list))
                return false;
        sparql_advance(parser);
    }
    if (width != list->variables.count)
        return sparql_fail(parser, sparql_since(parser, start), "a row of %zu values for %zu variables", width,
                           list->variables.count);
    list->rows++;
    return true;
}

static bool parse_data_variables(Parser *parser, DataList *list)
{
    if (parser->token.kind == TOKEN_NIL) {
        sparql_advance(parser);
        return true;
    }
    if (!sparql_expect(parser, '(', "a variable, or several in '( )'"))
        return false;
    while (!sparql_is(parser, ')')) {
        AstNode node;
        if (!sparql_parse_variable(parser, &node))
            return false;
        for (size_t i = 0; i < list->variables.count; i++)
            if (list->variables.items[i] == node.variable)
                return sparql_fail(parser, node.place, "the variable stands twice in VALUES");
        if (!BASE_PUSH(&list->variables, node.variable))
            return sparql_parse_no_memory(parser);
    }
    sparql_advance(parser);
    return true;
}

static bool parse_data(Parser *parser, DataList *list)
{
    const bool is_single = parser->token.kind == TOKEN_VARIABLE;
    if (is_single) {
        AstNode node;
        if (!sparql_parse_variable(parser, &node))
            return false;
        if (!BASE_PUSH(&list->variables, node.variable))
            return sparql_parse_no_memory(parser);
    } else if (!parse_data_variables(parser, list)) {
        return false;
    }
    if (!sparql_open_brace(parser, "'{' and the values"))
        return false;
    while (!sparql_is(parser, '}')) {
        if (is_single && !add_data_value(parser, list))
            return false;
        if (!is_single && !parse_data_row(parser, list))
            return false;
        list->rows += is_single;
    }
    return sparql_close_brace(parser, "'}'");
}

static AstValues *keep_data(Parser *parser, const DataList *list, AstPlace place)
{
    AstValues *const values = sparql_alloc(parser, 1, sizeof *values);
    if (!values)
        return NULL;
    values->place = place;
    values->width = list->variables.count;
    values->rows = list->rows;
    values->variables = sparql_alloc(parser, values->width, sizeof *values->variables);
    values->cells = sparql_alloc(parser, list->cells.count, sizeof *values->cells);
    values->is_bound = sparql_alloc(parser, list->bound.count, sizeof *values->is_bound);
    if (!values->variables || !values->cells || !values->is_bound)
        return NULL;
    if (values->width)
        memcpy(values->variables, list->variables.items, values->width * sizeof *values->variables);
    if (list->cells.count) {
        memcpy(values->cells, list->cells.items, list->cells.count * sizeof *values->cells);
        memcpy(values->is_bound, list->bound.items, list->bound.count * sizeof *values->is_bound);
    }
    return values;
}

AstValues *sparql_parse_data_block(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    DataList list = {0};
    AstValues *values = NULL;
    if (parse_data(parser, &list))
        values = keep_data(parser, &list, sparql_since(parser, start));
    free(list.cells.items);
    free(list.bound.items);
    free(list.variables.items);
    return values;
}

/* ---- Projection and modifiers ---- */

/* '(' expression AS variable ')'; in GROUP BY the AS may be missing. */
static bool parse_named_expression(Parser *parser, bool needs_name, AstItem *out)
{
    sparql_advance(parser);
    out->expr = sparql_parse_expression(parser);
    out->target.variable = AST_NO_VARIABLE;
    if (!out->expr)
        return false;
    if (sparql_accept_word(parser, "AS")) {
        if (!sparql_parse_variable(parser, &out->target))
            return false;
    } else if (needs_name) {
        return sparql_expected(parser, "AS and a variable");
    }
    return sparql_expect(parser, ')', needs_name ? "')'" : "AS and a variable, or ')'");
}

static bool keep_items(Parser *parser, const ItemList *list, AstItem **out, size_t *count)
{
    *out = sparql_alloc(parser, list->count, sizeof **out);
    if (!*out)
        return false;
    if (list->count)
        memcpy(*out, list->items, list->count * sizeof **out);
    *count = list->count;
    return true;
}

static bool read_projection(Parser *parser, ItemList *list)
{
    for (;;) {
        AstItem item = {.outer = AST_NO_VARIABLE};
        if (parser->token.kind == TOKEN_VARIABLE) {
            if (!sparql_parse_variable(parser, &item.target))
                return false;
        } else if (sparql_is(parser, '(')) {
            if (!parse_named_expression(parser, true, &item))
                return false;
        } else {
            return list->count > 0 || sparql_expected(parser, "'*', a variable or '(expression AS ?variable)'");
        }
        if (!BASE_PUSH(list, item))
            return sparql_parse_no_memory(parser);
    }
}

static bool parse_select_clause(Parser *parser, AstSelect *select)
{
    sparql_advance(parser);
    select->distinct = sparql_accept_word(parser, "DISTINCT");
    select->reduced = !select->distinct && sparql_accept_word(parser, "REDUCED");
    select->star = sparql_accept(parser, '*');
    if (select->star)
        return true;
    ItemList list = {0};
    parser->no_aggregates = false;
    const bool is_read =
        read_projection(parser, &list) && keep_items(parser, &list, &select->items, &select->item_count);
    parser->no_aggregates = true;
    free(list.items);
    return is_read;
}

static bool read_groups(Parser *parser, ItemList *list)
{
    for (;;) {
        AstItem item = {.target.variable = AST_NO_VARIABLE, .outer = AST_NO_VARIABLE};
        if (parser->token.kind == TOKEN_VARIABLE) {
            if (!sparql_parse_variable(parser, &item.target))
                return false;
        } else if (sparql_is(parser, '(')) {
            if (!parse_named_expression(parser, false, &item))
                return false;
        } else if (sparql_begins_constraint(parser)) {
            item.expr = sparql_parse_constraint(parser);
            if (!item.expr)
                return false;
        } else {
            return list->count > 0 || sparql_expected(parser, "a variable or an expression after GROUP BY");
        }
        if (item.expr && item.expr->op == EXPR_VARIABLE && item.target.variable == AST_NO_VARIABLE)
            item = (AstItem){.target = item.expr->node, .outer = AST_NO_VARIABLE};
        if (!BASE_PUSH(list, item))
            return sparql_parse_no_memory(parser);
    }
}

static bool parse_group_clause(Parser *parser, AstSelect *select)
{
    if (!sparql_accept_word(parser, "GROUP"))
        return true;
    if (!sparql_accept_word(parser, "BY"))
        return sparql_expected(parser, "BY after GROUP");
    ItemList list = {0};
    const bool is_read = read_groups(parser, &list) && keep_items(parser, &list, &select->groups, &select->group_count);
    free(list.items);
    return is_read;
}

static bool parse_having_clause(Parser *parser, AstSelect *select)
{
    if (!sparql_accept_word(parser, "HAVING"))
        return true;
    struct {
        AstExpr **items;
        size_t count, capacity;
    } list = {0};
    bool is_read = true;
    do {
        AstExpr *const expr = sparql_parse_constraint(parser);
        is_read = expr && (BASE_PUSH(&list, expr) || sparql_parse_no_memory(parser));
    } while (is_read && sparql_begins_constraint(parser));
    if (is_read)
        is_read = (select->having = sparql_alloc(parser, list.count, sizeof *select->having)) != NULL;
    if (is_read) {
        memcpy(select->having, list.items, list.count * sizeof *select->having);
        select->having_count = list.count;
    }
    free(list.items);
    return is_read;
}

/* OrderCondition; *is_one = false when none begins here. */
static bool parse_order_condition(Parser *parser, AstOrder *out, bool *is_one)
{
    *out = (AstOrder){0};
    *is_one = true;
    out->descending = sparql_is_word(parser, "DESC");
    if (out->descending || sparql_is_word(parser, "ASC")) {
        sparql_advance(parser);
        out->expr = sparql_parse_bracketted_expression(parser);
    } else if (parser->token.kind == TOKEN_VARIABLE) {
        const uint32_t start = parser->token.offset;
        out->expr = sparql_alloc(parser, 1, sizeof *out->expr);
        if (!out->expr || !sparql_parse_variable(parser, &out->expr->node))
            return false;
        out->expr->op = EXPR_VARIABLE;
        out->expr->place = sparql_since(parser, start);
    } else if (sparql_begins_constraint(parser)) {
        out->expr = sparql_parse_constraint(parser);
    } else {
        *is_one = false;
        return true;
    }
    return out->expr != NULL;
}

static bool parse_order_clause(Parser *parser, AstSelect *select)
{
    if (!sparql_accept_word(parser, "ORDER"))
        return true;
    if (!sparql_accept_word(parser, "BY"))
        return sparql_expected(parser, "BY after ORDER");
    struct {
        AstOrder *items;
        size_t count, capacity;
    } list = {0};
    bool is_read = true, is_one = true;
    while (is_read && is_one) {
        AstOrder order;
        is_read = parse_order_condition(parser, &order, &is_one);
        if (is_read && is_one)
            is_read = BASE_PUSH(&list, order) || sparql_parse_no_memory(parser);
    }
    if (is_read && list.count == 0)
        is_read = sparql_expected(parser, "a variable, ASC(…), DESC(…) or a function after ORDER BY");
    if (is_read)
        is_read = (select->order = sparql_alloc(parser, list.count, sizeof *select->order)) != NULL;
    if (is_read) {
        memcpy(select->order, list.items, list.count * sizeof *select->order);
        select->order_count = list.count;
    }
    free(list.items);
    return is_read;
}

static bool parse_count(Parser *parser, const char *what, uint64_t *out)
{
    sparql_advance(parser);
    if (parser->token.kind != TOKEN_INTEGER)
        return sparql_expected(parser, what);
    char digits[24];
    const AstPlace place = sparql_token_place(parser);
    if (place.width >= sizeof digits)
        return sparql_fail(parser, place, "the number is too large");
    memcpy(digits, parser->lexer.text + place.offset, place.width);
    digits[place.width] = '\0';
    if (!base_parse_uint(digits, 0, UINT64_MAX - 1, out))
        return sparql_fail(parser, place, "the number is too large");
    sparql_advance(parser);
    return true;
}

/* LimitOffsetClauses: either first. */
static bool parse_limit_offset(Parser *parser, AstSelect *select)
{
    bool has_limit = false, has_offset = false;
    for (;;) {
        if (sparql_is_word(parser, "LIMIT") && !has_limit) {
            if (!parse_count(parser, "a whole number after LIMIT", &select->limit))
                return false;
            has_limit = true;
        } else if (sparql_is_word(parser, "OFFSET") && !has_offset) {
            if (!parse_count(parser, "a whole number after OFFSET", &select->offset))
                return false;
            has_offset = true;
        } else {
            return true;
        }
    }
}

static bool parse_solution_modifier(Parser *parser, AstSelect *select)
{
    if (!parse_group_clause(parser, select))
        return false;
    parser->no_aggregates = false;
    const bool is_read = parse_having_clause(parser, select) && parse_order_clause(parser, select);
    parser->no_aggregates = true;
    return is_read && parse_limit_offset(parser, select);
}

bool sparql_parse_where_clause(Parser *parser, AstSelect *select)
{
    const bool has_word = sparql_accept_word(parser, "WHERE");
    if (!sparql_is(parser, '{'))
        return sparql_expected(parser, has_word ? "'{' after WHERE" : "WHERE and '{'");
    select->where = sparql_parse_group_graph_pattern(parser);
    return select->where != NULL;
}

bool sparql_parse_dataset(Parser *parser, const char *word, AstDataset **out)
{
    while (sparql_accept_word(parser, word)) {
        AstDataset *const one = sparql_alloc(parser, 1, sizeof *one);
        if (!one)
            return false;
        *one = (AstDataset){.is_named = sparql_accept_word(parser, "NAMED"), .place = sparql_token_place(parser)};
        if (!sparql_parse_iri(parser, &one->iri))
            return false;
        *out = one;
        out = &one->next;
    }
    return true;
}

static bool parse_values_clause(Parser *parser, AstSelect *select)
{
    return !sparql_accept_word(parser, "VALUES") || (select->values = sparql_parse_data_block(parser)) != NULL;
}

bool sparql_finish_select(Parser *parser, AstSelect *select)
{
    select->is_grouped = select->group_count > 0 || select->having_count > 0 || parser->scope->has_aggregate;
    if (!sparql_check_select(parser, select))
        return false;
    select->base = parser->base;
    const size_t count = parser->scope->variables.count;
    select->variables.items = sparql_alloc(parser, count, sizeof *select->variables.items);
    if (!select->variables.items)
        return false;
    if (count)
        memcpy(select->variables.items, parser->scope->variables.items, count * sizeof *select->variables.items);
    select->variables.count = count;
    return true;
}

AstSelect *sparql_new_select(Parser *parser, KgQueryForm form)
{
    AstSelect *const select = sparql_alloc(parser, 1, sizeof *select);
    if (select)
        *select = (AstSelect){.form = form, .place = sparql_token_place(parser), .limit = UINT64_MAX};
    return select;
}

static bool parse_sub_select_body(Parser *parser, AstSelect *select)
{
    return parse_select_clause(parser, select) && sparql_parse_where_clause(parser, select) &&
           parse_solution_modifier(parser, select) && parse_values_clause(parser, select) &&
           sparql_finish_select(parser, select);
}

/* Its variables are its own; those it projects are tied to the names around it. */
AstSelect *sparql_parse_sub_select(Parser *parser)
{
    Scope *const outer = parser->scope;
    Scope inner = {.outer = outer};
    const bool no_aggregates = parser->no_aggregates, in_aggregate = parser->in_aggregate;
    AstSelect *const select = sparql_new_select(parser, KG_SELECT);
    if (!select)
        return NULL;
    parser->scope = &inner;
    parser->in_aggregate = false;
    const bool is_read = parse_sub_select_body(parser, select);
    parser->scope = outer;
    parser->no_aggregates = no_aggregates;
    parser->in_aggregate = in_aggregate;
    free(inner.variables.items);
    if (!is_read)
        return NULL;
    for (size_t i = 0; i < select->item_count; i++) {
        const AstVariable *const variable = &select->variables.items[select->items[i].target.variable];
        select->items[i].outer = sparql_variable(parser, variable->name, strlen(variable->name), variable->place);
    }
    return parser->status == BASE_OK ? select : NULL;
}

/* ---- Query forms ---- */

static bool parse_select_query(Parser *parser, AstSelect *select)
{
    return parse_select_clause(parser, select) && sparql_parse_dataset(parser, "FROM", &select->dataset) &&
           sparql_parse_where_clause(parser, select) && parse_solution_modifier(parser, select);
}

static bool parse_ask_query(Parser *parser, AstSelect *select)
{
    sparql_advance(parser);
    return sparql_parse_dataset(parser, "FROM", &select->dataset) && sparql_parse_where_clause(parser, select) &&
           parse_solution_modifier(parser, select);
}

static bool keep_template(Parser *parser, AstSelect *select, const AstTriple *triples, size_t count)
{
    select->template = sparql_alloc(parser, count, sizeof *select->template);
    if (!select->template)
        return false;
    if (count)
        memcpy(select->template, triples, count * sizeof *select->template);
    select->template_count = count;
    return true;
}

static bool parse_construct_template(Parser *parser, AstSelect *select)
{
    parser->in_template = true;
    parser->pattern = ++parser->last_pattern;
    parser->triples.count = 0;
    const bool is_read = sparql_open_brace(parser, "'{'") && sparql_parse_triples_template(parser) &&
                         sparql_close_brace(parser, "a triple or '}'") &&
                         keep_template(parser, select, parser->triples.items, parser->triples.count);
    parser->in_template = false;
    sparql_free_labels(&parser->labels); /* the template's labels name nodes of the result */
    return is_read;
}

/* CONSTRUCT WHERE { triples }: the template is the pattern. */
static bool parse_construct_where(Parser *parser, AstSelect *select)
{
    if (!sparql_accept_word(parser, "WHERE"))
        return sparql_expected(parser, "'{' and a template, or WHERE");
    parser->in_template = true;
    select->where = sparql_parse_group_graph_pattern(parser);
    parser->in_template = false;
    if (!select->where)
        return false;
    const AstPattern *const only = select->where->children;
    if (!only)
        return keep_template(parser, select, NULL, 0);
    if (only->kind != PATTERN_TRIPLES || only->next)
        return sparql_fail(parser, only->kind != PATTERN_TRIPLES ? only->place : only->next->place,
                           "CONSTRUCT WHERE takes triples only");
    return keep_template(parser, select, only->triples, only->triple_count);
}

static bool parse_construct_query(Parser *parser, AstSelect *select)
{
    sparql_advance(parser);
    if (sparql_is(parser, '{')) {
        if (!parse_construct_template(parser, select) || !sparql_parse_dataset(parser, "FROM", &select->dataset) ||
            !sparql_parse_where_clause(parser, select))
            return false;
    } else if (!sparql_parse_dataset(parser, "FROM", &select->dataset) || !parse_construct_where(parser, select)) {
        return false;
    }
    return parse_solution_modifier(parser, select);
}

static bool read_described(Parser *parser, AstSelect *select)
{
    struct {
        AstNode *items;
        size_t count, capacity;
    } list = {0};
    bool is_read = true;
    while (is_read && (parser->token.kind == TOKEN_VARIABLE || sparql_begins_iri(parser))) {
        AstNode node;
        is_read = sparql_parse_var_or_iri(parser, &node) && (BASE_PUSH(&list, node) || sparql_parse_no_memory(parser));
    }
    if (is_read && list.count == 0)
        is_read = sparql_expected(parser, "'*', a variable or an IRI");
    if (is_read)
        is_read = (select->described = sparql_alloc(parser, list.count, sizeof *select->described)) != NULL;
    if (is_read) {
        memcpy(select->described, list.items, list.count * sizeof *select->described);
        select->described_count = list.count;
    }
    free(list.items);
    return is_read;
}

static bool parse_describe_query(Parser *parser, AstSelect *select)
{
    sparql_advance(parser);
    select->star = sparql_accept(parser, '*');
    if ((!select->star && !read_described(parser, select)) || !sparql_parse_dataset(parser, "FROM", &select->dataset))
        return false;
    if ((sparql_is(parser, '{') || sparql_is_word(parser, "WHERE")) && !sparql_parse_where_clause(parser, select))
        return false;
    return parse_solution_modifier(parser, select);
}

static AstSelect *parse_query(Parser *parser)
{
    static const struct {
        const char *word;
        KgQueryForm form;
        bool (*parse)(Parser *parser, AstSelect *select);
    } forms[] = {
        {"SELECT", KG_SELECT, parse_select_query},
        {"ASK", KG_ASK, parse_ask_query},
        {"CONSTRUCT", KG_CONSTRUCT, parse_construct_query},
        {"DESCRIBE", KG_DESCRIBE, parse_describe_query},
    };
    static const char *const updates[] = {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP",
                                          "CREATE", "ADD",    "MOVE", "COPY",  "WITH"};
    if (!sparql_parse_prologue(parser))
        return NULL;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!sparql_is_word(parser, forms[i].word))
            continue;
        AstSelect *const select = sparql_new_select(parser, forms[i].form);
        return select && forms[i].parse(parser, select) && parse_values_clause(parser, select) &&
                       sparql_finish_select(parser, select)
                   ? select
                   : NULL;
    }
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++)
        if (sparql_is_word(parser, updates[i])) {
            sparql_fail(parser, sparql_token_place(parser), "%s changes the database: it is an update, not a query",
                        updates[i]);
            base_hint(parser->err, "kgq update runs it");
            return NULL;
        }
    sparql_expected(parser, "SELECT, ASK, CONSTRUCT or DESCRIBE");
    return NULL;
}

BaseStatus sparql_parse(const char *text, size_t length, const char *name, const char *base, const KgPrefix *prefixes,
                        size_t prefix_count, BaseArena *arena, AstSelect **out, BaseError *err)
{
    BaseError unwanted = {0};
    Scope scope = {0};
    Parser parser = {.lexer = {.text = text, .length = length},
                     .what = "query",
                     .name = name,
                     .base = {base ? base : "", base ? strlen(base) : 0},
                     .arena = arena,
                     .err = err ? err : &unwanted,
                     .scope = &scope};
    *out = NULL;
    AstSelect *const select = sparql_open(&parser, prefixes, prefix_count) ? parse_query(&parser) : NULL;
    if (select && parser.token.kind != TOKEN_END)
        sparql_expected(&parser, "the end of the query");
    const BaseStatus status = sparql_close(&parser);
    free(scope.variables.items);
    if (status == BASE_OK)
        *out = select;
    return status;
}
