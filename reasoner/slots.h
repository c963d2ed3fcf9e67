/* slots.h - the hash table of a relation's members: where a tuple belongs, and what a slot says. Private to the room.
 */
#ifndef KGQ_REASONER_SLOTS_H
#define KGQ_REASONER_SLOTS_H

#include "reasoner/relation.h"

static inline uint64_t hash_tuple(const uint32_t *tuple, uint32_t arity)
{
    uint64_t hash = 0x2545f4914f6cdd1du;
    if (arity == 2)
        return base_mix(((uint64_t)tuple[0] << 32 | tuple[1]) + hash);
    for (uint32_t c = 0; c < arity; c++) {
        hash = (hash ^ tuple[c]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash * 0xd6e8feb86659fd93u;
}

static inline bool same_tuple(const uint32_t *a, const uint32_t *b, uint32_t arity)
{
    for (uint32_t c = 0; c < arity; c++)
        if (a[c] != b[c])
            return false;
    return true;
}

static inline uint64_t slot_of(const Members *members, uint64_t hash)
{
    return (uint64_t)((unsigned __int128)hash * members->slot_count >> 64);
}

static inline uint32_t tag_of(const Members *members, uint64_t hash)
{
    return members->row_bits == 32 ? 0 : (uint32_t)hash << members->row_bits;
}

static inline uint32_t row_mask(const Members *members)
{
    return members->row_bits == 32 ? UINT32_MAX : (1u << members->row_bits) - 1;
}

/* Whether the slot, which is not free, is the tuple's. */
static inline bool slot_fits(const Relation *relation, uint32_t entry, const uint32_t *tuple, uint64_t hash)
{
    const uint32_t mask = row_mask(&relation->members);
    return (entry & ~mask) == tag_of(&relation->members, hash) &&
           same_tuple(relation_row(relation, entry & mask), tuple, relation->arity);
}

#endif
