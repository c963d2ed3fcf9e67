/* embed.c - the commands over embeddings: train, evaluate, predict, score. */
#include "embed/embed.h"
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

int command_train(Cli *cli, const Command *command, int argc, char **argv)
{
    const char *model = NULL, *name = NULL, *config = NULL;
    EmbedTrainOptions flags = {0};
    uint64_t dim = 0, epochs = 0;
    const Option options[] = {
        {"model", OPTION_TEXT, &model, "KIND", "transe (default), distmult, complex or rotate"},
        {"name", OPTION_TEXT, &name, "NAME", "what the model is called in the database (default: its kind)"},
        {"dim", OPTION_POSITIVE, &dim, "D", "numbers per entity"},
        {"epochs", OPTION_POSITIVE, &epochs, "N", "at most so many passes over the triples"},
        {"config", OPTION_TEXT, &config, "FILE", "a JSON object with these and all other settings"},
        {"valid", OPTION_TEXT, &flags.valid_file, "FILE", "triples to validate on (default: a sample held out)"},
        {"relations", OPTION_TEXT, &flags.relations, "A,B", "learn from these relations only"},
        {"time-budget", OPTION_AMOUNT, &flags.time_budget, "S", "stop after so many seconds, with the best so far"},
        {"resume", OPTION_FLAG, &flags.resume, NULL, "go on from the vectors of the model of this name"},
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    BaseArena arena = {0};
    BaseError err = {0};
    if (!READ_OPTIONS(options, 1, 1))
        goto done;
    EmbedTrainOptions train = {0};
    if (config && embed_read_options(config, &arena, &train, &err) != BASE_OK) {
        exit_code = report_error(cli, &err);
        goto done;
    }
    /* What stands on the command line wins over the file. */
    if (model)
        train.model = model;
    if (!train.model)
        train.model = "transe";
    if (dim)
        train.dim = (int64_t)(dim < 1000000 ? dim : 1000000);
    if (epochs)
        train.epochs = (int64_t)(epochs < 1000000000 ? epochs : 1000000000);
    if (flags.valid_file)
        train.valid_file = flags.valid_file;
    if (flags.relations)
        train.relations = flags.relations;
    if (flags.time_budget != 0)
        train.time_budget = flags.time_budget;
    if (train.seed == 0)
        train.seed = cli->seed;
    train.resume = train.resume || flags.resume;
    store = open_database(cli, words.items[0], false, false, &exit_code);
    if (!store)
        goto done;
    EmbedTrainReport report = {0};
    const BaseStatus status = embed_train(store, name ? name : train.model, &train, &report, &cli->job, &err);
    if (status == BASE_OK || report.saved)
        say(cli,
            "trained %s \"%s\": %s triples, %s entities, %s relations, dim %lld, %lld epochs (best %lld), "
            "validation MRR %.3f, %.1f s: %s",
            train.model, name ? name : train.model, grouped(report.triples), grouped(report.entities),
            grouped(report.relations), (long long)report.dim, (long long)report.epochs, (long long)report.best_epoch,
            report.valid_mrr, report.seconds, report.stopped);
    if (status != BASE_OK)
        exit_code = report_error(cli, &err);
done:
    close_database(cli, store);
    base_arena_free(&arena);
    free(words.items);
    return exit_code;
}

/* The database, a read or write transaction and the model named, opened together. */
typedef struct OpenModel {
    KgStore *store;
    KgTxn *txn;
    EmbedModel *model;
} OpenModel;

static bool open_model(Cli *cli, const char *path, const char *name, bool writes, OpenModel *open, int *exit_code)
{
    open->store = open_database(cli, path, false, !writes, exit_code);
    if (!open->store)
        return false;
    BaseError err = {0};
    BaseStatus status =
        writes ? kg_write_begin(open->store, &open->txn, &err) : kg_read_begin(open->store, &open->txn, &err);
    if (status == BASE_OK)
        status = embed_open(open->txn, name, &open->model, &err);
    if (status != BASE_OK)
        *exit_code = report_error(cli, &err);
    return status == BASE_OK;
}

static void close_model(Cli *cli, OpenModel *open)
{
    embed_close(open->model);
    kg_abort(open->txn);
    close_database(cli, open->store);
}

static void print_ranking(FILE *out, const char *side, const EmbedRanking *ranking)
{
    fprintf(out, "%s\t%.4f\t%.4f\t%.4f\t%.4f\t%.2f\t%llu\t%llu\n", side, ranking->mrr, ranking->hits1, ranking->hits3,
            ranking->hits10, ranking->mean_rank, (unsigned long long)ranking->queries,
            (unsigned long long)ranking->unseen);
}

int command_evaluate(Cli *cli, const Command *command, int argc, char **argv)
{
    const char *name = NULL, *test_file = NULL;
    TextList known_files = {0}, words = {0};
    const Option options[] = {
        {"name", OPTION_TEXT, &name, "NAME", "the model"},
        {"test", OPTION_TEXT, &test_file, "FILE", "the triples to rank"},
        {"known", OPTION_LIST, &known_files, "FILE", "more true triples to leave out of the ranking (repeatable)"},
    };
    int exit_code = EXIT_DONE;
    OpenModel open = {0};
    EmbedTriples test = {0}, known = {0};
    BaseError err = {0};
    if (!READ_OPTIONS(options, 1, 1))
        goto done;
    if (!name || !test_file) {
        exit_code = usage_error(command, "--name and --test are needed");
        goto done;
    }
    if (!open_model(cli, words.items[0], name, false, &open, &exit_code))
        goto done;
    BaseStatus status = embed_read_triples(open.txn, test_file, &test, &err);
    for (size_t i = 0; i < known_files.count && status == BASE_OK; i++)
        status = embed_read_triples(open.txn, known_files.items[i], &known, &err);
    EmbedEvaluation result = {0};
    if (status == BASE_OK)
        status = embed_evaluate(open.txn, open.model, test.items, test.count, known.items, known.count, &result,
                                &cli->job, &err);
    if (status != BASE_OK) {
        exit_code = report_error(cli, &err);
        goto done;
    }
    clear_progress(cli);
    if (cli->output && strcmp(cli->output, "json") == 0) {
        embed_write_evaluation(&result, cli->out);
        goto done;
    }
    fputs("side\tmrr\thits@1\thits@3\thits@10\tmean_rank\tqueries\tunseen\n", cli->out);
    print_ranking(cli->out, "both", &result.all);
    print_ranking(cli->out, "head", &result.head);
    print_ranking(cli->out, "tail", &result.tail);
done:
    close_model(cli, &open);
    free(test.items);
    free(known.items);
    free(known_files.items);
    free(words.items);
    return exit_code;
}

/* The pattern of "h r ?": one of three is "?", the others must be in the database. */
static BaseStatus read_pattern(KgTxn *txn, const char *text, KgTriple *out, BaseError *err)
{
    BaseArena arena = {0};
    const char *fields[3];
    KgId *const places[3] = {&out->s, &out->p, &out->o};
    size_t open_places = 0;
    BaseStatus status = split_fact(text, &arena, fields, err);
    for (int i = 0; i < 3 && status == BASE_OK; i++) {
        *places[i] = KG_ANY;
        if (strcmp(fields[i], "?") == 0)
            open_places++;
        else
            status = kg_find_name(txn, fields[i], places[i], err);
    }
    if (status == BASE_OK && open_places != 1)
        status = base_fail(err, BASE_BAD_CALL, "one of the three is to be ?, as in 'dog.n.01 hypernym ?'");
    base_arena_free(&arena);
    return status;
}

static BaseStatus print_answers(Cli *cli, KgTxn *txn, const EmbedAnswer *answers, size_t count, BaseError *err)
{
    const bool json = cli->output && strcmp(cli->output, "json") == 0;
    BaseBuffer name = {0};
    BaseStatus status = BASE_OK;
    fputs(json ? "[" : "rank\tanswer\tscore\tprobability\n", cli->out);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        name.count = 0;
        status = kg_write_term(txn, answers[i].id, KG_SYNTAX_NAME, &name, err);
        if (status != BASE_OK)
            break;
        if (json) {
            fputs(i ? ",\n {\"answer\":" : "\n {\"answer\":", cli->out);
            base_json_string(cli->out, name.items, name.count);
            fprintf(cli->out, ",\"score\":%.6g,\"probability\":%.4f}", (double)answers[i].score,
                    answers[i].probability);
        } else {
            fprintf(cli->out, "%zu\t%s\t%.4f\t%.4f\n", i + 1, name.items, (double)answers[i].score,
                    answers[i].probability);
        }
    }
    if (json)
        fputs("\n]\n", cli->out);
    base_buffer_free(&name);
    return status;
}

int command_predict(Cli *cli, const Command *command, int argc, char **argv)
{
    const char *name = NULL;
    uint64_t k = 10;
    double threshold = -1;
    TextList words = {0};
    const Option options[] = {
        {"name", OPTION_TEXT, &name, "NAME", "the model"},
        {"k", OPTION_POSITIVE, &k, "N", "how many answers (default 10)"},
        {"store", OPTION_SHARE, &threshold, "T", "keep answers of at least this probability in predicted"},
    };
    int exit_code = EXIT_DONE;
    OpenModel open = {0};
    EmbedAnswer *answers = NULL;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 2, 2))
        goto done;
    if (!name || k == 0 || k > 1000000) {
        exit_code = usage_error(command, name ? "-k takes 1 to 1000000" : "--name is needed");
        goto done;
    }
    if (!open_model(cli, words.items[0], name, threshold >= 0, &open, &exit_code))
        goto done;
    answers = calloc((size_t)k, sizeof *answers);
    BaseStatus status = answers ? BASE_OK : base_fail(&err, BASE_NO_MEMORY, "no memory for %s answers", grouped(k));
    KgTriple pattern = {0};
    size_t count = 0;
    if (status == BASE_OK)
        status = read_pattern(open.txn, words.items[1], &pattern, &err);
    if (status == BASE_OK)
        status = embed_predict(open.txn, open.model, pattern, (size_t)k, answers, &count, &err);
    if (status == BASE_OK)
        status = print_answers(cli, open.txn, answers, count, &err);
    if (status == BASE_OK && threshold >= 0) {
        size_t stored = 0;
        status = embed_store_predictions(open.txn, open.model, pattern, answers, count, threshold, &stored, &err);
        if (status == BASE_OK) {
            status = kg_commit(open.txn, &err);
            open.txn = NULL;
        }
        if (status == BASE_OK)
            say(cli, "kept %s of %s answers in predicted", grouped(stored), grouped(count));
    }
    if (status != BASE_OK)
        exit_code = report_error(cli, &err);
done:
    close_model(cli, &open);
    free(answers);
    free(words.items);
    return exit_code;
}

static BaseStatus print_scores(Cli *cli, KgTxn *txn, const EmbedTriples *triples, const EmbedScore *scores,
                               BaseError *err)
{
    BaseBuffer line = {0};
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < triples->count && status == BASE_OK; i++) {
        const KgId terms[3] = {triples->items[i].s, triples->items[i].p, triples->items[i].o};
        line.count = 0;
        for (int j = 0; j < 3 && status == BASE_OK; j++) {
            if (terms[j] == KG_ANY)
                base_buffer_add(&line, "?", 1);
            else
                status = kg_write_term(txn, terms[j], KG_SYNTAX_NAME, &line, err);
            if (!base_buffer_add(&line, "\t", 1))
                status = base_fail(err, BASE_NO_MEMORY, "no memory to print a triple");
        }
        if (status != BASE_OK)
            break;
        if (scores[i].known)
            fprintf(cli->out, "%s%.6g\t%.4f\n", line.items, (double)scores[i].score, scores[i].probability);
        else
            fprintf(cli->out, "%s-\t-\n", line.items);
    }
    base_buffer_free(&line);
    return status;
}

int command_score(Cli *cli, const Command *command, int argc, char **argv)
{
    const char *name = NULL;
    TextList words = {0};
    const Option options[] = {{"name", OPTION_TEXT, &name, "NAME", "the model"}};
    int exit_code = EXIT_DONE;
    OpenModel open = {0};
    EmbedTriples triples = {0};
    EmbedScore *scores = NULL;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 2, 2))
        goto done;
    if (!name) {
        exit_code = usage_error(command, "--name is needed");
        goto done;
    }
    if (!open_model(cli, words.items[0], name, false, &open, &exit_code))
        goto done;
    BaseStatus status = embed_read_triples(open.txn, words.items[1], &triples, &err);
    if (status == BASE_OK && triples.count > 0) {
        scores = calloc(triples.count, sizeof *scores);
        status = scores ? embed_score(open.model, triples.items, triples.count, scores, &cli->job, &err)
                        : base_fail(&err, BASE_NO_MEMORY, "no memory for %s scores", grouped(triples.count));
    }
    clear_progress(cli);
    if (status == BASE_OK)
        status = print_scores(cli, open.txn, &triples, scores, &err);
    if (status != BASE_OK)
        exit_code = report_error(cli, &err);
done:
    close_model(cli, &open);
    free(scores);
    free(triples.items);
    free(words.items);
    return exit_code;
}
