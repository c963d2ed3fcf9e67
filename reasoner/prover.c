/* Why facts of a database hold, and why others do not. Proofs are searched among the facts that are stored; where a
 * program derives what it does not store, or stored facts no longer add up, it is run again in memory and the proof
 * taken from there. Programs, and what was computed for them, are kept for the next question. */
#include "reasoner/explain.h"

#include <stdlib.h>
#include <string.h>

struct ReasonerProver {
    KgTxn *txn;
    struct {
        Case **items; /* one per run asked about */
        size_t count, capacity;
    } cases;
    uint32_t latest; /* run; 0: not looked for yet */
    const ReasonerExternal *externals;
    size_t external_count;
};

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
}

void reasoner_explanation_free(ReasonerExplanation *explanation)
{
    if (!explanation)
        return;
    base_arena_free(&explanation->memory);
    *explanation = (ReasonerExplanation){0};
}

BaseStatus reasoner_prover_open(KgTxn *txn, ReasonerProver **out, BaseError *err)
{
    *out = NULL;
    if (!txn)
        return base_fail(err, BASE_BAD_CALL, "reasoner_prover_open: a transaction is needed");
    *out = calloc(1, sizeof **out);
    if (!*out)
        return no_memory(err);
    (*out)->txn = txn;
    return BASE_OK;
}

void reasoner_prover_know(ReasonerProver *prover, const ReasonerExternal *externals, size_t count)
{
    prover->externals = externals;
    prover->external_count = count;
}

void reasoner_prover_close(ReasonerProver *prover)
{
    if (!prover)
        return;
    for (size_t i = 0; i < prover->cases.count; i++) {
        reasoner_case_close(prover->cases.items[i]);
        free(prover->cases.items[i]);
    }
    free(prover->cases.items);
    free(prover);
}

/* The latest run that reasoned. BASE_NOT_FOUND, with no message: there is none. */
static BaseStatus find_latest(ReasonerProver *prover, BaseError *err)
{
    if (prover->latest != 0)
        return BASE_OK;
    BaseArena arena = {0};
    KgRun *runs;
    size_t count = 0;
    const BaseStatus status = kg_runs(prover->txn, "reason", &arena, &runs, &count, err);
    for (size_t i = 0; status == BASE_OK && i < count; i++)
        if (runs[i].id > prover->latest)
            prover->latest = runs[i].id;
    base_arena_free(&arena);
    return status != BASE_OK ? status : prover->latest != 0 ? BASE_OK : BASE_NOT_FOUND;
}

/* The program of a run; 0: of the latest one. BASE_NOT_FOUND as above. */
static BaseStatus find_case(ReasonerProver *prover, uint32_t run, Case **out, BaseError *err)
{
    if (run == 0) {
        const BaseStatus status = find_latest(prover, err);
        if (status != BASE_OK)
            return status;
        run = prover->latest;
    }
    for (size_t i = 0; i < prover->cases.count; i++)
        if (prover->cases.items[i]->run == run) {
            *out = prover->cases.items[i];
            return BASE_OK;
        }
    Case *const with = calloc(1, sizeof *with);
    if (!with)
        return no_memory(err);
    with->txn = prover->txn;
    with->externals = prover->externals;
    with->external_count = prover->external_count;
    BaseStatus status = reasoner_case_parse(with, run, err);
    if (status == BASE_OK && !BASE_PUSH(&prover->cases, with))
        status = no_memory(err);
    if (status != BASE_OK) {
        reasoner_case_close(with);
        free(with);
        return status;
    }
    *out = with;
    return BASE_OK;
}

/* ---- Why ----------------------------------------------------------------------------------------------------- */

/* A leaf for an asserted fact, which needs no program. */
static BaseStatus prove_asserted(KgTxn *txn, KgTriple fact, KgNote note, ReasonerExplanation *out, ReasonerProof **node,
                                 BaseError *err)
{
    BaseBuffer text = {0};
    const KgId ids[3] = {fact.s, fact.p, fact.o};
    size_t ends[3] = {0};
    BaseStatus status = BASE_OK;
    for (int i = 0; i < 3 && status == BASE_OK; i++) {
        KgTerm term;
        status = kg_term(txn, ids[i], &out->memory, &term, err);
        const bool is_type = status == BASE_OK && i == 1 && term.text.length == strlen(RDF_TYPE) &&
                             memcmp(term.text.bytes, RDF_TYPE, term.text.length) == 0;
        if (status == BASE_OK &&
            !(base_buffer_add(&text, " ", i > 0) && (is_type ? base_buffer_add(&text, "rdf:type", strlen("rdf:type"))
                                                             : kg_format_term(&term, KG_SYNTAX_NAME, &text))))
            status = no_memory(err);
        ends[i] = text.count;
    }
    *node = status == BASE_OK ? base_arena_alloc(&out->memory, 1, sizeof **node) : NULL;
    const char **const terms = *node ? base_arena_alloc(&out->memory, 3, sizeof *terms) : NULL;
    for (int i = 0; i < 3 && terms && status == BASE_OK; i++) {
        const size_t start = i > 0 ? ends[i - 1] + 1 : 0;
        terms[i] = base_arena_copy(&out->memory, text.items + start, ends[i] - start);
        status = terms[i] ? BASE_OK : no_memory(err);
    }
    if (terms) {
        **node = (ReasonerProof){.kind = REASONER_ASSERTED,
                                 .is_triple = true,
                                 .triple = fact,
                                 .terms = terms,
                                 .term_count = 3,
                                 .number = 1,
                                 .note = note};
        (*node)->text = base_arena_copy(&out->memory, text.items, text.count);
    }
    if (status == BASE_OK && (!terms || !(*node)->text))
        status = no_memory(err);
    base_buffer_free(&text);
    return status;
}

/* Searches among the stored facts, and when these are not enough among those computed, or the other way round. */
static BaseStatus prove_derived(ReasonerProver *prover, KgTriple fact, uint32_t run,
                                const ReasonerProveOptions *options, ReasonerProof *asserted, ReasonerExplanation *out,
                                BaseError *err)
{
    Case *with;
    BaseStatus status = find_case(prover, run, &with, err);
    if (status != BASE_OK)
        return status;
    status = reasoner_prove_in(with, with->hides, fact, options, asserted, out, err);
    if (status != BASE_NOT_FOUND && (status != BASE_OK || !with->is_lost || with->hides))
        return status;
    const ReasonerExplanation first = *out;
    const bool had = status == BASE_OK;
    status = reasoner_prove_in(with, !with->hides, fact, options, asserted, out, err);
    if (status != BASE_NOT_FOUND || !had)
        return status;
    const BaseArena memory = out->memory; /* the database has changed since: keep the lost proof */
    *out = first;
    out->memory = memory;
    return BASE_OK;
}

BaseStatus reasoner_prover_ask(ReasonerProver *prover, KgTriple fact, const ReasonerProveOptions *options,
                               ReasonerExplanation *out, BaseError *err)
{
    if (!prover || !out || fact.s == KG_ANY || fact.p == KG_ANY || fact.o == KG_ANY)
        return base_fail(err, BASE_BAD_CALL, "reasoner_prover_ask: a prover, a whole triple and a place for the proof");
    KgNote asserted = {0}, note = {0};
    ReasonerProof *leaf = NULL;
    BaseStatus status = kg_get(prover->txn, KG_ASSERTED, fact, &asserted, err);
    if (status == BASE_OK)
        status = prove_asserted(prover->txn, fact, asserted, out, &leaf, err);
    if (status != BASE_OK && status != BASE_NOT_FOUND)
        return status;
    if (!leaf || (options && (options->all || options->forest))) {
        status = kg_get(prover->txn, KG_INFERRED, fact, &note, err);
        if (status == BASE_OK || (status == BASE_NOT_FOUND && leaf))
            status = prove_derived(prover, fact, note.source, options, leaf, out, err);
        if (status != BASE_NOT_FOUND || !leaf)
            return status;
    }
    /* Asserted, and nothing more is asked or known. */
    out->items = base_arena_alloc(&out->memory, 1, sizeof *out->items);
    if (!out->items)
        return no_memory(err);
    out->items[0] = leaf;
    out->count = 1;
    return BASE_OK;
}

BaseStatus reasoner_prover_ask_why_not(ReasonerProver *prover, KgTriple fact, const ReasonerProveOptions *options,
                                       ReasonerExplanation *out, BaseError *err)
{
    if (!prover || !out || fact.s == KG_ANY || fact.p == KG_ANY || fact.o == KG_ANY)
        return base_fail(err, BASE_BAD_CALL,
                         "reasoner_prover_ask_why_not: a prover, a whole triple and a place for the answer");
    Case *with;
    const BaseStatus status = find_case(prover, 0, &with, err);
    return status == BASE_OK ? reasoner_miss_in(with, with->hides, fact, options, out, err) : status;
}

/* ---- One question -------------------------------------------------------------------------------------------- */

BaseStatus reasoner_prove(KgTxn *txn, KgTriple fact, const ReasonerProveOptions *options, ReasonerExplanation *out,
                          BaseError *err)
{
    ReasonerProver *prover;
    BaseStatus status = reasoner_prover_open(txn, &prover, err);
    if (status == BASE_OK)
        status = reasoner_prover_ask(prover, fact, options, out, err);
    reasoner_prover_close(prover);
    return status;
}

BaseStatus reasoner_why_not(KgTxn *txn, const ReasonerProgram *program, KgTriple fact,
                            const ReasonerProveOptions *options, ReasonerExplanation *out, BaseError *err)
{
    if (!txn || !out || fact.s == KG_ANY || fact.p == KG_ANY || fact.o == KG_ANY)
        return base_fail(err, BASE_BAD_CALL,
                         "reasoner_why_not: a transaction, a whole triple and a place for the answer");
    if (program) {
        Case with = {.txn = txn};
        reasoner_case_take(&with, program);
        const BaseStatus status = reasoner_miss_in(&with, with.hides, fact, options, out, err);
        reasoner_case_close(&with);
        return status;
    }
    ReasonerProver *prover;
    BaseStatus status = reasoner_prover_open(txn, &prover, err);
    if (status == BASE_OK)
        status = reasoner_prover_ask_why_not(prover, fact, options, out, err);
    reasoner_prover_close(prover);
    return status;
}
