/* notice.h - what is right in a query and yet can match nothing. */
#ifndef KGQ_KG_SPARQL_NOTICE_H
#define KGQ_KG_SPARQL_NOTICE_H

#include "kg/sparql/operator.h"

/* A warning to the sink for each predicate that the query names and no triple of any graph has, with the nearest one
 * that there is. What cannot be found out is passed over. Before the query is translated. */
void sparql_notice_predicates(Run *run, const AstSelect *select, const BaseSink *sink);

#endif
