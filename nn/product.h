/* product.h - products of matrices that fit the cache, by kernels of our own. nn_gemm (tensor.h) is for large ones:
 * it packs its operands first, which here would cost as much as the product. Private to the room. */
#ifndef KGQ_NN_PRODUCT_H
#define KGQ_NN_PRODUCT_H

#include "nn/nn.h"

/* c [m, n] = a [m, segments * k] x b [segments * k, n], or with `adds` that much more. Row i and column s * k + p of a
 * is a[i * a_row + p * a_step + s * a_segment], so a may be a matrix, its transpose, or the windows of an image under
 * one line of output, which then are never laid out. Rows of b and c are contiguous; c overlaps neither a nor b. */
typedef struct NnProduct {
    int64_t m, n, k, segments;
    const float *a;
    int64_t a_row, a_step, a_segment;
    const float *b;
    int64_t b_row;
    float *c;
    int64_t c_row;
    bool adds;
} NnProduct;
void nn_product(const NnProduct *product);

#endif
