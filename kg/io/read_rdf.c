/* read_rdf.c - N-Triples, read here line by line so that each bad line has its place and can be left out; and Turtle,
 * read by serd, where a fault leaves the rest without meaning and so refuses the whole import.
 * Blank node labels of an RDF file name nodes of that file only: they get the import's number in front. */
#include "kg/io/import.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <serd/serd.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a term");
}

/* The label as it is known in the database. */
static bool rename_blank(KgImporter *importer, KgTerm *term)
{
    char number[24];
    const int length = snprintf(number, sizeof number, "i%u.", importer->row.id);
    char *const label = base_arena_alloc(&importer->arena, (size_t)length + term->text.length + 1, 1);
    if (!label)
        return false;
    memcpy(label, number, (size_t)length);
    memcpy(label + length, term->text.bytes, term->text.length);
    term->text = (KgText){label, (size_t)length + term->text.length};
    return true;
}

/* ---- N-Triples ---- */

static size_t skip_spaces(KgText line, size_t at)
{
    while (at < line.length && (line.bytes[at] == ' ' || line.bytes[at] == '\t'))
        at++;
    return at;
}

static BaseStatus parse_statement(KgImporter *importer, KgText line, size_t at, KgTerm terms[3], KgFault *fault)
{
    static const char *const expected[] = {"the subject, <iri> or _:label", "the predicate, <iri>",
                                           "the object, <iri>, _:label or \"literal\""};
    size_t starts[3];
    for (int i = 0; i < 3; i++) {
        starts[i] = at;
        if (at == line.length || !strchr("<_\"", line.bytes[at]))
            return kg_fault(fault, at, 1, "expected %s", expected[i]);
        const BaseStatus status = kg_scan_term(line, at, &importer->arena, &terms[i], &at, fault);
        if (status != BASE_OK)
            return status;
        at = skip_spaces(line, at);
    }
    if (at == line.length || line.bytes[at] != '.')
        return kg_fault(fault, at, 1, "expected . at the end of the triple");
    at = skip_spaces(line, at + 1);
    if (at < line.length && line.bytes[at] != '#')
        return kg_fault(fault, at, line.length - at, "text after the triple, expected the end of the line");
    int place;
    const BaseStatus status = kg_check_triple(terms, &place, fault);
    fault->offset = status == BASE_OK ? 0 : starts[place];
    return status;
}

static BaseStatus take_line(KgImporter *importer, KgText record, uint32_t number, BaseError *err)
{
    const KgText line = kg_without_newline(record);
    KgTerm terms[3];
    KgFault fault;
    const size_t start = skip_spaces(line, 0);
    BaseStatus status = kg_check_bytes(line, &fault);
    if (status == BASE_OK && (start == line.length || line.bytes[start] == '#'))
        return BASE_OK;
    if (status == BASE_OK)
        status = parse_statement(importer, line, start, terms, &fault);
    if (status == BASE_BAD_INPUT)
        return kg_import_fault(importer, record, number, &fault, err);
    if (status != BASE_OK)
        return base_fail(err, status, "%s", fault.message);
    for (int i = 0; i < 3; i++)
        if (terms[i].kind == KG_BLANK && !rename_blank(importer, &terms[i]))
            return no_memory(err);
    return kg_import_triple(importer, terms, err);
}

BaseStatus kg_read_ntriples(KgImporter *importer, BaseError *err)
{
    return kg_read_lines(importer, take_line, err);
}

/* ---- Turtle ---- */

/* Lines remembered are cut here. */
#define LINE_BYTES 4096

typedef struct Line {
    uint32_t number;
    size_t length;
    char bytes[LINE_BYTES];
} Line;

/* serd takes one byte at a time, so that we know the line it is in and have its text for the message. */
typedef struct Turtle {
    KgImporter *importer;
    SerdEnv *env;
    char bytes[1 << 14];
    size_t at, end;
    Line lines[2]; /* the one being read, and the one before it, in turn */
    int current;
    bool ended, stopped;
    uint32_t fault_line; /* of the fault that stopped it */
    size_t fault_offset;
    char fault[300];
    BaseStatus status; /* of reading or of storing; its message is in *err */
    BaseError *err;
} Turtle;

static bool refill(Turtle *turtle)
{
    if (turtle->ended || turtle->status != BASE_OK)
        return false;
    turtle->at = 0;
    const BaseStatus status =
        base_input_read(turtle->importer->input, turtle->bytes, sizeof turtle->bytes, &turtle->end, turtle->err);
    if (status == BASE_OK)
        return true;
    turtle->ended = true;
    turtle->end = 0;
    if (status != BASE_END)
        turtle->status = status;
    return false;
}

static size_t read_byte(void *out, size_t size, size_t count, void *context)
{
    Turtle *const turtle = context;
    if (size * count == 0 || (turtle->at == turtle->end && !refill(turtle)))
        return 0;
    const char byte = turtle->bytes[turtle->at++];
    Line *line = &turtle->lines[turtle->current];
    *(char *)out = byte;
    if (line->number == 0 || (line->length > 0 && line->bytes[line->length - 1] == '\n')) {
        const uint32_t number = line->number + 1;
        turtle->current = 1 - turtle->current;
        line = &turtle->lines[turtle->current];
        line->number = number;
        line->length = 0;
        turtle->importer->row.lines = number;
    }
    if (line->length < LINE_BYTES || byte == '\n')
        line->bytes[line->length < LINE_BYTES ? line->length++ : LINE_BYTES - 1] = byte;
    return 1;
}

static int has_failed(void *context)
{
    return ((const Turtle *)context)->status != BASE_OK;
}

/* The place of a fault from the line and the byte column that serd tells. */
static BaseSource place_of(const Turtle *turtle, uint32_t number, size_t column)
{
    BaseSource at = {.name = base_input_name(turtle->importer->input), .line = number, .column = 1};
    for (int i = 0; i < 2; i++) {
        const Line *const line = &turtle->lines[i];
        if (line->number != number || number == 0)
            continue;
        const KgText text = kg_without_newline((KgText){line->bytes, line->length});
        const size_t offset = column < text.length ? column : text.length;
        at.text = text.bytes;
        at.text_length = text.length;
        at.column = (uint32_t)base_utf8_count(text.bytes, offset) + 1;
    }
    return at;
}

static void set_fault(Turtle *turtle, uint32_t line, size_t offset, const char *message)
{
    turtle->stopped = true;
    turtle->fault_line = line;
    turtle->fault_offset = offset;
    snprintf(turtle->fault, sizeof turtle->fault, "%s", message);
}

static void stop(Turtle *turtle, uint32_t line, size_t offset, const char *message)
{
    if (!turtle->stopped && turtle->status == BASE_OK)
        set_fault(turtle, line, offset, message);
}

static void stop_here(Turtle *turtle, const char *message)
{
    const Line *const line = &turtle->lines[turtle->current];
    stop(turtle, line->number, line->length ? line->length - 1 : 0, message);
}

/* Tells the fault, once the rest of its line is read to be shown. */
static void tell_fault(Turtle *turtle)
{
    const Line *const line = &turtle->lines[turtle->current];
    char byte;
    while (line->number == turtle->fault_line && line->length > 0 && line->length < LINE_BYTES &&
           line->bytes[line->length - 1] != '\n' && read_byte(&byte, 1, 1, turtle) == 1)
        continue;
    /* serd notices malformed bytes late, and calls what follows them wrong. */
    KgFault malformed;
    if (line->number == turtle->fault_line &&
        kg_check_bytes((KgText){line->bytes, line->length}, &malformed) != BASE_OK &&
        malformed.offset <= turtle->fault_offset)
        set_fault(turtle, line->number, malformed.offset, malformed.message);
    kg_import_stop(turtle->importer, place_of(turtle, turtle->fault_line, turtle->fault_offset), turtle->fault);
}

static SerdStatus take_error(void *context, const SerdError *error)
{
    char message[300];
    vsnprintf(message, sizeof message, error->fmt, *error->args);
    size_t length = strlen(message);
    while (length > 0 && isspace((unsigned char)message[length - 1]))
        message[--length] = '\0';
    stop(context, error->line, error->col ? error->col - 1 : 0, message);
    return SERD_SUCCESS;
}

static SerdStatus set_base(void *context, const SerdNode *iri)
{
    return serd_env_set_base_uri(((Turtle *)context)->env, iri);
}

static SerdStatus set_prefix(void *context, const SerdNode *name, const SerdNode *iri)
{
    Turtle *const turtle = context;
    const SerdStatus status = serd_env_set_prefix(turtle->env, name, iri);
    if (status != SERD_SUCCESS)
        stop_here(turtle, "a prefix for a relative IRI without a base, expected an IRI with a scheme");
    return status;
}

/* The full IRI of a node, copied into the arena. */
static BaseStatus full_iri(Turtle *turtle, const SerdNode *node, KgText *out)
{
    const bool is_full = node->type == SERD_URI && serd_uri_string_has_scheme(node->buf);
    SerdNode expanded = is_full ? SERD_NODE_NULL : serd_env_expand_node(turtle->env, node);
    const SerdNode *const use = is_full ? node : &expanded;
    char message[200];
    size_t offset;
    BaseStatus status = BASE_OK;
    *out = (KgText){(const char *)use->buf, use->n_bytes};
    if (!use->buf || !kg_iri_is_sound(*out, &offset)) {
        snprintf(message, sizeof message,
                 node->type == SERD_CURIE ? "%.100s has a prefix that is not declared, expected @prefix before it"
                                          : "<%.100s> is no full IRI, expected one with a scheme, or @base before it",
                 (const char *)node->buf);
        stop_here(turtle, message);
        status = BASE_BAD_INPUT;
    } else {
        out->bytes = base_arena_copy(&turtle->importer->arena, out->bytes, out->length);
        if (!out->bytes)
            status = turtle->status = no_memory(turtle->err);
    }
    serd_node_free(&expanded);
    return status;
}

static BaseStatus take_node(Turtle *turtle, const SerdNode *node, KgTerm *out)
{
    *out = (KgTerm){.text = {(const char *)node->buf, node->n_bytes}};
    switch (node->type) {
    case SERD_BLANK:
        out->kind = KG_BLANK;
        if (!rename_blank(turtle->importer, out))
            return turtle->status = no_memory(turtle->err);
        return BASE_OK;
    case SERD_LITERAL:
        out->kind = KG_LITERAL;
        return BASE_OK;
    default:
        out->kind = KG_IRI;
        return full_iri(turtle, node, &out->text);
    }
}

static BaseStatus take_literal(Turtle *turtle, const SerdNode *datatype, const SerdNode *language, KgTerm *out)
{
    static const char string[] = "http://www.w3.org/2001/XMLSchema#string";
    BaseStatus status = BASE_OK;
    if (language && language->buf && language->n_bytes) {
        char *const tag = base_arena_copy(&turtle->importer->arena, (const char *)language->buf, language->n_bytes);
        if (!tag)
            return turtle->status = no_memory(turtle->err);
        for (char *letter = tag; *letter; letter++)
            *letter = (char)tolower((unsigned char)*letter);
        out->language = (KgText){tag, language->n_bytes};
    } else if (datatype && datatype->buf) {
        status = full_iri(turtle, datatype, &out->datatype);
        if (status == BASE_OK && out->datatype.length == sizeof string - 1 &&
            memcmp(out->datatype.bytes, string, sizeof string - 1) == 0)
            out->datatype = (KgText){0};
    }
    return status;
}

static SerdStatus take_statement(void *context, SerdStatementFlags flags, const SerdNode *graph,
                                 const SerdNode *subject, const SerdNode *predicate, const SerdNode *object,
                                 const SerdNode *datatype, const SerdNode *language)
{
    (void)flags;
    (void)graph;
    Turtle *const turtle = context;
    KgImporter *const importer = turtle->importer;
    const BaseArenaMark start = base_arena_mark(&importer->arena);
    KgTerm terms[3];
    KgFault fault;
    int place;
    BaseStatus status = take_node(turtle, subject, &terms[0]);
    if (status == BASE_OK)
        status = take_node(turtle, predicate, &terms[1]);
    if (status == BASE_OK)
        status = take_node(turtle, object, &terms[2]);
    if (status == BASE_OK && terms[2].kind == KG_LITERAL)
        status = take_literal(turtle, datatype, language, &terms[2]);
    if (status == BASE_OK && kg_check_triple(terms, &place, &fault) != BASE_OK) {
        stop_here(turtle, fault.message);
        status = BASE_BAD_INPUT;
    }
    if (status == BASE_OK)
        status = turtle->status = kg_import_triple(importer, terms, turtle->err);
    base_arena_rewind(&importer->arena, start);
    return status == BASE_OK ? SERD_SUCCESS : SERD_ERR_INTERNAL;
}

BaseStatus kg_read_turtle(KgImporter *importer, BaseError *err)
{
    Turtle *const turtle = calloc(1, sizeof *turtle);
    if (!turtle)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read Turtle");
    turtle->importer = importer;
    turtle->err = err;
    turtle->env = serd_env_new(NULL);
    SerdReader *const reader = serd_reader_new(SERD_TURTLE, turtle, NULL, set_base, set_prefix, take_statement, NULL);
    if (!turtle->env || !reader) {
        turtle->status = base_fail(err, BASE_NO_MEMORY, "no memory to read Turtle");
        goto done;
    }
    serd_reader_set_strict(reader, true);
    serd_reader_set_error_sink(reader, take_error, turtle);
    SerdStatus serd = serd_reader_start_source_stream(reader, read_byte, has_failed, turtle,
                                                      (const uint8_t *)base_input_name(importer->input), 1);
    while (serd == SERD_SUCCESS && turtle->status == BASE_OK && !turtle->stopped) {
        serd = serd_reader_read_chunk(reader);
        if (turtle->status == BASE_OK && base_job_cancelled(importer->job))
            turtle->status =
                base_fail(err, BASE_CANCELLED, "cancelled while reading %s", base_input_name(importer->input));
        base_job_step(importer->job, importer->stage, "bytes", base_input_position(importer->input),
                      base_input_size(importer->input), NULL);
    }
    if (serd > SERD_FAILURE && turtle->status == BASE_OK && !turtle->stopped)
        stop_here(turtle, (const char *)serd_strerror(serd));
    if (turtle->stopped && turtle->status == BASE_OK)
        tell_fault(turtle);
    serd_reader_end_stream(reader);
done:
    serd_reader_free(reader);
    serd_env_free(turtle->env);
    const BaseStatus status = turtle->status;
    free(turtle);
    return status;
}
