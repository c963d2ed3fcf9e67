/* test_rows.c - sets of rows and of ids: they number and find what a list gone through from the front does. */
#include "expect.h"
#include "kg/sparql/rows.h"

#include <stdlib.h>

#define MOST 6000

/* Ids of the dictionary, near one another and far apart, inlined ones, a query's own, and none. */
static KgId any_id(BaseRandom *random, unsigned range)
{
    static const unsigned tags[] = {KG_IRI, KG_BLANK, KG_LITERAL, 0x10, 0x81};
    const uint64_t number = base_random_next(random) % range;
    const unsigned tag = tags[base_random_next(random) % 5];
    if (base_random_next(random) % 50 == 0)
        return 0;
    return (KgId)tag << 56 | (base_random_next(random) % 100 ? number : number * 1000);
}

static void expect_walk(const IdSet *set, const KgId *seen, size_t count)
{
    IdSetWalk walk = {0};
    KgId id;
    size_t found = 0;
    for (; sparql_id_set_next(set, &walk, &id); found++) {
        bool was_seen = false;
        for (size_t k = 0; k < count && !was_seen; k++)
            was_seen = seen[k] == id;
        assert_true(was_seen);
    }
    assert_int_equal(found, count);
}

static void ids_are_new_once(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 5);
    IdSet set = {.others.width = 1};
    KgId *const seen = malloc(MOST * sizeof *seen);
    for (unsigned range = 10; range <= 10000; range *= 10) {
        size_t count = 0;
        for (int i = 0; i < MOST; i++) {
            const KgId id = any_id(&random, range);
            bool was_seen = false, is_new;
            for (size_t k = 0; k < count && !was_seen; k++)
                was_seen = seen[k] == id;
            assert_true(sparql_id_set_put(&set, id, &is_new));
            assert_int_equal(is_new, !was_seen);
            if (is_new)
                seen[count++] = id;
            assert_int_equal(set.count, count);
        }
        expect_walk(&set, seen, count);
        assert_true(sparql_id_set_bytes(&set) > 0);
        sparql_id_set_clear(&set);
    }
    sparql_id_set_free(&set);
    assert_int_equal(sparql_id_set_bytes(&set), 0);
    free(seen);
}

/* The numbers given to all rows at once are those given one by one. */
static void rows_have_one_number_each(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 6);
    static KgId cells[1000 * 12];
    static uint32_t numbers[1000];
    uint32_t columns[12];
    for (size_t width = 0; width <= 12; width++) {
        RowSet all = {.width = width}, single = {.width = width};
        for (uint32_t i = 0; i < width; i++)
            columns[i] = (uint32_t)width - 1 - i;
        for (int round = 0; round < 5; round++) {
            Batch batch = {
                .cells = cells, .count = 1 + base_random_next(&random) % 1000, .capacity = 1000, .width = width};
            for (size_t i = 0; i < batch.count * width; i++)
                cells[i] = any_id(&random, width < 3 ? 300 : 2);
            assert_true(sparql_row_set_put_all(&all, &batch, columns, numbers));
            for (size_t row = 0; row < batch.count; row++) {
                KgId key[12];
                bool is_new;
                for (size_t i = 0; i < width; i++)
                    key[i] = batch_row(&batch, row)[columns[i]];
                assert_int_equal(sparql_row_set_put(&single, key, &is_new), numbers[row]);
                assert_int_equal(sparql_row_set_find(&all, key), numbers[row]);
                if (width)
                    assert_memory_equal(all.cells + numbers[row] * width, key, width * sizeof *key);
            }
            assert_int_equal(all.count, single.count);
        }
        assert_true(width == 0 || sparql_row_set_bytes(&all) >= all.count * width * sizeof(KgId));
        sparql_row_set_clear(&all);
        assert_int_equal(sparql_row_set_find(&all, cells), NO_ROW);
        sparql_row_set_free(&all);
        sparql_row_set_free(&single);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ids_are_new_once), cmocka_unit_test(rows_have_one_number_each)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
