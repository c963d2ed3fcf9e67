/* cells.h - the texts of a result's cells, made column by column: the ids of many rows are sorted, so that the
 * dictionary is read forwards and what comes often is formatted once. */
#ifndef KGQ_KG_SPARQL_CELLS_H
#define KGQ_KG_SPARQL_CELLS_H

#include "kg/kg.h"

/* How a format writes rows. */
typedef struct CellFormat {
    /* Appends a bound cell of the column called `name`; false: no memory. */
    bool (*add)(const KgTerm *term, const char *name, BaseBuffer *out);
    const char *start, *separator, *end; /* of a row; separators stand between cells */
    const char *between;                 /* rows */
    bool skips_unbound;                  /* else they are empty */
} CellFormat;

/* All rows of the query; *rows counts them. */
BaseStatus sparql_write_rows(KgQuery *query, const CellFormat *format, FILE *out, uint64_t *rows, BaseError *err);

#endif
