/* row_triples.c - what a row of an answer rests on. The query is run up to that row; then its WHERE is matched once
 * more, with the row's values given by VALUES and all variables kept, and the patterns of the algebra are filled in
 * with the first solution. */
#include "kg/sparql/bindings.h"
#include "kg/sparql/extensions.h"
#include "kg/sparql/parse.h"
#include "kg/sparql/plan.h"
#include "kg/sparql/result.h"

#include <stdlib.h>

typedef struct Search {
    Run run;
    AstSelect *ast;
    const KgDataset *dataset; /* instead of the query's own; may be NULL */
    Operator *top, *all;
    Batch rows;
    KgRowTriples *out;
    struct {
        KgRowTriple *items;
        size_t count, capacity;
    } found;
    BaseError *err;
} Search;

/* ---- The row ---- */

static BaseStatus keep_text(BaseArena *arena, KgText *text, BaseError *err)
{
    text->bytes = base_arena_copy(arena, text->bytes ? text->bytes : "", text->length);
    return text->bytes ? BASE_OK : sparql_no_memory(err);
}

static BaseStatus keep_row(KgQuery *query, BaseArena *arena, KgRowTriples *out, BaseError *err)
{
    const size_t count = kg_query_column_count(query);
    BaseStatus status = BASE_OK;
    out->bindings = base_arena_alloc(arena, count + 1, sizeof *out->bindings);
    if (!out->bindings)
        return sparql_no_memory(err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        KgRowBinding *const binding = &out->bindings[out->binding_count];
        if (!kg_query_cell(query, i, &binding->term)) {
            status = sparql_query_status(query, err); /* unbound, or not to be read */
            continue;
        }
        out->binding_count++;
        binding->variable = base_arena_copy(arena, kg_query_column(query, i), strlen(kg_query_column(query, i)));
        status = binding->variable ? keep_text(arena, &binding->term.text, err) : sparql_no_memory(err);
        if (status == BASE_OK)
            status = keep_text(arena, &binding->term.datatype, err);
        if (status == BASE_OK)
            status = keep_text(arena, &binding->term.language, err);
    }
    return status;
}

static BaseStatus fail_rows(uint64_t wanted, uint64_t count, BaseError *err)
{
    return base_fail(err, BASE_NOT_FOUND, "there is no row %llu: the query has %llu row%s", (unsigned long long)wanted,
                     (unsigned long long)count, count == 1 ? "" : "s");
}

static BaseStatus find_row(KgQuery *query, uint64_t row, BaseArena *arena, KgRowTriples *out, BaseError *err)
{
    const KgQueryForm form = kg_query_form(query);
    if (form == KG_ASK)
        return row == 1 && kg_query_answer(query)
                   ? keep_row(query, arena, out, err)
                   : base_fail(err, BASE_NOT_FOUND, "nothing to explain: the answer is %s, and ASK has one row",
                               kg_query_answer(query) ? "true" : "false");
    if (form != KG_SELECT)
        return base_fail(err, BASE_BAD_CALL, "only the rows of SELECT and ASK can be explained");
    uint64_t count = 0;
    BaseStatus status = BASE_OK;
    while (count < row && status == BASE_OK) {
        status = kg_query_next(query, err);
        count += status == BASE_OK;
    }
    if (status == BASE_END)
        return fail_rows(row, count, err);
    return status == BASE_OK ? keep_row(query, arena, out, err) : status;
}

static BaseStatus read_row(KgTxn *txn, const char *text, size_t length, const KgQueryOptions *options, uint64_t row,
                           BaseArena *arena, KgRowTriples *out, BaseError *err)
{
    KgQuery *query = NULL;
    if (row == 0)
        return base_fail(err, BASE_BAD_CALL, "rows count from 1");
    BaseStatus status = kg_query_open(txn, text, length, options, &query, err);
    if (status == BASE_OK)
        status = find_row(query, row, arena, out, err);
    kg_query_close(query);
    return status;
}

/* ---- WHERE once more ---- */

static const KgRowBinding *find_binding(const KgRowTriples *row, const char *name)
{
    for (size_t i = 0; i < row->binding_count && name; i++)
        if (strcmp(row->bindings[i].variable, name) == 0)
            return &row->bindings[i];
    return NULL;
}

/* The row as VALUES. What SELECT computes is not among them: it has no place in WHERE. */
static AstValues *values_of(Search *search)
{
    const AstSelect *const ast = search->ast;
    BaseArena *const arena = search->run.arena;
    AstValues *const values = base_arena_alloc(arena, 1, sizeof *values);
    uint32_t *const variables = base_arena_alloc(arena, ast->item_count + 1, sizeof *variables);
    AstNode *const cells = base_arena_alloc(arena, ast->item_count + 1, sizeof *cells);
    bool *const is_bound = base_arena_alloc(arena, ast->item_count + 1, sizeof *is_bound);
    if (!values || !variables || !cells || !is_bound)
        return NULL;
    *values = (AstValues){.variables = variables, .rows = 1, .cells = cells, .is_bound = is_bound};
    for (size_t i = 0; i < ast->item_count && ast->form == KG_SELECT; i++) {
        const uint32_t variable = ast->items[i].target.variable;
        const KgRowBinding *const binding = find_binding(search->out, ast->variables.items[variable].name);
        if (ast->items[i].expr || !binding)
            continue;
        variables[values->width] = variable;
        is_bound[values->width] = true;
        cells[values->width++] = (AstNode){.variable = AST_NO_VARIABLE, .term = binding->term};
    }
    return values;
}

static bool append_values(Search *search, const AstValues *values)
{
    AstPattern *const pattern = base_arena_alloc(search->run.arena, 1, sizeof *pattern);
    AstPattern **end = &search->ast->where->children;
    if (!pattern)
        return false;
    *pattern = (AstPattern){.kind = PATTERN_VALUES, .values = (AstValues *)values};
    while (*end)
        end = &(*end)->next;
    *end = pattern;
    return true;
}

/* All variables of WHERE, and nothing that comes behind it. */
static bool reduce(Search *search, size_t width)
{
    AstSelect *const ast = search->ast;
    AstItem *const items = base_arena_alloc(search->run.arena, width + 1, sizeof *items);
    if (!items)
        return false;
    for (uint32_t i = 0; i < width; i++)
        items[i].target.variable = i;
    ast->form = KG_SELECT;
    ast->items = items;
    ast->item_count = width;
    ast->distinct = ast->reduced = ast->is_grouped = false;
    ast->group_count = ast->having_count = ast->order_count = 0;
    ast->values = NULL;
    ast->offset = 0;
    ast->limit = 1;
    return true;
}

static BaseStatus prepare(Search *search, SelectAlgebra **algebra)
{
    AstSelect *const ast = search->ast;
    const AstValues *const row = values_of(search);
    if (!row || (row->width && !append_values(search, row)) || (ast->values && !append_values(search, ast->values)) ||
        !reduce(search, ast->variables.count))
        return sparql_no_memory(search->err);
    BaseStatus status = sparql_give_dataset(ast, search->dataset, search->run.arena, search->err);
    if (status == BASE_OK)
        status = sparql_choose_dataset(&search->run, ast->dataset, search->err);
    if (status == BASE_OK)
        status = sparql_translate(&search->run, ast, algebra, search->err);
    if (status == BASE_OK && !reduce(search, (*algebra)->width)) /* with those that the translation made */
        status = sparql_no_memory(search->err);
    if (status == BASE_OK)
        status = sparql_plan(&search->run, *algebra, &search->all, &search->top, search->err);
    if (status != BASE_OK)
        return status;
    Builder builder = {.run = &search->run,
                       .width = search->top->width,
                       .batch_rows = search->top->batch_rows,
                       .all = &search->all,
                       .err = search->err};
    sparql_new_batch(&builder, &search->rows);
    return BASE_OK;
}

/* ---- Patterns to triples ---- */

static BaseStatus walk(Search *search, const Algebra *node, const KgId *row);

static BaseStatus id_of(Search *search, const AstNode *node, const KgId *row, KgId *out)
{
    Place place;
    const BaseStatus status = sparql_place(&search->run, node, &place, search->err);
    *out = place.variable == AST_NO_VARIABLE ? place.id : row[place.variable];
    return status;
}

static BaseStatus add_triple(Search *search, KgId graph, KgTriple triple)
{
    bool is_there = false;
    for (size_t i = 0; i < search->found.count; i++) {
        const KgRowTriple *const one = &search->found.items[i];
        if (one->graph == graph && one->triple.s == triple.s && one->triple.p == triple.p && one->triple.o == triple.o)
            return BASE_OK;
    }
    const BaseStatus status = kg_holds_in(search->run.txn, graph, search->run.layers, triple, &is_there, search->err);
    if (status == BASE_OK && is_there && !BASE_PUSH(&search->found, (KgRowTriple){triple, graph}))
        return sparql_no_memory(search->err);
    return status;
}

/* In the graph that it was matched in; of several merged ones, in each that has it. */
static BaseStatus fill_triple(Search *search, const Algebra *node, const KgId *row)
{
    KgTriple triple;
    BaseStatus status = id_of(search, &node->s, row, &triple.s);
    if (status == BASE_OK)
        status = id_of(search, &node->p, row, &triple.p);
    if (status == BASE_OK)
        status = id_of(search, &node->o, row, &triple.o);
    const Run *const run = &search->run;
    if (status != BASE_OK || !triple.s || !triple.p || !triple.o || is_local(triple.s) || is_local(triple.p) ||
        is_local(triple.o) || run->graph == NO_GRAPH)
        return status;
    if (run->graph != MERGED_GRAPH)
        return add_triple(search, run->graph, triple);
    for (size_t i = 0; i < run->merged.count && status == BASE_OK; i++)
        status = add_triple(search, run->merged.items[i], triple);
    return status;
}

static BaseStatus walk_graph(Search *search, const Algebra *node, const KgId *row)
{
    Run *const run = &search->run;
    const KgId graph = run->graph;
    const unsigned layers = run->layers;
    KgLayer layer;
    BaseStatus status = BASE_OK;
    if (node->s.variable == AST_NO_VARIABLE && sparql_layer_of(&node->s.term, &layer))
        run->layers = KG_IN(layer);
    else
        status = id_of(search, &node->s, row, &run->graph);
    if (status == BASE_OK && run->graph == KG_ANY && graph != KG_ANY)
        run->graph = NO_GRAPH;
    if (status == BASE_OK && !is_local(run->graph))
        status = walk(search, node->children[0], row);
    run->graph = graph;
    run->layers = layers;
    return status;
}

static BaseStatus walk_children(Search *search, const Algebra *node, size_t count, const KgId *row)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < count && status == BASE_OK; i++)
        status = walk(search, node->children[i], row);
    return status;
}

static BaseStatus walk(Search *search, const Algebra *node, const KgId *row)
{
    switch (node->kind) {
    case ALGEBRA_TRIPLE:
        return fill_triple(search, node, row);
    case ALGEBRA_GRAPH:
        return walk_graph(search, node, row);
    case ALGEBRA_JOIN:
    case ALGEBRA_LEFT_JOIN:
    case ALGEBRA_UNION:
        return walk_children(search, node, node->count, row);
    case ALGEBRA_FILTER:
        for (size_t i = 0; i < node->filter_count; i++)
            search->out->is_whole &= !sparql_has_exists(node->filters[i]);
        return walk_children(search, node, node->count, row);
    case ALGEBRA_EXTEND:
        search->out->is_whole &= !sparql_has_exists(node->assignment.expr);
        return walk_children(search, node, node->count, row);
    case ALGEBRA_MINUS:
        return walk_children(search, node, 1, row);
    case ALGEBRA_PATH:
    case ALGEBRA_SELECT:
    case ALGEBRA_SERVICE:
    case ALGEBRA_PROPERTY:
        search->out->is_whole = false;
        return BASE_OK;
    case ALGEBRA_UNIT:
    case ALGEBRA_VALUES:
        break;
    }
    return BASE_OK;
}

static BaseStatus match(Search *search)
{
    SelectAlgebra *algebra;
    BaseStatus status = prepare(search, &algebra);
    if (status == BASE_OK)
        status = sparql_next(search->top, &search->rows, search->err);
    if (status == BASE_END)
        return BASE_OK; /* what is volatile need not match again */
    if (status == BASE_OK)
        status = walk(search, algebra->where, batch_row(&search->rows, 0));
    return status;
}

static BaseStatus find_triples(Search *search, const char *text, size_t length, const KgQueryOptions *use)
{
    Run *const run = &search->run;
    KgPrefix *prefixes;
    size_t count;
    BaseStatus status = kg_prefixes(run->txn, run->arena, &prefixes, &count, search->err);
    if (status == BASE_OK)
        status =
            sparql_parse(text, length, run->name, use->base, prefixes, count, run->arena, &search->ast, search->err);
    if (status == BASE_OK) {
        run->eval.base = search->ast->base;
        status = match(search);
    }
    sparql_close_all(search->all);
    return status;
}

BaseStatus kg_row_triples(KgTxn *txn, const char *text, size_t length, const KgQueryOptions *options, uint64_t row,
                          BaseArena *arena, KgRowTriples *out, BaseError *err)
{
    static const KgQueryOptions defaults = {0};
    const KgQueryOptions *const use = options ? options : &defaults;
    *out = (KgRowTriples){.is_whole = true};
    BaseStatus status = read_row(txn, text, length, options, row, arena, out, err);
    if (status != BASE_OK)
        return status;
    BaseArena memory = {0};
    Search *const search = calloc(1, sizeof *search);
    if (!search)
        return sparql_no_memory(err);
    search->out = out;
    search->err = err;
    search->dataset = use->dataset;
    search->run = (Run){.txn = txn,
                        .layers = use->layers ? use->layers : KG_FACTS,
                        .job = use->job,
                        .memory = {.most = use->memory, .told = use->memory},
                        .timeout = use->timeout,
                        .extensions = use->extensions,
                        .services = use->services,
                        .arena = &memory,
                        .name = use->name ? use->name : "<query>",
                        .text = text,
                        .length = length};
    sparql_start_run(&search->run);
    status = find_triples(search, text, length, use);
    sparql_end_run(&search->run);
    if (status == BASE_OK && search->found.count) {
        out->items = base_arena_alloc(arena, search->found.count, sizeof *out->items);
        out->count = search->found.count;
        if (out->items)
            memcpy(out->items, search->found.items, out->count * sizeof *out->items);
        else
            status = sparql_no_memory(err);
    }
    free(search->found.items);
    free(search);
    base_arena_free(&memory);
    return status;
}
