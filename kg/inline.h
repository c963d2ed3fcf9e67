/* inline.h - private to kg: literals held in the 64-bit id itself, so that they need no dictionary and their ids
 * compare as their values do.
 *
 * The top 8 bits are a tag, one for each datatype; the 56 bits below are the payload. Ids of one tag, compared as
 * unsigned numbers, are in the order of their values; where several lexical forms have one value ("1.5", "1.50") they
 * are neighbours. A literal is held only where datatype and lexical form come back byte for byte, so an id has one
 * literal and a literal one id; all others are the dictionary's, also those of the same datatype. A range of values is
 * therefore a range of ids and, besides, a look at the literals of the dictionary.
 *
 *     INTEGER   value + 2^55. Canonical forms: "0", "-5".
 *     DECIMAL   (value * 10^6 + 2^52) << 3 | digits after the point, 0 (no point) to 6. No '+', no zero to spare in
 *               front, a digit on both sides of a point, no "-0". |value| below 2^52 / 10^6, some 4.5e9.
 *     DOUBLE    rank << 2 | lexical form. Decimal floating point: no more than 14 significant digits, first digit at
 *               10^-49 to 10^49. The rank is that of the value among all of these: -INF is 0; then come the negative
 *               numbers, -0, 0, the positive numbers, INF, NaN. See inline_double.c.
 *     BOOLEAN   0 "false", 1 "true".
 *     DATE      minutes << 11 | zone: where the day begins, as minutes since 0000-03-01T00:00Z. Zone: 0 none (counts as
 *               UTC in the minutes), 1 "Z", else 842 + minutes east, for "-14:00" to "+14:00" without "-00:00".
 *               Years 0001 to 9999.
 *     DATETIME  milliseconds << 7 | zone: since 0000-03-01T00:00Z. Zone: 0 none (counts as UTC), 1 "Z", else 58 +
 *               quarter hours east. The fraction is absent or three digits, not ".000".
 *     STRING    plain literals of no more than 7 bytes, the first byte on top, zeros behind the last. The order is that
 *               of the bytes, which in UTF-8 is that of the code points.
 *
 * Form and zone have the lowest bits and the units are decimal, so that the ids of a column written in one manner
 * differ by multiples of a large number: prices with two digits by 8 * 10^4, dates without zone by 1440 * 2^11. */
#ifndef KGQ_KG_INLINE_H
#define KGQ_KG_INLINE_H

#include "kg/kg.h"

typedef enum KgInlineTag {
    KG_INLINE_INTEGER = 0x10,
    KG_INLINE_DECIMAL = 0x11,
    KG_INLINE_DOUBLE = 0x12,
    KG_INLINE_BOOLEAN = 0x13,
    KG_INLINE_DATE = 0x14,
    KG_INLINE_DATETIME = 0x15,
    KG_INLINE_STRING = 0x18,
    KG_INLINE_TAG_FIRST = 0x10, /* tags in this range are kept for inlined literals */
    KG_INLINE_TAG_LAST = 0x7f
} KgInlineTag;

#define KG_INLINE_INTEGER_BIAS (UINT64_C(1) << 55)
#define KG_INLINE_DECIMAL_BIAS (UINT64_C(1) << 52)
#define KG_INLINE_DECIMAL_UNIT 1000000
#define KG_INLINE_UNIX_DAY 719468 /* days from 0000-03-01 to 1970-01-01 */

/* Bits of a payload below its value: form or zone. */
#define KG_INLINE_DECIMAL_BITS 3
#define KG_INLINE_DOUBLE_BITS 2
#define KG_INLINE_DATE_BITS 11
#define KG_INLINE_DATETIME_BITS 7
/* Ranks of doubles. */
#define KG_INLINE_RANK_ZERO (UINT64_C(99) * 90000000000000 + 2) /* -0 is one below */
#define KG_INLINE_RANK_NAN (2 * KG_INLINE_RANK_ZERO)

#define KG_INLINE_BYTES 72 /* no lexical form is longer */

/* Whether the id is of an inlined literal, going by its tag alone. */
static inline bool kg_is_inline(KgId id)
{
    const uint64_t tag = id >> 56;
    return tag >= KG_INLINE_TAG_FIRST && tag <= KG_INLINE_TAG_LAST;
}
static inline KgInlineTag kg_inline_tag(KgId id)
{
    return (KgInlineTag)(id >> 56);
}

/* The id that holds the term; false, and *out untouched, when it is none that an id can hold. The text is well-formed
 * UTF-8. */
bool kg_inline(const KgTerm *term, KgId *out);
/* Whether kg_inline can give this id: for ids that come from outside. */
bool kg_inline_is_valid(KgId id);
/* What a valid id says. The lexical form is written to `text`, which *out borrows; the datatype is static. An id that
 * is not valid gives some text. */
void kg_inline_term(KgId id, char text[KG_INLINE_BYTES], KgTerm *out);

/* ---- Values without their lexical forms. Each is for ids of its tag, and safe for every payload. ---- */

static inline uint64_t kg_inline_payload(KgId id)
{
    return id & ((UINT64_C(1) << 56) - 1);
}
static inline int64_t kg_inline_integer(KgId id)
{
    return (int64_t)kg_inline_payload(id) - (int64_t)KG_INLINE_INTEGER_BIAS;
}
/* Times KG_INLINE_DECIMAL_UNIT. */
static inline int64_t kg_inline_decimal(KgId id)
{
    return (int64_t)(kg_inline_payload(id) >> KG_INLINE_DECIMAL_BITS) - (int64_t)KG_INLINE_DECIMAL_BIAS;
}
/* False: the exponent is so far out that only reading the lexical form gives the nearest double. */
bool kg_inline_double(KgId id, double *out);

typedef struct KgInlineMoment {
    int year, month, day, milliseconds; /* by the clock that the literal shows; milliseconds of the day */
    bool has_zone;
    int zone; /* minutes east */
} KgInlineMoment;
void kg_inline_moment(KgId id, KgInlineMoment *out); /* DATE or DATETIME */

/* The ids of canonical literals, where there are any; *out is untouched where not. */
static inline bool kg_inline_of_integer(int64_t value, KgId *out)
{
    const int64_t bias = (int64_t)KG_INLINE_INTEGER_BIAS;
    if (value < -bias || value >= bias)
        return false;
    *out = (KgId)KG_INLINE_INTEGER << 56 | (uint64_t)(value + bias);
    return true;
}
/* Of value / 10^digits, 1 to 6 digits behind the point. */
bool kg_inline_of_decimal(int64_t value, unsigned digits, KgId *out);
bool kg_inline_of_double(double value, KgId *out);

#endif
