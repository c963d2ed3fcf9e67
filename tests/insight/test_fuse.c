/* The rule of insight.h against figures worked out by hand: odds multiply, models are averaged first. */
#include "expect.h"

#include "insight/explain.h"

#include <math.h>

static const InsightScore no_scores[1];

static InsightExplanation fuse(unsigned layers, const double *probabilities, size_t count, double confidence)
{
    static InsightScore scores[8];
    for (size_t i = 0; i < count; i++)
        scores[i] = (InsightScore){.model = "m",
                                   .kind = "transe",
                                   .is_known = probabilities[i] >= 0,
                                   .probability = probabilities[i],
                                   .object_rank = 2,
                                   .candidates = 117659};
    InsightExplanation x = {.subject = "a",
                            .predicate = "p",
                            .object = "b",
                            .layers = layers,
                            .scores = count ? scores : no_scores,
                            .score_count = count,
                            .confidence = confidence};
    BaseError err = {0};
    expect_ok(insight_fuse(&x, &err), &err);
    return x;
}

static void expect_fused(unsigned layers, const double *probabilities, size_t count, double confidence,
                         InsightVerdict verdict, InsightAccord accord, double belief, const char *summary)
{
    InsightExplanation x = fuse(layers, probabilities, count, confidence);
    assert_string_equal(insight_verdict_name(x.verdict), insight_verdict_name(verdict));
    assert_string_equal(insight_accord_name(x.accord), insight_accord_name(accord));
    assert_true(fabs(x.belief - belief) < 1e-9);
    assert_string_equal(x.summary, summary);
    base_arena_free(&x.memory);
}
#define SCORES(...) (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double)

static void a_proof_decides_whatever_a_model_says(void **state)
{
    (void)state;
    expect_fused(KG_IN(KG_ASSERTED), NULL, 0, 0, INSIGHT_HOLDS, INSIGHT_ALONE, 1, "holds: asserted");
    expect_fused(KG_IN(KG_ASSERTED), SCORES(0.93), 0, INSIGHT_HOLDS, INSIGHT_AGREE, 1,
                 "holds: asserted; transe (model m) gives it probability 0.93, rank 2 of 117,659");
    expect_fused(KG_IN(KG_INFERRED), SCORES(0.4), 0, INSIGHT_HOLDS, INSIGHT_DISAGREE, 1,
                 "holds: derived; transe (model m) gives it probability 0.40, rank 2 of 117,659");
    expect_fused(KG_IN(KG_ASSERTED), SCORES(0.02), 0, INSIGHT_HOLDS, INSIGHT_CONFLICT, 1,
                 "holds: asserted, although transe (model m) gives it probability 0.02, rank 2 of 117,659: "
                 "a conflict worth an audit");
}

static void a_score_alone_is_believed_as_it_is(void **state)
{
    (void)state;
    expect_fused(0, SCORES(0.7), 0, INSIGHT_LIKELY, INSIGHT_ALONE, 0.7,
                 "likely (belief 0.70): not asserted, and no rule concludes it; transe (model m) gives it probability "
                 "0.70, rank 2 of 117,659");
    expect_fused(0, SCORES(0.3), 0, INSIGHT_UNLIKELY, INSIGHT_ALONE, 0.3,
                 "unlikely (belief 0.30): not asserted, and no rule concludes it; transe (model m) gives it "
                 "probability 0.30, rank 2 of 117,659");
}

static void models_are_one_voice_and_evidence_another(void **state)
{
    (void)state;
    /* Odds 9 and 1/9: their geometric mean is 1. */
    InsightExplanation x = fuse(0, SCORES(0.9, 0.1), 0);
    assert_true(fabs(x.belief - 0.5) < 1e-12);
    assert_int_equal(x.accord, INSIGHT_CONFLICT);
    base_arena_free(&x.memory);
    /* Odds 9 and 4 multiply: 36. */
    x = fuse(KG_IN(KG_OBSERVED), SCORES(0.9), 0.8);
    assert_true(fabs(x.belief - 36.0 / 37) < 1e-12);
    assert_int_equal(x.verdict, INSIGHT_LIKELY);
    assert_int_equal(x.accord, INSIGHT_AGREE);
    base_arena_free(&x.memory);
    /* Twice the same model says no more than once. */
    x = fuse(KG_IN(KG_OBSERVED), SCORES(0.9, 0.9), 0.8);
    assert_true(fabs(x.belief - 36.0 / 37) < 1e-12);
    base_arena_free(&x.memory);
    /* A certain voice counts as 0.999, odds 999. */
    x = fuse(0, SCORES(1), 0);
    assert_true(fabs(x.belief - 0.999) < 1e-12);
    base_arena_free(&x.memory);
}

static void without_a_voice_it_is_unknown(void **state)
{
    (void)state;
    expect_fused(0, NULL, 0, 0, INSIGHT_UNKNOWN, INSIGHT_ALONE, 0.5,
                 "unknown: not asserted, and no rule concludes it; no model was asked");
    expect_fused(0, SCORES(-1), 0, INSIGHT_UNKNOWN, INSIGHT_ALONE, 0.5,
                 "unknown: not asserted, and no rule concludes it; no model knows all its terms");
}

static void belief_stays_a_probability_and_grows_with_each_voice(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 9);
    for (int round = 0; round < 1000; round++) {
        const double p = base_random_unit(&random), q = base_random_unit(&random);
        const double more = p + (1 - p) * base_random_unit(&random);
        InsightExplanation less_x = fuse(KG_IN(KG_OBSERVED), &p, 1, q);
        InsightExplanation more_x = fuse(KG_IN(KG_OBSERVED), &more, 1, q);
        assert_true(less_x.belief >= 0 && less_x.belief <= 1);
        assert_true(more_x.belief >= less_x.belief);
        base_arena_free(&less_x.memory);
        base_arena_free(&more_x.memory);
    }
}

static void counts_are_grouped_and_halves_shown(void **state)
{
    (void)state;
    static const struct {
        double count;
        const char *text;
    } cases[] = {{0, "0"},
                 {1, "1"},
                 {2.5, "2.5"},
                 {999, "999"},
                 {1000, "1,000"},
                 {117659, "117,659"},
                 {1234567.5, "1,234,567.5"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        insight_format_count(cases[i].count, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_decides_whatever_a_model_says),
        cmocka_unit_test(a_score_alone_is_believed_as_it_is),
        cmocka_unit_test(models_are_one_voice_and_evidence_another),
        cmocka_unit_test(without_a_voice_it_is_unknown),
        cmocka_unit_test(belief_stays_a_probability_and_grows_with_each_voice),
        cmocka_unit_test(counts_are_grouped_and_halves_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
