/* arrange.c - codes for ids, and sorting by them. */
#include "kg/arrange.h"

#include "kg/delta.h"
#include "kg/inline.h"
#include "kg/sort.h"

#include <stdlib.h>
#include <string.h>

/* ---- Codes ---- */

static int compare_ids(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* Sorts distinct ids and notes the rank of each in the map they were gathered in. */
static void rank_ids(uint64_t *ids, size_t count, BaseMap *ranks)
{
    if (count > 1)
        qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < count; i++)
        *(uint64_t *)base_map_get(ranks, ids[i]) = i; /* it is there */
}

/* Notes an id that holds a literal. */
static bool hold(KgArranger *arranger, uint64_t id)
{
    bool is_new = false;
    return base_map_put(&arranger->ranks, id, 0, &is_new) && (!is_new || BASE_PUSH(&arranger->held, id));
}

/* Distinct ids that hold literals (subjects too: no RDF, but nobody keeps callers from it), and distinct predicates. */
static bool gather(KgArranger *arranger, const uint64_t *const columns[3], size_t count)
{
    uint64_t predicate_before = KG_ANY;
    for (size_t i = 0; i < count; i++) {
        bool is_new = false;
        if ((kg_is_inline(columns[2][i]) && !hold(arranger, columns[2][i])) ||
            (kg_is_inline(columns[0][i]) && !hold(arranger, columns[0][i])))
            return false;
        if (columns[1][i] == predicate_before)
            continue;
        predicate_before = columns[1][i];
        if (!base_map_put(&arranger->predicates, columns[1][i], 0, &is_new) ||
            (is_new && !BASE_PUSH(&arranger->predicate_ids, columns[1][i])))
            return false;
    }
    rank_ids(arranger->held.items, arranger->held.count, &arranger->ranks);
    rank_ids(arranger->predicate_ids.items, arranger->predicate_ids.count, &arranger->predicates);
    return true;
}

static uint64_t code_of(const KgArranger *arranger, uint64_t id)
{
    if (kg_is_inline(id))
        return arranger->held_base + *base_map_get(&arranger->ranks, id);
    return arranger->bases[kg_tag(id)] + kg_number(id);
}

static uint64_t id_of(const KgArranger *arranger, uint64_t code)
{
    if (code >= arranger->held_base)
        return arranger->held.items[code - arranger->held_base];
    const unsigned tag = code >= arranger->bases[3] ? 3 : (code >= arranger->bases[2] ? 2 : 1);
    return kg_id((KgKind)tag, code - arranger->bases[tag]);
}

static int bits_of(uint64_t greatest)
{
    return greatest ? 64 - __builtin_clzll(greatest) : 0;
}

bool kg_arrange(KgTxn *txn, const uint64_t *const columns[3], size_t count, KgArranger *out)
{
    *out = (KgArranger){.count = count};
    uint64_t sum = 0;
    for (int kind = KG_IRI; kind <= KG_LITERAL; kind++) {
        out->bases[kind] = sum;
        sum += kg_term_count(txn, (KgKind)kind);
    }
    out->held_base = sum;
    if (!gather(out, columns, count))
        return false;
    for (int place = 0; place < 3; place++)
        if (!(out->codes[place] = malloc((count ? count : 1) * sizeof **out->codes)))
            return false;
    uint64_t greatest[3] = {0}, predicate = KG_ANY, rank = 0;
    for (size_t i = 0; i < count; i++) {
        if (columns[1][i] != predicate) {
            predicate = columns[1][i];
            rank = *base_map_get(&out->predicates, predicate);
        }
        out->codes[0][i] = code_of(out, columns[0][i]);
        out->codes[1][i] = rank;
        out->codes[2][i] = code_of(out, columns[2][i]);
        for (int place = 0; place < 3; place++)
            if (out->codes[place][i] > greatest[place])
                greatest[place] = out->codes[place][i];
    }
    for (int place = 0; place < 3; place++)
        out->bits[place] = bits_of(greatest[place]);
    return true;
}

void kg_arrange_free(KgArranger *arranger)
{
    base_map_free(&arranger->ranks);
    base_map_free(&arranger->predicates);
    free(arranger->held.items);
    free(arranger->predicate_ids.items);
    for (int place = 0; place < 3; place++)
        free(arranger->codes[place]);
    *arranger = (KgArranger){0};
}

/* ---- Sorting ---- */

static bool fits_one_number(const KgArranger *arranger)
{
    return arranger->bits[0] + arranger->bits[1] + arranger->bits[2] <= 64;
}

/* 1 << 64 and such do not arise: a shift by all 64 bits means that the other codes are 0. */
static uint64_t shift_up(uint64_t code, int bits)
{
    return bits < 64 ? code << bits : 0;
}

static uint64_t pack(const KgArranger *arranger, KgIndex index, size_t row)
{
    const int *const place = kg_places[index];
    const int last = arranger->bits[place[2]], middle = arranger->bits[place[1]];
    return shift_up(arranger->codes[place[0]][row], middle + last) | shift_up(arranger->codes[place[1]][row], last) |
           arranger->codes[place[2]][row];
}

/* Numbers of rows sorted; of equal rows the first comes first. */
static bool sort_numbers(const KgArranger *arranger, KgIndex index, KgPair *pairs)
{
    KgPair *const scratch = malloc((arranger->count ? arranger->count : 1) * sizeof *scratch);
    if (!scratch)
        return false;
    const bool one = fits_one_number(arranger);
    for (size_t i = 0; i < arranger->count; i++)
        pairs[i] = (KgPair){one ? pack(arranger, index, i) : 0, i};
    for (int i = 2; i >= 0 && !one; i--) {
        const int place = kg_places[index][i];
        for (size_t row = 0; row < arranger->count; row++)
            pairs[row].key = arranger->codes[place][pairs[row].with];
        kg_sort_pairs(pairs, scratch, arranger->count, arranger->bits[place]);
    }
    if (one)
        kg_sort_pairs(pairs, scratch, arranger->count, arranger->bits[0] + arranger->bits[1] + arranger->bits[2]);
    free(scratch);
    return true;
}

static bool is_same_row(const KgArranger *arranger, size_t a, size_t b)
{
    return arranger->codes[0][a] == arranger->codes[0][b] && arranger->codes[1][a] == arranger->codes[1][b] &&
           arranger->codes[2][a] == arranger->codes[2][b];
}

bool kg_arrange_numbers(const KgArranger *arranger, KgIndex index, uint32_t **out, size_t *count)
{
    KgPair *const pairs = malloc((arranger->count ? arranger->count : 1) * sizeof *pairs);
    *out = malloc((arranger->count ? arranger->count : 1) * sizeof **out);
    *count = 0;
    const bool enough = pairs && *out && sort_numbers(arranger, index, pairs);
    for (size_t i = 0; enough && i < arranger->count; i++)
        if (i == 0 || !is_same_row(arranger, pairs[i - 1].with, pairs[i].with))
            (*out)[(*count)++] = (uint32_t)pairs[i].with;
    free(pairs);
    if (!enough) {
        free(*out);
        *out = NULL;
    }
    return enough;
}

static void decode_row(const KgArranger *arranger, KgIndex index, const uint64_t codes[3], KgRows *out, size_t row)
{
    for (int i = 0; i < 3; i++)
        out->columns[i][row] =
            kg_places[index][i] == 1 ? arranger->predicate_ids.items[codes[i]] : id_of(arranger, codes[i]);
}

static uint64_t low_bits(uint64_t number, int bits)
{
    return bits < 64 ? number & ((UINT64_C(1) << bits) - 1) : number;
}

/* The whole row is in the number that is sorted. */
static bool sort_whole(const KgArranger *arranger, KgIndex index, KgRows *out)
{
    const size_t count = arranger->count;
    uint64_t *const keys = malloc((count ? count : 1) * sizeof *keys);
    uint64_t *const scratch = malloc((count ? count : 1) * sizeof *scratch);
    const bool enough = keys && scratch;
    const int last = arranger->bits[kg_places[index][2]], middle = arranger->bits[kg_places[index][1]];
    for (size_t i = 0; enough && i < count; i++)
        keys[i] = pack(arranger, index, i);
    if (enough)
        kg_sort_keys(keys, scratch, count, arranger->bits[0] + arranger->bits[1] + arranger->bits[2]);
    for (size_t i = 0; enough && i < count; i++) {
        const uint64_t upper = last < 64 ? keys[i] >> last : 0;
        const uint64_t codes[3] = {middle < 64 ? upper >> middle : 0, low_bits(upper, middle), low_bits(keys[i], last)};
        if (i == 0 || keys[i] != keys[i - 1])
            decode_row(arranger, index, codes, out, out->count++);
    }
    free(keys);
    free(scratch);
    return enough;
}

static bool sort_by_number(const KgArranger *arranger, KgIndex index, KgRows *out)
{
    KgPair *const pairs = malloc((arranger->count ? arranger->count : 1) * sizeof *pairs);
    const bool enough = pairs && sort_numbers(arranger, index, pairs);
    for (size_t i = 0; enough && i < arranger->count; i++) {
        uint64_t codes[3];
        if (i > 0 && is_same_row(arranger, pairs[i - 1].with, pairs[i].with))
            continue;
        for (int c = 0; c < 3; c++)
            codes[c] = arranger->codes[kg_places[index][c]][pairs[i].with];
        decode_row(arranger, index, codes, out, out->count++);
    }
    free(pairs);
    return enough;
}

bool kg_arrange_rows(const KgArranger *arranger, KgIndex index, KgRows *out)
{
    if (!kg_rows_reserve(out, 3, arranger->count))
        return false;
    out->count = 0;
    return fits_one_number(arranger) ? sort_whole(arranger, index, out) : sort_by_number(arranger, index, out);
}

bool kg_arrange_keep(KgArranger *arranger, const uint32_t *numbers, size_t count)
{
    for (int place = 0; place < 3; place++) {
        uint64_t *const kept = malloc((count ? count : 1) * sizeof *kept);
        if (!kept)
            return false;
        for (size_t i = 0; i < count; i++)
            kept[i] = arranger->codes[place][numbers[i]];
        free(arranger->codes[place]);
        arranger->codes[place] = kept;
    }
    arranger->count = count;
    return true;
}

void kg_arrange_row(const KgArranger *arranger, size_t row, uint64_t out[3])
{
    out[0] = id_of(arranger, arranger->codes[0][row]);
    out[1] = arranger->predicate_ids.items[arranger->codes[1][row]];
    out[2] = id_of(arranger, arranger->codes[2][row]);
}
