/* ask.h - a query run on a fixture's database, its answer as text. */
#ifndef KGQ_TESTS_SPARQL_ASK_H
#define KGQ_TESTS_SPARQL_ASK_H

#include "../fixture.h"

/* Adds "s p o" in the syntax of kg_parse_term, one field after another, three to a triple; NULL ends. */
static inline void add_facts(KgStore *store, KgLayer layer, const char *const *fields)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(store);
    for (; *fields; fields += 3) {
        const KgRecord record = {
            .triple = {intern_field(txn, fields[0]), intern_field(txn, fields[1]), intern_field(txn, fields[2])}};
        expect_ok(kg_add(txn, layer, &record, NULL, &err), &err);
    }
    commit(txn);
}

/* The result in `format`; the caller frees it. */
static inline char *ask_as(KgStore *store, const char *text, KgResultFormat format, int width, unsigned layers)
{
    BaseError err = {0};
    KgQuery *query = NULL;
    static char *result; /* the stream keeps its address until it is closed */
    static size_t length;
    uint64_t rows = 0;
    FILE *const out = open_memstream(&result, &length);
    KgTxn *const txn = begin_read(store);
    assert_non_null(out);
    BaseStatus status = kg_query_open(txn, text, strlen(text), &(KgQueryOptions){.layers = layers}, &query, &err);
    if (status == BASE_OK)
        status = kg_query_write(query, format, width, out, &rows, &err);
    if (status != BASE_OK)
        print_error("%s\n", text);
    expect_ok(status, &err);
    kg_query_close(query);
    kg_abort(txn);
    fclose(out);
    return result;
}

static inline char *ask(KgStore *store, const char *text)
{
    return ask_as(store, text, KG_RESULT_TSV, 0, 0);
}

/* The answer in TSV without its header is `expected`, line for line. */
#define expect_answer(store, text, expected) expect_answer_at((store), (text), (expected), __FILE__, __LINE__)
static inline void expect_answer_at(KgStore *store, const char *text, const char *expected, const char *file, int line)
{
    char *const result = ask(store, text);
    const char *const rows = strchr(result, '\n') + 1;
    if (strcmp(rows, expected) != 0) {
        print_error("%s\nexpected:\n%sfound:\n%s", text, expected, rows);
        _fail(file, line);
    }
    free(result);
}

#endif
