/* Graphs: what planning refuses, how runs are bounded, and how gradients of several graphs and uses come together. */
#include "expect.h"

#include "nn/nn.h"

#include <math.h>

typedef struct Fixture {
    NnParameters *parameters;
    NnGraph *graph;
    NnNode x, labels;
    int table, weight, bias, filter, filter_bias;
} Fixture;

static int set_up(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->parameters = nn_parameters_new(7);
    f->table = nn_parameter_add(f->parameters, "table", NN_SHAPE(9, 4), NN_NORMAL, 1.0f);
    f->weight = nn_parameter_add(f->parameters, "weight", NN_SHAPE(4, 3), NN_GLOROT_UNIFORM, 0);
    f->bias = nn_parameter_add(f->parameters, "bias", NN_SHAPE(3), NN_UNIFORM, 0.5f);
    f->filter = nn_parameter_add(f->parameters, "filter", NN_SHAPE(3, 3, 2, 5), NN_HE_NORMAL, 0);
    f->filter_bias = nn_parameter_add(f->parameters, "filter_bias", NN_SHAPE(5), NN_ZERO, 0);
    f->graph = nn_graph_new(f->parameters, 8, 1);
    f->x = nn_input(f->graph, NN_SHAPE(NN_BATCH, 4));
    f->labels = nn_index_input(f->graph, NN_SHAPE(NN_BATCH));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *const f = *state;
    nn_graph_free(f->graph);
    nn_parameters_free(f->parameters);
    free(f);
    return 0;
}

/* ---- Planning ---------------------------------------------------------------------------------------------------- */

typedef struct Wrong {
    NnNode (*build)(Fixture *f);
    const char *words[3];
} Wrong;

static NnNode add_mismatch(Fixture *f)
{
    return nn_add(f->graph, f->x, nn_input(f->graph, NN_SHAPE(NN_BATCH, 5)));
}
static NnNode mul_wrong_row(Fixture *f)
{
    return nn_mul(f->graph, f->x, nn_input(f->graph, NN_SHAPE(3)));
}
static NnNode matmul_mismatch(Fixture *f)
{
    return nn_matmul(f->graph, f->x, nn_parameter(f->graph, f->weight), true);
}
static NnNode matmul_batch_second(Fixture *f)
{
    return nn_matmul(f->graph, f->x, f->x, true);
}
static NnNode dense_mismatch(Fixture *f)
{
    return nn_dense(f->graph, f->x, f->table, f->bias, NN_RELU);
}
static NnNode dense_of_no_parameter(Fixture *f)
{
    return nn_dense(f->graph, f->x, 99, f->bias, NN_RELU);
}
static NnNode conv_too_small(Fixture *f)
{
    return nn_conv2d(f->graph, nn_input(f->graph, NN_SHAPE(NN_BATCH, 2, 9, 2)), f->filter, f->filter_bias,
                     (NnConv){.activation = NN_RELU});
}
static NnNode conv_wrong_channels(Fixture *f)
{
    return nn_conv2d(f->graph, nn_input(f->graph, NN_SHAPE(NN_BATCH, 9, 9, 3)), f->filter, f->filter_bias,
                     (NnConv){.activation = NN_RELU});
}
static NnNode pool_too_small(Fixture *f)
{
    return nn_max_pool2d(f->graph, nn_input(f->graph, NN_SHAPE(NN_BATCH, 3, 3, 1)), (NnPool){.size = 4});
}
static NnNode gather_by_floats(Fixture *f)
{
    return nn_gather(f->graph, f->table, f->x);
}
static NnNode gather_of_a_vector(Fixture *f)
{
    return nn_gather(f->graph, f->bias, f->labels);
}
static NnNode relu_of_indices(Fixture *f)
{
    return nn_relu(f->graph, f->labels);
}
static NnNode reshape_mismatch(Fixture *f)
{
    return nn_reshape(f->graph, f->x, NN_SHAPE(NN_BATCH, 5));
}
static NnNode reshape_moves_the_batch(Fixture *f)
{
    return nn_reshape(f->graph, f->x, NN_SHAPE(8, 4));
}
static NnNode complex_odd(Fixture *f)
{
    const NnNode odd = nn_input(f->graph, NN_SHAPE(NN_BATCH, 3));
    return nn_complex_mul(f->graph, odd, odd, false);
}
static NnNode distance_of_another_width(Fixture *f)
{
    return nn_distance(f->graph, f->x, nn_input(f->graph, NN_SHAPE(6, 5)), 2);
}
static NnNode distance_of_unknown_norm(Fixture *f)
{
    return nn_distance(f->graph, f->x, nn_parameter(f->graph, f->table), 4);
}
static NnNode entropy_without_rows(Fixture *f)
{
    return nn_cross_entropy(f->graph, nn_parameter(f->graph, f->weight), f->labels, 0);
}
static NnNode smoothing_of_two(Fixture *f)
{
    return nn_cross_entropy(f->graph, f->x, f->labels, 2.0f);
}
static NnNode binary_mismatch(Fixture *f)
{
    return nn_binary_cross_entropy(f->graph, f->x, nn_parameter(f->graph, f->table));
}
static NnNode power_of_four(Fixture *f)
{
    return nn_mean_power(f->graph, f->x, 4);
}
static NnNode dropout_of_all(Fixture *f)
{
    return nn_dropout(f->graph, f->x, 1.0f);
}
static NnNode input_of_nothing(Fixture *f)
{
    return nn_input(f->graph, NN_SHAPE(NN_BATCH, 0));
}
static NnNode input_beyond_memory(Fixture *f)
{
    return nn_input(f->graph, NN_SHAPE(NN_BATCH, INT64_C(1) << 40, INT64_C(1) << 40));
}
static NnNode node_of_nowhere(Fixture *f)
{
    return nn_relu(f->graph, 1234);
}

static const Wrong wrongs[] = {
    {add_mismatch, {"nn_add", "[batch, 4]", "[batch, 5]"}},
    {mul_wrong_row, {"nn_mul", "[batch, 4]", "[3]"}},
    {matmul_mismatch, {"nn_matmul", "[batch, 4]", "[4, 3] transposed"}},
    {matmul_batch_second, {"nn_matmul", "[batch, 4]", "n not the batch"}},
    {dense_mismatch, {"nn_dense", "[batch, 4]", "[9, 4]"}},
    {dense_of_no_parameter, {"nn_parameter", "99", "no parameter"}},
    {conv_too_small, {"nn_conv2d", "[batch, 2, 9, 2]", "[3, 3, 2, 5]"}},
    {conv_wrong_channels, {"nn_conv2d", "[batch, 9, 9, 3]", "[3, 3, 2, 5]"}},
    {pool_too_small, {"nn_max_pool2d", "4 x 4", "[batch, 3, 3, 1]"}},
    {gather_by_floats, {"nn_gather", "floats", "indices"}},
    {gather_of_a_vector, {"nn_gather", "[rows, width]", "[3]"}},
    {relu_of_indices, {"nn_relu", "indices", "floats"}},
    {reshape_mismatch, {"nn_reshape", "[batch, 4]", "[batch, 5]"}},
    {reshape_moves_the_batch, {"nn_reshape", "[batch, 4]", "[8, 4]"}},
    {complex_odd, {"nn_complex_mul", "[batch, 3]", "even"}},
    {distance_of_another_width, {"nn_distance", "[batch, 4]", "[6, 5]"}},
    {distance_of_unknown_norm, {"nn_distance", "p = 4", "1, 2 or 3"}},
    {entropy_without_rows, {"nn_cross_entropy", "[4, 3]", "[batch]"}},
    {smoothing_of_two, {"nn_cross_entropy", "smoothing", "2"}},
    {binary_mismatch, {"nn_binary_cross_entropy", "[batch, 4]", "[9, 4]"}},
    {power_of_four, {"nn_mean_power", "4", "2 or 3"}},
    {dropout_of_all, {"nn_dropout", "rate", "[0, 1)"}},
    {input_of_nothing, {"nn_input", "[batch, 0]", "no shape"}},
    {input_beyond_memory, {"nn_input", "1099511627776", "no shape"}},
    {node_of_nowhere, {"nn_relu", "1234", "not of this graph"}},
};

static void a_wrong_op_is_told_with_its_shapes_when_planning(void **state)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        assert_int_equal(set_up(state), 0);
        Fixture *const f = *state;
        BaseError err = {0};
        const NnNode y = wrongs[i].build(f);
        assert_int_equal(y, -1);
        /* All that follows passes -1 on, and the first fault stays the one that is told. */
        assert_int_equal(nn_mean_square(f->graph, nn_add(f->graph, f->x, nn_relu(f->graph, y))), -1);
        assert_int_equal(nn_graph_plan(f->graph, &err), BASE_BAD_CALL);
        for (int j = 0; j < 3; j++)
            expect_words(&err, wrongs[i].words[j]);
        tear_down(state);
    }
}

static void a_planned_graph_takes_no_more_ops(void **state)
{
    Fixture *const f = *state;
    expect_ok(nn_graph_plan(f->graph, NULL), &(BaseError){0});
    assert_int_equal(nn_relu(f->graph, f->x), -1);
}

static void runs_out_of_bounds_are_refused(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    const float x[8 * 4] = {0};
    const NnNode loss = nn_mean_square(f->graph, f->x);
    assert_int_equal(nn_graph_forward(f->graph, loss, 1, &err), BASE_BAD_CALL);
    expect_words(&err, "not planned");
    err = (BaseError){0};
    expect_ok(nn_graph_plan(f->graph, &err), &err);
    assert_int_equal(nn_graph_forward(f->graph, loss, 1, &err), BASE_BAD_CALL);
    expect_words(&err, "nothing is bound");
    nn_graph_bind(f->graph, f->x, x);
    const int64_t batches[] = {0, -1, 9};
    for (size_t i = 0; i < 3; i++) {
        err = (BaseError){0};
        assert_int_equal(nn_graph_forward(f->graph, loss, batches[i], &err), BASE_BAD_CALL);
        expect_words(&err, "1 to 8");
    }
    err = (BaseError){0};
    assert_int_equal(nn_graph_forward(f->graph, 77, 1, &err), BASE_BAD_CALL);
    err = (BaseError){0};
    assert_int_equal(nn_graph_backward(f->graph, loss, 1, &err), BASE_BAD_CALL);
    expect_words(&err, "not computed");
    expect_ok(nn_graph_forward(f->graph, loss, 8, &(BaseError){0}), &err);
    err = (BaseError){0};
    assert_int_equal(nn_graph_backward(f->graph, loss, 1, &err), BASE_BAD_CALL); /* nothing to learn in it */
    expect_words(&err, "made of parameters");
}

static void an_index_out_of_range_is_named(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    const NnNode rows = nn_gather(f->graph, f->table, f->labels);
    const NnNode loss = nn_cross_entropy(f->graph, f->x, f->labels, 0);
    expect_ok(nn_graph_plan(f->graph, &err), &err);
    const float x[8 * 4] = {0};
    const int32_t labels[] = {0, 3, 9, 2};
    nn_graph_bind(f->graph, f->x, x);
    nn_graph_bind(f->graph, f->labels, labels);
    assert_int_equal(nn_graph_forward(f->graph, rows, 3, &err), BASE_BAD_INPUT);
    expect_words(&err, "row 9");
    expect_words(&err, "table");
    err = (BaseError){0};
    assert_int_equal(nn_graph_forward(f->graph, loss, 3, &err), BASE_BAD_INPUT);
    expect_words(&err, "label 9 of row 2");
    expect_ok(nn_graph_forward(f->graph, loss, 2, &err), &err);
    const int32_t negative[] = {-1};
    nn_graph_bind(f->graph, f->labels, negative);
    assert_int_equal(nn_graph_forward(f->graph, rows, 1, NULL), BASE_BAD_INPUT);
}

static void only_what_the_node_needs_is_computed(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    const NnNode logits = nn_dense(f->graph, f->x, f->weight, f->bias, NN_LINEAR);
    nn_cross_entropy(f->graph, logits, f->labels, 0);
    const NnNode probabilities = nn_softmax(f->graph, logits);
    expect_ok(nn_graph_plan(f->graph, &err), &err);
    const float x[2 * 4] = {1, 2, 3, 4, -1, 0, 1, 0};
    nn_graph_bind(f->graph, f->x, x);
    expect_ok(nn_graph_forward(f->graph, probabilities, 2, &err), &err); /* no labels are bound */
    const float *const p = nn_graph_value(f->graph, probabilities);
    for (int i = 0; i < 2; i++)
        assert_float_equal(p[3 * i] + p[3 * i + 1] + p[3 * i + 2], 1.0, 1e-6);
}

/* ---- Numbers that are hard on floats -------------------------------------------------------------------------------
 */

static void nan_is_not_hidden(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    const NnNode image = nn_input(f->graph, NN_SHAPE(NN_BATCH, 2, 2, 1));
    const NnNode nodes[] = {nn_relu(f->graph, f->x),
                            nn_softmax(f->graph, f->x),
                            nn_sigmoid(f->graph, f->x),
                            nn_dense(f->graph, f->x, f->weight, f->bias, NN_RELU),
                            nn_max_pool2d(f->graph, image, (NnPool){.size = 2}),
                            nn_cross_entropy(f->graph, f->x, f->labels, 0),
                            nn_mean_square(f->graph, f->x)};
    expect_ok(nn_graph_plan(f->graph, &err), &err);
    const int32_t labels[] = {0};
    for (int place = 0; place < 4; place++) {
        float x[4] = {1, 2, 3, 4};
        x[place] = NAN;
        nn_graph_bind(f->graph, f->x, x);
        nn_graph_bind(f->graph, image, x);
        nn_graph_bind(f->graph, f->labels, labels);
        for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
            expect_ok(nn_graph_forward(f->graph, nodes[i], 1, &err), &err);
            const bool is_elementwise = i == 0 || i == 2;
            assert_true(isnan(nn_graph_value(f->graph, nodes[i])[is_elementwise ? place : 0]));
        }
    }
}

static void large_logits_do_not_overflow(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    const NnNode loss = nn_cross_entropy(f->graph, f->x, f->labels, 0);
    const NnNode probabilities = nn_softmax(f->graph, f->x);
    expect_ok(nn_graph_plan(f->graph, &err), &err);
    const float x[] = {20000, -20000, 19999, 0};
    const int32_t labels[] = {1};
    nn_graph_bind(f->graph, f->x, x);
    nn_graph_bind(f->graph, f->labels, labels);
    expect_ok(nn_graph_forward(f->graph, loss, 1, &err), &err);
    assert_float_equal(nn_graph_value(f->graph, loss)[0], 40000.313, 0.01);
    expect_ok(nn_graph_forward(f->graph, probabilities, 1, &err), &err);
    assert_float_equal(nn_graph_value(f->graph, probabilities)[0], 0.7310586, 1e-6);
    assert_float_equal(nn_graph_value(f->graph, probabilities)[1], 0.0, 1e-30);
}

/* |q|^2 + |e|^2 - 2 q.e alone would be off by far more than this. */
static void a_small_euclidean_distance_of_long_rows_is_exact(void **state)
{
    (void)state;
    BaseError err = {0};
    NnParameters *const parameters = nn_parameters_new(1);
    const int e = nn_parameter_add(parameters, "e", NN_SHAPE(3, 64), NN_NORMAL, 30.0f);
    NnGraph *const graph = nn_graph_new(parameters, 1, 0);
    const NnNode q = nn_input(graph, NN_SHAPE(NN_BATCH, 64));
    const NnNode distance = nn_distance(graph, q, nn_parameter(graph, e), 2);
    expect_ok(nn_graph_plan(graph, &err), &err);
    float near[64];
    for (int i = 0; i < 64; i++)
        near[i] = nn_parameter_values(parameters, e)[64 + i];
    nn_graph_bind(graph, q, near);
    expect_ok(nn_graph_forward(graph, distance, 1, &err), &err);
    assert_true(nn_graph_value(graph, distance)[1] == 0.0f);
    near[5] += 0.0078125f;
    const float step = near[5] - nn_parameter_values(parameters, e)[64 + 5];
    expect_ok(nn_graph_forward(graph, distance, 1, &err), &err);
    assert_float_equal(nn_graph_value(graph, distance)[1], step, 1e-6);
    nn_graph_free(graph);
    nn_parameters_free(parameters);
}

static void equal_rows_pass_a_finite_gradient(void **state)
{
    (void)state;
    for (int p = 1; p <= 3; p++) {
        BaseError err = {0};
        NnParameters *const parameters = nn_parameters_new(1);
        const int e = nn_parameter_add(parameters, "e", NN_SHAPE(2, 6), NN_ONE, 0);
        NnGraph *const graph = nn_graph_new(parameters, 1, 0);
        const NnNode table = nn_parameter(graph, e);
        const NnNode loss = nn_mean_power(graph, nn_distance(graph, table, table, p), 2);
        expect_ok(nn_graph_plan(graph, &err), &err);
        expect_ok(nn_graph_forward(graph, loss, 1, &err), &err);
        expect_ok(nn_graph_backward(graph, loss, 1, &err), &err);
        for (int i = 0; i < 12; i++)
            assert_true(nn_graph_gradient(graph, table)[i] == 0.0f);
        nn_graph_free(graph);
        nn_parameters_free(parameters);
    }
}

/* After a ReLU, windows of nothing but zeros are common. */
static void one_of_equal_greatest_numbers_gets_the_gradient(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    const NnNode image = nn_input(f->graph, NN_SHAPE(NN_BATCH, 4, 2, 3));
    nn_graph_want_gradient(f->graph, image);
    const NnNode loss = nn_mean_square(f->graph, nn_max_pool2d(f->graph, image, (NnPool){.size = 2}));
    expect_ok(nn_graph_plan(f->graph, &err), &err);
    float x[4 * 2 * 3];
    for (int i = 0; i < 24; i++)
        x[i] = 3.0f;
    x[3] = 1.0f; /* channel 0 of the second pixel: still three equal ones left */
    nn_graph_bind(f->graph, image, x);
    expect_ok(nn_graph_forward(f->graph, loss, 1, &err), &err);
    expect_ok(nn_graph_backward(f->graph, loss, 1.0f, &err), &err);
    const float *const gradient = nn_graph_gradient(f->graph, image);
    for (int i = 0; i < 24; i++) /* all of it to the window's first pixel */
        assert_true(gradient[i] == (i % 12 < 3 ? 6.0f : 0.0f));
}

/* ---- Dropout -------------------------------------------------------------------------------------------------------
 */

static void dropout_drops_its_share_in_training_only(void **state)
{
    (void)state;
    enum { SIZE = 20000 };
    BaseError err = {0};
    float *const ones = calloc(SIZE, sizeof *ones), *const before = calloc(SIZE, sizeof *before);
    assert_true(ones && before);
    for (int i = 0; i < SIZE; i++)
        ones[i] = 1.0f;
    NnParameters *const parameters = nn_parameters_new(1);
    NnGraph *graphs[2];
    for (int g = 0; g < 2; g++) {
        NnGraph *const graph = graphs[g] = nn_graph_new(parameters, 1, 42);
        const NnNode x = nn_input(graph, NN_SHAPE(NN_BATCH, SIZE)), y = nn_dropout(graph, x, 0.3f);
        nn_graph_want_gradient(graph, x);
        const NnNode loss = nn_mean_square(graph, y);
        expect_ok(nn_graph_plan(graph, &err), &err);
        nn_graph_bind(graph, x, ones);
        expect_ok(nn_graph_forward(graph, loss, 1, &err), &err);
        assert_memory_equal(nn_graph_value(graph, y), ones, SIZE * sizeof *ones);
        nn_graph_set_training(graph, true);
        expect_ok(nn_graph_forward(graph, loss, 1, &err), &err);
        expect_ok(nn_graph_backward(graph, loss, 1, &err), &err);
        const float *const value = nn_graph_value(graph, y), *const gradient = nn_graph_gradient(graph, x);
        int dropped = 0;
        for (int i = 0; i < SIZE; i++) {
            dropped += value[i] == 0.0f;
            assert_true(value[i] == 0.0f || fabsf(value[i] - 1.0f / 0.7f) < 1e-6f);
            assert_float_equal(gradient[i], 2 * value[i] * value[i], 1e-5);
        }
        assert_true(dropped > SIZE * 0.28 && dropped < SIZE * 0.32);
        if (g == 0)
            memcpy(before, value, SIZE * sizeof *before);
        else
            assert_memory_equal(before, value, SIZE * sizeof *before); /* the same seed */
        expect_ok(nn_graph_forward(graph, loss, 1, &err), &err);
        assert_memory_not_equal(before, nn_graph_value(graph, y), SIZE * sizeof *before); /* another run */
    }
    nn_graph_free(graphs[0]);
    nn_graph_free(graphs[1]);
    nn_parameters_free(parameters);
    free(ones);
    free(before);
}

/* ---- Gradients of parameters, seen as what a step of plain SGD takes off --------------------------------------------
 */

enum { ROWS = 11, WIDTH = 4, BATCH = 9 };

typedef struct Net {
    NnGraph *graph;
    NnNode index, labels, loss;
} Net;

/* Rows of a table, twice, through a dense layer to a loss; `is_dense` uses the table whole as well, at weight 0. */
static Net make_net(NnParameters *parameters, int64_t max_batch, bool is_dense)
{
    BaseError err = {0};
    Net net = {.graph = nn_graph_new(parameters, max_batch, 0)};
    net.index = nn_index_input(net.graph, NN_SHAPE(NN_BATCH));
    net.labels = nn_index_input(net.graph, NN_SHAPE(NN_BATCH));
    const NnNode a = nn_gather(net.graph, 0, net.index), b = nn_gather(net.graph, 0, net.labels);
    const NnNode y = nn_dense(net.graph, nn_mul(net.graph, a, b), 1, 2, NN_RELU);
    net.loss = nn_cross_entropy(net.graph, y, net.labels, 0.1f);
    if (is_dense)
        net.loss = nn_add(net.graph, net.loss,
                          nn_scale(net.graph, nn_mean_square(net.graph, nn_parameter(net.graph, 0)), 0.0f));
    expect_ok(nn_graph_plan(net.graph, &err), &err);
    return net;
}

static NnParameters *make_parameters(void)
{
    NnParameters *const parameters = nn_parameters_new(3);
    assert_int_equal(nn_parameter_add(parameters, "table", NN_SHAPE(ROWS, WIDTH), NN_NORMAL, 1.0f), 0);
    assert_int_equal(nn_parameter_add(parameters, "weight", NN_SHAPE(WIDTH, ROWS), NN_GLOROT_UNIFORM, 0), 1);
    assert_int_equal(nn_parameter_add(parameters, "bias", NN_SHAPE(ROWS), NN_UNIFORM, 0.1f), 2);
    return parameters;
}

static void run_net(const Net *net, const int32_t *index, const int32_t *labels, int64_t count, float weight)
{
    BaseError err = {0};
    nn_graph_bind(net->graph, net->index, index);
    nn_graph_bind(net->graph, net->labels, labels);
    expect_ok(nn_graph_forward(net->graph, net->loss, count, &err), &err);
    expect_ok(nn_graph_backward(net->graph, net->loss, weight, &err), &err);
}

static const int32_t index_data[BATCH] = {0, 3, 3, 10, 7, 3, 0, 1, 9}, label_data[BATCH] = {3, 3, 5, 10, 2, 0, 0, 8, 1};

/* What a step of SGD at rate 1 leaves: slices of the batch on as many graphs, all dense, none, or every other. */
static NnParameters *step_with(int slices, const bool *is_dense, BasePool *pool)
{
    BaseError err = {0};
    NnParameters *const parameters = make_parameters();
    NnGraph *graphs[BATCH];
    for (int i = 0; i < slices; i++) {
        const Net net = make_net(parameters, BATCH, is_dense[i % 2]);
        const int64_t first = BATCH * i / slices, count = BATCH * (i + 1) / slices - first;
        run_net(&net, index_data + first, label_data + first, count, (float)count / BATCH);
        graphs[i] = net.graph;
    }
    NnOptimizer *const optimizer = nn_optimizer_new(parameters, &(NnOptimizerOptions){.method = NN_SGD, .rate = 1.0f});
    expect_ok(nn_optimizer_step(optimizer, graphs, slices, pool, &err), &err);
    for (int i = 0; i < slices; i++)
        nn_graph_free(graphs[i]);
    nn_optimizer_free(optimizer);
    return parameters;
}

static void expect_same_parameters(NnParameters *a, NnParameters *b, double within)
{
    for (int p = 0; p < 3; p++) {
        const NnShape shape = nn_parameter_shape(a, p);
        const int64_t size = shape.dims[0] * (shape.rank > 1 ? shape.dims[1] : 1);
        for (int64_t i = 0; i < size; i++)
            assert_float_equal(nn_parameter_values(a, p)[i], nn_parameter_values(b, p)[i], within);
    }
}

static void replicas_give_the_gradient_of_the_whole_batch(void **state)
{
    (void)state;
    const bool kinds[][2] = {{false, false}, {true, true}, {false, true}, {true, false}};
    NnParameters *const whole = step_with(1, kinds[0], NULL);
    BasePool *const pool = base_pool_new(2);
    for (int slices = 1; slices <= BATCH; slices++)
        for (size_t kind = 0; kind < 4; kind++) {
            NnParameters *const sliced = step_with(slices, kinds[kind], kind % 2 ? pool : NULL);
            expect_same_parameters(whole, sliced, 1e-6);
            nn_parameters_free(sliced);
        }
    base_pool_free(pool);
    /* And it is not that nothing happened. */
    NnParameters *const start = make_parameters();
    assert_true(fabsf(nn_parameter_values(start, 0)[3 * WIDTH] - nn_parameter_values(whole, 0)[3 * WIDTH]) > 1e-4f);
    for (int i = 0; i < WIDTH; i++) /* row 4 is nobody's */
        assert_true(nn_parameter_values(start, 0)[4 * WIDTH + i] == nn_parameter_values(whole, 0)[4 * WIDTH + i]);
    nn_parameters_free(start);
    nn_parameters_free(whole);
}

static void gradients_add_up_until_the_step(void **state)
{
    (void)state;
    BaseError err = {0};
    for (int dense = 0; dense < 2; dense++) {
        NnParameters *const whole = step_with(1, (const bool[]){dense, dense}, NULL);
        NnParameters *const parts = make_parameters();
        const Net net = make_net(parts, BATCH, dense);
        for (int64_t i = 0; i < BATCH; i++)
            run_net(&net, index_data + i, label_data + i, 1, 1.0f / BATCH);
        NnOptimizer *const optimizer = nn_optimizer_new(parts, &(NnOptimizerOptions){.method = NN_SGD, .rate = 1.0f});
        expect_ok(nn_optimizer_step(optimizer, &net.graph, 1, NULL, &err), &err);
        expect_same_parameters(whole, parts, 1e-6);
        /* The step cleared them: another one changes nothing. */
        expect_ok(nn_optimizer_step(optimizer, &net.graph, 1, NULL, &err), &err);
        expect_same_parameters(whole, parts, 1e-6);
        nn_optimizer_free(optimizer);
        nn_graph_free(net.graph);
        nn_parameters_free(parts);
        nn_parameters_free(whole);
    }
}

/* ---- Start values --------------------------------------------------------------------------------------------------
 */

static void start_values_depend_on_seed_name_and_shape_only(void **state)
{
    (void)state;
    NnParameters *const a = nn_parameters_new(5), *const b = nn_parameters_new(5), *const c = nn_parameters_new(6);
    nn_parameter_add(a, "one", NN_SHAPE(50, 40), NN_GLOROT_UNIFORM, 0);
    nn_parameter_add(a, "two", NN_SHAPE(50, 40), NN_GLOROT_UNIFORM, 0);
    nn_parameter_add(b, "two", NN_SHAPE(50, 40), NN_GLOROT_UNIFORM, 0);
    nn_parameter_add(c, "two", NN_SHAPE(50, 40), NN_GLOROT_UNIFORM, 0);
    const size_t bytes = 2000 * sizeof(float);
    assert_memory_equal(nn_parameter_values(a, 1), nn_parameter_values(b, 0), bytes);
    assert_memory_not_equal(nn_parameter_values(a, 0), nn_parameter_values(a, 1), bytes);
    assert_memory_not_equal(nn_parameter_values(b, 0), nn_parameter_values(c, 0), bytes);
    double sum = 0, squares = 0;
    for (int i = 0; i < 2000; i++) {
        const double x = (double)nn_parameter_values(a, 0)[i];
        assert_true(fabs(x) <= sqrt(6.0 / 90.0) + 1e-7);
        sum += x;
        squares += x * x;
    }
    assert_true(fabs(sum / 2000) < 0.01);
    assert_true(fabs(squares / 2000 - 2.0 / 90.0) < 0.002); /* Glorot's aim for the variance */
    nn_parameters_free(a);
    nn_parameters_free(b);
    nn_parameters_free(c);
}

static void a_name_is_taken_once(void **state)
{
    Fixture *const f = *state;
    assert_int_equal(nn_parameter_add(f->parameters, "table", NN_SHAPE(1), NN_ZERO, 0), -1);
    assert_int_equal(nn_parameter_add(f->parameters, "", NN_SHAPE(1), NN_ZERO, 0), -1);
    assert_int_equal(nn_parameter_add(f->parameters, "\xff", NN_SHAPE(1), NN_ZERO, 0), -1);
    assert_int_equal(nn_parameter_add(f->parameters, "__metadata__", NN_SHAPE(1), NN_ZERO, 0), -1);
    assert_int_equal(nn_parameter_add(f->parameters, "negative", NN_SHAPE(2, -3), NN_ZERO, 0), -1);
    assert_int_equal(nn_parameter_add(f->parameters, "huge", NN_SHAPE(INT64_MAX, INT64_MAX), NN_ZERO, 0), -1);
    assert_int_equal(nn_parameter_count(f->parameters), 5);
    assert_int_equal(nn_parameter_find(f->parameters, "filter"), f->filter);
    assert_int_equal(nn_parameter_find(f->parameters, "nobody"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_op_is_told_with_its_shapes_when_planning),
        cmocka_unit_test_setup_teardown(a_planned_graph_takes_no_more_ops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_out_of_bounds_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_index_out_of_range_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_the_node_needs_is_computed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nan_is_not_hidden, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_logits_do_not_overflow, set_up, tear_down),
        cmocka_unit_test(a_small_euclidean_distance_of_long_rows_is_exact),
        cmocka_unit_test(equal_rows_pass_a_finite_gradient),
        cmocka_unit_test_setup_teardown(one_of_equal_greatest_numbers_gets_the_gradient, set_up, tear_down),
        cmocka_unit_test(dropout_drops_its_share_in_training_only),
        cmocka_unit_test(replicas_give_the_gradient_of_the_whole_batch),
        cmocka_unit_test(gradients_add_up_until_the_step),
        cmocka_unit_test(start_values_depend_on_seed_name_and_shape_only),
        cmocka_unit_test_setup_teardown(a_name_is_taken_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
