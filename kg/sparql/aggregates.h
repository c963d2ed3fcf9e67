/* aggregates.h - the aggregates of a GROUP BY, each a column of states, one for each group: what a state holds depends
 * on what the aggregate wants to know. */
#ifndef KGQ_KG_SPARQL_AGGREGATES_H
#define KGQ_KG_SPARQL_AGGREGATES_H

#include "kg/sparql/expr.h"
#include "kg/sparql/rows.h"

typedef struct AggregateColumn AggregateColumn;

/* Rows that go into groups: row i into group numbers[i], below `groups`; without keys all into group 0, and numbers is
 * NULL. */
typedef struct GroupedRows {
    const Batch *batch;
    const uint32_t *numbers;
    size_t groups;
} GroupedRows;

struct AggregateColumn {
    /* Given: an EXPR_AGGREGATE; the variables of a solution, for COUNT(DISTINCT *); whether there are keys. */
    const AstExpr *call;
    const uint32_t *named;
    size_t named_count;
    bool is_grouped;

    uint32_t variable; /* the argument, when it is no more than that; else AST_NO_VARIABLE */
    bool is_distinct;  /* and it makes a difference */
    const struct AggregateForm *form;
    char *states;
    size_t count, capacity; /* states; bytes */
    RowSet seen;            /* DISTINCT: group number and value */
    IdSet seen_ids;         /* DISTINCT where there is but one group */
    KgId *key;              /* of `seen` */
    size_t text_bytes;      /* of GROUP_CONCAT */
};

bool sparql_start_aggregate(AggregateColumn *column, BaseArena *arena); /* false: no memory */
/* False: the machine failed, as eval->status says. */
bool sparql_aggregate(Eval *eval, AggregateColumn *column, const GroupedRows *rows);
/* The answer of a group that rows have gone into, or of the only one; 0: there is none. False: the machine failed. */
bool sparql_aggregate_answer(Eval *eval, const AggregateColumn *column, size_t group, KgId *out);
/* Whether rows may be gone over in parts, by any thread, each with a column of its own. */
bool sparql_can_merge(const AggregateColumn *column);
typedef struct AggregateMerge {
    const size_t *groups; /* by group of the part: which one it is of the column */
    size_t count;
    KgId (*same)(void *context, KgId id); /* an id of the part's run as one of the eval's */
    void *context;
} AggregateMerge;
/* What `part` knows joins the column, as if the part's rows had come behind the column's. False: the machine failed. */
bool sparql_merge_aggregate(Eval *eval, AggregateColumn *column, const AggregateColumn *part,
                            const AggregateMerge *merge);
size_t sparql_aggregate_values(const AggregateColumn *column); /* that DISTINCT keeps */
void sparql_clear_aggregate(AggregateColumn *column);
void sparql_free_aggregate(AggregateColumn *column);
size_t sparql_aggregate_bytes(const AggregateColumn *column);

#endif
