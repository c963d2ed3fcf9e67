/* Filtered ranks against a ranking written out triple by triple. */
#include "graph.h"
#include "near.h"

#include "embed/model.h"
#include "embed/rank.h"

#include <math.h>

enum { ENTITIES = 23, RELATIONS = 3, DIM = 4 };

/* Whole-number vectors: many scores are equal, so that ties matter. */
static NnParameters *make_parameters(uint64_t seed)
{
    BaseRandom random;
    base_random_seed(&random, seed);
    NnParameters *const parameters = nn_parameters_new(seed);
    const int64_t rows[] = {ENTITIES, 2 * RELATIONS};
    const char *const names[] = {"entity", "relation"};
    for (int i = 0; i < 2; i++) {
        const int parameter = nn_parameter_add(parameters, names[i], NN_SHAPE(rows[i], DIM), NN_ZERO, 0);
        float *const values = nn_parameter_values(parameters, parameter);
        for (int64_t j = 0; j < rows[i] * DIM; j++)
            values[j] = (float)base_random_below(&random, 3) - 1.0f;
    }
    return parameters;
}

static double naive_score(NnParameters *parameters, uint32_t x, uint32_t r, uint32_t answer)
{
    const float *const entity = nn_parameter_values(parameters, 0), *const relation =
                                                                        nn_parameter_values(parameters, 1);
    double sum = 0;
    for (int i = 0; i < DIM; i++)
        sum += (double)(entity[x * DIM + (uint32_t)i] * relation[r * DIM + (uint32_t)i] *
                        entity[answer * DIM + (uint32_t)i]);
    return sum;
}

static bool is_in(const EmbedFact *facts, size_t count, uint32_t h, uint32_t r, uint32_t t)
{
    for (size_t i = 0; i < count; i++)
        if (facts[i].h == h && facts[i].r == r && facts[i].t == t)
            return true;
    return false;
}

static double naive_rank(NnParameters *parameters, const EmbedFact *known, size_t known_count, EmbedFact fact,
                         bool is_head)
{
    const uint32_t x = is_head ? fact.t : fact.h, answer = is_head ? fact.h : fact.t;
    const uint32_t row = fact.r + (is_head ? RELATIONS : 0);
    const double own = naive_score(parameters, x, row, answer);
    double better = 0, equal = 0;
    for (uint32_t e = 0; e < ENTITIES; e++) {
        if (e == answer)
            continue;
        if (is_in(known, known_count, is_head ? e : x, fact.r, is_head ? x : e))
            continue;
        const double score = naive_score(parameters, x, row, e);
        better += score > own;
        equal += score == own;
    }
    return 1 + better + equal / 2;
}

static void ranks_agree_with_a_naive_ranking_ties_included(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        BaseError err = {0};
        BaseRandom random;
        base_random_seed(&random, seed);
        NnParameters *const parameters = make_parameters(seed);
        const EmbedForm form = {.kind = EMBED_DISTMULT,
                                .dim = DIM,
                                .reciprocal = true,
                                .entity_count = ENTITIES,
                                .relation_count = RELATIONS};
        EmbedFact items[300];
        for (int i = 0; i < 300; i++)
            items[i] = (EmbedFact){(uint32_t)base_random_below(&random, ENTITIES),
                                   (uint32_t)base_random_below(&random, RELATIONS),
                                   (uint32_t)base_random_below(&random, ENTITIES)};
        const EmbedFacts all = {.items = items, .count = 300};
        EmbedKnown known = {0};
        expect_ok(embed_known_new(&all, &known, &err), &err);
        BasePool *const pool = base_pool_new(2);
        EmbedPanel panel = {0};
        expect_ok(embed_panel_new(&form, parameters, pool, &panel, &err), &err);
        EmbedEvaluation got = {0};
        expect_ok(embed_rank(&panel, ENTITIES, items, 100, &known, false, &got, NULL, &err), &err);
        double mrr[2] = {0}, mean[2] = {0}, hits3 = 0;
        for (int i = 0; i < 100; i++) {
            for (int side = 0; side < 2; side++) {
                const double rank = naive_rank(parameters, items, 300, items[i], side == 1);
                mrr[side] += 1 / rank / 100;
                mean[side] += rank / 100;
                hits3 += rank <= 3;
            }
        }
        assert_near(got.tail.mrr, mrr[0], 1e-9);
        assert_near(got.head.mrr, mrr[1], 1e-9);
        assert_near(got.all.mrr, (mrr[0] + mrr[1]) / 2, 1e-9);
        assert_near(got.tail.mean_rank, mean[0], 1e-9);
        assert_near(got.head.mean_rank, mean[1], 1e-9);
        assert_near(got.all.hits3, hits3 / 200, 1e-9);
        assert_int_equal(got.all.queries, 200);
        assert_int_equal(got.tail.queries, 100);
        embed_panel_free(&panel);
        base_pool_free(pool);
        embed_known_free(&known);
        nn_parameters_free(parameters);
    }
}

static void a_model_that_knows_nothing_ranks_in_the_middle(void **state)
{
    (void)state;
    BaseError err = {0};
    NnParameters *const parameters = nn_parameters_new(1);
    assert_true(nn_parameter_add(parameters, "entity", NN_SHAPE(ENTITIES, DIM), NN_ZERO, 0) >= 0);
    assert_true(nn_parameter_add(parameters, "relation", NN_SHAPE(2 * RELATIONS, DIM), NN_ZERO, 0) >= 0);
    const EmbedForm form = {
        .kind = EMBED_DISTMULT, .dim = DIM, .reciprocal = true, .entity_count = ENTITIES, .relation_count = RELATIONS};
    EmbedPanel panel = {0};
    EmbedKnown known = {0};
    EmbedEvaluation got = {0};
    const EmbedFact fact = {3, 0, 5};
    expect_ok(embed_known_new(&(EmbedFacts){0}, &known, &err), &err);
    expect_ok(embed_panel_new(&form, parameters, NULL, &panel, &err), &err);
    expect_ok(embed_rank(&panel, ENTITIES, &fact, 1, &known, false, &got, NULL, &err), &err);
    assert_near(got.all.mean_rank, (ENTITIES + 1) / 2.0, 1e-12);
    assert_near(got.all.hits10, 0, 0);
    embed_panel_free(&panel);
    embed_known_free(&known);
    nn_parameters_free(parameters);
}

static void unseen_terms_are_queries_at_the_mean_of_what_is_left(void **state)
{
    (void)state;
    BaseError err = {0};
    NnParameters *const parameters = make_parameters(4);
    const EmbedForm form = {
        .kind = EMBED_DISTMULT, .dim = DIM, .reciprocal = true, .entity_count = ENTITIES, .relation_count = RELATIONS};
    EmbedFact items[] = {{0, 0, 1}, {0, 0, 2}};
    const EmbedFacts facts = {.items = items, .count = 2};
    const EmbedFact test[] = {{0, 0, EMBED_NO_ROW}, {1, EMBED_NO_ROW, 2}};
    EmbedPanel panel = {0};
    EmbedKnown known = {0};
    EmbedEvaluation got = {0};
    expect_ok(embed_known_new(&facts, &known, &err), &err);
    expect_ok(embed_panel_new(&form, parameters, NULL, &panel, &err), &err);
    expect_ok(embed_rank(&panel, ENTITIES, test, 2, &known, false, &got, NULL, &err), &err);
    assert_int_equal(got.all.queries, 4);
    assert_int_equal(got.all.unseen, 4);
    /* (0, 0, ?): 23 entities less 2 known, and the unseen one: 22 tied; (1, unseen, ?): 23 tied. */
    assert_near(got.tail.mean_rank, (11.5 + 12.0) / 2, 1e-12);
    embed_panel_free(&panel);
    embed_known_free(&known);
    nn_parameters_free(parameters);
}

static void no_test_triples_give_no_queries(void **state)
{
    (void)state;
    BaseError err = {0};
    NnParameters *const parameters = make_parameters(4);
    const EmbedForm form = {
        .kind = EMBED_DISTMULT, .dim = DIM, .reciprocal = true, .entity_count = ENTITIES, .relation_count = RELATIONS};
    EmbedPanel panel = {0};
    EmbedKnown known = {0};
    EmbedEvaluation got = {0};
    expect_ok(embed_known_new(&(EmbedFacts){0}, &known, &err), &err);
    expect_ok(embed_panel_new(&form, parameters, NULL, &panel, &err), &err);
    expect_ok(embed_rank(&panel, ENTITIES, NULL, 0, &known, false, &got, NULL, &err), &err);
    assert_int_equal(got.all.queries, 0);
    assert_near(got.all.mrr, 0, 0);
    embed_panel_free(&panel);
    embed_known_free(&known);
    nn_parameters_free(parameters);
}

static void known_triples_given_beside_the_database_are_passed_over(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 12);
    EmbedTrainReport report;
    const EmbedTrainOptions options = {.dim = 8, .epochs = 2, .seed = 3, .valid_share = -1};
    expect_ok(embed_train(graph.store, "m", &options, &report, NULL, &err), &err);
    EmbedModel *const model = open_model(&graph, "m");
    KgTxn *const txn = begin_read(&graph);
    const KgId next = id_of(txn, "next"), p0 = id_of(txn, "p0"), p5 = id_of(txn, "p5");
    const KgTriple test = {p0, next, p5};
    /* With every other tail known, only the asked one is left to rank. */
    KgTriple known[12];
    char name[8];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "p%d", i);
        known[i] = (KgTriple){p0, next, id_of(txn, name)};
    }
    KgTriple teams[2] = {{p0, next, id_of(txn, "team0")}, {p0, next, id_of(txn, "team1")}};
    EmbedEvaluation bare = {0}, filtered = {0};
    expect_ok(embed_evaluate(txn, model, &test, 1, teams, 2, &bare, NULL, &err), &err);
    KgTriple all[14];
    memcpy(all, known, sizeof known);
    memcpy(all + 12, teams, sizeof teams);
    expect_ok(embed_evaluate(txn, model, &test, 1, all, 14, &filtered, NULL, &err), &err);
    assert_near(filtered.tail.mrr, 1.0, 1e-12);
    assert_true(bare.tail.mean_rank <= 11); /* p1 is asserted and the teams are known: 11 people are left */
    assert_int_equal(bare.candidates, 14);
    kg_abort(txn);
    embed_close(model);
    free_graph(&graph);
}

static void an_evaluation_is_written_as_json(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *const out = open_memstream(&text, &length);
    embed_write_evaluation(&(EmbedEvaluation){.all = {.mrr = 0.5, .queries = 4, .unseen = 1}}, out);
    fclose(out);
    assert_non_null(strstr(text, "{\"mrr\":0.5,\"hits@1\":0,"));
    assert_non_null(strstr(text, "\"head\":{\"mrr\":0,"));
    assert_non_null(strstr(text, "\"queries\":4,\"unseen\":1}\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_agree_with_a_naive_ranking_ties_included),
        cmocka_unit_test(a_model_that_knows_nothing_ranks_in_the_middle),
        cmocka_unit_test(unseen_terms_are_queries_at_the_mean_of_what_is_left),
        cmocka_unit_test(no_test_triples_give_no_queries),
        cmocka_unit_test(known_triples_given_beside_the_database_are_passed_over),
        cmocka_unit_test(an_evaluation_is_written_as_json),
    };
    return cmocka_run_group_tests_name("embed.rank", tests, NULL, NULL);
}
