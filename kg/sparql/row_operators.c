/* row_operators.c - operators that look at one row at a time: FILTER, BIND, DISTINCT, LIMIT, and the step from a
 * subquery to the query around it. */
#include "kg/sparql/bindings.h"
#include "kg/sparql/id_tests.h"
#include "kg/sparql/memo.h"
#include "kg/sparql/operator.h"
#include "kg/sparql/text_tests.h"

#include <stdlib.h>

/* ---- Filter ---- */

typedef enum ConditionKind {
    CONDITION_CONSTANT, /* `test` */
    CONDITION_PAIR,     /* two variables: `expr` is = != < > <= or >= */
    CONDITION_TEXT,     /* `text` */
    CONDITION_OTHER,
} ConditionKind;

/* One of what && joins. */
typedef struct Condition {
    ConditionKind kind;
    const AstExpr *expr;
    IdTest *test;
    TextTest text;
    Memo memo; /* TEXT and OTHER */
} Condition;

typedef struct Filter {
    Operator base;
    Condition *conditions; /* those that look at ids first */
    size_t count;
} Filter;

static bool evaluate(Filter *filter, Condition *condition, const KgId *row)
{
    Eval *const eval = &filter->base.run->eval;
    KgId known;
    if (sparql_memo_find(&condition->memo, row, &known))
        return known != 0;
    const BaseArenaMark mark = base_arena_mark(&eval->scratch);
    const bool is_true = condition->kind == CONDITION_TEXT
                             ? sparql_test_text(eval, &condition->text, row[condition->text.variable])
                             : sparql_eval_truth(eval, condition->expr, row);
    base_arena_rewind(&eval->scratch, mark);
    if (condition->memo.variable != AST_NO_VARIABLE && eval->status == BASE_OK)
        sparql_memo_keep(&condition->memo, filter->base.run->arena, row[condition->memo.variable], is_true);
    return is_true;
}

static inline Verdict look_at_ids(const Condition *condition, const KgId *row)
{
    switch (condition->kind) {
    case CONDITION_CONSTANT:
        return sparql_test_id(condition->test, row[condition->test->comparison.variable]);
    case CONDITION_PAIR: {
        const AstExpr *const expr = condition->expr;
        return sparql_compare_ids(expr->op, row[expr->arguments[0]->node.variable],
                                  row[expr->arguments[1]->node.variable]);
    }
    case CONDITION_TEXT:
    case CONDITION_OTHER:
        break;
    }
    return VERDICT_UNSURE;
}

static bool passes(Filter *filter, const KgId *row)
{
    for (size_t i = 0; i < filter->count; i++) {
        const Verdict verdict = look_at_ids(&filter->conditions[i], row);
        if (verdict == VERDICT_FALSE || (verdict == VERDICT_UNSURE && !evaluate(filter, &filter->conditions[i], row)))
            return false;
    }
    return true;
}

static BaseStatus filter_next(Operator *op, Batch *out, BaseError *err)
{
    Filter *const filter = (Filter *)op;
    while (out->count == 0) {
        const BaseStatus status = sparql_next(op->input, out, err);
        if (status != BASE_OK)
            return status;
        size_t kept = 0;
        for (size_t i = 0; i < out->count; i++) {
            const KgId *const row = batch_row(out, i);
            const bool is_kept = passes(filter, row);
            if (sparql_eval_status(op->run) != BASE_OK)
                return sparql_eval_status(op->run);
            if (is_kept && kept++ < i)
                memcpy(batch_row(out, kept - 1), row, op->width * sizeof *row);
        }
        out->count = kept;
    }
    return BASE_OK;
}

static size_t count_conditions(const AstExpr *expr)
{
    size_t count = 1;
    for (; expr->op == EXPR_AND; expr = expr->arguments[0])
        count += count_conditions(expr->arguments[1]);
    return count;
}

static bool is_pair(const AstExpr *expr)
{
    return expr->op >= EXPR_EQ && expr->op <= EXPR_GE && expr->arguments[0]->op == EXPR_VARIABLE &&
           expr->arguments[1]->op == EXPR_VARIABLE;
}

static bool add_condition(Builder *builder, Filter *filter, const AstExpr *expr)
{
    Comparison comparison;
    Condition *const condition = &filter->conditions[filter->count++];
    *condition = (Condition){
        .kind = is_pair(expr) ? CONDITION_PAIR : CONDITION_OTHER, .expr = expr, .memo = sparql_memo_of(expr)};
    if (sparql_find_text_test(expr, &condition->text)) {
        condition->kind = CONDITION_TEXT;
        if (!condition->text.is_str && condition->text.call != sparql_call_regex)
            condition->memo.variable = AST_NO_VARIABLE; /* that is as quickly looked at again */
        return true;
    }
    if (!sparql_find_comparison(expr, &comparison))
        return true;
    condition->kind = CONDITION_CONSTANT;
    condition->test = sparql_build_alloc(builder, 1, sizeof *condition->test);
    if (condition->test)
        condition->test->comparison = comparison;
    return condition->test != NULL;
}

/* A filter passes where each of what && joins is true, so they are looked at one by one. */
static bool add_conditions(Builder *builder, Filter *filter, const AstExpr *expr)
{
    for (; expr->op == EXPR_AND; expr = expr->arguments[0])
        if (!add_conditions(builder, filter, expr->arguments[1]))
            return false;
    return add_condition(builder, filter, expr);
}

static bool looks_at_ids_only(const Condition *condition)
{
    return condition->kind == CONDITION_CONSTANT || condition->kind == CONDITION_PAIR;
}

static void put_cheap_ones_first(Filter *filter)
{
    size_t cheap = 0;
    for (size_t i = 0; i < filter->count; i++) {
        const Condition condition = filter->conditions[i];
        if (!looks_at_ids_only(&condition))
            continue;
        filter->conditions[i] = filter->conditions[cheap];
        filter->conditions[cheap++] = condition;
    }
}

static bool filter_may_split(const Operator *op)
{
    const Filter *const filter = (const Filter *)op;
    for (size_t i = 0; i < filter->count; i++)
        if (!sparql_is_plain(filter->conditions[i].expr))
            return false;
    return true;
}

Operator *sparql_new_filter(Builder *builder, Operator *input, AstExpr *const *exprs, size_t count)
{
    static const OperatorType type = {.name = "filter", .next = filter_next, .may_split = filter_may_split};
    Filter *const filter = sparql_new_operator(builder, &type, sizeof *filter, input);
    size_t conditions = 0;
    for (size_t i = 0; i < count; i++)
        conditions += count_conditions(exprs[i]);
    if (!filter || !(filter->conditions = sparql_build_alloc(builder, conditions, sizeof *filter->conditions)))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!add_conditions(builder, filter, exprs[i]))
            return NULL;
    put_cheap_ones_first(filter);
    return &filter->base;
}

/* ---- Extend ---- */

typedef struct Extend {
    Operator base;
    const Assignment *assignments;
    Memo *memos;
    size_t count;
} Extend;

/* The id of the expression's value, 0: an error. */
static KgId evaluate_id(Extend *extend, size_t number, const KgId *row)
{
    Run *const run = extend->base.run;
    const AstExpr *const expr = extend->assignments[number].expr;
    Memo *const memo = &extend->memos[number];
    KgId id;
    Value value;
    if (expr->op == EXPR_VARIABLE)
        return row[expr->node.variable];
    if (sparql_memo_find(memo, row, &id))
        return id;
    if (!sparql_eval(&run->eval, expr, row, &value) || !sparql_eval_intern(&run->eval, &value, &id))
        id = 0;
    if (memo->variable != AST_NO_VARIABLE && run->eval.status == BASE_OK)
        sparql_memo_keep(memo, run->arena, row[memo->variable], id);
    return id;
}

/* An error leaves the variable unbound. */
static BaseStatus assign(Extend *extend, KgId *row)
{
    Eval *const eval = &extend->base.run->eval;
    const BaseArenaMark mark = base_arena_mark(&eval->scratch);
    eval->blanks.count = 0;
    for (size_t i = 0; i < extend->count && eval->status == BASE_OK; i++) {
        const KgId id = evaluate_id(extend, i, row);
        if (id)
            row[extend->assignments[i].variable] = id;
    }
    base_arena_rewind(&eval->scratch, mark);
    return eval->status;
}

static BaseStatus extend_next(Operator *op, Batch *out, BaseError *err)
{
    BaseStatus status = sparql_next(op->input, out, err);
    for (size_t i = 0; i < out->count && status == BASE_OK; i++)
        status = assign((Extend *)op, batch_row(out, i));
    return status;
}

static bool extend_may_split(const Operator *op)
{
    const Extend *const extend = (const Extend *)op;
    for (size_t i = 0; i < extend->count; i++)
        if (!sparql_is_plain(extend->assignments[i].expr))
            return false;
    return true;
}

Operator *sparql_new_extend(Builder *builder, Operator *input, const Assignment *assignments, size_t count)
{
    static const OperatorType type = {.name = "extend", .next = extend_next, .may_split = extend_may_split};
    Extend *const extend = sparql_new_operator(builder, &type, sizeof *extend, input);
    if (!extend || !(extend->memos = sparql_build_alloc(builder, count, sizeof *extend->memos)))
        return NULL;
    for (size_t i = 0; i < count; i++)
        extend->memos[i] = sparql_memo_of(assignments[i].expr);
    extend->assignments = assignments;
    extend->count = count;
    return &extend->base;
}

/* ---- Distinct ---- */

typedef struct Distinct {
    Operator base;
    const uint32_t *columns;
    size_t count;
    uint32_t *numbers; /* of the rows of a batch */
    RowSet seen;
    IdSet ids; /* instead, when there is one column */
} Distinct;

static void move_row(const Batch *batch, size_t from, size_t to)
{
    if (from != to)
        memcpy(batch_row(batch, to), batch_row(batch, from), batch->width * sizeof *batch->cells);
}

/* Leaves those rows of the batch that are new. */
static bool keep_new_ids(Distinct *distinct, Batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        bool is_new;
        if (!sparql_id_set_put(&distinct->ids, batch_row(batch, i)[distinct->columns[0]], &is_new))
            return false;
        if (is_new)
            move_row(batch, i, kept++);
    }
    batch->count = kept;
    return true;
}

static bool keep_new_rows(Distinct *distinct, Batch *batch)
{
    size_t kept = 0;
    for (size_t at = 0; at < batch->count; at += distinct->base.batch_rows) {
        const size_t left = batch->count - at, seen = distinct->seen.count, before = kept;
        Batch part = *batch;
        part.cells = batch_row(batch, at);
        part.count = left < distinct->base.batch_rows ? left : distinct->base.batch_rows;
        if (!sparql_row_set_put_all(&distinct->seen, &part, distinct->columns, distinct->numbers))
            return false;
        for (size_t i = 0; i < part.count; i++)
            if (distinct->numbers[i] == seen + kept - before) /* new numbers come in order */
                move_row(batch, at + i, kept++);
    }
    batch->count = kept;
    return true;
}

static BaseStatus distinct_next(Operator *op, Batch *out, BaseError *err)
{
    Distinct *const distinct = (Distinct *)op;
    while (out->count == 0) {
        const BaseStatus status = sparql_next(op->input, out, err);
        if (status != BASE_OK)
            return status;
        if (!(distinct->count == 1 ? keep_new_ids(distinct, out) : keep_new_rows(distinct, out)))
            return sparql_no_memory(err);
    }
    return BASE_OK;
}

static void distinct_rewind(Operator *op)
{
    sparql_row_set_clear(&((Distinct *)op)->seen);
    sparql_id_set_clear(&((Distinct *)op)->ids);
}

static void distinct_close(Operator *op)
{
    sparql_row_set_free(&((Distinct *)op)->seen);
    sparql_id_set_free(&((Distinct *)op)->ids);
}

static size_t distinct_bytes(const Operator *op)
{
    const Distinct *const distinct = (const Distinct *)op;
    return sparql_row_set_bytes(&distinct->seen) + sparql_id_set_bytes(&distinct->ids);
}

Operator *sparql_new_distinct(Builder *builder, Operator *input, const uint32_t *columns, size_t count)
{
    static const OperatorType type = {.name = "distinct",
                                      .next = distinct_next,
                                      .rewind = distinct_rewind,
                                      .close = distinct_close,
                                      .bytes = distinct_bytes};
    Distinct *const distinct = sparql_new_operator(builder, &type, sizeof *distinct, input);
    uint32_t *const numbers = sparql_build_alloc(builder, builder->batch_rows, sizeof *numbers);
    if (!distinct || !numbers)
        return NULL;
    distinct->columns = columns;
    distinct->count = count;
    distinct->numbers = numbers;
    distinct->seen.width = count;
    distinct->ids.others.width = 1;
    return &distinct->base;
}

/* ---- Slice ---- */

typedef struct Slice {
    Operator base;
    uint64_t offset, limit, skipped, given;
} Slice;

static BaseStatus slice_next(Operator *op, Batch *out, BaseError *err)
{
    Slice *const slice = (Slice *)op;
    while (slice->given < slice->limit) {
        const BaseStatus status = sparql_next(op->input, out, err);
        if (status != BASE_OK)
            return status;
        const uint64_t left = slice->offset - slice->skipped;
        const size_t skip = left < out->count ? (size_t)left : out->count;
        slice->skipped += skip;
        out->count -= skip;
        if (out->count > slice->limit - slice->given)
            out->count = (size_t)(slice->limit - slice->given);
        memmove(out->cells, batch_row(out, skip), out->count * op->width * sizeof *out->cells);
        slice->given += out->count;
        if (out->count)
            return BASE_OK;
    }
    out->count = 0;
    return BASE_END;
}

static void slice_rewind(Operator *op)
{
    ((Slice *)op)->skipped = ((Slice *)op)->given = 0;
}

Operator *sparql_new_slice(Builder *builder, Operator *input, uint64_t offset, uint64_t limit)
{
    static const OperatorType type = {.name = "slice", .next = slice_next, .rewind = slice_rewind};
    Slice *const slice = sparql_new_operator(builder, &type, sizeof *slice, input);
    if (!slice)
        return NULL;
    slice->offset = offset;
    slice->limit = limit;
    return &slice->base;
}

/* ---- Subquery ---- */

typedef struct Subquery {
    Operator base; /* no input: the inner chain has rows of another width */
    Operator *inner;
    const uint32_t *from, *to;
    size_t count;
    Batch rows;
    size_t at;
} Subquery;

static BaseStatus subquery_next(Operator *op, Batch *out, BaseError *err)
{
    Subquery *const sub = (Subquery *)op;
    while (!batch_is_full(out)) {
        if (sub->at == sub->rows.count) {
            sub->at = 0;
            const BaseStatus status = sparql_next(sub->inner, &sub->rows, err);
            if (status != BASE_OK)
                sub->rows.count = 0;
            if (status == BASE_END)
                break;
            if (status != BASE_OK)
                return status;
        }
        const KgId *const row = batch_row(&sub->rows, sub->at++);
        KgId *const added = batch_row(out, out->count++);
        memset(added, 0, op->width * sizeof *added);
        for (size_t i = 0; i < sub->count; i++)
            added[sub->to[i]] = row[sub->from[i]];
    }
    return out->count ? BASE_OK : BASE_END;
}

static void subquery_rewind(Operator *op)
{
    Subquery *const sub = (Subquery *)op;
    sub->at = sub->rows.count = 0;
    sparql_rewind(sub->inner);
}

static const Operator *subquery_side(const Operator *op, size_t number)
{
    return number == 0 ? ((const Subquery *)op)->inner : NULL;
}

Operator *sparql_new_subquery(Builder *builder, Operator *inner, const uint32_t *from, const uint32_t *to, size_t count)
{
    static const OperatorType type = {
        .name = "subquery", .next = subquery_next, .rewind = subquery_rewind, .side = subquery_side};
    Subquery *const sub = sparql_new_operator(builder, &type, sizeof *sub, NULL);
    if (!sub)
        return NULL;
    sub->inner = inner;
    sub->from = from;
    sub->to = to;
    sub->count = count;
    sub->rows = (Batch){.most = inner->batch_rows, .width = inner->width};
    return &sub->base;
}
