/* Sorted runs in a file, merged when they are read, compared with a plain sort; and a file that comes back damaged. */
#include "cases.h"
#include "fixture.h"
#include "kg/spill.h"

#include <dirent.h>

#define COLUMNS 5 /* of the widest shape here */

typedef struct Row {
    uint64_t columns[COLUMNS];
    size_t run;
} Row;

static int sort_keys; /* of the shape, for compare_rows */

static int compare_rows(const void *left, const void *right)
{
    const Row *const a = left, *const b = right;
    for (int c = 0; c < sort_keys; c++)
        if (a->columns[c] != b->columns[c])
            return a->columns[c] < b->columns[c] ? -1 : 1;
    return a->run < b->run ? -1 : a->run > b->run;
}

static size_t sort_unique(Row *rows, size_t count)
{
    size_t kept = 0;
    if (count)
        qsort(rows, count, sizeof *rows, compare_rows);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || memcmp(rows[kept - 1].columns, rows[i].columns, sizeof(uint64_t) * (size_t)sort_keys) != 0)
            rows[kept++] = rows[i];
    return kept;
}

/* All rows of all runs. */
typedef struct Given {
    KgShape shape;
    KgSpill *spill;
    Row *rows;
    size_t count, runs;
} Given;

static void add_run(Given *given, BaseRandom *random, size_t most, uint64_t spread)
{
    BaseError err = {0};
    const size_t wanted = below(random, most + 1);
    Row *const run = calloc(wanted + 1, sizeof *run);
    for (size_t i = 0; i < wanted; i++) {
        for (int c = 0; c < COLUMNS; c++)
            run[i].columns[c] = base_random_below(random, c < 2 ? 6 : spread);
        run[i].run = given->runs;
    }
    const size_t count = sort_unique(run, wanted);
    KgRows rows = {.count = count};
    for (int c = 0; c < given->shape.keys + given->shape.values; c++) {
        rows.columns[c] = calloc(count + 1, sizeof **rows.columns);
        for (size_t i = 0; i < count; i++)
            rows.columns[c][i] = run[i].columns[c];
    }
    expect_ok(kg_spill_add(given->spill, &rows, &err), &err);
    kg_rows_free(&rows);
    given->rows = realloc(given->rows, (given->count + count + 1) * sizeof *given->rows);
    assert_non_null(given->rows);
    memcpy(given->rows + given->count, run, count * sizeof *run);
    given->count += count;
    given->runs++;
    free(run);
}

/* Reads `wanted` rows at most, in pieces of `most` (0: of random sizes). */
static void expect_rows(const Given *given, BaseRandom *random, size_t most, size_t wanted)
{
    BaseError err = {0};
    Row *const sorted = calloc(given->count + 1, sizeof *sorted);
    if (given->count)
        memcpy(sorted, given->rows, given->count * sizeof *sorted);
    const size_t expected = sort_unique(sorted, given->count);
    KgRows rows = {0};
    size_t seen = 0;
    BaseStatus status = BASE_OK;
    expect_ok(kg_spill_rewind(given->spill, &err), &err);
    while (seen < wanted) {
        const size_t piece = most ? most : 1 + below(random, 700);
        status = kg_spill_next(given->spill, piece, &rows, &err);
        if (status != BASE_OK)
            break;
        expect_claim(rows.count > 0 && rows.count <= piece && seen + rows.count <= expected);
        expect_claim(rows.count == piece || seen + rows.count == expected);
        for (size_t i = 0; i < rows.count; i++)
            for (int c = 0; c < given->shape.keys + given->shape.values; c++)
                expect_claim(rows.columns[c][i] == sorted[seen + i].columns[c]);
        seen += rows.count;
    }
    if (seen < wanted) {
        expect_claim(status == BASE_END && seen == expected);
        expect_claim(kg_spill_next(given->spill, 5, &rows, &err) == BASE_END); /* and again */
    }
    kg_rows_free(&rows);
    free(sorted);
}

static void runs_come_back_merged_and_the_first_of_equal_rows_stays(void **state)
{
    Fixture *const f = *state;
    static const KgShape shapes[] = {{3, 1}, {3, 0}, {2, 3}};
    BaseRandom random;
    for (uint64_t seed = 0; seed < 40; seed++) {
        BaseError err = {0};
        Given given = {.shape = shapes[seed % 3]};
        sort_keys = given.shape.keys;
        begin_case(&random, seed);
        expect_ok(kg_spill_new(f->folder, given.shape, &given.spill, &err), &err);
        expect_rows(&given, &random, 3, SIZE_MAX); /* no run at all */
        for (case_round = 0; case_round < 3; case_round++) {
            const size_t runs = seed % 5 == 4 ? 150 : below(&random, 9);
            for (size_t i = 0; i < runs; i++) /* some empty, some of many blocks, some all the same as others */
                add_run(&given, &random, one_in(&random, 4) ? 0 : (runs > 20 ? 30 : 4000),
                        one_in(&random, 2) ? 3 : UINT64_C(1) << below(&random, 60));
            expect_rows(&given, &random, 0, below(&random, given.count + 2)); /* not to the end */
            expect_rows(&given, &random, case_round ? 0 : 1 + below(&random, 3), SIZE_MAX);
        }
        kg_spill_free(given.spill);
        free(given.rows);
    }
}

/* ---- Damage ---- */

/* The one nameless file that this process has open in the folder. */
static int file_in(const char *folder)
{
    int found = -1;
    DIR *const all = opendir("/proc/self/fd");
    if (!all)
        return -1;
    const struct dirent *entry;
    while ((entry = readdir(all))) {
        char link[4096], path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%.20s", entry->d_name);
        const ssize_t length = readlink(path, link, sizeof link - 1);
        link[length > 0 ? length : 0] = 0;
        if (strncmp(link, folder, strlen(folder)) == 0 && strstr(link, "(deleted)"))
            found = atoi(entry->d_name);
    }
    closedir(all);
    return found;
}

static BaseStatus read_all(KgSpill *spill, BaseError *err)
{
    KgRows rows = {0};
    BaseStatus status = kg_spill_rewind(spill, err);
    while (status == BASE_OK)
        status = kg_spill_next(spill, 1000, &rows, err);
    kg_rows_free(&rows);
    return status;
}

static void a_file_that_comes_back_damaged_is_told(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    BaseRandom random;
    Given given = {.shape = {3, 1}};
    sort_keys = 3;
    begin_case(&random, 50);
    expect_ok(kg_spill_new(f->folder, given.shape, &given.spill, &err), &err);
    for (int i = 0; i < 5; i++)
        add_run(&given, &random, 4000, UINT64_C(1) << 30);
    const int file = file_in(f->folder);
    if (file < 0) {
        print_message("SKIPPED: no /proc to find the file in\n");
        skip();
    }
    const off_t length = lseek(file, 0, SEEK_END);
    for (case_round = 0; case_round < 200; case_round++) {
        const off_t at = case_round < 4 ? (off_t)case_round : (off_t)base_random_below(&random, (uint64_t)length);
        char byte, other;
        assert_int_equal(pread(file, &byte, 1, at), 1);
        other = (char)(byte ^ (1 << below(&random, 8)));
        assert_int_equal(pwrite(file, &other, 1, at), 1);
        err = (BaseError){0};
        expect_claim(read_all(given.spill, &err) == BASE_IO && err.status == BASE_IO);
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
    }
    expect_rows(&given, &random, 0, SIZE_MAX);
    assert_int_equal(ftruncate(file, length - 1), 0);
    err = (BaseError){0};
    assert_int_equal(read_all(given.spill, &err), BASE_IO);
    expect_words(&err, "shorter");
    kg_spill_free(given.spill);
    free(given.rows);
}

static void a_folder_that_takes_no_file_is_named(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgSpill *spill = (KgSpill *)&err;
    char *const folder = base_join_path(f->folder, "nowhere");
    assert_int_equal(kg_spill_new(folder, (KgShape){3, 0}, &spill, &err), BASE_IO);
    assert_null(spill);
    expect_words(&err, "nowhere");
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_come_back_merged_and_the_first_of_equal_rows_stays, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(a_file_that_comes_back_damaged_is_told, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_folder_that_takes_no_file_is_named, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
