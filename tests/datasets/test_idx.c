#include "expect.h"

#include "datasets/datasets.h"

#include <zlib.h>

typedef struct Fixture {
    char *folder, *images, *labels;
} Fixture;

static int set_up(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    f->folder = make_temporary_folder();
    f->images = base_join_path(f->folder, "images");
    f->labels = base_join_path(f->folder, "labels");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *const f = *state;
    base_remove(f->folder, NULL);
    free(f->folder);
    free(f->images);
    free(f->labels);
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

/* Two images of 2 x 3. */
static const uint8_t good[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255};

static void expect_fault(const Fixture *f, const void *bytes, size_t length, const char *words)
{
    write_bytes(f->images, bytes, length);
    BaseError err = {0};
    DatasetsIdx idx = {.rank = 7};
    assert_int_equal(datasets_read_idx(f->images, &idx, &err), BASE_BAD_INPUT);
    assert_null(idx.bytes);
    assert_int_equal(idx.rank, 0);
    assert_string_equal(err.source, f->images);
    expect_words(&err, words);
}

static void images_are_read_as_they_stand(void **state)
{
    Fixture *const f = *state;
    write_bytes(f->images, good, sizeof good);
    BaseError err = {0};
    DatasetsIdx idx;
    expect_ok(datasets_read_idx(f->images, &idx, &err), &err);
    assert_int_equal(idx.rank, 3);
    assert_int_equal(idx.dims[0], 2);
    assert_int_equal(idx.dims[1], 2);
    assert_int_equal(idx.dims[2], 3);
    assert_int_equal(datasets_idx_item_bytes(&idx), 6);
    assert_memory_equal(idx.bytes, good + 16, 12);
    datasets_idx_free(&idx);
    assert_null(idx.bytes);
}

static void gzip_is_unpacked_on_the_way(void **state)
{
    Fixture *const f = *state;
    gzFile out = gzopen(f->images, "wb");
    assert_int_equal(gzwrite(out, good, sizeof good), sizeof good);
    assert_int_equal(gzclose(out), Z_OK);
    BaseError err = {0};
    DatasetsIdx idx;
    expect_ok(datasets_read_idx(f->images, &idx, &err), &err);
    assert_memory_equal(idx.bytes, good + 16, 12);
    datasets_idx_free(&idx);
}

static void every_false_claim_of_a_header_is_told(void **state)
{
    Fixture *const f = *state;
    uint8_t bad[sizeof good + 1];
#define BAD(place, value, words)                                                                                       \
    do {                                                                                                               \
        memcpy(bad, good, sizeof good);                                                                                \
        bad[place] = (value);                                                                                          \
        expect_fault(f, bad, sizeof good, (words));                                                                    \
    } while (0)
    BAD(0, 'P', "not an IDX file: expected the magic 00 00 08 RANK at byte 0, found 50 00 08 03");
    BAD(2, 0x0d, "found 32-bit floats (type 0d)");
    BAD(2, 0x07, "not an IDX file");
    BAD(3, 2, "expected rank 1 (labels), 3 or 4 (images) at byte 3, found 2");
    BAD(3, 200, "found 200");
    BAD(7, 3, "cut short: 3 x 2 x 3 needs 18 bytes after the header, the file has 12 (it ends at byte 28)");
    BAD(7, 1, "6 bytes too many: 1 x 2 x 3 ends at byte 22, the file at byte 28");
    BAD(4, 0xff, "cut short");
    memcpy(bad, good, sizeof good);
    memset(bad + 4, 0xff, 12);
    expect_fault(f, bad, sizeof good, "more than can be held");
    bad[sizeof good] = 0;
    memcpy(bad, good, sizeof good);
    expect_fault(f, bad, sizeof good + 1, "1 bytes too many");
}

static void a_file_cut_at_any_byte_is_refused(void **state)
{
    Fixture *const f = *state;
    for (size_t length = 0; length < sizeof good; length++)
        expect_fault(f, good, length, length < 4 ? "not an IDX file" : "cut short");
}

static void a_missing_file_is_named(void **state)
{
    Fixture *const f = *state;
    DatasetsIdx idx;
    BaseError err = {0};
    assert_int_equal(datasets_read_idx(f->labels, &idx, &err), BASE_NOT_FOUND);
    expect_words(&err, f->labels);
}

static BaseStatus write_and_read_pair(const Fixture *f, const DatasetsIdx *images, const DatasetsIdx *labels,
                                      DatasetsIdx *images_read, DatasetsIdx *labels_read, BaseError *err)
{
    expect_ok(datasets_write_idx(f->images, images, err), err);
    expect_ok(datasets_write_idx(f->labels, labels, err), err);
    return datasets_read_idx_pair(f->images, f->labels, images_read, labels_read, err);
}

static void expect_bad_pair(const Fixture *f, const DatasetsIdx *images, const DatasetsIdx *labels, const char *words)
{
    DatasetsIdx a, b;
    BaseError err = {0};
    assert_int_equal(write_and_read_pair(f, images, labels, &a, &b, &err), BASE_BAD_INPUT);
    expect_words(&err, words);
    assert_null(a.bytes);
    assert_null(b.bytes);
}

static void images_and_labels_are_checked_against_each_other(void **state)
{
    Fixture *const f = *state;
    uint8_t *const zeros = calloc(10000, 4);
    const DatasetsIdx images = {.rank = 3, .dims = {10000, 2, 2}, .bytes = zeros};
    const DatasetsIdx labels = {.rank = 1, .dims = {10000}, .bytes = zeros};
    const DatasetsIdx fewer = {.rank = 1, .dims = {9999}, .bytes = zeros};
    const DatasetsIdx none = {.rank = 3, .dims = {0, 2, 2}, .bytes = zeros};
    const DatasetsIdx flat = {.rank = 3, .dims = {10000, 0, 2}, .bytes = zeros};
    DatasetsIdx a, b;
    BaseError err = {0};
    expect_ok(write_and_read_pair(f, &images, &labels, &a, &b, &err), &err);
    assert_int_equal(a.dims[0], b.dims[0]);
    datasets_idx_free(&a);
    datasets_idx_free(&b);
    expect_bad_pair(f, &images, &fewer, "labels file has 9,999 labels for 10,000 images");
    expect_bad_pair(f, &labels, &labels, "expected images (rank 3 or 4), found rank 1: these are labels");
    expect_bad_pair(f, &images, &images, "expected labels (rank 1), found rank 3: these are images");
    expect_bad_pair(f, &none, &labels, "no pixels: the dimensions are 0 x 2 x 2");
    expect_bad_pair(f, &flat, &labels, "no pixels");
    free(zeros);
}

static void what_is_written_is_read_back(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 5);
    for (int round = 0; round < 50; round++) {
        DatasetsIdx idx = {.rank = (const int[]){1, 3, 4}[base_random_below(&random, 3)]};
        size_t count = 1;
        for (int i = 0; i < idx.rank; i++)
            count *= idx.dims[i] = (uint32_t)base_random_below(&random, 7);
        uint8_t bytes[7 * 7 * 7 * 7];
        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)base_random_below(&random, 256);
        idx.bytes = bytes;
        BaseError err = {0};
        DatasetsIdx back;
        expect_ok(datasets_write_idx(f->images, &idx, &err), &err);
        expect_ok(datasets_read_idx(f->images, &back, &err), &err);
        assert_int_equal(back.rank, idx.rank);
        assert_memory_equal(back.dims, idx.dims, sizeof idx.dims);
        assert_memory_equal(back.bytes, bytes, count);
        datasets_idx_free(&back);
    }
}

static void mnist_has_its_published_shape(void **state)
{
    (void)state;
    char *const images = strdup(need_shared("data/nn/mnist/t10k-images-idx3-ubyte.gz"));
    char *const labels = strdup(need_shared("data/nn/mnist/t10k-labels-idx1-ubyte.gz"));
    DatasetsIdx a, b;
    BaseError err = {0};
    expect_ok(datasets_read_idx_pair(images, labels, &a, &b, &err), &err);
    assert_int_equal(a.dims[0], 10000);
    assert_int_equal(datasets_idx_item_bytes(&a), 784);
    const uint8_t first[] = {7, 2, 1, 0, 4, 1, 4, 9, 5, 9};
    assert_memory_equal(b.bytes, first, sizeof first);
    datasets_idx_free(&a);
    datasets_idx_free(&b);
    free(images);
    free(labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(images_are_read_as_they_stand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gzip_is_unpacked_on_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_false_claim_of_a_header_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_cut_at_any_byte_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_file_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(images_and_labels_are_checked_against_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_is_read_back, set_up, tear_down),
        cmocka_unit_test(mnist_has_its_published_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
