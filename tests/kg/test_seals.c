/* Commits that wait for the disk once: whatever of one had reached it when the power went, the database is the one
 * before it or the one after it; and a disk that fails leaves nothing of it. */
#include "fixture.h"
#include "kg/page_seal.h"
#include "kg/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define COMMITS 12
#define CUTS 24 /* of each commit */

typedef struct Image {
    char *bytes;
    size_t pages;
} Image;

/* ---- Waits for the disk that fail ---- */

static enum { SYNC, FAIL, FAIL_ALL, DIE } next_sync;
int __real_fdatasync(int file);
int __wrap_fdatasync(int file);
int __wrap_fdatasync(int file)
{
    const int now = (int)next_sync;
    if (now != FAIL_ALL)
        next_sync = SYNC;
    if (now == DIE)
        _exit(9);
    if (now == SYNC)
        return __real_fdatasync(file);
    errno = EIO;
    return -1;
}

/* ---- What a commit is ---- */

static void add(KgTxn *txn, int number)
{
    BaseError err = {0};
    char field[80];
    snprintf(field, sizeof field, "subject number %d", number);
    const KgId s = intern_field(txn, field);
    snprintf(field, sizeof field, "\"what is said of it, at some length, is %d\"", number);
    const KgId o = intern_field(txn, field);
    expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {s, s, o}}, NULL, &err), &err);
}

static BaseStatus try_to_add(KgStore *store, int number)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(store);
    add(txn, number);
    return kg_commit(txn, &err);
}

static uint64_t count_all(KgStore *store)
{
    KgTxn *const txn = begin_read(store);
    const uint64_t count = count_matches(txn, KG_FACTS, (KgTriple){0});
    kg_abort(txn);
    return count;
}

static void fill(Fixture *f, int count)
{
    KgTxn *const txn = begin_write(f->store);
    for (int i = 0; i < count; i++)
        add(txn, i);
    commit(txn);
}

/* ---- Images of data.mdb ---- */

static Image take_image(const Fixture *f)
{
    struct stat found;
    char *const path = base_join_path(f->path, "data.mdb");
    const int file = open(path, O_RDONLY);
    assert_true(file >= 0 && fstat(file, &found) == 0);
    const Image image = {malloc((size_t)found.st_size + 1), (size_t)found.st_size / PAGE};
    assert_non_null(image.bytes);
    assert_int_equal(read(file, image.bytes, image.pages * PAGE), image.pages * PAGE);
    close(file);
    free(path);
    return image;
}

static uint64_t newest_of(const Image *image)
{
    KgPageMeta metas[2];
    for (int i = 0; i < 2; i++)
        memcpy(&metas[i], image->bytes + i * PAGE + 16, sizeof metas[i]);
    return metas[0].txn > metas[1].txn ? metas[0].txn : metas[1].txn;
}

/* The newest seal becomes one of another start of the system; with `open` also one that was never closed. */
static void move_to_another_start(Image *image, bool open_again)
{
    KgSeal seal;
    const uint64_t txn = newest_of(image);
    memcpy(&seal, image->bytes + txn % 2 * PAGE + 256, sizeof seal);
    assert_int_equal(seal.txn, txn);
    seal.boot = (BaseHash128){1, 2};
    seal.state = open_again ? KG_SEAL_OPEN : KG_SEAL_CLOSED;
    kg_seal_put(&(KgSealPages){.file = -1, .page_bytes = PAGE, .map = image->bytes}, &seal);
}

/* A database with that data.mdb, and with no sums, as they are not to be trusted. */
static char *make_database(const Fixture *f, const Image *image)
{
    BaseError err = {0};
    char *const path = base_join_path(f->folder, "cut"), *const data = base_join_path(path, "data.mdb");
    expect_ok(base_remove(path, &err), &err);
    assert_int_equal(mkdir(path, 0777), 0);
    const int file = open(data, O_RDWR | O_CREAT | O_EXCL, 0666);
    assert_true(file >= 0);
    assert_int_equal(write(file, image->bytes, image->pages * PAGE), image->pages * PAGE);
    close(file);
    free(data);
    char *const from = base_join_path(f->path, "catalog.db"), *const to = base_join_path(path, "catalog.db");
    char command[400];
    snprintf(command, sizeof command, "cp %s %s", from, to);
    assert_int_equal(system(command), 0);
    free(from);
    free(to);
    return path;
}

static uint64_t open_and_count(const char *path, bool read_only)
{
    KgStore *const store = open_store(path, (KgOptions){.read_only = read_only});
    expect_sound(store);
    const uint64_t count = count_all(store);
    kg_close(store);
    return count;
}

/* As open_and_count, of what is left of a commit; then goes on from there. */
static uint64_t count_after_cut(const Fixture *f, const Image *image, bool read_only)
{
    char *const path = make_database(f, image);
    const uint64_t count = open_and_count(path, read_only);
    KgStore *const store = open_store(path, (KgOptions){0});
    assert_int_equal(count_all(store), count);
    for (int i = 0; i < 2; i++)
        assert_int_equal(try_to_add(store, 1000000 + i), BASE_OK);
    assert_int_equal(count_all(store), count + 2);
    kg_close(store);
    assert_int_equal(open_and_count(path, false), count + 2);
    free(path);
    return count;
}

/* ---- Power cuts ---- */

/* What `before` became on its way to `after`: of the pages that differ, some, in *missing how many not. */
static Image cut(const Image *before, const Image *after, BaseRandom *random, size_t *missing)
{
    const uint64_t odds = base_random_below(random, 5); /* of 4: from nothing to all but about one */
    const Image image = {malloc(after->pages * PAGE), after->pages};
    assert_non_null(image.bytes);
    memcpy(image.bytes, after->bytes, after->pages * PAGE);
    *missing = 0;
    size_t changed[512], count = 0;
    for (size_t page = 0; page < after->pages && count < 512; page++)
        if (page >= before->pages || memcmp(before->bytes + page * PAGE, after->bytes + page * PAGE, PAGE) != 0)
            changed[count++] = page;
    assert_true(count >= 3);
    for (size_t i = 0; i < count; i++) {
        if (odds < 4 ? base_random_below(random, 4) < odds : base_random_below(random, count) != 0)
            continue;
        char *const page = image.bytes + changed[i] * PAGE;
        if (changed[i] < before->pages)
            memcpy(page, before->bytes + changed[i] * PAGE, PAGE);
        else
            memset(page, 0, PAGE);
        ++*missing;
    }
    return image;
}

static void a_cut_commit_is_there_in_whole_or_not_at_all(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 21);
    int gone_back = 0, kept = 0;
    fill(f, 400);
    for (int i = 0; i < COMMITS; i++) {
        const uint64_t count = count_all(f->store);
        f->store->limits.tail_bytes = i % 2 == 0; /* half of them write few pages, half many */
        Image before = take_image(f);
        for (int n = 0; n < 3 && i % 3 == 2; n++) { /* pages to use again */
            assert_int_equal(try_to_add(f->store, 5000 + 3 * i + n), BASE_OK);
            free(before.bytes);
            before = take_image(f);
        }
        const uint64_t old = i % 3 == 2 ? count + 3 : count;
        assert_int_equal(try_to_add(f->store, 1000 + i), BASE_OK);
        Image after = take_image(f);
        move_to_another_start(&after, false);
        assert_int_equal(count_after_cut(f, &after, i % 2), old + 1);
        for (int c = 0; c < CUTS; c++) {
            size_t missing;
            const Image image = cut(&before, &after, &random, &missing);
            const uint64_t now = count_after_cut(f, &image, c % 2);
            assert_true(now == old || now == old + 1);
            assert_true(missing > 0 || now == old + 1);
            gone_back += now == old && newest_of(&image) == newest_of(&after);
            kept += now == old + 1;
            free(image.bytes);
        }
        move_to_another_start(&after, true);
        assert_int_equal(count_after_cut(f, &after, i % 2), old);
        free(before.bytes);
        free(after.bytes);
    }
    print_message("%d gone back, %d whole\n", gone_back, kept);
    assert_true(gone_back > 0 && kept > 0);
}

static void a_whole_commit_stays_when_the_next_one_was_cut_off(void **state)
{
    Fixture *const f = *state;
    fill(f, 100);
    assert_int_equal(try_to_add(f->store, 1000), BASE_OK);
    Image image = take_image(f);
    move_to_another_start(&image, false);
    /* the next has written pages that are not in use, and into the other meta page as LMDB does when it fails there */
    const uint64_t other = (newest_of(&image) + 1) % 2;
    KgPageMeta meta;
    memcpy(&meta, image.bytes + other * PAGE + 16, sizeof meta);
    meta.main.root = 12345;
    memcpy(image.bytes + other * PAGE + 16, &meta, sizeof meta);
    assert_int_equal(count_after_cut(f, &image, false), 101);
    free(image.bytes);
}

static void damage_after_a_clean_end_is_damage(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    fill(f, 400);
    const Image before = take_image(f);
    assert_int_equal(try_to_add(f->store, 1000), BASE_OK);
    kg_close(f->store);
    f->store = NULL;
    Image after = take_image(f);
    move_to_another_start(&after, false);
    size_t page = 2; /* one that is new */
    while (page < before.pages && memcmp(before.bytes + page * PAGE, after.bytes + page * PAGE, PAGE) == 0)
        page++;
    after.bytes[page * PAGE + 40] ^= 1;
    char *const data = base_join_path(f->path, "data.mdb");
    const int file = open(data, O_RDWR);
    assert_int_equal(write(file, after.bytes, after.pages * PAGE), after.pages * PAGE);
    close(file);
    KgStore *store = NULL;
    assert_int_equal(kg_open(f->path, NULL, &store, &err), BASE_BAD_INPUT);
    const Image now = take_image(f);
    assert_int_equal(newest_of(&now), newest_of(&after));
    free(now.bytes);
    free(before.bytes);
    free(after.bytes);
    free(data);
}

/* ---- Disks that fail, writers that are killed ---- */

static void a_failed_wait_takes_the_commit_back(void **state)
{
    Fixture *const f = *state;
    fill(f, 100);
    uint64_t count = 100;
    for (int i = 0; i < 20; i++) {
        next_sync = i % 3 ? SYNC : FAIL;
        const BaseStatus status = try_to_add(f->store, 1000 + i);
        assert_int_equal(status, i % 3 ? BASE_OK : BASE_IO);
        count += status == BASE_OK;
        assert_int_equal(count_all(f->store), count);
    }
    expect_sound(f->store);
    kg_close(f->store);
    f->store = NULL;
    assert_int_equal(open_and_count(f->path, true), count);
    f->store = open_store(f->path, (KgOptions){0});
    assert_int_equal(try_to_add(f->store, 2000), BASE_OK);
    expect_sound(f->store);
}

static void nothing_is_written_to_a_disk_that_goes_on_failing(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *txn = NULL;
    fill(f, 100);
    next_sync = FAIL_ALL;
    assert_int_equal(try_to_add(f->store, 1000), BASE_IO);
    next_sync = SYNC;
    assert_int_equal(kg_write_begin(f->store, &txn, &err), BASE_IO);
    assert_non_null(strstr(err.message, "data.mdb"));
    assert_int_equal(count_all(f->store), 100);
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){0});
    assert_int_equal(try_to_add(f->store, 1000), BASE_OK);
    expect_sound(f->store);
}

/* Killed after LMDB's part: the commit can be seen, and the next one must not be all of it that reaches the disk. */
static void the_next_writer_waits_for_what_a_killed_one_left(void **state)
{
    Fixture *const f = *state;
    fill(f, 400);
    kg_close(f->store);
    f->store = NULL;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        BaseError err = {0};
        KgStore *store = NULL;
        if (kg_open(f->path, NULL, &store, &err) != BASE_OK || try_to_add(store, 1000) != BASE_OK)
            _exit(1);
        next_sync = DIE;
        try_to_add(store, 1001);
        _exit(2);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 9);
    f->store = open_store(f->path, (KgOptions){0});
    expect_sound(f->store);
    const Image before = take_image(f);
    const uint64_t count = count_all(f->store);
    assert_int_equal(count, 402);
    assert_int_equal(try_to_add(f->store, 1002), BASE_OK);
    Image after = take_image(f);
    move_to_another_start(&after, true);
    assert_int_equal(count_after_cut(f, &after, false), count);
    free(before.bytes);
    free(after.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cut_commit_is_there_in_whole_or_not_at_all, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_whole_commit_stays_when_the_next_one_was_cut_off, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(damage_after_a_clean_end_is_damage, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_failed_wait_takes_the_commit_back, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(nothing_is_written_to_a_disk_that_goes_on_failing, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(the_next_writer_waits_for_what_a_killed_one_left, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
