/* test_update_oracle.c - random SPARQL updates, several to a request, committed or not, against a world of facts that
 * the definitions are applied to (sparql/request.h): the graphs and layers are the same after each.
 *     test_kg_update_oracle [--requests N] [--seed S] */
#include "sparql/request.h"

#define REQUESTS_PER_WORLD 40

static struct {
    uint64_t requests, seed;
} wanted = {.requests = 4000, .seed = 1};

static uint64_t done, refused, aborted, open_ended, facts_seen;

static void name_graphs(World *world)
{
    char name[32];
    for (int i = world->graph_count; i < GRAPHS; i++) {
        snprintf(name, sizeof name, "kg:g%d", i);
        world->graphs[i] = add_iri(&world->lexicon, name);
    }
    world->graph_count = GRAPHS;
    for (size_t i = 0; i < world->facts.count; i++) {
        world->facts.items[i].from = 0;
        world->facts.items[i].until = STAGES;
    }
}

/* ---- What the database has ---- */

static void read_layer(KgTxn *txn, World *found, int graph, KgId name, KgLayer layer)
{
    BaseError err = {0};
    BaseArena arena = {0};
    KgScan *scan;
    KgTriple triple;
    expect_ok(kg_scan_open_in(txn, name, KG_IN(layer), (KgTriple){0}, KG_ORDER_SPO, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK) {
        const KgId ids[] = {triple.s, triple.p, triple.o};
        int terms[3];
        for (int i = 0; i < 3; i++) {
            KgTerm term;
            expect_ok(kg_term(txn, ids[i], &arena, &term, &err), &err);
            terms[i] = add_term(&found->lexicon, &term);
        }
        assert_true(BASE_PUSH(
            &found->facts,
            (Fact){
                .s = terms[0], .p = terms[1], .o = terms[2], .graph = graph, .layers = KG_IN(layer), .until = STAGES}));
    }
    kg_scan_close(scan);
    base_arena_free(&arena);
}

/* `found` has the world's lexicon; its facts are those of the database. */
static void read_store(KgStore *store, World *found)
{
    KgTxn *const txn = begin_read(store);
    BaseError err = {0};
    KgId *graphs = NULL;
    size_t count;
    found->facts.count = 0;
    expect_ok(kg_graphs(txn, &graphs, &count, &err), &err);
    for (int graph = 0; graph < GRAPHS; graph++) {
        KgId name = KG_ANY;
        if (graph > 0 && kg_find(txn, &found->lexicon.items[found->graphs[graph]].term, &name, NULL) != BASE_OK)
            continue;
        size_t known = 0;
        while (graph > 0 && known < count && graphs[known] != name)
            known++;
        for (int layer = 0; layer < KG_LAYERS && (graph == 0 || known < count); layer++)
            read_layer(txn, found, graph, name, (KgLayer)layer);
    }
    assert_true(count < GRAPHS);
    free(graphs);
    kg_abort(txn);
}

/* Facts once, with the layers they are in. */
static void unite_layers(World *world)
{
    size_t kept = 0;
    sort_facts(world);
    for (size_t i = 0; i < world->facts.count; i++) {
        const Fact fact = world->facts.items[i];
        Fact *const last = kept > 0 ? &world->facts.items[kept - 1] : NULL;
        if (last && last->graph == fact.graph && last->s == fact.s && last->p == fact.p && last->o == fact.o)
            last->layers |= fact.layers;
        else
            world->facts.items[kept++] = fact;
    }
    world->facts.count = kept;
}

static bool same_facts(const World *a, const World *b)
{
    bool is_same = a->facts.count == b->facts.count;
    for (size_t i = 0; i < a->facts.count && is_same; i++) {
        const Fact *const x = &a->facts.items[i], *const y = &b->facts.items[i];
        is_same = x->s == y->s && x->p == y->p && x->o == y->o && x->graph == y->graph && x->layers == y->layers;
    }
    return is_same;
}

/* ---- Requests ---- */

/* The text of some operations, done to the world. OPEN: the world is not to be used. */
static char *make_request(BaseRandom *random, World *world, const char *folder, Effect *effect)
{
    char *text = NULL;
    size_t length;
    FILE *const out = open_memstream(&text, &length);
    assert_non_null(out);
    *effect = DONE;
    for (int count = 1 + pick(random, 3); count > 0 && *effect == DONE; count--) {
        *effect = random_operation(random, world, folder, out);
        fputs(count > 1 && *effect == DONE ? ";\n" : "\n", out);
    }
    fclose(out);
    return text;
}

static void run_request(KgStore *store, const char *text, Effect effect, bool is_aborted)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(store);
    const BaseStatus status = kg_update(txn, text, strlen(text), NULL, NULL, &err);
    if (status != (effect == REFUSED ? BASE_BAD_INPUT : BASE_OK))
        print_error("%s\n%s\n", text, status == BASE_OK ? "is not refused" : err.message);
    assert_int_equal(status, effect == REFUSED ? BASE_BAD_INPUT : BASE_OK);
    if (status == BASE_OK && !is_aborted)
        commit(txn);
    else
        kg_abort(txn);
}

static void compare(KgStore *store, World *world, World *found, const World *before, const char *text)
{
    found->lexicon = world->lexicon;
    read_store(store, found);
    world->lexicon = found->lexicon; /* it may have grown */
    unite_layers(found);
    sort_facts(world);
    facts_seen += found->facts.count;
    if (same_facts(world, found))
        return;
    World earlier = *before;
    earlier.lexicon = world->lexicon;
    fprintf(stderr, "%s\nbefore:\n", text);
    write_world(stderr, &earlier);
    fprintf(stderr, "kgq has:\n");
    write_world(stderr, found);
    fprintf(stderr, "by the definitions:\n");
    write_world(stderr, world);
    fail();
}

static void run_one(KgStore *store, BaseRandom *random, World *world, World *found, World *before, const char *folder)
{
    Effect effect;
    copy_facts(before, world);
    char *const text = make_request(random, world, folder, &effect);
    const bool is_aborted = pick(random, 6) == 0;
    if (effect != OPEN)
        run_request(store, text, effect, is_aborted);
    if (effect != DONE || is_aborted)
        copy_facts(world, before);
    compare(store, world, found, before, text);
    done += effect == DONE && !is_aborted;
    aborted += effect == DONE && is_aborted;
    refused += effect == REFUSED;
    open_ended += effect == OPEN;
    free(text);
}

static void run_world(KgStore *store, const char *folder, uint64_t number)
{
    BaseRandom random;
    World world;
    base_random_seed(&random, wanted.seed * 1000003 + number);
    do
        make_world(&world, &random);
    while (world.is_large && (free_world(&world), true));
    name_graphs(&world);
    store_world(&world, store);
    World found = {.graph_count = GRAPHS}, before = {.graph_count = GRAPHS};
    memcpy(found.graphs, world.graphs, sizeof world.graphs);
    memcpy(before.graphs, world.graphs, sizeof world.graphs);
    for (int i = 0; i < REQUESTS_PER_WORLD; i++)
        run_one(store, &random, &world, &found, &before, folder);
    if (number % 8 == 0)
        expect_sound(store);
    free(found.facts.items);
    free(before.facts.items);
    free_world(&world);
}

static void random_updates_leave_what_the_definitions_say(void **state)
{
    const Fixture *const f = *state;
    for (uint64_t number = 0; number * REQUESTS_PER_WORLD < wanted.requests; number++)
        run_world(f->store, f->folder, number);
    print_message("seed %llu: %llu requests done, %llu aborted, %llu refused, %llu open; %llu facts compared\n",
                  (unsigned long long)wanted.seed, (unsigned long long)done, (unsigned long long)aborted,
                  (unsigned long long)refused, (unsigned long long)open_ended, (unsigned long long)facts_seen);
    assert_true(done > wanted.requests / 2 && refused > 0 && facts_seen > 10 * done);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_updates_leave_what_the_definitions_say, make_fixture, drop_fixture),
    };
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t *const option = strcmp(argv[i], "--requests") == 0 ? &wanted.requests
                                 : strcmp(argv[i], "--seed") == 0   ? &wanted.seed
                                                                    : NULL;
        if (!option) {
            fprintf(stderr, "usage: %s [--requests N] [--seed S]\n", argv[0]);
            return 2;
        }
        *option = strtoull(argv[i + 1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
