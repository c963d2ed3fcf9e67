/* arrange.h - private to kg: many triples in the orders of the indexes. Ids become small codes that keep their order
 * (dense ids theirs, ids that hold literals their rank among those that occur), so that a whole triple mostly fits into
 * one 64-bit number, and sorting is a radix sort of numbers. */
#ifndef KGQ_KG_ARRANGE_H
#define KGQ_KG_ARRANGE_H

#include "kg/table.h"

typedef struct KgArranger {
    uint64_t bases[4];  /* by tag of a stored term: code of its number 0 */
    uint64_t held_base; /* code of the least id that holds a literal */
    BaseMap ranks;      /* such an id, or a predicate -> its rank */
    BaseMap predicates;
    struct {
        uint64_t *items;
        size_t count, capacity;
    } held, predicate_ids; /* by rank */
    int bits[3];           /* of the codes of s, p, o */
    uint64_t *codes[3];    /* by row */
    size_t count;
} KgArranger;

/* Makes the codes of rows given as columns s, p, o. False: no memory. */
bool kg_arrange(KgTxn *txn, const uint64_t *const columns[3], size_t count, KgArranger *out);
void kg_arrange_free(KgArranger *arranger);
/* The rows' numbers sorted in an order, each triple once, the first of equal ones.
 * *out is the caller's to free(). False: no memory. */
bool kg_arrange_numbers(const KgArranger *arranger, KgIndex index, uint32_t **out, size_t *count);
/* The rows as sorted columns in the order of the index, each triple once. */
bool kg_arrange_rows(const KgArranger *arranger, KgIndex index, KgRows *out);
/* The ids of a row: subject, predicate, object. */
void kg_arrange_row(const KgArranger *arranger, size_t row, uint64_t out[3]);
/* Keeps the rows with these numbers, in that order. */
bool kg_arrange_keep(KgArranger *arranger, const uint32_t *numbers, size_t count);

#endif
