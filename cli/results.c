/* results.c - running a typed query or update, and showing what it gives: on a terminal in colours, paged, and with a
 * line below that counts rows and time. */
#include "cli/shell.h"

#include "cli/pager.h"

#include <stdlib.h>
#include <string.h>

FILE *begin_results(Shell *shell)
{
    Cli *const cli = shell->cli;
    FILE *const before = cli->out;
    const char *const pager = getenv("PAGER");
    const bool is_shown = cli->out_is_terminal && !shell->is_script;
    FILE *const shown = is_shown ? pager_open(&cli->job, cli->has_colours, !(pager && !*pager)) : NULL;
    if (shown)
        cli->out = shown;
    return before;
}

void end_results(Shell *shell, FILE *before)
{
    if (shell->cli->out != before)
        fclose(shell->cli->out);
    else
        fflush(before);
    shell->cli->out = before;
}

static bool shows_table(const Shell *shell)
{
    const Cli *const cli = shell->cli;
    return cli->out_is_terminal && !shell->is_script && cli->query.explain == KG_EXPLAIN_NONE &&
           (!cli->output || strcmp(cli->output, "table") == 0);
}

/* "3 rows, 1.2 ms"; below a table it belongs to it, else it is a note. */
static void tell_rows(Shell *shell, uint64_t rows, double seconds)
{
    char time[48] = "";
    if (shell->cli->timer)
        snprintf(time, sizeof time, seconds < 10 ? ", %.1f ms" : ", %.2f s", seconds < 10 ? seconds * 1e3 : seconds);
    if (shows_table(shell))
        fprintf(shell->cli->out, "%s row%s%s\n", grouped(rows), rows == 1 ? "" : "s", time);
    else if (shell->cli->timer)
        say(shell->cli, "%s row%s%s", grouped(rows), rows == 1 ? "" : "s", time);
}

int run_typed_query(Shell *shell, const char *text, size_t length)
{
    Cli *const cli = shell->cli;
    BaseError err = {0};
    uint64_t rows = 0;
    const double began = base_wall_seconds();
    FILE *const before = begin_results(shell);
    const BaseStatus status = run_query(cli, cli->store, text, length, "<query>", cli->out, &rows, &err);
    const double seconds = base_wall_seconds() - began - pager_seconds(cli->out);
    const bool was_left = pager_was_left(cli->out);
    const bool is_table = shows_table(shell);
    if (status == BASE_OK && is_table)
        tell_rows(shell, rows, seconds);
    end_results(shell, before);
    if (was_left)
        return EXIT_DONE; /* what the reader did not want to see is no failure */
    if (status != BASE_OK)
        return report_error(cli, &err);
    if (!is_table && cli->query.explain != KG_EXPLAIN_PLAN)
        tell_rows(shell, rows, seconds);
    return EXIT_DONE;
}

int run_typed_update(Shell *shell, const char *text, size_t length)
{
    BaseError err = {0};
    const BaseStatus status = run_update(shell->cli, shell->cli->store, text, length, "<update>", &err);
    return status == BASE_OK ? EXIT_DONE : report_error(shell->cli, &err);
}
