/* figures.c - statistics by predicate, read from the catalog once per generation of it. */
#include "kg/figures.h"

#include <stdlib.h>

struct KgFigures {
    uint64_t generation;
    BaseMap places; /* predicate -> place in the rows */
    BaseArena arena;
    KgStatistics statistics;
};

void kg_figures_free(KgFigures *figures)
{
    if (!figures)
        return;
    base_map_free(&figures->places);
    base_arena_free(&figures->arena);
    free(figures);
}

static BaseStatus read_figures(KgTxn *txn, KgFigures *out, BaseError *err)
{
    const BaseStatus status = kg_statistics(txn, &out->arena, &out->statistics, err);
    for (size_t i = 0; status == BASE_OK && i < out->statistics.row_count; i++)
        if (!base_map_put(&out->places, out->statistics.rows[i].predicate, i, NULL))
            return base_fail(err, BASE_NO_MEMORY, "no memory for statistics");
    return status;
}

/* With the store's lock held. */
static BaseStatus want_figures(KgTxn *txn, BaseError *err)
{
    KgStore *const store = txn->store;
    uint64_t generation;
    BaseStatus status = kg_get_number(txn, "generation", &generation, err);
    /* Newer ones do for an older reader too, as the catalog's other rows do. */
    if (status != BASE_OK || (store->figures && store->figures->generation >= generation))
        return status;
    KgFigures *const figures = calloc(1, sizeof *figures);
    if (!figures)
        return base_fail(err, BASE_NO_MEMORY, "no memory for statistics");
    figures->generation = generation;
    status = read_figures(txn, figures, err);
    if (status != BASE_OK) {
        kg_figures_free(figures);
        return status;
    }
    kg_figures_free(store->figures);
    store->figures = figures;
    return BASE_OK;
}

BaseStatus kg_predicate_figures(KgTxn *txn, KgId predicate, KgPredicateStatistics *out, BaseError *err)
{
    KgStore *const store = txn->store;
    *out = (KgPredicateStatistics){.predicate = predicate};
    pthread_mutex_lock(&store->figures_lock);
    const BaseStatus status = want_figures(txn, err);
    if (status == BASE_OK && predicate == KG_ANY) {
        out->triples = store->figures->statistics.triples;
        out->subjects = store->figures->statistics.subject_count;
    } else if (status == BASE_OK) {
        const uint64_t *const place = base_map_get(&store->figures->places, predicate);
        if (place)
            *out = store->figures->statistics.rows[*place];
    }
    pthread_mutex_unlock(&store->figures_lock);
    return status;
}
