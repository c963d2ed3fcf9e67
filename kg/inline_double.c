/* inline_double.c - doubles as payloads: decimal floating point.
 *
 * A double is held as the decimal number that its lexical form writes, for that is where real data is short: "19.99"
 * has four digits, while its IEEE double uses all 52 bits. Two decimal numbers of up to 15 digits are never the same
 * double, and are in the same order as theirs (DBL_DIG), so ranks of the decimal numbers order the doubles.
 *
 * The positive numbers of our range are numbered from 1: for each exponent, 10^14 - 10^13 significands. */
#include "kg/inline_forms.h"

#include <math.h>

#define SIGNIFICAND_DIGITS 14
#define SIGNIFICAND_FIRST UINT64_C(10000000000000) /* 1.0000000000000 */
#define SIGNIFICANDS (9 * SIGNIFICAND_FIRST)
#define EXPONENT_LIMIT 49
#define SIZE_LAST ((2 * EXPONENT_LIMIT + 1) * SIGNIFICANDS)
#define SIZE_INFINITE (SIZE_LAST + 1)
#define RANK_ZERO (SIZE_INFINITE + 1) /* -0 is one below; -INF is 0 */
#define RANK_NAN (RANK_ZERO + SIZE_INFINITE + 1)
#define DOUBLE_FORM_BITS KG_INLINE_DOUBLE_BITS
static_assert(RANK_ZERO == KG_INLINE_RANK_ZERO && RANK_NAN == KG_INLINE_RANK_NAN, "the header's are these");
static_assert(RANK_NAN <= KG_PAYLOAD_MASK >> DOUBLE_FORM_BITS, "ranks fit into the payload");

typedef enum DoubleForm {
    FORM_CANONICAL, /* 1.5E0, 1.0E2; INF, -INF, NaN */
    FORM_POINT,     /* 1.5, 100.0 */
    FORM_WHOLE,     /* 100 */
    FORM_SHORT      /* 1.5e0, 1e2 */
} DoubleForm;

typedef struct Decimal {
    bool is_negative;
    uint64_t significand; /* 14 digits with the point behind the first; 0: zero */
    int exponent;
} Decimal;

static char *put_exponent(char *out, char letter, int exponent)
{
    *out++ = letter;
    if (exponent < 0)
        *out++ = '-';
    return put_number(out, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

/* Without trailing zeros; a zero has one digit. */
static size_t significant_digits(uint64_t significand, char digits[SIGNIFICAND_DIGITS])
{
    put_digits(digits, significand, SIGNIFICAND_DIGITS);
    size_t count = SIGNIFICAND_DIGITS;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    return count;
}

static char *put_positional(char *out, const char *digits, size_t count, int exponent, DoubleForm form)
{
    size_t place = 0; /* of the next digit */
    if (exponent < 0)
        *out++ = '0';
    for (int i = 0; i <= exponent; i++)
        *out++ = place < count ? digits[place++] : '0';
    if (form == FORM_WHOLE)
        return out;
    *out++ = '.';
    for (int i = exponent; i < -1; i++)
        *out++ = '0';
    if (place == count)
        *out++ = '0';
    while (place < count)
        *out++ = digits[place++];
    return out;
}

static size_t put_decimal(char *text, const Decimal *number, DoubleForm form)
{
    char digits[SIGNIFICAND_DIGITS], *out = text;
    const size_t count = significant_digits(number->significand, digits);
    if (number->is_negative)
        *out++ = '-';
    if (form == FORM_POINT || form == FORM_WHOLE)
        return (size_t)(put_positional(out, digits, count, number->exponent, form) - text);
    *out++ = digits[0];
    if (count > 1 || form == FORM_CANONICAL)
        *out++ = '.';
    if (count == 1 && form == FORM_CANONICAL)
        *out++ = '0';
    memcpy(out, digits + 1, count - 1);
    out = put_exponent(out + count - 1, form == FORM_CANONICAL ? 'E' : 'e', number->exponent);
    return (size_t)(out - text);
}

/* Reads digits, with or without a point, and where they end. False: too many significant ones. */
static inline bool read_significand(KgText text, size_t start, Decimal *out, bool *has_point, size_t *end)
{
    size_t at = start, used = 0, zeros = 0; /* significant digits; zeros behind them, which count if another follows */
    int exponent = -1;                      /* of the first significant digit */
    uint64_t significand = 0;
    bool is_past_point = false;
    for (; at < text.length; at++) {
        const char c = text.bytes[at];
        if (c == '.' && !is_past_point) {
            is_past_point = true;
            continue;
        }
        if (!is_digit(c))
            break;
        if (c != '0') {
            used += zeros + 1;
            if (used > SIGNIFICAND_DIGITS)
                return false;
            significand = significand * kg_powers[zeros + 1] + (uint64_t)(c - '0');
            zeros = 0;
        } else if (significand > 0)
            zeros++;
        if (significand > 0 && !is_past_point)
            exponent++;
        if (significand == 0 && is_past_point)
            exponent--;
    }
    out->significand = significand * kg_powers[SIGNIFICAND_DIGITS - used];
    out->exponent = significand > 0 ? exponent : 0;
    *has_point = is_past_point;
    *end = at;
    return true;
}

/* Reads the rest of a double, from the letter to the end. */
static inline bool read_exponent(KgText text, size_t at, DoubleForm *form, int *exponent)
{
    if (text.bytes[at] != 'E' && text.bytes[at] != 'e')
        return false;
    *form = text.bytes[at++] == 'E' ? FORM_CANONICAL : FORM_SHORT;
    const bool is_negative = at < text.length && text.bytes[at] == '-';
    at += is_negative;
    uint64_t size;
    if (text.length - at > 2 || !read_digits(text.bytes + at, text.length - at, &size))
        return false;
    *exponent += is_negative ? -(int)size : (int)size;
    return true;
}

static inline uint64_t double_payload(bool is_negative, uint64_t size, DoubleForm form)
{
    const uint64_t rank = is_negative ? RANK_ZERO - 1 - size : RANK_ZERO + size;
    return rank << DOUBLE_FORM_BITS | (uint64_t)form;
}

static bool read_special_double(KgText text, uint64_t *payload)
{
    const bool is_negative = text.length == 4 && text.bytes[0] == '-';
    const KgText word = {text.bytes + is_negative, text.length - is_negative};
    if (same_text(word, KG_TEXT("INF")))
        *payload = double_payload(is_negative, SIZE_INFINITE, FORM_CANONICAL);
    else if (same_text(text, KG_TEXT("NaN")))
        *payload = RANK_NAN << DOUBLE_FORM_BITS;
    else
        return false;
    return true;
}

/* Takes more than the four forms have (a zero to spare, "1.E0"), then compares with what would be written. */
static bool read_double(KgText text, uint64_t *payload)
{
    if (text.length > KG_INLINE_BYTES)
        return false;
    if (!is_digit(text.bytes[text.length - 1]))
        return read_special_double(text, payload);
    Decimal number = {.is_negative = text.bytes[0] == '-'};
    bool has_point;
    size_t end;
    if (!read_significand(text, number.is_negative, &number, &has_point, &end))
        return false;
    DoubleForm form = has_point ? FORM_POINT : FORM_WHOLE;
    if (end < text.length && !read_exponent(text, end, &form, &number.exponent))
        return false;
    if (number.exponent < -EXPONENT_LIMIT || number.exponent > EXPONENT_LIMIT)
        return false;
    uint64_t size = 0;
    if (number.significand > 0)
        size = (uint64_t)(number.exponent + EXPONENT_LIMIT) * SIGNIFICANDS + number.significand - SIGNIFICAND_FIRST + 1;
    else
        number.exponent = 0;
    char written[KG_INLINE_BYTES];
    if (!same_text(text, (KgText){written, put_decimal(written, &number, form)}))
        return false;
    *payload = double_payload(number.is_negative, size, form);
    return true;
}

/* A rank apart: the sign, and the number among those of its sign. */
static uint64_t rank_size(uint64_t rank, bool *is_negative)
{
    *is_negative = rank < RANK_ZERO;
    return *is_negative ? RANK_ZERO - 1 - rank : rank - RANK_ZERO;
}

static Decimal size_decimal(uint64_t size, bool is_negative)
{
    if (size == 0)
        return (Decimal){.is_negative = is_negative};
    return (Decimal){is_negative, SIGNIFICAND_FIRST + (size - 1) % SIGNIFICANDS,
                     (int)((size - 1) / SIGNIFICANDS) - EXPONENT_LIMIT};
}

static size_t write_double(uint64_t payload, char *text)
{
    bool is_negative;
    const uint64_t rank = payload >> DOUBLE_FORM_BITS, size = rank_size(rank, &is_negative);
    if (size <= SIZE_LAST) {
        const Decimal number = size_decimal(size, is_negative);
        return put_decimal(text, &number, (DoubleForm)(payload & ((1 << DOUBLE_FORM_BITS) - 1)));
    }
    const KgText word = rank >= RANK_NAN ? KG_TEXT("NaN") : is_negative ? KG_TEXT("-INF") : KG_TEXT("INF");
    memcpy(text, word.bytes, word.length);
    return word.length;
}

static bool is_sound_double(uint64_t payload)
{
    bool is_negative;
    const uint64_t rank = payload >> DOUBLE_FORM_BITS, size = rank_size(rank, &is_negative);
    const DoubleForm form = (DoubleForm)(payload & ((1 << DOUBLE_FORM_BITS) - 1));
    if (size > SIZE_LAST)
        return rank <= RANK_NAN && form == FORM_CANONICAL;
    if (form != FORM_WHOLE)
        return true;
    const Decimal number = size_decimal(size, is_negative);
    char digits[SIGNIFICAND_DIGITS];
    return number.exponent >= 0 && significant_digits(number.significand, digits) <= (size_t)number.exponent + 1;
}

/* ---- Without the lexical form: powers of ten up to 10^22 are doubles, and so is a significand; one operation on two
 * exact numbers gives the nearest double (W. Clinger, "How to Read Floating Point Numbers Accurately", 1990). ---- */

#define EXACT_POWER 22
static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool nearest_double(uint64_t significand, int exponent, double *out)
{
    const int shift = exponent - (SIGNIFICAND_DIGITS - 1);
    if (shift < -EXACT_POWER || shift > EXACT_POWER)
        return false;
    *out = shift < 0 ? (double)significand / powers[-shift] : (double)significand * powers[shift];
    return true;
}

bool kg_inline_double(KgId id, double *out)
{
    bool is_negative;
    const uint64_t rank = kg_inline_payload(id) >> DOUBLE_FORM_BITS, size = rank_size(rank, &is_negative);
    double value;
    if (size > SIZE_LAST) {
        value = rank >= RANK_NAN ? (double)NAN : (double)INFINITY;
    } else {
        const Decimal number = size_decimal(size, is_negative);
        if (!nearest_double(number.significand, number.exponent, &value))
            return false;
    }
    *out = is_negative ? -value : value;
    return true;
}

/* Whether the decimal number with this exponent and some significand is the double's. Two such numbers of 14 digits are
 * never the same double: the one that gives it is the shortest. */
static bool find_significand(double value, int exponent, uint64_t *out)
{
    const int shift = SIGNIFICAND_DIGITS - 1 - exponent;
    double again;
    if (shift < -EXACT_POWER || shift > EXACT_POWER)
        return false;
    const double nearest = nearbyint(shift < 0 ? value / powers[-shift] : value * powers[shift]);
    if (nearest < (double)SIGNIFICAND_FIRST || nearest >= 10 * (double)SIGNIFICAND_FIRST)
        return false;
    *out = (uint64_t)nearest;
    return nearest_double(*out, exponent, &again) && again == value;
}

bool kg_inline_of_double(double value, KgId *out)
{
    const bool is_negative = signbit(value) != 0;
    uint64_t size = isinf(value) ? SIZE_INFINITE : 0, significand;
    if (isfinite(value) && value != 0) {
        int exponent = (int)floor(log10(fabs(value))); /* or one beside it: log10 is not exact */
        if (!find_significand(fabs(value), exponent, &significand) &&
            !find_significand(fabs(value), --exponent, &significand) &&
            !find_significand(fabs(value), exponent += 2, &significand))
            return false;
        size = (uint64_t)(exponent + EXPONENT_LIMIT) * SIGNIFICANDS + significand - SIGNIFICAND_FIRST + 1;
    }
    uint64_t payload = double_payload(is_negative, size, FORM_CANONICAL);
    if (isnan(value))
        payload = RANK_NAN << DOUBLE_FORM_BITS;
    *out = (KgId)KG_INLINE_DOUBLE << KG_PAYLOAD_BITS | payload;
    return true;
}

const KgInlineType kg_inline_doubles = {KG_TEXT(XSD "double"), read_double, write_double, is_sound_double};
