/* Programs on a database that compute: its terms as values, aggregates with their heights, nulls as blank nodes. */
#include "fixture.h"

#define INTEGER "^^<http://www.w3.org/2001/XMLSchema#integer>"
#define TYPE " <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "

/* The height of an inferred fact; 0: it is not inferred. */
static uint32_t height_of(Fixture *f, const char *fact)
{
    KgTxn *const txn = begin_read(f);
    char fields[3][200];
    KgTriple triple;
    KgNote note = {0};
    assert_int_equal(sscanf(fact, "%199s %199s %199[^\n]", fields[0], fields[1], fields[2]), 3);
    if (kg_find_name(txn, fields[0], &triple.s, NULL) != BASE_OK ||
        kg_find_name(txn, fields[1], &triple.p, NULL) != BASE_OK ||
        kg_find_name(txn, fields[2], &triple.o, NULL) != BASE_OK ||
        kg_get(txn, KG_INFERRED, triple, &note, NULL) != BASE_OK)
        note.height = 0;
    kg_abort(txn);
    return note.height;
}

static void assert_facts(Fixture *f, const char *const *facts)
{
    KgTxn *const txn = begin_write(f);
    for (; *facts; facts++)
        assert_fact(txn, *facts, 1);
    commit(txn);
}

static void terms_are_computed_with_as_values(void **state)
{
    Fixture *const f = *state;
    assert_facts(f, (const char *const[]){
                        "a n \"4\"" INTEGER, "b n \"2.0\"^^<http://www.w3.org/2001/XMLSchema#decimal>",
                        "c n \"0.5\"^^<http://www.w3.org/2001/XMLSchema#double>", "d n \"x\"@en", "e n f", NULL});
    run_and_commit(f,
                   "twice(?x, ?y * 2) :- n(?x, ?y). small(?x) :- n(?x, ?y), ?y < 3."
                   "text(?x, CONCAT(STR(?y), \"!\")) :- n(?x, ?y). five(?x) :- n(?x, ?y), ?y + 1 = 5.",
                   NULL);
    assert_int_equal(height_of(f, "a twice \"8\"" INTEGER), 1);
    assert_int_equal(height_of(f, "b twice \"4\"" INTEGER), 1);
    assert_int_equal(height_of(f, "c twice \"1\"^^<http://www.w3.org/2001/XMLSchema#double>"), 1);
    assert_int_equal(height_of(f, "b" TYPE "small"), 1);
    assert_int_equal(height_of(f, "c" TYPE "small"), 1);
    assert_int_equal(height_of(f, "a" TYPE "small"), 0);
    assert_int_equal(height_of(f, "a" TYPE "five"), 1);
    assert_int_equal(height_of(f, "d text \"x!\""), 1);
    assert_int_equal(height_of(f, "e text \"kg:f!\""), 1);
    assert_int_equal(height_of(f, "d twice \"8\"" INTEGER), 0);
}

static void a_computed_term_is_the_one_that_the_database_has(void **state)
{
    Fixture *const f = *state;
    assert_facts(f, (const char *const[]){"a next \"1\"" INTEGER, "b at \"2\"" INTEGER, "b at \"02\"" INTEGER, NULL});
    run_and_commit(f, "meets(?x, ?y) :- next(?x, ?n), at(?y, ?n + 1). next(?x, ?n + 1) :- next(?x, ?n), ?n < 3.", NULL);
    assert_int_equal(height_of(f, "a meets b"), 1);
    assert_int_equal(height_of(f, "a next \"3\"" INTEGER), 2);
    assert_int_equal(height_of(f, "a next \"4\"" INTEGER), 0);
}

static void an_aggregate_is_one_higher_than_its_highest_input(void **state)
{
    Fixture *const f = *state;
    assert_facts(f, (const char *const[]){"a to b", "b to c", "c to d", "x to y", NULL});
    run_and_commit(f,
                   "far(?x, ?y) :- to(?x, ?y). far(?x, ?z) :- to(?x, ?y), far(?y, ?z)."
                   "reach(?x, #count(?y)) :- far(?x, ?y). most(?x, 10 * #max(?n)) :- reach(?x, ?n).",
                   NULL);
    assert_int_equal(height_of(f, "a far d"), 3);
    assert_int_equal(height_of(f, "a reach \"3\"" INTEGER), 4);
    assert_int_equal(height_of(f, "b reach \"2\"" INTEGER), 3);
    assert_int_equal(height_of(f, "x reach \"1\"" INTEGER), 2);
    assert_int_equal(height_of(f, "a most \"30\"" INTEGER), 5);
}

static uint64_t blank_objects(Fixture *f, const char *predicate)
{
    KgTxn *const txn = begin_read(f);
    KgTriple pattern = {0}, triple;
    KgScan *scan = NULL;
    BaseError err = {0};
    uint64_t count = 0;
    expect_ok(kg_find_name(txn, predicate, &pattern.p, &err), &err);
    expect_ok(kg_scan_open(txn, KG_IN(KG_INFERRED), pattern, KG_ORDER_BEST, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK)
        count += kg_kind(triple.o) == KG_BLANK;
    kg_scan_close(scan);
    kg_abort(txn);
    return count;
}

static void nulls_are_blank_nodes_and_the_same_when_run_again(void **state)
{
    Fixture *const f = *state;
    uint64_t terms[2];
    assert_facts(f, (const char *const[]){"ann" TYPE "human", "bob" TYPE "human", "ann mother eve", NULL});
    for (int again = 0; again < 2; again++) {
        run_and_commit(f,
                       "parent(?x, ?y) :- mother(?x, ?y). parent(?x, !y) :- human(?x)."
                       "born(?x, !t), at(!t, ?y) :- parent(?x, ?y).",
                       NULL);
        assert_int_equal(blank_objects(f, "parent"), 1); /* ann has one */
        assert_int_equal(blank_objects(f, "born"), 2);
        KgTxn *const txn = begin_read(f);
        terms[again] = kg_term_count(txn, KG_BLANK);
        kg_abort(txn);
    }
    assert_int_equal(terms[0], 3);
    assert_int_equal(terms[1], 3);
}

typedef struct Heard {
    size_t count;
    BaseError last;
} Heard;

static void hear(void *context, const BaseError *error)
{
    Heard *const heard = context;
    heard->count++;
    heard->last = *error;
}

static void violations_are_told_with_their_bindings_and_the_run_is_stored(void **state)
{
    Fixture *const f = *state;
    assert_facts(f,
                 (const char *const[]){"a age \"4\"" INTEGER, "b age \"200\"" INTEGER, "c age \"300\"" INTEGER, NULL});
    ReasonerProgram *const program = parse("person(?x) :- age(?x, _).\n#false :- person(?x), age(?x, ?a), ?a > 150.\n"
                                           "#false :- person(?x), ~age(?x, _).");
    KgTxn *const txn = begin_write(f);
    Heard heard = {0};
    const BaseSink sink = {hear, &heard};
    ReasonerReport report = {0};
    BaseError err = {0};
    expect_ok(reasoner_run(txn, program, &(ReasonerRunOptions){.sink = &sink}, &report, NULL, &err), &err);
    commit(txn);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.last.line, 2);
    assert_int_equal(report.violations_found, 2);
    assert_int_equal(report.violation_count, 2);
    assert_int_equal(report.stored, 3);
    assert_int_equal(report.predicate_count, 1);
    const ReasonerViolation *const violation = &report.violations[0];
    assert_int_equal(violation->rule, 1);
    assert_int_equal(violation->binding_count, 2);
    assert_string_equal(violation->bindings[0].variable, "?x");
    assert_true(violation->bindings[0].id != KG_ANY);
    assert_string_equal(violation->bindings[0].term.text.bytes, "kg:b");
    assert_string_equal(violation->text, "rule at test.rls:2 is violated: ?x = b, ?a = "
                                         "\"200\"^^<http://www.w3.org/2001/XMLSchema#integer>");
    reasoner_report_free(&report);
    reasoner_program_free(program);
}

/* The lowest proof, printed; owned. */
static char *prove(Fixture *f, const char *fact, bool all)
{
    KgTxn *const txn = begin_read(f);
    ReasonerExplanation proof = {0};
    BaseError err = {0};
    char *text = NULL;
    size_t length;
    expect_ok(reasoner_prove(txn, find_fact(txn, fact), &(ReasonerProveOptions){.all = all}, &proof, &err), &err);
    FILE *const out = open_memstream(&text, &length);
    for (size_t i = 0; i < proof.count; i++)
        expect_ok(reasoner_print_proof(out, proof.items[i], &err), &err);
    fclose(out);
    reasoner_explanation_free(&proof);
    kg_abort(txn);
    return text;
}

static void expect_proof(Fixture *f, const char *fact, const char *expected)
{
    for (int all = 0; all < 2; all++) {
        char *const text = prove(f, fact, all);
        assert_string_equal(text, expected);
        free(text);
    }
}

/* Each part(null, ?y) is proved by the very `?x to ?y` for which the null was made. */
static void expect_created(Fixture *f)
{
    KgTxn *const txn = begin_read(f);
    KgTriple pattern = {0}, triple;
    KgScan *scan = NULL;
    BaseError err = {0};
    size_t proved = 0;
    expect_ok(kg_find_name(txn, "part", &pattern.p, &err), &err);
    expect_ok(kg_scan_open(txn, KG_IN(KG_INFERRED), pattern, KG_ORDER_BEST, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK) {
        ReasonerExplanation proof = {0};
        expect_ok(reasoner_prove(txn, triple, NULL, &proof, &err), &err);
        assert_int_equal(proof.items[0]->kind, REASONER_DERIVED);
        assert_string_equal(proof.items[0]->rule_name, "made");
        assert_int_equal(proof.items[0]->children[0]->triple.o, triple.o);
        reasoner_explanation_free(&proof);
        proved++;
    }
    assert_int_equal(proved, 2);
    kg_scan_close(scan);
    kg_abort(txn);
}

/* a reaches 2, not 7. */
static void expect_miss(Fixture *f)
{
    KgTxn *const txn = begin_read(f);
    ReasonerExplanation why = {0};
    BaseError err = {0};
    expect_ok(reasoner_why_not(txn, NULL, find_fact(txn, "a reach \"7\"" INTEGER), NULL, &why, &err), &err);
    assert_int_equal(why.count, 1);
    assert_int_equal(why.items[0]->missing, 1);
    assert_int_equal(why.items[0]->children[0]->kind, REASONER_MISSING);
    assert_string_equal(why.items[0]->children[0]->text, "#count is \"2\"" INTEGER ", not \"7\"" INTEGER);
    reasoner_explanation_free(&why);
    kg_abort(txn);
}

static void proofs_compute_fold_and_find_what_created_a_null(void **state)
{
    Fixture *const f = *state;
    assert_facts(f, (const char *const[]){"a n \"4\"" INTEGER, "b n \"7\"" INTEGER, "a to b", "b to c", NULL});
    run_and_commit(f,
                   "#[name(\"more\")] more(?x, ?y * 2 + 1) :- n(?x, ?y), ?y > 3."
                   "#[name(\"far\")] far(?x, ?y) :- to(?x, ?y). far(?x, ?z) :- to(?x, ?y), far(?y, ?z)."
                   "#[name(\"total\")] total(all, 10 * #sum(?m)) :- more(?x, ?m)."
                   "#[name(\"reach\")] reach(?x, #count(?y)) :- far(?x, ?y)."
                   "#[name(\"made\")] has(?x, !p), part(!p, ?y) :- to(?x, ?y).",
                   NULL);
    expect_proof(f, "a more \"9\"" INTEGER,
                 "a more \"9\"" INTEGER "  [more]\n"
                 "├─ a n \"4\"" INTEGER "  [asserted, import 1]\n"
                 "├─ \"4\"" INTEGER " > \"3\"" INTEGER "\n"
                 "└─ (\"4\"" INTEGER " * \"2\"" INTEGER ") + \"1\"" INTEGER " = \"9\"" INTEGER "\n");
    char *const total = prove(f, "all total \"240\"" INTEGER, false);
    assert_non_null(strstr(total, "├─ ?m = \"9\"" INTEGER "\n│  └─ a more \"9\"" INTEGER "  [more]\n"));
    assert_non_null(strstr(total, "└─ ?m = \"15\"" INTEGER "\n   └─ b more \"15\"" INTEGER "  [more]\n"));
    free(total);
    char *const reach = prove(f, "a reach \"2\"" INTEGER, true);
    assert_non_null(strstr(reach, "a reach \"2\"" INTEGER "  [reach]\n├─ ?y = "));
    free(reach);
    expect_created(f);
    expect_miss(f);
}

static void too_wide_a_frontier_is_a_fault(void **state)
{
    (void)state;
    BaseBuffer text = {0};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    for (int part = 0; part < 4; part++) {
        base_buffer_format(&text, "%s", (const char *const[]){"p(!z", ", q(!z", " :- r(a", ", s(a"}[part]);
        for (int v = 0; v < 40; v++)
            base_buffer_format(&text, ", ?%c%d", part % 2 ? 'y' : 'x', v);
        base_buffer_format(&text, ")");
    }
    base_buffer_format(&text, ".");
    const ReasonerText source = {"t.rls", text.items, text.count};
    assert_int_equal(reasoner_parse(&source, 1, NULL, NULL, &program, &err), BASE_BAD_INPUT);
    assert_string_equal(err.message,
                        "the heads of a rule with existential variables have 80 other variables; 64 are the most");
    base_buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(terms_are_computed_with_as_values, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(a_computed_term_is_the_one_that_the_database_has, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(an_aggregate_is_one_higher_than_its_highest_input, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(violations_are_told_with_their_bindings_and_the_run_is_stored, open_fixture,
                                        close_fixture),
        cmocka_unit_test_setup_teardown(proofs_compute_fold_and_find_what_created_a_null, open_fixture, close_fixture),
        cmocka_unit_test(too_wide_a_frontier_is_a_fault),
        cmocka_unit_test_setup_teardown(nulls_are_blank_nodes_and_the_same_when_run_again, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
