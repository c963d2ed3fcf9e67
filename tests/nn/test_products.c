/* Products by OpenBLAS and without it, over all shapes, transpositions and strides, against sums of doubles. */
#include "expect.h"
#include "nn/tensor.h"

#include <math.h>

typedef void Gemm(int64_t m, int64_t n, int64_t k, float factor, NnMatrix a, NnMatrix b, float keep, float *out,
                  int64_t out_stride);

enum { LONGEST = 23, FLOATS = LONGEST * (LONGEST + 3) };

static void fill(BaseRandom *random, float *out, int count)
{
    for (int i = 0; i < count; i++)
        out[i] = (float)base_random_unit(random) * 2 - 1;
}

static double at(NnMatrix matrix, int64_t row, int64_t column)
{
    return matrix.transpose ? matrix.values[column * matrix.stride + row] : matrix.values[row * matrix.stride + column];
}

static void compare(Gemm *gemm, BaseRandom *random)
{
    static const float factors[] = {1, -0.5f, 0};
    float a_values[FLOATS], b_values[FLOATS], out[FLOATS], before[FLOATS];
    const int64_t m = 1 + (int64_t)base_random_below(random, LONGEST),
                  n = 1 + (int64_t)base_random_below(random, LONGEST),
                  k = (int64_t)base_random_below(random, LONGEST + 1);
    const NnTranspose a_turned = (NnTranspose)base_random_below(random, 2),
                      b_turned = (NnTranspose)base_random_below(random, 2);
    const int64_t more = (int64_t)base_random_below(random, 3), stride = n + more;
    const float factor = factors[base_random_below(random, 3)], keep = factors[base_random_below(random, 3)];
    fill(random, a_values, FLOATS);
    fill(random, b_values, FLOATS);
    fill(random, before, FLOATS);
    if (keep == 0) /* what is not kept may be anything */
        before[0] = NAN;
    memcpy(out, before, sizeof out);
    const NnMatrix a = {a_values, (a_turned ? m : k) + more, a_turned},
                   b = {b_values, (b_turned ? k : n) + more, b_turned};
    gemm(m, n, k, factor, a, b, keep, out, stride);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < stride && i * stride + j < FLOATS; j++) {
            double sum = 0;
            for (int64_t p = 0; p < k && j < n; p++)
                sum += at(a, i, p) * at(b, p, j);
            const float was = before[i * stride + j], is = out[i * stride + j];
            if (j < n)
                assert_true(fabs(factor * sum + (keep == 0 ? 0 : keep * was) - is) < 1e-5);
            else if (i + 1 < m)
                assert_true(is == was); /* between the rows */
        }
}

static void products_are_sums_of_products(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 11);
    for (int i = 0; i < 2000; i++) {
        compare(nn_gemm, &random);
        compare(nn_gemm_plain, &random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(products_are_sums_of_products)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
