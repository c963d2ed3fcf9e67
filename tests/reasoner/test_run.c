/* Runs over a database: what goes in and out, what is stored and what is not, and that a run is all or nothing. */
#include "fixture.h"

static bool holds(Fixture *f, KgLayer layer, const char *fact)
{
    KgTxn *const txn = begin_read(f);
    bool found = false;
    assert_int_equal(kg_holds(txn, KG_IN(layer), find_fact(txn, fact), &found, NULL), BASE_OK);
    kg_abort(txn);
    return found;
}

static uint64_t inferred(Fixture *f)
{
    KgTxn *const txn = begin_read(f);
    const uint64_t count = count_layer(txn, KG_INFERRED);
    kg_abort(txn);
    return count;
}

static void assert_family(Fixture *f)
{
    KgTxn *const txn = begin_write(f);
    assert_fact(txn, "ann child_of bob", 1);
    assert_fact(txn, "bob child_of cid", 1);
    assert_fact(txn, "cid child_of dan", 1);
    assert_fact(txn, "eve child_of bob", 1);
    assert_fact(txn, "ann age \"7\"^^<http://www.w3.org/2001/XMLSchema#integer>", 1);
    assert_fact(txn, "bob age \"31.0\"^^<http://www.w3.org/2001/XMLSchema#decimal>", 1);
    assert_fact(txn, "cid age \"6.5e1\"^^<http://www.w3.org/2001/XMLSchema#double>", 1);
    assert_fact(txn, "dan age \"old\"", 1);
    commit(txn);
}

static void heights_and_rules_are_noted(void **state)
{
    Fixture *const f = *state;
    ReasonerReport report = {0};
    assert_family(f);
    run_and_commit(f,
                   "#[name(\"step\")] up(?x, ?y) :- child_of(?x, ?y). #[name(\"far\")] up(?x, ?z) :- child_of(?x, ?y), "
                   "up(?y, ?z).",
                   &report);
    assert_int_equal(report.derived, 9);
    assert_int_equal(report.stored, 9);
    assert_int_equal(report.facts_in, 4);
    assert_int_equal(report.highest, 3);
    assert_int_equal(report.rule_count, 2);
    assert_string_equal(report.rules[1].name, "far");
    assert_int_equal(report.rules[0].facts, 4);
    assert_int_equal(report.rules[1].facts, 5);
    assert_int_equal(report.predicate_count, 1);
    assert_string_equal(report.predicates[0].name, "up");
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    KgNote note;
    expect_ok(kg_get(txn, KG_INFERRED, find_fact(txn, "ann up dan"), &note, &err), &err);
    assert_int_equal(note.height, 3);
    assert_int_equal(note.rule, 1);
    assert_int_equal(note.source, report.run);
    BaseArena arena = {0};
    KgRun run;
    expect_ok(kg_find_run(txn, report.run, &arena, &run, &err), &err);
    assert_string_equal(run.kind, "reason");
    assert_string_equal(run.name, "test.rls");
    base_arena_free(&arena);
    kg_abort(txn);
    reasoner_report_free(&report);
}

static void what_is_asserted_is_not_stored_again(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(f, "child_of(?x, ?y) :- child_of(?x, ?y). child_of(ann, bob). likes(ann, bob). likes(ann, tea).",
                   NULL);
    assert_int_equal(inferred(f), 2);
    assert_true(holds(f, KG_INFERRED, "ann likes tea"));
    assert_false(holds(f, KG_INFERRED, "ann child_of bob"));
}

static void running_again_changes_nothing_and_drop_leaves_what_was_asserted(void **state)
{
    Fixture *const f = *state;
    static const char rules[] =
        "up(?x, ?y) :- child_of(?x, ?y). up(?x, ?z) :- up(?x, ?y), up(?y, ?z). twice(?x) :- up(?x, cid).";
    assert_family(f);
    run_and_commit(f, rules, NULL);
    const uint64_t first = inferred(f);
    run_and_commit(f, rules, NULL);
    assert_int_equal(inferred(f), first);
    run_and_commit(f, "down(?y, ?x) :- up(?x, ?y).", NULL); /* what was inferred before is no input */
    assert_int_equal(inferred(f), 0);
    run_and_commit(f, rules, NULL);
    BaseError err = {0};
    uint64_t dropped = 0;
    KgTxn *const txn = begin_write(f);
    expect_ok(reasoner_drop(txn, &dropped, &err), &err);
    assert_int_equal(dropped, first);
    assert_int_equal(count_layer(txn, KG_ASSERTED), 8);
    commit(txn);
    assert_int_equal(inferred(f), 0);
}

static void output_names_what_is_stored(void **state)
{
    Fixture *const f = *state;
    ReasonerReport report = {0};
    assert_family(f);
    run_and_commit(f,
                   "@output old, pair. pair(?x, ?y, ?z) :- child_of(?x, ?y), child_of(?y, ?z). "
                   "young(?x) :- pair(?x, _, _). old(?z) :- pair(_, _, ?z), ~young(?z).",
                   &report);
    assert_int_equal(report.stored, 2);
    assert_true(holds(f, KG_INFERRED, "dan <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> old"));
    for (size_t i = 0; i < report.predicate_count; i++)
        assert_int_equal(report.predicates[i].is_stored, strcmp(report.predicates[i].name, "old") == 0);
    reasoner_report_free(&report);
}

static void numbers_are_ordered_and_other_values_are_not(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(f,
                   "under(?x, ?y) :- age(?x, ?a), age(?y, ?b), ?a < ?b. adult(?x) :- age(?x, ?a), ?a >= 18. "
                   "seven(?x) :- age(?x, ?a), ?a = 7. known(?x) :- age(?x, ?a), ?a != 7. named(?x, ?n) :- child_of(?x, "
                   "bob), ?n = \"kid\"@EN.",
                   NULL);
    assert_true(holds(f, KG_INFERRED, "ann under bob"));
    assert_true(holds(f, KG_INFERRED, "bob under cid"));
    assert_true(holds(f, KG_INFERRED, "ann named \"kid\"@en"));
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    uint64_t count;
    const KgTriple under = find_fact(txn, "ann under bob");
    expect_ok(kg_count(txn, KG_IN(KG_INFERRED), (KgTriple){.p = under.p}, &count, &err), &err);
    assert_int_equal(count, 3);
    kg_abort(txn);
    /* 3 under, 2 adults, 1 seven, 3 known, 2 named */
    assert_int_equal(inferred(f), 11);
}

static void names_are_plain_names_and_percent_is_encoded(void **state)
{
    Fixture *const f = *state;
    run_and_commit(f, "p(a%20b, <kg:dog.n.01>). @base <http://b/>. @prefix e: <http://e/>. q(e:x, <u:y>).", NULL);
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    KgId id;
    const char *const expected[] = {"<http://b/p>", "<http://b/a%20b>", "dog.n.01",
                                    "<http://b/q>", "<http://e/x>",     "<u:y>"};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        expect_ok(kg_find_name(txn, expected[i], &id, &err), &err);
    kg_abort(txn);
    run_and_commit(f, "p(a%20b, c).", NULL);
    assert_true(holds(f, KG_INFERRED, "a%20b p c"));
}

static void views_see_and_make_any_triple(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(f,
                   "inverse(child_of, parent_of). triple(?y, ?q, ?x) :- triple(?x, ?p, ?y), inverse(?p, ?q). "
                   "rdf:type(?x, person) :- triple(?x, _, _). mortal(?x) :- person(?x). node(?c) :- rdf:type(_, ?c).",
                   NULL);
    assert_true(holds(f, KG_INFERRED, "dan parent_of cid"));
    assert_true(holds(f, KG_INFERRED, "dan <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> mortal"));
    assert_true(holds(f, KG_INFERRED, "node <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> node"));
}

static void facts_about_literals_stay_inside_the_program(void **state)
{
    Fixture *const f = *state;
    ReasonerReport report = {0};
    assert_family(f);
    run_and_commit(f, "age_of(?a, ?x) :- age(?x, ?a). aged(?x) :- age_of(_, ?x).", &report);
    assert_int_equal(report.derived, 8);
    assert_int_equal(report.stored, 4);
    reasoner_report_free(&report);
}

static void programs_without_rules_or_facts_derive_nothing(void **state)
{
    Fixture *const f = *state;
    run_and_commit(f, "", NULL);
    run_and_commit(f, "% nothing\np(?x) :- q(?x, ?y), r(?y).", NULL);
    assert_int_equal(inferred(f), 0);
}

static void set_cancelled(void *context, const BaseStep *step)
{
    BaseJob *const job = context;
    if (strncmp(step->stage, "round", 5) == 0)
        atomic_store(&job->cancelled, true);
}

static void a_cancelled_run_leaves_the_database_as_it_was(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(f, "up(?x, ?y) :- child_of(?x, ?y).", NULL);
    KgTxn *txn = begin_write(f);
    char name[32];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "n%d next n%d", i, i + 1);
        assert_fact(txn, name, 2);
    }
    commit(txn);
    ReasonerProgram *const program = parse("far(?x, ?y) :- next(?x, ?y). far(?x, ?z) :- far(?x, ?y), far(?y, ?z).");
    BaseJob job = {.report = set_cancelled};
    BaseError err = {0};
    job.context = &job;
    txn = begin_write(f);
    assert_int_equal(reasoner_run(txn, program, NULL, NULL, &job, &err), BASE_CANCELLED);
    kg_abort(txn);
    reasoner_program_free(program);
    assert_int_equal(inferred(f), 4);
    assert_true(holds(f, KG_INFERRED, "ann up bob"));
}

static bool stop_at_second(void *context, const ReasonerFact *fact)
{
    size_t *const count = context;
    assert_true(fact->is_triple);
    assert_int_equal(fact->height, 1);
    assert_int_equal(fact->arity, 3);
    assert_memory_equal(fact->predicate.bytes, "kg:up", 5);
    return ++*count < 2;
}

static void derive_hands_over_without_storing_and_stops_when_told(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    ReasonerProgram *const program = parse("up(?x, ?y) :- child_of(?x, ?y).");
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    size_t count = 0;
    ReasonerReport report = {0};
    expect_ok(reasoner_derive(txn, program, stop_at_second, &count, &report, NULL, &err), &err);
    assert_int_equal(count, 2);
    assert_int_equal(report.derived, 4);
    reasoner_report_free(&report);
    kg_abort(txn);
    reasoner_program_free(program);
    assert_int_equal(inferred(f), 0);
}

static void chains_of_any_length_reach_their_end(void **state)
{
    Fixture *const f = *state;
    enum { LENGTH = 20000 };
    KgTxn *txn = begin_write(f);
    char name[100];
    for (int i = 0; i < LENGTH; i++) {
        snprintf(name, sizeof name, "n%d next n%d", i, i + 1);
        assert_fact(txn, name, 1);
    }
    commit(txn);
    run_and_commit(f, "seen(n0). seen(?y) :- seen(?x), next(?x, ?y).", NULL);
    assert_int_equal(inferred(f), LENGTH + 1);
    /* and a proof that deep needs no deep stack */
    txn = begin_read(f);
    BaseError err = {0};
    ReasonerExplanation proof = {0};
    snprintf(name, sizeof name, "n%d <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> seen", LENGTH);
    expect_ok(reasoner_prove(txn, find_fact(txn, name), NULL, &proof, &err), &err);
    assert_int_equal(proof.items[0]->height, LENGTH + 1);
    char *text = NULL;
    size_t length = 0;
    FILE *const out = open_memstream(&text, &length);
    expect_ok(reasoner_print_proof(out, proof.items[0], &err), &err);
    fclose(out);
    free(text);
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(heights_and_rules_are_noted),
        TEST(what_is_asserted_is_not_stored_again),
        TEST(running_again_changes_nothing_and_drop_leaves_what_was_asserted),
        TEST(output_names_what_is_stored),
        TEST(numbers_are_ordered_and_other_values_are_not),
        TEST(names_are_plain_names_and_percent_is_encoded),
        TEST(views_see_and_make_any_triple),
        TEST(facts_about_literals_stay_inside_the_program),
        TEST(programs_without_rules_or_facts_derive_nothing),
        TEST(a_cancelled_run_leaves_the_database_as_it_was),
        TEST(derive_hands_over_without_storing_and_stops_when_told),
        TEST(chains_of_any_length_reach_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
