/* update.c - `kgq update`, and the one way in which command and shell run a SPARQL update. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

BaseStatus run_update(Cli *cli, KgStore *store, const char *text, size_t length, const char *name, BaseError *err)
{
    const double began = base_wall_seconds();
    KgTxn *txn = NULL;
    KgUpdateReport report;
    BaseStatus status = kg_write_begin(store, &txn, err);
    if (status == BASE_OK)
        status =
            kg_update(txn, text, length,
                      &(KgUpdateOptions){
                          .name = name, .job = &cli->job, .extensions = cli->extensions, .services = &query_services},
                      &report, err);
    if (status == BASE_OK) {
        status = kg_commit(txn, err);
        txn = NULL;
    }
    kg_abort(txn);
    if (status == BASE_OK)
        say(cli, "inserted %s, deleted %s triples in %.2f s", grouped(report.inserted), grouped(report.deleted),
            base_wall_seconds() - began);
    return status;
}

int command_update(Cli *cli, const Command *command, int argc, char **argv)
{
    const char *file = NULL;
    const Option options[] = {
        {"f", OPTION_TEXT, &file, "FILE", "read the update from a file; - is standard input"},
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    char *text = NULL;
    KgStore *store = NULL;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 1, 2))
        goto done;
    if ((words.count == 2) == (file != NULL)) {
        exit_code = usage_error(command, "give the update as one word, or a file by -f");
        goto done;
    }
    size_t length = 0;
    BaseStatus status = BASE_OK;
    if (file)
        status = base_read_file(file, &text, &length, &err);
    else if ((text = strdup(words.items[1])))
        length = strlen(text);
    else
        status = base_fail(&err, BASE_NO_MEMORY, "no memory for the update");
    if (status == BASE_OK) {
        store = open_database(cli, words.items[0], false, false, &exit_code);
        if (!store)
            goto done;
        status = run_update(cli, store, text, length, file ? file : "<update>", &err);
    }
    if (status != BASE_OK)
        exit_code = report_error(cli, &err);
done:
    close_database(cli, store);
    free(text);
    free(words.items);
    return exit_code;
}
