/* Scans, lookups by bound prefixes, and size of a database, warm and on one core:
 *     bench_kg_store DATABASE [lookups 1000000] [seed 7] [repeat 5] [seconds at most, a kind of lookup 20] */
#include "bench.h"

#include <string.h>
#include <sys/stat.h>

#define ROWS 64 /* of a range that is read */

typedef struct Settings {
    uint64_t lookups, seed;
    int repeat;
    double seconds;
} Settings;

/* ---- Scans ---- */

#define AT_ONCE 1024

/* Reads what is left of a scan, at most `most` rows; the one place to know how rows come. */
static uint64_t read_rows(KgScan *scan, uint64_t most, uint64_t *sum)
{
    static KgTriple triples[AT_ONCE];
    BaseError err = {0};
    uint64_t count = 0;
    BaseStatus status = BASE_OK;
    while (count < most && status == BASE_OK) {
        size_t got = 0;
        status = kg_scan_many(scan, triples, most - count < AT_ONCE ? (size_t)(most - count) : AT_ONCE, &got, &err);
        for (size_t i = 0; status == BASE_OK && i < got; i++)
            *sum += triples[i].s ^ triples[i].p ^ triples[i].o;
        count += status == BASE_OK ? got : 0;
    }
    bench_want(status == BASE_END ? BASE_OK : status, &err);
    return count;
}

/* The same one by one. */
static uint64_t read_rows_singly(KgScan *scan, uint64_t most, uint64_t *sum)
{
    BaseError err = {0};
    KgTriple triple;
    uint64_t count = 0;
    BaseStatus status = BASE_OK;
    for (; count < most && (status = kg_scan_next(scan, &triple, &err)) == BASE_OK; count++)
        *sum += triple.s ^ triple.p ^ triple.o;
    bench_want(status == BASE_END ? BASE_OK : status, &err);
    return count;
}

static void scan_orders(KgTxn *txn, uint64_t total, int repeat)
{
    static const struct {
        KgOrder order;
        const char *name;
        uint64_t (*read)(KgScan *scan, uint64_t most, uint64_t *sum);
    } orders[] = {{KG_ORDER_SPO, "full scan SPO, kg_scan_many", read_rows},
                  {KG_ORDER_POS, "full scan POS, kg_scan_many", read_rows},
                  {KG_ORDER_PSO, "full scan PSO, kg_scan_many", read_rows},
                  {KG_ORDER_OSP, "full scan OSP, kg_scan_many", read_rows},
                  {KG_ORDER_SPO, "full scan SPO, kg_scan_next", read_rows_singly}};
    uint64_t sums[sizeof orders / sizeof *orders];
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        BenchSeries series = {.name = orders[i].name, .unit = "triples/CPU s"};
        for (int run = 0; run <= repeat; run++) { /* the first warms up */
            BaseError err = {0};
            KgScan *scan = NULL;
            sums[i] = 0;
            const double began = base_cpu_seconds();
            bench_want(kg_scan_open(txn, KG_IN(KG_ASSERTED), (KgTriple){0}, orders[i].order, &scan, &err), &err);
            const uint64_t count = orders[i].read(scan, UINT64_MAX, &sums[i]);
            kg_scan_close(scan);
            const double seconds = base_cpu_seconds() - began;
            if (count != total || sums[i] != sums[0]) {
                fprintf(stderr, "%s gives %llu triples, expected %llu\n", orders[i].name, (unsigned long long)count,
                        (unsigned long long)total);
                exit(1);
            }
            if (run > 0)
                bench_note(&series, (double)count / seconds);
        }
        bench_print(&series);
    }
}

/* ---- Lookups ---- */

typedef enum Prefix { S, SP, PO, O, PREFIXES } Prefix;

static KgTriple prefix_of(Prefix prefix, KgTriple triple)
{
    return (KgTriple){.s = prefix == S || prefix == SP ? triple.s : KG_ANY,
                      .p = prefix == SP || prefix == PO ? triple.p : KG_ANY,
                      .o = prefix == PO || prefix == O ? triple.o : KG_ANY};
}

static uint64_t count_range(KgTxn *txn, KgTriple pattern)
{
    BaseError err = {0};
    uint64_t count = 0;
    bench_want(kg_count(txn, KG_IN(KG_ASSERTED), pattern, &count, &err), &err);
    return count;
}

static uint64_t scan_range(KgTxn *txn, KgTriple pattern)
{
    BaseError err = {0};
    KgScan *scan = NULL;
    uint64_t sum = 0;
    bench_want(kg_scan_open(txn, KG_IN(KG_ASSERTED), pattern, KG_ORDER_BEST, &scan, &err), &err);
    const uint64_t count = read_rows(scan, ROWS, &sum);
    kg_scan_close(scan);
    return count;
}

/* Lookups a second, every prefix taken from a triple that is there; *rows is how many were counted or read. */
static double look_up(KgTxn *txn, uint64_t (*one)(KgTxn *txn, KgTriple pattern), const KgTriple *patterns,
                      const Settings *settings, uint64_t count, uint64_t *rows)
{
    const double began = base_cpu_seconds();
    uint64_t i = 0;
    for (*rows = 0; i < count; i++) {
        const uint64_t found = one(txn, patterns[i]);
        if (found == 0) {
            fputs("a prefix that is there has no matches\n", stderr);
            exit(1);
        }
        *rows += found;
        if (i % 64 == 63 && base_cpu_seconds() - began > settings->seconds) {
            i++;
            break;
        }
    }
    return (double)i / (base_cpu_seconds() - began);
}

static void look_up_prefixes(KgTxn *txn, const KgTriple *triples, size_t total, const Settings *settings)
{
    static const char *const names[PREFIXES][2] = {{"kg_count (s)", "range of (s), 64 rows at most"},
                                                   {"kg_count (s,p)", "range of (s,p), 64 rows at most"},
                                                   {"kg_count (p,o)", "range of (p,o), 64 rows at most"},
                                                   {"kg_count (o)", "range of (o), 64 rows at most"}};
    const uint64_t count = settings->lookups / PREFIXES;
    KgTriple *const patterns = calloc(count + 1, sizeof *patterns);
    BaseRandom random;
    base_random_seed(&random, settings->seed);
    for (Prefix prefix = 0; patterns && prefix < PREFIXES; prefix++) {
        BenchSeries counts = {.name = names[prefix][0], .unit = "lookups/CPU s"},
                    scans = {.name = names[prefix][1], .unit = "lookups/CPU s"};
        uint64_t rows = 0;
        for (uint64_t i = 0; i < count; i++)
            patterns[i] = prefix_of(prefix, triples[base_random_below(&random, total)]);
        for (int run = 0; run < settings->repeat; run++) {
            bench_note(&counts, look_up(txn, count_range, patterns, settings, count, &rows));
            bench_note(&scans, look_up(txn, scan_range, patterns, settings, count, &rows));
        }
        bench_print(&counts);
        bench_print(&scans);
    }
    free(patterns);
}

/* ---- Sizes ---- */

static void print_sizes(const char *path, uint64_t total)
{
    static const char *const files[] = {"data.mdb", "catalog.db"};
    double all = 0;
    for (int i = 0; i < 2; i++) {
        char *const file = base_join_path(path, files[i]);
        struct stat found;
        if (file && stat(file, &found) == 0) {
            printf("%-44s %14.1f bytes/triple\n", files[i], (double)found.st_size / (double)total);
            all += (double)found.st_size;
        }
        free(file);
    }
    printf("%-44s %14.1f bytes/triple\n", "both", all / (double)total);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s DATABASE [lookups] [seed] [repeat] [seconds]\n", argv[0]);
        return 2;
    }
    const Settings settings = {.lookups = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000,
                               .seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 7,
                               .repeat = argc > 4 ? atoi(argv[4]) : 5,
                               .seconds = argc > 5 ? atof(argv[5]) : 20};
    BaseError err = {0};
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    size_t total = 0;
    bench_want(kg_open(argv[1], &(KgOptions){.read_only = true}, &store, &err), &err);
    bench_want(kg_read_begin(store, &txn, &err), &err);
    KgTriple *const triples = bench_triples(txn, &total);
    printf("%zu triples\n", total);
    print_sizes(argv[1], total);
    scan_orders(txn, total, settings.repeat);
    look_up_prefixes(txn, triples, total, &settings);
    kg_abort(txn);
    kg_close(store);
    free(triples);
    return 0;
}
