/* inline_forms.h - private to the files of inline.c: what a datatype is to it, and digits. */
#ifndef KGQ_KG_INLINE_FORMS_H
#define KGQ_KG_INLINE_FORMS_H

#include "kg/inline.h"

#include <assert.h>
#include <string.h>

#define XSD "http://www.w3.org/2001/XMLSchema#"

#define KG_PAYLOAD_BITS 56
#define KG_PAYLOAD_MASK ((UINT64_C(1) << KG_PAYLOAD_BITS) - 1)

typedef struct KgInlineType {
    KgText datatype;
    bool (*read)(KgText text, uint64_t *payload);  /* refuses, or gives the payload; only a string may be empty */
    size_t (*write)(uint64_t payload, char *text); /* returns the length; safe for every payload */
    bool (*is_sound)(uint64_t payload);            /* whether `read` can give this payload */
} KgInlineType;
extern const KgInlineType kg_inline_doubles, kg_inline_date, kg_inline_time;

#define KG_POWERS 19
extern const uint64_t kg_powers[KG_POWERS]; /* of ten */

static inline bool same_text(KgText a, KgText b)
{
    return a.length == b.length && (b.length == 0 || memcmp(a.bytes, b.bytes, b.length) == 0);
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads `count` digits, 17 at most; false when there is something else among them. */
static inline bool read_digits(const char *bytes, size_t count, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(bytes[i]))
            return false;
        value = value * 10 + (uint64_t)(bytes[i] - '0');
    }
    *out = value;
    return true;
}

/* Writes the last `count` digits of the value; returns the place behind them. */
static inline char *put_digits(char *out, uint64_t value, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + count;
}

/* Writes the value, below 10^19, without a zero to spare. */
static inline char *put_number(char *out, uint64_t value)
{
    size_t count = 1;
    while (count < KG_POWERS && value >= kg_powers[count])
        count++;
    return put_digits(out, value, count);
}

#endif
