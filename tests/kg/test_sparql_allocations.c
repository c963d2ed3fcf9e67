/* test_sparql_allocations.c - memory that runs out at every place of a query or an update in turn: it says
 * BASE_NO_MEMORY, or it does as ever; nothing is left behind. Linked with --wrap=malloc,calloc,realloc,aligned_alloc.
 */
#include "fixture.h"
#include "kg/store.h"
#include "sparql/ask.h"

#include <stdatomic.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static _Atomic uint64_t calls_left = UINT64_MAX; /* until one fails, of any thread */
static atomic_bool has_failed;

static bool fails_now(void)
{
    if (calls_left == UINT64_MAX || atomic_fetch_sub(&calls_left, 1) != 0)
        return false;
    calls_left = UINT64_MAX; /* one failure at a time */
    has_failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails_now() ? NULL : __real_aligned_alloc(alignment, size);
}

#define TENS(a) a "0 " a "1 " a "2 " a "3 " a "4 " a "5 " a "6 " a "7 " a "8 " a "9 "
#define HUNDREDS(a) TENS(a "0") TENS(a "1") TENS(a "2") TENS(a "3") TENS(a "4") TENS(a "5") TENS(a "6") TENS(a "7")

static const struct {
    const char *text;
    KgResultFormat format;
} queries[] = {
    {"SELECT ?x ?n { ?x :p ?y OPTIONAL { ?y :q ?n FILTER(?n > 1) } } ORDER BY DESC(?n) ?x LIMIT 3", KG_RESULT_JSON},
    {"PREFIX e: <http://e/> BASE <http://b/> SELECT DISTINCT ?x { { ?x :p/:q+ ?y } UNION { ?x (:p|^:q)* ?y } MINUS { "
     "?x :q 2 } }",
     KG_RESULT_TSV},
    {"SELECT ?g (GROUP_CONCAT(DISTINCT STR(?n); SEPARATOR=', ') AS ?c) (SUM(?n) AS ?s) (MAX(?n) AS ?m) { ?x :q ?n } "
     "GROUP BY (?n * 2 AS ?g) HAVING (COUNT(*) > 0) ORDER BY ?g",
     KG_RESULT_TABLE},
    {"SELECT * { { SELECT ?x (COUNT(*) AS ?k) { ?x ?p ?o } GROUP BY ?x } ?x :p ?y FILTER NOT EXISTS { ?y :q 9 } "
     "FILTER(REGEX(REPLACE(CONCAT(STR(?y), 'z'), 'z', '!'), '!$')) BIND(BNODE(STR(?x)) AS ?b) VALUES ?v { 1 UNDEF "
     "'x'@en } }",
     KG_RESULT_XML},
    {"CONSTRUCT { ?x :r [ :of ?y ; :list (1 ?n) ] } WHERE { ?x :p ?y . ?y :q ?n }", KG_RESULT_TURTLE},
    {"DESCRIBE ?x :b WHERE { ?x :p ?y }", KG_RESULT_NTRIPLES},
    {"ASK { ?x :p ?y FILTER(SHA256('a') = ?y || ENCODE_FOR_URI('\xc3\xa9') = UCASE('e')) }", KG_RESULT_MARKDOWN},
    {"PREFIX n: <urn:n:> SELECT ?x ?n ?m { ?x :p ?y SERVICE <http://e/> { ?y n:p ?n . ?n n:q ?m } }", KG_RESULT_TSV},
    {"SELECT * FROM kgq:asserted { ?s :p ?o . (?s :p ?o) kgq:provenance (?l ?n ?x ?r ?h) . (?s ?p ?o) kgq:graph ?g "
     "GRAPH kgq:asserted { ?o :q ?v } FILTER(kgq:layer(?s, ?p, ?o) != kgq:observed) }",
     KG_RESULT_TSV},
    {"SELECT ?b ?d { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f } ORDER BY DESC(?b) STR(?d) ?f LIMIT 3", KG_RESULT_TSV},
    {"SELECT (COUNT(DISTINCT ?v) AS ?n) (GROUP_CONCAT(?w) AS ?m) (MIN(?v) AS ?l) (AVG(?w) AS ?a) { VALUES ?v "
     "{ " HUNDREDS("1")
         HUNDREDS("2") " } BIND(?v / 7 AS ?w) FILTER(?v > 150 && REGEX(STR(?v), '^[12]') && CONTAINS(STR(?v), '0')) } "
                       "GROUP BY (?v < 200)",
     KG_RESULT_TSV},
    {"SELECT ?x { ?x :unknown:prefix 1 FILTER(?x = }", KG_RESULT_CSV},
};

static BaseStatus answer_always(void *context, const KgServiceRequest *request, BaseBuffer *answer, BaseError *err)
{
    static const char text[] =
        "{\"results\":{\"bindings\":[{\"kgq_row\":{\"type\":\"literal\",\"value\":\"0\"},\"n\":{\"type\":\"bnode\","
        "\"value\":\"b\"},\"m\":{\"type\":\"literal\",\"xml:lang\":\"EN\",\"value\":\"a text too long for an id\"}}]}}";
    (void)context;
    (void)request;
    return base_buffer_add(answer, text, sizeof text - 1) ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory");
}

/* *answer is the caller's to free. (The stream's own memory is the C library's, which is not made to fail.) */
static BaseStatus run_query(KgTxn *txn, size_t which, char **answer, BaseError *err)
{
    KgQuery *query = NULL;
    size_t length;
    FILE *const out = open_memstream(answer, &length);
    assert_non_null(out);
    BaseStatus status = kg_query_open(
        txn, queries[which].text, strlen(queries[which].text),
        &(KgQueryOptions){.job = &(BaseJob){.threads = 2}, .services = &(KgServices){.call = answer_always}}, &query,
        err);
    if (status == BASE_OK)
        status = kg_query_write(query, queries[which].format, 60, out, NULL, err);
    kg_query_close(query);
    fclose(out);
    return status;
}

static void expect_queries_to_say_so(KgStore *store)
{
    static const char *const facts[] = {"a",   "p", "b",
                                        "b",   "p", "c",
                                        "c",   "p", "a",
                                        "b",   "q", "\"2\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                                        "c",   "q", "\"1\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                                        "a",   "q", "_:n",
                                        "_:n", "q", "\"x\"",
                                        NULL};
    add_facts(store, KG_ASSERTED, facts);
    KgTxn *const txn = begin_read(store);
    for (size_t which = 0; which < sizeof queries / sizeof *queries; which++) {
        BaseError whole = {0};
        char *wanted = NULL, *got = NULL;
        const BaseStatus expected = run_query(txn, which, &wanted, &whole);
        uint64_t places = 0;
        for (bool is_done = false; !is_done; places++) {
            BaseError err = {0};
            has_failed = false;
            calls_left = places;
            const BaseStatus status = run_query(txn, which, &got, &err);
            calls_left = UINT64_MAX;
            is_done = !has_failed;
            if (status != BASE_NO_MEMORY && status != expected) {
                base_error_print(stderr, &err);
                fail_msg("query %zu, place %llu: status %d", which, (unsigned long long)places, (int)status);
            }
            assert_int_equal(status, err.status);
            if (status == BASE_OK)
                assert_string_equal(got, wanted);
            free(got);
        }
        assert_true(places > 5);
        free(wanted);
    }
    kg_abort(txn);
}

static void a_query_without_memory_says_so(void **state)
{
    const Fixture *const f = *state;
    expect_queries_to_say_so(f->store);
}

static void a_query_of_several_threads_says_so_too(void **state)
{
    const Fixture *const f = *state;
    f->store->limits = (KgLimits){.split_work = 1, .part_work = 1, .changes = 1, .records = 1};
    expect_queries_to_say_so(f->store);
}

static void expect_count(KgStore *store, uint64_t count)
{
    KgTxn *const txn = begin_read(store);
    assert_int_equal(count_matches(txn, KG_ALL_LAYERS, (KgTriple){0}), count);
    kg_abort(txn);
}

static void an_update_without_memory_says_so_and_changes_nothing(void **state)
{
    static const struct {
        const char *text;
        BaseStatus expected;
    } updates[] = {
        {"PREFIX x: <urn:x:> INSERT DATA { _:a x:p 'a text that is too long for an id' ; x:q (1 2) . [] x:r _:a }",
         BASE_OK},
        {"DELETE { ?x :p ?y } INSERT { ?y :back ?x ; :name ?n . _:b :of ?x } WHERE { ?x :p ?y BIND(CONCAT(STR(?x), "
         "' is what it is called') AS ?n) } ; DELETE WHERE { ?x :back ?y } ; DELETE DATA { :a :q :b }",
         BASE_OK},
        {"INSERT DATA { :n :p :o } ; ADD SILENT <urn:none> TO DEFAULT ; CLEAR ALL ; COPY <urn:none> TO DEFAULT",
         BASE_BAD_INPUT},
        {"INSERT DATA { _:b :p 1 } ; WITH <urn:g> DELETE { ?x :p 1 } USING NAMED <urn:g> WHERE { ?x :p ?y",
         BASE_BAD_INPUT},
    };
    static const char *const facts[] = {"a", "p", "b", "b", "p", "c", "a", "q", "b", NULL};
    const Fixture *const f = *state;
    add_facts(f->store, KG_ASSERTED, facts);
    for (size_t which = 0; which < sizeof updates / sizeof *updates; which++) {
        uint64_t places = 0;
        for (bool is_done = false; !is_done; places++) {
            BaseError err = {0};
            KgTxn *const txn = begin_write(f->store);
            has_failed = false;
            calls_left = places;
            const BaseStatus status =
                kg_update(txn, updates[which].text, strlen(updates[which].text), NULL, NULL, &err);
            calls_left = UINT64_MAX;
            is_done = !has_failed;
            if (status != BASE_NO_MEMORY && status != updates[which].expected) {
                base_error_print(stderr, &err);
                fail_msg("update %zu, place %llu: status %d", which, (unsigned long long)places, (int)status);
            }
            assert_int_equal(status, err.status);
            if (status == BASE_OK)
                kg_abort(txn);
            else
                (void)kg_commit(txn, NULL); /* refuses, or there is nothing to commit */
            expect_count(f->store, 3);
        }
        assert_true(places > 5);
    }
    expect_sound(f->store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_query_without_memory_says_so, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_query_of_several_threads_says_so_too, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(an_update_without_memory_says_so_and_changes_nothing, make_fixture,
                                        drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
