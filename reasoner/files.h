/* files.h - a program run by itself: its relations and values, and the files they come from and go to. Private to the
 * room. */
#ifndef KGQ_REASONER_FILES_H
#define KGQ_REASONER_FILES_H

#include "reasoner/evaluate.h"
#include "reasoner/transfer.h"
#include "reasoner/value_text.h"

typedef struct FileRun {
    const ReasonerProgram *program;
    const ReasonerFilesOptions *options;
    Evaluation evaluation; /* its relations, rules and values belong to this */
    BaseJob *job;
    uint64_t records; /* read in all */
    uint64_t bad_rows;
} FileRun;

/* The relation that holds a predicate of the program. */
uint32_t reasoner_relation_of(const ReasonerProgram *program, uint32_t predicate);
BaseStatus reasoner_out_of_values(BaseError *err); /* BASE_NO_MEMORY */

/* Explains the facts that the options name. */
BaseStatus reasoner_explain_files(const FileRun *run, BaseError *err);

/* Writes one @export. */
BaseStatus reasoner_export(FileRun *run, const Transfer *transfer, BaseError *err);

/* By kind of file. */
BaseStatus reasoner_import_table(FileRun *run, const Transfer *transfer, const char *path, BaseError *err);
BaseStatus reasoner_import_rdf(FileRun *run, const Transfer *transfer, const char *path, BaseError *err);
BaseStatus reasoner_import_json(FileRun *run, const Transfer *transfer, const char *path, BaseError *err);

/* A row that is left out: told, when not too many were. */
void reasoner_bad_row(FileRun *run, const char *path, uint64_t line, uint32_t column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* table_file.c: records of a delimited file with quotes by RFC 4180, one by one. */
typedef struct TableReader TableReader;
typedef struct TableRecord {
    const KgText *cells;     /* borrowed until the next record */
    const uint32_t *columns; /* where each begins: characters from 1 */
    uint32_t count;
    uint64_t line;
} TableRecord;
BaseStatus reasoner_table_open(const char *path, char delimiter, bool quoting, TableReader **out, BaseError *err);
void reasoner_table_close(TableReader *reader);
/* BASE_END after the last. Blank lines are passed over. */
BaseStatus reasoner_table_next(TableReader *reader, TableRecord *out, BaseError *err);

#endif
