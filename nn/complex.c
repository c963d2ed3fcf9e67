/* Rows as complex vectors, the real halves first: products, and angles turned into points of the unit circle. */
#include "nn/graph.h"
#include "nn/kernel.h"
#include "nn/tensor.h"

#include <math.h>

/* (a + bi)(c + di) = (ac - bd) + (ad + bc)i; `sign` -1 conjugates the second. */
NN_KERNEL static void multiply_row(float *restrict out, const float *restrict a, const float *restrict b, float sign,
                                   int64_t half)
{
    for (int64_t i = 0; i < half; i++) {
        const float imaginary = sign * b[half + i];
        out[i] = a[i] * b[i] - a[half + i] * imaginary;
        out[half + i] = a[i] * imaginary + a[half + i] * b[i];
    }
}

/* With g = gr + gi i standing for the gradients by the two parts of a b, that of a is g conj(b), and with
 * conj(b) in the product, g b. */
static void gradient_of_first(float *out, const float *gradient, const float *b, float sign, int64_t half)
{
    multiply_row(out, gradient, b, -sign, half);
}

/* That of b is g conj(a), and its conjugate, a conj(g), when the product was with conj(b). */
static void gradient_of_second(float *out, const float *gradient, const float *a, float sign, int64_t half)
{
    if (sign > 0)
        multiply_row(out, gradient, a, -1.0f, half);
    else
        multiply_row(out, a, gradient, -1.0f, half);
}

static float sign_of(const NnCell *cell)
{
    return cell->flag ? -1.0f : 1.0f;
}

static BaseStatus multiply_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const float *const a = nn_cell_input(graph, cell, 0)->values, *const b = nn_cell_input(graph, cell, 1)->values;
    const int64_t rows = nn_cell_rows(graph, cell), width = nn_cell_width(cell);
    for (int64_t at = 0; at < rows * width; at += width)
        multiply_row(cell->values + at, a + at, b + at, sign_of(cell), width / 2);
    return BASE_OK;
}

static BaseStatus multiply_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const float *const a = nn_cell_input(graph, cell, 0)->values, *const b = nn_cell_input(graph, cell, 1)->values;
    const int64_t rows = nn_cell_rows(graph, cell), width = nn_cell_width(cell);
    for (int64_t at = 0; at < rows * width; at += width) {
        if (targets[0])
            gradient_of_first(targets[0] + at, cell->gradient + at, b + at, sign_of(cell), width / 2);
        if (targets[1])
            gradient_of_second(targets[1] + at, cell->gradient + at, a + at, sign_of(cell), width / 2);
    }
    return BASE_OK;
}

static const NnOp multiply_op = {.name = "nn_complex_mul", .forward = multiply_forward, .backward = multiply_backward};

NnNode nn_complex_mul(NnGraph *graph, NnNode a, NnNode b, bool conjugate_b)
{
    char a_text[NN_SHAPE_TEXT], b_text[NN_SHAPE_TEXT];
    const NnNode inputs[] = {a, b};
    if (!nn_nodes_good(graph, "nn_complex_mul", false, 2, inputs))
        return -1;
    const NnShape left = nn_node_shape(graph, a), right = nn_node_shape(graph, b);
    if (!nn_shape_equal(left, right) || left.rank != 2 || left.dims[1] % 2 != 0)
        return nn_graph_fault(graph, "nn_complex_mul: %s and %s are not the same [n, even number]",
                              nn_shape_text(left, a_text), nn_shape_text(right, b_text));
    NnCell *const cell = nn_cell_add(graph, &multiply_op, left, 2, inputs);
    if (cell)
        cell->flag = conjugate_b;
    return nn_cell_node(graph, cell);
}

static BaseStatus rotation_forward(NnGraph *graph, NnCell *cell, BaseError *err)
{
    (void)err;
    const float *const phase = nn_cell_input(graph, cell, 0)->values;
    const int64_t rows = nn_cell_rows(graph, cell), half = nn_cell_width(cell) / 2;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < half; j++)
            sincosf(phase[i * half + j], &cell->values[(2 * i + 1) * half + j], &cell->values[2 * i * half + j]);
    return BASE_OK;
}

/* By the angle, cos changes by -sin and sin by cos. */
static BaseStatus rotation_backward(NnGraph *graph, NnCell *cell, float *const *targets, BaseError *err)
{
    (void)err;
    const int64_t rows = nn_cell_rows(graph, cell), half = nn_cell_width(cell) / 2;
    for (int64_t i = 0; targets[0] && i < rows; i++) {
        const float *const cosine = cell->values + 2 * i * half, *const sine = cosine + half;
        const float *const gradient = cell->gradient + 2 * i * half;
        for (int64_t j = 0; j < half; j++)
            targets[0][i * half + j] = gradient[half + j] * cosine[j] - gradient[j] * sine[j];
    }
    return BASE_OK;
}

static const NnOp rotation_op = {.name = "nn_rotation", .forward = rotation_forward, .backward = rotation_backward};

NnNode nn_rotation(NnGraph *graph, NnNode phase)
{
    char text[NN_SHAPE_TEXT];
    if (!nn_nodes_good(graph, "nn_rotation", false, 1, &phase))
        return -1;
    const NnShape shape = nn_node_shape(graph, phase);
    if (shape.rank != 2)
        return nn_graph_fault(graph, "nn_rotation: %s is not [n, angles]", nn_shape_text(shape, text));
    return nn_cell_node(graph, nn_cell_add(graph, &rotation_op, NN_SHAPE(shape.dims[0], 2 * shape.dims[1]), 1, &phase));
}
