/* Facts for proofs, from the database's indexes or from relations in memory. */
#include "reasoner/facts.h"
#include "reasoner/functions.h"
#include "reasoner/value_text.h"

#include <stdlib.h>
#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
}

/* ---- Terms --------------------------------------------------------------------------------------------------- */

BaseStatus reasoner_facts_open(KgTxn *txn, const ReasonerProgram *program, Memory *memory, Facts *out, BaseError *err)
{
    *out = (Facts){.txn = txn, .program = program, .relations = memory ? memory->evaluation.relations : NULL};
    out->terms = memory ? &memory->terms : &out->own;
    BaseStatus status = memory ? BASE_OK : reasoner_terms_open(txn, program, &out->own, err);
    if (status == BASE_OK && !memory && program->needs_values)
        status = reasoner_terms_lend(&out->own, err);
    out->values = out->terms->values;
    return status;
}

void reasoner_facts_take(const Evaluation *evaluation, Facts *out)
{
    *out = (Facts){.program = evaluation->program, .relations = evaluation->relations, .values = evaluation->values};
}

void reasoner_facts_close(Facts *facts)
{
    reasoner_terms_close(&facts->own);
    *facts = (Facts){0};
}

/* The number of a term of the database; NO_VALUE: no memory. */
static uint32_t number_of(Facts *facts, KgId id)
{
    uint32_t number;
    return reasoner_terms_number(facts->terms, id, &number) ? number : NO_VALUE;
}

static KgId id_of(const Facts *facts, uint32_t term)
{
    return terms_id(facts->terms, term);
}

BaseStatus reasoner_facts_write(const Facts *facts, uint32_t term, BaseBuffer *out, BaseError *err)
{
    KgTerm written;
    BaseArena texts = {0};
    if (!facts->txn) {
        const Value value = reasoner_value(facts->values, term);
        return reasoner_write_term(&value, out) ? BASE_OK : no_memory(err);
    }
    BaseStatus status = reasoner_terms_read(facts->terms, term, &texts, &written, err);
    if (status == BASE_OK && !kg_format_term(&written, KG_SYNTAX_NAME, out))
        status = no_memory(err);
    base_arena_free(&texts);
    return status;
}

bool reasoner_facts_is_null(const Facts *facts, uint32_t term)
{
    const KgId id = facts->txn ? id_of(facts, term) : KG_ANY;
    return id != KG_ANY ? kg_kind(id) == KG_BLANK
                        : facts->values && reasoner_value(facts->values, term).kind == VALUE_NULL;
}

/* ---- Triples ------------------------------------------------------------------------------------------------- */

static uint32_t name_of(const Facts *facts, const RelationShape *shape)
{
    return facts->program->predicates.items[shape->predicate].constant;
}

BaseStatus reasoner_facts_place(Facts *facts, KgTriple triple, uint32_t *relation, uint32_t tuple[3], BaseError *err)
{
    const uint32_t s = number_of(facts, triple.s), p = number_of(facts, triple.p), o = number_of(facts, triple.o);
    if (s == NO_VALUE || p == NO_VALUE || o == NO_VALUE)
        return no_memory(err);
    for (uint32_t r = 0; r < facts->program->relations.count; r++) {
        const RelationShape *const shape = &facts->program->relations.items[r];
        *relation = r;
        tuple[0] = s;
        tuple[1] = shape->kind == PREDICATE_TRIPLE ? p : o;
        tuple[2] = o;
        if (shape->kind == PREDICATE_TRIPLE || (shape->kind == PREDICATE_PROPERTY && p == name_of(facts, shape)) ||
            (shape->kind == PREDICATE_CLASS && p == facts->program->type_constant && o == name_of(facts, shape)))
            return BASE_OK;
    }
    return BASE_NOT_FOUND;
}

/* The triple as numbers; false: it is of a relation inside the program. */
static bool spread(const Facts *facts, uint32_t relation, const uint32_t *tuple, uint32_t out[3])
{
    const RelationShape *const shape = &facts->program->relations.items[relation];
    out[0] = tuple[0];
    switch (shape->kind) {
    case PREDICATE_CLASS:
        out[1] = facts->program->type_constant;
        out[2] = name_of(facts, shape);
        return true;
    case PREDICATE_PROPERTY:
        out[1] = name_of(facts, shape);
        out[2] = tuple[1];
        return true;
    case PREDICATE_TRIPLE:
        out[1] = tuple[1];
        out[2] = tuple[2];
        return true;
    case PREDICATE_LOCAL:
        break;
    }
    return false;
}

bool reasoner_facts_triple(const Facts *facts, uint32_t relation, const uint32_t *tuple, KgTriple *out)
{
    uint32_t terms[3];
    if (!facts->txn || !spread(facts, relation, tuple, terms))
        return false;
    *out = (KgTriple){id_of(facts, terms[0]), id_of(facts, terms[1]), id_of(facts, terms[2])};
    return true;
}

/* The pattern of a scan; false: nothing fits, as a term is not in the database, or the relation is not. */
static bool pattern_of(const Facts *facts, uint32_t relation, const uint32_t *pattern, KgTriple *out)
{
    uint32_t terms[3];
    KgId *const ids[3] = {&out->s, &out->p, &out->o};
    if (!spread(facts, relation, pattern, terms))
        return false;
    for (int i = 0; i < 3; i++) {
        *ids[i] = terms[i] == OPEN_TERM ? KG_ANY : id_of(facts, terms[i]);
        if (terms[i] != OPEN_TERM && *ids[i] == KG_ANY)
            return false;
    }
    return true;
}

/* ---- Comparing ----------------------------------------------------------------------------------------------- */

static uint32_t term_of(const Operand *operand, const uint32_t *binding)
{
    return operand->term.is_variable ? binding[operand->term.index] : operand->term.index;
}

BaseStatus reasoner_facts_compare(Facts *facts, const Comparison *comparison, const uint32_t *binding, bool *out,
                                  BaseError *err)
{
    *out = reasoner_compare(comparison, binding, facts->values);
    return facts->values && reasoner_values_failed(facts->values) ? no_memory(err) : BASE_OK;
}

BaseStatus reasoner_facts_operand(Facts *facts, const Operand *operand, const uint32_t *binding, uint32_t *out,
                                  BaseError *err)
{
    if (!operand->expression) {
        *out = term_of(operand, binding);
        return BASE_OK;
    }
    if (!reasoner_operand(operand, binding, facts->values, out))
        *out = OPEN_TERM;
    return reasoner_values_failed(facts->values) ? no_memory(err) : BASE_OK;
}

/* ---- Looking up ---------------------------------------------------------------------------------------------- */

static bool is_whole(const uint32_t *pattern, uint32_t arity)
{
    for (uint32_t c = 0; c < arity; c++)
        if (pattern[c] == OPEN_TERM)
            return false;
    return true;
}

/* Height of a triple of the database. */
static BaseStatus read_height(const Facts *facts, KgTriple triple, uint32_t *out, BaseError *err)
{
    KgNote note;
    BaseStatus status = kg_get(facts->txn, KG_ASSERTED, triple, &note, err);
    *out = 0;
    if (status != BASE_NOT_FOUND)
        return status;
    status = kg_get(facts->txn, KG_INFERRED, triple, &note, err);
    *out = status == BASE_OK ? note.height : 0;
    return status;
}

BaseStatus reasoner_facts_height(const Facts *facts, uint32_t relation, const uint32_t *tuple, uint32_t *out,
                                 BaseError *err)
{
    if (!facts->relations) {
        KgTriple triple;
        return pattern_of(facts, relation, tuple, &triple) ? read_height(facts, triple, out, err) : BASE_NOT_FOUND;
    }
    FactCursor cursor;
    BaseStatus status = reasoner_facts_match((Facts *)facts, relation, tuple, &cursor, err);
    if (status == BASE_OK)
        status = reasoner_facts_next(&cursor, err);
    if (status == BASE_OK)
        status = reasoner_facts_cursor_height(&cursor, out, err);
    reasoner_facts_end(&cursor);
    return status == BASE_END ? BASE_NOT_FOUND : status;
}

static BaseStatus count_in_memory(const Facts *facts, uint32_t relation, const uint32_t *pattern, uint64_t *out,
                                  BaseError *err)
{
    enum { PROBE = 64 }; /* more are as good as any */
    FactCursor cursor;
    BaseStatus status = reasoner_facts_match((Facts *)facts, relation, pattern, &cursor, err);
    *out = 0;
    if (status == BASE_OK && !cursor.index) {
        *out = facts->relations[relation].count;
        return BASE_OK;
    }
    while (*out < PROBE && status == BASE_OK && (status = reasoner_facts_next(&cursor, err)) == BASE_OK)
        ++*out;
    reasoner_facts_end(&cursor);
    return status == BASE_END ? BASE_OK : status;
}

BaseStatus reasoner_facts_count(const Facts *facts, uint32_t relation, const uint32_t *pattern, uint64_t *out,
                                BaseError *err)
{
    KgTriple triple;
    uint64_t asserted = 0, inferred = 0;
    *out = 1; /* or 0: either way to be looked at first */
    if (is_whole(pattern, facts->program->relations.items[relation].arity))
        return BASE_OK;
    if (facts->relations)
        return count_in_memory(facts, relation, pattern, out, err);
    *out = 0;
    if (!pattern_of(facts, relation, pattern, &triple))
        return BASE_OK;
    BaseStatus status = kg_count(facts->txn, KG_IN(KG_ASSERTED), triple, &asserted, err);
    if (status == BASE_OK)
        status = kg_count(facts->txn, KG_IN(KG_INFERRED), triple, &inferred, err);
    *out = asserted + inferred;
    return status;
}

BaseStatus reasoner_facts_are_given(const Facts *facts, uint32_t relation, const uint32_t *tuple, bool *out,
                                    BaseError *err)
{
    uint32_t terms[3];
    uint64_t count = 0;
    if (!facts->txn || !spread(facts, relation, tuple, terms)) {
        *out = facts->relations && reasoner_relation_height_start(&facts->relations[relation], 1) > 0;
        return BASE_OK;
    }
    KgTriple pattern = {.p = id_of(facts, terms[1])};
    if (terms[1] == facts->program->type_constant)
        pattern.o = id_of(facts, terms[2]);
    *out = false;
    if (pattern.p == KG_ANY || (terms[1] == facts->program->type_constant && pattern.o == KG_ANY))
        return BASE_OK;
    const BaseStatus status = kg_count(facts->txn, KG_IN(KG_ASSERTED), pattern, &count, err);
    *out = count > 0;
    return status;
}

/* ---- Cursor -------------------------------------------------------------------------------------------------- */

static BaseStatus match_memory(FactCursor *cursor, BaseError *err)
{
    Relation *const relation = &cursor->facts->relations[cursor->relation];
    uint32_t count = 0;
    uint64_t columns = 0;
    cursor->next = NO_ROW;
    for (uint32_t c = 0; c < cursor->arity; c++) {
        if (cursor->pattern[c] == OPEN_TERM)
            continue;
        cursor->key[count++] = cursor->pattern[c];
        columns |= (uint64_t)1 << c;
    }
    if (relation->count == 0)
        return BASE_OK;
    if (columns == 0) {
        cursor->next = relation->count - 1;
        return BASE_OK;
    }
    cursor->index = reasoner_relation_index(relation, columns, true);
    if (!cursor->index)
        return no_memory(err);
    cursor->rows = reasoner_index_find(relation, cursor->index, cursor->key);
    return BASE_OK;
}

static BaseStatus next_in_memory(FactCursor *cursor)
{
    const Relation *const relation = &cursor->facts->relations[cursor->relation];
    if (cursor->index) {
        cursor->row = reasoner_index_next(&cursor->rows);
    } else {
        cursor->row = cursor->next;
        cursor->next = cursor->row == NO_ROW || cursor->row == 0 ? NO_ROW : cursor->row - 1;
    }
    if (cursor->row == NO_ROW)
        return BASE_END;
    memcpy(cursor->tuple, relation_row(relation, cursor->row), cursor->arity * sizeof *cursor->tuple);
    return BASE_OK;
}

static BaseStatus match_database(FactCursor *cursor, BaseError *err)
{
    KgTriple pattern;
    if (!pattern_of(cursor->facts, cursor->relation, cursor->pattern, &pattern))
        return BASE_OK; /* nothing to scan */
    return kg_scan_open(cursor->facts->txn, KG_FACTS, pattern, KG_ORDER_BEST, &cursor->scan, err);
}

static BaseStatus next_in_database(FactCursor *cursor, BaseError *err)
{
    const BaseStatus status = cursor->scan ? kg_scan_next(cursor->scan, &cursor->triple, err) : BASE_END;
    if (status != BASE_OK)
        return status;
    const bool is_triple = cursor->facts->program->relations.items[cursor->relation].kind == PREDICATE_TRIPLE;
    const KgId ids[3] = {cursor->triple.s, is_triple ? cursor->triple.p : cursor->triple.o, cursor->triple.o};
    for (uint32_t c = 0; c < cursor->arity; c++) {
        cursor->tuple[c] = cursor->pattern[c] != OPEN_TERM ? cursor->pattern[c] : number_of(cursor->facts, ids[c]);
        if (cursor->tuple[c] == NO_VALUE)
            return no_memory(err);
    }
    return BASE_OK;
}

BaseStatus reasoner_facts_match(Facts *facts, uint32_t relation, const uint32_t *pattern, FactCursor *out,
                                BaseError *err)
{
    out->facts = facts;
    out->relation = relation;
    out->arity = facts->program->relations.items[relation].arity;
    out->scan = NULL;
    out->index = NULL;
    memcpy(out->pattern, pattern, out->arity * sizeof *pattern);
    return facts->relations ? match_memory(out, err) : match_database(out, err);
}

BaseStatus reasoner_facts_next(FactCursor *cursor, BaseError *err)
{
    return cursor->facts->relations ? next_in_memory(cursor) : next_in_database(cursor, err);
}

BaseStatus reasoner_facts_cursor_height(const FactCursor *cursor, uint32_t *out, BaseError *err)
{
    KgNote note;
    *out = 0;
    if (cursor->facts->relations) {
        *out = reasoner_relation_segment(&cursor->facts->relations[cursor->relation], cursor->row)->height;
        return BASE_OK;
    }
    if (kg_scan_layer(cursor->scan) == KG_ASSERTED)
        return BASE_OK;
    const BaseStatus status = kg_get(cursor->facts->txn, KG_INFERRED, cursor->triple, &note, err);
    *out = status == BASE_OK ? note.height : 0;
    return status;
}

void reasoner_facts_end(FactCursor *cursor)
{
    kg_scan_close(cursor->scan);
    cursor->scan = NULL;
}
