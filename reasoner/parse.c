/* Rule text to program, by recursive descent over the tokens of lex.c. Every fault is told with its place; after one
 * the parser goes on behind the next `.` that ends a line, or at the next blank line, so that all faults of a program
 * show in one run. What the language has and this evaluator lacks is named as such. */
#include "reasoner/lex.h"
#include "reasoner/literal.h"
#include "reasoner/program.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct Prefix {
    Slice name;
    const char *iri;
    size_t offset; /* of its definition */
} Prefix;

typedef struct Parser {
    ReasonerProgram *program;
    Faults *faults;
    const ReasonerParseOptions *options;
    bool no_memory;
    /* The text at hand. */
    uint32_t text;
    const char *bytes;
    Lexer lexer;
    Token token;   /* the next one */
    size_t behind; /* where the last token taken ended */
    struct {
        Prefix *items;
        size_t count, capacity;
    } prefixes;
    Slice base; /* length 0: none */
    /* The statement at hand. */
    BaseBuffer statement; /* its tokens, with single blanks */
    const char *rule_name;
    struct {
        Atom *items;
        size_t count, capacity;
    } heads;
    struct {
        Literal *items;
        size_t count, capacity;
    } body;
    struct {
        const char **items;
        size_t count, capacity;
    } variables;
    struct {
        Term *items;
        size_t count, capacity;
    } terms;
} Parser;

typedef enum Position { IN_HEAD, IN_BODY_ATOM, IN_COMPARISON } Position;

/* ---- Tokens and faults --------------------------------------------------------------------------------------- */

static Place place_of(const Parser *parser, size_t offset, size_t length)
{
    return (Place){parser->text, (uint32_t)offset, (uint32_t)length};
}

static Place token_place(const Parser *parser)
{
    return place_of(parser, parser->token.offset, parser->token.length);
}

/* From `offset` to the end of the last token taken. */
static Place place_since(const Parser *parser, size_t offset)
{
    return place_of(parser, offset, parser->behind - offset);
}

static bool out_of_memory(Parser *parser)
{
    parser->no_memory = true;
    return false;
}

static bool advance(Parser *parser)
{
    const Token *const token = &parser->token;
    if (!base_buffer_add(&parser->statement, " ", parser->statement.count > 0 && !token->is_glued) ||
        !base_buffer_add(&parser->statement, parser->bytes + token->offset, token->length))
        return out_of_memory(parser);
    parser->behind = token->offset + token->length;
    parser->token = reasoner_lex(&parser->lexer);
    return true;
}

/* Tells what stands where something else was expected. */
static bool expected(Parser *parser, const char *what, const char *hint)
{
    const Token *const token = &parser->token;
    if (token->kind == TOKEN_BAD)
        reasoner_fault(parser->faults, token_place(parser), token->hint, "%s", token->trouble);
    else if (token->kind == TOKEN_END)
        reasoner_fault(parser->faults, token_place(parser), hint, "expected %s, found the end of the text", what);
    else
        reasoner_fault(parser->faults, token_place(parser), hint, "expected %s, found `%.*s`", what,
                       (int)(token->length < 60 ? token->length : 60), parser->bytes + token->offset);
    return false;
}

static bool unsupported(Parser *parser, const char *what, const char *hint)
{
    reasoner_fault(parser->faults, token_place(parser), hint, "%s not supported yet", what);
    return false;
}

static bool take(Parser *parser, TokenKind kind, const char *what)
{
    return parser->token.kind == kind ? advance(parser) : expected(parser, what, NULL);
}

/* ---- Names --------------------------------------------------------------------------------------------------- */

static KgText slice_text(const Parser *parser, Slice slice)
{
    return (KgText){parser->bytes + slice.offset, slice.length};
}

static bool same_slice(const Parser *parser, Slice slice, const char *word)
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
        if (same_slice(parser, name, parser->options->prefixes[i].prefix))
            return parser->options->prefixes[i].iri;
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (same_slice(parser, name, built_in[i].prefix))
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
        return add_bare_name(parser, token->inner, out) || out_of_memory(parser);
    if (token->kind == TOKEN_IRI)
        return base_buffer_add(out, parser->bytes + token->inner.offset, token->inner.length) || out_of_memory(parser);
    const char *const iri = known_prefix(parser, token->inner);
    if (!iri) {
        reasoner_fault(parser->faults, place_of(parser, token->offset, token->inner.length + 1),
                       "declare it with @prefix name: <iri>.", "[103] unknown prefix `%.*s:`", (int)token->inner.length,
                       parser->bytes + token->inner.offset);
        return false;
    }
    return (base_buffer_add(out, iri, strlen(iri)) &&
            base_buffer_add(out, parser->bytes + token->local.offset, token->local.length)) ||
           out_of_memory(parser);
}

/* The IRI that the token (NAME, PREFIXED or IRI) means, appended to the empty `out`; one that a database can hold. */
static bool expand(Parser *parser, const Token *token, BaseBuffer *out)
{
    BaseBuffer field = {0};
    BaseArena scratch = {0};
    BaseError err = {0};
    KgTerm term = {0};
    if (!expand_parts(parser, token, out))
        return false;
    bool is_fine = base_buffer_format(&field, "<%s>", out->items) || out_of_memory(parser);
    if (is_fine) {
        const BaseStatus status = kg_parse_term((KgText){field.items, field.count}, &scratch, &term, &err);
        const bool is_same = status == BASE_OK && term.text.length == out->count;
        if (!is_same)
            reasoner_fault(parser->faults, place_of(parser, token->offset, token->length), NULL, "%s",
                           status == BASE_OK ? "not an IRI: it has a backslash" : err.message);
        is_fine = is_same;
    }
    base_buffer_free(&field);
    base_arena_free(&scratch);
    return is_fine;
}

static bool is_tag(TokenKind kind)
{
    return kind == TOKEN_NAME || kind == TOKEN_PREFIXED || kind == TOKEN_IRI;
}

/* Names that are functions when `(` follows. */
static bool is_function(const Parser *parser, const Token *token)
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

static bool add_constant(Parser *parser, const KgTerm *term, Term *out)
{
    out->index = reasoner_program_constant(parser->program, term);
    return out->index != NOWHERE || out_of_memory(parser);
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
        return out_of_memory(parser);
    out->index = (uint32_t)parser->variables.count - 1;
    return true;
}

static bool parse_tag_term(Parser *parser, Term *out)
{
    const Token tag = parser->token;
    if (!advance(parser))
        return false;
    if (parser->token.is_glued && parser->token.kind == TOKEN_OPEN) {
        reasoner_fault(parser->faults, place_of(parser, tag.offset, tag.length), NULL,
                       is_function(parser, &tag) ? "functions such as `%.*s` are not supported yet"
                                                 : "[996] `%.*s(...)` is a compound term, which rules do not have",
                       (int)tag.length, parser->bytes + tag.offset);
        return false;
    }
    if (parser->token.kind == TOKEN_OPEN_BRACE)
        return unsupported(parser, "maps are", NULL);
    if (tag.kind == TOKEN_NAME && (same_slice(parser, tag.inner, "true") || same_slice(parser, tag.inner, "false")))
        return add_constant(
            parser,
            &(KgTerm){.kind = KG_LITERAL, .text = slice_text(parser, tag.inner), .datatype = KG_TEXT(XSD "boolean")},
            out);
    BaseBuffer iri = {0};
    const bool is_fine = expand(parser, &tag, &iri) &&
                         add_constant(parser, &(KgTerm){.kind = KG_IRI, .text = {iri.items, iri.count}}, out);
    base_buffer_free(&iri);
    return is_fine;
}

static bool parse_datatype(Parser *parser, Token string, Term *out)
{
    if (!advance(parser))
        return false;
    if (!is_tag(parser->token.kind) || !parser->token.is_glued)
        return expected(parser, "a datatype right after `^^`", "for example \"2001-01-01\"^^xsd:date");
    BaseBuffer datatype = {0};
    KgTerm term = {.kind = KG_LITERAL, .text = slice_text(parser, string.inner)};
    bool is_fine = expand(parser, &parser->token, &datatype) && advance(parser);
    if (is_fine) {
        term.datatype = (KgText){datatype.items, datatype.count};
        if (datatype.count == strlen(XSD "string") && memcmp(datatype.items, XSD "string", datatype.count) == 0)
            term.datatype = (KgText){0};
        if (!reasoner_is_well_formed(&term)) {
            reasoner_fault(parser->faults, place_since(parser, string.offset), NULL,
                           "[107] \"%.*s\" is not a value of %.*s", (int)string.inner.length,
                           parser->bytes + string.inner.offset, (int)datatype.count, datatype.items);
            is_fine = false;
        }
    }
    is_fine = is_fine && add_constant(parser, &term, out);
    base_buffer_free(&datatype);
    return is_fine;
}

static bool parse_string(Parser *parser, Term *out)
{
    const Token string = parser->token;
    if (!advance(parser))
        return false;
    KgTerm term = {.kind = KG_LITERAL, .text = slice_text(parser, string.inner)};
    if (parser->token.kind == TOKEN_DATATYPE)
        return parse_datatype(parser, string, out);
    if (parser->token.kind != TOKEN_LANGUAGE)
        return add_constant(parser, &term, out);
    char language[64];
    const Slice tag = parser->token.inner;
    if (tag.length >= sizeof language)
        return expected(parser, "a language of at most 63 letters", NULL);
    for (size_t i = 0; i < tag.length; i++) {
        const char c = parser->bytes[tag.offset + i];
        language[i] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    }
    term.language = (KgText){language, tag.length};
    return add_constant(parser, &term, out) && advance(parser);
}

static bool parse_number(Parser *parser, Term *out)
{
    char sign = '\0';
    const size_t offset = parser->token.offset;
    if (parser->token.kind != TOKEN_NUMBER) {
        sign = parser->bytes[offset];
        if (!advance(parser))
            return false;
        if (parser->token.kind != TOKEN_NUMBER || !parser->token.is_glued)
            return expected(parser, "a number right after the sign", "write 0 - ?x for the negative of a variable");
    }
    const Token number = parser->token;
    NumberText text;
    if (!reasoner_read_number(sign, parser->bytes + number.offset, number.length, &text)) {
        reasoner_fault(parser->faults, place_of(parser, offset, number.offset + number.length - offset), NULL,
                       "this is not a number that a rule can hold");
        return false;
    }
    const KgTerm term = {.kind = KG_LITERAL,
                         .text = {text.lexical, strlen(text.lexical)},
                         .datatype = {text.datatype, strlen(text.datatype)}};
    return add_constant(parser, &term, out) && advance(parser);
}

static bool parse_anonymous(Parser *parser, Position position, Term *out)
{
    if (position == IN_BODY_ATOM)
        return add_variable(parser, "_", 1, out) && advance(parser);
    reasoner_fault(parser->faults, token_place(parser), "name the variable",
                   position == IN_HEAD ? "[203] `_` cannot stand in a head" : "[218] `_` cannot be compared");
    return false;
}

static bool parse_term(Parser *parser, Position position, Term *out)
{
    const Token *const token = &parser->token;
    const size_t offset = token->offset;
    bool is_fine = false;
    *out = (Term){0};
    switch (token->kind) {
    case TOKEN_VARIABLE:
        is_fine = add_variable(parser, parser->bytes + token->offset, token->length, out) && advance(parser);
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
            return unsupported(parser, "existential variables (`!`) are", NULL);
        return expected(parser, "a term", "[201] existential variables belong in heads");
    case TOKEN_AGGREGATE:
        return unsupported(parser, "aggregates are", NULL);
    case TOKEN_PARAMETER:
        return unsupported(parser, "parameters (`$`) are", NULL);
    case TOKEN_FORMATTED:
        return unsupported(parser, "formatted strings are", NULL);
    case TOKEN_OPEN:
        return unsupported(parser, "arithmetic and tuples are", NULL);
    case TOKEN_NOT:
        return expected(parser, "a term", "[111] a negated atom cannot stand inside another");
    default:
        return expected(parser, "a term", NULL);
    }
    out->place = place_since(parser, offset);
    return is_fine;
}

/* ---- Atoms and comparisons ----------------------------------------------------------------------------------- */

static bool is_arithmetic(TokenKind kind)
{
    return kind == TOKEN_PLUS || kind == TOKEN_MINUS || kind == TOKEN_STAR || kind == TOKEN_SLASH;
}

static bool is_comparison(TokenKind kind)
{
    return kind >= TOKEN_EQUAL && kind <= TOKEN_GREATER_EQUAL;
}

/* The arguments from behind `(` to `)`, into parser->terms. */
static bool parse_arguments(Parser *parser, Position position)
{
    parser->terms.count = 0;
    for (;;) {
        Term term;
        if (!parse_term(parser, position, &term))
            return false;
        if (!BASE_PUSH(&parser->terms, term))
            return out_of_memory(parser);
        if (is_arithmetic(parser->token.kind))
            return unsupported(parser, "arithmetic is", NULL);
        if (is_comparison(parser->token.kind))
            return expected(parser, "`,` or `)`", "[110] a comparison cannot stand inside an atom");
        if (parser->token.kind == TOKEN_CLOSE)
            return advance(parser);
        if (!take(parser, TOKEN_COMMA, "`,` or `)`"))
            return false;
    }
}

static bool check_arity(Parser *parser, uint32_t found, Place place)
{
    ReasonerProgram *const program = parser->program;
    Predicate *const predicate = &program->predicates.items[found];
    for (size_t i = 0; i < program->predicates.count; i++) {
        const Predicate *const other = &program->predicates.items[i];
        if (other->is_written && other->constant == predicate->constant && other->arity != predicate->arity &&
            other->kind != PREDICATE_TRIPLE && predicate->kind != PREDICATE_TRIPLE) {
            const BaseSource first = reasoner_program_source(program, other->place);
            reasoner_fault(parser->faults, place, NULL,
                           "[219] %s has %u argument%s here and %u at %s:%u:%u, where it is first used",
                           predicate->name, predicate->arity, predicate->arity == 1 ? "" : "s", other->arity,
                           first.name, first.line, first.column);
            return false;
        }
    }
    if (!predicate->is_written)
        predicate->place = place;
    predicate->is_written = true;
    return true;
}

static uint32_t find_predicate(Parser *parser, const Token *tag, uint32_t arity)
{
    static const PredicateKind kinds[] = {PREDICATE_LOCAL, PREDICATE_CLASS, PREDICATE_PROPERTY};
    const bool is_triple = tag->kind == TOKEN_NAME && same_slice(parser, tag->inner, "triple");
    if (is_triple && arity != 3) {
        reasoner_fault(parser->faults, place_of(parser, tag->offset, tag->length), "triple(?s, ?p, ?o) is any triple",
                       "[219] triple takes 3 arguments, here are %u", arity);
        return NOWHERE;
    }
    const PredicateKind kind = is_triple ? PREDICATE_TRIPLE : arity < 3 ? kinds[arity] : PREDICATE_LOCAL;
    BaseBuffer iri = {0};
    uint32_t found = NOWHERE;
    if (expand(parser, tag, &iri)) {
        found = reasoner_program_predicate(parser->program, kind, (KgText){iri.items, iri.count}, arity);
        if (found == NOWHERE)
            out_of_memory(parser);
    }
    base_buffer_free(&iri);
    return found;
}

static bool parse_atom(Parser *parser, Position position, Atom *out)
{
    const Token tag = parser->token;
    if (!is_tag(tag.kind))
        return expected(parser, position == IN_HEAD ? "a rule or a fact" : "an atom such as p(?x, ?y)", NULL);
    if (!advance(parser))
        return false;
    if (parser->token.kind != TOKEN_OPEN || !parser->token.is_glued)
        return expected(parser, "`(` right after the predicate",
                        parser->token.kind == TOKEN_OPEN ? "no blank may stand before the `(`" : NULL);
    if (is_function(parser, &tag)) {
        reasoner_fault(parser->faults, place_of(parser, tag.offset, tag.length),
                       "for a predicate of that name write <kg:name>(...)",
                       "`%.*s(...)` is a function, and functions are not supported yet", (int)tag.length,
                       parser->bytes + tag.offset);
        return false;
    }
    if (!advance(parser) || !parse_arguments(parser, position))
        return false;
    if (parser->terms.count > ARITY_LIMIT) {
        reasoner_fault(parser->faults, place_of(parser, tag.offset, tag.length), NULL,
                       "a predicate has at most %d arguments", ARITY_LIMIT);
        return false;
    }
    const uint32_t count = (uint32_t)parser->terms.count;
    Term *const terms = base_arena_alloc(&parser->program->arena, count, sizeof *terms);
    if (!terms)
        return out_of_memory(parser);
    memcpy(terms, parser->terms.items, count * sizeof *terms);
    *out = (Atom){.terms = terms, .count = count, .place = place_since(parser, tag.offset)};
    out->predicate = find_predicate(parser, &tag, count);
    return out->predicate != NOWHERE && check_arity(parser, out->predicate, place_of(parser, tag.offset, tag.length));
}

static bool parse_comparison(Parser *parser, Comparison *out)
{
    static const CompareOperator operators[] = {
        [TOKEN_EQUAL] = EQUAL,           [TOKEN_NOT_EQUAL] = NOT_EQUAL, [TOKEN_LESS] = LESS,
        [TOKEN_LESS_EQUAL] = LESS_EQUAL, [TOKEN_GREATER] = GREATER,     [TOKEN_GREATER_EQUAL] = GREATER_EQUAL,
    };
    const size_t offset = parser->token.offset;
    if (!parse_term(parser, IN_COMPARISON, &out->left))
        return false;
    if (is_arithmetic(parser->token.kind))
        return unsupported(parser, "arithmetic is", NULL);
    if (!is_comparison(parser->token.kind))
        return expected(parser, "a comparison (= != < <= > >=)", NULL);
    out->test = operators[parser->token.kind];
    if (!advance(parser) || !parse_term(parser, IN_COMPARISON, &out->right))
        return false;
    if (is_arithmetic(parser->token.kind))
        return unsupported(parser, "arithmetic is", NULL);
    if (out->test != EQUAL && out->test != NOT_EQUAL)
        parser->program->has_order = true;
    out->place = place_since(parser, offset);
    return true;
}

/* Whether `(` sticks to the tag at hand, which makes it an atom. */
static bool is_atom_ahead(const Parser *parser)
{
    Lexer ahead = parser->lexer;
    const Token next = reasoner_lex(&ahead);
    return is_tag(parser->token.kind) && next.kind == TOKEN_OPEN;
}

static bool parse_literal(Parser *parser)
{
    Literal literal = {0};
    const size_t offset = parser->token.offset;
    if (parser->token.kind == TOKEN_NOT) {
        if (!advance(parser) || !parse_atom(parser, IN_BODY_ATOM, &literal.atom))
            return false;
        literal.atom.is_negated = true;
        literal.atom.place = place_since(parser, offset);
    } else if (is_atom_ahead(parser)) {
        if (!parse_atom(parser, IN_BODY_ATOM, &literal.atom))
            return false;
    } else {
        literal.is_comparison = true;
        if (!parse_comparison(parser, &literal.comparison))
            return false;
    }
    return BASE_PUSH(&parser->body, literal) || out_of_memory(parser);
}

/* ---- Statements ---------------------------------------------------------------------------------------------- */

static bool parse_body(Parser *parser)
{
    do {
        if (!advance(parser)) /* `:-` or `,` */
            return false;
        if (parser->token.kind == TOKEN_DOT && parser->body.count > 0)
            return true; /* a comma may end the list */
        if (!parse_literal(parser))
            return false;
    } while (parser->token.kind == TOKEN_COMMA);
    return true;
}

static bool parse_heads(Parser *parser)
{
    for (;;) {
        Atom head;
        if (!parse_atom(parser, IN_HEAD, &head))
            return false;
        if (!BASE_PUSH(&parser->heads, head))
            return out_of_memory(parser);
        if (parser->token.kind != TOKEN_COMMA)
            return true;
        if (!advance(parser))
            return false;
        if (parser->token.kind == TOKEN_IF)
            return true;
    }
}

/* The rule in the parser's hands goes to the program. */
static bool keep_rule(Parser *parser, Place place)
{
    BaseArena *const arena = &parser->program->arena;
    const BaseSource source = reasoner_program_source(parser->program, place);
    BaseBuffer where = {0};
    Rule rule = {.place = place,
                 .head_count = (uint32_t)parser->heads.count,
                 .body_count = (uint32_t)parser->body.count,
                 .variable_count = (uint32_t)parser->variables.count};
    rule.text = base_arena_copy(arena, parser->statement.items, parser->statement.count);
    if (base_buffer_format(&where, "rule at %s:%u", source.name, source.line)) {
        rule.name = parser->rule_name ? parser->rule_name : base_arena_copy(arena, where.items, where.count);
        rule.place_text = base_arena_copy(arena, where.items + strlen("rule at "), where.count - strlen("rule at "));
    }
    base_buffer_free(&where);
    rule.heads = base_arena_alloc(arena, rule.head_count, sizeof *rule.heads);
    rule.body = base_arena_alloc(arena, rule.body_count + 1, sizeof *rule.body);
    rule.variables = base_arena_alloc(arena, rule.variable_count + 1, sizeof *rule.variables);
    rule.is_safe = base_arena_alloc(arena, rule.variable_count + 1, sizeof *rule.is_safe);
    if (!rule.text || !rule.name || !rule.place_text || !rule.heads || !rule.body || !rule.variables || !rule.is_safe)
        return out_of_memory(parser);
    memcpy(rule.heads, parser->heads.items, rule.head_count * sizeof *rule.heads);
    if (rule.body_count > 0)
        memcpy(rule.body, parser->body.items, rule.body_count * sizeof *rule.body);
    if (rule.variable_count > 0)
        memcpy(rule.variables, parser->variables.items, rule.variable_count * sizeof *rule.variables);
    reasoner_check_rule(&rule, parser->faults);
    return BASE_PUSH(&parser->program->rules, rule) || out_of_memory(parser);
}

static bool parse_rule(Parser *parser)
{
    const size_t offset = parser->token.offset;
    parser->statement.count = 0; /* without the attributes before it */
    if (parser->token.kind != TOKEN_IF && !parse_heads(parser))
        return false;
    const bool is_rule = parser->token.kind == TOKEN_IF;
    if (is_rule && !parse_body(parser))
        return false;
    const Place place = place_since(parser, offset);
    if (parser->heads.count > 1 && !is_rule)
        return expected(parser, "`:-`", "a fact is a single atom");
    if (!take(parser, TOKEN_DOT, is_rule ? "`,` or `.`" : "`.`, `,` or `:-`"))
        return false;
    return parser->heads.count == 0 || keep_rule(parser, place);
}

static bool parse_name_attribute(Parser *parser)
{
    const Token string = parser->token;
    if (parser->rule_name)
        return expected(parser, "one name for a rule", NULL);
    if (!take(parser, TOKEN_STRING, "the rule's name as a string"))
        return false;
    parser->rule_name =
        base_arena_copy(&parser->program->arena, parser->bytes + string.inner.offset, string.inner.length);
    return parser->rule_name || out_of_memory(parser);
}

/* #[name("...")] or #[display(...)], which is read and left aside. */
static bool parse_attribute(Parser *parser)
{
    if (!advance(parser))
        return false;
    const Token name = parser->token;
    if (name.kind != TOKEN_NAME ||
        (!same_slice(parser, name.inner, "name") && !same_slice(parser, name.inner, "display")))
        return expected(parser, "[119] an attribute: name or display", "for example #[name(\"uncle\")]");
    if (!advance(parser) || !take(parser, TOKEN_OPEN, "`(`"))
        return false;
    if (same_slice(parser, name.inner, "name")) {
        if (!parse_name_attribute(parser))
            return false;
    } else {
        while (parser->token.kind != TOKEN_CLOSE && parser->token.kind != TOKEN_END &&
               parser->token.kind != TOKEN_BAD) {
            if (parser->token.kind == TOKEN_FORMATTED) { /* passes over what the quotes hold */
                const char *const from = parser->bytes + parser->lexer.offset;
                const char *const end = memchr(from, '"', parser->lexer.length - parser->lexer.offset);
                parser->lexer.offset = end ? (size_t)(end - parser->bytes) + 1 : parser->lexer.length;
            }
            if (!advance(parser))
                return false;
        }
    }
    return take(parser, TOKEN_CLOSE, "`)`") && take(parser, TOKEN_CLOSE_SQUARE, "`]`");
}

static bool parse_output(Parser *parser)
{
    do {
        if (!advance(parser))
            return false;
        if (parser->token.kind == TOKEN_DOT)
            break;
        const Token tag = parser->token;
        if (!is_tag(tag.kind))
            return expected(parser, "the name of a predicate", NULL);
        BaseBuffer iri = {0};
        const Term none = {.place = token_place(parser)};
        Term predicate = none;
        const bool is_fine =
            expand(parser, &tag, &iri) &&
            add_constant(parser, &(KgTerm){.kind = KG_IRI, .text = {iri.items, iri.count}}, &predicate);
        base_buffer_free(&iri);
        if (!is_fine)
            return false;
        if (!BASE_PUSH(&parser->program->outputs, predicate))
            return out_of_memory(parser);
        if (!advance(parser))
            return false;
    } while (parser->token.kind == TOKEN_COMMA);
    return take(parser, TOKEN_DOT, "`,` or `.`");
}

/* The prefixes and the base were read before all else (read_names); here their grammar is checked. */
static bool parse_prefix(Parser *parser)
{
    if (!advance(parser))
        return false;
    const Token name = parser->token;
    if (!take(parser, TOKEN_PREFIX, "a prefix such as `ex:`"))
        return false;
    for (size_t i = 0; i < parser->prefixes.count; i++) {
        const Prefix *const other = &parser->prefixes.items[i];
        if (other->offset < name.offset && other->name.length == name.inner.length &&
            memcmp(parser->bytes + other->name.offset, parser->bytes + name.inner.offset, name.inner.length) == 0) {
            reasoner_fault(parser->faults, place_of(parser, name.offset, name.length), NULL,
                           "[114] the prefix `%.*s` is defined twice", (int)name.length, parser->bytes + name.offset);
            return false;
        }
    }
    return take(parser, TOKEN_IRI, "an IRI in `<` `>`") && take(parser, TOKEN_DOT, "`.`");
}

static bool parse_base(Parser *parser, size_t offset)
{
    if (!advance(parser))
        return false;
    if (parser->token.kind == TOKEN_IRI && parser->base.offset < parser->token.inner.offset) {
        reasoner_fault(parser->faults, place_of(parser, offset, 5), NULL, "[113] a text has one @base only");
        return false;
    }
    return take(parser, TOKEN_IRI, "an IRI in `<` `>`") && take(parser, TOKEN_DOT, "`.`");
}

static bool parse_directive(Parser *parser)
{
    static const char *const known[] = {"base", "prefix", "output", "import", "export", "parameter"};
    const Slice name = parser->token.inner;
    if (same_slice(parser, name, "base"))
        return parse_base(parser, parser->token.offset);
    if (same_slice(parser, name, "prefix"))
        return parse_prefix(parser);
    if (same_slice(parser, name, "output"))
        return parse_output(parser);
    if (same_slice(parser, name, "import"))
        return unsupported(parser, "@import is", "import the file into the database first (kgq import)");
    if (same_slice(parser, name, "export"))
        return unsupported(parser, "@export is", "what is derived goes to the database; see kgq export --inferred");
    if (same_slice(parser, name, "parameter"))
        return unsupported(parser, "@parameter is", NULL);
    if (same_slice(parser, name, "declare")) {
        reasoner_fault(parser->faults, token_place(parser), NULL, "[899] @declare is not supported");
        return false;
    }
    char word[32], hint[64] = "";
    snprintf(word, sizeof word, "%.*s", (int)name.length, parser->bytes + name.offset);
    const char *const near = base_nearest(word, known, sizeof known / sizeof *known);
    if (near)
        snprintf(hint, sizeof hint, "did you mean @%s?", near);
    reasoner_fault(parser->faults, token_place(parser), near ? hint : NULL, "[112] unknown directive `@%s`", word);
    return false;
}

static bool parse_statement(Parser *parser)
{
    parser->rule_name = NULL;
    parser->statement.count = 0;
    parser->heads.count = parser->body.count = parser->variables.count = 0;
    while (parser->token.kind == TOKEN_ATTRIBUTE)
        if (!parse_attribute(parser))
            return false;
    if (parser->token.kind == TOKEN_DIRECTIVE)
        return parser->rule_name ? expected(parser, "a rule after its attribute", NULL) : parse_directive(parser);
    return parse_rule(parser);
}

/* After a fault: on behind the next `.` that ends a line, or at the next blank line. */
static void recover(Parser *parser)
{
    size_t at = parser->token.offset;
    const size_t length = parser->lexer.length;
    for (; at < length; at++) {
        const char c = parser->bytes[at];
        size_t next = at + 1;
        while (next < length &&
               (parser->bytes[next] == ' ' || parser->bytes[next] == '\t' || parser->bytes[next] == '\r'))
            next++;
        const bool ends_line = next >= length || parser->bytes[next] == '\n';
        if (ends_line && (c == '.' || c == '\n')) {
            at++;
            break;
        }
    }
    parser->lexer.offset = at;
    parser->lexer.before = TOKEN_DOT;
    parser->token = reasoner_lex(&parser->lexer);
    parser->behind = at;
}

/* ---- Texts --------------------------------------------------------------------------------------------------- */

/* @prefix and @base hold for the whole text, also before their place: the first of each is taken in a first pass. */
static bool read_names(Parser *parser)
{
    Lexer lexer = parser->lexer;
    for (Token token = reasoner_lex(&lexer); token.kind != TOKEN_END; token = reasoner_lex(&lexer)) {
        if (token.kind != TOKEN_DIRECTIVE)
            continue;
        if (same_slice(parser, token.inner, "base") && parser->base.length == 0) {
            token = reasoner_lex(&lexer);
            if (token.kind == TOKEN_IRI)
                parser->base = token.inner;
        } else if (same_slice(parser, token.inner, "prefix")) {
            const Token name = reasoner_lex(&lexer);
            token = reasoner_lex(&lexer);
            if (name.kind != TOKEN_PREFIX || token.kind != TOKEN_IRI)
                continue;
            const char *const iri =
                base_arena_copy(&parser->program->arena, parser->bytes + token.inner.offset, token.inner.length);
            if (!iri || !BASE_PUSH(&parser->prefixes, (Prefix){name.inner, iri, name.offset}))
                return out_of_memory(parser);
        }
    }
    return true;
}

static void parse_text(Parser *parser, uint32_t text)
{
    const ReasonerText *const source = &parser->program->texts.items[text];
    parser->text = text;
    parser->bytes = source->text;
    parser->prefixes.count = 0;
    parser->base = (Slice){0};
    const size_t valid = base_utf8_check(source->text, source->length), end = strlen(source->text);
    if (valid < source->length || end < source->length) {
        reasoner_fault(parser->faults, place_of(parser, valid < end ? valid : end, 1), NULL,
                       valid < end ? "the text is not UTF-8 here" : "the text has a NUL byte here");
        return;
    }
    parser->lexer = (Lexer){.text = source->text, .length = source->length, .before = TOKEN_DOT};
    if (!read_names(parser))
        return;
    parser->token = reasoner_lex(&parser->lexer);
    while (parser->token.kind != TOKEN_END && !parser->no_memory)
        if (!parse_statement(parser) && !parser->no_memory)
            recover(parser);
}

static bool copy_texts(ReasonerProgram *program, const ReasonerText *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *const name = texts[i].name ? texts[i].name : "<rules>";
        const ReasonerText copy = {
            .name = base_arena_copy(&program->arena, name, strlen(name)),
            .text = base_arena_copy(&program->arena, texts[i].length ? texts[i].text : "", texts[i].length),
            .length = texts[i].length,
        };
        if (!copy.name || !copy.text || !BASE_PUSH(&program->texts, copy))
            return false;
    }
    return true;
}

static void free_parser(Parser *parser)
{
    free(parser->prefixes.items);
    free(parser->heads.items);
    free(parser->body.items);
    free(parser->variables.items);
    free(parser->terms.items);
    base_buffer_free(&parser->statement);
}

BaseStatus reasoner_parse(const ReasonerText *texts, size_t count, const ReasonerParseOptions *options,
                          const BaseSink *sink, ReasonerProgram **out, BaseError *err)
{
    if (!out || (count > 0 && !texts))
        return base_fail(err, BASE_BAD_CALL, "reasoner_parse: texts and a place for the program are needed");
    *out = NULL;
    for (size_t i = 0; i < count; i++)
        if (texts[i].length >= UINT32_MAX)
            return base_fail(err, BASE_BAD_INPUT, "%s is larger than 4 GB, which no rule program is", texts[i].name);
    ReasonerProgram *const program = reasoner_program_new();
    Faults faults = {.program = program, .sink = sink};
    Parser parser = {.program = program, .faults = &faults, .options = options};
    parser.no_memory = !program || !copy_texts(program, texts, count);
    for (size_t i = 0; i < count && !parser.no_memory; i++)
        parse_text(&parser, (uint32_t)i);
    BaseStatus status = parser.no_memory ? base_fail(err, BASE_NO_MEMORY, "no memory for the rules") : BASE_OK;
    if (status == BASE_OK)
        status = reasoner_lay_out(program, &faults, err);
    if (status == BASE_OK && faults.count == 0)
        status = reasoner_stratify(program, &faults, err);
    if (status == BASE_OK && faults.count > 0) {
        status = BASE_BAD_INPUT;
        if (err && err->status == BASE_OK)
            *err = faults.first;
    }
    free_parser(&parser);
    if (status == BASE_OK)
        *out = program;
    else
        reasoner_program_free(program);
    return status;
}

BaseStatus reasoner_parse_files(const char *const *files, size_t count, const ReasonerParseOptions *options,
                                const BaseSink *sink, ReasonerProgram **out, BaseError *err)
{
    if (!out)
        return base_fail(err, BASE_BAD_CALL, "reasoner_parse_files: no place to return the program");
    *out = NULL;
    ReasonerText *const texts = calloc(count + 1, sizeof *texts);
    BaseStatus status = texts ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for the rules");
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        char *bytes = NULL;
        status = base_read_file(files[i], &bytes, &texts[i].length, err);
        texts[i].name = strcmp(files[i], "-") == 0 ? "<stdin>" : files[i];
        texts[i].text = bytes;
    }
    if (status == BASE_OK)
        status = reasoner_parse(texts, count, options, sink, out, err);
    for (size_t i = 0; texts && i < count; i++)
        free((char *)(uintptr_t)texts[i].text);
    free(texts);
    return status;
}

bool reasoner_is_complete(const char *text, size_t length)
{
    Lexer lexer = {.text = text, .length = length, .before = TOKEN_DOT};
    TokenKind last = TOKEN_END;
    for (Token token = reasoner_lex(&lexer); token.kind != TOKEN_END; token = reasoner_lex(&lexer)) {
        last = token.kind;
        if (token.kind == TOKEN_BAD && (text[token.offset] == '"' || text[token.offset] == '/'))
            return false; /* a string or a comment is open still */
    }
    return last == TOKEN_DOT;
}
