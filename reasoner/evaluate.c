/* Forward chaining to a fixpoint, stratum by stratum, in rounds that are heights: round h finds exactly the facts whose
 * lowest proof has height h. It uses rule instances with at least one premise of height h-1 and none higher, so no
 * instance is looked at twice (semi-naive: Abiteboul, Hull, Vianu, "Foundations of Databases", ch. 13) and the first
 * time a fact is found is its lowest. Facts of lower strata come in at their own heights too; rounds go on until the
 * highest of them is passed.
 *
 * Aggregates are folded before the rounds of their stratum, since all that they read is complete by then, and each
 * group's tuple comes in the round of its height. What existential rules create is decided by the chase before the
 * rounds, which then only look it up. */
#include "reasoner/evaluate.h"

#include "reasoner/budget.h"
#include "reasoner/chase.h"
#include "reasoner/external.h"
#include "reasoner/split.h"
#include "reasoner/stratum.h"

#include <stdlib.h>
#include <string.h>

typedef struct Round {
    Evaluation *evaluation;
    Budget budget;
    Stratum stratum;
    Groupings groupings; /* of the stratum */
    Externals externals;
    Splitter splitter;
    uint32_t height;
    BaseArena scratch; /* one join; rewound after it */
    BaseError *err;
} Round;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to derive more facts");
}

bool reasoner_evaluation_open(const ReasonerProgram *program, Evaluation *out)
{
    *out = (Evaluation){.program = program,
                        .relations = calloc(program->relations.count + 1, sizeof *out->relations),
                        .rules = calloc(program->rules.count + 1, sizeof *out->rules)};
    for (size_t r = 0; out->relations && r < program->relations.count; r++)
        out->relations[r].arity = program->relations.items[r].arity;
    return out->relations && out->rules;
}

void reasoner_evaluation_free(Evaluation *evaluation)
{
    for (size_t r = 0; evaluation->relations && r < evaluation->program->relations.count; r++)
        reasoner_relation_free(&evaluation->relations[r]);
    for (size_t r = 0; evaluation->creations && r < evaluation->program->rules.count; r++)
        reasoner_creation_close(&evaluation->creations[r]);
    free(evaluation->relations);
    free(evaluation->rules);
    base_arena_free(&evaluation->memory);
    *evaluation = (Evaluation){0};
}

/* ---- Rules of a round ---------------------------------------------------------------------------------------- */

static bool is_stopped(void *context, uint64_t found)
{
    Round *const round = context;
    return reasoner_budget_is_spent(&round->budget, found);
}

static BaseStatus join(Round *round, ActiveRule *active, uint64_t *facts)
{
    Evaluation *const evaluation = round->evaluation;
    const PlanContext context = {.relations = evaluation->relations,
                                 .complete = round->stratum.complete,
                                 .is_partial = round->stratum.is_partial};
    Join work = {.height = round->height,
                 .values = evaluation->values,
                 .is_stopped = is_stopped,
                 .context = round,
                 .splitter = &round->splitter,
                 .externals = &round->externals};
    const BaseStatus status = reasoner_delta_run(&active->join, &context, &work, &round->scratch);
    RuleFigures *const figures = &evaluation->rules[active->join.number];
    figures->matches += work.matches;
    figures->rows += work.rows;
    for (int kind = 0; kind < PRODUCT_KINDS; kind++)
        for (int turned = 0; turned < 2; turned++)
            evaluation->products[turned][kind] += work.products[turned][kind];
    *facts = work.facts;
    return status == BASE_NO_MEMORY   ? no_memory(round->err)
           : status == BASE_CANCELLED ? reasoner_budget_tell(&round->budget, round->err)
                                      : status;
}

/* Counts new facts of the program. */
static void count_facts(Round *round, const ActiveRule *active, uint64_t facts)
{
    round->evaluation->rules[active->join.number].facts += facts;
    round->budget.found += facts;
}

static BaseStatus match_rule(Round *round, ActiveRule *active)
{
    Evaluation *const evaluation = round->evaluation;
    const double began = base_wall_seconds();
    const uint32_t known = active->creation ? active->creation->met.count : 0;
    uint64_t facts = 0;
    if (reasoner_budget_begin(&round->budget, active->join.number, round->height))
        return reasoner_budget_tell(&round->budget, round->err);
    BaseStatus status = join(round, active, &facts);
    if (status == BASE_OK && active->creation &&
        !reasoner_creation_give(active->creation, known, round->height, evaluation->relations, &facts))
        status = no_memory(round->err);
    if (!round->stratum.gathers)
        count_facts(round, active, facts);
    evaluation->rules[active->join.number].seconds += base_wall_seconds() - began;
    return status;
}

static BaseStatus run_rule(Round *round, ActiveRule *active)
{
    BaseStatus status = BASE_OK;
    const bool is_fact = active->join.rule->body_count == 0;
    if (active->join.head_count > 0 &&
        (is_fact ? round->height == 1 : reasoner_delta_has_news(&active->join, round->evaluation->relations)))
        status = match_rule(round, active);
    for (uint32_t g = 0; g < active->grouping_count && status == BASE_OK; g++) {
        Grouping *const grouping = active->groupings[g];
        uint64_t facts;
        if (reasoner_grouping_give(grouping,
                                   &round->evaluation->relations[active->join.rule->heads[grouping->head].relation],
                                   round->height, &facts))
            count_facts(round, active, facts);
        else
            status = no_memory(round->err);
    }
    return status;
}

static BaseStatus run_round(Round *round)
{
    Evaluation *const evaluation = round->evaluation;
    BaseStatus status = BASE_OK;
    round->budget.found = 0;
    if (!reasoner_stratum_begin_round(&round->stratum, round->height))
        return no_memory(round->err);
    for (size_t i = 0; i < round->stratum.rule_count && status == BASE_OK; i++)
        status = run_rule(round, &round->stratum.rules[i]);
    /* A computation without memory looks like one without a value. */
    if (status == BASE_OK && evaluation->values && reasoner_values_failed(evaluation->values))
        status = no_memory(round->err);
    evaluation->derived += round->budget.found;
    evaluation->rounds += round->budget.found > 0;
    if (round->budget.found > 0 && round->height > evaluation->highest)
        evaluation->highest = round->height;
    return status;
}

static BaseStatus run_rounds(Round *round)
{
    BaseStatus status = BASE_OK;
    uint32_t last = reasoner_stratum_highest_premise(&round->stratum);
    for (round->height = 1; status == BASE_OK && round->height - 1 <= last; round->height++) {
        status = run_round(round);
        if (round->budget.found > 0 && round->height > last)
            last = round->height;
    }
    round->budget.found = 0;
    return status;
}

/* ---- Strata -------------------------------------------------------------------------------------------------- */

static bool is_of(const Round *round, uint32_t number, uint32_t rule, uint32_t head)
{
    const ReasonerProgram *const program = round->evaluation->program;
    return program->rules.items[rule].is_needed &&
           program->predicates.items[program->rules.items[rule].heads[head].meant].stratum == number;
}

/* What the stratum's aggregates fold. */
static BaseStatus open_groupings(Round *round, uint32_t number)
{
    const ReasonerProgram *const program = round->evaluation->program;
    for (uint32_t r = 0; r < program->rules.count; r++) {
        for (uint32_t h = 0; program->rules.items[r].has_aggregate && h < program->rules.items[r].head_count; h++) {
            if (!program->rules.items[r].heads[h].aggregate || !is_of(round, number, r, h))
                continue;
            Grouping grouping;
            if (!reasoner_grouping_open(program, r, h, &round->scratch, &grouping) ||
                !BASE_PUSH(&round->groupings, grouping))
                return no_memory(round->err);
        }
    }
    return BASE_OK;
}

/* Runs the rounds of the stratum as it is opened with or without `gathers`. */
static BaseStatus run_stratum(Round *round, uint32_t number, bool gathers)
{
    BaseStatus status = reasoner_stratum_open(round->evaluation, number, gathers, &round->groupings, &round->stratum);
    if (status != BASE_OK)
        no_memory(round->err);
    if (status == BASE_OK && round->stratum.rule_count > 0) {
        round->evaluation->strata += !gathers;
        status = run_rounds(round);
    }
    reasoner_stratum_close(&round->stratum);
    return status;
}

static BaseStatus fold_groups(Round *round, uint32_t number)
{
    BaseStatus status = open_groupings(round, number);
    if (status == BASE_OK && round->groupings.count > 0)
        status = run_stratum(round, number, true);
    for (size_t g = 0; g < round->groupings.count && status == BASE_OK; g++)
        status = reasoner_grouping_fold(&round->groupings.items[g], round->evaluation->values, round->err);
    return status;
}

static bool creates(const Round *round, uint32_t number)
{
    const ReasonerProgram *const program = round->evaluation->program;
    for (uint32_t r = 0; r < program->rules.count; r++)
        if (program->rules.items[r].has_existential && is_of(round, number, r, 0))
            return true;
    return false;
}

static BaseStatus settle_stratum(Round *round, uint32_t number)
{
    const BaseArenaMark start = base_arena_mark(&round->scratch);
    BaseStatus status = fold_groups(round, number);
    if (status == BASE_OK && creates(round, number))
        status =
            reasoner_chase(round->evaluation, number, &round->groupings, &round->externals, &round->budget, round->err);
    if (status == BASE_OK)
        status = run_stratum(round, number, false);
    for (size_t g = 0; g < round->groupings.count; g++)
        reasoner_grouping_close(&round->groupings.items[g]);
    round->groupings.count = 0;
    base_arena_rewind(&round->scratch, start);
    return status;
}

static BaseStatus open_creations(Evaluation *evaluation, BaseError *err)
{
    const size_t count = evaluation->program->rules.count;
    bool creates_any = false;
    for (size_t r = 0; r < count; r++)
        creates_any |= evaluation->program->rules.items[r].has_existential;
    if (!creates_any)
        return BASE_OK;
    evaluation->creations = base_arena_alloc(&evaluation->memory, count + 1, sizeof *evaluation->creations);
    if (!evaluation->creations)
        return no_memory(err);
    for (uint32_t r = 0; r < count; r++)
        if (evaluation->program->rules.items[r].has_existential &&
            !reasoner_creation_open(evaluation->program, r, &evaluation->memory, &evaluation->creations[r]))
            return no_memory(err);
    return BASE_OK;
}

/* What is computed or created is numbered in the order in which it is found. */
static bool keeps_order(const ReasonerProgram *program)
{
    for (size_t r = 0; r < program->rules.count; r++)
        if (program->rules.items[r].has_existential || program->rules.items[r].has_aggregate ||
            program->rules.items[r].has_expression)
            return true;
    return false;
}

BaseStatus reasoner_evaluate(Evaluation *evaluation, BaseError *err)
{
    const ReasonerProgram *const program = evaluation->program;
    Round round = {
        .evaluation = evaluation, .budget = {.evaluation = evaluation, .began = base_wall_seconds()}, .err = err};
    round.budget.groupings = &round.groupings;
    BaseStatus status = open_creations(evaluation, err);
    if (status == BASE_OK &&
        !reasoner_externals_open(evaluation, evaluation->terms, &evaluation->memory, &round.externals))
        status = no_memory(err);
    round.externals.err = err;
    round.splitter.threads = keeps_order(program) ? 1 : base_job_threads(evaluation->job);
    round.budget.externals = &round.externals;
    for (uint32_t number = 0; number < program->stratum_count && status == BASE_OK; number++)
        status = settle_stratum(&round, number);
    for (size_t r = 0; r < program->relations.count; r++)
        reasoner_relation_drop_indexes(&evaluation->relations[r]);
    if (round.externals.evaluation)
        reasoner_externals_close(&round.externals);
    free(round.groupings.items);
    base_arena_free(&round.scratch);
    reasoner_splitter_close(&round.splitter);
    return status;
}
