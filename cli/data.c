/* data.c - the commands that move and look after triples: import, export, stats, check, backup,
 * compact. */
#include "cli/cli.h"
#include "reasoner/reasoner.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

KgStore *open_database(Cli *cli, const char *path, bool create, bool read_only, int *exit_code)
{
    if (cli->store && strcmp(path, kg_path(cli->store)) == 0)
        return cli->store;
    KgStore *store = NULL;
    BaseError err = {0};
    if (kg_open(path, &(KgOptions){.create = create, .read_only = read_only}, &store, &err) != BASE_OK)
        *exit_code = report_error(cli, &err);
    else
        reasoner_keep(store);
    return store;
}

void close_database(Cli *cli, KgStore *store)
{
    if (store != cli->store)
        kg_close(store);
}

static const struct {
    const char *name;
    KgFormat format;
} file_formats[] = {{"tsv", KG_TSV},           {"csv", KG_CSV},       {"nt", KG_NTRIPLES},
                    {"ttl", KG_TURTLE},        {"nq", KG_NQUADS},     {"trig", KG_TRIG},
                    {"ntriples", KG_NTRIPLES}, {"turtle", KG_TURTLE}, {"nquads", KG_NQUADS}};

static bool find_format(const char *name, KgFormat *out)
{
    for (size_t i = 0; i < sizeof file_formats / sizeof *file_formats; i++)
        if (strcmp(file_formats[i].name, name) == 0) {
            *out = file_formats[i].format;
            return true;
        }
    return false;
}

int command_import(Cli *cli, const Command *command, int argc, char **argv)
{
    KgImportOptions import = {0};
    const char *format = NULL, *object = NULL;
    const Option options[] = {
        {"format", OPTION_TEXT, &format, "F", "tsv, csv, nt, ttl, nq or trig (default: by the file's name)"},
        {"graph", OPTION_TEXT, &import.graph, "G", "into this named graph what names none itself"},
        {"memory", OPTION_SIZE, &import.memory, "SIZE", "use no more than this, as 512M or 2G (default: a third)"},
        {"columns", OPTION_TEXT, &import.columns, "h,r,t", "which column is head, relation, tail; - skips one"},
        {"object", OPTION_TEXT, &object, "literal", "the tail column is plain text, taken as it stands"},
        {"type-relation", OPTION_TEXT, &import.type_relation, "NAME", "the relation that means rdf:type"},
        {"max-errors", OPTION_COUNT, &import.max_errors, "N", "import the rest when at most N lines are bad"},
        {"rejects", OPTION_TEXT, &import.rejects, "FILE", "put the bad lines there"},
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    if (!READ_OPTIONS(options, 2, SIZE_MAX))
        goto done;
    if (format && !find_format(format, &import.format)) {
        exit_code = usage_error(command, "--format %s is not offered (tsv, csv, nt, ttl, nq, trig are)", format);
        goto done;
    }
    if (object && strcmp(object, "literal") != 0) {
        exit_code = usage_error(command, "--object takes the word literal");
        goto done;
    }
    import.object_literal = object != NULL;
    store = open_database(cli, words.items[0], true, false, &exit_code);
    if (!store)
        goto done;
    KgImportReport report = {0};
    BaseError err = {0};
    const BaseSink sink = error_sink(cli);
    const BaseStatus status =
        kg_import(store, words.items + 1, words.count - 1, &import, &report, &sink, &cli->job, &err);
    if (status == BASE_OK) {
        say(cli, "imported %s triples (%s new) from %s lines in %.2f s, %s rejected", grouped(report.triples),
            grouped(report.added), grouped(report.lines), report.seconds, grouped(report.rejected));
    } else {
        exit_code = report_error(cli, &err);
    }
done:
    close_database(cli, store); /* takes a database away that was made for an import which failed */
    free(words.items);
    return exit_code;
}

/* Formats of triples have no room for named graphs; nothing is left out without a word. */
static BaseStatus say_what_is_left_out(Cli *cli, KgTxn *txn, KgFormat format, BaseError *err)
{
    KgId *graphs = NULL;
    size_t count = 0;
    if (format == KG_NQUADS || format == KG_TRIG)
        return BASE_OK;
    const BaseStatus status = kg_graphs(txn, &graphs, &count, err);
    if (status == BASE_OK && count > 0)
        say(cli, "%s named graph%s left out: --format nq or trig writes them, --graph G one of them", grouped(count),
            count == 1 ? " is" : "s are");
    free(graphs);
    return status;
}

static BaseStatus export_graph(Cli *cli, KgTxn *txn, const char *graph, unsigned layers, KgFormat format,
                               uint64_t *written, BaseError *err)
{
    KgId id = KG_ANY;
    BaseStatus status = graph ? kg_find_name(txn, graph, &id, err) : say_what_is_left_out(cli, txn, format, err);
    if (status != BASE_OK)
        return status;
    return graph ? kg_export_in(txn, id, layers, format, cli->out, written, &cli->job, err)
                 : kg_export(txn, layers, format, cli->out, written, &cli->job, err);
}

int command_export(Cli *cli, const Command *command, int argc, char **argv)
{
    const char *format_name = NULL, *graph = NULL;
    bool asserted = false, inferred = false, predicted = false, observed = false;
    const Option options[] = {
        {"format", OPTION_TEXT, &format_name, "F", "tsv (default), csv, nt, ttl, nq or trig"},
        {"graph", OPTION_TEXT, &graph, "G", "this named graph alone (nq and trig write all, others the default graph)"},
        {"asserted", OPTION_FLAG, &asserted, NULL, "what was imported (default: asserted and inferred)"},
        {"inferred", OPTION_FLAG, &inferred, NULL, "what rules derived"},
        {"predicted", OPTION_FLAG, &predicted, NULL, "what embeddings predicted"},
        {"observed", OPTION_FLAG, &observed, NULL, "what classifiers and texts brought"},
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    KgFormat format = KG_TSV;
    if (!READ_OPTIONS(options, 1, 1))
        goto done;
    const char *const wanted = format_name ? format_name : cli->output;
    if (wanted && !find_format(wanted, &format)) {
        exit_code = usage_error(command, "--format %s is not offered (tsv, csv, nt, ttl, nq, trig are)", wanted);
        goto done;
    }
    unsigned layers = (asserted ? KG_IN(KG_ASSERTED) : 0u) | (inferred ? KG_IN(KG_INFERRED) : 0u) |
                      (predicted ? KG_IN(KG_PREDICTED) : 0u) | (observed ? KG_IN(KG_OBSERVED) : 0u);
    store = open_database(cli, words.items[0], false, true, &exit_code);
    if (!store)
        goto done;
    if (cli->out_is_terminal)
        cli->job.report = NULL; /* progress would be drawn into the triples */
    BaseError err = {0};
    uint64_t written = 0;
    BaseStatus status = kg_read_begin(store, &txn, &err);
    if (status == BASE_OK)
        status = export_graph(cli, txn, graph, layers ? layers : KG_FACTS, format, &written, &err);
    if (status == BASE_OK)
        say(cli, "exported %s triples", grouped(written));
    else
        exit_code = report_error(cli, &err);
done:
    kg_abort(txn);
    close_database(cli, store);
    free(words.items);
    return exit_code;
}

static void format_time(int64_t seconds, char out[32])
{
    const time_t when = (time_t)seconds;
    struct tm utc;
    if (!gmtime_r(&when, &utc) || strftime(out, 32, "%Y-%m-%d %H:%M:%S", &utc) == 0)
        out[0] = '\0';
}

static BaseStatus print_catalog(Cli *cli, KgTxn *txn, BaseArena *arena, BaseError *err)
{
    KgImport *imports;
    KgRun *runs;
    KgModel *models;
    size_t count;
    char when[32];
    BaseStatus status = kg_imports(txn, arena, &imports, &count, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        format_time(imports[i].time, when);
        fprintf(cli->out,
                "import\t%u\t%s\t%s\t%llu triples, %llu new, %llu rejected\t%.2f s\t%llu lines\t%s\t%llu bytes",
                imports[i].id, imports[i].source, when, (unsigned long long)imports[i].triples,
                (unsigned long long)imports[i].added, (unsigned long long)imports[i].rejected, imports[i].seconds,
                (unsigned long long)imports[i].lines, imports[i].format, (unsigned long long)imports[i].bytes);
        format_time(imports[i].modified, when);
        fprintf(cli->out, "\t%s%s\t%s\n", imports[i].modified ? "of " : "", imports[i].modified ? when : "",
                imports[i].graph);
    }
    if (status == BASE_OK)
        status = kg_runs(txn, NULL, arena, &runs, &count, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        format_time(runs[i].time, when);
        fprintf(cli->out, "run\t%u\t%s %s\t%s\t%s\t%.2f s\n", runs[i].id, runs[i].kind, runs[i].name, when,
                runs[i].details ? runs[i].details : "", runs[i].seconds);
    }
    if (status == BASE_OK)
        status = kg_models(txn, arena, &models, &count, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        format_time(models[i].time, when);
        fprintf(cli->out, "model\t%u\t%s\t%s\t%s\t%s\n", models[i].id, models[i].name, when, models[i].kind,
                models[i].metrics ? models[i].metrics : "");
    }
    return status;
}

/* Distinct subjects and objects are of the state that the statistics are of, which the line `statistics` tells. */
static BaseStatus print_predicates(Cli *cli, KgTxn *txn, const KgStatistics *statistics, BaseError *err)
{
    KgPredicateCount *predicates = NULL;
    size_t count = 0;
    BaseBuffer name = {0};
    BaseMap rows = {0};
    BaseStatus status = kg_predicate_counts(txn, &predicates, &count, err);
    for (size_t i = 0; i < statistics->row_count && status == BASE_OK; i++)
        if (!base_map_put(&rows, statistics->rows[i].predicate, i, NULL))
            status = base_fail(err, BASE_NO_MEMORY, "no memory for statistics");
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        name.count = 0;
        status = kg_write_term(txn, predicates[i].predicate, KG_SYNTAX_NAME, &name, err);
        if (status != BASE_OK)
            break;
        fprintf(cli->out, "predicate\t%s\t%llu asserted\t%llu inferred\t%llu predicted\t%llu observed", name.items,
                (unsigned long long)predicates[i].asserted, (unsigned long long)predicates[i].inferred,
                (unsigned long long)predicates[i].predicted, (unsigned long long)predicates[i].observed);
        const uint64_t *const row = base_map_get(&rows, predicates[i].predicate);
        if (row)
            fprintf(cli->out, "\t%llu subjects\t%llu objects", (unsigned long long)statistics->rows[*row].subjects,
                    (unsigned long long)statistics->rows[*row].objects);
        fputs("\n", cli->out);
    }
    base_map_free(&rows);
    base_buffer_free(&name);
    free(predicates);
    return status;
}

static BaseStatus print_graphs(Cli *cli, KgTxn *txn, BaseError *err)
{
    KgId *graphs = NULL;
    size_t count = 0;
    BaseBuffer name = {0};
    BaseStatus status = kg_graphs(txn, &graphs, &count, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        uint64_t triples = 0;
        name.count = 0;
        status = kg_write_term(txn, graphs[i], KG_SYNTAX_NAME, &name, err);
        if (status == BASE_OK)
            status = kg_count_in(txn, graphs[i], KG_ALL_LAYERS, (KgTriple){0}, &triples, err);
        if (status == BASE_OK)
            fprintf(cli->out, "graph\t%s\t%llu\n", name.items, (unsigned long long)triples);
    }
    base_buffer_free(&name);
    free(graphs);
    return status;
}

static BaseStatus print_stats(Cli *cli, KgTxn *txn, BaseArena *arena, BaseError *err)
{
    static const char *const layer_names[KG_LAYERS] = {"asserted", "inferred", "predicted", "observed"};
    for (int layer = 0; layer < KG_LAYERS; layer++) {
        uint64_t count;
        const BaseStatus status = kg_count(txn, KG_IN(layer), (KgTriple){0}, &count, err);
        if (status != BASE_OK)
            return status;
        fprintf(cli->out, "triples\t%s\t%llu\n", layer_names[layer], (unsigned long long)count);
    }
    fprintf(cli->out, "terms\tiri\t%llu\nterms\tblank\t%llu\nterms\tliteral\t%llu\n",
            (unsigned long long)kg_term_count(txn, KG_IRI), (unsigned long long)kg_term_count(txn, KG_BLANK),
            (unsigned long long)kg_term_count(txn, KG_LITERAL));
    KgStatistics statistics;
    BaseStatus status = kg_statistics(txn, arena, &statistics, err);
    if (status == BASE_OK)
        fprintf(cli->out, "statistics\t%s\t%llu facts\t%llu subjects\t%llu predicates\t%llu characteristic sets\n",
                statistics.is_current ? "current" : "earlier", (unsigned long long)statistics.triples,
                (unsigned long long)statistics.subject_count, (unsigned long long)statistics.predicate_count,
                (unsigned long long)statistics.set_count);
    if (status == BASE_OK)
        status = print_predicates(cli, txn, &statistics, err);
    return status == BASE_OK ? print_graphs(cli, txn, err) : status;
}

int command_stats(Cli *cli, const Command *command, int argc, char **argv)
{
    TextList words = {0};
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    BaseArena arena = {0};
    BaseError err = {0};
    if (!read_options(cli, command, NULL, 0, argc, argv, 1, 1, &words, &exit_code))
        goto done;
    store = open_database(cli, words.items[0], false, true, &exit_code);
    if (!store)
        goto done;
    BaseStatus status = kg_read_begin(store, &txn, &err);
    if (status == BASE_OK)
        status = print_stats(cli, txn, &arena, &err);
    if (status == BASE_OK)
        status = print_catalog(cli, txn, &arena, &err);
    if (status != BASE_OK)
        exit_code = report_error(cli, &err);
done:
    kg_abort(txn);
    close_database(cli, store);
    base_arena_free(&arena);
    free(words.items);
    return exit_code;
}

int command_check(Cli *cli, const Command *command, int argc, char **argv)
{
    TextList words = {0};
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    BaseError err = {0};
    if (!read_options(cli, command, NULL, 0, argc, argv, 1, 1, &words, &exit_code))
        goto done;
    store = open_database(cli, words.items[0], false, true, &exit_code);
    if (!store)
        goto done;
    const BaseSink sink = error_sink(cli);
    uint64_t faults = 0;
    BaseStatus status = kg_read_begin(store, &txn, &err);
    if (status == BASE_OK)
        status = kg_check(txn, &faults, &sink, &cli->job, &err);
    clear_progress(cli);
    if (status == BASE_OK)
        fprintf(cli->out, "ok\n");
    else
        exit_code = report_error(cli, &err);
done:
    kg_abort(txn);
    close_database(cli, store);
    free(words.items);
    return exit_code;
}

int command_backup(Cli *cli, const Command *command, int argc, char **argv)
{
    TextList words = {0};
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    BaseError err = {0};
    if (!read_options(cli, command, NULL, 0, argc, argv, 2, 2, &words, &exit_code))
        goto done;
    store = open_database(cli, words.items[0], false, true, &exit_code);
    if (!store)
        goto done;
    if (kg_backup(store, words.items[1], &err) != BASE_OK)
        exit_code = report_error(cli, &err);
    else
        say(cli, "copied to %s", words.items[1]);
done:
    close_database(cli, store);
    free(words.items);
    return exit_code;
}

int command_compact(Cli *cli, const Command *command, int argc, char **argv)
{
    TextList words = {0};
    int exit_code = EXIT_DONE;
    uint64_t before = 0, after = 0;
    BaseError err = {0};
    if (!read_options(cli, command, NULL, 0, argc, argv, 1, 1, &words, &exit_code))
        goto done;
    if (kg_compact(words.items[0], &before, &after, &err) != BASE_OK)
        exit_code = report_error(cli, &err);
    else
        say(cli, "%s bytes, %s before", grouped(after), grouped(before));
done:
    free(words.items);
    return exit_code;
}
