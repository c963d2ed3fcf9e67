/* update_load.c - LOAD (SPARQL 1.1 Update, section 3.1.4) of local files, by the importer, in the update's transaction.
 * The file is named by a file: IRI (RFC 8089), or by a relative one where there is no BASE: that is a path. */
#include "kg/sparql/update.h"

#include <string.h>
#include <strings.h>

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* In place, up to the closing NUL. */
static void decode_percent(char *text)
{
    char *out = text;
    for (const char *in = text; *in; out++) {
        const int high = *in == '%' ? hex_value(in[1]) : -1, low = high >= 0 ? hex_value(in[2]) : -1;
        *out = *in;
        if (low >= 0)
            *out = (char)(high << 4 | low);
        in += low >= 0 ? 3 : 1;
    }
    *out = '\0';
}

static bool has_scheme(const char *iri)
{
    const size_t length = strcspn(iri, ":/?#");
    return length > 0 && iri[length] == ':';
}

/* The path that the IRI names, in `iri` itself; NULL: it is not one of a local file. */
static char *path_of(char *iri)
{
    char *path = iri;
    if (strncasecmp(iri, "file:", 5) == 0) {
        path += 5;
        if (strncasecmp(path, "//localhost/", 12) == 0)
            path += 11;
        else if (strncmp(path, "//", 2) == 0)
            path += 2;
        if (*path != '/')
            return NULL; /* of another machine */
    } else if (has_scheme(iri)) {
        return NULL;
    }
    decode_percent(path);
    return path;
}

/* The first fault of the file says more than that there were some. */
static void keep_first(void *context, const BaseError *error)
{
    BaseError *const first = context;
    if (first->status == BASE_OK)
        *first = *error;
}

static BaseStatus load_file(Update *update, const AstOperation *operation, const char *path, BaseError *err)
{
    BaseError fault = {0}, failure = {0};
    KgImportReport report;
    BaseBuffer graph = {0};
    KgImportOptions options = {0};
    if (operation->to.kind == GRAPHS_IRI) {
        const KgTerm name = operation->to.iri;
        if (!kg_format_term(&name, KG_SYNTAX_NAME, &graph))
            return base_fail(err, BASE_NO_MEMORY, "no memory to run the update");
        options.graph = graph.items;
    }
    const BaseSink sink = {.report = keep_first, .context = &fault};
    const BaseStatus status = kg_import_into(update->txn, path, &options, &report, &sink, update->job, &failure);
    base_buffer_free(&graph);
    if (status == BASE_OK) {
        update->report.inserted += report.added;
        update->loaded += report.added;
        return BASE_OK;
    }
    if (operation->silent && (status == BASE_BAD_INPUT || status == BASE_NOT_FOUND || status == BASE_IO))
        return BASE_OK;
    if (err && err->status == BASE_OK)
        *err = fault.status == BASE_BAD_INPUT && status == BASE_BAD_INPUT ? fault : failure;
    return status;
}

BaseStatus sparql_load(Update *update, const AstOperation *operation, BaseError *err)
{
    BaseArena arena = {0};
    const KgText source = operation->source.text;
    char *const iri = base_arena_copy(&arena, source.bytes, source.length);
    const char *const path = iri ? path_of(iri) : NULL;
    BaseStatus status;
    if (!iri)
        status = base_fail(err, BASE_NO_MEMORY, "no memory to run the update");
    else if (path)
        status = load_file(update, operation, path, err);
    else
        status = operation->silent
                     ? BASE_OK
                     : sparql_refuse(update, operation->from.place, err,
                                     "LOAD reads local files, as <file:///tmp/data.ttl>, and nothing else");
    base_arena_free(&arena);
    return status;
}
