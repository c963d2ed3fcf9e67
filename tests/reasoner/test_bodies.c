/* Long bodies: chains, stars and cycles of 30 atoms over relations of very different sizes, against products of
 * matrices, and rows looked at against what the order of the text would have cost. */
#include "expect.h"

#include "reasoner/evaluate.h"

#include <string.h>

enum { ATOMS = 30, NODES = 40, BODIES = 30 };

typedef bool Graph[NODES][NODES];
typedef struct Body {
    Graph graphs[ATOMS];
    ReasonerProgram *program;
    Evaluation evaluation;
} Body;

static void fill(BaseRandom *random, Graph *graph)
{
    static const uint64_t sizes[] = {15, 60, 200, 600};
    memset(*graph, 0, sizeof *graph);
    for (uint64_t n = sizes[base_random_below(random, 4)]; n > 0; n--)
        (*graph)[base_random_below(random, NODES)][base_random_below(random, NODES)] = true;
}

static Relation *relation_named(const Body *body, const char *name)
{
    for (size_t r = 0; r < body->program->relations.count; r++)
        if (strcmp(body->program->predicates.items[body->program->relations.items[r].predicate].name, name) == 0)
            return &body->evaluation.relations[r];
    fail();
    return NULL;
}

/* Atom number a is p<a>(?x<left(a)>, ?x<right(a)>). */
static void open_body(BaseRandom *random, Body *body, const char *head, uint32_t (*left)(uint32_t),
                      uint32_t (*right)(uint32_t))
{
    BaseBuffer text = {0};
    BaseError err = {0};
    base_buffer_format(&text, "%s :- ", head);
    for (uint32_t a = 0; a < ATOMS; a++)
        base_buffer_format(&text, "%sp%u(?x%u, ?x%u)", a ? ", " : "", a, left(a), right(a));
    base_buffer_format(&text, ".\n");
    expect_ok(
        reasoner_parse(&(ReasonerText){"bodies.rls", text.items, text.count}, 1, NULL, NULL, &body->program, &err),
        &err);
    base_buffer_free(&text);
    body->evaluation = (Evaluation){.program = body->program};
    body->evaluation.relations = calloc(body->program->relations.count + 1, sizeof *body->evaluation.relations);
    body->evaluation.rules = calloc(body->program->rules.count + 1, sizeof *body->evaluation.rules);
    assert_true(body->evaluation.relations && body->evaluation.rules);
    for (size_t r = 0; r < body->program->relations.count; r++)
        body->evaluation.relations[r].arity = body->program->relations.items[r].arity;
    for (uint32_t a = 0; a < ATOMS; a++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", a);
        fill(random, &body->graphs[a]);
        for (uint32_t x = 0; x < NODES; x++)
            for (uint32_t y = 0; y < NODES; y++)
                if (body->graphs[a][x][y])
                    assert_true(reasoner_relation_append(relation_named(body, name), (uint32_t[]){x, y}, 1, 0, NO_ROW));
    }
    expect_ok(reasoner_evaluate(&body->evaluation, &err), &err);
}

static void close_body(Body *body)
{
    reasoner_evaluation_free(&body->evaluation);
    reasoner_program_free(body->program);
}

/* Which nodes chains lead to from each node, and how many chains there are, of all lengths, from either end. */
static void follow(const Body *body, Graph *reached, double *forward, double *backward)
{
    double from_left[NODES], from_right[NODES];
    for (int x = 0; x < NODES; x++) {
        from_left[x] = from_right[x] = 1;
        for (int y = 0; y < NODES; y++)
            (*reached)[x][y] = x == y;
    }
    *forward = *backward = 0;
    for (int a = 0; a < ATOMS; a++) {
        Graph next = {0};
        double left[NODES] = {0}, right[NODES] = {0};
        for (int n = 0; n < NODES * NODES; n++) {
            const int y = n / NODES, z = n % NODES;
            for (int x = 0; x < NODES && body->graphs[a][y][z]; x++)
                next[x][z] |= (*reached)[x][y];
            left[z] += body->graphs[a][y][z] ? from_left[y] : 0;
            right[y] += body->graphs[ATOMS - 1 - a][y][z] ? from_right[z] : 0;
        }
        memcpy(*reached, next, sizeof next);
        memcpy(from_left, left, sizeof left);
        memcpy(from_right, right, sizeof right);
        for (int x = 0; x < NODES; x++) {
            *forward += left[x];
            *backward += right[x];
        }
    }
}

static uint32_t at(uint32_t atom)
{
    return atom;
}
static uint32_t after(uint32_t atom)
{
    return atom + 1;
}
static uint32_t around(uint32_t atom)
{
    return (atom + 1) % ATOMS;
}
static uint32_t hub(uint32_t atom)
{
    (void)atom;
    return 0;
}

static void chains_lead_where_their_composition_does_without_following_each(void **state)
{
    (void)state;
    static Body body;
    BaseRandom random;
    double most = 0, ours = 0, theirs = 0;
    uint64_t derived = 0;
    base_random_seed(&random, 30);
    for (int i = 0; i < BODIES; i++) {
        static Graph reached;
        double forward, backward;
        open_body(&random, &body, "h(?x0, ?x30)", at, after);
        follow(&body, &reached, &forward, &backward);
        const Relation *const head = relation_named(&body, "h");
        uint32_t count = 0;
        for (int n = 0; n < NODES * NODES; n++)
            count += reached[n / NODES][n % NODES];
        assert_int_equal(head->count, count);
        for (uint32_t row = 0; row < head->count; row++)
            assert_true(reached[relation_row(head, row)[0]][relation_row(head, row)[1]]);
        const double rows = (double)body.evaluation.rules[0].rows;
        const double textual = forward < backward ? forward : backward;
        assert_true(rows <= 10 * textual + 1000);
        ours += rows;
        theirs += textual;
        assert_true(rows < 1e6);
        most = forward > most ? forward : most;
        derived += count;
        close_body(&body);
    }
    assert_true(most > 1e12 && derived > 100); /* no way to follow each */
    assert_true(ours < theirs / 1000);
}

static void stars_need_a_spoke_of_each_kind(void **state)
{
    (void)state;
    static Body body;
    BaseRandom random;
    uint64_t derived = 0;
    base_random_seed(&random, 31);
    for (int i = 0; i < BODIES; i++) {
        open_body(&random, &body, "h(?x0)", hub, after);
        uint32_t count = 0;
        for (int x = 0; x < NODES; x++) {
            bool has_all = true;
            for (int a = 0; a < ATOMS; a++) {
                bool has_any = false;
                for (int y = 0; y < NODES; y++)
                    has_any |= body.graphs[a][x][y];
                has_all &= has_any;
            }
            count += has_all;
        }
        assert_int_equal(relation_named(&body, "h")->count, count);
        assert_true(body.evaluation.rules[0].rows < ATOMS * NODES * NODES);
        derived += count;
        close_body(&body);
    }
    assert_true(derived > 0);
}

static void cycles_come_back_to_where_they_began(void **state)
{
    (void)state;
    static Body body;
    BaseRandom random;
    uint64_t derived = 0;
    base_random_seed(&random, 32);
    for (int i = 0; i < BODIES; i++) {
        static Graph reached;
        double forward, backward;
        open_body(&random, &body, "h(?x0)", at, around);
        follow(&body, &reached, &forward, &backward);
        uint32_t count = 0;
        for (int x = 0; x < NODES; x++)
            count += reached[x][x];
        assert_int_equal(relation_named(&body, "h")->count, count);
        assert_true(body.evaluation.rules[0].rows < 1000000);
        derived += count;
        close_body(&body);
    }
    assert_true(derived > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_lead_where_their_composition_does_without_following_each),
        cmocka_unit_test(stars_need_a_spoke_of_each_kind),
        cmocka_unit_test(cycles_come_back_to_where_they_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
