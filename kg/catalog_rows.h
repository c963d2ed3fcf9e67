/* catalog_rows.h - private to kg: between catalog.c, which keeps the file and its log, and those who know what is in
 * the tables: catalog_rows.c, catalog_statistics.c and prefixes.c. */
#ifndef KGQ_KG_CATALOG_ROWS_H
#define KGQ_KG_CATALOG_ROWS_H

#include "kg/catalog.h"

typedef enum KgCatalogWrite {
    KG_WRITE_PREFIX,
    KG_WRITE_IMPORT,
    KG_WRITE_RUN,
    KG_WRITE_MODEL,
    KG_WRITE_EVIDENCE,
    KG_WRITE_STATISTICS,
    KG_CLEAR_PREDICATES,
    KG_WRITE_PREDICATE,
    KG_CLEAR_SETS,
    KG_WRITE_SET,
    KG_WRITES
} KgCatalogWrite;

typedef struct KgCatalogValue {
    int type; /* SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL */
    int64_t integer;
    double real;
    const char *text; /* or the bytes of a blob */
    size_t length;    /* of a blob; a text ends at its NUL */
} KgCatalogValue;

static inline KgCatalogValue kg_number_value(uint64_t value)
{
    return (KgCatalogValue){.type = SQLITE_INTEGER, .integer = (int64_t)value};
}

static inline KgCatalogValue kg_text_value(const char *value)
{
    return (KgCatalogValue){.type = value ? SQLITE_TEXT : SQLITE_NULL, .text = value};
}

/* Adds one statement to the transaction's journal. */
BaseStatus kg_catalog_record(KgTxn *txn, KgCatalogWrite what, const KgCatalogValue *values, size_t count,
                             BaseError *err);
#define KG_RECORD(txn, what, err, ...)                                                                                 \
    kg_catalog_record((txn), (what), (KgCatalogValue[]){__VA_ARGS__},                                                  \
                      sizeof((KgCatalogValue[]){__VA_ARGS__}) / sizeof(KgCatalogValue), (err))

/* A statement under way; the arena takes the strings and the rows. The catalog is held from a start that succeeds to
 * kg_reading_finish, which says how it went. */
typedef struct KgReading {
    KgTxn *txn;
    BaseArena *arena;
    sqlite3 *db;
    sqlite3_stmt *statement;
    int code;
    bool no_memory;
} KgReading;
BaseStatus kg_reading_start(KgReading *reading, KgTxn *txn, BaseArena *arena, const char *sql, BaseError *err);
bool kg_reading_next(KgReading *reading);
BaseStatus kg_reading_finish(KgReading *reading, BaseError *err);
/* All rows of the statement as an array of `size` bytes each in the arena. */
typedef void KgFillRow(KgReading *reading, void *row);
void *kg_reading_all(KgReading *reading, KgFillRow *fill, size_t size, size_t *count);
static inline uint64_t kg_number_at(const KgReading *reading, int column)
{
    return (uint64_t)sqlite3_column_int64(reading->statement, column);
}
/* NULL reads as the empty string. */
const char *kg_text_at(KgReading *reading, int column);

#endif
