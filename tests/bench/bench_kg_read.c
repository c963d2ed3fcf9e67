/* Reading alone: kg_import with a loader that takes nothing, so that what is measured is reading, unpacking, parsing
 * and the making of batches.
 *     gcc -O2 -D_GNU_SOURCE -I. tests/bench/bench_kg_read.c build/release/kg/libkgq_kg.a
 * build/release/base/libkgq_base.a \ -llmdb -lsqlite3 -lpcre2-8 -lnettle -lutf8proc -lxxhash -lz -lzstd -lpthread -lm
 * -o bench_kg_read
 *     ./bench_kg_read FILE [THREADS [REPEATS]] */
#include "kg/load.h"

#include <stdlib.h>

struct KgLoader {
    uint64_t quads, terms;
};
static KgLoader only;

BaseStatus kg_load_begin(KgTxn *txn, const KgLoadOptions *options, KgLoader **out, BaseError *err)
{
    (void)txn, (void)options, (void)err;
    only = (KgLoader){0};
    *out = &only;
    return BASE_OK;
}

BaseStatus kg_load_batch(KgLoader *loader, const KgBatch *batch, uint32_t source, BaseError *err)
{
    (void)source, (void)err;
    loader->quads += batch->quads.count;
    loader->terms += batch->terms.count;
    return BASE_OK;
}

BaseStatus kg_load_finish(KgLoader *loader, uint64_t *added, uint64_t *added_by, uint32_t first, BaseError *err)
{
    (void)added_by, (void)first, (void)err;
    *added = loader->quads;
    return BASE_OK;
}

void kg_load_free(KgLoader *loader)
{
    (void)loader;
}

static void print_fault(void *context, const BaseError *error)
{
    (void)context;
    base_error_print(stderr, error);
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    const int threads = argc > 2 ? atoi(argv[2]) : 1, repeats = argc > 3 ? atoi(argv[3]) : 5;
    const char *file = argc > 1 ? argv[1] : "-";
    double cpu[100], wall[100];
    for (int i = 0; i < repeats && i < 100; i++) {
        BaseError err = {0};
        KgStore *store = NULL;
        BaseJob job = {.threads = threads};
        char path[] = "/tmp/bench_kg_readXXXXXX";
        if (!mkdtemp(path) || kg_open(path, &(KgOptions){.create = true}, &store, &err) != BASE_OK)
            return base_error_print(stderr, &err), 1;
        const double cpu_began = base_cpu_seconds(), wall_began = base_wall_seconds();
        if (kg_import(store, &file, 1, NULL, NULL, &(BaseSink){.report = print_fault}, &job, &err) != BASE_OK)
            return base_error_print(stderr, &err), 1;
        cpu[i] = base_cpu_seconds() - cpu_began;
        wall[i] = base_wall_seconds() - wall_began;
        kg_close(store);
        base_remove(path, &err);
    }
    qsort(cpu, (size_t)repeats, sizeof *cpu, compare);
    qsort(wall, (size_t)repeats, sizeof *wall, compare);
    printf("%s: %llu statements, %llu terms of batches, %d threads: median CPU %.3f s (%.3f to %.3f), wall %.3f s\n",
           file, (unsigned long long)only.quads, (unsigned long long)only.terms, threads, cpu[repeats / 2], cpu[0],
           cpu[repeats - 1], wall[repeats / 2]);
    return 0;
}
