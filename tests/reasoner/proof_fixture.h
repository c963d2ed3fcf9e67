/* proof_fixture.h - a family and a shop to reason about, and proofs that are checked when they are asked for. */
#ifndef KGQ_TESTS_REASONER_PROOF_FIXTURE_H
#define KGQ_TESTS_REASONER_PROOF_FIXTURE_H

#include "fixture.h"
#include "proof_world.h"

#define PRICES                                                                                                         \
    "price(bread, 3). price(milk, 2). price(salt, 1). price(wine, 12).\n"                                              \
    "buys(ann, bread). buys(ann, milk). buys(ann, salt). buys(bob, wine). buys(bob, milk).\n"

static inline void assert_family(Fixture *f)
{
    KgTxn *const txn = begin_write(f);
    assert_fact(txn, "ann child_of bob", 3);
    assert_fact(txn, "bob child_of cid", 4);
    assert_fact(txn, "cid child_of dan", 3);
    assert_fact(txn, "eve child_of bob", 3);
    commit(txn);
}

static const char *rules; /* that ran last */

static inline void run_rules(Fixture *f, const char *text)
{
    rules = text;
    run_and_commit(f, text, NULL);
}

static inline ReasonerExplanation prove(KgTxn *txn, const char *fact, bool all)
{
    BaseError err = {0};
    ReasonerExplanation explanation = {0};
    expect_ok(reasoner_prove(txn, find_fact(txn, fact), &(ReasonerProveOptions){.all = all}, &explanation, &err), &err);
    const ProofWorld world = database_world(txn, rules);
    expect_sound(&world, &explanation);
    return explanation;
}

#endif
