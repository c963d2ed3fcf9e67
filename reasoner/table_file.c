/* Delimited files record by record: RFC 4180, any delimiter of one byte, LF or CR LF. */
#include "reasoner/files.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 65536

struct TableReader {
    BaseInput *input;
    char delimiter;
    bool quoting, is_at_end;
    char *chunk;
    size_t at, filled;
    uint64_t line;
    BaseBuffer text; /* of the record's cells, one behind the other */
    struct {
        size_t *items; /* where each cell ends in `text` */
        size_t count, capacity;
    } ends;
    struct {
        uint32_t *items;
        size_t count, capacity;
    } columns;
    struct {
        KgText *items;
        size_t count, capacity;
    } cells;
};

BaseStatus reasoner_table_open(const char *path, char delimiter, bool quoting, TableReader **out, BaseError *err)
{
    TableReader *const reader = calloc(1, sizeof *reader);
    *out = reader;
    if (reader)
        reader->chunk = malloc(CHUNK);
    if (!reader || !reader->chunk) {
        reasoner_table_close(reader);
        *out = NULL;
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
    }
    reader->delimiter = delimiter;
    reader->quoting = quoting;
    reader->line = 1;
    const BaseStatus status = base_input_open(path, &reader->input, err);
    if (status != BASE_OK) {
        reasoner_table_close(reader);
        *out = NULL;
    }
    return status;
}

void reasoner_table_close(TableReader *reader)
{
    if (!reader)
        return;
    base_input_close(reader->input);
    base_buffer_free(&reader->text);
    free(reader->ends.items);
    free(reader->columns.items);
    free(reader->cells.items);
    free(reader->chunk);
    free(reader);
}

/* The next byte, not taken; -1: none. */
static int peek(TableReader *reader, BaseStatus *status, BaseError *err)
{
    if (reader->at < reader->filled)
        return (unsigned char)reader->chunk[reader->at];
    if (reader->is_at_end || *status != BASE_OK)
        return -1;
    const BaseStatus read = base_input_read(reader->input, reader->chunk, CHUNK, &reader->filled, err);
    reader->at = 0;
    reader->is_at_end = read == BASE_END || (read == BASE_OK && reader->filled == 0);
    if (read != BASE_OK && read != BASE_END)
        *status = read;
    return read == BASE_OK && reader->filled > 0 ? (unsigned char)reader->chunk[0] : -1;
}

static bool end_cell(TableReader *reader)
{
    return BASE_PUSH(&reader->ends, reader->text.count);
}

/* One cell up to the delimiter or line end, which stay. *column counts characters. */
static BaseStatus read_cell(TableReader *reader, uint32_t *column, bool *was_quoted, BaseError *err)
{
    BaseStatus status = BASE_OK;
    bool is_open = false, is_fine = BASE_PUSH(&reader->columns, *column);
    *was_quoted = false;
    for (int c = peek(reader, &status, err), first = 1; c >= 0 && is_fine; c = peek(reader, &status, err), first = 0) {
        if (!is_open && (c == '\n' || c == (unsigned char)reader->delimiter))
            break;
        reader->at++;
        *column += (c & 0xc0) != 0x80;
        if (reader->quoting && c == '"' && first) {
            is_open = *was_quoted = true;
            continue;
        }
        if (is_open && c == '"') {
            if (peek(reader, &status, err) != '"') {
                is_open = false;
                continue;
            }
            reader->at++; /* doubled */
        }
        if (c == '\n') {
            reader->line++;
            *column = 1;
        }
        const char byte = (char)c;
        is_fine = base_buffer_add(&reader->text, &byte, 1);
    }
    if (status == BASE_OK && (!is_fine || !end_cell(reader)))
        status = base_fail(err, BASE_NO_MEMORY, "no memory to read %s", base_input_name(reader->input));
    return status;
}

/* A CR before the line end is part of it. */
static void drop_return(TableReader *reader)
{
    const size_t before = reader->ends.count > 1 ? reader->ends.items[reader->ends.count - 2] : 0;
    size_t *const end = &reader->ends.items[reader->ends.count - 1];
    if (*end > before && reader->text.items[*end - 1] == '\r') {
        (*end)--;
        reader->text.count--;
    }
}

static BaseStatus fill_record(TableReader *reader, TableRecord *out, BaseError *err)
{
    reader->cells.count = 0;
    size_t from = 0;
    for (size_t i = 0; i < reader->ends.count; i++) {
        const KgText cell = {(reader->text.items ? reader->text.items : "") + from, reader->ends.items[i] - from};
        from = reader->ends.items[i];
        if (!BASE_PUSH(&reader->cells, cell))
            return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", base_input_name(reader->input));
    }
    out->cells = reader->cells.items;
    out->columns = reader->columns.items;
    out->count = (uint32_t)reader->cells.count;
    return BASE_OK;
}

BaseStatus reasoner_table_next(TableReader *reader, TableRecord *out, BaseError *err)
{
    for (;;) {
        BaseStatus status = BASE_OK;
        uint32_t column = 1;
        bool was_quoted;
        if (peek(reader, &status, err) < 0)
            return status == BASE_OK ? BASE_END : status;
        reader->text.count = reader->ends.count = reader->columns.count = 0;
        out->line = reader->line;
        int next;
        do {
            status = read_cell(reader, &column, &was_quoted, err);
            next = status == BASE_OK ? peek(reader, &status, err) : -1;
            if (next >= 0)
                reader->at++;
            column++;
        } while (next >= 0 && next != '\n');
        if (status != BASE_OK)
            return status;
        reader->line += next == '\n';
        drop_return(reader);
        const bool is_blank = reader->ends.count == 1 && reader->ends.items[0] == 0 && !was_quoted;
        if (!is_blank)
            return fill_record(reader, out, err);
    }
}
