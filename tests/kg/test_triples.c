/* Adding, deleting, scanning and counting triples, compared with sets of bits in memory. */
#include "fixture.h"

#define SUBJECTS 5
#define PREDICATES 3
#define OBJECTS 6
#define CELLS (SUBJECTS * PREDICATES * OBJECTS)

/* The obvious store: a note for every triple there can be, in every layer. */
typedef struct Oracle {
    KgId s[SUBJECTS], p[PREDICATES], o[OBJECTS];
    bool in[KG_LAYERS][CELLS];
    KgNote notes[KG_LAYERS][CELLS];
} Oracle;

static KgTriple triple_of(const Oracle *oracle, size_t cell)
{
    return (KgTriple){oracle->s[cell / (PREDICATES * OBJECTS)], oracle->p[cell / OBJECTS % PREDICATES],
                      oracle->o[cell % OBJECTS]};
}

static unsigned layers_of(const Oracle *oracle, size_t cell)
{
    unsigned layers = 0;
    for (int layer = 0; layer < KG_LAYERS; layer++)
        layers |= oracle->in[layer][cell] ? KG_IN(layer) : 0;
    return layers;
}

static void intern_all(Oracle *oracle, KgTxn *txn)
{
    char name[32];
    /* Objects of every kind, and some that are subjects and predicates too. */
    const char *const objects[OBJECTS] = {"s1", "p0", "_:b", "\"text\"", "\"text\"@en", "other"};
    for (int i = 0; i < OBJECTS; i++)
        oracle->o[i] = intern_field(txn, objects[i]);
    for (int i = 0; i < SUBJECTS; i++) {
        snprintf(name, sizeof name, i == 4 ? "_:b" : "s%d", i);
        oracle->s[i] = intern_field(txn, name);
    }
    for (int i = 0; i < PREDICATES; i++) {
        snprintf(name, sizeof name, "p%d", i);
        oracle->p[i] = intern_field(txn, name);
    }
}

static bool matches(KgTriple pattern, KgTriple triple)
{
    return (pattern.s == KG_ANY || pattern.s == triple.s) && (pattern.p == KG_ANY || pattern.p == triple.p) &&
           (pattern.o == KG_ANY || pattern.o == triple.o);
}

/* The places of an order that the pattern leaves open, compared one by one. */
static int compare_unbound(KgTriple pattern, KgTriple a, KgTriple b, KgOrder order)
{
    static const int places[][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}};
    const KgId bound[] = {pattern.s, pattern.p, pattern.o}, left[] = {a.s, a.p, a.o}, right[] = {b.s, b.p, b.o};
    for (int i = 0; i < 3; i++) {
        const int place = places[order - KG_ORDER_SPO][i];
        if (bound[place] == KG_ANY && left[place] != right[place])
            return left[place] < right[place] ? -1 : 1;
    }
    return 0;
}

static void expect_scan(const Oracle *oracle, KgTxn *txn, unsigned layers, KgTriple pattern, KgOrder order)
{
    BaseError err = {0};
    size_t expected = 0, seen = 0;
    for (size_t cell = 0; cell < CELLS; cell++)
        expected += matches(pattern, triple_of(oracle, cell)) && (layers_of(oracle, cell) & layers);
    KgScan *scan;
    expect_ok(kg_scan_open(txn, layers, pattern, order, &scan, &err), &err);
    KgTriple triple, before = {0};
    BaseStatus status;
    while ((status = kg_scan_next(scan, &triple, &err)) == BASE_OK) {
        assert_true(matches(pattern, triple));
        size_t cell = 0;
        while (cell < CELLS && memcmp(&(KgTriple){0}, &triple, sizeof triple) != 0) {
            const KgTriple candidate = triple_of(oracle, cell);
            if (memcmp(&candidate, &triple, sizeof triple) == 0)
                break;
            cell++;
        }
        assert_true(cell < CELLS);
        const unsigned in = layers_of(oracle, cell) & layers;
        assert_int_equal(kg_scan_layers(scan), in);
        assert_int_equal(kg_scan_layer(scan), __builtin_ctz(in));
        if (seen > 0 && order != KG_ORDER_BEST)
            assert_true(compare_unbound(pattern, before, triple, order) < 0);
        before = triple;
        seen++;
    }
    assert_int_equal(status, BASE_END);
    assert_int_equal(kg_scan_next(scan, &triple, &err), BASE_END); /* and again */
    kg_scan_close(scan);
    assert_int_equal(seen, expected); /* in strict order, or as many: none twice */
    assert_int_equal(count_matches(txn, layers, pattern), expected);
}

static void expect_same(const Oracle *oracle, KgTxn *txn)
{
    for (size_t cell = 0; cell < CELLS; cell++) {
        for (int layer = 0; layer < KG_LAYERS; layer++) {
            KgNote note;
            BaseError err = {0};
            const BaseStatus status = kg_get(txn, (KgLayer)layer, triple_of(oracle, cell), &note, &err);
            assert_int_equal(status, oracle->in[layer][cell] ? BASE_OK : BASE_NOT_FOUND);
            if (status == BASE_OK)
                assert_memory_equal(&note, &oracle->notes[layer][cell], sizeof note);
        }
        assert_int_equal(layers_hold(txn, KG_FACTS, triple_of(oracle, cell)),
                         (layers_of(oracle, cell) & KG_FACTS) != 0);
    }
    for (size_t s = 0; s <= SUBJECTS; s++)
        for (size_t p = 0; p <= PREDICATES; p++)
            for (size_t o = 0; o <= OBJECTS; o++) {
                const KgTriple pattern = {s < SUBJECTS ? oracle->s[s] : KG_ANY, p < PREDICATES ? oracle->p[p] : KG_ANY,
                                          o < OBJECTS ? oracle->o[o] : KG_ANY};
                for (unsigned layers = 1; layers <= KG_ALL_LAYERS; layers++)
                    for (int order = KG_ORDER_BEST; order <= KG_ORDER_OSP; order++)
                        expect_scan(oracle, txn, layers, pattern, (KgOrder)order);
            }
}

static KgNote random_note(BaseRandom *random)
{
    return (KgNote){0, (uint32_t)base_random_below(random, 9), (uint32_t)base_random_below(random, 9),
                    (float)base_random_unit(random)};
}

static void add_one(Oracle *oracle, KgTxn *txn, BaseRandom *random, KgLayer layer, size_t cell)
{
    BaseError err = {0};
    const KgRecord record = {triple_of(oracle, cell), random_note(random)};
    bool added;
    expect_ok(kg_add(txn, layer, &record, &added, &err), &err);
    assert_int_equal(added, !oracle->in[layer][cell]);
    if (added)
        oracle->notes[layer][cell] = record.note;
    oracle->in[layer][cell] = true;
}

static void delete_one(Oracle *oracle, KgTxn *txn, KgLayer layer, size_t cell)
{
    BaseError err = {0};
    bool deleted;
    expect_ok(kg_delete(txn, layer, triple_of(oracle, cell), &deleted, &err), &err);
    assert_int_equal(deleted, oracle->in[layer][cell]);
    oracle->in[layer][cell] = false;
}

static void add_some(Oracle *oracle, KgTxn *txn, BaseRandom *random, KgLayer layer)
{
    BaseError err = {0};
    KgRecord records[40];
    const size_t count = (size_t)base_random_below(random, 41);
    size_t expected = 0, added;
    for (size_t i = 0; i < count; i++) {
        const size_t cell = (size_t)base_random_below(random, CELLS);
        records[i] = (KgRecord){triple_of(oracle, cell), random_note(random)};
        if (oracle->in[layer][cell])
            continue;
        oracle->in[layer][cell] = true;
        oracle->notes[layer][cell] = records[i].note; /* of equal triples the first given stays */
        expected++;
    }
    expect_ok(kg_add_many(txn, layer, records, count, &added, NULL, &err), &err);
    assert_int_equal(added, expected);
}

static void scans_and_counts_agree_with_sets_in_memory(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 7);
    Oracle *const oracle = calloc(1, sizeof *oracle);
    KgTxn *txn = begin_write(f->store);
    intern_all(oracle, txn);
    for (int round = 0; round < 12; round++) {
        for (int step = 0; step < 25; step++) {
            const KgLayer layer = (KgLayer)base_random_below(&random, KG_LAYERS);
            const size_t cell = (size_t)base_random_below(&random, CELLS);
            BaseError err = {0};
            switch (base_random_below(&random, 20)) {
            case 0:
                expect_ok(kg_clear_layer(txn, layer, &err), &err);
                memset(oracle->in[layer], 0, sizeof oracle->in[layer]);
                break;
            case 1:
            case 2:
            case 3:
                add_some(oracle, txn, &random, layer);
                break;
            case 4:
            case 5:
            case 6:
            case 7:
            case 8:
            case 9:
                delete_one(oracle, txn, layer, cell);
                break;
            default:
                add_one(oracle, txn, &random, layer, cell);
            }
        }
        if (round % 3 == 0) /* within the transaction that wrote */
            expect_same(oracle, txn);
        commit(txn);
        txn = begin_read(f->store);
        if (round % 3 == 1)
            expect_same(oracle, txn);
        kg_abort(txn);
        expect_sound(f->store);
        txn = begin_write(f->store);
    }
    kg_abort(txn);
    free(oracle);
}

static void counts_per_predicate_agree_with_scans(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    Oracle *const oracle = calloc(1, sizeof *oracle);
    intern_all(oracle, txn);
    BaseRandom random;
    base_random_seed(&random, 11);
    for (int i = 0; i < 100; i++)
        add_one(oracle, txn, &random, (KgLayer)base_random_below(&random, KG_LAYERS),
                (size_t)base_random_below(&random, CELLS));
    KgPredicateCount *rows;
    size_t count;
    expect_ok(kg_predicate_counts(txn, &rows, &count, &err), &err);
    assert_int_equal(count, PREDICATES);
    uint64_t before = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        const uint64_t found[] = {rows[i].asserted, rows[i].inferred, rows[i].predicted, rows[i].observed};
        uint64_t sum = 0;
        for (int layer = 0; layer < KG_LAYERS; layer++) {
            uint64_t expected = 0;
            for (size_t cell = 0; cell < CELLS; cell++)
                expected += oracle->in[layer][cell] && triple_of(oracle, cell).p == rows[i].predicate;
            assert_int_equal(found[layer], expected);
            sum += found[layer];
        }
        assert_true(sum <= before);
        before = sum;
    }
    free(rows);
    free(oracle);
    kg_abort(txn);
}

/* 30,000 triples, more than fit a page or a step of progress, into an empty layer and again into a full one. */
static void many_triples_load_once_into_empty_and_full_layers(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    enum { COUNT = 30000, NAMES = 400 };
    KgTxn *txn = begin_write(f->store);
    KgId ids[NAMES];
    for (int i = 0; i < NAMES; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        ids[i] = intern_field(txn, name);
    }
    KgRecord *const records = calloc(COUNT, sizeof *records);
    BaseRandom random;
    size_t added[2];
    for (int half = 0; half < 2; half++) {
        base_random_seed(&random, (uint64_t)half);
        for (int i = 0; i < COUNT; i++)
            records[i] =
                (KgRecord){.triple = {ids[base_random_below(&random, NAMES)], ids[base_random_below(&random, 7)],
                                      ids[base_random_below(&random, NAMES)]}};
        expect_ok(kg_add_many(txn, KG_INFERRED, records, COUNT, &added[half], NULL, &err), &err);
    }
    base_random_seed(&random, 0);
    size_t again = 0;
    for (int i = 0; i < COUNT; i++)
        records[i] = (KgRecord){.triple = {ids[base_random_below(&random, NAMES)], ids[base_random_below(&random, 7)],
                                           ids[base_random_below(&random, NAMES)]}};
    expect_ok(kg_add_many(txn, KG_INFERRED, records, COUNT, &again, NULL, &err), &err);
    assert_int_equal(again, 0);
    assert_int_equal(count_matches(txn, KG_IN(KG_INFERRED), (KgTriple){0}), added[0] + added[1]);
    free(records);
    commit(txn);
    expect_sound(f->store);
    txn = begin_read(f->store);
    KgScan *scan;
    KgTriple triple;
    uint64_t seen = 0;
    expect_ok(kg_scan_open(txn, KG_FACTS, (KgTriple){0}, KG_ORDER_POS, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK)
        seen++;
    assert_int_equal(seen, added[0] + added[1]);
    kg_scan_close(scan);
    kg_abort(txn);
}

/* Few and many, some given twice, some not there, some in other layers too, some not merged into the tables yet. */
static void many_triples_deleted_at_once_are_gone_from_that_layer_alone(void **state)
{
    Fixture *const fixture = *state;
    enum { NUMBERS = 3000 };
    BaseError err = {0};
    static KgRecord records[NUMBERS];
    static KgTriple triples[2 * NUMBERS];
    static const size_t sizes[] = {7, NUMBERS};
    KgTxn *txn;
    size_t moved;
    for (int round = 0; round < 2; round++) {
        const size_t count = sizes[round];
        expect_ok(kg_write_begin(fixture->store, &txn, &err), &err);
        const KgId p[2] = {intern_field(txn, "even"), intern_field(txn, "odd")}, s = intern_field(txn, "subject");
        for (size_t i = 0; i < NUMBERS; i++) {
            char name[32];
            snprintf(name, sizeof name, "object.%zu", i);
            records[i] = (KgRecord){.triple = {s, p[i % 2], intern_field(txn, name)}};
        }
        expect_ok(kg_add_many(txn, KG_ASSERTED, records, NUMBERS - 1, NULL, NULL, &err), &err);
        for (size_t i = 0; i < NUMBERS; i += 3) /* in the order they are in now, whatever that is */
            expect_ok(kg_add(txn, KG_INFERRED, &records[i], NULL, &err), &err);
        expect_ok(kg_delete(txn, KG_ASSERTED, records[1].triple, NULL, &err), &err);
        for (size_t i = 0; i < count; i++)
            triples[2 * i] = triples[2 * i + 1] = records[count - 1 - i].triple;
        uint64_t before, after, inferred, by_predicate = 0;
        expect_ok(kg_count(txn, KG_IN(KG_ASSERTED), (KgTriple){0}, &before, &err), &err);
        assert_int_equal(before, NUMBERS - 2);
        expect_ok(kg_delete_many(txn, KG_ASSERTED, triples, 2 * count, &moved, NULL, &err), &err);
        assert_int_equal(moved, count - 1 - (count == NUMBERS));
        expect_ok(kg_count(txn, KG_IN(KG_ASSERTED), (KgTriple){0}, &after, &err), &err);
        assert_int_equal(after, before - moved);
        expect_ok(kg_count(txn, KG_IN(KG_INFERRED), (KgTriple){0}, &inferred, &err), &err);
        assert_int_equal(inferred, NUMBERS / 3);
        for (int i = 0; i < 2; i++) {
            uint64_t found;
            expect_ok(kg_count(txn, KG_IN(KG_ASSERTED), (KgTriple){.p = p[i]}, &found, &err), &err);
            by_predicate += found;
        }
        assert_int_equal(by_predicate, after);
        for (size_t i = 0; i < count; i++) {
            const BaseStatus status = kg_get(txn, KG_ASSERTED, records[i].triple, NULL, &err);
            assert_int_equal(status, BASE_NOT_FOUND);
        }
        expect_ok(kg_commit(txn, &err), &err);
        expect_sound(fixture->store);
    }
}

static void ids_that_are_no_terms_are_refused(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    const KgId known = intern_field(txn, "a");
    const KgTriple bad[] = {{KG_ANY, known, known}, {known, known + 1, known}, {known, known, kg_id((KgKind)9, 0)}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (BaseError){0};
        KgRecord record = {.triple = bad[i]};
        assert_int_equal(kg_add(txn, KG_ASSERTED, &record, NULL, &err), BASE_BAD_CALL);
        expect_words(&err, "no term");
        assert_int_equal(kg_add_many(txn, KG_ASSERTED, &record, 1, NULL, NULL, NULL), BASE_BAD_CALL);
    }
    assert_int_equal(count_matches(txn, KG_ALL_LAYERS, (KgTriple){0}), 0);
    assert_int_equal(kg_add(txn, KG_LAYERS, &(KgRecord){.triple = {known, known, known}}, NULL, NULL), BASE_BAD_CALL);
    KgScan *scan;
    assert_int_equal(kg_scan_open(txn, 0, (KgTriple){0}, KG_ORDER_BEST, &scan, NULL), BASE_BAD_CALL);
    commit(txn); /* refused calls have not broken it */
}

static void a_cancelled_load_cannot_be_committed(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    BaseJob job = {0};
    atomic_store(&job.cancelled, true);
    KgTxn *txn = begin_write(f->store);
    const KgId a = intern_field(txn, "a");
    KgRecord record = {.triple = {a, a, a}};
    assert_int_equal(kg_add_many(txn, KG_ASSERTED, &record, 1, NULL, &job, &err), BASE_CANCELLED);
    err = (BaseError){0};
    assert_int_equal(kg_commit(txn, &err), BASE_BAD_CALL);
    txn = begin_read(f->store);
    assert_int_equal(kg_term_count(txn, KG_IRI), 0);
    kg_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scans_and_counts_agree_with_sets_in_memory, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(counts_per_predicate_agree_with_scans, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(many_triples_load_once_into_empty_and_full_layers, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(many_triples_deleted_at_once_are_gone_from_that_layer_alone, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(ids_that_are_no_terms_are_refused, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_cancelled_load_cannot_be_committed, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
