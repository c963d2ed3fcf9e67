/* take.h - tuples that several threads have logged go into a relation, again by several threads. Private to the room.
 */
#ifndef KGQ_REASONER_TAKE_H
#define KGQ_REASONER_TAKE_H

#include "reasoner/relation.h"

/* Adds the tuples of `count` logs, one for every `stride` of `logs`, as reasoner_relation_add would one log after the
 * other: the same tuples are new, in the same order. false: no memory. */
bool reasoner_relation_take(Relation *relation, const Relation *logs, size_t count, size_t stride, uint32_t height,
                            uint32_t rule, BasePool *pool, uint64_t *added);

#endif
