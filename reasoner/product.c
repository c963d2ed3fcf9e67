/* Products of matrices of bits, a row at a time. What goes to one row of the head is gathered in an accumulator and
 * compared with the row once; short fresh rows go in value by value. Where many rows of a factor hold the same news,
 * one of them stands for all: late rounds of a closure are mostly of this kind. */
#include "reasoner/joining.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

enum {
    WORDS = 8,                 /* looked at together */
    WORDS_PER_CHECK = 1 << 24, /* between two looks at the job */
    PER_FRESH = 4,             /* steps that a fresh row costs the nested loops */
    PER_TOUCHED = 8            /* and those of putting it by rows, if all are touched */
};

typedef struct Work {
    Join *join;
    const Product *product;
    const MatrixShape *shape;
    Relation *head;
    const Matrix *last, *middle; /* middle: NULL where there is none */
    bool takes_fresh;            /* of last, what is new only */
    uint32_t known;              /* the row of the head that is gathered */
    uint64_t *gathered;
    uint64_t *targets; /* SPREAD: rows of the head, as columns of middle */
    uint32_t *seen;    /* by class of what is fresh in last: the turn in which it was taken; NULL: there are none */
    uint32_t turn;
    uint64_t work, next_check; /* words looked at */
    void (*or_words)(uint64_t *to, const uint64_t *from, size_t count);
    size_t (*find_news)(const uint64_t *row, const uint64_t *words, size_t at, size_t count);
    BaseStatus status;
} Work;

/* ---- Words --------------------------------------------------------------------------------------------------- */

static inline void or_loop(uint64_t *to, const uint64_t *from, size_t count)
{
    for (size_t w = 0; w < count; w++)
        to[w] |= from[w];
}

/* The first block that has bits which the row has not; `count`: there is none. */
static inline size_t find_loop(const uint64_t *row, const uint64_t *words, size_t at, size_t count)
{
    for (; at + WORDS <= count; at += WORDS) {
        uint64_t any = 0;
        for (size_t w = at; w < at + WORDS; w++)
            any |= words[w] & ~row[w];
        if (any)
            return at;
    }
    for (size_t w = at; w < count; w++)
        if (words[w] & ~row[w])
            return at;
    return count;
}

static void or_anywhere(uint64_t *to, const uint64_t *from, size_t count)
{
    or_loop(to, from, count);
}

static size_t find_anywhere(const uint64_t *row, const uint64_t *words, size_t at, size_t count)
{
    return find_loop(row, words, at, count);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void or_avx2(uint64_t *to, const uint64_t *from, size_t count)
{
    or_loop(to, from, count);
}
__attribute__((target("avx2"))) static size_t find_avx2(const uint64_t *row, const uint64_t *words, size_t at,
                                                        size_t count)
{
    return find_loop(row, words, at, count);
}
#define HAS_AVX2() __builtin_cpu_supports("avx2")
#else
#define or_avx2 or_anywhere
#define find_avx2 find_anywhere
#define HAS_AVX2() false
#endif

/* ---- The head ------------------------------------------------------------------------------------------------ */

static bool has_room(Work *work, size_t count)
{
    if (reasoner_relation_reserve(work->head, count))
        return true;
    work->status = BASE_NO_MEMORY;
    return false;
}

static bool go_on(Work *work, size_t words)
{
    work->work += words;
    if (work->work < work->next_check)
        return true;
    work->next_check = work->work + WORDS_PER_CHECK;
    if (!work->join->is_stopped(work->join->context, work->join->facts))
        return true;
    work->status = BASE_CANCELLED;
    return false;
}

static uint32_t *write_bits(const Work *work, uint32_t *to, uint32_t known, uint32_t base, uint64_t bits)
{
    const uint32_t *const values = work->shape->values;
    const uint32_t row = work->shape->is_turned, column = !row;
    for (; bits; bits &= bits - 1, to += 2) {
        const uint32_t at = base + (uint32_t)__builtin_ctzll(bits);
        to[row] = known;
        to[column] = values ? values[at] : at;
    }
    return to;
}

/* head[known] |= words */
static bool add_words(Work *work, uint32_t known, const uint64_t *words)
{
    Relation *const head = work->head;
    const size_t count = work->shape->words;
    uint64_t *const row = head->members.matrix->bits + known * count;
    size_t at = work->find_news(row, words, 0, count);
    if (at == count)
        return go_on(work, count);
    if (!has_room(work, work->shape->column_count))
        return false;
    uint32_t *to = head->values + (size_t)head->count * 2;
    for (; at < count; at = work->find_news(row, words, at, count)) {
        const size_t end = count - at < WORDS ? count : at + WORDS;
        for (; at < end; at++) {
            to = write_bits(work, to, known, (uint32_t)at * 64, words[at] & ~row[at]);
            row[at] |= words[at];
        }
    }
    head->count = (uint32_t)((size_t)(to - head->values) / 2);
    return go_on(work, count);
}

static bool add_list(Work *work, uint32_t known, const uint32_t *columns, uint32_t count)
{
    Relation *const head = work->head;
    const MatrixShape *const shape = work->shape;
    uint64_t *const row = head->members.matrix->bits + known * shape->words;
    if (!has_room(work, count))
        return false;
    uint32_t *to = head->values + (size_t)head->count * 2;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t at = columns[i];
        const uint64_t word = row[at / 64], bit = (uint64_t)1 << at % 64;
        row[at / 64] = word | bit;
        to[shape->is_turned] = known;
        to[!shape->is_turned] = matrix_value(shape, at);
        to += word & bit ? 0 : 2;
    }
    head->count = (uint32_t)((size_t)(to - head->values) / 2);
    return go_on(work, count);
}

/* ---- Gathering ----------------------------------------------------------------------------------------------- */

static bool end_row(Work *work)
{
    if (work->known == NOBODY)
        return true;
    const bool is_fine = add_words(work, work->known, work->gathered);
    memset(work->gathered, 0, work->shape->words * sizeof *work->gathered);
    work->known = NOBODY;
    return is_fine;
}

static bool gather(Work *work, uint32_t k, const uint64_t *words)
{
    if (work->known != k && !end_row(work))
        return false;
    work->known = k;
    work->or_words(work->gathered, words, work->shape->words);
    work->join->rows++;
    return go_on(work, work->shape->words);
}

static const uint64_t *visible_row(const Work *work, const Matrix *matrix, uint32_t row)
{
    return matrix->visible + row * work->shape->words;
}

/* head[k] |= last[q] */
static bool add_row(Work *work, uint32_t k, uint32_t q)
{
    if (!work->takes_fresh)
        return gather(work, k, visible_row(work, work->last, q));
    const Fresh *const fresh = &work->last->fresh;
    const FreshRow *const row = &fresh->rows[q];
    if (row->count == 0)
        return true;
    if (row->is_long)
        return gather(work, k, fresh->words + row->at);
    work->join->rows++;
    return add_list(work, k, fresh->entries + row->at, row->count);
}

/* A new row of the head begins, which has taken no class yet. */
static void begin_turn(Work *work)
{
    if (++work->turn == 0 && work->seen) {
        memset(work->seen, 0, work->last->fresh.class_count * sizeof *work->seen);
        work->turn = 1;
    }
}

static inline bool is_taken(Work *work, uint32_t row)
{
    uint32_t *const seen = &work->seen[work->last->fresh.rows[row].class];
    const bool is_taken_before = *seen == work->turn;
    *seen = work->turn;
    return is_taken_before;
}

/* head[k] |= last[r] for each r in middle[m] that has news. */
static bool through_visible(Work *work, uint32_t k, uint32_t m)
{
    const uint64_t *const row = visible_row(work, work->middle, m);
    const uint64_t *const mask = work->last->fresh.columns;
    for (size_t w = 0; w < work->shape->words; w++)
        for (uint64_t bits = row[w] & mask[w]; bits; bits &= bits - 1) {
            const uint32_t r = matrix_value(work->shape, (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(bits));
            if (!is_taken(work, r) && !add_row(work, k, r))
                return false;
        }
    return go_on(work, work->shape->words);
}

typedef bool (*TakeRow)(Work *work, uint32_t k, uint32_t r);

static bool each_column(Work *work, const uint64_t *words, uint32_t k, TakeRow take)
{
    for (size_t w = 0; w < work->shape->words; w++)
        for (uint64_t bits = words[w]; bits; bits &= bits - 1)
            if (!take(work, k, matrix_value(work->shape, (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(bits))))
                return false;
    return go_on(work, work->shape->words);
}

static bool each_fresh_column(Work *work, const Fresh *fresh, uint32_t row, uint32_t k, TakeRow take)
{
    const FreshRow *const news_of_row = &fresh->rows[row];
    if (news_of_row->count > 0 && news_of_row->is_long)
        return each_column(work, fresh->words + news_of_row->at, k, take);
    for (uint32_t i = 0; i < news_of_row->count; i++)
        if (!take(work, k, matrix_value(work->shape, fresh->entries[news_of_row->at + i])))
            return false;
    return true;
}

/* ---- Pairs --------------------------------------------------------------------------------------------------- */

static bool add_back(Work *work, uint32_t q, uint32_t r)
{
    return add_row(work, r, q);
}

/* What one pair of (k, q) gives, where it is not the news of `last` that a spread takes. */
static bool take_pair(Work *work, uint32_t k, uint32_t q)
{
    const Product *const product = work->product;
    switch (product->kind) {
    case PRODUCT_OVER:
        return add_row(work, k, q);
    case PRODUCT_THROUGH:
        if (product->middle.span == SPAN_DELTA)
            return each_fresh_column(work, &work->middle->fresh, q, k, add_row);
        return work->takes_fresh ? through_visible(work, k, q)
                                 : each_column(work, visible_row(work, work->middle, q), k, add_row);
    case PRODUCT_SPREAD:
        return product->middle.span == SPAN_DELTA ? each_fresh_column(work, &work->middle->fresh, k, q, add_back)
                                                  : each_column(work, visible_row(work, work->middle, k), q, add_back);
    default:
        return true;
    }
}

static bool each_pair_of(Work *work, uint32_t k)
{
    const Factor *const pairs = &work->product->pairs;
    const RelationIndex *const index = work->product->index;
    if (k >= index->bucket_count)
        return true;
    for (uint32_t i = index->starts[k]; i < index->starts[k + 1]; i++)
        if (!take_pair(work, k, index->entries[i]))
            return false;
    for (uint32_t row = index->newest ? index->newest[k] : NO_ROW; row != NO_ROW; row = index->older[row - index->base])
        if (!take_pair(work, k, relation_row(pairs->relation, row)[index->other]))
            return false;
    return true;
}

/* Each k in turn with all its q, or the rows as they come. */
static bool each_pair(Work *work)
{
    const Product *const product = work->product;
    const Relation *const relation = product->pairs.relation;
    if (relation && !product->index) {
        const uint32_t from = product->pairs.span == SPAN_DELTA ? relation->low : 0, to = relation->high;
        for (uint32_t row = from; row < to; row++) {
            const uint32_t *const pair = relation_row(relation, row);
            const uint32_t k = pair[product->key], q = pair[1 - product->key];
            begin_turn(work);
            if (!take_pair(work, k, q))
                return false;
        }
        return true;
    }
    for (uint32_t k = 0; k < work->shape->row_count; k++) {
        begin_turn(work);
        if (relation ? !each_pair_of(work, k) : !take_pair(work, k, k))
            return false;
    }
    return true;
}

/* ---- Spreading news ------------------------------------------------------------------------------------------ */

static void add_targets(Work *work, uint32_t k)
{
    work->or_words(work->targets, visible_row(work, work->middle, k), work->shape->words);
}

/* The rows of middle that the pairs of q lead to. */
static void find_targets(Work *work, uint32_t q)
{
    const RelationIndex *const index = work->product->index;
    if (!work->product->pairs.relation) {
        add_targets(work, q);
        return;
    }
    if (q >= index->bucket_count)
        return;
    for (uint32_t i = index->starts[q]; i < index->starts[q + 1]; i++)
        add_targets(work, index->entries[i]);
    for (uint32_t row = index->newest ? index->newest[q] : NO_ROW; row != NO_ROW; row = index->older[row - index->base])
        add_targets(work, relation_row(work->product->pairs.relation, row)[index->other]);
}

static bool spread_row(Work *work, uint32_t q, uint32_t r)
{
    const Fresh *const fresh = &work->last->fresh;
    const FreshRow *const row = &fresh->rows[q];
    work->join->rows++;
    return row->is_long ? add_words(work, r, fresh->words + row->at)
                        : add_list(work, r, fresh->entries + row->at, row->count);
}

/* Class by class: all rows that any row of the class goes to take it. */
static bool spread_news(Work *work)
{
    const Fresh *const fresh = &work->last->fresh;
    for (size_t t = 0; t < fresh->touched.count; t++) {
        const uint32_t q = fresh->touched.items[t];
        const bool is_last =
            t + 1 == fresh->touched.count || fresh->rows[fresh->touched.items[t + 1]].class != fresh->rows[q].class;
        find_targets(work, q);
        if (!is_last)
            continue;
        if (!each_column(work, work->targets, q, spread_row))
            return false;
        memset(work->targets, 0, work->shape->words * sizeof *work->targets);
    }
    return true;
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

static bool open_work(Work *work, BaseArena *arena)
{
    const size_t words = work->shape->words;
    work->gathered = base_arena_alloc(arena, words, sizeof *work->gathered);
    work->targets = base_arena_alloc(arena, words, sizeof *work->targets);
    if (work->last->fresh.has_classes)
        work->seen = base_arena_alloc(arena, work->last->fresh.class_count + 1u, sizeof *work->seen);
    return work->gathered && work->targets && (work->seen || !work->last->fresh.has_classes);
}

BaseStatus reasoner_multiply(Join *join, BaseArena *arena)
{
    const Product *const product = &join->plan->product;
    Relation *const head = product->head;
    Work work = {.join = join,
                 .product = product,
                 .shape = head->members.matrix->shape,
                 .head = head,
                 .last = product->last.relation->members.matrix,
                 .middle = product->middle.relation ? product->middle.relation->members.matrix : NULL,
                 .takes_fresh = product->last.span == SPAN_DELTA,
                 .known = NOBODY,
                 .next_check = WORDS_PER_CHECK,
                 .or_words = HAS_AVX2() ? or_avx2 : or_anywhere,
                 .find_news = HAS_AVX2() ? find_avx2 : find_anywhere};
    const uint32_t before = head->count;
    if (!open_work(&work, arena))
        return BASE_NO_MEMORY;
    if (product->kind == PRODUCT_SPREAD && work.takes_fresh ? spread_news(&work) : each_pair(&work))
        end_row(&work);
    head->members.covered = head->count;
    if (head->count > before && !reasoner_relation_reserve(head, 0))
        return BASE_NO_MEMORY;
    reasoner_relation_note(head, before, join->height, join->rule);
    join->facts += head->count - before;
    join->matches += head->count - before;
    return work.status;
}

/* ---- Beforehand ---------------------------------------------------------------------------------------------- */

static bool needs_index(const Product *product)
{
    return product->pairs.relation && product->pairs.span != SPAN_DELTA;
}

static const Factor *delta_of(const Product *product)
{
    return product->last.span == SPAN_DELTA                                 ? &product->last
           : product->middle.relation && product->middle.span == SPAN_DELTA ? &product->middle
                                                                            : &product->pairs;
}

/* Steps of the loops over pairs, beside what they have to do with each row of the delta. */
static double cost_of(const Product *product, const MatrixShape *shape)
{
    const Factor *const delta = delta_of(product);
    const double pairs = !product->pairs.relation ? shape->row_count : product->pairs.relation->high;
    if (delta == &product->pairs)
        return 0;
    if (product->kind == PRODUCT_THROUGH && delta == &product->last)
        return pairs * (1 + (double)shape->words / 16);
    if (product->kind == PRODUCT_SPREAD)
        return 0;
    const uint32_t *const distinct = delta->relation->distinct;
    return pairs + PER_TOUCHED * (distinct ? distinct[shape->is_turned] : shape->row_count);
}

/* The matrix of the factor holds what its span asks for. */
static bool prepare_factor(const Factor *factor)
{
    if (!factor->relation)
        return true;
    Matrix *const matrix = factor->relation->members.matrix;
    return factor->span == SPAN_DELTA ? reasoner_matrix_refresh(matrix, factor->relation)
                                      : reasoner_relation_cover(factor->relation, true);
}

/* The index over the pairs by the side that the loop begins with. */
static bool prepare_pairs(Product *product)
{
    const bool is_by_last = product->kind == PRODUCT_SPREAD && product->last.span == SPAN_DELTA;
    const uint32_t key = is_by_last ? 1 - product->key : product->key;
    product->index = NULL;
    if (!needs_index(product))
        return true;
    product->index = reasoner_relation_index(product->pairs.relation, (uint64_t)1 << key, false);
    return product->index != NULL;
}

/* Whether all matrices of the product are made; *is_fine: memory did. */
static bool are_ready(const Product *product, Relation *head, bool *is_fine)
{
    Relation *const relations[] = {head, product->last.relation, product->middle.relation};
    for (int r = 0; r < 3; r++) {
        if (!relations[r])
            continue;
        *is_fine = reasoner_relation_weigh_bits(relations[r]);
        if (!*is_fine || relations[r]->members.kind != MEMBERS_MATRIX)
            return false;
    }
    for (int r = 0; r < 3; r++) {
        *is_fine = !relations[r] || reasoner_relation_cover(relations[r], false);
        if (!*is_fine || (relations[r] && relations[r]->members.kind != MEMBERS_MATRIX))
            return false;
    }
    return true;
}

static bool takes_classes(const Product *product)
{
    return product->kind != PRODUCT_OVER && product->last.span == SPAN_DELTA;
}

bool reasoner_product_prepare(Product *product, double others, bool *is_used)
{
    *is_used = false;
    if (product->kind == PRODUCT_NONE)
        return true;
    Relation *const head = product->head;
    bool is_fine = true;
    if (!are_ready(product, head, &is_fine))
        return is_fine;
    const Factor *const delta = delta_of(product);
    const double rows = delta->relation->high - delta->relation->low;
    if (cost_of(product, head->members.matrix->shape) > PER_FRESH * rows + others)
        return true;
    if (!prepare_pairs(product))
        return false;
    if (product->index && !product->index->holds_values)
        product->index = NULL;
    if (product->kind == PRODUCT_SPREAD && takes_classes(product) && product->pairs.relation && !product->index)
        return true;
    if (!prepare_factor(&product->last) || !prepare_factor(&product->middle))
        return false;
    Matrix *const last = product->last.relation->members.matrix;
    if (takes_classes(product) && !(reasoner_fresh_classify(last) && reasoner_fresh_mark_columns(last)))
        return false;
    *is_used = true;
    return true;
}
