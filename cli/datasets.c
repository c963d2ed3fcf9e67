/* datasets.c - `kgq datasets`: what can be converted on this machine, and converting it. */
#include "datasets/datasets.h"
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

static void list_datasets(Cli *cli)
{
    for (size_t i = 0; i < datasets_count(); i++) {
        const DatasetsInfo *const info = datasets_at(i);
        char state[96] = "ready";
        if (!datasets_is_here(info, NULL))
            snprintf(state, sizeof state, "install the Debian package %s", info->package);
        fprintf(cli->out, "%s\t%s\t%s\t%s\t%s\n", info->name, info->title, info->files, info->licence, state);
    }
}

int command_datasets(Cli *cli, const Command *command, int argc, char **argv)
{
    const char *output = NULL;
    DatasetsOptions datasets = {0};
    const Option options[] = {
        {"o", OPTION_TEXT, &output, "DIR", "the folder to write into, made where there is none"},
        {"from", OPTION_TEXT, &datasets.folder, "DIR", "look for the source there instead of its usual place"},
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    const uint64_t seed_before = cli->seed;
    cli->seed = 0;
    if (!READ_OPTIONS(options, 0, 1))
        goto done;
    datasets.seed = cli->seed;
    if (words.count == 0 || strcmp(words.items[0], "list") == 0) {
        list_datasets(cli);
        goto done;
    }
    if (!output) {
        exit_code = usage_error(command, "-o DIR says where to write");
        goto done;
    }
    DatasetsReport report = {0};
    BaseError err = {0};
    if (datasets_convert(words.items[0], &datasets, output, &report, &cli->job, &err) != BASE_OK) {
        exit_code = report_error(cli, &err);
        goto done;
    }
    for (size_t i = 0; i < report.file_count; i++) {
        char *const path = base_join_path(output, report.files[i].name);
        say(cli, "%s: %s %s", path ? path : report.files[i].name, grouped(report.files[i].count), report.files[i].unit);
        free(path);
    }
done:
    cli->seed = seed_before;
    free(words.items);
    return exit_code;
}
