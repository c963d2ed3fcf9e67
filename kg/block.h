/* block.h - private to kg: sorted rows of 64-bit numbers packed into one value of an LMDB overflow page.
 *
 * A row has `keys` columns by which rows are sorted (strictly ascending) and `values` columns that follow along. Rows
 * are kept in runs of KG_RUN_ROWS, each column of a run packed by itself, in whichever way is smallest: constant, bits
 * above the least (frame of reference), bits of the differences, or frame of reference with a few exceptions (Zukowski
 * et al., "Super-scalar RAM-CPU cache compression", ICDE 2006); or in frames that another column's codes choose, as a
 * predicate tells much about its objects. Before that each column's values become small codes:
 * numbers of few distinct values their place among those, others their distance from the start of the stretch they lie
 * in (ids of several kinds lie in several stretches), divided by what all distances there have in common. Codes keep
 * the order. A checksum over the block and `seed` (which the caller makes from the block's key) tells damage. */
#ifndef KGQ_KG_BLOCK_H
#define KGQ_KG_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KG_BLOCK_BYTES 4080 /* a page less the header of an overflow page */
#define KG_BLOCK_COLUMNS 8
#define KG_RUN_ROWS 128
#define KG_BLOCK_ROWS 8192 /* at most */

typedef struct KgShape {
    int keys, values; /* keys 1..4, keys + values <= KG_BLOCK_COLUMNS */
} KgShape;

/* Packs rows from the front of `columns` (each `count` long) into `out`: all of them, or as many as fit. Returns how
 * many (at least 1 when count is; 1 row always fits); *bytes is the block's length, at most KG_BLOCK_BYTES. `guess`:
 * how many rows are likely to fit, 0: unknown; pass the answer of the block before. Needs no memory but the stack. */
size_t kg_block_pack(KgShape shape, const uint64_t *const columns[], size_t count, size_t guess, uint64_t seed,
                     unsigned char out[KG_BLOCK_BYTES], size_t *bytes);

/* Makes the checksum anew with another seed, for a caller who knows it only when the block's last row is known. */
void kg_block_seal(unsigned char *block, size_t length, uint64_t seed);

typedef struct KgBlockColumn {
    const unsigned char *table, *groups;
    uint64_t base, step;
    uint16_t head; /* where in a run's heads */
    uint8_t kind, count, size, bytes, group;
} KgBlockColumn;

/* An opened block; borrows the bytes. */
typedef struct KgBlock {
    const unsigned char *bytes;
    size_t length;
    KgShape shape;
    uint32_t rows, runs;
    /* What opening found out, private to block.c. */
    const unsigned char *heads, *payload;
    uint32_t head_bytes, payload_bytes; /* heads of one run; payload without the padding */
    KgBlockColumn columns[KG_BLOCK_COLUMNS];
} KgBlock;

/* False: damaged (checksum, or anything that would lead outside the bytes), or not of this shape. `verify` false skips
 * the checksum, for a block that was verified before, and leaves what concerns one run until that run is read: a part
 * that would lead outside then reads as if it were zeros. */
bool kg_block_open(KgBlock *block, KgShape shape, const void *bytes, size_t length, uint64_t seed, bool verify);
static inline uint32_t kg_block_run_rows(const KgBlock *block, uint32_t run)
{
    return run + 1 < block->runs ? KG_RUN_ROWS : block->rows - run * KG_RUN_ROWS;
}
/* One column of one run, written at out[0], out[stride], out[2 * stride], ... */
void kg_block_column(const KgBlock *block, uint32_t run, int column, uint64_t *out, size_t stride);
/* The same for `count` rows of the run from its row `first` on; quicker when they are few. */
void kg_block_rows(const KgBlock *block, uint32_t run, int column, uint32_t first, uint32_t count, uint64_t *out,
                   size_t stride);
/* The first row whose first `width` keys are not below (`after`: are above) `key`; block->rows: none. */
uint32_t kg_block_find(const KgBlock *block, const uint64_t *key, int width, bool after);
/* The rows first..end whose first `width` keys are not below those of `low` nor above those of `high`, which differ in
 * the last of them at most. */
void kg_block_range(const KgBlock *block, const uint64_t *low, const uint64_t *high, int width, uint32_t *first,
                    uint32_t *end);
/* The keys of the first row. */
void kg_block_first(const KgBlock *block, uint64_t *out);

#endif
