/* Proofs of facts that were derived, chosen at random, and why not of triples put together from them.
 *     bench_explain DATABASE [FACTS [SEED]]
 * Prints for lowest proofs, for all proofs and for near misses: CPU seconds of all, and microseconds of one: median,
 * one of a hundred, most. The first question reads the program; it counts. */
#include "bench.h"

#include "reasoner/reasoner.h"

#include <string.h>

typedef enum Question { LOWEST, ALL, WHY_NOT } Question;

static void choose(KgTxn *txn, BaseRandom *random, KgTriple *facts, size_t count)
{
    BaseError err = {0};
    KgScan *scan = NULL;
    KgTriple triple;
    uint64_t seen = 0;
    bench_want(kg_scan_open(txn, KG_IN(KG_INFERRED), (KgTriple){0}, KG_ORDER_SPO, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK) {
        const uint64_t place = seen < count ? seen : base_random_below(random, seen + 1);
        if (place < count)
            facts[place] = triple;
        seen++;
    }
    kg_scan_close(scan);
    if (seen < count) {
        fputs("fewer facts were derived than are asked for\n", stderr);
        exit(3);
    }
}

static void ask(ReasonerProver *prover, Question question, KgTriple fact)
{
    const ReasonerProveOptions options = {.all = question == ALL, .with_trees = true};
    ReasonerExplanation explanation = {0};
    BaseError err = {0};
    bench_want(question == WHY_NOT ? reasoner_prover_ask_why_not(prover, fact, &options, &explanation, &err)
                                   : reasoner_prover_ask(prover, fact, &options, &explanation, &err),
               &err);
    if (question != WHY_NOT && explanation.count == 0)
        exit(3);
    reasoner_explanation_free(&explanation);
}

static void measure(KgTxn *txn, const char *name, Question question, const KgTriple *facts, size_t count)
{
    ReasonerProver *prover = NULL;
    BaseError err = {0};
    double *const each = calloc(count, sizeof *each);
    if (!each)
        exit(3);
    const double began = base_cpu_seconds();
    bench_want(reasoner_prover_open(txn, &prover, &err), &err);
    for (size_t i = 0; i < count; i++) {
        const double start = base_cpu_seconds();
        ask(prover, question, facts[i]);
        each[i] = 1e6 * (base_cpu_seconds() - start);
    }
    reasoner_prover_close(prover);
    const double seconds = base_cpu_seconds() - began;
    qsort(each, count, sizeof *each, bench_compare);
    printf("%-12s %zu facts %8.3f s CPU, each: median %.0f us, 1 of 100 %.0f us, most %.0f us\n", name, count, seconds,
           each[count / 2], each[count - 1 - count / 100], each[count - 1]);
    free(each);
}

int main(int argc, char **argv)
{
    BaseError err = {0};
    KgStore *store;
    KgTxn *txn;
    BaseRandom random;
    if (argc < 2) {
        fputs("bench_explain DATABASE [FACTS [SEED]]\n", stderr);
        return 2;
    }
    const size_t count = argc > 2 ? (size_t)atol(argv[2]) : 10000;
    base_random_seed(&random, argc > 3 ? (uint64_t)atol(argv[3]) : 1);
    bench_want(kg_open(argv[1], &(KgOptions){.read_only = true}, &store, &err), &err);
    bench_want(kg_read_begin(store, &txn, &err), &err);
    KgTriple *const facts = calloc(count + 1, sizeof *facts), *const others = calloc(count + 1, sizeof *others);
    if (!facts || !others || count == 0)
        return 3;
    choose(txn, &random, facts, count);
    size_t other_count = 0;
    for (size_t i = 0; i < count; i++) { /* the object of another fact of the predicate, where that is news */
        const KgTriple other = facts[base_random_below(&random, count)];
        const KgTriple mixed = {facts[i].s, facts[i].p, other.o};
        bool holds = true;
        if (other.p == facts[i].p)
            bench_want(kg_holds(txn, KG_FACTS, mixed, &holds, &err), &err);
        if (!holds)
            others[other_count++] = mixed;
    }
    measure(txn, "lowest", LOWEST, facts, count);
    measure(txn, "all", ALL, facts, count);
    if (other_count > 0)
        measure(txn, "why not", WHY_NOT, others, other_count);
    free(facts);
    free(others);
    kg_abort(txn);
    kg_close(store);
    return 0;
}
