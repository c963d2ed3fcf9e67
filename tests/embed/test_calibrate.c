/* Calibration: the logistic fits, is monotone, and what is compared is what it says. */
#include "expect.h"
#include "near.h"

#include "embed/calibrate.h"

#include <math.h>

static void a_logistic_is_found_again(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 3);
    enum { COUNT = 20000 };
    double *const scores = calloc(COUNT, sizeof *scores), *const weights = calloc(COUNT, sizeof *weights);
    for (int i = 0; i < COUNT; i++) {
        scores[i] = 3 * base_random_normal(&random);
        weights[i] = base_random_unit(&random) < 1 / (1 + exp(-(1.5 * scores[i] - 0.7))) ? 1 : -1;
    }
    const EmbedPlatt platt = embed_platt_fit(scores, weights, COUNT);
    assert_near(platt.slope, 1.5, 0.1);
    assert_near(platt.offset, -0.7, 0.1);
    free(scores);
    free(weights);
}

static void a_higher_score_is_never_less_probable(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 4);
    for (int round = 0; round < 200; round++) {
        double scores[40], weights[40];
        const size_t count = 1 + base_random_below(&random, 40);
        for (size_t i = 0; i < count; i++) {
            scores[i] = round % 3 == 0 ? 1 : 10 * base_random_normal(&random);
            weights[i] = base_random_unit(&random) < 0.5 ? 1 : -0.5;
        }
        const EmbedPlatt platt = embed_platt_fit(scores, weights, count);
        double last = 0;
        for (double x = -50; x <= 50; x += 0.5) {
            const double p = embed_platt(platt, x);
            assert_true(p >= last && p >= 0 && p <= 1);
            last = p;
        }
    }
}

static void cases_that_are_apart_still_give_finite_numbers(void **state)
{
    (void)state;
    const double scores[] = {-9, -8, 8, 9}, weights[] = {-1, -1, 1, 1};
    const EmbedPlatt platt = embed_platt_fit(scores, weights, 4);
    assert_true(isfinite(platt.slope) && platt.slope > 0 && isfinite(platt.offset));
    assert_true(embed_platt(platt, 9) > 0.6 && embed_platt(platt, -9) < 0.4);
    assert_true(isfinite(embed_platt_fit(NULL, NULL, 0).offset));
}

static void log_sums_do_not_overflow(void **state)
{
    (void)state;
    const float large[] = {1000, 1000}, small[] = {-1000, -1000, -1000, -1000};
    assert_near(embed_log_sum(large, 2), 1000 + log(2), 1e-6);
    assert_near(embed_log_sum(small, 4), -1000 + log(4), 1e-6);
    assert_near(embed_comparable(1, 1 + log(4), 4), 0, 1e-6); /* one of four equal answers */
}

static void habits_are_counted(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedFact items[] = {{0, 0, 1}, {0, 0, 2}, {0, 0, 3}, {4, 0, 1}, {5, 2, 5}, {6, 2, 7}};
    const EmbedFacts facts = {.items = items, .count = 6};
    EmbedKnown known = {0};
    EmbedHabit habits[3];
    expect_ok(embed_known_new(&facts, &known, &err), &err);
    embed_habits(&known, habits, 3);
    assert_near((double)habits[0].answers[EMBED_TAIL], 4.0 / 2, 1e-6); /* heads 0 and 4 */
    assert_near((double)habits[0].answers[EMBED_HEAD], 4.0 / 3, 1e-6); /* tails 1, 2, 3 */
    assert_near((double)habits[0].loops, 0, 0);
    assert_near((double)habits[1].answers[EMBED_TAIL], 1, 0); /* a relation without facts */
    assert_near((double)habits[2].loops, 0.5, 1e-6);
    embed_known_free(&known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_logistic_is_found_again),
        cmocka_unit_test(a_higher_score_is_never_less_probable),
        cmocka_unit_test(cases_that_are_apart_still_give_finite_numbers),
        cmocka_unit_test(log_sums_do_not_overflow),
        cmocka_unit_test(habits_are_counted),
    };
    return cmocka_run_group_tests_name("embed.calibrate", tests, NULL, NULL);
}
