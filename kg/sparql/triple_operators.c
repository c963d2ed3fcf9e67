/* triple_operators.c - CONSTRUCT and DESCRIBE: rows in, triples out (SPARQL 1.1, sections 16.2 and 16.4), each once. */
#include "kg/sparql/operator.h"

#include <stdlib.h>

/* Adds the triple unless it came before. */
static BaseStatus add_triple(RowSet *seen, const KgId triple[3], Batch *out, BaseError *err)
{
    bool is_new;
    if (sparql_row_set_put(seen, triple, &is_new) == NO_ROW)
        return sparql_no_memory(err);
    if (is_new)
        batch_add(out, triple);
    return BASE_OK;
}

/* ---- Construct ---- */

typedef struct Construct {
    Operator base; /* width 3 */
    Operator *rows;
    const TemplateTriple *triples;
    size_t count;
    const bool *blanks;
    KgId *fresh; /* by variable: this row's new blank node */
    Batch in;
    size_t row, at; /* of the input, of the template */
    RowSet seen;
} Construct;

static BaseStatus fill(Construct *construct, Place place, const KgId *row, KgId *out, BaseError *err)
{
    if (place.variable == AST_NO_VARIABLE) {
        *out = place.id;
    } else if (!construct->blanks[place.variable]) {
        *out = row[place.variable];
    } else {
        KgId *const fresh = &construct->fresh[place.variable];
        if (!*fresh) {
            const BaseStatus status = sparql_terms_fresh_blank(&construct->base.run->terms, fresh, err);
            if (status != BASE_OK)
                return status;
        }
        *out = *fresh;
    }
    return BASE_OK;
}

/* What is unbound or no triple of RDF is left out. */
static BaseStatus instantiate(Construct *construct, const TemplateTriple *template, const KgId *row, Batch *out,
                              BaseError *err)
{
    KgId triple[3];
    BaseStatus status = fill(construct, template->s, row, &triple[0], err);
    if (status == BASE_OK)
        status = fill(construct, template->p, row, &triple[1], err);
    if (status == BASE_OK)
        status = fill(construct, template->o, row, &triple[2], err);
    if (status != BASE_OK)
        return status;
    if (!triple[0] || !triple[1] || !triple[2] || sparql_term_kind(triple[0]) == KG_LITERAL ||
        sparql_term_kind(triple[1]) != KG_IRI)
        return BASE_OK;
    return add_triple(&construct->seen, triple, out, err);
}

static BaseStatus construct_next(Operator *op, Batch *out, BaseError *err)
{
    Construct *const construct = (Construct *)op;
    BaseStatus status = BASE_OK;
    while (status == BASE_OK && !batch_is_full(out)) {
        if (construct->row >= construct->in.count) {
            construct->row = construct->at = 0;
            status = sparql_next(construct->rows, &construct->in, err);
            if (status != BASE_OK)
                construct->in.count = 0;
            continue;
        }
        if (construct->at == 0)
            memset(construct->fresh, 0, construct->in.width * sizeof *construct->fresh);
        if (construct->at < construct->count)
            status = instantiate(construct, &construct->triples[construct->at++],
                                 batch_row(&construct->in, construct->row), out, err);
        if (construct->at >= construct->count) {
            construct->at = 0;
            construct->row++;
        }
    }
    return status == BASE_END && out->count ? BASE_OK : status;
}

static void construct_close(Operator *op)
{
    sparql_row_set_free(&((Construct *)op)->seen);
}

Operator *sparql_new_construct(Builder *builder, Operator *input, const TemplateTriple *triples, size_t count,
                               const bool *blanks)
{
    static const OperatorType type = {.name = "construct", .next = construct_next, .close = construct_close};
    Construct *const construct = sparql_new_operator(builder, &type, sizeof *construct, NULL);
    KgId *const fresh = sparql_build_alloc(builder, builder->width, sizeof *fresh);
    if (!construct || !fresh)
        return NULL;
    sparql_new_batch(builder, &construct->in);
    construct->base.width = 3;
    construct->rows = input;
    construct->triples = triples;
    construct->count = count;
    construct->blanks = blanks;
    construct->fresh = fresh;
    construct->seen.width = 3;
    return &construct->base;
}

/* ---- Describe ---- */

typedef struct Describe {
    Operator base; /* width 3 */
    Operator *rows;
    const Place *things;
    size_t count;
    Batch in;
    RowSet found; /* things to describe, and blank nodes in their triples */
    bool is_read;
    size_t at;
    RunScan scan; /* of found[at] */
    RowSet seen;
} Describe;

static BaseStatus add_thing(Describe *describe, KgId id, BaseError *err)
{
    bool is_new;
    if (!id || is_local(id) || sparql_term_kind(id) == KG_LITERAL)
        return BASE_OK;
    return sparql_row_set_put(&describe->found, &id, &is_new) == NO_ROW ? sparql_no_memory(err) : BASE_OK;
}

static BaseStatus read_things(Describe *describe, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < describe->count && status == BASE_OK; i++)
        if (describe->things[i].variable == AST_NO_VARIABLE)
            status = add_thing(describe, describe->things[i].id, err);
    while (status == BASE_OK) {
        status = sparql_next(describe->rows, &describe->in, err);
        for (size_t row = 0; row < describe->in.count && status == BASE_OK; row++)
            for (size_t i = 0; i < describe->count && status == BASE_OK; i++)
                if (describe->things[i].variable != AST_NO_VARIABLE)
                    status = add_thing(describe, batch_row(&describe->in, row)[describe->things[i].variable], err);
    }
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus describe_next(Operator *op, Batch *out, BaseError *err)
{
    Describe *const describe = (Describe *)op;
    BaseStatus status = describe->is_read ? BASE_OK : read_things(describe, err);
    describe->is_read = true;
    while (status == BASE_OK && !batch_is_full(out) && describe->at < describe->found.count) {
        if (!describe->scan.scan)
            status = sparql_scan(op->run, (KgTriple){.s = describe->found.cells[describe->at]}, KG_ORDER_SPO,
                                 &describe->scan, err);
        KgTriple triple;
        if (status == BASE_OK)
            status = sparql_scan_next(op->run, &describe->scan, &triple, err);
        if (status == BASE_END) {
            sparql_scan_close(&describe->scan);
            describe->at++;
            status = BASE_OK;
        } else if (status == BASE_OK) {
            const KgId ids[3] = {triple.s, triple.p, triple.o};
            if (sparql_term_kind(triple.o) == KG_BLANK)
                status = add_thing(describe, triple.o, err);
            if (status == BASE_OK)
                status = add_triple(&describe->seen, ids, out, err);
        }
    }
    return status == BASE_OK && out->count == 0 ? BASE_END : status;
}

static void describe_close(Operator *op)
{
    Describe *const describe = (Describe *)op;
    sparql_scan_close(&describe->scan);
    sparql_row_set_free(&describe->found);
    sparql_row_set_free(&describe->seen);
}

Operator *sparql_new_describe(Builder *builder, Operator *input, const Place *things, size_t count)
{
    static const OperatorType type = {.name = "describe", .next = describe_next, .close = describe_close};
    Describe *const describe = sparql_new_operator(builder, &type, sizeof *describe, NULL);
    if (!describe)
        return NULL;
    sparql_new_batch(builder, &describe->in);
    describe->base.width = 3;
    describe->rows = input;
    describe->things = things;
    describe->count = count;
    describe->found.width = 1;
    describe->seen.width = 3;
    return &describe->base;
}
