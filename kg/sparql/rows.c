/* rows.c - a hash set of rows: the keys side by side, and a table of their numbers; a set of ids, by bits where their
 * numbers are dense. */
#include "kg/sparql/rows.h"

#include <stdlib.h>

#define AHEAD 16 /* rows whose place in the table is fetched before it is looked at */

static inline uint64_t hash_key(const KgId *key, size_t width)
{
    uint64_t hash = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < width; i++)
        hash = base_mix(hash ^ key[i]) + 0x9e3779b97f4a7c15u;
    return hash;
}

static inline bool same_key(const KgId *a, const KgId *b, size_t width)
{
    for (size_t i = 0; i < width; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static inline const KgId *key_at(const RowSet *set, size_t number)
{
    return set->cells + number * set->width;
}

/* Where the key is in the table, or the empty place for it. */
static inline size_t find_place(const RowSet *set, const KgId *key, uint64_t hash)
{
    size_t place = hash & (set->table_size - 1);
    while (set->table[place] && !same_key(key_at(set, set->table[place] - 1), key, set->width))
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
    for (size_t i = 0; i < set->count; i++) {
        size_t place = hash_key(key_at(set, i), set->width) & (size - 1);
        while (table[place])
            place = (place + 1) & (size - 1);
        table[place] = (uint32_t)i + 1;
    }
    return true;
}

static size_t add_key(RowSet *set, const KgId *key, size_t place)
{
    if (set->count >= UINT32_MAX - 1 || !base_reserve((void **)&set->cells, &set->capacity, set->count + 1,
                                                      (set->width ? set->width : 1) * sizeof *key))
        return NO_ROW;
    if (set->width)
        memcpy(set->cells + set->count * set->width, key, set->width * sizeof *key);
    set->table[place] = (uint32_t)++set->count;
    return set->count - 1;
}

static bool has_room(RowSet *set)
{
    return set->count * 4 < set->table_size * 3 || grow(set);
}

size_t sparql_row_set_put(RowSet *set, const KgId *key, bool *is_new)
{
    *is_new = false;
    if (!has_room(set))
        return NO_ROW;
    const size_t place = find_place(set, key, hash_key(key, set->width));
    if (set->table[place])
        return set->table[place] - 1;
    *is_new = true;
    return add_key(set, key, place);
}

/* One column: most sets that are large are of this kind. A key is often that of the row before. */
static bool put_column(RowSet *set, const Batch *batch, uint32_t column, uint32_t *numbers)
{
    uint64_t hashes[AHEAD];
    for (size_t start = 0; start < batch->count; start += AHEAD) {
        const size_t left = batch->count - start, count = left < AHEAD ? left : AHEAD;
        if (!has_room(set))
            return false;
        for (size_t i = 0; i < count; i++) {
            hashes[i] = hash_key(&batch_row(batch, start + i)[column], 1);
            __builtin_prefetch(&set->table[hashes[i] & (set->table_size - 1)]);
        }
        for (size_t i = 0; i < count; i++) {
            const KgId *const key = &batch_row(batch, start + i)[column];
            if (!has_room(set))
                return false;
            size_t place = hashes[i] & (set->table_size - 1);
            while (set->table[place] && set->cells[set->table[place] - 1] != *key)
                place = (place + 1) & (set->table_size - 1);
            if (!set->table[place] && add_key(set, key, place) == NO_ROW)
                return false;
            numbers[start + i] = set->table[place] - 1;
        }
    }
    return true;
}

static bool put_columns(RowSet *set, const Batch *batch, const uint32_t *columns, KgId *key, uint32_t *numbers)
{
    for (size_t row = 0; row < batch->count; row++) {
        for (size_t i = 0; i < set->width; i++)
            key[i] = batch_row(batch, row)[columns[i]];
        bool is_new;
        const size_t number = sparql_row_set_put(set, key, &is_new);
        if (number == NO_ROW)
            return false;
        numbers[row] = (uint32_t)number;
    }
    return true;
}

bool sparql_row_set_put_all(RowSet *set, const Batch *batch, const uint32_t *columns, uint32_t *numbers)
{
    if (set->width == 1)
        return put_column(set, batch, columns[0], numbers);
    KgId few[8];
    KgId *const key = set->width <= sizeof few / sizeof *few ? few : malloc(set->width * sizeof *key);
    const bool is_done = key && put_columns(set, batch, columns, key, numbers);
    if (key != few)
        free(key);
    return is_done;
}

size_t sparql_row_set_find(const RowSet *set, const KgId *key)
{
    if (set->count == 0)
        return NO_ROW;
    const size_t place = find_place(set, key, hash_key(key, set->width));
    return set->table[place] ? set->table[place] - 1 : NO_ROW;
}

void sparql_row_set_clear(RowSet *set)
{
    if (set->count > 0)
        memset(set->table, 0, set->table_size * sizeof *set->table);
    set->count = 0;
}

void sparql_row_set_free(RowSet *set)
{
    free(set->cells);
    free(set->table);
    *set = (RowSet){.width = set->width};
}

size_t sparql_row_set_bytes(const RowSet *set)
{
    return set->capacity * (set->width ? set->width : 1) * sizeof *set->cells + set->table_size * sizeof *set->table;
}

/* ---- Sets of ids ---- */

#define WORD_BITS 64
#define FEW_IDS 1024 /* a hash of these is small beside the bits of a large dictionary */

static bool grow_bits(struct IdBits *bits, size_t word)
{
    const size_t before = bits->capacity;
    if (!base_reserve((void **)&bits->words, &bits->capacity, word + 1, sizeof *bits->words))
        return false;
    memset(bits->words + before, 0, (bits->capacity - before) * sizeof *bits->words);
    return true;
}

static bool is_stored(KgId id)
{
    return (id >> 56) - KG_IRI <= KG_LITERAL - KG_IRI;
}

static bool put_bit(IdSet *set, KgId id, bool *is_new)
{
    struct IdBits *const bits = &set->bits[kg_kind(id) - KG_IRI];
    const uint64_t number = kg_number(id), bit = (uint64_t)1 << number % WORD_BITS;
    const size_t word = number / WORD_BITS;
    if (word >= bits->capacity && !grow_bits(bits, word))
        return false;
    if (word >= bits->used)
        bits->used = word + 1;
    *is_new = !(bits->words[word] & bit);
    bits->words[word] |= bit;
    return true;
}

/* From a few ids by hash to many. */
static bool move_to_bits(IdSet *set)
{
    RowSet rest = {.width = 1};
    bool is_new, is_done = true;
    for (size_t i = 0; i < set->others.count && is_done; i++) {
        const KgId id = set->others.cells[i];
        is_done = is_stored(id) ? put_bit(set, id, &is_new) : sparql_row_set_put(&rest, &id, &is_new) != NO_ROW;
    }
    if (!is_done) {
        sparql_row_set_free(&rest);
        return false;
    }
    sparql_row_set_free(&set->others);
    set->others = rest;
    set->has_bits = true;
    return true;
}

bool sparql_id_set_put(IdSet *set, KgId id, bool *is_new)
{
    if (set->count >= FEW_IDS && !set->has_bits && !move_to_bits(set))
        return false;
    const bool is_put = set->has_bits && is_stored(id) ? put_bit(set, id, is_new)
                                                       : sparql_row_set_put(&set->others, &id, is_new) != NO_ROW;
    set->count += is_put && *is_new;
    return is_put;
}

void sparql_id_set_clear(IdSet *set)
{
    for (int kind = 0; kind < 3; kind++) {
        if (set->bits[kind].used)
            memset(set->bits[kind].words, 0, set->bits[kind].used * sizeof(uint64_t));
        set->bits[kind].used = 0;
    }
    sparql_row_set_clear(&set->others);
    set->has_bits = false;
    set->count = 0;
}

void sparql_id_set_free(IdSet *set)
{
    for (int kind = 0; kind < 3; kind++)
        free(set->bits[kind].words);
    sparql_row_set_free(&set->others);
    *set = (IdSet){.others.width = 1};
}

size_t sparql_id_set_bytes(const IdSet *set)
{
    size_t bytes = sparql_row_set_bytes(&set->others);
    for (int kind = 0; kind < 3; kind++)
        bytes += set->bits[kind].capacity * sizeof(uint64_t);
    return bytes;
}
