/* datasets/samples/wordnet.rls over the whole of WordNet: the known sizes of the closures, and a proof to read. */
#include "fixture.h"

static void assert_wordnet(KgTxn *txn, const char *path)
{
    BaseInput *input = NULL;
    BaseError err = {0};
    const char *line;
    size_t length, added = 0;
    struct {
        KgRecord *items;
        size_t count, capacity;
    } records = {0};
    expect_ok(base_input_open(path, &input, &err), &err);
    while (base_input_line(input, &line, &length, &err) == BASE_OK) {
        BaseArena arena = {0};
        KgId ids[3];
        const char *at = line;
        for (int i = 0; i < 3; i++) {
            const char *const tab = memchr(at, '\t', length - (size_t)(at - line));
            const char *const end = tab ? tab : line + length;
            KgTerm term;
            expect_ok(kg_parse_term((KgText){at, (size_t)(end - at)}, &arena, &term, &err), &err);
            expect_ok(kg_intern(txn, &term, &ids[i], &err), &err);
            at = end + (tab != NULL);
        }
        const KgRecord record = {{ids[0], ids[1], ids[2]}, {.source = 1}};
        assert_true(BASE_PUSH(&records, record));
        base_arena_free(&arena);
    }
    base_input_close(input);
    expect_ok(kg_add_many(txn, KG_ASSERTED, records.items, records.count, &added, NULL, &err), &err);
    assert_int_equal(added, 353061);
    free(records.items);
}

static uint64_t count_of(KgTxn *txn, const char *relation)
{
    BaseError err = {0};
    KgTriple pattern = {0};
    uint64_t count = 0;
    expect_ok(kg_find_name(txn, relation, &pattern.p, &err), &err);
    expect_ok(kg_count(txn, KG_FACTS, pattern, &count, &err), &err);
    return count;
}

static void the_closures_have_their_known_sizes(void **state)
{
    Fixture *const f = *state;
    const char *const path = need_shared("data/kg/wordnet/triples.tsv.gz");
    const char *const files[] = {KGQ_SOURCE "/datasets/samples/wordnet.rls"};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    ReasonerReport report = {0};
    KgTxn *txn = begin_write(f);
    assert_wordnet(txn, path);
    expect_ok(reasoner_parse_files(files, 1, NULL, NULL, &program, &err), &err);
    expect_ok(reasoner_run(txn, program, NULL, &report, NULL, &err), &err);
    commit(txn);
    print_message("%llu facts derived in %.2f s, all in %.2f s\n", (unsigned long long)report.derived,
                  report.derive_seconds, report.wall_seconds);
    txn = begin_read(f);
    assert_int_equal(count_of(txn, "kind_of"), 698587);
    assert_int_equal(count_of(txn, "is_a"), 778320);
    assert_int_equal(count_of(txn, "hyponym"), 89089);
    assert_int_equal(count_of(txn, "similar_to"), 21386);
    ReasonerExplanation proof = {0};
    expect_ok(reasoner_prove(txn, find_fact(txn, "dog.n.01 is_a entity.n.01"), NULL, &proof, &err), &err);
    assert_int_equal(proof.items[0]->height, 8); /* by domestic_animal: the way by canine is longer */
    assert_string_equal(proof.items[0]->children[0]->text, "dog.n.01 hypernym domestic_animal.n.01");
    reasoner_explanation_free(&proof);
    kg_abort(txn);
    txn = begin_write(f);
    expect_ok(reasoner_drop(txn, NULL, &err), &err);
    assert_int_equal(count_layer(txn, KG_INFERRED), 0);
    assert_int_equal(count_layer(txn, KG_ASSERTED), 353061);
    kg_abort(txn);
    reasoner_report_free(&report);
    reasoner_program_free(program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_closures_have_their_known_sizes, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
