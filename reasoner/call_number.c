/* Functions of numbers. Integers are computed with as 64-bit ones, checked; floats among themselves in 32 bits; any mix
 * as doubles. Whatever leaves the range, or is not finite, has no value. */
#include "reasoner/calls.h"
#include "reasoner/value_text.h"

#include <math.h>

int reasoner_order_numbers(const Value *a, const Value *b)
{
    if (a->kind == VALUE_INTEGER && b->kind == VALUE_INTEGER)
        return (a->integer > b->integer) - (a->integer < b->integer);
    const double x = reasoner_as_double(a), y = reasoner_as_double(b);
    return (x > y) - (x < y);
}

/* The kind that all arguments are brought to; false: some argument is no number. */
static bool common_kind(const Value *arguments, uint32_t count, ValueKind *out)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!reasoner_is_number(&arguments[i]))
            return false;
        if (i == 0)
            *out = arguments[i].kind;
        else if (arguments[i].kind != *out)
            *out = VALUE_DOUBLE;
    }
    return true;
}

static bool give_real(ValueKind kind, double real, Value *out)
{
    *out = (Value){.kind = kind, .real = kind == VALUE_FLOAT ? (double)(float)real : real};
    return isfinite(out->real);
}

/* ---- Integers ------------------------------------------------------------------------------------------------ */

static bool fold_integers(Function function, const Value *arguments, uint32_t count, Value *out)
{
    int64_t result = arguments[0].integer;
    for (uint32_t i = 1; i < count; i++) {
        const int64_t next = arguments[i].integer;
        if (function == FUNCTION_SUM && __builtin_add_overflow(result, next, &result))
            return false;
        if (function == FUNCTION_PRODUCT && __builtin_mul_overflow(result, next, &result))
            return false;
        if ((function == FUNCTION_MIN && next < result) || (function == FUNCTION_MAX && next > result))
            result = next;
    }
    return give_integer(result, out);
}

static bool power(int64_t base, int64_t exponent, Value *out)
{
    int64_t result = 1;
    if (exponent < 0)
        return false;
    for (; exponent > 0; exponent >>= 1) {
        if ((exponent & 1) && __builtin_mul_overflow(result, base, &result))
            return false;
        if (exponent > 1 && __builtin_mul_overflow(base, base, &base))
            return false;
    }
    return give_integer(result, out);
}

static bool integer_log(int64_t number, int64_t base, Value *out)
{
    int64_t log = 0;
    if (number <= 0 || base < 2)
        return false;
    for (; number >= base; number /= base)
        log++;
    return give_integer(log, out);
}

static bool integer_root(int64_t number, Value *out)
{
    if (number < 0)
        return false;
    int64_t root = (int64_t)sqrt((double)number);
    while (root > 0 && root > number / root)
        root--;
    while ((root + 1) <= number / (root + 1))
        root++;
    return give_integer(root, out);
}

static bool call_integers(Function function, const Value *arguments, uint32_t count, Value *out)
{
    const int64_t a = arguments[0].integer, b = count > 1 ? arguments[1].integer : 0;
    int64_t result;
    switch (function) {
    case FUNCTION_SUBTRACTION:
        return !__builtin_sub_overflow(a, b, &result) && give_integer(result, out);
    case FUNCTION_DIVISION:
        return b != 0 && !(a == INT64_MIN && b == -1) && give_integer(a / b, out);
    case FUNCTION_REM:
        return b != 0 && !(a == INT64_MIN && b == -1) && give_integer(a % b, out);
    case FUNCTION_POW:
        return power(a, b, out);
    case FUNCTION_LOG:
        return integer_log(a, b, out);
    case FUNCTION_ABS:
        return a != INT64_MIN && give_integer(a < 0 ? -a : a, out);
    case FUNCTION_INVERTSIGN:
        return a != INT64_MIN && give_integer(-a, out);
    case FUNCTION_SQRT:
        return integer_root(a, out);
    case FUNCTION_ROUND:
    case FUNCTION_CEIL:
    case FUNCTION_FLOOR:
        return give_integer(a, out);
    case FUNCTION_SUM:
    case FUNCTION_PRODUCT:
    case FUNCTION_MIN:
    case FUNCTION_MAX:
        return fold_integers(function, arguments, count, out);
    default: /* SIN, COS, TAN, LUKA are for floats */
        return false;
    }
}

/* ---- Floats -------------------------------------------------------------------------------------------------- */

static double narrow(ValueKind kind, double real)
{
    return kind == VALUE_FLOAT ? (double)(float)real : real;
}

static bool fold_reals(Function function, const Value *arguments, uint32_t count, ValueKind kind, Value *out)
{
    double result = reasoner_as_double(&arguments[0]);
    for (uint32_t i = 1; i < count; i++) {
        const double next = reasoner_as_double(&arguments[i]);
        if (function == FUNCTION_PRODUCT)
            result = narrow(kind, result * next);
        else if (function == FUNCTION_MIN)
            result = next < result ? next : result;
        else if (function == FUNCTION_MAX)
            result = next > result ? next : result;
        else /* SUM, LUKA */
            result = narrow(kind, result + next);
    }
    if (function == FUNCTION_LUKA) {
        result -= (double)count - 1;
        result = result > 0 ? result : 0;
    }
    return give_real(kind, result, out);
}

static bool call_reals(Function function, const Value *arguments, uint32_t count, ValueKind kind, Value *out)
{
    const double a = reasoner_as_double(&arguments[0]), b = count > 1 ? reasoner_as_double(&arguments[1]) : 0;
    switch (function) {
    case FUNCTION_SUBTRACTION:
        return give_real(kind, a - b, out);
    case FUNCTION_DIVISION:
        return b != 0 && give_real(kind, a / b, out);
    case FUNCTION_REM:
        return b != 0 && give_real(kind, fmod(a, b), out);
    case FUNCTION_POW:
        return give_real(kind, pow(a, b), out);
    case FUNCTION_LOG:
        return give_real(kind, log(a) / log(b), out);
    case FUNCTION_ABS:
        return give_real(kind, fabs(a), out);
    case FUNCTION_INVERTSIGN:
        return give_real(kind, -a, out);
    case FUNCTION_SQRT:
        return give_real(kind, sqrt(a), out);
    case FUNCTION_SIN:
        return give_real(kind, sin(a), out);
    case FUNCTION_COS:
        return give_real(kind, cos(a), out);
    case FUNCTION_TAN:
        return give_real(kind, tan(a), out);
    case FUNCTION_ROUND:
        return give_real(kind, round(a), out);
    case FUNCTION_CEIL:
        return give_real(kind, ceil(a), out);
    case FUNCTION_FLOOR:
        return give_real(kind, floor(a), out);
    default:
        return fold_reals(function, arguments, count, kind, out);
    }
}

bool reasoner_call_number(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)values;
    ValueKind kind = VALUE_DOUBLE;
    if (!common_kind(arguments, count, &kind))
        return false;
    return kind == VALUE_INTEGER ? call_integers(function, arguments, count, out)
                                 : call_reals(function, arguments, count, kind, out);
}

/* ---- Bits, order --------------------------------------------------------------------------------------------- */

static bool shift(Function function, int64_t number, int64_t by, Value *out)
{
    if (by < 0 || by >= 64)
        return false;
    if (function == FUNCTION_BITSHL)
        return give_integer((int64_t)((uint64_t)number << by), out);
    if (function == FUNCTION_BITSHRU)
        return give_integer((int64_t)((uint64_t)number >> by), out);
    return give_integer(number >> by, out);
}

bool reasoner_call_bits(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)values;
    for (uint32_t i = 0; i < count; i++)
        if (arguments[i].kind != VALUE_INTEGER)
            return false;
    if (function >= FUNCTION_BITSHL)
        return shift(function, arguments[0].integer, arguments[1].integer, out);
    uint64_t result = (uint64_t)arguments[0].integer;
    for (uint32_t i = 1; i < count; i++) {
        const uint64_t next = (uint64_t)arguments[i].integer;
        result = function == FUNCTION_BITAND  ? result & next
                 : function == FUNCTION_BITOR ? result | next
                                              : result ^ next;
    }
    if (function == FUNCTION_BITAND) /* a quirk of the language */
        result &= (uint64_t)INT64_MAX;
    return give_integer((int64_t)result, out);
}

bool reasoner_call_order(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)values;
    (void)count;
    if (!reasoner_is_number(&arguments[0]) || !reasoner_is_number(&arguments[1]))
        return false;
    const int order = reasoner_order_numbers(&arguments[0], &arguments[1]);
    return give_boolean(function == FUNCTION_NUMLESS      ? order < 0
                        : function == FUNCTION_NUMLESSEQ  ? order <= 0
                        : function == FUNCTION_NUMGREATER ? order > 0
                                                          : order >= 0,
                        out);
}
