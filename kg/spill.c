/* spill.c - runs as packed blocks in one file: each block behind its length (4 bytes). Runs are merged by a heap. */
#include "kg/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Run {
    off_t start, end, next; /* in the file */
    KgRows rows;            /* of the block being read */
    size_t at;
} Run;

struct KgSpill {
    KgShape shape;
    int columns, file;
    off_t length;
    struct {
        Run *items;
        size_t count, capacity;
    } runs;
    KgPacked packed;
    size_t *heap; /* runs that have rows, the least row's first */
    size_t heap_count;
    bool any;
    uint64_t before[KG_TABLE_KEYS]; /* the row handed out last */
};

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to sort triples");
}

/* A file without a name; on file systems that do not know such, one whose name is taken away at once. */
static int open_nameless(const char *folder)
{
    const int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return file;
    char *const path = base_join_path(folder, "sorting-XXXXXX");
    const int named = path ? mkostemp(path, O_CLOEXEC) : -1;
    if (named >= 0)
        unlink(path);
    free(path);
    return named;
}

BaseStatus kg_spill_new(const char *folder, KgShape shape, KgSpill **out, BaseError *err)
{
    KgSpill *const spill = *out = calloc(1, sizeof *spill);
    if (!spill)
        return no_memory(err);
    spill->shape = shape;
    spill->columns = shape.keys + shape.values;
    spill->file = open_nameless(folder);
    if (spill->file >= 0)
        return BASE_OK;
    *out = NULL;
    const BaseStatus status = base_fail_errno(err, "cannot make a file to sort in, in %s", folder);
    free(spill);
    return status;
}

void kg_spill_free(KgSpill *spill)
{
    if (!spill)
        return;
    for (size_t i = 0; i < spill->runs.count; i++)
        kg_rows_free(&spill->runs.items[i].rows);
    free(spill->runs.items);
    free(spill->heap);
    kg_packed_free(&spill->packed);
    close(spill->file);
    free(spill);
}

/* ---- Writing ---- */

static BaseStatus write_bytes(KgSpill *spill, const void *bytes, size_t length, BaseError *err)
{
    for (size_t done = 0; done < length;) {
        const ssize_t written = pwrite(spill->file, (const char *)bytes + done, length - done, spill->length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return base_fail_errno(err, "cannot write sorted triples to the disk");
        done += (size_t)written;
        spill->length += written;
    }
    return BASE_OK;
}

BaseStatus kg_spill_add(KgSpill *spill, const KgRows *rows, BaseError *err)
{
    Run run = {.start = spill->length};
    spill->packed.bytes.count = spill->packed.blocks.count = 0;
    if (rows->count == 0)
        return BASE_OK;
    if (!kg_pack_rows(spill->shape, 0, rows, &spill->packed))
        return no_memory(err);
    BaseStatus status = BASE_OK;
    for (size_t i = 0; status == BASE_OK && i < spill->packed.blocks.count; i++) {
        const struct KgPackedBlock *const block = &spill->packed.blocks.items[i];
        unsigned char *const bytes = (unsigned char *)spill->packed.bytes.items + block->offset;
        const uint32_t length = (uint32_t)block->length;
        kg_block_seal(bytes, block->length, 0);
        status = write_bytes(spill, &length, sizeof length, err);
        if (status == BASE_OK)
            status = write_bytes(spill, bytes, block->length, err);
    }
    run.end = spill->length;
    if (status == BASE_OK && !BASE_PUSH(&spill->runs, run))
        status = no_memory(err);
    return status;
}

/* ---- Reading ---- */

static BaseStatus read_bytes(const KgSpill *spill, off_t at, void *bytes, size_t length, BaseError *err)
{
    for (size_t done = 0; done < length;) {
        const ssize_t got = pread(spill->file, (char *)bytes + done, length - done, at + (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return base_fail_errno(err, "cannot read sorted triples from the disk");
        if (got == 0)
            return base_fail(err, BASE_IO, "sorted triples on the disk became shorter than they were written");
        done += (size_t)got;
    }
    return BASE_OK;
}

/* The run's next block; BASE_END: it has no more. */
static BaseStatus read_block(const KgSpill *spill, Run *run, BaseError *err)
{
    unsigned char bytes[KG_BLOCK_BYTES];
    uint32_t length = 0;
    KgBlock block;
    if (run->next == run->end)
        return BASE_END;
    BaseStatus status = read_bytes(spill, run->next, &length, sizeof length, err);
    if (status == BASE_OK && length <= sizeof bytes)
        status = read_bytes(spill, run->next + (off_t)sizeof length, bytes, length, err);
    if (status != BASE_OK)
        return status;
    if (length > sizeof bytes || !kg_block_open(&block, spill->shape, bytes, length, 0, true))
        return base_fail(err, BASE_IO, "sorted triples came back from the disk damaged");
    run->next += (off_t)(sizeof length + length);
    if (!kg_rows_reserve(&run->rows, spill->columns, KG_BLOCK_ROWS))
        return no_memory(err);
    for (int c = 0; c < spill->columns; c++)
        for (uint32_t i = 0; i < block.runs; i++)
            kg_block_column(&block, i, c, run->rows.columns[c] + (size_t)i * KG_RUN_ROWS, 1);
    run->rows.count = block.rows;
    run->at = 0;
    return BASE_OK;
}

/* Whether the next row of run `a` comes before that of run `b`; of equal ones, that of the earlier run. */
static bool comes_before(const KgSpill *spill, size_t a, size_t b)
{
    const Run *const x = &spill->runs.items[a], *const y = &spill->runs.items[b];
    for (int c = 0; c < spill->shape.keys; c++)
        if (x->rows.columns[c][x->at] != y->rows.columns[c][y->at])
            return x->rows.columns[c][x->at] < y->rows.columns[c][y->at];
    return a < b;
}

static void sift_down(KgSpill *spill, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < spill->heap_count; child++)
            if (comes_before(spill, spill->heap[child], spill->heap[least]))
                least = child;
        if (least == at)
            return;
        const size_t swap = spill->heap[at];
        spill->heap[at] = spill->heap[least];
        spill->heap[least] = swap;
        at = least;
    }
}

BaseStatus kg_spill_rewind(KgSpill *spill, BaseError *err)
{
    free(spill->heap);
    spill->heap = calloc(spill->runs.count + 1, sizeof *spill->heap);
    spill->heap_count = 0;
    spill->any = false;
    if (!spill->heap)
        return no_memory(err);
    kg_packed_free(&spill->packed);
    for (size_t i = 0; i < spill->runs.count; i++) {
        Run *const run = &spill->runs.items[i];
        run->next = run->start;
        const BaseStatus status = read_block(spill, run, err);
        if (status != BASE_OK)
            return status;
        spill->heap[spill->heap_count++] = i;
    }
    for (size_t i = spill->heap_count / 2; i-- > 0;)
        sift_down(spill, i);
    return BASE_OK;
}

static void take_row(KgSpill *spill, const Run *run, KgRows *out)
{
    bool is_same = spill->any;
    for (int c = 0; c < spill->shape.keys; c++) {
        is_same = is_same && spill->before[c] == run->rows.columns[c][run->at];
        spill->before[c] = run->rows.columns[c][run->at];
    }
    spill->any = true;
    if (is_same)
        return;
    for (int c = 0; c < spill->columns; c++)
        out->columns[c][out->count] = run->rows.columns[c][run->at];
    out->count++;
}

BaseStatus kg_spill_next(KgSpill *spill, size_t most, KgRows *out, BaseError *err)
{
    out->count = 0;
    if (!kg_rows_reserve(out, spill->columns, most))
        return no_memory(err);
    while (out->count < most && spill->heap_count > 0) {
        Run *const run = &spill->runs.items[spill->heap[0]];
        take_row(spill, run, out);
        if (++run->at == run->rows.count) {
            const BaseStatus status = read_block(spill, run, err);
            if (status == BASE_END) {
                kg_rows_free(&run->rows);
                spill->heap[0] = spill->heap[--spill->heap_count];
            } else if (status != BASE_OK) {
                return status;
            }
        }
        sift_down(spill, 0);
    }
    return out->count > 0 ? BASE_OK : BASE_END;
}
