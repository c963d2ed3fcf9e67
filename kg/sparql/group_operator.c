/* group_operator.c - GROUP BY (SPARQL 1.1, section 11): rows are numbered by their keys a batch at a time, and each
 * aggregate (aggregates.h) goes over the batch by itself. */
#include "kg/sparql/aggregates.h"
#include "kg/sparql/operator.h"

#include <stdlib.h>

typedef struct Group {
    Operator base;
    GroupSpec spec;
    RowSet groups;
    uint32_t *numbers; /* of the groups of a batch's rows */
    AggregateColumn *columns;
    bool is_built;
    size_t at; /* next group to give */
} Group;

static bool has_keys(const Group *group)
{
    return group->spec.key_count > 0;
}

static size_t group_count(const Group *group)
{
    return has_keys(group) ? group->groups.count : 1;
}

static BaseStatus add_rows(Group *group, const Batch *batch, BaseError *err)
{
    Eval *const eval = &group->base.run->eval;
    if (has_keys(group) && !sparql_row_set_put_all(&group->groups, batch, group->spec.keys, group->numbers))
        return sparql_no_memory(err);
    const GroupedRows rows = {batch, has_keys(group) ? group->numbers : NULL, group_count(group)};
    for (size_t i = 0; i < group->spec.aggregate_count; i++)
        if (!sparql_aggregate(eval, &group->columns[i], &rows))
            return eval->status;
    return BASE_OK;
}

/* The batch may be larger than those of this operator. */
static BaseStatus add_batch(Group *group, const Batch *batch, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t at = 0; at < batch->count && status == BASE_OK; at += group->base.batch_rows) {
        const size_t left = batch->count - at;
        Batch part = *batch;
        part.cells = batch_row(batch, at);
        part.count = left < group->base.batch_rows ? left : group->base.batch_rows;
        status = add_rows(group, &part, err);
    }
    return status;
}

static BaseStatus read_groups(Group *group, Batch *buffer, BaseError *err)
{
    BaseStatus status = BASE_OK;
    buffer->count = 0;
    if (!has_keys(group)) /* there is a group even of nothing */
        status = add_rows(group, buffer, err);
    while (status == BASE_OK) {
        status = sparql_next(group->base.input, buffer, err);
        if (status == BASE_OK)
            status = add_batch(group, buffer, err);
    }
    buffer->count = 0;
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus give_group(Group *group, size_t number, KgId *row)
{
    Eval *const eval = &group->base.run->eval;
    const GroupSpec *const spec = &group->spec;
    memset(row, 0, group->base.width * sizeof *row);
    for (size_t i = 0; i < spec->key_count; i++)
        row[spec->keys[i]] = group->groups.cells[number * spec->key_count + i];
    for (size_t i = 0; i < spec->aggregate_count; i++)
        if (!sparql_aggregate_answer(eval, &group->columns[i], number, &row[spec->aggregates[i].variable]))
            return eval->status;
    return BASE_OK;
}

static BaseStatus group_next(Operator *op, Batch *out, BaseError *err)
{
    Group *const group = (Group *)op;
    const BaseArenaMark mark = base_arena_mark(&op->run->eval.scratch);
    BaseStatus status = group->is_built ? BASE_OK : read_groups(group, out, err);
    group->is_built = true;
    while (status == BASE_OK && group->at < group_count(group) && !batch_is_full(out))
        status = give_group(group, group->at++, batch_row(out, out->count++));
    base_arena_rewind(&op->run->eval.scratch, mark);
    return status == BASE_OK && out->count == 0 ? BASE_END : status;
}

static void group_rewind(Operator *op)
{
    Group *const group = (Group *)op;
    group->at = 0;
    group->is_built = false;
    sparql_row_set_clear(&group->groups);
    for (size_t i = 0; i < group->spec.aggregate_count; i++)
        sparql_clear_aggregate(&group->columns[i]);
}

static void group_close(Operator *op)
{
    Group *const group = (Group *)op;
    sparql_row_set_free(&group->groups);
    for (size_t i = 0; i < group->spec.aggregate_count; i++)
        sparql_free_aggregate(&group->columns[i]);
}

static size_t group_bytes(const Operator *op)
{
    const Group *const group = (const Group *)op;
    size_t bytes = sparql_row_set_bytes(&group->groups);
    for (size_t i = 0; i < group->spec.aggregate_count; i++)
        bytes += sparql_aggregate_bytes(&group->columns[i]);
    return bytes;
}

Operator *sparql_new_group(Builder *builder, Operator *input, const GroupSpec *spec)
{
    static const OperatorType type = {
        .name = "group", .next = group_next, .rewind = group_rewind, .close = group_close, .bytes = group_bytes};
    /* The parts first: once it is in the chain of all operators, close looks at them. */
    AggregateColumn *const columns = sparql_build_alloc(builder, spec->aggregate_count, sizeof *columns);
    uint32_t *const numbers = sparql_build_alloc(builder, builder->batch_rows, sizeof *numbers);
    if (!columns || !numbers)
        return NULL;
    for (size_t i = 0; i < spec->aggregate_count; i++) {
        columns[i] = (AggregateColumn){.call = spec->aggregates[i].call,
                                       .named = spec->named,
                                       .named_count = spec->named_count,
                                       .is_grouped = spec->key_count > 0};
        if (!sparql_start_aggregate(&columns[i], builder->run->arena)) {
            builder->status = sparql_no_memory(builder->err);
            return NULL;
        }
    }
    Group *const group = sparql_new_operator(builder, &type, sizeof *group, input);
    if (!group)
        return NULL;
    group->spec = *spec;
    group->columns = columns;
    group->numbers = numbers;
    group->groups.width = spec->key_count;
    return &group->base;
}
