/* terms.h - the terms of a running query: those of the database, and those that it computes. A computed term that the
 * database has gets the database's id, another one an id that only this query knows: equal ids mean the same term. */
#ifndef KGQ_KG_SPARQL_TERMS_H
#define KGQ_KG_SPARQL_TERMS_H

#include "kg/sparql/value.h"

#define LOCAL_TERM 0x80u /* set in the kind byte of a query's own ids */

static inline bool is_local(KgId id)
{
    return (id >> 56 & LOCAL_TERM) != 0;
}

static inline KgKind sparql_term_kind(KgId id)
{
    return kg_kind(id & ~((KgId)LOCAL_TERM << 56));
}

#define KNOWN_CONSTANTS 16 /* a power of two */

typedef struct Terms {
    KgTxn *txn;
    const char *blank_prefix; /* of the labels of new blank nodes; NULL: "q" */
    BaseArena arena;
    struct {
        KgTerm *items;
        size_t count, capacity;
    } list;          /* by number */
    uint32_t *table; /* open addressing: number + 1 */
    size_t table_size;
    uint64_t blank_count; /* blank nodes made */
    struct KnownConstant {
        KgTerm term;
        KgId id;                  /* 0: none */
    } constants[KNOWN_CONSTANTS]; /* by hash: found in the database before */
} Terms;

/* Start from {.txn}. */
BaseStatus sparql_terms_intern(Terms *terms, const KgTerm *term, KgId *out, BaseError *err);
/* The same for a term whose texts live as long as `terms`, as those of a query do: planning asks for one many times. */
BaseStatus sparql_terms_constant(Terms *terms, const KgTerm *term, KgId *out, BaseError *err);
/* Texts of the database are copied into the arena, others borrowed for the query's life. */
BaseStatus sparql_terms_get(Terms *terms, KgId id, BaseArena *arena, KgTerm *out, BaseError *err);
/* The same without a copy: borrowed until the transaction is next asked for a term. */
BaseStatus sparql_terms_borrow(Terms *terms, KgId id, KgTerm *out, BaseError *err);
/* A blank node that neither the database nor the query has. */
BaseStatus sparql_terms_fresh_blank(Terms *terms, KgId *out, BaseError *err);
/* Gives an empty `to` the computed terms of `from`, under the same ids and by the same texts. False: no memory. */
bool sparql_terms_copy(const Terms *from, Terms *to);
size_t sparql_terms_bytes(const Terms *terms);
void sparql_terms_free(Terms *terms);

#endif
