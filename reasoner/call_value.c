/* Functions of values of any kind: equality, logic, tests of kinds, casts. */
#include "reasoner/calls.h"
#include "reasoner/value_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool reasoner_give_text(Value *out, ValueKind kind, KgText tag, BaseBuffer *text, bool is_fine, Values *values)
{
    const char *const copy =
        is_fine ? base_arena_copy(reasoner_values_scratch(values), text->count ? text->items : "", text->count) : NULL;
    *out = (Value){.kind = kind, .text = {copy, text->count}, .tag = tag};
    base_buffer_free(text);
    if (!copy)
        reasoner_values_fail(values);
    return copy != NULL;
}

bool reasoner_call_logic(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)values;
    if (function == FUNCTION_EQUALITY || function == FUNCTION_UNEQUALITY)
        return give_boolean(reasoner_same_value(&arguments[0], &arguments[1]) == (function == FUNCTION_EQUALITY), out);
    bool all = true, some = false;
    for (uint32_t i = 0; i < count; i++) {
        if (arguments[i].kind != VALUE_BOOLEAN)
            return false;
        all = all && arguments[i].integer;
        some = some || arguments[i].integer;
    }
    return give_boolean(function == FUNCTION_AND ? all : function == FUNCTION_OR ? some : !some, out);
}

bool reasoner_call_test(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)count;
    (void)values;
    const ValueKind kind = arguments[0].kind;
    switch (function) {
    case FUNCTION_ISINTEGER:
        return give_boolean(kind == VALUE_INTEGER, out);
    case FUNCTION_ISFLOAT:
        return give_boolean(kind == VALUE_FLOAT, out);
    case FUNCTION_ISDOUBLE:
        return give_boolean(kind == VALUE_DOUBLE, out);
    case FUNCTION_ISSTRING:
        return give_boolean(kind == VALUE_STRING, out);
    case FUNCTION_ISIRI:
        return give_boolean(kind == VALUE_IRI, out);
    case FUNCTION_ISNULL:
        return give_boolean(kind == VALUE_NULL, out);
    default:
        return give_boolean(reasoner_is_number(&arguments[0]), out);
    }
}

/* ---- Casts --------------------------------------------------------------------------------------------------- */

static bool has_plain_text(const Value *value)
{
    return value->kind == VALUE_STRING || value->kind == VALUE_OTHER;
}

/* An i64 in decimal, or with 0b, 0o, 0x. */
static bool read_integer(KgText text, Value *out)
{
    char copy[80];
    int base = 10;
    size_t skip = 0;
    if (text.length == 0 || text.length >= sizeof copy)
        return false;
    if (text.length > 2 && text.bytes[0] == '0') {
        base = text.bytes[1] == 'b' ? 2 : text.bytes[1] == 'o' ? 8 : text.bytes[1] == 'x' ? 16 : 10;
        skip = base == 10 ? 0 : 2;
    }
    memcpy(copy, text.bytes + skip, text.length - skip);
    copy[text.length - skip] = '\0';
    const char first = copy[0] == '-' || copy[0] == '+' ? copy[1] : copy[0];
    if (!((first >= '0' && first <= '9') || (base == 16 && skip && strchr("abcdefABCDEF", first) && first)) ||
        (skip && (copy[0] == '-' || copy[0] == '+')) || (base == 16 && (copy[1] == 'x' || copy[1] == 'X')))
        return false;
    char *end;
    errno = 0;
    const long long number = strtoll(copy, &end, base);
    return *end == '\0' && errno == 0 && give_integer(number, out);
}

static bool cast_integer(const Value *value, Value *out)
{
    if (value->kind == VALUE_INTEGER || value->kind == VALUE_BOOLEAN)
        return give_integer(value->integer, out);
    if (value->kind == VALUE_FLOAT || value->kind == VALUE_DOUBLE)
        return value->real == trunc(value->real) && value->real >= -0x1p63 && value->real < 0x1p63 &&
               give_integer((int64_t)value->real, out);
    return has_plain_text(value) && read_integer(value->text, out);
}

static bool cast_real(const Value *value, ValueKind kind, Value *out)
{
    Value read = *value;
    if (has_plain_text(value) && reasoner_read_double(value->text, &read) != READ_OK)
        return false;
    if (!reasoner_is_number(&read) && value->kind != VALUE_UNSIGNED)
        return false;
    const double real = value->kind == VALUE_UNSIGNED ? (double)(uint64_t)value->integer : reasoner_as_double(&read);
    *out = (Value){.kind = kind, .real = kind == VALUE_FLOAT ? (double)(float)real : real};
    return isfinite(out->real);
}

static bool cast_text(const Value *value, bool is_full, Values *values, Value *out)
{
    if (!is_full && value->text.bytes) {
        *out = (Value){.kind = VALUE_STRING, .text = value->text};
        return true;
    }
    BaseBuffer text = {0};
    const bool is_fine = is_full ? reasoner_write_canonical(value, &text) : reasoner_write_lexical(value, &text);
    return reasoner_give_text(out, VALUE_STRING, (KgText){0}, &text, is_fine, values);
}

static bool datatype(const Value *value, Value *out)
{
    static const char any_uri[] = "http://www.w3.org/2001/XMLSchema#anyURI";
    *out = (Value){.kind = VALUE_IRI, .text = reasoner_datatype(value)};
    if (value->kind == VALUE_IRI)
        out->text = KG_TEXT(any_uri);
    return value->kind != VALUE_NULL && out->text.length > 0;
}

static bool tag_text(const Value *text, const Value *tag, Values *values, Value *out)
{
    if (text->kind != VALUE_STRING || tag->kind != VALUE_STRING || tag->text.length == 0)
        return false;
    char *const lower = base_arena_copy(reasoner_values_scratch(values), tag->text.bytes, tag->text.length);
    if (!lower) {
        reasoner_values_fail(values);
        return false;
    }
    for (size_t i = 0; i < tag->text.length; i++)
        lower[i] = (char)(lower[i] >= 'A' && lower[i] <= 'Z' ? lower[i] + 'a' - 'A' : lower[i]);
    *out = (Value){.kind = VALUE_LANGUAGE, .text = text->text, .tag = {lower, tag->text.length}};
    return true;
}

bool reasoner_call_cast(Function function, const Value *arguments, uint32_t count, Values *values, Value *out)
{
    (void)count;
    const Value *const value = &arguments[0];
    switch (function) {
    case FUNCTION_INT:
        return cast_integer(value, out);
    case FUNCTION_DOUBLE:
        return cast_real(value, VALUE_DOUBLE, out);
    case FUNCTION_FLOAT:
        return cast_real(value, VALUE_FLOAT, out);
    case FUNCTION_IRI:
        *out = (Value){.kind = VALUE_IRI, .text = value->text};
        return (value->kind == VALUE_IRI || value->kind == VALUE_STRING) && value->text.length > 0;
    case FUNCTION_STR:
        return cast_text(value, false, values, out);
    case FUNCTION_FULLSTR:
        return cast_text(value, true, values, out);
    case FUNCTION_DATATYPE:
        return datatype(value, out);
    case FUNCTION_STRLANG:
        return tag_text(value, &arguments[1], values, out);
    default: /* LANG */
        *out = (Value){.kind = VALUE_STRING, .text = value->kind == VALUE_LANGUAGE ? value->tag : KG_TEXT("")};
        return value->kind == VALUE_LANGUAGE || value->kind == VALUE_STRING;
    }
}
