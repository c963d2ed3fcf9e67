/* Training options: the configuration file and the defaults. */
#include "expect.h"
#include "near.h"

#include "embed/options.h"

#include <jansson.h>

static BaseStatus parse(const char *text, EmbedTrainOptions *options, BaseArena *arena, BaseError *err)
{
    return embed_parse_options(text, strlen(text), "train.json", arena, options, err);
}

static void a_configuration_sets_what_it_names_and_nothing_else(void **state)
{
    (void)state;
    BaseArena arena = {0};
    BaseError err = {0};
    EmbedTrainOptions options = {.epochs = 7, .seed = 9};
    expect_ok(parse("{\"model\": \"complex\", \"dim\": 64, \"rate\": 0.5, \"reciprocal\": false, \"loss\": \"all\","
                    " \"dropout\": 0, \"resume\": true}",
                    &options, &arena, &err),
              &err);
    assert_string_equal(options.model, "complex");
    assert_int_equal(options.dim, 64);
    assert_near(options.rate, 0.5, 0);
    assert_int_equal(options.reciprocal, EMBED_OFF);
    assert_int_equal(options.loss, EMBED_LOSS_ALL);
    assert_true(options.dropout < 0); /* none, rather than the default */
    assert_true(options.resume);
    assert_int_equal(options.epochs, 7);
    assert_int_equal(options.seed, 9);
    base_arena_free(&arena);
}

static void an_unknown_key_is_placed_and_the_nearest_is_named(void **state)
{
    (void)state;
    BaseArena arena = {0};
    BaseError err = {0};
    EmbedTrainOptions options = {0};
    assert_int_equal(parse("{\"dim\": 64,\n \"epoch\": 3}", &options, &arena, &err), BASE_BAD_INPUT);
    expect_words(&err, "\"epoch\"");
    expect_words(&err, "\"epochs\"");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 2);
    assert_string_equal(err.source, "train.json");
    base_arena_free(&arena);
}

static void bad_values_are_refused_with_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "JSON"},
        {"[1]", "object"},
        {"{\"dim\": 64", "JSON"},
        {"{\"dim\": \"big\"}", "whole number from 1"},
        {"{\"dim\": 0}", "whole number from 1"},
        {"{\"dim\": 1.5}", "whole number"},
        {"{\"dropout\": 2}", "from 0 to 0.95"},
        {"{\"reciprocal\": 1}", "true or false"},
        {"{\"loss\": \"hinge\"}", "\"all\", \"sampled\""},
        {"{\"model\": 3}", "a text"},
        {"{\"seed\": -1}", "from 0 on"},
        {"{\"dim\": 3, \"dim\": 4}", "duplicate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BaseArena arena = {0};
        BaseError err = {0};
        EmbedTrainOptions options = {0};
        assert_int_equal(parse(cases[i].text, &options, &arena, &err), BASE_BAD_INPUT);
        expect_words(&err, cases[i].words);
        base_arena_free(&arena);
    }
}

static void an_unknown_model_or_optimizer_is_named_with_its_rivals(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedRecipe recipe;
    assert_int_equal(embed_recipe(&(EmbedTrainOptions){.model = "trnse"}, 10, 2, 20, &recipe, &err), BASE_BAD_INPUT);
    expect_words(&err, "trnse");
    expect_words(&err, "rotate");
    err = (BaseError){0};
    assert_int_equal(embed_recipe(&(EmbedTrainOptions){.optimizer = "lion"}, 10, 2, 20, &recipe, &err), BASE_BAD_INPUT);
    expect_words(&err, "adagrad");
    err = (BaseError){0};
    assert_int_equal(embed_recipe(&(EmbedTrainOptions){.model = "rotate", .dim = 7}, 10, 2, 20, &recipe, &err),
                     BASE_BAD_INPUT);
    expect_words(&err, "even");
}

static void large_graphs_are_sampled_and_small_ones_are_not(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedRecipe recipe;
    expect_ok(embed_recipe(&(EmbedTrainOptions){0}, 135, 46, 5216, &recipe, &err), &err);
    assert_false(recipe.is_sampled);
    expect_ok(embed_recipe(&(EmbedTrainOptions){0}, 117659, 18, 353061, &recipe, &err), &err);
    assert_true(recipe.is_sampled);
    expect_ok(embed_recipe(&(EmbedTrainOptions){.loss = EMBED_LOSS_ALL}, 117659, 18, 353061, &recipe, &err), &err);
    assert_false(recipe.is_sampled);
}

static void a_recipe_written_as_json_reads_back_as_itself(void **state)
{
    (void)state;
    for (int kind = 0; kind < EMBED_KINDS; kind++) {
        BaseArena arena = {0};
        BaseError err = {0};
        EmbedRecipe recipe, again;
        EmbedTrainOptions options = {.model = embed_kind_names[kind], .dropout = -1, .seed = 5};
        expect_ok(embed_recipe(&options, 2034, 42, 32888, &recipe, &err), &err);
        char *const text = embed_recipe_json(&recipe);
        assert_non_null(text);
        EmbedTrainOptions read = {0};
        expect_ok(parse(text, &read, &arena, &err), &err);
        expect_ok(embed_recipe(&read, 2034, 42, 32888, &again, &err), &err);
        char *const second = embed_recipe_json(&again);
        assert_string_equal(text, second);
        free(text);
        free(second);
        base_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_sets_what_it_names_and_nothing_else),
        cmocka_unit_test(an_unknown_key_is_placed_and_the_nearest_is_named),
        cmocka_unit_test(bad_values_are_refused_with_what_was_expected),
        cmocka_unit_test(an_unknown_model_or_optimizer_is_named_with_its_rivals),
        cmocka_unit_test(large_graphs_are_sampled_and_small_ones_are_not),
        cmocka_unit_test(a_recipe_written_as_json_reads_back_as_itself),
    };
    return cmocka_run_group_tests_name("embed.options", tests, NULL, NULL);
}
