/* explain.h - a query's plan for people. */
#ifndef KGQ_KG_SPARQL_EXPLAIN_H
#define KGQ_KG_SPARQL_EXPLAIN_H

#include "kg/sparql/operator.h"

#include <stdio.h>

/* A line for each operator: what it does, how many rows the planner expects, and, of a profiled run, how many came and
 * in how many milliseconds of its own. */
BaseStatus sparql_explain(const Operator *top, FILE *out, BaseError *err);

#endif
