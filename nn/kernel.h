/* kernel.h - for the loops that cost the time: a function marked NN_KERNEL is compiled for AVX2 as well as for the
 * plain target, and the loader picks the one the processor can run. Sums inside such loops are marked `omp simd
 * reduction`, which lets the compiler keep several partial sums; no OpenMP run-time is used. Kernels are
 * static, because clang 14 does not give the picked one its plain name, and have names of their own in the room,
 * because it gives external linkage to the function that picks. */
#ifndef KGQ_NN_KERNEL_H
#define KGQ_NN_KERNEL_H

#include <stdint.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NN_KERNEL_PLAIN 1
#endif
#endif
/* The picking runs before the thread sanitizer is ready for it. */
#if defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define NN_KERNEL_PLAIN 1
#endif

#ifdef NN_KERNEL_PLAIN
#define NN_KERNEL
#else
#define NN_KERNEL __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

/* e^x to about 1e-7 of itself, in a form that loops over it vectorise. Within [-87, 88], beyond which it stays at the
 * ends; NaN stays NaN. x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor series to r^7 (the rest is below 6e-9).
 */
static inline float nn_exp(float x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    /* Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits. */
    const float shifted = x * 1.44269504f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    /* ln 2 in two parts, the first short enough for n times it to be exact. */
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float sum = 1.0f / 5040.0f;
    sum = sum * r + 1.0f / 720.0f;
    sum = sum * r + 1.0f / 120.0f;
    sum = sum * r + 1.0f / 24.0f;
    sum = sum * r + 1.0f / 6.0f;
    sum = sum * r + 0.5f;
    sum = sum * r * r + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - 0x4b400000u + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}

#endif
