/* Forward chaining to a fixpoint, stratum by stratum, in rounds that are heights: round h finds exactly the facts whose
 * lowest proof has height h. It uses rule instances with at least one premise of height h-1 and none higher, so no
 * instance is looked at twice (semi-naive: Abiteboul, Hull, Vianu, "Foundations of Databases", ch. 13) and the first
 * time a fact is found is its lowest. Facts of lower strata come in at their own heights too; rounds go on until the
 * highest of them is passed. */
#include "reasoner/evaluate.h"

#include "reasoner/chase.h"
#include "reasoner/join.h"
#include "reasoner/stratum.h"

#include <stdlib.h>
#include <string.h>

typedef struct Round {
    Evaluation *evaluation;
    Stratum stratum;
    uint32_t height;
    uint32_t rule; /* at work */
    uint64_t found;
    double began; /* the evaluation */
    bool is_over_time, is_over_memory;
    BaseArena scratch; /* one join; rewound after it */
    char stage[80];
    BaseError *err;
} Round;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to derive more facts");
}

/* ---- Stopping ------------------------------------------------------------------------------------------------ */

static uint64_t used_bytes(const Evaluation *evaluation)
{
    uint64_t bytes = 0;
    for (size_t r = 0; r < evaluation->program->relations.count; r++)
        bytes += reasoner_relation_bytes(&evaluation->relations[r]);
    return bytes;
}

static bool is_stopped(void *context, uint64_t found)
{
    Round *const round = context;
    Evaluation *const evaluation = round->evaluation;
    base_job_step(evaluation->job, round->stage, "facts", evaluation->derived + round->found + found, 0, NULL);
    round->is_over_time =
        evaluation->seconds_limit > 0 && base_wall_seconds() - round->began > evaluation->seconds_limit;
    round->is_over_memory = evaluation->memory_limit > 0 && used_bytes(evaluation) > evaluation->memory_limit;
    return base_job_cancelled(evaluation->job) || round->is_over_time || round->is_over_memory;
}

static BaseStatus tell_stop(const Round *round)
{
    const Evaluation *const evaluation = round->evaluation;
    const char *const rule = evaluation->program->rules.items[round->rule].name;
    const unsigned long long facts = (unsigned long long)(evaluation->derived + round->found);
    if (round->is_over_time)
        return base_fail(round->err, BASE_CANCELLED,
                         "the time budget of %g s was spent in round %u, %s, after %llu facts",
                         evaluation->seconds_limit, round->height, rule, facts);
    if (round->is_over_memory)
        return base_fail(round->err, BASE_CANCELLED,
                         "the memory budget of %llu MiB was spent in round %u, %s, after %llu facts",
                         (unsigned long long)(evaluation->memory_limit >> 20), round->height, rule, facts);
    return base_fail(round->err, BASE_CANCELLED, "reasoning was cancelled in round %u, %s", round->height, rule);
}

/* ---- Rules of a round ---------------------------------------------------------------------------------------- */

static bool is_positive(const Literal *literal)
{
    return !literal->is_comparison && !literal->atom.is_negated;
}

/* The span of body literal b when literal `delta` must be of the height just below: those before it are lower still, so
 * that an instance is found for its first such premise only. */
static Span span_of(uint32_t b, uint32_t delta)
{
    return b < delta ? SPAN_OLD : b == delta ? SPAN_DELTA : SPAN_ALL;
}

static uint64_t span_rows(const Relation *relation, Span span)
{
    return span == SPAN_OLD ? relation->low : span == SPAN_DELTA ? relation->high - relation->low : relation->high;
}

/* Sums the rows that the body sees; 0 when some literal sees none. */
static uint64_t visible_rows(const Round *round, const Rule *rule, uint32_t delta)
{
    uint64_t rows = 0;
    for (uint32_t b = 0; b < rule->body_count; b++) {
        if (!is_positive(&rule->body[b]))
            continue;
        const uint64_t some = span_rows(&round->evaluation->relations[rule->body[b].atom.relation], span_of(b, delta));
        if (some == 0)
            return 0;
        rows += some;
    }
    return rows;
}

/* Plans last until the rows they were made for are twice or half as many. */
static bool plan(Round *round, const ActiveRule *active, Variant *variant, uint32_t delta, uint64_t rows)
{
    const Rule *const rule = &round->evaluation->program->rules.items[active->rule];
    if (!variant->is_planned || rows > 2 * variant->plan.rows + 64 || 2 * rows + 64 < variant->plan.rows) {
        base_arena_free(&variant->memory);
        const PlanContext context = {round->evaluation->relations, round->stratum.complete, round->stratum.is_partial};
        Span *const spans = base_arena_alloc(&variant->memory, rule->body_count + 1, sizeof *spans);
        if (!spans)
            return false;
        for (uint32_t b = 0; b < rule->body_count; b++)
            spans[b] = span_of(b, delta);
        if (!reasoner_plan(rule, &context, spans, &variant->memory, &variant->plan))
            return false;
        variant->is_planned = true;
    }
    return reasoner_plan_prepare(&variant->plan);
}

static BaseStatus join(Round *round, const ActiveRule *active, uint32_t delta, uint64_t rows)
{
    Evaluation *const evaluation = round->evaluation;
    Variant *const variant = &active->variants[delta];
    if (!plan(round, active, variant, delta, rows))
        return no_memory(round->err);
    Join one = {.rule = &evaluation->program->rules.items[active->rule],
                .rule_index = active->rule,
                .height = round->height,
                .plan = &variant->plan,
                .relations = evaluation->relations,
                .takes_head = active->takes_head,
                .numbers = evaluation->numbers,
                .is_stopped = is_stopped,
                .context = round};
    const BaseArenaMark start = base_arena_mark(&round->scratch);
    const BaseStatus status = reasoner_join(&one, &round->scratch);
    base_arena_rewind(&round->scratch, start);
    RuleFigures *const figures = &evaluation->rules[active->rule];
    figures->matches += one.matches;
    figures->rows += one.rows;
    figures->facts += one.facts;
    round->found += one.facts;
    return status == BASE_NO_MEMORY ? no_memory(round->err) : status == BASE_CANCELLED ? tell_stop(round) : status;
}

static BaseStatus run_rule(Round *round, const ActiveRule *active)
{
    Evaluation *const evaluation = round->evaluation;
    const Rule *const rule = &evaluation->program->rules.items[active->rule];
    if (rule->body_count == 0) /* a fact: height 1 */
        return round->height == 1 ? join(round, active, 0, 0) : BASE_OK;
    BaseStatus status = BASE_OK;
    double began = 0;
    for (uint32_t delta = 0; delta < rule->body_count && status == BASE_OK; delta++) {
        const uint64_t rows = is_positive(&rule->body[delta]) ? visible_rows(round, rule, delta) : 0;
        if (rows == 0)
            continue;
        if (began <= 0) {
            began = base_wall_seconds();
            round->rule = active->rule;
            snprintf(round->stage, sizeof round->stage, "round %u: %.50s", round->height,
                     evaluation->program->predicates.items[rule->heads[0].meant].name);
            if (is_stopped(round, 0))
                return tell_stop(round);
        }
        status = join(round, active, delta, rows);
    }
    if (began > 0)
        evaluation->rules[active->rule].seconds += base_wall_seconds() - began;
    return status;
}

static BaseStatus run_round(Round *round)
{
    Evaluation *const evaluation = round->evaluation;
    BaseStatus status = BASE_OK;
    round->found = 0;
    if (!reasoner_stratum_begin_round(&round->stratum, round->height))
        return no_memory(round->err);
    for (size_t i = 0; i < round->stratum.rule_count && status == BASE_OK; i++)
        status = run_rule(round, &round->stratum.rules[i]);
    evaluation->derived += round->found;
    evaluation->rounds += round->found > 0;
    if (round->found > 0 && round->height > evaluation->highest)
        evaluation->highest = round->height;
    return status;
}

static BaseStatus run_rounds(Round *round)
{
    BaseStatus status = BASE_OK;
    uint32_t last = reasoner_stratum_highest_premise(&round->stratum);
    for (round->height = 1; status == BASE_OK && round->height - 1 <= last; round->height++) {
        status = run_round(round);
        if (round->found > 0 && round->height > last)
            last = round->height;
    }
    return status;
}

static BaseStatus run_stratum(Round *round, uint32_t number, const bool *is_needed)
{
    BaseStatus status = reasoner_stratum_open(round->evaluation, number, is_needed, &round->stratum);
    if (status != BASE_OK)
        no_memory(round->err);
    if (status == BASE_OK && round->stratum.rule_count > 0) {
        round->evaluation->strata++;
        status = run_rounds(round);
    }
    reasoner_stratum_close(&round->stratum);
    return status;
}

BaseStatus reasoner_evaluate(Evaluation *evaluation, BaseError *err)
{
    const ReasonerProgram *const program = evaluation->program;
    if (program->has_expression)
        return reasoner_chase(evaluation, err);
    Round round = {.evaluation = evaluation, .began = base_wall_seconds(), .err = err};
    bool *const is_needed = calloc(program->rules.count + 1, sizeof *is_needed);
    BaseStatus status = is_needed && reasoner_needed_rules(program, is_needed) ? BASE_OK : no_memory(err);
    for (uint32_t number = 0; number < program->stratum_count && status == BASE_OK; number++)
        status = run_stratum(&round, number, is_needed);
    for (size_t r = 0; r < program->relations.count; r++)
        reasoner_relation_drop_indexes(&evaluation->relations[r]);
    free(is_needed);
    base_arena_free(&round.scratch);
    return status;
}
