/* service_answer.c - what an endpoint answers: SPARQL 1.1 Query Results JSON Format, read by jansson. The endpoint is
 * not trusted: whatever is not as that standard has it is refused. */
#include "kg/sparql/service.h"

#include <jansson.h>

#define RDF_LANG_STRING "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"

typedef struct Reader {
    Run *run;
    const ServiceSpec *spec;
    size_t sent;
    json_t *blanks; /* label -> id */
    ServiceRows *out;
    BaseError *err;
} Reader;

static BaseStatus refuse(Reader *reader, const char *what)
{
    return base_fail(reader->err, BASE_BAD_INPUT, "the answer is not SPARQL results in JSON: %s", what);
}

static bool get_text(const json_t *object, const char *key, KgText *out)
{
    const json_t *const value = json_object_get(object, key);
    *out = (KgText){"", 0};
    if (!json_is_string(value))
        return false;
    *out = (KgText){json_string_value(value), json_string_length(value)};
    return true;
}

static BaseStatus read_blank(Reader *reader, KgText label, KgId *out)
{
    json_t *const known = json_object_getn(reader->blanks, label.bytes, label.length);
    if (known) {
        *out = (KgId)json_integer_value(known);
        return BASE_OK;
    }
    const BaseStatus status = sparql_terms_fresh_blank(&reader->run->terms, out, reader->err);
    if (status == BASE_OK &&
        json_object_setn_new(reader->blanks, label.bytes, label.length, json_integer((json_int_t)*out)) != 0)
        return sparql_no_memory(reader->err);
    return status;
}

static bool is_iri(KgText text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.bytes[i] <= 0x20 || strchr("<>\"{}|^`\\", text.bytes[i]))
            return false;
    return text.length > 0;
}

static bool is_language(KgText text)
{
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.bytes[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-')))
            return false;
    }
    return text.length > 0 && text.bytes[text.length - 1] != '-';
}

/* The tag in lower case, as terms have it. */
static BaseStatus read_language(Reader *reader, KgText tag, BaseArena *arena, KgTerm *term)
{
    if (!is_language(tag))
        return refuse(reader, "a malformed language tag");
    char *const copy = base_arena_copy(arena, tag.bytes, tag.length);
    if (!copy)
        return sparql_no_memory(reader->err);
    for (char *c = copy; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    term->language = (KgText){copy, tag.length};
    return BASE_OK;
}

static BaseStatus read_literal(Reader *reader, const json_t *cell, BaseArena *arena, KgTerm *term)
{
    KgText language, datatype;
    term->kind = KG_LITERAL;
    if (get_text(cell, "xml:lang", &language))
        return read_language(reader, language, arena, term);
    if (!get_text(cell, "datatype", &datatype) || text_is(datatype, XSD "string"))
        return BASE_OK;
    if (!is_iri(datatype) || text_is(datatype, RDF_LANG_STRING))
        return refuse(reader, "a malformed datatype");
    term->datatype = datatype;
    return BASE_OK;
}

static BaseStatus read_term(Reader *reader, const json_t *cell, KgId *out)
{
    KgTerm term = {.kind = KG_IRI, .datatype = {"", 0}, .language = {"", 0}};
    KgText type;
    if (!get_text(cell, "type", &type) || !get_text(cell, "value", &term.text))
        return refuse(reader, "a cell without type or value");
    if (text_is(type, "bnode"))
        return read_blank(reader, term.text, out);
    BaseArena arena = {0};
    BaseStatus status = BASE_OK;
    if (text_is(type, "literal") || text_is(type, "typed-literal"))
        status = read_literal(reader, cell, &arena, &term);
    else if (!text_is(type, "uri"))
        status = refuse(reader, "a cell of an unknown type");
    else if (!is_iri(term.text))
        status = refuse(reader, "a malformed IRI");
    if (status == BASE_OK)
        status = sparql_terms_intern(&reader->run->terms, &term, out, reader->err);
    base_arena_free(&arena);
    return status;
}

/* Which of the rows sent a solution belongs to: its number, where numbers were sent. */
static BaseStatus read_number(Reader *reader, const json_t *solution, KgId *out)
{
    const json_t *const cell = json_object_get(solution, reader->spec->number);
    const char *const text = json_string_value(json_object_get(cell, "value"));
    uint64_t number = 0;
    if (cell && (!text || !base_parse_uint(text, 0, reader->sent - 1, &number)))
        return refuse(reader, "a row with a number that was not sent");
    if (!cell && reader->sent > 1)
        return refuse(reader, "a row without its number");
    *out = number;
    return BASE_OK;
}

static BaseStatus read_solution(Reader *reader, const json_t *solution)
{
    const ServiceSpec *const spec = reader->spec;
    ServiceRows *const rows = reader->out;
    if (!json_is_object(solution))
        return refuse(reader, "a solution that is no object");
    if (!BASE_RESERVE(rows, rows->count + 1 + spec->count))
        return sparql_no_memory(reader->err);
    KgId *const row = rows->items + rows->count;
    BaseStatus status = read_number(reader, solution, &row[0]);
    for (size_t i = 0; i < spec->count && status == BASE_OK; i++) {
        const json_t *const cell = json_object_get(solution, spec->names[i]);
        row[1 + i] = 0;
        if (cell)
            status = read_term(reader, cell, &row[1 + i]);
    }
    if (status == BASE_OK)
        rows->count += 1 + spec->count;
    return status;
}

static BaseStatus read_document(Reader *reader, const json_t *document)
{
    const json_t *const solutions = json_object_get(json_object_get(document, "results"), "bindings");
    if (!json_is_array(solutions))
        return refuse(reader, "it has no results.bindings");
    reader->blanks = json_object();
    BaseStatus status = reader->blanks ? BASE_OK : sparql_no_memory(reader->err);
    const size_t count = json_array_size(solutions);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        status = i % 1024 == 0 ? sparql_cancelled(reader->run, reader->err) : BASE_OK;
        if (status == BASE_OK)
            status = read_solution(reader, json_array_get(solutions, i));
    }
    json_decref(reader->blanks);
    return status;
}

BaseStatus sparql_read_service_answer(Run *run, const ServiceSpec *spec, const BaseBuffer *text, size_t sent,
                                      ServiceRows *out, BaseError *err)
{
    Reader reader = {.run = run, .spec = spec, .sent = sent, .out = out, .err = err};
    json_error_t fault;
    json_t *const document = json_loadb(text->items ? text->items : "", text->count, 0, &fault);
    if (!document)
        return !fault.text[0] || json_error_code(&fault) == json_error_out_of_memory ? sparql_no_memory(err)
                                                                                     : refuse(&reader, fault.text);
    const BaseStatus status = read_document(&reader, document);
    json_decref(document);
    return status;
}
