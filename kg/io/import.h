/* import.h - private to kg/io: what import.c, which keeps the transaction and the counts, shares with the readers of
 * each format, which find triples and faults. */
#ifndef KGQ_KG_IO_IMPORT_H
#define KGQ_KG_IO_IMPORT_H

#include "kg/io/lines.h"
#include "kg/names.h"

#define KG_COLUMNS 64

typedef struct KgImporter {
    KgTxn *txn;
    KgImportOptions options;
    const BaseSink *sink;
    BaseJob *job;
    int places[KG_COLUMNS]; /* per column: 0 head, 1 relation, 2 tail, -1 skipped */
    size_t column_count;
    BaseBuffer type_iri; /* of options.type_relation; empty: none */
    BaseNewFile rejects;
    bool rejects_open, rejects_need_newline;
    bool refused; /* too many faults: the rest is read for its faults only */
    bool stopped; /* at a fault that leaves the rest of a file without meaning */
    uint64_t faults, steps;
    struct {
        KgRecord *items;
        size_t count, capacity;
    } records;
    BaseArena arena; /* of the line being read */
    /* the file being read */
    BaseInput *input;
    KgImport row;
    char stage[80];
} KgImporter;

/* Takes a triple of the current file. */
BaseStatus kg_import_triple(KgImporter *importer, const KgTerm terms[3], BaseError *err);
/* Takes a fault: it lies `fault->offset` bytes into `record`, which begins at line `line` of the file; the record goes
 * to the rejects as it stands. */
BaseStatus kg_import_fault(KgImporter *importer, KgText record, uint32_t line, const KgFault *fault, BaseError *err);
/* A fault at which reading the file must stop, so that nothing is imported; its place is in `at`. */
void kg_import_stop(KgImporter *importer, BaseSource at, const char *message);
/* Now and then: progress, and BASE_CANCELLED. */
BaseStatus kg_import_step(KgImporter *importer, BaseError *err);
/* A fault of a triple that RDF does not have; `place` says which of the three. */
BaseStatus kg_check_triple(const KgTerm terms[3], int *place, KgFault *fault);
/* Invalid UTF-8 and NUL bytes. */
BaseStatus kg_check_bytes(KgText record, KgFault *fault);

/* What a format of one triple a line does with each line, which is number `number` of the file. */
typedef BaseStatus KgTakeLine(KgImporter *importer, KgText record, uint32_t number, BaseError *err);
/* Hands every line of importer->input to `take`, whose use of the arena ends with it. */
BaseStatus kg_read_lines(KgImporter *importer, KgTakeLine *take, BaseError *err);

/* Each reads importer->input to its end. */
BaseStatus kg_read_tsv(KgImporter *importer, BaseError *err);
BaseStatus kg_read_csv(KgImporter *importer, BaseError *err);
BaseStatus kg_read_ntriples(KgImporter *importer, BaseError *err);
BaseStatus kg_read_turtle(KgImporter *importer, BaseError *err);

#endif
