/* Rules, facts and their attributes. */
#include "reasoner/functions.h"
#include "reasoner/parser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Atoms and comparisons ----------------------------------------------------------------------------------- */

bool reasoner_is_comparison(TokenKind kind)
{
    return kind >= TOKEN_EQUAL && kind <= TOKEN_GREATER_EQUAL;
}

/* A name has one arity. In rules on a database it may be a class here and a property there, as in RDF, but that is
 * likely a slip. */
static bool check_arity(Parser *parser, uint32_t found, Place place)
{
    ReasonerProgram *const program = parser->program;
    Predicate *const predicate = &program->predicates.items[found];
    if (predicate->is_written)
        return true;
    for (size_t i = 0; i < program->predicates.count; i++) {
        const Predicate *const other = &program->predicates.items[i];
        if (!other->is_written || other->constant != predicate->constant || other->arity == predicate->arity ||
            other->kind == PREDICATE_TRIPLE || predicate->kind == PREDICATE_TRIPLE)
            continue;
        const BaseSource first = reasoner_program_source(program, other->place);
        const bool is_both = other->kind != PREDICATE_LOCAL && predicate->kind != PREDICATE_LOCAL;
        (is_both ? reasoner_warn : reasoner_fault)(
            parser->faults, place, is_both ? "with one argument it is a class, with two a property" : NULL,
            "[219] %s has %u argument%s here and %u at %s:%u:%u, where it is first used", predicate->name,
            predicate->arity, predicate->arity == 1 ? "" : "s", other->arity, first.name, first.line, first.column);
        if (!is_both)
            return false;
        break;
    }
    predicate->place = place;
    predicate->is_written = true;
    return true;
}

static const ReasonerExternal *find_external(const Parser *parser, const char *iri)
{
    for (size_t e = 0; parser->options && e < parser->options->external_count; e++)
        if (strcmp(parser->options->externals[e].iri, iri) == 0)
            return &parser->options->externals[e];
    return NULL;
}

static bool use_external(Parser *parser, const Token *tag, const ReasonerExternal *external, uint32_t arity,
                         uint32_t found)
{
    Predicate *const predicate = &parser->program->predicates.items[found];
    if (arity != external->arity) {
        reasoner_fault(parser->faults, reasoner_place(parser, tag->offset, tag->length), NULL,
                       "[219] %s is external and takes %u argument%s, here are %u", predicate->name, external->arity,
                       external->arity == 1 ? "" : "s", arity);
        return false;
    }
    predicate->external = external;
    parser->program->needs_values = true;
    return true;
}

static uint32_t find_predicate(Parser *parser, const Token *tag, uint32_t arity)
{
    const bool for_files = parser->program->for_files;
    static const PredicateKind kinds[] = {PREDICATE_LOCAL, PREDICATE_CLASS, PREDICATE_PROPERTY};
    const bool is_triple = !for_files && tag->kind == TOKEN_NAME && reasoner_same_slice(parser, tag->inner, "triple");
    if (is_triple && arity != 3) {
        reasoner_fault(parser->faults, reasoner_place(parser, tag->offset, tag->length),
                       "triple(?s, ?p, ?o) is any triple", "[219] triple takes 3 arguments, here are %u", arity);
        return NOWHERE;
    }
    PredicateKind kind = is_triple ? PREDICATE_TRIPLE : !for_files && arity < 3 ? kinds[arity] : PREDICATE_LOCAL;
    BaseBuffer iri = {0};
    uint32_t found = NOWHERE;
    if (!reasoner_expand(parser, tag, &iri)) {
        base_buffer_free(&iri);
        return NOWHERE;
    }
    if (iri.count >= 2 && memcmp(iri.items, "__", 2) == 0) {
        reasoner_fault(parser->faults, reasoner_place(parser, tag->offset, tag->length), NULL,
                       "[211] the name of a predicate does not begin with `__`");
    } else {
        const ReasonerExternal *const external = is_triple ? NULL : find_external(parser, iri.items);
        kind = external ? PREDICATE_LOCAL : kind;
        found = reasoner_program_predicate(parser->program, kind, (KgText){iri.items, iri.count}, arity);
        if (found == NOWHERE)
            reasoner_out_of_memory(parser);
        else if (external && !use_external(parser, tag, external, arity, found))
            found = NOWHERE;
    }
    base_buffer_free(&iri);
    return found;
}

static bool parse_atom(Parser *parser, bool is_head, Atom *out)
{
    const Token tag = parser->token;
    if (!reasoner_is_tag(tag.kind))
        return reasoner_expected(parser, is_head ? "a rule or a fact" : "an atom such as p(?x, ?y)", NULL);
    if (!reasoner_advance(parser))
        return false;
    if (parser->token.kind != TOKEN_OPEN || !parser->token.is_glued)
        return reasoner_expected(parser, "`(` right after the predicate",
                                 parser->token.kind == TOKEN_OPEN ? "no blank may stand before the `(`" : NULL);
    if (tag.kind == TOKEN_NAME && reasoner_find_function(parser->bytes + tag.inner.offset, tag.inner.length)) {
        reasoner_fault(parser->faults, reasoner_place(parser, tag.offset, tag.length),
                       parser->program->for_files ? "for a predicate of that name write <name>(...)"
                                                  : "for a predicate of that name write <kg:name>(...)",
                       "[101] `%.*s(...)` is a function and no atom", (int)tag.length, parser->bytes + tag.offset);
        return false;
    }
    *out = (Atom){0};
    if (!reasoner_advance(parser) || !reasoner_parse_arguments(parser, &out->written, &out->count))
        return false;
    if (out->count > ARITY_LIMIT) {
        reasoner_fault(parser->faults, reasoner_place(parser, tag.offset, tag.length), NULL,
                       "a predicate has at most %d arguments", ARITY_LIMIT);
        return false;
    }
    out->place = reasoner_place_since(parser, tag.offset);
    out->predicate = find_predicate(parser, &tag, out->count);
    return out->predicate != NOWHERE &&
           check_arity(parser, out->predicate, reasoner_place(parser, tag.offset, tag.length));
}

/* The condition `call` as the comparison `call = true`. */
static bool compare_with_true(Parser *parser, Operand *out)
{
    Expression *const constant = base_arena_alloc(&parser->program->arena, 1, sizeof *constant);
    if (!constant)
        return reasoner_out_of_memory(parser);
    const KgTerm yes = {.kind = KG_LITERAL, .text = KG_TEXT("true"), .datatype = KG_TEXT(XSD "boolean")};
    out->expression = constant;
    return reasoner_add_constant(parser, &yes, &constant->term);
}

static bool parse_comparison(Parser *parser, Comparison *out)
{
    static const CompareOperator operators[] = {
        [TOKEN_EQUAL] = EQUAL,           [TOKEN_NOT_EQUAL] = NOT_EQUAL, [TOKEN_LESS] = LESS,
        [TOKEN_LESS_EQUAL] = LESS_EQUAL, [TOKEN_GREATER] = GREATER,     [TOKEN_GREATER_EQUAL] = GREATER_EQUAL,
    };
    const size_t offset = parser->token.offset;
    Expression *left, *right;
    if (!reasoner_parse_expression(parser, &left))
        return false;
    out->left.expression = left;
    if (!reasoner_is_comparison(parser->token.kind)) {
        if (left->kind != EXPRESSION_CALL)
            return reasoner_expected(parser, "a comparison (= != < <= > >=)", NULL);
        out->place = reasoner_place_since(parser, offset);
        return compare_with_true(parser, &out->right);
    }
    out->test = operators[parser->token.kind];
    if (!reasoner_advance(parser) || !reasoner_parse_expression(parser, &right))
        return false;
    out->right.expression = right;
    if (out->test != EQUAL && out->test != NOT_EQUAL)
        parser->program->needs_values = true;
    out->place = reasoner_place_since(parser, offset);
    return true;
}

/* Whether `(` sticks to the tag at hand, which then is an atom unless it is a function. */
static bool is_atom_ahead(const Parser *parser)
{
    Lexer ahead = parser->lexer;
    const Token next = reasoner_lex(&ahead);
    const Token *const tag = &parser->token;
    return reasoner_is_tag(tag->kind) && next.kind == TOKEN_OPEN &&
           (tag->kind != TOKEN_NAME || !next.is_glued ||
            !reasoner_find_function(parser->bytes + tag->inner.offset, tag->inner.length));
}

static bool parse_literal(Parser *parser)
{
    Literal literal = {0};
    const size_t offset = parser->token.offset;
    if (parser->token.kind == TOKEN_NOT) {
        if (!reasoner_advance(parser) || !parse_atom(parser, false, &literal.atom))
            return false;
        literal.atom.is_negated = true;
        literal.atom.place = reasoner_place_since(parser, offset);
    } else if (is_atom_ahead(parser)) {
        if (!parse_atom(parser, false, &literal.atom))
            return false;
    } else {
        literal.is_comparison = true;
        if (!parse_comparison(parser, &literal.comparison))
            return false;
    }
    return BASE_PUSH(&parser->body, literal) || reasoner_out_of_memory(parser);
}

/* ---- Rules --------------------------------------------------------------------------------------------------- */

static bool parse_body(Parser *parser)
{
    do {
        if (!reasoner_advance(parser)) /* `:-` or `,` */
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
        if (!parse_atom(parser, true, &head))
            return false;
        if (!BASE_PUSH(&parser->heads, head))
            return reasoner_out_of_memory(parser);
        if (parser->token.kind != TOKEN_COMMA)
            return true;
        if (!reasoner_advance(parser))
            return false;
        if (parser->token.kind == TOKEN_IF)
            return true;
    }
}

static void *copy_items(Parser *parser, const void *items, size_t count, size_t size)
{
    void *const copy = base_arena_alloc(&parser->program->arena, count + 1, size);
    if (copy && count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

/* The line of an offset; they rise from call to call within a text, so each line is counted once. */
static uint32_t line_of(Parser *parser, size_t offset)
{
    const char *at = parser->bytes + parser->line_offset;
    const char *const end = parser->bytes + offset;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        parser->line++;
        at++;
    }
    if (parser->line_offset < offset)
        parser->line_offset = offset;
    return parser->line;
}

/* The rule in the parser's hands goes to the program. */
static bool keep_rule(Parser *parser, Place place, bool is_constraint)
{
    BaseArena *const arena = &parser->program->arena;
    const char *const name = parser->program->texts.items[parser->text].name;
    BaseBuffer where = {0};
    Rule rule = {.place = place,
                 .head_count = (uint32_t)parser->heads.count,
                 .body_count = (uint32_t)parser->body.count,
                 .variable_count = (uint32_t)parser->variables.count,
                 .is_constraint = is_constraint,
                 .is_needed = true,
                 .display = parser->display,
                 .weight = parser->weight};
    rule.text = base_arena_copy(arena, parser->statement.items, parser->statement.count);
    if (base_buffer_format(&where, "rule at %s:%u", name, line_of(parser, place.offset))) {
        rule.name = parser->rule_name ? parser->rule_name : base_arena_copy(arena, where.items, where.count);
        rule.place_text = base_arena_copy(arena, where.items + strlen("rule at "), where.count - strlen("rule at "));
    }
    base_buffer_free(&where);
    rule.heads = copy_items(parser, parser->heads.items, rule.head_count, sizeof *rule.heads);
    rule.body = copy_items(parser, parser->body.items, rule.body_count, sizeof *rule.body);
    rule.variables = copy_items(parser, parser->variables.items, rule.variable_count, sizeof *rule.variables);
    if (!rule.text || !rule.name || !rule.place_text || !rule.heads || !rule.body || !rule.variables)
        return reasoner_out_of_memory(parser);
    return BASE_PUSH(&parser->program->rules, rule) || reasoner_out_of_memory(parser);
}

static bool parse_constraint_head(Parser *parser)
{
    parser->constraint_place = reasoner_token_place(parser);
    if (!reasoner_advance(parser))
        return false;
    return parser->token.kind == TOKEN_IF || reasoner_expected(parser, "`:-` after `#false`", NULL);
}

bool reasoner_parse_rule(Parser *parser)
{
    const size_t offset = parser->token.offset;
    const bool is_constraint =
        parser->token.kind == TOKEN_AGGREGATE && reasoner_same_slice(parser, parser->token.inner, "false");
    parser->statement.count = 0; /* without the attributes before it */
    if (is_constraint && !parse_constraint_head(parser))
        return false;
    if (!is_constraint && parser->token.kind != TOKEN_IF && !parse_heads(parser))
        return false;
    const bool is_rule = parser->token.kind == TOKEN_IF;
    if (is_rule && !parse_body(parser))
        return false;
    const Place place = reasoner_place_since(parser, offset);
    if (parser->heads.count > 1 && !is_rule)
        return reasoner_expected(parser, "`:-`", "a fact is a single atom");
    if (!reasoner_end_statement(parser, is_rule ? "`,` or `.`" : "`.`, `,` or `:-`"))
        return false;
    /* Its arguments come when it is known what is bound. */
    if (is_constraint && !BASE_PUSH(&parser->heads, (Atom){.place = parser->constraint_place, .is_violation = true}))
        return reasoner_out_of_memory(parser);
    if (parser->heads.count == 0)
        reasoner_warn(parser->faults, place, "#false :- ... would tell each match",
                      "a rule without a head derives nothing");
    return parser->heads.count == 0 || keep_rule(parser, place, is_constraint);
}

/* ---- Attributes ---------------------------------------------------------------------------------------------- */

static bool parse_name_attribute(Parser *parser)
{
    const Token string = parser->token;
    if (parser->rule_name)
        return reasoner_expected(parser, "one name for a rule", "[123] each attribute stands once");
    if (!reasoner_take(parser, TOKEN_STRING, "the rule's name as a string"))
        return false;
    parser->rule_name =
        base_arena_copy(&parser->program->arena, parser->bytes + string.inner.offset, string.inner.length);
    return parser->rule_name || reasoner_out_of_memory(parser);
}

static bool parse_display_attribute(Parser *parser)
{
    if (parser->display)
        return reasoner_expected(parser, "one display for a rule", "[123] each attribute stands once");
    return reasoner_parse_expression(parser, &parser->display);
}

/* A number above 0, the rule's weight. */
static bool parse_weight(Parser *parser)
{
    const Place place = reasoner_token_place(parser);
    Term term;
    if (!isnan(parser->weight))
        return reasoner_expected(parser, "one weight for a rule", "[123] each attribute stands once");
    if (parser->token.kind != TOKEN_NUMBER)
        return reasoner_expected(parser, "the rule's weight, a number", "for example 0.8");
    if (!reasoner_parse_term(parser, &term))
        return false;
    const Value *const value = &parser->program->values.items[term.index];
    parser->weight = value->kind == VALUE_INTEGER ? (double)value->integer : value->real;
    if (parser->weight >= 0 && value->kind != VALUE_OTHER)
        return true;
    reasoner_fault(parser->faults, place, NULL, "a weight is a number from 0 on");
    return false;
}

/* #[name("...")], #[display(...)], #[weight(0.8)] */
bool reasoner_parse_attribute(Parser *parser)
{
    static const struct {
        const char *name;
        bool (*parse)(Parser *parser);
    } known[] = {{"name", parse_name_attribute}, {"display", parse_display_attribute}, {"weight", parse_weight}};
    static const char *const names[] = {"name", "display", "weight"};
    if (!reasoner_advance(parser))
        return false;
    const Token name = parser->token;
    size_t which = 0;
    while (which < 3 && (name.kind != TOKEN_NAME || !reasoner_same_slice(parser, name.inner, known[which].name)))
        which++;
    if (which == 3) {
        char word[32], hint[64] = "for example #[name(\"uncle\")]";
        snprintf(word, sizeof word, "%.*s", (int)name.length, parser->bytes + name.offset);
        const char *const near = base_nearest(word, names, 3);
        if (near)
            snprintf(hint, sizeof hint, "did you mean %s?", near);
        reasoner_fault(parser->faults, reasoner_token_place(parser), hint,
                       "[119] no attribute is called `%s`: there are name, display and weight", word);
        return false;
    }
    return reasoner_advance(parser) && reasoner_take(parser, TOKEN_OPEN, "`(`") && known[which].parse(parser) &&
           reasoner_take(parser, TOKEN_CLOSE, "`)`") && reasoner_take(parser, TOKEN_CLOSE_SQUARE, "`]`");
}

/* @weight(0.8) before a rule, as an attribute. */
bool reasoner_parse_weight_directive(Parser *parser)
{
    return reasoner_advance(parser) && reasoner_take(parser, TOKEN_OPEN, "`(`") && parse_weight(parser) &&
           reasoner_take(parser, TOKEN_CLOSE, "`)`");
}
