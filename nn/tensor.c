#include "nn/tensor.h"

#include "nn/kernel.h"

#include <inttypes.h>
#include <stdlib.h>

/* Far above any memory, far below overflow when multiplied by sizeof(float). */
#define MAX_COUNT (INT64_C(1) << 48)

int64_t nn_shape_count(NnShape shape, int64_t batch)
{
    int64_t count = 1;
    for (int i = 0; i < shape.rank; i++) {
        const int64_t dim = i == 0 && shape.dims[0] == NN_BATCH ? batch : shape.dims[i];
        if (dim < 0 || __builtin_mul_overflow(count, dim, &count) || count > MAX_COUNT)
            return -1;
    }
    return count;
}

int64_t nn_shape_width(NnShape shape)
{
    int64_t width = 1;
    for (int i = 1; i < shape.rank; i++)
        width *= shape.dims[i];
    return width;
}

bool nn_shape_equal(NnShape a, NnShape b)
{
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dims[i] != b.dims[i])
            return false;
    return true;
}

const char *nn_shape_text(NnShape shape, char text[NN_SHAPE_TEXT])
{
    size_t length = 0;
    text[length++] = '[';
    for (int i = 0; i < shape.rank && i < NN_MAX_RANK; i++) {
        const char *const comma = i > 0 ? ", " : "";
        const size_t room = NN_SHAPE_TEXT - length;
        const int wrote = i == 0 && shape.dims[0] == NN_BATCH
                              ? snprintf(text + length, room, "batch")
                              : snprintf(text + length, room, "%s%" PRId64, comma, shape.dims[i]);
        length += (size_t)wrote;
    }
    text[length++] = ']';
    text[length] = '\0';
    return text;
}

float *nn_floats_new(int64_t count)
{
    if (count < 0 || count > MAX_COUNT)
        return NULL;
    const size_t bytes = ((size_t)count * sizeof(float) + 64) & ~(size_t)63;
    return aligned_alloc(64, bytes);
}

void nn_zero(float *out, int64_t count)
{
    memset(out, 0, (size_t)count * sizeof *out);
}

void nn_copy(float *out, const float *x, int64_t count)
{
    memcpy(out, x, (size_t)count * sizeof *out);
}

NN_KERNEL static void add_to(float *restrict out, const float *restrict x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] += x[i];
}

void nn_add_to(float *out, const float *x, int64_t count)
{
    add_to(out, x, count);
}

NN_KERNEL static void add_scaled(float *restrict out, float factor, const float *restrict x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] += factor * x[i];
}

void nn_add_scaled(float *out, float factor, const float *x, int64_t count)
{
    add_scaled(out, factor, x, count);
}

NN_KERNEL static void scale_into(float *restrict out, float factor, const float *restrict x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = factor * x[i];
}

void nn_scale_into(float *out, float factor, const float *x, int64_t count)
{
    scale_into(out, factor, x, count);
}

NN_KERNEL static void scale_by(float *x, float factor, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        x[i] *= factor;
}

void nn_scale_by(float *x, float factor, int64_t count)
{
    scale_by(x, factor, count);
}

/* Eight at a time, spelt out: a greatest number is not a sum that the compiler may split. */
NN_KERNEL static float max_of(const float *x, int64_t count)
{
    float most[8];
    for (int j = 0; j < 8; j++)
        most[j] = x[0];
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int j = 0; j < 8; j++)
            most[j] = x[i + j] > most[j] ? x[i + j] : most[j];
    for (; i < count; i++)
        most[0] = x[i] > most[0] ? x[i] : most[0];
    for (int j = 1; j < 8; j++)
        most[0] = most[j] > most[0] ? most[j] : most[0];
    return most[0];
}

float nn_max(const float *x, int64_t count)
{
    return max_of(x, count);
}

NN_KERNEL static float dot(const float *restrict a, const float *restrict b, int64_t count)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

float nn_dot(const float *a, const float *b, int64_t count)
{
    return dot(a, b, count);
}

NN_KERNEL static void add_rows(float *restrict out, const float *restrict x, int64_t rows, int64_t width)
{
    for (int64_t i = 0; i < rows; i++, x += width)
        for (int64_t j = 0; j < width; j++)
            out[j] += x[j];
}

void nn_add_rows(float *out, const float *x, int64_t rows, int64_t width)
{
    add_rows(out, x, rows, width);
}

void nn_sum_rows(float *out, const float *x, int64_t rows, int64_t width)
{
    nn_zero(out, width);
    nn_add_rows(out, x, rows, width);
}

/* A number is finite when its exponent bits are not all ones; or-ing the tests keeps the loop free of branches. */
NN_KERNEL static bool all_finite(const float *x, int64_t count)
{
    uint32_t bad = 0;
#pragma omp simd reduction(| : bad)
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (uint32_t)((bits & 0x7f800000u) == 0x7f800000u);
    }
    return bad == 0;
}

bool nn_all_finite(const float *x, int64_t count)
{
    return all_finite(x, count);
}
