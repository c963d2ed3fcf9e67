/* plan.h - algebra to a chain of operators. */
#ifndef KGQ_KG_SPARQL_PLAN_H
#define KGQ_KG_SPARQL_PLAN_H

#include "kg/sparql/algebra.h"

/* The operators of a SELECT up to LIMIT; its rows have select->width cells, the projection is the reader's business.
 * All operators made are chained to *all. */
BaseStatus sparql_plan(Run *run, SelectAlgebra *select, Operator **all, Operator **out, BaseError *err);
/* A place of a triple; constants are looked up. */
BaseStatus sparql_place(Run *run, const AstNode *node, Place *out, BaseError *err);

#endif
