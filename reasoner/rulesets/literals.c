/* What literals say that no rule of a program can: that one is not in the value space of a datatype it was derived to
 * be in (dt-not-type; RDF's clashes), is ill-formed, or is owl:sameAs one of another value (dt-diff with eq-diff1). */
#include "reasoner/rulesets/literals.h"

#include "reasoner/rulesets/datatypes.h"
#include "reasoner/rulesets/rulesets.h"

#include <string.h>

enum { TOLD = 1000 };

typedef struct Checking {
    const Memory *memory;
    const BaseSink *sink;
    uint64_t count;
    BaseBuffer key, other;
    BaseArena texts;
    BaseMap names; /* values to what they name */
    BaseError *err;
} Checking;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to check the literals");
}

/* Tells the clash at the rule that derived it; NOWHERE: what is asserted is at fault. */
static BaseStatus tell(Checking *checking, uint32_t rule, const KgTerm *literal, const char *what)
{
    const ReasonerProgram *const program = checking->memory->program;
    BaseError fault = {0};
    BaseBuffer text = {0};
    BaseStatus status = kg_format_term(literal, KG_SYNTAX_NAME, &text) ? BASE_OK : no_memory(checking->err);
    if (status == BASE_OK && rule != NOWHERE)
        base_fail_at(&fault, BASE_BAD_INPUT, reasoner_program_source(program, program->rules.items[rule].place),
                     "%s %s", text.items, what);
    else if (status == BASE_OK)
        base_fail(&fault, BASE_BAD_INPUT, "%s %s", text.items, what);
    if (status == BASE_OK && checking->count++ < TOLD)
        base_sink(checking->sink, &fault);
    base_buffer_free(&text);
    return status;
}

/* The term of a value, and, where it is a literal, the key of what it says. */
static BaseStatus read_literal(Checking *checking, uint32_t value, BaseBuffer *key, KgTerm *term, LiteralState *state)
{
    const Memory *const memory = checking->memory;
    const KgId id = memory->terms.ids.items[value];
    bool has_memory = true;
    *state = LITERAL_UNKNOWN;
    term->kind = KG_IRI;
    if (id != KG_ANY && kg_kind(id) != KG_LITERAL)
        return BASE_OK;
    const BaseStatus status = reasoner_terms_read(&memory->terms, value, &checking->texts, term, checking->err);
    if (status == BASE_OK && term->kind == KG_LITERAL)
        *state = ruleset_literal_key(term, key, &has_memory);
    return has_memory ? status : no_memory(checking->err);
}

/* A literal that was put in a datatype. */
static BaseStatus check_member(Checking *checking, VocabularyTerm datatype, uint32_t value, uint32_t rule)
{
    KgTerm term;
    LiteralState state;
    const BaseArenaMark start = base_arena_mark(&checking->texts);
    BaseStatus status = read_literal(checking, value, &checking->key, &term, &state);
    const bool is_out =
        state == LITERAL_ILL_FORMED || (state == LITERAL_VALUE && !ruleset_key_is_in(checking->key.items, datatype));
    if (status == BASE_OK && is_out)
        status = tell(checking, rule, &term, "is not in the value space of the datatype that this puts it in");
    base_arena_rewind(&checking->texts, start);
    return status;
}

/* Literals that are owl:sameAs each other. */
static BaseStatus check_same(Checking *checking, const uint32_t values[2], uint32_t rule)
{
    KgTerm left, right;
    LiteralState states[2] = {LITERAL_UNKNOWN, LITERAL_UNKNOWN};
    if (values[0] == values[1])
        return BASE_OK;
    const BaseArenaMark start = base_arena_mark(&checking->texts);
    BaseStatus status = read_literal(checking, values[0], &checking->key, &left, &states[0]);
    if (status == BASE_OK && states[0] == LITERAL_VALUE)
        status = read_literal(checking, values[1], &checking->other, &right, &states[1]);
    if (status == BASE_OK && states[0] == LITERAL_VALUE && states[1] == LITERAL_VALUE &&
        strcmp(checking->key.items, checking->other.items) != 0)
        status = tell(checking, rule, &left, "is another value than one it was found to be owl:sameAs");
    base_arena_rewind(&checking->texts, start);
    return status;
}

/* By value: 1 + the datatype that it is, and SAME for owl:sameAs. */
enum { SAME = VOCABULARY_COUNT + 1 };
static BaseStatus note_names(Checking *checking)
{
    const ReasonerProgram *const program = checking->memory->program;
    for (uint32_t c = 0; c < program->constants.count; c++) {
        const KgTerm *const term = &program->constants.items[c];
        const VocabularyTerm datatype = term->kind == KG_IRI ? ruleset_datatype(term->text) : VOCABULARY_COUNT;
        const bool is_same = term->kind == KG_IRI && term->text.length == strlen(OWL_NS "sameAs") &&
                             memcmp(term->text.bytes, OWL_NS "sameAs", term->text.length) == 0;
        if ((datatype != VOCABULARY_COUNT || is_same) &&
            !base_map_put(&checking->names, c, is_same ? (uint64_t)SAME : 1 + (uint64_t)datatype, NULL))
            return no_memory(checking->err);
    }
    return BASE_OK;
}

static uint64_t name_of(const Checking *checking, uint32_t value)
{
    const uint64_t *const found = base_map_get(&checking->names, value);
    return found ? *found : 0;
}

/* Rows of one relation; those of a class or property alone are passed over unless it is one to look at. */
static BaseStatus check_relation(Checking *checking, uint32_t r)
{
    const Memory *const memory = checking->memory;
    const ReasonerProgram *const program = memory->program;
    const RelationShape *const shape = &program->relations.items[r];
    const Relation *const relation = &memory->evaluation.relations[r];
    const uint64_t own = name_of(checking, program->predicates.items[shape->predicate].constant);
    BaseStatus status = BASE_OK;
    if (shape->kind == PREDICATE_LOCAL || (!reasoner_memory_is_shared(memory, r) && own == 0))
        return BASE_OK;
    for (uint32_t row = reasoner_relation_height_start(relation, 1); row < relation->count && status == BASE_OK;
         row++) {
        uint32_t triple[3];
        const uint32_t rule = reasoner_relation_segment(relation, row)->rule;
        reasoner_memory_triple(memory, r, row, triple);
        const uint64_t class = triple[1] == program->type_constant ? name_of(checking, triple[2]) : 0;
        if (class > 0 && class < SAME)
            status = check_member(checking, (VocabularyTerm)(class - 1), triple[0], rule);
        else if (name_of(checking, triple[1]) == SAME)
            status = check_same(checking, (const uint32_t[2]){triple[0], triple[2]}, rule);
    }
    return status;
}

/* Every literal of the facts. Those that an id holds are well-formed. */
static BaseStatus check_forms(Checking *checking)
{
    const Memory *const memory = checking->memory;
    BaseStatus status = BASE_OK;
    for (uint32_t value = 0; value < memory->terms.ids.count && status == BASE_OK; value++) {
        KgTerm term;
        LiteralState state;
        if (kg_tag(memory->terms.ids.items[value]) != KG_LITERAL)
            continue;
        const BaseArenaMark start = base_arena_mark(&checking->texts);
        status = read_literal(checking, value, &checking->key, &term, &state);
        if (status == BASE_OK && state == LITERAL_ILL_FORMED)
            status = tell(checking, NOWHERE, &term, "is ill-formed: its text is not of its datatype");
        base_arena_rewind(&checking->texts, start);
    }
    return status;
}

BaseStatus ruleset_tell_literals(const Memory *memory, const BaseSink *sink, uint64_t *count, BaseError *err)
{
    Checking checking = {.memory = memory, .sink = sink, .err = err};
    BaseStatus status = check_forms(&checking);
    if (status == BASE_OK)
        status = note_names(&checking);
    for (uint32_t r = 0; r < memory->program->relations.count && status == BASE_OK; r++)
        status = check_relation(&checking, r);
    *count += checking.count;
    base_buffer_free(&checking.key);
    base_buffer_free(&checking.other);
    base_arena_free(&checking.texts);
    base_map_free(&checking.names);
    return status;
}
