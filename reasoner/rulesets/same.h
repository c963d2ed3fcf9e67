/* same.h - large classes of terms that are owl:sameAs each other, and their representatives. Private to the room. */
#ifndef KGQ_REASONER_RULESETS_SAME_H
#define KGQ_REASONER_RULESETS_SAME_H

#include "reasoner/rulesets/owl.h"

/* Adds a fact for each member of a class of more than SAME_APART terms, as far as classes show in what is asserted:
 *     <kgq:represented>(member, representative, representative)
 * and sets builder->has_represented. Classes of more than SAME_HUGE are told to the sink, as warnings. */
enum { SAME_APART = 8, SAME_HUGE = 1000 };
BaseStatus ruleset_add_represented(RulesetBuilder *builder, const BaseSink *sink, BaseError *err);

#endif
