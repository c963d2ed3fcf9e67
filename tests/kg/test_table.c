/* Packed tables compared with sorted arrays in memory: seeking, going on, counting, merging, clearing. */
#include "cases.h"
#include "fixture.h"
#include "kg/table_cut.h"
#include "kg/walker.h"

#include <endian.h>

#define COLUMNS 7 /* of the widest shape */

typedef struct Row {
    uint64_t columns[COLUMNS];
} Row;

/* The obvious space. */
typedef struct Space {
    uint32_t number;
    Row *rows;
    size_t count;
} Space;

static int key_columns; /* of the table under test, for compare_rows */

static int compare_prefix(const uint64_t *a, const uint64_t *b, int width)
{
    for (int i = 0; i < width; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static int compare_rows(const void *left, const void *right)
{
    return compare_prefix(((const Row *)left)->columns, ((const Row *)right)->columns, key_columns);
}

static Row *new_rows(size_t count)
{
    Row *const rows = calloc(count ? count : 1, sizeof *rows);
    assert_non_null(rows);
    return rows;
}

static size_t sort_unique(Row *rows, size_t count)
{
    size_t kept = 0;
    qsort(rows, count, sizeof *rows, compare_rows);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_rows(&rows[kept - 1], &rows[i]) != 0)
            rows[kept++] = rows[i];
    return kept;
}

/* ---- What the space should say ---- */

static size_t first_row(const Space *space, const uint64_t *key, int width, bool after)
{
    size_t i = 0, high = space->count;
    while (i < high) {
        const size_t middle = (i + high) / 2;
        const int order = compare_prefix(space->rows[middle].columns, key, width);
        if (order < 0 || (after && order == 0))
            i = middle + 1;
        else
            high = middle;
    }
    return i;
}

static void merge_in_memory(Space *space, const Row *changes, const unsigned char *ops, size_t count)
{
    Row *const merged = new_rows(space->count + count);
    size_t row = 0, at = 0, out = 0;
    while (row < space->count || at < count) {
        const int order = row == space->count ? 1 : (at == count ? -1 : compare_rows(&space->rows[row], &changes[at]));
        if (order < 0) {
            merged[out++] = space->rows[row++];
            continue;
        }
        row += order == 0;
        if (!ops || ops[at] & KG_PRESENT)
            merged[out++] = changes[at];
        at++;
    }
    free(space->rows);
    space->rows = merged;
    space->count = out;
}

/* ---- The table ---- */

static KgRows columns_of(KgTable table, const Row *rows, size_t count)
{
    const KgShape shape = kg_table_shape(table);
    KgRows out = {0};
    assert_true(kg_rows_reserve(&out, shape.keys + shape.values, count));
    for (int c = 0; c < shape.keys + shape.values; c++)
        for (size_t i = 0; i < count; i++)
            out.columns[c][i] = rows[i].columns[c];
    out.count = count;
    return out;
}

static void merge_both(KgTxn *txn, KgTable table, Space *space, const Row *changes, const unsigned char *ops,
                       size_t count)
{
    BaseError err = {0};
    KgRows columns = columns_of(table, changes, count);
    expect_ok(kg_table_merge(txn, table, space->number, &columns, ops, &err), &err);
    kg_rows_free(&columns);
    merge_in_memory(space, changes, ops, count);
}

static void read_row(const KgPlace *place, KgShape shape, uint32_t row, uint64_t out[COLUMNS])
{
    for (int c = 0; c < shape.keys + shape.values; c++)
        kg_block_rows(&place->block, row / KG_RUN_ROWS, c, row % KG_RUN_ROWS, 1, &out[c], 1);
}

/* All rows of the block are those from row `at` of the space on. */
static void expect_block(const Space *space, const KgPlace *place, KgShape shape, size_t at)
{
    const int columns = shape.keys + shape.values;
    expect_claim(place->block.rows > 0 && at + place->block.rows <= space->count);
    for (uint32_t run = 0; run < place->block.runs; run++)
        for (int c = 0; c < columns; c++) {
            uint64_t column[KG_RUN_ROWS];
            kg_block_column(&place->block, run, c, column, 1);
            for (uint32_t i = 0; i < kg_block_run_rows(&place->block, run); i++)
                expect_claim(column[i] == space->rows[at + run * KG_RUN_ROWS + i].columns[c]);
        }
    expect_claim(compare_prefix(place->last, space->rows[at + place->block.rows - 1].columns, shape.keys) == 0);
}

/* Goes through all blocks; `borders` gets the place of each block's last row. */
static size_t expect_blocks(KgTxn *txn, KgTable table, const Space *space, size_t *borders, size_t most)
{
    BaseError err = {0};
    KgPlace place;
    size_t at = 0, blocks = 0;
    BaseStatus status = kg_table_seek(txn, table, space->number, NULL, 0, false, &place, &err);
    for (; status == BASE_OK; status = kg_table_next(txn, table, space->number, &place, &err)) {
        expect_claim(place.row == 0);
        expect_block(space, &place, kg_table_shape(table), at);
        at += place.block.rows;
        if (blocks < most)
            borders[blocks] = at - 1;
        blocks++;
    }
    expect_claim(status == BASE_END && err.status == BASE_OK);
    expect_claim(at == space->count);
    return blocks < most ? blocks : most;
}

static void expect_seek(KgTxn *txn, KgTable table, const Space *space, const uint64_t *key, int width)
{
    BaseError err = {0};
    const KgShape shape = kg_table_shape(table);
    uint64_t count;
    size_t found[2];
    for (int after = 0; after < 2; after++) {
        KgPlace place;
        found[after] = first_row(space, key, width, after);
        const BaseStatus status = kg_table_seek(txn, table, space->number, key, width, after, &place, &err);
        expect_claim(status == (found[after] < space->count ? BASE_OK : BASE_END));
        if (status != BASE_OK)
            continue;
        uint64_t row[COLUMNS];
        read_row(&place, shape, place.row, row);
        expect_claim(compare_prefix(row, space->rows[found[after]].columns, shape.keys + shape.values) == 0);
    }
    expect_ok(kg_table_count(txn, table, space->number, key, width, &count, &err), &err);
    expect_claim(count == found[1] - found[0]);
}

/* Keys in the rows and beside them. */
static void expect_seeks_near(KgTxn *txn, KgTable table, const Space *space, const Row *row)
{
    const int keys = kg_table_shape(table).keys;
    for (int width = 0; width <= keys; width++)
        for (int step = -1; step <= (width ? 1 : -1); step++) {
            uint64_t key[COLUMNS];
            memcpy(key, row->columns, sizeof key);
            if (width)
                key[width - 1] += (uint64_t)step;
            expect_seek(txn, table, space, key, width);
        }
}

/* Rows between two values of a column, behind those before it of a row. */
static void expect_stretch(KgTxn *txn, KgTable table, const Space *space, BaseRandom *random)
{
    BaseError err = {0};
    const int column = (int)below(random, 3), sampled = (int)below(random, 3);
    const uint64_t step = 1 + below(random, one_in(random, 2) ? 10 : 3000);
    const Row *const a = &space->rows[below(random, space->count)], *const b =
                                                                        &space->rows[below(random, space->count)];
    KgStretch stretch = {
        .table = table, .space = space->number, .high = {UINT64_MAX, UINT64_MAX, UINT64_MAX}, .column = column};
    KgValues cuts = {0}, samples = {0};
    uint64_t extent;
    for (int c = 0; c < column; c++)
        stretch.low[c] = stretch.high[c] = a->columns[c];
    const bool is_upwards = a->columns[column] <= b->columns[column];
    stretch.low[column] = (is_upwards ? a : b)->columns[column];
    stretch.high[column] = (is_upwards ? b : a)->columns[column];
    const size_t first = first_row(space, stretch.low, column + 1, false);
    const size_t count = first_row(space, stretch.high, column + 1, true) - first;
    expect_ok(kg_table_extent(txn, &stretch, &extent, &err), &err);
    assert_int_equal(extent, count);
    expect_ok(kg_table_cut(txn, &stretch, step, &cuts, &err), &err);
    expect_ok(kg_table_sample(txn, &stretch, step, sampled, &samples, &err), &err);
    assert_int_equal(samples.count, count / step);
    for (size_t i = 0; i < samples.count; i++)
        assert_int_equal(samples.items[i], space->rows[first + (i + 1) * step - 1].columns[sampled]);
    assert_true(count < step ? cuts.count == 0 : cuts.count > 0 && cuts.count <= count / step);
    for (size_t i = 0; i < cuts.count; i++)
        assert_true(cuts.items[i] >= (i ? cuts.items[i - 1] + 1 : stretch.low[column]) &&
                    cuts.items[i] <= stretch.high[column]);
    free(cuts.items);
    free(samples.items);
}

static void expect_space(KgTxn *txn, KgTable table, const Space *space, BaseRandom *random)
{
    size_t borders[64];
    const size_t blocks = expect_blocks(txn, table, space, borders, 64);
    for (size_t i = 0; i < blocks && i < 12; i++) {
        const size_t border = borders[below(random, blocks)];
        expect_seeks_near(txn, table, space, &space->rows[border]);
        if (border + 1 < space->count)
            expect_seeks_near(txn, table, space, &space->rows[border + 1]);
    }
    for (int i = 0; i < 10; i++) {
        Row row = {{base_random_next(random), 0, 0}};
        if (space->count && i)
            row = space->rows[below(random, space->count)];
        expect_seeks_near(txn, table, space, &row);
    }
    for (int i = 0; i < 20 && space->count > 0 && kg_table_shape(table).keys == 3; i++)
        expect_stretch(txn, table, space, random);
}

/* ---- Random changes ---- */

/* Few first keys, so that prefixes go over many blocks, and last keys near and far. */
static Row random_row(BaseRandom *random, uint64_t spread)
{
    static const uint64_t firsts[] = {0, 1, 2, 77, UINT64_C(1) << 56, UINT64_MAX};
    Row row;
    row.columns[0] = firsts[below(random, 6)];
    row.columns[1] = one_in(random, 50) ? UINT64_MAX : below(random, 9) << 20;
    row.columns[2] = one_in(random, 50) ? base_random_next(random) : base_random_below(random, spread);
    if (key_columns == 2)
        row.columns[1] = base_random_below(random, spread);
    for (int c = key_columns; c < COLUMNS; c++)
        row.columns[c] = base_random_below(random, 1 + spread);
    return row;
}

static size_t scattered(const Space *space, BaseRandom *random, Row *out, size_t most)
{
    const size_t count = 1 + below(random, most);
    const uint64_t spread = one_in(random, 2) ? 4000 : UINT64_C(1) << 40;
    for (size_t i = 0; i < count; i++) {
        out[i] = random_row(random, spread);
        if (space->count && one_in(random, 3)) /* one that is there, noted otherwise */
            memcpy(out[i].columns, space->rows[below(random, space->count)].columns,
                   sizeof(uint64_t) * (size_t)key_columns);
    }
    return count;
}

/* A stretch of the space's own rows: within a block, whole blocks, or all. */
static size_t stretch(const Space *space, BaseRandom *random, Row *out, size_t most)
{
    if (space->count == 0)
        return 0;
    size_t start = one_in(random, 4) ? 0 : below(random, space->count), count = 1 + below(random, most);
    if (one_in(random, 4)) /* up to the end */
        start = space->count > count ? space->count - count : 0;
    if (start + count > space->count)
        count = space->count - start;
    memcpy(out, space->rows + start, count * sizeof *out);
    return count;
}

/* Behind all rows, or before them. */
static size_t at_an_end(const Space *space, BaseRandom *random, Row *out, size_t most)
{
    const size_t count = 1 + below(random, most);
    const bool behind = one_in(random, 2);
    for (size_t i = 0; i < count; i++) {
        out[i] = random_row(random, 1000);
        if (!space->count)
            continue;
        const uint64_t *const end = space->rows[behind ? space->count - 1 : 0].columns;
        const uint64_t away = 1 + below(random, 2000);
        memcpy(out[i].columns, end, sizeof(uint64_t) * (size_t)key_columns);
        uint64_t *const last = &out[i].columns[key_columns - 1];
        *last = behind ? (*last > UINT64_MAX - away ? UINT64_MAX : *last + away) : (*last < away ? 0 : *last - away);
    }
    return count;
}

static void change(KgTxn *txn, KgTable table, Space *space, BaseRandom *random)
{
    enum { MOST = 6000 };
    Row *const changes = new_rows(MOST);
    unsigned char *const ops = calloc(MOST, 1);
    const size_t most = one_in(random, 2) ? MOST : 40;
    size_t count = 0;
    const size_t kind = below(random, 4);
    if (kind < 2)
        count = scattered(space, random, changes, most);
    else
        count = kind == 2 ? stretch(space, random, changes, most) : at_an_end(space, random, changes, most);
    count = sort_unique(changes, count);
    /* Mostly present, mostly hidden, all hidden, or without any word of it. */
    const size_t mood = kind == 2 ? 2 + below(random, 2) : below(random, 4);
    for (size_t i = 0; i < count; i++) {
        const bool hides = mood == 2 || one_in(random, mood == 1 ? 2 : 5);
        ops[i] = hides ? KG_HIDES : (one_in(random, 2) ? KG_PRESENT : KG_PRESENT | KG_HIDES);
    }
    merge_both(txn, table, space, changes, mood == 3 ? NULL : ops, count);
    free(changes);
    free(ops);
}

enum { SPACES = 5 };

static void play(KgTxn *txn, KgTable table, uint64_t seed, unsigned rounds)
{
    Space spaces[SPACES] = {{.number = 0}, {.number = 5}, {.number = 6}, {.number = 70000}, {.number = UINT32_MAX}};
    BaseRandom random;
    BaseError err = {0};
    key_columns = kg_table_shape(table).keys;
    begin_case(&random, seed);
    for (case_round = 0; case_round < rounds; case_round++) {
        Space *const space = &spaces[below(&random, SPACES)];
        if (one_in(&random, 25)) {
            expect_ok(kg_table_clear(txn, table, space->number, &err), &err);
            space->count = 0;
        } else {
            change(txn, table, space, &random);
        }
        expect_space(txn, table, space, &random);
        if (case_round % 10 == 0)
            for (int i = 0; i < SPACES; i++)
                expect_space(txn, table, &spaces[i], &random);
    }
    for (int i = 0; i < SPACES; i++)
        free(spaces[i].rows);
}

static void tables_agree_with_sorted_arrays(void **state)
{
    Fixture *const f = *state;
    KgTxn *const txn = begin_write(f->store);
    play(txn, (KgTable)(KG_ORDERS + KG_POS), 1, 120);
    play(txn, (KgTable)(KG_ORDERS + KG_SPO), 2, 120);
    play(txn, KG_HASHES, 3, 80);
    kg_abort(txn);
}

/* ---- Chosen cases ---- */

/* `count` rows `step` apart. */
static void fill(KgTxn *txn, KgTable table, Space *space, size_t count, uint64_t step)
{
    Row *const rows = new_rows(count);
    key_columns = kg_table_shape(table).keys;
    for (size_t i = 0; i < count; i++)
        rows[i] = (Row){{i / 5000, i / 100 % 50 * 7, i % 100 * step}};
    merge_both(txn, table, space, rows, NULL, count);
    free(rows);
}

static void rows_between_all_others_double_a_large_space(void **state)
{
    Fixture *const f = *state;
    enum { COUNT = 150000 }; /* more than wait to be written */
    const KgTable table = (KgTable)(KG_ORDERS + KG_OSP);
    BaseRandom random;
    begin_case(&random, 4);
    KgTxn *const txn = begin_write(f->store);
    Space space = {.number = 9}, before = {.number = 8}, behind = {.number = 10};
    fill(txn, table, &before, 3000, 2);
    fill(txn, table, &behind, 3000, 2);
    fill(txn, table, &space, COUNT, 2);
    Row *const rows = new_rows(COUNT);
    memcpy(rows, space.rows, COUNT * sizeof *rows);
    for (size_t i = 0; i < COUNT; i++)
        rows[i].columns[2]++;
    merge_both(txn, table, &space, rows, NULL, COUNT);
    assert_int_equal(space.count, 2 * COUNT);
    expect_space(txn, table, &space, &random);
    expect_space(txn, table, &before, &random);
    expect_space(txn, table, &behind, &random);
    size_t borders[1];
    BaseError err = {0};
    MDB_stat stat;
    expect_blocks(txn, table, &space, borders, 1);
    assert_int_equal(mdb_stat(txn->mdb, f->store->tables[table], &stat), MDB_SUCCESS);
    assert_true(stat.ms_entries < (2 * COUNT + 6000) / 1000); /* blocks are full */
    expect_ok(kg_table_clear(txn, table, space.number, &err), &err);
    space.count = 0;
    expect_space(txn, table, &space, &random);
    expect_space(txn, table, &before, &random);
    expect_space(txn, table, &behind, &random);
    free(rows);
    free(space.rows);
    free(before.rows);
    free(behind.rows);
    kg_abort(txn);
}

/* Each block in turn: all its rows hidden, its last row alone, its first alone, and rows put where it was. */
static void blocks_vanish_and_shrink_one_by_one(void **state)
{
    Fixture *const f = *state;
    const KgTable table = (KgTable)(KG_ORDERS + KG_PSO);
    BaseRandom random;
    begin_case(&random, 5);
    for (int what = 0; what < 4; what++)
        for (size_t block = 0;; block++) {
            case_round = (unsigned)(100 * (size_t)what + block);
            KgTxn *const txn = begin_write(f->store);
            Space space = {.number = 2}, other = {.number = 3};
            fill(txn, table, &space, 14000, 3);
            fill(txn, table, &other, 50, 3);
            size_t borders[64];
            const size_t blocks = expect_blocks(txn, table, &space, borders, 64);
            assert_in_range(blocks, 4, 64);
            if (block < blocks) {
                size_t start = block ? borders[block - 1] + 1 : 0, end = borders[block] + 1;
                start = what == 1 ? end - 1 : start;
                end = what == 2 ? start + 1 : end;
                Row *const rows = new_rows(end - start);
                unsigned char *const ops = malloc(end - start);
                memcpy(rows, space.rows + start, (end - start) * sizeof *rows);
                memset(ops, what == 3 ? KG_PRESENT | KG_HIDES : KG_HIDES, end - start);
                merge_both(txn, table, &space, rows, ops, end - start); /* what == 3: the same keys again */
                expect_space(txn, table, &space, &random);
                for (size_t i = 0; i < end - start; i++)
                    rows[i].columns[2]++;
                merge_both(txn, table, &space, rows, NULL, end - start);
                expect_space(txn, table, &space, &random);
                expect_space(txn, table, &other, &random);
                free(rows);
                free(ops);
            }
            free(space.rows);
            free(other.rows);
            kg_abort(txn);
            if (block >= blocks)
                break;
        }
}

static void a_last_block_that_would_be_small_shares_with_the_one_before(void **state)
{
    Fixture *const f = *state;
    const KgTable table = (KgTable)(KG_ORDERS + KG_OSP);
    BaseRandom random;
    begin_case(&random, 7);
    size_t fits = 0; /* rows in a full first block */
    for (case_round = 0; case_round < 12; case_round++) {
        KgTxn *const txn = begin_write(f->store);
        Space space = {.number = 2};
        size_t borders[66] = {SIZE_MAX, SIZE_MAX}; /* + 1 is where the first block begins */
        fill(txn, table, &space, case_round ? fits + case_round * case_round : 20000, 3);
        const size_t blocks = expect_blocks(txn, table, &space, borders + 2, 64);
        expect_claim(blocks >= 2);
        const size_t *const end = borders + 2 + blocks;
        const size_t last = end[-1] - end[-2], before = end[-2] - end[-3];
        expect_claim(last >= (last + before) / 3);
        fits = case_round ? fits : borders[2] + 1;
        expect_space(txn, table, &space, &random);
        free(space.rows);
        kg_abort(txn);
    }
}

static void packed_rows_go_behind_those_of_a_space_and_between_spaces(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    BaseRandom random;
    begin_case(&random, 6);
    const KgTable table = (KgTable)(KG_ORDERS + KG_SPO);
    KgTxn *const txn = begin_write(f->store);
    Space spaces[3] = {{.number = 7}, {.number = 4}, {.number = 5}}; /* the last goes between the others */
    key_columns = 3;
    for (int i = 0; i < 3; i++)
        for (uint64_t part = 0; part < 3; part++) {
            enum { COUNT = 4000 };
            Row *const rows = new_rows(COUNT);
            for (uint64_t r = 0; r < COUNT; r++)
                rows[r] = (Row){{part, r / 64, r % 64 * 5, r % 3, r, 1, 0}};
            KgRows columns = columns_of(table, rows, COUNT);
            KgPacked packed = {0};
            assert_true(kg_pack_rows(kg_table_shape(table), spaces[i].number, &columns, &packed));
            expect_ok(kg_table_put_packed(txn, table, spaces[i].number, &packed, &err), &err);
            merge_in_memory(&spaces[i], rows, NULL, COUNT);
            kg_packed_free(&packed);
            kg_rows_free(&columns);
            free(rows);
            for (int j = 0; j <= i; j++)
                expect_space(txn, table, &spaces[j], &random);
        }
    for (int i = 0; i < 3; i++)
        free(spaces[i].rows);
    kg_abort(txn);
}

/* A flipped bit in a block, a block under a wrong key, a key of a wrong length. */
static void damage_is_told_wherever_a_block_is_opened(void **state)
{
    Fixture *const f = *state;
    const KgTable table = (KgTable)(KG_ORDERS + KG_POS);
    for (int what = 0; what < 3; what++) {
        BaseError err = {0};
        KgTxn *const txn = begin_write(f->store);
        Space space = {.number = 1};
        fill(txn, table, &space, 20, 2);
        MDB_cursor *cursor;
        MDB_val key, value;
        unsigned char key_bytes[64], bytes[KG_BLOCK_BYTES];
        assert_int_equal(mdb_cursor_open(txn->mdb, f->store->tables[table], &cursor), MDB_SUCCESS);
        assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), MDB_SUCCESS);
        memcpy(key_bytes, key.mv_data, key.mv_size);
        memcpy(bytes, value.mv_data, value.mv_size);
        assert_int_equal(mdb_cursor_del(cursor, 0), MDB_SUCCESS);
        bytes[value.mv_size - 1] ^= what == 0;
        key_bytes[key.mv_size - 1] ^= what == 1 ? 3 : 0;
        MDB_val put_key = {key.mv_size - (what == 2), key_bytes}, put_value = {value.mv_size, bytes};
        assert_int_equal(mdb_cursor_put(cursor, &put_key, &put_value, 0), MDB_SUCCESS);
        mdb_cursor_close(cursor);
        KgPlace place;
        uint64_t count;
        const uint64_t least[3] = {0, 0, 1};
        assert_int_equal(kg_table_seek(txn, table, 1, least, 3, false, &place, &err), BASE_BAD_INPUT);
        assert_int_equal(err.status, BASE_BAD_INPUT);
        assert_int_equal(kg_table_count(txn, table, 1, least, 1, &count, NULL), BASE_BAD_INPUT);
        const Row row = {{0, 0, 1}};
        KgRows columns = columns_of(table, &row, 1);
        assert_int_equal(kg_table_merge(txn, table, 1, &columns, NULL, NULL), BASE_BAD_INPUT);
        assert_int_equal(kg_commit(txn, NULL), BASE_BAD_CALL);
        kg_rows_free(&columns);
        free(space.rows);
    }
}

/* Sealed as if it ended at `last`, which it does not. */
static void put_forged_block(KgTxn *txn, const KgRows *rows, uint64_t last)
{
    BaseError err = {0};
    KgPacked packed = {0};
    unsigned char key[32] = {0}; /* space 0 */
    const KgTable table = (KgTable)(KG_ORDERS + KG_SPO);
    assert_true(kg_pack_rows(kg_table_shape(table), 0, rows, &packed));
    assert_int_equal(packed.blocks.count, 1);
    for (int c = 0; c < 3; c++) {
        const uint64_t big = htobe64(packed.blocks.items[0].last[c] = last);
        memcpy(key + 4 + 8 * c, &big, sizeof big);
    }
    const uint32_t big_rows = htobe32(packed.blocks.items[0].rows);
    memcpy(key + 28, &big_rows, sizeof big_rows);
    kg_block_seal((unsigned char *)packed.bytes.items, packed.blocks.items[0].length, base_hash(key, sizeof key, 0));
    expect_ok(kg_table_put_packed(txn, table, 0, &packed, &err), &err);
    kg_packed_free(&packed);
}

static void a_walk_into_a_block_whose_key_lies_ends_with_a_fault(void **state)
{
    const Fixture *const f = *state;
    for (size_t count = 1; count <= 2 * KG_RUN_ROWS; count++) {
        BaseError err = {0};
        KgRows rows = {0};
        KgWalker walker;
        bool is_there;
        KgTxn *const txn = begin_write(f->store);
        assert_true(kg_rows_reserve(&rows, 7, count));
        for (rows.count = 0; rows.count < count; rows.count++)
            for (int c = 0; c < 7; c++)
                rows.columns[c][rows.count] = c < 3 ? rows.count + 1 : 0;
        put_forged_block(txn, &rows, 1000);
        kg_walker_start(&walker, txn, 0);
        const uint64_t first[3] = {1, 1, 1}, above[3] = {500, 500, 500};
        expect_ok(kg_walker_ask(&walker, first, &is_there, &err), &err);
        assert_true(is_there);
        assert_int_equal(kg_walker_ask(&walker, above, &is_there, &err), BASE_BAD_INPUT);
        assert_false(is_there);
        expect_words(&err, "damaged");
        kg_rows_free(&rows);
        kg_abort(txn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_walk_into_a_block_whose_key_lies_ends_with_a_fault, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(tables_agree_with_sorted_arrays, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(rows_between_all_others_double_a_large_space, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(blocks_vanish_and_shrink_one_by_one, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_last_block_that_would_be_small_shares_with_the_one_before, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(packed_rows_go_behind_those_of_a_space_and_between_spaces, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(damage_is_told_wherever_a_block_is_opened, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
