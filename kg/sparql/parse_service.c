/* parse_service.c - SERVICE (SPARQL 1.1 Federated Query): its group is parsed, as any other is, for its faults and its
 * variables, and kept as it is written, with the prefixes that the names in it need, to be sent to another endpoint. */
#include "kg/sparql/parser.h"

#include <stdlib.h>
#include <string.h>

/* The declaration that holds for a name; NULL: there is none. */
static const KgPrefix *find_declaration(const Parser *parser, KgText prefix)
{
    for (size_t i = parser->prefixes.count; i-- > 0;)
        if (text_is(prefix, parser->prefixes.items[i].prefix))
            return &parser->prefixes.items[i];
    return NULL;
}

static bool add_iri(BaseBuffer *out, KgText iri)
{
    const KgTerm term = {.kind = KG_IRI, .text = iri};
    return kg_format_term(&term, KG_SYNTAX_NTRIPLES, out) && base_buffer_add(out, "\n", 1);
}

typedef struct Declarations {
    const KgPrefix **items;
    size_t count, capacity;
} Declarations;

/* Adds the prefix of the name unless it is there; false: no memory. */
static bool want(const Parser *parser, KgText name, Declarations *wanted, BaseBuffer *out)
{
    const char *const colon = memchr(name.bytes, ':', name.length);
    const KgPrefix *const one = find_declaration(parser, (KgText){name.bytes, (size_t)(colon - name.bytes)});
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->items[i] == one)
            return true;
    return !one || (BASE_PUSH(wanted, one) && base_buffer_format(out, "PREFIX %s: ", one->prefix) &&
                    add_iri(out, (KgText){one->iri, strlen(one->iri)}));
}

/* What the names and relative IRIs between the two offsets need. */
static bool write_prologue(Parser *parser, uint32_t begin, uint32_t end, KgText *out)
{
    Lexer lexer = {.text = parser->lexer.text, .length = end, .at = begin};
    Declarations wanted = {0};
    BaseBuffer text = {0};
    bool is_written = parser->base.length == 0 || (base_buffer_format(&text, "BASE ") && add_iri(&text, parser->base));
    for (Token token = sparql_lex_next(&lexer); token.kind != TOKEN_END && is_written; token = sparql_lex_next(&lexer))
        if (token.kind == TOKEN_NAME)
            is_written = want(parser, (KgText){lexer.text + token.offset, token.length}, &wanted, &text);
    *out = (KgText){is_written ? base_arena_copy(parser->arena, text.items ? text.items : "", text.count) : NULL,
                    text.count};
    base_buffer_free(&text);
    free(wanted.items);
    return out->bytes || sparql_parse_no_memory(parser);
}

AstPattern *sparql_parse_service(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    AstNode endpoint;
    AstService *const service = sparql_alloc(parser, 1, sizeof *service);
    if (!service)
        return NULL;
    sparql_advance(parser);
    service->silent = sparql_accept_word(parser, "SILENT");
    if (parser->token.kind != TOKEN_VARIABLE && !sparql_begins_iri(parser)) {
        sparql_expected(parser, "a variable or an IRI: the endpoint");
        return NULL;
    }
    if (!sparql_parse_var_or_iri(parser, &endpoint))
        return NULL;
    if (!sparql_is(parser, '{')) {
        sparql_expected(parser, "'{' after the endpoint");
        return NULL;
    }
    const uint32_t begin = parser->token.offset;
    AstPattern *const group = sparql_parse_group_graph_pattern(parser);
    AstPattern *const pattern = group ? sparql_new_pattern(parser, PATTERN_SERVICE, start) : NULL;
    if (!pattern)
        return NULL;
    const uint32_t end = (uint32_t)parser->last_end;
    service->body = (KgText){base_arena_copy(parser->arena, parser->lexer.text + begin, end - begin), end - begin};
    if (!service->body.bytes) {
        sparql_parse_no_memory(parser);
        return NULL;
    }
    pattern->target = endpoint;
    pattern->children = group;
    pattern->service = service;
    return write_prologue(parser, begin, end, &service->prologue) ? pattern : NULL;
}
