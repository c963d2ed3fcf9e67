/* Distances of all rows of q to all rows of e, as embedding models use them to score every candidate at once. */
#include "nn/graph.h"
#include "nn/kernel.h"
#include "nn/tensor.h"

#include <math.h>

typedef struct Sides {
    const float *q, *e;
    int64_t m, n, k;
} Sides;

static Sides sides_of(const NnGraph *graph, const NnCell *cell)
{
    const NnCell *const q = nn_cell_input(graph, cell, 0), *const e = nn_cell_input(graph, cell, 1);
    return (Sides){.q = q->values,
                   .e = e->values,
                   .m = nn_cell_rows(graph, q),
                   .n = nn_cell_rows(graph, e),
                   .k = nn_cell_width(q)};
}

/* Work goes by blocks of rows of e that stay in the cache while all rows of q pass by. */
#define BLOCK_ROWS 256

/* ---- p = 1: sum of |q - e| ----------------------------------------------------------------------------------------
 */

/* Four rows of e at a time: four sums wait for each other's additions less than one does, and q is read once. */
#define TOGETHER 4

NN_KERNEL static void l1(float *restrict out, const float *restrict q, const float *restrict e, int64_t k, int64_t rows)
{
    int64_t j = 0;
    for (; j + TOGETHER <= rows; j += TOGETHER, e += TOGETHER * k) {
        float a = 0, b = 0, c = 0, d = 0;
#pragma omp simd reduction(+ : a, b, c, d)
        for (int64_t i = 0; i < k; i++) {
            a += fabsf(q[i] - e[i]);
            b += fabsf(q[i] - e[k + i]);
            c += fabsf(q[i] - e[2 * k + i]);
            d += fabsf(q[i] - e[3 * k + i]);
        }
        out[j] = a;
        out[j + 1] = b;
        out[j + 2] = c;
        out[j + 3] = d;
    }
    for (; j < rows; j++, e += k) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < k; i++)
            sum += fabsf(q[i] - e[i]);
        out[j] = sum;
    }
}

/* By q, the sign of q - e; by e, the opposite. Equal numbers pass nothing. */
NN_KERNEL static void l1_gradient(float *restrict dq, float *restrict de, const float *restrict q,
                                  const float *restrict e, float gradient, int64_t k)
{
    for (int64_t i = 0; i < k; i++) {
        const float step = q[i] > e[i] ? gradient : q[i] < e[i] ? -gradient : 0.0f;
        dq[i] += step;
        de[i] -= step;
    }
}

/* ---- p = 3: sum of the moduli of complex numbers ------------------------------------------------------------------
 */

static inline float modulus(const float *q, const float *e, int64_t half, int64_t i)
{
    const float real = q[i] - e[i], imaginary = q[half + i] - e[half + i];
    return sqrtf(real * real + imaginary * imaginary);
}

NN_KERNEL static void moduli(float *restrict out, const float *restrict q, const float *restrict e, int64_t k,
                             int64_t rows)
{
    const int64_t half = k / 2;
    int64_t j = 0;
    for (; j + TOGETHER <= rows; j += TOGETHER, e += TOGETHER * k) {
        float a = 0, b = 0, c = 0, d = 0;
#pragma omp simd reduction(+ : a, b, c, d)
        for (int64_t i = 0; i < half; i++) {
            a += modulus(q, e, half, i);
            b += modulus(q, e + k, half, i);
            c += modulus(q, e + 2 * k, half, i);
            d += modulus(q, e + 3 * k, half, i);
        }
        out[j] = a;
        out[j + 1] = b;
        out[j + 2] = c;
        out[j + 3] = d;
    }
    for (; j < rows; j++, e += k) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < half; i++)
            sum += modulus(q, e, half, i);
        out[j] = sum;
    }
}

/* By each part, part / modulus; at modulus 0 nothing passes. The tiny number keeps the division defined there and is
 * lost in rounding elsewhere. */
NN_KERNEL static void moduli_gradient(float *restrict dq, float *restrict de, const float *restrict q,
                                      const float *restrict e, float gradient, int64_t k)
{
    const int64_t half = k / 2;
    for (int64_t i = 0; i < half; i++) {
        const float real = q[i] - e[i], imaginary = q[half + i] - e[half + i];
        const float factor = gradient / sqrtf(real * real + imaginary * imaginary + 1e-30f);
        dq[i] += factor * real;
        dq[half + i] += factor * imaginary;
        de[i] -= factor * real;
        de[half + i] -= factor * imaginary;
    }
}

static void each_forward(const Sides *s, int p, float *out)
{
    for (int64_t start = 0; start < s->n; start += BLOCK_ROWS) {
        const int64_t rows = start + BLOCK_ROWS < s->n ? BLOCK_ROWS : s->n - start;
        for (int64_t i = 0; i < s->m; i++) {
            float *const to = out + i * s->n + start;
            if (p == 1)
                l1(to, s->q + i * s->k, s->e + start * s->k, s->k, rows);
            else
                moduli(to, s->q + i * s->k, s->e + start * s->k, s->k, rows);
        }
    }
}

/* A target that nobody wants is a row of scratch, written over and over: one loop serves all cases. */
static void each_backward(const Sides *s, int p, const float *gradient, float *const *targets, float *scratch)
{
    float *const unwanted_q = scratch, *const unwanted_e = scratch + s->k;
    nn_zero(scratch, 2 * s->k);
    if (targets[0])
        nn_zero(targets[0], s->m * s->k);
    if (targets[1])
        nn_zero(targets[1], s->n * s->k);
    for (int64_t start = 0; start < s->n; start += BLOCK_ROWS) {
        const int64_t end = start + BLOCK_ROWS < s->n ? start + BLOCK_ROWS : s->n;
        for (int64_t i = 0; i < s->m; i++) {
            float *const dq = targets[0] ? targets[0] + i * s->k : unwanted_q;
            for (int64_t j = start; j < end; j++) {
                const float g = gradient[i * s->n + j];
                float *const de = targets[1] ? targets[1] + j * s->k : unwanted_e;
                if (g == 0.0f)
                    continue;
                if (p == 1)
                    l1_gradient(dq, de, s->q + i * s->k, s->e + j * s->k, g, s->k);
                else
                    moduli_gradient(dq, de, s->q + i * s->k, s->e + j * s->k, g, s->k);
            }
        }
    }
}

/* ---- p = 2: Euclidean ---------------------------------------------------------------------------------------------
 */

/* |q - e|^2 = |q|^2 + |e|^2 - 2 q.e loses what is small beside |q|^2 + |e|^2; such pairs are few and are done again
 * number by number. */
#define SMALL_SHARE 1e-3f

NN_KERNEL static float squared_difference(const float *restrict q, const float *restrict e, int64_t k)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < k; i++)
        sum += (q[i] - e[i]) * (q[i] - e[i]);
    return sum;
}

/* out holds q.e and becomes the squared distance; how many need to be done again is returned. */
NN_KERNEL static int64_t square_row(float *restrict out, float qq, const float *restrict ee, int64_t n)
{
    int32_t small = 0;
#pragma omp simd reduction(+ : small)
    for (int64_t j = 0; j < n; j++) {
        const float all = qq + ee[j];
        out[j] = all - 2.0f * out[j];
        small += out[j] < SMALL_SHARE * all;
    }
    return small;
}

NN_KERNEL static void root_row(float *restrict out, int64_t n)
{
    for (int64_t j = 0; j < n; j++)
        out[j] = sqrtf(out[j]);
}

static void euclidean_forward(const Sides *s, float *out, float *ee)
{
    const NnMatrix q = {.values = s->q, .stride = s->k},
                   e = {.values = s->e, .stride = s->k, .transpose = NN_TRANSPOSED};
    nn_gemm(s->m, s->n, s->k, 1.0f, q, e, 0.0f, out, s->n);
    for (int64_t j = 0; j < s->n; j++)
        ee[j] = nn_dot(s->e + j * s->k, s->e + j * s->k, s->k);
    for (int64_t i = 0; i < s->m; i++) {
        float *const row = out + i * s->n;
        const float *const query = s->q + i * s->k;
        const float qq = nn_dot(query, query, s->k);
        if (square_row(row, qq, ee, s->n) > 0)
            for (int64_t j = 0; j < s->n; j++)
                if (row[j] < SMALL_SHARE * (qq + ee[j]))
                    row[j] = squared_difference(query, s->e + j * s->k, s->k);
        root_row(row, s->n);
    }
}

/* w = gradient / distance; at distance 0 nothing passes. Returns the sum. */
NN_KERNEL static float divide_row(float *restrict w, const float *restrict gradient, const float *restrict distance,
                                  int64_t n)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < n; j++) {
        w[j] = distance[j] > 0.0f ? gradient[j] / distance[j] : 0.0f;
        sum += w[j];
    }
    return sum;
}

/* With w = g / distance: dq_i = (sum_j w_ij) q_i - (w e)_i, and de_j = (sum_i w_ij) e_j - (w^T q)_j: two products, made
 * block by block of e's rows so that w stays small. */
static void euclidean_backward(const Sides *s, const float *distance, const float *gradient, float *const *targets,
                               float *scratch)
{
    float *const w = scratch, *const sums = scratch + s->m * BLOCK_ROWS;
    if (targets[0])
        nn_zero(targets[0], s->m * s->k);
    for (int64_t start = 0; start < s->n; start += BLOCK_ROWS) {
        const int64_t n = start + BLOCK_ROWS < s->n ? BLOCK_ROWS : s->n - start;
        const float *const e = s->e + start * s->k;
        nn_zero(sums, n);
        for (int64_t i = 0; i < s->m; i++) {
            const int64_t at = i * s->n + start;
            const float sum = divide_row(w + i * n, gradient + at, distance + at, n);
            nn_add_to(sums, w + i * n, n);
            if (targets[0])
                nn_add_scaled(targets[0] + i * s->k, sum, s->q + i * s->k, s->k);
        }
        if (targets[0])
            nn_gemm(s->m, s->k, n, -1.0f, (NnMatrix){.values = w, .stride = n}, (NnMatrix){.values = e, .stride = s->k},
                    1.0f, targets[0], s->k);
        if (!targets[1])
            continue;
        float *const de = targets[1] + start * s->k;
        for (int64_t j = 0; j < n; j++)
            nn_scale_into(de + j * s->k, sums[j], e + j * s->k, s->k);
        nn_gemm(n, s->k, s->m, -1.0f, (NnMatrix){.values = w, .stride = n, .transpose = NN_TRANSPOSED},
                (NnMatrix){.values = s->q, .stride = s->k}, 1.0f, de, s->k);
    }
}

/* ---- The op -------------------------------------------------------------------------------------------------------
 */

static int64_t distance_scratch(const NnGraph *graph, const NnCell *cell)
{
    const NnCell *const q = nn_cell_input(graph, cell, 0), *const e = nn_cell_input(graph, cell, 1);
    const int64_t forward = nn_cell_max_rows(graph, e);
    const int64_t backward = (nn_cell_max_rows(graph, q) + 1) * BLOCK_ROWS + 2 * nn_cell_width(q);
    return forward > backward ? forward : backward;
}

static BaseStatus distance_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const Sides sides = sides_of(graph, cell);
    if (cell->size == 2)
        euclidean_forward(&sides, cell->values, graph->scratch);
    else
        each_forward(&sides, cell->size, cell->values);
    return BASE_OK;
}

static BaseStatus distance_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const Sides sides = sides_of(graph, cell);
    if (cell->size == 2)
        euclidean_backward(&sides, cell->values, cell->gradient, targets, graph->scratch);
    else
        each_backward(&sides, cell->size, cell->gradient, targets, graph->scratch);
    return BASE_OK;
}

static const NnOp distance_op = {
    .name = "nn_distance", .forward = distance_forward, .backward = distance_backward, .scratch = distance_scratch};

NnNode nn_distance(NnGraph *graph, NnNode q, NnNode e, int p)
{
    char q_text[NN_SHAPE_TEXT], e_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {q, e};
    if (!nn_nodes_good(graph, "nn_distance", false, 2, inputs))
        return -1;
    const NnShape left = nn_node_shape(graph, q), right = nn_node_shape(graph, e);
    if (p < 1 || p > 3)
        return nn_graph_fault(graph, "nn_distance: p = %d, it is 1, 2 or 3", p);
    if (left.rank != 2 || right.rank != 2 || left.dims[1] != right.dims[1] || right.dims[0] == NN_BATCH ||
        (p == 3 && left.dims[1] % 2 != 0))
        return nn_graph_fault(graph, "nn_distance: %s to %s: wants [m, k] to [n, k], n not the batch%s",
                              nn_shape_text(left, q_text), nn_shape_text(right, e_text), p == 3 ? ", k even" : "");
    NnCell *const cell = nn_cell_add(graph, &distance_op, NN_SHAPE(left.dims[0], right.dims[0]), 2, inputs);
    if (cell)
        cell->size = p;
    return nn_cell_node(graph, cell);
}
