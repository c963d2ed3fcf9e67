/* serve_http.c - HTTP by libmicrohttpd: one thread that polls all connections. It receives requests, hands them to the
 * workers with their connections suspended, and sends what comes out of their pipes. */
#include "cli/serve.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECONDS_OF_SILENCE 30 /* after which a connection that should say or take something is closed */
#define BYTES_AT_ONCE (32 * 1024)
#define HEADER_BYTES (128 * 1024) /* of a request, its query string included */
#define BODY_PATIENCE 4           /* times the bytes allowed are read, and dropped, before the connection is cut */

/* ---- The library ---- */

struct ServeLibrary mhd;

BaseStatus serve_load_library(BaseError *err)
{
#define SYMBOL(name) {"MHD_" #name, &mhd.name},
    static const char *const names[] = {"libmicrohttpd.so.12", NULL};
    static const BaseSymbol symbols[] = {SERVE_FUNCTIONS(SYMBOL)};
    return base_library_load(names, symbols, sizeof symbols / sizeof *symbols, err);
}

/* ---- Responses ---- */

static bool add_headers(const Server *server, struct MHD_Response *response, const char *type)
{
    const char *const origin = server->options->origin;
    return (!type || mhd.add_response_header(response, "Content-Type", type) == MHD_YES) &&
           (!origin || mhd.add_response_header(response, "Access-Control-Allow-Origin", origin) == MHD_YES) &&
           mhd.add_response_header(response, "Vary", "Accept, Origin") == MHD_YES;
}

static enum MHD_Result send_response(Request *request, unsigned code, struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    const enum MHD_Result result = mhd.queue_response(request->connection, code, response);
    mhd.destroy_response(response);
    return result;
}

/* Nothing but a code and some text. */
static struct MHD_Response *plain(const Server *server, const char *type, const char *text)
{
    struct MHD_Response *const response =
        mhd.create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
    if (response && add_headers(server, response, type))
        return response;
    if (response)
        mhd.destroy_response(response);
    return NULL;
}

static enum MHD_Result refuse(Request *request, unsigned code, const char *why)
{
    char text[256];
    snprintf(text, sizeof text, "error: %s\n", why);
    struct MHD_Response *const response = plain(request->server, "text/plain; charset=utf-8", text);
    if (response && code == MHD_HTTP_METHOD_NOT_ALLOWED)
        mhd.add_response_header(response, "Allow", "GET, HEAD, POST, OPTIONS");
    if (response && code == MHD_HTTP_SERVICE_UNAVAILABLE)
        mhd.add_response_header(response, "Retry-After", "1");
    if (response && code == MHD_HTTP_CONTENT_TOO_LARGE) /* the rest of the body is not read */
        mhd.add_response_header(response, "Connection", "close");
    return send_response(request, code, response);
}

/* For a page of another site that asks whether it may ask. */
static enum MHD_Result preflight(Request *request)
{
    struct MHD_Response *const response = plain(request->server, NULL, "");
    if (response) {
        mhd.add_response_header(response, "Allow", "GET, HEAD, POST, OPTIONS");
        mhd.add_response_header(response, "Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS");
        mhd.add_response_header(response, "Access-Control-Allow-Headers", "Accept, Content-Type");
        mhd.add_response_header(response, "Access-Control-Max-Age", "600");
    }
    return send_response(request, MHD_HTTP_NO_CONTENT, response);
}

static enum MHD_Result describe(Request *request)
{
    char *const text = serve_describe(request->server);
    struct MHD_Response *const response = text ? plain(request->server, "text/turtle; charset=utf-8", text) : NULL;
    free(text);
    return send_response(request, MHD_HTTP_OK, response);
}

static enum MHD_Result greet(Request *request)
{
    return send_response(
        request, MHD_HTTP_OK,
        plain(request->server, "text/plain; charset=utf-8", "kgq " KGQ_VERSION ": SPARQL is answered at /sparql\n"));
}

/* ---- Answers of workers ---- */

static ssize_t read_pipe(void *context, uint64_t position, char *out, size_t most)
{
    Request *const request = context;
    Server *const server = request->server;
    ssize_t result = 0;
    (void)position;
    pthread_mutex_lock(&server->lock);
    if (request->pipe_count > 0) {
        result = (ssize_t)serve_take(request, out, most);
    } else if (request->is_finished) {
        result = request->has_failed ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        request->is_suspended = true;
        mhd.suspend_connection(request->connection);
    }
    pthread_mutex_unlock(&server->lock);
    return result;
}

/* All of a short answer at once, with its length. */
static struct MHD_Response *whole_answer(Request *request)
{
    const size_t count = request->pipe_count;
    char *const text = malloc(count + 1);
    if (!text)
        return NULL;
    serve_take(request, text, count);
    return mhd.create_response_from_buffer(count, text, MHD_RESPMEM_MUST_FREE);
}

/* The worker has something to say. */
static enum MHD_Result begin_answer(Request *request)
{
    Server *const server = request->server;
    pthread_mutex_lock(&server->lock);
    struct MHD_Response *response =
        request->is_finished && !request->has_failed
            ? whole_answer(request)
            : mhd.create_response_from_callback(MHD_SIZE_UNKNOWN, BYTES_AT_ONCE, read_pipe, request, NULL);
    const unsigned code = request->code;
    const char *const type = request->type;
    pthread_mutex_unlock(&server->lock);
    if (response && !add_headers(server, response, type)) {
        mhd.destroy_response(response);
        response = NULL;
    }
    if (response && code == MHD_HTTP_SERVICE_UNAVAILABLE)
        mhd.add_response_header(response, "Retry-After", "1");
    return send_response(request, code, response);
}

/* ---- Requests ---- */

static Request *new_request(Server *server, struct MHD_Connection *connection)
{
    Request *const request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    if (pthread_cond_init(&request->has_room, NULL) != 0) {
        free(request);
        return NULL;
    }
    request->server = server;
    request->connection = connection;
    request->deadline = base_wall_seconds() + server->options->timeout;
    pthread_mutex_lock(&server->lock);
    server->open++;
    pthread_mutex_unlock(&server->lock);
    return request;
}

/* Hands it to the workers; false: too many wait. */
static bool submit(Request *request)
{
    Server *const server = request->server;
    const union MHD_ConnectionInfo *const info =
        mhd.get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    pthread_mutex_lock(&server->lock);
    const bool is_taken = server->waiting < server->options->most_waiting && !atomic_load(&server->is_stopping);
    if (is_taken) {
        request->socket = info ? info->connect_fd : -1;
        request->is_submitted = request->is_suspended = true;
        mhd.suspend_connection(request->connection);
        if (server->last)
            server->last->next = request;
        else
            server->first = request;
        server->last = request;
        server->waiting++;
        request->after = server->active;
        if (server->active)
            server->active->before = request;
        server->active = request;
        pthread_cond_signal(&server->has_work);
    }
    pthread_mutex_unlock(&server->lock);
    return is_taken;
}

static bool is_method(const char *method, const char *word)
{
    return strcmp(method, word) == 0;
}

/* A name that a hostile site has made to mean this machine, so that its pages may read what comes from here (DNS
 * rebinding), is not what a server that only this machine reaches is called by. */
static bool is_rebound(const Request *request)
{
    const char *const host = mhd.lookup_connection_value(request->connection, MHD_HEADER_KIND, "Host");
    if (!request->server->is_local || !host)
        return false;
    const size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    const bool is_v4 = strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == length;
    return !is_v4 && !(length == 9 && strncasecmp(host, "localhost", 9) == 0) &&
           !(length == 5 && strncmp(host, "[::1]", 5) == 0);
}

static bool has_arguments(struct MHD_Connection *connection)
{
    return mhd.get_connection_values(connection, MHD_GET_ARGUMENT_KIND, NULL, NULL) > 0;
}

/* What can be said before the body has come. *is_done: it has been said. */
static enum MHD_Result receive_headers(Request *request, const char *path, const char *method, bool *is_done)
{
    const bool is_get = is_method(method, "GET") || is_method(method, "HEAD"), is_post = is_method(method, "POST");
    const char *const length = mhd.lookup_connection_value(request->connection, MHD_HEADER_KIND, "Content-Length");
    uint64_t bytes;
    *is_done = true;
    if (strcmp(path, "/") == 0 && is_get)
        return greet(request);
    if (strcmp(path, "/sparql") != 0 && strcmp(path, "/sparql/") != 0)
        return refuse(request, MHD_HTTP_NOT_FOUND, "SPARQL is answered at /sparql");
    if (is_rebound(request))
        return refuse(request, MHD_HTTP_FORBIDDEN, "this server is called localhost or 127.0.0.1");
    if (is_method(method, "OPTIONS"))
        return preflight(request);
    if (!is_get && !is_post)
        return refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "expected GET or POST");
    if (is_get && !has_arguments(request->connection))
        return describe(request);
    if (length && (!base_parse_uint(length, 0, UINT64_MAX, &bytes) || bytes > request->server->options->most_body))
        return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
    *is_done = false;
    return MHD_YES;
}

/* A body without a length may turn out too large: it is read on, a while, so that the client gets to hear of it. */
static enum MHD_Result receive_body(Request *request, const char *data, size_t *size)
{
    const size_t most = request->server->options->most_body;
    const size_t length = *size;
    *size = 0;
    if (request->body.count + length > most) {
        request->code = MHD_HTTP_CONTENT_TOO_LARGE;
        request->body.count = most;
        request->body_dropped += length;
        return request->body_dropped > most * BODY_PATIENCE ? MHD_NO : MHD_YES;
    }
    if (base_wall_seconds() > request->deadline) /* a byte now and then keeps nobody waiting for ever */
        return MHD_NO;
    return base_buffer_add(&request->body, data, length) ? MHD_YES : MHD_NO;
}

static enum MHD_Result receive_end(Request *request, const char *method)
{
    const char *why = NULL;
    if (request->code == MHD_HTTP_CONTENT_TOO_LARGE)
        return refuse(request, request->code, "the body is too large");
    const unsigned code = serve_read_request(request, method, &why);
    if (code)
        return refuse(request, code, why);
    if (submit(request))
        return MHD_YES;
    return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many requests are waiting");
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *data, size_t *size, void **state)
{
    Request *request = *state;
    (void)version;
    if (!request) {
        bool is_done;
        request = *state = new_request(context, connection);
        return request ? receive_headers(request, path, method, &is_done) : MHD_NO;
    }
    if (request->is_submitted)
        return begin_answer(request);
    if (*size > 0)
        return receive_body(request, data, size);
    return receive_end(request, method);
}

static void complete(void *context, struct MHD_Connection *connection, void **state,
                     enum MHD_RequestTerminationCode why)
{
    Server *const server = context;
    Request *const request = *state;
    (void)connection;
    (void)why;
    *state = NULL;
    if (!request)
        return;
    pthread_mutex_lock(&server->lock);
    server->open--;
    request->is_gone = true;
    atomic_store(&request->job.cancelled, true);
    pthread_cond_signal(&request->has_room);
    const bool is_free = !request->is_submitted || request->is_finished;
    pthread_mutex_unlock(&server->lock);
    if (is_free)
        serve_free_request(request);
}

/* Parameters are decoded by serve_form.c, which tells what is malformed. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

struct MHD_Daemon *serve_listen(Server *server, int socket)
{
    return mhd.start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, server,
                            MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_NOTIFY_COMPLETED, complete, server,
                            MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)server->options->most_connections, MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)SECONDS_OF_SILENCE, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES,
                            MHD_OPTION_END);
}
