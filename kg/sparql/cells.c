/* cells.c - see cells.h. Texts of unbounded length are bounded in number: rows whose texts grow large are taken fewer
 * at a time. */
#include "kg/sparql/cells.h"

#include "kg/sort.h"
#include "kg/sparql/operator.h"
#include "kg/sparql/result.h"
#include "kg/terms.h"

#include <stdlib.h>

enum { MOST_ROWS = 8192, SOME_ROWS = 2048, FEW_ROWS = 64 };
#define MANY_ROWS 16384 /* behind so many written, more are waited for: terms of many lie closer together */
#define MOST_BYTES ((size_t)16 << 20)    /* of texts, unless one row has more */
#define WRITTEN_BYTES ((size_t)64 << 10) /* at once */

typedef struct Cell {
    size_t start, length; /* SIZE_MAX: unbound */
} Cell;

typedef struct Writer {
    const CellFormat *format;
    FILE *out;
    ResultRows rows; /* being written */
    size_t columns;
    size_t capacity;         /* rows there is room for */
    size_t most;             /* rows to be taken at once */
    size_t frame;            /* bytes around the cells of a line */
    Cell *cells;             /* column by column, `capacity` each */
    KgPair *pairs, *scratch; /* ids, rows */
    BaseBuffer texts, lines;
    struct {
        KgId *items;
        size_t count, capacity;
    } gathered; /* ids of rows of several batches */
    BaseError *err;
} Writer;

static BaseStatus no_memory(const Writer *writer)
{
    return sparql_write_no_memory(writer->err);
}

static BaseStatus want_room(Writer *writer, size_t rows)
{
    if (rows <= writer->capacity)
        return BASE_OK;
    free(writer->cells);
    free(writer->pairs);
    free(writer->scratch);
    writer->capacity = rows <= FEW_ROWS ? FEW_ROWS : rows <= SOME_ROWS ? SOME_ROWS : MOST_ROWS;
    writer->cells = malloc(writer->capacity * (writer->columns + 1) * sizeof *writer->cells);
    writer->pairs = malloc(writer->capacity * sizeof *writer->pairs);
    writer->scratch = malloc(writer->capacity * sizeof *writer->scratch);
    return writer->cells && writer->pairs && writer->scratch ? BASE_OK : no_memory(writer);
}

/* ---- A column ---- */

static BaseStatus add_text(Writer *writer, size_t column, KgId id, Cell *cell)
{
    KgTerm term;
    const BaseStatus status = sparql_terms_borrow(writer->rows.terms, id, &term, writer->err);
    if (status != BASE_OK)
        return status;
    cell->start = writer->texts.count;
    if (!writer->format->add(&term, writer->rows.names[column], &writer->texts))
        return no_memory(writer);
    cell->length = writer->texts.count - cell->start;
    return BASE_OK;
}

/* Texts so large that fewer rows should be taken, when there are several. */
static bool is_large(const Writer *writer, size_t count)
{
    return writer->texts.count > MOST_BYTES && count > 1;
}

/* Makes the cells that need no dictionary; the ids and rows of the others become pairs. */
static BaseStatus add_others(Writer *writer, size_t column, size_t first, size_t count, size_t *pairs)
{
    Cell *const cells = writer->cells + column * writer->capacity;
    const Cell *last = NULL; /* that was made, of the id before */
    KgId before = 0;
    BaseStatus status = BASE_OK;
    *pairs = 0;
    for (size_t row = 0; status == BASE_OK && row < count && !is_large(writer, count); row++) {
        const KgId id = result_id(&writer->rows, first + row, column);
        if (kg_is_stored_kind(kg_tag(id))) {
            writer->pairs[(*pairs)++] = (KgPair){id, row};
        } else if (!id) {
            cells[row] = (Cell){0, SIZE_MAX};
        } else if (last && id == before) {
            cells[row] = *last;
        } else {
            status = add_text(writer, column, id, &cells[row]);
            last = &cells[row];
            before = id;
        }
    }
    return status;
}

static void sort_pairs(KgPair *pairs, KgPair *scratch, size_t count)
{
    uint64_t least = UINT64_MAX, greatest = 0;
    size_t at = 1;
    while (at < count && pairs[at - 1].key <= pairs[at].key)
        at++;
    if (at >= count)
        return;
    if (count <= FEW_ROWS) {
        for (; at < count; at++) {
            const KgPair pair = pairs[at];
            size_t to = at;
            for (; to > 0 && pairs[to - 1].key > pair.key; to--)
                pairs[to] = pairs[to - 1];
            pairs[to] = pair;
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        least = pairs[i].key < least ? pairs[i].key : least;
        greatest = pairs[i].key > greatest ? pairs[i].key : greatest;
    }
    for (size_t i = 0; i < count; i++)
        pairs[i].key -= least;
    kg_sort_pairs(pairs, scratch, count, 64 - __builtin_clzll((greatest - least) | 1));
}

static BaseStatus add_column(Writer *writer, size_t column, size_t first, size_t count)
{
    Cell *const cells = writer->cells + column * writer->capacity;
    const KgPair *const pairs = writer->pairs;
    size_t pair_count;
    BaseStatus status = add_others(writer, column, first, count, &pair_count);
    if (status == BASE_OK)
        sort_pairs(writer->pairs, writer->scratch, pair_count);
    for (size_t i = 0; status == BASE_OK && i < pair_count && !is_large(writer, count); i++) {
        Cell *const cell = &cells[pairs[i].with];
        if (i > 0 && pairs[i].key == pairs[i - 1].key)
            *cell = cells[pairs[i - 1].with];
        else
            status = add_text(writer, column, result_id(&writer->rows, first + pairs[i].with, column), cell);
    }
    return status;
}

/* ---- Rows ---- */

static void add_line(Writer *writer, size_t row, bool is_first)
{
    const CellFormat *const format = writer->format;
    char *end = writer->lines.items + writer->lines.count;
    bool has_one = false;
    end = stpcpy(end, is_first ? "" : format->between);
    end = stpcpy(end, format->start);
    for (size_t column = 0; column < writer->columns; column++) {
        const Cell cell = writer->cells[column * writer->capacity + row];
        const bool is_bound = cell.length != SIZE_MAX;
        if (!is_bound && format->skips_unbound)
            continue;
        end = stpcpy(end, has_one ? format->separator : "");
        if (is_bound && cell.length > 0)
            end = mempcpy(end, writer->texts.items + cell.start, cell.length);
        has_one = true;
    }
    end = stpcpy(end, format->end);
    writer->lines.count = (size_t)(end - writer->lines.items);
}

/* Of the line, at most. */
static size_t line_bytes(const Writer *writer, size_t row)
{
    size_t bytes = writer->frame;
    for (size_t column = 0; column < writer->columns; column++) {
        const size_t length = writer->cells[column * writer->capacity + row].length;
        bytes += length == SIZE_MAX ? 0 : length;
    }
    return bytes;
}

static BaseStatus write_lines(Writer *writer, size_t count, uint64_t *rows)
{
    for (size_t row = 0; row < count; row++, ++*rows) {
        if (!BASE_RESERVE(&writer->lines, writer->lines.count + line_bytes(writer, row)))
            return no_memory(writer);
        add_line(writer, row, *rows == 0);
        if (writer->lines.count >= WRITTEN_BYTES || row + 1 == count) {
            fwrite(writer->lines.items, 1, writer->lines.count, writer->out);
            writer->lines.count = 0;
        }
    }
    return BASE_OK;
}

static BaseStatus make_cells(Writer *writer, size_t first, size_t count)
{
    BaseStatus status = want_room(writer, count);
    writer->texts.count = 0;
    for (size_t column = 0; status == BASE_OK && column < writer->columns && !is_large(writer, count); column++)
        status = add_column(writer, column, first, count);
    return status;
}

static BaseStatus write_batch(Writer *writer, uint64_t *rows)
{
    BaseStatus status = BASE_OK;
    for (size_t first = 0; status == BASE_OK && first < writer->rows.count;) {
        const size_t left = writer->rows.count - first, count = left < writer->most ? left : writer->most;
        status = make_cells(writer, first, count);
        if (status == BASE_OK && is_large(writer, count)) {
            writer->most = (count + 7) / 8;
            continue;
        }
        if (status == BASE_OK)
            status = write_lines(writer, count, rows);
        first += count;
    }
    return status;
}

/* Batches until there are MOST_ROWS. What was gathered before the end or a failure is to be written first. */
static BaseStatus gather(Writer *writer, KgQuery *query)
{
    BaseStatus status = BASE_OK;
    size_t count = 0;
    writer->gathered.count = 0;
    while (status == BASE_OK && count < MOST_ROWS) {
        status = sparql_query_rows(query, &writer->rows, writer->err);
        const size_t ids = writer->rows.count * writer->rows.width;
        if (status != BASE_OK)
            break;
        if (!BASE_RESERVE(&writer->gathered, writer->gathered.count + ids))
            return no_memory(writer);
        if (ids)
            memcpy(writer->gathered.items + writer->gathered.count, writer->rows.ids, ids * sizeof(KgId));
        writer->gathered.count += ids;
        count += writer->rows.count;
    }
    writer->rows.ids = writer->gathered.items;
    writer->rows.count = count;
    return status;
}

BaseStatus sparql_write_rows(KgQuery *query, const CellFormat *format, FILE *out, uint64_t *rows, BaseError *err)
{
    const size_t columns = kg_query_column_count(query);
    Writer writer = {.format = format, .out = out, .columns = columns, .most = MOST_ROWS, .err = err};
    BaseStatus status = BASE_OK;
    writer.frame =
        strlen(format->between) + strlen(format->start) + columns * strlen(format->separator) + strlen(format->end) + 1;
    const uint64_t before = *rows;
    while (status == BASE_OK) {
        const bool gathers = *rows - before >= MANY_ROWS;
        status = gathers ? gather(&writer, query) : sparql_query_rows(query, &writer.rows, err);
        if (status == BASE_OK || (status == BASE_END && gathers)) {
            const BaseStatus written = write_batch(&writer, rows);
            status = written == BASE_OK ? status : written;
        }
    }
    free(writer.gathered.items);
    free(writer.cells);
    free(writer.pairs);
    free(writer.scratch);
    base_buffer_free(&writer.texts);
    base_buffer_free(&writer.lines);
    return status == BASE_END ? BASE_OK : status;
}
