/* plan_join.c - the patterns of a join, in the order that join_order.c finds, each filter as soon as its variables are
 * there. A triple pattern whose bound places are known is a lookup, which a filter on its object may narrow to ranges
 * of an index; patterns that close a circle over one new variable are intersected. */
#include "kg/sparql/lookup.h"
#include "kg/sparql/planner.h"

#include <math.h>

typedef struct Join {
    Planner *planner;
    Algebra *const *children;
    size_t count;
    JoinPart *parts;
    size_t *order;
    double *rows; /* behind the child of that place in the order */
    bool *is_done;
    AstExpr *const *filters;
    size_t filter_count;
    VarSet *filter_variables;
    FilterRanges *filter_ranges;
    bool *is_placed; /* by filter */
    Known known;
} Join;

/* ---- The order ---- */

static bool describe_filters(Join *join, JoinFilter **out)
{
    Builder *const builder = &join->planner->builder;
    *out = sparql_build_alloc(builder, join->filter_count, sizeof **out);
    join->filter_variables = sparql_build_alloc(builder, join->filter_count, sizeof *join->filter_variables);
    join->filter_ranges = sparql_build_alloc(builder, join->filter_count, sizeof *join->filter_ranges);
    if (!*out || !join->filter_variables || !join->filter_ranges)
        return false;
    for (size_t i = 0; i < join->filter_count; i++) {
        if (!sparql_new_set(builder, &join->filter_variables[i]))
            return false;
        sparql_add_variables(join->filters[i], join->filter_variables[i]);
        join->filter_ranges[i].variable = AST_NO_VARIABLE;
        (*out)[i] = (JoinFilter){join->filter_variables[i],
                                 planner_share(join->planner, join->children, join->count, join->filters[i],
                                               join->filter_variables[i], &join->filter_ranges[i])};
    }
    return true;
}

static bool find_order(Join *join)
{
    Planner *const planner = join->planner;
    Builder *const builder = &planner->builder;
    JoinFilter *filters;
    join->parts = sparql_build_alloc(builder, join->count, sizeof *join->parts);
    join->order = sparql_build_alloc(builder, join->count, sizeof *join->order);
    join->rows = sparql_build_alloc(builder, join->count, sizeof *join->rows);
    join->is_done = sparql_build_alloc(builder, join->count, sizeof *join->is_done);
    join->is_placed = sparql_build_alloc(builder, join->filter_count, sizeof *join->is_placed);
    if (!join->parts || !join->order || !join->rows || !join->is_done || !join->is_placed ||
        !describe_filters(join, &filters))
        return false;
    for (size_t i = 0; i < join->count && builder->status == BASE_OK; i++)
        planner_estimate_part(planner, join->children[i], &join->parts[i]);
    const JoinProblem problem = {.parts = join->parts,
                                 .part_count = join->count,
                                 .filters = filters,
                                 .filter_count = join->filter_count,
                                 .bound = join->known.possible,
                                 .input_rows = planner->input_rows,
                                 .width = planner->select->width};
    if (builder->status != BASE_OK)
        return false;
    if (sparql_join_order(&problem, builder->run->arena, join->order, join->rows))
        return true;
    builder->status = sparql_no_memory(builder->err);
    return false;
}

/* ---- Triples ---- */

static bool is_plain_graph(const Planner *planner)
{
    return planner->in_named || planner->builder.run->graph < MERGED_GRAPH;
}

/* Fills places and what is bound; false in *fits: rows may differ in what they bind, or a variable stands twice. */
static bool shape_of(Join *join, const Algebra *node, LookupSpec *out, bool *fits)
{
    const AstNode *const nodes[3] = {&node->s, &node->p, &node->o};
    *fits = is_plain_graph(join->planner) && !join->planner->in_exists;
    for (int i = 0; i < 3; i++) {
        if (!planner_place(join->planner, nodes[i], &out->places[i]))
            return false;
        const uint32_t variable = out->places[i].variable;
        out->is_bound[i] = variable == AST_NO_VARIABLE || set_has(join->known.certain, variable);
        if (out->is_bound[i])
            continue;
        *fits = *fits && !set_has(join->known.possible, variable);
        for (int j = 0; j < i; j++)
            *fits = *fits && out->places[j].variable != variable;
    }
    return true;
}

/* Narrows the ranges to those of the filter as well; true in *is_exact: then it has nothing left to say. False: it
 * tells nothing, or there would be too many or none (nothing can pass then, which the filter sees to). */
static bool narrow(Join *join, LookupSpec *spec, const FilterRanges *ranges)
{
    IdRange *both;
    size_t count;
    if (!ranges->is_told || ranges->count == 0)
        return false;
    if (spec->range_count == 0) {
        spec->ranges = ranges->items;
        spec->range_count = ranges->count;
        return true;
    }
    both = sparql_build_alloc(&join->planner->builder, ID_RANGES_MOST, sizeof *both);
    if (!both || !sparql_common_ranges(spec->ranges, spec->range_count, ranges->items, ranges->count, both, &count) ||
        count == 0)
        return false;
    spec->ranges = both;
    spec->range_count = count;
    return true;
}

/* Ranges that filters leave to an unbound object, all of them together. */
static bool find_ranges(Join *join, LookupSpec *spec)
{
    const uint32_t variable = spec->places[2].variable;
    if (!spec->is_bound[1] || spec->is_bound[0] || spec->is_bound[2])
        return true;
    for (size_t i = 0; i < join->filter_count; i++) {
        FilterRanges *const ranges = &join->filter_ranges[i];
        if (join->is_placed[i] || !set_has(join->filter_variables[i], variable))
            continue;
        if (!planner_find_ranges(join->planner, join->filters[i], variable, ranges))
            return false;
        if (narrow(join, spec, ranges)) /* one that is exact has nothing left to say */
            join->is_placed[i] = ranges->is_exact;
    }
    return join->planner->builder.status == BASE_OK;
}

static Operator *compile_triple(Join *join, size_t step, Operator *input, double input_rows)
{
    Planner *const planner = join->planner;
    Algebra *const node = join->children[join->order[step]];
    LookupSpec spec = {.input_rows = input_rows};
    bool fits;
    if (!shape_of(join, node, &spec, &fits))
        return NULL;
    if (fits) {
        spec.matches = planner_count_matches(planner, node);
        if (!find_ranges(join, &spec))
            return NULL;
    }
    Operator *const op =
        fits ? sparql_new_lookup(&planner->builder, input, &spec)
             : sparql_new_scan(&planner->builder, input, spec.places[0], spec.places[1], spec.places[2]);
    planner_note(planner, op, node->s.place, node->o.place);
    return op;
}

/* ---- Circles ---- */

/* Whether the pattern leads from a bound variable to `variable` (AST_NO_VARIABLE: to any that is not bound) by a
 * constant predicate. */
static bool leads_to(Join *join, Algebra *node, uint32_t variable, IntersectPart *out)
{
    LookupSpec spec = {0};
    bool fits;
    if (node->kind != ALGEBRA_TRIPLE || node->p.variable != AST_NO_VARIABLE || !shape_of(join, node, &spec, &fits) ||
        !fits || spec.is_bound[0] == spec.is_bound[2])
        return false;
    const int to = spec.is_bound[0] ? 2 : 0, from = 2 - to;
    if (spec.places[from].variable == AST_NO_VARIABLE || is_local(spec.places[1].id) ||
        (variable != AST_NO_VARIABLE && spec.places[to].variable != variable))
        return false;
    *out = (IntersectPart){.pattern = {.p = spec.places[1].id},
                           .matches = planner_count_matches(join->planner, node),
                           .from = spec.places[from].variable,
                           .from_place = (TriplePlace)from,
                           .to_place = (TriplePlace)to};
    return true;
}

/* The patterns still to come that bind the same variable as the next one; NULL with *fits false: it does not pay. */
static Operator *compile_circle(Join *join, size_t step, Operator *input, double input_rows, bool *fits)
{
    Builder *const builder = &join->planner->builder;
    Algebra *const node = join->children[join->order[step]];
    IntersectPart *const parts = sparql_build_alloc(builder, join->count, sizeof *parts);
    size_t *const steps = sparql_build_alloc(builder, join->count, sizeof *steps);
    size_t count = 0;
    double matches = 0;
    *fits = false;
    if (!parts || !steps || !leads_to(join, node, AST_NO_VARIABLE, &parts[0]))
        return NULL;
    const uint32_t variable = parts[0].to_place == PLACE_S ? node->s.variable : node->o.variable;
    for (size_t i = step; i < join->count; i++) {
        if (join->is_done[i] || !leads_to(join, join->children[join->order[i]], variable, &parts[count]))
            continue;
        matches += parts[count].matches;
        steps[count++] = i;
    }
    const size_t most = builder->run->memory.most;
    if (count < 2 || matches * ADJACENCY_READ_COST > input_rows * PLANNER_LOOKUP_COST || matches > ADJACENCY_MOST ||
        (most && adjacency_bytes((uint64_t)matches) > most / 2))
        return NULL;
    *fits = true;
    for (size_t i = 0; i < count; i++)
        join->is_done[steps[i]] = true;
    Operator *const op = sparql_new_intersect(builder, input, variable, parts, count);
    planner_note(join->planner, op, node->s.place, node->o.place);
    return op;
}

/* ---- Steps ---- */

static bool is_ready(const Join *join, size_t filter)
{
    return !join->is_placed[filter] && !sparql_has_exists(join->filters[filter]) &&
           set_within(join->filter_variables[filter], join->filter_variables[filter], join->known.certain);
}

/* Of the filters not placed yet, those whose variables are all sure to be bound; at the end, all of them. */
static Operator *add_filters(Join *join, Operator *input, bool is_end)
{
    const double rows = input ? input->estimate : 0;
    for (size_t i = 0; i < join->filter_count && input; i++) {
        if (join->is_placed[i] || !(is_end || is_ready(join, i)))
            continue;
        join->is_placed[i] = true;
        input = planner_add_filters(join->planner, input, &join->filters[i], 1, &join->known);
        if (input && !is_end)
            input->estimate = rows; /* which has the filters in it */
    }
    return input;
}

static void mark_known(Join *join, size_t step)
{
    set_unite(join->known.possible, join->children[join->order[step]]->possible);
    set_unite(join->known.certain, join->children[join->order[step]]->certain);
}

static Operator *compile_step(Join *join, size_t step, Operator *input, double input_rows)
{
    Planner *const planner = join->planner;
    Algebra *const node = join->children[join->order[step]];
    bool fits;
    Operator *op = compile_circle(join, step, input, input_rows, &fits);
    if (fits || planner->builder.status != BASE_OK)
        return op;
    join->is_done[step] = true;
    if (node->kind == ALGEBRA_TRIPLE)
        return compile_triple(join, step, input, input_rows);
    Planner inner = *planner;
    inner.input_rows = input_rows;
    op = planner_compile(&inner, node, input, join->known);
    planner->builder.status = inner.builder.status;
    return op;
}

Operator *planner_compile_join(Planner *planner, Algebra *const *children, size_t count, AstExpr *const *filters,
                               size_t filter_count, Operator *input, Known known)
{
    Join join = {
        .planner = planner, .children = children, .count = count, .filters = filters, .filter_count = filter_count};
    if (!planner_copy_known(planner, known, &join.known) || !find_order(&join))
        return NULL;
    double rows = planner->input_rows;
    for (size_t step = 0; step < count && input; step++) {
        if (join.is_done[step])
            continue;
        input = compile_step(&join, step, input, rows);
        rows = join.rows[step];
        for (size_t i = step; i < count; i++)
            if (join.is_done[i]) {
                mark_known(&join, i);
                rows = join.rows[i] < rows ? join.rows[i] : rows;
            }
        if (input)
            input->estimate = rows;
        input = add_filters(&join, input, false);
    }
    return add_filters(&join, input, true);
}
