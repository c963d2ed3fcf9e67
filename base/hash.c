#include "base/hash.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

uint64_t base_hash(const void *bytes, size_t length, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, length, seed);
}

BaseHash128 base_hash128(const void *bytes, size_t length)
{
    const XXH128_hash_t hash = XXH3_128bits(bytes, length);
    return (BaseHash128){hash.high64, hash.low64};
}

/* The slot that holds `key`, or the empty one where it belongs. The capacity is a power of two. */
static size_t find_slot(const uint64_t *keys, size_t capacity, uint64_t key)
{
    size_t slot = (size_t)base_mix(key) & (capacity - 1);
    while (keys[slot] != key && keys[slot] != BASE_NO_KEY)
        slot = (slot + 1) & (capacity - 1);
    return slot;
}

static bool grow(BaseMap *map)
{
    const size_t capacity = map->capacity ? map->capacity * 2 : 64;
    uint64_t *const keys = malloc(capacity * sizeof *keys);
    uint64_t *const values = malloc(capacity * sizeof *values);
    if (!keys || !values) {
        free(keys);
        free(values);
        return false;
    }
    memset(keys, 0xff, capacity * sizeof *keys);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->keys[i] != BASE_NO_KEY) {
            const size_t slot = find_slot(keys, capacity, map->keys[i]);
            keys[slot] = map->keys[i];
            values[slot] = map->values[i];
        }
    free(map->keys);
    free(map->values);
    map->keys = keys;
    map->values = values;
    map->capacity = capacity;
    return true;
}

uint64_t *base_map_put(BaseMap *map, uint64_t key, uint64_t fresh, bool *is_new)
{
    if (map->count + 1 > map->capacity / 4 * 3 && !grow(map))
        return NULL;
    const size_t slot = find_slot(map->keys, map->capacity, key);
    const bool added = map->keys[slot] == BASE_NO_KEY;
    if (added) {
        map->keys[slot] = key;
        map->values[slot] = fresh;
        map->count++;
    }
    if (is_new)
        *is_new = added;
    return &map->values[slot];
}

const uint64_t *base_map_get(const BaseMap *map, uint64_t key)
{
    if (map->count == 0)
        return NULL;
    const size_t slot = find_slot(map->keys, map->capacity, key);
    return map->keys[slot] == key ? &map->values[slot] : NULL;
}

void base_map_free(BaseMap *map)
{
    free(map->keys);
    free(map->values);
    *map = (BaseMap){0};
}
