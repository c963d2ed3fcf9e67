/* service.h - what the files of SERVICE share: the query that asks an endpoint for a number of rows at once, and the
 * answer that comes back. */
#ifndef KGQ_KG_SPARQL_SERVICE_H
#define KGQ_KG_SPARQL_SERVICE_H

#include "kg/sparql/operator.h"

/* Appends the query. `rows`: `count` of them, spec->count ids each, 0 for unbound; they are sent along as VALUES, but
 * for our blank nodes, which mean nothing elsewhere. */
BaseStatus sparql_write_service_query(Run *run, const ServiceSpec *spec, const KgId *rows, size_t count,
                                      BaseBuffer *out, BaseError *err);

/* Rows of 1 + spec->count cells: which of the rows sent it belongs to, and what came back. */
typedef struct ServiceRows {
    KgId *items;
    size_t count, capacity; /* of cells */
} ServiceRows;
/* Appends the rows of a document of SPARQL 1.1 results in JSON, the answer to a query with `sent` rows. New terms are
 * interned; its blank nodes become new ones of the query, alike within one answer only. BASE_BAD_INPUT: it is not such
 * a document. */
BaseStatus sparql_read_service_answer(Run *run, const ServiceSpec *spec, const BaseBuffer *text, size_t sent,
                                      ServiceRows *out, BaseError *err);

#endif
