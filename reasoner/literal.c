/* Numbers of rules and of the database: XML Schema Part 2 lexical forms, compared as the rule language says: integers
 * as integers, doubles as doubles, a mix as doubles; decimals with a fraction are no numbers, nor is any other type. */
#include "reasoner/literal.h"

#include "reasoner/program.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digits(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] < '0' || bytes[i] > '9')
            return false;
    return length > 0;
}

/* The part of the datatype behind the XML Schema namespace; false: of another. */
static bool xsd_name(const KgTerm *term, KgText *out)
{
    const size_t prefix = strlen(XSD);
    if (term->kind != KG_LITERAL || term->datatype.length <= prefix || memcmp(term->datatype.bytes, XSD, prefix) != 0)
        return false;
    *out = (KgText){term->datatype.bytes + prefix, term->datatype.length - prefix};
    return true;
}

static bool is_one_of(KgText name, const char *const *names)
{
    for (; *names; names++)
        if (strlen(*names) == name.length && memcmp(*names, name.bytes, name.length) == 0)
            return true;
    return false;
}

static bool is_integer_type(KgText name)
{
    return is_one_of(name, (const char *const[]){"integer", "long", "int", "short", "byte", "unsignedLong",
                                                 "unsignedInt", "unsignedShort", "unsignedByte", "nonNegativeInteger",
                                                 "positiveInteger", "nonPositiveInteger", "negativeInteger", NULL});
}

static size_t sign_length(KgText text)
{
    return text.length > 0 && (text.bytes[0] == '+' || text.bytes[0] == '-');
}

/* The whole text as a double in the lexical forms of xsd:double, but for INF and NaN. */
static bool read_double(KgText text, double *out)
{
    char copy[128];
    if (text.length == 0 || text.length >= sizeof copy)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (!strchr("0123456789+-.eE", text.bytes[i]) || text.bytes[i] == '\0')
            return false;
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    char *end;
    *out = strtod(copy, &end);
    return *end == '\0' && isfinite(*out);
}

static bool read_integer(KgText text, int64_t *out)
{
    char copy[32];
    const size_t sign = sign_length(text);
    if (text.length >= sizeof copy || !is_digits(text.bytes + sign, text.length - sign))
        return false;
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    errno = 0;
    *out = strtoll(copy, NULL, 10);
    return errno == 0;
}

/* [+-] digits [. digits], with a digit somewhere. */
static bool is_decimal(KgText text)
{
    const size_t sign = sign_length(text);
    const char *const digits = text.bytes + sign;
    const size_t length = text.length - sign;
    const char *const dot = length ? memchr(digits, '.', length) : NULL;
    if (!dot)
        return is_digits(digits, length);
    const size_t whole = (size_t)(dot - digits), fraction = length - whole - 1;
    return whole + fraction > 0 && (whole == 0 || is_digits(digits, whole)) &&
           (fraction == 0 || is_digits(dot + 1, fraction));
}

Number reasoner_number(const KgTerm *term)
{
    Number number = {NUMBER_NONE, {0}};
    KgText name, text = term->text;
    if (!xsd_name(term, &name))
        return number;
    if (is_one_of(name, (const char *const[]){"decimal", NULL}) && is_decimal(text)) {
        const char *const dot = memchr(text.bytes, '.', text.length);
        while (dot && text.bytes[text.length - 1] == '0')
            text.length--;
        if (dot && text.bytes[text.length - 1] == '.')
            text.length--;
        if (read_integer(text, &number.value.integer))
            number.kind = NUMBER_INTEGER;
    } else if (is_integer_type(name) && read_integer(text, &number.value.integer)) {
        number.kind = NUMBER_INTEGER;
    } else if (is_one_of(name, (const char *const[]){"double", NULL}) && read_double(text, &number.value.real)) {
        number.kind = NUMBER_DOUBLE;
    }
    return number;
}

int reasoner_compare_numbers(Number a, Number b)
{
    if (a.kind == NUMBER_INTEGER && b.kind == NUMBER_INTEGER)
        return (a.value.integer > b.value.integer) - (a.value.integer < b.value.integer);
    const double x = a.kind == NUMBER_INTEGER ? (double)a.value.integer : a.value.real;
    const double y = b.kind == NUMBER_INTEGER ? (double)b.value.integer : b.value.real;
    return (x > y) - (x < y);
}

/* number = number * base + digit, in decimal digits; false: too long. */
static bool add_digit(char *number, size_t capacity, int base, int digit)
{
    int carry = digit;
    for (size_t i = strlen(number); i-- > 0;) {
        carry += (number[i] - '0') * base;
        number[i] = (char)('0' + carry % 10);
        carry /= 10;
    }
    for (; carry > 0; carry /= 10) {
        const size_t length = strlen(number);
        if (length + 1 >= capacity)
            return false;
        memmove(number + 1, number, length + 1);
        number[0] = (char)('0' + carry % 10);
    }
    return true;
}

/* 0xff, 0o17, 0b101 */
static bool read_based(const char *bytes, size_t length, NumberText *out)
{
    const int base = bytes[1] == 'x' ? 16 : bytes[1] == 'o' ? 8 : 2;
    out->lexical[0] = '\0';
    for (size_t i = 2; i < length; i++) {
        const int c = tolower((unsigned char)bytes[i]), digit = c >= 'a' ? c - 'a' + 10 : c - '0';
        if (digit < 0 || digit >= base || !add_digit(out->lexical, sizeof out->lexical, base, digit))
            return false;
    }
    if (out->lexical[0] == '\0')
        strcpy(out->lexical, "0");
    int64_t integer;
    out->is_big = !read_integer((KgText){out->lexical, strlen(out->lexical)}, &integer);
    out->datatype = XSD "integer";
    return length > 2;
}

bool reasoner_read_number(char sign, const char *bytes, size_t length, NumberText *out)
{
    out->is_big = false;
    if (length > 2 && bytes[0] == '0' && isalpha((unsigned char)bytes[1]) && bytes[1] != 'e' && bytes[1] != 'E' &&
        bytes[1] != 'd' && bytes[1] != 'f')
        return sign == '\0' && read_based(bytes, length, out);
    const char mark = bytes[length - 1];
    const size_t digits = length - (mark == 'd' || mark == 'f');
    if (digits == 0 || digits + 2 >= sizeof out->lexical)
        return false;
    snprintf(out->lexical, sizeof out->lexical, "%s%.*s", sign == '-' ? "-" : "", (int)digits, bytes);
    int64_t integer;
    double real;
    const KgText text = {out->lexical, strlen(out->lexical)};
    if (read_integer(text, &integer)) { /* in its shortest form, so that 007 is 7 */
        snprintf(out->lexical, sizeof out->lexical, "%lld", (long long)integer);
        out->datatype = XSD "integer";
        return true;
    }
    out->datatype = mark == 'f' ? XSD "float" : XSD "double";
    return read_double(text, &real);
}
