/* inline.c - between lexical forms of XML Schema datatypes (W3C, "XML Schema Definition Language 1.1 Part 2:
 * Datatypes", 2012) and the payloads that inline.h lays out: which type a literal has, and the plainer types. Doubles
 * are in inline_double.c, dates and times in inline_time.c. Nothing here depends on the locale. */
#include "kg/inline_forms.h"

const uint64_t kg_powers[KG_POWERS] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

/* ---- Integers, decimals, booleans, strings ------------------------------------------------------------------ */

static bool read_integer(KgText text, uint64_t *payload)
{
    const bool is_negative = text.bytes[0] == '-';
    const char *const bytes = text.bytes + is_negative;
    const size_t count = text.length - is_negative;
    uint64_t size;
    if (count == 0 || count > 17 || !read_digits(bytes, count, &size))
        return false;
    if (bytes[0] == '0' && (count > 1 || is_negative))
        return false;
    if (size > KG_INLINE_INTEGER_BIAS - !is_negative)
        return false;
    *payload = is_negative ? KG_INLINE_INTEGER_BIAS - size : KG_INLINE_INTEGER_BIAS + size;
    return true;
}

static size_t write_integer(uint64_t payload, char *text)
{
    char *out = text;
    const bool is_negative = payload < KG_INLINE_INTEGER_BIAS;
    if (is_negative)
        *out++ = '-';
    out = put_number(out, is_negative ? KG_INLINE_INTEGER_BIAS - payload : payload - KG_INLINE_INTEGER_BIAS);
    return (size_t)(out - text);
}

static bool is_sound_integer(uint64_t payload)
{
    (void)payload;
    return true;
}

static const KgInlineType integers = {KG_TEXT(XSD "integer"), read_integer, write_integer, is_sound_integer};

#define DECIMAL_DIGITS 6
#define DECIMAL_FORM_BITS KG_INLINE_DECIMAL_BITS
static_assert(KG_INLINE_DECIMAL_UNIT == 1000000, "DECIMAL_DIGITS goes with the unit");

static bool read_decimal(KgText text, uint64_t *payload)
{
    const bool is_negative = text.bytes[0] == '-';
    const char *const bytes = text.bytes + is_negative;
    const size_t count = text.length - is_negative;
    if (count > 17) /* ten digits, a point and six more */
        return false;
    size_t whole_digits = 0;
    while (whole_digits < count && bytes[whole_digits] != '.')
        whole_digits++;
    const bool has_point = whole_digits < count;
    const size_t digits = has_point ? count - whole_digits - 1 : 0;
    uint64_t whole, fraction;
    if (whole_digits == 0 || whole_digits > 10 || (bytes[0] == '0' && whole_digits > 1) ||
        !read_digits(bytes, whole_digits, &whole))
        return false;
    if (digits > DECIMAL_DIGITS || (has_point && digits == 0) ||
        !read_digits(bytes + whole_digits + has_point, digits, &fraction))
        return false;
    const uint64_t size = whole * KG_INLINE_DECIMAL_UNIT + fraction * kg_powers[DECIMAL_DIGITS - digits];
    if (size > KG_INLINE_DECIMAL_BIAS - !is_negative || (is_negative && size == 0))
        return false;
    const uint64_t value = is_negative ? KG_INLINE_DECIMAL_BIAS - size : KG_INLINE_DECIMAL_BIAS + size;
    *payload = value << DECIMAL_FORM_BITS | digits;
    return true;
}

static size_t write_decimal(uint64_t payload, char *text)
{
    char *out = text;
    const uint64_t value = payload >> DECIMAL_FORM_BITS;
    const size_t form = payload & ((1 << DECIMAL_FORM_BITS) - 1);
    const size_t digits = form < DECIMAL_DIGITS ? form : DECIMAL_DIGITS;
    const bool is_negative = value < KG_INLINE_DECIMAL_BIAS;
    const uint64_t size = is_negative ? KG_INLINE_DECIMAL_BIAS - value : value - KG_INLINE_DECIMAL_BIAS;
    if (is_negative)
        *out++ = '-';
    out = put_number(out, size / KG_INLINE_DECIMAL_UNIT);
    if (digits > 0) {
        *out++ = '.';
        out = put_digits(out, size % KG_INLINE_DECIMAL_UNIT / kg_powers[DECIMAL_DIGITS - digits], digits);
    }
    return (size_t)(out - text);
}

static bool is_sound_decimal(uint64_t payload)
{
    const size_t digits = payload & ((1 << DECIMAL_FORM_BITS) - 1);
    const int64_t value = (int64_t)(payload >> DECIMAL_FORM_BITS) - (int64_t)KG_INLINE_DECIMAL_BIAS;
    return digits <= DECIMAL_DIGITS && value % (int64_t)kg_powers[DECIMAL_DIGITS - digits] == 0;
}

bool kg_inline_of_decimal(int64_t value, unsigned digits, KgId *out)
{
    int64_t scaled;
    const int64_t bias = (int64_t)KG_INLINE_DECIMAL_BIAS;
    if (digits < 1 || digits > DECIMAL_DIGITS ||
        __builtin_mul_overflow(value, (int64_t)kg_powers[DECIMAL_DIGITS - digits], &scaled) || scaled < -bias ||
        scaled >= bias)
        return false;
    *out = (KgId)KG_INLINE_DECIMAL << KG_PAYLOAD_BITS | (uint64_t)(scaled + bias) << DECIMAL_FORM_BITS | digits;
    return true;
}

static const KgInlineType decimals = {KG_TEXT(XSD "decimal"), read_decimal, write_decimal, is_sound_decimal};

static const KgText boolean_words[] = {KG_TEXT("false"), KG_TEXT("true")};

static bool read_boolean(KgText text, uint64_t *payload)
{
    if (!same_text(text, boolean_words[0]) && !same_text(text, boolean_words[1]))
        return false;
    *payload = text.length == boolean_words[1].length;
    return true;
}

static size_t write_boolean(uint64_t payload, char *text)
{
    const KgText word = boolean_words[payload & 1];
    memcpy(text, word.bytes, word.length);
    return word.length;
}

static bool is_sound_boolean(uint64_t payload)
{
    return payload <= 1;
}

static const KgInlineType booleans = {KG_TEXT(XSD "boolean"), read_boolean, write_boolean, is_sound_boolean};

#define STRING_BYTES 7

static bool read_string(KgText text, uint64_t *payload)
{
    if (text.length > STRING_BYTES)
        return false;
    uint64_t bytes = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] == '\0')
            return false;
        bytes = bytes << 8 | (unsigned char)text.bytes[i];
    }
    *payload = bytes << 8 * (STRING_BYTES - text.length);
    return true;
}

static size_t write_string(uint64_t payload, char *text)
{
    size_t length = 0;
    for (uint64_t rest = payload << 8; rest > 0; rest <<= 8)
        text[length++] = (char)(rest >> 56);
    return length;
}

static bool is_sound_string(uint64_t payload)
{
    char text[STRING_BYTES];
    const size_t length = write_string(payload, text);
    return !memchr(text, '\0', length) && base_utf8_check(text, length) == length;
}

static const KgInlineType strings = {KG_TEXT(""), read_string, write_string, is_sound_string};

/* ---- All of them -------------------------------------------------------------------------------------------- */

/* By tag, from the first on. */
static const KgInlineType *const types[] = {
    [KG_INLINE_INTEGER - KG_INLINE_TAG_FIRST] = &integers,
    [KG_INLINE_DECIMAL - KG_INLINE_TAG_FIRST] = &decimals,
    [KG_INLINE_DOUBLE - KG_INLINE_TAG_FIRST] = &kg_inline_doubles,
    [KG_INLINE_BOOLEAN - KG_INLINE_TAG_FIRST] = &booleans,
    [KG_INLINE_DATE - KG_INLINE_TAG_FIRST] = &kg_inline_date,
    [KG_INLINE_DATETIME - KG_INLINE_TAG_FIRST] = &kg_inline_time,
    [KG_INLINE_STRING - KG_INLINE_TAG_FIRST] = &strings,
};

/* The type of a tag; NULL: none has it. */
static const KgInlineType *type_of(KgId id)
{
    const uint64_t place = (id >> KG_PAYLOAD_BITS) - KG_INLINE_TAG_FIRST;
    return place < sizeof types / sizeof *types ? types[place] : NULL;
}

/* The one tag that a datatype of this length and last letter can have; another one's for what has none. */
static KgInlineTag guess_tag(KgText datatype)
{
    switch (datatype.length) {
    case sizeof XSD "date" - 1:
        return KG_INLINE_DATE;
    case sizeof XSD "double" - 1:
        return KG_INLINE_DOUBLE;
    case sizeof XSD "dateTime" - 1:
        return KG_INLINE_DATETIME;
    case sizeof XSD "integer" - 1: /* decimal and boolean are as long */
        switch (datatype.bytes[datatype.length - 1]) {
        case 'r':
            return KG_INLINE_INTEGER;
        case 'l':
            return KG_INLINE_DECIMAL;
        default:
            return KG_INLINE_BOOLEAN;
        }
    default:
        return KG_INLINE_STRING;
    }
}

bool kg_inline(const KgTerm *term, KgId *out)
{
    if (term->kind != KG_LITERAL || term->language.length > 0)
        return false;
    /* Long plain text is what most literals are; of no other type is empty text. */
    if (term->datatype.length == 0 ? term->text.length > STRING_BYTES : term->text.length == 0)
        return false;
    const KgInlineTag tag = guess_tag(term->datatype);
    const KgInlineType *const type = types[tag - KG_INLINE_TAG_FIRST];
    uint64_t payload;
    if (!same_text(term->datatype, type->datatype) || !type->read(term->text, &payload))
        return false;
    *out = (KgId)tag << KG_PAYLOAD_BITS | payload;
    return true;
}

bool kg_inline_is_valid(KgId id)
{
    const KgInlineType *const type = type_of(id);
    return type && type->is_sound(id & KG_PAYLOAD_MASK);
}

void kg_inline_term(KgId id, char text[KG_INLINE_BYTES], KgTerm *out)
{
    const KgInlineType *const type = type_of(id);
    const size_t length = type ? type->write(id & KG_PAYLOAD_MASK, text) : 0;
    *out = (KgTerm){.kind = KG_LITERAL, .text = {text, length}, .datatype = type ? type->datatype : KG_TEXT("")};
}
