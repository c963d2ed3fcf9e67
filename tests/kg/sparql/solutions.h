/* solutions.h - a query's answer as plain rows, read from the query, from an expected-result file, and compared up to
 * the names of blank nodes. */
#ifndef KGQ_TESTS_SPARQL_SOLUTIONS_H
#define KGQ_TESTS_SPARQL_SOLUTIONS_H

#include "kg/kg.h"

#define MOST_COLUMNS 64

typedef struct Solutions {
    bool is_boolean, answer;
    const char *names[MOST_COLUMNS];
    size_t width;
    struct {
        KgTerm *items; /* row by row; kind 0: unbound */
        size_t count, capacity;
    } cells;
    BaseArena arena;
} Solutions;

bool read_query(KgQuery *query, Solutions *out, BaseError *err);
/* SPARQL results in XML, or the result-set vocabulary in RDF/XML. */
bool read_xml_solutions(const char *path, Solutions *out);
bool read_json_solutions(const char *path, Solutions *out);
/* The result-set vocabulary in Turtle, or, without it, a graph as rows of three. */
bool read_turtle_solutions(const char *path, const char *base, Solutions *out);
void free_solutions(Solutions *solutions);
/* As bags, or in order; numbers by value and datatype. */
bool same_solutions(const Solutions *a, const Solutions *b, bool in_order);

#endif
