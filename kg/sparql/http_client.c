/* http_client.c - kg_service_http: SPARQL 1.1 Protocol, section 2.1.2 (query via POST with URL-encoded parameters), by
 * libcurl. Each thread keeps a connection open for the next request. The wait looks for cancellation all the time.
 *
 * libcurl is loaded with the first request: with the twenty libraries that it needs it takes 4 ms to start, as long as
 * all else of a small query. */
#include "kg/kg.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MILLISECONDS_BETWEEN_LOOKS 50
#define MOST_REDIRECTIONS 5L
#define SECONDS_TO_CONNECT 15.0

typedef struct Client {
    CURLM *multi;
    CURL *easy;
} Client;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t client_key;
static bool is_ready;
static BaseError load_failure;

/* ---- The library ---- */

#define FUNCTIONS(use)                                                                                                 \
    use(global_init) use(easy_init) use(easy_reset) use(easy_cleanup) use(easy_strerror) use(multi_init)               \
        use(multi_cleanup) use(multi_add_handle) use(multi_remove_handle) use(multi_perform) use(multi_poll)           \
            use(multi_info_read) use(multi_strerror) use(slist_append) use(slist_free_all)
#define MEMBER(name) __typeof__(curl_##name) *name;
#define SYMBOL(name) {"curl_" #name, &curl.name},
static struct {
    FUNCTIONS(MEMBER)
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...); /* these two are macros as well */
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
} curl;

static bool load(void)
{
    static const char *const names[] = {"libcurl-gnutls.so.4", "libcurl.so.4", NULL}; /* the same, with other TLS */
    static const BaseSymbol symbols[] = {FUNCTIONS(SYMBOL) SYMBOL(easy_setopt) SYMBOL(easy_getinfo)};
    return base_library_load(names, symbols, sizeof symbols / sizeof *symbols, &load_failure) == BASE_OK;
}

/* ---- A thread's client ---- */

static void free_client(void *memory)
{
    Client *const client = memory;
    curl.multi_cleanup(client->multi);
    curl.easy_cleanup(client->easy);
    free(client);
}

static void start(void)
{
    is_ready = load() && curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK &&
               pthread_key_create(&client_key, free_client) == 0;
}

/* This thread's; NULL: no memory, or no library. */
static Client *get_client(void)
{
    pthread_once(&once, start);
    if (!is_ready)
        return NULL;
    Client *client = pthread_getspecific(client_key);
    if (client)
        return client;
    client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->multi = curl.multi_init();
    client->easy = curl.easy_init();
    if (client->multi && client->easy && pthread_setspecific(client_key, client) == 0)
        return client;
    free_client(client);
    return NULL;
}

typedef struct Answer {
    BaseBuffer *text;
    uint64_t most;
    bool is_too_long, is_full;
} Answer;

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    Answer *const answer = context;
    const size_t length = size * count;
    if (length > answer->most - answer->text->count)
        answer->is_too_long = true;
    else if (!base_buffer_add(answer->text, bytes, length))
        answer->is_full = true;
    return answer->is_too_long || answer->is_full ? 0 : length;
}

/* Form-encoded, RFC 3986's unreserved characters as they are. */
static bool encode(const KgServiceRequest *request, BaseBuffer *out)
{
    static const char digits[] = "0123456789ABCDEF";
    if (!BASE_RESERVE(out, 3 * request->length + 8) || !base_buffer_add(out, "query=", 6))
        return false;
    bool is_added = true;
    for (size_t i = 0; i < request->length && is_added; i++) {
        const unsigned char c = (unsigned char)request->query[i];
        const bool is_plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
        const char code[3] = {'%', digits[c >> 4], digits[c & 15]};
        is_added = is_plain ? base_buffer_add(out, (const char *)&c, 1) : base_buffer_add(out, code, 3);
    }
    return is_added;
}

static bool set_up(CURL *easy, const KgServiceRequest *request, const BaseBuffer *form, struct curl_slist *headers,
                   Answer *answer, char *message)
{
    const double connect = request->seconds < SECONDS_TO_CONNECT ? request->seconds : SECONDS_TO_CONNECT;
    curl.easy_reset(easy);
    return curl.easy_setopt(easy, CURLOPT_URL, request->endpoint) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_MAXREDIRS, MOST_REDIRECTIONS) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_USERAGENT, "kgq") == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)form->count) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_POSTFIELDS, form->items) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(request->seconds * 1e3) + 1) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect * 1e3) + 1) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_WRITEDATA, answer) == CURLE_OK &&
           curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, message) == CURLE_OK;
}

/* Runs the transfer to its end, or until the job is cancelled: *out is CURLE_ABORTED_BY_CALLBACK then. */
static CURLMcode transfer(Client *client, const KgServiceRequest *request, CURLcode *out)
{
    int running = 1;
    CURLMcode code = curl.multi_add_handle(client->multi, client->easy);
    *out = CURLE_ABORTED_BY_CALLBACK;
    while (code == CURLM_OK && running && !base_job_cancelled(request->job)) {
        code = curl.multi_perform(client->multi, &running);
        if (code == CURLM_OK && running)
            code = curl.multi_poll(client->multi, NULL, 0, MILLISECONDS_BETWEEN_LOOKS, NULL);
    }
    int left;
    for (const CURLMsg *said; code == CURLM_OK && (said = curl.multi_info_read(client->multi, &left));)
        if (said->msg == CURLMSG_DONE)
            *out = said->data.result;
    curl.multi_remove_handle(client->multi, client->easy);
    return code;
}

/* The first line of what came with an HTTP status that says no. */
static BaseStatus fail_status(long code, const BaseBuffer *text, size_t from, BaseError *err)
{
    const char *const bytes = text->items ? text->items + from : "";
    size_t length = 0;
    while (length < text->count - from && length < 160 && (unsigned char)bytes[length] >= ' ')
        length++;
    length = base_utf8_check(bytes, length);
    return base_fail(err, BASE_IO, "HTTP status %ld%s%.*s", code, length ? ": " : "", (int)length, bytes);
}

static BaseStatus judge(const KgServiceRequest *request, CURLcode code, const Answer *answer, const char *message,
                        BaseError *err)
{
    if (base_job_cancelled(request->job))
        return base_fail(err, BASE_CANCELLED, "the query was cancelled");
    if (answer->is_too_long)
        return base_fail(err, BASE_IO, "the answer is longer than %llu bytes", (unsigned long long)request->bytes);
    if (answer->is_full || code == CURLE_OUT_OF_MEMORY)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the answer");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return base_fail(err, BASE_IO, "no answer within %g seconds", request->seconds);
    return base_fail(err, BASE_IO, "%s", *message ? message : curl.easy_strerror(code));
}

static BaseStatus post(Client *client, const KgServiceRequest *request, const BaseBuffer *form,
                       struct curl_slist *headers, BaseBuffer *text, BaseError *err)
{
    char message[CURL_ERROR_SIZE] = "";
    Answer answer = {.text = text, .most = text->count + request->bytes};
    CURLcode code = CURLE_OK;
    const size_t from = text->count;
    if (!set_up(client->easy, request, form, headers, &answer, message))
        return base_fail(err, BASE_NO_MEMORY, "no memory for a request");
    const CURLMcode state = transfer(client, request, &code);
    if (state != CURLM_OK)
        return base_fail(err, state == CURLM_OUT_OF_MEMORY ? BASE_NO_MEMORY : BASE_IO, "%s",
                         curl.multi_strerror(state));
    if (code != CURLE_OK)
        return judge(request, code, &answer, message, err);
    long status = 0;
    curl.easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 ? BASE_OK : fail_status(status, text, from, err);
}

BaseStatus kg_service_http(void *context, const KgServiceRequest *request, BaseBuffer *answer, BaseError *err)
{
    (void)context;
    static const char *const lines[] = {"Accept: application/sparql-results+json",
                                        "Content-Type: application/x-www-form-urlencoded", "Expect:"};
    Client *const client = get_client();
    if (load_failure.status != BASE_OK)
        return base_fail(err, load_failure.status, "%s", load_failure.message);
    struct curl_slist *headers = NULL;
    BaseBuffer form = {0};
    bool is_ready_to_send = client && encode(request, &form);
    for (size_t i = 0; i < sizeof lines / sizeof *lines && is_ready_to_send; i++) {
        struct curl_slist *const longer = curl.slist_append(headers, lines[i]);
        is_ready_to_send = longer != NULL;
        headers = longer ? longer : headers;
    }
    const BaseStatus status = is_ready_to_send ? post(client, request, &form, headers, answer, err)
                                               : base_fail(err, BASE_NO_MEMORY, "no memory for a request");
    if (client)
        curl.easy_reset(client->easy); /* it points to what ends here */
    if (headers)
        curl.slist_free_all(headers);
    base_buffer_free(&form);
    return status;
}
