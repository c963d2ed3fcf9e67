/* External predicates: made-up ones in the bodies of rules, on a database and in programs by themselves. */
#include "files_fixture.h"
#include "fixture.h"

#define INTEGER "http://www.w3.org/2001/XMLSchema#integer"

typedef struct Oracle {
    size_t calls, rows;
    bool fails;
} Oracle;

static long number_of(const ReasonerTerm *term)
{
    return strtol(term->term.text.bytes, NULL, 10);
}

static ReasonerTerm integer(long number, char *text, size_t size)
{
    const int length = snprintf(text, size, "%ld", number);
    return (ReasonerTerm){{KG_LITERAL, {text, (size_t)length}, KG_TEXT(INTEGER), {0}}, KG_ANY};
}

/* divisors(?n, ?d): gives each divisor of ?n. */
static BaseStatus divisors(void *context, const ReasonerTerm *inputs, size_t count, ReasonerAnswers *answers,
                           BaseError *err)
{
    Oracle *const oracle = context;
    oracle->calls++;
    oracle->rows += count;
    if (oracle->fails)
        return base_fail(err, BASE_IO, "the numbers are closed today");
    for (size_t row = 0; row < count; row++) {
        const long n = number_of(&inputs[row]);
        for (long d = 1; d <= n; d++) {
            char text[24];
            const ReasonerTerm answer = integer(d, text, sizeof text);
            if (n % d == 0 && !reasoner_answer(answers, row, &answer))
                return base_fail(err, BASE_NO_MEMORY, "no memory");
        }
    }
    return BASE_OK;
}

/* near(?a, ?b): whether they differ by one. */
static BaseStatus near(void *context, const ReasonerTerm *inputs, size_t count, ReasonerAnswers *answers,
                       BaseError *err)
{
    (void)err;
    ((Oracle *)context)->calls++;
    for (size_t row = 0; row < count; row++)
        if (labs(number_of(&inputs[2 * row]) - number_of(&inputs[2 * row + 1])) == 1 &&
            !reasoner_answer(answers, row, NULL))
            return BASE_NO_MEMORY;
    return BASE_OK;
}

/* weight(?x, ?w): of things of the database, by their ids. */
static BaseStatus weight(void *context, const ReasonerTerm *inputs, size_t count, ReasonerAnswers *answers,
                         BaseError *err)
{
    (void)err;
    ((Oracle *)context)->calls++;
    for (size_t row = 0; row < count; row++) {
        char text[24];
        const ReasonerTerm answer = integer((long)inputs[row].term.text.length, text, sizeof text);
        assert_true(inputs[row].id != KG_ANY);
        assert_true(reasoner_answer(answers, row, &answer));
    }
    return BASE_OK;
}

static BaseStatus parse_with(const char *text, bool for_files, const ReasonerExternal *externals, size_t count,
                             ReasonerProgram **out, BaseError *err)
{
    const ReasonerText source = {"t.rls", text, strlen(text)};
    const ReasonerParseOptions options = {.for_files = for_files, .externals = externals, .external_count = count};
    return reasoner_parse(&source, 1, &options, NULL, out, err);
}

/* What the program exports to standard output, sorted; owned. */
static char *run_with(const char *text, const ReasonerExternal *externals, size_t count)
{
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    char *raw = NULL;
    size_t bytes;
    FILE *const stream = open_memstream(&raw, &bytes);
    expect_ok(parse_with(text, true, externals, count, &program, &err), &err);
    expect_ok(reasoner_run_files(program, &(ReasonerFilesOptions){.output = stream}, NULL, NULL, &err), &err);
    reasoner_program_free(program);
    fclose(stream);
    char *const sorted = sort_lines(raw);
    free(raw);
    return sorted;
}

static void answers_join_with_facts_and_each_input_is_asked_once(void **state)
{
    (void)state;
    Oracle oracle = {0};
    const ReasonerExternal externals[] = {{"divisors", 2, 1, divisors, &oracle}, {"near", 2, 3, near, &oracle}};
    char *output = run_with("n(12). n(9). n(5). m(9). m(?x) :- n(?x), ?x > 10."
                            "shared(?d) :- n(?x), m(?y), ?x != ?y, divisors(?x, ?d), divisors(?y, ?d)."
                            "both(?d) :- n(?x), divisors(?x, ?d), divisors(?x, ?e), near(?d, ?e), ?d < ?e."
                            "@export shared :- csv{resource = \"\"}. @export both :- csv{resource = \"\"}.",
                            externals, 2);
    assert_string_equal(output, "1\n1\n2\n3\n3\n"); /* 1, 3 are shared; 1-2, 2-3, 3-4 of 12 */
    assert_int_equal(oracle.rows, 3);
    free(output);
}

static void outputs_feed_inputs_and_negation_in_recursion(void **state)
{
    (void)state;
    Oracle oracle = {0};
    const ReasonerExternal externals[] = {{"divisors", 2, 1, divisors, &oracle}, {"near", 2, 3, near, &oracle}};
    char *output = run_with("reach(36). reach(?e) :- reach(?x), divisors(?x, ?d), ?e = ?x / ?d, ?d > 1, ~near(?e, ?d)."
                            "@export reach :- csv{resource = \"\"}.",
                            externals, 2);
    /* 36: by 2, 3, 4, 9, 12, 18, 36; 12: 3 and 4 are near; 6 = 36/6: 6, 1, 3 and 2 are near; 18: 9, 6, 3, 2, 1; 2: 1
     * near */
    assert_string_equal(output, "1\n12\n18\n2\n3\n36\n4\n6\n9\n");
    free(output);
}

/* The answer is a leaf where the prover knows the predicate, and lost where not. */
static void expect_proof(KgTxn *txn, const ReasonerExternal *external)
{
    for (int knows = 0; knows < 2; knows++) {
        ReasonerProver *prover = NULL;
        ReasonerExplanation proof = {0};
        BaseError err = {0};
        expect_ok(reasoner_prover_open(txn, &prover, &err), &err);
        if (knows)
            reasoner_prover_know(prover, external, 1);
        expect_ok(reasoner_prover_ask(prover, find_fact(txn, "bob heavy coffee"), NULL, &proof, &err), &err);
        assert_int_equal(proof.items[0]->kind, knows ? REASONER_DERIVED : REASONER_LOST);
        if (knows) {
            assert_int_equal(proof.items[0]->children[1]->kind, REASONER_COMPARED);
            assert_string_equal(proof.items[0]->children[1]->text, "weight(coffee, \"9\"^^<" INTEGER ">)");
        }
        reasoner_explanation_free(&proof);
        reasoner_prover_close(prover);
    }
}

static void terms_of_a_database_are_given_with_their_ids(void **state)
{
    Fixture *const f = *state;
    Oracle oracle = {0};
    const ReasonerExternal external = {"kg:weight", 2, 1, weight, &oracle};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    KgTxn *txn = begin_write(f);
    bool holds = false;
    assert_fact(txn, "ann likes tea", 1);
    assert_fact(txn, "bob likes coffee", 1);
    expect_ok(parse_with("heavy(?x, ?y) :- likes(?x, ?y), weight(?y, ?w), ?w > 6."
                         "liked(?y, !z) :- likes(?x, ?y), weight(?y, ?w), weight(?x, ?w).",
                         false, &external, 1, &program, &err),
              &err);
    expect_ok(reasoner_run(txn, program, NULL, NULL, NULL, &err), &err);
    expect_ok(kg_holds(txn, KG_IN(KG_INFERRED), find_fact(txn, "bob heavy coffee"), &holds, &err), &err);
    assert_true(holds);
    assert_int_equal(count_layer(txn, KG_INFERRED), 2);
    commit(txn);
    txn = begin_read(f);
    expect_proof(txn, &external);
    kg_abort(txn);
    reasoner_program_free(program);
}

static void a_failure_is_told_at_the_rule(void **state)
{
    (void)state;
    Oracle oracle = {.fails = true};
    const ReasonerExternal external = {"divisors", 2, 1, divisors, &oracle};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    expect_ok(parse_with("n(12).\nd(?d) :- n(?x), divisors(?x, ?d).", true, &external, 1, &program, &err), &err);
    assert_int_equal(reasoner_run_files(program, NULL, NULL, NULL, &err), BASE_IO);
    assert_int_equal(err.line, 2);
    assert_string_equal(err.message, "divisors: the numbers are closed today");
    reasoner_program_free(program);
}

static void misuse_is_a_fault_with_its_place(void **state)
{
    (void)state;
    Oracle oracle = {0};
    const ReasonerExternal external = {"divisors", 2, 1, divisors, &oracle};
    static const struct {
        const char *text, *message;
        uint32_t column;
    } cases[] = {
        {"divisors(1, 2).", "divisors is external: no rule or fact can give it", 1},
        {"d(?x) :- divisors(?x).", "[219] divisors is external and takes 2 arguments, here are 1", 10},
        {"d(?n) :- n(?n), divisors(?x, ?d).", "[204] variable ?x is given to an external predicate", 26},
        {"d(?d) :- n(?d), divisors(?x, ?d).", "[204] variable ?x is given to an external predicate", 26},
        {"d(?d) :- divisors(12, ?d).", "[994]", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BaseError err = {0};
        ReasonerProgram *program = NULL;
        assert_int_equal(parse_with(cases[i].text, true, &external, 1, &program, &err), BASE_BAD_INPUT);
        if (!strstr(err.message, cases[i].message) || err.column != cases[i].column)
            print_error("%s: %u: %s\n", cases[i].text, err.column, err.message);
        assert_non_null(strstr(err.message, cases[i].message));
        assert_int_equal(err.column, cases[i].column);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_join_with_facts_and_each_input_is_asked_once),
        cmocka_unit_test(outputs_feed_inputs_and_negation_in_recursion),
        cmocka_unit_test_setup_teardown(terms_of_a_database_are_given_with_their_ids, open_fixture, close_fixture),
        cmocka_unit_test(a_failure_is_told_at_the_rule),
        cmocka_unit_test(misuse_is_a_fault_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
