/* sort.c - radix sort, least significant digit first, digits that all keys share skipped: Knuth, "The Art of Computer
 * Programming" vol. 3, 5.2.5. */
#include "kg/sort.h"

#include <string.h>

#define DIGIT 11 /* bits */
#define VALUES ((size_t)1 << DIGIT)

/* Both kinds of item begin with the key; inlined so that `size` is a constant in the loops. */
static inline __attribute__((always_inline)) uint64_t key_of(const char *item)
{
    uint64_t key;
    memcpy(&key, item, sizeof key);
    return key;
}

static inline __attribute__((always_inline)) void move_by_digit(const char *from, char *to, size_t count, size_t size,
                                                                int shift, const size_t *counts)
{
    size_t next[VALUES], sum = 0;
    for (size_t value = 0; value < VALUES; value++) {
        next[value] = sum;
        sum += counts[value];
    }
    for (size_t i = 0; i < count; i++) {
        const char *const item = from + i * size;
        memcpy(to + next[key_of(item) >> shift & (VALUES - 1)]++ * size, item, size);
    }
}

static inline __attribute__((always_inline)) void sort(char *items, char *scratch, size_t count, size_t size, int bits)
{
    const int digits = (bits + DIGIT - 1) / DIGIT;
    if (count < 2)
        return;
    char *from = items, *to = scratch;
    for (int digit = 0; digit < digits; digit++) {
        size_t counts[VALUES] = {0};
        const int shift = digit * DIGIT;
        for (size_t i = 0; i < count; i++)
            counts[key_of(from + i * size) >> shift & (VALUES - 1)]++;
        if (counts[key_of(from) >> shift & (VALUES - 1)] == count)
            continue;
        move_by_digit(from, to, count, size, shift, counts);
        char *const swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * size);
}

void kg_sort_keys(uint64_t *keys, uint64_t *scratch, size_t count, int bits)
{
    sort((char *)keys, (char *)scratch, count, sizeof *keys, bits);
}

void kg_sort_pairs(KgPair *pairs, KgPair *scratch, size_t count, int bits)
{
    sort((char *)pairs, (char *)scratch, count, sizeof *pairs, bits);
}
