/* Facts for proofs, from the database's indexes or from relations in memory. */
#include "reasoner/facts.h"

#include <stdlib.h>
#include <string.h>

BaseStatus reasoner_facts_open(KgTxn *txn, const ReasonerProgram *program, Memory *memory, Facts *out, BaseError *err)
{
    *out = (Facts){.txn = txn, .program = program, .memory = memory};
    out->constants = calloc(program->constants.count + 1, sizeof *out->constants);
    if (!out->constants)
        return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
    for (uint32_t c = 0; c < program->constants.count; c++) {
        const BaseStatus status = kg_find(txn, &program->constants.items[c], &out->constants[c], err);
        if (status == BASE_NOT_FOUND)
            out->constants[c] = unknown_constant(c);
        else if (status != BASE_OK)
            return status;
    }
    return BASE_OK;
}

void reasoner_facts_close(Facts *facts)
{
    free(facts->constants);
    *facts = (Facts){0};
}

static KgId name_of(const Facts *facts, const RelationShape *shape)
{
    return facts->constants[facts->program->predicates.items[shape->predicate].constant];
}

bool reasoner_facts_place(const Facts *facts, KgTriple triple, uint32_t *relation, KgId tuple[3])
{
    const KgId type = facts->constants[facts->program->type_constant];
    for (uint32_t r = 0; r < facts->program->relations.count; r++) {
        const RelationShape *const shape = &facts->program->relations.items[r];
        *relation = r;
        tuple[0] = triple.s;
        tuple[1] = shape->kind == PREDICATE_TRIPLE ? triple.p : triple.o;
        tuple[2] = triple.o;
        if (shape->kind == PREDICATE_TRIPLE ||
            (shape->kind == PREDICATE_PROPERTY && triple.p == name_of(facts, shape)) ||
            (shape->kind == PREDICATE_CLASS && triple.p == type && triple.o == name_of(facts, shape)))
            return true;
    }
    return false;
}

bool reasoner_facts_triple(const Facts *facts, uint32_t relation, const KgId *tuple, KgTriple *out)
{
    const RelationShape *const shape = &facts->program->relations.items[relation];
    switch (shape->kind) {
    case PREDICATE_CLASS:
        *out = (KgTriple){tuple[0], facts->constants[facts->program->type_constant], name_of(facts, shape)};
        return true;
    case PREDICATE_PROPERTY:
        *out = (KgTriple){tuple[0], name_of(facts, shape), tuple[1]};
        return true;
    case PREDICATE_TRIPLE:
        *out = (KgTriple){tuple[0], tuple[1], tuple[2]};
        return true;
    case PREDICATE_LOCAL:
        break;
    }
    return false;
}

BaseStatus reasoner_facts_term(const Facts *facts, KgId id, BaseArena *arena, KgTerm *out, BaseError *err)
{
    if (!is_unknown_constant(id))
        return kg_term(facts->txn, id, arena, out, err);
    *out = facts->program->constants.items[kg_number(id)];
    return BASE_OK;
}

/* ---- Cursor -------------------------------------------------------------------------------------------------- */

/* The value in memory of an id; false: no tuple has it. */
static bool value_of(const Memory *memory, KgId id, uint32_t *out)
{
    if (is_unknown_constant(id)) {
        *out = (uint32_t)kg_number(id);
        return true;
    }
    const uint64_t *const found = base_map_get(&memory->values, id);
    if (found)
        *out = (uint32_t)*found;
    return found != NULL;
}

static KgId id_of(const Memory *memory, uint32_t value)
{
    const KgId id = memory->ids.items[value];
    return id == KG_ANY ? unknown_constant(value) : id;
}

static BaseStatus match_memory(FactCursor *cursor, BaseError *err)
{
    Memory *const memory = cursor->facts->memory;
    Relation *const relation = &memory->evaluation.relations[cursor->relation];
    uint32_t count = 0;
    uint64_t columns = 0;
    cursor->row = NO_ROW;
    for (uint32_t c = 0; c < cursor->arity; c++) {
        if (cursor->pattern[c] == KG_ANY)
            continue;
        if (!value_of(memory, cursor->pattern[c], &cursor->key[count++]))
            return BASE_OK;
        columns |= (uint64_t)1 << c;
    }
    if (columns == 0) {
        cursor->row = relation->count > 0 ? relation->count - 1 : NO_ROW;
        return BASE_OK;
    }
    cursor->index = reasoner_relation_index(relation, columns, true);
    if (!cursor->index)
        return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
    cursor->rows = reasoner_index_find(relation, cursor->index, cursor->key);
    cursor->row = reasoner_index_next(&cursor->rows);
    return BASE_OK;
}

static BaseStatus next_in_memory(FactCursor *cursor)
{
    const Memory *const memory = cursor->facts->memory;
    const Relation *const relation = &memory->evaluation.relations[cursor->relation];
    if (cursor->row == NO_ROW)
        return BASE_END;
    const uint32_t *const values = relation_row(relation, cursor->row);
    for (uint32_t c = 0; c < cursor->arity; c++)
        cursor->tuple[c] = id_of(memory, values[c]);
    cursor->height = reasoner_relation_segment(relation, cursor->row)->height;
    cursor->row = cursor->index ? reasoner_index_next(&cursor->rows) : cursor->row > 0 ? cursor->row - 1 : NO_ROW;
    return BASE_OK;
}

static BaseStatus match_database(FactCursor *cursor, BaseError *err)
{
    KgTriple pattern;
    if (!reasoner_facts_triple(cursor->facts, cursor->relation, cursor->pattern, &pattern) ||
        is_unknown_constant(pattern.s) || is_unknown_constant(pattern.p) || is_unknown_constant(pattern.o))
        return BASE_OK; /* nothing to scan */
    return kg_scan_open(cursor->facts->txn, KG_FACTS, pattern, KG_ORDER_BEST, &cursor->scan, err);
}

static BaseStatus next_in_database(FactCursor *cursor, BaseError *err)
{
    KgTriple triple;
    KgNote note = {0};
    BaseStatus status = cursor->scan ? kg_scan_next(cursor->scan, &triple, err) : BASE_END;
    if (status == BASE_OK && kg_scan_layer(cursor->scan) != KG_ASSERTED)
        status = kg_get(cursor->facts->txn, KG_INFERRED, triple, &note, err);
    if (status != BASE_OK)
        return status;
    cursor->height = note.height;
    const PredicateKind kind = cursor->facts->program->relations.items[cursor->relation].kind;
    cursor->tuple[0] = triple.s;
    cursor->tuple[1] = kind == PREDICATE_TRIPLE ? triple.p : triple.o;
    cursor->tuple[2] = triple.o;
    return BASE_OK;
}

BaseStatus reasoner_facts_match(const Facts *facts, uint32_t relation, const KgId *pattern, FactCursor *out,
                                BaseError *err)
{
    out->facts = facts;
    out->relation = relation;
    out->arity = facts->program->relations.items[relation].arity;
    out->scan = NULL;
    out->index = NULL;
    memcpy(out->pattern, pattern, out->arity * sizeof *pattern);
    return facts->memory ? match_memory(out, err) : match_database(out, err);
}

BaseStatus reasoner_facts_next(FactCursor *cursor, BaseError *err)
{
    return cursor->facts->memory ? next_in_memory(cursor) : next_in_database(cursor, err);
}

void reasoner_facts_end(FactCursor *cursor)
{
    kg_scan_close(cursor->scan);
    cursor->scan = NULL;
}
