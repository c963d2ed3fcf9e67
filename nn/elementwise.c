/* Number by number: sums, products, the usual curves, dropout. */
#include "nn/activation.h"
#include "nn/graph.h"
#include "nn/kernel.h"
#include "nn/tensor.h"

#include <math.h>

/* ---- Two operands; b serves every block of a that has b's size ----------------------------------------------------
 */

typedef struct Pair {
    const float *a, *b;
    int64_t size, block;
} Pair;

static Pair pair_of(const NnGraph *graph, const NnCell *cell)
{
    const NnCell *const b = nn_cell_input(graph, cell, 1);
    return (Pair){.a = nn_cell_input(graph, cell, 0)->values,
                  .b = b->values,
                  .size = nn_cell_size(graph, cell),
                  .block = nn_cell_size(graph, b)};
}

NN_KERNEL static void add_block(float *restrict out, const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = a[i] + b[i];
}

NN_KERNEL static void sub_block(float *restrict out, const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = a[i] - b[i];
}

NN_KERNEL static void mul_block(float *restrict out, const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = a[i] * b[i];
}

NN_KERNEL static void add_product_block(float *restrict out, const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] += a[i] * b[i];
}

static BaseStatus add_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Pair p = pair_of(graph, cell);
    for (int64_t i = 0; i < p.size; i += p.block)
        add_block(cell->values + i, p.a + i, p.b, p.block);
    return BASE_OK;
}

static BaseStatus add_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const Pair p = pair_of(graph, cell);
    if (targets[0])
        nn_copy(targets[0], cell->gradient, p.size);
    if (targets[1])
        nn_sum_rows(targets[1], cell->gradient, p.size / p.block, p.block);
    return BASE_OK;
}

static BaseStatus sub_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Pair p = pair_of(graph, cell);
    for (int64_t i = 0; i < p.size; i += p.block)
        sub_block(cell->values + i, p.a + i, p.b, p.block);
    return BASE_OK;
}

static BaseStatus sub_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const Pair p = pair_of(graph, cell);
    if (targets[0])
        nn_copy(targets[0], cell->gradient, p.size);
    if (!targets[1])
        return BASE_OK;
    nn_zero(targets[1], p.block);
    for (int64_t i = 0; i < p.size; i += p.block)
        nn_add_scaled(targets[1], -1.0f, cell->gradient + i, p.block);
    return BASE_OK;
}

static BaseStatus mul_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Pair p = pair_of(graph, cell);
    for (int64_t i = 0; i < p.size; i += p.block)
        mul_block(cell->values + i, p.a + i, p.b, p.block);
    return BASE_OK;
}

static BaseStatus mul_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const Pair p = pair_of(graph, cell);
    for (int64_t i = 0; targets[0] && i < p.size; i += p.block)
        mul_block(targets[0] + i, cell->gradient + i, p.b, p.block);
    if (!targets[1])
        return BASE_OK;
    mul_block(targets[1], cell->gradient, p.a, p.block);
    for (int64_t i = p.block; i < p.size; i += p.block)
        add_product_block(targets[1], cell->gradient + i, p.a + i, p.block);
    return BASE_OK;
}

static const NnOp add_op = {.name = "nn_add", .forward = add_forward, .backward = add_backward};
static const NnOp sub_op = {.name = "nn_sub", .forward = sub_forward, .backward = sub_backward};
static const NnOp mul_op = {.name = "nn_mul", .forward = mul_forward, .backward = mul_backward};

static NnNode add_pair(NnGraph *graph, const NnOp *op, NnNode a, NnNode b)
{
    char a_text[NN_SHAPE_TEXT], b_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {a, b};
    if (!nn_nodes_good(graph, op->name, false, 2, inputs))
        return -1;
    const NnShape left = nn_node_shape(graph, a), right = nn_node_shape(graph, b);
    const bool is_row = right.rank == 1 && right.dims[0] == left.dims[left.rank - 1];
    if (!nn_shape_equal(left, right) && !is_row)
        return nn_graph_fault(graph, "%s: %s and %s: the second is neither of the first's shape nor one row of it",
                              op->name, nn_shape_text(left, a_text), nn_shape_text(right, b_text));
    return nn_cell_node(graph, nn_cell_add(graph, op, left, 2, inputs));
}

NnNode nn_add(NnGraph *graph, NnNode a, NnNode b)
{
    return add_pair(graph, &add_op, a, b);
}

NnNode nn_sub(NnGraph *graph, NnNode a, NnNode b)
{
    return add_pair(graph, &sub_op, a, b);
}

NnNode nn_mul(NnGraph *graph, NnNode a, NnNode b)
{
    return add_pair(graph, &mul_op, a, b);
}

/* ---- One operand --------------------------------------------------------------------------------------------------
 */

static NnNode add_curve(NnGraph *graph, const NnOp *op, NnNode x, float factor)
{
    if (!nn_nodes_good(graph, op->name, false, 1, &x))
        return -1;
    NnCell *const cell = nn_cell_add(graph, op, nn_node_shape(graph, x), 1, &x);
    if (cell)
        cell->factor = factor;
    return nn_cell_node(graph, cell);
}

static BaseStatus scale_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    nn_scale_into(cell->values, cell->factor, nn_cell_input(graph, cell, 0)->values, nn_cell_size(graph, cell));
    return BASE_OK;
}

static BaseStatus scale_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    if (targets[0])
        nn_scale_into(targets[0], cell->factor, cell->gradient, nn_cell_size(graph, cell));
    return BASE_OK;
}

static const NnOp scale_op = {.name = "nn_scale", .forward = scale_forward, .backward = scale_backward};

NnNode nn_scale(NnGraph *graph, NnNode x, float factor)
{
    return add_curve(graph, &scale_op, x, factor);
}

/* Written so that NaN stays NaN: a fault upstream must not be hidden. */
NN_KERNEL static void relu(float *restrict out, const float *restrict x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = x[i] < 0.0f ? 0.0f : x[i];
}

static BaseStatus relu_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    relu(cell->values, nn_cell_input(graph, cell, 0)->values, nn_cell_size(graph, cell));
    return BASE_OK;
}

static BaseStatus relu_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    if (targets[0])
        nn_activation_gradient(NN_RELU, cell->gradient, cell->values, targets[0], nn_cell_size(graph, cell));
    return BASE_OK;
}

static const NnOp relu_op = {.name = "nn_relu", .forward = relu_forward, .backward = relu_backward};

NnNode nn_relu(NnGraph *graph, NnNode x)
{
    return add_curve(graph, &relu_op, x, 0);
}

/* y = 1 / (1 + e^-x); y' = y (1 - y). */
NN_KERNEL static void sigmoid(float *restrict out, const float *restrict x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = 1.0f / (1.0f + nn_exp(-x[i]));
}

NN_KERNEL static void sigmoid_gradient(float *restrict out, const float *restrict gradient, const float *restrict y,
                                       int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = gradient[i] * y[i] * (1.0f - y[i]);
}

static BaseStatus sigmoid_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    sigmoid(cell->values, nn_cell_input(graph, cell, 0)->values, nn_cell_size(graph, cell));
    return BASE_OK;
}

static BaseStatus sigmoid_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    if (targets[0])
        sigmoid_gradient(targets[0], cell->gradient, cell->values, nn_cell_size(graph, cell));
    return BASE_OK;
}

static const NnOp sigmoid_op = {.name = "nn_sigmoid", .forward = sigmoid_forward, .backward = sigmoid_backward};

NnNode nn_sigmoid(NnGraph *graph, NnNode x)
{
    return add_curve(graph, &sigmoid_op, x, 0);
}

/* y' = 1 - y^2. */
static BaseStatus tanh_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    const int64_t size = nn_cell_size(graph, cell);
    for (int64_t i = 0; i < size; i++)
        cell->values[i] = tanhf(x[i]);
    return BASE_OK;
}

static BaseStatus tanh_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const int64_t size = nn_cell_size(graph, cell);
    for (int64_t i = 0; targets[0] && i < size; i++)
        targets[0][i] = cell->gradient[i] * (1.0f - cell->values[i] * cell->values[i]);
    return BASE_OK;
}

static const NnOp tanh_op = {.name = "nn_tanh", .forward = tanh_forward, .backward = tanh_backward};

NnNode nn_tanh(NnGraph *graph, NnNode x)
{
    return add_curve(graph, &tanh_op, x, 0);
}

/* ---- Dropout ------------------------------------------------------------------------------------------------------
 */

/* While training, each number is dropped with probability `rate` and the others grow by 1 / (1 - rate), so that the sum
 * stays what it is on average (Srivastava et al. 2014). What was kept is remembered as the factors. */
static BaseStatus dropout_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    const int64_t size = nn_cell_size(graph, cell);
    const float grow = 1.0f / (1.0f - cell->factor);
    const uint64_t limit = (uint64_t)((double)cell->factor * 0x1p32);
    for (int64_t i = 0; i < size; i++) {
        const bool is_dropped = graph->is_training && base_random_next(&cell->random) >> 32 < limit;
        cell->kept[i] = !graph->is_training ? 1.0f : is_dropped ? 0.0f : grow;
    }
    mul_block(cell->values, x, cell->kept, size);
    return BASE_OK;
}

static BaseStatus dropout_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    if (targets[0])
        mul_block(targets[0], cell->gradient, cell->kept, nn_cell_size(graph, cell));
    return BASE_OK;
}

static const NnOp dropout_op = {
    .name = "nn_dropout", .forward = dropout_forward, .backward = dropout_backward, .kept = nn_cell_max_size};

NnNode nn_dropout(NnGraph *graph, NnNode x, float rate)
{
    if (!(rate >= 0.0f && rate < 1.0f))
        return nn_graph_fault(graph, "nn_dropout: a rate of %g is not within [0, 1)", (double)rate);
    const NnNode node = add_curve(graph, &dropout_op, x, rate);
    if (node >= 0)
        base_random_seed(&nn_cell_at(graph, node)->random, base_mix(graph->seed + 1) + (uint64_t)node);
    return node;
}
