/* Eight readers and a writer on one database: every transaction sees exactly what one commit left, whole and unchanged
 * however long it looks. KGQ_SNAPSHOT_SECONDS: how long (2).
 *
 * Batch k, one commit, makes the IRI batch_k and a literal, and leaves, with ITEMS items and terms that were there:
 *     asserted   batch_j has item_i       for the last LIVE batches j and all i
 *                batch_j label "..."      for the last LABELLED batches j
 *     inferred   batch_j sees item_i      for the batches j since the last multiple of CLEARED, and i < SEEN
 * so that a reader who counts the IRIs knows k, and from it all the rest. */
#include "fixture.h"

#include <pthread.h>

enum { READERS = 8, ITEMS = 50, LIVE = 7, LABELLED = 40, CLEARED = 5, SEEN = 20, LOOKS = 3, ORDERS = 4, AT_ONCE = 16 };

typedef struct World {
    KgStore *store;
    KgId has, label, sees, items[ITEMS];
    uint64_t iris; /* before the first batch */
    double end;
    atomic_bool stop;
    atomic_ulong snapshots, commits, newest; /* newest: batches that are surely committed */
    pthread_mutex_t lock;
    char trouble[512]; /* what went wrong first */
} World;

/* ---- What went wrong: cmocka's assertions stay on the main thread ---- */

__attribute__((format(printf, 2, 3))) static bool trouble(World *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&world->lock);
    if (!*world->trouble)
        vsnprintf(world->trouble, sizeof world->trouble, format, arguments);
    pthread_mutex_unlock(&world->lock);
    va_end(arguments);
    atomic_store(&world->stop, true);
    return false;
}

static bool is_fine(World *world, BaseStatus status, const BaseError *err)
{
    return status == BASE_OK || trouble(world, "status %d: %s", (int)status, err->message);
}

static bool is_over(World *world)
{
    return atomic_load(&world->stop) || base_wall_seconds() > world->end;
}

/* ---- Names ---- */

static KgTerm batch_term(uint64_t batch, char name[64])
{
    const int length = snprintf(name, 64, "kg:batch_%llu", (unsigned long long)batch);
    return (KgTerm){.kind = KG_IRI, .text = {name, (size_t)length}};
}

static KgTerm label_term(uint64_t batch, char name[64])
{
    const int length = snprintf(name, 64, "what batch %llu is called by people", (unsigned long long)batch);
    return (KgTerm){.kind = KG_LITERAL, .text = {name, (size_t)length}};
}

/* ---- The writer ---- */

/* Adds or deletes these, one by one or, adding, all at once. */
static BaseStatus put_all(KgTxn *txn, KgLayer layer, KgRecord *records, size_t count, bool at_once, BaseError *err)
{
    if (at_once)
        return kg_add_many(txn, layer, records, count, NULL, NULL, err);
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < count && status == BASE_OK; i++)
        status = kg_add(txn, layer, &records[i], NULL, err);
    return status;
}

static BaseStatus delete_batch(const World *world, KgTxn *txn, uint64_t batch, BaseError *err)
{
    char name[64];
    const KgTerm term = batch_term(batch, name);
    KgId s;
    BaseStatus status = kg_find(txn, &term, &s, err);
    for (int i = 0; i < ITEMS && status == BASE_OK; i++) {
        bool deleted;
        status = kg_delete(txn, KG_ASSERTED, (KgTriple){s, world->has, world->items[i]}, &deleted, err);
        if (status == BASE_OK && !deleted)
            status = base_fail(err, BASE_BAD_INPUT, "item %d of batch %llu was gone", i, (unsigned long long)batch);
    }
    return status;
}

static BaseStatus delete_label(const World *world, KgTxn *txn, uint64_t batch, BaseError *err)
{
    char name[64], text[64];
    const KgTerm term = batch_term(batch, name), label = label_term(batch, text);
    KgTriple triple = {.p = world->label};
    BaseStatus status = kg_find(txn, &term, &triple.s, err);
    if (status == BASE_OK)
        status = kg_find(txn, &label, &triple.o, err);
    return status == BASE_OK ? kg_delete(txn, KG_ASSERTED, triple, NULL, err) : status;
}

static BaseStatus write_batch(World *world, KgTxn *txn, uint64_t batch, BaseError *err)
{
    char name[64], text[64];
    const KgTerm term = batch_term(batch, name), label = label_term(batch, text);
    const bool at_once = batch % 3 != 0;
    KgId s, o = KG_ANY;
    KgRecord records[ITEMS];
    BaseStatus status = kg_intern(txn, &term, &s, err);
    if (status == BASE_OK)
        status = kg_intern(txn, &label, &o, err);
    if (status != BASE_OK)
        return status;
    for (int i = 0; i < ITEMS; i++)
        records[i] = (KgRecord){.triple = {s, world->has, world->items[(i * 7 + (int)(batch % ITEMS)) % ITEMS]}};
    status = put_all(txn, KG_ASSERTED, records, ITEMS, at_once, err);
    if (status == BASE_OK)
        status = kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {s, world->label, o}}, NULL, err);
    if (status == BASE_OK && batch >= LIVE)
        status = delete_batch(world, txn, batch - LIVE, err);
    if (status == BASE_OK && batch >= LABELLED)
        status = delete_label(world, txn, batch - LABELLED, err);
    if (status == BASE_OK && batch % CLEARED == 0)
        status = kg_clear_layer(txn, KG_INFERRED, err);
    for (int i = 0; i < SEEN; i++)
        records[i] = (KgRecord){.triple = {s, world->sees, world->items[i]}, .note = {.height = 1}};
    return status == BASE_OK ? put_all(txn, KG_INFERRED, records, SEEN, !at_once, err) : status;
}

static void *write_batches(void *context)
{
    World *const world = context;
    uint64_t batch = 0;
    for (uint64_t turn = 0; !is_over(world); turn++) {
        BaseError err = {0};
        KgTxn *txn = NULL;
        if (!is_fine(world, kg_write_begin(world->store, &txn, &err), &err))
            break;
        if (!is_fine(world, write_batch(world, txn, batch, &err), &err)) {
            kg_abort(txn);
            break;
        }
        if (turn % 11 == 10) { /* as if nothing had been */
            kg_abort(txn);
            continue;
        }
        if (!is_fine(world, kg_commit(txn, &err), &err))
            break;
        batch++;
        atomic_store(&world->newest, batch);
        atomic_fetch_add(&world->commits, 1);
    }
    return NULL;
}

/* ---- A reader ---- */

typedef struct Look {
    World *world;
    KgTxn *txn;
    uint64_t batches, live, labelled, inferred; /* how many there must be */
} Look;

static bool count_is(const Look *look, unsigned layers, KgTriple pattern, uint64_t wanted, const char *what)
{
    BaseError err = {0};
    uint64_t count = 0;
    if (!is_fine(look->world, kg_count(look->txn, layers, pattern, &count, &err), &err))
        return false;
    return count == wanted ||
           trouble(look->world, "%s: %llu of batch %llu, expected %llu", what, (unsigned long long)count,
                   (unsigned long long)look->batches, (unsigned long long)wanted);
}

static bool counts_fit(const Look *look)
{
    const World *const world = look->world;
    return kg_term_count(look->txn, KG_IRI) == world->iris + look->batches &&
           kg_term_count(look->txn, KG_LITERAL) == look->batches &&
           count_is(look, KG_IN(KG_ASSERTED), (KgTriple){.p = world->has}, look->live * ITEMS, "has") &&
           count_is(look, KG_IN(KG_ASSERTED), (KgTriple){.p = world->label}, look->labelled, "labels") &&
           count_is(look, KG_IN(KG_ASSERTED), (KgTriple){0}, look->live * ITEMS + look->labelled, "asserted") &&
           count_is(look, KG_IN(KG_INFERRED), (KgTriple){0}, look->inferred * SEEN, "inferred") &&
           count_is(look, KG_FACTS, (KgTriple){.o = world->items[0]}, look->live + look->inferred, "item 0") &&
           count_is(look, KG_IN(KG_ASSERTED), (KgTriple){.p = world->has, .o = world->items[ITEMS - 1]}, look->live,
                    "has the last item");
}

/* The key of `order` is above the last one's. */
static bool is_after(KgOrder order, KgTriple a, KgTriple b)
{
    const KgId places[][6] = {[KG_ORDER_SPO] = {a.s, b.s, a.p, b.p, a.o, b.o},
                              [KG_ORDER_POS] = {a.p, b.p, a.o, b.o, a.s, b.s},
                              [KG_ORDER_OSP] = {a.o, b.o, a.s, b.s, a.p, b.p},
                              [KG_ORDER_PSO] = {a.p, b.p, a.s, b.s, a.o, b.o}};
    const KgId *const place = places[order];
    for (int i = 0; i < 6; i += 2)
        if (place[i] != place[i + 1])
            return place[i] > place[i + 1];
    return false;
}

/* One at a time and several, in turns. */
static BaseStatus next_triples(KgScan *scan, uint64_t before, KgTriple triples[AT_ONCE], size_t *got, BaseError *err)
{
    *got = 1;
    return before % 3 == 0 ? kg_scan_next(scan, triples, err) : kg_scan_many(scan, triples, AT_ONCE, got, err);
}

/* All that a pattern matches, in order; *sum does not depend on it. */
static bool scan_is(const Look *look, unsigned layers, KgTriple pattern, KgOrder order, uint64_t wanted, uint64_t *sum)
{
    World *const world = look->world;
    BaseError err = {0};
    KgScan *scan = NULL;
    KgTriple triples[AT_ONCE], last = {0};
    size_t got = 0;
    uint64_t count = 0;
    *sum = 0;
    if (!is_fine(world, kg_scan_open(look->txn, layers, pattern, order, &scan, &err), &err))
        return false;
    BaseStatus status = BASE_OK;
    bool fits = true;
    while (fits && (status = next_triples(scan, count, triples, &got, &err)) == BASE_OK)
        for (size_t i = 0; i < got && fits; i++, count++) {
            const KgTriple triple = triples[i];
            if ((pattern.s && triple.s != pattern.s) || (pattern.p && triple.p != pattern.p) ||
                (pattern.o && triple.o != pattern.o))
                fits = trouble(world, "a scan gave what its pattern does not match");
            else if (order != KG_ORDER_BEST && count > 0 && !is_after(order, triple, last))
                fits = trouble(world, "order %d: triple %llu is not after the one before", (int)order,
                               (unsigned long long)count);
            last = triple;
            *sum += (triple.s * 0x9e3779b97f4a7c15u ^ triple.p * 0xc2b2ae3d27d4eb4fu ^ triple.o) * 0x165667b19e3779f9u;
        }
    kg_scan_close(scan);
    if (fits && status != BASE_END)
        fits = is_fine(world, status, &err);
    return fits && (count == wanted ||
                    trouble(world, "order %d: %llu matches of batch %llu, expected %llu", (int)order,
                            (unsigned long long)count, (unsigned long long)look->batches, (unsigned long long)wanted));
}

static bool scans_fit(const Look *look)
{
    static const KgOrder orders[ORDERS] = {KG_ORDER_SPO, KG_ORDER_POS, KG_ORDER_OSP, KG_ORDER_PSO};
    const World *const world = look->world;
    uint64_t sums[ORDERS], sum;
    for (size_t i = 0; i < ORDERS; i++) {
        const uint64_t asserted = look->live * ITEMS + look->labelled;
        if (!scan_is(look, KG_IN(KG_ASSERTED), (KgTriple){0}, orders[i], asserted, &sums[i]) ||
            !scan_is(look, KG_FACTS, (KgTriple){0}, orders[i], asserted + look->inferred * SEEN, &sum))
            return false;
    }
    for (size_t i = 1; i < ORDERS; i++)
        if (sums[0] != sums[i])
            return trouble(look->world, "the orders hold different triples at batch %llu",
                           (unsigned long long)look->batches);
    return scan_is(look, KG_IN(KG_ASSERTED), (KgTriple){.p = world->has, .o = world->items[3]}, KG_ORDER_BEST,
                   look->live, &sum) &&
           scan_is(look, KG_FACTS, (KgTriple){.o = world->items[4]}, KG_ORDER_BEST, look->live + look->inferred, &sum);
}

/* Whether a batch's term is found and says its name; its id. */
static bool batch_is_known(const Look *look, uint64_t batch, bool wanted, KgId *id)
{
    char name[64];
    const KgTerm term = batch_term(batch, name);
    BaseError err = {0};
    BaseBuffer text = {0};
    const BaseStatus status = kg_find(look->txn, &term, id, &err);
    if (status == BASE_NOT_FOUND || status == BASE_OK) {
        if ((status == BASE_OK) != wanted)
            return trouble(look->world, "%s is %s at batch %llu", name, wanted ? "not known" : "known too early",
                           (unsigned long long)look->batches);
    } else {
        return is_fine(look->world, status, &err);
    }
    if (!wanted)
        return true;
    bool fits = is_fine(look->world, kg_write_term(look->txn, *id, KG_SYNTAX_NTRIPLES, &text, &err), &err);
    fits =
        fits && (kg_number(*id) < kg_term_count(look->txn, KG_IRI) || trouble(look->world, "%s is past the end", name));
    const size_t length = strlen(name);
    fits = fits &&
           ((text.count >= length + 2 && memcmp(text.items + 1, name, length) == 0 && text.items[length + 1] == '>') ||
            trouble(look->world, "the text of %s is another", name));
    base_buffer_free(&text);
    return fits;
}

static bool triples_fit(const Look *look, BaseRandom *random)
{
    World *const world = look->world;
    BaseError err = {0};
    KgId next, s;
    if (!batch_is_known(look, look->batches, false, &next)) /* the writer may have it already */
        return false;
    if (look->batches == 0)
        return true;
    const uint64_t batch = base_random_below(random, look->batches);
    const bool is_live = batch + LIVE >= look->batches;
    if (!batch_is_known(look, batch, true, &s))
        return false;
    const KgTriple triple = {s, world->has, world->items[base_random_below(random, ITEMS)]};
    const BaseStatus status = kg_get(look->txn, KG_ASSERTED, triple, NULL, &err);
    if (status != (is_live ? BASE_OK : BASE_NOT_FOUND))
        return trouble(world, "batch %llu of %llu: kg_get says %d", (unsigned long long)batch,
                       (unsigned long long)look->batches, (int)status);
    uint64_t sum;
    return count_is(look, KG_IN(KG_ASSERTED), (KgTriple){.s = s, .p = world->has}, is_live ? ITEMS : 0, "one batch") &&
           scan_is(look, KG_IN(KG_ASSERTED), (KgTriple){.s = s, .p = world->has}, KG_ORDER_BEST, is_live ? ITEMS : 0,
                   &sum);
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void *read_snapshots(void *context)
{
    World *const world = context;
    BaseRandom random;
    base_random_seed(&random, (uint64_t)pthread_self());
    while (!is_over(world)) {
        BaseError err = {0};
        Look look = {.world = world};
        const uint64_t newest = atomic_load(&world->newest);
        if (!is_fine(world, kg_read_begin(world->store, &look.txn, &err), &err))
            break;
        look.batches = kg_term_count(look.txn, KG_IRI) - world->iris;
        look.live = at_most(look.batches, LIVE);
        look.labelled = at_most(look.batches, LABELLED);
        look.inferred = look.batches == 0 ? 0 : (look.batches - 1) % CLEARED + 1;
        bool fits = look.batches >= newest || trouble(world, "a commit that had returned was not seen");
        for (int i = 0; i < LOOKS && fits; i++) /* while the writer goes on */
            fits = (counts_fit(&look) || trouble(world, "terms changed within a snapshot")) && scans_fit(&look) &&
                   triples_fit(&look, &random);
        kg_abort(look.txn);
        if (!fits)
            break;
        atomic_fetch_add(&world->snapshots, 1);
    }
    return NULL;
}

/* ---- Both ---- */

static void prepare(World *world, KgStore *store)
{
    *world = (World){.store = store};
    pthread_mutex_init(&world->lock, NULL);
    KgTxn *const txn = begin_write(store);
    world->has = intern_field(txn, "has");
    world->label = intern_field(txn, "label");
    world->sees = intern_field(txn, "sees");
    for (int i = 0; i < ITEMS; i++) {
        char name[16];
        snprintf(name, sizeof name, "item_%d", i);
        world->items[i] = intern_field(txn, name);
    }
    commit(txn);
    KgTxn *const look = begin_read(store);
    world->iris = kg_term_count(look, KG_IRI);
    kg_abort(look);
}

static void readers_see_one_commit_while_a_writer_works(void **state)
{
    Fixture *const f = *state;
    World world;
    prepare(&world, f->store);
    const char *const seconds = getenv("KGQ_SNAPSHOT_SECONDS");
    world.end = base_wall_seconds() + (seconds ? atof(seconds) : 2);
    pthread_t threads[READERS + 1];
    for (int i = 0; i <= READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i == 0 ? write_batches : read_snapshots, &world), 0);
    for (int i = 0; i <= READERS; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&world.lock);
    print_message("%lu commits, %lu snapshots\n", atomic_load(&world.commits), atomic_load(&world.snapshots));
    if (*world.trouble)
        fail_msg("%s", world.trouble);
    assert_true(atomic_load(&world.commits) > 0);
    assert_true(atomic_load(&world.snapshots) > 0);
    expect_sound(f->store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_see_one_commit_while_a_writer_works, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
