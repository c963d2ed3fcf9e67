/* relation.h - a set of tuples of 32-bit ids, in the order of their heights, with hash indexes. Private to the room. */
#ifndef KGQ_REASONER_RELATION_H
#define KGQ_REASONER_RELATION_H

#include "base/base.h"

#define NO_ROW UINT32_MAX

/* Rows with the same values in some columns, chained from the newest back. */
typedef struct RelationIndex {
    uint64_t columns; /* bit c: column c is part of the key */
    uint32_t *newest; /* open addressing: the newest row of a key; NO_ROW: free */
    size_t slot_count, key_count;
    uint32_t *older; /* by row: the row before it with the same key, or NO_ROW */
    size_t older_capacity;
    uint32_t covered; /* rows below it are in the index */
} RelationIndex;

/* Rows below `settled` were there before the stratum at hand and are sorted by height, and so are those from it on. */
typedef struct Relation {
    uint32_t arity;
    uint32_t count, settled;
    uint32_t *values;  /* row after row */
    uint32_t *heights; /* by row */
    uint32_t *rules;   /* by row: the rule that first gave it; UINT32_MAX: given */
    size_t capacity;   /* rows */
    uint32_t *slots;   /* open addressing over whole rows; NO_ROW: free */
    size_t slot_count;
    struct {
        RelationIndex **items;
        size_t count, capacity;
    } indexes;
} Relation;

/* Start from {.arity}. */
void reasoner_relation_free(Relation *relation);
static inline const uint32_t *relation_row(const Relation *relation, uint32_t row)
{
    return relation->values + (size_t)row * relation->arity;
}
/* Adds the tuple unless it is there. false: no memory, or 2^32 rows. */
bool reasoner_relation_add(Relation *relation, const uint32_t *tuple, uint32_t height, uint32_t rule, bool *is_new);
uint32_t reasoner_relation_find(const Relation *relation, const uint32_t *tuple); /* NO_ROW: not there */

/* The index over these columns, made when there is none, covering all rows. NULL: no memory. Borrowed until the
 * relation is settled or freed. */
const RelationIndex *reasoner_relation_index(Relation *relation, uint64_t columns);
/* The newest row with the key (one value per key column, in their order); go on with index->older[row]. */
uint32_t reasoner_relation_first(const Relation *relation, const RelationIndex *index, const uint32_t *key);

/* The first row in [from, to) of at least that height; `to` when there is none. Heights must be sorted there. */
uint32_t reasoner_relation_height_start(const Relation *relation, uint32_t from, uint32_t to, uint32_t height);
/* Ends a stratum: all rows are settled, sorted by height. false: no memory. */
bool reasoner_relation_settle(Relation *relation);

#endif
