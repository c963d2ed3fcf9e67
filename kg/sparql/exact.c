/* exact.c - arithmetic of 128-bit decimals. */
#include "kg/sparql/exact.h"

#include "kg/inline_forms.h"

#include <math.h>
#include <string.h>

static const ExactMantissa mantissa_limit = (ExactMantissa)(~(unsigned __int128)0 >> 1);

/* The least mantissa has no positive twin: it counts as overflow, so that any number can be negated. */
static bool is_least(ExactMantissa mantissa)
{
    return mantissa < -mantissa_limit;
}

static Exact trimmed(Exact number)
{
    int64_t small = (int64_t)number.mantissa;
    if (small == number.mantissa) { /* most are: divide them in one register */
        while (number.scale > 0 && small % 10 == 0) {
            small /= 10;
            number.scale--;
        }
        number.mantissa = small;
        return number;
    }
    while (number.scale > 0 && number.mantissa % 10 == 0) {
        number.mantissa /= 10;
        number.scale--;
    }
    return number;
}

bool sparql_exact_parse(KgText text, bool is_decimal, Exact *out)
{
    size_t at = 0, digits = 0;
    const bool is_negative = text.length > 0 && text.bytes[0] == '-';
    if (text.length > 0 && (text.bytes[0] == '-' || text.bytes[0] == '+'))
        at++;
    Exact number = {0};
    bool has_point = false;
    for (; at < text.length; at++) {
        const char c = text.bytes[at];
        if (c == '.' && is_decimal && !has_point) {
            has_point = true;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        digits++;
        if (has_point && number.scale == EXACT_DIGITS)
            continue;
        if (__builtin_mul_overflow(number.mantissa, 10, &number.mantissa) ||
            __builtin_add_overflow(number.mantissa, c - '0', &number.mantissa))
            return false;
        number.scale += has_point;
    }
    if (digits == 0)
        return false;
    if (is_negative)
        number.mantissa = -number.mantissa;
    *out = trimmed(number);
    return true;
}

size_t sparql_exact_format(Exact number, bool is_decimal, char out[EXACT_TEXT])
{
    char reversed[EXACT_TEXT];
    size_t count = 0;
    const bool is_negative = number.mantissa < 0;
    ExactMantissa rest = number.mantissa; /* taken digit by digit with its sign: the least one has no positive twin */
    int places = 0;
    if (is_decimal && number.scale == 0) {
        reversed[count++] = '0';
        reversed[count++] = '.';
    }
    do {
        const int digit = (int)(rest % 10);
        reversed[count++] = (char)('0' + (digit < 0 ? -digit : digit));
        rest /= 10;
        if (++places == number.scale)
            reversed[count++] = '.';
    } while (rest != 0 || places <= number.scale);
    size_t length = 0;
    if (is_negative)
        out[length++] = '-';
    while (count > 0)
        out[length++] = reversed[--count];
    out[length] = '\0';
    return length;
}

double sparql_exact_double(Exact number)
{
    if (number.scale == 0)
        return (double)number.mantissa;
    return (double)((long double)number.mantissa / (long double)kg_powers[number.scale]);
}

bool sparql_exact_from_double(double number, Exact *out)
{
    if (!isfinite(number) || fabs(number) >= 1e37)
        return false;
    const double whole = trunc(number);
    Exact result = {.mantissa = (ExactMantissa)whole};
    double part = number - whole;
    while (part != 0 && result.scale < EXACT_DIGITS) {
        part *= 10;
        const int digit = (int)part;
        if (__builtin_mul_overflow(result.mantissa, 10, &result.mantissa) ||
            __builtin_add_overflow(result.mantissa, digit, &result.mantissa))
            return false;
        result.scale++;
        part -= digit;
    }
    *out = trimmed(result);
    return true;
}

/* Brings both to the larger scale. */
static bool align(Exact *a, Exact *b)
{
    if (a->scale == b->scale)
        return true;
    Exact *const coarse = a->scale < b->scale ? a : b;
    const int scale = a->scale < b->scale ? b->scale : a->scale;
    if (__builtin_mul_overflow(coarse->mantissa, kg_powers[scale - coarse->scale], &coarse->mantissa) ||
        is_least(coarse->mantissa))
        return false;
    a->scale = b->scale = scale;
    return true;
}

bool sparql_exact_add(Exact a, Exact b, Exact *out)
{
    Exact sum;
    if (!align(&a, &b) || __builtin_add_overflow(a.mantissa, b.mantissa, &sum.mantissa) || is_least(sum.mantissa))
        return false;
    sum.scale = a.scale;
    *out = trimmed(sum);
    return true;
}

bool sparql_exact_multiply(Exact a, Exact b, Exact *out)
{
    Exact product;
    if (__builtin_mul_overflow(a.mantissa, b.mantissa, &product.mantissa) || is_least(product.mantissa))
        return false;
    product.scale = a.scale + b.scale;
    while (product.scale > EXACT_DIGITS) {
        product.mantissa /= 10;
        product.scale--;
    }
    *out = trimmed(product);
    return true;
}

bool sparql_exact_divide(Exact a, Exact b, Exact *out)
{
    if (b.mantissa == 0 || !align(&a, &b))
        return false;
    /* Long division: the whole part, then digit by digit. */
    Exact quotient = {.mantissa = a.mantissa / b.mantissa};
    ExactMantissa rest = a.mantissa % b.mantissa;
    while (rest != 0 && quotient.scale < EXACT_DIGITS) {
        ExactMantissa next;
        if (__builtin_mul_overflow(rest, 10, &rest) || __builtin_mul_overflow(quotient.mantissa, 10, &next) ||
            __builtin_add_overflow(next, rest / b.mantissa, &next))
            break; /* no room for more digits */
        quotient.mantissa = next;
        quotient.scale++;
        rest %= b.mantissa;
    }
    *out = trimmed(quotient);
    return true;
}

Exact sparql_exact_negate(Exact number)
{
    number.mantissa = -number.mantissa;
    return number;
}

int sparql_exact_compare(Exact a, Exact b)
{
    if (align(&a, &b))
        return (a.mantissa > b.mantissa) - (a.mantissa < b.mantissa);
    const double x = sparql_exact_double(a), y = sparql_exact_double(b); /* far apart: they could not be aligned */
    return (x > y) - (x < y);
}

Exact sparql_exact_round(Exact number, Rounding rounding)
{
    if (number.scale == 0)
        return number;
    const ExactMantissa unit = (ExactMantissa)kg_powers[number.scale];
    ExactMantissa whole = number.mantissa / unit, rest = number.mantissa % unit;
    if (rest < 0) { /* from truncation to floor */
        whole--;
        rest += unit;
    }
    if (rest > 0 && (rounding == ROUND_UP || (rounding == ROUND_HALF_UP && rest >= unit - rest)))
        whole++;
    return (Exact){.mantissa = whole};
}
