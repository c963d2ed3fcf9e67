/* The program behind a run's facts, parsed again from the catalog, and where its facts are looked up. */
#include "reasoner/explain.h"
#include "reasoner/program_text.h"

#include <stdlib.h>

void reasoner_case_take(Case *with, const ReasonerProgram *program)
{
    with->program = program;
    with->hides = false;
    for (size_t r = 0; r < program->rules.count; r++)
        with->hides |= program->rules.items[r].has_external; /* nobody stored the answers */
    for (size_t p = 0; p < program->predicates.count; p++)
        with->hides |= program->predicates.items[p].is_head && !program->predicates.items[p].is_violation &&
                       !program->predicates.items[p].is_stored;
}

BaseStatus reasoner_case_parse(Case *with, uint32_t run, BaseError *err)
{
    BaseArena scratch = {0};
    KgRun found;
    ReasonerText *texts = NULL;
    size_t text_count = 0;
    ReasonerParseOptions options = {0};
    KgPrefix *prefixes = NULL;
    with->run = run;
    BaseStatus status = kg_find_run(with->txn, run, &scratch, &found, err);
    if (status == BASE_NOT_FOUND)
        status = base_fail(err, BASE_BAD_INPUT, "run %u, which derived this, is not in the catalog", run);
    if (status == BASE_OK)
        status = reasoner_split_texts(found.text, found.name, &scratch, &texts, &text_count, err);
    if (status == BASE_OK)
        status = kg_prefixes(with->txn, &scratch, &prefixes, &options.prefix_count, err);
    options.prefixes = prefixes;
    options.externals = with->externals;
    options.external_count = with->external_count;
    if (status == BASE_OK)
        status = reasoner_parse(texts, text_count, &options, NULL, &with->owned, err);
    if (status == BASE_OK)
        reasoner_case_take(with, with->owned);
    base_arena_free(&scratch);
    return status;
}

static BaseStatus compute(Case *with, BaseError *err)
{
    BaseStatus status = reasoner_memory_load(with->txn, with->program, NULL, &with->memory, err);
    if (status == BASE_OK)
        status = reasoner_memory_evaluate(&with->memory, err);
    if (status == BASE_OK)
        status = reasoner_facts_open(with->txn, with->program, &with->memory, &with->computed, err);
    if (status != BASE_OK) {
        reasoner_facts_close(&with->computed);
        reasoner_memory_free(&with->memory);
    }
    return status;
}

static BaseStatus look_up(Case *with, BaseError *err)
{
    const BaseStatus status = reasoner_facts_open(with->txn, with->program, NULL, &with->stored, err);
    if (status != BASE_OK)
        reasoner_facts_close(&with->stored);
    return status;
}

BaseStatus reasoner_case_begin(Case *with, bool in_memory, BaseArena *arena, BaseError *err)
{
    BaseStatus status = BASE_OK;
    bool *const is_open = in_memory ? &with->has_computed : &with->has_stored;
    with->arena = arena;
    with->is_lost = false;
    with->shown.count = 0;
    base_map_free(&with->shown_places);
    if (!*is_open)
        status = in_memory ? compute(with, err) : look_up(with, err);
    *is_open |= status == BASE_OK;
    with->facts = in_memory ? &with->computed : &with->stored;
    return status;
}

void reasoner_case_close(Case *with)
{
    reasoner_facts_close(&with->stored);
    reasoner_facts_close(&with->computed);
    if (with->memory.program)
        reasoner_memory_free(&with->memory);
    reasoner_program_free(with->owned);
    free(with->shown.items);
    base_map_free(&with->shown_places);
    *with = (Case){0};
}
