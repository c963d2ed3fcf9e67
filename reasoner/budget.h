/* budget.h - the time and memory that a derivation may take, and what is told when they are spent. Private to the room.
 */
#ifndef KGQ_REASONER_BUDGET_H
#define KGQ_REASONER_BUDGET_H

#include "reasoner/evaluate.h"
#include "reasoner/group.h"

typedef enum BudgetState { BUDGET_LEFT, BUDGET_OVER_TIME, BUDGET_OVER_MEMORY, BUDGET_CANCELLED } BudgetState;

/* Start from {.evaluation, .began}. */
typedef struct Budget {
    Evaluation *evaluation;
    double began;               /* the derivation, by base_wall_seconds */
    const Groupings *groupings; /* at work; NULL: none */
    const struct Externals *externals;
    /* At work: */
    uint32_t rule, round;
    uint64_t found;        /* facts not yet in evaluation->derived */
    uint64_t memory_limit; /* bytes */
    BudgetState state;
    char stage[80];
} Budget;

/* The rule is at work in this round now. true: stop. */
bool reasoner_budget_begin(Budget *budget, uint32_t rule, uint32_t round);
/* Asked now and then while `more` facts were found; tells the job how far it is. true: stop. */
bool reasoner_budget_is_spent(Budget *budget, uint64_t more);
/* Says what was spent, and in which rule and round. */
BaseStatus reasoner_budget_tell(const Budget *budget, BaseError *err);

#endif
