/* term_set.h - private to kg: distinct terms in their stored form, numbered in the order they came. */
#ifndef KGQ_KG_TERM_SET_H
#define KGQ_KG_TERM_SET_H

#include "kg/kg.h"

typedef struct KgSetTerm {
    BaseHash128 hash;
    size_t offset; /* in set->bytes */
    uint32_t length;
} KgSetTerm;

/* Start from {0}. */
typedef struct KgTermSet {
    BaseBuffer bytes;
    struct {
        KgSetTerm *items;
        size_t count, capacity;
    } terms;
    uint32_t *table; /* open addressing: place + 1 */
    size_t table_size;
} KgTermSet;

#define KG_NO_PLACE SIZE_MAX
/* The term's place, made when it is new (*is_new; the bytes are copied). KG_NO_PLACE: no memory. */
size_t kg_term_set_put(KgTermSet *set, BaseHash128 hash, KgText bytes, bool *is_new);
/* KG_NO_PLACE: not there. */
size_t kg_term_set_find(const KgTermSet *set, BaseHash128 hash, KgText bytes);
/* For many searches in a row, so that their misses of the cache overlap: fetches a term's slot; some searches later
 * what the slot names; and after some more, that term's bytes. */
void kg_term_set_fetch(const KgTermSet *set, BaseHash128 hash, int step);
#define KG_FETCH_STEPS 3
static inline KgText kg_term_set_text(const KgTermSet *set, size_t place)
{
    return (KgText){set->bytes.items + set->terms.items[place].offset, set->terms.items[place].length};
}
void kg_term_set_clear(KgTermSet *set); /* empty; memory is kept for the next use */
void kg_term_set_free(KgTermSet *set);

#endif
