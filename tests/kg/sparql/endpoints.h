/* endpoints.h - SPARQL endpoints within the test: names of databases, called as kg_service_http would be. */
#ifndef KGQ_TESTS_SPARQL_ENDPOINTS_H
#define KGQ_TESTS_SPARQL_ENDPOINTS_H

#include "ask.h"

#define MOST_ENDPOINTS 4

typedef struct Endpoints {
    struct {
        const char *iri;
        Fixture *fixture;
        void *state; /* of make_fixture */
    } items[MOST_ENDPOINTS];
    size_t count;
    KgServices services;
    size_t calls;        /* so far */
    char *last;          /* the last query asked */
    const char *instead; /* says this, whatever was asked; NULL: the answer */
} Endpoints;

static inline BaseStatus answer_here(Endpoints *endpoints, KgStore *store, const KgServiceRequest *request,
                                     BaseBuffer *answer, BaseError *err)
{
    KgTxn *const txn = begin_read(store);
    KgQuery *query = NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *const out = open_memstream(&text, &length);
    assert_non_null(out);
    BaseStatus status = kg_query_open(txn, request->query, request->length,
                                      &(KgQueryOptions){.services = &endpoints->services}, &query, err);
    if (status == BASE_OK)
        status = kg_query_write(query, KG_RESULT_JSON, 0, out, NULL, err);
    fclose(out);
    assert_true(base_buffer_add(answer, text, length));
    free(text);
    kg_query_close(query);
    kg_abort(txn);
    return status;
}

static inline BaseStatus call_endpoint(void *context, const KgServiceRequest *request, BaseBuffer *answer,
                                       BaseError *err)
{
    Endpoints *const endpoints = context;
    endpoints->calls++;
    free(endpoints->last);
    endpoints->last = strndup(request->query, request->length);
    if (endpoints->instead)
        return base_buffer_add(answer, endpoints->instead, strlen(endpoints->instead)) ? BASE_OK : BASE_NO_MEMORY;
    for (size_t i = 0; i < endpoints->count; i++)
        if (strcmp(endpoints->items[i].iri, request->endpoint) == 0)
            return answer_here(endpoints, endpoints->items[i].fixture->store, request, answer, err);
    return base_fail(err, BASE_IO, "there is no such host");
}

static inline KgStore *add_endpoint(Endpoints *endpoints, const char *iri)
{
    assert_true(endpoints->count < MOST_ENDPOINTS);
    assert_int_equal(make_fixture(&endpoints->items[endpoints->count].state), 0);
    endpoints->items[endpoints->count].iri = iri;
    endpoints->items[endpoints->count].fixture = endpoints->items[endpoints->count].state;
    endpoints->services.call = call_endpoint;
    endpoints->services.context = endpoints;
    return endpoints->items[endpoints->count++].fixture->store;
}

static inline void drop_endpoints(Endpoints *endpoints)
{
    for (size_t i = 0; i < endpoints->count; i++)
        assert_int_equal(drop_fixture(&endpoints->items[i].state), 0);
    free(endpoints->last);
    *endpoints = (Endpoints){0};
}

/* Runs the query to its end. The rows in TSV go to *out, the caller's to free. */
static inline BaseStatus try_query(KgStore *store, const char *text, const KgQueryOptions *options, char **out,
                                   BaseError *err)
{
    KgQuery *query = NULL;
    size_t length;
    FILE *const stream = open_memstream(out, &length);
    assert_non_null(stream);
    KgTxn *const txn = begin_read(store);
    BaseStatus status = kg_query_open(txn, text, strlen(text), options, &query, err);
    if (status == BASE_OK)
        status = kg_query_write(query, KG_RESULT_TSV, 0, stream, NULL, err);
    kg_query_close(query);
    kg_abort(txn);
    fclose(stream);
    return status;
}

#endif
