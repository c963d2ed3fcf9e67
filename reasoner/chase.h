/* chase.h - what the existential rules of a stratum create. Private to the room. */
#ifndef KGQ_REASONER_CHASE_H
#define KGQ_REASONER_CHASE_H

#include "reasoner/budget.h"
#include "reasoner/external.h"
#include "reasoner/group.h"

/* Fills `made` of the stratum's creations; relations are left as they were. The groupings are those of the stratum,
 * folded. BASE_NO_MEMORY, BASE_CANCELLED: as reasoner_evaluate. */
BaseStatus reasoner_chase(Evaluation *evaluation, uint32_t stratum, const Groupings *groupings, Externals *externals,
                          Budget *budget, BaseError *err);

/* components.c: the stratum's rules that decide what is created, in the order of section 7.4: the components of the
 * positive rule graph in topological order (ties: as written), in a component as written. */
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
bool reasoner_components(const ReasonerProgram *program, uint32_t stratum, Components *out);
void reasoner_components_free(Components *components);

#endif
