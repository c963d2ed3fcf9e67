/* read_ntriples.c - N-Triples and N-Quads (W3C "RDF 1.1 N-Triples", "RDF 1.1 N-Quads"), line by line, so that each bad
 * line has its place and can be left out. Blank node labels name nodes of the file only: they get the import's number
 * in front. */
#include "kg/io/lines.h"
#include "kg/io/pipe.h"

#include <string.h>

typedef struct Statement {
    KgTerm terms[4]; /* of kind 0: the id is known, as the term is that of the statement before */
    KgId known[4];
    size_t starts[4], ends[4]; /* in the line */
} Statement;

static size_t skip_spaces(KgText line, size_t at)
{
    while (at < line.length && (line.bytes[at] == ' ' || line.bytes[at] == '\t'))
        at++;
    return at;
}

/* A term that ends with > ends there wherever it stands, so that its bytes alone tell it again. */
static bool repeats(const KgWritten *before, KgText line, size_t at)
{
    return before->text.length > 0 && line.length - at >= before->text.length &&
           memcmp(line.bytes + at, before->text.bytes, before->text.length) == 0;
}

static BaseStatus parse_term(KgPart *part, KgText line, int place, size_t *at, Statement *out, KgFault *fault)
{
    static const char *const expected[] = {"the subject, <iri> or _:label", "the predicate, <iri>",
                                           "the object, <iri>, _:label or \"literal\"", "the graph, <iri> or _:label"};
    const KgWritten *const before = &part->before[place];
    out->starts[place] = *at;
    if (repeats(before, line, *at)) {
        out->known[place] = before->id;
        out->ends[place] = *at + before->text.length;
    } else {
        const char first = *at < line.length ? line.bytes[*at] : '\0';
        if (first != '<' && first != '_' && first != '"')
            return kg_fault(fault, *at, 1, "expected %s", expected[place]);
        const BaseStatus status = kg_scan_term(line, *at, &part->arena, &out->terms[place], &out->ends[place], fault);
        if (status != BASE_OK)
            return status;
    }
    *at = skip_spaces(line, out->ends[place]);
    return BASE_OK;
}

static BaseStatus parse_statement(KgPart *part, KgText line, size_t at, Statement *out, KgFault *fault)
{
    const bool may_have_graph = part->reading->format == KG_NQUADS;
    BaseStatus status = BASE_OK;
    for (int i = 0; i < 3 && status == BASE_OK; i++)
        status = parse_term(part, line, i, &at, out, fault);
    if (status == BASE_OK && may_have_graph && at < line.length && line.bytes[at] != '.')
        status = parse_term(part, line, 3, &at, out, fault);
    if (status != BASE_OK)
        return status;
    if (at == line.length || line.bytes[at] != '.')
        return kg_fault(fault, at, 1, "expected . at the end of the %s", may_have_graph ? "statement" : "triple");
    at = skip_spaces(line, at + 1);
    if (at < line.length && line.bytes[at] != '#')
        return kg_fault(fault, at, line.length - at, "text after the %s, expected the end of the line",
                        may_have_graph ? "statement" : "triple");
    int place;
    status = kg_check_triple(out->terms, &place, fault);
    if (status != BASE_OK)
        fault->offset = out->starts[place];
    return status;
}

static void remember(KgPart *part, KgText line, const Statement *statement)
{
    for (int i = 0; i < 4; i++) {
        const size_t start = statement->starts[i], end = statement->ends[i];
        if (end > start && line.bytes[end - 1] == '>')
            part->before[i] = (KgWritten){{line.bytes + start, end - start}, statement->known[i]};
    }
}

static BaseStatus take_line(KgPart *part, KgText record, BaseError *err)
{
    const KgText line = kg_without_newline(record);
    const size_t start = skip_spaces(line, 0);
    Statement statement = {0};
    KgFault fault;
    BaseStatus status = part->is_clean ? BASE_OK : kg_check_utf8(line, &fault);
    if (status == BASE_OK && (start == line.length || line.bytes[start] == '#'))
        return BASE_OK;
    if (status == BASE_OK)
        status = parse_statement(part, line, start, &statement, &fault);
    if (status == BASE_BAD_INPUT)
        return kg_part_fault(part, record, &fault, err);
    if (status != BASE_OK)
        return base_fail(err, status, "%s", fault.message);
    for (int i = 0; i < 4; i++) {
        KgTerm *const term = &statement.terms[i];
        if (term->kind == KG_BLANK && !kg_part_blank(part, term->text, &term->text))
            return base_fail(err, BASE_NO_MEMORY, "no memory for a term");
    }
    status = kg_part_add(part, statement.terms, statement.known, err);
    if (status == BASE_OK)
        remember(part, line, &statement);
    return status;
}

BaseStatus kg_read_ntriples(KgImporter *importer, BaseError *err)
{
    return kg_read_lines(importer, take_line, err);
}
