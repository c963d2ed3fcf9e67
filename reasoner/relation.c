/* A relation keeps its rows one after the other, so that "found in round n" is a range of rows; a hash table over whole
 * rows keeps them distinct, and indexes chain the rows of each key. Hashing multiplies and folds 64 bits at a time. */
#include "reasoner/relation.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_step(uint64_t hash, uint32_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

static uint64_t hash_tuple(const uint32_t *tuple, uint32_t arity)
{
    uint64_t hash = 0x2545f4914f6cdd1du;
    for (uint32_t c = 0; c < arity; c++)
        hash = hash_step(hash, tuple[c]);
    return hash;
}

static uint64_t hash_columns(const uint32_t *tuple, uint64_t columns)
{
    uint64_t hash = 0x2545f4914f6cdd1du;
    for (; columns; columns &= columns - 1)
        hash = hash_step(hash, tuple[__builtin_ctzll(columns)]);
    return hash;
}

static bool same_tuple(const uint32_t *a, const uint32_t *b, uint32_t arity)
{
    for (uint32_t c = 0; c < arity; c++)
        if (a[c] != b[c])
            return false;
    return true;
}

static bool same_columns(const uint32_t *a, const uint32_t *b, uint64_t columns)
{
    for (; columns; columns &= columns - 1)
        if (a[__builtin_ctzll(columns)] != b[__builtin_ctzll(columns)])
            return false;
    return true;
}

static uint32_t *new_slots(size_t count)
{
    uint32_t *const slots = malloc(count * sizeof *slots);
    if (slots)
        memset(slots, 0xff, count * sizeof *slots);
    return slots;
}

static void free_indexes(Relation *relation)
{
    for (size_t i = 0; i < relation->indexes.count; i++) {
        free(relation->indexes.items[i]->newest);
        free(relation->indexes.items[i]->older);
        free(relation->indexes.items[i]);
    }
    relation->indexes.count = 0;
}

void reasoner_relation_free(Relation *relation)
{
    free_indexes(relation);
    free(relation->indexes.items);
    free(relation->values);
    free(relation->heights);
    free(relation->rules);
    free(relation->slots);
    *relation = (Relation){.arity = relation->arity};
}

/* ---- Rows ---------------------------------------------------------------------------------------------------- */

/* Where the tuple is in the table, or the free slot where it belongs. */
static size_t find_slot(const Relation *relation, const uint32_t *tuple)
{
    const size_t mask = relation->slot_count - 1;
    size_t slot = hash_tuple(tuple, relation->arity) & mask;
    while (relation->slots[slot] != NO_ROW &&
           !same_tuple(relation_row(relation, relation->slots[slot]), tuple, relation->arity))
        slot = (slot + 1) & mask;
    return slot;
}

static bool grow_slots(Relation *relation)
{
    const size_t count = relation->slot_count ? relation->slot_count * 2 : 64;
    uint32_t *const slots = new_slots(count);
    if (!slots)
        return false;
    for (uint32_t row = 0; row < relation->count; row++) {
        size_t slot = hash_tuple(relation_row(relation, row), relation->arity) & (count - 1);
        while (slots[slot] != NO_ROW)
            slot = (slot + 1) & (count - 1);
        slots[slot] = row;
    }
    free(relation->slots);
    relation->slots = slots;
    relation->slot_count = count;
    return true;
}

/* Each array keeps what it has when another cannot grow. */
static bool grow_rows(Relation *relation)
{
    const size_t capacity = relation->capacity ? relation->capacity * 2 : 32;
    uint32_t *const values = realloc(relation->values, capacity * relation->arity * sizeof *values);
    if (values)
        relation->values = values;
    uint32_t *const heights = realloc(relation->heights, capacity * sizeof *heights);
    if (heights)
        relation->heights = heights;
    uint32_t *const rules = realloc(relation->rules, capacity * sizeof *rules);
    if (rules)
        relation->rules = rules;
    if (!values || !heights || !rules)
        return false;
    relation->capacity = capacity;
    return true;
}

bool reasoner_relation_add(Relation *relation, const uint32_t *tuple, uint32_t height, uint32_t rule, bool *is_new)
{
    *is_new = false;
    if ((size_t)relation->count * 3 / 2 >= relation->slot_count && !grow_slots(relation))
        return false;
    const size_t slot = find_slot(relation, tuple);
    if (relation->slots[slot] != NO_ROW)
        return true;
    if (relation->count == NO_ROW - 1 || (relation->count == relation->capacity && !grow_rows(relation)))
        return false;
    const uint32_t row = relation->count++;
    memcpy(relation->values + (size_t)row * relation->arity, tuple, relation->arity * sizeof *tuple);
    relation->heights[row] = height;
    relation->rules[row] = rule;
    relation->slots[slot] = row;
    *is_new = true;
    return true;
}

uint32_t reasoner_relation_find(const Relation *relation, const uint32_t *tuple)
{
    return relation->count == 0 ? NO_ROW : relation->slots[find_slot(relation, tuple)];
}

uint32_t reasoner_relation_height_start(const Relation *relation, uint32_t from, uint32_t to, uint32_t height)
{
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if (relation->heights[middle] < height)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* ---- Indexes ------------------------------------------------------------------------------------------------- */

static size_t find_key(const Relation *relation, const RelationIndex *index, const uint32_t *tuple)
{
    const size_t mask = index->slot_count - 1;
    size_t slot = hash_columns(tuple, index->columns) & mask;
    while (index->newest[slot] != NO_ROW &&
           !same_columns(relation_row(relation, index->newest[slot]), tuple, index->columns))
        slot = (slot + 1) & mask;
    return slot;
}

static bool grow_keys(const Relation *relation, RelationIndex *index)
{
    const size_t count = index->slot_count ? index->slot_count * 2 : 64;
    uint32_t *const newest = new_slots(count);
    if (!newest)
        return false;
    for (size_t i = 0; i < index->slot_count; i++) {
        if (index->newest[i] == NO_ROW)
            continue;
        size_t slot = hash_columns(relation_row(relation, index->newest[i]), index->columns) & (count - 1);
        while (newest[slot] != NO_ROW)
            slot = (slot + 1) & (count - 1);
        newest[slot] = index->newest[i];
    }
    free(index->newest);
    index->newest = newest;
    index->slot_count = count;
    return true;
}

static bool cover(const Relation *relation, RelationIndex *index)
{
    if (!base_reserve((void **)&index->older, &index->older_capacity, relation->count, sizeof *index->older))
        return false;
    for (; index->covered < relation->count; index->covered++) {
        if (index->key_count * 3 / 2 >= index->slot_count && !grow_keys(relation, index))
            return false;
        const size_t slot = find_key(relation, index, relation_row(relation, index->covered));
        index->key_count += index->newest[slot] == NO_ROW;
        index->older[index->covered] = index->newest[slot];
        index->newest[slot] = index->covered;
    }
    return true;
}

const RelationIndex *reasoner_relation_index(Relation *relation, uint64_t columns)
{
    RelationIndex *index = NULL;
    for (size_t i = 0; i < relation->indexes.count && !index; i++)
        if (relation->indexes.items[i]->columns == columns)
            index = relation->indexes.items[i];
    if (!index) {
        index = calloc(1, sizeof *index);
        if (!index || !BASE_PUSH(&relation->indexes, index)) {
            free(index);
            return NULL;
        }
        index->columns = columns;
    }
    return cover(relation, index) ? index : NULL;
}

uint32_t reasoner_relation_first(const Relation *relation, const RelationIndex *index, const uint32_t *key)
{
    if (index->slot_count == 0)
        return NO_ROW;
    uint64_t hash = 0x2545f4914f6cdd1du;
    size_t k = 0;
    for (uint64_t columns = index->columns; columns; columns &= columns - 1)
        hash = hash_step(hash, key[k++]);
    for (size_t slot = hash & (index->slot_count - 1);; slot = (slot + 1) & (index->slot_count - 1)) {
        const uint32_t row = index->newest[slot];
        if (row == NO_ROW)
            return NO_ROW;
        const uint32_t *const values = relation_row(relation, row);
        bool is_same = true;
        k = 0;
        for (uint64_t columns = index->columns; columns && is_same; columns &= columns - 1)
            is_same = values[__builtin_ctzll(columns)] == key[k++];
        if (is_same)
            return row;
    }
}

/* ---- Strata -------------------------------------------------------------------------------------------------- */

/* The place of each row once sorted by height, equal heights in their order; NULL: no memory. */
static uint32_t *rank_rows(const Relation *relation)
{
    uint32_t highest = 0;
    for (uint32_t row = 0; row < relation->count; row++)
        highest = relation->heights[row] > highest ? relation->heights[row] : highest;
    uint32_t *const starts = calloc((size_t)highest + 2, sizeof *starts);
    uint32_t *const ranks = malloc(relation->count * sizeof *ranks);
    if (starts && ranks) {
        for (uint32_t row = 0; row < relation->count; row++)
            starts[relation->heights[row] + 1]++;
        for (uint32_t height = 0; height < highest; height++)
            starts[height + 1] += starts[height];
        for (uint32_t row = 0; row < relation->count; row++)
            ranks[row] = starts[relation->heights[row]]++;
    }
    free(starts);
    if (starts)
        return ranks;
    free(ranks);
    return NULL;
}

/* Merges the two sorted runs. Rows change their numbers, so tables and indexes are made anew. */
static bool sort_rows(Relation *relation)
{
    Relation sorted = {.arity = relation->arity, .count = relation->count, .capacity = relation->count};
    uint32_t *const ranks = rank_rows(relation);
    sorted.values = malloc((size_t)relation->count * relation->arity * sizeof *sorted.values);
    sorted.heights = malloc(relation->count * sizeof *sorted.heights);
    sorted.rules = malloc(relation->count * sizeof *sorted.rules);
    if (!ranks || !sorted.values || !sorted.heights || !sorted.rules) {
        free(ranks);
        reasoner_relation_free(&sorted);
        return false;
    }
    for (uint32_t row = 0; row < relation->count; row++) {
        memcpy(sorted.values + (size_t)ranks[row] * relation->arity, relation_row(relation, row),
               relation->arity * sizeof *sorted.values);
        sorted.heights[ranks[row]] = relation->heights[row];
        sorted.rules[ranks[row]] = relation->rules[row];
    }
    for (size_t slot = 0; slot < relation->slot_count; slot++)
        if (relation->slots[slot] != NO_ROW)
            relation->slots[slot] = ranks[relation->slots[slot]];
    sorted.slots = relation->slots;
    sorted.slot_count = relation->slot_count;
    relation->slots = NULL;
    free(ranks);
    reasoner_relation_free(relation);
    *relation = sorted;
    return true;
}

bool reasoner_relation_settle(Relation *relation)
{
    const uint32_t settled = relation->settled;
    if (settled > 0 && settled < relation->count && relation->heights[settled - 1] > relation->heights[settled] &&
        !sort_rows(relation))
        return false;
    relation->settled = relation->count;
    return true;
}
