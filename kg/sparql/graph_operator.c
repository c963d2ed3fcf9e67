/* graph_operator.c - named graphs in queries: the dataset (SPARQL 1.1, section 13), GRAPH, and the run's graph as
 * operators see it. */
#include "kg/sparql/operator.h"

#include <stdlib.h>

/* ---- The dataset ---- */

bool sparql_has_graph(const Run *run, KgId id)
{
    for (size_t i = 0; i < run->named.count; i++)
        if (run->named.ids[i] == id)
            return true;
    return false;
}

BaseStatus sparql_list_graphs(Run *run, BaseError *err)
{
    if (run->named.is_listed)
        return BASE_OK;
    const BaseStatus status = kg_graphs(run->txn, &run->named.ids, &run->named.count, err);
    run->named.is_listed = status == BASE_OK;
    return status;
}

static BaseStatus refuse_several(const Run *run, const AstDataset *dataset, const char *word, BaseError *err)
{
    const BaseSource at =
        base_source_at(run->name, run->text, run->length, dataset->place.offset, dataset->place.width);
    return base_fail_at(err, BASE_BAD_INPUT, at, "%s of several graphs is not supported yet", word);
}

/* Those of the database's graphs that FROM NAMED or USING NAMED lists. */
static BaseStatus keep_named(Run *run, const AstDataset *dataset, BaseError *err)
{
    BaseStatus status = sparql_list_graphs(run, err);
    size_t kept = 0;
    for (size_t i = 0; i < run->named.count && status == BASE_OK; i++) {
        bool is_listed = false;
        for (const AstDataset *one = dataset; one && !is_listed && status == BASE_OK; one = one->next) {
            KgId id = KG_ANY;
            status = one->is_named ? kg_find(run->txn, &one->iri, &id, err) : BASE_OK;
            is_listed = status == BASE_OK && id == run->named.ids[i];
            if (status == BASE_NOT_FOUND)
                status = BASE_OK;
        }
        if (is_listed)
            run->named.ids[kept++] = run->named.ids[i];
    }
    run->named.count = kept;
    return status;
}

BaseStatus sparql_choose_dataset(Run *run, const AstDataset *dataset, const char *word, BaseError *err)
{
    if (!dataset)
        return BASE_OK;
    const AstDataset *only = NULL;
    for (const AstDataset *one = dataset; one; one = one->next) {
        if (!one->is_named && only)
            return refuse_several(run, one, word, err);
        if (!one->is_named)
            only = one;
    }
    run->graph = NO_GRAPH;
    BaseStatus status = only ? kg_find(run->txn, &only->iri, &run->graph, err) : BASE_OK;
    if (status == BASE_NOT_FOUND) {
        run->graph = NO_GRAPH;
        status = BASE_OK;
    }
    return status == BASE_OK ? keep_named(run, dataset, err) : status;
}

/* ---- The run's graph ---- */

BaseStatus sparql_holds(Run *run, KgTriple triple, bool *out, BaseError *err)
{
    *out = false;
    return run->graph == NO_GRAPH ? BASE_OK : kg_holds_in(run->txn, run->graph, run->layers, triple, out, err);
}

BaseStatus sparql_count(Run *run, KgTriple pattern, uint64_t *out, BaseError *err)
{
    *out = 0;
    return run->graph == NO_GRAPH ? BASE_OK : kg_count_in(run->txn, run->graph, run->layers, pattern, out, err);
}

BaseStatus sparql_scan(Run *run, KgTriple pattern, KgOrder order, KgScan **out, BaseError *err)
{
    *out = NULL;
    if (run->graph == NO_GRAPH)
        return BASE_END;
    return kg_scan_open_in(run->txn, run->graph, run->layers, pattern, order, out, err);
}

/* ---- GRAPH ---- */

typedef struct Graph {
    Operator base;
    SubPlan inside;
    Seed *root;
    const Seed *outer;
    Place name;
    Batch in, chosen;
    size_t at; /* among the run's named graphs; their number: a new batch is wanted */
    bool is_open;
} Graph;

static bool fits(const Graph *graph, KgId id, const KgId *row)
{
    const uint32_t variable = graph->name.variable;
    return variable == AST_NO_VARIABLE ? graph->name.id == id : row[variable] == 0 || row[variable] == id;
}

/* Feeds the rows that may be in the graph; false when there are none. The name is not bound for what is inside: its
 * filters do not see it (section 18.6). */
static bool open_graph(Graph *graph, KgId id)
{
    graph->chosen.count = 0;
    for (size_t i = 0; i < graph->in.count; i++)
        if (fits(graph, id, batch_row(&graph->in, i)))
            batch_add(&graph->chosen, batch_row(&graph->in, i));
    if (graph->chosen.count == 0)
        return false;
    sparql_seed_set(graph->root, graph->outer->rows, graph->outer->count);
    sparql_seed_set(graph->inside.seed, graph->chosen.cells, graph->chosen.count);
    sparql_rewind(graph->inside.top);
    return graph->is_open = true;
}

static BaseStatus next_inside(Graph *graph, KgId id, Batch *out, BaseError *err)
{
    Run *const run = graph->base.run;
    const KgId around = run->graph;
    run->graph = id;
    const BaseStatus status = sparql_next(graph->inside.top, out, err);
    run->graph = around;
    return status;
}

/* Binds the name, or takes out the rows that have another one. */
static void name_rows(const Graph *graph, KgId id, Batch *out)
{
    const uint32_t variable = graph->name.variable;
    if (variable == AST_NO_VARIABLE)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++) {
        KgId *const row = batch_row(out, i);
        if (!fits(graph, id, row))
            continue;
        row[variable] = id;
        if (kept < i)
            memcpy(batch_row(out, kept), row, out->width * sizeof *row);
        kept++;
    }
    out->count = kept;
}

static BaseStatus graph_next(Operator *op, Batch *out, BaseError *err)
{
    Graph *const graph = (Graph *)op;
    for (;;) {
        BaseStatus status;
        if (graph->at >= op->run->named.count) {
            status = sparql_next(op->input, &graph->in, err);
            if (status != BASE_OK)
                return status;
            graph->at = 0;
            continue;
        }
        const KgId id = op->run->named.ids[graph->at];
        if (!graph->is_open && !open_graph(graph, id)) {
            graph->at++;
            continue;
        }
        status = next_inside(graph, id, out, err);
        if (status == BASE_END) {
            graph->is_open = false;
            graph->at++;
            continue;
        }
        if (status == BASE_OK)
            name_rows(graph, id, out);
        if (status != BASE_OK || out->count)
            return status;
    }
}

static void graph_rewind(Operator *op)
{
    Graph *const graph = (Graph *)op;
    graph->at = SIZE_MAX;
    graph->is_open = false;
}

Operator *sparql_new_graph(Builder *builder, Operator *input, SubPlan inside, Seed *root, const Seed *outer, Place name)
{
    static const OperatorType type = {.name = "graph", .next = graph_next, .rewind = graph_rewind};
    Graph *const graph = sparql_new_operator(builder, &type, sizeof *graph, input);
    if (!graph || !sparql_new_batch(builder, &graph->in) || !sparql_new_batch(builder, &graph->chosen))
        return NULL;
    graph->inside = inside;
    graph->root = root;
    graph->outer = outer;
    graph->name = name;
    graph_rewind(&graph->base);
    return &graph->base;
}
