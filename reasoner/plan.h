/* plan.h - one rule body as a sequence of steps over relations, each binding or testing variables. Private to the room.
 */
#ifndef KGQ_REASONER_PLAN_H
#define KGQ_REASONER_PLAN_H

#include "reasoner/program.h"
#include "reasoner/relation.h"

/* Two ranges of rows: of the settled ones and of those found in the stratum at hand. */
typedef struct Span {
    uint32_t from[2], to[2];
} Span;
static inline bool span_has(const Span *span, uint32_t row)
{
    return (row >= span->from[0] && row < span->to[0]) || (row >= span->from[1] && row < span->to[1]);
}
static inline uint64_t span_rows(const Span *span)
{
    return (uint64_t)(span->to[0] - span->from[0]) + (span->to[1] - span->from[1]);
}

typedef enum StepKind {
    STEP_SCAN,    /* every row of the span */
    STEP_LOOKUP,  /* rows with the key, by an index */
    STEP_MEMBER,  /* all columns known: is the row there */
    STEP_ABSENT,  /* no row matches a negated atom */
    STEP_COMPARE, /* both sides known */
    STEP_ASSIGN,  /* ?v = term */
} StepKind;

typedef enum ColumnRole { COLUMN_KEY, COLUMN_BIND, COLUMN_SAME, COLUMN_ANY } ColumnRole;
typedef struct Column {
    ColumnRole role;
    Term term;
} Column;

typedef struct Step {
    StepKind kind;
    Relation *relation;
    const RelationIndex *index; /* LOOKUP, and ABSENT with some columns open */
    uint64_t key_columns;
    Span span;
    Column *columns;
    uint32_t column_count;
    uint32_t *key; /* scratch, one value per column */
    CompareOperator test;
    Term left, right; /* COMPARE; ASSIGN: left is the variable */
} Step;

typedef struct Plan {
    Step *steps;
    uint32_t step_count;
} Plan;

/* Orders the body greedily: what is known and tests first, then the atom that should give the fewest rows. spans[b] is
 * what body literal b may see, for positive atoms. Steps live in `arena`; indexes are made or brought up to date.
 * false: no memory. */
bool reasoner_plan(const Rule *rule, Relation *relations, const Span *spans, BaseArena *arena, Plan *out);

#endif
