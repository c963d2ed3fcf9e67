/* sort.c - radix sort of triples and records, least significant byte first, skipping the bytes in which all agree
 * (with dense ids most of them). Stable, and linear: Knuth, "The Art of Computer Programming" vol. 3, 5.2.5. */
#include "kg/index.h"

#include <stdlib.h>

#define KEY_BYTES KG_KEY_BYTES

typedef size_t Histogram[256];

static inline unsigned key_byte(const char *item, size_t offset)
{
    return (unsigned char)item[offset];
}

/* Offset in the item of the key's byte number `rank`, counted from the least significant. */
static size_t byte_offset(KgIndex index, size_t rank)
{
    const size_t place = (size_t)kg_places[index][2 - rank / 8];
    const size_t within = rank % 8;
    return place * 8 + (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? within : 7 - within);
}

/* Moves items from one array to the other by one byte; inlined so that `size` is a constant in the copying loop. */
static inline __attribute__((always_inline)) void move_by_byte(const char *from, char *to, size_t count, size_t size,
                                                               size_t offset, const Histogram counts)
{
    Histogram next;
    size_t sum = 0;
    for (size_t value = 0; value < 256; value++) {
        next[value] = sum;
        sum += counts[value];
    }
    for (size_t i = 0; i < count; i++) {
        const char *const item = from + i * size;
        memcpy(to + next[key_byte(item, offset)]++ * size, item, size);
    }
}

static inline __attribute__((always_inline)) bool sort_items(char *items, size_t count, size_t size, KgIndex index)
{
    if (count < 2)
        return true;
    char *const scratch = malloc(count * size);
    Histogram *const histograms = calloc(KEY_BYTES, sizeof *histograms);
    const bool enough = scratch && histograms;
    if (enough) {
        for (size_t i = 0; i < count; i++)
            for (size_t offset = 0; offset < KEY_BYTES; offset++)
                histograms[offset][key_byte(items + i * size, offset)]++;
        char *from = items, *to = scratch;
        for (size_t rank = 0; rank < KEY_BYTES; rank++) {
            const size_t offset = byte_offset(index, rank);
            if (histograms[offset][key_byte(from, offset)] == count)
                continue;
            move_by_byte(from, to, count, size, offset, histograms[offset]);
            char *const swap = from;
            from = to;
            to = swap;
        }
        if (from != items)
            memcpy(items, from, count * size);
    }
    free(histograms);
    free(scratch);
    return enough;
}

bool kg_sort_triples(KgTriple *triples, size_t count, KgIndex index)
{
    return sort_items((char *)triples, count, sizeof *triples, index);
}

_Static_assert(offsetof(KgRecord, triple) == 0, "the key comes first");

bool kg_sort_records(KgRecord *records, size_t count)
{
    return sort_items((char *)records, count, sizeof *records, KG_SPO);
}
