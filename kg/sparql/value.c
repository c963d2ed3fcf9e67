/* value.c - lexical forms by XML Schema 1.1 part 2; comparison by SPARQL 1.1, sections 15.1, 17.2 and 17.3. */
#include "kg/sparql/value.h"

#include "kg/inline.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static bool same_text(KgText a, KgText b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static int compare_text(KgText a, KgText b) /* by code points, which UTF-8 keeps in order */
{
    const size_t shorter = a.length < b.length ? a.length : b.length;
    const int order = shorter ? memcmp(a.bytes, b.bytes, shorter) : 0;
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

/* ---- Lexical forms ---- */

static KgText without_space(KgText text) /* whiteSpace = collapse, as of all types but strings */
{
    while (text.length > 0 && strchr(" \t\r\n", text.bytes[0]) && text.bytes[0]) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 && strchr(" \t\r\n", text.bytes[text.length - 1]) && text.bytes[text.length - 1])
        text.length--;
    return text;
}

static bool parse_double(KgText text, double *out)
{
    char copy[512];
    if (text_is(text, "INF") || text_is(text, "+INF")) {
        *out = INFINITY;
        return true;
    }
    if (text_is(text, "-INF") || text_is(text, "NaN")) {
        *out = text.bytes[0] == '-' ? -INFINITY : NAN;
        return true;
    }
    if (text.length == 0 || text.length >= sizeof copy)
        return false;
    for (size_t i = 0; i < text.length; i++) /* strtod knows forms that XML Schema does not: hex, nan, inf */
        if (!strchr("0123456789+-.eE", text.bytes[i]) || !text.bytes[i])
            return false;
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    char *end;
    *out = strtod(copy, &end);
    return *end == '\0' && end != copy;
}

typedef struct Cursor {
    const char *at, *end;
} Cursor;

static bool take_digits(Cursor *cursor, int least, int most, int64_t *out)
{
    int count = 0;
    int64_t number = 0;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9' && count < most) {
        number = number * 10 + (*cursor->at++ - '0');
        count++;
    }
    *out = number;
    return count >= least;
}

static bool take(Cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool parse_date(Cursor *cursor, Moment *out)
{
    int64_t month, day;
    const bool is_negative = take(cursor, '-');
    if (!take_digits(cursor, 4, 15, &out->year) || !take(cursor, '-') || !take_digits(cursor, 2, 2, &month) ||
        !take(cursor, '-') || !take_digits(cursor, 2, 2, &day))
        return false;
    if (is_negative)
        out->year = -out->year;
    out->month = (int)month;
    out->day = (int)day;
    return month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(out->year, out->month);
}

static bool parse_time(Cursor *cursor, Moment *out)
{
    int64_t hour, minute, second, fraction = 0;
    if (!take_digits(cursor, 2, 2, &hour) || !take(cursor, ':') || !take_digits(cursor, 2, 2, &minute) ||
        !take(cursor, ':') || !take_digits(cursor, 2, 2, &second))
        return false;
    if (take(cursor, '.')) {
        const char *const start = cursor->at;
        if (!take_digits(cursor, 1, 9, &fraction))
            return false;
        for (int64_t digits = cursor->at - start; digits < 9; digits++)
            fraction *= 10;
        while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9')
            cursor->at++;
    }
    out->hour = (int)hour;
    out->minute = (int)minute;
    out->nanoseconds = second * 1000000000 + fraction;
    return (hour < 24 && minute < 60 && second < 60) || (hour == 24 && minute == 0 && out->nanoseconds == 0);
}

static bool parse_zone(Cursor *cursor, Moment *out)
{
    if (cursor->at == cursor->end)
        return true;
    out->has_zone = true;
    if (take(cursor, 'Z'))
        return cursor->at == cursor->end;
    const bool is_west = take(cursor, '-');
    int64_t hours, minutes;
    if ((!is_west && !take(cursor, '+')) || !take_digits(cursor, 2, 2, &hours) || !take(cursor, ':') ||
        !take_digits(cursor, 2, 2, &minutes) || cursor->at != cursor->end)
        return false;
    out->zone = (int)(hours * 60 + minutes) * (is_west ? -1 : 1);
    return minutes < 60 && hours * 60 + minutes <= 14 * 60;
}

static bool parse_moment(KgText text, bool has_time, Moment *out)
{
    Cursor cursor = {text.bytes, text.bytes + text.length};
    *out = (Moment){0};
    return parse_date(&cursor, out) && (!has_time || (take(&cursor, 'T') && parse_time(&cursor, out))) &&
           parse_zone(&cursor, out);
}

/* xsd:integer and the types derived from it, whose bounds are not checked. */
static bool is_integer_type(KgText name)
{
    static const char *const names[] = {
        "integer",
        "int",
        "long",
        "short",
        "byte",
        "nonNegativeInteger",
        "positiveInteger",
        "nonPositiveInteger",
        "negativeInteger",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_is(name, names[i]))
            return true;
    return false;
}

static void decode_literal(const KgTerm *term, Value *out)
{
    static const size_t xsd = sizeof XSD - 1;
    const KgText type = term->datatype;
    if (type.length == 0) {
        out->type = term->language.length > 0 ? VALUE_LANGUAGE : VALUE_STRING;
        return;
    }
    const KgText text = without_space(term->text);
    out->type = VALUE_OTHER;
    if (type.length <= xsd || memcmp(type.bytes, XSD, xsd) != 0)
        return;
    const KgText name = {type.bytes + xsd, type.length - xsd};
    if (text_is(name, "boolean")) {
        const bool is_true = text_is(text, "true") || text_is(text, "1");
        if (is_true || text_is(text, "false") || text_is(text, "0")) {
            out->type = VALUE_BOOLEAN;
            out->as.truth = is_true;
        }
    } else if (text_is(name, "decimal")) {
        if (sparql_exact_parse(text, true, &out->as.exact))
            out->type = VALUE_DECIMAL;
    } else if (text_is(name, "double") || text_is(name, "float")) {
        if (parse_double(text, &out->as.number))
            out->type = text_is(name, "double") ? VALUE_DOUBLE : VALUE_FLOAT;
        if (out->type == VALUE_FLOAT)
            out->as.number = (float)out->as.number;
    } else if (text_is(name, "dateTime")) {
        if (parse_moment(text, true, &out->as.moment))
            out->type = VALUE_DATETIME;
    } else if (text_is(name, "date")) {
        if (parse_moment(text, false, &out->as.moment))
            out->type = VALUE_DATE;
    } else if (is_integer_type(name)) {
        if (sparql_exact_parse(text, false, &out->as.exact))
            out->type = VALUE_INTEGER;
    }
}

void sparql_value_decode(const KgTerm *term, Value *out)
{
    *out = (Value){.term = *term};
    if (term->kind == KG_LITERAL)
        decode_literal(term, out);
    else
        out->type = term->kind == KG_IRI ? VALUE_IRI : VALUE_BLANK;
}

/* ---- Making values ---- */

static bool reads_back(const char *text, double number, bool is_float)
{
    return is_float ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number;
}

/* The canonical form: digits with one before the point, E, exponent; as few as read back. A number that has no more
 * digits than its type surely keeps is written with those and zeros behind them, so only more are tried one by one.
 * Subnormal numbers keep fewer. */
static size_t format_double(double number, bool is_float, char *out, size_t capacity)
{
    if (isnan(number))
        return (size_t)snprintf(out, capacity, "NaN");
    if (isinf(number))
        return (size_t)snprintf(out, capacity, number > 0 ? "INF" : "-INF");
    char text[48];
    const bool is_subnormal = fabs(number) < (is_float ? (double)FLT_MIN : DBL_MIN);
    for (int digits = is_subnormal ? 1 : is_float ? FLT_DIG : DBL_DIG; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*E", digits - 1, number);
        if (reads_back(text, number, is_float))
            break;
    }
    char *const mark = strchr(text, 'E'), *end = mark;
    const int exponent = atoi(mark + 1);
    const bool has_point = strchr(text, '.') != NULL;
    while (has_point && end[-1] == '0' && end[-2] != '.')
        end--;
    *end = '\0';
    return (size_t)snprintf(out, capacity, "%s%sE%d", text, has_point ? "" : ".0", exponent);
}

/* Of a value whose id holds it: the form that the id has. */
static bool term_of_id(Value *value, BaseArena *arena)
{
    char text[KG_INLINE_BYTES];
    kg_inline_term(value->id, text, &value->term);
    value->term.text.bytes = base_arena_copy(arena, text, value->term.text.length);
    return value->term.text.bytes != NULL;
}

bool sparql_value_term(Value *value, BaseArena *arena)
{
    if (value->term.text.bytes)
        return true;
    if (kg_is_inline(value->id))
        return term_of_id(value, arena);
    char text[64];
    const bool is_exact = value->type == VALUE_INTEGER || value->type == VALUE_DECIMAL;
    const size_t length = is_exact ? sparql_exact_format(value->as.exact, value->type == VALUE_DECIMAL, text)
                                   : format_double(value->as.number, value->type == VALUE_FLOAT, text, sizeof text);
    value->term.text = (KgText){base_arena_copy(arena, text, length), length};
    return value->term.text.bytes != NULL;
}

static KgText datatype_of(ValueType type)
{
    switch (type) {
    case VALUE_INTEGER:
        return KG_TEXT(XSD "integer");
    case VALUE_DECIMAL:
        return KG_TEXT(XSD "decimal");
    case VALUE_FLOAT:
        return KG_TEXT(XSD "float");
    default:
        return KG_TEXT(XSD "double");
    }
}

Value sparql_value_boolean(bool truth)
{
    return (Value){.type = VALUE_BOOLEAN,
                   .term = {.kind = KG_LITERAL,
                            .text = truth ? KG_TEXT("true") : KG_TEXT("false"),
                            .datatype = KG_TEXT(XSD "boolean")},
                   .as.truth = truth};
}

Value sparql_value_exact(ValueType type, Exact number)
{
    return (Value){.type = type, .term = {.kind = KG_LITERAL, .datatype = datatype_of(type)}, .as.exact = number};
}

Value sparql_value_integer(int64_t number)
{
    return sparql_value_exact(VALUE_INTEGER, (Exact){.mantissa = number});
}

Value sparql_value_double(ValueType type, double number)
{
    return (Value){.type = type,
                   .term = {.kind = KG_LITERAL, .datatype = datatype_of(type)},
                   .as.number = type == VALUE_FLOAT ? (float)number : number};
}

Value sparql_value_string(KgText text)
{
    return (Value){.type = VALUE_STRING, .term = {.kind = KG_LITERAL, .text = text.bytes ? text : KG_TEXT("")}};
}

Value sparql_value_iri(KgText text)
{
    return (Value){.type = VALUE_IRI, .term = {.kind = KG_IRI, .text = text}};
}

double sparql_value_number(const Value *value)
{
    return value->type <= VALUE_DECIMAL ? sparql_exact_double(value->as.exact) : value->as.number;
}

/* ---- Comparing ---- */

bool sparql_value_truth(const Value *value, bool *out)
{
    switch (value->type) {
    case VALUE_BOOLEAN:
        *out = value->as.truth;
        return true;
    case VALUE_STRING:
        *out = value->term.text.length > 0;
        return true;
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
        *out = value->as.exact.mantissa != 0;
        return true;
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        *out = value->as.number != 0 && !isnan(value->as.number);
        return true;
    case VALUE_OTHER: {
        /* A boolean or a number whose text does not fit its type is false. */
        static const size_t xsd = sizeof XSD - 1;
        const KgText type = value->term.datatype;
        if (type.length <= xsd || memcmp(type.bytes, XSD, xsd) != 0)
            return false;
        const KgText name = {type.bytes + xsd, type.length - xsd};
        *out = false;
        return text_is(name, "boolean") || text_is(name, "decimal") || text_is(name, "double") ||
               text_is(name, "float") || is_integer_type(name);
    }
    default:
        return false;
    }
}

bool sparql_value_same(const Value *a, const Value *b)
{
    if (a->id && b->id)
        return a->id == b->id;
    if (a->type != b->type || a->term.kind != b->term.kind || !same_text(a->term.datatype, b->term.datatype) ||
        !same_text(a->term.language, b->term.language))
        return false;
    return same_text(a->term.text, b->term.text);
}

typedef enum Order { ORDER_LESS = -1, ORDER_EQUAL = 0, ORDER_GREATER = 1, ORDER_NONE = 2 } Order;

static Order order_of(int sign)
{
    return sign < 0 ? ORDER_LESS : sign > 0 ? ORDER_GREATER : ORDER_EQUAL;
}

static Order compare_doubles(double x, double y)
{
    if (isnan(x) || isnan(y))
        return ORDER_NONE;
    return order_of((x > y) - (x < y));
}

static Order compare_numbers(const Value *a, const Value *b)
{
    if (a->type <= VALUE_DECIMAL && b->type <= VALUE_DECIMAL)
        return order_of(sparql_exact_compare(a->as.exact, b->as.exact));
    const double x = sparql_value_number(a), y = sparql_value_number(b);
    if (a->type != VALUE_DOUBLE && b->type != VALUE_DOUBLE)
        return compare_doubles((float)x, (float)y);
    return compare_doubles(x, y);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t day_number(int64_t year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = (y >= 0 ? y : y - 399) / 400, year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* Minutes on the time line, the zone taken off. */
static int64_t minutes_of(const Moment *moment, int zone)
{
    return day_number(moment->year, moment->month, moment->day) * 1440 + moment->hour * 60 + moment->minute - zone;
}

static Order compare_instants(const Moment *a, int a_zone, const Moment *b, int b_zone)
{
    const int64_t x = minutes_of(a, a_zone), y = minutes_of(b, b_zone);
    if (x != y)
        return x < y ? ORDER_LESS : ORDER_GREATER;
    return order_of((a->nanoseconds > b->nanoseconds) - (a->nanoseconds < b->nanoseconds));
}

/* XML Schema part 2, 3.2.7.4: without a zone a moment may be 14 hours off either way. */
static Order compare_moments(const Moment *a, const Moment *b)
{
    if (a->has_zone == b->has_zone)
        return compare_instants(a, a->zone, b, b->zone);
    const Order early = compare_instants(a, a->has_zone ? a->zone : 840, b, b->has_zone ? b->zone : 840);
    const Order late = compare_instants(a, a->has_zone ? a->zone : -840, b, b->has_zone ? b->zone : -840);
    return early == late && early != ORDER_EQUAL ? early : ORDER_NONE;
}

static bool are_comparable(const Value *a, const Value *b)
{
    if (value_is_numeric(a))
        return value_is_numeric(b);
    return a->type == b->type;
}

/* By value; only for comparable ones that have an order. */
static Order compare_values(const Value *a, const Value *b)
{
    switch (a->type) {
    case VALUE_STRING:
        return order_of(compare_text(a->term.text, b->term.text));
    case VALUE_BOOLEAN:
        return order_of(a->as.truth - b->as.truth);
    case VALUE_DATETIME:
    case VALUE_DATE:
        return compare_moments(&a->as.moment, &b->as.moment);
    default:
        return value_is_numeric(a) ? compare_numbers(a, b) : ORDER_NONE;
    }
}

static bool has_order(ValueType type)
{
    return type == VALUE_STRING || (type >= VALUE_BOOLEAN && type <= VALUE_DATE);
}

bool sparql_value_compare(ExprOp op, const Value *a, const Value *b, bool *out)
{
    if (!are_comparable(a, b) || !has_order(a->type))
        return false;
    const Order order = compare_values(a, b);
    const bool is_moment = a->type == VALUE_DATETIME || a->type == VALUE_DATE;
    if (order == ORDER_NONE && is_moment)
        return false; /* one with, one without a zone, and too near to tell */
    *out = order != ORDER_NONE && ((op == EXPR_LT && order < 0) || (op == EXPR_GT && order > 0) ||
                                   (op == EXPR_LE && order <= 0) || (op == EXPR_GE && order >= 0));
    return true;
}

bool sparql_value_equal(const Value *a, const Value *b, bool *out)
{
    if (are_comparable(a, b) && has_order(a->type)) {
        const Order order = compare_values(a, b);
        const bool is_moment = a->type == VALUE_DATETIME || a->type == VALUE_DATE;
        if (order == ORDER_NONE && is_moment)
            return false;
        *out = order == ORDER_EQUAL;
        return true;
    }
    *out = sparql_value_same(a, b);
    if (*out || !value_is_literal(a) || !value_is_literal(b))
        return true;
    /* Two different literals. One with a language is equal to nothing else; of known kinds they differ; of a kind that
     * is not known they might be equal. */
    return a->type == VALUE_LANGUAGE || b->type == VALUE_LANGUAGE || (a->type != VALUE_OTHER && b->type != VALUE_OTHER);
}

/* Kinds of literals among which ORDER BY compares by value; the rest is by kind. */
static int order_class(const Value *value)
{
    return value_is_numeric(value) ? VALUE_INTEGER : (int)value->type;
}

/* The number that the fewest digits say which read back as this one; false: it is no Exact. */
static bool exact_as_written(double number, Exact *out)
{
    char text[40];
    int digits = DBL_DIG;
    if (fabs(number) >= 1 / DBL_EPSILON) /* whole already */
        return sparql_exact_from_double(number, out);
    do
        snprintf(text, sizeof text, "%.*f", digits, number);
    while (strtod(text, NULL) != number && ++digits <= EXACT_DIGITS);
    return sparql_exact_parse((KgText){text, strlen(text)}, true, out);
}

/* Numbers by what they are as doubles, as < has it; where these are equal, exact ones by themselves, and a double as
 * the exact number that it is written as. So the order is total: two integers that one double is equal to stay in
 * order. */
static int order_numbers(const Value *a, const Value *b)
{
    const double p = sparql_value_number(a), q = sparql_value_number(b);
    if (isnan(p) || isnan(q)) /* NaN before all numbers */
        return isnan(q) - isnan(p);
    if (p != q)
        return p < q ? -1 : 1;
    const bool is_exact = a->type <= VALUE_DECIMAL, is_other_exact = b->type <= VALUE_DECIMAL;
    Exact x, y;
    if (is_exact)
        x = a->as.exact;
    else if (!exact_as_written(p, &x))
        return 0;
    if (is_other_exact)
        y = b->as.exact;
    else if (!exact_as_written(q, &y))
        return 0;
    return sparql_exact_compare(x, y);
}

int sparql_value_order(const Value *a, const Value *b)
{
    const int x = order_class(a), y = order_class(b);
    if (x != y)
        return x < y ? -1 : 1;
    if (value_is_numeric(a))
        return order_numbers(a, b);
    Order order = ORDER_NONE;
    if (a->type == VALUE_DATETIME || a->type == VALUE_DATE)
        order = compare_instants(&a->as.moment, a->as.moment.zone, &b->as.moment, b->as.moment.zone);
    else if (has_order(a->type))
        order = compare_values(a, b);
    if (order != ORDER_NONE && order != ORDER_EQUAL)
        return order;
    if (order == ORDER_EQUAL)
        return 0;
    const int text = compare_text(a->term.text, b->term.text);
    if (text)
        return text;
    const int language = compare_text(a->term.language, b->term.language);
    return language ? language : compare_text(a->term.datatype, b->term.datatype);
}
