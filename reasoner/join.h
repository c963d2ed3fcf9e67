/* join.h - one rule body matched by its plan, what its heads say added to their relations. Private to the room. */
#ifndef KGQ_REASONER_JOIN_H
#define KGQ_REASONER_JOIN_H

#include "reasoner/plan.h"

typedef struct Join {
    uint32_t rule, height; /* of what it gives */
    uint32_t variable_count;
    const JoinHead *heads;
    uint32_t head_count;
    const Plan *plan;
    Values *values; /* may be NULL when nothing is computed and nothing compared by size */
    bool (*is_stopped)(void *context, uint64_t found); /* asked now and then; true: stop */
    void *context;
    struct Splitter *splitter;   /* for delta.c: how many threads; NULL: one */
    struct Externals *externals; /* for delta.c; NULL: the program has none */
    /* Counted: */
    uint64_t facts, matches, rows;
    bool is_direct;                      /* told: tuples of the head are written as bits */
    uint64_t products[2][PRODUCT_KINDS]; /* joins done as products of matrices: plain ones, turned ones */
} Join;

/* BASE_NO_MEMORY, or BASE_CANCELLED when is_stopped said so; both without a message. Scratch comes from the arena. */
BaseStatus reasoner_join(Join *join, BaseArena *arena);
/* product.c: the same where the plan is a product. */
BaseStatus reasoner_multiply(Join *join, BaseArena *arena);
/* product.c: the same where the plan is a product. */
BaseStatus reasoner_multiply(Join *join, BaseArena *arena);

#endif
