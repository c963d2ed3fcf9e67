/* near.h - comparing doubles: cmocka's assert_float_equal rounds them to float first. */
#ifndef KGQ_TESTS_EMBED_NEAR_H
#define KGQ_TESTS_EMBED_NEAR_H

#include "expect.h"

#include <math.h>

#define assert_near(a, b, tolerance) assert_near_at((a), (b), (tolerance), __FILE__, __LINE__)
static inline void assert_near_at(double a, double b, double tolerance, const char *file, int line)
{
    if (fabs(a - b) <= tolerance)
        return;
    print_error("%.12g is not within %g of %.12g\n", a, tolerance, b);
    _fail(file, line);
}

#endif
