/* block.c - opens and searches packed blocks (see block_layout.h for the bytes). */
#include "kg/block_read.h"

#include <xxhash.h>

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

static bool open_groups(KgBlock *block, int place, size_t *at)
{
    KgBlockColumn *const column = &block->columns[place];
    const int columns = block->shape.keys + block->shape.values;
    column->groups = block->bytes + *at;
    const unsigned codes = column->group <= columns ? count_codes(&block->columns[column->group - 1]) : 0;
    *at += (size_t)codes * (column->bytes + 1u);
    return codes > 0 && *at <= block->length - KG_BLOCK_PADDING;
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

/* ---- Search ---- */

/* A column of one run as the search sees it. */
typedef struct Cells {
    const KgBlockColumn *column;
    Head head;
    enum { DECODED, IN_PLACE, IN_STEPS } form;
    uint64_t slope; /* in place, between rows: 1 in a climb of no bits */
    uint64_t map[2];
    uint32_t rows, count;             /* of `values` */
    uint64_t values[KG_RUN_ROWS + 1]; /* decoded: of the rows; in steps: of the stretches of equal rows */
} Cells;

/* Where a row is the same as the row before or the next number, the bits are the map of steps, and each step is 1. */
static void get_levels(Cells *cells)
{
    const Head head = cells->head;
    const bool all_one = head.method == KG_ASCENT;
    load_map(head.payload, cells->rows, cells->map);
    const uint32_t steps = (uint32_t)(__builtin_popcountll(cells->map[0]) + __builtin_popcountll(cells->map[1]));
    const unsigned char *const bits = head.payload + (cells->rows + 7) / 8;
    uint64_t code = head.least;
    cells->count = steps + 1;
    cells->values[0] = value_of(cells->column, code);
    for (uint32_t i = 0; i < steps; i++) {
        code += all_one ? 1 : 1 + bits_at(bits, (size_t)i * head.width, head.width);
        cells->values[i + 1] = value_of(cells->column, code);
    }
}

/* Those of the rows low..high; more where that is no dearer. */
static void get_cells(const KgBlock *block, uint32_t run, int place, uint32_t low, uint32_t high, Cells *cells)
{
    const KgBlockColumn *const column = &block->columns[place];
    const Head head = safe_head(block, column, run);
    cells->column = column;
    cells->head = head;
    cells->rows = cells->count = kg_block_run_rows(block, run);
    cells->slope = head.method == KG_CLIMB && head.width == 0;
    cells->form = head.method == KG_FRAME || cells->slope                                    ? IN_PLACE
                  : head.method == KG_STEPS || (head.method == KG_ASCENT && head.width == 1) ? IN_STEPS
                                                                                             : DECODED;
    if (cells->form == IN_STEPS)
        get_levels(cells);
    else if (cells->form == DECODED)
        kg_block_rows(block, run, place, low, high - low, cells->values + low, 1);
}

static uint64_t cell(const Cells *cells, uint32_t row)
{
    const Head head = cells->head;
    if (cells->form != IN_PLACE)
        return cells->values[row];
    const uint64_t bits = bits_at(head.payload, (size_t)row * head.width, head.width);
    return value_of(cells->column, head.least + row * cells->slope + bits);
}

/* The first of the cells low..high that is not below `key`; high: none. Without branches, which would be guessed wrong
 * every other time. */
static uint32_t bisect(const Cells *cells, uint32_t low, uint32_t high, uint64_t key)
{
    uint32_t count = high - low;
    while (count > 1) {
        const uint32_t half = count / 2;
        low = cell(cells, low + half - 1) < key ? low + half : low;
        count -= half;
    }
    return low + (count == 1 && cell(cells, low) < key);
}

/* The row where a level begins. */
static uint32_t row_of_level(const Cells *cells, uint32_t level)
{
    if (level == 0)
        return 0;
    if (level >= cells->count)
        return cells->rows;
    const uint32_t early = (uint32_t)__builtin_popcountll(cells->map[0]);
    uint64_t word = level <= early ? cells->map[0] : cells->map[1];
    for (uint32_t before = level <= early ? level - 1 : level - 1 - early; before > 0; before--)
        word &= word - 1;
    return (uint32_t)__builtin_ctzll(word) + (level <= early ? 0 : 64);
}

/* The first of the rows low..high whose cell is not below (`after`: is above) `key`; high: none. */
static uint32_t bound(const Cells *cells, uint32_t low, uint32_t high, uint64_t key, bool after)
{
    if (after && key == UINT64_MAX)
        return high;
    key += after;
    if (cells->form != IN_STEPS)
        return bisect(cells, low, high, key);
    const uint32_t row = row_of_level(cells, bisect(cells, 0, cells->count, key));
    return row < low ? low : row > high ? high : row;
}

static uint64_t first_code(const KgBlock *block, const KgBlockColumn *column, uint32_t run)
{
    const Head head = head_of(block, column, run);
    if (head.method != KG_FRAME && head.method != KG_PATCHED && head.method != KG_GROUPED)
        return head.least;
    if (!is_within(block, column, head, kg_block_run_rows(block, run)))
        return 0;
    if (head.method == KG_FRAME)
        return head.least + bits_at(head.payload, 0, head.width);
    const Patches patches = patches_of(head);
    const unsigned char *const bits = head.payload + patches.bytes;
    const bool patched = patches.count && patches.rows[0] == 0;
    if (head.method == KG_PATCHED)
        return head.least + (patched ? patch_code(patches, 0) : bits_at(bits, 0, head.width));
    if (patched)
        return patch_code(patches, 0);
    const Group group = group_of(block, column, first_code(block, &block->columns[column->group - 1], run));
    return group.least + bits_at(bits, 0, group.width);
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

/* How many runs start before the key. */
static uint32_t runs_before(const KgBlock *block, const uint64_t *key, int width, bool after)
{
    uint32_t before = 0, end = block->runs;
    while (before < end) {
        const uint32_t middle = (before + end) / 2;
        if (starts_before(block, middle, key, width, after))
            before = middle + 1;
        else
            end = middle;
    }
    return before;
}

uint32_t kg_block_find(const KgBlock *block, const uint64_t *key, int width, bool after)
{
    const uint32_t before = runs_before(block, key, width, after);
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
        get_cells(block, run, c, low, high, &cells);
        if (c + 1 == width)
            return start + bound(&cells, low, high, key[c], after);
        low = bound(&cells, low, high, key[c], false);
        high = bound(&cells, low, high, key[c], true);
    }
    return start + low;
}

/* The rows of one run, first..end in it. */
static void range_in_run(const KgBlock *block, uint32_t run, const uint64_t *low, const uint64_t *high, int width,
                         uint32_t *first, uint32_t *end)
{
    Cells cells;
    *first = 0;
    *end = kg_block_run_rows(block, run);
    for (int c = 0; c < width && *first < *end; c++) {
        const KgBlockColumn *const column = &block->columns[c];
        if (column->kind == KG_COLUMN_CONSTANT) {
            *first = column->base < low[c] ? *end : *first;
            *end = column->base > high[c] ? *first : *end;
            continue;
        }
        get_cells(block, run, c, *first, *end, &cells);
        *first = bound(&cells, *first, *end, low[c], false);
        *end = bound(&cells, *first, *end, high[c], true);
    }
}

void kg_block_range(const KgBlock *block, const uint64_t *low, const uint64_t *high, int width, uint32_t *first,
                    uint32_t *end)
{
    const uint32_t before = runs_before(block, low, width, false), run = before ? before - 1 : 0;
    uint32_t start, stop;
    range_in_run(block, run, low, high, width, &start, &stop);
    const bool to_end = stop == kg_block_run_rows(block, run);
    *first = run * KG_RUN_ROWS + start;
    *end = run * KG_RUN_ROWS + stop;
    if (to_end && run + 1 < block->runs && starts_before(block, run + 1, high, width, true))
        *end = width ? kg_block_find(block, high, width, true) : block->rows;
}

void kg_block_first(const KgBlock *block, uint64_t *out)
{
    for (int c = 0; c < block->shape.keys; c++)
        out[c] = first_value(block, c, 0);
}
