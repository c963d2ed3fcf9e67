/* delta.h - private to kg: changes of triples that are not merged into the packed tables yet. A small transaction puts
 * its few changes here; when there are many, a commit folds them into the tables. Readers see them merged in.
 *
 * The counts in their table are of the tables alone; what the changes add to them is worked out from the changes, which
 * hold all that is different, so that a small commit does not write them.
 *
 * In LMDB a change is stored once, in the tail (tail.h) or in a table, by space and triple in SPO order; the other
 * orders are sorted in memory when a reader first wants them, and shared by all readers of that snapshot. */
#ifndef KGQ_KG_DELTA_H
#define KGQ_KG_DELTA_H

#include "kg/space.h"
#include "kg/table.h"

/* More changes than these are folded: each reader pays for those that wait, and each fold rewrites nearly all blocks of
 * the four orders, so that more may wait where there are more blocks. */
#define KG_DELTA_ROWS 4096
#define KG_DELTA_ROWS_OF_BLOCK 16
#define KG_DELTA_MOST_ROWS 65536

typedef struct KgDeltaRow {
    uint64_t keys[3]; /* of the triple, in the order of the index */
    uint32_t space;
    uint32_t ops; /* KG_HIDES: the tables have the triple, and it is gone; KG_PRESENT: it is there, with this note */
    KgNote note;
} KgDeltaRow;

typedef struct KgDeltaRows {
    const KgDeltaRow *items;
    size_t count;
} KgDeltaRows;

/* The snapshot's changes of one space whose first `width` keys in that order are those of `key`; good until the next
 * write in txn or its end. */
BaseStatus kg_delta_range(KgTxn *txn, KgIndex index, uint32_t space, const uint64_t *key, int width, KgDeltaRows *out,
                          BaseError *err);
/* The same from those keys of `low` to those of `high`. */
BaseStatus kg_delta_between(KgTxn *txn, KgIndex index, uint32_t space, const uint64_t *low, const uint64_t *high,
                            int width, KgDeltaRows *out, BaseError *err);
/* What it says of one triple; *ops 0: nothing. `note` may be NULL. */
BaseStatus kg_delta_get(KgTxn *txn, uint32_t space, KgTriple triple, unsigned *ops, KgNote *note, BaseError *err);
/* Sets it; ops 0: nothing is said any more. */
BaseStatus kg_delta_put(KgTxn *txn, uint32_t space, KgTriple triple, unsigned ops, const KgNote *note, BaseError *err);
/* What the snapshot's changes add to the counts in the table (or, modulo 2^64, take from them), of one predicate or,
 * for KG_ANY, of all. */
BaseStatus kg_delta_counts(KgTxn *txn, uint32_t graph, KgId predicate, KgCounts *out, BaseError *err);
typedef struct KgDeltaCounts {
    uint32_t graph;
    KgId predicate;
    KgCounts moved;
} KgDeltaCounts;
/* All of them, sorted by graph and predicate; borrowed as kg_delta_range's are. */
BaseStatus kg_delta_all_counts(KgTxn *txn, const KgDeltaCounts **out, size_t *count, BaseError *err);
BaseStatus kg_delta_count(KgTxn *txn, size_t *out, BaseError *err);
/* False: there are none. */
BaseStatus kg_delta_may_have(KgTxn *txn, bool *out, BaseError *err);
/* Whether so many wait that they are to be folded. */
BaseStatus kg_delta_is_full(KgTxn *txn, bool *out, BaseError *err);
/* All of them, in SPO order. */
BaseStatus kg_delta_rows(KgTxn *txn, KgDeltaRows *out, BaseError *err);
/* Forgets them all, for one who says them anew. */
BaseStatus kg_delta_forget(KgTxn *txn, BaseError *err);
/* Merges all changes into the tables, and what they count into the counts. */
BaseStatus kg_delta_fold(KgTxn *txn, BaseError *err);
/* Takes triples that the space's tables have, sorted and each once, out of them; no change may wait to be merged. */
BaseStatus kg_delta_hide(KgTxn *txn, uint32_t space, const KgTriple *triples, size_t count, BaseError *err);
/* Forgets those of one space. */
BaseStatus kg_delta_clear(KgTxn *txn, uint32_t space, BaseError *err);
void kg_delta_release(KgDelta *delta); /* NULL is fine */

/* places[index][i]: which place of the triple (0 s, 1 p, 2 o) stands i-th in the order. */
extern const int kg_places[KG_INDEXES][3];
static inline void kg_order_keys(KgTriple triple, KgIndex index, uint64_t out[3])
{
    const KgId ids[3] = {triple.s, triple.p, triple.o};
    for (int i = 0; i < 3; i++)
        out[i] = ids[kg_places[index][i]];
}
static inline KgTriple kg_order_triple(const uint64_t keys[3], KgIndex index)
{
    switch (index) {
    case KG_POS:
        return (KgTriple){keys[2], keys[0], keys[1]};
    case KG_OSP:
        return (KgTriple){keys[1], keys[2], keys[0]};
    case KG_PSO:
        return (KgTriple){keys[1], keys[0], keys[2]};
    default:
        return (KgTriple){keys[0], keys[1], keys[2]};
    }
}

#endif
