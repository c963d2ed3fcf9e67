/* Semi-naive matching: an instance is found for its first new premise, so those before it are old. */
#include "reasoner/delta.h"

#include "reasoner/external.h"
#include "reasoner/split.h"

bool reasoner_delta_open(const ReasonerProgram *program, uint32_t rule, uint32_t head_count, BaseArena *arena,
                         DeltaJoin *out)
{
    *out = (DeltaJoin){.rule = &program->rules.items[rule], .number = rule};
    out->heads = base_arena_alloc(arena, head_count + 1, sizeof *out->heads);
    out->variants = base_arena_alloc(arena, out->rule->body_count + 1, sizeof *out->variants);
    return out->heads && out->variants && (!out->rule->has_external || reasoner_demands_open(program, arena, out));
}

void reasoner_delta_close(DeltaJoin *join)
{
    for (uint32_t b = 0; join->variants && b <= join->rule->body_count; b++)
        base_arena_free(&join->variants[b].memory);
    for (uint32_t d = 0; d < join->demand_count; d++)
        reasoner_delta_close(&join->demands[d]);
}

static Span span_of(uint32_t b, uint32_t delta)
{
    return b < delta ? SPAN_OLD : b == delta ? SPAN_DELTA : SPAN_ALL;
}

static uint64_t span_rows(const Relation *relation, Span span)
{
    return span == SPAN_OLD ? relation->low : span == SPAN_DELTA ? relation->high - relation->low : relation->high;
}

/* Sums the rows that the body sees; 0 when some literal sees none. */
static uint64_t visible_rows(const Rule *rule, const Relation *relations, uint32_t delta)
{
    uint64_t rows = 0;
    if (!is_positive(&rule->body[delta]))
        return 0;
    for (uint32_t b = 0; b < rule->body_count; b++) {
        if (!is_positive(&rule->body[b]))
            continue;
        const uint64_t some = span_rows(&relations[rule->body[b].atom.relation], span_of(b, delta));
        if (some == 0)
            return 0;
        rows += some;
    }
    return rows;
}

bool reasoner_delta_has_news(const DeltaJoin *join, const Relation *relations)
{
    if (join->demand_count > 0)
        return reasoner_delta_has_news(&join->demands[0], relations);
    for (uint32_t delta = 0; delta < join->rule->body_count; delta++)
        if (visible_rows(join->rule, relations, delta) > 0)
            return true;
    return false;
}

/* Plans last until the rows they were made for are twice or half as many. */
static bool plan(const DeltaJoin *join, const PlanContext *context, uint32_t delta, uint64_t rows)
{
    const Rule *const rule = join->rule;
    Variant *const variant = &join->variants[delta];
    if (!variant->is_planned || rows > 2 * variant->plan.rows + 64 || 2 * rows + 64 < variant->plan.rows) {
        base_arena_free(&variant->memory);
        Span *const spans = base_arena_alloc(&variant->memory, rule->body_count + 1, sizeof *spans);
        if (!spans)
            return false;
        for (uint32_t b = 0; b < rule->body_count; b++)
            spans[b] = span_of(b, delta);
        if (!reasoner_plan(rule, join->heads, join->head_count, context, spans, &variant->memory, &variant->plan))
            return false;
        variant->is_planned = true;
    }
    return reasoner_plan_prepare(&variant->plan);
}

static BaseStatus run_one(const DeltaJoin *join, const PlanContext *context, uint32_t delta, uint64_t rows, Join *work,
                          BaseArena *scratch)
{
    if (!plan(join, context, delta, rows))
        return BASE_NO_MEMORY;
    work->rule = join->number;
    work->variable_count = join->rule->variable_count;
    work->heads = join->heads;
    work->head_count = join->head_count;
    work->plan = &join->variants[delta].plan;
    const BaseArenaMark start = base_arena_mark(scratch);
    const BaseStatus status = work->splitter ? reasoner_split(work, scratch) : reasoner_join(work, scratch);
    base_arena_rewind(scratch, start);
    if (work->plan->is_product)
        work->products[work->plan->product.head->shape->is_turned][work->plan->product.kind]++;
    return status;
}

/* Gathers the inputs of an external atom, and asks for them. */
static BaseStatus run_demand(DeltaJoin *demand, const PlanContext *context, const Join *work, BaseArena *scratch)
{
    External *const external = &work->externals->items[demand->external->relation];
    Join gathering = *work;
    gathering.height = 0;
    demand->heads[0] = (JoinHead){demand->inputs, &external->asked};
    demand->head_count = 1;
    const BaseStatus status = reasoner_delta_run(demand, context, &gathering, scratch);
    return status == BASE_OK ? reasoner_externals_ask(work->externals, demand->external->relation, demand->number)
                             : status;
}

BaseStatus reasoner_delta_run(DeltaJoin *join, const PlanContext *context, Join *work, BaseArena *scratch)
{
    BaseStatus status = BASE_OK;
    for (uint32_t d = 0; d < join->demand_count && status == BASE_OK; d++)
        status = run_demand(&join->demands[d], context, work, scratch);
    if (status != BASE_OK)
        return status;
    if (join->rule->body_count == 0)
        return run_one(join, context, 0, 0, work, scratch);
    for (uint32_t delta = 0; delta < join->rule->body_count && status == BASE_OK; delta++) {
        const uint64_t rows = visible_rows(join->rule, context->relations, delta);
        if (rows > 0)
            status = run_one(join, context, delta, rows, work, scratch);
    }
    return status;
}
