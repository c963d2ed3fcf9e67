/* figures.h - private to kg: the statistics of predicates as a planner asks for them, one by one and often: kept in
 * memory by the store until the catalog changes. */
#ifndef KGQ_KG_FIGURES_H
#define KGQ_KG_FIGURES_H

#include "kg/store.h"

/* Of the default graph's facts; zeros where nothing is known. KG_ANY: of all triples, whatever the predicate, where
 * `objects` stays 0. */
BaseStatus kg_predicate_figures(KgTxn *txn, KgId predicate, KgPredicateStatistics *out, BaseError *err);
void kg_figures_free(KgFigures *figures); /* NULL is fine */

#endif
