/* world.c - see world.h. */
#include "world.h"

static void add_number(Lexicon *lexicon, World *world, const char *text, const char *type)
{
    assert_true(BASE_PUSH(&world->literals, add_typed(lexicon, text, type)));
}

static void add_literals(World *world, BaseRandom *random)
{
    static const char *const typed[][2] = {
        {"1", "integer"},
        {"2", "integer"},
        {"3", "integer"},
        {"10", "integer"},
        {"-4", "integer"},
        {"01", "integer"},
        {"2", "int"},
        {"123456789012345678", "integer"},
        {"1.0", "decimal"},
        {"2.5", "decimal"},
        {"2.50", "decimal"},
        {"-0.75", "decimal"},
        {"1.5E0", "double"},
        {"2", "double"},
        {"2.0E0", "double"},
        {"1e3", "double"},
        {"NaN", "double"},
        {"INF", "double"},
        {"true", "boolean"},
        {"false", "boolean"},
        {"1", "boolean"},
        {"2020-02-29", "date"},
        {"1999-12-31", "date"},
        {"2020-02-29T12:00:00Z", "dateTime"},
        {"2020-02-29T14:00:00+02:00", "dateTime"},
        {"2020-02-29T12:00:00", "dateTime"},
        {"2021-06-01T00:00:00Z", "dateTime"},
        {"abc", "integer"},
        {"", ""},
        {"a", ""},
        {"ab", ""},
        {"b", ""},
        {"1", ""},
        {"text", ""},
        {"hold", ""},
        {"a text that no id can hold", ""},
        {"a text that is longer still, and as late in the order as it is long", ""},
        {"na\xc3\xafve", ""},
    };
    const int kinds = (int)(sizeof typed / sizeof *typed);
    Lexicon *const lexicon = &world->lexicon;
    for (int count = 3 + pick(random, 14); count > 0; count--) {
        const int n = pick(random, kinds + 6);
        if (n < kinds)
            add_number(lexicon, world, typed[n][0], typed[n][1]);
        else if (n < kinds + 4)
            assert_true(
                BASE_PUSH(&world->literals, add_language(lexicon, n % 2 ? "chat" : "a", n % 4 < 2 ? "en" : "fr-be")));
        else
            assert_true(
                BASE_PUSH(&world->literals, add_term(lexicon, &(KgTerm){.kind = KG_LITERAL,
                                                                        .text = n % 2 ? KG_TEXT("x") : KG_TEXT("y"),
                                                                        .datatype = KG_TEXT("kg:type")})));
    }
}

static void add_terms(World *world, BaseRandom *random, int nodes)
{
    char name[32];
    for (int i = 0; i < nodes; i++) {
        const bool is_blank = pick(random, 12) == 0;
        snprintf(name, sizeof name, is_blank ? "b%d" : "kg:n%d", i);
        assert_true(
            BASE_PUSH(&world->nodes, is_blank ? add_blank(&world->lexicon, name) : add_iri(&world->lexicon, name)));
    }
    for (int i = 2 + pick(random, 5); i > 0; i--) {
        snprintf(name, sizeof name, "kg:p%d", i);
        assert_true(BASE_PUSH(&world->predicates, add_iri(&world->lexicon, name)));
    }
    if (pick(random, 4) == 0) /* a predicate that is spoken of */
        assert_true(BASE_PUSH(&world->nodes, world->predicates.items[0]));
    add_literals(world, random);
    world->graphs[0] = NO_TERM;
    world->graph_count = 1 + pick(random, GRAPHS);
    for (int i = 1; i < world->graph_count; i++) {
        snprintf(name, sizeof name, "kg:g%d", i);
        world->graphs[i] = add_iri(&world->lexicon, name);
    }
}

static int pick_node(const World *world, BaseRandom *random, bool is_skewed)
{
    if (is_skewed && pick(random, 3) == 0)
        return world->nodes.items[0]; /* the hub */
    return world->nodes.items[pick(random, (int)world->nodes.count)];
}

static void add_fact(World *world, BaseRandom *random, BaseMap *seen, bool is_skewed)
{
    bool is_new;
    Fact fact = {.s = pick_node(world, random, is_skewed),
                 .p = world->predicates.items[pick(random, (int)world->predicates.count)],
                 .graph = pick(random, 3) ? 0 : pick(random, world->graph_count),
                 .layers = 1u + (unsigned)pick(random, 3),
                 .until = STAGES};
    fact.o = pick(random, 3) ? pick_node(world, random, is_skewed)
                             : world->literals.items[pick(random, (int)world->literals.count)];
    const int rare = world->is_large ? 200 : 8;
    if (pick(random, rare) == 0)
        fact.from = 1 + pick(random, 2);
    else if (pick(random, rare) == 0)
        fact.until = 1 + pick(random, 2);
    const uint64_t key = (((uint64_t)fact.s << 18 | (uint64_t)fact.o) << 18 | (uint64_t)fact.p) << 2;
    assert_non_null(base_map_put(seen, key | (uint64_t)fact.graph, 0, &is_new));
    if (is_new)
        assert_true(BASE_PUSH(&world->facts, fact));
}

void make_world(World *world, BaseRandom *random)
{
    BaseMap seen = {0};
    *world = (World){.is_large = pick(random, 40) == 0};
    const bool is_skewed = world->is_large || pick(random, 4) == 0;
    const int nodes = world->is_large ? 500 + pick(random, 4000) : 4 + pick(random, 36);
    const int facts = world->is_large ? 2000 + pick(random, 18000) : nodes / 2 + pick(random, 4 * nodes);
    add_terms(world, random, nodes);
    for (int i = 0; i < facts; i++)
        add_fact(world, random, &seen, is_skewed);
    base_map_free(&seen);
    /* Some that no fact has. */
    assert_true(BASE_PUSH(&world->nodes, add_iri(&world->lexicon, "kg:nowhere")));
    assert_true(BASE_PUSH(&world->predicates, add_iri(&world->lexicon, "kg:unused")));
    add_number(&world->lexicon, world, "77", "integer");
    add_number(&world->lexicon, world, "a text that is in no fact of the world", "");
}

void free_world(World *world)
{
    free_lexicon(&world->lexicon);
    free(world->facts.items);
    free(world->nodes.items);
    free(world->literals.items);
    free(world->predicates.items);
    *world = (World){0};
}

/* ---- Into a database ---- */

static KgId id_of_word(KgTxn *txn, const Lexicon *lexicon, int term, KgId *ids)
{
    BaseError err = {0};
    if (!ids[term])
        expect_ok(kg_intern(txn, &lexicon->items[term].term, &ids[term], &err), &err);
    return ids[term];
}

static KgRecord record_of(KgTxn *txn, const World *world, const Fact *fact, KgId *ids)
{
    return (KgRecord){.triple = {id_of_word(txn, &world->lexicon, fact->s, ids),
                                 id_of_word(txn, &world->lexicon, fact->p, ids),
                                 id_of_word(txn, &world->lexicon, fact->o, ids)}};
}

static void clear_store(KgTxn *txn)
{
    BaseError err = {0};
    KgId *graphs;
    size_t count;
    expect_ok(kg_graphs(txn, &graphs, &count, &err), &err);
    for (size_t i = 0; i <= count; i++)
        for (int layer = 0; layer < KG_LAYERS; layer++)
            expect_ok(kg_clear_layer_in(txn, i < count ? graphs[i] : KG_ANY, (KgLayer)layer, &err), &err);
    free(graphs);
}

static void store_bulk(KgTxn *txn, const World *world, int graph, KgLayer layer, KgId *ids)
{
    BaseError err = {0};
    struct {
        KgRecord *items;
        size_t count, capacity;
    } records = {0};
    for (size_t i = 0; i < world->facts.count; i++) {
        const Fact *const fact = &world->facts.items[i];
        if (fact->from == 0 && fact->graph == graph && fact->layers & KG_IN(layer))
            assert_true(BASE_PUSH(&records, record_of(txn, world, fact, ids)));
    }
    const KgId name = graph ? id_of_word(txn, &world->lexicon, world->graphs[graph], ids) : KG_ANY;
    if (records.count > 0)
        expect_ok(kg_add_many_in(txn, name, layer, records.items, records.count, NULL, NULL, &err), &err);
    free(records.items);
}

/* From the stage before: what comes, and what goes, fact by fact. */
static void store_stage(KgTxn *txn, World *world, int stage, KgId *ids)
{
    BaseError err = {0};
    world->stage = stage;
    for (size_t i = 0; i < world->facts.count; i++) {
        const Fact *const fact = &world->facts.items[i];
        if (fact->from != stage && fact->until != stage)
            continue;
        const KgRecord record = record_of(txn, world, fact, ids);
        const KgId name = fact->graph ? id_of_word(txn, &world->lexicon, world->graphs[fact->graph], ids) : KG_ANY;
        for (int layer = KG_ASSERTED; layer <= KG_INFERRED; layer++)
            if (fact->layers & KG_IN(layer) && fact->from == stage)
                expect_ok(kg_add_in(txn, name, (KgLayer)layer, &record, NULL, &err), &err);
            else if (fact->layers & KG_IN(layer))
                expect_ok(kg_delete_in(txn, name, (KgLayer)layer, record.triple, NULL, &err), &err);
    }
}

static KgId *new_ids(const World *world)
{
    KgId *const ids = calloc(world->lexicon.count, sizeof *ids);
    assert_non_null(ids);
    return ids;
}

void store_world(World *world, KgStore *store)
{
    KgId *const ids = new_ids(world);
    KgTxn *txn = begin_write(store);
    clear_store(txn);
    for (int graph = 0; graph < world->graph_count; graph++)
        for (int layer = KG_ASSERTED; layer <= KG_INFERRED; layer++)
            store_bulk(txn, world, graph, (KgLayer)layer, ids);
    commit(txn);
    txn = begin_write(store);
    store_stage(txn, world, 1, ids);
    commit(txn);
    free(ids);
}

void store_last_stage(World *world, KgTxn *txn)
{
    KgId *const ids = new_ids(world);
    store_stage(txn, world, STAGES - 1, ids);
    free(ids);
}

void write_world(FILE *out, const World *world)
{
    static const char *const layers[] = {"", "asserted", "inferred", "asserted and inferred"};
    for (size_t i = 0; i < world->facts.count; i++) {
        const Fact *const fact = &world->facts.items[i];
        fputs(is_stored(world, fact) ? "  " : "  # not any more, or not yet: ", out);
        write_word(out, &world->lexicon, fact->s);
        fputc(' ', out);
        write_word(out, &world->lexicon, fact->p);
        fputc(' ', out);
        write_word(out, &world->lexicon, fact->o);
        fputs(fact->graph ? " " : "", out);
        if (fact->graph)
            write_word(out, &world->lexicon, world->graphs[fact->graph]);
        fprintf(out, " .  # %s%s\n", layers[fact->layers & 3], fact->from > 0 ? ", late" : "");
    }
}
