/* adjacency.c - one pass over the order in which keys come sorted, then the way from a key to its number. */
#include "kg/sparql/adjacency.h"

#include <stdlib.h>

#define SCAN_TRIPLES 1024
/* Places for each key, at most, where they are direct. */
#define SPARSENESS 16

static bool make_room(Adjacency *out, size_t count, bool has_values)
{
    return base_reserve((void **)&out->keys, &out->key_capacity, out->key_count + count, sizeof *out->keys) &&
           base_reserve((void **)&out->starts, &out->start_capacity, out->key_count + count + 1, sizeof *out->starts) &&
           (!has_values ||
            base_reserve((void **)&out->values, &out->value_capacity, out->value_count + count, sizeof *out->values));
}

_Static_assert(sizeof(KgTriple) == 3 * sizeof(KgId), "a triple is three ids in a row");

static void add(Adjacency *out, const KgTriple *triples, size_t count, TriplePlace key, TriplePlace value)
{
    const KgId *const ids = &triples->s;
    KgId last = out->key_count ? out->keys[out->key_count - 1] : 0;
    for (size_t i = 0; i < count; i++) {
        const KgId id = ids[3 * i + (size_t)key];
        if (id != last) {
            out->starts[out->key_count] = (uint32_t)(out->value_count + i);
            out->keys[out->key_count++] = last = id;
        }
    }
    if (value == PLACE_NONE)
        return;
    KgId *const values = out->values + out->value_count;
    for (size_t i = 0; i < count; i++)
        values[i] = ids[3 * i + (size_t)value];
    out->value_count += count;
}

static BaseStatus read_matches(Operator *op, KgTriple pattern, TriplePlace key, TriplePlace value, Adjacency *out,
                               BaseError *err)
{
    KgTriple triples[SCAN_TRIPLES];
    RunScan scan = {0};
    BaseStatus status = sparql_scan(op->run, pattern, key == PLACE_S ? KG_ORDER_PSO : KG_ORDER_POS, &scan, err);
    while (status == BASE_OK) {
        size_t count;
        status = sparql_cancelled(op->run, err);
        if (status == BASE_OK)
            status = sparql_scan_many(op->run, &scan, triples, SCAN_TRIPLES, &count, err);
        if (status == BASE_OK && !make_room(out, count, value != PLACE_NONE))
            status = sparql_no_memory(err);
        if (status == BASE_OK)
            add(out, triples, count, key, value);
        if (status == BASE_OK && out->value_count > ADJACENCY_MOST)
            status = base_fail(err, BASE_NO_MEMORY, "more than %u triples to keep in memory", ADJACENCY_MOST);
    }
    sparql_scan_close(&scan);
    return status == BASE_END ? BASE_OK : status;
}

static bool number_keys(Adjacency *out)
{
    const size_t count = out->key_count;
    out->least = count ? out->keys[0] : 0;
    const uint64_t span = count ? out->keys[count - 1] - out->least : 0;
    out->is_direct = count > 0 && span / SPARSENESS < count;
    out->place_count = out->is_direct ? (size_t)span + 1 : 16;
    while (!out->is_direct && out->place_count < count * 2)
        out->place_count *= 2;
    out->places = calloc(out->place_count, sizeof *out->places);
    if (!out->places)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t place = out->keys[i] - out->least;
        if (!out->is_direct) {
            place = base_mix(out->keys[i]) & (out->place_count - 1);
            while (out->places[place])
                place = (place + 1) & (out->place_count - 1);
        }
        out->places[place] = (uint32_t)i + 1;
    }
    return true;
}

static size_t bytes_of(const Adjacency *adjacency)
{
    return (adjacency->key_capacity + adjacency->value_capacity) * sizeof(KgId) +
           (adjacency->start_capacity + adjacency->place_count) * sizeof(uint32_t);
}

BaseStatus sparql_adjacency_build(Operator *op, KgTriple pattern, TriplePlace key, TriplePlace value, Adjacency *out,
                                  BaseError *err)
{
    const size_t held = op->held;
    sparql_adjacency_free(out);
    BaseStatus status = read_matches(op, pattern, key, value, out, err);
    if (status == BASE_OK && out->key_count > 0)
        out->starts[out->key_count] = (uint32_t)out->value_count;
    out->is_single = out->key_count > 0 && out->value_count == out->key_count;
    if (status == BASE_OK && !number_keys(out))
        status = sparql_no_memory(err);
    if (status == BASE_OK)
        status = sparql_hold(op, held + bytes_of(out), err);
    if (status != BASE_OK)
        sparql_adjacency_free(out);
    return status;
}

/* ---- Many at once ---- */

#define KEYS_AT_ONCE 64

static void prefetch_place(const Adjacency *adjacency, KgId key)
{
    if (adjacency->is_direct && key - adjacency->least < adjacency->place_count)
        __builtin_prefetch(&adjacency->places[key - adjacency->least]);
    else if (!adjacency->is_direct && adjacency->place_count > 0)
        __builtin_prefetch(&adjacency->places[base_mix(key) & (adjacency->place_count - 1)]);
}

static void find_some(const Adjacency *adjacency, const KgId *keys, size_t stride, size_t count, IdList *out)
{
    uint32_t numbers[KEYS_AT_ONCE];
    for (size_t i = 0; i < count; i++)
        prefetch_place(adjacency, keys[i * stride]);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = adjacency_find(adjacency, keys[i * stride]);
        if (numbers[i] == NO_KEY)
            continue;
        if (adjacency->is_single)
            __builtin_prefetch(&adjacency->values[numbers[i]]);
        else
            __builtin_prefetch(&adjacency->starts[numbers[i]]);
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = (IdList){NULL, numbers[i] != NO_KEY};
        if (!adjacency->values || numbers[i] == NO_KEY)
            continue;
        if (adjacency->is_single) {
            out[i].ids = adjacency->values + numbers[i];
            continue;
        }
        const uint32_t start = adjacency->starts[numbers[i]];
        out[i] = (IdList){adjacency->values + start, adjacency->starts[numbers[i] + 1] - start};
        __builtin_prefetch(out[i].ids);
    }
}

void sparql_adjacency_find_all(const Adjacency *adjacency, const KgId *keys, size_t stride, size_t count, IdList *out)
{
    for (size_t done = 0; done < count; done += KEYS_AT_ONCE)
        find_some(adjacency, keys + done * stride, stride, count - done < KEYS_AT_ONCE ? count - done : KEYS_AT_ONCE,
                  out + done);
}

void sparql_adjacency_free(Adjacency *adjacency)
{
    free(adjacency->keys);
    free(adjacency->starts);
    free(adjacency->values);
    free(adjacency->places);
    *adjacency = (Adjacency){0};
}
