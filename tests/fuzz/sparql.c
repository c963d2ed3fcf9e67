/* sparql.c - what must hold of any text: it is a query, an update or refused with its place; a query on a small
 * database ends, within its bounds, with an answer or with words; an update leaves a sound transaction or none. */
#include "sparql.h"

#include "kg/sparql/parse.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_SECONDS 0.2
#define MOST_BYTES (32u << 20)

static void demand(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static void demand_place(BaseStatus status, const BaseError *err)
{
    demand(status == BASE_OK || (status == BASE_BAD_INPUT && err->message[0] && err->line > 0 && err->column > 0),
           "a fault has its place");
}

void fuzz_sparql(const uint8_t *data, size_t size)
{
    const char *const text = (const char *)data;
    BaseArena arena = {0};
    BaseError err = {0};
    AstSelect *query;
    AstUpdate *update;
    demand_place(sparql_parse(text, size, "<query>", NULL, NULL, 0, &arena, &query, &err), &err);
    err = (BaseError){0};
    demand_place(sparql_parse_update(text, size, "<update>", NULL, NULL, 0, &arena, &update, &err), &err);
    base_arena_free(&arena);
}

/* ---- Answers ---- */

static struct {
    char folder[64];
    KgStore *store;
} database;

static void drop_database(void)
{
    kg_close(database.store);
    base_remove(database.folder, NULL);
}

static KgTxn *begin_write(void)
{
    KgTxn *txn;
    demand(kg_write_begin(database.store, &txn, NULL) == BASE_OK, "a write transaction");
    return txn;
}

static void make_database(void)
{
    static const char data[] =
        "INSERT DATA { :a :p :b, :c, 1, 2.5, 'x', 'y'@en . :b :p :c ; :q :a, true, '2020-01-01'^^xsd:date . :c :q :b ; "
        ":p 1e0, '01'^^xsd:integer . _:n :p :a ; :q 'a text that is too long for an id' . :p :q :r . "
        "GRAPH :g { :a :p :b . :d :p 3 } GRAPH :h { :b :q :a } }";
    snprintf(database.folder, sizeof database.folder, "%s/kgq-fuzz-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    demand(mkdtemp(database.folder) != NULL, "a folder");
    demand(kg_open(database.folder, &(KgOptions){.create = true}, &database.store, NULL) == BASE_OK, "a database");
    KgTxn *const txn = begin_write();
    demand(kg_update(txn, data, sizeof data - 1, NULL, NULL, NULL) == BASE_OK, "the data");
    demand(kg_commit(txn, NULL) == BASE_OK, "a commit");
    atexit(drop_database);
}

static void demand_words(BaseStatus status, const BaseError *err)
{
    demand(status == BASE_OK || status == BASE_END || err->message[0], "a failure has words");
    demand(status != BASE_BAD_CALL && status != BASE_IO, "a failure is the text's");
}

static void run_query(KgTxn *txn, const char *text, size_t size)
{
    static const KgResultFormat tables[] = {KG_RESULT_TABLE, KG_RESULT_TSV, KG_RESULT_CSV, KG_RESULT_JSON,
                                            KG_RESULT_XML};
    static const KgResultFormat graphs[] = {KG_RESULT_TURTLE, KG_RESULT_NTRIPLES};
    BaseError err = {0};
    KgQuery *query = NULL;
    const KgQueryOptions options = {.timeout = MOST_SECONDS, .memory = MOST_BYTES};
    BaseStatus status = kg_query_open(txn, text, size, &options, &query, &err);
    if (status == BASE_OK) {
        const KgQueryForm form = kg_query_form(query);
        const bool is_table = form == KG_SELECT || form == KG_ASK;
        const KgResultFormat format = is_table ? tables[size % 5] : graphs[size % 2];
        FILE *const out = fopen("/dev/null", "w");
        demand(out != NULL, "somewhere to write");
        status = kg_query_write(query, format, 80, out, NULL, &err);
        fclose(out);
    }
    demand_words(status, &err);
    kg_query_close(query);
}

/* Sets `job` cancelled when time is up: updates have no bound of their own. */
typedef struct Watch {
    BaseJob job;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_over;
} Watch;

static void *watch(void *context)
{
    Watch *const one = context;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(MOST_SECONDS * 1e9);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&one->lock);
    while (!one->is_over)
        if (pthread_cond_timedwait(&one->ended, &one->lock, &until) != 0)
            break;
    atomic_store(&one->job.cancelled, true);
    pthread_mutex_unlock(&one->lock);
    return NULL;
}

static void run_update(const char *text, size_t size)
{
    Watch one = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    pthread_t thread;
    BaseError err = {0};
    KgTxn *const txn = begin_write();
    demand(pthread_create(&thread, NULL, watch, &one) == 0, "a thread");
    const BaseStatus status = kg_update(txn, text, size, &(KgUpdateOptions){.job = &one.job}, NULL, &err);
    pthread_mutex_lock(&one.lock);
    one.is_over = true;
    pthread_cond_signal(&one.ended);
    pthread_mutex_unlock(&one.lock);
    pthread_join(thread, NULL);
    demand_words(status, &err);
    if (status == BASE_OK) /* the data is as it was for the next text */
        run_query(txn, "SELECT * { ?s ?p ?o }", 21);
    kg_abort(txn);
}

static bool reads_files(const AstUpdate *update)
{
    for (const AstOperation *one = update->first; one; one = one->next)
        if (one->kind == UPDATE_LOAD)
            return true;
    return false;
}

void fuzz_answer(const uint8_t *data, size_t size)
{
    const char *const text = (const char *)data;
    BaseArena arena = {0};
    AstUpdate *update;
    KgTxn *txn;
    if (!database.store)
        make_database();
    KgPrefix *prefixes;
    size_t prefix_count;
    demand(kg_read_begin(database.store, &txn, NULL) == BASE_OK, "a read transaction");
    demand(kg_prefixes(txn, &arena, &prefixes, &prefix_count, NULL) == BASE_OK, "the prefixes");
    if (sparql_parse_update(text, size, "<update>", NULL, prefixes, prefix_count, &arena, &update, NULL) != BASE_OK) {
        run_query(txn, text, size);
        kg_abort(txn);
    } else {
        kg_abort(txn);
        if (!reads_files(update)) /* of the machine, which are no input of this */
            run_update(text, size);
    }
    base_arena_free(&arena);
}
