/* What proofs and near misses say, in words and shape; each goes through the proof checker. */
#include "proof_fixture.h"

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
    run_rules(f, up);
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
    run_rules(f, "#[name(\"parents\")] up(?x, ?y) :- child_of(?x, ?y).\n"
                 "#[name(\"both\")] kin(?x, ?y) :- up(?x, ?z), up(?y, ?z), ?x != ?y, ~child_of(?y, _).\n"
                 "#[name(\"self\")] kin(?x, ?x) :- up(?x, ?z), up(?x, ?z), ~child_of(_, ?x), 1 < 2.\n"
                 "#[name(\"given\")] kin(zoe, zoe).");
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
    run_rules(f, "#[name(\"far\")] near(?x, ?z) :- up(?x, ?y), up(?y, ?z). #[name(\"direct\")] near(?x, ?z) :- "
                 "child_of(?x, ?y), "
                 "child_of(?y, ?z). up(?x, ?y) :- child_of(?x, ?y). near(?x, ?y) :- near(?x, ?y).");
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

/* A forest has every instance of every conclusion on the way, each once. */
static void a_forest_has_all_ways_to_all_conclusions(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_rules(f, "#[name(\"a\")] up(?x, ?y) :- child_of(?x, ?y).\n"
                 "#[name(\"b\")] up(?x, ?z) :- up(?x, ?y), up(?y, ?z).\n"
                 "#[name(\"c\")] top(?x) :- up(_, ?x), ~child_of(?x, _).");
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    ReasonerExplanation forest = {0};
    const ReasonerProveOptions options = {.forest = true};
    expect_ok(reasoner_prove(txn, find_fact(txn, "ann up dan"), &options, &forest, &err), &err);
    const ProofWorld world = database_world(txn, rules);
    expect_sound(&world, &forest);
    assert_int_equal(forest.count, 2); /* by bob, and by cid */
    assert_int_equal(forest.other_count, 0);
    assert_false(forest.is_cut);
    reasoner_explanation_free(&forest);
    /* dan is on top by cid, bob, ann and eve; what is above them comes in other ways, too. */
    expect_ok(reasoner_prove(txn, find_fact(txn, "dan rdf:type top"), &options, &forest, &err), &err);
    expect_sound(&world, &forest);
    assert_int_equal(forest.count, 4);
    assert_int_equal(forest.other_count, 2); /* ann up dan, eve up dan */
    reasoner_explanation_free(&forest);
    expect_ok(reasoner_prove(txn, find_fact(txn, "dan rdf:type top"),
                             &(ReasonerProveOptions){.forest = true, .limit = 1}, &forest, &err),
              &err);
    assert_int_equal(forest.count, 1);
    assert_true(forest.is_cut);
    reasoner_explanation_free(&forest);
    kg_abort(txn);
}

/* A chain of 10,000 steps is one proof of 10,000 nodes. */
static void a_deep_proof_is_as_long_as_it_is_deep(void **state)
{
    Fixture *const f = *state;
    enum { STEPS = 10000 };
    KgTxn *txn = begin_write(f);
    for (int i = 0; i < STEPS; i++) {
        char fact[80];
        snprintf(fact, sizeof fact, "n%d next n%d", i, i + 1);
        assert_fact(txn, fact, 1);
    }
    commit(txn);
    run_rules(f, "reached(?y) :- next(n0, ?y). reached(?y) :- reached(?x), next(?x, ?y).");
    txn = begin_read(f);
    char last[80];
    snprintf(last, sizeof last, "n%d rdf:type reached", STEPS);
    ReasonerExplanation proof = prove(txn, last, false);
    assert_int_equal(proof.items[0]->height, STEPS);
    size_t depth = 0;
    for (const ReasonerProof *node = proof.items[0]; node->child_count > 0; node = node->children[0])
        depth++;
    assert_int_equal(depth, STEPS);
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

/* Every fact that the layer has, explained in every form. */
static size_t expect_all_sound(KgTxn *txn)
{
    const ProofWorld world = database_world(txn, rules);
    BaseError err = {0};
    KgScan *scan = NULL;
    KgTriple fact;
    size_t count = 0;
    ReasonerProver *prover = NULL;
    expect_ok(reasoner_prover_open(txn, &prover, &err), &err);
    expect_ok(kg_scan_open(txn, KG_IN(KG_INFERRED), (KgTriple){0}, KG_ORDER_BEST, &scan, &err), &err);
    for (; kg_scan_next(scan, &fact, &err) == BASE_OK; count++) {
        for (int form = 0; form < 3; form++) {
            ReasonerExplanation proof = {0};
            const ReasonerProveOptions options = {.all = form == 1, .forest = form == 2};
            expect_ok(reasoner_prover_ask(prover, fact, &options, &proof, &err), &err);
            expect_sound(&world, &proof);
            reasoner_explanation_free(&proof);
        }
    }
    kg_scan_close(scan);
    reasoner_prover_close(prover);
    return count;
}

static void what_is_computed_has_proofs(void **state)
{
    Fixture *const f = *state;
    static char text[4000];
    assert_family(f);
    snprintf(text, sizeof text, "%s%s", PRICES,
             "#[name(\"sum\")] pays(?x, #sum(?p, ?i)) :- buys(?x, ?i), price(?i, ?p).\n"
             "#[name(\"count\")] items(?x, #count(?i)) :- buys(?x, ?i).\n"
             "#[name(\"dear\")] dearest(?x, #max(?p)) :- buys(?x, ?i), price(?i, ?p), ?p > 1.\n"
             "#[name(\"tax\")] taxed(?i, ?p * 2 + 1) :- price(?i, ?p), ?p < 10, ~buys(bob, ?i).\n"
             "#[name(\"twice\")] twice(?x, 2 * #sum(?p)) :- buys(?x, ?i), price(?i, ?p).\n"
             "#[name(\"cart\")] cart(?x, !c), of(!c, ?x), holds(!c, ?i) :- buys(?x, ?i).\n"
             "#[name(\"by\")] by(?i, ?x) :- holds(?c, ?i), of(?c, ?x).\n"
             "#[name(\"rich\")] rich(?x) :- pays(?x, ?n), ?n > 10.\n");
    run_rules(f, text);
    KgTxn *const txn = begin_read(f);
    assert_true(expect_all_sound(txn) > 35);
    ReasonerExplanation proof = prove(txn, "ann dearest \"3\"^^<http://www.w3.org/2001/XMLSchema#integer>", false);
    const ReasonerProof *const root = proof.items[0];
    assert_int_equal(root->child_count, 2);                    /* salt is too cheap */
    assert_int_equal(root->children[0]->kind, REASONER_MATCH); /* the dearest first */
    assert_string_equal(root->children[0]->text, "?p = \"3\"^^<http://www.w3.org/2001/XMLSchema#integer>");
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

/* What a rule set derives is proved by the rules that it made for the database. */
static void rule_sets_have_proofs(void **state)
{
    Fixture *const f = *state;
    static const char *const facts[] = {
        "Dog <http://www.w3.org/2000/01/rdf-schema#subClassOf> Animal",
        "Animal <http://www.w3.org/2000/01/rdf-schema#subClassOf> Thing",
        "parent <http://www.w3.org/2000/01/rdf-schema#domain> Animal",
        "parent <http://www.w3.org/2002/07/owl#inverseOf> child",
        "above <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/2002/07/owl#TransitiveProperty>",
        "parent <http://www.w3.org/2000/01/rdf-schema#subPropertyOf> above",
        "uncle <http://www.w3.org/2002/07/owl#propertyChainAxiom> _:l",
        "_:l <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> parent",
        "_:l <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> _:m",
        "_:m <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> brother",
        "_:m <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>",
        "rex <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> Dog",
        "rex parent max",
        "max parent leo",
        "max brother tom",
        "leo <http://www.w3.org/2002/07/owl#sameAs> lion",
    };
    for (int set = 0; set < 2; set++) {
        BaseError err = {0};
        BaseArena arena = {0};
        ReasonerRuleset wanted;
        ReasonerProgram *program = NULL;
        KgRun *runs;
        size_t count;
        KgTxn *txn = begin_write(f);
        for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
            assert_fact(txn, facts[i], 1);
        assert_true(reasoner_find_ruleset(set == 0 ? "rdfs" : "owl2-rl", &wanted));
        expect_ok(reasoner_ruleset_program(txn, wanted, NULL, 0, NULL, NULL, NULL, &program, &err), &err);
        expect_ok(reasoner_run(txn, program, NULL, NULL, NULL, &err), &err);
        commit(txn);
        reasoner_program_free(program);
        txn = begin_read(f);
        expect_ok(kg_runs(txn, "reason", &arena, &runs, &count, &err), &err);
        rules = runs[0].id > runs[count - 1].id ? runs[0].text : runs[count - 1].text;
        assert_true(expect_all_sound(txn) > 100);
        base_arena_free(&arena);
        kg_abort(txn);
    }
}

/* An aggregate of many shows some of them, and says how many it does not. */
static void long_tallies_are_cut(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn = begin_write(f);
    for (int i = 0; i < 300; i++) {
        char fact[80];
        snprintf(fact, sizeof fact, "hub link n%d", i);
        assert_fact(txn, fact, 1);
    }
    commit(txn);
    run_rules(f, "links(?x, #count(?y)) :- link(?x, ?y).");
    txn = begin_read(f);
    ReasonerExplanation proof = prove(txn, "hub links \"300\"^^<http://www.w3.org/2001/XMLSchema#integer>", false);
    assert_int_equal(proof.items[0]->child_count, 20);
    assert_int_equal(proof.items[0]->left_out, 280);
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

static void proofs_pass_through_what_is_not_stored(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_rules(f, "@output grand. #[name(\"trio\")] trio(?x, ?y, ?z) :- child_of(?x, ?y), child_of(?y, ?z). "
                 "#[name(\"grand\")] grand(?x, ?z) :- trio(?x, _, ?z).");
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
    run_rules(f, up);
    KgTxn *txn = begin_write(f);
    expect_ok(kg_delete(txn, KG_ASSERTED, find_fact(txn, "cid child_of dan"), NULL, &err), &err);
    commit(txn);
    txn = begin_read(f);
    ReasonerExplanation proof = {0};
    expect_ok(reasoner_prove(txn, find_fact(txn, "bob up dan"), NULL, &proof, &err), &err);
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
    run_rules(f, up);
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
    run_rules(f,
              "#[name(\"siblings\")] sibling(?x, ?y) :- child_of(?x, ?p), child_of(?y, ?p), ?x != ?y, ~adopted(?x).\n"
              "#[name(\"sworn\")] sibling(?x, ?y) :- swore(?x, ?y), swore(?y, ?x), friend(?x).\n"
              "adopted(eve). other(?x) :- sibling(?x, _).");
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    ReasonerExplanation why = {0};
    const ProofWorld world = database_world(txn, rules);
    expect_ok(reasoner_why_not(txn, NULL, find_fact(txn, "eve sibling ann"), NULL, &why, &err), &err);
    assert_int_equal(why.count, 2);
    expect_misses(&world, &why);
    assert_int_equal(why.items[0]->missing, 1);
    expect_print(why.items[0], "eve sibling ann  [siblings]\n"
                               "├─ eve child_of bob  [asserted, import 3]\n"
                               "├─ ann child_of bob  [asserted, import 3]\n"
                               "├─ eve != ann\n"
                               "└─ not eve rdf:type adopted  [missing]\n"
                               "   └─ eve rdf:type adopted  [rule at test.rls:3]\n");
    assert_int_equal(why.items[1]->missing, 3);
    reasoner_explanation_free(&why);
    expect_ok(reasoner_why_not(txn, NULL, find_fact(txn, "ann sibling cid"), NULL, &why, &err), &err);
    expect_misses(&world, &why);
    assert_int_equal(why.items[0]->missing, 1);
    assert_string_equal(why.items[0]->rule_name, "siblings");
    reasoner_explanation_free(&why);
    /* no rule says so */
    expect_ok(reasoner_why_not(txn, NULL, find_fact(txn, "ann child_of dan"), NULL, &why, &err), &err);
    assert_int_equal(why.count, 0);
    reasoner_explanation_free(&why);
    kg_abort(txn);
}

static ReasonerExplanation ask_why_not(KgTxn *txn, const char *fact)
{
    BaseError err = {0};
    ReasonerExplanation why = {0};
    const ProofWorld world = database_world(txn, rules);
    expect_ok(reasoner_why_not(txn, NULL, find_fact(txn, fact), NULL, &why, &err), &err);
    expect_misses(&world, &why);
    return why;
}

/* A premise that nobody asserts is looked into, down to what could be asserted. */
static void why_not_goes_through_what_is_derived_only(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_rules(f, "#[name(\"near\")] near(?x, ?y) :- kin(?x, ?y), child_of(?y, _).\n"
                 "#[name(\"far\")] near(?x, ?y) :- swore(?x, ?y), swore(?y, ?x), friend(?x).\n"
                 "#[name(\"turned\")] kin(?x, ?y) :- kin(?y, ?x).\n"
                 "#[name(\"siblings\")] kin(?x, ?y) :- child_of(?x, ?p), child_of(?y, ?p), ?x != ?y, ?p != ?y.");
    KgTxn *const txn = begin_read(f);
    ReasonerExplanation why = ask_why_not(txn, "ann near cid");
    assert_int_equal(why.count, 2);
    expect_print(why.items[0], "ann near cid  [near]\n"
                               "├─ ann kin cid  [missing, would follow by siblings]\n"
                               "│  ├─ ann child_of bob  [asserted, import 3]\n"
                               "│  ├─ cid child_of bob  [missing]\n"
                               "│  ├─ ann != cid\n"
                               "│  └─ bob != cid\n"
                               "└─ cid child_of dan  [asserted, import 3]\n");
    assert_int_equal(why.items[0]->missing, 1);
    assert_int_equal(why.items[0]->children[0]->missing, 1);
    expect_print(why.items[1], "ann near cid  [far]\n"
                               "├─ ann swore cid  [missing]\n"
                               "├─ cid swore ann  [missing]\n"
                               "└─ ann rdf:type friend  [missing]\n");
    reasoner_explanation_free(&why);
    /* What only a missing premise would tell is not tested, and counts for nothing. */
    why = ask_why_not(txn, "dan kin bob");
    expect_print(why.items[0], "dan kin bob  [siblings]\n"
                               "├─ dan child_of cid  [missing]\n"
                               "├─ bob child_of cid  [asserted, import 4]\n"
                               "├─ dan != bob\n"
                               "└─ cid != bob\n");
    reasoner_explanation_free(&why);
    why = ask_why_not(txn, "dan kin dan");
    expect_print(why.items[0], "dan kin dan  [siblings]\n"
                               "├─ dan child_of ?p  [missing]\n"
                               "├─ dan child_of ?p  [missing]\n"
                               "├─ dan != dan  [missing]\n"
                               "└─ ?p != dan  [not tested]\n");
    assert_int_equal(why.items[0]->missing, 3);
    reasoner_explanation_free(&why);
    kg_abort(txn);
}

/* Nothing is called missing that is there: a way that leads back to the question is none. */
static void why_not_does_not_go_in_circles(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_rules(f, "#[name(\"on\")] like(?x, ?z) :- like(?x, ?y), like(?y, ?z).\n"
                 "#[name(\"turned\")] like(?x, ?y) :- like(?y, ?x).\n"
                 "like(ann, ann).");
    KgTxn *const txn = begin_read(f);
    ReasonerExplanation why = ask_why_not(txn, "ann like bob");
    assert_int_equal(why.count, 1);
    expect_print(why.items[0], "ann like bob  [turned]\n"
                               "└─ bob like ann  [missing]\n");
    reasoner_explanation_free(&why);
    kg_abort(txn);
}

static void why_not_takes_a_program_that_never_ran(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    rules = "#[name(\"r\")] child_of(?x, ?z) :- child_of(?x, ?y), child_of(?y, ?z), tall(?z).";
    ReasonerProgram *const program = parse(rules);
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    ReasonerExplanation why = {0};
    expect_ok(reasoner_why_not(txn, program, find_fact(txn, "ann child_of cid"),
                               &(ReasonerProveOptions){.with_trees = true}, &why, &err),
              &err);
    assert_int_equal(why.count, 1);
    const ProofWorld world = database_world(txn, rules);
    expect_misses(&world, &why);
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
        TEST(a_proof_goes_down_to_the_imports),
        TEST(tests_are_leaves_and_repeated_conclusions_are_shared),
        TEST(all_proofs_are_given_lowest_first),
        TEST(a_forest_has_all_ways_to_all_conclusions),
        TEST(a_deep_proof_is_as_long_as_it_is_deep),
        TEST(what_is_computed_has_proofs),
        TEST(rule_sets_have_proofs),
        TEST(long_tallies_are_cut),
        TEST(proofs_pass_through_what_is_not_stored),
        TEST(a_proof_whose_premises_are_gone_says_so),
        TEST(what_does_not_hold_has_no_proof),
        TEST(why_not_names_the_nearest_miss_first),
        TEST(why_not_goes_through_what_is_derived_only),
        TEST(why_not_does_not_go_in_circles),
        TEST(why_not_takes_a_program_that_never_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
