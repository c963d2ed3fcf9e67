#include "cli/pager.h"

#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Pager {
    BaseJob *job;
    BaseBuffer held; /* the first screen, while there is no more */
    size_t lines, height;
    FILE *program;
    double seconds; /* that writing to the program took */
    bool was_left, has_colours;
    bool is_first;      /* nothing was written yet: is it a table? */
    bool is_table;      /* its frame is to be drawn dim, its first row bold */
    size_t table_lines; /* of it so far */
} Pager;

/* One at a time. */
static const FILE *open_stream;
static Pager *open_pager;

double pager_seconds(const FILE *stream)
{
    return stream && stream == open_stream ? open_pager->seconds : 0;
}

bool pager_was_left(const FILE *stream)
{
    return stream && stream == open_stream && open_pager->was_left;
}

/* Screen lines of the text: wide lines are cut by less (-S), so each newline is one. */
static size_t count_lines(const char *text, size_t length)
{
    size_t lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

static bool start_program(Pager *pager)
{
    const char *const chosen = getenv("PAGER");
    setenv("LESS", "FRSX", 0);
    fflush(stdout);
    pager->program = popen(chosen && *chosen ? chosen : "less 2>/dev/null || cat", "we");
    return pager->program != NULL;
}

/* A pager that was left early takes no more; that is what its user wants. */
static void write_program(Pager *pager, const char *text, size_t length)
{
    const double began = base_wall_seconds();
    if (!pager->was_left && fwrite(text, 1, length, pager->program) < length) {
        pager->was_left = true;
        atomic_store(&pager->job->cancelled, true);
    }
    pager->seconds += base_wall_seconds() - began;
}

static bool pass_on(Pager *pager, const char *text, size_t length)
{
    if (pager->program) {
        write_program(pager, text, length);
        return true;
    }
    if (pager->height == 0)
        return fwrite(text, 1, length, stdout) == length;
    pager->lines += count_lines(text, length);
    if (!base_buffer_add(&pager->held, text, length))
        return false;
    if (pager->lines + 2 <= pager->height || !start_program(pager))
        return true;
    write_program(pager, pager->held.items, pager->held.count);
    base_buffer_free(&pager->held);
    return true;
}

/* ---- Colours ---- */

/* A piece of a table's frame: U+2500 to U+257F. */
static bool is_frame(const char *text, size_t length)
{
    return length >= 3 && text[0] == '\xe2' && (text[1] == '\x94' || text[1] == '\x95');
}

static bool colour(Pager *pager, const char *text, size_t length)
{
    BaseBuffer out = {0};
    bool is_whole = true;
    for (size_t at = 0; at < length && is_whole;) {
        size_t end = at;
        if (is_frame(text + at, length - at)) {
            while (end < length && (is_frame(text + end, length - end) || text[end] == '\n'))
                end += text[end] == '\n' ? 1 : 3;
            is_whole = base_buffer_format(&out, "\x1b[2m%.*s\x1b[0m", (int)(end - at), text + at);
        } else {
            while (end < length && !is_frame(text + end, length - end))
                end++;
            is_whole = base_buffer_format(&out, pager->table_lines == 1 ? "\x1b[1m%.*s\x1b[0m" : "%.*s",
                                          (int)(end - at), text + at);
        }
        pager->table_lines += count_lines(text + at, end - at);
        at = end;
    }
    is_whole = is_whole && pass_on(pager, out.items, out.count);
    base_buffer_free(&out);
    return is_whole;
}

static ssize_t write_pager(void *cookie, const char *text, size_t length)
{
    Pager *const pager = cookie;
    if (pager->is_first && length > 0) {
        pager->is_table = pager->has_colours && is_frame(text, length);
        pager->is_first = false;
    }
    if (pager->is_table ? !colour(pager, text, length) : !pass_on(pager, text, length)) {
        errno = ENOMEM;
        return 0;
    }
    return (ssize_t)length;
}

static int close_pager(void *cookie)
{
    Pager *const pager = cookie;
    if (pager->program)
        pclose(pager->program);
    else if (pager->held.count > 0)
        fwrite(pager->held.items, 1, pager->held.count, stdout);
    fflush(stdout);
    base_buffer_free(&pager->held);
    free(pager);
    open_stream = NULL;
    open_pager = NULL;
    return 0;
}

FILE *pager_open(BaseJob *job, bool has_colours, bool may_page)
{
    const int height = screen_height();
    Pager *const pager = calloc(1, sizeof *pager);
    if (!pager)
        return NULL;
    *pager = (Pager){.job = job, .has_colours = has_colours, .is_first = true};
    pager->height = may_page && height > 2 ? (size_t)height : 0;
    FILE *const stream = fopencookie(pager, "w", (cookie_io_functions_t){.write = write_pager, .close = close_pager});
    if (!stream) {
        free(pager);
        return NULL;
    }
    open_stream = stream;
    open_pager = pager;
    return stream;
}
