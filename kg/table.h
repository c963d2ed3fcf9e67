/* table.h - private to kg: sorted rows of 64-bit numbers inside an LMDB table, in packed blocks (kg/block.h).
 *
 * One table holds many spaces, each a sorted set of rows by itself. The LMDB key of a block is its space (4 bytes), the
 * keys of its last row (8 bytes each) and how many rows it has (4 bytes), all big-endian: so a search for the first
 * key not below a row lands on the block that the row is in, and rows between two places are counted without opening
 * the blocks there. The checksum of a block is seeded with its key. */
#ifndef KGQ_KG_TABLE_H
#define KGQ_KG_TABLE_H

#include "kg/block.h"
#include "kg/store.h"

#define KG_TABLE_KEYS 3 /* at most */

/* -1, 0, 1: the keys of two triples in the same order. */
static inline int kg_compare_keys(const uint64_t a[3], const uint64_t b[3])
{
    for (int i = 0; i < 3; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* An open block, and a row of it. */
typedef struct KgPlace {
    KgBlock block;
    uint64_t last[KG_TABLE_KEYS]; /* keys of the block's last row */
    uint32_t row;
} KgPlace;

KgShape kg_table_shape(KgTable table);
/* The first row of `space` whose first `width` keys are not below (`after`: are above) `key`; BASE_END: none. The
 * place is good until the next write in txn or its end. BASE_BAD_INPUT: the block is damaged. */
BaseStatus kg_table_seek(KgTxn *txn, KgTable table, uint32_t space, const uint64_t *key, int width, bool after,
                         KgPlace *out, BaseError *err);
/* The first row of the block after this one. */
BaseStatus kg_table_next(KgTxn *txn, KgTable table, uint32_t space, KgPlace *place, BaseError *err);
/* The same for a reader that goes from block to block. A cursor of its own (mdb_cursor_close ends it) stays where the
 * last call has put it; NULL: the transaction's. */
BaseStatus kg_table_cursor(KgTxn *txn, KgTable table, MDB_cursor **out, BaseError *err);
/* The block in which the first row not below the key, a whole one, is. BASE_END: none; *out is as it was. */
BaseStatus kg_table_open_block(KgTxn *txn, KgTable table, uint32_t space, MDB_cursor *cursor, const uint64_t *key,
                               KgPlace *out, BaseError *err);
/* The block behind the cursor's, if it is that one; BASE_NOT_FOUND: it lies further on. */
BaseStatus kg_table_next_block(KgTxn *txn, KgTable table, uint32_t space, MDB_cursor *cursor, const uint64_t *key,
                               KgPlace *out, BaseError *err);
/* BASE_BAD_INPUT, for a block without the row that its key says is in it. */
BaseStatus kg_table_misplaced(const KgTxn *txn, BaseError *err);
/* How many rows begin with the `width` keys of `key`. */
BaseStatus kg_table_count(KgTxn *txn, KgTable table, uint32_t space, const uint64_t *key, int width, uint64_t *out,
                          BaseError *err);

/* Rows as columns, each `count` long: keys first, values after them. */
typedef struct KgRows {
    uint64_t *columns[KG_BLOCK_COLUMNS];
    size_t count, capacity;
} KgRows;
bool kg_rows_reserve(KgRows *rows, int columns, size_t count);
void kg_rows_free(KgRows *rows);

/* What becomes of a row. */
enum { KG_HIDES = 1, KG_PRESENT = 2 };
/* Merges changes, sorted and each row once, into a space: rows that `ops` (by row; NULL: all KG_PRESENT) says are
 * hidden go, those that are present come or stay with the values given. */
BaseStatus kg_table_merge(KgTxn *txn, KgTable table, uint32_t space, const KgRows *changes, const unsigned char *ops,
                          BaseError *err);
BaseStatus kg_table_clear(KgTxn *txn, KgTable table, uint32_t space, BaseError *err);

/* Blocks made away from the transaction, by any thread, then put into it at once. */
typedef struct KgPacked {
    BaseBuffer bytes;
    struct {
        struct KgPackedBlock {
            size_t offset, length;
            uint64_t last[KG_TABLE_KEYS];
            uint32_t rows;
        } * items;
        size_t count, capacity;
    } blocks;
} KgPacked;
/* Packs rows `start`.. of sorted rows behind what is there; the last block may stay small. False: no memory. */
bool kg_pack_rows(KgShape shape, uint32_t space, const KgRows *rows, KgPacked *out);
/* For a space with no rows at or after the first of them. */
BaseStatus kg_table_put_packed(KgTxn *txn, KgTable table, uint32_t space, const KgPacked *packed, BaseError *err);
void kg_packed_free(KgPacked *packed);

#endif
