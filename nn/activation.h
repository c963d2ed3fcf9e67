/* activation.h - bias and activation, done by dense and conv while their product is still in the cache. */
#ifndef KGQ_NN_ACTIVATION_H
#define KGQ_NN_ACTIVATION_H

#include "nn/nn.h"

/* out [rows, width] becomes activation(out + bias [width]). */
void nn_activate(NnActivation activation, float *out, const float *bias, int64_t rows, int64_t width);
/* The gradient before the activation: `gradient` itself where it is linear, else worked out into `room` (of its size)
 * from the activation's result y. */
const float *nn_activation_gradient(NnActivation activation, const float *gradient, const float *y, float *room,
                                    int64_t count);

#endif
