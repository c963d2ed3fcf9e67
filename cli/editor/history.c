#include "cli/editor/history.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONGEST_ENTRY (1u << 20)
#define LOOSE_LINES 1000 /* lines of the file that may be of no more use before it is written anew */

/* ---- Lines of the file ---- */

static bool add_escaped(BaseBuffer *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const char *const escape = text[i] == '\n' ? "\\n" : text[i] == '\\' ? "\\\\" : NULL;
        if (!base_buffer_add(out, escape ? escape : text + i, escape ? 2 : 1))
            return false;
    }
    return base_buffer_add(out, "\n", 1);
}

static bool is_octal(const char *digits)
{
    return digits[0] >= '0' && digits[0] <= '3' && digits[1] >= '0' && digits[1] <= '7' && digits[2] >= '0' &&
           digits[2] <= '7';
}

/* In place. \ooo is how libedit writes a byte: files of its making are read as well. */
static size_t unescape(char *line, size_t length)
{
    size_t out = 0;
    for (size_t i = 0; i < length; i++) {
        if (line[i] != '\\' || i + 1 == length) {
            line[out++] = line[i];
        } else if (i + 3 < length && is_octal(line + i + 1)) {
            line[out++] = (char)((line[i + 1] - '0') * 64 + (line[i + 2] - '0') * 8 + (line[i + 3] - '0'));
            i += 3;
        } else {
            i++;
            line[out++] = line[i] == 'n' ? '\n' : line[i];
        }
    }
    while (out > 0 && line[out - 1] == '\n')
        out--;
    return out;
}

/* ---- Entries ---- */

static bool append(History *history, const char *text, size_t length)
{
    char *const copy = strndup(text, length);
    if (copy && BASE_PUSH(history, copy))
        return true;
    free(copy);
    return false;
}

static void drop(History *history, size_t at)
{
    free(history->items[at]);
    memmove(history->items + at, history->items + at + 1, (history->count - at - 1) * sizeof *history->items);
    history->count--;
}

static void reverse(History *history)
{
    for (size_t i = 0; i < history->count / 2; i++) {
        char *const other = history->items[history->count - 1 - i];
        history->items[history->count - 1 - i] = history->items[i];
        history->items[i] = other;
    }
}

/* From the last line back, so that of equal entries the latest stays. Returns the number of lines. */
static size_t take_lines(History *history, char *text, size_t length)
{
    BaseMap seen = {0};
    size_t lines = 0;
    while (length > 0) {
        size_t start = length - 1;
        while (start > 0 && text[start - 1] != '\n')
            start--;
        const size_t end = text[length - 1] == '\n' ? length - 1 : length;
        const size_t bytes = unescape(text + start, end - start);
        length = start;
        lines++;
        const uint64_t hash = base_hash(text + start, bytes, 0) >> 1;
        bool is_new = false;
        const bool is_wanted = bytes > 0 && !memchr(text + start, '\0', bytes) && history->count < HISTORY_MOST &&
                               strncmp(text + start, "_HiStOrY_V2_", 12) != 0;
        if (is_wanted && base_map_put(&seen, hash, 0, &is_new) && is_new)
            append(history, text + start, bytes);
    }
    base_map_free(&seen);
    reverse(history);
    return lines;
}

static bool write_all(int file, const BaseBuffer *text)
{
    return write(file, text->items, text->count) == (ssize_t)text->count;
}

/* The entries alone, in place of a file that has many lines besides. */
static void rewrite(const History *history)
{
    BaseBuffer text = {0}, path = {0};
    bool is_whole = base_buffer_format(&path, "%s.new", history->path);
    for (size_t i = 0; i < history->count && is_whole; i++)
        is_whole = add_escaped(&text, history->items[i], strlen(history->items[i]));
    const int file = is_whole ? open(path.items, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (file >= 0) {
        is_whole = write_all(file, &text);
        is_whole = close(file) == 0 && is_whole;
        if (!is_whole || rename(path.items, history->path) != 0)
            unlink(path.items);
    }
    base_buffer_free(&text);
    base_buffer_free(&path);
}

void history_open(History *history, const char *path)
{
    *history = (History){.path = path ? strdup(path) : NULL};
    char *text = NULL;
    size_t length = 0;
    if (!history->path || base_read_file(path, &text, &length, NULL) != BASE_OK)
        return;
    if (take_lines(history, text, length) > history->count + LOOSE_LINES)
        rewrite(history);
    free(text);
}

void history_close(History *history)
{
    for (size_t i = 0; i < history->count; i++)
        free(history->items[i]);
    free(history->items);
    free(history->path);
    *history = (History){0};
}

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

static void append_to_file(const History *history, const char *text, size_t length)
{
    BaseBuffer line = {0};
    int file = open(history->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) {
        make_folders(history->path);
        file = open(history->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    if (file >= 0 && add_escaped(&line, text, length))
        (void)write_all(file, &line);
    if (file >= 0)
        close(file);
    base_buffer_free(&line);
}

void history_add(History *history, const char *text, size_t length)
{
    while (length > 0 && strchr(" \t\n", text[length - 1]))
        length--;
    if (length == 0 || length > LONGEST_ENTRY || memchr(text, '\0', length))
        return;
    const size_t count = history->count;
    const char *const last = count > 0 ? history->items[count - 1] : "";
    if (strlen(last) == length && memcmp(last, text, length) == 0)
        return;
    for (size_t i = 0; i < history->count; i++)
        if (strlen(history->items[i]) == length && memcmp(history->items[i], text, length) == 0)
            drop(history, i);
    if (history->count == HISTORY_MOST)
        drop(history, 0);
    append(history, text, length);
    if (history->path)
        append_to_file(history, text, length);
}

char *history_default_path(void)
{
    const char *const chosen = getenv("KGQ_HISTORY"), *const state = getenv("XDG_STATE_HOME"),
                      *const home = getenv("HOME");
    if (chosen)
        return *chosen ? strdup(chosen) : NULL;
    if (state && *state)
        return base_join_path(state, "kgq/history");
    return home && *home ? base_join_path(home, ".kgq_history") : NULL;
}
