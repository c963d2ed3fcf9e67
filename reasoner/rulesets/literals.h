/* literals.h - clashes of literals, which a rule set's program is checked for beside its constraints. Private to the
 * room. */
#ifndef KGQ_REASONER_RULESETS_LITERALS_H
#define KGQ_REASONER_RULESETS_LITERALS_H

#include "reasoner/memory.h"

/* Tells each clash to the sink (the first thousand) and adds them to *count. */
BaseStatus ruleset_tell_literals(const Memory *memory, const BaseSink *sink, uint64_t *count, BaseError *err);

#endif
