/* UTF-8 by RFC 3629, numbers, near words, JSON. */
#include "expect.h"

#include <math.h>

static void every_code_point_survives_encoding(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x110000; c++) {
        char bytes[4];
        const size_t size = base_utf8_encode(c, bytes);
        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
            assert_int_equal(size, 0);
            continue;
        }
        uint32_t back;
        assert_int_equal(base_utf8_decode(bytes, size, &back), size);
        assert_int_equal(back, c);
        if (size > 1)
            assert_int_equal(base_utf8_decode(bytes, size - 1, &back), 0);
    }
}

static void malformed_bytes_are_found_where_they_stand(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length, at;
    } cases[] = {
        {"plain ascii, more than eight", 28, 28},
        {"12345678\xff", 9, 8},
        {"\xc0\x80", 2, 0},         /* overlong NUL */
        {"a\xed\xa0\x80", 4, 1},    /* surrogate */
        {"\xf4\x90\x80\x80", 4, 0}, /* past U+10FFFF */
        {"\xe2\x82", 2, 0},         /* cut short */
        {"ok \xe2\x82\xac ok", 9, 9},
        {"x\x80", 2, 1},
        {"\xf8\x88\x80\x80\x80", 5, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(base_utf8_check(cases[i].bytes, cases[i].length), cases[i].at);
}

static void numbers_parse_whole_and_within_bounds(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_true(base_parse_uint("42", 1, 100, &n) && n == 42);
    static const char *const bad[] = {"", " 1", "1 ", "-1", "+1", "0x10", "101", "0", "99999999999999999999", "1.0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(base_parse_uint(bad[i], 1, 100, &n));
    assert_int_equal(n, 42);
    double d = 0;
    assert_true(base_parse_double("1e-3", 0, 1, &d) && d == 1e-3);
    assert_false(base_parse_double("nan", 0, 1, &d));
    assert_false(base_parse_double("1e999", 0, INFINITY, &d));
    assert_false(base_parse_double("", 0, 1, &d));
}

static void digits_are_grouped_by_threes(void **state)
{
    (void)state;
    char out[BASE_GROUPED_BYTES];
    assert_string_equal(base_group_digits(0, out), "0");
    assert_string_equal(base_group_digits(999, out), "999");
    assert_string_equal(base_group_digits(1000, out), "1,000");
    assert_string_equal(base_group_digits(UINT64_MAX, out), "18,446,744,073,709,551,615");
}

static void the_nearest_word_is_suggested_and_a_far_one_is_not(void **state)
{
    (void)state;
    static const char *const words[] = {"import", "export", "reason"};
    assert_string_equal(base_nearest("improt", words, 3), "import");
    assert_string_equal(base_nearest("reson", words, 3), "reason");
    assert_null(base_nearest("zzzzzz", words, 3));
    assert_int_equal(base_edit_distance("kitten", 6, "sitting", 7, 9), 3);
    assert_int_equal(base_edit_distance("kitten", 6, "sitting", 7, 2), 3);
}

static void json_strings_are_escaped_and_numbers_read_back(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *const out = open_memstream(&text, &length);
    base_json_string(out, "a\"\\\n\x01\xc3\xa4", 7);
    base_json_number(out, 0.1);
    base_json_number(out, (double)INFINITY);
    base_json_number(out, 1.0 / 3);
    base_xml_text(out, "<&>\"'", 5);
    fclose(out);
    assert_string_equal(text, "\"a\\\"\\\\\\n\\u0001\xc3\xa4\"0.1null0.3333333333333333&lt;&amp;&gt;&quot;&#39;");
    free(text);
}

static void plain_bytes_are_counted_wherever_they_end(void **state)
{
    (void)state;
    char text[70];
    for (size_t length = 0; length < sizeof text; length++)
        for (size_t at = 0; at <= length; at++)
            for (size_t i = 0; i < 4; i++) {
                memset(text, 'a', sizeof text);
                text[length / 2] = '\xc3'; /* as part of UTF-8 */
                if (at < length)
                    text[at] = "<\x1f\x7f>"[i];
                assert_int_equal(base_plain_length(text, length, 0x20, "<>", 2), at);
            }
    assert_int_equal(base_plain_length("ab\0c", 4, 0, "c", 1), 3);
}

static void what_buffers_get_is_what_files_get(void **state)
{
    (void)state;
    char bytes[600], *text = NULL;
    size_t length = 0;
    BaseBuffer buffer = {0};
    FILE *const out = open_memstream(&text, &length);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i % 3 ? 'a' + i % 26 : i / 3 % 0x80);
    base_json_string(out, bytes, sizeof bytes);
    base_xml_text(out, bytes, sizeof bytes);
    fclose(out);
    assert_true(base_buffer_json(&buffer, bytes, sizeof bytes));
    assert_true(base_buffer_xml(&buffer, bytes, sizeof bytes));
    assert_int_equal(buffer.count, length);
    assert_memory_equal(buffer.items, text, length);
    base_buffer_free(&buffer);
    free(text);
}

static void parts_are_found_where_the_library_finds_them(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 3);
    for (int round = 0; round < 100000; round++) {
        const size_t length = (size_t)base_random_below(&random, 80);
        const size_t part_length = 1 + (size_t)base_random_below(&random, round % 8 ? 4 : 30);
        char *const exact = malloc(length + 1), part[32];
        assert_non_null(exact);
        for (size_t i = 0; i < length; i++)
            exact[i] = (char)('a' + base_random_below(&random, 3));
        for (size_t i = 0; i < part_length; i++)
            part[i] = (char)('a' + base_random_below(&random, 3));
        const size_t from = length >= part_length ? (size_t)base_random_below(&random, length - part_length + 1) : 0;
        if (round % 2 && length >= part_length)
            memcpy(part, exact + from, part_length);
        const char *const expected = memmem(exact, length, part, part_length);
        assert_int_equal(base_find(exact, length, part, part_length), expected ? (size_t)(expected - exact) : SIZE_MAX);
        free(exact);
    }
    assert_int_equal(base_find("", 0, "", 0), 0);
    assert_int_equal(base_find(NULL, 0, "a", 1), SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_survives_encoding),
        cmocka_unit_test(malformed_bytes_are_found_where_they_stand),
        cmocka_unit_test(numbers_parse_whole_and_within_bounds),
        cmocka_unit_test(digits_are_grouped_by_threes),
        cmocka_unit_test(the_nearest_word_is_suggested_and_a_far_one_is_not),
        cmocka_unit_test(json_strings_are_escaped_and_numbers_read_back),
        cmocka_unit_test(parts_are_found_where_the_library_finds_them),
        cmocka_unit_test(plain_bytes_are_counted_wherever_they_end),
        cmocka_unit_test(what_buffers_get_is_what_files_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
