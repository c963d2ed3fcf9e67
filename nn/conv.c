/* Convolution as a matrix product (im2col; Chellapilla, Puri, Simard, "High Performance Convolutional Neural Networks
 * for Document Processing", 2006): the window under each output pixel is laid out as a row of a matrix, `windows`
 * [pixels, kh * kw * c], and windows x weight [kh * kw * c, out] is the result. The matrix is made for some lines of
 * output at a time, so that it stays in the cache and its size does not depend on that of the batch or of the images.
 */
#include "nn/activation.h"
#include "nn/graph.h"
#include "nn/product.h"
#include "nn/tensor.h"
#include "nn/winograd.h"

/* Floats of one piece of `windows`, about half of a second-level cache; a single line may take more. */
#define PIECE (INT64_C(1) << 16)

typedef struct Conv {
    int64_t batch, height, width, channels;
    int64_t kernel_height, kernel_width;
    int64_t out_height, out_width, out_channels;
    int64_t window; /* numbers under one output pixel */
    int64_t lines;  /* of output in a piece */
} Conv;

static Conv conv_of(const NnGraph *graph, const NnCell *cell)
{
    const NnCell *const x = nn_cell_input(graph, cell, 0);
    const NnShape *const weight = &nn_cell_input(graph, cell, 1)->shape;
    Conv conv = {.batch = nn_cell_rows(graph, x),
                 .height = x->shape.dims[1],
                 .width = x->shape.dims[2],
                 .channels = x->shape.dims[3],
                 .kernel_height = weight->dims[0],
                 .kernel_width = weight->dims[1],
                 .out_height = cell->shape.dims[1],
                 .out_width = cell->shape.dims[2],
                 .out_channels = cell->shape.dims[3]};
    conv.window = conv.kernel_height * conv.kernel_width * conv.channels;
    conv.lines = PIECE / (conv.out_width * conv.window);
    conv.lines = conv.lines > 0 ? conv.lines : 1;
    return conv;
}

static bool is_winograd(const Conv *conv)
{
    return conv->kernel_height == 3 && conv->kernel_width == 3 && nn_winograd_fits(conv->channels, conv->out_channels);
}

static NnWinograd winograd_of(const Conv *conv)
{
    return (NnWinograd){.batch = conv->batch,
                        .height = conv->height,
                        .width = conv->width,
                        .channels = conv->channels,
                        .out_height = conv->out_height,
                        .out_width = conv->out_width,
                        .out_channels = conv->out_channels};
}

/* A piece of windows, and one of the gradient before the activation. */
static int64_t conv_scratch(const NnGraph *graph, const NnCell *cell)
{
    Conv conv = conv_of(graph, cell);
    conv.batch = nn_cell_max_rows(graph, nn_cell_input(graph, cell, 0));
    const int64_t result = conv.batch * conv.out_height * conv.out_width * conv.out_channels;
    const NnWinograd winograd = winograd_of(&conv);
    const int64_t wanted =
        is_winograd(&conv) ? nn_winograd_scratch(&winograd) : conv.lines * conv.out_width * conv.window;
    return wanted + (cell->activation == NN_LINEAR ? 0 : result);
}

/* The first pixel of x under output line `line`, lines counted through all images. */
static int64_t line_start(const Conv *conv, int64_t line)
{
    const int64_t image = line / conv->out_height, y = line % conv->out_height;
    return (image * conv->height + y) * conv->width * conv->channels;
}

/* The way back: each number of x sums up over the windows that it is in. */
static void add_windows(const Conv *conv, const float *windows, int64_t line, int64_t lines, float *x)
{
    const int64_t run = conv->kernel_width * conv->channels;
    for (int64_t i = line; i < line + lines; i++) {
        float *const start = x + line_start(conv, i);
        for (int64_t column = 0; column < conv->out_width; column++)
            for (int64_t y = 0; y < conv->kernel_height; y++, windows += run)
                nn_add_to(start + (y * conv->width + column) * conv->channels, windows, run);
    }
}

/* One line of output at a time: its windows are where x has them. */
static void forward_line(const Conv *conv, const float *x, const float *weight, float *out, int64_t line)
{
    nn_product(&(NnProduct){.m = conv->out_width,
                            .n = conv->out_channels,
                            .k = conv->kernel_width * conv->channels,
                            .segments = conv->kernel_height,
                            .a = x + line_start(conv, line),
                            .a_row = conv->channels,
                            .a_step = 1,
                            .a_segment = conv->width * conv->channels,
                            .b = weight,
                            .b_row = conv->out_channels,
                            .c = out,
                            .c_row = conv->out_channels});
}

static BaseStatus conv_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Conv conv = conv_of(graph, cell);
    const float *const x = nn_cell_input(graph, cell, 0)->values, *const weight = nn_cell_input(graph, cell, 1)->values;
    const float *const bias = nn_cell_input(graph, cell, 2)->values;
    const int64_t all = conv.batch * conv.out_height, size = conv.out_width * conv.out_channels;
    if (is_winograd(&conv)) {
        const NnWinograd winograd = winograd_of(&conv);
        nn_winograd_forward(&winograd, x, weight, cell->values, graph->scratch);
        nn_activate(cell->activation, cell->values, bias, all * conv.out_width, conv.out_channels);
        return BASE_OK;
    }
    for (int64_t line = 0; line < all; line++) {
        forward_line(&conv, x, weight, cell->values + line * size, line);
        nn_activate(cell->activation, cell->values + line * size, bias, conv.out_width, conv.out_channels);
    }
    return BASE_OK;
}

/* dweight = windows^T g, for one row of the kernel at a time: the windows' numbers that meet it lie side by side. */
static void weight_gradient(const Conv *conv, const float *x, const float *gradient, float *out)
{
    const int64_t run = conv->kernel_width * conv->channels, line = conv->width * conv->channels;
    for (int64_t image = 0; image < conv->batch; image++)
        for (int64_t i = 0; i < conv->kernel_height; i++)
            nn_product(&(NnProduct){.m = run,
                                    .n = conv->out_channels,
                                    .k = conv->out_width,
                                    .segments = conv->out_height,
                                    .a = x + image * conv->height * line + i * line,
                                    .a_row = 1,
                                    .a_step = conv->channels,
                                    .a_segment = line,
                                    .b = gradient + image * conv->out_height * conv->out_width * conv->out_channels,
                                    .b_row = conv->out_channels,
                                    .c = out + i * run * conv->out_channels,
                                    .c_row = conv->out_channels,
                                    .adds = image > 0});
}

/* dwindows = g weight^T, spread back over x. */
static void input_gradient(const Conv *conv, const float *weight, const float *gradient, float *out, float *windows)
{
    const int64_t all = conv->batch * conv->out_height, channels = conv->out_channels;
    const NnMatrix turned = {.values = weight, .stride = channels, .transpose = NN_TRANSPOSED};
    nn_zero(out, conv->batch * conv->height * conv->width * conv->channels);
    for (int64_t line = 0; line < all; line += conv->lines) {
        const int64_t lines = all - line < conv->lines ? all - line : conv->lines;
        const NnMatrix g = {.values = gradient + line * conv->out_width * channels, .stride = channels};
        nn_gemm(lines * conv->out_width, conv->window, channels, 1.0f, g, turned, 0.0f, windows, conv->window);
        add_windows(conv, windows, line, lines, out);
    }
}

static BaseStatus conv_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const Conv conv = conv_of(graph, cell);
    const float *const x = nn_cell_input(graph, cell, 0)->values, *const weight = nn_cell_input(graph, cell, 1)->values;
    const int64_t pixels = conv.batch * conv.out_height * conv.out_width, count = pixels * conv.out_channels;
    float *const room = graph->scratch, *const rest = room + (cell->activation == NN_LINEAR ? 0 : count);
    const float *const gradient = nn_activation_gradient(cell->activation, cell->gradient, cell->values, room, count);
    if (targets[2])
        nn_sum_rows(targets[2], gradient, pixels, conv.out_channels);
    if (is_winograd(&conv)) {
        const NnWinograd winograd = winograd_of(&conv);
        nn_winograd_backward(&winograd, x, weight, gradient, targets[0], targets[1], rest);
        return BASE_OK;
    }
    if (targets[1])
        weight_gradient(&conv, x, gradient, targets[1]);
    if (targets[0])
        input_gradient(&conv, weight, gradient, targets[0], rest);
    return BASE_OK;
}

static const NnOp conv_op = {
    .name = "nn_conv2d", .forward = conv_forward, .backward = conv_backward, .scratch = conv_scratch};

NnNode nn_conv2d(NnGraph *graph, NnNode x, int weight, int bias, NnActivation activation)
{
    char x_text[NN_SHAPE_TEXT], weight_text[NN_SHAPE_TEXT], bias_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {x, nn_parameter(graph, weight), nn_parameter(graph, bias)};
    if (!nn_nodes_good(graph, "nn_conv2d", false, 3, inputs))
        return -1;
    const NnShape from = nn_node_shape(graph, x), w = nn_node_shape(graph, inputs[1]);
    const NnShape b = nn_node_shape(graph, inputs[2]);
    if (from.rank != 4 || w.rank != 4 || b.rank != 1 || from.dims[3] != w.dims[2] || w.dims[3] != b.dims[0] ||
        from.dims[1] < w.dims[0] || from.dims[2] < w.dims[1])
        return nn_graph_fault(graph,
                              "nn_conv2d: x %s, weight %s, bias %s: wants [n, h, w, c], [kh, kw, c, out], [out], "
                              "h and w not below kh and kw",
                              nn_shape_text(from, x_text), nn_shape_text(w, weight_text), nn_shape_text(b, bias_text));
    const NnShape shape = NN_SHAPE(from.dims[0], from.dims[1] - w.dims[0] + 1, from.dims[2] - w.dims[1] + 1, w.dims[3]);
    NnCell *const cell = nn_cell_add(graph, &conv_op, shape, 3, inputs);
    if (cell)
        cell->activation = activation;
    return nn_cell_node(graph, cell);
}
