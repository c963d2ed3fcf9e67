/* Batch normalisation (Ioffe, Szegedy, "Batch Normalization", 2015) over all axes but the last, and layer normalisation
 * (Ba, Kiros, Hinton, "Layer Normalization", 2016) over the last. In both, with n numbers normalised together,
 *     xh = (x - mean) / sqrt(variance + epsilon),  y = scale xh + shift,
 *     dx = (h - mean(h) - xh mean(h xh)) / sqrt(variance + epsilon)  where h = scale dy. */
#include "nn/graph.h"
#include "nn/kernel.h"
#include "nn/tensor.h"

#include <math.h>

typedef struct Rows {
    int64_t count, width;
} Rows;

static Rows rows_of(const NnGraph *graph, const NnCell *cell)
{
    const int64_t width = cell->shape.dims[cell->shape.rank - 1];
    return (Rows){nn_cell_size(graph, cell) / width, width};
}

static int64_t last_axis(NnShape shape)
{
    return shape.dims[shape.rank - 1];
}

/* ---- Batch ------------------------------------------------------------------------------------------------------ */

enum { SCALE = 1, SHIFT, MEAN, VARIANCE };

/* kept: the mean and 1 / deviation that the forward run used, then what it measured. */
static int64_t batch_kept(const NnGraph *graph, const NnCell *cell)
{
    (void)graph;
    return 4 * last_axis(cell->shape);
}

static int64_t batch_scratch(const NnGraph *graph, const NnCell *cell)
{
    (void)graph;
    return 2 * last_axis(cell->shape);
}

NN_KERNEL static void add_squares(float *restrict out, const float *restrict x, const float *restrict mean,
                                  int64_t count, int64_t width)
{
    for (int64_t i = 0; i < count; i++, x += width)
        for (int64_t j = 0; j < width; j++)
            out[j] += (x[j] - mean[j]) * (x[j] - mean[j]);
}

/* Means and variances of the columns. */
static void measure(const float *x, Rows rows, float *mean, float *variance)
{
    nn_sum_rows(mean, x, rows.count, rows.width);
    nn_scale_by(mean, 1.0f / (float)rows.count, rows.width);
    nn_zero(variance, rows.width);
    add_squares(variance, x, mean, rows.count, rows.width);
    nn_scale_by(variance, 1.0f / (float)rows.count, rows.width);
}

/* y = (x - mean) inverse * scale + shift, by columns. */
NN_KERNEL static void scale_columns(float *restrict y, const float *restrict x, const float *restrict mean,
                                    const float *restrict inverse, const float *restrict scale,
                                    const float *restrict shift, int64_t count, int64_t width)
{
    for (int64_t i = 0; i < count; i++, x += width, y += width)
        for (int64_t j = 0; j < width; j++)
            y[j] = (x[j] - mean[j]) * inverse[j] * scale[j] + shift[j];
}

static BaseStatus batch_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Rows rows = rows_of(graph, cell);
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    float *const mean = cell->kept, *const inverse = mean + rows.width, *const measured = inverse + rows.width;
    cell->flag = graph->is_training;
    if (cell->flag) {
        measure(x, rows, measured, measured + rows.width);
        nn_copy(mean, measured, 2 * rows.width);
    } else {
        nn_copy(mean, nn_cell_input(graph, cell, MEAN)->values, rows.width);
        nn_copy(inverse, nn_cell_input(graph, cell, VARIANCE)->values, rows.width);
    }
    for (int64_t j = 0; j < rows.width; j++)
        inverse[j] = 1.0f / sqrtf(inverse[j] + cell->factor);
    scale_columns(cell->values, x, mean, inverse, nn_cell_input(graph, cell, SCALE)->values,
                  nn_cell_input(graph, cell, SHIFT)->values, rows.count, rows.width);
    return BASE_OK;
}

/* The sums over the rows of dy and of dy xh, which are the gradients of shift and scale. */
NN_KERNEL static void sum_columns(float *restrict sums, float *restrict products, const float *restrict gradient,
                                  const float *restrict x, const float *restrict mean, const float *restrict inverse,
                                  int64_t count, int64_t width)
{
    for (int64_t i = 0; i < count; i++, x += width, gradient += width)
        for (int64_t j = 0; j < width; j++) {
            sums[j] += gradient[j];
            products[j] += gradient[j] * (x[j] - mean[j]) * inverse[j];
        }
}

/* `share` is 1 / count where mean and variance are those of x, 0 where they are given. */
NN_KERNEL static void columns_back(float *restrict out, const float *restrict gradient, const float *restrict x,
                                   const float *restrict mean, const float *restrict inverse,
                                   const float *restrict scale, const float *restrict sums,
                                   const float *restrict products, float share, int64_t count, int64_t width)
{
    for (int64_t i = 0; i < count; i++, x += width, gradient += width, out += width)
        for (int64_t j = 0; j < width; j++) {
            const float normal = (x[j] - mean[j]) * inverse[j];
            out[j] = scale[j] * inverse[j] * (gradient[j] - share * (sums[j] + normal * products[j]));
        }
}

/* What the optimiser averages: what was measured, or, so that nothing moves, what is there. */
static void tell_averages(NnGraph *graph, NnCell *cell, float *const *targets, int64_t width)
{
    for (int i = MEAN; i <= VARIANCE; i++)
        if (targets[i])
            nn_scale_into(targets[i], graph->loss_weight,
                          cell->flag ? cell->kept + (i == MEAN ? 2 : 3) * width : nn_cell_input(graph, cell, i)->values,
                          width);
}

static BaseStatus batch_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const Rows rows = rows_of(graph, cell);
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    const float *const mean = cell->kept, *const inverse = mean + rows.width;
    float *const sums = graph->scratch, *const products = sums + rows.width;
    nn_zero(sums, 2 * rows.width);
    sum_columns(sums, products, cell->gradient, x, mean, inverse, rows.count, rows.width);
    if (targets[0])
        columns_back(targets[0], cell->gradient, x, mean, inverse, nn_cell_input(graph, cell, SCALE)->values, sums,
                     products, cell->flag ? 1.0f / (float)rows.count : 0.0f, rows.count, rows.width);
    if (targets[SCALE])
        nn_copy(targets[SCALE], products, rows.width);
    if (targets[SHIFT])
        nn_copy(targets[SHIFT], sums, rows.width);
    tell_averages(graph, cell, targets, rows.width);
    return BASE_OK;
}

static const NnOp batch_op = {.name = "nn_batch_norm",
                              .forward = batch_forward,
                              .backward = batch_backward,
                              .scratch = batch_scratch,
                              .kept = batch_kept};

/* ---- Layer ------------------------------------------------------------------------------------------------------ */

/* kept: for each row, the mean and 1 / deviation. */
static int64_t layer_kept(const NnGraph *graph, const NnCell *cell)
{
    return 2 * (nn_cell_max_size(graph, cell) / last_axis(cell->shape));
}

NN_KERNEL static void normalize_row(float *restrict y, const float *restrict x, const float *restrict scale,
                                    const float *restrict shift, float epsilon, float *restrict kept, int64_t width)
{
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < width; j++)
        sum += x[j];
    const float mean = sum / (float)width;
#pragma omp simd reduction(+ : squares)
    for (int64_t j = 0; j < width; j++)
        squares += (x[j] - mean) * (x[j] - mean);
    const float inverse = 1.0f / sqrtf(squares / (float)width + epsilon);
    for (int64_t j = 0; j < width; j++)
        y[j] = (x[j] - mean) * inverse * scale[j] + shift[j];
    kept[0] = mean;
    kept[1] = inverse;
}

NN_KERNEL static void row_back(float *restrict out, const float *restrict gradient, const float *restrict x,
                               const float *restrict scale, const float *restrict kept, int64_t width)
{
    const float mean = kept[0], inverse = kept[1];
    float sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
    for (int64_t j = 0; j < width; j++) {
        sum += scale[j] * gradient[j];
        product += scale[j] * gradient[j] * (x[j] - mean) * inverse;
    }
    sum /= (float)width;
    product /= (float)width;
    for (int64_t j = 0; j < width; j++)
        out[j] = inverse * (scale[j] * gradient[j] - sum - (x[j] - mean) * inverse * product);
}

NN_KERNEL static void add_normal_row(float *restrict out, const float *restrict gradient, const float *restrict x,
                                     const float *restrict kept, int64_t width)
{
    for (int64_t j = 0; j < width; j++)
        out[j] += gradient[j] * (x[j] - kept[0]) * kept[1];
}

static BaseStatus layer_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Rows rows = rows_of(graph, cell);
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    for (int64_t i = 0; i < rows.count; i++)
        normalize_row(cell->values + i * rows.width, x + i * rows.width, nn_cell_input(graph, cell, SCALE)->values,
                      nn_cell_input(graph, cell, SHIFT)->values, cell->factor, cell->kept + 2 * i, rows.width);
    return BASE_OK;
}

static BaseStatus layer_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const Rows rows = rows_of(graph, cell);
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    if (targets[SCALE])
        nn_zero(targets[SCALE], rows.width);
    if (targets[SHIFT])
        nn_sum_rows(targets[SHIFT], cell->gradient, rows.count, rows.width);
    for (int64_t i = 0; i < rows.count; i++) {
        const float *const gradient = cell->gradient + i * rows.width, *const row = x + i * rows.width;
        if (targets[0])
            row_back(targets[0] + i * rows.width, gradient, row, nn_cell_input(graph, cell, SCALE)->values,
                     cell->kept + 2 * i, rows.width);
        if (targets[SCALE])
            add_normal_row(targets[SCALE], gradient, row, cell->kept + 2 * i, rows.width);
    }
    return BASE_OK;
}

static const NnOp layer_op = {
    .name = "nn_layer_norm", .forward = layer_forward, .backward = layer_backward, .kept = layer_kept};

/* ---- Both ------------------------------------------------------------------------------------------------------- */

static NnNode add_norm(NnGraph *graph, const NnOp *op, int count, const NnNode *inputs, float epsilon)
{
    char text[NN_SHAPE_TEXT], other[NN_SHAPE_TEXT];
    if (!nn_nodes_good(graph, op->name, false, count, inputs))
        return -1;
    const NnShape shape = nn_node_shape(graph, inputs[0]);
    for (int i = 1; i < count; i++) {
        const NnShape row = nn_node_shape(graph, inputs[i]);
        if (row.rank != 1 || row.dims[0] != last_axis(shape))
            return nn_graph_fault(graph, "%s: x %s and a parameter %s: wants one number for each of the last axis",
                                  op->name, nn_shape_text(shape, text), nn_shape_text(row, other));
    }
    NnCell *const cell = nn_cell_add(graph, op, shape, count, inputs);
    if (cell)
        cell->factor = epsilon > 0.0f ? epsilon : 1e-5f;
    return nn_cell_node(graph, cell);
}

NnNode nn_batch_norm(NnGraph *graph, NnNode x, int scale, int shift, int mean, int variance, float epsilon)
{
    const NnNode inputs[] = {x, nn_parameter(graph, scale), nn_parameter(graph, shift), nn_parameter(graph, mean),
                             nn_parameter(graph, variance)};
    const NnParameters *const parameters = graph->parameters;
    for (int i = MEAN; i <= VARIANCE; i++)
        if (inputs[i] >= 0 && nn_parameter_role(parameters, i == MEAN ? mean : variance) != NN_AVERAGED)
            return nn_graph_fault(graph, "nn_batch_norm: \"%s\" is not NN_AVERAGED",
                                  nn_parameter_name(parameters, i == MEAN ? mean : variance));
    return add_norm(graph, &batch_op, 5, inputs, epsilon);
}

NnNode nn_layer_norm(NnGraph *graph, NnNode x, int scale, int shift, float epsilon)
{
    const NnNode inputs[] = {x, nn_parameter(graph, scale), nn_parameter(graph, shift)};
    return add_norm(graph, &layer_op, 3, inputs, epsilon);
}
