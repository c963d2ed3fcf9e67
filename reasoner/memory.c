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
    reasoner_evaluation_free(&memory->evaluation);
    reasoner_terms_close(&memory->terms);
    *memory = (Memory){0};
}

/* What the relation reads of the database; false: nothing. */
static bool pattern_of(const Memory *memory, const RelationShape *shape, KgTriple *out)
{
    *out = (KgTriple){0};
    if (shape->kind == PREDICATE_LOCAL)
        return false;
    if (shape->kind == PREDICATE_TRIPLE)
        return true;
    const KgId name = memory->terms.ids.items[memory->program->predicates.items[shape->predicate].constant];
    out->p = shape->kind == PREDICATE_CLASS ? memory->terms.ids.items[memory->program->type_constant] : name;
    out->o = shape->kind == PREDICATE_CLASS ? name : KG_ANY;
    return name != KG_ANY && out->p != KG_ANY;
}

/* The triple as a tuple of the relation. */
static bool fill_tuple(Memory *memory, const RelationShape *shape, KgTriple triple, uint32_t *tuple)
{
    const bool is_fine = reasoner_terms_number(&memory->terms, triple.s, &tuple[0]);
    if (shape->kind == PREDICATE_PROPERTY)
        return is_fine && reasoner_terms_number(&memory->terms, triple.o, &tuple[1]);
    if (shape->kind == PREDICATE_TRIPLE)
        return is_fine && reasoner_terms_number(&memory->terms, triple.p, &tuple[1]) &&
               reasoner_terms_number(&memory->terms, triple.o, &tuple[2]);
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

BaseStatus reasoner_memory_load(KgTxn *txn, const ReasonerProgram *program, BaseJob *job, Memory *out, BaseError *err)
{
    out->txn = txn;
    out->program = program;
    if (!reasoner_evaluation_open(program, &out->evaluation))
        return no_memory(err);
    out->evaluation.job = job;
    BaseStatus status = reasoner_terms_open(txn, program, &out->terms, err);
    for (size_t r = 0; r < program->relations.count && status == BASE_OK; r++)
        status = load_relation(out, r, job, err);
    for (size_t r = 0; r < program->relations.count; r++)
        out->evaluation.relations[r].value_hint = (uint32_t)out->terms.ids.count;
    if (status == BASE_OK && program->needs_values)
        status = reasoner_terms_lend(&out->terms, err);
    out->evaluation.values = out->terms.values;
    out->evaluation.terms = &out->terms;
    out->evaluation.terms = &out->terms;
    return status;
}

BaseStatus reasoner_memory_evaluate(Memory *memory, BaseError *err)
{
    const BaseStatus status = reasoner_evaluate(&memory->evaluation, err);
    return status == BASE_OK ? reasoner_terms_settle(&memory->terms, &memory->evaluation, err) : status;
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
    if (program->predicates.items[program->relations.items[relation].predicate].is_violation)
        return false;
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
