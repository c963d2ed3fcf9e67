/* plan_modifiers.c - what comes behind WHERE: grouping, SELECT's expressions, ORDER BY, DISTINCT, LIMIT (SPARQL 1.1,
 * section 18.2.4 and 18.2.5). */
#include "kg/sparql/planner.h"

/* COUNT of the matches of one pattern, and nothing else: the index knows. */
bool planner_is_plain_count(const Planner *planner)
{
    const SelectAlgebra *const select = planner->select;
    const Algebra *const where = select->where;
    if (where->kind != ALGEBRA_TRIPLE || select->group.key_count > 0 || select->group.aggregate_count == 0)
        return false;
    const uint32_t s = where->s.variable, p = where->p.variable, o = where->o.variable;
    if ((s == p && s != AST_NO_VARIABLE) || (s == o && s != AST_NO_VARIABLE) || (p == o && p != AST_NO_VARIABLE))
        return false;
    for (size_t i = 0; i < select->group.aggregate_count; i++) {
        const AstExpr *const call = select->group.aggregates[i].call;
        if (call->aggregate != AGGREGATE_COUNT || call->distinct)
            return false;
        if (call->count > 0 &&
            (call->arguments[0]->op != EXPR_VARIABLE || !set_has(where->certain, call->arguments[0]->node.variable)))
            return false;
    }
    return true;
}

static Operator *compile_count(Planner *planner)
{
    const SelectAlgebra *const select = planner->select;
    Place s, p, o;
    uint32_t *const cells = sparql_build_alloc(&planner->builder, select->group.aggregate_count, sizeof *cells);
    if (!cells || !planner_place(planner, &select->where->s, &s) || !planner_place(planner, &select->where->p, &p) ||
        !planner_place(planner, &select->where->o, &o))
        return NULL;
    for (size_t i = 0; i < select->group.aggregate_count; i++)
        cells[i] = select->group.aggregates[i].variable;
    return sparql_new_count(&planner->builder, (KgTriple){s.id, p.id, o.id}, cells, select->group.aggregate_count);
}

static Operator *compile_assignments(Planner *planner, Operator *input, const Assignment *assignments, size_t count)
{
    if (count == 0 || !input)
        return input;
    for (size_t i = 0; i < count; i++)
        if (!planner_compile_exists(planner, (AstExpr *)assignments[i].expr))
            return NULL;
    return sparql_new_extend(&planner->builder, input, assignments, count);
}

static Operator *compile_grouping(Planner *planner, Operator *input)
{
    const SelectAlgebra *const select = planner->select;
    if (planner_is_plain_count(planner)) {
        input = compile_count(planner);
    } else {
        input = compile_assignments(planner, input, select->group_assignments, select->group_assignment_count);
        for (size_t i = 0; i < select->group.aggregate_count; i++)
            if (!planner_compile_exists(planner, (AstExpr *)select->group.aggregates[i].call))
                return NULL;
        input = input ? sparql_new_group(&planner->builder, input, &select->group) : NULL;
    }
    return planner_add_filters(planner, input, select->ast->having, select->ast->having_count, NULL);
}

static Operator *compile_ordering(Planner *planner, Operator *input)
{
    const AstSelect *const ast = planner->select->ast;
    if (ast->order_count == 0 || !input)
        return input;
    for (size_t i = 0; i < ast->order_count; i++)
        if (!planner_compile_exists(planner, ast->order[i].expr))
            return NULL;
    const bool is_cut = ast->limit != UINT64_MAX && !ast->distinct && ast->form != KG_DESCRIBE;
    uint64_t most = UINT64_MAX;
    if (is_cut && ast->limit < UINT64_MAX / 8 && ast->offset < UINT64_MAX / 8)
        most = ast->limit + ast->offset;
    return sparql_new_sort(&planner->builder, input, ast->order, ast->order_count, most);
}

static Operator *compile_distinct(Planner *planner, Operator *input)
{
    const AstSelect *const ast = planner->select->ast;
    if (!ast->distinct) /* REDUCED may keep what it likes: it keeps all */
        return input;
    uint32_t *const columns = sparql_build_alloc(&planner->builder, ast->item_count, sizeof *columns);
    if (!columns || !input)
        return NULL;
    for (size_t i = 0; i < ast->item_count; i++)
        columns[i] = ast->items[i].target.variable;
    return sparql_new_distinct(&planner->builder, input, columns, ast->item_count);
}

Operator *planner_compile_modifiers(Planner *planner, Operator *input)
{
    const SelectAlgebra *const select = planner->select;
    const AstSelect *const ast = select->ast;
    if (ast->is_grouped)
        input = compile_grouping(planner, input);
    if (select->values && input)
        input = planner_compile_values(planner, select->values, input);
    input = compile_assignments(planner, input, select->assignments, select->assignment_count);
    input = compile_ordering(planner, input);
    input = compile_distinct(planner, input);
    if (input && (ast->offset > 0 || ast->limit != UINT64_MAX))
        input = sparql_new_slice(&planner->builder, input, ast->offset, ast->limit);
    return input;
}
