/* Counting sort by the second value. Pairs that come grouped by what becomes their first value are added much faster
 * than pairs at random (row_sets.c). */
#include "reasoner/transpose.h"

#include <stdlib.h>

enum { FEW = 1024 };

bool reasoner_transpose_pays(const Relation *relation, uint32_t from, uint32_t to)
{
    return to - from >= FEW && relation->value_hint / 8 <= to - from;
}

bool reasoner_transpose(const Relation *relation, uint32_t from, uint32_t to, Transposed *out)
{
    uint32_t highest = 0;
    for (uint32_t row = from; row < to; row++) {
        const uint32_t second = relation_row(relation, row)[1];
        highest = second > highest ? second : highest;
    }
    *out = (Transposed){.bucket_count = highest + 1};
    out->starts = calloc((size_t)highest + 3, sizeof *out->starts);
    out->entries = malloc(((size_t)(to - from) + 1) * sizeof *out->entries);
    if (!out->starts || !out->entries)
        return false;
    uint32_t *const ends = out->starts + 1; /* of a bucket once its entries are in */
    for (uint32_t row = from; row < to; row++)
        ends[relation_row(relation, row)[1] + 1]++;
    for (uint32_t bucket = 0; bucket <= highest; bucket++)
        ends[bucket + 1] += ends[bucket];
    for (uint32_t row = from; row < to; row++) {
        const uint32_t *const pair = relation_row(relation, row);
        out->entries[ends[pair[1]]++] = pair[0];
    }
    return true;
}

void reasoner_transpose_free(Transposed *transposed)
{
    free(transposed->starts);
    free(transposed->entries);
    *transposed = (Transposed){0};
}
