/* Cursors over random graphs of several layers, with changes and without, agree with arrays in memory: whatever is
 * sought, in whatever order, and however much of it is read. */
#include "cases.h"
#include "fixture.h"
#include "kg/cursor.h"
#include "kg/delta.h"
#include "kg/store.h"

enum { SUBJECTS = 1500, PREDICATES = 5, OBJECTS = 700, GRAPHS = 2, MOST = 30000 };

/* What the graphs hold, once more: a triple with the layers it is in. */
typedef struct Row {
    KgTriple triple;
    unsigned layers;
} Row;

typedef struct World {
    Fixture *f;
    BaseRandom random;
    KgId subjects[SUBJECTS], predicates[PREDICATES], objects[OBJECTS];
    KgId graphs[GRAPHS]; /* KG_ANY, and a named one */
    Row *rows[GRAPHS];
    size_t counts[GRAPHS];
    Row *view; /* the rows of the graph and layers being read, in the cursor's order */
    size_t view_count;
} World;

static int compare_rows(const void *left, const void *right, void *context)
{
    uint64_t a[3], b[3];
    const KgIndex index = *(const KgIndex *)context;
    kg_order_keys(((const Row *)left)->triple, index, a);
    kg_order_keys(((const Row *)right)->triple, index, b);
    return kg_compare_keys(a, b);
}

static void make_view(World *world, size_t graph, unsigned layers, KgIndex index)
{
    world->view_count = 0;
    for (size_t i = 0; i < world->counts[graph]; i++)
        if (world->rows[graph][i].layers & layers)
            world->view[world->view_count++] = world->rows[graph][i];
    qsort_r(world->view, world->view_count, sizeof *world->view, compare_rows, &(KgIndex){index});
}

/* Sorted by triple, each once, the layers of equal ones together; those in no layer go. */
static void settle(World *world, size_t graph)
{
    Row *const rows = world->rows[graph];
    size_t kept = 0;
    qsort_r(rows, world->counts[graph], sizeof *rows, compare_rows, &(KgIndex){KG_SPO});
    for (size_t i = 0; i < world->counts[graph]; i++)
        if (kept > 0 && compare_rows(&rows[kept - 1], &rows[i], &(KgIndex){KG_SPO}) == 0)
            rows[kept - 1].layers |= rows[i].layers;
        else
            rows[kept++] = rows[i];
    world->counts[graph] = kept;
}

/* Few subjects have many triples, one predicate has most. */
static KgTriple random_triple(World *world)
{
    BaseRandom *const random = &world->random;
    const size_t subject = one_in(random, 3) ? below(random, 9) : below(random, SUBJECTS);
    const size_t predicate = one_in(random, 2) ? 0 : below(random, PREDICATES);
    return (KgTriple){world->subjects[subject], world->predicates[predicate],
                      world->objects[below(random, predicate == 1 ? 3 : OBJECTS)]};
}

static void add_many(World *world, KgTxn *txn, size_t graph, KgLayer layer, size_t count)
{
    BaseError err = {0};
    KgRecord *const records = calloc(count, sizeof *records);
    Row *const rows = realloc(world->rows[graph], (world->counts[graph] + count) * sizeof *rows);
    assert_non_null(records);
    assert_non_null(rows);
    world->rows[graph] = rows;
    for (size_t i = 0; i < count; i++) {
        records[i].triple = random_triple(world);
        rows[world->counts[graph]++] = (Row){records[i].triple, KG_IN(layer)};
    }
    expect_ok(kg_add_many_in(txn, world->graphs[graph], layer, records, count, NULL, NULL, &err), &err);
    settle(world, graph);
    free(records);
}

static void delete_some(World *world, KgTxn *txn, size_t graph, size_t count)
{
    BaseError err = {0};
    for (size_t i = 0; i < count && world->counts[graph] > 0; i++) {
        Row *const row = &world->rows[graph][below(&world->random, world->counts[graph])];
        const KgLayer layer = (KgLayer)__builtin_ctz(row->layers);
        expect_ok(kg_delete_in(txn, world->graphs[graph], layer, row->triple, NULL, &err), &err);
        row->layers &= ~KG_IN(layer);
        if (row->layers == 0)
            *row = world->rows[graph][--world->counts[graph]];
    }
    settle(world, graph);
}

/* ---- What is found ---- */

/* The first row of the view whose first `width` columns are not below (`after`: are above) the key. */
static size_t find_row(const World *world, KgIndex index, const uint64_t *key, int width, bool after)
{
    size_t low = 0, high = world->view_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        uint64_t keys[3];
        int order = 0;
        kg_order_keys(world->view[middle].triple, index, keys);
        for (int c = 0; c < width && order == 0; c++)
            order = (keys[c] > key[c]) - (keys[c] < key[c]);
        if (after ? order <= 0 : order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Reads on, all or the first few of the rows first..end of the view. */
static void expect_rows(World *world, KgCursor *cursor, KgIndex index, size_t first, size_t end, int width, bool all)
{
    BaseError err = {0};
    const uint64_t *columns[3];
    size_t count;
    BaseStatus status;
    do {
        status = kg_cursor_rows(cursor, columns, &count, &err);
        if (status == BASE_END)
            break;
        expect_ok(status, &err);
        expect_claim(count > 0 && count <= end - first);
        for (size_t i = 0; i < count; i++, first++) {
            uint64_t keys[3];
            kg_order_keys(world->view[first].triple, index, keys);
            for (int c = width; c < 3; c++)
                expect_claim(columns[c][i] == keys[c]);
        }
    } while (all);
    expect_claim(!all || first == end);
}

static void expect_found(World *world, KgCursor *cursor, KgIndex index, const uint64_t *key, int width)
{
    BaseError err = {0};
    const size_t first = find_row(world, index, key, width, false), end = find_row(world, index, key, width, true);
    const BaseStatus status = kg_cursor_find(cursor, key, width, &err);
    expect_claim(status == (first < end ? BASE_OK : BASE_END));
    if (!one_in(&world->random, 4))
        expect_rows(world, cursor, index, first, end, width, end - first < 1000 || one_in(&world->random, 30));
}

static void expect_range(World *world, KgCursor *cursor, KgIndex index, const uint64_t *key, int width, uint64_t high)
{
    BaseError err = {0};
    uint64_t last[3];
    memcpy(last, key, sizeof last);
    last[width] = high;
    const size_t first = find_row(world, index, key, width + 1, false);
    const size_t end = find_row(world, index, last, width + 1, true);
    const BaseStatus status = kg_cursor_find_range(cursor, key, width, key[width], high, &err);
    expect_claim(status == (first < end ? BASE_OK : BASE_END));
    expect_rows(world, cursor, index, first, end > first ? end : first, width,
                end < first + 1000 || one_in(&world->random, 30));
}

/* ---- What is sought ---- */

/* A row's keys, or some a little beside them. */
static void key_near(World *world, KgIndex index, size_t row, uint64_t key[3])
{
    BaseRandom *const random = &world->random;
    kg_order_keys(world->view_count ? world->view[row].triple : random_triple(world), index, key);
    for (int c = 0; c < 3; c++)
        if (one_in(random, 12))
            key[c] += (uint64_t)below(random, 5) - 2;
    if (one_in(random, 100))
        key[below(random, 3)] = one_in(random, 2) ? 0 : UINT64_MAX;
}

static void seek_one(World *world, KgCursor *cursor, KgIndex index, size_t row, int width)
{
    uint64_t key[3], other[3];
    key_near(world, index, row, key);
    if (width == 3 || !one_in(&world->random, 4)) {
        expect_found(world, cursor, index, key, width);
        return;
    }
    const size_t rows = world->view_count ? world->view_count : 1;
    key_near(world, index, (row + below(&world->random, 300)) % rows, other);
    expect_range(world, cursor, index, key, width, other[width]);
}

static void seek_in_many_ways(World *world, KgTxn *txn, size_t graph, unsigned layers, KgIndex index)
{
    BaseError err = {0};
    KgCursor *cursor;
    BaseRandom *const random = &world->random;
    make_view(world, graph, layers, index);
    const size_t rows = world->view_count ? world->view_count : 1;
    expect_ok(kg_cursor_open(txn, world->graphs[graph], layers, index, &cursor, &err), &err);
    for (int i = 0; i < 60; i++)
        seek_one(world, cursor, index, below(random, rows), (int)below(random, 4));
    for (int width = 1; width <= 3; width++) { /* ascending, by small steps and by large ones */
        const size_t step = one_in(random, 2) ? 12 : 600;
        size_t row = below(random, rows);
        for (int i = 0; i < 200 && row < rows; i++, row += below(random, step))
            seek_one(world, cursor, index, row, width);
    }
    size_t row = below(random, rows); /* back and forth */
    for (int i = 0; i < 100; i++, row = (row + rows + below(random, 41) - 20) % rows)
        seek_one(world, cursor, index, row, 1 + (int)below(random, 3));
    kg_cursor_close(cursor);
}

static void seek_everywhere(World *world, KgTxn *txn)
{
    static const unsigned unions[] = {KG_FACTS, KG_IN(KG_ASSERTED), KG_IN(KG_PREDICTED), KG_ALL_LAYERS};
    for (size_t graph = 0; graph < GRAPHS; graph++)
        for (int index = 0; index < KG_INDEXES; index++)
            for (size_t i = 0; i < 4; i++)
                seek_in_many_ways(world, txn, graph, unions[i], (KgIndex)index);
}

static World *make_world(Fixture *f, KgTxn *txn)
{
    World *const world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->f = f;
    world->view = calloc(MOST, sizeof *world->view);
    assert_non_null(world->view);
    char name[32];
    for (int i = 0; i < SUBJECTS; i++) {
        snprintf(name, sizeof name, "s%d", i);
        world->subjects[i] = intern_field(txn, name);
    }
    for (int i = 0; i < PREDICATES; i++) {
        snprintf(name, sizeof name, "p%d", i);
        world->predicates[i] = intern_field(txn, name);
    }
    for (int i = 0; i < OBJECTS; i++) {
        snprintf(name, sizeof name, i % 2 ? "%d" : "s%d", i * (i % 3 ? 1 : 977));
        world->objects[i] = intern_field(txn, name);
    }
    world->graphs[1] = intern_field(txn, "graph");
    return world;
}

static void drop_world(World *world)
{
    for (size_t graph = 0; graph < GRAPHS; graph++)
        free(world->rows[graph]);
    free(world->view);
    free(world);
}

static void cursors_find_what_arrays_have(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn = begin_write(f->store);
    World *const world = make_world(f, txn);
    begin_case(&world->random, 7);
    for (case_round = 1; case_round <= 5; case_round++) {
        if (case_round == 1) /* one layer of one graph, nothing to merge */
            add_many(world, txn, 0, KG_ASSERTED, 12000);
        else if (case_round == 2) {
            add_many(world, txn, 0, KG_INFERRED, 4000);
            add_many(world, txn, 1, KG_PREDICTED, 3000);
        } else
            for (size_t graph = 0; graph < GRAPHS; graph++) {
                add_many(world, txn, graph, (KgLayer)below(&world->random, 3), 400); /* few: they wait to be merged */
                delete_some(world, txn, graph, 300);
            }
        if (case_round % 2 == 0)
            seek_everywhere(world, txn); /* by the writer */
        commit(txn);
        txn = begin_read(f->store);
        seek_everywhere(world, txn);
        kg_abort(txn);
        txn = begin_write(f->store);
    }
    kg_abort(txn);
    drop_world(world);
}

static void nothing_is_found_where_nothing_is(void **state)
{
    Fixture *const f = *state;
    KgTxn *const txn = begin_read(f->store);
    BaseError err = {0};
    KgCursor *cursor;
    const uint64_t *columns[3];
    size_t rows;
    expect_ok(kg_cursor_open(txn, KG_ANY, KG_FACTS, KG_POS, &cursor, &err), &err);
    assert_int_equal(kg_cursor_find(cursor, NULL, 0, &err), BASE_END);
    assert_int_equal(kg_cursor_rows(cursor, columns, &rows, &err), BASE_END);
    assert_int_equal(kg_cursor_find_range(cursor, NULL, 0, 5, 4, &err), BASE_END);
    kg_cursor_close(cursor);
    kg_cursor_close(NULL);
    kg_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cursors_find_what_arrays_have, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(nothing_is_found_where_nothing_is, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
