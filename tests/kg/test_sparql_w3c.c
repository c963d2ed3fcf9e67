/* test_sparql_w3c.c - the W3C suites for SPARQL 1.0 and 1.1: every test of the query and update manifests is run, its
 * outcome printed, and compared with sparql/w3c_exceptions.txt, which names the tests that are not passed, each with
 * the reason. A listed test that passes is as much a failure as an unlisted one that does not: the list stays true. */
#include "fixture.h"
#include "kg/sparql/parse.h"
#include "sparql/solutions.h"
#include "sparql/turtle.h"

#define MF "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
#define QT "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
#define UT "http://www.w3.org/2009/sparql/tests/test-update#"
#define RDFS "http://www.w3.org/2000/01/rdf-schema#"
#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

typedef enum Outcome { PASSED, FAILED, SKIPPED } Outcome;

typedef struct Suite {
    KgStore *store;
    char *exceptions; /* the file's text */
    const char *folder;
    size_t counts[3], surprises;
} Suite;

/* IRIs of files are "file://" and the path. */
static const char *path_of(const KgTerm *iri)
{
    return iri && strncmp(iri->text.bytes, "file://", 7) == 0 ? iri->text.bytes + 7 : NULL;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), size = strlen(end);
    return length >= size && strcmp(text + length - size, end) == 0;
}

static bool read_data(const KgTerm *data, Document *out)
{
    const char *const path = path_of(data);
    return path && (ends_with(path, ".ttl") || ends_with(path, ".nt")) && read_turtle(path, data->text.bytes, out);
}

/* A file's blank nodes are its own. */
static void rename_blank(Document *document, KgTerm *term, KgId graph)
{
    char *label = NULL;
    if (term->kind != KG_BLANK)
        return;
    if (asprintf(&label, "g%llu.%.*s", (unsigned long long)kg_number(graph), (int)term->text.length, term->text.bytes) <
        0)
        fail_msg("no memory");
    term->text = (KgText){base_arena_copy(&document->arena, label, strlen(label)), strlen(label)};
    free(label);
}

/* Adds the file's triples to the graph; BASE_NOT_FOUND when it cannot be read. */
static BaseStatus add_data(KgTxn *txn, KgId graph, const KgTerm *data, BaseError *err)
{
    Document document = {0};
    BaseStatus status = read_data(data, &document) ? BASE_OK : base_fail(err, BASE_NOT_FOUND, "the data is not Turtle");
    for (size_t i = 0; i < document.count && status == BASE_OK; i++) {
        KgRecord record = {0};
        rename_blank(&document, &document.items[i].s, graph);
        rename_blank(&document, &document.items[i].o, graph);
        expect_ok(kg_intern(txn, &document.items[i].s, &record.triple.s, err), err);
        expect_ok(kg_intern(txn, &document.items[i].p, &record.triple.p, err), err);
        expect_ok(kg_intern(txn, &document.items[i].o, &record.triple.o, err), err);
        status = kg_add_in(txn, graph, KG_ASSERTED, &record, NULL, err);
    }
    free_document(&document);
    return status;
}

/* The query with its own place as the base. */
static char *read_query_text(const KgTerm *iri)
{
    char *bytes, *text = NULL;
    size_t length;
    BaseError err = {0};
    expect_ok(base_read_file(path_of(iri), &bytes, &length, &err), &err);
    if (asprintf(&text, "BASE <%s>\n%s", iri->text.bytes, bytes) < 0)
        fail_msg("no memory");
    free(bytes);
    return text;
}

static bool is_unsupported(const BaseError *err)
{
    return strstr(err->message, "not supported yet") != NULL;
}

static Outcome run_syntax(const KgTerm *file, bool is_good, char *why, size_t room)
{
    BaseError err = {0};
    BaseArena arena = {0};
    AstSelect *query;
    AstUpdate *update;
    char *const text = read_query_text(file);
    const size_t length = strlen(text);
    const BaseStatus status = ends_with(path_of(file), ".ru")
                                  ? sparql_parse_update(text, length, "<update>", NULL, 0, &arena, &update, &err)
                                  : sparql_parse(text, length, "<query>", NULL, 0, &arena, &query, &err);
    Outcome outcome = (status == BASE_OK) == is_good ? PASSED : FAILED;
    if (status != BASE_OK && is_unsupported(&err))
        outcome = SKIPPED;
    if (outcome != PASSED)
        snprintf(why, room, "%s", status == BASE_OK ? "it was accepted" : err.message);
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

/* CSV and TSV compare as text, but for line ends, the labels of blank nodes and the case of an exponent. */
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

static Outcome compare_text(KgQuery *query, const char *path, char *why, size_t room)
{
    BaseError err = {0};
    char *got = NULL, *wanted;
    size_t length;
    FILE *const out = open_memstream(&got, &length);
    const KgResultFormat format = ends_with(path, ".csv") ? KG_RESULT_CSV : KG_RESULT_TSV;
    expect_ok(kg_query_write(query, format, 0, out, NULL, &err), &err);
    fclose(out);
    expect_ok(base_read_file(path, &wanted, &length, &err), &err);
    normalise(got);
    normalise(wanted);
    const bool is_same = strcmp(got, wanted) == 0;
    snprintf(why, room, "other text than %s", path);
    free(got);
    free(wanted);
    return is_same ? PASSED : FAILED;
}

static Outcome compare_solutions(const Suite *suite, KgQuery *query, const KgTerm *result, char *why, size_t room)
{
    BaseError err = {0};
    Solutions got = {0}, wanted = {0};
    Outcome outcome = FAILED;
    if (!read_expected(result, &wanted)) {
        snprintf(why, room, "the expected result cannot be read");
        outcome = SKIPPED;
    } else if (!read_query(query, &got, &err)) {
        snprintf(why, room, "%s", err.message);
    } else if (same_solutions(&got, &wanted, ends_with(suite->folder, "/sort"))) {
        outcome = PASSED;
    } else {
        snprintf(why, room, "other solutions: %zu cells, expected %zu", got.cells.count, wanted.cells.count);
    }
    free_solutions(&got);
    free_solutions(&wanted);
    return outcome;
}

static BaseStatus add_named(KgTxn *txn, const KgTerm *file, BaseError *err)
{
    KgId graph;
    const BaseStatus status = kg_intern(txn, file, &graph, err);
    return status == BASE_OK ? add_data(txn, graph, file, err) : status;
}

/* What FROM and FROM NAMED speak of is a file each: a named graph, for the query to choose. */
static BaseStatus add_dataset(KgTxn *txn, const KgTerm *file, BaseError *err)
{
    BaseArena arena = {0};
    AstSelect *query;
    char *const text = read_query_text(file);
    BaseStatus status = BASE_OK;
    if (sparql_parse(text, strlen(text), "<query>", NULL, 0, &arena, &query, NULL) == BASE_OK)
        for (const AstDataset *one = query->dataset; one && status == BASE_OK; one = one->next)
            status = add_named(txn, &one->iri, err);
    base_arena_free(&arena);
    free(text);
    return status;
}

static BaseStatus load(KgStore *store, const Document *manifest, const KgTerm *action, BaseError *err)
{
    const KgTerm *const data = object_of(manifest, action, QT "data");
    KgTxn *const txn = begin_write(store);
    BaseStatus status = kg_update(txn, "CLEAR ALL", 9, NULL, NULL, err);
    if (status == BASE_OK && data)
        status = add_data(txn, KG_ANY, data, err);
    for (size_t i = 0; i < manifest->count && status == BASE_OK; i++)
        if (same_term(&manifest->items[i].s, action) && term_is(&manifest->items[i].p, QT "graphData"))
            status = add_named(txn, &manifest->items[i].o, err);
    if (status == BASE_OK)
        status = add_dataset(txn, object_of(manifest, action, QT "query"), err);
    if (status == BASE_OK)
        return kg_commit(txn, err);
    kg_abort(txn);
    return status;
}

static Outcome run_evaluation(const Suite *suite, const Document *manifest, const KgTerm *test, char *why, size_t room)
{
    const KgTerm *const action = object_of(manifest, test, MF "action");
    const KgTerm *const result = object_of(manifest, test, MF "result");
    const KgTerm *const file = action ? object_of(manifest, action, QT "query") : NULL;
    BaseError loading = {0};
    if (!file || !result) {
        snprintf(why, room, "the test has no query or no result");
        return SKIPPED;
    }
    if (load(suite->store, manifest, action, &loading) != BASE_OK) {
        snprintf(why, room, "%s", loading.message);
        return SKIPPED;
    }
    BaseError err = {0};
    KgQuery *query = NULL;
    char *const text = read_query_text(file);
    KgTxn *const txn = begin_read(suite->store);
    const BaseStatus status = kg_query_open(txn, text, strlen(text), NULL, &query, &err);
    Outcome outcome = status != BASE_OK && is_unsupported(&err) ? SKIPPED : FAILED;
    const char *const path = path_of(result);
    if (status != BASE_OK)
        snprintf(why, room, "%s", err.message);
    else if (ends_with(path, ".csv") || ends_with(path, ".tsv"))
        outcome = compare_text(query, path, why, room);
    else
        outcome = compare_solutions(suite, query, result, why, room);
    kg_query_close(query);
    kg_abort(txn);
    free(text);
    return outcome;
}

/* ---- Updates ---- */

/* Graphs as rows of graph, subject, predicate and object; the graph is unbound in the default graph's. */
static void begin_rows(Solutions *out)
{
    static const char *const names[] = {"graph", "subject", "predicate", "object"};
    *out = (Solutions){.width = 4};
    memcpy(out->names, names, sizeof names);
}

static KgText keep_text(Solutions *out, KgText text)
{
    return (KgText){base_arena_copy(&out->arena, text.bytes ? text.bytes : "", text.length), text.length};
}

static void add_cell(Solutions *out, const KgTerm *term)
{
    KgTerm cell = {0};
    if (term)
        cell = (KgTerm){.kind = term->kind,
                        .text = keep_text(out, term->text),
                        .datatype = keep_text(out, term->datatype),
                        .language = keep_text(out, term->language)};
    assert_true(BASE_PUSH(&out->cells, cell));
}

static void read_graph(KgTxn *txn, KgId graph, Solutions *out)
{
    BaseError err = {0};
    KgScan *scan;
    KgTriple triple;
    BaseStatus status;
    expect_ok(kg_scan_open_in(txn, graph, KG_IN(KG_ASSERTED), (KgTriple){0}, KG_ORDER_SPO, &scan, &err), &err);
    while ((status = kg_scan_next(scan, &triple, &err)) == BASE_OK) {
        const KgId ids[] = {graph, triple.s, triple.p, triple.o};
        for (int i = 0; i < 4; i++) {
            KgTerm term;
            if (ids[i])
                expect_ok(kg_term(txn, ids[i], &out->arena, &term, &err), &err);
            add_cell(out, ids[i] ? &term : NULL);
        }
    }
    assert_int_equal(status, BASE_END);
    kg_scan_close(scan);
}

static void read_store(KgStore *store, Solutions *out)
{
    BaseError err = {0};
    KgId *graphs;
    size_t count;
    KgTxn *const txn = begin_read(store);
    begin_rows(out);
    read_graph(txn, KG_ANY, out);
    expect_ok(kg_graphs(txn, &graphs, &count, &err), &err);
    for (size_t i = 0; i < count; i++)
        read_graph(txn, graphs[i], out);
    free(graphs);
    kg_abort(txn);
}

static bool add_file_rows(const KgTerm *data, const KgTerm *graph, Solutions *out)
{
    Document document = {0};
    const bool is_read = read_data(data, &document);
    for (size_t i = 0; i < document.count && is_read; i++) {
        add_cell(out, graph);
        add_cell(out, &document.items[i].s);
        add_cell(out, &document.items[i].p);
        add_cell(out, &document.items[i].o);
    }
    free_document(&document);
    return is_read;
}

/* The n-th named graph of an action or a result: its file, and its name as an IRI. */
static bool find_graph_data(const Document *manifest, const KgTerm *node, size_t n, const KgTerm **file, KgTerm *name)
{
    for (size_t i = 0; i < manifest->count; i++) {
        const Fact *const fact = &manifest->items[i];
        if (!same_term(&fact->s, node) || !term_is(&fact->p, UT "graphData") || n-- > 0)
            continue;
        const KgTerm *const label = object_of(manifest, &fact->o, RDFS "label");
        *file = object_of(manifest, &fact->o, UT "graph");
        *name = (KgTerm){.kind = KG_IRI, .text = label ? label->text : KG_TEXT("")};
        return *file && label;
    }
    return false;
}

/* The state before: a database with what the action names. */
static BaseStatus load_action(KgStore *store, const Document *manifest, const KgTerm *action, BaseError *err)
{
    KgTxn *const txn = begin_write(store);
    const KgTerm *const data = object_of(manifest, action, UT "data"), *file;
    KgTerm name;
    BaseStatus status = kg_update(txn, "CLEAR ALL", 9, NULL, NULL, err);
    if (status == BASE_OK && data)
        status = add_data(txn, KG_ANY, data, err);
    for (size_t n = 0; status == BASE_OK && find_graph_data(manifest, action, n, &file, &name); n++) {
        KgId graph;
        status = kg_intern(txn, &name, &graph, err);
        if (status == BASE_OK)
            status = add_data(txn, graph, file, err);
    }
    if (status == BASE_OK)
        return kg_commit(txn, err);
    kg_abort(txn);
    return status;
}

static bool read_wanted(const Document *manifest, const KgTerm *result, Solutions *out)
{
    const KgTerm *const data = object_of(manifest, result, UT "data"), *file;
    KgTerm name;
    begin_rows(out);
    bool is_read = !data || add_file_rows(data, NULL, out);
    for (size_t n = 0; is_read && find_graph_data(manifest, result, n, &file, &name); n++)
        is_read = add_file_rows(file, &name, out);
    return is_read;
}

static BaseStatus run_request(KgStore *store, const KgTerm *file, BaseError *err)
{
    char *const text = read_query_text(file);
    KgTxn *txn = begin_write(store);
    BaseStatus status = kg_update(txn, text, strlen(text), NULL, NULL, err);
    if (status == BASE_OK) {
        status = kg_commit(txn, err);
        txn = NULL;
    }
    kg_abort(txn);
    free(text);
    return status;
}

static Outcome run_update(const Suite *suite, const Document *manifest, const KgTerm *test, char *why, size_t room)
{
    const KgTerm *const action = object_of(manifest, test, MF "action");
    const KgTerm *const result = object_of(manifest, test, MF "result");
    const KgTerm *const request = object_of(manifest, action, UT "request");
    BaseError err = {0};
    Solutions got = {0}, wanted = {0};
    Outcome outcome = FAILED;
    BaseStatus status = request && result ? load_action(suite->store, manifest, action, &err)
                                          : base_fail(&err, BASE_BAD_INPUT, "the test has no request or no result");
    if (status == BASE_OK)
        status = run_request(suite->store, request, &err);
    if (status != BASE_OK) {
        snprintf(why, room, "%s", err.message);
        return is_unsupported(&err) ? SKIPPED : FAILED;
    }
    read_store(suite->store, &got);
    if (!read_wanted(manifest, result, &wanted))
        snprintf(why, room, "the expected graphs cannot be read");
    else if (same_solutions(&got, &wanted, false))
        outcome = PASSED;
    else
        snprintf(why, room, "other graphs: %zu triples, expected %zu", got.cells.count / 4, wanted.cells.count / 4);
    free_solutions(&got);
    free_solutions(&wanted);
    return outcome;
}

/* ---- Manifests ---- */

/* "FOLDER/NAME" at the start of a line of the exceptions, a tab behind it. */
static bool is_exception(const Suite *suite, const char *name)
{
    const size_t length = strlen(name);
    for (const char *line = suite->exceptions; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, name, length) == 0 && line[length] == '\t')
            return true;
    return false;
}

static void run_one(Suite *suite, const Document *manifest, const KgTerm *test)
{
    const KgTerm *const type = object_of(manifest, test, RDF "type");
    const KgTerm *const action = object_of(manifest, test, MF "action");
    if (!type || !action)
        return;
    char why[512] = "", name[512];
    const char *const mark = strrchr(test->text.bytes, '#');
    snprintf(name, sizeof name, "%s/%s", suite->folder, mark ? mark + 1 : test->text.bytes);
    Outcome outcome;
    if (term_is(type, MF "PositiveSyntaxTest") || term_is(type, MF "PositiveSyntaxTest11") ||
        term_is(type, MF "PositiveUpdateSyntaxTest11"))
        outcome = run_syntax(action, true, why, sizeof why);
    else if (term_is(type, MF "NegativeSyntaxTest") || term_is(type, MF "NegativeSyntaxTest11") ||
             term_is(type, MF "NegativeUpdateSyntaxTest11"))
        outcome = run_syntax(action, false, why, sizeof why);
    else if (term_is(type, MF "UpdateEvaluationTest"))
        outcome = run_update(suite, manifest, test, why, sizeof why);
    else
        outcome = run_evaluation(suite, manifest, test, why, sizeof why);
    static const char *const words[] = {"passed", "FAILED", "skipped"};
    printf("%-8s %s%s%s\n", words[outcome], name, *why ? ": " : "", outcome == PASSED ? "" : why);
    suite->counts[outcome]++;
    if ((outcome == FAILED) != is_exception(suite, name)) {
        printf("         not as sparql/w3c_exceptions.txt says\n");
        suite->surprises++;
    }
}

static void run_manifest(Suite *suite, const char *shared, const char *folder)
{
    char path[4096], base[4200];
    Document manifest;
    snprintf(path, sizeof path, "%s/%s/manifest.ttl", shared, folder);
    snprintf(base, sizeof base, "file://%s", path);
    if (!read_turtle(path, base, &manifest))
        fail_msg("%s cannot be read", path);
    suite->folder = folder;
    const KgTerm self = {.kind = KG_IRI, .text = {base, strlen(base)}};
    const KgTerm *list = object_of(&manifest, &self, MF "entries");
    for (; list && !term_is(list, RDF "nil"); list = object_of(&manifest, list, RDF "rest")) {
        const KgTerm *const test = object_of(&manifest, list, RDF "first");
        if (test)
            run_one(suite, &manifest, test);
    }
    free_document(&manifest);
}

static void run_folders(void **state, const char *const *folders, size_t count)
{
    Fixture *const f = *state;
    char shared[4096], exceptions[4096];
    size_t length;
    BaseError err = {0};
    Suite suite = {.store = f->store};
    snprintf(shared, sizeof shared, "%s", need_shared("rdf-tests/sparql"));
    char *const absolute = realpath(shared, NULL);
    assert_non_null(absolute);
    snprintf(exceptions, sizeof exceptions, "%s/tests/kg/sparql/w3c_exceptions.txt", KGQ_SOURCE);
    expect_ok(base_read_file(exceptions, &suite.exceptions, &length, &err), &err);
    for (size_t i = 0; i < count; i++)
        run_manifest(&suite, absolute, folders[i]);
    printf("%zu passed, %zu failed as listed or not, %zu skipped\n", suite.counts[PASSED], suite.counts[FAILED],
           suite.counts[SKIPPED]);
    free(suite.exceptions);
    free(absolute);
    assert_int_equal(suite.surprises, 0);
}

static void sparql_10_suite_gives_what_the_list_says(void **state)
{
    static const char *const folders[] = {"sparql10/basic",
                                          "sparql10/triple-match",
                                          "sparql10/open-world",
                                          "sparql10/algebra",
                                          "sparql10/bnode-coreference",
                                          "sparql10/optional",
                                          "sparql10/optional-filter",
                                          "sparql10/graph",
                                          "sparql10/dataset",
                                          "sparql10/type-promotion",
                                          "sparql10/cast",
                                          "sparql10/boolean-effective-value",
                                          "sparql10/bound",
                                          "sparql10/expr-builtin",
                                          "sparql10/expr-ops",
                                          "sparql10/expr-equals",
                                          "sparql10/regex",
                                          "sparql10/i18n",
                                          "sparql10/construct",
                                          "sparql10/ask",
                                          "sparql10/distinct",
                                          "sparql10/sort",
                                          "sparql10/solution-seq",
                                          "sparql10/reduced",
                                          "sparql10/syntax-sparql1",
                                          "sparql10/syntax-sparql2",
                                          "sparql10/syntax-sparql3",
                                          "sparql10/syntax-sparql4",
                                          "sparql10/syntax-sparql5"};
    run_folders(state, folders, sizeof folders / sizeof *folders);
}

static void sparql_11_suite_gives_what_the_list_says(void **state)
{
    static const char *const folders[] = {"sparql11/aggregates",    "sparql11/bind",
                                          "sparql11/bindings",      "sparql11/cast",
                                          "sparql11/construct",     "sparql11/exists",
                                          "sparql11/functions",     "sparql11/grouping",
                                          "sparql11/negation",      "sparql11/project-expression",
                                          "sparql11/property-path", "sparql11/subquery",
                                          "sparql11/csv-tsv-res",   "sparql11/json-res",
                                          "sparql11/syntax-query",  "sparql11/syntax-fed"};
    run_folders(state, folders, sizeof folders / sizeof *folders);
}

static void sparql_11_update_suite_gives_what_the_list_says(void **state)
{
    static const char *const folders[] = {"sparql11/add",
                                          "sparql11/basic-update",
                                          "sparql11/clear",
                                          "sparql11/copy",
                                          "sparql11/delete",
                                          "sparql11/delete-data",
                                          "sparql11/delete-insert",
                                          "sparql11/delete-where",
                                          "sparql11/drop",
                                          "sparql11/move",
                                          "sparql11/update-silent",
                                          "sparql11/syntax-update-1",
                                          "sparql11/syntax-update-2"};
    run_folders(state, folders, sizeof folders / sizeof *folders);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sparql_10_suite_gives_what_the_list_says, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(sparql_11_suite_gives_what_the_list_says, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(sparql_11_update_suite_gives_what_the_list_says, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
