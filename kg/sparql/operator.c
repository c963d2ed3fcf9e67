/* operator.c - what operators have in common, and those that begin a chain: seeds, scans, counts and inline data. */
#include "kg/sparql/operator.h"

#include <stdlib.h>
#include <time.h>

#define FIRST_ROWS 64 /* of a batch */
#define GROWTH 4
#define TICKS_PER_CHECK 4 /* batches between two looks at the memory */

static int64_t microseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t steady_nanoseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void sparql_start_run(Run *run)
{
    run->terms.txn = run->txn;
    run->eval.terms = &run->terms;
    run->eval.run = run;
    run->eval.job = run->job;
    run->eval.now = microseconds_now();
    if (run->timeout > 0)
        run->deadline = steady_nanoseconds(CLOCK_MONOTONIC) / 1000 + (int64_t)(run->timeout * 1e6);
    base_random_seed(&run->eval.random, (uint64_t)run->eval.now ^ (uint64_t)(uintptr_t)run);
}

void sparql_close_all(Operator *all)
{
    for (Operator *op = all; op; op = op->all)
        if (op->type->close)
            op->type->close(op);
}

void sparql_end_run(Run *run)
{
    sparql_eval_free(&run->eval);
    sparql_terms_free(&run->terms);
    free(run->named.ids);
    free(run->merged.items);
}

BaseStatus sparql_no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to run the query");
}

BaseStatus sparql_cancelled(Run *run, BaseError *err)
{
    if (base_job_cancelled(run->job))
        return base_fail(err, BASE_CANCELLED, "the query was cancelled");
    if (run->deadline && steady_nanoseconds(CLOCK_MONOTONIC_COARSE) / 1000 > run->deadline)
        return base_fail(err, BASE_LIMIT, "the query was stopped: it took more than %g s", run->timeout);
    return BASE_OK;
}

/* All that the query has, and who has the most of it. */
static size_t memory_of(const Run *run, const char **name)
{
    size_t sum = run->memory.held + base_arena_bytes(run->arena) + sparql_terms_bytes(&run->terms), most = 0;
    *name = "terms";
    for (const Operator *op = run->operators ? *run->operators : NULL; op; op = op->all) {
        const size_t bytes = op->held + (op->type->bytes ? op->type->bytes(op) : 0);
        sum += bytes - op->held;
        if (bytes > most) {
            most = bytes;
            *name = op->type->name;
        }
    }
    return sum;
}

size_t sparql_memory_used(const Run *run)
{
    const char *name;
    return memory_of(run, &name);
}

static BaseStatus check_memory(Run *run, BaseError *err)
{
    const char *name;
    if (run->memory.most == 0 || memory_of(run, &name) <= run->memory.most)
        return BASE_OK;
    const double most = (double)run->memory.told;
    const bool is_large = most >= 1048576;
    base_fail(err, BASE_LIMIT, "the query was stopped: it needs more than the %.4g %s it may have, most for \"%s\"",
              is_large ? most / 1048576 : most, is_large ? "MiB" : "bytes", name);
    base_hint(err, "--memory gives it more");
    return BASE_LIMIT;
}

BaseStatus sparql_hold(Operator *op, size_t bytes, BaseError *err)
{
    Run *const run = op->run;
    run->memory.held += bytes - op->held;
    op->held = bytes;
    return check_memory(run, err);
}

BaseStatus sparql_eval_status(Run *run)
{
    return run->eval.status;
}

bool sparql_batch_reserve(Run *run, Batch *batch, size_t rows)
{
    if (rows <= batch->capacity)
        return true;
    KgId *const cells = base_arena_alloc(run->arena, rows * (batch->width ? batch->width : 1), sizeof *cells);
    if (!cells)
        return false;
    batch->cells = cells;
    batch->capacity = rows;
    return true;
}

/* A small query never sees a large batch. */
static bool make_room(Run *run, Batch *out)
{
    size_t rows = out->capacity;
    if (run->is_split)
        rows = out->most;
    else if (rows == 0)
        rows = FIRST_ROWS;
    else if (out->was_full)
        rows *= GROWTH;
    out->count = 0;
    out->was_full = false;
    return sparql_batch_reserve(run, out, rows < out->most ? rows : out->most);
}

static BaseStatus next_profiled(Operator *op, Batch *out, BaseError *err)
{
    const int64_t began = steady_nanoseconds(CLOCK_MONOTONIC);
    const BaseStatus status = op->type->next(op, out, err);
    op->profile.nanoseconds += steady_nanoseconds(CLOCK_MONOTONIC) - began;
    op->profile.batches += status == BASE_OK;
    op->profile.rows += status == BASE_OK ? out->count : 0;
    return status;
}

BaseStatus sparql_next(Operator *op, Batch *out, BaseError *err)
{
    if (!make_room(op->run, out))
        return sparql_no_memory(err);
    op->run->eval.err = err;
    BaseStatus status = sparql_cancelled(op->run, err);
    if (status == BASE_OK && op->run->memory.ticks++ % TICKS_PER_CHECK == 0)
        status = check_memory(op->run, err);
    if (status != BASE_OK)
        return status;
    status = op->run->is_profiled ? next_profiled(op, out, err) : op->type->next(op, out, err);
    out->was_full |= batch_is_full(out);
    return status;
}

void sparql_rewind(Operator *op)
{
    for (; op; op = op->input)
        if (op->type->rewind)
            op->type->rewind(op);
}

bool sparql_may_split(const Operator *op)
{
    for (; op; op = op->input)
        if (!op->type->may_split || !op->type->may_split(op))
            return false;
    return true;
}

bool sparql_always_splits(const Operator *op)
{
    (void)op;
    return true;
}

void *sparql_build_alloc(Builder *builder, size_t count, size_t size)
{
    void *const memory = base_arena_alloc(builder->run->arena, count ? count : 1, size);
    if (!memory && builder->status == BASE_OK)
        builder->status = sparql_no_memory(builder->err);
    return memory;
}

void *sparql_new_operator(Builder *builder, const OperatorType *type, size_t size, Operator *input)
{
    Operator *const op = builder->status == BASE_OK ? sparql_build_alloc(builder, 1, size) : NULL;
    if (!op)
        return NULL;
    *op = (Operator){.type = type,
                     .run = builder->run,
                     .input = input,
                     .width = builder->width,
                     .batch_rows = builder->batch_rows,
                     .estimate = -1,
                     .all = *builder->all};
    *builder->all = op;
    builder->run->operators = builder->all;
    return op;
}

void sparql_new_batch(const Builder *builder, Batch *out)
{
    *out = (Batch){.width = builder->width, .most = builder->batch_rows};
}

/* ---- Seed ---- */

static BaseStatus seed_next(Operator *op, Batch *out, BaseError *err)
{
    (void)err;
    Seed *const seed = (Seed *)op;
    while (seed->at < seed->count && !batch_is_full(out))
        batch_add(out, seed->rows + seed->at++ * op->width);
    return out->count ? BASE_OK : BASE_END;
}

static void seed_rewind(Operator *op)
{
    ((Seed *)op)->at = 0;
    ((Seed *)op)->generation++; /* the graph may be another one now */
}

Seed *sparql_new_seed(Builder *builder)
{
    static const OperatorType type = {
        .name = "seed", .next = seed_next, .rewind = seed_rewind, .may_split = sparql_always_splits};
    return sparql_new_operator(builder, &type, sizeof(Seed), NULL);
}

void sparql_seed_set(Seed *seed, const KgId *rows, size_t count)
{
    seed->rows = rows;
    seed->count = count;
    seed->at = 0;
    seed->generation++;
}

/* ---- Scan: an index lookup for every row ---- */

typedef struct Scan {
    Operator base;
    Place places[3];
    Batch in;
    size_t row;
    RunScan matches; /* of row `row`, when open */
} Scan;

static KgId place_id(Place place, const KgId *row)
{
    return place.variable == AST_NO_VARIABLE ? place.id : row[place.variable];
}

/* Puts the triple into the row; false when a variable that stands twice would have two values. */
static bool bind(const Scan *scan, const KgTriple *triple, KgId *row)
{
    const KgId ids[3] = {triple->s, triple->p, triple->o};
    for (int i = 0; i < 3; i++) {
        const uint32_t variable = scan->places[i].variable;
        if (variable == AST_NO_VARIABLE)
            continue;
        if (row[variable] && row[variable] != ids[i])
            return false;
        row[variable] = ids[i];
    }
    return true;
}

static BaseStatus holds(Run *run, KgTriple triple, BaseError *err)
{
    bool is_there;
    const BaseStatus status = sparql_holds(run, triple, &is_there, err);
    return status == BASE_OK && !is_there ? BASE_END : status;
}

static BaseStatus open_row(Scan *scan, const KgId *row, BaseError *err)
{
    const KgTriple pattern = {place_id(scan->places[0], row), place_id(scan->places[1], row),
                              place_id(scan->places[2], row)};
    /* The database knows nothing of what only this query has computed. */
    if (is_local(pattern.s) || is_local(pattern.p) || is_local(pattern.o))
        return BASE_END;
    Run *const run = scan->base.run;
    if (pattern.s && pattern.p && pattern.o)
        return holds(run, pattern, err);
    return sparql_scan(run, pattern, KG_ORDER_BEST, &scan->matches, err);
}

/* Appends matches of the open row until the batch is full (BASE_OK) or they end (BASE_END). */
static BaseStatus drain_row(Scan *scan, const KgId *row, Batch *out, BaseError *err)
{
    while (!batch_is_full(out)) {
        KgTriple triple;
        const BaseStatus status = sparql_scan_next(scan->base.run, &scan->matches, &triple, err);
        if (status != BASE_OK)
            return status;
        KgId *const added = batch_add(out, row);
        if (!bind(scan, &triple, added))
            out->count--;
    }
    return BASE_OK;
}

static void end_row(Scan *scan)
{
    sparql_scan_close(&scan->matches);
    scan->row++;
}

static BaseStatus scan_next(Operator *op, Batch *out, BaseError *err)
{
    Scan *const scan = (Scan *)op;
    while (!batch_is_full(out)) {
        BaseStatus status;
        if (scan->row >= scan->in.count) {
            scan->row = 0;
            status = sparql_next(op->input, &scan->in, err);
            if (status != BASE_OK)
                scan->in.count = 0;
            if (status == BASE_END)
                break;
            if (status != BASE_OK)
                return status;
        }
        const KgId *const row = batch_row(&scan->in, scan->row);
        if (!scan->matches.scan) {
            status = open_row(scan, row, err);
            if (status != BASE_OK && status != BASE_END)
                return status;
            if (!scan->matches.scan) { /* fully bound, or nothing can match */
                if (status == BASE_OK)
                    batch_add(out, row);
                scan->row++;
                continue;
            }
        }
        status = drain_row(scan, row, out, err);
        if (status == BASE_END)
            end_row(scan);
        else if (status != BASE_OK)
            return status;
    }
    return out->count ? BASE_OK : BASE_END;
}

static void scan_rewind(Operator *op)
{
    Scan *const scan = (Scan *)op;
    sparql_scan_close(&scan->matches);
    scan->row = scan->in.count = 0;
}

Operator *sparql_new_scan(Builder *builder, Operator *input, Place s, Place p, Place o)
{
    static const OperatorType type = {.name = "scan",
                                      .next = scan_next,
                                      .rewind = scan_rewind,
                                      .close = scan_rewind,
                                      .may_split = sparql_always_splits};
    Scan *const scan = sparql_new_operator(builder, &type, sizeof *scan, input);
    if (!scan)
        return NULL;
    sparql_new_batch(builder, &scan->in);
    scan->places[0] = s;
    scan->places[1] = p;
    scan->places[2] = o;
    return &scan->base;
}

/* ---- Count: COUNT(*) of one pattern without reading it ---- */

typedef struct Count {
    Operator base;
    KgTriple pattern;
    const uint32_t *cells;
    size_t cell_count;
    bool is_done;
} Count;

static BaseStatus count_next(Operator *op, Batch *out, BaseError *err)
{
    Count *const count = (Count *)op;
    uint64_t number = 0;
    KgId id;
    if (count->is_done)
        return BASE_END;
    count->is_done = true;
    const KgTriple pattern = count->pattern;
    if (!is_local(pattern.s) && !is_local(pattern.p) && !is_local(pattern.o)) {
        const BaseStatus status = sparql_count(op->run, pattern, &number, err);
        if (status != BASE_OK)
            return status;
    }
    Value value = sparql_value_integer((int64_t)number);
    if (!sparql_eval_intern(&op->run->eval, &value, &id))
        return sparql_eval_status(op->run);
    KgId *const row = batch_row(out, out->count++);
    memset(row, 0, op->width * sizeof *row);
    for (size_t i = 0; i < count->cell_count; i++)
        row[count->cells[i]] = id;
    return BASE_OK;
}

static void count_rewind(Operator *op)
{
    ((Count *)op)->is_done = false;
}

Operator *sparql_new_count(Builder *builder, KgTriple pattern, const uint32_t *cells, size_t cell_count)
{
    static const OperatorType type = {.name = "count", .next = count_next, .rewind = count_rewind};
    Count *const count = sparql_new_operator(builder, &type, sizeof *count, NULL);
    if (!count)
        return NULL;
    count->pattern = pattern;
    count->cells = cells;
    count->cell_count = cell_count;
    return &count->base;
}

/* ---- Values ---- */

typedef struct Values {
    Operator base;
    const uint32_t *variables;
    size_t columns, rows;
    const KgId *cells;
    Batch in;
    size_t row, at; /* of the input, of the data */
} Values;

static bool merge_values(const Values *values, const KgId *data, KgId *row)
{
    for (size_t i = 0; i < values->columns; i++) {
        KgId *const cell = &row[values->variables[i]];
        if (data[i] && *cell && *cell != data[i])
            return false;
        if (data[i])
            *cell = data[i];
    }
    return true;
}

static BaseStatus values_next(Operator *op, Batch *out, BaseError *err)
{
    Values *const values = (Values *)op;
    while (!batch_is_full(out)) {
        if (values->row >= values->in.count) {
            const BaseStatus status = sparql_next(op->input, &values->in, err);
            values->row = values->at = 0;
            if (status != BASE_OK)
                values->in.count = 0;
            if (status == BASE_END)
                break;
            if (status != BASE_OK)
                return status;
        }
        if (values->at == values->rows) {
            values->at = 0;
            values->row++;
            continue;
        }
        KgId *const added = batch_add(out, batch_row(&values->in, values->row));
        if (!merge_values(values, values->cells + values->at++ * values->columns, added))
            out->count--;
    }
    return out->count ? BASE_OK : BASE_END;
}

static void values_rewind(Operator *op)
{
    Values *const values = (Values *)op;
    values->row = values->at = values->in.count = 0;
}

Operator *sparql_new_values(Builder *builder, Operator *input, const uint32_t *variables, size_t width,
                            const KgId *cells, size_t rows)
{
    static const OperatorType type = {
        .name = "values", .next = values_next, .rewind = values_rewind, .may_split = sparql_always_splits};
    Values *const values = sparql_new_operator(builder, &type, sizeof *values, input);
    if (!values)
        return NULL;
    sparql_new_batch(builder, &values->in);
    values->variables = variables;
    values->columns = width;
    values->cells = cells;
    values->rows = rows;
    return &values->base;
}
