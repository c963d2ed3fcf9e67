/* What must be asked of external predicates for a rule: its external atoms are put in an order in which their inputs
 * are bound, and before each the body so far, with all tests that can be made, is a join of its own that gathers
 * inputs. */
#include "reasoner/delta.h"

#include <string.h>

typedef struct Order {
    const ReasonerProgram *program;
    const Rule *rule;
    bool *is_bound; /* by variable */
    bool *is_done;  /* by literal: an external atom that was put in order */
} Order;

static bool is_term_bound(const Order *order, Term term)
{
    return !term.is_variable || order->is_bound[term.index];
}

static void bind_atom(const Order *order, const Atom *atom)
{
    for (uint32_t t = 0; t < atom->count; t++)
        if (atom->terms[t].is_variable)
            order->is_bound[atom->terms[t].index] = true;
}

static void bind_equalities(const Order *order)
{
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (uint32_t b = 0; b < order->rule->body_count; b++) {
            const Comparison *const comparison = &order->rule->body[b].comparison;
            if (!order->rule->body[b].is_comparison || comparison->test != EQUAL)
                continue;
            const bool left = reasoner_is_bound(&comparison->left, order->is_bound);
            const Operand *const open = left ? &comparison->right : &comparison->left;
            if (left == reasoner_is_bound(&comparison->right, order->is_bound) || open->expression)
                continue;
            order->is_bound[open->term.index] = is_changed = true;
        }
    }
}

static uint64_t inputs_of(const Order *order, const Atom *atom)
{
    return order->program->predicates.items[atom->predicate].external->inputs;
}

static bool is_ready(const Order *order, const Atom *atom)
{
    for (uint32_t t = 0; t < atom->count; t++)
        if ((inputs_of(order, atom) >> t & 1) && !is_term_bound(order, atom->terms[t]))
            return false;
    return true;
}

/* The next external atom whose inputs are bound; NOWHERE: none is left. */
static uint32_t next_external(const Order *order)
{
    for (uint32_t b = 0; b < order->rule->body_count; b++)
        if (!order->is_done[b] && reasoner_is_external(order->program, &order->rule->body[b]) &&
            is_ready(order, &order->rule->body[b].atom))
            return b;
    return NOWHERE;
}

/* Whether the literal is part of the body so far: atoms, and what can be tested. */
static bool is_met(const Order *order, uint32_t b)
{
    const Literal *const literal = &order->rule->body[b];
    if (literal->is_comparison)
        return reasoner_is_bound(&literal->comparison.left, order->is_bound) &&
               reasoner_is_bound(&literal->comparison.right, order->is_bound);
    if (reasoner_is_external(order->program, literal))
        return order->is_done[b];
    for (uint32_t t = 0; literal->atom.is_negated && t < literal->atom.count; t++)
        if (order->rule->is_safe[literal->atom.terms[t].index] && !is_term_bound(order, literal->atom.terms[t]))
            return false;
    return true;
}

static bool open_demand(const Order *order, uint32_t external, BaseArena *arena, DeltaJoin *out)
{
    const Atom *const atom = &order->rule->body[external].atom;
    Rule *const rule = base_arena_alloc(arena, 1, sizeof *rule);
    Literal *const body = base_arena_alloc(arena, order->rule->body_count + 1, sizeof *body);
    Term *const inputs = base_arena_alloc(arena, atom->count + 1, sizeof *inputs);
    if (!rule || !body || !inputs)
        return false;
    *rule = *order->rule;
    rule->body = body;
    rule->body_count = 0;
    for (uint32_t b = 0; b < order->rule->body_count; b++)
        if (is_met(order, b))
            body[rule->body_count++] = order->rule->body[b];
    uint32_t count = 0;
    for (uint32_t t = 0; t < atom->count; t++)
        if (inputs_of(order, atom) >> t & 1)
            inputs[count++] = atom->terms[t];
    if (count == 0)
        inputs[0] = (Term){.index = order->program->type_constant};
    out->rule = rule;
    out->external = atom;
    out->inputs = inputs;
    out->heads = base_arena_alloc(arena, 1, sizeof *out->heads);
    out->variants = base_arena_alloc(arena, rule->body_count + 1, sizeof *out->variants);
    return out->heads && out->variants;
}

bool reasoner_demands_open(const ReasonerProgram *program, BaseArena *arena, DeltaJoin *join)
{
    Order order = {.program = program, .rule = join->rule};
    order.is_bound = base_arena_alloc(arena, join->rule->variable_count + 1, sizeof *order.is_bound);
    order.is_done = base_arena_alloc(arena, join->rule->body_count + 1, sizeof *order.is_done);
    join->demands = base_arena_alloc(arena, join->rule->body_count + 1, sizeof *join->demands);
    if (!order.is_bound || !order.is_done || !join->demands)
        return false;
    for (uint32_t b = 0; b < join->rule->body_count; b++) {
        const Literal *const literal = &join->rule->body[b];
        if (!literal->is_comparison && !literal->atom.is_negated && !reasoner_is_external(program, literal))
            bind_atom(&order, &literal->atom);
    }
    bind_equalities(&order);
    for (uint32_t next = next_external(&order); next != NOWHERE; next = next_external(&order)) {
        DeltaJoin *const demand = &join->demands[join->demand_count];
        demand->number = join->number;
        if (!open_demand(&order, next, arena, demand))
            return false;
        join->demand_count++;
        order.is_done[next] = true;
        if (!join->rule->body[next].atom.is_negated)
            bind_atom(&order, &join->rule->body[next].atom);
        bind_equalities(&order);
    }
    return true;
}
