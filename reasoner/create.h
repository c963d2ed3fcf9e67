/* create.h - what an existential rule creates: nulls, once for each tuple of its frontier. Private to the room. */
#ifndef KGQ_REASONER_CREATE_H
#define KGQ_REASONER_CREATE_H

#include "reasoner/program.h"
#include "reasoner/relation.h"

typedef struct Creation {
    uint32_t rule;
    const Rule *of;
    Term *frontier; /* the universal variables of the heads; where there are none, one constant */
    uint32_t frontier_count;
    uint32_t *nulls; /* the existential variables */
    uint32_t null_count;
    Relation met;  /* frontier tuples of matches, each once; joins add to it */
    Relation made; /* (frontier..., nulls...) */
} Creation;

/* *out is closed even after a failure. false: no memory. */
bool reasoner_creation_open(const ReasonerProgram *program, uint32_t rule, BaseArena *arena, Creation *out);
void reasoner_creation_close(Creation *creation);
static inline bool creation_is_open(const Creation *creation)
{
    return creation->of != NULL;
}

/* Adds to the heads' relations what holds of the frontier tuples met from row `from` on, with the nulls made for them;
 * of those that none were made for nothing. *added counts the new facts. false: no memory. */
bool reasoner_creation_give(Creation *creation, uint32_t from, uint32_t height, Relation *relations, uint64_t *added);

#endif
