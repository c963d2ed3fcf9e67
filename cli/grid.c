#include "cli/grid.h"

#include <stdlib.h>
#include <string.h>

#define NARROWEST 8 /* columns that a cut cell keeps at least */
#define ELLIPSIS "\xe2\x80\xa6"

bool grid_add(Grid *grid, const char *text)
{
    char *const copy = strdup(text);
    if (copy && BASE_PUSH(&grid->cells, copy))
        return true;
    free(copy);
    return false;
}

void grid_free(Grid *grid)
{
    for (size_t i = 0; i < grid->cells.count; i++)
        free(grid->cells.items[i]);
    free(grid->cells.items);
    *grid = (Grid){0};
}

static size_t columns_of(const char *text)
{
    return base_utf8_columns(text, strlen(text));
}

/* The column to be cut next: the widest of those with texts, the first, which has the names, after all others. */
static size_t widest(const Grid *grid, const size_t *widths)
{
    size_t found = 0;
    for (size_t i = 1; i < grid->columns; i++)
        if (!grid->is_number[i] && widths[i] > NARROWEST && (found == 0 || widths[i] > widths[found]))
            found = i;
    return found;
}

/* As wide as the widest cell, and cut until all fit. */
static void measure(const Grid *grid, size_t width, size_t *widths)
{
    size_t sum = 3 * grid->columns + 1;
    for (size_t i = 0; i < grid->columns; i++) {
        widths[i] = columns_of(grid->heads[i]);
        for (size_t k = i; k < grid->cells.count; k += grid->columns) {
            const size_t cell = columns_of(grid->cells.items[k]);
            widths[i] = cell > widths[i] ? cell : widths[i];
        }
        sum += widths[i];
    }
    while (sum > width) {
        const size_t column = widest(grid, widths);
        if (widths[column] <= NARROWEST)
            return;
        widths[column]--;
        sum--;
    }
}

static void write_rule(const Grid *grid, const size_t *widths, const char *const ends[3], FILE *out)
{
    fputs(ends[0], out);
    for (size_t i = 0; i < grid->columns; i++) {
        for (size_t k = 0; k < widths[i] + 2; k++)
            fputs("\xe2\x94\x80", out);
        fputs(ends[i + 1 < grid->columns ? 1 : 2], out);
    }
    fputc('\n', out);
}

static void pad(size_t count, FILE *out)
{
    fprintf(out, "%*s", (int)count, "");
}

static void write_cell(const char *text, size_t width, bool is_right, FILE *out)
{
    const size_t length = strlen(text), columns = columns_of(text);
    size_t at = 0, used = 0;
    if (columns <= width) {
        pad(is_right ? width - columns : 0, out);
        fputs(text, out);
        pad(is_right ? 0 : width - columns, out);
        return;
    }
    while (at < length) {
        uint32_t c;
        const size_t found = base_utf8_decode(text + at, length - at, &c), bytes = found ? found : 1;
        const size_t wide = base_utf8_columns(text + at, bytes);
        if (used + wide + 1 > width)
            break;
        used += wide;
        at += bytes;
    }
    fprintf(out, "%.*s" ELLIPSIS, (int)at, text);
    pad(width - used - 1, out);
}

static void write_row(const Grid *grid, const size_t *widths, const char *const *cells, FILE *out)
{
    for (size_t i = 0; i < grid->columns; i++) {
        fputs(i == 0 ? "\xe2\x94\x82 " : " \xe2\x94\x82 ", out);
        write_cell(cells[i], widths[i], grid->is_number[i], out);
    }
    fputs(" \xe2\x94\x82\n", out);
}

static void write_tsv(const Grid *grid, FILE *out)
{
    for (size_t i = 0; i < grid->columns; i++)
        fprintf(out, "%s%c", grid->heads[i], i + 1 < grid->columns ? '\t' : '\n');
    for (size_t i = 0; i < grid->cells.count; i++)
        fprintf(out, "%s%c", grid->cells.items[i], (i + 1) % grid->columns ? '\t' : '\n');
}

void grid_write(const Grid *grid, size_t width, FILE *out)
{
    static const char *const top[] = {"\xe2\x94\x8c", "\xe2\x94\xac", "\xe2\x94\x90"},
                             *const middle[] = {"\xe2\x94\x9c", "\xe2\x94\xbc", "\xe2\x94\xa4"},
                             *const bottom[] = {"\xe2\x94\x94", "\xe2\x94\xb4", "\xe2\x94\x98"};
    size_t widths[GRID_MOST_COLUMNS];
    if (width == 0) {
        write_tsv(grid, out);
        return;
    }
    measure(grid, width, widths);
    write_rule(grid, widths, top, out);
    write_row(grid, widths, grid->heads, out);
    write_rule(grid, widths, middle, out);
    for (size_t i = 0; i + grid->columns <= grid->cells.count; i += grid->columns)
        write_row(grid, widths, (const char *const *)grid->cells.items + i, out);
    write_rule(grid, widths, bottom, out);
}
