/* Rules over pairs, on relations large enough for every way to join and to keep members, against nested loops over all
 * values that know nothing of any of it: the same pairs at the same heights by the same rules.
 *     test_reasoner_joins [--programs N] [--seed N] */
#include "expect.h"

#include "reasoner/evaluate.h"

#include <string.h>

enum { VALUES = 64, PREDICATES = 5, GIVEN = 2, RULES = 5, PROGRAMS = 120, ATOMS = 3 };

/* head(?0, ?last) from atoms that lead from one variable to the next, or (is_back) the other way. */
typedef struct ChainRule {
    int head, count, atoms[ATOMS];
    bool is_back[ATOMS], is_inverse; /* the head's */
    int test;                        /* a predicate that must hold of (?0, ?last), too; -1: none */
} ChainRule;

typedef uint16_t Heights[PREDICATES][VALUES][VALUES];
typedef uint8_t Givers[PREDICATES][VALUES][VALUES]; /* the lowest-numbered rule that gives a pair at its height */
enum { NONE = UINT16_MAX };

static struct {
    int programs;
    uint64_t seed;
} options = {PROGRAMS, 77};

/* `is_closure`: mostly one predicate that leads on to itself, as matrices are multiplied for. */
static void make_rules(BaseRandom *random, bool is_closure, ChainRule *rules, BaseBuffer *text)
{
    const uint64_t seldom = is_closure ? 10 : 3;
    static const char *const names[] = {"e0", "e1", "p0", "p1", "p2"};
    for (int r = 0; r < RULES; r++) {
        ChainRule *const rule = &rules[r];
        rule->head = GIVEN + (int)base_random_below(random, PREDICATES - GIVEN);
        rule->count = 1 + (int)base_random_below(random, ATOMS);
        rule->is_inverse = base_random_below(random, seldom) == 0;
        rule->test = base_random_below(random, seldom + 1) == 0 ? (int)base_random_below(random, PREDICATES) : -1;
        for (int a = 0; a < rule->count; a++) {
            rule->atoms[a] = (int)base_random_below(random, PREDICATES);
            if (is_closure && base_random_below(random, 2) == 0)
                rule->head = rule->atoms[a] = GIVEN;
            rule->is_back[a] = base_random_below(random, seldom) == 0;
        }
        const int last = rule->count;
        base_buffer_format(text, "%s(?v%d, ?v%d) :- ", names[rule->head], rule->is_inverse ? last : 0,
                           rule->is_inverse ? 0 : last);
        for (int a = 0; a < rule->count; a++)
            base_buffer_format(text, "%s%s(?v%d, ?v%d)", a ? ", " : "", names[rule->atoms[a]],
                               rule->is_back[a] ? a + 1 : a, rule->is_back[a] ? a : a + 1);
        if (rule->test >= 0)
            base_buffer_format(text, ", %s(?v0, ?v%d)", names[rule->test], last);
        base_buffer_format(text, ".\n");
    }
    for (int p = 0; p < PREDICATES; p++) /* all are known to the program */
        base_buffer_format(text, "all(?x, ?y) :- %s(?x, ?y).\n", names[p]);
}

static bool is_below(uint16_t found, int height)
{
    return found != NONE && found < height;
}

static void apply(const ChainRule *rules, int r, Heights *heights, Givers *givers, int height, int at, int first,
                  int value)
{
    const ChainRule *const rule = &rules[r];
    if (at == rule->count || at == ATOMS) {
        const int left = rule->is_inverse ? value : first, right = rule->is_inverse ? first : value;
        if ((*heights)[rule->head][left][right] != NONE ||
            (rule->test >= 0 && !is_below((*heights)[rule->test][first][value], height)))
            return;
        (*heights)[rule->head][left][right] = (uint16_t)height;
        (*givers)[rule->head][left][right] = (uint8_t)r;
        return;
    }
    for (int next = 0; next < VALUES; next++) {
        const int p = rule->atoms[at];
        if (is_below(rule->is_back[at] ? (*heights)[p][next][value] : (*heights)[p][value][next], height))
            apply(rules, r, heights, givers, height, at + 1, first, next);
    }
}

static void evaluate_plainly(const ChainRule *rules, Heights *heights, Givers *givers)
{
    static Heights before;
    for (int height = 1; height == 1 || memcmp(before, *heights, sizeof before) != 0; height++) {
        memcpy(before, *heights, sizeof before);
        for (int r = 0; r < RULES; r++)
            for (int first = 0; first < VALUES; first++)
                apply(rules, r, heights, givers, height, 0, first, first);
    }
}

static int predicate_of(const ReasonerProgram *program, size_t relation)
{
    const char *const name = program->predicates.items[program->relations.items[relation].predicate].name;
    return name[0] == 'e' ? name[1] - '0' : name[0] == 'p' ? GIVEN + name[1] - '0' : -1;
}

/* Values are `apart`, which decides how members are kept. */
static void compare(const ReasonerProgram *program, Evaluation *evaluation, const Heights *given,
                    const Heights *expected, const Givers *givers, uint32_t apart, const char *text)
{
    BaseError err = {0};
    for (size_t r = 0; r < program->relations.count; r++) {
        const int p = predicate_of(program, r);
        for (uint32_t x = 0; p >= 0 && x < VALUES; x++)
            for (uint32_t y = 0; y < VALUES; y++)
                if ((*given)[p][x][y] == 0)
                    assert_true(reasoner_relation_append(&evaluation->relations[r],
                                                         (uint32_t[]){100 + x * apart, 100 + y * apart}, 1, 0, NO_ROW));
    }
    expect_ok(reasoner_evaluate(evaluation, &err), &err);
    for (size_t r = 0; r < program->relations.count; r++) {
        const Relation *const relation = &evaluation->relations[r];
        const int p = predicate_of(program, r);
        uint32_t count = 0;
        for (int i = 0; p >= 0 && i < VALUES * VALUES; i++)
            count += (*expected)[p][i / VALUES][i % VALUES] != NONE;
        if (p >= 0 && relation->count != count)
            print_error("%u pairs, expected %u of predicate %d, values %u apart\n%s", relation->count, count, p, apart,
                        text);
        assert_true(p < 0 || relation->count == count);
        for (uint32_t row = 0; p >= 0 && row < relation->count; row++) {
            const uint32_t *const pair = relation_row(relation, row);
            const int height = (*expected)[p][(pair[0] - 100) / apart][(pair[1] - 100) / apart];
            if ((int)reasoner_relation_segment(relation, row)->height != height)
                print_error("height %u, expected %d, values %u apart\n%s",
                            reasoner_relation_segment(relation, row)->height, height, apart, text);
            assert_int_equal(reasoner_relation_segment(relation, row)->height, height);
            if (height > 0)
                assert_int_equal(reasoner_relation_segment(relation, row)->rule,
                                 (*givers)[p][(pair[0] - 100) / apart][(pair[1] - 100) / apart]);
        }
    }
}

typedef uint64_t Products[2][PRODUCT_KINDS];

static void run(const char *text, const Heights *given, const Heights *expected, const Givers *givers, uint32_t apart,
                bool has_hint, Products *products)
{
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    expect_ok(reasoner_parse(&(ReasonerText){"joins.rls", text, strlen(text)}, 1, NULL, NULL, &program, &err), &err);
    Evaluation evaluation = {.program = program};
    evaluation.relations = calloc(program->relations.count + 1, sizeof *evaluation.relations);
    evaluation.rules = calloc(program->rules.count + 1, sizeof *evaluation.rules);
    assert_true(evaluation.relations && evaluation.rules);
    for (size_t r = 0; r < program->relations.count; r++) {
        evaluation.relations[r].arity = program->relations.items[r].arity;
        evaluation.relations[r].value_hint = has_hint ? 100 + VALUES * apart : 0;
    }
    compare(program, &evaluation, given, expected, givers, apart, text);
    for (int n = 0; n < 2 * PRODUCT_KINDS; n++)
        (&(*products)[0][0])[n] += (&evaluation.products[0][0])[n];
    reasoner_evaluation_free(&evaluation);
    reasoner_program_free(program);
}

static void chains_derive_the_same_pairs_however_they_are_joined(void **state)
{
    (void)state;
    static Heights given, expected;
    static Givers givers;
    static const uint32_t apart[] = {1, 20, 200, 20000};
    BaseRandom random;
    static Products products[4];
    uint64_t derived = 0;
    base_random_seed(&random, options.seed);
    for (int i = 0; i < options.programs; i++) {
        ChainRule rules[RULES];
        BaseBuffer text = {0};
        make_rules(&random, i % 2 == 0, rules, &text);
        memset(given, 0xff, sizeof given);
        const uint64_t density = 1 + base_random_below(&random, i % 5 == 0 ? 2000 : 130);
        for (uint64_t n = 0; n < density; n++)
            given[base_random_below(&random, GIVEN + 1)][base_random_below(&random, VALUES)]
                 [base_random_below(&random, VALUES)] = 0;
        memcpy(expected, given, sizeof given);
        evaluate_plainly(rules, &expected, &givers);
        for (int way = 0; way < 4; way++)
            run(text.items, &given, &expected, &givers, apart[way], way != 3, &products[way]);
        for (int n = 0; n < PREDICATES * VALUES * VALUES; n++)
            derived += (&expected[0][0][0])[n] != NONE && (&expected[0][0][0])[n] > 0;
        base_buffer_free(&text);
    }
    print_message("%llu pairs\n", (unsigned long long)derived);
    assert_true(derived > 500u * (unsigned)options.programs);
    for (int turned = 0; turned < 2; turned++)
        for (int kind = PRODUCT_NONE + 1; kind < PRODUCT_KINDS; kind++) {
            uint64_t all = 0;
            for (int way = 0; way < 3; way++) /* the more apart, the longer the rows; farther, there are no matrices */
                all += products[way][turned][kind];
            print_message("%s, kind %d: %llu products\n", turned ? "turned" : "plain", kind, (unsigned long long)all);
            assert_true(all > 0 || options.programs < PROGRAMS);
        }
    for (int way = 0; way < 3 && options.programs >= PROGRAMS; way++)
        assert_true(products[way][0][PRODUCT_OVER] > 0 && products[way][0][PRODUCT_THROUGH] > 0);
}

/* ---- Cycles in bodies ---------------------------------------------------------------------------------------- */

enum { NODES = 40, CYCLES = 60 };

static const char *const cyclic_rules = "tri(?x, ?y) :- e(?x, ?y), e(?y, ?z), e(?x, ?z).\n"
                                        "square(?x, ?z) :- e(?x, ?y), e(?y, ?z), e(?z, ?w), e(?w, ?x).\n"
                                        "clique(?x, ?w) :- e(?x, ?y), e(?x, ?z), e(?x, ?w), e(?y, ?z), e(?y, ?w), "
                                        "e(?z, ?w).\n"
                                        "more(?x, ?y) :- e(?x, ?y).\n"
                                        "more(?x, ?z) :- more(?x, ?y), more(?y, ?z), e(?z, ?x).\n";

typedef bool Graph[NODES][NODES];

static void find_cycles(const Graph *e, Graph *tri, Graph *square, Graph *clique)
{
    for (int n = 0; n < NODES * NODES * NODES * NODES; n++) {
        const int x = n % NODES, y = n / NODES % NODES, z = n / NODES / NODES % NODES, w = n / NODES / NODES / NODES;
        if (!(*e)[x][y] || !(*e)[y][z])
            continue;
        (*tri)[x][y] |= (*e)[x][z];
        (*square)[x][z] |= (*e)[z][w] && (*e)[w][x];
        (*clique)[x][w] |= (*e)[x][z] && (*e)[x][w] && (*e)[y][w] && (*e)[z][w];
    }
}

static void find_more(const Graph *e, Graph *more)
{
    memcpy(*more, *e, sizeof *more);
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (int n = 0; n < NODES * NODES * NODES; n++) {
            const int x = n % NODES, y = n / NODES % NODES, z = n / NODES / NODES;
            if ((*more)[x][y] && (*more)[y][z] && (*e)[z][x] && !(*more)[x][z])
                (*more)[x][z] = is_changed = true;
        }
    }
}

static Relation *relation_named(const ReasonerProgram *program, const Evaluation *evaluation, const char *name)
{
    for (size_t r = 0; r < program->relations.count; r++)
        if (strcmp(program->predicates.items[program->relations.items[r].predicate].name, name) == 0)
            return &evaluation->relations[r];
    fail();
    return NULL;
}

static void open_cycles(const char *text, ReasonerProgram **program, Evaluation *evaluation)
{
    BaseError err = {0};
    expect_ok(reasoner_parse(&(ReasonerText){"cycles.rls", text, strlen(text)}, 1, NULL, NULL, program, &err), &err);
    *evaluation = (Evaluation){.program = *program};
    evaluation->relations = calloc((*program)->relations.count + 1, sizeof *evaluation->relations);
    evaluation->rules = calloc((*program)->rules.count + 1, sizeof *evaluation->rules);
    assert_true(evaluation->relations && evaluation->rules);
    for (size_t r = 0; r < (*program)->relations.count; r++)
        evaluation->relations[r].arity = (*program)->relations.items[r].arity;
}

static void close_cycles(ReasonerProgram *program, Evaluation *evaluation)
{
    reasoner_evaluation_free(evaluation);
    reasoner_program_free(program);
}

static void assert_same_graph(const Relation *relation, const Graph *expected, uint32_t apart)
{
    uint32_t count = 0;
    for (int n = 0; n < NODES * NODES; n++)
        count += (*expected)[n / NODES][n % NODES];
    assert_int_equal(relation->count, count);
    for (uint32_t row = 0; row < relation->count; row++) {
        const uint32_t *const pair = relation_row(relation, row);
        assert_true((*expected)[(pair[0] - 100) / apart][(pair[1] - 100) / apart]);
    }
}

static void cyclic_bodies_find_what_nested_loops_find(void **state)
{
    (void)state;
    static const uint32_t apart[] = {1, 3000, 400000}; /* members and indexes of each kind */
    BaseRandom random;
    base_random_seed(&random, options.seed);
    for (int i = 0; i < CYCLES; i++) {
        Graph e = {0}, tri = {0}, square = {0}, clique = {0}, more = {0};
        const uint32_t step = apart[i % 3];
        ReasonerProgram *program = NULL;
        Evaluation evaluation;
        BaseError err = {0};
        open_cycles(cyclic_rules, &program, &evaluation);
        Relation *const edges = relation_named(program, &evaluation, "e");
        for (uint64_t n = 1 + base_random_below(&random, 500); n > 0; n--) {
            const uint32_t x = (uint32_t)base_random_below(&random, NODES),
                           y = (uint32_t)base_random_below(&random, NODES);
            if (!e[x][y])
                assert_true(
                    reasoner_relation_append(edges, (uint32_t[]){100 + x * step, 100 + y * step}, 1, 0, NO_ROW));
            e[x][y] = true;
        }
        find_cycles(&e, &tri, &square, &clique);
        find_more(&e, &more);
        expect_ok(reasoner_evaluate(&evaluation, &err), &err);
        assert_same_graph(relation_named(program, &evaluation, "tri"), &tri, step);
        assert_same_graph(relation_named(program, &evaluation, "square"), &square, step);
        assert_same_graph(relation_named(program, &evaluation, "clique"), &clique, step);
        assert_same_graph(relation_named(program, &evaluation, "more"), &more, step);
        close_cycles(program, &evaluation);
    }
}

/* Any order of joins two by two looks at a pair of spokes for each pair of spokes. */
static void triangles_at_a_hub_cost_no_more_than_its_spokes(void **state)
{
    (void)state;
    enum { SPOKES = 2000 };
    ReasonerProgram *program = NULL;
    Evaluation evaluation;
    BaseError err = {0};
    open_cycles("tri(?x, ?y) :- e(?x, ?y), e(?y, ?z), e(?x, ?z).\n", &program, &evaluation);
    Relation *const edges = relation_named(program, &evaluation, "e");
    for (uint32_t spoke = 1; spoke <= SPOKES; spoke++)
        assert_true(reasoner_relation_append(edges, (uint32_t[]){100, 100 + spoke, 100 + spoke, 100}, 2, 0, NO_ROW));
    expect_ok(reasoner_evaluate(&evaluation, &err), &err);
    assert_int_equal(relation_named(program, &evaluation, "tri")->count, 0);
    print_message("%llu rows\n", (unsigned long long)evaluation.rules[0].rows);
    assert_true(evaluation.rules[0].rows < 10 * SPOKES);
    close_cycles(program, &evaluation);
}

int main(int argc, char **argv)
{
    for (int a = 1; a + 1 < argc; a += 2) {
        if (strcmp(argv[a], "--programs") == 0)
            options.programs = atoi(argv[a + 1]);
        else if (strcmp(argv[a], "--seed") == 0)
            options.seed = strtoull(argv[a + 1], NULL, 10);
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(chains_derive_the_same_pairs_however_they_are_joined),
                                       cmocka_unit_test(cyclic_bodies_find_what_nested_loops_find),
                                       cmocka_unit_test(triangles_at_a_hub_cost_no_more_than_its_spokes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
