/* transfer.h - what @import and @export say, read and checked. Private to the room. */
#ifndef KGQ_REASONER_TRANSFER_H
#define KGQ_REASONER_TRANSFER_H

#include "reasoner/program.h"

typedef enum FileKind {
    FILE_TABLE, /* csv, tsv, dsv */
    FILE_RDF,
    FILE_JSON,
} FileKind;

typedef enum CellFormat { CELL_ANY, CELL_STRING, CELL_INT, CELL_DOUBLE, CELL_SKIP } CellFormat;

typedef enum Compression { COMPRESSION_BY_NAME, COMPRESSION_NONE, COMPRESSION_GZIP } Compression;

typedef struct TransferPlan {
    FileKind kind;
    const char *extension; /* csv, nt, ...: of the default name, and the kind of RDF */
    const char *resource;  /* a path; "": standard input or output; NULL: named after the predicate */
    Compression compression;
    CellFormat *columns; /* of the file; NULL: all `any`, as many as the predicate has */
    uint32_t column_count;
    uint64_t limit; /* records; 0: all */
    char delimiter;
    bool quoting, ignore_headers;
    const char *base; /* NULL: none */
} TransferPlan;

/* How many arguments it gives the predicate; 0: as many as the predicate has elsewhere. */
uint32_t reasoner_transfer_arity(const TransferPlan *plan);

#endif
