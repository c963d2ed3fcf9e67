/* Rule text to program, by recursive descent over the tokens of lex.c. Every fault is told with its place; after one
 * the parser goes on behind the next `.` that ends a line, or at the next blank line, so that all faults of a program
 * show in one run. What the language has and this evaluator lacks is named as such. */
#include "reasoner/parser.h"

#include <stdlib.h>
#include <string.h>

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
        if (!reasoner_parse_term(parser, position, &term))
            return false;
        if (!BASE_PUSH(&parser->terms, term))
            return reasoner_out_of_memory(parser);
        if (is_arithmetic(parser->token.kind))
            return reasoner_unsupported(parser, "arithmetic is", NULL);
        if (is_comparison(parser->token.kind))
            return reasoner_expected(parser, "`,` or `)`", "[110] a comparison cannot stand inside an atom");
        if (parser->token.kind == TOKEN_CLOSE)
            return reasoner_advance(parser);
        if (!reasoner_take(parser, TOKEN_COMMA, "`,` or `)`"))
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
    const bool is_triple = tag->kind == TOKEN_NAME && reasoner_same_slice(parser, tag->inner, "triple");
    if (is_triple && arity != 3) {
        reasoner_fault(parser->faults, reasoner_place(parser, tag->offset, tag->length),
                       "triple(?s, ?p, ?o) is any triple", "[219] triple takes 3 arguments, here are %u", arity);
        return NOWHERE;
    }
    const PredicateKind kind = is_triple ? PREDICATE_TRIPLE : arity < 3 ? kinds[arity] : PREDICATE_LOCAL;
    BaseBuffer iri = {0};
    uint32_t found = NOWHERE;
    if (reasoner_expand(parser, tag, &iri)) {
        found = reasoner_program_predicate(parser->program, kind, (KgText){iri.items, iri.count}, arity);
        if (found == NOWHERE)
            reasoner_out_of_memory(parser);
    }
    base_buffer_free(&iri);
    return found;
}

static bool parse_atom(Parser *parser, Position position, Atom *out)
{
    const Token tag = parser->token;
    if (!reasoner_is_tag(tag.kind))
        return reasoner_expected(parser, position == IN_HEAD ? "a rule or a fact" : "an atom such as p(?x, ?y)", NULL);
    if (!reasoner_advance(parser))
        return false;
    if (parser->token.kind != TOKEN_OPEN || !parser->token.is_glued)
        return reasoner_expected(parser, "`(` right after the predicate",
                                 parser->token.kind == TOKEN_OPEN ? "no blank may stand before the `(`" : NULL);
    if (reasoner_is_function(parser, &tag)) {
        reasoner_fault(parser->faults, reasoner_place(parser, tag.offset, tag.length),
                       "for a predicate of that name write <kg:name>(...)",
                       "`%.*s(...)` is a function, and functions are not supported yet", (int)tag.length,
                       parser->bytes + tag.offset);
        return false;
    }
    if (!reasoner_advance(parser) || !parse_arguments(parser, position))
        return false;
    if (parser->terms.count > ARITY_LIMIT) {
        reasoner_fault(parser->faults, reasoner_place(parser, tag.offset, tag.length), NULL,
                       "a predicate has at most %d arguments", ARITY_LIMIT);
        return false;
    }
    const uint32_t count = (uint32_t)parser->terms.count;
    Term *const terms = base_arena_alloc(&parser->program->arena, count, sizeof *terms);
    if (!terms)
        return reasoner_out_of_memory(parser);
    memcpy(terms, parser->terms.items, count * sizeof *terms);
    *out = (Atom){.terms = terms, .count = count, .place = reasoner_place_since(parser, tag.offset)};
    out->predicate = find_predicate(parser, &tag, count);
    return out->predicate != NOWHERE &&
           check_arity(parser, out->predicate, reasoner_place(parser, tag.offset, tag.length));
}

static bool parse_comparison(Parser *parser, Comparison *out)
{
    static const CompareOperator operators[] = {
        [TOKEN_EQUAL] = EQUAL,           [TOKEN_NOT_EQUAL] = NOT_EQUAL, [TOKEN_LESS] = LESS,
        [TOKEN_LESS_EQUAL] = LESS_EQUAL, [TOKEN_GREATER] = GREATER,     [TOKEN_GREATER_EQUAL] = GREATER_EQUAL,
    };
    const size_t offset = parser->token.offset;
    if (!reasoner_parse_term(parser, IN_COMPARISON, &out->left.term))
        return false;
    if (is_arithmetic(parser->token.kind))
        return reasoner_unsupported(parser, "arithmetic is", NULL);
    if (!is_comparison(parser->token.kind))
        return reasoner_expected(parser, "a comparison (= != < <= > >=)", NULL);
    out->test = operators[parser->token.kind];
    if (!reasoner_advance(parser) || !reasoner_parse_term(parser, IN_COMPARISON, &out->right.term))
        return false;
    if (is_arithmetic(parser->token.kind))
        return reasoner_unsupported(parser, "arithmetic is", NULL);
    if (out->test != EQUAL && out->test != NOT_EQUAL)
        parser->program->has_order = true;
    out->place = reasoner_place_since(parser, offset);
    return true;
}

/* Whether `(` sticks to the tag at hand, which makes it an atom. */
static bool is_atom_ahead(const Parser *parser)
{
    Lexer ahead = parser->lexer;
    const Token next = reasoner_lex(&ahead);
    return reasoner_is_tag(parser->token.kind) && next.kind == TOKEN_OPEN;
}

static bool parse_literal(Parser *parser)
{
    Literal literal = {0};
    const size_t offset = parser->token.offset;
    if (parser->token.kind == TOKEN_NOT) {
        if (!reasoner_advance(parser) || !parse_atom(parser, IN_BODY_ATOM, &literal.atom))
            return false;
        literal.atom.is_negated = true;
        literal.atom.place = reasoner_place_since(parser, offset);
    } else if (is_atom_ahead(parser)) {
        if (!parse_atom(parser, IN_BODY_ATOM, &literal.atom))
            return false;
    } else {
        literal.is_comparison = true;
        if (!parse_comparison(parser, &literal.comparison))
            return false;
    }
    return BASE_PUSH(&parser->body, literal) || reasoner_out_of_memory(parser);
}

/* ---- Statements ---------------------------------------------------------------------------------------------- */

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
        if (!parse_atom(parser, IN_HEAD, &head))
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
        return reasoner_out_of_memory(parser);
    memcpy(rule.heads, parser->heads.items, rule.head_count * sizeof *rule.heads);
    if (rule.body_count > 0)
        memcpy(rule.body, parser->body.items, rule.body_count * sizeof *rule.body);
    if (rule.variable_count > 0)
        memcpy(rule.variables, parser->variables.items, rule.variable_count * sizeof *rule.variables);
    reasoner_check_rule(&rule, parser->faults);
    return BASE_PUSH(&parser->program->rules, rule) || reasoner_out_of_memory(parser);
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
    const Place place = reasoner_place_since(parser, offset);
    if (parser->heads.count > 1 && !is_rule)
        return reasoner_expected(parser, "`:-`", "a fact is a single atom");
    if (!reasoner_take(parser, TOKEN_DOT, is_rule ? "`,` or `.`" : "`.`, `,` or `:-`"))
        return false;
    return parser->heads.count == 0 || keep_rule(parser, place);
}

static bool parse_name_attribute(Parser *parser)
{
    const Token string = parser->token;
    if (parser->rule_name)
        return reasoner_expected(parser, "one name for a rule", NULL);
    if (!reasoner_take(parser, TOKEN_STRING, "the rule's name as a string"))
        return false;
    parser->rule_name =
        base_arena_copy(&parser->program->arena, parser->bytes + string.inner.offset, string.inner.length);
    return parser->rule_name || reasoner_out_of_memory(parser);
}

/* #[name("...")] or #[display(...)], which is read and left aside. */
static bool parse_attribute(Parser *parser)
{
    if (!reasoner_advance(parser))
        return false;
    const Token name = parser->token;
    if (name.kind != TOKEN_NAME ||
        (!reasoner_same_slice(parser, name.inner, "name") && !reasoner_same_slice(parser, name.inner, "display")))
        return reasoner_expected(parser, "[119] an attribute: name or display", "for example #[name(\"uncle\")]");
    if (!reasoner_advance(parser) || !reasoner_take(parser, TOKEN_OPEN, "`(`"))
        return false;
    if (reasoner_same_slice(parser, name.inner, "name")) {
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
            if (!reasoner_advance(parser))
                return false;
        }
    }
    return reasoner_take(parser, TOKEN_CLOSE, "`)`") && reasoner_take(parser, TOKEN_CLOSE_SQUARE, "`]`");
}

static bool parse_output(Parser *parser)
{
    do {
        if (!reasoner_advance(parser))
            return false;
        if (parser->token.kind == TOKEN_DOT)
            break;
        const Token tag = parser->token;
        if (!reasoner_is_tag(tag.kind))
            return reasoner_expected(parser, "the name of a predicate", NULL);
        BaseBuffer iri = {0};
        const Term none = {.place = reasoner_token_place(parser)};
        Term predicate = none;
        const bool is_fine =
            reasoner_expand(parser, &tag, &iri) &&
            reasoner_add_constant(parser, &(KgTerm){.kind = KG_IRI, .text = {iri.items, iri.count}}, &predicate);
        base_buffer_free(&iri);
        if (!is_fine)
            return false;
        if (!BASE_PUSH(&parser->program->outputs, predicate))
            return reasoner_out_of_memory(parser);
        if (!reasoner_advance(parser))
            return false;
    } while (parser->token.kind == TOKEN_COMMA);
    return reasoner_take(parser, TOKEN_DOT, "`,` or `.`");
}

/* The prefixes and the base were read before all else (read_names); here their grammar is checked. */
static bool parse_prefix(Parser *parser)
{
    if (!reasoner_advance(parser))
        return false;
    const Token name = parser->token;
    if (!reasoner_take(parser, TOKEN_PREFIX, "a prefix such as `ex:`"))
        return false;
    for (size_t i = 0; i < parser->prefixes.count; i++) {
        const Prefix *const other = &parser->prefixes.items[i];
        if (other->offset < name.offset && other->name.length == name.inner.length &&
            memcmp(parser->bytes + other->name.offset, parser->bytes + name.inner.offset, name.inner.length) == 0) {
            reasoner_fault(parser->faults, reasoner_place(parser, name.offset, name.length), NULL,
                           "[114] the prefix `%.*s` is defined twice", (int)name.length, parser->bytes + name.offset);
            return false;
        }
    }
    return reasoner_take(parser, TOKEN_IRI, "an IRI in `<` `>`") && reasoner_take(parser, TOKEN_DOT, "`.`");
}

static bool parse_base(Parser *parser, size_t offset)
{
    if (!reasoner_advance(parser))
        return false;
    if (parser->token.kind == TOKEN_IRI && parser->base.offset < parser->token.inner.offset) {
        reasoner_fault(parser->faults, reasoner_place(parser, offset, 5), NULL, "[113] a text has one @base only");
        return false;
    }
    return reasoner_take(parser, TOKEN_IRI, "an IRI in `<` `>`") && reasoner_take(parser, TOKEN_DOT, "`.`");
}

static bool parse_directive(Parser *parser)
{
    static const char *const known[] = {"base", "prefix", "output", "import", "export", "parameter"};
    const Slice name = parser->token.inner;
    if (reasoner_same_slice(parser, name, "base"))
        return parse_base(parser, parser->token.offset);
    if (reasoner_same_slice(parser, name, "prefix"))
        return parse_prefix(parser);
    if (reasoner_same_slice(parser, name, "output"))
        return parse_output(parser);
    if (reasoner_same_slice(parser, name, "import"))
        return reasoner_unsupported(parser, "@import is", "import the file into the database first (kgq import)");
    if (reasoner_same_slice(parser, name, "export"))
        return reasoner_unsupported(parser, "@export is",
                                    "what is derived goes to the database; see kgq export --inferred");
    if (reasoner_same_slice(parser, name, "parameter"))
        return reasoner_unsupported(parser, "@parameter is", NULL);
    if (reasoner_same_slice(parser, name, "declare")) {
        reasoner_fault(parser->faults, reasoner_token_place(parser), NULL, "[899] @declare is not supported");
        return false;
    }
    char word[32], hint[64] = "";
    snprintf(word, sizeof word, "%.*s", (int)name.length, parser->bytes + name.offset);
    const char *const near = base_nearest(word, known, sizeof known / sizeof *known);
    if (near)
        snprintf(hint, sizeof hint, "did you mean @%s?", near);
    reasoner_fault(parser->faults, reasoner_token_place(parser), near ? hint : NULL, "[112] unknown directive `@%s`",
                   word);
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
        return parser->rule_name ? reasoner_expected(parser, "a rule after its attribute", NULL)
                                 : parse_directive(parser);
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
        if (reasoner_same_slice(parser, token.inner, "base") && parser->base.length == 0) {
            token = reasoner_lex(&lexer);
            if (token.kind == TOKEN_IRI)
                parser->base = token.inner;
        } else if (reasoner_same_slice(parser, token.inner, "prefix")) {
            const Token name = reasoner_lex(&lexer);
            token = reasoner_lex(&lexer);
            if (name.kind != TOKEN_PREFIX || token.kind != TOKEN_IRI)
                continue;
            const char *const iri =
                base_arena_copy(&parser->program->arena, parser->bytes + token.inner.offset, token.inner.length);
            if (!iri || !BASE_PUSH(&parser->prefixes, (Prefix){name.inner, iri, name.offset}))
                return reasoner_out_of_memory(parser);
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
        reasoner_fault(parser->faults, reasoner_place(parser, valid < end ? valid : end, 1), NULL,
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
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    for (size_t i = 0; i < count; i++) {
        const char *const name = texts[i].name ? texts[i].name : "<rules>";
        const char *text = texts[i].length ? texts[i].text : "";
        size_t length = texts[i].length;
        if (length >= strlen(byte_order_mark) && memcmp(text, byte_order_mark, strlen(byte_order_mark)) == 0) {
            text += strlen(byte_order_mark);
            length -= strlen(byte_order_mark);
        }
        const ReasonerText copy = {
            .name = base_arena_copy(&program->arena, name, strlen(name)),
            .text = base_arena_copy(&program->arena, text, length),
            .length = length,
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
        BaseError fault = {0};
        status = base_read_file(files[i], &bytes, &texts[i].length, &fault);
        if (status == BASE_BAD_INPUT) /* a folder, damaged data: told as any other fault of a program */
            base_sink(sink, &fault);
        if (status != BASE_OK && err)
            *err = fault;
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
