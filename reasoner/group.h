/* group.h - an aggregate of a head: what it folds, gathered by a join, and the tuples that it gives (section 7.3 of the
 * language). Private to the room. */
#ifndef KGQ_REASONER_GROUP_H
#define KGQ_REASONER_GROUP_H

#include "reasoner/functions.h"
#include "reasoner/relation.h"

/* One head with an aggregate. An input's height is 1 + the highest premise of its lowest match; a group's tuple is as
 * high as its highest input. */
typedef struct Grouping {
    uint32_t rule, head;
    const Rule *of;
    Term *arguments; /* of an input: groups..., what is folded, distinct... */
    Relation inputs; /* each once; joins add to it, in the order of heights */
    Relation tuples; /* of the head, in the order of heights */
    uint32_t given;  /* tuples that went to the head's relation */
} Grouping;

typedef struct Groupings {
    Grouping *items;
    size_t count, capacity;
} Groupings;

/* false: no memory. */
bool reasoner_grouping_open(const ReasonerProgram *program, uint32_t rule, uint32_t head, BaseArena *arena,
                            Grouping *out);
void reasoner_grouping_close(Grouping *grouping);
/* Makes the tuples of the inputs, which are all there. BASE_NO_MEMORY; BASE_BAD_INPUT: a sum left its range; the
 * message names the rule. */
BaseStatus reasoner_grouping_fold(Grouping *grouping, Values *values, BaseError *err);
/* Gives the head's relation the tuples up to this height. *added counts the new ones. false: no memory. */
bool reasoner_grouping_give(Grouping *grouping, Relation *relation, uint32_t height, uint64_t *added);

#endif
