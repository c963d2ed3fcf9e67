/* Memory that runs out at every place in turn: opening, importing and asking say BASE_NO_MEMORY or succeed, and the
 * database is as it was before or as it should be after. Linked with --wrap=malloc,calloc,realloc. */
#include "fixture.h"
#include "kg/store.h" /* limits */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static uint64_t calls_left = UINT64_MAX; /* until one fails */
static bool has_failed;

static bool fails_now(void)
{
    if (calls_left == UINT64_MAX || calls_left-- > 0)
        return false;
    calls_left = UINT64_MAX; /* one failure at a time */
    return has_failed = true;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

#define BEFORE 3
#define AFTER 8

static BaseStatus open_and_import(const char *path, const char *file, const char *rejects)
{
    BaseError err = {0};
    KgStore *store = NULL;
    const KgImportOptions options = {.max_errors = 5, .rejects = rejects, .type_relation = "type"};
    BaseStatus status = kg_open(path, &(KgOptions){.create = true}, &store, &err);
    if (status == BASE_OK)
        status = kg_import(store, &file, 1, &options, NULL, NULL, NULL, &err);
    kg_close(store);
    assert_int_equal(status, err.status); /* a failure is always told */
    return status;
}

static BaseStatus ask(KgStore *store)
{
    BaseError err = {0};
    BaseArena arena = {0};
    KgTxn *txn = NULL;
    KgScan *scan = NULL;
    KgPredicateCount *counts = NULL;
    KgImport *imports;
    KgPrefix *prefixes;
    KgTriple triple;
    KgStatistics statistics;
    KgCharacteristicSets sets;
    KgLabelHit *hits;
    size_t count;
    uint64_t matches = 0, faults;
    char *text = NULL;
    size_t length = 0;
    FILE *const out = open_memstream(&text, &length);
    BaseStatus status = kg_read_begin(store, &txn, &err);
    if (status == BASE_OK)
        status = kg_scan_open(txn, KG_FACTS, (KgTriple){.p = kg_id(KG_IRI, 1)}, KG_ORDER_SPO, &scan, &err);
    while (status == BASE_OK && kg_scan_next(scan, &triple, &err) == BASE_OK)
        matches++;
    if (status == BASE_OK)
        status = kg_predicate_counts(txn, &counts, &count, &err);
    if (status == BASE_OK)
        status = kg_imports(txn, &arena, &imports, &count, &err);
    if (status == BASE_OK)
        status = kg_prefixes(txn, &arena, &prefixes, &count, &err);
    if (status == BASE_OK)
        status = kg_statistics(txn, &arena, &statistics, &err);
    if (status == BASE_OK)
        status = kg_characteristic_sets(txn, &arena, &sets, &err);
    if (status == BASE_OK)
        status = kg_search_labels(txn, KG_TEXT("a b"), NULL, &arena, &hits, &count, &err);
    if (status == BASE_OK)
        status = kg_export(txn, KG_FACTS, KG_TURTLE, out, NULL, NULL, &err);
    if (status == BASE_OK)
        status = kg_export(txn, KG_FACTS, KG_CSV, out, NULL, NULL, &err);
    if (status == BASE_OK)
        status = kg_check(txn, &faults, NULL, NULL, &err);
    assert_int_equal(status, err.status);
    kg_scan_close(scan);
    kg_abort(txn);
    free(counts);
    base_arena_free(&arena);
    fclose(out);
    free(text);
    return status;
}

static uint64_t triples_in(const char *path)
{
    KgStore *const store = open_store(path, (KgOptions){0});
    expect_sound(store);
    KgTxn *const txn = begin_read(store);
    const uint64_t count = count_matches(txn, KG_IN(KG_ASSERTED), (KgTriple){0});
    kg_abort(txn);
    kg_close(store);
    return count;
}

static void make_before(const Fixture *f, const char *file)
{
    BaseError err = {0};
    expect_ok(base_remove(f->path, &err), &err);
    assert_int_equal(open_and_import(f->path, file, NULL), BASE_OK);
    assert_int_equal(triples_in(f->path), BEFORE);
}

static void an_import_without_memory_leaves_the_database_as_it_was(void **state)
{
    Fixture *const f = *state;
    kg_close(f->store);
    f->store = NULL;
    char *const first = base_join_path(f->folder, "1.tsv"), *const rejects = base_join_path(f->folder, "rejects");
    write_text_file(first, "a\tp\tb\na\tp\tc\na\tq\t\"x\"\n");
    static const char *const names[] = {"2.tsv", "2.csv", "2.nt", "2.ttl", "2.nq", "2.trig"};
    static const char *const texts[] = {
        "a\tp\tb\nd\tp\tb\nd\ttype\tC\nbad\nd\tq\t\"es\\tcaped\"@EN\ne e\tp\t_:b\nf\tp\tb\n",
        "a,p,b\nd,p,b\nd,type,C\nbad\nd,q,\"\"\"es\\tcaped\"\"@EN\"\ne e,p,_:b\nf,p,b\n",
        "<kg:a> <kg:p> <kg:b> .\n<kg:d> <kg:p> <kg:b> .\n<kg:d> <kg:t> <kg:C> .\nbad\n<kg:d> <kg:q> \"es\\tcaped\"@EN "
        ".\n"
        "<kg:e> <kg:p> _:b .\n<kg:f> <kg:p> <kg:\\u00e9> .\n",
        "@prefix k: <kg:> . k:a k:p k:b . k:d k:p k:b ; a k:C ; k:q \"es\\tcaped\"@EN . k:e k:p _:b . k:f k:p 5 .\n",
        ("<kg:a> <kg:p> <kg:b> .\n<kg:d> <kg:p> <kg:b> .\n<kg:d> <kg:t> <kg:C> .\nbad\n<kg:d> <kg:q> \"es\\tcaped\"@EN "
         ".\n<kg:e> <kg:p> _:b .\n<kg:f> <kg:p> <kg:\\u00e9> .\n"),
        "@base <kg:x/y> . { <kg:a> <kg:p> <kg:b> } <kg:d> <kg:p> <kg:b> . { <kg:d> <../z> ( 1 ) . _:b <kg:p> [] }\n",
    };
    for (size_t format = 0; format < 6; format++) {
        char *const second = base_join_path(f->folder, names[format]);
        write_text_file(second, texts[format]);
        make_before(f, first);
        uint64_t failures = 0;
        for (uint64_t n = 0;; n++) {
            BaseError err = {0};
            expect_ok(base_remove(rejects, &err), &err);
            has_failed = false;
            calls_left = n;
            const BaseStatus status = open_and_import(f->path, second, rejects);
            calls_left = UINT64_MAX;
            failures += status != BASE_OK;
            if (status != BASE_OK)
                assert_int_equal(status, BASE_NO_MEMORY);
            assert_int_equal(triples_in(f->path), status == BASE_OK ? AFTER : BEFORE);
            if (!has_failed)
                break;
            if (status == BASE_OK) /* what failed was a convenience */
                make_before(f, first);
        }
        assert_true(failures > 10);
        free(second);
    }
    free(first);
    free(rejects);
}

static void questions_without_memory_say_so(void **state)
{
    Fixture *const f = *state;
    kg_close(f->store);
    f->store = NULL;
    char *const first = base_join_path(f->folder, "1.tsv");
    write_text_file(first, "a\tp\tb\na\tp\tc\na\tq\t\"x\"\n");
    make_before(f, first);
    f->store = open_store(f->path, (KgOptions){.read_only = true});
    for (uint64_t n = 0;; n++) {
        has_failed = false;
        calls_left = n;
        const BaseStatus status = ask(f->store);
        calls_left = UINT64_MAX;
        assert_int_equal(status, has_failed ? BASE_NO_MEMORY : BASE_OK);
        if (!has_failed)
            break;
    }
    free(first);
}

/* ---- Changes of triples ---- */

enum { NAMES = 12, TRIPLES = NAMES * NAMES };

/* Deletes, adds singly and many at once straight into the tables, folds, and commits. */
static BaseStatus change_triples(KgStore *store, const KgId *ids)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    KgRecord records[2 * TRIPLES];
    size_t added = 0;
    BaseStatus status = kg_write_begin(store, &txn, &err);
    for (size_t i = 0; status == BASE_OK && i < TRIPLES; i += 9)
        status = kg_delete(txn, KG_ASSERTED, (KgTriple){ids[i / NAMES], ids[0], ids[i % NAMES]}, NULL, &err);
    for (size_t i = 0; i < 2 * TRIPLES; i++)
        records[i] = (KgRecord){.triple = {ids[i / NAMES % NAMES], ids[i / TRIPLES], ids[i % NAMES]}};
    if (status == BASE_OK)
        status = kg_add(txn, KG_INFERRED, &records[5], NULL, &err);
    if (status == BASE_OK)
        status = kg_add_many(txn, KG_ASSERTED, records, 2 * TRIPLES, &added, NULL, &err);
    if (status == BASE_OK)
        status = kg_add_many_in(txn, ids[3], KG_PREDICTED, records, 2 * TRIPLES, &added, NULL, &err);
    if (status == BASE_OK)
        status = kg_delete(txn, KG_ASSERTED, records[7].triple, NULL, &err);
    if (status == BASE_OK)
        status = kg_clear_layer(txn, KG_INFERRED, &err);
    if (status == BASE_OK)
        status = kg_commit(txn, &err);
    else
        kg_abort(txn);
    assert_int_equal(status, err.status);
    return status;
}

static void make_triples(const Fixture *f, KgId *ids)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
    expect_ok(kg_clear_layer(txn, KG_INFERRED, &err), &err);
    for (int i = 0; i < NAMES; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        ids[i] = intern_field(txn, name);
    }
    expect_ok(kg_clear_layer_in(txn, ids[3], KG_PREDICTED, &err), &err);
    for (size_t i = 0; i < TRIPLES; i += 3) {
        const KgRecord record = {.triple = {ids[i / NAMES], ids[0], ids[i % NAMES]}};
        expect_ok(kg_add(txn, KG_ASSERTED, &record, NULL, &err), &err);
    }
    commit(txn);
}

static void changes_without_memory_are_whole_or_none(void **state)
{
    Fixture *const f = *state;
    KgId ids[NAMES];
    uint64_t failures = 0;
    f->store->limits = (KgLimits){.changes = 20, .records = 10, .new_hashes = 4, .known_bytes = 100};
    for (uint64_t n = 0;; n++) {
        make_triples(f, ids);
        has_failed = false;
        calls_left = n;
        const BaseStatus status = change_triples(f->store, ids);
        calls_left = UINT64_MAX;
        failures += status != BASE_OK;
        if (status != BASE_OK)
            assert_true(status == BASE_NO_MEMORY);
        expect_sound(f->store);
        KgTxn *const txn = begin_read(f->store);
        assert_int_equal(count_matches(txn, KG_IN(KG_ASSERTED), (KgTriple){0}),
                         status == BASE_OK ? 2 * TRIPLES - 1 : TRIPLES / 3);
        kg_abort(txn);
        if (!has_failed)
            break;
    }
    assert_true(failures > 30);
}

/* ---- Triples by columns ---- */

static BaseStatus fill_layer(KgStore *store, const KgId *ids)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    uint32_t pairs[2 * TRIPLES];
    for (uint32_t i = 0; i < TRIPLES; i++) {
        pairs[2 * i] = i / NAMES;
        pairs[2 * i + 1] = i % NAMES;
    }
    const KgColumns parts[] = {
        {.same = {0, ids[0], 0}, .columns = {pairs, NULL, pairs + 1}, .stride = 2, .count = TRIPLES, .note.rule = 1},
        {.same = {0, ids[1], ids[2]}, .columns = {pairs}, .stride = 2 * NAMES, .count = NAMES, .note.rule = 2},
    };
    BaseJob job = {.threads = 1};
    size_t added = 0;
    BaseStatus status = kg_write_begin(store, &txn, &err);
    if (status == BASE_OK)
        status = kg_add_columns(txn, KG_INFERRED, ids, NAMES, parts, 2, &added, &job, &err);
    if (status == BASE_OK)
        status = kg_commit(txn, &err);
    else
        kg_abort(txn);
    assert_int_equal(status, err.status);
    return status;
}

static void a_fill_without_memory_is_whole_or_none(void **state)
{
    Fixture *const f = *state;
    KgId ids[NAMES];
    uint64_t failures = 0;
    for (uint64_t n = 0;; n++) {
        f->store->limits = (KgLimits){.records = 10, .chunk_rows = 40};
        make_triples(f, ids);
        has_failed = false;
        calls_left = n;
        const BaseStatus status = fill_layer(f->store, ids);
        calls_left = UINT64_MAX;
        failures += status != BASE_OK;
        if (status != BASE_OK)
            assert_int_equal(status, BASE_NO_MEMORY);
        expect_sound(f->store);
        KgTxn *const txn = begin_read(f->store);
        assert_int_equal(count_matches(txn, KG_IN(KG_INFERRED), (KgTriple){0}),
                         status == BASE_OK ? TRIPLES + NAMES : 0);
        kg_abort(txn);
        if (!has_failed)
            break;
    }
    assert_true(failures > 30);
}

/* ---- A load through the disk ---- */

static BaseStatus import_with_little(const char *path, const char *file)
{
    BaseError err = {0};
    KgStore *store = NULL;
    BaseStatus status = kg_open(path, &(KgOptions){.create = true}, &store, &err);
    if (status == BASE_OK) {
        store->limits = (KgLimits){.loaded_rows = 20, .chunk_rows = 15, .new_hashes = 4, .known_bytes = 100};
        status = kg_import(store, &file, 1, &(KgImportOptions){.max_errors = 0}, NULL, NULL, NULL, &err);
    }
    kg_close(store);
    assert_int_equal(status, err.status);
    return status;
}

static void a_load_through_the_disk_without_memory_is_whole_or_none(void **state)
{
    Fixture *const f = *state;
    kg_close(f->store);
    f->store = NULL;
    char *const first = base_join_path(f->folder, "1.tsv"), *const second = base_join_path(f->folder, "2.nq");
    write_text_file(first, "a\tp\tb\na\tp\tc\na\tq\t\"x\"\n");
    BaseBuffer text = {0};
    char line[80];
    for (int i = 0; i < 60; i++) {
        const int length =
            snprintf(line, sizeof line, "<kg:s%d> <kg:p> \"%d\" %s.\n", i * 7 % 20, i % 30, i % 3 ? "" : "<kg:g> ");
        assert_true(base_buffer_add(&text, line, (size_t)length));
    }
    assert_true(base_buffer_add(&text, "", 1));
    write_text_file(second, text.items);
    base_buffer_free(&text);
    make_before(f, first);
    uint64_t failures = 0;
    for (uint64_t n = 0;; n++) {
        has_failed = false;
        calls_left = n;
        const BaseStatus status = import_with_little(f->path, second);
        calls_left = UINT64_MAX;
        failures += status != BASE_OK;
        if (status != BASE_OK)
            assert_int_equal(status, BASE_NO_MEMORY);
        assert_int_equal(triples_in(f->path), status == BASE_OK ? BEFORE + 40 : BEFORE);
        if (!has_failed)
            break;
        if (status == BASE_OK)
            make_before(f, first);
    }
    assert_true(failures > 30);
    free(first);
    free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_import_without_memory_leaves_the_database_as_it_was, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(questions_without_memory_say_so, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(changes_without_memory_are_whole_or_none, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_fill_without_memory_is_whole_or_none, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_load_through_the_disk_without_memory_is_whole_or_none, make_fixture,
                                        drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
