#include "cli/pager.h"

#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Pager {
    BaseBuffer held; /* the first screen, while there is no more */
    size_t lines, height;
    FILE *program;
} Pager;

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
    pager->program = popen(chosen && *chosen ? chosen : "less 2>/dev/null || cat", "w");
    return pager->program != NULL;
}

static ssize_t write_pager(void *cookie, const char *text, size_t length)
{
    Pager *const pager = cookie;
    if (!pager->program) {
        pager->lines += count_lines(text, length);
        if (!base_buffer_add(&pager->held, text, length)) {
            errno = ENOMEM;
            return 0;
        }
        if (pager->lines + 2 <= pager->height || !start_program(pager))
            return (ssize_t)length;
        text = pager->held.items;
        fwrite(text, 1, pager->held.count, pager->program);
        base_buffer_free(&pager->held);
        return (ssize_t)length;
    }
    /* A pager that was left early takes no more; that is what its user wants. */
    fwrite(text, 1, length, pager->program);
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
    return 0;
}

FILE *pager_open(void)
{
    const int height = screen_height();
    Pager *const pager = height > 2 ? calloc(1, sizeof *pager) : NULL;
    if (!pager)
        return NULL;
    pager->height = (size_t)height;
    FILE *const stream = fopencookie(pager, "w", (cookie_io_functions_t){.write = write_pager, .close = close_pager});
    if (!stream)
        free(pager);
    return stream;
}
