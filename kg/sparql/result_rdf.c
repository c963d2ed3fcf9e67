/* result_rdf.c - triples of CONSTRUCT and DESCRIBE as N-Triples and Turtle (RDF 1.1, 25 February 2014). */
#include "kg/sparql/cells.h"
#include "kg/sparql/operator.h"
#include "kg/sparql/result.h"

#include <stdlib.h>

#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

static bool ntriples_cell(const KgTerm *term, const char *name, BaseBuffer *out)
{
    (void)name;
    return kg_format_term(term, KG_SYNTAX_NTRIPLES, out);
}

BaseStatus sparql_write_ntriples(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    static const CellFormat format = {
        .add = ntriples_cell, .start = "", .separator = " ", .end = " .\n", .between = ""};
    return sparql_write_rows(query, &format, out, rows, err);
}

/* ---- Turtle ---- */

/* The three cells of the current triple; they are always bound. */
static bool read_triple(KgQuery *query, KgTerm triple[3])
{
    return kg_query_cell(query, 0, &triple[0]) && kg_query_cell(query, 1, &triple[1]) &&
           kg_query_cell(query, 2, &triple[2]);
}

/* What is surely a PN_LOCAL without escapes. */
static bool is_local_name(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const char c = text[i];
        const bool is_inner = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (!is_inner && !(i > 0 && (c == '-' || (c == '.' && i + 1 < length))))
            return false;
    }
    return true;
}

const KgPrefix *sparql_find_prefix(KgText iri, const KgPrefix *prefixes, size_t count, KgText *local)
{
    const KgPrefix *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(prefixes[i].iri);
        if (length > longest && length <= iri.length && memcmp(prefixes[i].iri, iri.bytes, length) == 0 &&
            is_local_name(iri.bytes + length, iri.length - length)) {
            best = &prefixes[i];
            longest = length;
        }
    }
    *local = (KgText){iri.bytes + longest, iri.length - longest};
    return best;
}

static bool add_iri(const KgTerm *term, const KgPrefix *prefixes, size_t count, BaseBuffer *out)
{
    KgText local;
    const KgPrefix *const prefix = sparql_find_prefix(term->text, prefixes, count, &local);
    if (!prefix)
        return kg_format_term(term, KG_SYNTAX_NTRIPLES, out);
    return base_buffer_format(out, "%s:", prefix->prefix) && base_buffer_add(out, local.bytes, local.length);
}

static bool add_term(const KgTerm *term, const KgPrefix *prefixes, size_t count, BaseBuffer *out)
{
    if (term->kind == KG_IRI)
        return add_iri(term, prefixes, count, out);
    if (term->kind == KG_LITERAL && sparql_is_bare_number(term))
        return base_buffer_add(out, term->text.bytes, term->text.length);
    return kg_format_term(term, KG_SYNTAX_NTRIPLES, out);
}

static bool same_as(const BaseBuffer *text, const BaseBuffer *other)
{
    return text->count == other->count && memcmp(text->items, other->items, text->count) == 0;
}

static bool keep(BaseBuffer *kept, const BaseBuffer *text)
{
    kept->count = 0;
    return base_buffer_add(kept, text->items, text->count);
}

typedef struct TurtleState {
    BaseBuffer subject, predicate, object;   /* of this triple */
    BaseBuffer last_subject, last_predicate; /* of the one before */
    bool is_open;                            /* a '.' is owed */
} TurtleState;

static bool write_one(TurtleState *state, const KgTerm triple[3], const KgPrefix *prefixes, size_t count, FILE *out)
{
    state->subject.count = state->predicate.count = state->object.count = 0;
    const bool is_type = text_is(triple[1].text, RDF_TYPE);
    if (!add_term(&triple[0], prefixes, count, &state->subject) ||
        !(is_type ? base_buffer_add(&state->predicate, "a", 1)
                  : add_term(&triple[1], prefixes, count, &state->predicate)) ||
        !add_term(&triple[2], prefixes, count, &state->object))
        return false;
    if (state->is_open && same_as(&state->subject, &state->last_subject)) {
        if (same_as(&state->predicate, &state->last_predicate))
            fprintf(out, ", %s", state->object.items);
        else
            fprintf(out, " ;\n    %s %s", state->predicate.items, state->object.items);
    } else {
        fprintf(out, "%s\n%s %s %s", state->is_open ? " .\n" : "", state->subject.items, state->predicate.items,
                state->object.items);
    }
    state->is_open = true;
    return keep(&state->last_subject, &state->subject) && keep(&state->last_predicate, &state->predicate);
}

BaseStatus sparql_write_turtle(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    KgPrefix *prefixes;
    size_t prefix_count;
    TurtleState state = {0};
    BaseStatus status = sparql_query_prefixes(query, &prefixes, &prefix_count, err);
    if (status != BASE_OK)
        return status;
    for (size_t i = 0; i < prefix_count; i++)
        fprintf(out, "@prefix %s: <%s> .\n", prefixes[i].prefix, prefixes[i].iri);
    while ((status = kg_query_next(query, err)) == BASE_OK) {
        KgTerm triple[3];
        if (!read_triple(query, triple))
            continue;
        if (!write_one(&state, triple, prefixes, prefix_count, out)) {
            status = sparql_write_no_memory(err);
            break;
        }
        ++*rows;
    }
    fputs(state.is_open ? " .\n" : "", out);
    base_buffer_free(&state.subject);
    base_buffer_free(&state.predicate);
    base_buffer_free(&state.object);
    base_buffer_free(&state.last_subject);
    base_buffer_free(&state.last_predicate);
    return status == BASE_END ? BASE_OK : status;
}
