/* What proofs and near misses say, in words and shape. That proofs are right is tested against the oracle. */
#include "fixture.h"

static void assert_family(Fixture *f)
{
    KgTxn *const txn = begin_write(f);
    assert_fact(txn, "ann child_of bob", 3);
    assert_fact(txn, "bob child_of cid", 4);
    assert_fact(txn, "cid child_of dan", 3);
    assert_fact(txn, "eve child_of bob", 3);
    commit(txn);
}

static ReasonerExplanation prove(KgTxn *txn, const char *fact, bool all)
{
    BaseError err = {0};
    ReasonerExplanation explanation = {0};
    expect_ok(reasoner_prove(txn, find_fact(txn, fact), &(ReasonerProveOptions){.all = all}, &explanation, &err), &err);
    return explanation;
}

static void expect_print(const ReasonerProof *proof, const char *expected)
{
    char *text = NULL;
    size_t length = 0;
    BaseError err = {0};
    FILE *const out = open_memstream(&text, &length);
    assert_non_null(out);
    expect_ok(reasoner_print_proof(out, proof, &err), &err);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
    free(text);
}

static const char up[] = "#[name(\"parents\")] up(?x, ?y) :- child_of(?x, ?y).\n"
                         "#[name(\"further\")] up(?x, ?z) :- child_of(?x, ?y), up(?y, ?z).\n";

static void a_proof_goes_down_to_the_imports(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(f, up, NULL);
    KgTxn *const txn = begin_read(f);
    ReasonerExplanation proof = prove(txn, "ann up dan", false);
    expect_print(proof.items[0], "ann up dan  [further]\n"
                                 "├─ ann child_of bob  [asserted, import 3]\n"
                                 "└─ bob up dan  [further]\n"
                                 "   ├─ bob child_of cid  [asserted, import 4]\n"
                                 "   └─ cid up dan  [parents]\n"
                                 "      └─ cid child_of dan  [asserted, import 3]\n");
    assert_string_equal(proof.items[0]->rule_text, "up(?x, ?z) :- child_of(?x, ?y), up(?y, ?z).");
    assert_string_equal(proof.items[0]->rule_place, "test.rls:2");
    assert_int_equal(proof.items[0]->height, 3);
    reasoner_explanation_free(&proof);
    proof = prove(txn, "ann child_of bob", false);
    expect_print(proof.items[0], "ann child_of bob  [asserted, import 3]\n");
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

static void tests_are_leaves_and_repeated_conclusions_are_shared(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(f,
                   "#[name(\"parents\")] up(?x, ?y) :- child_of(?x, ?y).\n"
                   "#[name(\"both\")] kin(?x, ?y) :- up(?x, ?z), up(?y, ?z), ?x != ?y, ~child_of(?y, _).\n"
                   "#[name(\"self\")] kin(?x, ?x) :- up(?x, ?z), up(?x, ?z), ~child_of(_, ?x), 1 < 2.\n"
                   "#[name(\"given\")] kin(zoe, zoe).",
                   NULL);
    KgTxn *const txn = begin_read(f);
    ReasonerExplanation proof = prove(txn, "ann kin ann", false);
    expect_print(
        proof.items[0],
        "ann kin ann  [self]\n"
        "├─ ann up bob  [parents]\n"
        "│  └─ ann child_of bob  [asserted, import 3]\n"
        "├─ ann up bob  [see above, 2]\n"
        "├─ not _ child_of ann  [nothing matches]\n"
        "└─ \"1\"^^<http://www.w3.org/2001/XMLSchema#integer> < \"2\"^^<http://www.w3.org/2001/XMLSchema#integer>\n");
    assert_int_equal(proof.items[0]->children[3]->kind, REASONER_COMPARED);
    reasoner_explanation_free(&proof);
    proof = prove(txn, "zoe kin zoe", false);
    expect_print(proof.items[0], "zoe kin zoe  [given]\n");
    assert_int_equal(proof.items[0]->height, 1);
    assert_int_equal(proof.items[0]->child_count, 0);
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

static void all_proofs_are_given_lowest_first(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(f,
                   "#[name(\"far\")] near(?x, ?z) :- up(?x, ?y), up(?y, ?z). #[name(\"direct\")] near(?x, ?z) :- "
                   "child_of(?x, ?y), "
                   "child_of(?y, ?z). up(?x, ?y) :- child_of(?x, ?y). near(?x, ?y) :- near(?x, ?y).",
                   NULL);
    KgTxn *const txn = begin_read(f);
    ReasonerExplanation proof = prove(txn, "ann near cid", true);
    assert_int_equal(proof.count, 2); /* not the one from itself */
    assert_string_equal(proof.items[0]->rule_name, "direct");
    assert_int_equal(proof.items[0]->height, 1);
    assert_string_equal(proof.items[1]->rule_name, "far");
    assert_int_equal(proof.items[1]->height, 2);
    reasoner_explanation_free(&proof);
    BaseError err = {0};
    expect_ok(reasoner_prove(txn, find_fact(txn, "ann near cid"), &(ReasonerProveOptions){.all = true, .limit = 1},
                             &proof, &err),
              &err);
    assert_int_equal(proof.count, 1);
    assert_true(proof.is_cut);
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

static void proofs_pass_through_what_is_not_stored(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(f,
                   "@output grand. #[name(\"trio\")] trio(?x, ?y, ?z) :- child_of(?x, ?y), child_of(?y, ?z). "
                   "#[name(\"grand\")] grand(?x, ?z) :- trio(?x, _, ?z).",
                   NULL);
    KgTxn *const txn = begin_read(f);
    ReasonerExplanation proof = prove(txn, "ann grand cid", false);
    expect_print(proof.items[0], "ann grand cid  [grand]\n"
                                 "└─ trio(ann, bob, cid)  [trio]\n"
                                 "   ├─ ann child_of bob  [asserted, import 3]\n"
                                 "   └─ bob child_of cid  [asserted, import 4]\n");
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

static void a_proof_whose_premises_are_gone_says_so(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    assert_family(f);
    run_and_commit(f, up, NULL);
    KgTxn *txn = begin_write(f);
    expect_ok(kg_delete(txn, KG_ASSERTED, find_fact(txn, "cid child_of dan"), NULL, &err), &err);
    commit(txn);
    txn = begin_read(f);
    ReasonerExplanation proof = prove(txn, "bob up dan", false);
    expect_print(proof.items[0], "bob up dan  [further]\n"
                                 "├─ bob child_of cid  [asserted, import 4]\n"
                                 "└─ cid up dan  [its premises are gone: reason again]\n");
    assert_int_equal(proof.items[0]->children[1]->kind, REASONER_LOST);
    assert_string_equal(proof.items[0]->children[1]->rule_name, "parents");
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

static void what_does_not_hold_has_no_proof(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(f, up, NULL);
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    ReasonerExplanation proof = {0};
    assert_int_equal(reasoner_prove(txn, find_fact(txn, "dan up ann"), NULL, &proof, &err), BASE_NOT_FOUND);
    assert_int_equal(err.status, BASE_OK);
    assert_int_equal(proof.count, 0);
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

static void why_not_names_the_nearest_miss_first(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_and_commit(
        f,
        "#[name(\"siblings\")] sibling(?x, ?y) :- child_of(?x, ?p), child_of(?y, ?p), ?x != ?y, ~adopted(?x).\n"
        "#[name(\"sworn\")] sibling(?x, ?y) :- swore(?x, ?y), swore(?y, ?x), friend(?x).\n"
        "adopted(eve). other(?x) :- sibling(?x, _).",
        NULL);
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    ReasonerExplanation why = {0};
    expect_ok(reasoner_why_not(txn, NULL, find_fact(txn, "eve sibling ann"), NULL, &why, &err), &err);
    assert_int_equal(why.count, 2);
    assert_int_equal(why.items[0]->missing, 1);
    expect_print(why.items[0], "eve sibling ann  [siblings]\n"
                               "├─ eve child_of bob  [asserted, import 3]\n"
                               "├─ ann child_of bob  [asserted, import 3]\n"
                               "├─ eve != ann\n"
                               "└─ not eve rdf:type adopted  [missing]\n");
    assert_int_equal(why.items[1]->missing, 3);
    reasoner_explanation_free(&why);
    expect_ok(reasoner_why_not(txn, NULL, find_fact(txn, "ann sibling cid"), NULL, &why, &err), &err);
    assert_int_equal(why.items[0]->missing, 1);
    assert_string_equal(why.items[0]->rule_name, "siblings");
    reasoner_explanation_free(&why);
    /* no rule says so */
    expect_ok(reasoner_why_not(txn, NULL, find_fact(txn, "ann child_of dan"), NULL, &why, &err), &err);
    assert_int_equal(why.count, 0);
    reasoner_explanation_free(&why);
    kg_abort(txn);
}

static void why_not_takes_a_program_that_never_ran(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    ReasonerProgram *const program =
        parse("#[name(\"r\")] child_of(?x, ?z) :- child_of(?x, ?y), child_of(?y, ?z), tall(?z).");
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    ReasonerExplanation why = {0};
    expect_ok(reasoner_why_not(txn, program, find_fact(txn, "ann child_of cid"),
                               &(ReasonerProveOptions){.with_trees = true}, &why, &err),
              &err);
    assert_int_equal(why.count, 1);
    expect_print(why.items[0], "ann child_of cid  [r]\n"
                               "├─ ann child_of bob  [asserted, import 3]\n"
                               "├─ bob child_of cid  [asserted, import 4]\n"
                               "└─ cid rdf:type tall  [missing]\n");
    reasoner_explanation_free(&why);
    assert_int_equal(reasoner_why_not(txn, NULL, find_fact(txn, "ann child_of cid"), NULL, &why, &err), BASE_NOT_FOUND);
    reasoner_explanation_free(&why);
    kg_abort(txn);
    reasoner_program_free(program);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(a_proof_goes_down_to_the_imports),        TEST(tests_are_leaves_and_repeated_conclusions_are_shared),
        TEST(all_proofs_are_given_lowest_first),       TEST(proofs_pass_through_what_is_not_stored),
        TEST(a_proof_whose_premises_are_gone_says_so), TEST(what_does_not_hold_has_no_proof),
        TEST(why_not_names_the_nearest_miss_first),    TEST(why_not_takes_a_program_that_never_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
