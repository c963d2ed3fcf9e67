/* parse_term.c - IRIs, names and what declares them, literals, blank nodes and variables: tokens to terms. */
#include "kg/iri.h"
#include "kg/sparql/parser.h"

#include <string.h>

static KgText token_text(const Parser *parser)
{
    return (KgText){parser->lexer.text + parser->token.offset, parser->token.length};
}

/* Writes the character of the \u or \U escape at `text` to *out; returns the bytes it took. The lexer saw it is whole.
 */
static size_t decode_escape(const char *text, char **out)
{
    const size_t digits = text[1] == 'u' ? 4 : 8;
    uint32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        const char c = text[2 + i];
        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    *out += base_utf8_encode(value, *out);
    return 2 + digits;
}

/* ---- IRIs ---- */

static bool parse_iri_reference(Parser *parser, KgTerm *out)
{
    const KgText token = token_text(parser);
    char *const text = sparql_alloc(parser, token.length, 1);
    if (!text)
        return false;
    char *end = text;
    for (size_t i = 1; i + 1 < token.length;) {
        if (token.bytes[i] == '\\')
            i += decode_escape(token.bytes + i, &end);
        else
            *end++ = token.bytes[i++];
    }
    *out = (KgTerm){.kind = KG_IRI};
    if (!kg_iri_resolve(parser->base, (KgText){text, (size_t)(end - text)}, parser->arena, &out->text))
        return sparql_parse_no_memory(parser);
    sparql_advance(parser);
    return true;
}

/* The prefix that is meant is one that the world knows, and the query does not declare. */
static void hint_vocabulary(Parser *parser, const char *word, const char *near)
{
    for (const KgPrefix *known = kg_vocabularies; known->prefix; known++) {
        if (strcmp(known->prefix, near) != 0)
            continue;
        if (strcmp(word, near) == 0)
            base_hint(parser->err, "declare it before the query: PREFIX %s: <%s>", near, known->iri);
        else
            base_hint(parser->err, "did you mean '%s:'? Declare it: PREFIX %s: <%s>", near, near, known->iri);
    }
}

static bool unknown_prefix(Parser *parser, KgText prefix)
{
    const AstPlace place = {parser->token.offset, (uint32_t)prefix.length + 1};
    sparql_fail(parser, place, "unknown prefix '%.*s:'", (int)(prefix.length < 100 ? prefix.length : 100),
                prefix.bytes);
    enum { MOST_NAMES = 256 };
    const char *names[MOST_NAMES];
    size_t count = 0;
    for (size_t i = 0; i < parser->prefixes.count && count < MOST_NAMES; i++)
        if (parser->prefixes.items[i].prefix[0])
            names[count++] = parser->prefixes.items[i].prefix;
    const char *const word = base_arena_copy(parser->arena, prefix.bytes, prefix.length);
    const char *near = word ? base_nearest(word, names, count) : NULL;
    if (near) {
        base_hint(parser->err, "did you mean '%s:'? Or declare it: PREFIX %s: <...>", near, word);
        return false;
    }
    count = 0;
    while (count < MOST_NAMES && kg_vocabularies[count].prefix) {
        names[count] = kg_vocabularies[count].prefix;
        count++;
    }
    near = word ? base_nearest(word, names, count) : NULL;
    if (near)
        hint_vocabulary(parser, word, near);
    else if (word)
        base_hint(parser->err, "declare it before the query: PREFIX %s: <...>", word);
    return false;
}

static bool parse_prefixed_name(Parser *parser, KgTerm *out)
{
    const KgText token = token_text(parser);
    const char *const colon = memchr(token.bytes, ':', token.length);
    const KgText prefix = {token.bytes, (size_t)(colon - token.bytes)};
    const char *iri = NULL;
    for (size_t i = parser->prefixes.count; i-- > 0 && !iri;) /* the last declaration holds */
        if (strlen(parser->prefixes.items[i].prefix) == prefix.length &&
            memcmp(parser->prefixes.items[i].prefix, prefix.bytes, prefix.length) == 0)
            iri = parser->prefixes.items[i].iri;
    if (!iri)
        return unknown_prefix(parser, prefix);
    const size_t start = strlen(iri);
    char *const text = sparql_alloc(parser, start + token.length, 1);
    if (!text)
        return false;
    memcpy(text, iri, start);
    char *end = text + start;
    for (const char *c = colon + 1; c < token.bytes + token.length; c++)
        if (*c != '\\')
            *end++ = *c; /* what an escape protects is the character itself; %hh stays */
    *out = (KgTerm){.kind = KG_IRI, .text = {text, (size_t)(end - text)}};
    sparql_advance(parser);
    return true;
}

bool sparql_begins_iri(const Parser *parser)
{
    return parser->token.kind == TOKEN_IRI || parser->token.kind == TOKEN_NAME;
}

bool sparql_parse_iri(Parser *parser, KgTerm *out)
{
    if (parser->token.kind == TOKEN_IRI)
        return parse_iri_reference(parser, out);
    if (parser->token.kind == TOKEN_NAME)
        return parse_prefixed_name(parser, out);
    return sparql_expected(parser, "an IRI or a prefixed name");
}

/* ---- Prologue ---- */

static bool parse_base(Parser *parser)
{
    KgTerm iri;
    if (parser->token.kind != TOKEN_IRI)
        return sparql_expected(parser, "an IRI after BASE");
    if (!sparql_parse_iri(parser, &iri))
        return false;
    parser->base = iri.text;
    return true;
}

static bool parse_prefix(Parser *parser)
{
    const Token name = parser->token;
    const char *const text = parser->lexer.text + name.offset;
    if (name.kind != TOKEN_NAME || text[name.length - 1] != ':' || memchr(text, ':', name.length - 1))
        return sparql_expected(parser, "a prefix with its colon, as in PREFIX ex: <http://example.org/>");
    KgTerm iri;
    sparql_advance(parser);
    if (parser->token.kind != TOKEN_IRI)
        return sparql_expected(parser, "the IRI of the prefix, in < >");
    if (!sparql_parse_iri(parser, &iri))
        return false;
    const KgPrefix prefix = {base_arena_copy(parser->arena, text, name.length - 1),
                             base_arena_copy(parser->arena, iri.text.bytes, iri.text.length)};
    if (!prefix.prefix || !prefix.iri || !BASE_PUSH(&parser->prefixes, prefix))
        return sparql_parse_no_memory(parser);
    return true;
}

bool sparql_parse_prologue(Parser *parser)
{
    for (;;) {
        bool is_read = true;
        if (sparql_accept_word(parser, "BASE"))
            is_read = parse_base(parser);
        else if (sparql_accept_word(parser, "PREFIX"))
            is_read = parse_prefix(parser);
        else
            return true;
        if (!is_read)
            return false;
    }
}

/* ---- Literals ---- */

bool sparql_parse_string(Parser *parser, KgText *out)
{
    if (parser->token.kind != TOKEN_STRING)
        return sparql_expected(parser, "a string");
    const KgText token = token_text(parser);
    const size_t quotes =
        token.length >= 6 && token.bytes[1] == token.bytes[0] && token.bytes[2] == token.bytes[0] ? 3 : 1;
    char *const text = sparql_alloc(parser, token.length, 1);
    if (!text)
        return false;
    char *end = text;
    for (size_t i = quotes; i + quotes < token.length;) {
        if (token.bytes[i] != '\\') {
            *end++ = token.bytes[i++];
            continue;
        }
        static const char marks[] = "tbnrf\\\"'", meant[] = "\t\b\n\r\f\\\"'";
        const char *const mark = strchr(marks, token.bytes[i + 1]);
        if (mark) {
            *end++ = meant[mark - marks];
            i += 2;
        } else {
            i += decode_escape(token.bytes + i, &end);
        }
    }
    *out = (KgText){text, (size_t)(end - text)};
    sparql_advance(parser);
    return true;
}

/* The tag in lower case, as terms have it. */
static bool parse_language(Parser *parser, KgText *out)
{
    const KgText token = token_text(parser);
    char *const tag = base_arena_copy(parser->arena, token.bytes + 1, token.length - 1);
    if (!tag)
        return sparql_parse_no_memory(parser);
    for (char *c = tag; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    *out = (KgText){tag, token.length - 1};
    sparql_advance(parser);
    return true;
}

bool sparql_parse_rdf_literal(Parser *parser, KgTerm *out)
{
    *out = (KgTerm){.kind = KG_LITERAL};
    if (!sparql_parse_string(parser, &out->text))
        return false;
    if (parser->token.kind == TOKEN_LANGUAGE)
        return parse_language(parser, &out->language);
    if (!sparql_accept(parser, SYMBOL_TYPED))
        return true;
    KgTerm datatype;
    if (!sparql_begins_iri(parser))
        return sparql_expected(parser, "the IRI of a datatype after ^^");
    if (!sparql_parse_iri(parser, &datatype))
        return false;
    if (!text_is(datatype.text, XSD "string"))
        out->datatype = datatype.text;
    return true;
}

static bool is_number(TokenKind kind)
{
    return kind == TOKEN_INTEGER || kind == TOKEN_DECIMAL || kind == TOKEN_DOUBLE;
}

bool sparql_begins_number(const Parser *parser)
{
    if (is_number(parser->token.kind))
        return true;
    if (!sparql_is(parser, '+') && !sparql_is(parser, '-'))
        return false;
    Lexer ahead = parser->lexer;
    const Token next = sparql_lex_next(&ahead);
    return is_number(next.kind) && next.offset == parser->token.offset + parser->token.length;
}

bool sparql_parse_numeric_literal(Parser *parser, KgTerm *out)
{
    const uint32_t start = parser->token.offset;
    if (sparql_is(parser, '+') || sparql_is(parser, '-'))
        sparql_advance(parser);
    if (!is_number(parser->token.kind))
        return sparql_expected(parser, "a number");
    const char *const type = parser->token.kind == TOKEN_INTEGER   ? XSD "integer"
                             : parser->token.kind == TOKEN_DECIMAL ? XSD "decimal"
                                                                   : XSD "double";
    sparql_advance(parser);
    const size_t length = parser->last_end - start;
    const char *const text = base_arena_copy(parser->arena, parser->lexer.text + start, length);
    if (!text)
        return sparql_parse_no_memory(parser);
    *out = (KgTerm){.kind = KG_LITERAL, .text = {text, length}, .datatype = {type, strlen(type)}};
    return true;
}

/* ---- Variables and blank nodes ---- */

bool sparql_parse_variable(Parser *parser, AstNode *out)
{
    if (parser->token.kind != TOKEN_VARIABLE)
        return sparql_expected(parser, "a variable");
    const KgText token = token_text(parser);
    out->place = sparql_token_place(parser);
    out->variable = sparql_variable(parser, token.bytes + 1, token.length - 1, out->place);
    sparql_advance(parser);
    return parser->status == BASE_OK;
}

bool sparql_parse_var_or_iri(Parser *parser, AstNode *out)
{
    if (parser->token.kind == TOKEN_VARIABLE)
        return sparql_parse_variable(parser, out);
    if (!sparql_begins_iri(parser))
        return sparql_expected(parser, "a variable or an IRI");
    *out = (AstNode){.place = sparql_token_place(parser), .variable = AST_NO_VARIABLE};
    return sparql_parse_iri(parser, &out->term);
}

/* The entry of a label, one without a variable when the label is new. NULL: no memory. */
static Label *find_label(LabelTable *labels, KgText name)
{
    for (uint64_t seed = 0;; seed++) {
        bool is_new;
        const uint64_t hash = base_hash(name.bytes, name.length, seed) >> 1;
        const uint64_t *const place = base_map_put(&labels->places, hash, labels->count, &is_new);
        if (!place || (is_new && !BASE_PUSH(labels, (Label){.name = name, .variable = AST_NO_VARIABLE})))
            return NULL;
        Label *const label = &labels->items[*place];
        if (label->name.length == name.length && memcmp(label->name.bytes, name.bytes, name.length) == 0)
            return label;
    }
}

/* A label means one node within its basic graph pattern, and may not come back in another (section 5.1.1), nor in
 * another INSERT DATA (section 19.6). */
static bool parse_blank_label(Parser *parser, AstNode *out)
{
    const KgText name = token_text(parser);
    out->place = sparql_token_place(parser);
    Label *const label = find_label(&parser->labels, name);
    if (!label)
        return sparql_parse_no_memory(parser);
    if (label->variable == AST_NO_VARIABLE) {
        label->variable = sparql_fresh_variable(parser, out->place);
        label->pattern = parser->pattern;
    } else if (label->pattern != parser->pattern) {
        const int shown = (int)(name.length < 100 ? name.length : 100);
        if (parser->in_template) {
            sparql_fail(parser, out->place, "the blank node %.*s is used in two separate operations", shown,
                        name.bytes);
        } else {
            sparql_fail(parser, out->place, "the blank node %.*s is used in two separate graph patterns", shown,
                        name.bytes);
            base_hint(parser->err, "use a variable to speak of one node in both");
        }
        return false;
    }
    out->variable = label->variable;
    sparql_advance(parser);
    return parser->status == BASE_OK;
}

bool sparql_begins_term(const Parser *parser)
{
    switch (parser->token.kind) {
    case TOKEN_IRI:
    case TOKEN_NAME:
    case TOKEN_BLANK:
    case TOKEN_VARIABLE:
    case TOKEN_STRING:
    case TOKEN_NIL:
    case TOKEN_ANON:
        return true;
    case TOKEN_WORD:
        return sparql_is_word(parser, "true") || sparql_is_word(parser, "false");
    default:
        return sparql_begins_number(parser);
    }
}

bool sparql_parse_graph_term(Parser *parser, AstNode *out)
{
    *out = (AstNode){.place = sparql_token_place(parser), .variable = AST_NO_VARIABLE};
    const uint32_t start = parser->token.offset;
    bool is_read = true;
    switch (parser->token.kind) {
    case TOKEN_VARIABLE:
        return sparql_parse_variable(parser, out);
    case TOKEN_BLANK:
        return parse_blank_label(parser, out);
    case TOKEN_ANON:
        out->variable = sparql_fresh_variable(parser, out->place);
        sparql_advance(parser);
        break;
    case TOKEN_NIL:
        out->term = sparql_iri_term(RDF "nil");
        sparql_advance(parser);
        break;
    case TOKEN_IRI:
    case TOKEN_NAME:
        is_read = sparql_parse_iri(parser, &out->term);
        break;
    case TOKEN_STRING:
        is_read = sparql_parse_rdf_literal(parser, &out->term);
        break;
    case TOKEN_WORD:
        if (!sparql_is_word(parser, "true") && !sparql_is_word(parser, "false"))
            return sparql_expected(parser, "a variable or a term");
        out->term = (KgTerm){.kind = KG_LITERAL,
                             .text = sparql_is_word(parser, "true") ? KG_TEXT("true") : KG_TEXT("false"),
                             .datatype = KG_TEXT(XSD "boolean")};
        sparql_advance(parser);
        break;
    default:
        if (!sparql_begins_number(parser))
            return sparql_expected(parser, "a variable or a term");
        is_read = sparql_parse_numeric_literal(parser, &out->term);
    }
    if (is_read)
        out->place = sparql_since(parser, start);
    return is_read && parser->status == BASE_OK;
}
