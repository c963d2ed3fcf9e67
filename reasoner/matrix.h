/* matrix.h - pairs as a matrix of bits, whole rows of which are joined at once. Private to the room. */
#ifndef KGQ_REASONER_MATRIX_H
#define KGQ_REASONER_MATRIX_H

#include "base/base.h"

struct Relation;

/* What all matrices of a stratum share. Columns stand only for the values that can come there. */
typedef struct MatrixShape {
    bool is_turned;     /* rows are the second values, columns the first ones */
    uint32_t row_count; /* values of rows are below it */
    uint32_t column_count;
    size_t words;      /* of 64 bits, a row */
    uint32_t *columns; /* by value below row_count: its column, or UINT32_MAX; NULL: the value itself */
    uint32_t *values;  /* by column; NULL: the column itself */
} MatrixShape;

/* What one height added to a row: `count` columns, in `entries` from `at`, or (is_long) bits in `words` from `at`. Rows
 * of one class hold the same. */
typedef struct FreshRow {
    uint32_t count, class;
    bool is_long;
    size_t at;
} FreshRow;

typedef struct Fresh {
    uint32_t low, high; /* rows of the relation it holds */
    bool has_classes, has_columns;
    FreshRow *rows; /* by row of the matrix */
    struct {
        uint32_t *items;
        size_t count, capacity;
    } touched; /* rows that hold anything, by class where there are classes */
    uint32_t *entries;
    uint64_t *words;
    size_t entry_capacity, word_capacity;
    uint32_t class_count;
    uint64_t *columns; /* a bit for each column: whether the row of its value holds anything */
} Fresh;

typedef struct Matrix {
    const MatrixShape *shape;
    uint64_t *bits;
    uint64_t *visible; /* of the relation's rows below visible_rows; NULL: not asked for yet */
    uint32_t visible_rows;
    Fresh fresh;
} Matrix;

static inline uint32_t matrix_column(const MatrixShape *shape, uint32_t value)
{
    return shape->columns ? shape->columns[value] : value;
}
static inline uint32_t matrix_value(const MatrixShape *shape, uint32_t column)
{
    return shape->values ? shape->values[column] : column;
}
static inline bool matrix_holds(const MatrixShape *shape, const uint32_t *pair)
{
    return pair[0] < shape->row_count && pair[1] < shape->row_count &&
           matrix_column(shape, pair[!shape->is_turned]) < shape->column_count;
}

void reasoner_shape_free(MatrixShape *shape);

/* Whether the relation, which has a shape, is worth the memory of a matrix. */
bool reasoner_matrix_pays(const struct Relation *relation);
/* All rows of the relation. *out is NULL where they do not fit the shape. false: no memory. */
bool reasoner_matrix_new(const struct Relation *relation, Matrix **out);
void reasoner_matrix_free(Matrix *matrix);
/* Writes to `to` those of `count` pairs, all of which the shape holds, that are new, and returns how many; they go in.
 */
size_t reasoner_matrix_insert(Matrix *matrix, const uint32_t *pairs, size_t count, uint32_t *to);
bool reasoner_matrix_has(const Matrix *matrix, const uint32_t *pair, bool is_partial);
/* Brings `visible` up to the relation's rows below `high`. false: no memory; so below. */
bool reasoner_matrix_see(Matrix *matrix, const struct Relation *relation);
void reasoner_matrix_hide(Matrix *matrix);
/* Brings `fresh` to the rows from `low` below `high`. */
bool reasoner_matrix_refresh(Matrix *matrix, const struct Relation *relation);
/* Afterwards `fresh` has classes; has columns. */
bool reasoner_fresh_classify(Matrix *matrix);
bool reasoner_fresh_mark_columns(Matrix *matrix);
size_t reasoner_matrix_bytes(const Matrix *matrix);

#endif
