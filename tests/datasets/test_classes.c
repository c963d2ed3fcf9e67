#include "expect.h"

#include "datasets/datasets.h"

static BaseStatus read_text(const char *text, char ***names, size_t *count, BaseError *err)
{
    char *const folder = make_temporary_folder();
    char *const path = base_join_path(folder, "classes.txt");
    write_text_file(path, text);
    const BaseStatus status = datasets_read_classes(path, names, count, err);
    base_remove(folder, NULL);
    free(path);
    free(folder);
    return status;
}

static void each_line_names_a_class(void **state)
{
    (void)state;
    static const char *const texts[] = {"zero\none\nnew york\n", "zero\r\none\r\nnew york"};
    for (size_t i = 0; i < 2; i++) {
        char **names;
        size_t count;
        BaseError err = {0};
        expect_ok(read_text(texts[i], &names, &count, &err), &err);
        assert_int_equal(count, 3);
        assert_string_equal(names[0], "zero");
        assert_string_equal(names[1], "one");
        assert_string_equal(names[2], "new york");
        free(names);
    }
}

static void expect_fault(const char *text, uint32_t line, const char *words)
{
    char **names = (char **)&text;
    size_t count = 1;
    BaseError err = {0};
    assert_int_equal(read_text(text, &names, &count, &err), BASE_BAD_INPUT);
    assert_null(names);
    assert_int_equal(count, 0);
    assert_int_equal(err.line, line);
    expect_words(&err, words);
}

static void bad_names_are_told_with_their_line(void **state)
{
    (void)state;
    expect_fault("", 0, "no class is named");
    expect_fault("zero\n\ntwo\n", 2, "expected the name of class 1");
    expect_fault("zero\none\nzero\n", 3, "class 0 is called \"zero\" already");
    expect_fault("zero\n\xff\n", 2, "expected UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_names_a_class),
        cmocka_unit_test(bad_names_are_told_with_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
