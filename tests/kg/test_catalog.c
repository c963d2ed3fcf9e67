/* The catalog: rows that come back as they were put, and a redo log that makes up for a crash between LMDB and SQLite.
 */
#include "fixture.h"
#include "kg/catalog.h"

static size_t count_runs(KgTxn *txn, const char *kind)
{
    BaseArena arena = {0};
    BaseError err = {0};
    KgRun *runs;
    size_t count;
    expect_ok(kg_runs(txn, kind, &arena, &runs, &count, &err), &err);
    base_arena_free(&arena);
    return count;
}

static void rows_come_back_as_they_were_put(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    BaseArena arena = {0};
    uint32_t run_id, model_id, evidence_id, import_id;
    KgTxn *txn = begin_write(f->store);
    const KgRun run = {.kind = "reason", .name = "a.rls", .text = "p(?x) :- q(?x).", .details = "{}", .seconds = 1.5};
    const KgModel model = {.name = "m", .kind = "transe", .file = "m.bin", .config = "{}", .metrics = "{\"mrr\":0.3}"};
    const KgEvidence evidence = {.mention = "9", .source = "nine.png", .method = "classifier", .score = 0.75};
    expect_ok(kg_put_run(txn, &run, &run_id, &err), &err);
    expect_ok(kg_put_model(txn, &model, &model_id, &err), &err);
    expect_ok(kg_put_evidence(txn, &evidence, &evidence_id, &err), &err);
    expect_ok(kg_next_id(txn, "import", &import_id, &err), &err);
    expect_ok(kg_put_import(txn, &(KgImport){import_id, "f.tsv", "tsv", 5, 10, 9, 8, 1, 0.25, 77, 4, "g"}, &err), &err);
    assert_int_equal(count_runs(txn, NULL), 0); /* not before the commit */
    commit(txn);
    txn = begin_read(f->store);
    KgRun run_back;
    KgModel model_back;
    KgEvidence evidence_back;
    KgImport import_back;
    expect_ok(kg_find_run(txn, run_id, &arena, &run_back, &err), &err);
    assert_string_equal(run_back.kind, "reason");
    assert_string_equal(run_back.name, "a.rls");
    assert_string_equal(run_back.text, run.text);
    assert_string_equal(run_back.details, "{}");
    assert_true(run_back.seconds == 1.5 && run_back.time > 1600000000);
    expect_ok(kg_find_model(txn, "m", &arena, &model_back, &err), &err);
    assert_int_equal(model_back.id, model_id);
    assert_string_equal(model_back.metrics, model.metrics);
    expect_ok(kg_find_model_id(txn, model_id, &arena, &model_back, &err), &err);
    assert_string_equal(model_back.file, "m.bin");
    expect_ok(kg_find_evidence(txn, evidence_id, &arena, &evidence_back, &err), &err);
    assert_true(evidence_back.score == 0.75);
    assert_string_equal(evidence_back.mention, "9");
    expect_ok(kg_find_import(txn, import_id, &arena, &import_back, &err), &err);
    assert_string_equal(import_back.source, "f.tsv");
    assert_int_equal(import_back.lines, 10);
    assert_int_equal(import_back.rejected, 1);
    assert_int_equal(import_back.bytes, 77);
    assert_int_equal(import_back.modified, 4);
    assert_string_equal(import_back.graph, "g");
    assert_int_equal(count_runs(txn, "reason"), 1);
    assert_int_equal(count_runs(txn, "train"), 0);
    assert_int_equal(kg_find_run(txn, 99, &arena, &run_back, &err), BASE_NOT_FOUND);
    err = (BaseError){0};
    assert_int_equal(kg_find_model(txn, "none", &arena, &model_back, &err), BASE_NOT_FOUND);
    expect_words(&err, "none");
    kg_abort(txn);
    base_arena_free(&arena);
}

/* SQLite would refuse it after the commit of the triples, and every writer after it. */
static void a_row_too_long_for_sqlite_is_refused_before_the_commit(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    uint32_t id;
    const size_t length = 500000001;
    char *const text = malloc(length + 1);
    assert_non_null(text);
    memset(text, 'a', length);
    text[length] = '\0';
    KgTxn *const txn = begin_write(f->store);
    const KgRun run = {.kind = "reason", .name = "a.rls", .text = text, .details = "{}"};
    assert_int_equal(kg_put_run(txn, &run, &id, &err), BASE_BAD_CALL);
    expect_words(&err, "at most 500000000");
    free(text);
    commit(txn);
    kg_abort(begin_write(f->store));
    expect_sound(f->store);
}

/* As when data.mdb alone is put back from a copy. */
static void a_catalog_ahead_of_its_data_is_not_written_to(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *txn = begin_write(f->store);
    expect_ok(kg_put_prefix(txn, "a", "http://a/", &err), &err);
    commit(txn);
    char *const path = base_join_path(f->path, "catalog.db");
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE state SET value = value + 5", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    free(path);
    kg_abort(begin_read(f->store));
    assert_int_equal(kg_write_begin(f->store, &txn, &err), BASE_BAD_INPUT);
    assert_null(txn);
    expect_words(&err, "ahead of its data.mdb");
}

static void putting_a_model_again_keeps_its_id(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    BaseArena arena = {0};
    uint32_t first, other, again;
    KgTxn *txn = begin_write(f->store);
    expect_ok(kg_put_model(txn, &(KgModel){.name = "m", .kind = "transe"}, &first, &err), &err);
    expect_ok(kg_put_model(txn, &(KgModel){.name = "n", .kind = "rotate"}, &other, &err), &err);
    commit(txn);
    txn = begin_write(f->store);
    expect_ok(kg_put_model(txn, &(KgModel){.name = "m", .kind = "complex"}, &again, &err), &err);
    expect_ok(kg_put_model(txn, &(KgModel){.name = "m", .kind = "distmult"}, &again, &err), &err);
    assert_int_equal(again, first);
    assert_int_not_equal(other, first);
    assert_int_equal(kg_put_model(txn, &(KgModel){.name = ""}, NULL, &err), BASE_BAD_CALL);
    commit(txn);
    txn = begin_read(f->store);
    KgModel *models;
    size_t count;
    err = (BaseError){0};
    expect_ok(kg_models(txn, &arena, &models, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_string_equal(models[0].kind, "distmult");
    kg_abort(txn);
    base_arena_free(&arena);
}

static const char *prefix_iri(KgTxn *txn, BaseArena *arena, const char *prefix)
{
    BaseError err = {0};
    KgPrefix *prefixes;
    size_t count;
    expect_ok(kg_prefixes(txn, arena, &prefixes, &count, &err), &err);
    for (size_t i = 0; i < count; i++)
        if (strcmp(prefixes[i].prefix, prefix) == 0)
            return prefixes[i].iri;
    return NULL;
}

static void own_prefixes_stand_beside_and_above_the_known_ones(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    BaseArena arena = {0};
    KgTxn *txn = begin_write(f->store);
    expect_ok(kg_put_prefix(txn, "ex", "http://example.org/", &err), &err);
    expect_ok(kg_put_prefix(txn, "sh", "http://example.org/shell#", &err), &err);
    commit(txn);
    txn = begin_read(f->store);
    assert_string_equal(prefix_iri(txn, &arena, "ex"), "http://example.org/");
    assert_string_equal(prefix_iri(txn, &arena, "sh"), "http://example.org/shell#");
    assert_string_equal(prefix_iri(txn, &arena, ""), "kg:");
    assert_string_equal(prefix_iri(txn, &arena, "kg"), "kg:");
    assert_string_equal(prefix_iri(txn, &arena, "rdf"), "http://www.w3.org/1999/02/22-rdf-syntax-ns#");
    kg_abort(txn);
    base_arena_free(&arena);
}

/* A run is committed to LMDB and the process "dies" before SQLite has it. */
static void put_run_and_crash(Fixture *f)
{
    BaseError err = {0};
    f->store->stop_before_catalog = true;
    KgTxn *const txn = begin_write(f->store);
    expect_ok(kg_put_run(txn, &(KgRun){.kind = "reason"}, NULL, &err), &err);
    commit(txn);
}

static uint64_t file_generation(const Fixture *f)
{
    char *const path = base_join_path(f->path, "catalog.db");
    sqlite3 *db;
    uint64_t generation;
    BaseError err = {0};
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    expect_ok(kg_catalog_generation(f->store, db, &generation, &err), &err);
    sqlite3_close(db);
    free(path);
    return generation;
}

static void a_crash_between_the_two_commits_loses_nothing(void **state)
{
    Fixture *const f = *state;
    put_run_and_crash(f);
    kg_close(f->store);
    /* a reader sees it without writing it */
    f->store = open_store(f->path, (KgOptions){.read_only = true});
    KgTxn *txn = begin_read(f->store);
    assert_int_equal(count_runs(txn, NULL), 1);
    kg_abort(txn);
    expect_sound(f->store);
    assert_int_equal(file_generation(f), 0);
    kg_close(f->store);
    /* whoever may write brings the file up */
    f->store = open_store(f->path, (KgOptions){0});
    assert_int_equal(file_generation(f), 1);
    txn = begin_read(f->store);
    assert_int_equal(count_runs(txn, NULL), 1);
    kg_abort(txn);
    expect_sound(f->store);
}

static void the_next_writer_brings_the_catalog_up_first(void **state)
{
    Fixture *const f = *state;
    for (int i = 0; i < 3; i++) /* each finds what the one before left undone */
        put_run_and_crash(f);
    KgTxn *txn = begin_read(f->store);
    assert_int_equal(count_runs(txn, NULL), 3);
    kg_abort(txn);
    assert_int_equal(file_generation(f), 2);
    txn = begin_write(f->store);
    kg_abort(txn);
    assert_int_equal(file_generation(f), 3);
    expect_sound(f->store);
}

static void a_lost_catalog_is_made_again_only_where_the_log_reaches(void **state)
{
    Fixture *const f = *state;
    char *const path = base_join_path(f->path, "catalog.db");
    put_run_and_crash(f);
    kg_close(f->store);
    assert_int_equal(unlink(path), 0); /* as if it had not been made yet: everything is in the log */
    f->store = open_store(f->path, (KgOptions){.read_only = true});
    KgTxn *txn = begin_read(f->store);
    assert_int_equal(count_runs(txn, NULL), 1);
    kg_abort(txn);
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){0});
    put_run_and_crash(f);
    kg_close(f->store);
    f->store = NULL;
    assert_int_equal(unlink(path), 0); /* now there is history that nobody has */
    BaseError err = {0};
    assert_int_equal(kg_open(f->path, NULL, &f->store, &err), BASE_BAD_INPUT);
    expect_words(&err, "does not belong");
    free(path);
}

static void a_catalog_of_a_later_state_is_a_fault(void **state)
{
    Fixture *const f = *state;
    char *const path = base_join_path(f->path, "catalog.db");
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "INSERT INTO state VALUES('generation', 5)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    free(path);
    BaseError err = {0};
    uint64_t faults;
    KgTxn *const txn = begin_read(f->store);
    assert_int_equal(kg_check(txn, &faults, NULL, NULL, &err), BASE_BAD_INPUT);
    assert_int_equal(faults, 1);
    kg_abort(txn);
}

/* What a writer killed inside SQLite's own commit leaves: pages half written and a journal to roll them back with. */
static void a_reader_copes_with_a_half_written_catalog(void **state)
{
    Fixture *const f = *state;
    put_run_and_crash(f);
    kg_close(f->store);
    char *const path = base_join_path(f->path, "catalog.db"), *journal = NULL;
    assert_true(asprintf(&journal, "%s-journal", path) > 0);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    /* a cache of one page makes SQLite write pages into the file before it commits */
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN;"
                                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
                                  " INSERT INTO run(id, kind, time, seconds) SELECT i + 100, 'half', 0, 0 FROM n",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_true(base_is_file(journal));
    char *bytes, *journal_bytes;
    size_t length, journal_length;
    BaseError err = {0};
    expect_ok(base_read_file(path, &bytes, &length, &err), &err);
    expect_ok(base_read_file(journal, &journal_bytes, &journal_length, &err), &err);
    sqlite3_close(db);
    FILE *out = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
    out = fopen(journal, "wb");
    assert_int_equal(fwrite(journal_bytes, 1, journal_length, out), journal_length);
    assert_int_equal(fclose(out), 0);
    for (int pass = 0; pass < 2; pass++) { /* first without writing, then with */
        f->store = open_store(f->path, (KgOptions){.read_only = pass == 0});
        KgTxn *const txn = begin_read(f->store);
        assert_int_equal(count_runs(txn, NULL), 1);
        kg_abort(txn);
        expect_sound(f->store);
        if (pass == 0)
            kg_close(f->store);
    }
    assert_false(base_is_file(journal));
    free(bytes);
    free(journal_bytes);
    free(path);
    free(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_back_as_they_were_put, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_row_too_long_for_sqlite_is_refused_before_the_commit, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(a_catalog_ahead_of_its_data_is_not_written_to, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(putting_a_model_again_keeps_its_id, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(own_prefixes_stand_beside_and_above_the_known_ones, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_crash_between_the_two_commits_loses_nothing, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(the_next_writer_brings_the_catalog_up_first, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_lost_catalog_is_made_again_only_where_the_log_reaches, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(a_catalog_of_a_later_state_is_a_fault, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_reader_copes_with_a_half_written_catalog, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
