/* arch.h - the architectures of classifiers: which parameters each has, and its graph from image to logits. */
#ifndef KGQ_NN_ARCH_H
#define KGQ_NN_ARCH_H

#include "nn/nn.h"

typedef struct NnArchForm {
    int64_t height, width, channels, classes;
} NnArchForm;

typedef struct NnArchParameter {
    const char *name;
    NnShape shape;
    NnInit init;
} NnArchParameter;
#define NN_ARCH_PARAMETERS 16

typedef struct NnArch {
    const char *name;
    int min_side; /* of an image */
    /* Fills what there is to learn and returns how many parameters that is. */
    int (*parameters)(const NnArchForm *form, NnArchParameter out[NN_ARCH_PARAMETERS]);
    /* image [batch, height, width, channels] -> logits [batch, classes], over parameters that were added by name. */
    NnNode (*build)(NnGraph *graph, const NnParameters *parameters, NnNode image);
} NnArch;

const NnArch *nn_arch_at(int index);          /* NULL: past the end */
const NnArch *nn_arch_find(const char *name); /* NULL: none */

#endif
