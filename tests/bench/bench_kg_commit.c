/* Durable commits per second, of LMDB alone and of the store beside it, in slices that take turns; and batches:
 *     bench_kg_commit DATA FOLDER [slices 15] [seconds a slice 0.5] [seed 7]
 * DATA is imported into a new database in FOLDER, which is on the disk to be measured and is left as it was. */
#include "bench.h"

#include <lmdb.h>
#include <string.h>

#define BATCH 100000
#define BATCHES 3

typedef struct Bench {
    KgStore *store;
    KgTriple *triples; /* of DATA, in random order: the source of terms, and what is deleted */
    size_t count, deleted;
    MDB_env *env; /* LMDB alone */
    MDB_dbi table;
    BaseRandom random;
    uint64_t made; /* names given to new terms */
} Bench;

/* ---- One commit of each kind ---- */

static void want_lmdb(int code)
{
    if (code == MDB_SUCCESS)
        return;
    fprintf(stderr, "lmdb: %s\n", mdb_strerror(code));
    exit(3);
}

static void put_into_lmdb(Bench *bench)
{
    MDB_txn *txn;
    uint64_t key_bytes[3], value_bytes[2] = {1, 2};
    for (int i = 0; i < 3; i++)
        key_bytes[i] = base_random_next(&bench->random);
    MDB_val key = {sizeof key_bytes, key_bytes}, value = {sizeof value_bytes, value_bytes};
    want_lmdb(mdb_txn_begin(bench->env, NULL, 0, &txn));
    want_lmdb(mdb_put(txn, bench->table, &key, &value, 0));
    want_lmdb(mdb_txn_commit(txn));
}

static const KgTriple *any_triple(Bench *bench)
{
    return &bench->triples[base_random_below(&bench->random, bench->count)];
}

static KgTriple mixed_triple(Bench *bench)
{
    const KgTriple *const p = any_triple(bench);
    return (KgTriple){any_triple(bench)->s, p->p, any_triple(bench)->o};
}

static KgTxn *begin(const Bench *bench)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    bench_want(kg_write_begin(bench->store, &txn, &err), &err);
    return txn;
}

static void end(KgTxn *txn)
{
    BaseError err = {0};
    bench_want(kg_commit(txn, &err), &err);
}

static KgId make_iri(Bench *bench, KgTxn *txn)
{
    BaseError err = {0};
    char name[64];
    KgId id;
    const int length = snprintf(name, sizeof name, "kg:made/%llu", (unsigned long long)bench->made++);
    bench_want(kg_intern(txn, &(KgTerm){.kind = KG_IRI, .text = {name, (size_t)length}}, &id, &err), &err);
    return id;
}

static KgId make_label(Bench *bench, KgTxn *txn)
{
    BaseError err = {0};
    char text[64];
    KgId id;
    const int length =
        snprintf(text, sizeof text, "the label of what was made as %llu", (unsigned long long)bench->made++);
    bench_want(kg_intern(txn, &(KgTerm){.kind = KG_LITERAL, .text = {text, (size_t)length}}, &id, &err), &err);
    return id;
}

static void add_one(Bench *bench)
{
    BaseError err = {0};
    bool added = false;
    KgTxn *const txn = begin(bench);
    while (!added)
        bench_want(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = mixed_triple(bench)}, &added, &err), &err);
    end(txn);
}

static void add_one_new(Bench *bench)
{
    BaseError err = {0};
    KgTxn *const txn = begin(bench);
    KgTriple triple = mixed_triple(bench);
    triple.s = make_iri(bench, txn);
    bench_want(kg_add(txn, KG_ASSERTED, &(KgRecord){.triple = triple}, NULL, &err), &err);
    end(txn);
}

static void delete_one(Bench *bench)
{
    BaseError err = {0};
    bool deleted = false;
    KgTxn *const txn = begin(bench);
    while (!deleted && bench->deleted < bench->count)
        bench_want(kg_delete(txn, KG_ASSERTED, bench->triples[bench->deleted++], &deleted, &err), &err);
    end(txn);
}

/* ---- Batches ---- */

static double add_batch(Bench *bench, KgRecord *records, bool new_terms)
{
    BaseError err = {0};
    size_t added = 0;
    const double began = base_wall_seconds();
    KgTxn *const txn = begin(bench);
    for (size_t i = 0; i < BATCH; i++) {
        records[i] = (KgRecord){.triple = mixed_triple(bench)};
        if (new_terms) { /* an entity of five triples, every other of them with a label of its own */
            records[i].triple.s = i % 5 == 0 ? make_iri(bench, txn) : records[i - 1].triple.s;
            if (i % 2 == 0)
                records[i].triple.o = make_label(bench, txn);
        }
    }
    bench_want(kg_add_many(txn, KG_ASSERTED, records, BATCH, &added, NULL, &err), &err);
    end(txn);
    return (double)BATCH / (base_wall_seconds() - began);
}

/* ---- All of it ---- */

static void open_lmdb(Bench *bench, const char *path)
{
    MDB_txn *txn;
    want_lmdb(mdb_env_create(&bench->env));
    want_lmdb(mdb_env_set_mapsize(bench->env, (size_t)1 << 34));
    want_lmdb(mdb_env_open(bench->env, path, MDB_NOSUBDIR, 0666));
    want_lmdb(mdb_txn_begin(bench->env, NULL, 0, &txn));
    want_lmdb(mdb_dbi_open(txn, NULL, 0, &bench->table));
    want_lmdb(mdb_txn_commit(txn));
}

static void import(Bench *bench, const char *file, const char *path)
{
    BaseError err = {0};
    KgImportReport report = {0};
    bench_want(kg_open(path, &(KgOptions){.create = true}, &bench->store, &err), &err);
    bench_want(kg_import(bench->store, &file, 1, NULL, &report, NULL, NULL, &err), &err);
    printf("imported %llu triples in %.2f s\n", (unsigned long long)report.added, report.seconds);
    KgTxn *txn = NULL;
    bench_want(kg_read_begin(bench->store, &txn, &err), &err);
    bench->triples = bench_triples(txn, &bench->count);
    kg_abort(txn);
    for (size_t i = bench->count; i > 1; i--) {
        const size_t other = base_random_below(&bench->random, i);
        const KgTriple triple = bench->triples[other];
        bench->triples[other] = bench->triples[i - 1];
        bench->triples[i - 1] = triple;
    }
}

/* Of one kind, over all turns: what falls into few of them, folding, is in these. */
typedef struct Sum {
    double commits, seconds;
} Sum;

static double rate_of(Bench *bench, void (*commit_one)(Bench *bench), double seconds, double *cpu, Sum *sum)
{
    const double began = base_wall_seconds(), cpu_began = base_cpu_seconds();
    double now = began;
    uint64_t commits = 0;
    for (; now < began + seconds; now = base_wall_seconds(), commits++)
        commit_one(bench);
    sum->commits += (double)commits;
    sum->seconds += now - began;
    *cpu = 1e6 * (base_cpu_seconds() - cpu_began) / (double)commits;
    return (double)commits / (now - began);
}

static void run_slices(Bench *bench, int slices, double seconds)
{
    static void (*const kinds[])(Bench * bench) = {put_into_lmdb, add_one, add_one_new, delete_one};
    BenchSeries series[] = {{.name = "lmdb alone, one put", .unit = "commits/s"},
                            {.name = "kg_add, known terms", .unit = "commits/s"},
                            {.name = "kg_intern and kg_add", .unit = "commits/s"},
                            {.name = "kg_delete", .unit = "commits/s"}};
    BenchSeries shares[] = {{0},
                            {.name = "kg_add, of LMDB's rate in the same turn", .unit = "%"},
                            {.name = "kg_intern and kg_add, of LMDB's", .unit = "%"},
                            {.name = "kg_delete, of LMDB's", .unit = "%"}};
    BenchSeries cpus[] = {{.name = "lmdb alone, CPU", .unit = "us a commit"},
                          {.name = "kg_add, CPU", .unit = "us a commit"},
                          {.name = "kg_intern and kg_add, CPU", .unit = "us a commit"},
                          {.name = "kg_delete, CPU", .unit = "us a commit"}};
    Sum sums[4] = {{0}};
    for (int slice = 0; slice < slices; slice++)
        for (int kind = 0; kind < 4; kind++) {
            double cpu;
            const double rate = rate_of(bench, kinds[kind], seconds, &cpu, &sums[kind]);
            bench_note(&series[kind], rate);
            bench_note(&cpus[kind], cpu);
            if (kind > 0)
                bench_note(&shares[kind], 100 * rate / series[0].figures[slice]);
        }
    for (int kind = 0; kind < 4; kind++)
        bench_print(&series[kind]);
    for (int kind = 1; kind < 4; kind++)
        bench_print(&shares[kind]);
    for (int kind = 0; kind < 4; kind++)
        printf("%-44s %14.1f %-18s\n", series[kind].name, sums[kind].commits / sums[kind].seconds,
               "commits/s, all turns");
    for (int kind = 0; kind < 4; kind++)
        bench_print(&cpus[kind]);
}

static void run_batches(Bench *bench)
{
    BenchSeries known = {.name = "batch of 100,000, known terms", .unit = "triples/s"},
                new_terms = {.name = "batch of 100,000, 70,000 new terms", .unit = "triples/s"};
    KgRecord *const records = calloc(BATCH, sizeof *records);
    for (int i = 0; records && i < BATCHES; i++) {
        bench_note(&known, add_batch(bench, records, false));
        bench_note(&new_terms, add_batch(bench, records, true));
    }
    bench_print(&known);
    bench_print(&new_terms);
    free(records);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s DATA FOLDER [slices] [seconds a slice] [seed]\n", argv[0]);
        return 2;
    }
    Bench bench = {0};
    char *own = NULL;
    base_random_seed(&bench.random, argc > 5 ? strtoull(argv[5], NULL, 10) : 7);
    if (asprintf(&own, "%s/kgq-bench-XXXXXX", argv[2]) < 0 || !mkdtemp(own)) {
        fprintf(stderr, "no folder can be made in %s\n", argv[2]);
        return 3;
    }
    char *const path = base_join_path(own, "db"), *const plain = base_join_path(own, "plain.mdb");
    open_lmdb(&bench, plain);
    import(&bench, argv[1], path);
    run_slices(&bench, argc > 3 ? atoi(argv[3]) : 15, argc > 4 ? atof(argv[4]) : 0.5);
    run_batches(&bench);
    kg_close(bench.store);
    mdb_env_close(bench.env);
    base_remove(own, NULL);
    free(bench.triples);
    free(path);
    free(plain);
    free(own);
    return 0;
}
