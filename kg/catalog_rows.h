/* catalog_rows.h - private to kg: between catalog.c, which keeps the file and its log, and catalog_rows.c, which knows
 * what is in the tables. */
#ifndef KGQ_KG_CATALOG_ROWS_H
#define KGQ_KG_CATALOG_ROWS_H

#include "kg/catalog.h"

typedef enum KgCatalogWrite {
    KG_WRITE_PREFIX,
    KG_WRITE_IMPORT,
    KG_WRITE_RUN,
    KG_WRITE_MODEL,
    KG_WRITE_EVIDENCE,
    KG_WRITES
} KgCatalogWrite;

typedef struct KgCatalogValue {
    int type; /* SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_NULL */
    int64_t integer;
    double real;
    const char *text;
} KgCatalogValue;

/* Adds one statement to the transaction's journal. */
BaseStatus kg_catalog_record(KgTxn *txn, KgCatalogWrite what, const KgCatalogValue *values, size_t count,
                             BaseError *err);

#endif
