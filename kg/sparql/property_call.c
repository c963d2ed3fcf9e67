/* property_call.c - property functions in a pattern: triples whose predicate is one, with what stands on its sides. A
 * list there, which the parser has written out as a chain of rdf:first and rdf:rest, is taken together again. */
#include "kg/sparql/extensions.h"

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

typedef struct Search {
    Run *run;
    const AstPattern *pattern;
    PropertyCalls *calls;
    AstNode arguments[KG_MOST_ARGUMENTS]; /* of the call being read */
    size_t count;
    BaseError *err;
} Search;

static bool is_iri(const AstNode *node, const char *iri)
{
    return node->variable == AST_NO_VARIABLE && node->term.kind == KG_IRI && text_is(node->term.text, iri);
}

/* The triple of the pattern with that subject and predicate; its number, or their count. */
static size_t find_triple(const Search *search, uint32_t subject, const char *predicate)
{
    const AstPattern *const pattern = search->pattern;
    size_t i = 0;
    while (i < pattern->triple_count && (pattern->triples[i].path || pattern->triples[i].subject.variable != subject ||
                                         !is_iri(&pattern->triples[i].predicate, predicate)))
        i++;
    return i;
}

static BaseStatus fail_at(const Search *search, AstPlace place, const char *what)
{
    const Run *const run = search->run;
    const BaseSource at = base_source_at(run->name, run->text, run->length, place.offset, place.width);
    return base_fail_at(search->err, BASE_BAD_INPUT, at, "%s", what);
}

static BaseStatus add_argument(Search *search, const AstNode *node)
{
    if (search->count == KG_MOST_ARGUMENTS)
        return fail_at(search, node->place, "a property function with too many arguments");
    search->arguments[search->count++] = *node;
    return BASE_OK;
}

/* A single argument, or those of the list that begins there. */
static BaseStatus read_side(Search *search, const AstNode *node)
{
    const size_t count = search->pattern->triple_count;
    if (node->variable == AST_NO_VARIABLE || find_triple(search, node->variable, RDF "first") == count)
        return is_iri(node, RDF "nil") ? BASE_OK : add_argument(search, node);
    AstNode cell = *node;
    while (!is_iri(&cell, RDF "nil")) {
        const size_t first = cell.variable == AST_NO_VARIABLE ? count : find_triple(search, cell.variable, RDF "first");
        const size_t rest = cell.variable == AST_NO_VARIABLE ? count : find_triple(search, cell.variable, RDF "rest");
        if (first == count || rest == count)
            return fail_at(search, cell.place, "the list of a property function's arguments has no end");
        const BaseStatus status = add_argument(search, &search->pattern->triples[first].object);
        if (status != BASE_OK)
            return status;
        search->calls->is_taken[first] = search->calls->is_taken[rest] = true;
        cell = search->pattern->triples[rest].object;
    }
    return BASE_OK;
}

static BaseStatus wrong_count(const Search *search, const AstTriple *triple, const char *side, size_t found,
                              unsigned least, unsigned most)
{
    char message[160];
    if (least == most)
        snprintf(message, sizeof message, "this property function takes %u %s%s, found %zu", least, side,
                 least == 1 ? "" : "s", found);
    else
        snprintf(message, sizeof message, "this property function takes %u to %u %ss, found %zu", least, most, side,
                 found);
    return fail_at(search, triple->predicate.place, message);
}

static AstPlace place_of(const AstTriple *triple)
{
    const AstPlace first = triple->subject.place, last = triple->object.place;
    const uint32_t begin = first.offset < last.offset ? first.offset : last.offset;
    const uint32_t end = first.offset > last.offset ? first.offset + first.width : last.offset + last.width;
    return (AstPlace){begin, end - begin};
}

static BaseStatus read_call(Search *search, const AstTriple *triple, const KgPropertyFunction *function,
                            const PropertySpec **out)
{
    search->count = 0;
    BaseStatus status = read_side(search, &triple->subject);
    const size_t subjects = search->count;
    if (status == BASE_OK)
        status = read_side(search, &triple->object);
    if (status != BASE_OK)
        return status;
    const size_t objects = search->count - subjects;
    if (subjects < function->least_subjects || subjects > function->most_subjects)
        return wrong_count(search, triple, "subject", subjects, function->least_subjects, function->most_subjects);
    if (objects < function->least_objects || objects > function->most_objects)
        return wrong_count(search, triple, "object", objects, function->least_objects, function->most_objects);
    PropertySpec *const spec = base_arena_alloc(search->run->arena, 1, sizeof *spec);
    AstNode *const arguments = base_arena_alloc(search->run->arena, search->count + 1, sizeof *arguments);
    if (!spec || !arguments || !sparql_keep_place(search->run, triple->predicate.place, &spec->at))
        return sparql_no_memory(search->err);
    memcpy(arguments, search->arguments, search->count * sizeof *arguments);
    spec->function = function;
    spec->place = place_of(triple);
    spec->arguments = arguments;
    spec->subjects = subjects;
    spec->count = search->count;
    *out = spec;
    return BASE_OK;
}

static const KgPropertyFunction *function_of(const Run *run, const AstTriple *triple)
{
    const AstNode *const predicate = &triple->predicate;
    if (triple->path || predicate->variable != AST_NO_VARIABLE)
        return NULL;
    return sparql_find_property_function(run, predicate->term.text);
}

BaseStatus sparql_find_property_calls(Run *run, const AstPattern *pattern, PropertyCalls *out, BaseError *err)
{
    Search search = {.run = run, .pattern = pattern, .calls = out, .err = err};
    *out = (PropertyCalls){0};
    for (size_t i = 0; i < pattern->triple_count; i++) {
        const KgPropertyFunction *const function = function_of(run, &pattern->triples[i]);
        if (!function)
            continue;
        if (!out->specs) {
            out->specs = base_arena_alloc(run->arena, pattern->triple_count, sizeof *out->specs);
            out->is_taken = base_arena_alloc(run->arena, pattern->triple_count, sizeof *out->is_taken);
        }
        if (!out->specs || !out->is_taken)
            return sparql_no_memory(err);
        const BaseStatus status = read_call(&search, &pattern->triples[i], function, &out->specs[i]);
        if (status != BASE_OK)
            return status;
    }
    return BASE_OK;
}
