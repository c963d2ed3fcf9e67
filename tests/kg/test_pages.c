/* Every byte of data.mdb is watched: what is flipped is found, what is whole is never called damaged. */
#include "fixture.h"
#include "kg/page_sums.h"
#include "kg/page_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FLIPS 600
#define KILLS 50
#define WALKS 4000

typedef struct Bytes {
    char *items;
    size_t count;
} Bytes;

static char *in_database(const Fixture *f, const char *name)
{
    return base_join_path(f->path, name);
}

static Bytes read_all(const char *path)
{
    struct stat found;
    const int file = open(path, O_RDONLY);
    assert_true(file >= 0 && fstat(file, &found) == 0);
    const Bytes bytes = {malloc((size_t)found.st_size + 1), (size_t)found.st_size};
    assert_non_null(bytes.items);
    assert_int_equal(read(file, bytes.items, bytes.count), bytes.count);
    close(file);
    return bytes;
}

static void write_at(const char *path, uint64_t offset, const char *bytes, size_t count)
{
    const int file = open(path, O_RDWR | O_CREAT, 0666);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, count, (off_t)offset), count);
    close(file);
}

static void write_all(const char *path, const Bytes *bytes)
{
    write_at(path, 0, bytes->items, bytes->count);
    assert_int_equal(truncate(path, (off_t)bytes->count), 0);
}

/* `count` triples from `first`; every 50th object is some pages long. */
static void add_triples(KgTxn *txn, int first, int count)
{
    BaseError err = {0};
    char *const words = malloc(20000);
    assert_non_null(words);
    for (int i = first; i < first + count; i++) {
        char field[64];
        snprintf(field, sizeof field, "subject number %d", i / 3);
        const KgId s = intern_field(txn, field);
        snprintf(field, sizeof field, "p%d", i % 7);
        const KgId p = intern_field(txn, field);
        const int length = snprintf(words, 20000, "words %d%*s", i, i % 50 ? i % 90 : 1000 + i % 15000, "");
        KgId o;
        const KgTerm term = {.kind = KG_LITERAL, .text = {words, (size_t)length}};
        expect_ok(kg_intern(txn, &term, &o, &err), &err);
        expect_ok(kg_add(txn, (KgLayer)(i % 2), &(KgRecord){.triple = {s, p, o}}, NULL, &err), &err);
    }
    free(words);
}

static void add_and_commit(KgStore *store, int first, int count)
{
    KgTxn *const txn = begin_write(store);
    add_triples(txn, first, count);
    commit(txn);
}

static void close_store(Fixture *f)
{
    kg_close(f->store);
    f->store = NULL;
}

/* A database with free pages, long values and several commits, closed. */
static void fill(Fixture *f)
{
    BaseError err = {0};
    add_and_commit(f->store, 0, 3000);
    KgTxn *const txn = begin_write(f->store);
    expect_ok(kg_clear_layer(txn, KG_INFERRED, &err), &err);
    commit(txn);
    add_and_commit(f->store, 3000, 5);
    add_and_commit(f->store, 3010, 5);
    close_store(f);
}

static void tell_fault(void *context, const BaseError *error)
{
    if (*(bool *)context)
        base_error_print(stderr, error);
}

/* BASE_OK: nothing is wrong with the database. */
static BaseStatus judge(const char *path, bool read_only, bool tells, BaseError *err)
{
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    BaseStatus status = kg_open(path, &(KgOptions){.read_only = read_only}, &store, err);
    if (status == BASE_OK)
        status = kg_read_begin(store, &txn, err);
    if (status == BASE_OK)
        status = kg_check(txn, NULL, &(BaseSink){.report = tell_fault, .context = &tells}, NULL, err);
    kg_abort(txn);
    kg_close(store);
    return status;
}

static BaseStatus verdict(const char *path, bool read_only, BaseError *err)
{
    return judge(path, read_only, false, err);
}

static void expect_clean(const Fixture *f)
{
    for (int read_only = 0; read_only < 2; read_only++) {
        BaseError err = {0};
        expect_ok(verdict(f->path, read_only, &err), &err);
    }
}

/* ---- Flips ---- */

static void every_flipped_byte_is_found(void **state)
{
    Fixture *const f = *state;
    fill(f);
    char *const data = in_database(f, "data.mdb");
    const Bytes whole = read_all(data);
    BaseRandom random;
    base_random_seed(&random, 11);
    int refused = 0;
    for (int i = 0; i < FLIPS; i++) {
        /* the meta pages have their share */
        const uint64_t at = base_random_below(&random, i % 10 == 0 ? 8192 : whole.count);
        const char flipped = (char)(whole.items[at] ^ (1 + (int)base_random_below(&random, 255)));
        write_at(data, at, &flipped, 1);
        BaseError err = {0};
        KgStore *store = NULL;
        const BaseStatus opened = kg_open(f->path, &(KgOptions){.read_only = i % 2}, &store, &err);
        kg_close(store);
        refused += opened != BASE_OK;
        assert_true(opened == BASE_OK || opened == BASE_BAD_INPUT);
        err = (BaseError){0};
        if (verdict(f->path, i % 2, &err) != BASE_BAD_INPUT)
            fail_msg("byte %llu of page %llu: flipped, not found", (unsigned long long)at % 4096,
                     (unsigned long long)at / 4096);
        write_at(data, at, &whole.items[at], 1);
    }
    print_message("%d of %d were found on opening\n", refused, FLIPS);
    assert_true(refused > 0 && refused < FLIPS);
    expect_clean(f);
    free(whole.items);
    free(data);
}

static void a_file_cut_short_or_too_long_is_found(void **state)
{
    Fixture *const f = *state;
    fill(f);
    char *const data = in_database(f, "data.mdb");
    const Bytes whole = read_all(data);
    for (size_t lost = 1; lost < whole.count; lost = lost * 3 + 1) {
        BaseError err = {0};
        assert_int_equal(truncate(data, (off_t)(whole.count - lost)), 0);
        assert_int_equal(verdict(f->path, lost % 2, &err), BASE_BAD_INPUT);
        write_all(data, &whole);
    }
    BaseError err = {0};
    write_at(data, whole.count, "more", 4);
    assert_int_equal(verdict(f->path, true, &err), BASE_BAD_INPUT);
    write_all(data, &whole);
    expect_clean(f);
    free(whole.items);
    free(data);
}

/* ---- Nothing is found where nothing is wrong ---- */

static void every_commit_leaves_sums_that_fit(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 12);
    for (int round = 0; round < 60; round++) {
        BaseError err = {0};
        KgTxn *const txn = begin_write(f->store);
        const int first = (int)base_random_below(&random, 4000);
        add_triples(txn, first, round % 10 == 0 ? 2000 : 1 + (int)base_random_below(&random, 20));
        if (round % 7 == 3)
            expect_ok(kg_clear_layer(txn, (KgLayer)(round % 2), &err), &err);
        for (int i = 0; i < 20; i++) {
            KgScan *scan;
            KgTriple triple;
            expect_ok(kg_scan_open(txn, KG_IN(KG_ASSERTED), (KgTriple){0}, KG_ORDER_SPO, &scan, &err), &err);
            const BaseStatus status = kg_scan_next(scan, &triple, &err);
            kg_scan_close(scan);
            if (status == BASE_OK)
                expect_ok(kg_delete(txn, KG_ASSERTED, triple, NULL, &err), &err);
        }
        if (round % 5 == 4) {
            kg_abort(txn);
        } else {
            commit(txn);
        }
        expect_sound(f->store);
        if (round % 4 == 0) {
            close_store(f);
            expect_clean(f);
            f->store = open_store(f->path, (KgOptions){0});
        }
    }
}

/* LMDB keeps at most 131,071 changed pages in memory; the others it writes early, wherever they may end. */
static void an_aborted_large_transaction_leaves_sums_that_fit(void **state)
{
    Fixture *const f = *state;
    char words[2200];
    memset(words, 'w', sizeof words);
    add_and_commit(f->store, 0, 100);
    KgTxn *const txn = begin_write(f->store);
    for (int i = 0; i < 140000; i++) {
        BaseError err = {0};
        KgId id;
        snprintf(words, 32, "%d", i);
        const KgTerm term = {.kind = KG_LITERAL, .text = {words, sizeof words}}; /* a page of its own */
        expect_ok(kg_intern(txn, &term, &id, &err), &err);
    }
    kg_abort(txn);
    expect_sound(f->store);
    add_and_commit(f->store, 100, 10);
    expect_sound(f->store);
    close_store(f);
    expect_clean(f);
}

/* Rot does not wait for the database to be closed. */
static void a_tree_damaged_while_open_is_not_walked_by_check(void **state)
{
    Fixture *const f = *state;
    add_and_commit(f->store, 0, 3000);
    char *const data = in_database(f, "data.mdb");
    const Bytes whole = read_all(data);
    BaseRandom random;
    base_random_seed(&random, 17);
    for (int i = 0; i < 200; i++) { /* headers, offsets and nodes of pages */
        const uint64_t page = 2 + base_random_below(&random, whole.count / 4096 - 2);
        const uint64_t at = page * 4096 + base_random_below(&random, 4096);
        const char flipped = (char)(whole.items[at] ^ (1 + (int)base_random_below(&random, 255)));
        write_at(data, at, &flipped, 1);
        BaseError err = {0};
        uint64_t faults = 0;
        KgTxn *const txn = begin_read(f->store);
        assert_int_equal(kg_check(txn, &faults, NULL, NULL, &err), BASE_BAD_INPUT);
        assert_true(faults > 0);
        kg_abort(txn);
        write_at(data, at, &whole.items[at], 1);
    }
    expect_sound(f->store);
    free(whole.items);
    free(data);
}

static void backup_and_compaction_have_sums_of_their_own(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    fill(f);
    f->store = open_store(f->path, (KgOptions){0});
    char *const copy = base_join_path(f->folder, "copy"), *const sums = base_join_path(copy, "data.sum");
    char *const data = base_join_path(copy, "data.mdb");
    expect_ok(kg_backup(f->store, copy, &err), &err);
    assert_true(base_is_file(sums));
    close_store(f);
    expect_ok(kg_compact(f->path, NULL, NULL, &err), &err);
    expect_clean(f);
    const Bytes whole = read_all(data);
    const char flipped = (char)~whole.items[whole.count / 2];
    write_at(data, whole.count / 2, &flipped, 1);
    assert_int_equal(verdict(copy, true, &err), BASE_BAD_INPUT);
    free(whole.items);
    free(copy);
    free(sums);
    free(data);
}

/* A fault that a writer meets by itself ends it otherwise than by the signal that is waited for. */
static void stop_writing(const BaseError *err)
{
    base_error_print(stderr, err);
    _exit(1);
}

static void write_until_killed(const char *path, unsigned seed)
{
    BaseError err = {0};
    KgStore *store = NULL;
    BaseRandom random;
    base_random_seed(&random, seed);
    if (kg_open(path, NULL, &store, &err) != BASE_OK)
        stop_writing(&err);
    for (;;) {
        KgTxn *txn = NULL;
        if (kg_write_begin(store, &txn, &err) != BASE_OK)
            stop_writing(&err);
        add_triples(txn, (int)base_random_below(&random, 20000), 1 + (int)base_random_below(&random, 60));
        if (base_random_below(&random, 9) == 0 && kg_clear_layer(txn, KG_INFERRED, &err) != BASE_OK)
            stop_writing(&err);
        if (base_random_below(&random, 5) == 0)
            kg_abort(txn);
        else if (kg_commit(txn, &err) != BASE_OK)
            stop_writing(&err);
        if (base_random_below(&random, 20) == 0) { /* another store, as other programs */
            kg_close(store);
            if (kg_open(path, NULL, &store, &err) != BASE_OK)
                stop_writing(&err);
        }
    }
}

static void a_killed_writer_leaves_nothing_that_is_called_damaged(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 13);
    fill(f);
    for (int round = 0; round < KILLS; round++) {
        pid_t children[2];
        for (int i = 0; i < 2; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0)
                write_until_killed(f->path, (unsigned)(2 * round + i));
        }
        for (int i = 0; i < 2; i++) {
            BaseError err = {0};
            nanosleep(&(struct timespec){0, (long)base_random_below(&random, 30000000)}, NULL);
            if (round % 3 == i) /* while they write */
                expect_ok(judge(f->path, true, true, &err), &err);
            kill(children[i], SIGKILL);
            int how;
            assert_int_equal(waitpid(children[i], &how, 0), children[i]);
            assert_true(WIFSIGNALED(how)); /* it met no fault by itself */
        }
        BaseError err = {0};
        expect_ok(judge(f->path, round % 2, true, &err), &err);
        expect_ok(judge(f->path, false, true, &err), &err);
    }
    /* and then all is watched again, free pages too */
    expect_clean(f);
    char *const data = in_database(f, "data.mdb");
    const Bytes whole = read_all(data);
    for (int i = 0; i < 50; i++) {
        BaseError err = {0};
        const uint64_t at = base_random_below(&random, whole.count);
        const char flipped = (char)~whole.items[at];
        write_at(data, at, &flipped, 1);
        assert_int_equal(verdict(f->path, false, &err), BASE_BAD_INPUT);
        write_at(data, at, &whole.items[at], 1);
    }
    free(whole.items);
    free(data);
}

typedef struct Writer {
    KgStore *store;
    atomic_bool stop;
} Writer;

static void *write_until_stopped(void *context)
{
    Writer *const writer = context;
    for (int i = 0; !writer->stop; i++) {
        BaseError err = {0};
        KgTxn *txn = NULL;
        if (kg_write_begin(writer->store, &txn, &err) != BASE_OK)
            return "cannot begin";
        add_triples(txn, i * 30 % 5000, 30);
        if (i % 6 == 5)
            kg_abort(txn);
        else if (kg_commit(txn, &err) != BASE_OK)
            return "cannot commit";
    }
    return NULL;
}

static void a_check_beside_a_writer_finds_nothing(void **state)
{
    Fixture *const f = *state;
    Writer writer = {.store = f->store};
    pthread_t thread;
    void *fault;
    add_and_commit(f->store, 0, 1000);
    assert_int_equal(pthread_create(&thread, NULL, write_until_stopped, &writer), 0);
    for (int i = 0; i < 40; i++)
        expect_sound(f->store);
    writer.stop = true;
    pthread_join(thread, &fault);
    assert_null(fault);
    close_store(f);
    expect_clean(f);
}

/* ---- data.sum itself ---- */

/* So many of kg's own writes (to data.sum; LMDB and SQLite have theirs) succeed, then the disk is full. */
static int writes_left = -1;
static bool maps_fail; /* so that all of them are writes */
void *__real_mmap(void *at, size_t length, int rights, int flags, int file, off_t offset);
void *__wrap_mmap(void *at, size_t length, int rights, int flags, int file, off_t offset);
void *__wrap_mmap(void *at, size_t length, int rights, int flags, int file, off_t offset)
{
    return maps_fail ? MAP_FAILED : __real_mmap(at, length, rights, flags, file, offset);
}
ssize_t __real_pwrite(int file, const void *bytes, size_t count, off_t offset);
ssize_t __wrap_pwrite(int file, const void *bytes, size_t count, off_t offset);
ssize_t __wrap_pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    if (writes_left == 0) {
        errno = ENOSPC;
        return -1;
    }
    writes_left -= writes_left > 0;
    return __real_pwrite(file, bytes, count, offset);
}

/* Adds one triple; false when it is not there then, as the call said. */
static bool try_to_add(KgStore *store, int number)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    BaseStatus status = kg_write_begin(store, &txn, &err);
    if (status == BASE_OK) {
        add_triples(txn, number, 1);
        status = kg_commit(txn, &err);
    }
    assert_true(status == BASE_OK || status == BASE_IO);
    return status == BASE_OK;
}

static void sums_that_cannot_be_written_lose_no_commit(void **state)
{
    Fixture *const f = *state;
    uint64_t expected = 100;
    int number = 100, refused = 0, went_on = 0;
    maps_fail = true;
    add_and_commit(f->store, 0, 100);
    close_store(f);
    for (int allowed = 0; allowed < 40; allowed++) {
        f->store = open_store(f->path, (KgOptions){0});
        writes_left = allowed;
        for (int i = 0; i < 3; i++) {
            const bool added = try_to_add(f->store, number++);
            expected += added;
            refused += !added;
            went_on += added && writes_left == 0;
        }
        if (allowed % 2) { /* another process has written meanwhile, and has room */
            const pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                BaseError err = {0};
                KgStore *store = NULL;
                writes_left = -1;
                _exit(kg_open(f->path, NULL, &store, &err) == BASE_OK && try_to_add(store, number) ? 0 : 1);
            }
            int how;
            assert_int_equal(waitpid(child, &how, 0), child);
            assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
            number++;
            expected++;
            const bool added = try_to_add(f->store, number++);
            expected += added;
        }
        close_store(f);
        BaseError err = {0};
        expect_ok(verdict(f->path, true, &err), &err);
        writes_left = -1;
        expect_ok(verdict(f->path, true, &err), &err);
        expect_clean(f);
        f->store = open_store(f->path, (KgOptions){0});
        KgTxn *const txn = begin_read(f->store);
        assert_int_equal(count_matches(txn, KG_IN(KG_ASSERTED), (KgTriple){0}) +
                             count_matches(txn, KG_IN(KG_INFERRED), (KgTriple){0}),
                         expected);
        kg_abort(txn);
        close_store(f);
    }
    print_message("%d refused, %d done without sums\n", refused, went_on);
    assert_true(refused > 0 && went_on > 0);
    maps_fail = false;
}

static void missing_short_and_garbled_sums_are_no_damage_to_the_data(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 14);
    fill(f);
    char *const sums = in_database(f, "data.sum");
    const Bytes whole = read_all(sums);
    Bytes garbage = {malloc(whole.count), whole.count};
    assert_non_null(garbage.items);
    for (int round = 0; round < 6; round++) {
        for (size_t i = 0; i < garbage.count; i++)
            garbage.items[i] = round == 0 ? 0 : (char)base_random_below(&random, 256);
        if (round < 3)
            write_all(sums, &garbage);
        else if (round == 3)
            assert_int_equal(unlink(sums), 0);
        else if (round == 4)
            assert_int_equal(truncate(sums, 0), 0);
        else
            assert_int_equal(truncate(sums, 40), 0);
        BaseError err = {0};
        expect_ok(verdict(f->path, true, &err), &err);  /* a reader goes by the structure */
        expect_ok(verdict(f->path, false, &err), &err); /* and who may write makes them anew */
        const Bytes now = read_all(sums);
        assert_int_equal(now.count, whole.count);
        assert_memory_equal(now.items + 4096, whole.items + 4096, whole.count - 4096);
        free(now.items);
    }
    /* a damaged entry: the database opens, and check says what it is */
    for (size_t at = 4096; at < whole.count; at += 997) {
        BaseError err = {0};
        const char flipped = (char)(whole.items[at] ^ 4);
        write_at(sums, at, &flipped, 1);
        KgStore *const store = open_store(f->path, (KgOptions){.read_only = true});
        kg_close(store);
        assert_int_equal(verdict(f->path, true, &err), BASE_BAD_INPUT);
        write_at(sums, at, &whole.items[at], 1);
    }
    expect_clean(f);
    free(whole.items);
    free(garbage.items);
    free(sums);
}

static void sums_that_are_cut_or_taken_away_while_open_are_made_anew(void **state)
{
    Fixture *const f = *state;
    char *const sums = in_database(f, "data.sum");
    add_and_commit(f->store, 0, 100);
    assert_int_equal(truncate(sums, 50), 0);
    add_and_commit(f->store, 100, 5);
    assert_int_equal(unlink(sums), 0);
    add_and_commit(f->store, 110, 5);
    assert_int_equal(truncate(sums, 0), 0);
    close_store(f);
    expect_clean(f);
    free(sums);
}

/* Writes the header as if the system had been started anew since. */
static void move_to_another_start(const char *path, uint64_t synced)
{
    BaseError err = {0};
    KgSums sums;
    KgSumsHeader header;
    expect_ok(kg_sums_open(&sums, path, "db", KG_SUMS_READ_WRITE, &err), &err);
    assert_true(kg_sums_header(&sums, &header));
    assert_int_equal(header.synced, 1); /* it was closed */
    assert_int_equal(header.state, KG_SUMS_SETTLED);
    sums.boot.low ^= 1;
    header.synced = synced;
    expect_ok(kg_sums_put_header(&sums, &header, &err), &err);
    kg_sums_close(&sums);
}

static void a_power_cut_costs_the_sums_and_no_more(void **state)
{
    Fixture *const f = *state;
    fill(f);
    char *const data = in_database(f, "data.mdb"), *const path = in_database(f, "data.sum");
    const Bytes whole = read_all(data);
    const uint64_t at = whole.count / 2;
    const char flipped = (char)~whole.items[at];
    /* closed before: the sums are as good as ever */
    BaseError err = {0};
    move_to_another_start(path, 1);
    expect_ok(verdict(f->path, true, &err), &err);
    write_at(data, at, &flipped, 1);
    assert_int_equal(verdict(f->path, true, &err), BASE_BAD_INPUT);
    write_at(data, at, &whole.items[at], 1);
    /* in use: part of the sums may not have reached the disk */
    KgSums sums;
    err = (BaseError){0};
    move_to_another_start(path, 0);
    expect_ok(kg_sums_open(&sums, path, "db", KG_SUMS_READ_WRITE, &err), &err);
    for (uint64_t page = 0; page < whole.count / 4096; page += 3) {
        const uint64_t old = kg_sums_entry(page, 12345);
        expect_ok(kg_sums_write(&sums, page, 1, &old, &err), &err);
    }
    kg_sums_close(&sums);
    expect_ok(verdict(f->path, true, &err), &err);
    expect_clean(f); /* the second time as a writer, who makes them anew */
    write_at(data, at, &flipped, 1);
    assert_int_equal(verdict(f->path, true, &err), BASE_BAD_INPUT);
    write_at(data, at, &whole.items[at], 1);
    free(whole.items);
    free(data);
    free(path);
}

static void without_sums_a_damaged_tree_is_refused_or_harmless(void **state)
{
    Fixture *const f = *state;
    fill(f);
    char *const data = in_database(f, "data.mdb"), *const sums = in_database(f, "data.sum");
    const Bytes whole = read_all(data);
    BaseRandom random;
    base_random_seed(&random, 15);
    for (int i = 0; i < 200; i++) { /* headers and offsets of pages */
        const uint64_t page = base_random_below(&random, whole.count / 4096);
        const uint64_t at = page * 4096 + base_random_below(&random, 64);
        const char flipped = (char)(whole.items[at] ^ (1 + (int)base_random_below(&random, 255)));
        unlink(sums);
        write_at(data, at, &flipped, 1);
        BaseError err = {0};
        KgStore *store = NULL;
        const BaseStatus status = kg_open(f->path, &(KgOptions){.read_only = true}, &store, &err);
        assert_true(status == BASE_OK || status == BASE_BAD_INPUT);
        kg_close(store);
        write_at(data, at, &whole.items[at], 1);
    }
    expect_clean(f);
    free(whole.items);
    free(data);
    free(sums);
}

/* ---- The walker ---- */

static BaseStatus test_value(void *context, const KgPageVisit *visit, BaseError *err)
{
    const KgPageFile *const file = context;
    if (visit->role != KG_PAGE_VALUE)
        return BASE_OK;
    char *const pages = malloc(visit->count * 4096);
    assert_non_null(pages);
    expect_ok(kg_page_read(file, visit->first, visit->count, pages, err), err);
    const size_t bytes = visit->count * 4096 - 16;
    assert_true(kg_page_is_of_value(pages + 16, bytes, 4096));
    assert_true(kg_page_is_of_value(pages + 16, bytes - 100, 4096));
    assert_false(kg_page_is_of_value(pages + 16, bytes + 1, 4096));
    for (int at = 10; at < 16; at++) {
        pages[at] ^= 0x20;
        assert_false(kg_page_is_of_value(pages + 16, bytes, 4096));
        pages[at] ^= 0x20;
    }
    free(pages);
    return BASE_OK;
}

static void a_long_value_is_told_from_a_damaged_one(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    fill(f);
    char *const data = in_database(f, "data.mdb");
    KgPageFile file = {.file = open(data, O_RDONLY), .name = "db"};
    KgPageMeta metas[2];
    bool is_lmdb;
    expect_ok(kg_page_metas(&file, metas, &is_lmdb, &err), &err);
    assert_true(is_lmdb);
    expect_ok(kg_page_walk(&file, &metas[metas[1].txn > metas[0].txn], test_value, &file, &err), &err);
    close(file.file);
    free(data);
}

static BaseStatus touch_page(void *context, const KgPageVisit *visit, BaseError *err)
{
    (void)err;
    *(uint64_t *)context += visit->count + (visit->bytes ? (uint8_t)visit->bytes[visit->count * 4096 - 1] : 0);
    return BASE_OK;
}

static void the_walker_survives_any_bytes(void **state)
{
    Fixture *const f = *state;
    fill(f);
    char *const data = in_database(f, "data.mdb"), *const bad = base_join_path(f->folder, "bad.mdb");
    const Bytes whole = read_all(data);
    write_all(bad, &whole);
    BaseRandom random;
    base_random_seed(&random, 16);
    KgPageFile file = {.file = open(bad, O_RDONLY), .name = "bad"};
    assert_true(file.file >= 0);
    int walked = 0;
    for (int i = 0; i < WALKS; i++) {
        uint64_t places[8], sum = 0;
        const size_t flips = 1 + base_random_below(&random, 8);
        for (size_t k = 0; k < flips; k++) {
            const uint64_t page = base_random_below(&random, k == 0 ? 4 : whole.count / 4096);
            places[k] = page * 4096 + base_random_below(&random, k % 2 ? 4096 : 170);
            const char byte = (char)base_random_below(&random, 256);
            write_at(bad, places[k], &byte, 1);
        }
        if (i % 50 == 0)
            assert_int_equal(truncate(bad, (off_t)base_random_below(&random, whole.count)), 0);
        KgPageMeta metas[2];
        bool is_lmdb = false;
        KgPageList changes = {0};
        if (kg_page_metas(&file, metas, &is_lmdb, NULL) == BASE_OK && is_lmdb) {
            walked += kg_page_walk(&file, &metas[0], touch_page, &sum, NULL) == BASE_OK;
            kg_page_walk(&file, &metas[1], touch_page, &sum, NULL);
            kg_page_changes(&file, &metas[0], &metas[1], &changes, &changes, NULL);
            kg_page_changes(&file, &metas[1], &metas[0], &changes, &changes, NULL);
        }
        free(changes.items);
        if (i % 50 == 0)
            write_all(bad, &whole);
        for (size_t k = 0; k < flips; k++)
            write_at(bad, places[k], &whole.items[places[k]], 1);
    }
    print_message("%d of %d could be walked all the same\n", walked, WALKS);
    close(file.file);
    free(whole.items);
    free(data);
    free(bad);
}

/* LMDB 0.9.24 forgets the list of pages it wrote early. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:mdb_midl_alloc";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_flipped_byte_is_found, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_file_cut_short_or_too_long_is_found, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_tree_damaged_while_open_is_not_walked_by_check, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(every_commit_leaves_sums_that_fit, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(an_aborted_large_transaction_leaves_sums_that_fit, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(backup_and_compaction_have_sums_of_their_own, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_killed_writer_leaves_nothing_that_is_called_damaged, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(a_check_beside_a_writer_finds_nothing, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(sums_that_cannot_be_written_lose_no_commit, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(missing_short_and_garbled_sums_are_no_damage_to_the_data, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(sums_that_are_cut_or_taken_away_while_open_are_made_anew, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(a_power_cut_costs_the_sums_and_no_more, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(without_sums_a_damaged_tree_is_refused_or_harmless, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_long_value_is_told_from_a_damaged_one, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(the_walker_survives_any_bytes, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
