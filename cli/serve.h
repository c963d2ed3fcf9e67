/* serve.h - private to `kgq serve`. serve.c opens and ends the service and watches over requests; serve_http.c speaks
 * HTTP by libmicrohttpd, on one thread; serve_request.c reads what is asked; serve_work.c answers it, on a few worker
 * threads, through a pipe of bounded size to each connection.
 *
 * Life of a request: the HTTP thread receives it, queues it and suspends its connection; a worker runs it, in a
 * transaction of its own; as soon as the pipe is full or the answer is whole, the connection goes on and empties the
 * pipe. The watcher cancels requests that take too long and those whose client has gone. */
#ifndef KGQ_CLI_SERVE_H
#define KGQ_CLI_SERVE_H

#include "cli/cli.h"

#include <microhttpd.h>
#include <pthread.h>

#define PIPE_BYTES (128 * 1024)

typedef struct ServeOptions {
    bool writable, allow_service, allow_load;
    double timeout;     /* seconds from a request's arrival to the end of its answer */
    uint64_t memory;    /* of one query; 0: no limit */
    uint64_t most_body; /* bytes */
    uint64_t most_waiting, most_connections;
    unsigned layers; /* 0: those that queries see by default */
    const KgExtensions *extensions;
    const char *origin; /* that pages may ask from, "*": any; NULL: none but the server's own */
} ServeOptions;

typedef struct Request Request;

typedef struct Server {
    const ServeOptions *options;
    KgStore *store;
    struct MHD_Daemon *daemon;
    bool is_local;        /* it listens where only this machine reaches it */
    pthread_mutex_t lock; /* guards all below, and the requests' fields that say so */
    pthread_cond_t has_work;
    Request *first, *last; /* those that wait for a worker */
    size_t waiting;
    Request *active; /* those that wait or run, for the watcher */
    size_t open;     /* requests whose connection is not done with them */
    atomic_bool is_stopping;
} Server;

typedef struct GraphNames {
    const char **items;
    size_t count, capacity;
} GraphNames;

struct Request {
    Server *server;
    struct MHD_Connection *connection;
    BaseArena arena;
    BaseBuffer body;
    size_t body_dropped; /* bytes beyond what is allowed */
    /* What is asked (serve_request.c): */
    bool is_update, has_text;
    KgText text;
    GraphNames graphs, named;
    const char *base;   /* the address it was sent to; NULL: not known */
    const char *accept; /* NULL: anything */
    /* From here on, under the server's lock once it is queued: */
    int socket;
    BaseJob job;
    double deadline;
    bool is_late;      /* it was cancelled because of that */
    bool is_submitted; /* a worker has it, or will */
    bool is_suspended; /* the connection waits for the worker */
    bool is_ready;     /* code and type are final */
    bool is_finished;  /* the worker is done with it */
    bool is_gone;      /* the connection is */
    bool has_failed;   /* behind is_ready: what was sent is not the whole answer */
    unsigned code;
    const char *type;
    char *pipe; /* a ring */
    size_t pipe_begin, pipe_count;
    pthread_cond_t has_room;
    Request *next;           /* waiting */
    Request *before, *after; /* active */
};

/* ---- serve_http.c ---- */

/* What is used of libmicrohttpd, which is loaded with the service (base/library.h): with its libraries it takes as long
 * to start as all else of the program. */
#define SERVE_FUNCTIONS(use)                                                                                           \
    use(start_daemon) use(quiesce_daemon) use(stop_daemon) use(suspend_connection) use(resume_connection)              \
        use(get_connection_info) use(get_connection_values) use(get_connection_values_n) use(lookup_connection_value)  \
            use(create_response_from_buffer) use(create_response_from_callback) use(add_response_header)               \
                use(queue_response) use(destroy_response)
#define SERVE_MEMBER(name) __typeof__(MHD_##name) *name;
extern struct ServeLibrary {
    SERVE_FUNCTIONS(SERVE_MEMBER)
} mhd;
BaseStatus serve_load_library(BaseError *err);

struct MHD_Daemon *serve_listen(Server *server, int socket);

/* ---- serve_request.c ---- */

/* Reads what is asked from the query string, the body and its type. 0, or the HTTP status that says no, with why. */
unsigned serve_read_request(Request *request, const char *method, const char **why);
/* The service description, in Turtle; malloc'd. NULL: no memory. */
char *serve_describe(const Server *server);

/* ---- serve_work.c ---- */

void *serve_work(void *server); /* a worker's thread: runs until the server stops */
/* Under the lock: lets the connection go on if it waits. */
void serve_wake(Request *request);
/* Under the lock: copies out of the pipe. */
size_t serve_take(Request *request, char *out, size_t most);
void serve_free_request(Request *request);

#endif
