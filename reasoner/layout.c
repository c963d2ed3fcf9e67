/* Where the tuples of each predicate are kept. As a rule a predicate has a relation of its own. But a program may look
 * at many predicates at once, through triple(?s, ?p, ?o) with an open ?p or through rdf:type(?x, ?c) with an open ?c;
 * then all that such a view covers shares one relation, and an atom p(?x, ?y) becomes triple(?x, p, ?y) there. Views
 * with the name given are plain predicates: triple(?x, p, ?y) is p(?x, ?y), and rdf:type(?x, c) is c(?x). */
#include "reasoner/hints.h"

#include <stdlib.h>
#include <string.h>

typedef struct Layout {
    ReasonerProgram *program;
    bool has_triple, has_type; /* the views that are in use */
    uint32_t *relation_of;     /* by predicate; in the arena */
} Layout;

/* The class that is a blank node of the database. */
static uint32_t node_class(ReasonerProgram *program, KgText label)
{
    BaseBuffer name = {0};
    uint32_t predicate = NOWHERE;
    if (base_buffer_add(&name, "_:", 2) && base_buffer_add(&name, label.bytes, label.length))
        predicate = reasoner_program_predicate(program, PREDICATE_CLASS, (KgText){name.items, name.count}, 1);
    base_buffer_free(&name);
    return predicate;
}

/* The predicate that the atom speaks of when its name is given in the arguments; NOWHERE: no memory. */
static uint32_t plain_predicate(ReasonerProgram *program, Atom *atom)
{
    const Predicate *const written = &program->predicates.items[atom->predicate];
    uint32_t name = written->constant;
    const Term *object = atom->count == 2 ? &atom->terms[1] : NULL;
    if (written->kind == PREDICATE_TRIPLE) {
        if (atom->terms[1].is_variable || program->constants.items[atom->terms[1].index].kind != KG_IRI)
            return atom->predicate;
        name = atom->terms[1].index;
        object = &atom->terms[2];
    } else if (written->kind != PREDICATE_PROPERTY) {
        return atom->predicate;
    }
    const KgTerm *const class = object->is_variable ? NULL : &program->constants.items[object->index];
    if (name == program->type_constant && class && class->kind == KG_IRI)
        return reasoner_program_predicate(program, PREDICATE_CLASS, class->text, 1);
    if (name == program->type_constant && class && class->kind == KG_BLANK)
        return node_class(program, class->text);
    return reasoner_program_predicate(program, PREDICATE_PROPERTY, program->constants.items[name].text, 2);
}

/* Calls `visit` for every atom until it says false. */
static bool each_atom(Layout *layout, bool (*visit)(Layout *layout, Atom *atom, bool is_head))
{
    for (size_t r = 0; r < layout->program->rules.count; r++) {
        Rule *const rule = &layout->program->rules.items[r];
        for (uint32_t h = 0; h < rule->head_count; h++)
            if (!visit(layout, &rule->heads[h], true))
                return false;
        for (uint32_t b = 0; b < rule->body_count; b++)
            if (!rule->body[b].is_comparison && !visit(layout, &rule->body[b].atom, false))
                return false;
    }
    return true;
}

static bool is_open_type(const ReasonerProgram *program, const Predicate *predicate)
{
    return predicate->kind == PREDICATE_PROPERTY && predicate->constant == program->type_constant;
}

/* First pass: the predicate meant, and which views there are. */
static bool name_atom(Layout *layout, Atom *atom, bool is_head)
{
    const uint32_t meant = plain_predicate(layout->program, atom);
    if (meant == NOWHERE)
        return false;
    const Predicate *const written = &layout->program->predicates.items[atom->predicate];
    Predicate *const predicate = &layout->program->predicates.items[meant];
    if (predicate->place.length == 0)
        predicate->place = written->place;
    predicate->is_meant = true;
    predicate->is_head |= is_head;
    layout->has_triple |= predicate->kind == PREDICATE_TRIPLE;
    layout->has_type |= is_open_type(layout->program, predicate);
    atom->meant = meant;
    return true;
}

static Term constant_term(uint32_t constant, Place place)
{
    return (Term){.index = constant, .place = place};
}

/* The subject and object of an atom that means a triple, whichever way it is written. */
static void ends(const ReasonerProgram *program, const Atom *atom, Term *subject, Term *object)
{
    const Predicate *const written = &program->predicates.items[atom->predicate];
    *subject = atom->terms[0];
    if (written->kind == PREDICATE_TRIPLE)
        *object = atom->terms[2];
    else if (written->kind == PREDICATE_PROPERTY)
        *object = atom->terms[1];
    else
        *object = constant_term(written->constant, atom->place);
}

/* Second pass: the relation, and the arguments there. */
static bool place_atom(Layout *layout, Atom *atom, bool is_head)
{
    ReasonerProgram *const program = layout->program;
    const Predicate *const meant = &program->predicates.items[atom->meant];
    atom->relation = layout->relation_of[atom->meant];
    RelationShape *const shape = &program->relations.items[atom->relation];
    shape->is_head |= is_head;
    if (shape->kind == PREDICATE_LOCAL) {
        atom->arguments = atom->terms;
        return true;
    }
    Term subject, object;
    ends(program, atom, &subject, &object);
    Term *const arguments = base_arena_alloc(&program->arena, 3, sizeof *arguments);
    if (!arguments)
        return false;
    atom->arguments = arguments;
    arguments[0] = subject;
    if (shape->kind == PREDICATE_PROPERTY) {
        arguments[1] = object;
    } else if (shape->kind == PREDICATE_TRIPLE) {
        const uint32_t name = meant->kind == PREDICATE_CLASS ? program->type_constant : meant->constant;
        arguments[1] = meant->kind == PREDICATE_TRIPLE ? atom->terms[1] : constant_term(name, atom->place);
        arguments[2] = object;
    }
    return true;
}

static uint32_t add_relation(ReasonerProgram *program, PredicateKind kind, uint32_t predicate, uint32_t arity)
{
    const RelationShape shape = {.kind = kind, .predicate = predicate, .arity = arity};
    return BASE_PUSH(&program->relations, shape) ? (uint32_t)program->relations.count - 1 : NOWHERE;
}

/* One relation per view in use, and one for each predicate that no view covers. */
static bool place_predicates(Layout *layout)
{
    ReasonerProgram *const program = layout->program;
    const size_t count = program->predicates.count;
    layout->relation_of = base_arena_alloc(&program->arena, count + 1, sizeof *layout->relation_of);
    if (!layout->relation_of)
        return false;
    uint32_t triple = NOWHERE, type = NOWHERE;
    for (uint32_t p = 0; p < count; p++) {
        const Predicate *const predicate = &program->predicates.items[p];
        if (!predicate->is_meant)
            continue;
        const bool is_typing = predicate->kind == PREDICATE_CLASS || is_open_type(program, predicate);
        uint32_t *shared = NULL;
        if (layout->has_triple && predicate->kind != PREDICATE_LOCAL)
            shared = &triple;
        else if (layout->has_type && is_typing)
            shared = &type;
        if (!shared)
            layout->relation_of[p] = add_relation(program, predicate->kind, p, predicate->arity);
        else if (*shared == NOWHERE && shared == &triple)
            triple = add_relation(program, PREDICATE_TRIPLE, p, 3);
        else if (*shared == NOWHERE)
            type = add_relation(program, PREDICATE_PROPERTY, p, 2);
        if (shared)
            layout->relation_of[p] = *shared;
        if (layout->relation_of[p] == NOWHERE)
            return false;
        /* The shared rdf:type relation is named by the open predicate, not by the class met first. */
        if (shared == &type && is_open_type(program, predicate))
            program->relations.items[type].predicate = p;
    }
    return true;
}

static void unknown_output(const ReasonerProgram *program, Faults *faults, Term output)
{
    char hint[HINT_BYTES], word[256];
    const KgText iri = program->constants.items[output.index].text;
    const size_t scheme = program->for_files ? 0 : strlen(KG_NAME_SCHEME);
    const char **const names = calloc(program->predicates.count + 1, sizeof *names);
    size_t count = 0;
    for (size_t p = 0; names && p < program->predicates.count; p++)
        if (program->predicates.items[p].is_written || program->predicates.items[p].is_meant)
            names[count++] = program->predicates.items[p].name;
    snprintf(word, sizeof word, "%.*s", (int)(iri.length - scheme), iri.bytes + scheme);
    reasoner_fault(faults, output.place,
                   reasoner_near_hint(word, names, count, "name a predicate that some rule derives", hint),
                   "no rule or fact has the predicate that @output names");
    free(names);
}

/* @output names what is stored; without it every derived predicate that is a triple. */
static void choose_outputs(ReasonerProgram *program, Faults *faults)
{
    for (size_t o = 0; o < program->outputs.count; o++) {
        const Term output = program->outputs.items[o];
        bool is_known = false;
        for (size_t p = 0; p < program->predicates.count; p++) {
            Predicate *const predicate = &program->predicates.items[p];
            if (predicate->constant == output.index) {
                predicate->is_output = predicate->is_written || predicate->is_meant;
                is_known |= predicate->is_output;
            }
        }
        if (!is_known && !program->is_incomplete)
            unknown_output(program, faults, output);
    }
    for (size_t p = 0; p < program->predicates.count; p++) {
        Predicate *const predicate = &program->predicates.items[p];
        if (program->outputs.count == 0)
            predicate->is_output = predicate->is_head;
        predicate->is_stored = predicate->is_head && predicate->is_output && predicate->kind != PREDICATE_LOCAL;
    }
}

BaseStatus reasoner_lay_out(ReasonerProgram *program, Faults *faults, BaseError *err)
{
    Layout layout = {.program = program};
    if (!each_atom(&layout, name_atom) || !place_predicates(&layout) || !each_atom(&layout, place_atom))
        return base_fail(err, BASE_NO_MEMORY, "no memory for the rules");
    choose_outputs(program, faults);
    return BASE_OK;
}
