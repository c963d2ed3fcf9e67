/* Rows of a parameter by number: an embedding table. Its gradient is kept as the touched rows only, since a step
 * touches hundreds of rows out of many thousands. */
#include "nn/graph.h"
#include "nn/tensor.h"

#include <stdlib.h>

void nn_rows_free(NnRows *rows)
{
    free(rows->place);
    free(rows->touched);
    free(rows->values);
    *rows = (NnRows){0};
}

static BaseStatus gather_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    const int32_t *const index = nn_cell_indices(nn_cell_input(graph, cell, 0));
    const int64_t rows = nn_cell_rows(graph, cell), width = nn_cell_width(cell);
    const int64_t limit = nn_parameter_shape(graph->parameters, cell->parameter).dims[0];
    const float *const table = nn_parameter_values(graph->parameters, cell->parameter);
    for (int64_t i = 0; i < rows; i++) {
        if (index[i] < 0 || index[i] >= limit)
            return base_fail(err, BASE_BAD_INPUT, "row %d of \"%s\" is asked for at place %lld: it has rows 0 to %lld",
                             index[i], nn_parameter_name(graph->parameters, cell->parameter), (long long)i,
                             (long long)limit - 1);
        nn_copy(cell->values + i * width, table + index[i] * width, width);
    }
    return BASE_OK;
}

/* Rows that hold no gradient yet grow to what this step can touch; after the first steps nothing grows. */
static bool make_room(NnRows *rows, int64_t limit, int64_t width, int64_t more)
{
    if (!rows->place) {
        rows->place = malloc((size_t)limit * sizeof *rows->place);
        if (!rows->place)
            return false;
        for (int64_t i = 0; i < limit; i++)
            rows->place[i] = -1;
        rows->width = width;
    }
    int64_t wanted = rows->count + more;
    wanted = wanted > limit ? limit : wanted;
    if (wanted <= rows->capacity)
        return true;
    float *const values = nn_floats_new(wanted * width);
    int32_t *const touched = values ? realloc(rows->touched, (size_t)wanted * sizeof *touched) : NULL;
    if (!touched) {
        free(values);
        return false;
    }
    if (rows->count > 0)
        nn_copy(values, rows->values, rows->count * width);
    free(rows->values);
    rows->values = values;
    rows->touched = touched;
    rows->capacity = wanted;
    return true;
}

static void add_row(NnRows *rows, int32_t row, const float *gradient)
{
    if (rows->place[row] >= 0) {
        nn_add_to(rows->values + rows->place[row] * rows->width, gradient, rows->width);
        return;
    }
    rows->place[row] = (int32_t)rows->count;
    rows->touched[rows->count] = row;
    nn_copy(rows->values + rows->count * rows->width, gradient, rows->width);
    rows->count++;
}

static BaseStatus gather_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)targets; /* an index has no gradient */
    const int32_t *const index = nn_cell_indices(nn_cell_input(graph, cell, 0));
    const int64_t count = nn_cell_rows(graph, cell), width = nn_cell_width(cell);
    const int64_t limit = nn_parameter_shape(graph->parameters, cell->parameter).dims[0];
    const NnNode dense = graph->parameter_cells[cell->parameter];
    if (dense >= 0) {
        NnCell *const whole = nn_cell_at(graph, dense);
        if (!whole->has_gradient)
            nn_zero(whole->gradient, limit * width);
        whole->has_gradient = true;
        for (int64_t i = 0; i < count; i++)
            nn_add_to(whole->gradient + index[i] * width, cell->gradient + i * width, width);
        return BASE_OK;
    }
    NnRows *const rows = &graph->rows[cell->parameter];
    if (!make_room(rows, limit, width, count))
        return base_fail(err, BASE_NO_MEMORY, "no memory for the gradient of \"%s\"",
                         nn_parameter_name(graph->parameters, cell->parameter));
    for (int64_t i = 0; i < count; i++)
        add_row(rows, index[i], cell->gradient + i * width);
    return BASE_OK;
}

static const NnOp gather_op = {.name = "nn_gather", .forward = gather_forward, .backward = gather_backward};

NnNode nn_gather(NnGraph *graph, int parameter, NnNode index)
{
    char text[NN_SHAPE_TEXT];
    if (!nn_nodes_good(graph, "nn_gather", true, 1, &index))
        return -1;
    if (parameter < 0 || parameter >= graph->parameter_count)
        return nn_graph_fault(graph, "nn_gather: there is no parameter %d", parameter);
    const NnShape table = nn_parameter_shape(graph->parameters, parameter);
    const NnShape picks = nn_node_shape(graph, index);
    if (table.rank != 2 || picks.rank != 1)
        return nn_graph_fault(graph, "nn_gather: wants a parameter [rows, width] and an index [n]; %s %s",
                              table.rank != 2 ? "the parameter is" : "the index is",
                              nn_shape_text(table.rank != 2 ? table : picks, text));
    if (table.dims[0] > INT32_MAX)
        return nn_graph_fault(graph, "nn_gather: %s has more rows than an index can name", nn_shape_text(table, text));
    NnCell *const cell = nn_cell_add(graph, &gather_op, NN_SHAPE(picks.dims[0], table.dims[1]), 1, &index);
    if (cell)
        cell->parameter = parameter;
    return nn_cell_node(graph, cell);
}
