/* Ops over each row: softmax over the last axis, and rows brought to length 1. */
#include "nn/graph.h"
#include "nn/kernel.h"
#include "nn/tensor.h"

#include <math.h>

typedef struct Rows {
    int64_t count, width;
} Rows;

static Rows last_axis(const NnGraph *graph, const NnCell *cell)
{
    const int64_t width = cell->shape.rank == 1 ? nn_cell_size(graph, cell) : cell->shape.dims[cell->shape.rank - 1];
    return (Rows){.count = nn_cell_size(graph, cell) / width, .width = width};
}

/* The greatest is taken off first: e^x of large numbers has no room in a float. */
NN_KERNEL static void softmax_row(float *restrict out, const float *restrict x, int64_t width)
{
    const float most = nn_max(x, width);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < width; i++) {
        out[i] = nn_exp(x[i] - most);
        sum += out[i];
    }
    const float factor = 1.0f / sum;
    for (int64_t i = 0; i < width; i++)
        out[i] *= factor;
}

/* dx = y (g - sum of g y). */
NN_KERNEL static void softmax_row_gradient(float *restrict out, const float *restrict gradient, const float *restrict y,
                                           int64_t width)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < width; i++)
        sum += gradient[i] * y[i];
    for (int64_t i = 0; i < width; i++)
        out[i] = y[i] * (gradient[i] - sum);
}

static BaseStatus softmax_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    const Rows rows = last_axis(graph, cell);
    for (int64_t i = 0; i < rows.count; i++)
        softmax_row(cell->values + i * rows.width, x + i * rows.width, rows.width);
    return BASE_OK;
}

static BaseStatus softmax_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const Rows rows = last_axis(graph, cell);
    for (int64_t i = 0; targets[0] && i < rows.count; i++) {
        const int64_t at = i * rows.width;
        softmax_row_gradient(targets[0] + at, cell->gradient + at, cell->values + at, rows.width);
    }
    return BASE_OK;
}

static const NnOp softmax_op = {.name = "nn_softmax", .forward = softmax_forward, .backward = softmax_backward};

NnNode nn_softmax(NnGraph *graph, NnNode x)
{
    if (!nn_nodes_good(graph, "nn_softmax", false, 1, &x))
        return -1;
    return nn_cell_node(graph, nn_cell_add(graph, &softmax_op, nn_node_shape(graph, x), 1, &x));
}

/* y = x / |x|; dx = (g - y (g . y)) / |x|. A row of zeros stays one, and passes no gradient. */
static BaseStatus normalize_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    const int64_t rows = nn_cell_rows(graph, cell), width = nn_cell_width(cell);
    for (int64_t i = 0; i < rows; i++) {
        const float length = sqrtf(nn_dot(x + i * width, x + i * width, width));
        cell->kept[i] = length == 0.0f ? 0.0f : 1.0f / length;
        nn_scale_into(cell->values + i * width, cell->kept[i], x + i * width, width);
    }
    return BASE_OK;
}

static BaseStatus normalize_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const int64_t rows = nn_cell_rows(graph, cell), width = nn_cell_width(cell);
    for (int64_t i = 0; targets[0] && i < rows; i++) {
        const float *const gradient = cell->gradient + i * width, *const y = cell->values + i * width;
        float *const out = targets[0] + i * width;
        nn_scale_into(out, cell->kept[i], gradient, width);
        nn_add_scaled(out, -cell->kept[i] * nn_dot(gradient, y, width), y, width);
    }
    return BASE_OK;
}

static const NnOp normalize_op = {.name = "nn_normalize_rows",
                                  .forward = normalize_forward,
                                  .backward = normalize_backward,
                                  .kept = nn_cell_max_rows};

NnNode nn_normalize_rows(NnGraph *graph, NnNode x)
{
    if (!nn_nodes_good(graph, "nn_normalize_rows", false, 1, &x))
        return -1;
    return nn_cell_node(graph, nn_cell_add(graph, &normalize_op, nn_node_shape(graph, x), 1, &x));
}
