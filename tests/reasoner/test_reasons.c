/* Facts of random programs that compute, aggregate, negate and create, explained once these have run, and facts that do
 * not hold: each proof, each forest and each near miss goes through the proof checker. */
#include "oracle_computing.h"
#include "proof_world.h"

enum { PROGRAMS = 300, QUESTIONS = 40, WRONG = 8 };

typedef struct Asked {
    ComputingModel *model;
    const char *text; /* of the program */
    size_t proofs, misses, matches;
} Asked;

static bool nothing_is_given(void *context, const char *const *terms, size_t count)
{
    (void)context;
    (void)terms;
    (void)count;
    return false; /* facts are statements of the program */
}

static void visit_model(void *context, const char *const *pattern, size_t count, ProofVisit *take, void *taker)
{
    const ComputingModel *const model = ((const Asked *)context)->model;
    for (int p = 0; p < PREDICATES && count == 3; p++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", p);
        if (pattern[0] && strcmp(pattern[0], name) != 0)
            continue;
        for (int i = 0; i < model->count[p]; i++) {
            char a[32], b[32];
            snprintf(a, sizeof a, "%ld", model->facts[p][i].a);
            snprintf(b, sizeof b, "%ld", model->facts[p][i].b);
            const char *const terms[] = {name, a, b};
            if ((!pattern[1] || strcmp(pattern[1], a) == 0) && (!pattern[2] || strcmp(pattern[2], b) == 0) &&
                !take(taker, terms))
                return;
        }
    }
}

static size_t count_matches(const ReasonerProof *node)
{
    size_t count = node->kind == REASONER_MATCH;
    for (size_t c = 0; c < node->child_count; c++)
        count += count_matches(node->children[c]);
    return count;
}

static BaseStatus check_answer(void *context, const char *fact, bool is_true, const ReasonerExplanation *explanation,
                               BaseError *err)
{
    (void)err;
    Asked *const asked = context;
    int p;
    long a, b;
    assert_int_equal(sscanf(fact, "p%d(%ld, %ld)", &p, &a, &b), 3);
    const Fact *const found = computing_find(asked->model, p, a, b);
    assert_int_equal(is_true, found != NULL);
    const ProofWorld world = {.rules = asked->text,
                              .is_by_itself = true,
                              .has_least_heights = true,
                              .is_given = nothing_is_given,
                              .visit = visit_model,
                              .context = asked};
    if (!is_true) {
        expect_misses(&world, explanation);
        asked->misses += explanation->count;
        return BASE_OK;
    }
    assert_true(explanation->count > 0);
    expect_sound(&world, explanation);
    for (size_t i = 0; i < explanation->count; i++)
        asked->matches += count_matches(explanation->items[i]);
    asked->proofs++;
    return BASE_OK;
}

static void explain(Asked *asked, const char *const *facts, size_t count, ReasonerProveOptions how)
{
    ReasonerProgram *program = NULL;
    BaseError err = {0};
    char *output = NULL;
    size_t bytes;
    FILE *const stream = open_memstream(&output, &bytes);
    const ReasonerText source = {"t.rls", asked->text, strlen(asked->text)};
    const ReasonerFilesOptions options = {
        .output = stream, .facts = facts, .fact_count = count, .how = how, .explained = check_answer, .context = asked};
    expect_ok(reasoner_parse(&source, 1, &(ReasonerParseOptions){.for_files = true}, NULL, &program, &err), &err);
    expect_ok(reasoner_run_files(program, &options, NULL, NULL, &err), &err);
    fclose(stream);
    free(output);
    reasoner_program_free(program);
}

/* Facts of the model, and some that most likely do not hold. */
static size_t choose_facts(const ComputingModel *model, BaseRandom *random, char facts[QUESTIONS][96])
{
    size_t count = 0;
    for (int p = GIVEN; p < PREDICATES; p++)
        for (int f = 0; f < model->count[p] && count < QUESTIONS - WRONG; f++)
            if (!is_null(model->facts[p][f].a) && !is_null(model->facts[p][f].b))
                snprintf(facts[count++], sizeof *facts, "p%d(%ld, %ld)", p, model->facts[p][f].a, model->facts[p][f].b);
    for (int n = 0; n < WRONG; n++)
        snprintf(facts[count++], sizeof *facts, "p%d(%llu, %llu)",
                 GIVEN + (int)base_random_below(random, PREDICATES - GIVEN),
                 (unsigned long long)base_random_below(random, NUMBERS),
                 (unsigned long long)base_random_below(random, 3 * NUMBERS));
    return count;
}

static void what_random_programs_derive_has_sound_proofs(void **state)
{
    (void)state;
    static ComputingModel model;
    static ComputingProgram program;
    static char facts[QUESTIONS][96];
    const char *names[QUESTIONS];
    Asked asked = {.model = &model};
    for (uint64_t i = 0; i < PROGRAMS; i++) {
        BaseRandom random;
        BaseBuffer text = {0};
        base_random_seed(&random, base_mix(91) + i);
        computing_make(&random, &program);
        computing_evaluate(&program, &model);
        if (model.is_full)
            continue;
        computing_write(&program, &random, false, &text);
        for (int p = 0; p < GIVEN; p++)
            for (int g = 0; g < program.given_count; g++)
                base_buffer_format(&text, "p%d(%ld, %ld).\n", p, program.given[p][g].a, program.given[p][g].b);
        for (int p = GIVEN; p < PREDICATES; p++) /* all are outputs */
            base_buffer_format(&text, "out(%d, ?x, ?y) :- p%d(?x, ?y).\n", p, p);
        base_buffer_format(&text, "@export out :- csv{resource = \"\"}.\n");
        asked.text = text.items;
        size_t count = choose_facts(&model, &random, facts);
        for (size_t n = 0; n < count; n++)
            names[n] = facts[n];
        if (program.creates) /* the model has other nulls than the engine: nothing is to be looked for in it */
            count -= WRONG;
        explain(&asked, names, count, (ReasonerProveOptions){0});
        explain(&asked, names, count, (ReasonerProveOptions){.forest = i % 2 == 0, .all = true, .with_trees = true});
        base_buffer_free(&text);
    }
    print_message("%zu proofs, with %zu matches of aggregates, %zu near misses\n", asked.proofs, asked.matches,
                  asked.misses);
    assert_true(asked.proofs > 10u * PROGRAMS && asked.matches > PROGRAMS && asked.misses > PROGRAMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_random_programs_derive_has_sound_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
