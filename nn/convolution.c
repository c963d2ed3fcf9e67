/* Four ways: 3x3 kernels by Winograd's tiles (winograd.c), 1x1 kernels as one product over all pixels, a kernel for
 * each channel by itself in a plain loop, and all else line by line, where the windows under a line of output are read
 * as a matrix from where the image has them (im2col without laying anything out: Chellapilla, Puri, Simard, "High
 * Performance Convolutional Neural Networks for Document Processing", 2006). The image is copied only to give it its
 * zeros. */
#include "nn/convolution.h"

#include "nn/kernel.h"
#include "nn/product.h"
#include "nn/tensor.h"
#include "nn/winograd.h"

/* Floats of windows laid out at a time on the way back to x, about half of a second-level cache. */
#define PIECE (INT64_C(1) << 16)

typedef enum Way { WAY_TILES, WAY_PIXELS, WAY_CHANNELS, WAY_LINES } Way;

static Way way_of(const NnConvolution *conv)
{
    const bool is_dense = conv->groups == 1 && conv->stride == 1;
    if (is_dense && conv->kernel_height == 3 && conv->kernel_width == 3 &&
        nn_winograd_fits(conv->channels, conv->out_channels))
        return WAY_TILES;
    if (is_dense && conv->kernel_height == 1 && conv->kernel_width == 1 && conv->out_height == conv->height &&
        conv->out_width == conv->width)
        return WAY_PIXELS;
    return conv->groups == conv->channels && conv->out_channels == conv->channels ? WAY_CHANNELS : WAY_LINES;
}

static NnWinograd winograd_of(const NnConvolution *conv)
{
    return (NnWinograd){.batch = conv->batch,
                        .height = conv->height,
                        .width = conv->width,
                        .channels = conv->channels,
                        .out_height = conv->out_height,
                        .out_width = conv->out_width,
                        .out_channels = conv->out_channels,
                        .pad_top = conv->pad_top,
                        .pad_left = conv->pad_left};
}

/* ---- Zeros around an image -------------------------------------------------------------------------------------- */

static int64_t framed_height(const NnConvolution *conv)
{
    return (conv->out_height - 1) * conv->stride + conv->kernel_height;
}

static int64_t framed_width(const NnConvolution *conv)
{
    return (conv->out_width - 1) * conv->stride + conv->kernel_width;
}

static bool is_framed(const NnConvolution *conv)
{
    return conv->pad_top > 0 || conv->pad_left > 0 || framed_height(conv) > conv->height ||
           framed_width(conv) > conv->width;
}

static int64_t frame_size(const NnConvolution *conv)
{
    return is_framed(conv) ? framed_height(conv) * framed_width(conv) * conv->channels : 0;
}

static int64_t image_size(const NnConvolution *conv)
{
    return conv->height * conv->width * conv->channels;
}

static int64_t result_size(const NnConvolution *conv)
{
    return conv->out_height * conv->out_width * conv->out_channels;
}

/* Floats from line to line of what the windows are read from. */
static int64_t line_of(const NnConvolution *conv)
{
    return (is_framed(conv) ? framed_width(conv) : conv->width) * conv->channels;
}

/* The part of the image that the frame covers. */
static void covered(const NnConvolution *conv, int64_t *rows, int64_t *columns)
{
    const int64_t below = framed_height(conv) - conv->pad_top, right = framed_width(conv) - conv->pad_left;
    *rows = below < conv->height ? below : conv->height;
    *columns = right < conv->width ? right : conv->width;
}

static const float *frame_image(const NnConvolution *conv, const float *image, float *frame)
{
    if (!is_framed(conv))
        return image;
    int64_t rows, columns;
    covered(conv, &rows, &columns);
    nn_zero(frame, frame_size(conv));
    for (int64_t i = 0; i < rows; i++)
        nn_copy(frame + (i + conv->pad_top) * line_of(conv) + conv->pad_left * conv->channels,
                image + i * conv->width * conv->channels, columns * conv->channels);
    return frame;
}

static void unframe_image(const NnConvolution *conv, const float *frame, float *image)
{
    if (!is_framed(conv))
        return;
    int64_t rows, columns;
    covered(conv, &rows, &columns);
    nn_zero(image, image_size(conv));
    for (int64_t i = 0; i < rows; i++)
        nn_copy(image + i * conv->width * conv->channels,
                frame + (i + conv->pad_top) * line_of(conv) + conv->pad_left * conv->channels,
                columns * conv->channels);
}

/* ---- Pixels ----------------------------------------------------------------------------------------------------- */

static NnMatrix matrix(const float *values, int64_t stride, NnTranspose transpose)
{
    return (NnMatrix){.values = values, .stride = stride, .transpose = transpose};
}

static void apply_pixels(const NnConvolution *conv, const float *x, const float *weight, float *y)
{
    const int64_t pixels = conv->batch * conv->height * conv->width;
    nn_gemm(pixels, conv->out_channels, conv->channels, 1.0f, matrix(x, conv->channels, NN_PLAIN),
            matrix(weight, conv->out_channels, NN_PLAIN), 0.0f, y, conv->out_channels);
}

static void back_pixels(const NnConvolution *conv, const float *x, const float *weight, const float *gradient,
                        float *dx, float *dweight)
{
    const int64_t pixels = conv->batch * conv->height * conv->width;
    if (dx)
        nn_gemm(pixels, conv->channels, conv->out_channels, 1.0f, matrix(gradient, conv->out_channels, NN_PLAIN),
                matrix(weight, conv->out_channels, NN_TRANSPOSED), 0.0f, dx, conv->channels);
    if (dweight)
        nn_gemm(conv->channels, conv->out_channels, pixels, 1.0f, matrix(x, conv->channels, NN_TRANSPOSED),
                matrix(gradient, conv->out_channels, NN_PLAIN), 0.0f, dweight, conv->out_channels);
}

/* ---- Channels --------------------------------------------------------------------------------------------------- */

NN_KERNEL static void apply_channels(const NnConvolution *conv, const float *restrict image,
                                     const float *restrict weight, float *restrict y, int64_t line)
{
    const int64_t channels = conv->channels;
    for (int64_t row = 0; row < conv->out_height; row++)
        for (int64_t column = 0; column < conv->out_width; column++, y += channels) {
            const float *const corner = image + row * conv->stride * line + column * conv->stride * channels;
            for (int64_t c = 0; c < channels; c++)
                y[c] = 0;
            for (int64_t i = 0; i < conv->kernel_height; i++)
                for (int64_t j = 0; j < conv->kernel_width; j++) {
                    const float *const from = corner + i * line + j * channels;
                    const float *const factor = weight + (i * conv->kernel_width + j) * channels;
                    for (int64_t c = 0; c < channels; c++)
                        y[c] += from[c] * factor[c];
                }
        }
}

NN_KERNEL static void channels_to_image(const NnConvolution *conv, const float *restrict weight,
                                        const float *restrict gradient, float *restrict image, int64_t line)
{
    const int64_t channels = conv->channels;
    for (int64_t row = 0; row < conv->out_height; row++)
        for (int64_t column = 0; column < conv->out_width; column++, gradient += channels) {
            float *const corner = image + row * conv->stride * line + column * conv->stride * channels;
            for (int64_t i = 0; i < conv->kernel_height; i++)
                for (int64_t j = 0; j < conv->kernel_width; j++) {
                    float *const to = corner + i * line + j * channels;
                    const float *const factor = weight + (i * conv->kernel_width + j) * channels;
                    for (int64_t c = 0; c < channels; c++)
                        to[c] += gradient[c] * factor[c];
                }
        }
}

NN_KERNEL static void channels_to_weight(const NnConvolution *conv, const float *restrict image,
                                         const float *restrict gradient, float *restrict weight, int64_t line)
{
    const int64_t channels = conv->channels;
    for (int64_t row = 0; row < conv->out_height; row++)
        for (int64_t column = 0; column < conv->out_width; column++, gradient += channels) {
            const float *const corner = image + row * conv->stride * line + column * conv->stride * channels;
            for (int64_t i = 0; i < conv->kernel_height; i++)
                for (int64_t j = 0; j < conv->kernel_width; j++) {
                    const float *const from = corner + i * line + j * channels;
                    float *const to = weight + (i * conv->kernel_width + j) * channels;
                    for (int64_t c = 0; c < channels; c++)
                        to[c] += gradient[c] * from[c];
                }
        }
}

/* ---- Lines ------------------------------------------------------------------------------------------------------ */

/* Groups read some channels only, so their windows come in one piece for each column of the kernel; without groups, a
 * line of the kernel is one piece. */
static void apply_lines(const NnConvolution *conv, const float *image, const float *weight, float *y, int64_t line)
{
    const int64_t in = conv->channels / conv->groups, out = conv->out_channels / conv->groups;
    for (int64_t row = 0; row < conv->out_height; row++, y += conv->out_width * conv->out_channels) {
        NnProduct product = {.m = conv->out_width,
                             .n = out,
                             .k = conv->kernel_width * in,
                             .segments = conv->kernel_height,
                             .a = image + row * conv->stride * line,
                             .a_row = conv->stride * conv->channels,
                             .a_step = 1,
                             .a_segment = line,
                             .b = weight,
                             .b_row = conv->out_channels,
                             .c = y,
                             .c_row = conv->out_channels};
        if (conv->groups == 1) {
            nn_product(&product);
            continue;
        }
        product.k = in;
        product.segments = conv->kernel_width;
        product.a_segment = conv->channels;
        for (int64_t g = 0; g < conv->groups; g++)
            for (int64_t i = 0; i < conv->kernel_height; i++) {
                product.a = image + (row * conv->stride + i) * line + g * in;
                product.b = weight + i * conv->kernel_width * in * conv->out_channels + g * out;
                product.c = y + g * out;
                product.adds = i > 0;
                nn_product(&product);
            }
    }
}

/* windows^T gradient: the numbers of the windows that meet one tap of the kernel, or one line of it, are the rows. */
static void lines_to_weight(const NnConvolution *conv, const float *image, const float *gradient, float *weight,
                            int64_t line, bool adds)
{
    const int64_t in = conv->channels / conv->groups, out = conv->out_channels / conv->groups;
    const int64_t pieces = conv->groups == 1 ? 1 : conv->kernel_width, rows = conv->kernel_width / pieces * in;
    for (int64_t g = 0; g < conv->groups; g++)
        for (int64_t i = 0; i < conv->kernel_height; i++)
            for (int64_t j = 0; j < pieces; j++)
                nn_product(&(NnProduct){.m = rows,
                                        .n = out,
                                        .k = conv->out_width,
                                        .segments = conv->out_height,
                                        .a = image + i * line + j * conv->channels + g * in,
                                        .a_row = 1,
                                        .a_step = conv->stride * conv->channels,
                                        .a_segment = conv->stride * line,
                                        .b = gradient + g * out,
                                        .b_row = conv->out_channels,
                                        .c = weight + (i * pieces + j) * rows * conv->out_channels + g * out,
                                        .c_row = conv->out_channels,
                                        .adds = adds});
}

static int64_t window_size(const NnConvolution *conv) /* of one group */
{
    return conv->kernel_height * conv->kernel_width * (conv->channels / conv->groups);
}

/* Lines of output whose windows are laid out at a time. */
static int64_t lines_together(const NnConvolution *conv)
{
    const int64_t lines = PIECE / (conv->out_width * window_size(conv));
    return lines < 1 ? 1 : lines > conv->out_height ? conv->out_height : lines;
}

/* Each number of the image sums up over the windows that it is in. */
static void add_windows(const NnConvolution *conv, const float *windows, int64_t rows, float *image, int64_t line)
{
    const int64_t in = conv->channels / conv->groups;
    const int64_t pieces = conv->groups == 1 ? 1 : conv->kernel_width, run = conv->kernel_width / pieces * in;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t column = 0; column < conv->out_width; column++) {
            float *const corner = image + row * conv->stride * line + column * conv->stride * conv->channels;
            for (int64_t i = 0; i < conv->kernel_height; i++)
                for (int64_t j = 0; j < pieces; j++, windows += run)
                    nn_add_to(corner + i * line + j * conv->channels, windows, run);
        }
}

static void lines_to_image(const NnConvolution *conv, const float *weight, const float *gradient, float *image,
                           int64_t line, float *windows)
{
    const int64_t in = conv->channels / conv->groups, out = conv->out_channels / conv->groups;
    const int64_t most = lines_together(conv), window = window_size(conv);
    for (int64_t g = 0; g < conv->groups; g++)
        for (int64_t row = 0; row < conv->out_height; row += most) {
            const int64_t rows = conv->out_height - row < most ? conv->out_height - row : most;
            const float *const from = gradient + row * conv->out_width * conv->out_channels + g * out;
            nn_gemm(rows * conv->out_width, window, out, 1.0f, matrix(from, conv->out_channels, NN_PLAIN),
                    matrix(weight + g * out, conv->out_channels, NN_TRANSPOSED), 0.0f, windows, window);
            add_windows(conv, windows, rows, image + row * conv->stride * line + g * in, line);
        }
}

/* ---- The whole -------------------------------------------------------------------------------------------------- */

int64_t nn_convolution_scratch(const NnConvolution *conv)
{
    const NnWinograd winograd = winograd_of(conv);
    switch (way_of(conv)) {
    case WAY_TILES:
        return nn_winograd_scratch(&winograd);
    case WAY_PIXELS:
        return 0;
    case WAY_CHANNELS:
        return frame_size(conv);
    case WAY_LINES:
        break;
    }
    return frame_size(conv) + lines_together(conv) * conv->out_width * window_size(conv);
}

void nn_convolution_apply(const NnConvolution *conv, const float *x, const float *weight, float *y, float *scratch)
{
    const Way way = way_of(conv);
    const NnWinograd winograd = winograd_of(conv);
    if (way == WAY_TILES) {
        nn_winograd_forward(&winograd, x, weight, y, scratch);
        return;
    }
    if (way == WAY_PIXELS) {
        apply_pixels(conv, x, weight, y);
        return;
    }
    for (int64_t n = 0; n < conv->batch; n++) {
        const float *const image = frame_image(conv, x + n * image_size(conv), scratch);
        (way == WAY_CHANNELS ? apply_channels : apply_lines)(conv, image, weight, y + n * result_size(conv),
                                                             line_of(conv));
    }
}

static void image_gradient(const NnConvolution *conv, const float *weight, const float *gradient, float *dx,
                           float *scratch)
{
    float *const image = is_framed(conv) ? scratch : dx;
    nn_zero(image, is_framed(conv) ? frame_size(conv) : image_size(conv));
    if (way_of(conv) == WAY_CHANNELS)
        channels_to_image(conv, weight, gradient, image, line_of(conv));
    else
        lines_to_image(conv, weight, gradient, image, line_of(conv), scratch + frame_size(conv));
    unframe_image(conv, image, dx);
}

static void weight_gradient(const NnConvolution *conv, const float *x, const float *gradient, float *dweight,
                            float *scratch, bool adds)
{
    const float *const image = frame_image(conv, x, scratch);
    if (way_of(conv) == WAY_CHANNELS)
        channels_to_weight(conv, image, gradient, dweight, line_of(conv));
    else
        lines_to_weight(conv, image, gradient, dweight, line_of(conv), adds);
}

void nn_convolution_back(const NnConvolution *conv, const float *x, const float *weight, const float *gradient,
                         float *dx, float *dweight, float *scratch)
{
    const Way way = way_of(conv);
    const NnWinograd winograd = winograd_of(conv);
    if (way == WAY_TILES)
        nn_winograd_backward(&winograd, x, weight, gradient, dx, dweight, scratch);
    if (way == WAY_PIXELS)
        back_pixels(conv, x, weight, gradient, dx, dweight);
    if (way == WAY_TILES || way == WAY_PIXELS)
        return;
    if (dweight && way == WAY_CHANNELS)
        nn_zero(dweight, conv->kernel_height * conv->kernel_width * conv->channels);
    for (int64_t n = 0; n < conv->batch; n++) {
        const float *const from = gradient + n * result_size(conv);
        if (dx)
            image_gradient(conv, weight, from, dx + n * image_size(conv), scratch);
        if (dweight)
            weight_gradient(conv, x + n * image_size(conv), from, dweight, scratch, n > 0);
    }
}
