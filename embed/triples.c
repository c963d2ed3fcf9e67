/* Reading a TSV of triples as ids: test, validation and known triples, which are looked up and never added. */
#include "embed/embed.h"

#include <string.h>

typedef struct Line {
    const char *name, *text;
    size_t length;
    uint32_t number;
} Line;

static BaseSource place(const Line *line, size_t offset, size_t extra)
{
    return (BaseSource){.name = line->name,
                        .line = line->number,
                        .column = (uint32_t)(base_utf8_count(line->text, offset) + 1 + extra),
                        .text = line->text,
                        .text_length = line->length};
}

/* The id of the field at `offset`; KG_ANY when the database has no such term. */
static BaseStatus find_field(KgTxn *txn, const Line *line, size_t offset, size_t length, BaseArena *arena, KgId *out,
                             BaseError *err)
{
    KgTerm term;
    BaseError fault = {0};
    const KgText field = {line->text + offset, length};
    *out = KG_ANY;
    BaseStatus status = kg_parse_term(field, arena, &term, &fault);
    if (status == BASE_BAD_INPUT)
        return base_fail_at(err, status, place(line, offset, fault.column ? fault.column - 1 : 0), "%s", fault.message);
    if (status != BASE_OK)
        return base_fail(err, status, "%s", fault.message);
    status = kg_find(txn, &term, out, err);
    return status == BASE_NOT_FOUND ? BASE_OK : status;
}

static BaseStatus read_line(KgTxn *txn, const Line *line, BaseArena *arena, EmbedTriples *out, BaseError *err)
{
    KgId ids[3] = {0};
    size_t start = 0;
    const size_t bad = base_utf8_check(line->text, line->length);
    if (bad < line->length)
        return base_fail_at(err, BASE_BAD_INPUT, place(line, bad, 0), "invalid UTF-8");
    for (int i = 0; i < 3; i++) {
        const char *const tab = start <= line->length ? memchr(line->text + start, '\t', line->length - start) : NULL;
        const size_t end = tab ? (size_t)(tab - line->text) : line->length;
        if (start > line->length || end == start)
            return base_fail_at(err, BASE_BAD_INPUT, place(line, start < line->length ? start : line->length, 0),
                                "expected head, relation and tail with tabs between, found %d field%s", i,
                                i == 1 ? "" : "s");
        const BaseStatus status = find_field(txn, line, start, end - start, arena, &ids[i], err);
        if (status != BASE_OK)
            return status;
        start = end + 1;
    }
    if (start <= line->length)
        return base_fail_at(err, BASE_BAD_INPUT, place(line, start, 0), "a fourth field, expected three");
    const KgTriple triple = {ids[0], ids[1], ids[2]};
    return BASE_PUSH(out, triple) ? BASE_OK
                                  : base_fail(err, BASE_NO_MEMORY, "no memory for the triples of %s", line->name);
}

BaseStatus embed_read_triples(KgTxn *txn, const char *path, EmbedTriples *out, BaseError *err)
{
    BaseInput *input = NULL;
    BaseArena arena = {0};
    BaseStatus status = base_input_open(path, &input, err);
    Line line = {.name = path};
    while (status == BASE_OK && (status = base_input_line(input, &line.text, &line.length, err)) == BASE_OK) {
        line.number++;
        if (line.length == 0)
            continue;
        const BaseArenaMark start = base_arena_mark(&arena);
        status = read_line(txn, &line, &arena, out, err);
        base_arena_rewind(&arena, start);
    }
    base_input_close(input);
    base_arena_free(&arena);
    return status == BASE_END ? BASE_OK : status;
}
