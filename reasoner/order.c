/* Join order for one rule body. Among the positive atoms the one that should multiply the rows least comes next: an
 * atom of n visible rows with key columns of d1, d2, ... values gives n / (d1 * d2 * ...) rows a key. Each atom is
 * tried as the first one (of long bodies the smallest few), and the order with the fewest rows on the way is taken.
 * Rows are no more than the different bindings of the variables still wanted, as plan.c sees to. */
#include "reasoner/planner.h"

#include <string.h>

enum { STARTS = 8 /* atoms tried as the first one */ };
static const double UNKNOWN = 1e18; /* values of a variable */

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

/* ---- Rows ---------------------------------------------------------------------------------------------------- */

/* Negated atoms and comparisons are never used up: what they want is wanted to the end. */
static void count_uses(Planner *planner)
{
    const Rule *const rule = planner->rule;
    for (uint32_t b = 0; b < rule->body_count; b++) {
        const Literal *const literal = &rule->body[b];
        for (uint32_t v = 0; literal->is_comparison && v < rule->variable_count; v++)
            planner->uses[v] +=
                reasoner_count_uses(&literal->comparison.left, v) + reasoner_count_uses(&literal->comparison.right, v);
        for (uint32_t c = 0; !literal->is_comparison && c < relation_of(planner, b)->arity; c++)
            if (literal->atom.arguments[c].is_variable)
                planner->uses[literal->atom.arguments[c].index]++;
    }
    for (uint32_t h = 0; h < planner->head_count; h++)
        for (uint32_t c = 0; c < planner->heads[h].relation->arity; c++)
            if (planner->heads[h].arguments[c].is_variable)
                planner->uses[planner->heads[h].arguments[c].index]++;
}

void reasoner_planner_begin(Planner *planner)
{
    const uint32_t variables = planner->rule->variable_count;
    memset(planner->is_bound, 0, variables * sizeof *planner->is_bound);
    memset(planner->is_done, 0, planner->rule->body_count * sizeof *planner->is_done);
    memcpy(planner->uses_left, planner->uses, variables * sizeof *planner->uses);
    for (uint32_t v = 0; v < variables; v++)
        planner->spread[v] = UNKNOWN;
    planner->rows = 1;
}

void reasoner_planner_count(Planner *planner, uint32_t literal)
{
    const Atom *const atom = &planner->rule->body[literal].atom;
    const Relation *const relation = relation_of(planner, literal);
    const double visible = span_rows(planner, literal);
    planner->rows *= guess(planner, literal);
    for (uint32_t c = 0; c < relation->arity; c++) {
        if (!atom->arguments[c].is_variable)
            continue;
        const uint32_t variable = atom->arguments[c].index;
        const double values = relation->distinct && relation->distinct[c] < visible ? relation->distinct[c] : visible;
        planner->uses_left[variable]--;
        if (values < planner->spread[variable])
            planner->spread[variable] = values;
    }
}

double reasoner_planner_combinations(const Planner *planner)
{
    double combinations = 1;
    for (uint32_t v = 0; v < planner->rule->variable_count; v++)
        if (planner->is_bound[v] && planner->uses_left[v] > 0)
            combinations *= planner->spread[v];
    return combinations;
}

/* ---- Order --------------------------------------------------------------------------------------------------- */

const Operand *reasoner_planner_open_side(const Planner *planner, const Comparison *comparison)
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
            const Operand *const open = reasoner_planner_open_side(planner, &literal->comparison);
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
    double total = 0;
    reasoner_planner_begin(planner);
    planner->order_count = 0;
    bind_equal(planner);
    for (uint32_t next = start; next != NOWHERE; next = choose_atom(planner)) {
        reasoner_planner_count(planner, next);
        total += planner->rows + (next == start ? 0 : 2 * index_rows(planner, next));
        planner->is_done[next] = true;
        planner->order[planner->order_count++] = next;
        bind_atom(planner, next);
        bind_equal(planner);
        const double combinations = reasoner_planner_combinations(planner);
        planner->rows = combinations < planner->rows ? combinations : planner->rows;
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

bool reasoner_planner_order(Planner *planner)
{
    const size_t variables = planner->rule->variable_count + 1;
    planner->uses = base_arena_alloc(planner->arena, variables, sizeof *planner->uses);
    planner->uses_left = base_arena_alloc(planner->arena, variables, sizeof *planner->uses_left);
    planner->spread = base_arena_alloc(planner->arena, variables, sizeof *planner->spread);
    planner->order = base_arena_alloc(planner->arena, planner->rule->body_count + 1, sizeof *planner->order);
    if (!planner->uses || !planner->uses_left || !planner->spread || !planner->order)
        return false;
    count_uses(planner);
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
    return true;
}
