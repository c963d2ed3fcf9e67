/* export.c - layers as TSV, CSV, N-Triples or Turtle (W3C "RDF 1.1 Turtle"), in the order of the ids, which is the
 * order in which subjects were first met. */
#include "kg/store.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define BUFFER_BYTES ((size_t)1 << 16)
#define TRIPLES_BETWEEN_STEPS 16384
#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

typedef struct Export {
    KgTxn *txn;
    KgFormat format;
    FILE *out;
    BaseBuffer text; /* not yet written */
    BaseBuffer field;
    BaseArena arena; /* the term being written; before it, the prefixes */
    KgTriple before; /* the triple last written, for Turtle's grouping */
    KgPrefix *prefixes;
    size_t prefix_count;
} Export;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to export");
}

static BaseStatus flush(Export *export, BaseError *err)
{
    if (export->text.count > 0 && fwrite(export->text.items, 1, export->text.count, export->out) != export->text.count)
        return base_fail_errno(err, "cannot write the export");
    export->text.count = 0;
    return BASE_OK;
}

static bool add(Export *export, const char *text)
{
    return base_buffer_add(&export->text, text, strlen(text));
}

/* ---- TSV, CSV and N-Triples: a triple a line ---- */

/* RFC 4180: quoted when it must be, quotes doubled. */
static bool add_csv_field(Export *export, const BaseBuffer *field)
{
    if (!strpbrk(field->items, ",\"\r\n"))
        return base_buffer_add(&export->text, field->items, field->count);
    bool enough = add(export, "\"");
    for (size_t i = 0; enough && i < field->count; i++)
        enough = (field->items[i] != '"' || add(export, "\"")) && base_buffer_add(&export->text, &field->items[i], 1);
    return enough && add(export, "\"");
}

static BaseStatus add_line(Export *export, KgTriple triple, BaseError *err)
{
    const KgId ids[3] = {triple.s, triple.p, triple.o};
    const KgSyntax syntax = export->format == KG_NTRIPLES ? KG_SYNTAX_NTRIPLES : KG_SYNTAX_NAME;
    const char *const between = export->format == KG_NTRIPLES ? " " : (export->format == KG_CSV ? "," : "\t");
    for (int i = 0; i < 3; i++) {
        export->field.count = 0;
        BaseBuffer *const to = export->format == KG_CSV ? &export->field : &export->text;
        const BaseStatus status = kg_write_term(export->txn, ids[i], syntax, to, err);
        if (status != BASE_OK)
            return status;
        if (export->format == KG_CSV && !add_csv_field(export, &export->field))
            return no_memory(err);
        if (i < 2 && !add(export, between))
            return no_memory(err);
    }
    return add(export, export->format == KG_NTRIPLES ? " .\n" : "\n") ? BASE_OK : no_memory(err);
}

/* ---- Turtle ---- */

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
static const KgPrefix *prefix_for(const Export *export, KgText iri, KgText *local)
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

static bool add_decoded_term(Export *export, const KgTerm *term, bool is_predicate)
{
    if (is_predicate && term->text.length == strlen(RDF_TYPE) &&
        memcmp(term->text.bytes, RDF_TYPE, term->text.length) == 0)
        return add(export, "a");
    KgText local;
    const KgPrefix *const prefix = term->kind == KG_IRI ? prefix_for(export, term->text, &local) : NULL;
    return prefix ? add(export, prefix->prefix) && add(export, ":") &&
                        base_buffer_add(&export->text, local.bytes, local.length)
                  : kg_format_term(term, KG_SYNTAX_NTRIPLES, &export->text);
}

static BaseStatus add_turtle_term(Export *export, KgId id, bool is_predicate, BaseError *err)
{
    KgTerm term;
    const BaseArenaMark mark = base_arena_mark(&export->arena);
    BaseStatus status = kg_term(export->txn, id, &export->arena, &term, err);
    if (status != BASE_OK)
        return status;
    if (!add_decoded_term(export, &term, is_predicate))
        status = no_memory(err);
    base_arena_rewind(&export->arena, mark);
    return status;
}

static BaseStatus add_prefixes(Export *export, BaseError *err)
{
    BaseStatus status = kg_prefixes(export->txn, &export->arena, &export->prefixes, &export->prefix_count, err);
    for (size_t i = 0; status == BASE_OK && i < export->prefix_count; i++) {
        const KgPrefix *const prefix = &export->prefixes[i];
        if (*prefix->prefix && !base_buffer_format(&export->text, "@prefix %s: <%s> .\n", prefix->prefix, prefix->iri))
            status = no_memory(err);
    }
    return status == BASE_OK && !add(export, "\n") ? no_memory(err) : status;
}

static BaseStatus add_grouped(Export *export, KgTriple triple, BaseError *err)
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
            status = add_turtle_term(export, triple.s, false, err);
        if (status == BASE_OK && !same_subject && !add(export, " "))
            return no_memory(err);
        if (status == BASE_OK)
            status = add_turtle_term(export, triple.p, true, err);
        if (status == BASE_OK && !add(export, " "))
            return no_memory(err);
    }
    export->before = triple;
    return status == BASE_OK ? add_turtle_term(export, triple.o, false, err) : status;
}

/* ---- All of it ---- */

static BaseStatus write_triples(Export *export, KgScan *scan, uint64_t total, uint64_t *written, BaseJob *job,
                                BaseError *err)
{
    KgTriple triple;
    BaseStatus status;
    while ((status = kg_scan_next(scan, &triple, err)) == BASE_OK) {
        status = export->format == KG_TURTLE ? add_grouped(export, triple, err) : add_line(export, triple, err);
        if (status == BASE_OK && export->text.count >= BUFFER_BYTES)
            status = flush(export, err);
        if (status == BASE_OK && ++*written % TRIPLES_BETWEEN_STEPS == 0) {
            base_job_step(job, "exporting", "triples", *written, total, NULL);
            if (base_job_cancelled(job))
                status = base_fail(err, BASE_CANCELLED, "cancelled while exporting");
        }
        if (status != BASE_OK)
            return status;
    }
    if (status == BASE_END)
        status = export->format == KG_TURTLE && *written > 0 && !add(export, " .\n") ? no_memory(err) : BASE_OK;
    return status == BASE_OK ? flush(export, err) : status;
}

BaseStatus kg_export(KgTxn *txn, unsigned layers, KgFormat format, FILE *out, uint64_t *written, BaseJob *job,
                     BaseError *err)
{
    uint64_t count = 0, total = 0;
    Export export = {.txn = txn, .format = format == KG_FORMAT_AUTO ? KG_TSV : format, .out = out};
    KgScan *scan = NULL;
    if ((unsigned)format > KG_TURTLE)
        return base_fail(err, BASE_BAD_CALL, "no export format has the number %d", (int)format);
    BaseStatus status = kg_scan_open(txn, layers, (KgTriple){0}, KG_ORDER_SPO, &scan, err);
    if (status == BASE_OK)
        status = kg_count(txn, layers, (KgTriple){0}, &total, err);
    if (status == BASE_OK && format == KG_TURTLE)
        status = add_prefixes(&export, err);
    if (status == BASE_OK)
        status = write_triples(&export, scan, total, &count, job, err);
    if (status == BASE_OK && fflush(out) != 0)
        status = base_fail_errno(err, "cannot write the export");
    if (status == BASE_OK)
        base_job_step(job, "exporting", "triples", count, count, NULL);
    if (written)
        *written = count;
    kg_scan_close(scan);
    base_buffer_free(&export.text);
    base_buffer_free(&export.field);
    base_arena_free(&export.arena);
    return status;
}
