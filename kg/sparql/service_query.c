/* service_query.c - the query that SERVICE sends, in the way of SPARQL 1.1 Federated Query, section 2.4: the pattern as
 * it is written, joined with VALUES of what is known already. Each row sent has a number, which comes back with what
 * it joined: the answer need not be compared with the rows again, and no row is answered twice over.
 *     PREFIX ... SELECT ?kgq_row ?b WHERE { VALUES (?kgq_row ?a) { (0 <x>) (1 <y>) } { ?a :p ?b } } */
#include "kg/sparql/service.h"

#include <stdlib.h>

typedef struct Writer {
    Run *run;
    const ServiceSpec *spec;
    const KgId *rows;
    size_t count;
    BaseBuffer *out;
    bool is_full; /* no memory */
} Writer;

static void put(Writer *writer, const char *text)
{
    writer->is_full |= !base_buffer_add(writer->out, text, strlen(text));
}

static void put_variable(Writer *writer, const char *name)
{
    put(writer, " ?");
    put(writer, name);
}

static bool is_sent(KgId id)
{
    return id && sparql_term_kind(id) != KG_BLANK;
}

/* Of the rows to send, how many have a value in the column. */
static size_t count_sent(const Writer *writer, size_t column)
{
    size_t count = 0;
    for (size_t i = 0; i < writer->count; i++)
        count += is_sent(writer->rows[i * writer->spec->count + column]);
    return count;
}

static BaseStatus put_cell(Writer *writer, KgId id, BaseArena *arena, BaseError *err)
{
    KgTerm term;
    if (!is_sent(id)) {
        put(writer, " UNDEF");
        return BASE_OK;
    }
    const BaseStatus status = sparql_terms_get(&writer->run->terms, id, arena, &term, err);
    if (status != BASE_OK)
        return status;
    put(writer, " ");
    writer->is_full |= !kg_format_term(&term, KG_SYNTAX_NTRIPLES, writer->out);
    return BASE_OK;
}

static BaseStatus put_values(Writer *writer, const size_t *sent, BaseArena *arena, BaseError *err)
{
    const ServiceSpec *const spec = writer->spec;
    put(writer, " VALUES (");
    put_variable(writer, spec->number);
    for (size_t column = 0; column < spec->count; column++)
        if (sent[column])
            put_variable(writer, spec->names[column]);
    put(writer, " ) {");
    for (size_t row = 0; row < writer->count; row++) {
        writer->is_full |= !base_buffer_format(writer->out, " (%zu", row);
        for (size_t column = 0; column < spec->count; column++) {
            if (!sent[column])
                continue;
            const BaseStatus status = put_cell(writer, writer->rows[row * spec->count + column], arena, err);
            if (status != BASE_OK)
                return status;
        }
        put(writer, ")");
    }
    put(writer, " }");
    return BASE_OK;
}

static BaseStatus put_query(Writer *writer, size_t *sent, BaseArena *arena, BaseError *err)
{
    const ServiceSpec *const spec = writer->spec;
    BaseStatus status = BASE_OK;
    size_t wanted = 0;
    bool has_values = writer->count > 1;
    for (size_t column = 0; column < spec->count; column++) {
        sent[column] = count_sent(writer, column);
        has_values |= sent[column] > 0;
    }
    writer->is_full |= !base_buffer_add(writer->out, spec->ast->prologue.bytes, spec->ast->prologue.length);
    put(writer, "SELECT");
    if (has_values)
        put_variable(writer, spec->number);
    for (size_t column = 0; column < spec->count; column++)
        if (sent[column] < writer->count) {
            put_variable(writer, spec->names[column]);
            wanted++;
        }
    if (!has_values && wanted == 0) { /* only how often it matches is asked */
        put(writer, " (0 AS ?");
        put(writer, spec->number);
        put(writer, ")");
    }
    put(writer, " WHERE {");
    if (has_values)
        status = put_values(writer, sent, arena, err);
    put(writer, " ");
    writer->is_full |= !base_buffer_add(writer->out, spec->ast->body.bytes, spec->ast->body.length);
    put(writer, " }");
    return status;
}

BaseStatus sparql_write_service_query(Run *run, const ServiceSpec *spec, const KgId *rows, size_t count,
                                      BaseBuffer *out, BaseError *err)
{
    Writer writer = {.run = run, .spec = spec, .rows = rows, .count = count, .out = out};
    BaseArena arena = {0};
    size_t *const sent = base_arena_alloc(&arena, spec->count + 1, sizeof *sent);
    BaseStatus status = sent ? put_query(&writer, sent, &arena, err) : sparql_no_memory(err);
    if (status == BASE_OK && writer.is_full)
        status = sparql_no_memory(err);
    base_arena_free(&arena);
    return status;
}
