/* Random programs against the oracle: the same facts with the same least heights, and proofs that hold water: each step
 * an instance of its rule, each leaf asserted, each height the oracle's. */
#include "fixture.h"
#include "oracle_datalog.h"

enum { PROGRAMS = 3000, PROVED_PROGRAMS = 250, IMPORT = 7 };

static void print_program(const char *text, int number)
{
    print_error("program %d:\n%s\n", number, text);
}

static void assert_given(KgTxn *txn, const OracleProgram *program)
{
    BaseError err = {0};
    for (int s = 0; s < TERMS; s++) {
        for (int p = 0; p < TERMS; p++) {
            for (int o = 0; o < TERMS; o++) {
                if (!program->given[s][p][o])
                    continue;
                const KgRecord record = {
                    {intern(txn, oracle_term(s)), intern(txn, oracle_term(p)), intern(txn, oracle_term(o))},
                    {.source = IMPORT}};
                expect_ok(kg_add(txn, KG_ASSERTED, &record, NULL, &err), &err);
            }
        }
    }
}

static int term_of(const KgTerm *term)
{
    BaseBuffer text = {0};
    assert_true(kg_format_term(term, KG_SYNTAX_NAME, &text));
    const char *const type = oracle_term(TYPE);
    const int found = strcmp(text.items, type) == 0 ? TYPE : oracle_find_term(text.items, text.count);
    base_buffer_free(&text);
    assert_true(found >= 0);
    return found;
}

/* ---- Facts and heights --------------------------------------------------------------------------------------- */

typedef struct Taken {
    OracleModel model; /* heights as the reasoner gave them */
    const OracleModel *expected;
    size_t count, deep;
} Taken;

static bool take(void *context, const ReasonerFact *fact)
{
    Taken *const taken = context;
    int terms[3];
    assert_int_equal(fact->arity, 3);
    for (size_t i = 0; i < 3; i++)
        terms[i] = term_of(&fact->terms[i]);
    const int local = fact->is_triple ? -1 : fact->predicate.bytes[fact->predicate.length - 1] - '0';
    uint32_t *const height = fact->is_triple ? &taken->model.triples[terms[0]][terms[1]][terms[2]]
                                             : &taken->model.locals[local][terms[0]][terms[1]][terms[2]];
    assert_int_equal(*height, NOT_DERIVED); /* each fact once */
    *height = fact->height;
    taken->count++;
    taken->deep += fact->height > 2;
    return true;
}

static bool same_models(const Taken *taken, const OracleProgram *program)
{
    for (int a = 0; a < TERMS; a++)
        for (int b = 0; b < TERMS; b++)
            for (int c = 0; c < TERMS; c++) {
                const uint32_t given = program->given[a][b][c] ? 0 : taken->model.triples[a][b][c];
                if (given != taken->expected->triples[a][b][c]) {
                    print_error("%s %s %s: height %d, expected %d\n", oracle_term(a), oracle_term(b), oracle_term(c),
                                (int)given, (int)taken->expected->triples[a][b][c]);
                    return false;
                }
            }
    return memcmp(taken->model.locals, taken->expected->locals, sizeof taken->model.locals) == 0;
}

static void random_programs_derive_what_the_oracle_derives_at_the_same_heights(void **state)
{
    Fixture *const f = *state;
    static OracleProgram program;
    static OracleModel expected;
    static Taken taken;
    BaseRandom random;
    taken.count = 0;
    base_random_seed(&random, 20);
    for (int i = 0; i < PROGRAMS; i++) {
        BaseBuffer text = {0};
        BaseError err = {0};
        oracle_make(&random, &program);
        oracle_write(&program, &text);
        oracle_evaluate(&program, &expected);
        ReasonerProgram *const parsed = parse(text.items);
        KgTxn *const txn = begin_write(f);
        assert_given(txn, &program);
        memset(&taken.model, 0xff, sizeof taken.model);
        taken.expected = &expected;
        expect_ok(reasoner_derive(txn, parsed, take, &taken, NULL, NULL, &err), &err);
        if (!same_models(&taken, &program)) {
            print_program(text.items, i);
            fail();
        }
        kg_abort(txn);
        reasoner_program_free(parsed);
        base_buffer_free(&text);
    }
    print_message("%zu facts, %zu of them higher than 2\n", taken.count, taken.deep);
    assert_true(taken.count > 10u * PROGRAMS && taken.deep > PROGRAMS); /* the programs are not trivial */
}

/* ---- Proofs -------------------------------------------------------------------------------------------------- */

typedef struct Checker {
    const OracleProgram *program;
    const OracleModel *model;
    const char *text;                  /* of the program */
    const ReasonerProof *proved[4096]; /* by number: the node that proves it */
} Checker;

/* "a p b" or "local0(a, b, c)" as a fact of the oracle: kind TRIPLE or LOCAL, terms. */
static OracleAtom read_text(const char *text)
{
    OracleAtom atom = {.kind = ORACLE_TRIPLE, .count = 3};
    const char *at = text;
    const char *separator = " ";
    if (strncmp(text, "local", 5) == 0) {
        atom.kind = ORACLE_LOCAL;
        atom.which = text[5] - '0';
        at = text + 7;
        separator = ",)";
    }
    for (int t = 0; t < 3; t++) {
        const size_t length = strcspn(at, separator);
        atom.terms[t].index = oracle_find_term(at, length);
        assert_true(atom.terms[t].index >= 0);
        at += length + (atom.kind == ORACLE_LOCAL && t < 2 ? 2 : 1);
    }
    return atom;
}

/* An atom of a rule in the form read_text gives. */
static OracleAtom as_triple(const OracleAtom *atom)
{
    OracleAtom triple = *atom;
    if (atom->kind == ORACLE_LOCAL || atom->kind == ORACLE_TRIPLE)
        return triple;
    triple.kind = ORACLE_TRIPLE;
    triple.count = 3;
    triple.terms[1] = (OracleTerm){false, atom->kind == ORACLE_PROPERTY ? FIRST_PROPERTY + atom->which : TYPE};
    triple.terms[2] = atom->kind == ORACLE_CLASS ? (OracleTerm){false, FIRST_CLASS + atom->which} : atom->terms[1];
    return triple;
}

/* Binds the rule's atom to the fact; false: it does not fit. */
static bool unify(const OracleAtom *atom, const OracleAtom *fact, int *binding)
{
    const OracleAtom triple = as_triple(atom);
    if (triple.kind != fact->kind || (triple.kind == ORACLE_LOCAL && triple.which != fact->which))
        return false;
    for (int t = 0; t < 3; t++) {
        const OracleTerm term = triple.terms[t];
        int *const bound = term.is_variable ? &binding[term.index] : NULL;
        if (bound && *bound < 0)
            *bound = fact->terms[t].index;
        if ((bound ? *bound : term.index) != fact->terms[t].index)
            return false;
    }
    return true;
}

/* The children are the body of the rule, under one binding, and they hold. */
static void check_instance(const Checker *checker, const ReasonerProof *node, const OracleAtom *fact)
{
    assert_int_equal(node->rule_name[0], 'r');
    const OracleRule *const rule = &checker->program->rules[atoi(node->rule_name + 1)];
    assert_int_equal(node->child_count, rule->body_count);
    bool fits = false;
    for (int h = 0; h < rule->head_count && !fits; h++) {
        int binding[MOST_VARIABLES] = {-1, -1, -1, -1};
        fits = unify(&rule->heads[h], fact, binding);
        for (int b = 0; b < rule->body_count && fits; b++) {
            if (rule->body[b].is_comparison || rule->body[b].atom.is_negated)
                continue;
            const OracleAtom premise = read_text(node->children[b]->text);
            fits = unify(&rule->body[b].atom, &premise, binding);
        }
        for (int b = 0; b < rule->body_count && fits; b++) {
            if (rule->body[b].is_comparison) {
                assert_int_equal(node->children[b]->kind, REASONER_COMPARED);
                fits = oracle_compare(&rule->body[b], binding);
            } else if (rule->body[b].atom.is_negated) {
                assert_int_equal(node->children[b]->kind, REASONER_NEGATED);
                fits = oracle_is_absent(checker->model, &rule->body[b].atom, binding);
            }
        }
    }
    assert_true(fits);
}

static uint32_t model_height(const Checker *checker, const OracleAtom *fact)
{
    const int none[MOST_VARIABLES] = {0};
    return oracle_height(checker->model, fact, none);
}

static void check_node(Checker *checker, const ReasonerProof *node)
{
    if (node->kind == REASONER_NEGATED || node->kind == REASONER_COMPARED)
        return;
    const OracleAtom fact = read_text(node->text);
    assert_int_equal(node->height, model_height(checker, &fact));
    assert_true(node->number > 0 && node->number < 4096);
    if (node->kind == REASONER_ASSERTED) {
        assert_int_equal(node->height, 0);
        assert_int_equal(node->note.source, IMPORT);
        return;
    }
    if (node->kind == REASONER_SHARED) {
        assert_non_null(checker->proved[node->number]);
        assert_string_equal(checker->proved[node->number]->text, node->text);
        return;
    }
    if (node->kind != REASONER_DERIVED)
        print_error("%s has kind %d\n%s\n", node->text, (int)node->kind, checker->text);
    assert_int_equal(node->kind, REASONER_DERIVED);
    assert_null(checker->proved[node->number]);
    checker->proved[node->number] = node;
    check_instance(checker, node, &fact);
    uint32_t highest = 0;
    for (size_t c = 0; c < node->child_count; c++) {
        highest = node->children[c]->height > highest ? node->children[c]->height : highest;
        check_node(checker, node->children[c]);
    }
    assert_int_equal(node->height, highest + 1);
}

/* Every instance of a fact's `all` is one, and the lowest comes first. */
static void check_all(Checker *checker, KgTxn *txn, KgTriple fact, uint32_t height)
{
    BaseError err = {0};
    ReasonerExplanation all = {0};
    expect_ok(reasoner_prove(txn, fact, &(ReasonerProveOptions){.all = true}, &all, &err), &err);
    assert_true(all.count > 0);
    assert_int_equal(all.items[0]->height, height);
    memset(checker->proved, 0, sizeof checker->proved);
    for (size_t i = 0; i < all.count; i++) {
        const OracleAtom goal = read_text(all.items[i]->text);
        checker->proved[all.items[i]->number] = all.items[i];
        if (all.items[i]->kind != REASONER_DERIVED)
            continue;
        check_instance(checker, all.items[i], &goal);
        for (size_t c = 0; c < all.items[i]->child_count; c++)
            check_node(checker, all.items[i]->children[c]);
    }
    reasoner_explanation_free(&all);
}

static void check_proof(Checker *checker, KgTxn *txn, const OracleAtom *fact)
{
    BaseError err = {0};
    ReasonerExplanation proof = {0};
    KgTriple triple;
    expect_ok(kg_find_name(txn, oracle_term(fact->terms[0].index), &triple.s, &err), &err);
    expect_ok(kg_find_name(txn, oracle_term(fact->terms[1].index), &triple.p, &err), &err);
    expect_ok(kg_find_name(txn, oracle_term(fact->terms[2].index), &triple.o, &err), &err);
    memset(checker->proved, 0, sizeof checker->proved);
    expect_ok(reasoner_prove(txn, triple, NULL, &proof, &err), &err);
    assert_int_equal(proof.count, 1);
    check_node(checker, proof.items[0]);
    reasoner_explanation_free(&proof);
    check_all(checker, txn, triple, model_height(checker, fact));
}

/* Names only: a literal is no subject, a name no relation, so such facts are not stored. */
static bool is_storable(int s, int p)
{
    return (s < FIRST_NUMBER || s >= FIRST_CLASS) && (p < FIRST_NUMBER || p >= FIRST_CLASS);
}

static void check_every_proof(Fixture *f, const OracleProgram *program, const OracleModel *model, const char *text,
                              uint64_t *proofs)
{
    static Checker checker;
    checker.program = program;
    checker.model = model;
    checker.text = text;
    KgTxn *const txn = begin_read(f);
    uint64_t stored = 0;
    for (int s = 0; s < TERMS; s++)
        for (int p = 0; p < TERMS; p++)
            for (int o = 0; o < TERMS; o++) {
                const uint32_t height = model->triples[s][p][o];
                if (height == NOT_DERIVED || height == 0 || !is_storable(s, p))
                    continue;
                const OracleAtom fact = {
                    .kind = ORACLE_TRIPLE, .count = 3, .terms = {{.index = s}, {.index = p}, {.index = o}}};
                stored++;
                if (stored <= 40) /* of the many that views derive, some */
                    check_proof(&checker, txn, &fact);
            }
    assert_int_equal(count_layer(txn, KG_INFERRED), stored);
    *proofs += stored;
    kg_abort(txn);
}

static void every_proof_is_made_of_rule_instances_and_has_the_least_height(void **state)
{
    Fixture *const f = *state;
    static OracleProgram program;
    static OracleModel model;
    BaseRandom random;
    uint64_t proofs = 0;
    base_random_seed(&random, 21);
    for (int i = 0; i < PROVED_PROGRAMS; i++) {
        BaseBuffer text = {0};
        BaseError err = {0};
        oracle_make(&random, &program);
        oracle_write(&program, &text);
        oracle_evaluate(&program, &model);
        ReasonerProgram *const parsed = parse(text.items);
        KgTxn *const txn = begin_write(f);
        expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
        assert_given(txn, &program);
        expect_ok(reasoner_run(txn, parsed, NULL, NULL, NULL, &err), &err);
        commit(txn);
        check_every_proof(f, &program, &model, text.items, &proofs);
        reasoner_program_free(parsed);
        base_buffer_free(&text);
    }
    assert_true(proofs > 5u * PROVED_PROGRAMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_programs_derive_what_the_oracle_derives_at_the_same_heights,
                                        open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(every_proof_is_made_of_rule_instances_and_has_the_least_height, open_fixture,
                                        close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
