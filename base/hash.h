/* hash.h - hash functions (xxh3) and a map from 64-bit keys to 64-bit values. */
#ifndef KGQ_BASE_HASH_H
#define KGQ_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct BaseHash128 {
    uint64_t high, low;
} BaseHash128;
uint64_t base_hash(const void *bytes, size_t length, uint64_t seed);
BaseHash128 base_hash128(const void *bytes, size_t length);
static inline uint64_t base_mix(uint64_t key) /* splitmix64's finaliser, a bijection */
{
    key ^= key >> 30;
    key *= 0xbf58476d1ce4e5b9u;
    key ^= key >> 27;
    key *= 0x94d049bb133111ebu;
    return key ^ (key >> 31);
}

/* Open addressing, linear probing, at most 3/4 full. Any key but BASE_NO_KEY. Start from {0}. */
#define BASE_NO_KEY UINT64_MAX
typedef struct BaseMap {
    uint64_t *keys, *values;
    size_t count, capacity;
} BaseMap;
/* The value's place: that of `key`, or a new one holding `fresh` (*is_new then true). NULL: no memory. */
uint64_t *base_map_put(BaseMap *map, uint64_t key, uint64_t fresh, bool *is_new);
const uint64_t *base_map_get(const BaseMap *map, uint64_t key); /* NULL: not there */
void base_map_free(BaseMap *map);

#endif
