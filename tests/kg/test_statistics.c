/* Statistics: what the passes find against a plain recount, when they are taken, and that they outlive a crash between
 * LMDB and SQLite. */
#include "fixture.h"
#include "kg/catalog.h"
#include "kg/statistics.h"

#define TERMS 40

/* Triples of a random graph over a few terms, some asserted, some inferred, some both. */
static void add_random(KgStore *store, BaseRandom *random, size_t count, uint64_t subjects, uint64_t predicates)
{
    KgTxn *const txn = begin_write(store);
    KgId ids[TERMS];
    BaseError err = {0};
    for (int i = 0; i < TERMS; i++) {
        char name[16];
        snprintf(name, sizeof name, i % 5 ? "t%d" : "\"a literal %d\"", i);
        ids[i] = intern_field(txn, name);
    }
    KgRecord *const records = calloc(count, sizeof *records);
    for (int layer = KG_ASSERTED; layer <= KG_INFERRED; layer++) {
        for (size_t i = 0; i < count; i++)
            records[i].triple = (KgTriple){ids[1 + base_random_below(random, subjects) % 39],
                                           ids[6 + 5 * base_random_below(random, predicates) % 30],
                                           ids[base_random_below(random, TERMS)]};
        expect_ok(kg_add_many(txn, (KgLayer)layer, records, count, NULL, NULL, &err), &err);
    }
    free(records);
    expect_ok(kg_refresh_statistics(txn, NULL, &err), &err);
    commit(txn);
}

/* All triples of the facts, in SPO order. */
typedef struct Facts {
    KgTriple *items;
    size_t count, capacity;
} Facts;

static Facts read_facts(KgTxn *txn)
{
    Facts facts = {0};
    KgScan *scan = NULL;
    KgTriple triple;
    BaseError err = {0};
    expect_ok(kg_scan_open(txn, KG_FACTS, (KgTriple){0}, KG_ORDER_SPO, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK)
        assert_true(BASE_PUSH(&facts, triple));
    kg_scan_close(scan);
    return facts;
}

/* Distinct values of one place among the triples with the predicate. */
static uint64_t distinct(const Facts *facts, KgId predicate, bool objects)
{
    uint64_t found = 0;
    for (size_t i = 0; i < facts->count; i++) {
        bool is_first = facts->items[i].p == predicate;
        for (size_t j = 0; j < i && is_first; j++)
            is_first = facts->items[j].p != predicate ||
                       (objects ? facts->items[j].o != facts->items[i].o : facts->items[j].s != facts->items[i].s);
        found += is_first;
    }
    return found;
}

/* Triples of subject and predicate; KG_ANY for all of the subject's. */
static uint64_t count_of(const Facts *facts, KgId subject, KgId predicate)
{
    uint64_t found = 0;
    for (size_t i = 0; i < facts->count; i++)
        found += facts->items[i].s == subject && (predicate == KG_ANY || facts->items[i].p == predicate);
    return found;
}

static bool has_exactly(const Facts *facts, KgId subject, const KgCharacteristicSet *set)
{
    uint64_t covered = 0;
    for (size_t i = 0; i < set->predicate_count; i++) {
        const uint64_t count = count_of(facts, subject, set->predicates[i]);
        if (count == 0)
            return false;
        covered += count;
    }
    return covered == count_of(facts, subject, KG_ANY);
}

static void expect_set(const Facts *facts, const KgCharacteristicSet *set)
{
    uint64_t subjects = 0;
    uint64_t *const triples = calloc(set->predicate_count, sizeof *triples);
    for (size_t i = 0; i < facts->count; i++) {
        const KgId subject = facts->items[i].s;
        if ((i > 0 && facts->items[i - 1].s == subject) || !has_exactly(facts, subject, set))
            continue;
        subjects++;
        for (size_t j = 0; j < set->predicate_count; j++)
            triples[j] += count_of(facts, subject, set->predicates[j]);
    }
    assert_int_equal(set->subjects, subjects);
    assert_true(subjects > 0);
    assert_memory_equal(set->triples, triples, set->predicate_count * sizeof *triples);
    for (size_t j = 1; j < set->predicate_count; j++)
        assert_true(set->predicates[j - 1] < set->predicates[j]);
    free(triples);
}

static void expect_right(KgStore *store)
{
    KgTxn *const txn = begin_read(store);
    BaseArena arena = {0};
    BaseError err = {0};
    KgStatistics statistics;
    KgCharacteristicSets sets;
    const Facts facts = read_facts(txn);
    expect_ok(kg_statistics(txn, &arena, &statistics, &err), &err);
    expect_ok(kg_characteristic_sets(txn, &arena, &sets, &err), &err);
    assert_true(statistics.is_current && sets.is_current);
    assert_int_equal(statistics.triples, facts.count);
    uint64_t triples = 0, subjects = 0, set_subjects = 0;
    for (size_t i = 0; i < facts.count; i++)
        subjects += i == 0 || facts.items[i - 1].s != facts.items[i].s;
    assert_int_equal(statistics.subject_count, subjects);
    assert_int_equal(statistics.row_count, statistics.predicate_count);
    for (size_t i = 0; i < statistics.row_count; i++) {
        const KgPredicateStatistics *const row = &statistics.rows[i];
        assert_int_equal(row->triples, count_matches(txn, KG_FACTS, (KgTriple){.p = row->predicate}));
        assert_int_equal(row->subjects, distinct(&facts, row->predicate, false));
        assert_int_equal(row->objects, distinct(&facts, row->predicate, true));
        triples += row->triples;
    }
    assert_int_equal(triples, facts.count);
    assert_int_equal(sets.count, statistics.set_count);
    for (size_t i = 0; i < sets.count; i++) {
        expect_set(&facts, &sets.sets[i]);
        assert_true(i == 0 || sets.sets[i - 1].subjects >= sets.sets[i].subjects);
        set_subjects += sets.sets[i].subjects;
    }
    assert_int_equal(set_subjects, subjects);
    assert_int_equal(sets.other_subjects + sets.other_triples, 0);
    free(facts.items);
    base_arena_free(&arena);
    kg_abort(txn);
}

static void they_are_what_a_plain_recount_finds(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 11);
    for (int round = 0; round < 12; round++) {
        add_random(f->store, &random, (size_t)(1 + round * 9), (uint64_t)(2 + round * 3), (uint64_t)(1 + round % 6));
        expect_right(f->store);
        expect_sound(f->store);
    }
}

static KgStatistics read_statistics(KgTxn *txn, BaseArena *arena)
{
    BaseError err = {0};
    KgStatistics statistics;
    expect_ok(kg_statistics(txn, arena, &statistics, &err), &err);
    return statistics;
}

static bool are_current(KgStore *store)
{
    BaseArena arena = {0};
    KgTxn *const txn = begin_read(store);
    const bool result = read_statistics(txn, &arena).is_current;
    kg_abort(txn);
    base_arena_free(&arena);
    return result;
}

static void an_empty_database_has_them_all_at_zero(void **state)
{
    Fixture *const f = *state;
    BaseArena arena = {0};
    KgTxn *txn = begin_read(f->store);
    KgStatistics statistics = read_statistics(txn, &arena);
    assert_true(statistics.is_current);
    assert_int_equal(statistics.triples + statistics.row_count + statistics.set_count, 0);
    kg_abort(txn);
    txn = begin_write(f->store);
    BaseError err = {0};
    expect_ok(kg_refresh_statistics(txn, NULL, &err), &err);
    commit(txn);
    assert_true(are_current(f->store));
    expect_sound(f->store);
    base_arena_free(&arena);
}

static void an_import_ends_with_them_in_place(void **state)
{
    Fixture *const f = *state;
    char *const file = base_join_path(f->folder, "a.tsv");
    const char *const files[] = {file};
    BaseError err = {0};
    write_text_file(file, "a\tp\tb\na\tp\tc\nd\tp\tb\na\tq\ta\n");
    expect_ok(kg_import(f->store, files, 1, NULL, NULL, NULL, NULL, &err), &err);
    assert_true(are_current(f->store));
    expect_right(f->store);
    write_text_file(file, "d\tq\tb\n");
    expect_ok(kg_import(f->store, files, 1, NULL, NULL, NULL, NULL, &err), &err);
    expect_right(f->store);
    free(file);
}

static void a_single_change_leaves_them_behind_and_a_refresh_brings_them_up(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 2);
    add_random(f->store, &random, 50, 9, 3);
    BaseError err = {0};
    KgTxn *txn = begin_write(f->store);
    const KgId p = intern_field(txn, "p");
    commit(txn);
    assert_true(are_current(f->store)); /* a new term is no fact */
    txn = begin_write(f->store);
    expect_ok(kg_add(txn, KG_PREDICTED, &(KgRecord){.triple = {p, p, p}}, NULL, &err), &err);
    commit(txn);
    assert_true(are_current(f->store)); /* nor is a prediction */
    txn = begin_write(f->store);
    expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {p, p, p}}, NULL, &err), &err);
    BaseArena arena = {0};
    assert_false(read_statistics(txn, &arena).is_current);
    kg_abort(txn);
    assert_true(are_current(f->store)); /* it did not come to that */
    txn = begin_write(f->store);
    expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = {p, p, p}}, NULL, &err), &err);
    commit(txn);
    assert_false(are_current(f->store));
    expect_sound(f->store);
    txn = begin_write(f->store);
    expect_ok(kg_delete(txn, KG_ASSERTED, (KgTriple){p, p, p}, NULL, &err), &err);
    commit(txn);
    assert_false(are_current(f->store)); /* as many facts as before, but who knows which */
    kg_close(f->store);
    f->store = NULL;
    expect_ok(kg_compact(f->path, NULL, NULL, &err), &err);
    f->store = open_store(f->path, (KgOptions){0});
    expect_right(f->store);
    txn = begin_read(f->store);
    assert_int_equal(kg_refresh_statistics(txn, NULL, &err), BASE_BAD_CALL);
    kg_abort(txn);
    base_arena_free(&arena);
}

static void many_at_once_bring_them_up_and_few_do_not(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    enum { MANY = 2000 };
    KgRecord *const records = calloc(MANY, sizeof *records);
    for (int round = 0; round < 2; round++) {
        KgTxn *const txn = begin_write(f->store);
        const size_t count = round == 0 ? MANY : 5;
        const KgId p = intern_field(txn, "p");
        for (size_t i = 0; i < count; i++) {
            char name[32];
            snprintf(name, sizeof name, "r%d.%zu", round, i);
            records[i] = (KgRecord){.triple = {intern_field(txn, name), p, p}};
        }
        expect_ok(kg_add_many(txn, KG_INFERRED, records, count, NULL, NULL, &err), &err);
        commit(txn);
        assert_int_equal(are_current(f->store), round == 0);
    }
    free(records);
    KgTxn *const txn = begin_write(f->store);
    expect_ok(kg_clear_layer(txn, KG_INFERRED, &err), &err);
    commit(txn);
    expect_right(f->store);
}

static void what_is_not_kept_is_in_the_remainder(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    enum { SUBJECTS = 12000 }; /* each with predicates of its own */
    KgRecord *const records = calloc(2 * SUBJECTS, sizeof *records);
    KgTxn *txn = begin_write(f->store);
    for (size_t i = 0; i < SUBJECTS; i++) {
        char name[32];
        snprintf(name, sizeof name, "n%zu", i);
        const KgId id = intern_field(txn, name);
        records[2 * i] = (KgRecord){.triple = {id, id, id}};
        records[2 * i + 1] = (KgRecord){.triple = {id, id, records[0].triple.s}};
    }
    expect_ok(kg_add_many(txn, KG_ASSERTED, records, 2 * SUBJECTS, NULL, NULL, &err), &err);
    free(records);
    commit(txn);
    BaseArena arena = {0};
    KgCharacteristicSets sets;
    txn = begin_read(f->store);
    const KgStatistics statistics = read_statistics(txn, &arena);
    expect_ok(kg_characteristic_sets(txn, &arena, &sets, &err), &err);
    assert_true(statistics.is_current);
    assert_int_equal(statistics.predicate_count, SUBJECTS);
    assert_int_equal(statistics.row_count, 10000);
    assert_int_equal(statistics.set_count, SUBJECTS);
    assert_int_equal(sets.count, 10000);
    uint64_t triples = sets.other_triples;
    for (size_t i = 0; i < sets.count; i++)
        triples += sets.sets[i].triples[0];
    assert_int_equal(sets.other_subjects, SUBJECTS - 10000);
    assert_int_equal(triples, 2 * SUBJECTS - 1);
    kg_abort(txn);
    base_arena_free(&arena);
    expect_sound(f->store);
}

static void a_crash_between_the_two_commits_loses_none_of_them(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 5);
    add_random(f->store, &random, 200, 30, 6);
    f->store->stop_before_catalog = true;
    add_random(f->store, &random, 90, 12, 4);
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){.read_only = true}); /* replays it in memory */
    expect_right(f->store);
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){0});
    expect_right(f->store);
    expect_sound(f->store);
}

static void check_finds_statistics_that_are_wrong(void **state)
{
    Fixture *const f = *state;
    static const char *const changes[] = {
        "UPDATE predicate_statistics SET objects = objects + 1",
        "DELETE FROM characteristic_set WHERE id = 0",
        "UPDATE characteristic_set SET predicates = x'ffffffffffffffffffffff01' WHERE id = 0",
        "UPDATE statistics SET subjects = 0",
    };
    char *const path = base_join_path(f->path, "catalog.db");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        BaseRandom random;
        base_random_seed(&random, i);
        add_random(f->store, &random, 100, 20, 4);
        expect_sound(f->store);
        sqlite3 *db;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        BaseError err = {0};
        uint64_t faults;
        KgTxn *const txn = begin_read(f->store);
        assert_int_equal(kg_check(txn, &faults, NULL, NULL, &err), BASE_BAD_INPUT);
        assert_int_equal(faults, 1);
        kg_abort(txn);
    }
    free(path);
}

static void taking_them_can_be_cancelled(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 7);
    add_random(f->store, &random, 100, 20, 4);
    BaseJob job = {.cancelled = true};
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    assert_int_equal(kg_refresh_statistics(txn, &job, &err), BASE_CANCELLED);
    commit(txn); /* nothing was half done */
    expect_right(f->store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_are_what_a_plain_recount_finds, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(an_empty_database_has_them_all_at_zero, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(an_import_ends_with_them_in_place, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_single_change_leaves_them_behind_and_a_refresh_brings_them_up, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(many_at_once_bring_them_up_and_few_do_not, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(what_is_not_kept_is_in_the_remainder, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_crash_between_the_two_commits_loses_none_of_them, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(check_finds_statistics_that_are_wrong, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(taking_them_can_be_cancelled, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
