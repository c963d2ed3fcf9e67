/* quads.h - what the readers find in a file, without a database: its statements, to be compared up to the labels of
 * blank nodes, and its faults. */
#ifndef KGQ_TESTS_RDF_QUADS_H
#define KGQ_TESTS_RDF_QUADS_H

#include "kg/io/import.h"

typedef struct Quad {
    KgTerm places[4]; /* s, p, o, g; g of kind 0: the default graph */
} Quad;

typedef struct Quads {
    Quad *items;
    size_t count, capacity;
    BaseArena arena;
    uint64_t fault_count, lines;
    BaseError fault; /* the first */
} Quads;

/* Relative IRIs are resolved against `base` (NULL: none). BASE_OK also when there were faults in lines. Options may be
 * NULL. */
BaseStatus read_quads(const char *path, KgFormat format, const char *base, const KgImportOptions *options, int threads,
                      size_t chunk_bytes, Quads *out, BaseError *err);
void free_quads(Quads *quads);
/* As sets, up to a renaming of blank nodes. */
bool same_quads(const Quads *a, const Quads *b);
/* As N-Quads, for messages; the caller's to free. */
char *quads_text(const Quads *quads);

#endif
