/* Rules over pairs, on relations large enough for every way to join and to keep members, against nested loops over all
 * values that know nothing of any of it: the same pairs at the same heights. */
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
enum { NONE = UINT16_MAX };

static void make_rules(BaseRandom *random, ChainRule *rules, BaseBuffer *text)
{
    static const char *const names[] = {"e0", "e1", "p0", "p1", "p2"};
    for (int r = 0; r < RULES; r++) {
        ChainRule *const rule = &rules[r];
        rule->head = GIVEN + (int)base_random_below(random, PREDICATES - GIVEN);
        rule->count = 1 + (int)base_random_below(random, ATOMS);
        rule->is_inverse = base_random_below(random, 3) == 0;
        rule->test = base_random_below(random, 4) == 0 ? (int)base_random_below(random, PREDICATES) : -1;
        const int last = rule->count;
        base_buffer_format(text, "%s(?v%d, ?v%d) :- ", names[rule->head], rule->is_inverse ? last : 0,
                           rule->is_inverse ? 0 : last);
        for (int a = 0; a < rule->count; a++) {
            rule->atoms[a] = (int)base_random_below(random, PREDICATES);
            rule->is_back[a] = base_random_below(random, 3) == 0;
            base_buffer_format(text, "%s%s(?v%d, ?v%d)", a ? ", " : "", names[rule->atoms[a]],
                               rule->is_back[a] ? a + 1 : a, rule->is_back[a] ? a : a + 1);
        }
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

static void apply(const ChainRule *rule, Heights *heights, int height, int at, int first, int value)
{
    if (at == rule->count || at == ATOMS) {
        uint16_t *const head =
            rule->is_inverse ? &(*heights)[rule->head][value][first] : &(*heights)[rule->head][first][value];
        if (*head == NONE && (rule->test < 0 || is_below((*heights)[rule->test][first][value], height)))
            *head = (uint16_t)height;
        return;
    }
    for (int next = 0; next < VALUES; next++) {
        const int p = rule->atoms[at];
        if (is_below(rule->is_back[at] ? (*heights)[p][next][value] : (*heights)[p][value][next], height))
            apply(rule, heights, height, at + 1, first, next);
    }
}

static void evaluate_plainly(const ChainRule *rules, Heights *heights)
{
    static Heights before;
    for (int height = 1; height == 1 || memcmp(before, *heights, sizeof before) != 0; height++) {
        memcpy(before, *heights, sizeof before);
        for (int r = 0; r < RULES; r++)
            for (int first = 0; first < VALUES; first++)
                apply(&rules[r], heights, height, 0, first, first);
    }
}

static int predicate_of(const ReasonerProgram *program, size_t relation)
{
    const char *const name = program->predicates.items[program->relations.items[relation].predicate].name;
    return name[0] == 'e' ? name[1] - '0' : name[0] == 'p' ? GIVEN + name[1] - '0' : -1;
}

/* Values are `apart`, which decides how members are kept. */
static void compare(const ReasonerProgram *program, Evaluation *evaluation, const Heights *given,
                    const Heights *expected, uint32_t apart, const char *text)
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
        }
    }
}

static void run(const char *text, const Heights *given, const Heights *expected, uint32_t apart, bool has_hint)
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
    compare(program, &evaluation, given, expected, apart, text);
    for (size_t r = 0; r < program->relations.count; r++)
        reasoner_relation_free(&evaluation.relations[r]);
    free(evaluation.relations);
    free(evaluation.rules);
    reasoner_program_free(program);
}

static void chains_derive_the_same_pairs_however_they_are_joined(void **state)
{
    (void)state;
    static Heights given, expected;
    static const uint32_t apart[] = {1, 1, 700, 20000};
    BaseRandom random;
    uint64_t derived = 0;
    base_random_seed(&random, 77);
    for (int i = 0; i < PROGRAMS; i++) {
        ChainRule rules[RULES];
        BaseBuffer text = {0};
        make_rules(&random, rules, &text);
        memset(given, 0xff, sizeof given);
        const uint64_t density = 1 + base_random_below(&random, i % 5 == 0 ? 2000 : 130);
        for (uint64_t n = 0; n < density; n++)
            given[base_random_below(&random, GIVEN + 1)][base_random_below(&random, VALUES)]
                 [base_random_below(&random, VALUES)] = 0;
        memcpy(expected, given, sizeof given);
        evaluate_plainly(rules, &expected);
        for (int way = 0; way < 4; way++)
            run(text.items, &given, &expected, apart[way], way != 1);
        for (int n = 0; n < PREDICATES * VALUES * VALUES; n++)
            derived += (&expected[0][0][0])[n] != NONE && (&expected[0][0][0])[n] > 0;
        base_buffer_free(&text);
    }
    print_message("%llu pairs\n", (unsigned long long)derived);
    assert_true(derived > 500u * PROGRAMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(chains_derive_the_same_pairs_however_they_are_joined)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
