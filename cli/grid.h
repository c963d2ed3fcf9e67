/* grid.h - a table of texts for people: boxed and fitted to the terminal, or as TSV where there is none. */
#ifndef KGQ_CLI_GRID_H
#define KGQ_CLI_GRID_H

#include "base/base.h"

#define GRID_MOST_COLUMNS 12

typedef struct Grid {
    const char *const *heads;
    size_t columns;
    const bool *is_number; /* columns that stand to the right */
    struct {
        char **items; /* row by row */
        size_t count, capacity;
    } cells;
} Grid;

bool grid_add(Grid *grid, const char *text); /* the next cell; false: no memory */
/* `width`: the terminal's, 0: TSV. */
void grid_write(const Grid *grid, size_t width, FILE *out);
void grid_free(Grid *grid);

#endif
