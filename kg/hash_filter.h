/* hash_filter.h - private to kg: whether a hash may be in the packed table of hashes, without looking there. A blocked
 * Bloom filter (Putze, Sanders, Singler, "Cache-, hash- and space-efficient Bloom filters", 2009): the bits of a hash
 * lie in one line of the cache. */
#ifndef KGQ_KG_HASH_FILTER_H
#define KGQ_KG_HASH_FILTER_H

#include "kg/kg.h"

#define KG_FILTER_WORDS 8 /* a line */

/* Start from {0}: then every hash may be there. */
typedef struct KgHashFilter {
    uint64_t (*lines)[KG_FILTER_WORDS];
    uint64_t line_count;
} KgHashFilter;

bool kg_hash_filter_may_have(const KgHashFilter *filter, uint64_t hash);
/* Makes it of all hashes in the packed table; it is right until that changes. Of no more than `most_bytes`; without
 * memory, or where so few bytes would not tell much, there is none. */
BaseStatus kg_hash_filter_make(KgHashFilter *filter, KgTxn *txn, size_t most_bytes, BaseError *err);
void kg_hash_filter_free(KgHashFilter *filter);

#endif
