/* What Tab offers in the shell, by the place in a statement: names of the database, words, variables, files. And the
 * colours of what is typed. */
#include "expect.h"

#include "cli/complete.h"
#include "cli/highlight.h"

#include <time.h>

/* What main.c has; nothing is run here. */
const Command commands[] = {{"import", "", "", NULL, NULL}};
const size_t command_count = 1;
const Command *find_command(const char *name)
{
    (void)name;
    return NULL;
}
bool is_later_command(const char *name)
{
    (void)name;
    return false;
}

static const char data[] =
    "@prefix v: <http://ex.org/v/> . @prefix e: <http://ex.org/e/> .\n"
    "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    "e:hamlet a v:Play ; rdfs:label \"Hamlet, Prince of Denmark\" ; v:year 1603 ; v:set e:elsinore .\n"
    "e:macbeth a v:Play ; rdfs:label \"Macbeth\" ; v:year 1606 ; v:set e:scotland .\n"
    "e:othello a v:Play ; rdfs:label \"Othello\" ; v:set e:cyprus .\n"
    "e:elsinore a v:Place ; rdfs:label \"Elsinore Castle\" .\n"
    "<kg:dog> <kg:chases> <kg:cat> . <kg:dot> <kg:chases> <kg:cat> .\n";

typedef struct Fixture {
    char *folder;
    Cli cli;
    Shell shell;
} Fixture;

static int open_fixture(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    BaseError err = {0};
    char file[4200], path[4200];
    assert_non_null(f);
    f->folder = make_temporary_folder();
    snprintf(file, sizeof file, "%s/data.ttl", f->folder);
    snprintf(path, sizeof path, "%s/db", f->folder);
    write_text_file(file, data);
    expect_ok(kg_open(path, &(KgOptions){.create = true}, &f->cli.store, &err), &err);
    const char *const files[] = {file};
    KgImportReport report;
    expect_ok(kg_import(f->cli.store, files, 1, &(KgImportOptions){0}, &report, NULL, NULL, &err), &err);
    f->shell.cli = &f->cli;
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    Fixture *const f = *state;
    lookup_free(f->shell.lookup);
    kg_close(f->cli.store);
    base_remove(f->folder, NULL);
    free(f->folder);
    free(f);
    return 0;
}

/* The candidates at the '|' of the text, joined by blanks, each with its note in brackets. What is asked in the
 * background may take longer on a slow machine: asked again, as a user would. */
static char *offered(Fixture *f, const char *marked)
{
    const char *const mark = strchr(marked, '|');
    BaseBuffer text = {0}, out = {0};
    assert_true(base_buffer_add(&text, marked, (size_t)(mark - marked)) &&
                base_buffer_add(&text, mark + 1, strlen(mark + 1)));
    for (int tries = 0; tries < 600; tries++) {
        BaseArena arena = {0};
        EditorCandidates found = {0};
        complete_text(&f->shell, text.items, text.count, (size_t)(mark - marked), &arena, &found);
        const bool is_whole = !found.remark;
        out.count = 0;
        assert_true(base_buffer_add(&out, "", 0));
        for (size_t i = 0; i < found.count; i++)
            assert_true(base_buffer_format(
                &out, "%s%s%s%s%s", i ? " " : "", found.items[i].text, found.items[i].note ? "[" : "",
                found.items[i].note ? found.items[i].note : "", found.items[i].note ? "]" : ""));
        free(found.items);
        base_arena_free(&arena);
        if (is_whole)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    base_buffer_free(&text);
    return out.items;
}

static void assert_offers(Fixture *f, const char *marked, const char *expected)
{
    char *const found = offered(f, marked);
    assert_string_equal(found, expected);
    free(found);
}

static void assert_has(Fixture *f, const char *marked, const char *part, bool is_there)
{
    char *const found = offered(f, marked);
    if ((strstr(found, part) != NULL) != is_there) {
        print_error("at \"%s\": \"%s\" should %shave \"%s\"\n", marked, found, is_there ? "" : "not ", part);
        fail();
    }
    free(found);
}

#define V "PREFIX v: <http://ex.org/v/> PREFIX e: <http://ex.org/e/> "

static void predicates_stand_behind_a_subject_by_their_counts(void **state)
{
    Fixture *const f = *state;
    assert_offers(f, V "SELECT * { ?s |", "rdf:type[4] rdfs:label[4] v:set[3] v:year[2] :chases[2]");
    assert_offers(f, V "SELECT * { ?s v:|", "v:set[3] v:year[2]");
    assert_offers(f, V "SELECT * { ?s v:y| ?y }", "v:year[2]");
    /* By their own name; where no prefix is known, written out. */
    assert_offers(f, V "SELECT * { ?s lab|", "rdfs:label[4]");
    assert_offers(f, "SELECT * { ?s ye|", "<http://ex.org/v/year>[2]");
    assert_offers(f, "SELECT * { ?s <http://ex.org/v/s|", "<http://ex.org/v/set>[3]");
    assert_offers(f, V "SELECT * { ?s <http://ex.org/v/s|", "v:set[3]");
    assert_offers(f, "SELECT * { ?s kg:ch|", "kg:chases[2]");
    /* Wherever one is due. */
    assert_offers(f, V "SELECT * { ?s v:year ?y ; v:s|", "v:set[3]");
    assert_offers(f, V "SELECT * { ?s v:year ?y . FILTER(?y > 3) ?s v:s|", "v:set[3]");
    assert_offers(f, V "SELECT * { ?s v:set/rdfs:la|", "rdfs:label[4]");
    assert_offers(f, V "SELECT * { ?s v:set [ rdfs:la|", "rdfs:label[4]");
    assert_offers(f, V "SELECT * { ?s v:year 1603 . OPTIONAL { ?s v:s|", "v:set[3]");
    assert_offers(f, V "SELECT * {\n  ?s rdfs:label \"a ; . }\" ;\n     v:s|", "v:set[3]");
    assert_offers(f, V "INSERT { ?s v:s|", "v:set[3]");
}

static void classes_stand_behind_rdf_type(void **state)
{
    Fixture *const f = *state;
    assert_offers(f, V "SELECT * { ?s a |", "v:Play[3] v:Place[1]");
    assert_offers(f, V "SELECT * { ?s rdf:type v:Pla|", "v:Play[3] v:Place[1]");
    assert_offers(f, V "SELECT * { ?s a place|", "v:Place[1]");
    assert_offers(f, "SELECT * { ?s <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> |",
                  "<http://ex.org/v/Play>[3] <http://ex.org/v/Place>[1]");
}

static void objects_stand_behind_their_predicate(void **state)
{
    Fixture *const f = *state;
    assert_has(f, V "SELECT * { ?s v:set |", "e:elsinore[1]", true);
    assert_has(f, V "SELECT * { ?s v:set |", "e:hamlet", false);
    assert_has(f, V "SELECT * { ?s v:set |", "?s", true);
}

static void a_part_of_a_label_finds_its_entity(void **state)
{
    Fixture *const f = *state;
    assert_offers(f, V "SELECT * { ?s v:set elsin|", "e:elsinore[Elsinore Castle]");
    assert_offers(f, V "SELECT * { denma|", "e:hamlet[Hamlet, Prince of Denmark]");
    assert_offers(f, V "SELECT * { ?s ?p \"prince ham|", "e:hamlet[Hamlet, Prince of Denmark]");
    assert_offers(f, ".explain macb|", "<http://ex.org/e/macbeth>[Macbeth]");
}

static void a_prefix_finds_the_names_that_it_has(void **state)
{
    Fixture *const f = *state;
    assert_offers(f, V "SELECT * { e:|", "e:cyprus e:elsinore e:hamlet e:macbeth e:othello e:scotland");
    assert_offers(f, V "SELECT * { ?s ?p e:el|", "e:elsinore");
    assert_offers(f, V "SELECT * { ?s ?p ?o FILTER(?o != e:o|", "e:othello");
    assert_offers(f, "SELECT * { :do|", ":dog :dot");
    assert_offers(f, "DESCRIBE <http://ex.org/e/o|", "<http://ex.org/e/othello>");
    assert_offers(f, "PREFIX foa|", "foaf: <http://xmlns.com/foaf/0.1/>");
    assert_has(f, "SELECT * { ?s rd|", "rdfs:[http://www.w3.org/2000/01/rdf-schema#]", true);
}

static void words_and_variables_are_offered_where_they_may_stand(void **state)
{
    Fixture *const f = *state;
    assert_offers(f, "SELECT ?who { ?who ?likes ?whom FILTER(?wh|", "?who ?whom");
    assert_offers(f, "SELECT ?| { ?who ?likes ?whom }", "?who ?likes ?whom");
    assert_has(f, "SELECT * { ?s ?p ?o FILTER(str|", "STRSTARTS", true);
    assert_offers(f, "SELECT * { ?s ?p ?o . OPT|", "OPTIONAL");
    assert_offers(f, "SELECT * { ?s ?p ?o } ORD|", "ORDER BY");
    assert_offers(f, "sel|", "SELECT");
    assert_offers(f, "ASK {};\nsele|", "SELECT");
    assert_offers(f, "SELECT * { ?s ?p \"OPT|\" }", "");
}

static void commands_take_what_they_can(void **state)
{
    Fixture *const f = *state;
    assert_offers(f, ".mod|", ".mode[show, or set, the format of results]");
    assert_offers(f, ".mode mark|", "markdown");
    assert_offers(f, ".timer o|", "on off");
    assert_offers(f, ".help .tim|", ".timer[tell how long statements take] .timeout[stop queries that take longer]");
    assert_offers(f, ".prefix sko|", "skos[http://www.w3.org/2004/02/skos/core#]");
    assert_offers(f, ".prefix skos |", "http://www.w3.org/2004/02/skos/core#");
    assert_offers(f, ".explain dog |",
                  "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>[4] "
                  "<http://www.w3.org/2000/01/rdf-schema#label>[4] "
                  "<http://ex.org/v/set>[3] <http://ex.org/v/year>[2] chases[2]");
    assert_offers(f, ".explain dog cha|", "chases[2]");
    assert_offers(f, ".explain SELECT * { ?s cha|", ":chases[2]");
    assert_offers(f, ".nothing x|", "");
    char marked[4300], expected[4300];
    snprintf(marked, sizeof marked, ".import %s/da|", f->folder);
    snprintf(expected, sizeof expected, "%s/data.ttl", f->folder);
    assert_offers(f, marked, expected);
    snprintf(marked, sizeof marked, ".open %s/d|", f->folder);
    assert_has(f, marked, "/db/", true);
}

static void rules_take_plain_names(void **state)
{
    Fixture *const f = *state;
    assert_has(f, "hunts(?x, ?y) :- cha|", "chases[2]", true);
    assert_has(f, "hunts(?x, ?y) :- chases(?x, ?|", "?x ?y", true);
    assert_has(f, "hunts(?x, ?y) :- chases(do|", "dog dot", true);
}

/* ---- Colours ---- */

static void assert_painted(const char *text, const char *expected)
{
    static const char letters[STYLES + 1] = " kfvnsd#c!p";
    unsigned char styles[256];
    const size_t length = strlen(text);
    char painted[256];
    highlight_text(text, length, styles);
    for (size_t i = 0; i < length; i++)
        painted[i] = letters[styles[i]];
    painted[length] = '\0';
    assert_string_equal(painted, expected);
}

static void what_is_typed_is_painted_by_what_it_is(void **state)
{
    (void)state;
    assert_painted("SELECT ?x { ?x a v:P FILTER(str(?x) = \"a\") } # c",
                   "kkkkkk vv   vv k nnn kkkkkk fff vv    sss    ###");
    assert_painted("SELECT * { <http://x/> ?p 3.5 }", "kkkkkk     nnnnnnnnnnn vv ddd  ");
    assert_painted("SELECT * { wrong }", "kkkkkk     !!!!!  ");
    assert_painted("SELECT * { wro", "kkkkkk        ");
    assert_painted(".mode csv\nASK {};\n", "ccccc     kkk     ");
    assert_painted(".mood csv", "!!!!!    ");
    assert_painted("p(?x) :- q(?x, \"a\"). % c", "f vv  kk f vv  sss   ###");
    assert_painted(".explain ASK {}", "cccccccc kkk   ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predicates_stand_behind_a_subject_by_their_counts),
        cmocka_unit_test(classes_stand_behind_rdf_type),
        cmocka_unit_test(objects_stand_behind_their_predicate),
        cmocka_unit_test(a_part_of_a_label_finds_its_entity),
        cmocka_unit_test(a_prefix_finds_the_names_that_it_has),
        cmocka_unit_test(words_and_variables_are_offered_where_they_may_stand),
        cmocka_unit_test(commands_take_what_they_can),
        cmocka_unit_test(rules_take_plain_names),
        cmocka_unit_test(what_is_typed_is_painted_by_what_it_is),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
