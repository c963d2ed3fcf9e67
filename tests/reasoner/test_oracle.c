/* Random programs against the oracle: the same facts with the same least heights, and proofs that the proof
 * checker finds sound, each height in them the oracle's. */
#include "fixture.h"
#include "oracle_datalog.h"
#include "proof_world.h"

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

/* The oracle's model as the world that proofs speak of. */
typedef struct Told {
    const OracleProgram *program;
    const OracleModel *model;
} Told;

static bool is_given(void *context, const char *const *terms, size_t count)
{
    const Told *const told = context;
    int found[3];
    if (count != 3)
        return false;
    for (int i = 0; i < 3; i++)
        if ((found[i] = oracle_find_term(terms[i], strlen(terms[i]))) < 0)
            return false;
    return told->program->given[found[0]][found[1]][found[2]];
}

static void visit_cube(const uint32_t heights[TERMS][TERMS][TERMS], const char *name, const char *const *pattern,
                       ProofVisit *take_fact, void *taker)
{
    const int first = name ? 1 : 0;
    int wanted[3];
    for (int i = 0; i < 3; i++)
        wanted[i] = pattern[first + i] ? oracle_find_term(pattern[first + i], strlen(pattern[first + i])) : -1;
    for (int a = 0; a < TERMS; a++)
        for (int b = 0; b < TERMS; b++)
            for (int c = 0; c < TERMS; c++) {
                if ((wanted[0] >= 0 && wanted[0] != a) || (wanted[1] >= 0 && wanted[1] != b) ||
                    (wanted[2] >= 0 && wanted[2] != c) || heights[a][b][c] == NOT_DERIVED)
                    continue;
                const char *const terms[4] = {name, oracle_name(a), oracle_name(b), oracle_name(c)};
                if (!take_fact(taker, terms + 1 - first))
                    return;
            }
}

static void visit_model(void *context, const char *const *pattern, size_t count, ProofVisit *take_fact, void *taker)
{
    static const char *const locals[LOCALS] = {"local0", "local1"};
    const Told *const told = context;
    if (count == 3)
        visit_cube(told->model->triples, NULL, pattern, take_fact, taker);
    for (int l = 0; l < LOCALS && count == 4; l++)
        visit_cube(told->model->locals[l], locals[l], pattern, take_fact, taker);
}

/* The height of a node's conclusion. */
static uint32_t model_height(const OracleModel *model, const ReasonerProof *node)
{
    int terms[3];
    const uint32_t first = node->term_count - 3;
    for (uint32_t i = 0; i < 3; i++)
        terms[i] = oracle_find_term(node->terms[first + i], strlen(node->terms[first + i]));
    return first == 0 ? model->triples[terms[0]][terms[1]][terms[2]]
                      : model->locals[node->terms[0][5] - '0'][terms[0]][terms[1]][terms[2]];
}

/* Every conclusion has the least height, but the roots of other proofs than the lowest, and leaves are of the import.
 */
static void check_heights(const OracleModel *model, const ReasonerProof *node, bool is_root)
{
    const bool is_test = node->kind == REASONER_NEGATED || node->kind == REASONER_COMPARED;
    if (!is_test && !is_root)
        assert_int_equal(node->height, model_height(model, node));
    if (node->kind == REASONER_ASSERTED)
        assert_int_equal(node->note.source, IMPORT);
    for (size_t c = 0; c < node->child_count; c++)
        check_heights(model, node->children[c], false);
}

static void check_proof(const Told *told, const char *text, ReasonerProver *prover, KgTriple fact, uint32_t height)
{
    const ProofWorld world = {.rules = text,
                              .has_least_heights = true,
                              .is_given = is_given,
                              .visit = visit_model,
                              .context = (void *)(uintptr_t)told};
    for (int form = 0; form < 3; form++) {
        const ReasonerProveOptions options = {.all = form == 1, .forest = form == 2};
        BaseError err = {0};
        ReasonerExplanation proof = {0};
        expect_ok(reasoner_prover_ask(prover, fact, &options, &proof, &err), &err);
        assert_true(proof.count >= 1);
        assert_int_equal(proof.items[0]->height, height);
        expect_sound(&world, &proof);
        for (size_t i = 0; i < proof.count; i++)
            check_heights(told->model, proof.items[i], i > 0);
        reasoner_explanation_free(&proof);
    }
}

/* Names only: a literal is no subject, a name no relation, so such facts are not stored. */
static bool is_storable(int s, int p)
{
    return (s < FIRST_NUMBER || s >= FIRST_CLASS) && (p < FIRST_NUMBER || p >= FIRST_CLASS);
}

static KgTriple triple_of(KgTxn *txn, int s, int p, int o)
{
    KgTriple triple;
    BaseError err = {0};
    expect_ok(kg_find_name(txn, oracle_term(s), &triple.s, &err), &err);
    expect_ok(kg_find_name(txn, oracle_term(p), &triple.p, &err), &err);
    expect_ok(kg_find_name(txn, oracle_term(o), &triple.o, &err), &err);
    return triple;
}

/* Whether all of the model is in the database: triples about literals serve within the run only. */
static bool is_all_stored(const OracleModel *model)
{
    for (int s = 0; s < TERMS; s++)
        for (int p = 0; p < TERMS; p++)
            for (int o = 0; o < TERMS; o++)
                if (model->triples[s][p][o] != NOT_DERIVED && !is_storable(s, p))
                    return false;
    return true;
}

/* Of what does not hold, some: what is missing is. */
static void check_misses(const Told *told, const char *text, ReasonerProver *prover, KgTxn *txn)
{
    const ProofWorld world = {
        .rules = text, .is_given = is_given, .visit = visit_model, .context = (void *)(uintptr_t)told};
    for (int i = 0; i < 40; i++) {
        const int s = i % NAMES, p = FIRST_PROPERTY + i % PROPERTIES, o = (i * 7 + i / 5) % NAMES;
        BaseError err = {0};
        ReasonerExplanation why = {0};
        KgTriple fact;
        if (told->model->triples[s][p][o] != NOT_DERIVED ||
            kg_find_name(txn, oracle_term(s), &fact.s, NULL) != BASE_OK ||
            kg_find_name(txn, oracle_term(p), &fact.p, NULL) != BASE_OK ||
            kg_find_name(txn, oracle_term(o), &fact.o, NULL) != BASE_OK)
            continue;
        expect_ok(reasoner_prover_ask_why_not(prover, fact, NULL, &why, &err), &err);
        for (size_t m = 0; m < why.count; m++)
            assert_true(why.items[m]->missing > 0);
        expect_misses(&world, &why);
        reasoner_explanation_free(&why);
    }
}

static void check_every_proof(Fixture *f, const Told *told, const char *text, uint64_t *proofs)
{
    KgTxn *const txn = begin_read(f);
    BaseError err = {0};
    ReasonerProver *prover = NULL;
    uint64_t stored = 0;
    expect_ok(reasoner_prover_open(txn, &prover, &err), &err);
    for (int s = 0; s < TERMS; s++)
        for (int p = 0; p < TERMS; p++)
            for (int o = 0; o < TERMS; o++) {
                const uint32_t height = told->model->triples[s][p][o];
                if (height == NOT_DERIVED || height == 0 || !is_storable(s, p))
                    continue;
                stored++;
                if (stored <= 40) /* of the many that views derive, some */
                    check_proof(told, text, prover, triple_of(txn, s, p, o), height);
            }
    assert_int_equal(count_layer(txn, KG_INFERRED), stored);
    *proofs += stored;
    if (is_all_stored(told->model))
        check_misses(told, text, prover, txn);
    reasoner_prover_close(prover);
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
        check_every_proof(f, &(Told){&program, &model}, text.items, &proofs);
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
