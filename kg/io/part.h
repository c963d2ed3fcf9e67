/* part.h - private to kg/io: one part of a file, read by one thread by itself: the statements in it as a batch, its
 * faults and its bad lines. What is said of a part is the same wherever it was cut. */
#ifndef KGQ_KG_IO_PART_H
#define KGQ_KG_IO_PART_H

#include "kg/load.h"
#include "kg/names.h"

#define KG_COLUMNS 64
/* Faults told one by one at most; the rest are counted. */
#define KG_FAULTS_TOLD 1000

/* What a file is read by: the same for all its parts. */
typedef struct KgReading {
    const char *name; /* for messages */
    KgFormat format;
    int places[KG_COLUMNS]; /* per column of TSV and CSV: 0 head, 1 relation, 2 tail, -1 skipped */
    size_t column_count;
    bool object_literal;
    KgText type_iri;       /* of the name that means rdf:type; empty: none */
    KgTerm graph;          /* where statements go that name no graph; kind 0: the default graph */
    KgText base;           /* that relative IRIs are resolved against until the file names one; empty: none */
    char blank_prefix[16]; /* in front of the labels of blank nodes of RDF formats, which are the file's own */
    bool keeps_rejects;
} KgReading;

/* A place of the statement before, as it was written: most lines repeat one. */
typedef struct KgWritten {
    KgText text; /* in the part's text */
    KgId id;
} KgWritten;

typedef struct KgPart {
    const KgReading *reading;
    KgText text;   /* of a part that is a run of lines; its rejects lie in it */
    bool is_clean; /* all of `text` is UTF-8 without NUL bytes */
    KgBatch batch;
    BaseArena arena; /* of the statement being read */
    KgWritten before[4];
    KgId graph; /* reading->graph in the batch; KG_ANY: not yet there */
    uint64_t lines, triples, fault_count;
    bool is_stopped; /* at a fault that leaves the rest of the file without meaning */
    struct {
        BaseError *items; /* their lines count from 1 at the part's first line */
        size_t count, capacity;
    } faults; /* the first KG_FAULTS_TOLD */
    struct {
        KgText *items;
        size_t count, capacity;
    } rejects;
} KgPart;

/* What a format of one statement a line does with each line. */
typedef BaseStatus KgTakeLine(KgPart *part, KgText record, BaseError *err);
/* Hands every line of part->text to `take`, whose use of the arena ends with it. */
BaseStatus kg_part_read_lines(KgPart *part, KgTakeLine *take, BaseError *err);

/* Takes a statement; of kind 0 are a graph that is not named, and terms whose id is in `known` already. */
BaseStatus kg_part_add(KgPart *part, const KgTerm terms[4], KgId known[4], BaseError *err);
/* Takes a fault of `record`, which begins at the line after part->lines. */
BaseStatus kg_part_fault(KgPart *part, KgText record, const KgFault *fault, BaseError *err);
void kg_part_clear(KgPart *part); /* empty, memory kept for the next use */
void kg_part_free(KgPart *part);

/* Blank node `label` of an RDF file as it is known in the database; false: no memory. */
bool kg_part_blank(KgPart *part, KgText label, KgText *out);
/* A fault of a statement that RDF does not have; `place` says which of the four terms. */
BaseStatus kg_check_triple(const KgTerm terms[4], int *place, KgFault *fault);
BaseStatus kg_check_utf8(KgText record, KgFault *fault);
/* That, and no NUL bytes, which only the literals of RDF formats may have. */
BaseStatus kg_check_bytes(KgText record, KgFault *fault);

#endif
