/* What goes into a graph: the caller's numbers, and the parameters; and the same numbers seen under another shape. */
#include "nn/graph.h"
#include "nn/tensor.h"

static const NnOp input_op = {.name = "nn_input"};
static const NnOp index_input_op = {.name = "nn_index_input"};
static const NnOp parameter_op = {.name = "nn_parameter"};

NnNode nn_input(NnGraph *graph, NnShape shape)
{
    return nn_cell_node(graph, nn_cell_add(graph, &input_op, shape, 0, NULL));
}

NnNode nn_index_input(NnGraph *graph, NnShape shape)
{
    NnCell *const cell = nn_cell_add(graph, &index_input_op, shape, 0, NULL);
    if (cell)
        cell->is_index = true;
    return nn_cell_node(graph, cell);
}

/* One cell per parameter, however often it is asked for: its gradient is in one place then. */
NnNode nn_parameter(NnGraph *graph, int parameter)
{
    if (parameter < 0 || parameter >= graph->parameter_count)
        return nn_graph_fault(graph, "nn_parameter: there is no parameter %d", parameter);
    if (graph->parameter_cells[parameter] >= 0)
        return graph->parameter_cells[parameter];
    NnCell *const cell = nn_cell_add(graph, &parameter_op, nn_parameter_shape(graph->parameters, parameter), 0, NULL);
    if (!cell)
        return -1;
    cell->parameter = parameter;
    graph->parameter_cells[parameter] = nn_cell_node(graph, cell);
    return graph->parameter_cells[parameter];
}

static BaseStatus view_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    if (targets[0])
        nn_copy(targets[0], cell->gradient, nn_cell_size(graph, cell));
    return BASE_OK;
}

static const NnOp reshape_op = {.name = "nn_reshape", .backward = view_backward, .is_view = true};

NnNode nn_reshape(NnGraph *graph, NnNode x, NnShape shape)
{
    char from_text[NN_SHAPE_TEXT], to_text[NN_SHAPE_TEXT];
    if (!nn_nodes_good(graph, "nn_reshape", false, 1, &x))
        return -1;
    const NnShape from = nn_node_shape(graph, x);
    /* Counted with two batch sizes, the counts agree only if the batch is in the same place. */
    if (shape.rank < 1 || shape.rank > NN_MAX_RANK || nn_shape_count(from, 1) != nn_shape_count(shape, 1) ||
        nn_shape_count(from, 2) != nn_shape_count(shape, 2))
        return nn_graph_fault(graph, "nn_reshape: %s does not fill %s", nn_shape_text(from, from_text),
                              nn_shape_text(shape, to_text));
    return nn_cell_node(graph, nn_cell_add(graph, &reshape_op, shape, 1, &x));
}

NnNode nn_flatten(NnGraph *graph, NnNode x)
{
    if (!nn_nodes_good(graph, "nn_flatten", false, 1, &x))
        return -1;
    const NnShape from = nn_node_shape(graph, x);
    return nn_reshape(graph, x, NN_SHAPE(from.dims[0], nn_shape_width(from)));
}
