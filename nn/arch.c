#include "nn/arch.h"

#include <string.h>

/* ---- seed-cnn: two convolutions, two dense layers ------------------------------------------------------------------
 */

#define KERNEL 3
#define POOL 2
#define CONV1 32
#define CONV2 64
#define DENSE1 64

static int64_t after_conv_and_pool(int64_t side)
{
    return (side - KERNEL + 1) / POOL;
}

static int seed_parameters(const NnArchForm *form, NnArchParameter out[NN_ARCH_PARAMETERS])
{
    const int64_t height = after_conv_and_pool(after_conv_and_pool(form->height));
    const int64_t width = after_conv_and_pool(after_conv_and_pool(form->width));
    const NnArchParameter all[] = {
        {"conv1.weight", NN_SHAPE(KERNEL, KERNEL, form->channels, CONV1), NN_GLOROT_UNIFORM},
        {"conv1.bias", NN_SHAPE(CONV1), NN_ZERO},
        {"conv2.weight", NN_SHAPE(KERNEL, KERNEL, CONV1, CONV2), NN_GLOROT_UNIFORM},
        {"conv2.bias", NN_SHAPE(CONV2), NN_ZERO},
        {"dense1.weight", NN_SHAPE(height * width * CONV2, DENSE1), NN_GLOROT_UNIFORM},
        {"dense1.bias", NN_SHAPE(DENSE1), NN_ZERO},
        {"dense2.weight", NN_SHAPE(DENSE1, form->classes), NN_GLOROT_UNIFORM},
        {"dense2.bias", NN_SHAPE(form->classes), NN_ZERO},
    };
    memcpy(out, all, sizeof all);
    return (int)(sizeof all / sizeof *all);
}

static NnNode seed_build(NnGraph *graph, const NnParameters *p, NnNode image)
{
    const NnConv relu = {.activation = NN_RELU};
    NnNode x = nn_conv2d(graph, image, nn_parameter_find(p, "conv1.weight"), nn_parameter_find(p, "conv1.bias"), relu);
    x = nn_max_pool2d(graph, x, (NnPool){.size = POOL});
    x = nn_conv2d(graph, x, nn_parameter_find(p, "conv2.weight"), nn_parameter_find(p, "conv2.bias"), relu);
    x = nn_flatten(graph, nn_max_pool2d(graph, x, (NnPool){.size = POOL}));
    x = nn_dense(graph, x, nn_parameter_find(p, "dense1.weight"), nn_parameter_find(p, "dense1.bias"), NN_RELU);
    return nn_dense(graph, x, nn_parameter_find(p, "dense2.weight"), nn_parameter_find(p, "dense2.bias"), NN_LINEAR);
}

/* ---- All of them ---------------------------------------------------------------------------------------------------
 */

static const NnArch archs[] = {
    /* 10 -> 8 -> 4 -> 2 -> 1 */
    {.name = "seed-cnn", .min_side = 10, .parameters = seed_parameters, .build = seed_build},
};
#define ARCHS ((int)(sizeof archs / sizeof *archs))

const NnArch *nn_arch_at(int index)
{
    return index >= 0 && index < ARCHS ? &archs[index] : NULL;
}

const NnArch *nn_arch_find(const char *name)
{
    for (int i = 0; i < ARCHS; i++)
        if (strcmp(archs[i].name, name) == 0)
            return &archs[i];
    return NULL;
}

const char *nn_classifier_arch_at(int index)
{
    const NnArch *const arch = nn_arch_at(index);
    return arch ? arch->name : NULL;
}
