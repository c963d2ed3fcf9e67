/* bulk.h - private to kg: many triples at once straight into the packed tables of a space. */
#ifndef KGQ_KG_BULK_H
#define KGQ_KG_BULK_H

#include "kg/space.h"

/* Triples as columns of s, p, o, in any order. All are noted with `same`; or, where that is NULL, what each is noted
 * with is asked for when it is known to be new. */
typedef struct KgBulk {
    const uint64_t *columns[3];
    size_t count;
    const KgNote *same;
    KgNote (*note)(const void *context, size_t row);
    const void *context;
} KgBulk;

/* The first of equal triples counts. *added, and added_by[note.source - first] where added_by is wanted, grow by those
 * that the space did not have. */
BaseStatus kg_bulk_add(KgTxn *txn, uint32_t graph, KgLayer layer, const KgBulk *bulk, uint64_t *added,
                       uint64_t *added_by, uint32_t first, BaseJob *job, BaseError *err);

#endif
