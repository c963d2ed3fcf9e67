/* report.h - what a run tells of itself: figures, predicates, rules, violations. Private to the room. */
#ifndef KGQ_REASONER_REPORT_H
#define KGQ_REASONER_REPORT_H

#include "reasoner/memory.h"

/* `memory` is NULL for a program by itself. BASE_NO_MEMORY. */
BaseStatus reasoner_report_fill(const Evaluation *evaluation, const Memory *memory, ReasonerReport *report,
                                BaseError *err);
/* Each match of a constraint, told to the sink and kept in the report: the first VIOLATIONS_TOLD of them, and how many
 * there are. */
enum { VIOLATIONS_TOLD = 1000 };
BaseStatus reasoner_report_violations(const Evaluation *evaluation, Memory *memory, const BaseSink *sink,
                                      ReasonerReport *report, BaseError *err);

#endif
