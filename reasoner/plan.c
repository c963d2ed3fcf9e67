/* The steps of one rule body, in the order that order.c finds. Every comparison, assignment and negated atom goes in as
 * soon as its variables are bound. Where an atom would only test what another binds, both bind it together. Where the
 * variables wanted later on have far fewer values than there are rows, each combination goes on once: long chains and
 * stars do not multiply. */
#include "reasoner/planner.h"

#include <string.h>

enum { PER_COMBINATION = 2 /* rows that pay for asking whether the combination is new */ };

/* ---- Steps --------------------------------------------------------------------------------------------------- */

static Step *add_step(Planner *planner, StepKind kind)
{
    Step *const step = &planner->plan->steps[planner->plan->step_count++];
    step->kind = kind;
    return step;
}

/* What each column of the atom does, given what is bound so far; binds the variables when `binds`. */
static bool set_columns(Planner *planner, const Atom *atom, Step *step, bool binds)
{
    step->relation = binds ? &planner->context->relations[atom->relation] : planner->context->complete[atom->relation];
    step->is_partial = binds && planner->context->is_partial[atom->relation];
    step->column_count = step->relation->arity;
    step->columns = base_arena_alloc(planner->arena, step->column_count, sizeof *step->columns);
    step->key = base_arena_alloc(planner->arena, step->column_count, sizeof *step->key);
    if (!step->columns || !step->key)
        return false;
    for (uint32_t c = 0; c < step->column_count; c++) {
        Column *const column = &step->columns[c];
        column->term = atom->arguments[c];
        if (is_known(planner, column->term)) {
            column->role = COLUMN_KEY;
            step->key_columns |= (uint64_t)1 << c;
            continue;
        }
        column->role = binds ? COLUMN_BIND : COLUMN_ANY;
        for (uint32_t before = 0; before < c; before++)
            if (step->columns[before].term.is_variable && step->columns[before].term.index == column->term.index)
                column->role = COLUMN_SAME;
    }
    for (uint32_t c = 0; binds && c < step->column_count; c++)
        if (step->columns[c].term.is_variable)
            planner->is_bound[step->columns[c].term.index] = true;
    return true;
}

static bool is_whole_key(const Step *step)
{
    return __builtin_popcountll(step->key_columns) == (int)step->column_count;
}

static bool add_atom(Planner *planner, uint32_t literal)
{
    Step *const step = add_step(planner, STEP_SCAN);
    step->span = planner->spans[literal];
    step->is_whole = planner->context->looks_back;
    if (!set_columns(planner, &planner->rule->body[literal].atom, step, true))
        return false;
    if (is_whole_key(step))
        step->kind = STEP_MEMBER;
    else if (step->key_columns != 0)
        step->kind = STEP_LOOKUP;
    return true;
}

/* The column of a variable that the pair leaves open, with the other side known; NOWHERE: it is not so. */
static uint32_t open_column(const Planner *planner, uint32_t literal)
{
    const Atom *const atom = &planner->rule->body[literal].atom;
    if (!is_positive(&planner->rule->body[literal]) || relation_of(planner, literal)->arity != 2)
        return NOWHERE;
    const bool left = is_known(planner, atom->arguments[0]), right = is_known(planner, atom->arguments[1]);
    return left == right ? NOWHERE : left;
}

static void add_arm(const Planner *planner, uint32_t literal, Step *step)
{
    const Atom *const atom = &planner->rule->body[literal].atom;
    const uint32_t column = open_column(planner, literal);
    const bool is_partial = planner->context->is_partial[atom->relation];
    const bool is_first = step->arm_count == 0;
    step->arms[step->arm_count++] = (Arm){.relation = &planner->context->relations[atom->relation],
                                          .known = atom->arguments[1 - column],
                                          .column = column,
                                          .span = planner->spans[literal],
                                          .is_partial = is_partial,
                                          .is_listed = !is_partial || is_first};
}

/* Takes the atom, and with it all others that would only test the variable it binds; *is_added: there are some. */
static bool add_meeting(Planner *planner, uint32_t literal, bool *is_added)
{
    const uint32_t body_count = planner->rule->body_count, column = open_column(planner, literal);
    uint32_t others = 0;
    *is_added = false;
    if (column == NOWHERE)
        return true;
    const uint32_t variable = planner->rule->body[literal].atom.arguments[column].index;
    for (uint32_t b = 0; b < body_count; b++) {
        const uint32_t open = planner->is_done[b] ? NOWHERE : open_column(planner, b);
        others += open != NOWHERE && planner->rule->body[b].atom.arguments[open].index == variable;
    }
    if (others == 0)
        return true;
    Step *const step = add_step(planner, STEP_MEET);
    step->arms = base_arena_alloc(planner->arena, others + 1, sizeof *step->arms);
    if (!step->arms)
        return false;
    add_arm(planner, literal, step);
    for (uint32_t b = 0; b < body_count; b++) {
        const uint32_t open = planner->is_done[b] ? NOWHERE : open_column(planner, b);
        if (open == NOWHERE || planner->rule->body[b].atom.arguments[open].index != variable)
            continue;
        add_arm(planner, b, step);
        reasoner_planner_count(planner, b);
        planner->is_done[b] = true;
    }
    *is_added = true;
    step->span = planner->spans[literal];
    step->is_whole = planner->context->looks_back;
    return set_columns(planner, &planner->rule->body[literal].atom, step, true);
}

/* Whether some atom is left that is more than a test. */
static bool has_open_atom(const Planner *planner)
{
    for (uint32_t b = 0; b < planner->rule->body_count; b++) {
        if (planner->is_done[b] || !is_positive(&planner->rule->body[b]))
            continue;
        for (uint32_t c = 0; c < relation_of(planner, b)->arity; c++)
            if (!is_known(planner, planner->rule->body[b].atom.arguments[c]))
                return true;
    }
    return false;
}

/* One way on for each combination of the variables that are wanted, where rows should have many of each. */
static bool add_distinct(Planner *planner)
{
    const double combinations = reasoner_planner_combinations(planner);
    if (planner->rows <= PER_COMBINATION * combinations)
        return true;
    planner->rows = combinations;
    if (!has_open_atom(planner))
        return true;
    Step *const step = add_step(planner, STEP_DISTINCT);
    step->relation = base_arena_alloc(planner->arena, 1, sizeof *step->relation);
    step->columns = base_arena_alloc(planner->arena, planner->rule->variable_count + 1, sizeof *step->columns);
    step->key = base_arena_alloc(planner->arena, planner->rule->variable_count + 1, sizeof *step->key);
    if (!step->relation || !step->columns || !step->key)
        return false;
    for (uint32_t v = 0; v < planner->rule->variable_count; v++)
        if (planner->is_bound[v] && planner->uses_left[v] > 0)
            step->columns[step->column_count++] = (Column){COLUMN_KEY, {.is_variable = true, .index = v}};
    if (step->column_count == 0)
        step->columns[step->column_count++] = (Column){COLUMN_KEY, {.index = 0}};
    step->relation->arity = step->column_count;
    planner->has_distinct = true;
    return true;
}

static bool is_negated_ready(const Planner *planner, const Atom *atom)
{
    for (uint32_t t = 0; t < atom->count; t++) {
        const Term term = atom->terms[t];
        if (term.is_variable && planner->rule->is_safe[term.index] && !planner->is_bound[term.index])
            return false;
    }
    return true;
}

/* false: it is not ready. */
static bool add_comparison(Planner *planner, const Comparison *comparison)
{
    const Operand *const open = reasoner_planner_open_side(planner, comparison);
    if (open) {
        Step *const step = add_step(planner, STEP_ASSIGN);
        step->target = open->term.index;
        step->source = open == &comparison->left ? &comparison->right : &comparison->left;
        planner->is_bound[step->target] = true;
        planner->plan->computes |= step->source->expression != NULL;
        return true;
    }
    if (!reasoner_is_bound(&comparison->left, planner->is_bound) ||
        !reasoner_is_bound(&comparison->right, planner->is_bound))
        return false;
    add_step(planner, STEP_COMPARE)->comparison = comparison;
    return true;
}

/* Everything that needs no further row. */
static bool add_ready_tests(Planner *planner)
{
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (uint32_t b = 0; b < planner->rule->body_count; b++) {
            const Literal *const literal = &planner->rule->body[b];
            if (planner->is_done[b])
                continue;
            if (literal->is_comparison ? !add_comparison(planner, &literal->comparison)
                                       : !literal->atom.is_negated || !is_negated_ready(planner, &literal->atom))
                continue;
            if (!literal->is_comparison && !set_columns(planner, &literal->atom, add_step(planner, STEP_ABSENT), false))
                return false;
            planner->is_done[b] = is_changed = true;
        }
    }
    return true;
}

static uint32_t count_arguments(const Term *arguments, uint32_t arity, uint32_t variable)
{
    uint32_t uses = 0;
    for (uint32_t c = 0; c < arity; c++)
        uses += arguments[c].is_variable && arguments[c].index == variable;
    return uses;
}

/* How often the variable is in the body. */
static uint32_t count_uses(const Planner *planner, uint32_t variable)
{
    uint32_t uses = 0;
    for (uint32_t b = 0; b < planner->rule->body_count; b++) {
        const Literal *const literal = &planner->rule->body[b];
        if (literal->is_comparison)
            uses += reasoner_count_uses(&literal->comparison.left, variable) +
                    reasoner_count_uses(&literal->comparison.right, variable);
        else
            uses += count_arguments(literal->atom.arguments, relation_of(planner, b)->arity, variable);
    }
    return uses;
}

/* Where the second column of the first atom goes to the head and nowhere else, the steps between are made once for a
 * run of rows. Relations derived by joins have their rows in such runs. */
static void group_rows(Planner *planner)
{
    Plan *const plan = planner->plan;
    Step *const first = &plan->steps[0];
    if (planner->has_distinct || plan->step_count < 2 || first->kind != STEP_SCAN || first->column_count != 2 ||
        planner->head_count != 1 || planner->heads[0].relation->arity != 2 || first->columns[0].role != COLUMN_BIND ||
        first->columns[1].role != COLUMN_BIND)
        return;
    const uint32_t variable = first->columns[1].term.index;
    if (count_uses(planner, variable) != 1 || count_arguments(planner->heads[0].arguments, 2, variable) != 1)
        return;
    Step *const last = add_step(planner, STEP_RUN);
    *last = *first;
    last->kind = STEP_RUN;
    last->columns[0].role = COLUMN_ANY;
    first->kind = STEP_GROUP;
    first->column_count = 1;
}

/* Steps from the last one back bind nothing that the head wants, until one does. */
static void mark_tests(Planner *planner)
{
    const Rule *const rule = planner->rule;
    memset(planner->is_bound, 0, rule->variable_count * sizeof *planner->is_bound);
    for (uint32_t h = 0; h < planner->head_count; h++)
        for (uint32_t c = 0; c < planner->heads[h].relation->arity; c++)
            if (planner->heads[h].arguments[c].is_variable)
                planner->is_bound[planner->heads[h].arguments[c].index] = true;
    bool is_test = true;
    for (uint32_t s = planner->plan->step_count; s-- > 0;) {
        Step *const step = &planner->plan->steps[s];
        for (uint32_t c = 0; c < step->column_count; c++)
            if ((step->columns[c].role == COLUMN_BIND || step->kind == STEP_GROUP) &&
                planner->is_bound[step->columns[c].term.index])
                is_test = false;
        if (step->kind == STEP_ASSIGN && planner->is_bound[step->target])
            is_test = false;
        step->is_test = is_test;
    }
}

static void find_product(Planner *planner)
{
    Product *const product = &planner->plan->product;
    const MatrixShape *const shape = planner->head_count == 1 ? planner->heads[0].relation->shape : NULL;
    if (!shape || !reasoner_product_find(planner->rule, planner->heads, planner->head_count,
                                         planner->context->relations, shape->is_turned, product))
        return;
    Factor *const factors[] = {&product->pairs, &product->middle, &product->last};
    for (int f = 0; f < 3; f++)
        if (factors[f]->relation)
            factors[f]->span = planner->spans[factors[f]->literal];
}

/* The atom, if no other one took it along, and what may follow at once. */
static bool add_next(Planner *planner, uint32_t literal)
{
    bool is_added = planner->is_done[literal];
    planner->plan->rows += (uint64_t)span_rows(planner, literal);
    if (is_added)
        return true;
    planner->is_done[literal] = true;
    reasoner_planner_count(planner, literal);
    return add_meeting(planner, literal, &is_added) && (is_added || add_atom(planner, literal)) &&
           add_ready_tests(planner) && add_distinct(planner);
}

bool reasoner_plan(const Rule *rule, const JoinHead *heads, uint32_t head_count, const PlanContext *context,
                   const Span *spans, BaseArena *arena, Plan *out)
{
    Planner planner = {.rule = rule,
                       .heads = heads,
                       .head_count = head_count,
                       .context = context,
                       .spans = spans,
                       .arena = arena,
                       .plan = out};
    *out = (Plan){.steps = base_arena_alloc(arena, 2 * rule->body_count + 2, sizeof *out->steps)};
    planner.is_bound = base_arena_alloc(arena, rule->variable_count + 1, sizeof *planner.is_bound);
    planner.is_done = base_arena_alloc(arena, rule->body_count + 1, sizeof *planner.is_done);
    if (!out->steps || !planner.is_bound || !planner.is_done)
        return false;
    for (uint32_t b = 0; b < rule->body_count; b++)
        if (is_positive(&rule->body[b]) && !reasoner_relation_measure(relation_of(&planner, b)))
            return false;
    if (!reasoner_planner_order(&planner))
        return false;
    reasoner_planner_begin(&planner);
    if (!add_ready_tests(&planner))
        return false;
    for (uint32_t i = 0; i < planner.order_count; i++)
        if (!add_next(&planner, planner.order[i]))
            return false;
    group_rows(&planner);
    mark_tests(&planner);
    find_product(&planner);
    return true;
}

/* Bits by first column may stand in for the index (expand.c); where they are, they are kept up to date. */
static bool cover_rows_of(const Step *step)
{
    if (step->kind != STEP_LOOKUP || step->relation->arity != 2 || step->key_columns != 1 ||
        step->relation->members.kind != MEMBERS_BITS)
        return true;
    return reasoner_relation_cover(step->relation, step->is_partial);
}

/* Rows that indexes have yet to take in before the steps can begin. */
static double rows_to_index(const Plan *plan)
{
    double rows = 0;
    for (uint32_t s = 0; s < plan->step_count; s++) {
        const Step *const step = &plan->steps[s];
        if (step->kind == STEP_LOOKUP)
            rows += reasoner_index_debt(step->relation, step->key_columns);
    }
    return rows;
}

static bool prepare_arms(const Step *step)
{
    for (uint32_t a = 0; a < step->arm_count; a++) {
        Arm *const arm = &step->arms[a];
        if (!reasoner_relation_cover(arm->relation, arm->is_partial))
            return false;
        if (!arm->is_listed)
            continue;
        arm->index = reasoner_relation_index(arm->relation, arm->column == 0 ? 2 : 1, step->is_whole);
        if (!arm->index)
            return false;
    }
    return true;
}

bool reasoner_plan_prepare(Plan *plan)
{
    if (!reasoner_product_prepare(&plan->product, rows_to_index(plan), &plan->is_product))
        return false;
    if (plan->is_product)
        return true;
    for (uint32_t s = 0; s < plan->step_count; s++) {
        Step *const step = &plan->steps[s];
        const bool has_key = step->key_columns != 0, is_whole = has_key && is_whole_key(step);
        if (step->kind == STEP_MEET && !prepare_arms(step))
            return false;
        if (step->kind == STEP_MEMBER || (step->kind == STEP_ABSENT && is_whole)) {
            if (!reasoner_relation_cover(step->relation, step->is_partial))
                return false;
        } else if (step->kind == STEP_LOOKUP || (step->kind == STEP_ABSENT && has_key)) {
            step->index =
                reasoner_relation_index(step->relation, step->key_columns, step->kind == STEP_ABSENT || step->is_whole);
            if (!step->index || !cover_rows_of(step))
                return false;
        }
    }
    return true;
}
