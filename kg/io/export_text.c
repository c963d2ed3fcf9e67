/* export_text.c - triples as TSV, CSV (RFC 4180), N-Triples, N-Quads, Turtle or TriG. Terms written lately are kept as
 * they were written: subjects stand next to each other, and predicates and classes are few. */
#include "kg/io/export.h"

#include <ctype.h>
#include <string.h>

#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to export");
}

static bool add(KgExport *export, const char *text)
{
    return base_buffer_add(&export->text, text, strlen(text));
}

static bool has_graphs(const KgExport *export)
{
    return export->format == KG_NQUADS || export->format == KG_TRIG;
}

static bool is_grouped(const KgExport *export)
{
    return export->format == KG_TURTLE || export->format == KG_TRIG;
}

/* Quoted when it must be, quotes doubled. */
static bool add_csv_field(const BaseBuffer *field, BaseBuffer *out)
{
    if (!strpbrk(field->items, ",\"\r\n"))
        return base_buffer_add(out, field->items, field->count);
    bool enough = base_buffer_add(out, "\"", 1);
    size_t start = 0;
    for (size_t i = 0; enough && i < field->count; i++)
        if (field->items[i] == '"') {
            enough = base_buffer_add(out, field->items + start, i + 1 - start);
            start = i; /* the quote comes again with what follows it */
        }
    return enough && base_buffer_add(out, field->items + start, field->count - start) && base_buffer_add(out, "\"", 1);
}

/* Whether `name` may stand after a prefix's colon as it is: a part of PN_LOCAL without escapes. */
static bool is_local_name(KgText name)
{
    for (size_t i = 0; i < name.length; i++) {
        const unsigned char byte = (unsigned char)name.bytes[i];
        const bool inner = i > 0 && (byte == '-' || (byte == '.' && i + 1 < name.length));
        if (!isalnum(byte) && byte != '_' && !inner)
            return false;
    }
    return name.length > 0;
}

/* The named prefix with the longest IRI that leaves a local name; NULL: none. */
static const KgPrefix *prefix_for(const KgExport *export, KgText iri, KgText *local)
{
    const KgPrefix *best = NULL;
    size_t best_length = 0;
    for (size_t i = 0; i < export->prefix_count; i++) {
        const KgPrefix *const prefix = &export->prefixes[i];
        const size_t length = strlen(prefix->iri);
        if (!*prefix->prefix || length <= best_length || length >= iri.length ||
            memcmp(iri.bytes, prefix->iri, length) != 0)
            continue;
        const KgText rest = {iri.bytes + length, iri.length - length};
        if (!is_local_name(rest))
            continue;
        best = prefix;
        best_length = length;
        *local = rest;
    }
    return best;
}

static bool add_turtle_term(const KgExport *export, const KgTerm *term, bool is_predicate, BaseBuffer *out)
{
    if (is_predicate && term->text.length == strlen(RDF_TYPE) &&
        memcmp(term->text.bytes, RDF_TYPE, term->text.length) == 0)
        return base_buffer_add(out, "a", 1);
    KgText local;
    const KgPrefix *const prefix = term->kind == KG_IRI ? prefix_for(export, term->text, &local) : NULL;
    return prefix ? base_buffer_add(out, prefix->prefix, strlen(prefix->prefix)) && base_buffer_add(out, ":", 1) &&
                        base_buffer_add(out, local.bytes, local.length)
                  : kg_format_term(term, KG_SYNTAX_NTRIPLES, out);
}

static bool format_term(KgExport *export, const KgTerm *term, bool is_predicate, BaseBuffer *out)
{
    switch (export->format) {
    case KG_TURTLE:
    case KG_TRIG:
        return add_turtle_term(export, term, is_predicate, out);
    case KG_NTRIPLES:
    case KG_NQUADS:
        return kg_format_term(term, KG_SYNTAX_NTRIPLES, out);
    case KG_CSV:
        export->field.count = 0;
        return kg_format_term(term, KG_SYNTAX_NAME, &export->field) && add_csv_field(&export->field, out);
    default:
        return kg_format_term(term, KG_SYNTAX_NAME, out);
    }
}

static BaseStatus add_term(KgExport *export, KgId id, bool is_predicate, BaseError *err)
{
    KgWrittenTerm *const kept = &export->cache[is_predicate][base_mix(id) % KG_EXPORT_CACHE];
    if (kept->id == id)
        return base_buffer_add(&export->text, kept->text, kept->length) ? BASE_OK : no_memory(err);
    KgTerm term;
    const size_t start = export->text.count;
    const BaseArenaMark mark = base_arena_mark(&export->arena);
    BaseStatus status = kg_term(export->txn, id, &export->arena, &term, err);
    if (status == BASE_OK && !format_term(export, &term, is_predicate, &export->text))
        status = no_memory(err);
    base_arena_rewind(&export->arena, mark);
    const size_t length = export->text.count - start;
    if (status == BASE_OK && length <= sizeof kept->text) {
        memcpy(kept->text, export->text.items + start, length);
        kept->length = (unsigned short)length;
        kept->id = id;
    }
    return status;
}

/* ---- A triple a line ---- */

static BaseStatus add_line(KgExport *export, KgTriple triple, BaseError *err)
{
    const bool is_rdf = export->format == KG_NTRIPLES || export->format == KG_NQUADS;
    const char *const between = is_rdf ? " " : (export->format == KG_CSV ? "," : "\t");
    BaseStatus status = add_term(export, triple.s, false, err);
    if (status == BASE_OK)
        status = add(export, between) ? add_term(export, triple.p, true, err) : no_memory(err);
    if (status == BASE_OK)
        status = add(export, between) ? add_term(export, triple.o, false, err) : no_memory(err);
    if (status == BASE_OK && export->format == KG_NQUADS && export->graph != KG_ANY)
        status = add(export, between) ? add_term(export, export->graph, false, err) : no_memory(err);
    return status == BASE_OK && !add(export, is_rdf ? " .\n" : "\n") ? no_memory(err) : status;
}

/* ---- Grouped by subject and predicate ---- */

static BaseStatus add_prefixes(KgExport *export, BaseError *err)
{
    BaseStatus status = kg_prefixes(export->txn, &export->arena, &export->prefixes, &export->prefix_count, err);
    for (size_t i = 0; status == BASE_OK && i < export->prefix_count; i++) {
        const KgPrefix *const prefix = &export->prefixes[i];
        if (*prefix->prefix && !base_buffer_format(&export->text, "@prefix %s: <%s> .\n", prefix->prefix, prefix->iri))
            status = no_memory(err);
    }
    return status == BASE_OK && !add(export, "\n") ? no_memory(err) : status;
}

static BaseStatus add_grouped(KgExport *export, KgTriple triple, BaseError *err)
{
    const bool same_subject = export->before.s == triple.s;
    const bool same_predicate = same_subject && export->before.p == triple.p;
    BaseStatus status = BASE_OK;
    if (same_predicate) {
        status = add(export, " , ") ? BASE_OK : no_memory(err);
    } else {
        if (!add(export, same_subject ? " ;\n    " : (export->before.s == KG_ANY ? "" : " .\n")))
            return no_memory(err);
        if (!same_subject)
            status = add_term(export, triple.s, false, err);
        if (status == BASE_OK && !same_subject && !add(export, " "))
            return no_memory(err);
        if (status == BASE_OK)
            status = add_term(export, triple.p, true, err);
        if (status == BASE_OK && !add(export, " "))
            return no_memory(err);
    }
    export->before = triple;
    return status == BASE_OK ? add_term(export, triple.o, false, err) : status;
}

/* ---- All of it ---- */

BaseStatus kg_export_begin(KgExport *export, BaseError *err)
{
    return is_grouped(export) ? add_prefixes(export, err) : BASE_OK;
}

BaseStatus kg_export_begin_graph(KgExport *export, KgId graph, BaseError *err)
{
    export->graph = has_graphs(export) ? graph : KG_ANY;
    export->before = (KgTriple){0};
    if (export->format != KG_TRIG || graph == KG_ANY)
        return BASE_OK;
    const BaseStatus status = add_term(export, graph, false, err);
    return status == BASE_OK && !add(export, " {\n") ? no_memory(err) : status;
}

BaseStatus kg_export_triple(KgExport *export, KgTriple triple, BaseError *err)
{
    return is_grouped(export) ? add_grouped(export, triple, err) : add_line(export, triple, err);
}

BaseStatus kg_export_end_graph(KgExport *export, BaseError *err)
{
    const bool has_triples = is_grouped(export) && export->before.s != KG_ANY;
    if (has_triples && !add(export, " .\n"))
        return no_memory(err);
    return export->format == KG_TRIG && export->graph != KG_ANY && !add(export, "}\n") ? no_memory(err) : BASE_OK;
}
