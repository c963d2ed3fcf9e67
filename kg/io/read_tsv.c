/* read_tsv.c - TSV: a triple a line, its fields between tabs; and CSV (RFC 4180), whose quoted fields may hold commas,
 * doubled quotes and newlines. What is in a field is said at kg_parse_term. */
#include "kg/io/lines.h"
#include "kg/io/pipe.h"

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

static BaseStatus wrong_count(const KgReading *reading, KgText line, const Split *split, KgFault *fault)
{
    static const char *const names[] = {"the head", "the relation", "the tail"};
    const size_t expected = reading->column_count;
    if (split->count > expected)
        return kg_fault(fault, split->fields[expected].offset, split->fields[expected].text.length,
                        "one field too many, expected %zu", expected);
    const int place = reading->places[split->count];
    return kg_fault(fault, line.length, 1, "%s is missing: %zu field%s, expected %zu",
                    place < 0 ? "a field" : names[place], split->count, split->count == 1 ? "" : "s", expected);
}

static bool same_text(KgText a, KgText b)
{
    return a.length == b.length && a.length > 0 && memcmp(a.bytes, b.bytes, a.length) == 0;
}

static BaseStatus parse_field(KgPart *part, KgText text, int place, KgTerm *out, KgFault *fault)
{
    const KgReading *const reading = part->reading;
    if (place == 2 && reading->object_literal) {
        *out = (KgTerm){.kind = KG_LITERAL, .text = text};
        return BASE_OK;
    }
    const BaseStatus status = kg_parse_field(text, &part->arena, out, fault);
    if (status == BASE_OK && place == 1 && out->kind == KG_IRI && same_text(out->text, reading->type_iri))
        out->text = KG_TEXT(RDF_TYPE);
    return status;
}

typedef struct Statement {
    KgTerm terms[4]; /* of kind 0: the id is known, as the field is that of the statement before */
    KgId known[4];
    const Field *fields[3];
} Statement;

/* The terms of a split line; a fault's offset is in the record. */
static BaseStatus parse_fields(KgPart *part, KgText record, const Split *split, Statement *out, KgFault *fault)
{
    for (size_t i = 0; i < part->reading->column_count; i++) {
        const int place = part->reading->places[i];
        if (place < 0)
            continue;
        const Field *const field = out->fields[place] = &split->fields[i];
        if (same_text(field->text, part->before[place].text)) {
            out->known[place] = part->before[place].id;
            continue;
        }
        const BaseStatus status = parse_field(part, field->text, place, &out->terms[place], fault);
        if (status != BASE_OK) {
            const size_t end = record_offset(record, field, fault->offset + fault->width);
            fault->offset = record_offset(record, field, fault->offset);
            fault->width = end - fault->offset;
            return status;
        }
    }
    int place;
    const BaseStatus status = kg_check_triple(out->terms, &place, fault);
    if (status != BASE_OK) {
        fault->offset = out->fields[place]->offset;
        fault->width = out->fields[place]->text.length;
    }
    return status;
}

static void remember(KgPart *part, const Statement *statement)
{
    for (int i = 0; i < 3; i++)
        part->before[i] = (KgWritten){statement->fields[i]->text, statement->known[i]};
}

/* A split record, its terms and its triple, or its fault. */
static BaseStatus take_record(KgPart *part, KgText record, const Split *split, BaseError *err)
{
    Statement statement = {0};
    KgFault fault;
    BaseStatus status = split->count == part->reading->column_count
                            ? parse_fields(part, record, split, &statement, &fault)
                            : wrong_count(part->reading, kg_without_newline(record), split, &fault);
    if (status == BASE_BAD_INPUT)
        return kg_part_fault(part, record, &fault, err);
    if (status != BASE_OK)
        return base_fail(err, status, "%s", fault.message);
    status = kg_part_add(part, statement.terms, statement.known, err);
    if (status == BASE_OK && part->text.bytes) /* fields of a part without a text of its own do not last */
        remember(part, &statement);
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

static BaseStatus take_tsv_line(KgPart *part, KgText record, BaseError *err)
{
    const KgText line = kg_without_newline(record);
    if (is_blank(line))
        return BASE_OK;
    KgFault fault;
    if (!part->is_clean && kg_check_bytes(line, &fault) != BASE_OK)
        return kg_part_fault(part, record, &fault, err);
    Split split;
    split_tabs(line, part->reading->column_count + 1, &split);
    return take_record(part, record, &split, err);
}

BaseStatus kg_read_tsv(KgImporter *importer, BaseError *err)
{
    return kg_read_lines(importer, take_tsv_line, err);
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
static BaseStatus make_field(KgPart *part, KgText record, Extent extent, Field *out, KgFault *fault)
{
    const KgText raw = {record.bytes + extent.start, extent.end - extent.start};
    *out = (Field){.text = raw, .offset = extent.start};
    if (!extent.is_quoted || !memchr(raw.bytes, '"', raw.length))
        return BASE_OK;
    char *const bytes = base_arena_alloc(&part->arena, raw.length, 1);
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

static BaseStatus split_commas(KgPart *part, KgLines *lines, KgText *record, Split *split, KgFault *fault,
                               BaseError *err)
{
    Extent extents[KG_COLUMNS + 1];
    BaseStatus status = BASE_OK;
    split->count = 0;
    for (size_t at = 0; status == BASE_OK && split->count <= part->reading->column_count;) {
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
        status = make_field(part, *record, extents[i], &split->fields[i], fault);
    return status;
}

static BaseStatus take_csv_record(KgPart *part, KgLines *lines, KgText record, BaseError *err)
{
    if (is_blank(kg_without_newline(record)))
        return BASE_OK;
    Split split;
    KgFault fault = {0};
    const BaseStatus status = split_commas(part, lines, &record, &split, &fault, err);
    if (status == BASE_OK)
        return take_record(part, record, &split, err);
    if (status == BASE_BAD_INPUT && fault.message[0])
        return kg_part_fault(part, record, &fault, err);
    return fault.message[0] ? base_fail(err, status, "%s", fault.message) : status;
}

BaseStatus kg_read_csv(KgImporter *importer, BaseError *err)
{
    KgLines lines = {.input = importer->input};
    KgPart part = {.reading = &importer->reading};
    KgText record;
    BaseStatus status;
    while ((status = kg_lines_next(&lines, &record, err)) == BASE_OK) {
        const BaseArenaMark start = base_arena_mark(&part.arena);
        status = take_csv_record(&part, &lines, record, err);
        base_arena_rewind(&part.arena, start);
        part.lines += lines.line_count;
        if (status == BASE_OK)
            status = kg_import_take_some(importer, &part, err);
        if (status != BASE_OK)
            break;
    }
    if (status == BASE_END)
        status = kg_import_take(importer, &part, err);
    kg_lines_free(&lines);
    kg_part_free(&part);
    return status;
}
