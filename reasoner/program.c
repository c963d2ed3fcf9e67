/* The parts of a program: constants and predicates found again by hash, places in texts, faults, and what the public
 * header tells about rules. */
#include "reasoner/program.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* More faults than this in one program are counted but not told: something else than a rule file was given. */
#define FAULTS_TOLD 200

ReasonerProgram *reasoner_program_new(void)
{
    ReasonerProgram *const program = calloc(1, sizeof *program);
    if (!program)
        return NULL;
    const KgTerm type = {.kind = KG_IRI, .text = KG_TEXT(RDF_TYPE)};
    program->type_constant = reasoner_program_constant(program, &type);
    if (program->type_constant != NOWHERE)
        return program;
    reasoner_program_free(program);
    return NULL;
}

void reasoner_program_free(ReasonerProgram *program)
{
    if (!program)
        return;
    free(program->texts.items);
    free(program->constants.items);
    free(program->predicates.items);
    free(program->relations.items);
    free(program->rules.items);
    free(program->outputs.items);
    base_map_free(&program->constant_index);
    base_map_free(&program->predicate_index);
    base_arena_free(&program->arena);
    free(program);
}

static bool same_text(KgText a, KgText b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static uint64_t hash_text(KgText text, uint64_t seed)
{
    return base_hash(text.length ? text.bytes : "", text.length, seed);
}

static bool copy_text(ReasonerProgram *program, KgText from, KgText *to)
{
    const char *const copy = base_arena_copy(&program->arena, from.length ? from.bytes : "", from.length);
    *to = (KgText){copy, from.length};
    return copy != NULL;
}

uint32_t reasoner_program_constant(ReasonerProgram *program, const KgTerm *term)
{
    uint64_t key = hash_text(term->text, (uint64_t)term->kind);
    key = hash_text(term->language, hash_text(term->datatype, key));
    /* Equal hashes of unequal terms go on to the next key. */
    for (;; key++) {
        if (key == BASE_NO_KEY)
            key = 0;
        bool is_new;
        uint64_t *const found = base_map_put(&program->constant_index, key, program->constants.count, &is_new);
        if (!found)
            return NOWHERE;
        if (is_new)
            break;
        const KgTerm *const other = &program->constants.items[*found];
        if (other->kind == term->kind && same_text(other->text, term->text) &&
            same_text(other->datatype, term->datatype) && same_text(other->language, term->language))
            return (uint32_t)*found;
    }
    KgTerm copy = {.kind = term->kind};
    if (!copy_text(program, term->text, &copy.text) || !copy_text(program, term->datatype, &copy.datatype) ||
        !copy_text(program, term->language, &copy.language) || !BASE_PUSH(&program->constants, copy))
        return NOWHERE;
    return (uint32_t)program->constants.count - 1;
}

/* The IRI as a TSV field would write it, kept in the program; NULL: no memory. */
static const char *name_of(ReasonerProgram *program, KgText iri)
{
    BaseBuffer name = {0};
    const KgTerm term = {.kind = KG_IRI, .text = iri};
    const char *copy = NULL;
    if (kg_format_term(&term, KG_SYNTAX_NAME, &name))
        copy = base_arena_copy(&program->arena, name.items, name.count);
    base_buffer_free(&name);
    return copy;
}

uint32_t reasoner_program_predicate(ReasonerProgram *program, PredicateKind kind, KgText iri, uint32_t arity)
{
    uint64_t key = hash_text(iri, (uint64_t)kind << 32 | arity);
    for (;; key++) {
        if (key == BASE_NO_KEY)
            key = 0;
        bool is_new;
        uint64_t *const found = base_map_put(&program->predicate_index, key, program->predicates.count, &is_new);
        if (!found)
            return NOWHERE;
        if (is_new)
            break;
        const Predicate *const other = &program->predicates.items[*found];
        if (other->kind == kind && other->arity == arity && strlen(other->iri) == iri.length &&
            memcmp(other->iri, iri.bytes, iri.length) == 0)
            return (uint32_t)*found;
    }
    const KgTerm term = {.kind = KG_IRI, .text = iri};
    const Predicate predicate = {
        .kind = kind,
        .iri = base_arena_copy(&program->arena, iri.bytes, iri.length),
        .name = kind == PREDICATE_TRIPLE ? "triple" : name_of(program, iri),
        .arity = arity,
        .constant = reasoner_program_constant(program, &term),
    };
    if (!predicate.iri || !predicate.name || predicate.constant == NOWHERE ||
        !BASE_PUSH(&program->predicates, predicate))
        return NOWHERE;
    return (uint32_t)program->predicates.count - 1;
}

BaseSource reasoner_program_source(const ReasonerProgram *program, Place place)
{
    const ReasonerText *const text = &program->texts.items[place.text];
    /* A long stretch is underlined on its first line only. */
    const char *const from = text->text + place.offset;
    const char *const newline = place.length ? memchr(from, '\n', place.length) : NULL;
    const size_t bytes = newline ? (size_t)(newline - from) : place.length;
    const size_t width = base_utf8_count(from, bytes);
    return base_source_at(text->name, text->text, text->length, place.offset, width ? width : 1);
}

void reasoner_fault(Faults *faults, Place place, const char *hint, const char *format, ...)
{
    if (faults->count++ >= FAULTS_TOLD)
        return;
    char message[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    BaseError fault = {0};
    base_fail_at(&fault, BASE_BAD_INPUT, reasoner_program_source(faults->program, place), "%s", message);
    if (hint)
        base_hint(&fault, "%s", hint);
    if (faults->count == 1)
        faults->first = fault;
    base_sink(faults->sink, &fault);
}

size_t reasoner_rule_count(const ReasonerProgram *program)
{
    return program->rules.count;
}

const char *reasoner_rule_name(const ReasonerProgram *program, size_t rule)
{
    return program->rules.items[rule].name;
}

const char *reasoner_rule_text(const ReasonerProgram *program, size_t rule)
{
    return program->rules.items[rule].text;
}

const char *reasoner_rule_place(const ReasonerProgram *program, size_t rule)
{
    return program->rules.items[rule].place_text;
}
