/* Joins give pairs grouped by one of their values. A group is compared with the set of its first value by marking that
 * set's values in a bitmap, which takes no branch and stays in the cache; Gustavson's sparse accumulator (1978). A lone
 * pair is looked for in the list, from some length on in a table. Sets that fill a good part of their width are bits.
 * Sizes grow by halves (4, 6, 8, 12, 16, ...); memory given back when a set outgrew it serves other sets. */
#include "reasoner/row_sets.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 64,      /* pairs whose sets are fetched ahead */
    CHUNK = 1 << 16, /* bytes */
    LARGE = 4096,    /* values; such lists are malloc'ed */
    LONG = 96,       /* a list that is not searched for a lone pair */
    RUN = 4,         /* pairs that are a group */
};
#define FREE UINT32_MAX

/* ---- Memory --------------------------------------------------------------------------------------------------- */

/* 4, 6, 8, 12, ...: two sizes to each power of two. */
static uint32_t next_size(uint32_t size)
{
    return (size & (size - 1)) == 0 ? size + size / 2 : size / 3 * 4;
}

static uint32_t size_class(uint32_t size)
{
    const uint32_t log = 31 - (uint32_t)__builtin_clz(size);
    return 2 * log + ((size & (size - 1)) != 0);
}

static uint32_t *new_table(RowSets *sets, uint32_t size)
{
    const size_t bytes = size * sizeof(uint32_t);
    uint32_t *table = NULL;
    void **const freed = &sets->freed[size_class(size)];
    if (size >= LARGE) {
        table = malloc(bytes);
        sets->bytes += table ? bytes : 0;
    } else if (*freed) {
        table = *freed;
        memcpy(freed, table, sizeof *freed);
    } else {
        if (sets->chunk_left < bytes) {
            void **const chunk = malloc(CHUNK + sizeof(void *));
            if (!chunk)
                return NULL;
            *chunk = sets->chunks;
            sets->chunks = chunk;
            sets->chunk_left = CHUNK;
            sets->bytes += CHUNK;
        }
        sets->chunk_left -= bytes;
        table = (uint32_t *)((char *)sets->chunks + sizeof(void *) + sets->chunk_left);
    }
    return table;
}

static void give_back(RowSets *sets, uint32_t *table, uint32_t size)
{
    void **const freed = &sets->freed[size_class(size)];
    if (size >= LARGE) {
        sets->bytes -= size * sizeof *table;
        free(table);
        return;
    }
    memcpy(table, freed, sizeof *freed);
    *freed = table;
}

bool reasoner_row_sets_open(RowSets *sets, uint32_t domain, uint32_t width)
{
    *sets = (RowSets){.domain = domain, .width = width};
    sets->rows = calloc(domain, sizeof *sets->rows);
    sets->marks = calloc(width / 64 + 1, sizeof *sets->marks);
    return sets->rows && sets->marks;
}

void reasoner_row_sets_free(RowSets *sets)
{
    for (uint32_t row = 0; sets->rows && row < sets->domain; row++)
        if (sets->rows[row].kind == ROW_BITS)
            free(sets->rows[row].is.bits);
        else if (sets->rows[row].size >= LARGE)
            free(sets->rows[row].is.values);
    free(sets->rows);
    free(sets->marks);
    for (void *chunk = sets->chunks, *before; chunk; chunk = before) {
        memcpy(&before, chunk, sizeof before);
        free(chunk);
    }
    *sets = (RowSets){0};
}

bool reasoner_row_sets_part(const RowSets *sets, RowSets *part)
{
    *part = (RowSets){.rows = sets->rows, .domain = sets->domain, .width = sets->width};
    part->marks = calloc(sets->width / 64 + 1, sizeof *part->marks);
    return part->marks != NULL;
}

/* Chunks of the part go behind the newest one, which goes on; what it had freed is not taken over. */
void reasoner_row_sets_join(RowSets *sets, RowSets *part)
{
    void *last = part->chunks;
    for (void *before = last; before; memcpy(&before, last, sizeof before))
        last = before;
    if (last && sets->chunks) {
        memcpy(last, sets->chunks, sizeof(void *));
        memcpy(sets->chunks, &part->chunks, sizeof(void *));
    } else if (last) {
        sets->chunks = part->chunks;
        sets->chunk_left = part->chunk_left;
    }
    sets->bytes += part->bytes;
    free(part->marks);
    *part = (RowSets){0};
}

/* ---- One set ------------------------------------------------------------------------------------------------- */

static inline uint32_t home(uint32_t value, uint32_t size)
{
    return (uint32_t)((uint64_t)(value * 0x9e3779b1u) * size >> 32);
}

/* The value's slot, or the free one where it belongs. */
static inline uint32_t *find(const RowSet *set, uint32_t value)
{
    uint32_t at = home(value, set->size);
    while (set->is.values[at] != FREE && set->is.values[at] != value)
        at = at + 1 == set->size ? 0 : at + 1;
    return &set->is.values[at];
}

static const uint32_t *list_of(const RowSet *set)
{
    return set->kind == ROW_IN_PLACE ? set->is.few : set->is.values;
}

static void drop_values(RowSets *sets, const RowSet *set)
{
    if (set->kind == ROW_LIST || set->kind == ROW_TABLE)
        give_back(sets, set->is.values, set->size);
}

static bool to_bits(RowSets *sets, RowSet *set)
{
    const RowSet before = *set;
    const size_t words = sets->width / 64 + 1;
    const uint32_t *const values = list_of(&before);
    uint64_t *const bits = calloc(words, sizeof *bits);
    if (!bits)
        return false;
    const uint32_t count = before.kind == ROW_TABLE ? before.size : before.count;
    for (uint32_t i = 0; i < count; i++)
        if (values[i] != FREE)
            bits[values[i] / 64] |= (uint64_t)1 << values[i] % 64;
    sets->bytes += words * sizeof *bits;
    set->kind = ROW_BITS;
    set->size = 0;
    set->is.bits = bits;
    drop_values(sets, &before);
    return true;
}

/* Room for `count` values in a list, or the set becomes bits. */
static bool reserve(RowSets *sets, RowSet *set, uint32_t count)
{
    if (count <= (set->kind == ROW_LIST ? set->size : ROW_FEW))
        return true;
    if (count >= sets->width / 32)
        return to_bits(sets, set);
    uint32_t size = set->kind == ROW_LIST ? set->size : 4;
    while (size < count)
        size = next_size(size);
    uint32_t *const values = new_table(sets, size);
    if (!values)
        return false;
    memcpy(values, list_of(set), set->count * sizeof *values);
    drop_values(sets, set);
    set->kind = ROW_LIST;
    set->size = size & 0x3fffffff;
    set->is.values = values;
    return true;
}

/* Makes a list a table, or a table a larger one, or bits of either. */
static bool to_table(RowSets *sets, RowSet *set)
{
    const RowSet before = *set;
    const uint32_t *const values = list_of(&before);
    const uint32_t size = before.kind == ROW_TABLE ? next_size(before.size) : next_size(next_size(before.size));
    if (size >= sets->width / 32)
        return to_bits(sets, set);
    uint32_t *const slots = new_table(sets, size);
    if (!slots)
        return false;
    memset(slots, 0xff, size * sizeof *slots);
    set->kind = ROW_TABLE;
    set->size = size & 0x3fffffff;
    set->is.values = slots;
    const uint32_t count = before.kind == ROW_TABLE ? before.size : before.count;
    for (uint32_t i = 0; i < count; i++)
        if (values[i] != FREE)
            *find(set, values[i]) = values[i];
    drop_values(sets, &before);
    return true;
}

static bool is_listed(const RowSet *set, uint32_t value)
{
    const uint32_t *const values = list_of(set);
    bool is_there = false;
    for (uint32_t i = 0; i < set->count; i++)
        is_there |= values[i] == value;
    return is_there;
}

/* ---- One group ----------------------------------------------------------------------------------------------- */

/* Whether the marks are worth it: the list is not much longer than the group. */
static bool is_group(const RowSet *set, size_t run)
{
    return run >= RUN && set->kind <= ROW_LIST && run * 16 >= set->count;
}

/* The functions below write new pairs of one first value to `to` and return how many; SIZE_MAX: no memory. */

static size_t insert_group(RowSets *sets, RowSet *set, const uint32_t *pairs, size_t run, uint32_t *to)
{
    uint64_t *const marks = sets->marks;
    const uint32_t *const values = list_of(set);
    const uint32_t first = pairs[0];
    size_t added = 0;
    for (uint32_t i = 0; i < set->count; i++)
        marks[values[i] / 64] |= (uint64_t)1 << values[i] % 64;
    for (size_t i = 0; i < run; i++) {
        const uint32_t second = pairs[2 * i + 1];
        const uint64_t word = marks[second / 64], bit = (uint64_t)1 << second % 64;
        marks[second / 64] = word | bit;
        to[2 * added] = first;
        to[2 * added + 1] = second;
        added += (word & bit) == 0;
    }
    for (uint32_t i = 0; i < set->count; i++)
        marks[values[i] / 64] = 0;
    for (size_t i = 0; i < added; i++)
        marks[to[2 * i + 1] / 64] = 0;
    if (!reserve(sets, set, set->count + (uint32_t)added))
        return SIZE_MAX;
    if (set->kind == ROW_BITS) {
        for (size_t i = 0; i < added; i++)
            set->is.bits[to[2 * i + 1] / 64] |= (uint64_t)1 << to[2 * i + 1] % 64;
    } else {
        uint32_t *const end = (set->kind == ROW_LIST ? set->is.values : set->is.few) + set->count;
        for (size_t i = 0; i < added; i++)
            end[i] = to[2 * i + 1];
    }
    set->count += (uint32_t)added;
    return added;
}

static size_t insert_bits(RowSet *set, const uint32_t *pairs, size_t run, uint32_t *to)
{
    uint64_t *const bits = set->is.bits;
    const uint32_t first = pairs[0];
    size_t added = 0;
    for (size_t i = 0; i < run; i++) {
        const uint32_t second = pairs[2 * i + 1];
        const uint64_t word = bits[second / 64], bit = (uint64_t)1 << second % 64;
        bits[second / 64] = word | bit;
        to[2 * added] = first;
        to[2 * added + 1] = second;
        added += (word & bit) == 0;
    }
    set->count += (uint32_t)added;
    return added;
}

/* 1: it went in; 0: it was there; -1: no memory. */
static int insert_one(RowSets *sets, RowSet *set, uint32_t value)
{
    if (set->kind <= ROW_LIST && set->count > LONG && !to_table(sets, set))
        return -1;
    if (set->kind == ROW_TABLE && set->count * 8 >= set->size * 7 && !to_table(sets, set))
        return -1;
    if (set->kind == ROW_TABLE) {
        uint32_t *const slot = find(set, value);
        const bool is_new = *slot == FREE;
        *slot = value;
        set->count += is_new;
        return is_new;
    }
    if (set->kind <= ROW_LIST) {
        if (is_listed(set, value))
            return 0;
        if (!reserve(sets, set, set->count + 1))
            return -1;
    }
    if (set->kind == ROW_BITS) {
        const uint64_t word = set->is.bits[value / 64], bit = (uint64_t)1 << value % 64;
        set->is.bits[value / 64] = word | bit;
        set->count += (word & bit) == 0;
        return (word & bit) == 0;
    }
    (set->kind == ROW_LIST ? set->is.values : set->is.few)[set->count++] = value;
    return 1;
}

static size_t insert_run(RowSets *sets, const uint32_t *pairs, size_t run, uint32_t *to)
{
    RowSet *const set = &sets->rows[pairs[0]];
    if (set->kind == ROW_BITS)
        return insert_bits(set, pairs, run, to);
    if (is_group(set, run))
        return insert_group(sets, set, pairs, run, to);
    const uint32_t first = pairs[0];
    size_t added = 0;
    for (size_t i = 0; i < run; i++) {
        const uint32_t second = pairs[2 * i + 1];
        const int is_new = insert_one(sets, set, second);
        if (is_new < 0)
            return SIZE_MAX;
        to[2 * added] = first;
        to[2 * added + 1] = second;
        added += (size_t)is_new;
    }
    return added;
}

/* ---- Many ---------------------------------------------------------------------------------------------------- */

static void fetch(const RowSets *sets, const uint32_t *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(&sets->rows[pairs[2 * i]], 1);
    for (size_t i = 0; i < count; i++) {
        const RowSet *const set = &sets->rows[pairs[2 * i]];
        if (set->kind == ROW_BITS)
            __builtin_prefetch(&set->is.bits[pairs[2 * i + 1] / 64], 1);
        else if (set->kind == ROW_TABLE)
            __builtin_prefetch(&set->is.values[home(pairs[2 * i + 1], set->size)], 1);
        else if (set->kind == ROW_LIST)
            __builtin_prefetch(set->is.values, 1);
    }
}

size_t reasoner_row_sets_insert(RowSets *sets, const uint32_t *pairs, size_t count, uint32_t *to)
{
    size_t added = 0, fetched = 0;
    for (size_t from = 0, end; from < count; from = end) {
        if (from >= fetched) {
            fetched = from + BLOCK < count ? from + BLOCK : count;
            fetch(sets, pairs + 2 * from, fetched - from);
        }
        for (end = from + 1; end < count && pairs[2 * end] == pairs[2 * from]; end++)
            ;
        const size_t some = insert_run(sets, pairs + 2 * from, end - from, to + 2 * added);
        if (some == SIZE_MAX)
            return SIZE_MAX;
        added += some;
    }
    return added;
}

bool reasoner_row_sets_has(const RowSets *sets, const uint32_t *pair)
{
    if (!row_sets_hold(sets, pair))
        return false;
    const RowSet *const set = &sets->rows[pair[0]];
    if (set->kind == ROW_BITS)
        return set->is.bits[pair[1] / 64] >> pair[1] % 64 & 1;
    return set->kind == ROW_TABLE ? *find(set, pair[1]) == pair[1] : is_listed(set, pair[1]);
}
