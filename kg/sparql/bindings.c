/* bindings.c - variables in and out of patterns. A variable that a pattern always binds can be relied on by whatever
 * joins with it; one that it may bind can only be watched. */
#include "kg/sparql/bindings.h"

#include "kg/sparql/functions.h"

bool sparql_new_set(Builder *builder, VarSet *out)
{
    out->count = builder->width / 64 + 1;
    out->words = sparql_build_alloc(builder, out->count, sizeof *out->words);
    return out->words != NULL;
}

VarSet sparql_set_copy(Builder *builder, VarSet set)
{
    VarSet copy;
    if (sparql_new_set(builder, &copy))
        memcpy(copy.words, set.words, set.count * sizeof *copy.words);
    return copy;
}

static bool annotate_select(Builder *builder, Algebra *node);
static bool annotate(Builder *builder, Algebra *node);

static bool annotate_expr(Builder *builder, AstExpr *expr)
{
    if (expr->algebra && !annotate(builder, expr->algebra))
        return false;
    for (size_t i = 0; i < expr->count; i++)
        if (!annotate_expr(builder, expr->arguments[i]))
            return false;
    return true;
}

/* What a pattern may bind, and what its filters look at whether it binds that or not. Of a subquery only what comes out
 * of it is known outside. */
static void add_pattern(const Algebra *node, VarSet set)
{
    set_unite(set, node->possible);
    for (size_t i = 0; i < node->filter_count; i++)
        sparql_add_variables(node->filters[i], set);
    if (node->kind == ALGEBRA_EXTEND)
        sparql_add_variables(node->assignment.expr, set);
    for (size_t i = 0; i < node->count; i++)
        add_pattern(node->children[i], set);
}

void sparql_add_variables(const AstExpr *expr, VarSet set)
{
    if (expr->op == EXPR_VARIABLE)
        set_add(set, expr->node.variable);
    if (expr->algebra)
        add_pattern(expr->algebra, set);
    for (size_t i = 0; i < expr->count; i++)
        sparql_add_variables(expr->arguments[i], set);
}

bool sparql_has_exists(const AstExpr *expr)
{
    if (expr->algebra)
        return true;
    for (size_t i = 0; i < expr->count; i++)
        if (sparql_has_exists(expr->arguments[i]))
            return true;
    return false;
}

bool sparql_is_volatile(const AstExpr *expr)
{
    if ((expr->builtin && expr->builtin->form == BUILTIN_VOLATILE) || (expr->function && expr->function->is_volatile))
        return true;
    for (size_t i = 0; i < expr->count; i++)
        if (sparql_is_volatile(expr->arguments[i]))
            return true;
    return false;
}

static bool calls_others(const AstExpr *expr)
{
    if (expr->function)
        return true;
    for (size_t i = 0; i < expr->count; i++)
        if (calls_others(expr->arguments[i]))
            return true;
    return false;
}

bool sparql_is_plain(const AstExpr *expr)
{
    return !sparql_has_exists(expr) && !sparql_is_volatile(expr) && !calls_others(expr);
}

static void annotate_values(Algebra *node)
{
    const AstValues *const values = node->values;
    for (size_t i = 0; i < values->width; i++) {
        bool is_certain = true;
        for (size_t row = 0; row < values->rows && is_certain; row++)
            is_certain = values->is_bound[row * values->width + i];
        set_add(node->possible, values->variables[i]);
        if (is_certain)
            set_add(node->certain, values->variables[i]);
    }
}

/* From the children's sets to the node's. */
static void combine(Algebra *node)
{
    for (size_t i = 0; i < node->count; i++) {
        const Algebra *const child = node->children[i];
        if (i == 0 || node->kind != ALGEBRA_MINUS)
            set_unite(node->possible, child->possible);
        if (i == 0 || node->kind == ALGEBRA_JOIN)
            set_unite(node->certain, child->certain);
        else if (node->kind == ALGEBRA_UNION)
            set_intersect(node->certain, child->certain);
    }
}

static bool annotate(Builder *builder, Algebra *node)
{
    if (!sparql_new_set(builder, &node->possible) || !sparql_new_set(builder, &node->certain))
        return false;
    for (size_t i = 0; i < node->count; i++)
        if (!annotate(builder, node->children[i]))
            return false;
    for (size_t i = 0; i < node->filter_count; i++)
        if (!annotate_expr(builder, node->filters[i]))
            return false;
    combine(node);
    switch (node->kind) {
    case ALGEBRA_TRIPLE:
    case ALGEBRA_PATH:
        set_add(node->possible, node->s.variable);
        set_add(node->possible, node->kind == ALGEBRA_TRIPLE ? node->p.variable : AST_NO_VARIABLE);
        set_add(node->possible, node->o.variable);
        set_unite(node->certain, node->possible);
        return true;
    case ALGEBRA_GRAPH:
        set_add(node->possible, node->s.variable);
        set_add(node->certain, node->s.variable);
        return true;
    case ALGEBRA_SERVICE: /* what it binds is the endpoint's to say */
        set_add(node->possible, node->s.variable);
        set_add(node->certain, node->s.variable);
        for (size_t i = 0; i < node->service->count; i++)
            set_add(node->possible, node->service->variables[i]);
        return true;
    case ALGEBRA_PROPERTY:
        for (size_t i = 0; i < node->property->count; i++)
            set_add(node->possible, node->property->arguments[i].variable);
        if (!node->property->function->leaves_unbound)
            set_unite(node->certain, node->possible);
        return true;
    case ALGEBRA_EXTEND:
        set_add(node->possible, node->assignment.variable);
        return annotate_expr(builder, (AstExpr *)node->assignment.expr);
    case ALGEBRA_VALUES:
        annotate_values(node);
        return true;
    case ALGEBRA_SELECT:
        return annotate_select(builder, node);
    default:
        return true;
    }
}

/* A subquery's plain variables are certain out here where they are in there. */
static bool annotate_select(Builder *builder, Algebra *node)
{
    Builder inner = *builder;
    inner.width = node->select->width;
    if (!annotate(&inner, node->select->where)) {
        builder->status = inner.status;
        return false;
    }
    const AstSelect *const ast = node->select->ast;
    for (size_t i = 0; i < ast->item_count; i++) {
        const uint32_t variable = ast->items[i].target.variable;
        set_add(node->possible, ast->items[i].outer);
        if (!ast->items[i].expr && set_has(node->select->where->certain, variable))
            set_add(node->certain, ast->items[i].outer);
    }
    return true;
}

bool sparql_find_bindings(Builder *builder, SelectAlgebra *select)
{
    bool is_done = annotate(builder, select->where) && (!select->values || annotate(builder, select->values));
    for (size_t i = 0; i < select->group_assignment_count && is_done; i++)
        is_done = annotate_expr(builder, (AstExpr *)select->group_assignments[i].expr);
    for (size_t i = 0; i < select->group.aggregate_count && is_done; i++)
        is_done = annotate_expr(builder, (AstExpr *)select->group.aggregates[i].call);
    for (size_t i = 0; i < select->assignment_count && is_done; i++)
        is_done = annotate_expr(builder, (AstExpr *)select->assignments[i].expr);
    for (size_t i = 0; i < select->ast->having_count && is_done; i++)
        is_done = annotate_expr(builder, select->ast->having[i]);
    for (size_t i = 0; i < select->ast->order_count && is_done; i++)
        is_done = annotate_expr(builder, select->ast->order[i].expr);
    return is_done;
}
