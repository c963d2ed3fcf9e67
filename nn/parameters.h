/* parameters.h - what graphs, optimisers and files see of the parameters. */
#ifndef KGQ_NN_PARAMETERS_H
#define KGQ_NN_PARAMETERS_H

#include "nn/nn.h"

int64_t nn_parameter_size(const NnParameters *parameters, int parameter); /* numbers in it */
const float *nn_parameter_read(const NnParameters *parameters, int parameter);

#endif
