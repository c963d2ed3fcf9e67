/* test_provenance.c - where triples come from, asked within SPARQL: kgq's functions and property functions, and the
 * layers a query sees. */
#include "sparql/endpoints.h"

static void add_noted(KgTxn *txn, KgId graph, KgLayer layer, const char *s, const char *p, const char *o, KgNote note)
{
    BaseError err = {0};
    const KgRecord record = {.triple = {intern_field(txn, s), intern_field(txn, p), intern_field(txn, o)},
                             .note = note};
    expect_ok(kg_add_in(txn, graph, layer, &record, NULL, &err), &err);
}

static int make_layers(void **state)
{
    assert_int_equal(make_fixture(state), 0);
    const Fixture *const f = *state;
    BaseError err = {0};
    char *const file = base_join_path(f->folder, "facts.tsv");
    write_text_file(file, "dog\tis\tanimal\ncat\tis\tanimal\n");
    const KgImportOptions options = {0};
    KgImportReport report;
    const char *files[] = {file};
    expect_ok(kg_import(f->store, files, 1, &options, &report, NULL, NULL, &err), &err);
    KgTxn *const txn = begin_write(f->store);
    uint32_t run, model, evidence;
    expect_ok(
        kg_put_run(txn, &(KgRun){.kind = "reason", .name = "family.rls", .text = "", .details = "{}"}, &run, &err),
        &err);
    expect_ok(kg_put_model(txn,
                           &(KgModel){.name = "m1", .kind = "transe", .file = "m1", .config = "{}", .metrics = "{}"},
                           &model, &err),
              &err);
    expect_ok(kg_put_evidence(txn,
                              &(KgEvidence){.mention = "a dog", .source = "dog.pgm", .method = "label", .score = 0.75},
                              &evidence, &err),
              &err);
    add_noted(txn, KG_ANY, KG_INFERRED, "dog", "is", "thing", (KgNote){.source = run, .rule = 3, .height = 2});
    add_noted(txn, KG_ANY, KG_INFERRED, "cat", "is", "animal", (KgNote){.source = run, .rule = 1, .height = 1});
    add_noted(txn, KG_ANY, KG_PREDICTED, "dog", "likes", "cat", (KgNote){.source = model, .score = 0.5f});
    add_noted(txn, KG_ANY, KG_OBSERVED, "dog.pgm", "depicts", "dog", (KgNote){.source = evidence, .score = 0.75f});
    add_noted(txn, intern_field(txn, "g"), KG_ASSERTED, "dog", "is", "animal", (KgNote){0});
    add_noted(txn, intern_field(txn, "g"), KG_PREDICTED, "dog", "is", "loud",
              (KgNote){.source = model, .score = 0.25f});
    commit(txn);
    free(file);
    return 0;
}

#define N "https://kgq.dev/ns#"

static void the_layer_of_a_matched_triple_is_told(void **state)
{
    const Fixture *const f = *state;
    expect_answer(f->store, "SELECT ?s ?l { ?s :is ?o . (?s :is ?o) kgq:layer ?l } ORDER BY ?s ?l",
                  "<kg:cat>\t<" N "asserted>\n<kg:cat>\t<" N "inferred>\n<kg:dog>\t<" N "asserted>\n<kg:dog>\t<" N
                  "inferred>\n");
    expect_answer(f->store, "SELECT ?s ?o { ?s ?p ?o . (?s ?p ?o) kgq:layer kgq:inferred } ORDER BY ?s",
                  "<kg:cat>\t<kg:animal>\n<kg:dog>\t<kg:thing>\n");
    expect_answer(f->store, "SELECT ?o (kgq:layer(:dog, :is, ?o) AS ?l) { :dog :is ?o } ORDER BY ?o",
                  "<kg:animal>\t<" N "asserted>\n<kg:thing>\t<" N "inferred>\n");
}

static void a_layer_that_the_query_does_not_see_can_be_asked_for(void **state)
{
    const Fixture *const f = *state;
    expect_answer(f->store, "SELECT * { (?s ?p ?o) kgq:layer kgq:predicted }", "<kg:dog>\t<kg:likes>\t<kg:cat>\n");
    expect_answer(f->store, "SELECT ?l (COUNT(*) AS ?n) { (?s ?p ?o) kgq:layer ?l } GROUP BY ?l ORDER BY ?l",
                  "<" N "asserted>\t2\n<" N "inferred>\t2\n<" N "observed>\t1\n<" N "predicted>\t1\n");
    expect_answer(f->store, "SELECT ?x { (:dog :likes :cat) kgq:score ?x }", "0.5\n");
    expect_answer(f->store, "SELECT * { (?s ?p ?o) kgq:layer :nothing }", "");
    expect_answer(f->store, "SELECT * { (?s 'x' ?o) kgq:layer ?l }", "");
}

static void sources_scores_rules_and_heights_are_told(void **state)
{
    const Fixture *const f = *state;
    expect_answer(f->store, "SELECT ?p ?n { (:dog ?p ?o) kgq:source ?n FILTER(!CONTAINS(?n, 'tsv')) } ORDER BY ?p",
                  "<kg:is>\t\"family.rls\"\n<kg:likes>\t\"m1\"\n");
    expect_answer(f->store, "SELECT (STRENDS(?n, '/facts.tsv') AS ?y) { (:dog :is :animal) kgq:source ?n }",
                  "\"true\"^^<http://www.w3.org/2001/XMLSchema#boolean>\n");
    expect_answer(f->store, "SELECT ?n { (?s :depicts :dog) kgq:source ?n }", "\"dog.pgm\"\n");
    expect_answer(f->store,
                  "SELECT (COUNT(*) AS ?n) { (?s ?p ?o) kgq:time ?t FILTER(YEAR(?t) >= 2025 && DATATYPE(?t) = "
                  "xsd:dateTime && TZ(?t) = 'Z') }",
                  "6\n");
    expect_answer(f->store, "SELECT ?r ?h { (:dog :is :thing) kgq:rule ?r ; kgq:height ?h }", "3\t2\n");
    expect_answer(f->store, "SELECT ?l ?h { (:cat :is :animal ?l) kgq:height ?h } ORDER BY ?h",
                  "<" N "asserted>\t0\n<" N "inferred>\t1\n");
    expect_answer(f->store, "SELECT ?r { (:cat :is :animal kgq:asserted) kgq:rule ?r }", "");
    expect_answer(f->store, "SELECT (kgq:height(:cat, :is, :animal, kgq:inferred) AS ?h) { }", "1\n");
    expect_answer(f->store, "SELECT (kgq:score(:dog, :is, :animal) AS ?x) { }", "\n");
    expect_answer(f->store, "SELECT ?p { ?s ?p ?o FILTER(kgq:score(?s, ?p, ?o) > 0.4) }", "");
}

static void all_of_it_comes_in_one_row(void **state)
{
    const Fixture *const f = *state;
    expect_answer(f->store, "SELECT ?l ?n ?x ?r ?h ?g { (:dog :is :thing) kgq:provenance (?l ?n ?x ?r ?h ?g) }",
                  "<" N "inferred>\t\"family.rls\"\t\t3\t2\t<" N "default>\n");
    expect_answer(f->store, "SELECT ?l ?x { (:dog :likes ?y) kgq:provenance (?l ?n ?x) }", "<" N "predicted>\t0.5\n");
}

static void graphs_are_told_and_kept_apart(void **state)
{
    const Fixture *const f = *state;
    expect_answer(f->store, "SELECT ?g { (:dog :is :animal) kgq:graph ?g } ORDER BY ?g", "<" N "default>\n<kg:g>\n");
    expect_answer(f->store, "SELECT ?s ?o { (?s :is ?o) kgq:graph :g } ORDER BY ?o",
                  "<kg:dog>\t<kg:animal>\n<kg:dog>\t<kg:loud>\n");
    expect_answer(f->store, "SELECT ?g ?o ?l { GRAPH ?g { (:dog :is ?o) kgq:layer ?l } } ORDER BY ?o",
                  "<kg:g>\t<kg:animal>\t<" N "asserted>\n<kg:g>\t<kg:loud>\t<" N "predicted>\n");
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) FROM <kg:g> FROM <kg:none> { (?s ?p ?o) kgq:layer ?l }", "2\n");
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) FROM <kg:none> { (?s ?p ?o) kgq:layer ?l }", "0\n");
}

static void from_chooses_the_layers_that_are_seen(void **state)
{
    const Fixture *const f = *state;
    expect_answer(f->store, "SELECT ?x FROM kgq:predicted { :dog ?p ?x }", "<kg:cat>\n");
    expect_answer(f->store, "SELECT ?x FROM kgq:predicted FROM kgq:inferred { :dog ?p ?x } ORDER BY ?x",
                  "<kg:cat>\n<kg:thing>\n");
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) FROM kgq:observed { ?s ?p ?o }", "1\n");
    expect_answer(f->store, "SELECT ?x FROM kgq:predicted FROM <kg:g> { ?s ?p ?x }", "<kg:loud>\n");
    expect_answer(f->store, "SELECT ?g ?x FROM kgq:predicted { GRAPH ?g { ?s ?p ?x } }", "<kg:g>\t<kg:loud>\n");
    char *const more = ask_as(f->store, "SELECT ?x { :dog :likes ?x }", KG_RESULT_TSV, 0, KG_ALL_LAYERS);
    assert_string_equal(more, "?x\n<kg:cat>\n");
    free(more);
}

static void graph_sees_one_layer_where_it_names_one(void **state)
{
    const Fixture *const f = *state;
    expect_answer(f->store, "SELECT ?x ?y { :dog :is ?x GRAPH kgq:predicted { :dog :likes ?y } } ORDER BY ?x",
                  "<kg:animal>\t<kg:cat>\n<kg:thing>\t<kg:cat>\n");
    expect_answer(f->store, "SELECT ?s ?x { ?s :is ?x FILTER NOT EXISTS { GRAPH kgq:asserted { ?s :is ?x } } }",
                  "<kg:dog>\t<kg:thing>\n");
    expect_answer(f->store, "SELECT ?s { ?s :is :animal GRAPH kgq:inferred { ?s :is ?x FILTER(?x != :thing) } }",
                  "<kg:cat>\n");
    expect_answer(f->store, "SELECT ?x { GRAPH ?g { ?s :is :animal GRAPH kgq:predicted { ?s :is ?x } } }",
                  "<kg:loud>\n");
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) { GRAPH kgq:inferred { ?s :is ?x } }", "2\n");
    expect_answer(f->store, "SELECT ?x { GRAPH kgq:inferred { ?s :is ?x } MINUS { GRAPH kgq:asserted { ?s :is ?x } } }",
                  "<kg:thing>\n");
}

static void an_update_does_not_write_layers(void **state)
{
    const Fixture *const f = *state;
    static const char *const updates[] = {
        "INSERT DATA { GRAPH kgq:predicted { :a :b :c } }", "DELETE DATA { GRAPH kgq:inferred { :a :b :c } }",
        "INSERT { GRAPH kgq:inferred { ?s :b :c } } WHERE { ?s :is ?o }", "COPY DEFAULT TO kgq:asserted",
        "WITH kgq:observed INSERT { ?s :b :c } WHERE { ?s ?p ?o }"};
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++) {
        BaseError err = {0};
        KgTxn *const txn = begin_write(f->store);
        assert_int_equal(kg_update(txn, updates[i], strlen(updates[i]), NULL, NULL, &err), BASE_BAD_INPUT);
        expect_words(&err, "this names a layer");
        kg_abort(txn);
    }
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    static const char copy[] = "INSERT { ?s :maybe ?o } USING kgq:predicted WHERE { ?s :likes ?o }";
    KgUpdateReport report;
    expect_ok(kg_update(txn, copy, sizeof copy - 1, NULL, &report, &err), &err);
    assert_int_equal(report.inserted, 1);
    kg_abort(txn);
}

static void a_dataset_and_a_base_may_be_given_beside_the_query(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    char *out = NULL;
    const char *const graph = "kg:g", *const layer = KG_VOCABULARY "predicted";
    const char *both[] = {graph, layer};
    KgDataset dataset = {.graphs = both, .graph_count = 1};
    const KgQueryOptions options = {.dataset = &dataset};
    expect_ok(try_query(f->store, "SELECT ?x FROM <kg:none> { :dog :is ?x }", &options, &out, &err), &err);
    assert_string_equal(out, "?x\n<kg:animal>\n");
    free(out);
    dataset.graph_count = 2;
    expect_ok(try_query(f->store, "SELECT ?x { :dog :is ?x }", &options, &out, &err), &err);
    assert_string_equal(out, "?x\n<kg:loud>\n");
    free(out);
    expect_ok(try_query(f->store, "SELECT (IRI('y') AS ?a) (<x> AS ?b) { }", &(KgQueryOptions){.base = "http://b/c"},
                        &out, &err),
              &err);
    assert_string_equal(out, "?a\t?b\n<http://b/y>\t<http://b/x>\n");
    free(out);
    dataset = (KgDataset){.named = both, .named_count = 1};
    expect_ok(
        try_query(f->store, "SELECT ?x { { :dog :is ?x } UNION { GRAPH ?g { ?s :is ?x } } }", &options, &out, &err),
        &err);
    assert_string_equal(out, "?x\n<kg:animal>\n");
    free(out);
    KgTxn *const txn = begin_write(f->store);
    static const char good[] = "INSERT { ?s :was ?o } WHERE { ?s :is ?o }",
                      bad[] = "INSERT { ?s :was ?o } USING <kg:g> WHERE { ?s :is ?o }",
                      load[] = "LOAD SILENT <file:///etc/passwd>";
    KgUpdateReport report;
    const KgUpdateOptions given = {.dataset = &(KgDataset){.graphs = both, .graph_count = 1}, .no_load = true};
    expect_ok(kg_update(txn, good, sizeof good - 1, &given, &report, &err), &err);
    assert_int_equal(report.inserted, 1);
    assert_int_equal(kg_update(txn, bad, sizeof bad - 1, &given, NULL, &err), BASE_BAD_INPUT);
    expect_words(&err, "USING and WITH exclude");
    err = (BaseError){0};
    assert_int_equal(kg_update(txn, load, sizeof load - 1, &given, NULL, &err), BASE_BAD_INPUT);
    expect_words(&err, "LOAD is not allowed here");
    kg_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_layer_of_a_matched_triple_is_told, make_layers, drop_fixture),
        cmocka_unit_test_setup_teardown(a_layer_that_the_query_does_not_see_can_be_asked_for, make_layers,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(sources_scores_rules_and_heights_are_told, make_layers, drop_fixture),
        cmocka_unit_test_setup_teardown(all_of_it_comes_in_one_row, make_layers, drop_fixture),
        cmocka_unit_test_setup_teardown(graphs_are_told_and_kept_apart, make_layers, drop_fixture),
        cmocka_unit_test_setup_teardown(from_chooses_the_layers_that_are_seen, make_layers, drop_fixture),
        cmocka_unit_test_setup_teardown(graph_sees_one_layer_where_it_names_one, make_layers, drop_fixture),
        cmocka_unit_test_setup_teardown(a_dataset_and_a_base_may_be_given_beside_the_query, make_layers, drop_fixture),
        cmocka_unit_test_setup_teardown(an_update_does_not_write_layers, make_layers, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
