/* plan.c - which operators. A join is a chain: each row of the operator below is bound into the next pattern. That is
 * only right for a pattern whose meaning does not depend on what is bound from outside; another one (a subquery, a
 * filter on a variable from outside, ...) is computed by itself and joined by hash. */
#include "kg/sparql/plan.h"

#include "kg/sparql/parallel.h"

#define BATCH_CELLS 16384 /* of one batch; so many rows as fit */
#define MOST_ROWS 1024
#define LEAST_ROWS 16
#define EXISTS_ROWS 16 /* EXISTS wants one row */

/* ---- Names and sets ---- */

BaseStatus sparql_place(Run *run, const AstNode *node, Place *out, BaseError *err)
{
    *out = (Place){.variable = node->variable};
    return node->variable == AST_NO_VARIABLE ? sparql_terms_constant(&run->terms, &node->term, &out->id, err) : BASE_OK;
}

bool planner_place(Planner *planner, const AstNode *node, Place *out)
{
    Builder *const builder = &planner->builder;
    if (builder->status == BASE_OK)
        builder->status = sparql_place(builder->run, node, out, builder->err);
    return builder->status == BASE_OK;
}

bool planner_known(Planner *planner, Known *out)
{
    return sparql_new_set(&planner->builder, &out->possible) && sparql_new_set(&planner->builder, &out->certain);
}

bool planner_copy_known(Planner *planner, Known known, Known *out)
{
    out->possible = sparql_set_copy(&planner->builder, known.possible);
    out->certain = sparql_set_copy(&planner->builder, known.certain);
    return out->possible.words && out->certain.words;
}

/* What is known behind a pattern. */
static bool known_after(Planner *planner, Known known, const Algebra *node, Known *out)
{
    if (!planner_copy_known(planner, known, out))
        return false;
    set_unite(out->possible, node->possible);
    set_unite(out->certain, node->certain);
    return true;
}

void planner_note(Planner *planner, Operator *op, AstPlace first, AstPlace last)
{
    Run *const run = planner->builder.run;
    if (!op || !run->is_explained || last.offset < first.offset || last.offset + last.width > run->length)
        return;
    op->text = base_arena_copy(run->arena, run->text + first.offset, last.offset + last.width - first.offset);
}

/* ---- EXISTS ---- */

/* Whether rows may go through the pattern side by side, and come out as they would one by one. */
static bool takes_rows(const Algebra *node)
{
    switch (node->kind) {
    case ALGEBRA_UNIT:
    case ALGEBRA_TRIPLE:
    case ALGEBRA_PATH:
    case ALGEBRA_JOIN:
    case ALGEBRA_UNION:
    case ALGEBRA_FILTER:
    case ALGEBRA_VALUES:
    case ALGEBRA_SERVICE:
    case ALGEBRA_PROPERTY:
        break;
    default:
        return false;
    }
    for (size_t i = 0; i < node->filter_count; i++)
        if (sparql_has_exists(node->filters[i]) || sparql_is_volatile(node->filters[i]))
            return false;
    for (size_t i = 0; i < node->count; i++)
        if (!takes_rows(node->children[i]))
            return false;
    return true;
}

/* One that is run again for each row. */
static bool compile_one_exists(Planner *planner, AstExpr *expr)
{
    Planner inner = *planner;
    Known none;
    Seed *const seed = sparql_new_seed(&planner->builder);
    SubPlan *const plan = sparql_build_alloc(&planner->builder, 1, sizeof *plan);
    if (!seed || !plan || !planner_known(planner, &none))
        return false;
    sparql_new_batch(&planner->builder, &plan->buffer);
    inner.root = seed;
    inner.unit = NULL;
    inner.in_exists = true;
    inner.substitutes = false;
    inner.input_rows = 1;
    if (inner.builder.batch_rows > EXISTS_ROWS)
        inner.builder.batch_rows = EXISTS_ROWS;
    plan->seed = seed;
    plan->buffer.most = 1;
    plan->top = planner_compile(&inner, expr->algebra, &seed->base, none);
    planner->builder.status = inner.builder.status;
    expr->plan = plan;
    return plan->top != NULL;
}

bool planner_compile_exists(Planner *planner, AstExpr *expr)
{
    for (size_t i = 0; i < expr->count; i++)
        if (!planner_compile_exists(planner, expr->arguments[i]))
            return false;
    return !expr->algebra || compile_one_exists(planner, expr);
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

static Operator *add_exists(Planner *planner, Operator *input, AstExpr *expr, Known known)
{
    Planner inner = *planner;
    SubPlan pattern = {.seed = sparql_new_seed(&planner->builder)};
    if (!pattern.seed)
        return NULL;
    sparql_new_batch(&planner->builder, &pattern.buffer);
    inner.unit = NULL;
    inner.substitutes = true;
    pattern.top = planner_compile(&inner, expr->algebra, &pattern.seed->base, known);
    planner->builder.status = inner.builder.status;
    if (!pattern.top)
        return NULL;
    Operator *const op = sparql_new_exists(&planner->builder, input, pattern, expr->marker, expr->op == EXPR_EXISTS);
    planner_note(planner, op, expr->place, expr->place);
    return op;
}

/* `known`: NULL where it is not known what rows bind. */
Operator *planner_add_filters(Planner *planner, Operator *input, AstExpr *const *filters, size_t count,
                              const Known *known)
{
    for (size_t i = 0; i < count && input; i++) {
        AstExpr *const expr = filters[i];
        const bool is_exists = expr->op == EXPR_EXISTS || expr->op == EXPR_NOT_EXISTS;
        const double estimate = input->estimate < 0 ? -1 : input->estimate * planner_selectivity(expr);
        if (is_exists && known && !planner->in_exists && takes_rows(expr->algebra)) {
            input = add_exists(planner, input, expr, *known);
        } else {
            input = planner_compile_exists(planner, expr) ? sparql_new_filter(&planner->builder, input, &filters[i], 1)
                                                          : NULL;
            planner_note(planner, input, expr->place, expr->place);
        }
        if (input)
            input->estimate = estimate;
    }
    return input;
}

/* ---- Patterns ---- */

/* A chain of its own that begins with nothing bound but what the root gives. */
static bool independent(Planner *planner, Algebra *node, SubPlan *out)
{
    Planner inner = *planner;
    Known none;
    out->seed = sparql_new_seed(&planner->builder);
    if (!out->seed || !planner_known(planner, &none))
        return false;
    sparql_new_batch(&planner->builder, &out->buffer);
    inner.unit = planner->in_exists ? NULL : &out->seed->base;
    inner.input_rows = 1;
    out->top = planner_compile(&inner, node, &out->seed->base, none);
    planner->builder.status = inner.builder.status;
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
    if (set_is_empty(bound) || planner->substitutes)
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

static Path *resolve_path(Planner *planner, const AstPath *path)
{
    Path *const made = sparql_build_alloc(&planner->builder, 1, sizeof *made);
    if (!made)
        return NULL;
    made->kind = path->kind;
    if (path->kind == PATH_LINK) {
        Place link;
        const AstNode node = {path->place, AST_NO_VARIABLE, path->iri};
        if (!planner_place(planner, &node, &link))
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
    if (!path || !planner_place(planner, &node->s, &s) || !planner_place(planner, &node->o, &o))
        return NULL;
    Operator *const op = sparql_new_path(&planner->builder, input, s, path, o);
    planner_note(planner, op, node->s.place, node->o.place);
    return op;
}

Operator *planner_compile_values(Planner *planner, const Algebra *node, Operator *input)
{
    const AstValues *const values = node->values;
    KgId *const cells = sparql_build_alloc(&planner->builder, values->rows * values->width, sizeof *cells);
    if (!cells)
        return NULL;
    for (size_t i = 0; i < values->rows * values->width; i++) {
        Place cell;
        if (!values->is_bound[i])
            continue;
        if (!planner_place(planner, &values->cells[i], &cell))
            return NULL;
        cells[i] = cell.id;
    }
    return sparql_new_values(&planner->builder, input, values->variables, values->width, cells, values->rows);
}

static Operator *compile_union(Planner *planner, Algebra *node, Operator *input, Known known)
{
    SubPlan *const arms = sparql_build_alloc(&planner->builder, node->count, sizeof *arms);
    for (size_t i = 0; arms && i < node->count; i++) {
        arms[i].seed = sparql_new_seed(&planner->builder);
        if (!arms[i].seed)
            return NULL;
        arms[i].top = planner_compile(planner, node->children[i], &arms[i].seed->base, known);
        if (!arms[i].top)
            return NULL;
    }
    return arms ? sparql_new_union(&planner->builder, input, arms, node->count) : NULL;
}

static Operator *compile_left_join(Planner *planner, Algebra *node, Operator *input, Known known)
{
    Operator *const left = planner_compile(planner, node->children[0], input, known);
    SubPlan right = {.seed = sparql_new_seed(&planner->builder)};
    Known inside, after;
    if (!left || !right.seed || !known_after(planner, known, node->children[0], &inside) ||
        !known_after(planner, inside, node->children[1], &after))
        return NULL;
    const double rows = planner->input_rows;
    planner->input_rows = left->estimate > 0 ? left->estimate : rows;
    right.top = planner_compile(planner, node->children[1], &right.seed->base, inside);
    planner->input_rows = rows;
    right.top = planner_add_filters(planner, right.top, node->filters, node->filter_count, &after);
    Operator *const op = right.top ? sparql_new_optional(&planner->builder, left, right, node->marker) : NULL;
    if (op)
        op->estimate = left->estimate > right.top->estimate ? left->estimate : right.top->estimate;
    return op;
}

static Operator *compile_minus(Planner *planner, Algebra *node, Operator *input, Known known)
{
    Operator *const left = planner_compile(planner, node->children[0], input, known);
    Known all;
    uint32_t *shared;
    size_t count;
    SubPlan right;
    if (!left || !known_after(planner, known, node->children[0], &all) ||
        !list_shared(planner, node->children[1]->possible, all.possible, &shared, &count))
        return NULL;
    if (count == 0)
        return left; /* nothing in common, nothing to take away */
    if (!independent(planner, node->children[1], &right))
        return NULL;
    return sparql_new_minus(&planner->builder, left, right, planner->root, shared, count);
}

static Operator *compile_subquery(Planner *planner, Algebra *node, Operator *input, Known known)
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
    if (!sub.seed || !sub.top)
        return NULL;
    sparql_new_batch(builder, &sub.buffer);
    sub.top->estimate = inner->estimate;
    if (input == planner->unit)
        return sub.top; /* nothing to join it with */
    return join_by_hash(planner, input, sub, node->possible, known.possible);
}

/* What is inside is fed anew for each graph, and so are the sides of joins in it that are kept: they have a root of
 * their own. */
static Operator *compile_layer(Planner *planner, Algebra *node, KgLayer layer, Operator *input, Known known)
{
    Builder *const builder = &planner->builder;
    Run *const run = builder->run;
    const unsigned layers = run->layers;
    Planner inner = *planner;
    Seed *const inner_root = sparql_new_seed(builder);
    SubPlan inside = {.seed = sparql_new_seed(builder)};
    if (!inner_root || !inside.seed)
        return NULL;
    inner.root = inner_root;
    inner.unit = NULL;
    run->layers = KG_IN(layer); /* whose counts are those to plan by */
    inside.top = planner_compile(&inner, node->children[0], &inside.seed->base, known);
    builder->status = inner.builder.status;
    run->layers = layers;
    return inside.top ? sparql_new_layers(builder, input, inside, inner_root, planner->root, KG_IN(layer)) : NULL;
}

static Operator *compile_graph(Planner *planner, Algebra *node, Operator *input, Known known)
{
    KgLayer layer;
    if (node->s.variable == AST_NO_VARIABLE && sparql_layer_of(&node->s.term, &layer))
        return compile_layer(planner, node, layer, input, known);
    Builder *const builder = &planner->builder;
    Run *const run = builder->run;
    const KgId graph = run->graph;
    Planner inner = *planner;
    Place name;
    Seed *const inner_root = sparql_new_seed(builder);
    SubPlan inside = {.seed = sparql_new_seed(builder)};
    if (!inner_root || !inside.seed || !planner_place(planner, &node->s, &name))
        return NULL;
    builder->status = sparql_list_graphs(run, builder->err);
    if (builder->status != BASE_OK)
        return NULL;
    inner.root = inner_root;
    inner.unit = NULL;
    inner.in_named = true;
    if (name.variable == AST_NO_VARIABLE && sparql_has_graph(run, name.id))
        run->graph = name.id; /* whose counts are those to plan by */
    inside.top = planner_compile(&inner, node->children[0], &inside.seed->base, known);
    builder->status = inner.builder.status;
    run->graph = graph;
    return inside.top ? sparql_new_graph(builder, input, inside, inner_root, planner->root, name) : NULL;
}

static Operator *compile_service(Planner *planner, const Algebra *node, Operator *input)
{
    Place endpoint;
    if (!planner_place(planner, &node->s, &endpoint))
        return NULL;
    Operator *const op = sparql_new_service(&planner->builder, input, endpoint, node->service);
    planner_note(planner, op, node->s.place, node->s.place);
    return op;
}

static Operator *compile_property(Planner *planner, const Algebra *node, Operator *input)
{
    const PropertySpec *const property = node->property;
    Place *const arguments = sparql_build_alloc(&planner->builder, property->count, sizeof *arguments);
    for (size_t i = 0; i < property->count && arguments; i++)
        if (!planner_place(planner, &property->arguments[i], &arguments[i]))
            return NULL;
    Operator *const op = arguments ? sparql_new_property(&planner->builder, input, property, arguments) : NULL;
    planner_note(planner, op, property->place, property->place);
    return op;
}

static Operator *compile_extend(Planner *planner, Algebra *node, Operator *input, Known known)
{
    Operator *const below = planner_compile(planner, node->children[0], input, known);
    if (!below || !planner_compile_exists(planner, (AstExpr *)node->assignment.expr))
        return NULL;
    Operator *const op = sparql_new_extend(&planner->builder, below, &node->assignment, 1);
    planner_note(planner, op, node->assignment.expr->place, node->assignment.expr->place);
    if (op)
        op->estimate = below->estimate;
    return op;
}

Operator *planner_compile(Planner *planner, Algebra *node, Operator *input, Known known)
{
    bool isolated;
    Known after;
    if (!needs_isolation(planner, node, known.possible, &isolated))
        return NULL;
    if (isolated) {
        SubPlan right;
        return independent(planner, node, &right) ? join_by_hash(planner, input, right, node->possible, known.possible)
                                                  : NULL;
    }
    switch (node->kind) {
    case ALGEBRA_UNIT:
        return input;
    case ALGEBRA_TRIPLE:
        return planner_compile_join(planner, &node, 1, NULL, 0, input, known);
    case ALGEBRA_PATH:
        return compile_path(planner, node, input);
    case ALGEBRA_JOIN:
        return planner_compile_join(planner, node->children, node->count, NULL, 0, input, known);
    case ALGEBRA_FILTER:
        if (node->children[0]->kind == ALGEBRA_JOIN)
            return planner_compile_join(planner, node->children[0]->children, node->children[0]->count, node->filters,
                                        node->filter_count, input, known);
        if (node->children[0]->kind == ALGEBRA_TRIPLE)
            return planner_compile_join(planner, node->children, 1, node->filters, node->filter_count, input, known);
        if (!known_after(planner, known, node->children[0], &after))
            return NULL;
        return planner_add_filters(planner, planner_compile(planner, node->children[0], input, known), node->filters,
                                   node->filter_count, &after);
    case ALGEBRA_LEFT_JOIN:
        return compile_left_join(planner, node, input, known);
    case ALGEBRA_UNION:
        return compile_union(planner, node, input, known);
    case ALGEBRA_MINUS:
        return compile_minus(planner, node, input, known);
    case ALGEBRA_EXTEND:
        return compile_extend(planner, node, input, known);
    case ALGEBRA_VALUES:
        return planner_compile_values(planner, node, input);
    case ALGEBRA_SELECT:
        return compile_subquery(planner, node, input, known);
    case ALGEBRA_GRAPH:
        return compile_graph(planner, node, input, known);
    case ALGEBRA_SERVICE:
        return compile_service(planner, node, input);
    case ALGEBRA_PROPERTY:
        return compile_property(planner, node, input);
    }
    return NULL;
}

/* ---- The whole ---- */

/* A seed that gives the empty row; NULL: no memory. */
static Operator *start(Planner *planner)
{
    Builder *const builder = &planner->builder;
    builder->run->eval.exists = find_one;
    KgId *const nothing = sparql_build_alloc(builder, builder->width, sizeof *nothing);
    Seed *const seed = sparql_new_seed(builder);
    if (!nothing || !seed)
        return NULL;
    sparql_seed_set(seed, nothing, 1);
    planner->root = seed;
    planner->unit = &seed->base;
    return &seed->base;
}

static BaseStatus end(Planner *planner, const Operator *made)
{
    if (!made && planner->builder.status == BASE_OK)
        planner->builder.status = sparql_no_memory(planner->builder.err);
    return planner->builder.status;
}

static Operator *compile_where(Planner *planner, Operator *input)
{
    Known none;
    return planner_known(planner, &none) ? planner_compile(planner, planner->select->where, input, none) : NULL;
}

BaseStatus planner_compile_copy(const Planner *planner, Run *run, Operator **all, Operator **out, BaseError *err)
{
    Planner copy = *planner;
    copy.builder.run = run;
    copy.builder.all = all;
    copy.builder.err = err;
    Operator *const input = start(&copy);
    *out = input ? compile_where(&copy, input) : NULL;
    return end(&copy, *out);
}

static Operator *compile_all(Planner *planner, Operator *input)
{
    if (!sparql_find_bindings(&planner->builder, planner->select))
        return NULL;
    if (!planner->select->ast->is_grouped || !planner_is_plain_count(planner))
        input = planner_split(planner, compile_where(planner, input));
    return input ? planner_compile_modifiers(planner, input) : NULL;
}

BaseStatus sparql_plan(Run *run, SelectAlgebra *select, Operator **all, Operator **out, BaseError *err)
{
    size_t rows = BATCH_CELLS / (select->width ? select->width : 1);
    rows = rows < LEAST_ROWS ? LEAST_ROWS : rows > MOST_ROWS ? MOST_ROWS : rows;
    Planner planner = {.builder = {.run = run, .width = select->width, .batch_rows = rows, .all = all, .err = err},
                       .select = select,
                       .input_rows = 1};
    Operator *const input = start(&planner);
    *out = input ? compile_all(&planner, input) : NULL;
    return end(&planner, *out);
}
