/* The program behind a run's facts, parsed again from the catalog, and where its facts are looked up. */
#include "reasoner/explain.h"
#include "reasoner/program_text.h"

#include <stdlib.h>

static BaseStatus find_run(KgTxn *txn, uint32_t run, BaseArena *arena, KgRun *out, BaseError *err)
{
    if (run != 0) {
        const BaseStatus status = kg_find_run(txn, run, arena, out, err);
        return status == BASE_NOT_FOUND
                   ? base_fail(err, BASE_BAD_INPUT, "run %u, which derived this, is not in the catalog", run)
                   : status;
    }
    KgRun *runs;
    size_t count;
    BaseStatus status = kg_runs(txn, "reason", arena, &runs, &count, err);
    if (status != BASE_OK || count == 0)
        return status != BASE_OK ? status : BASE_NOT_FOUND;
    size_t latest = 0;
    for (size_t i = 1; i < count; i++)
        if (runs[i].id > runs[latest].id)
            latest = i;
    *out = runs[latest];
    return BASE_OK;
}

BaseStatus reasoner_case_parse(Case *out, KgTxn *txn, uint32_t run, BaseError *err)
{
    BaseArena scratch = {0};
    KgRun found;
    ReasonerText *texts = NULL;
    size_t text_count = 0;
    ReasonerParseOptions options = {0};
    KgPrefix *prefixes = NULL;
    BaseStatus status = find_run(txn, run, &scratch, &found, err);
    if (status == BASE_OK)
        status = reasoner_split_texts(found.text, found.name, &scratch, &texts, &text_count, err);
    if (status == BASE_OK)
        status = kg_prefixes(txn, &scratch, &prefixes, &options.prefix_count, err);
    options.prefixes = prefixes;
    if (status == BASE_OK)
        status = reasoner_parse(texts, text_count, &options, NULL, &out->owned, err);
    out->txn = txn;
    out->program = out->owned;
    base_arena_free(&scratch);
    return status;
}

bool reasoner_case_hides(const Case *with)
{
    for (size_t p = 0; p < with->program->predicates.count; p++)
        if (with->program->predicates.items[p].is_head && !with->program->predicates.items[p].is_stored)
            return true;
    return false;
}

BaseStatus reasoner_case_open(Case *with, bool in_memory, BaseError *err)
{
    BaseStatus status = BASE_OK;
    if (in_memory) {
        status = reasoner_memory_load(with->txn, with->program, NULL, &with->memory, err);
        if (status == BASE_OK)
            status = reasoner_evaluate(&with->memory.evaluation, err);
    }
    reasoner_facts_close(&with->facts);
    if (status == BASE_OK)
        status = reasoner_facts_open(with->txn, with->program, in_memory ? &with->memory : NULL, &with->facts, err);
    return status;
}

void reasoner_case_close(Case *with)
{
    reasoner_facts_close(&with->facts);
    if (with->memory.program)
        reasoner_memory_free(&with->memory);
    reasoner_program_free(with->owned);
    free(with->shown.items);
    base_map_free(&with->shown_places);
    *with = (Case){0};
}

BaseStatus reasoner_case_height(const Case *with, uint32_t relation, const KgId *tuple, uint32_t *out, BaseError *err)
{
    FactCursor cursor;
    BaseStatus status = reasoner_facts_match(&with->facts, relation, tuple, &cursor, err);
    if (status == BASE_OK)
        status = reasoner_facts_next(&cursor, err);
    if (status == BASE_OK)
        *out = cursor.height;
    reasoner_facts_end(&cursor);
    return status == BASE_END ? BASE_NOT_FOUND : status;
}
