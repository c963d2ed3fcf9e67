/* Files of facts, read a megabyte at a time. Most cells repeat texts met before, so a cell costs a hash and a
 * comparison; equal cells below each other, as in sorted files, a comparison only. */
#include "reasoner/fact_file.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 20, ROWS = 1024 /* tuples added at once */, BATCH = 32 /* records looked up at once */ };

typedef struct CellEntry {
    uint32_t length, value;
} CellEntry;

/* ---- Cells --------------------------------------------------------------------------------------------------- */

/* A slot: 24 bits of the hash, the lowest of them 1, above 40 bits of place. */
enum { PLACE_BITS = 40 };
#define PLACE_MASK (((uint64_t)1 << PLACE_BITS) - 1)

void reasoner_cells_free(CellTable *table)
{
    base_buffer_free(&table->entries);
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

static uint64_t hash_text(const char *bytes, size_t length)
{
    uint64_t hash;
    if (length > 16)
        hash = base_hash(bytes, length, 0);
    else if (length >= 8)
        hash = base_mix(load_word(bytes) * 0x9e3779b97f4a7c15u + load_word(bytes + length - 8) + length);
    else
        hash = base_mix(load(bytes, length) + length * 0x9e3779b97f4a7c15u);
    return hash | (uint64_t)1 << PLACE_BITS;
}

static CellEntry entry_at(const CellTable *table, size_t place)
{
    CellEntry entry;
    memcpy(&entry, table->entries.items + place, sizeof entry);
    return entry;
}

static void put_slot(uint64_t *slots, size_t count, uint64_t hash, size_t place)
{
    size_t at = hash & (count - 1);
    while (slots[at] != 0)
        at = (at + 1) & (count - 1);
    slots[at] = (hash & ~PLACE_MASK) | place;
}

static bool grow_cells(CellTable *table)
{
    const size_t count = table->slot_count ? table->slot_count * 4 : 1024;
    uint64_t *const slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t place = 0; place < table->entries.count;) {
        const CellEntry entry = entry_at(table, place);
        put_slot(slots, count, hash_text(table->entries.items + place + sizeof entry, entry.length), place);
        place += sizeof entry + entry.length;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    return true;
}

static bool make_cell(CellTable *table, const char *bytes, size_t length, uint64_t hash, uint32_t *out)
{
    CellEntry entry = {.length = (uint32_t)length};
    const size_t place = table->entries.count;
    if (length > UINT32_MAX || place > PLACE_MASK || !table->make(table->context, bytes, length, &entry.value) ||
        !base_buffer_add(&table->entries, (const char *)&entry, sizeof entry) ||
        !base_buffer_add(&table->entries, bytes, length))
        return false;
    if (entry.value != NO_CELL) {
        table->is_many_to_one |= entry.value < table->highest;
        table->highest = entry.value < table->highest ? table->highest : entry.value + 1;
    }
    table->entry_count++;
    put_slot(table->slots, table->slot_count, hash, place);
    *out = entry.value;
    return true;
}

static bool find_cell(CellTable *table, const char *bytes, size_t length, uint64_t hash, uint32_t *out)
{
    if (table->entry_count * 2 >= table->slot_count && !grow_cells(table))
        return false;
    for (size_t at = hash & (table->slot_count - 1); table->slots[at] != 0; at = (at + 1) & (table->slot_count - 1)) {
        if ((table->slots[at] ^ hash) >> PLACE_BITS != 0)
            continue;
        const size_t place = table->slots[at] & PLACE_MASK;
        const CellEntry entry = entry_at(table, place);
        if (entry.length == length && memcmp(table->entries.items + place + sizeof entry, bytes, length) == 0) {
            *out = entry.value;
            return true;
        }
    }
    return make_cell(table, bytes, length, hash, out);
}

bool reasoner_cell(CellTable *table, const char *bytes, size_t length, uint32_t *out)
{
    return find_cell(table, bytes, length, hash_text(bytes, length), out);
}

static void fetch_slot(const CellTable *table, uint64_t hash)
{
    if (table->slot_count)
        __builtin_prefetch(&table->slots[hash & (table->slot_count - 1)]);
}

static void fetch_entry(const CellTable *table, uint64_t hash)
{
    if (table->slot_count)
        __builtin_prefetch(table->entries.items + (table->slots[hash & (table->slot_count - 1)] & PLACE_MASK));
}

/* ---- Records ------------------------------------------------------------------------------------------------- */

typedef struct Cell {
    const char *bytes;
    size_t length;
    uint64_t hash;
    CellTable *table;
    uint32_t value;
    bool is_as_above; /* in the same column */
} Cell;

typedef struct Reading {
    const FactFormat *format;
    Relation *relation;
    uint32_t *tuples;
    size_t count;
    uint64_t records;
    bool is_ascending;  /* each line above the one before */
    const char *before; /* that line, within the chunk or in `kept` */
    size_t before_length;
    BaseBuffer kept;
    Cell *cells; /* of the records at hand, one after the other; before them, those of the record above */
    uint32_t kept_columns, pending; /* records at hand */
} Reading;

/* Different lines are different tuples when all columns are kept and no two texts have one value. */
static bool are_new(const Reading *reading)
{
    bool is_one_to_one = reading->is_ascending;
    for (uint32_t column = 0; column < reading->format->columns; column++)
        is_one_to_one &= reading->format->tables[column] && !reading->format->tables[column]->is_many_to_one;
    return is_one_to_one;
}

static bool flush(Reading *reading)
{
    uint64_t added;
    const size_t count = reading->count;
    reading->count = 0;
    if (are_new(reading))
        return reasoner_relation_append(reading->relation, reading->tuples, count, 0, NO_ROW);
    return count == 0 || reasoner_relation_add(reading->relation, reading->tuples, count, 0, NO_ROW, &added);
}

static void count_dropped(const FactFormat *format)
{
    if (format->dropped)
        ++*format->dropped;
}

static bool add_tuple(Reading *reading, const Cell *cells)
{
    uint32_t *to = reading->tuples + reading->count * reading->kept_columns;
    bool is_kept = true;
    for (uint32_t c = 0; c < reading->kept_columns; c++) {
        to[c] = cells[c].value;
        is_kept &= to[c] != NO_CELL;
    }
    reading->count += is_kept;
    if (!is_kept)
        count_dropped(reading->format);
    return reading->count < ROWS || flush(reading);
}

/* Looks the cells of the records at hand up, and makes tuples of them. false: no memory. */
static bool look_up(Reading *reading)
{
    const uint32_t width = reading->kept_columns;
    Cell *const cells = reading->cells + width;
    const uint32_t count = reading->pending * width;
    for (uint32_t i = 0; i < count; i++)
        if (!cells[i].is_as_above)
            fetch_entry(cells[i].table, cells[i].hash);
    for (uint32_t i = 0; i < count; i++) {
        Cell *const cell = &cells[i];
        if (cell->is_as_above)
            cell->value = cell[-(ptrdiff_t)width].value;
        else if (!find_cell(cell->table, cell->bytes, cell->length, cell->hash, &cell->value))
            return false;
        if (i % width == width - 1 && !add_tuple(reading, cell + 1 - width))
            return false;
    }
    if (count > 0)
        memcpy(reading->cells, cells + count - width, width * sizeof *cells);
    reading->pending = 0;
    return true;
}

static void take_cell(Cell *cell, const Cell *above, CellTable *table, const char *bytes, size_t length)
{
    *cell = (Cell){.bytes = bytes, .length = length, .table = table};
    cell->is_as_above = above->bytes && above->length == length && memcmp(above->bytes, bytes, length) == 0;
    if (cell->is_as_above)
        return;
    cell->hash = hash_text(bytes, length);
    fetch_slot(table, cell->hash);
}

/* A line, without its end. false: no memory. */
static bool take_record(Reading *reading, const char *line, const char *end)
{
    const FactFormat *const format = reading->format;
    Cell *cell = reading->cells + (size_t)(reading->pending + 1) * reading->kept_columns;
    reading->records++;
    for (uint32_t column = 0; column < format->columns; column++) {
        const char *stop = line;
        while (stop < end && *stop != format->delimiter)
            stop++;
        if ((stop == end) != (column + 1 == format->columns)) { /* of another width */
            count_dropped(format);
            return true;
        }
        if (format->tables[column]) {
            take_cell(cell, cell - reading->kept_columns, format->tables[column], line, (size_t)(stop - line));
            cell++;
        }
        line = stop + 1;
    }
    return ++reading->pending < BATCH || look_up(reading);
}

static void compare_lines(Reading *reading, const char *line, size_t length)
{
    const size_t shorter = length < reading->before_length ? length : reading->before_length;
    const int order = reading->before ? memcmp(reading->before, line, shorter) : -1;
    reading->is_ascending &= order < 0 || (order == 0 && reading->before_length < length);
    reading->before = line;
    reading->before_length = length;
}

/* Keeps the last line while the chunk changes. */
static bool keep_before(Reading *reading)
{
    if (!reading->is_ascending || !reading->before)
        return true;
    BaseBuffer kept = {0};
    const bool is_fine = base_buffer_add(&kept, reading->before, reading->before_length);
    base_buffer_free(&reading->kept);
    reading->kept = kept;
    reading->before = kept.items;
    return is_fine;
}

static bool is_full(const Reading *reading)
{
    return reading->format->limit > 0 && reading->records >= reading->format->limit;
}

/* Whole lines. false: no memory. */
static bool take_lines(Reading *reading, const char *at, const char *end)
{
    memset(reading->cells, 0, reading->kept_columns * sizeof *reading->cells);
    while (at < end && !is_full(reading)) {
        const char *const found = memchr(at, '\n', (size_t)(end - at));
        const char *const next = found ? found + 1 : end;
        const char *stop = found ? found : end;
        if (stop > at && stop[-1] == '\r')
            stop--;
        if (reading->is_ascending && stop > at)
            compare_lines(reading, at, (size_t)(stop - at));
        if (stop > at && !take_record(reading, at, stop))
            return false;
        at = next;
    }
    return look_up(reading);
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
        if (!take_lines(reading, bytes, stop) || !keep_before(reading))
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
    Reading reading = {.format = format, .relation = relation, .is_ascending = relation->count == 0};
    *records = 0;
    for (uint32_t column = 0; column < format->columns; column++)
        reading.kept_columns += format->tables[column] != NULL;
    if (reading.kept_columns == 0 || reading.kept_columns != relation->arity)
        return base_fail(err, BASE_BAD_CALL, "%s: %u columns for tuples of %u", path, reading.kept_columns,
                         relation->arity);
    reading.tuples = malloc(((size_t)ROWS * relation->arity) * sizeof *reading.tuples);
    reading.cells = calloc((size_t)(BATCH + 1) * reading.kept_columns, sizeof *reading.cells);
    BaseStatus status = reading.tuples && reading.cells ? base_input_open(path, &input, err)
                                                        : base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
    if (status == BASE_OK)
        status = read_all(input, &reading, &chunk, job, err);
    *records = reading.records;
    base_input_close(input);
    base_buffer_free(&chunk);
    base_buffer_free(&reading.kept);
    free(reading.cells);
    free(reading.tuples);
    return status;
}
