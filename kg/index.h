/* index.h - private to kg: keys of the three orders, and the counts kept with them. */
#ifndef KGQ_KG_INDEX_H
#define KGQ_KG_INDEX_H

#include "kg/store.h"

#include <endian.h>
#include <string.h>

#define KG_KEY_BYTES 24

/* places[index][i]: which place of the triple (0 s, 1 p, 2 o) stands i-th in the key. */
extern const int kg_places[KG_INDEXES][3];

typedef struct KgKey {
    uint64_t parts[3]; /* big-endian */
} KgKey;

static inline KgKey kg_key(KgTriple triple, KgIndex index)
{
    const KgId ids[3] = {triple.s, triple.p, triple.o};
    const int *const place = kg_places[index];
    return (KgKey){{htobe64(ids[place[0]]), htobe64(ids[place[1]]), htobe64(ids[place[2]])}};
}

static inline KgTriple kg_key_triple(const void *bytes, KgIndex index)
{
    KgKey key;
    KgId ids[3];
    memcpy(&key, bytes, sizeof key);
    for (int i = 0; i < 3; i++)
        ids[kg_places[index][i]] = be64toh(key.parts[i]);
    return (KgTriple){ids[0], ids[1], ids[2]};
}

/* How many triples are in exactly the layers that the index's bits say (KG_IN). Keeping the sets apart makes the size
 * of any union of layers a sum. Entry 0 is unused. */
typedef struct KgCounts {
    uint64_t by_layers[1 << KG_LAYERS];
} KgCounts;
BaseStatus kg_get_counts(KgTxn *txn, KgId predicate, KgCounts *out, BaseError *err);
static inline uint64_t kg_union_count(const KgCounts *counts, unsigned layers)
{
    uint64_t sum = 0;
    for (unsigned in = 1; in < 1 << KG_LAYERS; in++)
        sum += in & layers ? counts->by_layers[in] : 0;
    return sum;
}

/* kg_add_many that also adds up the new triples by note.source: added_by[source - first]. NULL: not wanted. */
BaseStatus kg_add_sorted(KgTxn *txn, KgLayer layer, KgRecord *records, size_t count, size_t *added, uint64_t *added_by,
                         uint32_t first, BaseJob *job, BaseError *err);

/* Sorts in the order of `index`, equal ones kept in the order given. False: no memory. */
bool kg_sort_triples(KgTriple *triples, size_t count, KgIndex index);
bool kg_sort_records(KgRecord *records, size_t count); /* SPO */

#endif
