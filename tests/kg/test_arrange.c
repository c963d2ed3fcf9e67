/* Radix sorts and the codes that triples are sorted by, compared with a plain stable sort of ids. */
#include "cases.h"
#include "fixture.h"
#include "kg/arrange.h"
#include "kg/delta.h"
#include "kg/inline.h"
#include "kg/sort.h"

/* ---- Numbers ---- */

static int compare_pairs(const void *left, const void *right)
{
    const KgPair *const a = left, *const b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->with < b->with ? -1 : a->with > b->with;
}

static void numbers_are_sorted_and_equal_ones_stay_in_their_order(void **state)
{
    (void)state;
    enum { MOST = 3000 };
    BaseRandom random;
    begin_case(&random, 1);
    for (case_round = 0; case_round <= 64 * 4; case_round++) {
        const int bits = (int)(case_round % 65);
        const size_t count = case_round < 8 ? case_round : below(&random, case_round % 3 ? 60 : MOST);
        KgPair *const pairs = calloc(count + 1, sizeof *pairs), *const scratch = calloc(count + 1, sizeof *scratch);
        KgPair *const expected = calloc(count + 1, sizeof *expected);
        uint64_t *const keys = calloc(count + 1, sizeof *keys), *const room = calloc(count + 1, sizeof *room);
        const uint64_t same = base_random_next(&random) & base_random_next(&random); /* bits that all share */
        for (size_t i = 0; i < count; i++) {
            uint64_t key = case_round % 4 ? base_random_next(&random) : same | below(&random, 4);
            key = bits < 64 ? key & ((UINT64_C(1) << bits) - 1) : key;
            pairs[i] = expected[i] = (KgPair){key, i};
            keys[i] = key;
        }
        qsort(expected, count, sizeof *expected, compare_pairs);
        kg_sort_pairs(pairs, scratch, count, bits);
        kg_sort_keys(keys, room, count, bits);
        for (size_t i = 0; i < count; i++) {
            expect_claim(pairs[i].key == expected[i].key && pairs[i].with == expected[i].with);
            expect_claim(keys[i] == expected[i].key);
        }
        free(pairs);
        free(scratch);
        free(expected);
        free(keys);
        free(room);
    }
}

/* ---- Triples ---- */

/* The obvious way: rows with their numbers, sorted by the ids themselves. */
typedef struct Row {
    uint64_t keys[3]; /* in the order sorted by */
    size_t number;
} Row;

static int compare_keys(const Row *a, const Row *b)
{
    for (int i = 0; i < 3; i++)
        if (a->keys[i] != b->keys[i])
            return a->keys[i] < b->keys[i] ? -1 : 1;
    return 0;
}

static int compare_rows(const void *left, const void *right)
{
    const Row *const a = left, *const b = right;
    const int order = compare_keys(a, b);
    return order ? order : (a->number < b->number ? -1 : a->number > b->number);
}

/* The first of equal rows, in order. */
static size_t sort_rows(uint64_t *const columns[3], size_t count, KgIndex index, Row *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        out[i].number = i;
        kg_order_keys((KgTriple){columns[0][i], columns[1][i], columns[2][i]}, index, out[i].keys);
    }
    qsort(out, count, sizeof *out, compare_rows);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_keys(&out[kept - 1], &out[i]) != 0)
            out[kept++] = out[i];
    return kept;
}

static uint64_t held_literal(BaseRandom *random)
{
    char text[24];
    static const char *const types[] = {"http://www.w3.org/2001/XMLSchema#integer", "",
                                        "http://www.w3.org/2001/XMLSchema#decimal"};
    const size_t type = below(random, 3);
    const int length = type == 1
                           ? snprintf(text, sizeof text, "%c%zu", (char)('a' + below(random, 26)), below(random, 90))
                           : snprintf(text, sizeof text, type ? "%zu.5" : "%zu", below(random, 1 << 20));
    KgId id = KG_ANY;
    const KgTerm term = {KG_LITERAL, {text, (size_t)length}, {types[type], strlen(types[type])}, {"", 0}};
    assert_true(kg_inline(&term, &id));
    return id;
}

/* A term of a dictionary as large as the transaction believes it to be: its first, its last, or any. */
static uint64_t dictionary_id(const KgTxn *txn, KgKind kind, size_t spread, BaseRandom *random)
{
    const uint64_t count = txn->term_counts[kind - KG_IRI];
    if (one_in(random, 6))
        return kg_id(kind, one_in(random, 2) ? 0 : count - 1);
    return kg_id(kind,
                 count > spread ? count / 2 + base_random_below(random, spread) : base_random_below(random, count));
}

static uint64_t random_id(const KgTxn *txn, int place, size_t spread, BaseRandom *random)
{
    if (place == 2 && one_in(random, 2))
        return one_in(random, 2) ? held_literal(random) : dictionary_id(txn, KG_LITERAL, spread, random);
    if (place == 0 && one_in(random, 10)) /* no RDF, yet a rule may have it */
        return held_literal(random);
    return dictionary_id(txn, place != 1 && one_in(random, 3) ? KG_BLANK : KG_IRI, place == 1 ? 5 : spread, random);
}

static void expect_orders(KgArranger *arranger, uint64_t *const columns[3], size_t count)
{
    Row *const expected = calloc(count + 1, sizeof *expected);
    uint32_t *numbers = NULL;
    size_t kept = 0;
    for (int index = 0; index < KG_INDEXES; index++) {
        const size_t distinct = sort_rows(columns, count, (KgIndex)index, expected);
        free(numbers);
        expect_claim(kg_arrange_numbers(arranger, (KgIndex)index, &numbers, &kept));
        expect_claim(kept == distinct);
        for (size_t i = 0; i < kept; i++) {
            uint64_t row[3];
            expect_claim(numbers[i] == expected[i].number);
            kg_arrange_row(arranger, numbers[i], row);
            for (int place = 0; place < 3; place++)
                expect_claim(row[place] == columns[place][numbers[i]]);
        }
    }
    /* Those that are kept, in every order; in whatever order they were kept. */
    expect_claim(kg_arrange_keep(arranger, numbers, kept));
    for (int index = 0; index < KG_INDEXES; index++) {
        KgRows rows = {0};
        sort_rows(columns, count, (KgIndex)index, expected);
        expect_claim(kg_arrange_rows(arranger, (KgIndex)index, &rows));
        expect_claim(rows.count == kept);
        for (size_t i = 0; i < kept; i++)
            for (int c = 0; c < 3; c++)
                expect_claim(rows.columns[c][i] == expected[i].keys[c]);
        kg_rows_free(&rows);
    }
    free(numbers);
    free(expected);
}

static int arrange(KgTxn *txn, size_t count, size_t spread, BaseRandom *random)
{
    KgArranger arranger;
    uint64_t *columns[3];
    for (int place = 0; place < 3; place++) {
        columns[place] = calloc(count + 1, sizeof **columns);
        for (size_t i = 0; i < count; i++)
            columns[place][i] = random_id(txn, place, spread, random);
    }
    for (size_t i = 1; i < count; i++)
        for (int place = 0; place < 3 && one_in(random, 4); place++) /* as the row before it, in part or whole */
            columns[place][i] = columns[place][i - 1];
    const uint64_t *const given[3] = {columns[0], columns[1], columns[2]};
    expect_claim(kg_arrange(txn, given, count, &arranger));
    const int bits = arranger.bits[0] + arranger.bits[1] + arranger.bits[2];
    expect_orders(&arranger, columns, count);
    kg_arrange_free(&arranger);
    for (int place = 0; place < 3; place++)
        free(columns[place]);
    return bits;
}

static void triples_are_sorted_in_every_order_within_and_beyond_one_number(void **state)
{
    Fixture *const f = *state;
    static const uint64_t sizes[] = {1, 3, 1000, UINT64_C(1) << 29, (UINT64_C(1) << 30) - 7, UINT64_C(1) << 40};
    bool exactly[3] = {false}; /* fewer bits than a number has, as many, more */
    BaseRandom random;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        KgTxn *const txn = begin_write(f->store);
        begin_case(&random, seed);
        for (int kind = 0; kind < KG_KINDS; kind++)
            txn->term_counts[kind] = sizes[seed % 6];
        const int bits = arrange(txn, seed < 5 ? seed - 1 : below(&random, 700), seed % 2 ? 4 : 3000, &random);
        exactly[bits < 64 ? 0 : (bits == 64 ? 1 : 2)] = true;
        kg_abort(txn);
    }
    assert_true(exactly[0] && exactly[2]);
}

/* A subject and an object of 32 bits each, one predicate: not a bit too many. */
static void a_number_is_used_to_its_last_bit(void **state)
{
    Fixture *const f = *state;
    enum { COUNT = 500 };
    BaseRandom random;
    begin_case(&random, 3);
    for (uint64_t more = 0; more < 2; more++) {
        KgTxn *const txn = begin_write(f->store);
        uint64_t *columns[3];
        KgArranger arranger;
        txn->term_counts[0] = (UINT64_C(1) << 32) + more;
        txn->term_counts[1] = txn->term_counts[2] = 0;
        for (int place = 0; place < 3; place++) {
            columns[place] = calloc(COUNT, sizeof **columns);
            for (size_t i = 0; i < COUNT; i++)
                columns[place][i] = place == 1 ? kg_id(KG_IRI, 7) : dictionary_id(txn, KG_IRI, 40, &random);
        }
        columns[2][0] = columns[0][0] = kg_id(KG_IRI, txn->term_counts[0] - 1);
        const uint64_t *const given[3] = {columns[0], columns[1], columns[2]};
        expect_claim(kg_arrange(txn, given, COUNT, &arranger));
        expect_claim(arranger.bits[0] == 32 + (int)more && arranger.bits[1] == 0 && arranger.bits[2] == 32 + (int)more);
        expect_orders(&arranger, columns, COUNT);
        kg_arrange_free(&arranger);
        for (int place = 0; place < 3; place++)
            free(columns[place]);
        kg_abort(txn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_sorted_and_equal_ones_stay_in_their_order),
        cmocka_unit_test_setup_teardown(triples_are_sorted_in_every_order_within_and_beyond_one_number, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(a_number_is_used_to_its_last_bit, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
