/* Products of small matrices against the definition in double precision: every size of tile, matrices, transposes and
 * the windows of images. */
#include "expect.h"

#include "nn/product.h"

#include <math.h>

static BaseRandom seeded(uint64_t seed)
{
    BaseRandom random;
    base_random_seed(&random, seed);
    return random;
}

static int64_t draw(BaseRandom *random, int64_t low, int64_t high)
{
    return low + (int64_t)base_random_below(random, (uint64_t)(high - low + 1));
}

static float *numbers(BaseRandom *random, int64_t count)
{
    float *const out = malloc((size_t)count * sizeof *out);
    assert_non_null(out);
    for (int64_t i = 0; i < count; i++)
        out[i] = (float)draw(random, -1000, 1000) / 1000.0f;
    return out;
}

static double expected(const NnProduct *product, const float *before, int64_t i, int64_t j)
{
    double sum = product->adds ? (double)before[i * product->c_row + j] : 0;
    for (int64_t s = 0; s < product->segments; s++)
        for (int64_t p = 0; p < product->k; p++)
            sum += (double)product->a[i * product->a_row + p * product->a_step + s * product->a_segment] *
                   (double)product->b[(s * product->k + p) * product->b_row + j];
    return sum;
}

/* What lies right of n in a row of c stays as it was, too. */
static void check(NnProduct product, BaseRandom *random)
{
    const int64_t a_count = (product.m - 1) * product.a_row + (product.k - 1) * product.a_step +
                            (product.segments - 1) * product.a_segment + 1;
    float *const a = numbers(random, a_count), *const b = numbers(random, product.segments * product.k * product.b_row);
    float *const c = numbers(random, product.m * product.c_row), *const before =
                                                                     numbers(random, product.m * product.c_row);
    memcpy(before, c, (size_t)(product.m * product.c_row) * sizeof *c);
    product.a = a;
    product.b = b;
    product.c = c;
    nn_product(&product);
    for (int64_t i = 0; i < product.m; i++)
        for (int64_t j = 0; j < product.c_row; j++) {
            const double right =
                j < product.n ? expected(&product, before, i, j) : (double)before[i * product.c_row + j];
            if (!(fabs((double)c[i * product.c_row + j] - right) <= 1e-5 * (double)(product.k * product.segments + 1)))
                fail_msg("[%lld, %lld] of m %lld, n %lld, k %lld x %lld: %g instead of %g", (long long)i, (long long)j,
                         (long long)product.m, (long long)product.n, (long long)product.segments, (long long)product.k,
                         (double)c[i * product.c_row + j], right);
        }
    free(a);
    free(b);
    free(c);
    free(before);
}

static void matrices_and_their_transposes_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(1);
    for (int trial = 0; trial < 400; trial++) {
        const int64_t m = draw(&random, 1, 40), n = draw(&random, 1, 150), k = draw(&random, 1, 40);
        const bool is_turned = trial % 2 == 1;
        check((NnProduct){.m = m,
                          .n = n,
                          .k = k,
                          .segments = 1,
                          .a_row = is_turned ? 1 : k + draw(&random, 0, 3),
                          .a_step = is_turned ? m + draw(&random, 0, 3) : 1,
                          .b_row = n + draw(&random, 0, 3),
                          .c_row = n + draw(&random, 0, 3),
                          .adds = trial % 4 < 2},
              &random);
    }
}

static void windows_of_images_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(2);
    for (int trial = 0; trial < 200; trial++) {
        const int64_t channels = draw(&random, 1, 5), width = draw(&random, 3, 30), kernel = draw(&random, 1, 3);
        const int64_t n = draw(&random, 1, 70);
        check((NnProduct){.m = width - kernel + 1,
                          .n = n,
                          .k = kernel * channels,
                          .segments = draw(&random, 1, 4),
                          .a_row = channels,
                          .a_step = 1,
                          .a_segment = width * channels,
                          .b_row = n,
                          .c_row = n,
                          .adds = trial % 3 == 0},
              &random);
    }
}

static void a_product_over_nothing_is_zero(void **state)
{
    (void)state;
    float b[16] = {0}, c[3 * 16];
    for (int i = 0; i < 3 * 16; i++)
        c[i] = 7;
    nn_product(&(NnProduct){.m = 3, .n = 16, .k = 0, .segments = 1, .a = b, .b = b, .b_row = 16, .c = c, .c_row = 16});
    for (int i = 0; i < 3 * 16; i++)
        assert_true(c[i] == 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrices_and_their_transposes_agree),
        cmocka_unit_test(windows_of_images_agree),
        cmocka_unit_test(a_product_over_nothing_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
