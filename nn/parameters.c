/* What is learned: named tensors and their start values. Each start value comes from a stream of random numbers seeded
 * by the set's seed, the name and the shape, so that adding a parameter leaves the others as they were. */
#include "nn/parameters.h"

#include "nn/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Parameter {
    char *name;
    NnShape shape;
    int64_t size;
    float *values;
    NnRole role;
} Parameter;

struct NnParameters {
    uint64_t seed;
    Parameter *items;
    size_t count, capacity;
};

NnParameters *nn_parameters_new(uint64_t seed)
{
    NnParameters *const parameters = calloc(1, sizeof *parameters);
    if (parameters)
        parameters->seed = seed;
    return parameters;
}

void nn_parameters_free(NnParameters *parameters)
{
    if (!parameters)
        return;
    for (size_t i = 0; i < parameters->count; i++) {
        free(parameters->items[i].name);
        free(parameters->items[i].values);
    }
    free(parameters->items);
    free(parameters);
}

/* How many numbers go into one output number, and how many outputs one input reaches. */
static void fans(NnShape shape, double *in, double *out)
{
    double before = 1;
    for (int i = 0; i < shape.rank - 2; i++)
        before *= (double)shape.dims[i];
    *in = before * (double)shape.dims[shape.rank > 1 ? shape.rank - 2 : 0];
    *out = before * (double)shape.dims[shape.rank - 1];
}

static void fill_uniform(Parameter *parameter, BaseRandom *random, double scale)
{
    for (int64_t i = 0; i < parameter->size; i++)
        parameter->values[i] = (float)((2.0 * base_random_unit(random) - 1.0) * scale);
}

static void fill_normal(Parameter *parameter, BaseRandom *random, double deviation)
{
    for (int64_t i = 0; i < parameter->size; i++)
        parameter->values[i] = (float)(base_random_normal(random) * deviation);
}

static void fill(Parameter *parameter, uint64_t seed, NnInit init, float scale)
{
    BaseRandom random;
    double in, out;
    base_random_seed(&random, base_hash(parameter->shape.dims, (size_t)parameter->shape.rank * sizeof(int64_t),
                                        base_hash(parameter->name, strlen(parameter->name), seed)));
    fans(parameter->shape, &in, &out);
    switch (init) {
    case NN_ZERO:
        nn_zero(parameter->values, parameter->size);
        break;
    case NN_ONE:
        for (int64_t i = 0; i < parameter->size; i++)
            parameter->values[i] = 1.0f;
        break;
    case NN_GLOROT_UNIFORM:
        fill_uniform(parameter, &random, sqrt(6.0 / (in + out)));
        break;
    case NN_HE_NORMAL:
        fill_normal(parameter, &random, sqrt(2.0 / in));
        break;
    case NN_UNIFORM:
        fill_uniform(parameter, &random, (double)scale);
        break;
    case NN_NORMAL:
        fill_normal(parameter, &random, (double)scale);
        break;
    }
}

static bool is_good_shape(NnShape shape)
{
    if (shape.rank < 1 || shape.rank > NN_MAX_RANK)
        return false;
    for (int i = 0; i < shape.rank; i++)
        if (shape.dims[i] < 0)
            return false;
    return nn_shape_count(shape, -1) >= 0;
}

int nn_parameter_add(NnParameters *parameters, const char *name, NnShape shape, NnInit init, float scale)
{
    if (!name || !*name || base_utf8_check(name, strlen(name)) != strlen(name) || strcmp(name, "__metadata__") == 0)
        return -1;
    if (!is_good_shape(shape) || nn_parameter_find(parameters, name) >= 0)
        return -1;
    for (int i = shape.rank; i < NN_MAX_RANK; i++)
        shape.dims[i] = 0;
    const int64_t size = nn_shape_count(shape, -1);
    Parameter parameter = {.name = strdup(name), .shape = shape, .size = size, .values = nn_floats_new(size)};
    if (!parameter.name || !parameter.values || !BASE_PUSH(parameters, parameter)) {
        free(parameter.name);
        free(parameter.values);
        return -1;
    }
    fill(&parameters->items[parameters->count - 1], parameters->seed, init, scale);
    return (int)parameters->count - 1;
}

int nn_parameter_count(const NnParameters *parameters)
{
    return (int)parameters->count;
}

int nn_parameter_find(const NnParameters *parameters, const char *name)
{
    for (size_t i = 0; i < parameters->count; i++)
        if (strcmp(parameters->items[i].name, name) == 0)
            return (int)i;
    return -1;
}

const char *nn_parameter_name(const NnParameters *parameters, int parameter)
{
    return parameters->items[parameter].name;
}

NnShape nn_parameter_shape(const NnParameters *parameters, int parameter)
{
    return parameters->items[parameter].shape;
}

NnRole nn_parameter_role(const NnParameters *parameters, int parameter)
{
    return parameters->items[parameter].role;
}

void nn_parameter_set_role(NnParameters *parameters, int parameter, NnRole role)
{
    parameters->items[parameter].role = role;
}

float *nn_parameter_values(NnParameters *parameters, int parameter)
{
    return parameters->items[parameter].values;
}

const float *nn_parameter_read(const NnParameters *parameters, int parameter)
{
    return parameters->items[parameter].values;
}

int64_t nn_parameter_size(const NnParameters *parameters, int parameter)
{
    return parameters->items[parameter].size;
}
