/* Folders, and files that are whole or not there. */
#include "expect.h"

static void a_file_appears_only_when_it_is_committed(void **state)
{
    (void)state;
    char *const folder = make_temporary_folder();
    char *const path = base_join_path(folder, "model");
    write_text_file(path, "old");
    BaseNewFile file;
    BaseError err = {0};
    expect_ok(base_file_create(path, &file, &err), &err);
    fputs("half", file.stream);
    base_file_abort(&file);
    char *bytes;
    size_t length;
    expect_ok(base_read_file(path, &bytes, &length, &err), &err);
    assert_string_equal(bytes, "old");
    free(bytes);
    expect_ok(base_file_create(path, &file, &err), &err);
    fputs("new and whole", file.stream);
    expect_ok(base_file_commit(&file, &err), &err);
    expect_ok(base_read_file(path, &bytes, &length, &err), &err);
    assert_string_equal(bytes, "new and whole");
    free(bytes);
    assert_int_equal(remove(path), 0);
    assert_int_equal(rmdir(folder), 0); /* nothing stray is left */
    free(path);
    free(folder);
}

static void folders_are_made_with_those_above_and_removed_with_all_in_them(void **state)
{
    (void)state;
    char *const folder = make_temporary_folder();
    char *const deep = base_join_path(folder, "a/b/c/");
    BaseError err = {0};
    expect_ok(base_make_folder(deep, &err), &err);
    expect_ok(base_make_folder(deep, &err), &err);
    assert_true(base_is_folder(deep));
    char *const path = base_join_path(deep, "file");
    write_text_file(path, "x");
    assert_true(base_is_file(path));
    char *const below_file = base_join_path(path, "d");
    assert_int_equal(base_make_folder(below_file, &err), BASE_IO);
    expect_words(&err, "file");
    err = (BaseError){0};
    expect_ok(base_remove(folder, &err), &err);
    assert_false(base_is_folder(folder));
    expect_ok(base_remove(folder, &err), &err);
    free(below_file);
    free(path);
    free(deep);
    free(folder);
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    BaseNewFile file;
    BaseError err = {0};
    assert_int_equal(base_file_create("/no/such/folder/model", &file, &err), BASE_IO);
    expect_words(&err, "/no/such/folder/model");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_appears_only_when_it_is_committed),
        cmocka_unit_test(folders_are_made_with_those_above_and_removed_with_all_in_them),
        cmocka_unit_test(a_place_that_cannot_be_written_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
