/* block_plan.h - private to block_pack.c: how the values of a block's columns become codes. */
#ifndef KGQ_KG_BLOCK_PLAN_H
#define KGQ_KG_BLOCK_PLAN_H

#include "kg/block_layout.h"

#define KG_SLOTS 256 /* of the hash table of distinct values: a power of two, more than twice KG_GROUPS */

typedef struct Stretch {
    uint64_t least, most;
    uint64_t step;
    unsigned shift;   /* step = odd << shift */
    uint64_t inverse; /* of the odd part, modulo 2^64: exact division is a product */
} Stretch;

typedef struct Plan {
    int kind, count, size, bytes;
    int group;            /* 0, or 1 + the column */
    unsigned codes;       /* how many there are when KG_GROUPS or fewer, else 0 */
    uint64_t least, most; /* values */
    uint64_t largest_code;
    unsigned char stretch_of[256]; /* by a value's top byte; counted from 1 */
    Stretch stretches[KG_STRETCHES];
    uint64_t values[KG_GROUPS]; /* the dictionary */
    uint64_t slots[KG_SLOTS];
    unsigned char slot_codes[KG_SLOTS]; /* 1 + code; 0: a free slot */
    uint64_t group_least[KG_GROUPS];
    unsigned char group_widths[KG_GROUPS];
} Plan;

static inline unsigned kg_stored_width(uint64_t number)
{
    const unsigned width = kg_bit_width(number);
    return width > 56 ? 64 : width;
}

static inline int kg_bytes_of(uint64_t number) /* at least 1 */
{
    return number ? (int)(kg_bit_width(number) + 7) / 8 : 1;
}

/* Plans each of the shape's columns by the first `count` of its values. */
void kg_plan(KgShape shape, const uint64_t *const columns[], size_t count, Plan plans[KG_BLOCK_COLUMNS]);
void kg_encode(const Plan *plan, const uint64_t *values, size_t count, uint64_t *codes);

#endif
