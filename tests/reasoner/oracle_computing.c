/* The oracle of test_computing: nested loops over all facts, heights lowered until none falls. */
#include "oracle_computing.h"

#include <stdlib.h>
#include <string.h>

static int pick(BaseRandom *random, int below)
{
    return (int)base_random_below(random, (uint64_t)below);
}

/* ---- Making -------------------------------------------------------------------------------------------------- */

/* Which predicates may hold nulls, given the rules so far. */
static void find_nulls(const ComputingProgram *program, bool *has_nulls)
{
    memset(has_nulls, 0, PREDICATES * sizeof *has_nulls);
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (int r = 0; r < program->rule_count; r++) {
            const ComputingRule *const rule = &program->rules[r];
            const bool may = rule->kind == CREATE || has_nulls[rule->p] || has_nulls[rule->q];
            is_changed |= may && !has_nulls[rule->head];
            has_nulls[rule->head] |= may;
        }
    }
}

static void make_rule(BaseRandom *random, bool creates, ComputingRule *rule)
{
    *rule = (ComputingRule){.head = GIVEN + pick(random, PREDICATES - GIVEN)};
    rule->kind = pick(random, 4) ? JOIN : creates && pick(random, 3) ? CREATE : AGGREGATE;
    const int below = rule->kind == JOIN ? rule->head + 1 : rule->head;
    rule->p = pick(random, pick(random, 2) ? GIVEN : below);
    rule->q = pick(random, pick(random, 2) ? GIVEN : below);
    rule->r = pick(random, 6) ? NONE : pick(random, below);
    rule->negated = pick(random, 4) ? NONE : pick(random, rule->head);
    rule->condition = pick(random, 2) ? ALWAYS : (Condition)pick(random, 5);
    rule->result = (Result)pick(random, 7);
    if (rule->result == TAKE_W && rule->condition != ASSIGNED)
        rule->result = TAKE_Y;
    rule->around = (Around)pick(random, 3);
    rule->fold = pick(random, 4);
    rule->is_distinct = pick(random, 2);
    rule->folds_sum = pick(random, 3) == 0;
    rule->by_remainder = pick(random, 3) == 0;
    rule->has_two = pick(random, 2);
    if (rule->by_remainder && rule->around == PLUS_X)
        rule->around = TWICE;
}

/* Rules that would not be the same in every universal model are made plain. */
static void tame(const ComputingProgram *program, const bool *has_nulls, ComputingRule *rule)
{
    (void)program;
    if (!has_nulls[rule->p] && !has_nulls[rule->q] && (rule->negated == NONE || !has_nulls[rule->negated]))
        return;
    if (rule->kind == AGGREGATE)
        rule->kind = JOIN;
    rule->negated = NONE;
    if (rule->condition == X_NOT_Z || rule->condition == ASSIGNED)
        rule->condition = ALWAYS;
    if (rule->result == TAKE_W)
        rule->result = TAKE_Z;
}

void computing_make(BaseRandom *random, ComputingProgram *out)
{
    bool has_nulls[PREDICATES];
    *out = (ComputingProgram){.rule_count = 4 + pick(random, MOST_RULES - 3),
                              .given_count = 3 + pick(random, MOST_GIVEN - 2)};
    out->creates = pick(random, 3) == 0;
    for (int p = 0; p < GIVEN; p++)
        for (int i = 0; i < out->given_count; i++)
            out->given[p][i] = (Fact){pick(random, NUMBERS), pick(random, NUMBERS), 1};
    for (int r = 0; r < out->rule_count; r++)
        make_rule(random, out->creates, &out->rules[r]);
    find_nulls(out, has_nulls);
    for (int r = 0; r < out->rule_count; r++)
        tame(out, has_nulls, &out->rules[r]);
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

static void write_head(const ComputingRule *rule, BaseBuffer *out)
{
    static const char *const results[] = {
        "?y", "?z", "REM(?x + ?z * 2, 5)", "?z + 1", "?x * ?z * 4611686018427387904", "0 - ?y", "?w"};
    static const char *const folds[] = {"count", "sum", "min", "max"};
    static const char *const arounds[] = {"", " * 2", " + ?x"};
    if (rule->kind == JOIN)
        base_buffer_format(out, "p%d(?x, %s)", rule->head, results[rule->result]);
    else if (rule->kind == AGGREGATE)
        base_buffer_format(out, "p%d(%s, #%s(%s%s)%s)", rule->head, rule->by_remainder ? "REM(?x, 2)" : "?x",
                           folds[rule->fold], rule->folds_sum ? "?y + ?z" : "?y", rule->is_distinct ? ", ?z" : "",
                           arounds[rule->around]);
    else
        base_buffer_format(out, rule->has_two ? "p%d(?x, !v), p%d(!v, ?y)" : "p%d(?x, !v)", rule->head, rule->head);
}

static void write_rule(const ComputingRule *rule, BaseBuffer *out)
{
    static const char *const conditions[] = {"", ", ?x < ?z", ", ?x + ?y <= 4", ", ?x != ?z",
                                             ", ?w = ?x + ?z, ?w != ?y"};
    write_head(rule, out);
    base_buffer_format(out, " :- p%d(?x, ?y), p%d(?y, ?z)%s", rule->p, rule->q, conditions[rule->condition]);
    if (rule->kind == JOIN && rule->result == STEP)
        base_buffer_format(out, ", ?z < 6");
    if (rule->r != NONE)
        base_buffer_format(out, ", p%d(?z, _)", rule->r);
    if (rule->negated != NONE)
        base_buffer_format(out, ", ~p%d(?x, %s)", rule->negated, rule->condition == ASSIGNED ? "?w" : "?z");
    base_buffer_format(out, ".\n");
}

void computing_write(const ComputingProgram *program, BaseRandom *random, bool is_shuffled, BaseBuffer *out)
{
    int order[MOST_RULES];
    for (int r = 0; r < program->rule_count; r++)
        order[r] = r;
    for (int r = program->rule_count; is_shuffled && r-- > 1;) {
        const int other = pick(random, r + 1), kept = order[r];
        order[r] = order[other];
        order[other] = kept;
    }
    for (int r = 0; r < program->rule_count; r++)
        write_rule(&program->rules[order[r]], out);
    for (int p = GIVEN; p < PREDICATES; p++) /* each predicate has an arity, though no rule may give it */
        base_buffer_format(out, "p%d(?x, ?x) :- p%d(?x, ?x).\n", p, p);
}

/* ---- Facts --------------------------------------------------------------------------------------------------- */

Fact *computing_find(ComputingModel *model, int predicate, long a, long b)
{
    for (int i = 0; i < model->count[predicate]; i++)
        if (model->facts[predicate][i].a == a && model->facts[predicate][i].b == b)
            return &model->facts[predicate][i];
    return NULL;
}

bool computing_add(ComputingModel *model, int predicate, long a, long b, uint32_t height)
{
    Fact *const known = computing_find(model, predicate, a, b);
    if (known && known->height <= height)
        return false;
    if (known) {
        known->height = height;
        return true;
    }
    if (model->count[predicate] == MOST_FACTS) {
        model->is_full = true;
        return false;
    }
    model->facts[predicate][model->count[predicate]++] = (Fact){a, b, height};
    return true;
}

/* ---- Bodies -------------------------------------------------------------------------------------------------- */

typedef struct Body {
    long x, y, z, w;
    uint32_t height; /* of the highest premise */
} Body;

static bool sum(long a, long b, long *out)
{
    return !is_null(a) && !is_null(b) && !__builtin_add_overflow(a, b, out);
}

static bool multiply(long a, long b, long *out)
{
    return !is_null(a) && !is_null(b) && !__builtin_mul_overflow(a, b, out);
}

static bool passes(const ComputingRule *rule, Body *body)
{
    long value;
    switch (rule->condition) {
    case X_LESS_Z:
        return !is_null(body->x) && !is_null(body->z) && body->x < body->z;
    case SMALL:
        return sum(body->x, body->y, &value) && value <= 4;
    case X_NOT_Z:
        return body->x != body->z;
    case ASSIGNED:
        return sum(body->x, body->z, &body->w) && body->w != body->y;
    case ALWAYS:
        break;
    }
    return true;
}

/* The lowest third premise; false: there is none. */
static bool find_third(const ComputingModel *model, const ComputingRule *rule, Body *body)
{
    uint32_t least = UINT32_MAX;
    if (rule->r == NONE)
        return true;
    for (int i = 0; i < model->count[rule->r]; i++)
        if (model->facts[rule->r][i].a == body->z && model->facts[rule->r][i].height < least)
            least = model->facts[rule->r][i].height;
    body->height = least > body->height ? least : body->height;
    return least != UINT32_MAX;
}

/* The match of the i-th and j-th fact. */
static bool match(ComputingModel *model, const ComputingRule *rule, int i, int j, Body *out)
{
    const Fact left = model->facts[rule->p][i], right = model->facts[rule->q][j];
    if (left.b != right.a)
        return false;
    *out = (Body){left.a, left.b, right.b, 0, left.height > right.height ? left.height : right.height};
    if (!passes(rule, out) || !find_third(model, rule, out))
        return false;
    if (rule->kind == JOIN && rule->result == STEP && (is_null(out->z) || out->z >= 6))
        return false;
    return rule->negated == NONE ||
           !computing_find(model, rule->negated, out->x, rule->condition == ASSIGNED ? out->w : out->z);
}

/* ---- Rules --------------------------------------------------------------------------------------------------- */

static bool result_of(const ComputingRule *rule, const Body *body, long *out)
{
    long value;
    switch (rule->result) {
    case TAKE_Y:
        *out = body->y;
        return true;
    case TAKE_Z:
        *out = body->z;
        return true;
    case TAKE_W:
        *out = body->w;
        return true;
    case REMAINDER:
        if (!multiply(body->z, 2, &value) || !sum(body->x, value, &value))
            return false;
        *out = value % 5;
        return true;
    case STEP:
        return sum(body->z, 1, out);
    case PRODUCT:
        return multiply(body->x, body->z, &value) && multiply(value, 4611686018427387904, out);
    case NEGATIVE:
        return !is_null(body->y) && !__builtin_sub_overflow(0, body->y, out);
    }
    return false;
}

static bool join(ComputingModel *model, const ComputingRule *rule)
{
    bool is_changed = false;
    for (int i = 0; i < model->count[rule->p]; i++) {
        for (int j = 0; j < model->count[rule->q]; j++) {
            Body body;
            long result;
            if (match(model, rule, i, j, &body) && result_of(rule, &body, &result))
                is_changed |= computing_add(model, rule->head, body.x, result, body.height + 1);
        }
    }
    return is_changed;
}

/* Inputs of an aggregate, each once, at its lowest match. */
typedef struct Input {
    long group, value, distinct;
    uint32_t height;
} Input;
typedef struct Inputs {
    Input *items;
    size_t count, capacity;
} Inputs;

static void gather(const ComputingRule *rule, const Body *body, Inputs *inputs)
{
    Input input = {body->x, body->y, rule->is_distinct ? body->z : 0, body->height};
    if (rule->by_remainder) {
        if (is_null(body->x))
            return;
        input.group = body->x % 2;
    }
    if (rule->folds_sum && !sum(body->y, body->z, &input.value))
        return;
    for (size_t i = 0; i < inputs->count; i++) {
        Input *const known = &inputs->items[i];
        if (known->group == input.group && known->value == input.value && known->distinct == input.distinct) {
            known->height = input.height < known->height ? input.height : known->height;
            return;
        }
    }
    if (!BASE_PUSH(inputs, input))
        abort();
}

static bool fold(ComputingModel *model, const ComputingRule *rule, const Inputs *inputs, long group)
{
    __int128 total = 0;
    long count = 0, least = 0, most = 0;
    uint32_t height = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        const Input *const input = &inputs->items[i];
        if (input->group != group)
            continue;
        total += input->value;
        least = count == 0 || input->value < least ? input->value : least;
        most = count == 0 || input->value > most ? input->value : most;
        height = input->height > height ? input->height : height;
        count++;
    }
    if (rule->fold == 1 && (total > LONG_MAX || total < LONG_MIN)) {
        model->is_full = true; /* the run ends */
        return false;
    }
    long result = rule->fold == 0 ? count : rule->fold == 1 ? (long)total : rule->fold == 2 ? least : most;
    if ((rule->around == TWICE && !multiply(result, 2, &result)) ||
        (rule->around == PLUS_X && !sum(result, group, &result)))
        return false;
    return computing_add(model, rule->head, group, result, height + 1);
}

static bool aggregate(ComputingModel *model, const ComputingRule *rule)
{
    Inputs inputs = {0};
    bool is_changed = false;
    for (int i = 0; i < model->count[rule->p]; i++) {
        for (int j = 0; j < model->count[rule->q]; j++) {
            Body body;
            if (match(model, rule, i, j, &body))
                gather(rule, &body, &inputs);
        }
    }
    for (size_t i = 0; i < inputs.count; i++)
        is_changed |= fold(model, rule, &inputs, inputs.items[i].group);
    free(inputs.items);
    return is_changed;
}

/* One null for each tuple of the frontier, whether needed or not. */
typedef struct Made {
    int rule;
    long x, y;
} Made;
static struct {
    Made *items;
    size_t count, capacity;
} made;

static long null_of(int rule, long x, long y)
{
    for (size_t i = 0; i < made.count; i++)
        if (made.items[i].rule == rule && made.items[i].x == x && made.items[i].y == y)
            return FIRST_NULL + (long)i;
    if (!BASE_PUSH(&made, (Made){rule, x, y}))
        abort();
    return FIRST_NULL + (long)made.count - 1;
}

static bool create(ComputingModel *model, const ComputingRule *rule, int number)
{
    bool is_changed = false;
    for (int i = 0; i < model->count[rule->p]; i++) {
        for (int j = 0; j < model->count[rule->q]; j++) {
            Body body;
            if (!match(model, rule, i, j, &body))
                continue;
            const long null = null_of(number, body.x, rule->has_two ? body.y : 0);
            is_changed |= computing_add(model, rule->head, body.x, null, body.height + 1);
            if (rule->has_two)
                is_changed |= computing_add(model, rule->head, null, body.y, body.height + 1);
        }
    }
    return is_changed;
}

void computing_evaluate(const ComputingProgram *program, ComputingModel *out)
{
    memset(out->count, 0, sizeof out->count);
    out->is_full = false;
    made.count = 0;
    for (int p = 0; p < GIVEN; p++)
        for (int i = 0; i < program->given_count; i++)
            computing_add(out, p, program->given[p][i].a, program->given[p][i].b, 1);
    for (int level = GIVEN; level < PREDICATES; level++) {
        for (bool is_changed = true; is_changed && !out->is_full;) {
            is_changed = false;
            for (int r = 0; r < program->rule_count; r++) {
                const ComputingRule *const rule = &program->rules[r];
                if (rule->head == level)
                    is_changed |= rule->kind == JOIN        ? join(out, rule)
                                  : rule->kind == AGGREGATE ? aggregate(out, rule)
                                                            : create(out, rule, r);
            }
        }
    }
}

/* ---- Checking ------------------------------------------------------------------------------------------------ */

static bool has_witness(ComputingModel *model, const ComputingRule *rule, const Body *body)
{
    for (int i = 0; i < model->count[rule->head]; i++) {
        const Fact *const fact = &model->facts[rule->head][i];
        if (fact->a == body->x && (!rule->has_two || computing_find(model, rule->head, fact->b, body->y)))
            return true;
    }
    return false;
}

static bool is_satisfied(ComputingModel *model, const ComputingRule *rule)
{
    for (int i = 0; i < model->count[rule->p]; i++) {
        for (int j = 0; j < model->count[rule->q]; j++) {
            Body body;
            long result;
            if (!match(model, rule, i, j, &body))
                continue;
            if (rule->kind == CREATE
                    ? !has_witness(model, rule, &body)
                    : result_of(rule, &body, &result) && !computing_find(model, rule->head, body.x, result))
                return false;
        }
    }
    return true;
}

bool computing_is_model(const ComputingProgram *program, ComputingModel *model)
{
    for (int r = 0; r < program->rule_count; r++)
        if (program->rules[r].kind != AGGREGATE && !is_satisfied(model, &program->rules[r]))
            return false;
    return true;
}
