/* Winograd's F(4x4, 3x3) (Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", 2016): 4x4 outputs of a
 * tile of 6x6 inputs come from 36 products where the definition has 144. The tile is d, the kernel g, and y = A^T [(G g
 * G^T) . (B^T d B)] A, the product in the middle number by number; summed over the channels it is one matrix product
 * for each of the 36 points, [tiles, channels] x [channels, out]. The gradients are the adjoints of the same steps: dg
 * = G^T [(B^T d B) . (A dy A^T)] G,    dd = B [(G g G^T) . (A dy A^T)] B^T. Some tiles go through all steps at a time,
 * so that what lies between the steps stays in the cache. */
#include "nn/winograd.h"

#include "nn/kernel.h"
#include "nn/product.h"
#include "nn/tensor.h"

enum { LANES = 16, POINTS = 36, TILE = 6, STEP = 4 };

/* Tiles that go together: their inputs and outputs at all points, with the kernel's, fill about a megabyte. */
#define TILE_FLOATS (INT64_C(1) << 17)

typedef float Vector __attribute__((vector_size(64), aligned(4), may_alias));

bool nn_winograd_fits(int64_t channels, int64_t out_channels)
{
    return channels % LANES == 0 && out_channels % LANES == 0;
}

static int64_t tiles_down(const NnWinograd *conv)
{
    return (conv->out_height + STEP - 1) / STEP;
}

static int64_t tiles_across(const NnWinograd *conv)
{
    return (conv->out_width + STEP - 1) / STEP;
}

static int64_t all_tiles(const NnWinograd *conv)
{
    return conv->batch * tiles_down(conv) * tiles_across(conv);
}

static int64_t tiles_together(const NnWinograd *conv)
{
    const int64_t tiles = TILE_FLOATS / (POINTS * (conv->channels + conv->out_channels)), all = all_tiles(conv);
    return tiles < 6 ? 6 : tiles > all ? all : tiles;
}

int64_t nn_winograd_scratch(const NnWinograd *conv)
{
    const int64_t kernel = POINTS * conv->channels * conv->out_channels;
    return 2 * kernel + tiles_together(conv) * POINTS * (conv->channels + conv->out_channels);
}

/* ---- The steps for one channel vector, one dimension ----------------------------------------------------------- */

/* Rows of B^T, 6 to 6; `s` is the distance between the numbers. */
static inline __attribute__((always_inline)) void spread_input(Vector *t, int s)
{
    const Vector d0 = t[0], d1 = t[s], d2 = t[2 * s], d3 = t[3 * s], d4 = t[4 * s], d5 = t[5 * s];
    const Vector a = d4 - 4.0f * d2, b = d3 - 4.0f * d1, c = d4 - d2, e = 2.0f * (d3 - d1);
    t[0] = 4.0f * d0 - 5.0f * d2 + d4;
    t[s] = a + b;
    t[2 * s] = a - b;
    t[3 * s] = c + e;
    t[4 * s] = c - e;
    t[5 * s] = 4.0f * d1 - 5.0f * d3 + d5;
}

/* Rows of B. */
static inline __attribute__((always_inline)) void gather_input(Vector *t, int s)
{
    const Vector m0 = t[0], m1 = t[s], m2 = t[2 * s], m3 = t[3 * s], m4 = t[4 * s], m5 = t[5 * s];
    const Vector sum12 = m1 + m2, sum34 = m3 + m4, less12 = m1 - m2, less34 = m3 - m4;
    t[0] = 4.0f * m0;
    t[s] = 4.0f * (m5 - less12) - 2.0f * less34;
    t[2 * s] = -5.0f * m0 - 4.0f * sum12 - sum34;
    t[3 * s] = less12 + 2.0f * less34 - 5.0f * m5;
    t[4 * s] = m0 + sum12 + sum34;
    t[5 * s] = m5;
}

/* Rows of A^T, 6 to 4. */
static inline __attribute__((always_inline)) void gather_output(Vector *t, int s)
{
    const Vector m0 = t[0], m1 = t[s], m2 = t[2 * s], m3 = t[3 * s], m4 = t[4 * s], m5 = t[5 * s];
    const Vector sum12 = m1 + m2, sum34 = m3 + m4, less12 = m1 - m2, less34 = m3 - m4;
    t[0] = m0 + sum12 + sum34;
    t[s] = less12 + 2.0f * less34;
    t[2 * s] = sum12 + 4.0f * sum34;
    t[3 * s] = less12 + 8.0f * less34 + m5;
}

/* Rows of A, 4 to 6. */
static inline __attribute__((always_inline)) void spread_output(Vector *t, int s)
{
    const Vector y0 = t[0], y1 = t[s], y2 = t[2 * s], y3 = t[3 * s];
    const Vector even = y0 + y2, odd = y1 + y3, far = y0 + 4.0f * y2, wide = 2.0f * y1 + 8.0f * y3;
    t[0] = y0;
    t[s] = even + odd;
    t[2 * s] = even - odd;
    t[3 * s] = far + wide;
    t[4 * s] = far - wide;
    t[5 * s] = y3;
}

/* Rows of G, 3 to 6. */
static inline __attribute__((always_inline)) void spread_kernel(Vector *t, int s)
{
    const Vector g0 = t[0], g1 = t[s], g2 = t[2 * s];
    const Vector ends = g0 + g2, far = g0 + 4.0f * g2;
    t[0] = 0.25f * g0;
    t[s] = (-1.0f / 6.0f) * (ends + g1);
    t[2 * s] = (-1.0f / 6.0f) * (ends - g1);
    t[3 * s] = (1.0f / 24.0f) * (far + 2.0f * g1);
    t[4 * s] = (1.0f / 24.0f) * (far - 2.0f * g1);
    t[5 * s] = g2;
}

/* Rows of G^T, 6 to 3. */
static inline __attribute__((always_inline)) void gather_kernel(Vector *t, int s)
{
    const Vector u0 = t[0], u1 = t[s], u2 = t[2 * s], u3 = t[3 * s], u4 = t[4 * s], u5 = t[5 * s];
    const Vector sum12 = u1 + u2, sum34 = u3 + u4;
    t[0] = 0.25f * u0 - (1.0f / 6.0f) * sum12 + (1.0f / 24.0f) * sum34;
    t[s] = (1.0f / 6.0f) * (u2 - u1) + (1.0f / 12.0f) * (u3 - u4);
    t[2 * s] = (1.0f / 6.0f) * (sum34 - sum12) + u5;
}

/* ---- Tiles ----------------------------------------------------------------------------------------------------- */

/* A tile within an image: its first row and column there (below 0 in the padding), and how many of its rows and columns
 * from which on lie inside. */
typedef struct Patch {
    int64_t offset; /* floats from the image's start to the tile's first row and column */
    int64_t line;   /* floats from row to row */
    int from_row, to_row, from_column, to_column;
} Patch;

static int clip(int64_t value, int64_t most)
{
    return (int)(value < 0 ? 0 : value > most ? most : value);
}

static Patch patch_at(int64_t row, int64_t column, int64_t height, int64_t width, int64_t channels, int size)
{
    return (Patch){.offset = (row * width + column) * channels,
                   .line = width * channels,
                   .from_row = clip(-row, size),
                   .to_row = clip(height - row, size),
                   .from_column = clip(-column, size),
                   .to_column = clip(width - column, size)};
}

/* The tile's 6x6 of x, and its 4x4 of y. */
static Patch input_patch(const NnWinograd *conv, int64_t tile)
{
    const int64_t down = tiles_down(conv), across = tiles_across(conv), image = tile / (down * across);
    const int64_t row = tile / across % down * STEP - conv->pad_top, column = tile % across * STEP - conv->pad_left;
    Patch patch = patch_at(row, column, conv->height, conv->width, conv->channels, TILE);
    patch.offset += image * conv->height * conv->width * conv->channels;
    return patch;
}

static Patch output_patch(const NnWinograd *conv, int64_t tile)
{
    const int64_t down = tiles_down(conv), across = tiles_across(conv), image = tile / (down * across);
    const int64_t row = tile / across % down * STEP, column = tile % across * STEP;
    Patch patch = patch_at(row, column, conv->out_height, conv->out_width, conv->out_channels, STEP);
    patch.offset += image * conv->out_height * conv->out_width * conv->out_channels;
    return patch;
}

static inline __attribute__((always_inline)) void read_patch(const Patch *patch, const float *x, int64_t channels,
                                                             int size, Vector *t, int row_step)
{
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            const bool is_inside =
                i >= patch->from_row && i < patch->to_row && j >= patch->from_column && j < patch->to_column;
            t[i * row_step + j] = is_inside ? *(const Vector *)(x + i * patch->line + j * channels) : (Vector){0};
        }
}

/* Points of a tile: point p of it is at out + p * point_step. */
NN_KERNEL static void tile_of_input(const Patch *patch, const float *x, int64_t channels, float *out,
                                    int64_t point_step)
{
    for (int64_t c = 0; c < channels; c += LANES) {
        Vector t[POINTS];
        read_patch(patch, x + c, channels, TILE, t, TILE);
        for (int j = 0; j < TILE; j++)
            spread_input(t + j, TILE);
        for (int i = 0; i < TILE; i++)
            spread_input(t + i * TILE, 1);
        for (int p = 0; p < POINTS; p++)
            *(Vector *)(out + p * point_step + c) = t[p];
    }
}

NN_KERNEL static void tile_of_gradient(const Patch *patch, const float *y, int64_t channels, float *out,
                                       int64_t point_step)
{
    for (int64_t c = 0; c < channels; c += LANES) {
        Vector t[POINTS];
        read_patch(patch, y + c, channels, STEP, t, TILE);
        for (int j = 0; j < STEP; j++)
            spread_output(t + j, TILE);
        for (int i = 0; i < TILE; i++)
            spread_output(t + i * TILE, 1);
        for (int p = 0; p < POINTS; p++)
            *(Vector *)(out + p * point_step + c) = t[p];
    }
}

NN_KERNEL static void write_output(const Patch *patch, float *y, int64_t channels, const float *points,
                                   int64_t point_step)
{
    for (int64_t c = 0; c < channels; c += LANES) {
        Vector t[POINTS];
        for (int p = 0; p < POINTS; p++)
            t[p] = *(const Vector *)(points + p * point_step + c);
        for (int j = 0; j < TILE; j++)
            gather_output(t + j, TILE);
        for (int i = 0; i < STEP; i++)
            gather_output(t + i * TILE, 1);
        for (int i = 0; i < patch->to_row; i++)
            for (int j = 0; j < patch->to_column; j++)
                *(Vector *)(y + i * patch->line + j * channels + c) = t[i * TILE + j];
    }
}

NN_KERNEL static void add_input(const Patch *patch, float *x, int64_t channels, const float *points, int64_t point_step)
{
    for (int64_t c = 0; c < channels; c += LANES) {
        Vector t[POINTS];
        for (int p = 0; p < POINTS; p++)
            t[p] = *(const Vector *)(points + p * point_step + c);
        for (int j = 0; j < TILE; j++)
            gather_input(t + j, TILE);
        for (int i = 0; i < TILE; i++)
            gather_input(t + i * TILE, 1);
        for (int i = patch->from_row; i < patch->to_row; i++)
            for (int j = patch->from_column; j < patch->to_column; j++)
                *(Vector *)(x + i * patch->line + j * channels + c) += t[i * TILE + j];
    }
}

/* ---- Kernels --------------------------------------------------------------------------------------------------- */

/* weight [3, 3, channels * out] to points [36, channels * out]. */
NN_KERNEL static void points_of_kernel(const float *weight, int64_t size, float *points)
{
    for (int64_t c = 0; c < size; c += LANES) {
        Vector t[POINTS];
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                t[i * TILE + j] = *(const Vector *)(weight + (i * 3 + j) * size + c);
        for (int j = 0; j < 3; j++)
            spread_kernel(t + j, TILE);
        for (int i = 0; i < TILE; i++)
            spread_kernel(t + i * TILE, 1);
        for (int p = 0; p < POINTS; p++)
            *(Vector *)(points + p * size + c) = t[p];
    }
}

NN_KERNEL static void kernel_of_points(const float *points, int64_t size, float *weight)
{
    for (int64_t c = 0; c < size; c += LANES) {
        Vector t[POINTS];
        for (int p = 0; p < POINTS; p++)
            t[p] = *(const Vector *)(points + p * size + c);
        for (int j = 0; j < TILE; j++)
            gather_kernel(t + j, TILE);
        for (int i = 0; i < 3; i++)
            gather_kernel(t + i * TILE, 1);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                *(Vector *)(weight + (i * 3 + j) * size + c) = t[i * TILE + j];
    }
}

/* Each point's [rows, columns] turned into [columns, rows]. */
NN_KERNEL static void transpose_points(const float *restrict from, int64_t rows, int64_t columns, float *restrict to)
{
    for (int p = 0; p < POINTS; p++, from += rows * columns, to += rows * columns)
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < columns; j++)
                to[j * rows + i] = from[i * columns + j];
}

/* ---- The whole ------------------------------------------------------------------------------------------------- */

void nn_winograd_forward(const NnWinograd *conv, const float *x, const float *weight, float *y, float *scratch)
{
    const int64_t in = conv->channels, out = conv->out_channels, all = all_tiles(conv), most = tiles_together(conv);
    float *const kernel = scratch, *const inputs = kernel + POINTS * in * out,
                 *const outputs = inputs + POINTS * most * in;
    points_of_kernel(weight, in * out, kernel);
    for (int64_t first = 0; first < all; first += most) {
        const int64_t tiles = all - first < most ? all - first : most;
        for (int64_t i = 0; i < tiles; i++) {
            const Patch patch = input_patch(conv, first + i);
            tile_of_input(&patch, x + patch.offset, in, inputs + i * in, most * in);
        }
        for (int p = 0; p < POINTS; p++)
            nn_product(&(NnProduct){.m = tiles,
                                    .n = out,
                                    .k = in,
                                    .segments = 1,
                                    .a = inputs + p * most * in,
                                    .a_row = in,
                                    .a_step = 1,
                                    .b = kernel + p * in * out,
                                    .b_row = out,
                                    .c = outputs + p * most * out,
                                    .c_row = out});
        for (int64_t i = 0; i < tiles; i++) {
            const Patch patch = output_patch(conv, first + i);
            write_output(&patch, y + patch.offset, out, outputs + i * out, most * out);
        }
    }
}

void nn_winograd_backward(const NnWinograd *conv, const float *x, const float *weight, const float *gradient, float *dx,
                          float *dweight, float *scratch)
{
    const int64_t in = conv->channels, out = conv->out_channels, all = all_tiles(conv), most = tiles_together(conv);
    float *const kernel = scratch, *const turned = kernel + POINTS * in * out;
    float *const inputs = turned + POINTS * in * out, *const outputs = inputs + POINTS * most * in;
    if (dx) {
        points_of_kernel(weight, in * out, kernel);
        transpose_points(kernel, in, out, turned);
        nn_zero(dx, conv->batch * conv->height * conv->width * in);
    }
    for (int64_t first = 0; first < all; first += most) {
        const int64_t tiles = all - first < most ? all - first : most;
        for (int64_t i = 0; i < tiles; i++) {
            const Patch patch = output_patch(conv, first + i);
            tile_of_gradient(&patch, gradient + patch.offset, out, outputs + i * out, most * out);
        }
        for (int64_t i = 0; dweight && i < tiles; i++) {
            const Patch patch = input_patch(conv, first + i);
            tile_of_input(&patch, x + patch.offset, in, inputs + i * in, most * in);
        }
        for (int p = 0; dweight && p < POINTS; p++)
            nn_product(&(NnProduct){.m = in,
                                    .n = out,
                                    .k = tiles,
                                    .segments = 1,
                                    .a = inputs + p * most * in,
                                    .a_row = 1,
                                    .a_step = in,
                                    .b = outputs + p * most * out,
                                    .b_row = out,
                                    .c = kernel + p * in * out,
                                    .c_row = out,
                                    .adds = first > 0});
        for (int p = 0; dx && p < POINTS; p++)
            nn_product(&(NnProduct){.m = tiles,
                                    .n = in,
                                    .k = out,
                                    .segments = 1,
                                    .a = outputs + p * most * out,
                                    .a_row = out,
                                    .a_step = 1,
                                    .b = turned + p * in * out,
                                    .b_row = in,
                                    .c = inputs + p * most * in,
                                    .c_row = in});
        for (int64_t i = 0; dx && i < tiles; i++) {
            const Patch patch = input_patch(conv, first + i);
            add_input(&patch, dx + patch.offset, in, inputs + i * in, most * in);
        }
    }
    if (dweight)
        kernel_of_points(kernel, in * out, dweight);
}
