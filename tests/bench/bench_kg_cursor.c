/* Finding by cursors, in a database that is there: keys of random rows, and of every tenth row in order, each with its
 * first row read; what is found by opening a scan for each key is beside it.
 *     bench_kg_cursor DATABASE [FINDS] */
#include "bench.h"
#include "kg/cursor.h"
#include "kg/delta.h"

#include <string.h>

enum { REPEATS = 9 };

static uint64_t sum; /* so that nothing is left out */

static void find_all(KgTxn *txn, KgIndex index, const uint64_t (*keys)[3], size_t count, int width)
{
    BaseError err = {0};
    KgCursor *cursor;
    bench_want(kg_cursor_open(txn, KG_ANY, KG_FACTS, index, &cursor, &err), &err);
    for (size_t i = 0; i < count; i++) {
        const uint64_t *columns[3];
        size_t rows;
        bench_want(kg_cursor_find(cursor, keys[i], width, &err), &err);
        bench_want(kg_cursor_rows(cursor, columns, &rows, &err), &err);
        sum += width < 3 ? columns[2][0] : 1;
    }
    kg_cursor_close(cursor);
}

static void scan_all(KgTxn *txn, KgIndex index, const uint64_t (*keys)[3], size_t count, int width)
{
    BaseError err = {0};
    for (size_t i = 0; i < count; i++) {
        const uint64_t key[3] = {keys[i][0], width > 1 ? keys[i][1] : 0, width > 2 ? keys[i][2] : 0};
        KgScan *scan;
        KgTriple triple;
        bench_want(kg_scan_open(txn, KG_FACTS, kg_order_triple(key, index), KG_ORDER_BEST, &scan, &err), &err);
        bench_want(kg_scan_next(scan, &triple, &err), &err);
        sum += triple.o;
        kg_scan_close(scan);
    }
}

static void measure(KgTxn *txn, const char *name, KgIndex index, const uint64_t (*keys)[3], size_t count, int width,
                    bool by_scan)
{
    static const char *const orders[] = {"spo", "pos", "osp", "pso"};
    char label[80];
    snprintf(label, sizeof label, "%s, %s, %d bound%s", name, orders[index], width, by_scan ? ", by scans" : "");
    BenchSeries series = {.name = label, .unit = "ns a find"};
    for (int i = 0; i < REPEATS; i++) {
        const double began = base_cpu_seconds();
        (by_scan ? scan_all : find_all)(txn, index, keys, count, width);
        bench_note(&series, (base_cpu_seconds() - began) * 1e9 / (double)count);
    }
    bench_print(&series);
}

static int compare_keys(const void *left, const void *right)
{
    return kg_compare_keys(left, right);
}

int main(int argc, char **argv)
{
    BaseError err = {0};
    KgStore *store;
    KgTxn *txn;
    size_t total;
    BaseRandom random;
    if (argc < 2) {
        fputs("bench_kg_cursor DATABASE [FINDS]\n", stderr);
        return 2;
    }
    bench_want(kg_open(argv[1], &(KgOptions){.read_only = true}, &store, &err), &err);
    bench_want(kg_read_begin(store, &txn, &err), &err);
    KgTriple *const triples = bench_triples(txn, &total);
    const size_t finds = argc > 2 ? (size_t)atol(argv[2]) : 50000;
    uint64_t(*const all)[3] = calloc(total, sizeof *all), (*const keys)[3] = calloc(finds, sizeof *keys);
    if (!all || !keys)
        return 3;
    base_random_seed(&random, 1);
    for (int index = 0; index < KG_INDEXES; index++) {
        for (size_t i = 0; i < total; i++)
            kg_order_keys(triples[i], (KgIndex)index, all[i]);
        qsort(all, total, sizeof *all, compare_keys);
        for (int width = 1; width <= 3; width++) {
            for (size_t i = 0; i < finds; i++)
                memcpy(keys[i], all[base_random_below(&random, total)], sizeof *keys);
            measure(txn, "random", (KgIndex)index, (const uint64_t(*)[3])keys, finds, width, false);
            if (index == KG_SPO)
                measure(txn, "random", (KgIndex)index, (const uint64_t(*)[3])keys, finds / 10, width, true);
            const size_t every_tenth = total / 10 < finds ? total / 10 : finds;
            for (size_t i = 0; i < every_tenth; i++)
                memcpy(keys[i], all[i * 10], sizeof *keys);
            measure(txn, "every tenth row", (KgIndex)index, (const uint64_t(*)[3])keys, every_tenth, width, false);
        }
    }
    printf("(%llu)\n", (unsigned long long)sum);
    free(all);
    free(keys);
    free(triples);
    kg_abort(txn);
    kg_close(store);
    return 0;
}
