/* lower.h - the step from what was written to what is evaluated. Private to the room. */
#ifndef KGQ_REASONER_LOWER_H
#define KGQ_REASONER_LOWER_H

#include "reasoner/program.h"

typedef struct Lowering {
    ReasonerProgram *program;
    Faults *faults;
    Values *values; /* the program's constants, to compute with */
    bool no_memory;
    /* The rule at hand. */
    Rule *rule;
    struct {
        const char **items;
        size_t count, capacity;
    } variables;
    struct {
        Literal *items;
        size_t count, capacity;
    } body;
    bool has_no_value;   /* a ground call of it fails */
    bool has_expression; /* some call is left */
} Lowering;

/* Functions that return bool: false, a fault was told, or memory ran out. */

/* Puts values in the place of parameters and of ground calls, within the expression. A ground call without a value
 * stays and sets has_no_value. */
bool reasoner_resolve(Lowering *lowering, Expression *expression);
bool reasoner_is_open(const Expression *expression);                             /* it has variables or aggregates */
bool reasoner_refuse_compound(Lowering *lowering, const Expression *expression); /* false, always */
bool reasoner_check_call(Lowering *lowering, const Expression *expression);      /* terms and calls only */
/* The expression as a term: itself, or a fresh variable of the rule that holds its value. */
bool reasoner_name_input(Lowering *lowering, Expression *expression, Term *out);

/* lower_aggregate.c: the aggregate within an argument (NULL: none); its description, in atom->aggregate; and its groups
 * once all terms are there. */
Expression *reasoner_find_aggregate(Expression *expression);
bool reasoner_lower_aggregate(Lowering *lowering, Atom *atom, uint32_t column);
bool reasoner_group(Lowering *lowering, Atom *atom);

/* transfer.c: the settings of imports and exports made ground. */
bool reasoner_lower_transfers(Lowering *lowering);

#endif
