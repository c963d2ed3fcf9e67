/* Size and speed of the packed blocks (kg/block.h) over the four orders of a table of triples:
 *     bench_kg_block FILE [repeat 5]
 * FILE.tsv: subject, predicate and object as kgq imports them, given ids here (as the store does: numbers in the order
 * terms are met, one count per kind; integers, decimals and dates inlined). Any other FILE: triples of three 64-bit
 * numbers. Speeds are medians. */
#include "base/base.h"
#include "kg/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Triple {
    uint64_t at[3];
} Triple;
typedef struct Triples {
    Triple *items;
    size_t count, capacity;
} Triples;
typedef struct Block {
    unsigned char bytes[KG_BLOCK_BYTES];
    size_t length;
    uint64_t seed;
} Block;
typedef struct Blocks {
    Block *items;
    size_t count, capacity;
} Blocks;

static const KgShape triple_shape = {.keys = 3};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *times, int count)
{
    qsort(times, (size_t)count, sizeof *times, compare_doubles);
    return times[count / 2];
}

/* ---- Ids ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static uint64_t decimal_id(const char *text)
{
    const double number = strtod(text, NULL);
    const char *const point = strchr(text, '.');
    const uint64_t digits = point ? (uint64_t)(strcspn(point + 1, "\"")) : 0;
    const int64_t millionths = (int64_t)(number * 1e6 + (number < 0 ? -0.5 : 0.5));
    return (uint64_t)0x11 << 56 | (uint64_t)(millionths + (INT64_C(1) << 51)) << 4 | digits;
}

static uint64_t date_id(const char *text)
{
    struct tm date = {0};
    if (!strptime(text, "%Y-%m-%d", &date))
        return 0;
    const int64_t days = timegm(&date) / 86400;
    return (uint64_t)0x14 << 56 | (uint64_t)(days + (INT64_C(1) << 31)) << 12;
}

/* `met` maps a term's hash to its id; `next` counts IRIs and literals. 0: no memory. */
static uint64_t id_of(const char *term, BaseMap *met, uint64_t next[2])
{
    if (*term == '"' && ends_with(term, "^^xsd:integer"))
        return (uint64_t)0x10 << 56 | (uint64_t)(strtoll(term + 1, NULL, 10) + (INT64_C(1) << 55));
    if (*term == '"' && ends_with(term, "^^xsd:decimal"))
        return decimal_id(term + 1);
    if (*term == '"' && ends_with(term, "^^xsd:date"))
        return date_id(term + 1);
    const bool literal = *term == '"';
    const uint64_t fresh = (uint64_t)(literal ? 3 : 1) << 56 | next[literal];
    bool is_new;
    const uint64_t *const id = base_map_put(met, base_hash(term, strlen(term), 0), fresh, &is_new);
    if (!id)
        return 0;
    next[literal] += is_new;
    return *id;
}

static bool read_tsv(FILE *file, Triples *out)
{
    BaseMap met = {0};
    uint64_t next[2] = {0, 0};
    char *line = NULL;
    size_t capacity = 0;
    bool ok = true;
    while (ok && getline(&line, &capacity, file) > 0) {
        char *rest = line;
        Triple triple;
        for (int place = 0; place < 3 && ok; place++) {
            const char *const field = strsep(&rest, "\t\n");
            ok = field && (triple.at[place] = id_of(field, &met, next)) != 0;
        }
        ok = ok && BASE_PUSH(out, triple);
    }
    free(line);
    base_map_free(&met);
    return ok;
}

static bool read_triples(const char *path, Triples *out)
{
    FILE *const file = fopen(path, "rb");
    if (!file)
        return false;
    bool ok = true;
    Triple triple;
    if (ends_with(path, ".tsv"))
        ok = read_tsv(file, out);
    else
        while (ok && fread(&triple, sizeof triple, 1, file) == 1)
            ok = BASE_PUSH(out, triple);
    fclose(file);
    return ok;
}

/* ---- Orders ---- */

typedef struct Order {
    const char *name;
    int places[3];
} Order;

static int compare_triples(const void *left, const void *right)
{
    const Triple *const a = left, *const b = right;
    for (int i = 0; i < 3; i++)
        if (a->at[i] != b->at[i])
            return a->at[i] < b->at[i] ? -1 : 1;
    return 0;
}

static size_t sort_unique(Triple *rows, size_t count)
{
    qsort(rows, count, sizeof *rows, compare_triples);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_triples(&rows[i], &rows[kept - 1]) != 0)
            rows[kept++] = rows[i];
    return kept;
}

static bool pack_all(const uint64_t *const columns[3], size_t count, Blocks *out)
{
    out->count = 0;
    for (size_t done = 0, taken = 0; done < count; done += taken) {
        if (!BASE_PUSH(out, (Block){.seed = done}))
            return false;
        Block *const block = &out->items[out->count - 1];
        const uint64_t *const rest[3] = {columns[0] + done, columns[1] + done, columns[2] + done};
        taken = kg_block_pack(triple_shape, rest, count - done, taken, block->seed, block->bytes, &block->length);
    }
    return true;
}

/* Every column of every run into interleaved rows, as a scan hands them out; the sum keeps the work alive. */
static uint64_t scan_all(const Blocks *blocks, bool verify, uint64_t *rows)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < blocks->count; i++) {
        KgBlock block;
        const Block *const from = &blocks->items[i];
        if (!kg_block_open(&block, triple_shape, from->bytes, from->length, from->seed, verify))
            exit(1);
        for (uint32_t run = 0; run < block.runs; run++) {
            for (int column = 0; column < 3; column++)
                kg_block_column(&block, run, column, rows + column, 3);
            sum += rows[2];
        }
    }
    return sum;
}

static void check_all(const Blocks *blocks, const Triple *expected, uint64_t *rows)
{
    for (size_t i = 0; i < blocks->count; i++) {
        KgBlock block;
        const Block *const from = &blocks->items[i];
        if (!kg_block_open(&block, triple_shape, from->bytes, from->length, from->seed, true))
            exit(1);
        for (uint32_t run = 0; run < block.runs; run++) {
            for (int column = 0; column < 3; column++)
                kg_block_column(&block, run, column, rows + column, 3);
            const size_t bytes = kg_block_run_rows(&block, run) * sizeof(Triple);
            if (memcmp(rows, expected + from->seed + (size_t)run * KG_RUN_ROWS, bytes) != 0) {
                fprintf(stderr, "block %zu, run %u: rows differ\n", i, run);
                exit(1);
            }
        }
    }
}

typedef struct Probe {
    uint64_t key[2];
    uint32_t block, rows;
} Probe;

/* Opens the block, finds the rows of the probe's two keys, decodes their third column as far as it is in one run. */
static uint64_t look_up(const Blocks *blocks, const Probe *probes, size_t count, uint64_t *out)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        KgBlock block;
        const Block *const from = &blocks->items[probes[i].block];
        if (!kg_block_open(&block, triple_shape, from->bytes, from->length, from->seed, false))
            exit(1);
        const uint32_t row = kg_block_find(&block, probes[i].key, 2, false);
        if (row < block.rows) {
            const uint32_t run = row / KG_RUN_ROWS, first = row % KG_RUN_ROWS;
            const uint32_t left = kg_block_run_rows(&block, run) - first;
            kg_block_rows(&block, run, 2, first, probes[i].rows < left ? probes[i].rows : left, out, 1);
            sum += out[0];
        }
    }
    return sum;
}

static bool starts_alike(const Triple *left, const Triple *right)
{
    return left->at[0] == right->at[0] && left->at[1] == right->at[1];
}

static Probe *make_probes(const Blocks *blocks, const Triple *rows, size_t total, size_t count)
{
    Probe *const probes = calloc(count, sizeof *probes);
    BaseRandom random;
    base_random_seed(&random, 7);
    for (size_t i = 0; probes && i < count; i++) {
        const size_t row = base_random_below(&random, total);
        size_t low = 0, high = blocks->count;
        while (high - low > 1) {
            const size_t middle = (low + high) / 2;
            *(blocks->items[middle].seed <= row ? &low : &high) = middle;
        }
        size_t first = row, end = row;
        while (first > 0 && starts_alike(&rows[first - 1], &rows[row]))
            first--;
        while (end < total && starts_alike(&rows[end], &rows[row]))
            end++;
        probes[i] = (Probe){{rows[row].at[0], rows[row].at[1]}, (uint32_t)low, (uint32_t)(end - first)};
    }
    return probes;
}

#define PROBES 200000
#define MOST_REPEATS 99

static double measure_order(const Order *order, const Triples *triples, int repeat)
{
    const size_t capacity = triples->count;
    Triple *const rows = malloc(capacity * sizeof *rows);
    uint64_t *const numbers = malloc(3 * capacity * sizeof *numbers), buffer[3 * KG_RUN_ROWS];
    Blocks blocks = {0};
    if (!rows || !numbers)
        exit(1);
    for (size_t i = 0; i < capacity; i++)
        for (int c = 0; c < 3; c++)
            rows[i].at[c] = triples->items[i].at[order->places[c]];
    const size_t count = sort_unique(rows, capacity);
    const uint64_t *const columns[3] = {numbers, numbers + capacity, numbers + 2 * capacity};
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < 3; c++)
            numbers[c * capacity + i] = rows[i].at[c];

    double pack[MOST_REPEATS], scan[MOST_REPEATS], verified[MOST_REPEATS], find[MOST_REPEATS];
    volatile uint64_t sum = 0;
    if (!pack_all(columns, count, &blocks))
        exit(1);
    check_all(&blocks, rows, buffer);
    Probe *const probes = make_probes(&blocks, rows, count, PROBES);
    if (!probes)
        exit(1);
    for (int i = 0; i < repeat; i++) {
        double start = now();
        pack_all(columns, count, &blocks);
        pack[i] = now() - start;
        start = now();
        sum += scan_all(&blocks, false, buffer);
        scan[i] = now() - start;
        start = now();
        sum += scan_all(&blocks, true, buffer);
        verified[i] = now() - start;
        start = now();
        sum += look_up(&blocks, probes, PROBES, buffer);
        find[i] = now() - start;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < blocks.count; i++)
        bytes += blocks.items[i].length;
    (void)sum;
    const double million = (double)count / 1e6, paged = (double)blocks.count * 4096 / (double)count;
    printf("%s: %zu rows, %zu blocks, %.3f B/row (%.3f in pages, %.1f%% full), pack %.1f M rows/s, scan %.0f M rows/s "
           "(verified %.0f), lookup %.0f ns\n",
           order->name, count, blocks.count, (double)bytes / (double)count, paged,
           100 * (double)bytes / (double)(blocks.count * KG_BLOCK_BYTES), million / median(pack, repeat),
           million / median(scan, repeat), million / median(verified, repeat), 1e9 * median(find, repeat) / PROBES);
    free(probes);
    free(blocks.items);
    free(numbers);
    free(rows);
    return paged;
}

int main(int argc, char **argv)
{
    static const Order orders[] = {{"SPO", {0, 1, 2}}, {"POS", {1, 2, 0}}, {"PSO", {1, 0, 2}}, {"OSP", {2, 0, 1}}};
    const int repeat = argc > 2 ? atoi(argv[2]) : 5;
    Triples triples = {0};
    if (argc < 2 || repeat < 1 || repeat > MOST_REPEATS || !read_triples(argv[1], &triples)) {
        fprintf(stderr, "usage: %s FILE [repeat 5]\n", argv[0]);
        return 2;
    }
    double paged = 0;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        paged += measure_order(&orders[i], &triples, repeat);
    printf("all four: %.3f B/row in pages\n", paged);
    free(triples.items);
    return 0;
}
