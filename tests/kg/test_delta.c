/* Changes that wait to be merged: put, got, ranged over in every order and folded, compared with arrays in memory; one
 * view shared by the readers of a snapshot. */
#include "cases.h"
#include "fixture.h"
#include "kg/delta.h"

#include <pthread.h>

enum { SPACES = 4, PLACES = 7, CELLS = PLACES * PLACES * PLACES };
static const uint32_t spaces[SPACES] = {0, 1, 9, UINT32_MAX - 4};
static const uint64_t ids[PLACES] = {1, 2, 0x0100000000000003u, 0x0200000000000000u, 0x1000000000000007u, 0x7fu, 0x80u};

/* The obvious changes, and the rows that the tables have. */
typedef struct Oracle {
    unsigned ops[SPACES][CELLS];
    KgNote notes[SPACES][CELLS];
    bool in_tables[SPACES][CELLS];
    KgNote table_notes[SPACES][CELLS];
} Oracle;

static KgTriple triple_of(size_t cell)
{
    return (KgTriple){ids[cell / PLACES / PLACES], ids[cell / PLACES % PLACES], ids[cell % PLACES]};
}

static size_t cell_of(KgTriple triple)
{
    const uint64_t places[3] = {triple.s, triple.p, triple.o};
    size_t cell = 0;
    for (int i = 0; i < 3; i++) {
        size_t at = 0;
        while (at < PLACES && ids[at] != places[i])
            at++;
        expect_claim(at < PLACES);
        cell = cell * PLACES + at;
    }
    return cell;
}

static KgNote random_note(BaseRandom *random)
{
    return (KgNote){(uint32_t)base_random_next(random), (uint32_t)below(random, 3), (uint32_t)below(random, 3),
                    (float)base_random_unit(random)};
}

static void put_random(Oracle *oracle, KgTxn *txn, BaseRandom *random)
{
    BaseError err = {0};
    const size_t space = below(random, SPACES), cell = below(random, CELLS);
    const KgNote note = random_note(random);
    unsigned *const ops = &oracle->ops[space][cell];
    *ops = *ops && one_in(random, 3) ? 0 : 1 + (unsigned)below(random, 3); /* what was never said is not unsaid */
    oracle->notes[space][cell] = note;
    expect_ok(kg_delta_put(txn, spaces[space], triple_of(cell), *ops, &note, &err), &err);
}

static void expect_range(const Oracle *oracle, KgTxn *txn, KgIndex index, size_t space, const uint64_t *key, int width)
{
    BaseError err = {0};
    KgDeltaRows rows;
    size_t expected = 0;
    expect_ok(kg_delta_range(txn, index, spaces[space], key, width, &rows, &err), &err);
    for (size_t cell = 0; cell < CELLS; cell++) {
        uint64_t keys[3];
        kg_order_keys(triple_of(cell), index, keys);
        expected += oracle->ops[space][cell] && memcmp(keys, key, (size_t)width * sizeof *key) == 0;
    }
    expect_claim(rows.count == expected);
    for (size_t i = 0; i < rows.count; i++) {
        const KgDeltaRow *const row = &rows.items[i];
        const size_t cell = cell_of(kg_order_triple(row->keys, index));
        expect_claim(memcmp(row->keys, key, (size_t)width * sizeof *key) == 0);
        expect_claim(row->space == spaces[space] && row->ops == oracle->ops[space][cell]);
        expect_claim(memcmp(&row->note, &oracle->notes[space][cell], sizeof row->note) == 0);
        int order = i ? -1 : 1; /* strictly ascending */
        for (int c = 0; i && c < 3 && order < 0; c++)
            if (row[-1].keys[c] != row->keys[c])
                order = row[-1].keys[c] < row->keys[c] ? 1 : 0;
        expect_claim(order == 1);
    }
}

static void expect_changes(const Oracle *oracle, KgTxn *txn)
{
    BaseError err = {0};
    size_t count, expected = 0;
    for (size_t space = 0; space < SPACES; space++) {
        for (size_t cell = 0; cell < CELLS; cell++) {
            unsigned ops;
            KgNote note = {0};
            expect_ok(kg_delta_get(txn, spaces[space], triple_of(cell), &ops, &note, &err), &err);
            expect_claim(ops == oracle->ops[space][cell]);
            expect_claim(!ops || memcmp(&note, &oracle->notes[space][cell], sizeof note) == 0);
            expected += ops != 0;
        }
        for (int index = 0; index < KG_INDEXES; index++) {
            expect_range(oracle, txn, (KgIndex)index, space, ids, 0);
            for (size_t a = 0; a < PLACES; a++)
                for (size_t b = 0; b < PLACES; b++)
                    for (int width = 1 + (b > 0); width <= 2 + (a == b); width++)
                        expect_range(oracle, txn, (KgIndex)index, space, (uint64_t[]){ids[a], ids[b], ids[a]}, width);
        }
    }
    expect_ok(kg_delta_count(txn, &count, &err), &err);
    expect_claim(count == expected);
}

static void ranges_in_every_order_agree_with_arrays(void **state)
{
    Fixture *const f = *state;
    Oracle *const oracle = calloc(1, sizeof *oracle);
    BaseRandom random;
    BaseError err = {0};
    begin_case(&random, 1);
    KgTxn *txn = begin_write(f->store);
    expect_changes(oracle, txn); /* none */
    for (case_round = 1; case_round <= 8; case_round++) {
        for (size_t i = 1 + below(&random, case_round % 2 ? 300 : 2); i > 0; i--)
            put_random(oracle, txn, &random);
        if (case_round % 3 == 0) {
            const size_t space = below(&random, SPACES);
            expect_ok(kg_delta_clear(txn, spaces[space], &err), &err);
            memset(oracle->ops[space], 0, sizeof oracle->ops[space]);
        }
        expect_changes(oracle, txn); /* within the transaction that wrote */
        commit(txn);
        txn = begin_read(f->store);
        expect_changes(oracle, txn);
        kg_abort(txn);
        txn = begin_write(f->store);
    }
    kg_abort(txn);
    free(oracle);
}

/* ---- Folding ---- */

static void fold_in_memory(Oracle *oracle)
{
    for (size_t space = 0; space < SPACES; space++)
        for (size_t cell = 0; cell < CELLS; cell++) {
            if (!oracle->ops[space][cell])
                continue;
            oracle->in_tables[space][cell] = oracle->ops[space][cell] & KG_PRESENT;
            oracle->table_notes[space][cell] = oracle->notes[space][cell];
            oracle->ops[space][cell] = 0;
        }
}

static void expect_order(const Oracle *oracle, KgTxn *txn, KgIndex index, size_t space)
{
    BaseError err = {0};
    KgPlace place;
    size_t expected = 0, seen = 0;
    uint64_t before[3] = {0};
    const KgTable table = (KgTable)(KG_ORDERS + (int)index);
    const KgShape shape = kg_table_shape(table);
    for (size_t cell = 0; cell < CELLS; cell++)
        expected += oracle->in_tables[space][cell];
    BaseStatus status = kg_table_seek(txn, table, spaces[space], NULL, 0, false, &place, &err);
    for (; status == BASE_OK; status = kg_table_next(txn, table, spaces[space], &place, &err))
        for (uint32_t row = 0; row < place.block.rows; row++, seen++) {
            uint64_t columns[7] = {0};
            for (int c = 0; c < shape.keys + shape.values; c++)
                kg_block_rows(&place.block, row / KG_RUN_ROWS, c, row % KG_RUN_ROWS, 1, &columns[c], 1);
            const size_t cell = cell_of(kg_order_triple(columns, index));
            const KgNote *const note = &oracle->table_notes[space][cell];
            uint32_t score;
            memcpy(&score, &note->score, sizeof score);
            expect_claim(oracle->in_tables[space][cell]);
            expect_claim(!shape.values || (columns[3] == note->source && columns[4] == note->rule &&
                                           columns[5] == note->height && columns[6] == score));
            expect_claim(seen == 0 || memcmp(before, columns, sizeof before) != 0);
            memcpy(before, columns, sizeof before);
        }
    expect_claim(status == BASE_END);
    expect_claim(seen == expected);
}

static void a_fold_leaves_in_the_tables_what_the_changes_said(void **state)
{
    Fixture *const f = *state;
    Oracle *const oracle = calloc(1, sizeof *oracle);
    BaseRandom random;
    BaseError err = {0};
    begin_case(&random, 2);
    for (case_round = 0; case_round < 25; case_round++) {
        KgTxn *txn = begin_write(f->store);
        for (size_t i = below(&random, 200); i > 0; i--)
            put_random(oracle, txn, &random);
        if (case_round % 4 == 0) { /* all of one space is hidden */
            const size_t space = below(&random, SPACES);
            for (size_t cell = 0; cell < CELLS; cell++) {
                oracle->ops[space][cell] = KG_HIDES;
                expect_ok(kg_delta_put(txn, spaces[space], triple_of(cell), KG_HIDES, NULL, &err), &err);
            }
        }
        if (case_round % 2) { /* by a commit that finds too many, or here */
            expect_ok(kg_delta_fold(txn, &err), &err);
            fold_in_memory(oracle);
            expect_changes(oracle, txn);
        } else {
            size_t count;
            expect_ok(kg_delta_count(txn, &count, &err), &err);
            f->store->limits.changes = count ? count - 1 : 0;
            if (count > 1)
                fold_in_memory(oracle);
        }
        commit(txn);
        txn = begin_read(f->store);
        if (case_round % 5 == 0)
            expect_changes(oracle, txn);
        for (size_t space = 0; space < SPACES; space++)
            for (int index = 0; index < KG_INDEXES; index++)
                expect_order(oracle, txn, (KgIndex)index, space);
        kg_abort(txn);
    }
    free(oracle);
}

static void a_commit_folds_when_there_is_one_change_too_many(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    size_t count;
    f->store->limits.changes = 10;
    for (size_t changes = 9; changes <= 11; changes++) {
        KgTxn *txn = begin_write(f->store);
        for (size_t i = 0; i < changes; i++)
            expect_ok(kg_delta_put(txn, 5, triple_of(i), KG_PRESENT, NULL, &err), &err);
        commit(txn);
        txn = begin_read(f->store);
        expect_ok(kg_delta_count(txn, &count, &err), &err);
        assert_int_equal(count, changes > 10 ? 0 : changes);
        kg_abort(txn);
    }
}

/* ---- Sharing ---- */

static void readers_of_a_snapshot_share_one_view_and_keep_it(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const nobody = begin_write(f->store);
    expect_ok(kg_delta_put(nobody, 1, triple_of(3), KG_PRESENT, NULL, &err), &err);
    commit(nobody);
    KgTxn *const readers[2] = {begin_read(f->store), begin_read(f->store)};
    KgDeltaRows rows[2][KG_INDEXES], newer;
    for (int index = 0; index < KG_INDEXES; index++) {
        for (int i = 0; i < 2; i++)
            expect_ok(kg_delta_range(readers[i], (KgIndex)index, 1, NULL, 0, &rows[i][index], &err), &err);
        assert_ptr_equal(rows[0][index].items, rows[1][index].items);
        assert_int_equal(rows[0][index].count, 1);
    }
    KgTxn *const writer = begin_write(f->store);
    expect_ok(kg_delta_put(writer, 1, triple_of(4), KG_PRESENT, NULL, &err), &err);
    expect_ok(kg_delta_range(writer, KG_POS, 1, NULL, 0, &newer, &err), &err);
    assert_int_equal(newer.count, 2);
    kg_abort(writer); /* its number is given to the next writer, its changes to nobody */
    KgTxn *const second = begin_write(f->store);
    expect_ok(kg_delta_put(second, 1, triple_of(5), KG_PRESENT, NULL, &err), &err);
    expect_ok(kg_delta_put(second, 1, triple_of(6), KG_PRESENT, NULL, &err), &err);
    commit(second);
    KgTxn *const later = begin_read(f->store);
    expect_ok(kg_delta_range(later, KG_OSP, 1, NULL, 0, &newer, &err), &err);
    assert_int_equal(newer.count, 3);
    expect_ok(kg_delta_range(readers[0], KG_OSP, 1, NULL, 0, &rows[0][0], &err), &err);
    assert_int_equal(rows[0][0].count, 1); /* the old snapshot's */
    kg_abort(readers[0]);
    assert_int_equal(cell_of(kg_order_triple(rows[1][KG_PSO].items[0].keys, KG_PSO)), 3); /* still there */
    KgTxn *const old = begin_read(f->store);
    kg_abort(readers[1]);
    kg_abort(later);
    expect_ok(kg_delta_range(old, KG_SPO, 1, NULL, 0, &newer, &err), &err);
    assert_int_equal(newer.count, 3);
    kg_abort(old);
}

typedef struct Reading {
    KgStore *store;
    _Atomic bool stop;
    _Atomic uint64_t snapshots;
} Reading;

/* Every snapshot has a whole number of tens in the space, in every order. */
static void *read_tens(void *context)
{
    Reading *const reading = context;
    unsigned turn = (unsigned)(uintptr_t)&turn;
    uint64_t faults = 0;
    while (!reading->stop) {
        KgTxn *txn = NULL;
        KgDeltaRows rows;
        faults += kg_read_begin(reading->store, &txn, NULL) != BASE_OK;
        for (int i = 0; txn && i < KG_INDEXES; i++) {
            const KgIndex index = (KgIndex)(turn++ % KG_INDEXES);
            faults += kg_delta_range(txn, index, 2, NULL, 0, &rows, NULL) != BASE_OK || rows.count % 10 != 0;
        }
        kg_abort(txn);
        reading->snapshots++;
    }
    return (void *)(uintptr_t)faults;
}

static void threads_share_views_while_a_writer_commits_and_folds(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    enum { THREADS = 4 };
    Reading reading = {.store = f->store};
    pthread_t threads[THREADS];
    f->store->limits.changes = 70;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_tens, &reading), 0);
    for (size_t round = 0; round < 40 || reading.snapshots < 200; round++) {
        KgTxn *const txn = begin_write(f->store);
        for (size_t i = 0; i < 10; i++)
            expect_ok(kg_delta_put(txn, 2, triple_of((round * 10 + i) % CELLS), KG_PRESENT, NULL, &err), &err);
        if (round % 7 == 6)
            kg_abort(txn);
        else
            commit(txn);
        if (round % 34 == 33) { /* before cells come again */
            KgTxn *const fold = begin_write(f->store);
            expect_ok(kg_delta_fold(fold, &err), &err);
            commit(fold);
        }
    }
    reading.stop = true;
    for (int i = 0; i < THREADS; i++) {
        void *faults;
        assert_int_equal(pthread_join(threads[i], &faults), 0);
        assert_null(faults);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ranges_in_every_order_agree_with_arrays, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_fold_leaves_in_the_tables_what_the_changes_said, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_commit_folds_when_there_is_one_change_too_many, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(readers_of_a_snapshot_share_one_view_and_keep_it, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(threads_share_views_while_a_writer_commits_and_folds, make_fixture,
                                        drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
