/* table_cut.h - private to kg: how rows lie between two keys of a space, from the keys of its blocks and few looks into
 * them: for those who plan. Changes that are not merged into the tables yet are left aside. */
#ifndef KGQ_KG_TABLE_CUT_H
#define KGQ_KG_TABLE_CUT_H

#include "kg/table.h"

/* Rows of three keys from `low` to `high`, which are alike in the columns before `column`. */
typedef struct KgStretch {
    KgTable table;
    uint32_t space;
    uint64_t low[3], high[3];
    int column;
} KgStretch;

typedef struct KgValues {
    uint64_t *items;
    size_t count, capacity;
} KgValues;

/* Adds values of the column, ascending, between which there are about `rows` rows each. */
BaseStatus kg_table_cut(KgTxn *txn, const KgStretch *stretch, uint64_t rows, KgValues *out, BaseError *err);
/* Adds what column `sampled` has in every so many rows. */
BaseStatus kg_table_sample(KgTxn *txn, const KgStretch *stretch, uint64_t rows, int sampled, KgValues *out,
                           BaseError *err);
/* How many rows there are. */
BaseStatus kg_table_extent(KgTxn *txn, const KgStretch *stretch, uint64_t *out, BaseError *err);

#endif
