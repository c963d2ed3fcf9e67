/* update_graphs.c - operations on whole graphs: CLEAR, DROP, CREATE, ADD, MOVE, COPY (SPARQL 1.1 Update, section 3.2).
 * A graph is there while it has triples, so that CREATE makes nothing and DROP is CLEAR. */
#include "kg/sparql/update.h"

#include <stdlib.h>

/* KG_ANY for the default graph; *is_there is false, and the id 0, when the database does not know the name. */
static BaseStatus find_graph(Update *update, const AstGraphs *graphs, KgId *out, bool *is_there, BaseError *err)
{
    *out = KG_ANY;
    *is_there = true;
    if (graphs->kind != GRAPHS_IRI)
        return BASE_OK;
    uint64_t count = 0;
    BaseStatus status = kg_find(update->txn, &graphs->iri, out, err);
    *is_there = status == BASE_OK;
    if (status == BASE_OK)
        status = kg_count_in(update->txn, *out, KG_IN(KG_ASSERTED), (KgTriple){0}, &count, err);
    *is_there = count > 0;
    return status == BASE_NOT_FOUND ? BASE_OK : status;
}

static BaseStatus intern_graph(Update *update, const AstGraphs *graphs, KgId *out, BaseError *err)
{
    *out = KG_ANY;
    return graphs->kind == GRAPHS_IRI ? kg_intern(update->txn, &graphs->iri, out, err) : BASE_OK;
}

static BaseStatus fail_missing(const Update *update, const AstGraphs *graphs, BaseError *err)
{
    const KgText name = graphs->iri.text;
    sparql_refuse(update, graphs->place, err, "there is no graph <%.*s>", (int)(name.length < 200 ? name.length : 200),
                  name.bytes);
    base_hint(err, "a graph exists while it has triples; SILENT passes over one that is not there");
    return BASE_BAD_INPUT;
}

/* ---- CLEAR ---- */

static BaseStatus clear_graph(Update *update, KgId graph, BaseError *err)
{
    uint64_t count = 0;
    BaseStatus status = kg_count_in(update->txn, graph, KG_IN(KG_ASSERTED), (KgTriple){0}, &count, err);
    if (status == BASE_OK && count > 0)
        status = kg_clear_layer_in(update->txn, graph, KG_ASSERTED, err);
    if (status == BASE_OK)
        update->report.deleted += count;
    return status;
}

static BaseStatus clear_named(Update *update, BaseError *err)
{
    KgId *graphs = NULL;
    size_t count = 0;
    BaseStatus status = kg_graphs(update->txn, &graphs, &count, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++)
        status = clear_graph(update, graphs[i], err);
    free(graphs);
    return status;
}

static BaseStatus clear(Update *update, const AstOperation *operation, BaseError *err)
{
    const AstGraphs *const which = &operation->from;
    BaseStatus status = BASE_OK;
    if (which->kind == GRAPHS_IRI) {
        KgId graph;
        bool is_there;
        status = find_graph(update, which, &graph, &is_there, err);
        return status == BASE_OK && is_there ? clear_graph(update, graph, err) : status;
    }
    if (which->kind != GRAPHS_NAMED)
        status = clear_graph(update, KG_ANY, err);
    if (status == BASE_OK && which->kind != GRAPHS_DEFAULT)
        status = clear_named(update, err);
    return status;
}

/* ---- CREATE ---- */

static BaseStatus create(Update *update, const AstOperation *operation, BaseError *err)
{
    KgId graph;
    bool is_there;
    const KgText name = operation->to.iri.text;
    const BaseStatus status = find_graph(update, &operation->to, &graph, &is_there, err);
    if (status != BASE_OK || !is_there || operation->silent)
        return status;
    return sparql_refuse(update, operation->to.place, err, "the graph <%.*s> is there already",
                         (int)(name.length < 200 ? name.length : 200), name.bytes);
}

/* ---- ADD, MOVE, COPY ---- */

static BaseStatus gather_graph(Update *update, KgId from, KgId to, QuadList *out, BaseError *err)
{
    KgScan *scan = NULL;
    Quad quad = {.graph = to};
    BaseStatus status = kg_scan_open_in(update->txn, from, KG_IN(KG_ASSERTED), (KgTriple){0}, KG_ORDER_SPO, &scan, err);
    while (status == BASE_OK && (status = kg_scan_next(scan, &quad.triple, err)) == BASE_OK)
        if (!BASE_PUSH(out, quad))
            status = base_fail(err, BASE_NO_MEMORY, "no memory to run the update");
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus transfer(Update *update, const AstOperation *operation, BaseError *err)
{
    KgId from, to;
    bool is_there;
    BaseStatus status = find_graph(update, &operation->from, &from, &is_there, err);
    if (status == BASE_OK && !is_there)
        return operation->silent ? BASE_OK : fail_missing(update, &operation->from, err);
    if (status == BASE_OK)
        status = intern_graph(update, &operation->to, &to, err);
    if (status != BASE_OK || from == to)
        return status;
    QuadList list = {0};
    status = gather_graph(update, from, to, &list, err);
    if (status == BASE_OK && operation->kind != UPDATE_ADD)
        status = clear_graph(update, to, err);
    if (status == BASE_OK)
        status = sparql_insert_quads(update, &list, err);
    if (status == BASE_OK && operation->kind == UPDATE_MOVE)
        status = clear_graph(update, from, err);
    free(list.items);
    return status;
}

BaseStatus sparql_manage_graphs(Update *update, const AstOperation *operation, BaseError *err)
{
    switch (operation->kind) {
    case UPDATE_CLEAR:
        return clear(update, operation, err);
    case UPDATE_CREATE:
        return create(update, operation, err);
    default:
        return transfer(update, operation, err);
    }
}
