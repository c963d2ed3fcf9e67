/* load.c - the loader over kg_intern and sorted adding: terms get their ids batch by batch, in the order first met, and
 * the triples wait in memory, by graph, for the end. */
#include "kg/load.h"

#include "kg/index.h"
#include "kg/terms.h"

#include <stdlib.h>

typedef struct LoadGraph {
    KgId graph;
    struct {
        KgRecord *items;
        size_t count, capacity;
    } records;
} LoadGraph;

struct KgLoader {
    KgTxn *txn;
    KgLoadOptions options;
    struct {
        KgId *items; /* of the terms of the batch */
        size_t count, capacity;
    } ids;
    struct {
        LoadGraph *items; /* the default graph, if any, is anywhere among them */
        size_t count, capacity;
    } graphs;
};

BaseStatus kg_load_begin(KgTxn *txn, const KgLoadOptions *options, KgLoader **out, BaseError *err)
{
    KgLoader *const loader = *out = calloc(1, sizeof *loader);
    if (!loader)
        return base_fail(err, BASE_NO_MEMORY, "no memory to load");
    *loader = (KgLoader){.txn = txn, .options = *options};
    return BASE_OK;
}

static LoadGraph *find_graph(KgLoader *loader, KgId graph)
{
    for (size_t i = 0; i < loader->graphs.count; i++)
        if (loader->graphs.items[i].graph == graph)
            return &loader->graphs.items[i];
    return BASE_PUSH(&loader->graphs, (LoadGraph){.graph = graph}) ? &loader->graphs.items[loader->graphs.count - 1]
                                                                   : NULL;
}

static KgId known_id(const KgLoader *loader, KgId id)
{
    return id == KG_ANY || kg_tag(id) != 0 ? id : loader->ids.items[id - 1];
}

BaseStatus kg_load_batch(KgLoader *loader, const KgBatch *batch, uint32_t source, BaseError *err)
{
    loader->ids.count = 0;
    for (size_t i = 0; i < batch->terms.count; i++) {
        const KgBatchTerm *const place = &batch->terms.items[i];
        KgTerm term;
        KgId id;
        if (!kg_decode_term((KgText){batch->bytes.items + place->offset, place->length}, &term))
            return base_fail(err, BASE_BAD_CALL, "a batch with a term that cannot be read");
        const BaseStatus status = kg_intern(loader->txn, &term, &id, err);
        if (status != BASE_OK)
            return status;
        if (!BASE_PUSH(&loader->ids, id))
            return base_fail(err, BASE_NO_MEMORY, "no memory to load");
    }
    for (size_t i = 0; i < batch->quads.count; i++) {
        const KgBatchQuad *const quad = &batch->quads.items[i];
        LoadGraph *const graph = find_graph(loader, known_id(loader, quad->g));
        const KgTriple triple = {known_id(loader, quad->s), known_id(loader, quad->p), known_id(loader, quad->o)};
        if (!graph || !BASE_PUSH(&graph->records, (KgRecord){.triple = triple, .note = {.source = source}}))
            return base_fail(err, BASE_NO_MEMORY, "no memory for the triples of a file");
    }
    return BASE_OK;
}

BaseStatus kg_load_finish(KgLoader *loader, uint64_t *added, uint64_t *added_by, uint32_t first, BaseError *err)
{
    BaseStatus status = BASE_OK;
    *added = 0;
    for (size_t i = 0; status == BASE_OK && i < loader->graphs.count; i++) {
        LoadGraph *const graph = &loader->graphs.items[i];
        uint64_t new = 0; size_t few = 0;
        status = graph->graph == KG_ANY
                     ? kg_add_records(loader->txn, 0, loader->options.layer, graph->records.items, graph->records.count,
                                     &new, added_by, first, loader->options.job, err)
                     : kg_add_many_in(loader->txn, graph->graph, loader->options.layer, graph->records.items,
                                      graph->records.count, &few, loader->options.job, err);
        *added += new + few;
    }
    return status;
}

void kg_load_free(KgLoader *loader)
{
    if (!loader)
        return;
    for (size_t i = 0; i < loader->graphs.count; i++)
        free(loader->graphs.items[i].records.items);
    free(loader->graphs.items);
    free(loader->ids.items);
    free(loader);
}
