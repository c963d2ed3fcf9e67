/* ranking.h - ORDER BY on ids: numbers that sort as the terms do. */
#ifndef KGQ_KG_SPARQL_RANKING_H
#define KGQ_KG_SPARQL_RANKING_H

#include "kg/inline.h"
#include "kg/sort.h"
#include "kg/sparql/operator.h"

/* Memory of rankings, kept from one to the next. Start from {0}. */
typedef struct Ranking {
    struct RankedPairs {
        KgPair *items;
        size_t capacity;
    } by_id, order, scratch;
    struct {
        Value *items;
        size_t capacity;
    } values; /* of the distinct ids */
} Ranking;

/* A number for the id: ids of one class (a type that an id can hold, or unbound) are in their order by it, classes in
 * theirs. Two ids of numbers of different types are in no order by it. */
uint64_t sparql_order_number(KgId id);

/* Gives each of the pairs, whose `key` is an id, 0 if unbound, a number as its key: they are in the order of
 * sparql_value_order, and equal for values that it takes for equal. On behalf of `op`, which answers for the memory. */
BaseStatus sparql_rank(Operator *op, Ranking *ranking, KgPair *pairs, size_t count, BaseError *err);
/* Ascending by key, stable; `scratch` has room for as many. */
void sparql_sort_pairs(KgPair *pairs, KgPair *scratch, size_t count);
size_t sparql_ranking_bytes(const Ranking *ranking);
void sparql_ranking_free(Ranking *ranking);

#endif
