/* parallel_operator.c - parts of the work are dealt to threads and their rows put together in the order of the parts
 * (after the morsels of Leis, Boncz, Kemper, Neumann, "Morsel-driven parallelism", SIGMOD 2014). Where to go on from
 * what was found out - whether lookups should rather be kept in memory - is decided when all parts before the 2nd, 4th,
 * 8th ... are done, so that threads make no difference to it. */
#include "kg/sparql/parallel.h"

#include "kg/sparql/lookup.h"
#include "kg/store.h"

#include <stdatomic.h>
#include <stdlib.h>

/* In rows to go through: less is done before threads have begun; and of a part. */
#define SPLIT_WORK 100000
#define PART_WORK 16384
#define FILTER_WORK 10        /* of a row in a filter that looks at values */
#define MOST_PARTS 64         /* about */
#define MOST_LANES 16         /* threads */
#define ROUND_PARTS 16        /* of each lane, whose rows are held at once */
#define HELD_CELLS (1u << 16) /* of a part; when there are more the query's thread goes on with it alone */

struct Lane {
    struct Parallel *parallel;
    Run *run; /* the query's, or `own` */
    Run own;
    BaseArena arena;
    Operator *all, *top, *driver;
    Seed *seed;
    size_t known_terms; /* computed ones that it has from the query */
    Batch rows;
};

/* What became of a part. */
typedef struct Done {
    KgId *cells;
    size_t count, capacity; /* rows */
    Lane *lane;             /* that took it; NULL: nobody did */
    void *folded;
    bool is_whole; /* or the lane has more rows of it */
    BaseStatus status;
    BaseError err;
} Done;

typedef struct Parallel {
    Operator base; /* its input is the first lane's chain */
    Planner planner;
    int threads;
    Lane lanes[MOST_LANES];
    size_t lane_count; /* 0: not begun */
    BasePool *pool;
    LookupParts parts;
    /* The parts being worked on, from `first` to before `end`. */
    Done *done;
    size_t done_count; /* that there is room for */
    size_t first, end;
    size_t at, row; /* of `first` .. `end`, and of the rows of that part, what to give next */
    atomic_size_t next;
    atomic_bool has_failed;
    const PartFold *fold; /* NULL: rows are kept */
    bool is_final;        /* nothing is to be decided any more */
    double work;          /* that is expected */
    size_t bytes;         /* that copies and rows hold, and what they may come to while threads run */
} Parallel;

/* ---- Lanes ---- */

static Operator *driver_of(Operator *top)
{
    while (top->input && top->input->input)
        top = top->input;
    return top;
}

static void use_chain(Lane *lane, Operator *top)
{
    lane->top = top;
    lane->driver = driver_of(top);
    lane->seed = (Seed *)lane->driver->input;
    lane->rows = (Batch){.width = top->width, .most = top->batch_rows};
}

static void close_lane(Lane *lane)
{
    sparql_close_all(lane->all);
    if (lane->run != &lane->own)
        return;
    lane->own.named.ids = NULL; /* the query's */
    lane->own.merged.items = NULL;
    KgTxn *const txn = lane->own.txn;
    sparql_end_run(&lane->own);
    kg_abort(txn);
    base_arena_free(&lane->arena);
}

/* A run of the same query in another transaction on the same snapshot. BASE_NOT_FOUND: there is a newer one now. */
static BaseStatus start_lane(Parallel *parallel, Lane *lane, BaseError *err)
{
    const Run *const main = parallel->base.run;
    KgTxn *txn;
    BaseStatus status = kg_read_begin(kg_store(main->txn), &txn, err);
    if (status != BASE_OK)
        return status;
    lane->own = (Run){.txn = txn,
                      .graph = main->graph,
                      .named = main->named,
                      .merged = main->merged,
                      .layers = main->layers,
                      .job = main->job,
                      .extensions = main->extensions,
                      .is_split = true,
                      .is_copy = true,
                      .arena = &lane->arena,
                      .name = main->name,
                      .text = main->text,
                      .length = main->length};
    lane->parallel = parallel;
    lane->run = &lane->own;
    sparql_start_run(lane->run);
    lane->own.eval.now = main->eval.now;
    lane->own.eval.base = main->eval.base;
    lane->own.timeout = main->timeout;
    lane->own.deadline = main->deadline;
    lane->own.is_profiled = main->is_profiled;
    lane->known_terms = main->terms.list.count;
    if (txn->snapshot != main->txn->snapshot)
        status = BASE_NOT_FOUND;
    else if (!sparql_terms_copy(&main->terms, &lane->own.terms))
        status = sparql_no_memory(err);
    return status;
}

static bool splits_sides(const Operator *op)
{
    return op->type->side && !op->type->lend; /* who lends has computed its side */
}

static bool are_alike(const Operator *a, const Operator *b)
{
    size_t sides = 0;
    if (a->type != b->type || !a->input != !b->input)
        return false;
    for (; a->type->side && a->type->side(a, sides); sides++) {
        const Operator *const other = b->type->side(b, sides);
        if (!other || (splits_sides(a) && !are_alike(a->type->side(a, sides), other)))
            return false;
    }
    return !a->input || are_alike(a->input, b->input);
}

/* False: there is no such lane, for want of memory, of a reader's place or because the facts have changed. */
static bool make_lane(Parallel *parallel, Lane *lane)
{
    BaseError err = {0}; /* the query does without */
    Operator *top = NULL;
    BaseStatus status = start_lane(parallel, lane, &err);
    if (status == BASE_OK)
        status = planner_compile_copy(&parallel->planner, lane->run, &lane->all, &top, &err);
    if (status == BASE_OK && are_alike(parallel->base.input, top)) {
        use_chain(lane, top);
        return true;
    }
    if (lane->run)
        close_lane(lane);
    *lane = (Lane){0};
    return false;
}

static void make_lanes(Parallel *parallel)
{
    Lane *const first = &parallel->lanes[0];
    first->parallel = parallel;
    first->run = parallel->base.run;
    use_chain(first, parallel->base.input);
    parallel->lane_count = 1;
    const size_t most = parallel->parts.count / 2;
    if (parallel->base.run->txn->writes)
        return;
    while (parallel->lane_count < (size_t)parallel->threads && parallel->lane_count < most &&
           make_lane(parallel, &parallel->lanes[parallel->lane_count]))
        parallel->lane_count++;
    if (parallel->lane_count > 1)
        parallel->pool = base_pool_new((int)parallel->lane_count); /* without it, this thread does all */
}

/* ---- What copies have in common ---- */

static void gather_profile(Operator *op, Operator *const *copies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        op->profile.rows += copies[i]->profile.rows;
        op->profile.batches += copies[i]->profile.batches;
        op->profile.lookups += copies[i]->profile.lookups;
        op->profile.nanoseconds += copies[i]->profile.nanoseconds;
        memset(&copies[i]->profile, 0, sizeof copies[i]->profile);
    }
}

/* `is_final`: of what is lent; NULL: nothing is, only what the profile tells is gathered. */
static BaseStatus meet(Operator *op, Operator *const *copies, size_t count, bool *is_final, BaseError *err)
{
    Operator *at[MOST_LANES];
    BaseStatus status = BASE_OK;
    memcpy(at, copies, count * sizeof *at);
    while (op && status == BASE_OK) {
        gather_profile(op, at, count);
        if (op->type->lend && is_final)
            status = op->type->lend(op, at, count, is_final, err);
        for (size_t n = 0; splits_sides(op) && op->type->side(op, n) && status == BASE_OK; n++) {
            Operator *sides[MOST_LANES];
            for (size_t i = 0; i < count; i++)
                sides[i] = (Operator *)at[i]->type->side(at[i], n);
            status = meet((Operator *)op->type->side(op, n), sides, count, is_final, err);
        }
        op = op->input;
        for (size_t i = 0; i < count; i++)
            at[i] = at[i]->input;
    }
    return status;
}

static BaseStatus meet_all(Parallel *parallel, bool lends, BaseError *err)
{
    Operator *copies[MOST_LANES];
    for (size_t i = 1; i < parallel->lane_count; i++)
        copies[i - 1] = parallel->lanes[i].top;
    if (lends)
        parallel->is_final = true;
    return meet(parallel->lanes[0].top, copies, parallel->lane_count - 1, lends ? &parallel->is_final : NULL, err);
}

static size_t lane_bytes(const Lane *lane)
{
    size_t sum = lane->own.memory.held + base_arena_bytes(&lane->arena) + sparql_terms_bytes(&lane->own.terms);
    for (const Operator *op = lane->all; op; op = op->all)
        sum += op->type->bytes ? op->type->bytes(op) : 0;
    return sum;
}

/* Each lane may come to hold an equal share of what is left of the query's memory. */
static void share_memory(Parallel *parallel)
{
    Run *const main = parallel->base.run;
    const size_t lanes = parallel->lane_count;
    const size_t most = main->memory.told;
    parallel->bytes = 0;
    for (size_t i = 0; i < parallel->done_count; i++)
        parallel->bytes += parallel->done[i].capacity * parallel->base.width * sizeof(KgId);
    for (size_t i = 1; i < lanes; i++)
        parallel->bytes += lane_bytes(&parallel->lanes[i]);
    if (most == 0)
        return;
    const size_t used = sparql_memory_used(main), share = used < most ? (most - used) / lanes : 0;
    for (size_t i = 1; i < lanes; i++) {
        parallel->lanes[i].own.memory.most = lane_bytes(&parallel->lanes[i]) + share;
        parallel->lanes[i].own.memory.told = most;
        parallel->bytes += share;
    }
}

/* ---- Parts ---- */

static void open_part(Lane *lane, LookupPart part)
{
    for (Operator *op = lane->top; op != &lane->seed->base; op = op->input)
        if (op->type->rewind)
            op->type->rewind(op);
    lane->seed->at = 0; /* its row is the same: what was computed from it stays */
    sparql_choose_part(lane->driver, part);
}

static BaseStatus keep_rows(Parallel *parallel, Done *done, const Batch *rows, BaseError *err)
{
    const size_t width = parallel->base.width ? parallel->base.width : 1;
    if (parallel->fold)
        return parallel->fold->add(parallel->fold->context, done->folded, done->lane->run, rows, err);
    if (!base_reserve((void **)&done->cells, &done->capacity, done->count + rows->count, width * sizeof(KgId)))
        return sparql_no_memory(err);
    memcpy(done->cells + done->count * rows->width, rows->cells, rows->count * rows->width * sizeof(KgId));
    done->count += rows->count;
    return BASE_OK;
}

/* Until the part is whole, or there are too many rows of it. */
static void run_part(Parallel *parallel, Lane *lane, Done *done)
{
    const size_t width = parallel->base.width ? parallel->base.width : 1;
    BaseStatus status = BASE_OK;
    if (parallel->fold && !(done->folded = parallel->fold->begin(parallel->fold->context)))
        status = sparql_no_memory(&done->err);
    while (status == BASE_OK && done->count * width < HELD_CELLS && !atomic_load(&parallel->has_failed)) {
        status = sparql_next(lane->top, &lane->rows, &done->err);
        if (status == BASE_OK)
            status = keep_rows(parallel, done, &lane->rows, &done->err);
    }
    done->is_whole = status == BASE_END;
    done->status = status == BASE_END ? BASE_OK : status;
    if (done->status != BASE_OK)
        atomic_store(&parallel->has_failed, true);
}

static void work(void *context, size_t task, int worker)
{
    Parallel *const parallel = context;
    Lane *const lane = &parallel->lanes[task];
    (void)worker;
    for (;;) {
        const size_t number = atomic_fetch_add(&parallel->next, 1);
        if (number >= parallel->end || atomic_load(&parallel->has_failed))
            return;
        Done *const done = &parallel->done[number - parallel->first];
        done->lane = lane;
        open_part(lane, parallel->parts.items[number]);
        run_part(parallel, lane, done);
        if (!done->is_whole)
            return;
    }
}

/* Where all parts before are done, whoever did them, it is decided how to go on. */
static bool is_meeting(const Parallel *parallel, size_t part)
{
    const bool is_power = part != 1 && (part & (part - 1)) == 0;
    return part == 0 || (is_power && !parallel->is_final) || (part == 2 && parallel->fold);
}

static size_t round_end(const Parallel *parallel, size_t first)
{
    const size_t most = parallel->lane_count == 1 ? 1 : parallel->fold ? parallel->done_count : ROUND_PARTS;
    size_t end = first + 1;
    while (end < parallel->parts.count && end - first < most * parallel->lane_count && !is_meeting(parallel, end))
        end++;
    return end;
}

static BaseStatus run_round(Parallel *parallel, BaseError *err)
{
    parallel->first = parallel->at = parallel->end;
    parallel->row = 0;
    BaseStatus status = meet_all(parallel, is_meeting(parallel, parallel->first), err);
    if (status != BASE_OK)
        return status;
    parallel->end = round_end(parallel, parallel->first);
    for (size_t i = 0; i < parallel->end - parallel->first; i++) {
        Done *const done = &parallel->done[i];
        *done = (Done){.cells = done->cells, .capacity = done->capacity};
    }
    atomic_store(&parallel->next, parallel->first);
    if (parallel->lane_count == 1 && !parallel->fold) { /* its rows need not be kept */
        parallel->done[0].lane = &parallel->lanes[0];
        open_part(&parallel->lanes[0], parallel->parts.items[parallel->first]);
        return BASE_OK;
    }
    share_memory(parallel);
    base_parallel_for(parallel->pool, parallel->lane_count, work, parallel);
    parallel->base.run->eval.err = err; /* the first lane's was of its part */
    share_memory(parallel);
    const size_t taken = atomic_load(&parallel->next);
    parallel->end = taken < parallel->end ? taken : parallel->end;
    return BASE_OK;
}

static void free_done(Parallel *parallel)
{
    for (size_t i = 0; i < parallel->done_count; i++)
        free(parallel->done[i].cells);
    parallel->done_count = 0;
}

/* Room for what becomes of each part; false: no memory. */
static bool want_done(Parallel *parallel)
{
    const size_t count = parallel->parts.count;
    if (count <= parallel->done_count)
        return true;
    free_done(parallel);
    parallel->done = base_arena_alloc(parallel->base.run->arena, count, sizeof *parallel->done);
    parallel->done_count = parallel->done ? count : 0;
    return parallel->done != NULL;
}

static BaseStatus begin(Parallel *parallel, BaseError *err)
{
    Run *const run = parallel->base.run;
    Operator *const driver = driver_of(parallel->base.input);
    const double wanted = parallel->work / (double)kg_limit(kg_store(run->txn)->limits.part_work, PART_WORK);
    const double rows = sparql_lookup_matches(driver) / (wanted > MOST_PARTS ? MOST_PARTS : wanted);
    if (parallel->lane_count > 0)
        return BASE_OK;
    run->is_split = true;
    parallel->first = parallel->end = parallel->at = parallel->row = 0;
    parallel->parts.count = 0;
    const BaseStatus status = sparql_cut_lookup(driver, rows > 1 ? (uint64_t)rows : 1, &parallel->parts, err);
    if (status != BASE_OK)
        return status;
    if (!want_done(parallel))
        return sparql_no_memory(err);
    make_lanes(parallel);
    return BASE_OK;
}

/* ---- Putting together ---- */

KgId sparql_lane_id(Lane *lane, KgId id)
{
    Eval *const eval = &lane->parallel->base.run->eval;
    KgTerm term;
    KgId same = 0;
    if (lane->run != &lane->own || !is_local(id) || kg_number(id) < lane->known_terms)
        return id;
    BaseStatus status = sparql_terms_borrow(&lane->own.terms, id, &term, eval->err);
    if (status == BASE_OK)
        status = sparql_terms_intern(eval->terms, &term, &same, eval->err);
    if (status != BASE_OK)
        eval->status = status;
    return same;
}

/* Rows of the lane as the query's. */
static BaseStatus translate(Lane *lane, KgId *cells, size_t count)
{
    Eval *const eval = &lane->parallel->base.run->eval;
    if (lane->run != &lane->own || lane->own.terms.list.count == lane->known_terms)
        return BASE_OK;
    for (size_t i = 0; i < count && eval->status == BASE_OK; i++)
        cells[i] = sparql_lane_id(lane, cells[i]);
    return eval->status;
}

static BaseStatus failed(Parallel *parallel, BaseError *err)
{
    for (size_t i = 0; i < parallel->end - parallel->first; i++) {
        const Done *const done = &parallel->done[i];
        if (done->status == BASE_OK)
            continue;
        if (err && err->status == BASE_OK)
            *err = done->err;
        return done->status;
    }
    return BASE_OK;
}

/* Of the rows kept. */
static BaseStatus give_rows(Parallel *parallel, const Done *done, Batch *out)
{
    const size_t left = done->count - parallel->row, room = out->capacity - out->count;
    const size_t count = left < room ? left : room;
    KgId *const cells = batch_row(out, out->count);
    memcpy(cells, done->cells + parallel->row * out->width, count * out->width * sizeof *cells);
    out->count += count;
    parallel->row += count;
    return translate(done->lane, cells, count * out->width);
}

/* Of those that the lane has not come to yet; BASE_END: there are none. */
static BaseStatus pull_rows(Parallel *parallel, Done *done, Batch *out, BaseError *err)
{
    const BaseStatus status = sparql_next(done->lane->top, out, err);
    parallel->base.run->eval.err = err;
    done->is_whole = status == BASE_END;
    return status == BASE_OK ? translate(done->lane, out->cells, out->count * out->width) : status;
}

static BaseStatus next_round(Parallel *parallel, BaseError *err)
{
    if (parallel->end == parallel->parts.count) {
        const BaseStatus status = meet_all(parallel, false, err);
        return status == BASE_OK ? BASE_END : status;
    }
    const BaseStatus status = run_round(parallel, err);
    return status == BASE_OK ? failed(parallel, err) : status;
}

static BaseStatus parallel_next(Operator *op, Batch *out, BaseError *err)
{
    Parallel *const parallel = (Parallel *)op;
    BaseStatus status = begin(parallel, err);
    while (status == BASE_OK) {
        const bool has_part = parallel->at < parallel->end;
        Done *const done = has_part ? &parallel->done[parallel->at - parallel->first] : NULL;
        if (has_part && parallel->row < done->count) {
            status = give_rows(parallel, done, out);
            if (batch_is_full(out))
                return status;
        } else if (has_part && done->is_whole) {
            parallel->at++;
            parallel->row = 0;
        } else if (out->count > 0) {
            return BASE_OK;
        } else if (has_part) {
            status = pull_rows(parallel, done, out, err);
            if (status != BASE_END)
                return status;
            status = BASE_OK;
        } else {
            status = next_round(parallel, err);
        }
    }
    return status;
}

static BaseStatus merge_round(Parallel *parallel, BaseError *err)
{
    const PartFold *const fold = parallel->fold;
    BaseStatus status = failed(parallel, err);
    for (; parallel->at < parallel->end; parallel->at++) {
        Done *const done = &parallel->done[parallel->at - parallel->first];
        if (done->folded && status == BASE_OK)
            status = fold->merge(fold->context, done->folded, done->lane, err);
        else if (done->folded)
            fold->drop(fold->context, done->folded);
        done->folded = NULL;
    }
    return status;
}

BaseStatus sparql_fold_parts(Operator *op, const PartFold *fold, BaseError *err)
{
    Parallel *const parallel = (Parallel *)op;
    BaseStatus status = begin(parallel, err);
    parallel->fold = fold;
    while (status == BASE_OK && parallel->end < parallel->parts.count &&
           (parallel->end == 0 || !is_meeting(parallel, parallel->end) || fold->pays(fold->context))) {
        status = run_round(parallel, err);
        if (status == BASE_OK)
            status = merge_round(parallel, err);
        if (status == BASE_OK)
            status = sparql_cancelled(op->run, err);
    }
    parallel->fold = NULL;
    if (status == BASE_OK)
        status = meet_all(parallel, false, err);
    op->profile.rows = parallel->lanes[0].top ? parallel->lanes[0].top->profile.rows : 0;
    return status;
}

/* ---- The operator ---- */

bool sparql_is_split(const Operator *op)
{
    return op->type->next == parallel_next;
}

/* The lanes are made anew: what the chain begins with may be another row. */
static void parallel_rewind(Operator *op)
{
    Parallel *const parallel = (Parallel *)op;
    BaseError unused = {0};
    if (parallel->lane_count > 1)
        meet_all(parallel, false, &unused);
    for (size_t i = 1; i < parallel->lane_count; i++)
        close_lane(&parallel->lanes[i]);
    base_pool_free(parallel->pool);
    memset(parallel->lanes, 0, sizeof parallel->lanes);
    parallel->pool = NULL;
    parallel->lane_count = 0;
    atomic_store(&parallel->has_failed, false);
}

static void parallel_close(Operator *op)
{
    Parallel *const parallel = (Parallel *)op;
    parallel_rewind(op);
    free_done(parallel);
    free(parallel->parts.items);
}

static size_t parallel_bytes(const Operator *op)
{
    return ((const Parallel *)op)->bytes;
}

static bool parallel_describe(const Operator *op, BaseBuffer *out)
{
    const Parallel *const parallel = (const Parallel *)op;
    if (parallel->lane_count == 0)
        return base_buffer_format(out, "up to %d threads", parallel->threads);
    return base_buffer_format(out, "%zu threads, %zu parts", parallel->lane_count, parallel->parts.count);
}

static Operator *new_parallel(Planner *planner, Operator *chain, double work)
{
    static const OperatorType type = {.name = "parallel",
                                      .next = parallel_next,
                                      .rewind = parallel_rewind,
                                      .close = parallel_close,
                                      .describe = parallel_describe,
                                      .bytes = parallel_bytes};
    Parallel *const parallel = sparql_new_operator(&planner->builder, &type, sizeof *parallel, chain);
    if (!parallel)
        return NULL;
    const int threads = base_job_threads(planner->builder.run->job);
    parallel->threads = threads < MOST_LANES ? threads : MOST_LANES;
    parallel->planner = *planner;
    parallel->work = work;
    parallel->base.estimate = chain->estimate;
    return &parallel->base;
}

/* In rows of a join; in *rows how many come out. */
static double work_of(const Operator *op, double *rows)
{
    double in = 1;
    *rows = 1;
    if (!op->input)
        return 0;
    const double below = work_of(op->input, &in);
    *rows = op->estimate > 0 ? op->estimate : 0;
    if (!op->input->input && sparql_lookup_matches(op) > *rows)
        *rows = sparql_lookup_matches(op);
    return below + (strcmp(op->type->name, "filter") == 0 ? FILTER_WORK * in : *rows);
}

/* Whether somebody waits for all rows, and not for the first of them. */
static bool wants_all(const AstSelect *ast)
{
    return ast->form != KG_ASK && (ast->is_grouped || ast->order_count > 0 || ast->limit == UINT64_MAX);
}

Operator *planner_split(Planner *planner, Operator *chain)
{
    const Run *const run = planner->builder.run;
    const double least = (double)kg_limit(kg_store(run->txn)->limits.split_work, SPLIT_WORK);
    double rows;
    const double work = chain ? work_of(chain, &rows) : 0;
    if (!chain || work < least || run->is_copy || planner->in_exists || chain == planner->unit ||
        !wants_all(planner->select->ast) || !sparql_may_split(chain))
        return chain;
    Operator *const driver = driver_of(chain);
    if (driver->input != planner->unit || !sparql_can_cut(driver))
        return chain;
    /* A row that is only read and handed on is not worth it. */
    if (chain == driver && !planner->select->ast->is_grouped)
        return chain;
    return new_parallel(planner, chain, work);
}
