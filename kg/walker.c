/* walker.c - the walk through a space's blocks, and counting triples that are new to it by the other layers that they
 * are in. */
#include "kg/walker.h"

void kg_walker_start(KgWalker *walker, KgTxn *txn, uint32_t space)
{
    walker->txn = txn;
    walker->space = space;
    walker->is_open = walker->is_at_end = false;
    walker->rows = walker->at = 0;
}

static void decode_run(KgWalker *walker)
{
    const uint32_t run = walker->place.row / KG_RUN_ROWS;
    walker->at = walker->place.row % KG_RUN_ROWS;
    walker->rows = kg_block_run_rows(&walker->place.block, run);
    for (int c = 0; c < 3; c++)
        kg_block_column(&walker->place.block, run, c, walker->keys[c], 1);
}

/* Goes on in the run to the first row that is not below the key; false: there is none. */
static bool ask_run(KgWalker *walker, const uint64_t key[3], bool *is_there)
{
    for (; walker->at < walker->rows; walker->at++) {
        const uint64_t row[3] = {walker->keys[0][walker->at], walker->keys[1][walker->at], walker->keys[2][walker->at]};
        const int order = kg_compare_keys(row, key);
        *is_there = order == 0;
        if (order >= 0)
            return true;
    }
    return false;
}

BaseStatus kg_walker_ask(KgWalker *walker, const uint64_t key[3], bool *is_there, BaseError *err)
{
    *is_there = false;
    if (walker->is_at_end)
        return BASE_OK;
    if (!walker->is_open || kg_compare_keys(key, walker->place.last) > 0) {
        const BaseStatus status = kg_table_seek(walker->txn, (KgTable)(KG_ORDERS + KG_SPO), walker->space, key, 3,
                                                false, &walker->place, err);
        walker->is_at_end = status == BASE_END;
        if (status != BASE_OK)
            return status == BASE_END ? BASE_OK : status;
        walker->is_open = true;
        decode_run(walker);
    }
    if (ask_run(walker, key, is_there))
        return BASE_OK;
    /* Some row of the block is not below the key, as its last one is not. */
    walker->place.row = kg_block_find(&walker->place.block, key, 3, false);
    if (walker->place.row < walker->place.block.rows) {
        decode_run(walker);
        if (ask_run(walker, key, is_there))
            return BASE_OK;
    }
    walker->is_open = false;
    return kg_table_misplaced(walker->txn, err);
}

BaseStatus kg_new_tally_start(KgNewTally *tally, KgTxn *txn, uint32_t graph, KgLayer layer, BaseError *err)
{
    KgCounts all;
    tally->txn = txn;
    tally->graph = graph;
    tally->layer = layer;
    tally->tally = (KgTally){0};
    const BaseStatus status = kg_get_counts(txn, graph, KG_ANY, &all, err);
    for (int other = 0; status == BASE_OK && other < KG_LAYERS; other++) {
        kg_walker_start(&tally->walkers[other], txn, kg_space(graph, (KgLayer)other));
        tally->walkers[other].is_at_end = (KgLayer)other == layer || kg_union_count(&all, KG_IN(other)) == 0;
    }
    return status;
}

BaseStatus kg_new_tally_add(KgNewTally *tally, const uint64_t key[3], BaseError *err)
{
    unsigned in = 0;
    for (int other = 0; other < KG_LAYERS; other++) {
        bool is_there = false;
        if (tally->walkers[other].is_at_end)
            continue;
        const BaseStatus status = kg_walker_ask(&tally->walkers[other], key, &is_there, err);
        if (status != BASE_OK)
            return status;
        in |= is_there ? KG_IN(other) : 0;
    }
    return kg_tally_add(&tally->tally, key[1], in, 1) ? BASE_OK
                                                      : base_fail(err, BASE_NO_MEMORY, "no memory to count triples");
}

BaseStatus kg_new_tally_finish(KgNewTally *tally, BaseError *err)
{
    return kg_tally_apply(&tally->tally, tally->txn, tally->graph, tally->layer, false, err);
}

void kg_new_tally_free(KgNewTally *tally)
{
    kg_tally_free(&tally->tally);
}
