/* test_sparql_parse.c - what the SPARQL parser takes and refuses, and that a refusal names the place and the way out.
 * The W3C suites (test_sparql_w3c.c) cover the grammar; these tables cover the messages, and what the suites forgot. */
#include "fixture.h"
#include "kg/sparql/parse.h"

static const KgPrefix prefixes[] = {{"", "kg:"},
                                    {"kg", "kg:"},
                                    {"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
                                    {"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
                                    {"xsd", "http://www.w3.org/2001/XMLSchema#"}};

/* On BASE_OK *out lies in `arena`. */
static BaseStatus parse(const char *text, size_t length, BaseArena *arena, AstSelect **out, BaseError *err)
{
    return sparql_parse(text, length, "<query>", NULL, prefixes, sizeof prefixes / sizeof *prefixes, arena, out, err);
}

static const char *const good[] = {
    "SELECT * {}",
    "select distinct ?x where { ?x a :dog.n.01 }",
    "SELECT $x { $x ?p ?o . }",
    "SELECT * { ?s ?p ?o ; }",
    "SELECT * { ?s ?p ?o ;; ?q ?r ; }",
    "ASK { [ :p 1 ; :q 2 , 3.5 , .5 , 1e3 , -4 , +5.0 , true ] }",
    "ASK { (1 [:p ()] (2)) :p () }",
    "ASK { ?s :p \"a\\tb\\u00e9\\U0001F600\"@en-GB , '''long 'quoted' text\n''' , \"x\"^^xsd:string }",
    "PREFIX ex: <http://example.org/> BASE <http://example.org/a/b> ASK { <../c> ex:p%20q ex:a\\-b . <> ex: <#f> }",
    "SELECT (COUNT(*) AS ?n) (SUM(DISTINCT ?x + 1) AS ?s) { ?y :p ?x } GROUP BY ?z HAVING (COUNT(*) > 1) (?n < 5)",
    "SELECT ?x { ?x :p ?y } ORDER BY ?y DESC(?x) STR(?y) (?x + 1) LIMIT 5 OFFSET 2",
    "SELECT ?x { ?x :p ?y } OFFSET 2 LIMIT 5",
    "SELECT * { ?x :p/^:q|(!(:r|^:s|a))*/:t+/:u? ?y }",
    "SELECT * { { ?x :p 1 } UNION { ?x :p 2 } UNION { SELECT ?x { ?x :q ?z } LIMIT 1 } }",
    "SELECT * { ?x :p ?y OPTIONAL { ?y :q ?z FILTER(?z != ?x) } MINUS { ?x :r 1 } BIND(?y AS ?w) VALUES ?v { 1 UNDEF } "
    "}",
    "SELECT * { ?x :p ?y FILTER NOT EXISTS { ?y :q ?x } FILTER (?x IN (1, 2) && ?y NOT IN ()) FILTER regex(?y, 'a', "
    "'i') }",
    "SELECT * { ?x :p ?y } VALUES (?x ?y) { (1 2) (UNDEF :a) }",
    "SELECT (GROUP_CONCAT(DISTINCT ?x ; SEPARATOR = ', ') AS ?g) (?g AS ?h) { ?x :p 1 }",
    "CONSTRUCT { ?x :q _:b . _:b :r ?y } WHERE { ?x :p ?y }",
    "CONSTRUCT WHERE { ?x :p ?y . }",
    "DESCRIBE :dog.n.01 ?x { ?x :p 1 }",
    "DESCRIBE <kg:a>",
    "SELECT*{?s?p?o}#comment",
    "SELECT (?a<=?b&& ?c >?d AS ?e) { ?a :p ?b, ?c, ?d }",
    "SELECT ((1-1) AS ?a) ((?x -1) AS ?b) ((-?x) AS ?c) ((2*-3) AS ?d) (!true AS ?e) { ?x :p 1 }",
    "SELECT ?x { ?x :p _:a . _:a :q 1 FILTER(?x != 1) _:a :r 2 }",
    "SELECT (xsd:integer(?x) AS ?y) (COALESCE() AS ?z) (STRUUID() AS ?w) { ?x :p 1 }",
    "SELECT ?\xc3\xa9t\xc3\xa9 { ?\xc3\xa9t\xc3\xa9 :p :\xe7\x8a\xac }",
};

static void good_queries_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        BaseArena arena = {0};
        BaseError err = {0};
        AstSelect *select = NULL;
        expect_ok(parse(good[i], strlen(good[i]), &arena, &select, &err), &err);
        base_arena_free(&arena);
    }
}

typedef struct BadQuery {
    const char *text;
    uint32_t line, column, width;
    const char *message, *hint; /* words of them; NULL: no hint is asked for */
} BadQuery;

static const BadQuery bad[] = {
    {"", 1, 1, 1, "expected SELECT, ASK, CONSTRUCT or DESCRIBE, found the end of the query", NULL},
    {"SELEC ?x {}", 1, 1, 5, "found 'SELEC'", "did you mean SELECT?"},
    {"SELECT { }", 1, 8, 1, "'*', a variable or", NULL},
    {"SELECT ?x ?y\nWHERE { ?x :p ", 2, 15, 1, "found the end of the query", "'{' at line 2, column 7 is not closed"},
    {"SELECT ?x WHERE ?x :p 1 }", 1, 17, 2, "expected '{' after WHERE, found '?x'", NULL},
    {"SELECT ?x { ?x dog:p 1 }", 1, 16, 4, "unknown prefix 'dog:'", "PREFIX dog: <...>"},
    {"SELECT ?x { ?x skso:label 1 }", 1, 16, 5, "unknown prefix 'skso:'",
     "did you mean 'skos:'? Declare it: PREFIX skos: <http://www.w3.org/2004/02/skos/core#>"},
    {"SELECT ?x { ?x foaf:name 1 }", 1, 16, 5, "unknown prefix 'foaf:'", "PREFIX foaf: <http://xmlns.com/foaf/0.1/>"},
    {"SELECT ?x { ?x :p 1 FLITER(?x > 1) }", 1, 21, 6, "found 'FLITER'", "did you mean FILTER?"},
    {"SELECT ?x { ?x rdfss:label 1 }", 1, 16, 6, "unknown prefix 'rdfss:'", "did you mean 'rdfs:'?"},
    {"SELECT ?x { ?x dog 1 }", 1, 16, 3, "expected a predicate", ":dog"},
    {"SELECT ?x { dog :p 1 }", 1, 13, 3, "found 'dog'", ":dog"},
    {"SELECT ?x { ?x :p 1 ?y :q 2 }", 1, 21, 2, "expected '.' between two triples, found '?y'", NULL},
    {"SELECT ?x { ?x :p 1 FLTER(?x > 1) }", 1, 21, 5, "found 'FLTER'", "did you mean FILTER?"},
    {"SELECT ?x { ?x :p ?y FILTER(?y == 1) }", 1, 33, 1, "found '='", "one '='"},
    {"SELECT ?x { ?x :p ?y FILTER(?y & 1) }", 1, 32, 1, "single '&'", "&&"},
    {"SELECT ?x { ?x :p ?y FILTER(?y > 1 and ?y < 2) }", 1, 36, 3, "found 'and'", "&&"},
    {"SELECT ?x { ?x :p ?y FILTER(?y > 1 }", 1, 36, 1, "an operator or ')', found '}'", NULL},
    {"SELECT ?x { ?x :p ?y FILTER(STRLNE(?y)) }", 1, 29, 6, "unknown function 'STRLNE'", "did you mean STRLEN?"},
    {"SELECT ?x { ?x :p ?y FILTER(STRLEN(?y, 1)) }", 1, 29, 13, "STRLEN takes 1 argument, found 2", NULL},
    {"SELECT ?x { ?x :p ?y FILTER(REGEX(?y)) }", 1, 29, 9, "REGEX takes 2 to 3 arguments, found 1", NULL},
    {"SELECT ?x { ?x :p ?y FILTER(BOUND(1)) }", 1, 35, 1, "BOUND takes a variable", NULL},
    {"SELECT ?x { ?x :p \"open }", 1, 19, 7, "a string that does not end", "quote"},
    {"SELECT ?x { ?x :p 'a\nb' }", 1, 19, 2, "a string that does not end", "\"\"\""},
    {"SELECT ?x { ?x :p 'a\\d' }", 1, 21, 2, "unknown escape in a string", "\\n"},
    {"SELECT ?x { ?x :p 'a\\u12' }", 1, 21, 2, "unknown escape", NULL},
    {"SELECT ?x { ?x <http://a b> 1 }", 1, 16, 1, "found '<'", "no spaces"},
    {"SELECT ?x { ?x :a%2 1 }", 1, 18, 1, "broken escape", "hexadecimal"},
    {"SELECT ?x { ?x :p 1 } LIMIT x", 1, 29, 1, "a whole number after LIMIT", NULL},
    {"SELECT ?x { ?x :p 1 } LIMIT 99999999999999999999", 1, 29, 20, "too large", NULL},
    {"SELECT ?x { ?x :p 1 } LIMIT -1", 1, 29, 1, "a whole number after LIMIT", NULL},
    {"SELECT ?x { ?x :p 1 } ORDER ?x", 1, 29, 2, "BY after ORDER", NULL},
    {"SELECT ?x { ?x :p 1 } }", 1, 23, 1, "the end of the query, found '}'", NULL},
    {"SELECT ?x { ?x :p 1 } GARBAGE", 1, 23, 7, "the end of the query", NULL},
    {"SELECT ?x { GRAPH 'g' { ?x :p 1 } }", 1, 19, 3, "a variable or an IRI after GRAPH", NULL},
    {"SELECT ?x { GRAPH ?g ?x :p 1 }", 1, 22, 2, "'{' after the graph's name", NULL},
    {"SELECT ?x { GRAPH ?g { ?x :p 1 ", 1, 32, 1, "found the end of the query", "column 22 is not closed"},
    {"SELECT ?x FROM ?g { ?x :p 1 }", 1, 16, 2, "expected an IRI", NULL},
    {"SELECT ?x { SERVICE { ?x :p 1 } }", 1, 21, 1, "a variable or an IRI: the endpoint", NULL},
    {"INSERT DATA { :a :b :c }", 1, 1, 6, "it is an update, not a query", "kgq update"},
    {"SELECT ?x { ?x :p 1 BIND(1 AS ?x) }", 1, 31, 2, "BIND needs a new variable", NULL},
    {"SELECT (1 AS ?x) { ?x :p 1 }", 1, 14, 2, "AS needs a new variable", NULL},
    {"SELECT ?x (COUNT(*) AS ?n) { ?x :p ?y }", 1, 8, 2, "?x is neither grouped nor inside an aggregate", "SAMPLE(?x)"},
    {"SELECT (?y + COUNT(*) AS ?n) { ?x :p ?y } GROUP BY ?x", 1, 9, 2, "?y is neither grouped", "GROUP BY"},
    {"SELECT * { ?x :p ?y } GROUP BY ?x", 1, 1, 6, "SELECT * of a grouped query", NULL},
    {"SELECT ?x { ?x :p ?y FILTER(COUNT(?x) > 1) }", 1, 29, 5, "an aggregate where there are no groups", NULL},
    {"SELECT (SUM(COUNT(?x)) AS ?n) { ?x :p ?y }", 1, 13, 5, "an aggregate inside an aggregate", NULL},
    {"SELECT ?x { { ?x :p _:a } { _:a :q 1 } }", 1, 29, 3, "two separate graph patterns", "variable"},
    {"SELECT * { VALUES (?x ?y) { (1) } }", 1, 29, 3, "a row of 1 values for 2 variables", NULL},
    {"SELECT * { VALUES ?x { ?y } }", 1, 24, 2, "an IRI, a literal or UNDEF", NULL},
    {"CONSTRUCT { ?x :p/:q 1 } { ?x :p 1 }", 1, 18, 1, "expected a", NULL},
    {"CONSTRUCT WHERE { ?x :p 1 FILTER(true) }", 1, 27, 12, "triples only", NULL},
    {"SELECT ?x { \"a\" :p ?x ; }\n;", 2, 1, 1, "the end of the query, found ';'", NULL},
    {"# \xe4\xb8\xad\xe6\x96\x87\nSELECT ?x { ?x :\xe4\xb8\xad 1 ] }", 2, 21, 1, "found ']'", NULL},
    {"SELECT ?x { ?x :p \xff }", 1, 19, 1, "not UTF-8", NULL},
    {"SELECT ?x { _: :p 1 }", 1, 13, 2, "a blank node without a label", "_:name"},
};

static void a_refusal_names_the_place_and_the_way_out(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const BadQuery *const one = &bad[i];
        BaseArena arena = {0};
        BaseError err = {0};
        AstSelect *select = NULL;
        const BaseStatus status = parse(one->text, strlen(one->text), &arena, &select, &err);
        if (status != BASE_BAD_INPUT || err.line != one->line || err.column != one->column || err.width != one->width ||
            !strstr(err.message, one->message) || (one->hint && !strstr(err.hint, one->hint))) {
            base_error_print(stderr, &err);
            print_error("query %zu: %s\nexpected %u:%u width %u \"%s\" hint \"%s\", found %u:%u width %u\n", i,
                        one->text, one->line, one->column, one->width, one->message, one->hint ? one->hint : "",
                        err.line, err.column, err.width);
        }
        assert_string_equal(err.source, "<query>");
        base_arena_free(&arena);
    }
    assert_int_equal(wrong, 0);
}

static void every_node_of_a_triple_knows_its_place(void **state)
{
    (void)state;
    static const char text[] = "SELECT ?x {\n  ?x :hypernym \"dog\"@en }";
    BaseArena arena = {0};
    BaseError err = {0};
    AstSelect *select;
    expect_ok(parse(text, sizeof text - 1, &arena, &select, &err), &err);
    assert_int_equal(select->where->children->kind, PATTERN_TRIPLES);
    const AstTriple *const triple = &select->where->children->triples[0];
    assert_int_equal(triple->subject.place.offset, strstr(text, "?x :hyp") - text);
    assert_int_equal(triple->predicate.place.offset, strstr(text, ":hypernym") - text);
    assert_int_equal(triple->predicate.place.width, strlen(":hypernym"));
    assert_int_equal(triple->object.place.offset, strstr(text, "\"dog\"") - text);
    assert_int_equal(triple->object.place.width, strlen("\"dog\"@en"));
    assert_true(text_is(triple->predicate.term.text, "kg:hypernym"));
    assert_true(text_is(triple->object.term.language, "en"));
    base_arena_free(&arena);
}

static void names_keep_dots_and_percent_forms(void **state)
{
    (void)state;
    static const char text[] = "ASK { :dog.n.01 :a%2Fb :x\\,y. :p :q :r.s. }";
    BaseArena arena = {0};
    BaseError err = {0};
    AstSelect *select;
    expect_ok(parse(text, sizeof text - 1, &arena, &select, &err), &err);
    const AstTriple *const triples = select->where->children->triples;
    assert_int_equal(select->where->children->triple_count, 2);
    assert_true(text_is(triples[0].subject.term.text, "kg:dog.n.01"));
    assert_true(text_is(triples[0].predicate.term.text, "kg:a%2Fb"));
    assert_true(text_is(triples[0].object.term.text, "kg:x,y"));
    assert_true(text_is(triples[1].object.term.text, "kg:r.s"));
    base_arena_free(&arena);
}

/* RFC 3986, section 5.4, against its base. */
static void relative_iris_are_resolved_as_rfc_3986_says(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        BaseArena arena = {0};
        BaseError err = {0};
        AstSelect *select;
        snprintf(text, sizeof text, "BASE <http://a/b/c/d;p?q> DESCRIBE <%s>", cases[i][0]);
        expect_ok(parse(text, strlen(text), &arena, &select, &err), &err);
        const KgText iri = select->described[0].term.text;
        if (!text_is(iri, cases[i][1]))
            fail_msg("<%s> became <%.*s>, not <%s>", cases[i][0], (int)iri.length, iri.bytes, cases[i][1]);
        base_arena_free(&arena);
    }
}

/* `before`, `open` and `close` as often as there are levels, with `middle` between them, `after`. */
typedef struct Nesting {
    const char *before, *open, *middle, *close, *after;
} Nesting;

static void add_levels(BaseBuffer *text, const char *unit, int levels)
{
    for (int i = 0; i < levels; i++)
        assert_true(base_buffer_add(text, unit, strlen(unit)));
}

static BaseStatus parse_nested(const Nesting *nesting, bool is_update, int levels, BaseError *err)
{
    BaseBuffer text = {0};
    BaseArena arena = {0};
    AstSelect *select;
    AstUpdate *update;
    add_levels(&text, nesting->before, 1);
    add_levels(&text, nesting->open, levels);
    add_levels(&text, nesting->middle, 1);
    add_levels(&text, nesting->close, levels);
    add_levels(&text, nesting->after, 1);
    const BaseStatus status =
        is_update ? sparql_parse_update(text.items, text.count, "<update>", NULL, NULL, 0, &arena, &update, err)
                  : parse(text.items, text.count, &arena, &select, err);
    base_buffer_free(&text);
    base_arena_free(&arena);
    return status;
}

static void expect_refused(const Nesting *nesting, bool is_update)
{
    BaseError err = {0}, shallow = {0};
    if (parse_nested(nesting, is_update, 3, &shallow) != BASE_OK)
        fail_msg("three levels of \"%s\": %s", nesting->open, shallow.message);
    for (int levels = 10000; levels <= 200000; levels *= 20) {
        err = (BaseError){0};
        if (parse_nested(nesting, is_update, levels, &err) != BASE_BAD_INPUT)
            fail_msg("%d levels of \"%s\" are taken", levels, nesting->open);
        if (!strstr(err.message, "too deep") && !strstr(err.message, "too long"))
            fail_msg("%d levels of \"%s\": %s", levels, nesting->open, err.message);
        assert_true(err.line == 1 && err.column > 1 && err.hint[0]);
    }
}

static void deep_nesting_is_refused_and_not_fatal(void **state)
{
    (void)state;
    static const Nesting queries[] = {
        {"ASK ", "{", "", "}", ""},
        {"ASK {", "{} UNION {", "", "}", "}"},
        {"ASK {", "OPTIONAL {", "", "}", "}"},
        {"ASK {", "MINUS {", "", "}", "}"},
        {"ASK {", "GRAPH ?g {", "", "}", "}"},
        {"ASK {", "SERVICE ?s {", "", "}", "}"},
        {"ASK {", "{ SELECT * {", "", "} }", "}"},
        {"ASK {", "FILTER EXISTS {", "", "}", "}"},
        {"ASK {", "FILTER NOT EXISTS {", "", "}", "}"},
        {"ASK { FILTER", "(", "true", ")", "}"},
        {"ASK { FILTER(", "!(", "true", ")", ")}"},
        {"ASK { FILTER(", "1 + (", "1", ")", ")}"},
        {"ASK { FILTER(", "1 IN (", "1", ")", ")}"},
        {"ASK { FILTER(", "true && (", "true", ")", ")}"},
        {"ASK { FILTER(", "IF(true, 1, ", "2", ")", ")}"},
        {"ASK { FILTER(", "COALESCE(", "2", ")", ")}"},
        {"ASK { FILTER(", "STR(", "2", ")", ")}"},
        {"ASK { FILTER(", "<f>(", "2", ")", ")}"},
        {"ASK { BIND(", "(", "2", ")", " AS ?x)}"},
        {"ASK { ?s ", "(", "<p>", ")", " ?o }"},
        {"ASK { ?s ", "^(", "<p>", ")", " ?o }"},
        {"ASK { ?s ", "(<q>/", "<p>", ")", " ?o }"},
        {"ASK { ?s ", "(<q>|", "<p>", ")", " ?o }"},
        {"ASK { ?s ", "(", "<p>", ")*", " ?o }"},
        {"ASK { ?s ?p ", "(", "1", ")", " }"},
        {"ASK { ?s ?p ", "[ <p> ", "1", "]", " }"},
        {"ASK { ", "( [ <p> ", "1", "] )", " <p> 1 }"},
        {"CONSTRUCT { ?s ?p ", "(", "1", ")", " } {}"},
        {"CONSTRUCT { ?s ?p ", "[ <p> ", "1", "]", " } {}"},
        {"SELECT (", "(", "1", ")", " AS ?x) {}"},
        {"SELECT (SUM(", "(", "1", ")", ") AS ?x) {}"},
        {"SELECT * { } ORDER BY ", "(", "1", ")", ""},
        {"SELECT (1 AS ?x) { } GROUP BY ", "(", "?y", ")", ""},
        {"SELECT (1 AS ?x) { } HAVING ", "(", "1", ")", ""},
    };
    static const Nesting updates[] = {
        {"INSERT DATA { <s> <p> ", "(", "1", ")", " }"},
        {"INSERT DATA { <s> <p> ", "[ <p> ", "1", "]", " }"},
        {"INSERT { ?s <p> ", "(", "1", ")", " } WHERE {}"},
        {"DELETE {} INSERT {} WHERE ", "{", "", "}", ""},
        {"DELETE {} INSERT {} WHERE { FILTER", "(", "1", ")", "}"},
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        expect_refused(&queries[i], false);
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++)
        expect_refused(&updates[i], true);
}

static void endless_chains_are_refused_and_not_fatal(void **state)
{
    (void)state;
    static const Nesting queries[] = {
        {"ASK { FILTER(1", "+1", "", "", ") }"},       {"ASK { FILTER(true", "||true", "", "", ") }"},
        {"ASK { ?s <p>", "/<p>", "", "", " ?o }"},     {"ASK { ?s <p>", "|<p>", "", "", " ?o }"},
        {"ASK { ", "?s ?p ?o . ", "", "", "}"},        {"ASK { ?s ?p ?o ", "; <p> ?q", "", "", "}"},
        {"ASK { ", "OPTIONAL { } ", "", "", "}"},      {"ASK { ", "MINUS { } ", "", "", "}"},
        {"ASK { ", "{ } UNION ", "{}", "", "}"},       {"ASK { ", "{ } ", "", "", "}"},
        {"ASK { ", "VALUES ?x { 1 } ", "", "", "}"},   {"ASK { ", "FILTER(?x) ", "", "", "}"},
        {"ASK { ", "FILTER EXISTS { } ", "", "", "}"}, {"ASK { ", "{ SELECT * { } } ", "", "", "}"},
    };
    static const Nesting updates[] = {
        {"INSERT { } WHERE {", "?s ?p ?o . ", "", "", "}"},
        {"DELETE WHERE {", "?s ?p ?o . ", "", "", "}"},
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        expect_refused(&queries[i], false);
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++)
        expect_refused(&updates[i], true);
}

static void many_operations_and_much_data_are_no_long_query(void **state)
{
    (void)state;
    static const Nesting updates[] = {
        {"", "DELETE { ?s ?p 1 } WHERE { ?s ?p ?o } ; ", "", "", ""},
        {"INSERT DATA { <s> <p> 1", ", 2", "", "", "}"},
    };
    static const Nesting query = {"ASK { VALUES ?x {", "1 ", "", "", "} }"};
    BaseError err = {0};
    expect_ok(parse_nested(&query, false, 10000, &err), &err);
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++)
        expect_ok(parse_nested(&updates[i], true, 10000, &err), &err);
}

/* A chain within EXISTS is evaluated on top of the one around it. */
static void chains_within_exists_count_together(void **state)
{
    (void)state;
    static const Nesting nesting = {"ASK {", "FILTER(EXISTS {", "",
                                    "} && 1 && 2 && 3 && 4 && 5 && 6 && 7 && 8 && 9 && 10)", "}"};
    BaseError err = {0};
    expect_ok(parse_nested(&nesting, false, 30, &err), &err);
    assert_int_equal(parse_nested(&nesting, false, 95, &err), BASE_BAD_INPUT);
    expect_words(&err, "too long");
}

/* Every outcome is BASE_OK or BASE_BAD_INPUT with a place inside of the text. */
static void expect_sane(const char *text, size_t length)
{
    BaseArena arena = {0};
    BaseError err = {0};
    AstSelect *select = NULL;
    const BaseStatus status = parse(text, length, &arena, &select, &err);
    if (status == BASE_OK) {
        assert_non_null(select);
    } else {
        assert_int_equal(status, BASE_BAD_INPUT);
        assert_null(select);
        assert_true(err.message[0] != '\0' && err.line >= 1 && err.column >= 1 && err.column <= length + 1);
    }
    base_arena_free(&arena);
}

static void random_changes_of_good_queries_never_break_the_parser(void **state)
{
    (void)state;
    static const char alphabet[] = "{}()[]<>?$:;,.|^/*+-=!&@#'\"\\_ \n\taSELECT19e%\xc3\xa9";
    BaseRandom random;
    base_random_seed(&random, 20);
    for (int round = 0; round < 20000; round++) {
        char text[512];
        const char *const seed = good[base_random_below(&random, sizeof good / sizeof *good)];
        size_t length = strlen(seed);
        memcpy(text, seed, length);
        for (uint64_t changes = 1 + base_random_below(&random, 4); changes > 0 && length > 1; changes--) {
            const size_t at = (size_t)base_random_below(&random, length);
            switch (base_random_below(&random, 4)) {
            case 0:
                text[at] = alphabet[base_random_below(&random, sizeof alphabet - 1)];
                break;
            case 1:
                memmove(text + at, text + at + 1, length - at - 1);
                length--;
                break;
            case 2:
                if (length + 1 < sizeof text) {
                    memmove(text + at + 1, text + at, length - at);
                    text[at] = alphabet[base_random_below(&random, sizeof alphabet - 1)];
                    length++;
                }
                break;
            default:
                length = at + 1;
            }
        }
        char *const exact = malloc(length); /* so that a sanitizer sees a read past the end */
        assert_non_null(exact);
        memcpy(exact, text, length);
        expect_sane(exact, length);
        free(exact);
    }
}

static void random_bytes_never_break_the_parser(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 21);
    for (int round = 0; round < 20000; round++) {
        char text[64];
        const size_t length = (size_t)base_random_below(&random, sizeof text);
        for (size_t i = 0; i < length; i++)
            text[i] = (char)base_random_below(&random, round % 2 ? 128 : 256);
        expect_sane(text, length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_queries_are_taken),
        cmocka_unit_test(a_refusal_names_the_place_and_the_way_out),
        cmocka_unit_test(every_node_of_a_triple_knows_its_place),
        cmocka_unit_test(names_keep_dots_and_percent_forms),
        cmocka_unit_test(relative_iris_are_resolved_as_rfc_3986_says),
        cmocka_unit_test(deep_nesting_is_refused_and_not_fatal),
        cmocka_unit_test(endless_chains_are_refused_and_not_fatal),
        cmocka_unit_test(many_operations_and_much_data_are_no_long_query),
        cmocka_unit_test(chains_within_exists_count_together),
        cmocka_unit_test(random_changes_of_good_queries_never_break_the_parser),
        cmocka_unit_test(random_bytes_never_break_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
