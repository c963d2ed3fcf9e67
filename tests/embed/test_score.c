/* The scoring models against their formulas, written out in double. */
#include "expect.h"
#include "near.h"

#include "embed/score.h"

#include <complex.h>
#include <math.h>

enum { ENTITIES = 11, RELATIONS = 3, DIM = 6 };

static NnParameters *make_parameters(const EmbedForm *form, uint64_t seed)
{
    NnParameters *const parameters = nn_parameters_new(seed);
    assert_non_null(parameters);
    assert_true(nn_parameter_add(parameters, "entity", NN_SHAPE(ENTITIES, form->dim), NN_NORMAL, 0.7f) >= 0);
    assert_true(nn_parameter_add(parameters, "relation",
                                 NN_SHAPE(embed_form_relation_rows(form), embed_form_relation_width(form)), NN_NORMAL,
                                 0.7f) >= 0);
    return parameters;
}

static double complex_of(const float *row, int i, double *imaginary)
{
    *imaginary = (double)row[i + DIM / 2];
    return (double)row[i];
}

/* score(h, r, t) as the papers define it. */
static double naive(const EmbedForm *form, const float *h, const float *r, const float *t)
{
    double sum = 0;
    for (int i = 0; i < DIM && form->kind == EMBED_TRANSE; i++) {
        const double d = (double)h[i] + (double)r[i] - (double)t[i];
        sum += form->norm == 1 ? fabs(d) : d * d;
    }
    if (form->kind == EMBED_TRANSE)
        return form->norm == 2 ? -sqrt(sum) : -sum;
    for (int i = 0; i < DIM && form->kind == EMBED_DISTMULT; i++)
        sum += (double)h[i] * (double)r[i] * (double)t[i];
    for (int i = 0; i < DIM / 2 && form->kind != EMBED_DISTMULT; i++) {
        double hi, ti, ri;
        const double hr = complex_of(h, i, &hi), tr = complex_of(t, i, &ti);
        if (form->kind == EMBED_COMPLEX) {
            const double rr = complex_of(r, i, &ri);
            sum += creal((hr + hi * I) * (rr + ri * I) * conj(tr + ti * I));
        } else {
            sum -= cabs((hr + hi * I) * cexp((double)r[i] * I) - (tr + ti * I));
        }
    }
    return sum;
}

static void check_form(EmbedForm form)
{
    BaseError err = {0};
    NnParameters *const parameters = make_parameters(&form, 17);
    const float *const entity = nn_parameter_values(parameters, 0), *const relation =
                                                                        nn_parameter_values(parameters, 1);
    const int64_t width = embed_form_relation_width(&form);
    EmbedAsker *asker = NULL;
    expect_ok(embed_asker_new(&form, parameters, 4, &asker, &err), &err);
    for (int side = EMBED_TAIL; side <= EMBED_HEAD; side++) {
        EmbedQuery queries[4];
        for (uint32_t i = 0; i < 4; i++)
            queries[i] = (EmbedQuery){.x = i * 2, .r = i % RELATIONS, .side = (EmbedSide)side};
        const float *scores = NULL;
        expect_ok(embed_ask(asker, queries, 4, &scores, &err), &err);
        for (int i = 0; i < 4; i++) {
            for (int e = 0; e < ENTITIES; e++) {
                const float *const x = entity + queries[i].x * DIM, *const other = entity + e * DIM;
                double expected;
                if (form.reciprocal) {
                    const uint32_t row = queries[i].r + (side == EMBED_HEAD ? RELATIONS : 0);
                    expected = naive(&form, x, relation + row * width, other);
                } else {
                    const float *const r = relation + queries[i].r * width;
                    expected = side == EMBED_TAIL ? naive(&form, x, r, other) : naive(&form, other, r, x);
                }
                assert_near((double)scores[i * ENTITIES + e], expected, 1e-4);
            }
        }
    }
    embed_asker_free(asker);
    nn_parameters_free(parameters);
}

static void every_model_scores_by_its_formula_on_both_sides(void **state)
{
    (void)state;
    for (int kind = 0; kind < EMBED_KINDS; kind++) {
        for (int reciprocal = 0; reciprocal < 2; reciprocal++) {
            for (int norm = 1; norm <= (kind == EMBED_TRANSE ? 3 : 1); norm++)
                check_form((EmbedForm){.kind = (EmbedKind)kind,
                                       .norm = norm,
                                       .dim = DIM,
                                       .reciprocal = reciprocal != 0,
                                       .entity_count = ENTITIES,
                                       .relation_count = RELATIONS});
        }
    }
}

static void a_batch_too_large_is_refused(void **state)
{
    (void)state;
    BaseError err = {0};
    const EmbedForm form = {
        .kind = EMBED_DISTMULT, .dim = DIM, .reciprocal = true, .entity_count = ENTITIES, .relation_count = RELATIONS};
    NnParameters *const parameters = make_parameters(&form, 1);
    EmbedAsker *asker = NULL;
    const EmbedQuery queries[3] = {0};
    const float *scores = NULL;
    expect_ok(embed_asker_new(&form, parameters, 2, &asker, &err), &err);
    assert_int_equal(embed_ask(asker, queries, 3, &scores, &err), BASE_BAD_CALL);
    embed_asker_free(asker);
    nn_parameters_free(parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_scores_by_its_formula_on_both_sides),
        cmocka_unit_test(a_batch_too_large_is_refused),
    };
    return cmocka_run_group_tests_name("embed.score", tests, NULL, NULL);
}
