#include "cli/editor/draw.h"

#include "cli/editor/editor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TAB_COLUMNS 8
#define NARROWEST 16 /* columns: a terminal that has less is drawn on as if it had so many */

static const char *const style_sequences[STYLES] = {
    [STYLE_PLAIN] = "\x1b[0m",       [STYLE_KEYWORD] = "\x1b[0;1;34m", [STYLE_FUNCTION] = "\x1b[0;34m",
    [STYLE_VARIABLE] = "\x1b[0;36m", [STYLE_NAME] = "\x1b[0;33m",      [STYLE_STRING] = "\x1b[0;32m",
    [STYLE_NUMBER] = "\x1b[0;35m",   [STYLE_COMMENT] = "\x1b[0;2m",    [STYLE_COMMAND] = "\x1b[0;1;35m",
    [STYLE_WRONG] = "\x1b[0;31m",    [STYLE_PAIR] = "\x1b[0;1;4m",
};

void drawing_free(Drawing *drawing)
{
    free(drawing->rows.items);
    free(drawing->shown.items);
    base_buffer_free(&drawing->out);
}

void drawing_measure(Drawing *drawing)
{
    struct winsize size = {0};
    if (ioctl(drawing->output, TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    drawing->width = size.ws_col ? size.ws_col : 80;
    drawing->height = size.ws_row ? size.ws_row : 24;
    if (drawing->width < NARROWEST)
        drawing->width = NARROWEST;
}

void drawing_write(const Drawing *drawing, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(drawing->output, bytes, length);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return; /* the terminal is gone, as the next key will tell */
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
}

/* ---- Rows ---- */

/* Columns of the character at `at`, where it stands behind `column` columns; *bytes is its length. */
static size_t columns_of(const char *text, size_t length, size_t at, size_t column, size_t *bytes)
{
    uint32_t c;
    *bytes = 1;
    if (text[at] == '\t')
        return TAB_COLUMNS - column % TAB_COLUMNS;
    if ((unsigned char)text[at] < 0x80)
        return 1;
    const size_t found = base_utf8_decode(text + at, length - at, &c);
    *bytes = found ? found : 1;
    return base_utf8_columns(text + at, *bytes);
}

static size_t prompt_columns(const Drawing *drawing, size_t row)
{
    const char *const prompt = row == 0 ? drawing->prompt : drawing->more;
    return base_utf8_columns(prompt, strlen(prompt));
}

static bool end_row(Drawing *drawing, DrawnRow *row, size_t end, size_t columns, bool ends_line)
{
    row->end = end;
    row->columns = columns;
    if (!BASE_PUSH(&drawing->rows, *row))
        return false;
    *row = (DrawnRow){.start = end + ends_line, .begins_line = ends_line};
    return true;
}

bool drawing_lay_out(Drawing *drawing, const Text *text)
{
    const char *const bytes = text->bytes.items;
    const size_t length = text->bytes.count;
    DrawnRow row = {.begins_line = true};
    size_t column = prompt_columns(drawing, 0);
    drawing->rows.count = 0;
    for (size_t at = 0; at <= length;) {
        size_t size = 1;
        const bool is_newline = at < length && bytes[at] == '\n';
        /* The cursor behind the last character of a full row stands in the next one. */
        const size_t columns =
            at == length || is_newline ? (at == text->cursor) : columns_of(bytes, length, at, column, &size);
        if (column + columns > drawing->width && columns > 0) {
            if (!end_row(drawing, &row, at, column, false))
                return false;
            column = 0;
        }
        if (at == text->cursor) {
            drawing->cursor_row = drawing->rows.count;
            drawing->cursor_column = column;
        }
        if (at == length || is_newline) {
            if (!end_row(drawing, &row, at, column, true))
                return false;
            column = prompt_columns(drawing, drawing->rows.count);
        } else {
            column += columns;
        }
        at += size;
    }
    return true;
}

size_t drawing_place(const Drawing *drawing, const Text *text, size_t row, size_t column)
{
    const DrawnRow *const at_row = &drawing->rows.items[row];
    size_t at = at_row->start, reached = at_row->begins_line ? prompt_columns(drawing, row) : 0;
    while (at < at_row->end) {
        size_t size;
        const size_t columns = columns_of(text->bytes.items, text->bytes.count, at, reached, &size);
        if (reached + columns > column)
            break;
        const size_t next = text_behind(text, at);
        if (next == at_row->end && next < text->bytes.count && text->bytes.items[next] != '\n')
            break; /* that place is the start of the next row */
        reached += columns;
        at = next;
    }
    return at;
}

/* ---- Drawing ---- */

static bool put(Drawing *drawing, const char *text)
{
    return base_buffer_add(&drawing->out, text, strlen(text));
}

static bool put_row_text(Drawing *drawing, const Text *text, const DrawnRow *row, size_t column,
                         const unsigned char *styles)
{
    unsigned char style = STYLE_PLAIN;
    bool is_whole = true;
    for (size_t at = row->start; at < row->end && is_whole;) {
        size_t size;
        const size_t columns = columns_of(text->bytes.items, text->bytes.count, at, column, &size);
        if (drawing->has_colours && styles[at] != style) {
            style = styles[at];
            is_whole = put(drawing, style_sequences[style]);
        }
        if (text->bytes.items[at] == '\t')
            for (size_t i = 0; i < columns && is_whole; i++)
                is_whole = put(drawing, " ");
        else
            is_whole = is_whole && base_buffer_add(&drawing->out, text->bytes.items + at, size);
        column += columns;
        at += size;
    }
    return is_whole && (style == STYLE_PLAIN || put(drawing, style_sequences[STYLE_PLAIN]));
}

static bool put_row(Drawing *drawing, const Text *text, size_t index, const unsigned char *styles)
{
    const DrawnRow *const row = &drawing->rows.items[index];
    bool is_whole = true;
    if (row->begins_line) {
        if (drawing->has_colours)
            is_whole = put(drawing, "\x1b[1m");
        is_whole = is_whole && put(drawing, index == 0 ? drawing->prompt : drawing->more);
        if (drawing->has_colours)
            is_whole = is_whole && put(drawing, "\x1b[0m");
    }
    return is_whole && put_row_text(drawing, text, row, row->begins_line ? prompt_columns(drawing, index) : 0, styles);
}

/* Keeps the cursor in sight and as few empty rows as can be. */
static void choose_window(Drawing *drawing, size_t available)
{
    if (drawing->cursor_row < drawing->top)
        drawing->top = drawing->cursor_row;
    if (drawing->cursor_row >= drawing->top + available)
        drawing->top = drawing->cursor_row - available + 1;
    if (drawing->top + available > drawing->rows.count)
        drawing->top = drawing->rows.count > available ? drawing->rows.count - available : 0;
}

static bool move_cursor(Drawing *drawing, size_t up, size_t right)
{
    return (up == 0 || base_buffer_format(&drawing->out, "\x1b[%zuA", up)) && put(drawing, "\r") &&
           (right == 0 || base_buffer_format(&drawing->out, "\x1b[%zuC", right));
}

bool drawing_show(Drawing *drawing, const Text *text, const unsigned char *styles, const DrawnLine *below,
                  size_t below_count)
{
    if (below_count >= drawing->height)
        below_count = drawing->height - 1;
    const size_t available = drawing->height - below_count;
    choose_window(drawing, available);
    const size_t left = drawing->rows.count - drawing->top;
    const size_t count = left < available ? left : available;
    drawing->out.count = 0;
    bool is_whole = put(drawing, "\x1b[?25l") && move_cursor(drawing, drawing->shown_row, 0) && put(drawing, "\x1b[J");
    drawing->shown.count = 0;
    for (size_t i = 0; i < count && is_whole; i++) {
        const DrawnRow *const row = &drawing->rows.items[drawing->top + i];
        is_whole = (i == 0 || put(drawing, "\r\n")) && put_row(drawing, text, drawing->top + i, styles) &&
                   BASE_PUSH(&drawing->shown, row->columns);
    }
    for (size_t i = 0; i < below_count && is_whole; i++)
        is_whole = put(drawing, "\r\n") && put(drawing, below[i].text) && BASE_PUSH(&drawing->shown, below[i].columns);
    drawing->shown_row = drawing->cursor_row - drawing->top;
    drawing->shown_column = drawing->cursor_column;
    is_whole = is_whole && move_cursor(drawing, count + below_count - 1 - drawing->shown_row, drawing->cursor_column) &&
               put(drawing, "\x1b[?25h");
    if (is_whole)
        drawing_write(drawing, drawing->out.items, drawing->out.count);
    return is_whole;
}

/* Terminals break rows that are too long now, and leave the cursor at its character. */
void drawing_resized(Drawing *drawing)
{
    drawing_measure(drawing);
    size_t row = 0;
    for (size_t i = 0; i < drawing->shown_row && i < drawing->shown.count; i++) {
        const size_t columns = drawing->shown.items[i];
        row += columns ? (columns + drawing->width - 1) / drawing->width : 1;
    }
    drawing->shown_row = row + drawing->shown_column / drawing->width;
}

void drawing_forget(Drawing *drawing)
{
    drawing->shown.count = 0;
    drawing->shown_row = drawing->shown_column = drawing->top = 0;
}
