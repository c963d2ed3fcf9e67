/* plan.h - one rule body as a sequence of steps over relations, each binding or testing variables. Private to the room.
 */
#ifndef KGQ_REASONER_PLAN_H
#define KGQ_REASONER_PLAN_H

#include "reasoner/functions.h"
#include "reasoner/product.h"

typedef enum StepKind {
    STEP_SCAN,     /* every row of the span */
    STEP_GROUP,    /* every run of rows of the span with the same first of two columns, which is bound */
    STEP_RUN,      /* last: the second columns of that run */
    STEP_LOOKUP,   /* rows with the key, by an index */
    STEP_MEET,     /* values of one variable that several pairs with known other sides have in common */
    STEP_MEMBER,   /* all columns known: is the row there */
    STEP_ABSENT,   /* no row matches a negated atom */
    STEP_DISTINCT, /* on with the first row of each combination of values, which `relation` gathers */
    STEP_COMPARE,  /* both sides known */
    STEP_ASSIGN,   /* ?v = what is known */
} StepKind;

typedef enum ColumnRole { COLUMN_KEY, COLUMN_BIND, COLUMN_SAME, COLUMN_ANY } ColumnRole;
typedef struct Column {
    ColumnRole role;
    Term term;
} Column;

/* A pair one side of which is known when the other, the variable of a STEP_MEET, is looked for. */
typedef struct Arm {
    Relation *relation;
    RelationIndex *index; /* by the known side */
    Term known;
    uint32_t column; /* of the variable */
    Span span;
    bool is_partial;
    bool is_listed; /* its values may be the ones that are gone through; else it is only asked */
} Arm;

typedef struct Step {
    StepKind kind;
    Relation *relation;
    RelationIndex *index; /* LOOKUP, and ABSENT with some columns open */
    uint64_t key_columns;
    Span span;
    bool is_partial; /* a round may not see all of the relation */
    bool is_whole;   /* its index knows row numbers, old and new */
    bool is_test;    /* no variable of the head is bound here or later: one match is enough */
    bool is_part;    /* it sees rows [part_from, part_to) only, whatever its span */
    uint32_t part_from, part_to;
    Column *columns;
    uint32_t column_count;
    uint32_t *key; /* scratch, one value per column */
    Arm *arms;     /* MEET: the first is what the step would look up without the others */
    uint32_t arm_count;
    const Comparison *comparison; /* COMPARE */
    const Operand *source;        /* ASSIGN: this to the variable `target`; without a value there is no match */
    uint32_t target;
} Step;

static inline uint32_t step_from(const Step *step)
{
    return step->is_part ? step->part_from : step->span == SPAN_DELTA ? step->relation->low : 0;
}
static inline uint32_t step_to(const Step *step)
{
    return step->is_part ? step->part_to : step->span == SPAN_OLD ? step->relation->low : step->relation->high;
}

typedef struct Plan {
    Step *steps;
    uint32_t step_count;
    bool computes;   /* some step may give a value that is new */
    uint64_t rows;   /* visible to the atoms when it was made */
    Product product; /* what may take the place of the steps */
    bool is_product; /* and does so this round */
} Plan;

/* Where a plan finds the tuples, by relation. */
typedef struct PlanContext {
    Relation *relations;
    Relation *const *complete; /* for negated atoms: what lower strata gave, which does not grow */
    const bool *is_partial;    /* a round may not see all of it */
    bool looks_back;           /* `low` may go back between uses of a plan */
} PlanContext;

/* Orders the body: what is known and tests first, then the atom that should give the fewest rows, from the best atom to
 * begin with. spans[b] is what body literal b sees, for positive atoms; `heads` are wanted of it, which need not be the
 * rule's own. Steps live in `arena`. false: no memory. */
bool reasoner_plan(const Rule *rule, const JoinHead *heads, uint32_t head_count, const PlanContext *context,
                   const Span *spans, BaseArena *arena, Plan *out);
/* Makes indexes and members that the steps use, or brings them up to date; before each use. false: no memory. */
bool reasoner_plan_prepare(Plan *plan);

#endif
