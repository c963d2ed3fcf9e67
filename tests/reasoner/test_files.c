/* Programs by themselves: what @import reads of each format, what @export writes, what is refused with its place, and
 * what constraints, budgets and parameters do. */
#include "files_fixture.h"

#define XSD "http://www.w3.org/2001/XMLSchema#"

static int open_folder(void **state)
{
    *state = make_temporary_folder();
    return 0;
}

static int close_folder(void **state)
{
    base_remove(*state, NULL);
    free(*state);
    return 0;
}

static void write_text(const char *folder, const char *name, const char *text)
{
    char *const path = base_join_path(folder, name);
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static void expect_file(const char *folder, const char *name, const char *expected)
{
    char *const path = base_join_path(folder, name), *bytes = NULL;
    size_t length;
    BaseError err = {0};
    expect_ok(base_read_file(path, &bytes, &length, &err), &err);
    char *const sorted = sort_lines(bytes);
    assert_string_equal(sorted, expected);
    free(sorted);
    free(bytes);
    free(path);
}

static Outcome run_in(const char *folder, const char *text)
{
    return run_text(text, &(RunSetup){.import_folder = folder, .export_folder = folder});
}

static void expect_from(const char *folder, const char *text, const char *expected)
{
    Outcome outcome = run_in(folder, text);
    if (outcome.status != BASE_OK || strcmp(outcome.output, expected) != 0) {
        print_error("program:\n%s\n", text);
        if (outcome.status != BASE_OK)
            base_error_print(stderr, &outcome.err);
        print_error("printed:\n%s\nexpected:\n%s\n", outcome.output, expected);
        fail();
    }
    free_outcome(&outcome);
}

/* ---- Tables -------------------------------------------------------------------------------------------------- */

static void a_cell_of_any_format_is_read_by_its_look(void **state)
{
    static const struct {
        const char *cell, *value; /* canonical, as N-Triples writes it */
    } cases[] = {
        {"1", "\"1\"^^<" XSD "int>"},
        {" -07 ", "\"-7\"^^<" XSD "int>"},
        {"3.0", "\"3\"^^<" XSD "int>"},
        {"1.50", "\"1.5\"^^<" XSD "decimal>"},
        {"99999999999999999999", "\"99999999999999999999\"^^<" XSD "integer>"},
        {"1e5", "<1e5>"},
        {"2024-01-02", "<2024-01-02>"},
        {"true", "<true>"},
        {"+", "<+>"},
        {"Foo@en", "<Foo@en>"},
        {"<http://x/y>", "<http://x/y>"},
        {"two words", "\"two words\""},
        {"a>b", "\"a>b\""},
        {"\"abc\"", "<abc>"}, /* the quotes are the file's */
        {"\"\"\"text\"\"\"", "\"text\""},
        {"\"\"\"a\\b\"\"@EN\"", "\"a\\\\b\"@en"},
        {"\"\"\"5\"\"^^<" XSD "long>\"", "\"5\"^^<" XSD "int>"},
        {"\"\"\"x\"\"^^<" XSD "int>\"", "\"\\\"x\\\"^^<" XSD "int>\""},
        {"\"\"", "\"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300], expected[300];
        /* The first case meets the reader of plain files, the other that of quotes. */
        snprintf(text, sizeof text, "k,%s\n", cases[i].cell);
        snprintf(expected, sizeof expected, "<k> <p> %s .\n", cases[i].value);
        write_text(*state, "c.csv", text);
        expect_from(*state, "@import c :- csv{}. @export r :- ntriples{resource = \"\"}. r(?x, p, ?y) :- c(?x, ?y).",
                    expected);
    }
}

static void columns_have_formats_and_some_are_skipped(void **state)
{
    write_text(*state, "c.tsv", "h1\th2\th3\n 01 \tx y\t2\nz\tu\t1\n7\t\t1.5\n");
    expect_from(*state,
                "@import c :- tsv{format = (int, skip, double), ignore_headers = true}.\n"
                "@export r :- csv{resource = \"\", format = (int, double)}. r(?x, ?y) :- c(?x, ?y).",
                "1,2\n7,1.5\n");
    write_text(*state, "d.csv", "a;\"b;\"\"c\"\n\n\r\nd;e\r\n");
    expect_from(*state,
                "@import d :- dsv{resource = \"d.csv\", delimiter = \";\", format = (any, string), limit = 2}.\n"
                "@export d :- csv{resource = \"\", format = (any, string)}.",
                "a,\"b;\"\"c\"\nd,e\n");
    write_text(*state, "e.csv", "a\",1\n");
    expect_from(*state, "@import e :- csv{quoting = false}. @export e :- csv{resource = \"\"}. p(?x) :- e(?x, _).",
                "\"a\"\"\",1\n");
    write_text(*state, "f.csv", "");
    expect_from(*state, "@import f :- csv{format = any}. @export f :- csv{resource = \"\"}.", "");
}

static void a_bad_row_is_told_with_file_line_and_column(void **state)
{
    write_text(*state, "c.csv", "1,2\n3\n4,x\n\n5,6\n7,8,9\n");
    Outcome outcome = run_in(*state, "@import c :- csv{format = (int, int)}. @export c :- csv{resource = \"\"}.");
    static const uint32_t places[][2] = {{2, 1}, {3, 3}, {6, 1}};
    assert_int_equal(outcome.status, BASE_OK);
    assert_string_equal(outcome.output, "1,2\n5,6\n");
    assert_int_equal(outcome.warnings.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(strstr(outcome.warnings.items[i].source, "c.csv"));
        assert_int_equal(outcome.warnings.items[i].line, places[i][0]);
        assert_int_equal(outcome.warnings.items[i].column, places[i][1]);
    }
    free_outcome(&outcome);
}

static void a_million_rows_come_and_go(void **state)
{
    char *const path = base_join_path(*state, "big.csv");
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 1000000; i++)
        fprintf(file, "n%d,%d\n", i % 1000, i);
    assert_int_equal(fclose(file), 0);
    free(path);
    expect_from(*state,
                "@import big :- csv{}. @export r :- csv{resource = \"\"}.\n"
                "r(#count(?x), ?n) :- big(?n, ?x), ?n = n7. r(#sum(?x), all) :- big(_, ?x).",
                "1000,n7\n499999500000,all\n");
}

/* ---- RDF, JSON ----------------------------------------------------------------------------------------------- */

static void rdf_is_read_by_its_formats(void **state)
{
    write_text(*state, "a.nt",
               "<http://a> <http://p> _:b .\n_:b <http://p> \"01\"^^<" XSD "int> .\nnonsense\n"
               "<http://a> <http://p> \"x\"^^<" XSD "int> .\n");
    Outcome outcome = run_in(*state, "@import t :- ntriples{resource = \"a.nt\"}. @export r :- csv{resource = \"\"}.\n"
                                     "r(?x, ?n) :- t(?x, _, ?y), t(?y, _, ?n), isNull(?y).");
    assert_int_equal(outcome.status, BASE_OK);
    assert_string_equal(outcome.output, "http://a,1\n");
    assert_true(outcome.warnings.count >= 1);
    free_outcome(&outcome);
    write_text(*state, "b.trig", "@prefix : <http://> . :a :p 1.5 . :g { :a :p \"x\"@en }\n");
    expect_from(*state,
                "@import t :- rdf{resource = \"b.trig\", format = (any, skip, skip, any)}.\n"
                "@export t :- csv{resource = \"\"}.",
                "http://g,\"\"\"x\"\"@en\"\n"
                "tag:nemo:defaultgraph,\"\"\"1.5\"\"^^<" XSD "decimal>\"\n");
}

static void json_becomes_a_tree_of_triples(void **state)
{
    write_text(*state, "j.json", "{\"a\": [1, true], \"b\": null}");
    expect_from(*state,
                "@import j :- json{}. @export r :- csv{resource = \"\"}. r(?k, ?i, ?v) :- j(0, ?k, ?c), j(?c, ?i, ?d), "
                "j(?d, value, ?v).",
                "\"\"\"a\"\"\",0,1\n\"\"\"a\"\"\",1,\"\"\"true\"\"^^<" XSD "boolean>\"\n");
    write_text(*state, "j.json", "{\"a\": [1,");
    Outcome outcome = run_in(*state, "@import j :- json{}. @output j.");
    assert_int_equal(outcome.status, BASE_BAD_INPUT);
    assert_int_equal(outcome.err.line, 1);
    free_outcome(&outcome);
}

/* ---- Exports ------------------------------------------------------------------------------------------------- */

static void exports_stay_in_their_folder_and_are_whole(void **state)
{
    Outcome outcome =
        run_in(*state, "@export <https://example.org/result> :- csv{}.\n"
                       "@export q :- csv{resource = \"../../q.csv\"}. @export e :- tsv{format = (any, any)}.\n"
                       "<https://example.org/result>(\"hello\"). <https://example.org/result>(\"\").\n"
                       "q(a, true). @export z :- csv{resource = \"z.csv.gz\"}. z(packed).");
    if (outcome.status != BASE_OK)
        base_error_print(stderr, &outcome.err);
    assert_int_equal(outcome.status, BASE_OK);
    expect_file(*state, "https___example.org_result.csv", "\"\"\"\"\"\"\n\"\"\"hello\"\"\"\n");
    expect_file(*state, ".._.._q.csv", "a,\"\"\"true\"\"^^<" XSD "boolean>\"\n");
    expect_file(*state, "e.tsv", "");
    expect_file(*state, "z.csv.gz", "packed\n"); /* unpacked on the way */
    free_outcome(&outcome);
}

static void what_no_output_needs_is_not_opened(void **state)
{
    Outcome outcome = run_in(*state, "@import missing :- csv{}. @output p. p(a). q(?x) :- missing(?x).");
    assert_int_equal(outcome.status, BASE_OK);
    assert_int_equal(outcome.warnings.count, 1); /* that nothing needs the rule */
    free_outcome(&outcome);
    outcome = run_in(*state, "p(a).\n@import missing :- csv{}. q(?x) :- missing(?x).");
    assert_int_equal(outcome.status, BASE_NOT_FOUND);
    assert_int_equal(outcome.err.line, 2);
    expect_words(&outcome.err, "missing.csv");
    free_outcome(&outcome);
}

/* ---- Faults -------------------------------------------------------------------------------------------------- */

static void every_fault_has_its_code_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
        uint32_t line, column;
    } cases[] = {
        {"@import p :- csv{resorce = \"x\"}. q(?x) :- p(?x).", "[221]", 1, 18},
        {"@import p :- csv{limit = \"x\"}. q(?x) :- p(?x).", "[222]", 1, 26},
        {"@import p :- csv{limit = -1}. q(?x) :- p(?x).", "[224]", 1, 26},
        {"@import p :- dsv{}. q(?x) :- p(?x).", "[220]", 1, 14},
        {"@import p :- dsv{delimiter = \"ab\"}. q(?x) :- p(?x).", "[225]", 1, 30},
        {"@import p :- csv{format = (int, it)}.", "[223]", 1, 33},
        {"@import p :- csv{compression = \"zip\"}. q(?x) :- p(?x).", "[226]", 1, 32},
        {"@import p :- cvs{}.", "[231]", 1, 14},
        {"@import p :- rdf{}.", "[229]", 1, 14},
        {"@import p :- rdf{resource = \"x.csv\"}.", "[230]", 1, 14},
        {"@import p :- csv{}.", "[232]", 1, 9},
        {"@export p :- json{}. p(a, b, c).", "[995]", 1, 14},
        {"@import p :- csv{resource = ?x}. q(?y) :- p(?y).", "[238]", 1, 29},
        {"@import p :- csv{}, ?x = a, ?x = b. q(?y) :- p(?y).", "[239]", 1, 29},
        {"@import p :- ntriples{}. q(?y) :- p(?y).", "[219]", 1, 9},
        {"@import p :- sparql{}.", "sparql", 1, 14},
        {"@import p :- csv{resource = <http://x/y.csv>}. q(?y) :- p(?y).", "web", 1, 29},
        {"p($n).", "[241]", 1, 3},
        {"@parameter $a = $b. @parameter $b = $a. p($a).", "[240]", 1, 37},
        {"@parameter $a = ?x. p($a).", "[242]", 1, 12},
        {"@parameter $a = 1. @parameter $a = 2. p($a).", "[243]", 1, 31},
        {"p(?x, !y) :- q(?x, !y).", "[201]", 1, 20},
        {"p(?x, !x) :- q(?x).", "[207]", 1, 7},
        {"p(?x + ?y) :- q(?x).", "[202]", 1, 8},
        {"p(?x) :- q(?x), ?x < ?y + 1.", "[204]", 1, 22},
        {"p(?x) :- q(?x, #sum(?x)).", "[206]", 1, 16},
        {"p(#avg(?x)) :- q(?x).", "[108]", 1, 3},
        {"p(#sum(?x, a)) :- q(?x).", "[109]", 1, 12},
        {"p(?x, #sum(?x)) :- q(?x).", "[214]", 1, 7},
        {"p(#sum(\"x\")) :- q(?x).", "[212]", 1, 8},
        {"p(#sum(?x), #sum(?x)) :- q(?x).", "[999]", 1, 13},
        {"p(#sum(?x), !z) :- q(?x).", "[998]", 1, 3},
        {"p(#count(a)).", "[228]", 1, 3},
        {"p(ABS(1, 2)).", "[217]", 1, 3},
        {"p(STRLN(\"x\")).", "did you mean STRLEN", 1, 3},
        {"p((a, b)).", "[996]", 1, 3},
        {"p({a = b}).", "[996]", 1, 3},
        {"p(?x) :- q(?x), _ + 1 = 2.", "[218]", 1, 17},
        {"max(?x) :- q(?x).", "[101]", 1, 1},
        {"<__p>(a).", "[211]", 1, 1},
        {"p(?x) :- q(?x), ?_x = 1.", "[209]", 1, 17},
        {"p(trueish).", "begins with `true`", 1, 3},
        {"p(xsd:int).", "[103]", 1, 3},
        {"p(f\"{ ?x}\").", "right after `{`", 1, 7},
        {"p(f\"a}\").", "opens nowhere", 1, 6},
        {"p(a, %%% no\nb).", "%%% comment", 2, 1},
        {"p(?x) :- q(?x), r(?x, #count(?y)) .", "[206]", 1, 23},
        {"p(#sum(?y)) :- q(?y), p(?y).", "depends on its own", 1, 23},
        {"#[weight(x)] p(a).", "the rule's weight", 1, 10},
        {"@weight(0.5) @output p.", "a rule after its attribute", 1, 14},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Outcome outcome = run_text(cases[i].text, NULL);
        const BaseError *const first = outcome.faults.count ? &outcome.faults.items[0] : NULL;
        if (outcome.status != BASE_BAD_INPUT || !first || first->line != cases[i].line ||
            first->column != cases[i].column ||
            (!strstr(first->message, cases[i].words) && !strstr(first->hint, cases[i].words))) {
            print_error("%s\nexpected %u:%u: %s\n", cases[i].text, cases[i].line, cases[i].column, cases[i].words);
            if (first)
                base_error_print(stderr, first);
            fail();
        }
        free_outcome(&outcome);
    }
}

static void singletons_and_unused_rules_are_warned_of(void **state)
{
    (void)state;
    Outcome outcome = run_text("@output p.\np(?x) :- q(?x, ?y).\nr(?x) :- q(?x, _).\nq(a, b).", NULL);
    assert_int_equal(outcome.status, BASE_OK);
    assert_int_equal(outcome.warnings.count, 2);
    expect_words(&outcome.warnings.items[0], "?y stands only once");
    assert_int_equal(outcome.warnings.items[1].line, 3);
    free_outcome(&outcome);
}

/* ---- Constraints, parameters, the chase ---------------------------------------------------------------------- */

static void each_violation_of_a_constraint_is_told_with_its_instance(void **state)
{
    (void)state;
    Outcome outcome = run_text("@export p :- csv{resource = \"\"}.\np(a, 1). p(b, 2). p(c, 3).\n"
                               "#[name(\"small\")] #false :- p(?x, ?n), ?n > 1.\n#false :- p(d, _).",
                               NULL);
    assert_int_equal(outcome.status, BASE_BAD_INPUT);
    assert_string_equal(outcome.output, "a,1\nb,2\nc,3\n");
    assert_int_equal(outcome.faults.count, 2);
    expect_words(&outcome.faults.items[0], "small is violated: ?x = b, ?n = 2");
    expect_words(&outcome.faults.items[1], "?x = c");
    assert_int_equal(outcome.faults.items[0].line, 3);
    free_outcome(&outcome);
}

static void parameters_from_outside_win(void **state)
{
    (void)state;
    static const char text[] =
        "@export p :- csv{resource = \"\"}. @parameter $n = $m + 1. @parameter $m = 1.\np($n, $m).";
    const char *const given[] = {"m=41", "s=\"x\""}, *const bad[] = {"m=f("}, *const missing[] = {"m"};
    expect_output(text, "2,1\n");
    Outcome outcome = run_text(text, &(RunSetup){.parameters = given, .parameter_count = 2});
    assert_string_equal(outcome.output, "42,41\n");
    free_outcome(&outcome);
    outcome = run_text(text, &(RunSetup){.parameters = bad, .parameter_count = 1});
    assert_int_equal(outcome.status, BASE_BAD_INPUT);
    free_outcome(&outcome);
    outcome = run_text(text, &(RunSetup){.parameters = missing, .parameter_count = 1});
    assert_int_equal(outcome.status, BASE_BAD_INPUT);
    free_outcome(&outcome);
}

static void the_chase_makes_nulls_only_where_heads_do_not_hold(void **state)
{
    (void)state;
    expect_output("@export h :- csv{resource = \"\"}.\np(a). p(b). h(a, c).\nh(?x, !y) :- p(?x).", "a,c\nb,_:0\n");
    /* Both heads share the null, and are asked for together. */
    expect_output("@export r :- csv{resource = \"\"}.\np(a). h(a, c).\nh(?x, !y), k(!y) :- p(?x).\nr(?x, ?y) :- h(?x, "
                  "?y), k(?y).",
                  "a,_:0\n");
    expect_output("@export h :- csv{resource = \"\"}.\np(a). p(b).\nh(!y) :- p(_).", "_:0\n");
    /* Recursion that its own facts satisfy ends. */
    expect_output("@export h :- csv{resource = \"\"}.\nh(a, b).\nh(?x, ?x) :- h(_, ?x).\nh(?y, !z) :- h(_, ?y).",
                  "a,b\nb,b\n");
}

static void a_chase_without_end_is_stopped_and_told(void **state)
{
    (void)state;
    static const char text[] = "p(a, b).\n#[name(\"forever\")] p(?y, !z) :- p(_, ?y).";
    Outcome outcome = run_text(text, &(RunSetup){.memory_limit = 1 << 22});
    assert_int_equal(outcome.status, BASE_LIMIT);
    expect_words(&outcome.err, "memory budget");
    expect_words(&outcome.err, "forever");
    free_outcome(&outcome);
    outcome = run_text(text, &(RunSetup){.seconds_limit = 0.05});
    assert_int_equal(outcome.status, BASE_LIMIT);
    expect_words(&outcome.err, "time budget");
    free_outcome(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cell_of_any_format_is_read_by_its_look, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(columns_have_formats_and_some_are_skipped, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_bad_row_is_told_with_file_line_and_column, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_million_rows_come_and_go, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(rdf_is_read_by_its_formats, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(json_becomes_a_tree_of_triples, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(exports_stay_in_their_folder_and_are_whole, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(what_no_output_needs_is_not_opened, open_folder, close_folder),
        cmocka_unit_test(every_fault_has_its_code_and_place),
        cmocka_unit_test(singletons_and_unused_rules_are_warned_of),
        cmocka_unit_test(each_violation_of_a_constraint_is_told_with_its_instance),
        cmocka_unit_test(parameters_from_outside_win),
        cmocka_unit_test(the_chase_makes_nulls_only_where_heads_do_not_hold),
        cmocka_unit_test(a_chase_without_end_is_stopped_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
