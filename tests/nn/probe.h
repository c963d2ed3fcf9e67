/* probe.h - compares one op with a naive double-precision version of it: the result, and by central differences the
 * gradient of every input. The loss is the mean over rows of the sum of (y - target)^2. */
#ifndef KGQ_TESTS_NN_PROBE_H
#define KGQ_TESTS_NN_PROBE_H

#include "expect.h"

#include "nn/nn.h"

#include <math.h>

#define PROBE_INPUTS 5

typedef struct Probe {
    const char *name;
    int input_count;
    NnShape shapes[PROBE_INPUTS];    /* NN_BATCH first where it is the batch */
    bool is_parameter[PROBE_INPUTS]; /* else an nn_input */
    bool is_constant[PROBE_INPUTS];  /* no gradient asked for */
    bool is_averaged[PROBE_INPUTS];  /* a parameter that is NN_AVERAGED */
    bool is_training;
    double low, high; /* of the random inputs; both 0: [-1, 1] */
    int64_t batch, max_batch;
    bool is_loss;          /* the op's result is the loss */
    const int32_t *labels; /* [batch], for an op that takes them */
    int p;                 /* the op's own settings */
    float factor;
    bool flag;
    int stride, padding;
    bool same;
    NnActivation activation;
    NnShape out; /* expected, NN_BATCH first where it is the batch */
    NnNode (*build)(NnGraph *graph, const struct Probe *probe, const NnNode *inputs, const int *parameters,
                    NnNode labels);
    void (*naive)(const struct Probe *probe, double *const *inputs, double *out);
} Probe;

void probe_run(const Probe *probe, uint64_t seed);

/* dims[i] in this run. */
static inline int64_t probe_dim(const Probe *probe, NnShape shape, int i)
{
    return shape.dims[i] == NN_BATCH ? probe->batch : shape.dims[i];
}
static inline int64_t probe_count(const Probe *probe, NnShape shape)
{
    int64_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        count *= probe_dim(probe, shape, i);
    return count;
}

#endif
