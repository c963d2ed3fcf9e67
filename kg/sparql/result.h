/* result.h - what the writers of results share. */
#ifndef KGQ_KG_SPARQL_RESULT_H
#define KGQ_KG_SPARQL_RESULT_H

#include "kg/sparql/terms.h"

/* One format's writer. *rows counts what it wrote. Stream errors are the caller's to check. */
BaseStatus sparql_write_json(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err);
BaseStatus sparql_write_xml(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err);
BaseStatus sparql_write_csv(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err);
BaseStatus sparql_write_tsv(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err);
BaseStatus sparql_write_table(KgQuery *query, int width, FILE *out, uint64_t *rows, BaseError *err);
BaseStatus sparql_write_markdown(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err);
BaseStatus sparql_write_ntriples(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err);
BaseStatus sparql_write_turtle(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err);

/* The prefix that shortens the IRI most, and the rest of it, where that is a plain local name; NULL: none. */
const KgPrefix *sparql_find_prefix(KgText iri, const KgPrefix *prefixes, size_t count, KgText *local);
/* Whether the literal can be written without quotes in Turtle and in TSV results: 4, 5.5, 1.0e6. */
bool sparql_is_bare_number(const KgTerm *term);
/* A number for people: any numeric datatype. */
bool sparql_is_number(const KgTerm *term);
BaseStatus sparql_write_no_memory(BaseError *err);
/* Rows of the result as ids, for those who write many. */
typedef struct ResultRows {
    const KgId *ids; /* row by row, `width` each */
    size_t count, width;
    const uint32_t *places; /* in a row, of the columns */
    const char *const *names;
    Terms *terms;
} ResultRows;
static inline KgId result_id(const ResultRows *rows, size_t row, size_t column)
{
    return rows->ids[row * rows->width + rows->places[column]];
}
/* The next ones, borrowed until the next call; BASE_END after the last (query.c). */
BaseStatus sparql_query_rows(KgQuery *query, ResultRows *out, BaseError *err);
/* What a cell that could not be read left behind, or BASE_OK (query.c). */
BaseStatus sparql_query_status(const KgQuery *query, BaseError *err);
/* The prefixes of the database, for the life of the query (query.c). */
BaseStatus sparql_query_prefixes(KgQuery *query, KgPrefix **out, size_t *count, BaseError *err);

#endif
