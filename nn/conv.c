/* Convolution as a matrix product (im2col; Chellapilla, Puri, Simard, "High Performance Convolutional Neural Networks
 * for Document Processing", 2006): the window under each output pixel is laid out as a row of a matrix, `windows`
 * [pixels, kh * kw * c], and windows x weight [kh * kw * c, out] is the result. The matrix is made for some lines of
 * output at a time, so that it stays in the cache and its size does not depend on that of the batch or of the images.
 */
#include "nn/activation.h"
#include "nn/graph.h"
#include "nn/tensor.h"

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

/* A piece of windows, and one of the gradient before the activation. */
static int64_t conv_scratch(const NnGraph *graph, const NnCell *cell)
{
    const Conv conv = conv_of(graph, cell);
    return conv.lines * conv.out_width * (conv.window + conv.out_channels);
}

/* The first pixel of x under output line `line`, lines counted through all images. */
static int64_t line_start(const Conv *conv, int64_t line)
{
    const int64_t image = line / conv->out_height, y = line % conv->out_height;
    return (image * conv->height + y) * conv->width * conv->channels;
}

/* In one line of the image, a window's numbers are side by side: kernel_width * channels of them. */
static void make_windows(const Conv *conv, const float *x, int64_t line, int64_t lines, float *windows)
{
    const int64_t run = conv->kernel_width * conv->channels;
    for (int64_t i = line; i < line + lines; i++) {
        const float *const start = x + line_start(conv, i);
        for (int64_t column = 0; column < conv->out_width; column++)
            for (int64_t y = 0; y < conv->kernel_height; y++, windows += run) {
                const float *const from = start + (y * conv->width + column) * conv->channels;
                for (int64_t j = 0; j < run; j++)
                    windows[j] = from[j];
            }
    }
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

static BaseStatus conv_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Conv conv = conv_of(graph, cell);
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    const NnMatrix windows = {.values = graph->scratch, .stride = conv.window};
    const NnMatrix weight = {.values = nn_cell_input(graph, cell, 1)->values, .stride = conv.out_channels};
    const int64_t all = conv.batch * conv.out_height;
    for (int64_t line = 0; line < all; line += conv.lines) {
        const int64_t lines = all - line < conv.lines ? all - line : conv.lines, pixels = lines * conv.out_width;
        float *const out = cell->values + line * conv.out_width * conv.out_channels;
        make_windows(&conv, x, line, lines, graph->scratch);
        nn_gemm(pixels, conv.out_channels, conv.window, 1.0f, windows, weight, 0.0f, out, conv.out_channels);
        nn_activate(cell->activation, out, nn_cell_input(graph, cell, 2)->values, pixels, conv.out_channels);
    }
    return BASE_OK;
}

/* dweight = windows^T g; dwindows = g weight^T, spread back over x; dbias = the sum of g's rows. */
static BaseStatus conv_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const Conv conv = conv_of(graph, cell);
    const NnCell *const x = nn_cell_input(graph, cell, 0);
    const int64_t all = conv.batch * conv.out_height, out = conv.out_channels;
    float *const windows = graph->scratch, *const room = windows + conv.lines * conv.out_width * conv.window;
    const NnMatrix windows_transposed = {.values = windows, .stride = conv.window, .transpose = NN_TRANSPOSED};
    const NnMatrix weight_transposed = {
        .values = nn_cell_input(graph, cell, 1)->values, .stride = out, .transpose = NN_TRANSPOSED};
    if (targets[0])
        nn_zero(targets[0], nn_cell_size(graph, x));
    if (targets[2])
        nn_zero(targets[2], out);
    for (int64_t line = 0; line < all; line += conv.lines) {
        const int64_t lines = all - line < conv.lines ? all - line : conv.lines, pixels = lines * conv.out_width;
        const int64_t at = line * conv.out_width * out;
        const float *const gradient =
            nn_activation_gradient(cell->activation, cell->gradient + at, cell->values + at, room, pixels * out);
        if (targets[2])
            nn_add_rows(targets[2], gradient, pixels, out);
        if (targets[1]) {
            make_windows(&conv, x->values, line, lines, windows);
            nn_gemm(conv.window, out, pixels, 1.0f, windows_transposed, (NnMatrix){.values = gradient, .stride = out},
                    line > 0 ? 1.0f : 0.0f, targets[1], out);
        }
        if (targets[0]) {
            nn_gemm(pixels, conv.window, out, 1.0f, (NnMatrix){.values = gradient, .stride = out}, weight_transposed,
                    0.0f, windows, conv.window);
            add_windows(&conv, windows, line, lines, targets[0]);
        }
    }
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
