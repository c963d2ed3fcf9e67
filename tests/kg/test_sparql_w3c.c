/* test_sparql_w3c.c - the W3C suites for SPARQL 1.0 and 1.1: every test that the manifests name is run and its outcome
 * printed. Suites that are not about a database's answers are listed apart, test by test, with the reason. The outcome
 * is compared with sparql/w3c_exceptions.txt, which names the tests that are not passed, each with the reason: a listed
 * test that passes is as much a failure as an unlisted one that does not, so the list stays true. */
#include "sparql/w3c.h"

typedef struct Suite {
    KgStore *store;
    char *exceptions; /* the file's text */
    const char *root; /* folder of all suites */
    size_t counts[4], surprises;
} Suite;

static const struct {
    const char *folder, *why;
} apart[] = {
    {"sparql11/entailment", "an entailment regime; patterns match what is stored, inferences included once drawn"},
    {"sparql11/protocol", "requests to a server over HTTP"},
    {"sparql11/service-description", "what a server says of itself over HTTP"},
    {"sparql11/graph-store-protocol", "requests to a server over HTTP"},
};

static const char *why_apart(const char *name)
{
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        if (strncmp(name, apart[i].folder, strlen(apart[i].folder)) == 0)
            return apart[i].why;
    return NULL;
}

/* "FOLDER/NAME" at the start of a line of the exceptions, a tab behind it. */
static bool is_exception(const Suite *suite, const char *name)
{
    const size_t length = strlen(name);
    for (const char *line = suite->exceptions; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, name, length) == 0 && line[length] == '\t')
            return true;
    return false;
}

static Outcome run_type(Test *test)
{
    const KgTerm *const type = object_of(test->manifest, test->node, RDF "type");
    if (!type) {
        snprintf(test->why, sizeof test->why, "the test has no type");
        return SKIPPED;
    }
    if (term_is(type, MF "PositiveSyntaxTest") || term_is(type, MF "PositiveSyntaxTest11") ||
        term_is(type, MF "PositiveUpdateSyntaxTest11"))
        return run_syntax(test, true);
    if (term_is(type, MF "NegativeSyntaxTest") || term_is(type, MF "NegativeSyntaxTest11") ||
        term_is(type, MF "NegativeUpdateSyntaxTest11"))
        return run_syntax(test, false);
    if (term_is(type, MF "UpdateEvaluationTest"))
        return run_update(test);
    if (term_is(type, MF "QueryEvaluationTest") || term_is(type, MF "CSVResultFormatTest"))
        return run_evaluation(test);
    snprintf(test->why, sizeof test->why, "a test of unknown type %s", type->text.bytes);
    return SKIPPED;
}

static void run_one(Suite *suite, const Document *manifest, const char *folder, const KgTerm *node)
{
    static const char *const words[] = {"passed", "FAILED", "skipped", "apart"};
    char name[512];
    const char *const mark = strrchr(node->text.bytes, '#');
    snprintf(name, sizeof name, "%.200s/%s", folder, mark ? mark + 1 : node->text.bytes);
    Test test = {.store = suite->store, .manifest = manifest, .node = node, .in_order = ends_with(folder, "/sort")};
    const char *const reason = why_apart(name);
    const Outcome outcome = reason ? APART : run_type(&test);
    if (outcome == PASSED)
        test.why[0] = '\0';
    else if (reason)
        snprintf(test.why, sizeof test.why, "%s", reason);
    printf("%-8s %s%s%s\n", words[outcome], name, *test.why ? ": " : "", test.why);
    suite->counts[outcome]++;
    if (outcome != APART && (outcome != PASSED) != is_exception(suite, name)) {
        printf("         not as sparql/w3c_exceptions.txt says\n");
        suite->surprises++;
    }
}

static void run_manifest(Suite *suite, const char *path);

/* The manifests that this one includes, then its own entries. */
static void run_lists(Suite *suite, const Document *manifest, const KgTerm *self, const char *folder)
{
    const KgTerm *list = object_of(manifest, self, MF "include");
    for (; list && !term_is(list, RDF "nil"); list = object_of(manifest, list, RDF "rest"))
        run_manifest(suite, path_of(object_of(manifest, list, RDF "first")));
    list = object_of(manifest, self, MF "entries");
    for (; list && !term_is(list, RDF "nil"); list = object_of(manifest, list, RDF "rest"))
        run_one(suite, manifest, folder, object_of(manifest, list, RDF "first"));
}

static void run_manifest(Suite *suite, const char *path)
{
    char base[4200], folder[4096];
    Document manifest;
    assert_non_null(path);
    snprintf(base, sizeof base, "file://%s", path);
    if (!read_turtle(path, base, &manifest))
        fail_msg("%s cannot be read", path);
    snprintf(folder, sizeof folder, "%s", path + strlen(suite->root) + 1);
    *strrchr(folder, '/') = '\0';
    const KgTerm self = {.kind = KG_IRI, .text = {base, strlen(base)}};
    run_lists(suite, &manifest, &self, folder);
    free_document(&manifest);
}

static void run_manifests(void **state, const char *const *paths, size_t count, size_t least)
{
    Fixture *const f = *state;
    char exceptions[4096], path[4096];
    size_t length;
    BaseError err = {0};
    char *const root = realpath(need_shared("rdf-tests/sparql"), NULL);
    assert_non_null(root);
    Suite suite = {.store = f->store, .root = root};
    snprintf(exceptions, sizeof exceptions, "%s/tests/kg/sparql/w3c_exceptions.txt", KGQ_SOURCE);
    expect_ok(base_read_file(exceptions, &suite.exceptions, &length, &err), &err);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", root, paths[i]);
        run_manifest(&suite, path);
    }
    printf("%zu passed, %zu failed, %zu skipped, %zu apart\n", suite.counts[PASSED], suite.counts[FAILED],
           suite.counts[SKIPPED], suite.counts[APART]);
    free(suite.exceptions);
    free(root);
    assert_int_equal(suite.surprises, 0);
    assert_true(suite.counts[PASSED] >= least); /* a manifest that says nothing is no success */
}

static void sparql_10_suite_gives_what_the_list_says(void **state)
{
    static const char *const paths[] = {"sparql10/manifest-evaluation.ttl", "sparql10/manifest-syntax.ttl"};
    run_manifests(state, paths, 2, 450);
}

static void sparql_11_suite_gives_what_the_list_says(void **state)
{
    static const char *const paths[] = {"sparql11/manifest-all.ttl"};
    run_manifests(state, paths, 1, 490);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sparql_10_suite_gives_what_the_list_says, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(sparql_11_suite_gives_what_the_list_says, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
