/* value_ids.c - between inlined ids and values. */
#include "kg/sparql/value_ids.h"

#include <stdlib.h>

#define DECIMAL_DIGITS 6 /* of KG_INLINE_DECIMAL_UNIT */

static Exact decimal_of(KgId id)
{
    int64_t mantissa = kg_inline_decimal(id);
    int scale = DECIMAL_DIGITS;
    while (scale > 0 && mantissa % 10 == 0) {
        mantissa /= 10;
        scale--;
    }
    return (Exact){.mantissa = mantissa, .scale = scale};
}

static double double_of(KgId id)
{
    double number;
    char text[KG_INLINE_BYTES + 1];
    KgTerm term;
    if (kg_inline_double(id, &number))
        return number;
    kg_inline_term(id, text, &term);
    text[term.text.length] = '\0';
    return strtod(text, NULL);
}

static Moment moment_of(KgId id)
{
    KgInlineMoment from;
    kg_inline_moment(id, &from);
    const int minutes = from.milliseconds / 60000;
    return (Moment){.year = from.year,
                    .month = from.month,
                    .day = from.day,
                    .hour = minutes / 60,
                    .minute = minutes % 60,
                    .nanoseconds = (int64_t)(from.milliseconds % 60000) * 1000000,
                    .has_zone = from.has_zone,
                    .zone = from.zone};
}

static bool string_of(KgId id, BaseArena *arena, Value *out)
{
    char text[KG_INLINE_BYTES];
    kg_inline_term(id, text, &out->term);
    out->type = VALUE_STRING;
    out->term.text.bytes = base_arena_copy(arena, text, out->term.text.length);
    return out->term.text.bytes != NULL;
}

bool sparql_value_of_id(KgId id, BaseArena *arena, Value *out)
{
    *out = (Value){.id = id, .term = {.kind = KG_LITERAL}};
    switch (kg_inline_tag(id)) {
    case KG_INLINE_INTEGER:
        out->type = VALUE_INTEGER;
        out->term.datatype = KG_TEXT(XSD "integer");
        out->as.exact.mantissa = kg_inline_integer(id);
        return true;
    case KG_INLINE_DECIMAL:
        out->type = VALUE_DECIMAL;
        out->term.datatype = KG_TEXT(XSD "decimal");
        out->as.exact = decimal_of(id);
        return true;
    case KG_INLINE_DOUBLE:
        out->type = VALUE_DOUBLE;
        out->term.datatype = KG_TEXT(XSD "double");
        out->as.number = double_of(id);
        return true;
    case KG_INLINE_BOOLEAN:
        *out = sparql_value_boolean(kg_inline_payload(id) != 0);
        out->id = id;
        return true;
    case KG_INLINE_DATE:
    case KG_INLINE_DATETIME:
        out->type = kg_inline_tag(id) == KG_INLINE_DATE ? VALUE_DATE : VALUE_DATETIME;
        out->term.datatype = out->type == VALUE_DATE ? KG_TEXT(XSD "date") : KG_TEXT(XSD "dateTime");
        out->as.moment = moment_of(id);
        return true;
    default:
        return string_of(id, arena, out);
    }
}

bool sparql_value_id(const Value *value, KgId *out)
{
    if (value->term.text.bytes)
        return false;
    if (value->type == VALUE_DOUBLE)
        return kg_inline_of_double(value->as.number, out);
    if (value->type != VALUE_INTEGER && value->type != VALUE_DECIMAL)
        return false;
    const Exact number = value->as.exact;
    const int64_t mantissa = (int64_t)number.mantissa;
    if (mantissa != number.mantissa)
        return false;
    if (value->type == VALUE_INTEGER)
        return kg_inline_of_integer(mantissa, out);
    if (number.scale > 0)
        return kg_inline_of_decimal(mantissa, (unsigned)number.scale, out);
    int64_t tenths; /* written with ".0" */
    return !__builtin_mul_overflow(mantissa, 10, &tenths) && kg_inline_of_decimal(tenths, 1, out);
}
