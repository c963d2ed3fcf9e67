/* Facts as rows, what is known, and the candidates of a step. */
#include "expect.h"
#include "near.h"

#include "embed/sample.h"

#include <math.h>

static EmbedFacts random_facts(uint64_t seed, size_t count, uint32_t entities, uint32_t relations)
{
    EmbedFacts facts = {0};
    BaseRandom random;
    base_random_seed(&random, seed);
    for (size_t i = 0; i < count; i++) {
        const EmbedFact fact = {(uint32_t)base_random_below(&random, entities),
                                (uint32_t)base_random_below(&random, relations),
                                (uint32_t)base_random_below(&random, entities)};
        assert_true(BASE_PUSH(&facts, fact));
    }
    return facts;
}

static void known_answers_are_those_that_a_scan_finds(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedFacts facts = random_facts(1, 400, 20, 3);
    EmbedKnown known = {0};
    expect_ok(embed_known_new(&facts, &known, &err), &err);
    for (uint32_t r = 0; r < 3; r++) {
        for (uint32_t x = 0; x < 20; x++) {
            size_t tails = 0, heads = 0, found_tails, found_heads;
            for (uint32_t y = 0; y < 20; y++) {
                bool is_tail = false, is_head = false;
                for (size_t i = 0; i < facts.count; i++) {
                    const EmbedFact *const f = &facts.items[i];
                    is_tail = is_tail || (f->h == x && f->r == r && f->t == y);
                    is_head = is_head || (f->t == x && f->r == r && f->h == y);
                }
                assert_int_equal(embed_known_holds(&known, (EmbedFact){x, r, y}), is_tail);
                tails += is_tail;
                heads += is_head;
            }
            const EmbedFact *const by_head = embed_known_answers(&known, false, x, r, &found_tails);
            const EmbedFact *const by_tail = embed_known_answers(&known, true, x, r, &found_heads);
            assert_int_equal(found_tails, tails);
            assert_int_equal(found_heads, heads);
            for (size_t i = 0; i < found_tails; i++)
                assert_true(by_head[i].h == x && by_head[i].r == r);
            for (size_t i = 0; i < found_heads; i++)
                assert_true(by_tail[i].t == x && by_tail[i].r == r);
        }
    }
    embed_known_free(&known);
    free(facts.items);
}

static void facts_without_a_row_are_not_known(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedFact items[] = {{0, 0, EMBED_NO_ROW}, {EMBED_NO_ROW, 0, 1}, {0, EMBED_NO_ROW, 1}};
    const EmbedFacts facts = {.items = items, .count = 3};
    EmbedKnown known = {0};
    expect_ok(embed_known_new(&facts, &known, &err), &err);
    assert_int_equal(known.count, 0);
    assert_false(embed_known_holds(&known, items[0]));
    embed_known_free(&known);
}

static void a_sample_holds_every_answer_once_and_others_to_its_size(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedFacts facts = random_facts(2, 300, 500, 4);
    BaseRandom random;
    base_random_seed(&random, 3);
    EmbedSample sample = {0};
    expect_ok(embed_sample_new(&facts, 500, 32, 64, &sample, &err), &err);
    assert_int_equal(sample.size, 96);
    for (int step = 0; step < 50; step++) {
        EmbedAsk asks[32];
        int32_t labels[32];
        for (uint32_t i = 0; i < 32; i++)
            asks[i] = embed_ask_of(&facts, (uint32_t)base_random_below(&random, 600));
        embed_sample_draw(&sample, asks, 32, &random, labels);
        bool seen[500] = {false};
        for (uint32_t i = 0; i < sample.size; i++) {
            assert_false(seen[sample.candidates[i]]);
            seen[sample.candidates[i]] = true;
            assert_true(isfinite(sample.corrections[i]) && sample.corrections[i] >= 0);
        }
        for (int i = 0; i < 32; i++)
            assert_int_equal(sample.candidates[labels[i]], asks[i].answer);
    }
    embed_sample_free(&sample);
    free(facts.items);
}

static void a_sample_as_large_as_the_graph_is_the_graph(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedFacts facts = random_facts(4, 30, 10, 1);
    BaseRandom random;
    base_random_seed(&random, 5);
    EmbedSample sample = {0};
    expect_ok(embed_sample_new(&facts, 10, 8, 64, &sample, &err), &err);
    assert_int_equal(sample.size, 10);
    EmbedAsk ask = embed_ask_of(&facts, 0);
    int32_t label = -1;
    embed_sample_draw(&sample, &ask, 1, &random, &label);
    assert_int_equal(label, 0);
    for (uint32_t i = 0; i < sample.size; i++)
        assert_true(fabsf(sample.corrections[i]) < 1e-6f); /* certain to be in: nothing to correct */
    embed_sample_free(&sample);
    free(facts.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers_are_those_that_a_scan_finds),
        cmocka_unit_test(facts_without_a_row_are_not_known),
        cmocka_unit_test(a_sample_holds_every_answer_once_and_others_to_its_size),
        cmocka_unit_test(a_sample_as_large_as_the_graph_is_the_graph),
    };
    return cmocka_run_group_tests_name("embed.sample", tests, NULL, NULL);
}
