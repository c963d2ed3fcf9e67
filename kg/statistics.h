/* statistics.h - private to kg: what the facts of the default graph are like, and when that was last looked at.
 *
 * Each commit that changes them puts a new random number, their stamp, into LMDB: equal stamps mean the same facts,
 * whatever was restored, copied or compacted in between. What is derived from the facts and kept beside them, the
 * statistics in the catalog and the index of labels, names the stamp it was made for. */
#ifndef KGQ_KG_STATISTICS_H
#define KGQ_KG_STATISTICS_H

#include "kg/store.h"

#define KG_BULK_TRIPLES 1000 /* so many at once may make statistics due */

/* Tells that triples of the layer came or went, about `count` of them in one call. Graph 0 is the default one. */
static inline void kg_note_change(KgTxn *txn, uint32_t graph, KgLayer layer, uint64_t count)
{
    if (graph != 0 || !(KG_IN(layer) & KG_FACTS) || count == 0)
        return;
    txn->facts_changed = true;
    txn->bulk_changed = txn->bulk_changed || count >= KG_BULK_TRIPLES;
}

/* The stamp of the facts as the transaction sees them; 0: there never were any. A writer's changes have none until
 * they are settled. */
BaseStatus kg_facts_stamp(KgTxn *txn, uint64_t *out, BaseError *err);
/* Whether the facts had that stamp once, on the way to what the transaction sees: what was made from them then may be
 * changed into what is to be made from them now, as terms keep their ids. The last 128 stamps are remembered. */
BaseStatus kg_had_stamp(KgTxn *txn, uint64_t stamp, bool *out, BaseError *err);
/* Before a commit: new statistics where a bulk change makes them due, and the stamp. */
BaseStatus kg_settle_facts(KgTxn *txn, BaseJob *job, BaseError *err);

/* The statistics as a recount finds them, in the arena. */
BaseStatus kg_take_statistics(KgTxn *txn, BaseArena *arena, KgStatistics *out, KgCharacteristicSets *sets, BaseJob *job,
                              BaseError *err);
/* Whether the kept ones, where they claim to be current, are what a recount finds. */
BaseStatus kg_verify_statistics(KgTxn *txn, bool *are_right, BaseJob *job, BaseError *err);
/* Says them to the catalog (catalog_statistics.c). */
BaseStatus kg_put_statistics(KgTxn *txn, uint64_t stamp, const KgStatistics *statistics,
                             const KgCharacteristicSets *sets, BaseError *err);

#endif
