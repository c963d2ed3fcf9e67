/* A run: load what is asserted, derive, and put the outputs into KG_INFERRED in place of what was there; the same
 * without storing; and the report of either. The catalog gets the program's whole text, each file behind a comment line
 * with its length and name, so that a proof can parse it again (program_text.c). */
#include "reasoner/run.h"

#include "reasoner/files.h"
#include "reasoner/program_text.h"
#include "reasoner/report.h"
#include "reasoner/store.h"
#include "reasoner/update.h"

#include <stdlib.h>
#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for what was derived");
}

/* ---- Deriving ------------------------------------------------------------------------------------------------ */

/* Predicates of bodies that neither the database nor a rule has. */
static void warn_of_empty(const Memory *memory, const BaseSink *sink)
{
    const ReasonerProgram *const program = memory->program;
    Faults faults = {.program = program};
    for (uint32_t p = 0; sink && p < program->predicates.count; p++) {
        const Predicate *const predicate = &program->predicates.items[p];
        const uint32_t relation = reasoner_relation_of(program, p);
        BaseError near = {0};
        KgId id;
        if (predicate->is_head || predicate->external || !predicate->is_meant || !predicate->is_needed ||
            predicate->is_violation || predicate->place.length == 0 || relation == NOWHERE ||
            reasoner_memory_is_shared(memory, relation) || memory->evaluation.relations[relation].count > 0)
            continue;
        const bool is_unknown = kg_find_name(memory->txn, predicate->name, &id, &near) == BASE_NOT_FOUND;
        reasoner_warn(&faults, predicate->place, is_unknown && *near.hint ? near.hint : NULL,
                      "no fact or rule gives %s", predicate->name);
    }
    reasoner_tell_faults(&faults, sink, NULL);
}

BaseStatus reasoner_run_derive(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options,
                               Memory *memory, ReasonerReport *report, BaseJob *job, BaseError *err)
{
    const double began = base_wall_seconds();
    BaseStatus status = reasoner_memory_load(txn, program, job, memory, err);
    const double loaded = base_wall_seconds();
    memory->evaluation.seconds_limit = options ? options->seconds_limit : 0;
    memory->evaluation.memory_limit = options ? options->memory_limit : 0;
    if (status == BASE_OK)
        warn_of_empty(memory, options ? options->warnings : NULL);
    if (status == BASE_OK)
        status = reasoner_memory_evaluate(memory, err);
    report->load_seconds = loaded - began;
    report->derive_seconds = base_wall_seconds() - loaded;
    report->facts_in = memory->facts_in;
    report->derived = memory->evaluation.derived;
    report->strata = memory->evaluation.strata;
    report->rounds = memory->evaluation.rounds;
    report->highest = memory->evaluation.highest;
    return status;
}

/* ---- Storing ------------------------------------------------------------------------------------------------ */

static BaseStatus put_run(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options,
                          const ReasonerReport *report, double seconds, uint32_t *run, BaseError *err)
{
    BaseBuffer text = {0}, name = {0}, details = {0};
    bool is_fine = reasoner_program_join_texts(program, &text);
    for (size_t i = 0; is_fine && i < program->texts.count; i++)
        is_fine = base_buffer_format(&name, "%s%s", i > 0 ? ", " : "", program->texts.items[i].name);
    is_fine = is_fine && base_buffer_add(&name, "", 0) &&
              base_buffer_format(&details,
                                 "{\"facts_in\":%llu,\"derived\":%llu,\"rules\":%zu,\"strata\":%u,\"rounds\":%u,"
                                 "\"highest\":%u,\"load_seconds\":%.3f,\"derive_seconds\":%.3f}",
                                 (unsigned long long)report->facts_in, (unsigned long long)report->derived,
                                 program->rules.count, report->strata, report->rounds, report->highest,
                                 report->load_seconds, report->derive_seconds);
    BaseStatus status = BASE_NO_MEMORY;
    if (is_fine)
        status = kg_put_run(txn,
                            &(KgRun){.kind = "reason",
                                     .name = options && options->name ? options->name : name.items,
                                     .text = text.items,
                                     .details = details.items,
                                     .seconds = seconds},
                            run, err);
    else
        no_memory(err);
    base_buffer_free(&text);
    base_buffer_free(&name);
    base_buffer_free(&details);
    return status;
}

/* Puts the run into the catalog and what it derived into KG_INFERRED. */
static BaseStatus store(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options, Memory *memory,
                        ReasonerReport *report, BaseJob *job, BaseError *err)
{
    size_t stored = 0;
    uint32_t flags = 0;
    BaseStatus status =
        put_run(txn, program, options, report, report->load_seconds + report->derive_seconds, &report->run, err);
    if (status == BASE_OK)
        status = reasoner_track_flags(txn, options ? options->keep : REASONER_KEEP_AS_IT_IS, &flags, err);
    if (status == BASE_OK)
        status = reasoner_store(memory, report->run, &stored, job, err);
    if (status == BASE_OK)
        status = reasoner_track(txn, program, report->run,
                                flags | (stored < report->derived && reasoner_hides(memory) ? TRACK_HIDES : 0), err);
    report->stored = stored;
    return status;
}

BaseStatus reasoner_run_store(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options,
                              Memory *memory, ReasonerReport *report, BaseJob *job, BaseError *err)
{
    const double began = base_wall_seconds();
    BaseStatus status =
        reasoner_report_violations(&memory->evaluation, memory, options ? options->sink : NULL, report, err);
    if (status == BASE_OK && !(options && options->is_dry))
        status = store(txn, program, options, memory, report, job, err);
    if (status == BASE_OK)
        status = reasoner_report_fill(&memory->evaluation, memory, report, err);
    report->store_seconds = base_wall_seconds() - began;
    return status;
}

BaseStatus reasoner_run(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options,
                        ReasonerReport *report, BaseJob *job, BaseError *err)
{
    if (!txn || !program)
        return base_fail(err, BASE_BAD_CALL, "reasoner_run: a transaction and a program are needed");
    const double began = base_wall_seconds(), cpu_began = base_cpu_seconds();
    ReasonerReport figures = {0};
    Memory memory = {0};
    BaseStatus status = reasoner_run_derive(txn, program, options, &memory, &figures, job, err);
    if (status == BASE_OK)
        status = reasoner_run_store(txn, program, options, &memory, &figures, job, err);
    figures.wall_seconds = base_wall_seconds() - began;
    figures.cpu_seconds = base_cpu_seconds() - cpu_began;
    if (status == BASE_OK && report)
        *report = figures;
    else
        reasoner_report_free(&figures);
    reasoner_memory_free(&memory);
    return status;
}

BaseStatus reasoner_drop(KgTxn *txn, uint64_t *dropped, BaseError *err)
{
    uint64_t count = 0;
    BaseStatus status = kg_count(txn, KG_IN(KG_INFERRED), (KgTriple){0}, &count, err);
    if (status == BASE_OK)
        status = kg_clear_layer(txn, KG_INFERRED, err);
    if (status == BASE_OK)
        status = kg_track_stop(txn, err);
    if (status == BASE_OK && dropped)
        *dropped = count;
    return status;
}

/* ---- Handing over -------------------------------------------------------------------------------------------- */

typedef struct Hand {
    bool (*take)(void *context, const ReasonerFact *fact);
    void *context;
} Hand;

/* The whole tuple's terms, and its triple of ids where it is one. */
static BaseStatus fill_fact(const Memory *memory, uint32_t r, uint32_t row, BaseArena *texts, KgTerm *terms,
                            ReasonerFact *fact, BaseError *err)
{
    const Relation *const relation = &memory->evaluation.relations[r];
    const RelationShape *const shape = &memory->program->relations.items[r];
    uint32_t values[3];
    const char *const iri = memory->program->predicates.items[shape->predicate].iri;
    *fact = (ReasonerFact){.predicate = {iri, strlen(iri)},
                           .terms = terms,
                           .arity = relation->arity,
                           .rule = reasoner_relation_segment(relation, row)->rule,
                           .height = reasoner_relation_segment(relation, row)->height};
    fact->is_triple = reasoner_memory_triple(memory, r, row, values);
    if (fact->is_triple) {
        fact->arity = 3;
        fact->triple = (KgTriple){memory->terms.ids.items[values[0]], memory->terms.ids.items[values[1]],
                                  memory->terms.ids.items[values[2]]};
    }
    for (uint32_t c = 0; c < fact->arity; c++) {
        const uint32_t value = fact->is_triple ? values[c] : relation_row(relation, row)[c];
        const BaseStatus status = reasoner_terms_read(&memory->terms, value, texts, &terms[c], err);
        if (status != BASE_OK)
            return status;
    }
    if (fact->is_triple)
        fact->predicate = terms[1].text;
    return BASE_OK;
}

static BaseStatus hand_over(const Memory *memory, const Hand *hand, BaseError *err)
{
    KgTerm terms[ARITY_LIMIT];
    BaseArena texts = {0};
    BaseStatus status = BASE_OK;
    bool is_enough = false;
    const BaseArenaMark start = base_arena_mark(&texts);
    for (uint32_t r = 0; status == BASE_OK && !is_enough && r < memory->program->relations.count; r++) {
        const Relation *const relation = &memory->evaluation.relations[r];
        for (uint32_t row = reasoner_relation_height_start(relation, 1);
             status == BASE_OK && !is_enough && row < relation->count; row++) {
            ReasonerFact fact;
            if (!reasoner_memory_is_output(memory, r, row))
                continue;
            base_arena_rewind(&texts, start);
            status = fill_fact(memory, r, row, &texts, terms, &fact, err);
            is_enough = status == BASE_OK && !hand->take(hand->context, &fact);
        }
    }
    base_arena_free(&texts);
    return status;
}

BaseStatus reasoner_derive(KgTxn *txn, const ReasonerProgram *program,
                           bool (*take)(void *context, const ReasonerFact *fact), void *context, ReasonerReport *report,
                           BaseJob *job, BaseError *err)
{
    if (!txn || !program || !take)
        return base_fail(err, BASE_BAD_CALL, "reasoner_derive: a transaction, a program and a taker are needed");
    const double began = base_wall_seconds(), cpu_began = base_cpu_seconds();
    ReasonerReport figures = {0};
    Memory memory = {0};
    BaseStatus status = reasoner_run_derive(txn, program, NULL, &memory, &figures, job, err);
    if (status == BASE_OK)
        status = reasoner_report_violations(&memory.evaluation, &memory, NULL, &figures, err);
    if (status == BASE_OK)
        status = hand_over(&memory, &(Hand){take, context}, err);
    if (status == BASE_OK)
        status = reasoner_report_fill(&memory.evaluation, &memory, &figures, err);
    figures.wall_seconds = base_wall_seconds() - began;
    figures.cpu_seconds = base_cpu_seconds() - cpu_began;
    if (status == BASE_OK && report)
        *report = figures;
    else
        reasoner_report_free(&figures);
    reasoner_memory_free(&memory);
    return status;
}
