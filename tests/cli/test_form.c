/* test_form.c - parameters and media types of HTTP requests, well-formed and hostile. */
#include "expect.h"

#include "cli/serve_form.h"

typedef struct Taken {
    char text[256];
} Taken;

static bool take(void *context, KgText name, KgText value)
{
    Taken *const taken = context;
    const size_t length = strlen(taken->text);
    snprintf(taken->text + length, sizeof taken->text - length, "[%.*s|%.*s]", (int)name.length, name.bytes,
             (int)value.length, value.bytes);
    return name.length != 4 || memcmp(name.bytes, "stop", 4) != 0;
}

static void expect_form(const char *text, const char *wanted, bool is_good, bool is_malformed)
{
    BaseArena arena = {0};
    Taken taken = {""};
    bool is_bad = false;
    /* A copy without a NUL behind it: whoever reads on is caught by the sanitizer. */
    const size_t length = strlen(text);
    char *const exact = malloc(length ? length : 1);
    memcpy(exact, text, length);
    assert_int_equal(form_read((KgText){exact, length}, &arena, take, &taken, &is_bad), is_good);
    assert_int_equal(is_bad, is_malformed);
    assert_string_equal(taken.text, wanted);
    free(exact);
    base_arena_free(&arena);
}

static void parameters_are_parted_and_decoded(void **state)
{
    (void)state;
    expect_form("query=a+b%20c%3D%c3%A9&x=&y&=z", "[query|a b c=\xc3\xa9][x|][y|][|z]", true, false);
    expect_form("", "", true, false);
    expect_form("&&a=1&", "[a|1]", true, false);
    expect_form("a=b=c", "[a|b=c]", true, false);
    expect_form("stop=1&b=2", "[stop|1]", false, false);
}

static void what_is_malformed_is_told(void **state)
{
    (void)state;
    expect_form("a=1&b=%", "[a|1]", false, true);
    expect_form("a=%1", "", false, true);
    expect_form("a=%zz", "", false, true);
    expect_form("a=%0g", "", false, true);
    expect_form("%=1", "", false, true);
    expect_form("a=%00", "", false, true);
}

static void content_types_are_compared_without_their_parameters(void **state)
{
    (void)state;
    assert_true(media_type_is("application/sparql-query", "application/sparql-query"));
    assert_true(media_type_is(" Application/SPARQL-Query ; charset=UTF-8", "application/sparql-query"));
    assert_true(media_type_is("text/csv; header=present; charset=\"utf-8\"", "text/csv"));
    assert_false(media_type_is("text/csv; charset=latin1", "text/csv"));
    assert_false(media_type_is("text/csvx", "text/csv"));
    assert_false(media_type_is("", "text/csv"));
    assert_false(media_type_is(NULL, "text/csv"));
}

static int chosen(const char *accept)
{
    static const char *const offers[] = {"text/turtle", "application/n-triples", "text/plain"};
    size_t which;
    return media_choose(accept, offers, 3, &which) ? (int)which : -1;
}

static void accept_chooses_by_weight_then_by_the_servers_order(void **state)
{
    (void)state;
    assert_int_equal(chosen(NULL), 0);
    assert_int_equal(chosen(""), 0);
    assert_int_equal(chosen("*/*"), 0);
    assert_int_equal(chosen("application/n-triples"), 1);
    assert_int_equal(chosen("text/*;q=0.5, application/n-triples;q=0.4"), 0);
    assert_int_equal(chosen("text/*;q=0.5, text/turtle;q=0.1"), 2);
    assert_int_equal(chosen("text/html, application/xhtml+xml, */*;q=0.8"), 0);
    assert_int_equal(chosen("*/*;q=0.2,application/N-Triples ; q=0.3"), 1);
    assert_int_equal(chosen("text/turtle;q=0, */*"), 1);
    assert_int_equal(chosen("text/html"), -1);
    assert_int_equal(chosen("*/*;q=0"), -1);
    assert_int_equal(chosen("text/turtle;q=nonsense"), -1);
    assert_int_equal(chosen(",,;q=1,/,*"), -1);
    assert_int_equal(chosen("text/"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_parted_and_decoded),
        cmocka_unit_test(what_is_malformed_is_told),
        cmocka_unit_test(content_types_are_compared_without_their_parameters),
        cmocka_unit_test(accept_chooses_by_weight_then_by_the_servers_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
