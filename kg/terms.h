/* terms.h - private to kg: the dictionary between what a term says and its id. */
#ifndef KGQ_KG_TERMS_H
#define KGQ_KG_TERMS_H

#include "kg/store.h"

enum { KG_STORED_KIND = 0x0f }; /* bits of the first byte of a stored form: the kind */
/* A stored form is no longer than 32 bits tell: each part of a term is at most 1 GiB. */
static inline bool kg_is_too_long(const KgTerm *term)
{
    const size_t most = UINT32_MAX / 4;
    return term->text.length > most || term->datatype.length > most || term->language.length > most;
}
/* Appends the term's stored form. */
bool kg_encode_term(const KgTerm *term, BaseBuffer *out);
/* False: `bytes` is no stored form. */
bool kg_decode_term(KgText bytes, KgTerm *out);
BaseHash128 kg_hash_encoded(const KgStore *store, KgText bytes);
/* The id stored for encoded term `bytes`, BASE_NOT_FOUND without a message; the second makes one where there is none.
 * `hash` is that of kg_hash_encoded. */
BaseStatus kg_find_encoded(KgTxn *txn, BaseHash128 hash, KgText bytes, KgId *out, BaseError *err);
BaseStatus kg_intern_encoded(KgTxn *txn, BaseHash128 hash, KgText bytes, KgId *out, BaseError *err);
/* The same in the tables alone; *out is KG_ANY where they do not have it. */
BaseStatus kg_find_in_tables(KgTxn *txn, BaseHash128 hash, KgText bytes, KgId *out, BaseError *err);
/* Whether the id is of a term in the dictionary, or holds a literal. */
bool kg_is_known(KgTxn *txn, KgId id);
/* Puts new terms into the tables, and forgets which were known. */
BaseStatus kg_flush_terms(KgTxn *txn, BaseError *err);
/* At the end of a transaction: new terms go into the tail, or into the tables where they are too many for it. */
BaseStatus kg_settle_terms(KgTxn *txn, BaseError *err);
void kg_free_known_terms(KgKnownTerms *known);

static inline bool kg_is_stored_kind(unsigned tag)
{
    return tag >= KG_IRI && tag <= KG_LITERAL;
}
/* How many terms of the kind are in the tables; a code of LMDB. */
int kg_stored_terms(KgTxn *txn, KgKind kind, uint64_t *out);

/* What an id says, borrowed until the transaction is next asked for a term. */
BaseStatus kg_borrow_term(KgTxn *txn, KgId id, KgTerm *out, BaseError *err);
/* The stored form of a term of the dictionary, borrowed likewise. */
BaseStatus kg_read_stored(KgTxn *txn, KgId id, KgText *out, BaseError *err);
BaseStatus kg_damaged_term(const KgTxn *txn, KgId id, BaseError *err);
void kg_free_term_reader(KgTermReader *reader); /* NULL is fine */

/* For kg_check: the table, the seed of a block's checksum, and the key under which a hash is kept. */
KgTable kg_term_table(KgKind kind);
uint64_t kg_front_seed(KgKind kind, uint64_t last);
uint64_t kg_hash_key(BaseHash128 hash);

#endif
