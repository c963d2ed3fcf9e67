/* turtle_window.c - the window through which Turtle and TriG are read, and the faults in it. */
#include "kg/io/turtle.h"

#include <stdarg.h>
#include <string.h>

#define WINDOW_BYTES ((size_t)1 << 18)
#define LINE_KEPT ((size_t)4096) /* of a line in front of the next token, for messages */

bool kg_turtle_fail(KgTurtle *turtle, BaseStatus status, const char *message)
{
    if (turtle->status == BASE_OK)
        turtle->status = base_fail(turtle->err, status, "%s", message);
    return false;
}

/* ---- The window ---- */

/* Lets go of what lies far in front of the token, and moves the rest to the front. */
static void slide(KgTurtle *turtle)
{
    const size_t behind = turtle->at - turtle->line_start;
    if (behind > 2 * LINE_KEPT) {
        size_t start = turtle->at - LINE_KEPT;
        while (start < turtle->at && ((unsigned char)turtle->bytes[start] & 0xc0) == 0x80)
            start++;
        const char *const line = turtle->bytes + turtle->line_start;
        turtle->columns_before += (uint32_t)base_utf8_count(line, start - turtle->line_start);
        turtle->line_start = start;
    }
    const size_t gone = turtle->line_start;
    if (gone == 0)
        return;
    memmove(turtle->bytes, turtle->bytes + gone, turtle->end - gone);
    turtle->line_start = 0;
    turtle->at -= gone;
    turtle->good -= gone;
    turtle->end -= gone;
}

/* How far the bytes read are text; what may be the beginning of a character waits for the rest of it. */
static void check_bytes(KgTurtle *turtle)
{
    const char *const start = turtle->bytes + turtle->good;
    const size_t length = turtle->end - turtle->good;
    const size_t well_formed = base_utf8_check(start, length);
    turtle->good += well_formed;
    turtle->is_bad = turtle->end - turtle->good >= 4 || (turtle->has_ended && turtle->good < turtle->end);
}

static bool read_on(KgTurtle *turtle)
{
    const size_t window = turtle->importer->chunk_bytes ? turtle->importer->chunk_bytes : WINDOW_BYTES;
    slide(turtle);
    if (turtle->capacity - turtle->end < window / 2 + 1 &&
        !base_reserve((void **)&turtle->bytes, &turtle->capacity, turtle->end + window, 1))
        return kg_turtle_fail(turtle, BASE_NO_MEMORY, "no memory to read a file");
    size_t got = 0;
    const BaseStatus status = base_input_read(turtle->importer->input, turtle->bytes + turtle->end,
                                              turtle->capacity - turtle->end, &got, turtle->err);
    turtle->has_ended = status != BASE_OK;
    if (status != BASE_OK && status != BASE_END && turtle->status == BASE_OK)
        turtle->status = status;
    turtle->end += got;
    check_bytes(turtle);
    return turtle->status == BASE_OK;
}

int kg_turtle_more(KgTurtle *turtle, size_t i)
{
    while (turtle->at + i >= turtle->good)
        if (turtle->has_ended || turtle->is_bad || turtle->status != BASE_OK || !read_on(turtle))
            return turtle->at + i < turtle->good ? (unsigned char)turtle->bytes[turtle->at + i] : -1;
    return (unsigned char)turtle->bytes[turtle->at + i];
}

void kg_turtle_pass(KgTurtle *turtle, size_t length)
{
    const char *at = turtle->bytes + turtle->at, *const end = at + length;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        turtle->line++;
        turtle->columns_before = 0;
        turtle->line_start = (size_t)(at - turtle->bytes);
    }
    turtle->at += length;
}

/* ---- Faults ---- */

/* `offset` is that of the fault after the next token's start. */
static bool put_fault(KgTurtle *turtle, size_t offset, KgFault *fault)
{
    for (size_t i = offset; i < offset + LINE_KEPT; i++) { /* the rest of its line is shown with it */
        const int byte = kg_turtle_byte(turtle, i);
        if (byte < 0 || byte == '\n')
            break;
    }
    if (turtle->status != BASE_OK)
        return false;
    fault->offset = turtle->at - turtle->line_start + offset;
    const KgText record = {turtle->bytes + turtle->line_start, turtle->good - turtle->line_start};
    KgPart *const part = &turtle->part;
    part->lines = turtle->line - 1 - turtle->importer->row.lines;
    part->is_stopped = true;
    turtle->status = kg_part_fault(part, record, fault, turtle->err);
    if (turtle->status != BASE_OK)
        return false;
    BaseError *const error = &part->faults.items[part->faults.count - 1];
    if (error->line == part->lines + 1)
        error->column += turtle->columns_before;
    part->lines = error->line - 1;
    turtle->status = BASE_BAD_INPUT;
    return false;
}

bool kg_turtle_fault(KgTurtle *turtle, size_t offset, size_t width, const char *format, ...)
{
    KgFault fault = {0};
    va_list arguments;
    if (turtle->status != BASE_OK)
        return false;
    va_start(arguments, format);
    vsnprintf(fault.message, sizeof fault.message, format, arguments);
    va_end(arguments);
    fault.width = width;
    return put_fault(turtle, offset, &fault);
}

bool kg_turtle_fault_at_end(KgTurtle *turtle, size_t offset, size_t width, const char *message)
{
    if (!turtle->is_bad)
        return kg_turtle_fault(turtle, offset, width, "%s", message);
    return kg_turtle_fault(turtle, turtle->good - turtle->at, 1, "invalid UTF-8: byte 0x%02x",
                           (unsigned)(unsigned char)turtle->bytes[turtle->good]);
}

bool kg_turtle_fault_here(KgTurtle *turtle, size_t i, size_t width, const char *message)
{
    return kg_turtle_byte(turtle, i) < 0 ? kg_turtle_fault_at_end(turtle, i, width, message)
                                         : kg_turtle_fault(turtle, i, width, "%s", message);
}

/* ---- Between tokens ---- */

static void pass_comment(KgTurtle *turtle)
{
    int byte;
    while ((byte = kg_turtle_byte(turtle, 0)) >= 0 && byte != '\n' && byte != '\r')
        turtle->at++;
}

int kg_turtle_next(KgTurtle *turtle)
{
    for (;;) {
        const int byte = kg_turtle_byte(turtle, 0);
        if (byte == '\n')
            kg_turtle_pass(turtle, 1);
        else if (byte == '#')
            pass_comment(turtle);
        else if (byte == ' ' || byte == '\t' || byte == '\r')
            turtle->at++;
        else
            return byte;
    }
}

bool kg_turtle_expect(KgTurtle *turtle, char symbol, const char *expected)
{
    if (kg_turtle_next(turtle) != symbol)
        return kg_turtle_fault_here(turtle, 0, 1, expected);
    turtle->at++;
    return true;
}
