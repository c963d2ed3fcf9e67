/* space.h - private to kg: graphs and layers as spaces of the packed tables, and how many triples each has. */
#ifndef KGQ_KG_SPACE_H
#define KGQ_KG_SPACE_H

#include "kg/store.h"

/* The graph's number: 0 for KG_ANY, the default graph. BASE_NOT_FOUND: it has none and is not to be given one. */
BaseStatus kg_graph_number(KgTxn *txn, KgId graph, bool make, uint32_t *out, BaseError *err);
/* kg_graphs, and with them those that once had triples. */
BaseStatus kg_numbered_graphs(KgTxn *txn, bool with_empty, KgId **out, size_t *count, BaseError *err);

static inline uint32_t kg_space(uint32_t graph, KgLayer layer)
{
    return graph * KG_LAYERS + (uint32_t)layer;
}

/* How many triples are in exactly the layers that the index's bits say (KG_IN). Keeping the sets apart makes the size
 * of any union of layers a sum. Entry 0 is unused. */
typedef struct KgCounts {
    uint64_t by_layers[1 << KG_LAYERS];
} KgCounts;
BaseStatus kg_get_counts(KgTxn *txn, uint32_t graph, KgId predicate, KgCounts *out, BaseError *err);
/* Those of the tables alone, changes not merged yet left aside (delta.h); and what is added to them, modulo 2^64. */
BaseStatus kg_stored_counts(KgTxn *txn, uint32_t graph, KgId predicate, KgCounts *out, BaseError *err);
BaseStatus kg_move_stored_counts(KgTxn *txn, uint32_t graph, KgId predicate, const KgCounts *moved, BaseError *err);
static inline uint64_t kg_union_count(const KgCounts *counts, unsigned layers)
{
    uint64_t sum = 0;
    for (unsigned in = 1; in < 1 << KG_LAYERS; in++)
        sum += in & layers ? counts->by_layers[in] : 0;
    return sum;
}
/* Whether some triple is in more than one of the layers. */
static inline bool kg_layers_overlap(const KgCounts *counts, unsigned layers)
{
    for (unsigned in = 1; in < 1 << KG_LAYERS; in++)
        if (counts->by_layers[in] && __builtin_popcount(in & layers) > 1)
            return true;
    return false;
}

/* Triples that join or leave a layer, by predicate and by the other layers they are in. Start from {0}. */
typedef struct KgTally {
    BaseMap places;
    struct {
        KgCounts *items;
        size_t count, capacity;
    } moved;
    KgCounts all;
} KgTally;
bool kg_tally_add(KgTally *tally, KgId predicate, unsigned layers, uint64_t count);
/* `layers` of the tally are those a triple was in before; `leave`: with the layer itself. Of triples of the tables,
 * which is all there are: no change waits to be merged. */
BaseStatus kg_tally_apply(const KgTally *tally, KgTxn *txn, uint32_t graph, KgLayer layer, bool leave, BaseError *err);
void kg_tally_free(KgTally *tally);
/* Every triple of the layer leaves its tables. */
BaseStatus kg_clear_counts(KgTxn *txn, uint32_t graph, KgLayer layer, BaseError *err);
/* Calls `visit` for each predicate's counts in the graph. */
BaseStatus kg_each_count(KgTxn *txn, uint32_t graph,
                         BaseStatus (*visit)(void *context, KgId predicate, const KgCounts *counts, BaseError *err),
                         void *context, BaseError *err);

#endif
