/* Explanations out of a real database: the family of datasets/samples, its rules, a model of it, an observation. */
#include "expect.h"

#include "embed/embed.h"
#include "insight/insight.h"

#include <jansson.h>

#define SAMPLES KGQ_SOURCE "/datasets/samples/"

typedef struct Fixture {
    char *folder, *path;
    KgStore *store;
} Fixture;

static int set_up(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    f->folder = make_temporary_folder();
    f->path = base_join_path(f->folder, "db");
    BaseError err = {0};
    expect_ok(kg_open(f->path, &(KgOptions){.create = true}, &f->store, &err), &err);
    const char *const files[] = {SAMPLES "family.tsv"};
    KgImportReport report;
    expect_ok(kg_import(f->store, files, 1, &(KgImportOptions){0}, &report, NULL, NULL, &err), &err);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *const f = *state;
    kg_close(f->store);
    base_remove(f->folder, NULL);
    free(f->folder);
    free(f->path);
    free(f);
    return 0;
}

static void reason(const Fixture *f)
{
    const char *const files[] = {SAMPLES "family.rls"};
    ReasonerProgram *program = NULL;
    KgTxn *txn = NULL;
    BaseError err = {0};
    expect_ok(reasoner_parse_files(files, 1, NULL, NULL, &program, &err), &err);
    expect_ok(kg_write_begin(f->store, &txn, &err), &err);
    expect_ok(reasoner_run(txn, program, NULL, NULL, NULL, &err), &err);
    expect_ok(kg_commit(txn, &err), &err);
    reasoner_program_free(program);
}

static void train(const Fixture *f, const char *name)
{
    BaseError err = {0};
    EmbedTrainReport report;
    const EmbedTrainOptions options = {
        .model = "transe", .dim = 8, .epochs = 30, .valid_share = -1, .seed = 3, .relations = "child_of"};
    expect_ok(embed_train(f->store, name, &options, &report, NULL, &err), &err);
}

static char *as_json(const InsightExplanation *x)
{
    char *text = NULL;
    size_t length;
    BaseError err = {0};
    FILE *const out = open_memstream(&text, &length);
    expect_ok(insight_explain_write(x, INSIGHT_JSON, out, &err), &err);
    fclose(out);
    return text;
}

/* One explainer for many triples says of each what one of its own says. */
static void many_at_once_are_explained_as_one_by_one(void **state)
{
    Fixture *const f = *state;
    static const char *const triples[] = {"fay descends_from ada", "bea child_of ada",         "ada descends_from fay",
                                          "bea sibling_of cid",    "fay rdf:type :only_child", "fay descends_from ada"};
    BaseError err = {0};
    reason(f);
    train(f, "m");
    KgTxn *txn = NULL;
    InsightExplainer *explainer = NULL;
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    for (int all = 0; all < 2; all++) {
        const InsightOptions options = {.all = all == 1};
        expect_ok(insight_open(txn, &options, &explainer, &err), &err);
        for (size_t i = 0; i < sizeof triples / sizeof *triples; i++) {
            InsightExplanation *one = NULL, *other = NULL;
            KgTriple triple;
            expect_ok(insight_parse_triple(txn, triples[i], &triple, &err), &err);
            expect_ok(insight_ask(explainer, triple, &one, NULL, &err), &err);
            expect_ok(insight_explain(txn, triple, &options, &other, NULL, &err), &err);
            assert_true(one->score_count == 1);
            char *const text = as_json(one), *const expected = as_json(other);
            assert_string_equal(text, expected);
            free(text);
            free(expected);
            insight_explanation_free(one);
            insight_explanation_free(other);
        }
        insight_close(explainer);
    }
    kg_abort(txn);
}

/* Explains and keeps the transaction open: the caller ends both by done(). */
static InsightExplanation *explain(const Fixture *f, const char *text, const InsightOptions *options, KgTxn **txn)
{
    BaseError err = {0};
    KgTriple triple;
    InsightExplanation *x = NULL;
    expect_ok(kg_read_begin(f->store, txn, &err), &err);
    expect_ok(insight_parse_triple(*txn, text, &triple, &err), &err);
    expect_ok(insight_explain(*txn, triple, options, &x, NULL, &err), &err);
    for (InsightFormat format = INSIGHT_TEXT; format <= INSIGHT_HTML; format++) {
        char *written = NULL;
        size_t length;
        FILE *const out = open_memstream(&written, &length);
        expect_ok(insight_explain_write(x, format, out, &err), &err);
        fclose(out);
        if (format == INSIGHT_JSON) {
            json_t *const root = json_loads(written, JSON_REJECT_DUPLICATES, NULL);
            assert_non_null(root);
            assert_string_equal(json_string_value(json_object_get(root, "summary")), x->summary);
            json_decref(root);
        }
        free(written);
    }
    return x;
}

static void done(InsightExplanation *x, KgTxn *txn)
{
    insight_explanation_free(x);
    kg_abort(txn);
}

static void expect_summary(const InsightExplanation *x, const char *words)
{
    if (!strstr(x->summary, words))
        fail_msg("\"%s\" has no \"%s\"", x->summary, words);
}

static void an_asserted_triple_names_its_import(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn;
    InsightExplanation *const x = explain(f, "bea child_of ada", NULL, &txn);
    assert_int_equal(x->verdict, INSIGHT_HOLDS);
    assert_int_equal(x->accord, INSIGHT_ALONE);
    assert_int_equal(x->layers, KG_IN(KG_ASSERTED));
    assert_non_null(x->import);
    assert_string_equal(x->summary, "holds: asserted by import 1: " SAMPLES "family.tsv");
    assert_int_equal(x->score_count, 0);
    done(x, txn);
}

static void a_derived_triple_is_proved_down_to_the_import(void **state)
{
    Fixture *const f = *state;
    reason(f);
    KgTxn *txn;
    InsightExplanation *const x = explain(f, "fay\tdescends_from\tada", NULL, &txn);
    assert_int_equal(x->verdict, INSIGHT_HOLDS);
    assert_int_equal(x->layers, KG_IN(KG_INFERRED));
    assert_int_equal(x->steps, 3);
    assert_int_equal(x->import_count, 1);
    assert_non_null(x->run);
    assert_string_equal(x->summary, "holds: derived by rule \"an ancestor's ancestor\" in 3 steps");
    char *text = NULL;
    size_t length;
    FILE *const out = open_memstream(&text, &length);
    BaseError err = {0};
    expect_ok(insight_explain_write(x, INSIGHT_TEXT, out, &err), &err);
    fclose(out);
    assert_non_null(strstr(text, "├─ fay child_of dora  [asserted by import 1: " SAMPLES "family.tsv, 20"));
    assert_non_null(strstr(text, "      └─ bea child_of ada  [asserted by import 1: "));
    const char *const rule = ": descends_from(?x, ?z) :- child_of(?x, ?y), descends_from(?y, ?z).";
    const char *const first = strstr(text, rule);
    assert_non_null(first);
    assert_null(strstr(first + 1, rule)); /* said once, though applied twice in a row */
    free(text);
    done(x, txn);
}

static void all_ways_are_told_when_asked_for(void **state)
{
    Fixture *const f = *state;
    reason(f);
    KgTxn *txn;
    InsightExplanation *x = explain(f, "bea sibling_of cid", NULL, &txn);
    assert_int_equal(x->proofs.count, 1);
    done(x, txn);
    x = explain(f, "bea sibling_of cid", &(InsightOptions){.all = true}, &txn);
    assert_int_equal(x->proofs.count, 2); /* they share ada, and ben */
    expect_summary(x, "derived in 2 ways, first by rule \"siblings share a parent\" in 1 step");
    done(x, txn);
}

static void a_negated_premise_is_part_of_a_proof(void **state)
{
    Fixture *const f = *state;
    reason(f);
    KgTxn *txn;
    InsightExplanation *const x =
        explain(f, "fay <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> only_child", NULL, &txn);
    expect_summary(x, "holds: derived by rule \"a child without siblings\" in 1 step");
    const KgTriple triple = x->triple;
    KgTriple same;
    BaseError err = {0};
    expect_ok(insight_parse_triple(txn, "fay rdf:type :only_child", &same, &err), &err);
    assert_memory_equal(&same, &triple, sizeof same);
    done(x, txn);
}

static void what_does_not_hold_tells_its_missing_premises(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn;
    InsightExplanation *x = explain(f, "ada child_of fay", NULL, &txn);
    assert_int_equal(x->verdict, INSIGHT_UNKNOWN);
    assert_int_equal(x->proofs.count, 0);
    assert_string_equal(x->summary, "unknown: not asserted, and no rule concludes it; no model was asked");
    done(x, txn);
    reason(f);
    x = explain(f, "ada descends_from fay", NULL, &txn);
    assert_int_equal(x->verdict, INSIGHT_UNKNOWN);
    assert_true(x->proofs.count > 0);
    assert_true(x->proofs.items[0]->missing > 0);
    expect_summary(x, "unknown: not asserted, and no rule derives it (nearest: rule \"");
    expect_summary(x, "premise");
    done(x, txn);
}

static void a_proof_whose_premise_was_deleted_says_so(void **state)
{
    Fixture *const f = *state;
    reason(f);
    KgTxn *txn = NULL;
    BaseError err = {0};
    KgTriple triple;
    expect_ok(kg_write_begin(f->store, &txn, &err), &err);
    expect_ok(insight_parse_triple(txn, "bea child_of ada", &triple, &err), &err);
    expect_ok(kg_delete(txn, KG_ASSERTED, triple, NULL, &err), &err);
    expect_ok(kg_commit(txn, &err), &err);
    InsightExplanation *const x = explain(f, "bea descends_from ada", NULL, &txn);
    expect_summary(x, "its premises are no longer there: reason again");
    done(x, txn);
}

static void proof_and_score_stand_in_one_sentence(void **state)
{
    Fixture *const f = *state;
    reason(f);
    train(f, "m1");
    KgTxn *txn;
    InsightExplanation *x = explain(f, "bea child_of ada", NULL, &txn);
    assert_int_equal(x->verdict, INSIGHT_HOLDS);
    assert_int_equal(x->score_count, 1);
    assert_true(x->scores[0].is_known);
    assert_in_range((int)(x->scores[0].probability * 1000), 0, 1000);
    assert_true(x->scores[0].object_rank >= 1 && x->scores[0].object_rank <= (double)x->scores[0].candidates);
    assert_true(x->scores[0].subject_rank >= 1);
    expect_summary(x, "holds: asserted by import 1: ");
    expect_summary(x, "transe (model m1) gives it probability ");
    expect_summary(x, ", rank ");
    done(x, txn);

    /* The model has no vector for a relation it was not trained on. */
    x = explain(f, "fay descends_from ada", NULL, &txn);
    assert_false(x->scores[0].is_known);
    assert_string_equal(x->summary, "holds: derived by rule \"an ancestor's ancestor\" in 3 steps");
    done(x, txn);

    x = explain(f, "bea child_of ada", &(InsightOptions){.no_models = true}, &txn);
    assert_int_equal(x->score_count, 0);
    done(x, txn);
}

static void a_score_alone_gives_likely_or_unlikely(void **state)
{
    Fixture *const f = *state;
    train(f, "m1");
    KgTxn *txn;
    InsightExplanation *const x = explain(f, "ada child_of fay", NULL, &txn);
    assert_true(x->verdict == INSIGHT_LIKELY || x->verdict == INSIGHT_UNLIKELY);
    assert_int_equal(x->verdict == INSIGHT_LIKELY, x->scores[0].probability >= 0.5);
    expect_summary(x, "not asserted, and no rule concludes it; transe (model m1) gives it probability ");
    done(x, txn);
}

static void an_observation_tells_its_evidence(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn = NULL;
    BaseError err = {0};
    KgTriple triple;
    const KgEvidence evidence = {
        .mention = "a photograph", .source = "wedding.pgm", .method = "classifier faces", .score = 0.75};
    expect_ok(kg_write_begin(f->store, &txn, &err), &err);
    expect_ok(insight_parse_triple(txn, "fay married_to eli", &triple, &err), &err);
    expect_ok(embed_store_link(txn, triple, 0.75, &evidence, NULL, &err), &err);
    expect_ok(kg_commit(txn, &err), &err);
    InsightExplanation *const x = explain(f, "fay married_to eli", NULL, &txn);
    assert_int_equal(x->layers, KG_IN(KG_OBSERVED));
    assert_int_equal(x->verdict, INSIGHT_LIKELY);
    assert_true(x->belief > 0.749 && x->belief < 0.751);
    assert_non_null(x->evidence);
    expect_summary(x, "observed in \"a photograph\" with confidence 0.75 (classifier faces)");
    done(x, txn);
}

static void a_stored_prediction_counts_when_its_model_is_gone(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn = NULL;
    BaseError err = {0};
    KgRecord record = {.note = {.source = 77, .score = 0.625f}};
    expect_ok(kg_write_begin(f->store, &txn, &err), &err);
    expect_ok(insight_parse_triple(txn, "fay child_of eve", &record.triple, &err), &err);
    expect_ok(kg_add(txn, KG_PREDICTED, &record, NULL, &err), &err);
    expect_ok(kg_commit(txn, &err), &err);
    InsightExplanation *const x = explain(f, "fay child_of eve", NULL, &txn);
    assert_int_equal(x->verdict, INSIGHT_LIKELY);
    assert_int_equal(x->score_count, 1);
    assert_true(x->scores[0].is_stored);
    assert_true(x->belief > 0.6249 && x->belief < 0.6251);
    done(x, txn);
}

static void a_damaged_model_spoils_its_own_line_only(void **state)
{
    Fixture *const f = *state;
    train(f, "good");
    train(f, "bad");
    KgTxn *txn;
    BaseError err = {0};
    BaseArena arena = {0};
    KgModel model;
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    expect_ok(kg_find_model(txn, "bad", &arena, &model, &err), &err);
    kg_abort(txn);
    char path[1024];
    snprintf(path, sizeof path, "%s/models/%s", f->path, model.file);
    write_text_file(path, "not a model");
    base_arena_free(&arena);

    InsightExplanation *const x = explain(f, "bea child_of ada", NULL, &txn);
    assert_int_equal(x->score_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(x->scores[i].fault != NULL, strcmp(x->scores[i].model, "bad") == 0);
    KgTriple triple = x->triple;
    done(x, txn);

    InsightExplanation *none = NULL;
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    assert_int_equal(insight_explain(txn, triple, &(InsightOptions){.model = "bad"}, &none, NULL, &err),
                     BASE_BAD_INPUT);
    assert_null(none);
    assert_true(err.message[0] != '\0');
    kg_abort(txn);
}

static void a_model_that_is_not_there_is_named(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn;
    BaseError err = {0};
    KgTriple triple;
    InsightExplanation *x = NULL;
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    expect_ok(insight_parse_triple(txn, "bea child_of ada", &triple, &err), &err);
    assert_int_equal(insight_explain(txn, triple, &(InsightOptions){.model = "nosuch"}, &x, NULL, &err),
                     BASE_NOT_FOUND);
    assert_null(x);
    expect_words(&err, "nosuch");
    kg_abort(txn);
}

static void an_open_place_is_a_bad_call(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn;
    BaseError err = {0};
    KgTriple triple;
    InsightExplanation *x = NULL;
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    expect_ok(insight_parse_triple(txn, "bea child_of ada", &triple, &err), &err);
    triple.o = KG_ANY;
    assert_int_equal(insight_explain(txn, triple, NULL, &x, NULL, &err), BASE_BAD_CALL);
    assert_null(x);
    kg_abort(txn);
}

static void expect_parse_fault(KgTxn *txn, const char *text, BaseStatus status, uint32_t column, const char *words)
{
    BaseError err = {0};
    KgTriple triple;
    assert_int_equal(insight_parse_triple(txn, text, &triple, &err), status);
    expect_words(&err, words);
    if (column)
        assert_int_equal(err.column, column);
}

static void a_triple_in_words_is_parsed_with_places(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn = NULL;
    BaseError err = {0};
    expect_ok(kg_write_begin(f->store, &txn, &err), &err);
    const KgTerm literal = {.kind = KG_LITERAL, .text = KG_TEXT("two \"words\"")};
    KgId id;
    expect_ok(kg_intern(txn, &literal, &id, &err), &err);
    KgTriple triple, same;
    expect_ok(insight_parse_triple(txn, "  bea \t child_of  \"two \\\"words\\\"\" ", &triple, &err), &err);
    assert_int_equal(triple.o, id);
    expect_ok(insight_parse_triple(txn, "<kg:bea> <kg:child_of> ada", &triple, &err), &err);
    expect_ok(insight_parse_triple(txn, "bea child_of ada", &same, &err), &err);
    assert_memory_equal(&triple, &same, sizeof triple);

    expect_parse_fault(txn, "", BASE_BAD_INPUT, 1, "expected three fields");
    expect_parse_fault(txn, "bea child_of", BASE_BAD_INPUT, 13, "expected three fields");
    expect_parse_fault(txn, "bea child_of ada now", BASE_BAD_INPUT, 18, "found more");
    expect_parse_fault(txn, "bea child_of nobody", BASE_NOT_FOUND, 0, "nobody");
    expect_parse_fault(txn, "bea child_of \"open", BASE_BAD_INPUT, 0, "");
    kg_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_asserted_triple_names_its_import, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_derived_triple_is_proved_down_to_the_import, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_ways_are_told_when_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_negated_premise_is_part_of_a_proof, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_hold_tells_its_missing_premises, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_proof_whose_premise_was_deleted_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(proof_and_score_stand_in_one_sentence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_score_alone_gives_likely_or_unlikely, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_observation_tells_its_evidence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stored_prediction_counts_when_its_model_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_model_spoils_its_own_line_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_model_that_is_not_there_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_at_once_are_explained_as_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_open_place_is_a_bad_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_triple_in_words_is_parsed_with_places, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
