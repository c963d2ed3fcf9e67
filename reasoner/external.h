/* external.h - external predicates at work: what they were asked and what they answered, as relations. Private to the
 * room. A rule's body is met as if their tuples were facts; before, the inputs that its matches need are joined from
 * the rest of the body, and those not asked yet are asked, many at a time. */
#ifndef KGQ_REASONER_EXTERNAL_H
#define KGQ_REASONER_EXTERNAL_H

#include "reasoner/terms.h"

/* By relation of the program. */
typedef struct External {
    const ReasonerExternal *of; /* NULL: the relation is of facts */
    Relation asked;             /* inputs, each once */
    uint32_t answered;          /* rows of them */
} External;

typedef struct Externals Externals;
struct Externals {
    Evaluation *evaluation;
    Terms *terms; /* NULL: no database */
    External *items;
    BaseError *err;
};

/* *out is closed even after a failure. false: no memory. */
bool reasoner_externals_open(Evaluation *evaluation, Terms *terms, BaseArena *arena, Externals *out);
void reasoner_externals_close(Externals *externals);
/* Asks what was added to `asked`, and takes the answers into the relation at height 0. `rule` is whose demand it is. A
 * failure of the callback is told at the rule's place. */
BaseStatus reasoner_externals_ask(Externals *externals, uint32_t relation, uint32_t rule);

#endif
