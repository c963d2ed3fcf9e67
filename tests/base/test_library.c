/* Libraries that are loaded when they are wanted: the first that is there, all of its functions, and words where not.
 */
#include "expect.h"

#include <string.h>

static void functions_of_the_first_library_that_is_there_are_found(void **state)
{
    (void)state;
    BaseError err = {0};
    double (*cosine)(double) = NULL, (*root)(double) = NULL;
    static const char *const names[] = {"libno-such-library.so.7", "libm.so.6", NULL};
    const BaseSymbol symbols[] = {{"cos", &cosine}, {"sqrt", &root}};
    expect_ok(base_library_load(names, symbols, 2, &err), &err);
    assert_true(cosine(0) == 1 && root(9) == 3);
    assert_int_equal(err.status, BASE_OK);
}

static void a_library_that_is_not_there_is_named(void **state)
{
    (void)state;
    BaseError err = {0};
    static const char *const names[] = {"libno-such-library.so.7", "libnor-this.so", NULL};
    assert_int_equal(base_library_load(names, NULL, 0, &err), BASE_IO);
    expect_words(&err, "libno-such-library.so.7");
    assert_int_equal(base_library_load(names, NULL, 0, NULL), BASE_IO);
}

static void a_function_that_is_not_there_is_named(void **state)
{
    (void)state;
    BaseError err = {0};
    void (*function)(void) = NULL;
    static const char *const names[] = {"libm.so.6", NULL};
    const BaseSymbol symbols[] = {{"cos", &function}, {"no_such_function", &function}};
    assert_int_equal(base_library_load(names, symbols, 2, &err), BASE_IO);
    expect_words(&err, "no_such_function");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_the_first_library_that_is_there_are_found),
        cmocka_unit_test(a_library_that_is_not_there_is_named),
        cmocka_unit_test(a_function_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
