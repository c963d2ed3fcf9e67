/* run.h - the two halves of a run, for those who look at what was derived before it is stored. Private to the room. */
#ifndef KGQ_REASONER_RUN_H
#define KGQ_REASONER_RUN_H

#include "reasoner/memory.h"

/* Loads and evaluates within the options' limits, with the figures of both in *report. NULL options: defaults. *memory
 * starts from {0} and is freed by the caller. */
BaseStatus reasoner_run_derive(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options,
                               Memory *memory, ReasonerReport *report, BaseJob *job, BaseError *err);
/* Tells violations, puts the run into the catalog and what was derived into KG_INFERRED (a dry run does not), and fills
 * in the report. */
BaseStatus reasoner_run_store(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options,
                              Memory *memory, ReasonerReport *report, BaseJob *job, BaseError *err);

#endif
