/* fixture.h - a fresh database in a temporary folder for each test, and short ways to put terms into it. */
#ifndef KGQ_TESTS_KG_FIXTURE_H
#define KGQ_TESTS_KG_FIXTURE_H

#include "expect.h"
#include "kg/kg.h"

typedef struct Fixture {
    char *folder; /* temporary */
    char *path;   /* of the database in it */
    KgStore *store;
} Fixture;

static inline KgStore *open_store(const char *path, KgOptions options)
{
    BaseError err = {0};
    KgStore *store = NULL;
    expect_ok(kg_open(path, &options, &store, &err), &err);
    assert_non_null(store);
    return store;
}

static inline int make_fixture(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    f->folder = make_temporary_folder();
    f->path = base_join_path(f->folder, "db");
    f->store = open_store(f->path, (KgOptions){.create = true});
    *state = f;
    return 0;
}

static inline int drop_fixture(void **state)
{
    Fixture *const f = *state;
    kg_close(f->store);
    BaseError err = {0};
    const BaseStatus status = base_remove(f->folder, &err);
    free(f->path);
    free(f->folder);
    free(f);
    return status == BASE_OK ? 0 : -1;
}

static inline KgTxn *begin_read(KgStore *store)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    expect_ok(kg_read_begin(store, &txn, &err), &err);
    return txn;
}

static inline KgTxn *begin_write(KgStore *store)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    expect_ok(kg_write_begin(store, &txn, &err), &err);
    return txn;
}

static inline void commit(KgTxn *txn)
{
    BaseError err = {0};
    expect_ok(kg_commit(txn, &err), &err);
}

static inline KgId intern_field(KgTxn *txn, const char *field)
{
    BaseError err = {0};
    BaseArena arena = {0};
    KgTerm term;
    KgId id = KG_ANY;
    expect_ok(kg_parse_term((KgText){field, strlen(field)}, &arena, &term, &err), &err);
    expect_ok(kg_intern(txn, &term, &id, &err), &err);
    base_arena_free(&arena);
    return id;
}

static inline KgId id_of(KgTxn *txn, const char *field)
{
    BaseError err = {0};
    KgId id = KG_ANY;
    expect_ok(kg_find_name(txn, field, &id, &err), &err);
    return id;
}

static inline uint64_t count_matches(KgTxn *txn, unsigned layers, KgTriple pattern)
{
    BaseError err = {0};
    uint64_t count = 0;
    expect_ok(kg_count(txn, layers, pattern, &count, &err), &err);
    return count;
}

static inline bool layers_hold(KgTxn *txn, unsigned layers, KgTriple triple)
{
    BaseError err = {0};
    bool is_there = false;
    expect_ok(kg_holds(txn, layers, triple, &is_there, &err), &err);
    return is_there;
}

static inline void print_fault(void *context, const BaseError *error)
{
    (void)context;
    base_error_print(stderr, error);
}

/* kg_check finds nothing. */
static inline void expect_sound(KgStore *store)
{
    BaseError err = {0};
    uint64_t faults = 0;
    KgTxn *const txn = begin_read(store);
    expect_ok(kg_check(txn, &faults, &(BaseSink){.report = print_fault}, NULL, &err), &err);
    assert_int_equal(faults, 0);
    kg_abort(txn);
}

#endif
