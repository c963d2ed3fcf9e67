/* update_modify.c - DELETE and INSERT with templates and a pattern (SPARQL 1.1 Update, section 3.1.3): the pattern is
 * matched on the state before the operation, all its solutions first; then the deletions are made, then the insertions.
 */
#include "kg/sparql/plan.h"
#include "kg/sparql/update.h"

#include <stdlib.h>

typedef struct TemplateQuad {
    Place graph, s, p, o;
} TemplateQuad;

typedef struct Template {
    TemplateQuad *items;
    size_t count;
} Template;

typedef struct Modification {
    Update *update;
    const AstOperation *operation;
    BaseArena arena;
    Run run;
    Operator *all, *top;
    Batch rows;
    Place with; /* the graph of unnamed quads */
    Template deleted, inserted;
    KgId *fresh;             /* by variable: this row's new blank node */
    QuadList removed, added; /* ids of the query */
    KgId *resolved;          /* by number of a term of the query's own */
} Modification;

/* WITH is the graph of unnamed quads, and of the pattern where there is no USING. */
static BaseStatus choose_graphs(Modification *m, BaseError *err)
{
    const AstOperation *const operation = m->operation;
    BaseStatus status = BASE_OK;
    m->with = (Place){.variable = AST_NO_VARIABLE, .id = KG_ANY};
    if (operation->has_with)
        status = kg_intern(m->update->txn, &operation->with, &m->with.id, err);
    m->run.graph = m->with.id;
    return status == BASE_OK ? sparql_choose_dataset(&m->run, operation->select->dataset, err) : status;
}

/* ---- Templates ---- */

static BaseStatus place_triple(Modification *m, const AstTriple *triple, TemplateQuad *out, BaseError *err)
{
    BaseStatus status = sparql_place(&m->run, &triple->subject, &out->s, err);
    if (status == BASE_OK)
        status = sparql_place(&m->run, &triple->predicate, &out->p, err);
    return status == BASE_OK ? sparql_place(&m->run, &triple->object, &out->o, err) : status;
}

static BaseStatus place_template(Modification *m, const AstQuads *first, Template *out, BaseError *err)
{
    size_t count = 0;
    for (const AstQuads *quads = first; quads; quads = quads->next)
        count += quads->count;
    out->items = base_arena_alloc(&m->arena, count + 1, sizeof *out->items);
    if (!out->items)
        return sparql_no_memory(err);
    BaseStatus status = BASE_OK;
    for (const AstQuads *quads = first; quads && status == BASE_OK; quads = quads->next) {
        Place graph = m->with;
        if (quads->is_named)
            status = sparql_place(&m->run, &quads->graph, &graph, err);
        for (size_t i = 0; i < quads->count && status == BASE_OK; i++) {
            TemplateQuad *const quad = &out->items[out->count++];
            quad->graph = graph;
            status = place_triple(m, &quads->triples[i], quad, err);
        }
    }
    return status;
}

static BaseStatus prepare(Modification *m, BaseError *err)
{
    SelectAlgebra *algebra;
    AstSelect *const select = m->operation->select;
    BaseStatus status = choose_graphs(m, err);
    if (status == BASE_OK)
        status = place_template(m, m->operation->deleted, &m->deleted, err);
    if (status == BASE_OK)
        status = place_template(m, m->operation->inserted, &m->inserted, err);
    if (status == BASE_OK)
        status = sparql_translate(&m->run, select, &algebra, err);
    if (status == BASE_OK)
        status = sparql_plan(&m->run, algebra, &m->all, &m->top, err);
    if (status != BASE_OK)
        return status;
    Builder builder = {
        .run = &m->run, .width = m->top->width, .batch_rows = m->top->batch_rows, .all = &m->all, .err = err};
    m->fresh = sparql_build_alloc(&builder, builder.width, sizeof *m->fresh);
    sparql_new_batch(&builder, &m->rows);
    return builder.status;
}

/* ---- Rows to quads ---- */

static BaseStatus fill(Modification *m, Place place, const KgId *row, KgId *out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    if (place.variable == AST_NO_VARIABLE) {
        *out = place.id;
    } else if (m->operation->select->variables.items[place.variable].name) {
        *out = row[place.variable];
    } else {
        KgId *const fresh = &m->fresh[place.variable];
        if (!*fresh)
            status = sparql_terms_fresh_blank(&m->run.terms, fresh, err);
        *out = *fresh;
    }
    return status;
}

/* Is it a quad of RDF? Unbound places make it none, but for the constant that names the default graph. */
static bool is_quad(const TemplateQuad *from, const Quad *quad)
{
    const KgTriple *const triple = &quad->triple;
    const bool has_graph =
        quad->graph ? sparql_term_kind(quad->graph) != KG_LITERAL : from->graph.variable == AST_NO_VARIABLE;
    return has_graph && triple->s && triple->p && triple->o && sparql_term_kind(triple->s) != KG_LITERAL &&
           sparql_term_kind(triple->p) == KG_IRI;
}

static bool has_local(const Quad *quad)
{
    return is_local(quad->graph) || is_local(quad->triple.s) || is_local(quad->triple.p) || is_local(quad->triple.o);
}

static BaseStatus instantiate(Modification *m, const Template *template, const KgId *row, QuadList *out, BaseError *err)
{
    for (size_t i = 0; i < template->count; i++) {
        const TemplateQuad *const from = &template->items[i];
        Quad quad;
        BaseStatus status = fill(m, from->graph, row, &quad.graph, err);
        if (status == BASE_OK)
            status = fill(m, from->s, row, &quad.triple.s, err);
        if (status == BASE_OK)
            status = fill(m, from->p, row, &quad.triple.p, err);
        if (status == BASE_OK)
            status = fill(m, from->o, row, &quad.triple.o, err);
        if (status != BASE_OK)
            return status;
        if (!is_quad(from, &quad) || (out == &m->removed && has_local(&quad)))
            continue; /* what has a term that is new to the database is not in it */
        if (!BASE_PUSH(out, quad))
            return sparql_no_memory(err);
    }
    return BASE_OK;
}

static BaseStatus gather(Modification *m, BaseError *err)
{
    BaseStatus status;
    while ((status = sparql_next(m->top, &m->rows, err)) == BASE_OK)
        for (size_t i = 0; i < m->rows.count; i++) {
            const KgId *const row = batch_row(&m->rows, i);
            memset(m->fresh, 0, m->rows.width * sizeof *m->fresh);
            status = instantiate(m, &m->deleted, row, &m->removed, err);
            if (status == BASE_OK)
                status = instantiate(m, &m->inserted, row, &m->added, err);
            if (status != BASE_OK)
                return status;
        }
    return status == BASE_END ? BASE_OK : status;
}

/* ---- Writing ---- */

static BaseStatus resolve(Modification *m, KgId *id, BaseError *err)
{
    if (!is_local(*id))
        return BASE_OK;
    KgId *const known = &m->resolved[kg_number(*id)];
    BaseStatus status = BASE_OK;
    if (!*known)
        status = kg_intern(m->update->txn, &m->run.terms.list.items[kg_number(*id)], known, err);
    *id = *known;
    return status;
}

/* The query's own terms become the database's. */
static BaseStatus resolve_all(Modification *m, BaseError *err)
{
    m->resolved = calloc(m->run.terms.list.count + 1, sizeof *m->resolved);
    BaseStatus status = m->resolved ? BASE_OK : sparql_no_memory(err);
    for (size_t i = 0; i < m->added.count && status == BASE_OK; i++) {
        Quad *const quad = &m->added.items[i];
        status = resolve(m, &quad->graph, err);
        if (status == BASE_OK)
            status = resolve(m, &quad->triple.s, err);
        if (status == BASE_OK)
            status = resolve(m, &quad->triple.p, err);
        if (status == BASE_OK)
            status = resolve(m, &quad->triple.o, err);
    }
    return status;
}

static BaseStatus run(Modification *m, BaseError *err)
{
    Update *const update = m->update;
    BaseStatus status = m->operation->inserted ? sparql_want_source(update, err) : BASE_OK;
    if (status == BASE_OK)
        status = prepare(m, err);
    if (status == BASE_OK)
        status = gather(m, err);
    sparql_close_all(m->all); /* their scans must not see the writes */
    update->blank_count = m->run.terms.blank_count;
    if (status == BASE_OK)
        status = resolve_all(m, err);
    if (status == BASE_OK)
        status = sparql_delete_quads(update, &m->removed, err);
    return status == BASE_OK ? sparql_insert_quads(update, &m->added, err) : status;
}

BaseStatus sparql_modify(Update *update, const AstOperation *operation, BaseError *err)
{
    Modification *const m = calloc(1, sizeof *m);
    if (!m)
        return sparql_no_memory(err);
    m->update = update;
    m->operation = operation;
    m->run = (Run){.txn = update->txn,
                   .layers = KG_FACTS,
                   .job = update->job,
                   .extensions = update->extensions,
                   .services = update->services,
                   .arena = &m->arena,
                   .name = update->name,
                   .text = update->text,
                   .length = update->length};
    m->run.eval.base = operation->select->base;
    sparql_start_run(&m->run);
    m->run.terms.blank_prefix = update->blank_prefix;
    m->run.terms.blank_count = update->blank_count;
    const BaseStatus status = run(m, err);
    sparql_end_run(&m->run);
    free(m->removed.items);
    free(m->added.items);
    free(m->resolved);
    base_arena_free(&m->arena);
    free(m);
    return status;
}
