#ifndef KGQ_KG_SPARQL_ID_RANGES_H
#define KGQ_KG_SPARQL_ID_RANGES_H
#include "kg/sparql/ast.h"
#define MOST_ID_RANGES 16
typedef struct IdRange {
    KgId low, high;
} IdRange;
static inline bool sparql_id_ranges(const AstExpr *filter, uint32_t variable, IdRange *out, size_t *count,
                                    bool *is_exact)
{
    (void)filter;
    (void)variable;
    (void)out;
    (void)count;
    (void)is_exact;
    return false;
}
#endif
