#include "expect.h"

#include "datasets/datasets.h"

static void every_set_says_what_it_is_and_whose(void **state)
{
    (void)state;
    assert_true(datasets_count() >= 2);
    for (size_t i = 0; i < datasets_count(); i++) {
        const DatasetsInfo *const info = datasets_at(i);
        assert_true(info->name && info->title && info->source && info->licence && info->files);
        assert_true(!info->folder == !info->package); /* what is looked for can be installed */
        assert_ptr_equal(datasets_find(info->name), info);
    }
    assert_null(datasets_at(datasets_count()));
    assert_null(datasets_find("nothing"));
    assert_null(datasets_find(NULL));
}

static void a_set_made_here_is_always_here(void **state)
{
    (void)state;
    assert_true(datasets_is_here(datasets_find("digits"), NULL));
    assert_false(datasets_is_here(datasets_find("wordnet"), "/nonexistent"));
    assert_false(datasets_is_here(NULL, NULL));
}

static void an_unknown_name_gets_a_near_one_as_hint(void **state)
{
    (void)state;
    BaseError err = {0};
    assert_int_equal(datasets_convert("wordnt", NULL, "/nonexistent/x", NULL, NULL, &err), BASE_NOT_FOUND);
    expect_words(&err, "wordnt");
    expect_words(&err, "did you mean wordnet?");
}

static void an_absent_source_is_named(void **state)
{
    (void)state;
    BaseError err = {0};
    const DatasetsOptions options = {.folder = "/nonexistent"};
    assert_int_equal(datasets_convert("wordnet", &options, "/nonexistent/x", NULL, NULL, &err), BASE_NOT_FOUND);
    expect_words(&err, "wordnet is not in /nonexistent");
}

static void an_output_that_cannot_be_made_is_an_io_error(void **state)
{
    (void)state;
    BaseError err = {0};
    assert_int_equal(datasets_convert("digits", NULL, "/dev/null/x", NULL, NULL, &err), BASE_IO);
    expect_words(&err, "/dev/null");
}

static void a_call_without_an_output_is_a_bad_call(void **state)
{
    (void)state;
    BaseError err = {0};
    assert_int_equal(datasets_convert("digits", NULL, "", NULL, NULL, &err), BASE_BAD_CALL);
    assert_int_equal(datasets_convert(NULL, NULL, "x", NULL, NULL, NULL), BASE_BAD_CALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_says_what_it_is_and_whose),
        cmocka_unit_test(a_set_made_here_is_always_here),
        cmocka_unit_test(an_unknown_name_gets_a_near_one_as_hint),
        cmocka_unit_test(an_absent_source_is_named),
        cmocka_unit_test(an_output_that_cannot_be_made_is_an_io_error),
        cmocka_unit_test(a_call_without_an_output_is_a_bad_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
