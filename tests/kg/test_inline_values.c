/* test_inline_values.c - what ids say of their literals without the lexical form: agrees with reading the form, and
 * with the ids that forms get. */
#include "expect.h"
#include "kg/inline.h"
#include "kg/sparql/value_ids.h"

#include <math.h>

#define SAMPLES 200000

static KgId held(const char *type, const char *text)
{
    KgId id = KG_ANY;
    char datatype[128];
    snprintf(datatype, sizeof datatype, "%s%s", XSD, type);
    const KgTerm term = {.kind = KG_LITERAL, .text = {text, strlen(text)}, .datatype = {datatype, strlen(datatype)}};
    if (!kg_inline(&term, &id))
        fail_msg("\"%s\"^^xsd:%s is refused", text, type);
    return id;
}

/* The value read from the lexical form. */
static Value read_form(KgId id, char text[KG_INLINE_BYTES])
{
    KgTerm term;
    Value value;
    kg_inline_term(id, text, &term);
    sparql_value_decode(&term, &value);
    return value;
}

static bool same_doubles(double x, double y)
{
    return (isnan(x) && isnan(y)) || (x == y && signbit(x) == signbit(y));
}

static bool same_moments(const Moment *a, const Moment *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour &&
           a->minute == b->minute && a->nanoseconds == b->nanoseconds && a->has_zone == b->has_zone &&
           a->zone == b->zone;
}

static bool same_values(const Value *a, const Value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_BOOLEAN:
        return a->as.truth == b->as.truth;
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
        return a->as.exact.mantissa == b->as.exact.mantissa && a->as.exact.scale == b->as.exact.scale;
    case VALUE_DOUBLE:
        return same_doubles(a->as.number, b->as.number);
    case VALUE_DATE:
    case VALUE_DATETIME:
        return same_moments(&a->as.moment, &b->as.moment);
    default:
        return a->type == VALUE_STRING;
    }
}

static void expect_same_value(KgId id, BaseArena *arena)
{
    char text[KG_INLINE_BYTES];
    Value value;
    const Value expected = read_form(id, text);
    const BaseArenaMark mark = base_arena_mark(arena);
    assert_true(sparql_value_of_id(id, arena, &value));
    const bool is_same = same_values(&value, &expected);
    assert_true(sparql_value_term(&value, arena));
    if (!is_same || value.term.text.length != expected.term.text.length ||
        memcmp(value.term.text.bytes, expected.term.text.bytes, value.term.text.length) != 0 ||
        value.term.datatype.length != expected.term.datatype.length)
        fail_msg("id %llx, \"%.*s\", has another value than its form", (unsigned long long)id,
                 (int)expected.term.text.length, text);
    base_arena_rewind(arena, mark);
}

/* An id that kg_inline can give, of any tag. */
static KgId any_id(BaseRandom *random)
{
    static const KgInlineTag tags[] = {KG_INLINE_INTEGER, KG_INLINE_DECIMAL,  KG_INLINE_DOUBLE, KG_INLINE_BOOLEAN,
                                       KG_INLINE_DATE,    KG_INLINE_DATETIME, KG_INLINE_STRING};
    for (;;) {
        const KgInlineTag tag = tags[base_random_next(random) % (sizeof tags / sizeof *tags)];
        uint64_t payload = base_random_next(random) >> 8;
        if (tag == KG_INLINE_BOOLEAN)
            payload &= 1;
        if (tag == KG_INLINE_DECIMAL && base_random_next(random) % 4)
            payload = (payload & ~(uint64_t)7) | 6;
        if (tag == KG_INLINE_DATE)
            payload = ((payload >> 16) % 3652000 * 1440) << KG_INLINE_DATE_BITS | (base_random_next(random) & 1);
        if (tag == KG_INLINE_STRING)
            payload &= UINT64_C(0x7f7f7f7f7f7f00);
        const KgId id = (KgId)tag << 56 | payload;
        if (kg_inline_is_valid(id))
            return id;
    }
}

static void values_of_ids_are_those_of_their_forms(void **state)
{
    (void)state;
    static const struct {
        const char *type, *text;
    } cases[] = {
        {"integer", "0"},
        {"integer", "-36028797018963968"},
        {"integer", "36028797018963967"},
        {"decimal", "0"},
        {"decimal", "0.0"},
        {"decimal", "-0.000001"},
        {"decimal", "1.500000"},
        {"decimal", "4503599627.370495"},
        {"double", "NaN"},
        {"double", "INF"},
        {"double", "-INF"},
        {"double", "-0.0E0"},
        {"double", "0.0E0"},
        {"double", "1.0E-49"},
        {"double", "9.9999999999999E49"},
        {"double", "3e5"},
        {"boolean", "true"},
        {"boolean", "false"},
        {"date", "0001-01-01"},
        {"date", "9999-12-31-14:00"},
        {"date", "2024-02-29Z"},
        {"date", "2000-03-01+05:30"},
        {"dateTime", "2024-02-29T23:59:59.999Z"},
        {"dateTime", "0001-01-01T00:00:00"},
        {"dateTime", "1999-12-31T00:00:00-05:00"},
    };
    BaseArena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_same_value(held(cases[i].type, cases[i].text), &arena);
    BaseRandom random;
    base_random_seed(&random, 41);
    for (int i = 0; i < SAMPLES; i++)
        expect_same_value(any_id(&random), &arena);
    base_arena_free(&arena);
}

/* The id found without text is that of the canonical form, and there is one just when the form has one. */
static void expect_same_id(const Value *value, BaseArena *arena)
{
    KgId direct = KG_ANY, of_form = KG_ANY;
    Value copy = *value;
    const bool has_direct = sparql_value_id(value, &direct);
    const BaseArenaMark mark = base_arena_mark(arena);
    assert_true(sparql_value_term(&copy, arena));
    const bool has_form = kg_inline(&copy.term, &of_form);
    if (has_direct ? direct != of_form : has_form && value->type != VALUE_DOUBLE)
        fail_msg("\"%s\" has the id %llx by its form, %llx by its value", copy.term.text.bytes,
                 (unsigned long long)of_form, (unsigned long long)direct);
    /* A double far out may be left to its form. */
    if (!has_direct && has_form)
        assert_false(fabs(value->as.number) > 1e-8 && fabs(value->as.number) < 1e34);
    base_arena_rewind(arena, mark);
}

static double any_double(BaseRandom *random)
{
    const double powers[] = {1, 10, 100, 1e3, 1e5, 1e9, 1e14, 1e20};
    const int64_t whole = (int64_t)(base_random_next(random) >> (base_random_next(random) % 50 + 13));
    const double divided = (double)whole / powers[base_random_next(random) % 8];
    switch (base_random_next(random) % 4) {
    case 0:
        return -divided;
    case 1:
        return (base_random_unit(random) - 0.5) * powers[base_random_next(random) % 8];
    case 2:
        return (double)whole;
    default:
        return divided;
    }
}

static void computed_numbers_get_the_ids_of_their_canonical_forms(void **state)
{
    (void)state;
    BaseArena arena = {0};
    static const double doubles[] = {0.0,
                                     -0.0,
                                     NAN,
                                     INFINITY,
                                     -INFINITY,
                                     1,
                                     0.1,
                                     100,
                                     1e13,
                                     1e14,
                                     1e15,
                                     1e22,
                                     1e23,
                                     1e35,
                                     1e36,
                                     1e49,
                                     1e50,
                                     1e-9,
                                     1e-10,
                                     1e300,
                                     5e-324,
                                     1.0 / 3,
                                     99999999999999.0,
                                     999999999999999.0,
                                     123456789012345.0,
                                     2.5,
                                     1e-49,
                                     0.3};
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        const Value value = sparql_value_double(VALUE_DOUBLE, doubles[i]);
        expect_same_id(&value, &arena);
    }
    const int64_t edge = INT64_C(1) << 55, decimal_edge = INT64_C(1) << 52;
    const int64_t integers[] = {0,
                                1,
                                -1,
                                10,
                                edge,
                                edge - 1,
                                edge + 1,
                                -edge,
                                -edge - 1,
                                decimal_edge,
                                decimal_edge - 1,
                                -decimal_edge,
                                -decimal_edge - 1,
                                INT64_MAX,
                                INT64_MIN + 1,
                                decimal_edge / 1000000};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        for (int scale = 0; scale <= 8; scale++) {
            const Exact number = {.mantissa = integers[i], .scale = integers[i] % 10 ? scale : 0};
            const Value integer = sparql_value_integer(integers[i]),
                        decimal = sparql_value_exact(VALUE_DECIMAL, number);
            expect_same_id(&integer, &arena);
            expect_same_id(&decimal, &arena);
        }
    const Value huge = sparql_value_exact(VALUE_INTEGER, (Exact){.mantissa = (ExactMantissa)INT64_MAX * 4});
    expect_same_id(&huge, &arena);
    BaseRandom random;
    base_random_seed(&random, 42);
    for (int i = 0; i < SAMPLES; i++) {
        const Value value = sparql_value_double(VALUE_DOUBLE, any_double(&random));
        expect_same_id(&value, &arena);
    }
    base_arena_free(&arena);
}

static void order_keys_are_in_the_order_of_values(void **state)
{
    (void)state;
    BaseArena arena = {0};
    BaseRandom random;
    base_random_seed(&random, 43);
    const KgId special[] = {held("double", "NaN"),
                            held("double", "-INF"),
                            held("double", "INF"),
                            held("double", "-0.0E0"),
                            held("double", "0.0E0"),
                            held("double", "1e0"),
                            held("double", "1.0E0"),
                            held("double", "-1.0E0"),
                            held("decimal", "1.50"),
                            held("decimal", "1.5"),
                            held("date", "2000-01-01"),
                            held("date", "2000-01-01Z"),
                            held("date", "2000-01-01+01:00"),
                            held("date", "1999-12-31-13:00")};
    const size_t specials = sizeof special / sizeof *special;
    for (size_t i = 0; i < SAMPLES; i++) {
        Value x, y;
        KgId a = i < specials * specials ? special[i / specials] : any_id(&random);
        KgId b = i < specials * specials ? special[i % specials] : any_id(&random);
        if (kg_inline_tag(a) != kg_inline_tag(b))
            continue;
        const BaseArenaMark mark = base_arena_mark(&arena);
        assert_true(sparql_value_of_id(a, &arena, &x) && sparql_value_of_id(b, &arena, &y));
        const uint64_t p = sparql_order_key(a), q = sparql_order_key(b);
        assert_int_equal((p > q) - (p < q), (sparql_value_order(&x, &y) > 0) - (sparql_value_order(&x, &y) < 0));
        base_arena_rewind(&arena, mark);
    }
    base_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_ids_are_those_of_their_forms),
        cmocka_unit_test(computed_numbers_get_the_ids_of_their_canonical_forms),
        cmocka_unit_test(order_keys_are_in_the_order_of_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
