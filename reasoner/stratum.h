/* stratum.h - what one stratum works on: its rules, the relations that grow, what each round sees. Private to the room.
 */
#ifndef KGQ_REASONER_STRATUM_H
#define KGQ_REASONER_STRATUM_H

#include "reasoner/delta.h"
#include "reasoner/evaluate.h"
#include "reasoner/group.h"

typedef struct ActiveRule {
    DeltaJoin join;       /* gives what its heads of this stratum say, or what is gathered, or met by `creation` */
    Creation *creation;   /* NULL: it is not existential */
    Grouping **groupings; /* the aggregates among its heads */
    uint32_t grouping_count;
} ActiveRule;

/* Rows of lower strata that wait for the round that may see them. */
typedef struct Waiting {
    Relation rows;
    uint32_t next;
} Waiting;

typedef struct Stratum {
    Evaluation *evaluation;
    uint32_t number;
    bool gathers; /* inputs of aggregates only: nothing grows */
    Groupings *groupings;
    ActiveRule *rules;
    size_t rule_count;
    bool *is_growing;    /* by relation: rules of the stratum add to it */
    bool *is_partial;    /* by relation: a round may not see all of it */
    bool *is_looked_at;  /* by relation: some body of the stratum reads it */
    Relation **complete; /* by relation: see PlanContext */
    Waiting *waiting;    /* by relation */
    MatrixShape shape;   /* of relations that rules multiply */
    Relation *copies;    /* what `complete` points to where a relation grows and is negated, too */
    BaseArena memory;    /* holds all of the above */
} Stratum;

/* shape.c: gives relations their shape, once rules, waiting rows and is_growing are known. false: no memory. */
bool reasoner_stratum_shape(Stratum *stratum);

/* The groupings are those of the stratum; they are gathered, or (else) folded by now. *out starts from {0} and is
 * closed even after a failure. BASE_NO_MEMORY, without a message. */
BaseStatus reasoner_stratum_open(Evaluation *evaluation, uint32_t number, bool gathers, Groupings *groupings,
                                 Stratum *out);
void reasoner_stratum_close(Stratum *stratum);
/* Sets what round `height` sees. false: no memory. */
bool reasoner_stratum_begin_round(Stratum *stratum, uint32_t height);
/* The greatest height among what the bodies look at. */
uint32_t reasoner_stratum_highest_premise(const Stratum *stratum);

#endif
