/* The rows of the step that a plan begins with are dealt to threads in chunks; each chunk is matched against relations
 * that nobody changes meanwhile, with what heads say kept in logs of its own. Logs go into the relations in the order
 * of their chunks, by all threads again (take.c), and then come the next chunks: how long these are follows from what
 * the last ones gave, so that logs stay small. A few rows are matched beforehand to see whether it is worth the while;
 * it is not where heads are written as bits, which one thread does about as fast as memory can. */
#include "reasoner/split.h"

#include "reasoner/take.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROBE = 128,         /* rows matched beforehand */
    LEAST = 8 * PROBE,   /* rows that may be split */
    WORTHY = 1 << 18,    /* matches and rows looked at */
    WORK_PER_FACT = 4,   /* below it, writing logs and reading them costs what the threads save */
    LOGGED = 1 << 20,    /* tuples in all logs, about */
    CHUNKS_A_THREAD = 4, /* at a time */
};

typedef struct Lane { /* of a thread */
    struct Split *split;
    bool is_first; /* the thread that called */
    Join join;
    Plan plan;
    JoinHead *heads; /* the logs of a chunk in the place of relations */
    BaseArena plan_memory, arena;
    BaseStatus status;
} Lane;

typedef struct Split {
    Join *join;
    BasePool *pool;
    uint32_t depth; /* of the step whose rows are dealt */
    Lane *lanes;
    Relation *logs; /* by chunk and head */
    uint32_t chunk_count, chunk_rows, from, to;
    atomic_bool is_stopped;
} Split;

void reasoner_splitter_close(Splitter *splitter)
{
    base_pool_free(splitter->pool);
    splitter->pool = NULL;
}

/* ---- Whether ------------------------------------------------------------------------------------------------- */

static bool is_test(const Step *step)
{
    return step->kind == STEP_MEMBER || step->kind == STEP_ABSENT || step->kind == STEP_COMPARE ||
           step->kind == STEP_ASSIGN;
}

/* The step whose rows may be dealt: the first that goes through rows, when all before it are tests; NULL: none. */
static Step *dealt_step(const Plan *plan)
{
    uint32_t depth = 0;
    while (depth < plan->step_count && is_test(&plan->steps[depth]))
        depth++;
    Step *const step = depth < plan->step_count ? &plan->steps[depth] : NULL;
    const bool has_rows = step && (step->kind == STEP_SCAN || step->kind == STEP_GROUP) && !step->is_test;
    return has_rows && step_to(step) > step_from(step) && step_to(step) - step_from(step) >= LEAST ? step : NULL;
}

/* Whether the step may be taken by several threads: what values are is read, and computed, by one at a time. */
static bool is_simple(const Step *step)
{
    if (step->kind == STEP_DISTINCT) /* what it has met is one set */
        return false;
    if (step->kind == STEP_ASSIGN)
        return !step->source->expression;
    const Comparison *const comparison = step->kind == STEP_COMPARE ? step->comparison : NULL;
    return !comparison || ((comparison->test == EQUAL || comparison->test == NOT_EQUAL) &&
                           !comparison->left.expression && !comparison->right.expression);
}

/* Tuples of two heads of one relation would come in another order. */
static bool suits(const Join *join)
{
    if (join->plan->is_product)
        return false;
    for (uint32_t s = 0; s < join->plan->step_count; s++)
        if (!is_simple(&join->plan->steps[s]))
            return false;
    for (uint32_t h = 0; h < join->head_count; h++)
        if (join->heads[h].relation->shape)
            return false;
    for (uint32_t h = 0; h < join->head_count; h++)
        for (uint32_t other = 0; other < h; other++)
            if (join->heads[h].relation == join->heads[other].relation)
                return false;
    return join->head_count > 0;
}

static void set_part(Step *step, uint32_t from, uint32_t to)
{
    step->is_part = true;
    step->part_from = from;
    step->part_to = to;
}

/* ---- Threads ------------------------------------------------------------------------------------------------- */

/* Only the thread that called may ask. */
static bool is_stopped(void *context, uint64_t found)
{
    const Lane *const lane = context;
    Split *const split = lane->split;
    (void)found;
    if (lane->is_first && split->join->is_stopped(split->join->context, split->join->facts))
        atomic_store(&split->is_stopped, true);
    return atomic_load(&split->is_stopped);
}

/* Steps have scratch in them. */
static bool copy_plan(const Plan *plan, Lane *lane)
{
    lane->heads = base_arena_alloc(&lane->plan_memory, lane->join.head_count + 1, sizeof *lane->heads);
    lane->plan = *plan;
    lane->plan.steps = base_arena_alloc(&lane->plan_memory, plan->step_count + 1, sizeof *plan->steps);
    if (!lane->plan.steps || !lane->heads)
        return false;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        Step *const step = &lane->plan.steps[i];
        *step = plan->steps[i];
        step->key = base_arena_alloc(&lane->plan_memory, step->column_count + 1, sizeof *step->key);
        if (!step->key)
            return false;
    }
    return true;
}

static bool open_lanes(Split *split)
{
    const Join *const join = split->join;
    const uint32_t heads = join->head_count;
    const int threads = base_pool_threads(split->pool);
    split->lanes = calloc((size_t)threads, sizeof *split->lanes);
    split->chunk_count = (uint32_t)threads * CHUNKS_A_THREAD;
    split->logs = calloc((size_t)split->chunk_count * heads, sizeof *split->logs);
    if (!split->lanes || !split->logs)
        return false;
    for (int i = 0; i < threads; i++) {
        Lane *const lane = &split->lanes[i];
        lane->split = split;
        lane->is_first = i == 0;
        lane->join = *join;
        lane->join.facts = lane->join.matches = lane->join.rows = 0;
        lane->join.plan = &lane->plan;
        lane->join.is_stopped = is_stopped;
        lane->join.context = lane;
        if (!copy_plan(join->plan, lane))
            return false;
        lane->join.heads = lane->heads;
    }
    for (uint32_t i = 0; i < split->chunk_count * heads; i++)
        split->logs[i] = (Relation){.arity = join->heads[i % heads].relation->arity, .is_log = true};
    return true;
}

static void close_lanes(Split *split)
{
    for (int i = 0; split->lanes && i < base_pool_threads(split->pool); i++) {
        split->join->matches += split->lanes[i].join.matches;
        split->join->rows += split->lanes[i].join.rows;
        base_arena_free(&split->lanes[i].plan_memory);
        base_arena_free(&split->lanes[i].arena);
    }
    for (uint32_t i = 0; split->logs && i < split->chunk_count * split->join->head_count; i++)
        reasoner_relation_free(&split->logs[i]);
    free(split->lanes);
    free(split->logs);
}

static void match_chunk(void *context, size_t chunk, int worker)
{
    Split *const split = context;
    Lane *const lane = &split->lanes[worker];
    const uint64_t from = split->from + (uint64_t)chunk * split->chunk_rows, to = from + split->chunk_rows;
    if (from >= split->to || lane->status != BASE_OK || atomic_load(&split->is_stopped))
        return;
    set_part(&lane->plan.steps[split->depth], (uint32_t)from, to < split->to ? (uint32_t)to : split->to);
    for (uint32_t h = 0; h < split->join->head_count; h++)
        lane->heads[h] = (JoinHead){split->join->heads[h].arguments, &split->logs[chunk * split->join->head_count + h]};
    const BaseArenaMark start = base_arena_mark(&lane->arena);
    lane->status = reasoner_join(&lane->join, &lane->arena);
    base_arena_rewind(&lane->arena, start);
}

/* ---- Chunks -------------------------------------------------------------------------------------------------- */

static uint64_t tuples_logged(const Split *split)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < split->chunk_count * split->join->head_count; i++)
        count += split->logs[i].count;
    return count;
}

static BaseStatus take_logs(Split *split)
{
    Join *const join = split->join;
    const uint32_t heads = join->head_count;
    for (uint32_t h = 0; h < heads; h++) {
        uint64_t added;
        if (!reasoner_relation_take(join->heads[h].relation, &split->logs[h], split->chunk_count, heads, join->height,
                                    join->rule, split->pool, &added))
            return BASE_NO_MEMORY;
        join->facts += added;
    }
    for (uint32_t i = 0; i < split->chunk_count * heads; i++)
        split->logs[i].count = (uint32_t)(split->logs[i].segments.count = 0);
    return BASE_OK;
}

static BaseStatus match_chunks(Split *split)
{
    base_parallel_for(split->pool, split->chunk_count, match_chunk, split);
    for (int i = 0; i < base_pool_threads(split->pool); i++)
        if (split->lanes[i].status != BASE_OK)
            return split->lanes[i].status;
    return atomic_load(&split->is_stopped) ? BASE_CANCELLED : BASE_OK;
}

static uint32_t between(uint64_t value, uint64_t least, uint64_t most)
{
    return (uint32_t)(value < least ? least : value > most ? most : value);
}

/* `work` per PROBE rows is what the rows before gave. */
static BaseStatus match_rest(Split *split, uint64_t work)
{
    BaseStatus status = BASE_OK;
    uint64_t rows = between((uint64_t)LOGGED * PROBE / (work + 1) / split->chunk_count, 1, UINT32_MAX);
    while (split->from < split->to && status == BASE_OK) {
        const uint64_t left = split->to - split->from, share = left / split->chunk_count + 1;
        split->chunk_rows = (uint32_t)(rows < share ? rows : share);
        status = match_chunks(split);
        const uint64_t tuples = tuples_logged(split);
        if (status == BASE_OK)
            status = take_logs(split);
        if (status == BASE_OK && split->join->is_stopped(split->join->context, split->join->facts))
            status = BASE_CANCELLED;
        const uint64_t dealt = (uint64_t)split->chunk_rows * split->chunk_count;
        split->from += (uint32_t)(dealt < left ? dealt : left);
        rows = between((uint64_t)split->chunk_rows * LOGGED / (tuples + 1), split->chunk_rows / 4 + 1,
                       4 * (uint64_t)split->chunk_rows);
    }
    return status;
}

static BaseStatus split_rest(Splitter *splitter, Join *join, const Step *step, uint64_t work)
{
    Split split = {.join = join,
                   .pool = splitter->pool,
                   .depth = (uint32_t)(step - join->plan->steps),
                   .from = step_from(step) + PROBE,
                   .to = step_to(step)};
    const BaseStatus status = open_lanes(&split) ? match_rest(&split, work) : BASE_NO_MEMORY;
    close_lanes(&split);
    return status;
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

BaseStatus reasoner_split(Join *join, BaseArena *arena)
{
    Splitter *const splitter = join->splitter;
    Step *const step = splitter->threads > 1 && suits(join) ? dealt_step(join->plan) : NULL;
    if (!step)
        return reasoner_join(join, arena);
    const uint32_t from = step_from(step), to = step_to(step);
    const uint64_t before = join->matches + join->rows, facts = join->facts;
    set_part(step, from, from + PROBE);
    BaseStatus status = reasoner_join(join, arena);
    step->is_part = false;
    const uint64_t work = join->matches + join->rows - before;
    const bool is_worthy =
        !join->is_direct && work * (to - from) / PROBE > WORTHY && work >= WORK_PER_FACT * (join->facts - facts);
    if (is_worthy && !splitter->pool)
        splitter->pool = base_pool_new(splitter->threads);
    if (status == BASE_OK && is_worthy && splitter->pool)
        return split_rest(splitter, join, step, work);
    set_part(step, from + PROBE, to);
    if (status == BASE_OK)
        status = reasoner_join(join, arena);
    step->is_part = false;
    return status;
}
