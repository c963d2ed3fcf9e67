/* functions.c - the table of functions, and those on terms, numbers and dates (SPARQL 1.1, sections 17.4.2, 17.4.4,
 * 17.4.5). */
#include "kg/sparql/functions.h"

#include "kg/iri.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#define RDF_LANG_STRING "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"

/* ---- Terms ---- */

bool sparql_call_str(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    if (arguments[0].type == VALUE_BLANK)
        return false;
    if (!sparql_value_term(&arguments[0], &eval->scratch))
        return sparql_eval_no_memory(eval);
    *out = sparql_value_string(arguments[0].term.text);
    return true;
}

static bool call_lang(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    *out = sparql_value_string(arguments[0].term.language);
    return value_is_literal(&arguments[0]);
}

static bool call_datatype(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    const KgTerm *const term = &arguments[0].term;
    if (term->language.length)
        *out = sparql_value_iri(KG_TEXT(RDF_LANG_STRING));
    else
        *out = sparql_value_iri(term->datatype.length ? term->datatype : KG_TEXT(XSD "string"));
    return value_is_literal(&arguments[0]);
}

static bool call_iri(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    if (arguments[0].type == VALUE_IRI) {
        *out = arguments[0];
        return true;
    }
    if (arguments[0].type != VALUE_STRING)
        return false;
    KgText iri;
    if (!kg_iri_resolve(eval->base, arguments[0].term.text, &eval->scratch, &iri))
        return sparql_eval_no_memory(eval);
    for (size_t i = 0; i < iri.length; i++)
        if ((unsigned char)iri.bytes[i] <= 0x20 || strchr("<>\"{}|^`\\", iri.bytes[i]))
            return false;
    *out = sparql_value_iri(iri);
    return iri.length > 0;
}

/* A new node each time; with a label, the same one within a row. */
static bool call_bnode(Eval *eval, Value *arguments, size_t count, Value *out)
{
    KgId id = 0;
    if (count == 1 && arguments[0].type != VALUE_STRING)
        return false;
    for (size_t i = 0; count == 1 && i < eval->blanks.count; i++) {
        const KgText label = eval->blanks.items[i].label, wanted = arguments[0].term.text;
        if (label.length == wanted.length && memcmp(label.bytes, wanted.bytes, wanted.length) == 0)
            id = eval->blanks.items[i].id;
    }
    if (!id) {
        eval->status = sparql_terms_fresh_blank(eval->terms, &id, eval->err);
        if (eval->status != BASE_OK)
            return false;
        if (count == 1) {
            const KgText text = arguments[0].term.text;
            const char *const copy = base_arena_copy(&eval->terms->arena, text.bytes, text.length);
            if (!copy || !BASE_PUSH(&eval->blanks, (struct NamedBlank){{copy, text.length}, id}))
                return sparql_eval_no_memory(eval);
        }
    }
    return sparql_eval_decode(eval, id, out);
}

static bool call_strdt(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    if (arguments[0].type != VALUE_STRING || arguments[1].type != VALUE_IRI)
        return false;
    KgTerm term = {.kind = KG_LITERAL, .text = arguments[0].term.text};
    if (!text_is(arguments[1].term.text, XSD "string"))
        term.datatype = arguments[1].term.text;
    sparql_value_decode(&term, out);
    return true;
}

static bool call_strlang(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    if (arguments[0].type != VALUE_STRING || arguments[1].type != VALUE_STRING || arguments[1].term.text.length == 0)
        return false;
    const KgText tag = arguments[1].term.text;
    char *const lower = base_arena_copy(&eval->scratch, tag.bytes, tag.length);
    if (!lower)
        return sparql_eval_no_memory(eval);
    for (char *c = lower; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-'))
            return false;
    }
    const KgTerm term = {.kind = KG_LITERAL, .text = arguments[0].term.text, .language = {lower, tag.length}};
    sparql_value_decode(&term, out);
    return true;
}

static bool call_same_term(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    if (!sparql_value_term(&arguments[0], &eval->scratch) || !sparql_value_term(&arguments[1], &eval->scratch))
        return sparql_eval_no_memory(eval);
    *out = sparql_value_boolean(sparql_value_same(&arguments[0], &arguments[1]));
    return true;
}

static bool call_is_iri(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    *out = sparql_value_boolean(arguments[0].type == VALUE_IRI);
    return true;
}

static bool call_is_blank(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    *out = sparql_value_boolean(arguments[0].type == VALUE_BLANK);
    return true;
}

static bool call_is_literal(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    *out = sparql_value_boolean(value_is_literal(&arguments[0]));
    return true;
}

static bool call_is_numeric(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    *out = sparql_value_boolean(value_is_numeric(&arguments[0]));
    return true;
}

/* A version 4 UUID of RFC 4122 into `out`, 36 bytes and a NUL. */
static void make_uuid(Eval *eval, char out[37])
{
    const uint64_t high = (base_random_next(&eval->random) & ~(uint64_t)0xf000) | 0x4000;
    const uint64_t low = (base_random_next(&eval->random) >> 2) | (uint64_t)1 << 63;
    snprintf(out, 37, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff),
             (unsigned)(high & 0xffff), (unsigned)(low >> 48), (unsigned long long)(low & 0xffffffffffff));
}

static bool call_uuid(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)arguments;
    (void)count;
    char text[9 + 37] = "urn:uuid:";
    make_uuid(eval, text + 9);
    const char *const copy = base_arena_copy(&eval->scratch, text, 45);
    *out = sparql_value_iri((KgText){copy, 45});
    return copy || sparql_eval_no_memory(eval);
}

static bool call_struuid(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)arguments;
    (void)count;
    char text[37];
    make_uuid(eval, text);
    const char *const copy = base_arena_copy(&eval->scratch, text, 36);
    *out = sparql_value_string((KgText){copy, 36});
    return copy || sparql_eval_no_memory(eval);
}

/* ---- Numbers ---- */

static bool round_number(Value *value, Rounding rounding, Value *out)
{
    if (!value_is_numeric(value))
        return false;
    if (value->type <= VALUE_DECIMAL) {
        *out = sparql_value_exact(value->type, sparql_exact_round(value->as.exact, rounding));
        return true;
    }
    const double x = value->as.number;
    const double rounded = rounding == ROUND_UP ? ceil(x) : rounding == ROUND_DOWN ? floor(x) : floor(x + 0.5);
    *out = sparql_value_double(value->type, rounded);
    return true;
}

static bool call_ceil(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    return round_number(&arguments[0], ROUND_UP, out);
}

static bool call_floor(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    return round_number(&arguments[0], ROUND_DOWN, out);
}

static bool call_round(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    return round_number(&arguments[0], ROUND_HALF_UP, out);
}

static bool call_abs(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    if (!value_is_numeric(&arguments[0]))
        return false;
    if (arguments[0].type > VALUE_DECIMAL) {
        *out = sparql_value_double(arguments[0].type, fabs(arguments[0].as.number));
        return true;
    }
    const Exact number = arguments[0].as.exact;
    *out = sparql_value_exact(arguments[0].type, number.mantissa < 0 ? sparql_exact_negate(number) : number);
    return true;
}

static bool call_rand(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)arguments;
    (void)count;
    *out = sparql_value_double(VALUE_DOUBLE, base_random_unit(&eval->random));
    return true;
}

/* ---- Dates and times ---- */

static const Moment *moment_of(const Value *value)
{
    return value->type == VALUE_DATETIME || value->type == VALUE_DATE ? &value->as.moment : NULL;
}

static bool call_now(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)arguments;
    (void)count;
    char text[64];
    const time_t seconds = (time_t)(eval->now / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    length += (size_t)snprintf(text + length, sizeof text - length, ".%03dZ", (int)(eval->now / 1000 % 1000));
    const char *const copy = base_arena_copy(&eval->scratch, text, length);
    if (!copy)
        return sparql_eval_no_memory(eval);
    sparql_value_decode(&(KgTerm){.kind = KG_LITERAL, .text = {copy, length}, .datatype = KG_TEXT(XSD "dateTime")},
                        out);
    return true;
}

static bool call_year(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    const Moment *const moment = moment_of(&arguments[0]);
    if (moment)
        *out = sparql_value_integer(moment->year);
    return moment != NULL;
}

static bool call_month(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    const Moment *const moment = moment_of(&arguments[0]);
    if (moment)
        *out = sparql_value_integer(moment->month);
    return moment != NULL;
}

static bool call_day(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    const Moment *const moment = moment_of(&arguments[0]);
    if (moment)
        *out = sparql_value_integer(moment->day);
    return moment != NULL;
}

static bool call_hours(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    *out = sparql_value_integer(arguments[0].as.moment.hour);
    return arguments[0].type == VALUE_DATETIME;
}

static bool call_minutes(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    *out = sparql_value_integer(arguments[0].as.moment.minute);
    return arguments[0].type == VALUE_DATETIME;
}

/* A decimal, printed as whole seconds are written: 1, 1.5. */
static bool call_seconds(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    if (arguments[0].type != VALUE_DATETIME)
        return false;
    Exact seconds;
    if (!sparql_exact_divide((Exact){.mantissa = arguments[0].as.moment.nanoseconds}, (Exact){.mantissa = 1000000000},
                             &seconds))
        return false;
    *out = sparql_value_exact(VALUE_DECIMAL, seconds);
    if (seconds.scale == 0) {
        char text[EXACT_TEXT];
        const size_t length = sparql_exact_format(seconds, false, text);
        out->term.text = (KgText){base_arena_copy(&eval->scratch, text, length), length};
        if (!out->term.text.bytes)
            return sparql_eval_no_memory(eval);
    }
    return true;
}

/* An xsd:dayTimeDuration: PT0S, -PT8H, PT5H30M. */
static bool call_timezone(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    const Moment *const moment = moment_of(&arguments[0]);
    if (!moment || !moment->has_zone)
        return false;
    const int zone = abs(moment->zone), hours = zone / 60, minutes = zone % 60;
    char text[32];
    size_t length = (size_t)snprintf(text, sizeof text, "%sPT", moment->zone < 0 ? "-" : "");
    if (hours)
        length += (size_t)snprintf(text + length, sizeof text - length, "%dH", hours);
    if (minutes)
        length += (size_t)snprintf(text + length, sizeof text - length, "%dM", minutes);
    if (zone == 0)
        length += (size_t)snprintf(text + length, sizeof text - length, "0S");
    const char *const copy = base_arena_copy(&eval->scratch, text, length);
    if (!copy)
        return sparql_eval_no_memory(eval);
    sparql_value_decode(
        &(KgTerm){.kind = KG_LITERAL, .text = {copy, length}, .datatype = KG_TEXT(XSD "dayTimeDuration")}, out);
    return true;
}

/* The zone as it is written: "Z", "-05:00" or "". */
static bool call_tz(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    const Moment *const moment = moment_of(&arguments[0]);
    if (!moment)
        return false;
    if (!sparql_value_term(&arguments[0], &eval->scratch))
        return sparql_eval_no_memory(eval);
    KgText text = arguments[0].term.text;
    while (text.length > 0 && strchr(" \t\r\n", text.bytes[text.length - 1]))
        text.length--;
    const size_t length = !moment->has_zone ? 0 : text.bytes[text.length - 1] == 'Z' ? 1 : 6;
    *out = sparql_value_string((KgText){text.bytes + text.length - length, length});
    return true;
}

/* ---- The table ---- */

static const Builtin builtins[] = {
    {"STR", 1, 1, BUILTIN_PLAIN, sparql_call_str},
    {"LANG", 1, 1, BUILTIN_PLAIN, call_lang},
    {"LANGMATCHES", 2, 2, BUILTIN_PLAIN, sparql_call_langmatches},
    {"DATATYPE", 1, 1, BUILTIN_PLAIN, call_datatype},
    {"BOUND", 1, 1, BUILTIN_BOUND, NULL},
    {"IRI", 1, 1, BUILTIN_PLAIN, call_iri},
    {"URI", 1, 1, BUILTIN_PLAIN, call_iri},
    {"BNODE", 0, 1, BUILTIN_VOLATILE, call_bnode},
    {"RAND", 0, 0, BUILTIN_VOLATILE, call_rand},
    {"ABS", 1, 1, BUILTIN_PLAIN, call_abs},
    {"CEIL", 1, 1, BUILTIN_PLAIN, call_ceil},
    {"FLOOR", 1, 1, BUILTIN_PLAIN, call_floor},
    {"ROUND", 1, 1, BUILTIN_PLAIN, call_round},
    {"CONCAT", 0, BUILTIN_ANY, BUILTIN_PLAIN, sparql_call_concat},
    {"STRLEN", 1, 1, BUILTIN_PLAIN, sparql_call_strlen},
    {"UCASE", 1, 1, BUILTIN_PLAIN, sparql_call_ucase},
    {"LCASE", 1, 1, BUILTIN_PLAIN, sparql_call_lcase},
    {"ENCODE_FOR_URI", 1, 1, BUILTIN_PLAIN, sparql_call_encode_for_uri},
    {"CONTAINS", 2, 2, BUILTIN_PLAIN, sparql_call_contains},
    {"STRSTARTS", 2, 2, BUILTIN_PLAIN, sparql_call_strstarts},
    {"STRENDS", 2, 2, BUILTIN_PLAIN, sparql_call_strends},
    {"STRBEFORE", 2, 2, BUILTIN_PLAIN, sparql_call_strbefore},
    {"STRAFTER", 2, 2, BUILTIN_PLAIN, sparql_call_strafter},
    {"SUBSTR", 2, 3, BUILTIN_PLAIN, sparql_call_substr},
    {"REGEX", 2, 3, BUILTIN_PLAIN, sparql_call_regex},
    {"REPLACE", 3, 4, BUILTIN_PLAIN, sparql_call_replace},
    {"YEAR", 1, 1, BUILTIN_PLAIN, call_year},
    {"MONTH", 1, 1, BUILTIN_PLAIN, call_month},
    {"DAY", 1, 1, BUILTIN_PLAIN, call_day},
    {"HOURS", 1, 1, BUILTIN_PLAIN, call_hours},
    {"MINUTES", 1, 1, BUILTIN_PLAIN, call_minutes},
    {"SECONDS", 1, 1, BUILTIN_PLAIN, call_seconds},
    {"TIMEZONE", 1, 1, BUILTIN_PLAIN, call_timezone},
    {"TZ", 1, 1, BUILTIN_PLAIN, call_tz},
    {"NOW", 0, 0, BUILTIN_PLAIN, call_now},
    {"UUID", 0, 0, BUILTIN_VOLATILE, call_uuid},
    {"STRUUID", 0, 0, BUILTIN_VOLATILE, call_struuid},
    {"MD5", 1, 1, BUILTIN_PLAIN, sparql_call_md5},
    {"SHA1", 1, 1, BUILTIN_PLAIN, sparql_call_sha1},
    {"SHA256", 1, 1, BUILTIN_PLAIN, sparql_call_sha256},
    {"SHA384", 1, 1, BUILTIN_PLAIN, sparql_call_sha384},
    {"SHA512", 1, 1, BUILTIN_PLAIN, sparql_call_sha512},
    {"COALESCE", 0, BUILTIN_ANY, BUILTIN_COALESCE, NULL},
    {"IF", 3, 3, BUILTIN_IF, NULL},
    {"STRLANG", 2, 2, BUILTIN_PLAIN, call_strlang},
    {"STRDT", 2, 2, BUILTIN_PLAIN, call_strdt},
    {"SAMETERM", 2, 2, BUILTIN_PLAIN, call_same_term},
    {"ISIRI", 1, 1, BUILTIN_PLAIN, call_is_iri},
    {"ISURI", 1, 1, BUILTIN_PLAIN, call_is_iri},
    {"ISBLANK", 1, 1, BUILTIN_PLAIN, call_is_blank},
    {"ISLITERAL", 1, 1, BUILTIN_PLAIN, call_is_literal},
    {"ISNUMERIC", 1, 1, BUILTIN_PLAIN, call_is_numeric},
};

#define BUILTINS (sizeof builtins / sizeof *builtins)

static const Builtin casts[] = {
    {XSD "boolean", 1, 1, BUILTIN_PLAIN, sparql_cast_boolean},
    {XSD "double", 1, 1, BUILTIN_PLAIN, sparql_cast_double},
    {XSD "float", 1, 1, BUILTIN_PLAIN, sparql_cast_float},
    {XSD "decimal", 1, 1, BUILTIN_PLAIN, sparql_cast_decimal},
    {XSD "integer", 1, 1, BUILTIN_PLAIN, sparql_cast_integer},
    {XSD "dateTime", 1, 1, BUILTIN_PLAIN, sparql_cast_datetime},
    {XSD "date", 1, 1, BUILTIN_PLAIN, sparql_cast_date},
    {XSD "string", 1, 1, BUILTIN_PLAIN, sparql_cast_string},
};

const Builtin *sparql_find_builtin(KgText name)
{
    for (size_t i = 0; i < BUILTINS; i++)
        if (strlen(builtins[i].name) == name.length && strncasecmp(builtins[i].name, name.bytes, name.length) == 0)
            return &builtins[i];
    return NULL;
}

const char *sparql_nearest_builtin(KgText name)
{
    const char *names[BUILTINS];
    char word[32];
    if (name.length >= sizeof word)
        return NULL;
    for (size_t i = 0; i < name.length; i++)
        word[i] = name.bytes[i] >= 'a' && name.bytes[i] <= 'z' ? (char)(name.bytes[i] - 'a' + 'A') : name.bytes[i];
    word[name.length] = '\0';
    for (size_t i = 0; i < BUILTINS; i++)
        names[i] = builtins[i].name;
    return base_nearest(word, names, BUILTINS);
}

const Builtin *sparql_find_cast(KgText iri)
{
    for (size_t i = 0; i < sizeof casts / sizeof *casts; i++)
        if (text_is(iri, casts[i].name))
            return &casts[i];
    return NULL;
}
