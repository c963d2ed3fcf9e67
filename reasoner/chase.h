/* chase.h - a program run rule by rule, for what computes, aggregates or creates nulls. Private to the room. */
#ifndef KGQ_REASONER_CHASE_H
#define KGQ_REASONER_CHASE_H

#include "reasoner/evaluate.h"

/* As reasoner_evaluate; the height of a fact is the number of the rule application that gave it. BASE_BAD_INPUT: a sum
 * left its range; the message names the rule. */
BaseStatus reasoner_chase(Evaluation *evaluation, BaseError *err);

/* components.c: the rules in the order of section 7.4: strata, in each the components of the positive rule graph in
 * topological order (ties: as written), in a component as written. */
typedef struct Component {
    uint32_t *rules;
    uint32_t count;
} Component;
typedef struct Components {
    Component *items;
    uint32_t count;
    bool *repeats; /* by rule: it reads what it derives */
    BaseArena memory;
} Components;
/* false: no memory. */
bool reasoner_components(const ReasonerProgram *program, Components *out);
void reasoner_components_free(Components *components);

/* group.c: rows (groups..., input, distinct...) gathered by matches of a body, folded into tuples of the head. */
typedef struct Gather {
    const Rule *rule;
    const Atom *head;
    struct {
        uint32_t *items;
        size_t count, capacity;
    } rows;
} Gather;
/* Takes the match in `binding`. false: no memory. */
bool reasoner_gather(Gather *gather, const uint32_t *binding);
/* Appends the head's tuples to `out`; `binding` is scratch. BASE_NO_MEMORY without a message, BASE_BAD_INPUT. */
typedef struct Tuples {
    uint32_t *items;
    size_t count, capacity;
} Tuples;
BaseStatus reasoner_fold_groups(Gather *gather, uint32_t *binding, Values *values, Tuples *out, BaseError *err);

#endif
