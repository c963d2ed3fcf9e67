/* row_sets.h - pairs of values as a set of second values for each first one. Private to the room. */
#ifndef KGQ_REASONER_ROW_SETS_H
#define KGQ_REASONER_ROW_SETS_H

#include "base/base.h"

enum { ROW_FEW = 2, ROW_CLASSES = 64 };

typedef enum RowKind {
    ROW_IN_PLACE, /* up to ROW_FEW values in `few` */
    ROW_LIST,     /* in no order, with room for `size` */
    ROW_TABLE,    /* open addressing in `size` slots; UINT32_MAX: free */
    ROW_BITS,     /* a bit for each value */
} RowKind;

typedef struct RowSet {
    uint32_t count;
    uint32_t size : 30, kind : 2;
    union {
        uint32_t few[ROW_FEW];
        uint32_t *values;
        uint64_t *bits;
    } is;
} RowSet;

typedef struct RowSets {
    RowSet *rows;      /* by first value */
    uint32_t domain;   /* first values are below it */
    uint32_t width;    /* and second values below this */
    uint64_t *marks;   /* a bit for each second value, all 0 between calls */
    void *chunks;      /* memory of small lists and tables, chained */
    size_t chunk_left; /* bytes of the newest chunk */
    void *freed[ROW_CLASSES];
    size_t bytes; /* of chunks and what is large */
} RowSets;

/* Start from {0}. false: no memory. */
bool reasoner_row_sets_open(RowSets *sets, uint32_t domain, uint32_t width);
void reasoner_row_sets_free(RowSets *sets);
/* The same sets for one more thread, which keeps to first values that no other one touches meanwhile, with memory of
 * its own, which reasoner_row_sets_join hands over, ending *part. false: no memory. */
bool reasoner_row_sets_part(const RowSets *sets, RowSets *part);
void reasoner_row_sets_join(RowSets *sets, RowSets *part);
static inline bool row_sets_hold(const RowSets *sets, const uint32_t *pair)
{
    return pair[0] < sets->domain && pair[1] < sets->width;
}
/* Writes to `to` those of `count` pairs, all within the domain, that are new, and returns how many; they go in.
 * SIZE_MAX: no memory. `to` may be `pairs`, and has room for as many. */
size_t reasoner_row_sets_insert(RowSets *sets, const uint32_t *pairs, size_t count, uint32_t *to);
bool reasoner_row_sets_has(const RowSets *sets, const uint32_t *pair);

#endif
