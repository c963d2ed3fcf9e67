/* A long random history of a database with two graphs: single changes, many at once, layers cleared, commits, aborts,
 * loads that fail, folds and reopening; after each step, what scans, counts and lookups say against sets in memory. */
#include "cases.h"
#include "fixture.h"
#include "kg/store.h"

enum { SUBJECTS = 12, PREDICATES = 4, OBJECTS = 40, CELLS = SUBJECTS * PREDICATES * OBJECTS, GRAPHS = 2 };

typedef struct Sets {
    bool in[GRAPHS][KG_LAYERS][CELLS];
    KgNote notes[GRAPHS][KG_LAYERS][CELLS];
} Sets;

typedef struct History {
    Sets now, committed;
    KgId s[SUBJECTS], p[PREDICATES], o[OBJECTS], graphs[GRAPHS];
    KgStore *store;
    const char *path;
    KgLimits limits;
    KgTxn *txn;
    BaseRandom random;
} History;

static KgTriple triple_of(const History *h, size_t cell)
{
    return (KgTriple){h->s[cell / (PREDICATES * OBJECTS)], h->p[cell / OBJECTS % PREDICATES], h->o[cell % OBJECTS]};
}

static unsigned layers_of(const History *h, int graph, size_t cell)
{
    unsigned layers = 0;
    for (int layer = 0; layer < KG_LAYERS; layer++)
        layers |= h->now.in[graph][layer][cell] ? KG_IN(layer) : 0;
    return layers;
}

static void make_terms(History *h)
{
    char name[80];
    static const char *const forms[] = {"o%d",
                                        "\"%d\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                                        "\"a text of the dictionary %d\"",
                                        "_:b%d",
                                        "\"%d\"",
                                        "\"20%02d-01-02\"^^<http://www.w3.org/2001/XMLSchema#date>",
                                        "s%d",
                                        "\"%d\"@en"};
    h->txn = begin_write(h->store);
    for (int i = 0; i < OBJECTS; i++) {
        snprintf(name, sizeof name, forms[i % 8], i / 8);
        h->o[i] = intern_field(h->txn, name);
    }
    for (int i = 0; i < SUBJECTS; i++) {
        snprintf(name, sizeof name, i % 4 ? "s%d" : "_:b%d", i);
        h->s[i] = intern_field(h->txn, name);
    }
    for (int i = 0; i < PREDICATES; i++) {
        snprintf(name, sizeof name, i ? "p%d" : "s1", i);
        h->p[i] = intern_field(h->txn, name);
    }
    h->graphs[1] = intern_field(h->txn, "_:graph");
    commit(h->txn);
}

/* ---- Scans ---- */

typedef struct Match {
    KgTriple triple;
    uint64_t keys[3];
    unsigned layers;
} Match;

static int compare_matches(const void *left, const void *right)
{
    const Match *const a = left, *const b = right;
    for (int i = 0; i < 3; i++)
        if (a->keys[i] != b->keys[i])
            return a->keys[i] < b->keys[i] ? -1 : 1;
    return 0;
}

static size_t matches_of(const History *h, int graph, unsigned layers, KgTriple pattern, KgOrder order, Match *out)
{
    static const int places[][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {1, 0, 2}};
    size_t count = 0;
    for (size_t cell = 0; cell < CELLS; cell++) {
        const KgTriple triple = triple_of(h, cell);
        const unsigned in = layers_of(h, graph, cell) & layers;
        const KgId ids[3] = {triple.s, triple.p, triple.o};
        if (!in || (pattern.s && pattern.s != triple.s) || (pattern.p && pattern.p != triple.p) ||
            (pattern.o && pattern.o != triple.o))
            continue;
        Match *const match = &out[count++];
        *match = (Match){.triple = triple, .layers = in};
        for (int i = 0; i < 3; i++)
            match->keys[i] = ids[places[order == KG_ORDER_BEST ? 0 : order - KG_ORDER_SPO][i]];
    }
    qsort(out, count, sizeof *out, compare_matches);
    return count;
}

/* In pieces of an odd size, one at a time in between; KG_ORDER_BEST: the same set, in whatever order. */
static void expect_scan(History *h, int graph, unsigned layers, KgTriple pattern, KgOrder order)
{
    static const size_t pieces[] = {1, 7, 127, 128, 129, 4096};
    static Match expected[CELLS], found[CELLS];
    static KgTriple many[4096];
    BaseError err = {0};
    KgScan *scan;
    uint64_t count;
    const size_t wanted = matches_of(h, graph, layers, pattern, order, expected);
    const size_t way = below(&h->random, 3); /* singly, many at once, mixed */
    size_t seen = 0, got;
    BaseStatus status = BASE_OK;
    expect_ok(kg_scan_open_in(h->txn, h->graphs[graph], layers, pattern, order, &scan, &err), &err);
    while (status == BASE_OK) {
        got = 0;
        const bool singly = way == 0 || (way == 2 && one_in(&h->random, 2));
        const size_t piece = pieces[below(&h->random, 6)];
        if (singly)
            got = (status = kg_scan_next(scan, many, &err)) == BASE_OK;
        else
            status = kg_scan_many(scan, many, piece, &got, &err);
        expect_claim((status == BASE_OK) == (got > 0) && seen + got <= wanted);
        expect_claim(singly || got <= piece);
        for (size_t i = 0; i < got; i++) {
            found[seen] = (Match){.triple = many[i], .keys = {many[i].s, many[i].p, many[i].o}};
            found[seen++].layers = singly ? kg_scan_layers(scan) : 0;
        }
    }
    expect_claim(status == BASE_END && seen == wanted);
    kg_scan_close(scan);
    if (order == KG_ORDER_BEST)
        qsort(found, seen, sizeof *found, compare_matches);
    for (size_t i = 0; i < seen; i++) {
        expect_claim(memcmp(&found[i].triple, &expected[i].triple, sizeof(KgTriple)) == 0);
        expect_claim(!found[i].layers || found[i].layers == expected[i].layers);
    }
    expect_ok(kg_count_in(h->txn, h->graphs[graph], layers, pattern, &count, &err), &err);
    expect_claim(count == wanted);
}

static void expect_lookups(const History *h, int graph)
{
    BaseError err = {0};
    for (size_t cell = 0; cell < CELLS; cell++) {
        bool holds;
        KgNote note;
        const unsigned in = layers_of(h, graph, cell);
        const KgLayer layer = (KgLayer)(cell % KG_LAYERS);
        const BaseStatus status = kg_get_in(h->txn, h->graphs[graph], layer, triple_of(h, cell), &note, &err);
        expect_claim(status == (in & KG_IN(layer) ? BASE_OK : BASE_NOT_FOUND));
        expect_claim(status || memcmp(&note, &h->now.notes[graph][layer][cell], sizeof note) == 0);
        const unsigned asked = 1 + (unsigned)(cell * 7 % KG_ALL_LAYERS);
        expect_ok(kg_holds_in(h->txn, h->graphs[graph], asked, triple_of(h, cell), &holds, &err), &err);
        expect_claim(holds == ((in & asked) != 0));
    }
}

static void expect_predicates_and_graphs(const History *h)
{
    BaseError err = {0};
    KgPredicateCount *rows;
    KgId *graphs;
    size_t count, graph_count, predicates = 0;
    bool is_there = false;
    expect_ok(kg_predicate_counts(h->txn, &rows, &count, &err), &err);
    for (size_t p = 0; p < PREDICATES; p++) {
        uint64_t sums[KG_LAYERS] = {0}, all = 0;
        for (size_t cell = 0; cell < CELLS; cell++)
            for (int layer = 0; cell / OBJECTS % PREDICATES == p && layer < KG_LAYERS; layer++)
                sums[layer] += h->now.in[0][layer][cell];
        for (int layer = 0; layer < KG_LAYERS; layer++)
            all += sums[layer];
        predicates += all > 0;
        for (size_t i = 0; i < count; i++)
            if (rows[i].predicate == h->p[p]) {
                expect_claim(rows[i].asserted == sums[0] && rows[i].inferred == sums[1]);
                expect_claim(rows[i].predicted == sums[2] && rows[i].observed == sums[3] && all > 0);
            }
    }
    expect_claim(count == predicates);
    free(rows);
    for (size_t cell = 0; cell < CELLS; cell++)
        is_there = is_there || layers_of(h, 1, cell);
    expect_ok(kg_graphs(h->txn, &graphs, &graph_count, &err), &err);
    expect_claim(graph_count == is_there && (!is_there || graphs[0] == h->graphs[1]));
    free(graphs);
}

static void expect_sets(History *h)
{
    for (int graph = 0; graph < GRAPHS; graph++) {
        for (unsigned bound = 0; bound < 8; bound++)
            for (int order = KG_ORDER_BEST; order <= KG_ORDER_PSO; order++) {
                const KgTriple any = triple_of(h, below(&h->random, CELLS));
                const KgTriple pattern = {bound & 1 ? any.s : KG_ANY, bound & 2 ? any.p : KG_ANY,
                                          bound & 4 ? any.o : KG_ANY};
                const unsigned layers = one_in(&h->random, 2) ? KG_IN(below(&h->random, KG_LAYERS))
                                                              : 1 + (unsigned)below(&h->random, KG_ALL_LAYERS);
                expect_scan(h, graph, layers, pattern, (KgOrder)order);
            }
        expect_lookups(h, graph);
    }
    expect_predicates_and_graphs(h);
}

/* ---- Steps ---- */

static KgNote random_note(BaseRandom *random)
{
    return (KgNote){0, (uint32_t)below(random, 9), (uint32_t)below(random, 9), (float)base_random_unit(random)};
}

static void add_or_delete(History *h, int graph, KgLayer layer)
{
    BaseError err = {0};
    const size_t cell = below(&h->random, CELLS);
    bool *const in = &h->now.in[graph][layer][cell], done;
    const KgRecord record = {triple_of(h, cell), random_note(&h->random)};
    if (one_in(&h->random, 2)) {
        expect_ok(kg_add_in(h->txn, h->graphs[graph], layer, &record, &done, &err), &err);
        expect_claim(done == !*in);
        if (!*in)
            h->now.notes[graph][layer][cell] = record.note;
        *in = true;
    } else {
        expect_ok(kg_delete_in(h->txn, h->graphs[graph], layer, record.triple, &done, &err), &err);
        expect_claim(done == *in);
        *in = false;
    }
}

static void add_many(History *h, int graph, KgLayer layer, BaseJob *job)
{
    enum { MOST = 3000 };
    BaseError err = {0};
    static KgRecord records[MOST];
    const size_t count = below(&h->random, one_in(&h->random, 2) ? MOST : 60);
    size_t added = 0, expected = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t cell = below(&h->random, CELLS);
        records[i] = (KgRecord){triple_of(h, cell), random_note(&h->random)};
        if (h->now.in[graph][layer][cell])
            continue;
        h->now.in[graph][layer][cell] = true;
        h->now.notes[graph][layer][cell] = records[i].note;
        expected++;
    }
    const BaseStatus status = kg_add_many_in(h->txn, h->graphs[graph], layer, records, count, &added, job, &err);
    expect_claim(status == (job && count ? BASE_CANCELLED : BASE_OK));
    expect_claim(added == (job ? 0 : expected));
}

static void delete_all(History *h, int graph, KgLayer layer)
{
    BaseError err = {0};
    for (size_t cell = 0; cell < CELLS; cell++)
        if (h->now.in[graph][layer][cell])
            expect_ok(kg_delete_in(h->txn, h->graphs[graph], layer, triple_of(h, cell), NULL, &err), &err);
    memset(h->now.in[graph][layer], 0, sizeof h->now.in[graph][layer]);
}

static void begin(History *h)
{
    h->store->limits = h->limits;
    h->txn = begin_write(h->store);
}

/* Ends the transaction in one way or another, and begins the next. */
static void end(History *h, bool good)
{
    if (good && !one_in(&h->random, 4)) {
        commit(h->txn);
        memcpy(&h->committed, &h->now, sizeof h->now);
    } else {
        kg_abort(h->txn);
        memcpy(&h->now, &h->committed, sizeof h->now);
    }
    if (one_in(&h->random, 3)) {
        kg_close(h->store);
        h->store = open_store(h->path, (KgOptions){0});
    }
    h->txn = begin_read(h->store);
    expect_sets(h);
    kg_abort(h->txn);
    expect_sound(h->store);
    begin(h);
}

static void step(History *h)
{
    BaseError err = {0};
    const int graph = one_in(&h->random, 3);
    const KgLayer layer = (KgLayer)below(&h->random, KG_LAYERS);
    BaseJob job = {0};
    switch (below(&h->random, 12)) {
    case 0:
        expect_ok(kg_clear_layer_in(h->txn, h->graphs[graph], layer, &err), &err);
        memset(h->now.in[graph][layer], 0, sizeof h->now.in[graph][layer]);
        break;
    case 1:
        delete_all(h, graph, layer);
        break;
    case 2:
    case 3:
    case 4:
        add_many(h, graph, layer, NULL);
        break;
    case 5: /* a failure half way, after which only an abort is left */
        atomic_store(&job.cancelled, true);
        add_many(h, graph, layer, &job);
        end(h, false);
        break;
    case 6:
    case 7:
        end(h, true);
        break;
    case 8:
        expect_sets(h); /* within the transaction that wrote */
        break;
    default:
        for (size_t i = below(&h->random, 60); i > 0; i--)
            add_or_delete(h, graph, layer);
    }
}

static void a_long_history_agrees_with_sets_in_memory(void **state)
{
    Fixture *const f = *state;
    static const KgLimits limits[] = {{.changes = 40, .records = 25},
                                      {.changes = 1, .records = 1},
                                      {0},
                                      {.changes = 300, .records = 500, .new_hashes = 3, .known_bytes = 100},
                                      {.changes = 60, .records = 25, .tail_bytes = 1}};
    History *const h = calloc(1, sizeof *h);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        BaseError err = {0};
        memset(h, 0, sizeof *h);
        begin_case(&h->random, seed);
        kg_close(f->store);
        f->store = NULL;
        expect_ok(base_remove(f->path, &err), &err);
        h->path = f->path;
        h->store = open_store(f->path, (KgOptions){.create = true});
        h->limits = limits[seed - 1];
        make_terms(h);
        begin(h);
        for (case_round = 0; case_round < 60; case_round++)
            step(h);
        kg_abort(h->txn);
        f->store = h->store;
    }
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_long_history_agrees_with_sets_in_memory, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
