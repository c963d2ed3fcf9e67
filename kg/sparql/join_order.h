/* join_order.h - in which order to join patterns: by dynamic programming over their subsets (Selinger et al., "Access
 * path selection in a relational database management system", SIGMOD 1979) up to DP_PARTS of them, greedily beyond. */
#ifndef KGQ_KG_SPARQL_JOIN_ORDER_H
#define KGQ_KG_SPARQL_JOIN_ORDER_H

#include "kg/sparql/algebra.h"

#define DP_PARTS 10

typedef struct JoinVariable {
    uint32_t variable;
    double distinct; /* values it may take, at least 1 */
} JoinVariable;

typedef struct JoinPart {
    double rows;  /* by itself */
    double probe; /* nanoseconds to look one row up in it, */
    double read;  /* or to have it all at hand, after which a row takes JOIN_MEMORY_COST; INFINITY: it cannot be */
    uint32_t sorted_by; /* the variable by which its rows come in order when it is read first; or AST_NO_VARIABLE */
    JoinVariable *variables;
    size_t variable_count;
} JoinPart;

typedef struct JoinFilter {
    VarSet variables;
    double selectivity;
} JoinFilter;

typedef struct JoinProblem {
    const JoinPart *parts;
    size_t part_count;
    const JoinFilter *filters;
    size_t filter_count;
    VarSet bound;      /* from outside */
    double input_rows; /* from outside */
    size_t width;      /* variables there are */
} JoinProblem;

#define JOIN_MEMORY_COST 8.0
#define JOIN_MISS_COST 20.0 /* more, where a large part is looked up in no order */
#define JOIN_LARGE 100000.0 /* rows, that outgrow the processor's nearer caches */
#define JOIN_ROW_COST 8.0

/* order[i] is the part to join as number i, rows[i] how many rows there are expected then. Memory is the arena's. */
bool sparql_join_order(const JoinProblem *problem, BaseArena *arena, size_t *order, double *rows);

#endif
