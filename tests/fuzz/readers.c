/* readers.c - what must hold of any input: it is read or refused with a place; what is read does not depend on where
 * the input was cut; and every term that is read can be written and read again. */
#include "readers.h"

#include "../kg/rdf/quads.h"
#include "sparql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void demand(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static bool same_text(KgText a, KgText b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static bool same_terms(const KgTerm *a, const KgTerm *b)
{
    return a->kind == b->kind && same_text(a->text, b->text) && same_text(a->datatype, b->datatype) &&
           same_text(a->language, b->language);
}

static void demand_written_and_read(const KgTerm *term, KgSyntax syntax)
{
    BaseBuffer text = {0};
    BaseArena arena = {0};
    KgTerm again;
    demand(kg_format_term(term, syntax, &text), "memory");
    demand(kg_parse_term((KgText){text.items, text.count}, &arena, &again, NULL) == BASE_OK, "a term written is read");
    demand(same_terms(term, &again), "a term written is read as the same");
    base_arena_free(&arena);
    base_buffer_free(&text);
}

static void fuzz_term(const uint8_t *data, size_t size)
{
    BaseArena arena = {0};
    BaseError err = {0};
    KgTerm term;
    const BaseStatus status = kg_parse_term((KgText){(const char *)data, size}, &arena, &term, &err);
    demand(status == BASE_OK || (status == BASE_BAD_INPUT && err.message[0] && err.column > 0),
           "a fault has its place");
    if (status == BASE_OK) {
        demand_written_and_read(&term, KG_SYNTAX_NAME);
        demand_written_and_read(&term, KG_SYNTAX_NTRIPLES);
    }
    base_arena_free(&arena);
}

/* The input as a file, without a disk. */
static const char *file_of(const uint8_t *data, size_t size)
{
    static int file = -1;
    static char path[64];
    if (file < 0)
        file = memfd_create("input", MFD_CLOEXEC);
    demand(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size, "a file in memory");
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}

static BaseStatus read_with(const char *path, KgFormat format, size_t chunk_bytes, Quads *out)
{
    BaseError err = {0};
    const BaseStatus status = read_quads(path, format, NULL, NULL, 1, chunk_bytes, out, &err);
    demand(status == BASE_OK || (status == BASE_BAD_INPUT && err.message[0]), "a status with its message");
    if (out->fault_count > 0) {
        demand(out->fault.message[0] && out->fault.line > 0 && out->fault.column > 0, "a fault has its place");
        demand(out->fault.line <= out->lines + 1, "a fault lies in the file");
    }
    return status;
}

static void fuzz_file(KgFormat format, const uint8_t *data, size_t size)
{
    Quads whole, cut;
    const char *const path = file_of(data, size);
    const BaseStatus status = read_with(path, format, 1 << 12, &whole), again = read_with(path, format, 5, &cut);
    /* damaged gzip or zstd may be met or not, as more or less of it is unpacked ahead */
    const bool is_packed = size >= 2 && (memcmp(data, "\x1f\x8b", 2) == 0 || memcmp(data, "\x28\xb5", 2) == 0);
    const bool is_whole = status == BASE_OK && again == BASE_OK;
    demand(is_packed || status == again, "the same status however it is cut");
    demand(!is_whole || (whole.count == cut.count && whole.lines == cut.lines && whole.fault_count == cut.fault_count &&
                         whole.fault.line == cut.fault.line && whole.fault.column == cut.fault.column),
           "the same statements and faults however it is cut");
    for (size_t i = 0; is_whole && i < whole.count; i++)
        for (int place = 0; place < 4; place++) {
            const KgTerm *const term = &whole.items[i].places[place];
            demand(same_terms(term, &cut.items[i].places[place]), "the same terms however it is cut");
            if (term->kind) {
                demand_written_and_read(term, KG_SYNTAX_NAME);
                demand_written_and_read(term, KG_SYNTAX_NTRIPLES);
            }
        }
    free_quads(&whole);
    free_quads(&cut);
}

void fuzz_reader(const char *kind, const uint8_t *data, size_t size)
{
    static const struct {
        const char *kind;
        KgFormat format;
    } readers[] = {{"tsv", KG_TSV},       {"csv", KG_CSV},   {"ntriples", KG_NTRIPLES}, {"nquads", KG_NQUADS},
                   {"turtle", KG_TURTLE}, {"trig", KG_TRIG}, {"packed", KG_TSV}};
    static const struct {
        const char *kind;
        void (*fuzz)(const uint8_t *data, size_t size);
    } others[] = {{"term", fuzz_term}, {"sparql", fuzz_sparql}, {"answer", fuzz_answer}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(kind, others[i].kind) == 0) {
            others[i].fuzz(data, size);
            return;
        }
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcmp(kind, readers[i].kind) == 0)
            fuzz_file(readers[i].format, data, size);
}
