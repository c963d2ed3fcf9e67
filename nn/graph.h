/* graph.h - the inside of a graph, for the ops. An op is a descriptor (NnOp) and a public function that adds a cell
 * with it; the graph calls forward in the order the cells were added, backward in the opposite order. */
#ifndef KGQ_NN_GRAPH_H
#define KGQ_NN_GRAPH_H

#include "nn/nn.h"

#define NN_MAX_INPUTS 5
typedef struct NnCell NnCell;

/* targets[i] is where the gradient of input i goes, or NULL when nobody wants it. It is uninitialised: an op writes it
 * whole, never adds; the graph adds up what several ops wrote. */
typedef struct NnOp {
    const char *name;                                                    /* the public function, for messages */
    BaseStatus (*forward)(NnGraph *graph, NnCell *cell, BaseError *err); /* NULL: nothing to compute */
    BaseStatus (*backward)(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err); /* NULL: no gradient */
    int64_t (*scratch)(const NnGraph *graph, const NnCell *cell); /* floats wanted in graph->scratch; NULL: none */
    int64_t (*kept)(const NnGraph *graph, const NnCell *cell);    /* floats kept from forward to backward; NULL: none */
    bool is_view;                                                 /* its values are those of input 0 */
} NnOp;

/* Where the windows of a convolution or a pooling lie. */
typedef struct NnWindow {
    int64_t size, stride, pad_top, pad_left, groups;
} NnWindow;

struct NnCell {
    const NnOp *op;
    NnShape shape;
    bool is_index; /* int32_t instead of float */
    int input_count;
    NnNode inputs[NN_MAX_INPUTS];
    int parameter; /* nn_parameter, nn_gather: which; others -1 */
    float factor;  /* scale, dropout rate, smoothing */
    int size;      /* pool size, power, norm */
    bool flag;     /* transpose_b, conjugate_b */
    NnActivation activation;
    NnWindow window;   /* convolution, pooling */
    BaseRandom random; /* dropout */
    /* planned: */
    bool needs_gradient, wants_gradient;
    float *values; /* or the caller's, for an input; the parameter's, for a parameter */
    float *kept;
    float *gradient; /* planned by the first nn_graph_backward */
    /* of the current run: */
    bool is_computed;
    bool has_gradient; /* `gradient` holds something; a parameter's lasts until the optimiser's step */
};

/* The gradient of the rows of a parameter that nn_gather touched. */
typedef struct NnRows {
    int64_t width;
    int32_t *place;   /* [rows of the parameter] position below, or -1 */
    int32_t *touched; /* [count] row numbers in the order they were first touched */
    float *values;    /* [count, width] */
    int64_t count, capacity;
} NnRows;

struct NnGraph {
    NnParameters *parameters;
    int parameter_count;      /* when the graph was made */
    int64_t max_batch, batch; /* batch: of the last forward run */
    uint64_t seed;
    struct {
        NnCell *items;
        size_t count, capacity;
    } cells;
    NnNode *parameter_cells; /* [parameter_count] the cell of a parameter used densely; -1 */
    NnRows *rows;            /* [parameter_count] */
    BaseError fault;         /* the first op that was wrong */
    bool is_planned, has_gradient_plan, is_training;
    float loss_weight; /* of the backward run */
    float *memory, *gradient_memory;
    float *scratch;              /* shared by all cells: one works at a time */
    float *spare[NN_MAX_INPUTS]; /* what an op writes for a gradient that holds something already */
    int64_t spare_size[NN_MAX_INPUTS];
};

/* ---- Building -- */

/* Adds a cell with `inputs` (given as NnNode's, count of them) and returns it, or NULL when an input is -1 or memory is
 * gone. Borrowed until the next cell is added. */
NnCell *nn_cell_add(NnGraph *graph, const NnOp *op, NnShape shape, int input_count, const NnNode *inputs);
NnNode nn_cell_node(const NnGraph *graph, const NnCell *cell);
/* Notes a fault of the calling program (the first one is kept) and returns -1. */
NnNode nn_graph_fault(NnGraph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether all nodes are there and are floats (`is_index` false) or indices; notes the fault otherwise. */
bool nn_nodes_good(NnGraph *graph, const char *op, bool is_index, int count, const NnNode *nodes);
NnShape nn_node_shape(const NnGraph *graph, NnNode node);
/* conv.c: the shape of what windows of height x width over x [n, h, w, c] give, c as it is; is_same sets the padding.
 * false: they do not fit. */
bool nn_window_shape(NnShape x, int64_t height, int64_t width, bool is_same, NnWindow *window, NnShape *out);

/* ---- Running -- */

static inline NnCell *nn_cell_at(const NnGraph *graph, NnNode node)
{
    return &graph->cells.items[node];
}
static inline NnCell *nn_cell_input(const NnGraph *graph, const NnCell *cell, int input)
{
    return &graph->cells.items[cell->inputs[input]];
}
/* Rows, elements of a row and elements of a cell in the current run. */
int64_t nn_cell_rows(const NnGraph *graph, const NnCell *cell);
int64_t nn_cell_width(const NnCell *cell);
int64_t nn_cell_size(const NnGraph *graph, const NnCell *cell);
/* The same at most. */
int64_t nn_cell_max_rows(const NnGraph *graph, const NnCell *cell);
int64_t nn_cell_max_size(const NnGraph *graph, const NnCell *cell);
static inline const int32_t *nn_cell_indices(const NnCell *cell)
{
    return (const int32_t *)(const void *)cell->values;
}

/* ---- Gradients of parameters, for the optimiser -- */

float *nn_graph_dense_gradient(const NnGraph *graph, int parameter);   /* NULL: none */
NnRows *nn_graph_sparse_gradient(const NnGraph *graph, int parameter); /* NULL: none */
bool nn_graph_is_dense(const NnGraph *graph, int parameter); /* the graph uses the parameter other than by rows */
void nn_graph_clear_gradients(NnGraph *graph);

/* gather.c */
void nn_rows_free(NnRows *rows);

#endif
