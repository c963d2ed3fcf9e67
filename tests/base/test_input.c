/* Reading plain, gzip and zstd files: lines of any length, members end to end, and damage. */
#include "expect.h"

#include <zlib.h>
#include <zstd.h>

typedef struct Fixture {
    char *folder, *path;
} Fixture;

static int make_folder(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    f->folder = make_temporary_folder();
    f->path = base_join_path(f->folder, "file");
    *state = f;
    return 0;
}

static int remove_folder(void **state)
{
    Fixture *const f = *state;
    base_remove(f->folder, NULL);
    free(f->path);
    free(f->folder);
    free(f);
    return 0;
}

static void write_bytes(const char *path, const void *bytes, size_t length)
{
    FILE *const out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

/* 20,000 lines, some of them longer than any buffer. */
static void make_text(BaseBuffer *text)
{
    for (int i = 0; i < 20000; i++) {
        base_buffer_format(text, "%d", i);
        if (i % 7000 == 3)
            for (int j = 0; j < 30000; j++)
                base_buffer_add(text, "long ", 5);
        base_buffer_add(text, i % 5 ? "\n" : "\r\n", i % 5 ? 1 : 2);
    }
    base_buffer_add(text, "last", 4);
}

static void expect_lines(const char *path)
{
    BaseError err = {0};
    BaseInput *input = NULL;
    expect_ok(base_input_open(path, &input, &err), &err);
    const char *line;
    size_t length;
    for (int i = 0; i < 20000; i++) {
        expect_ok(base_input_line(input, &line, &length, &err), &err);
        assert_int_equal(strtol(line, NULL, 10), i);
        assert_true(length < 6 || length > 150000);
    }
    expect_ok(base_input_line(input, &line, &length, &err), &err);
    assert_int_equal(length, 4);
    assert_memory_equal(line, "last", 4);
    assert_int_equal(base_input_line(input, &line, &length, &err), BASE_END);
    assert_int_equal(base_input_position(input), base_input_size(input));
    base_input_close(input);
}

static size_t gzip_bytes(const BaseBuffer *text, unsigned char **packed)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    const size_t room = deflateBound(&z, text->count);
    *packed = malloc(room);
    z.next_in = (unsigned char *)text->items;
    z.avail_in = (unsigned int)text->count;
    z.next_out = *packed;
    z.avail_out = (unsigned int)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static void lines_are_the_same_plain_and_packed(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer text = {0};
    make_text(&text);
    write_bytes(f->path, text.items, text.count);
    expect_lines(f->path);

    unsigned char *packed;
    const size_t gzip_length = gzip_bytes(&text, &packed);
    write_bytes(f->path, packed, gzip_length);
    expect_lines(f->path);
    free(packed);

    packed = malloc(ZSTD_compressBound(text.count));
    const size_t zstd_length = ZSTD_compress(packed, ZSTD_compressBound(text.count), text.items, text.count, 3);
    write_bytes(f->path, packed, zstd_length);
    expect_lines(f->path);
    free(packed);
    base_buffer_free(&text);
}

static void gzip_members_end_to_end_are_one_stream(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer text = {0}, both = {0};
    base_buffer_add(&text, "one\n", 4);
    unsigned char *packed;
    const size_t length = gzip_bytes(&text, &packed);
    base_buffer_add(&both, (char *)packed, length);
    base_buffer_add(&both, (char *)packed, length);
    write_bytes(f->path, both.items, both.count);
    char *bytes;
    size_t count;
    BaseError err = {0};
    expect_ok(base_read_file(f->path, &bytes, &count, &err), &err);
    assert_string_equal(bytes, "one\none\n");
    free(bytes);
    free(packed);
    base_buffer_free(&text);
    base_buffer_free(&both);
}

static void packed_data_cut_at_any_byte_is_an_error_and_not_a_short_file(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer text = {0};
    for (int i = 0; i < 50; i++)
        base_buffer_format(&text, "%d,", i * 7919);
    unsigned char *packed[2];
    size_t length[2];
    length[0] = gzip_bytes(&text, &packed[0]);
    packed[1] = malloc(ZSTD_compressBound(text.count));
    length[1] = ZSTD_compress(packed[1], ZSTD_compressBound(text.count), text.items, text.count, 3);
    for (int kind = 0; kind < 2; kind++) {
        for (size_t cut = 4; cut < length[kind]; cut++) {
            write_bytes(f->path, packed[kind], cut);
            char *bytes;
            size_t count;
            BaseError err = {0};
            assert_int_equal(base_read_file(f->path, &bytes, &count, &err), BASE_BAD_INPUT);
            assert_null(bytes);
            expect_words(&err, "too early");
            assert_string_equal(err.source, f->path);
        }
        free(packed[kind]);
    }
    base_buffer_free(&text);
}

static void what_cannot_be_read_is_named(void **state)
{
    const Fixture *const f = *state;
    BaseInput *input;
    BaseError err = {0};
    assert_int_equal(base_input_open("no/such/file", &input, &err), BASE_NOT_FOUND);
    assert_null(input);
    expect_words(&err, "no/such/file");
    err = (BaseError){0};
    assert_int_equal(base_input_open(f->folder, &input, &err), BASE_BAD_INPUT);
    expect_words(&err, "folder");
}

static void an_empty_file_has_no_lines(void **state)
{
    const Fixture *const f = *state;
    write_bytes(f->path, "", 0);
    BaseInput *input;
    BaseError err = {0};
    const char *line;
    size_t length;
    expect_ok(base_input_open(f->path, &input, &err), &err);
    assert_int_equal(base_input_line(input, &line, &length, &err), BASE_END);
    base_input_close(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_the_same_plain_and_packed, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(gzip_members_end_to_end_are_one_stream, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(packed_data_cut_at_any_byte_is_an_error_and_not_a_short_file, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_empty_file_has_no_lines, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
