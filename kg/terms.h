/* terms.h - private to kg: the dictionary between what a term says and its id. */
#ifndef KGQ_KG_TERMS_H
#define KGQ_KG_TERMS_H

#include "kg/store.h"

/* Appends the term's stored form. */
bool kg_encode_term(const KgTerm *term, BaseBuffer *out);
/* False: `bytes` is no stored form. */
bool kg_decode_term(KgText bytes, KgTerm *out);
/* The id stored for encoded term `bytes`; BASE_NOT_FOUND without a message. */
BaseStatus kg_find_encoded(KgTxn *txn, KgText bytes, KgId *out, BaseError *err);
/* Whether the id is of a term in the dictionary. */
bool kg_is_known(KgTxn *txn, KgId id);
void kg_free_term_cache(KgTermCache *cache);

#endif
