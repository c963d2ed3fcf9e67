/* A graph is a list of cells in the order they were added, which is an order of computation. Forward runs through those
 * that the wanted node depends on; backward runs through the same cells from the end (reverse mode: Griewank, Walther,
 * "Evaluating Derivatives", 2008, ch. 3).
 * Memory: one block for values at nn_graph_plan, one for gradients at the first nn_graph_backward, so that a graph that
 * only scores never pays for the second. */
#include "nn/graph.h"

#include "nn/parameters.h"
#include "nn/tensor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- New and free ------------------------------------------------------------------------------------------------ */

NnGraph *nn_graph_new(NnParameters *parameters, int64_t max_batch, uint64_t seed)
{
    NnGraph *const graph = calloc(1, sizeof *graph);
    if (!graph)
        return NULL;
    graph->parameters = parameters;
    graph->parameter_count = nn_parameter_count(parameters);
    graph->max_batch = max_batch;
    graph->seed = seed;
    graph->parameter_cells = calloc((size_t)graph->parameter_count + 1, sizeof *graph->parameter_cells);
    graph->rows = calloc((size_t)graph->parameter_count + 1, sizeof *graph->rows);
    if (!graph->parameter_cells || !graph->rows) {
        nn_graph_free(graph);
        return NULL;
    }
    for (int i = 0; i < graph->parameter_count; i++)
        graph->parameter_cells[i] = -1;
    if (max_batch < 1)
        nn_graph_fault(graph, "nn_graph_new: a graph for %lld rows", (long long)max_batch);
    return graph;
}

void nn_graph_free(NnGraph *graph)
{
    if (!graph)
        return;
    for (int i = 0; graph->rows && i < graph->parameter_count; i++)
        nn_rows_free(&graph->rows[i]);
    for (int i = 0; i < NN_MAX_INPUTS; i++)
        free(graph->spare[i]);
    free(graph->rows);
    free(graph->parameter_cells);
    free(graph->cells.items);
    free(graph->memory);
    free(graph->gradient_memory);
    free(graph);
}

/* ---- Building ---------------------------------------------------------------------------------------------------- */

NnNode nn_graph_fault(NnGraph *graph, const char *format, ...)
{
    char message[sizeof graph->fault.message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    base_fail(&graph->fault, BASE_BAD_CALL, "%s", message);
    return -1;
}

bool nn_nodes_good(NnGraph *graph, const char *op, bool is_index, int count, const NnNode *nodes)
{
    for (int i = 0; i < count; i++) {
        if (nodes[i] < 0) /* an earlier fault, noted then */
            return false;
        if (nodes[i] >= (NnNode)graph->cells.count) {
            nn_graph_fault(graph, "%s: node %d is not of this graph", op, nodes[i]);
            return false;
        }
        if (nn_cell_at(graph, nodes[i])->is_index != is_index) {
            nn_graph_fault(graph, "%s: node %d holds %s", op, nodes[i],
                           is_index ? "floats, not indices" : "indices, not floats");
            return false;
        }
    }
    return true;
}

NnShape nn_node_shape(const NnGraph *graph, NnNode node)
{
    return nn_cell_at(graph, node)->shape;
}

NnCell *nn_cell_add(NnGraph *graph, const NnOp *op, NnShape shape, int input_count, const NnNode *inputs)
{
    char text[NN_SHAPE_TEXT];
    if (graph->is_planned) {
        nn_graph_fault(graph, "%s: the graph is planned already", op->name);
        return NULL;
    }
    bool is_good = shape.rank >= 1 && shape.rank <= NN_MAX_RANK;
    for (int i = 0; is_good && i < shape.rank; i++)
        is_good = shape.dims[i] > 0 || (i == 0 && shape.dims[0] == NN_BATCH);
    if (!is_good || nn_shape_count(shape, graph->max_batch) < 0) {
        nn_graph_fault(graph, "%s: %s is no shape to compute with", op->name, nn_shape_text(shape, text));
        return NULL;
    }
    for (int i = shape.rank; i < NN_MAX_RANK; i++)
        shape.dims[i] = 0;
    NnCell cell = {.op = op, .shape = shape, .input_count = input_count, .parameter = -1};
    for (int i = 0; i < input_count; i++)
        cell.inputs[i] = inputs[i];
    if (!BASE_PUSH(&graph->cells, cell)) {
        base_fail(&graph->fault, BASE_NO_MEMORY, "no memory for a graph of %zu nodes", graph->cells.count);
        return NULL;
    }
    return &graph->cells.items[graph->cells.count - 1];
}

NnNode nn_cell_node(const NnGraph *graph, const NnCell *cell)
{
    return cell ? (NnNode)(cell - graph->cells.items) : -1;
}

NnShape nn_shape(const NnGraph *graph, NnNode node)
{
    return node >= 0 && node < (NnNode)graph->cells.count ? nn_node_shape(graph, node) : (NnShape){0};
}

void nn_graph_set_training(NnGraph *graph, bool training)
{
    graph->is_training = training;
}

void nn_graph_want_gradient(NnGraph *graph, NnNode node)
{
    if (node >= 0 && node < (NnNode)graph->cells.count && !graph->is_planned && !nn_cell_at(graph, node)->is_index)
        nn_cell_at(graph, node)->wants_gradient = true;
}

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

static int64_t rows_for(const NnCell *cell, int64_t batch)
{
    return cell->shape.dims[0] == NN_BATCH ? batch : cell->shape.dims[0];
}

int64_t nn_cell_rows(const NnGraph *graph, const NnCell *cell)
{
    return rows_for(cell, graph->batch);
}

int64_t nn_cell_max_rows(const NnGraph *graph, const NnCell *cell)
{
    return rows_for(cell, graph->max_batch);
}

int64_t nn_cell_width(const NnCell *cell)
{
    return nn_shape_width(cell->shape);
}

int64_t nn_cell_size(const NnGraph *graph, const NnCell *cell)
{
    return nn_cell_rows(graph, cell) * nn_cell_width(cell);
}

int64_t nn_cell_max_size(const NnGraph *graph, const NnCell *cell)
{
    return nn_cell_max_rows(graph, cell) * nn_cell_width(cell);
}

/* ---- Planning ---------------------------------------------------------------------------------------------------- */

/* Sums up what is to be in one block, each piece on a cache line of its own. */
typedef struct Block {
    int64_t size;
} Block;

static int64_t reserve(Block *block, int64_t count)
{
    const int64_t start = block->size;
    block->size += (count + 15) & ~(int64_t)15;
    return start;
}

static bool is_stored(const NnCell *cell) /* its values are in the graph's own memory */
{
    return cell->op->forward && !cell->op->is_view;
}

/* Two passes over the same pieces: the first only counts, the second, with memory, hands out. */
static void lay_out(NnGraph *graph, Block *block)
{
    int64_t scratch = 0;
    for (size_t i = 0; i < graph->cells.count; i++) {
        NnCell *const cell = &graph->cells.items[i];
        const int64_t values = is_stored(cell) ? reserve(block, nn_cell_max_size(graph, cell)) : -1;
        const int64_t kept = cell->op->kept ? reserve(block, cell->op->kept(graph, cell)) : -1;
        const int64_t wanted = cell->op->scratch ? cell->op->scratch(graph, cell) : 0;
        scratch = wanted > scratch ? wanted : scratch;
        if (graph->memory && values >= 0)
            cell->values = graph->memory + values;
        if (graph->memory && kept >= 0)
            cell->kept = graph->memory + kept;
    }
    const int64_t start = reserve(block, scratch);
    if (graph->memory)
        graph->scratch = graph->memory + start;
}

static void find_gradients(NnGraph *graph)
{
    for (size_t i = 0; i < graph->cells.count; i++) {
        NnCell *const cell = &graph->cells.items[i];
        cell->needs_gradient =
            cell->wants_gradient ||
            (cell->parameter >= 0 && nn_parameter_role(graph->parameters, cell->parameter) != NN_FROZEN);
        for (int j = 0; j < cell->input_count; j++)
            cell->needs_gradient = cell->needs_gradient || nn_cell_input(graph, cell, j)->needs_gradient;
    }
}

BaseStatus nn_graph_plan(NnGraph *graph, BaseError *err)
{
    if (graph->fault.status != BASE_OK) {
        if (err && err->status == BASE_OK)
            *err = graph->fault;
        return graph->fault.status;
    }
    if (graph->is_planned)
        return BASE_OK;
    find_gradients(graph);
    Block block = {0};
    lay_out(graph, &block);
    graph->memory = nn_floats_new(block.size);
    if (!graph->memory)
        return base_fail(err, BASE_NO_MEMORY, "no memory for a graph of %lld numbers", (long long)block.size);
    lay_out(graph, &(Block){0});
    for (size_t i = 0; i < graph->cells.count; i++) {
        NnCell *const cell = &graph->cells.items[i];
        if (!cell->op->forward && cell->parameter >= 0)
            cell->values = nn_parameter_values(graph->parameters, cell->parameter);
    }
    graph->is_planned = true;
    return BASE_OK;
}

static BaseStatus plan_gradients(NnGraph *graph, BaseError *err)
{
    if (graph->has_gradient_plan)
        return BASE_OK;
    Block block = {0};
    for (size_t i = 0; i < graph->cells.count; i++)
        if (graph->cells.items[i].needs_gradient)
            reserve(&block, nn_cell_max_size(graph, &graph->cells.items[i]));
    graph->gradient_memory = nn_floats_new(block.size);
    if (!graph->gradient_memory)
        return base_fail(err, BASE_NO_MEMORY, "no memory for %lld gradients", (long long)block.size);
    block.size = 0;
    for (size_t i = 0; i < graph->cells.count; i++) {
        NnCell *const cell = &graph->cells.items[i];
        if (cell->needs_gradient)
            cell->gradient = graph->gradient_memory + reserve(&block, nn_cell_max_size(graph, cell));
    }
    graph->has_gradient_plan = true;
    return BASE_OK;
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

void nn_graph_bind(NnGraph *graph, NnNode input, const void *data)
{
    if (input < 0 || input >= (NnNode)graph->cells.count)
        return;
    NnCell *const cell = nn_cell_at(graph, input);
    if (!cell->op->forward && !cell->op->is_view && cell->parameter < 0)
        cell->values = (float *)(uintptr_t)data; /* only read */
}

/* Marks, in is_computed, the cells that `node` depends on. */
static void mark_needed(NnGraph *graph, NnNode node)
{
    for (size_t i = 0; i < graph->cells.count; i++)
        graph->cells.items[i].is_computed = (NnNode)i == node;
    for (NnNode i = node; i >= 0; i--) {
        const NnCell *const cell = nn_cell_at(graph, i);
        for (int j = 0; cell->is_computed && j < cell->input_count; j++)
            nn_cell_input(graph, cell, j)->is_computed = true;
    }
}

static BaseStatus compute(NnGraph *graph, NnCell *cell, BaseError *err)
{
    if (cell->op->is_view)
        cell->values = nn_cell_input(graph, cell, 0)->values;
    else if (cell->op->forward)
        return cell->op->forward(graph, cell, err);
    else if (!cell->values)
        return base_fail(err, BASE_BAD_CALL, "nn_graph_forward: nothing is bound to node %d (%s)",
                         nn_cell_node(graph, cell), cell->op->name);
    return BASE_OK;
}

BaseStatus nn_graph_forward(NnGraph *graph, NnNode node, int64_t batch, BaseError *err)
{
    if (!graph->is_planned)
        return base_fail(err, BASE_BAD_CALL, "nn_graph_forward: the graph is not planned yet");
    if (node < 0 || node >= (NnNode)graph->cells.count)
        return base_fail(err, BASE_BAD_CALL, "nn_graph_forward: there is no node %d", node);
    if (batch < 1 || batch > graph->max_batch)
        return base_fail(err, BASE_BAD_CALL, "nn_graph_forward: %lld rows, the graph is for 1 to %lld",
                         (long long)batch, (long long)graph->max_batch);
    graph->batch = batch;
    mark_needed(graph, node);
    BaseStatus status = BASE_OK;
    for (NnNode i = 0; i <= node && status == BASE_OK; i++)
        if (nn_cell_at(graph, i)->is_computed)
            status = compute(graph, nn_cell_at(graph, i), err);
    if (status != BASE_OK)
        mark_needed(graph, -1); /* there is nothing to go back from */
    return status;
}

const float *nn_graph_value(const NnGraph *graph, NnNode node)
{
    if (node < 0 || node >= (NnNode)graph->cells.count || nn_cell_at(graph, node)->is_index)
        return NULL;
    return nn_cell_at(graph, node)->values;
}

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

static bool is_parameter(const NnCell *cell)
{
    return cell->parameter >= 0 && !cell->op->forward;
}

/* Where the op is to write the gradient of its input: into the input's own place when that is still empty, else into a
 * spare one from which it is added. */
static BaseStatus find_target(NnGraph *graph, NnCell *cell, int input, float **target, BaseError *err)
{
    NnCell *const from = nn_cell_input(graph, cell, input);
    *target = NULL;
    if (!from->needs_gradient)
        return BASE_OK;
    if (!from->has_gradient) {
        from->has_gradient = true;
        *target = from->gradient;
        return BASE_OK;
    }
    const int64_t size = nn_cell_max_size(graph, from);
    if (graph->spare_size[input] < size) {
        free(graph->spare[input]);
        graph->spare[input] = nn_floats_new(size);
        graph->spare_size[input] = graph->spare[input] ? size : 0;
    }
    *target = graph->spare[input];
    return *target ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for %lld gradients", (long long)size);
}

static BaseStatus go_back(NnGraph *graph, NnCell *cell, BaseError *err)
{
    float *targets[NN_MAX_INPUTS] = {0};
    BaseStatus status = BASE_OK;
    for (int i = 0; i < cell->input_count && status == BASE_OK; i++)
        status = find_target(graph, cell, i, &targets[i], err);
    if (status == BASE_OK)
        status = cell->op->backward(graph, cell, targets, err);
    for (int i = 0; i < cell->input_count && status == BASE_OK; i++) {
        NnCell *const from = nn_cell_input(graph, cell, i);
        if (targets[i] && targets[i] == graph->spare[i])
            nn_add_to(from->gradient, targets[i], nn_cell_size(graph, from));
    }
    return status;
}

BaseStatus nn_graph_backward(NnGraph *graph, NnNode loss, float weight, BaseError *err)
{
    if (loss < 0 || loss >= (NnNode)graph->cells.count || !nn_cell_at(graph, loss)->is_computed)
        return base_fail(err, BASE_BAD_CALL, "nn_graph_backward: node %d was not computed by nn_graph_forward", loss);
    NnCell *const last = nn_cell_at(graph, loss);
    if (nn_cell_max_size(graph, last) != 1 || !last->needs_gradient || is_parameter(last))
        return base_fail(err, BASE_BAD_CALL, "nn_graph_backward: node %d (%s) is not one number made of parameters",
                         loss, last->op->name);
    BaseStatus status = plan_gradients(graph, err);
    if (status != BASE_OK)
        return status;
    for (NnNode i = 0; i <= loss; i++)
        if (!is_parameter(nn_cell_at(graph, i)))
            nn_cell_at(graph, i)->has_gradient = false;
    last->gradient[0] = graph->loss_weight = weight;
    last->has_gradient = true;
    for (NnNode i = loss; i >= 0 && status == BASE_OK; i--) {
        NnCell *const cell = nn_cell_at(graph, i);
        if (cell->is_computed && cell->has_gradient && cell->op->backward)
            status = go_back(graph, cell, err);
    }
    return status;
}

const float *nn_graph_gradient(const NnGraph *graph, NnNode node)
{
    if (node < 0 || node >= (NnNode)graph->cells.count || !nn_cell_at(graph, node)->has_gradient)
        return NULL;
    return nn_cell_at(graph, node)->gradient;
}

/* ---- Gradients of parameters ------------------------------------------------------------------------------------- */

bool nn_graph_is_dense(const NnGraph *graph, int parameter)
{
    return parameter < graph->parameter_count && graph->parameter_cells[parameter] >= 0;
}

float *nn_graph_dense_gradient(const NnGraph *graph, int parameter)
{
    if (!nn_graph_is_dense(graph, parameter))
        return NULL;
    const NnCell *const cell = nn_cell_at(graph, graph->parameter_cells[parameter]);
    return cell->has_gradient ? cell->gradient : NULL;
}

NnRows *nn_graph_sparse_gradient(const NnGraph *graph, int parameter)
{
    return parameter < graph->parameter_count && graph->rows[parameter].count > 0 ? &graph->rows[parameter] : NULL;
}

void nn_graph_clear_gradients(NnGraph *graph)
{
    for (int i = 0; i < graph->parameter_count; i++) {
        NnRows *const rows = &graph->rows[i];
        for (int64_t j = 0; j < rows->count; j++)
            rows->place[rows->touched[j]] = -1;
        rows->count = 0;
        if (graph->parameter_cells[i] >= 0)
            nn_cell_at(graph, graph->parameter_cells[i])->has_gradient = false;
    }
}
