/* Model files: what was saved comes back, and nothing that is cut, damaged or made up is taken for it. */
#include "expect.h"

#include "nn/nn.h"

#include <math.h>

typedef struct Fixture {
    char *folder, *path;
} Fixture;

static int set_up(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->folder = make_temporary_folder();
    f->path = base_join_path(f->folder, "model.safetensors");
    assert_non_null(f->path);
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

static const char description_text[] = "{\"kind\":\"\xc3\xa9tude \\\"quoted\\\"\"}";

static NnParameters *make_parameters(void)
{
    NnParameters *const parameters = nn_parameters_new(8);
    assert_int_equal(nn_parameter_add(parameters, "layer.weight", NN_SHAPE(2, 3), NN_NORMAL, 1.0f), 0);
    assert_int_equal(nn_parameter_add(parameters, "empty", NN_SHAPE(0, 3), NN_ZERO, 0), 1);
    assert_int_equal(nn_parameter_add(parameters, "\xc3\xa9\"\\", NN_SHAPE(1, 2, 1, 2), NN_UNIFORM, 9.0f), 2);
    assert_int_equal(nn_parameter_add(parameters, "b", NN_SHAPE(1), NN_ONE, 0), 3);
    return parameters;
}

static void save(const Fixture *f)
{
    BaseError err = {0};
    NnParameters *const parameters = make_parameters();
    expect_ok(nn_save(parameters, f->path, description_text, &err), &err);
    nn_parameters_free(parameters);
}

static void write_bytes(const char *path, const char *bytes, size_t length)
{
    FILE *const out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

static char *read_bytes(const char *path, size_t *length)
{
    char *bytes = NULL;
    BaseError err = {0};
    expect_ok(base_read_file(path, &bytes, length, &err), &err);
    return bytes;
}

/* A file with this header and so many numbers 1.0 behind it. */
static void write_model(const char *path, const char *header, size_t numbers)
{
    const uint64_t length = strlen(header);
    const float one = 1.0f;
    FILE *const out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(&length, sizeof length, 1, out), 1);
    assert_int_equal(fwrite(header, 1, length, out), length);
    for (size_t i = 0; i < numbers; i++)
        assert_int_equal(fwrite(&one, sizeof one, 1, out), 1);
    assert_int_equal(fclose(out), 0);
}

static void expect_refused(const char *path, BaseError *err)
{
    NnParameters *parameters = (NnParameters *)err; /* the call clears it */
    char *description = NULL;
    *err = (BaseError){0};
    assert_int_equal(nn_load(path, &parameters, &description, err), BASE_BAD_INPUT);
    assert_null(parameters);
    assert_null(description);
    assert_string_equal(err->source, path);
}

static void what_was_saved_comes_back_to_the_bit(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    NnParameters *const saved = make_parameters(), *loaded = NULL;
    char *description = NULL;
    nn_parameter_values(saved, 0)[0] = -0.0f;
    nn_parameter_values(saved, 0)[1] = 1e-44f; /* subnormal */
    expect_ok(nn_save(saved, f->path, description_text, &err), &err);
    expect_ok(nn_load(f->path, &loaded, &description, &err), &err);
    assert_string_equal(description, description_text);
    assert_int_equal(nn_parameter_count(loaded), 4);
    for (int i = 0; i < 4; i++) {
        const NnShape a = nn_parameter_shape(saved, i), b = nn_parameter_shape(loaded, i);
        int64_t size = 1;
        assert_string_equal(nn_parameter_name(saved, i), nn_parameter_name(loaded, i));
        assert_int_equal(a.rank, b.rank);
        for (int j = 0; j < a.rank; j++) {
            assert_int_equal(a.dims[j], b.dims[j]);
            size *= a.dims[j];
        }
        if (size > 0)
            assert_memory_equal(nn_parameter_values(saved, i), nn_parameter_values(loaded, i),
                                (size_t)size * sizeof(float));
    }
    nn_parameters_free(saved);
    nn_parameters_free(loaded);
    free(description);
}

static void a_model_without_description_or_parameters_is_one_too(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    NnParameters *const none = nn_parameters_new(0), *loaded = NULL;
    char *description = NULL;
    expect_ok(nn_save(none, f->path, NULL, &err), &err);
    expect_ok(nn_load(f->path, &loaded, &description, &err), &err);
    assert_int_equal(nn_parameter_count(loaded), 0);
    assert_null(description);
    nn_parameters_free(none);
    nn_parameters_free(loaded);
}

static void data_begins_at_a_multiple_of_eight_bytes(void **state)
{
    const Fixture *const f = *state;
    size_t length = 0;
    uint64_t header = 0;
    save(f);
    char *const bytes = read_bytes(f->path, &length);
    memcpy(&header, bytes, sizeof header);
    assert_int_equal(header % 8, 0);
    assert_int_equal(bytes[8], '{');
    assert_int_equal(length, 8 + header + (6 + 4 + 1) * sizeof(float));
    free(bytes);
}

static void a_file_cut_at_any_byte_is_refused(void **state)
{
    const Fixture *const f = *state;
    size_t length = 0;
    BaseError err;
    save(f);
    char *const bytes = read_bytes(f->path, &length);
    for (size_t cut = 0; cut < length; cut++) {
        write_bytes(f->path, bytes, cut);
        expect_refused(f->path, &err);
        expect_words(&err, "byte ");
    }
    free(bytes);
}

static void a_file_with_any_byte_changed_is_refused(void **state)
{
    const Fixture *const f = *state;
    size_t length = 0;
    BaseError err;
    save(f);
    char *const bytes = read_bytes(f->path, &length);
    for (size_t at = 0; at < length; at++)
        for (int turn = 0; turn < 2; turn++) { /* the lowest bit, and one of the others */
            const int bit = turn == 0 ? 0 : 1 + (int)(at % 7);
            bytes[at] = (char)(bytes[at] ^ (1 << bit));
            write_bytes(f->path, bytes, length);
            expect_refused(f->path, &err);
            expect_words(&err, "byte ");
            bytes[at] = (char)(bytes[at] ^ (1 << bit));
        }
    free(bytes);
}

static void a_file_with_more_behind_it_is_refused(void **state)
{
    const Fixture *const f = *state;
    BaseError err;
    save(f);
    FILE *const out = fopen(f->path, "ab");
    assert_non_null(out);
    assert_int_equal(fputc(0, out), 0);
    assert_int_equal(fclose(out), 0);
    expect_refused(f->path, &err);
    expect_words(&err, "the last tensor ends here");
}

typedef struct Hostile {
    const char *header, *words;
} Hostile;

#define TENSOR(shape, offsets) "{\"a\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void made_up_headers_are_refused_with_the_reason(void **state)
{
    const Fixture *const f = *state;
    const Hostile all[] = {
        {"", "not JSON"},
        {"{", "not JSON"},
        {"[]", "not a JSON object"},
        {"{} x", "not JSON"},
        {"{\"a\":1}", "type none"},
        {"{\"a\":{}}", "type none"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", "type F16"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,16]}}", "shape"},
        {TENSOR("[]", "[0,4]"), "1 to 4 dimensions"},
        {TENSOR("[1,1,1,1,4]", "[0,16]"), "1 to 4 dimensions"},
        {TENSOR("[-4]", "[0,16]"), "dimension 1"},
        {TENSOR("[2,\"2\"]", "[0,16]"), "dimension 2"},
        {TENSOR("[4.0]", "[0,16]"), "dimension 1"},
        {TENSOR("[5]", "[0,16]"), "16 bytes"},
        {TENSOR("[3]", "[0,16]"), "16 bytes"},
        {TENSOR("[4]", "[0,15]"), "15 bytes"},
        {TENSOR("[5]", "[0,20]"), "cut short"},
        {TENSOR("[4]", "[16,0]"), "no place"},
        {TENSOR("[4]", "[-16,0]"), "no place"},
        {TENSOR("[4]", "[0]"), "no place"},
        {TENSOR("[4]", "[0,16,32]"), "no place"},
        {TENSOR("[4]", "[0,1e3]"), "no place"},
        {TENSOR("[3]", "[4,16]"), "hole"},
        {TENSOR("[3]", "[0,12]"), "the file at byte"},
        /* 2^62 numbers of 4 bytes: the product comes round to 0 in 64 bits. */
        {TENSOR("[4611686018427387904]", "[0,0]"), "0 bytes"},
        {TENSOR("[4294967296,4294967296]", "[0,0]"), "0 bytes"},
        {TENSOR("[9223372036854775807,9223372036854775807,9223372036854775807,9]", "[0,16]"), "16 bytes"},
        {TENSOR("[99999999999999999999]", "[0,16]"), "not JSON"},
        {TENSOR("[4]", "[9223372036854775800,9223372036854775807]"), "cut short"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[4,16]}}",
         "inside another"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
         "inside another"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
         "not JSON"},
        {"{\"\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", "no name"},
        {"{\"__metadata__\":[]}", "not an object"},
        {"{\"__metadata__\":{\"kgq\":1}}", "not text"},
        {"{\"__metadata__\":{\"kgq\":\"x\"}}", "checksum is missing"},
        {"{\"__metadata__\":{\"xxh3\":\"0\"}}", "checksum is missing"},
        {"{\"__metadata__\":{\"xxh3\":\"0\",\"xxh3.header\":\"0\"},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
         "header is damaged"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        BaseError err;
        write_model(f->path, all[i].header, 4);
        expect_refused(f->path, &err);
        expect_words(&err, all[i].words);
    }
}

static void a_header_longer_than_the_file_asks_for_no_memory(void **state)
{
    const Fixture *const f = *state;
    const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 8, UINT64_C(1) << 40, 101 << 20, 9};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        BaseError err;
        char bytes[16] = {0};
        memcpy(bytes, &lengths[i], sizeof lengths[i]);
        write_bytes(f->path, bytes, sizeof bytes);
        expect_refused(f->path, &err);
        expect_words(&err, "not a model file, or cut short");
    }
}

static void deep_nesting_is_refused(void **state)
{
    const Fixture *const f = *state;
    enum { DEPTH = 200000 };
    BaseError err;
    char *const header = malloc(DEPTH + 1);
    assert_non_null(header);
    memset(header, '[', DEPTH);
    header[DEPTH] = '\0';
    write_model(f->path, header, 0);
    expect_refused(f->path, &err);
    free(header);
}

static void files_of_other_programs_are_read(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    NnParameters *loaded = NULL;
    char *description = NULL;
    /* Out of order, with metadata of its own, and padded. */
    write_model(f->path,
                "{\"__metadata__\":{\"format\":\"pt\"},\"late\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":"
                "[4,16]},\"early\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}     ",
                4);
    expect_ok(nn_load(f->path, &loaded, &description, &err), &err);
    assert_null(description);
    assert_string_equal(nn_parameter_name(loaded, 0), "early");
    assert_string_equal(nn_parameter_name(loaded, 1), "late");
    assert_int_equal(nn_parameter_shape(loaded, 1).dims[1], 3);
    assert_true(nn_parameter_values(loaded, 1)[2] == 1.0f);
    nn_parameters_free(loaded);
}

static void a_number_that_is_not_finite_is_refused_with_its_byte(void **state)
{
    const Fixture *const f = *state;
    const char *const header = TENSOR("[4]", "[0,16]");
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        BaseError err;
        char words[64];
        size_t length = 0;
        write_model(f->path, header, 4);
        char *const bytes = read_bytes(f->path, &length);
        memcpy(bytes + length - 8, &bad[i], sizeof bad[i]);
        write_bytes(f->path, bytes, length);
        free(bytes);
        expect_refused(f->path, &err);
        snprintf(words, sizeof words, "byte %zu: a number of tensor \"a\"", length - 8);
        expect_words(&err, words);
        NnParameters *const parameters = make_parameters();
        nn_parameter_values(parameters, 2)[1] = bad[i];
        err = (BaseError){0};
        assert_int_equal(nn_save(parameters, f->path, NULL, &err), BASE_BAD_INPUT);
        expect_words(&err, "not finite");
        nn_parameters_free(parameters);
    }
}

static void missing_files_folders_and_places_that_cannot_be_written_are_told_apart(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    NnParameters *loaded = NULL, *const parameters = make_parameters();
    assert_int_equal(nn_load(f->path, &loaded, NULL, &err), BASE_NOT_FOUND);
    expect_words(&err, f->path);
    expect_refused(f->folder, &err);
    char *const nowhere = base_join_path(f->path, "model");
    err = (BaseError){0};
    assert_int_equal(nn_save(parameters, nowhere, NULL, &err), BASE_IO);
    expect_words(&err, nowhere);
    err = (BaseError){0};
    assert_int_equal(nn_save(parameters, f->path, "\xff", &err), BASE_BAD_CALL);
    assert_false(base_is_file(f->path));
    free(nowhere);
    nn_parameters_free(parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_saved_comes_back_to_the_bit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_model_without_description_or_parameters_is_one_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(data_begins_at_a_multiple_of_eight_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_cut_at_any_byte_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_with_any_byte_changed_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_with_more_behind_it_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(made_up_headers_are_refused_with_the_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_header_longer_than_the_file_asks_for_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deep_nesting_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_of_other_programs_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_number_that_is_not_finite_is_refused_with_its_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_files_folders_and_places_that_cannot_be_written_are_told_apart, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
