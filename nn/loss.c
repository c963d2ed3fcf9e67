/* Losses: one number, the mean over the rows. Sums over many rows and classes are kept in double. */
#include "nn/graph.h"
#include "nn/kernel.h"
#include "nn/tensor.h"

#include <math.h>

/* ---- nn_cross_entropy: inputs logits, labels; keeps log(sum of e^x) of each row -----------------------------------
 */

/* The greatest is taken off before e^x and put back after the log. */
NN_KERNEL static float log_sum_exp(const float *restrict x, int64_t width)
{
    const float most = nn_max(x, width);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < width; i++)
        sum += nn_exp(x[i] - most);
    return most + logf(sum);
}

NN_KERNEL static float row_sum(const float *restrict x, int64_t width)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < width; i++)
        sum += x[i];
    return sum;
}

/* The target is 1 - s on the label and s / classes on every class: the loss is
 * log(sum of e^x) - (1 - s) x[label] - s mean(x). */
static BaseStatus cross_entropy_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    const NnCell *const logits = nn_cell_input(graph, cell, 0);
    const int32_t *const labels = nn_cell_indices(nn_cell_input(graph, cell, 1));
    const int64_t rows = nn_cell_rows(graph, logits), classes = nn_cell_width(logits);
    double sum = 0;
    for (int64_t i = 0; i < rows; i++) {
        const float *const x = logits->values + i * classes;
        if (labels[i] < 0 || labels[i] >= classes)
            return base_fail(err, BASE_BAD_INPUT, "label %d of row %lld: there are classes 0 to %lld", labels[i],
                             (long long)i, (long long)classes - 1);
        cell->kept[i] = log_sum_exp(x, classes);
        sum += (double)cell->kept[i] - (1.0 - (double)cell->factor) * (double)x[labels[i]];
        if (cell->factor != 0.0f)
            sum -= (double)cell->factor / (double)classes * (double)row_sum(x, classes);
    }
    cell->values[0] = (float)(sum / (double)rows);
    return BASE_OK;
}

/* By each logit: its softmax less its target. */
NN_KERNEL static void cross_entropy_row(float *restrict out, const float *restrict x, float log_sum, float spread,
                                        float factor, int64_t width)
{
    for (int64_t i = 0; i < width; i++)
        out[i] = factor * (nn_exp(x[i] - log_sum) - spread);
}

static BaseStatus cross_entropy_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const NnCell *const logits = nn_cell_input(graph, cell, 0);
    const int32_t *const labels = nn_cell_indices(nn_cell_input(graph, cell, 1));
    const int64_t rows = nn_cell_rows(graph, logits), classes = nn_cell_width(logits);
    const float factor = cell->gradient[0] / (float)rows, spread = cell->factor / (float)classes;
    for (int64_t i = 0; targets[0] && i < rows; i++) {
        float *const out = targets[0] + i * classes;
        cross_entropy_row(out, logits->values + i * classes, cell->kept[i], spread, factor, classes);
        out[labels[i]] -= factor * (1.0f - cell->factor);
    }
    return BASE_OK;
}

static int64_t cross_entropy_kept(const NnGraph *graph, const NnCell *cell)
{
    return nn_cell_max_rows(graph, nn_cell_input(graph, cell, 0));
}

static const NnOp cross_entropy_op = {.name = "nn_cross_entropy",
                                      .forward = cross_entropy_forward,
                                      .backward = cross_entropy_backward,
                                      .kept = cross_entropy_kept};

NnNode nn_cross_entropy(NnGraph *graph, NnNode logits, NnNode labels, float smoothing)
{
    char text[NN_SHAPE_TEXT], label_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {logits, labels};
    if (!nn_nodes_good(graph, "nn_cross_entropy", false, 1, &logits) ||
        !nn_nodes_good(graph, "nn_cross_entropy", true, 1, &labels))
        return -1;
    const NnShape rows = nn_node_shape(graph, logits), picks = nn_node_shape(graph, labels);
    if (rows.rank != 2 || picks.rank != 1 || rows.dims[0] != picks.dims[0])
        return nn_graph_fault(graph, "nn_cross_entropy: logits %s, labels %s: wants [n, classes] and [n]",
                              nn_shape_text(rows, text), nn_shape_text(picks, label_text));
    if (!(smoothing >= 0.0f && smoothing <= 1.0f))
        return nn_graph_fault(graph, "nn_cross_entropy: a smoothing of %g is not within [0, 1]", (double)smoothing);
    NnCell *const cell = nn_cell_add(graph, &cross_entropy_op, NN_SHAPE(1), 2, inputs);
    if (cell)
        cell->factor = smoothing;
    return nn_cell_node(graph, cell);
}

/* ---- nn_binary_cross_entropy: inputs logits, targets ---------------------------------------------------------------
 */

/* -t log s(x) - (1 - t) log(1 - s(x)), s the sigmoid, in a form without large powers:
 * max(x, 0) - t x + log(1 + e^-|x|). */
static BaseStatus binary_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const NnCell *const logits = nn_cell_input(graph, cell, 0);
    const float *const x = logits->values, *const t = nn_cell_input(graph, cell, 1)->values;
    const int64_t size = nn_cell_size(graph, logits);
    double sum = 0;
    for (int64_t i = 0; i < size; i++) {
        const float above = x[i] < 0.0f ? 0.0f : x[i];
        sum += (double)(above - t[i] * x[i] + log1pf(nn_exp(-fabsf(x[i]))));
    }
    cell->values[0] = (float)(sum / (double)nn_cell_rows(graph, logits));
    return BASE_OK;
}

NN_KERNEL static void binary_gradient(float *restrict out, const float *restrict x, const float *restrict t,
                                      float factor, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = factor * (1.0f / (1.0f + nn_exp(-x[i])) - t[i]);
}

static BaseStatus binary_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const NnCell *const logits = nn_cell_input(graph, cell, 0);
    const int64_t size = nn_cell_size(graph, logits);
    const float factor = cell->gradient[0] / (float)nn_cell_rows(graph, logits);
    if (targets[0])
        binary_gradient(targets[0], logits->values, nn_cell_input(graph, cell, 1)->values, factor, size);
    if (targets[1])
        nn_scale_into(targets[1], -factor, logits->values, size);
    return BASE_OK;
}

static const NnOp binary_op = {
    .name = "nn_binary_cross_entropy", .forward = binary_forward, .backward = binary_backward};

NnNode nn_binary_cross_entropy(NnGraph *graph, NnNode logits, NnNode targets)
{
    char x_text[NN_SHAPE_TEXT], t_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {logits, targets};
    if (!nn_nodes_good(graph, "nn_binary_cross_entropy", false, 2, inputs))
        return -1;
    const NnShape x = nn_node_shape(graph, logits), t = nn_node_shape(graph, targets);
    if (!nn_shape_equal(x, t))
        return nn_graph_fault(graph, "nn_binary_cross_entropy: logits %s, targets %s: wants the same shape",
                              nn_shape_text(x, x_text), nn_shape_text(t, t_text));
    return nn_cell_node(graph, nn_cell_add(graph, &binary_op, NN_SHAPE(1), 2, inputs));
}

/* ---- nn_mean_power: mean over rows of the sum of |x|^p --------------------------------------------------------------
 */

NN_KERNEL static float power_row(const float *restrict x, int p, int64_t width)
{
    float sum = 0;
    if (p == 2) {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < width; i++)
            sum += x[i] * x[i];
    } else {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < width; i++)
            sum += fabsf(x[i]) * x[i] * x[i];
    }
    return sum;
}

static BaseStatus power_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const NnCell *const x = nn_cell_input(graph, cell, 0);
    const int64_t rows = nn_cell_rows(graph, x), width = nn_cell_width(x);
    double sum = 0;
    for (int64_t i = 0; i < rows; i++)
        sum += (double)power_row(x->values + i * width, cell->size, width);
    cell->values[0] = (float)(sum / (double)rows);
    return BASE_OK;
}

/* p x |x|^(p - 2). */
NN_KERNEL static void power_gradient(float *restrict out, const float *restrict x, int p, float factor, int64_t count)
{
    if (p == 2) {
        for (int64_t i = 0; i < count; i++)
            out[i] = 2.0f * factor * x[i];
    } else {
        for (int64_t i = 0; i < count; i++)
            out[i] = 3.0f * factor * x[i] * fabsf(x[i]);
    }
}

static BaseStatus power_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const NnCell *const x = nn_cell_input(graph, cell, 0);
    if (targets[0])
        power_gradient(targets[0], x->values, cell->size, cell->gradient[0] / (float)nn_cell_rows(graph, x),
                       nn_cell_size(graph, x));
    return BASE_OK;
}

static const NnOp power_op = {.name = "nn_mean_power", .forward = power_forward, .backward = power_backward};

NnNode nn_mean_power(NnGraph *graph, NnNode x, int p)
{
    if (!nn_nodes_good(graph, "nn_mean_power", false, 1, &x))
        return -1;
    if (p != 2 && p != 3)
        return nn_graph_fault(graph, "nn_mean_power: p = %d, it is 2 or 3", p);
    NnCell *const cell = nn_cell_add(graph, &power_op, NN_SHAPE(1), 1, &x);
    if (cell)
        cell->size = p;
    return nn_cell_node(graph, cell);
}

NnNode nn_mean_square(NnGraph *graph, NnNode x)
{
    return nn_mean_power(graph, x, 2);
}
