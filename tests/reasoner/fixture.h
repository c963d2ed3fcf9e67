/* fixture.h - a fresh database in a temporary folder, facts put into it by name, programs parsed from text. */
#ifndef KGQ_TESTS_REASONER_FIXTURE_H
#define KGQ_TESTS_REASONER_FIXTURE_H

#include "expect.h"

#include "reasoner/reasoner.h"

typedef struct Fixture {
    char *folder, *path;
    KgStore *store;
} Fixture;

static inline int open_fixture(void **state)
{
    Fixture *const f = calloc(1, sizeof *f);
    BaseError err = {0};
    assert_non_null(f);
    f->folder = make_temporary_folder();
    f->path = base_join_path(f->folder, "db");
    assert_non_null(f->path);
    expect_ok(kg_open(f->path, &(KgOptions){.create = true}, &f->store, &err), &err);
    *state = f;
    return 0;
}

static inline int close_fixture(void **state)
{
    Fixture *const f = *state;
    kg_close(f->store);
    base_remove(f->folder, NULL);
    free(f->folder);
    free(f->path);
    free(f);
    return 0;
}

static inline KgTxn *begin_write(Fixture *f)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    expect_ok(kg_write_begin(f->store, &txn, &err), &err);
    return txn;
}

static inline KgTxn *begin_read(Fixture *f)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    expect_ok(kg_read_begin(f->store, &txn, &err), &err);
    return txn;
}

static inline void commit(KgTxn *txn)
{
    BaseError err = {0};
    expect_ok(kg_commit(txn, &err), &err);
}

static inline KgId intern(KgTxn *txn, const char *name)
{
    BaseError err = {0};
    BaseArena arena = {0};
    KgTerm term;
    KgId id;
    expect_ok(kg_parse_term((KgText){name, strlen(name)}, &arena, &term, &err), &err);
    expect_ok(kg_intern(txn, &term, &id, &err), &err);
    base_arena_free(&arena);
    return id;
}

/* "a p b" as an asserted fact; fields are split at blanks. */
static inline void assert_fact(KgTxn *txn, const char *fact, uint32_t import)
{
    char fields[3][200];
    BaseError err = {0};
    assert_int_equal(sscanf(fact, "%199s %199s %199[^\n]", fields[0], fields[1], fields[2]), 3);
    const KgRecord record = {{intern(txn, fields[0]), intern(txn, fields[1]), intern(txn, fields[2])},
                             {.source = import}};
    expect_ok(kg_add(txn, KG_ASSERTED, &record, NULL, &err), &err);
}

static inline ReasonerProgram *parse(const char *text)
{
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    const ReasonerText source = {"test.rls", text, strlen(text)};
    expect_ok(reasoner_parse(&source, 1, NULL, NULL, &program, &err), &err);
    return program;
}

/* The triple "a p b" of known names; p may be rdf:type. */
static inline KgTriple find_fact(KgTxn *txn, const char *fact)
{
    char fields[3][200];
    BaseError err = {0};
    KgTriple triple;
    assert_int_equal(sscanf(fact, "%199s %199s %199[^\n]", fields[0], fields[1], fields[2]), 3);
    expect_ok(kg_find_name(txn, fields[0], &triple.s, &err), &err);
    const char *const type = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>";
    expect_ok(kg_find_name(txn, strcmp(fields[1], "rdf:type") == 0 ? type : fields[1], &triple.p, &err), &err);
    expect_ok(kg_find_name(txn, fields[2], &triple.o, &err), &err);
    return triple;
}

/* Runs the program in a transaction of its own and commits. */
static inline void run_and_commit(Fixture *f, const char *text, ReasonerReport *report)
{
    BaseError err = {0};
    ReasonerProgram *const program = parse(text);
    KgTxn *const txn = begin_write(f);
    expect_ok(reasoner_run(txn, program, NULL, report, NULL, &err), &err);
    commit(txn);
    reasoner_program_free(program);
}

static inline uint64_t count_layer(KgTxn *txn, KgLayer layer)
{
    uint64_t count = 0;
    BaseError err = {0};
    expect_ok(kg_count(txn, KG_IN(layer), (KgTriple){0}, &count, &err), &err);
    return count;
}

#endif
