/* Rule text to program, by recursive descent over the tokens of lex.c: here the statements of a text, and the entry to
 * it all. Every fault is told with its place; after one the parser goes on behind the next `.` that ends a line, or at
 * the next blank line, so that all faults of a program show in one run. */
#include "reasoner/hints.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void begin_statement(Parser *parser)
{
    parser->rule_name = NULL;
    parser->display = NULL;
    parser->weight = NAN;
    parser->depth = parser->operators = 0;
    parser->statement.count = 0;
    parser->pending.count = 0;
    parser->heads.count = parser->body.count = parser->variables.count = 0;
    parser->token.is_documented = false; /* a %%% comment belongs here */
}

static bool parse_statement(Parser *parser)
{
    bool has_attribute = false;
    begin_statement(parser);
    for (;;) {
        const bool is_weight =
            parser->token.kind == TOKEN_DIRECTIVE && reasoner_same_slice(parser, parser->token.inner, "weight");
        if (parser->token.kind != TOKEN_ATTRIBUTE && !is_weight)
            break;
        has_attribute = true;
        if (is_weight ? !reasoner_parse_weight_directive(parser) : !reasoner_parse_attribute(parser))
            return false;
    }
    if (parser->token.kind == TOKEN_DIRECTIVE)
        return has_attribute ? reasoner_expected(parser, "a rule after its attribute", NULL)
                             : reasoner_parse_directive(parser);
    return reasoner_parse_rule(parser);
}

/* After a fault: on at what looks like the next statement, behind the next `.` that ends a line, or at the next blank
 * line. */
static void recover(Parser *parser)
{
    size_t at = parser->token.offset;
    parser->program->is_incomplete = true;
    if (reasoner_begins_anew(parser)) {
        parser->statement.count = 0;
        return;
    }
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
    parser->line_offset = 0;
    parser->line = 1;
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
    if (parser->token.kind == TOKEN_END && parser->token.is_documented)
        reasoner_fault(parser->faults, reasoner_place(parser, source->length, 0), "a plain comment begins with one %",
                       "a %%%%%% comment belongs before a statement, and none follows");
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

/* "name=term" as the text "@parameter $name = term ." that is read before the others. */
static bool parse_supplied(Parser *parser, const char *given)
{
    ReasonerProgram *const program = parser->program;
    const uint32_t text = (uint32_t)program->texts.count;
    const char *const equal = strchr(given, '=');
    BaseBuffer words = {0};
    const bool is_fine = base_buffer_format(&words, "@parameter $%s .", given);
    const ReasonerText source = {"--param", base_arena_copy(&program->arena, is_fine ? words.items : "", words.count),
                                 words.count};
    base_buffer_free(&words);
    if (!is_fine || !source.text || !BASE_PUSH(&program->texts, source))
        return reasoner_out_of_memory(parser);
    const size_t known = program->parameters.count, rules = program->rules.count, faults = parser->faults->count;
    parse_text(parser, text);
    if (parser->no_memory || parser->faults->count > faults)
        return !parser->no_memory;
    if (!equal || program->parameters.count != known + 1 || program->rules.count != rules ||
        !program->parameters.items[known].definition)
        reasoner_fault(parser->faults, (Place){text, 0, (uint32_t)source.length}, "for example n=3 or name=\"x\"",
                       "[243] a parameter is given once, as name=term");
    else
        program->parameters.items[known].is_supplied = true;
    return true;
}

static void free_parser(Parser *parser)
{
    free(parser->prefixes.items);
    free(parser->heads.items);
    free(parser->body.items);
    free(parser->variables.items);
    free(parser->pending.items);
    free(parser->settings.items);
    free(parser->bindings.items);
    base_buffer_free(&parser->statement);
}

/* What the grammar does not see. */
static BaseStatus judge(ReasonerProgram *program, Faults *faults, BaseError *err)
{
    BaseStatus status = reasoner_lower(program, faults, err);
    if (status == BASE_OK)
        status = reasoner_plan_transfers(program, faults, err);
    if (status == BASE_OK)
        status = reasoner_lay_out(program, faults, err);
    if (status == BASE_OK && faults->count == 0)
        status = reasoner_stratify(program, faults, err);
    if (status == BASE_OK && faults->count == 0)
        status = reasoner_find_needs(program, faults, err);
    return status;
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
    ReasonerProgram *const program = reasoner_program_new(options && options->for_files);
    Faults faults = {.program = program};
    Parser parser = {.program = program, .faults = &faults, .options = options};
    parser.no_memory = !program || !copy_texts(program, texts, count);
    for (size_t i = 0; options && i < options->parameter_count && !parser.no_memory; i++)
        parse_supplied(&parser, options->parameters[i]);
    for (size_t i = 0; i < count && !parser.no_memory; i++)
        parse_text(&parser, (uint32_t)i);
    BaseStatus status = parser.no_memory ? base_fail(err, BASE_NO_MEMORY, "no memory for the rules") : BASE_OK;
    if (status == BASE_OK)
        status = judge(program, &faults, err);
    const bool is_faulty = faults.count > 0;
    BaseError first = {0};
    reasoner_tell_faults(&faults, sink, &first);
    if (status == BASE_OK && is_faulty) {
        status = BASE_BAD_INPUT;
        if (err && err->status == BASE_OK)
            *err = first;
    }
    free_parser(&parser);
    if (status == BASE_OK)
        *out = program;
    else
        reasoner_program_free(program);
    return status;
}

BaseStatus reasoner_read_texts(const char *const *files, size_t count, const BaseSink *sink, ReasonerText **out,
                               BaseError *err)
{
    ReasonerText *const texts = *out = calloc(count + 1, sizeof *texts);
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
    return status;
}

void reasoner_free_texts(ReasonerText *texts, size_t count)
{
    for (size_t i = 0; texts && i < count; i++)
        free((char *)(uintptr_t)texts[i].text);
    free(texts);
}

BaseStatus reasoner_parse_files(const char *const *files, size_t count, const ReasonerParseOptions *options,
                                const BaseSink *sink, ReasonerProgram **out, BaseError *err)
{
    if (!out)
        return base_fail(err, BASE_BAD_CALL, "reasoner_parse_files: no place to return the program");
    *out = NULL;
    ReasonerText *texts;
    BaseStatus status = reasoner_read_texts(files, count, sink, &texts, err);
    if (status == BASE_OK)
        status = reasoner_parse(texts, count, options, sink, out, err);
    reasoner_free_texts(texts, count);
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
