/* test_sparql_values.c - values at the edges, where ids take short ways: each short way gives what the way by terms
 * does, and what was worked out by hand. */
#include "sparql/ask.h"
#include "sparql/odd_terms.h"

#include <stdlib.h>

/* :iNN :value TERM for all but the last, so that some terms are the database's and some only the query's. */
static int make_values(void **state)
{
    if (make_fixture(state) != 0)
        return -1;
    const Fixture *const f = *state;
    for (size_t i = 0; i + 1 < ODD_TERMS; i++) {
        char subject[32];
        snprintf(subject, sizeof subject, "i%02zu", i);
        const char *const facts[] = {subject, "value", odd_terms[i], NULL};
        add_facts(f->store, KG_ASSERTED, facts);
    }
    static const char *const more[] = {"i99", "value", "_:b", NULL};
    add_facts(f->store, KG_ASSERTED, more);
    return 0;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The answer's lines in some order that depends on them alone. */
static void sort_lines(char *text, BaseBuffer *out)
{
    static char *lines[4096];
    size_t count = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        assert_true(count < sizeof lines / sizeof *lines);
        lines[count++] = line;
    }
    qsort(lines, count, sizeof *lines, compare_lines);
    for (size_t i = 0; i < count; i++)
        assert_true(base_buffer_format(out, "%s\n", lines[i]));
}

/* Both queries have the same answer, in whatever order. */
static void expect_same_answer(KgStore *store, const char *text, const char *other)
{
    char *const found = ask(store, text), *const wanted = ask(store, other);
    BaseBuffer a = {0}, b = {0};
    sort_lines(found, &a);
    sort_lines(wanted, &b);
    if (a.count != b.count || memcmp(a.items, b.items, a.count) != 0)
        fail_msg("%s\nexpected:\n%s\nfound:\n%s", text, b.items, a.items);
    base_buffer_free(&a);
    base_buffer_free(&b);
    free(found);
    free(wanted);
}

/* ---- Aggregates ---- */

/* Rows of a key and a value, some unbound. */
static void put_rows(BaseRandom *random, size_t among, char *out, size_t capacity)
{
    size_t length = 0;
    out[0] = '\0';
    for (size_t k = 0, count = base_random_next(random) % 7; k < count; k++) {
        const char *const term = base_random_next(random) % 32 ? odd_terms[base_random_next(random) % among] : "UNDEF";
        length += (size_t)snprintf(out + length, capacity - length, "(%s %s) ",
                                   base_random_next(random) % 2 ? ":a" : ":b", term);
    }
}

/* Alone the argument goes in as an id; with COALESCE around it, it is evaluated to a value. */
static void aggregates_of_ids_are_those_of_values(void **state)
{
    const Fixture *const f = *state;
    static const char *const calls[] = {
        "COUNT(",          "SUM(",          "AVG(",          "MIN(",          "MAX(",
        "COUNT(DISTINCT ", "SUM(DISTINCT ", "AVG(DISTINCT ", "MIN(DISTINCT ", "MAX(DISTINCT "};
    BaseRandom random;
    base_random_seed(&random, 7);
    for (int i = 0; i < 4000; i++) {
        char rows[1024], text[1400], other[1400];
        put_rows(&random, i % 4 ? ODD_NUMBERS : ODD_TERMS, rows, sizeof rows);
        const char *const call = calls[base_random_next(&random) % (sizeof calls / sizeof *calls)];
        const char *const key = i % 2 ? "?k" : "", *const end = i % 2 ? "GROUP BY ?k" : "";
        snprintf(text, sizeof text, "SELECT %s (%s?v) AS ?x) { VALUES (?k ?v) { %s } } %s", key, call, rows, end);
        snprintf(other, sizeof other, "SELECT %s (%sCOALESCE(?v)) AS ?x) { VALUES (?k ?v) { %s } } %s", key, call, rows,
                 end);
        expect_same_answer(f->store, text, other);
    }
}

#define SUM_OF(values, expected)                                                                                       \
    expect_answer(f->store, "PREFIX xsd: " IRI_OF_XSD "> SELECT (SUM(?v) AS ?s) { VALUES ?v { " values " } }", expected)

static void sums_are_exact_until_a_double_comes(void **state)
{
    const Fixture *const f = *state;
    SUM_OF("", "0\n");
    SUM_OF("1 2 3", "6\n");
    SUM_OF("1 2.5", "3.5\n");
    SUM_OF("0.1 0.2", "0.3\n");
    SUM_OF("2.5 -2.5", "0.0\n");
    SUM_OF("36028797018963967 36028797018963967 36028797018963967", "108086391056891901\n");
    SUM_OF("123456789012345678901234567890 1", "123456789012345678901234567891\n");
    SUM_OF("1 123456789012345678901234567890 '01'^^xsd:integer", "123456789012345678901234567892\n");
    SUM_OF("100000000000000000000000000000000000000 100000000000000000000000000000000000000", "\n");
    SUM_OF("1 2.5 0.5e0", "4.0E0\n");
    SUM_OF("0.5e0 9007199254740993", "9.007199254740992E15\n");
    SUM_OF("'0.5'^^xsd:float 1", "\"1.5E0\"^^<http://www.w3.org/2001/XMLSchema#float>\n");
    SUM_OF("'0.5'^^xsd:float 1 1e0", "2.5E0\n");
    SUM_OF("-0e0 -0e0", "0.0E0\n");
    SUM_OF("'INF'^^xsd:double 1 '-INF'^^xsd:double", "\"NaN\"^^<http://www.w3.org/2001/XMLSchema#double>\n");
    SUM_OF("1 'one'", "\n");
    SUM_OF("1 UNDEF", "\n");
    expect_answer(f->store, "SELECT (AVG(?v) AS ?a) (COUNT(?v) AS ?n) (SAMPLE(?v) AS ?s) { VALUES ?v { UNDEF 4 'x' } }",
                  "\t2\t4\n");
    expect_answer(f->store, "SELECT (AVG(?v) AS ?a) { VALUES ?v { 1 2 2 } }", "1.666666666666666666\n");
    expect_answer(f->store, "SELECT (AVG(DISTINCT ?v) AS ?a) (COUNT(DISTINCT ?v) AS ?n) { VALUES ?v { 1 2 2 2.0 } }",
                  "1.666666666666666666\t3\n");
}

static void best_values_are_the_first_of_their_equals(void **state)
{
    const Fixture *const f = *state;
    expect_answer(f->store, "SELECT (MIN(?v) AS ?a) (MAX(?v) AS ?b) { VALUES ?v { 1.50 1.5 1.500 } }", "1.50\t1.50\n");
    expect_answer(f->store, "SELECT (MIN(?v) AS ?a) (MAX(?v) AS ?b) { VALUES ?v { 0e0 -0e0 } }", "0e0\t0e0\n");
    expect_answer(f->store,
                  "SELECT (MIN(?v) AS ?a) (MAX(?v) AS ?b) { VALUES ?v { 1e0 'NaN'^^" IRI_OF_XSD "double> -3e0 } }",
                  "\"NaN\"^^<http://www.w3.org/2001/XMLSchema#double>\t1e0\n");
    expect_answer(f->store, "SELECT (MIN(?v) AS ?a) (MAX(?v) AS ?b) { VALUES ?v { 3 2.5 1e1 'x' } }", "\"x\"\t1e1\n");
    expect_answer(f->store, "SELECT (MIN(?v) AS ?a) (MAX(?v) AS ?b) { VALUES ?v { 3 UNDEF } }", "\t\n");
    expect_answer(f->store, "SELECT (MIN(?v) AS ?a) { ?x :nothing ?v }", "\n");
}

static void groups_of_many_keys_and_counts_of_distinct_things_are_right(void **state)
{
    const Fixture *const f = *state;
    /* 3,000 numbers, each a key of its own and of its remainder; large enough for tables to grow and sets to change. */
    BaseBuffer query = {0};
    assert_true(base_buffer_add(&query,
                                "SELECT ?r (COUNT(DISTINCT ?v) AS ?n) (COUNT(?v) AS ?m) (SUM(?v) AS ?s) {"
                                " VALUES (?v ?r) {",
                                89));
    uint64_t sums[3] = {0};
    for (unsigned i = 0; i < 6000; i++) {
        assert_true(base_buffer_format(&query, "(%u %u) ", i / 2, i / 2 % 3));
        sums[i / 2 % 3] += i / 2;
    }
    assert_true(base_buffer_format(&query, "} } GROUP BY ?r ORDER BY ?r"));
    char expected[256];
    snprintf(expected, sizeof expected, "0\t1000\t2000\t%u\n1\t1000\t2000\t%u\n2\t1000\t2000\t%u\n", (unsigned)sums[0],
             (unsigned)sums[1], (unsigned)sums[2]);
    expect_answer(f->store, query.items, expected);
    base_buffer_free(&query);
}

static void everything_distinct_is_counted_once_by_term(void **state)
{
    const Fixture *const f = *state;
    char expected[64];
    snprintf(expected, sizeof expected, "%zu\t%zu\n", ODD_TERMS, ODD_TERMS);
    expect_answer(f->store, "SELECT (COUNT(?v) AS ?n) (COUNT(DISTINCT ?v) AS ?d) { ?s :value ?v }", expected);
    snprintf(expected, sizeof expected, "%zu\n", ODD_TERMS);
    expect_answer(f->store, "SELECT (COUNT(DISTINCT *) AS ?n) { { ?s :value ?v } UNION { ?s :value ?v } }", expected);
    expect_answer(f->store,
                  "SELECT (COUNT(*) AS ?n) { SELECT DISTINCT ?v { { ?s :value ?v } UNION { ?t :value ?v } } }",
                  expected);
}

/* ---- Filters ---- */

static const char *const comparisons[] = {"=", "!=", "<", ">", "<=", ">="};
#define COMPARISONS (sizeof comparisons / sizeof *comparisons)

/* With COALESCE the comparison is evaluated; without, ids decide what they can. */
static void filters_on_ids_let_the_same_rows_through(void **state)
{
    const Fixture *const f = *state;
    for (size_t op = 0; op < COMPARISONS; op++)
        for (size_t i = 0; i < ODD_TERMS; i++) {
            char text[512], other[512];
            snprintf(text, sizeof text, "SELECT ?v { ?s :value ?v FILTER(?v %s %s) } ORDER BY ?s", comparisons[op],
                     odd_terms[i]);
            snprintf(other, sizeof other, "SELECT ?v { ?s :value ?v FILTER(COALESCE(?v) %s %s) } ORDER BY ?s",
                     comparisons[op], odd_terms[i]);
            expect_same_answer(f->store, text, other);
        }
    for (size_t op = 0; op < COMPARISONS; op++) {
        char text[512], other[512];
        snprintf(text, sizeof text, "SELECT (COUNT(*) AS ?n) { ?s :value ?v . ?t :value ?w FILTER(?v %s ?w) }",
                 comparisons[op]);
        snprintf(other, sizeof other,
                 "SELECT (COUNT(*) AS ?n) { ?s :value ?v . ?t :value ?w FILTER(COALESCE(?v) %s ?w) }", comparisons[op]);
        expect_same_answer(f->store, text, other);
    }
}

static void filters_joined_by_and_need_all_of_them(void **state)
{
    const Fixture *const f = *state;
    static const char values[] = "{ VALUES (?v ?w) { (1 2) (2 1) (3 UNDEF) (UNDEF 3) ('x' 1) (2.5 2.5e0) } ";
    static const struct {
        const char *filter, *rows;
    } cases[] = {
        {"?v > 1 && ?v < 3", "2\t1\n2.5\t2.5e0\n"},
        {"1 < ?v && (3 > ?v && ?w > 1)", "2.5\t2.5e0\n"},
        {"?v >= 1 && ?w >= 1", "1\t2\n2\t1\n2.5\t2.5e0\n"},
        {"?v = ?w && STR(?v) != 'x'", "2.5\t2.5e0\n"},
        {"?v != ?w && ?v != 1", "2\t1\n\"x\"\t1\n"},
        {"(?v > 1 || ?w > 1) && ?w < 3", "1\t2\n2\t1\n2.5\t2.5e0\n"},
        {"!(?v > 1) && true", "1\t2\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, "SELECT ?v ?w %s FILTER(%s) }", values, cases[i].filter);
        expect_answer(f->store, text, cases[i].rows);
    }
}

/* ---- Texts ---- */

/* The evaluator sees COALESCE(?v); the filter on ?v borrows its text. */
static void filters_on_texts_let_the_same_rows_through(void **state)
{
    const Fixture *const f = *state;
    static const char *const calls[] = {"CONTAINS", "STRSTARTS", "STRENDS", "REGEX"};
    static const char *const parts[] = {"''",    "'a'",        "'abc'",    "'gh'",   "'\xc3\xa9'", "'a'@en",
                                        "'cat'", "'1'",        "'^a.*g$'", "'('",    "'A','i'",    "7",
                                        "?s",    "'abcdefgh'", "'T','i'",  "'.','Z'"};
    for (size_t call = 0; call < sizeof calls / sizeof *calls; call++)
        for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
            for (int is_str = 0; is_str < 2; is_str++) {
                char text[512], other[512];
                if (strchr(parts[part], ',') && call != 3)
                    continue;
                const char *const open = is_str ? "STR(" : "", *const shut = is_str ? ")" : "";
                snprintf(text, sizeof text, "SELECT ?s ?v { ?s :value ?v FILTER(%s(%s?v%s, %s)) }", calls[call], open,
                         shut, parts[part]);
                snprintf(other, sizeof other, "SELECT ?s ?v { ?s :value ?v FILTER(%s(%sCOALESCE(?v)%s, %s)) }",
                         calls[call], open, shut, parts[part]);
                expect_same_answer(f->store, text, other);
            }
    expect_answer(f->store, "SELECT ?v { VALUES ?v { 'xaby' 'aby' 'xab' UNDEF 1 'b'@en } FILTER(CONTAINS(?v, 'b')) }",
                  "\"xaby\"\n\"aby\"\n\"xab\"\n\"b\"@en\n");
    expect_answer(f->store, "SELECT ?v { VALUES ?v { 'xaby' 'aby' 'xab' UNDEF 1 'b'@en } FILTER(STRENDS(?v, 'b')) }",
                  "\"xab\"\n\"b\"@en\n");
}

static void case_is_changed_of_all_letters(void **state)
{
    const Fixture *const f = *state;
    expect_answer(f->store, "SELECT (UCASE('az AZ09@[`{') AS ?a) (LCASE('AZ az09@[`{'@en) AS ?b) {}",
                  "\"AZ AZ09@[`{\"\t\"az az09@[`{\"@en\n");
    expect_answer(f->store, "SELECT (UCASE('a\xc3\xa9z') AS ?a) (LCASE('A\xc3\x89Z') AS ?b) (LCASE('') AS ?c) {}",
                  "\"A\xc3\x89Z\"\t\"a\xc3\xa9z\"\t\"\"\n");
}

/* So often that the pattern becomes machine code; a long text is then more than its stack holds. */
static void patterns_that_are_used_often_match_as_before(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer query = {0};
    assert_true(base_buffer_format(&query, "SELECT (COUNT(*) AS ?n) (SUM(STRLEN(?v)) AS ?l) { VALUES ?v { "));
    for (unsigned i = 0; i < 400; i++)
        assert_true(base_buffer_format(&query, "'ab%u' ", i));
    assert_true(base_buffer_format(&query, "'"));
    for (unsigned i = 0; i < 30000; i++)
        assert_true(base_buffer_format(&query, "ab"));
    assert_true(base_buffer_format(&query, "7' } FILTER(REGEX(?v, '^(?:(a)|(b))+7$|^ab\\\\d*5$')) }"));
    expect_answer(f->store, query.items, "42\t60193\n");
    base_buffer_free(&query);
}

/* ---- Results that are kept ---- */

/* Columns of few values and of many, so that what is kept stays, grows or is given up. */
static void results_are_those_of_the_row_however_often_a_value_comes(void **state)
{
    const Fixture *const f = *state;
    static const unsigned repeats[] = {7, 1500, 12000, 100000};
    for (size_t i = 0; i < sizeof repeats / sizeof *repeats; i++) {
        const unsigned rows = 90000;
        unsigned odd = 0, sevens = 0;
        uint64_t sum = 0;
        BaseBuffer values = {0}, query = {0};
        for (unsigned row = 0; row < rows; row++) {
            const unsigned value = row * 7919 % repeats[i];
            assert_true(base_buffer_format(&values, "%u ", value));
            sum += 2 * value;
            odd += value % 2;
            sevens += value % 10 == 7;
        }
        char expected[128];
        assert_true(base_buffer_format(&query,
                                       "SELECT (COUNT(?d) AS ?n) (SUM(?d) AS ?s) (COUNT(?w) AS ?m) { VALUES ?v { %s }"
                                       " BIND(?v * 2 AS ?d) BIND(IF(CONTAINS(STR(?v / 2), '.5'), ?v, 1/0) AS ?w) }",
                                       values.items));
        snprintf(expected, sizeof expected, "%u\t%llu\t%u\n", rows, (unsigned long long)sum, odd);
        expect_answer(f->store, query.items, expected);
        query.count = 0;
        assert_true(base_buffer_format(&query,
                                       "SELECT (COUNT(*) AS ?n) { VALUES ?v { %s } FILTER(STRENDS(STR(?v), '7') &&"
                                       " STRLEN(STR(?v + 1)) > 0) }",
                                       values.items));
        snprintf(expected, sizeof expected, "%u\n", sevens);
        expect_answer(f->store, query.items, expected);
        base_buffer_free(&values);
        base_buffer_free(&query);
    }
}

static void what_depends_on_more_than_a_value_is_not_kept(void **state)
{
    const Fixture *const f = *state;
    static const char values[] = "{ VALUES (?v ?w) { (1 1) (1 2) (1 3) (1 UNDEF) (UNDEF 1) (1 1) } ";
    static const struct {
        const char *pattern, *count;
    } cases[] = {
        {"BIND(IF(?v = 1, RAND(), 0) AS ?x)", "5\n"},
        {"BIND(IF(?v = 1, STRUUID(), ?v) AS ?x)", "5\n"},
        {"BIND(BNODE(STR(?v)) AS ?x)", "5\n"},
        {"BIND(?v + ?w AS ?x)", "3\n"},
        {"BIND(IF(BOUND(?w), ?v, ?v + 1) AS ?x)", "2\n"},
        {"BIND(COALESCE(?v + 1, 0) AS ?x)", "2\n"},
        {"BIND(IF(EXISTS { VALUES ?w { 2 } }, ?v, 7) AS ?x)", "2\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, "SELECT (COUNT(DISTINCT ?x) AS ?n) %s %s }", values, cases[i].pattern);
        expect_answer(f->store, text, cases[i].count);
    }
    expect_answer(f->store, "SELECT ?w { VALUES (?v ?w) { (1 1) (1 2) (1 3) } FILTER(?v + 1 = ?w || STR(?w) = '3') }",
                  "2\n3\n");
    expect_answer(f->store, "SELECT ?x ?y { VALUES ?v { 'a' UNDEF } BIND(?v AS ?x) BIND(7 AS ?y) }", "\"a\"\t7\n\t7\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_those_of_the_row_however_often_a_value_comes),
        cmocka_unit_test(what_depends_on_more_than_a_value_is_not_kept),
        cmocka_unit_test(filters_on_texts_let_the_same_rows_through),
        cmocka_unit_test(case_is_changed_of_all_letters),
        cmocka_unit_test(patterns_that_are_used_often_match_as_before),
        cmocka_unit_test(filters_on_ids_let_the_same_rows_through),
        cmocka_unit_test(filters_joined_by_and_need_all_of_them),
        cmocka_unit_test(aggregates_of_ids_are_those_of_values),
        cmocka_unit_test(sums_are_exact_until_a_double_comes),
        cmocka_unit_test(best_values_are_the_first_of_their_equals),
        cmocka_unit_test(groups_of_many_keys_and_counts_of_distinct_things_are_right),
        cmocka_unit_test(everything_distinct_is_counted_once_by_term),
    };
    return cmocka_run_group_tests(tests, make_values, drop_fixture);
}
