/* relation.h - a set of tuples of 32-bit values, kept in the order of their heights, with indexes by column. Private to
 * the room. */
#ifndef KGQ_REASONER_RELATION_H
#define KGQ_REASONER_RELATION_H

#include "reasoner/matrix.h"
#include "reasoner/row_sets.h"

#define NO_ROW UINT32_MAX

/* A stretch of rows that one rule gave in one round; it begins where the one before ends. */
typedef struct Segment {
    uint32_t end, height, rule;
} Segment;

/* Which tuples are there: a bit per possible tuple where that is small (a matrix where rules multiply whole rows), else
 * for pairs a set of second values by the first one, else, and where rounds ask for less than all, a hash table of row
 * numbers. */
typedef enum MemberKind { MEMBERS_NONE, MEMBERS_BITS, MEMBERS_MATRIX, MEMBERS_ROWS, MEMBERS_HASH } MemberKind;
typedef struct Members {
    MemberKind kind;
    uint32_t covered; /* rows below it are in */
    /* BITS, for one or two columns: */
    uint64_t *bits;
    uint64_t *visible; /* of rows below visible_rows only; NULL: not asked for yet */
    uint32_t visible_rows;
    bool wants_visible;
    uint32_t domain[2]; /* values of each column are below it */
    size_t words;       /* of 64 bits, per value of the first of two columns */
    Matrix *matrix;     /* MATRIX */
    RowSets rows;       /* ROWS */
    /* HASH: */
    uint32_t *slots; /* a row, and above row_bits some bits of its hash */
    uint64_t slot_count;
    uint32_t row_bits;
} Members;

/* Rows by the values of some columns. Those below `base` are packed by bucket, in their order; later ones are chained,
 * the newest first. A bucket is a value, or (is_hashed) a hash. Of a relation of two columns with one key column the
 * base keeps the other column's values (holds_values), else row numbers. */
typedef struct RelationIndex {
    uint64_t columns; /* bit c: column c is part of the key */
    bool holds_values, is_hashed;
    bool is_whole;  /* covers all rows, and entries are row numbers */
    uint32_t other; /* holds_values: the column that is no key */
    uint32_t bucket_count;
    uint32_t *starts; /* by bucket, and one more: where its entries begin */
    uint32_t *entries;
    uint32_t base, covered; /* rows */
    uint32_t *newest;       /* by bucket: a row, or NO_ROW; NULL: nothing is chained */
    uint32_t *older;        /* by row - base */
    size_t older_capacity;
} RelationIndex;

typedef struct Relation {
    uint32_t arity;
    uint32_t count;
    uint32_t low, high;  /* what a round sees: rows below high; those from low on are of the height just below */
    uint32_t value_hint; /* values that rows have by now are below it; 0: unknown */
    uint32_t *values;    /* row after row */
    size_t capacity;     /* rows */
    struct {
        Segment *items;
        size_t count, capacity;
    } segments;
    Members members;
    const MatrixShape *shape; /* rules would multiply it as a matrix of this shape; NULL: none would */
    bool is_log;              /* what is added is appended as it comes, new or not */
    uint64_t tried;           /* tuples that were to be added, new or not */
    struct {
        RelationIndex **items;
        size_t count, capacity;
    } indexes;
    uint32_t *distinct; /* by column: how many values, when measured last */
    uint32_t measured_rows;
} Relation;

/* Start from {.arity}. */
void reasoner_relation_free(Relation *relation);
static inline const uint32_t *relation_row(const Relation *relation, uint32_t row)
{
    return relation->values + (size_t)row * relation->arity;
}
/* Values are below `count` now. Where they keep growing in number, as fresh nulls do, the hint leaves room, so that
 * what is sized by it need not be made anew each round. */
static inline void relation_hint(Relation *relation, uint32_t count)
{
    if (count > relation->value_hint)
        relation->value_hint = relation->value_hint > 0 && count < NO_ROW / 2 ? count + count / 2 : count;
}
const Segment *reasoner_relation_segment(const Relation *relation, uint32_t row); /* the one the row is in */

/* Adds those of `count` tuples that are not there. Heights may not fall from call to call. false: no memory, or 2^32
 * rows. */
bool reasoner_relation_add(Relation *relation, const uint32_t *tuples, size_t count, uint32_t height, uint32_t rule,
                           uint64_t *added);
/* The same for tuples known to be new and different. */
bool reasoner_relation_append(Relation *relation, const uint32_t *tuples, size_t count, uint32_t height, uint32_t rule);
/* For those who write rows at the end themselves: room for `extra` more, and their segment once they are counted. */
bool reasoner_relation_reserve(Relation *relation, size_t extra);
void reasoner_relation_note(Relation *relation, uint32_t before, uint32_t height, uint32_t rule);
/* The first row of at least that height; `count` when there is none. */
uint32_t reasoner_relation_height_start(const Relation *relation, uint32_t height);
/* Forgets the rows from this one on; indexes and members are made anew when asked for. */
void reasoner_relation_truncate(Relation *relation, uint32_t count);

/* How many values a column has, about; measured again when the relation doubled. false: no memory. */
bool reasoner_relation_measure(Relation *relation);

/* ---- Members ------------------------------------------------------------------------------------------------- */

/* Makes reasoner_relation_has ready for rows up to `high` (is_partial), or for all. false: no memory. */
bool reasoner_relation_cover(Relation *relation, bool is_partial);
/* Whether the tuple is there; is_partial: among rows below `high`. */
bool reasoner_relation_has(const Relation *relation, const uint32_t *tuple, bool is_partial);
/* Makes members bits, or a matrix where there is a shape, when so many tuples were tried that these are worth their
 * memory. */
bool reasoner_relation_weigh_bits(Relation *relation);
void reasoner_members_free(Members *members);
void reasoner_members_hide(Members *members); /* rounds begin anew: none sees anything yet */
/* Makes members ready for so many tuples whose values, column by column, are not above `highest`; row sets may not
 * cover rows from members->covered on yet. false: no memory. */
bool reasoner_members_expect(Relation *relation, const uint32_t *highest, size_t count);
/* Appends those of the tuples that are not there, room for them being reserved; noting them is the caller's. false: no
 * memory. */
bool reasoner_members_insert(Relation *relation, const uint32_t *tuples, size_t count);

/* ---- Indexes ------------------------------------------------------------------------------------------------- */

/* The index over these columns, made when there is none, covering rows below `high`; its base stays below `low` unless
 * low is 0. is_whole: covering all rows, by number. NULL: no memory. */
RelationIndex *reasoner_relation_index(Relation *relation, uint64_t columns, bool is_whole);
uint32_t reasoner_index_debt(const Relation *relation, uint64_t columns); /* rows it would have to take in first */
size_t reasoner_relation_bytes(const Relation *relation);                 /* memory it holds */
void reasoner_relation_drop_indexes(Relation *relation);
uint32_t reasoner_index_bucket(const RelationIndex *index, const uint32_t *key); /* one value per key column */
static inline bool index_fits(const RelationIndex *index, const uint32_t *row, const uint32_t *key)
{
    for (uint64_t columns = index->columns; columns; columns &= columns - 1)
        if (row[__builtin_ctzll(columns)] != *key++)
            return false;
    return true;
}

/* All rows with the key, by an index that is_whole. */
typedef struct IndexCursor {
    const Relation *relation;
    const RelationIndex *index;
    const uint32_t *key;
    uint32_t at, end; /* of the packed rows */
    uint32_t chained; /* after them: rows found later, newest first */
} IndexCursor;
IndexCursor reasoner_index_find(const Relation *relation, const RelationIndex *index, const uint32_t *key);
uint32_t reasoner_index_next(IndexCursor *cursor); /* NO_ROW after the last */

#endif
