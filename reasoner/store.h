/* store.h - what was derived put into the database. Private to the room. */
#ifndef KGQ_REASONER_STORE_H
#define KGQ_REASONER_STORE_H

#include "reasoner/memory.h"

/* Replaces KG_INFERRED by the derived rows that are triples and outputs, each noted with the run, its rule and its
 * height. Terms that the database does not know are made. What memory the members of relations have is given back. */
BaseStatus reasoner_store(Memory *memory, uint32_t run, size_t *stored, BaseJob *job, BaseError *err);

#endif
