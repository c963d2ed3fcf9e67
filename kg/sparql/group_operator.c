/* group_operator.c - GROUP BY (SPARQL 1.1, section 11): rows are numbered by their keys a batch at a time, and each
 * aggregate (aggregates.h) goes over the batch by itself. Where several threads read the rows, each groups its parts.
 */
#include "kg/sparql/aggregates.h"
#include "kg/sparql/parallel.h"

#include <stdlib.h>

/* Groups of rows: of all, or of a part of them. */
typedef struct Groups {
    RowSet keys;
    uint32_t *numbers; /* of the groups of a batch's rows */
    AggregateColumn *columns;
    uint64_t rows;   /* that went in */
    BaseArena arena; /* of a part */
} Groups;

typedef struct Group {
    Operator base;
    GroupSpec spec;
    Groups all;
    bool takes_parts;                /* its input is split, and the aggregates of parts can be merged */
    uint64_t part_rows, part_groups; /* merged so far; with the values that DISTINCT keeps */
    bool is_built;
    size_t at; /* next group to give */
} Group;

static bool has_keys(const GroupSpec *spec)
{
    return spec->key_count > 0;
}

static size_t group_count(const GroupSpec *spec, const Groups *groups)
{
    return has_keys(spec) ? groups->keys.count : 1;
}

/* False: no memory. */
static bool start_groups(const GroupSpec *spec, size_t batch_rows, BaseArena *arena, Groups *out)
{
    out->keys.width = spec->key_count;
    out->numbers = base_arena_alloc(arena, batch_rows, sizeof *out->numbers);
    out->columns = base_arena_alloc(arena, spec->aggregate_count ? spec->aggregate_count : 1, sizeof *out->columns);
    if (!out->numbers || !out->columns)
        return false;
    for (size_t i = 0; i < spec->aggregate_count; i++) {
        out->columns[i] = (AggregateColumn){.call = spec->aggregates[i].call,
                                            .named = spec->named,
                                            .named_count = spec->named_count,
                                            .is_grouped = has_keys(spec)};
        if (!sparql_start_aggregate(&out->columns[i], arena))
            return false;
    }
    return true;
}

static void free_groups(const GroupSpec *spec, Groups *groups)
{
    sparql_row_set_free(&groups->keys);
    for (size_t i = 0; i < spec->aggregate_count && groups->columns; i++)
        sparql_free_aggregate(&groups->columns[i]);
    base_arena_free(&groups->arena);
}

static size_t groups_bytes(const GroupSpec *spec, const Groups *groups)
{
    size_t bytes = sparql_row_set_bytes(&groups->keys);
    for (size_t i = 0; i < spec->aggregate_count; i++)
        bytes += sparql_aggregate_bytes(&groups->columns[i]);
    return bytes;
}

/* ---- Rows ---- */

static BaseStatus add_rows(const GroupSpec *spec, Groups *groups, Eval *eval, const Batch *batch, BaseError *err)
{
    if (has_keys(spec) && !sparql_row_set_put_all(&groups->keys, batch, spec->keys, groups->numbers))
        return sparql_no_memory(err);
    const GroupedRows rows = {batch, has_keys(spec) ? groups->numbers : NULL, group_count(spec, groups)};
    for (size_t i = 0; i < spec->aggregate_count; i++)
        if (!sparql_aggregate(eval, &groups->columns[i], &rows))
            return eval->status;
    return BASE_OK;
}

/* The batch may be larger than those of this operator. */
static BaseStatus add_batch(const Group *group, Groups *groups, Eval *eval, const Batch *batch, BaseError *err)
{
    BaseStatus status = BASE_OK;
    groups->rows += batch->count;
    for (size_t at = 0; at < batch->count && status == BASE_OK; at += group->base.batch_rows) {
        const size_t left = batch->count - at;
        Batch part = *batch;
        part.cells = batch_row(batch, at);
        part.count = left < group->base.batch_rows ? left : group->base.batch_rows;
        status = add_rows(&group->spec, groups, eval, &part, err);
    }
    return status;
}

/* ---- Parts of them, by several threads ---- */

static void drop_part(void *context, void *part)
{
    const Group *const group = context;
    free_groups(&group->spec, part);
    free(part);
}

static void *begin_part(void *context)
{
    const Group *const group = context;
    Groups *const part = calloc(1, sizeof *part);
    if (part && start_groups(&group->spec, group->base.batch_rows, &part->arena, part))
        return part;
    if (part)
        drop_part(context, part);
    return NULL;
}

static BaseStatus add_to_part(void *context, void *part, Run *run, const Batch *rows, BaseError *err)
{
    return add_batch(context, part, &run->eval, rows, err);
}

static KgId same_id(void *context, KgId id)
{
    return sparql_lane_id(context, id);
}

/* For each group of the part, which one of all it is. */
static BaseStatus find_groups(Group *group, Groups *part, size_t count, Lane *lane, size_t *out, BaseError *err)
{
    const size_t width = group->spec.key_count;
    KgId *const key = base_arena_alloc(&part->arena, width + 1, sizeof *key);
    if (!key)
        return sparql_no_memory(err);
    for (size_t number = 0; number < count && width > 0; number++) {
        bool is_new;
        for (size_t k = 0; k < width; k++)
            key[k] = sparql_lane_id(lane, part->keys.cells[number * width + k]);
        out[number] = sparql_row_set_put(&group->all.keys, key, &is_new);
        if (out[number] == NO_ROW)
            return sparql_no_memory(err);
    }
    return group->base.run->eval.status;
}

static BaseStatus merge_part(void *context, void *made, Lane *lane, BaseError *err)
{
    Group *const group = context;
    Groups *const part = made;
    Eval *const eval = &group->base.run->eval;
    const size_t count = part->rows ? group_count(&group->spec, part) : 0;
    size_t *const groups = base_arena_alloc(&part->arena, count + 1, sizeof *groups);
    const AggregateMerge merge = {.groups = groups, .count = count, .same = same_id, .context = lane};
    BaseStatus status = groups ? find_groups(group, part, count, lane, groups, err) : sparql_no_memory(err);
    group->part_rows += part->rows;
    group->part_groups += count;
    for (size_t i = 0; i < group->spec.aggregate_count && status == BASE_OK && count > 0; i++) {
        group->part_groups += sparql_aggregate_values(&part->columns[i]);
        if (!sparql_merge_aggregate(eval, &group->all.columns[i], &part->columns[i], &merge))
            status = eval->status;
    }
    drop_part(context, part);
    return status;
}

/* Where hardly a row shares its group, or its value under DISTINCT, with another one they are better kept once. */
static bool pays_to_merge(void *context)
{
    const Group *const group = context;
    return group->part_groups < group->part_rows / 4 + 64;
}

static BaseStatus read_parts(Group *group, BaseError *err)
{
    const PartFold fold = {.context = group,
                           .begin = begin_part,
                           .add = add_to_part,
                           .merge = merge_part,
                           .drop = drop_part,
                           .pays = pays_to_merge};
    group->part_rows = group->part_groups = 0;
    return sparql_fold_parts(group->base.input, &fold, err);
}

static bool takes_parts(const Group *group)
{
    bool can_merge = sparql_is_split(group->base.input);
    for (size_t i = 0; i < group->spec.aggregate_count; i++)
        can_merge = can_merge && sparql_can_merge(&group->all.columns[i]);
    return can_merge;
}

static BaseStatus read_groups(Group *group, Batch *buffer, BaseError *err)
{
    Eval *const eval = &group->base.run->eval;
    BaseStatus status = BASE_OK;
    buffer->count = 0;
    if (!has_keys(&group->spec)) /* there is a group even of nothing */
        status = add_rows(&group->spec, &group->all, eval, buffer, err);
    if (status == BASE_OK && group->takes_parts)
        status = read_parts(group, err);
    while (status == BASE_OK) {
        status = sparql_next(group->base.input, buffer, err);
        if (status == BASE_OK)
            status = add_batch(group, &group->all, eval, buffer, err);
    }
    buffer->count = 0;
    return status == BASE_END ? BASE_OK : status;
}

/* ---- The operator ---- */

static BaseStatus give_group(Group *group, size_t number, KgId *row)
{
    Eval *const eval = &group->base.run->eval;
    const GroupSpec *const spec = &group->spec;
    memset(row, 0, group->base.width * sizeof *row);
    for (size_t i = 0; i < spec->key_count; i++)
        row[spec->keys[i]] = group->all.keys.cells[number * spec->key_count + i];
    for (size_t i = 0; i < spec->aggregate_count; i++)
        if (!sparql_aggregate_answer(eval, &group->all.columns[i], number, &row[spec->aggregates[i].variable]))
            return eval->status;
    return BASE_OK;
}

static BaseStatus group_next(Operator *op, Batch *out, BaseError *err)
{
    Group *const group = (Group *)op;
    const BaseArenaMark mark = base_arena_mark(&op->run->eval.scratch);
    BaseStatus status = group->is_built ? BASE_OK : read_groups(group, out, err);
    group->is_built = true;
    while (status == BASE_OK && group->at < group_count(&group->spec, &group->all) && !batch_is_full(out))
        status = give_group(group, group->at++, batch_row(out, out->count++));
    base_arena_rewind(&op->run->eval.scratch, mark);
    return status == BASE_OK && out->count == 0 ? BASE_END : status;
}

static void group_rewind(Operator *op)
{
    Group *const group = (Group *)op;
    group->at = 0;
    group->is_built = false;
    sparql_row_set_clear(&group->all.keys);
    for (size_t i = 0; i < group->spec.aggregate_count; i++)
        sparql_clear_aggregate(&group->all.columns[i]);
}

static void group_close(Operator *op)
{
    Group *const group = (Group *)op;
    free_groups(&group->spec, &group->all);
}

static size_t group_bytes(const Operator *op)
{
    const Group *const group = (const Group *)op;
    return groups_bytes(&group->spec, &group->all);
}

Operator *sparql_new_group(Builder *builder, Operator *input, const GroupSpec *spec)
{
    static const OperatorType type = {
        .name = "group", .next = group_next, .rewind = group_rewind, .close = group_close, .bytes = group_bytes};
    /* The parts first: once it is in the chain of all operators, close looks at them. */
    Groups all = {.rows = 0};
    if (!start_groups(spec, builder->batch_rows, builder->run->arena, &all)) {
        builder->status = sparql_no_memory(builder->err);
        return NULL;
    }
    Group *const group = sparql_new_operator(builder, &type, sizeof *group, input);
    if (!group)
        return NULL;
    group->spec = *spec;
    group->all = all;
    group->takes_parts = takes_parts(group);
    return &group->base;
}
