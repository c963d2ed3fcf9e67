#include "kg/io/part.h"

#include "kg/io/lines.h"

#include <stdlib.h>
#include <string.h>

BaseStatus kg_check_triple(const KgTerm terms[4], int *place, KgFault *fault)
{
    *place = 0;
    if (terms[0].kind == KG_LITERAL)
        return kg_fault(fault, 0, 1, "a literal cannot be the subject, expected a name, <iri> or _:label");
    *place = 1;
    if (terms[1].kind == KG_LITERAL)
        return kg_fault(fault, 0, 1, "a literal cannot be the predicate, expected a name or <iri>");
    if (terms[1].kind == KG_BLANK)
        return kg_fault(fault, 0, 1, "a blank node cannot be the predicate, expected a name or <iri>");
    *place = 3;
    if (terms[3].kind == KG_LITERAL)
        return kg_fault(fault, 0, 1, "a literal cannot name a graph, expected <iri> or _:label");
    return BASE_OK;
}

BaseStatus kg_check_utf8(KgText record, KgFault *fault)
{
    const size_t well_formed = base_utf8_check(record.bytes, record.length);
    if (well_formed == record.length)
        return BASE_OK;
    return kg_fault(fault, well_formed, 1, "invalid UTF-8: byte 0x%02x",
                    (unsigned)(unsigned char)record.bytes[well_formed]);
}

BaseStatus kg_check_bytes(KgText record, KgFault *fault)
{
    const BaseStatus status = kg_check_utf8(record, fault);
    const size_t well_formed = status == BASE_OK ? record.length : fault->offset;
    const char *const nul = well_formed ? memchr(record.bytes, '\0', well_formed) : NULL;
    return nul ? kg_fault(fault, (size_t)(nul - record.bytes), 1, "a NUL byte, expected text") : status;
}

bool kg_part_blank(KgPart *part, KgText label, KgText *out)
{
    const size_t prefix = strlen(part->reading->blank_prefix);
    char *const bytes = base_arena_alloc(&part->arena, prefix + label.length + 1, 1);
    if (!bytes)
        return false;
    memcpy(bytes, part->reading->blank_prefix, prefix);
    memcpy(bytes + prefix, label.bytes, label.length);
    *out = (KgText){bytes, prefix + label.length};
    return true;
}

/* The graph of statements that name none. After the terms of the first statement, so that ids do not depend on where
 * the file was cut. */
static bool find_graph(KgPart *part, KgId *out)
{
    if (part->graph == KG_ANY && part->reading->graph.kind &&
        !kg_batch_term(&part->batch, &part->reading->graph, &part->graph))
        return false;
    *out = part->graph;
    return true;
}

BaseStatus kg_part_add(KgPart *part, const KgTerm terms[4], KgId known[4], BaseError *err)
{
    bool enough = true;
    for (int i = 0; i < 4 && enough; i++)
        if (terms[i].kind)
            enough = kg_batch_term(&part->batch, &terms[i], &known[i]);
        else if (i == 3 && known[3] == KG_ANY)
            enough = find_graph(part, &known[3]);
    if (!enough || !kg_batch_add(&part->batch, (KgBatchQuad){known[0], known[1], known[2], known[3]}))
        return base_fail(err, BASE_NO_MEMORY, "no memory for the terms of %s", part->reading->name);
    part->triples++;
    return BASE_OK;
}

/* Records that follow each other in the text are one run of rejects. */
static bool keep_reject(KgPart *part, KgText record)
{
    KgText *const last = part->rejects.count ? &part->rejects.items[part->rejects.count - 1] : NULL;
    if (last && last->bytes + last->length == record.bytes) {
        last->length += record.length;
        return true;
    }
    return BASE_PUSH(&part->rejects, record);
}

BaseStatus kg_part_fault(KgPart *part, KgText record, const KgFault *fault, BaseError *err)
{
    bool enough = true;
    if (++part->fault_count <= KG_FAULTS_TOLD) {
        BaseSource at = base_source_at(part->reading->name, record.bytes, record.length, fault->offset, fault->width);
        at.line += (uint32_t)part->lines;
        BaseError error = {0};
        base_fail_at(&error, BASE_BAD_INPUT, at, "%s", fault->message);
        enough = BASE_PUSH(&part->faults, error);
    }
    if (enough && part->reading->keeps_rejects)
        enough = keep_reject(part, record);
    return enough ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for the faults of %s", part->reading->name);
}

BaseStatus kg_part_read_lines(KgPart *part, KgTakeLine *take, BaseError *err)
{
    KgFault fault;
    part->is_clean = kg_check_bytes(part->text, &fault) == BASE_OK;
    const BaseArenaMark mark = base_arena_mark(&part->arena);
    for (size_t at = 0; at < part->text.length;) {
        const char *const start = part->text.bytes + at;
        const char *const newline = memchr(start, '\n', part->text.length - at);
        const size_t length = newline ? (size_t)(newline - start) + 1 : part->text.length - at;
        const BaseStatus status = take(part, (KgText){start, length}, err);
        base_arena_rewind(&part->arena, mark);
        if (status != BASE_OK)
            return status;
        part->lines++;
        at += length;
    }
    return BASE_OK;
}

void kg_part_clear(KgPart *part)
{
    kg_batch_clear(&part->batch);
    part->text = (KgText){0};
    memset(part->before, 0, sizeof part->before);
    part->graph = KG_ANY;
    part->lines = part->triples = part->fault_count = 0;
    part->faults.count = part->rejects.count = 0;
    part->is_stopped = false;
}

void kg_part_free(KgPart *part)
{
    kg_batch_free(&part->batch);
    base_arena_free(&part->arena);
    free(part->faults.items);
    free(part->rejects.items);
    *part = (KgPart){0};
}
