/* delta.h - the matches of one rule that use something new: its body joined once for each literal that may be the new
 * one. Private to the room. */
#ifndef KGQ_REASONER_DELTA_H
#define KGQ_REASONER_DELTA_H

#include "reasoner/join.h"

/* A plan for one body literal as the new one. */
typedef struct Variant {
    bool is_planned;
    Plan plan;
    BaseArena memory; /* of the plan */
} Variant;

typedef struct DeltaJoin DeltaJoin;
struct DeltaJoin {
    const Rule *rule;
    uint32_t number; /* of the rule */
    JoinHead *heads; /* what its matches give */
    uint32_t head_count;
    Variant *variants; /* by body literal; one for a fact */
    /* External atoms, in the order in which their inputs are bound: a join of the body so far, for the inputs. */
    DeltaJoin *demands;
    uint32_t demand_count;
    const Atom *external; /* of a demand */
    const Term *inputs;   /* of a demand: its head's arguments */
};

/* Room for `head_count` heads, which the caller fills in. false: no memory. */
bool reasoner_delta_open(const ReasonerProgram *program, uint32_t rule, uint32_t head_count, BaseArena *arena,
                         DeltaJoin *out);
void reasoner_delta_close(DeltaJoin *join);

/* Whether some literal sees a new row, and the others anything, by low and high of the relations. */
bool reasoner_delta_has_news(const DeltaJoin *join, const Relation *relations);
/* Finds the matches, once the external atoms have their answers. What it looks at, and how it is stopped, is in *work,
 * whose counts grow: height, values, is_stopped, context, externals. BASE_NO_MEMORY, BASE_CANCELLED: without a message;
 * anything else is an external predicate's failure, told. */
BaseStatus reasoner_delta_run(DeltaJoin *join, const PlanContext *context, Join *work, BaseArena *scratch);

/* demand.c: opens the demands of a rule with external atoms. false: no memory. */
bool reasoner_demands_open(const ReasonerProgram *program, BaseArena *arena, DeltaJoin *join);

#endif
