/* check.h - private to kg: what the parts of kg_check share. */
#ifndef KGQ_KG_CHECK_H
#define KGQ_KG_CHECK_H

#include "kg/space.h"

typedef struct KgCheck {
    KgTxn *txn;
    const BaseSink *sink;
    BaseJob *job;
    uint64_t faults;
    int told; /* of the part being checked */
    uint64_t done, total;
    BaseMap sources[KG_LAYERS]; /* numbers that notes name */
} KgCheck;

/* Tells a fault; of one part the first few are told, all are counted. */
void kg_check_fault(KgCheck *check, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* After each entry: progress, and BASE_CANCELLED. */
BaseStatus kg_check_step(KgCheck *check, BaseError *err);
BaseStatus kg_check_no_memory(BaseError *err);

/* The parts. Each tells its faults and fails only when it cannot go on. */
BaseStatus kg_check_terms(KgCheck *check, BaseError *err);
BaseStatus kg_check_triples(KgCheck *check, BaseError *err);
BaseStatus kg_check_counts(KgCheck *check, BaseError *err);

/* Calls `visit` for each block of a packed table that can be read, its rows in order and as columns; blocks that cannot
 * are faults. */
typedef BaseStatus KgVisitBlock(KgCheck *check, void *context, uint32_t space, uint64_t *const columns[], size_t rows,
                                BaseError *err);
BaseStatus kg_check_table(KgCheck *check, KgTable table, KgVisitBlock *visit, void *context, BaseError *err);

#endif
