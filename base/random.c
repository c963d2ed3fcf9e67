#include "base/random.h"

#include "base/hash.h"

#include <math.h>

void base_random_seed(BaseRandom *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        random->state[i] = base_mix(seed);
    }
}

static uint64_t rotate(uint64_t bits, int by)
{
    return bits << by | bits >> (64 - by);
}

uint64_t base_random_next(BaseRandom *random)
{
    uint64_t *const s = random->state;
    const uint64_t result = rotate(s[1] * 5, 7) * 9;
    const uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

/* Multiply and reject: Lemire, "Fast Random Integer Generation in an Interval", 2019. */
uint64_t base_random_below(BaseRandom *random, uint64_t limit)
{
    __extension__ typedef unsigned __int128 Wide;
    Wide product = (Wide)base_random_next(random) * limit;
    if ((uint64_t)product < limit) {
        const uint64_t threshold = -limit % limit;
        while ((uint64_t)product < threshold)
            product = (Wide)base_random_next(random) * limit;
    }
    return (uint64_t)(product >> 64);
}

double base_random_unit(BaseRandom *random)
{
    return (double)(base_random_next(random) >> 11) * 0x1p-53;
}

/* Box, Muller 1958; one of the pair is dropped to keep the state plain. */
double base_random_normal(BaseRandom *random)
{
    const double radius = sqrt(-2.0 * log(1.0 - base_random_unit(random)));
    return radius * cos(6.283185307179586 * base_random_unit(random));
}

void base_random_shuffle(BaseRandom *random, uint32_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = (size_t)base_random_below(random, i);
        const uint32_t other = items[j];
        items[j] = items[i - 1];
        items[i - 1] = other;
    }
}
