/* export.h - private to kg/io: what export.c, which goes through the triples, shares with export_text.c, which writes
 * them. */
#ifndef KGQ_KG_IO_EXPORT_H
#define KGQ_KG_IO_EXPORT_H

#include "kg/store.h"

#define KG_EXPORT_CACHE 1024

typedef struct KgWrittenTerm {
    KgId id; /* KG_ANY: none */
    unsigned short length;
    char text[246];
} KgWrittenTerm;

typedef struct KgExport {
    KgTxn *txn;
    KgFormat format;
    FILE *out;
    BaseBuffer text; /* not yet written */
    BaseBuffer field;
    BaseArena arena; /* the term being written; before it, the prefixes */
    KgId graph;      /* that the triples are of */
    KgTriple before; /* the triple last written, for the grouping of Turtle and TriG */
    KgPrefix *prefixes;
    size_t prefix_count;
    KgWrittenTerm cache[2][KG_EXPORT_CACHE]; /* of terms written lately: subjects and objects, predicates */
} KgExport;

/* Each appends to export->text. */
BaseStatus kg_export_begin(KgExport *export, BaseError *err); /* of the file */
BaseStatus kg_export_begin_graph(KgExport *export, KgId graph, BaseError *err);
BaseStatus kg_export_triple(KgExport *export, KgTriple triple, BaseError *err);
BaseStatus kg_export_end_graph(KgExport *export, BaseError *err);

#endif
