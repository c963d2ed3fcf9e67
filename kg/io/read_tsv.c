/* read_tsv.c - TSV: a triple a line, its fields between tabs; and CSV (RFC 4180), whose quoted fields may hold commas,
 * doubled quotes and newlines. What is in a field is said at kg_parse_term. */
#include "kg/io/import.h"

#include <string.h>

/* A quoted field longer than this is one whose closing quote was forgotten. */
#define RECORD_BYTES ((size_t)1 << 20)
#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

typedef struct Field {
    KgText text;
    size_t offset; /* in the record, of the field's first byte (after the quote of a quoted one) */
    bool has_quotes;
} Field;

/* A record split: one field more than there are columns is enough to know that there are too many. */
typedef struct Split {
    Field fields[KG_COLUMNS + 1];
    size_t count;
} Split;

/* Offset in the record of byte `at` of the field's text; a quote of the text stands doubled in the record. */
static size_t record_offset(KgText record, const Field *field, size_t at)
{
    if (!field->has_quotes)
        return field->offset + at;
    size_t offset = field->offset;
    for (size_t i = 0; i < at && offset < record.length; i++)
        offset += record.bytes[offset] == '"' ? 2 : 1;
    return offset;
}

static BaseStatus wrong_count(const KgImporter *importer, KgText line, const Split *split, KgFault *fault)
{
    static const char *const names[] = {"the head", "the relation", "the tail"};
    const size_t expected = importer->column_count;
    if (split->count > expected)
        return kg_fault(fault, split->fields[expected].offset, split->fields[expected].text.length,
                        "one field too many, expected %zu", expected);
    const int place = importer->places[split->count];
    return kg_fault(fault, line.length, 1, "%s is missing: %zu field%s, expected %zu",
                    place < 0 ? "a field" : names[place], split->count, split->count == 1 ? "" : "s", expected);
}

static BaseStatus parse_field(KgImporter *importer, KgText text, int place, KgTerm *out, KgFault *fault)
{
    if (place == 2 && importer->options.object_literal) {
        *out = (KgTerm){.kind = KG_LITERAL, .text = text};
        return BASE_OK;
    }
    const BaseStatus status = kg_parse_field(text, &importer->arena, out, fault);
    const BaseBuffer *const type = &importer->type_iri;
    if (status == BASE_OK && place == 1 && type->count > 0 && out->kind == KG_IRI && out->text.length == type->count &&
        memcmp(out->text.bytes, type->items, type->count) == 0)
        out->text = KG_TEXT(RDF_TYPE);
    return status;
}

/* The terms of a split line; a fault's offset is in the record. */
static BaseStatus parse_fields(KgImporter *importer, KgText record, const Split *split, KgTerm terms[3], KgFault *fault)
{
    const Field *fields[3] = {NULL, NULL, NULL};
    for (size_t i = 0; i < importer->column_count; i++) {
        const int place = importer->places[i];
        if (place < 0)
            continue;
        fields[place] = &split->fields[i];
        const BaseStatus status = parse_field(importer, split->fields[i].text, place, &terms[place], fault);
        if (status != BASE_OK) {
            const size_t end = record_offset(record, fields[place], fault->offset + fault->width);
            fault->offset = record_offset(record, fields[place], fault->offset);
            fault->width = end - fault->offset;
            return status;
        }
    }
    int place;
    const BaseStatus status = kg_check_triple(terms, &place, fault);
    if (status != BASE_OK) {
        fault->offset = fields[place]->offset;
        fault->width = fields[place]->text.length;
    }
    return status;
}

/* A split record, its terms and its triple, or its fault. */
static BaseStatus take_record(KgImporter *importer, KgText record, uint32_t line, const Split *split, BaseError *err)
{
    KgTerm terms[3];
    KgFault fault;
    BaseStatus status = split->count == importer->column_count
                            ? parse_fields(importer, record, split, terms, &fault)
                            : wrong_count(importer, kg_without_newline(record), split, &fault);
    if (status == BASE_OK)
        status = kg_import_triple(importer, terms, err);
    else if (status == BASE_BAD_INPUT)
        status = kg_import_fault(importer, record, line, &fault, err);
    else
        base_fail(err, status, "%s", fault.message);
    return status;
}

static bool is_blank(KgText line)
{
    for (size_t i = 0; i < line.length; i++)
        if (line.bytes[i] != ' ')
            return false;
    return true;
}

/* ---- TSV ---- */

static void split_tabs(KgText line, size_t limit, Split *split)
{
    split->count = 0;
    for (size_t start = 0; split->count < limit;) {
        const char *const tab = memchr(line.bytes + start, '\t', line.length - start);
        const size_t end = tab ? (size_t)(tab - line.bytes) : line.length;
        split->fields[split->count++] = (Field){.text = {line.bytes + start, end - start}, .offset = start};
        if (!tab)
            break;
        start = end + 1;
    }
}

static BaseStatus take_line(KgImporter *importer, KgText record, uint32_t number, BaseError *err)
{
    const KgText line = kg_without_newline(record);
    if (is_blank(line))
        return BASE_OK;
    KgFault fault;
    if (kg_check_bytes(line, &fault) != BASE_OK)
        return kg_import_fault(importer, record, number, &fault, err);
    Split split;
    split_tabs(line, importer->column_count + 1, &split);
    return take_record(importer, record, number, &split, err);
}

BaseStatus kg_read_tsv(KgImporter *importer, BaseError *err)
{
    return kg_read_lines(importer, take_line, err);
}

/* ---- CSV ---- */

/* Finds where the quoted field that opens at `quote` closes, taking in further lines as needed. */
static BaseStatus find_closing(KgLines *lines, KgText *record, size_t quote, size_t *closing, BaseError *err)
{
    size_t i = quote + 1;
    for (;;) {
        const char *const found = i < record->length ? memchr(record->bytes + i, '"', record->length - i) : NULL;
        if (found) {
            i = (size_t)(found - record->bytes);
            if (i + 1 >= record->length || record->bytes[i + 1] != '"') {
                *closing = i;
                return BASE_OK;
            }
            i += 2;
            continue;
        }
        i = record->length;
        if (record->length > RECORD_BYTES)
            return BASE_END;
        const BaseStatus status = kg_lines_extend(lines, record, err);
        if (status != BASE_OK)
            return status;
    }
}

/* Where the field is in the record, told by offsets: the record may move while it grows. */
typedef struct Extent {
    size_t start, end;
    bool is_quoted;
} Extent;

static BaseStatus quoted_extent(KgLines *lines, KgText *record, size_t at, Extent *out, size_t *next, KgFault *fault,
                                BaseError *err)
{
    size_t closing;
    const BaseStatus status = find_closing(lines, record, at, &closing, err);
    if (status == BASE_END) {
        *record = kg_lines_shrink(lines);
        return kg_fault(fault, at, 1, "a quoted field that is not closed, expected \" at its end");
    }
    if (status != BASE_OK)
        return status;
    *out = (Extent){at + 1, closing, true};
    *next = closing + 1;
    const size_t end = kg_without_newline(*record).length;
    if (*next < end && record->bytes[*next] != ',')
        return kg_fault(fault, *next, 1, "text after a quoted field, expected a comma or the end of the line");
    return BASE_OK;
}

static BaseStatus plain_extent(KgText record, size_t at, Extent *out, size_t *next, KgFault *fault)
{
    const size_t end = kg_without_newline(record).length;
    const char *const comma = memchr(record.bytes + at, ',', end - at);
    *next = comma ? (size_t)(comma - record.bytes) : end;
    *out = (Extent){at, *next, false};
    const char *const quote = memchr(record.bytes + at, '"', *next - at);
    if (quote)
        return kg_fault(fault, (size_t)(quote - record.bytes), 1,
                        "a quote inside a field, expected the whole field quoted and the quote doubled");
    return BASE_OK;
}

/* The text of a field, its doubled quotes made single. */
static BaseStatus make_field(KgImporter *importer, KgText record, Extent extent, Field *out, KgFault *fault)
{
    const KgText raw = {record.bytes + extent.start, extent.end - extent.start};
    *out = (Field){.text = raw, .offset = extent.start};
    if (!extent.is_quoted || !memchr(raw.bytes, '"', raw.length))
        return BASE_OK;
    char *const bytes = base_arena_alloc(&importer->arena, raw.length, 1);
    if (!bytes) {
        kg_fault(fault, 0, 0, "no memory for a field");
        return BASE_NO_MEMORY;
    }
    size_t length = 0;
    for (size_t i = 0; i < raw.length; i += raw.bytes[i] == '"' ? 2 : 1)
        bytes[length++] = raw.bytes[i];
    *out = (Field){.text = {bytes, length}, .offset = extent.start, .has_quotes = true};
    return BASE_OK;
}

static BaseStatus split_commas(KgImporter *importer, KgLines *lines, KgText *record, Split *split, KgFault *fault,
                               BaseError *err)
{
    Extent extents[KG_COLUMNS + 1];
    BaseStatus status = BASE_OK;
    split->count = 0;
    for (size_t at = 0; status == BASE_OK && split->count <= importer->column_count;) {
        size_t next = 0;
        Extent *const extent = &extents[split->count];
        status = at < record->length && record->bytes[at] == '"'
                     ? quoted_extent(lines, record, at, extent, &next, fault, err)
                     : plain_extent(*record, at, extent, &next, fault);
        split->count++;
        if (next >= kg_without_newline(*record).length)
            break;
        at = next + 1;
    }
    if (status == BASE_OK)
        status = kg_check_bytes(*record, fault);
    for (size_t i = 0; status == BASE_OK && i < split->count; i++)
        status = make_field(importer, *record, extents[i], &split->fields[i], fault);
    return status;
}

static BaseStatus take_csv_record(KgImporter *importer, KgLines *lines, KgText record, BaseError *err)
{
    if (is_blank(kg_without_newline(record)))
        return BASE_OK;
    Split split;
    KgFault fault = {0};
    const BaseStatus status = split_commas(importer, lines, &record, &split, &fault, err);
    if (status == BASE_OK)
        return take_record(importer, record, lines->line, &split, err);
    if (status == BASE_BAD_INPUT && fault.message[0])
        return kg_import_fault(importer, record, lines->line, &fault, err);
    return fault.message[0] ? base_fail(err, status, "%s", fault.message) : status;
}

BaseStatus kg_read_csv(KgImporter *importer, BaseError *err)
{
    KgLines lines = {.input = importer->input};
    KgText record;
    BaseStatus status;
    while ((status = kg_lines_next(&lines, &record, err)) == BASE_OK) {
        const BaseArenaMark start = base_arena_mark(&importer->arena);
        status = take_csv_record(importer, &lines, record, err);
        importer->row.lines += lines.line_count;
        base_arena_rewind(&importer->arena, start);
        if (status == BASE_OK)
            status = kg_import_step(importer, err);
        if (status != BASE_OK)
            break;
    }
    kg_lines_free(&lines);
    return status == BASE_END ? BASE_OK : status;
}
