/* test_sparql_order.c - ORDER BY, LIMIT and OFFSET over terms of all kinds, against an insertion sort of their values.
 */
#include "kg/sparql/value.h"
#include "kg/store.h"
#include "sparql/ask.h"
#include "sparql/odd_terms.h"

#define MOST_ROWS 700
#define UNDEF ODD_TERMS

static Value values[ODD_TERMS];

static int make_values(void **state)
{
    static BaseArena arena; /* lives as long as the program */
    for (size_t i = 0; i < ODD_TERMS; i++) {
        BaseError err = {0};
        KgTerm term;
        expect_ok(kg_parse_term((KgText){odd_terms[i], strlen(odd_terms[i])}, &arena, &term, &err), &err);
        sparql_value_decode(&term, &values[i]);
    }
    if (make_fixture(state) != 0)
        return -1;
    const Fixture *const f = *state;
    for (size_t i = 0; i < ODD_TERMS; i += 2) { /* the others are known to queries only */
        const char *const facts[] = {"thing", "value", odd_terms[i], NULL};
        add_facts(f->store, KG_ASSERTED, facts);
    }
    return 0;
}

typedef struct Row {
    size_t number, keys[2]; /* places among the odd terms */
} Row;

static int compare_keys(size_t a, size_t b)
{
    if (a == UNDEF || b == UNDEF)
        return (a != UNDEF) - (b != UNDEF);
    return sparql_value_order(&values[a], &values[b]);
}

static bool is_before(const Row *a, const Row *b, size_t keys, const bool descending[2])
{
    for (size_t k = 0; k < keys; k++) {
        const int order = compare_keys(a->keys[k], b->keys[k]);
        if (order)
            return (order < 0) != descending[k];
    }
    return false;
}

static void insertion_sort(Row *rows, size_t count, size_t keys, const bool descending[2])
{
    for (size_t i = 1; i < count; i++) {
        const Row row = rows[i];
        size_t at = i;
        for (; at > 0 && is_before(&row, &rows[at - 1], keys, descending); at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
}

static const char *name_of(size_t place)
{
    return place == UNDEF ? "UNDEF" : odd_terms[place];
}

/* A query for the rows' numbers in order; `end` is its LIMIT and OFFSET. `computed`: the first key as an expression. */
static void write_query(const Row *rows, size_t count, size_t keys, const bool descending[2], bool computed,
                        const char *end, BaseBuffer *out)
{
    assert_true(base_buffer_format(out, "SELECT ?i { VALUES (?i ?a ?b) { "));
    for (size_t i = 0; i < count; i++)
        assert_true(base_buffer_format(out, "(%zu %s %s) ", i, name_of(rows[i].keys[0]), name_of(rows[i].keys[1])));
    assert_true(base_buffer_format(out, "} } ORDER BY %s(%s)", descending[0] ? "DESC" : "ASC",
                                   computed ? "COALESCE(?a)" : "?a"));
    if (keys == 2)
        assert_true(base_buffer_format(out, " %s(?b)", descending[1] ? "DESC" : "ASC"));
    assert_true(base_buffer_format(out, " %s", end));
}

/* Terms from `first` on, `among` many; one in 20 is unbound. */
static void expect_order(const Fixture *f, BaseRandom *random, size_t count, size_t first, size_t among)
{
    static Row rows[MOST_ROWS];
    const bool descending[2] = {base_random_next(random) % 2, base_random_next(random) % 2};
    const size_t keys = 1 + base_random_next(random) % 2;
    for (size_t i = 0; i < count; i++) {
        rows[i].number = i;
        for (size_t k = 0; k < 2; k++)
            rows[i].keys[k] = base_random_next(random) % 20 ? first + base_random_next(random) % among : UNDEF;
    }
    size_t limit = count, offset = 0;
    char end[64] = "";
    if (base_random_next(random) % 3) {
        limit = base_random_next(random) % 12;
        offset = base_random_next(random) % 2 * 5;
        snprintf(end, sizeof end, "LIMIT %zu OFFSET %zu", limit, offset);
    }
    BaseBuffer query = {0}, expected = {0};
    write_query(rows, count, keys, descending, base_random_next(random) % 3 == 0, end, &query);
    insertion_sort(rows, count, keys, descending);
    assert_true(base_buffer_add(&expected, "", 0));
    for (size_t i = offset; i < count && i < offset + limit; i++)
        assert_true(base_buffer_format(&expected, "%zu\n", rows[i].number));
    expect_answer(f->store, query.items, expected.items);
    base_buffer_free(&query);
    base_buffer_free(&expected);
}

static void rows_are_in_the_order_of_their_values(void **state)
{
    BaseRandom random;
    base_random_seed(&random, 11);
    for (int i = 0; i < 600; i++) {
        const size_t among = 1 + base_random_next(&random) % (i % 3 ? 6 : ODD_TERMS);
        const size_t first = base_random_next(&random) % (ODD_TERMS - among + 1);
        expect_order(*state, &random, 1 + base_random_next(&random) % 40, first, among);
    }
}

/* So many rows that those beyond the limit are dropped on the way. */
static void the_best_of_many_rows_are_kept(void **state)
{
    BaseRandom random;
    base_random_seed(&random, 12);
    for (int i = 0; i < 60; i++) {
        const size_t among = 1 + base_random_next(&random) % (i % 3 ? 6 : ODD_TERMS);
        const size_t first = base_random_next(&random) % (ODD_TERMS - among + 1);
        expect_order(*state, &random, MOST_ROWS, first, among);
    }
}

/* A double that is equal to two integers that are not: 2^53 and above, doubles are further apart than integers. */
static void integers_stay_in_order_beside_a_double_that_equals_both(void **state)
{
    const Fixture *const f = *state;
    static const char *const orders[] = {"(2 9007199254740993) (1 9007199254740992) (1 9007199254740992e0)",
                                         "(1 9007199254740992e0) (2 9007199254740993) (1 9007199254740992)",
                                         "(2 9007199254740993) (1 9007199254740992e0) (1 9007199254740992)"};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        char text[256];
        snprintf(text, sizeof text, "SELECT ?n { VALUES (?n ?v) { %s } } ORDER BY ?v", orders[i]);
        expect_answer(f->store, text, "1\n1\n2\n");
    }
}

/* Long texts with much in common, and more of them than are merged. */
static void many_texts_are_in_the_order_of_their_bytes(void **state)
{
    const Fixture *const f = *state;
    for (int kind = 0; kind < 3; kind++) {
        BaseBuffer query = {0}, expected = {0};
        assert_true(base_buffer_format(&query, "SELECT ?v { VALUES ?v { "));
        for (unsigned i = 0; i < 3000; i++) {
            const unsigned number = i * 1009 % 3000;
            static const char *const forms[] = {"<http://example.org/some/longer/%06u> ", "\"some longer text %06u\" ",
                                                "\"some longer text %06u\"@en "};
            char term[80], sorted[80];
            snprintf(term, sizeof term, forms[kind], number);
            snprintf(sorted, sizeof sorted, forms[kind], i);
            sorted[strlen(sorted) - 1] = '\n';
            assert_true(base_buffer_add(&query, term, strlen(term)) &&
                        base_buffer_add(&expected, sorted, strlen(sorted)));
        }
        assert_true(base_buffer_format(&query, "} } ORDER BY ?v"));
        expect_answer(f->store, query.items, expected.items);
        base_buffer_free(&query);
        base_buffer_free(&expected);
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Texts that differ behind what they have in common, or end within it. */
static void texts_that_differ_late_are_in_order_too(void **state)
{
    enum { COUNT = 2000, LONGEST = 250 };
    const Fixture *const f = *state;
    BaseBuffer query = {0}, expected = {0};
    static char texts[COUNT][LONGEST + 16];
    static char *sorted[COUNT];
    assert_true(base_buffer_format(&query, "SELECT ?v { VALUES ?v { "));
    for (unsigned i = 0; i < COUNT; i++) {
        const unsigned number = i * 1009 % COUNT, same = number % 3 ? LONGEST - number % 3 * 40 : number / 3 % LONGEST;
        texts[i][0] = "abc"[number % 2];
        memset(texts[i] + 1, 'x', same);
        snprintf(texts[i] + 1 + same, 16, number % 3 ? "%u" : "", number / 4); /* some are the same */
        sorted[i] = texts[i];
        assert_true(base_buffer_format(&query, "\"%s\" ", texts[i]));
    }
    qsort(sorted, COUNT, sizeof *sorted, compare_texts);
    for (unsigned i = 0; i < COUNT; i++)
        assert_true(base_buffer_format(&expected, "\"%s\"\n", sorted[i]));
    assert_true(base_buffer_format(&query, "} } ORDER BY ?v"));
    for (int split = 0; split < 2; split++) {
        f->store->limits.split_work = split ? 1 : 0;
        expect_answer(f->store, query.items, expected.items);
    }
    f->store->limits.split_work = 0;
    base_buffer_free(&query);
    base_buffer_free(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_in_the_order_of_their_values),
        cmocka_unit_test(the_best_of_many_rows_are_kept),
        cmocka_unit_test(integers_stay_in_order_beside_a_double_that_equals_both),
        cmocka_unit_test(many_texts_are_in_the_order_of_their_bytes),
        cmocka_unit_test(texts_that_differ_late_are_in_order_too),
    };
    return cmocka_run_group_tests(tests, make_values, drop_fixture);
}
