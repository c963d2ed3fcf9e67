/* From the database to relations. Values 0, 1, 2, ... are first the program's constants, then the database's terms as
 * they are met, so that tuples are small and a constant in a rule needs no look-up. */
#include "reasoner/memory.h"

#include <stdlib.h>

enum { SCANNED = 1024 /* triples at a time */ };

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to load the facts");
}

void reasoner_memory_free(Memory *memory)
{
    for (size_t r = 0; memory->evaluation.relations && r < memory->program->relations.count; r++)
        reasoner_relation_free(&memory->evaluation.relations[r]);
    free(memory->evaluation.relations);
    free(memory->evaluation.rules);
    free(memory->ids.items);
    free(memory->numbers);
    base_map_free(&memory->values);
    *memory = (Memory){0};
}

static BaseStatus load_constants(Memory *memory, BaseError *err)
{
    for (size_t c = 0; c < memory->program->constants.count; c++) {
        KgId id = KG_ANY;
        const BaseStatus status = kg_find(memory->txn, &memory->program->constants.items[c], &id, err);
        if (status != BASE_OK && status != BASE_NOT_FOUND)
            return status;
        if (status == BASE_NOT_FOUND)
            id = KG_ANY;
        if (!BASE_PUSH(&memory->ids, id) || (id != KG_ANY && !base_map_put(&memory->values, id, c, NULL)))
            return no_memory(err);
    }
    return BASE_OK;
}

static bool value_of(Memory *memory, KgId id, uint32_t *out)
{
    bool is_new;
    const uint64_t *const value = base_map_put(&memory->values, id, memory->ids.count, &is_new);
    if (!value || (is_new && (memory->ids.count >= NO_ROW || !BASE_PUSH(&memory->ids, id))))
        return false;
    *out = (uint32_t)*value;
    return true;
}

/* What the relation reads of the database; false: nothing. */
static bool pattern_of(const Memory *memory, const RelationShape *shape, KgTriple *out)
{
    *out = (KgTriple){0};
    if (shape->kind == PREDICATE_LOCAL)
        return false;
    if (shape->kind == PREDICATE_TRIPLE)
        return true;
    const KgId name = memory->ids.items[memory->program->predicates.items[shape->predicate].constant];
    out->p = shape->kind == PREDICATE_CLASS ? memory->ids.items[memory->program->type_constant] : name;
    out->o = shape->kind == PREDICATE_CLASS ? name : KG_ANY;
    return name != KG_ANY && out->p != KG_ANY;
}

/* The triple as a tuple of the relation. */
static bool fill_tuple(Memory *memory, const RelationShape *shape, KgTriple triple, uint32_t *tuple)
{
    const bool is_fine = value_of(memory, triple.s, &tuple[0]);
    if (shape->kind == PREDICATE_PROPERTY)
        return is_fine && value_of(memory, triple.o, &tuple[1]);
    if (shape->kind == PREDICATE_TRIPLE)
        return is_fine && value_of(memory, triple.p, &tuple[1]) && value_of(memory, triple.o, &tuple[2]);
    return is_fine;
}

static BaseStatus add_triples(Memory *memory, const RelationShape *shape, Relation *relation, const KgTriple *triples,
                              size_t count, BaseError *err)
{
    uint32_t tuples[3 * SCANNED];
    uint32_t *to = tuples;
    for (size_t i = 0; i < count; i++, to += relation->arity)
        if (!fill_tuple(memory, shape, triples[i], to))
            return no_memory(err);
    return reasoner_relation_append(relation, tuples, count, 0, NOWHERE) ? BASE_OK : no_memory(err);
}

static BaseStatus load_relation(Memory *memory, size_t r, BaseJob *job, BaseError *err)
{
    const RelationShape *const shape = &memory->program->relations.items[r];
    Relation *const relation = &memory->evaluation.relations[r];
    relation->arity = shape->arity;
    KgTriple pattern, triples[SCANNED];
    size_t count;
    if (!pattern_of(memory, shape, &pattern))
        return BASE_OK;
    KgScan *scan = NULL;
    BaseStatus status = kg_scan_open(memory->txn, KG_IN(KG_ASSERTED), pattern, KG_ORDER_BEST, &scan, err);
    while (status == BASE_OK && (status = kg_scan_many(scan, triples, SCANNED, &count, err)) == BASE_OK) {
        status = add_triples(memory, shape, relation, triples, count, err);
        memory->facts_in += count;
        base_job_step(job, "loading facts", "facts", memory->facts_in, 0, NULL);
        if (base_job_cancelled(job))
            status = base_fail(err, BASE_CANCELLED, "reasoning was cancelled");
    }
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus load_numbers(Memory *memory, BaseError *err)
{
    if (!memory->program->has_order)
        return BASE_OK;
    memory->numbers = calloc(memory->ids.count + 1, sizeof *memory->numbers);
    if (!memory->numbers)
        return no_memory(err);
    BaseArena texts = {0};
    BaseStatus status = BASE_OK;
    const BaseArenaMark start = base_arena_mark(&texts);
    for (uint32_t value = 0; status == BASE_OK && value < memory->ids.count; value++) {
        KgTerm term;
        if (memory->ids.items[value] != KG_ANY && kg_kind(memory->ids.items[value]) != KG_LITERAL)
            continue;
        base_arena_rewind(&texts, start);
        status = reasoner_memory_term(memory, value, &texts, &term, err);
        if (status == BASE_OK)
            memory->numbers[value] = reasoner_number(&term);
    }
    base_arena_free(&texts);
    if (status != BASE_OK)
        return status;
    memory->evaluation.numbers = memory->numbers;
    return BASE_OK;
}

BaseStatus reasoner_memory_load(KgTxn *txn, const ReasonerProgram *program, BaseJob *job, Memory *out, BaseError *err)
{
    out->txn = txn;
    out->program = program;
    out->evaluation = (Evaluation){.program = program, .job = job};
    out->evaluation.relations = calloc(program->relations.count + 1, sizeof *out->evaluation.relations);
    out->evaluation.rules = calloc(program->rules.count + 1, sizeof *out->evaluation.rules);
    if (!out->evaluation.relations || !out->evaluation.rules)
        return no_memory(err);
    BaseStatus status = load_constants(out, err);
    for (size_t r = 0; r < program->relations.count && status == BASE_OK; r++)
        status = load_relation(out, r, job, err);
    for (size_t r = 0; r < program->relations.count; r++)
        out->evaluation.relations[r].value_hint = (uint32_t)out->ids.count;
    return status == BASE_OK ? load_numbers(out, err) : status;
}

bool reasoner_memory_triple(const Memory *memory, uint32_t relation, uint32_t row, uint32_t out[3])
{
    const RelationShape *const shape = &memory->program->relations.items[relation];
    const uint32_t *const values = relation_row(&memory->evaluation.relations[relation], row);
    if (shape->kind == PREDICATE_LOCAL)
        return false;
    const uint32_t name = memory->program->predicates.items[shape->predicate].constant;
    out[0] = values[0];
    out[1] = shape->kind == PREDICATE_TRIPLE  ? values[1]
             : shape->kind == PREDICATE_CLASS ? memory->program->type_constant
                                              : name;
    out[2] = shape->kind == PREDICATE_TRIPLE ? values[2] : shape->kind == PREDICATE_CLASS ? name : values[1];
    return true;
}

bool reasoner_memory_is_shared(const Memory *memory, uint32_t relation)
{
    const RelationShape *const shape = &memory->program->relations.items[relation];
    return shape->kind == PREDICATE_TRIPLE ||
           (shape->kind == PREDICATE_PROPERTY &&
            memory->program->predicates.items[shape->predicate].constant == memory->program->type_constant);
}

bool reasoner_memory_is_output(const Memory *memory, uint32_t relation, uint32_t row)
{
    const ReasonerProgram *const program = memory->program;
    if (program->outputs.count == 0)
        return true;
    uint32_t triple[3] = {NOWHERE, NOWHERE, NOWHERE};
    const bool is_triple = reasoner_memory_triple(memory, relation, row, triple);
    for (size_t p = 0; p < program->predicates.count; p++) {
        const Predicate *const predicate = &program->predicates.items[p];
        if (!predicate->is_output)
            continue;
        if (predicate->kind == PREDICATE_LOCAL    ? program->relations.items[relation].predicate == p && !is_triple
            : predicate->kind == PREDICATE_TRIPLE ? is_triple
            : predicate->kind == PREDICATE_CLASS
                ? triple[1] == program->type_constant && triple[2] == predicate->constant
                : triple[1] == predicate->constant)
            return true;
    }
    return false;
}

BaseStatus reasoner_memory_term(const Memory *memory, uint32_t value, BaseArena *arena, KgTerm *out, BaseError *err)
{
    if (value >= memory->program->constants.count)
        return kg_term(memory->txn, memory->ids.items[value], arena, out, err);
    *out = memory->program->constants.items[value];
    return BASE_OK;
}
