/* Random programs that compute, aggregate, negate and create, against a naive evaluator:
 *     test_reasoner_computing [--programs N] [--seed S] [--from PROGRAM]
 * Each runs as a program by itself, with rules and facts as made and shuffled, and on a database, where heights are
 * compared, too. A program depends on the seed and its number alone. */
#include "files_fixture.h"
#include "fixture.h"
#include "oracle_computing.h"

static struct {
    uint64_t programs, seed, from;
} wanted = {.programs = 4000, .seed = 31};

typedef struct Run {
    const ComputingProgram *program;
    ComputingModel *model; /* expected */
    const char *text;
    uint64_t number;
} Run;

static void complain(const Run *run, const char *how, const char *what)
{
    print_error("program %llu, %s: %s\n%s", (unsigned long long)run->number, how, what, run->text);
    for (int p = 0; p < GIVEN; p++)
        for (int i = 0; i < run->program->given_count; i++)
            print_error("p%d(%ld, %ld).\n", p, run->program->given[p][i].a, run->program->given[p][i].b);
    fail();
}

/* What was derived has all facts of the model that hold no null, and no others; and every rule holds in it. */
static void compare(const Run *run, const char *how, ComputingModel *derived, bool with_heights)
{
    char words[120];
    for (int p = GIVEN; p < PREDICATES; p++) {
        for (int i = 0; i < run->model->count[p]; i++) {
            const Fact *const fact = &run->model->facts[p][i];
            if (is_null(fact->a) || is_null(fact->b))
                continue;
            const Fact *const found = computing_find(derived, p, fact->a, fact->b);
            snprintf(words, sizeof words, "p%d(%ld, %ld) has height %u, not %u", p, fact->a, fact->b, fact->height,
                     found ? found->height : 0);
            if (!found || (with_heights && found->height != fact->height))
                complain(run, how, words);
        }
        for (int i = 0; i < derived->count[p]; i++) {
            const Fact *const fact = &derived->facts[p][i];
            snprintf(words, sizeof words, "p%d(%ld, %ld) does not hold", p, fact->a, fact->b);
            if (!is_null(fact->a) && !is_null(fact->b) && !computing_find(run->model, p, fact->a, fact->b))
                complain(run, how, words);
        }
    }
    for (int p = 0; p < GIVEN; p++)
        for (int i = 0; i < run->program->given_count; i++)
            computing_add(derived, p, run->program->given[p][i].a, run->program->given[p][i].b, 1);
    if (!computing_is_model(run->program, derived))
        complain(run, how, "some rule does not hold");
}

/* ---- By itself ----------------------------------------------------------------------------------------------- */

static long read_number(const char **at)
{
    char *end;
    const bool is_blank = strncmp(*at, "_:", 2) == 0;
    const long number = strtol(*at + (is_blank ? 2 : 0), &end, 10);
    *at = *end ? end + 1 : end;
    return is_blank ? FIRST_NULL + number : number;
}

static void run_by_itself(Run *run, BaseRandom *random, bool is_shuffled)
{
    static ComputingModel derived;
    BaseBuffer text = {0};
    computing_write(run->program, random, is_shuffled, &text);
    for (int p = 0; p < GIVEN; p++)
        for (int i = 0; i < run->program->given_count; i++) {
            const Fact *const given = &run->program->given[p][is_shuffled ? run->program->given_count - 1 - i : i];
            base_buffer_format(&text, "p%d(%ld, %ld).\n", p, given->a, given->b);
        }
    for (int p = GIVEN; p < PREDICATES; p++)
        base_buffer_format(&text, "out(%d, ?x, ?y) :- p%d(?x, ?y).\n", p, p);
    base_buffer_format(&text, "@export out :- csv{resource = \"\"}.\n");
    run->text = text.items;
    Outcome outcome = run_text(text.items, NULL);
    if (outcome.status != BASE_OK)
        complain(run, "by itself", outcome.err.message);
    memset(derived.count, 0, sizeof derived.count);
    for (const char *at = outcome.output; *at;) {
        const long p = read_number(&at), a = read_number(&at), b = read_number(&at);
        computing_add(&derived, (int)p, a, b, 0);
    }
    compare(run, is_shuffled ? "shuffled" : "by itself", &derived, false);
    free_outcome(&outcome);
    base_buffer_free(&text);
}

/* ---- On a database ------------------------------------------------------------------------------------------- */

typedef struct Taken {
    ComputingModel *derived;
    BaseMap nulls;
} Taken;

static long take_term(Taken *taken, const KgTerm *term)
{
    if (term->kind != KG_BLANK)
        return strtol(term->text.bytes, NULL, 10);
    const uint64_t key = base_hash(term->text.bytes, term->text.length, 0) >> 1;
    const uint64_t *const number = base_map_put(&taken->nulls, key, taken->nulls.count, NULL);
    return FIRST_NULL + (long)*number;
}

static bool take(void *context, const ReasonerFact *fact)
{
    Taken *const taken = context;
    const char digit = fact->predicate.bytes[fact->predicate.length - 1];
    if (fact->predicate.bytes[fact->predicate.length - 2] == 'p' && digit >= '0' + GIVEN)
        computing_add(taken->derived, digit - '0', take_term(taken, &fact->terms[0]), take_term(taken, &fact->terms[2]),
                      fact->height);
    return true;
}

static KgId intern_number(KgTxn *txn, long number)
{
    char text[80];
    snprintf(text, sizeof text, "\"%ld\"^^<http://www.w3.org/2001/XMLSchema#integer>", number);
    return intern(txn, text);
}

static void assert_given(KgTxn *txn, const ComputingProgram *program)
{
    static const char *const names[GIVEN][2] = {{"a0", "b0"}, {"a1", "b1"}};
    BaseError err = {0};
    for (int p = 0; p < GIVEN; p++) {
        for (int i = 0; i < program->given_count; i++) {
            char row[16];
            snprintf(row, sizeof row, "row%d", i);
            for (int c = 0; c < 2; c++) {
                const long number = c == 0 ? program->given[p][i].a : program->given[p][i].b;
                const KgRecord record = {{intern(txn, row), intern(txn, names[p][c]), intern_number(txn, number)},
                                         {.source = 1}};
                expect_ok(kg_add(txn, KG_ASSERTED, &record, NULL, &err), &err);
            }
        }
    }
}

static void run_on_database(Run *run, Fixture *f, BaseRandom *random)
{
    static ComputingModel derived;
    BaseBuffer text = {0};
    BaseError err = {0};
    Taken taken = {.derived = &derived};
    computing_write(run->program, random, true, &text);
    for (int p = 0; p < GIVEN; p++)
        base_buffer_format(&text, "p%d(?x, ?y) :- a%d(?r, ?x), b%d(?r, ?y).\n", p, p, p);
    run->text = text.items;
    ReasonerProgram *const program = parse(text.items);
    KgTxn *const txn = begin_write(f);
    assert_given(txn, run->program);
    memset(derived.count, 0, sizeof derived.count);
    if (reasoner_derive(txn, program, take, &taken, NULL, NULL, &err) != BASE_OK)
        complain(run, "on a database", err.message);
    kg_abort(txn);
    compare(run, "on a database", &derived, !run->program->creates);
    base_map_free(&taken.nulls);
    reasoner_program_free(program);
    base_buffer_free(&text);
}

/* ---- All ----------------------------------------------------------------------------------------------------- */

static void random_programs_agree_with_the_oracle_in_any_order(void **state)
{
    static ComputingModel model;
    static ComputingProgram program;
    size_t facts = 0, created = 0, run_in_all = 0;
    for (uint64_t i = wanted.from; i < wanted.from + wanted.programs; i++) {
        BaseRandom random;
        base_random_seed(&random, base_mix(wanted.seed) + i);
        computing_make(&random, &program);
        computing_evaluate(&program, &model);
        if (model.is_full)
            continue;
        Run run = {.program = &program, .model = &model, .number = i};
        run_by_itself(&run, &random, false);
        run_by_itself(&run, &random, true);
        run_on_database(&run, *state, &random);
        for (int p = GIVEN; p < PREDICATES; p++)
            facts += (size_t)model.count[p];
        created += program.creates;
        run_in_all++;
    }
    print_message("%zu programs, %zu of them create, %zu facts\n", run_in_all, created, facts);
    if (wanted.programs >= 1000) /* not trivial */
        assert_true(run_in_all > wanted.programs / 2 && created > wanted.programs / 10 && facts > 20 * wanted.programs);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_programs_agree_with_the_oracle_in_any_order, open_fixture,
                                        close_fixture),
    };
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t *const option = strcmp(argv[i], "--programs") == 0 ? &wanted.programs
                                 : strcmp(argv[i], "--seed") == 0   ? &wanted.seed
                                 : strcmp(argv[i], "--from") == 0   ? &wanted.from
                                                                    : NULL;
        if (!option) {
            fprintf(stderr, "usage: %s [--programs N] [--seed S] [--from PROGRAM]\n", argv[0]);
            return 2;
        }
        *option = strtoull(argv[i + 1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
