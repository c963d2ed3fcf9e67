/* expect.h - what every test needs: cmocka, and assertions that print a BaseError. */
#ifndef KGQ_TESTS_EXPECT_H
#define KGQ_TESTS_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

#define expect_ok(status, err) expect_ok_at((status), (err), __FILE__, __LINE__)
static inline void expect_ok_at(BaseStatus status, const BaseError *err, const char *file, int line)
{
    if (status == BASE_OK)
        return;
    base_error_print(stderr, err);
    print_error("status %d, expected BASE_OK\n", (int)status);
    _fail(file, line);
}

/* The message (or hint) of `err` has `words` in it. */
#define expect_words(err, words) expect_words_at((err), (words), __FILE__, __LINE__)
static inline void expect_words_at(const BaseError *err, const char *words, const char *file, int line)
{
    if (strstr(err->message, words) || strstr(err->hint, words))
        return;
    print_error("message \"%s\" (hint \"%s\") has no \"%s\"\n", err->message, err->hint, words);
    _fail(file, line);
}

/* A fresh temporary folder; the caller removes it with base_remove and frees the name. */
static inline char *make_temporary_folder(void)
{
    const char *const base = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/kgq-test-XXXXXX", base && *base ? base : "/tmp") < 0 || !mkdtemp(path))
        fail_msg("no temporary folder");
    return path;
}

/* Real data under KGQ_SHARED: its path (static buffer), or skips the running test by name when it is not there. */
static inline const char *need_shared(const char *relative)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", KGQ_SHARED, relative);
    if (access(path, R_OK) != 0) {
        print_message("SKIPPED: %s is not there\n", path);
        skip();
    }
    return path;
}

static inline void write_text_file(const char *path, const char *text)
{
    FILE *const out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
    assert_int_equal(fclose(out), 0);
}

#endif
