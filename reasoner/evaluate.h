/* evaluate.h - a program run to its fixpoint over relations in memory. Private to the room. */
#ifndef KGQ_REASONER_EVALUATE_H
#define KGQ_REASONER_EVALUATE_H

#include "reasoner/literal.h"
#include "reasoner/program.h"
#include "reasoner/relation.h"

typedef struct RuleFigures {
    uint64_t facts, matches, rows;
    double seconds;
} RuleFigures;

/* The caller fills in the relations (one per shape of the program, given tuples at height 0) and the fields down to
 * `memory_limit`, and reads all else. Values in tuples below program->constants.count are those constants. */
typedef struct Evaluation {
    const ReasonerProgram *program;
    Relation *relations;
    Values *values;        /* numbers as those of the tuples; NULL: the program computes nothing */
    const Number *numbers; /* by value; may be NULL unless program->has_order */
    BaseJob *job;
    double seconds_limit;  /* 0: none */
    uint64_t memory_limit; /* bytes of all relations; 0: none */
    RuleFigures *rules;    /* one per rule */
    uint64_t derived;
    uint32_t strata, rounds, highest;
} Evaluation;

/* Afterwards each relation is in the order of heights, and its segments tell height and rule.
 * BASE_NO_MEMORY; BASE_CANCELLED: also when a limit was passed, the message names rule and round. */
BaseStatus reasoner_evaluate(Evaluation *evaluation, BaseError *err);

#endif
