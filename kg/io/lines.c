#include "kg/io/lines.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY ((size_t)1 << 18)

static BaseStatus read_more(KgLines *lines, BaseError *err)
{
    if (lines->start > 0) {
        memmove(lines->bytes, lines->bytes + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->start = 0;
    }
    if (lines->end == lines->capacity) {
        const size_t capacity = lines->capacity ? lines->capacity * 2 : FIRST_CAPACITY;
        char *const grown = realloc(lines->bytes, capacity);
        if (!grown)
            return base_fail(err, BASE_NO_MEMORY, "no memory for a line of %s", base_input_name(lines->input));
        lines->bytes = grown;
        lines->capacity = capacity;
    }
    size_t got;
    const BaseStatus status =
        base_input_read(lines->input, lines->bytes + lines->end, lines->capacity - lines->end, &got, err);
    if (status == BASE_END)
        lines->ended = true;
    else if (status != BASE_OK)
        return status;
    lines->end += got;
    return BASE_OK;
}

/* Finds the end of the line that begins `from` bytes after `start`; BASE_END: there are no bytes. */
static BaseStatus find_line(KgLines *lines, size_t from, size_t *line_end, BaseError *err)
{
    size_t searched = from;
    for (;;) {
        const size_t ready = lines->end - lines->start;
        const char *const bytes = lines->bytes ? lines->bytes + lines->start : NULL;
        const char *const newline = ready > searched ? memchr(bytes + searched, '\n', ready - searched) : NULL;
        if (newline || (lines->ended && ready > from)) {
            *line_end = newline ? (size_t)(newline - bytes) + 1 : ready;
            return BASE_OK;
        }
        if (lines->ended)
            return BASE_END;
        searched = ready;
        const BaseStatus status = read_more(lines, err);
        if (status != BASE_OK)
            return status;
    }
}

static void skip_byte_order_mark(KgLines *lines)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    if (lines->length < sizeof mark || memcmp(lines->bytes + lines->start, mark, sizeof mark) != 0)
        return;
    lines->start += sizeof mark;
    lines->length -= sizeof mark;
}

BaseStatus kg_lines_next(KgLines *lines, KgText *record, BaseError *err)
{
    lines->start += lines->length;
    lines->line += lines->line ? lines->line_count : 1;
    lines->length = 0;
    lines->line_count = 0;
    const BaseStatus status = find_line(lines, 0, &lines->length, err);
    if (status != BASE_OK)
        return status;
    if (lines->line == 1)
        skip_byte_order_mark(lines);
    lines->line_count = 1;
    lines->first_length = lines->length;
    *record = (KgText){lines->bytes + lines->start, lines->length};
    return BASE_OK;
}

BaseStatus kg_lines_extend(KgLines *lines, KgText *record, BaseError *err)
{
    const BaseStatus status = find_line(lines, lines->length, &lines->length, err);
    if (status == BASE_OK)
        lines->line_count++;
    *record = (KgText){lines->bytes + lines->start, lines->length};
    return status;
}

KgText kg_lines_shrink(KgLines *lines)
{
    lines->length = lines->first_length;
    lines->line_count = 1;
    return (KgText){lines->bytes + lines->start, lines->length};
}

void kg_lines_free(KgLines *lines)
{
    free(lines->bytes);
    *lines = (KgLines){0};
}

KgText kg_without_newline(KgText line)
{
    if (line.length > 0 && line.bytes[line.length - 1] == '\n')
        line.length--;
    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    return line;
}
