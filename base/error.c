/* error.c - filling a BaseError, finding a place in a text, and printing both for people. */
#include "base/error.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* Bytes of source shown left of the caret at most, so that the place is in view on long lines. */
#define LEAD 60

static void copy_text(char *out, size_t capacity, const char *text)
{
    if (!text)
        text = "";
    size_t length = strnlen(text, capacity - 1);
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--; /* never cut a character in two */
    memcpy(out, text, length);
    out[length] = '\0';
}

/* Byte offset of character `column` (from 1); stops at the end. A malformed byte counts as one character. */
static size_t column_offset(const char *text, size_t length, uint32_t column)
{
    size_t offset = 0;
    for (uint32_t at = 1; at < column && offset < length; at++) {
        uint32_t code_point;
        const size_t bytes = base_utf8_decode(text + offset, length - offset, &code_point);
        offset += bytes ? bytes : 1;
    }
    return offset;
}

/* Copies the part of the line around the column, control characters and malformed bytes made visible as '?'. */
static void set_excerpt(BaseError *err, const BaseSource *at)
{
    const size_t place = column_offset(at->text, at->text_length, at->column);
    size_t start = place > LEAD ? place - LEAD : 0;
    while (start > 0 && start < at->text_length && ((unsigned char)at->text[start] & 0xc0) == 0x80)
        start--;
    size_t out = 0, in = start;
    uint32_t column = 1;
    err->excerpt_column = 1;
    while (in < at->text_length && out + 5 < sizeof err->excerpt) {
        if (in == place)
            err->excerpt_column = column;
        uint32_t code_point;
        const size_t bytes = base_utf8_decode(at->text + in, at->text_length - in, &code_point);
        if (bytes && code_point >= 0x20 && code_point != 0x7f) {
            memcpy(err->excerpt + out, at->text + in, bytes);
            out += bytes;
        } else {
            err->excerpt[out++] = bytes && code_point == '\t' ? ' ' : '?';
        }
        in += bytes ? bytes : 1;
        column++;
    }
    if (place >= in)
        err->excerpt_column = column;
    err->excerpt[out] = '\0';
}

static void fill(BaseError *err, BaseStatus status, const BaseSource *at, const char *format, va_list arguments)
{
    if (!err || err->status != BASE_OK)
        return;
    *err = (BaseError){.status = status};
    char message[sizeof err->message * 2];
    vsnprintf(message, sizeof message, format, arguments);
    copy_text(err->message, sizeof err->message, message);
    if (!at)
        return;
    copy_text(err->source, sizeof err->source, at->name);
    err->line = at->line;
    err->column = at->column;
    err->width = at->width ? at->width : 1;
    if (at->text && at->column > 0)
        set_excerpt(err, at);
}

BaseStatus base_fail(BaseError *err, BaseStatus status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(err, status, NULL, format, arguments);
    va_end(arguments);
    return status;
}

BaseStatus base_fail_at(BaseError *err, BaseStatus status, BaseSource at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(err, status, &at, format, arguments);
    va_end(arguments);
    return status;
}

BaseStatus base_fail_errno(BaseError *err, const char *format, ...)
{
    const int number = errno;
    const BaseStatus status = number == ENOMEM ? BASE_NO_MEMORY : BASE_IO;
    char words[sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    return base_fail(err, status, "%s: %s", words, strerror(number));
}

void base_hint(BaseError *err, const char *format, ...)
{
    if (!err || err->status == BASE_OK || err->hint[0])
        return;
    char hint[sizeof err->hint * 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(hint, sizeof hint, format, arguments);
    va_end(arguments);
    copy_text(err->hint, sizeof err->hint, hint);
}

BaseSource base_source_at(const char *name, const char *text, size_t length, size_t offset, size_t width)
{
    if (offset > length)
        offset = length;
    size_t line_start = 0;
    uint32_t line = 1;
    for (size_t i = 0; i < offset; i++)
        if (text[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    const char *const newline = memchr(text + line_start, '\n', length - line_start);
    size_t line_end = newline ? (size_t)(newline - text) : length;
    if (line_end > line_start && line_end > offset && text[line_end - 1] == '\r')
        line_end--;
    uint32_t column = 1;
    for (size_t i = line_start; i < offset;) {
        uint32_t code_point;
        const size_t bytes = base_utf8_decode(text + i, length - i, &code_point);
        i += bytes ? bytes : 1;
        column++;
    }
    const size_t shown = width > line_end - offset && line_end >= offset ? line_end - offset : width;
    return (BaseSource){.name = name,
                        .line = line,
                        .column = column,
                        .width = (uint32_t)base_utf8_count(text + offset, shown),
                        .text = text + line_start,
                        .text_length = line_end - line_start};
}

void base_error_print(FILE *out, const BaseError *err)
{
    if (err->source[0]) {
        fputs(err->source, out);
        if (err->line)
            fprintf(out, ":%u", err->line);
        if (err->line && err->column)
            fprintf(out, ":%u", err->column);
        fputs(": ", out);
    }
    fprintf(out, "%s: %s\n", err->is_warning ? "warning" : "error", err->message);
    if (err->excerpt_column) {
        fprintf(out, "  %s\n  ", err->excerpt);
        const size_t place = column_offset(err->excerpt, strlen(err->excerpt), err->excerpt_column);
        const size_t indent = base_utf8_columns(err->excerpt, place);
        for (size_t i = 0; i < indent; i++)
            fputc(' ', out);
        const size_t rest = base_utf8_count(err->excerpt + place, strlen(err->excerpt + place));
        fputc('^', out);
        for (uint32_t i = 1; i < err->width && i < rest; i++)
            fputc('~', out);
        fputc('\n', out);
    }
    if (err->hint[0])
        fprintf(out, "  hint: %s\n", err->hint);
}

void base_sink(const BaseSink *sink, const BaseError *error)
{
    if (sink && sink->report)
        sink->report(sink->context, error);
}
