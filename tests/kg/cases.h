/* cases.h - random cases: which one is running is said when a claim about it fails. */
#ifndef KGQ_TESTS_KG_CASES_H
#define KGQ_TESTS_KG_CASES_H

#include "expect.h"

static uint64_t case_seed;
static unsigned case_round;

static inline void begin_case(BaseRandom *random, uint64_t seed)
{
    case_seed = seed;
    case_round = 0;
    base_random_seed(random, seed);
}

#define expect_claim(claim) expect_claim_at((claim), #claim, __FILE__, __LINE__)
static inline void expect_claim_at(bool holds, const char *claim, const char *file, int line)
{
    if (holds)
        return;
    print_error("seed %llu, round %u: %s\n", (unsigned long long)case_seed, case_round, claim);
    _fail(file, line);
}

static inline size_t below(BaseRandom *random, size_t limit)
{
    return (size_t)base_random_below(random, limit);
}

static inline bool one_in(BaseRandom *random, size_t many)
{
    return base_random_below(random, many) == 0;
}

#endif
