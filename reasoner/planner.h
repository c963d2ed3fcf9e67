/* planner.h - a plan in the making, shared by order.c (which atom comes when) and plan.c (the steps). Private to the
 * room. */
#ifndef KGQ_REASONER_PLANNER_H
#define KGQ_REASONER_PLANNER_H

#include "reasoner/plan.h"

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
    uint32_t *uses, *uses_left; /* by variable: places in body and heads; those not done yet */
    double *spread;             /* by variable that is bound: how many values it may have */
    bool has_distinct;          /* the plan: a STEP_DISTINCT */
    double rows;                /* bindings that the atoms done so far give */
} Planner;

static inline bool is_known(const Planner *planner, Term term)
{
    return !term.is_variable || planner->is_bound[term.index];
}
static inline Relation *relation_of(const Planner *planner, uint32_t literal)
{
    return &planner->context->relations[planner->rule->body[literal].atom.relation];
}
static inline double span_rows(const Planner *planner, uint32_t literal)
{
    const Relation *const relation = relation_of(planner, literal);
    const Span span = planner->spans[literal];
    return span == SPAN_ALL ? relation->high : span == SPAN_OLD ? relation->low : relation->high - relation->low;
}

/* The side of a comparison whose variable it would bind as things are; NULL: it binds none. */
const Operand *reasoner_planner_open_side(const Planner *planner, const Comparison *comparison);
/* Nothing is bound or done. */
void reasoner_planner_begin(Planner *planner);
/* Counts the rows after one more positive literal, which is still to be bound, and uses up its variables. */
void reasoner_planner_count(Planner *planner, uint32_t literal);
/* How many different bindings there may be of the variables that are wanted later on; `planner->rows`: of all. */
double reasoner_planner_combinations(const Planner *planner);
/* Fills in `order` and its count. false: no memory. */
bool reasoner_planner_order(Planner *planner);

#endif
