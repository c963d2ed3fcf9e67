/* proof_world.h - proofs of the reasoner handed to the proof checker, and a database as the world they speak of. */
#ifndef KGQ_TESTS_PROOF_WORLD_H
#define KGQ_TESTS_PROOF_WORLD_H

#include "expect.h"
#include "proof_checker.h"

#include "reasoner/reasoner.h"

static inline const char *proof_kind_name(ReasonerProofKind kind)
{
    static const char *const names[] = {
        [REASONER_ASSERTED] = "asserted", [REASONER_DERIVED] = "derived",   [REASONER_NEGATED] = "negated",
        [REASONER_COMPARED] = "compared", [REASONER_SHARED] = "shared",     [REASONER_MISSING] = "missing",
        [REASONER_MATCH] = "match",       [REASONER_UNTESTED] = "untested", [REASONER_LOST] = "lost"};
    return names[kind];
}

static inline ProofStep *new_proof_step(BaseArena *arena, const ReasonerProof *proof)
{
    ProofStep *const step = base_arena_alloc(arena, 1, sizeof *step);
    assert_non_null(step);
    *step = (ProofStep){.kind = proof_kind_name(proof->kind),
                        .text = proof->text,
                        .terms = proof->terms,
                        .term_count = proof->term_count,
                        .rule_text = proof->rule_text,
                        .number = proof->number,
                        .height = proof->height,
                        .left_out = proof->left_out,
                        .premise_count = proof->child_count};
    return step;
}

/* The tree as the checker takes it; nodes wait in a list, for proofs may be deep. */
static inline ProofStep *copy_proof(BaseArena *arena, const ReasonerProof *root)
{
    struct {
        struct {
            const ReasonerProof *proof;
            ProofStep *step;
        } * items;
        size_t count, capacity;
    } waiting = {0};
    ProofStep *const out = new_proof_step(arena, root);
    assert_true(BASE_RESERVE(&waiting, 1));
    waiting.items[waiting.count].proof = root;
    waiting.items[waiting.count++].step = out;
    while (waiting.count > 0) {
        const ReasonerProof *const proof = waiting.items[--waiting.count].proof;
        ProofStep *const step = waiting.items[waiting.count].step;
        ProofStep **const premises = base_arena_alloc(arena, proof->child_count + 1, sizeof *premises);
        assert_true(premises && BASE_RESERVE(&waiting, waiting.count + proof->child_count));
        step->premises = premises;
        for (size_t i = 0; i < proof->child_count; i++) {
            premises[i] = new_proof_step(arena, proof->children[i]);
            waiting.items[waiting.count].proof = proof->children[i];
            waiting.items[waiting.count++].step = premises[i];
        }
    }
    free(waiting.items);
    return out;
}

/* All proofs of the explanation are sound. */
static inline void expect_sound(const ProofWorld *world, const ReasonerExplanation *explanation)
{
    BaseArena arena = {0};
    size_t unchecked = 0;
    const size_t count = explanation->count + explanation->other_count;
    ProofStep **const roots = base_arena_alloc(&arena, count + 1, sizeof *roots);
    assert_non_null(roots);
    for (size_t i = 0; i < explanation->count; i++)
        roots[i] = copy_proof(&arena, explanation->items[i]);
    for (size_t i = 0; i < explanation->other_count; i++)
        roots[explanation->count + i] = copy_proof(&arena, explanation->others[i]);
    const char *const wrong = check_proofs(world, roots, count, &unchecked);
    if (wrong)
        fail_msg("the proof is not sound: %s\n%s", wrong, world->rules);
    assert_int_equal(unchecked, 0);
    base_arena_free(&arena);
}

static inline void expect_misses(const ProofWorld *world, const ReasonerExplanation *explanation)
{
    BaseArena arena = {0};
    for (size_t i = 0; i < explanation->count; i++) {
        const char *const wrong = check_miss(world, copy_proof(&arena, explanation->items[i]), NULL);
        if (wrong) {
            reasoner_print_proof(stderr, explanation->items[i], NULL);
            fail_msg("the near miss is none: %s\n%s", wrong, world->rules);
        }
    }
    base_arena_free(&arena);
}

/* ---- A database as the world ---------------------------------------------------------------------------------- */

static inline KgId find_word(KgTxn *txn, const char *word)
{
    const char *const name = strcmp(word, "rdf:type") == 0 ? "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>" : word;
    KgId id = KG_ANY;
    return kg_find_name(txn, name, &id, NULL) == BASE_OK ? id : KG_ANY;
}

static inline bool database_gives(void *context, const char *const *terms, size_t count)
{
    KgTxn *const txn = context;
    bool holds = false;
    if (count != 3)
        return false;
    const KgTriple triple = {find_word(txn, terms[0]), find_word(txn, terms[1]), find_word(txn, terms[2])};
    if (triple.s == KG_ANY || triple.p == KG_ANY || triple.o == KG_ANY)
        return false;
    expect_ok(kg_holds(txn, KG_IN(KG_ASSERTED), triple, &holds, NULL), NULL);
    return holds;
}

static inline void database_visit(void *context, const char *const *pattern, size_t count, ProofVisit *take,
                                  void *taker)
{
    KgTxn *const txn = context;
    KgTriple wanted = {0}, triple;
    KgId *const ids[3] = {&wanted.s, &wanted.p, &wanted.o};
    KgScan *scan = NULL;
    BaseError err = {0};
    bool goes_on = true;
    if (count != 3) /* what is inside a program is not stored */
        return;
    for (int i = 0; i < 3; i++)
        if (pattern[i] && (*ids[i] = find_word(txn, pattern[i])) == KG_ANY)
            return;
    expect_ok(kg_scan_open(txn, KG_FACTS, wanted, KG_ORDER_BEST, &scan, &err), &err);
    while (goes_on && kg_scan_next(scan, &triple, &err) == BASE_OK) {
        const KgId found[3] = {triple.s, triple.p, triple.o};
        BaseBuffer words[3] = {0};
        const char *texts[3];
        for (int i = 0; i < 3; i++) {
            expect_ok(kg_write_term(txn, found[i], KG_SYNTAX_NAME, &words[i], &err), &err);
            texts[i] = words[i].items;
        }
        goes_on = take(taker, texts);
        for (int i = 0; i < 3; i++)
            base_buffer_free(&words[i]);
    }
    kg_scan_close(scan);
}

static inline ProofWorld database_world(KgTxn *txn, const char *rules)
{
    return (ProofWorld){
        .rules = rules, .has_least_heights = true, .is_given = database_gives, .visit = database_visit, .context = txn};
}

#endif
