/* The converter of iso-codes against seven small files, damage to them, and the reference conversion. */
#include "expect.h"

#include "datasets/datasets.h"

typedef struct File {
    const char *name, *text;
} File;
static const File small[] = {
    {"iso_3166-1.json", "{\"3166-1\": [{\"alpha_2\": \"LA\", \"alpha_3\": \"LAO\", \"common_name\": \"Laos\", "
                        "\"name\": \"Lao People's Democratic Republic\", \"numeric\": \"418\"}]}"},
    {"iso_3166-2.json", "{\"3166-2\": [{\"code\": \"GB-ENG\", \"name\": \"England\", \"type\": \"Country\"},\n"
                        "{\"code\": \"GB-LND\", \"name\": \"London\", \"type\": \"City (corporation)\", \"parent\": "
                        "\"GB-ENG\"},\n{\"code\": \"FR-01\", \"name\": \"Ain\", \"type\": \"Department\", \"parent\": "
                        "\"ARA\"}]}"},
    {"iso_3166-3.json", "{\"3166-3\": [{\"alpha_4\": \"AIDJ\", \"name\": \"Afars\", \"withdrawal_date\": \"1977\"}]}"},
    {"iso_639-3.json", "{\"639-3\": [{\"alpha_2\": \"aa\", \"alpha_3\": \"aar\", \"name\": \"Afar\", \"scope\": \"I\", "
                       "\"type\": \"L\"}]}"},
    {"iso_639-5.json", "{\"639-5\": [{\"alpha_3\": \"aav\", \"name\": \"Austro-Asiatic languages\"}]}"},
    {"iso_15924.json", "{\"15924\": [{\"alpha_4\": \"Latn\", \"name\": \"Latin\"}]}"},
    {"iso_4217.json", "{\"4217\": [{\"alpha_3\": \"USD\", \"name\": \"US Dollar\"}]}"},
};
#define FILE_COUNT (sizeof small / sizeof *small)

typedef struct Fixture {
    char *folder, *source, *output;
} Fixture;

static void write_file(const Fixture *f, const char *name, const char *text)
{
    char *const path = base_join_path(f->source, name);
    write_text_file(path, text);
    free(path);
}

static int set_up(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    f->folder = make_temporary_folder();
    f->source = base_join_path(f->folder, "source");
    f->output = base_join_path(f->folder, "output");
    BaseError err = {0};
    expect_ok(base_make_folder(f->source, &err), &err);
    for (size_t i = 0; i < FILE_COUNT; i++)
        write_file(f, small[i].name, small[i].text);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *const f = *state;
    base_remove(f->folder, NULL);
    free(f->folder);
    free(f->source);
    free(f->output);
    free(f);
    return 0;
}

static BaseStatus convert(const Fixture *f, BaseError *err)
{
    return datasets_convert("iso-codes", &(DatasetsOptions){.folder = f->source}, f->output, NULL, NULL, err);
}

static char *read_output(const Fixture *f, const char *name)
{
    char *const path = base_join_path(f->output, name);
    char *text = NULL;
    size_t length;
    BaseError err = {0};
    expect_ok(base_read_file(path, &text, &length, &err), &err);
    free(path);
    return text;
}

static void small_files_give_just_these_lines(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    expect_ok(convert(f, &err), &err);
    char *const triples = read_output(f, "triples.tsv"), *const literals = read_output(f, "literals.tsv");
    assert_string_equal(triples, "LA\ttype\tcountry\n"
                                 "GB-ENG\ttype\tsubdivision\nGB-ENG\tsubdivision_type\tst:country\n"
                                 "GB-ENG\tin_country\tGB\nGB-ENG\tpart_of\tGB\n"
                                 "GB-LND\ttype\tsubdivision\nGB-LND\tsubdivision_type\tst:city_corporation_\n"
                                 "GB-LND\tin_country\tGB\nGB-LND\tpart_of\tGB-ENG\n"
                                 "FR-01\ttype\tsubdivision\nFR-01\tsubdivision_type\tst:department\n"
                                 "FR-01\tin_country\tFR\nFR-01\tpart_of\tFR-ARA\n"
                                 "former:AIDJ\ttype\tformer_country\n"
                                 "aar\ttype\tindividual_language\naar\tstatus\tliving\n"
                                 "fam:aav\ttype\tlanguage_family\nLatn\ttype\tscript\ncur:USD\ttype\tcurrency\n");
    assert_string_equal(literals, "LA\tlabel\tLaos\nLA\talpha_3\tLAO\nLA\tnumeric\t418\n"
                                  "GB-ENG\tlabel\tEngland\nGB-LND\tlabel\tLondon\nFR-01\tlabel\tAin\n"
                                  "former:AIDJ\tlabel\tAfars\nformer:AIDJ\twithdrawn\t1977\n"
                                  "aar\tlabel\tAfar\naar\talpha_2\taa\n"
                                  "fam:aav\tlabel\tAustro-Asiatic languages\nLatn\tlabel\tLatin\n"
                                  "cur:USD\tlabel\tUS Dollar\n");
    free(triples);
    free(literals);
}

static void expect_fault(const Fixture *f, const char *name, const char *text, uint32_t line, const char *words)
{
    write_file(f, name, text);
    BaseError err = {0};
    assert_int_equal(convert(f, &err), BASE_BAD_INPUT);
    expect_words(&err, words);
    assert_non_null(strstr(err.source, name));
    assert_int_equal(err.line, line);
    assert_false(base_is_folder(f->output));
}

static void damage_is_reported_and_leaves_nothing(void **state)
{
    Fixture *const f = *state;
    expect_fault(f, "iso_4217.json", "{\"4217\":\n [{]}", 2, "not JSON");
    expect_fault(f, "iso_4217.json", "", 1, "not JSON");
    expect_fault(f, "iso_4217.json", "[]", 0, "expected an object with the list \"4217\"");
    expect_fault(f, "iso_4217.json", "{\"4217\": [7]}", 0, "entry 1: expected an object");
    expect_fault(f, "iso_4217.json", "{\"4217\": [{\"alpha_3\": \"USD\"}]}", 0, "entry 1: expected a text in \"name\"");
    expect_fault(f, "iso_4217.json", "{\"4217\": [{\"name\": \"x\", \"alpha_3\": \"U\\tD\"}]}", 0,
                 "a text of one line in \"alpha_3\"");
    expect_fault(f, "iso_4217.json", "{\"4217\": [{\"name\": \"x\", \"alpha_3\": \"U D\"}]}", 0,
                 "a code of letters, digits and '-'");
    expect_fault(f, "iso_4217.json", "{\"4217\": [{\"name\": \"x\", \"alpha_3\": \"U\"}]}", 0, "a longer code");
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef struct Lines {
    char **items;
    size_t count, capacity;
} Lines;

static Lines sorted_lines(char *text)
{
    Lines lines = {0};
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(BASE_PUSH(&lines, line));
    qsort(lines.items, lines.count, sizeof *lines.items, compare_lines);
    return lines;
}

static void expect_same_lines(const Fixture *f, const char *name, const char *reference, size_t count)
{
    BaseError err = {0};
    size_t length;
    char *const mine_text = read_output(f, name);
    char *other_text = NULL;
    expect_ok(base_read_file(need_shared(reference), &other_text, &length, &err), &err);
    const Lines mine = sorted_lines(mine_text), other = sorted_lines(other_text);
    assert_int_equal(mine.count, count);
    assert_int_equal(other.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(mine.items[i], other.items[i]);
    free(mine.items);
    free(other.items);
    free(mine_text);
    free(other_text);
}

static void the_whole_equals_the_reference_conversion(void **state)
{
    Fixture *const f = *state;
    need_shared("data/kg/iso-codes/triples.tsv.gz");
    if (!datasets_is_here(datasets_find("iso-codes"), NULL)) {
        print_message("SKIPPED: the package iso-codes is not there\n");
        skip();
    }
    BaseError err = {0};
    expect_ok(datasets_convert("iso-codes", NULL, f->output, NULL, NULL, &err), &err);
    expect_same_lines(f, "triples.tsv", "data/kg/iso-codes/triples.tsv.gz", 37086);
    expect_same_lines(f, "literals.tsv", "data/kg/iso-codes/literals.tsv.gz", 14681);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_files_give_just_these_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_reported_and_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_whole_equals_the_reference_conversion, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
