/* expand.h - the innermost loop of a join whose head is a pair: one side known, the other each of many values. Private
 * to the room. */
#ifndef KGQ_REASONER_EXPAND_H
#define KGQ_REASONER_EXPAND_H

#include "reasoner/relation.h"

enum { EXPAND_BLOCK = 2048 /* pairs gathered */ };

typedef struct Expand {
    Relation *head;
    uint32_t height, rule;
    uint32_t column; /* of the head: the one that varies */
    bool is_direct;  /* pairs go into the relation at once, by its bits; else they are gathered in `pairs` */
    uint32_t before; /* rows of the head when it began */
    uint32_t *pairs, count;
    uint64_t *words; /* scratch: a row of bits */
    uint64_t facts;
} Expand;

/* `pairs` of EXPAND_BLOCK; `words` may be NULL, then runs are not taken as bits. */
void reasoner_expand_begin(Expand *expand);
/* Ends it: what was gathered is added, and rows are noted. false: no memory; so below. */
bool reasoner_expand_end(Expand *expand);
bool reasoner_expand_values(Expand *expand, uint32_t known, const uint32_t *values, uint32_t count);
/* The index that says, for a key, which values to expand: those packed, and rows in [from, to) of those chained. */
typedef struct ExpandIndex {
    const Relation *relation;
    const RelationIndex *index; /* holds_values */
    uint32_t from, to;
} ExpandIndex;
/* For each row in [from, to) of `rows`, pairs, which may be the head: its column `key` is looked up, and the known side
 * is its other column, or, where not NULL, *known. Expansions are added to *matches. */
bool reasoner_expand_lookups(Expand *expand, const Relation *rows, uint32_t from, uint32_t to, uint32_t key,
                             const uint32_t *known, const ExpandIndex *by, uint64_t *matches);
/* For each of `count` keys, with one known side. */
bool reasoner_expand_keys(Expand *expand, uint32_t known, const uint32_t *keys, uint32_t count, const ExpandIndex *by,
                          uint64_t *matches);
/* The second column of rows [from, to) of a relation of pairs; it may be the head's. */
bool reasoner_expand_rows(Expand *expand, uint32_t known, const Relation *relation, uint32_t from, uint32_t to);

/* The values as bits of a row, of as many words as a row of the head has; only when is_direct. */
bool reasoner_expand_words(Expand *expand, uint32_t known, const uint64_t *words);
static inline size_t expand_row_words(const Expand *expand)
{
    return expand->head->members.words;
}
/* Bits of the pairs of `relation` with this first value, that a round may see; NULL: they are not to be had. */
const uint64_t *reasoner_expand_source(const Expand *expand, const Relation *relation, uint32_t first, bool is_partial);
/* Rows [from, to) as bits in `words`; false: they are better taken one by one. */
bool reasoner_expand_gather(Expand *expand, const Relation *relation, uint32_t from, uint32_t to);

#endif
