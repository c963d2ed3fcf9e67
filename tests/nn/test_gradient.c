/* Every op against a naive version of it in double precision: results, and gradients by central differences. */
#include "probe.h"

#define TRIALS 12

static int64_t draw(BaseRandom *random, int64_t low, int64_t high)
{
    return low + (int64_t)base_random_below(random, (uint64_t)(high - low + 1));
}

static BaseRandom seeded(uint64_t seed)
{
    BaseRandom random;
    base_random_seed(&random, seed);
    return random;
}

/* ---- Elementwise --------------------------------------------------------------------------------------------------
 */

static NnNode build_pair(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters, NnNode labels)
{
    (void)parameters;
    (void)labels;
    return probe->p == 0   ? nn_add(graph, in[0], in[1])
           : probe->p == 1 ? nn_sub(graph, in[0], in[1])
                           : nn_mul(graph, in[0], in[1]);
}

static void naive_pair(const Probe *probe, double *const *in, double *out)
{
    const int64_t count = probe_count(probe, probe->shapes[0]), other = probe_count(probe, probe->shapes[1]);
    for (int64_t i = 0; i < count; i++) {
        const double a = in[0][i], b = in[1][i % other];
        out[i] = probe->p == 0 ? a + b : probe->p == 1 ? a - b : a * b;
    }
}

static void pairs_of_one_shape_or_a_row_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(1);
    for (uint64_t trial = 0; trial < 4 * TRIALS; trial++) {
        const int64_t width = draw(&random, 1, 19), lines = draw(&random, 1, 3), max = draw(&random, 1, 6);
        const NnShape a = trial % 2 ? NN_SHAPE(NN_BATCH, width) : NN_SHAPE(NN_BATCH, lines, width);
        const NnShape b = trial % 4 < 2 ? a : NN_SHAPE(width);
        probe_run(&(Probe){.name = "pair",
                           .input_count = 2,
                           .shapes = {a, b},
                           .p = (int)draw(&random, 0, 2),
                           .max_batch = max,
                           .batch = draw(&random, 1, max),
                           .out = a,
                           .build = build_pair,
                           .naive = naive_pair},
                  trial);
    }
}

enum { SCALE, RELU, SIGMOID, TANH, SOFTMAX, NORMALIZE, FLATTEN, TWICE };

static NnNode build_curve(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters, NnNode labels)
{
    (void)parameters;
    (void)labels;
    switch (probe->p) {
    case SCALE:
        return nn_scale(graph, in[0], probe->factor);
    case RELU:
        return nn_relu(graph, in[0]);
    case SIGMOID:
        return nn_sigmoid(graph, in[0]);
    case TANH:
        return nn_tanh(graph, in[0]);
    case SOFTMAX:
        return nn_softmax(graph, in[0]);
    case NORMALIZE:
        return nn_normalize_rows(graph, in[0]);
    case FLATTEN:
        return nn_reshape(graph, nn_flatten(graph, in[0]), probe->out);
    default: /* a square, its square root's two ways back meeting in one node */
        return nn_mul(graph, in[0], in[0]);
    }
}

static void naive_curve(const Probe *probe, double *const *in, double *out)
{
    const int64_t count = probe_count(probe, probe->shapes[0]);
    const int rank = probe->shapes[0].rank;
    const int64_t last = probe_dim(probe, probe->shapes[0], rank - 1), row = count / probe->batch;
    for (int64_t i = 0; i < count; i++) {
        const double x = in[0][i];
        double sum = 0;
        switch (probe->p) {
        case SCALE:
            out[i] = x * (double)probe->factor;
            break;
        case RELU:
            out[i] = x > 0 ? x : 0;
            break;
        case SIGMOID:
            out[i] = 1 / (1 + exp(-x));
            break;
        case TANH:
            out[i] = tanh(x);
            break;
        case SOFTMAX:
            for (int64_t j = 0; j < last; j++)
                sum += exp(in[0][i / last * last + j]);
            out[i] = exp(x) / sum;
            break;
        case NORMALIZE:
            for (int64_t j = 0; j < row; j++)
                sum += in[0][i / row * row + j] * in[0][i / row * row + j];
            out[i] = x / sqrt(sum);
            break;
        case FLATTEN:
            out[i] = x;
            break;
        default:
            out[i] = x * x;
        }
    }
}

static void curves_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(2);
    for (uint64_t trial = 0; trial < 8 * TRIALS; trial++) {
        const int64_t width = draw(&random, 2, 40), lines = draw(&random, 1, 3), max = draw(&random, 1, 6);
        const int curve = (int)(trial % 8);
        const NnShape shape = trial % 3 ? NN_SHAPE(NN_BATCH, width) : NN_SHAPE(NN_BATCH, lines, width);
        probe_run(&(Probe){.name = "curve",
                           .input_count = 1,
                           .shapes = {shape},
                           .low = -4,
                           .high = 4,
                           .p = curve,
                           .factor = -1.75f,
                           .max_batch = max,
                           .batch = draw(&random, 1, max),
                           .out = curve == FLATTEN ? NN_SHAPE(NN_BATCH, 1, shape.rank == 2 ? 1 : lines, width) : shape,
                           .build = build_curve,
                           .naive = naive_curve},
                  trial);
    }
}

/* ---- Complex ------------------------------------------------------------------------------------------------------
 */

static NnNode build_complex(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters, NnNode labels)
{
    (void)parameters;
    (void)labels;
    if (probe->input_count == 1)
        return nn_rotation(graph, in[0]);
    return nn_complex_mul(graph, in[0], in[1], probe->flag);
}

static void naive_complex(const Probe *probe, double *const *in, double *out)
{
    const int64_t half = probe->out.dims[1] / 2;
    for (int64_t i = 0; i < probe->batch; i++)
        for (int64_t j = 0; j < half; j++) {
            const int64_t re = 2 * i * half + j, im = re + half;
            if (probe->input_count == 1) {
                out[re] = cos(in[0][i * half + j]);
                out[im] = sin(in[0][i * half + j]);
            } else {
                const double a = in[0][re], b = in[0][im], c = in[1][re], d = probe->flag ? -in[1][im] : in[1][im];
                out[re] = a * c - b * d;
                out[im] = a * d + b * c;
            }
        }
}

static void complex_products_and_rotations_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(3);
    for (uint64_t trial = 0; trial < 3 * TRIALS; trial++) {
        const int64_t half = draw(&random, 1, 21), max = draw(&random, 1, 6);
        const bool is_rotation = trial % 3 == 0;
        const NnShape shape = NN_SHAPE(NN_BATCH, is_rotation ? half : 2 * half);
        probe_run(&(Probe){.name = is_rotation ? "rotation" : "complex product",
                           .input_count = is_rotation ? 1 : 2,
                           .shapes = {shape, shape},
                           .low = -4,
                           .high = 4,
                           .flag = trial % 3 == 1,
                           .max_batch = max,
                           .batch = draw(&random, 1, max),
                           .out = NN_SHAPE(NN_BATCH, 2 * half),
                           .build = build_complex,
                           .naive = naive_complex},
                  trial);
    }
}

/* ---- Products and distances ---------------------------------------------------------------------------------------
 */

static NnNode build_matmul(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters, NnNode labels)
{
    (void)parameters;
    (void)labels;
    return nn_matmul(graph, in[0], in[1], probe->flag);
}

static void naive_matmul(const Probe *probe, double *const *in, double *out)
{
    const int64_t m = probe_dim(probe, probe->out, 0), n = probe->out.dims[1], k = probe->shapes[0].dims[1];
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            out[i * n + j] = 0;
            for (int64_t l = 0; l < k; l++)
                out[i * n + j] += in[0][i * k + l] * (probe->flag ? in[1][j * k + l] : in[1][l * n + j]);
        }
}

static void matrix_products_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(4);
    for (uint64_t trial = 0; trial < 4 * TRIALS; trial++) {
        const int64_t k = draw(&random, 1, 20), n = draw(&random, 1, 20), m = draw(&random, 1, 9);
        const bool is_batch = trial % 3 != 0, is_transposed = trial % 2;
        probe_run(
            &(Probe){.name = "matrix product",
                     .input_count = 2,
                     .shapes = {NN_SHAPE(is_batch ? NN_BATCH : m, k), is_transposed ? NN_SHAPE(n, k) : NN_SHAPE(k, n)},
                     .is_parameter = {trial % 5 == 0 && !is_batch, trial % 4 < 2},
                     .is_constant = {trial % 7 == 0, trial % 7 == 1 && trial % 4 >= 2},
                     .flag = is_transposed,
                     .max_batch = m,
                     .batch = draw(&random, 1, m),
                     .out = NN_SHAPE(is_batch ? NN_BATCH : m, n),
                     .build = build_matmul,
                     .naive = naive_matmul},
            trial);
    }
}

static NnNode build_distance(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters, NnNode labels)
{
    (void)parameters;
    (void)labels;
    return nn_distance(graph, in[0], in[1], probe->p);
}

static void naive_distance(const Probe *probe, double *const *in, double *out)
{
    const int64_t m = probe_dim(probe, probe->out, 0), n = probe->out.dims[1], k = probe->shapes[0].dims[1];
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < (probe->p == 3 ? k / 2 : k); l++) {
                const double x = in[0][i * k + l] - in[1][j * k + l];
                if (probe->p == 3)
                    sum += hypot(x, in[0][i * k + k / 2 + l] - in[1][j * k + k / 2 + l]);
                else
                    sum += probe->p == 1 ? fabs(x) : x * x;
            }
            out[i * n + j] = probe->p == 2 ? sqrt(sum) : sum;
        }
}

static void distances_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(5);
    for (uint64_t trial = 0; trial < 6 * TRIALS; trial++) {
        const int64_t k = 2 * draw(&random, 1, 12), m = draw(&random, 1, 4);
        /* Sometimes more rows than one block of the loops has. */
        const int64_t n = trial % 12 < 3 ? draw(&random, 257, 300) : draw(&random, 1, 20);
        probe_run(&(Probe){.name = "distance",
                           .input_count = 2,
                           .shapes = {NN_SHAPE(NN_BATCH, trial % 12 < 3 ? 4 : k), NN_SHAPE(n, trial % 12 < 3 ? 4 : k)},
                           .is_parameter = {false, trial % 2},
                           .is_constant = {trial % 7 == 0, trial % 7 == 2 && trial % 2 == 0},
                           .p = (int)(trial % 3) + 1,
                           .max_batch = m,
                           .batch = draw(&random, 1, m),
                           .out = NN_SHAPE(NN_BATCH, n),
                           .build = build_distance,
                           .naive = naive_distance},
                  trial);
    }
}

/* ---- Layers -------------------------------------------------------------------------------------------------------
 */

static NnNode build_dense(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters, NnNode labels)
{
    (void)labels;
    return nn_dense(graph, in[0], parameters[1], parameters[2], probe->activation);
}

static double activated(const Probe *probe, double x)
{
    return probe->activation == NN_RELU && x < 0 ? 0 : x;
}

static void naive_dense(const Probe *probe, double *const *in, double *out)
{
    const int64_t n = probe->out.dims[1], k = probe->shapes[0].dims[1];
    for (int64_t i = 0; i < probe->batch; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = in[2][j];
            for (int64_t l = 0; l < k; l++)
                sum += in[0][i * k + l] * in[1][l * n + j];
            out[i * n + j] = activated(probe, sum);
        }
}

static void dense_layers_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(6);
    for (uint64_t trial = 0; trial < 2 * TRIALS; trial++) {
        const int64_t k = draw(&random, 1, 20), n = draw(&random, 1, 20), m = draw(&random, 1, 9);
        probe_run(&(Probe){.name = "dense",
                           .input_count = 3,
                           .shapes = {NN_SHAPE(NN_BATCH, k), NN_SHAPE(k, n), NN_SHAPE(n)},
                           .is_parameter = {false, true, true},
                           .is_constant = {trial % 5 == 0},
                           .activation = trial % 2 ? NN_RELU : NN_LINEAR,
                           .max_batch = m,
                           .batch = draw(&random, 1, m),
                           .out = NN_SHAPE(NN_BATCH, n),
                           .build = build_dense,
                           .naive = naive_dense},
                  trial);
    }
}

/* flag: transposed; p: groups. */
static NnConv conv_options(const Probe *probe)
{
    return (NnConv){.stride = probe->stride,
                    .padding = probe->padding,
                    .same = probe->same,
                    .groups = probe->p,
                    .activation = probe->activation};
}

static NnNode build_conv(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters, NnNode labels)
{
    (void)labels;
    const int bias = probe->input_count == 3 ? parameters[2] : -1;
    return (probe->flag ? nn_conv2d_transposed : nn_conv2d)(graph, in[0], parameters[1], bias, conv_options(probe));
}

static int64_t groups_of(const Probe *probe)
{
    return probe->p ? probe->p : 1;
}

static int64_t stride_of(const Probe *probe)
{
    return probe->stride ? probe->stride : 1;
}

/* Zeros before the first of `side`, whose windows give `result`. */
static int64_t zeros_before(const Probe *probe, int64_t side, int64_t kernel, int64_t result)
{
    const int64_t all = (result - 1) * stride_of(probe) + kernel - side;
    return !probe->same ? probe->padding : all > 0 ? all / 2 : 0;
}

/* Calls use(small, large, tap) for each number of the smaller image, of the larger one and of the kernel that meet; the
 * kernel has the channels of the larger image, divided by the groups, before those of the smaller. */
typedef struct Meeting {
    const Probe *probe;
    double *const *in;
    double *out;
} Meeting;

static void for_each_meeting(const Meeting *meeting, const NnShape *large, const NnShape *small,
                             void (*use)(const Meeting *meeting, int64_t small, int64_t large, int64_t tap))
{
    const Probe *const probe = meeting->probe;
    const int64_t *const l = large->dims, *const s = small->dims, *const w = probe->shapes[1].dims;
    const int64_t stride = stride_of(probe), per_group = s[3] / groups_of(probe);
    const int64_t top = zeros_before(probe, l[1], w[0], s[1]), left = zeros_before(probe, l[2], w[1], s[2]);
    for (int64_t n = 0; n < probe->batch; n++)
        for (int64_t i = 0; i < s[1] * s[2] * s[3]; i++)
            for (int64_t k = 0; k < w[0] * w[1] * w[2]; k++) {
                const int64_t o = i % s[3], c = o / per_group * w[2] + k % w[2];
                const int64_t row = i / s[3] / s[2] * stride + k / w[2] / w[1] - top;
                const int64_t column = i / s[3] % s[2] * stride + k / w[2] % w[1] - left;
                if (row >= 0 && row < l[1] && column >= 0 && column < l[2])
                    use(meeting, n * s[1] * s[2] * s[3] + i, ((n * l[1] + row) * l[2] + column) * l[3] + c,
                        k * w[3] + o);
            }
}

static void into_small(const Meeting *meeting, int64_t small, int64_t large, int64_t tap)
{
    meeting->out[small] += meeting->in[0][large] * meeting->in[1][tap];
}

static void into_large(const Meeting *meeting, int64_t small, int64_t large, int64_t tap)
{
    meeting->out[large] += meeting->in[0][small] * meeting->in[1][tap];
}

static void naive_conv(const Probe *probe, double *const *in, double *out)
{
    const int64_t count = probe_count(probe, probe->out), channels = probe->out.dims[3];
    const Meeting meeting = {probe, in, out};
    for (int64_t i = 0; i < count; i++)
        out[i] = probe->input_count == 3 ? in[2][i % channels] : 0;
    if (probe->flag)
        for_each_meeting(&meeting, &probe->out, &probe->shapes[0], into_large);
    else
        for_each_meeting(&meeting, &probe->shapes[0], &probe->out, into_small);
    for (int64_t i = 0; i < count; i++)
        out[i] = activated(probe, out[i]);
}

static int64_t result_side(const NnConv *options, int64_t side, int64_t kernel)
{
    const int64_t stride = options->stride ? options->stride : 1;
    return options->same ? (side + stride - 1) / stride : (side + 2 * options->padding - kernel) / stride + 1;
}

static void run_conv_with(BaseRandom *random, uint64_t trial, NnShape x, int64_t kh, int64_t kw, int64_t out,
                          NnConv options)
{
    const int64_t max = x.dims[1] > 30 ? 1 : draw(random, 1, 4), groups = options.groups ? options.groups : 1;
    probe_run(&(Probe){.name = "convolution",
                       .input_count = options.activation == NN_LINEAR && trial % 3 == 0 ? 2 : 3,
                       .shapes = {x, NN_SHAPE(kh, kw, x.dims[3] / groups, out), NN_SHAPE(out)},
                       .is_parameter = {false, true, true},
                       .is_constant = {trial % 5 == 0},
                       .activation = options.activation,
                       .p = options.groups,
                       .stride = options.stride,
                       .padding = options.padding,
                       .same = options.same,
                       .max_batch = max,
                       .batch = draw(random, 1, max),
                       .out = NN_SHAPE(NN_BATCH, result_side(&options, x.dims[1], kh),
                                       result_side(&options, x.dims[2], kw), out),
                       .build = build_conv,
                       .naive = naive_conv},
              trial);
}

static void run_conv(BaseRandom *random, uint64_t trial, NnShape x, int64_t kh, int64_t kw, int64_t out)
{
    run_conv_with(random, trial, x, kh, kw, out, (NnConv){.activation = trial % 2 ? NN_RELU : NN_LINEAR});
}

/* Strides, padding, groups, and channels one by one. */
static NnConv draw_options(BaseRandom *random, int64_t groups)
{
    return (NnConv){.stride = (int)draw(random, 0, 3),
                    .padding = (int)draw(random, 0, 2),
                    .same = draw(random, 0, 2) == 0,
                    .groups = (int)groups,
                    .activation = draw(random, 0, 1) ? NN_RELU : NN_LINEAR};
}

static void strides_padding_and_groups_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(17);
    for (uint64_t trial = 0; trial < 8 * TRIALS; trial++) {
        const int64_t kh = draw(&random, 1, 4), kw = draw(&random, 1, 4), groups = draw(&random, 0, 3);
        const int64_t each = groups ? groups : 1, channels = each * draw(&random, 1, 3);
        const NnShape x = NN_SHAPE(NN_BATCH, kh + draw(&random, 0, 5), kw + draw(&random, 0, 5), channels);
        run_conv_with(&random, trial, x, kh, kw, each * draw(&random, 1, 3), draw_options(&random, groups));
        run_conv_with(&random, trial, x, kh, kw, channels, draw_options(&random, channels));
    }
}

static void padded_convolutions_by_tiles_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(18);
    for (uint64_t trial = 0; trial < 4; trial++)
        run_conv_with(&random, trial, NN_SHAPE(NN_BATCH, draw(&random, 2, 6), draw(&random, 2, 6), 16), 3, 3, 16,
                      (NnConv){.padding = trial < 2 ? 1 : 0, .same = trial >= 2, .activation = NN_RELU});
}

static void transposed_convolutions_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(19);
    for (uint64_t trial = 0; trial < 4 * TRIALS; trial++) {
        const int64_t kh = draw(&random, 1, 4), kw = draw(&random, 1, 4), groups = draw(&random, 1, 3);
        const int64_t c = groups * draw(&random, 1, 2), out = groups * draw(&random, 1, 2), max = draw(&random, 1, 3);
        NnConv options = draw_options(&random, groups);
        options.padding = options.padding * 2 < kh && options.padding * 2 < kw ? options.padding : 0;
        const NnShape x = NN_SHAPE(NN_BATCH, draw(&random, 1, 4), draw(&random, 1, 4), c);
        const int64_t stride = options.stride ? options.stride : 1;
        const int64_t height = options.same ? x.dims[1] * stride : (x.dims[1] - 1) * stride + kh - 2 * options.padding;
        const int64_t width = options.same ? x.dims[2] * stride : (x.dims[2] - 1) * stride + kw - 2 * options.padding;
        probe_run(&(Probe){.name = "transposed convolution",
                           .input_count = 3,
                           .shapes = {x, NN_SHAPE(kh, kw, out / groups, c), NN_SHAPE(out)},
                           .is_parameter = {false, true, true},
                           .activation = options.activation,
                           .p = options.groups,
                           .flag = true,
                           .stride = options.stride,
                           .padding = options.padding,
                           .same = options.same,
                           .max_batch = max,
                           .batch = draw(&random, 1, max),
                           .out = NN_SHAPE(NN_BATCH, height, width, out),
                           .build = build_conv,
                           .naive = naive_conv},
                  trial);
    }
}

static void convolutions_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(7);
    for (uint64_t trial = 0; trial < 3 * TRIALS; trial++) {
        const int64_t kh = draw(&random, 1, 4), kw = draw(&random, 1, 4);
        const NnShape x = NN_SHAPE(NN_BATCH, kh + draw(&random, 0, 5), kw + draw(&random, 0, 5), draw(&random, 1, 4));
        run_conv(&random, trial, x, kh, kw, draw(&random, 1, 6));
    }
}

/* Kernels of 3 x 3 over 16 channels and more go by tiles, of which the last ones of a line or an image hang over. */
static void convolutions_by_tiles_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(13);
    for (uint64_t trial = 0; trial < 6; trial++) {
        const NnShape x = NN_SHAPE(NN_BATCH, draw(&random, 3, 8), draw(&random, 3, 8), trial == 2 ? 32 : 16);
        run_conv(&random, trial, x, 3, 3, trial == 4 ? 32 : 16);
    }
}

/* Windows of 324 numbers for 19 x 19 pixels are more than the scratch memory holds at a time. */
static void convolutions_made_in_pieces_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(11);
    run_conv(&random, 1, NN_SHAPE(NN_BATCH, 36, 36, 1), 18, 18, 1);
}

/* flag: the mean instead of the greatest. */
static NnNode build_pool(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters, NnNode labels)
{
    (void)parameters;
    (void)labels;
    const NnPool options = {.size = probe->p, .stride = probe->stride, .padding = probe->padding, .same = probe->same};
    return (probe->flag ? nn_average_pool2d : nn_max_pool2d)(graph, in[0], options);
}

static double pooled(const Probe *probe, const double *image, int64_t top, int64_t left, int64_t c)
{
    const int64_t *const x = probe->shapes[0].dims;
    double most = -INFINITY, sum = 0, count = 0;
    for (int64_t row = top; row < top + probe->p; row++)
        for (int64_t column = left; column < left + probe->p; column++)
            if (row >= 0 && row < x[1] && column >= 0 && column < x[2]) {
                const double value = image[(row * x[2] + column) * x[3] + c];
                most = fmax(most, value);
                sum += value;
                count++;
            }
    return probe->flag ? sum / count : most;
}

static void naive_pool(const Probe *probe, double *const *in, double *out)
{
    const int64_t *const x = probe->shapes[0].dims, *const y = probe->out.dims;
    const int64_t stride = probe->stride ? probe->stride : probe->p;
    int64_t padding[2];
    for (int i = 0; i < 2; i++) {
        const int64_t all = (y[i + 1] - 1) * stride + probe->p - x[i + 1];
        padding[i] = !probe->same ? probe->padding : all > 0 ? all / 2 : 0;
    }
    for (int64_t i = 0; i < probe->batch * y[1] * y[2] * y[3]; i++)
        out[i] = pooled(probe, in[0] + i / (y[1] * y[2] * y[3]) * x[1] * x[2] * x[3],
                        i / y[3] / y[2] % y[1] * stride - padding[0], i / y[3] % y[2] * stride - padding[1], i % y[3]);
}

static void overlapping_and_padded_pools_and_means_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(20);
    for (uint64_t trial = 0; trial < 6 * TRIALS; trial++) {
        const int64_t size = draw(&random, 1, 4), max = draw(&random, 1, 3), channels = draw(&random, 1, 20);
        const NnConv shape = {.stride = (int)draw(&random, 1, 4),
                              .padding = (int)draw(&random, 0, size / 2),
                              .same = draw(&random, 0, 2) == 0};
        const int64_t height = size + draw(&random, 0, 5), width = size + draw(&random, 0, 5);
        probe_run(&(Probe){.name = "pool",
                           .input_count = 1,
                           .shapes = {NN_SHAPE(NN_BATCH, height, width, channels)},
                           .p = (int)size,
                           .flag = trial % 2 == 0,
                           .stride = shape.stride,
                           .padding = shape.padding,
                           .same = shape.same,
                           .max_batch = max,
                           .batch = draw(&random, 1, max),
                           .out = NN_SHAPE(NN_BATCH, result_side(&shape, height, size),
                                           result_side(&shape, width, size), channels),
                           .build = build_pool,
                           .naive = naive_pool},
                  trial);
    }
}

static void pools_agree_and_drop_odd_edges(void **state)
{
    (void)state;
    BaseRandom random = seeded(8);
    for (uint64_t trial = 0; trial < 3 * TRIALS; trial++) {
        const int64_t size = draw(&random, 1, 3), max = draw(&random, 1, 4), channels = draw(&random, 1, 11);
        const int64_t height = size + draw(&random, 0, 5), width = size + draw(&random, 0, 5);
        probe_run(&(Probe){.name = "pool",
                           .input_count = 1,
                           .shapes = {NN_SHAPE(NN_BATCH, height, width, channels)},
                           .p = (int)size,
                           .max_batch = max,
                           .batch = draw(&random, 1, max),
                           .out = NN_SHAPE(NN_BATCH, height / size, width / size, channels),
                           .build = build_pool,
                           .naive = naive_pool},
                  trial);
    }
}

/* ---- Losses -------------------------------------------------------------------------------------------------------
 */

static NnNode build_cross_entropy(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters,
                                  NnNode labels)
{
    (void)parameters;
    return nn_cross_entropy(graph, in[0], labels, probe->factor);
}

static void naive_cross_entropy(const Probe *probe, double *const *in, double *out)
{
    const int64_t classes = probe->shapes[0].dims[1];
    out[0] = 0;
    for (int64_t i = 0; i < probe->batch; i++) {
        double sum = 0;
        for (int64_t j = 0; j < classes; j++)
            sum += exp(in[0][i * classes + j]);
        for (int64_t j = 0; j < classes; j++) {
            const double target =
                (j == probe->labels[i] ? 1 - (double)probe->factor : 0) + (double)probe->factor / (double)classes;
            out[0] -= target * log(exp(in[0][i * classes + j]) / sum) / (double)probe->batch;
        }
    }
}

static void cross_entropies_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(9);
    for (uint64_t trial = 0; trial < 2 * TRIALS; trial++) {
        const int64_t classes = draw(&random, 2, 30), batch = draw(&random, 1, 6);
        int32_t labels[6];
        for (int64_t i = 0; i < 6; i++)
            labels[i] = (int32_t)draw(&random, 0, classes - 1);
        probe_run(&(Probe){.name = "cross entropy",
                           .input_count = 1,
                           .shapes = {NN_SHAPE(NN_BATCH, classes)},
                           .low = -5,
                           .high = 5,
                           .factor = trial % 2 ? 0.1f : 0.0f,
                           .max_batch = 6,
                           .batch = batch,
                           .is_loss = true,
                           .labels = labels,
                           .out = NN_SHAPE(1),
                           .build = build_cross_entropy,
                           .naive = naive_cross_entropy},
                  trial);
    }
}

enum { BINARY, SQUARE, POWER_2, POWER_3 };

static NnNode build_loss(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters, NnNode labels)
{
    (void)parameters;
    (void)labels;
    switch (probe->p) {
    case BINARY:
        return nn_binary_cross_entropy(graph, in[0], in[1]);
    case SQUARE:
        return nn_mean_square(graph, in[0]);
    default:
        return nn_mean_power(graph, in[0], probe->p == POWER_2 ? 2 : 3);
    }
}

static void naive_loss(const Probe *probe, double *const *in, double *out)
{
    const int64_t count = probe_count(probe, probe->shapes[0]);
    out[0] = 0;
    for (int64_t i = 0; i < count; i++) {
        const double x = in[0][i];
        if (probe->p == BINARY) {
            const double s = 1 / (1 + exp(-x)), t = in[1][i];
            out[0] -= t * log(s) + (1 - t) * log(1 - s);
        } else {
            out[0] += pow(fabs(x), probe->p == POWER_3 ? 3 : 2);
        }
    }
    out[0] /= (double)probe->batch;
}

static void other_losses_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(10);
    for (uint64_t trial = 0; trial < 4 * TRIALS; trial++) {
        const NnShape shape = NN_SHAPE(NN_BATCH, draw(&random, 1, 30));
        const int64_t batch = draw(&random, 1, 6);
        probe_run(&(Probe){.name = "loss",
                           .input_count = trial % 4 == BINARY ? 2 : 1,
                           .shapes = {shape, shape},
                           .is_constant = {false, trial % 8 == 0},
                           .low = -3,
                           .high = 3,
                           .p = (int)(trial % 4),
                           .max_batch = 6,
                           .batch = batch,
                           .is_loss = true,
                           .out = NN_SHAPE(1),
                           .build = build_loss,
                           .naive = naive_loss},
                  trial);
    }
}

/* ---- Normalisation ------------------------------------------------------------------------------------------------
 */

static NnNode build_batch_norm(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters,
                               NnNode labels)
{
    (void)labels;
    return nn_batch_norm(graph, in[0], parameters[1], parameters[2], parameters[3], parameters[4], probe->factor);
}

static NnNode build_layer_norm(NnGraph *graph, const Probe *probe, const NnNode *in, const int *parameters,
                               NnNode labels)
{
    (void)labels;
    return nn_layer_norm(graph, in[0], parameters[1], parameters[2], probe->factor);
}

/* Numbers from x[0] on, `step` apart. */
static void moments(const double *x, int64_t count, int64_t step, double *mean, double *variance)
{
    *mean = *variance = 0;
    for (int64_t i = 0; i < count; i++)
        *mean += x[i * step] / (double)count;
    for (int64_t i = 0; i < count; i++)
        *variance += (x[i * step] - *mean) * (x[i * step] - *mean) / (double)count;
}

/* flag: of rows, else of columns. */
static void naive_norm(const Probe *probe, double *const *in, double *out)
{
    const int64_t count = probe_count(probe, probe->out), width = probe->shapes[1].dims[0];
    for (int64_t i = 0; i < count; i++) {
        const int64_t c = i % width;
        double mean, variance;
        if (probe->flag)
            moments(in[0] + i - c, width, 1, &mean, &variance);
        else if (probe->is_training)
            moments(in[0] + c, count / width, width, &mean, &variance);
        else
            mean = in[3][c], variance = in[4][c];
        out[i] = (in[0][i] - mean) / sqrt(variance + (double)probe->factor) * in[1][c] + in[2][c];
    }
}

static void normalisations_agree(void **state)
{
    (void)state;
    BaseRandom random = seeded(21);
    for (uint64_t trial = 0; trial < 4 * TRIALS; trial++) {
        const int64_t width = draw(&random, 2, 19), max = draw(&random, 2, 6);
        const bool is_layer = trial % 2 == 0, is_training = trial % 4 == 1;
        const NnShape x = trial % 3 == 0 ? NN_SHAPE(NN_BATCH, 2, 3, width) : NN_SHAPE(NN_BATCH, width);
        const NnShape row = NN_SHAPE(width);
        probe_run(&(Probe){.name = is_layer ? "layer norm" : "batch norm",
                           .input_count = is_layer ? 3 : 5,
                           .shapes = {x, row, row, row, row},
                           .is_parameter = {false, true, true, true, true},
                           .is_constant = {trial % 5 == 0, false, false, true, true},
                           .is_averaged = {false, false, false, true, true},
                           .is_training = is_training,
                           .low = 0.1,
                           .high = 2,
                           .flag = is_layer,
                           .factor = 0.1f,
                           .max_batch = max,
                           .batch = draw(&random, 2, max),
                           .out = x,
                           .build = is_layer ? build_layer_norm : build_batch_norm,
                           .naive = naive_norm},
                  trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_of_one_shape_or_a_row_agree),
        cmocka_unit_test(curves_agree),
        cmocka_unit_test(complex_products_and_rotations_agree),
        cmocka_unit_test(matrix_products_agree),
        cmocka_unit_test(distances_agree),
        cmocka_unit_test(dense_layers_agree),
        cmocka_unit_test(convolutions_agree),
        cmocka_unit_test(convolutions_by_tiles_agree),
        cmocka_unit_test(convolutions_made_in_pieces_agree),
        cmocka_unit_test(strides_padding_and_groups_agree),
        cmocka_unit_test(padded_convolutions_by_tiles_agree),
        cmocka_unit_test(transposed_convolutions_agree),
        cmocka_unit_test(overlapping_and_padded_pools_and_means_agree),
        cmocka_unit_test(normalisations_agree),
        cmocka_unit_test(pools_agree_and_drop_odd_edges),
        cmocka_unit_test(cross_entropies_agree),
        cmocka_unit_test(other_losses_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
