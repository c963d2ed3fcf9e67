/* test_service.c - SERVICE: what is sent to an endpoint and how often, how its answers join, what is refused. The
 * endpoints are databases of this process; HTTP has a test of its own. */
#include "sparql/endpoints.h"
#include "sparql/solutions.h"
#include "sparql/turtle.h"

#define MF "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
#define QT "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

typedef struct World {
    void *state;
    Fixture *home;
    Endpoints endpoints;
} World;

static int make_world(void **state)
{
    static const char *const here[] = {"ann", "knows", "bob", "ann",   "knows", "cid",   "bob", "knows",
                                       "cid", "dan",   "age", "\"7\"", "_:b",   "knows", "ann", NULL};
    static const char *const there[] = {"bob",     "name", "\"Bob\"", "cid",     "name", "\"Cid\"@en", "cid",   "name",
                                        "\"Sid\"", "eve",  "name",    "\"Eve\"", "_:x",  "name",       "\"X\"", NULL};
    World *const world = calloc(1, sizeof *world);
    assert_int_equal(make_fixture(&world->state), 0);
    world->home = world->state;
    add_facts(world->home->store, KG_ASSERTED, here);
    add_facts(add_endpoint(&world->endpoints, "http://names.example/sparql"), KG_ASSERTED, there);
    *state = world;
    return 0;
}

static int drop_world(void **state)
{
    World *const world = *state;
    drop_endpoints(&world->endpoints);
    const int code = drop_fixture(&world->state);
    free(world);
    return code;
}

#define NAMES "SERVICE <http://names.example/sparql> "

static KgQueryOptions options_of(World *world)
{
    return (KgQueryOptions){.services = &world->endpoints.services};
}

#define expect_rows(world, text, rows) expect_rows_at((world), (text), (rows), __FILE__, __LINE__)
static void expect_rows_at(World *world, const char *text, const char *rows, const char *file, int line)
{
    BaseError err = {0};
    char *out = NULL;
    world->endpoints.calls = 0;
    const KgQueryOptions options = options_of(world);
    expect_ok_at(try_query(world->home->store, text, &options, &out, &err), &err, file, line);
    if (strcmp(strchr(out, '\n') + 1, rows) != 0) {
        print_error("%s\nexpected:\n%sfound:\n%s", text, rows, strchr(out, '\n') + 1);
        _fail(file, line);
    }
    free(out);
}

static void rows_join_with_what_an_endpoint_answers(void **state)
{
    World *const world = *state;
    expect_rows(
        world, "SELECT ?x ?n { ?x :knows ?y " NAMES "{ ?y :name ?n } } ORDER BY ?x ?n",
        "<kg:ann>\t\"Bob\"\n<kg:ann>\t\"Sid\"\n<kg:ann>\t\"Cid\"@en\n<kg:bob>\t\"Sid\"\n<kg:bob>\t\"Cid\"@en\n");
    assert_int_equal(world->endpoints.calls, 1);
    expect_rows(world, "SELECT ?n { " NAMES "{ :eve :name ?n } }", "\"Eve\"\n");
    expect_rows(world, "SELECT ?n { " NAMES "{ SELECT (COUNT(*) AS ?n) { ?s :name ?o } } }", "5\n");
    expect_rows(world, "SELECT (COUNT(*) AS ?k) { " NAMES "{ :cid :name [] } }", "2\n");
    expect_rows(world, "SELECT ?x { ?x :knows :cid " NAMES "{ } } ORDER BY ?x", "<kg:ann>\n<kg:bob>\n");
    expect_rows(world, "ASK { " NAMES "{ :eve :name 'Bob' } }", "");
}

static void the_endpoint_may_be_a_variable(void **state)
{
    World *const world = *state;
    static const char *const others[] = {"bob", "name", "\"Robert\"", NULL};
    add_facts(add_endpoint(&world->endpoints, "http://other.example/"), KG_ASSERTED, others);
    expect_rows(world,
                "SELECT ?n { SERVICE ?at { :bob :name ?n } VALUES ?at { <http://other.example/> "
                "<http://names.example/sparql> } } ORDER BY ?n",
                "\"Bob\"\n\"Robert\"\n");
    assert_int_equal(world->endpoints.calls, 2);
    BaseError err = {0};
    char *out = NULL;
    const KgQueryOptions options = options_of(world);
    assert_int_equal(try_query(world->home->store, "SELECT * { SERVICE ?at { ?s ?p ?o } }", &options, &out, &err),
                     BASE_BAD_INPUT);
    expect_words(&err, "the variable for the endpoint is not bound");
    assert_int_equal(err.column, 20);
    free(out);
    expect_rows(world, "SELECT ?n { BIND('x' AS ?at) SERVICE SILENT ?at { ?s :name ?n } }", "\n");
}

static void distinct_rows_are_sent_many_at_a_time_and_never_twice(void **state)
{
    World *const world = *state;
    world->endpoints.services.rows = 3;
    /* Rows of ten values, each twice. */
    expect_rows(world,
                "SELECT (COUNT(*) AS ?k) (COUNT(?n) AS ?m) { VALUES ?i { 1 2 } VALUES ?y { :a :b :c :d :e :f :g :bob "
                ":cid :eve } OPTIONAL { " NAMES "{ ?y :name ?n } } }",
                "22\t8\n");
    assert_int_equal(world->endpoints.calls, 4);
    world->endpoints.services.rows = 0;
}

static void nothing_is_asked_for_rows_that_a_limit_cuts_off(void **state)
{
    World *const world = *state;
    world->endpoints.services.rows = 1;
    expect_rows(world, "SELECT ?y { VALUES ?y { :bob :cid :eve :a :b } " NAMES "{ ?y :name ?n } } LIMIT 1",
                "<kg:bob>\n");
    assert_int_equal(world->endpoints.calls, 1);
    world->endpoints.services.rows = 0;
}

static void unbound_values_and_blank_nodes_are_not_sent(void **state)
{
    World *const world = *state;
    /* A blank node of ours is none of theirs, even with the same label. */
    expect_rows(world, "SELECT ?n { ?x :knows :ann " NAMES "{ ?x :name ?n } }", "");
    assert_null(strstr(world->endpoints.last, "_:b"));
    assert_non_null(strstr(world->endpoints.last, "SELECT ?n ?x WHERE { { ?x :name ?n } }"));
    /* What is unbound takes what the endpoint says, and a row that is bound as well is answered once. */
    expect_rows(world,
                "SELECT ?y ?n { VALUES (?y ?n) { (:bob UNDEF) (:bob 'Bob') (UNDEF 'Eve') } " NAMES "{ ?y :name ?n } }",
                "<kg:bob>\t\"Bob\"\n<kg:bob>\t\"Bob\"\n<kg:eve>\t\"Eve\"\n");
    assert_int_equal(world->endpoints.calls, 1);
    /* Their blank nodes are new ones here. */
    expect_rows(world, "SELECT (isBlank(?y) AS ?b) { " NAMES "{ ?y :name 'X' } }",
                "\"true\"^^<http://www.w3.org/2001/XMLSchema#boolean>\n");
}

static void what_is_sent_stands_by_itself(void **state)
{
    World *const world = *state;
    expect_rows(world,
                "BASE <http://b/> PREFIX n: <kg:na> PREFIX other: <urn:o> SELECT ?x { " NAMES
                "{ # a comment with }\n ?x n:me ?kgq_row FILTER(?kgq_row = 'Eve' || ?x = <rel>) } }",
                "<kg:eve>\n");
    assert_non_null(strstr(world->endpoints.last, "BASE <http://b/>\n"));
    assert_non_null(strstr(world->endpoints.last, "PREFIX n: <kg:na>\n"));
    assert_null(strstr(world->endpoints.last, "urn:o"));
    expect_rows(world,
                "SELECT ?k { ?x :knows :bob " NAMES "{ ?s :name ?kgq_row } BIND(STRLEN(?kgq_row) AS ?k) } "
                "ORDER BY ?k LIMIT 1",
                "1\n");
    expect_rows(world, "SELECT ?kgq_row { VALUES ?kgq_row { 'Eve' } " NAMES "{ ?s :name ?kgq_row } }", "\"Eve\"\n");
    assert_non_null(strstr(world->endpoints.last, "(0 \"Eve\")"));
    assert_non_null(strstr(world->endpoints.last, "?kgq_row_"));
}

static void a_failure_names_the_endpoint_and_the_place_unless_it_is_silent(void **state)
{
    World *const world = *state;
    BaseError err = {0};
    char *out = NULL;
    const KgQueryOptions options = options_of(world);
    char *const text = strdup("SELECT *\n{ ?x :knows ?y\n  SERVICE <http://none.example/> { ?y :name ?n } }");
    assert_int_equal(try_query(world->home->store, text, &options, &out, &err), BASE_IO);
    expect_words(&err, "SERVICE <http://none.example/>: there is no such host");
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 11);
    assert_string_equal(err.excerpt, "  SERVICE <http://none.example/> { ?y :name ?n } }");
    free(out);
    free(text);
    expect_rows(world, "SELECT ?x ?n { ?x :knows :bob SERVICE SILENT <http://none.example/> { ?x :name ?n } }",
                "<kg:ann>\t\n");
}

static void an_answer_that_is_not_as_the_standard_says_is_refused(void **state)
{
    World *const world = *state;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{\"boolean\":true}",
        "{\"results\":{\"bindings\":[3]}}",
        "{\"results\":{\"bindings\":[{\"n\":{\"type\":\"uri\"}}]}}",
        "{\"results\":{\"bindings\":[{\"n\":{\"type\":\"uri\",\"value\":\"a b\"}}]}}",
        "{\"results\":{\"bindings\":[{\"n\":{\"type\":\"thing\",\"value\":\"a\"}}]}}",
        "{\"results\":{\"bindings\":[{\"n\":{\"type\":\"literal\",\"value\":\"a\",\"xml:lang\":\"e n\"}}]}}",
        "{\"results\":{\"bindings\":[{\"n\":{\"type\":\"literal\",\"value\":\"a\",\"datatype\":\"<\"}}]}}",
        "{\"results\":{\"bindings\":[{\"kgq_row\":{\"type\":\"literal\",\"value\":\"9\"}}]}}",
        "<html>",
    };
    const KgQueryOptions options = options_of(world);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        BaseError err = {0};
        char *out = NULL;
        world->endpoints.instead = bad[i];
        assert_int_equal(try_query(world->home->store, "SELECT * { " NAMES "{ ?y :name ?n } }", &options, &out, &err),
                         BASE_BAD_INPUT);
        expect_words(&err, "SERVICE <http://names.example/sparql>: the answer is not SPARQL results in JSON");
        free(out);
    }
    world->endpoints.instead = "{\"results\":{\"bindings\":[{\"n\":{\"type\":\"literal\",\"value\":\"a\"}},{}]}}";
    expect_rows(world, "SELECT ?n { " NAMES "{ ?y :name ?n } }", "\"a\"\n\n");
    world->endpoints.instead = NULL;
}

static void without_leave_service_is_refused_at_its_place(void **state)
{
    World *const world = *state;
    BaseError err = {0};
    char *out = NULL;
    assert_int_equal(try_query(world->home->store, "SELECT * { SERVICE SILENT <http://x/> { } }", NULL, &out, &err),
                     BASE_BAD_INPUT);
    expect_words(&err, "SERVICE is not allowed here");
    assert_int_equal(err.column, 12);
    free(out);
    err = (BaseError){0};
    KgTxn *const txn = begin_write(world->home->store);
    static const char update[] = "INSERT { ?y :named ?n } WHERE { " NAMES "{ ?y :name ?n } }";
    assert_int_equal(kg_update(txn, update, sizeof update - 1, NULL, NULL, &err), BASE_BAD_INPUT);
    expect_words(&err, "SERVICE is not allowed here");
    kg_abort(txn);
}

static void answers_count_as_memory_of_the_query(void **state)
{
    World *const world = *state;
    BaseError err = {0};
    char *out = NULL;
    BaseBuffer many = {0};
    bool is_made = base_buffer_format(&many, "{\"results\":{\"bindings\":[{}");
    for (int i = 0; i < 50000; i++)
        is_made = is_made && base_buffer_format(&many, ",{\"n\":{\"type\":\"literal\",\"value\":\"a\"}}");
    assert_true(is_made && base_buffer_format(&many, "]}}"));
    world->endpoints.instead = many.items;
    KgQueryOptions options = options_of(world);
    options.memory = 500000;
    assert_int_equal(try_query(world->home->store, "SELECT * { " NAMES "{ ?y :name ?n } }", &options, &out, &err),
                     BASE_LIMIT);
    expect_words(&err, "it needs more than");
    expect_words(&err, "\"service\"");
    world->endpoints.instead = NULL;
    base_buffer_free(&many);
    free(out);
}

static void an_update_may_take_from_an_endpoint(void **state)
{
    World *const world = *state;
    BaseError err = {0};
    KgUpdateReport report;
    KgTxn *const txn = begin_write(world->home->store);
    static const char update[] = "INSERT { ?y :named ?n } WHERE { ?x :knows ?y " NAMES "{ ?y :name ?n } }";
    const KgUpdateOptions options = {.services = &world->endpoints.services};
    expect_ok(kg_update(txn, update, sizeof update - 1, &options, &report, &err), &err);
    assert_int_equal(report.inserted, 3);
    commit(txn);
    expect_rows(world, "SELECT ?n { :cid :named ?n } ORDER BY ?n", "\"Sid\"\n\"Cid\"@en\n");
}

static void faults_in_the_pattern_are_told_here(void **state)
{
    World *const world = *state;
    static const struct {
        const char *text, *words;
        uint32_t column;
    } bad[] = {
        {"SELECT * { SERVICE { } }", "a variable or an IRI: the endpoint", 20},
        {"SELECT * { SERVICE SILENT <x> ?a }", "'{' after the endpoint", 31},
        {"SELECT * { SERVICE <x> { ?s nope:p ?o } }", "unknown prefix 'nope:'", 29},
        {"SELECT * { SERVICE <x> { ?s ?p } }", "expected", 32},
        {"SELECT * { ?x :p ?y BIND(1 AS ?z) SERVICE <x> { ?y :q ?x BIND(2 AS ?y) } }", "BIND needs a new variable", 68},
    };
    const KgQueryOptions options = options_of(world);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        BaseError err = {0};
        char *out = NULL;
        assert_int_equal(try_query(world->home->store, bad[i].text, &options, &out, &err), BASE_BAD_INPUT);
        expect_words(&err, bad[i].words);
        assert_int_equal(err.column, bad[i].column);
        free(out);
    }
}

/* ---- The W3C suite ---- */

static void load_turtle(KgStore *store, const KgTerm *file)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(store);
    expect_ok(kg_update(txn, "CLEAR ALL", 9, NULL, NULL, &err), &err);
    if (file) {
        const KgImportOptions options = {.format = KG_TURTLE};
        KgImportReport report;
        expect_ok(kg_import_into(txn, file->text.bytes + 7, &options, &report, NULL, NULL, &err), &err);
    }
    commit(txn);
}

/* The databases that the test calls endpoints. */
static void load_endpoints(Endpoints *endpoints, const Document *manifest, const KgTerm *action)
{
    for (size_t i = 0; i < manifest->count; i++) {
        const Fact *const fact = &manifest->items[i];
        if (!same_term(&fact->s, action) || !term_is(&fact->p, QT "serviceData"))
            continue;
        const KgTerm *const iri = object_of(manifest, &fact->o, QT "endpoint");
        load_turtle(add_endpoint(endpoints, iri->text.bytes), object_of(manifest, &fact->o, QT "data"));
    }
}

static void run_w3c(KgStore *home, const Document *manifest, const KgTerm *test)
{
    const KgTerm *const action = object_of(manifest, test, MF "action");
    const char *const name = strrchr(test->text.bytes, '#');
    BaseError err = {0};
    Endpoints endpoints = {0};
    Solutions got = {0}, wanted = {0};
    KgQuery *query = NULL;
    char *text;
    size_t length;
    load_turtle(home, object_of(manifest, action, QT "data"));
    load_endpoints(&endpoints, manifest, action);
    endpoints.services.call = call_endpoint;
    endpoints.services.context = &endpoints;
    expect_ok(base_read_file(object_of(manifest, action, QT "query")->text.bytes + 7, &text, &length, &err), &err);
    KgTxn *const txn = begin_read(home);
    BaseStatus status =
        kg_query_open(txn, text, length, &(KgQueryOptions){.services = &endpoints.services}, &query, &err);
    if (status == BASE_OK)
        status = read_query(query, &got, &err) ? BASE_OK : err.status;
    printf("%s %s\n", status == BASE_OK ? "ran" : "FAILED", name);
    expect_ok(status, &err);
    assert_true(read_xml_solutions(object_of(manifest, test, MF "result")->text.bytes + 7, &wanted));
    assert_true(same_solutions(&got, &wanted, false));
    free_solutions(&got);
    free_solutions(&wanted);
    kg_query_close(query);
    kg_abort(txn);
    free(text);
    drop_endpoints(&endpoints);
}

static void the_w3c_suite_passes(void **state)
{
    World *const world = *state;
    char base[4200];
    Document manifest;
    const char *const path = need_shared("rdf-tests/sparql/sparql11/service/manifest.ttl");
    char *const absolute = realpath(path, NULL);
    snprintf(base, sizeof base, "file://%s", absolute);
    assert_true(read_turtle(absolute, base, &manifest));
    const KgTerm self = {.kind = KG_IRI, .text = {base, strlen(base)}};
    size_t count = 0;
    for (const KgTerm *list = object_of(&manifest, &self, MF "entries"); list && !term_is(list, RDF "nil");
         list = object_of(&manifest, list, RDF "rest")) {
        run_w3c(world->home->store, &manifest, object_of(&manifest, list, RDF "first"));
        count++;
    }
    assert_int_equal(count, 7);
    free_document(&manifest);
    free(absolute);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_join_with_what_an_endpoint_answers, make_world, drop_world),
        cmocka_unit_test_setup_teardown(the_endpoint_may_be_a_variable, make_world, drop_world),
        cmocka_unit_test_setup_teardown(distinct_rows_are_sent_many_at_a_time_and_never_twice, make_world, drop_world),
        cmocka_unit_test_setup_teardown(nothing_is_asked_for_rows_that_a_limit_cuts_off, make_world, drop_world),
        cmocka_unit_test_setup_teardown(unbound_values_and_blank_nodes_are_not_sent, make_world, drop_world),
        cmocka_unit_test_setup_teardown(what_is_sent_stands_by_itself, make_world, drop_world),
        cmocka_unit_test_setup_teardown(a_failure_names_the_endpoint_and_the_place_unless_it_is_silent, make_world,
                                        drop_world),
        cmocka_unit_test_setup_teardown(an_answer_that_is_not_as_the_standard_says_is_refused, make_world, drop_world),
        cmocka_unit_test_setup_teardown(without_leave_service_is_refused_at_its_place, make_world, drop_world),
        cmocka_unit_test_setup_teardown(answers_count_as_memory_of_the_query, make_world, drop_world),
        cmocka_unit_test_setup_teardown(an_update_may_take_from_an_endpoint, make_world, drop_world),
        cmocka_unit_test_setup_teardown(faults_in_the_pattern_are_told_here, make_world, drop_world),
        cmocka_unit_test_setup_teardown(the_w3c_suite_passes, make_world, drop_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
