/* The four formats over an explanation put together by hand, so that every word of it is known. */
#include "expect.h"

#include "insight/insight.h"

#include <jansson.h>

#define TRANSITIVE "p(?x, ?z) :- q(?x, ?y), p(?y, ?z), ?x != ?z."

/* a p c  by transitivity from  a q b (import 1), b p c (by a rule from b q c, import 2), a != c, and  b p c  again. */
static ReasonerProof first_leaf = {.kind = REASONER_ASSERTED, .text = "a q b", .number = 2, .note = {.source = 1}};
static ReasonerProof second_leaf = {.kind = REASONER_ASSERTED, .text = "b q c", .number = 4, .note = {.source = 2}};
static ReasonerProof compared = {.kind = REASONER_COMPARED, .text = "a != c"};
static ReasonerProof negated = {.kind = REASONER_NEGATED, .text = "not b r <d&\"e\">"};
static ReasonerProof shared = {.kind = REASONER_SHARED, .text = "b q c", .number = 4};
static ReasonerProof *inner_children[] = {&second_leaf, &negated};
static ReasonerProof inner = {.kind = REASONER_DERIVED,
                              .text = "b p c",
                              .rule_name = "direct",
                              .rule_text = "p(?x, ?y) :- q(?x, ?y), ~r(?x, ?y).",
                              .rule_place = "r.rls:1",
                              .number = 3,
                              .height = 1,
                              .children = inner_children,
                              .child_count = 2};
static ReasonerProof *outer_children[] = {&first_leaf, &inner, &compared, &shared};
static ReasonerProof outer = {.kind = REASONER_DERIVED,
                              .text = "a p c",
                              .rule_name = "transitive",
                              .rule_text = TRANSITIVE,
                              .rule_place = "r.rls:3",
                              .number = 1,
                              .height = 2,
                              .children = outer_children,
                              .child_count = 4};
static ReasonerProof *proofs[] = {&outer};

static const char *const missing_terms[] = {"a", "q", "?y"};
static ReasonerProof missing_leaf = {
    .kind = REASONER_MISSING, .text = "a q ?y", .terms = missing_terms, .term_count = 3};
static ReasonerProof held_leaf = {.kind = REASONER_ASSERTED, .text = "b q c", .number = 2, .note = {.source = 2}};
static ReasonerProof *miss_children[] = {&missing_leaf, &held_leaf};
static ReasonerProof miss = {.kind = REASONER_MISSING,
                             .text = "a p c",
                             .rule_name = "transitive",
                             .rule_text = TRANSITIVE,
                             .rule_place = "r.rls:3",
                             .number = 1,
                             .missing = 1,
                             .children = miss_children,
                             .child_count = 2};
static ReasonerProof *misses[] = {&miss};

static const KgImport imports[] = {{.id = 1, .source = "one.tsv", .format = "tsv", .time = 1795468107},
                                   {.id = 2, .source = "two & <three>.tsv", .format = "tsv", .time = 0}};
static const KgRun run = {.id = 3, .kind = "reason", .name = "r.rls", .time = 1795468107};
static const KgEvidence evidence = {
    .id = 4, .mention = "\"c\" <b>", .source = "nine.pgm", .method = "classifier digits", .score = 0.5, .time = 60};
static const InsightScore scores[] = {
    {.model = "m1",
     .kind = "transe",
     .id = 1,
     .is_known = true,
     .score = -3.25,
     .probability = 0.93,
     .subject_rank = 5,
     .object_rank = 2.5,
     .candidates = 117659},
    {.model = "m2", .kind = "rotate", .id = 2},
    {.model = "m3", .kind = "complex", .id = 3, .fault = "models/m3 is damaged at byte 7"},
    {.model = "m4", .kind = "distmult", .id = 4, .is_known = true, .is_stored = true, .probability = 0.8},
};

static InsightExplanation proved(void)
{
    return (InsightExplanation){.subject = "a",
                                .predicate = "p",
                                .object = "c",
                                .summary = "holds: derived",
                                .verdict = INSIGHT_HOLDS,
                                .accord = INSIGHT_AGREE,
                                .belief = 1,
                                .layers = KG_IN(KG_INFERRED) | KG_IN(KG_OBSERVED),
                                .run = &run,
                                .proofs = {.items = proofs, .count = 1},
                                .steps = 2,
                                .imports = imports,
                                .import_count = 2,
                                .scores = scores,
                                .score_count = 4,
                                .evidence = &evidence,
                                .confidence = 0.5};
}

static InsightExplanation missed(void)
{
    return (InsightExplanation){.subject = "a",
                                .predicate = "p",
                                .object = "c",
                                .summary = "unknown: not there",
                                .verdict = INSIGHT_UNKNOWN,
                                .belief = 0.5,
                                .proofs = {.items = misses, .count = 1, .is_cut = true},
                                .imports = imports,
                                .import_count = 2};
}

static char *write_format(const InsightExplanation *explanation, InsightFormat format)
{
    char *text = NULL;
    size_t length;
    FILE *const out = open_memstream(&text, &length);
    BaseError err = {0};
    expect_ok(insight_explain_write(explanation, format, out, &err), &err);
    fclose(out);
    return text;
}

static void expect_format(const InsightExplanation *explanation, InsightFormat format, const char *expected)
{
    char *const text = write_format(explanation, format);
    assert_string_equal(text, expected);
    free(text);
}

static void text_draws_the_proof_down_to_its_imports(void **state)
{
    (void)state;
    const InsightExplanation x = proved();
    expect_format(&x, INSIGHT_TEXT,
                  "a p c\n"
                  "holds: derived\n"
                  "\n"
                  "a p c\n"
                  "│  by rule \"transitive\": " TRANSITIVE "\n"
                  "├─ a q b  [asserted by import 1: one.tsv, 2026-11-23 21:08:27 UTC]\n"
                  "├─ b p c\n"
                  "│  │  by rule \"direct\": p(?x, ?y) :- q(?x, ?y), ~r(?x, ?y).\n"
                  "│  ├─ b q c  [asserted by import 2: two & <three>.tsv, 1970-01-01 00:00:00 UTC]\n"
                  "│  └─ not b r <d&\"e\">  [nothing matches]\n"
                  "├─ a != c  [compared]\n"
                  "└─ b q c  [shown above]\n"
                  "\n"
                  "inferred by run 3: r.rls, 2026-11-23 21:08:27 UTC\n"
                  "\n"
                  "observed with confidence 0.500\n"
                  "  evidence 4: \"\"c\" <b>\" in nine.pgm, by classifier digits, 1970-01-01 00:01:00 UTC\n"
                  "\n"
                  "scores\n"
                  "  transe (model m1): probability 0.930, score -3.25, rank 2.5 of 117,659 as object, rank 5 of "
                  "117,659 as subject\n"
                  "  rotate (model m2): has no vector for one of the terms\n"
                  "  complex (model m3): could not be asked: models/m3 is damaged at byte 7\n"
                  "  distmult (model m4): probability 0.800 as stored\n");
}

static void text_says_which_premises_are_missing(void **state)
{
    (void)state;
    const InsightExplanation x = missed();
    expect_format(&x, INSIGHT_TEXT,
                  "a p c\n"
                  "unknown: not there\n"
                  "\n"
                  "a p c\n"
                  "│  would follow by rule \"transitive\": " TRANSITIVE "\n"
                  "├─ a q ?y  [missing]\n"
                  "└─ b q c  [asserted by import 2: two & <three>.tsv, 1970-01-01 00:00:00 UTC]\n"
                  "\n"
                  "... and more\n");
}

static const char *string_at(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void json_holds_all_of_it(void **state)
{
    (void)state;
    const InsightExplanation x = proved();
    char *const text = write_format(&x, INSIGHT_JSON);
    json_error_t fault;
    json_t *const root = json_loads(text, JSON_REJECT_DUPLICATES, &fault);
    assert_non_null(root);
    assert_string_equal(string_at(root, "subject"), "a");
    assert_string_equal(string_at(root, "verdict"), "holds");
    assert_string_equal(string_at(root, "accord"), "agree");
    assert_int_equal(json_integer_value(json_object_get(root, "steps")), 2);
    assert_int_equal(json_array_size(json_object_get(root, "layers")), 2);
    assert_string_equal(string_at(json_object_get(root, "observed"), "mention"), "\"c\" <b>");
    assert_string_equal(string_at(json_object_get(root, "inferred"), "name"), "r.rls");

    const json_t *const top = json_array_get(json_object_get(root, "proofs"), 0);
    const json_t *const premises = json_object_get(top, "premises");
    assert_int_equal(json_array_size(premises), 4);
    assert_string_equal(string_at(json_object_get(top, "rule"), "text"), TRANSITIVE);
    const json_t *const second = json_array_get(premises, 1);
    assert_string_equal(string_at(second, "text"), "b p c");
    assert_int_equal(json_array_size(json_object_get(second, "premises")), 2);
    assert_string_equal(string_at(json_array_get(json_object_get(second, "premises"), 1), "text"), "not b r <d&\"e\">");
    assert_string_equal(string_at(json_array_get(premises, 3), "kind"), "shared");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(premises, 3), "number")), 4);

    const json_t *const models = json_object_get(root, "scores");
    assert_int_equal(json_array_size(models), 4);
    assert_true(json_real_value(json_object_get(json_array_get(models, 0), "probability")) == 0.93);
    assert_true(json_real_value(json_object_get(json_array_get(models, 0), "object_rank")) == 2.5);
    assert_null(json_object_get(json_array_get(models, 1), "probability"));
    assert_string_equal(string_at(json_array_get(models, 2), "fault"), "models/m3 is damaged at byte 7");
    assert_true(json_is_true(json_object_get(json_array_get(models, 3), "stored")));
    json_decref(root);
    free(text);
}

static void json_of_a_miss_and_of_nothing_at_all_is_json(void **state)
{
    (void)state;
    const InsightExplanation empty = {.subject = "", .predicate = "\x01\\", .object = "\"", .summary = ""};
    const InsightExplanation near = missed();
    const InsightExplanation *const all[] = {&empty, &near};
    for (size_t i = 0; i < 2; i++) {
        char *const text = write_format(all[i], INSIGHT_JSON);
        json_t *const root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(root);
        assert_int_equal(json_array_size(json_object_get(root, "near_misses")), i);
        assert_string_equal(string_at(root, "predicate"), all[i]->predicate);
        json_decref(root);
        free(text);
    }
}

static void dot_shows_what_is_used_twice_once(void **state)
{
    (void)state;
    const InsightExplanation x = proved();
    expect_format(&x, INSIGHT_DOT,
                  "digraph explanation {\n"
                  "  rankdir=TB;\n"
                  "  node [shape=box, fontname=\"sans-serif\"];\n"
                  "  label=\"holds: derived\";\n"
                  "  labelloc=t;\n"
                  "  n0 [label=\"a p c\\nby rule \\\"transitive\\\"\", style=rounded];\n"
                  "  n1 [label=\"a q b\\nimport 1: one.tsv\", style=filled, fillcolor=\"#e7f0e4\"];\n"
                  "  n0 -> n1;\n"
                  "  n2 [label=\"b p c\\nby rule \\\"direct\\\"\", style=rounded];\n"
                  "  n0 -> n2;\n"
                  "  n3 [label=\"b q c\\nimport 2: two & <three>.tsv\", style=filled, fillcolor=\"#e7f0e4\"];\n"
                  "  n2 -> n3;\n"
                  "  n4 [label=\"not b r <d&\\\"e\\\">\", style=dotted];\n"
                  "  n2 -> n4;\n"
                  "  n5 [label=\"a != c\", style=dotted];\n"
                  "  n0 -> n5;\n"
                  "  n0 -> n3;\n"
                  "  s0 [shape=ellipse, label=\"transe m1\\nprobability 0.930\"];\n"
                  "  n0 -> s0 [style=dashed, arrowhead=none];\n"
                  "  s3 [shape=ellipse, label=\"distmult m4\\nprobability 0.800\"];\n"
                  "  n0 -> s3 [style=dashed, arrowhead=none];\n"
                  "}\n");
}

static size_t count_words(const char *text, const char *words)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
        count++;
    return count;
}

static void html_is_escaped_and_its_lists_are_closed(void **state)
{
    (void)state;
    const InsightExplanation both[] = {proved(), missed()};
    for (size_t i = 0; i < 2; i++) {
        char *const text = write_format(&both[i], INSIGHT_HTML);
        assert_int_equal(count_words(text, "<ul"), count_words(text, "</ul>"));
        assert_int_equal(count_words(text, "<li"), count_words(text, "</li>"));
        assert_non_null(strstr(text, "two &amp; &lt;three&gt;.tsv"));
        assert_null(strstr(text, "<three>"));
        assert_null(strstr(text, "<b>"));
        assert_null(strstr(text, "<script"));
        assert_null(strstr(text, "http"));
        free(text);
    }
}

/* Every label is hostile: what it would do in markup, in a quoted string, on a terminal. */
static void labels_stay_labels(void **state)
{
    (void)state;
    static const char evil[] = "</summary><script>alert(1)</script>\"];x=\\\" -> \n\x1b[2J&lt;\\N' onclick='";
    static ReasonerProof leaf = {.kind = REASONER_ASSERTED, .text = evil, .number = 2, .note = {.source = 1}};
    static ReasonerProof *children[] = {&leaf};
    static ReasonerProof top = {.kind = REASONER_DERIVED,
                                .text = evil,
                                .rule_name = evil,
                                .rule_text = evil,
                                .rule_place = evil,
                                .number = 1,
                                .height = 1,
                                .children = children,
                                .child_count = 1};
    static ReasonerProof *items[] = {&top};
    const KgImport source = {.id = 1, .source = evil, .format = "tsv"};
    InsightExplanation x = proved();
    x.subject = x.predicate = x.object = x.summary = evil;
    x.proofs = (ReasonerExplanation){.items = items, .count = 1, .others = items, .other_count = 1};
    x.imports = &source;
    x.import_count = 1;
    x.run = NULL;
    x.score_count = 0;
    char *text = write_format(&x, INSIGHT_HTML);
    assert_null(strstr(text, "<script"));
    assert_int_equal(count_words(text, "</summary>"), count_words(text, "<summary>"));
    assert_int_equal(count_words(text, "<details"), count_words(text, "</details>"));
    assert_null(strchr(text, 0x1b));
    free(text);
    text = write_format(&x, INSIGHT_TEXT);
    assert_null(strchr(text, 0x1b));
    assert_non_null(strstr(text, "\\x1b[2J"));
    free(text);
    text = write_format(&x, INSIGHT_JSON);
    json_t *const root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_string_equal(string_at(json_array_get(json_object_get(root, "proofs"), 0), "text"), evil);
    json_decref(root);
    free(text);
    /* Outside of quoted strings a graph has nothing that a label brought. */
    text = write_format(&x, INSIGHT_DOT);
    bool is_quoted = false;
    for (const char *at = text; *at; at++) {
        if (is_quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted)
            assert_true(strchr("(<'&\x1b", *at) == NULL);
    }
    assert_false(is_quoted);
    assert_null(strchr(text, 0x1b));
    free(text);
}

/* A chain of 100,000 steps: no format may need a stack, or a line, of that depth. */
static void a_very_deep_proof_is_written(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    ReasonerProof *const chain = calloc(DEPTH, sizeof *chain);
    ReasonerProof **const links = calloc(DEPTH, sizeof *links);
    for (size_t i = 0; i < DEPTH; i++) {
        chain[i] = (ReasonerProof){.kind = i + 1 < DEPTH ? REASONER_DERIVED : REASONER_ASSERTED,
                                   .text = "x",
                                   .rule_name = i + 1 < DEPTH ? "r" : NULL,
                                   .rule_text = "t",
                                   .rule_place = "p",
                                   .number = (uint32_t)i + 1,
                                   .child_count = i + 1 < DEPTH};
        links[i] = &chain[i];
        if (i > 0)
            chain[i - 1].children = &links[i];
    }
    InsightExplanation x = proved();
    x.proofs.items = links;
    for (InsightFormat format = INSIGHT_TEXT; format <= INSIGHT_HTML; format++) {
        char *const text = write_format(&x, format);
        assert_in_range(strlen(text), DEPTH, DEPTH * 500);
        if (format == INSIGHT_JSON) { /* within the depth that readers take */
            json_t *const root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
            assert_non_null(root);
            assert_true(json_array_size(json_object_get(root, "continued")) >= DEPTH / 1000);
            json_decref(root);
        }
        free(text);
    }
    free(chain);
    free(links);
}

static void a_full_disk_is_reported(void **state)
{
    (void)state;
    FILE *const out = fopen("/dev/full", "w");
    if (!out)
        skip();
    const InsightExplanation x = proved();
    BaseError err = {0};
    assert_int_equal(insight_explain_write(&x, INSIGHT_TEXT, out, &err), BASE_IO);
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_draws_the_proof_down_to_its_imports),
        cmocka_unit_test(text_says_which_premises_are_missing),
        cmocka_unit_test(json_holds_all_of_it),
        cmocka_unit_test(json_of_a_miss_and_of_nothing_at_all_is_json),
        cmocka_unit_test(dot_shows_what_is_used_twice_once),
        cmocka_unit_test(html_is_escaped_and_its_lists_are_closed),
        cmocka_unit_test(labels_stay_labels),
        cmocka_unit_test(a_very_deep_proof_is_written),
        cmocka_unit_test(a_full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
