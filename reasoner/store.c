/* The rows of a relation are handed to the database as they lie: a segment, being what one rule gave at one height, has
 * one note, and its columns are numbers into the list of ids. Only where a relation of several predicates has rows that
 * are no outputs are the others copied first. */
#include "reasoner/store.h"

#include <stdlib.h>
#include <string.h>

typedef struct Storing {
    Memory *memory;
    uint32_t run;
    struct {
        KgColumns *items;
        size_t count, capacity;
    } parts;
    uint32_t **copies; /* by relation: rows that are outputs; NULL: none were made */
    BaseError *err;
} Storing;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to store what was derived");
}

/* The value's id, made when the database does not know the term. */
static BaseStatus know_value(Memory *memory, uint32_t value, BaseArena *texts, BaseError *err)
{
    KgTerm term;
    if (memory->terms.ids.items[value] != KG_ANY)
        return BASE_OK;
    BaseStatus status = reasoner_terms_read(&memory->terms, value, texts, &term, err);
    return status == BASE_OK ? kg_intern(memory->txn, &term, &memory->terms.ids.items[value], err) : status;
}

static BaseStatus know_rows(Memory *memory, const uint32_t *values, size_t count, BaseError *err)
{
    BaseArena texts = {0};
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < count && status == BASE_OK; i++)
        if (memory->terms.ids.items[values[i]] == KG_ANY)
            status = know_value(memory, values[i], &texts, err);
    base_arena_free(&texts);
    return status;
}

/* What the rows of a segment, `count` of them at `values`, say. */
static BaseStatus add_part(Storing *storing, uint32_t r, const uint32_t *values, size_t count, const Segment *segment)
{
    Memory *const memory = storing->memory;
    const uint32_t arity = memory->evaluation.relations[r].arity;
    const RelationShape *const shape = &memory->program->relations.items[r];
    const uint32_t name = memory->program->predicates.items[shape->predicate].constant;
    KgColumns part = {.stride = arity,
                      .count = count,
                      .columns = {values, values + 1, values + arity - 1},
                      .note = {.source = storing->run, .rule = segment->rule, .height = segment->height}};
    const uint32_t given[2] = {shape->kind == PREDICATE_CLASS ? memory->program->type_constant : name, name};
    BaseArena texts = {0};
    BaseStatus status = know_rows(memory, values, count * arity, storing->err);
    for (uint32_t c = 0; c < 3 - arity && status == BASE_OK; c++) {
        status = know_value(memory, given[c], &texts, storing->err);
        part.same[1 + c] = memory->terms.ids.items[given[c]];
    }
    base_arena_free(&texts);
    if (status == BASE_OK && count > 0 && !BASE_PUSH(&storing->parts, part))
        return no_memory(storing->err);
    return status;
}

/* Copies the rows [row, end) that are outputs to `to`; returns how many. */
static size_t copy_outputs(const Memory *memory, uint32_t r, uint32_t row, uint32_t end, uint32_t *to)
{
    const Relation *const relation = &memory->evaluation.relations[r];
    size_t count = 0;
    for (; row < end; row++)
        if (reasoner_memory_is_output(memory, r, row))
            memcpy(to + relation->arity * count++, relation_row(relation, row), relation->arity * sizeof *to);
    return count;
}

static BaseStatus add_relation(Storing *storing, uint32_t r)
{
    Memory *const memory = storing->memory;
    Relation *const relation = &memory->evaluation.relations[r];
    const RelationShape *const shape = &memory->program->relations.items[r];
    const uint32_t first = reasoner_relation_height_start(relation, 1);
    reasoner_members_free(&relation->members);
    if (!shape->is_head || shape->kind == PREDICATE_LOCAL || first == relation->count)
        return BASE_OK;
    const bool is_mixed = memory->program->outputs.count > 0 && reasoner_memory_is_shared(memory, r);
    if (!is_mixed && !reasoner_memory_is_output(memory, r, first))
        return BASE_OK;
    uint32_t *copy = NULL;
    if (is_mixed) {
        copy = malloc((size_t)(relation->count - first) * relation->arity * sizeof *copy);
        if (!copy)
            return no_memory(storing->err);
        storing->copies[r] = copy;
    }
    BaseStatus status = BASE_OK;
    const Segment *segment = reasoner_relation_segment(relation, first);
    for (uint32_t row = first; row < relation->count && status == BASE_OK; row = segment++->end) {
        const uint32_t *values = relation_row(relation, row);
        size_t count = segment->end - row;
        if (is_mixed) {
            count = copy_outputs(memory, r, row, segment->end, copy);
            values = copy;
            copy += count * relation->arity;
        }
        status = add_part(storing, r, values, count, segment);
    }
    return status;
}

BaseStatus reasoner_store(Memory *memory, uint32_t run, size_t *stored, BaseJob *job, BaseError *err)
{
    const size_t relations = memory->program->relations.count;
    Storing storing = {.memory = memory, .run = run, .err = err};
    storing.copies = calloc(relations + 1, sizeof *storing.copies);
    BaseStatus status = storing.copies ? BASE_OK : no_memory(err);
    for (uint32_t r = 0; r < relations && status == BASE_OK; r++)
        status = add_relation(&storing, r);
    if (status == BASE_OK)
        status = kg_clear_layer(memory->txn, KG_INFERRED, err);
    *stored = 0;
    if (status == BASE_OK)
        status = kg_add_columns(memory->txn, KG_INFERRED, memory->terms.ids.items, memory->terms.ids.count,
                                storing.parts.items, storing.parts.count, stored, job, err);
    for (size_t r = 0; r < relations && storing.copies; r++)
        free(storing.copies[r]);
    free(storing.copies);
    free(storing.parts.items);
    return status;
}
