/* casts.c - the constructors xsd:integer(...) and so on, by the table of SPARQL 1.1, section 17.5. */
#include "kg/sparql/functions.h"

#include <math.h>
#include <stdlib.h>

/* The text of a string, or of an IRI for xsd:string, read as a literal of `datatype`; must fit it. */
static bool reread(const Value *value, KgText datatype, ValueType wanted, Value *out)
{
    if (value->type != VALUE_STRING)
        return false;
    const KgTerm term = {.kind = KG_LITERAL, .text = value->term.text, .datatype = datatype};
    sparql_value_decode(&term, out);
    return out->type == wanted;
}

bool sparql_cast_boolean(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    const Value *const value = &arguments[0];
    if (value_is_numeric(value) || value->type == VALUE_BOOLEAN) {
        bool truth;
        if (!sparql_value_truth(value, &truth))
            return false;
        *out = sparql_value_boolean(truth);
        return true;
    }
    if (!reread(value, KG_TEXT(XSD "boolean"), VALUE_BOOLEAN, out))
        return false;
    *out = sparql_value_boolean(out->as.truth);
    return true;
}

static bool cast_floating(const Value *value, ValueType type, KgText datatype, Value *out)
{
    if (value->type == VALUE_BOOLEAN)
        *out = sparql_value_double(type, value->as.truth ? 1 : 0);
    else if (value->type == type)
        *out = *value;
    else if (value_is_numeric(value))
        *out = sparql_value_double(type, sparql_value_number(value));
    else if (!reread(value, datatype, type, out))
        return false;
    return true;
}

bool sparql_cast_double(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    return cast_floating(&arguments[0], VALUE_DOUBLE, KG_TEXT(XSD "double"), out);
}

bool sparql_cast_float(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    return cast_floating(&arguments[0], VALUE_FLOAT, KG_TEXT(XSD "float"), out);
}

static bool cast_exact(const Value *value, ValueType type, KgText datatype, Value *out)
{
    Exact number;
    if (value->type == VALUE_BOOLEAN) {
        number = (Exact){.mantissa = value->as.truth};
    } else if (value->type == VALUE_INTEGER || value->type == VALUE_DECIMAL) {
        number = value->as.exact;
    } else if (value->type == VALUE_FLOAT || value->type == VALUE_DOUBLE) {
        if (!sparql_exact_from_double(value->as.number, &number))
            return false;
    } else {
        return reread(value, datatype, type, out);
    }
    if (type == VALUE_INTEGER) /* toward zero */
        number = sparql_exact_round(number, number.mantissa < 0 ? ROUND_UP : ROUND_DOWN);
    *out = sparql_value_exact(type, number);
    return true;
}

bool sparql_cast_decimal(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    return cast_exact(&arguments[0], VALUE_DECIMAL, KG_TEXT(XSD "decimal"), out);
}

bool sparql_cast_integer(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    return cast_exact(&arguments[0], VALUE_INTEGER, KG_TEXT(XSD "integer"), out);
}

bool sparql_cast_datetime(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    *out = arguments[0];
    return out->type == VALUE_DATETIME || reread(&arguments[0], KG_TEXT(XSD "dateTime"), VALUE_DATETIME, out);
}

bool sparql_cast_date(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    *out = arguments[0];
    return out->type == VALUE_DATE || reread(&arguments[0], KG_TEXT(XSD "date"), VALUE_DATE, out);
}

/* Numbers of whole value lose the point and the exponent, as XPath casts them: "1", not "1.0" or "1.0E0". */
static bool plain_number(Eval *eval, const Value *value, Value *out)
{
    Exact number = {0};
    char text[EXACT_TEXT];
    if (value->type == VALUE_FLOAT || value->type == VALUE_DOUBLE) {
        const double size = fabs(value->as.number);
        if (!isfinite(value->as.number) || (size != 0 && (size < 1e-6 || size >= 1e6)) ||
            !sparql_exact_from_double(value->as.number, &number))
            return false;
        /* The shortest digits that read back, not those of the binary fraction. */
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, value->as.number);
            if (value->type == VALUE_FLOAT ? strtof(text, NULL) == (float)value->as.number
                                           : strtod(text, NULL) == value->as.number)
                break;
        }
        if (strchr(text, 'e'))
            sparql_exact_format(number, number.scale > 0, text);
    } else {
        number = value->as.exact;
        sparql_exact_format(number, number.scale > 0, text);
    }
    const size_t length = strlen(text);
    const char *const copy = base_arena_copy(&eval->scratch, text, length);
    *out = sparql_value_string((KgText){copy, length});
    return copy || sparql_eval_no_memory(eval);
}

bool sparql_cast_string(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    Value *const value = &arguments[0];
    if (value->type == VALUE_BLANK)
        return false;
    if (value_is_numeric(value) && plain_number(eval, value, out))
        return true;
    if (eval->status != BASE_OK)
        return false;
    if (value->type == VALUE_BOOLEAN)
        *value = sparql_value_boolean(value->as.truth);
    if (!sparql_value_term(value, &eval->scratch))
        return sparql_eval_no_memory(eval);
    *out = sparql_value_string(value->term.text);
    return true;
}
