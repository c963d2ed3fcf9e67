/* Asking external predicates: rows of numbers become terms, answers become rows. */
#include "reasoner/external.h"

#include "reasoner/value_text.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 1024 };

struct ReasonerAnswers {
    Externals *externals;
    const External *external;
    Relation *relation;
    const uint32_t *inputs; /* the batch, as numbers */
    uint32_t input_count;   /* of a row */
    BaseStatus status;
};

bool reasoner_externals_open(Evaluation *evaluation, Terms *terms, BaseArena *arena, Externals *out)
{
    const ReasonerProgram *const program = evaluation->program;
    *out = (Externals){.evaluation = evaluation, .terms = terms};
    out->items = base_arena_alloc(arena, program->relations.count + 1, sizeof *out->items);
    for (size_t r = 0; out->items && r < program->relations.count; r++) {
        External *const external = &out->items[r];
        external->of = program->predicates.items[program->relations.items[r].predicate].external;
        if (external->of)
            external->asked.arity = (uint32_t)__builtin_popcountll(external->of->inputs);
        if (external->of && external->asked.arity == 0)
            external->asked.arity = 1; /* one row, asked once */
    }
    return out->items != NULL;
}

void reasoner_externals_close(Externals *externals)
{
    for (size_t r = 0; externals->items && r < externals->evaluation->program->relations.count; r++)
        reasoner_relation_free(&externals->items[r].asked);
}

/* ---- Terms --------------------------------------------------------------------------------------------------- */

static BaseStatus read_term(const Externals *externals, uint32_t number, BaseArena *texts, ReasonerTerm *out)
{
    BaseBuffer text = {0};
    BaseStatus status = BASE_NO_MEMORY;
    if (externals->terms) {
        out->id = terms_id(externals->terms, number);
        return reasoner_terms_read(externals->terms, number, texts, &out->term, externals->err);
    }
    const Value value = reasoner_value(externals->evaluation->values, number);
    out->id = KG_ANY;
    if (reasoner_term_of_value(&value, &text, &out->term)) {
        char *const copy = base_arena_copy(texts, out->term.text.length ? out->term.text.bytes : "",
                                           out->term.text.length); /* it may be the buffer's */
        out->term.text.bytes = copy;
        status = copy ? BASE_OK : BASE_NO_MEMORY;
    }
    base_buffer_free(&text);
    return status;
}

/* The number of an answer's term. */
static BaseStatus number_of(const Externals *externals, const ReasonerTerm *term, uint32_t *out)
{
    KgId id = term->id;
    BaseStatus status = BASE_OK;
    if (externals->terms && id == KG_ANY)
        status = kg_find(externals->terms->txn, &term->term, &id, externals->err);
    if (externals->terms && status == BASE_OK)
        return reasoner_terms_number(externals->terms, id, out) ? BASE_OK : BASE_NO_MEMORY;
    if (status != BASE_OK && status != BASE_NOT_FOUND)
        return status;
    BaseArena texts = {0};
    Value value;
    *out = reasoner_value_of_term(&term->term, &texts, &value) ? reasoner_intern(externals->evaluation->values, &value)
                                                               : NO_VALUE;
    base_arena_free(&texts);
    return *out != NO_VALUE ? BASE_OK : BASE_NO_MEMORY;
}

bool reasoner_answer(ReasonerAnswers *answers, size_t row, const ReasonerTerm *outputs)
{
    const ReasonerExternal *const of = answers->external->of;
    const uint32_t *input = answers->inputs + row * answers->input_count;
    uint32_t tuple[ARITY_LIMIT];
    uint64_t added;
    for (uint32_t c = 0; c < of->arity && answers->status == BASE_OK; c++) {
        if (of->inputs >> c & 1)
            tuple[c] = *input++;
        else
            answers->status = number_of(answers->externals, outputs++, &tuple[c]);
    }
    if (answers->status == BASE_OK && !reasoner_relation_add(answers->relation, tuple, 1, 0, NOWHERE, &added))
        answers->status = BASE_NO_MEMORY;
    return answers->status == BASE_OK;
}

/* ---- Asking -------------------------------------------------------------------------------------------------- */

static BaseStatus ask_batch(Externals *externals, uint32_t relation, const uint32_t *inputs, size_t count,
                            ReasonerTerm *terms, BaseArena *texts, BaseError *fault)
{
    const External *const external = &externals->items[relation];
    ReasonerAnswers answers = {.externals = externals,
                               .external = external,
                               .relation = &externals->evaluation->relations[relation],
                               .inputs = inputs,
                               .input_count = external->asked.arity};
    for (size_t i = 0; i < count * external->asked.arity; i++) {
        const BaseStatus status = read_term(externals, inputs[i], texts, &terms[i]);
        if (status != BASE_OK)
            return status;
    }
    const BaseStatus status = external->of->ask(external->of->context, terms, count, &answers, fault);
    return answers.status != BASE_OK ? answers.status : status;
}

BaseStatus reasoner_externals_ask(Externals *externals, uint32_t relation, uint32_t rule)
{
    External *const external = &externals->items[relation];
    const ReasonerProgram *const program = externals->evaluation->program;
    Relation *const answers = &externals->evaluation->relations[relation];
    ReasonerTerm *const terms = malloc((size_t)BATCH * external->asked.arity * sizeof *terms);
    BaseStatus status = terms ? BASE_OK : BASE_NO_MEMORY;
    BaseArena texts = {0};
    while (status == BASE_OK && external->answered < external->asked.count) {
        const uint32_t left = external->asked.count - external->answered, count = left < BATCH ? left : BATCH;
        BaseError fault = {0};
        const BaseArenaMark start = base_arena_mark(&texts);
        status = ask_batch(externals, relation, relation_row(&external->asked, external->answered), count, terms,
                           &texts, &fault);
        base_arena_rewind(&texts, start);
        if (status != BASE_OK && status != BASE_NO_MEMORY && fault.status != BASE_OK)
            base_fail_at(externals->err, status, reasoner_program_source(program, program->rules.items[rule].place),
                         "%s: %s", program->predicates.items[program->relations.items[relation].predicate].name,
                         fault.message);
        external->answered += count;
    }
    answers->low = answers->high = answers->count; /* all of it is seen, and nothing of it is new */
    base_arena_free(&texts);
    free(terms);
    return status;
}
