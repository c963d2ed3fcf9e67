#include "expect.h"

#include "datasets/datasets.h"

#define PIXELS (DATASETS_DIGIT_SIDE * DATASETS_DIGIT_SIDE)

static char *convert(uint64_t seed)
{
    char *const folder = make_temporary_folder();
    BaseError err = {0};
    expect_ok(datasets_convert("digits", &(DatasetsOptions){.seed = seed}, folder, NULL, NULL, &err), &err);
    return folder;
}

static void read_part(const char *folder, const char *part, DatasetsIdx *images, DatasetsIdx *labels)
{
    char images_path[512], labels_path[512];
    snprintf(images_path, sizeof images_path, "%s/%s-images-idx3-ubyte", folder, part);
    snprintf(labels_path, sizeof labels_path, "%s/%s-labels-idx1-ubyte", folder, part);
    BaseError err = {0};
    expect_ok(datasets_read_idx_pair(images_path, labels_path, images, labels, &err), &err);
}

static void drop(char *folder)
{
    assert_int_equal(base_remove(folder, NULL), BASE_OK);
    free(folder);
}

static void the_set_is_balanced_and_complete(void **state)
{
    (void)state;
    char *const folder = convert(0);
    static const struct {
        const char *name;
        uint32_t count;
    } parts[] = {{"train", 6000}, {"t10k", 1000}};
    for (int p = 0; p < 2; p++) {
        DatasetsIdx images, labels;
        read_part(folder, parts[p].name, &images, &labels);
        assert_int_equal(images.dims[0], parts[p].count);
        assert_int_equal(images.dims[1], 28);
        assert_int_equal(images.dims[2], 28);
        uint32_t of_digit[256] = {0};
        for (uint32_t i = 0; i < labels.dims[0]; i++)
            of_digit[labels.bytes[i]]++;
        for (int digit = 0; digit < 10; digit++)
            assert_int_equal(of_digit[digit], parts[p].count / 10);
        datasets_idx_free(&images);
        datasets_idx_free(&labels);
    }
    char path[512], **names;
    size_t count;
    BaseError err = {0};
    snprintf(path, sizeof path, "%s/classes.txt", folder);
    expect_ok(datasets_read_classes(path, &names, &count, &err), &err);
    assert_int_equal(count, 10);
    assert_string_equal(names[9], "nine");
    free(names);
    DatasetsImage nine;
    snprintf(path, sizeof path, "%s/nine.pgm", folder);
    expect_ok(datasets_read_pgm(path, &nine, &err), &err);
    assert_int_equal(nine.width, 28);
    assert_int_equal(nine.height, 28);
    datasets_image_free(&nine);
    drop(folder);
}

static void the_same_seed_makes_the_same_files_and_another_does_not(void **state)
{
    (void)state;
    char *const folders[3] = {convert(4), convert(4), convert(5)};
    DatasetsIdx images[3], labels[3];
    for (int i = 0; i < 3; i++)
        read_part(folders[i], "t10k", &images[i], &labels[i]);
    assert_memory_equal(images[0].bytes, images[1].bytes, 1000 * PIXELS);
    assert_memory_equal(labels[0].bytes, labels[1].bytes, 1000);
    assert_memory_not_equal(images[0].bytes, images[2].bytes, 1000 * PIXELS);
    for (int i = 0; i < 3; i++) {
        datasets_idx_free(&images[i]);
        datasets_idx_free(&labels[i]);
        drop(folders[i]);
    }
}

/* Ink there is, neither a speck nor a blot, and it stays inside the picture. */
static void a_digit_is_drawn_within_its_picture(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 3);
    uint8_t pixels[PIXELS];
    for (int i = 0; i < 3000; i++) {
        datasets_draw_digit(i % 10, &random, pixels);
        int dark = 0, at_edge = 0;
        for (int p = 0; p < PIXELS; p++) {
            const int x = p % DATASETS_DIGIT_SIDE, y = p / DATASETS_DIGIT_SIDE;
            dark += pixels[p] > 128;
            at_edge += pixels[p] > 128 && (x == 0 || y == 0 || x == 27 || y == 27);
        }
        assert_in_range(dark, 12, 330);
        assert_in_range(at_edge, 0, 8);
    }
}

/* Could anything learn it? The nearest of 6,000 pictures, a plain judge, names nearly all of the test part, but not all
 * of it: the sample is neither noise nor a toy. */
static void nearest_neighbours_tell_most_digits_but_not_all(void **state)
{
    (void)state;
    char *const folder = convert(0);
    DatasetsIdx images, labels, test_images, test_labels;
    read_part(folder, "train", &images, &labels);
    read_part(folder, "t10k", &test_images, &test_labels);
    int right = 0;
    const uint32_t asked = 60;
    for (uint32_t i = 0; i < asked; i++) {
        const uint8_t *const picture = test_images.bytes + i * PIXELS;
        uint32_t best = 0;
        int64_t least = INT64_MAX;
        for (uint32_t j = 0; j < images.dims[0]; j++) {
            const uint8_t *const other = images.bytes + j * PIXELS;
            int32_t distance = 0;
            for (int p = 0; p < PIXELS; p++) {
                const int32_t difference = (int32_t)picture[p] - other[p];
                distance += difference * difference;
            }
            if (distance < least) {
                least = distance;
                best = j;
            }
        }
        assert_true(least > 0); /* no test picture is in the training part */
        right += labels.bytes[best] == test_labels.bytes[i];
    }
    print_message("nearest neighbour: %d of %u right\n", right, asked);
    assert_in_range(right, 50, 59);
    datasets_idx_free(&images);
    datasets_idx_free(&labels);
    datasets_idx_free(&test_images);
    datasets_idx_free(&test_labels);
    drop(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_set_is_balanced_and_complete),
        cmocka_unit_test(the_same_seed_makes_the_same_files_and_another_does_not),
        cmocka_unit_test(a_digit_is_drawn_within_its_picture),
        cmocka_unit_test(nearest_neighbours_tell_most_digits_but_not_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
