/* parallel.h - a chain of operators that several threads run, each a copy of its own on a part of what the lowest one
 * finds at a time. What comes out, and in which order, depends on the parts and not on the threads. */
#ifndef KGQ_KG_SPARQL_PARALLEL_H
#define KGQ_KG_SPARQL_PARALLEL_H

#include "kg/sparql/planner.h"

/* The chain as it is, or run by threads where that pays. `planner` has compiled it from its SELECT's WHERE. */
Operator *planner_split(Planner *planner, Operator *chain);

typedef struct Lane Lane; /* a thread's copy of the chain */

/* Takes the rows of a part before they are merged. */
typedef struct PartFold {
    void *context;
    /* Room for a part; any thread. NULL: no memory. */
    void *(*begin)(void *context);
    /* Any thread, with the run whose rows they are. */
    BaseStatus (*add)(void *context, void *part, Run *run, const Batch *rows, BaseError *err);
    /* On the query's thread, in the order of the parts; frees or keeps `part` for a later begin. */
    BaseStatus (*merge)(void *context, void *part, Lane *lane, BaseError *err);
    void (*drop)(void *context, void *part); /* instead of merge, after a failure */
    /* Asked now and then between two merges: whether to go on so. */
    bool (*pays)(void *context);
} PartFold;

bool sparql_is_split(const Operator *op);
/* All rows through `fold`, or as many as it pays for: the others come from sparql_next as ever. */
BaseStatus sparql_fold_parts(Operator *op, const PartFold *fold, BaseError *err);
/* An id of the lane's rows as one of the query's; 0 for 0 and when eval->status of the query's run says why. */
KgId sparql_lane_id(Lane *lane, KgId id);

#endif
