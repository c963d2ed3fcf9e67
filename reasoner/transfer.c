/* The settings of @import and @export: made ground, checked against what the format takes, and brought into a
 * TransferPlan; then the predicate, whose arity may come from the settings or from its use in rules. */
#include "reasoner/transfer.h"

#include "reasoner/lower.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct FormatShape {
    const char *tag, *extension;
    FileKind kind;
    char delimiter;
    bool is_export, is_there;
} formats[] = {
    {"csv", "csv", FILE_TABLE, ',', true, true},      {"tsv", "tsv", FILE_TABLE, '\t', true, true},
    {"dsv", "dsv", FILE_TABLE, 0, true, true},        {"ntriples", "nt", FILE_RDF, 0, true, true},
    {"turtle", "ttl", FILE_RDF, 0, true, true},       {"nquads", "nq", FILE_RDF, 0, true, true},
    {"trig", "trig", FILE_RDF, 0, true, true},        {"rdf", NULL, FILE_RDF, 0, true, true},
    {"rdfxml", "rdf", FILE_RDF, 0, true, false},      {"json", "json", FILE_JSON, 0, false, true},
    {"sparql", "sparql", FILE_JSON, 0, false, false},
};

/* What a setting may hold, and in which formats it may stand. */
enum { IN_TABLE = 1, IN_RDF = 2, IN_JSON = 4, IN_ALL = 7 };
typedef struct Reader Reader;
typedef struct SettingShape {
    const char *name;
    unsigned where;
    bool (*read)(Reader *reader, const Setting *setting, const Expression *value);
} SettingShape;

struct Reader {
    Lowering *lowering;
    Transfer *transfer;
    TransferPlan *plan;
    const struct FormatShape *shape;
};

static bool fault(const Reader *reader, Place place, const char *hint, const char *message)
{
    reasoner_fault(reader->lowering->faults, place, hint, "%s", message);
    return false;
}

static bool wrong_type(const Reader *reader, const Setting *setting, const char *wanted)
{
    reasoner_fault(reader->lowering->faults, setting->value->place, NULL, "[222] %s wants %s", setting->name, wanted);
    return false;
}

static const Value *constant_of(const Reader *reader, const Expression *value)
{
    return value->kind == EXPRESSION_TERM ? &reader->lowering->program->values.items[value->term.index] : NULL;
}

static const char *keep(const Reader *reader, KgText text)
{
    const char *const copy =
        base_arena_copy(&reader->lowering->program->arena, text.length ? text.bytes : "", text.length);
    if (!copy)
        reader->lowering->no_memory = true;
    return copy;
}

/* ---- Settings ------------------------------------------------------------------------------------------------ */

static bool begins_with(KgText text, const char *word)
{
    return text.length >= strlen(word) && strncasecmp(text.bytes, word, strlen(word)) == 0;
}

/* A path, or an IRI with the scheme file:. */
static bool read_resource(Reader *reader, const Setting *setting, const Expression *expression)
{
    const Value *const value = constant_of(reader, expression);
    if (!value || (value->kind != VALUE_STRING && value->kind != VALUE_IRI))
        return wrong_type(reader, setting, "a path as a string, or an IRI");
    KgText text = value->text;
    if (begins_with(text, "http://") || begins_with(text, "https://"))
        return fault(reader, expression->place, "fetch it into a file first", "files are not fetched from the web");
    if (value->kind == VALUE_IRI && !begins_with(text, "file:"))
        return fault(reader, expression->place, "a path is a string: \"data.csv\"",
                     "[233] a resource is a path, or an IRI that begins with file:");
    if (begins_with(text, "file://"))
        text = (KgText){text.bytes + 7, text.length - 7};
    else if (begins_with(text, "file:"))
        text = (KgText){text.bytes + 5, text.length - 5};
    reader->plan->resource = keep(reader, text);
    return reader->plan->resource != NULL;
}

static bool read_compression(Reader *reader, const Setting *setting, const Expression *expression)
{
    const Value *const value = constant_of(reader, expression);
    if (!value || value->kind != VALUE_STRING)
        return wrong_type(reader, setting, "a string");
    const bool is_gzip = value->text.length == 4 && memcmp(value->text.bytes, "gzip", 4) == 0;
    const bool is_none = value->text.length == 4 && memcmp(value->text.bytes, "none", 4) == 0;
    reader->plan->compression = is_gzip ? COMPRESSION_GZIP : COMPRESSION_NONE;
    return is_gzip || is_none || fault(reader, expression->place, NULL, "[226] compression is \"gzip\" or \"none\"");
}

static bool read_limit(Reader *reader, const Setting *setting, const Expression *expression)
{
    const Value *const value = constant_of(reader, expression);
    if (!value || value->kind != VALUE_INTEGER)
        return wrong_type(reader, setting, "an integer");
    if (value->integer < 0)
        return fault(reader, expression->place, NULL, "[224] a limit is not negative");
    reader->plan->limit = (uint64_t)value->integer;
    return true;
}

static bool read_delimiter(Reader *reader, const Setting *setting, const Expression *expression)
{
    const Value *const value = constant_of(reader, expression);
    if (!value || value->kind != VALUE_STRING)
        return wrong_type(reader, setting, "a string");
    if (value->text.length != 1 || value->text.bytes[0] == '"' || value->text.bytes[0] == '\n' ||
        value->text.bytes[0] == '\r')
        return fault(reader, expression->place, NULL, "[225] a delimiter is one byte, and no quote or line end");
    reader->plan->delimiter = value->text.bytes[0];
    return true;
}

static bool read_boolean(Reader *reader, const Setting *setting, const Expression *expression, bool *out)
{
    const Value *const value = constant_of(reader, expression);
    if (!value || value->kind != VALUE_BOOLEAN)
        return wrong_type(reader, setting, "true or false");
    *out = value->integer != 0;
    return true;
}

static bool read_quoting(Reader *reader, const Setting *setting, const Expression *expression)
{
    return read_boolean(reader, setting, expression, &reader->plan->quoting);
}

static bool read_headers(Reader *reader, const Setting *setting, const Expression *expression)
{
    return read_boolean(reader, setting, expression, &reader->plan->ignore_headers);
}

static bool read_base(Reader *reader, const Setting *setting, const Expression *expression)
{
    const Value *const value = constant_of(reader, expression);
    if (!value || value->kind != VALUE_IRI)
        return wrong_type(reader, setting, "an IRI");
    reader->plan->base = keep(reader, value->text);
    return reader->plan->base != NULL;
}

static bool refuse_web(Reader *reader, const Setting *setting, const Expression *expression)
{
    (void)expression;
    return fault(reader, setting->place, "fetch the resource into a file first", "files are not fetched from the web");
}

/* ---- The columns --------------------------------------------------------------------------------------------- */

static bool read_column(Reader *reader, const Expression *entry, CellFormat *out)
{
    static const struct {
        const char *name;
        CellFormat format;
    } known[] = {
        {"any", CELL_ANY}, {"string", CELL_STRING}, {"int", CELL_INT}, {"double", CELL_DOUBLE}, {"skip", CELL_SKIP}};
    static const char *const names[] = {"any", "string", "int", "double", "skip"};
    /* As written: a base of the program has no say here. */
    const ReasonerText *const text = &reader->lowering->program->texts.items[entry->place.text];
    char word[32], hint[48] = "any, string, int, double or skip";
    snprintf(word, sizeof word, "%.*s", (int)entry->place.length, text->text + entry->place.offset);
    for (size_t i = 0; i < 5; i++) {
        if (strcmp(known[i].name, word) != 0)
            continue;
        *out = known[i].format;
        return reader->plan->kind == FILE_TABLE || *out == CELL_ANY || *out == CELL_SKIP ||
               fault(reader, entry->place, NULL, "[223] columns of RDF are any or skip");
    }
    const char *const near = base_nearest(word, names, 5);
    if (near)
        snprintf(hint, sizeof hint, "did you mean %s?", near);
    return fault(reader, entry->place, hint, "[223] this is no format of a column");
}

static bool read_format(Reader *reader, const Setting *setting, const Expression *expression)
{
    const Expression *const *const entries =
        expression->kind == EXPRESSION_TUPLE ? (const Expression *const *)expression->arguments : &expression;
    const uint32_t count = expression->kind == EXPRESSION_TUPLE ? expression->count : 1;
    (void)setting;
    if (expression->kind == EXPRESSION_MAP || expression->kind == EXPRESSION_FUNCTOR)
        return wrong_type(reader, setting, "a tuple such as (int, any, skip)");
    reader->plan->columns = base_arena_alloc(&reader->lowering->program->arena, count + 1, sizeof(CellFormat));
    reader->plan->column_count = count;
    if (!reader->plan->columns) {
        reader->lowering->no_memory = true;
        return false;
    }
    bool is_fine = true;
    for (uint32_t i = 0; i < count; i++)
        is_fine = read_column(reader, entries[i], &reader->plan->columns[i]) && is_fine;
    if (is_fine && reasoner_transfer_arity(reader->plan) == 0)
        return fault(reader, expression->place, NULL, "[223] a format that skips every column leaves nothing");
    return is_fine;
}

static const SettingShape settings[] = {
    {"resource", IN_ALL, read_resource},          {"compression", IN_ALL, read_compression},
    {"format", IN_TABLE | IN_RDF, read_format},   {"limit", IN_TABLE | IN_RDF, read_limit},
    {"delimiter", IN_TABLE, read_delimiter},      {"quoting", IN_TABLE, read_quoting},
    {"ignore_headers", IN_TABLE, read_headers},   {"base", IN_RDF, read_base},
    {"http_headers", IN_ALL, refuse_web},         {"http_get_parameters", IN_ALL, refuse_web},
    {"http_post_parameters", IN_ALL, refuse_web}, {"iri_fragment", IN_ALL, refuse_web},
};

static const SettingShape *find_setting(const Reader *reader, const Setting *setting)
{
    const char *names[sizeof settings / sizeof *settings];
    char hint[80] = "";
    const unsigned here = reader->plan->kind == FILE_TABLE ? IN_TABLE
                          : reader->plan->kind == FILE_RDF ? IN_RDF
                                                           : IN_JSON;
    size_t count = 0;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (!(settings[i].where & here))
            continue;
        if (strcmp(settings[i].name, setting->name) == 0)
            return &settings[i];
        names[count++] = settings[i].name;
    }
    const char *const near = base_nearest(setting->name, names, count);
    if (near)
        snprintf(hint, sizeof hint, "did you mean %s?", near);
    reasoner_fault(reader->lowering->faults, setting->place, near ? hint : NULL, "[221] %s has no option `%s`",
                   reader->transfer->format, setting->name);
    return NULL;
}

/* ---- Ground values ------------------------------------------------------------------------------------------- */

/* The expression with each variable replaced by what binds it. */
static bool substitute(const Reader *reader, Expression *expression)
{
    const Transfer *const transfer = reader->transfer;
    if (expression->kind == EXPRESSION_TERM && expression->term.is_variable) {
        for (uint32_t b = 0; b < transfer->binding_count; b++) {
            if (transfer->bindings[b].variable != expression->term.index)
                continue;
            const Place place = expression->place;
            *expression = *transfer->bindings[b].value;
            expression->place = place;
            return true;
        }
        reasoner_fault(reader->lowering->faults, expression->place, "bind it behind the options: ..., ?x = value",
                       "[238] nothing binds %s here", transfer->variables[expression->term.index]);
        return false;
    }
    for (uint32_t i = 0; i < expression->count; i++)
        if (!substitute(reader, expression->arguments[i]))
            return false;
    return true;
}

static bool has_call(const Expression *expression)
{
    if (expression->kind == EXPRESSION_CALL)
        return true;
    for (uint32_t i = 0; i < expression->count; i++)
        if (has_call(expression->arguments[i]))
            return true;
    return false;
}

static bool make_ground(const Reader *reader, Expression *expression)
{
    if (!substitute(reader, expression) || !reasoner_resolve(reader->lowering, expression))
        return false;
    if (reasoner_is_open(expression))
        return fault(reader, expression->place, NULL, "[238] this is not ground");
    return !has_call(expression) || fault(reader, expression->place, NULL, "[238] this expression has no value");
}

static bool make_bindings(const Reader *reader)
{
    for (uint32_t b = 0; b < reader->transfer->binding_count; b++) {
        Expression *const value = reader->transfer->bindings[b].value;
        if (reasoner_is_open(value))
            return fault(reader, value->place, NULL, "[238] a binding's value is ground");
        if (!make_ground(reader, value))
            return false;
    }
    return true;
}

/* ---- One of them --------------------------------------------------------------------------------------------- */

static const struct FormatShape *find_format(const Reader *reader)
{
    const Transfer *const transfer = reader->transfer;
    const char *names[sizeof formats / sizeof *formats];
    char hint[80] = "";
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        names[i] = formats[i].tag;
        if (strcmp(formats[i].tag, transfer->format) != 0)
            continue;
        if (!formats[i].is_there)
            fault(reader, transfer->format_place,
                  formats[i].kind == FILE_RDF ? "convert the file to Turtle or N-Triples first"
                                              : "save the result as a file and import that",
                  formats[i].kind == FILE_RDF ? "RDF/XML is not supported" : "sparql imports are not supported yet");
        else if (transfer->is_export && !formats[i].is_export)
            fault(reader, transfer->format_place, "export csv or ntriples", "[995] json can be imported only");
        else
            return &formats[i];
        return NULL;
    }
    const char *const near = base_nearest(transfer->format, names, sizeof formats / sizeof *formats);
    if (near)
        snprintf(hint, sizeof hint, "did you mean %s?", near);
    reasoner_fault(reader->lowering->faults, transfer->format_place, near ? hint : NULL, "[231] unknown format `%s`",
                   transfer->format);
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), width = strlen(end);
    return length >= width && strcmp(text + length - width, end) == 0;
}

/* `rdf` is what the name of its file says. */
static bool find_extension(const Reader *reader)
{
    static const char *const known[] = {"nt", "ttl", "nq", "trig"};
    TransferPlan *const plan = reader->plan;
    const Place place = reader->transfer->format_place;
    char end[16];
    if (!plan->resource)
        return fault(reader, place, "for example resource = \"data.ttl\"", "[229] the format rdf needs a resource");
    for (size_t i = 0; i < 4; i++) {
        snprintf(end, sizeof end, ".%s", known[i]);
        bool is_it = ends_with(plan->resource, end);
        snprintf(end, sizeof end, ".%s.gz", known[i]);
        is_it |= ends_with(plan->resource, end);
        if (!is_it)
            continue;
        plan->extension = known[i];
        return true;
    }
    return fault(reader, place, "it ends in .nt, .ttl, .nq or .trig",
                 "[230] the name of the resource does not say which RDF format it has");
}

static bool has_graph(const TransferPlan *plan)
{
    return plan->extension && (strcmp(plan->extension, "nq") == 0 || strcmp(plan->extension, "trig") == 0);
}

static bool check_whole(const Reader *reader)
{
    TransferPlan *const plan = reader->plan;
    const uint32_t wanted = has_graph(plan) ? 4 : 3;
    if (plan->kind == FILE_TABLE && plan->delimiter == 0)
        return fault(reader, reader->transfer->format_place, "for example delimiter = \";\"",
                     "[220] dsv needs the option delimiter");
    if (plan->kind == FILE_RDF && !plan->extension && !find_extension(reader))
        return false;
    if (plan->kind == FILE_RDF && plan->columns && plan->column_count != (has_graph(plan) ? 4 : 3)) {
        reasoner_fault(reader->lowering->faults, reader->transfer->format_place, NULL,
                       "[223] this format has %u columns, and %u are given", wanted, plan->column_count);
        return false;
    }
    return true;
}

static bool read_transfer(Reader *reader)
{
    Transfer *const transfer = reader->transfer;
    bool is_fine = true;
    reader->shape = find_format(reader);
    if (!reader->shape || !make_bindings(reader))
        return false;
    *reader->plan = (TransferPlan){.kind = reader->shape->kind,
                                   .extension = reader->shape->extension,
                                   .delimiter = reader->shape->delimiter,
                                   .quoting = true};
    for (uint32_t s = 0; s < transfer->setting_count; s++) {
        const Setting *const setting = &transfer->settings[s];
        const SettingShape *const shape = find_setting(reader, setting);
        is_fine =
            shape && make_ground(reader, setting->value) && shape->read(reader, setting, setting->value) && is_fine;
    }
    return is_fine && check_whole(reader);
}

bool reasoner_lower_transfers(Lowering *lowering)
{
    ReasonerProgram *const program = lowering->program;
    bool has_stdin = false;
    for (size_t t = 0; t < program->transfers.count && !lowering->no_memory; t++) {
        Transfer *const transfer = &program->transfers.items[t];
        Reader reader = {.lowering = lowering, .transfer = transfer};
        reader.plan = base_arena_alloc(&program->arena, 1, sizeof *reader.plan);
        if (!reader.plan)
            return false;
        if (!read_transfer(&reader))
            continue;
        transfer->plan = reader.plan;
        if (transfer->is_export || !reader.plan->resource || *reader.plan->resource)
            continue;
        if (has_stdin)
            fault(&reader, transfer->place, NULL, "only one import can read standard input");
        has_stdin = true;
    }
    return !lowering->no_memory;
}

/* ---- Predicates ---------------------------------------------------------------------------------------------- */

uint32_t reasoner_transfer_arity(const TransferPlan *plan)
{
    uint32_t arity = 0;
    if (!plan->columns)
        return plan->kind == FILE_TABLE ? 0 : has_graph(plan) ? 4 : 3;
    for (uint32_t c = 0; c < plan->column_count; c++)
        arity += plan->columns[c] != CELL_SKIP;
    return arity;
}

static uint32_t find_predicate(const ReasonerProgram *program, uint32_t constant)
{
    for (uint32_t p = 0; p < program->predicates.count; p++)
        if (program->predicates.items[p].is_written && program->predicates.items[p].constant == constant)
            return p;
    return NOWHERE;
}

static bool place_predicate(ReasonerProgram *program, Transfer *transfer, bool is_last, Faults *faults)
{
    const uint32_t arity = reasoner_transfer_arity(transfer->plan);
    const KgText name = program->constants.items[transfer->predicate.index].text;
    transfer->found = find_predicate(program, transfer->predicate.index);
    if (transfer->found == NOWHERE && arity == 0) {
        if (is_last)
            reasoner_fault(faults, transfer->predicate.place, "give the option format, for example format = (any, any)",
                           "[232] how many columns %.*s has is said nowhere", (int)name.length, name.bytes);
        return true;
    }
    if (arity > ARITY_LIMIT) {
        reasoner_fault(faults, transfer->predicate.place, NULL, "a predicate has at most %d arguments", ARITY_LIMIT);
        return true;
    }
    if (transfer->found == NOWHERE) {
        transfer->found = reasoner_program_predicate(program, PREDICATE_LOCAL, name, arity);
        if (transfer->found == NOWHERE)
            return false;
        program->predicates.items[transfer->found].place = transfer->predicate.place;
    }
    Predicate *const predicate = &program->predicates.items[transfer->found];
    predicate->is_written = predicate->is_meant = true;
    if (arity == 0 || arity == predicate->arity)
        return true;
    const BaseSource first = reasoner_program_source(program, predicate->place);
    reasoner_fault(faults, transfer->predicate.place, NULL,
                   "[219] %s has %u column%s here and %u argument%s at %s:%u:%u, where it is first used",
                   predicate->name, arity, arity == 1 ? "" : "s", predicate->arity, predicate->arity == 1 ? "" : "s",
                   first.name, first.line, first.column);
    return true;
}

BaseStatus reasoner_plan_transfers(ReasonerProgram *program, Faults *faults, BaseError *err)
{
    for (int pass = 0; pass < 2; pass++) { /* one transfer may tell another how many columns there are */
        for (size_t t = 0; t < program->transfers.count; t++) {
            Transfer *const transfer = &program->transfers.items[t];
            if (transfer->plan && transfer->found == NOWHERE && !place_predicate(program, transfer, pass == 1, faults))
                return base_fail(err, BASE_NO_MEMORY, "no memory for the rules");
        }
    }
    return BASE_OK;
}
