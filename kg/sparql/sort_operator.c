/* sort_operator.c - ORDER BY (SPARQL 1.1, section 15.1). Keys are ids; their distinct terms are decoded and ranked
 * once, rows are then sorted by ranks. With a LIMIT only the best rows are kept on the way. */
#include "kg/sparql/operator.h"

#include <stdlib.h>

#define LEAST_KEPT 4096 /* rows gathered between two prunings */

typedef struct Sort {
    Operator base;
    const AstOrder *order;
    size_t key_count;
    uint64_t most;
    KgId *rows; /* cells, then key ids, row by row */
    size_t count, capacity, stride;
    bool is_sorted;
    size_t at;
} Sort;

/* ---- Ranking ---- */

typedef struct Ranking {
    RowSet ids; /* of distinct keys */
    Value *values;
    uint32_t *order, *ranks; /* ranks from 1: unbound is 0 */
} Ranking;

static int compare_ranked(const void *a, const void *b, void *context)
{
    const Ranking *const ranking = context;
    return sparql_value_order(&ranking->values[*(const uint32_t *)a], &ranking->values[*(const uint32_t *)b]);
}

static BaseStatus collect_ids(Sort *sort, Ranking *ranking, BaseError *err)
{
    const size_t width = sort->base.width;
    ranking->ids.width = 1;
    for (size_t row = 0; row < sort->count; row++)
        for (size_t k = 0; k < sort->key_count; k++) {
            const KgId *const id = &sort->rows[row * sort->stride + width + k];
            bool is_new;
            if (*id && sparql_row_set_put(&ranking->ids, id, &is_new) == NO_ROW)
                return sparql_no_memory(err);
        }
    return BASE_OK;
}

static BaseStatus rank(Sort *sort, Ranking *ranking, BaseError *err)
{
    BaseStatus status = collect_ids(sort, ranking, err);
    const size_t count = ranking->ids.count;
    if (status != BASE_OK || count == 0)
        return status;
    ranking->values = malloc(count * sizeof *ranking->values);
    ranking->order = malloc(count * sizeof *ranking->order);
    ranking->ranks = malloc(count * sizeof *ranking->ranks);
    if (!ranking->values || !ranking->order || !ranking->ranks)
        return sparql_no_memory(err);
    Eval *const eval = &sort->base.run->eval;
    for (size_t i = 0; i < count; i++) {
        ranking->order[i] = (uint32_t)i;
        if (!sparql_eval_decode(eval, ranking->ids.cells[i], &ranking->values[i]))
            return eval->status;
    }
    qsort_r(ranking->order, count, sizeof *ranking->order, compare_ranked, ranking);
    uint32_t place = 0;
    for (size_t i = 0; i < count; i++) {
        place += i == 0 || compare_ranked(&ranking->order[i - 1], &ranking->order[i], ranking) != 0;
        ranking->ranks[ranking->order[i]] = place;
    }
    return BASE_OK;
}

static void free_ranking(Ranking *ranking)
{
    sparql_row_set_free(&ranking->ids);
    free(ranking->values);
    free(ranking->order);
    free(ranking->ranks);
}

/* ---- Sorting rows ---- */

typedef struct RowOrder {
    const Sort *sort;
    const uint32_t *ranks; /* row by row, key by key */
} RowOrder;

static int compare_rows(const void *a, const void *b, void *context)
{
    const RowOrder *const order = context;
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const size_t keys = order->sort->key_count;
    for (size_t k = 0; k < keys; k++) {
        const uint32_t p = order->ranks[x * keys + k], q = order->ranks[y * keys + k];
        if (p != q)
            return (p < q) == order->sort->order[k].descending ? 1 : -1;
    }
    return x < y ? -1 : x > y; /* as they came */
}

/* Puts the rows in the order of `numbers`, the first `kept` of them. */
static bool reorder(Sort *sort, const uint32_t *numbers, size_t kept)
{
    KgId *const rows = malloc((kept ? kept : 1) * sort->stride * sizeof *rows);
    if (!rows)
        return false;
    for (size_t i = 0; i < kept; i++)
        memcpy(rows + i * sort->stride, sort->rows + numbers[i] * sort->stride, sort->stride * sizeof *rows);
    free(sort->rows);
    sort->rows = rows;
    sort->count = kept;
    sort->capacity = kept ? kept : 1;
    return true;
}

static BaseStatus sort_rows(Sort *sort, BaseError *err)
{
    Ranking ranking = {0};
    const size_t keys = sort->key_count;
    BaseArena *const texts = &sort->base.run->eval.scratch; /* of the values that are ranked */
    const BaseArenaMark mark = base_arena_mark(texts);
    uint32_t *const ranks = malloc((sort->count * keys + 1) * sizeof *ranks);
    uint32_t *const numbers = malloc((sort->count + 1) * sizeof *numbers);
    BaseStatus status = ranks && numbers ? rank(sort, &ranking, err) : sparql_no_memory(err);
    if (status != BASE_OK)
        goto done;
    for (size_t row = 0; row < sort->count; row++) {
        numbers[row] = (uint32_t)row;
        for (size_t k = 0; k < keys; k++) {
            const KgId *const id = &sort->rows[row * sort->stride + sort->base.width + k];
            ranks[row * keys + k] = *id ? ranking.ranks[sparql_row_set_find(&ranking.ids, id)] : 0;
        }
    }
    RowOrder order = {sort, ranks};
    qsort_r(numbers, sort->count, sizeof *numbers, compare_rows, &order);
    if (!reorder(sort, numbers, sort->count < sort->most ? sort->count : (size_t)sort->most))
        status = sparql_no_memory(err);
done:
    free_ranking(&ranking);
    base_arena_rewind(texts, mark);
    free(ranks);
    free(numbers);
    return status;
}

/* ---- The operator ---- */

static BaseStatus keep_row(Sort *sort, const KgId *row, BaseError *err)
{
    Eval *const eval = &sort->base.run->eval;
    if (!base_reserve((void **)&sort->rows, &sort->capacity, sort->count + 1, sort->stride * sizeof(KgId)) ||
        sort->count >= UINT32_MAX - 1)
        return sparql_no_memory(err);
    KgId *const kept = sort->rows + sort->count++ * sort->stride;
    memcpy(kept, row, sort->base.width * sizeof *row);
    for (size_t k = 0; k < sort->key_count; k++) {
        const BaseArenaMark mark = base_arena_mark(&eval->scratch);
        KgId *const id = &kept[sort->base.width + k];
        const AstExpr *const expr = sort->order[k].expr;
        Value value;
        *id = 0;
        if (expr->op == EXPR_VARIABLE)
            *id = row[expr->node.variable];
        else if (sparql_eval(eval, expr, row, &value))
            sparql_eval_intern(eval, &value, id);
        base_arena_rewind(&eval->scratch, mark);
    }
    return eval->status;
}

static BaseStatus read_rows(Sort *sort, Batch *buffer, BaseError *err)
{
    const uint64_t full = sort->most > UINT64_MAX / 4 ? UINT64_MAX : 2 * sort->most + LEAST_KEPT;
    BaseStatus status = BASE_OK;
    while (status == BASE_OK) {
        status = sparql_next(sort->base.input, buffer, err);
        for (size_t i = 0; i < buffer->count && status == BASE_OK; i++)
            status = keep_row(sort, batch_row(buffer, i), err);
        if (status == BASE_OK && sort->count >= full)
            status = sort_rows(sort, err);
    }
    buffer->count = 0;
    return status == BASE_END ? sort_rows(sort, err) : status;
}

static BaseStatus sort_next(Operator *op, Batch *out, BaseError *err)
{
    Sort *const sort = (Sort *)op;
    if (!sort->is_sorted) {
        const BaseStatus status = read_rows(sort, out, err);
        if (status != BASE_OK)
            return status;
        sort->is_sorted = true;
    }
    while (sort->at < sort->count && !batch_is_full(out))
        batch_add(out, sort->rows + sort->at++ * sort->stride);
    return out->count ? BASE_OK : BASE_END;
}

static void sort_rewind(Operator *op)
{
    Sort *const sort = (Sort *)op;
    sort->count = sort->at = 0;
    sort->is_sorted = false;
}

static void sort_close(Operator *op)
{
    free(((Sort *)op)->rows);
}

Operator *sparql_new_sort(Builder *builder, Operator *input, const AstOrder *order, size_t count, uint64_t most)
{
    static const OperatorType type = {.name = "sort", .next = sort_next, .rewind = sort_rewind, .close = sort_close};
    Sort *const sort = sparql_new_operator(builder, &type, sizeof *sort, input);
    if (!sort)
        return NULL;
    sort->order = order;
    sort->key_count = count;
    sort->most = most;
    sort->stride = builder->width + count;
    return &sort->base;
}
