/* Operators, functions and aggregates by the tables of the language's document: each value twice, computed when the
 * program is read and while it runs. */
#include "files_fixture.h"

#define XSD "http://www.w3.org/2001/XMLSchema#"

typedef struct Case {
    const char *expression, *cell; /* NULL: no value */
} Case;

/* What a cell of the export holds before it is quoted for CSV: a tab and no quotes keep it as it is. */
static void check(const Case *expected, const char *text)
{
    Outcome outcome = run_text(text, NULL);
    char *wanted = NULL, *found = NULL;
    assert_true(asprintf(&wanted, "%s%s", expected->cell ? expected->cell : "", expected->cell ? "\n" : "") >= 0);
    /* Undo the quoting of CSV. */
    found = strdup(outcome.output);
    if (found[0] == '"') {
        size_t to = 0;
        for (size_t i = 1; found[i]; i++) {
            if (found[i] == '"' && (found[i + 1] == '"'))
                i++;
            else if (found[i] == '"')
                continue;
            found[to++] = found[i];
        }
        found[to] = '\0';
    }
    if (outcome.status != BASE_OK || strcmp(found, wanted) != 0) {
        if (outcome.status != BASE_OK)
            base_error_print(stderr, &outcome.err);
        print_error("%s gives %s, expected %s\n", text, found, wanted);
        fail();
    }
    free(found);
    free(wanted);
    free_outcome(&outcome);
}

static void check_both_ways(const Case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[1000];
        snprintf(text, sizeof text, "@prefix xsd: <" XSD "> .\n@export r :- tsv{resource = \"\"}.\nr(%s).\n",
                 cases[i].expression);
        check(&cases[i], text);
        /* `one` is 1, so that 1 * ?one keeps nothing from being computed while it runs. */
        snprintf(text, sizeof text,
                 "@prefix xsd: <" XSD "> .\n@export r :- tsv{resource = \"\"}.\none(1).\n"
                 "r(?r) :- one(?one), ?r = %s.\n",
                 cases[i].expression);
        check(&cases[i], text);
    }
}

static void numbers_are_computed_as_the_document_says(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"1 + 2 * 3", "7"},
        {"(1 + 2) * 3", "9"},
        {"7 - 2 - 1", "4"},
        {"7 / 2", "3"},
        {"-7 / 2", "-3"},
        {"1 / 0", NULL},
        {"1.0 / 0", NULL},
        {"9223372036854775807 + 1", NULL},
        {"9223372036854775807 * 2", NULL},
        {"1 + 2.5", "\"3.5\"^^<" XSD "double>"},
        {"1.5f + 1.5f", "\"3\"^^<" XSD "float>"},
        {"1.5f + 1.5", "\"3\"^^<" XSD "double>"},
        {"1 + \"2\"", NULL},
        {"\"2.5\"^^xsd:decimal + 1", NULL},
        {"SUM(1, 2, 3)", "6"},
        {"PRODUCT(2, 3, 4)", "24"},
        {"SUBTRACTION(2, 3)", "-1"},
        {"MIN(3, 1, 2)", "1"},
        {"max(3, 1, 2.5)", "\"3\"^^<" XSD "double>"},
        {"LUKA(0.75, 0.5)", "\"0.25\"^^<" XSD "double>"},
        {"LUKA(0.25, 0.5)", "\"0\"^^<" XSD "double>"},
        {"LUKA(1, 1)", NULL},
        {"REM(-7, 3)", "-1"},
        {"REM(7, 0)", NULL},
        {"POW(2, 10)", "1024"},
        {"POW(2, 63)", NULL},
        {"POW(2, -1)", NULL},
        {"POW(2.0, -1)", "\"0.5\"^^<" XSD "double>"},
        {"LOG(1024, 2)", "10"},
        {"LOG(1000, 10)", "3"},
        {"LOG(0, 2)", NULL},
        {"LOG(8, 1)", NULL},
        {"LOG(8.0, 2.0)", "\"3\"^^<" XSD "double>"},
        {"ABS(-4)", "4"},
        {"INVERTSIGN(4)", "-4"},
        {"SQRT(10)", "3"},
        {"SQRT(-1)", NULL},
        {"SQRT(2.25)", "\"1.5\"^^<" XSD "double>"},
        {"SIN(0)", NULL},
        {"SIN(0.0)", "\"0\"^^<" XSD "double>"},
        {"COS(0.0)", "\"1\"^^<" XSD "double>"},
        {"TAN(0.0)", "\"0\"^^<" XSD "double>"},
        {"ROUND(2.5)", "\"3\"^^<" XSD "double>"},
        {"ROUND(-2.5)", "\"-3\"^^<" XSD "double>"},
        {"CEIL(4.2)", "\"5\"^^<" XSD "double>"},
        {"FLOOR(4.2)", "\"4\"^^<" XSD "double>"},
        {"CEIL(4)", "4"},
        {"BITAND(12, 10)", "8"},
        {"BITAND(-1, -1)", "9223372036854775807"},
        {"BITOR(12, 10)", "14"},
        {"BITXOR(12, 10, 1)", "7"},
        {"BITSHL(1, 4)", "16"},
        {"BITSHL(1, -1)", NULL},
        {"BITSHR(-8, 1)", "-4"},
        {"BITSHRU(-8, 1)", "9223372036854775804"},
        {"12345678901234567890", "\"12345678901234567000\"^^<" XSD "double>"},
        {"0.0001663", "\"0.0001663\"^^<" XSD "double>"},
        {"1e21", "\"1000000000000000000000\"^^<" XSD "double>"},
        {"3f", "3"},
        {"0b101 + 0o17 + 0xFF", "275"},
    };
    check_both_ways(cases, sizeof cases / sizeof *cases);
}

static void tests_and_casts_are_as_the_document_says(void **state)
{
    (void)state;
#define TRUE "\"true\"^^<" XSD "boolean>"
#define FALSE "\"false\"^^<" XSD "boolean>"
    static const Case cases[] = {
        {"EQUALITY(2, 2)", TRUE},
        {"EQUALITY(2, 2.0)", FALSE},
        {"EQUALITY(2, \"2\")", FALSE},
        {"UNEQUALITY(a, b)", TRUE},
        {"EQUALITY(\"x\"^^xsd:string, \"x\")", TRUE},
        {"EQUALITY(\"01\"^^xsd:int, 1)", TRUE},
        {"EQUALITY(\"3.0\"^^xsd:decimal, 3)", TRUE},
        {"NUMLESS(1, 2)", TRUE},
        {"NUMLESSEQ(2, 2.0)", TRUE},
        {"NUMGREATER(1, 2)", FALSE},
        {"NUMGREATEREQ(2, a)", NULL},
        {"NOT(false)", TRUE},
        {"NOT(1)", NULL},
        {"AND()", TRUE},
        {"OR()", FALSE},
        {"AND(true, false)", FALSE},
        {"OR(true, 1)", NULL},
        {"isInteger(3)", TRUE},
        {"isInteger(3.0)", FALSE},
        {"isFloat(1.5f)", TRUE},
        {"isFloat(1.5)", FALSE},
        {"isDouble(1.5)", TRUE},
        {"isNumeric(\"2.5\"^^xsd:decimal)", FALSE},
        {"isString(\"x\")", TRUE},
        {"isString(\"x\"@en)", FALSE},
        {"isIri(a)", TRUE},
        {"isNull(a)", FALSE},
        {"INT(3.0)", "3"},
        {"INT(3.5)", NULL},
        {"INT(true)", "1"},
        {"INT(\"0x1F\")", "31"},
        {"INT(\"12\")", "12"},
        {"INT(\"x\")", NULL},
        {"INT(a)", NULL},
        {"DOUBLE(\"2.5\"^^xsd:decimal)", "\"2.5\"^^<" XSD "double>"},
        {"DOUBLE(true)", NULL},
        {"FLOAT(0.1)", "\"0.1\"^^<" XSD "float>"},
        {"IRI(\"x\")", "x"},
        {"IRI(1)", NULL},
        {"STR(2.0)", "\"2\""},
        {"STR(\"x\"@en)", "\"x\""},
        {"STR(<http://x/y>)", "\"http://x/y\""},
        {"fullStr(2.0)", "\"\\\"2\\\"^^<" XSD "double>\""},
        {"fullStr(a)", "\"<a>\""},
        {"DATATYPE(5)", XSD "int"},
        {"DATATYPE(5000000000)", XSD "long"},
        {"DATATYPE(a)", XSD "anyURI"},
        {"DATATYPE(\"x\"@en)", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"},
        {"DATATYPE(\"2001-01-01\"^^xsd:date)", XSD "date"},
        {"LANG(\"x\"@EN)", "\"en\""},
        {"LANG(\"x\")", "\"\""},
        {"LANG(1)", NULL},
        {"STRLANG(\"x\", \"de-AT\")", "\"x\"@de-at"},
        {"\"18446744073709551615\"^^xsd:unsignedLong", "18446744073709551615"},
        {"\"-0012\"^^xsd:integer", "-12"},
        {"\"99999999999999999999\"^^xsd:integer", "99999999999999999999"},
        {"\"+01.50\"^^xsd:decimal", "\"1.5\"^^<" XSD "decimal>"},
    };
    check_both_ways(cases, sizeof cases / sizeof *cases);
}

static void texts_are_computed_by_graphemes(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"STRLEN(\"abc\")", "3"},
        {"STRLEN(\"e\xcc\x81x\")", "2"},
        {"STRLEN(1)", NULL},
        {"STRREV(\"abe\xcc\x81\"@fr)", "\"e\xcc\x81"
                                       "ba\"@fr"},
        {"UCASE(\"stra\xc3\x9f"
         "e\"@de)",
         "\"STRASSE\"@de"},
        {"LCASE(\"\xc3\x84x\")", "\"\xc3\xa4x\""},
        {"CONCAT()", "\"\""},
        {"CONCAT(\"a\"@en, \"b\"@en)", "\"ab\"@en"},
        {"CONCAT(\"a\"@en, \"b\")", "\"ab\""},
        {"CONCAT(\"a\", 1)", NULL},
        {"COMPARE(\"a\", \"b\")", "-1"},
        {"COMPARE(\"a\"@en, \"a\"@en)", "0"},
        {"COMPARE(\"a\", \"a\"@en)", NULL},
        {"CONTAINS(\"abc\", \"bc\")", TRUE},
        {"STRSTARTS(\"abc\"@en, \"ab\")", TRUE},
        {"STRENDS(\"abc\", \"ab\")", FALSE},
        {"REGEX(\"abc\", \"^a.c$\")", TRUE},
        {"REGEX(\"abc\", \"(\")", FALSE},
        {"STRBEFORE(\"a-b\"@en, \"-\")", "\"a\"@en"},
        {"STRAFTER(\"a-b\", \"-\")", "\"b\""},
        {"STRAFTER(\"a-b\"@en, \"x\")", "\"\""},
        {"SUBSTR(\"hello\", 2)", "\"ello\""},
        {"SUBSTR(\"hello\", 0, 3)", "\"he\""},
        {"SUBSTR(\"hello\", 2, 3)", "\"ell\""},
        {"SUBSTR(\"hello\", 9)", "\"\""},
        {"SUBSTR(\"hello\", 2, 0)", "\"\""},
        {"LEVENSHTEIN(\"kitten\", \"sitting\")", "3"},
        {"URIENCODE(\"a b/\xc3\xa4\")", "\"a%20b%2F%C3%A4\""},
        {"URIDECODE(\"a%20b\")", "\"a b\""},
        {"URIDECODE(\"%FF\")", NULL},
        {"f\"a {1 + 1} {{b}} {<x>}\"", "\"a 2 {b} x\""},
        {"f\"\"\"say \"{1}\" \"\"\"", "\"say \\\"1\\\" \""},
        {"f\"\"", "\"\""},
        {"\"a\\b\"", "\"a\\\\b\""},
        {"\"\"\"a \"b\" c\"\"\"", "\"a \\\"b\\\" c\""},
        {"_:b1", "b1"},
        {"Hello%20World", "Hello%20World"},
    };
    check_both_ways(cases, sizeof cases / sizeof *cases);
}

static void conditions_hold_only_when_they_are_true(void **state)
{
    (void)state;
    expect_output("@export r :- csv{resource = \"\"}.\nv(1). v(2.5). v(a). v(\"x\"). v(true).\n"
                  "r(?x) :- v(?x), ?x > 1.\n",
                  "\"\"\"2.5\"\"^^<" XSD "double>\"\n");
    /* What fails is not false: it does not hold under != and NOT either. */
    expect_output("@export r :- csv{resource = \"\"}.\nv(0). v(1).\nr(?x) :- v(?x), 1 / ?x != 5.\n", "1\n");
    expect_output("@export r :- csv{resource = \"\"}.\nv(0). v(1).\nr(?x) :- v(?x), NOT(NUMLESS(1 / ?x, 1)).\n", "1\n");
    expect_output("@export r :- csv{resource = \"\"}.\nv(abc). v(xbc).\nr(?x) :- v(?x), STRSTARTS(STR(?x), \"a\").\n",
                  "abc\n");
    /* `=` assigns whichever way round, and through others in any order. */
    expect_output("@export r :- csv{resource = \"\"}.\nv(2).\nr(?z) :- ?y + 1 = ?z, ?y = ?x * ?x, v(?x).\n", "5\n");
    expect_output("@export r :- csv{resource = \"\"}.\nv(2, 4). v(3, 5).\nr(?x) :- v(?x, ?x * 2).\n", "2\n");
    expect_output("@export r :- csv{resource = \"\"}.\nv(2). w(4).\nr(?x) :- v(?x), ~w(?x * 2).\n", "");
    expect_output("@export r :- csv{resource = \"\"}.\nv(2). w(4).\nr(?x) :- v(?x), ~w(?x + 1).\n", "2\n");
}

static void aggregates_fold_distinct_values_of_groups(void **state)
{
    (void)state;
    static const char facts[] = "@export r :- csv{resource = \"\"}.\nq(1, 4, 7). q(1, 4, 8). q(2, 5, 9). q(2, a, 9).\n";
    static const struct {
        const char *rule, *expected;
    } cases[] = {
        {"r(?x, #sum(?y)) :- q(?x, ?y, _).", "1,4\n2,5\n"},
        {"r(?x, #sum(?y, ?z)) :- q(?x, ?y, ?z).", "1,8\n2,5\n"},
        {"r(#count(?y)) :- q(_, ?y, _).", "3\n"},
        {"r(?x, #count(?y, ?z)) :- q(?x, ?y, ?z).", "1,2\n2,2\n"},
        {"r(#MAX(?y)) :- q(_, ?y, _).", "5\n"},
        {"r(#min(?y)) :- q(_, ?y, _).", "a\n"}, /* all that is no number is below */
        {"r(?x, ?z * #sum(?y)) :- q(?x, ?y, ?z).", "1,28\n1,32\n2,45\n"},
        {"r(?x, #sum(?y * 2)) :- q(?x, ?y, _).", "1,8\n2,10\n"},
        {"r(?x + 1, #count(?y)) :- q(?x, ?y, _).", "2,1\n3,2\n"},
        {"r(#count(?y)) :- q(_, ?y, 100).", ""}, /* no input, no row */
        {"r(?x, 10 / (#count(?y) - 1)) :- q(?x, ?y, _).", "2,10\n"},
        {"r(#sum(?d)) :- q(?x, ?y, ?z), ?d = ?z * 1.5.", "\"\"\"36\"\"^^<" XSD "double>\"\n"},
        {"s(?x, #count(?z)) :- q(?x, _, ?z). r(?n) :- s(_, ?n).", "1\n2\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[600];
        snprintf(text, sizeof text, "%s%s", facts, cases[i].rule);
        expect_output(text, cases[i].expected);
    }
}

static void a_sum_out_of_range_ends_the_run_and_names_the_rule(void **state)
{
    (void)state;
    Outcome outcome = run_text("@export r :- csv{resource = \"\"}.\nq(9223372036854775807). q(1).\n"
                               "#[name(\"total\")] r(#sum(?x)) :- q(?x).\n",
                               NULL);
    assert_int_equal(outcome.status, BASE_BAD_INPUT);
    expect_words(&outcome.err, "64 bits");
    assert_non_null(strstr(outcome.err.hint, "total"));
    free_outcome(&outcome);
}

static void a_ground_expression_without_a_value_is_warned_of_and_gives_nothing(void **state)
{
    (void)state;
    Outcome outcome = run_text("@export r :- csv{resource = \"\"}.\nr(1 / 0). r(2).\n", NULL);
    assert_int_equal(outcome.status, BASE_OK);
    assert_string_equal(outcome.output, "2\n");
    assert_int_equal(outcome.warnings.count, 1);
    expect_words(&outcome.warnings.items[0], "[238]");
    free_outcome(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_computed_as_the_document_says),
        cmocka_unit_test(tests_and_casts_are_as_the_document_says),
        cmocka_unit_test(texts_are_computed_by_graphemes),
        cmocka_unit_test(conditions_hold_only_when_they_are_true),
        cmocka_unit_test(aggregates_fold_distinct_values_of_groups),
        cmocka_unit_test(a_sum_out_of_range_ends_the_run_and_names_the_rule),
        cmocka_unit_test(a_ground_expression_without_a_value_is_warned_of_and_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
