/* One account of time and memory for all that derives: relations with their indexes and members, and values. */
#include "reasoner/budget.h"

#include "reasoner/external.h"

#include <unistd.h>

/* What a derivation may take when nothing is said: half of the machine's memory, so that a chase that does
 * not end stops before the machine does. */
static uint64_t default_bytes(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes / 2 : UINT64_MAX;
}

static uint64_t used_bytes(const Budget *budget)
{
    const Evaluation *const evaluation = budget->evaluation;
    uint64_t bytes = evaluation->values ? reasoner_values_bytes(evaluation->values) : 0;
    for (size_t r = 0; r < evaluation->program->relations.count; r++)
        bytes += reasoner_relation_bytes(&evaluation->relations[r]);
    for (size_t r = 0; evaluation->creations && r < evaluation->program->rules.count; r++)
        bytes += reasoner_relation_bytes(&evaluation->creations[r].met) +
                 reasoner_relation_bytes(&evaluation->creations[r].made);
    for (size_t r = 0; budget->externals && r < evaluation->program->relations.count; r++)
        bytes += reasoner_relation_bytes(&budget->externals->items[r].asked);
    for (size_t g = 0; budget->groupings && g < budget->groupings->count; g++)
        bytes += reasoner_relation_bytes(&budget->groupings->items[g].inputs) +
                 reasoner_relation_bytes(&budget->groupings->items[g].tuples);
    return bytes;
}

bool reasoner_budget_is_spent(Budget *budget, uint64_t more)
{
    const Evaluation *const evaluation = budget->evaluation;
    if (budget->memory_limit == 0)
        budget->memory_limit = evaluation->memory_limit ? evaluation->memory_limit : default_bytes();
    base_job_step(evaluation->job, budget->stage, "facts", evaluation->derived + budget->found + more, 0, NULL);
    if (base_job_cancelled(evaluation->job))
        budget->state = BUDGET_CANCELLED;
    else if (evaluation->seconds_limit > 0 && base_wall_seconds() - budget->began > evaluation->seconds_limit)
        budget->state = BUDGET_OVER_TIME;
    else if (used_bytes(budget) > budget->memory_limit)
        budget->state = BUDGET_OVER_MEMORY;
    return budget->state != BUDGET_LEFT;
}

bool reasoner_budget_begin(Budget *budget, uint32_t rule, uint32_t round)
{
    const ReasonerProgram *const program = budget->evaluation->program;
    budget->rule = rule;
    budget->round = round;
    snprintf(budget->stage, sizeof budget->stage, "round %u: %.50s", round,
             program->predicates.items[program->rules.items[rule].heads[0].meant].name);
    return reasoner_budget_is_spent(budget, 0);
}

BaseStatus reasoner_budget_tell(const Budget *budget, BaseError *err)
{
    const Evaluation *const evaluation = budget->evaluation;
    const Rule *const rule = &evaluation->program->rules.items[budget->rule];
    const unsigned long long facts = (unsigned long long)(evaluation->derived + budget->found);
    BaseStatus status;
    if (budget->state == BUDGET_OVER_TIME)
        status = base_fail(err, BASE_LIMIT, "the time budget of %g s was spent in round %u, %s, after %llu facts",
                           evaluation->seconds_limit, budget->round, rule->name, facts);
    else if (budget->state == BUDGET_OVER_MEMORY)
        status = base_fail(err, BASE_LIMIT, "the memory budget of %llu MiB was spent in round %u, %s, after %llu facts",
                           (unsigned long long)(budget->memory_limit >> 20), budget->round, rule->name, facts);
    else
        return base_fail(err, BASE_CANCELLED, "reasoning was cancelled in round %u, %s", budget->round, rule->name);
    if (rule->has_existential && err)
        base_hint(err, "each fresh null may give another: this chase need not end");
    return status;
}
