/* test_protocol.c - the W3C suite for the SPARQL 1.1 Protocol, by its manifest, and the one for service descriptions: a
 * kgq serve is started, each test's graphs are put into it by updates, its requests are sent as the manifest has them.
 */
#include "expect.h"

#include "../kg/sparql/turtle.h"

#include <curl/curl.h>
#include <signal.h>
#include <sys/wait.h>

#define MF "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
#define UT "http://www.w3.org/2009/sparql/tests/test-update#"
#define HT "http://www.w3.org/2011/http#"
#define HTS "http://www.w3.org/2011/http-statusCodes#"
#define CNT "http://www.w3.org/2011/content#"
#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define RDFS "http://www.w3.org/2000/01/rdf-schema#"
#define SD "http://www.w3.org/ns/sparql-service-description#"

typedef struct Server {
    char *folder, *path;
    pid_t pid;
    char address[64]; /* http://127.0.0.1:PORT */
} Server;

/* ---- The server ---- */

static void make_database(const char *path)
{
    BaseError err = {0};
    KgStore *store;
    expect_ok(kg_open(path, &(KgOptions){.create = true}, &store, &err), &err);
    kg_close(store);
}

static int start_server(void **state)
{
    Server *const server = calloc(1, sizeof *server);
    int ends[2];
    *state = server;
    server->folder = make_temporary_folder();
    server->path = base_join_path(server->folder, "db");
    make_database(server->path);
    assert_int_equal(pipe(ends), 0);
    server->pid = fork();
    if (server->pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        execl(getenv("KGQ"), "kgq", "serve", server->path, "--writable", "--listen", "127.0.0.1:0", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *const said = fdopen(ends[0], "r");
    char line[256] = "";
    assert_non_null(fgets(line, sizeof line, said));
    if (sscanf(line, "listening on %63[^\n]", server->address) != 1)
        fail_msg("the server said: %s", line);
    *strrchr(server->address, '/') = '\0';
    fclose(said);
    return 0;
}

static int stop_server(void **state)
{
    Server *const server = *state;
    int status;
    kill(server->pid, SIGTERM);
    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    base_remove(server->folder, NULL);
    free(server->path);
    free(server->folder);
    free(server);
    return 0;
}

/* ---- Requests ---- */

typedef struct Reply {
    long status;
    char type[128];
    BaseBuffer body;
} Reply;

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    return base_buffer_add(context, bytes, size * count) ? size * count : 0;
}

static void send_request(const Server *server, const char *method, const char *path, struct curl_slist *headers,
                         const BaseBuffer *body, Reply *reply)
{
    char url[4096];
    const char *type = NULL;
    CURL *const curl = curl_easy_init();
    *reply = (Reply){0};
    snprintf(url, sizeof url, "%s%s", server->address, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->items ? body->items : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->count);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->body);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    snprintf(reply->type, sizeof reply->type, "%s", type ? type : "");
    assert_true(base_buffer_add(&reply->body, "", 0));
    curl_easy_cleanup(curl);
}

static void update(const Server *server, const char *text)
{
    const BaseBuffer body = {.items = (char *)text, .count = strlen(text)};
    struct curl_slist *const headers = curl_slist_append(NULL, "Content-Type: application/sparql-update");
    Reply reply;
    send_request(server, "POST", "/sparql", headers, &body, &reply);
    assert_int_equal(reply.status, 200);
    curl_slist_free_all(headers);
    base_buffer_free(&reply.body);
}

static void load_graphs(const Server *server, const Document *manifest, const KgTerm *test)
{
    update(server, "CLEAR ALL");
    for (size_t i = 0; i < manifest->count; i++) {
        const Fact *const fact = &manifest->items[i];
        if (!same_term(&fact->s, test) || !term_is(&fact->p, UT "graphData"))
            continue;
        BaseError err = {0};
        BaseBuffer text = {0};
        char *triples;
        size_t length;
        expect_ok(base_read_file(object_of(manifest, &fact->o, UT "graph")->text.bytes + 7, &triples, &length, &err),
                  &err);
        assert_true(base_buffer_format(&text, "INSERT DATA { GRAPH <%s> { %.*s } }",
                                       object_of(manifest, &fact->o, RDFS "label")->text.bytes, (int)length, triples));
        update(server, text.items);
        base_buffer_free(&text);
        free(triples);
    }
}

/* Bodies are ASCII but for what their encoding makes of them. */
static void encode(const Document *manifest, const KgTerm *body, BaseBuffer *out)
{
    const KgTerm *const chars = object_of(manifest, body, CNT "chars");
    const bool is_wide = term_is(object_of(manifest, body, CNT "characterEncoding"), "UTF-16");
    assert_true(base_buffer_add(out, "\xff\xfe", is_wide ? 2 : 0));
    for (size_t i = 0; i < chars->text.length; i++)
        assert_true(base_buffer_add(out, &chars->text.bytes[i], 1) && base_buffer_add(out, "", is_wide ? 1 : 0));
}

static bool is_expected(const Document *manifest, const KgTerm *response, const Reply *reply)
{
    const KgTerm *const wanted = object_of(manifest, response, MF "expectedBoolean");
    const KgTerm *const format = object_of(manifest, response, MF "expectedFormat");
    bool is_status = false;
    for (size_t i = 0; i < manifest->count; i++) {
        const Fact *const fact = &manifest->items[i];
        if (same_term(&fact->s, response) && term_is(&fact->p, MF "expectedStatus"))
            is_status |= fact->o.text.bytes[strlen(HTS "StatusCode")] == '0' + reply->status / 100;
    }
    if (wanted && !strstr(reply->body.items, term_is(wanted, "true") ? "true" : "false"))
        return false;
    if (format && term_is(format, "RDF") && !strstr(reply->type, "turtle"))
        return false;
    if (format && !term_is(format, "RDF") && !strstr(reply->type, "sparql-results"))
        return false;
    return is_status;
}

static bool run_request(const Server *server, const Document *manifest, const KgTerm *request, char *why, size_t room)
{
    BaseBuffer body = {0};
    struct curl_slist *headers = NULL;
    Reply reply;
    const KgTerm *const content = object_of(manifest, request, HT "body");
    for (const KgTerm *list = object_of(manifest, request, HT "headers"); list && !term_is(list, RDF "nil");
         list = object_of(manifest, list, RDF "rest")) {
        const KgTerm *const header = object_of(manifest, list, RDF "first");
        char line[512];
        snprintf(line, sizeof line, "%s: %s", object_of(manifest, header, HT "fieldName")->text.bytes,
                 object_of(manifest, header, HT "fieldValue")->text.bytes);
        headers = curl_slist_append(headers, line);
    }
    if (content && !object_of(manifest, request, HT "headers"))
        headers = curl_slist_append(headers, "Content-Type:"); /* curl would give one */
    if (content)
        encode(manifest, content, &body);
    send_request(server, object_of(manifest, request, HT "methodName")->text.bytes,
                 object_of(manifest, request, HT "absolutePath")->text.bytes, headers, content ? &body : NULL, &reply);
    const bool is_right = is_expected(manifest, object_of(manifest, request, HT "resp"), &reply);
    if (!is_right)
        snprintf(why, room, "status %ld, %s: %.200s", reply.status, reply.type, reply.body.items);
    curl_slist_free_all(headers);
    base_buffer_free(&body);
    base_buffer_free(&reply.body);
    return is_right;
}

static bool run_protocol_test(const Server *server, const Document *manifest, const KgTerm *test)
{
    char why[512] = "";
    bool is_right = true;
    load_graphs(server, manifest, test);
    const KgTerm *const action = object_of(manifest, test, MF "action");
    const KgTerm *list = object_of(manifest, action, HT "requests");
    for (; list && !term_is(list, RDF "nil") && is_right; list = object_of(manifest, list, RDF "rest"))
        is_right = run_request(server, manifest, object_of(manifest, list, RDF "first"), why, sizeof why);
    printf("%s protocol/%s%s%s\n", is_right ? "passed" : "FAILED", strchr(test->text.bytes, '#') + 1, *why ? ": " : "",
           why);
    return is_right;
}

static void the_w3c_protocol_suite_passes(void **state)
{
    const Server *const server = *state;
    char base[4200];
    Document manifest;
    char *const path = realpath(need_shared("rdf-tests/sparql/sparql11/protocol/manifest.ttl"), NULL);
    snprintf(base, sizeof base, "file://%s", path);
    assert_true(read_turtle(path, base, &manifest));
    const KgTerm self = {.kind = KG_IRI, .text = {base, strlen(base)}};
    size_t count = 0, passed = 0;
    for (const KgTerm *list = object_of(&manifest, &self, MF "entries"); list && !term_is(list, RDF "nil");
         list = object_of(&manifest, list, RDF "rest")) {
        passed += run_protocol_test(server, &manifest, object_of(&manifest, list, RDF "first"));
        count++;
    }
    printf("%zu of %zu passed\n", passed, count);
    assert_true(count > 30);
    assert_int_equal(passed, count);
    free_document(&manifest);
    free(path);
}

/* The three tests of service-description/manifest.ttl, which has words for them and no data. */
static void the_endpoint_describes_itself(void **state)
{
    const Server *const server = *state;
    char path[300], base[128];
    Document description;
    Reply reply;
    send_request(server, "GET", "/sparql", NULL, NULL, &reply);
    assert_int_equal(reply.status, 200);
    snprintf(path, sizeof path, "%s/description.ttl", server->folder);
    snprintf(base, sizeof base, "%s/sparql", server->address);
    write_text_file(path, reply.body.items);
    assert_true(read_turtle(path, base, &description)); /* returns-rdf */
    const KgTerm *service = NULL;
    for (size_t i = 0; i < description.count; i++)
        if (term_is(&description.items[i].p, SD "endpoint") && term_is(&description.items[i].o, base))
            service = &description.items[i].s;
    assert_non_null(service); /* has-endpoint-triple */
    assert_true(term_is(object_of(&description, service, RDF "type"), SD "Service"));
    assert_non_null(object_of(&description, service, SD "supportedLanguage"));
    const KgTerm *const dataset = object_of(&description, service, SD "defaultDataset");
    assert_non_null(dataset); /* conforms-to-schema */
    assert_true(term_is(object_of(&description, dataset, RDF "type"), SD "Dataset"));
    assert_true(
        term_is(object_of(&description, object_of(&description, dataset, SD "defaultGraph"), RDF "type"), SD "Graph"));
    free_document(&description);
    base_buffer_free(&reply.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_w3c_protocol_suite_passes, start_server, stop_server),
        cmocka_unit_test_setup_teardown(the_endpoint_describes_itself, start_server, stop_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
