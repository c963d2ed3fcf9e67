/* turtle.h - a Turtle document as a list of triples, for reading test manifests, their data and expected results
 * without the readers under test. */
#ifndef KGQ_TESTS_SPARQL_TURTLE_H
#define KGQ_TESTS_SPARQL_TURTLE_H

#include "kg/kg.h"

typedef struct Fact {
    KgTerm s, p, o;
} Fact;

typedef struct Document {
    Fact *items;
    size_t count, capacity;
    BaseArena arena;
} Document;

/* Relative IRIs are resolved against `base`. False: it cannot be read. */
bool read_turtle(const char *path, const char *base, Document *out);
void free_document(Document *document);
/* The object of the first s p o; NULL: none. */
const KgTerm *object_of(const Document *document, const KgTerm *s, const char *p);
bool same_term(const KgTerm *a, const KgTerm *b);
bool term_is(const KgTerm *term, const char *text);

#endif
