/* violation.h - why a constraint is violated. Private to the room. */
#ifndef KGQ_REASONER_VIOLATION_H
#define KGQ_REASONER_VIOLATION_H

#include "reasoner/memory.h"

/* The proof of a violation that `row` of a constraint's relation is, called `text`, which the caller keeps in the same
 * arena. `memory` is NULL for a program by itself. */
BaseStatus reasoner_prove_violation(const Evaluation *evaluation, Memory *memory, uint32_t relation,
                                    const uint32_t *row, const char *text, BaseArena *arena, ReasonerProof **out,
                                    BaseError *err);
/* Adds its premises to the diagnostic, as a hint. */
void reasoner_say_premises(const ReasonerProof *proof, BaseError *err);

#endif
