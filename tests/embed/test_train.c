/* Training: it learns, it repeats itself, it keeps its model in one piece, and it can be stopped. */
#include "graph.h"
#include "near.h"

#include "embed/model.h"

#include <dirent.h>
#include <math.h>

static EmbedTrainOptions small_options(const char *model)
{
    return (EmbedTrainOptions){.model = model, .dim = 16, .epochs = 60, .batch = 32, .seed = 11, .valid_share = 0.05};
}

static double mrr_of(Graph *graph, const char *name)
{
    BaseError err = {0};
    EmbedModel *const model = open_model(graph, name);
    KgTxn *const txn = begin_read(graph);
    KgTriple test[24];
    char a[8], b[8];
    for (int i = 0; i < 24; i++) {
        snprintf(a, sizeof a, "p%d", i);
        snprintf(b, sizeof b, "p%d", (i + 1) % 24);
        test[i] = (KgTriple){id_of(txn, a), id_of(txn, "next"), id_of(txn, b)};
    }
    EmbedEvaluation evaluation = {0};
    expect_ok(embed_evaluate(txn, model, test, 24, NULL, 0, &evaluation, NULL, &err), &err);
    kg_abort(txn);
    embed_close(model);
    return evaluation.all.mrr;
}

static void every_model_learns_a_small_graph(void **state)
{
    (void)state;
    for (int kind = 0; kind < EMBED_KINDS; kind++) {
        for (int variant = 0; variant < 3; variant++) {
            BaseError err = {0};
            Graph graph = make_graph();
            add_ring(&graph, 24);
            EmbedTrainReport report;
            EmbedTrainOptions options = small_options(embed_kind_names[kind]);
            options.reciprocal = variant == 1 ? EMBED_OFF : EMBED_ON;
            options.loss = variant == 2 ? EMBED_LOSS_SAMPLED : EMBED_LOSS_ALL;
            options.negatives = 8;
            options.rate = 0.05;
            options.patience = 1000;
            EmbedTrainOptions none = options;
            none.epochs = 1;
            none.rate = 1e-9;
            expect_ok(embed_train(graph.store, "before", &none, &report, NULL, &err), &err);
            expect_ok(embed_train(graph.store, "after", &options, &report, NULL, &err), &err);
            assert_int_equal(report.entities, 26);
            assert_int_equal(report.relations, 3);
            assert_true(report.saved);
            const double before = mrr_of(&graph, "before"), after = mrr_of(&graph, "after");
            if (!(after > 0.5 && after > before + 0.2))
                fail_msg("%s, variant %d: MRR %g before, %g after", embed_kind_names[kind], variant, before, after);
            free_graph(&graph);
        }
    }
}

static void the_same_seed_gives_the_same_vectors_to_the_bit(void **state)
{
    (void)state;
    static const char *const names[] = {"one", "two", "other"};
    for (int loss = EMBED_LOSS_ALL; loss <= EMBED_LOSS_SAMPLED; loss++) {
        BaseError err = {0};
        Graph graph = make_graph();
        add_ring(&graph, 24);
        EmbedModel *models[3];
        for (int i = 0; i < 3; i++) {
            EmbedTrainReport report;
            EmbedTrainOptions options = small_options("transe");
            options.epochs = 5;
            options.dropout = 0.2;
            options.loss = (EmbedLoss)loss;
            options.seed = i < 2 ? 11 : 12;
            BaseJob job = {.threads = 2};
            expect_ok(embed_train(graph.store, names[i], &options, &report, &job, &err), &err);
            models[i] = open_model(&graph, names[i]);
        }
        KgTxn *const txn = begin_read(&graph);
        const KgId entity = id_of(txn, "p7");
        const size_t bytes = 16 * sizeof(float);
        assert_memory_equal(embed_vector(models[0], entity), embed_vector(models[1], entity), bytes);
        assert_memory_not_equal(embed_vector(models[0], entity), embed_vector(models[2], entity), bytes);
        kg_abort(txn);
        for (int i = 0; i < 3; i++)
            embed_close(models[i]);
        free_graph(&graph);
    }
}

static int count_model_files(const Graph *graph)
{
    char *const folder = base_join_path(kg_path(graph->store), "models");
    DIR *const dir = opendir(folder);
    assert_non_null(dir);
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    free(folder);
    return count;
}

static void a_model_trained_again_replaces_the_old_one_and_strays(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 12);
    EmbedTrainReport first, second;
    EmbedTrainOptions options = small_options("transe");
    options.epochs = 2;
    expect_ok(embed_train(graph.store, "m", &options, &first, NULL, &err), &err);
    expect_ok(embed_train(graph.store, "n", &options, &second, NULL, &err), &err);
    char *const folder = base_join_path(kg_path(graph.store), "models");
    char *const stray = base_join_path(folder, "m-999.safetensors");
    write_text_file(stray, "what a crash left");
    expect_ok(embed_train(graph.store, "m", &options, &second, NULL, &err), &err);
    assert_int_equal(first.model, second.model);
    assert_int_not_equal(first.run, second.run);
    assert_int_equal(count_model_files(&graph), 2);
    embed_close(open_model(&graph, "m"));
    embed_close(open_model(&graph, "n"));
    KgTxn *const txn = begin_read(&graph);
    BaseArena arena = {0};
    KgModel row;
    KgRun run;
    expect_ok(kg_find_model(txn, "m", &arena, &row, &err), &err);
    assert_string_equal(row.kind, "transe");
    assert_non_null(strstr(row.config, "\"dim\":16"));
    assert_non_null(strstr(row.metrics, "\"valid_mrr\""));
    expect_ok(kg_find_run(txn, second.run, &arena, &run, &err), &err);
    assert_string_equal(run.kind, "train");
    base_arena_free(&arena);
    kg_abort(txn);
    free(stray);
    free(folder);
    free_graph(&graph);
}

static void a_saved_model_reads_back_as_it_was(void **state)
{
    (void)state;
    for (int kind = 0; kind < EMBED_KINDS; kind++) {
        BaseError err = {0};
        Graph graph = make_graph();
        add_ring(&graph, 12);
        EmbedTrainReport report;
        EmbedTrainOptions options = small_options(embed_kind_names[kind]);
        options.epochs = 3;
        expect_ok(embed_train(graph.store, "m", &options, &report, NULL, &err), &err);
        EmbedModel *const model = open_model(&graph, "m");
        char *const path = base_join_path(graph.folder, "copy.safetensors");
        expect_ok(embed_model_save(model, path, &err), &err);
        EmbedModel *copy = NULL;
        expect_ok(embed_model_load(path, &copy, &err), &err);
        assert_int_equal(copy->form.kind, kind);
        assert_int_equal(copy->rows.entity_count, model->rows.entity_count);
        assert_memory_equal(copy->rows.entities, model->rows.entities, copy->rows.entity_count * sizeof(KgId));
        assert_memory_equal(copy->habits, model->habits, copy->form.relation_count * sizeof(EmbedHabit));
        assert_near(copy->platt[1].slope, model->platt[1].slope, 0);
        assert_near(copy->valid_mrr, report.valid_mrr, 0);
        for (uint32_t i = 0; i < copy->rows.entity_count; i++)
            assert_memory_equal(embed_vector(copy, copy->rows.entities[i]), embed_vector(model, copy->rows.entities[i]),
                                16 * sizeof(float));
        embed_close(copy);
        embed_close(model);
        free(path);
        free_graph(&graph);
    }
}

static void literals_and_inferred_facts_are_not_trained_on(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 12);
    add_triples(&graph, KG_INFERRED, "p0 hidden p5\n");
    EmbedTrainReport report;
    EmbedTrainOptions options = small_options("distmult");
    options.epochs = 1;
    expect_ok(embed_train(graph.store, "m", &options, &report, NULL, &err), &err);
    EmbedModel *const model = open_model(&graph, "m");
    KgTxn *const txn = begin_read(&graph);
    assert_true(embed_knows_relation(model, id_of(txn, "team")));
    assert_false(embed_knows_relation(model, id_of(txn, "age")));
    assert_false(embed_knows_relation(model, id_of(txn, "hidden")));
    assert_false(embed_knows_entity(model, id_of(txn, "\"3\"")));
    kg_abort(txn);
    embed_close(model);
    free_graph(&graph);
}

static void only_the_relations_asked_for_are_trained_on(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 12);
    EmbedTrainReport report;
    EmbedTrainOptions options = small_options("transe");
    options.epochs = 1;
    options.relations = "next, second";
    expect_ok(embed_train(graph.store, "m", &options, &report, NULL, &err), &err);
    assert_int_equal(report.relations, 2);
    assert_int_equal(report.entities, 12);
    options.relations = "next,nxet";
    assert_int_equal(embed_train(graph.store, "m", &options, &report, NULL, &err), BASE_BAD_INPUT);
    expect_words(&err, "nxet");
    free_graph(&graph);
}

static void a_valid_file_is_validated_on_and_known(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 12);
    char *const path = base_join_path(graph.folder, "valid.tsv");
    write_text_file(path, "p0\tnext\tp3\np1\tteam\tnowhere\n");
    EmbedTrainReport report;
    EmbedTrainOptions options = small_options("transe");
    options.epochs = 2;
    options.valid_file = path;
    expect_ok(embed_train(graph.store, "m", &options, &report, NULL, &err), &err);
    assert_int_equal(report.triples, 36);
    assert_int_equal(report.valid_triples, 2);
    assert_int_equal(report.valid_unseen, 1);
    write_text_file(path, "p0\tnext\tp3\np1\tnext\n");
    assert_int_equal(embed_train(graph.store, "m", &options, &report, NULL, &err), BASE_BAD_INPUT);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 8);
    err = (BaseError){0};
    options.valid_file = "no/such/file.tsv";
    assert_int_not_equal(embed_train(graph.store, "m", &options, &report, NULL, &err), BASE_OK);
    expect_words(&err, "no/such/file.tsv");
    free(path);
    free_graph(&graph);
}

static void cancel_in_the_third_epoch(void *context, const BaseStep *step)
{
    BaseJob *const job = *(BaseJob **)context;
    if (strncmp(step->stage, "epoch 3 ", 8) == 0)
        atomic_store(&job->cancelled, true);
}

static void a_cancelled_training_keeps_its_best_checkpoint(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 24);
    BaseJob *itself = NULL;
    BaseJob job = {.report = cancel_in_the_third_epoch, .context = &itself};
    itself = &job;
    EmbedTrainReport report;
    EmbedTrainOptions options = small_options("transe");
    options.valid_every = 1;
    options.epochs = 100000;
    options.patience = 100000;
    assert_int_equal(embed_train(graph.store, "m", &options, &report, &job, &err), BASE_CANCELLED);
    assert_true(report.saved);
    expect_words(&err, "kept");
    embed_close(open_model(&graph, "m"));
    free_graph(&graph);
}

static void a_training_cancelled_at_once_leaves_no_model(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 24);
    BaseJob job = {0};
    atomic_store(&job.cancelled, true);
    EmbedTrainReport report;
    const EmbedTrainOptions options = small_options("transe");
    assert_int_equal(embed_train(graph.store, "m", &options, &report, &job, &err), BASE_CANCELLED);
    assert_false(report.saved);
    EmbedModel *model = NULL;
    KgTxn *const txn = begin_read(&graph);
    assert_int_equal(embed_open(txn, "m", &model, NULL), BASE_NOT_FOUND);
    kg_abort(txn);
    free_graph(&graph);
}

static void a_time_budget_ends_a_training_with_a_result(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 24);
    EmbedTrainReport report;
    EmbedTrainOptions options = small_options("transe");
    options.epochs = 1000000;
    options.patience = 1000000;
    options.time_budget = 0.2;
    expect_ok(embed_train(graph.store, "m", &options, &report, NULL, &err), &err);
    assert_string_equal(report.stopped, "time budget");
    assert_true(report.saved && report.epochs >= 1);
    free_graph(&graph);
}

static void a_training_goes_on_from_a_model(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 24);
    EmbedTrainReport first, second;
    EmbedTrainOptions options = small_options("distmult");
    options.rate = 0.05;
    expect_ok(embed_train(graph.store, "m", &options, &first, NULL, &err), &err);
    EmbedModel *const old = open_model(&graph, "m");
    add_triples(&graph, KG_ASSERTED, "newcomer next p3\n");
    options.resume = true;
    options.epochs = 1;
    options.rate = 1e-6;
    expect_ok(embed_train(graph.store, "m", &options, &second, NULL, &err), &err);
    assert_int_equal(second.entities, first.entities + 1);
    EmbedModel *const new = open_model(&graph, "m");
    KgTxn *const txn = begin_read(&graph);
    for (int i = 0; i < 16; i++)
        assert_near((double)embed_vector(new, id_of(txn, "p7"))[i], (double)embed_vector(old, id_of(txn, "p7"))[i],
                    1e-4);
    kg_abort(txn);
    embed_close(old);
    embed_close(new);
    options.dim = 8;
    assert_int_equal(embed_train(graph.store, "m", &options, &second, NULL, &err), BASE_BAD_INPUT);
    expect_words(&err, "must be the same");
    free_graph(&graph);
}

static void what_cannot_be_trained_is_refused_with_a_reason(void **state)
{
    (void)state;
    Graph graph = make_graph();
    EmbedTrainReport report;
    static const struct {
        const char *name, *model, *words;
    } cases[] = {
        {"", "transe", "name"},     {"../m", "transe", "name"},   {NULL, "transe", "name"},
        {"m", "transe", "nothing"}, {"a b", "transe", "letters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BaseError err = {0};
        const EmbedTrainOptions options = {.model = cases[i].model};
        assert_int_equal(embed_train(graph.store, cases[i].name, &options, &report, NULL, &err), BASE_BAD_INPUT);
        expect_words(&err, cases[i].words);
    }
    BaseError err = {0};
    add_ring(&graph, 5);
    assert_int_equal(embed_train(graph.store, "m", &(EmbedTrainOptions){.model = "trans"}, &report, NULL, &err),
                     BASE_BAD_INPUT);
    expect_words(&err, "\"transe\"");
    free_graph(&graph);
}

static void a_graph_of_one_triple_trains(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_triples(&graph, KG_ASSERTED, "a knows b\n");
    EmbedTrainReport report;
    expect_ok(embed_train(graph.store, "m", &(EmbedTrainOptions){.epochs = 2}, &report, NULL, &err), &err);
    assert_near(report.valid_mrr, -1, 0);
    assert_int_equal(report.valid_triples, 0);
    EmbedModel *const model = open_model(&graph, "m");
    assert_false(embed_info(model).is_calibrated);
    embed_close(model);
    free_graph(&graph);
}

static void a_missing_model_is_named_with_those_there_are(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 5);
    EmbedTrainReport report;
    expect_ok(embed_train(graph.store, "first", &(EmbedTrainOptions){.epochs = 1}, &report, NULL, &err), &err);
    KgTxn *const txn = begin_read(&graph);
    EmbedModel *model = NULL;
    assert_int_equal(embed_open(txn, "frist", &model, &err), BASE_NOT_FOUND);
    assert_null(model);
    assert_non_null(strstr(err.message, "frist"));
    assert_non_null(strstr(err.hint, "first"));
    kg_abort(txn);
    free_graph(&graph);
}

static void a_damaged_or_missing_model_file_is_bad_input(void **state)
{
    (void)state;
    BaseError err = {0};
    Graph graph = make_graph();
    add_ring(&graph, 5);
    EmbedTrainReport report;
    expect_ok(embed_train(graph.store, "m", &(EmbedTrainOptions){.epochs = 1}, &report, NULL, &err), &err);
    char *path = NULL;
    assert_true(asprintf(&path, "%s/models/m-%u.safetensors", kg_path(graph.store), report.run) > 0);
    KgTxn *const txn = begin_read(&graph);
    EmbedModel *model = NULL;
    write_text_file(path, "not a model");
    assert_int_equal(embed_open(txn, "m", &model, &err), BASE_BAD_INPUT);
    assert_int_equal(remove(path), 0);
    err = (BaseError){0};
    assert_int_equal(embed_open(txn, "m", &model, &err), BASE_BAD_INPUT);
    expect_words(&err, path);
    /* A safetensors file that is no embedding. */
    NnParameters *const other = nn_parameters_new(1);
    assert_true(nn_parameter_add(other, "weight", NN_SHAPE(2, 2), NN_ONE, 0) >= 0);
    err = (BaseError){0};
    expect_ok(nn_save(other, path, "{\"room\": \"nn\"}", &err), &err);
    assert_int_equal(embed_open(txn, "m", &model, &err), BASE_BAD_INPUT);
    expect_words(&err, "not an embedding model");
    nn_parameters_free(other);
    kg_abort(txn);
    free(path);
    free_graph(&graph);
}

/* The facts of a shared TSV, through the store. */
static void add_file(Graph *graph, const char *path)
{
    BaseError err = {0};
    BaseInput *input = NULL;
    BaseBuffer text = {0};
    const char *line;
    size_t length;
    expect_ok(base_input_open(path, &input, &err), &err);
    while (base_input_line(input, &line, &length, &err) == BASE_OK) {
        assert_true(base_buffer_add(&text, line, length) && base_buffer_add(&text, "\n", 1));
        for (size_t i = text.count - length - 1; i < text.count; i++)
            if (text.items[i] == '\t')
                text.items[i] = ' ';
    }
    base_input_close(input);
    add_triples(graph, KG_ASSERTED, text.items);
    base_buffer_free(&text);
}

static void a_short_training_on_umls_ranks_well(void **state)
{
    (void)state;
    char train[4096], valid[4096], test[4096];
    snprintf(train, sizeof train, "%s", need_shared("data/kge/UMLS/train.tsv.gz"));
    snprintf(valid, sizeof valid, "%s", need_shared("data/kge/UMLS/valid.tsv.gz"));
    snprintf(test, sizeof test, "%s", need_shared("data/kge/UMLS/test.tsv.gz"));
    BaseError err = {0};
    Graph graph = make_graph();
    add_file(&graph, train);
    EmbedTrainReport report;
    const EmbedTrainOptions options = {.valid_file = valid, .epochs = 8, .seed = 1};
    expect_ok(embed_train(graph.store, "umls", &options, &report, NULL, &err), &err);
    EmbedModel *const model = open_model(&graph, "umls");
    KgTxn *const txn = begin_read(&graph);
    EmbedTriples triples = {0}, known = {0};
    EmbedEvaluation evaluation = {0};
    expect_ok(embed_read_triples(txn, test, &triples, &err), &err);
    expect_ok(embed_read_triples(txn, valid, &known, &err), &err);
    expect_ok(
        embed_evaluate(txn, model, triples.items, triples.count, known.items, known.count, &evaluation, NULL, &err),
        &err);
    print_message("UMLS after %d epochs: MRR %.4f on %d queries, %.1f s\n", (int)report.epochs, evaluation.all.mrr,
                  (int)evaluation.all.queries, report.seconds);
    assert_int_equal(evaluation.all.queries, 1322);
    assert_true(evaluation.all.mrr > 0.6);
    free(triples.items);
    free(known.items);
    kg_abort(txn);
    embed_close(model);
    free_graph(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_learns_a_small_graph),
        cmocka_unit_test(the_same_seed_gives_the_same_vectors_to_the_bit),
        cmocka_unit_test(a_model_trained_again_replaces_the_old_one_and_strays),
        cmocka_unit_test(a_saved_model_reads_back_as_it_was),
        cmocka_unit_test(literals_and_inferred_facts_are_not_trained_on),
        cmocka_unit_test(only_the_relations_asked_for_are_trained_on),
        cmocka_unit_test(a_valid_file_is_validated_on_and_known),
        cmocka_unit_test(a_cancelled_training_keeps_its_best_checkpoint),
        cmocka_unit_test(a_training_cancelled_at_once_leaves_no_model),
        cmocka_unit_test(a_time_budget_ends_a_training_with_a_result),
        cmocka_unit_test(a_training_goes_on_from_a_model),
        cmocka_unit_test(what_cannot_be_trained_is_refused_with_a_reason),
        cmocka_unit_test(a_graph_of_one_triple_trains),
        cmocka_unit_test(a_missing_model_is_named_with_those_there_are),
        cmocka_unit_test(a_damaged_or_missing_model_file_is_bad_input),
        cmocka_unit_test(a_short_training_on_umls_ranks_well),
    };
    return cmocka_run_group_tests_name("embed.train", tests, NULL, NULL);
}
