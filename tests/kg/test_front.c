/* Front-coded blocks: strings of any bytes and length come back, one by one and in turn, and damage is told. */
#include "cases.h"
#include "kg/front.h"

#define MOST 2000

typedef struct Strings {
    KgText items[MOST];
    size_t count;
    BaseArena arena;
} Strings;

static void add_string(Strings *strings, const char *bytes, size_t length)
{
    assert_true(strings->count < MOST);
    char *const copy = base_arena_alloc(&strings->arena, length + 1, 1);
    assert_non_null(copy);
    if (length)
        memcpy(copy, bytes, length);
    strings->items[strings->count++] = (KgText){copy, length};
}

static bool is_same(KgText a, KgText b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

typedef struct Seen {
    const KgText *expected;
    uint32_t next, most;
} Seen;

static bool see(void *context, uint32_t place, KgText string)
{
    Seen *const seen = context;
    expect_claim(place == seen->next);
    expect_claim(is_same(string, seen->expected[place]));
    return ++seen->next < seen->most;
}

/* A copy of its own, so that a read beyond the block is seen by sanitizers. */
static KgText copy_block(KgText block)
{
    char *const copy = malloc(block.length);
    assert_non_null(copy);
    memcpy(copy, block.bytes, block.length);
    return (KgText){copy, block.length};
}

/* A writer that took the block up again makes the same of it, and of what comes behind. */
static void expect_goes_on(const KgFront *front, const KgText *expected, uint64_t seed)
{
    KgFrontWriter again = {0}, anew = {0};
    const KgText more = {"and one more", 12};
    bool fits = true, fits_anew = true;
    expect_claim(kg_front_reopen(&again, front));
    for (uint32_t i = 0; i < front->count; i++)
        expect_claim(kg_front_add(&anew, expected[i], &fits));
    expect_claim(is_same(kg_front_finish(&again, seed), front->block));
    expect_claim(kg_front_reopen(&again, front));
    expect_claim(kg_front_add(&again, more, &fits) == kg_front_add(&anew, more, &fits_anew) && fits == fits_anew);
    expect_claim(is_same(kg_front_finish(&again, seed), kg_front_finish(&anew, seed)));
    kg_front_free(&again);
    kg_front_free(&anew);
}

static void expect_strings(KgText written, const KgText *expected, uint32_t count, uint64_t seed)
{
    KgFront front;
    const KgText block = copy_block(written);
    expect_claim(!kg_front_open(&front, block, seed + 1, true));
    expect_claim(kg_front_open(&front, block, seed + 1, false));
    expect_claim(kg_front_open(&front, block, seed, true));
    expect_claim(front.count == count);
    KgFrontReader reader = {.front = front};
    expect_claim(count == 1 || block.length <= KG_FRONT_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        KgText text;
        const uint32_t place = i % 2 ? count - 1 - i / 2 : i / 2; /* from both ends */
        expect_claim(kg_front_read(&reader, place, &text) == BASE_OK);
        expect_claim(is_same(text, expected[place]));
    }
    for (uint32_t place = 0; place < count; place += place % 7 * place % 11 + 1) { /* on and on, by steps and leaps */
        KgText text;
        expect_claim(kg_front_read(&reader, place, &text) == BASE_OK);
        expect_claim(is_same(text, expected[place]));
        expect_claim(kg_front_read(&reader, place, &text) == BASE_OK); /* the same again */
        expect_claim(is_same(text, expected[place]));
    }
    base_buffer_free(&reader.string);
    Seen seen = {.expected = expected, .most = UINT32_MAX};
    expect_claim(kg_front_each(&front, see, &seen));
    expect_claim(seen.next == count);
    seen = (Seen){.expected = expected, .most = 1 + count / 2};
    expect_claim(kg_front_each(&front, see, &seen) == (seen.most > count)); /* stops where it is told to */
    expect_claim(seen.next == (seen.most > count ? count : seen.most));
    expect_goes_on(&front, expected, seed);
    free((char *)block.bytes);
}

/* Into blocks as the dictionary does it. Returns how many blocks there were. */
static size_t write_and_read(const Strings *strings)
{
    KgFrontWriter writer = {0};
    size_t start = 0, blocks = 0;
    for (size_t i = 0; i <= strings->count;) {
        bool fits = true;
        if (i < strings->count && kg_front_add(&writer, strings->items[i], &fits)) {
            i++;
            continue;
        }
        expect_claim(i == strings->count || !fits);
        expect_claim(i > start); /* the first always fits */
        const KgText block = kg_front_finish(&writer, blocks);
        assert_non_null(block.bytes);
        expect_strings(block, strings->items + start, (uint32_t)(i - start), blocks);
        start = i;
        blocks++;
        i += i == strings->count;
    }
    kg_front_free(&writer);
    return blocks;
}

static void random_string(Strings *strings, BaseRandom *random, char *scratch, size_t most)
{
    size_t shared = 0, length = below(random, most);
    if (strings->count && !one_in(random, 5)) { /* shares a start of any length, or is the same */
        const KgText before = strings->items[strings->count - 1];
        shared = below(random, before.length + 1);
        shared = one_in(random, 8) ? before.length : shared;
        memcpy(scratch, before.bytes, shared);
    }
    length = one_in(random, 10) ? 0 : length;
    for (size_t i = 0; i < length; i++)
        scratch[shared + i] = (char)(one_in(random, 2) ? 'a' : base_random_below(random, 256));
    length += shared;
    add_string(strings, scratch, length < 20000 ? length : 20000);
}

static void random_strings_come_back(void **state)
{
    (void)state;
    BaseRandom random;
    char *const scratch = malloc(1 << 17);
    static const size_t lengths[] = {2, 9, 60, 300, 5000, 40000};
    for (uint64_t seed = 1; seed <= 30; seed++) {
        Strings strings = {0};
        begin_case(&random, seed);
        const size_t count = 1 + below(&random, seed % 3 ? 80 : MOST);
        for (size_t i = 0; i < count && i < 400000 / lengths[seed % 6]; i++)
            random_string(&strings, &random, scratch, lengths[seed % 6]);
        write_and_read(&strings);
        base_arena_free(&strings.arena);
    }
    free(scratch);
}

static void blocks_of_every_small_count_come_back(void **state)
{
    (void)state;
    char text[64];
    for (case_round = 1; case_round <= 3 * KG_FRONT_STEP + 1; case_round++) {
        Strings strings = {0};
        for (unsigned i = 0; i < case_round; i++)
            add_string(&strings, text, (size_t)snprintf(text, sizeof text, "http://example.org/%u/x", i * 7 / 3));
        assert_int_equal(write_and_read(&strings), 1);
        base_arena_free(&strings.arena);
    }
}

/* A long string in the middle of short ones, and first, and last; around what fits a block and what varints take. */
static void long_strings_get_blocks_of_their_own(void **state)
{
    (void)state;
    static const size_t lengths[] = {127, 128, 4050, 4063, 4064, 4065, 4080, 4096, 16383, 16384, 65535, 65536, 3000000};
    char *const text = malloc(3000000);
    for (case_round = 0; case_round < sizeof lengths / sizeof *lengths; case_round++)
        for (size_t before = 0; before < 18; before++) {
            Strings strings = {0};
            memset(text, 'x', lengths[case_round]);
            for (size_t i = 0; i < 20; i++) {
                add_string(&strings, text, i == before ? lengths[case_round] : 3 + i);
                if (i == before && before == 17) /* another that shares all but its end */
                    add_string(&strings, text, lengths[case_round] - 1);
            }
            const size_t blocks = write_and_read(&strings);
            assert_in_range(blocks, 1, 4);
            if (lengths[case_round] > KG_FRONT_BYTES && before == 0)
                assert_int_equal(blocks, 2);
            base_arena_free(&strings.arena);
        }
    free(text);
}

static void a_block_is_filled_to_its_last_byte(void **state)
{
    (void)state;
    char text[KG_FRONT_BYTES] = {0};
    /* Header 12 bytes, a start 4, a head of 2: so much is left for the first string. */
    const size_t fits = KG_FRONT_BYTES - 12 - 4 - 2;
    for (size_t more = 0; more < 2; more++) {
        KgFrontWriter writer = {0};
        bool has_room = false;
        assert_true(kg_front_add(&writer, (KgText){text, fits - 2 - 5 + more}, &has_room));
        /* Shared in 2 bytes, the rest of 5 told in 1. */
        char second[KG_FRONT_BYTES] = {0};
        memcpy(second, text, fits);
        memset(second + 200, 'y', 4);
        assert_int_equal(kg_front_add(&writer, (KgText){second, 204}, &has_room), more == 0);
        assert_int_equal(has_room, more == 0);
        const KgText block = kg_front_finish(&writer, 1);
        assert_int_equal(block.length, more ? KG_FRONT_BYTES - 6 : KG_FRONT_BYTES);
        kg_front_free(&writer);
    }
}

/* Any flipped bit is told by the checksum; without it, reading stays inside the block. */
static void damage_is_told_and_never_read_beyond(void **state)
{
    (void)state;
    BaseRandom random;
    begin_case(&random, 8);
    KgFrontWriter writer = {0};
    char text[64];
    bool fits = true;
    for (unsigned i = 0; i < 60; i++)
        assert_true(kg_front_add(
            &writer, (KgText){text, (size_t)snprintf(text, sizeof text, "name %u of %u", i, i * i)}, &fits));
    const KgText block = kg_front_finish(&writer, 3);
    for (case_round = 0; case_round < 4000; case_round++) {
        KgFront front;
        KgText string;
        size_t length = block.length;
        const KgText copy = copy_block(block);
        for (size_t flips = 1 + below(&random, 3); flips > 0; flips--)
            ((char *)copy.bytes)[below(&random, block.length)] ^= (char)(1 + below(&random, 255));
        if (one_in(&random, 4))
            length = below(&random, block.length);
        if (length == block.length && memcmp(copy.bytes, block.bytes, length) != 0)
            expect_claim(!kg_front_open(&front, (KgText){copy.bytes, length}, 3, true));
        char *const exact = malloc(length ? length : 1);
        memcpy(exact, copy.bytes, length);
        if (kg_front_open(&front, (KgText){exact, length}, 3, false)) {
            KgFrontReader reader = {.front = front};
            for (uint32_t i = 0; i < front.count && i < 70; i++) {
                const BaseStatus status = kg_front_read(&reader, i, &string);
                expect_claim(status == BASE_OK || status == BASE_BAD_INPUT);
            }
            base_buffer_free(&reader.string);
        }
        free(exact);
        free((char *)copy.bytes);
    }
    kg_front_free(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_strings_come_back),
        cmocka_unit_test(blocks_of_every_small_count_come_back),
        cmocka_unit_test(long_strings_get_blocks_of_their_own),
        cmocka_unit_test(a_block_is_filled_to_its_last_byte),
        cmocka_unit_test(damage_is_told_and_never_read_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
