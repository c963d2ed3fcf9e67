/* Tokens, names and terms of rule text, and what to say when they are not what was expected. */
#include "reasoner/hints.h"
#include "reasoner/literal.h"
#include "reasoner/value_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    if (!parser->token.is_documented || parser->is_ending)
        return true;
    parser->token.is_documented = false;
    reasoner_fault(parser->faults, reasoner_token_place(parser), "a plain comment begins with one % or two",
                   "a %%%%%% comment belongs before a statement, and one stands within this one");
    return false;
}

/* Tells what stands where something else was expected. */
bool reasoner_expected(Parser *parser, const char *what, const char *hint)
{
    const Token *const token = &parser->token;
    const char *const habit = reasoner_habit(parser);
    hint = habit ? habit : hint;
    if (token->kind == TOKEN_BAD)
        reasoner_fault(parser->faults, reasoner_token_place(parser), token->hint, "%s", token->trouble);
    else if (token->kind == TOKEN_END)
        reasoner_fault(parser->faults, reasoner_place(parser, parser->behind, 0), hint,
                       "expected %s, found the end of the text", what);
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

bool reasoner_end_statement(Parser *parser, const char *what)
{
    if (parser->token.kind != TOKEN_DOT)
        return reasoner_expected(parser, what, NULL);
    parser->is_ending = true;
    const bool is_fine = reasoner_advance(parser);
    parser->is_ending = false;
    return is_fine;
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
    for (size_t i = 0; !parser->program->for_files && i < sizeof built_in / sizeof *built_in; i++)
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
    if (parser->program->for_files)
        return base_buffer_add(out, parser->bytes + name.offset, name.length);
    bool is_fine = base_buffer_add(out, KG_NAME_SCHEME, strlen(KG_NAME_SCHEME));
    for (size_t i = 0; is_fine && i < name.length; i++) {
        const char *const c = parser->bytes + name.offset + i;
        is_fine = *c == '%' ? base_buffer_add(out, "%25", 3) : base_buffer_add(out, c, 1);
    }
    return is_fine;
}

static bool unknown_prefix(Parser *parser, const Token *token)
{
    char hint[HINT_BYTES], word[64], names[32][64];
    const char *known[32];
    size_t count = 0;
    snprintf(word, sizeof word, "%.*s:", (int)token->inner.length, parser->bytes + token->inner.offset);
    for (; count < parser->prefixes.count && count < 32; count++) {
        const Slice name = parser->prefixes.items[count].name;
        snprintf(names[count], sizeof names[count], "%.*s:", (int)name.length, parser->bytes + name.offset);
        known[count] = names[count];
    }
    for (size_t i = 0; parser->options && i < parser->options->prefix_count && count < 32; i++, count++) {
        snprintf(names[count], sizeof names[count], "%s:", parser->options->prefixes[i].prefix);
        known[count] = names[count];
    }
    reasoner_fault(parser->faults, reasoner_place(parser, token->offset, token->inner.length + 1),
                   reasoner_near_hint(word, known, count, "declare it with @prefix name: <iri>.", hint),
                   "[103] unknown prefix `%s`", word);
    return false;
}

static bool expand_parts(Parser *parser, const Token *token, BaseBuffer *out)
{
    if (token->kind == TOKEN_NAME)
        return add_bare_name(parser, token->inner, out) || reasoner_out_of_memory(parser);
    if (token->kind == TOKEN_IRI)
        return base_buffer_add(out, parser->bytes + token->inner.offset, token->inner.length) ||
               reasoner_out_of_memory(parser);
    const char *const iri = known_prefix(parser, token->inner);
    if (!iri)
        return unknown_prefix(parser, token);
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
    if (parser->program->for_files || reasoner_is_node((KgText){out->items, out->count}))
        return true;
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

/* ---- Terms --------------------------------------------------------------------------------------------------- */

bool reasoner_add_constant(Parser *parser, const KgTerm *term, Term *out)
{
    *out = (Term){.place = out->place};
    Value value;
    BaseArena scratch = {0};
    if (!parser->program->for_files)
        out->index = reasoner_program_constant(parser->program, term);
    else
        out->index =
            reasoner_value_of_term(term, &scratch, &value) ? reasoner_program_value(parser->program, &value) : NOWHERE;
    base_arena_free(&scratch);
    return out->index != NOWHERE || reasoner_out_of_memory(parser);
}

/* A variable by its name with the mark, ? or !; one name has one mark in a rule. */
static bool add_variable(Parser *parser, const char *name, size_t length, Term *out)
{
    out->is_variable = true;
    out->is_existential = *name == '!';
    for (size_t i = 0; i < parser->variables.count; i++) {
        const char *const other = parser->variables.items[i];
        if (strlen(other) != length || memcmp(other + 1, name + 1, length - 1) != 0)
            continue;
        out->index = (uint32_t)i;
        if (*other == *name)
            return true;
        reasoner_fault(parser->faults, reasoner_token_place(parser), "give one of them another name",
                       "[207] %.*s is also %s in this rule", (int)length, name, other);
        return false;
    }
    const char *const copy = base_arena_copy(&parser->program->arena, name, length);
    if (!copy || !BASE_PUSH(&parser->variables, copy))
        return reasoner_out_of_memory(parser);
    out->index = (uint32_t)parser->variables.count - 1;
    return true;
}

static bool begins_with(const Parser *parser, Slice name, const char *word)
{
    return name.length >= strlen(word) && memcmp(parser->bytes + name.offset, word, strlen(word)) == 0;
}

/* true, false; other names that begin so are refused, as the language has it. */
static bool parse_boolean(Parser *parser, const Token *tag, Term *out)
{
    if (reasoner_same_slice(parser, tag->inner, "true") || reasoner_same_slice(parser, tag->inner, "false"))
        return reasoner_add_constant(
            parser,
            &(KgTerm){.kind = KG_LITERAL, .text = slice_text(parser, tag->inner), .datatype = KG_TEXT(XSD "boolean")},
            out);
    reasoner_fault(parser->faults, reasoner_place(parser, tag->offset, tag->length),
                   "write the name in brackets: <name>", "a name that begins with `true` or `false` is read as that");
    return false;
}

static bool parse_tag_term(Parser *parser, Term *out)
{
    const Token tag = parser->token;
    if (!reasoner_advance(parser))
        return false;
    if (tag.kind == TOKEN_NAME && (begins_with(parser, tag.inner, "true") || begins_with(parser, tag.inner, "false")))
        return parse_boolean(parser, &tag, out);
    BaseBuffer iri = {0};
    const bool is_fine = reasoner_expand(parser, &tag, &iri) &&
                         reasoner_add_constant(parser, &(KgTerm){.kind = KG_IRI, .text = {iri.items, iri.count}}, out);
    base_buffer_free(&iri);
    return is_fine;
}

/* A quirk of the language: _:b1 is the IRI b1. A database has no such IRI; <_:b1> means its
 * node of that label. */
static bool parse_blank(Parser *parser, Term *out)
{
    const Token token = parser->token;
    if (!parser->program->for_files) {
        reasoner_fault(parser->faults, reasoner_place(parser, token.offset, 2),
                       "use a variable, or <_:label> for a node of the database", "a blank node cannot be named so");
        return false;
    }
    return reasoner_add_constant(parser, &(KgTerm){.kind = KG_IRI, .text = slice_text(parser, token.local)}, out) &&
           reasoner_advance(parser);
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
        const bool is_string =
            datatype.count == strlen(XSD "string") && memcmp(datatype.items, XSD "string", datatype.count) == 0;
        if (is_string)
            term.datatype = (KgText){0};
        BaseArena scratch = {0};
        Value value;
        const ReadResult result = string.inner.length == 0 && !is_string
                                      ? READ_ILL_FORMED
                                      : reasoner_read_literal(term.text, term.datatype, &scratch, &value);
        base_arena_free(&scratch);
        if (result == READ_NO_MEMORY)
            is_fine = reasoner_out_of_memory(parser);
        if (result == READ_ILL_FORMED) {
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

/* In a program by itself 1.5f is a 32-bit float, and 0x... past 64 bits a literal of the datatype with that very text,
 * a quirk of the language. */
static bool add_number(Parser *parser, const NumberText *text, Term *out)
{
    const KgText lexical = {text->lexical, strlen(text->lexical)};
    if (parser->program->for_files && (text->is_big || strcmp(text->datatype, XSD "float") == 0)) {
        Value value = {.kind = VALUE_OTHER, .text = lexical, .tag = KG_TEXT("xsd:integer")};
        if (!text->is_big)
            value = (Value){.kind = VALUE_FLOAT, .real = (double)strtof(text->lexical, NULL)};
        if (isfinite(value.real)) {
            *out = (Term){.index = reasoner_program_value(parser->program, &value)};
            return out->index != NOWHERE || reasoner_out_of_memory(parser);
        }
    }
    return reasoner_add_constant(
        parser, &(KgTerm){.kind = KG_LITERAL, .text = lexical, .datatype = {text->datatype, strlen(text->datatype)}},
        out);
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
    return add_number(parser, &text, out) && reasoner_advance(parser);
}

bool reasoner_parse_term(Parser *parser, Term *out)
{
    const Token *const token = &parser->token;
    const size_t offset = token->offset;
    bool is_fine = false;
    *out = (Term){0};
    switch (token->kind) {
    case TOKEN_VARIABLE:
    case TOKEN_EXISTENTIAL:
        is_fine = add_variable(parser, parser->bytes + token->offset, token->length, out) && reasoner_advance(parser);
        break;
    case TOKEN_NAME:
    case TOKEN_PREFIXED:
    case TOKEN_IRI:
        is_fine = parse_tag_term(parser, out);
        break;
    case TOKEN_BLANK:
        is_fine = parse_blank(parser, out);
        break;
    case TOKEN_STRING:
        is_fine = parse_string(parser, out);
        break;
    case TOKEN_NUMBER:
    case TOKEN_PLUS:
    case TOKEN_MINUS:
        is_fine = parse_number(parser, out);
        break;
    case TOKEN_NOT:
        return reasoner_expected(parser, "a term", "[111] a negated atom cannot stand inside another; write NOT(..)");
    default:
        return reasoner_expected(parser, "a term", NULL);
    }
    out->place = reasoner_place_since(parser, offset);
    return is_fine;
}
