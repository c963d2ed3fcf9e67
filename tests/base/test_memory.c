/* Arena, vectors, map and random numbers. */
#include "expect.h"

static void arena_memory_is_zeroed_aligned_and_given_back_by_rewind(void **state)
{
    (void)state;
    BaseArena arena = {0};
    base_arena_alloc(&arena, 1, 3);
    const BaseArenaMark mark = base_arena_mark(&arena);
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 3000; size += 37) {
            unsigned char *const bytes = base_arena_alloc(&arena, size, 7);
            assert_non_null(bytes);
            assert_int_equal((uintptr_t)bytes % (size * 7 >= 32 ? 32 : 8), 0);
            for (size_t i = 0; i < size * 7; i++)
                assert_int_equal(bytes[i], 0);
            memset(bytes, 0xaa, size * 7);
        }
        base_arena_rewind(&arena, mark);
    }
    base_arena_free(&arena);
    assert_int_equal(base_arena_bytes(&arena), 0);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    BaseArena arena = {0};
    assert_null(base_arena_alloc(&arena, SIZE_MAX / 2, 4));
    void *items = NULL;
    size_t capacity = 0;
    assert_false(base_reserve(&items, &capacity, SIZE_MAX / 2, 8));
    assert_null(items);
    base_arena_free(&arena);
}

static void the_map_agrees_with_an_array(void **state)
{
    (void)state;
    enum { KEYS = 5000 };
    static uint64_t expected[KEYS];
    static bool there[KEYS];
    BaseMap map = {0};
    BaseRandom random;
    base_random_seed(&random, 3);
    size_t count = 0;
    for (int i = 0; i < 20000; i++) {
        const uint64_t key = base_random_below(&random, KEYS);
        bool is_new;
        uint64_t *const value = base_map_put(&map, key << 40, (uint64_t)i, &is_new);
        assert_non_null(value);
        assert_int_equal(is_new, !there[key]);
        if (is_new) {
            there[key] = true;
            count++;
        } else {
            assert_int_equal(*value, expected[key]);
        }
        *value = expected[key] = (uint64_t)i;
    }
    assert_int_equal(map.count, count);
    for (uint64_t key = 0; key < KEYS; key++) {
        const uint64_t *const value = base_map_get(&map, key << 40);
        assert_int_equal(value != NULL, there[key]);
        if (value)
            assert_int_equal(*value, expected[key]);
    }
    base_map_free(&map);
    assert_null(base_map_get(&map, 1));
}

static void random_numbers_repeat_and_stay_in_range(void **state)
{
    (void)state;
    BaseRandom a, b;
    base_random_seed(&a, 42);
    base_random_seed(&b, 42);
    int seen[7] = {0};
    double sum = 0, square = 0;
    for (int i = 0; i < 70000; i++) {
        const uint64_t x = base_random_below(&a, 7);
        assert_int_equal(x, base_random_below(&b, 7));
        seen[x]++;
        const double n = base_random_normal(&a);
        (void)base_random_normal(&b);
        sum += n;
        square += n * n;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 9500, 10500);
    assert_true(sum / 70000 < 0.02 && sum / 70000 > -0.02);
    assert_true(square / 70000 < 1.03 && square / 70000 > 0.97);
}

static void a_shuffle_is_a_permutation(void **state)
{
    (void)state;
    uint32_t items[100], seen[100] = {0};
    for (uint32_t i = 0; i < 100; i++)
        items[i] = i;
    BaseRandom random;
    base_random_seed(&random, 1);
    base_random_shuffle(&random, items, 100);
    uint32_t moved = 0;
    for (uint32_t i = 0; i < 100; i++) {
        seen[items[i]]++;
        moved += items[i] != i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_given_back_by_rewind),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(the_map_agrees_with_an_array),
        cmocka_unit_test(random_numbers_repeat_and_stay_in_range),
        cmocka_unit_test(a_shuffle_is_a_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
