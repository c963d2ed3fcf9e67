/* Random programs with recursion, negation, conditions, arithmetic, aggregates and existential variables against a
 * naive evaluator that tries every pair of facts until nothing changes. Rules and facts are shuffled and run again.
 * Programs with existential variables are positive and create from lower predicates only, so that every chase ends and
 * the facts without nulls are the same in every universal model: those are compared. */
#include "files_fixture.h"

enum { PROGRAMS = 20000, PREDICATES = 7, GIVEN = 2, RULES = 9, VALUES = 5, MOST = 3000 };
enum { NONE = -1, FIRST_NULL = 1000000 };

typedef struct Pair {
    long a, b;
} Pair;
typedef enum Kind { JOIN, AGGREGATE, CREATE } Kind;
typedef enum Condition { ALWAYS, IS_LESS, DIFFERS, SMALL } Condition;
typedef enum Result { FIRST, LAST, COMPUTED } Result;

/* Joins:      h(?x, RESULT) :- p(?x, ?y), q(?y, ?z)[, ~n(?x, ?z)][, condition].
 * Aggregates: h(?x, #agg(?y[, ?z])) :- p(?x, ?y), q(?y, ?z).
 * Creation:   h(?x, !v), k(!v, ?y) :- p(?x, ?y). */
typedef struct Rule {
    Kind kind;
    int head, second, p, q, negated, fold;
    bool is_distinct;
    Condition condition;
    Result result;
} Rule;

typedef struct Program {
    int rule_count, given_count;
    bool creates;
    Rule rules[RULES];
    Pair given[GIVEN][12];
} Program;

typedef struct Model {
    Pair facts[PREDICATES][MOST];
    int count[PREDICATES];
    bool is_full;
} Model;

static int pick(BaseRandom *random, int below)
{
    return (int)base_random_below(random, (uint64_t)below);
}

static void make(BaseRandom *random, Program *out)
{
    *out = (Program){.rule_count = 3 + pick(random, RULES - 2), .given_count = 2 + pick(random, 10)};
    out->creates = pick(random, 3) == 0;
    for (int p = 0; p < GIVEN; p++)
        for (int i = 0; i < out->given_count; i++)
            out->given[p][i] = (Pair){pick(random, VALUES), pick(random, VALUES)};
    for (int r = 0; r < out->rule_count; r++) {
        Rule *const rule = &out->rules[r];
        rule->head = GIVEN + pick(random, PREDICATES - GIVEN);
        rule->kind = pick(random, 4) ? JOIN : out->creates ? CREATE : AGGREGATE;
        const int below = rule->kind == JOIN ? rule->head + 1 : rule->head;
        rule->p = pick(random, below);
        rule->q = pick(random, below);
        rule->negated = !out->creates && pick(random, 3) == 0 ? pick(random, rule->head) : NONE;
        rule->condition = out->creates ? (pick(random, 2) ? IS_LESS : ALWAYS) : (Condition)pick(random, 4);
        rule->result = (Result)pick(random, 3);
        rule->fold = pick(random, 4);
        rule->is_distinct = pick(random, 2);
        rule->second = rule->head; /* created facts go to one level */
    }
}

static void write_rule(const Rule *rule, BaseBuffer *out)
{
    static const char *const folds[] = {"count", "sum", "min", "max"};
    static const char *const results[] = {"?y", "?z", "REM(?x + ?z * 2, 5)"};
    static const char *const conditions[] = {"", ", ?x < ?z", ", ?x != ?z", ", ?x + ?y <= 4"};
    bool is_fine;
    if (rule->kind == CREATE) {
        is_fine =
            base_buffer_format(out, "p%d(?x, !v), p%d(!v, ?y) :- p%d(?x, ?y).\n", rule->head, rule->second, rule->p);
    } else if (rule->kind == AGGREGATE) {
        is_fine = base_buffer_format(out, "p%d(?x, #%s(?y%s)) :- p%d(?x, ?y), p%d(?y, ?z).\n", rule->head,
                                     folds[rule->fold], rule->is_distinct ? ", ?z" : "", rule->p, rule->q);
    } else {
        is_fine = base_buffer_format(out, "p%d(?x, %s) :- p%d(?x, ?y), p%d(?y, ?z)%s", rule->head,
                                     results[rule->result], rule->p, rule->q, conditions[rule->condition]);
        if (is_fine && rule->negated != NONE)
            is_fine = base_buffer_format(out, ", ~p%d(?x, ?z)", rule->negated);
        is_fine = is_fine && base_buffer_add(out, ".\n", 2);
    }
    assert_true(is_fine);
}

/* Shuffled: statements in another order. */
static void write_program(const Program *program, BaseRandom *random, bool is_shuffled, BaseBuffer *out)
{
    int order[RULES];
    for (int r = 0; r < program->rule_count; r++)
        order[r] = r;
    for (int r = program->rule_count; is_shuffled && r-- > 1;) {
        const int other = pick(random, r + 1), kept = order[r];
        order[r] = order[other];
        order[other] = kept;
    }
    for (int r = 0; r < program->rule_count; r++)
        write_rule(&program->rules[order[r]], out);
    for (int p = 0; p < GIVEN; p++)
        for (int i = 0; i < program->given_count; i++) {
            const Pair pair = program->given[p][is_shuffled ? program->given_count - 1 - i : i];
            assert_true(base_buffer_format(out, "p%d(%ld, %ld).\n", p, pair.a, pair.b));
        }
    for (int p = GIVEN; p < PREDICATES; p++)
        assert_true(base_buffer_format(out, "out(%d, ?x, ?y) :- p%d(?x, ?y).\n", p, p));
    assert_true(base_buffer_format(out, "@export out :- csv{resource = \"\"}.\n"));
    for (int p = GIVEN; p < PREDICATES; p++) /* each predicate has an arity, though no rule may give it */
        assert_true(base_buffer_format(out, "p%d(?x, ?x) :- p%d(?x, ?x).\n", p, p));
}

/* ---- The oracle ---------------------------------------------------------------------------------------------- */

static bool holds(const Model *model, int p, Pair pair)
{
    for (int i = 0; i < model->count[p]; i++)
        if (model->facts[p][i].a == pair.a && model->facts[p][i].b == pair.b)
            return true;
    return false;
}

static bool add(Model *model, int p, Pair pair)
{
    if (holds(model, p, pair))
        return false;
    if (model->count[p] == MOST) {
        model->is_full = true;
        return false;
    }
    model->facts[p][model->count[p]++] = pair;
    return true;
}

static bool is_number(long value)
{
    return value < FIRST_NULL;
}

static bool passes(const Rule *rule, long x, long y, long z)
{
    switch (rule->condition) {
    case IS_LESS:
        return is_number(x) && is_number(z) && x < z;
    case DIFFERS:
        return x != z;
    case SMALL:
        return is_number(x) && is_number(y) && x + y <= 4;
    default:
        return true;
    }
}

static bool join(Model *model, const Rule *rule)
{
    bool is_changed = false;
    for (int i = 0; i < model->count[rule->p]; i++) {
        for (int j = 0; j < model->count[rule->q]; j++) {
            const long x = model->facts[rule->p][i].a, y = model->facts[rule->p][i].b;
            const long z = model->facts[rule->q][j].b;
            if (model->facts[rule->q][j].a != y || !passes(rule, x, y, z) ||
                (rule->negated != NONE && holds(model, rule->negated, (Pair){x, z})))
                continue;
            if (rule->result == COMPUTED && (!is_number(x) || !is_number(z)))
                continue;
            is_changed |= add(model, rule->head,
                              (Pair){x, rule->result == FIRST  ? y
                                        : rule->result == LAST ? z
                                                               : (x + z * 2) % 5});
        }
    }
    return is_changed;
}

/* Each distinct (y[, z]) of a group counts once. */
static bool aggregate(Model *model, const Rule *rule)
{
    bool is_changed = false;
    for (int g = 0; g < model->count[rule->p]; g++) {
        static Pair seen[MOST];
        int count = 0;
        const long x = model->facts[rule->p][g].a;
        for (int i = 0; i < model->count[rule->p]; i++) {
            for (int j = 0; j < model->count[rule->q]; j++) {
                const Pair left = model->facts[rule->p][i], right = model->facts[rule->q][j];
                const Pair input = {left.b, rule->is_distinct ? right.b : 0};
                bool is_known = left.a != x || left.b != right.a;
                for (int k = 0; k < count && !is_known; k++)
                    is_known = seen[k].a == input.a && seen[k].b == input.b;
                if (!is_known) {
                    assert_true(count < MOST);
                    seen[count++] = input;
                }
            }
        }
        long sum = 0, least = 0, most = 0;
        for (int k = 0; k < count; k++) {
            sum += seen[k].a;
            least = k == 0 || seen[k].a < least ? seen[k].a : least;
            most = k == 0 || seen[k].a > most ? seen[k].a : most;
        }
        const long results[] = {count, sum, least, most};
        if (count > 0)
            is_changed |= add(model, rule->head, (Pair){x, results[rule->fold]});
    }
    return is_changed;
}

/* One null for each pair of the frontier, whether needed or not. */
static bool create(Model *model, const Rule *rule, int number)
{
    bool is_changed = false;
    for (int i = 0; i < model->count[rule->p]; i++) {
        const Pair pair = model->facts[rule->p][i];
        static struct {
            int rule;
            Pair pair;
        } made[100000];
        static int count;
        int null = 0;
        if (number == NONE) {
            count = 0;
            return false;
        }
        while (null < count &&
               (made[null].rule != number || made[null].pair.a != pair.a || made[null].pair.b != pair.b))
            null++;
        if (null == count) {
            assert_true(count < 100000);
            made[count].rule = number;
            made[count++].pair = pair;
        }
        is_changed |= add(model, rule->head, (Pair){pair.a, FIRST_NULL + null});
        is_changed |= add(model, rule->second, (Pair){FIRST_NULL + null, pair.b});
    }
    return is_changed;
}

static void evaluate(const Program *program, Model *model)
{
    memset(model->count, 0, sizeof model->count);
    model->is_full = false;
    for (int p = 0; p < GIVEN; p++)
        for (int i = 0; i < program->given_count; i++)
            add(model, p, program->given[p][i]);
    create(model, &(Rule){.p = 0}, NONE);
    for (int level = GIVEN; level < PREDICATES; level++) {
        for (bool is_changed = true; is_changed && !model->is_full;) {
            is_changed = false;
            for (int r = 0; r < program->rule_count; r++) {
                const Rule *const rule = &program->rules[r];
                if (rule->head == level)
                    is_changed |= rule->kind == JOIN        ? join(model, rule)
                                  : rule->kind == AGGREGATE ? aggregate(model, rule)
                                                            : create(model, rule, r);
            }
        }
    }
}

static char *print_model(const Model *model)
{
    BaseBuffer text = {0};
    assert_true(base_buffer_add(&text, "", 0));
    for (int p = GIVEN; p < PREDICATES; p++)
        for (int i = 0; i < model->count[p]; i++)
            if (is_number(model->facts[p][i].a) && is_number(model->facts[p][i].b))
                assert_true(base_buffer_format(&text, "%d,%ld,%ld\n", p, model->facts[p][i].a, model->facts[p][i].b));
    char *const sorted = sort_lines(text.items);
    base_buffer_free(&text);
    return sorted;
}

/* The lines without nulls. */
static void drop_nulls(char *text)
{
    char *to = text;
    for (char *at = text, *end; *at; at = end) {
        end = strchr(at, '\n') + 1;
        if (memmem(at, (size_t)(end - at), "_:", 2))
            continue;
        memmove(to, at, (size_t)(end - at));
        to += end - at;
    }
    *to = '\0';
}

static size_t run_program(const char *text, const char *expected)
{
    Outcome outcome = run_text(text, NULL);
    if (outcome.status == BASE_OK)
        drop_nulls(outcome.output);
    if (outcome.status != BASE_OK || strcmp(outcome.output, expected) != 0) {
        if (outcome.status != BASE_OK)
            base_error_print(stderr, &outcome.err);
        print_error("program:\n%s\nprinted:\n%s\nexpected:\n%s\n", text, outcome.output, expected);
        fail();
    }
    const size_t facts = (size_t)outcome.report.derived;
    free_outcome(&outcome);
    return facts;
}

static void random_programs_agree_with_the_oracle_in_any_order(void **state)
{
    (void)state;
    static Model model;
    BaseRandom random;
    size_t facts = 0, created = 0, programs = 0;
    base_random_seed(&random, 31);
    for (int i = 0; i < PROGRAMS; i++) {
        Program program;
        make(&random, &program);
        evaluate(&program, &model);
        if (model.is_full)
            continue;
        char *const expected = print_model(&model);
        for (int shuffled = 0; shuffled < 2; shuffled++) {
            BaseBuffer text = {0};
            write_program(&program, &random, shuffled, &text);
            facts += run_program(text.items, expected);
            base_buffer_free(&text);
        }
        free(expected);
        created += program.creates;
        programs++;
    }
    print_message("%zu programs, %zu of them create, %zu facts\n", programs, created, facts);
    assert_true(programs > PROGRAMS / 2 && created > PROGRAMS / 10 && facts > 20u * PROGRAMS); /* not trivial */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_programs_agree_with_the_oracle_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
