/* w3c_data.c - files of the W3C suites into a database. */
#include "w3c.h"

#include "rdf_xml.h"

const char *path_of(const KgTerm *iri)
{
    return iri && strncmp(iri->text.bytes, "file://", 7) == 0 ? iri->text.bytes + 7 : NULL;
}

bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), size = strlen(end);
    return length >= size && strcmp(text + length - size, end) == 0;
}

bool read_data(const KgTerm *data, Document *out)
{
    const char *const path = path_of(data);
    *out = (Document){0};
    if (path && (ends_with(path, ".ttl") || ends_with(path, ".nt")))
        return read_turtle(path, data->text.bytes, out);
    return path && ends_with(path, ".rdf") && read_rdf_xml(path, data->text.bytes, out);
}

/* A file's blank nodes are its own. */
static void rename_blank(Document *document, KgTerm *term, KgId graph)
{
    char *label = NULL;
    if (term->kind != KG_BLANK)
        return;
    if (asprintf(&label, "g%llu.%.*s", (unsigned long long)kg_number(graph), (int)term->text.length, term->text.bytes) <
        0)
        fail_msg("no memory");
    term->text = (KgText){base_arena_copy(&document->arena, label, strlen(label)), strlen(label)};
    free(label);
}

BaseStatus add_data(KgTxn *txn, KgId graph, const KgTerm *data, BaseError *err)
{
    Document document = {0};
    BaseStatus status =
        read_data(data, &document) ? BASE_OK : base_fail(err, BASE_NOT_FOUND, "the data cannot be read");
    for (size_t i = 0; i < document.count && status == BASE_OK; i++) {
        KgRecord record = {0};
        rename_blank(&document, &document.items[i].s, graph);
        rename_blank(&document, &document.items[i].o, graph);
        expect_ok(kg_intern(txn, &document.items[i].s, &record.triple.s, err), err);
        expect_ok(kg_intern(txn, &document.items[i].p, &record.triple.p, err), err);
        expect_ok(kg_intern(txn, &document.items[i].o, &record.triple.o, err), err);
        status = kg_add_in(txn, graph, KG_ASSERTED, &record, NULL, err);
    }
    free_document(&document);
    return status;
}

BaseStatus add_named(KgTxn *txn, const KgTerm *file, BaseError *err)
{
    KgId graph;
    const BaseStatus status = kg_intern(txn, file, &graph, err);
    return status == BASE_OK ? add_data(txn, graph, file, err) : status;
}

char *read_query_text(const KgTerm *iri)
{
    char *bytes, *text = NULL;
    size_t length;
    BaseError err = {0};
    expect_ok(base_read_file(path_of(iri), &bytes, &length, &err), &err);
    if (asprintf(&text, "BASE <%s>\n%s", iri->text.bytes, bytes) < 0)
        fail_msg("no memory");
    free(bytes);
    return text;
}
