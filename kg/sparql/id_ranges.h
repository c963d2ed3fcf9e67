/* id_ranges.h - which ids of the database can satisfy a filter: what a planner may read from an index instead. */
#ifndef KGQ_KG_SPARQL_ID_RANGES_H
#define KGQ_KG_SPARQL_ID_RANGES_H

#include "kg/sparql/ast.h"

/* Ids from `low` to `high`, both among them. `is_sure`: each of them satisfies the filter, which need not be asked. */
typedef struct IdRange {
    KgId low, high;
    bool is_sure;
} IdRange;

#define ID_RANGES_MOST 64

/* The ranges, ascending and apart, of the database's ids (not of a query's own) with which the variable can make the
 * filter true, whatever else is bound: `out` has room for ID_RANGES_MOST. The dictionary's literals, among which are
 * numbers that ids do not hold, are a range of their own that is not sure where they might. No range at all: nothing
 * can. *is_exact: all are sure. False: the filter tells nothing about the variable. The constants in the filter are
 * translated. */
bool sparql_id_ranges(const AstExpr *filter, uint32_t variable, IdRange *out, size_t *count, bool *is_exact);
/* Those in both, which `out` has room for likewise; none of them is sure. False: they are too many. */
bool sparql_common_ranges(const IdRange *a, size_t a_count, const IdRange *b, size_t b_count, IdRange *out,
                          size_t *count);

#endif
