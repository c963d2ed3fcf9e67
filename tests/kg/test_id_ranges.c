/* test_id_ranges.c - what is said of a filter from ids alone, against its evaluation: no id outside the ranges
 * satisfies it, all in sure ranges do, and verdicts are right. */
#include "kg/sparql/id_ranges.h"

#include "kg/sparql/expr.h"
#include "kg/sparql/functions.h"
#include "kg/sparql/id_tests.h"
#include "kg/sparql/value_ids.h"
#include "sparql/ask.h"
#include "sparql/odd_terms.h"

/* Besides the odd terms, constants that lie between those. */
static const char *const more_terms[] = {
    TYPED("100", "integer"),
    TYPED("0.5", "float"),
    TYPED("16777217", "float"),
    TYPED("1.0E22", "double"),
    TYPED("0.3333333333333333", "double"),
    TYPED("4.9E-324", "double"),
    TYPED("4503599627.370496", "decimal"),
    TYPED("36028797018963967.5", "decimal"),
    TYPED("2020-01-01T12:00:00.0005", "dateTime"),
    TYPED("0000-12-31", "date"),
    TYPED("99999-01-01T00:00:00Z", "dateTime"),
    TYPED("-99999-01-01T00:00:00", "dateTime"),
    "\"abcdefgz\"",
    "\"abcdefg\\u0000\"",
    "<kg:nobody>",
};
#define CONSTANTS (ODD_TERMS + sizeof more_terms / sizeof *more_terms)

typedef struct Bench {
    void *fixture;
    KgTxn *txn;
    Terms terms;
    Eval eval;
    BaseError err;
    BaseArena arena;
    Value constants[CONSTANTS];
    AstExpr leaves[CONSTANTS];
} Bench;

static int make_bench(void **state)
{
    static Bench bench;
    if (make_fixture(&bench.fixture) != 0)
        return -1;
    const Fixture *const f = bench.fixture;
    for (size_t i = 0; i < ODD_TERMS; i++)
        if (i % 3 != 0 || odd_terms[i][0] == '<') { /* the others are the query's own, or inlined */
            const char *const facts[] = {"thing", "value", odd_terms[i], NULL};
            add_facts(f->store, KG_ASSERTED, facts);
        }
    bench.txn = begin_read(f->store);
    bench.terms = (Terms){.txn = bench.txn};
    bench.eval = (Eval){.terms = &bench.terms, .err = &bench.err};
    for (size_t i = 0; i < CONSTANTS; i++) {
        const char *const text = i < ODD_TERMS ? odd_terms[i] : more_terms[i - ODD_TERMS];
        KgTerm term;
        expect_ok(kg_parse_term((KgText){text, strlen(text)}, &bench.arena, &term, &bench.err), &bench.err);
        sparql_value_decode(&term, &bench.constants[i]);
        expect_ok(sparql_terms_intern(&bench.terms, &term, &bench.constants[i].id, &bench.err), &bench.err);
        bench.leaves[i] = (AstExpr){.op = EXPR_TERM, .constant = &bench.constants[i]};
    }
    *state = &bench;
    return 0;
}

static int drop_bench(void **state)
{
    Bench *const bench = *state;
    sparql_eval_free(&bench->eval);
    sparql_terms_free(&bench->terms);
    base_arena_free(&bench->arena);
    kg_abort(bench->txn);
    return drop_fixture(&bench->fixture);
}

static size_t below(BaseRandom *random, size_t count)
{
    return base_random_next(random) % count;
}

static AstExpr variables[2] = {{.op = EXPR_VARIABLE, .node.variable = 0}, {.op = EXPR_VARIABLE, .node.variable = 1}};

static bool holds(Bench *bench, const AstExpr *expr, KgId a, KgId b)
{
    const KgId row[2] = {a, b};
    const BaseArenaMark mark = base_arena_mark(&bench->eval.scratch);
    const bool is_true = sparql_eval_truth(&bench->eval, expr, row);
    assert_int_equal(bench->eval.status, BASE_OK);
    base_arena_rewind(&bench->eval.scratch, mark);
    return is_true;
}

/* The id of a constant, or one near it: the next of the same tag in value, in form, or far away. */
static KgId any_id(Bench *bench, BaseRandom *random)
{
    const KgId id = bench->constants[below(random, CONSTANTS)].id;
    if (!kg_is_inline(id) || below(random, 2))
        return id;
    const uint64_t step = UINT64_C(1) << below(random, 50);
    const KgId other = below(random, 2) ? id + step : id - step;
    return kg_inline_is_valid(other) ? other : id;
}

/* ---- Verdicts ---- */

static void verdicts_on_one_id_are_what_evaluation_says(void **state)
{
    Bench *const bench = *state;
    BaseRandom random;
    base_random_seed(&random, 21);
    size_t decided = 0, inlined = 0;
    for (ExprOp op = EXPR_EQ; op <= EXPR_GE; op++)
        for (size_t i = 0; i < CONSTANTS; i++)
            for (int mirrored = 0; mirrored < 2; mirrored++) {
                AstExpr *arguments[2] = {&variables[0], &bench->leaves[i]};
                if (mirrored) {
                    arguments[0] = &bench->leaves[i];
                    arguments[1] = &variables[0];
                }
                const AstExpr expr = {.op = op, .arguments = arguments, .count = 2};
                IdTest test = {0};
                assert_true(sparql_find_comparison(&expr, &test.comparison));
                for (size_t k = 0; k < CONSTANTS + 100; k++) {
                    const KgId id = k < CONSTANTS ? bench->constants[k].id : any_id(bench, &random);
                    const Verdict verdict = sparql_test_id(&test, id);
                    const bool is_true = holds(bench, &expr, id, 0);
                    if (verdict != VERDICT_UNSURE && verdict != (Verdict)is_true)
                        fail_msg("op %d with constant %zu (%d): id %llx is said to be %d", (int)op, i, mirrored,
                                 (unsigned long long)id, (int)verdict);
                    inlined += kg_is_inline(id);
                    decided += kg_is_inline(id) && verdict != VERDICT_UNSURE;
                }
                assert_int_equal(sparql_test_id(&test, 0), VERDICT_FALSE);
            }
    assert_true(decided * 10 > inlined * 9);
}

static void verdicts_on_two_ids_are_what_evaluation_says(void **state)
{
    Bench *const bench = *state;
    BaseRandom random;
    base_random_seed(&random, 22);
    AstExpr *arguments[2] = {&variables[0], &variables[1]};
    for (ExprOp op = EXPR_EQ; op <= EXPR_GE; op++)
        for (size_t i = 0; i < CONSTANTS; i++)
            for (size_t k = 0; k < 2 * CONSTANTS; k++) {
                const AstExpr expr = {.op = op, .arguments = arguments, .count = 2};
                const KgId a = bench->constants[i].id;
                const KgId b = k < CONSTANTS ? bench->constants[k].id : any_id(bench, &random);
                const Verdict verdict = sparql_compare_ids(op, a, b);
                if (verdict != VERDICT_UNSURE)
                    assert_int_equal(verdict, holds(bench, &expr, a, b));
                assert_int_equal(sparql_compare_ids(op, a, 0), VERDICT_FALSE);
            }
}

/* ---- Ranges ---- */

#define MOST_NODES 64

typedef struct Tree {
    AstExpr nodes[MOST_NODES];
    AstExpr *arguments[MOST_NODES * 5];
    size_t count, argument_count;
} Tree;

static AstExpr *add_node(Tree *tree, ExprOp op, AstExpr *const *arguments, size_t count)
{
    AstExpr *const node = &tree->nodes[tree->count++];
    *node = (AstExpr){.op = op, .arguments = &tree->arguments[tree->argument_count], .count = count};
    for (size_t i = 0; i < count; i++)
        tree->arguments[tree->argument_count++] = arguments[i];
    return node;
}

static AstExpr *any_leaf(Bench *bench, BaseRandom *random)
{
    return &bench->leaves[below(random, CONSTANTS)];
}

static AstExpr *any_filter(Bench *bench, BaseRandom *random, Tree *tree, int depth)
{
    const size_t choice = below(random, depth > 0 ? 10 : 6);
    if (choice >= 6) {
        AstExpr *const sides[2] = {any_filter(bench, random, tree, depth - 1),
                                   any_filter(bench, random, tree, depth - 1)};
        return add_node(tree, choice % 2 ? EXPR_AND : EXPR_OR, sides, 2);
    }
    AstExpr *items[5] = {&variables[choice == 5], any_leaf(bench, random), any_leaf(bench, random),
                         any_leaf(bench, random), any_leaf(bench, random)};
    if (choice == 0)
        return add_node(tree, below(random, 2) ? EXPR_IN : EXPR_NOT_IN, items, 2 + below(random, 4));
    AstExpr *const swapped[2] = {items[1], items[0]};
    const ExprOp op = (ExprOp)(EXPR_EQ + below(random, 6));
    AstExpr *const comparison = add_node(tree, op, choice == 1 ? swapped : items, 2);
    return choice == 2 && below(random, 4) == 0 ? add_node(tree, EXPR_NOT, &comparison, 1) : comparison;
}

static const IdRange *find_range(const IdRange *ranges, size_t count, KgId id)
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].low <= id && id <= ranges[i].high)
            return &ranges[i];
    return NULL;
}

static void expect_right_range(Bench *bench, const AstExpr *filter, const IdRange *ranges, size_t count, KgId id,
                               KgId other)
{
    if (is_local(id) || id == 0 || (kg_is_inline(id) && !kg_inline_is_valid(id)))
        return;
    const IdRange *const range = find_range(ranges, count, id);
    const bool is_true = holds(bench, filter, id, other);
    if (is_true && !range)
        fail_msg("id %llx satisfies the filter and is in no range", (unsigned long long)id);
    if (range && range->is_sure && !is_true)
        fail_msg("id %llx is in a sure range and does not satisfy the filter", (unsigned long long)id);
}

static void no_id_outside_the_ranges_satisfies_the_filter(void **state)
{
    Bench *const bench = *state;
    BaseRandom random;
    base_random_seed(&random, 23);
    size_t told = 0, exact = 0;
    for (int i = 0; i < 20000; i++) {
        Tree tree = {0};
        IdRange ranges[ID_RANGES_MOST];
        size_t count;
        bool is_exact;
        const AstExpr *const filter = any_filter(bench, &random, &tree, i % 4);
        if (!sparql_id_ranges(filter, 0, ranges, &count, &is_exact))
            continue;
        bool all_sure = true;
        for (size_t k = 0; k < count; k++) {
            assert_true(ranges[k].low <= ranges[k].high && (k == 0 || ranges[k - 1].high < ranges[k].low));
            all_sure = all_sure && ranges[k].is_sure;
        }
        assert_int_equal(is_exact, all_sure);
        told++;
        exact += is_exact;
        const KgId other = any_id(bench, &random);
        for (size_t k = 0; k < CONSTANTS; k++)
            expect_right_range(bench, filter, ranges, count, bench->constants[k].id, other);
        for (size_t k = 0; k < 20; k++)
            expect_right_range(bench, filter, ranges, count, any_id(bench, &random), other);
        for (size_t k = 0; k < count; k++)
            for (int step = -1; step <= 1; step++) {
                const KgId low = ranges[k].low + (KgId)(int64_t)step, high = ranges[k].high + (KgId)(int64_t)step;
                if (kg_is_inline(low))
                    expect_right_range(bench, filter, ranges, count, low, other);
                if (kg_is_inline(high))
                    expect_right_range(bench, filter, ranges, count, high, other);
            }
    }
    assert_true(told > 10000 && exact > 100);
}

static KgId inlined(const char *type, const char *text)
{
    char datatype[128];
    KgId id = KG_ANY;
    snprintf(datatype, sizeof datatype, "%s%s", XSD, type);
    assert_true(kg_inline(
        &(KgTerm){.kind = KG_LITERAL, .text = {text, strlen(text)}, .datatype = {datatype, strlen(datatype)}}, &id));
    return id;
}

static AstExpr term(Value *value, KgId id, BaseArena *arena)
{
    assert_true(sparql_value_of_id(id, arena, value));
    return (AstExpr){.op = EXPR_TERM, .constant = value};
}

/* ?v > 100 && ?v < 110 */
static void a_range_of_numbers_is_a_range_of_each_type_and_of_literals(void **state)
{
    Bench *const bench = *state;
    Value hundred, hundred_ten;
    AstExpr low = term(&hundred, inlined("integer", "100"), &bench->arena);
    AstExpr high = term(&hundred_ten, inlined("integer", "110"), &bench->arena);
    AstExpr *greater[2] = {&variables[0], &low}, *less[2] = {&high, &variables[0]};
    AstExpr above = {.op = EXPR_GT, .arguments = greater, .count = 2};
    AstExpr under = {.op = EXPR_GT, .arguments = less, .count = 2}; /* 110 > ?v */
    AstExpr *both[2] = {&above, &under};
    const AstExpr filter = {.op = EXPR_AND, .arguments = both, .count = 2};
    IdRange ranges[ID_RANGES_MOST];
    size_t count;
    bool is_exact;
    assert_true(sparql_id_ranges(&filter, 0, ranges, &count, &is_exact));
    assert_int_equal(count, 4);
    assert_false(is_exact);
    assert_int_equal(ranges[0].low, (KgId)KG_LITERAL << 56);
    assert_int_equal(ranges[0].high, ((KgId)(KG_LITERAL + 1) << 56) - 1);
    assert_false(ranges[0].is_sure);
    assert_int_equal(ranges[1].low, inlined("integer", "101"));
    assert_int_equal(ranges[1].high, inlined("integer", "109"));
    assert_int_equal(ranges[2].low, inlined("decimal", "100.000001") & ~(KgId)7);
    assert_int_equal(ranges[2].high, (inlined("decimal", "110") & ~(KgId)7) - 1);
    assert_in_range(ranges[3].low, inlined("double", "100") + 1, inlined("double", "100.01"));
    assert_true(ranges[1].is_sure && ranges[2].is_sure && ranges[3].is_sure);
    assert_false(sparql_id_ranges(&filter, 1, ranges, &count, &is_exact));
}

static void equal_to_a_name_is_one_id(void **state)
{
    Bench *const bench = *state;
    IdRange ranges[ID_RANGES_MOST];
    size_t count;
    bool is_exact;
    const size_t cat = ODD_TERMS - 2;
    AstExpr *sides[2] = {&variables[0], &bench->leaves[cat]};
    AstExpr filter = {.op = EXPR_EQ, .arguments = sides, .count = 2};
    assert_true(sparql_id_ranges(&filter, 0, ranges, &count, &is_exact));
    assert_int_equal(count, 1);
    assert_true(is_exact);
    assert_true(ranges[0].low == bench->constants[cat].id && ranges[0].high == ranges[0].low);
    /* Nothing is less than a name, and nothing of the database is a name that it lacks. */
    filter.op = EXPR_LT;
    assert_true(sparql_id_ranges(&filter, 0, ranges, &count, &is_exact));
    assert_int_equal(count, 0);
    filter.op = EXPR_EQ;
    sides[1] = &bench->leaves[CONSTANTS - 1];
    assert_true(is_local(bench->constants[CONSTANTS - 1].id));
    assert_true(sparql_id_ranges(&filter, 0, ranges, &count, &is_exact));
    assert_int_equal(count, 0);
    assert_true(is_exact);
}

static void a_filter_that_is_too_long_tells_nothing(void **state)
{
    Bench *const bench = *state;
    static Value values[200];
    static AstExpr constants[200];
    AstExpr *items[201] = {&variables[0]};
    IdRange ranges[ID_RANGES_MOST];
    size_t count;
    bool is_exact;
    for (unsigned i = 0; i < 200; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", 2 * i);
        constants[i] = term(&values[i], inlined("integer", text), &bench->arena);
        items[i + 1] = &constants[i];
    }
    AstExpr filter = {.op = EXPR_IN, .arguments = items, .count = 201};
    assert_false(sparql_id_ranges(&filter, 0, ranges, &count, &is_exact));
    filter.count = 11;
    assert_true(sparql_id_ranges(&filter, 0, ranges, &count, &is_exact));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_on_one_id_are_what_evaluation_says),
        cmocka_unit_test(verdicts_on_two_ids_are_what_evaluation_says),
        cmocka_unit_test(no_id_outside_the_ranges_satisfies_the_filter),
        cmocka_unit_test(a_range_of_numbers_is_a_range_of_each_type_and_of_literals),
        cmocka_unit_test(equal_to_a_name_is_one_id),
        cmocka_unit_test(a_filter_that_is_too_long_tells_nothing),
    };
    return cmocka_run_group_tests(tests, make_bench, drop_bench);
}
