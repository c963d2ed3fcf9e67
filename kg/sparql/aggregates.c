/* aggregates.c - COUNT, SUM, AVG, MIN, MAX, SAMPLE and GROUP_CONCAT (SPARQL 1.1, section 18.5.1). An error in an
 * argument spoils the group's SUM, AVG, MIN, MAX and GROUP_CONCAT; COUNT and SAMPLE pass it over. Arguments that are
 * plain variables go in as ids: a count looks at no term at all, and inlined numbers are added from their bits. */
#include "kg/sparql/aggregates.h"

#include "kg/sparql/bindings.h"
#include "kg/sparql/value_ids.h"

#include <stdlib.h>

typedef struct AggregateForm {
    size_t size; /* of a state, which begins as zeros */
    void (*add_id)(Eval *eval, const AggregateColumn *column, void *state, KgId id);
    void (*add_value)(Eval *eval, AggregateColumn *column, void *state, Value *value);
    void (*add_error)(void *state);
    void (*add_ids)(Eval *eval, AggregateColumn *column, const GroupedRows *rows); /* of a variable, not DISTINCT */
    bool (*answer)(Eval *eval, const AggregateColumn *column, const void *state, KgId *out);
    /* Of rows behind those of `state`; ids in it are the eval's. */
    void (*merge)(Eval *eval, AggregateColumn *column, void *state, const void *part);
} AggregateForm;

static inline size_t group_of(const GroupedRows *rows, size_t row)
{
    return rows->numbers ? rows->numbers[row] : 0;
}

static inline KgId id_at(const AggregateColumn *column, const GroupedRows *rows, size_t row)
{
    return batch_row(rows->batch, row)[column->variable];
}

static void no_error(void *state)
{
    (void)state;
}

/* ---- COUNT ---- */

static void count_id(Eval *eval, const AggregateColumn *column, void *state, KgId id)
{
    (void)eval;
    (void)column;
    (void)id;
    ++*(uint64_t *)state;
}

static void count_value(Eval *eval, AggregateColumn *column, void *state, Value *value)
{
    (void)eval;
    (void)column;
    (void)value;
    ++*(uint64_t *)state;
}

static void count_ids(Eval *eval, AggregateColumn *column, const GroupedRows *rows)
{
    (void)eval;
    uint64_t *const counts = (uint64_t *)column->states;
    for (size_t i = 0; i < rows->batch->count; i++)
        counts[group_of(rows, i)] += id_at(column, rows, i) != 0;
}

static bool answer_count(Eval *eval, const AggregateColumn *column, const void *state, KgId *out)
{
    (void)column;
    Value value = sparql_value_integer((int64_t) * (const uint64_t *)state);
    return sparql_eval_intern(eval, &value, out);
}

static void merge_counts(Eval *eval, AggregateColumn *column, void *state, const void *part)
{
    (void)eval;
    (void)column;
    *(uint64_t *)state += *(const uint64_t *)part;
}

static const AggregateForm counts = {sizeof(uint64_t), count_id,     count_value, no_error,
                                     count_ids,        answer_count, merge_counts};

/* ---- SUM and AVG ---- */

/* As if the values were added one after the other. While the sum is exact, what ids hold is added up apart: it cannot
 * overflow. */
typedef struct Sum {
    ExactMantissa millionths; /* of integers and decimals that ids hold */
    union {
        Exact exact; /* of the others */
        double number;
    } as;
    uint64_t count;
    uint8_t type; /* a ValueType, 0 before the first value */
    bool has_error;
} Sum;

static bool exact_sum(const Sum *sum, Exact *out)
{
    Exact held = {.mantissa = sum->millionths, .scale = 6};
    while (held.scale > 0 && held.mantissa % 10 == 0) {
        held.mantissa /= 10;
        held.scale--;
    }
    return sparql_exact_add(held, sum->as.exact, out);
}

static bool sum_of(const Sum *sum, Value *out)
{
    Exact exact;
    if (sum->type > VALUE_DECIMAL) {
        *out = sparql_value_double(sum->type, sum->as.number);
        return true;
    }
    if (!exact_sum(sum, &exact))
        return false;
    *out = sparql_value_exact(sum->type ? (ValueType)sum->type : VALUE_INTEGER, exact);
    return true;
}

static void add_number(Sum *sum, const Value *value)
{
    Value before, after;
    sum->count++;
    if (sum->has_error)
        return;
    if (sum->type <= VALUE_DECIMAL && (value->type == VALUE_INTEGER || value->type == VALUE_DECIMAL)) {
        sum->has_error = !sparql_exact_add(sum->as.exact, value->as.exact, &sum->as.exact);
        sum->type = (uint8_t)(value->type > sum->type ? value->type : sum->type);
        return;
    }
    if (!sum_of(sum, &before) || !sparql_arithmetic(EXPR_ADD, &before, value, &after)) {
        sum->has_error = true;
        return;
    }
    sum->type = (uint8_t)after.type;
    sum->as.number = after.as.number;
}

static void add_decoded(Eval *eval, Sum *sum, KgId id)
{
    const BaseArenaMark mark = base_arena_mark(&eval->scratch);
    Value value;
    if (sparql_eval_decode(eval, id, &value))
        add_number(sum, &value);
    base_arena_rewind(&eval->scratch, mark);
}

static inline void sum_one(Eval *eval, Sum *sum, KgId id)
{
    const KgInlineTag tag = kg_inline_tag(id);
    double number;
    if (tag == KG_INLINE_INTEGER && sum->type <= VALUE_DECIMAL) {
        sum->millionths += (ExactMantissa)kg_inline_integer(id) * KG_INLINE_DECIMAL_UNIT;
        sum->type = sum->type == VALUE_DECIMAL ? VALUE_DECIMAL : VALUE_INTEGER;
        sum->count++;
    } else if (tag == KG_INLINE_DECIMAL && sum->type <= VALUE_DECIMAL) {
        sum->millionths += kg_inline_decimal(id);
        sum->type = VALUE_DECIMAL;
        sum->count++;
    } else if (tag == KG_INLINE_DOUBLE && sum->type == VALUE_DOUBLE && kg_inline_double(id, &number)) {
        sum->as.number += number;
        sum->count++;
    } else if (id) {
        add_decoded(eval, sum, id);
    } else {
        sum->has_error = true;
    }
}

static void sum_id(Eval *eval, const AggregateColumn *column, void *state, KgId id)
{
    (void)column;
    sum_one(eval, state, id);
}

static void sum_value(Eval *eval, AggregateColumn *column, void *state, Value *value)
{
    (void)eval;
    (void)column;
    add_number(state, value);
}

static void sum_error(void *state)
{
    ((Sum *)state)->has_error = true;
}

static void sum_ids(Eval *eval, AggregateColumn *column, const GroupedRows *rows)
{
    Sum *const sums = (Sum *)column->states;
    for (size_t i = 0; i < rows->batch->count && eval->status == BASE_OK; i++)
        sum_one(eval, &sums[group_of(rows, i)], id_at(column, rows, i));
}

static bool answer_sum(Eval *eval, const AggregateColumn *column, const void *state, KgId *out)
{
    const Sum *const sum = state;
    Value value, average;
    if (sum->has_error || !sum_of(sum, &value))
        return true;
    if (column->call->aggregate == AGGREGATE_SUM || sum->count == 0)
        return sparql_eval_intern(eval, &value, out);
    const Value count = sparql_value_integer((int64_t)sum->count);
    return !sparql_arithmetic(EXPR_DIVIDE, &value, &count, &average) || sparql_eval_intern(eval, &average, out);
}

static void merge_sums(Eval *eval, AggregateColumn *column, void *state, const void *part)
{
    (void)eval;
    (void)column;
    Sum *const sum = state;
    const Sum *const other = part;
    const uint64_t count = sum->count + other->count;
    Value value;
    if (sum->type <= VALUE_DECIMAL && other->type <= VALUE_DECIMAL) {
        sum->millionths += other->millionths;
        sum->has_error |= !sparql_exact_add(sum->as.exact, other->as.exact, &sum->as.exact);
        sum->type = other->type > sum->type ? other->type : sum->type;
    } else if (other->type && sum_of(other, &value)) {
        add_number(sum, &value);
    }
    sum->has_error |= other->has_error;
    sum->count = count;
}

static const AggregateForm sums = {sizeof(Sum), sum_id, sum_value, sum_error, sum_ids, answer_sum, merge_sums};

/* ---- MIN, MAX and SAMPLE ---- */

typedef struct Best {
    KgId id;
    bool has_error;
} Best;

static bool is_better(const AggregateColumn *column, int order)
{
    return column->call->aggregate == AGGREGATE_MIN ? order < 0 : order > 0;
}

static void best_value(Eval *eval, AggregateColumn *column, void *state, Value *value)
{
    Best *const best = state;
    Value other;
    if (!best->id || (column->call->aggregate != AGGREGATE_SAMPLE && sparql_eval_decode(eval, best->id, &other) &&
                      is_better(column, sparql_value_order(value, &other))))
        sparql_eval_intern(eval, value, &best->id);
}

static void compare_decoded(Eval *eval, const AggregateColumn *column, Best *best, KgId id)
{
    const BaseArenaMark mark = base_arena_mark(&eval->scratch);
    Value value, other;
    if (sparql_eval_decode(eval, id, &value) && sparql_eval_decode(eval, best->id, &other) &&
        is_better(column, sparql_value_order(&value, &other)))
        best->id = id;
    base_arena_rewind(&eval->scratch, mark);
}

static inline void best_one(Eval *eval, const AggregateColumn *column, Best *best, KgId id)
{
    if (!id) {
        best->has_error = true;
    } else if (!best->id) {
        best->id = id;
    } else if (id != best->id && column->call->aggregate != AGGREGATE_SAMPLE) {
        if (!kg_is_inline(id) || kg_inline_tag(id) != kg_inline_tag(best->id)) {
            compare_decoded(eval, column, best, id);
            return;
        }
        const uint64_t key = sparql_order_key(id), other = sparql_order_key(best->id);
        if (is_better(column, (key > other) - (key < other)))
            best->id = id;
    }
}

static void best_id(Eval *eval, const AggregateColumn *column, void *state, KgId id)
{
    best_one(eval, column, state, id);
}

static void best_error(void *state)
{
    ((Best *)state)->has_error = true;
}

static void best_ids(Eval *eval, AggregateColumn *column, const GroupedRows *rows)
{
    Best *const bests = (Best *)column->states;
    for (size_t i = 0; i < rows->batch->count && eval->status == BASE_OK; i++)
        best_one(eval, column, &bests[group_of(rows, i)], id_at(column, rows, i));
}

static bool answer_best(Eval *eval, const AggregateColumn *column, const void *state, KgId *out)
{
    (void)eval;
    const Best *const best = state;
    *out = best->has_error && column->call->aggregate != AGGREGATE_SAMPLE ? 0 : best->id;
    return true;
}

static void merge_bests(Eval *eval, AggregateColumn *column, void *state, const void *part)
{
    Best *const best = state;
    const Best *const other = part;
    if (other->id)
        best_one(eval, column, best, other->id);
    best->has_error |= other->has_error;
}

static const AggregateForm bests = {sizeof(Best), best_id, best_value, best_error, best_ids, answer_best, merge_bests};

/* ---- GROUP_CONCAT ---- */

typedef struct Joined {
    BaseBuffer text;
    bool has_text, has_error;
} Joined;

static void join_value(Eval *eval, AggregateColumn *column, void *state, Value *value)
{
    Joined *const joined = state;
    const KgText separator = column->call->separator;
    const size_t before = joined->text.capacity;
    if (value->type == VALUE_BLANK) {
        joined->has_error = true;
        return;
    }
    if (!sparql_value_term(value, &eval->scratch) ||
        (joined->has_text && !base_buffer_add(&joined->text, separator.bytes, separator.length)) ||
        !base_buffer_add(&joined->text, value->term.text.bytes, value->term.text.length))
        sparql_eval_no_memory(eval);
    joined->has_text = true;
    column->text_bytes += joined->text.capacity - before;
}

static void join_error(void *state)
{
    ((Joined *)state)->has_error = true;
}

static bool answer_joined(Eval *eval, const AggregateColumn *column, const void *state, KgId *out)
{
    (void)column;
    const Joined *const joined = state;
    if (joined->has_error)
        return true;
    Value value = sparql_value_string((KgText){joined->text.items ? joined->text.items : "", joined->text.count});
    return sparql_eval_intern(eval, &value, out);
}

static void merge_joineds(Eval *eval, AggregateColumn *column, void *state, const void *part)
{
    Joined *const joined = state;
    const Joined *const other = part;
    const KgText separator = column->call->separator;
    const size_t before = joined->text.capacity;
    joined->has_error |= other->has_error;
    if (!other->has_text)
        return;
    if ((joined->has_text && !base_buffer_add(&joined->text, separator.bytes, separator.length)) ||
        !base_buffer_add(&joined->text, other->text.items ? other->text.items : "", other->text.count))
        sparql_eval_no_memory(eval);
    joined->has_text = true;
    column->text_bytes += joined->text.capacity - before;
}

static const AggregateForm joineds = {sizeof(Joined), NULL, join_value, join_error, NULL, answer_joined, merge_joineds};

/* ---- Columns ---- */

static const AggregateForm *form_of(Aggregate aggregate)
{
    switch (aggregate) {
    case AGGREGATE_COUNT:
        return &counts;
    case AGGREGATE_SUM:
    case AGGREGATE_AVG:
        return &sums;
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
    case AGGREGATE_SAMPLE:
        return &bests;
    case AGGREGATE_GROUP_CONCAT:
        break;
    }
    return &joineds;
}

bool sparql_start_aggregate(AggregateColumn *column, BaseArena *arena)
{
    const AstExpr *const call = column->call;
    const bool has_variable = call->count > 0 && call->arguments[0]->op == EXPR_VARIABLE;
    column->form = form_of(call->aggregate);
    column->variable = has_variable ? call->arguments[0]->node.variable : AST_NO_VARIABLE;
    column->is_distinct = call->distinct && column->form != &bests;
    column->seen.width = 1 + (call->count ? 1 : column->named_count);
    column->seen_ids.others.width = 1;
    column->key = base_arena_alloc(arena, column->seen.width, sizeof *column->key);
    return column->key != NULL;
}

static bool make_states(AggregateColumn *column, size_t groups)
{
    const size_t size = column->form->size;
    if (!base_reserve((void **)&column->states, &column->capacity, groups * size, 1))
        return false;
    if (groups > column->count) {
        memset(column->states + column->count * size, 0, (groups - column->count) * size);
        column->count = groups;
    }
    return true;
}

static void *state_at(const AggregateColumn *column, size_t group)
{
    return column->states + group * column->form->size;
}

/* Whether the value is new to the group. */
static bool is_new_id(Eval *eval, AggregateColumn *column, size_t group, KgId id)
{
    bool is_new = false;
    column->key[0] = group;
    column->key[1] = id;
    if (column->is_grouped ? sparql_row_set_put(&column->seen, column->key, &is_new) == NO_ROW
                           : !sparql_id_set_put(&column->seen_ids, id, &is_new))
        return sparql_eval_no_memory(eval);
    return is_new;
}

static void add_distinct_ids(Eval *eval, AggregateColumn *column, const GroupedRows *rows)
{
    for (size_t i = 0; i < rows->batch->count && eval->status == BASE_OK; i++) {
        const size_t group = group_of(rows, i);
        const KgId id = id_at(column, rows, i);
        if (!id)
            column->form->add_error(state_at(column, group));
        else if (is_new_id(eval, column, group, id))
            column->form->add_id(eval, column, state_at(column, group), id);
    }
}

static void add_values(Eval *eval, AggregateColumn *column, const GroupedRows *rows)
{
    const AstExpr *const argument = column->call->arguments[0];
    for (size_t i = 0; i < rows->batch->count && eval->status == BASE_OK; i++) {
        const size_t group = group_of(rows, i);
        const BaseArenaMark mark = base_arena_mark(&eval->scratch);
        Value value;
        KgId id;
        if (!sparql_eval(eval, argument, batch_row(rows->batch, i), &value))
            column->form->add_error(state_at(column, group));
        else if (!column->is_distinct || (sparql_eval_intern(eval, &value, &id) && is_new_id(eval, column, group, id)))
            column->form->add_value(eval, column, state_at(column, group), &value);
        base_arena_rewind(&eval->scratch, mark);
    }
}

static void count_rows(Eval *eval, AggregateColumn *column, const GroupedRows *rows)
{
    uint64_t *const numbers = (uint64_t *)column->states;
    if (!rows->numbers && !column->is_distinct) {
        numbers[0] += rows->batch->count;
        return;
    }
    for (size_t i = 0; i < rows->batch->count && eval->status == BASE_OK; i++) {
        const size_t group = group_of(rows, i);
        bool is_new = true;
        if (column->is_distinct) {
            column->key[0] = group;
            for (size_t k = 0; k < column->named_count; k++)
                column->key[k + 1] = batch_row(rows->batch, i)[column->named[k]];
            if (sparql_row_set_put(&column->seen, column->key, &is_new) == NO_ROW)
                sparql_eval_no_memory(eval);
        }
        numbers[group] += is_new;
    }
}

bool sparql_aggregate(Eval *eval, AggregateColumn *column, const GroupedRows *rows)
{
    if (!make_states(column, rows->groups))
        return sparql_eval_no_memory(eval);
    if (column->call->count == 0)
        count_rows(eval, column, rows);
    else if (column->variable == AST_NO_VARIABLE || !column->form->add_ids)
        add_values(eval, column, rows);
    else if (column->is_distinct)
        add_distinct_ids(eval, column, rows);
    else
        column->form->add_ids(eval, column, rows);
    return eval->status == BASE_OK;
}

bool sparql_aggregate_answer(Eval *eval, const AggregateColumn *column, size_t group, KgId *out)
{
    *out = 0;
    return column->form->answer(eval, column, state_at(column, group), out);
}

/* ---- Merging ---- */

bool sparql_can_merge(const AggregateColumn *column)
{
    return column->call->count == 0 || sparql_is_plain(column->call->arguments[0]);
}

static bool is_spoiled(const AggregateColumn *column, size_t group)
{
    const void *const state = state_at(column, group);
    return (column->form == &sums && ((const Sum *)state)->has_error) ||
           (column->form == &joineds && ((const Joined *)state)->has_error);
}

static void merge_value(Eval *eval, AggregateColumn *column, size_t group, KgId id)
{
    const BaseArenaMark mark = base_arena_mark(&eval->scratch);
    Value value;
    if (!is_new_id(eval, column, group, id))
        return;
    if (column->form->add_id)
        column->form->add_id(eval, column, state_at(column, group), id);
    else if (sparql_eval_decode(eval, id, &value))
        column->form->add_value(eval, column, state_at(column, group), &value);
    base_arena_rewind(&eval->scratch, mark);
}

/* Of COUNT(DISTINCT *): row `row` of those that the part has seen. */
static void merge_solution(Eval *eval, AggregateColumn *column, const AggregateColumn *part, size_t row,
                           const AggregateMerge *merge)
{
    const KgId *const cells = part->seen.cells + row * part->seen.width;
    const size_t group = merge->groups[cells[0]];
    bool is_new;
    column->key[0] = group;
    for (size_t k = 1; k < part->seen.width; k++)
        column->key[k] = merge->same(merge->context, cells[k]);
    if (sparql_row_set_put(&column->seen, column->key, &is_new) == NO_ROW)
        sparql_eval_no_memory(eval);
    else
        ((uint64_t *)column->states)[group] += is_new;
}

/* The part's values that are new; its states count some that are not. */
static void merge_distinct(Eval *eval, AggregateColumn *column, const AggregateColumn *part,
                           const AggregateMerge *merge)
{
    IdSetWalk walk = {0};
    KgId id;
    for (size_t i = 0; i < merge->count; i++)
        if (is_spoiled(part, i))
            column->form->add_error(state_at(column, merge->groups[i]));
    for (size_t row = 0; row < part->seen.count && eval->status == BASE_OK; row++) {
        const KgId *const cells = part->seen.cells + row * part->seen.width;
        if (part->call->count == 0)
            merge_solution(eval, column, part, row, merge);
        else
            merge_value(eval, column, merge->groups[cells[0]], merge->same(merge->context, cells[1]));
    }
    while (eval->status == BASE_OK && sparql_id_set_next(&part->seen_ids, &walk, &id))
        merge_value(eval, column, 0, merge->same(merge->context, id));
}

static void merge_state(Eval *eval, AggregateColumn *column, size_t group, const void *from,
                        const AggregateMerge *merge)
{
    Best best;
    if (column->form == &bests) {
        best = *(const Best *)from;
        best.id = merge->same(merge->context, best.id);
        from = &best;
    }
    column->form->merge(eval, column, state_at(column, group), from);
}

bool sparql_merge_aggregate(Eval *eval, AggregateColumn *column, const AggregateColumn *part,
                            const AggregateMerge *merge)
{
    size_t most = 0;
    for (size_t i = 0; i < merge->count; i++)
        most = merge->groups[i] > most ? merge->groups[i] : most;
    if (merge->count > 0 && !make_states(column, most + 1))
        return sparql_eval_no_memory(eval);
    if (column->is_distinct)
        merge_distinct(eval, column, part, merge);
    for (size_t i = 0; i < merge->count && !column->is_distinct && eval->status == BASE_OK; i++)
        merge_state(eval, column, merge->groups[i], state_at(part, i), merge);
    return eval->status == BASE_OK;
}

size_t sparql_aggregate_values(const AggregateColumn *column)
{
    return column->seen.count + column->seen_ids.count;
}

/* ---- The end ---- */

void sparql_clear_aggregate(AggregateColumn *column)
{
    for (size_t i = 0; column->form == &joineds && i < column->count; i++)
        base_buffer_free(&((Joined *)state_at(column, i))->text);
    column->count = 0;
    column->text_bytes = 0;
    sparql_row_set_clear(&column->seen);
    sparql_id_set_clear(&column->seen_ids);
}

void sparql_free_aggregate(AggregateColumn *column)
{
    sparql_clear_aggregate(column);
    free(column->states);
    column->states = NULL;
    column->capacity = 0;
    sparql_row_set_free(&column->seen);
    sparql_id_set_free(&column->seen_ids);
}

size_t sparql_aggregate_bytes(const AggregateColumn *column)
{
    return column->capacity + column->text_bytes + sparql_row_set_bytes(&column->seen) +
           sparql_id_set_bytes(&column->seen_ids);
}
