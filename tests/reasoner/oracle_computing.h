/* oracle_computing.h - small random programs over pairs of numbers with recursion, negation, conditions, arithmetic,
 * aggregates and existential variables, and a naive evaluator that tries every combination of facts until nothing
 * changes. It shares nothing with the reasoner.
 *
 * Existential rules create from lower predicates only, so that every chase ends; what may hold nulls is not negated,
 * not aggregated and not told apart. Then facts without nulls are the same in every universal model. */
#ifndef KGQ_TESTS_ORACLE_COMPUTING_H
#define KGQ_TESTS_ORACLE_COMPUTING_H

#include "base/base.h"

#include <limits.h>

enum { PREDICATES = 7, GIVEN = 2, MOST_RULES = 11, NUMBERS = 5, MOST_FACTS = 3000, MOST_GIVEN = 12 };
#define NONE (-1)

typedef struct Fact {
    long a, b;
    uint32_t height; /* least */
} Fact;
/* Nulls are numbers that no rule computes. */
#define FIRST_NULL 1000000000000000
#define NULLS 1000000
static inline bool is_null(long value)
{
    return value >= FIRST_NULL && value < FIRST_NULL + NULLS;
}

typedef enum Kind { JOIN, AGGREGATE, CREATE } Kind;
typedef enum Condition { ALWAYS, X_LESS_Z, SMALL, X_NOT_Z, ASSIGNED } Condition;
typedef enum Result { TAKE_Y, TAKE_Z, REMAINDER, STEP, PRODUCT, NEGATIVE, TAKE_W } Result;
typedef enum Around { NOTHING, TWICE, PLUS_X } Around;

/* All have the body  p(?x, ?y), q(?y, ?z)[, r(?z, _)][, condition][, ~n(?x, ?z or ?w)]
 *   JOIN       h(?x, RESULT)
 *   AGGREGATE  h(?x or REM(?x, 2), #fold(?y or ?y + ?z[, ?z])[around])
 *   CREATE     h(?x, !v)  or  h(?x, !v), h(!v, ?y) */
typedef struct ComputingRule {
    Kind kind;
    int head, p, q, r, negated, fold;
    bool is_distinct, folds_sum, by_remainder, has_two;
    Condition condition;
    Result result;
    Around around;
} ComputingRule;

typedef struct ComputingProgram {
    int rule_count, given_count;
    bool creates;
    ComputingRule rules[MOST_RULES];
    Fact given[GIVEN][MOST_GIVEN];
} ComputingProgram;

typedef struct ComputingModel {
    Fact facts[PREDICATES][MOST_FACTS];
    int count[PREDICATES];
    bool is_full; /* too many facts, or a sum left 64 bits: not to be compared */
} ComputingModel;

void computing_make(BaseRandom *random, ComputingProgram *out);
/* The rules, in another order when shuffled; without the given facts. */
void computing_write(const ComputingProgram *program, BaseRandom *random, bool is_shuffled, BaseBuffer *out);
void computing_evaluate(const ComputingProgram *program, ComputingModel *out);

/* The fact's place in the model; NULL: it does not hold. */
Fact *computing_find(ComputingModel *model, int predicate, long a, long b);
bool computing_add(ComputingModel *model, int predicate, long a, long b, uint32_t height);
/* Whether every rule holds in a model that may have nulls. */
bool computing_is_model(const ComputingProgram *program, ComputingModel *model);

#endif
