/* test_entailment.c - the W3C suites for entailment: RDF semantics (rdf-mt), and SPARQL's entailment regimes as far as
 * RDFS and OWL 2 RL cover them. Every test of the manifests is run and its outcome printed, or it is listed apart with
 * the reason. entailment_exceptions.txt names those that are not passed; a listed test that passes is a failure, too.
 */
#include "reasoner/reasoner.h"
#include "reasoner/rulesets/datatypes.h"
#include "tests/kg/sparql/w3c.h"

#define SD "http://www.w3.org/ns/sparql-service-description#"
#define ENT "http://www.w3.org/ns/entailment/"
#define PR "http://www.w3.org/ns/owl-profile/"

typedef struct Suite {
    KgStore *store;
    char *exceptions;
    const char *name; /* in the exceptions */
    size_t passed, listed, apart, surprises;
} Suite;

/* ---- Outcomes ------------------------------------------------------------------------------------------------ */

static bool is_exception(const Suite *suite, const char *test)
{
    char line[300];
    snprintf(line, sizeof line, "\n%s/%s\t", suite->name, test);
    return strstr(suite->exceptions, line) != NULL;
}

static void count_outcome(Suite *suite, const KgTerm *node, Outcome outcome, const char *why)
{
    const char *const name = strrchr(node->text.bytes, '#') + 1;
    const bool is_listed = is_exception(suite, name);
    printf("%-6s %s/%s%s%s\n",
           outcome == PASSED  ? "ok"
           : outcome == APART ? "apart"
                              : "FAILED",
           suite->name, name, outcome == PASSED ? "" : ": ", outcome == PASSED ? "" : why);
    suite->passed += outcome == PASSED;
    suite->apart += outcome == APART;
    suite->listed += outcome == FAILED && is_listed;
    if (outcome != APART && (outcome == PASSED) == is_listed) {
        printf("       not as entailment_exceptions.txt says\n");
        suite->surprises++;
    }
}

static void open_suite(Suite *suite, Fixture *f, const char *name)
{
    char path[4096];
    size_t length;
    BaseError err = {0};
    *suite = (Suite){.store = f->store, .name = name};
    snprintf(path, sizeof path, "%s/tests/reasoner/entailment_exceptions.txt", KGQ_SOURCE);
    expect_ok(base_read_file(path, &suite->exceptions, &length, &err), &err);
}

static void close_suite(Suite *suite, size_t least)
{
    printf("%s: %zu passed, %zu not passed as listed, %zu apart\n", suite->name, suite->passed, suite->listed,
           suite->apart);
    free(suite->exceptions);
    assert_int_equal(suite->surprises, 0);
    assert_true(suite->passed >= least);
}

static void run_manifest(Suite *suite, const char *relative,
                         void (*run)(Suite *suite, const Document *manifest, const KgTerm *node))
{
    char base[4200];
    Document manifest;
    char *const path = realpath(need_shared(relative), NULL);
    assert_non_null(path);
    snprintf(base, sizeof base, "file://%s", path);
    assert_true(read_turtle(path, base, &manifest));
    const KgTerm self = {.kind = KG_IRI, .text = {base, strlen(base)}};
    const KgTerm *list = object_of(&manifest, &self, MF "entries");
    assert_non_null(list);
    for (; !term_is(list, RDF "nil"); list = object_of(&manifest, list, RDF "rest"))
        run(suite, &manifest, object_of(&manifest, list, RDF "first"));
    free_document(&manifest);
    free(path);
}

/* ---- Reasoning ----------------------------------------------------------------------------------------------- */

static BaseStatus reason(KgTxn *txn, ReasonerRuleset set, BaseError *err)
{
    ReasonerProgram *program = NULL;
    BaseStatus status = reasoner_ruleset_program(txn, set, NULL, 0, NULL, NULL, NULL, &program, err);
    if (status == BASE_OK)
        status = reasoner_run(txn, program, NULL, NULL, NULL, err);
    reasoner_program_free(program);
    return status;
}

static BaseStatus reason_rdfs(KgTxn *txn, BaseError *err)
{
    return reason(txn, REASONER_RDFS, err);
}

static BaseStatus reason_owl(KgTxn *txn, BaseError *err)
{
    return reason(txn, REASONER_OWL2_RL, err);
}

/* ---- RDF semantics ------------------------------------------------------------------------------------------- */

static KgTerm copy_term(BaseArena *arena, const KgTerm *term)
{
    return (KgTerm){
        .kind = term->kind,
        .text = {base_arena_copy(arena, term->text.bytes, term->text.length), term->text.length},
        .datatype = {base_arena_copy(arena, term->datatype.length ? term->datatype.bytes : "", term->datatype.length),
                     term->datatype.length},
        .language = {base_arena_copy(arena, term->language.length ? term->language.bytes : "", term->language.length),
                     term->language.length}};
}

static bool take_fact(void *context, const ReasonerFact *fact)
{
    Document *const graph = context;
    if (fact->is_triple)
        assert_true(BASE_PUSH(graph, (Fact){copy_term(&graph->arena, &fact->terms[0]),
                                            copy_term(&graph->arena, &fact->terms[1]),
                                            copy_term(&graph->arena, &fact->terms[2])}));
    return true;
}

static void add_asserted(KgTxn *txn, Document *graph)
{
    BaseError err = {0};
    KgScan *scan = NULL;
    KgTriple triple;
    expect_ok(kg_scan_open(txn, KG_IN(KG_ASSERTED), (KgTriple){0}, KG_ORDER_BEST, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK) {
        Fact fact;
        expect_ok(kg_term(txn, triple.s, &graph->arena, &fact.s, &err), &err);
        expect_ok(kg_term(txn, triple.p, &graph->arena, &fact.p, &err), &err);
        expect_ok(kg_term(txn, triple.o, &graph->arena, &fact.o, &err), &err);
        assert_true(BASE_PUSH(graph, fact));
    }
    kg_scan_close(scan);
}

/* Literals of the datatypes are what they mean. */
static bool is_same_meaning(const KgTerm *a, const KgTerm *b)
{
    if (same_term(a, b))
        return true;
    BaseBuffer keys[2] = {0};
    bool has_memory[2] = {true, true};
    const bool is_same = a->kind == KG_LITERAL && b->kind == KG_LITERAL &&
                         ruleset_literal_key(a, &keys[0], &has_memory[0]) == LITERAL_VALUE &&
                         ruleset_literal_key(b, &keys[1], &has_memory[1]) == LITERAL_VALUE &&
                         strcmp(keys[0].items, keys[1].items) == 0;
    base_buffer_free(&keys[0]);
    base_buffer_free(&keys[1]);
    return is_same;
}

enum { MOST_NODES = 50 };
typedef struct Binding {
    const KgTerm *node, *means;
} Binding;

/* Binds a blank node of the conclusion, or compares. */
static bool fit(Binding *bindings, size_t *count, const KgTerm *wanted, const KgTerm *term)
{
    if (wanted->kind != KG_BLANK)
        return is_same_meaning(wanted, term);
    for (size_t i = 0; i < *count; i++)
        if (same_term(bindings[i].node, wanted))
            return is_same_meaning(bindings[i].means, term);
    assert_true(*count < MOST_NODES);
    bindings[(*count)++] = (Binding){wanted, term};
    return true;
}

/* Simple entailment (RDF 1.1 Semantics, section 5): blank nodes of the conclusion from `at` on can be mapped so that
 * its triples are in the graph. */
static bool entails(const Document *graph, const Document *conclusion, size_t at, Binding *bindings, size_t count)
{
    if (at == conclusion->count)
        return true;
    const Fact *const wanted = &conclusion->items[at];
    for (size_t i = 0; i < graph->count; i++) {
        size_t bound = count;
        const Fact *const fact = &graph->items[i];
        if (fit(bindings, &bound, &wanted->p, &fact->p) && fit(bindings, &bound, &wanted->s, &fact->s) &&
            fit(bindings, &bound, &wanted->o, &fact->o) && entails(graph, conclusion, at + 1, bindings, bound))
            return true;
    }
    return false;
}

/* The graph with all that it entails; *is_consistent: nothing in it clashes. */
static BaseStatus close_graph(KgTxn *txn, bool is_simple, Document *graph, bool *is_consistent, BaseError *err)
{
    ReasonerProgram *program = NULL;
    ReasonerReport report = {0};
    add_asserted(txn, graph);
    *is_consistent = true;
    if (is_simple)
        return BASE_OK;
    BaseStatus status = reasoner_ruleset_program(txn, REASONER_RDFS, NULL, 0, NULL, NULL, NULL, &program, err);
    if (status == BASE_OK)
        status = reasoner_derive(txn, program, take_fact, graph, &report, NULL, err);
    *is_consistent = report.violations_found == 0;
    reasoner_report_free(&report);
    reasoner_program_free(program);
    return status;
}

static void run_semantics(Suite *suite, const Document *manifest, const KgTerm *node)
{
    const KgTerm *const type = object_of(manifest, node, RDF "type"),
                        *const action = object_of(manifest, node, MF "action"),
                        *const result = object_of(manifest, node, MF "result");
    const bool is_simple = term_is(object_of(manifest, node, MF "entailmentRegime"), "simple");
    BaseError err = {0};
    Document graph = {0}, conclusion = {0};
    Binding bindings[MOST_NODES];
    bool is_consistent = true, holds;
    KgTxn *const txn = begin_write(suite->store);
    expect_ok(kg_update(txn, "CLEAR ALL", 9, NULL, NULL, &err), &err);
    BaseStatus status = add_data(txn, KG_ANY, action, &err);
    if (status == BASE_OK)
        status = close_graph(txn, is_simple, &graph, &is_consistent, &err);
    if (status == BASE_OK && result->kind == KG_IRI) {
        assert_true(read_data(result, &conclusion));
        holds = !is_consistent || entails(&graph, &conclusion, 0, bindings, 0);
        free_document(&conclusion);
    } else {
        holds = !is_consistent;
    }
    const bool is_fine = status == BASE_OK && holds == term_is(type, MF "PositiveEntailmentTest");
    count_outcome(suite, node, is_fine ? PASSED : FAILED,
                  status != BASE_OK ? err.message
                  : holds           ? "it is entailed"
                                    : "it is not entailed");
    free_document(&graph);
    kg_abort(txn);
}

static void rdf_semantics_suite_gives_what_the_list_says(void **state)
{
    Suite suite;
    open_suite(&suite, *state, "rdf-mt");
    run_manifest(&suite, "rdf-tests/rdf/rdf11/rdf-mt/manifest.ttl", run_semantics);
    close_suite(&suite, 30);
}

/* ---- SPARQL -------------------------------------------------------------------------------------------------- */

/* Whether the property of the test's query data is `value`, or a list with it. */
static bool says(const Document *manifest, const KgTerm *action, const char *property, const char *value)
{
    const KgTerm *list = object_of(manifest, action, property);
    if (list && term_is(list, value))
        return true;
    for (; list && !term_is(list, RDF "nil"); list = object_of(manifest, list, RDF "rest")) {
        const KgTerm *const first = object_of(manifest, list, RDF "first");
        if (first && term_is(first, value))
            return true;
    }
    return false;
}

static void run_query(Suite *suite, const Document *manifest, const KgTerm *node)
{
    const KgTerm *const action = object_of(manifest, node, MF "action");
    Test test = {.store = suite->store, .manifest = manifest, .node = node};
    const bool is_rdfs = says(manifest, action, SD "entailmentRegime", ENT "RDFS") ||
                         says(manifest, action, SD "entailmentRegime", ENT "RDF") ||
                         says(manifest, action, SD "entailmentRegime", ENT "D");
    const bool is_rl = says(manifest, action, SD "EntailmentProfile", PR "RL");
    if (!is_rdfs && !is_rl) {
        count_outcome(suite, node, APART, "a regime beyond RDFS and OWL 2 RL");
        return;
    }
    test.prepare = is_rdfs ? reason_rdfs : reason_owl;
    Outcome outcome = run_evaluation(&test);
    count_outcome(suite, node, outcome == PASSED ? PASSED : FAILED, test.why);
}

static void sparql_entailment_suite_gives_what_the_list_says(void **state)
{
    Suite suite;
    open_suite(&suite, *state, "sparql");
    run_manifest(&suite, "rdf-tests/sparql/sparql11/entailment/manifest.ttl", run_query);
    close_suite(&suite, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rdf_semantics_suite_gives_what_the_list_says, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(sparql_entailment_suite_gives_what_the_list_says, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
