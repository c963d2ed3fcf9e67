/* update.c - an update request from its text to the asserted layer (SPARQL 1.1 Update): all of it is parsed before
 * anything is written, its operations run one after another in the caller's transaction, and one row of the catalog
 * says where the triples it adds come from. */
#include "kg/sparql/update.h"

#include "kg/catalog.h"
#include "kg/sparql/extensions.h"
#include "kg/sparql/parse.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#define WRITES_BETWEEN_CHECKS 1024

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to run the update");
}

static BaseStatus cancelled(const Update *update, BaseError *err)
{
    return base_job_cancelled(update->job) ? base_fail(err, BASE_CANCELLED, "the update was cancelled") : BASE_OK;
}

BaseStatus sparql_refuse(const Update *update, AstPlace place, BaseError *err, const char *format, ...)
{
    char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const BaseSource at = base_source_at(update->name, update->text, update->length, place.offset, place.width);
    return base_fail_at(err, BASE_BAD_INPUT, at, "%s", message);
}

BaseStatus sparql_want_source(Update *update, BaseError *err)
{
    if (update->source)
        return BASE_OK;
    const BaseStatus status = kg_next_id(update->txn, "import", &update->source, err);
    snprintf(update->blank_prefix, sizeof update->blank_prefix, "u%u.", update->source);
    return status;
}

/* ---- Writing ---- */

static int compare_ids(KgId a, KgId b)
{
    return (a > b) - (a < b);
}

static int compare_quads(const void *a, const void *b)
{
    const Quad *const x = a, *const y = b;
    int order = compare_ids(x->graph, y->graph);
    if (order == 0)
        order = compare_ids(x->triple.s, y->triple.s);
    if (order == 0)
        order = compare_ids(x->triple.p, y->triple.p);
    return order ? order : compare_ids(x->triple.o, y->triple.o);
}

static void sort_quads(QuadList *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare_quads);
}

BaseStatus sparql_delete_quads(Update *update, QuadList *list, BaseError *err)
{
    if (list->count == 0)
        return BASE_OK;
    KgTriple *const triples = malloc(list->count * sizeof *triples);
    BaseStatus status = triples ? cancelled(update, err) : no_memory(err);
    sort_quads(list);
    for (size_t begin = 0, end; begin < list->count && status == BASE_OK; begin = end) {
        const KgId graph = list->items[begin].graph;
        size_t deleted = 0;
        for (end = begin; end < list->count && list->items[end].graph == graph; end++)
            triples[end - begin] = list->items[end].triple;
        status = kg_delete_many_in(update->txn, graph, KG_ASSERTED, triples, end - begin, &deleted, update->job, err);
        update->report.deleted += deleted;
    }
    free(triples);
    return status;
}

BaseStatus sparql_insert_quads(Update *update, QuadList *list, BaseError *err)
{
    if (list->count == 0)
        return BASE_OK;
    BaseStatus status = sparql_want_source(update, err);
    KgRecord *const records = malloc(list->count * sizeof *records);
    if (!records && status == BASE_OK)
        status = no_memory(err);
    sort_quads(list);
    for (size_t begin = 0, end; begin < list->count && status == BASE_OK; begin = end) {
        const KgId graph = list->items[begin].graph;
        size_t added = 0;
        for (end = begin; end < list->count && list->items[end].graph == graph; end++)
            records[end - begin] = (KgRecord){list->items[end].triple, {.source = update->source}};
        status = kg_add_many_in(update->txn, graph, KG_ASSERTED, records, end - begin, &added, update->job, err);
        update->report.inserted += added;
    }
    update->offered += list->count;
    free(records);
    return status;
}

/* ---- INSERT DATA and DELETE DATA ---- */

typedef struct Data {
    Update *update;
    KgId *blanks; /* by variable: the node it became */
    QuadList list;
} Data;

/* A node that the database does not have yet. */
static BaseStatus new_blank(Update *update, KgId *out, BaseError *err)
{
    char label[64];
    for (;;) {
        const int length =
            snprintf(label, sizeof label, "%s%llu", update->blank_prefix, (unsigned long long)++update->blank_count);
        const KgTerm term = {.kind = KG_BLANK, .text = {label, (size_t)length}};
        const BaseStatus status = kg_find(update->txn, &term, out, err);
        if (status == BASE_NOT_FOUND)
            return kg_intern(update->txn, &term, out, err);
        if (status != BASE_OK)
            return status;
    }
}

static BaseStatus intern_node(Data *data, const AstNode *node, KgId *out, BaseError *err)
{
    if (node->variable == AST_NO_VARIABLE)
        return kg_intern(data->update->txn, &node->term, out, err);
    KgId *const blank = &data->blanks[node->variable];
    const BaseStatus status = *blank ? BASE_OK : new_blank(data->update, blank, err);
    *out = *blank;
    return status;
}

/* BASE_NOT_FOUND: the database does not know it. */
static BaseStatus find_node(Data *data, const AstNode *node, KgId *out, BaseError *err)
{
    return kg_find(data->update->txn, &node->term, out, err);
}

typedef BaseStatus TakeNode(Data *data, const AstNode *node, KgId *out, BaseError *err);

/* All quads as ids; those with a term that is not found are left out. */
static BaseStatus gather(Data *data, const AstQuads *quads, TakeNode *take, BaseError *err)
{
    for (; quads; quads = quads->next) {
        Quad quad = {.graph = KG_ANY};
        BaseStatus status = quads->is_named ? take(data, &quads->graph, &quad.graph, err) : BASE_OK;
        if (status == BASE_NOT_FOUND)
            continue;
        for (size_t i = 0; i < quads->count && status == BASE_OK; i++) {
            const AstTriple *const triple = &quads->triples[i];
            status = i % WRITES_BETWEEN_CHECKS == 0 ? cancelled(data->update, err) : BASE_OK;
            if (status == BASE_OK)
                status = take(data, &triple->subject, &quad.triple.s, err);
            if (status == BASE_OK)
                status = take(data, &triple->predicate, &quad.triple.p, err);
            if (status == BASE_OK)
                status = take(data, &triple->object, &quad.triple.o, err);
            if (status == BASE_OK && !BASE_PUSH(&data->list, quad))
                status = no_memory(err);
            if (status == BASE_NOT_FOUND)
                status = BASE_OK;
        }
        if (status != BASE_OK)
            return status;
    }
    return BASE_OK;
}

static BaseStatus insert_data(Update *update, const AstOperation *operation, BaseError *err)
{
    Data data = {.update = update, .blanks = calloc(operation->select->variables.count + 1, sizeof *data.blanks)};
    BaseStatus status = data.blanks ? sparql_want_source(update, err) : no_memory(err);
    if (status == BASE_OK)
        status = gather(&data, operation->inserted, intern_node, err);
    if (status == BASE_OK)
        status = sparql_insert_quads(update, &data.list, err);
    free(data.blanks);
    free(data.list.items);
    return status;
}

static BaseStatus delete_data(Update *update, const AstOperation *operation, BaseError *err)
{
    Data data = {.update = update};
    BaseStatus status = gather(&data, operation->deleted, find_node, err);
    if (status == BASE_OK)
        status = sparql_delete_quads(update, &data.list, err);
    free(data.list.items);
    return status;
}

/* ---- The request ---- */

/* The caller's dataset for the patterns of all operations (SPARQL 1.1 Protocol, section 2.2.3). */
static BaseStatus give_dataset(const Update *update, const AstOperation *first, BaseArena *arena, BaseError *err)
{
    if (!update->dataset || update->dataset->graph_count + update->dataset->named_count == 0)
        return BASE_OK;
    AstDataset *const dataset = sparql_make_dataset(update->dataset, arena);
    if (!dataset)
        return no_memory(err);
    for (const AstOperation *operation = first; operation; operation = operation->next) {
        if (operation->kind != UPDATE_MODIFY)
            continue;
        if (operation->has_with || operation->select->dataset)
            return sparql_refuse(update, operation->place, err,
                                 "USING and WITH exclude a dataset that is given beside the update");
        operation->select->dataset = dataset;
    }
    return BASE_OK;
}

/* What an update may not do; layers are not graphs that it could write. */
static BaseStatus refuse_layers(const Update *update, const AstQuads *first, const char *what, BaseError *err)
{
    KgLayer layer;
    for (const AstQuads *quads = first; quads; quads = quads->next)
        if (quads->is_named && quads->graph.variable == AST_NO_VARIABLE && sparql_layer_of(&quads->graph.term, &layer))
            return sparql_refuse(update, quads->graph.place, err, "%s", what);
    return BASE_OK;
}

static BaseStatus check_operation(const Update *update, const AstOperation *operation, BaseError *err)
{
    static const char what[] = "this names a layer, which an update does not write";
    KgLayer layer;
    if (operation->kind == UPDATE_LOAD && update->no_load)
        return sparql_refuse(update, operation->place, err, "LOAD is not allowed here: it would read a local file");
    BaseStatus status = refuse_layers(update, operation->inserted, what, err);
    if (status == BASE_OK && operation->kind == UPDATE_DELETE_DATA) /* of DELETE WHERE it is the pattern too */
        status = refuse_layers(update, operation->deleted, what, err);
    if (status != BASE_OK)
        return status;
    if (operation->to.kind == GRAPHS_IRI && sparql_layer_of(&operation->to.iri, &layer))
        return sparql_refuse(update, operation->to.place, err, "%s", what);
    if (operation->has_with && sparql_layer_of(&operation->with, &layer))
        return sparql_refuse(update, operation->place, err, "%s", what);
    return BASE_OK;
}

static BaseStatus run_operation(Update *update, const AstOperation *operation, BaseError *err)
{
    switch (operation->kind) {
    case UPDATE_INSERT_DATA:
        return insert_data(update, operation, err);
    case UPDATE_DELETE_DATA:
        return delete_data(update, operation, err);
    case UPDATE_MODIFY:
        return sparql_modify(update, operation, err);
    case UPDATE_LOAD:
        return sparql_load(update, operation, err);
    default:
        return sparql_manage_graphs(update, operation, err);
    }
}

/* The row that explains the new triples; when there are none, none is needed. */
static BaseStatus tell_catalog(const Update *update, BaseError *err)
{
    const uint64_t added = update->report.inserted - update->loaded;
    if (added == 0)
        return BASE_OK;
    KgImport row = {.id = update->source, .source = update->name, .format = "sparql", .time = (int64_t)time(NULL)};
    row.lines = update->length > 0;
    for (const char *at = update->text; (at = memchr(at, '\n', update->length - (size_t)(at - update->text))); at++)
        row.lines += at + 1 < update->text + update->length;
    row.triples = update->offered;
    row.added = added;
    row.seconds = base_wall_seconds() - update->began;
    return kg_put_import(update->txn, &row, err);
}

static BaseStatus run_update(Update *update, const AstUpdate *ast, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (const AstOperation *operation = ast->first; operation && status == BASE_OK; operation = operation->next) {
        status = cancelled(update, err);
        if (status == BASE_OK)
            status = check_operation(update, operation, err);
        if (status == BASE_OK)
            status = run_operation(update, operation, err);
        update->report.operations += status == BASE_OK;
    }
    return status == BASE_OK ? tell_catalog(update, err) : status;
}

BaseStatus kg_update(KgTxn *txn, const char *text, size_t length, const KgUpdateOptions *options,
                     KgUpdateReport *report, BaseError *err)
{
    if (report)
        *report = (KgUpdateReport){0};
    if (!txn || !text)
        return base_fail(err, BASE_BAD_CALL, "kg_update: an update needs a transaction and a text");
    Update update = {.txn = txn,
                     .job = options ? options->job : NULL,
                     .dataset = options ? options->dataset : NULL,
                     .no_load = options && options->no_load,
                     .extensions = options ? options->extensions : NULL,
                     .services = options ? options->services : NULL,
                     .name = options && options->name ? options->name : "<update>",
                     .text = text,
                     .length = length,
                     .began = base_wall_seconds()};
    BaseArena arena = {0};
    KgPrefix *prefixes;
    size_t prefix_count;
    AstUpdate *ast = NULL;
    BaseStatus status = kg_want_writer(txn, "kg_update", err);
    if (status == BASE_OK)
        status = kg_prefixes(txn, &arena, &prefixes, &prefix_count, err);
    if (status == BASE_OK)
        status = sparql_parse_update(text, length, update.name, options ? options->base : NULL, prefixes, prefix_count,
                                     &arena, &ast, err);
    if (status == BASE_OK)
        status = give_dataset(&update, ast->first, &arena, err);
    if (status == BASE_OK) {
        status = run_update(&update, ast, err);
        if (status != BASE_OK)
            txn->broken = true; /* half an update must not be committed */
    }
    if (status == BASE_OK && report)
        *report = update.report;
    base_arena_free(&arena);
    return status;
}
