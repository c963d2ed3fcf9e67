/* adjacency.h - the matches of a pattern kept in memory by one of its places: for each key its values, ascending
 * (compressed sparse rows). Made in one pass over an index where many lookups are to come; then a lookup is one or two
 * memory accesses, and lists can be intersected. */
#ifndef KGQ_KG_SPARQL_ADJACENCY_H
#define KGQ_KG_SPARQL_ADJACENCY_H

#include "kg/sparql/operator.h"

typedef enum TriplePlace { PLACE_S, PLACE_P, PLACE_O, PLACE_NONE } TriplePlace;

typedef struct Adjacency {
    KgId *keys; /* distinct, ascending */
    size_t key_count, key_capacity;
    uint32_t *starts; /* key_count + 1 of them: where a key's values begin */
    size_t start_capacity;
    KgId *values; /* NULL: a set of keys alone */
    size_t value_count, value_capacity;
    /* From a key to its number: directly where ids lie close together, or else by hash. Entries are number + 1. */
    uint32_t *places;
    size_t place_count; /* direct: from `least` on; hashed: a power of two */
    KgId least;
    bool is_direct;
    bool is_single; /* each key has one value: values[number], and `starts` need not be looked at */
} Adjacency;

/* Nanoseconds, about: to look up in an index a key that lies apart from the last one, and to read a triple into memory
 * (tests/bench/bench_kg_cursor). Their ratio says after how many lookups reading all would have cost less. */
#define ADJACENCY_LOOKUP_COST 350.0
#define ADJACENCY_READ_COST 6.0
static inline bool adjacency_pays(double lookups, double matches)
{
    return lookups * ADJACENCY_LOOKUP_COST > matches * ADJACENCY_READ_COST;
}

/* The most matches that can be kept. */
#define ADJACENCY_MOST (UINT32_MAX / 2)
/* Bytes that so many matches take, about. */
static inline size_t adjacency_bytes(uint64_t matches)
{
    return (size_t)matches * (2 * sizeof(KgId) + 3 * sizeof(uint32_t));
}

/* Matches of `pattern` in the run's graph. `key` is the subject or the object, unbound; `value` the other of them, or
 * PLACE_NONE: only the keys are wanted. What it takes is added to what `op` holds. */
BaseStatus sparql_adjacency_build(Operator *op, KgTriple pattern, TriplePlace key, TriplePlace value, Adjacency *out,
                                  BaseError *err);
void sparql_adjacency_free(Adjacency *adjacency); /* {0} again afterwards */

#define NO_KEY UINT32_MAX
static inline uint32_t adjacency_find(const Adjacency *adjacency, KgId key)
{
    if (adjacency->is_direct) {
        const uint64_t at = key - adjacency->least; /* below `least`: huge */
        return at < adjacency->place_count ? adjacency->places[at] - 1 : NO_KEY;
    }
    if (adjacency->place_count == 0)
        return NO_KEY;
    size_t place = base_mix(key) & (adjacency->place_count - 1);
    for (;; place = (place + 1) & (adjacency->place_count - 1)) {
        const uint32_t number = adjacency->places[place];
        if (number == 0 || adjacency->keys[number - 1] == key)
            return number - 1;
    }
}

/* The key's values; their number is 0 where it has none. Not of a set. */
static inline const KgId *adjacency_values(const Adjacency *adjacency, KgId key, size_t *count)
{
    const uint32_t number = adjacency_find(adjacency, key);
    if (number == NO_KEY) {
        *count = 0;
        return NULL;
    }
    if (adjacency->is_single) {
        *count = 1;
        return adjacency->values + number;
    }
    *count = adjacency->starts[number + 1] - adjacency->starts[number];
    return adjacency->values + adjacency->starts[number];
}

typedef struct IdList {
    const KgId *ids; /* NULL of a set */
    size_t count;    /* of a set: 1 where it has the key */
} IdList;
/* The values of many keys, keys[0], keys[stride], ...: quicker than one by one where what is kept is larger than the
 * processor's caches, as many memory accesses are under way at once (Chen, Ailamaki, Gibbons, Mowry, "Improving hash
 * join performance through prefetching", ICDE 2004). */
void sparql_adjacency_find_all(const Adjacency *adjacency, const KgId *keys, size_t stride, size_t count, IdList *out);

/* The first of ascending ids from `from` on that is not below `id`; `count` where all are. Gallops, as what is looked
 * for tends to be near (Bentley and Yao, "An almost optimal algorithm for unbounded searching", 1976). */
static inline size_t ids_seek(const KgId *ids, size_t count, size_t from, KgId id)
{
    size_t step = 1, low = from;
    while (from < count && ids[from] < id) {
        low = from + 1;
        from += step;
        step *= 2;
    }
    size_t high = from < count ? from : count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static inline bool ids_have(const KgId *ids, size_t count, KgId id)
{
    const size_t at = ids_seek(ids, count, 0, id);
    return at < count && ids[at] == id;
}

#endif
