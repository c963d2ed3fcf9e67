/* Joins on several threads: the facts, their heights and their rules, and what the report says of them, are those that
 * one thread gives, for every kind of relation; and a stop stops all threads. */
#include "fixture.h"

#include <dirent.h>

enum { NODES = 4000, EDGES = 40000, BLOCK = 40 /* nodes that have paths to each other */ };

static uint32_t random_state;

static uint32_t below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)random_state * limit >> 32);
}

/* `p` and `q` join nodes of a block, `far` any; one node in three is a `D`. */
static void make_graph(Fixture *f)
{
    static KgRecord records[4 * EDGES];
    static KgId nodes[NODES];
    BaseError err = {0};
    size_t count = 0;
    KgTxn *const txn = begin_write(f);
    random_state = 7;
    for (uint32_t i = 0; i < NODES; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%u", i);
        nodes[i] = intern(txn, name);
    }
    const KgId p = intern(txn, "p"), q = intern(txn, "q"), far = intern(txn, "far"), d = intern(txn, "D"),
               type = intern(txn, "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>");
    for (uint32_t i = 0; i < EDGES; i++) {
        const uint32_t from = below(NODES), block = from / BLOCK * BLOCK;
        records[count++] = (KgRecord){.triple = {nodes[from], i % 3 ? p : q, nodes[block + below(BLOCK)]}};
        if (i % 4 == 0)
            records[count++] = (KgRecord){.triple = {nodes[from], far, nodes[below(NODES)]}};
    }
    for (uint32_t i = 0; i < NODES; i += 3)
        records[count++] = (KgRecord){.triple = {nodes[i], type, d}};
    expect_ok(kg_add_many(txn, KG_ASSERTED, records, count, NULL, NULL, &err), &err);
    commit(txn);
}

/* ---- One run ------------------------------------------------------------------------------------------------- */

static int most_threads, other_threads; /* besides those of the job: a sanitizer may have one */

/* Called on the thread that works, as each rule begins. */
static void count_threads(void *context, const BaseStep *step)
{
    (void)context;
    (void)step;
    int count = 0;
    DIR *const tasks = opendir("/proc/self/task");
    while (tasks && readdir(tasks))
        count++;
    if (tasks)
        closedir(tasks);
    count -= 2 + other_threads; /* . and .. */
    most_threads = count > most_threads ? count : most_threads;
}

/* All facts, and the notes of one in sixteen. */
static void describe_facts(KgTxn *txn, BaseBuffer *out)
{
    BaseError err = {0};
    KgScan *scan;
    KgTriple triple;
    expect_ok(kg_scan_open(txn, KG_IN(KG_INFERRED), (KgTriple){0}, KG_ORDER_SPO, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK) {
        const uint64_t hash = base_mix(base_mix(base_mix(triple.s) + triple.p) + triple.o);
        KgNote note = {0};
        if (hash % 16 == 0)
            expect_ok(kg_get(txn, KG_INFERRED, triple, &note, &err), &err);
        assert_true(base_buffer_add(out, (const char *)&triple, sizeof triple) &&
                    base_buffer_add(out, (const char *)&note, sizeof note));
    }
    kg_scan_close(scan);
}

static BaseBuffer outcome(Fixture *f, const char *text, int threads)
{
    BaseError err = {0};
    BaseBuffer out = {0};
    ReasonerReport report = {0};
    BaseJob job = {.threads = threads, .report = count_threads};
    ReasonerProgram *const program = parse(text);
    KgTxn *const txn = begin_write(f);
    most_threads = 0;
    expect_ok(reasoner_run(txn, program, NULL, &report, &job, &err), &err);
    assert_true(
        base_buffer_format(&out, "%lu %lu %u %u\n", report.derived, report.stored, report.rounds, report.highest));
    for (size_t i = 0; i < report.predicate_count; i++)
        assert_true(base_buffer_format(&out, "%s %lu\n", report.predicates[i].name, report.predicates[i].derived));
    for (size_t i = 0; i < report.rule_count; i++)
        assert_true(base_buffer_format(&out, "%s %lu\n", report.rules[i].name, report.rules[i].facts));
    describe_facts(txn, &out);
    kg_abort(txn);
    reasoner_report_free(&report);
    reasoner_program_free(program);
    return out;
}

static void expect_same(Fixture *f, const char *text)
{
    other_threads = 0;
    BaseBuffer alone = outcome(f, text, 1);
    other_threads = most_threads - 1;
    for (int threads = 2; threads <= 4; threads += 2) {
        BaseBuffer together = outcome(f, text, threads);
        assert_int_equal(most_threads, threads); /* it was split at all */
        assert_int_equal(together.count, alone.count);
        assert_memory_equal(together.items, alone.items, alone.count);
        base_buffer_free(&together);
    }
    base_buffer_free(&alone);
}

/* ---- Claims -------------------------------------------------------------------------------------------------- */

static void pairs_are_the_same(void **state)
{
    make_graph(*state);
    expect_same(*state, "two(?x, ?z) :- p(?x, ?y), q(?y, ?z). two(?x, ?z) :- q(?x, ?y), p(?y, ?z)."
                        "back(?z, ?x) :- two(?x, ?z). other(?x, ?z) :- far(?x, ?y), far(?y, ?z), ~two(?x, ?z).");
}

static void recursion_is_the_same(void **state)
{
    make_graph(*state);
    expect_same(*state, "reach(?x, ?y) :- p(?x, ?y). reach(?x, ?z) :- reach(?x, ?y), reach(?y, ?z)."
                        "reach(?x, ?z) :- q(?x, ?y), reach(?y, ?z). near(?y, ?x) :- reach(?x, ?y).");
}

static void single_values_are_the_same(void **state)
{
    make_graph(*state);
    expect_same(*state,
                "E(?x) :- far(?x, ?y), p(?y, ?z), q(?z, ?u), D(?u). D(?x) :- E(?y), p(?y, ?x), q(?x, ?z), D(?z)."
                "F(?x) :- p(?x, ?y), p(?y, ?z), E(?z), ~q(?x, ?z).");
}

static void triples_of_one_relation_are_the_same(void **state)
{
    make_graph(*state);
    expect_same(
        *state,
        "triple(?x, ?p, ?z) :- D(?x), triple(?x, ?p, ?y), q(?y, ?z), D(?y). far(?z, ?x) :- triple(?x, far, ?z).");
}

static void tuples_of_many_columns_are_the_same(void **state)
{
    make_graph(*state);
    expect_same(*state,
                "path(?x, ?y, ?z, ?u) :- p(?x, ?y), q(?y, ?z), p(?z, ?u). path(?y, ?x, ?z, ?u) :- path(?x, ?y, ?z, ?u)."
                "ends(?x, ?u), ends2(?u, ?x) :- path(?x, ?y, ?z, ?u), D(?y), ~p(?x, ?u).");
}

static void two_heads_of_one_relation_are_the_same(void **state)
{
    make_graph(*state);
    expect_same(*state, "two(?x, ?z) :- p(?x, ?y), q(?y, ?z). two(?x, ?x), two(?z, ?z), E(?x) :- two(?x, ?z).");
}

static void cancel(void *context, const BaseStep *step)
{
    BaseJob *const job = context;
    count_threads(NULL, step);
    if (most_threads > 1)
        atomic_store(&job->cancelled, true);
}

static void a_stop_stops_all_threads(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    make_graph(f);
    ReasonerProgram *const program =
        parse("path(?x, ?y, ?z, ?u) :- p(?x, ?y), q(?y, ?z), p(?z, ?u). path(?y, ?x, ?z, ?u) :- path(?x, ?y, ?z, ?u)."
              "ends(?x, ?u) :- path(?x, ?y, ?z, ?u), D(?y), ~p(?x, ?u).");
    KgTxn *const txn = begin_write(f);
    BaseJob job = {.threads = 3, .report = cancel};
    job.context = &job;
    most_threads = 0;
    assert_int_equal(reasoner_run(txn, program, NULL, NULL, &job, &err), BASE_CANCELLED);
    expect_words(&err, "reasoning was cancelled in round");
    kg_abort(txn);
    reasoner_program_free(program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pairs_are_the_same, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(recursion_is_the_same, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(single_values_are_the_same, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(triples_of_one_relation_are_the_same, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(tuples_of_many_columns_are_the_same, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(two_heads_of_one_relation_are_the_same, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(a_stop_stops_all_threads, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
