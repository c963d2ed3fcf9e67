/* index.h - private to kg: triples of a graph by its number, one at a time. */
#ifndef KGQ_KG_INDEX_H
#define KGQ_KG_INDEX_H

#include "kg/space.h"

BaseStatus kg_want_layer(const KgTxn *txn, KgLayer layer, const char *call, BaseError *err);
BaseStatus kg_want_known(KgTxn *txn, KgTriple triple, BaseError *err);
/* Whether the space has the triple, and what it is noted with (NULL: not wanted). */
BaseStatus kg_space_get(KgTxn *txn, uint32_t space, KgTriple triple, bool *is_there, KgNote *note, BaseError *err);

/* Many at once, straight into the tables; see kg_bulk_add. */
BaseStatus kg_add_records(KgTxn *txn, uint32_t graph, KgLayer layer, const KgRecord *records, size_t count,
                          uint64_t *added, uint64_t *added_by, uint32_t first, BaseJob *job, BaseError *err);

#endif
