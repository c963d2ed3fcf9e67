/* draw.h - draws a text under edit on a terminal: wrapped at its width, in colours, as much of it as fits the height,
 * with lines below it for what Tab offers. Rows end where the terminal's do, so that nothing depends on how it wraps.
 */
#ifndef KGQ_CLI_EDITOR_DRAW_H
#define KGQ_CLI_EDITOR_DRAW_H

#include "cli/editor/text.h"

/* One row of the screen. */
typedef struct DrawnRow {
    size_t start, end; /* bytes of the text */
    size_t columns;    /* with its prompt */
    bool begins_line;  /* and has a prompt */
} DrawnRow;

/* A line below the text; `text` may hold control sequences that take no columns. */
typedef struct DrawnLine {
    const char *text;
    size_t columns;
} DrawnLine;

typedef struct Drawing {
    int output;
    bool has_colours;
    size_t width, height;      /* of the terminal */
    const char *prompt, *more; /* before the first line, and before the others */
    struct {
        DrawnRow *items;
        size_t count, capacity;
    } rows; /* of the whole text */
    size_t cursor_row, cursor_column;
    size_t top; /* the first row that is shown */
    struct {
        size_t *items; /* columns of each row that is on the terminal now */
        size_t count, capacity;
    } shown;
    size_t shown_row, shown_column; /* where the terminal's cursor is in them */
    BaseBuffer out;
} Drawing;

void drawing_free(Drawing *drawing);
void drawing_measure(Drawing *drawing); /* asks the terminal for its size */
/* The text's rows and the cursor's place among them. False: no memory. */
bool drawing_lay_out(Drawing *drawing, const Text *text);
/* Byte offset of the place nearest to a column of a row. */
size_t drawing_place(const Drawing *drawing, const Text *text, size_t row, size_t column);
/* Draws in place of what is shown. `styles` has an EditorStyle for each byte. */
bool drawing_show(Drawing *drawing, const Text *text, const unsigned char *styles, const DrawnLine *below,
                  size_t below_count);
/* The window changed: what is shown stands in other rows now. */
void drawing_resized(Drawing *drawing);
/* Nothing of it is on the terminal any more, whose cursor is at the start of a row. */
void drawing_forget(Drawing *drawing);
void drawing_write(const Drawing *drawing, const char *bytes, size_t length);

#endif
