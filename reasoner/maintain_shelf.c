/* Shelves: where one predicate of one layer is looked into again and again, at places all over it, its triples are
 * taken into memory, by subject or by object, each group sorted. */
#include "reasoner/maintain.h"

#include <stdlib.h>
#include <string.h>

/* A shelf is filled after so many lookups, and one for so many triples. Filling takes less per triple than a lookup; of
 * inferred ones, whose notes have to be found, as much. */
#define FEW_LOOKUPS 500
#define TRIPLES_A_LOOKUP 32
#define LOOKUPS_A_NOTE 2
#define MOST_TRIPLES 8000000

static BaseStatus no_memory(const Maintenance *with)
{
    return base_fail(with->err, BASE_NO_MEMORY, "no memory to update what was derived");
}

static uint64_t key_of(KgLayer layer, KgId predicate, bool by_object)
{
    return base_mix(predicate + 2 * (uint64_t)layer + by_object) >> 1;
}

void reasoner_shelves_free(Maintenance *with)
{
    for (size_t i = 0; i < with->shelves.count; i++) {
        free(with->shelves.items[i]->others);
        free(with->shelves.items[i]->heights);
        base_map_free(&with->shelves.items[i]->groups);
        free(with->shelves.items[i]);
    }
    free(with->shelves.items);
    base_map_free(&with->shelf_places);
    memset(&with->shelves, 0, sizeof with->shelves);
}

/* The heights of triples taken in the order of subject and object. */
static BaseStatus fill_heights(Maintenance *with, Shelf *shelf, const KgTriple *triples, size_t count, size_t first)
{
    KgNote note;
    BaseStatus status = BASE_OK;
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        status = kg_finder_get(with->inferred, triples[i], &note, with->err);
        shelf->heights[first + i] = note.height;
    }
    return status;
}

static bool take_triples(Shelf *shelf, const KgTriple *triples, size_t count, size_t *taken)
{
    for (size_t i = 0; i < count; i++) {
        const KgId key = shelf->by_object ? triples[i].o : triples[i].s;
        bool is_new;
        uint64_t *const group = base_map_put(&shelf->groups, key, (uint64_t)*taken << 32, &is_new);
        if (!group)
            return false;
        shelf->others[(*taken)++] = shelf->by_object ? triples[i].s : triples[i].o;
        ++*group; /* the low half counts */
    }
    return true;
}

static BaseStatus fill(Maintenance *with, Shelf *shelf)
{
    KgTriple triples[1024];
    KgScan *scan = NULL;
    size_t taken = 0, count;
    shelf->others = malloc((shelf->count + 1) * sizeof *shelf->others);
    shelf->heights = shelf->layer == KG_INFERRED ? malloc((shelf->count + 1) * sizeof *shelf->heights) : NULL;
    if (!shelf->others || (shelf->layer == KG_INFERRED && !shelf->heights))
        return no_memory(with);
    BaseStatus status = kg_scan_open(with->txn, KG_IN(shelf->layer), (KgTriple){.p = shelf->predicate},
                                     shelf->by_object ? KG_ORDER_POS : KG_ORDER_PSO, &scan, with->err);
    while (status == BASE_OK && (status = kg_scan_many(scan, triples, 1024, &count, with->err)) == BASE_OK) {
        if (taken + count > shelf->count)
            return kg_scan_close(scan), base_fail(with->err, BASE_BAD_INPUT, "the database is damaged: wrong counts");
        if (shelf->heights)
            status = fill_heights(with, shelf, triples, count, taken);
        if (status == BASE_OK && !take_triples(shelf, triples, count, &taken))
            status = no_memory(with);
    }
    kg_scan_close(scan);
    shelf->is_filled = status == BASE_END;
    return status == BASE_END ? BASE_OK : status;
}

/* The shelf for such lookups, new when there is none. */
static BaseStatus want_shelf(Maintenance *with, KgLayer layer, KgId predicate, bool by_object, Shelf **out)
{
    bool is_new;
    const uint64_t *const place =
        base_map_put(&with->shelf_places, key_of(layer, predicate, by_object), with->shelves.count, &is_new);
    if (!place)
        return no_memory(with);
    if (is_new) {
        Shelf *const shelf = calloc(1, sizeof *shelf);
        uint64_t count = 0;
        if (!shelf || !BASE_PUSH(&with->shelves, shelf)) {
            free(shelf);
            return no_memory(with);
        }
        *shelf = (Shelf){.layer = layer, .predicate = predicate, .by_object = by_object};
        const BaseStatus status = kg_count(with->txn, KG_IN(layer), (KgTriple){.p = predicate}, &count, with->err);
        if (status != BASE_OK)
            return status;
        shelf->count = (size_t)count;
        shelf->patience = FEW_LOOKUPS + (layer == KG_INFERRED ? LOOKUPS_A_NOTE * count : count / TRIPLES_A_LOOKUP);
    }
    *out = with->shelves.items[*place];
    return BASE_OK;
}

BaseStatus reasoner_shelf_find(Maintenance *with, KgLayer layer, KgTriple pattern, ShelfCursor *out)
{
    Shelf *shelf = NULL;
    const bool by_object = pattern.s == KG_ANY;
    *out = (ShelfCursor){0};
    if (pattern.p == KG_ANY || (pattern.s == KG_ANY && pattern.o == KG_ANY))
        return BASE_OK;
    BaseStatus status = want_shelf(with, layer, pattern.p, by_object, &shelf);
    if (status == BASE_OK && !shelf->is_filled && shelf->asked++ >= shelf->patience && shelf->count <= MOST_TRIPLES)
        status = fill(with, shelf);
    if (status != BASE_OK || !shelf->is_filled || shelf->predicate != pattern.p || shelf->layer != layer)
        return status;
    const uint64_t *const group = base_map_get(&shelf->groups, by_object ? pattern.o : pattern.s);
    out->shelf = shelf;
    out->at = group ? (uint32_t)(*group >> 32) : 0;
    out->end = group ? out->at + (uint32_t)*group : 0;
    if (pattern.s == KG_ANY || pattern.o == KG_ANY)
        return BASE_OK;
    uint32_t low = out->at, high = out->end;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (shelf->others[middle] < pattern.o)
            low = middle + 1;
        else
            high = middle;
    }
    out->at = low;
    out->end = low < out->end && shelf->others[low] == pattern.o ? low + 1 : low;
    return BASE_OK;
}

bool reasoner_shelf_next(ShelfCursor *cursor, KgTriple pattern, KgTriple *triple, uint32_t *height)
{
    if (cursor->at >= cursor->end)
        return false;
    const Shelf *const shelf = cursor->shelf;
    *triple = pattern;
    *(shelf->by_object ? &triple->s : &triple->o) = shelf->others[cursor->at];
    *height = shelf->heights ? shelf->heights[cursor->at] : 0;
    cursor->at++;
    return true;
}
