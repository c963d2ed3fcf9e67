/* Closures of real graphs against breadth-first walks (walks.h): the number of pairs, and for a part of the sources
 * each pair and the length of its shortest way, which is its height. */
#include "fixture.h"
#include "walks.h"

enum { SAMPLED = 97 /* one source in so many is looked at pair by pair */ };

typedef struct Closure {
    const char *predicate;
    const WalkMove *moves;
    size_t move_count;
} Closure;

static KgId name_id(KgTxn *txn, const char *name)
{
    BaseError err = {0};
    KgId id = KG_ANY;
    expect_ok(kg_find_name(txn, name, &id, &err), &err);
    return id;
}

static void import_files(Fixture *f, const char *const *files, size_t count)
{
    BaseError err = {0};
    expect_ok(kg_import(f->store, files, count, NULL, NULL, NULL, NULL, &err), &err);
}

/* Asserted facts of the predicate have height 0, others that of the shortest way. */
static void compare_source(KgTxn *txn, WalkGraph *graph, KgId predicate, uint32_t source)
{
    BaseError err = {0};
    const KgTriple pattern = {.s = name_id(txn, graph->names.items[source]), .p = predicate};
    uint64_t count = 0, reached = 0;
    for (size_t n = 0; n < graph->reached; n++) {
        const uint32_t node = walk_reached(graph, n);
        KgNote note;
        if (node == UINT32_MAX)
            continue;
        const KgTriple pair = {pattern.s, predicate, name_id(txn, graph->names.items[node])};
        reached++;
        expect_ok(kg_get(txn, KG_INFERRED, pair, &note, &err), &err);
        assert_int_equal(note.height, graph->distances[node * WALK_STATES + 1]);
    }
    expect_ok(kg_count(txn, KG_IN(KG_INFERRED), pattern, &count, &err), &err);
    assert_int_equal(count, reached);
}

static void compare_closure(KgTxn *txn, WalkGraph *graph, const Closure *closure)
{
    BaseError err = {0};
    const KgId predicate = name_id(txn, closure->predicate);
    uint64_t expected = 0, count = 0;
    for (uint32_t node = 0; node < graph->names.count; node++) {
        const size_t found = walk_from(graph, node, closure->moves, closure->move_count);
        expected += found;
        if (node % SAMPLED == 0 && found > 0)
            compare_source(txn, graph, predicate, node);
    }
    expect_ok(kg_count(txn, KG_IN(KG_INFERRED), (KgTriple){.p = predicate}, &count, &err), &err);
    print_message("%s: %lu pairs\n", closure->predicate, (unsigned long)count);
    assert_true(expected > 1000);
    assert_int_equal(count, expected);
}

static void compare(Fixture *f, const char *const *files, size_t file_count, ReasonerProgram *program,
                    const Closure *closures, size_t closure_count)
{
    BaseError err = {0};
    WalkGraph graph;
    walk_read(&graph, files, file_count);
    import_files(f, files, file_count);
    KgTxn *txn = begin_write(f);
    expect_ok(reasoner_run(txn, program, NULL, NULL, NULL, &err), &err);
    commit(txn);
    txn = begin_read(f);
    for (size_t i = 0; i < closure_count; i++)
        compare_closure(txn, &graph, &closures[i]);
    kg_abort(txn);
    reasoner_program_free(program);
    walk_free(&graph);
}

#define MOVES(...) (const WalkMove[]){__VA_ARGS__}, sizeof((const WalkMove[]){__VA_ARGS__}) / sizeof(WalkMove)

static void kinds_and_parts_of_wordnet(void **state)
{
    const char *const file = need_shared("data/kg/wordnet/triples.tsv.gz");
    const char *const rules = KGQ_SOURCE "/datasets/samples/wordnet.rls";
    const Closure closures[] = {
        {"kind_of", MOVES({"hypernym", 0, 1}, {"hypernym", 1, 1})},
        {"is_a",
         MOVES({"hypernym", 0, 1}, {"instance_hypernym", 0, 1}, {"hypernym", 1, 1}, {"instance_hypernym", 1, 1})},
        {"part_of", MOVES({"part_holonym", 0, 1}, {"part_holonym", 1, 1})},
    };
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    expect_ok(reasoner_parse_files(&rules, 1, NULL, NULL, &program, &err), &err);
    compare(*state, &file, 1, program, closures, sizeof closures / sizeof *closures);
}

/* A gene that is annotated with a term is so with all that the term is a kind or a part of. */
static void kinds_parts_and_annotations_of_the_gene_ontology(void **state)
{
    char ontology[4096];
    snprintf(ontology, sizeof ontology, "%s", need_shared("data/kg/go/go.tsv.gz"));
    const char *const files[] = {ontology, need_shared("data/kg/go/genes.tsv.gz")};
    const Closure closures[] = {
        {"kind_of", MOVES({"is_a", 0, 1}, {"is_a", 1, 1})},
        {"within", MOVES({"is_a", 0, 0}, {"part_of", 0, 1}, {"is_a", 1, 1}, {"part_of", 1, 1})},
        {"annotated",
         MOVES({"involved_in", 0, 1}, {"located_in", 0, 1}, {"enables", 0, 1}, {"is_a", 1, 1}, {"part_of", 1, 1})},
    };
    compare(*state, files, 2,
            parse("kind_of(?x, ?y) :- is_a(?x, ?y). kind_of(?x, ?z) :- is_a(?x, ?y), kind_of(?y, ?z)."
                  "within(?x, ?y) :- part_of(?x, ?y). within(?x, ?z) :- is_a(?x, ?y), within(?y, ?z)."
                  "within(?x, ?z) :- part_of(?x, ?y), within(?y, ?z)."
                  "within(?x, ?z) :- part_of(?x, ?y), kind_of(?y, ?z)."
                  "annotated(?g, ?t) :- involved_in(?g, ?t). annotated(?g, ?t) :- located_in(?g, ?t)."
                  "annotated(?g, ?t) :- enables(?g, ?t)."
                  "annotated(?g, ?u) :- annotated(?g, ?t), is_a(?t, ?u)."
                  "annotated(?g, ?u) :- annotated(?g, ?t), part_of(?t, ?u)."),
            closures, sizeof closures / sizeof *closures);
}

/* What comes with a package, and what may come. */
static void packages_that_debian_packages_need(void **state)
{
    const char *const file = need_shared("data/kg/debian/triples.tsv.gz");
    const Closure closures[] = {
        {"needs", MOVES({"depends", 0, 1}, {"depends", 1, 1})},
        {"may_need", MOVES({"depends", 0, 1}, {"recommends", 0, 1}, {"depends", 1, 1}, {"recommends", 1, 1})},
    };
    compare(*state, &file, 1,
            parse("needs(?x, ?y) :- depends(?x, ?y). needs(?x, ?z) :- depends(?x, ?y), needs(?y, ?z)."
                  "may_need(?x, ?y) :- depends(?x, ?y). may_need(?x, ?y) :- recommends(?x, ?y)."
                  "may_need(?x, ?z) :- depends(?x, ?y), may_need(?y, ?z)."
                  "may_need(?x, ?z) :- recommends(?x, ?y), may_need(?y, ?z)."),
            closures, sizeof closures / sizeof *closures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kinds_and_parts_of_wordnet, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(kinds_parts_and_annotations_of_the_gene_ontology, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(packages_that_debian_packages_need, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
