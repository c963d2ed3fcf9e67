/* Functions of plain and language-tagged strings. Positions and lengths count grapheme clusters (Unicode Standard Annex
 * 29, by utf8proc). Functions of two strings want the second plain, or both with the same tag. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "reasoner/calls.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static bool is_text(const Value *value)
{
    return value->kind == VALUE_STRING || value->kind == VALUE_LANGUAGE;
}

static bool same(KgText a, KgText b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static bool are_compatible(const Value *a, const Value *b)
{
    return is_text(a) && is_text(b) && (b->kind == VALUE_STRING || (a->kind == VALUE_LANGUAGE && same(a->tag, b->tag)));
}

/* ---- Graphemes ----------------------------------------------------------------------------------------------- */

/* The end of the cluster that begins at `from`. */
static size_t cluster_end(KgText text, size_t from)
{
    int32_t before = 0;
    utf8proc_int32_t state = 0;
    size_t at = from;
    while (at < text.length) {
        uint32_t code;
        const size_t width = base_utf8_decode(text.bytes + at, text.length - at, &code);
        if (width == 0)
            return at == from ? at + 1 : at;
        if (at > from && utf8proc_grapheme_break_stateful(before, (int32_t)code, &state))
            return at;
        before = (int32_t)code;
        at += width;
    }
    return at;
}

static int64_t count_clusters(KgText text)
{
    int64_t count = 0;
    for (size_t at = 0; at < text.length; at = cluster_end(text, at))
        count++;
    return count;
}

static bool reverse(const Value *value, Values *values, Value *out)
{
    char *const copy = base_arena_alloc(reasoner_values_scratch(values), value->text.length + 1, 1);
    if (!copy) {
        reasoner_values_fail(values);
        return false;
    }
    for (size_t at = 0; at < value->text.length;) {
        const size_t end = cluster_end(value->text, at);
        memcpy(copy + value->text.length - end, value->text.bytes + at, end - at);
        at = end;
    }
    *out = *value;
    out->text.bytes = copy;
    return true;
}

/* Upper or lower case, character by character; the German sharp s becomes SS. */
static bool change_case(const Value *value, bool is_upper, Values *values, Value *out)
{
    BaseBuffer text = {0};
    bool is_fine = true;
    for (size_t at = 0; at < value->text.length && is_fine;) {
        uint32_t code;
        const size_t width = base_utf8_decode(value->text.bytes + at, value->text.length - at, &code);
        char bytes[4];
        if (width == 0)
            break;
        if (is_upper && code == 0xdf) {
            is_fine = base_buffer_add(&text, "SS", 2);
        } else {
            const int32_t changed = is_upper ? utf8proc_toupper((int32_t)code) : utf8proc_tolower((int32_t)code);
            is_fine = base_buffer_add(&text, bytes, base_utf8_encode((uint32_t)changed, bytes));
        }
        at += width;
    }
    return reasoner_give_text(out, value->kind, value->tag, &text, is_fine, values);
}

bool reasoner_call_text(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)count;
    const Value *const value = &arguments[0];
    if (!is_text(value))
        return false;
    if (function == FUNCTION_STRLEN)
        return give_integer(count_clusters(value->text), out);
    if (function == FUNCTION_STRREV)
        return reverse(value, values, out);
    return change_case(value, function == FUNCTION_UCASE, values, out);
}

bool reasoner_call_substr(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)function;
    (void)values;
    const Value *const value = &arguments[0];
    if (!is_text(value) || arguments[1].kind != VALUE_INTEGER || (count > 2 && arguments[2].kind != VALUE_INTEGER))
        return false;
    /* Positions from `first` on and below `start + length`. */
    const int64_t start = arguments[1].integer, first = start < 1 ? 1 : start;
    int64_t past = INT64_MAX;
    if (count > 2 && (arguments[2].integer < 1 || __builtin_add_overflow(start, arguments[2].integer, &past)))
        past = arguments[2].integer < 1 ? 0 : INT64_MAX;
    size_t at = 0;
    for (int64_t p = 1; p < first && at < value->text.length; p++)
        at = cluster_end(value->text, at);
    size_t end = at;
    for (int64_t p = first; p < past && end < value->text.length; p++)
        end = cluster_end(value->text, end);
    *out = *value;
    out->text = (KgText){value->text.bytes + at, end - at};
    return true;
}

/* ---- Two strings --------------------------------------------------------------------------------------------- */

static const char *find(KgText text, KgText part)
{
    return part.length == 0 ? text.bytes : memmem(text.bytes, text.length, part.bytes, part.length);
}

static int64_t compare(KgText a, KgText b)
{
    const size_t shorter = a.length < b.length ? a.length : b.length;
    const int order = shorter ? memcmp(a.bytes, b.bytes, shorter) : 0;
    if (order != 0)
        return order < 0 ? -1 : 1;
    return a.length < b.length ? -1 : a.length > b.length;
}

/* Unanchored; the last pattern stays compiled. */
static bool matches(KgText text, KgText pattern, Values *values)
{
    KeptPattern *const kept = reasoner_values_pattern(values);
    if (!kept->text || !same((KgText){kept->text, kept->length}, pattern)) {
        int code;
        PCRE2_SIZE offset;
        reasoner_forget_pattern(kept);
        kept->text = malloc(pattern.length + 1);
        if (!kept->text) {
            reasoner_values_fail(values);
            return false;
        }
        memcpy(kept->text, pattern.length ? pattern.bytes : "", pattern.length);
        kept->length = pattern.length;
        kept->code = pcre2_compile((PCRE2_SPTR)kept->text, pattern.length, PCRE2_UTF | PCRE2_UCP, &code, &offset, NULL);
        kept->free = (void (*)(void *))pcre2_code_free;
    }
    pcre2_match_data *const data = kept->code ? pcre2_match_data_create_from_pattern(kept->code, NULL) : NULL;
    const bool is_match = data && pcre2_match(kept->code, (PCRE2_SPTR)(text.length ? text.bytes : ""), text.length, 0,
                                              0, data, NULL) >= 0;
    pcre2_match_data_free(data);
    return is_match;
}

static size_t decode(KgText text, uint32_t *codes)
{
    size_t count = 0;
    for (size_t at = 0; at < text.length; count++) {
        const size_t width = base_utf8_decode(text.bytes + at, text.length - at, &codes[count]);
        at += width ? width : 1;
    }
    return count;
}

/* Over characters, with one row of the table. */
static bool distance(KgText a, KgText b, Values *values, Value *out)
{
    uint32_t *const codes = calloc(a.length + b.length + 1, sizeof *codes);
    size_t *const row = calloc(b.length + 1, sizeof *row);
    if (codes && row) {
        const size_t m = decode(a, codes), n = decode(b, codes + a.length);
        for (size_t j = 0; j <= n; j++)
            row[j] = j;
        for (size_t i = 1; i <= m; i++) {
            size_t corner = row[0];
            row[0] = i;
            for (size_t j = 1; j <= n; j++) {
                const size_t changed = corner + (codes[i - 1] != codes[a.length + j - 1]);
                corner = row[j];
                const size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
                row[j] = changed < shorter ? changed : shorter;
            }
        }
        give_integer((int64_t)row[n], out);
    } else {
        reasoner_values_fail(values);
    }
    const bool is_fine = codes && row;
    free(codes);
    free(row);
    return is_fine;
}

/* What stands before or after the first match. */
static bool cut(const Value *value, KgText part, bool is_before, Value *out)
{
    const char *const found = find(value->text, part);
    *out = (Value){.kind = VALUE_STRING, .text = {"", 0}};
    if (!found && value->text.length + part.length > 0)
        return true;
    *out = *value;
    const size_t at = found ? (size_t)(found - value->text.bytes) : 0;
    out->text = is_before ? (KgText){value->text.bytes, at}
                          : (KgText){value->text.bytes + at + part.length, value->text.length - at - part.length};
    return true;
}

bool reasoner_call_texts(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)count;
    if (!are_compatible(&arguments[0], &arguments[1]))
        return false;
    const KgText a = arguments[0].text, b = arguments[1].text;
    switch (function) {
    case FUNCTION_COMPARE:
        return give_integer(compare(a, b), out);
    case FUNCTION_CONTAINS:
        return give_boolean(b.length == 0 || find(a, b) != NULL, out);
    case FUNCTION_STRSTARTS:
        return give_boolean(a.length >= b.length && same((KgText){a.bytes, b.length}, b), out);
    case FUNCTION_STRENDS:
        return give_boolean(a.length >= b.length && same((KgText){a.bytes + a.length - b.length, b.length}, b), out);
    case FUNCTION_REGEX:
        return give_boolean(matches(a, b, values), out);
    case FUNCTION_LEVENSHTEIN:
        return distance(a, b, values, out);
    default:
        return cut(&arguments[0], b, function == FUNCTION_STRBEFORE, out);
    }
}

bool reasoner_call_concat(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)function;
    BaseBuffer text = {0};
    bool is_fine = true, is_tagged = count > 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_text(&arguments[i])) {
            base_buffer_free(&text);
            return false;
        }
        is_tagged = is_tagged && arguments[i].kind == VALUE_LANGUAGE && same(arguments[i].tag, arguments[0].tag);
        is_fine = is_fine && base_buffer_add(&text, arguments[i].text.bytes, arguments[i].text.length);
    }
    return reasoner_give_text(out, is_tagged ? VALUE_LANGUAGE : VALUE_STRING,
                              is_tagged ? arguments[0].tag : (KgText){0}, &text, is_fine, values);
}

/* ---- Percent coding ------------------------------------------------------------------------------------------ */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static bool encode(KgText from, BaseBuffer *out)
{
    bool is_fine = true;
    for (size_t i = 0; i < from.length && is_fine; i++)
        is_fine = is_unreserved(from.bytes[i]) ? base_buffer_add(out, &from.bytes[i], 1)
                                               : base_buffer_format(out, "%%%02X", (unsigned char)from.bytes[i]);
    return is_fine;
}

/* A `%` without two digits behind it stands for itself. */
static bool decode_percent(KgText from, BaseBuffer *out)
{
    bool is_fine = true;
    for (size_t i = 0; i < from.length && is_fine; i++) {
        char byte = from.bytes[i];
        if (byte == '%' && i + 2 < from.length + 0 && hex(from.bytes[i + 1]) >= 0 && hex(from.bytes[i + 2]) >= 0) {
            byte = (char)(hex(from.bytes[i + 1]) * 16 + hex(from.bytes[i + 2]));
            i += 2;
        }
        is_fine = base_buffer_add(out, &byte, 1);
    }
    return is_fine;
}

bool reasoner_call_uri(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)count;
    BaseBuffer text = {0};
    if (!is_text(&arguments[0]))
        return false;
    const bool is_encoding = function == FUNCTION_URIENCODE;
    const bool is_fine = is_encoding ? encode(arguments[0].text, &text) : decode_percent(arguments[0].text, &text);
    if (is_fine && text.count > 0 && base_utf8_check(text.items, text.count) < text.count) {
        base_buffer_free(&text);
        return false;
    }
    return reasoner_give_text(out, VALUE_STRING, (KgText){0}, &text, is_fine, values);
}
