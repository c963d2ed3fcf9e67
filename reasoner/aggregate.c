/* Folds of groups: #count, #sum, #min, #max (sections 5.4 and 7.3 of the language). Sums of floats are made in the
 * order of their values, so that they do not depend on the order of facts. */
#include "reasoner/calls.h"
#include "reasoner/value_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static BaseStatus give(const Value *value, Values *values, uint32_t *out, BaseError *err)
{
    *out = reasoner_intern(values, value);
    return *out != NO_VALUE ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for an aggregate");
}

static BaseStatus sum_reals(double *reals, size_t count, bool has_double, Values *values, uint32_t *out, BaseError *err)
{
    Value value = {.kind = has_double ? VALUE_DOUBLE : VALUE_FLOAT};
    qsort(reals, count, sizeof *reals, by_size);
    for (size_t i = 0; i < count; i++)
        value.real += reals[i];
    if (!has_double)
        value.real = (double)(float)value.real;
    return isfinite(value.real) ? give(&value, values, out, err)
                                : base_fail(err, BASE_BAD_INPUT, "#sum: the sum is too large for a number");
}

/* Integers give an integer, floats a float, any mix of numbers a double; what is no number is passed over. */
static BaseStatus sum(const uint32_t *inputs, size_t count, Values *values, uint32_t *out, BaseError *err)
{
    Value total = {.kind = VALUE_INTEGER};
    bool has_float = false, has_double = false, has_integer = false, is_over = false;
    double *const reals = malloc((count + 1) * sizeof *reals);
    if (!reals)
        return base_fail(err, BASE_NO_MEMORY, "no memory for an aggregate");
    size_t numbers = 0;
    for (size_t i = 0; i < count; i++) {
        const Value value = reasoner_value(values, inputs[i]);
        if (!reasoner_is_number(&value))
            continue;
        reals[numbers++] = reasoner_as_double(&value);
        has_float |= value.kind == VALUE_FLOAT;
        has_double |= value.kind == VALUE_DOUBLE;
        has_integer |= value.kind == VALUE_INTEGER;
        if (value.kind == VALUE_INTEGER)
            is_over |= __builtin_add_overflow(total.integer, value.integer, &total.integer);
    }
    BaseStatus status;
    if (has_float || has_double)
        status = sum_reals(reals, numbers, has_double || has_integer, values, out, err);
    else if (is_over)
        status = base_fail(err, BASE_BAD_INPUT, "#sum: the sum does not fit into 64 bits");
    else
        status = give(&total, values, out, err);
    free(reals);
    return status;
}

/* Integers below floats below doubles, all else below numbers, by kind and text. */
static int rank(const Value *value)
{
    return value->kind == VALUE_INTEGER ? 1 : value->kind == VALUE_FLOAT ? 2 : value->kind == VALUE_DOUBLE ? 3 : 0;
}

static int order_texts(KgText a, KgText b)
{
    const size_t shorter = a.length < b.length ? a.length : b.length;
    const int order = shorter ? memcmp(a.bytes, b.bytes, shorter) : 0;
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

static int order_values(const Value *a, const Value *b)
{
    if (rank(a) != rank(b))
        return rank(a) < rank(b) ? -1 : 1;
    if (rank(a) > 0)
        return reasoner_order_numbers(a, b);
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    const int texts = order_texts(a->text, b->text), tags = order_texts(a->tag, b->tag);
    return texts ? texts : tags ? tags : (a->integer > b->integer) - (a->integer < b->integer);
}

BaseStatus reasoner_fold(AggregateKind kind, const uint32_t *inputs, size_t count, Values *values, uint32_t *out,
                         BaseError *err)
{
    if (count == 0)
        return BASE_NOT_FOUND;
    if (kind == AGGREGATE_COUNT)
        return give(&(Value){.kind = VALUE_INTEGER, .integer = (int64_t)count}, values, out, err);
    if (kind == AGGREGATE_SUM)
        return sum(inputs, count, values, out, err);
    uint32_t best = inputs[0];
    for (size_t i = 1; i < count; i++) {
        const Value value = reasoner_value(values, inputs[i]), other = reasoner_value(values, best);
        const int order = order_values(&value, &other);
        if (kind == AGGREGATE_MIN ? order < 0 : order > 0)
            best = inputs[i];
    }
    *out = best;
    return BASE_OK;
}
