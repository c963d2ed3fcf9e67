/* Triples by columns: what is in the database afterwards is what adding them one by one gives, with notes and counts,
 * in every order, however small the chunks and however many the threads. */
#include "fixture.h"
#include "kg/store.h" /* limits */

enum { TERMS = 90, PARTS = 12, ROWS = 500 /* a part */ };

typedef struct Sample {
    KgId terms[TERMS]; /* 0: none; some literals among them */
    uint32_t values[PARTS][3 * ROWS];
    KgColumns parts[PARTS];
} Sample;

/* Rows at random, many of them twice: some parts give all three places, some the predicate, some predicate and object.
 */
static void make_sample(KgTxn *txn, uint64_t seed, Sample *out)
{
    BaseRandom random;
    base_random_seed(&random, seed);
    for (int i = 1; i < TERMS; i++) {
        char name[24];
        snprintf(name, sizeof name, i % 9 == 0 ? "\"%d\"^^xsd:integer" : i % 7 == 0 ? "\"a literal %d\"" : "n%d", i);
        out->terms[i] = intern_field(txn, name);
    }
    out->terms[0] = KG_ANY;
    for (uint32_t part = 0; part < PARTS; part++) {
        const size_t stride = 1 + part % 3;
        out->parts[part] = (KgColumns){
            .stride = stride, .count = part == 5 ? 0 : ROWS, .note = {0, part * 3 % 5, 1 + part / 2, (float)part}};
        for (size_t i = 0; i < stride * ROWS; i++)
            out->values[part][i] = (uint32_t)base_random_below(&random, TERMS);
        for (size_t i = 0; stride == 3 && i < ROWS; i++)
            out->values[part][3 * i + 1] %= 9;
        for (size_t c = 0; c < 3; c++)
            out->parts[part].columns[c] = out->values[part] + (c < stride ? c : 0);
        if (stride < 3) {
            out->parts[part].same[1] = out->terms[1 + part % 4];
            out->parts[part].columns[2] = out->values[part] + stride - 1;
        }
        if (stride == 1)
            out->parts[part].same[2] = out->terms[20 + part];
    }
}

static KgId term_at(const Sample *sample, uint32_t part, size_t row, int c)
{
    const KgColumns *const columns = &sample->parts[part];
    return columns->same[c] != KG_ANY ? columns->same[c] : sample->terms[columns->columns[c][row * columns->stride]];
}

/* The same by single records. */
static size_t add_singly(KgTxn *txn, KgLayer layer, const Sample *sample)
{
    size_t count = 0;
    for (uint32_t part = 0; part < PARTS; part++)
        for (size_t row = 0; row < sample->parts[part].count; row++) {
            BaseError err = {0};
            bool is_new = false;
            const KgTriple triple = {term_at(sample, part, row, 0), term_at(sample, part, row, 1),
                                     term_at(sample, part, row, 2)};
            if (triple.s == KG_ANY || triple.p == KG_ANY || triple.o == KG_ANY || kg_kind(triple.s) == KG_LITERAL ||
                kg_kind(triple.p) != KG_IRI)
                continue;
            expect_ok(kg_add(txn, layer, &(KgRecord){triple, sample->parts[part].note}, &is_new, &err), &err);
            count += is_new;
        }
    return count;
}

static void describe_order(KgTxn *txn, KgLayer layer, KgOrder order, BaseBuffer *out)
{
    BaseError err = {0};
    KgScan *scan;
    KgTriple triple;
    expect_ok(kg_scan_open(txn, KG_IN(layer), (KgTriple){0}, order, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK) {
        KgNote note;
        expect_ok(kg_get(txn, layer, triple, &note, &err), &err);
        assert_true(base_buffer_format(out, "%lx %lx %lx %u %u %u %g\n", triple.s, triple.p, triple.o, note.source != 0,
                                       note.rule, note.height, (double)note.score));
    }
    kg_scan_close(scan);
}

/* All there is to see of the layer. */
static BaseBuffer describe(KgTxn *txn, KgLayer layer, const Sample *sample)
{
    BaseBuffer out = {0};
    for (KgOrder order = KG_ORDER_SPO; order <= KG_ORDER_PSO; order++)
        describe_order(txn, layer, order, &out);
    for (int i = 0; i < TERMS; i++)
        for (unsigned layers = 1; layers <= KG_ALL_LAYERS; layers++)
            assert_true(
                base_buffer_format(&out, "%lu ", count_matches(txn, layers, (KgTriple){.p = sample->terms[i]})));
    return out;
}

static BaseBuffer outcome(const Fixture *f, uint64_t seed, bool is_singly, int threads, size_t chunk_rows)
{
    BaseError err = {0};
    static Sample sample, other;
    size_t added = 0;
    f->store->limits = (KgLimits){.records = 10, .chunk_rows = chunk_rows};
    KgTxn *txn = begin_write(f->store);
    make_sample(txn, seed + 1, &other);
    make_sample(txn, seed, &sample);
    other.parts[3].count = 40; /* a triple may be in several layers */
    add_singly(txn, KG_ASSERTED, &sample);
    expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
    add_singly(txn, KG_ASSERTED, &other);
    uint32_t run = 0;
    expect_ok(kg_put_run(txn, &(KgRun){.kind = "reason", .name = "a", .text = "", .details = "{}"}, &run, &err), &err);
    assert_int_not_equal(run, 0);
    for (int part = 0; part < PARTS; part += 2)
        sample.parts[part].note.source = run;
    BaseJob job = {.threads = threads};
    if (is_singly)
        added = add_singly(txn, KG_INFERRED, &sample);
    else
        expect_ok(kg_add_columns(txn, KG_INFERRED, sample.terms, TERMS, sample.parts, PARTS, &added, &job, &err), &err);
    assert_int_equal(added, count_matches(txn, KG_IN(KG_INFERRED), (KgTriple){0}));
    assert_true(added > 1000);
    commit(txn);
    expect_sound(f->store);
    txn = begin_write(f->store);
    const BaseBuffer text = describe(txn, KG_INFERRED, &sample);
    expect_ok(kg_clear_layer(txn, KG_INFERRED, &err), &err);
    expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
    commit(txn);
    return text;
}

static void columns_give_what_single_records_give(void **state)
{
    const Fixture *const f = *state;
    static const struct {
        int threads;
        size_t chunk_rows;
    } ways[] = {{1, 0}, {1, 64}, {2, 100}, {3, 1}};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        BaseBuffer expected = outcome(f, seed, true, 1, 0);
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
            BaseBuffer found = outcome(f, seed, false, ways[i].threads, ways[i].chunk_rows);
            assert_string_equal(found.items, expected.items);
            base_buffer_free(&found);
        }
        base_buffer_free(&expected);
    }
}

static void a_layer_that_has_some_keeps_them(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    static Sample sample;
    KgTxn *const txn = begin_write(f->store);
    size_t added = 0, again = 0;
    f->store->limits.records = 10;
    make_sample(txn, 5, &sample);
    const KgRecord kept = {{sample.terms[1], sample.terms[2], sample.terms[3]}, {.rule = 99}};
    expect_ok(kg_add(txn, KG_INFERRED, &kept, NULL, &err), &err);
    sample.values[2][0] = 1; /* the same triple among those to add */
    sample.values[2][1] = 2;
    sample.values[2][2] = 3;
    expect_ok(kg_add_columns(txn, KG_INFERRED, sample.terms, TERMS, sample.parts, PARTS, &added, NULL, &err), &err);
    assert_int_equal(count_matches(txn, KG_IN(KG_INFERRED), (KgTriple){0}), added + 1);
    KgNote note;
    expect_ok(kg_get(txn, KG_INFERRED, kept.triple, &note, &err), &err);
    assert_int_equal(note.rule, 99);
    expect_ok(kg_add_columns(txn, KG_INFERRED, sample.terms, TERMS, sample.parts, PARTS, &again, NULL, &err), &err);
    assert_int_equal(again, 0);
    commit(txn);
    expect_sound(f->store);
}

/* So many terms, predicates and parts that their codes do not fit one number. */
static void codes_too_wide_for_a_number_are_added_too(void **state)
{
    enum { MANY = 1 << 16 };
    const Fixture *const f = *state;
    BaseError err = {0};
    KgId *const terms = calloc(MANY, sizeof *terms);
    uint32_t *const values = calloc(MANY + 1, sizeof *values);
    KgColumns *const parts = calloc(MANY, sizeof *parts);
    assert_true(terms && values && parts);
    KgTxn *const txn = begin_write(f->store);
    for (uint32_t i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%u", i);
        terms[i] = intern_field(txn, name);
        values[i] = i;
        parts[i] =
            (KgColumns){.columns = {values + i, values + i, values + i}, .stride = 1, .count = 1, .note.rule = i};
    }
    size_t added = 0;
    expect_ok(kg_add_columns(txn, KG_INFERRED, terms, MANY, parts, MANY, &added, NULL, &err), &err);
    assert_int_equal(added, MANY);
    KgNote note;
    expect_ok(kg_get(txn, KG_INFERRED, (KgTriple){terms[77], terms[77], terms[77]}, &note, &err), &err);
    assert_int_equal(note.rule, 77);
    kg_abort(txn);
    free(terms);
    free(values);
    free(parts);
}

static void a_term_of_no_database_is_refused(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    static Sample sample;
    KgTxn *const txn = begin_write(f->store);
    make_sample(txn, 6, &sample);
    sample.terms[8] = kg_id(KG_IRI, 1000000);
    assert_int_equal(kg_add_columns(txn, KG_INFERRED, sample.terms, TERMS, sample.parts, PARTS, NULL, NULL, &err),
                     BASE_BAD_CALL);
    expect_words(&err, "no term of the database");
    assert_int_equal(count_matches(txn, KG_ALL_LAYERS, (KgTriple){0}), 0);
    kg_abort(txn);
}

static void a_cancelled_fill_is_not_committed(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    static Sample sample;
    KgTxn *const txn = begin_write(f->store);
    f->store->limits.records = 10;
    make_sample(txn, 7, &sample);
    BaseJob job = {.cancelled = true};
    assert_int_equal(kg_add_columns(txn, KG_INFERRED, sample.terms, TERMS, sample.parts, PARTS, NULL, &job, &err),
                     BASE_CANCELLED);
    err = (BaseError){0};
    assert_int_equal(kg_commit(txn, &err), BASE_BAD_CALL);
}

static void no_rows_are_no_failure(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    size_t added = 1;
    expect_ok(kg_add_columns(txn, KG_INFERRED, NULL, 0, NULL, 0, &added, NULL, &err), &err);
    assert_int_equal(added, 0);
    commit(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(columns_give_what_single_records_give, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_layer_that_has_some_keeps_them, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(codes_too_wide_for_a_number_are_added_too, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_term_of_no_database_is_refused, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_cancelled_fill_is_not_committed, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(no_rows_are_no_failure, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
