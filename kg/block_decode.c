/* block_decode.c - columns out of packed blocks (see block_layout.h for the bytes). The loops are compiled twice, with
 * and without AVX2. */
#include "kg/block_read.h"

typedef uint64_t Four __attribute__((vector_size(32)));

/* ---- From bits to codes ---- */

/* Eight numbers take `width` whole bytes, so each has its byte and shift within them. Narrow ones share a load. */
KG_INLINE void unpack(const unsigned char *bytes, unsigned width, size_t count, uint64_t base, uint64_t *out)
{
    const uint64_t mask = kg_low_bits(width);
    size_t i = 0;
    if (width == 64) {
        for (; i < count; i++)
            out[i] = kg_load(bytes + 8 * i) + base;
        return;
    }
    if (width <= 14) {
        const Four low = {0, width, 2 * width, 3 * width}, high = low + (4 * width & 7);
        for (; i + 8 <= count; i += 8, bytes += width) {
            const uint64_t a = kg_load(bytes), b = kg_load(bytes + (4 * width >> 3));
            const Four first = (((Four){a, a, a, a} >> low) & mask) + base;
            const Four second = (((Four){b, b, b, b} >> high) & mask) + base;
            memcpy(out + i, &first, sizeof first);
            memcpy(out + i + 4, &second, sizeof second);
        }
    } else if (width <= 28) {
        const unsigned two = 2 * width & 7, four = 4 * width & 7, six = 6 * width & 7;
        const Four low = {0, width, two, two + width}, high = {four, four + width, six, six + width};
        for (; i + 8 <= count; i += 8, bytes += width) {
            const uint64_t a = kg_load(bytes), b = kg_load(bytes + (2 * width >> 3));
            const uint64_t c = kg_load(bytes + (4 * width >> 3)), d = kg_load(bytes + (6 * width >> 3));
            const Four first = (((Four){a, a, b, b} >> low) & mask) + base;
            const Four second = (((Four){c, c, d, d} >> high) & mask) + base;
            memcpy(out + i, &first, sizeof first);
            memcpy(out + i + 4, &second, sizeof second);
        }
    }
    for (size_t place = (i & 7) * width; i < count; i++, place += width)
        out[i] = (kg_load(bytes + (place >> 3)) >> (place & 7) & mask) + base;
}

KG_INLINE void unpack_steps(Head head, size_t rows, uint64_t base, uint64_t *out)
{
    uint64_t map[2], levels[KG_RUN_ROWS + 1];
    load_map(head.payload, rows, map);
    const size_t steps = (size_t)(__builtin_popcountll(map[0]) + __builtin_popcountll(map[1]));
    unpack(head.payload + (rows + 7) / 8, head.width, steps, 1, levels + 1);
    levels[0] = base;
    for (size_t i = 1; i <= steps; i++)
        levels[i] += levels[i - 1];
    for (size_t i = 0, level = 0; i < rows; i++) {
        level += map[i >> 6] >> (i & 63) & 1;
        out[i] = levels[level];
    }
}

/* The codes of a run, plus `base`. Not for grouped ones. */
KG_INLINE void plain_codes(Head head, size_t rows, uint64_t base, uint64_t *out)
{
    base += head.least;
    switch (head.method) {
    case KG_FRAME:
        unpack(head.payload, head.width, rows, base, out);
        break;
    case KG_ASCENT:
    case KG_CLIMB: {
        const uint64_t step = head.method == KG_CLIMB;
        unpack(head.payload, head.width, rows, step, out);
        uint64_t sum = base - step;
        for (size_t i = 0; i < rows; i++)
            out[i] = sum += out[i];
        break;
    }
    case KG_STEPS:
        unpack_steps(head, rows, base, out);
        break;
    default: {
        const Patches patches = patches_of(head);
        unpack(head.payload + patches.bytes, head.width, rows, base, out);
        for (size_t i = 0; i < patches.count; i++)
            if (patches.rows[i] < rows)
                out[patches.rows[i]] = base + patch_code(patches, i);
    }
    }
}

/* ---- From codes to values ---- */

KG_INLINE void spread(KgBlockColumn column, const uint64_t *codes, size_t rows, uint64_t *out, size_t stride)
{
    if (column.kind == KG_COLUMN_DICTIONARY) {
        for (size_t i = 0; i < rows; i++)
            out[i * stride] = value_of(&column, codes[i]);
    } else if (column.count == 1) {
        for (size_t i = 0; i < rows; i++)
            out[i * stride] = column.base + codes[i] * column.step;
    } else {
        for (size_t i = 0; i < rows; i++)
            out[i * stride] = value_of(&column, codes[i]);
    }
}

/* The frames of a grouped column: value = base + number * step. False: some frame has no step, as it spans stretches or
 * names places of a dictionary. */
typedef struct Frame {
    uint64_t base, step, mask, width;
} Frame;

KG_INLINE bool get_frames(const KgBlock *block, const KgBlockColumn *column, unsigned codes, Frame *frames)
{
    const unsigned shift = column->size & 63;
    bool all = column->kind != KG_COLUMN_DICTIONARY;
    for (unsigned g = 0; g < codes; g++) {
        const Group group = group_of(block, column, g);
        frames[g] = (Frame){group.least, 1, kg_low_bits(group.width), group.width};
        if (column->count > 1)
            all &= (group.least >> shift) == ((group.least + frames[g].mask) >> shift);
    }
    for (unsigned g = 0; g < codes && all; g++) {
        const uint64_t code = frames[g].base, stretch = column->count > 1 ? code >> shift : 0;
        frames[g].base = value_of(column, code);
        if (column->kind == KG_COLUMN_STEPPED)
            frames[g].step = kg_load(column->table + 8 * (column->count + (stretch < column->count ? stretch : 0)));
    }
    return all;
}

KG_INLINE void read_frames(const unsigned char *bits, size_t last_byte, const Frame *frames, const uint64_t *chosen,
                           uint64_t last_code, size_t rows, uint64_t *out, size_t stride)
{
    for (size_t i = 0, place = 0; i < rows; i++) {
        const Frame *const frame = &frames[chosen[i] < last_code ? chosen[i] : last_code];
        const size_t byte = place >> 3 < last_byte ? place >> 3 : last_byte;
        out[i * stride] = frame->base + (kg_load(bits + byte) >> (place & 7) & frame->mask) * frame->step;
        place += frame->width;
    }
}

KG_INLINE void decode_grouped(const KgBlock *block, uint32_t run, const KgBlockColumn *column, Head head, uint64_t *out,
                              size_t stride)
{
    const KgBlockColumn *const chooser = &block->columns[column->group - 1];
    const unsigned codes = count_codes(chooser);
    const size_t rows = kg_block_run_rows(block, run);
    const Patches patches = patches_of(head);
    const unsigned char *const bits = head.payload + patches.bytes;
    const size_t last_byte = block->payload_bytes - (size_t)(bits - block->payload);
    Frame frames[KG_GROUPS];
    uint64_t chosen[KG_RUN_ROWS];
    plain_codes(safe_head(block, chooser, run), rows, 0, chosen);
    const bool all = get_frames(block, column, codes, frames);
    if (stride == 3)
        read_frames(bits, last_byte, frames, chosen, codes - 1, rows, out, 3);
    else
        read_frames(bits, last_byte, frames, chosen, codes - 1, rows, out, stride);
    for (size_t i = 0; i < rows && !all; i++)
        out[i * stride] = value_of(column, out[i * stride]);
    for (size_t i = 0; i < patches.count; i++)
        if (patches.rows[i] < rows)
            out[patches.rows[i] * stride] = value_of(column, patch_code(patches, i));
}

/* A few rows: a frame's are read where they lie, a grouped column's need only the widths before them. */
KG_INLINE void decode_rows(const KgBlock *block, uint32_t run, const KgBlockColumn *column, Head head, uint32_t first,
                           uint32_t count, uint64_t *out, size_t stride)
{
    const size_t rows = first + count, all = kg_block_run_rows(block, run);
    if (head.method == KG_FRAME) {
        for (size_t i = first; i < rows; i++, out += stride)
            *out = value_of(column, head.least + bits_at(head.payload, i * head.width, head.width));
        return;
    }
    if (head.method != KG_GROUPED) {
        uint64_t codes[KG_RUN_ROWS];
        plain_codes(head, all, 0, codes);
        for (size_t i = first; i < rows; i++, out += stride)
            *out = value_of(column, codes[i]);
        return;
    }
    const KgBlockColumn *const chooser = &block->columns[column->group - 1];
    const unsigned codes = count_codes(chooser);
    const Patches patches = patches_of(head);
    const unsigned char *const bits = head.payload + patches.bytes;
    const size_t last_byte = block->payload_bytes - (size_t)(bits - block->payload);
    uint64_t chosen[KG_RUN_ROWS];
    const Head chooser_head = safe_head(block, chooser, run);
    plain_codes(chooser_head, chooser_head.method == KG_FRAME ? rows : all, 0, chosen);
    unsigned char widths[KG_GROUPS];
    for (unsigned g = 0; g < codes; g++)
        widths[g] = (unsigned char)group_of(block, column, g).width;
    size_t place = 0;
    for (size_t i = 0; i < first; i++)
        place += widths[chosen[i] < codes ? chosen[i] : codes - 1];
    for (size_t i = first; i < rows; i++) {
        const Group group = group_of(block, column, chosen[i]);
        const size_t byte = place >> 3 < last_byte ? place >> 3 : last_byte;
        out[(i - first) * stride] = value_of(column, group.least + bits_at(bits + byte, place & 7, group.width));
        place += group.width;
    }
    for (size_t i = 0; i < patches.count; i++)
        if (patches.rows[i] >= first && patches.rows[i] < rows)
            out[(patches.rows[i] - first) * stride] = value_of(column, patch_code(patches, i));
}

KG_INLINE void decode(const KgBlock *block, uint32_t run, const KgBlockColumn *column, uint32_t first, uint32_t count,
                      uint64_t *out, size_t stride)
{
    const Head head = safe_head(block, column, run);
    const size_t rows = kg_block_run_rows(block, run);
    if (count < rows) {
        decode_rows(block, run, column, head, first, count, out, stride);
        return;
    }
    if (head.method == KG_GROUPED) {
        decode_grouped(block, run, column, head, out, stride);
        return;
    }
    const bool direct = is_direct(column);
    uint64_t codes[KG_RUN_ROWS], *const to = direct && stride == 1 ? out : codes;
    const uint64_t base = direct ? column->base : 0;
    plain_codes(head, rows, base, to);
    if (!direct && stride == 3)
        spread(*column, codes, rows, out, 3);
    else if (!direct)
        spread(*column, codes, rows, out, stride);
    else if (stride == 3)
        for (size_t i = 0; i < rows; i++)
            out[3 * i] = codes[i];
    else if (stride != 1)
        for (size_t i = 0; i < rows; i++)
            out[stride * i] = codes[i];
}

static void decode_anywhere(const KgBlock *block, uint32_t run, const KgBlockColumn *column, uint32_t first,
                            uint32_t count, uint64_t *out, size_t stride)
{
    decode(block, run, column, first, count, out, stride);
}

#if defined __x86_64__ && !defined KG_WITHOUT_AVX2
__attribute__((target("avx2,bmi2,popcnt"))) static void decode_avx2(const KgBlock *block, uint32_t run,
                                                                    const KgBlockColumn *column, uint32_t first,
                                                                    uint32_t count, uint64_t *out, size_t stride)
{
    decode(block, run, column, first, count, out, stride);
}
#define HAS_AVX2() (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
#else
#define decode_avx2 decode_anywhere
#define HAS_AVX2() false
#endif

void kg_block_rows(const KgBlock *block, uint32_t run, int place, uint32_t first, uint32_t count, uint64_t *out,
                   size_t stride)
{
    const KgBlockColumn *const column = &block->columns[place];
    if (column->kind == KG_COLUMN_CONSTANT) {
        for (size_t i = 0; i < count; i++)
            out[i * stride] = column->base;
    } else if (HAS_AVX2()) {
        decode_avx2(block, run, column, first, count, out, stride);
    } else {
        decode_anywhere(block, run, column, first, count, out, stride);
    }
}

void kg_block_column(const KgBlock *block, uint32_t run, int place, uint64_t *out, size_t stride)
{
    kg_block_rows(block, run, place, 0, kg_block_run_rows(block, run), out, stride);
}
