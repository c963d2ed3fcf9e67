/* Rows by the values of some columns. The base is packed by counting, so that the rows of a key lie side by side; rows
 * found later are chained until they are half as many as the base, which is then made anew. A single column whose
 * values are about as many as the rows is addressed directly, anything else by a hash, and then keys are compared. */
#include "reasoner/relation.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 1024 /* rows that may stay chained in any case */ };

static uint32_t hash_bucket(uint64_t hash, uint32_t bucket_count)
{
    return (uint32_t)((base_mix(hash) >> 32) * bucket_count >> 32);
}

static uint64_t hash_step(uint64_t hash, uint32_t value)
{
    return (hash ^ value) * 0x9e3779b97f4a7c15u + (hash >> 29);
}

uint32_t reasoner_index_bucket(const RelationIndex *index, const uint32_t *key)
{
    if (!index->is_hashed)
        return key[0] < index->bucket_count ? key[0] : NO_ROW;
    uint64_t hash = 0;
    for (int left = __builtin_popcountll(index->columns); left > 0; left--)
        hash = hash_step(hash, *key++);
    return hash_bucket(hash, index->bucket_count);
}

static uint32_t bucket_of(const RelationIndex *index, const uint32_t *row)
{
    if (!index->is_hashed)
        return row[__builtin_ctzll(index->columns)];
    uint64_t hash = 0;
    for (uint64_t columns = index->columns; columns; columns &= columns - 1)
        hash = hash_step(hash, row[__builtin_ctzll(columns)]);
    return hash_bucket(hash, index->bucket_count);
}

static void clear(RelationIndex *index)
{
    free(index->starts);
    free(index->entries);
    free(index->newest);
    free(index->older);
    *index = (RelationIndex){.columns = index->columns, .is_whole = index->is_whole};
}

void reasoner_relation_drop_indexes(Relation *relation)
{
    for (size_t i = 0; i < relation->indexes.count; i++) {
        clear(relation->indexes.items[i]);
        free(relation->indexes.items[i]);
    }
    relation->indexes.count = 0;
}

/* ---- Base ---------------------------------------------------------------------------------------------------- */

static void choose_buckets(const Relation *relation, RelationIndex *index)
{
    const uint32_t rows = index->is_whole ? relation->count : relation->high;
    const bool is_single = __builtin_popcountll(index->columns) == 1;
    uint32_t highest = 0;
    const uint32_t *value = rows > 0 ? relation->values + __builtin_ctzll(index->columns) : NULL;
    for (uint32_t row = 0; is_single && row < rows; row++, value += relation->arity)
        highest = *value > highest ? *value : highest;
    if (highest < relation->value_hint)
        highest = relation->value_hint - 1;
    index->is_hashed = !is_single || highest > 8 * (uint64_t)rows + FEW;
    if (!index->is_hashed && highest >= relation->value_hint && highest < NO_ROW / 2)
        highest += highest / 2; /* for values yet to come, such as fresh nulls */
    index->bucket_count = index->is_hashed ? rows + rows / 4 + 64 : highest + 1;
    index->holds_values = is_single && relation->arity == 2 && !index->is_hashed && !index->is_whole;
    index->other = index->columns == 1 ? 1 : 0;
}

/* Packs the rows below `base`. */
static bool pack(const Relation *relation, RelationIndex *index, uint32_t base)
{
    clear(index);
    choose_buckets(relation, index);
    index->starts = calloc((size_t)index->bucket_count + 2, sizeof *index->starts);
    index->entries = malloc(((size_t)base + 1) * sizeof *index->entries);
    if (!index->starts || !index->entries)
        return false;
    uint32_t *const ends = index->starts + 1; /* of a bucket once its rows are in, which is the start of the next */
    for (uint32_t row = 0; row < base; row++)
        ends[bucket_of(index, relation_row(relation, row)) + 1]++;
    for (uint32_t bucket = 0; bucket < index->bucket_count; bucket++)
        ends[bucket + 1] += ends[bucket];
    for (uint32_t row = 0; row < base; row++) {
        const uint32_t *const values = relation_row(relation, row);
        index->entries[ends[bucket_of(index, values)]++] = index->holds_values ? values[index->other] : row;
    }
    index->base = index->covered = base;
    return true;
}

/* ---- Chains -------------------------------------------------------------------------------------------------- */

static bool can_chain(const Relation *relation, const RelationIndex *index, uint32_t end)
{
    const uint32_t column = (uint32_t)__builtin_ctzll(index->columns);
    for (uint32_t row = index->covered; !index->is_hashed && row < end; row++)
        if (relation_row(relation, row)[column] >= index->bucket_count)
            return false;
    return true;
}

static bool chain(const Relation *relation, RelationIndex *index, uint32_t end)
{
    if (index->covered == end)
        return true;
    if (!index->newest) {
        index->newest = malloc(index->bucket_count * sizeof *index->newest);
        if (!index->newest)
            return false;
        memset(index->newest, 0xff, index->bucket_count * sizeof *index->newest);
    }
    if (!base_reserve((void **)&index->older, &index->older_capacity, end - index->base, sizeof *index->older))
        return false;
    for (; index->covered < end; index->covered++) {
        uint32_t *const newest = &index->newest[bucket_of(index, relation_row(relation, index->covered))];
        index->older[index->covered - index->base] = *newest;
        *newest = index->covered;
    }
    return true;
}

static bool bring_up_to_date(const Relation *relation, RelationIndex *index)
{
    const uint32_t end = index->is_whole ? relation->count : relation->high;
    const uint32_t base = index->is_whole || !relation->low ? end : relation->low;
    const bool is_long = base > index->base && base - index->base > index->base / 2 + FEW;
    if ((!index->starts || is_long || !can_chain(relation, index, end)) && !pack(relation, index, base))
        return false;
    return chain(relation, index, end);
}

RelationIndex *reasoner_relation_index(Relation *relation, uint64_t columns, bool is_whole)
{
    RelationIndex *index = NULL;
    for (size_t i = 0; i < relation->indexes.count && !index; i++)
        if (relation->indexes.items[i]->columns == columns && relation->indexes.items[i]->is_whole == is_whole)
            index = relation->indexes.items[i];
    if (!index) {
        index = calloc(1, sizeof *index);
        if (!index || !BASE_PUSH(&relation->indexes, index)) {
            free(index);
            return NULL;
        }
        index->columns = columns;
        index->is_whole = is_whole;
    }
    return bring_up_to_date(relation, index) ? index : NULL;
}

uint32_t reasoner_index_debt(const Relation *relation, uint64_t columns)
{
    for (size_t i = 0; i < relation->indexes.count; i++) {
        const RelationIndex *const index = relation->indexes.items[i];
        if (index->columns == columns && !index->is_whole)
            return index->covered < relation->high ? relation->high - index->covered : 0;
    }
    return relation->high;
}

size_t reasoner_relation_bytes(const Relation *relation)
{
    const Members *const members = &relation->members;
    size_t words = relation->capacity * relation->arity + relation->segments.capacity * 3 + members->slot_count;
    const size_t per_set = members->kind != MEMBERS_BITS ? 0
                           : relation->arity == 1        ? members->domain[0] / 64 + 1
                                                         : members->domain[0] * members->words;
    words += members->rows.domain * (sizeof(RowSet) / sizeof(uint32_t)) + members->rows.bytes / sizeof(uint32_t);
    words += 2 * per_set * (members->visible ? 2 : 1);
    for (size_t i = 0; i < relation->indexes.count; i++) {
        const RelationIndex *const index = relation->indexes.items[i];
        words += index->base + index->older_capacity + (size_t)index->bucket_count * (index->newest ? 2 : 1);
    }
    return words * sizeof(uint32_t) + (members->matrix ? reasoner_matrix_bytes(members->matrix) : 0);
}

/* ---- Cursor -------------------------------------------------------------------------------------------------- */

IndexCursor reasoner_index_find(const Relation *relation, const RelationIndex *index, const uint32_t *key)
{
    IndexCursor cursor = {.relation = relation, .index = index, .key = key, .chained = NO_ROW};
    const uint32_t bucket = reasoner_index_bucket(index, key);
    if (bucket == NO_ROW)
        return cursor;
    cursor.at = index->starts[bucket];
    cursor.end = index->starts[bucket + 1];
    cursor.chained = index->newest ? index->newest[bucket] : NO_ROW;
    return cursor;
}

uint32_t reasoner_index_next(IndexCursor *cursor)
{
    while (cursor->at < cursor->end) {
        const uint32_t row = cursor->index->entries[cursor->at++];
        if (index_fits(cursor->index, relation_row(cursor->relation, row), cursor->key))
            return row;
    }
    while (cursor->chained != NO_ROW) {
        const uint32_t row = cursor->chained;
        cursor->chained = cursor->index->older[row - cursor->index->base];
        if (index_fits(cursor->index, relation_row(cursor->relation, row), cursor->key))
            return row;
    }
    return NO_ROW;
}
