/* Matrix products: between two tensors, and the dense layer, which fuses bias and activation. */
#include "nn/activation.h"
#include "nn/graph.h"
#include "nn/tensor.h"

static NnMatrix plain(const float *values, int64_t stride)
{
    return (NnMatrix){.values = values, .stride = stride, .transpose = NN_PLAIN};
}

static NnMatrix transposed(const float *values, int64_t stride)
{
    return (NnMatrix){.values = values, .stride = stride, .transpose = NN_TRANSPOSED};
}

/* ---- nn_matmul ----------------------------------------------------------------------------------------------------
 */

static BaseStatus matmul_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const NnCell *const a = nn_cell_input(graph, cell, 0), *const b = nn_cell_input(graph, cell, 1);
    const int64_t m = nn_cell_rows(graph, cell), n = cell->shape.dims[1], k = a->shape.dims[1];
    nn_gemm(m, n, k, 1.0f, plain(a->values, k), cell->flag ? transposed(b->values, k) : plain(b->values, n), 0.0f,
            cell->values, n);
    return BASE_OK;
}

/* y = a b: da = g b^T, db = a^T g. y = a b^T: da = g b, db = g^T a. */
static BaseStatus matmul_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const NnCell *const a = nn_cell_input(graph, cell, 0), *const b = nn_cell_input(graph, cell, 1);
    const int64_t m = nn_cell_rows(graph, cell), n = cell->shape.dims[1], k = a->shape.dims[1];
    const float *const gradient = cell->gradient;
    if (targets[0])
        nn_gemm(m, k, n, 1.0f, plain(gradient, n), cell->flag ? plain(b->values, k) : transposed(b->values, n), 0.0f,
                targets[0], k);
    if (targets[1] && cell->flag)
        nn_gemm(n, k, m, 1.0f, transposed(gradient, n), plain(a->values, k), 0.0f, targets[1], k);
    else if (targets[1])
        nn_gemm(k, n, m, 1.0f, transposed(a->values, k), plain(gradient, n), 0.0f, targets[1], n);
    return BASE_OK;
}

static const NnOp matmul_op = {.name = "nn_matmul", .forward = matmul_forward, .backward = matmul_backward};

NnNode nn_matmul(NnGraph *graph, NnNode a, NnNode b, bool transpose_b)
{
    char a_text[NN_SHAPE_TEXT], b_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {a, b};
    if (!nn_nodes_good(graph, "nn_matmul", false, 2, inputs))
        return -1;
    const NnShape left = nn_node_shape(graph, a), right = nn_node_shape(graph, b);
    const int inner = transpose_b ? 1 : 0;
    if (left.rank != 2 || right.rank != 2 || left.dims[1] != right.dims[inner] || right.dims[0] == NN_BATCH)
        return nn_graph_fault(graph, "nn_matmul: %s times %s%s: wants [m, k] times %s, n not the batch",
                              nn_shape_text(left, a_text), nn_shape_text(right, b_text),
                              transpose_b ? " transposed" : "", transpose_b ? "[n, k] transposed" : "[k, n]");
    NnCell *const cell = nn_cell_add(graph, &matmul_op, NN_SHAPE(left.dims[0], right.dims[1 - inner]), 2, inputs);
    if (cell)
        cell->flag = transpose_b;
    return nn_cell_node(graph, cell);
}

/* ---- nn_dense: inputs x, weight, bias -----------------------------------------------------------------------------
 */

static BaseStatus dense_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const NnCell *const x = nn_cell_input(graph, cell, 0);
    const int64_t rows = nn_cell_rows(graph, cell), out = cell->shape.dims[1], in = x->shape.dims[1];
    nn_gemm(rows, out, in, 1.0f, plain(x->values, in), plain(nn_cell_input(graph, cell, 1)->values, out), 0.0f,
            cell->values, out);
    nn_activate(cell->activation, cell->values, nn_cell_input(graph, cell, 2)->values, rows, out);
    return BASE_OK;
}

static BaseStatus dense_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const NnCell *const x = nn_cell_input(graph, cell, 0), *const weight = nn_cell_input(graph, cell, 1);
    const int64_t rows = nn_cell_rows(graph, cell), out = cell->shape.dims[1], in = x->shape.dims[1];
    const float *const gradient =
        nn_activation_gradient(cell->activation, cell->gradient, cell->values, graph->scratch, rows * out);
    if (targets[0])
        nn_gemm(rows, in, out, 1.0f, plain(gradient, out), transposed(weight->values, out), 0.0f, targets[0], in);
    if (targets[1])
        nn_gemm(in, out, rows, 1.0f, transposed(x->values, in), plain(gradient, out), 0.0f, targets[1], out);
    if (targets[2])
        nn_sum_rows(targets[2], gradient, rows, out);
    return BASE_OK;
}

static const NnOp dense_op = {
    .name = "nn_dense", .forward = dense_forward, .backward = dense_backward, .scratch = nn_cell_max_size};

NnNode nn_dense(NnGraph *graph, NnNode x, int weight, int bias, NnActivation activation)
{
    char x_text[NN_SHAPE_TEXT], weight_text[NN_SHAPE_TEXT], bias_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {x, nn_parameter(graph, weight), nn_parameter(graph, bias)};
    if (!nn_nodes_good(graph, "nn_dense", false, 3, inputs))
        return -1;
    const NnShape from = nn_node_shape(graph, x), w = nn_node_shape(graph, inputs[1]);
    const NnShape b = nn_node_shape(graph, inputs[2]);
    if (from.rank != 2 || w.rank != 2 || b.rank != 1 || from.dims[1] != w.dims[0] || w.dims[1] != b.dims[0])
        return nn_graph_fault(graph, "nn_dense: x %s, weight %s, bias %s: wants [n, in], [in, out], [out]",
                              nn_shape_text(from, x_text), nn_shape_text(w, weight_text), nn_shape_text(b, bias_text));
    NnCell *const cell = nn_cell_add(graph, &dense_op, NN_SHAPE(from.dims[0], w.dims[1]), 3, inputs);
    if (cell)
        cell->activation = activation;
    return nn_cell_node(graph, cell);
}
