/* track.h - private to kg: which asserted facts of the default graph came and went since kg_track. The table `tracked`
 * has a net change per triple: its key is the triple, its value a byte, whether it was there. The entry "tracking" of
 * `meta` says that it is kept, and for what. Databases that never tracked have no such table. */
#ifndef KGQ_KG_TRACK_H
#define KGQ_KG_TRACK_H

#include "kg/store.h"

/* Calls for every change of triples, before or after it is made; those of other graphs and layers are not looked at.
 * Changes of inferred facts that kg_track does not follow end the tracking. */
BaseStatus kg_track_one(KgTxn *txn, uint32_t graph, KgLayer layer, KgTriple triple, bool comes, BaseError *err);
/* Triples that are new, or that are gone. */
BaseStatus kg_track_many(KgTxn *txn, uint32_t graph, KgLayer layer, const KgTriple *triples, size_t count, bool comes,
                         BaseError *err);
/* The same for a caller who says them one by one, if they are wanted, to kg_track_noted. */
BaseStatus kg_track_bulk(KgTxn *txn, uint32_t graph, KgLayer layer, uint64_t count, bool *is_wanted, BaseError *err);
BaseStatus kg_track_noted(KgTxn *txn, KgTriple triple, bool comes, BaseError *err);
/* Too much changes to be followed. */
BaseStatus kg_track_lose(KgTxn *txn, uint32_t graph, KgLayer layer, BaseError *err);
/* How many changes are not as the facts are. */
BaseStatus kg_verify_tracked(KgTxn *txn, uint64_t *wrong, BaseError *err);
/* Opens the table where the database has it; store.c. */
int kg_open_tracked(MDB_txn *mdb, MDB_dbi *out);

#endif
