/* classes.c - the names of a classifier's classes, one a line, in the order of their numbers. */
#include "datasets/datasets.h"

#include <stdlib.h>
#include <string.h>

typedef struct Lines {
    const char **items; /* into the text, which is cut into strings in place */
    size_t count, capacity;
} Lines;

static BaseStatus check_name(const char *path, const Lines *before, const char *name, size_t length, BaseError *err)
{
    const BaseSource at = {
        .name = path, .line = (uint32_t)before->count + 1, .column = 1, .text = name, .text_length = length};
    const size_t good = base_utf8_check(name, length);
    if (good < length)
        return base_fail_at(err, BASE_BAD_INPUT, at, "expected UTF-8, found the byte 0x%02x",
                            (unsigned)(unsigned char)name[good]);
    if (length == 0 || memchr(name, '\0', length))
        return base_fail_at(err, BASE_BAD_INPUT, at, "expected the name of class %zu", before->count);
    for (size_t i = 0; i < before->count; i++)
        if (strcmp(before->items[i], name) == 0)
            return base_fail_at(err, BASE_BAD_INPUT, at, "class %zu is called \"%s\" already", i, name);
    return BASE_OK;
}

static BaseStatus cut_lines(const char *path, char *text, size_t length, Lines *lines, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (char *at = text; at < text + length && status == BASE_OK;) {
        char *const newline = memchr(at, '\n', (size_t)(text + length - at));
        char *end = newline ? newline : text + length;
        char *const next = newline ? newline + 1 : end;
        if (end > at && end[-1] == '\r')
            end--;
        *end = '\0';
        status = check_name(path, lines, at, (size_t)(end - at), err);
        if (status == BASE_OK && !BASE_PUSH(lines, at))
            status = base_fail(err, BASE_NO_MEMORY, "no memory for the names in %s", path);
        at = next;
    }
    if (status == BASE_OK && lines->count == 0)
        status = base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = path}, "no class is named in it");
    return status;
}

/* One block: the pointers, then the strings they point to. */
static char **pack(const Lines *lines, const char *text, size_t length)
{
    const size_t table = lines->count * sizeof(char *);
    char **const names = malloc(table + length + 1);
    if (!names)
        return NULL;
    char *const strings = (char *)names + table;
    memcpy(strings, text, length + 1);
    for (size_t i = 0; i < lines->count; i++)
        names[i] = strings + (lines->items[i] - text);
    return names;
}

BaseStatus datasets_read_classes(const char *path, char ***names, size_t *count, BaseError *err)
{
    *names = NULL;
    *count = 0;
    char *text = NULL;
    size_t length = 0;
    Lines lines = {0};
    BaseStatus status = base_read_file(path, &text, &length, err);
    if (status == BASE_OK)
        status = cut_lines(path, text, length, &lines, err);
    if (status == BASE_OK) {
        *names = pack(&lines, text, length);
        *count = *names ? lines.count : 0;
        if (!*names)
            status = base_fail(err, BASE_NO_MEMORY, "no memory for the names in %s", path);
    }
    free(lines.items);
    free(text);
    return status;
}
