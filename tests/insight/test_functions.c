/* Explanations asked for within SPARQL, over the family of datasets/samples and its rules. */
#include "expect.h"

#include "insight/insight.h"

#define SAMPLES KGQ_SOURCE "/datasets/samples/"

typedef struct Fixture {
    char *folder, *path;
    KgStore *store;
    KgExtensions *extensions;
} Fixture;

static int set_up(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    BaseError err = {0};
    f->folder = make_temporary_folder();
    f->path = base_join_path(f->folder, "db");
    f->extensions = kg_extensions_new();
    expect_ok(insight_add_functions(f->extensions, &err), &err);
    expect_ok(kg_open(f->path, &(KgOptions){.create = true}, &f->store, &err), &err);
    const char *const facts[] = {SAMPLES "family.tsv"}, *const rules[] = {SAMPLES "family.rls"};
    KgImportReport report;
    ReasonerProgram *program = NULL;
    KgTxn *txn = NULL;
    expect_ok(kg_import(f->store, facts, 1, &(KgImportOptions){0}, &report, NULL, NULL, &err), &err);
    expect_ok(reasoner_parse_files(rules, 1, NULL, NULL, &program, &err), &err);
    expect_ok(kg_write_begin(f->store, &txn, &err), &err);
    expect_ok(reasoner_run(txn, program, NULL, NULL, NULL, &err), &err);
    expect_ok(kg_commit(txn, &err), &err);
    reasoner_program_free(program);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *const f = *state;
    kg_close(f->store);
    kg_extensions_free(f->extensions);
    base_remove(f->folder, NULL);
    free(f->folder);
    free(f->path);
    free(f);
    return 0;
}

/* The one cell of the one row; "" where it is unbound. */
static void expect_cell(const Fixture *f, const char *text, const char *wanted)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    KgQuery *query = NULL;
    KgTerm cell = {.text = {"", 0}};
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    expect_ok(kg_query_open(txn, text, strlen(text), &(KgQueryOptions){.extensions = f->extensions}, &query, &err),
              &err);
    expect_ok(kg_query_next(query, &err), &err);
    kg_query_cell(query, 0, &cell);
    if (cell.text.length != strlen(wanted) || memcmp(cell.text.bytes, wanted, cell.text.length) != 0)
        fail_msg("%s gives \"%.*s\", expected \"%s\"", text, (int)cell.text.length, cell.text.bytes, wanted);
    assert_int_equal(kg_query_next(query, &err), BASE_END);
    kg_query_close(query);
    kg_abort(txn);
}

static void why_is_the_sentence_of_an_explanation(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *txn = NULL;
    KgTriple triple;
    InsightExplanation *x = NULL;
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    expect_ok(insight_parse_triple(txn, "fay descends_from ada", &triple, &err), &err);
    expect_ok(insight_explain(txn, triple, &(InsightOptions){.no_models = true}, &x, NULL, &err), &err);
    assert_int_equal(x->verdict, INSIGHT_HOLDS);
    kg_abort(txn);
    expect_cell(f, "SELECT (kgq:why(:fay, :descends_from, :ada) AS ?w) { }", x->summary);
    insight_explanation_free(x);
    expect_cell(f,
                "SELECT (STRSTARTS(kgq:why(?s, :child_of, :ada), 'holds: asserted by import 1') AS ?w) { ?s :child_of "
                ":ada } LIMIT 1",
                "true");
}

static void the_name_of_a_rule_is_given_where_there_is_one(void **state)
{
    const Fixture *const f = *state;
    expect_cell(f, "SELECT ?n { BIND(kgq:ruleName(:fay, :descends_from, :ada) AS ?n) }", "an ancestor's ancestor");
    expect_cell(
        f, "SELECT ?n { { SELECT ?s ?o { ?s :child_of ?o } LIMIT 1 } BIND(kgq:ruleName(?s, :child_of, ?o) AS ?n) }",
        "");
    expect_cell(f, "SELECT ?n { BIND(kgq:ruleName(:ada, :descends_from, :fay) AS ?n) }", "");
    expect_cell(f, "SELECT ?n { BIND(kgq:why(:nobody, :descends_from, CONCAT('c', 'leo the unknown')) AS ?n) }", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(why_is_the_sentence_of_an_explanation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_name_of_a_rule_is_given_where_there_is_one, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
