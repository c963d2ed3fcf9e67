/* layer_operator.c - GRAPH with the name of a layer: what is inside sees that layer alone, of the graph around it. */
#include "kg/sparql/operator.h"

typedef struct Layers {
    Operator base;
    SubPlan inside;
    Seed *root;
    const Seed *outer;
    unsigned layers;
    Batch in;
    bool is_open; /* the batch is being matched inside */
} Layers;

static BaseStatus open_batch(Layers *layers, BaseError *err)
{
    const BaseStatus status = sparql_next(layers->base.input, &layers->in, err);
    if (status != BASE_OK)
        return status;
    sparql_seed_set(layers->root, layers->outer->rows, layers->outer->count);
    sparql_seed_set(layers->inside.seed, layers->in.cells, layers->in.count);
    sparql_rewind(layers->inside.top);
    layers->is_open = true;
    return BASE_OK;
}

static BaseStatus layers_next(Operator *op, Batch *out, BaseError *err)
{
    Layers *const layers = (Layers *)op;
    Run *const run = op->run;
    for (;;) {
        BaseStatus status = layers->is_open ? BASE_OK : open_batch(layers, err);
        if (status != BASE_OK)
            return status;
        const unsigned around = run->layers;
        run->layers = layers->layers;
        status = sparql_next(layers->inside.top, out, err);
        run->layers = around;
        if (status != BASE_END)
            return status;
        layers->is_open = false;
    }
}

static void layers_rewind(Operator *op)
{
    ((Layers *)op)->is_open = false;
}

static const Operator *layers_side(const Operator *op, size_t number)
{
    return number == 0 ? ((const Layers *)op)->inside.top : NULL;
}

Operator *sparql_new_layers(Builder *builder, Operator *input, SubPlan inside, Seed *root, const Seed *outer,
                            unsigned layers)
{
    static const OperatorType type = {
        .name = "layer", .next = layers_next, .rewind = layers_rewind, .side = layers_side};
    Layers *const op = sparql_new_operator(builder, &type, sizeof *op, input);
    if (!op)
        return NULL;
    sparql_new_batch(builder, &op->in);
    op->inside = inside;
    op->root = root;
    op->outer = outer;
    op->layers = layers;
    return &op->base;
}
