/* block.c - opens, decodes and searches packed blocks (see block_layout.h for the bytes, block_pack.c for the packing).
 * Nothing here trusts the bytes: opening checks what concerns all of a block, and each part is looked at before it is
 * read, so that a forged block gives wrong numbers but no access outside of it. The loops are compiled twice, with and
 * without AVX2. */
#include "kg/block.h"

#include "kg/block_layout.h"

#include <xxhash.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef uint64_t Four __attribute__((vector_size(32)));

typedef struct Head {
    const unsigned char *payload;
    unsigned method, width;
    uint64_t least;
} Head;

ALWAYS_INLINE Head head_of(const KgBlock *block, const KgBlockColumn *column, uint32_t run)
{
    const unsigned char *const bytes = block->heads + run * block->head_bytes + column->head;
    const uint64_t number = kg_load(bytes);
    return (Head){.payload = block->payload + (number & 0xfff),
                  .method = (unsigned)(number >> 12) & 0xf,
                  .width = (unsigned)(number >> 16) & 0xff,
                  .least = kg_load(bytes + KG_RUN_HEAD) & kg_low_bits(8u * column->bytes)};
}

/* ---- Opening ---- */

static bool open_column(KgBlock *block, int place, size_t *at)
{
    const unsigned char *const bytes = block->bytes + KG_BLOCK_HEADER + KG_BLOCK_COLUMN * place;
    KgBlockColumn *const column = &block->columns[place];
    *column = (KgBlockColumn){.kind = bytes[0],
                              .count = bytes[1],
                              .size = bytes[2],
                              .bytes = bytes[3] & 0xf,
                              .group = bytes[3] >> 4,
                              .step = 1,
                              .head = (uint16_t)block->head_bytes};
    const size_t end = block->length - KG_BLOCK_PADDING;
    column->table = block->bytes + *at;
    column->base = kg_load(column->table);
    size_t table = 8;
    switch (column->kind) {
    case KG_COLUMN_CONSTANT:
        *at += table;
        return column->group == 0 && *at <= end;
    case KG_COLUMN_PLAIN:
    case KG_COLUMN_STEPPED:
        if (column->count < 1 || column->count > KG_STRETCHES || column->size > 64)
            return false;
        table = 8u * column->count << (column->kind == KG_COLUMN_STEPPED);
        if (*at + table > end)
            return false;
        if (column->kind == KG_COLUMN_STEPPED)
            column->step = kg_load(column->table + 8u * column->count);
        break;
    case KG_COLUMN_DICTIONARY:
        if (column->count < 1 || column->count > KG_GROUPS || column->size < 1 || column->size > 8)
            return false;
        table += (size_t)column->count * column->size;
        break;
    default:
        return false;
    }
    *at += table;
    block->head_bytes += KG_RUN_HEAD + column->bytes;
    return column->bytes >= 1 && column->bytes <= 8 && *at <= end;
}

/* How many codes a column has that may choose another's frames; 0: it may not. */
static unsigned count_codes(const KgBlockColumn *column)
{
    if (column->kind == KG_COLUMN_CONSTANT || column->group)
        return 0;
    if (column->kind == KG_COLUMN_DICTIONARY)
        return column->count;
    return column->count == 1 ? column->size : 0;
}

static bool open_groups(KgBlock *block, int place, size_t *at)
{
    KgBlockColumn *const column = &block->columns[place];
    const int columns = block->shape.keys + block->shape.values;
    column->groups = block->bytes + *at;
    const unsigned codes = column->group <= columns ? count_codes(&block->columns[column->group - 1]) : 0;
    *at += (size_t)codes * (column->bytes + 1u);
    return codes > 0 && column->bytes < 8 && *at <= block->length - KG_BLOCK_PADDING;
}

ALWAYS_INLINE void load_map(const unsigned char *bytes, size_t rows, uint64_t map[2])
{
    map[0] = map[1] = 0;
    memcpy(map, bytes, (rows + 7) / 8);
    map[0] = le64toh(map[0]);
    map[1] = le64toh(map[1]);
}

ALWAYS_INLINE size_t count_steps(const unsigned char *bytes, size_t rows)
{
    uint64_t map[2];
    load_map(bytes, rows, map);
    return (size_t)(__builtin_popcountll(map[0]) + __builtin_popcountll(map[1]));
}

/* How far the part reaches from where it begins; SIZE_MAX: no such part. Grouped parts are bounded as they are read. */
ALWAYS_INLINE size_t part_bytes(const KgBlockColumn *column, Head head, size_t rows, size_t room)
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
    case KG_PATCHED:
        if (head.payload[1] < 1 || head.payload[1] > 8)
            return SIZE_MAX;
        return bits + 2 + (size_t)head.payload[0] * (1u + head.payload[1]);
    case KG_GROUPED:
        return column->group ? 0 : SIZE_MAX;
    default:
        return SIZE_MAX;
    }
}

ALWAYS_INLINE bool is_within(const KgBlock *block, const KgBlockColumn *column, Head head, size_t rows)
{
    const size_t place = (size_t)(head.payload - block->payload);
    return place <= block->payload_bytes &&
           part_bytes(column, head, rows, block->payload_bytes - place) <= block->payload_bytes - place;
}

/* The head of a part that may be read; one that leads outside reads as zeros instead. */
ALWAYS_INLINE Head safe_head(const KgBlock *block, const KgBlockColumn *column, uint32_t run)
{
    const Head head = head_of(block, column, run);
    if (__builtin_expect(is_within(block, column, head, kg_block_run_rows(block, run)), true))
        return head;
    return (Head){.payload = block->payload};
}

static bool heads_are_within(const KgBlock *block)
{
    for (uint32_t run = 0; run < block->runs; run++)
        for (int c = 0; c < block->shape.keys + block->shape.values; c++) {
            const KgBlockColumn *const column = &block->columns[c];
            if (column->kind != KG_COLUMN_CONSTANT &&
                !is_within(block, column, head_of(block, column, run), kg_block_run_rows(block, run)))
                return false;
        }
    return true;
}

bool kg_block_open(KgBlock *block, KgShape shape, const void *bytes, size_t length, uint64_t seed, bool verify)
{
    *block = (KgBlock){.bytes = bytes, .length = length, .shape = shape};
    const int columns = shape.keys + shape.values;
    size_t at = KG_BLOCK_HEADER + KG_BLOCK_COLUMN * (size_t)columns;
    if (length < at + KG_BLOCK_PADDING || length > KG_BLOCK_BYTES)
        return false;
    if (verify && kg_load(block->bytes) != XXH3_64bits_withSeed(block->bytes + 8, length - 8, seed))
        return false;
    const uint64_t header = kg_load(block->bytes + 8);
    block->rows = header & 0xffff;
    block->runs = (block->rows + KG_RUN_ROWS - 1) / KG_RUN_ROWS;
    if (block->rows < 1 || block->rows > KG_BLOCK_ROWS || (int)(header >> 16 & 0xff) != shape.keys ||
        (int)(header >> 24 & 0xff) != shape.values)
        return false;
    for (int c = 0; c < columns; c++)
        if (!open_column(block, c, &at))
            return false;
    for (int c = 0; c < columns; c++)
        if (block->columns[c].group && !open_groups(block, c, &at))
            return false;
    block->heads = block->bytes + at;
    at += (size_t)block->runs * block->head_bytes;
    if (at > length - KG_BLOCK_PADDING)
        return false;
    block->payload = block->bytes + at;
    block->payload_bytes = (uint32_t)(length - KG_BLOCK_PADDING - at);
    return !verify || heads_are_within(block);
}

/* ---- From bits to codes ---- */

ALWAYS_INLINE uint64_t bits_at(const unsigned char *bytes, size_t place, unsigned width)
{
    return kg_load(bytes + (place >> 3)) >> (place & 7) & kg_low_bits(width);
}

/* Eight numbers take `width` whole bytes, so each has its byte and shift within them. Narrow ones share a load. */
ALWAYS_INLINE void unpack(const unsigned char *bytes, unsigned width, size_t count, uint64_t base, uint64_t *out)
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

ALWAYS_INLINE void unpack_steps(Head head, size_t rows, uint64_t base, uint64_t *out)
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

ALWAYS_INLINE void patch(Head head, size_t rows, uint64_t base, uint64_t *out)
{
    const size_t count = head.payload[0], size = head.payload[1];
    const unsigned char *const places = head.payload + 2, *const high = places + count;
    for (size_t i = 0; i < count; i++)
        if (places[i] < rows)
            out[places[i]] = base + (kg_load(high + i * size) & kg_low_bits(8 * (unsigned)size));
}

/* The codes of a run, plus `base`. Not for grouped ones. */
ALWAYS_INLINE void plain_codes(Head head, size_t rows, uint64_t base, uint64_t *out)
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
        const size_t skip = 2 + head.payload[0] * (1u + head.payload[1]);
        unpack(head.payload + skip, head.width, rows, base, out);
        patch(head, rows, base, out);
    }
    }
}

/* ---- From codes to values ---- */

ALWAYS_INLINE uint64_t value_of(const KgBlockColumn *column, uint64_t code)
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

ALWAYS_INLINE void spread(KgBlockColumn column, const uint64_t *codes, size_t rows, uint64_t *out, size_t stride)
{
    if (column.kind == KG_COLUMN_DICTIONARY) {
        for (size_t i = 0; i < rows; i++)
            out[i * stride] = value_of(&column, codes[i]);
    } else if (column.count == 1) {
        for (size_t i = 0; i < rows; i++)
            out[i * stride] = column.base + codes[i] * column.step;
    } else if (column.kind == KG_COLUMN_PLAIN) {
        for (size_t i = 0; i < rows; i++)
            out[i * stride] = value_of(&column, codes[i]);
    } else {
        for (size_t i = 0; i < rows; i++)
            out[i * stride] = value_of(&column, codes[i]);
    }
}

ALWAYS_INLINE uint64_t code_of_group(const KgBlockColumn *column, uint64_t group, const unsigned char *payload,
                                     size_t place)
{
    const unsigned width_at = 8u * column->bytes;
    return (group & kg_low_bits(width_at)) + bits_at(payload, place, group >> width_at & 63);
}

ALWAYS_INLINE uint64_t group_of(const KgBlock *block, const KgBlockColumn *column, uint64_t chosen)
{
    const uint64_t last = count_codes(&block->columns[column->group - 1]) - 1;
    return kg_load(column->groups + (column->bytes + 1u) * (chosen < last ? chosen : last));
}

/* The frames of a grouped column: value = base + number * step. False: some frame has no step, as it spans stretches or
 * names places of a dictionary. */
typedef struct Frame {
    uint64_t base, step, mask, width;
} Frame;

ALWAYS_INLINE bool get_frames(const KgBlockColumn *column, unsigned codes, Frame *frames)
{
    const unsigned width_at = 8u * column->bytes, shift = column->size & 63;
    const uint64_t least_mask = kg_low_bits(width_at);
    bool all = column->kind != KG_COLUMN_DICTIONARY;
    for (unsigned g = 0; g < codes; g++) {
        /* The least code and the width lie side by side and fit one load. */
        const uint64_t group = kg_load(column->groups + (column->bytes + 1u) * g), least = group & least_mask;
        const unsigned width = group >> width_at & 63;
        frames[g] = (Frame){.base = least, .step = 1, .mask = (UINT64_C(1) << width) - 1, .width = width};
        if (column->count > 1)
            all &= (least >> shift) == ((least + frames[g].mask) >> shift);
    }
    for (unsigned g = 0; g < codes && all; g++) {
        const uint64_t code = frames[g].base, stretch = column->count > 1 ? code >> shift : 0;
        frames[g].base = value_of(column, code);
        if (column->kind == KG_COLUMN_STEPPED)
            frames[g].step = kg_load(column->table + 8 * (column->count + (stretch < column->count ? stretch : 0)));
    }
    return all;
}

ALWAYS_INLINE void read_frames(const KgBlock *block, Head head, const Frame *frames, const uint64_t *chosen,
                               uint64_t last_code, size_t rows, uint64_t *out, size_t stride)
{
    const size_t last_byte = block->payload_bytes - (size_t)(head.payload - block->payload);
    for (size_t i = 0, place = 0; i < rows; i++) {
        const Frame *const frame = &frames[chosen[i] < last_code ? chosen[i] : last_code];
        const size_t byte = place >> 3 < last_byte ? place >> 3 : last_byte;
        out[i * stride] = frame->base + (kg_load(head.payload + byte) >> (place & 7) & frame->mask) * frame->step;
        place += frame->width;
    }
}

ALWAYS_INLINE void decode_grouped(const KgBlock *block, uint32_t run, const KgBlockColumn *column, Head head,
                                  uint64_t *out, size_t stride)
{
    const KgBlockColumn *const chooser = &block->columns[column->group - 1];
    const unsigned codes = count_codes(chooser);
    const size_t rows = kg_block_run_rows(block, run);
    Frame frames[KG_GROUPS];
    uint64_t chosen[KG_RUN_ROWS];
    plain_codes(safe_head(block, chooser, run), rows, 0, chosen);
    if (get_frames(column, codes, frames)) {
        if (stride == 3)
            read_frames(block, head, frames, chosen, codes - 1, rows, out, 3);
        else
            read_frames(block, head, frames, chosen, codes - 1, rows, out, stride);
    } else {
        read_frames(block, head, frames, chosen, codes - 1, rows, out, stride);
        for (size_t i = 0; i < rows; i++)
            out[i * stride] = value_of(column, out[i * stride]);
    }
}

/* A few rows: a frame's are read where they lie, a grouped column's need only the widths before them. */
ALWAYS_INLINE void decode_rows(const KgBlock *block, uint32_t run, const KgBlockColumn *column, Head head,
                               uint32_t first, uint32_t count, uint64_t *out, size_t stride)
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
    const size_t last_byte = block->payload_bytes - (size_t)(head.payload - block->payload);
    const KgBlockColumn *const chooser = &block->columns[column->group - 1];
    const unsigned codes = count_codes(chooser), width_at = 8u * column->bytes;
    uint64_t chosen[KG_RUN_ROWS];
    plain_codes(safe_head(block, chooser, run), all, 0, chosen);
    unsigned char widths[KG_GROUPS];
    for (unsigned g = 0; g < codes; g++)
        widths[g] = group_of(block, column, g) >> width_at & 63;
    size_t place = 0;
    for (size_t i = 0; i < first; i++)
        place += widths[chosen[i] < codes ? chosen[i] : codes - 1];
    for (size_t i = first; i < rows; i++, out += stride) {
        const uint64_t group = group_of(block, column, chosen[i]);
        const size_t byte = place >> 3 < last_byte ? place >> 3 : last_byte;
        *out = value_of(column, code_of_group(column, group, head.payload + byte, place & 7));
        place += group >> width_at & 63;
    }
}

static bool is_direct(const KgBlockColumn *column) /* value = base + code */
{
    return column->kind == KG_COLUMN_PLAIN && column->count == 1;
}

ALWAYS_INLINE void decode(const KgBlock *block, uint32_t run, const KgBlockColumn *column, uint32_t first,
                          uint32_t count, uint64_t *out, size_t stride)
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

#ifdef __x86_64__
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

/* ---- Search ---- */

/* A column of one run as the search sees it: decoded, or read where it lies when that is as good. */
typedef struct Cells {
    const KgBlockColumn *column;
    Head head;
    bool in_place;
    uint64_t values[KG_RUN_ROWS];
} Cells;

static void get_cells(const KgBlock *block, uint32_t run, int place, Cells *cells)
{
    cells->column = &block->columns[place];
    cells->head = safe_head(block, cells->column, run);
    cells->in_place = cells->head.method == KG_FRAME;
    if (!cells->in_place)
        kg_block_column(block, run, place, cells->values, 1);
}

static uint64_t cell(const Cells *cells, uint32_t row)
{
    const Head head = cells->head;
    if (!cells->in_place)
        return cells->values[row];
    return value_of(cells->column, head.least + bits_at(head.payload, (size_t)row * head.width, head.width));
}

/* The first of the rows low..high whose cell is not below (`after`: is above) `key`; high: none. Without branches,
 * which would be guessed wrong every other time. */
static uint32_t bound(const Cells *cells, uint32_t low, uint32_t high, uint64_t key, bool after)
{
    uint32_t count = high - low;
    if (after && key == UINT64_MAX)
        return high;
    key += after;
    while (count > 1) {
        const uint32_t half = count / 2;
        low = cell(cells, low + half - 1) < key ? low + half : low;
        count -= half;
    }
    return low + (count == 1 && cell(cells, low) < key);
}

static uint64_t first_code(const KgBlock *block, const KgBlockColumn *column, uint32_t run)
{
    Head head = head_of(block, column, run);
    if ((size_t)(head.payload - block->payload) > block->payload_bytes)
        return 0;
    switch (head.method) {
    case KG_FRAME:
        return head.least + bits_at(head.payload, 0, head.width);
    case KG_PATCHED: {
        head = safe_head(block, column, run);
        if (head.method != KG_PATCHED)
            return 0;
        const size_t count = head.payload[0], size = head.payload[1];
        if (count && head.payload[2] == 0)
            return head.least + (kg_load(head.payload + 2 + count) & kg_low_bits(8 * (unsigned)size));
        return head.least + bits_at(head.payload + 2 + count * (1 + size), 0, head.width);
    }
    case KG_GROUPED:
        if (!column->group)
            return 0;
        return code_of_group(column,
                             group_of(block, column, first_code(block, &block->columns[column->group - 1], run)),
                             head.payload, 0);
    default:
        return head.least;
    }
}

static uint64_t first_value(const KgBlock *block, int place, uint32_t run)
{
    const KgBlockColumn *const column = &block->columns[place];
    return column->kind == KG_COLUMN_CONSTANT ? column->base : value_of(column, first_code(block, column, run));
}

/* Is the run's first row below the key (`after`: or begins with it)? */
static bool starts_before(const KgBlock *block, uint32_t run, const uint64_t *key, int width, bool after)
{
    for (int c = 0; c < width; c++) {
        const uint64_t value = first_value(block, c, run);
        if (value != key[c])
            return value < key[c];
    }
    return after;
}

uint32_t kg_block_find(const KgBlock *block, const uint64_t *key, int width, bool after)
{
    uint32_t before = 0, end = block->runs; /* runs that start before the key */
    while (before < end) {
        const uint32_t middle = (before + end) / 2;
        if (starts_before(block, middle, key, width, after))
            before = middle + 1;
        else
            end = middle;
    }
    if (before == 0)
        return 0;
    const uint32_t run = before - 1, start = run * KG_RUN_ROWS;
    uint32_t low = 0, high = kg_block_run_rows(block, run);
    Cells cells;
    for (int c = 0; c < width && low < high; c++) {
        const KgBlockColumn *const column = &block->columns[c];
        if (column->kind == KG_COLUMN_CONSTANT) {
            if (column->base != key[c] || (c + 1 == width && after))
                return start + (column->base <= key[c] ? high : low);
            continue;
        }
        get_cells(block, run, c, &cells);
        if (c + 1 == width)
            return start + bound(&cells, low, high, key[c], after);
        low = bound(&cells, low, high, key[c], false);
        high = bound(&cells, low, high, key[c], true);
    }
    return start + low;
}
