/* The converter against a WordNet of six synsets whose triples are written down here, against every kind of damage,
 * and, where they are at hand, the whole of WordNet against the reference conversion. */
#include "expect.h"

#include "datasets/datasets.h"

#include <dirent.h>

#define LICENCE "  1 This is the licence of the data.  \n  2 Its lines begin with two spaces.  \n"

typedef struct Part {
    const char *name, *text;
} Part;
static const Part small[] = {
    {"data.noun", LICENCE "00000100 03 n 01 entity 0 001 ~ 00000200 n 0000 | that which is  \n"
                          "00000200 05 n 02 dog 0 Domestic_Dog 0 004 @ 00000100 n 0000 + 00000100 v 0101 + 00000100 v "
                          "0201 ;c 00000100 n 0000 | a \"friend\"; man's  \n"
                          "00000300 18 n 01 Dog 1 001 @i 00000200 n 0000 | a person  \n"},
    {"index.noun", LICENCE "dog n 2 3 @ ~ ; 2 1 00000300 00000200  \n"
                           "domestic_dog n 1 1 @ 1 0 00000200  \n"
                           "entity n 1 1 ~ 1 1 00000100  \n"},
    {"data.verb", LICENCE "00000100 38 v 01 dog 0 001 + 00000200 n 0101 02 + 08 00 + 09 01 | go after  \n"},
    {"index.verb", LICENCE "dog v 1 1 + 1 0 00000100  \n"},
    {"data.adj", LICENCE "00000100 00 a 01 able 0 001 & 00000200 a 0000 | can  \n"
                         "00000200 00 s 01 galore(ip) 0 001 & 00000100 a 0000 | in plenty  \n"},
    {"index.adj", LICENCE "able a 1 1 & 1 1 00000100  \ngalore a 1 1 & 1 0 00000200  \n"},
    {"data.adv", LICENCE "00000100 02 r 01 ably 0 001 \\ 00000100 a 0101 | in an able way  \n"},
    {"index.adv", LICENCE "ably r 1 1 \\ 1 0 00000100  \n"},
};
#define PART_COUNT (sizeof small / sizeof *small)

static const char small_triples[] = "entity.n.01\tlexname\tnoun.Tops\n"
                                    "dog.n.02\tlexname\tnoun.animal\n"
                                    "dog.n.02\thypernym\tentity.n.01\n"
                                    "dog.n.02\tderivationally_related_form\tdog.v.01\n"
                                    "dog.n.02\tdomain_topic\tentity.n.01\n"
                                    "dog.n.01\tlexname\tnoun.person\n"
                                    "dog.n.01\tinstance_hypernym\tdog.n.02\n"
                                    "dog.v.01\tlexname\tverb.motion\n"
                                    "dog.v.01\tderivationally_related_form\tdog.n.02\n"
                                    "able.a.01\tlexname\tadj.all\n"
                                    "able.a.01\tsimilar_to\tgalore.s.01\n"
                                    "galore.s.01\tlexname\tadj.all\n"
                                    "galore.s.01\tsimilar_to\table.a.01\n"
                                    "ably.r.01\tlexname\tadv.all\n"
                                    "ably.r.01\tpertains_to\table.a.01\n";

typedef struct Fixture {
    char *folder, *source, *output;
} Fixture;

static void write_part(const Fixture *f, const char *name, const char *text)
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
    for (size_t i = 0; i < PART_COUNT; i++)
        write_part(f, small[i].name, small[i].text);
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

static BaseStatus convert(const Fixture *f, DatasetsReport *report, BaseError *err)
{
    return datasets_convert("wordnet", &(DatasetsOptions){.folder = f->source}, f->output, report, NULL, err);
}

static char *read_output(const Fixture *f, const char *name, size_t *length)
{
    char *const path = base_join_path(f->output, name);
    char *text = NULL;
    BaseError err = {0};
    expect_ok(base_read_file(path, &text, length, &err), &err);
    free(path);
    return text;
}

static void expect_output(const Fixture *f, const char *name, const char *expected)
{
    size_t length;
    char *const text = read_output(f, name, &length);
    assert_string_equal(text, expected);
    free(text);
}

static void a_small_wordnet_gives_just_these_triples(void **state)
{
    Fixture *const f = *state;
    DatasetsReport report;
    BaseError err = {0};
    expect_ok(convert(f, &report, &err), &err);
    expect_output(f, "triples.tsv", small_triples);
    assert_int_equal(report.file_count, 3);
    assert_string_equal(report.files[0].name, "triples.tsv");
    assert_int_equal(report.files[0].count, 15);
    assert_int_equal(report.files[1].count, 3 * 7);
}

static void labels_keep_their_case_and_lemmas_do_not(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    expect_ok(convert(f, NULL, &err), &err);
    size_t length;
    char *const literals = read_output(f, "literals.tsv", &length);
    assert_non_null(strstr(literals, "dog.n.02\tlabel\tdog, Domestic Dog\n"));
    assert_non_null(strstr(literals, "dog.n.02\tgloss\ta \"friend\"; man's\n"));
    assert_non_null(strstr(literals, "dog.n.02\toffset\t00000200\n"));
    assert_non_null(strstr(literals, "galore.s.01\tlabel\tgalore\n"));
    free(literals);
    expect_output(f, "words.tsv",
                  "entity.n.01\tlemma\tentity\ndog.n.02\tlemma\tdog\ndog.n.02\tlemma\tdomestic_dog\n"
                  "dog.n.01\tlemma\tdog\ndog.v.01\tlemma\tdog\nable.a.01\tlemma\table\n"
                  "galore.s.01\tlemma\tgalore\nably.r.01\tlemma\tably\n");
}

/* Replaces the first `from` in file `name` by `to`, converts, and expects a fault there. */
static void expect_fault(const Fixture *f, const char *name, const char *from, const char *to, uint32_t line,
                         uint32_t column, const char *words)
{
    const char *whole = NULL;
    for (size_t i = 0; i < PART_COUNT; i++)
        if (strcmp(small[i].name, name) == 0)
            whole = small[i].text;
    assert_non_null(whole);
    const char *const place = strstr(whole, from);
    assert_non_null(place);
    char *text = NULL;
    assert_true(asprintf(&text, "%.*s%s%s", (int)(place - whole), whole, to, place + strlen(from)) > 0);
    write_part(f, name, text);
    free(text);

    BaseError err = {0};
    assert_int_equal(convert(f, NULL, &err), BASE_BAD_INPUT);
    expect_words(&err, words);
    assert_non_null(strstr(err.source, name));
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_false(base_is_folder(f->output)); /* made for this conversion, gone with it */
    write_part(f, name, whole);
}

static void damage_is_reported_with_its_place_and_leaves_nothing(void **state)
{
    Fixture *const f = *state;
    expect_fault(f, "data.noun", "00000100 03", "0000x100 03", 3, 1,
                 "expected the synset's offset, found \"0000x100\"");
    expect_fault(f, "data.noun", "00000100 03", "00000100 45", 3, 10, "lexicographer's file (00 to 44)");
    expect_fault(f, "data.noun", "03 n 01", "03 v 01", 3, 13, "the file's own part of speech, found \"v\"");
    expect_fault(f, "data.noun", "n 01 entity", "n 00 entity", 3, 17, "without words");
    expect_fault(f, "data.noun", "0 001 ~", "0 001 ?", 3, 31, "a pointer symbol, found \"?\"");
    expect_fault(f, "data.noun", "~ 00000200 n", "~ 00000200 x", 3, 42, "a part of speech (n, v, a, s or r)");
    expect_fault(f, "data.noun", "0 001 ~", "0 002 ~", 3, 49, "a pointer symbol, found \"|\"");
    expect_fault(f, "data.noun", "| that which is  ", "", 3, 49, "expected \"|\" and a gloss, found the end");
    expect_fault(f, "data.noun", "that which is  ", "", 3, 51, "expected a gloss");
    expect_fault(f, "data.noun", "that which", "that\twhich", 3, 55, "control character 0x09");
    expect_fault(f, "data.noun", "that which", "that \xffwhich", 3, 56, "expected UTF-8, found the byte 0xff");
    expect_fault(f, "data.noun", "00000300", "00000200", 5, 1, "synset 00000200 is there twice");
    expect_fault(f, "data.noun", "@ 00000100", "@ 00000199", 4, 45, "synset 00000199 is not in data.noun");
    expect_fault(f, "data.noun", "Dog 1", "cat 1", 5, 1, "index.noun has no sense of \"cat\"");
    expect_fault(f, "data.verb", "02 + 08", "02 * 08", 3, 49, "\"+\" before a sentence frame");
    expect_fault(f, "index.noun", "00000300", "00000999", 3, 21, "synset 00000999 is not in data.noun");
    expect_fault(f, "index.noun", "dog n 2", "dog n 1", 3, 30, "the end of the line after 1 senses");
    expect_fault(f, "index.noun", "dog n 2", "dog n 3", 3, 40, "expected the offset of a synset, found the end");
    expect_fault(f, "index.noun", "dog n", "dog v", 3, 5, "the file's own part of speech");
}

static void a_file_cut_at_any_byte_is_refused_and_leaves_nothing(void **state)
{
    Fixture *const f = *state;
    for (size_t i = 0; i < PART_COUNT; i++) {
        char *const text = strdup(small[i].text);
        for (size_t cut = strlen(text); cut-- > 0;) {
            text[cut] = '\0';
            write_part(f, small[i].name, text);
            BaseError err = {0};
            assert_int_equal(convert(f, NULL, &err), BASE_BAD_INPUT);
            assert_non_null(strstr(err.source, "source/"));
            assert_false(base_is_folder(f->output));
        }
        free(text);
        write_part(f, small[i].name, small[i].text);
    }
}

static void a_failed_conversion_keeps_what_was_there_before(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    expect_ok(convert(f, NULL, &err), &err);
    write_part(f, "data.adv", "garbage\n");
    assert_int_equal(convert(f, NULL, &err), BASE_BAD_INPUT);
    expect_output(f, "triples.tsv", small_triples);
    size_t names = 0;
    DIR *const folder = opendir(f->output);
    for (const struct dirent *entry; (entry = readdir(folder));)
        names += entry->d_name[0] != '.';
    closedir(folder);
    assert_int_equal(names, 3); /* no temporary file stays */
}

static void a_missing_file_is_named(void **state)
{
    Fixture *const f = *state;
    char *const path = base_join_path(f->source, "index.adv");
    assert_int_equal(unlink(path), 0);
    BaseError err = {0};
    assert_int_equal(convert(f, NULL, &err), BASE_NOT_FOUND);
    expect_words(&err, "index.adv");
    assert_false(base_is_folder(f->output));
    free(path);
}

static void a_cancelled_conversion_leaves_nothing(void **state)
{
    Fixture *const f = *state;
    BaseJob job = {.cancelled = true};
    BaseError err = {0};
    assert_int_equal(datasets_convert("wordnet", &(DatasetsOptions){.folder = f->source}, f->output, NULL, &job, &err),
                     BASE_CANCELLED);
    assert_false(base_is_folder(f->output));
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
    char *const mine_text = read_output(f, name, &length);
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

static void the_whole_of_wordnet_equals_the_reference_conversion(void **state)
{
    Fixture *const f = *state;
    need_shared("data/kg/wordnet/triples.tsv.gz");
    if (!datasets_is_here(datasets_find("wordnet"), NULL)) {
        print_message("SKIPPED: the package wordnet-base is not there\n");
        skip();
    }
    BaseError err = {0};
    DatasetsReport report;
    expect_ok(datasets_convert("wordnet", NULL, f->output, &report, NULL, &err), &err);
    assert_int_equal(report.files[0].count, 353061);
    expect_same_lines(f, "triples.tsv", "data/kg/wordnet/triples.tsv.gz", 353061);
    expect_same_lines(f, "literals.tsv", "data/kg/wordnet/literals.tsv.gz", 352977);
    expect_same_lines(f, "words.tsv", "data/kg/wordnet/words.tsv.gz", 206978);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_small_wordnet_gives_just_these_triples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(labels_keep_their_case_and_lemmas_do_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_reported_with_its_place_and_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_cut_at_any_byte_is_refused_and_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_conversion_keeps_what_was_there_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_file_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancelled_conversion_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_whole_of_wordnet_equals_the_reference_conversion, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
