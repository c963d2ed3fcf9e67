/* turtle.c - serd's events gathered into a Document. */
#include "turtle.h"

#include <serd/serd.h>
#include <stdlib.h>
#include <string.h>

typedef struct Loader {
    Document *document;
    SerdEnv *env;
    bool failed;
} Loader;

static KgText copy(Loader *loader, const uint8_t *bytes, size_t length)
{
    const char *const text = base_arena_copy(&loader->document->arena, (const char *)bytes, length);
    loader->failed |= !text;
    return (KgText){text, length};
}

static KgTerm resource(Loader *loader, const SerdNode *node)
{
    KgTerm term = {.kind = node->type == SERD_BLANK ? KG_BLANK : KG_IRI};
    if (node->type == SERD_BLANK) {
        term.text = copy(loader, node->buf, node->n_bytes);
        return term;
    }
    SerdNode whole = serd_env_expand_node(loader->env, node);
    if (whole.buf)
        term.text = copy(loader, whole.buf, whole.n_bytes);
    else
        loader->failed = true;
    serd_node_free(&whole);
    return term;
}

static KgTerm object(Loader *loader, const SerdNode *node, const SerdNode *datatype, const SerdNode *language)
{
    if (node->type != SERD_LITERAL)
        return resource(loader, node);
    KgTerm term = {.kind = KG_LITERAL, .text = copy(loader, node->buf, node->n_bytes)};
    if (language && language->buf && language->n_bytes) {
        term.language = copy(loader, language->buf, language->n_bytes);
        for (char *c = (char *)term.language.bytes; c && *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c - 'A' + 'a');
    } else if (datatype && datatype->buf && datatype->n_bytes) {
        term.datatype = resource(loader, datatype).text;
        if (term.datatype.bytes && strcmp(term.datatype.bytes, "http://www.w3.org/2001/XMLSchema#string") == 0)
            term.datatype = (KgText){0};
    }
    return term;
}

static SerdStatus on_statement(void *handle, SerdStatementFlags flags, const SerdNode *graph, const SerdNode *s,
                               const SerdNode *p, const SerdNode *o, const SerdNode *datatype, const SerdNode *language)
{
    (void)flags;
    (void)graph;
    Loader *const loader = handle;
    const Fact fact = {resource(loader, s), resource(loader, p), object(loader, o, datatype, language)};
    if (!BASE_PUSH(loader->document, fact))
        loader->failed = true;
    return loader->failed ? SERD_FAILURE : SERD_SUCCESS;
}

static SerdStatus on_base(void *handle, const SerdNode *uri)
{
    return serd_env_set_base_uri(((Loader *)handle)->env, uri);
}

static SerdStatus on_prefix(void *handle, const SerdNode *name, const SerdNode *uri)
{
    return serd_env_set_prefix(((Loader *)handle)->env, name, uri);
}

static SerdStatus on_error(void *handle, const SerdError *error)
{
    (void)error;
    ((Loader *)handle)->failed = true;
    return SERD_SUCCESS;
}

bool read_turtle(const char *path, const char *base, Document *out)
{
    *out = (Document){0};
    const SerdNode base_node = serd_node_from_string(SERD_URI, (const uint8_t *)base);
    Loader loader = {.document = out, .env = serd_env_new(&base_node)};
    SerdReader *const reader = serd_reader_new(SERD_TURTLE, &loader, NULL, on_base, on_prefix, on_statement, NULL);
    serd_reader_set_error_sink(reader, on_error, &loader);
    FILE *const file = fopen(path, "rb");
    bool is_read = file != NULL;
    if (file) {
        /* SERD_FAILURE without an error: there was nothing to read. */
        is_read = serd_reader_read_file_handle(reader, file, (const uint8_t *)path) <= SERD_FAILURE && !loader.failed;
        fclose(file);
    }
    serd_reader_free(reader);
    serd_env_free(loader.env);
    return is_read;
}

void free_document(Document *document)
{
    free(document->items);
    base_arena_free(&document->arena);
    *document = (Document){0};
}

static bool same_text(KgText a, KgText b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

bool same_term(const KgTerm *a, const KgTerm *b)
{
    return a->kind == b->kind && same_text(a->text, b->text) && same_text(a->datatype, b->datatype) &&
           same_text(a->language, b->language);
}

bool term_is(const KgTerm *term, const char *text)
{
    return term->text.length == strlen(text) && memcmp(term->text.bytes, text, term->text.length) == 0;
}

const KgTerm *object_of(const Document *document, const KgTerm *s, const char *p)
{
    for (size_t i = 0; i < document->count; i++)
        if (term_is(&document->items[i].p, p) && same_term(&document->items[i].s, s))
            return &document->items[i].o;
    return NULL;
}
