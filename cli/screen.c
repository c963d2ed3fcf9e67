/* screen.c - progress, messages and Ctrl-C on a terminal. */
#include "cli/cli.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static Cli *interrupted_cli; /* whose job Ctrl-C cancels */

static void on_interrupt(int number)
{
    if (interrupted_cli && (interrupted_cli->is_interactive || !atomic_load(&interrupted_cli->job.cancelled))) {
        atomic_store(&interrupted_cli->job.cancelled, true);
        return;
    }
    signal(number, SIG_DFL); /* the second Ctrl-C ends what does not listen */
    raise(number);
}

/* Once; a second time it ends the process. */
static void on_terminate(int number)
{
    if (interrupted_cli)
        atomic_store(&interrupted_cli->job.cancelled, true);
    signal(number, SIG_DFL);
}

void stop_safely(void)
{
    struct sigaction action = {.sa_handler = on_terminate};
    sigaction(SIGTERM, &action, NULL);
}

static void format_seconds(double seconds, char *out, size_t capacity)
{
    const unsigned long whole = seconds > 0 && seconds < 1e9 ? (unsigned long)seconds : 0;
    if (whole >= 3600)
        snprintf(out, capacity, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(out, capacity, "%lu:%02lu", whole / 60, whole % 60);
}

static void draw_progress(void *context, const BaseStep *step)
{
    Cli *const cli = context;
    char line[400], left[32] = "";
    const uint64_t since = step->done > step->before ? step->done - step->before : 0;
    const double rate = step->seconds > 0.05 ? (double)since / step->seconds : 0;
    int at = snprintf(line, sizeof line, "%s", step->stage);
    if (step->total > 0)
        at += snprintf(line + at, sizeof line - (size_t)at, "  %3.0f %%",
                       100.0 * (double)step->done / (double)step->total);
    if (at < 300)
        at +=
            snprintf(line + at, sizeof line - (size_t)at, "  %s %s", grouped(step->done), step->unit ? step->unit : "");
    if (rate > 0 && at < 320)
        at += snprintf(line + at, sizeof line - (size_t)at, "  %s/s", grouped((uint64_t)rate));
    if (rate > 0 && step->total > step->done && at < 340) {
        format_seconds((double)(step->total - step->done) / rate, left, sizeof left);
        at += snprintf(line + at, sizeof line - (size_t)at, "  %s left", left);
    }
    if (step->note && at < 350)
        snprintf(line + at, sizeof line - (size_t)at, "  %s", step->note);
    int width = screen_width();
    width = width > 1 ? width - 1 : 79;
    fprintf(stderr, "\r\033[K%.*s", width, line);
    fflush(stderr);
    cli->progress_is_shown = true;
}

/* https://no-color.org */
static bool wants_colours(int file)
{
    const char *const none = getenv("NO_COLOR"), *const terminal = getenv("TERM");
    return isatty(file) && !(none && *none) && !(terminal && strcmp(terminal, "dumb") == 0);
}

void screen_begin(Cli *cli)
{
    cli->out = stdout;
    cli->out_is_terminal = isatty(STDOUT_FILENO);
    cli->has_colours = wants_colours(STDOUT_FILENO);
    if (isatty(STDERR_FILENO)) {
        cli->job.report = draw_progress;
        cli->job.context = cli;
    }
    interrupted_cli = cli;
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a write error, told like any other */
}

void clear_progress(Cli *cli)
{
    if (!cli->progress_is_shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    cli->progress_is_shown = false;
}

int exit_code_of(BaseStatus status)
{
    switch (status) {
    case BASE_OK:
    case BASE_END:
        return EXIT_DONE;
    case BASE_NOT_FOUND:
    case BASE_BAD_INPUT:
        return EXIT_BAD_INPUT;
    case BASE_BAD_CALL:
        return EXIT_USAGE;
    case BASE_NO_MEMORY:
    case BASE_IO:
    case BASE_LIMIT:
        return EXIT_MACHINE;
    case BASE_CANCELLED:
        return EXIT_INTERRUPTED;
    }
    return EXIT_MACHINE;
}

/* The line with what is wrong, the caret and the hint in colours of their own. */
static void print_line(const char *line, size_t length)
{
    static const struct {
        const char *word, *colour;
    } words[] = {{"error: ", "\x1b[1;31m"}, {"warning: ", "\x1b[1;33m"}, {"  hint: ", "\x1b[36m"}};
    if (strspn(line, " ^~") >= length) {
        fprintf(stderr, "\x1b[31m%.*s\x1b[0m\n", (int)length, line);
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t word = strlen(words[i].word);
        const char *const found = memmem(line, length, words[i].word, word);
        if (!found)
            continue;
        const size_t before = (size_t)(found - line);
        fprintf(stderr, "%.*s%s%s\x1b[0m%.*s\n", (int)before, line, words[i].colour, words[i].word,
                (int)(length - before - word), found + word);
        return;
    }
    fprintf(stderr, "%.*s\n", (int)length, line);
}

static void print_error(const BaseError *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *const memory = wants_colours(STDERR_FILENO) ? open_memstream(&text, &length) : NULL;
    base_error_print(memory ? memory : stderr, error);
    if (!memory)
        return;
    if (fclose(memory) == 0)
        for (const char *at = text; at < text + length;) {
            const size_t line = strcspn(at, "\n");
            print_line(at, line);
            at += line + 1;
        }
    free(text);
}

int report_error(Cli *cli, const BaseError *error)
{
    if (error->status == BASE_CANCELLED && isatty(STDERR_FILENO))
        cli->progress_is_shown = true; /* the terminal's ^C takes its place */
    clear_progress(cli);
    print_error(error);
    return exit_code_of(error->status);
}

static void print_diagnostic(void *context, const BaseError *error)
{
    report_error(context, error);
}

BaseSink error_sink(Cli *cli)
{
    return (BaseSink){.report = print_diagnostic, .context = cli};
}

static struct winsize window(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
        return (struct winsize){0};
    return size;
}

int screen_width(void)
{
    return window().ws_col;
}

int screen_height(void)
{
    return window().ws_row;
}

void say(Cli *cli, const char *format, ...)
{
    clear_progress(cli);
    if (cli->quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

const char *grouped(uint64_t number)
{
    static char buffers[8][BASE_GROUPED_BYTES];
    static unsigned next;
    return base_group_digits(number, buffers[next++ % 8]);
}
