/* Values from and to texts. Numbers are read in the lexical forms of XML Schema Part 2 and written in the shortest form
 * that reads back to the same value, without an exponent (section 8 of the language). */
#include "reasoner/value_text.h"

#include "reasoner/program.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Small tests --------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_at(KgText text, size_t at)
{
    size_t end = at;
    while (end < text.length && is_digit(text.bytes[end]))
        end++;
    return end - at;
}

static bool is_text(KgText text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

static size_t sign_length(KgText text)
{
    return text.length > 0 && (text.bytes[0] == '+' || text.bytes[0] == '-');
}

bool reasoner_is_number(const Value *value)
{
    return value->kind == VALUE_INTEGER || value->kind == VALUE_FLOAT || value->kind == VALUE_DOUBLE;
}

double reasoner_as_double(const Value *value)
{
    return value->kind == VALUE_INTEGER ? (double)value->integer : value->real;
}

/* ---- Numbers ------------------------------------------------------------------------------------------------- */

/* [+-] digits [. digits [e [+-] digits]], whole and finite; also .5 and 5. */
static bool read_real(KgText text, double *out)
{
    char copy[400];
    size_t at = sign_length(text);
    const size_t whole = digits_at(text, at);
    at += whole;
    size_t fraction = 0;
    if (at < text.length && text.bytes[at] == '.') {
        fraction = digits_at(text, at + 1);
        at += fraction + 1;
    }
    if (whole + fraction == 0 || text.length >= sizeof copy)
        return false;
    if (at < text.length && (text.bytes[at] == 'e' || text.bytes[at] == 'E')) {
        const KgText rest = {text.bytes + at + 1, text.length - at - 1};
        const size_t sign = sign_length(rest), digits = digits_at(rest, sign);
        if (digits == 0)
            return false;
        at += 1 + sign + digits;
    }
    if (at != text.length)
        return false;
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    *out = strtod(copy, NULL);
    return isfinite(*out);
}

/* The digits without sign and leading zeros, and whether they are negative; -0 is 0. */
static KgText strip(KgText text, bool *is_negative)
{
    const size_t sign = sign_length(text);
    *is_negative = sign && text.bytes[0] == '-';
    KgText digits = {text.bytes + sign, text.length - sign};
    while (digits.length > 1 && digits.bytes[0] == '0')
        digits = (KgText){digits.bytes + 1, digits.length - 1};
    *is_negative &= !is_text(digits, "0");
    return digits;
}

static bool read_magnitude(KgText digits, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits.length; i++) {
        const uint64_t digit = (uint64_t)(digits.bytes[i] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *out = number;
    return true;
}

static bool fits_integer(uint64_t magnitude, bool is_negative, int64_t *out)
{
    if (magnitude > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
        return false;
    *out = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

static ReadResult other(const char *sign, KgText lexical, const char *datatype, BaseArena *arena, Value *out)
{
    char *const copy = base_arena_alloc(arena, lexical.length + 2, 1);
    if (!copy)
        return READ_NO_MEMORY;
    const size_t width = strlen(sign);
    memcpy(copy, sign, width);
    memcpy(copy + width, lexical.bytes, lexical.length);
    *out = (Value){.kind = VALUE_OTHER, .text = {copy, width + lexical.length}, .tag = {datatype, strlen(datatype)}};
    return READ_OK;
}

/* All digits but for a sign. */
static ReadResult read_whole(KgText text, BaseArena *arena, Value *out)
{
    const size_t sign = sign_length(text);
    uint64_t magnitude;
    bool is_negative;
    *out = (Value){.kind = VALUE_INTEGER};
    if (text.length == sign || sign + digits_at(text, sign) != text.length)
        return READ_ILL_FORMED;
    const KgText digits = strip(text, &is_negative);
    if (read_magnitude(digits, &magnitude) && fits_integer(magnitude, is_negative, &out->integer))
        return READ_OK;
    return other(is_negative ? "-" : "", digits, XSD "integer", arena, out);
}

/* xsd:decimal: an integer when nothing is behind the dot, else the canonical form as it is. */
static ReadResult read_decimal(KgText text, BaseArena *arena, Value *out)
{
    const char *const dot = text.length ? memchr(text.bytes, '.', text.length) : NULL;
    if (!dot)
        return read_whole(text, arena, out);
    const size_t sign = sign_length(text), whole = (size_t)(dot - text.bytes) - sign;
    const KgText fraction = {dot + 1, text.length - sign - whole - 1};
    if (digits_at(text, sign) != whole || digits_at(fraction, 0) != fraction.length || whole + fraction.length == 0)
        return READ_ILL_FORMED;
    size_t kept = fraction.length;
    while (kept > 0 && fraction.bytes[kept - 1] == '0')
        kept--;
    char *const zero = base_arena_alloc(arena, text.length + 3, 1);
    if (!zero)
        return READ_NO_MEMORY;
    size_t length = 0;
    if (sign)
        zero[length++] = text.bytes[0];
    if (whole == 0)
        zero[length++] = '0';
    memcpy(zero + length, text.bytes + sign, whole);
    length += whole;
    if (kept == 0)
        return read_whole((KgText){zero, length}, arena, out);
    bool is_negative; /* of -0.5 too, whose whole part is 0 */
    const KgText stripped = strip((KgText){zero, length}, &is_negative);
    is_negative = sign && text.bytes[0] == '-';
    char *const lexical = base_arena_alloc(arena, stripped.length + kept + 3, 1);
    if (!lexical)
        return READ_NO_MEMORY;
    memcpy(lexical, stripped.bytes, stripped.length);
    lexical[stripped.length] = '.';
    memcpy(lexical + stripped.length + 1, fraction.bytes, kept);
    return other(is_negative ? "-" : "", (KgText){lexical, stripped.length + 1 + kept}, XSD "decimal", arena, out);
}

/* ---- Typed literals ------------------------------------------------------------------------------------------ */

/* The integer types of XML Schema and their ranges. */
static const struct IntegerType {
    const char *name;
    bool has_low, has_high;
    int64_t low;
    uint64_t high;
} integer_types[] = {
    {"integer", false, false, 0, 0},
    {"long", true, true, INT64_MIN, INT64_MAX},
    {"int", true, true, INT32_MIN, INT32_MAX},
    {"short", true, true, INT16_MIN, INT16_MAX},
    {"byte", true, true, INT8_MIN, INT8_MAX},
    {"unsignedLong", true, true, 0, UINT64_MAX},
    {"unsignedInt", true, true, 0, UINT32_MAX},
    {"unsignedShort", true, true, 0, UINT16_MAX},
    {"unsignedByte", true, true, 0, UINT8_MAX},
    {"nonNegativeInteger", true, false, 0, 0},
    {"positiveInteger", true, false, 1, 0},
    {"nonPositiveInteger", false, true, 0, 0},
    {"negativeInteger", false, true, 0, 0},
};

static ReadResult read_integer(KgText text, const struct IntegerType *type, BaseArena *arena, Value *out)
{
    const ReadResult result = read_whole(text, arena, out);
    if (result != READ_OK)
        return result;
    uint64_t magnitude = 0;
    bool is_negative;
    const KgText digits = strip(text, &is_negative);
    const bool is_zero = is_text(digits, "0"), is_small = read_magnitude(digits, &magnitude);
    if (strcmp(type->name, "negativeInteger") == 0 && !is_negative)
        return READ_ILL_FORMED;
    if (strcmp(type->name, "positiveInteger") == 0 && (is_negative || is_zero))
        return READ_ILL_FORMED;
    if (is_negative && type->has_low && (type->low >= 0 || out->kind != VALUE_INTEGER || out->integer < type->low))
        return READ_ILL_FORMED;
    if (!is_negative && type->has_high && (!is_small || magnitude > type->high))
        return READ_ILL_FORMED;
    if (out->kind != VALUE_INTEGER && strcmp(type->name, "unsignedLong") == 0)
        *out = (Value){.kind = VALUE_UNSIGNED, .integer = (int64_t)magnitude};
    return READ_OK;
}

static bool read_boolean(KgText text, Value *out)
{
    const bool is_true = is_text(text, "true") || is_text(text, "1");
    *out = (Value){.kind = VALUE_BOOLEAN, .integer = is_true};
    return is_true || is_text(text, "false") || is_text(text, "0");
}

ReadResult reasoner_read_literal(KgText lexical, KgText datatype, BaseArena *arena, Value *out)
{
    const size_t prefix = strlen(XSD);
    *out = (Value){.kind = VALUE_OTHER, .text = lexical, .tag = datatype};
    if (datatype.length <= prefix || memcmp(datatype.bytes, XSD, prefix) != 0)
        return READ_OK;
    const KgText name = {datatype.bytes + prefix, datatype.length - prefix};
    if (is_text(name, "string")) {
        *out = (Value){.kind = VALUE_STRING, .text = lexical};
        return READ_OK;
    }
    if (is_text(name, "decimal"))
        return read_decimal(lexical, arena, out);
    if (is_text(name, "boolean"))
        return read_boolean(lexical, out) ? READ_OK : READ_ILL_FORMED;
    if (is_text(name, "double"))
        return reasoner_read_double(lexical, out);
    for (size_t i = 0; i < sizeof integer_types / sizeof *integer_types; i++)
        if (is_text(name, integer_types[i].name))
            return read_integer(lexical, &integer_types[i], arena, out);
    return READ_OK;
}

bool reasoner_value_of_term(const KgTerm *term, BaseArena *arena, Value *out)
{
    if (term->kind == KG_IRI) {
        *out = (Value){.kind = VALUE_IRI, .text = term->text};
        return true;
    }
    if (term->kind != KG_LITERAL) {
        *out = (Value){.kind = VALUE_OTHER, .text = term->text};
        return true;
    }
    if (term->language.length > 0) {
        *out = (Value){.kind = VALUE_LANGUAGE, .text = term->text, .tag = term->language};
        return true;
    }
    if (term->datatype.length == 0) {
        *out = (Value){.kind = VALUE_STRING, .text = term->text};
        return true;
    }
    const ReadResult result = reasoner_read_literal(term->text, term->datatype, arena, out);
    if (result == READ_ILL_FORMED)
        *out = (Value){.kind = VALUE_OTHER, .text = term->text, .tag = term->datatype};
    return result != READ_NO_MEMORY;
}

bool reasoner_term_of_value(const Value *value, BaseBuffer *text, KgTerm *out)
{
    *out = (KgTerm){.kind = value->kind == VALUE_IRI    ? KG_IRI
                            : value->kind == VALUE_NULL ? KG_BLANK
                                                        : KG_LITERAL,
                    .text = value->text};
    if (value->kind == VALUE_LANGUAGE)
        out->language = value->tag;
    else if (value->kind == VALUE_OTHER)
        out->datatype = value->tag;
    else if (value->kind == VALUE_INTEGER)
        out->datatype = KG_TEXT(XSD "integer");
    else if (value->kind != VALUE_IRI && value->kind != VALUE_STRING && value->kind != VALUE_NULL)
        out->datatype = reasoner_datatype(value);
    if (value->text.bytes)
        return true;
    if (!reasoner_write_lexical(value, text) || !base_buffer_add(text, "", 0))
        return false;
    out->text = (KgText){text->items, text->count};
    return true;
}

/* ---- Cells --------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static KgText trim(KgText text)
{
    while (text.length > 0 && is_blank(text.bytes[0]))
        text = (KgText){text.bytes + 1, text.length - 1};
    while (text.length > 0 && is_blank(text.bytes[text.length - 1]))
        text.length--;
    return text;
}

static ReadResult lower_case(KgText text, BaseArena *arena, KgText *out)
{
    char *const copy = base_arena_copy(arena, text.bytes, text.length);
    if (!copy)
        return READ_NO_MEMORY;
    for (size_t i = 0; i < text.length; i++)
        copy[i] = (char)(copy[i] >= 'A' && copy[i] <= 'Z' ? copy[i] + 'a' - 'A' : copy[i]);
    *out = (KgText){copy, text.length};
    return READ_OK;
}

static bool is_language(KgText text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!isalnum((unsigned char)text.bytes[i]) && text.bytes[i] != '-')
            return false;
    return text.length > 0;
}

/* "...", "..."@tag, "..."^^<datatype>: raw, up to the last quote. ILL_FORMED: none of these. */
static ReadResult read_quoted(KgText cell, BaseArena *arena, Value *out)
{
    const char *const last = memrchr(cell.bytes + 1, '"', cell.length - 1);
    if (!last)
        return READ_ILL_FORMED;
    const KgText inner = {cell.bytes + 1, (size_t)(last - cell.bytes) - 1};
    const KgText rest = {last + 1, cell.length - inner.length - 2};
    if (rest.length == 0) {
        *out = (Value){.kind = VALUE_STRING, .text = inner};
        return READ_OK;
    }
    if (rest.bytes[0] == '@' && is_language((KgText){rest.bytes + 1, rest.length - 1})) {
        *out = (Value){.kind = VALUE_LANGUAGE, .text = inner};
        return lower_case((KgText){rest.bytes + 1, rest.length - 1}, arena, &out->tag);
    }
    if (rest.length > 4 && memcmp(rest.bytes, "^^<", 3) == 0 && rest.bytes[rest.length - 1] == '>')
        return reasoner_read_literal(inner, (KgText){rest.bytes + 3, rest.length - 4}, arena, out);
    return READ_ILL_FORMED;
}

static bool is_plain(KgText cell)
{
    for (size_t i = 0; i < cell.length; i++)
        if (is_blank(cell.bytes[i]) || cell.bytes[i] == '>')
            return false;
    return true;
}

ReadResult reasoner_read_any(KgText raw, BaseArena *arena, Value *out)
{
    const KgText cell = trim(raw);
    if (cell.length == 0) {
        *out = (Value){.kind = VALUE_STRING, .text = {"", 0}};
        return READ_OK;
    }
    const char first = cell.bytes[0];
    if (first == '<' && cell.length > 2 && cell.bytes[cell.length - 1] == '>' &&
        is_plain((KgText){cell.bytes + 1, cell.length - 2})) {
        *out = (Value){.kind = VALUE_IRI, .text = {cell.bytes + 1, cell.length - 2}};
        return READ_OK;
    }
    ReadResult result = READ_ILL_FORMED;
    if (is_digit(first) || first == '+' || first == '-')
        result = read_decimal(cell, arena, out);
    else if (first == '"')
        result = read_quoted(cell, arena, out);
    if (result != READ_ILL_FORMED)
        return result;
    *out = (Value){.kind = is_plain(cell) ? VALUE_IRI : VALUE_STRING, .text = is_plain(cell) ? cell : raw};
    return READ_OK;
}

ReadResult reasoner_read_int(KgText cell, BaseArena *arena, Value *out)
{
    return read_whole(trim(cell), arena, out);
}

ReadResult reasoner_read_double(KgText cell, Value *out)
{
    *out = (Value){.kind = VALUE_DOUBLE};
    return read_real(trim(cell), &out->real) ? READ_OK : READ_ILL_FORMED;
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

/* The digits of %.*e with the dot put where the exponent says. */
static bool write_digits(const char *scientific, BaseBuffer *out)
{
    char digits[32];
    size_t count = 0;
    const char *at = scientific + (*scientific == '-');
    for (; *at && *at != 'e'; at++)
        if (*at != '.')
            digits[count++] = *at;
    const long exponent = strtol(at + 1, NULL, 10);
    while (count > 1 && digits[count - 1] == '0')
        count--;
    bool is_fine = base_buffer_add(out, "-", *scientific == '-');
    if (exponent < 0) {
        is_fine = is_fine && base_buffer_add(out, "0.", 2);
        for (long i = -1; i > exponent && is_fine; i--)
            is_fine = base_buffer_add(out, "0", 1);
        return is_fine && base_buffer_add(out, digits, count);
    }
    for (long i = 0; i <= exponent && is_fine; i++)
        is_fine = base_buffer_add(out, (size_t)i < count ? &digits[i] : "0", 1);
    const size_t whole = (size_t)exponent + 1;
    if (count > whole)
        is_fine = is_fine && base_buffer_add(out, ".", 1) && base_buffer_add(out, digits + whole, count - whole);
    return is_fine;
}

static bool write_real(const Value *value, BaseBuffer *out)
{
    char text[40];
    for (int precision = 0; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, value->real);
        const bool is_same =
            value->kind == VALUE_FLOAT ? strtof(text, NULL) == (float)value->real : strtod(text, NULL) == value->real;
        if (is_same)
            break;
    }
    return write_digits(text, out);
}

bool reasoner_write_lexical(const Value *value, BaseBuffer *out)
{
    switch (value->kind) {
    case VALUE_BOOLEAN:
        return base_buffer_format(out, "%s", value->integer ? "true" : "false");
    case VALUE_INTEGER:
        return base_buffer_format(out, "%lld", (long long)value->integer);
    case VALUE_UNSIGNED:
        return base_buffer_format(out, "%llu", (unsigned long long)value->integer);
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        return write_real(value, out);
    case VALUE_NULL:
        return base_buffer_format(out, "_:%lld", (long long)value->integer);
    default:
        return base_buffer_add(out, value->text.length ? value->text.bytes : "", value->text.length);
    }
}

KgText reasoner_datatype(const Value *value)
{
    switch (value->kind) {
    case VALUE_STRING:
        return KG_TEXT(XSD "string");
    case VALUE_LANGUAGE:
        return KG_TEXT("http://www.w3.org/1999/02/22-rdf-syntax-ns#langString");
    case VALUE_BOOLEAN:
        return KG_TEXT(XSD "boolean");
    case VALUE_INTEGER:
        return value->integer >= INT32_MIN && value->integer <= INT32_MAX ? KG_TEXT(XSD "int") : KG_TEXT(XSD "long");
    case VALUE_UNSIGNED:
        return KG_TEXT(XSD "unsignedLong");
    case VALUE_FLOAT:
        return KG_TEXT(XSD "float");
    case VALUE_DOUBLE:
        return KG_TEXT(XSD "double");
    case VALUE_OTHER:
        return value->tag;
    case VALUE_IRI:
    case VALUE_NULL:
        break;
    }
    return (KgText){0};
}

static bool write_quoted(KgText text, BaseBuffer *out)
{
    bool is_fine = base_buffer_add(out, "\"", 1);
    for (size_t i = 0; i < text.length && is_fine; i++) {
        const char c = text.bytes[i];
        if (c == '\\' || c == '"')
            is_fine = base_buffer_add(out, "\\", 1) && base_buffer_add(out, &c, 1);
        else if (c == '\n' || c == '\r')
            is_fine = base_buffer_add(out, c == '\n' ? "\\n" : "\\r", 2);
        else
            is_fine = base_buffer_add(out, &c, 1);
    }
    return is_fine && base_buffer_add(out, "\"", 1);
}

bool reasoner_write_canonical(const Value *value, BaseBuffer *out)
{
    switch (value->kind) {
    case VALUE_IRI:
        return base_buffer_add(out, "<", 1) && base_buffer_add(out, value->text.bytes, value->text.length) &&
               base_buffer_add(out, ">", 1);
    case VALUE_NULL:
        return reasoner_write_lexical(value, out);
    case VALUE_STRING:
        return write_quoted(value->text, out);
    case VALUE_LANGUAGE:
        return write_quoted(value->text, out) && base_buffer_add(out, "@", 1) &&
               base_buffer_add(out, value->tag.bytes, value->tag.length);
    case VALUE_OTHER: {
        return write_quoted(value->text, out) && base_buffer_add(out, "^^<", 3) &&
               base_buffer_add(out, value->tag.length ? value->tag.bytes : "", value->tag.length) &&
               base_buffer_add(out, ">", 1);
    }
    default: {
        const KgText datatype = reasoner_datatype(value);
        return base_buffer_add(out, "\"", 1) && reasoner_write_lexical(value, out) &&
               base_buffer_add(out, "\"^^<", 4) && base_buffer_add(out, datatype.bytes, datatype.length) &&
               base_buffer_add(out, ">", 1);
    }
    }
}

/* Integers, also big ones, and IRIs stand bare. */
bool reasoner_write_cell(const Value *value, BaseBuffer *out)
{
    const bool is_bare = value->kind == VALUE_IRI || value->kind == VALUE_INTEGER || value->kind == VALUE_UNSIGNED ||
                         value->kind == VALUE_NULL ||
                         (value->kind == VALUE_OTHER && is_text(value->tag, XSD "integer"));
    return is_bare ? reasoner_write_lexical(value, out) : reasoner_write_canonical(value, out);
}

static bool is_name(KgText text)
{
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.bytes[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || c == '_' || c == '%')))
            return false;
    }
    return text.length > 0;
}

bool reasoner_write_term(const Value *value, BaseBuffer *out)
{
    switch (value->kind) {
    case VALUE_IRI:
        return is_name(value->text) ? reasoner_write_lexical(value, out) : reasoner_write_canonical(value, out);
    case VALUE_BOOLEAN:
    case VALUE_INTEGER:
    case VALUE_UNSIGNED:
    case VALUE_NULL:
        return reasoner_write_lexical(value, out);
    case VALUE_FLOAT:
    case VALUE_DOUBLE: {
        const size_t start = out->count;
        return write_real(value, out) &&
               base_buffer_add(out, ".0", memchr(out->items + start, '.', out->count - start) ? 0 : 2) &&
               base_buffer_add(out, "f", value->kind == VALUE_FLOAT);
    }
    default:
        return reasoner_write_canonical(value, out);
    }
}
