#include "nn/activation.h"

#include "nn/kernel.h"

NN_KERNEL static void add_bias(float *restrict out, const float *restrict bias, int64_t rows, int64_t width)
{
    for (int64_t i = 0; i < rows; i++, out += width)
        for (int64_t j = 0; j < width; j++)
            out[j] += bias[j];
}

/* Below zero is zero; NaN stays NaN, for the loss to show it. */
NN_KERNEL static void add_bias_relu(float *restrict out, const float *restrict bias, int64_t rows, int64_t width)
{
    for (int64_t i = 0; i < rows; i++, out += width)
        for (int64_t j = 0; j < width; j++) {
            const float sum = out[j] + bias[j];
            out[j] = sum < 0.0f ? 0.0f : sum;
        }
}

void nn_activate(NnActivation activation, float *out, const float *bias, int64_t rows, int64_t width)
{
    if (activation == NN_RELU)
        add_bias_relu(out, bias, rows, width);
    else
        add_bias(out, bias, rows, width);
}

NN_KERNEL static void relu_gradient(float *restrict out, const float *restrict gradient, const float *restrict y,
                                    int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = y[i] > 0.0f ? gradient[i] : 0.0f;
}

const float *nn_activation_gradient(NnActivation activation, const float *gradient, const float *y, float *room,
                                    int64_t count)
{
    if (activation == NN_LINEAR)
        return gradient;
    relu_gradient(room, gradient, y, count);
    return room;
}
