/* found_terms.h - IRIs that queries have named, and their ids, kept by the store: a small query spends most of its time
 * finding a handful of them in the dictionary. */
#ifndef KGQ_KG_SPARQL_FOUND_TERMS_H
#define KGQ_KG_SPARQL_FOUND_TERMS_H

#include "kg/store.h"

/* KG_ANY: it is not kept, or not known to be in the transaction's snapshot. */
KgId kg_recall_iri(KgTxn *txn, KgText iri);
void kg_remember_iri(KgTxn *txn, KgText iri, KgId id); /* which the transaction has found */
void kg_found_terms_free(KgFoundTerms *found);         /* NULL is fine; with the store */

#endif
