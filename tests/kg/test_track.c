/* Tracking: net changes of what is asserted, in the transaction of the change; when it is given up; databases without
 * it; and the finder, against scans. */
#include "fixture.h"
#include "kg/store.h"

static KgTriple triple_of(KgTxn *txn, const char *s, const char *p, const char *o)
{
    return (KgTriple){intern_field(txn, s), intern_field(txn, p), intern_field(txn, o)};
}

static void put(KgTxn *txn, KgLayer layer, const char *name, bool is_there)
{
    BaseError err = {0};
    const KgRecord record = {triple_of(txn, name, "p", "o"), {0}};
    if (is_there)
        expect_ok(kg_add(txn, layer, &record, NULL, &err), &err);
    else
        expect_ok(kg_delete(txn, layer, record.triple, NULL, &err), &err);
}

static void begin_tracking(KgTxn *txn)
{
    BaseError err = {0};
    const KgTracking wanted = {.run = 7, .flags = 5, .text = KG_TEXT("a(?x) :- b(?x).")};
    expect_ok(kg_track(txn, &wanted, &err), &err);
}

static KgTracking tracking_of(KgTxn *txn)
{
    BaseError err = {0};
    KgTracking tracking;
    expect_ok(kg_tracking(txn, &tracking, &err), &err);
    return tracking;
}

static void net_changes_are_kept_over_commits(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgChanged *changes;
    size_t count;
    KgTxn *txn = begin_write(f->store);
    put(txn, KG_ASSERTED, "old", true);
    put(txn, KG_ASSERTED, "kept", true);
    assert_false(tracking_of(txn).is_on);
    begin_tracking(txn);
    assert_int_equal(tracking_of(txn).changes, 0);
    commit(txn);
    txn = begin_write(f->store);
    put(txn, KG_ASSERTED, "new", true);
    put(txn, KG_ASSERTED, "old", false);
    put(txn, KG_ASSERTED, "kept", false);
    commit(txn);
    txn = begin_write(f->store);
    put(txn, KG_ASSERTED, "kept", true);
    put(txn, KG_ASSERTED, "brief", true);
    put(txn, KG_ASSERTED, "brief", false);
    put(txn, KG_ASSERTED, "old", false); /* not there */
    put(txn, KG_PREDICTED, "other", true);
    commit(txn);
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    const KgTracking tracking = tracking_of(txn);
    assert_true(tracking.is_on && !tracking.is_lost);
    assert_int_equal(tracking.run, 7);
    assert_int_equal(tracking.flags, 5);
    assert_int_equal(tracking.text.length, 15);
    assert_memory_equal(tracking.text.bytes, "a(?x) :- b(?x).", 15);
    assert_int_equal(tracking.changes, 2);
    expect_ok(kg_tracked(txn, &changes, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_true(changes[0].was_there != changes[1].was_there);
    free(changes);
    kg_abort(txn);
}

static void bulk_changes_are_tracked_until_they_are_too_many(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgChanged *changes;
    size_t count, added = 0;
    enum { MANY = 120000, SOME = 3000 };
    KgRecord *const records = calloc(MANY, sizeof *records);
    assert_non_null(records);
    KgTxn *txn = begin_write(f->store);
    put(txn, KG_ASSERTED, "old", true);
    begin_tracking(txn);
    const KgTriple base = triple_of(txn, "s", "p", "\"1\"^^<http://www.w3.org/2001/XMLSchema#integer>");
    for (uint32_t i = 0; i < SOME; i++)
        records[i] = (KgRecord){{base.s, base.p, base.o + i}, {.source = 1}};
    expect_ok(kg_add_many(txn, KG_ASSERTED, records, SOME, &added, NULL, &err), &err);
    assert_int_equal(added, SOME);
    commit(txn);
    txn = begin_write(f->store);
    KgTriple *const gone = calloc(SOME, sizeof *gone);
    assert_non_null(gone);
    for (uint32_t i = 0; i < SOME; i++)
        gone[i] = (KgTriple){base.s, base.p, base.o + 500 + i};
    expect_ok(kg_delete_many(txn, KG_ASSERTED, gone, SOME, &added, NULL, &err), &err);
    assert_int_equal(added, SOME - 500);
    expect_ok(kg_tracked(txn, &changes, &count, &err), &err);
    assert_int_equal(count, 500);
    assert_false(changes[499].was_there);
    free(changes);
    free(gone);
    for (uint32_t i = 0; i < MANY; i++)
        records[i] = (KgRecord){{base.s, base.p, base.o + i}, {.source = 1}};
    expect_ok(kg_add_many(txn, KG_ASSERTED, records, MANY, NULL, NULL, &err), &err);
    assert_true(tracking_of(txn).is_lost);
    assert_int_equal(tracking_of(txn).changes, 0);
    begin_tracking(txn);
    assert_false(tracking_of(txn).is_lost);
    commit(txn);
    free(records);
}

static void it_is_given_up_when_others_change_what_is_inferred(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *txn = begin_write(f->store);
    begin_tracking(txn);
    put(txn, KG_INFERRED, "a", true);
    assert_true(tracking_of(txn).is_lost);
    begin_tracking(txn);
    expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
    assert_true(tracking_of(txn).is_lost);
    expect_ok(kg_track_stop(txn, &err), &err);
    assert_false(tracking_of(txn).is_on);
    commit(txn);
}

static void a_database_that_never_tracked_reads_as_such(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgChanged *changes;
    size_t count;
    KgTxn *txn = begin_write(f->store);
    put(txn, KG_ASSERTED, "a", true);
    commit(txn);
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    assert_false(tracking_of(txn).is_on);
    expect_ok(kg_tracked(txn, &changes, &count, &err), &err);
    assert_int_equal(count, 0);
    free(changes);
    KgTxn *const writer = begin_write(f->store); /* makes the table while the reader looks at an older snapshot */
    begin_tracking(writer);
    put(writer, KG_ASSERTED, "b", true);
    commit(writer);
    assert_false(tracking_of(txn).is_on);
    kg_abort(txn);
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    assert_int_equal(tracking_of(txn).changes, 1);
    kg_abort(txn);
    expect_sound(f->store);
}

static int calls;
static BaseStatus count_call(void *context, KgTxn *txn, BaseError *err)
{
    calls++;
    put(txn, KG_INFERRED, "derived", true);
    return context ? base_fail(err, BASE_BAD_INPUT, "no") : BASE_OK;
}

static void the_call_before_a_commit_writes_and_may_refuse(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    calls = 0;
    kg_before_commit(f->store, count_call, NULL);
    KgTxn *txn = begin_write(f->store);
    put(txn, KG_ASSERTED, "a", true);
    commit(txn);
    assert_int_equal(calls, 0); /* nothing is tracked */
    txn = begin_write(f->store);
    begin_tracking(txn);
    commit(txn);
    assert_int_equal(calls, 0);
    txn = begin_write(f->store);
    put(txn, KG_ASSERTED, "b", true);
    commit(txn);
    assert_int_equal(calls, 1);
    txn = begin_write(f->store);
    begin_tracking(txn);
    commit(txn);
    kg_before_commit(f->store, count_call, f);
    txn = begin_write(f->store);
    put(txn, KG_ASSERTED, "c", true);
    assert_int_equal(kg_commit(txn, &err), BASE_BAD_INPUT);
    expect_ok(kg_read_begin(f->store, &txn, &(BaseError){0}), &err);
    uint64_t count;
    kg_count(txn, KG_FACTS, (KgTriple){0}, &count, NULL);
    assert_int_equal(count, 3); /* a, b, derived */
    kg_abort(txn);
}

static void the_finder_finds_what_scans_find(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    BaseRandom random;
    KgTriple names[6];
    enum { FEW = 6, ROUNDS = 400 };
    base_random_seed(&random, 3);
    f->store->limits.changes = 40; /* so that some are packed, and some are not */
    KgTxn *txn = begin_write(f->store);
    static const char *const texts[FEW] = {"a", "b", "c", "d", "e", "f"};
    for (int i = 0; i < FEW; i++)
        names[i] = triple_of(txn, texts[i], texts[i], texts[i]);
    commit(txn);
    for (int round = 0; round < 8; round++) {
        txn = begin_write(f->store);
        for (int i = 0; i < 15; i++) {
            const KgRecord record = {{names[base_random_below(&random, FEW)].s,
                                      names[base_random_below(&random, FEW)].s,
                                      names[base_random_below(&random, FEW)].s},
                                     {.source = 1, .rule = (uint32_t)i, .height = (uint32_t)round + 1}};
            expect_ok(base_random_below(&random, 3) ? kg_add(txn, KG_INFERRED, &record, NULL, &err)
                                                    : kg_delete(txn, KG_INFERRED, record.triple, NULL, &err),
                      &err);
        }
        commit(txn);
    }
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    KgFinder *finder = NULL;
    expect_ok(kg_finder_open(txn, KG_INFERRED, &finder, &err), &err);
    for (int round = 0; round < ROUNDS; round++) {
        KgId ids[3];
        for (int i = 0; i < 3; i++)
            ids[i] = base_random_below(&random, 2) ? names[base_random_below(&random, FEW)].s : KG_ANY;
        const KgTriple pattern = {ids[0], ids[1], ids[2]};
        uint64_t expected = 0, found = 0;
        KgTriple triple;
        KgNote note, kept;
        BaseStatus status;
        expect_ok(kg_count(txn, KG_IN(KG_INFERRED), pattern, &expected, &err), &err);
        expect_ok(kg_finder_seek(finder, pattern, &err), &err);
        while ((status = kg_finder_next(finder, &triple, &note, &err)) == BASE_OK) {
            expect_ok(kg_get(txn, KG_INFERRED, triple, &kept, &err), &err);
            assert_memory_equal(&note, &kept, sizeof note);
            assert_true((!ids[0] || ids[0] == triple.s) && (!ids[1] || ids[1] == triple.p) &&
                        (!ids[2] || ids[2] == triple.o));
            found++;
        }
        assert_int_equal(status, BASE_END);
        assert_int_equal(found, expected);
    }
    kg_finder_close(finder);
    kg_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(net_changes_are_kept_over_commits, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(bulk_changes_are_tracked_until_they_are_too_many, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(it_is_given_up_when_others_change_what_is_inferred, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_database_that_never_tracked_reads_as_such, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(the_call_before_a_commit_writes_and_may_refuse, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(the_finder_finds_what_scans_find, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
