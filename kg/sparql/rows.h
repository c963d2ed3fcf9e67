/* rows.h - rows of term ids: batches that flow between operators, and sets of rows found by hash. A row has one cell
 * per variable of its SELECT; 0 is unbound. */
#ifndef KGQ_KG_SPARQL_ROWS_H
#define KGQ_KG_SPARQL_ROWS_H

#include "kg/kg.h"

#include <string.h>

/* Begins without room; sparql_next gives it some, more each time it came back full, up to `most` rows. */
typedef struct Batch {
    KgId *cells; /* row by row */
    size_t count, capacity, width, most;
    bool was_full;
} Batch;

static inline KgId *batch_row(const Batch *batch, size_t row)
{
    return batch->cells + row * batch->width;
}
static inline bool batch_is_full(const Batch *batch)
{
    return batch->count == batch->capacity;
}
/* A copy of `row` at the end, which must have room. */
static inline KgId *batch_add(Batch *batch, const KgId *row)
{
    KgId *const added = batch_row(batch, batch->count++);
    if (batch->width)
        memcpy(added, row, batch->width * sizeof *row);
    return added;
}

/* Distinct keys of `width` ids, numbered in the order they came. Start from {.width}. */
typedef struct RowSet {
    size_t width, count, capacity;
    KgId *cells;
    uint32_t *table; /* open addressing: number + 1, and bits of the hash above as many as the table's size needs */
    size_t table_size;
} RowSet;
#define NO_ROW SIZE_MAX
/* The key's number; NO_ROW: no memory. */
size_t sparql_row_set_put(RowSet *set, const KgId *key, bool *is_new);
/* The numbers of all rows of the batch by these columns, one for each cell of the key: new ones are given in the order
 * of the rows. False: no memory. */
bool sparql_row_set_put_all(RowSet *set, const Batch *batch, const uint32_t *columns, uint32_t *numbers);
size_t sparql_row_set_find(const RowSet *set, const KgId *key); /* NO_ROW: not there */
void sparql_row_set_clear(RowSet *set);
void sparql_row_set_free(RowSet *set);
size_t sparql_row_set_bytes(const RowSet *set);

/* A set of ids. When there are many, those of the dictionary, whose numbers are dense, are bits. Start from
 * {.others.width = 1}. */
typedef struct IdSet {
    struct IdBits {
        uint64_t *words;
        size_t capacity, used; /* words; behind `used` all are 0 */
    } bits[3];                 /* IRIs, blank nodes, literals */
    RowSet others;
    bool has_bits; /* the dictionary's ids are there */
    size_t count;
} IdSet;
bool sparql_id_set_put(IdSet *set, KgId id, bool *is_new); /* false: no memory */
/* Goes over its ids, always in the same order for the same ids put in in the same order. Start from {0}. False: no
 * more.
 */
typedef struct IdSetWalk {
    size_t kind, word, other;
    uint64_t left; /* bits of the word before this one that are still to come */
} IdSetWalk;
bool sparql_id_set_next(const IdSet *set, IdSetWalk *walk, KgId *out);
void sparql_id_set_clear(IdSet *set);
void sparql_id_set_free(IdSet *set);
size_t sparql_id_set_bytes(const IdSet *set);

#endif
