/* export.c - layers of one graph or of all into a file, in the order of the ids, which is the order in which subjects
 * were first met: the default graph, then the named ones. */
#include "kg/io/export.h"

#include <stdlib.h>

#define BUFFER_BYTES ((size_t)1 << 16)
#define TRIPLES_AT_ONCE 1024

typedef struct Progress {
    uint64_t done, total;
    BaseJob *job;
} Progress;

static BaseStatus flush(KgExport *export, BaseError *err)
{
    if (export->text.count > 0 && fwrite(export->text.items, 1, export->text.count, export->out) != export->text.count)
        return base_fail_errno(err, "cannot write the export");
    export->text.count = 0;
    return BASE_OK;
}

static BaseStatus write_triples(KgExport *export, KgScan *scan, Progress *progress, BaseError *err)
{
    KgTriple triples[TRIPLES_AT_ONCE];
    size_t count;
    BaseStatus status;
    while ((status = kg_scan_many(scan, triples, TRIPLES_AT_ONCE, &count, err)) == BASE_OK) {
        for (size_t i = 0; i < count && status == BASE_OK; i++) {
            status = kg_export_triple(export, triples[i], err);
            if (status == BASE_OK && export->text.count >= BUFFER_BYTES)
                status = flush(export, err);
        }
        progress->done += count;
        base_job_step(progress->job, "exporting", "triples", progress->done, progress->total, NULL);
        if (status == BASE_OK && base_job_cancelled(progress->job))
            status = base_fail(err, BASE_CANCELLED, "cancelled while exporting");
        if (status != BASE_OK)
            return status;
    }
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus write_graph(KgExport *export, KgId graph, unsigned layers, Progress *progress, BaseError *err)
{
    KgScan *scan = NULL;
    BaseStatus status = kg_scan_open_in(export->txn, graph, layers, (KgTriple){0}, KG_ORDER_SPO, &scan, err);
    if (status == BASE_OK)
        status = kg_export_begin_graph(export, graph, err);
    if (status == BASE_OK)
        status = write_triples(export, scan, progress, err);
    if (status == BASE_OK)
        status = kg_export_end_graph(export, err);
    kg_scan_close(scan);
    return status;
}

/* Leaves out graphs that have no triple in these layers. */
static BaseStatus count_all(KgTxn *txn, KgId *graphs, size_t *count, unsigned layers, uint64_t *total, BaseError *err)
{
    size_t kept = 0;
    *total = 0;
    for (size_t i = 0; i < *count; i++) {
        uint64_t triples;
        const BaseStatus status = kg_count_in(txn, graphs[i], layers, (KgTriple){0}, &triples, err);
        if (status != BASE_OK)
            return status;
        *total += triples;
        if (triples > 0)
            graphs[kept++] = graphs[i];
    }
    *count = kept;
    return BASE_OK;
}

static BaseStatus export_graphs(KgExport *export, KgId *graphs, size_t count, unsigned layers, uint64_t *written,
                                BaseJob *job, BaseError *err)
{
    Progress progress = {.job = job};
    BaseStatus status = count_all(export->txn, graphs, &count, layers, &progress.total, err);
    if (status == BASE_OK)
        status = kg_export_begin(export, err);
    for (size_t i = 0; status == BASE_OK && i < count; i++)
        status = write_graph(export, graphs[i], layers, &progress, err);
    if (status == BASE_OK)
        status = flush(export, err);
    if (status == BASE_OK && fflush(export->out) != 0)
        status = base_fail_errno(err, "cannot write the export");
    if (status == BASE_OK)
        base_job_step(job, "exporting", "triples", progress.done, progress.done, NULL);
    if (written)
        *written = progress.done;
    return status;
}

static BaseStatus new_export(KgTxn *txn, KgFormat format, FILE *out, KgExport **export, BaseError *err)
{
    *export = NULL;
    if ((unsigned)format > KG_TRIG)
        return base_fail(err, BASE_BAD_CALL, "no export format has the number %d", (int)format);
    *export = calloc(1, sizeof **export);
    if (!*export)
        return base_fail(err, BASE_NO_MEMORY, "no memory to export");
    (*export)->txn = txn;
    (*export)->format = format == KG_FORMAT_AUTO ? KG_TSV : format;
    (*export)->out = out;
    return BASE_OK;
}

static void free_export(KgExport *export)
{
    if (!export)
        return;
    base_buffer_free(&export->text);
    base_buffer_free(&export->field);
    base_arena_free(&export->arena);
    free(export);
}

BaseStatus kg_export_in(KgTxn *txn, KgId graph, unsigned layers, KgFormat format, FILE *out, uint64_t *written,
                        BaseJob *job, BaseError *err)
{
    KgExport *export;
    BaseStatus status = new_export(txn, format, out, &export, err);
    if (status == BASE_OK)
        status = export_graphs(export, &graph, 1, layers, written, job, err);
    free_export(export);
    return status;
}

/* The default graph and then the named ones; the caller's to free(). */
static BaseStatus all_graphs(KgTxn *txn, KgId **out, size_t *count, BaseError *err)
{
    KgId *named = NULL;
    *out = NULL;
    BaseStatus status = kg_graphs(txn, &named, count, err);
    if (status == BASE_OK) {
        *out = calloc(*count + 1, sizeof **out);
        if (!*out)
            status = base_fail(err, BASE_NO_MEMORY, "no memory to export");
        for (size_t i = 0; *out && i < *count; i++)
            (*out)[i + 1] = named[i];
        ++*count;
    }
    free(named);
    return status;
}

BaseStatus kg_export(KgTxn *txn, unsigned layers, KgFormat format, FILE *out, uint64_t *written, BaseJob *job,
                     BaseError *err)
{
    if (format != KG_NQUADS && format != KG_TRIG)
        return kg_export_in(txn, KG_ANY, layers, format, out, written, job, err);
    KgId *graphs;
    size_t count = 0;
    KgExport *export = NULL;
    BaseStatus status = all_graphs(txn, &graphs, &count, err);
    if (status == BASE_OK)
        status = new_export(txn, format, out, &export, err);
    if (status == BASE_OK)
        status = export_graphs(export, graphs, count, layers, written, job, err);
    free_export(export);
    free(graphs);
    return status;
}
