/* quads.c - comparing by colours: each blank node gets a hash of the statements it is in, refined by those of its
 * neighbours; then nodes of equal colour are tried in turn. */
#include "quads.h"

#include "kg/inline.h"
#include "kg/terms.h"

#include <stdlib.h>
#include <string.h>

/* ---- Reading ---- */

static KgTerm copy_term(BaseArena *arena, const KgTerm *term)
{
    KgTerm copy = *term;
    copy.text.bytes = base_arena_copy(arena, term->text.bytes, term->text.length);
    copy.datatype.bytes = base_arena_copy(arena, term->datatype.bytes, term->datatype.length);
    copy.language.bytes = base_arena_copy(arena, term->language.bytes, term->language.length);
    return copy;
}

static KgTerm term_of(Quads *quads, const KgBatch *batch, KgId id)
{
    KgTerm term = {0};
    char text[KG_INLINE_BYTES];
    if (id == KG_ANY)
        return term;
    if (kg_tag(id) != 0) {
        kg_inline_term(id, text, &term);
    } else {
        const KgBatchTerm *const place = &batch->terms.items[id - 1];
        kg_decode_term((KgText){batch->bytes.items + place->offset, place->length}, &term);
    }
    return copy_term(&quads->arena, &term);
}

static BaseStatus collect(void *context, const KgBatch *batch, uint32_t source, BaseError *err)
{
    Quads *const quads = context;
    (void)source;
    for (size_t i = 0; i < batch->quads.count; i++) {
        const KgBatchQuad *const from = &batch->quads.items[i];
        const Quad quad = {{term_of(quads, batch, from->s), term_of(quads, batch, from->p),
                            term_of(quads, batch, from->o), term_of(quads, batch, from->g)}};
        if (!BASE_PUSH(quads, quad))
            return base_fail(err, BASE_NO_MEMORY, "no memory for quads");
    }
    return BASE_OK;
}

static void keep_fault(void *context, const BaseError *error)
{
    Quads *const quads = context;
    if (quads->fault_count++ == 0)
        quads->fault = *error;
}

BaseStatus read_quads(const char *path, KgFormat format, const char *base, const KgImportOptions *options, int threads,
                      size_t chunk_bytes, Quads *out, BaseError *err)
{
    *out = (Quads){0};
    const BaseSink sink = {keep_fault, out};
    BaseJob job = {.threads = threads};
    KgImporter importer = {.options = options ? *options : (KgImportOptions){0},
                           .sink = &sink,
                           .job = &job,
                           .take_batch = collect,
                           .context = out,
                           .chunk_bytes = chunk_bytes,
                           .row = {.id = 1}};
    importer.options.format = format;
    importer.options.max_errors = UINT64_MAX;
    if (base)
        importer.reading.base = (KgText){base, strlen(base)};
    BaseStatus status = kg_import_read_options(&importer, err);
    if (status == BASE_OK)
        status = kg_import_one(&importer, path, err);
    out->lines = importer.row.lines;
    kg_import_free(&importer);
    return status;
}

void free_quads(Quads *quads)
{
    free(quads->items);
    base_arena_free(&quads->arena);
    *quads = (Quads){0};
}

/* ---- Comparing ---- */

typedef struct Node {
    KgText label;
    uint64_t colour, next;
    size_t number; /* what it is called when quads are compared */
} Node;
typedef struct Nodes {
    Node *items;
    size_t count, capacity;
} Nodes;

static Node *node_of(Nodes *nodes, KgText label)
{
    for (size_t i = 0; i < nodes->count; i++)
        if (nodes->items[i].label.length == label.length &&
            memcmp(nodes->items[i].label.bytes, label.bytes, label.length) == 0)
            return &nodes->items[i];
    if (!BASE_PUSH(nodes, (Node){.label = label, .colour = 1}))
        abort();
    return &nodes->items[nodes->count - 1];
}

static void find_nodes(const Quads *quads, Nodes *nodes)
{
    for (size_t i = 0; i < quads->count; i++)
        for (int place = 0; place < 4; place++)
            if (quads->items[i].places[place].kind == KG_BLANK)
                node_of(nodes, quads->items[i].places[place].text);
}

static void add_term(const KgTerm *term, BaseBuffer *out)
{
    if ((term->kind && !kg_format_term(term, KG_SYNTAX_NTRIPLES, out)) || !base_buffer_add(out, " ", 1))
        abort();
}

static uint64_t hash_place(const Quad *quad, int place, Nodes *nodes)
{
    const KgTerm *const term = &quad->places[place];
    if (term->kind == KG_BLANK)
        return node_of(nodes, term->text)->colour;
    BaseBuffer text = {0};
    add_term(term, &text);
    const uint64_t hash = base_hash(text.items, text.count, 7);
    base_buffer_free(&text);
    return hash;
}

static void refine(const Quads *quads, Nodes *nodes)
{
    for (int round = 0; round < 6; round++) {
        for (size_t i = 0; i < nodes->count; i++)
            nodes->items[i].next = base_mix(nodes->items[i].colour);
        for (size_t i = 0; i < quads->count; i++) {
            uint64_t hashes[4], all = 0;
            for (int place = 0; place < 4; place++) {
                hashes[place] = hash_place(&quads->items[i], place, nodes);
                all = base_mix(all * 31 + hashes[place] + 1);
            }
            for (int place = 0; place < 4; place++)
                if (quads->items[i].places[place].kind == KG_BLANK)
                    node_of(nodes, quads->items[i].places[place].text)->next += base_mix(all + (uint64_t)place);
        }
        for (size_t i = 0; i < nodes->count; i++)
            nodes->items[i].colour = nodes->items[i].next;
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The quads as sorted lines without repeats, blank nodes by their numbers (NULL: by their labels). */
static char **lines_of(const Quads *quads, Nodes *nodes, size_t *count)
{
    char **const lines = calloc(quads->count + 1, sizeof *lines);
    for (size_t i = 0; i < quads->count; i++) {
        BaseBuffer line = {0};
        for (int place = 0; place < 4; place++) {
            const KgTerm *const term = &quads->items[i].places[place];
            if (term->kind == KG_BLANK && nodes)
                base_buffer_format(&line, "_:%zu ", node_of(nodes, term->text)->number);
            else
                add_term(term, &line);
        }
        lines[i] = line.items;
    }
    qsort(lines, quads->count, sizeof *lines, compare_texts);
    *count = 0;
    for (size_t i = 0; i < quads->count; i++)
        if (*count > 0 && strcmp(lines[*count - 1], lines[i]) == 0)
            free(lines[i]);
        else
            lines[(*count)++] = lines[i];
    return lines;
}

static void free_lines(char **lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(lines[i]);
    free(lines);
}

static bool same_lines(const Quads *a, Nodes *a_nodes, const Quads *b, Nodes *b_nodes)
{
    size_t a_count, b_count;
    char **const left = lines_of(a, a_nodes, &a_count), **const right = lines_of(b, b_nodes, &b_count);
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++)
        same = strcmp(left[i], right[i]) == 0;
    free_lines(left, a_count);
    free_lines(right, b_count);
    return same;
}

/* Gives the nodes of `a` from `next` on partners of their colour. */
static bool match(const Quads *a, Nodes *a_nodes, const Quads *b, Nodes *b_nodes, size_t next, size_t *tries)
{
    if (next == a_nodes->count)
        return (*tries)++ < 5000 && same_lines(a, a_nodes, b, b_nodes);
    for (size_t i = 0; i < b_nodes->count && *tries < 5000; i++) {
        if (b_nodes->items[i].number || b_nodes->items[i].colour != a_nodes->items[next].colour)
            continue;
        a_nodes->items[next].number = b_nodes->items[i].number = next + 1;
        if (match(a, a_nodes, b, b_nodes, next + 1, tries))
            return true;
        b_nodes->items[i].number = 0;
    }
    return false;
}

bool same_quads(const Quads *a, const Quads *b)
{
    Nodes a_nodes = {0}, b_nodes = {0};
    size_t tries = 0;
    find_nodes(a, &a_nodes);
    find_nodes(b, &b_nodes);
    refine(a, &a_nodes);
    refine(b, &b_nodes);
    const bool same = a_nodes.count == b_nodes.count && match(a, &a_nodes, b, &b_nodes, 0, &tries);
    free(a_nodes.items);
    free(b_nodes.items);
    return same;
}

char *quads_text(const Quads *quads)
{
    size_t count;
    char **const lines = lines_of(quads, NULL, &count);
    BaseBuffer text = {0};
    base_buffer_add(&text, "", 0);
    for (size_t i = 0; i < count; i++)
        base_buffer_format(&text, "%s.\n", lines[i]);
    free_lines(lines, count);
    return text.items;
}
