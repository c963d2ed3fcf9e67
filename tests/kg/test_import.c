/* Files in and out: each fault with its line and column, rejects byte for byte, every format, all or nothing. */
#include "fixture.h"

#include <sys/stat.h>
#include <zlib.h>

/* Faults as they are told. */
typedef struct Faults {
    BaseError items[64];
    size_t count;
} Faults;

static void keep_fault(void *context, const BaseError *error)
{
    Faults *const faults = context;
    if (faults->count < 64)
        faults->items[faults->count] = *error;
    faults->count++;
}

static char *write_file(const Fixture *f, const char *name, const char *bytes, size_t length)
{
    char *const path = base_join_path(f->folder, name);
    FILE *const out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
    return path;
}

static BaseStatus import_file(const Fixture *f, const char *path, const KgImportOptions *options,
                              KgImportReport *report, Faults *faults, BaseError *err)
{
    const BaseSink sink = {keep_fault, faults};
    faults->count = 0;
    return kg_import(f->store, &path, 1, options, report, &sink, NULL, err);
}

/* The whole graph as `format`; the caller's to free. */
static char *export_text(KgStore *store, KgFormat format)
{
    BaseError err = {0};
    char *text = NULL;
    size_t length;
    uint64_t written;
    FILE *const out = open_memstream(&text, &length);
    KgTxn *const txn = begin_read(store);
    expect_ok(kg_export(txn, KG_FACTS, format, out, &written, NULL, &err), &err);
    kg_abort(txn);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void expect_import(const Fixture *f, const char *name, const char *text, const KgImportOptions *options,
                          const char *expected)
{
    BaseError err = {0};
    KgImportReport report;
    Faults faults = {0};
    char *const path = write_file(f, name, text, strlen(text));
    if (import_file(f, path, options, &report, &faults, &err) != BASE_OK) {
        if (faults.count)
            base_error_print(stderr, &faults.items[0]);
        expect_ok(err.status, &err);
    }
    char *const out = export_text(f->store, KG_TSV);
    assert_string_equal(out, expected);
    free(out);
    free(path);
    KgTxn *const txn = begin_write(f->store);
    expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
    commit(txn);
}

static void good_lines_of_every_kind_are_read(void **state)
{
    const Fixture *const f = *state;
    const char *const three = "a\tb\tc\na\tb\td\n";
    expect_import(f, "x.tsv", "a\tb\tc\na\tb\td\n", NULL, three);
    expect_import(f, "x.tsv", "a\tb\tc\r\n\r\n\n   \na\tb\td", NULL, three); /* CRLF, blank, no last newline */
    expect_import(f, "x.tsv",
                  "\xef\xbb\xbf"
                  "a\tb\tc\na\tb\td\na\tb\tc\n",
                  NULL, three);                               /* BOM, a repeat */
    expect_import(f, "x", "a\tb\tc\na\tb\td\n", NULL, three); /* TSV where the name says nothing */
    expect_import(f, "x.tsv", "", NULL, "");
    expect_import(f, "x.tsv", "#a\tb\t#c\n", NULL, "#a\tb\t#c\n"); /* no comments in TSV */
    expect_import(f, "x.tsv", "c\tb\ta\n", &(KgImportOptions){.columns = "t,r,h"}, "a\tb\tc\n");
    expect_import(f, "x.tsv", "a\t\"oops\tb\t\tc\n", &(KgImportOptions){.columns = "h,-,r,-,t"}, "a\tb\tc\n");
    expect_import(f, "x.tsv", "a\tlabel\tsay \"hi\" \\n <x\n", &(KgImportOptions){.object_literal = true},
                  "a\tlabel\t\"say \\\"hi\\\" \\\\n <x\"\n");
    expect_import(f, "x.tsv", "a\ttype\tc\n", &(KgImportOptions){.type_relation = "type"},
                  "a\t<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>\tc\n");
    expect_import(f, "x.tsv", "a\tb\t\"1\"^^xsd:int\na\tb\t\"1\"^^xsd:string\n", NULL,
                  "a\tb\t\"1\"^^<http://www.w3.org/2001/XMLSchema#int>\na\tb\t\"1\"\n");
    expect_import(f, "x.tsv", "a\ttype\tc\n", NULL, "a\ttype\tc\n");
    expect_import(f, "x.tsv", "_:b\t<urn:p>\t\"x\"@en\n", NULL, "_:b\t<urn:p>\t\"x\"@en\n");
}

static void csv_follows_rfc_4180(void **state)
{
    const Fixture *const f = *state;
    expect_import(f, "x.csv", "a,b,c\r\na,b,d\r\n", NULL, "a\tb\tc\na\tb\td\n");
    expect_import(f, "x.csv", "\"a\",\"b, with comma\",\"c\"\n", NULL, "a\tb, with comma\tc\n");
    expect_import(f, "x.csv", "a,b,\"\"\"text\"\"@en\"\n", NULL, "a\tb\t\"text\"@en\n");
    expect_import(f, "x.csv", "a,b,\"two\nlines, \"\"quoted\"\"\"\nc,b,d\n", &(KgImportOptions){.object_literal = true},
                  "a\tb\t\"two\\nlines, \\\"quoted\\\"\"\nc\tb\t\"d\"\n");
    expect_import(f, "x.data", "a,b,c\n", &(KgImportOptions){.format = KG_CSV}, "a\tb\tc\n");
}

static void ntriples_and_turtle_are_read(void **state)
{
    const Fixture *const f = *state;
    expect_import(
        f, "x.nt",
        "# a comment\n<urn:s> <urn:p> <urn:o> .\n\n  <urn:s>\t<urn:p> \"a\\u00e9\"@EN . # more\n"
        "<urn:s><urn:p>\"1\"^^<urn:int>.\n",
        NULL, "<urn:s>\t<urn:p>\t<urn:o>\n<urn:s>\t<urn:p>\t\"a\xc3\xa9\"@en\n<urn:s>\t<urn:p>\t\"1\"^^<urn:int>\n");
    expect_import(f, "x.ttl",
                  "@prefix : <urn:x:> .\n@base <http://example.org/dir/> .\n"
                  ":s a :C ; :p \"text\"@EN , 5 , true , <file> .\n",
                  NULL,
                  "<urn:x:s>\t<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>\t<urn:x:C>\n"
                  "<urn:x:s>\t<urn:x:p>\t<http://example.org/dir/file>\n"
                  "<urn:x:s>\t<urn:x:p>\t\"text\"@en\n"
                  "<urn:x:s>\t<urn:x:p>\t\"5\"^^<http://www.w3.org/2001/XMLSchema#integer>\n"
                  "<urn:x:s>\t<urn:x:p>\t\"true\"^^<http://www.w3.org/2001/XMLSchema#boolean>\n");
}

static void blank_nodes_of_two_rdf_files_stay_apart(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    char *const first = write_file(f, "1.nt", "_:b <urn:p> _:b .\n", 18);
    char *const second = write_file(f, "2.ttl", "_:b <urn:p> _:b .\n", 18);
    const char *const files[] = {first, second};
    KgImportReport report;
    expect_ok(kg_import(f->store, files, 2, NULL, &report, NULL, NULL, &err), &err);
    assert_int_equal(report.added, 2);
    KgTxn *const txn = begin_read(f->store);
    assert_int_equal(kg_term_count(txn, KG_BLANK), 2);
    kg_abort(txn);
    free(first);
    free(second);
}

typedef struct FaultCase {
    KgFormat format;
    const char *bytes;
    size_t length;
    uint32_t line, column;
    const char *words;
} FaultCase;
#define CASE(format, text, line, column, words)                                                                        \
    {                                                                                                                  \
        (format), (text), sizeof(text) - 1, (line), (column), (words)                                                  \
    }

static void each_fault_has_its_line_and_column(void **state)
{
    const Fixture *const f = *state;
    static const FaultCase cases[] = {
        CASE(KG_TSV, "a\tb\tc\na\tb\n", 2, 4, "the tail is missing"),
        CASE(KG_TSV, "\xc3\xa9\n", 1, 2, "the relation is missing"),
        CASE(KG_TSV, "a\tb\tc\td\n", 1, 7, "one field too many"),
        CASE(KG_TSV, "a\tb\tc\t\n", 1, 7, "one field too many"),
        CASE(KG_TSV, "a\tb\t\n", 1, 5, "empty field"),
        CASE(KG_TSV, "\tb\tc\n", 1, 1, "empty field"),
        CASE(KG_TSV, "a\t\tc\n", 1, 3, "empty field"),
        CASE(KG_TSV, "\xc3\xa9\tb\xff\tc\n", 1, 4, "invalid UTF-8: byte 0xff"),
        CASE(KG_TSV, "a\tb\tc\xc3", 1, 6, "invalid UTF-8: byte 0xc3"),
        CASE(KG_TSV, "a\tb\tc\xed\xa0\x80\n", 1, 6, "invalid UTF-8"), /* a surrogate */
        CASE(KG_TSV, "a\tb\tc\0d\n", 1, 6, "NUL"),
        CASE(KG_TSV, "\xc3\xa9\tb\t\"open\n", 1, 5, "not closed"),
        CASE(KG_TSV, "a\tb\t\"open\r\n", 1, 5, "not closed"),
        CASE(KG_TSV, "a\tb\t\"\\q\"\n", 1, 6, "unknown escape"),
        CASE(KG_TSV, "a\tb\t<http://x\n", 1, 5, "not closed"),
        CASE(KG_TSV, "a\tb\t\"1\"^^xsd:\n", 1, 10, "without a name"),
        CASE(KG_TSV, "a\tb\t\"1\"^^xsd:a-\n", 1, 15, "after the term"),
        CASE(KG_TSV, "a\tb\t\"1\"^^owl:a\n", 1, 8, "a datatype is expected"),
        CASE(KG_NTRIPLES, "<urn:s> <urn:p> \"1\"^^xsd:int .\n", 1, 20, "a datatype is expected"),
        CASE(KG_TSV, "\"a\"\tb\tc\n", 1, 1, "cannot be the subject"),
        CASE(KG_TSV, "a\t\"b\"\tc\n", 1, 3, "cannot be the predicate"),
        CASE(KG_TSV, "a\t_:b\tc\n", 1, 3, "cannot be the predicate"),
        CASE(KG_TSV,
             "\n\n\xef\xbb\xbf"
             "a\tb\n",
             3, 5, "missing"), /* no byte order mark there */
        CASE(KG_TSV,
             "\xef\xbb\xbf"
             "a\tb\n",
             1, 4, "missing"),
        CASE(KG_CSV, "a,b\n", 1, 4, "the tail is missing"),
        CASE(KG_CSV, "a,b,c,d\n", 1, 7, "one field too many"),
        CASE(KG_CSV, "a,b\"c,d\n", 1, 4, "a quote inside a field"),
        CASE(KG_CSV, "a,b,\"open\nc,d,e\n", 1, 5, "not closed"),
        CASE(KG_CSV, "a,b,\"c\"d\n", 1, 8, "after a quoted field"),
        CASE(KG_CSV, "a,\"x\ny\",\"\"\"op\"\"\"\"en\"\"\"\n", 2, 11, "after the literal"),
        CASE(KG_CSV, "a,b,\"x\ny\xff\"\n", 2, 2, "invalid UTF-8"),
        CASE(KG_NTRIPLES, "<urn:s> <urn:p> <urn:o>\n", 1, 24, "expected ."),
        CASE(KG_NTRIPLES, "<urn:s> <urn:p> <urn:o> . x\n", 1, 27, "end of the line"),
        CASE(KG_NTRIPLES, "<urn:s> <urn:p>\n", 1, 16, "expected the object"),
        CASE(KG_NTRIPLES, "<urn:s> p <urn:o> .\n", 1, 9, "expected the predicate"),
        CASE(KG_NTRIPLES, "\n\"s\" <urn:p> <urn:o> .\n", 2, 1, "cannot be the subject"),
        CASE(KG_NTRIPLES, "<urn:s> _:p <urn:o> .\n", 1, 9, "cannot be the predicate"),
        CASE(KG_NTRIPLES, "<urn:s> <urn:p> <o> .\n", 1, 17, "without a scheme"),
        CASE(KG_NTRIPLES, "<urn:s> <urn:p> \"a\rb\" .\n", 1, 17, "not closed"),
        CASE(KG_NTRIPLES, "<urn:s> <urn:p> \"a\"@a-\xc3\xa9 .\n", 1, 20, "language tag"),
        CASE(KG_NTRIPLES, "_:\xe2\x80\xa2 <urn:p> <urn:o> .\n", 1, 1, "without a label"),
        CASE(KG_NQUADS, "<urn:s> <urn:p> <urn:o> \"g\" .\n", 1, 25, "cannot name a graph"),
        CASE(KG_NQUADS, "<urn:s> <urn:p> <urn:o> <urn:g> <urn:h> .\n", 1, 33, "expected ."),
        CASE(KG_NTRIPLES, "# \xff\n", 1, 3, "invalid UTF-8"),
        CASE(KG_TURTLE, "@prefix x: <urn:x:> .\nx:a x:b\n  y:c .\n", 3, 0, "not declared"),
        CASE(KG_TURTLE, "<urn:a> <urn:b> .\n", 1, 0, ""),
        CASE(KG_TURTLE, "<urn:a> <urn:b> <urn:c>\n<urn:d> <urn:e> <urn:f> .\n", 2, 0, ""),
        CASE(KG_TURTLE, "<urn:a> <urn:b> \"open .\n", 1, 0, ""),
        CASE(KG_TURTLE, "<urn:a> <urn:b> \"\xc3\xa9\xff\" .\n", 1, 19, "invalid UTF-8"),
        CASE(KG_TURTLE, "<a> <urn:b> <urn:c> .\n", 1, 1, "no full IRI"),
        CASE(KG_TURTLE, "<urn:a> <urn:b>\n  \"\"\"two\n\xc3\xa9 \\q\"\"\" .\n", 3, 3, "unknown escape"),
        CASE(KG_TURTLE, "<urn:a> <urn:b> [ <urn:c> 1 \n . ] .\n", 2, 2, "expected ; or ]"),
        CASE(KG_TURTLE, "<urn:a> <urn:b> ( 1 2\n .\n", 2, 2, "expected a term"),
        CASE(KG_TURTLE, "<urn:a> \"b\" 1 .\n", 1, 9, "cannot be the predicate"),
        CASE(KG_TURTLE, "\"a\" <urn:b> 1 .\n", 1, 1, "cannot be the subject"),
        CASE(KG_TURTLE, "<urn:a> <urn:b> 1 ", 1, 19, "expected ."),
        CASE(KG_TURTLE, "<urn:g> { <urn:a> <urn:b> 1 }", 1, 9, "expected an <iri>"),
        CASE(KG_TURTLE, "@prefix a: <urn:a> .\na:b%2 a:c 1 .\n", 2, 4, "two hexadecimal digits"),
        CASE(KG_TURTLE, "<urn:a> <urn:b> 1 .\n# \xff", 2, 3, "invalid UTF-8"),
        CASE(KG_TRIG, "<urn:g> { <urn:a> <urn:b> 1\n", 2, 1, "expected . or }"),
        CASE(KG_TRIG, "GRAPH <urn:g> <urn:a> <urn:b> 1 .\n", 1, 15, "expected {"),
        CASE(KG_TRIG, "<urn:g> { { } }\n", 1, 11, ""),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const FaultCase *const c = &cases[i];
        BaseError err = {0};
        KgImportReport report;
        Faults faults = {0};
        char *const path = write_file(f, "bad", c->bytes, c->length);
        assert_int_equal(import_file(f, path, &(KgImportOptions){.format = c->format}, &report, &faults, &err),
                         BASE_BAD_INPUT);
        expect_words(&err, "nothing was imported");
        assert_true(faults.count >= 1);
        const BaseError *const fault = &faults.items[0];
        expect_words(fault, c->words);
        assert_string_equal(fault->source, path);
        if (fault->line != c->line || (c->column && fault->column != c->column))
            fail_msg("case %zu (%s): %u:%u, expected %u:%u", i, fault->message, fault->line, fault->column, c->line,
                     c->column);
        assert_true(fault->excerpt_column > 0);
        assert_int_equal(base_utf8_check(fault->excerpt, strlen(fault->excerpt)), strlen(fault->excerpt));
        free(path);
    }
    KgTxn *const txn = begin_read(f->store);
    assert_int_equal(kg_term_count(txn, KG_IRI), 0);
    kg_abort(txn);
}

/* 1,000 lines, three of them broken: a missing column, invalid UTF-8, an unterminated literal. */
static char *thousand_lines(size_t *length)
{
    BaseBuffer text = {0};
    for (int i = 1; i <= 1000; i++) {
        if (i == 100)
            assert_true(base_buffer_format(&text, "a\tb\r\n"));
        else if (i == 500)
            assert_true(base_buffer_format(&text, "a\tb\tc\xff\n"));
        else if (i == 1000)
            assert_true(base_buffer_format(&text, "a\tb\t\"open"));
        else
            assert_true(base_buffer_format(&text, "s%d\tp\to%d\n", i, i % 7));
    }
    *length = text.count;
    return text.items;
}

static void bad_lines_past_the_limit_refuse_all(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgImportReport report;
    Faults faults = {0};
    size_t length;
    char *const text = thousand_lines(&length);
    char *const path = write_file(f, "in.tsv", text, length), *const rejects = base_join_path(f->folder, "rejects");
    const KgImportOptions options = {.max_errors = 2, .rejects = rejects};
    assert_int_equal(import_file(f, path, &options, &report, &faults, &err), BASE_BAD_INPUT);
    expect_words(&err, "3 bad lines, at most 2 allowed");
    assert_int_equal(faults.count, 3);
    static const uint32_t places[3][2] = {{100, 4}, {500, 6}, {1000, 5}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(faults.items[i].line, places[i][0]);
        assert_int_equal(faults.items[i].column, places[i][1]);
    }
    assert_false(base_is_file(rejects));
    KgTxn *const txn = begin_read(f->store);
    BaseArena arena = {0};
    KgImport *imports;
    size_t count;
    err = (BaseError){0};
    assert_int_equal(count_matches(txn, KG_ALL_LAYERS, (KgTriple){0}), 0);
    expect_ok(kg_imports(txn, &arena, &imports, &count, &err), &err);
    assert_int_equal(count, 0);
    kg_abort(txn);
    base_arena_free(&arena);
    free(path);
    free(rejects);
    free(text);
}

static void bad_lines_within_the_limit_are_kept_byte_for_byte(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgImportReport report;
    Faults faults = {0};
    size_t length;
    char *const text = thousand_lines(&length);
    char *const path = write_file(f, "in.tsv", text, length), *const rejects = base_join_path(f->folder, "rejects");
    const KgImportOptions options = {.max_errors = 5, .rejects = rejects};
    expect_ok(import_file(f, path, &options, &report, &faults, &err), &err);
    assert_int_equal(report.lines, 1000);
    assert_int_equal(report.triples, 997);
    assert_int_equal(report.added, 997);
    assert_int_equal(report.rejected, 3);
    char *kept;
    expect_ok(base_read_file(rejects, &kept, &length, &err), &err);
    assert_int_equal(length, strlen("a\tb\r\na\tb\tc\xff\na\tb\t\"open"));
    assert_memory_equal(kept, "a\tb\r\na\tb\tc\xff\na\tb\t\"open", length);
    KgTxn *const txn = begin_read(f->store);
    BaseArena arena = {0};
    KgImport import;
    expect_ok(kg_find_import(txn, report.import, &arena, &import, &err), &err);
    assert_string_equal(import.source, path);
    assert_string_equal(import.format, "tsv");
    assert_int_equal(import.lines, 1000);
    assert_int_equal(import.added, 997);
    assert_int_equal(import.rejected, 3);
    KgNote note;
    expect_ok(kg_get(txn, KG_ASSERTED, (KgTriple){id_of(txn, "s1"), id_of(txn, "p"), id_of(txn, "o1")}, &note, &err),
              &err);
    assert_int_equal(note.source, report.import);
    kg_abort(txn);
    expect_sound(f->store);
    base_arena_free(&arena);
    free(kept);
    free(path);
    free(rejects);
    free(text);
}

static void ten_thousand_bad_lines_are_counted_and_a_thousand_told(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgImportReport report;
    Faults faults = {0};
    char *const text = malloc(20000);
    for (int i = 0; i < 10000; i++)
        memcpy(text + 2 * i, "x\n", 2);
    char *const path = write_file(f, "in.tsv", text, 20000);
    assert_int_equal(import_file(f, path, NULL, &report, &faults, &err), BASE_BAD_INPUT);
    expect_words(&err, "10000 bad lines");
    assert_int_equal(faults.count, 1000);
    assert_int_equal(report.rejected, 10000);
    free(path);
    free(text);
}

static void several_files_are_one_transaction_with_a_row_each(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgImportReport report;
    char *const first = write_file(f, "1.tsv", "a\tb\tc\na\tb\td\n", 12);
    char *const second = write_file(f, "2.csv", "a,b,c\na,b,e\n", 12);
    char *const bad = write_file(f, "3.tsv", "a\tb\n", 4);
    const char *const files[] = {first, second, bad};
    assert_int_equal(kg_import(f->store, files, 3, NULL, &report, NULL, NULL, &err), BASE_BAD_INPUT);
    err = (BaseError){0};
    expect_ok(kg_import(f->store, files, 2, NULL, &report, NULL, NULL, &err), &err);
    assert_int_equal(report.triples, 4);
    assert_int_equal(report.added, 3);
    KgTxn *const txn = begin_read(f->store);
    BaseArena arena = {0};
    KgImport *imports;
    size_t count;
    expect_ok(kg_imports(txn, &arena, &imports, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_int_equal(imports[0].added, 2);
    assert_int_equal(imports[1].added, 1);
    assert_string_equal(imports[1].format, "csv");
    assert_int_equal(imports[1].id, report.import);
    kg_abort(txn);
    base_arena_free(&arena);
    expect_sound(f->store);
    free(first);
    free(second);
    free(bad);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    const Fixture *const f = *state;
    char *const path = write_file(f, "x.tsv", "a\tb\tc\n", 6);
    static const char *const columns[] = {"", "h", "h,r", "h,r,t,", "h,r,x", "h,h,t", "h,r,-", "hrt", "h;r;t"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        BaseError err = {0};
        Faults faults = {0};
        assert_int_equal(import_file(f, path, &(KgImportOptions){.columns = columns[i]}, NULL, &faults, &err),
                         BASE_BAD_CALL);
        expect_words(&err, columns[i]);
    }
    BaseError err = {0};
    Faults faults = {0};
    assert_int_equal(import_file(f, "no/such/file", NULL, NULL, &faults, &err), BASE_NOT_FOUND);
    expect_words(&err, "no/such/file");
    err = (BaseError){0};
    assert_int_equal(import_file(f, path, &(KgImportOptions){.rejects = "no/such/folder/r"}, NULL, &faults, &err),
                     BASE_IO);
    err = (BaseError){0};
    assert_int_equal(import_file(f, path, &(KgImportOptions){.rejects = path}, NULL, &faults, &err), BASE_BAD_CALL);
    expect_words(&err, "the file to import");
    expect_words(&err, path);
    char *const xml = write_file(f, "x.rdf", "<rdf:RDF/>\n", 11);
    err = (BaseError){0};
    assert_int_equal(import_file(f, xml, NULL, NULL, &faults, &err), BASE_BAD_INPUT);
    expect_words(&err, "not read yet");
    expect_words(&err, xml);
    free(xml);
    free(path);
}

static void gzip_is_read_as_it_is(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgImportReport report;
    Faults faults = {0};
    char *const path = base_join_path(f->folder, "x.csv.gz");
    const gzFile out = gzopen(path, "wb");
    assert_int_equal(gzputs(out, "a,b,c\n"), 6);
    assert_int_equal(gzclose(out), Z_OK);
    expect_ok(import_file(f, path, NULL, &report, &faults, &err), &err);
    assert_int_equal(report.added, 1);
    assert_int_equal(truncate(path, 15), 0);
    assert_int_equal(import_file(f, path, NULL, &report, &faults, &err), BASE_BAD_INPUT);
    expect_words(&err, "gzip");
    free(path);
}

static void a_cancelled_import_leaves_nothing(void **state)
{
    const Fixture *const f = *state;
    BaseBuffer text = {0};
    for (int i = 0; i < 20000; i++)
        assert_true(base_buffer_format(&text, "s%d\tp\to\n", i));
    char *const path = write_file(f, "x.tsv", text.items, text.count);
    base_buffer_free(&text);
    BaseError err = {0};
    BaseJob job = {0};
    atomic_store(&job.cancelled, true);
    assert_int_equal(kg_import(f->store, (const char *const *)&path, 1, NULL, NULL, NULL, &job, &err), BASE_CANCELLED);
    KgTxn *const txn = begin_read(f->store);
    assert_int_equal(kg_term_count(txn, KG_IRI), 0);
    kg_abort(txn);
    free(path);
}

static void a_database_made_for_an_import_that_fails_is_removed(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgImportReport report;
    Faults faults = {0};
    char *const bad = write_file(f, "bad.tsv", "a\tb\n", 4), *const good = write_file(f, "good.tsv", "a\tb\tc\n", 6);
    assert_int_equal(import_file(f, bad, NULL, &report, &faults, &err), BASE_BAD_INPUT);
    kg_close(f->store);
    assert_false(base_is_folder(f->path));
    f->store = open_store(f->path, (KgOptions){.create = true});
    err = (BaseError){0};
    expect_ok(import_file(f, good, NULL, &report, &faults, &err), &err);
    assert_int_equal(import_file(f, bad, NULL, &report, &faults, &err), BASE_BAD_INPUT);
    kg_close(f->store); /* this one has something in it */
    f->store = open_store(f->path, (KgOptions){.create = true});
    assert_int_equal(import_file(f, bad, NULL, &report, &faults, NULL), BASE_BAD_INPUT);
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){0});
    expect_sound(f->store);
    free(bad);
    free(good);
}

/* Random terms written in every format and read again are the same triples. */
/* Lines of N-Quads in the default graph and another, a few of them twice; more than stay in memory at the least. */
static char *write_many(const Fixture *f, const char *name, uint64_t seed)
{
    BaseRandom random;
    char *text = NULL;
    size_t length;
    FILE *const out = open_memstream(&text, &length);
    base_random_seed(&random, seed);
    for (int i = 0; i < 150000; i++)
        fprintf(out, "<http://e/%d> <http://r/%d> %s%d%s%s .\n", (int)base_random_below(&random, 30000),
                (int)base_random_below(&random, 9), i % 3 ? "<e:" : "\"", (int)base_random_below(&random, 20000),
                i % 3 ? ">" : " is the title\"", i % 4 ? "" : " <g:1>");
    assert_int_equal(fclose(out), 0);
    char *const path = write_file(f, name, text, length);
    free(text);
    return path;
}

static void an_import_that_spills_is_the_same_as_one_that_does_not(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgImportReport reports[2];
    Faults faults = {0};
    const BaseSink sink = {keep_fault, &faults};
    char *texts[2], *const other = base_join_path(f->folder, "other");
    KgStore *const stores[2] = {f->store, open_store(other, (KgOptions){.create = true})};
    for (uint64_t seed = 1; seed <= 2; seed++) { /* into an empty database, and into one with triples */
        char *const path = write_many(f, "many.nq", seed);
        const char *const paths[] = {path};
        for (int i = 0; i < 2; i++) {
            const KgImportOptions options = {.memory = i ? 0 : 1};
            expect_ok(kg_import(stores[i], paths, 1, &options, &reports[i], &sink, NULL, &err), &err);
        }
        free(path);
        assert_true(reports[0].added > 100000 && reports[0].added < 150000);
        assert_int_equal(reports[0].added, reports[1].added);
    }
    for (int i = 0; i < 2; i++) {
        uint64_t found;
        texts[i] = export_text(stores[i], KG_NQUADS);
        KgTxn *const txn = begin_read(stores[i]);
        expect_ok(kg_check(txn, &found, &sink, NULL, &err), &err);
        kg_abort(txn);
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
    kg_close(stores[1]);
    free(other);
}

static void an_empty_database_exports_no_triple(void **state)
{
    const Fixture *const f = *state;
    static const KgFormat lines[] = {KG_TSV, KG_CSV, KG_NTRIPLES};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *const text = export_text(f->store, lines[i]);
        assert_string_equal(text, "");
        free(text);
    }
}

static void every_format_reads_back_what_it_wrote(void **state)
{
    Fixture *const f = *state;
    static const char *const subjects[] = {"a",   "dog.n.01",   "a b",         "50%",        "<http://example.org/x>",
                                           "x,y", "say \"hi\"", "caf\xc3\xa9", "<kg:a%2fb>", "<kg:%09>",
                                           "a;b", "rdf:type",   "-",           "a."};
    static const char *const objects[] = {"\"\"",
                                          "\"tab\\there\"",
                                          "\"two\\nlines\"@en-gb",
                                          "\"\\\"\\\\\"",
                                          "\"1\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                                          "\"caf\xc3\xa9, \"",
                                          "\"\\r\"",
                                          "\"\\u0001\"",
                                          "\"<&>\"^^<urn:t>"};
    BaseError err = {0};
    KgTxn *txn = begin_write(f->store);
    const size_t subject_count = sizeof subjects / sizeof *subjects, object_count = sizeof objects / sizeof *objects;
    for (size_t i = 0; i < subject_count * 4; i++) {
        const KgId s = intern_field(txn, subjects[i % subject_count]);
        const KgId p = intern_field(txn, subjects[i * 7 % subject_count]);
        const KgId o = intern_field(txn, i % 2 ? objects[i % object_count] : subjects[i * 5 % subject_count]);
        expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {s, p, o}}, NULL, &err), &err);
    }
    commit(txn);
    char *const tsv = export_text(f->store, KG_TSV);
    for (int format = KG_TSV; format <= KG_TRIG; format++) {
        char *const text = export_text(f->store, (KgFormat)format);
        char *const path = write_file(f, "out", text, strlen(text)), *const again = base_join_path(f->folder, "again");
        KgStore *const store = open_store(again, (KgOptions){.create = true});
        const BaseSink sink = {print_fault, NULL};
        expect_ok(kg_import(store, (const char *const *)&path, 1, &(KgImportOptions){.format = (KgFormat)format}, NULL,
                            &sink, NULL, &err),
                  &err);
        /* ids, and so the order, may differ: compare as sets, by asking for each triple */
        KgTxn *const old = begin_read(f->store), *const new = begin_read(store);
        assert_int_equal(count_matches(new, KG_FACTS, (KgTriple){0}), count_matches(old, KG_FACTS, (KgTriple){0}));
        KgScan *scan;
        KgTriple triple;
        expect_ok(kg_scan_open(old, KG_FACTS, (KgTriple){0}, KG_ORDER_BEST, &scan, &err), &err);
        while (kg_scan_next(scan, &triple, &err) == BASE_OK) {
            const KgId ids[] = {triple.s, triple.p, triple.o};
            KgId found[3];
            for (int i = 0; i < 3; i++) {
                KgTerm term;
                BaseArena arena = {0};
                expect_ok(kg_term(old, ids[i], &arena, &term, &err), &err);
                expect_ok(kg_find(new, &term, &found[i], &err), &err);
                base_arena_free(&arena);
            }
            assert_true(layers_hold(new, KG_FACTS, (KgTriple){found[0], found[1], found[2]}));
        }
        kg_scan_close(scan);
        kg_abort(old);
        kg_abort(new);
        kg_close(store);
        expect_ok(base_remove(again, &err), &err);
        free(again);
        free(path);
        free(text);
    }
    free(tsv);
}

static int compare_lines(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Splits at newlines, in place; the lines are the caller's to free as an array. */
static char **sorted_lines(char *text, size_t *count)
{
    struct {
        char **items;
        size_t count, capacity;
    } lines = {0};
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(BASE_PUSH(&lines, line));
    qsort(lines.items, lines.count, sizeof *lines.items, compare_lines);
    *count = lines.count;
    return lines.items;
}

static void wordnet_comes_out_as_it_went_in(void **state)
{
    const Fixture *const f = *state;
    const char *const path = need_shared("data/kg/wordnet/triples.tsv.gz");
    BaseError err = {0};
    KgImportReport report;
    Faults faults = {0};
    expect_ok(import_file(f, path, NULL, &report, &faults, &err), &err);
    assert_int_equal(report.added, 353061);
    char *in, *const out = export_text(f->store, KG_TSV);
    size_t length, in_count, out_count;
    expect_ok(base_read_file(path, &in, &length, &err), &err);
    char **const expected = sorted_lines(in, &in_count), **const written = sorted_lines(out, &out_count);
    assert_int_equal(in_count, out_count);
    for (size_t i = 0; i < in_count; i++)
        assert_string_equal(expected[i], written[i]);
    expect_sound(f->store);
    free(expected);
    free(written);
    free(in);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_lines_of_every_kind_are_read, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(csv_follows_rfc_4180, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(ntriples_and_turtle_are_read, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(blank_nodes_of_two_rdf_files_stay_apart, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(each_fault_has_its_line_and_column, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(bad_lines_past_the_limit_refuse_all, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(bad_lines_within_the_limit_are_kept_byte_for_byte, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(ten_thousand_bad_lines_are_counted_and_a_thousand_told, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(several_files_are_one_transaction_with_a_row_each, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(options_that_make_no_sense_are_refused, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(gzip_is_read_as_it_is, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_cancelled_import_leaves_nothing, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_database_made_for_an_import_that_fails_is_removed, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(an_import_that_spills_is_the_same_as_one_that_does_not, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(an_empty_database_exports_no_triple, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(every_format_reads_back_what_it_wrote, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(wordnet_comes_out_as_it_went_in, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
