/* What is right in a query and yet can match nothing: predicates that no triple has. */
#include "sparql/ask.h"

static int make_people(void **state)
{
    static const char *const facts[] = {"ada", "label", "\"Ada\"", "ada",    "knows",
                                        "bob", "ada",   "type",    "person", NULL};
    static const char *const others[] = {"ada", "<http://ex.org/v/label>", "\"Ada\"", NULL};
    if (make_fixture(state) != 0)
        return -1;
    const Fixture *const f = *state;
    add_facts(f->store, KG_ASSERTED, facts);
    add_facts(f->store, KG_PREDICTED, others);
    return 0;
}

typedef struct Told {
    size_t count;
    BaseError last;
} Told;

static void keep(void *context, const BaseError *warning)
{
    Told *const told = context;
    assert_true(warning->is_warning);
    told->count++;
    told->last = *warning;
}

static Told notices(KgStore *store, const char *text)
{
    Told told = {0};
    BaseError err = {0};
    KgTxn *txn = NULL;
    KgQuery *query = NULL;
    const BaseSink sink = {keep, &told};
    expect_ok(kg_read_begin(store, &txn, &err), &err);
    expect_ok(kg_query_open(txn, text, strlen(text), &(KgQueryOptions){.warnings = &sink}, &query, &err), &err);
    kg_query_close(query);
    kg_abort(txn);
    return told;
}

static void a_predicate_of_no_triple_is_told_with_its_place_and_the_nearest(void **state)
{
    const Fixture *const f = *state;
    Told told = notices(f->store, "SELECT * {\n  ?s :lable ?o }");
    assert_int_equal(told.count, 1);
    assert_string_equal(told.last.message, "no triple has the predicate :lable");
    assert_string_equal(told.last.hint, "did you mean :label?");
    assert_int_equal(told.last.line, 2);
    assert_int_equal(told.last.column, 6);
    assert_int_equal(told.last.width, 6);
    told = notices(f->store, "PREFIX v: <http://ex.org/v/> ASK { ?s v:lable ?o }");
    assert_string_equal(told.last.hint, "did you mean v:label?"); /* of its own vocabulary before others */
    told = notices(f->store, "ASK { ?s <http://ex.org/v/labels> ?o }");
    assert_string_equal(told.last.hint, "did you mean <http://ex.org/v/label>?");
    told = notices(f->store, "ASK { ?s <http://ex.org/v/know> ?o }");
    assert_string_equal(told.last.hint, "did you mean :knows?");
    told = notices(f->store, "ASK { ?s :somethingelse ?o }");
    assert_int_equal(told.count, 1);
    assert_string_equal(told.last.hint, "");
}

static void it_is_found_wherever_a_predicate_stands_and_told_once(void **state)
{
    const Fixture *const f = *state;
    static const char *const queries[] = {
        "ASK { ?s :knows/:lable ?o }",
        "ASK { ?s (^:lable|:knows)* ?o }",
        "ASK { ?s :knows ?o OPTIONAL { ?o :lable ?l } }",
        "ASK { { ?s :knows ?o } UNION { ?o :lable ?l } }",
        "ASK { ?s :knows ?o MINUS { ?o :lable ?l } }",
        "ASK { ?s :knows ?o FILTER(1 > 2 || NOT EXISTS { ?o :lable ?l }) }",
        "ASK { { SELECT ?s { ?s :lable ?l } } }",
        "ASK { GRAPH ?g { ?s :lable ?l } }",
        "CONSTRUCT { ?s :new ?l } { ?s :lable ?l . ?s :lable ?k }",
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        const Told told = notices(f->store, queries[i]);
        if (told.count != 1)
            print_error("%s\n", queries[i]);
        assert_int_equal(told.count, 1);
    }
}

static void what_is_there_or_may_be_is_not_told(void **state)
{
    const Fixture *const f = *state;
    static const char *const queries[] = {
        "ASK { ?s :label ?o ; :knows ?p ; ?any ?q }",
        "ASK { ?s <http://ex.org/v/label> ?o }", /* predicted, and not asked for */
        "ASK { ?s !(:lable|:knows) ?o }",
        "ASK { ?s :label (1 2) }",
        "SELECT * { ?s ?p ?o } ORDER BY ?s",
        "DESCRIBE :ada",
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        const Told told = notices(f->store, queries[i]);
        if (told.count != 0)
            print_error("%s: %s\n", queries[i], told.last.message);
        assert_int_equal(told.count, 0);
    }
}

static void predicates_of_named_graphs_are_there_and_an_empty_database_says_nothing(void **state)
{
    const Fixture *const f = *state;
    assert_int_equal(notices(f->store, "ASK { ?s :lable ?o }").count, 0);
    BaseError err = {0};
    KgTxn *txn = NULL;
    const char update[] = "INSERT DATA { :a :b :c GRAPH :g { :a :lable :c } }";
    expect_ok(kg_write_begin(f->store, &txn, &err), &err);
    expect_ok(kg_update(txn, update, strlen(update), NULL, NULL, &err), &err);
    expect_ok(kg_commit(txn, &err), &err);
    assert_int_equal(notices(f->store, "ASK { ?s :lable ?o }").count, 0);
    assert_int_equal(notices(f->store, "ASK { ?s :labels ?o }").count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_predicate_of_no_triple_is_told_with_its_place_and_the_nearest, make_people,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(it_is_found_wherever_a_predicate_stands_and_told_once, make_people,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(what_is_there_or_may_be_is_not_told, make_people, drop_fixture),
        cmocka_unit_test_setup_teardown(predicates_of_named_graphs_are_there_and_an_empty_database_says_nothing,
                                        make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
