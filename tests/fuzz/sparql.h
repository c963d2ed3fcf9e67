/* sparql.h - one text through the parser of SPARQL, or all the way to its answer. */
#ifndef KGQ_TESTS_FUZZ_SPARQL_H
#define KGQ_TESTS_FUZZ_SPARQL_H

#include <stddef.h>
#include <stdint.h>

void fuzz_sparql(const uint8_t *data, size_t size); /* parsed as a query and as an update */
void fuzz_answer(const uint8_t *data, size_t size); /* run as what it is, within bounds of time and memory */

#endif
