/* serve_request.c - what a request asks (SPARQL 1.1 Protocol, sections 2.1 and 2.2), and the description of the service
 * for those who ask nothing (SPARQL 1.1 Service Description). */
#include "cli/serve.h"
#include "cli/serve_form.h"

#include <stdlib.h>
#include <string.h>

typedef struct Reading {
    Request *request;
    bool in_query_string;
    unsigned code;
    const char *why;
} Reading;

static bool refuse(Reading *reading, unsigned code, const char *why)
{
    if (!reading->code) {
        reading->code = code;
        reading->why = why;
    }
    return false;
}

static bool is_named(KgText name, const char *word)
{
    return name.length == strlen(word) && memcmp(name.bytes, word, name.length) == 0;
}

static bool take_text(Reading *reading, KgText text, bool is_update)
{
    Request *const request = reading->request;
    if (request->has_text)
        return refuse(reading, MHD_HTTP_BAD_REQUEST, "more than one query or update");
    if (is_update && reading->in_query_string)
        return refuse(reading, MHD_HTTP_BAD_REQUEST, "an update is sent by POST, in the body");
    request->has_text = true;
    request->is_update = is_update;
    request->text = text;
    return true;
}

static bool take_graph(Reading *reading, GraphNames *names, KgText iri)
{
    bool is_iri = memchr(iri.bytes, ':', iri.length) != NULL;
    for (size_t i = 0; i < iri.length; i++)
        is_iri &= (unsigned char)iri.bytes[i] > 0x20 && !strchr("<>\"{}|^`\\", iri.bytes[i]);
    if (!is_iri || base_utf8_check(iri.bytes, iri.length) != iri.length)
        return refuse(reading, MHD_HTTP_BAD_REQUEST, "a graph's name is not an IRI");
    return BASE_PUSH(names, iri.bytes) || refuse(reading, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory");
}

static bool take(void *context, KgText name, KgText value)
{
    Reading *const reading = context;
    Request *const request = reading->request;
    if (is_named(name, "query") || is_named(name, "update"))
        return take_text(reading, value, name.bytes[0] == 'u');
    if (is_named(name, "default-graph-uri") || is_named(name, "using-graph-uri"))
        return take_graph(reading, &request->graphs, value);
    if (is_named(name, "named-graph-uri") || is_named(name, "using-named-graph-uri"))
        return take_graph(reading, &request->named, value);
    return true; /* what others understand is passed over */
}

static bool read_form(Reading *reading, KgText text)
{
    bool is_bad;
    if (form_read(text, &reading->request->arena, take, reading, &is_bad))
        return true;
    return is_bad ? refuse(reading, MHD_HTTP_BAD_REQUEST, "a parameter is not encoded as it should be")
                  : refuse(reading, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory");
}

static enum MHD_Result take_value(void *context, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                  const char *value, size_t value_size)
{
    Reading *const reading = context;
    BaseArena *const arena = &reading->request->arena;
    KgText name, text;
    bool is_bad;
    (void)kind;
    if (form_decode((KgText){key, key_size}, arena, &name, &is_bad) &&
        form_decode((KgText){value ? value : "", value_size}, arena, &text, &is_bad))
        return take(reading, name, text) ? MHD_YES : MHD_NO;
    if (is_bad)
        refuse(reading, MHD_HTTP_BAD_REQUEST, "a parameter is not encoded as it should be");
    else
        refuse(reading, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory");
    return MHD_NO;
}

static bool read_body(Reading *reading, const char *type)
{
    Request *const request = reading->request;
    const KgText body = {request->body.items ? request->body.items : "", request->body.count};
    if (media_type_is(type, "application/x-www-form-urlencoded"))
        return read_form(reading, body);
    if (media_type_is(type, "application/sparql-query"))
        return take_text(reading, body, false);
    if (media_type_is(type, "application/sparql-update"))
        return take_text(reading, body, true);
    return refuse(reading, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                  "expected application/x-www-form-urlencoded, application/sparql-query or "
                  "application/sparql-update, in UTF-8");
}

/* A page of another site must not write: a browser tells where the request comes from. */
static bool is_from_elsewhere(const Request *request)
{
    const char *const origin = mhd.lookup_connection_value(request->connection, MHD_HEADER_KIND, "Origin");
    const char *const host = mhd.lookup_connection_value(request->connection, MHD_HEADER_KIND, "Host");
    const char *const name = origin ? strstr(origin, "://") : NULL;
    const char *const allowed = request->server->options->origin;
    if (!origin || (allowed && strcmp(allowed, origin) == 0))
        return false;
    return !name || !host || strcmp(name + 3, host) != 0;
}

static void check(Reading *reading)
{
    const Request *const request = reading->request;
    if (!request->has_text)
        refuse(reading, MHD_HTTP_BAD_REQUEST, "the parameter query (or update) is missing");
    else if (request->is_update && !request->server->options->writable)
        refuse(reading, MHD_HTTP_FORBIDDEN, "this endpoint takes no updates: it was started without --writable");
    else if (request->is_update && is_from_elsewhere(request))
        refuse(reading, MHD_HTTP_FORBIDDEN, "updates are not taken from pages of other sites");
}

/* Relative IRIs are taken from where the request was sent to (RFC 3986, section 5.1.3). */
static void find_base(Request *request)
{
    const char *const host = mhd.lookup_connection_value(request->connection, MHD_HEADER_KIND, "Host");
    char address[300];
    if (!host || strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.:[]") != strlen(host))
        return;
    const int length = snprintf(address, sizeof address, "http://%s/sparql", host);
    if (length > 0 && (size_t)length < sizeof address)
        request->base = base_arena_copy(&request->arena, address, (size_t)length);
}

unsigned serve_read_request(Request *request, const char *method, const char **why)
{
    Reading reading = {.request = request, .in_query_string = true};
    find_base(request);
    request->accept = mhd.lookup_connection_value(request->connection, MHD_HEADER_KIND, "Accept");
    mhd.get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, take_value, &reading);
    reading.in_query_string = false;
    if (!reading.code && strcmp(method, "POST") == 0)
        read_body(&reading, mhd.lookup_connection_value(request->connection, MHD_HEADER_KIND, "Content-Type"));
    if (!reading.code)
        check(&reading);
    *why = reading.why;
    return reading.code;
}

/* ---- The description ---- */

char *serve_describe(const Server *server)
{
    static const char *const functions[] = {"layer", "source", "score", "rule",    "height",
                                            "time",  "graph",  "why",   "ruleName"};
    BaseBuffer text = {0};
    bool ok = base_buffer_format(
        &text,
        "@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .\n"
        "@prefix formats: <http://www.w3.org/ns/formats/> .\n"
        "@prefix kgq: <" KG_VOCABULARY "> .\n\n"
        "[] a sd:Service ;\n"
        "    sd:endpoint <> ;\n"
        "    sd:supportedLanguage sd:SPARQL11Query%s ;\n%s"
        "    sd:resultFormat formats:SPARQL_Results_JSON , formats:SPARQL_Results_XML , formats:SPARQL_Results_CSV ,\n"
        "        formats:SPARQL_Results_TSV , formats:Turtle , formats:N-Triples ;\n",
        server->options->writable ? " , sd:SPARQL11Update" : "",
        server->options->allow_service ? "    sd:feature sd:BasicFederatedQuery ;\n" : "");
    for (size_t i = 0; i < sizeof functions / sizeof *functions && ok; i++)
        ok = base_buffer_format(&text, "%s kgq:%s", i ? " ," : "    sd:extensionFunction", functions[i]);
    ok = ok &&
         base_buffer_format(&text, " ;\n    sd:defaultDataset [ a sd:Dataset ; sd:defaultGraph [ a sd:Graph ] ] .\n");
    if (ok)
        return text.items;
    base_buffer_free(&text);
    return NULL;
}
