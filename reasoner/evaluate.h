/* evaluate.h - a program run to its fixpoint over relations in memory. Private to the room. */
#ifndef KGQ_REASONER_EVALUATE_H
#define KGQ_REASONER_EVALUATE_H

#include "reasoner/create.h"
#include "reasoner/product.h"

typedef struct RuleFigures {
    uint64_t facts, matches, rows;
    double seconds;
} RuleFigures;

/* The caller fills in the relations (one per shape of the program, given tuples at height 0) and the fields down to
 * `memory_limit`, and reads all else; reasoner_evaluation_free ends it. Values in tuples below
 * program->constants.count are those constants. */
typedef struct Evaluation {
    const ReasonerProgram *program;
    Relation *relations;
    Values *values; /* borrowed; numbers as those of the tuples; may be NULL unless program->needs_values */
    BaseJob *job;
    double seconds_limit;  /* 0: none */
    uint64_t memory_limit; /* bytes of all relations and values; 0: half of the machine's memory */
    RuleFigures *rules;    /* one per rule */
    uint64_t derived;
    uint64_t products[2][PRODUCT_KINDS]; /* as in Join */
    uint32_t strata, rounds, highest;
    Creation *creations; /* by rule; NULL: no rule is existential */
    struct Terms *terms; /* of a database, for external predicates; NULL: none */
    BaseArena memory;    /* of what they hold */
} Evaluation;

/* Relations and figures for the program, all empty. *out is freed even after a failure. false: no memory. */
bool reasoner_evaluation_open(const ReasonerProgram *program, Evaluation *out);
void reasoner_evaluation_free(Evaluation *evaluation);

/* Afterwards each relation is in the order of heights, and its segments tell height and rule.
 * BASE_NO_MEMORY; BASE_LIMIT, BASE_CANCELLED: the message names rule and round. BASE_BAD_INPUT: a sum left its range;
 * the message names the rule. */
BaseStatus reasoner_evaluate(Evaluation *evaluation, BaseError *err);

#endif
