#include "probe.h"

typedef struct Work {
    const Probe *probe;
    double *inputs[PROBE_INPUTS], *out, *target;
    float *floats[PROBE_INPUTS], *float_target;
    int64_t out_count;
} Work;

static double uniform(BaseRandom *random, double low, double high)
{
    return low + (high - low) * base_random_unit(random);
}

static double naive_loss(Work *work)
{
    const Probe *const probe = work->probe;
    probe->naive(probe, work->inputs, work->out);
    if (probe->is_loss)
        return work->out[0];
    double sum = 0;
    for (int64_t i = 0; i < work->out_count; i++)
        sum += (work->out[i] - work->target[i]) * (work->out[i] - work->target[i]);
    return sum / (double)probe_dim(probe, probe->out, 0);
}

static void fill(Work *work, uint64_t seed)
{
    const Probe *const probe = work->probe;
    BaseRandom random;
    base_random_seed(&random, seed);
    const bool is_default = probe->low == 0 && probe->high == 0;
    for (int i = 0; i < probe->input_count; i++) {
        const int64_t count = probe_count(probe, probe->shapes[i]);
        work->inputs[i] = calloc((size_t)count, sizeof(double));
        work->floats[i] = calloc((size_t)count, sizeof(float));
        assert_true(work->inputs[i] && work->floats[i]);
        for (int64_t j = 0; j < count; j++) {
            work->floats[i][j] = (float)uniform(&random, is_default ? -1 : probe->low, is_default ? 1 : probe->high);
            work->inputs[i][j] = (double)work->floats[i][j];
        }
    }
    work->out_count = probe_count(probe, probe->out);
    work->out = calloc((size_t)work->out_count, sizeof(double));
    work->target = calloc((size_t)work->out_count, sizeof(double));
    work->float_target = calloc((size_t)work->out_count, sizeof(float));
    assert_true(work->out && work->target && work->float_target);
    for (int64_t j = 0; j < work->out_count; j++) {
        work->float_target[j] = (float)uniform(&random, -1, 1);
        work->target[j] = (double)work->float_target[j];
    }
}

static void expect_near(const Probe *probe, const char *what, int64_t at, double got, double want, double scale)
{
    if (fabs(got - want) <= 1e-3 * fabs(want) + 1e-4 * scale)
        return;
    fail_msg("%s: %s at %lld is %.9g, expected %.9g", probe->name, what, (long long)at, got, want);
}

static double greatest(const double *x, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fabs(x[i]) > most ? fabs(x[i]) : most;
    return most;
}

static void compare_gradient(Work *work, int input, const float *gradient)
{
    const Probe *const probe = work->probe;
    const int64_t count = probe_count(probe, probe->shapes[input]);
    double *const wanted = calloc((size_t)count, sizeof *wanted);
    assert_non_null(wanted);
    for (int64_t j = 0; j < count; j++) {
        const double x = work->inputs[input][j], h = 1e-5;
        work->inputs[input][j] = x + h;
        const double above = naive_loss(work);
        work->inputs[input][j] = x - h;
        const double below = naive_loss(work);
        work->inputs[input][j] = x;
        wanted[j] = (above - below) / (2 * h);
    }
    assert_non_null(gradient);
    const double scale = greatest(wanted, count);
    for (int64_t j = 0; j < count; j++)
        expect_near(probe, input == 0 ? "gradient of the first input" : "gradient of a later input", j,
                    (double)gradient[j], wanted[j], scale);
    free(wanted);
}

void probe_run(const Probe *probe, uint64_t seed)
{
    Work work = {.probe = probe};
    BaseError err = {0};
    fill(&work, seed);
    NnParameters *const parameters = nn_parameters_new(seed);
    int numbers[PROBE_INPUTS] = {-1, -1, -1, -1, -1};
    for (int i = 0; i < probe->input_count; i++)
        if (probe->is_parameter[i]) {
            char name[16];
            snprintf(name, sizeof name, "p%d", i);
            numbers[i] = nn_parameter_add(parameters, name, probe->shapes[i], NN_ZERO, 0);
            assert_true(numbers[i] >= 0);
            if (probe->is_averaged[i])
                nn_parameter_set_role(parameters, numbers[i], NN_AVERAGED);
            memcpy(nn_parameter_values(parameters, numbers[i]), work.floats[i],
                   (size_t)probe_count(probe, probe->shapes[i]) * sizeof(float));
        }
    NnGraph *const graph = nn_graph_new(parameters, probe->max_batch, seed);
    NnNode nodes[PROBE_INPUTS] = {-1, -1, -1, -1, -1};
    for (int i = 0; i < probe->input_count; i++) {
        nodes[i] = probe->is_parameter[i] ? nn_parameter(graph, numbers[i]) : nn_input(graph, probe->shapes[i]);
        if (!probe->is_constant[i])
            nn_graph_want_gradient(graph, nodes[i]);
    }
    const NnNode labels = nn_index_input(graph, NN_SHAPE(NN_BATCH));
    const NnNode y = probe->build(graph, probe, nodes, numbers, labels);
    const NnNode target = probe->is_loss ? y : nn_input(graph, probe->out);
    const NnNode loss = probe->is_loss ? y : nn_mean_square(graph, nn_sub(graph, y, target));
    expect_ok(nn_graph_plan(graph, &err), &err);
    const NnShape shape = nn_shape(graph, y);
    assert_int_equal(shape.rank, probe->out.rank);
    for (int i = 0; i < shape.rank; i++)
        assert_int_equal(shape.dims[i], probe->out.dims[i]);
    for (int i = 0; i < probe->input_count; i++)
        if (!probe->is_parameter[i])
            nn_graph_bind(graph, nodes[i], work.floats[i]);
    nn_graph_bind(graph, labels, probe->labels);
    nn_graph_set_training(graph, probe->is_training);
    if (!probe->is_loss)
        nn_graph_bind(graph, target, work.float_target);
    expect_ok(nn_graph_forward(graph, loss, probe->batch, &err), &err);
    const double wanted_loss = naive_loss(&work);
    const double scale = greatest(work.out, work.out_count);
    for (int64_t i = 0; i < work.out_count; i++)
        expect_near(probe, "the result", i, (double)nn_graph_value(graph, y)[i], work.out[i], scale);
    expect_near(probe, "the loss", 0, (double)nn_graph_value(graph, loss)[0], wanted_loss, 0.1);
    expect_ok(nn_graph_backward(graph, loss, 1.0f, &err), &err);
    for (int i = 0; i < probe->input_count; i++)
        if (!probe->is_constant[i])
            compare_gradient(&work, i, nn_graph_gradient(graph, nodes[i]));
    nn_graph_free(graph);
    nn_parameters_free(parameters);
    for (int i = 0; i < probe->input_count; i++) {
        free(work.inputs[i]);
        free(work.floats[i]);
    }
    free(work.out);
    free(work.target);
    free(work.float_target);
}
