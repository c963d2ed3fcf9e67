/* What the last small transactions wrote, kept beside the list of tables: terms and changes are found whichever of the
 * two places they are in, in this process and the next, and a small commit writes few pages. */
#include "fixture.h"
#include "kg/create.h"
#include "kg/tail.h"
#include "kg/terms.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096

static void reopen(Fixture *f)
{
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){0});
}

static KgTriple triple_of(KgTxn *txn, int number, bool make)
{
    char field[64];
    snprintf(field, sizeof field, "thing%d", number);
    const KgId s = make ? intern_field(txn, field) : id_of(txn, field);
    const KgId p = make ? intern_field(txn, "is") : id_of(txn, "is");
    snprintf(field, sizeof field, "\"what is said of %d\"", number);
    BaseArena arena = {0};
    BaseError err = {0};
    KgTerm term;
    KgId o = KG_ANY;
    expect_ok(kg_parse_term((KgText){field, strlen(field)}, &arena, &term, &err), &err);
    expect_ok(make ? kg_intern(txn, &term, &o, &err) : kg_find(txn, &term, &o, &err), &err);
    base_arena_free(&arena);
    return (KgTriple){s, p, o};
}

static void add(KgStore *store, int number)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(store);
    expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = triple_of(txn, number, true)}, NULL, &err), &err);
    commit(txn);
}

static size_t tail_length(KgTxn *txn, KgTailPart part)
{
    BaseError err = {0};
    KgText bytes;
    expect_ok(kg_tail_read(txn, part, &bytes, &err), &err);
    return bytes.length;
}

static uint64_t format_of(KgTxn *txn)
{
    BaseError err = {0};
    uint64_t format;
    expect_ok(kg_get_number(txn, KG_FORMAT_KEY, &format, &err), &err);
    return format;
}

/* All of them are there, by text and by id. */
static void expect_all(KgTxn *txn, int count)
{
    BaseError err = {0};
    assert_int_equal(kg_term_count(txn, KG_IRI), count > 0 ? count + 1 : 0);
    assert_int_equal(kg_term_count(txn, KG_LITERAL), count);
    assert_int_equal(count_matches(txn, KG_IN(KG_ASSERTED), (KgTriple){0}), count);
    for (int i = 0; i < count; i++) {
        BaseArena arena = {0};
        KgTerm term;
        char text[64];
        const KgTriple triple = triple_of(txn, i, false);
        const int length = snprintf(text, sizeof text, "what is said of %d", i);
        assert_true(layers_hold(txn, KG_IN(KG_ASSERTED), triple));
        expect_ok(kg_term(txn, triple.o, &arena, &term, &err), &err);
        assert_int_equal(term.text.length, length);
        assert_memory_equal(term.text.bytes, text, (size_t)length);
        base_arena_free(&arena);
    }
}

static void small_transactions_are_read_from_the_tail_and_from_the_tables(void **state)
{
    Fixture *const f = *state;
    enum { COUNT = 300 };
    size_t emptied[2] = {0}, kept[2] = {0}, before[2] = {0};
    for (int i = 0; i < COUNT; i++) {
        if (i % 7 == 0)
            reopen(f);
        add(f->store, i);
        KgTxn *const txn = begin_read(f->store);
        for (int part = 0; part < 2; part++) {
            const size_t length = tail_length(txn, (KgTailPart)part);
            emptied[part] += length == 0;
            kept[part] += length > before[part];
            before[part] = length;
        }
        if (i % 10 == 0)
            expect_all(txn, i + 1);
        kg_abort(txn);
        if (i % 30 == 0)
            expect_sound(f->store);
    }
    for (int part = 0; part < 2; part++) /* both were taken many times */
        assert_true(emptied[part] >= 2 && kept[part] > COUNT / 2);
    KgTxn *const txn = begin_write(f->store); /* what it knows of its own goes on behind */
    assert_int_equal(kg_number(triple_of(txn, COUNT, true).o), COUNT);
    kg_abort(txn);
    reopen(f);
    KgTxn *const last = begin_read(f->store);
    expect_all(last, COUNT);
    kg_abort(last);
    expect_sound(f->store);
}

static void a_transaction_too_large_for_the_tail_empties_it(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    for (int i = 0; i < 3; i++)
        add(f->store, i);
    KgTxn *txn = begin_write(f->store);
    assert_true(tail_length(txn, KG_TAIL_TERMS) > 0 && tail_length(txn, KG_TAIL_CHANGES) > 0);
    for (int i = 3; i < 200; i++)
        expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = triple_of(txn, i, true)}, NULL, &err), &err);
    expect_all(txn, 200);
    expect_ok(kg_flush_terms(txn, &err), &err);
    expect_all(txn, 200);
    assert_int_equal(tail_length(txn, KG_TAIL_TERMS), 0);
    commit(txn);
    txn = begin_read(f->store);
    expect_all(txn, 200);
    kg_abort(txn);
    expect_sound(f->store);
}

static void what_was_added_and_deleted_again_leaves_nothing(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    add(f->store, 0);
    for (int turn = 0; turn < 2; turn++) { /* from the tail, then from the table of changes */
        f->store->limits.tail_bytes = turn ? 1 : 0;
        add(f->store, 1);
        f->store->limits.tail_bytes = 0;
        KgTxn *txn = begin_write(f->store);
        const KgTriple triple = triple_of(txn, 1, false);
        bool deleted;
        size_t count;
        expect_ok(kg_delete(txn, KG_ASSERTED, triple, &deleted, &err), &err);
        assert_true(deleted);
        expect_ok(kg_delete(txn, KG_ASSERTED, triple, &deleted, &err), &err);
        assert_false(deleted);
        commit(txn);
        txn = begin_read(f->store);
        assert_int_equal(count_matches(txn, KG_IN(KG_ASSERTED), (KgTriple){0}), 1);
        expect_ok(kg_delta_count(txn, &count, &err), &err);
        assert_int_equal(count, 1);
        kg_abort(txn);
        expect_sound(f->store);
    }
}

/* ---- Pages ---- */

static char *read_data(const Fixture *f, size_t *pages)
{
    char *const path = base_join_path(f->path, "data.mdb");
    struct stat found;
    const int file = open(path, O_RDONLY);
    assert_true(file >= 0 && fstat(file, &found) == 0);
    char *const bytes = malloc((size_t)found.st_size + 1);
    assert_non_null(bytes);
    assert_int_equal(read(file, bytes, (size_t)found.st_size), found.st_size);
    close(file);
    free(path);
    *pages = (size_t)found.st_size / PAGE;
    return bytes;
}

static void a_small_commit_writes_three_pages(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(f->store);
    for (int i = 0; i < 3000; i++)
        expect_ok(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = triple_of(txn, i, true)}, NULL, &err), &err);
    commit(txn);
    for (int i = 3000; i < 3010; i++) { /* so that what the large one freed is used up, or listed */
        size_t before, after, changed = 0;
        char *const old = read_data(f, &before);
        add(f->store, i);
        char *const new = read_data(f, &after);
        for (size_t page = 0; page < after; page++)
            changed += page >= before || memcmp(old + page * PAGE, new + page *PAGE, PAGE) != 0;
        if (i > 3006)
            assert_int_equal(changed, 3); /* the lists of tables and of free pages, and a meta page */
        free(old);
        free(new);
    }
}

/* ---- Versions ---- */

static void a_database_from_before_tails_gets_the_new_version_with_its_first(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    KgTxn *txn = begin_write(f->store);
    assert_int_equal(format_of(txn), 3);
    expect_ok(kg_put_number(txn, KG_FORMAT_KEY, 2, &err), &err);
    commit(txn);
    reopen(f);
    f->store->limits.tail_bytes = 1;
    add(f->store, 0);
    txn = begin_read(f->store);
    assert_int_equal(format_of(txn), 2);
    kg_abort(txn);
    f->store->limits.tail_bytes = 0;
    add(f->store, 1);
    reopen(f);
    txn = begin_read(f->store);
    assert_int_equal(format_of(txn), 3);
    expect_all(txn, 2);
    kg_abort(txn);
}

/* ---- Damage ---- */

static void put_tail(KgStore *store, KgTailPart part, KgText bytes)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(store);
    kg_want_changes_tail(txn, NULL); /* or the commit would, and find the damage */
    expect_ok(kg_tail_write(txn, part, bytes, &err), &err);
    commit(txn);
}

static void expect_damaged(BaseStatus status, const BaseError *err)
{
    assert_int_equal(status, BASE_BAD_INPUT);
    expect_words(err, "what was written last cannot be read");
}

static void a_tail_that_cannot_be_is_damage(void **state)
{
    Fixture *const f = *state;
    static const struct {
        KgTailPart part;
        KgText bytes;
    } bad[] = {
        {KG_TAIL_TERMS, KG_TEXT("\x05\x01kg:")},                                /* cut short */
        {KG_TAIL_TERMS, KG_TEXT("\x02\x07x")},                                  /* of no kind */
        {KG_TAIL_TERMS, KG_TEXT("\x02\x01x\x02\x01x")},                         /* twice the same */
        {KG_TAIL_TERMS, KG_TEXT("\xff")},                                       /* a length without its end */
        {KG_TAIL_CHANGES, KG_TEXT("\x02\x00\x01\x01")},                         /* two ids */
        {KG_TAIL_CHANGES, KG_TEXT("\x12\x00\x01\x01\x01")},                     /* unknown ops */
        {KG_TAIL_CHANGES, KG_TEXT("\x06\x00\x01\x01\x01note")},                 /* part of a note */
        {KG_TAIL_CHANGES, KG_TEXT("\x02\x00\x01\x02\x01\x02\x00\x01\x01\x01")}, /* not sorted */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        BaseError err = {0};
        KgId id;
        bool is_there;
        put_tail(f->store, bad[i].part, bad[i].bytes);
        KgTxn *const txn = begin_read(f->store);
        const KgTerm term = {.kind = KG_IRI, .text = KG_TEXT("kg:a")};
        const BaseStatus status = bad[i].part == KG_TAIL_TERMS
                                      ? kg_find(txn, &term, &id, &err)
                                      : kg_holds(txn, KG_FACTS, (KgTriple){1, 2, 3}, &is_there, &err);
        expect_damaged(status, &err);
        kg_abort(txn);
        put_tail(f->store, bad[i].part, (KgText){0});
    }
    expect_sound(f->store);
}

static void a_tail_that_does_not_fit_its_checksum_is_damage(void **state)
{
    Fixture *const f = *state;
    for (int part = 0; part < 2; part++) {
        BaseError err = {0};
        KgText bytes;
        add(f->store, part);
        KgTxn *const txn = begin_write(f->store);
        expect_ok(kg_write_changes_tail(txn, &err), &err);
        MDB_val key = {part == KG_TAIL_TERMS ? 10 : 12, part == KG_TAIL_TERMS ? "tail.terms" : "tail.changes"}, value;
        char copy[PAGE];
        assert_int_equal(mdb_get(txn->mdb, f->store->list, &key, &value), MDB_SUCCESS);
        memcpy(copy, value.mv_data, value.mv_size);
        for (size_t at = 0; at < value.mv_size; at++) {
            copy[at] ^= 4;
            MDB_val changed = {value.mv_size, copy};
            assert_int_equal(mdb_put(txn->mdb, f->store->list, &key, &changed, 0), MDB_SUCCESS);
            err = (BaseError){0};
            const BaseStatus status = kg_tail_read(txn, (KgTailPart)part, &bytes, &err);
            expect_damaged(status, &err);
            copy[at] ^= 4;
        }
        kg_abort(txn);
    }
}

static void a_term_in_the_tail_and_in_the_tables_is_a_fault(void **state)
{
    Fixture *const f = *state;
    f->store->limits.tail_bytes = 1;
    add(f->store, 0);
    put_tail(f->store, KG_TAIL_TERMS, KG_TEXT("\x0a\x01kg:thing0\x03\x03\x31\x32"));
    BaseError err = {0};
    uint64_t faults = 0;
    KgTxn *const txn = begin_read(f->store);
    assert_int_equal(kg_check(txn, &faults, NULL, NULL, &err), BASE_BAD_INPUT);
    kg_abort(txn);
    assert_int_equal(faults, 2); /* and a literal that is held in its id */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_transactions_are_read_from_the_tail_and_from_the_tables, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(a_transaction_too_large_for_the_tail_empties_it, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(what_was_added_and_deleted_again_leaves_nothing, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_small_commit_writes_three_pages, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_database_from_before_tails_gets_the_new_version_with_its_first, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(a_tail_that_cannot_be_is_damage, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_tail_that_does_not_fit_its_checksum_is_damage, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_term_in_the_tail_and_in_the_tables_is_a_fault, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
