/* query.c - a query from its text to its rows: parse, translate, plan, then pull. */
#include "kg/sparql/explain.h"
#include "kg/sparql/notice.h"
#include "kg/sparql/parse.h"
#include "kg/sparql/plan.h"
#include "kg/sparql/result.h"

#include <stdlib.h>

struct KgQuery {
    BaseArena arena; /* syntax tree, algebra, operators */
    Run run;
    AstSelect *ast;
    const char *base;         /* these three while it is opened; any may be NULL */
    const KgDataset *dataset; /* instead of the query's own */
    const BaseSink *warnings;
    Operator *top, *all;
    Batch rows;
    size_t row; /* the current one is row - 1 */
    size_t column_count;
    const char **names;
    uint32_t *cells; /* of the columns */
    bool answer;
    BaseArena cell_texts;   /* of the current row's cells */
    BaseStatus cell_status; /* of a cell that could not be read */
    BaseError cell_error;
};

static void start_run(KgQuery *query, KgTxn *txn, const KgQueryOptions *options)
{
    Run *const run = &query->run;
    run->txn = txn;
    run->layers = options && options->layers ? options->layers : KG_FACTS;
    run->job = options ? options->job : NULL;
    run->extensions = options ? options->extensions : NULL;
    run->services = options ? options->services : NULL;
    run->arena = &query->arena;
    if (options) {
        run->memory.most = run->memory.told = options->memory;
        run->timeout = options->timeout;
        run->is_explained = options->explain != KG_EXPLAIN_NONE;
        run->is_profiled = options->explain == KG_EXPLAIN_PROFILE;
    }
    sparql_start_run(run);
}

static bool alloc_columns(KgQuery *query, size_t count, BaseError *err)
{
    query->column_count = count;
    query->names = base_arena_alloc(&query->arena, count + 1, sizeof *query->names);
    query->cells = base_arena_alloc(&query->arena, count + 1, sizeof *query->cells);
    if (query->names && query->cells)
        return true;
    sparql_no_memory(err);
    return false;
}

static BaseStatus name_variables(KgQuery *query, BaseError *err)
{
    const AstSelect *const ast = query->ast;
    if (!alloc_columns(query, ast->item_count, err))
        return BASE_NO_MEMORY;
    for (size_t i = 0; i < ast->item_count; i++) {
        query->cells[i] = ast->items[i].target.variable;
        query->names[i] = ast->variables.items[query->cells[i]].name;
    }
    return BASE_OK;
}

static BaseStatus name_triple(KgQuery *query, BaseError *err)
{
    static const char *const names[3] = {"subject", "predicate", "object"};
    if (!alloc_columns(query, 3, err))
        return BASE_NO_MEMORY;
    for (uint32_t i = 0; i < 3; i++) {
        query->cells[i] = i;
        query->names[i] = names[i];
    }
    return BASE_OK;
}

static Builder builder_for(KgQuery *query, BaseError *err)
{
    const Operator *const top = query->top;
    return (Builder){
        .run = &query->run, .width = top->width, .batch_rows = top->batch_rows, .all = &query->all, .err = err};
}

static BaseStatus add_construct(KgQuery *query, BaseError *err)
{
    const AstSelect *const ast = query->ast;
    Builder builder = builder_for(query, err);
    TemplateTriple *const triples = sparql_build_alloc(&builder, ast->template_count, sizeof *triples);
    bool *const blanks = sparql_build_alloc(&builder, builder.width, sizeof *blanks);
    if (!triples || !blanks)
        return builder.status;
    for (size_t i = 0; i < ast->variables.count; i++)
        blanks[i] = !ast->variables.items[i].name;
    for (size_t i = 0; i < ast->template_count; i++) {
        const AstTriple *const from = &ast->template[i];
        BaseStatus status = sparql_place(&query->run, &from->subject, &triples[i].s, err);
        if (status == BASE_OK)
            status = sparql_place(&query->run, &from->predicate, &triples[i].p, err);
        if (status == BASE_OK)
            status = sparql_place(&query->run, &from->object, &triples[i].o, err);
        if (status != BASE_OK)
            return status;
    }
    query->top = sparql_new_construct(&builder, query->top, triples, ast->template_count, blanks);
    return builder.status;
}

static BaseStatus add_describe(KgQuery *query, BaseError *err)
{
    const AstSelect *const ast = query->ast;
    Builder builder = builder_for(query, err);
    const size_t count = ast->star ? ast->item_count : ast->described_count;
    Place *const things = sparql_build_alloc(&builder, count, sizeof *things);
    if (!things)
        return builder.status;
    for (size_t i = 0; i < count; i++) {
        const AstNode *const node = ast->star ? &ast->items[i].target : &ast->described[i];
        const BaseStatus status = sparql_place(&query->run, node, &things[i], err);
        if (status != BASE_OK)
            return status;
    }
    query->top = sparql_new_describe(&builder, query->top, things, count);
    return builder.status;
}

static BaseStatus find_answer(KgQuery *query, BaseError *err)
{
    const BaseStatus status = sparql_next(query->top, &query->rows, err);
    query->answer = status == BASE_OK;
    query->rows.count = 0;
    return status == BASE_END ? BASE_OK : status;
}

/* The end of the chain that the form asks for, and its columns. */
static BaseStatus shape(KgQuery *query, BaseError *err)
{
    BaseStatus status;
    switch (query->ast->form) {
    case KG_SELECT:
        status = name_variables(query, err);
        break;
    case KG_CONSTRUCT:
        status = add_construct(query, err);
        break;
    case KG_DESCRIBE:
        status = add_describe(query, err);
        break;
    default:
        status = alloc_columns(query, 0, err) ? BASE_OK : BASE_NO_MEMORY;
    }
    if (status == BASE_OK && (query->ast->form == KG_CONSTRUCT || query->ast->form == KG_DESCRIBE))
        status = name_triple(query, err);
    if (status != BASE_OK)
        return status;
    Builder builder = builder_for(query, err);
    sparql_new_batch(&builder, &query->rows);
    return BASE_OK;
}

static BaseStatus open_query(KgQuery *query, const char *text, size_t length, const char *name, BaseError *err)
{
    KgPrefix *prefixes;
    size_t prefix_count;
    SelectAlgebra *algebra;
    BaseStatus status = kg_prefixes(query->run.txn, &query->arena, &prefixes, &prefix_count, err);
    if (status == BASE_OK)
        status = sparql_parse(text, length, name, query->base, prefixes, prefix_count, &query->arena, &query->ast, err);
    if (status != BASE_OK)
        return status;
    query->run.eval.base = query->ast->base;
    query->run.name = name;
    query->run.text = text;
    query->run.length = length;
    status = sparql_give_dataset(query->ast, query->dataset, &query->arena, err);
    if (status != BASE_OK)
        return status;
    if (query->warnings)
        sparql_notice_predicates(&query->run, query->ast, query->warnings);
    status = sparql_choose_dataset(&query->run, query->ast->dataset, err);
    if (status == BASE_OK)
        status = sparql_translate(&query->run, query->ast, &algebra, err);
    if (status == BASE_OK)
        status = sparql_plan(&query->run, algebra, &query->all, &query->top, err);
    if (status == BASE_OK)
        status = shape(query, err);
    if (status == BASE_OK && query->ast->form == KG_ASK)
        status = find_answer(query, err);
    return status;
}

BaseStatus kg_query_open(KgTxn *txn, const char *text, size_t length, const KgQueryOptions *options, KgQuery **out,
                         BaseError *err)
{
    if (!out)
        return base_fail(err, BASE_BAD_CALL, "kg_query_open: no place to return the query");
    *out = NULL;
    if (!txn || !text)
        return base_fail(err, BASE_BAD_CALL, "kg_query_open: a query needs a transaction and a text");
    KgQuery *const query = calloc(1, sizeof *query);
    if (!query)
        return base_fail(err, BASE_NO_MEMORY, "no memory for a query");
    start_run(query, txn, options);
    query->base = options ? options->base : NULL;
    query->dataset = options ? options->dataset : NULL;
    query->warnings = options ? options->warnings : NULL;
    const BaseStatus status =
        open_query(query, text, length, options && options->name ? options->name : "<query>", err);
    if (status != BASE_OK) {
        kg_query_close(query);
        return status;
    }
    *out = query;
    return BASE_OK;
}

void kg_query_close(KgQuery *query)
{
    if (!query)
        return;
    sparql_close_all(query->all);
    sparql_end_run(&query->run);
    base_arena_free(&query->arena);
    base_arena_free(&query->cell_texts);
    free(query);
}

KgQueryForm kg_query_form(const KgQuery *query)
{
    return query->ast->form;
}

size_t kg_query_column_count(const KgQuery *query)
{
    return query->column_count;
}

const char *kg_query_column(const KgQuery *query, size_t column)
{
    return query->names[column];
}

bool kg_query_answer(const KgQuery *query)
{
    return query->answer;
}

BaseStatus sparql_query_status(const KgQuery *query, BaseError *err)
{
    if (query->cell_status != BASE_OK && err && err->status == BASE_OK)
        *err = query->cell_error;
    return query->cell_status;
}

BaseStatus kg_query_next(KgQuery *query, BaseError *err)
{
    if (query->cell_status != BASE_OK)
        return sparql_query_status(query, err);
    if (query->ast->form == KG_ASK)
        return BASE_END;
    base_arena_rewind(&query->cell_texts, (BaseArenaMark){0});
    if (query->row < query->rows.count) {
        query->row++;
        return BASE_OK;
    }
    query->row = 0;
    const BaseStatus status = sparql_next(query->top, &query->rows, err);
    if (status != BASE_OK) {
        query->rows.count = 0;
        return status;
    }
    query->row = 1;
    return BASE_OK;
}

BaseStatus sparql_query_rows(KgQuery *query, ResultRows *out, BaseError *err)
{
    if (query->ast->form == KG_ASK)
        return BASE_END;
    const BaseStatus status = sparql_next(query->top, &query->rows, err);
    query->row = query->rows.count; /* none is left for kg_query_next */
    *out = (ResultRows){.ids = query->rows.cells,
                        .count = query->rows.count,
                        .width = query->rows.width,
                        .places = query->cells,
                        .names = query->names,
                        .terms = &query->run.terms};
    return status;
}

bool kg_query_cell(KgQuery *query, size_t column, KgTerm *out)
{
    if (query->row == 0 || column >= query->column_count)
        return false;
    const KgId id = batch_row(&query->rows, query->row - 1)[query->cells[column]];
    if (!id || query->cell_status != BASE_OK)
        return false;
    query->cell_status = sparql_terms_get(&query->run.terms, id, &query->cell_texts, out, &query->cell_error);
    return query->cell_status == BASE_OK;
}

BaseStatus kg_query_explain(KgQuery *query, FILE *out, BaseError *err)
{
    return sparql_explain(query->top, out, err);
}

BaseStatus sparql_query_prefixes(KgQuery *query, KgPrefix **out, size_t *count, BaseError *err)
{
    return kg_prefixes(query->run.txn, &query->arena, out, count, err);
}
