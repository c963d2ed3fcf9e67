/* Opening, refusing, transactions, backup and compacting. */
#include "fixture.h"
#include "kg/delta.h"
#include "kg/space.h"

#include <lmdb.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *in_folder(const Fixture *f, const char *name)
{
    return base_join_path(f->folder, name);
}

static void expect_refused(const char *path, KgOptions options, BaseStatus status, const char *words)
{
    BaseError err = {0};
    KgStore *store = (KgStore *)&err; /* any value: the call clears it */
    assert_int_equal(kg_open(path, &options, &store, &err), status);
    assert_null(store);
    expect_words(&err, words);
    expect_words(&err, path);
}

static void a_missing_database_is_named(void **state)
{
    const Fixture *const f = *state;
    char *const path = in_folder(f, "nowhere");
    expect_refused(path, (KgOptions){0}, BASE_NOT_FOUND, "there is no database");
    expect_refused(path, (KgOptions){.read_only = true, .create = true}, BASE_NOT_FOUND, "there is no database");
    assert_false(base_is_folder(path));
    free(path);
}

static void what_is_no_database_is_refused_and_left_alone(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    const KgOptions create = {.create = true};
    char *const file = in_folder(f, "file"), *const empty = in_folder(f, "empty"), *const other = in_folder(f, "other");
    char *const notes = in_folder(f, "other/notes.txt"), *const garbage = in_folder(f, "garbage");
    char *const data = in_folder(f, "garbage/data.mdb"), *const foreign = in_folder(f, "foreign");
    write_text_file(file, "hello");
    expect_refused(file, create, BASE_BAD_INPUT, "it is a file");
    expect_ok(base_make_folder(empty, &err), &err);
    expect_refused(empty, (KgOptions){0}, BASE_BAD_INPUT, "not a kgq database");
    expect_ok(base_make_folder(other, &err), &err);
    write_text_file(notes, "hello");
    expect_refused(other, create, BASE_BAD_INPUT, "notes.txt");
    assert_true(base_is_file(notes));
    expect_ok(base_make_folder(garbage, &err), &err);
    write_text_file(data, "this is no LMDB file, though it has the name of one");
    expect_refused(garbage, create, BASE_BAD_INPUT, "not a kgq database");
    /* an LMDB file of another program */
    expect_ok(base_make_folder(foreign, &err), &err);
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    MDB_val word = {1, (void *)"x"};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, foreign, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &table), 0);
    assert_int_equal(mdb_put(txn, table, &word, &word, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    expect_refused(foreign, create, BASE_BAD_INPUT, "of another program");
    char *const names[] = {file, empty, other, notes, garbage, data, foreign};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        free(names[i]);
}

static void another_format_version_is_refused(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    expect_ok(kg_put_number(txn, "format", 99, &err), &err);
    commit(txn);
    kg_close(f->store);
    f->store = NULL;
    expect_refused(f->path, (KgOptions){0}, BASE_BAD_INPUT, "format version 99");
}

static void an_old_format_version_is_refused_with_what_to_do(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    expect_ok(kg_put_number(txn, "format", 1, &err), &err);
    commit(txn);
    kg_close(f->store);
    f->store = NULL;
    assert_int_equal(kg_open(f->path, NULL, &f->store, &err), BASE_BAD_INPUT);
    expect_words(&err, "format version 1");
    assert_non_null(strstr(err.hint, "import its files again"));
}

/* In a child: takes every place a reader can have and dies with them. */
static void take_all_places(const char *path)
{
    KgStore *store = NULL;
    KgTxn *txn;
    BaseStatus status = kg_open(path, NULL, &store, NULL);
    while (status == BASE_OK)
        status = kg_read_begin(store, &txn, NULL);
    _exit(store ? 0 : 1);
}

static void places_of_dead_readers_are_taken_again(void **state)
{
    const Fixture *const f = *state;
    int status = 1;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        KgStore *const parents = f->store; /* not to be used or closed here */
        (void)parents;
        take_all_places(f->path);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    kg_abort(begin_read(f->store));
}

static void a_store_from_before_a_fork_is_refused(void **state)
{
    const Fixture *const f = *state;
    int status = 1;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        BaseError err = {0};
        KgTxn *txn;
        const bool refused = kg_read_begin(f->store, &txn, &err) == BASE_BAD_CALL && strstr(err.message, "fork") &&
                             kg_write_begin(f->store, &txn, &err) == BASE_BAD_CALL;
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    kg_abort(begin_write(f->store));
}

static void a_file_cut_short_is_refused(void **state)
{
    Fixture *const f = *state;
    KgTxn *const txn = begin_write(f->store);
    for (int i = 0; i < 20000; i++) {
        char name[32];
        snprintf(name, sizeof name, "a name that takes room %d", i);
        intern_field(txn, name);
    }
    commit(txn);
    kg_close(f->store);
    f->store = NULL;
    char *const data = base_join_path(f->path, "data.mdb");
    struct stat found;
    assert_int_equal(stat(data, &found), 0);
    assert_int_equal(truncate(data, found.st_size / 2), 0);
    expect_refused(f->path, (KgOptions){0}, BASE_BAD_INPUT, "damaged");
    expect_refused(f->path, (KgOptions){.read_only = true}, BASE_BAD_INPUT, "damaged");
    assert_int_equal(truncate(data, 100), 0);
    expect_refused(f->path, (KgOptions){0}, BASE_BAD_INPUT, "not a kgq database");
    free(data);
}

static void a_damaged_catalog_is_refused(void **state)
{
    Fixture *const f = *state;
    kg_close(f->store);
    f->store = NULL;
    char *const catalog = base_join_path(f->path, "catalog.db");
    write_text_file(catalog, "this is no SQLite file, though it has the name of one; it is long enough to have a head,"
                             " and more than that, so that nobody takes it for an empty one");
    expect_refused(f->path, (KgOptions){0}, BASE_BAD_INPUT, "catalog.db");
    free(catalog);
}

static void a_process_opens_a_database_once(void **state)
{
    Fixture *const f = *state;
    expect_refused(f->path, (KgOptions){.read_only = true}, BASE_BAD_CALL, "open in this process already");
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){.read_only = true});
}

static void leftovers_of_a_killed_creation_are_no_obstacle(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    char *const path = in_folder(f, "half"), *const data = in_folder(f, "half/data.mdb");
    char *const fresh = in_folder(f, "half/data.mdb.new");
    expect_ok(base_make_folder(path, &err), &err);
    write_text_file(data, "");
    write_text_file(fresh, "half of an LMDB file");
    expect_refused(path, (KgOptions){0}, BASE_BAD_INPUT, "not a kgq database");
    KgStore *const store = open_store(path, (KgOptions){.create = true});
    expect_sound(store);
    kg_close(store);
    assert_false(base_is_file(fresh));
    free(path);
    free(data);
    free(fresh);
}

static void an_aborted_transaction_leaves_nothing(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *txn = begin_write(f->store);
    const KgId a = intern_field(txn, "a");
    expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {a, a, a}}, NULL, &err), &err);
    expect_ok(kg_put_prefix(txn, "ex", "http://example.org/", &err), &err);
    expect_ok(kg_put_run(txn, &(KgRun){.kind = "reason"}, NULL, &err), &err);
    kg_abort(txn);
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){0});
    txn = begin_read(f->store);
    BaseArena arena = {0};
    KgRun *runs;
    size_t count;
    assert_int_equal(kg_term_count(txn, KG_IRI), 0);
    assert_int_equal(count_matches(txn, KG_ALL_LAYERS, (KgTriple){0}), 0);
    expect_ok(kg_runs(txn, NULL, &arena, &runs, &count, &err), &err);
    assert_int_equal(count, 0);
    base_arena_free(&arena);
    kg_abort(txn);
}

static void readers_keep_their_snapshot_while_a_writer_commits(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const before = begin_read(f->store);
    KgTxn *const writer = begin_write(f->store);
    const KgId a = intern_field(writer, "a");
    expect_ok(kg_add(writer, KG_ASSERTED, &(KgRecord){.triple = {a, a, a}}, NULL, &err), &err);
    assert_int_equal(count_matches(before, KG_FACTS, (KgTriple){0}), 0);
    commit(writer);
    assert_int_equal(count_matches(before, KG_FACTS, (KgTriple){0}), 0);
    assert_false(layers_hold(before, KG_FACTS, (KgTriple){a, a, a}));
    KgTxn *const after = begin_read(f->store);
    assert_int_equal(count_matches(after, KG_FACTS, (KgTriple){0}), 1);
    kg_abort(before);
    kg_abort(after);
}

static void a_second_write_transaction_of_a_thread_is_refused(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const first = begin_write(f->store), *second = NULL;
    assert_int_equal(kg_write_begin(f->store, &second, &err), BASE_BAD_CALL);
    assert_null(second);
    expect_words(&err, "already");
    kg_abort(first);
    commit(begin_write(f->store));
    kg_abort(begin_write(f->store));
}

/* As when a process that waits for the writer is let in after the writer took its own failed new database away. */
static void a_database_taken_away_is_not_written_to(void **state)
{
    const Fixture *const f = *state;
    char *const data = in_folder(f, "db/data.mdb"), *const other = in_folder(f, "other.mdb");
    BaseError err = {0};
    KgTxn *txn;
    assert_int_equal(rename(data, other), 0);
    assert_int_equal(kg_write_begin(f->store, &txn, &err), BASE_IO);
    assert_null(txn);
    expect_words(&err, "taken away");
    write_text_file(data, "another");
    err = (BaseError){0};
    assert_int_equal(kg_write_begin(f->store, &txn, &err), BASE_IO);
    expect_words(&err, "replaced");
    assert_int_equal(rename(other, data), 0);
    txn = begin_write(f->store); /* neither refusal kept the writer's lock */
    kg_abort(txn);
    free(data);
    free(other);
}

static void *write_hundred(void *context)
{
    KgStore *const store = context;
    for (int i = 0; i < 100; i++) {
        KgTxn *const txn = begin_write(store);
        char name[32];
        snprintf(name, sizeof name, "n%d", i);
        const KgId id = intern_field(txn, name);
        BaseError err = {0};
        expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {id, id, id}}, NULL, &err), &err);
        expect_ok(kg_put_run(txn, &(KgRun){.kind = "test"}, NULL, &err), &err);
        commit(txn);
    }
    return NULL;
}

/* Each snapshot has as many triples as terms, and its catalog is not behind it. */
static void *read_until_full(void *context)
{
    KgStore *const store = context;
    for (uint64_t count = 0; count < 100;) {
        BaseArena arena = {0};
        BaseError err = {0};
        KgRun *runs;
        size_t run_count;
        KgTxn *const txn = begin_read(store);
        count = kg_term_count(txn, KG_IRI);
        assert_int_equal(count_matches(txn, KG_FACTS, (KgTriple){0}), count);
        expect_ok(kg_runs(txn, "test", &arena, &runs, &run_count, &err), &err);
        assert_true(run_count >= count);
        base_arena_free(&arena);
        kg_abort(txn);
    }
    return NULL;
}

static void threads_read_while_another_writes(void **state)
{
    Fixture *const f = *state;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i == 0 ? write_hundred : read_until_full, f->store), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    expect_sound(f->store);
}

static void a_read_only_store_writes_nothing(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn = begin_write(f->store);
    intern_field(txn, "a");
    commit(txn);
    kg_close(f->store);
    char *const data = base_join_path(f->path, "data.mdb"), *const catalog = base_join_path(f->path, "catalog.db");
    struct stat before[2], after[2];
    stat(data, &before[0]);
    stat(catalog, &before[1]);
    f->store = open_store(f->path, (KgOptions){.read_only = true});
    BaseError err = {0};
    assert_int_equal(kg_write_begin(f->store, &txn, &err), BASE_BAD_CALL);
    expect_words(&err, "reading only");
    expect_sound(f->store);
    stat(data, &after[0]);
    stat(catalog, &after[1]);
    for (int i = 0; i < 2; i++)
        assert_memory_equal(&before[i].st_mtim, &after[i].st_mtim, sizeof before[i].st_mtim);
    free(data);
    free(catalog);
}

static void fill(KgStore *store)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(store);
    for (int i = 0; i < 5000; i++) {
        char name[32];
        snprintf(name, sizeof name, "name %d", i);
        const KgId id = intern_field(txn, name);
        expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {id, kg_id(KG_IRI, 0), id}}, NULL, &err), &err);
    }
    expect_ok(kg_put_model(txn, &(KgModel){.name = "m", .kind = "transe", .file = "m.bin"}, NULL, &err), &err);
    commit(txn);
    char *const models = base_join_path(kg_path(store), "models"), *const file = base_join_path(models, "m.bin");
    expect_ok(base_make_folder(models, &err), &err);
    write_text_file(file, "weights");
    free(models);
    free(file);
}

static void a_backup_of_an_open_database_is_a_database(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    fill(f->store);
    f->store->stop_before_catalog = true; /* the redo log is part of what is copied */
    KgTxn *txn = begin_write(f->store);
    expect_ok(kg_put_prefix(txn, "ex", "http://example.org/", &err), &err);
    commit(txn);
    txn = begin_write(f->store); /* a writer at work is no obstacle, and not seen */
    intern_field(txn, "not committed");
    char *const path = in_folder(f, "copy"), *const file = in_folder(f, "copy/models/m.bin");
    expect_ok(kg_backup(f->store, path, &err), &err);
    kg_abort(txn);
    assert_true(base_is_file(file));
    KgStore *const copy = open_store(path, (KgOptions){0});
    expect_sound(copy);
    txn = begin_read(copy);
    assert_int_equal(count_matches(txn, KG_FACTS, (KgTriple){0}), 5000);
    BaseArena arena = {0};
    KgPrefix *prefixes;
    size_t count, found = 0;
    expect_ok(kg_prefixes(txn, &arena, &prefixes, &count, &err), &err);
    for (size_t i = 0; i < count; i++)
        found += strcmp(prefixes[i].prefix, "ex") == 0;
    assert_int_equal(found, 1);
    base_arena_free(&arena);
    kg_abort(txn);
    kg_close(copy);
    assert_int_equal(kg_backup(f->store, path, &err), BASE_BAD_INPUT); /* not empty now */
    expect_words(&err, "not empty");
    free(path);
    free(file);
}

static void compacting_gives_back_the_room_of_what_was_deleted(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    uint64_t before, after;
    fill(f->store);
    KgTxn *txn = begin_write(f->store);
    expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
    commit(txn);
    assert_int_equal(kg_compact(f->path, &before, &after, &err), BASE_BAD_CALL);
    kg_close(f->store);
    err = (BaseError){0};
    expect_ok(kg_compact(f->path, &before, &after, &err), &err);
    assert_true(after < before / 2);
    f->store = open_store(f->path, (KgOptions){0});
    expect_sound(f->store);
    txn = begin_read(f->store);
    assert_int_equal(kg_term_count(txn, KG_IRI), 5000);
    kg_abort(txn);
}

/* In a child, as a user who may not write to lock.mdb. */
static BaseStatus open_as_guest(const char *path, const char *words)
{
    int status = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        BaseError err = {0};
        KgStore *store;
        if (geteuid() == 0 && seteuid(65534) != 0)
            _exit(99);
        const BaseStatus opened = kg_open(path, &(KgOptions){.read_only = true}, &store, &err);
        _exit(opened != BASE_OK && !strstr(err.message, words) ? 98 : (int)opened);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return (BaseStatus)WEXITSTATUS(status);
}

/* Without its lock LMDB would reuse pages that such a reader reads. */
static void a_reader_goes_without_the_lock_only_where_nobody_writes(void **state)
{
    Fixture *const f = *state;
    char *const data = base_join_path(f->path, "data.mdb"), *const lock = base_join_path(f->path, "lock.mdb");
    kg_close(f->store);
    f->store = NULL;
    assert_int_equal(chmod(f->folder, 0755), 0);
    assert_int_equal(chmod(lock, 0444), 0);
    assert_int_equal(open_as_guest(f->path, "lock.mdb"), BASE_IO);
    assert_int_equal(chmod(data, 0444), 0);
    assert_int_equal(open_as_guest(f->path, ""), BASE_OK);
    free(data);
    free(lock);
}

static void renumber_graph(KgTxn *txn, KgId graph, uint32_t number)
{
    MDB_val key = {sizeof graph, &graph}, value = {sizeof number, &number};
    assert_int_equal(mdb_put(txn->mdb, txn->store->tables[KG_GRAPHS], &key, &value, 0), MDB_SUCCESS);
}

static void a_graph_with_the_number_of_another_is_found(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    uint64_t faults, count;
    KgTxn *const txn = begin_write(f->store);
    const KgId g = intern_field(txn, "g"), h = intern_field(txn, "h");
    const KgRecord record = {.triple = {g, g, h}};
    expect_ok(kg_add_in(txn, g, KG_ASSERTED, &record, NULL, &err), &err);
    expect_ok(kg_add_in(txn, h, KG_ASSERTED, &record, NULL, &err), &err);
    renumber_graph(txn, h, 1);
    assert_int_equal(kg_check(txn, &faults, NULL, NULL, &err), BASE_BAD_INPUT);
    assert_true(faults > 0);
    err = (BaseError){0};
    renumber_graph(txn, h, 0);
    assert_int_equal(kg_count_in(txn, h, KG_FACTS, (KgTriple){0}, &count, &err), BASE_BAD_INPUT);
    expect_words(&err, "damaged");
    kg_abort(txn);
}

static void compacting_keeps_who_may_read_the_file(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    struct stat found;
    char *const data = base_join_path(f->path, "data.mdb");
    assert_int_equal(chmod(data, 0600), 0);
    kg_close(f->store);
    f->store = NULL;
    expect_ok(kg_compact(f->path, NULL, NULL, &err), &err);
    assert_int_equal(stat(data, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    f->store = open_store(f->path, (KgOptions){0});
    free(data);
}

/* Its space would be the first layer of the graph after. */
static void a_layer_that_is_none_is_refused_by_get(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_read(f->store);
    assert_int_equal(kg_get(txn, (KgLayer)KG_LAYERS, (KgTriple){0}, NULL, &err), BASE_BAD_CALL);
    expect_words(&err, "layer");
    kg_abort(txn);
}

static void check_names_what_is_wrong(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    uint64_t faults;
    KgTxn *txn = begin_write(f->store);
    const KgId a = intern_field(txn, "a"), b = intern_field(txn, "b");
    expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {a, a, a}}, NULL, &err), &err);
    expect_ok(kg_add(txn, KG_INFERRED, &(KgRecord){.triple = {a, b, a}, .note = {.source = 7}}, NULL, &err), &err);
    assert_int_equal(kg_check(txn, &faults, NULL, NULL, &err), BASE_BAD_INPUT); /* no run 7 */
    assert_int_equal(faults, 1);
    /* one row of POS exchanged for another */
    uint64_t rows[3][2] = {{a, a}, {a, a}, {a, b}};
    const KgRows changes = {.columns = {rows[0], rows[1], rows[2]}, .count = 2};
    err = (BaseError){0};
    expect_ok(kg_delta_fold(txn, &err), &err);
    expect_ok(kg_table_merge(txn, (KgTable)(KG_ORDERS + KG_POS), kg_space(0, KG_ASSERTED), &changes,
                             (const unsigned char[]){KG_HIDES, KG_PRESENT}, &err),
              &err);
    assert_int_equal(kg_check(txn, &faults, NULL, NULL, &err), BASE_BAD_INPUT);
    assert_int_equal(faults, 3); /* missing there, missing here, and the run */
    kg_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_missing_database_is_named, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(what_is_no_database_is_refused_and_left_alone, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(another_format_version_is_refused, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(an_old_format_version_is_refused_with_what_to_do, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(places_of_dead_readers_are_taken_again, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_store_from_before_a_fork_is_refused, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_reader_goes_without_the_lock_only_where_nobody_writes, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(a_graph_with_the_number_of_another_is_found, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(compacting_keeps_who_may_read_the_file, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_layer_that_is_none_is_refused_by_get, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_file_cut_short_is_refused, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_damaged_catalog_is_refused, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_process_opens_a_database_once, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(leftovers_of_a_killed_creation_are_no_obstacle, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(an_aborted_transaction_leaves_nothing, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(readers_keep_their_snapshot_while_a_writer_commits, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_second_write_transaction_of_a_thread_is_refused, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_database_taken_away_is_not_written_to, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(threads_read_while_another_writes, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_read_only_store_writes_nothing, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_backup_of_an_open_database_is_a_database, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(compacting_gives_back_the_room_of_what_was_deleted, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(check_names_what_is_wrong, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
