/* test_graphs.c - named graphs in queries (GRAPH, FROM) and updates (GRAPH, WITH, USING, and operations on whole
 * graphs). */
#include "sparql/ask.h"

static KgUpdateReport update(KgStore *store, const char *text)
{
    BaseError err = {0};
    KgUpdateReport report;
    KgTxn *const txn = begin_write(store);
    const BaseStatus status = kg_update(txn, text, strlen(text), NULL, &report, &err);
    if (status != BASE_OK)
        print_error("%s\n", text);
    expect_ok(status, &err);
    commit(txn);
    expect_sound(store);
    return report;
}

/* The default graph, :g1 and :g2. */
static void fill(KgStore *store)
{
    update(store, "INSERT DATA { :a :p :b . GRAPH :g1 { :a :p :b . :b :q 1 } GRAPH :g2 { :a :p :c . :c :q 2 } }");
}

static void graph_matches_in_one_graph_or_in_each(void **state)
{
    const Fixture *const f = *state;
    fill(f->store);
    expect_answer(f->store, "SELECT ?o { :a :p ?o }", "<kg:b>\n");
    expect_answer(f->store, "SELECT ?o { GRAPH :g2 { :a :p ?o } }", "<kg:c>\n");
    expect_answer(f->store, "SELECT ?o { GRAPH :none { :a :p ?o } }", "");
    expect_answer(f->store, "SELECT ?g ?o { GRAPH ?g { :a :p ?o } } ORDER BY ?g", "<kg:g1>\t<kg:b>\n<kg:g2>\t<kg:c>\n");
    expect_answer(f->store, "SELECT ?g { GRAPH ?g { } } ORDER BY ?g", "<kg:g1>\n<kg:g2>\n");
    expect_answer(f->store, "SELECT (1 AS ?x) { GRAPH :g1 { } }", "1\n");
    expect_answer(f->store, "SELECT (1 AS ?x) { GRAPH :none { } }", "");
    expect_answer(f->store, "SELECT ?g { VALUES ?g { :g2 :none 3 } GRAPH ?g { :a :p ?o } }", "<kg:g2>\n");
    expect_answer(f->store, "SELECT ?g { GRAPH ?g { ?g ?p ?o } }", "");
}

static void graph_joins_with_what_is_around_it(void **state)
{
    const Fixture *const f = *state;
    fill(f->store);
    expect_answer(f->store, "SELECT ?n { ?s :p ?o . GRAPH ?g { ?o :q ?n } }", "1\n");
    expect_answer(f->store, "SELECT ?n { GRAPH ?g { ?s :p ?o } GRAPH ?g { ?o :q ?n } } ORDER BY ?n", "1\n2\n");
    expect_answer(f->store, "SELECT ?h ?n { GRAPH ?g { :a :p :b } GRAPH ?h { ?o :q ?n } } ORDER BY ?n",
                  "<kg:g1>\t1\n<kg:g2>\t2\n");
    expect_answer(f->store, "SELECT ?o ?n { GRAPH :g1 { :a :p ?o GRAPH :g2 { ?x :q ?n } } }", "<kg:b>\t2\n");
    expect_answer(f->store, "SELECT ?o ?n { :a :p ?o OPTIONAL { GRAPH :g2 { ?o :q ?n } } }", "<kg:b>\t\n");
    expect_answer(f->store, "SELECT ?o { { GRAPH :g1 { :a :p ?o } } UNION { GRAPH :g2 { :a :p ?o } } } ORDER BY ?o",
                  "<kg:b>\n<kg:c>\n");
    expect_answer(f->store, "SELECT ?o { GRAPH ?g { :a :p ?o } MINUS { :a :p ?o } }", "<kg:c>\n");
}

static void what_is_inside_is_found_anew_for_each_graph(void **state)
{
    const Fixture *const f = *state;
    fill(f->store);
    expect_answer(f->store, "SELECT ?g ?n { GRAPH ?g { :a :p ?o OPTIONAL { ?o :q ?n } } } ORDER BY ?g",
                  "<kg:g1>\t1\n<kg:g2>\t2\n");
    expect_answer(f->store, "SELECT ?g ?s { GRAPH ?g { ?s ?p ?x MINUS { ?s :q ?y } } } ORDER BY ?g",
                  "<kg:g1>\t<kg:a>\n<kg:g2>\t<kg:a>\n");
    expect_answer(f->store,
                  "SELECT ?g ?n { GRAPH ?g { SELECT (COUNT(*) AS ?n) { ?s ?p ?x MINUS { ?s :q ?y } } } } ORDER BY ?g",
                  "<kg:g1>\t1\n<kg:g2>\t1\n");
    expect_answer(f->store, "SELECT ?g ?n { GRAPH ?g { SELECT (COUNT(*) AS ?n) { ?s ?p 2 } } } ORDER BY ?g",
                  "<kg:g1>\t0\n<kg:g2>\t1\n");
    expect_answer(f->store, "SELECT ?g { GRAPH ?g { :a :p ?o FILTER EXISTS { ?o :q 2 } } }", "<kg:g2>\n");
    expect_answer(f->store, "SELECT ?o { :a :p ?o FILTER NOT EXISTS { GRAPH ?g { ?o :q 2 } } }", "<kg:b>\n");
    expect_answer(f->store, "SELECT ?o { GRAPH :g2 { :a :p ?o } FILTER NOT EXISTS { GRAPH ?g { ?o :q 2 } } }", "");
    expect_answer(f->store, "SELECT ?g ?n { GRAPH ?g { :a :p/:q ?n } } ORDER BY ?g", "<kg:g1>\t1\n<kg:g2>\t2\n");
    expect_answer(f->store, "SELECT ?g ?n { GRAPH ?g { :a (:p|:q)+ ?n FILTER(isNumeric(?n)) } } ORDER BY ?g",
                  "<kg:g1>\t1\n<kg:g2>\t2\n");
}

static void filters_inside_do_not_see_the_name(void **state)
{
    const Fixture *const f = *state;
    fill(f->store);
    expect_answer(f->store, "SELECT ?g { GRAPH ?g { :a :p ?o FILTER(BOUND(?g)) } }", "");
    expect_answer(f->store, "SELECT ?g { GRAPH ?g { :a :p ?o } FILTER(?g = :g1) }", "<kg:g1>\n");
}

static void from_chooses_the_dataset(void **state)
{
    const Fixture *const f = *state;
    fill(f->store);
    expect_answer(f->store, "SELECT ?o FROM :g2 { :a :p ?o }", "<kg:c>\n");
    expect_answer(f->store, "SELECT ?o ?x FROM :g1 FROM NAMED :g2 { :a :p ?o . GRAPH ?g { :a :p ?x } }",
                  "<kg:b>\t<kg:c>\n");
    expect_answer(f->store, "SELECT ?o FROM NAMED :g2 { :a :p ?o }", "");
    expect_answer(f->store, "SELECT ?o FROM NAMED :g2 { :a :p* ?o . ?x ?y ?z }", "");
    expect_answer(f->store, "SELECT ?o FROM :g2 { GRAPH ?g { :a :p ?o } }", "");
    expect_answer(f->store, "SELECT ?o FROM :none { :a :p ?o }", "");
    /* Several graphs are one, in which each triple is once. */
    update(f->store, "INSERT DATA { GRAPH :g2 { :a :p :b . :b :p :d } }");
    expect_answer(f->store, "SELECT ?o FROM :g1 FROM :none FROM :g2 FROM :g1 { :a :p ?o } ORDER BY ?o",
                  "<kg:b>\n<kg:c>\n");
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) FROM :g1 FROM :g2 { ?s ?p ?o }", "5\n");
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) FROM :g1 FROM :g2 { ?s :p ?o }", "3\n");
    expect_answer(f->store, "SELECT ?n FROM :g2 FROM :g1 { :a :p+/:q ?n . :b :q 1 . :c :q 2 } ORDER BY ?n", "1\n2\n");
    expect_answer(f->store, "SELECT ?o FROM :g1 FROM :g2 FROM NAMED :g1 { GRAPH ?g { :a :p ?o } :b :p :d }",
                  "<kg:b>\n");
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) FROM :g1 { ?s ?p ?o }", "2\n");
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) FROM :none { ?s ?p ?o }", "0\n");
}

#define expect_report(done, inserted_, deleted_)                                                                       \
    do {                                                                                                               \
        const KgUpdateReport report_ = (done);                                                                         \
        assert_int_equal(report_.inserted, inserted_);                                                                 \
        assert_int_equal(report_.deleted, deleted_);                                                                   \
    } while (0)

#define NAMED "SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g ?s ?p ?o"

static void templates_and_patterns_name_graphs(void **state)
{
    const Fixture *const f = *state;
    fill(f->store);
    expect_report(update(f->store, "INSERT { GRAPH ?g { ?o :back :a } } WHERE { GRAPH ?g { :a :p ?o } }"), 2, 0);
    expect_report(update(f->store, "DELETE WHERE { GRAPH ?g { ?o :back ?x . ?o :q 1 } GRAPH :g2 { ?c :q 2 } }"), 0, 3);
    expect_report(update(f->store, "WITH :g1 DELETE { ?s :p ?o } INSERT { ?s :r ?o . GRAPH :g2 { ?s :r ?o } } "
                                   "WHERE { ?s :p ?o }"),
                  2, 1);
    expect_answer(f->store, NAMED,
                  "<kg:g1>\t<kg:a>\t<kg:r>\t<kg:b>\n"
                  "<kg:g2>\t<kg:a>\t<kg:p>\t<kg:c>\n"
                  "<kg:g2>\t<kg:a>\t<kg:r>\t<kg:b>\n"
                  "<kg:g2>\t<kg:c>\t<kg:back>\t<kg:a>\n");
    /* USING is for the pattern alone. */
    expect_report(update(f->store, "WITH :g1 DELETE { ?s :r ?o } INSERT { ?s :t ?o } USING :g2 WHERE { ?s :r ?o }"), 1,
                  1);
    expect_report(update(f->store, "DELETE { ?s :p ?o } INSERT { :never :p ?s } USING NAMED :g2 WHERE { ?s :p ?o }"), 0,
                  0);
    expect_report(update(f->store, "DELETE { ?o :p ?s . GRAPH ?x { ?s :p ?o } } USING NAMED :g2 WHERE "
                                   "{ GRAPH ?g { ?s :p ?o } }"),
                  0, 0);
    expect_report(update(f->store, "INSERT { ?s :u ?o } USING :g2 USING :g1 WHERE { ?s ?x ?o . FILTER(?x != :back) } ; "
                                   "DELETE WHERE { ?s :u ?o }"),
                  2, 2);
    expect_report(update(f->store, "DELETE DATA { :a :t :b . GRAPH :g2 { :a :t :b } GRAPH :g1 { :a :t :b } }"), 0, 1);
    expect_answer(f->store, "SELECT ?g { GRAPH ?g { } }", "<kg:g2>\n");
}

static void whole_graphs_are_added_copied_moved_and_cleared(void **state)
{
    const Fixture *const f = *state;
    fill(f->store);
    expect_report(update(f->store, "ADD :g1 TO DEFAULT"), 1, 0);
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "2\n");
    expect_report(update(f->store, "COPY GRAPH :g2 TO :g1"), 2, 2);
    expect_answer(f->store, "SELECT ?o { GRAPH :g1 { :a :p ?o } }", "<kg:c>\n");
    expect_report(update(f->store, "MOVE :g2 TO DEFAULT"), 2, 4);
    expect_answer(f->store, "SELECT ?g { GRAPH ?g { } }", "<kg:g1>\n");
    expect_report(update(f->store, "MOVE :g1 TO :g1 ; COPY DEFAULT TO :g2 ; CLEAR GRAPH :g1"), 2, 2);
    expect_report(update(f->store, "CLEAR NAMED"), 0, 2);
    expect_report(update(f->store, "DROP ALL"), 0, 2);
    update(f->store, "INSERT DATA { GRAPH :g1 { :a :p :b } }");
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    assert_int_equal(kg_update(txn, "CREATE GRAPH :g1", 16, NULL, NULL, &err), BASE_BAD_INPUT);
    expect_words(&err, "the graph <kg:g1> is there already");
    kg_abort(txn);
}

static void blank_nodes_are_one_across_the_graphs_of_an_operation(void **state)
{
    const Fixture *const f = *state;
    fill(f->store);
    update(f->store, "INSERT DATA { _:n :x 1 . GRAPH :g1 { _:n :x 1 } } ; INSERT { GRAPH :g2 { _:n :x 1 } } WHERE { }");
    expect_answer(f->store, "SELECT ?g { ?n :x 1 . GRAPH ?g { ?n :x 1 } }", "<kg:g1>\n");
}

static void load_fills_the_graph_that_it_names(void **state)
{
    const Fixture *const f = *state;
    char path[300], text[800];
    fill(f->store);
    snprintf(path, sizeof path, "%s/data.nt", f->folder);
    write_text_file(path, "<kg:a> <kg:p> <kg:b> .\n<kg:l> <kg:p> <kg:m> .\n");
    snprintf(text, sizeof text, "LOAD <file://%s> INTO GRAPH :g1 ; LOAD <file://%s> INTO GRAPH <http://g/3>", path,
             path);
    expect_report(update(f->store, text), 3, 0);
    expect_answer(f->store, "SELECT ?g { GRAPH ?g { :l :p :m } } ORDER BY ?g", "<http://g/3>\n<kg:g1>\n");
    expect_answer(f->store, "SELECT ?o { :l :p ?o }", "");
}

/* Its triple is in the tables, where a large import folds all changes, and the change that hides it waits beside them.
 */
static void a_graph_that_lost_its_last_triple_is_sound(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgRecord records[5000] = {0};
    update(f->store, "INSERT DATA { GRAPH :g1 { :a :p :b } }");
    KgTxn *const txn = begin_write(f->store);
    for (size_t i = 0; i < 5000; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%zu", i);
        records[i].triple = (KgTriple){intern_field(txn, name), intern_field(txn, "p"), intern_field(txn, "b")};
    }
    expect_ok(kg_add_many(txn, KG_ASSERTED, records, 5000, NULL, NULL, &err), &err);
    commit(txn);
    update(f->store, "DELETE DATA { GRAPH :g1 { :a :p :b } }");
    expect_answer(f->store, "SELECT ?g { GRAPH ?g { } }", "");
    update(f->store, "INSERT DATA { GRAPH :g1 { :a :p :c } }");
    expect_answer(f->store, "SELECT ?o { GRAPH :g1 { :a :p ?o } }", "<kg:c>\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(graph_matches_in_one_graph_or_in_each),
        TEST(graph_joins_with_what_is_around_it),
        TEST(what_is_inside_is_found_anew_for_each_graph),
        TEST(filters_inside_do_not_see_the_name),
        TEST(from_chooses_the_dataset),
        TEST(templates_and_patterns_name_graphs),
        TEST(whole_graphs_are_added_copied_moved_and_cleared),
        TEST(load_fills_the_graph_that_it_names),
        TEST(a_graph_that_lost_its_last_triple_is_sound),
        TEST(blank_nodes_are_one_across_the_graphs_of_an_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
