/* rdf_xml.c - raptor's statements gathered into a Document. */
#include "rdf_xml.h"

#include <raptor2.h>
#include <string.h>

typedef struct Gathering {
    Document *document;
    bool failed;
} Gathering;

static KgText copy(Gathering *gathering, const void *bytes, size_t length)
{
    const char *const text = base_arena_copy(&gathering->document->arena, bytes, length);
    gathering->failed |= !text;
    return (KgText){text, length};
}

static KgText copy_iri(Gathering *gathering, raptor_uri *iri)
{
    size_t length;
    const unsigned char *const bytes = raptor_uri_as_counted_string(iri, &length);
    return copy(gathering, bytes, length);
}

static KgTerm read_term(Gathering *gathering, const raptor_term *term)
{
    if (term->type == RAPTOR_TERM_TYPE_URI)
        return (KgTerm){.kind = KG_IRI, .text = copy_iri(gathering, term->value.uri)};
    if (term->type == RAPTOR_TERM_TYPE_BLANK)
        return (KgTerm){.kind = KG_BLANK,
                        .text = copy(gathering, term->value.blank.string, term->value.blank.string_len)};
    const raptor_term_literal_value *const literal = &term->value.literal;
    KgTerm out = {.kind = KG_LITERAL, .text = copy(gathering, literal->string, literal->string_len)};
    if (literal->language)
        out.language = copy(gathering, literal->language, literal->language_len);
    else if (literal->datatype)
        out.datatype = copy_iri(gathering, literal->datatype);
    return out;
}

static void on_statement(void *context, raptor_statement *statement)
{
    Gathering *const gathering = context;
    const Fact fact = {read_term(gathering, statement->subject), read_term(gathering, statement->predicate),
                       read_term(gathering, statement->object)};
    gathering->failed |= !BASE_PUSH(gathering->document, fact);
}

bool read_rdf_xml(const char *path, const char *base, Document *out)
{
    *out = (Document){0};
    Gathering gathering = {.document = out};
    raptor_world *const world = raptor_new_world();
    raptor_parser *const parser = world ? raptor_new_parser(world, "rdfxml") : NULL;
    raptor_uri *const iri = parser ? raptor_new_uri(world, (const unsigned char *)base) : NULL;
    bool is_read = false;
    if (iri) {
        raptor_parser_set_statement_handler(parser, &gathering, on_statement);
        FILE *const file = fopen(path, "rb");
        is_read = file && raptor_parser_parse_file_stream(parser, file, path, iri) == 0 && !gathering.failed;
        if (file)
            fclose(file);
        raptor_free_uri(iri);
    }
    if (parser)
        raptor_free_parser(parser);
    if (world)
        raptor_free_world(world);
    return is_read;
}
