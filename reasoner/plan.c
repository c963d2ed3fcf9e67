/* Join order for one rule body. Every comparison, assignment and negated atom goes in as soon as its variables are
 * bound. Among the positive atoms the one that should multiply the rows least comes next: an atom of n visible rows
 * with key columns of d1, d2, ... values gives n / (d1 * d2 * ...) rows a key. Each atom is tried as the first one (of
 * long bodies the smallest few), and the order with the fewest rows on the way is taken. */
#include "reasoner/plan.h"

#include <string.h>

enum { STARTS = 8 /* atoms tried as the first one */ };

typedef struct Planner {
    const Rule *rule;
    const JoinHead *heads;
    uint32_t head_count;
    const PlanContext *context;
    const Span *spans;
    BaseArena *arena;
    Plan *plan;
    bool *is_bound; /* by variable */
    bool *is_done;  /* by literal */
    uint32_t *order, order_count;
} Planner;

static bool is_known(const Planner *planner, Term term)
{
    return !term.is_variable || planner->is_bound[term.index];
}

static bool is_positive(const Literal *literal)
{
    return !literal->is_comparison && !literal->atom.is_negated;
}

static const Relation *relation_of(const Planner *planner, uint32_t literal)
{
    return &planner->context->relations[planner->rule->body[literal].atom.relation];
}

static double span_rows(const Planner *planner, uint32_t literal)
{
    const Relation *const relation = relation_of(planner, literal);
    const Span span = planner->spans[literal];
    return span == SPAN_ALL ? relation->high : span == SPAN_OLD ? relation->low : relation->high - relation->low;
}

/* ---- Order --------------------------------------------------------------------------------------------------- */

/* Rows that the atom gives per row so far. */
static double guess(const Planner *planner, uint32_t literal)
{
    const Atom *const atom = &planner->rule->body[literal].atom;
    const Relation *const relation = relation_of(planner, literal);
    double rows = span_rows(planner, literal);
    bool has_key = false;
    for (uint32_t c = 0; c < relation->arity; c++) {
        if (!is_known(planner, atom->arguments[c]))
            continue;
        has_key = true;
        if (relation->distinct && relation->distinct[c] > 1)
            rows /= relation->distinct[c];
    }
    return has_key ? rows : rows + 1; /* a free choice is worse than any key */
}

static void bind_atom(Planner *planner, uint32_t literal)
{
    const Atom *const atom = &planner->rule->body[literal].atom;
    for (uint32_t c = 0; c < relation_of(planner, literal)->arity; c++)
        if (atom->arguments[c].is_variable)
            planner->is_bound[atom->arguments[c].index] = true;
}

/* The variable that a comparison would bind as things are; NULL: it binds none. */
static const Operand *open_side(const Planner *planner, const Comparison *comparison)
{
    const bool is_left = reasoner_is_bound(&comparison->left, planner->is_bound);
    const Operand *const open = is_left ? &comparison->right : &comparison->left;
    if (comparison->test != EQUAL || open->expression ||
        is_left == reasoner_is_bound(&comparison->right, planner->is_bound))
        return NULL;
    return open;
}

/* `?v = what is known` binds ?v. */
static void bind_equal(Planner *planner)
{
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (uint32_t b = 0; b < planner->rule->body_count; b++) {
            const Literal *const literal = &planner->rule->body[b];
            if (!literal->is_comparison || literal->comparison.test != EQUAL)
                continue;
            const Operand *const open = open_side(planner, &literal->comparison);
            if (open)
                planner->is_bound[open->term.index] = is_changed = true;
        }
    }
}

static uint32_t choose_atom(const Planner *planner)
{
    uint32_t best = NOWHERE;
    double least = 0;
    for (uint32_t b = 0; b < planner->rule->body_count; b++) {
        if (planner->is_done[b] || !is_positive(&planner->rule->body[b]))
            continue;
        const double rows = guess(planner, b);
        if (best == NOWHERE || rows < least) {
            best = b;
            least = rows;
        }
    }
    return best;
}

/* Rows that an index for the atom has to take in anew each round. */
static double index_rows(const Planner *planner, uint32_t literal)
{
    const Relation *const relation = relation_of(planner, literal);
    return planner->context->is_partial[planner->rule->body[literal].atom.relation] ? relation->high - relation->low
                                                                                    : 0;
}

/* Puts the atoms in order, beginning with `start`; the rows on the way. */
static double order_from(Planner *planner, uint32_t start)
{
    double rows = 1, total = 0;
    memset(planner->is_bound, 0, planner->rule->variable_count * sizeof *planner->is_bound);
    memset(planner->is_done, 0, planner->rule->body_count * sizeof *planner->is_done);
    planner->order_count = 0;
    bind_equal(planner);
    for (uint32_t next = start; next != NOWHERE; next = choose_atom(planner)) {
        rows *= guess(planner, next);
        total += rows + (next == start ? 0 : 2 * index_rows(planner, next));
        planner->is_done[next] = true;
        planner->order[planner->order_count++] = next;
        bind_atom(planner, next);
        bind_equal(planner);
    }
    return total;
}

/* The next atom to try as the first: the smallest that is larger than `after`, ties by place. */
static uint32_t next_start(const Planner *planner, uint32_t after)
{
    uint32_t best = NOWHERE;
    for (uint32_t b = 0; b < planner->rule->body_count; b++) {
        if (!is_positive(&planner->rule->body[b]))
            continue;
        const double rows = span_rows(planner, b), last = after == NOWHERE ? -1 : span_rows(planner, after);
        if (after != NOWHERE && (rows < last || (rows <= last && b <= after)))
            continue;
        if (best == NOWHERE || rows < span_rows(planner, best))
            best = b;
    }
    return best;
}

static void choose_order(Planner *planner)
{
    uint32_t best = NOWHERE, start = NOWHERE;
    double least = 0;
    for (int tried = 0; tried < STARTS && (start = next_start(planner, start)) != NOWHERE; tried++) {
        const double cost = order_from(planner, start);
        if (best == NOWHERE || cost < least) {
            best = start;
            least = cost;
        }
    }
    if (best != NOWHERE)
        order_from(planner, best);
}

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
    const Operand *const open = open_side(planner, comparison);
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
    if (plan->step_count < 2 || first->kind != STEP_SCAN || first->column_count != 2 || planner->head_count != 1 ||
        planner->heads[0].relation->arity != 2 || first->columns[0].role != COLUMN_BIND ||
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
    *out = (Plan){.steps = base_arena_alloc(arena, rule->body_count + 2, sizeof *out->steps)};
    planner.is_bound = base_arena_alloc(arena, rule->variable_count + 1, sizeof *planner.is_bound);
    planner.is_done = base_arena_alloc(arena, rule->body_count + 1, sizeof *planner.is_done);
    planner.order = base_arena_alloc(arena, rule->body_count + 1, sizeof *planner.order);
    if (!out->steps || !planner.is_bound || !planner.is_done || !planner.order)
        return false;
    for (uint32_t b = 0; b < rule->body_count; b++)
        if (is_positive(&rule->body[b]) && !reasoner_relation_measure(&context->relations[rule->body[b].atom.relation]))
            return false;
    choose_order(&planner);
    memset(planner.is_bound, 0, rule->variable_count * sizeof *planner.is_bound);
    memset(planner.is_done, 0, rule->body_count * sizeof *planner.is_done);
    if (!add_ready_tests(&planner))
        return false;
    for (uint32_t i = 0; i < planner.order_count; i++) {
        planner.is_done[planner.order[i]] = true;
        out->rows += (uint64_t)span_rows(&planner, planner.order[i]);
        if (!add_atom(&planner, planner.order[i]) || !add_ready_tests(&planner))
            return false;
    }
    group_rows(&planner);
    mark_tests(&planner);
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

bool reasoner_plan_prepare(Plan *plan)
{
    for (uint32_t s = 0; s < plan->step_count; s++) {
        Step *const step = &plan->steps[s];
        const bool has_key = step->key_columns != 0, is_whole = has_key && is_whole_key(step);
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
