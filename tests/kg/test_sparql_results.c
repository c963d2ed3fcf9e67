/* test_sparql_results.c - results byte for byte: the W3C formats, RDF, and the tables for people. */
#include "sparql/ask.h"

#define XSD "http://www.w3.org/2001/XMLSchema#"

/* One row of every kind of term, made without the database. */
static const char everything[] =
    "SELECT ?kind ?value { VALUES (?kind ?value) { ('iri' :dog.n.01) ('plain' 'a \"b\", <c> & \\\\d') ('lines' "
    "'1\\n2\\t3\\r4') "
    "('language' 'chien'@FR) ('integer' 04) ('decimal' 5.50) ('double' 1.0e6) ('boolean' true) ('typed' 'x'^^:odd) "
    "('far' <http://example.org/a,b>) ('empty' '') ('none' UNDEF) ('wide' '\xe7\x8a\xac') } }";

static void expect_format(KgStore *store, const char *query, KgResultFormat format, int width, const char *expected)
{
    char *const found = ask_as(store, query, format, width, 0);
    if (strcmp(found, expected) != 0) {
        print_error("expected:\n%s\nfound:\n%s\n", expected, found);
        fail();
    }
    free(found);
}

static void json_is_sparql_results_json(void **state)
{
    const Fixture *const f = *state;
    expect_format(
        f->store, everything, KG_RESULT_JSON, 0,
        "{\"head\":{\"vars\":[\"kind\",\"value\"]},\"results\":{\"bindings\":[\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"iri\"},\"value\":{\"type\":\"uri\",\"value\":\"kg:dog.n.01\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"plain\"},\"value\":{\"type\":\"literal\",\"value\":\"a \\\"b\\\", "
        "<c> & \\\\d\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"lines\"},\"value\":{\"type\":\"literal\",\"value\":"
        "\"1\\n2\\t3\\r4\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"language\"},\"value\":{\"type\":\"literal\",\"value\":\"chien\","
        "\"xml:lang\":\"fr\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"integer\"},\"value\":{\"type\":\"literal\",\"value\":\"04\","
        "\"datatype\":\"" XSD "integer\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"decimal\"},\"value\":{\"type\":\"literal\",\"value\":\"5.50\","
        "\"datatype\":\"" XSD "decimal\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"double\"},\"value\":{\"type\":\"literal\",\"value\":\"1.0e6\","
        "\"datatype\":\"" XSD "double\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"boolean\"},\"value\":{\"type\":\"literal\",\"value\":\"true\","
        "\"datatype\":\"" XSD "boolean\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"typed\"},\"value\":{\"type\":\"literal\",\"value\":\"x\","
        "\"datatype\":\"kg:odd\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"far\"},\"value\":{\"type\":\"uri\",\"value\":\"http://example.org/"
        "a,b\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"empty\"},\"value\":{\"type\":\"literal\",\"value\":\"\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"none\"}},\n"
        "{\"kind\":{\"type\":\"literal\",\"value\":\"wide\"},\"value\":{\"type\":\"literal\",\"value\":"
        "\"\xe7\x8a\xac\"}}\n"
        "]}}\n");
    expect_format(f->store, "ASK {}", KG_RESULT_JSON, 0, "{\"head\":{},\"boolean\":true}\n");
    expect_format(f->store, "SELECT ?x { ?x :no ?y }", KG_RESULT_JSON, 0,
                  "{\"head\":{\"vars\":[\"x\"]},\"results\":{\"bindings\":[\n]}}\n");
}

static void xml_is_sparql_results_xml(void **state)
{
    const Fixture *const f = *state;
    expect_format(f->store, "SELECT ?v ?w { VALUES (?v ?w) { (:dog 'a<b>&\"c\\r'@en) (UNDEF 5) } }", KG_RESULT_XML, 0,
                  "<?xml version=\"1.0\"?>\n<sparql xmlns=\"http://www.w3.org/2005/sparql-results#\">\n  <head>\n"
                  "    <variable name=\"v\"/>\n    <variable name=\"w\"/>\n  </head>\n  <results>\n    <result>\n"
                  "      <binding name=\"v\"><uri>kg:dog</uri></binding>\n"
                  "      <binding name=\"w\"><literal xml:lang=\"en\">a&lt;b&gt;&amp;&quot;c&#13;</literal></binding>\n"
                  "    </result>\n    <result>\n"
                  "      <binding name=\"w\"><literal datatype=\"" XSD "integer\">5</literal></binding>\n"
                  "    </result>\n  </results>\n</sparql>\n");
    expect_format(
        f->store, "ASK { :a :b :c }", KG_RESULT_XML, 0,
        "<?xml version=\"1.0\"?>\n<sparql xmlns=\"http://www.w3.org/2005/sparql-results#\">\n  <head>\n  </head>\n"
        "  <boolean>false</boolean>\n</sparql>\n");
}

static void csv_is_rfc_4180_with_bare_terms(void **state)
{
    const Fixture *const f = *state;
    expect_format(
        f->store, everything, KG_RESULT_CSV, 0,
        "kind,value\r\niri,kg:dog.n.01\r\nplain,\"a \"\"b\"\", <c> & "
        "\\d\"\r\nlines,\"1\n2\t3\r4\"\r\nlanguage,chien\r\n"
        "integer,04\r\ndecimal,5.50\r\ndouble,1.0e6\r\nboolean,true\r\ntyped,x\r\nfar,\"http://example.org/a,b\"\r\n"
        "empty,\r\nnone,\r\nwide,\xe7\x8a\xac\r\n");
    expect_format(f->store, "SELECT ?b { BIND(BNODE() AS ?b) }", KG_RESULT_CSV, 0, "b\r\n_:q1\r\n");
}

static void tsv_has_terms_as_turtle_writes_them(void **state)
{
    const Fixture *const f = *state;
    expect_format(
        f->store, everything, KG_RESULT_TSV, 0,
        "?kind\t?value\n\"iri\"\t<kg:dog.n.01>\n\"plain\"\t\"a \\\"b\\\", <c> & \\\\d\"\n\"lines\"\t\"1\\n2\\t3\\r4\"\n"
        "\"language\"\t\"chien\"@fr\n\"integer\"\t04\n\"decimal\"\t5.50\n\"double\"\t1.0e6\n"
        "\"boolean\"\t\"true\"^^<" XSD "boolean>\n\"typed\"\t\"x\"^^<kg:odd>\n"
        "\"far\"\t<http://example.org/a,b>\n\"empty\"\t\"\"\n\"none\"\t\n\"wide\"\t\"\xe7\x8a\xac\"\n");
    /* Numbers whose text Turtle would read as another type keep their quotes. */
    expect_format(
        f->store, "SELECT ?v { VALUES ?v { '5'^^xsd:decimal 'x'^^xsd:integer 'INF'^^xsd:double ' 1'^^xsd:integer } }",
        KG_RESULT_TSV, 0,
        "?v\n\"5\"^^<" XSD "decimal>\n\"x\"^^<" XSD "integer>\n\"INF\"^^<" XSD "double>\n\" 1\"^^<" XSD "integer>\n");
}

static void tables_are_boxed_and_numbers_stand_right(void **state)
{
    const Fixture *const f = *state;
    expect_format(
        f->store,
        "SELECT ?name ?n { VALUES (?name ?n) { (:dog.n.01 5) ('\xe7\x8a\xac' 12.5) (rdf:type UNDEF) ('a\\nb' 'x') } }",
        KG_RESULT_TABLE, 0,
        "┌──────────┬──────┐\n│ name     │ n    │\n├──────────┼──────┤\n│ dog.n.01 │    5 │\n"
        "│ \xe7\x8a\xac       │ 12.5 │\n│ rdf:type │      │\n│ a\\nb     │ x    │\n└──────────┴──────┘\n");
    expect_format(f->store, "SELECT ?x { ?x :no ?y }", KG_RESULT_TABLE, 0, "┌───┐\n│ x │\n├───┤\n└───┘\n");
    expect_format(f->store, "ASK {}", KG_RESULT_TABLE, 0,
                  "┌────────┐\n│ answer │\n├────────┤\n│ true   │\n└────────┘\n");
}

static void tables_are_cut_to_the_width_of_the_screen(void **state)
{
    const Fixture *const f = *state;
    static const char query[] =
        "SELECT ?a ?b ?c { VALUES (?a ?b ?c) { ('short' 'a rather long text that has no end' "
        "'\xe7\x8a\xac\xe7\x8c\xab\xe9\xb3\xa5\xe9\xad\x9a\xe9\xa6\xac\xe7\x89\x9b\xe7\xbe\x8a\xe8\xb1\x9a') } }";
    expect_format(f->store, query, KG_RESULT_TABLE, 40,
                  "┌───────┬──────────────┬──────────────┐\n│ a     │ b            │ c            "
                  "│\n├───────┼──────────────┼──────────────┤\n"
                  "│ short │ a rather lo… │ 犬猫鳥魚馬…  │\n└───────┴──────────────┴──────────────┘\n");
    for (int width = 1; width < 90; width++) { /* never wider than asked, once each column has its least */
        char *const table = ask_as(f->store, query, KG_RESULT_TABLE, width, 0);
        for (const char *line = table; *line; line = strchr(line, '\n') + 1) {
            const size_t columns = base_utf8_columns(line, strcspn(line, "\n"));
            assert_true(columns <= (size_t)(width < 19 ? 19 : width));
        }
        free(table);
    }
}

/* On a terminal the first rows are measured, and later ones cut to that. */
static void long_tables_have_one_frame(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer query = {0};
    assert_true(base_buffer_format(&query, "SELECT ?a ?b ?c { { VALUES ?a {"));
    for (int i = 10; i < 40; i++)
        assert_true(base_buffer_format(&query, " %d", i));
    assert_true(base_buffer_format(&query, " } VALUES ?b {"));
    for (int i = 10; i < 40; i++)
        assert_true(base_buffer_format(&query, " %d", i));
    assert_true(base_buffer_format(&query, " } VALUES ?c {"));
    for (int i = 10; i < 40; i++)
        assert_true(base_buffer_format(&query, " %d", i));
    assert_true(base_buffer_format(&query, " } } UNION { VALUES ?a { 'longer than all before' } } }"));
    char *const table = ask_as(f->store, query.items, KG_RESULT_TABLE, 80, 0);
    size_t lines = 0;
    for (const char *line = table; *line; line = strchr(line, '\n') + 1, lines++)
        assert_int_equal(base_utf8_columns(line, strcspn(line, "\n")), 16);
    assert_int_equal(lines, 27000 + 1 + 4);
    assert_non_null(strstr(table, "│ l… │    │    │\n└"));
    char *const whole = ask_as(f->store, query.items, KG_RESULT_TABLE, 0, 0);
    assert_non_null(strstr(whole, "│ longer than all before │    │    │\n└"));
    free(table);
    free(whole);
    base_buffer_free(&query);
}

static void markdown_escapes_its_own_marks(void **state)
{
    const Fixture *const f = *state;
    expect_format(f->store, "SELECT ?t ?n { VALUES (?t ?n) { ('a|b' 1) ('c' 2.5) } }", KG_RESULT_MARKDOWN, 0,
                  "| t | n |\n|---|---:|\n| a\\|b | 1 |\n| c | 2.5 |\n");
}

static void graphs_are_ntriples_or_turtle(void **state)
{
    const Fixture *const f = *state;
    static const char query[] =
        "CONSTRUCT { :dog.n.01 a :Animal ; :legs 4 ; :name 'dog', 'chien'@fr . :a%20b :is <http://x/y> } WHERE {}";
    expect_format(f->store, query, KG_RESULT_NTRIPLES, 0,
                  "<kg:dog.n.01> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <kg:Animal> .\n"
                  "<kg:dog.n.01> <kg:legs> \"4\"^^<" XSD "integer> .\n<kg:dog.n.01> <kg:name> \"dog\" .\n"
                  "<kg:dog.n.01> <kg:name> \"chien\"@fr .\n<kg:a%20b> <kg:is> <http://x/y> .\n");
    char *const turtle = ask_as(f->store, query, KG_RESULT_TURTLE, 0, 0);
    const char *const body = strstr(turtle, "\n\n") + 2;
    assert_non_null(strstr(turtle, "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n"));
    assert_string_equal(body, ":dog.n.01 a :Animal ;\n    :legs 4 ;\n    :name \"dog\", \"chien\"@fr .\n\n"
                              "<kg:a%20b> :is <http://x/y> .\n");
    free(turtle);
}

static void turtle_reads_back_as_the_same_graph(void **state)
{
    const Fixture *const f = *state;
    static const char *const facts[] = {"a",        "b",
                                        "c",        "a",
                                        "b",        "\"t\\t\\\"q\\\"\\n\\\\\"",
                                        "a",        "b",
                                        "\"x\"@en", "a",
                                        "c",        "\"1\"^^<" XSD "integer>",
                                        "_:x",      "b",
                                        "_:y",      "<http://x/#>",
                                        "b",        "\"1.\"^^<" XSD "decimal>",
                                        "d.",       "e-",
                                        "-f",       "/m/0",
                                        "b%",       "g",
                                        NULL};
    add_facts(f->store, KG_ASSERTED, facts);
    char *const turtle = ask_as(f->store, "CONSTRUCT WHERE { ?s ?p ?o }", KG_RESULT_TURTLE, 0, 0);
    char *const before =
        ask(f->store, "SELECT ?s ?p ?o { ?s ?p ?o FILTER(!ISBLANK(?s)) } ORDER BY STR(?s) STR(?p) STR(?o)");
    char *const path = base_join_path(f->folder, "graph.ttl"), *const copy = base_join_path(f->folder, "copy");
    write_text_file(path, turtle);
    BaseError err = {0};
    KgStore *const other = open_store(copy, (KgOptions){.create = true});
    expect_ok(kg_import(other, (const char *const *)&path, 1, NULL, NULL, NULL, NULL, &err), &err);
    char *const after =
        ask(other, "SELECT ?s ?p ?o { ?s ?p ?o FILTER(!ISBLANK(?s)) } ORDER BY STR(?s) STR(?p) STR(?o)");
    assert_string_equal(before, after);
    expect_answer(other, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "8\n");
    kg_close(other);
    free(turtle);
    free(before);
    free(after);
    free(path);
    free(copy);
}

static void formats_that_do_not_fit_the_form_are_refused(void **state)
{
    const Fixture *const f = *state;
    static const struct {
        const char *text;
        KgResultFormat format;
    } cases[] = {{"SELECT * {}", KG_RESULT_TURTLE},
                 {"ASK {}", KG_RESULT_NTRIPLES},
                 {"CONSTRUCT {} {}", KG_RESULT_JSON},
                 {"DESCRIBE :x", KG_RESULT_XML}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BaseError err = {0};
        KgQuery *query;
        KgTxn *const txn = begin_read(f->store);
        expect_ok(kg_query_open(txn, cases[i].text, strlen(cases[i].text), NULL, &query, &err), &err);
        assert_int_equal(kg_query_write(query, cases[i].format, 0, stdout, NULL, &err), BASE_BAD_CALL);
        expect_words(&err, "CONSTRUCT and DESCRIBE");
        kg_query_close(query);
        kg_abort(txn);
    }
}

static void a_full_disk_is_told(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgQuery *query;
    FILE *const full = fopen("/dev/full", "w");
    if (!full)
        skip();
    KgTxn *const txn = begin_read(f->store);
    expect_ok(kg_query_open(txn, everything, strlen(everything), NULL, &query, &err), &err);
    assert_int_equal(kg_query_write(query, KG_RESULT_JSON, 0, full, NULL, &err), BASE_IO);
    kg_query_close(query);
    kg_abort(txn);
    fclose(full);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_fixture, drop_fixture)

/* ---- Many rows ---- */

enum { THINGS = 3000 };

static void add_things(KgStore *store)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(store);
    const KgId name = intern_field(txn, "name"), next = intern_field(txn, "next");
    for (int i = 0; i < THINGS; i++) {
        char thing[32], other[32], text[64];
        snprintf(thing, sizeof thing, "thing.%d", i);
        snprintf(other, sizeof other, "thing.%d", i * 7919 % THINGS);
        snprintf(text, sizeof text, i % 5 ? "\"the name of thing %d\"" : "%d", i % 700);
        const KgId s = intern_field(txn, thing);
        const KgRecord names = {.triple = {s, name, intern_field(txn, text)}};
        const KgRecord others = {.triple = {s, next, intern_field(txn, other)}};
        if (i % 3) /* some have none */
            expect_ok(kg_add(txn, KG_ASSERTED, &names, NULL, &err), &err);
        expect_ok(kg_add(txn, KG_ASSERTED, &others, NULL, &err), &err);
    }
    commit(txn);
}

/* What the rows say when they are read one by one, as CSV without quotes. */
static char *read_rows(KgStore *store, const char *text)
{
    BaseError err = {0};
    KgTxn *const txn = begin_read(store);
    KgQuery *query;
    char *found = NULL;
    size_t length;
    FILE *const out = open_memstream(&found, &length);
    expect_ok(kg_query_open(txn, text, strlen(text), NULL, &query, &err), &err);
    const size_t columns = kg_query_column_count(query);
    for (size_t i = 0; i < columns; i++)
        fprintf(out, "%s%s", i ? "," : "", kg_query_column(query, i));
    fputs("\r\n", out);
    BaseStatus status;
    while ((status = kg_query_next(query, &err)) == BASE_OK) {
        for (size_t i = 0; i < columns; i++) {
            KgTerm term;
            if (i)
                fputc(',', out);
            if (kg_query_cell(query, i, &term))
                fwrite(term.text.bytes, 1, term.text.length, out);
        }
        fputs("\r\n", out);
    }
    assert_int_equal(status, BASE_END);
    fclose(out);
    kg_query_close(query);
    kg_abort(txn);
    return found;
}

static void many_rows_are_written_as_they_are_read(void **state)
{
    const Fixture *const f = *state;
    static const char *const queries[] = {
        "SELECT ?a ?b ?n { ?a :next ?b OPTIONAL { ?b :name ?n } }",
        "SELECT ?n ?c ?a { ?a :next ?b . ?b :name ?n BIND(CONCAT('of ', STR(?n)) AS ?c) }",
        "SELECT ?x ?p ?y { { ?x ?p ?y } UNION { ?y ?p ?x } }",
    };
    add_things(f->store);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        char *const expected = read_rows(f->store, queries[i]);
        assert_true(strlen(expected) > 50000);
        expect_format(f->store, queries[i], KG_RESULT_CSV, 0, expected);
        free(expected);
    }
}

/* More than are held in memory at once. */
static void rows_of_large_texts_are_written_a_few_at_a_time(void **state)
{
    enum { TEXTS = 60, BYTES = 1000000 };
    const Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    char *const bytes = malloc(BYTES);
    assert_non_null(bytes);
    memset(bytes, 'x', BYTES);
    const KgId says = intern_field(txn, "says");
    for (int i = 0; i < TEXTS; i++) {
        char name[32];
        KgId text;
        snprintf(name, sizeof name, "thing.%d", i);
        bytes[i] = (char)('a' + i % 20);
        expect_ok(kg_intern(txn, &(KgTerm){.kind = KG_LITERAL, .text = {bytes, BYTES}}, &text, &err), &err);
        const KgRecord record = {.triple = {intern_field(txn, name), says, text}};
        expect_ok(kg_add(txn, KG_ASSERTED, &record, NULL, &err), &err);
    }
    commit(txn);
    char *const expected = read_rows(f->store, "SELECT ?a ?b { ?a :says ?b }");
    char *const found = ask_as(f->store, "SELECT ?a ?b { ?a :says ?b }", KG_RESULT_CSV, 0, 0);
    assert_true(strlen(expected) > (size_t)TEXTS * BYTES / 2);
    assert_true(strcmp(found, expected) == 0);
    free(found);
    free(expected);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(json_is_sparql_results_json),
        WITH_STORE(xml_is_sparql_results_xml),
        WITH_STORE(csv_is_rfc_4180_with_bare_terms),
        WITH_STORE(tsv_has_terms_as_turtle_writes_them),
        WITH_STORE(tables_are_boxed_and_numbers_stand_right),
        WITH_STORE(tables_are_cut_to_the_width_of_the_screen),
        WITH_STORE(long_tables_have_one_frame),
        WITH_STORE(markdown_escapes_its_own_marks),
        WITH_STORE(graphs_are_ntriples_or_turtle),
        WITH_STORE(turtle_reads_back_as_the_same_graph),
        WITH_STORE(formats_that_do_not_fit_the_form_are_refused),
        WITH_STORE(a_full_disk_is_told),
        WITH_STORE(many_rows_are_written_as_they_are_read),
        WITH_STORE(rows_of_large_texts_are_written_a_few_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
