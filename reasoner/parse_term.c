/* Tokens, names and terms of rule text, and what to say when they are not what was expected. */
#include "reasoner/literal.h"
#include "reasoner/parser.h"

#include <string.h>
#include <strings.h>

/* ---- Tokens and faults --------------------------------------------------------------------------------------- */

Place reasoner_place(const Parser *parser, size_t offset, size_t length)
{
    return (Place){parser->text, (uint32_t)offset, (uint32_t)length};
}

Place reasoner_token_place(const Parser *parser)
{
    return reasoner_place(parser, parser->token.offset, parser->token.length);
}

/* From `offset` to the end of the last token taken. */
Place reasoner_place_since(const Parser *parser, size_t offset)
{
    return reasoner_place(parser, offset, parser->behind - offset);
}

bool reasoner_out_of_memory(Parser *parser)
{
    parser->no_memory = true;
    return false;
}

bool reasoner_advance(Parser *parser)
{
    const Token *const token = &parser->token;
    if (!base_buffer_add(&parser->statement, " ", parser->statement.count > 0 && !token->is_glued) ||
        !base_buffer_add(&parser->statement, parser->bytes + token->offset, token->length))
        return reasoner_out_of_memory(parser);
    parser->behind = token->offset + token->length;
    parser->token = reasoner_lex(&parser->lexer);
    return true;
}

/* Tells what stands where something else was expected. */
bool reasoner_expected(Parser *parser, const char *what, const char *hint)
{
    const Token *const token = &parser->token;
    if (token->kind == TOKEN_BAD)
        reasoner_fault(parser->faults, reasoner_token_place(parser), token->hint, "%s", token->trouble);
    else if (token->kind == TOKEN_END)
        reasoner_fault(parser->faults, reasoner_token_place(parser), hint, "expected %s, found the end of the text",
                       what);
    else
        reasoner_fault(parser->faults, reasoner_token_place(parser), hint, "expected %s, found `%.*s`", what,
                       (int)(token->length < 60 ? token->length : 60), parser->bytes + token->offset);
    return false;
}

bool reasoner_unsupported(Parser *parser, const char *what, const char *hint)
{
    reasoner_fault(parser->faults, reasoner_token_place(parser), hint, "%s not supported yet", what);
    return false;
}

bool reasoner_take(Parser *parser, TokenKind kind, const char *what)
{
    return parser->token.kind == kind ? reasoner_advance(parser) : reasoner_expected(parser, what, NULL);
}

/* ---- Names --------------------------------------------------------------------------------------------------- */

static KgText slice_text(const Parser *parser, Slice slice)
{
    return (KgText){parser->bytes + slice.offset, slice.length};
}

bool reasoner_same_slice(const Parser *parser, Slice slice, const char *word)
{
    return slice.length == strlen(word) && memcmp(parser->bytes + slice.offset, word, slice.length) == 0;
}

static const char *known_prefix(const Parser *parser, Slice name)
{
    static const KgPrefix built_in[] = {
        {"", KG_NAME_SCHEME},
        {"kg", KG_NAME_SCHEME},
        {"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
        {"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
        {"owl", "http://www.w3.org/2002/07/owl#"},
        {"xsd", XSD},
        {"sh", "http://www.w3.org/ns/shacl#"},
    };
    for (size_t i = 0; i < parser->prefixes.count; i++) {
        const Prefix *const prefix = &parser->prefixes.items[i];
        if (prefix->name.length == name.length &&
            memcmp(parser->bytes + prefix->name.offset, parser->bytes + name.offset, name.length) == 0)
            return prefix->iri;
    }
    for (size_t i = 0; parser->options && i < parser->options->prefix_count; i++)
        if (reasoner_same_slice(parser, name, parser->options->prefixes[i].prefix))
            return parser->options->prefixes[i].iri;
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (reasoner_same_slice(parser, name, built_in[i].prefix))
            return built_in[i].iri;
    return NULL;
}

/* A bare name is the plain name of kg.h: `kg:` and the name with its `%` percent-encoded, unless there is an @base. */
static bool add_bare_name(const Parser *parser, Slice name, BaseBuffer *out)
{
    if (parser->base.length > 0)
        return base_buffer_add(out, parser->bytes + parser->base.offset, parser->base.length) &&
               base_buffer_add(out, parser->bytes + name.offset, name.length);
    bool is_fine = base_buffer_add(out, KG_NAME_SCHEME, strlen(KG_NAME_SCHEME));
    for (size_t i = 0; is_fine && i < name.length; i++) {
        const char *const c = parser->bytes + name.offset + i;
        is_fine = *c == '%' ? base_buffer_add(out, "%25", 3) : base_buffer_add(out, c, 1);
    }
    return is_fine;
}

static bool expand_parts(Parser *parser, const Token *token, BaseBuffer *out)
{
    if (token->kind == TOKEN_NAME)
        return add_bare_name(parser, token->inner, out) || reasoner_out_of_memory(parser);
    if (token->kind == TOKEN_IRI)
        return base_buffer_add(out, parser->bytes + token->inner.offset, token->inner.length) ||
               reasoner_out_of_memory(parser);
    const char *const iri = known_prefix(parser, token->inner);
    if (!iri) {
        reasoner_fault(parser->faults, reasoner_place(parser, token->offset, token->inner.length + 1),
                       "declare it with @prefix name: <iri>.", "[103] unknown prefix `%.*s:`", (int)token->inner.length,
                       parser->bytes + token->inner.offset);
        return false;
    }
    return (base_buffer_add(out, iri, strlen(iri)) &&
            base_buffer_add(out, parser->bytes + token->local.offset, token->local.length)) ||
           reasoner_out_of_memory(parser);
}

/* The IRI that the token (NAME, PREFIXED or IRI) means, appended to the empty `out`; one that a database can hold. */
bool reasoner_expand(Parser *parser, const Token *token, BaseBuffer *out)
{
    BaseBuffer field = {0};
    BaseArena scratch = {0};
    BaseError err = {0};
    KgTerm term = {0};
    if (!expand_parts(parser, token, out))
        return false;
    bool is_fine = base_buffer_format(&field, "<%s>", out->items) || reasoner_out_of_memory(parser);
    if (is_fine) {
        const BaseStatus status = kg_parse_term((KgText){field.items, field.count}, &scratch, &term, &err);
        const bool is_same = status == BASE_OK && term.text.length == out->count;
        if (!is_same)
            reasoner_fault(parser->faults, reasoner_place(parser, token->offset, token->length), NULL, "%s",
                           status == BASE_OK ? "not an IRI: it has a backslash" : err.message);
        is_fine = is_same;
    }
    base_buffer_free(&field);
    base_arena_free(&scratch);
    return is_fine;
}

bool reasoner_is_tag(TokenKind kind)
{
    return kind == TOKEN_NAME || kind == TOKEN_PREFIXED || kind == TOKEN_IRI;
}

/* Names that are functions when `(` follows. */
bool reasoner_is_function(const Parser *parser, const Token *token)
{
    static const char *const names[] = {
        "sum",        "product",      "subtraction", "division",   "min",    "max",       "luka",      "rem",
        "pow",        "log",          "abs",         "invertsign", "sqrt",   "sin",       "cos",       "tan",
        "round",      "ceil",         "floor",       "bitand",     "bitor",  "bitxor",    "bitshl",    "bitshr",
        "bitshru",    "equality",     "unequality",  "not",        "and",    "or",        "numless",   "numlesseq",
        "int",        "double",       "float",       "iri",        "str",    "fullstr",   "datatype",  "lang",
        "strlang",    "strlen",       "strrev",      "ucase",      "lcase",  "concat",    "compare",   "contains",
        "regex",      "strstarts",    "strends",     "strafter",   "substr", "strbefore", "isfloat",   "isdouble",
        "isinteger",  "isstring",     "isnumeric",   "isiri",      "isnull", "uriencode", "uridecode", "levenshtein",
        "numgreater", "numgreatereq",
    };
    for (size_t i = 0; token->kind == TOKEN_NAME && i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == token->inner.length &&
            strncasecmp(names[i], parser->bytes + token->inner.offset, token->inner.length) == 0)
            return true;
    return false;
}

/* ---- Terms --------------------------------------------------------------------------------------------------- */

bool reasoner_add_constant(Parser *parser, const KgTerm *term, Term *out)
{
    out->index = reasoner_program_constant(parser->program, term);
    return out->index != NOWHERE || reasoner_out_of_memory(parser);
}

static bool add_variable(Parser *parser, const char *name, size_t length, Term *out)
{
    out->is_variable = true;
    for (size_t i = 0; length > 1 && i < parser->variables.count; i++) {
        if (strlen(parser->variables.items[i]) == length && memcmp(parser->variables.items[i], name, length) == 0) {
            out->index = (uint32_t)i;
            return true;
        }
    }
    const char *const copy = base_arena_copy(&parser->program->arena, name, length);
    if (!copy || !BASE_PUSH(&parser->variables, copy))
        return reasoner_out_of_memory(parser);
    out->index = (uint32_t)parser->variables.count - 1;
    return true;
}

static bool parse_tag_term(Parser *parser, Term *out)
{
    const Token tag = parser->token;
    if (!reasoner_advance(parser))
        return false;
    if (parser->token.is_glued && parser->token.kind == TOKEN_OPEN) {
        reasoner_fault(parser->faults, reasoner_place(parser, tag.offset, tag.length), NULL,
                       reasoner_is_function(parser, &tag)
                           ? "functions such as `%.*s` are not supported yet"
                           : "[996] `%.*s(...)` is a compound term, which rules do not have",
                       (int)tag.length, parser->bytes + tag.offset);
        return false;
    }
    if (parser->token.kind == TOKEN_OPEN_BRACE)
        return reasoner_unsupported(parser, "maps are", NULL);
    if (tag.kind == TOKEN_NAME &&
        (reasoner_same_slice(parser, tag.inner, "true") || reasoner_same_slice(parser, tag.inner, "false")))
        return reasoner_add_constant(
            parser,
            &(KgTerm){.kind = KG_LITERAL, .text = slice_text(parser, tag.inner), .datatype = KG_TEXT(XSD "boolean")},
            out);
    BaseBuffer iri = {0};
    const bool is_fine = reasoner_expand(parser, &tag, &iri) &&
                         reasoner_add_constant(parser, &(KgTerm){.kind = KG_IRI, .text = {iri.items, iri.count}}, out);
    base_buffer_free(&iri);
    return is_fine;
}

static bool parse_datatype(Parser *parser, Token string, Term *out)
{
    if (!reasoner_advance(parser))
        return false;
    if (!reasoner_is_tag(parser->token.kind) || !parser->token.is_glued)
        return reasoner_expected(parser, "a datatype right after `^^`", "for example \"2001-01-01\"^^xsd:date");
    BaseBuffer datatype = {0};
    KgTerm term = {.kind = KG_LITERAL, .text = slice_text(parser, string.inner)};
    bool is_fine = reasoner_expand(parser, &parser->token, &datatype) && reasoner_advance(parser);
    if (is_fine) {
        term.datatype = (KgText){datatype.items, datatype.count};
        if (datatype.count == strlen(XSD "string") && memcmp(datatype.items, XSD "string", datatype.count) == 0)
            term.datatype = (KgText){0};
        if (!reasoner_is_well_formed(&term)) {
            reasoner_fault(parser->faults, reasoner_place_since(parser, string.offset), NULL,
                           "[107] \"%.*s\" is not a value of %.*s", (int)string.inner.length,
                           parser->bytes + string.inner.offset, (int)datatype.count, datatype.items);
            is_fine = false;
        }
    }
    is_fine = is_fine && reasoner_add_constant(parser, &term, out);
    base_buffer_free(&datatype);
    return is_fine;
}

static bool parse_string(Parser *parser, Term *out)
{
    const Token string = parser->token;
    if (!reasoner_advance(parser))
        return false;
    KgTerm term = {.kind = KG_LITERAL, .text = slice_text(parser, string.inner)};
    if (parser->token.kind == TOKEN_DATATYPE)
        return parse_datatype(parser, string, out);
    if (parser->token.kind != TOKEN_LANGUAGE)
        return reasoner_add_constant(parser, &term, out);
    char language[64];
    const Slice tag = parser->token.inner;
    if (tag.length >= sizeof language)
        return reasoner_expected(parser, "a language of at most 63 letters", NULL);
    for (size_t i = 0; i < tag.length; i++) {
        const char c = parser->bytes[tag.offset + i];
        language[i] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    }
    term.language = (KgText){language, tag.length};
    return reasoner_add_constant(parser, &term, out) && reasoner_advance(parser);
}

static bool parse_number(Parser *parser, Term *out)
{
    char sign = '\0';
    const size_t offset = parser->token.offset;
    if (parser->token.kind != TOKEN_NUMBER) {
        sign = parser->bytes[offset];
        if (!reasoner_advance(parser))
            return false;
        if (parser->token.kind != TOKEN_NUMBER || !parser->token.is_glued)
            return reasoner_expected(parser, "a number right after the sign",
                                     "write 0 - ?x for the negative of a variable");
    }
    const Token number = parser->token;
    NumberText text;
    if (!reasoner_read_number(sign, parser->bytes + number.offset, number.length, &text)) {
        reasoner_fault(parser->faults, reasoner_place(parser, offset, number.offset + number.length - offset), NULL,
                       "this is not a number that a rule can hold");
        return false;
    }
    const KgTerm term = {.kind = KG_LITERAL,
                         .text = {text.lexical, strlen(text.lexical)},
                         .datatype = {text.datatype, strlen(text.datatype)}};
    return reasoner_add_constant(parser, &term, out) && reasoner_advance(parser);
}

static bool parse_anonymous(Parser *parser, Position position, Term *out)
{
    if (position == IN_BODY_ATOM)
        return add_variable(parser, "_", 1, out) && reasoner_advance(parser);
    reasoner_fault(parser->faults, reasoner_token_place(parser), "name the variable",
                   position == IN_HEAD ? "[203] `_` cannot stand in a head" : "[218] `_` cannot be compared");
    return false;
}

bool reasoner_parse_term(Parser *parser, Position position, Term *out)
{
    const Token *const token = &parser->token;
    const size_t offset = token->offset;
    bool is_fine = false;
    *out = (Term){0};
    switch (token->kind) {
    case TOKEN_VARIABLE:
        is_fine = add_variable(parser, parser->bytes + token->offset, token->length, out) && reasoner_advance(parser);
        break;
    case TOKEN_ANONYMOUS:
        is_fine = parse_anonymous(parser, position, out);
        break;
    case TOKEN_NAME:
    case TOKEN_PREFIXED:
    case TOKEN_IRI:
        is_fine = parse_tag_term(parser, out);
        break;
    case TOKEN_STRING:
        is_fine = parse_string(parser, out);
        break;
    case TOKEN_NUMBER:
    case TOKEN_PLUS:
    case TOKEN_MINUS:
        is_fine = parse_number(parser, out);
        break;
    case TOKEN_EXISTENTIAL:
        if (position == IN_HEAD)
            return reasoner_unsupported(parser, "existential variables (`!`) are", NULL);
        return reasoner_expected(parser, "a term", "[201] existential variables belong in heads");
    case TOKEN_AGGREGATE:
        return reasoner_unsupported(parser, "aggregates are", NULL);
    case TOKEN_PARAMETER:
        return reasoner_unsupported(parser, "parameters (`$`) are", NULL);
    case TOKEN_FORMATTED:
        return reasoner_unsupported(parser, "formatted strings are", NULL);
    case TOKEN_OPEN:
        return reasoner_unsupported(parser, "arithmetic and tuples are", NULL);
    case TOKEN_NOT:
        return reasoner_expected(parser, "a term", "[111] a negated atom cannot stand inside another");
    default:
        return reasoner_expected(parser, "a term", NULL);
    }
    out->place = reasoner_place_since(parser, offset);
    return is_fine;
}
