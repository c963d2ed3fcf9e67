/* serve.c - `kgq serve`: a SPARQL endpoint over HTTP. Opens the database and the socket, starts the workers and the
 * HTTP thread, and then watches: over the time requests take, over clients that went away, and for the signal to stop.
 */
#include "cli/serve.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MILLISECONDS_BETWEEN_LOOKS 100
#define SECONDS_TO_FINISH 3.0 /* that requests have when the server stops */
#define BACKLOG 256
#define MOST_WORKERS 64

/* ---- The socket ---- */

static BaseStatus fail_address(const char *address, BaseError *err)
{
    return base_fail(err, BASE_BAD_CALL,
                     "--listen takes HOST:PORT, as in 127.0.0.1:7878, [::1]:80 or 0.0.0.0:7878, "
                     "not \"%s\"",
                     address);
}

/* "127.0.0.1:7878", "[::1]:7878" */
static BaseStatus split_address(const char *address, char host[256], char port[8], BaseError *err)
{
    const char *const colon = strrchr(address, ':');
    uint64_t number;
    if (!colon || !base_parse_uint(colon + 1, 0, 65535, &number))
        return fail_address(address, err);
    const bool is_bracketed = address[0] == '[' && colon > address && colon[-1] == ']';
    const size_t length = (size_t)(colon - address) - (is_bracketed ? 2 : 0);
    if (length == 0 || length >= 256 || (!is_bracketed && memchr(address, ':', length)))
        return fail_address(address, err);
    memcpy(host, address + is_bracketed, length);
    host[length] = '\0';
    snprintf(port, 8, "%u", (unsigned)number);
    return BASE_OK;
}

static int bind_to(const struct addrinfo *address)
{
    const int yes = 1, made = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
    if (made < 0)
        return -1;
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(made, address->ai_addr, address->ai_addrlen) == 0 && listen(made, BACKLOG) == 0)
        return made;
    const int why = errno;
    close(made);
    errno = why;
    return -1;
}

static BaseStatus open_socket(const char *address, int *out, BaseError *err)
{
    char host[256], port[8];
    struct addrinfo *found = NULL;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    const BaseStatus status = split_address(address, host, port, err);
    if (status != BASE_OK)
        return status;
    const int code = getaddrinfo(host, port, &wanted, &found);
    if (code != 0)
        return base_fail(err, BASE_BAD_CALL, "cannot listen on %s: %s", address, gai_strerror(code));
    *out = bind_to(found);
    const int why = errno;
    freeaddrinfo(found);
    errno = why;
    return *out >= 0 ? BASE_OK : base_fail_errno(err, "cannot listen on %s", address);
}

/* Where it listens: port 0 meant any that is free. */
typedef struct Address {
    char host[128], port[16];
} Address;
static Address find_address(int socket)
{
    Address found = {"?", "?"};
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, found.host, sizeof found.host, found.port, sizeof found.port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    return found;
}

static void say_address(const Address *address)
{
    const bool is_v6 = strchr(address->host, ':') != NULL;
    fprintf(stderr, "listening on http://%s%s%s:%s/sparql\n", is_v6 ? "[" : "", address->host, is_v6 ? "]" : "",
            address->port);
}

/* ---- Watching ---- */

static bool has_left(int socket)
{
    struct pollfd state = {.fd = socket, .events = POLLRDHUP};
    return socket >= 0 && poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void cancel(Request *request)
{
    atomic_store(&request->job.cancelled, true);
    pthread_cond_signal(&request->has_room);
}

/* Those that took too long, or whose client has left, or, `at_once`, all. */
static void watch_requests(Server *server, bool at_once)
{
    const double now = base_wall_seconds();
    pthread_mutex_lock(&server->lock);
    for (Request *request = server->active; request; request = request->after) {
        const bool is_late = now > request->deadline;
        if (is_late)
            request->is_late = true;
        if (is_late || at_once || (!request->is_gone && has_left(request->socket)))
            cancel(request);
    }
    pthread_mutex_unlock(&server->lock);
}

static size_t count_open(Server *server)
{
    pthread_mutex_lock(&server->lock);
    const size_t open = server->open;
    pthread_mutex_unlock(&server->lock);
    return open;
}

/* Until SIGINT or SIGTERM. */
static void watch(Server *server, const sigset_t *signals)
{
    const struct timespec pause = {.tv_nsec = MILLISECONDS_BETWEEN_LOOKS * 1000000L};
    while (sigtimedwait(signals, NULL, &pause) < 0)
        watch_requests(server, false);
}

/* No new requests; those that are there may finish for a while, unless a second signal comes. */
static void wind_down(Server *server, const sigset_t *signals)
{
    const struct timespec pause = {.tv_nsec = MILLISECONDS_BETWEEN_LOOKS * 100000L};
    const double end = base_wall_seconds() + SECONDS_TO_FINISH;
    pthread_mutex_lock(&server->lock);
    atomic_store(&server->is_stopping, true);
    pthread_cond_broadcast(&server->has_work);
    pthread_mutex_unlock(&server->lock);
    while (count_open(server) > 0 && base_wall_seconds() < end && sigtimedwait(signals, NULL, &pause) < 0)
        watch_requests(server, false);
    watch_requests(server, true);
}

/* ---- The service ---- */

static size_t start_workers(Server *server, pthread_t *threads, size_t count)
{
    size_t started = 0;
    while (started < count && pthread_create(&threads[started], NULL, serve_work, server) == 0)
        started++;
    return started;
}

static BaseStatus run(Server *server, int socket, size_t workers, BaseError *err)
{
    pthread_t threads[MOST_WORKERS];
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &before); /* threads that are made now have it so too */
    BaseStatus status = BASE_OK;
    const Address address = find_address(socket);
    server->is_local = strncmp(address.host, "127.", 4) == 0 || strcmp(address.host, "::1") == 0;
    const size_t started = start_workers(server, threads, workers);
    server->daemon = started > 0 ? serve_listen(server, socket) : NULL;
    if (server->daemon) {
        say_address(&address);
        watch(server, &signals);
        mhd.quiesce_daemon(server->daemon);
    } else {
        status = base_fail(err, BASE_IO, "the service could not be started");
    }
    wind_down(server, &signals);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (server->daemon)
        mhd.stop_daemon(server->daemon);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

static BaseStatus serve(Cli *cli, KgStore *store, const ServeOptions *options, const char *address, BaseError *err)
{
    Server server = {.options = options, .store = store};
    int socket = -1;
    const int wanted = cli->job.threads > 0 ? cli->job.threads : base_core_count() + 1;
    const size_t workers = wanted < MOST_WORKERS ? (size_t)wanted : MOST_WORKERS;
    BaseStatus status = serve_load_library(err);
    if (status == BASE_OK)
        status = open_socket(address, &socket, err);
    if (status != BASE_OK)
        return status;
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&server.lock, NULL);
    pthread_cond_init(&server.has_work, NULL);
    status = run(&server, socket, workers, err);
    pthread_cond_destroy(&server.has_work);
    pthread_mutex_destroy(&server.lock);
    close(socket);
    return status;
}

int command_serve(Cli *cli, const Command *command, int argc, char **argv)
{
    ServeOptions serving = {.timeout = 60,
                            .memory = (uint64_t)1 << 30,
                            .most_body = (uint64_t)16 << 20,
                            .most_waiting = 200,
                            .most_connections = 500};
    const char *address = "127.0.0.1:7878";
    const Option options[] = {
        {"listen", OPTION_TEXT, &address, "HOST:PORT", "where to listen (default 127.0.0.1:7878); port 0: a free one"},
        {"writable", OPTION_FLAG, &serving.writable, NULL, "take SPARQL updates"},
        {"allow-service", OPTION_FLAG, &serving.allow_service, NULL, "let queries reach out to other endpoints"},
        {"allow-load", OPTION_FLAG, &serving.allow_load, NULL, "let updates read files of this machine by LOAD"},
        {"cors", OPTION_TEXT, &serving.origin, "ORIGIN", "let pages from there ask, * being any (default: none)"},
        {"layers", OPTION_LAYERS, &serving.layers, "LAYERS", "what queries see (default: asserted,inferred)"},
        {"timeout", OPTION_AMOUNT, &serving.timeout, "SECONDS", "that a request may take (default 60)"},
        {"memory", OPTION_SIZE, &serving.memory, "SIZE", "that a query may keep in memory (default 1G)"},
        {"max-body", OPTION_SIZE, &serving.most_body, "SIZE", "of a request (default 16M)"},
        {"max-waiting", OPTION_POSITIVE, &serving.most_waiting, "N", "requests that wait for their turn (default 200)"},
        {"max-connections", OPTION_POSITIVE, &serving.most_connections, "N", "(default 500)"},
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 1, 1))
        goto done;
    if (cli->store) {
        exit_code = usage_error(command, "a server is started from the command line, not from the shell");
        goto done;
    }
    serving.extensions = cli->extensions;
    store = open_database(cli, words.items[0], false, !serving.writable, &exit_code);
    if (store && serve(cli, store, &serving, address, &err) != BASE_OK)
        exit_code = report_error(cli, &err);
done:
    close_database(cli, store);
    free(words.items);
    return exit_code;
}
