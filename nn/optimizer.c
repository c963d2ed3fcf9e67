/* Optimisers. A step first sums the replicas' gradients and looks at every number, then updates: a refused step has
 * changed nothing. Updates go number by number, so they are split among threads in fixed pieces and the result does not
 * depend on how many there are. */
#include "nn/graph.h"
#include "nn/kernel.h"
#include "nn/parameters.h"
#include "nn/tensor.h"

#include <math.h>
#include <stdlib.h>

/* What is remembered of each parameter, and its gradient in the step being made. */
typedef struct State {
    float *first, *second; /* moments; or second: sum of squares; first: velocity */
    /* One run of numbers each: the whole parameter, or a row of it. */
    struct Run {
        int64_t start;
        float *gradient;
    } * runs;
    int64_t run_count, run_size;
    size_t run_capacity;
    int32_t *place; /* [rows] position in runs, or -1; made when a sparse gradient comes */
} State;

struct NnOptimizer {
    NnParameters *parameters;
    NnOptimizerOptions options;
    int64_t steps;
    float adam_rate, adam_root, clip_factor; /* of this step: see adam() */
    State *states;
    int count;
    /* The step's work, in pieces of about PIECE numbers. */
    struct {
        struct Piece {
            int parameter;
            int64_t first, end; /* runs; of a single run, numbers */
            bool is_finite;
            double squares; /* of the gradient, summed */
        } * items;
        size_t count, capacity;
    } pieces;
};

#define PIECE 16384

static float or_default(float value, float otherwise)
{
    return value == 0.0f ? otherwise : value;
}

static bool has_first(const NnOptimizerOptions *options)
{
    return options->method == NN_ADAM || (options->method == NN_SGD && options->momentum != 0.0f);
}

static float *zeros(int64_t count)
{
    float *const values = nn_floats_new(count);
    if (values)
        nn_zero(values, count);
    return values;
}

NnOptimizer *nn_optimizer_new(NnParameters *parameters, const NnOptimizerOptions *options)
{
    NnOptimizer *const optimizer = calloc(1, sizeof *optimizer);
    if (!optimizer)
        return NULL;
    NnOptimizerOptions *const use = &optimizer->options;
    *use = options ? *options : (NnOptimizerOptions){.method = NN_ADAM};
    use->rate = or_default(use->rate, 1e-3f);
    use->beta1 = or_default(use->beta1, 0.9f);
    use->beta2 = or_default(use->beta2, 0.999f);
    use->epsilon = or_default(use->epsilon, use->method == NN_ADAGRAD ? 1e-10f : 1e-7f);
    optimizer->parameters = parameters;
    optimizer->count = nn_parameter_count(parameters);
    optimizer->states = calloc((size_t)optimizer->count + 1, sizeof *optimizer->states);
    for (int i = 0; optimizer->states && i < optimizer->count; i++) {
        State *const state = &optimizer->states[i];
        const int64_t size = nn_parameter_size(parameters, i);
        state->first = has_first(use) ? zeros(size) : NULL;
        state->second = use->method != NN_SGD ? zeros(size) : NULL;
        if ((has_first(use) && !state->first) || (use->method != NN_SGD && !state->second)) {
            nn_optimizer_free(optimizer);
            return NULL;
        }
    }
    if (!optimizer->states) {
        nn_optimizer_free(optimizer);
        return NULL;
    }
    return optimizer;
}

void nn_optimizer_free(NnOptimizer *optimizer)
{
    if (!optimizer)
        return;
    for (int i = 0; optimizer->states && i < optimizer->count; i++) {
        State *const state = &optimizer->states[i];
        free(state->first);
        free(state->second);
        free(state->runs);
        free(state->place);
    }
    free(optimizer->states);
    free(optimizer->pieces.items);
    free(optimizer);
}

void nn_optimizer_set_rate(NnOptimizer *optimizer, float rate)
{
    optimizer->options.rate = rate;
}

/* ---- Summing the replicas ---------------------------------------------------------------------------------------- */

static bool add_run(State *state, int64_t start, float *gradient)
{
    if (!base_reserve((void **)&state->runs, &state->run_capacity, (size_t)state->run_count + 1, sizeof *state->runs))
        return false;
    state->runs[state->run_count++] = (struct Run){.start = start, .gradient = gradient};
    return true;
}

/* Adds a row to the gradient of the first replica that has the row. */
static bool merge_rows(State *state, NnShape shape, const NnRows *rows)
{
    const int64_t width = shape.dims[1];
    if (!state->place) {
        state->place = malloc((size_t)shape.dims[0] * sizeof *state->place);
        for (int64_t i = 0; state->place && i < shape.dims[0]; i++)
            state->place[i] = -1;
    }
    if (!state->place)
        return false;
    for (int64_t i = 0; i < rows->count; i++) {
        const int32_t row = rows->touched[i];
        float *const gradient = rows->values + i * width;
        if (state->place[row] >= 0) {
            nn_add_to(state->runs[state->place[row]].gradient, gradient, width);
            continue;
        }
        if (!add_run(state, row * width, gradient))
            return false;
        state->place[row] = (int32_t)state->run_count - 1;
    }
    return true;
}

/* A replica that only touched rows of a parameter that another uses whole. */
static void add_rows_to_whole(float *whole, const NnRows *rows)
{
    for (int64_t i = 0; i < rows->count; i++)
        nn_add_to(whole + rows->touched[i] * rows->width, rows->values + i * rows->width, rows->width);
}

static float *first_whole(NnGraph *const *replicas, int count, int parameter)
{
    for (int i = 0; i < count; i++)
        if (nn_graph_dense_gradient(replicas[i], parameter))
            return nn_graph_dense_gradient(replicas[i], parameter);
    return NULL;
}

/* Whole gradients are summed later, by pieces; here the first is taken, and rows are brought together. */
static bool collect(NnOptimizer *optimizer, int parameter, NnGraph *const *replicas, int count)
{
    State *const state = &optimizer->states[parameter];
    const NnShape shape = nn_parameter_shape(optimizer->parameters, parameter);
    float *const whole = first_whole(replicas, count, parameter);
    state->run_count = 0;
    state->run_size = whole ? nn_parameter_size(optimizer->parameters, parameter) : nn_shape_width(shape);
    if (whole && !add_run(state, 0, whole))
        return false;
    for (int i = 0; i < count; i++) {
        const NnRows *const rows = nn_graph_sparse_gradient(replicas[i], parameter);
        if (rows && whole)
            add_rows_to_whole(whole, rows);
        else if (rows && !merge_rows(state, shape, rows))
            return false;
    }
    return true;
}

static void forget_places(NnOptimizer *optimizer)
{
    for (int i = 0; i < optimizer->count; i++) {
        State *const state = &optimizer->states[i];
        if (state->place)
            for (int64_t j = 0; j < state->run_count; j++)
                state->place[state->run_size > 0 ? state->runs[j].start / state->run_size : 0] = -1;
    }
}

/* ---- Updating ---------------------------------------------------------------------------------------------------- */

/* Kingma, Ba, "Adam", 2015, algorithm 1; with its decay apart: Loshchilov, Hutter, 2019. `rate` and `root` carry the
 * corrections for the moments' start at zero: m / (1 - b1^t) and sqrt(v / (1 - b2^t)). */
NN_KERNEL static void adam(float *restrict value, float *restrict first, float *restrict second,
                           const float *restrict gradient, const NnOptimizerOptions *use, float rate, float root,
                           int64_t count)
{
    const float beta1 = use->beta1, beta2 = use->beta2, epsilon = use->epsilon;
    const float stay = 1.0f - use->rate * use->weight_decay;
    for (int64_t i = 0; i < count; i++) {
        first[i] = beta1 * first[i] + (1.0f - beta1) * gradient[i];
        second[i] = beta2 * second[i] + (1.0f - beta2) * gradient[i] * gradient[i];
        value[i] = stay * value[i] - rate * first[i] / (sqrtf(second[i]) * root + epsilon);
    }
}

/* Duchi, Hazan, Singer, "Adaptive Subgradient Methods", 2011. */
NN_KERNEL static void adagrad(float *restrict value, float *restrict second, const float *restrict gradient,
                              const NnOptimizerOptions *use, int64_t count)
{
    const float stay = 1.0f - use->rate * use->weight_decay;
    for (int64_t i = 0; i < count; i++) {
        second[i] += gradient[i] * gradient[i];
        value[i] = stay * value[i] - use->rate * gradient[i] / (sqrtf(second[i]) + use->epsilon);
    }
}

/* v = momentum v + g; x -= rate v. */
NN_KERNEL static void sgd(float *restrict value, float *restrict first, const float *restrict gradient,
                          const NnOptimizerOptions *use, int64_t count)
{
    const float stay = 1.0f - use->rate * use->weight_decay;
    for (int64_t i = 0; i < count; i++) {
        float step = gradient[i];
        if (first)
            step = first[i] = use->momentum * first[i] + gradient[i];
        value[i] = stay * value[i] - use->rate * step;
    }
}

/* A running mean of what was measured. */
#define AVERAGE_RATE 0.1f

static void average(float *value, const float *measured, int64_t count)
{
    nn_scale_by(value, 1.0f - AVERAGE_RATE, count);
    nn_add_scaled(value, AVERAGE_RATE, measured, count);
}

static void update(const NnOptimizer *optimizer, int parameter, int64_t start, const float *gradient, int64_t count)
{
    const State *const state = &optimizer->states[parameter];
    const NnOptimizerOptions *const use = &optimizer->options;
    float *const value = nn_parameter_values(optimizer->parameters, parameter) + start;
    float *const first = state->first ? state->first + start : NULL;
    float *const second = state->second ? state->second + start : NULL;
    if (nn_parameter_role(optimizer->parameters, parameter) == NN_AVERAGED) {
        average(value, gradient, count);
        return;
    }
    switch (use->method) {
    case NN_SGD:
        sgd(value, first, gradient, use, count);
        break;
    case NN_ADAM:
        adam(value, first, second, gradient, use, optimizer->adam_rate, optimizer->adam_root, count);
        break;
    case NN_ADAGRAD:
        adagrad(value, second, gradient, use, count);
        break;
    }
}

/* ---- A step ------------------------------------------------------------------------------------------------------ */

static bool cut_into_pieces(NnOptimizer *optimizer)
{
    optimizer->pieces.count = 0;
    for (int i = 0; i < optimizer->count; i++) {
        const State *const state = &optimizer->states[i];
        const bool is_single = state->run_count == 1;
        const int64_t all = is_single ? state->run_size : state->run_count;
        const int64_t step = is_single || state->run_size == 0 ? PIECE : PIECE / state->run_size + 1;
        for (int64_t first = 0; first < all; first += step)
            if (!BASE_PUSH(
                    &optimizer->pieces,
                    (struct Piece){.parameter = i, .first = first, .end = first + step < all ? first + step : all}))
                return false;
    }
    return true;
}

typedef struct Step {
    NnOptimizer *optimizer;
    NnGraph *const *replicas;
    int count;
} Step;

static double squares_of(const float *x, int64_t count)
{
    return (double)nn_dot(x, x, count);
}

/* The sum over the replicas, in their order, into the first one's gradient; and a look at every number. */
static void sum_piece(void *context, size_t task, int worker)
{
    (void)worker;
    const Step *const step = context;
    struct Piece *const piece = &step->optimizer->pieces.items[task];
    const State *const state = &step->optimizer->states[piece->parameter];
    const bool is_clipped = step->optimizer->options.clip > 0.0f &&
                            nn_parameter_role(step->optimizer->parameters, piece->parameter) == NN_LEARNED;
    if (state->run_count > 1) {
        piece->is_finite = true;
        piece->squares = 0;
        for (int64_t i = piece->first; i < piece->end; i++) {
            piece->is_finite = piece->is_finite && nn_all_finite(state->runs[i].gradient, state->run_size);
            piece->squares += is_clipped ? squares_of(state->runs[i].gradient, state->run_size) : 0;
        }
        return;
    }
    float *const sum = state->runs[0].gradient + piece->first;
    const int64_t size = piece->end - piece->first;
    for (int i = 0; i < step->count; i++) {
        const float *const whole = nn_graph_dense_gradient(step->replicas[i], piece->parameter);
        if (whole && whole != state->runs[0].gradient)
            nn_add_to(sum, whole + piece->first, size);
    }
    piece->is_finite = nn_all_finite(sum, size);
    piece->squares = is_clipped ? squares_of(sum, size) : 0;
}

/* By how much the gradient is too long (Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural
 * networks", 2013). */
static float clip_factor(const NnOptimizer *optimizer)
{
    double squares = 0;
    for (size_t i = 0; i < optimizer->pieces.count; i++)
        squares += optimizer->pieces.items[i].squares;
    const double length = sqrt(squares), most = (double)optimizer->options.clip;
    return most > 0 && length > most ? (float)(most / length) : 1.0f;
}

static void update_piece(void *context, size_t task, int worker)
{
    (void)worker;
    const NnOptimizer *const optimizer = ((const Step *)context)->optimizer;
    const struct Piece *const piece = &optimizer->pieces.items[task];
    const State *const state = &optimizer->states[piece->parameter];
    const float factor =
        nn_parameter_role(optimizer->parameters, piece->parameter) == NN_AVERAGED ? 1.0f : optimizer->clip_factor;
    if (state->run_count == 1) {
        const struct Run *const run = &state->runs[0];
        if (factor < 1.0f)
            nn_scale_by(run->gradient + piece->first, factor, piece->end - piece->first);
        update(optimizer, piece->parameter, run->start + piece->first, run->gradient + piece->first,
               piece->end - piece->first);
        return;
    }
    for (int64_t i = piece->first; i < piece->end; i++) {
        if (factor < 1.0f)
            nn_scale_by(state->runs[i].gradient, factor, state->run_size);
        update(optimizer, piece->parameter, state->runs[i].start, state->runs[i].gradient, state->run_size);
    }
}

static BaseStatus check_finite(const NnOptimizer *optimizer, BaseError *err)
{
    for (size_t i = 0; i < optimizer->pieces.count; i++)
        if (!optimizer->pieces.items[i].is_finite)
            return base_fail(err, BASE_BAD_INPUT, "the gradient of \"%s\" is not finite: a number grew out of bounds",
                             nn_parameter_name(optimizer->parameters, optimizer->pieces.items[i].parameter));
    return BASE_OK;
}

static void begin_step(NnOptimizer *optimizer)
{
    const NnOptimizerOptions *const use = &optimizer->options;
    const double steps = (double)++optimizer->steps;
    optimizer->clip_factor = clip_factor(optimizer);
    optimizer->adam_rate = (float)((double)use->rate / (1.0 - pow((double)use->beta1, steps)));
    optimizer->adam_root = (float)(1.0 / sqrt(1.0 - pow((double)use->beta2, steps)));
}

BaseStatus nn_optimizer_step(NnOptimizer *optimizer, NnGraph *const *replicas, int count, BasePool *pool,
                             BaseError *err)
{
    if (nn_parameter_count(optimizer->parameters) != optimizer->count)
        return base_fail(err, BASE_BAD_CALL, "nn_optimizer_step: parameters were added after nn_optimizer_new");
    Step step = {.optimizer = optimizer, .replicas = replicas, .count = count};
    bool has_memory = true;
    for (int i = 0; i < optimizer->count && has_memory; i++)
        has_memory = collect(optimizer, i, replicas, count);
    has_memory = has_memory && cut_into_pieces(optimizer);
    BaseStatus status = has_memory ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for the optimiser's step");
    if (status == BASE_OK) {
        base_parallel_for(pool, optimizer->pieces.count, sum_piece, &step);
        status = check_finite(optimizer, err);
    }
    if (status == BASE_OK) {
        begin_step(optimizer);
        base_parallel_for(pool, optimizer->pieces.count, update_piece, &step);
    }
    forget_places(optimizer);
    for (int i = 0; i < count; i++)
        nn_graph_clear_gradients(replicas[i]);
    return status;
}
