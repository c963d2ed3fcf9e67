/* fact_file.h - delimited files of facts (TSV, CSV without quotes) read into relations. Private to the room. */
#ifndef KGQ_REASONER_FACT_FILE_H
#define KGQ_REASONER_FACT_FILE_H

#include "reasoner/relation.h"

#define NO_CELL UINT32_MAX /* a cell that its column refuses: the record is dropped */

/* The value of each distinct text met in cells: `make` is asked once a text. Start from {.make, .context}. */
typedef struct CellTable {
    /* The value's number, or NO_CELL. false: no memory. */
    bool (*make)(void *context, const char *bytes, size_t length, uint32_t *out);
    void *context;
    /* private: */
    BaseBuffer entries; /* a CellEntry and its text, one after the other */
    size_t entry_count;
    uint64_t *slots; /* some bits of the hash, and where the entry is; 0: free */
    size_t slot_count;
    uint32_t highest;    /* value given so far, and one more */
    bool is_many_to_one; /* two texts may have the same value */
} CellTable;
void reasoner_cells_free(CellTable *table);
/* The value of a text; false: no memory. */
bool reasoner_cell(CellTable *table, const char *bytes, size_t length, uint32_t *out);

/* How the records of a file become tuples. */
typedef struct FactFormat {
    char delimiter;
    uint32_t columns;         /* of the file; a record with another number is dropped */
    CellTable *const *tables; /* by column; NULL: the column is left out */
    uint64_t limit;           /* records read at most; 0: all */
    uint64_t *dropped;        /* counts records left out; NULL: not wanted */
    bool stops_at_quotes;     /* at the first quote mark give up: the file needs a reader that knows them */
} FactFormat;

/* Adds the records of the file ("-": standard input; gzip and zstd are unpacked) to the relation at height 0; blank
 * lines are skipped. *records counts those read, dropped ones too.
 * BASE_NOT_FOUND, BASE_IO, BASE_BAD_INPUT: as base_input_open and base_input_read; BASE_END, no message: a quote mark
 * where stops_at_quotes, rows before it may have been added. */
BaseStatus reasoner_read_facts(const char *path, const FactFormat *format, Relation *relation, uint64_t *records,
                               BaseJob *job, BaseError *err);

#endif
