/* A matrix has a row of bits for each value on one side of the pairs. Where the other side can only take some values
 * (those that rules carry along, such as the sources of a reachability), only these have columns. What the height just
 * below added is kept by rows, long ones as bits and short ones as lists; equal rows are found by hashing, so that a
 * product takes each of them once. */
#include "reasoner/matrix.h"

#include "reasoner/relation.h"

#include <stdlib.h>
#include <string.h>

enum {
    SMALL = 1 << 20,   /* bytes that no relation minds */
    WORTHY = 24 << 20, /* bytes at most, for many tuples tried */
    PER_TRIED = 8,     /* bytes for a tuple tried */
    PER_ROW = 6,       /* bytes for a row that is there */
    VALUES_A_WORD = 2  /* of a row so full that it is kept as bits */
};

void reasoner_shape_free(MatrixShape *shape)
{
    free(shape->columns);
    free(shape->values);
    *shape = (MatrixShape){0};
}

/* ---- The bits ------------------------------------------------------------------------------------------------ */

static inline size_t bit_of(const MatrixShape *shape, const uint32_t *pair)
{
    return pair[shape->is_turned] * shape->words * 64 + matrix_column(shape, pair[!shape->is_turned]);
}

static void set_rows(const Matrix *matrix, const Relation *relation, uint64_t *bits, uint32_t from, uint32_t to)
{
    for (uint32_t row = from; row < to; row++) {
        const size_t bit = bit_of(matrix->shape, relation_row(relation, row));
        bits[bit / 64] |= (uint64_t)1 << bit % 64;
    }
}

bool reasoner_matrix_pays(const Relation *relation)
{
    const MatrixShape *const shape = relation->shape;
    const double bytes = (double)shape->row_count * (double)shape->words * sizeof(uint64_t);
    return bytes <= SMALL || (bytes <= WORTHY && bytes <= PER_TRIED * (double)relation->tried) ||
           bytes <= PER_ROW * (double)relation->count;
}

bool reasoner_matrix_new(const Relation *relation, Matrix **out)
{
    *out = NULL;
    for (uint32_t row = 0; row < relation->count; row++)
        if (!matrix_holds(relation->shape, relation_row(relation, row)))
            return true;
    Matrix *const matrix = calloc(1, sizeof *matrix);
    if (!matrix)
        return false;
    matrix->shape = relation->shape;
    matrix->bits = calloc(matrix->shape->row_count * matrix->shape->words + 1, sizeof *matrix->bits);
    if (!matrix->bits) {
        free(matrix);
        return false;
    }
    set_rows(matrix, relation, matrix->bits, 0, relation->count);
    *out = matrix;
    return true;
}

void reasoner_matrix_free(Matrix *matrix)
{
    if (!matrix)
        return;
    free(matrix->bits);
    free(matrix->visible);
    free(matrix->fresh.rows);
    free(matrix->fresh.touched.items);
    free(matrix->fresh.entries);
    free(matrix->fresh.words);
    free(matrix->fresh.columns);
    free(matrix);
}

size_t reasoner_matrix_insert(Matrix *matrix, const uint32_t *pairs, size_t count, uint32_t *to)
{
    uint64_t *const bits = matrix->bits;
    const uint32_t *const begin = to;
    for (size_t i = 0; i < count; i++, pairs += 2) {
        const size_t bit = bit_of(matrix->shape, pairs);
        const uint64_t mask = (uint64_t)1 << bit % 64;
        const bool is_new = !(bits[bit / 64] & mask);
        bits[bit / 64] |= mask;
        to[0] = pairs[0];
        to[1] = pairs[1];
        to += is_new ? 2 : 0;
    }
    return (size_t)(to - begin) / 2;
}

bool reasoner_matrix_has(const Matrix *matrix, const uint32_t *pair, bool is_partial)
{
    if (!matrix_holds(matrix->shape, pair))
        return false;
    const size_t bit = bit_of(matrix->shape, pair);
    return (is_partial ? matrix->visible : matrix->bits)[bit / 64] >> bit % 64 & 1;
}

void reasoner_matrix_hide(Matrix *matrix)
{
    free(matrix->visible);
    matrix->visible = NULL;
    matrix->visible_rows = 0;
}

bool reasoner_matrix_see(Matrix *matrix, const Relation *relation)
{
    const MatrixShape *const shape = matrix->shape;
    if (!matrix->visible)
        matrix->visible = calloc(shape->row_count * shape->words + 1, sizeof *matrix->visible);
    if (!matrix->visible)
        return false;
    set_rows(matrix, relation, matrix->visible, matrix->visible_rows, relation->high);
    matrix->visible_rows = relation->high;
    return true;
}

size_t reasoner_matrix_bytes(const Matrix *matrix)
{
    const size_t words = matrix->shape->row_count * matrix->shape->words;
    return words * (matrix->visible ? 2 : 1) * sizeof *matrix->bits +
           (matrix->fresh.rows ? matrix->shape->row_count * sizeof *matrix->fresh.rows : 0) +
           matrix->fresh.touched.capacity * sizeof *matrix->fresh.touched.items +
           matrix->fresh.entry_capacity * sizeof *matrix->fresh.entries +
           matrix->fresh.word_capacity * sizeof *matrix->fresh.words;
}

/* ---- What is fresh ------------------------------------------------------------------------------------------- */

/* The end of the run of pairs that are in the same row of the matrix. */
static uint32_t run_end(const Relation *relation, uint32_t side, uint32_t row, uint32_t to)
{
    const uint32_t value = relation_row(relation, row)[side];
    for (row++; row < to && relation_row(relation, row)[side] == value; row++)
        ;
    return row;
}

static bool count_fresh(Fresh *fresh, const Relation *relation, uint32_t side)
{
    for (uint32_t row = relation->low, end; row < relation->high; row = end) {
        const uint32_t place = relation_row(relation, row)[side];
        end = run_end(relation, side, row, relation->high);
        if (fresh->rows[place].count == 0 && !BASE_PUSH(&fresh->touched, place))
            return false;
        fresh->rows[place].count += end - row;
    }
    return true;
}

/* Gives each row its place; long rows are all 0. */
static bool place_fresh(Fresh *fresh, size_t row_words)
{
    size_t entries = 0, words = 0;
    for (size_t t = 0; t < fresh->touched.count; t++) {
        FreshRow *const row = &fresh->rows[fresh->touched.items[t]];
        row->is_long = row->count >= row_words / VALUES_A_WORD;
        row->at = row->is_long ? words : entries;
        *(row->is_long ? &words : &entries) += row->is_long ? row_words : row->count;
    }
    if (entries > fresh->entry_capacity) {
        free(fresh->entries);
        fresh->entries = malloc(entries * sizeof *fresh->entries);
        fresh->entry_capacity = fresh->entries ? entries : 0;
    }
    if (words > fresh->word_capacity) {
        free(fresh->words);
        fresh->words = calloc(words, sizeof *fresh->words);
        fresh->word_capacity = fresh->words ? words : 0;
    } else if (words > 0) {
        memset(fresh->words, 0, words * sizeof *fresh->words);
    }
    return entries <= fresh->entry_capacity && words <= fresh->word_capacity;
}

static void fill_fresh(const MatrixShape *shape, Fresh *fresh, const Relation *relation)
{
    const uint32_t side = shape->is_turned;
    for (uint32_t row = relation->low, end; row < relation->high; row = end) {
        FreshRow *const to = &fresh->rows[relation_row(relation, row)[side]];
        end = run_end(relation, side, row, relation->high);
        if (!to->is_long) {
            for (; row < end; row++)
                fresh->entries[to->at++] = matrix_column(shape, relation_row(relation, row)[!side]);
            continue;
        }
        uint64_t *const words = fresh->words + to->at;
        for (; row < end; row++) {
            const uint32_t column = matrix_column(shape, relation_row(relation, row)[!side]);
            words[column / 64] |= (uint64_t)1 << column % 64;
        }
    }
    for (size_t t = 0; t < fresh->touched.count; t++) {
        FreshRow *const row = &fresh->rows[fresh->touched.items[t]];
        row->at -= row->is_long ? 0 : row->count;
    }
}

bool reasoner_matrix_refresh(Matrix *matrix, const Relation *relation)
{
    Fresh *const fresh = &matrix->fresh;
    if (fresh->rows && fresh->low == relation->low && fresh->high == relation->high)
        return true;
    if (!fresh->rows)
        fresh->rows = calloc((size_t)matrix->shape->row_count + 1, sizeof *fresh->rows);
    for (size_t t = 0; t < fresh->touched.count; t++)
        fresh->rows[fresh->touched.items[t]] = (FreshRow){0};
    fresh->touched.count = 0;
    fresh->has_classes = fresh->has_columns = false;
    fresh->low = relation->low;
    fresh->high = relation->high;
    if (!fresh->rows || !count_fresh(fresh, relation, matrix->shape->is_turned) ||
        !place_fresh(fresh, matrix->shape->words))
        return false;
    fill_fresh(matrix->shape, fresh, relation);
    return true;
}

/* ---- Classes ------------------------------------------------------------------------------------------------- */

static uint64_t hash_fresh(const Fresh *fresh, const FreshRow *row, size_t words)
{
    uint64_t hash = row->count;
    if (row->is_long)
        for (size_t w = 0; w < words; w++)
            hash = (hash ^ fresh->words[row->at + w]) * 0x9e3779b97f4a7c15u + (hash >> 29);
    else
        for (uint32_t i = 0; i < row->count; i++)
            hash = (hash ^ fresh->entries[row->at + i]) * 0x9e3779b97f4a7c15u + (hash >> 29);
    return base_mix(hash);
}

static bool same_fresh(const Fresh *fresh, const FreshRow *a, const FreshRow *b, size_t words)
{
    if (a->count != b->count)
        return false;
    return a->is_long ? memcmp(fresh->words + a->at, fresh->words + b->at, words * sizeof *fresh->words) == 0
                      : memcmp(fresh->entries + a->at, fresh->entries + b->at, a->count * sizeof *fresh->entries) == 0;
}

/* Puts the rows in the order of their classes. */
static bool sort_by_class(Fresh *fresh)
{
    uint32_t *const sorted = malloc((fresh->touched.count + 1) * sizeof *sorted);
    size_t *const ends = calloc((size_t)fresh->class_count + 2, sizeof *ends);
    if (sorted && ends) {
        for (size_t t = 0; t < fresh->touched.count; t++)
            ends[fresh->rows[fresh->touched.items[t]].class + 1]++;
        for (uint32_t c = 0; c < fresh->class_count; c++)
            ends[c + 1] += ends[c];
        for (size_t t = 0; t < fresh->touched.count; t++)
            sorted[ends[fresh->rows[fresh->touched.items[t]].class]++] = fresh->touched.items[t];
        memcpy(fresh->touched.items, sorted, fresh->touched.count * sizeof *sorted);
    }
    free(sorted);
    free(ends);
    return sorted && ends;
}

bool reasoner_fresh_classify(Matrix *matrix)
{
    Fresh *const fresh = &matrix->fresh;
    if (fresh->has_classes || fresh->touched.count == 0)
        return true;
    const size_t slot_count = fresh->touched.count * 2 + 1;
    uint32_t *const slots = malloc(slot_count * sizeof *slots); /* a row of each class */
    if (!slots)
        return false;
    memset(slots, 0xff, slot_count * sizeof *slots);
    fresh->class_count = 0;
    for (size_t t = 0; t < fresh->touched.count; t++) {
        FreshRow *const row = &fresh->rows[fresh->touched.items[t]];
        size_t at = hash_fresh(fresh, row, matrix->shape->words) % slot_count;
        while (slots[at] != NO_ROW && !same_fresh(fresh, &fresh->rows[slots[at]], row, matrix->shape->words))
            at = at + 1 == slot_count ? 0 : at + 1;
        if (slots[at] == NO_ROW) {
            slots[at] = fresh->touched.items[t];
            row->class = fresh->class_count++;
        } else {
            row->class = fresh->rows[slots[at]].class;
        }
    }
    free(slots);
    fresh->has_classes = true;
    return sort_by_class(fresh);
}

bool reasoner_fresh_mark_columns(Matrix *matrix)
{
    Fresh *const fresh = &matrix->fresh;
    const MatrixShape *const shape = matrix->shape;
    if (fresh->has_columns)
        return true;
    if (!fresh->columns)
        fresh->columns = malloc((shape->words + 1) * sizeof *fresh->columns);
    if (!fresh->columns)
        return false;
    memset(fresh->columns, 0, shape->words * sizeof *fresh->columns);
    for (size_t t = 0; t < fresh->touched.count; t++) {
        const uint32_t column = matrix_column(shape, fresh->touched.items[t]);
        if (column < shape->column_count)
            fresh->columns[column / 64] |= (uint64_t)1 << column % 64;
    }
    fresh->has_columns = true;
    return true;
}
