/* node_set.c - see node_set.h. */
#include "kg/sparql/node_set.h"

#include <stdlib.h>
#include <string.h>

static size_t mark_words(const NodeSet *set)
{
    return set->iri_count / 64 + 1;
}

static bool has_mark(const NodeSet *set, KgId node)
{
    return kg_tag(node) == KG_IRI && kg_number(node) < set->iri_count;
}

bool node_set_add(NodeSet *set, KgId node)
{
    bool is_new = true;
    if (has_mark(set, node)) {
        if (!set->marks && !(set->marks = calloc(mark_words(set), sizeof *set->marks)))
            return false;
        uint64_t *const word = &set->marks[kg_number(node) / 64];
        const uint64_t bit = (uint64_t)1 << kg_number(node) % 64;
        is_new = !(*word & bit);
        *word |= bit;
    } else if (!base_map_put(&set->others, node, 0, &is_new)) {
        return false;
    }
    return !is_new || BASE_PUSH(set, node);
}

bool node_set_has(const NodeSet *set, KgId node)
{
    if (has_mark(set, node))
        return set->marks && set->marks[kg_number(node) / 64] >> kg_number(node) % 64 & 1;
    return base_map_get(&set->others, node) != NULL;
}

void node_set_empty(NodeSet *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (has_mark(set, set->items[i]))
            set->marks[kg_number(set->items[i]) / 64] = 0;
    set->count = 0;
    if (set->others.count > 0)
        base_map_free(&set->others);
}

void node_set_free(NodeSet *set)
{
    free(set->items);
    free(set->marks);
    base_map_free(&set->others);
    *set = (NodeSet){.iri_count = set->iri_count};
}

size_t node_set_bytes(const NodeSet *set)
{
    return set->capacity * sizeof *set->items + (set->marks ? mark_words(set) * sizeof *set->marks : 0) +
           set->others.capacity * 2 * sizeof(uint64_t);
}
