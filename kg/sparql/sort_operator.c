/* sort_operator.c - ORDER BY (SPARQL 1.1, section 15.1), by numbers that are in the order of the keys (ranking.h): rows
 * are sorted by the first key, then each run of equal ones by the next, which is thus decoded for few. With a LIMIT
 * only the best rows are kept on the way; a row whose first key is beyond those of all kept is not looked at further.
 */
#include "kg/sparql/operator.h"
#include "kg/sparql/ranking.h"
#include "kg/sparql/value_ids.h"

#include <stdlib.h>

#define LEAST_KEPT 256 /* rows gathered between two prunings */

typedef struct Sort {
    Operator base;
    const AstOrder *order;
    size_t key_count;
    uint64_t most;
    struct {
        KgId *cells; /* then key ids, row by row */
        size_t capacity;
    } rows, spare;
    size_t count, stride;
    struct {
        KgPair *items; /* of a row's key that is looked at and its number: the order */
        size_t capacity;
    } pairs, scratch;
    struct {
        bool *items;
        size_t capacity;
    } starts; /* whether a run of rows with equal keys begins here, in the order */
    Ranking ranking;
    struct {
        bool is_set;
        Value value; /* the first key of the last of the rows kept; its id is 0 if unbound */
        uint64_t number;
        BaseArena texts;
    } limit;
    bool is_sorted;
    size_t at;
} Sort;

static KgId *row_at(const Sort *sort, size_t row)
{
    return sort->rows.cells + row * sort->stride;
}

/* ---- Sorting rows ---- */

/* Sorts the run from `start` to `end` by key k, and marks where its runs begin. */
static BaseStatus sort_run(Sort *sort, size_t k, size_t start, size_t end, BaseError *err)
{
    KgPair *const pairs = sort->pairs.items + start;
    const size_t count = end - start;
    for (size_t i = 0; i < count; i++)
        pairs[i].key = row_at(sort, pairs[i].with)[sort->base.width + k];
    const BaseStatus status = sparql_rank(&sort->base, &sort->ranking, pairs, count, err);
    if (status != BASE_OK)
        return status;
    for (size_t i = 0; sort->order[k].descending && i < count; i++)
        pairs[i].key = ~pairs[i].key;
    sparql_sort_pairs(pairs, sort->scratch.items, count);
    for (size_t i = 1; i < count; i++)
        sort->starts.items[start + i] = pairs[i].key != pairs[i - 1].key;
    return BASE_OK;
}

static size_t run_end(const Sort *sort, size_t start)
{
    size_t end = start + 1;
    while (end < sort->count && !sort->starts.items[end])
        end++;
    return end;
}

/* Puts the order into pairs; of the rows behind the first `most` it may be any. */
static BaseStatus sort_rows(Sort *sort, BaseError *err)
{
    if (!BASE_RESERVE(&sort->pairs, sort->count) || !BASE_RESERVE(&sort->scratch, sort->count) ||
        !BASE_RESERVE(&sort->starts, sort->count))
        return sparql_no_memory(err);
    if (sort->count > LEAST_KEPT) {
        const BaseStatus status = sparql_hold(&sort->base, 0, err);
        if (status != BASE_OK)
            return status;
    }
    for (size_t i = 0; i < sort->count; i++) {
        sort->pairs.items[i].with = i;
        sort->starts.items[i] = i == 0;
    }
    bool is_done = sort->count == 0;
    for (size_t k = 0; k < sort->key_count && !is_done; k++) {
        is_done = true;
        for (size_t start = 0, end; start < sort->count && start < sort->most; start = end) {
            end = run_end(sort, start);
            if (end - start < 2)
                continue;
            is_done = false;
            const BaseStatus status = sort_run(sort, k, start, end, err);
            if (status != BASE_OK)
                return status;
        }
    }
    return BASE_OK;
}

/* ---- The limit ---- */

/* The value stays, so its text goes into an arena of its own. */
static BaseStatus set_limit(Sort *sort, KgId id)
{
    Eval *const eval = &sort->base.run->eval;
    const BaseArena scratch = eval->scratch;
    Value value = {0};
    eval->scratch = (BaseArena){0};
    if (id && !sparql_eval_decode(eval, id, &value))
        value = (Value){0};
    base_arena_free(&sort->limit.texts);
    sort->limit.texts = eval->scratch;
    eval->scratch = scratch;
    sort->limit.value = value;
    sort->limit.value.id = id;
    sort->limit.number = sparql_order_number(id);
    sort->limit.is_set = eval->status == BASE_OK;
    return eval->status;
}

/* Whether a row is behind all rows kept, by how its first key compares with the limit: of equal ones the first stay,
 * unless another key decides. */
static bool is_behind(const Sort *sort, int order)
{
    const int signed_order = sort->order[0].descending ? -order : order;
    return signed_order > 0 || (signed_order == 0 && sort->key_count == 1);
}

static bool is_value_behind(const Sort *sort, const Value *value)
{
    return is_behind(sort, sort->limit.value.id ? sparql_value_order(value, &sort->limit.value) : 1);
}

static bool is_id_behind(Sort *sort, KgId id)
{
    const KgId limit = sort->limit.value.id;
    if (id == limit || id == 0 || limit == 0)
        return is_behind(sort, (id != 0) - (limit != 0));
    if (kg_is_inline(id) && kg_inline_tag(id) == kg_inline_tag(limit)) {
        const uint64_t number = sparql_order_number(id);
        return is_behind(sort, (number > sort->limit.number) - (number < sort->limit.number));
    }
    Eval *const eval = &sort->base.run->eval;
    const BaseArenaMark mark = base_arena_mark(&eval->scratch);
    Value value;
    const bool is_so = sparql_eval_decode(eval, id, &value) && is_value_behind(sort, &value);
    base_arena_rewind(&eval->scratch, mark);
    return is_so;
}

/* Keeps the best rows only, in their order. */
static BaseStatus prune(Sort *sort, BaseError *err)
{
    const BaseStatus status = sort_rows(sort, err);
    if (status != BASE_OK || sort->count <= sort->most)
        return status;
    const size_t kept = (size_t)sort->most, bytes = sort->stride * sizeof(KgId);
    if (!base_reserve((void **)&sort->spare.cells, &sort->spare.capacity, sort->rows.capacity, bytes))
        return sparql_no_memory(err);
    for (size_t i = 0; i < kept; i++)
        memcpy(sort->spare.cells + i * sort->stride, row_at(sort, sort->pairs.items[i].with), bytes);
    KgId *const cells = sort->rows.cells;
    const size_t capacity = sort->rows.capacity;
    sort->rows.cells = sort->spare.cells;
    sort->rows.capacity = sort->spare.capacity;
    sort->spare.cells = cells;
    sort->spare.capacity = capacity;
    sort->count = kept;
    return kept ? set_limit(sort, row_at(sort, kept - 1)[sort->base.width]) : BASE_OK;
}

/* ---- The operator ---- */

/* The id of key k, 0: an error or unbound. True: the row is behind the limit. */
static bool find_key(Sort *sort, size_t k, const KgId *row, KgId *out)
{
    Eval *const eval = &sort->base.run->eval;
    const AstExpr *const expr = sort->order[k].expr;
    const bool has_limit = k == 0 && sort->limit.is_set;
    *out = 0;
    if (expr->op == EXPR_VARIABLE) {
        *out = row[expr->node.variable];
        return has_limit && is_id_behind(sort, *out);
    }
    const BaseArenaMark mark = base_arena_mark(&eval->scratch);
    Value value;
    bool is_beyond = false;
    if (!sparql_eval(eval, expr, row, &value))
        is_beyond = has_limit && is_id_behind(sort, 0);
    else if (has_limit && is_value_behind(sort, &value))
        is_beyond = true;
    else
        sparql_eval_intern(eval, &value, out);
    base_arena_rewind(&eval->scratch, mark);
    return is_beyond;
}

static BaseStatus keep_row(Sort *sort, const KgId *row, BaseError *err)
{
    const size_t width = sort->base.width;
    KgId first;
    if (find_key(sort, 0, row, &first))
        return sparql_eval_status(sort->base.run);
    if (!base_reserve((void **)&sort->rows.cells, &sort->rows.capacity, sort->count + 1, sort->stride * sizeof(KgId)))
        return sparql_no_memory(err);
    KgId *const kept = row_at(sort, sort->count++);
    if (width)
        memcpy(kept, row, width * sizeof *row);
    kept[width] = first;
    for (size_t k = 1; k < sort->key_count; k++)
        find_key(sort, k, row, &kept[width + k]);
    return sparql_eval_status(sort->base.run);
}

static BaseStatus read_rows(Sort *sort, Batch *buffer, BaseError *err)
{
    const uint64_t full = sort->most > UINT64_MAX / 4 ? UINT64_MAX : 2 * sort->most + LEAST_KEPT;
    BaseStatus status = BASE_OK;
    while (status == BASE_OK) {
        status = sparql_next(sort->base.input, buffer, err);
        for (size_t i = 0; i < buffer->count && status == BASE_OK; i++) {
            status = keep_row(sort, batch_row(buffer, i), err);
            if (status == BASE_OK && sort->count >= full)
                status = prune(sort, err);
        }
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
    while (sort->at < sort->count && sort->at < sort->most && !batch_is_full(out))
        batch_add(out, row_at(sort, sort->pairs.items[sort->at++].with));
    return out->count ? BASE_OK : BASE_END;
}

static void sort_rewind(Operator *op)
{
    Sort *const sort = (Sort *)op;
    sort->count = sort->at = 0;
    sort->is_sorted = false;
    sort->limit.is_set = false;
}

static void sort_close(Operator *op)
{
    Sort *const sort = (Sort *)op;
    free(sort->rows.cells);
    free(sort->spare.cells);
    free(sort->pairs.items);
    free(sort->scratch.items);
    free(sort->starts.items);
    sparql_ranking_free(&sort->ranking);
    base_arena_free(&sort->limit.texts);
}

static size_t sort_bytes(const Operator *op)
{
    const Sort *const sort = (const Sort *)op;
    return (sort->rows.capacity + sort->spare.capacity) * sort->stride * sizeof(KgId) +
           (sort->pairs.capacity + sort->scratch.capacity) * sizeof(KgPair) + sort->starts.capacity +
           sparql_ranking_bytes(&sort->ranking);
}

Operator *sparql_new_sort(Builder *builder, Operator *input, const AstOrder *order, size_t count, uint64_t most)
{
    static const OperatorType type = {
        .name = "sort", .next = sort_next, .rewind = sort_rewind, .close = sort_close, .bytes = sort_bytes};
    Sort *const sort = sparql_new_operator(builder, &type, sizeof *sort, input);
    if (!sort)
        return NULL;
    sort->order = order;
    sort->key_count = count;
    sort->most = most;
    sort->stride = builder->width + count;
    return &sort->base;
}
