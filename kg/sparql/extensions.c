/* extensions.c - the registry of what a program adds to SPARQL, and how its functions are called in expressions. */
#include "kg/sparql/extensions.h"

#include <stdlib.h>

struct KgExtensions {
    BaseArena names;
    struct {
        KgFunction *items;
        size_t count, capacity;
    } functions;
    struct {
        KgPropertyFunction *items;
        size_t count, capacity;
    } properties;
};

/* ---- The registry ---- */

KgExtensions *kg_extensions_new(void)
{
    return calloc(1, sizeof(KgExtensions));
}

void kg_extensions_free(KgExtensions *extensions)
{
    if (!extensions)
        return;
    for (size_t i = 0; i < extensions->functions.count; i++)
        if (extensions->functions.items[i].release)
            extensions->functions.items[i].release(extensions->functions.items[i].context);
    for (size_t i = 0; i < extensions->properties.count; i++)
        if (extensions->properties.items[i].release)
            extensions->properties.items[i].release(extensions->properties.items[i].context);
    base_arena_free(&extensions->names);
    free(extensions->functions.items);
    free(extensions->properties.items);
    free(extensions);
}

static const KgFunction *added_function(const KgExtensions *extensions, KgText iri)
{
    for (size_t i = 0; extensions && i < extensions->functions.count; i++)
        if (text_is(iri, extensions->functions.items[i].iri))
            return &extensions->functions.items[i];
    return NULL;
}

static const KgPropertyFunction *added_property(const KgExtensions *extensions, KgText iri)
{
    for (size_t i = 0; extensions && i < extensions->properties.count; i++)
        if (text_is(iri, extensions->properties.items[i].iri))
            return &extensions->properties.items[i];
    return NULL;
}

static BaseStatus keep_name(KgExtensions *extensions, const char **iri, BaseError *err)
{
    *iri = base_arena_copy(&extensions->names, *iri, strlen(*iri));
    return *iri ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for an extension of SPARQL");
}

static BaseStatus taken(const char *iri, BaseError *err)
{
    return base_fail(err, BASE_BAD_CALL, "<%s> is registered already", iri);
}

BaseStatus kg_add_function(KgExtensions *extensions, const KgFunction *function, BaseError *err)
{
    if (!extensions || !function || !function->iri || !*function->iri || !function->call ||
        function->least > function->most)
        return base_fail(err, BASE_BAD_CALL, "kg_add_function: the description is not whole");
    const KgText iri = {function->iri, strlen(function->iri)};
    if (added_function(extensions, iri) || sparql_own_function(iri))
        return taken(function->iri, err);
    KgFunction copy = *function;
    const BaseStatus status = keep_name(extensions, &copy.iri, err);
    if (status == BASE_OK && !BASE_PUSH(&extensions->functions, copy))
        return base_fail(err, BASE_NO_MEMORY, "no memory for an extension of SPARQL");
    return status;
}

BaseStatus kg_add_property_function(KgExtensions *extensions, const KgPropertyFunction *function, BaseError *err)
{
    if (!extensions || !function || !function->iri || !*function->iri || !function->open || !function->next ||
        !function->close || function->least_subjects > function->most_subjects ||
        function->least_objects > function->most_objects ||
        function->most_subjects + function->most_objects > KG_MOST_ARGUMENTS)
        return base_fail(err, BASE_BAD_CALL, "kg_add_property_function: the description is not whole");
    const KgText iri = {function->iri, strlen(function->iri)};
    if (added_property(extensions, iri) || sparql_own_property_function(iri))
        return taken(function->iri, err);
    KgPropertyFunction copy = *function;
    const BaseStatus status = keep_name(extensions, &copy.iri, err);
    if (status == BASE_OK && !BASE_PUSH(&extensions->properties, copy))
        return base_fail(err, BASE_NO_MEMORY, "no memory for an extension of SPARQL");
    return status;
}

const KgFunction *sparql_find_function(const Run *run, KgText iri)
{
    const KgFunction *const own = sparql_own_function(iri);
    return own ? own : added_function(run->extensions, iri);
}

const KgPropertyFunction *sparql_find_property_function(const Run *run, KgText iri)
{
    const KgPropertyFunction *const own = sparql_own_property_function(iri);
    return own ? own : added_property(run->extensions, iri);
}

/* ---- What callbacks ask ---- */

KgTxn *kg_call_txn(const KgCall *call)
{
    return call->run->txn;
}

BaseJob *kg_call_job(const KgCall *call)
{
    return call->run->job;
}

BaseArena *kg_call_arena(KgCall *call)
{
    return call->arena;
}

BaseStatus kg_call_term(KgCall *call, KgId id, KgTerm *out, BaseError *err)
{
    return sparql_terms_get(&call->run->terms, id, call->arena, out, err);
}

BaseStatus kg_call_intern(KgCall *call, const KgTerm *term, KgId *out, BaseError *err)
{
    return sparql_terms_intern(&call->run->terms, term, out, err);
}

BaseStatus kg_call_argument(KgCall *call, size_t number, KgId *out, BaseError *err)
{
    Value *const value = &call->arguments[number];
    const BaseStatus status = value->id ? BASE_OK : kg_call_intern(call, &value->term, &value->id, err);
    *out = value->id;
    return status;
}

/* ---- Functions in expressions ---- */

bool sparql_keep_place(const Run *run, AstPlace place, BaseSource *out)
{
    *out = base_source_at(run->name, run->text, run->length, place.offset, place.width);
    out->name = base_arena_copy(run->arena, out->name, strlen(out->name));
    if (out->text)
        out->text = base_arena_copy(run->arena, out->text, out->text_length);
    return out->name && (out->text || out->text_length == 0);
}

static BaseStatus refuse(const Run *run, const AstExpr *expr, BaseError *err, const char *what)
{
    const KgText name = expr->node.term.text;
    const AstPlace place = expr->node.place;
    const BaseSource at = base_source_at(run->name, run->text, run->length, place.offset, place.width);
    return base_fail_at(err, BASE_BAD_INPUT, at, "%s <%.*s>", what, (int)(name.length < 150 ? name.length : 150),
                        name.bytes);
}

BaseStatus sparql_resolve_function(Run *run, AstExpr *expr, BaseError *err)
{
    const KgFunction *const function = sparql_find_function(run, expr->node.term.text);
    if (!function) {
        refuse(run, expr, err, "unknown function");
        base_hint(err, "functions named by an IRI are the casts, such as xsd:integer(?x), and those of docs/sparql.md");
        return BASE_BAD_INPUT;
    }
    if (expr->count < function->least || (function->most != KG_ANY_COUNT && expr->count > function->most)) {
        refuse(run, expr, err, "wrong number of arguments for");
        if (function->least == function->most)
            base_hint(err, "it takes %u", function->least);
        else if (function->most != KG_ANY_COUNT)
            base_hint(err, "it takes %u to %u", function->least, function->most);
        else
            base_hint(err, "it takes %u or more", function->least);
        return BASE_BAD_INPUT;
    }
    BaseSource *const at = base_arena_alloc(run->arena, 1, sizeof *at);
    if (!at || !sparql_keep_place(run, expr->node.place, at))
        return sparql_no_memory(err);
    expr->function = function;
    expr->function_at = at;
    return BASE_OK;
}

/* The arguments' values and terms; false: an error. */
static bool evaluate(Eval *eval, const AstExpr *expr, const KgId *row, Value *values, KgTerm *terms)
{
    for (size_t i = 0; i < expr->count; i++) {
        if (!sparql_eval(eval, expr->arguments[i], row, &values[i]))
            return false;
        if (!sparql_value_term(&values[i], &eval->scratch))
            return sparql_eval_no_memory(eval);
        terms[i] = values[i].term;
    }
    return true;
}

/* A fault of the callback, with its place in the query. */
static void fail_call(Eval *eval, const AstExpr *expr, BaseStatus status, const BaseError *fault)
{
    eval->status = base_fail_at(eval->err, status, *expr->function_at, "%s",
                                fault->message[0] ? fault->message : "the function failed");
    if (fault->hint[0])
        base_hint(eval->err, "%s", fault->hint);
}

bool sparql_call_function(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    const KgFunction *const function = expr->function;
    Value *const values = base_arena_alloc(&eval->scratch, expr->count + 1, sizeof *values);
    KgTerm *const terms = base_arena_alloc(&eval->scratch, expr->count + 1, sizeof *terms);
    if (!values || !terms)
        return sparql_eval_no_memory(eval);
    if (!evaluate(eval, expr, row, values, terms))
        return false;
    KgCall call = {.run = eval->run, .arena = &eval->scratch, .arguments = values};
    KgTerm term = {0};
    BaseError fault = {0};
    const BaseStatus status = function->call(function->context, &call, terms, expr->count, &term, &fault);
    if (status == BASE_OK)
        sparql_value_decode(&term, out);
    else if (status != BASE_NOT_FOUND)
        fail_call(eval, expr, status, &fault);
    return status == BASE_OK;
}
