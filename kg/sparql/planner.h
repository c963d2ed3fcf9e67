/* planner.h - what the planner's files share. plan.c turns algebra into operators, plan_join.c the patterns of a join
 * in an order that join_order.c finds from estimate.c's figures, plan_modifiers.c what comes behind WHERE. */
#ifndef KGQ_KG_SPARQL_PLANNER_H
#define KGQ_KG_SPARQL_PLANNER_H

#include "kg/sparql/bindings.h"
#include "kg/sparql/id_ranges.h"
#include "kg/sparql/join_order.h"

/* Nanoseconds, about, of a row that is looked up in an index in a sorted batch. */
#define PLANNER_LOOKUP_COST 100.0

typedef struct Planner {
    Builder builder;
    SelectAlgebra *select;
    const Seed *root;     /* gives the row that everything starts from: the empty one, or that of an EXISTS */
    const Operator *unit; /* a seed that is known to give the empty row, once */
    bool in_exists;       /* run again for every row: any variable may be bound by it */
    bool in_named;        /* in GRAPH: the run's graph will be one of the database's */
    bool substitutes;     /* in a pattern that takes the rows around it as given, as EXISTS does */
    double input_rows;    /* expected from the input of what is being compiled */
} Planner;

/* What rows bind before a pattern joins with them: perhaps, and in every row. */
typedef struct Known {
    VarSet possible, certain;
} Known;

/* Constructors return NULL on failure, noted in planner->builder.status. */
Operator *planner_compile(Planner *planner, Algebra *node, Operator *input, Known known);
/* The children of a join and the filters over it, in the order that seems cheapest (plan_join.c). */
Operator *planner_compile_join(Planner *planner, Algebra *const *children, size_t count, AstExpr *const *filters,
                               size_t filter_count, Operator *input, Known known);
Operator *planner_compile_values(Planner *planner, const Algebra *node, Operator *input);
/* `known`: NULL where it is not known what rows bind. */
Operator *planner_add_filters(Planner *planner, Operator *input, AstExpr *const *filters, size_t count,
                              const Known *known);
/* The plans of all EXISTS in the expression. */
bool planner_compile_exists(Planner *planner, AstExpr *expr);
/* Everything behind WHERE, whose operator `input` is (plan_modifiers.c). */
Operator *planner_compile_modifiers(Planner *planner, Operator *input);
bool planner_is_plain_count(const Planner *planner); /* then WHERE needs no operator: give NULL */

/* The SELECT's WHERE once more, for another run; all operators made are chained to *all. */
BaseStatus planner_compile_copy(const Planner *planner, Run *run, Operator **all, Operator **out, BaseError *err);
bool planner_known(Planner *planner, Known *out); /* nothing; false: no memory */
bool planner_copy_known(Planner *planner, Known known, Known *out);
/* A place of a triple; constants are looked up. */
bool planner_place(Planner *planner, const AstNode *node, Place *out);
/* The operator's text for --explain: the query's own, from the first to the last of the places. */
void planner_note(Planner *planner, Operator *op, AstPlace first, AstPlace last);

/* ---- estimate.c ---- */

/* How many triples match the pattern's constants: exact, but in several graphs that are one, where it is too many. */
double planner_count_matches(Planner *planner, Algebra *node);
/* What a pattern is like when joined with others. */
void planner_estimate_part(Planner *planner, Algebra *node, JoinPart *out);
/* Rows of a pattern by itself, nothing bound. */
double planner_estimate(Planner *planner, Algebra *node);
/* The share of rows that pass, by a rule of thumb. */
double planner_selectivity(const AstExpr *filter);
/* What sparql_id_ranges says of a filter. */
typedef struct FilterRanges {
    uint32_t variable; /* that was asked about; AST_NO_VARIABLE: none yet */
    bool is_told, is_exact;
    size_t count;
    IdRange *items;
} FilterRanges;
/* Asks unless it is known. False: no memory. */
bool planner_find_ranges(Planner *planner, const AstExpr *filter, uint32_t variable, FilterRanges *out);
/* The share of a filter over the join of the children, by a look at what it is about where that pays (selectivity.c);
 * `ranges` as it finds them. */
double planner_share(Planner *planner, Algebra *const *children, size_t count, const AstExpr *filter, VarSet variables,
                     FilterRanges *ranges);

#endif
