/* test_rdf_w3c.c - the W3C suites for RDF 1.1: N-Triples, N-Quads, Turtle and TriG. Every test of the manifests is run
 * and its outcome printed: good files are read, those of evaluation tests to the right graph; bad ones are refused with
 * line and column. (The tests of RDF 1.2 are not among these suites.) */
#include "expect.h"
#include "rdf/quads.h"
#include "sparql/turtle.h"

#include <stdlib.h>
#include <string.h>

#define MF "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define RDFT "http://www.w3.org/ns/rdftest#Test"

typedef struct Suite {
    const char *folder; /* of the tests */
    KgFormat format, result_format;
    char base[200]; /* assumed for its files */
    size_t passed, failed;
} Suite;

static char *path_of(const Suite *suite, const KgTerm *file, const char **name)
{
    *name = strrchr(file->text.bytes, '/') + 1;
    return base_join_path(suite->folder, *name);
}

static BaseStatus read_file(const Suite *suite, const KgTerm *file, KgFormat format, Quads *out, BaseError *err)
{
    const char *name;
    char *const path = path_of(suite, file, &name);
    char base[400];
    snprintf(base, sizeof base, "%s%s", suite->base, name);
    const BaseStatus status = read_quads(path, format, base, NULL, 1, 0, out, err);
    free(path);
    return status;
}

static bool is_refused(const Quads *quads, const char **why)
{
    if (quads->fault_count == 0)
        *why = "it was accepted";
    else if (quads->fault.line == 0 || quads->fault.column == 0 || !quads->fault.message[0])
        *why = "a fault without its place";
    else
        return true;
    return false;
}

static bool has_result(const Suite *suite, const Quads *quads, const KgTerm *result, const char **why)
{
    BaseError err = {0};
    Quads expected;
    const bool is_read =
        read_file(suite, result, suite->result_format, &expected, &err) == BASE_OK && expected.fault_count == 0;
    const bool same = is_read && same_quads(quads, &expected);
    if (!same) {
        *why = is_read ? "another graph" : "the expected graph cannot be read";
        char *const found = quads_text(quads), *const wanted = quads_text(&expected);
        printf("--- found\n%s--- expected\n%s", found, wanted);
        free(found);
        free(wanted);
    }
    free_quads(&expected);
    return same;
}

static bool run(const Suite *suite, const Document *manifest, const KgTerm *test, const char *kind, const char **why)
{
    BaseError err = {0};
    Quads quads;
    bool passed = false;
    const KgTerm *const action = object_of(manifest, test, MF "action");
    const BaseStatus status = read_file(suite, action, suite->format, &quads, &err);
    if (status != BASE_OK)
        *why = err.message;
    else if (strstr(kind, "Negative"))
        passed = is_refused(&quads, why);
    else if (quads.fault_count > 0)
        *why = quads.fault.message;
    else
        passed = !strstr(kind, "Eval") || has_result(suite, &quads, object_of(manifest, test, MF "result"), why);
    char *text = passed ? NULL : strdup(*why);
    printf("%-4s %s %s%s%s\n", passed ? "ok" : "FAIL", kind, strrchr(test->text.bytes, '#') + 1, passed ? "" : ": ",
           passed ? "" : text);
    free(text);
    free_quads(&quads);
    return passed;
}

static void run_suite(const char *name, KgFormat format, KgFormat result_format, size_t expected_count)
{
    char folder[300];
    snprintf(folder, sizeof folder, "rdf-tests/rdf/rdf11/%s/manifest.ttl", name);
    const char *const path = need_shared(folder);
    char *const manifest_path = strdup(path);
    Suite suite = {.format = format, .result_format = result_format};
    char *const whole = strdup(path);
    *strrchr(whole, '/') = '\0';
    suite.folder = whole;
    snprintf(suite.base, sizeof suite.base, "https://w3c.github.io/rdf-tests/rdf/rdf11/%s/", name);
    char base[400];
    snprintf(base, sizeof base, "%smanifest.ttl", suite.base);
    Document manifest = {0};
    assert_true(read_turtle(manifest_path, base, &manifest));
    for (size_t i = 0; i < manifest.count; i++) {
        const Fact *const fact = &manifest.items[i];
        const char *why = "";
        if (!term_is(&fact->p, RDF "type") || strncmp(fact->o.text.bytes, RDFT, strlen(RDFT)) != 0)
            continue;
        if (run(&suite, &manifest, &fact->s, fact->o.text.bytes + strlen(RDFT), &why))
            suite.passed++;
        else
            suite.failed++;
    }
    printf("%s: %zu passed, %zu failed\n", name, suite.passed, suite.failed);
    free_document(&manifest);
    free(whole);
    free(manifest_path);
    assert_int_equal(suite.failed, 0);
    assert_int_equal(suite.passed, expected_count);
}

static void ntriples_is_read_as_w3c_has_it(void **state)
{
    (void)state;
    run_suite("rdf-n-triples", KG_NTRIPLES, KG_NTRIPLES, 70);
}

static void nquads_is_read_as_w3c_has_it(void **state)
{
    (void)state;
    run_suite("rdf-n-quads", KG_NQUADS, KG_NQUADS, 87);
}

static void turtle_is_read_as_w3c_has_it(void **state)
{
    (void)state;
    run_suite("rdf-turtle", KG_TURTLE, KG_NTRIPLES, 313);
}

static void trig_is_read_as_w3c_has_it(void **state)
{
    (void)state;
    run_suite("rdf-trig", KG_TRIG, KG_NQUADS, 356);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ntriples_is_read_as_w3c_has_it),
        cmocka_unit_test(nquads_is_read_as_w3c_has_it),
        cmocka_unit_test(turtle_is_read_as_w3c_has_it),
        cmocka_unit_test(trig_is_read_as_w3c_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
