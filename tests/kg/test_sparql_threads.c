/* test_sparql_threads.c - threads that share a query make no difference to its rows, their order, its limits or its
 * failures. Every query is shared here, however small, in parts of few rows. */
#include "kg/store.h"
#include "sparql/ask.h"
#include "sparql/compare.h"
#include "sparql/generate.h"

#include <pthread.h>

#define NODES 600
#define WORLDS 15
#define QUERIES 40 /* of a world */

static void share_all(KgStore *store)
{
    store->limits = (KgLimits){.split_work = 1, .part_work = 200, .changes = 1, .records = 1};
}

static void add_value(KgTxn *txn, const char *subject, const char *predicate, const char *object)
{
    BaseError err = {0};
    const KgTriple triple = {intern_field(txn, subject), intern_field(txn, predicate), intern_field(txn, object)};
    expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = triple}, NULL, &err), &err);
}

/* :nI :to four others, :value of all kinds of numbers, :name; a tenth of them :is :odd. */
static int make_graph(void **state)
{
    if (make_fixture(state) != 0)
        return -1;
    const Fixture *const f = *state;
    share_all(f->store);
    KgTxn *const txn = begin_write(f->store);
    static const char *const values[] = {"\"%d\"^^xsd:integer", "\"%d.25\"^^xsd:decimal", "\"%d.1e-1\"^^xsd:double",
                                         "\"%d.7\"^^xsd:float"};
    for (int i = 0; i < NODES; i++) {
        char node[32], other[64];
        snprintf(node, sizeof node, "n%d", i);
        for (int k = 1; k <= 4; k++) {
            snprintf(other, sizeof other, "n%d", (i * 7 + k * k * k) % NODES);
            add_value(txn, node, "to", other);
        }
        snprintf(other, sizeof other, values[i % 4], i % 50);
        add_value(txn, node, "value", other);
        snprintf(other, sizeof other, "\"a name of some length, number %d\"", i % 37);
        add_value(txn, node, "name", other);
        if (i % 10 == 7)
            add_value(txn, node, "is", "odd");
    }
    commit(txn);
    return 0;
}

/* As TSV, or the message of its failure. */
static char *ask_with(KgTxn *txn, const char *text, int threads, unsigned layers)
{
    BaseError err = {0};
    BaseJob job = {.threads = threads};
    KgQuery *query = NULL;
    uint64_t rows;
    static char *result;
    static size_t length;
    FILE *const out = open_memstream(&result, &length);
    assert_non_null(out);
    BaseStatus status =
        kg_query_open(txn, text, strlen(text), &(KgQueryOptions){.job = &job, .layers = layers}, &query, &err);
    if (status == BASE_OK)
        status = kg_query_write(query, KG_RESULT_TSV, 0, out, &rows, &err);
    if (status != BASE_OK)
        fprintf(out, "%s\n", err.message);
    kg_query_close(query);
    fclose(out);
    return result;
}

static void expect_same(const char *text, const char *one, const char *other, int threads)
{
    if (strcmp(one, other) != 0)
        fail_msg("%s\nby one thread:\n%s\nby %d:\n%s", text, one, threads, other);
}

static const char *const queries[] = {
    "SELECT ?a ?c { ?a :to ?b . ?b :to ?c }",
    "SELECT ?a ?b ?c { ?a :to ?b . ?b :to ?c . ?c :to ?a }",
    "SELECT (COUNT(*) AS ?n) { ?a :to ?b . ?b :to ?c . ?c :to ?d }",
    "SELECT ?b (COUNT(?a) AS ?n) (SUM(?v) AS ?s) (AVG(?v) AS ?m) { ?a :to ?b . ?a :value ?v } GROUP BY ?b",
    "SELECT ?m (SUM(?v) AS ?s) (MIN(?v) AS ?l) (MAX(?v) AS ?h) (SAMPLE(?a) AS ?x) { ?a :name ?m; :value ?v } GROUP BY "
    "?m",
    "SELECT ?n (GROUP_CONCAT(?a; SEPARATOR=\"|\") AS ?all) { ?a :name ?n } GROUP BY ?n",
    "SELECT (SUM(?v / 7) AS ?s) (GROUP_CONCAT(?v) AS ?all) { ?a :value ?v }",
    "SELECT (MIN(CONCAT(?m, \"!\")) AS ?l) (MAX(UCASE(?m)) AS ?h) { ?a :name ?m . ?a :to ?b }",
    "SELECT ?m (COUNT(DISTINCT ?b) AS ?n) { ?a :name ?m . ?a :to ?b } GROUP BY ?m ORDER BY ?n ?m",
    "SELECT (COUNT(DISTINCT ?c) AS ?n) (SUM(DISTINCT ?v) AS ?s) { ?a :to ?b . ?b :to ?c . ?c :value ?v }",
    "SELECT ?a ?k { ?a :to ?b . ?b :value ?v BIND(CONCAT(\"x\", STR(?v)) AS ?k) } ORDER BY ?k",
    "SELECT DISTINCT ?k { ?a :to ?b . ?b :value ?v BIND(IF(?v > 20, \"many\", CONCAT(\"few\", STR(?v))) AS ?k) }",
    "SELECT ?k (COUNT(*) AS ?n) { ?a :value ?v . ?a :to ?b BIND(?v * 3 AS ?k) } GROUP BY ?k",
    "SELECT ?a ?v { ?a :to ?b OPTIONAL { ?b :is ?o . ?b :value ?v FILTER(?v > 10) } }",
    "SELECT ?a { ?a :to ?b FILTER EXISTS { ?b :to ?c . ?c :is :odd } }",
    "SELECT ?a { ?a :to ?b FILTER NOT EXISTS { ?b :to ?c . ?c :is :odd } } ORDER BY ?a LIMIT 20",
    "SELECT ?a ?x { { ?a :to ?x . ?x :is :odd } UNION { ?x :to ?a . ?a :is :odd } ?a :value ?v }",
    "SELECT ?a ?b { ?a :to ?b MINUS { ?b :is :odd . ?b :value ?w } }",
    "SELECT ?a ?n { ?a :value ?v { SELECT ?a (COUNT(*) AS ?n) { ?a :to ?b . ?b :to ?c } GROUP BY ?a } }",
    "SELECT ?a ?b { ?a :to ?b VALUES ?b { :n3 :n77 :nowhere \"nothing\" } }",
    "SELECT ?b (COUNT(*) AS ?n) { ?a :to ?b . ?a :value ?v FILTER(?v = 7 || STR(?v) = \"nothing\") } GROUP BY ?b",
    "SELECT ?a ?k { ?a :to ?b BIND(CONCAT(STR(?b), ' and ', STR(?a), ' are neighbours') AS ?k) } ORDER BY DESC(?k)",
    "CONSTRUCT { ?a :two ?c } { ?a :to ?b . ?b :to ?c }",
};

static void rows_and_their_order_are_those_of_one_thread(void **state)
{
    const Fixture *const f = *state;
    KgTxn *const txn = begin_read(f->store);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        for (int round = 0; round < 2; round++) { /* then from what is kept in memory */
            char *const one = ask_with(txn, queries[i], 1, 0);
            char *const two = ask_with(txn, queries[i], 2, 0), *const many = ask_with(txn, queries[i], 5, 0);
            if (round) {
                expect_same(queries[i], one, two, 2);
                expect_same(queries[i], one, many, 5);
            }
            free(one);
            free(two);
            free(many);
        }
    kg_abort(txn);
}

/* As long as nobody has what was looked up in memory, the order is another one: each has a database that is fresh. */
static void the_first_time_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        char *told[2];
        for (int threads = 1; threads <= 2; threads++) {
            void *fresh;
            assert_int_equal(make_graph(&fresh), 0);
            KgTxn *const txn = begin_read(((const Fixture *)fresh)->store);
            told[threads - 1] = ask_with(txn, queries[i], threads, 0);
            kg_abort(txn);
            drop_fixture(&fresh);
        }
        expect_same(queries[i], told[0], told[1], 2);
        free(told[0]);
        free(told[1]);
    }
}

static bool is_random(const char *text)
{
    return strstr(text, "RAND") || strstr(text, "UUID") || strstr(text, "NOW") || strstr(text, "BNODE");
}

static void random_queries_do_not_tell_threads(void **state)
{
    const Fixture *const f = *state;
    share_all(f->store);
    f->store->limits.part_work = 1;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        BaseRandom random;
        World world;
        base_random_seed(&random, seed);
        make_world(&world, &random);
        store_world(&world, f->store);
        KgTxn *const txn = begin_read(f->store);
        for (int i = 0; i < QUERIES; i++) {
            BaseArena arena = {0};
            char *const text = query_text(&world.lexicon, random_query(&arena, &random, &world));
            if (!is_random(text)) {
                char *const before = ask_with(txn, text, 1, 0), *const many = ask_with(txn, text, 3, 0);
                char *const after = ask_with(txn, text, 1, 0);
                if (strcmp(before, after) == 0) /* or more has come to be kept in memory */
                    expect_same(text, before, many, 3);
                free(before);
                free(many);
                free(after);
            }
            free(text);
            base_arena_free(&arena);
        }
        kg_abort(txn);
        free_world(&world);
    }
}

static char *profile_of(KgStore *store, const char *text, int threads)
{
    BaseError err = {0};
    BaseJob job = {.threads = threads};
    KgQuery *query = NULL;
    static char *told;
    static size_t length;
    KgTxn *const txn = begin_read(store);
    FILE *const out = open_memstream(&told, &length);
    expect_ok(kg_query_open(txn, text, strlen(text), &(KgQueryOptions){.job = &job, .explain = KG_EXPLAIN_PROFILE},
                            &query, &err),
              &err);
    while (kg_query_next(query, &err) == BASE_OK)
        ;
    expect_ok(kg_query_explain(query, out, &err), &err);
    fclose(out);
    kg_query_close(query);
    kg_abort(txn);
    return told;
}

static void the_profile_counts_the_rows_of_all_threads(void **state)
{
    const Fixture *const f = *state;
    char *const told = profile_of(f->store, queries[2], 3);
    char rows[64];
    snprintf(rows, sizeof rows, " %d rows", NODES * 4 * 4 * 4);
    if (!strstr(told, "parallel (3 threads, ") || !strstr(told, rows))
        fail_msg("%s", told);
    free(told);
}

static void small_queries_are_not_shared(void **state)
{
    const Fixture *const f = *state;
    f->store->limits.split_work = 0;
    char *const told = profile_of(f->store, queries[0], 3);
    if (strstr(told, "parallel"))
        fail_msg("%s", told);
    free(told);
}

/* ---- Limits ---- */

static BaseStatus run_with(KgStore *store, const char *text, const KgQueryOptions *options, BaseError *err)
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

static const char large[] = "SELECT ?a ?e (COUNT(*) AS ?n) { ?a :to ?b . ?b :to ?c . ?c :to ?d . ?d :to ?e } "
                            "GROUP BY ?a ?e";
static const char endless[] = "SELECT (COUNT(*) AS ?n) { ?a :to ?b . ?c :to ?d . ?e :to ?f . ?g :to ?h }";

static void memory_is_that_of_all_threads(void **state)
{
    const Fixture *const f = *state;
    for (int threads = 1; threads <= 4; threads++) {
        BaseError err = {0};
        BaseJob job = {.threads = threads};
        KgQueryOptions options = {.job = &job, .memory = 400000};
        assert_int_equal(run_with(f->store, large, &options, &err), BASE_LIMIT);
        assert_non_null(strstr(err.message, "more than the 4e+05 bytes it may have"));
        err = (BaseError){0};
        options.memory = 64u << 20;
        assert_int_equal(run_with(f->store, large, &options, &err), BASE_END);
    }
}

static void the_time_is_up_for_all_threads(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    BaseJob job = {.threads = 3};
    const double began = base_wall_seconds();
    assert_int_equal(run_with(f->store, endless, &(KgQueryOptions){.job = &job, .timeout = 0.2}, &err), BASE_LIMIT);
    assert_true(base_wall_seconds() - began < 5);
    assert_non_null(strstr(err.message, "it took more than 0.2 s"));
}

static void *cancel_soon(void *context)
{
    BaseJob *const job = context;
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    atomic_store(&job->cancelled, true);
    return NULL;
}

static void all_threads_are_cancelled(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    BaseJob job = {.threads = 3};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &job), 0);
    assert_int_equal(run_with(f->store, endless, &(KgQueryOptions){.job = &job}, &err), BASE_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* A thread beside it reads a newer snapshot then, and is left out. */
static void an_older_reader_is_alone(void **state)
{
    const Fixture *const f = *state;
    KgTxn *const old = begin_read(f->store);
    char *const before = ask_with(old, queries[2], 1, 0);
    static const char *const fact[] = {"n0", "to", "n0", NULL};
    add_facts(f->store, KG_ASSERTED, fact);
    char *const after = ask_with(old, queries[2], 3, 0), *const now = ask(f->store, queries[2]);
    assert_string_equal(before, after);
    assert_string_not_equal(before, now);
    kg_abort(old);
    free(before);
    free(after);
    free(now);
}

/* Patterns of an update are matched in the transaction that writes. */
static void updates_see_what_they_wrote(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    static const char text[] = "INSERT { ?a :two ?c } WHERE { ?a :to ?b . ?b :to ?c } ; "
                               "DELETE { ?a :two ?c } WHERE { ?a :two ?c . ?c :is :odd }";
    KgUpdateReport report;
    expect_ok(kg_update(txn, text, strlen(text), NULL, &report, &err), &err);
    assert_true(report.inserted > 2 * NODES && report.deleted > 0);
    commit(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_and_their_order_are_those_of_one_thread, make_graph, drop_fixture),
        cmocka_unit_test(the_first_time_too),
        cmocka_unit_test_setup_teardown(random_queries_do_not_tell_threads, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(the_profile_counts_the_rows_of_all_threads, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(small_queries_are_not_shared, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(memory_is_that_of_all_threads, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(the_time_is_up_for_all_threads, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(all_threads_are_cancelled, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(an_older_reader_is_alone, make_graph, drop_fixture),
        cmocka_unit_test_setup_teardown(updates_see_what_they_wrote, make_graph, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
