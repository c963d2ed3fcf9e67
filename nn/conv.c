/* The convolution ops: nn_conv2d, and nn_conv2d_transposed, which is its adjoint (Dumoulin, Visin, "A guide to
 * convolution arithmetic for deep learning", 2016). */
#include "nn/activation.h"
#include "nn/convolution.h"
#include "nn/graph.h"
#include "nn/tensor.h"

/* The convolution from the cell's image `from` to its image `to`, both [n, h, w, c]. */
static NnConvolution convolution(const NnCell *cell, const NnShape *from, const NnShape *weight, const NnShape *to,
                                 int64_t batch)
{
    return (NnConvolution){.batch = batch,
                           .height = from->dims[1],
                           .width = from->dims[2],
                           .channels = from->dims[3],
                           .kernel_height = weight->dims[0],
                           .kernel_width = weight->dims[1],
                           .stride = cell->window.stride,
                           .pad_top = cell->window.pad_top,
                           .pad_left = cell->window.pad_left,
                           .groups = cell->window.groups,
                           .out_height = to->dims[1],
                           .out_width = to->dims[2],
                           .out_channels = to->dims[3]};
}

/* flag: transposed; the convolution then leads from the result to x. */
static NnConvolution conv_of(const NnGraph *graph, const NnCell *cell, int64_t batch)
{
    const NnShape *const x = &nn_cell_input(graph, cell, 0)->shape;
    const NnShape *const weight = &nn_cell_input(graph, cell, 1)->shape;
    return cell->flag ? convolution(cell, &cell->shape, weight, x, batch)
                      : convolution(cell, x, weight, &cell->shape, batch);
}

/* That of the convolution, and the gradient before the activation. */
static int64_t conv_scratch(const NnGraph *graph, const NnCell *cell)
{
    const NnConvolution conv = conv_of(graph, cell, nn_cell_max_rows(graph, cell));
    return nn_convolution_scratch(&conv) + (cell->activation == NN_LINEAR ? 0 : nn_cell_max_size(graph, cell));
}

static BaseStatus conv_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const NnConvolution conv = conv_of(graph, cell, nn_cell_rows(graph, cell));
    const float *const x = nn_cell_input(graph, cell, 0)->values, *const weight = nn_cell_input(graph, cell, 1)->values;
    const int64_t channels = cell->shape.dims[3];
    if (cell->flag)
        nn_convolution_back(&conv, NULL, weight, x, cell->values, NULL, graph->scratch);
    else
        nn_convolution_apply(&conv, x, weight, cell->values, graph->scratch);
    if (cell->input_count == 3)
        nn_activate(cell->activation, cell->values, nn_cell_input(graph, cell, 2)->values,
                    nn_cell_size(graph, cell) / channels, channels);
    return BASE_OK;
}

static BaseStatus conv_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const NnConvolution conv = conv_of(graph, cell, nn_cell_rows(graph, cell));
    const float *const x = nn_cell_input(graph, cell, 0)->values, *const weight = nn_cell_input(graph, cell, 1)->values;
    const int64_t count = nn_cell_size(graph, cell), channels = cell->shape.dims[3];
    float *const room = graph->scratch, *const rest = room + (cell->activation == NN_LINEAR ? 0 : count);
    const float *const gradient = nn_activation_gradient(cell->activation, cell->gradient, cell->values, room, count);
    if (targets[2])
        nn_sum_rows(targets[2], gradient, count / channels, channels);
    if (!cell->flag) {
        nn_convolution_back(&conv, x, weight, gradient, targets[0], targets[1], rest);
        return BASE_OK;
    }
    if (targets[0])
        nn_convolution_apply(&conv, gradient, weight, targets[0], rest);
    if (targets[1])
        nn_convolution_back(&conv, gradient, weight, x, NULL, targets[1], rest);
    return BASE_OK;
}

static const NnOp conv_op = {
    .name = "nn_conv2d", .forward = conv_forward, .backward = conv_backward, .scratch = conv_scratch};
static const NnOp transposed_op = {
    .name = "nn_conv2d_transposed", .forward = conv_forward, .backward = conv_backward, .scratch = conv_scratch};

/* ---- Shapes ----------------------------------------------------------------------------------------------------- */

/* `padding` is before the first; what lies behind the last follows from the result's side. 0: the window does not fit.
 */
static int64_t result_side(int64_t side, int64_t kernel, int64_t stride, bool is_same, int64_t *padding)
{
    if (!is_same)
        return side + 2 * *padding < kernel ? 0 : (side + 2 * *padding - kernel) / stride + 1;
    const int64_t result = (side + stride - 1) / stride, all = (result - 1) * stride + kernel - side;
    *padding = all > 0 ? all / 2 : 0;
    return result;
}

bool nn_window_shape(NnShape x, int64_t height, int64_t width, bool is_same, NnWindow *window, NnShape *out)
{
    *out = x;
    out->dims[1] = result_side(x.dims[1], height, window->stride, is_same, &window->pad_top);
    out->dims[2] = result_side(x.dims[2], width, window->stride, is_same, &window->pad_left);
    return out->dims[1] > 0 && out->dims[2] > 0;
}

static bool options_good(const NnConv *options)
{
    return options->stride >= 0 && options->padding >= 0 && options->groups >= 0;
}

static NnWindow window_of(const NnConv *options)
{
    return (NnWindow){.stride = options->stride ? options->stride : 1,
                      .groups = options->groups ? options->groups : 1,
                      .pad_top = options->padding,
                      .pad_left = options->padding};
}

static NnNode add_conv(NnGraph *graph, const NnOp *op, NnShape shape, int count, const NnNode *inputs, NnWindow window,
                       const NnConv *options)
{
    if (options->activation != NN_LINEAR && count < 3)
        return nn_graph_fault(graph, "%s: an activation wants a bias", op->name);
    NnCell *const cell = nn_cell_add(graph, op, shape, count, inputs);
    if (cell) {
        cell->window = window;
        cell->activation = options->activation;
        cell->flag = op == &transposed_op;
    }
    return nn_cell_node(graph, cell);
}

NnNode nn_conv2d(NnGraph *graph, NnNode x, int weight, int bias, NnConv options)
{
    char x_text[NN_SHAPE_TEXT], weight_text[NN_SHAPE_TEXT], bias_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {x, nn_parameter(graph, weight), bias < 0 ? 0 : nn_parameter(graph, bias)};
    const int count = bias < 0 ? 2 : 3;
    if (!nn_nodes_good(graph, "nn_conv2d", false, count, inputs))
        return -1;
    const NnShape from = nn_node_shape(graph, x), w = nn_node_shape(graph, inputs[1]);
    const NnShape b = bias < 0 ? NN_SHAPE(w.rank == 4 ? w.dims[3] : 0) : nn_node_shape(graph, inputs[2]);
    NnWindow window = window_of(&options);
    NnShape shape = {0};
    if (!options_good(&options) || from.rank != 4 || w.rank != 4 || b.rank != 1 || w.dims[3] != b.dims[0] ||
        from.dims[3] % window.groups != 0 || w.dims[3] % window.groups != 0 ||
        from.dims[3] / window.groups != w.dims[2] ||
        !nn_window_shape(from, w.dims[0], w.dims[1], options.same, &window, &shape))
        return nn_graph_fault(
            graph,
            "nn_conv2d: x %s, weight %s, bias %s, %d groups: wants [n, h, w, c], [kh, kw, c / groups, "
            "out], [out], h and w with their padding not below kh and kw",
            nn_shape_text(from, x_text), nn_shape_text(w, weight_text), nn_shape_text(b, bias_text),
            (int)window.groups);
    shape.dims[3] = w.dims[3];
    return add_conv(graph, &conv_op, shape, count, inputs, window, &options);
}

NnNode nn_conv2d_transposed(NnGraph *graph, NnNode x, int weight, int bias, NnConv options)
{
    char x_text[NN_SHAPE_TEXT], weight_text[NN_SHAPE_TEXT], bias_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {x, nn_parameter(graph, weight), bias < 0 ? 0 : nn_parameter(graph, bias)};
    const int count = bias < 0 ? 2 : 3;
    if (!nn_nodes_good(graph, "nn_conv2d_transposed", false, count, inputs))
        return -1;
    const NnShape from = nn_node_shape(graph, x), w = nn_node_shape(graph, inputs[1]);
    NnWindow window = window_of(&options);
    const int64_t out = w.rank == 4 ? w.dims[2] * window.groups : 0;
    const NnShape b = bias < 0 ? NN_SHAPE(out) : nn_node_shape(graph, inputs[2]);
    NnShape shape = from, back = {0};
    bool is_good = options_good(&options) && from.rank == 4 && w.rank == 4 && b.rank == 1 && b.dims[0] == out &&
                   from.dims[3] == w.dims[3] && w.dims[3] % window.groups == 0;
    for (int i = 1; is_good && i <= 2; i++)
        shape.dims[i] = options.same ? from.dims[i] * window.stride
                                     : (from.dims[i] - 1) * window.stride + w.dims[i - 1] - 2 * options.padding;
    shape.dims[3] = out;
    if (!is_good || shape.dims[1] < 1 || shape.dims[2] < 1 ||
        !nn_window_shape(shape, w.dims[0], w.dims[1], options.same, &window, &back))
        return nn_graph_fault(graph,
                              "nn_conv2d_transposed: x %s, weight %s, bias %s, %d groups: wants [n, h, w, c], [kh, kw, "
                              "out / groups, c], [out]",
                              nn_shape_text(from, x_text), nn_shape_text(w, weight_text), nn_shape_text(b, bias_text),
                              (int)window.groups);
    return add_conv(graph, &transposed_op, shape, count, inputs, window, &options);
}
