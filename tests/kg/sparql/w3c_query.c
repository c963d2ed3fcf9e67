/* w3c_query.c - query tests: syntax, and evaluation with the result in every format. */
#include "w3c.h"

#include "endpoints.h"
#include "kg/sparql/parse.h"

Outcome run_syntax(Test *test, bool is_good)
{
    const KgTerm *const file = object_of(test->manifest, test->node, MF "action");
    BaseError err = {0};
    BaseArena arena = {0};
    AstSelect *query;
    AstUpdate *update;
    char *const text = read_query_text(file);
    const size_t length = strlen(text);
    const BaseStatus status = ends_with(path_of(file), ".ru")
                                  ? sparql_parse_update(text, length, "<update>", NULL, NULL, 0, &arena, &update, &err)
                                  : sparql_parse(text, length, "<query>", NULL, NULL, 0, &arena, &query, &err);
    const Outcome outcome = (status == BASE_OK) == is_good ? PASSED : FAILED;
    if (outcome != PASSED)
        snprintf(test->why, sizeof test->why, "%s", status == BASE_OK ? "it was accepted" : err.message);
    base_arena_free(&arena);
    free(text);
    return outcome;
}

static bool read_expected(const KgTerm *result, Solutions *out)
{
    const char *const path = path_of(result);
    if (ends_with(path, ".srx") || ends_with(path, ".rdf"))
        return read_xml_solutions(path, out);
    if (ends_with(path, ".srj"))
        return read_json_solutions(path, out);
    return ends_with(path, ".ttl") && read_turtle_solutions(path, result->text.bytes, out);
}

/* ---- Results as text ---- */

/* What the standard leaves open in CSV and TSV: line ends, labels of blank nodes, the case of an exponent. */
static void normalise(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        if (*in == '\r')
            continue;
        *out++ = *in == 'E' && in > text && in[-1] >= '0' && in[-1] <= '9' ? 'e' : *in;
        if (in[0] == '_' && in[1] == ':') {
            *out++ = ':';
            while (in[1] && !strchr(",\t\r\n", in[1]))
                in++;
        }
    }
    *out = '\0';
}

static char *write_as(KgTxn *txn, const char *text, const KgQueryOptions *options, KgResultFormat format)
{
    BaseError err = {0};
    KgQuery *query = NULL;
    char *bytes = NULL;
    size_t length;
    FILE *const out = open_memstream(&bytes, &length);
    assert_non_null(out);
    expect_ok(kg_query_open(txn, text, strlen(text), options, &query, &err), &err);
    expect_ok(kg_query_write(query, format, 0, out, NULL, &err), &err);
    kg_query_close(query);
    fclose(out);
    return bytes;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The same lines; their order is open. */
static bool same_lines(char *a, char *b)
{
    char *lines[2][1000], *texts[2] = {a, b};
    size_t counts[2] = {0};
    for (int i = 0; i < 2; i++) {
        for (char *line; (line = strsep(&texts[i], "\n")) != NULL && counts[i] < 1000;)
            lines[i][counts[i]++] = line;
        qsort(lines[i] + 1, counts[i] - 1, sizeof *lines[i], compare_lines); /* behind the header */
    }
    bool is_same = counts[0] == counts[1];
    for (size_t k = 0; k < counts[0] && is_same; k++)
        is_same = strcmp(lines[0][k], lines[1][k]) == 0;
    return is_same;
}

static Outcome compare_text(Test *test, KgTxn *txn, const char *text, const char *path)
{
    BaseError err = {0};
    char *wanted;
    size_t length;
    char *const got = write_as(txn, text, NULL, ends_with(path, ".csv") ? KG_RESULT_CSV : KG_RESULT_TSV);
    expect_ok(base_read_file(path, &wanted, &length, &err), &err);
    normalise(got);
    normalise(wanted);
    const bool is_same = same_lines(got, wanted);
    snprintf(test->why, sizeof test->why, "other text than %s", path);
    free(got);
    free(wanted);
    return is_same ? PASSED : FAILED;
}

/* ---- Results as solutions ---- */

/* Written in the format and read again, it is what was wanted. */
static bool survives(const Test *test, KgTxn *txn, const char *text, const KgQueryOptions *options,
                     KgResultFormat format, const Solutions *wanted)
{
    Solutions got = {0};
    char *const folder = make_temporary_folder(), *const path = base_join_path(folder, "result");
    char *const bytes = write_as(txn, text, options, format);
    write_text_file(path, bytes);
    const bool is_read = format == KG_RESULT_JSON  ? read_json_solutions(path, &got)
                         : format == KG_RESULT_XML ? read_xml_solutions(path, &got)
                                                   : read_turtle_solutions(path, "file:///", &got);
    const bool is_same = is_read && same_solutions(&got, wanted, test->in_order);
    free_solutions(&got);
    expect_ok(base_remove(folder, NULL), NULL);
    free(bytes);
    free(path);
    free(folder);
    return is_same;
}

static bool all_survive(Test *test, KgTxn *txn, const char *text, const KgQueryOptions *options, KgQueryForm form,
                        const Solutions *wanted)
{
    static const KgResultFormat tables[] = {KG_RESULT_JSON, KG_RESULT_XML};
    static const KgResultFormat graphs[] = {KG_RESULT_TURTLE, KG_RESULT_NTRIPLES};
    static const char *const names[] = {[KG_RESULT_JSON] = "JSON",
                                        [KG_RESULT_XML] = "XML",
                                        [KG_RESULT_TURTLE] = "Turtle",
                                        [KG_RESULT_NTRIPLES] = "N-Triples"};
    for (int i = 0; i < 2; i++) {
        const KgResultFormat format = (form == KG_SELECT || form == KG_ASK ? tables : graphs)[i];
        if (!survives(test, txn, text, options, format, wanted)) {
            snprintf(test->why, sizeof test->why, "other solutions when written in %s", names[format]);
            return false;
        }
    }
    return true;
}

static Outcome compare_solutions(Test *test, KgTxn *txn, const char *text, const KgQueryOptions *options)
{
    BaseError err = {0};
    KgQuery *query = NULL;
    Solutions got = {0}, wanted = {0};
    Outcome outcome = FAILED;
    if (!read_expected(object_of(test->manifest, test->node, MF "result"), &wanted)) {
        snprintf(test->why, sizeof test->why, "the expected result cannot be read");
        outcome = SKIPPED;
    } else if (kg_query_open(txn, text, strlen(text), options, &query, &err) != BASE_OK ||
               !read_query(query, &got, &err)) {
        snprintf(test->why, sizeof test->why, "%s", err.message);
    } else if (!same_solutions(&got, &wanted, test->in_order)) {
        snprintf(test->why, sizeof test->why, "other solutions: %zu cells, expected %zu", got.cells.count,
                 wanted.cells.count);
    } else if (all_survive(test, txn, text, options, kg_query_form(query), &wanted)) {
        outcome = PASSED;
    }
    kg_query_close(query);
    free_solutions(&got);
    free_solutions(&wanted);
    return outcome;
}

/* ---- Data ---- */

/* What FROM and FROM NAMED speak of is a file each: a named graph, for the query to choose. */
static BaseStatus add_dataset(KgTxn *txn, const KgTerm *file, BaseError *err)
{
    BaseArena arena = {0};
    AstSelect *query;
    char *const text = read_query_text(file);
    BaseStatus status = BASE_OK;
    if (sparql_parse(text, strlen(text), "<query>", NULL, NULL, 0, &arena, &query, NULL) == BASE_OK)
        for (const AstDataset *one = query->dataset; one && status == BASE_OK; one = one->next)
            status = add_named(txn, &one->iri, err);
    base_arena_free(&arena);
    free(text);
    return status;
}

static BaseStatus load(const Test *test, const KgTerm *action, BaseError *err)
{
    const Document *const manifest = test->manifest;
    const KgTerm *const data = object_of(manifest, action, QT "data");
    KgTxn *const txn = begin_write(test->store);
    BaseStatus status = kg_update(txn, "CLEAR ALL", 9, NULL, NULL, err);
    if (status == BASE_OK && data)
        status = add_data(txn, KG_ANY, data, err);
    for (size_t i = 0; i < manifest->count && status == BASE_OK; i++)
        if (same_term(&manifest->items[i].s, action) && term_is(&manifest->items[i].p, QT "graphData"))
            status = add_named(txn, &manifest->items[i].o, err);
    if (status == BASE_OK)
        status = add_dataset(txn, object_of(manifest, action, QT "query"), err);
    if (status == BASE_OK && test->prepare)
        status = test->prepare(txn, err);
    if (status == BASE_OK)
        return kg_commit(txn, err);
    kg_abort(txn);
    return status;
}

/* An endpoint for each qt:serviceData, with its data. */
static BaseStatus open_endpoints(const Test *test, const KgTerm *action, Endpoints *endpoints, BaseError *err)
{
    BaseStatus status = BASE_OK;
    endpoints->services = (KgServices){.call = call_endpoint, .context = endpoints};
    for (size_t i = 0; i < test->manifest->count && status == BASE_OK; i++) {
        const Fact *const fact = &test->manifest->items[i];
        if (!same_term(&fact->s, action) || !term_is(&fact->p, QT "serviceData"))
            continue;
        const KgTerm *const iri = object_of(test->manifest, &fact->o, QT "endpoint");
        const KgTerm *const data = object_of(test->manifest, &fact->o, QT "data");
        if (!iri || !data)
            return base_fail(err, BASE_BAD_INPUT, "an endpoint without a name or data");
        KgTxn *const txn = begin_write(add_endpoint(endpoints, iri->text.bytes));
        status = add_data(txn, KG_ANY, data, err);
        commit(txn);
    }
    return status;
}

Outcome run_evaluation(Test *test)
{
    const KgTerm *const action = object_of(test->manifest, test->node, MF "action");
    const KgTerm *const result = object_of(test->manifest, test->node, MF "result");
    const KgTerm *const file = action ? object_of(test->manifest, action, QT "query") : NULL;
    BaseError err = {0};
    Endpoints endpoints = {0};
    if (!file || !result) {
        snprintf(test->why, sizeof test->why, "the test has no query or no result");
        return SKIPPED;
    }
    Outcome outcome = SKIPPED;
    if (load(test, action, &err) != BASE_OK || open_endpoints(test, action, &endpoints, &err) != BASE_OK) {
        snprintf(test->why, sizeof test->why, "%s", err.message);
    } else {
        char *const text = read_query_text(file);
        KgTxn *const txn = begin_read(test->store);
        const char *const path = path_of(result);
        outcome = ends_with(path, ".csv") || ends_with(path, ".tsv")
                      ? compare_text(test, txn, text, path)
                      : compare_solutions(test, txn, text, &(KgQueryOptions){.services = &endpoints.services});
        kg_abort(txn);
        free(text);
    }
    drop_endpoints(&endpoints);
    return outcome;
}
