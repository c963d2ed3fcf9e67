/* Directives: @base, @prefix, @output, @parameter, @import, @export. */
#include "reasoner/parser.h"

#include <string.h>

/* The tag at hand as the constant that names a predicate. */
static bool parse_predicate_name(Parser *parser, Term *out)
{
    const Token tag = parser->token;
    if (!reasoner_is_tag(tag.kind))
        return reasoner_expected(parser, "the name of a predicate", NULL);
    BaseBuffer iri = {0};
    *out = (Term){.place = reasoner_token_place(parser)};
    const bool is_fine = reasoner_expand(parser, &tag, &iri) &&
                         reasoner_add_constant(parser, &(KgTerm){.kind = KG_IRI, .text = {iri.items, iri.count}}, out);
    base_buffer_free(&iri);
    return is_fine && reasoner_advance(parser);
}

static bool parse_output(Parser *parser)
{
    do {
        if (!reasoner_advance(parser))
            return false;
        if (parser->token.kind == TOKEN_DOT)
            break;
        Term predicate;
        if (!parse_predicate_name(parser, &predicate))
            return false;
        if (!BASE_PUSH(&parser->program->outputs, predicate))
            return reasoner_out_of_memory(parser);
    } while (parser->token.kind == TOKEN_COMMA);
    return reasoner_end_statement(parser, "`,` or `.`");
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
    return reasoner_take(parser, TOKEN_IRI, "an IRI in `<` `>`") && reasoner_end_statement(parser, "`.`");
}

static bool parse_base(Parser *parser)
{
    const size_t offset = parser->token.offset;
    if (!reasoner_advance(parser))
        return false;
    if (parser->token.kind == TOKEN_IRI && parser->base.offset < parser->token.inner.offset) {
        reasoner_fault(parser->faults, reasoner_place(parser, offset, 5), NULL, "[113] a text has one @base only");
        return false;
    }
    return reasoner_take(parser, TOKEN_IRI, "an IRI in `<` `>`") && reasoner_end_statement(parser, "`.`");
}

/* ---- Parameters ---------------------------------------------------------------------------------------------- */

bool reasoner_find_parameter(Parser *parser, Slice name, uint32_t *out)
{
    ReasonerProgram *const program = parser->program;
    for (size_t i = 0; i < program->parameters.count; i++) {
        *out = (uint32_t)i;
        if (reasoner_same_slice(parser, name, program->parameters.items[i].name))
            return true;
    }
    *out = (uint32_t)program->parameters.count;
    const Parameter parameter = {
        .name = base_arena_copy(&program->arena, parser->bytes + name.offset, name.length),
        .place = reasoner_place(parser, name.offset - 1, name.length + 1),
    };
    return (parameter.name && BASE_PUSH(&program->parameters, parameter)) || reasoner_out_of_memory(parser);
}

/* @parameter $name [= expression]. */
static bool parse_parameter(Parser *parser)
{
    if (!reasoner_advance(parser))
        return false;
    const Token name = parser->token;
    uint32_t found;
    Expression *value = NULL;
    if (!reasoner_take(parser, TOKEN_PARAMETER, "the name of a parameter such as $n") ||
        !reasoner_find_parameter(parser, name.inner, &found))
        return false;
    if (parser->token.kind == TOKEN_EQUAL && (!reasoner_advance(parser) || !reasoner_parse_expression(parser, &value)))
        return false;
    Parameter *const parameter = &parser->program->parameters.items[found];
    const Place place = reasoner_place(parser, name.offset, name.length);
    if (value && parameter->definition && !parameter->is_supplied) {
        reasoner_fault(parser->faults, place, NULL, "[243] the parameter $%s is defined twice", parameter->name);
        return false;
    }
    if (value && !parameter->definition) {
        parameter->definition = value;
        parameter->place = place;
    }
    return reasoner_end_statement(parser, "`=` or `.`");
}

/* ---- Imports and exports ------------------------------------------------------------------------------------- */

static bool is_known_setting(const Setting *settings, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(settings[i].name, name) == 0)
            return true;
    return false;
}

/* key = expression */
static bool parse_setting(Parser *parser)
{
    const Token key = parser->token;
    Setting setting = {.place = reasoner_token_place(parser)};
    if (!reasoner_take(parser, TOKEN_NAME, "the name of an option, or `}`"))
        return false;
    setting.name = base_arena_copy(&parser->program->arena, parser->bytes + key.offset, key.length);
    if (!setting.name)
        return reasoner_out_of_memory(parser);
    if (is_known_setting(parser->settings.items, parser->settings.count, setting.name)) {
        reasoner_fault(parser->faults, setting.place, NULL, "the option %s stands twice", setting.name);
        return false;
    }
    return reasoner_take(parser, TOKEN_EQUAL, "`=` after the option") &&
           reasoner_parse_expression(parser, &setting.value) &&
           (BASE_PUSH(&parser->settings, setting) || reasoner_out_of_memory(parser));
}

static bool parse_settings(Parser *parser)
{
    if (!reasoner_take(parser, TOKEN_OPEN_BRACE, "`{` and options after the format"))
        return false;
    while (parser->token.kind != TOKEN_CLOSE_BRACE) {
        if (!parse_setting(parser))
            return false;
        if (parser->token.kind == TOKEN_CLOSE_BRACE)
            break;
        if (!reasoner_take(parser, TOKEN_COMMA, "`,` or `}`"))
            return false;
    }
    return reasoner_advance(parser);
}

/* , ?X = expression */
static bool parse_binding(Parser *parser)
{
    Setting setting = {.place = reasoner_token_place(parser)};
    Term variable;
    if (parser->token.kind != TOKEN_VARIABLE)
        return reasoner_expected(parser, "`?variable = value`", "[237] only such bindings may follow the options");
    if (!reasoner_parse_term(parser, &variable) || !reasoner_take(parser, TOKEN_EQUAL, "`=`") ||
        !reasoner_parse_expression(parser, &setting.value))
        return false;
    setting.variable = variable.index;
    for (size_t i = 0; i < parser->bindings.count; i++) {
        if (parser->bindings.items[i].variable == variable.index) {
            reasoner_fault(parser->faults, setting.place, NULL, "[239] %s is bound twice",
                           parser->variables.items[variable.index]);
            return false;
        }
    }
    return BASE_PUSH(&parser->bindings, setting) || reasoner_out_of_memory(parser);
}

static bool keep_transfer(Parser *parser, Transfer *transfer)
{
    BaseArena *const arena = &parser->program->arena;
    transfer->setting_count = (uint32_t)parser->settings.count;
    transfer->binding_count = (uint32_t)parser->bindings.count;
    transfer->settings = base_arena_alloc(arena, parser->settings.count + 1, sizeof(Setting));
    transfer->bindings = base_arena_alloc(arena, parser->bindings.count + 1, sizeof(Setting));
    transfer->variables = base_arena_alloc(arena, parser->variables.count + 1, sizeof(const char *));
    if (!transfer->settings || !transfer->bindings || !transfer->variables)
        return reasoner_out_of_memory(parser);
    if (parser->settings.count > 0)
        memcpy(transfer->settings, parser->settings.items, parser->settings.count * sizeof(Setting));
    if (parser->bindings.count > 0)
        memcpy(transfer->bindings, parser->bindings.items, parser->bindings.count * sizeof(Setting));
    if (parser->variables.count > 0)
        memcpy(transfer->variables, parser->variables.items, parser->variables.count * sizeof(const char *));
    return BASE_PUSH(&parser->program->transfers, *transfer) || reasoner_out_of_memory(parser);
}

/* @import p :- csv{...}, ?X = expression ... . */
static bool parse_transfer(Parser *parser, bool is_export)
{
    Transfer transfer = {.is_export = is_export, .found = NOWHERE, .place = reasoner_token_place(parser)};
    parser->settings.count = parser->bindings.count = 0;
    if (!parser->program->for_files)
        return is_export ? reasoner_unsupported(parser,
                                                "@export is for programs by themselves (kgq run), and on a "
                                                "database",
                                                "what is derived goes to the database; see kgq export --inferred")
                         : reasoner_unsupported(parser,
                                                "@import is for programs by themselves (kgq run), and on a "
                                                "database",
                                                "import the file into the database first (kgq import)");
    if (!reasoner_advance(parser) || !parse_predicate_name(parser, &transfer.predicate) ||
        !reasoner_take(parser, TOKEN_IF, "`:-` and a format"))
        return false;
    const Token format = parser->token;
    transfer.format_place = reasoner_token_place(parser);
    if (!reasoner_take(parser, TOKEN_NAME, "a format such as csv"))
        return false;
    transfer.format = base_arena_copy(&parser->program->arena, parser->bytes + format.offset, format.length);
    if (!transfer.format)
        return reasoner_out_of_memory(parser);
    if (!parse_settings(parser))
        return false;
    while (parser->token.kind == TOKEN_COMMA)
        if (!reasoner_advance(parser) || !parse_binding(parser))
            return false;
    return reasoner_end_statement(parser, "`,` or `.`") && keep_transfer(parser, &transfer);
}

static bool parse_import(Parser *parser)
{
    return parse_transfer(parser, false);
}

static bool parse_export(Parser *parser)
{
    return parse_transfer(parser, true);
}

/* ---- All ----------------------------------------------------------------------------------------------------- */

bool reasoner_parse_directive(Parser *parser)
{
    static const struct {
        const char *name;
        bool (*parse)(Parser *parser);
    } known[] = {{"base", parse_base},     {"prefix", parse_prefix}, {"output", parse_output},
                 {"import", parse_import}, {"export", parse_export}, {"parameter", parse_parameter}};
    static const char *const names[] = {"base", "prefix", "output", "import", "export", "parameter", "weight"};
    const Slice name = parser->token.inner;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (reasoner_same_slice(parser, name, known[i].name))
            return known[i].parse(parser);
    if (reasoner_same_slice(parser, name, "declare")) {
        reasoner_fault(parser->faults, reasoner_token_place(parser), NULL, "[899] @declare is not supported");
        return false;
    }
    char word[32], hint[64] = "";
    snprintf(word, sizeof word, "%.*s", (int)name.length, parser->bytes + name.offset);
    const char *const near = base_nearest(word, names, sizeof names / sizeof *names);
    if (near)
        snprintf(hint, sizeof hint, "did you mean @%s?", near);
    reasoner_fault(parser->faults, reasoner_token_place(parser), near ? hint : NULL, "[112] unknown directive `@%s`",
                   word);
    return false;
}
