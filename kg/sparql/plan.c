/* plan.c - which operators, in which order. A join is a chain of lookups, each row of the one below bound into the next
 * pattern: greedily, the pattern with the fewest matches first, by exact counts of its constants and a guess for
 * its bound variables. That is only right for a pattern whose meaning does not depend on what is bound from outside;
 * another one (a subquery, a filter on a variable from outside, ...) is computed by itself and joined by hash. */
#include "kg/sparql/plan.h"

#include "kg/sparql/bindings.h"

#include <math.h>

#define BATCH_CELLS 16384 /* of one batch; so many rows as fit */
#define MOST_ROWS 1024
#define LEAST_ROWS 16
#define EXISTS_ROWS 16 /* EXISTS wants one row */

typedef struct Planner {
    Builder builder;
    SelectAlgebra *select;
    const Seed *root;     /* gives the row that everything starts from: the empty one, or that of an EXISTS */
    const Operator *unit; /* a seed that is known to give the empty row, once */
    bool in_exists;
} Planner;

static Operator *compile(Planner *planner, Algebra *node, Operator *input, VarSet bound);

/* ---- Constants ---- */

BaseStatus sparql_place(Run *run, const AstNode *node, Place *out, BaseError *err)
{
    *out = (Place){.variable = node->variable};
    return node->variable == AST_NO_VARIABLE ? sparql_terms_intern(&run->terms, &node->term, &out->id, err) : BASE_OK;
}

static bool place(Planner *planner, const AstNode *node, Place *out)
{
    Builder *const builder = &planner->builder;
    if (builder->status == BASE_OK)
        builder->status = sparql_place(builder->run, node, out, builder->err);
    return builder->status == BASE_OK;
}

/* ---- Join order ---- */

/* Matches of the pattern's constants: exact. */
static double count_matches(Planner *planner, Algebra *node)
{
    if (node->matches >= 0)
        return node->matches;
    Place s, p, o;
    uint64_t count = 0;
    if (!place(planner, &node->s, &s) || !place(planner, &node->p, &p) || !place(planner, &node->o, &o))
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

static bool is_bound(const AstNode *node, VarSet bound)
{
    return node->variable != AST_NO_VARIABLE && set_has(bound, node->variable);
}

/* How many rows one row becomes, with `bound` known. A bound subject leaves few, a bound object some more. */
static double estimate(Planner *planner, Algebra *node, VarSet bound)
{
    double rows = 1;
    switch (node->kind) {
    case ALGEBRA_UNIT:
        return 1;
    case ALGEBRA_TRIPLE:
        rows = count_matches(planner, node);
        if (is_bound(&node->p, bound))
            rows = pow(rows, 0.8);
        if (is_bound(&node->s, bound))
            rows = pow(rows, 0.2);
        if (is_bound(&node->o, bound))
            rows = pow(rows, 0.4);
        return rows;
    case ALGEBRA_PATH: {
        const bool from = node->s.variable == AST_NO_VARIABLE || is_bound(&node->s, bound);
        const bool to = node->o.variable == AST_NO_VARIABLE || is_bound(&node->o, bound);
        return from && to ? 2 : from ? 50 : to ? 1000 : 1e9;
    }
    case ALGEBRA_VALUES:
        return (double)node->values->rows;
    case ALGEBRA_SELECT:
        return 1000;
    case ALGEBRA_UNION:
        rows = 0;
        for (size_t i = 0; i < node->count; i++)
            rows += estimate(planner, node->children[i], bound);
        return rows;
    case ALGEBRA_JOIN:
        for (size_t i = 0; i < node->count; i++) {
            const double one = estimate(planner, node->children[i], bound);
            rows = i == 0 || one < rows ? one : rows;
        }
        return rows;
    case ALGEBRA_LEFT_JOIN:
    case ALGEBRA_FILTER:
    case ALGEBRA_MINUS:
    case ALGEBRA_EXTEND:
    case ALGEBRA_GRAPH:
        return estimate(planner, node->children[0], bound);
    }
    return rows;
}

/* The child to join next: the fewest rows, those that share nothing with what is bound last. */
static size_t choose(Planner *planner, Algebra *const *children, const bool *is_taken, size_t count, VarSet bound)
{
    size_t best = count;
    double least = 0;
    const bool has_bound = !set_is_empty(bound);
    for (size_t i = 0; i < count; i++) {
        if (is_taken[i])
            continue;
        double cost = estimate(planner, children[i], bound);
        if (has_bound && cost > 1 && !set_is_empty(children[i]->possible) && !sets_meet(children[i]->possible, bound))
            cost = cost * 1e6 + 1e6;
        if (best == count || cost < least) {
            best = i;
            least = cost;
        }
    }
    return best;
}

/* ---- EXISTS ---- */

static bool compile_exists(Planner *planner, AstExpr *expr)
{
    for (size_t i = 0; i < expr->count; i++)
        if (!compile_exists(planner, expr->arguments[i]))
            return false;
    if (!expr->algebra)
        return true;
    Planner inner = *planner;
    VarSet none;
    Seed *const seed = sparql_new_seed(&planner->builder);
    SubPlan *const plan = sparql_build_alloc(&planner->builder, 1, sizeof *plan);
    if (!seed || !plan || !sparql_new_set(&planner->builder, &none) ||
        !sparql_new_batch(&planner->builder, &plan->buffer))
        return false;
    inner.root = seed;
    inner.unit = NULL;
    inner.in_exists = true;
    if (inner.builder.batch_rows > EXISTS_ROWS)
        inner.builder.batch_rows = EXISTS_ROWS;
    plan->seed = seed;
    plan->buffer.most = 1;
    plan->top = compile(&inner, expr->algebra, &seed->base, none);
    planner->builder.status = inner.builder.status;
    expr->plan = plan;
    return plan->top != NULL;
}

static bool compile_exprs(Planner *planner, AstExpr *const *exprs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!compile_exists(planner, exprs[i]))
            return false;
    return true;
}

static bool find_one(Eval *eval, SubPlan *plan, const KgId *row, bool *out)
{
    BaseError *const err = eval->err;
    sparql_seed_set(plan->seed, row, 1);
    sparql_rewind(plan->top);
    const BaseStatus status = sparql_next(plan->top, &plan->buffer, err);
    eval->err = err;
    *out = status == BASE_OK;
    if (status != BASE_OK && status != BASE_END)
        eval->status = status;
    return eval->status == BASE_OK;
}

/* ---- Filters ---- */

static Operator *add_filters(Planner *planner, Operator *input, AstExpr *const *filters, size_t count)
{
    if (count == 0 || !input)
        return input;
    return compile_exprs(planner, filters, count) ? sparql_new_filter(&planner->builder, input, filters, count) : NULL;
}

/* Of the filters not placed yet, those whose variables are all sure to be bound. */
static Operator *add_ready_filters(Planner *planner, Operator *input, AstExpr *const *filters, size_t count,
                                   bool *is_placed, VarSet certain)
{
    for (size_t i = 0; i < count && input; i++) {
        VarSet used;
        if (is_placed[i] || sparql_has_exists(filters[i]))
            continue;
        if (!sparql_new_set(&planner->builder, &used))
            return NULL;
        sparql_add_variables(filters[i], used);
        if (!set_within(used, used, certain))
            continue;
        is_placed[i] = true;
        input = add_filters(planner, input, &filters[i], 1);
    }
    return input;
}

/* ---- Patterns ---- */

/* A chain of its own that begins with nothing bound but what the root gives. */
static bool independent(Planner *planner, Algebra *node, SubPlan *out)
{
    const Operator *const unit = planner->unit;
    VarSet none;
    out->seed = sparql_new_seed(&planner->builder);
    if (!out->seed || !sparql_new_set(&planner->builder, &none) || !sparql_new_batch(&planner->builder, &out->buffer))
        return false;
    planner->unit = planner->in_exists ? NULL : &out->seed->base;
    out->top = compile(planner, node, &out->seed->base, none);
    planner->unit = unit;
    return out->top != NULL;
}

static bool list_shared(Planner *planner, VarSet a, VarSet b, uint32_t **out, size_t *count)
{
    *count = 0;
    *out = sparql_build_alloc(&planner->builder, planner->select->width, sizeof **out);
    for (uint32_t v = 0; *out && v < planner->select->width; v++)
        if (set_has(a, v) && set_has(b, v))
            (*out)[(*count)++] = v;
    return *out != NULL;
}

static Operator *join_by_hash(Planner *planner, Operator *input, SubPlan right, VarSet possible, VarSet bound)
{
    uint32_t *shared;
    size_t count;
    if (!list_shared(planner, possible, planner->in_exists ? possible : bound, &shared, &count))
        return NULL;
    return sparql_new_hash_join(&planner->builder, input, right, planner->root, shared, count);
}

/* Whether binding `bound` beforehand could change what the pattern means. */
static bool needs_isolation(Planner *planner, const Algebra *node, VarSet bound, bool *out)
{
    VarSet used;
    *out = false;
    if (set_is_empty(bound))
        return true;
    if (!sparql_new_set(&planner->builder, &used))
        return false;
    switch (node->kind) {
    case ALGEBRA_EXTEND:
        *out = set_has(bound, node->assignment.variable) || sparql_is_volatile(node->assignment.expr);
        sparql_add_variables(node->assignment.expr, used);
        break;
    case ALGEBRA_LEFT_JOIN:
    case ALGEBRA_MINUS:
        set_unite(used, node->children[1]->possible);
        break;
    default:
        break;
    }
    for (size_t i = 0; i < node->filter_count; i++)
        sparql_add_variables(node->filters[i], used);
    if (node->count > 0)
        *out |= !set_within(used, bound, node->children[0]->certain);
    return true;
}

static Operator *compile_triple(Planner *planner, const Algebra *node, Operator *input)
{
    Place s, p, o;
    if (!place(planner, &node->s, &s) || !place(planner, &node->p, &p) || !place(planner, &node->o, &o))
        return NULL;
    return sparql_new_scan(&planner->builder, input, s, p, o);
}

static Path *resolve_path(Planner *planner, const AstPath *path)
{
    Path *const made = sparql_build_alloc(&planner->builder, 1, sizeof *made);
    if (!made)
        return NULL;
    made->kind = path->kind;
    if (path->kind == PATH_LINK) {
        Place link;
        const AstNode node = {path->place, AST_NO_VARIABLE, path->iri};
        if (!place(planner, &node, &link))
            return NULL;
        made->iri = link.id;
    }
    if (path->first && !(made->first = resolve_path(planner, path->first)))
        return NULL;
    if (path->second && !(made->second = resolve_path(planner, path->second)))
        return NULL;
    if (path->next && !(made->next = resolve_path(planner, path->next)))
        return NULL;
    return made;
}

static Operator *compile_path(Planner *planner, const Algebra *node, Operator *input)
{
    Place s, o;
    const Path *const path = resolve_path(planner, node->path);
    if (!path || !place(planner, &node->s, &s) || !place(planner, &node->o, &o))
        return NULL;
    return sparql_new_path(&planner->builder, input, s, path, o);
}

static Operator *compile_values(Planner *planner, const Algebra *node, Operator *input)
{
    const AstValues *const values = node->values;
    KgId *const cells = sparql_build_alloc(&planner->builder, values->rows * values->width, sizeof *cells);
    if (!cells)
        return NULL;
    for (size_t i = 0; i < values->rows * values->width; i++) {
        Place cell;
        if (!values->is_bound[i])
            continue;
        if (!place(planner, &values->cells[i], &cell))
            return NULL;
        cells[i] = cell.id;
    }
    return sparql_new_values(&planner->builder, input, values->variables, values->width, cells, values->rows);
}

/* Children in the order that seems cheapest, each filter as soon as its variables are there. */
static Operator *compile_join(Planner *planner, Algebra *const *children, size_t count, AstExpr *const *filters,
                              size_t filter_count, Operator *input, VarSet bound)
{
    VarSet certain;
    const VarSet now = sparql_set_copy(&planner->builder, bound);
    bool *const is_taken = sparql_build_alloc(&planner->builder, count, sizeof *is_taken);
    bool *const is_placed = sparql_build_alloc(&planner->builder, filter_count, sizeof *is_placed);
    if (!now.words || !is_taken || !is_placed || !sparql_new_set(&planner->builder, &certain))
        return NULL;
    for (size_t taken = 0; taken < count && input; taken++) {
        const size_t next = choose(planner, children, is_taken, count, now);
        is_taken[next] = true;
        input = compile(planner, children[next], input, now);
        set_unite(now, children[next]->possible);
        set_unite(certain, children[next]->certain);
        input = add_ready_filters(planner, input, filters, filter_count, is_placed, certain);
    }
    for (size_t i = 0; i < filter_count && input; i++)
        if (!is_placed[i])
            input = add_filters(planner, input, &filters[i], 1);
    return input;
}

static Operator *compile_union(Planner *planner, Algebra *node, Operator *input, VarSet bound)
{
    SubPlan *const arms = sparql_build_alloc(&planner->builder, node->count, sizeof *arms);
    for (size_t i = 0; arms && i < node->count; i++) {
        arms[i].seed = sparql_new_seed(&planner->builder);
        if (!arms[i].seed)
            return NULL;
        arms[i].top = compile(planner, node->children[i], &arms[i].seed->base, bound);
        if (!arms[i].top)
            return NULL;
    }
    return arms ? sparql_new_union(&planner->builder, input, arms, node->count) : NULL;
}

static Operator *compile_left_join(Planner *planner, Algebra *node, Operator *input, VarSet bound)
{
    Operator *const left = compile(planner, node->children[0], input, bound);
    const VarSet all = sparql_set_copy(&planner->builder, bound);
    SubPlan right = {.seed = sparql_new_seed(&planner->builder)};
    if (!left || !all.words || !right.seed)
        return NULL;
    set_unite(all, node->children[0]->possible);
    right.top = compile(planner, node->children[1], &right.seed->base, all);
    right.top = add_filters(planner, right.top, node->filters, node->filter_count);
    return right.top ? sparql_new_optional(&planner->builder, left, right, node->marker) : NULL;
}

static Operator *compile_minus(Planner *planner, Algebra *node, Operator *input, VarSet bound)
{
    Operator *const left = compile(planner, node->children[0], input, bound);
    const VarSet all = sparql_set_copy(&planner->builder, bound);
    uint32_t *shared;
    size_t count;
    SubPlan right;
    if (!left || !all.words)
        return NULL;
    set_unite(all, node->children[0]->possible);
    if (!list_shared(planner, node->children[1]->possible, all, &shared, &count))
        return NULL;
    if (count == 0)
        return left; /* nothing in common, nothing to take away */
    if (!independent(planner, node->children[1], &right))
        return NULL;
    return sparql_new_minus(&planner->builder, left, right, planner->root, shared, count);
}

static Operator *compile_subquery(Planner *planner, Algebra *node, Operator *input, VarSet bound)
{
    Builder *const builder = &planner->builder;
    const AstSelect *const ast = node->select->ast;
    uint32_t *const from = sparql_build_alloc(builder, ast->item_count, sizeof *from);
    uint32_t *const to = sparql_build_alloc(builder, ast->item_count, sizeof *to);
    Operator *inner;
    if (!from || !to)
        return NULL;
    for (size_t i = 0; i < ast->item_count; i++) {
        from[i] = ast->items[i].target.variable;
        to[i] = ast->items[i].outer;
    }
    builder->status = sparql_plan(builder->run, node->select, builder->all, &inner, builder->err);
    if (builder->status != BASE_OK)
        return NULL;
    SubPlan sub = {.seed = sparql_new_seed(builder)};
    sub.top = sparql_new_subquery(builder, inner, from, to, ast->item_count);
    if (!sub.seed || !sub.top || !sparql_new_batch(builder, &sub.buffer))
        return NULL;
    if (input == planner->unit)
        return sub.top; /* nothing to join it with */
    return join_by_hash(planner, input, sub, node->possible, bound);
}

/* What is inside is fed anew for each graph, and so are the sides of joins in it that are kept: they have a root of
 * their own. */
static Operator *compile_graph(Planner *planner, Algebra *node, Operator *input, VarSet bound)
{
    Builder *const builder = &planner->builder;
    Run *const run = builder->run;
    const Seed *const root = planner->root;
    const Operator *const unit = planner->unit;
    const KgId graph = run->graph;
    Place name;
    Seed *const inner_root = sparql_new_seed(builder);
    SubPlan inside = {.seed = sparql_new_seed(builder)};
    if (!inner_root || !inside.seed || !place(planner, &node->s, &name))
        return NULL;
    builder->status = sparql_list_graphs(run, builder->err);
    if (builder->status != BASE_OK)
        return NULL;
    if (name.variable == AST_NO_VARIABLE && sparql_has_graph(run, name.id))
        run->graph = name.id; /* whose counts are those to plan by */
    planner->root = inner_root;
    planner->unit = NULL;
    inside.top = compile(planner, node->children[0], &inside.seed->base, bound);
    planner->root = root;
    planner->unit = unit;
    run->graph = graph;
    return inside.top ? sparql_new_graph(builder, input, inside, inner_root, root, name) : NULL;
}

static Operator *compile(Planner *planner, Algebra *node, Operator *input, VarSet bound)
{
    bool isolated;
    if (!needs_isolation(planner, node, bound, &isolated))
        return NULL;
    if (isolated) {
        SubPlan right;
        return independent(planner, node, &right) ? join_by_hash(planner, input, right, node->possible, bound) : NULL;
    }
    switch (node->kind) {
    case ALGEBRA_UNIT:
        return input;
    case ALGEBRA_TRIPLE:
        return compile_triple(planner, node, input);
    case ALGEBRA_PATH:
        return compile_path(planner, node, input);
    case ALGEBRA_JOIN:
        return compile_join(planner, node->children, node->count, NULL, 0, input, bound);
    case ALGEBRA_FILTER:
        if (node->children[0]->kind == ALGEBRA_JOIN)
            return compile_join(planner, node->children[0]->children, node->children[0]->count, node->filters,
                                node->filter_count, input, bound);
        return add_filters(planner, compile(planner, node->children[0], input, bound), node->filters,
                           node->filter_count);
    case ALGEBRA_LEFT_JOIN:
        return compile_left_join(planner, node, input, bound);
    case ALGEBRA_UNION:
        return compile_union(planner, node, input, bound);
    case ALGEBRA_MINUS:
        return compile_minus(planner, node, input, bound);
    case ALGEBRA_EXTEND: {
        Operator *const below = compile(planner, node->children[0], input, bound);
        if (!below || !compile_exists(planner, (AstExpr *)node->assignment.expr))
            return NULL;
        return sparql_new_extend(&planner->builder, below, &node->assignment, 1);
    }
    case ALGEBRA_VALUES:
        return compile_values(planner, node, input);
    case ALGEBRA_SELECT:
        return compile_subquery(planner, node, input, bound);
    case ALGEBRA_GRAPH:
        return compile_graph(planner, node, input, bound);
    }
    return NULL;
}

/* ---- Modifiers ---- */

/* COUNT of the matches of one pattern, and nothing else: the index knows. */
static bool is_plain_count(Planner *planner)
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
    if (!cells || !place(planner, &select->where->s, &s) || !place(planner, &select->where->p, &p) ||
        !place(planner, &select->where->o, &o))
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
        if (!compile_exists(planner, (AstExpr *)assignments[i].expr))
            return NULL;
    return sparql_new_extend(&planner->builder, input, assignments, count);
}

static Operator *compile_grouping(Planner *planner, Operator *input)
{
    const SelectAlgebra *const select = planner->select;
    if (is_plain_count(planner)) {
        input = compile_count(planner);
    } else {
        input = compile_assignments(planner, input, select->group_assignments, select->group_assignment_count);
        for (size_t i = 0; i < select->group.aggregate_count; i++)
            if (!compile_exists(planner, (AstExpr *)select->group.aggregates[i].call))
                return NULL;
        input = input ? sparql_new_group(&planner->builder, input, &select->group) : NULL;
    }
    return add_filters(planner, input, select->ast->having, select->ast->having_count);
}

static Operator *compile_ordering(Planner *planner, Operator *input)
{
    const AstSelect *const ast = planner->select->ast;
    if (ast->order_count == 0 || !input)
        return input;
    for (size_t i = 0; i < ast->order_count; i++)
        if (!compile_exists(planner, ast->order[i].expr))
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

static Operator *compile_all(Planner *planner, Operator *input)
{
    const SelectAlgebra *const select = planner->select;
    const AstSelect *const ast = select->ast;
    VarSet none;
    if (!sparql_find_bindings(&planner->builder, planner->select) || !sparql_new_set(&planner->builder, &none))
        return NULL;
    if (!ast->is_grouped || !is_plain_count(planner))
        input = compile(planner, select->where, input, none);
    if (ast->is_grouped)
        input = compile_grouping(planner, input);
    if (select->values && input)
        input = compile_values(planner, select->values, input);
    input = compile_assignments(planner, input, select->assignments, select->assignment_count);
    input = compile_ordering(planner, input);
    input = compile_distinct(planner, input);
    if (input && (ast->offset > 0 || ast->limit != UINT64_MAX))
        input = sparql_new_slice(&planner->builder, input, ast->offset, ast->limit);
    return input;
}

BaseStatus sparql_plan(Run *run, SelectAlgebra *select, Operator **all, Operator **out, BaseError *err)
{
    size_t rows = BATCH_CELLS / (select->width ? select->width : 1);
    rows = rows < LEAST_ROWS ? LEAST_ROWS : rows > MOST_ROWS ? MOST_ROWS : rows;
    Planner planner = {.builder = {.run = run, .width = select->width, .batch_rows = rows, .all = all, .err = err},
                       .select = select};
    run->eval.exists = find_one;
    *out = NULL;
    KgId *const nothing = sparql_build_alloc(&planner.builder, select->width, sizeof *nothing);
    Seed *const seed = sparql_new_seed(&planner.builder);
    if (!nothing || !seed)
        return planner.builder.status;
    sparql_seed_set(seed, nothing, 1);
    planner.root = seed;
    planner.unit = &seed->base;
    *out = compile_all(&planner, &seed->base);
    if (!*out && planner.builder.status == BASE_OK)
        planner.builder.status = sparql_no_memory(err);
    return planner.builder.status;
}
