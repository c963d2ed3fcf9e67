/* adjacency_cache.h - adjacencies of whole predicates that queries share, for as long as the facts stay the same: what
 * many small queries look up again and again is read into memory once, as what one large query looks up is. */
#ifndef KGQ_KG_SPARQL_ADJACENCY_CACHE_H
#define KGQ_KG_SPARQL_ADJACENCY_CACHE_H

#include "kg/sparql/adjacency.h"
#include "kg/store.h"

typedef struct SharedAdjacency SharedAdjacency;

/* What the run's graph has for the predicate, by subject (PLACE_S) or object (PLACE_O); NULL: it is not in memory. The
 * caller's until sparql_release_shared. */
SharedAdjacency *sparql_find_shared(Run *run, KgId predicate, TriplePlace key);
/* Tells of lookups that were made in the index for want of it. Once there were so many that reading all of the
 * predicate's `matches` would have cost less, it is read, into *out; NULL otherwise. */
BaseStatus sparql_want_shared(Operator *op, KgId predicate, TriplePlace key, uint64_t matches, uint64_t lookups,
                              SharedAdjacency **out, BaseError *err);
const Adjacency *sparql_shared(const SharedAdjacency *shared);
void sparql_release_shared(Run *run, SharedAdjacency *shared); /* NULL is fine */
void kg_adjacencies_free(KgAdjacencies *cache);                /* likewise; with the store */

#endif
