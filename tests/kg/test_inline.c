/* Literals in ids: which lexical forms are held, that each comes back byte for byte, and that ids are in the order of
 * values, which are computed here in other ways (strtod, timegm, memcmp). */
#include "expect.h"
#include "kg/inline.h"

#include <time.h>

#define XSD "http://www.w3.org/2001/XMLSchema#"
#define SAMPLES 20000
#define TEXT_BYTES 128

typedef struct Held {
    KgId id;
    long double value;
    char text[TEXT_BYTES];
} Held;

static KgTerm literal(const char *datatype, const char *text)
{
    return (KgTerm){KG_LITERAL, {text, strlen(text)}, {datatype, strlen(datatype)}, {"", 0}};
}

static bool is_same_text(KgText a, KgText b)
{
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

/* Whether the id's term is the one given. */
static bool is_term(KgId id, const KgTerm *expected)
{
    char text[KG_INLINE_BYTES];
    KgTerm term;
    kg_inline_term(id, text, &term);
    return term.kind == KG_LITERAL && term.language.length == 0 && is_same_text(term.datatype, expected->datatype) &&
           is_same_text(term.text, expected->text);
}

/* Copies the next of the texts between bars; returns what is behind it, NULL after the last. */
static const char *take_text(const char *texts, char text[TEXT_BYTES])
{
    const size_t length = strcspn(texts, "|");
    assert_in_range(length, 0, TEXT_BYTES - 1);
    memcpy(text, texts, length);
    text[length] = '\0';
    return texts[length] ? texts + length + 1 : NULL;
}

static KgId expect_held(const char *datatype, const char *text)
{
    KgId id = KG_ANY;
    const KgTerm term = literal(datatype, text);
    if (!kg_inline(&term, &id))
        fail_msg("\"%s\"^^<%s> is refused", text, datatype);
    if (!is_term(id, &term))
        fail_msg("\"%s\"^^<%s> comes back as another term", text, datatype);
    if (!kg_is_inline(id) || !kg_inline_is_valid(id))
        fail_msg("the id of \"%s\"^^<%s> is not taken for one", text, datatype);
    return id;
}

static void expect_refused(const KgTerm *term)
{
    KgId id = 77;
    if (kg_inline(term, &id))
        fail_msg("\"%.*s\"^^<%s> is held", (int)term->text.length, term->text.bytes, term->datatype.bytes);
    assert_int_equal(id, 77);
}

static int by_id(const void *left, const void *right)
{
    const KgId a = ((const Held *)left)->id, b = ((const Held *)right)->id;
    return (a > b) - (a < b);
}

/* One id is one text, and greater ids have values that are no less. Frees `held`. */
static void expect_order(Held *held, size_t count)
{
    qsort(held, count, sizeof *held, by_id);
    for (size_t i = 1; i < count; i++) {
        const Held *const a = &held[i - 1], *const b = &held[i];
        if (a->value > b->value)
            fail_msg("\"%s\" is before \"%s\"", a->text, b->text);
        if ((a->id == b->id) != (strcmp(a->text, b->text) == 0))
            fail_msg("\"%s\" and \"%s\" share an id, or one text has two", a->text, b->text);
    }
    free(held);
}

static Held *make_samples(void)
{
    Held *const held = calloc(SAMPLES, sizeof *held);
    assert_non_null(held);
    return held;
}

/* Evenly spread over the lengths of numbers. */
static uint64_t any_size(BaseRandom *random, uint64_t limit)
{
    const uint64_t value = base_random_next(random) >> base_random_below(random, 64);
    return value % limit;
}

/* ---- What is held -------------------------------------------------------------------------------------------- */

static void forms_that_an_id_can_hold_come_back_as_they_were(void **state)
{
    (void)state;
    static const struct {
        const char *datatype, *texts;
    } cases[] = {
        {XSD "integer", "0|1|-1|10|-5|1000000|2147483648|36028797018963967|-36028797018963968"},
        {XSD "decimal", "0|0.0|0.000000|1|-1|0.5|-0.5|12.5|12.50|12.500000|999.99|-0.000001|4503599627|"
                        "4503599627.370495|-4503599627.370496"},
        {XSD "double", "0.0E0|1.0E0|1.5E0|-1.5E0|1.0E49|1.0E-49|9.9999999999999E49|-1.0E-49|0.0|1.5|100.0|"
                       "-0.001|19.99|0|3|-100|0e0|1e6|1.5e-7|-2e0|-0.0E0|-0.0|-0|-0e0"},
        {XSD "double", "INF|-INF|NaN|3.1415926535898|12345678901234|12345678901234000|0.05"},
        {XSD "boolean", "true|false"},
        {XSD "date", "0001-01-01|9999-12-31|1970-01-01|2000-02-29|2024-02-29|1900-02-28|2023-12-31Z|"
                     "2023-12-31+00:00|2023-12-31+14:00|2023-12-31-14:00|2023-12-31-00:01|"
                     "2023-12-31+05:43|0001-01-01+14:00|9999-12-31-14:00"},
        {XSD "dateTime", "0001-01-01T00:00:00|9999-12-31T23:59:59.999-14:00|0001-01-01T00:00:00+14:00|"
                         "1970-01-01T00:00:00Z|2024-02-29T12:34:56.789|2024-02-29T12:34:56.100Z|"
                         "2024-02-29T12:34:56.001+05:45|2024-02-29T12:34:56+00:00|2024-02-29T12:34:56-03:30"},
        {"", "|a|abcdefg| |\xc3\xa9t\xc3\xa9|\xf0\x9f\x98\x80|12.50|true|\n|\x7f\x01"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (const char *next = cases[i].texts; next;) {
            char text[TEXT_BYTES];
            next = take_text(next, text);
            expect_held(cases[i].datatype, text);
        }
}

static void other_forms_are_left_to_the_dictionary(void **state)
{
    (void)state;
    static const struct {
        const char *datatype, *texts;
    } cases[] = {
        {XSD "integer", "|-|+1|-0|00|01|-01| 1|1 |1.0|1e0|36028797018963968|-36028797018963969|"
                        "100000000000000000|99999999999999999999999999|1-|0x1"},
        {XSD "decimal", "|-|.|+1|-0|-0.0|.5|5.|00.5|01|1.2.3|1.0000000|1E0|1.-5|4503599627.370496|"
                        "-4503599627.370497|10000000000|99999999999|1.5 "},
        {XSD "double", "|-|.|E|1.E0|1E0|1.50E0|01.5E0|1.5E00|1.5E+0|1.5E-0|12.5E0|0.5E0|0.0E1|1.50|00.5|.5|"
                       "5.|01|+1|1.0E50|1.0E-50|-NaN|+INF"},
        {XSD "double", "INFINITY|nan|0x1p3|1.0e6|1e06|1e+6|1 | 1|1.5e|1.5e-|--1|1-1|1.23456789012345|"
                       "123456789012345|0.30000000000000004|1e100|1e999999999999|1e6.5|1.5f|INF |1,5|1.5E5E5"},
        {XSD "double", "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000001|"
                       "1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"},
        {XSD "boolean", "|0|1|True|TRUE|tru|truee|false "},
        {XSD "date", "|0000-01-01|-0001-01-01|10000-01-01|2023-02-29|1900-02-29|2023-13-01|2023-00-01|"
                     "2023-01-00|2023-04-31|2023-1-1|2023-01-01z|2023-01-01-00:00|2023-01-01+14:01|"
                     "2023-01-01+1:00|2023-01-01+01:60|2023-01-01+15:00|2023-01-01 |2023/01/01|"
                     "2023-01-01T|2o23-01-01|20230101|2023-01-01+0100"},
        {XSD "dateTime", "|2023-01-01|2023-01-01T24:00:00|2023-01-01T23:59:60|2023-01-01T23:60:00|"
                         "2023-01-01 00:00:00|2023-01-01T00:00|2023-01-01T00:00:00.000|2023-01-01T00:00:00.5|"
                         "2023-01-01T00:00:00.50|2023-01-01T00:00:00.5000|2023-01-01T00:00:00.|"
                         "2023-01-01T00:00:00.123456Z|2023-01-01T00:00:00+05:43|2023-01-01T00:00:00-00:00|"
                         "2023-02-29T00:00:00Z|2023-01-01T1:00:00|2023-01-01T00:00:00z|"
                         "2023-01-01T00:00:00.-12Z|2023-01-01T00:00:00.1Z|0000-12-31T23:00:00|"
                         "2023-01-01T00:00:00+14:15|2023-01-01t00:00:00"},
        {"", "abcdefgh|a longer string|\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"},
        {XSD "string", "a"},
        {XSD "gYear", "2023"},
        {XSD "time", "2023-01-01"},
        {XSD "float", "1.5"},
        {XSD "int", "1"},
        {XSD "intege?", "1"},
        {XSD "anyKind", "true"},
        {XSD "hexDecimals", "1"},
        {"http://www.w3.org/2001/XMLSchema/integer", "1"},
        {"http://example.org/xxxxxxxxxxxxxxxxxxxxr", "1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (const char *next = cases[i].texts; next;) {
            char text[TEXT_BYTES];
            next = take_text(next, text);
            const KgTerm term = literal(cases[i].datatype, text);
            expect_refused(&term);
        }
}

static void tagged_text_and_other_kinds_of_term_are_refused(void **state)
{
    (void)state;
    KgTerm term = literal("", "chat");
    term.language = KG_TEXT("fr");
    expect_refused(&term);
    term = literal("", "b1");
    term.kind = KG_BLANK;
    expect_refused(&term);
    term.kind = KG_IRI;
    expect_refused(&term);
    term = literal("", "");
    term.text = (KgText){"a\0b", 3};
    expect_refused(&term);
    term.text = (KgText){"\0", 1};
    expect_refused(&term);
}

static void text_without_bytes_is_the_empty_string(void **state)
{
    (void)state;
    KgId id = KG_ANY;
    assert_true(kg_inline(&(KgTerm){.kind = KG_LITERAL}, &id));
    assert_int_equal(id, expect_held("", ""));
    const KgTerm integer = {.kind = KG_LITERAL, .datatype = KG_TEXT(XSD "integer")};
    expect_refused(&integer);
}

/* ---- The order of values -------------------------------------------------------------------------------------- */

static void forms_of_one_value_are_neighbours_among_the_others(void **state)
{
    (void)state;
    static const struct {
        const char *datatype, *texts;
    } cases[] = {
        {XSD "integer", "-36028797018963968|-10|-9|-1|0|1|9|10|36028797018963967"},
        {XSD "decimal", "-12.50|-12.49|-1|-1.0|-0.000001|0|0.0|0.00|0.000001|0.5|0.50|1|12.49|12.5|12.50|"
                        "12.500|12.500001|100"},
        {XSD "double", "-INF|-1.0E49|-10|-9.5|-9.4E0|-1e-49|-0.0|0.0|1.0E-49|0.001|0.5|1.0E0|1.0|1|1e0|"
                       "1.0000000000001|9.9|10.0|1.0E49|INF|NaN"},
        {XSD "boolean", "false|true"},
        {XSD "date", "0001-01-01|1969-12-31|1970-01-01+14:00|1970-01-01+00:01|1970-01-01|1970-01-01Z|"
                     "1970-01-01+00:00|1970-01-02+14:00|1970-01-01-14:00|1970-01-02|9999-12-31"},
        {XSD "dateTime", "2024-01-01T00:00:00+14:00|2023-12-31T23:59:59.999Z|2024-01-01T00:00:00|"
                         "2024-01-01T00:00:00Z|2023-12-31T21:00:00-03:00|2024-01-01T02:00:00+02:00|"
                         "2024-01-01T00:00:00.001|2024-01-01T00:00:01"},
        {"", "|\x01|A|Aa|B|a|a\x01|aa|b|\xc3\xa9|\xe2\x82\xac|\xef\xbf\xbd|\xf0\x9f\x98\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        KgId last = KG_ANY;
        for (const char *next = cases[i].texts; next;) {
            char text[TEXT_BYTES];
            next = take_text(next, text);
            const KgId id = expect_held(cases[i].datatype, text);
            if (id <= last)
                fail_msg("\"%s\" is not after the one before", text);
            last = id;
        }
    }
}

static void integers_are_in_order(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 1);
    Held *const held = make_samples();
    for (size_t i = 0; i < SAMPLES; i++) {
        const int64_t size = (int64_t)any_size(&random, UINT64_C(1) << 55);
        const int64_t value = base_random_below(&random, 2) ? size : -size;
        snprintf(held[i].text, sizeof held[i].text, "%lld", (long long)value);
        held[i].value = (long double)value;
        held[i].id = expect_held(XSD "integer", held[i].text);
    }
    expect_order(held, SAMPLES);
}

static void decimals_are_in_order(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 2);
    Held *const held = make_samples();
    for (size_t i = 0; i < SAMPLES; i++) {
        const int digits = (int)base_random_below(&random, 7);
        const unsigned long long whole = any_size(&random, 4503599627), fraction = any_size(&random, 1000000);
        const bool is_negative = base_random_below(&random, 2) && whole > 0;
        char digit_text[8];
        snprintf(digit_text, sizeof digit_text, "%06llu", fraction);
        snprintf(held[i].text, sizeof held[i].text, "%s%llu%s%.*s", is_negative ? "-" : "", whole,
                 digits > 0 ? "." : "", digits, digit_text);
        held[i].value = strtold(held[i].text, NULL);
        held[i].id = expect_held(XSD "decimal", held[i].text);
    }
    expect_order(held, SAMPLES);
}

/* A random double in one of the four forms, of at most 14 digits. */
static void write_double(BaseRandom *random, char *text, size_t capacity)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", 1 + (unsigned long long)any_size(random, 99999999999999));
    size_t count = strlen(digits);
    while (count > 1 && digits[count - 1] == '0')
        digits[--count] = '\0';
    const char *const sign = base_random_below(random, 2) ? "-" : "";
    const int exponent = (int)base_random_below(random, 99) - 49, zeros = (int)base_random_below(random, 20);
    switch (base_random_below(random, 5)) {
    case 0:
        snprintf(text, capacity, "%s%c.%sE%d", sign, digits[0], count > 1 ? digits + 1 : "0", exponent);
        break;
    case 1:
        snprintf(text, capacity, "%s%c%s%se%d", sign, digits[0], count > 1 ? "." : "", digits + 1, exponent);
        break;
    case 2:
        snprintf(text, capacity, "%s0.%.*s%s", sign, zeros, "00000000000000000000", digits);
        break;
    case 3:
        snprintf(text, capacity, "%s%c.%s", sign, digits[0], count > 1 ? digits + 1 : "0");
        break;
    default:
        snprintf(text, capacity, "%s%s%.*s%s", sign, digits, zeros, "00000000000000000000",
                 base_random_below(random, 2) ? ".0" : "");
    }
}

static void doubles_are_in_the_order_of_their_ieee_values(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 3);
    Held *const held = make_samples();
    for (size_t i = 0; i < SAMPLES; i++) {
        write_double(&random, held[i].text, sizeof held[i].text);
        held[i].value = strtod(held[i].text, NULL);
        held[i].id = expect_held(XSD "double", held[i].text);
    }
    expect_order(held, SAMPLES);
}

/* Appends a zone; returns its minutes. */
static int write_zone(BaseRandom *random, int step, char *text)
{
    const uint64_t choice = base_random_below(random, 3);
    if (choice == 0)
        return 0;
    char *const end = text + strlen(text);
    if (choice == 1) {
        strcpy(end, "Z");
        return 0;
    }
    const int minutes = ((int)base_random_below(random, (uint64_t)(1680 / step + 1)) - 840 / step) * step;
    snprintf(end, 16, "%c%02d:%02d", minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60);
    return minutes;
}

/* The C library's own calendar gives the values: timegm from a random moment's parts. */
static void moments_are_in_order(bool is_date, const char *datatype)
{
    BaseRandom random;
    base_random_seed(&random, 4);
    Held *const held = make_samples();
    for (size_t i = 0; i < SAMPLES; i++) {
        const bool is_near = base_random_below(&random, 2);
        const int64_t first = is_near ? 951700000 : -62135596800, last = is_near ? 951900000 : 253402300799;
        time_t moment = (time_t)(first + (int64_t)base_random_below(&random, (uint64_t)(last - first + 1)));
        struct tm parts;
        assert_non_null(gmtime_r(&moment, &parts));
        if (is_date)
            parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
        const unsigned milliseconds = base_random_below(&random, 2) ? (unsigned)base_random_below(&random, 1000) : 0;
        char *const text = held[i].text;
        size_t length = (size_t)snprintf(text, sizeof held[i].text, "%04d-%02d-%02d", parts.tm_year + 1900,
                                         parts.tm_mon + 1, parts.tm_mday);
        if (!is_date)
            length += (size_t)snprintf(text + length, 16, "T%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec);
        if (!is_date && milliseconds > 0)
            snprintf(text + length, 16, ".%03u", milliseconds);
        held[i].value = (long double)timegm(&parts) * 1000 + (is_date ? 0 : milliseconds);
        held[i].value -= 60000.0L * write_zone(&random, is_date ? 1 : 15, text);
        held[i].id = expect_held(datatype, text);
        const int64_t unix_time = is_date ? (int64_t)((held[i].id & 0xffffffffffffff) >> 11) * 60000
                                          : (int64_t)((held[i].id & 0xffffffffffffff) >> 7);
        assert_true(held[i].value == (long double)(unix_time - INT64_C(86400000) * KG_INLINE_UNIX_DAY));
    }
    expect_order(held, SAMPLES);
}

static void dates_are_in_the_order_of_their_beginnings(void **state)
{
    (void)state;
    moments_are_in_order(true, XSD "date");
}

static void times_are_in_the_order_of_their_instants(void **state)
{
    (void)state;
    moments_are_in_order(false, XSD "dateTime");
}

static void every_day_of_the_calendar_is_one_later(void **state)
{
    (void)state;
    KgId last = 0;
    for (int64_t day = -719162; day <= 2932896; day++) {
        const time_t moment = (time_t)day * 86400;
        struct tm parts;
        char text[32];
        gmtime_r(&moment, &parts);
        snprintf(text, sizeof text, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
        const KgId id = expect_held(XSD "date", text);
        if (last && id - last != 1440 << 11)
            fail_msg("%s is not the day after the one before", text);
        last = id;
    }
}

static size_t write_string(BaseRandom *random, char text[8])
{
    size_t length = 0;
    const uint64_t wanted = base_random_below(random, 8);
    while (length < wanted) {
        char bytes[4];
        const size_t size = base_utf8_encode(1 + (uint32_t)any_size(random, 0x10ffff), bytes);
        if (length + size > 7)
            break;
        memcpy(text + length, bytes, size);
        length += size;
    }
    text[length] = '\0';
    return length;
}

static void strings_are_in_the_order_of_their_bytes(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 5);
    for (size_t i = 0; i < SAMPLES; i++) {
        char a[8], b[8];
        write_string(&random, a);
        write_string(&random, b);
        const KgId left = expect_held("", a), right = expect_held("", b);
        const int order = strcmp(a, b);
        if ((left > right) != (order > 0) || (left < right) != (order < 0))
            fail_msg("\"%s\" and \"%s\" are out of order", a, b);
    }
}

/* ---- Ids from outside ----------------------------------------------------------------------------------------- */

/* Valid is what comes back as the same id: checked both ways. */
static bool expect_valid_if_held(KgId id)
{
    char text[KG_INLINE_BYTES];
    KgTerm term;
    KgId again = KG_ANY;
    kg_inline_term(id, text, &term);
    assert_in_range(term.text.length, 0, KG_INLINE_BYTES);
    const bool is_held =
        base_utf8_check(text, term.text.length) == term.text.length && kg_inline(&term, &again) && again == id;
    if (kg_inline_is_valid(id) != is_held)
        fail_msg("id %016llx is %svalid and says \"%.*s\"", (unsigned long long)id, is_held ? "not " : "",
                 (int)term.text.length, text);
    return is_held;
}

static void an_id_is_valid_when_it_comes_back_and_only_then(void **state)
{
    (void)state;
    static const struct {
        const char *datatype, *text;
    } seeds[] = {
        {XSD "integer", "-5"},
        {XSD "decimal", "12.50"},
        {XSD "double", "150"},
        {XSD "double", "INF"},
        {XSD "double", "-INF"},
        {XSD "double", "NaN"},
        {XSD "double", "-0.0"},
        {XSD "double", "1.5"},
        {XSD "double", "1e-49"},
        {XSD "double", "9.9999999999999E49"},
        {XSD "boolean", "true"},
        {XSD "date", "0001-01-01"},
        {XSD "date", "9999-12-31"},
        {XSD "date", "2024-02-29+14:00"},
        {XSD "date", "2024-02-29"},
        {XSD "dateTime", "0001-01-01T00:00:00+14:00"},
        {XSD "dateTime", "9999-12-31T23:59:59.999-14:00"},
        {XSD "dateTime", "2024-02-29T12:00:00Z"},
        {"", "a\xc3\xa9z"},
        {"", ""},
        {"", "abcdefg"},
    };
    BaseRandom random;
    base_random_seed(&random, 6);
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        const KgId seed = expect_held(seeds[i].datatype, seeds[i].text);
        size_t valid = 0, others = 0;
        for (size_t k = 0; k < SAMPLES; k++) {
            const uint64_t near = any_size(&random, UINT64_MAX) >> 8;
            const KgId id = k % 3 == 0 ? seed ^ near : k % 3 == 1 ? seed + near : seed - near;
            if (expect_valid_if_held(id))
                valid++;
            else
                others++;
        }
        if (valid == 0 || (others == 0 && kg_inline_tag(seed) != KG_INLINE_INTEGER))
            fail_msg("around \"%s\" %zu ids are valid and %zu not", seeds[i].text, valid, others);
    }
    for (size_t k = 0; k < 50 * SAMPLES; k++) {
        const KgId id = base_random_next(&random);
        expect_valid_if_held(id);
        expect_valid_if_held((id & 0x07ffffffffffffffu) | UINT64_C(0x10) << 56);
    }
}

static void ids_of_no_type_are_not_valid(void **state)
{
    (void)state;
    const KgId ids[] = {KG_ANY,
                        kg_id(KG_IRI, 0),
                        kg_id(KG_LITERAL, 5),
                        UINT64_C(0x16) << 56,
                        UINT64_C(0x19) << 56,
                        UINT64_C(0x7f) << 56,
                        UINT64_C(0x90) << 56,
                        UINT64_MAX,
                        UINT64_C(0x1861006200000000), /* a NUL between a and b */
                        UINT64_C(0x1800000000000061), /* before a */
                        UINT64_C(0x18ff000000000000), /* no UTF-8 */
                        UINT64_C(0x1800000000000000) - 1,
                        UINT64_C(0x1300000000000002)};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (kg_inline_is_valid(ids[i]))
            fail_msg("id %016llx is valid", (unsigned long long)ids[i]);
    assert_false(kg_is_inline(KG_ANY));
    assert_false(kg_is_inline(kg_id(KG_LITERAL, 5)));
    assert_false(kg_is_inline(UINT64_C(0x0fffffffffffffff)));
    assert_true(kg_is_inline(UINT64_C(0x10) << 56));
    assert_true(kg_is_inline(UINT64_C(0x7fffffffffffffff)));
    assert_false(kg_is_inline(UINT64_C(0x80) << 56));
}

/* Texts made of the characters that matter, most of them of no use: whatever is held must come back. */
static void whatever_is_held_comes_back(void **state)
{
    (void)state;
    static const char *const datatypes[] = {
        XSD "integer", XSD "decimal", XSD "double", XSD "boolean", XSD "date", XSD "dateTime", ""};
    static const char letters[] = "00112345678999..--+EeZT:INFa";
    BaseRandom random;
    base_random_seed(&random, 7);
    size_t held = 0;
    for (size_t i = 0; i < 100 * SAMPLES; i++) {
        char text[16];
        const size_t length = base_random_below(&random, 9);
        for (size_t k = 0; k < length; k++)
            text[k] = letters[base_random_below(&random, sizeof letters - 1)];
        text[length] = '\0';
        const KgTerm term = literal(datatypes[base_random_below(&random, 7)], text);
        KgId id;
        if (!kg_inline(&term, &id))
            continue;
        held++;
        if (!is_term(id, &term) || !kg_inline_is_valid(id))
            fail_msg("\"%s\"^^<%s> comes back as another term", text, term.datatype.bytes);
    }
    assert_in_range(held, SAMPLES, 50 * SAMPLES);
}

/* Each byte replaced by every other. */
static void a_form_with_one_byte_changed_is_refused_or_comes_back(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{XSD "date", "2024-02-29+13:45"},
                                           {XSD "dateTime", "2024-02-29T19:35:49.125-09:15"},
                                           {XSD "decimal", "-1034.250"},
                                           {XSD "double", "-1.0342E-12"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t at = 0; at < strlen(cases[i][1]); at++)
            for (int byte = 1; byte < 256; byte++) {
                char text[64];
                strcpy(text, cases[i][1]);
                text[at] = (char)byte;
                const KgTerm term = literal(cases[i][0], text);
                KgId id;
                if (kg_inline(&term, &id) && !is_term(id, &term))
                    fail_msg("\"%s\" comes back as another term", text);
                if (byte > 127 && kg_inline(&term, &id))
                    fail_msg("\"%s\" is held", text);
            }
}

/* ---- What the block codec counts on --------------------------------------------------------------------------- */

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void a_column_written_in_one_manner_has_a_large_divisor(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 8);
    uint64_t prices = 0, readings = 0, days = 0, seconds = 0;
    for (int i = 0; i < 1000; i++) {
        char text[64];
        const unsigned long long cents = 100 + base_random_below(&random, 900);
        snprintf(text, sizeof text, "%llu.%02llu", cents / 100, cents % 100);
        prices = common_divisor(prices, expect_held(XSD "decimal", text) - expect_held(XSD "decimal", "1.00"));
        snprintf(text, sizeof text, "%llu.%02lluE0", cents / 100, cents % 100 / 10 * 10 + 1);
        readings = common_divisor(readings, expect_held(XSD "double", text) - expect_held(XSD "double", "1.0E0"));
        snprintf(text, sizeof text, "2024-05-%02llu", 1 + cents % 31);
        days = common_divisor(days, expect_held(XSD "date", text) - expect_held(XSD "date", "2024-05-01"));
        snprintf(text, sizeof text, "2024-05-01T12:34:%02lluZ", cents % 60);
        seconds = common_divisor(seconds, expect_held(XSD "dateTime", text) -
                                              expect_held(XSD "dateTime", "2024-05-01T12:34:00Z"));
    }
    assert_int_equal(prices, 8 * 10000);
    assert_int_equal(readings, UINT64_C(4) * 100000000000);
    assert_int_equal(days, 1440 << 11);
    assert_int_equal(seconds, 1000 << 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_that_an_id_can_hold_come_back_as_they_were),
        cmocka_unit_test(other_forms_are_left_to_the_dictionary),
        cmocka_unit_test(tagged_text_and_other_kinds_of_term_are_refused),
        cmocka_unit_test(text_without_bytes_is_the_empty_string),
        cmocka_unit_test(forms_of_one_value_are_neighbours_among_the_others),
        cmocka_unit_test(integers_are_in_order),
        cmocka_unit_test(decimals_are_in_order),
        cmocka_unit_test(doubles_are_in_the_order_of_their_ieee_values),
        cmocka_unit_test(dates_are_in_the_order_of_their_beginnings),
        cmocka_unit_test(times_are_in_the_order_of_their_instants),
        cmocka_unit_test(every_day_of_the_calendar_is_one_later),
        cmocka_unit_test(strings_are_in_the_order_of_their_bytes),
        cmocka_unit_test(an_id_is_valid_when_it_comes_back_and_only_then),
        cmocka_unit_test(ids_of_no_type_are_not_valid),
        cmocka_unit_test(whatever_is_held_comes_back),
        cmocka_unit_test(a_form_with_one_byte_changed_is_refused_or_comes_back),
        cmocka_unit_test(a_column_written_in_one_manner_has_a_large_divisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
