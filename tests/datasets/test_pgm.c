#include "expect.h"

#include "datasets/datasets.h"

typedef struct Fixture {
    char *folder, *path;
} Fixture;

static int set_up(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    f->folder = make_temporary_folder();
    f->path = base_join_path(f->folder, "picture.pgm");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *const f = *state;
    base_remove(f->folder, NULL);
    free(f->folder);
    free(f->path);
    free(f);
    return 0;
}

#define READ(f, bytes, out, err) read_bytes((f), (bytes), sizeof(bytes) - 1, (out), (err))
static BaseStatus read_bytes(const Fixture *f, const char *bytes, size_t length, DatasetsImage *out, BaseError *err)
{
    FILE *const file = fopen(f->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return datasets_read_pgm(f->path, out, err);
}

#define EXPECT(f, bytes, w, h, ...)                                                                                    \
    expect_picture((f), (bytes), sizeof(bytes) - 1, (w), (h), (const uint8_t[]){__VA_ARGS__})
static void expect_picture(const Fixture *f, const char *bytes, size_t length, uint32_t width, uint32_t height,
                           const uint8_t *pixels)
{
    DatasetsImage image;
    BaseError err = {0};
    expect_ok(read_bytes(f, bytes, length, &image, &err), &err);
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    assert_memory_equal(image.pixels, pixels, (size_t)width * height);
    datasets_image_free(&image);
}

#define FAULT(f, bytes, words) expect_fault((f), (bytes), sizeof(bytes) - 1, (words))
static void expect_fault(const Fixture *f, const char *bytes, size_t length, const char *words)
{
    DatasetsImage image = {.width = 9};
    BaseError err = {0};
    assert_int_equal(read_bytes(f, bytes, length, &image, &err), BASE_BAD_INPUT);
    assert_null(image.pixels);
    assert_int_equal(image.width, 0);
    assert_string_equal(err.source, f->path);
    expect_words(&err, words);
}

static void binary_and_plain_pictures_are_read(void **state)
{
    Fixture *const f = *state;
    EXPECT(f, "P5\n2 2\n255\n\x00\x01\xfe\xff", 2, 2, 0, 1, 254, 255);
    EXPECT(f, "P5 # a comment\n# another\n 3\t1 # here\n255\nabc", 3, 1, 'a', 'b', 'c');
    EXPECT(f, "P2\n2 2\n255\n0 1 254 255", 2, 2, 0, 1, 254, 255);
    EXPECT(f, "P2 2 2 255 0 1\n# between rows\n254 255\n", 2, 2, 0, 1, 254, 255);
}

static void other_whites_are_brought_to_255(void **state)
{
    Fixture *const f = *state;
    EXPECT(f, "P2 4 1 15 0 1 14 15", 4, 1, 0, 17, 238, 255);
    EXPECT(f, "P5 2 1 1\n\x00\x01", 2, 1, 0, 255);
    EXPECT(f, "P5 3 1 65535\n\x00\x00\x7f\xff\xff\xff", 3, 1, 0, 127, 255);
}

static void every_fault_says_what_and_at_which_byte(void **state)
{
    Fixture *const f = *state;
    FAULT(f, "", "not a PGM picture");
    FAULT(f, "P6 1 1 255\nabc", "expected P5 or P2 at byte 0");
    FAULT(f, "P5", "expected a width at byte 2, found the end of the file");
    FAULT(f, "P5 x", "expected a width at byte 3, found the byte 0x78");
    FAULT(f, "P5 -1 1 255\n", "expected a width at byte 3");
    FAULT(f, "P5 0 1 255\n", "expected a width from 1 to 16384 at byte 3, found 0");
    FAULT(f, "P5 16385 1 255\n", "found 16385 or more");
    FAULT(f, "P5 1 99999999999999999999 255\n", "expected a height from 1 to 16384 at byte 5");
    FAULT(f, "P5 1 1 0\n", "expected the value of white from 1 to 65535");
    FAULT(f, "P5 1 1 65536\n", "expected the value of white from 1 to 65535");
    FAULT(f, "P5 1 1 255", "expected white space after the header at byte 10, found the end");
    FAULT(f, "P5 2 2 255\nabc", "cut short: 2 x 2 pixels need at least 4 bytes from byte 11 on, the file has 3");
    FAULT(f, "P5 1 1 255\nab", "expected the end of the file at byte 12");
    FAULT(f, "P5 1 1 100\n\x65", "the pixel at byte 11 is 101, white is 100");
    FAULT(f, "P2 2 1 100 1 101", "expected a pixel from 0 to 100 at byte 13");
    FAULT(f, "P2 3 1 100 1 2 a", "expected a pixel at byte 15");
    FAULT(f, "P2 1 1 100 1 2", "expected the end of the file at byte 13");
    FAULT(f, "P2 3 1 100 1 #23", "expected a pixel at byte 16, found the end of the file");
}

/* The header asks for 256 MiB; the file holds none of it, so none is asked of the system. */
static void a_hostile_size_is_refused_before_memory_is_asked_for(void **state)
{
    Fixture *const f = *state;
    FAULT(f, "P5 16384 16384 255\nabc", "cut short: 16384 x 16384 pixels");
    FAULT(f, "P2 16384 16384 255\n1 2 3", "cut short: 16384 x 16384 pixels");
}

static void what_is_written_is_read_back(void **state)
{
    Fixture *const f = *state;
    uint8_t pixels[35];
    for (int i = 0; i < 35; i++)
        pixels[i] = (uint8_t)(i * 7);
    BaseError err = {0};
    expect_ok(datasets_write_pgm(f->path, &(DatasetsImage){.width = 7, .height = 5, .pixels = pixels}, &err), &err);
    DatasetsImage image;
    expect_ok(datasets_read_pgm(f->path, &image, &err), &err);
    assert_int_equal(image.width, 7);
    assert_int_equal(image.height, 5);
    assert_memory_equal(image.pixels, pixels, sizeof pixels);
    datasets_image_free(&image);
}

static void random_bytes_are_never_more_than_refused(void **state)
{
    Fixture *const f = *state;
    static const char alphabet[] = "0123456789 \n#P5\xff";
    BaseRandom random;
    base_random_seed(&random, 11);
    for (int round = 0; round < 2000; round++) {
        char bytes[40] = "P5 ";
        bytes[1] = base_random_below(&random, 2) ? '5' : '2';
        const size_t length = 3 + base_random_below(&random, sizeof bytes - 3);
        for (size_t i = 3; i < length; i++)
            bytes[i] = alphabet[base_random_below(&random, sizeof alphabet - 1)];
        DatasetsImage image;
        const BaseStatus status = read_bytes(f, bytes, length, &image, NULL);
        assert_true(status == BASE_OK || status == BASE_BAD_INPUT);
        datasets_image_free(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(binary_and_plain_pictures_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_whites_are_brought_to_255, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_fault_says_what_and_at_which_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hostile_size_is_refused_before_memory_is_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_is_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_bytes_are_never_more_than_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
