/* sort.h - private to kg: radix sort of numbers, with or without something that goes along. */
#ifndef KGQ_KG_SORT_H
#define KGQ_KG_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct KgPair {
    uint64_t key, with;
} KgPair;

/* Ascending by the low `bits` of the keys, above which all keys are the same; equal ones stay in the order given.
 * `scratch` has room for as many. */
void kg_sort_keys(uint64_t *keys, uint64_t *scratch, size_t count, int bits);
void kg_sort_pairs(KgPair *pairs, KgPair *scratch, size_t count, int bits);

#endif
