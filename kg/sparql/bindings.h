/* bindings.h - which variables each pattern may bind, which it always does, and what an expression looks at. */
#ifndef KGQ_KG_SPARQL_BINDINGS_H
#define KGQ_KG_SPARQL_BINDINGS_H

#include "kg/sparql/algebra.h"

/* Empty, as wide as the builder's rows; false: no memory, in builder->status. */
bool sparql_new_set(Builder *builder, VarSet *out);
/* NULL words: no memory. */
VarSet sparql_set_copy(Builder *builder, VarSet set);
/* Fills `possible` and `certain` of every pattern in the query, subqueries and EXISTS included. */
bool sparql_find_bindings(Builder *builder, SelectAlgebra *select);
/* Adds the variables an expression looks at; of EXISTS, all that its pattern may bind or its filters look at. */
void sparql_add_variables(const AstExpr *expr, VarSet set);
bool sparql_has_exists(const AstExpr *expr);
/* BNODE() and the like: evaluated once for each row of their own group, however many rows that is joined with. */
bool sparql_is_volatile(const AstExpr *expr);
/* One that any thread may evaluate: no EXISTS, nothing volatile, no function of others. */
bool sparql_is_plain(const AstExpr *expr);

#endif
