#include "base/json.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Text ---- */

/* What stands for a byte in a JSON string, in XML; `room` may hold it. */
typedef const char *Escape(unsigned char byte, char room[8]);

static const char *escape_json(unsigned char byte, char room[8])
{
    switch (byte) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        snprintf(room, 8, "\\u%04x", byte);
        return room;
    }
}

static const char *escape_xml(unsigned char byte, char room[8])
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        room[0] = (char)byte;
        room[1] = '\0';
        return room;
    }
}

static size_t plain_json(const char *bytes, size_t length)
{
    return base_plain_length(bytes, length, 0x20, "\"\\", 2);
}

static size_t plain_xml(const char *bytes, size_t length)
{
    return base_plain_length(bytes, length, 0, "&<>\"'", 5);
}

static void write_escaped(FILE *out, const char *bytes, size_t length, size_t (*plain)(const char *, size_t),
                          Escape *escape)
{
    char room[8];
    for (size_t at = 0; at < length; at++) {
        const size_t count = plain(bytes + at, length - at);
        fwrite(bytes + at, 1, count, out);
        at += count;
        if (at < length)
            fputs(escape((unsigned char)bytes[at], room), out);
    }
}

static bool add_escaped(BaseBuffer *out, const char *bytes, size_t length, size_t (*plain)(const char *, size_t),
                        Escape *escape)
{
    char room[8];
    for (size_t at = 0; at < length; at++) {
        const size_t count = plain(bytes + at, length - at);
        if (!base_buffer_add(out, bytes + at, count))
            return false;
        at += count;
        const char *const other = at < length ? escape((unsigned char)bytes[at], room) : "";
        if (!base_buffer_add(out, other, strlen(other)))
            return false;
    }
    return true;
}

void base_json_string(FILE *out, const char *bytes, size_t length)
{
    fputc('"', out);
    write_escaped(out, bytes, length, plain_json, escape_json);
    fputc('"', out);
}

bool base_buffer_json(BaseBuffer *out, const char *bytes, size_t length)
{
    return base_buffer_add(out, "\"", 1) && add_escaped(out, bytes, length, plain_json, escape_json) &&
           base_buffer_add(out, "\"", 1);
}

void base_xml_text(FILE *out, const char *bytes, size_t length)
{
    write_escaped(out, bytes, length, plain_xml, escape_xml);
}

bool base_buffer_xml(BaseBuffer *out, const char *bytes, size_t length)
{
    return add_escaped(out, bytes, length, plain_xml, escape_xml);
}

/* ---- Numbers ---- */

void base_json_number(FILE *out, double number)
{
    if (!isfinite(number)) {
        fputs("null", out);
        return;
    }
    char text[40];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    fputs(text, out);
}
