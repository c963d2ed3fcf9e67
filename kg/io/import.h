/* import.h - private to kg/io: what import.c, which keeps the transaction and the counts, shares with the readers of
 * each format, which find statements and faults. */
#ifndef KGQ_KG_IO_IMPORT_H
#define KGQ_KG_IO_IMPORT_H

#include "kg/io/part.h"

/* Gets what is read, in the order of the file. */
typedef BaseStatus KgTakeBatch(void *context, const KgBatch *batch, uint32_t source, BaseError *err);

typedef struct KgImporter {
    KgTxn *txn; /* the readers need none */
    KgImportOptions options;
    const BaseSink *sink;
    BaseJob *job;
    KgTakeBatch *take_batch;
    void *context;       /* of take_batch */
    size_t chunk_bytes;  /* that files are read in; 0: the usual */
    KgReading reading;   /* of the file being read */
    BaseBuffer type_iri; /* what reading.type_iri points to */
    BaseArena arena;     /* of reading.graph */
    BaseNewFile rejects;
    bool rejects_open, rejects_need_newline;
    bool refused; /* too many faults: the rest is read for its faults only */
    bool stopped; /* at a fault that leaves the rest of a file without meaning */
    uint64_t faults;
    /* the file being read */
    BaseInput *input;
    uint64_t position; /* how much of it is taken */
    KgImport row;
    char stage[80];
} KgImporter;

/* Fills in importer->reading from importer->options. */
BaseStatus kg_import_read_options(KgImporter *importer, BaseError *err);
/* Reads one file. */
BaseStatus kg_import_one(KgImporter *importer, const char *name, BaseError *err);
void kg_import_free(KgImporter *importer);

/* Takes what is in the part, which comes after all that was taken before, and clears it. */
BaseStatus kg_import_take(KgImporter *importer, KgPart *part, BaseError *err);
/* The same for a reader on the caller's thread that goes on with one part: only when enough is in it, or a fault, whose
 * record the reader will not keep. */
BaseStatus kg_import_take_some(KgImporter *importer, KgPart *part, BaseError *err);

/* Each reads importer->input to its end. */
BaseStatus kg_read_tsv(KgImporter *importer, BaseError *err);
BaseStatus kg_read_csv(KgImporter *importer, BaseError *err);
BaseStatus kg_read_ntriples(KgImporter *importer, BaseError *err); /* and N-Quads */
BaseStatus kg_read_turtle(KgImporter *importer, BaseError *err);   /* and TriG */

#endif
