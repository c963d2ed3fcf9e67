/* rows.c - a hash set of rows: the keys side by side, and a table of their numbers; a set of ids, by bits where their
 * numbers are dense. */
#include "kg/sparql/rows.h"

#include "kg/terms.h"

#include <stdlib.h>

#define AHEAD 16 /* rows whose places in the table are fetched before the first is looked at */
#define FIRST_SIZE 64
#define SMALL_SIZE 65536 /* tables grow fourfold up to this */

/* Multiplication folded to 64 bits, cell by cell (Wang Yi's wyhash). */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_key(const KgId *key, size_t width)
{
    uint64_t hash = 0xe7037ed1a0b428dbu;
    for (size_t i = 0; i < width; i++)
        hash = fold(hash ^ key[i], 0x9e3779b97f4a7c15u) + 0xa0761d6478bd642fu;
    return fold(hash, 0x8ebc6af09c88c6e3u);
}

static inline bool same_key(const KgId *a, const KgId *b, size_t width)
{
    for (size_t i = 0; i < width; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static inline const KgId *key_at(const RowSet *set, size_t number, size_t width)
{
    return set->cells + number * width;
}

/* The bits of the hash that an entry has: they tell most keys apart without a look at the cells. */
static inline uint32_t hash_bits(uint64_t hash, uint32_t mask)
{
    return (uint32_t)(hash >> 32) & ~mask;
}

static inline size_t number_of(uint32_t entry, uint32_t mask)
{
    return (entry & mask) - 1;
}

/* Where the key is in the table, or the empty place for it. */
static inline size_t find_place(const RowSet *set, const KgId *key, size_t width, uint64_t hash)
{
    const uint32_t mask = (uint32_t)(set->table_size - 1), bits = hash_bits(hash, mask);
    size_t place = hash & mask;
    for (uint32_t entry; (entry = set->table[place]) != 0; place = (place + 1) & mask)
        if ((entry & ~mask) == bits && same_key(key_at(set, number_of(entry, mask), width), key, width))
            break;
    return place;
}

static bool grow(RowSet *set)
{
    size_t size = set->table_size < SMALL_SIZE ? set->table_size * 4 : set->table_size * 2;
    if (size == 0)
        size = FIRST_SIZE;
    uint32_t *const table = size <= UINT32_MAX ? calloc(size, sizeof *table) : NULL;
    if (!table)
        return false;
    free(set->table);
    set->table = table;
    set->table_size = size;
    const uint32_t mask = (uint32_t)(size - 1);
    for (size_t i = 0; i < set->count; i++) {
        const uint64_t hash = hash_key(key_at(set, i, set->width), set->width);
        size_t place = hash & mask;
        while (table[place])
            place = (place + 1) & mask;
        table[place] = hash_bits(hash, mask) | (uint32_t)(i + 1);
    }
    return true;
}

static inline bool has_room(RowSet *set)
{
    return set->count * 4 < set->table_size * 3 || grow(set);
}

/* The key's number, a new one if need be; NO_ROW: no memory. The table has room. */
static inline size_t put_key(RowSet *set, const KgId *key, size_t width, uint64_t hash)
{
    const uint32_t mask = (uint32_t)(set->table_size - 1);
    const size_t place = find_place(set, key, width, hash);
    if (set->table[place])
        return number_of(set->table[place], mask);
    if (!base_reserve((void **)&set->cells, &set->capacity, set->count + 1, (width ? width : 1) * sizeof *key))
        return NO_ROW;
    for (size_t i = 0; i < width; i++)
        set->cells[set->count * width + i] = key[i];
    set->table[place] = hash_bits(hash, mask) | (uint32_t)++set->count;
    return set->count - 1;
}

size_t sparql_row_set_put(RowSet *set, const KgId *key, bool *is_new)
{
    *is_new = false;
    if (!has_room(set))
        return NO_ROW;
    const size_t before = set->count, number = put_key(set, key, set->width, hash_key(key, set->width));
    *is_new = set->count > before;
    return number;
}

/* `keys` has room for AHEAD of them. Inlined, so that a width that is known makes the loops short. */
static inline __attribute__((always_inline)) bool put_rows(RowSet *set, const Batch *batch, const uint32_t *columns,
                                                           size_t width, KgId *keys, uint32_t *numbers)
{
    uint64_t hashes[AHEAD];
    for (size_t start = 0; start < batch->count; start += AHEAD) {
        const size_t left = batch->count - start, count = left < AHEAD ? left : AHEAD;
        if (!has_room(set))
            return false;
        for (size_t i = 0; i < count; i++) {
            for (size_t k = 0; k < width; k++)
                keys[i * width + k] = batch_row(batch, start + i)[columns[k]];
            hashes[i] = hash_key(keys + i * width, width);
            __builtin_prefetch(&set->table[hashes[i] & (set->table_size - 1)]);
        }
        for (size_t i = 0; i < count; i++) {
            const size_t number = has_room(set) ? put_key(set, keys + i * width, width, hashes[i]) : NO_ROW;
            if (number == NO_ROW)
                return false;
            numbers[start + i] = (uint32_t)number;
        }
    }
    return true;
}

bool sparql_row_set_put_all(RowSet *set, const Batch *batch, const uint32_t *columns, uint32_t *numbers)
{
    KgId few[4 * AHEAD];
    if (set->width == 1)
        return put_rows(set, batch, columns, 1, few, numbers);
    if (set->width == 2)
        return put_rows(set, batch, columns, 2, few, numbers);
    KgId *const keys = set->width <= 4 ? few : malloc(set->width * AHEAD * sizeof *keys);
    const bool is_done = keys && put_rows(set, batch, columns, set->width, keys, numbers);
    if (keys != few)
        free(keys);
    return is_done;
}

size_t sparql_row_set_find(const RowSet *set, const KgId *key)
{
    if (set->count == 0)
        return NO_ROW;
    const size_t place = find_place(set, key, set->width, hash_key(key, set->width));
    return set->table[place] ? number_of(set->table[place], (uint32_t)(set->table_size - 1)) : NO_ROW;
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
        is_done = kg_is_stored_kind(kg_tag(id)) ? put_bit(set, id, &is_new)
                                                : sparql_row_set_put(&rest, &id, &is_new) != NO_ROW;
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
    const bool is_put = set->has_bits && kg_is_stored_kind(kg_tag(id))
                            ? put_bit(set, id, is_new)
                            : sparql_row_set_put(&set->others, &id, is_new) != NO_ROW;
    set->count += is_put && *is_new;
    return is_put;
}

bool sparql_id_set_next(const IdSet *set, IdSetWalk *walk, KgId *out)
{
    while (walk->kind < 3) {
        const struct IdBits *const bits = &set->bits[walk->kind];
        if (walk->left) {
            const uint64_t number = (walk->word - 1) * WORD_BITS + (uint64_t)__builtin_ctzll(walk->left);
            walk->left &= walk->left - 1;
            *out = kg_id((KgKind)(KG_IRI + walk->kind), number);
            return true;
        }
        if (walk->word < bits->used) {
            walk->left = bits->words[walk->word++];
        } else {
            walk->kind++;
            walk->word = 0;
        }
    }
    if (walk->other == set->others.count)
        return false;
    *out = set->others.cells[walk->other++];
    return true;
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
