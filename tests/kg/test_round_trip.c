/* Random terms, with all that is hard to write down, go out in every format and come back the same: read from the files
 * without a database, and compared as sets; blank nodes of RDF formats up to their labels. */
#include "fixture.h"
#include "rdf/quads.h"

#define TRIPLES 250

typedef struct Maker {
    BaseRandom random;
    BaseArena arena;
    Quads quads;
} Maker;

static size_t below(Maker *maker, size_t limit)
{
    return (size_t)base_random_below(&maker->random, limit);
}

static KgText keep(Maker *maker, const BaseBuffer *text)
{
    return (KgText){base_arena_copy(&maker->arena, text->items, text->count), text->count};
}

static void add_character(BaseBuffer *out, uint32_t code_point)
{
    char bytes[4];
    const size_t size = base_utf8_encode(code_point, bytes);
    assert_true(size > 0);
    assert_true(base_buffer_add(out, bytes, size));
}

/* Any character, those at the edges of ranges more often. */
static uint32_t any_character(Maker *maker)
{
    static const uint32_t edges[] = {0x00,   0x01,    0x07,    0x08,     0x09,    0x0a,   0x0b,   0x0c,   0x0d,
                                     0x1f,   0x20,    '"',     '\'',     '\\',    '<',    '>',    ',',    ';',
                                     '#',    '@',     '^',     '.',      0x7e,    0x7f,   0x80,   0x85,   0xa0,
                                     0x7ff,  0x800,   0x2028,  0xd7ff,   0xe000,  0xfdd0, 0xfeff, 0xfffd, 0xfffe,
                                     0xffff, 0x10000, 0x1f600, 0x10fffe, 0x10ffff};
    switch (below(maker, 3)) {
    case 0:
        return edges[below(maker, sizeof edges / sizeof *edges)];
    case 1:
        return (uint32_t)('a' + below(maker, 26));
    default: {
        const uint32_t code_point = (uint32_t)below(maker, 0x110000);
        return code_point >= 0xd800 && code_point <= 0xdfff ? 'x' : code_point;
    }
    }
}

static size_t any_length(Maker *maker)
{
    const size_t kind = below(maker, 40);
    return kind == 0 ? 70000 : (kind < 4 ? 600 : below(maker, 12));
}

static KgText any_iri(Maker *maker)
{
    static const char *const starts[] = {"kg:",
                                         "kg:%09",
                                         "kg:_:",
                                         "kg:%22",
                                         "kg:%ef%bb%bf",
                                         "urn:",
                                         "http://ex.org/",
                                         "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
                                         "http://www.w3.org/2001/XMLSchema#",
                                         "x+-.9:",
                                         "http://a/../b/./"};
    static const char punctuation[] = "-._~:/?#[]@!$&'()*+,;=";
    BaseBuffer text = {0};
    assert_true(base_buffer_format(&text, "%s", starts[below(maker, sizeof starts / sizeof *starts)]));
    for (size_t left = any_length(maker); left > 0; left--)
        switch (below(maker, 4)) {
        case 0:
            assert_true(base_buffer_add(&text, &punctuation[below(maker, sizeof punctuation - 1)], 1));
            break;
        case 1: {
            static const char *const encoded[] = {"%20", "%0A", "%25", "%3c", "%C3%A9", "%FF", "%00", "%7F", "%E2%80"};
            assert_true(base_buffer_format(&text, "%s", encoded[below(maker, sizeof encoded / sizeof *encoded)]));
            break;
        }
        default: {
            const uint32_t c = any_character(maker);
            add_character(&text, c < 0x80 && kg_is_forbidden_in_iri((unsigned char)c) ? 'z' : c);
        }
        }
    const KgText iri = keep(maker, &text);
    base_buffer_free(&text);
    return iri;
}

static KgTerm any_subject(Maker *maker)
{
    static const char *const labels[] = {"b",  "0",  "_",           "a.b",       "a..b",
                                         "a-", "_1", "caf\xc3\xa9", "x\xc2\xb7", "\xf0\x90\x80\x80z"};
    if (below(maker, 8) > 0)
        return (KgTerm){.kind = KG_IRI, .text = any_iri(maker)};
    const char *const label = labels[below(maker, sizeof labels / sizeof *labels)];
    return (KgTerm){.kind = KG_BLANK, .text = {label, strlen(label)}};
}

static KgTerm any_object(Maker *maker)
{
    static const char *const numbers[] = {"0", "-1", "1.50", "1e6", "true", "2020-01-01", "+7", " 5", "NaN", "", "1."};
    static const char *const types[] = {"integer", "decimal", "double", "boolean", "date", "int"};
    static const char *const languages[] = {"en", "en-gb", "x-private-1", "zh-hant-tw"};
    if (below(maker, 3) == 0)
        return any_subject(maker);
    KgTerm term = {.kind = KG_LITERAL};
    BaseBuffer text = {0};
    if (below(maker, 3) == 0) {
        const char *const number = numbers[below(maker, 11)];
        term.text = (KgText){number, strlen(number)};
        assert_true(base_buffer_format(&text, "http://www.w3.org/2001/XMLSchema#%s", types[below(maker, 6)]));
        term.datatype = keep(maker, &text);
    } else {
        assert_true(base_buffer_add(&text, "", 0));
        for (size_t left = any_length(maker); left > 0; left--)
            add_character(&text, any_character(maker));
        term.text = keep(maker, &text);
        const char *const language = languages[below(maker, 4)];
        switch (below(maker, 3)) {
        case 0:
            term.language = (KgText){language, strlen(language)};
            break;
        case 1:
            term.datatype = any_iri(maker);
            break;
        default:
            break;
        }
    }
    base_buffer_free(&text);
    return term;
}

static void make_quads(Maker *maker, bool with_graphs)
{
    for (int i = 0; i < TRIPLES; i++) {
        Quad quad = {{any_subject(maker), {.kind = KG_IRI, .text = any_iri(maker)}, any_object(maker)}};
        if (i > 0 && below(maker, 3) == 0)
            quad.places[0] = maker->quads.items[i - 1].places[0];
        if (i > 0 && below(maker, 3) == 0)
            quad.places[1] = maker->quads.items[i - 1].places[1];
        if (with_graphs && below(maker, 2) == 0)
            quad.places[3] = i > 20 ? maker->quads.items[below(maker, 20)].places[0] : any_subject(maker);
        assert_true(BASE_PUSH(&maker->quads, quad));
    }
}

/* False: the store keeps no named graphs. */
static bool store_quads(KgStore *store, const Quads *quads)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(store);
    bool has_graphs = true;
    for (size_t i = 0; i < quads->count && has_graphs; i++) {
        KgId ids[4] = {0};
        for (int place = 0; place < 4; place++)
            if (quads->items[i].places[place].kind)
                expect_ok(kg_intern(txn, &quads->items[i].places[place], &ids[place], &err), &err);
        const KgRecord record = {.triple = {ids[0], ids[1], ids[2]}};
        const BaseStatus status = kg_add_in(txn, ids[3], KG_ASSERTED, &record, NULL, &err);
        has_graphs = status == BASE_OK || !strstr(err.message, "not kept yet");
        if (has_graphs)
            expect_ok(status, &err);
    }
    if (has_graphs)
        commit(txn);
    else
        kg_abort(txn);
    return has_graphs;
}

static void expect_round_trip(const Fixture *f, KgFormat format, const Quads *expected)
{
    BaseError err = {0};
    char *const path = base_join_path(f->folder, "out");
    FILE *const out = fopen(path, "wb");
    KgTxn *const txn = begin_read(f->store);
    uint64_t written;
    assert_non_null(out);
    expect_ok(kg_export(txn, KG_FACTS, format, out, &written, NULL, &err), &err);
    kg_abort(txn);
    assert_int_equal(fclose(out), 0);
    static const size_t sizes[] = {0, 100};
    for (size_t i = 0; i < 2; i++) {
        Quads found;
        expect_ok(read_quads(path, format, NULL, NULL, 2, sizes[i], &found, &err), &err);
        if (found.fault_count) {
            base_error_print(stderr, &found.fault);
            fail();
        }
        if (!same_quads(&found, expected)) {
            char *const a = quads_text(&found), *const b = quads_text(expected);
            size_t at = 0;
            while (a[at] && a[at] == b[at])
                at++;
            fail_msg("format %d: %.200s\nexpected %.200s", (int)format, a + (at > 50 ? at - 50 : 0),
                     b + (at > 50 ? at - 50 : 0));
        }
        if (format == KG_TSV || format == KG_CSV) { /* labels too */
            char *const a = quads_text(&found), *const b = quads_text(expected);
            assert_string_equal(a, b);
            free(a);
            free(b);
        }
        free_quads(&found);
    }
    free(path);
}

static void free_maker(Maker *maker)
{
    free_quads(&maker->quads);
    base_arena_free(&maker->arena);
}

static void every_term_comes_back_from_every_format(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        Maker maker = {0};
        base_random_seed(&maker.random, seed);
        make_quads(&maker, false);
        assert_true(store_quads(f->store, &maker.quads));
        for (int format = KG_TSV; format <= KG_TRIG; format++)
            expect_round_trip(f, (KgFormat)format, &maker.quads);
        KgTxn *const txn = begin_write(f->store);
        expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
        commit(txn);
        free_maker(&maker);
    }
}

static void graphs_come_back_from_nquads_and_trig(void **state)
{
    Fixture *const f = *state;
    Maker maker = {0};
    base_random_seed(&maker.random, 77);
    make_quads(&maker, true);
    const bool has_graphs = store_quads(f->store, &maker.quads);
    if (has_graphs) {
        expect_round_trip(f, KG_NQUADS, &maker.quads);
        expect_round_trip(f, KG_TRIG, &maker.quads);
    }
    free_maker(&maker);
    if (!has_graphs) {
        print_message("SKIPPED: the store keeps no named graphs\n");
        skip();
    }
}

static void expect_quads(const Fixture *f, KgFormat format, const char *text, const KgImportOptions *options,
                         const char *expected)
{
    BaseError err = {0};
    Quads found;
    char *const path = base_join_path(f->folder, "in");
    write_text_file(path, text);
    expect_ok(read_quads(path, format, NULL, options, 1, 0, &found, &err), &err);
    char *const quads = quads_text(&found);
    assert_int_equal(found.fault_count, 0);
    assert_string_equal(quads, expected);
    free(quads);
    free_quads(&found);
    free(path);
}

static void what_names_no_graph_goes_where_the_option_says(void **state)
{
    const Fixture *const f = *state;
    const KgImportOptions named = {.graph = "g"}, blank = {.graph = "_:g"};
    expect_quads(f, KG_TSV, "a\tb\tc\n", &named, "<kg:a> <kg:b> <kg:c> <kg:g> .\n");
    expect_quads(f, KG_CSV, "a,b,c\n", &blank, "<kg:a> <kg:b> <kg:c> _:g .\n");
    expect_quads(f, KG_NTRIPLES, "_:g <urn:b> <urn:c> .\n", &blank, "_:i1.g <urn:b> <urn:c> _:g .\n");
    expect_quads(f, KG_TURTLE, "<urn:a> <urn:b> <urn:c> .", &named, "<urn:a> <urn:b> <urn:c> <kg:g> .\n");
    expect_quads(f, KG_NQUADS, "<urn:a> <urn:b> <urn:c> .\n<urn:a> <urn:b> <urn:c> _:h .\n", &named,
                 "<urn:a> <urn:b> <urn:c> <kg:g> .\n<urn:a> <urn:b> <urn:c> _:i1.h .\n");
    expect_quads(f, KG_TRIG, "{ <urn:a> <urn:b> 1 } <urn:h> { <urn:a> <urn:b> true . } <urn:a> <urn:b> \"\" .", &named,
                 "<urn:a> <urn:b> \"\" <kg:g> .\n"
                 "<urn:a> <urn:b> \"1\"^^<http://www.w3.org/2001/XMLSchema#integer> <kg:g> .\n"
                 "<urn:a> <urn:b> \"true\"^^<http://www.w3.org/2001/XMLSchema#boolean> <urn:h> .\n");
    expect_quads(f, KG_TRIG, "[] { <urn:a> <urn:b> _:c } GRAPH _:c { }", NULL, "<urn:a> <urn:b> _:i1.c _:i1..1 .\n");
    Quads found;
    BaseError err = {0};
    assert_int_equal(read_quads("none", KG_TSV, NULL, &(KgImportOptions){.graph = "\"g\""}, 1, 0, &found, &err),
                     BASE_BAD_CALL);
    expect_words(&err, "cannot name a graph");
    free_quads(&found);
}

/* Enough of them that the batch is handed over many times within one graph and one line. */
static void a_large_graph_of_one_line_stays_whole(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    BaseBuffer text = {0};
    assert_true(base_buffer_format(&text, "<urn:g> {"));
    for (int i = 0; i < 100000; i++)
        assert_true(base_buffer_format(&text, " <urn:s%d> <urn:p> [ <urn:q> %d ] .", i, i));
    char *const path = base_join_path(f->folder, "in");
    write_text_file(path, text.items);
    Quads found;
    expect_ok(read_quads(path, KG_TRIG, NULL, NULL, 1, 0, &found, &err), &err);
    assert_int_equal(found.fault_count, 1);
    expect_words(&found.fault, "expected an <iri>");
    assert_int_equal(found.fault.line, 1);
    assert_int_equal(found.fault.column, text.count + 1);
    free_quads(&found);
    text.items[text.count - 1] = '}';
    write_text_file(path, text.items);
    expect_ok(read_quads(path, KG_TRIG, NULL, NULL, 1, 0, &found, &err), &err);
    assert_int_equal(found.fault_count, 0);
    assert_int_equal(found.count, 200000);
    assert_int_equal(found.lines, 1);
    for (size_t i = 0; i < found.count; i++) {
        assert_int_equal(found.items[i].places[3].kind, KG_IRI);
        assert_memory_equal(found.items[i].places[3].text.bytes, "urn:g", 5);
    }
    free_quads(&found);
    base_buffer_free(&text);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_term_comes_back_from_every_format, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(what_names_no_graph_goes_where_the_option_says, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_large_graph_of_one_line_stays_whole, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(graphs_come_back_from_nquads_and_trig, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
