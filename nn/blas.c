/* blas.c - matrix products, by OpenBLAS. It is loaded when the first product is wanted: it takes some 8 ms to start, as
 * long as many a query takes, and has threads spin meanwhile. Where it is not to be had, products are computed here,
 * which takes many times as long. */
#include "nn/tensor.h"

#include "base/base.h"

#include <cblas.h>
#include <pthread.h>

static struct {
    pthread_once_t once;
    __typeof__(cblas_sgemm) *gemm; /* NULL: there is none */
} blas = {.once = PTHREAD_ONCE_INIT};

/* Threads work on slices of the batch, each with its own products: OpenBLAS is to start none itself. The program may
 * have said so in the environment (OPENBLAS_NUM_THREADS) before it had threads; then there never were any. */
static void load(void)
{
    static const char *const names[] = {"libopenblas.so.0", NULL};
    __typeof__(openblas_set_num_threads) *use_threads;
    const BaseSymbol symbols[] = {{"openblas_set_num_threads", &use_threads}, {"cblas_sgemm", &blas.gemm}};
    if (base_library_load(names, symbols, sizeof symbols / sizeof *symbols, NULL) == BASE_OK)
        use_threads(1);
    else
        blas.gemm = NULL;
}

static void add_row(float *restrict out, const float *restrict row, float factor, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] += factor * row[i];
}

static void add_column(float *restrict out, const float *restrict column, int64_t stride, float factor, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] += factor * column[i * stride];
}

void nn_gemm_plain(int64_t m, int64_t n, int64_t k, float factor, NnMatrix a, NnMatrix b, float keep, float *out,
                   int64_t out_stride)
{
    for (int64_t i = 0; i < m; i++) {
        float *const row = out + i * out_stride;
        for (int64_t j = 0; j < n; j++)
            row[j] = keep == 0 ? 0 : keep * row[j];
        for (int64_t p = 0; p < k; p++) {
            const float weight = factor * (a.transpose ? a.values[p * a.stride + i] : a.values[i * a.stride + p]);
            if (b.transpose)
                add_column(row, b.values + p, b.stride, weight, n);
            else
                add_row(row, b.values + p * b.stride, weight, n);
        }
    }
}

void nn_gemm(int64_t m, int64_t n, int64_t k, float factor, NnMatrix a, NnMatrix b, float keep, float *out,
             int64_t out_stride)
{
    pthread_once(&blas.once, load);
    if (!blas.gemm) {
        nn_gemm_plain(m, n, k, factor, a, b, keep, out, out_stride);
        return;
    }
    blas.gemm(CblasRowMajor, a.transpose ? CblasTrans : CblasNoTrans, b.transpose ? CblasTrans : CblasNoTrans,
              (blasint)m, (blasint)n, (blasint)k, factor, a.values, (blasint)a.stride, b.values, (blasint)b.stride,
              keep, out, (blasint)out_stride);
}
