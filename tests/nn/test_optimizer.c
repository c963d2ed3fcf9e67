/* Optimisers against their formulas written out in double precision, and what a step promises. */
#include "expect.h"

#include "nn/nn.h"

#include <math.h>

enum { COUNT = 5, STEPS = 30 };

/* The loss |p - target|^2 has the gradient 2 (p - target). */
typedef struct Pull {
    NnParameters *parameters;
    NnGraph *graph;
    NnNode loss;
    NnOptimizer *optimizer;
    float target[COUNT];
} Pull;

static void open_pull(Pull *pull, const NnOptimizerOptions *options)
{
    BaseError err = {0};
    pull->parameters = nn_parameters_new(11);
    const int p = nn_parameter_add(pull->parameters, "p", NN_SHAPE(1, COUNT), NN_UNIFORM, 1.0f);
    pull->graph = nn_graph_new(pull->parameters, 1, 0);
    const NnNode target = nn_input(pull->graph, NN_SHAPE(1, COUNT));
    pull->loss = nn_mean_square(pull->graph, nn_sub(pull->graph, nn_parameter(pull->graph, p), target));
    expect_ok(nn_graph_plan(pull->graph, &err), &err);
    nn_graph_bind(pull->graph, target, pull->target);
    for (int i = 0; i < COUNT; i++)
        pull->target[i] = (float)i - 2.0f;
    pull->optimizer = nn_optimizer_new(pull->parameters, options);
    assert_non_null(pull->optimizer);
}

static void close_pull(Pull *pull)
{
    nn_optimizer_free(pull->optimizer);
    nn_graph_free(pull->graph);
    nn_parameters_free(pull->parameters);
}

static BaseStatus step(Pull *pull, BaseError *err)
{
    expect_ok(nn_graph_forward(pull->graph, pull->loss, 1, err), err);
    expect_ok(nn_graph_backward(pull->graph, pull->loss, 1.0f, err), err);
    return nn_optimizer_step(pull->optimizer, &pull->graph, 1, NULL, err);
}

typedef struct Memory {
    double first, second;
} Memory;

static double reference(const NnOptimizerOptions *o, int t, double x, double gradient, Memory *memory)
{
    const double rate = o->rate != 0.0f ? (double)o->rate : 1e-3;
    const double b1 = o->beta1 != 0.0f ? (double)o->beta1 : 0.9, b2 = o->beta2 != 0.0f ? (double)o->beta2 : 0.999;
    const double decayed = x - rate * (double)o->weight_decay * x;
    switch (o->method) {
    case NN_SGD:
        memory->first = (double)o->momentum * memory->first + gradient;
        return decayed - rate * memory->first;
    case NN_ADAGRAD:
        memory->second += gradient * gradient;
        return decayed - rate * gradient / (sqrt(memory->second) + (o->epsilon != 0.0f ? (double)o->epsilon : 1e-10));
    case NN_ADAM:
        break;
    }
    memory->first = b1 * memory->first + (1 - b1) * gradient;
    memory->second = b2 * memory->second + (1 - b2) * gradient * gradient;
    const double m = memory->first / (1 - pow(b1, t)), v = memory->second / (1 - pow(b2, t));
    return decayed - rate * m / (sqrt(v) + (o->epsilon != 0.0f ? (double)o->epsilon : 1e-7));
}

static void each_method_follows_its_formula(void **state)
{
    (void)state;
    const NnOptimizerOptions all[] = {
        {.method = NN_SGD, .rate = 0.05f},
        {.method = NN_SGD},
        {.method = NN_SGD, .rate = 0.02f, .momentum = 0.9f},
        {.method = NN_SGD, .rate = 0.02f, .momentum = 0.5f, .weight_decay = 0.1f},
        {.method = NN_ADAM},
        {.method = NN_ADAM, .rate = 0.1f, .beta1 = 0.8f, .beta2 = 0.95f, .epsilon = 1e-3f},
        {.method = NN_ADAM, .rate = 0.05f, .weight_decay = 0.2f},
        {.method = NN_ADAGRAD, .rate = 0.3f},
        {.method = NN_ADAGRAD, .rate = 0.3f, .epsilon = 0.5f, .weight_decay = 0.01f},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        BaseError err = {0};
        Pull pull;
        open_pull(&pull, &all[i]);
        double x[COUNT];
        Memory memory[COUNT] = {0};
        for (int j = 0; j < COUNT; j++)
            x[j] = (double)nn_parameter_values(pull.parameters, 0)[j];
        for (int t = 1; t <= STEPS; t++) {
            expect_ok(step(&pull, &err), &err);
            for (int j = 0; j < COUNT; j++) {
                x[j] = reference(&all[i], t, x[j], 2 * (x[j] - (double)pull.target[j]), &memory[j]);
                assert_float_equal(nn_parameter_values(pull.parameters, 0)[j], x[j], 2e-5);
            }
        }
        close_pull(&pull);
    }
}

static void a_new_rate_holds_from_the_next_step(void **state)
{
    (void)state;
    BaseError err = {0};
    Pull pull;
    open_pull(&pull, &(NnOptimizerOptions){.method = NN_SGD, .rate = 0.5f});
    nn_optimizer_set_rate(pull.optimizer, 0.25f);
    const float x = nn_parameter_values(pull.parameters, 0)[0];
    expect_ok(step(&pull, &err), &err);
    assert_float_equal(nn_parameter_values(pull.parameters, 0)[0], x - 0.25f * 2 * (x + 2), 1e-6);
    close_pull(&pull);
}

static void a_gradient_that_is_not_finite_is_refused_by_name(void **state)
{
    (void)state;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++)
        for (int place = 0; place < COUNT; place++) {
            BaseError err = {0};
            Pull pull;
            open_pull(&pull, NULL);
            expect_ok(step(&pull, &err), &err);
            float before[COUNT];
            memcpy(before, nn_parameter_values(pull.parameters, 0), sizeof before);
            const float target = pull.target[place];
            pull.target[place] = bad[i];
            assert_int_equal(step(&pull, &err), BASE_BAD_INPUT);
            expect_words(&err, "\"p\"");
            expect_words(&err, "not finite");
            assert_memory_equal(before, nn_parameter_values(pull.parameters, 0), sizeof before);
            /* The gradients are gone, so that the caller may go on. */
            pull.target[place] = target;
            err = (BaseError){0};
            expect_ok(step(&pull, &err), &err);
            assert_memory_not_equal(before, nn_parameter_values(pull.parameters, 0), sizeof before);
            close_pull(&pull);
        }
}

static void parameters_added_later_are_a_fault_of_the_caller(void **state)
{
    (void)state;
    BaseError err = {0};
    Pull pull;
    open_pull(&pull, NULL);
    assert_int_equal(nn_parameter_add(pull.parameters, "late", NN_SHAPE(2), NN_ZERO, 0), 1);
    assert_int_equal(step(&pull, &err), BASE_BAD_CALL);
    close_pull(&pull);
}

/* ---- Rows
 * ------------------------------------------------------------------------------------------------------------ */

enum { ROWS = 6, WIDTH = 3 };

/* Loss and gradient of the mean square of some rows of the table. */
typedef struct Picker {
    NnGraph *graph;
    NnNode index, loss;
} Picker;

static Picker make_picker(NnParameters *parameters, int table)
{
    BaseError err = {0};
    Picker picker = {.graph = nn_graph_new(parameters, ROWS, 0)};
    picker.index = nn_index_input(picker.graph, NN_SHAPE(NN_BATCH));
    picker.loss = nn_mean_square(picker.graph, nn_gather(picker.graph, table, picker.index));
    expect_ok(nn_graph_plan(picker.graph, &err), &err);
    return picker;
}

static void pick(const Picker *picker, const int32_t *rows, int64_t count, int64_t of)
{
    BaseError err = {0};
    if (count == 0)
        return;
    nn_graph_bind(picker->graph, picker->index, rows);
    expect_ok(nn_graph_forward(picker->graph, picker->loss, count, &err), &err);
    expect_ok(nn_graph_backward(picker->graph, picker->loss, (float)count / (float)of, &err), &err);
}

/* The rows of a step are dealt to two replicas, which then often have a row in common. */
static void rows_not_touched_keep_values_and_moments(void **state)
{
    (void)state;
    BaseError err = {0};
    NnParameters *const parameters = nn_parameters_new(2);
    const int table = nn_parameter_add(parameters, "table", NN_SHAPE(ROWS, WIDTH), NN_UNIFORM, 1.0f);
    const Picker pickers[] = {make_picker(parameters, table), make_picker(parameters, table)};
    NnGraph *const graphs[] = {pickers[0].graph, pickers[1].graph};
    const NnOptimizerOptions adam = {.method = NN_ADAM, .rate = 0.1f};
    NnOptimizer *const optimizer = nn_optimizer_new(parameters, &adam);
    double x[ROWS][WIDTH];
    Memory memory[ROWS][WIDTH] = {0};
    float *const values = nn_parameter_values(parameters, table);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < WIDTH; j++)
            x[i][j] = (double)values[i * WIDTH + j];
    BaseRandom random;
    base_random_seed(&random, 4);
    for (int t = 1; t <= STEPS; t++) {
        int32_t rows[ROWS];
        int times[ROWS] = {0};
        const int64_t count = 1 + (int64_t)base_random_below(&random, ROWS);
        for (int64_t i = 0; i < count; i++) {
            rows[i] = (int32_t)base_random_below(&random, ROWS - 1); /* the last row: never */
            times[rows[i]]++;
        }
        pick(&pickers[0], rows, count / 2, count);
        pick(&pickers[1], rows + count / 2, count - count / 2, count);
        expect_ok(nn_optimizer_step(optimizer, graphs, 2, NULL, &err), &err);
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < WIDTH; j++) {
                if (times[i] > 0)
                    x[i][j] = reference(&adam, t, x[i][j], 2 * x[i][j] * times[i] / (double)count, &memory[i][j]);
                assert_float_equal(values[i * WIDTH + j], x[i][j], 1e-4);
            }
    }
    nn_optimizer_free(optimizer);
    nn_graph_free(graphs[0]);
    nn_graph_free(graphs[1]);
    nn_parameters_free(parameters);
}

/* ---- Threads
 * ----------------------------------------------------------------------------------------------------------- */

enum { MANY = 50000 };

static void threads_do_not_change_the_result(void **state)
{
    (void)state;
    float *results[3];
    for (int threads = 1; threads <= 3; threads++) {
        BaseError err = {0};
        BasePool *const pool = threads > 1 ? base_pool_new(threads) : NULL;
        NnParameters *const parameters = nn_parameters_new(2);
        const int p = nn_parameter_add(parameters, "p", NN_SHAPE(1, MANY), NN_UNIFORM, 1.0f);
        const int q = nn_parameter_add(parameters, "q", NN_SHAPE(ROWS, WIDTH), NN_UNIFORM, 1.0f);
        const int32_t rows[] = {1, 4, 1};
        NnGraph *graphs[2];
        NnNode losses[2];
        for (int i = 0; i < 2; i++) {
            NnGraph *const graph = graphs[i] = nn_graph_new(parameters, 3, 0);
            const NnNode index = nn_index_input(graph, NN_SHAPE(3));
            losses[i] = nn_add(graph, nn_mean_square(graph, nn_parameter(graph, p)),
                               nn_mean_square(graph, nn_gather(graph, q, index)));
            expect_ok(nn_graph_plan(graph, &err), &err);
            nn_graph_bind(graph, index, rows);
        }
        NnOptimizer *const optimizer = nn_optimizer_new(parameters, NULL);
        for (int t = 0; t < 3; t++) {
            for (int i = 0; i < 2; i++) {
                expect_ok(nn_graph_forward(graphs[i], losses[i], 1, &err), &err);
                expect_ok(nn_graph_backward(graphs[i], losses[i], 0.5f, &err), &err);
            }
            expect_ok(nn_optimizer_step(optimizer, graphs, 2, pool, &err), &err);
        }
        float *const result = results[threads - 1] = calloc(MANY + ROWS * WIDTH, sizeof *result);
        assert_non_null(result);
        memcpy(result, nn_parameter_values(parameters, p), MANY * sizeof *result);
        memcpy(result + MANY, nn_parameter_values(parameters, q), ROWS * WIDTH * sizeof *result);
        nn_optimizer_free(optimizer);
        nn_graph_free(graphs[0]);
        nn_graph_free(graphs[1]);
        nn_parameters_free(parameters);
        base_pool_free(pool);
    }
    assert_memory_equal(results[0], results[1], (MANY + ROWS * WIDTH) * sizeof(float));
    assert_memory_equal(results[0], results[2], (MANY + ROWS * WIDTH) * sizeof(float));
    for (int i = 0; i < 3; i++)
        free(results[i]);
}

static void a_long_gradient_is_scaled_down_to_the_clip(void **state)
{
    (void)state;
    BaseError err = {0};
    Pull pull = {0};
    open_pull(&pull, &(NnOptimizerOptions){.method = NN_SGD, .rate = 1.0f, .clip = 0.5f});
    float *const p = nn_parameter_values(pull.parameters, 0);
    double before[COUNT], squares = 0, moved = 0;
    for (int i = 0; i < COUNT; i++) {
        before[i] = (double)p[i];
        squares += 4 * (before[i] - (double)pull.target[i]) * (before[i] - (double)pull.target[i]);
    }
    expect_ok(step(&pull, &err), &err);
    for (int i = 0; i < COUNT; i++) {
        const double gradient = 2 * (before[i] - (double)pull.target[i]);
        assert_true(fabs(before[i] - (double)p[i] - gradient * 0.5 / sqrt(squares)) < 1e-6);
        moved += (before[i] - (double)p[i]) * (before[i] - (double)p[i]);
    }
    assert_true(fabs(sqrt(moved) - 0.5) < 1e-5);
    close_pull(&pull);
}

/* Batch normalisation of one column whose numbers are 1, 3 and 8 in two slices. */
static void averages_follow_what_the_slices_measured_and_frozen_stays(void **state)
{
    (void)state;
    BaseError err = {0};
    NnParameters *const parameters = nn_parameters_new(1);
    const NnShape one = NN_SHAPE(1);
    const int scale = nn_parameter_add(parameters, "scale", one, NN_ONE, 0);
    const int shift = nn_parameter_add(parameters, "shift", one, NN_ZERO, 0);
    const int mean = nn_parameter_add(parameters, "mean", one, NN_ZERO, 0);
    const int variance = nn_parameter_add(parameters, "variance", one, NN_ONE, 0);
    nn_parameter_set_role(parameters, scale, NN_FROZEN);
    nn_parameter_set_role(parameters, mean, NN_AVERAGED);
    nn_parameter_set_role(parameters, variance, NN_AVERAGED);
    NnOptimizer *const optimizer = nn_optimizer_new(parameters, &(NnOptimizerOptions){.clip = 1e-3f});
    const float slices[2][2] = {{1, 3}, {8}};
    const int64_t counts[2] = {2, 1};
    NnGraph *graphs[2];
    for (int i = 0; i < 2; i++) {
        graphs[i] = nn_graph_new(parameters, 2, 0);
        const NnNode x = nn_input(graphs[i], NN_SHAPE(NN_BATCH, 1));
        const NnNode loss = nn_mean_square(graphs[i], nn_batch_norm(graphs[i], x, scale, shift, mean, variance, 0));
        expect_ok(nn_graph_plan(graphs[i], &err), &err);
        nn_graph_set_training(graphs[i], true);
        nn_graph_bind(graphs[i], x, slices[i]);
        expect_ok(nn_graph_forward(graphs[i], loss, counts[i], &err), &err);
        expect_ok(nn_graph_backward(graphs[i], loss, (float)counts[i] / 3, &err), &err);
    }
    expect_ok(nn_optimizer_step(optimizer, graphs, 2, NULL, &err), &err);
    assert_true(nn_parameter_values(parameters, scale)[0] == 1.0f);
    const double means = (2.0 * 2 + 8) / 3, variances = (1.0 * 2 + 0) / 3;
    assert_true(fabs((double)nn_parameter_values(parameters, mean)[0] - 0.1 * means) < 1e-6);
    assert_true(fabs((double)nn_parameter_values(parameters, variance)[0] - (0.9 + 0.1 * variances)) < 1e-6);
    for (int i = 0; i < 2; i++)
        nn_graph_free(graphs[i]);
    nn_optimizer_free(optimizer);
    nn_parameters_free(parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_method_follows_its_formula),
        cmocka_unit_test(a_new_rate_holds_from_the_next_step),
        cmocka_unit_test(a_gradient_that_is_not_finite_is_refused_by_name),
        cmocka_unit_test(parameters_added_later_are_a_fault_of_the_caller),
        cmocka_unit_test(rows_not_touched_keep_values_and_moments),
        cmocka_unit_test(threads_do_not_change_the_result),
        cmocka_unit_test(a_long_gradient_is_scaled_down_to_the_clip),
        cmocka_unit_test(averages_follow_what_the_slices_measured_and_frozen_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
