/* Files of facts, read a megabyte at a time. Most cells repeat texts met before, so a cell costs a hash and a
 * comparison; equal cells below each other, as in sorted files, a comparison only. */
#include "reasoner/fact_file.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 20, ROWS = 1024 /* tuples added at once */, COLUMN_LIMIT = 256 };

typedef struct CellEntry {
    size_t offset; /* of the text */
    uint32_t length, value;
} CellEntry;

/* ---- Cells --------------------------------------------------------------------------------------------------- */

void reasoner_cells_free(CellTable *table)
{
    free(table->entries.items);
    base_buffer_free(&table->texts);
    free(table->slots);
    *table = (CellTable){.make = table->make, .context = table->context};
}

static uint64_t load(const char *bytes, size_t length)
{
    uint64_t word = 0;
    memcpy(&word, bytes, length);
    return word;
}

static uint64_t load_word(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Never 0 in its upper half, so that no slot in use is 0. */
static uint64_t hash_text(const char *bytes, size_t length)
{
    uint64_t hash;
    if (length > 16)
        hash = base_hash(bytes, length, 0);
    else if (length >= 8)
        hash = base_mix(load_word(bytes) * 0x9e3779b97f4a7c15u + load_word(bytes + length - 8) + length);
    else
        hash = base_mix(load(bytes, length) + length * 0x9e3779b97f4a7c15u);
    return hash | (uint64_t)1 << 63;
}

static bool grow_cells(CellTable *table)
{
    const size_t count = table->slot_count ? table->slot_count * 2 : 1024;
    uint64_t *const slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < table->entries.count; i++) {
        const CellEntry *const entry = &table->entries.items[i];
        const uint64_t hash = hash_text(table->texts.items + entry->offset, entry->length);
        size_t at = hash & (count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = (hash >> 32 << 32) | i;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    return true;
}

static bool same_text(const CellTable *table, const CellEntry *entry, const char *bytes, size_t length)
{
    return entry->length == length && memcmp(table->texts.items + entry->offset, bytes, length) == 0;
}

bool reasoner_cell(CellTable *table, const char *bytes, size_t length, uint32_t *out)
{
    if (table->entries.count * 2 >= table->slot_count && !grow_cells(table))
        return false;
    const uint64_t hash = hash_text(bytes, length);
    size_t at = hash & (table->slot_count - 1);
    for (; table->slots[at] != 0; at = (at + 1) & (table->slot_count - 1)) {
        const CellEntry *const entry = &table->entries.items[(uint32_t)table->slots[at]];
        if (table->slots[at] >> 32 == hash >> 32 && same_text(table, entry, bytes, length)) {
            *out = entry->value;
            return true;
        }
    }
    CellEntry entry = {.offset = table->texts.count, .length = (uint32_t)length};
    if (table->entries.count >= UINT32_MAX || length > UINT32_MAX ||
        !table->make(table->context, bytes, length, &entry.value) || !base_buffer_add(&table->texts, bytes, length) ||
        !BASE_PUSH(&table->entries, entry))
        return false;
    table->slots[at] = (hash >> 32 << 32) | (table->entries.count - 1);
    *out = entry.value;
    return true;
}

/* ---- Records ------------------------------------------------------------------------------------------------- */

typedef struct Reading {
    const FactFormat *format;
    Relation *relation;
    uint32_t *tuples;
    size_t count;
    uint64_t records;
    struct {
        const char *bytes; /* of the cell above; within the chunk */
        size_t length;
        uint32_t value;
    } above[COLUMN_LIMIT];
} Reading;

static bool flush(Reading *reading)
{
    uint64_t added;
    const size_t count = reading->count;
    reading->count = 0;
    return count == 0 || reasoner_relation_add(reading->relation, reading->tuples, count, 0, NO_ROW, &added);
}

static bool take_cell(Reading *reading, uint32_t column, const char *bytes, size_t length, uint32_t *out)
{
    if (reading->above[column].bytes && reading->above[column].length == length &&
        memcmp(reading->above[column].bytes, bytes, length) == 0) {
        *out = reading->above[column].value;
    } else if (!reasoner_cell(reading->format->tables[column], bytes, length, out)) {
        return false;
    }
    reading->above[column].bytes = bytes;
    reading->above[column].length = length;
    reading->above[column].value = *out;
    return true;
}

/* A line, without its end. false: no memory. */
static bool take_record(Reading *reading, const char *line, const char *end)
{
    const FactFormat *const format = reading->format;
    uint32_t *to = reading->tuples + reading->count * reading->relation->arity;
    bool is_kept = true;
    reading->records++;
    for (uint32_t column = 0; column < format->columns; column++) {
        const char *stop = line;
        while (stop < end && *stop != format->delimiter)
            stop++;
        if ((stop == end) != (column + 1 == format->columns)) { /* of another width */
            is_kept = false;
            break;
        }
        if (format->tables[column]) {
            if (!take_cell(reading, column, line, (size_t)(stop - line), to))
                return false;
            is_kept &= *to++ != NO_CELL;
        }
        line = stop + 1;
    }
    reading->count += is_kept;
    if (!is_kept && format->dropped)
        ++*format->dropped;
    return reading->count < ROWS || flush(reading);
}

static bool is_full(const Reading *reading)
{
    return reading->format->limit > 0 && reading->records >= reading->format->limit;
}

/* Whole lines. false: no memory. */
static bool take_lines(Reading *reading, const char *at, const char *end)
{
    memset(reading->above, 0, sizeof reading->above);
    while (at < end && !is_full(reading)) {
        const char *const found = memchr(at, '\n', (size_t)(end - at));
        const char *const next = found ? found + 1 : end;
        const char *stop = found ? found : end;
        if (stop > at && stop[-1] == '\r')
            stop--;
        if (stop > at && !take_record(reading, at, stop))
            return false;
        at = next;
    }
    return true;
}

static const char *last_line_end(const char *bytes, size_t count)
{
    const char *const found = count ? memrchr(bytes, '\n', count) : NULL;
    return found ? found + 1 : bytes;
}

static BaseStatus read_all(BaseInput *input, Reading *reading, BaseBuffer *chunk, BaseJob *job, BaseError *err)
{
    BaseStatus status = BASE_OK;
    while (!is_full(reading)) {
        size_t got = 0;
        if (!base_reserve((void **)&chunk->items, &chunk->capacity, chunk->count + CHUNK, 1))
            return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", base_input_name(input));
        status = base_input_read(input, chunk->items + chunk->count, CHUNK, &got, err);
        if (status != BASE_OK && status != BASE_END)
            return status;
        if (reading->format->stops_at_quotes && memchr(chunk->items + chunk->count, '"', got))
            return BASE_END;
        chunk->count += got;
        const char *const bytes = chunk->items, *const end = bytes + chunk->count;
        const char *const stop = status == BASE_END ? end : last_line_end(bytes, chunk->count);
        if (!take_lines(reading, bytes, stop))
            return base_fail(err, BASE_NO_MEMORY, "no memory for the facts of %s", base_input_name(input));
        if (status == BASE_END)
            break;
        chunk->count = (size_t)(end - stop);
        memmove(chunk->items, stop, chunk->count);
        base_job_step(job, "reading facts", "facts", reading->relation->count, 0, base_input_name(input));
        if (base_job_cancelled(job))
            return base_fail(err, BASE_CANCELLED, "reading %s was cancelled", base_input_name(input));
    }
    return flush(reading) ? BASE_OK
                          : base_fail(err, BASE_NO_MEMORY, "no memory for the facts of %s", base_input_name(input));
}

BaseStatus reasoner_read_facts(const char *path, const FactFormat *format, Relation *relation, uint64_t *records,
                               BaseJob *job, BaseError *err)
{
    BaseInput *input = NULL;
    BaseBuffer chunk = {0};
    Reading reading = {.format = format, .relation = relation};
    *records = 0;
    if (format->columns == 0 || format->columns > COLUMN_LIMIT)
        return base_fail(err, BASE_BAD_CALL, "%s: a file of facts has 1 to %d columns", path, COLUMN_LIMIT);
    reading.tuples = malloc(((size_t)ROWS * relation->arity) * sizeof *reading.tuples);
    if (!reading.tuples)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
    BaseStatus status = base_input_open(path, &input, err);
    if (status == BASE_OK)
        status = read_all(input, &reading, &chunk, job, err);
    *records = reading.records;
    base_input_close(input);
    base_buffer_free(&chunk);
    free(reading.tuples);
    return status;
}
