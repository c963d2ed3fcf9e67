/* estimate.c - what the planner believes of a pattern: its size from exact counts of the index, how many distinct
 * values its variables take from the statistics of predicates, and rules of thumb where neither knows. */
#include "kg/sparql/planner.h"

#include "kg/figures.h"
#include "kg/sparql/adjacency.h"

#include <math.h>

/* Nanoseconds, about. */
#define PATH_COST 3000.0
#define COMPUTE_COST 60 /* of a row that a pattern computes by itself */
#define PROPERTY_COST 1000.0
#define MOST_EXPECTED 1e15
#define SERVICE_COST 2e5
#define SERVICE_ROWS 1e4
#define ENDPOINTS 1e12 /* that a variable may name: so many that no order begins with it */

double planner_count_matches(Planner *planner, Algebra *node)
{
    if (node->matches >= 0)
        return node->matches;
    Place s, p, o;
    uint64_t count = 0;
    if (!planner_place(planner, &node->s, &s) || !planner_place(planner, &node->p, &p) ||
        !planner_place(planner, &node->o, &o))
        return 0;
    Builder *const builder = &planner->builder;
    if (!is_local(s.id) && !is_local(p.id) && !is_local(o.id)) {
        const BaseStatus status =
            sparql_count_at_most(builder->run, (KgTriple){s.id, p.id, o.id}, &count, builder->err);
        if (status != BASE_OK)
            builder->status = status;
    }
    node->matches = (double)count;
    return node->matches;
}

static double at_least_one(double value)
{
    return value > 1 ? value : 1;
}

/* Distinct subjects and objects of all triples with the pattern's predicate, whatever its other constants. */
static void count_distinct(Planner *planner, const Algebra *node, double matches, double *subjects, double *objects)
{
    Builder *const builder = &planner->builder;
    KgPredicateStatistics figures = {0};
    Place p = {.variable = 0};
    if (builder->run->graph == KG_ANY && planner_place(planner, &node->p, &p) && !is_local(p.id)) {
        const KgId predicate = p.variable == AST_NO_VARIABLE ? p.id : KG_ANY;
        const BaseStatus status = kg_predicate_figures(builder->run->txn, predicate, &figures, builder->err);
        if (status != BASE_OK)
            builder->status = status;
    }
    /* Where nothing is known: a subject has few triples, an object more. */
    *subjects = figures.subjects ? (double)figures.subjects : pow(matches, 0.8);
    *objects = figures.objects ? (double)figures.objects : pow(matches, 0.6);
    if (figures.subjects && p.variable != AST_NO_VARIABLE)
        *objects = pow((double)figures.triples, 0.7);
}

static void add_variable(JoinPart *part, const AstNode *node, double distinct)
{
    if (node->variable == AST_NO_VARIABLE)
        return;
    for (size_t i = 0; i < part->variable_count; i++)
        if (part->variables[i].variable == node->variable)
            return;
    part->variables[part->variable_count++] = (JoinVariable){node->variable, at_least_one(distinct)};
}

static void estimate_triple(Planner *planner, Algebra *node, JoinPart *out)
{
    double subjects, objects;
    out->rows = planner_count_matches(planner, node);
    count_distinct(planner, node, out->rows, &subjects, &objects);
    add_variable(out, &node->s, subjects);
    add_variable(out, &node->p, sqrt(out->rows) < 100 ? sqrt(out->rows) : 100);
    add_variable(out, &node->o, objects);
    if (node->p.variable == AST_NO_VARIABLE && node->o.variable != AST_NO_VARIABLE)
        out->sorted_by = node->s.variable; /* PSO */
    out->probe = PLANNER_LOOKUP_COST;
    out->read = node->p.variable == AST_NO_VARIABLE ? out->rows * ADJACENCY_READ_COST : INFINITY;
}

static void estimate_path(Planner *planner, const Algebra *node, JoinPart *out)
{
    const bool from = node->s.variable == AST_NO_VARIABLE, to = node->o.variable == AST_NO_VARIABLE;
    (void)planner;
    out->rows = from && to ? 1 : from ? 50 : to ? 1000 : 1e8;
    add_variable(out, &node->s, from || to ? out->rows : 1e6);
    add_variable(out, &node->o, from || to ? out->rows : 1e6);
    out->probe = PATH_COST;
    out->read = INFINITY;
}

/* Of a property function with its constants bound, or with all arguments. */
static double expect_rows(Planner *planner, const PropertySpec *property, bool are_bound)
{
    uint32_t bound = 0;
    for (size_t i = 0; i < property->count; i++)
        if (are_bound || property->arguments[i].variable == AST_NO_VARIABLE)
            bound |= (uint32_t)1 << i;
    const KgPropertyFunction *const function = property->function;
    const double rows = function->expect ? function->expect(function->context, planner->builder.run->txn, bound,
                                                            property->subjects, property->count - property->subjects)
                                         : 1;
    return rows < MOST_EXPECTED ? rows : MOST_EXPECTED;
}

/* One whose arguments must be bound expects so many rows without them that no order begins with it. */
static void estimate_property(Planner *planner, const Algebra *node, JoinPart *out)
{
    const PropertySpec *const property = node->property;
    const double all = at_least_one(expect_rows(planner, property, true));
    out->rows = expect_rows(planner, property, false);
    size_t variables = 0;
    for (size_t i = 0; i < property->count; i++)
        variables += property->arguments[i].variable != AST_NO_VARIABLE;
    for (size_t i = 0; i < property->count; i++)
        add_variable(out, &property->arguments[i], pow(out->rows / all, 1.0 / (double)variables));
    out->probe = PROPERTY_COST;
    out->read = INFINITY;
}

double planner_estimate(Planner *planner, Algebra *node)
{
    double rows = 1;
    switch (node->kind) {
    case ALGEBRA_UNIT:
        return 1;
    case ALGEBRA_TRIPLE:
        return planner_count_matches(planner, node);
    case ALGEBRA_PATH:
        return node->s.variable == AST_NO_VARIABLE || node->o.variable == AST_NO_VARIABLE ? 100 : 1e8;
    case ALGEBRA_VALUES:
        return (double)node->values->rows;
    case ALGEBRA_SELECT:
        if (node->select->ast->is_grouped && node->select->group.key_count == 0)
            return 1;
        rows = planner_estimate(planner, node->select->where);
        if (node->select->ast->is_grouped)
            rows = sqrt(rows);
        return rows < (double)node->select->ast->limit ? rows : (double)node->select->ast->limit;
    case ALGEBRA_UNION:
        rows = 0;
        for (size_t i = 0; i < node->count; i++)
            rows += planner_estimate(planner, node->children[i]);
        return rows;
    case ALGEBRA_JOIN:
        for (size_t i = 0; i < node->count; i++) {
            const double one = planner_estimate(planner, node->children[i]);
            rows = i == 0 || one < rows ? one : rows;
        }
        return rows;
    case ALGEBRA_FILTER:
        rows = planner_estimate(planner, node->children[0]);
        for (size_t i = 0; i < node->filter_count; i++)
            rows *= planner_selectivity(node->filters[i]);
        return rows;
    case ALGEBRA_LEFT_JOIN:
    case ALGEBRA_MINUS:
    case ALGEBRA_EXTEND:
    case ALGEBRA_GRAPH:
        return planner_estimate(planner, node->children[0]);
    case ALGEBRA_SERVICE:
        return SERVICE_ROWS;
    case ALGEBRA_PROPERTY:
        return expect_rows(planner, node->property, false);
    }
    return rows;
}

/* What comes back is anybody's guess. Where the endpoint is a variable, it must be bound before. */
static void estimate_service(Planner *planner, const Algebra *node, JoinPart *out)
{
    (void)planner;
    out->rows = SERVICE_ROWS;
    for (size_t i = 0; i < node->service->count; i++)
        out->variables[out->variable_count++] = (JoinVariable){node->service->variables[i], SERVICE_ROWS / 10};
    if (node->s.variable != AST_NO_VARIABLE) {
        out->rows *= ENDPOINTS;
        add_variable(out, &node->s, ENDPOINTS);
    }
    out->probe = SERVICE_COST;
    out->read = INFINITY;
}

void planner_estimate_part(Planner *planner, Algebra *node, JoinPart *out)
{
    *out = (JoinPart){.sorted_by = AST_NO_VARIABLE};
    out->variables = sparql_build_alloc(&planner->builder, planner->select->width + 3, sizeof *out->variables);
    if (!out->variables)
        return;
    if (node->kind == ALGEBRA_TRIPLE) {
        estimate_triple(planner, node, out);
        return;
    }
    if (node->kind == ALGEBRA_PATH) {
        estimate_path(planner, node, out);
        return;
    }
    if (node->kind == ALGEBRA_SERVICE) {
        estimate_service(planner, node, out);
        return;
    }
    if (node->kind == ALGEBRA_PROPERTY) {
        estimate_property(planner, node, out);
        return;
    }
    out->rows = planner_estimate(planner, node);
    const double distinct = at_least_one(pow(out->rows, 0.8));
    for (uint32_t v = 0; v < planner->select->width; v++)
        if (set_has(node->possible, v))
            out->variables[out->variable_count++] = (JoinVariable){v, distinct};
    out->probe = node->kind == ALGEBRA_VALUES ? 10 * out->rows : 5 * PLANNER_LOOKUP_COST;
    out->read = out->rows * COMPUTE_COST;
}

double planner_selectivity(const AstExpr *filter)
{
    double share = 1;
    switch (filter->op) {
    case EXPR_AND:
        return planner_selectivity(filter->arguments[0]) * planner_selectivity(filter->arguments[1]);
    case EXPR_OR:
        share = planner_selectivity(filter->arguments[0]) + planner_selectivity(filter->arguments[1]);
        return share < 1 ? share : 1;
    case EXPR_NOT:
        return 1 - 0.9 * planner_selectivity(filter->arguments[0]);
    case EXPR_EQ:
        return 0.05;
    case EXPR_IN:
        share = 0.05 * (double)(filter->count - 1);
        return share < 1 ? share : 1;
    case EXPR_LT:
    case EXPR_GT:
    case EXPR_LE:
    case EXPR_GE:
        return 0.3;
    case EXPR_NE:
    case EXPR_NOT_IN:
        return 0.9;
    case EXPR_EXISTS:
    case EXPR_NOT_EXISTS:
        return 0.5;
    case EXPR_CALL:
        return 0.2;
    default:
        return 0.5;
    }
}
