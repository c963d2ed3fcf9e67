/* Numbers of a rule's text as literals: XML Schema Part 2 lexical forms. */
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
