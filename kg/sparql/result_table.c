/* result_table.c - results for people: a boxed table fitted to the terminal, and Markdown. */
#include "kg/sparql/operator.h"
#include "kg/sparql/result.h"

#include <stdlib.h>

#define ELLIPSIS "\xe2\x80\xa6"
#define MEASURED_ROWS 10000
#define NARROWEST 3 /* columns that a cut cell keeps at least */

typedef struct Cell {
    const char *text;
    size_t length, columns; /* on the screen */
    bool is_number;
} Cell;

typedef struct Table {
    size_t width; /* columns of the result */
    struct {
        Cell *items; /* row by row, the header first */
        size_t count, capacity;
    } cells;
    size_t *widths;
    KgPrefix *prefixes;
    size_t prefix_count;
    BaseArena arena;
    BaseArena texts; /* of the cells */
} Table;

/* Plain names and bare texts; what a prefix shortens is prefix:name. */
static bool add_plain(const Table *table, const KgTerm *term, BaseBuffer *out)
{
    KgText local;
    const KgPrefix *const prefix =
        term->kind == KG_IRI ? sparql_find_prefix(term->text, table->prefixes, table->prefix_count, &local) : NULL;
    if (!prefix || strcmp(prefix->iri, KG_NAME_SCHEME) == 0)
        return kg_format_term(term, KG_SYNTAX_PLAIN, out);
    return base_buffer_format(out, "%s:", prefix->prefix) && base_buffer_add(out, local.bytes, local.length);
}

/* Control characters would break the lines: they are shown as escapes. */
static bool add_visible(BaseBuffer *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        bool is_added;
        if (c == '\n' || c == '\t' || c == '\r')
            is_added = base_buffer_add(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r", 2);
        else if (c < 0x20 || c == 0x7f)
            is_added = base_buffer_format(out, "\\u%04X", c);
        else
            is_added = base_buffer_add(out, text + i, 1);
        if (!is_added)
            return false;
    }
    return true;
}

static bool add_cell(Table *table, const char *text, size_t length, bool is_number)
{
    const char *const copy = base_arena_copy(&table->texts, text, length);
    const Cell cell = {copy, length, base_utf8_columns(text, length), is_number};
    return copy && BASE_PUSH(&table->cells, cell);
}

static bool add_header(Table *table, const KgQuery *query)
{
    if (kg_query_form(query) == KG_ASK)
        return add_cell(table, "answer", 6, false);
    for (size_t i = 0; i < table->width; i++)
        if (!add_cell(table, kg_query_column(query, i), strlen(kg_query_column(query, i)), false))
            return false;
    return true;
}

static bool add_row(Table *table, KgQuery *query, BaseBuffer *raw, BaseBuffer *shown)
{
    for (size_t i = 0; i < table->width; i++) {
        KgTerm term;
        raw->count = shown->count = 0;
        const bool is_bound = kg_query_cell(query, i, &term);
        if (is_bound && (!add_plain(table, &term, raw) || !add_visible(shown, raw->items, raw->count)))
            return false;
        if (!add_cell(table, shown->items ? shown->items : "", shown->count, is_bound && sparql_is_number(&term)))
            return false;
    }
    return true;
}

/* Prefixes and the header; of ASK the answer too. */
static BaseStatus begin_table(Table *table, KgQuery *query, uint64_t *rows, BaseError *err)
{
    BaseStatus status = sparql_query_prefixes(query, &table->prefixes, &table->prefix_count, err);
    const bool is_ask = kg_query_form(query) == KG_ASK;
    table->width = is_ask ? 1 : kg_query_column_count(query);
    if (status == BASE_OK && !add_header(table, query))
        status = sparql_write_no_memory(err);
    if (status == BASE_OK && is_ask) {
        const char *const answer = kg_query_answer(query) ? "true" : "false";
        *rows = 1;
        status = add_cell(table, answer, strlen(answer), false) ? BASE_OK : sparql_write_no_memory(err);
    }
    return status;
}

/* Up to `most` rows; BASE_END: the last of them. */
static BaseStatus read_rows(Table *table, KgQuery *query, uint64_t most, uint64_t *rows, BaseError *err)
{
    BaseBuffer raw = {0}, shown = {0};
    BaseStatus status = kg_query_form(query) == KG_ASK ? BASE_END : BASE_OK;
    for (uint64_t i = 0; status == BASE_OK && i < most; i++) {
        status = kg_query_next(query, err);
        if (status == BASE_OK && !add_row(table, query, &raw, &shown))
            status = sparql_write_no_memory(err);
        *rows += status == BASE_OK;
    }
    base_buffer_free(&raw);
    base_buffer_free(&shown);
    return status;
}

static bool find_widths(Table *table)
{
    table->widths = base_arena_alloc(&table->arena, table->width + 1, sizeof *table->widths);
    if (!table->widths)
        return false;
    for (size_t i = 0; i < table->cells.count; i++) {
        size_t *const width = &table->widths[i % table->width];
        if (table->cells.items[i].columns > *width)
            *width = table->cells.items[i].columns;
    }
    return true;
}

/* Cuts the widest columns, all to the same width, until the table fits. */
static void fit(Table *table, size_t available)
{
    const size_t frame = 3 * table->width + 1;
    available = available > frame ? available - frame : 0;
    for (;;) {
        size_t sum = 0, widest = 0, second = NARROWEST, count = 0;
        for (size_t i = 0; i < table->width; i++) {
            sum += table->widths[i];
            if (table->widths[i] > widest)
                widest = table->widths[i];
        }
        if (sum <= available || widest <= NARROWEST)
            return;
        for (size_t i = 0; i < table->width; i++) {
            count += table->widths[i] == widest;
            if (table->widths[i] < widest && table->widths[i] > second)
                second = table->widths[i];
        }
        size_t cut = (sum - available + count - 1) / count;
        if (cut > widest - second)
            cut = widest - second;
        for (size_t i = 0; i < table->width; i++)
            if (table->widths[i] == widest)
                table->widths[i] = widest - cut;
    }
}

static void pad(FILE *out, size_t count)
{
    while (count-- > 0)
        fputc(' ', out);
}

/* The cell in exactly `width` columns. */
static void write_cell(FILE *out, const Cell *cell, size_t width)
{
    if (cell->columns <= width) {
        if (cell->is_number)
            pad(out, width - cell->columns);
        fwrite(cell->text, 1, cell->length, out);
        if (!cell->is_number)
            pad(out, width - cell->columns);
        return;
    }
    size_t at = 0, used = 0;
    while (at < cell->length) {
        uint32_t c;
        const size_t bytes = base_utf8_decode(cell->text + at, cell->length - at, &c);
        const size_t columns = base_utf8_columns(cell->text + at, bytes ? bytes : 1);
        if (used + columns > width - 1)
            break;
        used += columns;
        at += bytes ? bytes : 1;
    }
    fwrite(cell->text, 1, at, out);
    fputs(ELLIPSIS, out);
    pad(out, width - 1 - used);
}

static void write_rule(const Table *table, FILE *out, const char *left, const char *middle, const char *right)
{
    fputs(left, out);
    for (size_t i = 0; i < table->width; i++) {
        for (size_t k = 0; k < table->widths[i] + 2; k++)
            fputs("\xe2\x94\x80", out);
        fputs(i + 1 < table->width ? middle : right, out);
    }
    fputc('\n', out);
}

static void write_head(const Table *table, FILE *out)
{
    write_rule(table, out, "\xe2\x94\x8c", "\xe2\x94\xac", "\xe2\x94\x90");
}

/* The cells there are, from the header on where `is_first`. */
static void write_rows(const Table *table, bool is_first, FILE *out)
{
    for (size_t i = 0; i < table->cells.count; i++) {
        const size_t column = i % table->width;
        fputs(column == 0 ? "\xe2\x94\x82 " : " \xe2\x94\x82 ", out);
        write_cell(out, &table->cells.items[i], table->widths[column]);
        if (column + 1 == table->width)
            fputs(" \xe2\x94\x82\n", out);
        if (is_first && i + 1 == table->width)
            write_rule(table, out, "\xe2\x94\x9c", "\xe2\x94\xbc", "\xe2\x94\xa4");
    }
}

static void free_table(Table *table)
{
    free(table->cells.items);
    base_arena_free(&table->arena);
    base_arena_free(&table->texts);
}

/* For people at a terminal the first rows tell the widths of all, so that a long result is shown at once and takes no
 * more memory than they do; elsewhere all rows do. */
static BaseStatus write_boxed(Table *table, KgQuery *query, int width, FILE *out, uint64_t *rows, BaseError *err)
{
    BaseStatus status = read_rows(table, query, width > 0 ? MEASURED_ROWS : UINT64_MAX, rows, err);
    if ((status != BASE_OK && status != BASE_END) || table->width == 0)
        return status;
    if (!find_widths(table))
        return sparql_write_no_memory(err);
    if (width > 0)
        fit(table, (size_t)width);
    write_head(table, out);
    write_rows(table, true, out);
    while (status == BASE_OK) {
        table->cells.count = 0;
        base_arena_free(&table->texts);
        status = read_rows(table, query, MEASURED_ROWS, rows, err);
        write_rows(table, false, out);
    }
    write_rule(table, out, "\xe2\x94\x94", "\xe2\x94\xb4", "\xe2\x94\x98");
    return status;
}

BaseStatus sparql_write_table(KgQuery *query, int width, FILE *out, uint64_t *rows, BaseError *err)
{
    Table table = {0};
    BaseStatus status = begin_table(&table, query, rows, err);
    if (status == BASE_OK)
        status = write_boxed(&table, query, width, out, rows, err);
    free_table(&table);
    return status == BASE_END ? BASE_OK : status;
}

/* ---- Markdown ---- */

static void markdown_cell(FILE *out, const Cell *cell)
{
    for (size_t i = 0; i < cell->length; i++) {
        if (cell->text[i] == '|')
            fputc('\\', out);
        fputc(cell->text[i], out);
    }
}

/* A column whose cells are all numbers stands to the right. */
static bool is_number_column(const Table *table, size_t column)
{
    bool has_one = false;
    for (size_t i = table->width + column; i < table->cells.count; i += table->width) {
        const Cell *const cell = &table->cells.items[i];
        if (!cell->is_number && cell->length > 0)
            return false;
        has_one |= cell->is_number;
    }
    return has_one;
}

static void write_markdown(const Table *table, FILE *out)
{
    for (size_t i = 0; i < table->cells.count; i++) {
        fputs(i % table->width == 0 ? "| " : " | ", out);
        markdown_cell(out, &table->cells.items[i]);
        if ((i + 1) % table->width == 0)
            fputs(" |\n", out);
        if (i + 1 != table->width)
            continue;
        for (size_t k = 0; k < table->width; k++)
            fputs(is_number_column(table, k) ? "|---:" : "|---", out);
        fputs("|\n", out);
    }
}

BaseStatus sparql_write_markdown(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    Table table = {0};
    BaseStatus status = begin_table(&table, query, rows, err);
    if (status == BASE_OK)
        status = read_rows(&table, query, UINT64_MAX, rows, err);
    if (status == BASE_END && table.width > 0)
        write_markdown(&table, out);
    free_table(&table);
    return status == BASE_END ? BASE_OK : status;
}
