/* test_sparql_plan.c - how queries run: what is kept in memory never outlives the facts, limits stop a query and
 * nothing else, plans are told. Answers themselves are the business of the other tests. */
#include "kg/sparql/found_terms.h"
#include "sparql/ask.h"

#include <pthread.h>

#define NODES 400
#define EDGES 3 /* of a node */

/* :nI :to :nJ, three of each node, and :nI :value I. */
static int fill_graph(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    const KgId to = intern_field(txn, "to"), value = intern_field(txn, "value");
    for (int i = 0; i < NODES; i++) {
        char name[32];
        snprintf(name, sizeof name, "n%d", i);
        const KgId node = intern_field(txn, name);
        snprintf(name, sizeof name, "\"%d\"^^xsd:integer", i);
        expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {node, value, intern_field(txn, name)}}, NULL, &err),
                  &err);
        for (int k = 1; k <= EDGES; k++) {
            snprintf(name, sizeof name, "n%d", (i * 7 + k * k) % NODES);
            expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {node, to, intern_field(txn, name)}}, NULL, &err),
                      &err);
        }
    }
    commit(txn);
    return 0;
}

static int make_graph(void **state)
{
    return make_fixture(state) == 0 ? fill_graph(state) : -1;
}

/* ---- What queries share ---- */

static const char steps[] = "SELECT (COUNT(*) AS ?n) { ?a :to ?b . ?b :to ?c . ?c :to ?d }";

static void what_is_kept_follows_the_facts(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    char expected[32];
    snprintf(expected, sizeof expected, "%d\n", NODES * EDGES * EDGES * EDGES);
    for (int i = 0; i < 20; i++) /* often enough to be worth keeping */
        expect_answer(f->store, steps, expected);
    static const char *const fact[] = {"n0", "to", "n399", NULL};
    add_facts(f->store, KG_ASSERTED, fact);
    char *const with_it = ask(f->store, steps);
    assert_string_not_equal(strchr(with_it, '\n') + 1, expected);
    KgTxn *const txn = begin_write(f->store);
    const KgTriple triple = {intern_field(txn, "n0"), intern_field(txn, "to"), intern_field(txn, "n399")};
    expect_ok(kg_delete(txn, KG_ASSERTED, triple, NULL, &err), &err);
    commit(txn);
    expect_answer(f->store, steps, expected);
    free(with_it);
}

/* A reader that began before a commit goes on seeing what it saw, whoever reads beside it. */
static void an_older_reader_keeps_its_facts(void **state)
{
    const Fixture *const f = *state;
    char *const before = ask(f->store, steps);
    KgTxn *const old = begin_read(f->store);
    static const char *const fact[] = {"n1", "to", "n399", NULL};
    add_facts(f->store, KG_ASSERTED, fact);
    char *const after = ask(f->store, steps);
    assert_string_not_equal(before, after);
    for (int i = 0; i < 20; i++) {
        BaseError err = {0};
        KgQuery *query = NULL;
        KgTerm cell;
        char *const now = ask(f->store, steps);
        assert_string_equal(now, after);
        free(now);
        expect_ok(kg_query_open(old, steps, strlen(steps), NULL, &query, &err), &err);
        expect_ok(kg_query_next(query, &err), &err);
        assert_true(kg_query_cell(query, 0, &cell));
        assert_memory_equal(strchr(before, '\n') + 1, cell.text.bytes, cell.text.length);
        kg_query_close(query);
    }
    kg_abort(old);
    free(before);
    free(after);
}

/* An IRI that a query has named is found again without the dictionary, but not by a reader from before it. */
static void terms_found_are_those_of_the_snapshot(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const old = begin_read(f->store);
    static const char *const fact[] = {"newcomer", "to", "n1", NULL};
    add_facts(f->store, KG_ASSERTED, fact);
    const KgText iri = KG_TEXT("kg:newcomer");
    for (int i = 0; i < 2; i++)
        expect_answer(f->store, "SELECT ?o { :newcomer :to ?o }", "<kg:n1>\n");
    KgTxn *const now = begin_read(f->store);
    KgId id;
    expect_ok(kg_find_name(now, "newcomer", &id, &err), &err);
    assert_int_equal(kg_recall_iri(now, iri), id);
    assert_int_equal(kg_recall_iri(old, iri), KG_ANY);
    kg_abort(now);
    kg_abort(old);
}

static void *ask_many_times(void *context)
{
    KgStore *const store = context;
    size_t wrong = 0;
    for (int i = 0; i < 200; i++) {
        BaseError err = {0};
        KgQuery *query = NULL;
        KgTxn *txn = NULL;
        KgTerm cell;
        static const char text[] = "SELECT (COUNT(*) AS ?n) { ?a :to ?b . ?b :value ?v }";
        wrong += kg_read_begin(store, &txn, &err) != BASE_OK ||
                 kg_query_open(txn, text, strlen(text), NULL, &query, &err) != BASE_OK ||
                 kg_query_next(query, &err) != BASE_OK || !kg_query_cell(query, 0, &cell) || cell.text.length != 4;
        kg_query_close(query);
        kg_abort(txn);
    }
    return (void *)wrong;
}

static void threads_share_what_is_kept(void **state)
{
    const Fixture *const f = *state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many_times, f->store), 0);
    for (int i = 0; i < 40; i++) { /* beside a writer whose facts are not those asked for */
        char name[32];
        snprintf(name, sizeof name, "other%d", i);
        const char *const fact[] = {name, "kind", "x", NULL};
        add_facts(f->store, KG_ASSERTED, fact);
    }
    for (int i = 0; i < 4; i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

/* ---- Limits ---- */

static BaseStatus run_within(KgStore *store, const char *text, const KgQueryOptions *options, BaseError *err)
{
    KgQuery *query = NULL;
    KgTxn *const txn = begin_read(store);
    BaseStatus status = kg_query_open(txn, text, strlen(text), options, &query, err);
    while (status == BASE_OK)
        status = kg_query_next(query, err);
    kg_query_close(query);
    kg_abort(txn);
    return status;
}

static void a_query_past_its_memory_is_stopped_and_no_other(void **state)
{
    const Fixture *const f = *state;
    static const char *const large[] = {
        "SELECT ?a ?d { ?a :to ?b . ?b :to ?c . ?c :to ?d } ORDER BY ?d",
        "SELECT DISTINCT ?a ?d { ?a :to ?b . ?b :to ?c . ?c :to ?d }",
        "SELECT ?a ?d (COUNT(*) AS ?n) { ?a :to ?b . ?b :to ?c . ?c :to ?d } GROUP BY ?a ?d",
        "SELECT * { ?a :to ?b { SELECT ?b ?e { ?b :to ?c . ?c :to ?d . ?d :to ?e } } }",
        "SELECT ?a (GROUP_CONCAT(CONCAT(STR(?a), STR(?d))) AS ?t) { ?a :to ?b . ?b :to ?c . ?c :to ?d } GROUP BY ?a",
    };
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        BaseError err = {0};
        if (run_within(f->store, large[i], &(KgQueryOptions){.memory = 200000}, &err) != BASE_LIMIT)
            fail_msg("not stopped: %s", large[i]);
        assert_non_null(strstr(err.message, "it needs more than"));
        err = (BaseError){0};
        assert_int_equal(run_within(f->store, large[i], &(KgQueryOptions){.memory = 64u << 20}, &err), BASE_END);
    }
}

static void a_query_past_its_time_is_stopped(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    static const char endless[] =
        "SELECT (COUNT(*) AS ?n) { ?a :to ?b . ?c :to ?d . ?e :to ?f . ?g :to ?h FILTER(?a != ?c) }";
    assert_int_equal(run_within(f->store, endless, &(KgQueryOptions){.timeout = 0.05}, &err), BASE_LIMIT);
    assert_non_null(strstr(err.message, "took more than 0.05 s"));
}

/* ---- Plans ---- */

static void thirty_patterns_in_a_row_are_planned_and_joined(void **state)
{
    const Fixture *const f = *state;
    char text[2048] = "ASK { :n5 :to ?x0 ";
    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ". ?x%d :value ?v%d ", i, i);
    for (int i = 0; i < 6; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ". ?x%d :to ?x%d ", i, i + 1);
    for (int i = 7; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ". :n%d :to ?x%d ", i, i);
    strcat(text, "}");
    BaseError err = {0};
    KgQuery *query = NULL;
    KgTxn *const txn = begin_read(f->store);
    expect_ok(kg_query_open(txn, text, strlen(text), NULL, &query, &err), &err);
    assert_true(kg_query_answer(query));
    kg_query_close(query);
    kg_abort(txn);
}

/* The caller frees it. */
static char *profile_of(KgStore *store, const char *text)
{
    BaseError err = {0};
    KgQuery *query = NULL;
    static char *told;
    static size_t length;
    KgTxn *const txn = begin_read(store);
    FILE *const out = open_memstream(&told, &length);
    expect_ok(kg_query_open(txn, text, strlen(text), &(KgQueryOptions){.explain = KG_EXPLAIN_PROFILE}, &query, &err),
              &err);
    while (kg_query_next(query, &err) == BASE_OK)
        ;
    expect_ok(kg_query_explain(query, out, &err), &err);
    fclose(out);
    kg_query_close(query);
    kg_abort(txn);
    return told;
}

static void expect_told(const char *told, const char *words)
{
    if (!strstr(told, words))
        fail_msg("no \"%s\" in\n%s", words, told);
}

static void a_profile_tells_rows_of_each_operator(void **state)
{
    const Fixture *const f = *state;
    char *const told =
        profile_of(f->store, "SELECT ?a { ?a :to ?b . ?b :to ?a OPTIONAL { ?a :value ?v FILTER(?v > 3) } } LIMIT 5");
    static const char *const wanted[] = {"slice", "optional", "?a :to ?b", "?a :value ?v", "rows in", " ms"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        expect_told(told, wanted[i]);
    free(told);
}

/* ---- Plans ---- */

static void filters_of_a_variable_make_one_range(void **state)
{
    const Fixture *const f = *state;
    char *const told =
        profile_of(f->store, "SELECT ?a { ?a :value ?v FILTER(?v >= 100) FILTER(?v < 120) FILTER(?v != 105) }");
    expect_told(told, "in POS, 1 bound and a range");
    expect_told(told, "  19 rows in 1 batches");
    free(told);
}

/* The pattern that is read first is told last. */
static void expect_first(KgStore *store, const char *text, const char *pattern)
{
    char *const told = profile_of(store, text);
    const char *last = told;
    for (const char *line = told; *line; line = strchr(line, '\n') + 1)
        last = line;
    if (!strstr(last, pattern))
        fail_msg("%s is not first:\n%s", pattern, told);
    free(told);
}

/* Of 400 values all pass, where a rule of thumb has 120 of them pass; 40 nodes are :odd. */
static void a_look_at_what_filters_pass_decides_the_order(void **state)
{
    const Fixture *const f = *state;
    static const char range[] = "SELECT ?a { ?a :value ?v . ?a :is :odd FILTER(?v >= 0) }",
                      text[] = "SELECT ?a { ?a :value ?v . ?a :is :odd FILTER(STRLEN(STR(?v)) < 9) }";
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    for (int i = 0; i < NODES; i += 10) {
        char name[32];
        snprintf(name, sizeof name, "n%d", i);
        const KgTriple triple = {intern_field(txn, name), intern_field(txn, "is"), intern_field(txn, "odd")};
        expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = triple}, NULL, &err), &err);
    }
    commit(txn);
    expect_first(f->store, range, "?a :value ?v");
    expect_first(f->store, text, "?a :value ?v");
    f->store->limits.sampled_matches = 100;
    expect_first(f->store, range, "?a :is :odd");
    expect_first(f->store, text, "?a :is :odd");
}

/* Triangles of a dense random graph, of IRIs and of blank nodes: by lists of neighbours, and one pattern after another.
 */
static void circles_are_closed_as_one_by_one(void **state)
{
    const Fixture *const f = *state;
    static const char circle[] = "SELECT (COUNT(*) AS ?n) { ?a :knows ?b . ?b :knows ?c . ?c :knows ?a }",
                      chain[] =
                          "SELECT (COUNT(*) AS ?n) { ?a :knows ?b . ?b :knows ?c . ?c ?p ?a FILTER(?p = :knows) }";
    BaseError err = {0};
    BaseRandom random;
    base_random_seed(&random, 5);
    KgTxn *const txn = begin_write(f->store);
    for (int i = 0; i < 3000; i++) {
        char ends[2][32];
        for (int e = 0; e < 2; e++) {
            const int node = (int)base_random_below(&random, base_random_below(&random, 2) ? 20 : 120);
            snprintf(ends[e], sizeof ends[e], node % 5 ? "m%d" : "_:m%d", node);
        }
        const KgTriple triple = {intern_field(txn, ends[0]), intern_field(txn, "knows"), intern_field(txn, ends[1])};
        expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = triple}, NULL, &err), &err);
    }
    commit(txn);
    char *const told = profile_of(f->store, circle), *const wanted = ask(f->store, chain);
    expect_told(told, "intersect");
    expect_answer(f->store, circle, strchr(wanted, '\n') + 1);
    assert_true(strlen(strchr(wanted, '\n') + 1) > 5);
    free(told);
    free(wanted);
}

static int make_packed_graph(void **state)
{
    if (make_fixture(state) != 0)
        return -1;
    ((Fixture *)*state)->store->limits = (KgLimits){.changes = 1, .records = 1};
    return fill_graph(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_kept_follows_the_facts, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(an_older_reader_keeps_its_facts, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(terms_found_are_those_of_the_snapshot, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(threads_share_what_is_kept, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(a_query_past_its_memory_is_stopped_and_no_other, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(a_query_past_its_time_is_stopped, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(thirty_patterns_in_a_row_are_planned_and_joined, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(a_profile_tells_rows_of_each_operator, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(filters_of_a_variable_make_one_range, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(circles_are_closed_as_one_by_one, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_look_at_what_filters_pass_decides_the_order, make_packed_graph, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
