/* w3c.h - one test of the W3C suites: its data, its query or request, and whether the outcome is what it should be. */
#ifndef KGQ_TESTS_SPARQL_W3C_H
#define KGQ_TESTS_SPARQL_W3C_H

#include "../fixture.h"
#include "solutions.h"
#include "turtle.h"

#define MF "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
#define QT "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
#define UT "http://www.w3.org/2009/sparql/tests/test-update#"
#define RDFS "http://www.w3.org/2000/01/rdf-schema#"
#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

typedef enum Outcome { PASSED, FAILED, SKIPPED, APART } Outcome; /* APART: of a suite that is not for a database */

typedef struct Test {
    KgStore *store; /* its database, for the time of the test */
    const Document *manifest;
    const KgTerm *node;
    bool in_order;                                     /* solutions compare in order */
    BaseStatus (*prepare)(KgTxn *txn, BaseError *err); /* called once the data are there; may be NULL */
    char why[512];                                     /* when it is not passed */
} Test;

Outcome run_syntax(Test *test, bool is_good);
Outcome run_evaluation(Test *test);
Outcome run_update(Test *test);

/* ---- Data ---- */

const char *path_of(const KgTerm *iri); /* IRIs of files are "file://" and the path; NULL: another IRI */
bool ends_with(const char *text, const char *end);
bool read_data(const KgTerm *data, Document *out); /* Turtle, N-Triples or RDF/XML */
/* Adds the file's triples to the graph; BASE_NOT_FOUND when it cannot be read. */
BaseStatus add_data(KgTxn *txn, KgId graph, const KgTerm *data, BaseError *err);
BaseStatus add_named(KgTxn *txn, const KgTerm *file, BaseError *err); /* to the graph of its own name */
char *read_query_text(const KgTerm *iri); /* with its own place as the base; the caller frees it */

#endif
