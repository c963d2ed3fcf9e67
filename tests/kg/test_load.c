/* Loads of many triples, in memory and through sorted runs on disk, into empty and full spaces of several graphs: the
 * same database whichever way it went, and the one that sets in memory say. */
#include "cases.h"
#include "fixture.h"
#include "kg/load.h"

enum { SUBJECTS = 30, PREDICATES = 5, OBJECTS = 60, GRAPHS = 4, CELLS = SUBJECTS * PREDICATES * OBJECTS };
enum { BATCHES = 7, SOURCES = 3, FIRST_SOURCE = 20 };

typedef struct Names {
    char subjects[SUBJECTS][64], predicates[PREDICATES][64], objects[OBJECTS][64];
} Names;
static Names names;
static const char *const graph_names[GRAPHS] = {NULL, "g1", "_:g2", "s3"}; /* the default graph, and one of a subject */

/* Terms of every kind, those that ids hold among them. */
static void make_names(void)
{
    for (int i = 0; i < SUBJECTS; i++)
        snprintf(names.subjects[i], sizeof names.subjects[i], i % 4 ? "s%d" : "_:b%d", i);
    for (int i = 0; i < PREDICATES; i++)
        snprintf(names.predicates[i], sizeof names.predicates[i], "p%d", i);
    static const char *const forms[] = {"o%d",
                                        "\"a literal of the dictionary, %d\"",
                                        "_:b%d",
                                        "\"w%d\"",
                                        "\"%d\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                                        "\"text %d\"@en",
                                        "s%d"};
    for (int i = 0; i < OBJECTS; i++)
        snprintf(names.objects[i], sizeof names.objects[i], forms[i % 7], i / 2);
}

/* ---- The obvious database ---- */

typedef struct Oracle {
    bool in[GRAPHS][KG_LAYERS][CELLS];
    uint32_t sources[GRAPHS][CELLS]; /* of the layer that is loaded */
    uint64_t added, added_by[SOURCES];
} Oracle;

static bool is_union(const Oracle *oracle, int graph, unsigned layers, size_t cell)
{
    bool any = false;
    for (int layer = 0; layer < KG_LAYERS; layer++)
        any = any || (layers & KG_IN(layer) && oracle->in[graph][layer][cell]);
    return any;
}

typedef struct Ids {
    KgId s[SUBJECTS], p[PREDICATES], o[OBJECTS], graphs[GRAPHS];
} Ids;

static KgId find_or_make(KgTxn *txn, const char *name, bool make)
{
    return make ? intern_field(txn, name) : id_of(txn, name);
}

static void get_ids(KgTxn *txn, bool make, Ids *ids)
{
    for (int i = 0; i < SUBJECTS; i++)
        ids->s[i] = find_or_make(txn, names.subjects[i], make);
    for (int i = 0; i < PREDICATES; i++)
        ids->p[i] = find_or_make(txn, names.predicates[i], make);
    for (int i = 0; i < OBJECTS; i++)
        ids->o[i] = find_or_make(txn, names.objects[i], make);
    for (int i = 0; i < GRAPHS; i++)
        ids->graphs[i] = graph_names[i] ? find_or_make(txn, graph_names[i], make) : KG_ANY;
}

static KgTriple triple_of(const Ids *ids, size_t cell)
{
    return (KgTriple){ids->s[cell / (PREDICATES * OBJECTS)], ids->p[cell / OBJECTS % PREDICATES],
                      ids->o[cell % OBJECTS]};
}

/* ---- Loading ---- */

static KgId batch_id(KgBatch *batch, const char *field)
{
    BaseArena arena = {0};
    KgTerm term;
    KgId id = KG_ANY;
    expect_ok(kg_parse_term((KgText){field, strlen(field)}, &arena, &term, NULL), &(BaseError){0});
    expect_claim(kg_batch_term(batch, &term, &id));
    base_arena_free(&arena);
    return id;
}

static void add_quad(KgBatch *batch, Oracle *oracle, KgLayer layer, int graph, size_t cell, uint32_t source)
{
    KgBatchQuad quad = {.g = KG_ANY};
    quad.s = batch_id(batch, names.subjects[cell / (PREDICATES * OBJECTS)]);
    quad.p = batch_id(batch, names.predicates[cell / OBJECTS % PREDICATES]);
    quad.o = batch_id(batch, names.objects[cell % OBJECTS]);
    if (graph_names[graph])
        quad.g = batch_id(batch, graph_names[graph]);
    expect_claim(kg_batch_add(batch, quad));
    if (oracle->in[graph][layer][cell])
        return;
    oracle->in[graph][layer][cell] = true;
    oracle->sources[graph][cell] = source;
    oracle->added++;
    oracle->added_by[source - FIRST_SOURCE]++;
}

/* What the case is: which graphs have what before, and how many quads come. */
typedef struct Plan {
    uint64_t seed;
    KgLayer layer;
    bool into_empty;
    size_t quads; /* per batch */
} Plan;

static void fill_before(KgTxn *txn, Oracle *oracle, const Plan *plan, BaseRandom *random)
{
    BaseError err = {0};
    Ids ids;
    get_ids(txn, true, &ids);
    for (int graph = 0; graph < GRAPHS; graph++)
        for (int layer = 0; layer < KG_LAYERS; layer++) {
            if ((plan->into_empty && (KgLayer)layer == plan->layer) || one_in(random, 4))
                continue;
            const size_t count = one_in(random, 2) ? 3000 : 30; /* straight into the tables, and as changes */
            KgRecord *const records = calloc(count, sizeof *records);
            for (size_t i = 0; i < count; i++) {
                const size_t cell = below(random, CELLS);
                records[i] = (KgRecord){triple_of(&ids, cell), {.source = 7}};
                if ((KgLayer)layer == plan->layer && !oracle->in[graph][layer][cell])
                    oracle->sources[graph][cell] = 7;
                oracle->in[graph][layer][cell] = true;
            }
            expect_ok(kg_add_many_in(txn, ids.graphs[graph], (KgLayer)layer, records, count, NULL, NULL, &err), &err);
            free(records);
        }
}

static void load(KgTxn *txn, Oracle *oracle, const Plan *plan, BaseRandom *random)
{
    BaseError err = {0};
    KgLoader *loader;
    KgBatch batch = {0};
    uint64_t added = 0, added_by[SOURCES] = {0};
    expect_ok(kg_load_begin(txn, &(KgLoadOptions){.layer = plan->layer, .memory = 1 << 20}, &loader, &err), &err);
    for (uint32_t i = 0; i < BATCHES; i++) {
        const uint32_t source = FIRST_SOURCE + i * SOURCES / BATCHES;
        const int most = i % 3 ? 2 : GRAPHS; /* the last graphs get few */
        for (size_t quad = plan->quads * (i != 3); quad > 0; quad--) {
            const size_t cell = below(random, CELLS);
            add_quad(&batch, oracle, plan->layer, (int)below(random, (size_t)most), cell, source);
            if (one_in(random, 5)) /* again, in the same graph or another */
                add_quad(&batch, oracle, plan->layer, (int)below(random, (size_t)most), cell, source);
        }
        expect_ok(kg_load_batch(loader, &batch, source, &err), &err);
        kg_batch_clear(&batch);
    }
    expect_ok(kg_load_finish(loader, &added, added_by, FIRST_SOURCE, &err), &err);
    expect_claim(added == oracle->added);
    for (int i = 0; i < SOURCES; i++)
        expect_claim(added_by[i] == oracle->added_by[i]);
    kg_load_free(loader);
    kg_batch_free(&batch);
}

/* ---- What is there then ---- */

static uint64_t cells_like(const Oracle *oracle, int graph, unsigned layers, size_t s, size_t p, size_t o)
{
    uint64_t count = 0;
    for (size_t cell = 0; cell < CELLS; cell++)
        count += (s == SIZE_MAX || cell / (PREDICATES * OBJECTS) == s) &&
                 (p == SIZE_MAX || cell / OBJECTS % PREDICATES == p) && (o == SIZE_MAX || cell % OBJECTS == o) &&
                 is_union(oracle, graph, layers, cell);
    return count;
}

static void expect_counts(const Oracle *oracle, KgTxn *txn, const Ids *ids, int graph, BaseRandom *random)
{
    BaseError err = {0};
    uint64_t count;
    for (unsigned layers = 1; layers <= KG_ALL_LAYERS; layers++) {
        const size_t s = one_in(random, 2) ? below(random, SUBJECTS) : SIZE_MAX, o = below(random, OBJECTS);
        for (size_t p = 0; p <= PREDICATES; p++) {
            const KgId predicate = p < PREDICATES ? ids->p[p] : KG_ANY;
            const size_t wanted = p < PREDICATES ? p : SIZE_MAX;
            expect_ok(kg_count_in(txn, ids->graphs[graph], layers, (KgTriple){.p = predicate}, &count, &err), &err);
            expect_claim(count == cells_like(oracle, graph, layers, SIZE_MAX, wanted, SIZE_MAX));
            const KgTriple pattern = {s == SIZE_MAX ? KG_ANY : ids->s[s], predicate, ids->o[o]};
            expect_ok(kg_count_in(txn, ids->graphs[graph], layers, pattern, &count, &err), &err);
            expect_claim(count == cells_like(oracle, graph, layers, s, wanted, o));
        }
    }
}

/* Sources that are in no catalog are this test's own. */
static void count_fault(void *context, const BaseError *error)
{
    if (strstr(error->message, "which the catalog does not have"))
        return;
    base_error_print(stderr, error);
    ++*(uint64_t *)context;
}

static void expect_consistent(KgStore *store)
{
    uint64_t faults = 0, others = 0;
    KgTxn *const txn = begin_read(store);
    kg_check(txn, &faults, &(BaseSink){.report = count_fault, .context = &others}, NULL, NULL);
    expect_claim(others == 0);
    kg_abort(txn);
}

static void expect_database(const Oracle *oracle, KgStore *store, const Plan *plan, BaseRandom *random)
{
    BaseError err = {0};
    Ids ids;
    expect_consistent(store);
    KgTxn *const txn = begin_read(store);
    get_ids(txn, false, &ids);
    for (int graph = 0; graph < GRAPHS; graph++) {
        expect_counts(oracle, txn, &ids, graph, random);
        for (size_t cell = 0; cell < CELLS; cell++) {
            KgNote note = {0};
            const BaseStatus status =
                kg_get_in(txn, ids.graphs[graph], plan->layer, triple_of(&ids, cell), &note, &err);
            expect_claim(status == (oracle->in[graph][plan->layer][cell] ? BASE_OK : BASE_NOT_FOUND));
            expect_claim(status != BASE_OK || note.source == oracle->sources[graph][cell]);
        }
    }
    kg_abort(txn);
}

static char *export_all(KgStore *store)
{
    BaseError err = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *const out = open_memstream(&text, &length);
    KgTxn *const txn = begin_read(store);
    for (int layer = 0; layer < KG_LAYERS; layer++)
        expect_ok(kg_export(txn, KG_IN(layer), KG_NQUADS, out, NULL, NULL, &err), &err);
    kg_abort(txn);
    fclose(out);
    return text;
}

static char *load_with(const Fixture *f, const Plan *plan, KgLimits limits)
{
    BaseRandom random;
    begin_case(&random, plan->seed);
    Oracle *const oracle = calloc(1, sizeof *oracle);
    char *const path = base_join_path(f->folder, "loaded");
    KgStore *const store = open_store(path, (KgOptions){.create = true});
    KgTxn *txn = begin_write(store);
    fill_before(txn, oracle, plan, &random);
    commit(txn);
    store->limits = limits;
    txn = begin_write(store);
    load(txn, oracle, plan, &random);
    commit(txn);
    expect_database(oracle, store, plan, &random);
    char *const text = export_all(store);
    kg_close(store);
    BaseError err = {0};
    expect_ok(base_remove(path, &err), &err);
    free(path);
    free(oracle);
    return text;
}

static void a_load_is_the_same_however_little_memory_it_has(void **state)
{
    Fixture *const f = *state;
    static const Plan plans[] = {{1, KG_ASSERTED, true, 900},
                                 {2, KG_ASSERTED, false, 900},
                                 {3, KG_OBSERVED, false, 40},
                                 {4, KG_INFERRED, true, 1}};
    static const KgLimits limits[] = {
        {.loaded_rows = 1000, .chunk_rows = 700, .known_bytes = 500, .new_hashes = 10},
        {.loaded_rows = 130, .chunk_rows = 64, .changes = 1},
        {.loaded_rows = 2500, .chunk_rows = 100000, .known_bytes = 1},
    };
    make_names();
    for (size_t plan = 0; plan < sizeof plans / sizeof *plans; plan++) {
        char *const expected = load_with(f, &plans[plan], (KgLimits){0});
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
            char *const text = load_with(f, &plans[plan], limits[i]);
            case_round = (unsigned)i;
            expect_claim(strcmp(text, expected) == 0);
            free(text);
        }
        free(expected);
    }
}

/* One row at a time goes to disk. */
static void a_load_of_nothing_and_of_one_triple_at_a_time(void **state)
{
    Fixture *const f = *state;
    static const Plan plan = {5, KG_PREDICTED, false, 3}, none = {6, KG_PREDICTED, true, 0};
    make_names();
    free(load_with(f, &none, (KgLimits){.loaded_rows = 1}));
    char *const expected = load_with(f, &plan, (KgLimits){0});
    char *const text = load_with(f, &plan, (KgLimits){.loaded_rows = 1, .chunk_rows = 1});
    assert_string_equal(text, expected);
    free(text);
    free(expected);
}

/* --memory of an import, with more rows than it keeps at the least. */
static void an_import_with_little_memory_equals_one_with_much(void **state)
{
    Fixture *const f = *state;
    char *const file = base_join_path(f->folder, "many.nq"), *texts[2];
    FILE *const out = fopen(file, "w");
    BaseRandom random;
    begin_case(&random, 9);
    for (int i = 0; i < 90000; i++)
        fprintf(out, "<kg:s%zu> <kg:p%zu> \"%zu\" <kg:g%zu> .\n", below(&random, 400), below(&random, 6),
                below(&random, 3000), below(&random, 2));
    fclose(out);
    for (int i = 0; i < 2; i++) {
        BaseError err = {0};
        KgImportReport report;
        char *const path = base_join_path(f->folder, i ? "little" : "much");
        KgStore *const store = open_store(path, (KgOptions){.create = true});
        const char *const input = file;
        const KgImportOptions options = {.memory = i ? 1 : 0};
        expect_ok(kg_import(store, &input, 1, &options, &report, NULL, NULL, &err), &err);
        assert_int_equal(report.triples, 90000);
        expect_sound(store);
        texts[i] = export_all(store);
        kg_close(store);
        free(path);
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_load_is_the_same_however_little_memory_it_has, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_load_of_nothing_and_of_one_triple_at_a_time, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(an_import_with_little_memory_equals_one_with_much, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
