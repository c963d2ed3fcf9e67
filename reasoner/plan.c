/* Join order for one rule body. Greedy: every comparison, assignment and negated atom goes in as soon as its variables
 * are bound; among the positive atoms the one with the smallest guess comes next, the guess being n^(open/arity) for n
 * visible rows, `open` of the columns still unknown. */
#include "reasoner/plan.h"

#include <math.h>

typedef struct Planner {
    const Rule *rule;
    Relation *relations;
    const Span *spans;
    BaseArena *arena;
    Plan *plan;
    bool *is_bound; /* by variable */
    bool *is_done;  /* by literal */
} Planner;

static bool is_known(const Planner *planner, Term term)
{
    return !term.is_variable || planner->is_bound[term.index];
}

static Step *add_step(Planner *planner, StepKind kind)
{
    Step *const step = &planner->plan->steps[planner->plan->step_count++];
    step->kind = kind;
    return step;
}

/* What each column of the atom does, given what is bound so far; binds the variables when `binds`. */
static bool set_columns(Planner *planner, const Atom *atom, Step *step, bool binds)
{
    step->relation = &planner->relations[atom->relation];
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

static bool needs_index(const Step *step)
{
    return step->key_columns != 0 && __builtin_popcountll(step->key_columns) < (int)step->column_count;
}

static bool set_index(Step *step)
{
    if (needs_index(step))
        step->index = reasoner_relation_index(step->relation, step->key_columns);
    return step->index || !needs_index(step);
}

static bool add_atom(Planner *planner, uint32_t literal)
{
    Step *const step = add_step(planner, STEP_SCAN);
    step->span = planner->spans[literal];
    if (!set_columns(planner, &planner->rule->body[literal].atom, step, true) || !set_index(step))
        return false;
    if (step->index)
        step->kind = STEP_LOOKUP;
    else if (step->key_columns != 0)
        step->kind = STEP_MEMBER;
    return true;
}

/* ---- Tests --------------------------------------------------------------------------------------------------- */

static bool is_negated_ready(const Planner *planner, const Atom *atom)
{
    for (uint32_t t = 0; t < atom->count; t++) {
        const Term term = atom->terms[t];
        if (term.is_variable && planner->rule->is_safe[term.index] && !planner->is_bound[term.index])
            return false;
    }
    return true;
}

static bool add_absent(Planner *planner, const Atom *atom)
{
    Step *const step = add_step(planner, STEP_ABSENT);
    if (!set_columns(planner, atom, step, false) || !set_index(step))
        return false;
    step->span = (Span){.to = {step->relation->count, 0}};
    return true;
}

static bool add_comparison(Planner *planner, const Comparison *comparison)
{
    const bool left = is_known(planner, comparison->left), right = is_known(planner, comparison->right);
    Step *const step = add_step(planner, left && right ? STEP_COMPARE : STEP_ASSIGN);
    step->test = comparison->test;
    step->left = left ? comparison->left : comparison->right;
    step->right = left ? comparison->right : comparison->left;
    if (step->kind == STEP_COMPARE)
        return true;
    step->left = left ? comparison->right : comparison->left; /* the variable */
    step->right = left ? comparison->left : comparison->right;
    planner->is_bound[step->left.index] = true;
    return true;
}

static bool is_comparison_ready(const Planner *planner, const Comparison *comparison)
{
    const bool left = is_known(planner, comparison->left), right = is_known(planner, comparison->right);
    return comparison->test == EQUAL ? left || right : left && right;
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
            if (literal->is_comparison && is_comparison_ready(planner, &literal->comparison)) {
                if (!add_comparison(planner, &literal->comparison))
                    return false;
            } else if (!literal->is_comparison && literal->atom.is_negated &&
                       is_negated_ready(planner, &literal->atom)) {
                if (!add_absent(planner, &literal->atom))
                    return false;
            } else {
                continue;
            }
            planner->is_done[b] = is_changed = true;
        }
    }
    return true;
}

/* ---- Order --------------------------------------------------------------------------------------------------- */

static double guess(const Planner *planner, uint32_t literal)
{
    const Atom *const atom = &planner->rule->body[literal].atom;
    const uint32_t arity = planner->relations[atom->relation].arity;
    uint32_t open = 0;
    for (uint32_t c = 0; c < arity; c++)
        open += !is_known(planner, atom->arguments[c]);
    return pow((double)span_rows(&planner->spans[literal]) + 1, (double)open / arity);
}

static uint32_t choose_atom(const Planner *planner)
{
    uint32_t best = NOWHERE;
    double least = 0;
    for (uint32_t b = 0; b < planner->rule->body_count; b++) {
        const Literal *const literal = &planner->rule->body[b];
        if (planner->is_done[b] || literal->is_comparison || literal->atom.is_negated)
            continue;
        const double rows = guess(planner, b);
        if (best == NOWHERE || rows < least) {
            best = b;
            least = rows;
        }
    }
    return best;
}

bool reasoner_plan(const Rule *rule, Relation *relations, const Span *spans, BaseArena *arena, Plan *out)
{
    Planner planner = {.rule = rule, .relations = relations, .spans = spans, .arena = arena, .plan = out};
    *out = (Plan){.steps = base_arena_alloc(arena, rule->body_count + 1, sizeof *out->steps)};
    planner.is_bound = base_arena_alloc(arena, rule->variable_count + 1, sizeof *planner.is_bound);
    planner.is_done = base_arena_alloc(arena, rule->body_count + 1, sizeof *planner.is_done);
    if (!out->steps || !planner.is_bound || !planner.is_done || !add_ready_tests(&planner))
        return false;
    for (uint32_t next = choose_atom(&planner); next != NOWHERE; next = choose_atom(&planner)) {
        planner.is_done[next] = true;
        if (!add_atom(&planner, next) || !add_ready_tests(&planner))
            return false;
    }
    return true;
}
