/* spill.h - private to kg: more rows than memory holds, sorted: runs that were sorted in memory wait in a file and are
 * merged when they are read (Knuth, "The Art of Computer Programming" vol. 3, 5.4.1). The file has no name, so that it
 * is gone with the process, however that ends. */
#ifndef KGQ_KG_SPILL_H
#define KGQ_KG_SPILL_H

#include "kg/table.h"

typedef struct KgSpill KgSpill;

/* The file lies in `folder`. */
BaseStatus kg_spill_new(const char *folder, KgShape shape, KgSpill **out, BaseError *err);
/* Adds rows that are sorted by their keys, each once, as a run. */
BaseStatus kg_spill_add(KgSpill *spill, const KgRows *rows, BaseError *err);
/* Begins to read all rows in order. */
BaseStatus kg_spill_rewind(KgSpill *spill, BaseError *err);
/* Up to `most` rows on; of rows with the same keys only that of the earliest run. BASE_END: no more. */
BaseStatus kg_spill_next(KgSpill *spill, size_t most, KgRows *out, BaseError *err);
void kg_spill_free(KgSpill *spill); /* NULL is fine */

#endif
