/* Linking: candidates by label, the graph's word in it, joint linking of labels, and NIL. */
#include "graph.h"
#include "near.h"

#include "embed/mentions.h"

static const char facts[] = "dog.n.01 label \"domestic dog\"\n"
                            "dog.n.01 lemma \"dog\"\n"
                            "dog.n.01 hypernym canine.n.02\n"
                            "corgi.n.01 hypernym dog.n.01\n"
                            "poodle.n.01 hypernym dog.n.01\n"
                            "dog.n.03 label \"dog\"\n"
                            "dog.n.03 lemma \"dog\"\n"
                            "dog.n.03 hypernym chap.n.01\n"
                            "andiron.n.01 lemma \"dog\"\n"
                            "andiron.n.01 hypernym support.n.10\n"
                            "chase.v.01 lemma \"chase\"\n"
                            "chase.v.01 hypernym pursue.v.02\n"
                            "cat.n.01 lemma \"cat\"\n"
                            "cat.n.01 hypernym feline.n.01\n"
                            "new_york.n.01 label \"New York\"\n"
                            "new_york.n.01 part_of america.n.01\n"
                            "new_york_city.n.01 lemma \"New_York_City\"\n"
                            "new_york_city.n.01 part_of america.n.01\n"
                            "york.n.01 label \"York\"\n"
                            "york.n.01 part_of england.n.01\n"
                            "hof.n.01 label \"h\xc3\xb4pital\"\n"
                            "hof.n.01 kind building.n.01\n"
                            "digit.n.01 hypernym number.n.02\n"
                            "one.n.01 lemma \"one\"\n"
                            "one.n.01 hypernym digit.n.01\n"
                            "two.n.01 lemma \"two\"\n"
                            "two.n.01 hypernym digit.n.01\n"
                            "nine.n.01 lemma \"nine\"\n"
                            "nine.n.01 hypernym digit.n.01\n"
                            "club.n.01 lemma \"nine\"\n"
                            "club.n.01 hypernym team.n.01\n"
                            "member.n.01 member_of club.n.01\n"
                            "member.n.02 member_of club.n.01\n"
                            "member.n.03 member_of club.n.01\n"
                            "member.n.04 member_of club.n.01\n"
                            "member.n.05 member_of club.n.01\n"
                            "member.n.06 member_of club.n.01\n"
                            "bare knows other\n";

static Graph graph;
static KgTxn *txn;

static int set_up(void **state)
{
    (void)state;
    graph = make_graph();
    add_triples(&graph, KG_ASSERTED, facts);
    txn = begin_read(&graph);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kg_abort(txn);
    free_graph(&graph);
    return 0;
}

static EmbedLinks link_text(const char *text, const EmbedLinkOptions *options)
{
    BaseError err = {0};
    EmbedLinks links = {0};
    expect_ok(embed_link_text(txn, text, strlen(text), options, &links, NULL, &err), &err);
    for (size_t i = 0; i < links.count; i++) {
        const EmbedMention *const mention = &links.mentions[i];
        double sum = 0;
        assert_memory_equal(mention->text, text + mention->start, mention->length);
        assert_int_equal(strlen(mention->text), mention->length);
        for (size_t j = 0; j < mention->candidate_count; j++) {
            sum += mention->candidates[j].score;
            assert_true(mention->candidates[j].score > 0 && mention->candidates[j].score <= 1);
            assert_true(j == 0 || mention->candidates[j].score <= mention->candidates[j - 1].score);
            assert_non_null(mention->candidates[j].evidence);
        }
        assert_true(sum <= 1 + 1e-9);
    }
    return links;
}

static void expect_link(const EmbedMention *mention, const char *text, const char *entity)
{
    assert_string_equal(mention->text, text);
    if (!entity) {
        assert_int_equal(mention->chosen, -1);
        return;
    }
    assert_true(mention->chosen >= 0);
    const KgId chosen = mention->candidates[mention->chosen].entity;
    if (chosen != id_of(txn, entity)) {
        BaseBuffer name = {0};
        kg_write_term(txn, chosen, KG_SYNTAX_NAME, &name, NULL);
        fail_msg("%s linked to %s, expected %s", text, name.items, entity);
    }
}

static void a_sentence_is_linked_word_by_word(void **state)
{
    (void)state;
    EmbedLinks links = link_text("A dog chased the cats, frobbing.", NULL);
    assert_int_equal(links.count, 4);
    expect_link(&links.mentions[0], "dog", "dog.n.01");
    expect_link(&links.mentions[1], "chased", "chase.v.01");
    expect_link(&links.mentions[2], "cats", "cat.n.01");
    expect_link(&links.mentions[3], "frobbing", NULL);
    assert_int_equal(links.mentions[0].candidate_count, 3);
    assert_non_null(strstr(links.mentions[0].candidates[0].evidence, "lemma \"dog\""));
    embed_links_free(&links);
}

static void the_longest_name_wins_but_not_past_punctuation(void **state)
{
    (void)state;
    EmbedLinks links = link_text("new  york city; New York. York, new, York", NULL);
    assert_int_equal(links.count, 5);
    expect_link(&links.mentions[0], "new  york city", "new_york_city.n.01");
    expect_link(&links.mentions[1], "New York", "new_york.n.01");
    expect_link(&links.mentions[2], "York", "york.n.01");
    expect_link(&links.mentions[3], "new", NULL);
    expect_link(&links.mentions[4], "York", "york.n.01");
    embed_links_free(&links);
}

static void names_are_found_in_other_forms(void **state)
{
    (void)state;
    /* Upper case, another Unicode form (o + combining circumflex), an entity called by its id alone. */
    EmbedLinks links = link_text("NEW_YORK, ho\xcc\x82pital, bare", NULL);
    assert_int_equal(links.count, 3);
    expect_link(&links.mentions[0], "NEW_YORK", "new_york.n.01");
    expect_link(&links.mentions[1], "ho\xcc\x82pital", "hof.n.01");
    expect_link(&links.mentions[2], "bare", "bare");
    embed_links_free(&links);
}

static void an_ending_is_cut_only_where_nothing_else_fits(void **state)
{
    (void)state;
    EmbedLinks plain = link_text("dog", NULL), plural = link_text("dogs", NULL);
    expect_link(&plural.mentions[0], "dogs", "dog.n.01");
    assert_true(plural.mentions[0].candidates[0].score < plain.mentions[0].candidates[0].score);
    embed_links_free(&plain);
    embed_links_free(&plural);
}

static void candidates_threshold_and_predicates_can_be_chosen(void **state)
{
    (void)state;
    EmbedLinks links = link_text("dog", &(EmbedLinkOptions){.candidates = 1});
    assert_int_equal(links.mentions[0].candidate_count, 1);
    embed_links_free(&links);
    links = link_text("dog", &(EmbedLinkOptions){.threshold = 0.99});
    assert_int_equal(links.mentions[0].chosen, -1);
    assert_int_equal(links.mentions[0].candidate_count, 3);
    embed_links_free(&links);
    const char *const label[] = {"label"};
    links = link_text("dog", &(EmbedLinkOptions){.predicates = label, .predicate_count = 1});
    expect_link(&links.mentions[0], "dog", "dog.n.03");
    assert_int_equal(links.mentions[0].candidate_count, 1);
    embed_links_free(&links);
}

static void empty_and_odd_texts_have_no_mentions(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "   ", "the of and", "... -- !?", "\n\t", "'", "_"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        EmbedLinks links = link_text(texts[i], NULL);
        assert_int_equal(links.count, 0);
        embed_links_free(&links);
    }
    BaseError err = {0};
    EmbedLinks links = {0};
    assert_int_equal(embed_link_text(txn, "a\xff", 2, NULL, &links, NULL, &err), BASE_BAD_INPUT);
    expect_words(&err, "byte 1");
    assert_int_equal(links.count, 0);
}

static void labels_of_one_set_are_linked_by_what_they_share(void **state)
{
    (void)state;
    BaseError err = {0};
    static const char *const digits[] = {"one", "two", "nine", "zyzzy"};
    EmbedLinks links = {0};
    expect_ok(embed_link_labels(txn, digits, 4, NULL, &links, NULL, &err), &err);
    assert_int_equal(links.count, 4);
    expect_link(&links.mentions[0], "one", "one.n.01");
    expect_link(&links.mentions[2], "nine", "nine.n.01");
    expect_link(&links.mentions[3], "zyzzy", NULL);
    assert_non_null(strstr(links.mentions[2].candidates[0].evidence, "shares digit.n.01 by hypernym with 2 of 3"));
    embed_links_free(&links);
    expect_ok(embed_link_labels(txn, NULL, 0, NULL, &links, NULL, &err), &err);
    assert_int_equal(links.count, 0);
    embed_links_free(&links);
}

static void a_model_gives_its_word_for_entities_that_are_alike(void **state)
{
    (void)state;
    BaseError err = {0};
    EmbedTrainReport report;
    expect_ok(embed_train(graph.store, "m", &(EmbedTrainOptions){.dim = 8, .epochs = 5}, &report, NULL, &err), &err);
    EmbedModel *const model = open_model(&graph, "m");
    EmbedLinks links = link_text("dog cat nine", &(EmbedLinkOptions){.model = model});
    assert_int_equal(links.count, 3);
    assert_true(links.mentions[0].chosen >= 0);
    embed_links_free(&links);
    embed_close(model);
}

static void a_kept_link_carries_its_evidence(void **state)
{
    (void)state;
    BaseError err = {0};
    KgTxn *write = NULL;
    expect_ok(kg_write_begin(graph.store, &write, &err), &err);
    const KgTriple triple = {id_of(write, "bare"), id_of(write, "knows"), id_of(write, "nine.n.01")};
    const KgEvidence evidence = {.mention = "nine", .source = "--text", .method = "label", .score = 0.8};
    bool added = false;
    expect_ok(embed_store_link(write, triple, 0.8, &evidence, &added, &err), &err);
    assert_true(added);
    KgNote note;
    expect_ok(kg_get(write, KG_OBSERVED, triple, &note, &err), &err);
    assert_near((double)note.score, 0.8, 1e-6);
    assert_int_not_equal(note.source, 0);
    kg_abort(write);
}

static void words_keep_their_inner_signs(void **state)
{
    (void)state;
    static const char text[] = "The cat-o'-nine-tails, d\xc3\xa9j\xc3\xa0 vu (U.S.) x_y 3.5";
    static const char *const expected[] = {"The", "cat-o'-nine-tails", "d\xc3\xa9j\xc3\xa0", "vu", "U.S", "x_y", "3.5"};
    BaseError err = {0};
    EmbedWords words = {0};
    expect_ok(embed_words(text, sizeof text - 1, &words, &err), &err);
    assert_int_equal(words.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(words.items[i].length, strlen(expected[i]));
        assert_memory_equal(text + words.items[i].start, expected[i], words.items[i].length);
        assert_int_equal(words.items[i].is_stop, i == 0);
    }
    assert_true(words.items[1].ends_phrase);
    assert_false(words.items[2].ends_phrase);
    free(words.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_is_linked_word_by_word),
        cmocka_unit_test(the_longest_name_wins_but_not_past_punctuation),
        cmocka_unit_test(names_are_found_in_other_forms),
        cmocka_unit_test(an_ending_is_cut_only_where_nothing_else_fits),
        cmocka_unit_test(candidates_threshold_and_predicates_can_be_chosen),
        cmocka_unit_test(empty_and_odd_texts_have_no_mentions),
        cmocka_unit_test(labels_of_one_set_are_linked_by_what_they_share),
        cmocka_unit_test(a_model_gives_its_word_for_entities_that_are_alike),
        cmocka_unit_test(a_kept_link_carries_its_evidence),
        cmocka_unit_test(words_keep_their_inner_signs),
    };
    return cmocka_run_group_tests_name("embed.link", tests, set_up, tear_down);
}
