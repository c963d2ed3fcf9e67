/* The dictionary: dense numbers, long terms, hashes that collide, names that are nearly right. */
#include "fixture.h"
#include "kg/store.h" /* hash_mask: fewer bits make collisions */
#include "kg/terms.h"

static KgTerm long_term(char *text, size_t length, char ending)
{
    memset(text, 'x', length);
    text[length - 1] = ending;
    return (KgTerm){.kind = KG_LITERAL, .text = {text, length}};
}

static void numbers_are_dense_within_each_kind(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn = begin_write(f->store);
    assert_true(intern_field(txn, "a") == kg_id(KG_IRI, 0));
    assert_true(intern_field(txn, "\"a literal that is long\"") == kg_id(KG_LITERAL, 0));
    assert_true(intern_field(txn, "b") == kg_id(KG_IRI, 1));
    assert_true(intern_field(txn, "a") == kg_id(KG_IRI, 0));
    assert_true(intern_field(txn, "_:a") == kg_id(KG_BLANK, 0));
    commit(txn);
    txn = begin_write(f->store);
    assert_true(intern_field(txn, "b") == kg_id(KG_IRI, 1)); /* found in LMDB, not in the cache */
    assert_true(intern_field(txn, "c") == kg_id(KG_IRI, 2));
    assert_int_equal(kg_term_count(txn, KG_IRI), 3);
    assert_int_equal(kg_term_count(txn, KG_BLANK), 1);
    assert_int_equal(kg_term_count(txn, KG_LITERAL), 1);
    kg_abort(txn);
    txn = begin_read(f->store);
    assert_int_equal(kg_term_count(txn, KG_IRI), 2);
    kg_abort(txn);
}

static void literals_differ_by_text_datatype_and_language(void **state)
{
    Fixture *const f = *state;
    KgTxn *const txn = begin_write(f->store);
    static const char *const fields[] = {"\"a\"",   "\"a\"@en", "\"a\"@de",        "\"a\"^^<urn:en>",
                                         "\"aen\"", "\"\"@a",   "\"longer text\"", "\"longer text\"@en"};
    enum { COUNT = sizeof fields / sizeof *fields };
    KgId ids[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        ids[i] = intern_field(txn, fields[i]);
        assert_int_equal(kg_kind(ids[i]), KG_LITERAL);
        for (size_t j = 0; j < i; j++)
            assert_true(ids[i] != ids[j]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        BaseBuffer out = {0};
        BaseError err = {0};
        expect_ok(kg_write_term(txn, ids[i], KG_SYNTAX_NAME, &out, &err), &err);
        assert_string_equal(out.items, fields[i]);
        base_buffer_free(&out);
    }
    kg_abort(txn);
}

static void terms_may_be_very_long(void **state)
{
    Fixture *const f = *state;
    enum { LENGTH = 3000000 };
    BaseError err = {0};
    char *const text = malloc(LENGTH);
    KgTxn *txn = begin_write(f->store);
    for (size_t length = 400; length <= LENGTH; length = length * 3 / 2) {
        KgId ids[2], found;
        for (int i = 0; i < 2; i++) {
            const KgTerm term = long_term(text, length, i ? 'a' : 'b');
            expect_ok(kg_intern(txn, &term, &ids[i], &err), &err);
            expect_ok(kg_find(txn, &term, &found, &err), &err);
            assert_true(found == ids[i]);
        }
        assert_true(ids[0] != ids[1]);
        KgTerm back;
        BaseArena arena = {0};
        expect_ok(kg_term(txn, ids[1], &arena, &back, &err), &err);
        assert_int_equal(back.text.length, length);
        assert_memory_equal(back.text.bytes, text, length);
        base_arena_free(&arena);
    }
    commit(txn);
    expect_sound(f->store);
    free(text);
}

static void terms_whose_hashes_collide_stay_apart(void **state)
{
    Fixture *const f = *state;
    f->store->hash_mask = 7;
    BaseError err = {0};
    enum { COUNT = 500 };
    for (int round = 0; round < 2; round++) {
        KgTxn *const txn = begin_write(f->store);
        for (int i = 0; i < COUNT; i++) {
            char name[16];
            snprintf(name, sizeof name, "n%d", i);
            assert_true(intern_field(txn, name) == kg_id(KG_IRI, (uint64_t)i));
        }
        commit(txn);
    }
    KgTxn *const txn = begin_read(f->store);
    KgId id;
    const KgTerm absent = {.kind = KG_IRI, .text = KG_TEXT("kg:absent")};
    assert_int_equal(kg_find(txn, &absent, &id, &err), BASE_NOT_FOUND);
    assert_int_equal(err.status, BASE_OK); /* untouched */
    for (int i = 0; i < COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        assert_true(id_of(txn, name) == kg_id(KG_IRI, (uint64_t)i));
    }
    kg_abort(txn);
    expect_sound(f->store);
}

/* Term number `i` of a long list: each kind, some longer than a block. The text is the caller's to free. */
static KgTerm listed_term(int i, char **text)
{
    const size_t length =
        (size_t)asprintf(text, "term number %d of the list%*s", i, i % 97 == 5 ? 3000 * (i % 4) : 1, "");
    return (KgTerm){.kind = (KgKind)(KG_IRI + i % 3), .text = {*text, length}};
}

static void expect_listed(KgTxn *txn, int i, KgId id)
{
    BaseError err = {0};
    BaseArena arena = {0};
    char *text;
    KgTerm back;
    KgId found;
    const KgTerm term = listed_term(i, &text);
    expect_ok(kg_find(txn, &term, &found, &err), &err);
    assert_true(found == id);
    expect_ok(kg_term(txn, id, &arena, &back, &err), &err);
    assert_int_equal(back.text.length, term.text.length);
    assert_memory_equal(back.text.bytes, term.text.bytes, term.text.length);
    base_arena_free(&arena);
    free(text);
}

/* Terms go into the tables in the middle of a transaction, hashes are packed and wait in turn; what is read is there
 * whichever way it went, also where hashes collide. */
static void terms_are_read_while_pending_and_after_they_went_to_the_tables(void **state)
{
    Fixture *const f = *state;
    enum { COUNT = 900 };
    static KgId ids[COUNT];
    BaseRandom random;
    base_random_seed(&random, 5);
    f->store->hash_mask = 63;
    f->store->limits = (KgLimits){.known_bytes = 3000, .new_hashes = 40};
    KgTxn *txn = begin_write(f->store);
    int committed = 0;
    for (int i = 0; i < COUNT; i++) {
        BaseError err = {0};
        char *text;
        const KgTerm term = listed_term(i, &text);
        expect_ok(kg_intern(txn, &term, &ids[i], &err), &err);
        free(text);
        assert_true(ids[i] == kg_id(term.kind, (uint64_t)i / 3));
        expect_listed(txn, i, ids[i]);
        const int before = (int)base_random_below(&random, (uint64_t)i + 1);
        expect_listed(txn, before, ids[before]);
        if (i % 150 == 149 || i + 1 == COUNT) {
            commit(txn);
            txn = begin_write(f->store);
            committed = i + 1;
        } else if (i % 150 == 100) { /* numbers given since the commit are given again */
            kg_abort(txn);
            txn = begin_write(f->store);
            f->store->limits.known_bytes += 4000;
            for (int kept = committed; kept < committed + 101; kept++) {
                const KgTerm again = listed_term(kept, &text);
                expect_ok(kg_intern(txn, &again, &ids[kept], &err), &err);
                assert_true(ids[kept] == kg_id(again.kind, (uint64_t)kept / 3));
                free(text);
            }
        }
    }
    kg_abort(txn);
    txn = begin_read(f->store);
    for (int i = 0; i < COUNT; i++)
        expect_listed(txn, i, ids[i]);
    kg_abort(txn);
    expect_sound(f->store);
}

static void unknown_ids_and_kinds_are_refused(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTerm term;
    KgId id;
    BaseArena arena = {0};
    KgTxn *txn = begin_read(f->store);
    assert_int_equal(kg_term(txn, kg_id(KG_IRI, 0), &arena, &term, &err), BASE_NOT_FOUND);
    assert_int_equal(kg_term(txn, KG_ANY, &arena, &term, NULL), BASE_NOT_FOUND);
    const KgTerm good = {.kind = KG_IRI, .text = KG_TEXT("kg:x")}, bad = {.kind = (KgKind)9, .text = KG_TEXT("x")};
    assert_int_equal(kg_intern(txn, &good, &id, NULL), BASE_BAD_CALL); /* a read transaction */
    assert_int_equal(kg_find(txn, &bad, &id, NULL), BASE_BAD_CALL);
    kg_abort(txn);
}

static void a_name_that_is_nearly_right_is_told_its_neighbours(void **state)
{
    Fixture *const f = *state;
    KgTxn *const txn = begin_write(f->store);
    static const char *const names[] = {"entity.n.01", "dog.n.01", "dog.n.02", "cat.n.01", "dogma.n.01"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        intern_field(txn, names[i]);
    KgId id;
    BaseError err = {0};
    assert_int_equal(kg_find_name(txn, "dog.n.09", &id, &err), BASE_NOT_FOUND);
    assert_string_equal(err.message, "no term dog.n.09 in the database");
    expect_words(&err, "did you mean dog.n.01");
    err = (BaseError){0};
    assert_int_equal(kg_find_name(txn, "something quite different", &id, &err), BASE_NOT_FOUND);
    assert_string_equal(err.hint, "");
    err = (BaseError){0};
    assert_int_equal(kg_find_name(txn, "\"open", &id, &err), BASE_BAD_INPUT);
    err = (BaseError){0};
    assert_int_equal(kg_find_name(txn, "\"dog.n.01\"", &id, &err), BASE_NOT_FOUND); /* a literal, not the name */
    kg_abort(txn);
}

static void expect_name(KgTxn *txn, KgId id, uint64_t number)
{
    BaseError err = {0};
    BaseArena arena = {0};
    KgTerm borrowed, copied;
    char name[64];
    const int length =
        snprintf(name, sizeof name, "kg:name.%llu.%llu", (unsigned long long)(number % 90), (unsigned long long)number);
    expect_ok(kg_term(txn, id, &arena, &copied, &err), &err);
    expect_ok(kg_borrow_term(txn, id, &borrowed, &err), &err);
    assert_int_equal(borrowed.kind, KG_IRI);
    assert_int_equal(borrowed.text.length, length);
    assert_memory_equal(borrowed.text.bytes, name, (size_t)length);
    assert_string_equal(copied.text.bytes, name);
    base_arena_free(&arena);
}

static void terms_are_read_in_any_order(void **state)
{
    enum { NAMES = 9000 };
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 5);
    KgTxn *txn = begin_write(f->store);
    for (uint64_t i = 0; i < NAMES; i++) {
        char name[64];
        snprintf(name, sizeof name, "name.%d.%d", (int)i % 90, (int)i);
        assert_true(intern_field(txn, name) == kg_id(KG_IRI, i));
        if (i % 1000 == 0) /* while others are new */
            expect_name(txn, kg_id(KG_IRI, i / 2), i / 2);
    }
    commit(txn);
    txn = begin_read(f->store);
    for (uint64_t i = 0; i < NAMES; i += 1 + base_random_below(&random, 40))
        expect_name(txn, kg_id(KG_IRI, i), i);
    for (int i = 0; i < 3000; i++) {
        const uint64_t number = base_random_below(&random, NAMES);
        expect_name(txn, kg_id(KG_IRI, number), number);
        if (number > 30) /* a little before */
            expect_name(txn, kg_id(KG_IRI, number - number % 30), number - number % 30);
    }
    BaseError err = {0};
    KgTerm term;
    assert_int_equal(kg_borrow_term(txn, kg_id(KG_IRI, NAMES), &term, &err), BASE_NOT_FOUND);
    kg_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_are_dense_within_each_kind, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(literals_differ_by_text_datatype_and_language, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(terms_are_read_in_any_order, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(terms_may_be_very_long, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(terms_whose_hashes_collide_stay_apart, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(terms_are_read_while_pending_and_after_they_went_to_the_tables, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(unknown_ids_and_kinds_are_refused, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_name_that_is_nearly_right_is_told_its_neighbours, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
