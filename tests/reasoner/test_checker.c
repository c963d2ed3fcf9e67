/* The proof checker must see what is no proof: sound ones are made unsound, one thing at a time. */
#include "proof_fixture.h"

/* A sound proof made unsound, one thing at a time: the checker must see each. */
static void the_checker_refuses_what_is_no_proof(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    run_rules(f, "up(?x, ?y) :- child_of(?x, ?y).\n"
                 "kin(?x, ?y) :- up(?x, ?z), up(?y, ?z), ?x != ?y, ~child_of(?y, ?x), up(?x, ?z).\n"
                 "odd(?x, ?y) :- up(?x, ?z), up(?y, ?z), ?x = ?y, ~child_of(?y, ?z), up(?x, ?z).");
    KgTxn *const txn = begin_read(f);
    const ProofWorld world = database_world(txn, rules);
    ReasonerExplanation proof = prove(txn, "ann kin eve", false);
    const ReasonerProof *const root = proof.items[0];
    enum { DERIVED, GIVEN, COUNT, TERM, HEIGHT, LEAF_HEIGHT, RULE, OTHER_RULE, SHARED, NUMBER, ORDER, KIND, ALL };
    for (int fault = 0; fault <= ALL; fault++) {
        BaseArena arena = {0};
        ProofStep *const step = copy_proof(&arena, root);
        ProofStep *const *const premises = step->premises;
        ProofStep *const first = premises[0];
        const char *const other[] = {"cid", "child_of", "ann"}, *const fact[] = {"cid", "child_of", "dan"};
        switch (fault) {
        case DERIVED:
            first->premise_count = 0;
            break;
        case GIVEN:
            first->premises[0]->terms = other; /* not asserted, nor does it fit */
            break;
        case COUNT:
            step->premise_count--;
            break;
        case TERM:
            first->premises[0]->terms = fact; /* asserted, but not what the rule wants */
            break;
        case HEIGHT:
            step->height++;
            break;
        case LEAF_HEIGHT:
            first->premises[0]->height = 1;
            break;
        case RULE:
            step->rule_text = "kin(?x, ?y) :- up(?x, ?z), up(?y, ?z), ?x != ?y, ~child_of(?y, ?x).";
            break;
        case OTHER_RULE:
            step->rule_text = strstr(rules, "odd");
            break;
        case SHARED:
            premises[4]->number = 77;
            break;
        case NUMBER:
            first->number = step->number;
            break;
        case ORDER:
            first->terms = premises[1]->terms;
            break;
        case KIND:
            premises[3]->kind = "compared";
            break;
        case ALL: /* nothing */
            break;
        }
        const char *const wrong = check_proofs(&world, &step, 1, NULL);
        if ((wrong == NULL) != (fault == ALL))
            fail_msg("fault %d: %s", fault, wrong ? wrong : "not seen");
        base_arena_free(&arena);
    }
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

/* Tests and negations are judged by the rule, not by what a node says of itself. */
static void the_checker_judges_tests_and_negations(void **state)
{
    Fixture *const f = *state;
    assert_family(f);
    static const char *const false_rules[] = {
        "p(?x, ?y) :- child_of(?x, ?y), ?x = ?y.",
        "p(?x, ?y) :- child_of(?x, ?y), ~child_of(?x, ?y).",
        "p(?x, ?y) :- child_of(?x, ?y), ~child_of(?x, _).",
        "p(?x, ?y) :- child_of(?x, ?y), 2 < 1 + 1.",
        "p(?x, ?y) :- child_of(?x, ?y), ?y < 3.",
        "p(?x, ?y) :- child_of(?x, ?y), ?y = CONCAT(\"b\", \"ob\").",
        "p(?x, ?x) :- child_of(?x, ?y), ?y = bob.",
    };
    KgTxn *const txn = begin_read(f);
    const char *const up_terms[] = {"ann", "p", "bob"}, *const terms[] = {"ann", "child_of", "bob"};
    for (size_t i = 0; i <= sizeof false_rules / sizeof *false_rules; i++) {
        const bool is_sound = i == sizeof false_rules / sizeof *false_rules;
        const char *const rule =
            is_sound ? "p(?x, ?y) :- child_of(?x, ?y), ~child_of(?y, ?x), 2 < 1 + 2." : false_rules[i];
        ProofStep leaf = {.kind = "asserted", .text = "ann child_of bob", .terms = terms, .term_count = 3, .number = 2};
        ProofStep negated = {.kind = "negated", .text = "not ann child_of bob", .terms = terms, .term_count = 3};
        ProofStep test = {.kind = "compared", .text = "a test"};
        ProofStep *const premises[] = {&leaf, strchr(rule, '~') ? &negated : &test, &test};
        ProofStep root = {.kind = "derived",
                          .text = "ann p bob",
                          .terms = up_terms,
                          .term_count = 3,
                          .rule_text = rule,
                          .number = 1,
                          .height = 1,
                          .premises = premises,
                          .premise_count = is_sound ? 3 : 2};
        const ProofWorld world = database_world(txn, root.rule_text);
        ProofStep *const roots = &root;
        const char *const wrong = check_proofs(&world, &roots, 1, NULL);
        if ((wrong == NULL) != is_sound)
            fail_msg("%s: %s", root.rule_text, wrong ? wrong : "not seen");
    }
    kg_abort(txn);
}

/* An aggregate's matches are all there, and of its group, and fold to what is said. */
static void the_checker_folds_aggregates_anew(void **state)
{
    Fixture *const f = *state;
    static char text[2000];
    snprintf(text, sizeof text, "%s%s", PRICES, "pays(?x, #sum(?p, ?i)) :- buys(?x, ?i), price(?i, ?p).\n");
    run_rules(f, text);
    KgTxn *const txn = begin_read(f);
    const ProofWorld world = database_world(txn, rules);
    static const char six[] = "\"6\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                      seven[] = "\"7\"^^<http://www.w3.org/2001/XMLSchema#integer>";
    const char *const other[] = {"ann", "pays", seven}, *const bob[] = {"bob", "pays", six};
    char fact[100];
    snprintf(fact, sizeof fact, "ann pays %s", six);
    ReasonerExplanation proof = prove(txn, fact, false);
    enum { A_MATCH_LESS, LEFT_OUT, VALUE, GROUP, NO_MATCH, SOUND };
    for (int fault = 0; fault <= SOUND; fault++) {
        BaseArena arena = {0};
        ProofStep *const step = copy_proof(&arena, proof.items[0]);
        if (fault == A_MATCH_LESS)
            step->premise_count--;
        else if (fault == LEFT_OUT)
            step->left_out = 1;
        else if (fault == VALUE)
            step->terms = other;
        else if (fault == GROUP)
            step->terms = bob;
        else if (fault == NO_MATCH)
            step->premises[0]->kind = "derived";
        const char *const wrong = check_proofs(&world, &step, 1, NULL);
        if ((wrong == NULL) != (fault == SOUND))
            fail_msg("fault %d: %s", fault, wrong ? wrong : "not seen");
        base_arena_free(&arena);
    }
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(the_checker_refuses_what_is_no_proof),
        TEST(the_checker_judges_tests_and_negations),
        TEST(the_checker_folds_aggregates_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
