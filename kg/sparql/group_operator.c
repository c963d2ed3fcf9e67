/* group_operator.c - GROUP BY and the aggregates (SPARQL 1.1, sections 11 and 18.5.1). An error in an argument spoils
 * the group's SUM, AVG, MIN, MAX and GROUP_CONCAT; COUNT and SAMPLE pass it over. */
#include "kg/sparql/operator.h"

#include <stdlib.h>

/* One aggregate of one group, so far. */
typedef struct State {
    uint64_t count; /* of values that went in */
    bool has_error;
    ValueType sum_type;
    union {
        Exact exact;
        double number;
    } sum;
    KgId best;       /* MIN, MAX, SAMPLE */
    BaseBuffer text; /* GROUP_CONCAT */
} State;

typedef struct Group {
    Operator base;
    GroupSpec spec;
    RowSet groups;
    KgId *key;
    RowSet *distinct; /* per aggregate: group number and value, for DISTINCT */
    KgId *distinct_key;
    State *states; /* group by group */
    size_t state_count, state_capacity;
    bool is_built;
    size_t at; /* next group to give */
} Group;

/* ---- One value into one state ---- */

static Value sum_of(const State *state)
{
    if (state->count == 0)
        return sparql_value_integer(0);
    return state->sum_type <= VALUE_DECIMAL ? sparql_value_exact(state->sum_type, state->sum.exact)
                                            : sparql_value_double(state->sum_type, state->sum.number);
}

static void add_to_sum(State *state, const Value *value)
{
    const Value before = sum_of(state);
    Value after;
    if (!sparql_arithmetic(EXPR_ADD, &before, value, &after)) {
        state->has_error = true;
        return;
    }
    state->sum_type = after.type;
    if (after.type <= VALUE_DECIMAL)
        state->sum.exact = after.as.exact;
    else
        state->sum.number = after.as.number;
}

static void keep_best(Eval *eval, State *state, Aggregate aggregate, Value *value)
{
    if (state->best) {
        Value best;
        if (!sparql_eval_decode(eval, state->best, &best))
            return;
        const int order = sparql_value_order(value, &best);
        if (aggregate == AGGREGATE_MIN ? order >= 0 : order <= 0)
            return;
    }
    sparql_eval_intern(eval, value, &state->best);
}

static void add_text(Eval *eval, State *state, const AstExpr *call, Value *value)
{
    if (value->type == VALUE_BLANK) {
        state->has_error = true;
        return;
    }
    const KgText separator = call->separator;
    if (!sparql_value_term(value, &eval->scratch) ||
        (state->count > 0 && !base_buffer_add(&state->text, separator.bytes, separator.length)) ||
        !base_buffer_add(&state->text, value->term.text.bytes, value->term.text.length))
        sparql_eval_no_memory(eval);
}

static void add_value(Eval *eval, State *state, const AstExpr *call, Value *value)
{
    switch (call->aggregate) {
    case AGGREGATE_COUNT:
        break;
    case AGGREGATE_SUM:
    case AGGREGATE_AVG:
        add_to_sum(state, value);
        break;
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        keep_best(eval, state, call->aggregate, value);
        break;
    case AGGREGATE_SAMPLE:
        if (!state->best)
            sparql_eval_intern(eval, value, &state->best);
        break;
    case AGGREGATE_GROUP_CONCAT:
        add_text(eval, state, call, value);
        break;
    }
    state->count++;
}

/* ---- Rows into groups ---- */

/* Whether this value, or for COUNT(DISTINCT *) this row, is new to the group. */
static bool is_new_to_group(Group *group, size_t aggregate, size_t number, Value *value, const KgId *row)
{
    Eval *const eval = &group->base.run->eval;
    RowSet *const seen = &group->distinct[aggregate];
    KgId *const key = group->distinct_key;
    bool is_new;
    key[0] = number;
    if (value && !sparql_eval_intern(eval, value, &key[1]))
        return false;
    for (size_t i = 0; !value && i < group->spec.named_count; i++)
        key[1 + i] = row[group->spec.named[i]];
    seen->width = value ? 2 : 1 + group->spec.named_count;
    if (sparql_row_set_put(seen, key, &is_new) == NO_ROW)
        return sparql_eval_no_memory(eval);
    return is_new;
}

static void add_row(Group *group, size_t number, const KgId *row)
{
    Eval *const eval = &group->base.run->eval;
    for (size_t i = 0; i < group->spec.aggregate_count && eval->status == BASE_OK; i++) {
        const AstExpr *const call = group->spec.aggregates[i].call;
        State *const state = &group->states[number * group->spec.aggregate_count + i];
        if (call->count == 0) { /* COUNT(*) */
            if (!call->distinct || is_new_to_group(group, i, number, NULL, row))
                state->count++;
            continue;
        }
        const BaseArenaMark mark = base_arena_mark(&eval->scratch);
        Value value;
        if (!sparql_eval(eval, call->arguments[0], row, &value))
            state->has_error = true;
        else if (!call->distinct || is_new_to_group(group, i, number, &value, NULL))
            add_value(eval, state, call, &value);
        base_arena_rewind(&eval->scratch, mark);
    }
}

static bool add_states(Group *group)
{
    const size_t count = group->spec.aggregate_count;
    if (!base_reserve((void **)&group->states, &group->state_capacity, group->state_count + count + 1,
                      sizeof *group->states))
        return false;
    for (size_t i = 0; i < count; i++)
        group->states[group->state_count++] = (State){0};
    return true;
}

static BaseStatus find_group(Group *group, const KgId *row, size_t *number, BaseError *err)
{
    bool is_new;
    for (size_t i = 0; i < group->spec.key_count; i++)
        group->key[i] = row[group->spec.keys[i]];
    *number = sparql_row_set_put(&group->groups, group->key, &is_new);
    if (*number == NO_ROW || (is_new && !add_states(group)))
        return sparql_no_memory(err);
    return BASE_OK;
}

static BaseStatus read_groups(Group *group, Batch *buffer, BaseError *err)
{
    size_t number = 0;
    BaseStatus status = BASE_OK;
    if (group->spec.key_count == 0)
        status = find_group(group, NULL, &number, err);
    while (status == BASE_OK) {
        status = sparql_next(group->base.input, buffer, err);
        for (size_t i = 0; i < buffer->count && status == BASE_OK; i++) {
            const KgId *const row = batch_row(buffer, i);
            if (group->spec.key_count > 0)
                status = find_group(group, row, &number, err);
            if (status == BASE_OK)
                add_row(group, number, row);
            if (status == BASE_OK)
                status = sparql_eval_status(group->base.run);
        }
    }
    buffer->count = 0;
    return status == BASE_END ? BASE_OK : status;
}

/* ---- Answers ---- */

/* False: the aggregate has no value. */
static bool answer(const AstExpr *call, const State *state, Value *out)
{
    Value sum, count;
    if (call->aggregate == AGGREGATE_COUNT) {
        *out = sparql_value_integer((int64_t)state->count);
        return true;
    }
    if (state->has_error && call->aggregate != AGGREGATE_SAMPLE)
        return false;
    switch (call->aggregate) {
    case AGGREGATE_SUM:
        *out = sum_of(state);
        return true;
    case AGGREGATE_AVG:
        sum = sum_of(state);
        count = sparql_value_integer((int64_t)state->count);
        *out = sum;
        return state->count == 0 || sparql_arithmetic(EXPR_DIVIDE, &sum, &count, out);
    case AGGREGATE_GROUP_CONCAT:
        *out = sparql_value_string((KgText){state->text.items ? state->text.items : "", state->text.count});
        return true;
    default:
        return false;
    }
}

static BaseStatus give_group(Group *group, size_t number, KgId *row)
{
    Eval *const eval = &group->base.run->eval;
    const GroupSpec *const spec = &group->spec;
    memset(row, 0, group->base.width * sizeof *row);
    for (size_t i = 0; i < spec->key_count; i++)
        row[spec->keys[i]] = group->groups.cells[number * spec->key_count + i];
    for (size_t i = 0; i < spec->aggregate_count && eval->status == BASE_OK; i++) {
        const AstExpr *const call = spec->aggregates[i].call;
        const State *const state = &group->states[number * spec->aggregate_count + i];
        KgId *const cell = &row[spec->aggregates[i].variable];
        const bool is_error = state->has_error && call->aggregate != AGGREGATE_SAMPLE;
        Value value;
        if (call->aggregate == AGGREGATE_MIN || call->aggregate == AGGREGATE_MAX || call->aggregate == AGGREGATE_SAMPLE)
            *cell = is_error ? 0 : state->best;
        else if (answer(call, state, &value))
            sparql_eval_intern(eval, &value, cell);
    }
    return eval->status;
}

static BaseStatus group_next(Operator *op, Batch *out, BaseError *err)
{
    Group *const group = (Group *)op;
    const BaseArenaMark mark = base_arena_mark(&op->run->eval.scratch);
    BaseStatus status = group->is_built ? BASE_OK : read_groups(group, out, err);
    group->is_built = true;
    while (status == BASE_OK && group->at < group->groups.count && !batch_is_full(out))
        status = give_group(group, group->at++, batch_row(out, out->count++));
    base_arena_rewind(&op->run->eval.scratch, mark);
    return status == BASE_OK && out->count == 0 ? BASE_END : status;
}

static void group_rewind(Operator *op)
{
    Group *const group = (Group *)op;
    for (size_t i = 0; i < group->state_count; i++)
        base_buffer_free(&group->states[i].text);
    group->state_count = 0;
    group->at = 0;
    group->is_built = false;
    sparql_row_set_clear(&group->groups);
    for (size_t i = 0; i < group->spec.aggregate_count; i++)
        sparql_row_set_clear(&group->distinct[i]);
}

static void group_close(Operator *op)
{
    Group *const group = (Group *)op;
    group_rewind(op);
    free(group->states);
    sparql_row_set_free(&group->groups);
    for (size_t i = 0; i < group->spec.aggregate_count; i++)
        sparql_row_set_free(&group->distinct[i]);
}

Operator *sparql_new_group(Builder *builder, Operator *input, const GroupSpec *spec)
{
    static const OperatorType type = {
        .name = "group", .next = group_next, .rewind = group_rewind, .close = group_close};
    /* The parts first: once it is in the chain of all operators, close looks at them. */
    KgId *const key = sparql_build_alloc(builder, spec->key_count, sizeof *key);
    KgId *const distinct_key = sparql_build_alloc(builder, 2 + spec->named_count, sizeof *distinct_key);
    RowSet *const distinct = sparql_build_alloc(builder, spec->aggregate_count, sizeof *distinct);
    if (!key || !distinct_key || !distinct)
        return NULL;
    Group *const group = sparql_new_operator(builder, &type, sizeof *group, input);
    if (!group)
        return NULL;
    group->spec = *spec;
    group->key = key;
    group->distinct_key = distinct_key;
    group->distinct = distinct;
    group->groups.width = spec->key_count;
    return &group->base;
}
