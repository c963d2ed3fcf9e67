/* cursor.h - private to kg: matches in one order of a graph's layers, found again and again for other keys without
 * opening anything anew; quickest when keys ascend or lie near the last one. Good until the next write in its
 * transaction or the end of that. */
#ifndef KGQ_KG_CURSOR_H
#define KGQ_KG_CURSOR_H

#include "kg/table_cut.h"

typedef struct KgCursor KgCursor;

/* KG_ANY: the default graph. */
BaseStatus kg_cursor_open(KgTxn *txn, KgId graph, unsigned layers, KgIndex index, KgCursor **out, BaseError *err);
void kg_cursor_close(KgCursor *cursor); /* NULL is fine */
/* Goes to the rows whose first `width` (0..3) columns, in the cursor's order, equal key's. BASE_END: there are none. */
BaseStatus kg_cursor_find(KgCursor *cursor, const uint64_t *key, int width, BaseError *err);
/* The same with column `width` (0..2, the one behind the bound ones) from `low` to `high`. */
BaseStatus kg_cursor_find_range(KgCursor *cursor, const uint64_t *key, int width, uint64_t low, uint64_t high,
                                BaseError *err);
/* The next rows of what was found: *count is at least 1 and columns[c] for c >= width point to `*count` values each,
 * borrowed until the next call on the cursor; BASE_END after the last. Each triple once, ascending. */
BaseStatus kg_cursor_rows(KgCursor *cursor, const uint64_t *columns[3], size_t *count, BaseError *err);
/* Of what kg_cursor_find_range would find, as far as it lies in the tables (table_cut.h); of several layers, in the one
 * that has most of it. Adds the values of column `width` at which parts of about `rows` rows end, `high` for the last.
 */
BaseStatus kg_cursor_cut(KgCursor *cursor, const uint64_t *key, int width, uint64_t low, uint64_t high, uint64_t rows,
                         KgValues *out, BaseError *err);
/* Adds what column `sampled` has in every so many rows. */
BaseStatus kg_cursor_sample(KgCursor *cursor, const uint64_t *key, int width, uint64_t rows, int sampled, KgValues *out,
                            BaseError *err);
/* How many there are. */
BaseStatus kg_cursor_extent(KgCursor *cursor, const uint64_t *key, int width, uint64_t low, uint64_t high,
                            uint64_t *out, BaseError *err);

#endif
