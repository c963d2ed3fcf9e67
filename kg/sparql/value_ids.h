/* value_ids.h - values and the ids that hold them (kg/inline.h), without the detour by text. */
#ifndef KGQ_KG_SPARQL_VALUE_IDS_H
#define KGQ_KG_SPARQL_VALUE_IDS_H

#include "kg/inline.h"
#include "kg/sparql/value.h"

/* The value of an inlined literal. A string's text lies in the arena; of others sparql_value_term makes it when it is
 * wanted. False: no memory. */
bool sparql_value_of_id(KgId id, BaseArena *arena, Value *out);
/* The id of a computed number whose text is not made: it holds the canonical form. False: none does. */
bool sparql_value_id(const Value *value, KgId *out);

/* Where an inlined literal stands among those of its tag when ORDER BY compares them: equal keys, equal values; NaN is
 * before all doubles, -0 is 0, moments without a zone count as UTC. Below 2^56. */
static inline uint64_t sparql_order_key(KgId id)
{
    const uint64_t payload = kg_inline_payload(id);
    switch (kg_inline_tag(id)) {
    case KG_INLINE_DECIMAL:
        return payload >> KG_INLINE_DECIMAL_BITS;
    case KG_INLINE_DOUBLE: {
        const uint64_t rank = payload >> KG_INLINE_DOUBLE_BITS;
        return rank >= KG_INLINE_RANK_NAN ? 0 : rank + 1 + (rank == KG_INLINE_RANK_ZERO - 1);
    }
    case KG_INLINE_DATE:
        return payload >> KG_INLINE_DATE_BITS;
    case KG_INLINE_DATETIME:
        return payload >> KG_INLINE_DATETIME_BITS;
    default:
        return payload;
    }
}

#endif
