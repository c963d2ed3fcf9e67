/* convolution.h - convolution and its gradients on plain arrays, by the way that suits the sizes; conv.c makes ops of
 * it. Private to the room. */
#ifndef KGQ_NN_CONVOLUTION_H
#define KGQ_NN_CONVOLUTION_H

#include "nn/nn.h"

/* x [batch, height, width, channels] and weight [kernel_height, kernel_width, channels / groups, out_channels] give y
 * [batch, out_height, out_width, out_channels]. Above x lie pad_top rows of zeros, to its left pad_left columns, and as
 * many below and to the right as the last windows reach. */
typedef struct NnConvolution {
    int64_t batch, height, width, channels;
    int64_t kernel_height, kernel_width, stride, pad_top, pad_left, groups;
    int64_t out_height, out_width, out_channels;
} NnConvolution;

int64_t nn_convolution_scratch(const NnConvolution *conv); /* floats, for either way */
void nn_convolution_apply(const NnConvolution *conv, const float *x, const float *weight, float *y, float *scratch);
/* `gradient` is that of y. dx and dweight are written whole; NULL: not wanted, and then weight, or x, is not read. */
void nn_convolution_back(const NnConvolution *conv, const float *x, const float *weight, const float *gradient,
                         float *dx, float *dweight, float *scratch);

#endif
