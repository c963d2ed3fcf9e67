/* winograd.h - 3x3 convolution of stride 1 with a quarter of the multiplications. Private to the room. */
#ifndef KGQ_NN_WINOGRAD_H
#define KGQ_NN_WINOGRAD_H

#include "nn/nn.h"

/* x [batch, height, width, channels], with pad_top rows of zeros above it and pad_left columns to its left, and
 * as many below and to the right as are reached, weight [3, 3, channels, out] -> y
 * [batch, out_height, out_width, out]. Both numbers of channels are multiples of 16. */
typedef struct NnWinograd {
    int64_t batch, height, width, channels, out_height, out_width, out_channels, pad_top, pad_left;
} NnWinograd;

bool nn_winograd_fits(int64_t channels, int64_t out_channels);
int64_t nn_winograd_scratch(const NnWinograd *conv); /* floats, for either way */
void nn_winograd_forward(const NnWinograd *conv, const float *x, const float *weight, float *y, float *scratch);
/* `gradient` is that of y. dx and dweight are written whole; NULL: not wanted. */
void nn_winograd_backward(const NnWinograd *conv, const float *x, const float *weight, const float *gradient, float *dx,
                          float *dweight, float *scratch);

#endif
