/* algebra.c - from syntax to algebra, by SPARQL 1.1, section 18.2.2 (patterns) and 18.2.4 (modifiers). */
#include "kg/sparql/algebra.h"

typedef struct Translator {
    Run *run;
    SelectAlgebra *select;
    struct {
        AggregateSpec *items;
        size_t count, capacity;
    } aggregates;
    bool *is_key;   /* by variable of the syntax tree: grouped */
    bool *is_alias; /* a (… AS ?v) */
    BaseStatus status;
    BaseError *err;
} Translator;

static Algebra *translate_group(Translator *translator, const AstPattern *group);
static Algebra *translate_body(Translator *translator, const AstPattern *group);
static bool translate_filters(Translator *translator, Algebra *node, const AstPattern *group);
static bool translate_expr(Translator *translator, AstExpr *expr);

static void *alloc(Translator *translator, size_t count, size_t size)
{
    void *const memory = base_arena_alloc(translator->run->arena, count ? count : 1, size);
    if (!memory && translator->status == BASE_OK)
        translator->status = sparql_no_memory(translator->err);
    return memory;
}

static Algebra *new_algebra(Translator *translator, AlgebraKind kind)
{
    Algebra *const node = alloc(translator, 1, sizeof *node);
    if (node) {
        node->kind = kind;
        node->matches = -1;
    }
    return node;
}

static uint32_t fresh_variable(Translator *translator)
{
    return (uint32_t)translator->select->width++;
}

static AstNode variable_node(uint32_t variable, AstPlace place)
{
    return (AstNode){.place = place, .variable = variable};
}

/* ---- Building ---- */

static bool add_child(Translator *translator, Algebra *node, Algebra *child)
{
    if (node->count == node->capacity) {
        const size_t capacity = node->capacity ? node->capacity * 2 : 4;
        Algebra **const children = alloc(translator, capacity, sizeof *children);
        if (!children)
            return false;
        if (node->count)
            memcpy(children, node->children, node->count * sizeof *children);
        node->children = children;
        node->capacity = capacity;
    }
    node->children[node->count++] = child;
    return true;
}

static Algebra *two(Translator *translator, AlgebraKind kind, Algebra *left, Algebra *right)
{
    Algebra *const node = left && right ? new_algebra(translator, kind) : NULL;
    return node && add_child(translator, node, left) && add_child(translator, node, right) ? node : NULL;
}

/* A join within a join is part of it: joins may be taken in any order. */
static Algebra *join(Translator *translator, Algebra *left, Algebra *right)
{
    if (!left || !right || left->kind == ALGEBRA_UNIT)
        return left && right ? right : NULL;
    if (right->kind == ALGEBRA_UNIT)
        return left;
    if (left->kind != ALGEBRA_JOIN) {
        Algebra *const node = new_algebra(translator, ALGEBRA_JOIN);
        if (!node || !add_child(translator, node, left))
            return NULL;
        left = node;
    }
    if (right->kind != ALGEBRA_JOIN)
        return add_child(translator, left, right) ? left : NULL;
    for (size_t i = 0; i < right->count; i++)
        if (!add_child(translator, left, right->children[i]))
            return NULL;
    return left;
}

/* ---- Paths (section 18.2.2.4) ---- */

static Algebra *translate_path(Translator *translator, AstNode s, const AstPath *path, AstNode o);

static Algebra *triple(Translator *translator, AstNode s, AstNode p, AstNode o)
{
    Algebra *const node = new_algebra(translator, ALGEBRA_TRIPLE);
    if (node) {
        node->s = s;
        node->p = p;
        node->o = o;
    }
    return node;
}

static bool add_alternatives(Translator *translator, Algebra *all, AstNode s, const AstPath *path, AstNode o)
{
    if (path->kind == PATH_ALTERNATIVE)
        return add_alternatives(translator, all, s, path->first, o) &&
               add_alternatives(translator, all, s, path->second, o);
    Algebra *const one = translate_path(translator, s, path, o);
    return one && add_child(translator, all, one);
}

static AstExpr *new_expr(Translator *translator, ExprOp op, AstPlace place, size_t count)
{
    AstExpr *const expr = alloc(translator, 1, sizeof *expr);
    AstExpr **const arguments = alloc(translator, count, sizeof *arguments);
    if (!expr || !arguments)
        return NULL;
    *expr = (AstExpr){.op = op, .place = place, .arguments = arguments, .count = count};
    return expr;
}

/* One direction of !(…): any predicate, then a filter that it is none of those named. */
static Algebra *negated_direction(Translator *translator, AstNode s, const AstPath *path, AstNode o, bool is_inverse)
{
    const AstNode predicate = variable_node(fresh_variable(translator), path->place);
    size_t count = 0;
    for (const AstPath *one = path->first; one; one = one->next)
        count += (one->kind == PATH_INVERSE) == is_inverse;
    Algebra *const any = is_inverse ? triple(translator, o, predicate, s) : triple(translator, s, predicate, o);
    Algebra *const filter = new_algebra(translator, ALGEBRA_FILTER);
    AstExpr *const expr = new_expr(translator, EXPR_NOT_IN, path->place, count + 1);
    AstExpr **const filters = alloc(translator, 1, sizeof *filters);
    if (!any || !filter || !expr || !filters || !add_child(translator, filter, any))
        return NULL;
    size_t at = 0;
    expr->arguments[at++] = new_expr(translator, EXPR_VARIABLE, path->place, 0);
    if (!expr->arguments[0])
        return NULL;
    expr->arguments[0]->node = predicate;
    for (const AstPath *one = path->first; one; one = one->next) {
        if ((one->kind == PATH_INVERSE) != is_inverse)
            continue;
        AstExpr *const term = new_expr(translator, EXPR_TERM, one->place, 0);
        if (!term)
            return NULL;
        term->node = (AstNode){one->place, AST_NO_VARIABLE, is_inverse ? one->first->iri : one->iri};
        expr->arguments[at++] = term;
    }
    filters[0] = expr;
    filter->filters = filters;
    filter->filter_count = 1;
    return translate_expr(translator, expr) ? filter : NULL;
}

static Algebra *translate_negated(Translator *translator, AstNode s, const AstPath *path, AstNode o)
{
    bool has_forward = !path->first, has_inverse = false;
    for (const AstPath *one = path->first; one; one = one->next) {
        has_forward |= one->kind != PATH_INVERSE;
        has_inverse |= one->kind == PATH_INVERSE;
    }
    Algebra *const forward = has_forward ? negated_direction(translator, s, path, o, false) : NULL;
    Algebra *const inverse = has_inverse ? negated_direction(translator, s, path, o, true) : NULL;
    if (has_forward && has_inverse)
        return two(translator, ALGEBRA_UNION, forward, inverse);
    return has_forward ? forward : inverse;
}

static Algebra *translate_path(Translator *translator, AstNode s, const AstPath *path, AstNode o)
{
    AstNode middle;
    Algebra *node;
    switch (path->kind) {
    case PATH_LINK:
        return triple(translator, s, (AstNode){path->place, AST_NO_VARIABLE, path->iri}, o);
    case PATH_INVERSE:
        return translate_path(translator, o, path->first, s);
    case PATH_SEQUENCE:
        middle = variable_node(fresh_variable(translator), path->place);
        node = translate_path(translator, s, path->first, middle);
        return node ? join(translator, node, translate_path(translator, middle, path->second, o)) : NULL;
    case PATH_ALTERNATIVE:
        node = new_algebra(translator, ALGEBRA_UNION);
        return node && add_alternatives(translator, node, s, path, o) ? node : NULL;
    case PATH_NEGATED:
        return translate_negated(translator, s, path, o);
    default:
        node = new_algebra(translator, ALGEBRA_PATH);
        if (node) {
            node->s = s;
            node->path = path;
            node->o = o;
        }
        return node;
    }
}

/* ---- Patterns ---- */

static size_t count_filters(const AstPattern *group)
{
    size_t count = 0;
    for (const AstPattern *child = group->children; child; child = child->next)
        count += child->kind == PATTERN_FILTER;
    return count;
}

static Algebra *translate_property(Translator *translator, const PropertySpec *property)
{
    Algebra *const node = new_algebra(translator, ALGEBRA_PROPERTY);
    if (node)
        node->property = property;
    return node;
}

static Algebra *translate_triples(Translator *translator, Algebra *before, const AstPattern *pattern)
{
    PropertyCalls calls;
    translator->status = sparql_find_property_calls(translator->run, pattern, &calls, translator->err);
    if (translator->status != BASE_OK)
        return NULL;
    for (size_t i = 0; i < pattern->triple_count && before; i++) {
        const AstTriple *const one = &pattern->triples[i];
        if (calls.specs && (calls.specs[i] || calls.is_taken[i])) {
            if (calls.specs[i])
                before = join(translator, before, translate_property(translator, calls.specs[i]));
            continue;
        }
        before = join(translator, before,
                      one->path ? translate_path(translator, one->subject, one->path, one->object)
                                : triple(translator, one->subject, one->predicate, one->object));
    }
    return before;
}

/* OPTIONAL { P FILTER F }: F belongs to the condition of the left join, and sees both sides. */
static Algebra *translate_optional(Translator *translator, Algebra *before, const AstPattern *pattern)
{
    const AstPattern *const group = pattern->children;
    Algebra *const node = two(translator, ALGEBRA_LEFT_JOIN, before, translate_body(translator, group));
    if (!node || !translate_filters(translator, node, group))
        return NULL;
    node->marker = fresh_variable(translator);
    return node;
}

static Algebra *translate_union(Translator *translator, const AstPattern *pattern)
{
    Algebra *const node = new_algebra(translator, ALGEBRA_UNION);
    for (const AstPattern *child = pattern->children; child && node; child = child->next) {
        Algebra *const arm = translate_group(translator, child);
        if (!arm || !add_child(translator, node, arm))
            return NULL;
    }
    return node;
}

static Algebra *translate_bind(Translator *translator, Algebra *before, const AstPattern *pattern)
{
    Algebra *const node = new_algebra(translator, ALGEBRA_EXTEND);
    if (!node || !translate_expr(translator, pattern->expr) || !add_child(translator, node, before))
        return NULL;
    node->assignment = (Assignment){pattern->expr, pattern->target.variable};
    return node;
}

static Algebra *translate_values(Translator *translator, const AstValues *values)
{
    Algebra *const node = new_algebra(translator, ALGEBRA_VALUES);
    if (node)
        node->values = values;
    return node;
}

static Algebra *translate_subquery(Translator *translator, const AstPattern *pattern)
{
    Algebra *const node = new_algebra(translator, ALGEBRA_SELECT);
    if (!node)
        return NULL;
    translator->status = sparql_translate(translator->run, pattern->select, &node->select, translator->err);
    return translator->status == BASE_OK ? node : NULL;
}

static Algebra *translate_graph(Translator *translator, const AstPattern *pattern)
{
    Algebra *const group = translate_group(translator, pattern->children);
    Algebra *const node = group ? new_algebra(translator, ALGEBRA_GRAPH) : NULL;
    if (!node || !add_child(translator, node, group))
        return NULL;
    node->s = pattern->target;
    return node;
}

static Algebra *translate_service(Translator *translator, const AstPattern *pattern)
{
    Algebra *const node = new_algebra(translator, ALGEBRA_SERVICE);
    if (!node)
        return NULL;
    node->s = pattern->target;
    translator->status =
        sparql_specify_service(translator->run, translator->select->ast, pattern, &node->service, translator->err);
    return translator->status == BASE_OK ? node : NULL;
}

static Algebra *translate_element(Translator *translator, Algebra *before, const AstPattern *pattern)
{
    switch (pattern->kind) {
    case PATTERN_TRIPLES:
        return translate_triples(translator, before, pattern);
    case PATTERN_GROUP:
        return join(translator, before, translate_group(translator, pattern));
    case PATTERN_UNION:
        return join(translator, before, translate_union(translator, pattern));
    case PATTERN_OPTIONAL:
        return translate_optional(translator, before, pattern);
    case PATTERN_MINUS:
        return two(translator, ALGEBRA_MINUS, before, translate_group(translator, pattern->children));
    case PATTERN_BIND:
        return translate_bind(translator, before, pattern);
    case PATTERN_VALUES:
        return join(translator, before, translate_values(translator, pattern->values));
    case PATTERN_SELECT:
        return join(translator, before, translate_subquery(translator, pattern));
    case PATTERN_GRAPH:
        return join(translator, before, translate_graph(translator, pattern));
    case PATTERN_SERVICE:
        return join(translator, before, translate_service(translator, pattern));
    case PATTERN_FILTER:
        break;
    }
    return before;
}

/* The group without its filters. */
static Algebra *translate_body(Translator *translator, const AstPattern *group)
{
    Algebra *body = new_algebra(translator, ALGEBRA_UNIT);
    for (const AstPattern *child = group->children; child && body; child = child->next)
        body = translate_element(translator, body, child);
    return body;
}

/* Filters hold for the whole group, wherever they stand in it. They are given to `node`. */
static bool translate_filters(Translator *translator, Algebra *node, const AstPattern *group)
{
    node->filters = alloc(translator, count_filters(group), sizeof *node->filters);
    if (!node->filters)
        return false;
    for (const AstPattern *child = group->children; child; child = child->next) {
        if (child->kind != PATTERN_FILTER)
            continue;
        if (!translate_expr(translator, child->expr))
            return false;
        node->filters[node->filter_count++] = child->expr;
    }
    return true;
}

static Algebra *translate_group(Translator *translator, const AstPattern *group)
{
    Algebra *const body = translate_body(translator, group);
    if (!body || count_filters(group) == 0)
        return body;
    Algebra *const node = new_algebra(translator, ALGEBRA_FILTER);
    return node && add_child(translator, node, body) && translate_filters(translator, node, group) ? node : NULL;
}

/* ---- Expressions ---- */

static bool translate_constant(Translator *translator, AstExpr *expr)
{
    Value *const value = alloc(translator, 1, sizeof *value);
    if (!value)
        return false;
    sparql_value_decode(&expr->node.term, value);
    translator->status = sparql_terms_constant(&translator->run->terms, &expr->node.term, &value->id, translator->err);
    expr->constant = value;
    return translator->status == BASE_OK;
}

/* The grammar allows any IRI to be a function; which ones there are is another matter. */
static bool find_function(Translator *translator, AstExpr *expr)
{
    translator->status = sparql_resolve_function(translator->run, expr, translator->err);
    return translator->status == BASE_OK;
}

static bool translate_expr(Translator *translator, AstExpr *expr)
{
    if (expr->op == EXPR_TERM)
        return translate_constant(translator, expr);
    if (expr->op == EXPR_CAST && !expr->builtin && !find_function(translator, expr))
        return false;
    if (expr->pattern) {
        expr->algebra = translate_group(translator, expr->pattern);
        expr->marker = fresh_variable(translator);
        if (!expr->algebra)
            return false;
    }
    for (size_t i = 0; i < expr->count; i++)
        if (!translate_expr(translator, expr->arguments[i]))
            return false;
    return true;
}

/* ---- Groups and aggregates (section 18.2.4.1) ---- */

/* `expr` becomes a variable that the group operator fills with the value of `call`. */
static bool extract(Translator *translator, AstExpr *expr, const AstExpr *call)
{
    const uint32_t variable = fresh_variable(translator);
    AggregateSpec *items = translator->aggregates.items;
    const size_t count = translator->aggregates.count;
    if (count == translator->aggregates.capacity) {
        translator->aggregates.capacity = count ? 2 * count : 4;
        items = alloc(translator, translator->aggregates.capacity, sizeof *items);
        if (!items)
            return false;
        if (count)
            memcpy(items, translator->aggregates.items, count * sizeof *items);
        translator->aggregates.items = items;
    }
    items[translator->aggregates.count++] = (AggregateSpec){call, variable};
    *expr = (AstExpr){.op = EXPR_VARIABLE, .place = expr->place, .node = variable_node(variable, expr->place)};
    return true;
}

static bool extract_aggregate(Translator *translator, AstExpr *expr)
{
    AstExpr *const call = alloc(translator, 1, sizeof *call);
    if (!call)
        return false;
    *call = *expr;
    for (size_t i = 0; i < call->count; i++)
        if (!translate_expr(translator, call->arguments[i]))
            return false;
    return extract(translator, expr, call);
}

/* A variable that is not grouped stands for any of its values in the group. */
static bool extract_sample(Translator *translator, AstExpr *expr)
{
    AstExpr *const call = new_expr(translator, EXPR_AGGREGATE, expr->place, 1);
    AstExpr *const argument = new_expr(translator, EXPR_VARIABLE, expr->place, 0);
    if (!call || !argument)
        return false;
    argument->node = expr->node;
    call->aggregate = AGGREGATE_SAMPLE;
    call->arguments[0] = argument;
    return extract(translator, expr, call);
}

/* In HAVING, which comes before SELECT's expressions, an alias is taken for its expression. */
static bool extract_aggregates(Translator *translator, AstExpr *expr, bool in_having)
{
    if (expr->op == EXPR_AGGREGATE)
        return extract_aggregate(translator, expr);
    if (expr->op == EXPR_VARIABLE) {
        const AstSelect *const ast = translator->select->ast;
        const uint32_t variable = expr->node.variable;
        if (variable >= ast->variables.count || translator->is_key[variable])
            return true;
        if (!translator->is_alias[variable])
            return extract_sample(translator, expr);
        for (size_t i = 0; in_having && i < ast->item_count; i++)
            if (ast->items[i].expr && ast->items[i].target.variable == variable) {
                *expr = *ast->items[i].expr; /* its own aggregates are out already; it may use earlier aliases */
                return extract_aggregates(translator, expr, true);
            }
        return true;
    }
    for (size_t i = 0; i < expr->count; i++)
        if (!extract_aggregates(translator, expr->arguments[i], in_having))
            return false;
    return true;
}

static bool translate_keys(Translator *translator)
{
    SelectAlgebra *const select = translator->select;
    const AstSelect *const ast = select->ast;
    uint32_t *const keys = alloc(translator, ast->group_count, sizeof *keys);
    select->group_assignments = alloc(translator, ast->group_count, sizeof *select->group_assignments);
    if (!keys || !select->group_assignments)
        return false;
    for (size_t i = 0; i < ast->group_count; i++) {
        const AstItem *const item = &ast->groups[i];
        keys[i] = item->target.variable;
        if (item->expr) {
            if (keys[i] == AST_NO_VARIABLE)
                keys[i] = fresh_variable(translator);
            if (!translate_expr(translator, item->expr))
                return false;
            select->group_assignments[select->group_assignment_count++] = (Assignment){item->expr, keys[i]};
        }
        if (keys[i] < ast->variables.count)
            translator->is_key[keys[i]] = true;
    }
    select->group.keys = keys;
    select->group.key_count = ast->group_count;
    return true;
}

static bool name_solution(Translator *translator)
{
    SelectAlgebra *const select = translator->select;
    uint32_t *const named = alloc(translator, select->ast->variables.count, sizeof *named);
    if (!named)
        return false;
    for (size_t i = 0; i < select->ast->variables.count; i++)
        if (select->ast->variables.items[i].name)
            named[select->group.named_count++] = (uint32_t)i;
    select->group.named = named;
    return true;
}

static bool translate_grouping(Translator *translator)
{
    SelectAlgebra *const select = translator->select;
    AstSelect *const ast = select->ast;
    translator->is_key = alloc(translator, ast->variables.count, sizeof *translator->is_key);
    translator->is_alias = alloc(translator, ast->variables.count, sizeof *translator->is_alias);
    if (!translator->is_key || !translator->is_alias || !translate_keys(translator) || !name_solution(translator))
        return false;
    for (size_t i = 0; i < ast->item_count; i++)
        if (ast->items[i].expr)
            translator->is_alias[ast->items[i].target.variable] = true;
    for (size_t i = 0; i < ast->item_count; i++)
        if (ast->items[i].expr && !extract_aggregates(translator, ast->items[i].expr, false))
            return false;
    for (size_t i = 0; i < ast->having_count; i++)
        if (!extract_aggregates(translator, ast->having[i], true))
            return false;
    for (size_t i = 0; i < ast->order_count; i++)
        if (!extract_aggregates(translator, ast->order[i].expr, false))
            return false;
    select->group.aggregates = translator->aggregates.items;
    select->group.aggregate_count = translator->aggregates.count;
    return true;
}

static bool translate_modifiers(Translator *translator)
{
    SelectAlgebra *const select = translator->select;
    AstSelect *const ast = select->ast;
    select->assignments = alloc(translator, ast->item_count, sizeof *select->assignments);
    if (!select->assignments || (ast->is_grouped && !translate_grouping(translator)))
        return false;
    for (size_t i = 0; i < ast->item_count; i++) {
        if (!ast->items[i].expr)
            continue;
        if (!translate_expr(translator, ast->items[i].expr))
            return false;
        select->assignments[select->assignment_count++] =
            (Assignment){ast->items[i].expr, ast->items[i].target.variable};
    }
    for (size_t i = 0; i < ast->having_count; i++)
        if (!translate_expr(translator, ast->having[i]))
            return false;
    for (size_t i = 0; i < ast->order_count; i++)
        if (!translate_expr(translator, ast->order[i].expr))
            return false;
    select->values = ast->values ? translate_values(translator, ast->values) : NULL;
    return translator->status == BASE_OK;
}

BaseStatus sparql_translate(Run *run, AstSelect *select, SelectAlgebra **out, BaseError *err)
{
    Translator translator = {.run = run, .err = err};
    SelectAlgebra *const algebra = alloc(&translator, 1, sizeof *algebra);
    *out = algebra;
    if (!algebra)
        return translator.status;
    algebra->ast = select;
    algebra->width = select->variables.count;
    translator.select = algebra;
    algebra->where =
        select->where ? translate_group(&translator, select->where) : new_algebra(&translator, ALGEBRA_UNIT);
    if (algebra->where)
        translate_modifiers(&translator);
    return translator.status;
}
