/* tensor.h - shapes, storage, and the few loops over whole tensors that all ops share. Its source is the only file that
 * calls OpenBLAS. */
#ifndef KGQ_NN_TENSOR_H
#define KGQ_NN_TENSOR_H

#include "nn/nn.h"

/* Elements of a shape whose batch dimension counts `batch`; -1: more than memory can hold, or a dimension below 0. */
int64_t nn_shape_count(NnShape shape, int64_t batch);
/* Elements of one row: the product of all dimensions but the first. */
int64_t nn_shape_width(NnShape shape);
bool nn_shape_equal(NnShape a, NnShape b);
/* "[batch, 28, 28, 1]" in `text`, which is returned. */
#define NN_SHAPE_TEXT 112
const char *nn_shape_text(NnShape shape, char text[NN_SHAPE_TEXT]);

/* Aligned to 64 bytes, owned: free(). Not cleared. NULL: no memory, or count below 0. */
float *nn_floats_new(int64_t count);

typedef enum NnTranspose { NN_PLAIN, NN_TRANSPOSED } NnTranspose;
/* out [m, n] = factor * a [m, k] x b [k, n] + keep * out. A transposed operand lies in memory as [k, m], [n, k]; `lda`
 * and so on are the floats from one stored row to the next. Single-threaded: threads work on slices of the batch. */
typedef struct NnMatrix {
    const float *values;
    int64_t stride;
    NnTranspose transpose;
} NnMatrix;
void nn_gemm(int64_t m, int64_t n, int64_t k, float factor, NnMatrix a, NnMatrix b, float keep, float *out,
             int64_t out_stride);
/* The same without OpenBLAS. */
void nn_gemm_plain(int64_t m, int64_t n, int64_t k, float factor, NnMatrix a, NnMatrix b, float keep, float *out,
                   int64_t out_stride);

void nn_zero(float *out, int64_t count);
void nn_copy(float *out, const float *x, int64_t count);
void nn_add_to(float *out, const float *x, int64_t count);                   /* out += x */
void nn_add_scaled(float *out, float factor, const float *x, int64_t count); /* out += factor * x */
void nn_scale_into(float *out, float factor, const float *x, int64_t count); /* out = factor * x */
void nn_scale_by(float *x, float factor, int64_t count);                     /* x *= factor */
float nn_max(const float *x, int64_t count);                                 /* count > 0; NaN is passed over */
float nn_dot(const float *a, const float *b, int64_t count);
/* out [width] = the sum of the rows of x [rows, width]; nn_add_rows adds it to what is there. */
void nn_sum_rows(float *out, const float *x, int64_t rows, int64_t width);
void nn_add_rows(float *out, const float *x, int64_t rows, int64_t width);
bool nn_all_finite(const float *x, int64_t count);

#endif
