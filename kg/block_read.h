/* block_read.h - private to block.c and block_decode.c: single numbers out of a packed block.
 * Nothing here trusts the bytes: opening checks what concerns all of a block, and each part is looked at before it is
 * read, so that a forged block gives wrong numbers but no access outside of it. */
#ifndef KGQ_KG_BLOCK_READ_H
#define KGQ_KG_BLOCK_READ_H

#include "kg/block_layout.h"

/* So that callers compiled for AVX2 get them compiled likewise. */
#define KG_INLINE static inline __attribute__((always_inline))

typedef struct Head { /* of one column of one run */
    const unsigned char *payload;
    unsigned method, width;
    uint64_t least;
} Head;

/* How many codes a column has that may choose another's frames; 0: it may not. */
KG_INLINE unsigned count_codes(const KgBlockColumn *column)
{
    if (column->kind == KG_COLUMN_CONSTANT || column->group)
        return 0;
    if (column->kind == KG_COLUMN_DICTIONARY)
        return column->count;
    return column->count == 1 ? column->size : 0;
}

KG_INLINE Head head_of(const KgBlock *block, const KgBlockColumn *column, uint32_t run)
{
    const unsigned char *const bytes = block->heads + run * block->head_bytes + column->head;
    const uint64_t number = kg_load(bytes);
    return (Head){.payload = block->payload + (number & 0xfff),
                  .method = (unsigned)(number >> 12) & 0xf,
                  .width = (unsigned)(number >> 16) & 0xff,
                  .least = kg_load(bytes + KG_RUN_HEAD) & kg_low_bits(8u * column->bytes)};
}

/* The bits that say which rows differ from the row before. */
KG_INLINE void load_map(const unsigned char *bytes, size_t rows, uint64_t map[2])
{
    map[0] = kg_load(bytes) & kg_low_bits((unsigned)rows);
    map[1] = rows > 64 ? kg_load(bytes + 8) & kg_low_bits((unsigned)rows - 64) : 0;
}

KG_INLINE size_t count_steps(const unsigned char *bytes, size_t rows)
{
    uint64_t map[2];
    load_map(bytes, rows, map);
    return (size_t)(__builtin_popcountll(map[0]) + __builtin_popcountll(map[1]));
}

/* What a part's frames do not hold, at the front of it. */
typedef struct Patches {
    const unsigned char *rows, *codes;
    size_t count, size, bytes; /* `bytes` of all this */
} Patches;

KG_INLINE Patches patches_of(Head head)
{
    const size_t count = head.payload[0], size = head.payload[1] & 0xf;
    return (Patches){head.payload + 2, head.payload + 2 + count, count, size, 2 + count * (1 + size)};
}

KG_INLINE uint64_t patch_code(Patches patches, size_t i)
{
    return kg_load(patches.codes + i * patches.size) & kg_low_bits(8 * (unsigned)patches.size);
}

/* How far the part reaches from where it begins; SIZE_MAX: no such part. */
KG_INLINE size_t part_bytes(const KgBlockColumn *column, Head head, size_t rows, size_t room)
{
    const size_t bits = (rows * head.width + 7) / 8, map = (rows + 7) / 8;
    if (head.width > 56 && head.width != 64)
        return SIZE_MAX;
    switch (head.method) {
    case KG_FRAME:
    case KG_ASCENT:
    case KG_CLIMB:
        return bits;
    case KG_STEPS:
        if (map > room || map + bits <= room) /* as if each row stepped: enough to know but near the end */
            return map;
        return map + (count_steps(head.payload, rows) * head.width + 7) / 8;
    case KG_GROUPED:
        if (!column->group || head.width)
            return SIZE_MAX;
        return bits + patches_of(head).bytes; /* the bits are bounded as they are read */
    case KG_PATCHED:
        return bits + patches_of(head).bytes;
    default:
        return SIZE_MAX;
    }
}

KG_INLINE bool is_within(const KgBlock *block, const KgBlockColumn *column, Head head, size_t rows)
{
    const size_t place = (size_t)(head.payload - block->payload);
    return place <= block->payload_bytes &&
           part_bytes(column, head, rows, block->payload_bytes - place) <= block->payload_bytes - place;
}

/* The head of a part that may be read; one that leads outside reads as zeros instead. */
KG_INLINE Head safe_head(const KgBlock *block, const KgBlockColumn *column, uint32_t run)
{
    const Head head = head_of(block, column, run);
    if (__builtin_expect(is_within(block, column, head, kg_block_run_rows(block, run)), true))
        return head;
    return (Head){.payload = block->payload};
}

KG_INLINE uint64_t bits_at(const unsigned char *bytes, size_t place, unsigned width)
{
    return kg_load(bytes + (place >> 3)) >> (place & 7) & kg_low_bits(width);
}

KG_INLINE uint64_t value_of(const KgBlockColumn *column, uint64_t code)
{
    if (column->kind == KG_COLUMN_DICTIONARY) {
        const size_t place = code < column->count ? code : column->count - 1u;
        return column->base + (kg_load(column->table + 8 + place * column->size) & kg_low_bits(8u * column->size));
    }
    if (column->count == 1)
        return column->base + code * column->step;
    const unsigned shift = column->size & 63;
    const size_t stretch = code >> shift < column->count ? code >> shift : column->count - 1u;
    const uint64_t distance = code & ((UINT64_C(1) << shift) - 1), base = kg_load(column->table + 8 * stretch);
    return column->kind == KG_COLUMN_PLAIN ? base + distance
                                           : base + distance * kg_load(column->table + 8 * (column->count + stretch));
}

KG_INLINE bool is_direct(const KgBlockColumn *column) /* value = base + code */
{
    return column->kind == KG_COLUMN_PLAIN && column->count == 1;
}

/* The frame of reference that a code of the other column chooses. */
typedef struct Group {
    unsigned width;
    uint64_t least;
} Group;

KG_INLINE Group group_of(const KgBlock *block, const KgBlockColumn *column, uint64_t chosen)
{
    const uint64_t last = count_codes(&block->columns[column->group - 1]) - 1;
    const unsigned char *const bytes = column->groups + (column->bytes + 1u) * (chosen < last ? chosen : last);
    return (Group){bytes[0] & 63, kg_load(bytes + 1) & kg_low_bits(8u * column->bytes)};
}

#endif
