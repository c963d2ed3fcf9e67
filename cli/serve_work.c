/* serve_work.c - the workers of `kgq serve`: each takes a request, runs it in a transaction of its own and writes the
 * answer into the request's pipe, where it waits for room as long as the client reads slowly. */
#include "cli/serve.h"
#include "cli/serve_form.h"

#include <stdlib.h>
#include <string.h>

/* ---- The pipe ---- */

void serve_wake(Request *request)
{
    if (!request->is_suspended)
        return;
    request->is_suspended = false;
    mhd.resume_connection(request->connection);
}

size_t serve_take(Request *request, char *out, size_t most)
{
    size_t taken = 0;
    while (taken < most && request->pipe_count > 0) {
        const size_t to_end = PIPE_BYTES - request->pipe_begin;
        size_t length = request->pipe_count < to_end ? request->pipe_count : to_end;
        length = length < most - taken ? length : most - taken;
        memcpy(out + taken, request->pipe + request->pipe_begin, length);
        request->pipe_begin = (request->pipe_begin + length) % PIPE_BYTES;
        request->pipe_count -= length;
        taken += length;
    }
    if (taken > 0)
        pthread_cond_signal(&request->has_room);
    return taken;
}

/* As much as there is room for. */
static size_t put(Request *request, const char *bytes, size_t length)
{
    const size_t end = (request->pipe_begin + request->pipe_count) % PIPE_BYTES;
    const size_t room = PIPE_BYTES - request->pipe_count, to_end = PIPE_BYTES - end;
    length = length < room ? length : room;
    length = length < to_end ? length : to_end;
    memcpy(request->pipe + end, bytes, length);
    request->pipe_count += length;
    return length;
}

static bool is_cancelled(const Request *request)
{
    return request->is_gone || base_job_cancelled(&request->job);
}

/* For fopencookie: 0 is a failure. */
static ssize_t write_pipe(void *cookie, const char *bytes, size_t size)
{
    Request *const request = cookie;
    Server *const server = request->server;
    size_t written = 0;
    pthread_mutex_lock(&server->lock);
    while (written < size && !is_cancelled(request)) {
        if (request->pipe_count == PIPE_BYTES) {
            request->is_ready = true; /* no second thoughts: the answer has begun */
            serve_wake(request);
            pthread_cond_wait(&request->has_room, &server->lock);
            continue;
        }
        written += put(request, bytes + written, size - written);
        if (request->is_ready)
            serve_wake(request);
    }
    const bool is_whole = written == size;
    if (!is_whole)
        atomic_store(&request->job.cancelled, true); /* whoever writes on need not */
    pthread_mutex_unlock(&server->lock);
    return is_whole ? (ssize_t)size : 0;
}

/* ---- Answers ---- */

static void answer(Request *request, unsigned code, const char *text, size_t length)
{
    pthread_mutex_lock(&request->server->lock);
    if (request->is_ready) {
        request->has_failed = true;
    } else {
        request->code = code;
        request->type = "text/plain; charset=utf-8";
        request->pipe_begin = request->pipe_count = 0;
        put(request, text, length);
    }
    pthread_mutex_unlock(&request->server->lock);
}

static unsigned code_of(BaseStatus status)
{
    switch (status) {
    case BASE_BAD_INPUT:
    case BASE_BAD_CALL:
        return MHD_HTTP_BAD_REQUEST;
    case BASE_NO_MEMORY:
    case BASE_CANCELLED:
    case BASE_LIMIT:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

/* The message as the command line prints it: place, line, caret, hint. */
static void fail_with(Request *request, const BaseError *err)
{
    char *text = NULL;
    size_t length = 0;
    pthread_mutex_lock(&request->server->lock);
    const bool is_late = request->is_late;
    pthread_mutex_unlock(&request->server->lock);
    FILE *const out = open_memstream(&text, &length);
    if (out && is_late)
        fprintf(out, "error: stopped after %g seconds\n", request->server->options->timeout);
    else if (out)
        base_error_print(out, err);
    if (out)
        fclose(out);
    answer(request, code_of(err->status), text ? text : "", text ? length : 0);
    free(text);
}

static const struct Offer {
    const char *type;
    KgResultFormat format;
} rows[] = {{"application/sparql-results+json", KG_RESULT_JSON},
            {"application/json", KG_RESULT_JSON},
            {"application/sparql-results+xml", KG_RESULT_XML},
            {"application/xml", KG_RESULT_XML},
            {"text/xml", KG_RESULT_XML},
            {"text/csv", KG_RESULT_CSV},
            {"text/tab-separated-values", KG_RESULT_TSV}},
  triples[] = {{"text/turtle", KG_RESULT_TURTLE},
               {"application/n-triples", KG_RESULT_NTRIPLES},
               {"text/plain", KG_RESULT_NTRIPLES}};
#define MOST_OFFERS 8

/* NULL: the client wants none of them. */
static const struct Offer *choose_offer(const Request *request, KgQueryForm form)
{
    const bool has_rows = form == KG_SELECT || form == KG_ASK;
    const struct Offer *const offers = has_rows ? rows : triples;
    const size_t count = has_rows ? sizeof rows / sizeof *rows : sizeof triples / sizeof *triples;
    const char *types[MOST_OFFERS];
    size_t chosen;
    for (size_t i = 0; i < count; i++)
        types[i] = offers[i].type;
    return media_choose(request->accept, types, count, &chosen) ? &offers[chosen] : NULL;
}

static void say_not_acceptable(Request *request, KgQueryForm form)
{
    static const char for_rows[] = "error: offered are application/sparql-results+json, "
                                   "application/sparql-results+xml, text/csv and text/tab-separated-values\n",
                      for_triples[] = "error: offered are text/turtle and application/n-triples\n";
    const bool has_rows = form == KG_SELECT || form == KG_ASK;
    const char *const text = has_rows ? for_rows : for_triples;
    answer(request, MHD_HTTP_NOT_ACCEPTABLE, text, strlen(text));
}

static BaseStatus write_answer(Request *request, KgQuery *query, const struct Offer *offer, BaseError *err)
{
    FILE *const out = fopencookie(request, "w", (cookie_io_functions_t){.write = write_pipe});
    if (!out)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the answer");
    setvbuf(out, NULL, _IOFBF, PIPE_BYTES / 4);
    request->code = MHD_HTTP_OK;
    request->type = offer->type;
    BaseStatus status = kg_query_write(query, offer->format, 0, out, NULL, err);
    if (fclose(out) != 0 && status == BASE_OK)
        status = base_fail(err, BASE_CANCELLED, "the answer could not be sent");
    return status;
}

static KgDataset dataset_of(const Request *request)
{
    return (KgDataset){.graphs = request->graphs.items,
                       .graph_count = request->graphs.count,
                       .named = request->named.items,
                       .named_count = request->named.count};
}

static void answer_query(Request *request)
{
    const ServeOptions *const given = request->server->options;
    const KgDataset dataset = dataset_of(request);
    const KgQueryOptions options = {.layers = given->layers,
                                    .job = &request->job,
                                    .memory = given->memory,
                                    .timeout = given->timeout,
                                    .base = request->base,
                                    .dataset = &dataset,
                                    .extensions = given->extensions,
                                    .services = given->allow_service ? &query_services : NULL};
    KgTxn *txn = NULL;
    KgQuery *query = NULL;
    BaseError err = {0};
    BaseStatus status = kg_read_begin(request->server->store, &txn, &err);
    if (status == BASE_OK)
        status = kg_query_open(txn, request->text.bytes, request->text.length, &options, &query, &err);
    const struct Offer *const offer = status == BASE_OK ? choose_offer(request, kg_query_form(query)) : NULL;
    if (offer)
        status = write_answer(request, query, offer, &err);
    else if (status == BASE_OK)
        say_not_acceptable(request, kg_query_form(query));
    if (status != BASE_OK)
        fail_with(request, &err);
    kg_query_close(query);
    kg_abort(txn);
}

static void answer_update(Request *request)
{
    const ServeOptions *const given = request->server->options;
    const KgDataset dataset = dataset_of(request);
    const KgUpdateOptions options = {.name = "<update over HTTP>",
                                     .job = &request->job,
                                     .base = request->base,
                                     .dataset = &dataset,
                                     .no_load = !given->allow_load,
                                     .extensions = given->extensions,
                                     .services = given->allow_service ? &query_services : NULL};
    KgTxn *txn = NULL;
    KgUpdateReport report = {0};
    BaseError err = {0};
    BaseStatus status = kg_write_begin(request->server->store, &txn, &err);
    if (status == BASE_OK)
        status = kg_update(txn, request->text.bytes, request->text.length, &options, &report, &err);
    if (status == BASE_OK) {
        status = kg_commit(txn, &err);
        txn = NULL;
    }
    kg_abort(txn);
    if (status != BASE_OK) {
        fail_with(request, &err);
        return;
    }
    char text[80];
    const int length = snprintf(text, sizeof text, "inserted %llu, deleted %llu triples\n",
                                (unsigned long long)report.inserted, (unsigned long long)report.deleted);
    answer(request, MHD_HTTP_OK, text, (size_t)length);
}

/* ---- Workers ---- */

void serve_free_request(Request *request)
{
    base_arena_free(&request->arena);
    base_buffer_free(&request->body);
    free(request->graphs.items);
    free(request->named.items);
    free(request->pipe);
    pthread_cond_destroy(&request->has_room);
    free(request);
}

static void finish(Server *server, Request *request)
{
    pthread_mutex_lock(&server->lock);
    if (request->before)
        request->before->after = request->after;
    else
        server->active = request->after;
    if (request->after)
        request->after->before = request->before;
    request->is_finished = true;
    const bool is_gone = request->is_gone;
    serve_wake(request);
    pthread_mutex_unlock(&server->lock);
    if (is_gone)
        serve_free_request(request);
}

static Request *next_request(Server *server)
{
    pthread_mutex_lock(&server->lock);
    while (!server->first && !atomic_load(&server->is_stopping))
        pthread_cond_wait(&server->has_work, &server->lock);
    Request *const request = server->first;
    if (request) {
        server->first = request->next;
        server->last = server->first ? server->last : NULL;
        server->waiting--;
        request->job.threads = server->active->after ? 1 : 0; /* one alone has all cores */
    }
    pthread_mutex_unlock(&server->lock);
    return request;
}

void *serve_work(void *context)
{
    Server *const server = context;
    static const char stopping[] = "error: the server is stopping\n",
                      late[] = "error: it waited too long for its turn\n";
    for (Request *request; (request = next_request(server)) != NULL; finish(server, request)) {
        request->pipe = malloc(PIPE_BYTES);
        if (!request->pipe)
            request->code = MHD_HTTP_SERVICE_UNAVAILABLE;
        else if (atomic_load(&server->is_stopping))
            answer(request, MHD_HTTP_SERVICE_UNAVAILABLE, stopping, sizeof stopping - 1);
        else if (is_cancelled(request))
            answer(request, MHD_HTTP_SERVICE_UNAVAILABLE, late, sizeof late - 1);
        else if (request->is_update)
            answer_update(request);
        else
            answer_query(request);
    }
    return NULL;
}
