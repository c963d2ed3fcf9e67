/* test_sparql_oracle.c - random queries over random worlds, answered by kgq and by the definitions (sparql/naive.h).
 *     test_kg_sparql_oracle [--cases N] [--seed S] [--from CASE] [--failures N] [--split 1]
 * The first difference is reported as the least query and data that still show it. Each case is numbered, and depends
 * on the seed and its number alone: --from CASE --cases 1 runs it again. With --split 1 threads share even the smallest
 * query. */
#include "kg/store.h"
#include "sparql/compare.h"
#include "sparql/generate.h"

#include <signal.h>

#define CASES_PER_WORLD 50
#define MOST_SECONDS 120 /* for one world's cases, which take a tenth of one */

static struct {
    uint64_t cases, seed, from, failures, split;
} wanted = {.cases = 20000, .seed = 1, .failures = 1};

static uint64_t verdicts[VERDICTS], empty, current;

static void report_endless(int number)
{
    (void)number;
    char line[128];
    const int length = snprintf(line, sizeof line, "seed %llu, case %llu does not end\n",
                                (unsigned long long)wanted.seed, (unsigned long long)current);
    if (write(STDERR_FILENO, line, (size_t)length) == length)
        _exit(1);
    _exit(2);
}

static unsigned random_layers(BaseRandom *random)
{
    const int n = pick(random, 12);
    return n == 0 ? KG_IN(KG_ASSERTED) : n == 1 ? KG_IN(KG_INFERRED) : 0;
}

/* False: it differs, and the world is not what it was. */
static bool run_case(KgStore *store, World *world, KgTxn *txn, bool is_pending, uint64_t number)
{
    BaseRandom random;
    BaseArena arena = {0};
    char origin[64];
    current = number;
    base_random_seed(&random, wanted.seed * 1000003 + number);
    const Node *const select = random_query(&arena, &random, world);
    const Case one = {world, txn, is_pending, select, random_layers(&random)};
    Judgement judgement = judge(&one);
    verdicts[judgement.verdict]++;
    empty += judgement.verdict == AGREED && judgement.is_empty;
    if (judgement.verdict == SLOW)
        print_message("seed %llu, case %llu: %s\n", (unsigned long long)wanted.seed, (unsigned long long)number,
                      judgement.why);
    const bool is_failure = judgement.verdict == FAILS || judgement.verdict == DIFFERS;
    free_judgement(&judgement);
    if (is_failure) {
        alarm(0); /* the search below may take its time */
        snprintf(origin, sizeof origin, "seed %llu, case %llu", (unsigned long long)wanted.seed,
                 (unsigned long long)number);
        report_least(store, one, origin);
    }
    base_arena_free(&arena);
    return !is_failure;
}

/* The second half of a world's cases sees its last stage, committed or not. */
static KgTxn *change_world(KgStore *store, World *world, KgTxn *txn, bool is_pending)
{
    kg_abort(txn);
    txn = begin_write(store);
    store_last_stage(world, txn);
    if (is_pending)
        return txn;
    commit(txn);
    return begin_read(store);
}

static void run_world(KgStore *store, uint64_t first, uint64_t last)
{
    BaseRandom random;
    World world;
    base_random_seed(&random, ~(wanted.seed * 1000003 + first / CASES_PER_WORLD));
    make_world(&world, &random);
    bool is_pending = false;
    alarm(MOST_SECONDS);
    store_world(&world, store);
    KgTxn *txn = begin_read(store);
    for (uint64_t number = first; number < last; number++) {
        if (world.stage == 1 && number % CASES_PER_WORLD >= CASES_PER_WORLD / 2) {
            is_pending = pick(&random, 3) == 0;
            txn = change_world(store, &world, txn, is_pending);
        }
        if (!run_case(store, &world, txn, is_pending, number)) {
            txn = NULL; /* it and the world went into the report */
            break;
        }
    }
    alarm(0);
    kg_abort(txn);
    free_world(&world);
}

static uint64_t failure_count(void)
{
    return verdicts[FAILS] + verdicts[DIFFERS];
}

static void random_queries_agree_with_the_definitions(void **state)
{
    const Fixture *const f = *state;
    signal(SIGALRM, report_endless);
    if (wanted.split) /* triples go to the packed tables, as only those are cut into parts */
        f->store->limits =
            (KgLimits){.split_work = 1, .part_work = 1, .sampled_matches = 1, .changes = 1, .records = 1};
    const uint64_t end = wanted.from + wanted.cases;
    for (uint64_t at = wanted.from; at < end && failure_count() < wanted.failures;) {
        const uint64_t next = (at / CASES_PER_WORLD + 1) * CASES_PER_WORLD;
        run_world(f->store, at, next < end ? next : end);
        at = next;
    }
    const uint64_t agreed = verdicts[AGREED];
    print_message("seed %llu: %llu queries agree, %llu of them without a solution; %llu have no one answer or are too "
                  "large; %llu are slow; %llu differ\n",
                  (unsigned long long)wanted.seed, (unsigned long long)agreed, (unsigned long long)empty,
                  (unsigned long long)verdicts[SKIPPED], (unsigned long long)verdicts[SLOW],
                  (unsigned long long)failure_count());
    assert_int_equal(failure_count(), 0);
    assert_true(verdicts[SLOW] <= wanted.cases / 1000);
    assert_true(wanted.cases < 1000 || (agreed > wanted.cases / 2 && empty < agreed * 2 / 3));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_queries_agree_with_the_definitions, make_fixture, drop_fixture),
    };
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t *const option = strcmp(argv[i], "--cases") == 0      ? &wanted.cases
                                 : strcmp(argv[i], "--seed") == 0     ? &wanted.seed
                                 : strcmp(argv[i], "--from") == 0     ? &wanted.from
                                 : strcmp(argv[i], "--failures") == 0 ? &wanted.failures
                                 : strcmp(argv[i], "--split") == 0    ? &wanted.split
                                                                      : NULL;
        if (!option) {
            fprintf(stderr, "usage: %s [--cases N] [--seed S] [--from CASE] [--failures N] [--split 1]\n", argv[0]);
            return 2;
        }
        *option = strtoull(argv[i + 1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
