/* The greatest, or the mean, of each window. A window that reaches over the image's edge is what of it lies inside. */
#include "nn/graph.h"
#include "nn/kernel.h"
#include "nn/tensor.h"

typedef struct Pool {
    int64_t lines; /* of output, through all images */
    int64_t height, width, channels;
    int64_t out_height, out_width;
    NnWindow window;
    bool is_apart; /* windows do not overlap */
} Pool;

static Pool pool_of(const NnGraph *graph, const NnCell *cell)
{
    const NnShape *const x = &nn_cell_input(graph, cell, 0)->shape;
    return (Pool){.lines = nn_cell_rows(graph, cell) * cell->shape.dims[1],
                  .height = x->dims[1],
                  .width = x->dims[2],
                  .channels = x->dims[3],
                  .out_height = cell->shape.dims[1],
                  .out_width = cell->shape.dims[2],
                  .window = cell->window,
                  .is_apart = cell->window.stride >= cell->window.size};
}

/* What of a window lies inside: its first number in x, and its sides. */
typedef struct Inside {
    int64_t start, rows, columns;
} Inside;

static inline int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline Inside inside(const Pool *pool, int64_t line, int64_t column)
{
    const NnWindow *const window = &pool->window;
    const int64_t image = line / pool->out_height, y = line % pool->out_height;
    const int64_t top = y * window->stride - window->pad_top, left = column * window->stride - window->pad_left;
    const int64_t row = greater(top, 0), first = greater(left, 0);
    return (Inside){.start = ((image * pool->height + row) * pool->width + first) * pool->channels,
                    .rows = lesser(top + window->size, pool->height) - row,
                    .columns = lesser(left + window->size, pool->width) - first};
}

/* ---- Greatest --------------------------------------------------------------------------------------------------- */

/* NaN wins over numbers, whichever comes first: a fault upstream must not be hidden. */
NN_KERNEL static void greatest_of_line(const Pool *pool, int64_t line, const float *restrict x, float *restrict out)
{
    const int64_t channels = pool->channels;
    for (int64_t column = 0; column < pool->out_width; column++, out += channels) {
        const Inside in = inside(pool, line, column);
        for (int64_t j = 0; j < channels; j++)
            out[j] = x[in.start + j];
        for (int64_t y = 0; y < in.rows; y++)
            for (int64_t i = y > 0 ? 0 : 1; i < in.columns; i++) {
                const float *const from = x + in.start + (y * pool->width + i) * channels;
                for (int64_t j = 0; j < channels; j++)
                    out[j] = !(from[j] <= out[j]) && out[j] == out[j] ? from[j] : out[j];
            }
    }
}

static BaseStatus max_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Pool pool = pool_of(graph, cell);
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    for (int64_t line = 0; line < pool.lines; line++)
        greatest_of_line(&pool, line, x, cell->values + line * pool.out_width * pool.channels);
    return BASE_OK;
}

/* The gradient goes to the first of the window's numbers that is the greatest; `left` is what is not given out yet.
 * Some channels at a time are kept in registers, as bits, so that a comparison's result is a mask. */
enum { TOGETHER = 16 };
typedef float Floats __attribute__((vector_size(4 * TOGETHER), aligned(4), may_alias));
typedef int32_t Bits __attribute__((vector_size(4 * TOGETHER), aligned(4), may_alias));

static inline __attribute__((always_inline)) void give_out(const Pool *pool, const Inside *in, const float *x,
                                                           const float *y, const float *gradient, float *out)
{
    const Floats greatest = *(const Floats *)y;
    Bits left = *(const Bits *)gradient;
    for (int64_t row = 0; row < in->rows; row++)
        for (int64_t column = 0; column < in->columns; column++) {
            const int64_t at = in->start + (row * pool->width + column) * pool->channels;
            const Bits is_greatest = *(const Floats *)(x + at) == greatest, given = left & is_greatest;
            if (pool->is_apart)
                *(Bits *)(out + at) = given;
            else
                *(Floats *)(out + at) += (Floats)given;
            left &= ~is_greatest;
        }
}

/* The same for one channel. */
static inline void give_out_one(const Pool *pool, const Inside *in, const float *x, float greatest, float left,
                                float *out)
{
    for (int64_t row = 0; row < in->rows; row++)
        for (int64_t column = 0; column < in->columns; column++) {
            const int64_t at = in->start + (row * pool->width + column) * pool->channels;
            const bool is_greatest = x[at] == greatest;
            out[at] = (pool->is_apart ? 0.0f : out[at]) + (is_greatest ? left : 0.0f);
            left = is_greatest ? 0.0f : left;
        }
}

NN_KERNEL static void line_to_greatest(const Pool *pool, int64_t line, const float *restrict x, const float *restrict y,
                                       const float *restrict gradient, float *restrict out)
{
    const int64_t channels = pool->channels;
    for (int64_t column = 0; column < pool->out_width; column++, y += channels, gradient += channels) {
        const Inside in = inside(pool, line, column);
        int64_t j = 0;
        for (; j + TOGETHER <= channels; j += TOGETHER)
            give_out(pool, &in, x + j, y + j, gradient + j, out + j);
        for (; j < channels; j++)
            give_out_one(pool, &in, x + j, y[j], gradient[j], out + j);
    }
}

/* Whether each number of x is in one window at least, and in one only. */
static bool is_parted(const Pool *pool)
{
    return pool->window.stride == pool->window.size && pool->height % pool->window.size == 0 &&
           pool->width % pool->window.size == 0 && pool->window.pad_top == 0 && pool->window.pad_left == 0;
}

static BaseStatus max_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    if (!targets[0])
        return BASE_OK;
    const Pool pool = pool_of(graph, cell);
    const NnCell *const x = nn_cell_input(graph, cell, 0);
    if (!is_parted(&pool))
        nn_zero(targets[0], nn_cell_size(graph, x));
    for (int64_t line = 0; line < pool.lines; line++) {
        const int64_t at = line * pool.out_width * pool.channels;
        line_to_greatest(&pool, line, x->values, cell->values + at, cell->gradient + at, targets[0]);
    }
    return BASE_OK;
}

static const NnOp max_op = {.name = "nn_max_pool2d", .forward = max_forward, .backward = max_backward};

/* ---- Mean ------------------------------------------------------------------------------------------------------- */

NN_KERNEL static void mean_of_line(const Pool *pool, int64_t line, const float *restrict x, float *restrict out)
{
    const int64_t channels = pool->channels;
    for (int64_t column = 0; column < pool->out_width; column++, out += channels) {
        const Inside in = inside(pool, line, column);
        const float share = 1.0f / (float)(in.rows * in.columns);
        for (int64_t j = 0; j < channels; j++)
            out[j] = 0;
        for (int64_t y = 0; y < in.rows; y++)
            for (int64_t i = 0; i < in.columns; i++) {
                const float *const from = x + in.start + (y * pool->width + i) * channels;
                for (int64_t j = 0; j < channels; j++)
                    out[j] += from[j];
            }
        for (int64_t j = 0; j < channels; j++)
            out[j] *= share;
    }
}

NN_KERNEL static void line_to_mean(const Pool *pool, int64_t line, const float *restrict gradient, float *restrict out)
{
    const int64_t channels = pool->channels;
    for (int64_t column = 0; column < pool->out_width; column++, gradient += channels) {
        const Inside in = inside(pool, line, column);
        const float share = 1.0f / (float)(in.rows * in.columns);
        for (int64_t y = 0; y < in.rows; y++)
            for (int64_t i = 0; i < in.columns; i++) {
                float *const to = out + in.start + (y * pool->width + i) * channels;
                for (int64_t j = 0; j < channels; j++)
                    to[j] += gradient[j] * share;
            }
    }
}

static BaseStatus average_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Pool pool = pool_of(graph, cell);
    for (int64_t line = 0; line < pool.lines; line++)
        mean_of_line(&pool, line, nn_cell_input(graph, cell, 0)->values,
                     cell->values + line * pool.out_width * pool.channels);
    return BASE_OK;
}

static BaseStatus average_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    if (!targets[0])
        return BASE_OK;
    const Pool pool = pool_of(graph, cell);
    nn_zero(targets[0], nn_cell_size(graph, nn_cell_input(graph, cell, 0)));
    for (int64_t line = 0; line < pool.lines; line++)
        line_to_mean(&pool, line, cell->gradient + line * pool.out_width * pool.channels, targets[0]);
    return BASE_OK;
}

static const NnOp average_op = {.name = "nn_average_pool2d", .forward = average_forward, .backward = average_backward};

/* ---- Both ------------------------------------------------------------------------------------------------------- */

static NnNode add_pool(NnGraph *graph, const NnOp *op, NnNode x, NnPool options)
{
    char text[NN_SHAPE_TEXT];
    if (!nn_nodes_good(graph, op->name, false, 1, &x))
        return -1;
    const NnShape from = nn_node_shape(graph, x);
    NnWindow window = {.size = options.size,
                       .stride = options.stride ? options.stride : options.size,
                       .pad_top = options.padding,
                       .pad_left = options.padding};
    NnShape shape;
    if (from.rank != 4 || options.size < 1 || window.stride < 1 || options.padding < 0 ||
        options.padding >= options.size ||
        !nn_window_shape(from, options.size, options.size, options.same, &window, &shape))
        return nn_graph_fault(graph,
                              "%s: windows of %d x %d in %s: wants [n, h, w, c], h and w with their padding not below "
                              "that, and less padding",
                              op->name, options.size, options.size, nn_shape_text(from, text));
    NnCell *const cell = nn_cell_add(graph, op, shape, 1, &x);
    if (cell)
        cell->window = window;
    return nn_cell_node(graph, cell);
}

NnNode nn_max_pool2d(NnGraph *graph, NnNode x, NnPool options)
{
    return add_pool(graph, &max_op, x, options);
}

NnNode nn_average_pool2d(NnGraph *graph, NnNode x, NnPool options)
{
    return add_pool(graph, &average_op, x, options);
}
