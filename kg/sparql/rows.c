/* rows.c - a hash set of rows: the keys side by side, and a table of their numbers. */
#include "kg/sparql/rows.h"

#include <stdlib.h>

static uint64_t hash_key(const KgId *key, size_t width)
{
    uint64_t hash = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < width; i++)
        hash = base_mix(hash ^ key[i]) + 0x9e3779b97f4a7c15u;
    return hash;
}

static const KgId *key_at(const RowSet *set, size_t number)
{
    return set->cells + number * set->width;
}

/* Where the key is in the table, or the empty place for it. */
static size_t find_place(const RowSet *set, const KgId *key)
{
    size_t place = hash_key(key, set->width) & (set->table_size - 1);
    while (set->table[place] && memcmp(key_at(set, set->table[place] - 1), key, set->width * sizeof *key) != 0)
        place = (place + 1) & (set->table_size - 1);
    return place;
}

static bool grow(RowSet *set)
{
    const size_t size = set->table_size ? set->table_size * 2 : 64;
    uint32_t *const table = calloc(size, sizeof *table);
    if (!table)
        return false;
    free(set->table);
    set->table = table;
    set->table_size = size;
    for (size_t i = 0; i < set->count; i++)
        table[find_place(set, key_at(set, i))] = (uint32_t)i + 1;
    return true;
}

size_t sparql_row_set_put(RowSet *set, const KgId *key, bool *is_new)
{
    *is_new = false;
    if (set->count * 4 >= set->table_size * 3 && !grow(set))
        return NO_ROW;
    const size_t place = find_place(set, key);
    if (set->table[place])
        return set->table[place] - 1;
    if (set->count >= UINT32_MAX - 1 || !base_reserve((void **)&set->cells, &set->capacity, set->count + 1,
                                                      (set->width ? set->width : 1) * sizeof *key))
        return NO_ROW;
    if (set->width)
        memcpy(set->cells + set->count * set->width, key, set->width * sizeof *key);
    set->table[place] = (uint32_t)++set->count;
    *is_new = true;
    return set->count - 1;
}

size_t sparql_row_set_find(const RowSet *set, const KgId *key)
{
    if (set->count == 0)
        return NO_ROW;
    const size_t place = find_place(set, key);
    return set->table[place] ? set->table[place] - 1 : NO_ROW;
}

void sparql_row_set_clear(RowSet *set)
{
    set->count = 0;
    if (set->table)
        memset(set->table, 0, set->table_size * sizeof *set->table);
}

void sparql_row_set_free(RowSet *set)
{
    free(set->cells);
    free(set->table);
    *set = (RowSet){.width = set->width};
}
