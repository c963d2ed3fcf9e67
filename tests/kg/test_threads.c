/* Reading on several threads: the database is the same, id by id, whatever the number of threads and wherever the file
 * is cut; so are the faults, the rejects and the counts. */
#include "fixture.h"
#include "kg/store.h" /* chunk_bytes: files cut into small parts */

typedef struct Outcome {
    BaseStatus status;
    KgImportReport report;
    BaseBuffer faults, triples, terms;
    char *rejects;
    size_t rejects_length;
} Outcome;

static void note_fault(void *context, const BaseError *error)
{
    assert_true(
        base_buffer_format(context, "%u:%u %s | %s\n", error->line, error->column, error->message, error->excerpt));
}

/* Every triple as its ids, and every id as what it says. */
static void describe(KgStore *store, Outcome *out)
{
    BaseError err = {0};
    KgTxn *const txn = begin_read(store);
    KgScan *scan;
    KgTriple triple;
    expect_ok(kg_scan_open(txn, KG_FACTS, (KgTriple){0}, KG_ORDER_SPO, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK)
        assert_true(base_buffer_format(&out->triples, "%lx %lx %lx\n", triple.s, triple.p, triple.o));
    kg_scan_close(scan);
    for (int kind = KG_IRI; kind <= KG_LITERAL; kind++)
        for (uint64_t i = 0; i < kg_term_count(txn, (KgKind)kind); i++) {
            expect_ok(kg_write_term(txn, kg_id((KgKind)kind, i), KG_SYNTAX_NTRIPLES, &out->terms, &err), &err);
            assert_true(base_buffer_add(&out->terms, "\n", 1));
        }
    kg_abort(txn);
}

static Outcome import_with(const Fixture *f, const char *file, uint64_t max_errors, int threads, size_t chunk_bytes)
{
    BaseError err = {0};
    Outcome out = {0};
    char *const path = base_join_path(f->folder, "other"), *const rejects = base_join_path(f->folder, "rejects");
    KgStore *const store = open_store(path, (KgOptions){.create = true});
    store->chunk_bytes = chunk_bytes;
    const BaseSink sink = {note_fault, &out.faults};
    BaseJob job = {.threads = threads};
    const KgImportOptions options = {.max_errors = max_errors, .rejects = rejects};
    out.status = kg_import(store, &file, 1, &options, &out.report, &sink, &job, &err);
    if (out.status == BASE_OK) {
        describe(store, &out);
        err = (BaseError){0};
        expect_ok(base_read_file(rejects, &out.rejects, &out.rejects_length, &err), &err);
        expect_ok(base_remove(rejects, &err), &err);
    }
    kg_close(store);
    if (base_is_folder(path))
        expect_ok(base_remove(path, &err), &err);
    free(path);
    free(rejects);
    return out;
}

static void free_outcome(Outcome *out)
{
    base_buffer_free(&out->faults);
    base_buffer_free(&out->triples);
    base_buffer_free(&out->terms);
    free(out->rejects);
}

static void expect_same_buffer(const BaseBuffer *a, const BaseBuffer *b)
{
    assert_int_equal(a->count, b->count);
    if (a->count)
        assert_memory_equal(a->items, b->items, a->count);
}

static void expect_same(const Outcome *a, const Outcome *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->report.lines, b->report.lines);
    assert_int_equal(a->report.triples, b->report.triples);
    assert_int_equal(a->report.added, b->report.added);
    assert_int_equal(a->report.rejected, b->report.rejected);
    expect_same_buffer(&a->faults, &b->faults);
    expect_same_buffer(&a->triples, &b->triples);
    expect_same_buffer(&a->terms, &b->terms);
    assert_int_equal(a->rejects_length, b->rejects_length);
    if (a->rejects_length)
        assert_memory_equal(a->rejects, b->rejects, a->rejects_length);
}

static void expect_the_same_however_cut(const Fixture *f, const char *file, uint64_t max_errors, BaseStatus status)
{
    static const int threads[] = {1, 2, 5};
    static const size_t sizes[] = {1, 7, 64, 1000, 0};
    Outcome first = import_with(f, file, max_errors, 1, (size_t)1 << 28);
    assert_int_equal(first.status, status);
    assert_true(status != BASE_OK || first.triples.count > 0);
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            Outcome other = import_with(f, file, max_errors, threads[t], sizes[i]);
            expect_same(&first, &other);
            free_outcome(&other);
        }
    free_outcome(&first);
}

static char *write_text(const Fixture *f, const char *name, BaseBuffer *text)
{
    char *const path = base_join_path(f->folder, name);
    FILE *const out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text->items, 1, text->count, out), text->count);
    assert_int_equal(fclose(out), 0);
    base_buffer_free(text);
    return path;
}

static void tsv_with_bad_lines_is_read_the_same_however_it_is_cut(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer text = {0};
    assert_true(base_buffer_format(&text, "\xef\xbb\xbf"));
    for (unsigned i = 0; i < 900; i++) {
        assert_true(base_buffer_format(&text, "s%u\tp%u\to%u%s\n", i / 4, i % 5, i * 7919 % 300, i % 3 ? "" : "\r"));
        if (i % 50 == 3)
            assert_true(base_buffer_format(&text, "new%u\talso new%u\t\"bad\n\n", i, i));
        if (i % 90 == 4)
            assert_true(base_buffer_format(&text, "s\tp\t\"caf\xc3\xa9 %u\"@en\nx\xff\ty\tz\n", i));
    }
    assert_true(base_buffer_format(&text, "the last line has no newline"));
    char *const path = write_text(f, "x.tsv", &text);
    expect_the_same_however_cut(f, path, 100, BASE_OK);
    expect_the_same_however_cut(f, path, 5, BASE_BAD_INPUT);
    free(path);
}

static void ntriples_with_bad_lines_is_read_the_same_however_it_is_cut(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer text = {0};
    for (unsigned i = 0; i < 900; i++) {
        assert_true(base_buffer_format(&text, "<urn:s%u> <urn:p%u> \"\\u00e9%u\"@en . # said\n_:b%u <urn:p> _:b%u .\n",
                                       i / 4, i % 5, i % 100, i % 11, i % 13));
        if (i % 60 == 7)
            assert_true(base_buffer_format(&text, "<urn:new%u> <urn:p> <urn:o> <urn:o> .\n", i));
    }
    char *const path = write_text(f, "x.nt", &text);
    expect_the_same_however_cut(f, path, 100, BASE_OK);
    free(path);
}

static void turtle_is_read_the_same_through_a_small_window(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer text = {0}, bad = {0};
    assert_true(base_buffer_format(
        &text, "\xef\xbb\xbf@prefix : <urn:x:> . # caf\xc3\xa9\nPREFIX b: <http://a/b/>\n@prefix é: <urn:> .\n"));
    for (unsigned i = 0; i < 100; i++)
        assert_true(
            base_buffer_format(&text,
                               ":s%u a :C\\~%u ; :caf\xc3\xa9.%u \"\"\"two \"lines\"\n\xf0\x9f\x98\x80\"\"\"@en-GB ,\n"
                               "    -1.%ue+5 , [ b:%%4%u ( 1 <urn:\\u00e9> _:n%u.x ) ] ;; .\n",
                               i / 3, i, i, i, i % 10, i % 7));
    assert_true(base_buffer_add(&bad, text.items, text.count));
    assert_true(base_buffer_format(&bad, "# the fault is behind two lines of text\n:s :p '''a\nb\xc3\xa9\\q''' .\n"));
    char *const path = write_text(f, "x.ttl", &text), *const bad_path = write_text(f, "bad.ttl", &bad);
    expect_the_same_however_cut(f, path, 0, BASE_OK);
    expect_the_same_however_cut(f, bad_path, 0, BASE_BAD_INPUT);
    free(path);
    free(bad_path);
}

static void a_line_longer_than_a_part_is_read(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer text = {0};
    assert_true(base_buffer_add(&text, "a\tb\t\"", 5));
    for (int i = 0; i < 400000; i++)
        assert_true(base_buffer_add(&text, "0123456789", 10));
    assert_true(base_buffer_add(&text, "\"\nc\td\te\n", 8));
    char *const path = write_text(f, "x.tsv", &text);
    BaseError err = {0};
    KgImportReport report;
    expect_ok(kg_import(f->store, (const char *const *)&path, 1, NULL, &report, NULL, NULL, &err), &err);
    assert_int_equal(report.added, 2);
    assert_int_equal(report.lines, 2);
    free(path);
}

static void damage_in_a_later_part_is_told_after_the_lines_before_it(void **state)
{
    const Fixture *const f = *state;
    char *const path = base_join_path(f->folder, "x.tsv.gz");
    char command[1200];
    snprintf(command, sizeof command, "(printf 'a\\tb\\n'; seq 1000000 | awk '{print $1\"\\tp\\to\"}') | gzip -1 > %s",
             path);
    assert_int_equal(system(command), 0);
    assert_int_equal(truncate(path, 500000), 0);
    static const int threads[] = {1, 3};
    for (size_t i = 0; i < 2; i++) {
        BaseError err = {0};
        BaseBuffer faults = {0};
        const BaseSink sink = {note_fault, &faults};
        BaseJob job = {.threads = threads[i]};
        assert_int_equal(kg_import(f->store, (const char *const *)&path, 1, NULL, NULL, &sink, &job, &err),
                         BASE_BAD_INPUT);
        expect_words(&err, "gzip");
        assert_string_equal(faults.items, "1:4 the tail is missing: 2 fields, expected 3 | a b\n");
        base_buffer_free(&faults);
    }
    KgTxn *const txn = begin_read(f->store);
    assert_int_equal(kg_term_count(txn, KG_IRI), 0);
    kg_abort(txn);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tsv_with_bad_lines_is_read_the_same_however_it_is_cut, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(ntriples_with_bad_lines_is_read_the_same_however_it_is_cut, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(turtle_is_read_the_same_through_a_small_window, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_line_longer_than_a_part_is_read, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(damage_in_a_later_part_is_told_after_the_lines_before_it, make_fixture,
                                        drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
