/* service_operator.c - SERVICE: each row is joined with what an endpoint answers. Distinct rows are sent, many with one
 * request, and their answers kept, so that nothing is asked twice. Rows are asked for when they are wanted: a LIMIT
 * above is not paid for with requests below. */
#include "kg/sparql/check.h"
#include "kg/sparql/extensions.h"
#include "kg/sparql/service.h"

#include <stdlib.h>
#include <time.h>

#define ROWS_AT_ONCE 100
#define SECONDS_TO_WAIT 60
#define LEAST_SECONDS 0.01
#define BYTES_OF_ANSWER ((uint64_t)64 << 20)
#define MOST_CELLS_KEPT 4000000 /* of answers; the batch at hand keeps its own anyway */

#define NO_ANSWER UINT32_MAX

/* The answers to one key: a chain, in the order they came. */
typedef struct Question {
    bool is_asked;
    uint32_t first, last;
} Question;

typedef struct Service {
    Operator base;
    Place endpoint;
    const ServiceSpec *spec;
    Batch in;
    size_t row;
    bool is_open;    /* the row's answers are being given out */
    uint32_t answer; /* the next of them */
    KgId *key;       /* room for one */
    RowSet keys;     /* endpoint, then the values of the spec's variables */
    struct {
        Question *items;
        size_t count, capacity;
    } questions; /* by number of the key */
    struct {
        KgId *items;
        size_t count, capacity;
    } cells; /* of answers, spec->count each */
    struct {
        uint32_t *items;
        size_t count, capacity;
    } next; /* by answer */
    /* of one request: */
    KgId *sent;
    size_t *asked; /* numbers of the keys */
    size_t sent_count;
} Service;

/* ---- What is kept ---- */

static void forget(Service *service)
{
    sparql_row_set_clear(&service->keys);
    service->questions.count = service->cells.count = service->next.count = 0;
}

static size_t bytes_held(const Service *service)
{
    return service->keys.capacity * service->keys.width * sizeof(KgId) +
           service->keys.table_size * sizeof *service->keys.table +
           service->questions.capacity * sizeof *service->questions.items +
           service->cells.capacity * sizeof *service->cells.items +
           service->next.capacity * sizeof *service->next.items;
}

static bool is_too_much(const Service *service)
{
    return service->cells.count + service->keys.count * service->keys.width > MOST_CELLS_KEPT;
}

/* Notes an answer, its cells being the last ones. */
static BaseStatus add_answer(Service *service, size_t number, BaseError *err)
{
    Question *const question = &service->questions.items[number];
    const size_t answer = service->next.count;
    if (answer >= NO_ANSWER || !BASE_PUSH(&service->next, NO_ANSWER))
        return sparql_no_memory(err);
    if (question->first == NO_ANSWER)
        question->first = (uint32_t)answer;
    else
        service->next.items[question->last] = (uint32_t)answer;
    question->last = (uint32_t)answer;
    return BASE_OK;
}

/* The number of the row's key. */
static BaseStatus put_key(Service *service, const KgId *row, size_t *number, BaseError *err)
{
    const ServiceSpec *const spec = service->spec;
    const Place endpoint = service->endpoint;
    bool is_new;
    service->key[0] = endpoint.variable == AST_NO_VARIABLE ? endpoint.id : row[endpoint.variable];
    for (size_t i = 0; i < spec->count; i++)
        service->key[1 + i] = row[spec->variables[i]];
    *number = sparql_row_set_put(&service->keys, service->key, &is_new);
    const Question fresh = {.first = NO_ANSWER, .last = NO_ANSWER};
    if (*number == NO_ROW || (is_new && !BASE_PUSH(&service->questions, fresh)))
        return sparql_no_memory(err);
    return BASE_OK;
}

/* ---- Asking ---- */

static BaseStatus fail_service(const Service *service, const BaseError *fault, KgText endpoint, BaseError *err)
{
    base_fail_at(err, fault->status, service->spec->at, "SERVICE <%.*s>: %s",
                 (int)(endpoint.length < 120 ? endpoint.length : 120), endpoint.bytes, fault->message);
    if (fault->hint[0])
        base_hint(err, "%s", fault->hint);
    return fault->status;
}

/* *is_theirs: a failure is not this database's. */
static BaseStatus get_endpoint(Service *service, KgId id, BaseArena *arena, KgTerm *out, bool *is_theirs,
                               BaseError *fault)
{
    *out = (KgTerm){.text = {"", 0}};
    *is_theirs = !id;
    if (!id)
        return base_fail(fault, BASE_BAD_INPUT, "the variable for the endpoint is not bound");
    const BaseStatus status = sparql_terms_get(&service->base.run->terms, id, arena, out, fault);
    *is_theirs = status == BASE_OK && out->kind != KG_IRI;
    return *is_theirs ? base_fail(fault, BASE_BAD_INPUT, "the endpoint is not an IRI") : status;
}

/* Not longer than the query itself may take. */
static double seconds_to_wait(const Run *run)
{
    const double most = run->services->seconds > 0 ? run->services->seconds : SECONDS_TO_WAIT;
    if (run->deadline == 0)
        return most;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double left = (double)run->deadline / 1e6 - (double)now.tv_sec - (double)now.tv_nsec / 1e9;
    return left > most ? most : left > LEAST_SECONDS ? left : LEAST_SECONDS;
}

static BaseStatus call(Service *service, const char *endpoint, const BaseBuffer *query, BaseBuffer *answer,
                       BaseError *fault)
{
    Run *const run = service->base.run;
    const KgServices *const services = run->services;
    const KgServiceRequest request = {.endpoint = endpoint,
                                      .query = query->items,
                                      .length = query->count,
                                      .seconds = seconds_to_wait(run),
                                      .bytes = services->bytes ? services->bytes : BYTES_OF_ANSWER,
                                      .job = run->job};
    return (services->call ? services->call : kg_service_http)(services->context, &request, answer, fault);
}

/* Hands the rows that came back to the keys they belong to. */
static BaseStatus keep_rows(Service *service, const ServiceRows *rows, BaseError *err)
{
    const size_t count = service->spec->count;
    for (size_t at = 0; at < rows->count; at += 1 + count) {
        if (!BASE_RESERVE(&service->cells, service->cells.count + count))
            return sparql_no_memory(err);
        if (count)
            memcpy(service->cells.items + service->cells.count, rows->items + at + 1, count * sizeof *rows->items);
        service->cells.count += count;
        const BaseStatus status = add_answer(service, service->asked[rows->items[at]], err);
        if (status != BASE_OK)
            return status;
    }
    return BASE_OK;
}

/* *is_theirs: a failure is the endpoint's, or of the way there. */
static BaseStatus ask_endpoint(Service *service, const char *endpoint, bool *is_theirs, BaseError *fault)
{
    Run *const run = service->base.run;
    BaseBuffer query = {0}, answer = {0};
    ServiceRows rows = {0};
    BaseStatus status =
        sparql_write_service_query(run, service->spec, service->sent, service->sent_count, &query, fault);
    if (status == BASE_OK) {
        status = call(service, endpoint, &query, &answer, fault);
        *is_theirs = status != BASE_CANCELLED && status != BASE_LIMIT && status != BASE_NO_MEMORY;
    }
    if (status == BASE_OK) {
        status = sparql_read_service_answer(run, service->spec, &answer, service->sent_count, &rows, fault);
        *is_theirs = status == BASE_BAD_INPUT;
    }
    if (status == BASE_OK)
        status = keep_rows(service, &rows, fault);
    base_buffer_free(&query);
    base_buffer_free(&answer);
    free(rows.items);
    return status;
}

/* SILENT, and it failed: each key has the solution that binds nothing. */
static BaseStatus answer_with_nothing(Service *service, BaseError *err)
{
    const size_t count = service->spec->count;
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < service->sent_count && status == BASE_OK; i++) {
        if (!BASE_RESERVE(&service->cells, service->cells.count + count))
            return sparql_no_memory(err);
        if (count)
            memset(service->cells.items + service->cells.count, 0, count * sizeof *service->cells.items);
        service->cells.count += count;
        status = add_answer(service, service->asked[i], err);
    }
    return status;
}

static BaseStatus ask(Service *service, KgId endpoint, BaseError *err)
{
    BaseArena arena = {0};
    KgTerm term;
    BaseError fault = {0};
    bool is_theirs;
    BaseStatus status = get_endpoint(service, endpoint, &arena, &term, &is_theirs, &fault);
    if (status == BASE_OK) {
        const char *const iri = base_arena_copy(&arena, term.text.bytes, term.text.length);
        status = iri ? ask_endpoint(service, iri, &is_theirs, &fault) : sparql_no_memory(&fault);
    }
    if (status != BASE_OK && is_theirs && service->spec->ast->silent)
        status = answer_with_nothing(service, err);
    else if (status != BASE_OK)
        status = fail_service(service, &fault, term.text, err);
    base_arena_free(&arena);
    for (size_t i = 0; i < service->sent_count; i++)
        service->questions.items[service->asked[i]].is_asked = status == BASE_OK;
    return status == BASE_OK ? sparql_hold(&service->base, bytes_held(service), err) : status;
}

static void send_key(Service *service, size_t number)
{
    const size_t count = service->spec->count;
    const KgId *const key = service->keys.cells + number * service->keys.width;
    if (count)
        memcpy(service->sent + service->sent_count * count, key + 1, count * sizeof *key);
    service->asked[service->sent_count++] = number;
    service->questions.items[number].is_asked = true; /* so that it is not sent twice */
}

static size_t rows_at_once(const Run *run)
{
    return run->services->rows ? run->services->rows : ROWS_AT_ONCE;
}

/* Asks for the current row, and for as many behind it as go along. */
static BaseStatus ask_ahead(Service *service, BaseError *err)
{
    const size_t most = rows_at_once(service->base.run);
    KgId endpoint = 0;
    service->sent_count = 0;
    for (size_t row = service->row; row < service->in.count && service->sent_count < most; row++) {
        size_t number;
        const BaseStatus status = put_key(service, batch_row(&service->in, row), &number, err);
        if (status != BASE_OK)
            return status;
        if (row == service->row)
            endpoint = service->key[0];
        if (service->key[0] == endpoint && !service->questions.items[number].is_asked)
            send_key(service, number);
    }
    return ask(service, endpoint, err);
}

/* ---- Joining ---- */

/* BASE_END: it would have to be asked for, and there are rows to give out before. */
static BaseStatus open_row(Service *service, bool may_wait, BaseError *err)
{
    size_t number;
    BaseStatus status = put_key(service, batch_row(&service->in, service->row), &number, err);
    if (status == BASE_OK && !service->questions.items[number].is_asked)
        status = may_wait ? ask_ahead(service, err) : BASE_END;
    if (status != BASE_OK)
        return status;
    service->answer = service->questions.items[number].first;
    service->is_open = true;
    return BASE_OK;
}

/* What was sent holds; what was not, a blank node of ours, is none of theirs. */
static bool merge(const Service *service, const KgId *answer, KgId *row)
{
    for (size_t i = 0; i < service->spec->count; i++) {
        KgId *const cell = &row[service->spec->variables[i]];
        if (*cell && answer[i] && sparql_term_kind(*cell) == KG_BLANK)
            return false;
        if (!*cell)
            *cell = answer[i];
    }
    return true;
}

static void drain_row(Service *service, Batch *out)
{
    const KgId *const row = batch_row(&service->in, service->row);
    while (service->answer != NO_ANSWER && !batch_is_full(out)) {
        const KgId *const answer = service->cells.items + service->answer * service->spec->count;
        if (!merge(service, answer, batch_add(out, row)))
            out->count--;
        service->answer = service->next.items[service->answer];
    }
    if (service->answer == NO_ANSWER) {
        service->is_open = false;
        service->row++;
    }
}

static BaseStatus service_next(Operator *op, Batch *out, BaseError *err)
{
    Service *const service = (Service *)op;
    while (!batch_is_full(out)) {
        BaseStatus status = BASE_OK;
        if (service->row >= service->in.count && out->count == 0) {
            if (is_too_much(service))
                forget(service);
            service->row = 0;
            status = sparql_next(op->input, &service->in, err);
            if (status != BASE_OK) {
                service->in.count = 0;
                return status;
            }
        }
        if (service->row >= service->in.count)
            break;
        if (!service->is_open)
            status = open_row(service, out->count == 0, err);
        if (status == BASE_END)
            break;
        if (status != BASE_OK)
            return status;
        drain_row(service, out);
    }
    return BASE_OK;
}

static void service_rewind(Operator *op)
{
    Service *const service = (Service *)op;
    service->row = service->in.count = 0;
    service->is_open = false;
}

static void service_close(Operator *op)
{
    Service *const service = (Service *)op;
    sparql_row_set_free(&service->keys);
    free(service->questions.items);
    free(service->cells.items);
    free(service->next.items);
}

Operator *sparql_new_service(Builder *builder, Operator *input, Place endpoint, const ServiceSpec *spec)
{
    static const OperatorType type = {
        .name = "service", .next = service_next, .rewind = service_rewind, .close = service_close};
    Service *const service = sparql_new_operator(builder, &type, sizeof *service, input);
    if (!service)
        return NULL;
    sparql_new_batch(builder, &service->in);
    const size_t most = rows_at_once(builder->run);
    service->key = sparql_build_alloc(builder, 1 + spec->count, sizeof *service->key);
    service->sent = sparql_build_alloc(builder, most * spec->count, sizeof *service->sent);
    service->asked = sparql_build_alloc(builder, most, sizeof *service->asked);
    if (!service->key || !service->sent || !service->asked)
        return NULL;
    service->endpoint = endpoint;
    service->spec = spec;
    service->keys.width = 1 + spec->count;
    return &service->base;
}

/* ---- From the syntax tree ---- */

static BaseStatus refuse_service(const Run *run, AstPlace place, BaseError *err)
{
    const BaseSource at = base_source_at(run->name, run->text, run->length, place.offset, place.width);
    base_fail_at(err, BASE_BAD_INPUT, at, "SERVICE is not allowed here: it would reach out to another machine");
    base_hint(err, "whoever runs the query can allow it (kgq serve: --allow-service)");
    return BASE_BAD_INPUT;
}

/* "kgq_row", with as many _ as it takes to be nobody's. */
static const char *unused_name(const Run *run, const AstSelect *select)
{
    BaseBuffer name = {0};
    bool is_used = base_buffer_format(&name, "kgq_row");
    for (bool is_new = is_used; is_new;) {
        is_new = false;
        for (size_t i = 0; i < select->variables.count && !is_new; i++)
            is_new = select->variables.items[i].name && strcmp(select->variables.items[i].name, name.items) == 0;
        if (is_new)
            is_used = is_new = base_buffer_add(&name, "_", 1);
    }
    const char *const copy = is_used ? base_arena_copy(run->arena, name.items, name.count) : NULL;
    base_buffer_free(&name);
    return copy;
}

/* The variables that the group makes visible and that have a name. */
static bool list_variables(Run *run, const AstSelect *select, const AstPattern *pattern, ServiceSpec *spec)
{
    const size_t count = select->variables.count;
    bool *const visible = base_arena_alloc(run->arena, count + 1, sizeof *visible);
    uint32_t *const variables = base_arena_alloc(run->arena, count + 1, sizeof *variables);
    const char **const names = base_arena_alloc(run->arena, count + 1, sizeof *names);
    if (!visible || !variables || !names)
        return false;
    sparql_mark_visible(pattern->children, visible);
    for (uint32_t i = 0; i < count; i++)
        if (visible[i] && select->variables.items[i].name) {
            variables[spec->count] = i;
            names[spec->count++] = select->variables.items[i].name;
        }
    spec->variables = variables;
    spec->names = names;
    return true;
}

BaseStatus sparql_specify_service(Run *run, const AstSelect *select, const AstPattern *pattern, const ServiceSpec **out,
                                  BaseError *err)
{
    *out = NULL;
    if (!run->services)
        return refuse_service(run, (AstPlace){pattern->place.offset, 7}, err);
    ServiceSpec *const spec = base_arena_alloc(run->arena, 1, sizeof *spec);
    if (!spec || !list_variables(run, select, pattern, spec) ||
        !sparql_keep_place(run, pattern->target.place, &spec->at) || !(spec->number = unused_name(run, select)))
        return sparql_no_memory(err);
    spec->ast = pattern->service;
    *out = spec;
    return BASE_OK;
}
