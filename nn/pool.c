/* The greatest of each square window. */
#include "nn/graph.h"
#include "nn/kernel.h"
#include "nn/tensor.h"

typedef struct Pool {
    int64_t lines; /* of output, through all images */
    int64_t height, width, channels;
    int64_t out_height, out_width, size;
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
                  .size = cell->size};
}

/* Where in x the windows of an output line begin. */
static int64_t line_start(const Pool *pool, int64_t line)
{
    const int64_t image = line / pool->out_height, y = line % pool->out_height;
    return (image * pool->height + y * pool->size) * pool->width * pool->channels;
}

/* NaN wins over numbers, whichever comes first: a fault upstream must not be hidden. */
NN_KERNEL static void pool_line(const Pool *pool, const float *restrict x, float *restrict out)
{
    const int64_t channels = pool->channels;
    for (int64_t column = 0; column < pool->out_width; column++, out += channels) {
        const float *const corner = x + column * pool->size * channels;
        for (int64_t j = 0; j < channels; j++)
            out[j] = corner[j];
        for (int64_t y = 0; y < pool->size; y++)
            for (int64_t i = y > 0 ? 0 : 1; i < pool->size; i++) {
                const float *const from = corner + (y * pool->width + i) * channels;
                for (int64_t j = 0; j < channels; j++)
                    out[j] = !(from[j] <= out[j]) && out[j] == out[j] ? from[j] : out[j];
            }
    }
}

static BaseStatus pool_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Pool pool = pool_of(graph, cell);
    const float *const x = nn_cell_input(graph, cell, 0)->values;
    for (int64_t line = 0; line < pool.lines; line++)
        pool_line(&pool, x + line_start(&pool, line), cell->values + line * pool.out_width * pool.channels);
    return BASE_OK;
}

/* The gradient goes to the first of the window's numbers that is the greatest; `left` is what is not given out yet.
 * Some channels at a time are kept in registers, as bits, so that a comparison's result is a mask. */
enum { TOGETHER = 16 };
typedef float Floats __attribute__((vector_size(4 * TOGETHER), aligned(4), may_alias));
typedef int32_t Bits __attribute__((vector_size(4 * TOGETHER), aligned(4), may_alias));

static inline __attribute__((always_inline)) void give_out(const Pool *pool, const float *x, const float *y,
                                                           const float *gradient, float *out)
{
    const Floats greatest = *(const Floats *)y;
    Bits left = *(const Bits *)gradient;
    for (int64_t row = 0; row < pool->size; row++)
        for (int64_t column = 0; column < pool->size; column++) {
            const int64_t at = (row * pool->width + column) * pool->channels;
            const Bits is_greatest = *(const Floats *)(x + at) == greatest;
            *(Bits *)(out + at) = left & is_greatest;
            left &= ~is_greatest;
        }
}

/* The same for one channel. */
static inline void give_out_one(const Pool *pool, const float *x, float greatest, float left, float *out)
{
    for (int64_t row = 0; row < pool->size; row++)
        for (int64_t column = 0; column < pool->size; column++) {
            const int64_t at = (row * pool->width + column) * pool->channels;
            const bool is_greatest = x[at] == greatest;
            out[at] = is_greatest ? left : 0.0f;
            left = is_greatest ? 0.0f : left;
        }
}

NN_KERNEL static void pool_line_gradient(const Pool *pool, const float *restrict x, const float *restrict y,
                                         const float *restrict gradient, float *restrict out)
{
    const int64_t channels = pool->channels;
    for (int64_t column = 0; column < pool->out_width; column++, y += channels, gradient += channels) {
        const int64_t corner = column * pool->size * channels;
        int64_t j = 0;
        for (; j + TOGETHER <= channels; j += TOGETHER)
            give_out(pool, x + corner + j, y + j, gradient + j, out + corner + j);
        for (; j < channels; j++)
            give_out_one(pool, x + corner + j, y[j], gradient[j], out + corner + j);
    }
}

static BaseStatus pool_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    if (!targets[0])
        return BASE_OK;
    const Pool pool = pool_of(graph, cell);
    const NnCell *const x = nn_cell_input(graph, cell, 0);
    if (pool.height % pool.size != 0 || pool.width % pool.size != 0) /* the dropped edges */
        nn_zero(targets[0], nn_cell_size(graph, x));
    for (int64_t line = 0; line < pool.lines; line++) {
        const int64_t from = line_start(&pool, line), at = line * pool.out_width * pool.channels;
        pool_line_gradient(&pool, x->values + from, cell->values + at, cell->gradient + at, targets[0] + from);
    }
    return BASE_OK;
}

static const NnOp pool_op = {.name = "nn_max_pool2d", .forward = pool_forward, .backward = pool_backward};

NnNode nn_max_pool2d(NnGraph *graph, NnNode x, int size)
{
    char text[NN_SHAPE_TEXT];
    if (!nn_nodes_good(graph, "nn_max_pool2d", false, 1, &x))
        return -1;
    const NnShape from = nn_node_shape(graph, x);
    if (from.rank != 4 || size < 1 || from.dims[1] < size || from.dims[2] < size)
        return nn_graph_fault(graph,
                              "nn_max_pool2d: windows of %d x %d in %s: wants [n, h, w, c], h and w not below that",
                              size, size, nn_shape_text(from, text));
    const NnShape shape = NN_SHAPE(from.dims[0], from.dims[1] / size, from.dims[2] / size, from.dims[3]);
    NnCell *const cell = nn_cell_add(graph, &pool_op, shape, 1, &x);
    if (cell)
        cell->size = size;
    return nn_cell_node(graph, cell);
}
