/* check.h - the rules of a query that its grammar does not say: which variables may stand where. */
#ifndef KGQ_KG_SPARQL_CHECK_H
#define KGQ_KG_SPARQL_CHECK_H

#include "kg/sparql/parser.h"

/* Marks the variables of the scope that `pattern` binds or could bind (section 18.2.1, "in-scope"). */
void sparql_mark_visible(const AstPattern *pattern, bool *visible);

/* For a SELECT whose parser->scope is at its end: fills the projection of `*`; BIND and (… AS ?v) name new variables;
 * of a grouped query only groups and aggregates are projected. False: reported. */
bool sparql_check_select(Parser *parser, AstSelect *select);

#endif
