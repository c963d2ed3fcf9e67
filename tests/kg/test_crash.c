/* A writer killed at any moment: the database opens, is sound, and holds the state before or the state after. */
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define LINES 4000
#define IMPORTS 25
#define WRITERS 25

static char *write_lines(const Fixture *f, int round)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%d.tsv", f->folder, round) > 0);
    FILE *const out = fopen(path, "wb");
    assert_non_null(out);
    for (int i = 0; i < LINES; i++)
        fprintf(out, "s%d.%d\tp%d\t\"text %d\"\n", round, i, i % 5, i);
    assert_int_equal(fclose(out), 0);
    return path;
}

/* In a child: never returns. */
static void import_and_exit(const char *path, const char *file)
{
    BaseError err = {0};
    KgStore *store = NULL;
    bool done = kg_open(path, &(KgOptions){.create = true}, &store, &err) == BASE_OK;
    done = done && kg_import(store, &file, 1, NULL, NULL, NULL, NULL, &err) == BASE_OK;
    kg_close(store);
    _exit(done ? 0 : 1);
}

/* In a child: commits one triple and one run at a time, for ever. */
static void write_for_ever(const char *path)
{
    BaseError err = {0};
    KgStore *store = NULL;
    if (kg_open(path, NULL, &store, &err) != BASE_OK)
        _exit(1);
    for (;;) {
        KgTxn *txn = NULL;
        char name[32];
        KgId id;
        if (kg_write_begin(store, &txn, &err) != BASE_OK)
            _exit(1);
        const int length = snprintf(name, sizeof name, "kg:n%d", (int)kg_term_count(txn, KG_IRI));
        const KgTerm term = {.kind = KG_IRI, .text = {name, (size_t)length}};
        if (kg_intern(txn, &term, &id, &err) != BASE_OK ||
            kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {id, id, id}}, NULL, &err) != BASE_OK ||
            kg_put_run(txn, &(KgRun){.kind = "test"}, NULL, &err) != BASE_OK || kg_commit(txn, &err) != BASE_OK)
            _exit(1);
    }
}

static void sleep_microseconds(uint64_t microseconds)
{
    nanosleep(&(struct timespec){(time_t)(microseconds / 1000000), (long)(microseconds % 1000000) * 1000}, NULL);
}

/* Kills the child, which may have ended by itself. */
static void kill_child(pid_t child)
{
    int how;
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
}

static uint64_t triples_in(const char *path)
{
    char *const data = base_join_path(path, "data.mdb");
    const bool exists = base_is_file(data);
    free(data);
    if (!exists)
        return 0;
    KgStore *const store = open_store(path, (KgOptions){0});
    expect_sound(store);
    KgTxn *const txn = begin_read(store);
    const uint64_t count = count_matches(txn, KG_IN(KG_ASSERTED), (KgTriple){0});
    kg_abort(txn);
    kg_close(store);
    return count;
}

static void a_killed_import_leaves_the_state_before_or_after(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 3);
    kg_close(f->store);
    f->store = NULL;
    BaseError err = {0};
    expect_ok(base_remove(f->path, &err), &err); /* the first import makes the database */
    uint64_t before = 0, longest = 60000;
    int finished = 0;
    for (int round = 0; round < IMPORTS; round++) {
        char *const file = write_lines(f, round);
        const double began = base_wall_seconds();
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            import_and_exit(f->path, file);
        if (round == 0) { /* learn how long one takes */
            int how;
            assert_int_equal(waitpid(child, &how, 0), child);
            assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
            longest = (uint64_t)((base_wall_seconds() - began) * 1.2e6);
        } else {
            sleep_microseconds(base_random_below(&random, longest));
            kill_child(child);
        }
        const uint64_t now = triples_in(f->path);
        assert_true(now == before || now == before + LINES);
        finished += now != before;
        before = now;
        free(file);
    }
    print_message("%d of %d imports were finished\n", finished, IMPORTS);
}

static void a_killed_first_import_leaves_a_database_or_none(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 4);
    kg_close(f->store);
    f->store = NULL;
    char *const file = write_lines(f, 0);
    for (int round = 0; round < IMPORTS; round++) {
        BaseError err = {0};
        expect_ok(base_remove(f->path, &err), &err);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            import_and_exit(f->path, file);
        sleep_microseconds(base_random_below(&random, 15000)); /* while it is being made */
        kill_child(child);
        const uint64_t now = triples_in(f->path);
        assert_true(now == 0 || now == LINES);
        /* whatever is left, the import can be done again */
        KgStore *const store = open_store(f->path, (KgOptions){.create = true});
        expect_ok(kg_import(store, (const char *const *)&file, 1, NULL, NULL, NULL, NULL, &err), &err);
        kg_close(store);
        assert_int_equal(triples_in(f->path), LINES);
    }
    free(file);
}

static void lmdb_and_the_catalog_agree_after_every_kill(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 5);
    kg_close(f->store);
    f->store = NULL;
    for (int round = 0; round < WRITERS; round++) {
        pid_t children[2]; /* that write in turns, and finish each other's work */
        for (int i = 0; i < 2; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0)
                write_for_ever(f->path);
        }
        for (int i = 0; i < 2; i++) {
            sleep_microseconds(2000 + base_random_below(&random, 30000));
            kill_child(children[i]);
        }
        for (int pass = 0; pass < 2; pass++) { /* as a reader first: nothing may be repaired for it */
            KgStore *const store = open_store(f->path, (KgOptions){.read_only = pass == 0});
            expect_sound(store);
            KgTxn *const txn = begin_read(store);
            BaseArena arena = {0};
            BaseError err = {0};
            KgRun *runs;
            size_t count;
            expect_ok(kg_runs(txn, "test", &arena, &runs, &count, &err), &err);
            assert_int_equal(count, kg_term_count(txn, KG_IRI));
            assert_int_equal(count_matches(txn, KG_ALL_LAYERS, (KgTriple){0}), count);
            base_arena_free(&arena);
            kg_abort(txn);
            kg_close(store);
        }
    }
    char *const journal = base_join_path(f->path, "catalog.db-journal");
    assert_false(base_is_file(journal)); /* nothing stray after a clean close */
    free(journal);
}

/* The file may grow to `limit` bytes, as if the disk were full then; in a child: never returns. */
static void import_with_limit(const char *path, const char *file, rlim_t limit)
{
    BaseError err = {0};
    KgStore *store = NULL;
    signal(SIGXFSZ, SIG_IGN);
    if (kg_open(path, NULL, &store, &err) != BASE_OK || setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, limit}) != 0)
        _exit(100);
    const BaseStatus status = kg_import(store, &file, 1, NULL, NULL, NULL, NULL, &err);
    kg_close(store);
    _exit((int)status);
}

static void a_full_disk_leaves_the_database_as_it_was(void **state)
{
    Fixture *const f = *state;
    kg_close(f->store);
    f->store = NULL;
    char *const file = write_lines(f, 0), *const data = base_join_path(f->path, "data.mdb");
    struct stat found;
    assert_int_equal(stat(data, &found), 0);
    for (rlim_t room = 0; room <= 1 << 20; room += 1 << 17) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            import_with_limit(f->path, file, (rlim_t)found.st_size + room);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFEXITED(how));
        const uint64_t now = triples_in(f->path);
        if (WEXITSTATUS(how) == BASE_OK) {
            assert_int_equal(now, LINES);
            break;
        }
        assert_int_equal(WEXITSTATUS(how), BASE_IO);
        assert_int_equal(now, 0);
    }
    free(file);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_killed_import_leaves_the_state_before_or_after, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_killed_first_import_leaves_a_database_or_none, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_database_as_it_was, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(lmdb_and_the_catalog_agree_after_every_kill, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
