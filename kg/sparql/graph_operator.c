/* graph_operator.c - named graphs in queries: the dataset (SPARQL 1.1, section 13), GRAPH, and the run's graph as
 * operators see it. */
#include "kg/sparql/extensions.h"

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

/* The graphs of FROM or USING that the database knows, each once. */
static BaseStatus list_merged(Run *run, const AstDataset *dataset, BaseError *err)
{
    for (const AstDataset *one = dataset; one; one = one->next) {
        KgId id;
        KgLayer layer;
        const bool is_graph = !one->is_named && !sparql_layer_of(&one->iri, &layer);
        const BaseStatus status = is_graph ? kg_find(run->txn, &one->iri, &id, err) : BASE_NOT_FOUND;
        if (status == BASE_NOT_FOUND)
            continue;
        if (status != BASE_OK)
            return status;
        bool is_known = false;
        for (size_t i = 0; i < run->merged.count; i++)
            is_known |= run->merged.items[i] == id;
        if (!is_known && !BASE_PUSH(&run->merged, id))
            return sparql_no_memory(err);
    }
    return BASE_OK;
}

AstDataset *sparql_make_dataset(const KgDataset *dataset, BaseArena *arena)
{
    const size_t count = dataset->graph_count + dataset->named_count;
    AstDataset *const items = base_arena_alloc(arena, count + 1, sizeof *items);
    for (size_t i = 0; items && i < count; i++) {
        const bool is_named = i >= dataset->graph_count;
        const char *const iri = is_named ? dataset->named[i - dataset->graph_count] : dataset->graphs[i];
        items[i] = (AstDataset){.is_named = is_named,
                                .iri = {.kind = KG_IRI, .text = {iri, strlen(iri)}},
                                .next = i + 1 < count ? &items[i + 1] : NULL};
    }
    return count ? items : NULL;
}

/* FROM kgq:predicted and the like name no graph: they choose the layers that are looked at. */
static bool choose_layers(Run *run, const AstDataset *dataset)
{
    unsigned layers = 0;
    bool has_graph = false;
    for (const AstDataset *one = dataset; one; one = one->next) {
        KgLayer layer;
        if (!one->is_named && sparql_layer_of(&one->iri, &layer))
            layers |= KG_IN(layer);
        else
            has_graph = true;
    }
    if (layers)
        run->layers = layers;
    return has_graph;
}

BaseStatus sparql_give_dataset(AstSelect *ast, const KgDataset *dataset, BaseArena *arena, BaseError *err)
{
    if (!dataset || dataset->graph_count + dataset->named_count == 0)
        return BASE_OK;
    ast->dataset = sparql_make_dataset(dataset, arena);
    return ast->dataset ? BASE_OK : sparql_no_memory(err);
}

BaseStatus sparql_choose_dataset(Run *run, const AstDataset *dataset, BaseError *err)
{
    if (!choose_layers(run, dataset))
        return BASE_OK;
    const BaseStatus status = list_merged(run, dataset, err);
    if (status != BASE_OK)
        return status;
    const size_t count = run->merged.count;
    run->graph = count == 0 ? NO_GRAPH : count == 1 ? run->merged.items[0] : MERGED_GRAPH;
    return keep_named(run, dataset, err);
}

/* ---- The run's graph ---- */

/* In one of the first `count` merged graphs? */
static BaseStatus merged_hold(Run *run, size_t count, KgTriple triple, bool *out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    *out = false;
    for (size_t i = 0; i < count && !*out && status == BASE_OK; i++)
        status = kg_holds_in(run->txn, run->merged.items[i], run->layers, triple, out, err);
    return status;
}

BaseStatus sparql_holds(Run *run, KgTriple triple, bool *out, BaseError *err)
{
    *out = false;
    if (run->graph == NO_GRAPH)
        return BASE_OK;
    if (run->graph == MERGED_GRAPH)
        return merged_hold(run, run->merged.count, triple, out, err);
    return kg_holds_in(run->txn, run->graph, run->layers, triple, out, err);
}

BaseStatus sparql_count_at_most(Run *run, KgTriple pattern, uint64_t *out, BaseError *err)
{
    *out = 0;
    if (run->graph == NO_GRAPH)
        return BASE_OK;
    if (run->graph != MERGED_GRAPH)
        return kg_count_in(run->txn, run->graph, run->layers, pattern, out, err);
    for (size_t i = 0; i < run->merged.count; i++) {
        uint64_t count = 0;
        const BaseStatus status = kg_count_in(run->txn, run->merged.items[i], run->layers, pattern, &count, err);
        if (status != BASE_OK)
            return status;
        *out += count;
    }
    return BASE_OK;
}

BaseStatus sparql_count(Run *run, KgTriple pattern, uint64_t *out, BaseError *err)
{
    if (run->graph != MERGED_GRAPH)
        return sparql_count_at_most(run, pattern, out, err);
    RunScan scan = {0};
    KgTriple triple;
    *out = 0;
    BaseStatus status = sparql_scan(run, pattern, KG_ORDER_BEST, &scan, err);
    while (status == BASE_OK && (status = sparql_scan_next(run, &scan, &triple, err)) == BASE_OK)
        if (++*out % 4096 == 0)
            status = sparql_cancelled(run, err);
    sparql_scan_close(&scan);
    return status == BASE_END ? BASE_OK : status;
}

BaseStatus sparql_scan(Run *run, KgTriple pattern, KgOrder order, RunScan *out, BaseError *err)
{
    *out = (RunScan){.is_merged = run->graph == MERGED_GRAPH, .pattern = pattern, .order = order};
    if (run->graph == NO_GRAPH)
        return BASE_END;
    const KgId graph = out->is_merged ? run->merged.items[0] : run->graph;
    return kg_scan_open_in(run->txn, graph, run->layers, pattern, order, &out->scan, err);
}

/* One graph after the other; what one before had is passed over. */
BaseStatus sparql_scan_merged(Run *run, RunScan *scan, KgTriple *out, BaseError *err)
{
    for (;;) {
        BaseStatus status = kg_scan_next(scan->scan, out, err);
        if (status == BASE_END && scan->at + 1 < run->merged.count) {
            sparql_scan_close(scan);
            const KgId graph = run->merged.items[++scan->at];
            status = kg_scan_open_in(run->txn, graph, run->layers, scan->pattern, scan->order, &scan->scan, err);
            if (status != BASE_OK)
                return status;
            continue;
        }
        bool is_known = false;
        if (status == BASE_OK)
            status = merged_hold(run, scan->at, *out, &is_known, err);
        if (status != BASE_OK || !is_known)
            return status;
    }
}

BaseStatus sparql_scan_many(Run *run, RunScan *scan, KgTriple *out, size_t capacity, size_t *count, BaseError *err)
{
    if (!scan->is_merged)
        return kg_scan_many(scan->scan, out, capacity, count, err);
    BaseStatus status = BASE_OK;
    for (*count = 0; *count < capacity && status == BASE_OK; *count += status == BASE_OK)
        status = sparql_scan_merged(run, scan, &out[*count], err);
    return status == BASE_END && *count > 0 ? BASE_OK : status;
}

void sparql_scan_close(RunScan *scan)
{
    kg_scan_close(scan->scan);
    scan->scan = NULL;
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
    return (graph->is_open = true);
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
            if (!sparql_batch_reserve(op->run, &graph->chosen, graph->in.count))
                return sparql_no_memory(err);
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

static const Operator *graph_side(const Operator *op, size_t number)
{
    return number == 0 ? ((const Graph *)op)->inside.top : NULL;
}

Operator *sparql_new_graph(Builder *builder, Operator *input, SubPlan inside, Seed *root, const Seed *outer, Place name)
{
    static const OperatorType type = {.name = "graph", .next = graph_next, .rewind = graph_rewind, .side = graph_side};
    Graph *const graph = sparql_new_operator(builder, &type, sizeof *graph, input);
    if (!graph)
        return NULL;
    sparql_new_batch(builder, &graph->in);
    sparql_new_batch(builder, &graph->chosen);
    graph->inside = inside;
    graph->root = root;
    graph->outer = outer;
    graph->name = name;
    graph_rewind(&graph->base);
    return &graph->base;
}
