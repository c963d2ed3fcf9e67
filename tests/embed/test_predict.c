/* Prediction: what is known is left out, the best come first, and what is kept says where it is from. */
#include "graph.h"
#include "near.h"

#include "embed/model.h"

#include <math.h>

static Graph graph;
static EmbedModel *model;
static KgTxn *txn;

static int set_up(void **state)
{
    (void)state;
    BaseError err = {0};
    graph = make_graph();
    add_ring(&graph, 24);
    add_triples(&graph, KG_INFERRED, "p3 next p9\n");
    add_triples(&graph, KG_ASSERTED, "stranger label \"nobody\"\n");
    EmbedTrainReport report;
    const EmbedTrainOptions options = {
        .model = "complex", .dim = 16, .epochs = 60, .batch = 32, .rate = 0.1, .seed = 2, .valid_share = 0.1};
    expect_ok(embed_train(graph.store, "m", &options, &report, NULL, &err), &err);
    model = open_model(&graph, "m");
    txn = begin_read(&graph);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kg_abort(txn);
    embed_close(model);
    free_graph(&graph);
    return 0;
}

static KgTriple pattern_of(const char *h, const char *r, const char *t)
{
    return (KgTriple){h ? id_of(txn, h) : KG_ANY, r ? id_of(txn, r) : KG_ANY, t ? id_of(txn, t) : KG_ANY};
}

static void check_answers(KgTriple pattern, size_t k)
{
    BaseError err = {0};
    EmbedAnswer *const answers = calloc(k + 1, sizeof *answers);
    size_t count = 0;
    expect_ok(embed_predict(txn, model, pattern, k, answers, &count, &err), &err);
    assert_true(count <= k && (k == 0 || count > 0));
    for (size_t i = 0; i < count; i++) {
        KgTriple triple = pattern;
        if (pattern.s == KG_ANY)
            triple.s = answers[i].id;
        else if (pattern.p == KG_ANY)
            triple.p = answers[i].id;
        else
            triple.o = answers[i].id;
        bool is_known = true;
        expect_ok(kg_holds(txn, KG_FACTS, triple, &is_known, &err), &err);
        assert_false(is_known);
        assert_true(answers[i].probability >= 0 && answers[i].probability <= 1);
        assert_true(isfinite(answers[i].score));
        if (i > 0) {
            assert_true(answers[i].score <= answers[i - 1].score);
            assert_true(answers[i].probability <= answers[i - 1].probability);
            assert_true(answers[i].id != answers[i - 1].id);
        }
    }
    free(answers);
}

static void answers_are_new_and_in_order(void **state)
{
    (void)state;
    check_answers(pattern_of("p3", "next", NULL), 10);
    check_answers(pattern_of(NULL, "team", "team0"), 10);
    check_answers(pattern_of("p3", NULL, "p4"), 10);
    check_answers(pattern_of("p3", "next", NULL), 1);
    check_answers(pattern_of("p3", "next", NULL), 0);
}

static void asking_for_all_gives_all_that_is_not_known(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedAnswer answers[1000];
    size_t count = 0;
    expect_ok(embed_predict(txn, model, pattern_of("p3", "next", NULL), 1000, answers, &count, &err), &err);
    assert_int_equal(count, 26 - 3); /* not p4 (asserted), p9 (inferred), p3 (itself) */
    expect_ok(embed_predict(txn, model, pattern_of("p3", NULL, "p4"), 1000, answers, &count, &err), &err);
    assert_int_equal(count, 2);
}

static void the_best_few_are_the_first_of_all(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedAnswer all[100], few[5];
    size_t all_count = 0, few_count = 0;
    expect_ok(embed_predict(txn, model, pattern_of(NULL, "second", "p8"), 100, all, &all_count, &err), &err);
    expect_ok(embed_predict(txn, model, pattern_of(NULL, "second", "p8"), 5, few, &few_count, &err), &err);
    assert_int_equal(few_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(few[i].id == all[i].id && few[i].score == all[i].score);
}

static void facts_score_above_what_is_not_so(void **state)
{
    (void)state;
    BaseError err = {0};
    const KgTriple triples[] = {pattern_of("p3", "next", "p4"),
                                pattern_of("p3", "next", "p15"),
                                pattern_of("p6", "team", "team0"),
                                pattern_of("p6", "team", "p1"),
                                {KG_ANY, id_of(txn, "next"), id_of(txn, "p4")}};
    EmbedScore scores[5];
    expect_ok(embed_score(model, triples, 5, scores, NULL, &err), &err);
    assert_true(scores[0].known && scores[0].score > scores[1].score);
    assert_true(scores[0].probability > scores[1].probability);
    assert_true(scores[2].probability > scores[3].probability);
    assert_false(scores[4].known);
    assert_true(isnan(scores[4].score) && scores[4].probability == 0);
    expect_ok(embed_score(model, NULL, 0, NULL, NULL, &err), &err);
}

static void bad_questions_are_refused(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedAnswer answer;
    size_t count = 9;
    assert_int_equal(embed_predict(txn, model, (KgTriple){.p = id_of(txn, "next")}, 1, &answer, &count, &err),
                     BASE_BAD_CALL);
    assert_int_equal(count, 0);
    err = (BaseError){0};
    assert_int_equal(embed_predict(txn, model, pattern_of("stranger", "next", NULL), 1, &answer, &count, &err),
                     BASE_NOT_FOUND);
    expect_words(&err, "stranger");
    err = (BaseError){0};
    assert_int_equal(embed_predict(txn, model, pattern_of("p1", "age", NULL), 1, &answer, &count, &err),
                     BASE_NOT_FOUND);
    expect_words(&err, "relation age");
}

static void the_nearest_are_others_by_cosine(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedAnswer answers[25];
    size_t count = 0;
    expect_ok(embed_nearest(model, id_of(txn, "p3"), 25, answers, &count, &err), &err);
    assert_int_equal(count, 25);
    for (size_t i = 0; i < count; i++) {
        assert_true(answers[i].id != id_of(txn, "p3"));
        assert_true(answers[i].score <= 1.001f && (i == 0 || answers[i].score <= answers[i - 1].score));
    }
    assert_int_equal(embed_nearest(model, id_of(txn, "stranger"), 3, answers, &count, &err), BASE_NOT_FOUND);
}

static void kept_predictions_say_which_model_and_how_probable(void **state)
{
    (void)state;
    BaseError err = {0};
    const KgTriple pattern = pattern_of("p3", "next", NULL);
    const EmbedAnswer answers[] = {{id_of(txn, "p5"), 1, 0.9}, {id_of(txn, "p6"), 0, 0.5}, {id_of(txn, "p7"), -1, 0.1}};
    KgTxn *write = NULL;
    size_t stored = 0;
    expect_ok(kg_write_begin(graph.store, &write, &err), &err);
    expect_ok(embed_store_predictions(write, model, pattern, answers, 3, 0.5, &stored, &err), &err);
    assert_int_equal(stored, 2);
    KgNote note;
    KgTriple kept = pattern;
    kept.o = answers[0].id;
    expect_ok(kg_get(write, KG_PREDICTED, kept, &note, &err), &err);
    assert_int_equal(note.source, embed_info(model).id);
    assert_near((double)note.score, 0.9, 1e-6);
    kept.o = answers[2].id;
    assert_int_equal(kg_get(write, KG_PREDICTED, kept, &note, &err), BASE_NOT_FOUND);
    kg_abort(write);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_new_and_in_order),
        cmocka_unit_test(asking_for_all_gives_all_that_is_not_known),
        cmocka_unit_test(the_best_few_are_the_first_of_all),
        cmocka_unit_test(facts_score_above_what_is_not_so),
        cmocka_unit_test(bad_questions_are_refused),
        cmocka_unit_test(the_nearest_are_others_by_cosine),
        cmocka_unit_test(kept_predictions_say_which_model_and_how_probable),
    };
    return cmocka_run_group_tests_name("embed.predict", tests, set_up, tear_down);
}
