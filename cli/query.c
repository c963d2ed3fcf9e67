/* query.c - `kgq query`, and the one way in which command and shell run a SPARQL query. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

const char *const result_format_names[] = {"table",    "tsv",      "csv",    "json", "xml",
                                           "markdown", "ntriples", "turtle", NULL};
static const KgResultFormat formats[] = {KG_RESULT_TABLE, KG_RESULT_TSV,      KG_RESULT_CSV,      KG_RESULT_JSON,
                                         KG_RESULT_XML,   KG_RESULT_MARKDOWN, KG_RESULT_NTRIPLES, KG_RESULT_TURTLE};

const KgServices query_services = {0};

bool result_format(const Cli *cli, KgQueryForm form, KgResultFormat *out)
{
    const bool is_graph = form == KG_CONSTRUCT || form == KG_DESCRIBE;
    if (!cli->output) {
        *out = cli->out_is_terminal ? KG_RESULT_TABLE : is_graph ? KG_RESULT_NTRIPLES : KG_RESULT_TSV;
        return true;
    }
    for (size_t i = 0; result_format_names[i]; i++)
        if (strcmp(result_format_names[i], cli->output) == 0) {
            *out = formats[i];
            return true;
        }
    return false;
}

/* The plan; of a profile with what the operators did, for which all rows are read and none is shown. */
static BaseStatus write_plan(KgQuery *query, KgExplain explain, FILE *out, uint64_t *rows, BaseError *err)
{
    BaseStatus status = BASE_OK;
    *rows = 0;
    if (explain == KG_EXPLAIN_PROFILE) {
        while ((status = kg_query_next(query, err)) == BASE_OK)
            ++*rows;
        if (status != BASE_END)
            return status;
    }
    return kg_query_explain(query, out, err);
}

BaseStatus run_query(Cli *cli, KgStore *store, const char *text, size_t length, const char *name, FILE *out,
                     uint64_t *rows, BaseError *err)
{
    KgTxn *txn = NULL;
    KgQuery *query = NULL;
    BaseStatus status = kg_read_begin(store, &txn, err);
    const BaseSink warnings = error_sink(cli);
    const KgQueryOptions options = {.name = name,
                                    .job = &cli->job,
                                    .memory = cli->query.memory,
                                    .timeout = cli->query.timeout,
                                    .explain = cli->query.explain,
                                    .layers = cli->query.layers,
                                    .extensions = cli->extensions,
                                    .services = &query_services,
                                    .warnings = cli->quiet || out != cli->out ? NULL : &warnings};
    if (status == BASE_OK)
        status = kg_query_open(txn, text, length, &options, &query, err);
    KgResultFormat format = KG_RESULT_TSV;
    if (status == BASE_OK && options.explain != KG_EXPLAIN_NONE)
        status = write_plan(query, options.explain, out, rows, err);
    else if (status == BASE_OK && !result_format(cli, kg_query_form(query), &format))
        status = base_fail(err, BASE_BAD_CALL, "unknown --output \"%s\"", cli->output);
    else if (status == BASE_OK)
        status = kg_query_write(query, format, cli->out_is_terminal ? screen_width() : 0, out, rows, err);
    kg_query_close(query);
    kg_abort(txn);
    return status;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* For fopencookie: into a buffer that stays from run to run. 0 is a failure. */
static ssize_t write_result(void *cookie, const char *bytes, size_t size)
{
    return base_buffer_add(cookie, bytes, size) ? (ssize_t)size : 0;
}

/* Runs the query `times` times into memory, as a server would, and prints the result once. */
static BaseStatus run_repeatedly(Cli *cli, KgStore *store, const char *text, size_t length, const char *name,
                                 uint64_t times, uint64_t *rows, BaseError *err)
{
    double *const milliseconds = calloc(times, sizeof *milliseconds);
    if (!milliseconds)
        return base_fail(err, BASE_NO_MEMORY, "no memory to time %s runs", grouped(times));
    BaseStatus status = BASE_OK;
    BaseBuffer result = {0};
    for (uint64_t i = 0; i < times && status == BASE_OK; i++) {
        result.count = 0;
        FILE *const memory = fopencookie(&result, "w", (cookie_io_functions_t){.write = write_result});
        if (!memory) {
            status = base_fail_errno(err, "cannot hold the result");
            break;
        }
        const double began = base_wall_seconds();
        status = run_query(cli, store, text, length, name, memory, rows, err);
        if (fclose(memory) != 0 && status == BASE_OK)
            status = base_fail_errno(err, "cannot hold the result");
        milliseconds[i] = (base_wall_seconds() - began) * 1e3;
        if (status == BASE_OK && i == 0)
            fwrite(result.items, 1, result.count, cli->out);
    }
    base_buffer_free(&result);
    if (status == BASE_OK) {
        qsort(milliseconds, times, sizeof *milliseconds, compare_doubles);
        const double median = (milliseconds[(times - 1) / 2] + milliseconds[times / 2]) / 2;
        fflush(cli->out);
        fprintf(stderr, "median %.3f ms, min %.3f ms, %llu runs\n", median, milliseconds[0], (unsigned long long)times);
    }
    free(milliseconds);
    return status;
}

int command_query(Cli *cli, const Command *command, int argc, char **argv)
{
    const char *file = NULL;
    uint64_t repeat = 0;
    bool explain = false, profile = false;
    const Option options[] = {
        {"f", OPTION_TEXT, &file, "FILE", "read the query from a file; - is standard input"},
        {"repeat", OPTION_POSITIVE, &repeat, "N", "run it N times in one process; median and minimum on stderr"},
        {"timeout", OPTION_AMOUNT, &cli->query.timeout, "SECONDS", "stop a query that takes longer"},
        {"memory", OPTION_SIZE, &cli->query.memory, "SIZE", "stop a query that keeps more in memory, as in 256M, 4G"},
        {"layers", OPTION_LAYERS, &cli->query.layers, "LAYERS", "what is seen (default: asserted,inferred)"},
        {"explain", OPTION_FLAG, &explain, NULL, "show the plan with its estimates; nothing is run"},
        {"profile", OPTION_FLAG, &profile, NULL, "run the query and show its plan with rows and time per step"},
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    char *text = NULL;
    KgStore *store = NULL;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 1, 2))
        goto done;
    if ((words.count == 2) == (file != NULL)) {
        exit_code = usage_error(command, "give the query as one word, or a file by -f");
        goto done;
    }
    if (explain && profile) {
        exit_code = usage_error(command, "--explain and --profile exclude each other");
        goto done;
    }
    cli->query.explain = explain ? KG_EXPLAIN_PLAN : profile ? KG_EXPLAIN_PROFILE : KG_EXPLAIN_NONE;
    KgResultFormat unused;
    if (!result_format(cli, KG_SELECT, &unused)) {
        exit_code = usage_error(command, "unknown --output \"%s\"", cli->output);
        goto done;
    }
    size_t length = 0;
    BaseStatus status = BASE_OK;
    if (file)
        status = base_read_file(file, &text, &length, &err);
    else if ((text = strdup(words.items[1])))
        length = strlen(text);
    else
        status = base_fail(&err, BASE_NO_MEMORY, "no memory for the query");
    if (status == BASE_OK) {
        store = open_database(cli, words.items[0], false, true, &exit_code);
        if (!store)
            goto done;
        uint64_t rows = 0;
        const char *const name = file ? file : "<query>";
        status = repeat > 0 ? run_repeatedly(cli, store, text, length, name, repeat, &rows, &err)
                            : run_query(cli, store, text, length, name, cli->out, &rows, &err);
    }
    if (status != BASE_OK)
        exit_code = report_error(cli, &err);
done:
    close_database(cli, store);
    free(text);
    free(words.items);
    return exit_code;
}
