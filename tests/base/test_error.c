/* Places, excerpts and carets: what a person sees when something is wrong. */
#include "expect.h"

static char *printed(const BaseError *err)
{
    char *text = NULL;
    size_t length = 0;
    FILE *const out = open_memstream(&text, &length);
    base_error_print(out, err);
    fclose(out);
    return text;
}

static void the_first_report_wins(void **state)
{
    (void)state;
    BaseError err = {0};
    assert_int_equal(base_fail(&err, BASE_BAD_INPUT, "first %d", 1), BASE_BAD_INPUT);
    assert_int_equal(base_fail(&err, BASE_IO, "second"), BASE_IO);
    assert_int_equal(err.status, BASE_BAD_INPUT);
    assert_string_equal(err.message, "first 1");
    assert_int_equal(base_fail(NULL, BASE_IO, "nobody listens"), BASE_IO);
}

static void a_place_is_printed_with_its_line_and_a_caret(void **state)
{
    (void)state;
    const char text[] = "a(?x).\nuncle(?x, ?y) :- p(?x).\n";
    BaseError err = {0};
    const size_t offset = (size_t)(strstr(text, "?y") - text);
    base_fail_at(&err, BASE_BAD_INPUT, base_source_at("family.rls", text, sizeof text - 1, offset, 2), "unsafe %s",
                 "?y");
    base_hint(&err, "bind it in the body");
    char *const seen = printed(&err);
    assert_string_equal(seen, "family.rls:2:11: error: unsafe ?y\n"
                              "  uncle(?x, ?y) :- p(?x).\n"
                              "            ^~\n"
                              "  hint: bind it in the body\n");
    free(seen);
}

static void columns_count_characters_and_the_caret_stands_under_them(void **state)
{
    (void)state;
    const char text[] = "\xc3\xa4\xe6\xbc\xa2 ?"; /* a-umlaut, a wide Han character, blank, ? */
    BaseError err = {0};
    base_fail_at(&err, BASE_BAD_INPUT, base_source_at("q", text, sizeof text - 1, 6, 1), "here");
    assert_int_equal(err.column, 4);
    char *const seen = printed(&err);
    assert_non_null(strstr(seen, "\n      ^\n")); /* two of indent, then 1 + 2 + 1 columns */
    free(seen);
}

static void a_long_line_is_cut_around_the_caret(void **state)
{
    (void)state;
    char text[4000];
    memset(text, 'x', sizeof text);
    text[3000] = '!';
    BaseError err = {0};
    base_fail_at(&err, BASE_BAD_INPUT, base_source_at("long", text, sizeof text, 3000, 1), "bang");
    assert_int_equal(err.column, 3001);
    assert_true(strlen(err.excerpt) < sizeof err.excerpt);
    assert_int_equal(err.excerpt[err.excerpt_column - 1], '!');
}

static void control_characters_and_broken_utf8_are_made_visible(void **state)
{
    (void)state;
    const char text[] = "a\tb\xff\x01z";
    BaseError err = {0};
    base_fail_at(&err, BASE_BAD_INPUT, base_source_at("raw", text, sizeof text - 1, 3, 1), "bad byte");
    assert_string_equal(err.excerpt, "a b??z");
    assert_int_equal(err.column, 4);
}

static void a_place_past_the_end_is_the_end(void **state)
{
    (void)state;
    const char text[] = "ask {";
    BaseError err = {0};
    base_fail_at(&err, BASE_BAD_INPUT, base_source_at("<query>", text, 5, 99, 1), "expected }");
    assert_int_equal(err.line, 1);
    assert_int_equal(err.column, 6);
    assert_int_equal(err.excerpt_column, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_report_wins),
        cmocka_unit_test(a_place_is_printed_with_its_line_and_a_caret),
        cmocka_unit_test(columns_count_characters_and_the_caret_stands_under_them),
        cmocka_unit_test(a_long_line_is_cut_around_the_caret),
        cmocka_unit_test(control_characters_and_broken_utf8_are_made_visible),
        cmocka_unit_test(a_place_past_the_end_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
