/* The parts of a program: constants and predicates found again by hash, places in texts, faults, and what the public
 * header tells about rules. */
#include "reasoner/program.h"
#include "reasoner/value_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* More faults than this in one program are counted but not told: something else than a rule file was given. */
#define FAULTS_TOLD 200

ReasonerProgram *reasoner_program_new(bool for_files)
{
    ReasonerProgram *const program = calloc(1, sizeof *program);
    if (!program)
        return NULL;
    program->for_files = for_files;
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
    free(program->values.items);
    free(program->parameters.items);
    free(program->transfers.items);
    base_map_free(&program->constant_index);
    base_map_free(&program->predicate_index);
    base_arena_free(&program->arena);
    free(program);
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

/* The constant of this term and value: 32-bit floats are told from literals of the type xsd:float. */
static uint32_t put_constant(ReasonerProgram *program, const KgTerm *term, const Value *value)
{
    const bool is_float = value->kind == VALUE_FLOAT;
    uint64_t key = hash_text(term->text, (uint64_t)term->kind + (is_float ? 99 : 0));
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
            same_text(other->datatype, term->datatype) && same_text(other->language, term->language) &&
            (program->values.items[*found].kind == VALUE_FLOAT) == is_float)
            return (uint32_t)*found;
    }
    KgTerm copy = {.kind = term->kind};
    Value kept = *value;
    if (!copy_text(program, term->text, &copy.text) || !copy_text(program, term->datatype, &copy.datatype) ||
        !copy_text(program, term->language, &copy.language) || !copy_text(program, value->text, &kept.text) ||
        !copy_text(program, value->tag, &kept.tag) || !BASE_PUSH(&program->constants, copy) ||
        !BASE_PUSH(&program->values, kept))
        return NOWHERE;
    return (uint32_t)program->constants.count - 1;
}

uint32_t reasoner_program_constant(ReasonerProgram *program, const KgTerm *written)
{
    KgTerm node, *const term = &node;
    Value value;
    node = *written;
    if (!program->for_files && term->kind == KG_IRI && reasoner_is_node(term->text))
        node = (KgTerm){.kind = KG_BLANK, .text = {written->text.bytes + 2, written->text.length - 2}};
    BaseArena scratch = {0};
    const bool is_fine = reasoner_value_of_term(term, &scratch, &value);
    const uint32_t found = is_fine ? put_constant(program, term, &value) : NOWHERE;
    base_arena_free(&scratch);
    return found;
}

uint32_t reasoner_program_value(ReasonerProgram *program, const Value *value)
{
    KgTerm term;
    BaseBuffer text = {0};
    const bool is_fine = reasoner_term_of_value(value, &text, &term);
    const uint32_t found = is_fine ? put_constant(program, &term, value) : NOWHERE;
    base_buffer_free(&text);
    return found;
}

/* The IRI as a TSV field would write it, kept in the program; NULL: no memory. */
static const char *name_of(ReasonerProgram *program, KgText iri)
{
    BaseBuffer name = {0};
    const KgTerm term = {.kind = KG_IRI, .text = iri};
    const char *copy = NULL;
    if (program->for_files)
        return base_arena_copy(&program->arena, iri.bytes, iri.length);
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

bool reasoner_is_external(const ReasonerProgram *program, const Literal *literal)
{
    return !literal->is_comparison && program->predicates.items[literal->atom.predicate].external;
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

static void note(Faults *faults, Place place, bool is_warning, const char *hint, const char *format, va_list arguments)
{
    if (faults->told.count >= FAULTS_TOLD && !(faults->count == 1 && !is_warning))
        return;
    char message[384];
    vsnprintf(message, sizeof message, format, arguments);
    Fault fault = {.place = place, .number = faults->told.count};
    base_fail_at(&fault.error, BASE_BAD_INPUT, reasoner_program_source(faults->program, place), "%s", message);
    fault.error.is_warning = is_warning;
    if (hint)
        base_hint(&fault.error, "%s", hint);
    (void)BASE_PUSH(&faults->told, fault); /* without memory it is counted, if not told */
}

void reasoner_fault(Faults *faults, Place place, const char *hint, const char *format, ...)
{
    va_list arguments;
    faults->count++;
    va_start(arguments, format);
    note(faults, place, false, hint, format, arguments);
    va_end(arguments);
}

void reasoner_warn(Faults *faults, Place place, const char *hint, const char *format, ...)
{
    va_list arguments;
    faults->warnings++;
    va_start(arguments, format);
    note(faults, place, true, hint, format, arguments);
    va_end(arguments);
}

void reasoner_forget_faults(Faults *faults, size_t from, size_t to)
{
    Fault *const items = faults->told.items;
    if (from == to)
        return;
    memmove(items + from, items + to, (faults->told.count - to) * sizeof *items);
    faults->told.count -= to - from;
    faults->warnings -= to - from;
}

static int by_place(const void *a, const void *b)
{
    const Fault *const left = a, *const right = b;
    if (left->place.text != right->place.text)
        return left->place.text < right->place.text ? -1 : 1;
    if (left->place.offset != right->place.offset)
        return left->place.offset < right->place.offset ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

void reasoner_tell_faults(Faults *faults, const BaseSink *sink, BaseError *first)
{
    bool has_first = false;
    if (faults->told.count > 1)
        qsort(faults->told.items, faults->told.count, sizeof *faults->told.items, by_place);
    for (size_t i = 0; i < faults->told.count; i++) {
        const Fault *const fault = &faults->told.items[i];
        base_sink(sink, &fault->error);
        if (!has_first && !fault->error.is_warning && first) {
            *first = fault->error;
            has_first = true;
        }
    }
    free(faults->told.items);
    *faults = (Faults){.program = faults->program};
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

double reasoner_rule_weight(const ReasonerProgram *program, size_t rule)
{
    return program->rules.items[rule].weight;
}
