/* readers.h - one input through one reader, for the fuzzers and for the replay of their corpora. */
#ifndef KGQ_TESTS_FUZZ_READERS_H
#define KGQ_TESTS_FUZZ_READERS_H

#include <stddef.h>
#include <stdint.h>

/* tsv, csv, ntriples, nquads, turtle, trig, packed (gzip or zstd of TSV), term (kg_parse_term), sparql (queries and
 * updates parsed), answer (run on a small database). Aborts when a promise is broken. */
void fuzz_reader(const char *kind, const uint8_t *data, size_t size);

#endif
