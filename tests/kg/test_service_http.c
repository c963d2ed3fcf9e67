/* test_service_http.c - kg_service_http against a server of this process that says what each test wants: a good answer,
 * a status, a redirection, too much, nothing at all. */
#include "expect.h"
#include "kg/kg.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

typedef struct Server {
    int socket;
    uint16_t port;
    pthread_t thread;
    const char *const *replies; /* one a request; NULL: it is left waiting */
    size_t reply_count, served;
    char request[8192]; /* the last one */
    int waiting;        /* the connection that got no reply */
} Server;

static void read_request(Server *server, int connection)
{
    size_t length = 0, body = 0;
    for (;;) {
        const ssize_t count = recv(connection, server->request + length, sizeof server->request - 1 - length, 0);
        if (count <= 0)
            break;
        length += (size_t)count;
        server->request[length] = '\0';
        const char *const end = strstr(server->request, "\r\n\r\n");
        const char *const size = strstr(server->request, "Content-Length: ");
        if (end && size)
            body = (size_t)(end + 4 - server->request) + strtoul(size + 16, NULL, 10);
        if (end && length >= body)
            break;
    }
}

static void *serve(void *context)
{
    Server *const server = context;
    for (size_t i = 0; i < server->reply_count; i++) {
        const int connection = accept(server->socket, NULL, NULL);
        if (connection < 0)
            break;
        read_request(server, connection);
        server->served++;
        if (!server->replies[i]) {
            server->waiting = connection;
            break;
        }
        if (send(connection, server->replies[i], strlen(server->replies[i]), MSG_NOSIGNAL) < 0)
            break;
        close(connection);
    }
    return NULL;
}

static void start_server(Server *server, const char *const *replies, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *server =
        (Server){.socket = socket(AF_INET, SOCK_STREAM, 0), .replies = replies, .reply_count = count, .waiting = -1};
    assert_true(server->socket >= 0);
    assert_int_equal(bind(server->socket, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(server->socket, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(server->socket, 8), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop_server(Server *server)
{
    shutdown(server->socket, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->socket);
    if (server->waiting >= 0)
        close(server->waiting);
}

static BaseStatus request(const Server *server, const char *query, double seconds, uint64_t bytes, BaseJob *job,
                          BaseBuffer *answer, BaseError *err)
{
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u/sparql", server->port);
    const KgServiceRequest asked = {
        .endpoint = endpoint, .query = query, .length = strlen(query), .seconds = seconds, .bytes = bytes, .job = job};
    return kg_service_http(NULL, &asked, answer, err);
}

#define OK_ABC "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"

static void a_query_is_posted_as_a_form_and_the_body_comes_back(void **state)
{
    (void)state;
    static const char *const replies[] = {OK_ABC};
    Server server;
    BaseError err = {0};
    BaseBuffer answer = {0};
    start_server(&server, replies, 1);
    expect_ok(request(&server, "ASK { \"\xc3\xa9&+=%\" ?p-1 ~ }", 10, 100, NULL, &answer, &err), &err);
    stop_server(&server);
    assert_string_equal(answer.items, "abc");
    assert_non_null(strstr(server.request, "POST /sparql HTTP/1.1\r\n"));
    assert_non_null(strstr(server.request, "Accept: application/sparql-results+json\r\n"));
    assert_non_null(strstr(server.request, "Content-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(server.request, "\r\n\r\nquery=ASK%20%7B%20%22%C3%A9%26%2B%3D%25%22%20%3Fp-1%20~%20%7D"));
    base_buffer_free(&answer);
}

static void a_redirection_is_followed_with_the_query(void **state)
{
    (void)state;
    static const char *const replies[] = {
        "HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", OK_ABC};
    Server server;
    BaseError err = {0};
    BaseBuffer answer = {0};
    start_server(&server, replies, 2);
    expect_ok(request(&server, "ASK{}", 10, 100, NULL, &answer, &err), &err);
    stop_server(&server);
    assert_non_null(strstr(server.request, "POST /elsewhere HTTP/1.1\r\n"));
    assert_non_null(strstr(server.request, "query=ASK%7B%7D"));
    base_buffer_free(&answer);
}

static void a_redirection_to_a_file_is_not_followed(void **state)
{
    (void)state;
    static const char *const replies[] = {
        "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"};
    Server server;
    BaseError err = {0};
    BaseBuffer answer = {0};
    start_server(&server, replies, 1);
    assert_int_equal(request(&server, "ASK{}", 10, 1000000, NULL, &answer, &err), BASE_IO);
    stop_server(&server);
    expect_words(&err, "rotocol \"file\" not supported");
    assert_int_equal(answer.count, 0);
    base_buffer_free(&answer);
}

static void a_status_that_says_no_is_told_with_its_first_line(void **state)
{
    (void)state;
    static const char *const replies[] = {
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 16\r\nConnection: close\r\n\r\nno such\nthing at"};
    Server server;
    BaseError err = {0};
    BaseBuffer answer = {0};
    start_server(&server, replies, 1);
    assert_int_equal(request(&server, "ASK{}", 10, 100, NULL, &answer, &err), BASE_IO);
    stop_server(&server);
    assert_string_equal(err.message, "HTTP status 400: no such");
    base_buffer_free(&answer);
}

static void an_answer_that_is_too_long_is_cut_off(void **state)
{
    (void)state;
    static const char *const replies[] = {OK_ABC, OK_ABC};
    Server server;
    BaseError err = {0};
    BaseBuffer answer = {0};
    start_server(&server, replies, 2);
    expect_ok(request(&server, "ASK{}", 10, 3, NULL, &answer, &err), &err);
    assert_int_equal(request(&server, "ASK{}", 10, 2, NULL, &answer, &err), BASE_IO);
    stop_server(&server);
    expect_words(&err, "longer than 2 bytes");
    base_buffer_free(&answer);
}

static void no_answer_ends_the_wait_in_time(void **state)
{
    (void)state;
    static const char *const replies[] = {NULL};
    Server server;
    BaseError err = {0};
    BaseBuffer answer = {0};
    start_server(&server, replies, 1);
    assert_int_equal(request(&server, "ASK{}", 0.2, 100, NULL, &answer, &err), BASE_IO);
    stop_server(&server);
    expect_words(&err, "no answer within 0.2 seconds");
    base_buffer_free(&answer);
}

static void *cancel_soon(void *context)
{
    usleep(100000);
    atomic_store(&((BaseJob *)context)->cancelled, true);
    return NULL;
}

static void the_wait_can_be_cancelled(void **state)
{
    (void)state;
    static const char *const replies[] = {NULL};
    Server server;
    BaseError err = {0};
    BaseBuffer answer = {0};
    BaseJob job = {0};
    pthread_t other;
    start_server(&server, replies, 1);
    const double began = base_wall_seconds();
    assert_int_equal(pthread_create(&other, NULL, cancel_soon, &job), 0);
    assert_int_equal(request(&server, "ASK{}", 60, 100, &job, &answer, &err), BASE_CANCELLED);
    assert_true(base_wall_seconds() - began < 30);
    pthread_join(other, NULL);
    stop_server(&server);
    base_buffer_free(&answer);
}

static void other_schemes_and_dead_ports_are_refused(void **state)
{
    (void)state;
    static const char *const endpoints[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "kg:endpoint", "nonsense://", "",
                                            "http://127.0.0.1:1/"};
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        BaseError err = {0};
        BaseBuffer answer = {0};
        const KgServiceRequest asked = {
            .endpoint = endpoints[i], .query = "ASK{}", .length = 5, .seconds = 5, .bytes = 100};
        assert_int_equal(kg_service_http(NULL, &asked, &answer, &err), BASE_IO);
        assert_true(err.message[0] != '\0');
        base_buffer_free(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_posted_as_a_form_and_the_body_comes_back),
        cmocka_unit_test(a_redirection_is_followed_with_the_query),
        cmocka_unit_test(a_redirection_to_a_file_is_not_followed),
        cmocka_unit_test(a_status_that_says_no_is_told_with_its_first_line),
        cmocka_unit_test(an_answer_that_is_too_long_is_cut_off),
        cmocka_unit_test(no_answer_ends_the_wait_in_time),
        cmocka_unit_test(the_wait_can_be_cancelled),
        cmocka_unit_test(other_schemes_and_dead_ports_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
