/* bench.h - what the store's benchmarks share: medians, and a line per figure. */
#ifndef KGQ_TESTS_BENCH_H
#define KGQ_TESTS_BENCH_H

#include "kg/kg.h"

#include <stdio.h>
#include <stdlib.h>

#define BENCH_RUNS 64

typedef struct BenchSeries {
    const char *name, *unit;
    double figures[BENCH_RUNS];
    int count;
} BenchSeries;

static inline void bench_note(BenchSeries *series, double figure)
{
    if (series->count < BENCH_RUNS)
        series->figures[series->count++] = figure;
}

static inline int bench_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* name, median, unit, least, most, number of runs; the figures are sorted afterwards. */
static inline double bench_print(BenchSeries *series)
{
    if (series->count == 0)
        return 0;
    qsort(series->figures, (size_t)series->count, sizeof *series->figures, bench_compare);
    const double median = series->figures[series->count / 2];
    printf("%-44s %14.1f %-18s least %.1f, most %.1f, %d runs\n", series->name, median, series->unit,
           series->figures[0], series->figures[series->count - 1], series->count);
    fflush(stdout);
    return median;
}

/* Ends the benchmark with a message when a call failed. */
static inline void bench_want(BaseStatus status, const BaseError *err)
{
    if (status == BASE_OK)
        return;
    base_error_print(stderr, err);
    exit(3);
}

/* All asserted triples, in the order of subjects; the caller's to free(). */
static inline KgTriple *bench_triples(KgTxn *txn, size_t *count)
{
    BaseError err = {0};
    KgScan *scan = NULL;
    uint64_t total = 0;
    bench_want(kg_count(txn, KG_IN(KG_ASSERTED), (KgTriple){0}, &total, &err), &err);
    KgTriple *const triples = calloc(total + 1, sizeof *triples);
    if (!triples || total == 0) {
        fputs("no triples, or no memory for them\n", stderr);
        exit(3);
    }
    bench_want(kg_scan_open(txn, KG_IN(KG_ASSERTED), (KgTriple){0}, KG_ORDER_SPO, &scan, &err), &err);
    for (*count = 0; *count < total && kg_scan_next(scan, &triples[*count], &err) == BASE_OK; (*count)++)
        ;
    kg_scan_close(scan);
    return triples;
}

#endif
