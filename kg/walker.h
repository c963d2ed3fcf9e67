/* walker.h - private to kg: asks the tables of a space for many triples in SPO order, going through the blocks once. */
#ifndef KGQ_KG_WALKER_H
#define KGQ_KG_WALKER_H

#include "kg/space.h"
#include "kg/table.h"

/* Changes not merged into the tables are not seen: fold them first. */
typedef struct KgWalker {
    KgTxn *txn;
    uint32_t space;
    bool is_open, is_at_end;
    KgPlace place;
    uint32_t rows, at; /* of the run that is decoded, and where in it */
    uint64_t keys[3][KG_RUN_ROWS];
} KgWalker;

void kg_walker_start(KgWalker *walker, KgTxn *txn, uint32_t space);
/* Whether the space has this triple, whose key is not below the one asked for before. */
BaseStatus kg_walker_ask(KgWalker *walker, const uint64_t key[3], bool *is_there, BaseError *err);

/* What new triples of a layer change in the counts: asked in SPO order, each triple once. */
typedef struct KgNewTally {
    KgTxn *txn;
    uint32_t graph;
    KgLayer layer;
    KgWalker walkers[KG_LAYERS]; /* of the other layers */
    KgTally tally;
} KgNewTally;
BaseStatus kg_new_tally_start(KgNewTally *tally, KgTxn *txn, uint32_t graph, KgLayer layer, BaseError *err);
BaseStatus kg_new_tally_add(KgNewTally *tally, const uint64_t key[3], BaseError *err);
BaseStatus kg_new_tally_finish(KgNewTally *tally, BaseError *err); /* puts the counts */
void kg_new_tally_free(KgNewTally *tally);

#endif
