/* functions.h - expressions of rules computed on values: operators, built-in functions, aggregates (sections 5.4, 6 and
 * 7.3 of the language). Private to the room. */
#ifndef KGQ_REASONER_FUNCTIONS_H
#define KGQ_REASONER_FUNCTIONS_H

#include "reasoner/program.h"

/* `binding` holds a value number by variable; constants of the program are the value numbers below its constant count.
 * false: the expression has no value (or memory ran out: reasoner_values_failed), the match is to be dropped. */
bool reasoner_compute(const Expression *expression, const uint32_t *binding, Values *values, uint32_t *out);
/* The same, its texts borrowed from the table or from its scratch. */
bool reasoner_compute_value(const Expression *expression, const uint32_t *binding, Values *values, Value *out);
/* <, <=, >, >= of two values: numbers only. */
bool reasoner_is_ordered(CompareOperator test, const Value *left, const Value *right);
/* Whether a comparison with all its variables bound holds. */
bool reasoner_compare(const Comparison *comparison, const uint32_t *binding, Values *values);
/* The number of one side: its term's, or its expression's value. false as above. */
bool reasoner_operand(const Operand *operand, const uint32_t *binding, Values *values, uint32_t *out);

/* Whether all variables of a side are among those marked. */
bool reasoner_is_bound(const Operand *operand, const bool *is_bound);
/* How often the variable stands in a side. */
uint32_t reasoner_count_uses(const Operand *operand, uint32_t variable);

/* The fold of the distinct inputs of one group, as often as they occur with distinct companions, in any order.
 * BASE_NOT_FOUND, no message: no row (no input). BASE_BAD_INPUT: the sum leaves 64 bits, which ends a run. */
BaseStatus reasoner_fold(AggregateKind kind, const uint32_t *inputs, size_t count, Values *values, uint32_t *out,
                         BaseError *err);

/* The built-in function of that name, whatever the case; FUNCTION_NONE. */
Function reasoner_find_function(const char *name, size_t length);
bool reasoner_gives_number(Function function); /* or a value that may be one */
const char *reasoner_function_name(Function function);
/* Whether it takes so many arguments; and how many it takes, in words. */
bool reasoner_takes(Function function, size_t count);
void reasoner_say_arguments(Function function, char *out, size_t capacity);
/* The built-in name nearest to this one; NULL: none is near. */
const char *reasoner_near_function(const char *name);

#endif
