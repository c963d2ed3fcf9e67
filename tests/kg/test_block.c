/* Packed blocks: what is packed comes back and is found, in little room, and no damage goes unnoticed or astray. */
#include "expect.h"
#include "kg/block.h"

enum { MOST_ROWS = 9000, COLUMNS = KG_BLOCK_COLUMNS };

/* Rows by columns, as the packer takes them, and how to make them. */
typedef struct Table {
    KgShape shape;
    size_t count;
    uint64_t *columns[COLUMNS];
} Table;
typedef uint64_t (*MakeCell)(BaseRandom *random, size_t row, int column);

static const KgShape shapes[] = {{1, 0}, {3, 0}, {2, 1}, {3, 2}, {4, 4}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static uint64_t any_bits(BaseRandom *random, size_t row, int column)
{
    (void)row, (void)column;
    return base_random_next(random);
}

static uint64_t few_values(BaseRandom *random, size_t row, int column)
{
    (void)row;
    return (uint64_t)1 << 56 | (base_random_below(random, (uint64_t)column * 7 + 3) * 48271 % 100003);
}

static uint64_t ids_of_mixed_kinds(BaseRandom *random, size_t row, int column)
{
    switch (base_random_below(random, 5)) {
    case 0:
        return (uint64_t)1 << 56 | base_random_below(random, 200000);
    case 1:
        return (uint64_t)3 << 56 | (row + (uint64_t)column);
    case 2:
        return (uint64_t)0x10 << 56 | ((UINT64_C(1) << 55) + base_random_below(random, 10));
    case 3:
        return (uint64_t)0x11 << 56 | ((UINT64_C(1) << 51) + base_random_below(random, 50000) * 10000) << 4 | 2;
    default:
        return (uint64_t)0x14 << 56 | ((UINT64_C(1) << 31) + base_random_below(random, 6000)) << 12;
    }
}

/* Subject, one of few predicates, an object that the predicate tells much about. */
static uint64_t things_with_properties(BaseRandom *random, size_t row, int column)
{
    static uint64_t predicate;
    if (column == 0)
        return (uint64_t)1 << 56 | (1000 + row / 7);
    if (column == 1)
        return predicate = (uint64_t)1 << 56 | (base_random_below(random, 9) * base_random_below(random, 9) * 7919);
    const uint64_t kind = predicate % 6, some = base_random_below(random, 3000);
    switch (kind) {
    case 0:
        return (uint64_t)3 << 56 | row;
    case 1: /* short strings */
        return (uint64_t)0x20 << 56 | base_random_next(random) >> 8;
    case 2: /* dates */
        return (uint64_t)0x14 << 56 | some << 12;
    case 3: /* text, some of it short */
        return some % 30 ? (uint64_t)3 << 56 | some : (uint64_t)0x20 << 56 | base_random_next(random) >> 8;
    default:
        return (uint64_t)1 << 56 | some >> kind;
    }
}

static uint64_t almost_all_alike(BaseRandom *random, size_t row, int column)
{
    if (base_random_below(random, 50) == 0)
        return base_random_next(random);
    return column == 0 ? row / 300 : column == 1 ? row : 42 + base_random_below(random, 9);
}

static uint64_t dense_ascent(BaseRandom *random, size_t row, int column)
{
    (void)random;
    return column == 0 ? (uint64_t)1 << 56 | row : column == 1 ? 5 : 7 * row;
}

static uint64_t far_apart(BaseRandom *random, size_t row, int column)
{
    (void)row, (void)column;
    return base_random_below(random, 2) ? UINT64_MAX - base_random_below(random, 3) : base_random_below(random, 3);
}

static uint64_t many_kinds(BaseRandom *random, size_t row, int column)
{
    (void)column;
    return (row * 37 % 16) << 56 | base_random_below(random, UINT64_C(1) << 50);
}

/* All columns ascend, slowly. */
static uint64_t stairs(BaseRandom *random, size_t row, int column)
{
    (void)random;
    return column == 0 ? row / 50 : column == 1 ? row / 3 * (1 + row / 1000) : row;
}

/* Each column but the first tells the next one to a few. */
static uint64_t chains(BaseRandom *random, size_t row, int column)
{
    static uint64_t before;
    if (column == 0)
        return row;
    return before = column == 1 ? base_random_below(random, 3) : before * 7 + base_random_below(random, 4);
}

static const MakeCell makers[] = {any_bits,         few_values,   ids_of_mixed_kinds, things_with_properties,
                                  almost_all_alike, dense_ascent, far_apart,          many_kinds,
                                  stairs,           chains};
enum { MAKERS = sizeof makers / sizeof *makers };

/* ---- Tables ---- */

static int sorted_keys;
static int compare_rows(const void *left, const void *right)
{
    const uint64_t *const a = left, *const b = right;
    for (int c = 0; c < sorted_keys; c++)
        if (a[c] != b[c])
            return a[c] < b[c] ? -1 : 1;
    return 0;
}

/* `count` rows are made; those with keys of another are dropped. */
static Table make_table(KgShape shape, MakeCell make, size_t count, uint64_t seed)
{
    Table table = {.shape = shape};
    BaseRandom random;
    base_random_seed(&random, seed);
    uint64_t(*const rows)[COLUMNS] = calloc(count, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < count; i++)
        for (int c = 0; c < shape.keys + shape.values; c++)
            rows[i][c] = make(&random, i, c);
    sorted_keys = shape.keys;
    qsort(rows, count, sizeof *rows, compare_rows);
    for (int c = 0; c < COLUMNS; c++) {
        table.columns[c] = calloc(count, sizeof *table.columns[c]);
        assert_non_null(table.columns[c]);
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_rows(rows[i], rows[i - 1]) == 0)
            continue;
        for (int c = 0; c < COLUMNS; c++)
            table.columns[c][table.count] = rows[i][c];
        table.count++;
    }
    free(rows);
    return table;
}

static void free_table(Table *table)
{
    for (int c = 0; c < COLUMNS; c++)
        free(table->columns[c]);
}

/* An allocation of just the block's bytes, so that the sanitizer sees any access outside. */
typedef struct Packed {
    unsigned char *bytes;
    size_t length, rows, first;
} Packed;

static Packed pack(const Table *table, size_t first, size_t count, size_t guess, uint64_t seed)
{
    const uint64_t *columns[COLUMNS];
    for (int c = 0; c < COLUMNS; c++)
        columns[c] = table->columns[c] + first;
    unsigned char bytes[KG_BLOCK_BYTES];
    Packed packed = {.first = first};
    packed.rows = kg_block_pack(table->shape, columns, count, guess, seed, bytes, &packed.length);
    assert_in_range(packed.rows, 1, count);
    assert_in_range(packed.length, 1, KG_BLOCK_BYTES);
    packed.bytes = malloc(packed.length);
    assert_non_null(packed.bytes);
    memcpy(packed.bytes, bytes, packed.length);
    return packed;
}

static KgBlock open_packed(const Table *table, const Packed *packed, uint64_t seed)
{
    KgBlock block;
    assert_true(kg_block_open(&block, table->shape, packed->bytes, packed->length, seed, true));
    assert_int_equal(block.rows, packed->rows);
    assert_int_equal(block.runs, (packed->rows + KG_RUN_ROWS - 1) / KG_RUN_ROWS);
    return block;
}

static void expect_rows(const Table *table, const Packed *packed, const KgBlock *block)
{
    static const size_t strides[] = {1, 3, 5};
    for (uint32_t run = 0; run < block->runs; run++)
        for (int c = 0; c < table->shape.keys + table->shape.values; c++)
            for (size_t s = 0; s < 3; s++) {
                const uint32_t rows = kg_block_run_rows(block, run);
                const size_t stride = strides[s];
                uint64_t *const out = calloc(rows * stride, sizeof *out); /* and not one more */
                assert_non_null(out);
                kg_block_column(block, run, c, out, stride);
                const uint64_t *const expected = table->columns[c] + packed->first + (size_t)run * KG_RUN_ROWS;
                for (uint32_t i = 0; i < rows; i++)
                    assert_true(out[i * stride] == expected[i]);
                free(out);
            }
}

static void expect_some_rows(const Table *table, const Packed *packed, const KgBlock *block, BaseRandom *random)
{
    for (uint32_t run = 0; run < block->runs; run++)
        for (int c = 0; c < table->shape.keys + table->shape.values; c++) {
            const uint32_t rows = kg_block_run_rows(block, run);
            const uint32_t first = (uint32_t)base_random_below(random, rows);
            const uint32_t count = (uint32_t)base_random_below(random, rows - first + 1);
            uint64_t *const out = calloc(2 * count + 1, sizeof *out);
            assert_non_null(out);
            kg_block_rows(block, run, c, first, count, out, 2);
            const uint64_t *const expected = table->columns[c] + packed->first + (size_t)run * KG_RUN_ROWS + first;
            for (uint32_t i = 0; i < count; i++)
                assert_true(out[2 * i] == expected[i]);
            free(out);
        }
}

static uint32_t find_slowly(const Table *table, const Packed *packed, const uint64_t *key, int width, bool after)
{
    sorted_keys = width;
    uint32_t row = 0;
    for (; row < packed->rows; row++) {
        uint64_t cells[COLUMNS];
        for (int c = 0; c < width; c++)
            cells[c] = table->columns[c][packed->first + row];
        const int order = compare_rows(cells, key);
        if (order > 0 || (order == 0 && !after))
            break;
    }
    return row;
}

/* Keys that are there, keys next to them, keys of parts of different rows, the least and the greatest. */
static void expect_found(const Table *table, const Packed *packed, const KgBlock *block, BaseRandom *random)
{
    for (int i = 0; i < 120; i++) {
        uint64_t key[4] = {0, 0, 0, 0};
        const size_t row = packed->first + base_random_below(random, packed->rows);
        const size_t other = packed->first + base_random_below(random, packed->rows);
        for (int c = 0; c < table->shape.keys; c++)
            key[c] = table->columns[c][i % 3 == 2 && c > 0 ? other : row];
        if (i % 2)
            key[base_random_below(random, (uint64_t)table->shape.keys)] +=
                base_random_below(random, 2) ? 1 : UINT64_MAX;
        if (i < 2)
            memset(key, i ? 0xff : 0, sizeof key);
        for (int width = 1; width <= table->shape.keys; width++)
            for (int after = 0; after < 2; after++)
                assert_int_equal(kg_block_find(block, key, width, after),
                                 find_slowly(table, packed, key, width, after));
    }
}

/* ---- What is claimed ---- */

static void rows_of_any_kind_come_back_and_are_found(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 5);
    for (int m = 0; m < MAKERS; m++)
        for (int s = 0; s < SHAPES; s++) {
            Table table = make_table(shapes[s], makers[m], MOST_ROWS, (uint64_t)(m * SHAPES + s));
            size_t guess = 0;
            for (size_t first = 0; first < table.count; first += guess) {
                Packed packed = pack(&table, first, table.count - first, guess, first);
                const KgBlock block = open_packed(&table, &packed, first);
                expect_rows(&table, &packed, &block);
                expect_some_rows(&table, &packed, &block, &random);
                if (first % 3 == 0)
                    expect_found(&table, &packed, &block, &random);
                guess = packed.rows;
                free(packed.bytes);
            }
            free_table(&table);
        }
}

static void counts_about_a_run_come_back(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 3, 7, 8, 9, 63, 64, 65, 127, 128, 129, 255, 256, 257};
    BaseRandom random;
    base_random_seed(&random, 6);
    for (int m = 0; m < MAKERS; m++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            Table table = make_table((KgShape){3, 1}, makers[m], 400, i);
            const size_t count = counts[i] < table.count ? counts[i] : table.count;
            Packed packed = pack(&table, 0, count, 0, 1);
            const KgBlock block = open_packed(&table, &packed, 1);
            expect_rows(&table, &packed, &block);
            expect_some_rows(&table, &packed, &block, &random);
            expect_found(&table, &packed, &block, &random);
            free(packed.bytes);
            free_table(&table);
        }
}

/* A step that is not 1 in each of several stretches, and widths up to those that take a word each. */
static void numbers_of_every_width_come_back(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 64; width++)
        for (uint64_t step = 1; step < 2000; step = step * 12 + 1) {
            BaseRandom random;
            base_random_seed(&random, width);
            Table table = make_table((KgShape){2, 1}, dense_ascent, 300, 0);
            for (size_t i = 0; i < table.count; i++)
                for (int c = 1; c < 3; c++)
                    table.columns[c][i] = (base_random_next(&random) >> (64 - width)) * step;
            Packed packed = pack(&table, 0, table.count, 0, 1);
            const KgBlock block = open_packed(&table, &packed, 1);
            expect_rows(&table, &packed, &block);
            expect_some_rows(&table, &packed, &block, &random);
            free(packed.bytes);
            free_table(&table);
        }
}

static void one_row_of_eight_numbers_fits(void **state)
{
    (void)state;
    Table table = make_table((KgShape){4, 4}, any_bits, 1, 1);
    Packed packed = pack(&table, 0, 1, 0, 9);
    const KgBlock block = open_packed(&table, &packed, 9);
    expect_rows(&table, &packed, &block);
    assert_in_range(packed.length, 64, 160);
    free(packed.bytes);
    free_table(&table);
}

static void no_rows_make_no_block(void **state)
{
    (void)state;
    unsigned char bytes[KG_BLOCK_BYTES];
    size_t length = 1;
    const uint64_t none = 0, *const columns[3] = {&none, &none, &none};
    assert_int_equal(kg_block_pack((KgShape){3, 0}, columns, 0, 0, 0, bytes, &length), 0);
    assert_int_equal(length, 0);
}

static void blocks_are_full_while_rows_are_left(void **state)
{
    (void)state;
    for (int m = 0; m < MAKERS; m++) {
        Table table = make_table((KgShape){3, 0}, makers[m], MOST_ROWS, 3);
        static const size_t guesses[] = {0, 1, 100, 3000, 100000};
        for (size_t i = 0; i < 5; i++) {
            Packed packed = pack(&table, 0, table.count, guesses[i], 1);
            if (packed.rows < table.count && packed.rows < KG_BLOCK_ROWS)
                assert_in_range(packed.length, KG_BLOCK_BYTES * 9 / 10, KG_BLOCK_BYTES);
            free(packed.bytes);
        }
        free_table(&table);
    }
}

static void half_the_rows_of_a_full_block_fit_one(void **state)
{
    (void)state;
    for (int m = 0; m < MAKERS; m++) {
        Table table = make_table((KgShape){3, 0}, makers[m], MOST_ROWS, 4);
        Packed full = pack(&table, 0, table.count, 0, 1);
        const size_t rows = full.rows + 1 < table.count ? full.rows + 1 : table.count;
        Packed low = pack(&table, 0, rows / 2, full.rows, 1),
               high = pack(&table, rows / 2, rows - rows / 2, rows / 2, 1);
        assert_int_equal(low.rows, rows / 2);
        assert_int_equal(high.rows, rows - rows / 2);
        free(full.bytes);
        free(low.bytes);
        free(high.bytes);
        free_table(&table);
    }
}

static void triples_of_things_take_under_three_bytes(void **state)
{
    (void)state;
    Table table = make_table((KgShape){3, 0}, few_values, MOST_ROWS, 8);
    for (size_t i = 0; i < table.count; i++)
        table.columns[0][i] = (uint64_t)1 << 56 | i / 5;
    Packed packed = pack(&table, 0, table.count, 0, 1);
    assert_true(packed.length <= 3 * packed.rows + 100);
    free(packed.bytes);
    free_table(&table);
}

static void a_few_strings_among_ids_cost_little(void **state)
{
    (void)state;
    Table table = make_table((KgShape){3, 0}, dense_ascent, MOST_ROWS, 8);
    for (int grouped = 0; grouped < 2; grouped++) {
        size_t rows[2];
        for (int strings = 0; strings < 2; strings++) {
            BaseRandom random;
            base_random_seed(&random, 4);
            for (size_t i = 0; i < table.count; i++) {
                table.columns[1][i] = grouped ? i % 7 * 7919 : 5;
                const uint64_t string = (uint64_t)0x20 << 56 | base_random_next(&random) >> 8;
                const uint64_t id = (uint64_t)1 << 56 | base_random_below(&random, 20000) << (i % 7);
                table.columns[2][i] = strings && base_random_below(&random, 40) == 0 ? string : id;
            }
            Packed packed = pack(&table, 0, table.count, 0, 1);
            rows[strings] = packed.rows;
            free(packed.bytes);
        }
        /* Nine or ten bytes each where they are, one row in 40. */
        assert_true(KG_BLOCK_BYTES / (double)rows[1] < KG_BLOCK_BYTES / (double)rows[0] + 10.0 / 40 + 0.1);
    }
    free_table(&table);
}

/* Each run but the first starts with the last object of a subject and predicate, and that is a string. */
static void rows_before_a_string_that_starts_a_run_are_found(void **state)
{
    (void)state;
    Table table = make_table((KgShape){3, 0}, dense_ascent, 1500, 8);
    BaseRandom random;
    base_random_seed(&random, 4);
    for (size_t i = 0; i < table.count; i++) {
        const uint64_t group = (i + 31) / 32;
        table.columns[0][i] = group / 3;
        table.columns[1][i] = group % 3;
        table.columns[2][i] = i % 32 == 0 ? (uint64_t)0x20 << 56 | base_random_next(&random) >> 8
                                          : (uint64_t)1 << 56 | ((group % 3 << 30) + i);
    }
    Packed packed = pack(&table, 0, table.count, 0, 1);
    const KgBlock block = open_packed(&table, &packed, 1);
    for (uint32_t i = 0; i < block.rows; i++) {
        const uint64_t key[3] = {table.columns[0][i], table.columns[1][i], table.columns[2][i]};
        assert_int_equal(kg_block_find(&block, key, 3, false), i);
        assert_int_equal(kg_block_find(&block, key, 3, true), i + 1);
    }
    free(packed.bytes);
    free_table(&table);
}

static void the_same_rows_make_the_same_bytes(void **state)
{
    (void)state;
    Table table = make_table((KgShape){3, 1}, things_with_properties, MOST_ROWS, 3);
    Packed one = pack(&table, 0, table.count, 500, 1), two = pack(&table, 0, table.count, 500, 1);
    assert_int_equal(one.length, two.length);
    assert_memory_equal(one.bytes, two.bytes, one.length);
    free(one.bytes);
    free(two.bytes);
    free_table(&table);
}

/* ---- Damage ---- */

static void a_flip_of_any_byte_is_noticed(void **state)
{
    (void)state;
    for (int m = 0; m < MAKERS; m++) {
        Table table = make_table((KgShape){3, 0}, makers[m], 2000, 3);
        Packed packed = pack(&table, 0, table.count, 0, 77);
        KgBlock block;
        for (size_t i = 0; i < packed.length; i++) {
            packed.bytes[i] ^= (unsigned char)(1u << i % 8);
            assert_false(kg_block_open(&block, table.shape, packed.bytes, packed.length, 77, true));
            packed.bytes[i] ^= (unsigned char)(1u << i % 8);
        }
        assert_true(kg_block_open(&block, table.shape, packed.bytes, packed.length, 77, true));
        assert_false(kg_block_open(&block, table.shape, packed.bytes, packed.length, 78, true));
        assert_false(kg_block_open(&block, table.shape, packed.bytes, packed.length - 1, 77, true));
        assert_false(kg_block_open(&block, (KgShape){2, 1}, packed.bytes, packed.length, 77, true));
        free(packed.bytes);
        free_table(&table);
    }
}

/* Reads all there is of a block that may be forged; the sanitizer watches. */
static bool read_everything(KgShape shape, const unsigned char *bytes, size_t length, BaseRandom *random)
{
    unsigned char *const copy = malloc(length + !length);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    KgBlock block;
    const bool opened = kg_block_open(&block, shape, copy, length, 0, false);
    for (uint32_t run = 0; opened && run < block.runs; run++)
        for (int c = 0; c < shape.keys + shape.values; c++) {
            const uint32_t rows = kg_block_run_rows(&block, run);
            uint64_t *const out = calloc(rows * 3, sizeof *out);
            assert_non_null(out);
            kg_block_column(&block, run, c, out, 1);
            kg_block_column(&block, run, c, out, 3);
            const uint64_t key[4] = {out[0], out[1 % rows], base_random_next(random), 3};
            const uint32_t first = (uint32_t)base_random_below(random, rows);
            kg_block_rows(&block, run, c, first, 1 + (uint32_t)base_random_below(random, rows - first), out, 2);
            for (int width = 1; width <= shape.keys; width++)
                assert_in_range(kg_block_find(&block, key, width, c % 2), 0, block.rows);
            free(out);
        }
    free(copy);
    return opened;
}

static void forged_blocks_lead_nowhere(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 11);
    size_t opened = 0;
    for (int m = 0; m < MAKERS; m++)
        for (int s = 0; s < SHAPES; s++) {
            Table table = make_table(shapes[s], makers[m], 2500, 3);
            Packed packed = pack(&table, 0, 1 + base_random_below(&random, table.count), 0, 0);
            unsigned char bytes[KG_BLOCK_BYTES];
            for (int turn = 0; turn < 150; turn++) {
                memcpy(bytes, packed.bytes, packed.length);
                const size_t most = turn % 2 ? packed.length : packed.length < 300 ? packed.length : 300;
                for (int i = 0; i <= turn % 5; i++)
                    bytes[8 + base_random_below(&random, most - 8)] = (unsigned char)base_random_next(&random);
                const size_t length = turn % 7 ? packed.length : base_random_below(&random, packed.length + 1);
                opened += read_everything(table.shape, bytes, length, &random);
            }
            free(packed.bytes);
            free_table(&table);
        }
    assert_true(opened > 1000); /* else nothing was tried */
}

static void garbage_leads_nowhere(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 12);
    for (int turn = 0; turn < 3000; turn++) {
        unsigned char bytes[KG_BLOCK_BYTES];
        const KgShape shape = shapes[turn % SHAPES];
        const size_t length = base_random_below(&random, KG_BLOCK_BYTES + 1);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (unsigned char)base_random_next(&random);
        if (length > 12 && turn % 4) { /* past the first checks */
            bytes[8] = (unsigned char)(turn % 100 + 1);
            bytes[9] = (unsigned char)(turn % 3);
            bytes[10] = (unsigned char)shape.keys;
            bytes[11] = (unsigned char)shape.values;
            for (size_t c = 0; c < 8 && 16 + 4 * c <= length; c++) {
                bytes[12 + 4 * c] %= 4;
                bytes[13 + 4 * c] = (unsigned char)(1 + bytes[13 + 4 * c] % 16);
                bytes[14 + 4 * c] = (unsigned char)(1 + bytes[14 + 4 * c] % 8);
                bytes[15 + 4 * c] = (unsigned char)(1 + bytes[15 + 4 * c] % 7);
            }
        }
        read_everything(shape, bytes, length, &random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_any_kind_come_back_and_are_found),
        cmocka_unit_test(counts_about_a_run_come_back),
        cmocka_unit_test(numbers_of_every_width_come_back),
        cmocka_unit_test(one_row_of_eight_numbers_fits),
        cmocka_unit_test(no_rows_make_no_block),
        cmocka_unit_test(blocks_are_full_while_rows_are_left),
        cmocka_unit_test(half_the_rows_of_a_full_block_fit_one),
        cmocka_unit_test(triples_of_things_take_under_three_bytes),
        cmocka_unit_test(a_few_strings_among_ids_cost_little),
        cmocka_unit_test(rows_before_a_string_that_starts_a_run_are_found),
        cmocka_unit_test(the_same_rows_make_the_same_bytes),
        cmocka_unit_test(a_flip_of_any_byte_is_noticed),
        cmocka_unit_test(forged_blocks_lead_nowhere),
        cmocka_unit_test(garbage_leads_nowhere),
    };
    return cmocka_run_group_tests_name("kg.block", tests, NULL, NULL);
}
