/* Terms of a database by number, and as values: read when a rule computes with them, found again by the dictionary. A
 * blank node is a null whose number is its id. */
#include "reasoner/terms.h"

#include "reasoner/program.h"
#include "reasoner/value_text.h"

#include <stdlib.h>
#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for the terms");
}

/* ---- Numbers ------------------------------------------------------------------------------------------------- */

BaseStatus reasoner_terms_open(KgTxn *txn, const ReasonerProgram *program, Terms *out, BaseError *err)
{
    *out = (Terms){.txn = txn, .program = program};
    for (size_t c = 0; c < program->constants.count; c++) {
        KgId id = KG_ANY;
        const BaseStatus status = kg_find(txn, &program->constants.items[c], &id, err);
        if (status != BASE_OK && status != BASE_NOT_FOUND)
            return status;
        if (status == BASE_NOT_FOUND)
            id = KG_ANY;
        if (!BASE_PUSH(&out->ids, id) || (id != KG_ANY && !base_map_put(&out->numbers, id, c, NULL)))
            return no_memory(err);
    }
    return BASE_OK;
}

void reasoner_terms_close(Terms *terms)
{
    free(terms->ids.items);
    base_map_free(&terms->numbers);
    reasoner_values_free(terms->values);
    free(terms->null_labels.items);
    base_arena_free(&terms->labels);
    *terms = (Terms){0};
}

bool reasoner_terms_step_over(Terms *terms)
{
    while (terms->ids.count < reasoner_values_count(terms->values))
        if (!BASE_PUSH(&terms->ids, KG_ANY))
            return false;
    return true;
}

bool reasoner_terms_number(Terms *terms, KgId id, uint32_t *out)
{
    bool is_new;
    if (terms->values && !reasoner_terms_step_over(terms))
        return false;
    const uint64_t *const number = base_map_put(&terms->numbers, id, terms->ids.count, &is_new);
    if (!number || (is_new && (terms->ids.count >= NO_VALUE || !BASE_PUSH(&terms->ids, id))))
        return false;
    *out = (uint32_t)*number;
    return !is_new || !terms->values || reasoner_values_lend_one(terms->values);
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

/* A file's xsd:float is no number; that of a database is the value that a rule would have stored as one. */
static void read_float(const KgTerm *term, Value *out)
{
    Value real;
    if (reasoner_read_double(term->text, &real) == READ_OK)
        *out = (Value){.kind = VALUE_FLOAT, .real = (double)(float)real.real};
}

static bool read_value(void *context, uint32_t number, BaseArena *texts, Value *out)
{
    Terms *const terms = context;
    KgTerm term;
    BaseError fault = {0};
    if (reasoner_terms_read(terms, number, texts, &term, &fault) != BASE_OK ||
        !reasoner_value_of_term(&term, texts, out))
        return false;
    if (term.kind == KG_BLANK)
        *out = (Value){.kind = VALUE_NULL, .integer = (int64_t)terms->ids.items[number]};
    else if (out->kind == VALUE_OTHER && same_text(out->tag, KG_TEXT(XSD "float")))
        read_float(&term, out);
    return true;
}

/* A term that the database has is numbered when it was not met. */
static bool find_value(void *context, const Value *value, uint32_t *out)
{
    Terms *const terms = context;
    BaseBuffer text = {0};
    BaseError fault = {0};
    KgTerm term;
    KgId id;
    *out = NO_VALUE;
    BaseStatus status = BASE_NO_MEMORY;
    if (reasoner_term_of_value(value, &text, &term))
        status = kg_find(terms->txn, &term, &id, &fault);
    base_buffer_free(&text);
    if (status == BASE_OK)
        return reasoner_terms_number(terms, id, out);
    return status == BASE_NOT_FOUND;
}

/* Constants that the database does not know are found by their values. */
static bool know_constants(Terms *terms)
{
    const ReasonerProgram *const program = terms->program;
    bool is_fine = true;
    for (uint32_t c = 0; c < program->constants.count && is_fine; c++) {
        const KgTerm *const constant = &program->constants.items[c];
        BaseBuffer text = {0};
        KgTerm term;
        if (terms->ids.items[c] != KG_ANY || constant->kind == KG_BLANK)
            continue;
        is_fine = reasoner_term_of_value(&program->values.items[c], &text, &term);
        if (is_fine && same_text(term.text, constant->text) && same_text(term.datatype, constant->datatype) &&
            same_text(term.language, constant->language))
            is_fine = reasoner_values_know(terms->values, c, &program->values.items[c]);
        base_buffer_free(&text);
    }
    return is_fine;
}

BaseStatus reasoner_terms_lend(Terms *terms, BaseError *err)
{
    const ValueSource source = {read_value, find_value, terms};
    terms->values = reasoner_values_new();
    if (!terms->values || !reasoner_values_lend(terms->values, &source, (uint32_t)terms->ids.count) ||
        !know_constants(terms))
        return no_memory(err);
    return BASE_OK;
}

/* ---- Terms --------------------------------------------------------------------------------------------------- */

static BaseStatus copy_term(const KgTerm *term, BaseArena *arena, KgTerm *out, BaseError *err)
{
    *out = *term;
    KgText *const texts[] = {&out->text, &out->datatype, &out->language};
    for (int i = 0; i < 3; i++) {
        texts[i]->bytes = base_arena_copy(arena, texts[i]->length ? texts[i]->bytes : "", texts[i]->length);
        if (!texts[i]->bytes)
            return no_memory(err);
    }
    return BASE_OK;
}

BaseStatus reasoner_terms_read(const Terms *terms, uint32_t value, BaseArena *arena, KgTerm *out, BaseError *err)
{
    if (value < terms->program->constants.count) {
        *out = terms->program->constants.items[value];
        return BASE_OK;
    }
    if (value < terms->ids.count && terms->ids.items[value] != KG_ANY)
        return kg_term(terms->txn, terms->ids.items[value], arena, out, err);
    const Value computed = reasoner_value(terms->values, value);
    if (computed.kind == VALUE_NULL && value < terms->null_labels.count && terms->null_labels.items[value]) {
        const char *const label = terms->null_labels.items[value];
        *out = (KgTerm){.kind = KG_BLANK, .text = {label, strlen(label)}};
        return BASE_OK;
    }
    BaseBuffer text = {0};
    KgTerm term;
    const BaseStatus status =
        reasoner_term_of_value(&computed, &text, &term) ? copy_term(&term, arena, out, err) : no_memory(err);
    base_buffer_free(&text);
    return status;
}
