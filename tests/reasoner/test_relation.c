/* Relations against a plain set: members kept as bits, row sets and a hash table, tuples alone and in groups, known in
 * part to a round; indexes by value and by hash, packed and chained. */
#include "expect.h"

#include "reasoner/relation.h"

#include <string.h>

enum { SETS = 60, MOST = 60000 };

typedef struct Model {
    BaseMap places; /* of packed tuples: their row */
    Relation relation;
    uint32_t range[3];
} Model;

static uint64_t key_of(const Model *model, const uint32_t *tuple)
{
    uint64_t key = 0;
    for (uint32_t c = 0; c < model->relation.arity; c++)
        key = key * model->range[c] + tuple[c];
    return key;
}

/* Groups have one first value; alone they have any. */
static void make_tuples(BaseRandom *random, const Model *model, uint32_t *tuples, size_t count)
{
    const bool is_grouped = base_random_below(random, 2) == 0;
    uint32_t first = 0;
    for (size_t i = 0; i < count; i++, tuples += model->relation.arity) {
        if (i == 0 || !is_grouped || base_random_below(random, 50) == 0)
            first = (uint32_t)base_random_below(random, model->range[0]);
        tuples[0] = first;
        for (uint32_t c = 1; c < model->relation.arity; c++)
            tuples[c] = (uint32_t)base_random_below(random, model->range[c]);
    }
}

static void add_some(BaseRandom *random, Model *model, uint32_t height)
{
    static uint32_t tuples[3 * 9000];
    const size_t count = 1 + base_random_below(random, base_random_below(random, 3) == 0 ? 9000 : 40);
    const uint32_t arity = model->relation.arity, before = model->relation.count;
    make_tuples(random, model, tuples, count);
    uint64_t added = 0, expected = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_new;
        assert_non_null(base_map_put(&model->places, key_of(model, tuples + i * arity), before + expected, &is_new));
        expected += is_new;
    }
    assert_true(reasoner_relation_add(&model->relation, tuples, count, height, 7, &added));
    assert_int_equal(added, expected);
    assert_int_equal(model->relation.count, before + expected);
    for (uint32_t row = before; row < model->relation.count; row++) /* in the order in which they came */
        assert_int_equal(*base_map_get(&model->places, key_of(model, relation_row(&model->relation, row))), row);
    if (expected > 0)
        assert_int_equal(reasoner_relation_segment(&model->relation, before)->height, height);
}

static void check_members(BaseRandom *random, Model *model, bool is_partial)
{
    assert_true(reasoner_relation_cover(&model->relation, is_partial));
    for (int i = 0; i < 300; i++) {
        uint32_t tuple[3];
        make_tuples(random, model, tuple, 1);
        const uint64_t *const place = base_map_get(&model->places, key_of(model, tuple));
        const bool is_there = place && (!is_partial || *place < model->relation.high);
        assert_int_equal(reasoner_relation_has(&model->relation, tuple, is_partial), is_there);
    }
}

static uint32_t count_rows(const Model *model, uint64_t columns, const uint32_t *key, uint32_t to)
{
    uint32_t count = 0;
    for (uint32_t row = 0; row < to; row++) {
        const uint32_t *next = key;
        bool fits = true;
        for (uint64_t left = columns; left; left &= left - 1)
            fits &= relation_row(&model->relation, row)[__builtin_ctzll(left)] == *next++;
        count += fits;
    }
    return count;
}

/* The rows of a bucket that have the key, packed and chained. */
static uint32_t count_found(const Model *model, const RelationIndex *index, const uint32_t *key)
{
    const uint32_t bucket = reasoner_index_bucket(index, key);
    if (bucket == NO_ROW)
        return 0;
    uint32_t count = 0;
    for (uint32_t i = index->starts[bucket]; i < index->starts[bucket + 1]; i++)
        count += index->holds_values || index_fits(index, relation_row(&model->relation, index->entries[i]), key);
    for (uint32_t row = index->newest ? index->newest[bucket] : NO_ROW; row != NO_ROW;
         row = index->older[row - index->base])
        count += index_fits(index, relation_row(&model->relation, row), key);
    return count;
}

static void check_index(BaseRandom *random, Model *model)
{
    const uint64_t columns = 1 + base_random_below(random, ((uint64_t)1 << model->relation.arity) - 1);
    const RelationIndex *const seen = reasoner_relation_index(&model->relation, columns, false);
    assert_non_null(seen);
    const RelationIndex *const whole = reasoner_relation_index(&model->relation, columns, true);
    assert_non_null(whole);
    for (int i = 0; i < 5; i++) {
        uint32_t tuple[3], key[3], count = 0, found = 0;
        make_tuples(random, model, tuple, 1);
        for (uint64_t left = columns; left; left &= left - 1)
            key[count++] = tuple[__builtin_ctzll(left)];
        assert_int_equal(count_found(model, seen, key), count_rows(model, columns, key, model->relation.high));
        IndexCursor cursor = reasoner_index_find(&model->relation, whole, key);
        while (reasoner_index_next(&cursor) != NO_ROW)
            found++;
        assert_int_equal(found, count_rows(model, columns, key, model->relation.count));
    }
}

static void relations_hold_what_a_plain_set_holds(void **state)
{
    (void)state;
    BaseRandom random;
    bool was[MEMBERS_HASH + 1] = {0};
    base_random_seed(&random, 5);
    for (int set = 0; set < SETS; set++) {
        static const uint32_t ranges[] = {3, 60, 700, 20000, 300000};
        Model model = {.relation = {.arity = 1 + (uint32_t)base_random_below(&random, 3)}};
        for (uint32_t c = 0; c < 3; c++)
            model.range[c] = ranges[base_random_below(&random, 5)];
        const uint32_t hint = model.range[0] > model.range[1] ? model.range[0] : model.range[1];
        model.relation.value_hint = base_random_below(&random, 2) ? hint : 0;
        const bool is_partial = base_random_below(&random, 3) == 0;
        for (uint32_t height = 1; height < 25 && model.relation.count < MOST; height++) {
            add_some(&random, &model, height);
            add_some(&random, &model, height);
            model.relation.low = model.relation.high;
            model.relation.high = reasoner_relation_height_start(&model.relation, height);
            check_members(&random, &model, is_partial);
            check_index(&random, &model);
            if (base_random_below(&random, 20) == 0)
                assert_true(reasoner_relation_weigh_bits(&model.relation));
            was[model.relation.members.kind] = true;
        }
        reasoner_relation_free(&model.relation);
        base_map_free(&model.places);
    }
    assert_true(was[MEMBERS_BITS] && was[MEMBERS_ROWS] && was[MEMBERS_HASH]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(relations_hold_what_a_plain_set_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
