/* random.h - xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64: the same seed gives the same numbers. */
#ifndef KGQ_BASE_RANDOM_H
#define KGQ_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct BaseRandom {
    uint64_t state[4];
} BaseRandom;
void base_random_seed(BaseRandom *random, uint64_t seed);
uint64_t base_random_next(BaseRandom *random);
uint64_t base_random_below(BaseRandom *random, uint64_t limit); /* unbiased; limit > 0 */
double base_random_unit(BaseRandom *random);                    /* in [0, 1) */
double base_random_normal(BaseRandom *random);                  /* mean 0, deviation 1 */
void base_random_shuffle(BaseRandom *random, uint32_t *items, size_t count);

#endif
