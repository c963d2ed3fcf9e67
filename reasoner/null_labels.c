/* What a run computed and created, as terms: computed values are found in the dictionary, and a null becomes a blank
 * node whose label is a hash of why it was created. */
#include "reasoner/terms.h"

#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for what was computed");
}

/* ---- Nulls --------------------------------------------------------------------------------------------------- */

/* Rule, variable and frontier, each frontier value as a term; nulls among them have their labels by now. */
static BaseStatus describe(const Terms *terms, const Creation *creation, const uint32_t *made, BaseBuffer *out,
                           BaseError *err)
{
    BaseArena texts = {0};
    BaseStatus status = base_buffer_format(out, "%s\n", creation->of->text) ? BASE_OK : no_memory(err);
    for (uint32_t i = 0; i < creation->frontier_count && status == BASE_OK; i++) {
        KgTerm term;
        status = reasoner_terms_read(terms, made[i], &texts, &term, err);
        if (status == BASE_OK && (!kg_format_term(&term, KG_SYNTAX_NTRIPLES, out) || !base_buffer_add(out, "\n", 1)))
            status = no_memory(err);
    }
    base_arena_free(&texts);
    return status;
}

static BaseStatus label_row(Terms *terms, const Creation *creation, const uint32_t *made, BaseError *err)
{
    BaseBuffer words = {0};
    BaseStatus status = describe(terms, creation, made, &words, err);
    for (uint32_t i = 0; i < creation->null_count && status == BASE_OK; i++) {
        const char *const variable = creation->of->variables[creation->nulls[i]] + 1;
        const uint64_t first = base_hash(words.items, words.count, 1), second = base_hash(words.items, words.count, 2);
        const uint64_t name = base_hash(variable, strlen(variable), 3);
        char label[48];
        snprintf(label, sizeof label, "n%016llx%016llx", (unsigned long long)base_mix(first ^ name),
                 (unsigned long long)base_mix(second + name));
        char *const kept = base_arena_copy(&terms->labels, label, strlen(label));
        if (!kept)
            status = no_memory(err);
        terms->null_labels.items[made[creation->frontier_count + i]] = kept;
    }
    base_buffer_free(&words);
    return status;
}

/* In the order of their making, since a null may be in the frontier of a later one. */
static BaseStatus label_nulls(Terms *terms, const Evaluation *evaluation, BaseError *err)
{
    const size_t rules = terms->program->rules.count, values = reasoner_values_count(terms->values);
    uint32_t *const at = base_arena_alloc(&terms->labels, rules + 1, sizeof *at);
    if (!at || !BASE_RESERVE(&terms->null_labels, values + 1))
        return no_memory(err);
    memset(terms->null_labels.items, 0, (values + 1) * sizeof *terms->null_labels.items);
    terms->null_labels.count = values;
    for (;;) {
        const Creation *next = NULL;
        const uint32_t *row = NULL;
        for (size_t r = 0; r < rules; r++) {
            const Creation *const creation = &evaluation->creations[r];
            if (!creation_is_open(creation) || at[r] == creation->made.count)
                continue;
            const uint32_t *const made = relation_row(&creation->made, at[r]);
            if (!next || made[creation->frontier_count] < row[next->frontier_count]) {
                next = creation;
                row = made;
            }
        }
        if (!next)
            return BASE_OK;
        at[next->rule]++;
        const BaseStatus status = label_row(terms, next, row, err);
        if (status != BASE_OK)
            return status;
    }
}

/* ---- Ids ----------------------------------------------------------------------------------------------------- */

/* Of a computed value the dictionary was asked when it was computed; nulls are known once they have labels. */
static BaseStatus find_nulls(Terms *terms, BaseError *err)
{
    for (size_t number = 0; number < terms->null_labels.count; number++) {
        const char *const label = terms->null_labels.items[number];
        KgId *const id = &terms->ids.items[number];
        if (!label)
            continue;
        const KgTerm term = {.kind = KG_BLANK, .text = {label, strlen(label)}};
        const BaseStatus status = kg_find(terms->txn, &term, id, err);
        if (status != BASE_OK && status != BASE_NOT_FOUND)
            return status;
        if (status == BASE_NOT_FOUND)
            *id = KG_ANY;
        else if (!base_map_put(&terms->numbers, *id, number, NULL))
            return no_memory(err);
    }
    return BASE_OK;
}

BaseStatus reasoner_terms_settle(Terms *terms, const Evaluation *evaluation, BaseError *err)
{
    if (!terms->values)
        return BASE_OK;
    BaseStatus status = evaluation->creations ? label_nulls(terms, evaluation, err) : BASE_OK;
    if (status == BASE_OK && !reasoner_terms_step_over(terms))
        status = no_memory(err);
    return status == BASE_OK ? find_nulls(terms, err) : status;
}
