/* Values of literals (XML Schema 1.1 Part 2; OWL 2 Structural Specification, section 4): each has a key, a letter for
 * its primitive value space and a canonical text. Whitespace is not taken off first: RDF 1.1 has it so.
 *     n  decimals of any derived type    f  float    d  double    b  boolean    s  strings    l  language-tagged
 *     h  hexBinary    6  base64Binary    u  anyURI    t  dateTime    x  XMLLiteral, whose text is not looked at */
#include "reasoner/rulesets/datatypes.h"

#include "reasoner/program.h"
#include "reasoner/rulesets/rulesets.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

VocabularyTerm ruleset_datatype(KgText iri)
{
    for (uint32_t v = 0; v < VOCABULARY_COUNT; v++) {
        const char *const known = ruleset_is_datatype(v) ? ruleset_vocabulary_iri(v) : "";
        if (iri.length == strlen(known) && iri.length > 0 && memcmp(known, iri.bytes, iri.length) == 0)
            return (VocabularyTerm)v;
    }
    return VOCABULARY_COUNT;
}

/* ---- Numbers ------------------------------------------------------------------------------------------------- */

static size_t digits_at(const char *text)
{
    size_t count = 0;
    while (text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

/* [+-]?digits[.digits] with a digit somewhere, as -?digits[.digits] without needless zeros. */
static LiteralState decimal_key(const char *text, bool has_point, BaseBuffer *key, bool *is_fine)
{
    const bool is_negative = *text == '-';
    const char *whole = text + (*text == '-' || *text == '+');
    size_t whole_length = digits_at(whole), fraction_length = 0;
    const char *rest = whole + whole_length, *fraction = rest;
    if (has_point && *rest == '.') {
        fraction = rest + 1;
        fraction_length = digits_at(fraction);
        rest = fraction + fraction_length;
    }
    if (*rest || whole_length + fraction_length == 0)
        return LITERAL_ILL_FORMED;
    for (; whole_length > 0 && *whole == '0'; whole++)
        whole_length--;
    while (fraction_length > 0 && fraction[fraction_length - 1] == '0')
        fraction_length--;
    const bool is_zero = whole_length + fraction_length == 0;
    *is_fine = base_buffer_format(key, "n%s%.*s", is_negative && !is_zero ? "-" : "",
                                  (int)(whole_length ? whole_length : 1), whole_length ? whole : "0") &&
               (fraction_length == 0 || base_buffer_format(key, ".%.*s", (int)fraction_length, fraction));
    return LITERAL_VALUE;
}

/* Compares the whole numbers of two keys, -?digits. */
static int compare_whole(const char *a, const char *b)
{
    const bool is_a_negative = *a == '-', is_b_negative = *b == '-';
    if (is_a_negative != is_b_negative)
        return is_a_negative ? -1 : 1;
    const size_t a_length = strlen(a), b_length = strlen(b);
    const int bigger = a_length != b_length ? (a_length < b_length ? -1 : 1) : strcmp(a, b);
    return is_a_negative ? -bigger : bigger;
}

typedef struct Bounds {
    VocabularyTerm datatype;
    const char *low, *high; /* NULL: none */
} Bounds;
static const Bounds integers[] = {
    {V_XSD_INTEGER, NULL, NULL},
    {V_XSD_NON_NEGATIVE, "0", NULL},
    {V_XSD_NON_POSITIVE, NULL, "0"},
    {V_XSD_POSITIVE, "1", NULL},
    {V_XSD_NEGATIVE, NULL, "-1"},
    {V_XSD_LONG, "-9223372036854775808", "9223372036854775807"},
    {V_XSD_INT, "-2147483648", "2147483647"},
    {V_XSD_SHORT, "-32768", "32767"},
    {V_XSD_BYTE, "-128", "127"},
    {V_XSD_UNSIGNED_LONG, "0", "18446744073709551615"},
    {V_XSD_UNSIGNED_INT, "0", "4294967295"},
    {V_XSD_UNSIGNED_SHORT, "0", "65535"},
    {V_XSD_UNSIGNED_BYTE, "0", "255"},
};

static const Bounds *bounds_of(VocabularyTerm datatype)
{
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (integers[i].datatype == datatype)
            return &integers[i];
    return NULL;
}

static bool is_within(const char *number, const Bounds *bounds)
{
    return !strchr(number, '.') && (!bounds->low || compare_whole(number, bounds->low) >= 0) &&
           (!bounds->high || compare_whole(number, bounds->high) <= 0);
}

static bool is_floating(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    const size_t whole = digits_at(at);
    size_t fraction = 0;
    at += whole;
    if (*at == '.') {
        fraction = digits_at(at + 1);
        at += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        if (digits_at(at) == 0)
            return false;
        at += digits_at(at);
    }
    return !*at;
}

/* Zeros of either sign are different values, as they are in RDF. */
static LiteralState floating_key(const char *text, bool is_double, BaseBuffer *key, bool *is_fine)
{
    const char space = is_double ? 'd' : 'f';
    static const char *const names[] = {"INF", "+INF", "-INF", "NaN"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *is_fine = base_buffer_format(key, "%c%s", space, i == 2 ? "-inf" : i == 3 ? "nan" : "inf");
            return LITERAL_VALUE;
        }
    if (!is_floating(text))
        return LITERAL_ILL_FORMED;
    const double value = is_double ? strtod(text, NULL) : (double)strtof(text, NULL);
    *is_fine = isinf(value) ? base_buffer_format(key, "%c%s", space, value < 0 ? "-inf" : "inf")
                            : base_buffer_format(key, "%c%a", space, value);
    return LITERAL_VALUE;
}

/* ---- Times --------------------------------------------------------------------------------------------------- */

/* Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
 */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    const int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

/* Z, [+-]hh:mm or nothing, in minutes; false: something else. */
static bool read_zone(const char *text, bool *has_zone, int *minutes)
{
    int hours = 0, rest = 0, length = 0;
    *has_zone = *text != '\0';
    *minutes = 0;
    if (!*text || strcmp(text, "Z") == 0)
        return true;
    if ((*text != '+' && *text != '-') || strlen(text) != 6 || digits_at(text + 1) != 2 ||
        sscanf(text + 1, "%2d:%2d%n", &hours, &rest, &length) != 2 || length != 5 || rest > 59 ||
        hours * 60 + rest > 14 * 60)
        return false;
    *minutes = (hours * 60 + rest) * (*text == '-' ? -1 : 1);
    return true;
}

static LiteralState time_key(const char *text, bool needs_zone, BaseBuffer *key, bool *is_fine)
{
    const bool is_negative = *text == '-';
    const char *at = text + is_negative;
    const size_t year_digits = digits_at(at);
    int month, day, hour, minute, second, length = 0, zone;
    if (year_digits < 4 || year_digits > 9 || (year_digits > 4 && *at == '0'))
        return LITERAL_ILL_FORMED;
    const int64_t year = strtoll(at, NULL, 10) * (is_negative ? -1 : 1);
    at += year_digits;
    if (strlen(at) < 15 || sscanf(at, "-%2d-%2dT%2d:%2d:%2d%n", &month, &day, &hour, &minute, &second, &length) != 5 ||
        length != 15)
        return LITERAL_ILL_FORMED;
    for (int i = 0; i < 15; i++)
        if (i % 3 != 0 && !isdigit((unsigned char)at[i]))
            return LITERAL_ILL_FORMED;
    at += 15;
    size_t fraction = *at == '.' ? digits_at(at + 1) : 0;
    const char *const fraction_at = at + 1, *const zone_at = at + (*at == '.' ? 1 + fraction : 0);
    bool has_zone;
    if ((*at == '.' && fraction == 0) || !read_zone(zone_at, &has_zone, &zone) || (needs_zone && !has_zone))
        return LITERAL_ILL_FORMED;
    while (fraction > 0 && fraction_at[fraction - 1] == '0')
        fraction--;
    const bool is_midnight = hour == 24 && minute == 0 && second == 0 && fraction == 0;
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || (hour > 23 && !is_midnight) ||
        minute > 59 || second > 59)
        return LITERAL_ILL_FORMED;
    const int64_t moment = ((days_of(year, month, day) * 24 + hour) * 60 + minute - zone) * 60 + second;
    *is_fine =
        base_buffer_format(key, "t%c%lld.%.*s", has_zone ? 'z' : '-', (long long)moment, (int)fraction, fraction_at);
    return LITERAL_VALUE;
}

/* ---- Texts --------------------------------------------------------------------------------------------------- */

static bool is_normalized(const char *text)
{
    return !strpbrk(text, "\t\n\r");
}

static bool is_token(const char *text)
{
    const size_t length = strlen(text);
    return is_normalized(text) && !strstr(text, "  ") && (length == 0 || (*text != ' ' && text[length - 1] != ' '));
}

/* Letters beyond ASCII are taken as name characters. */
static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || strchr("._-:", c);
}

static bool is_nmtoken(const char *text)
{
    for (const char *at = text; *at; at++)
        if (!is_name_character(*at))
            return false;
    return *text != '\0';
}

static bool is_xml_name(const char *text)
{
    return is_nmtoken(text) && !isdigit((unsigned char)*text) && *text != '-' && *text != '.';
}

/* [a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})* */
static bool is_language(const char *text)
{
    size_t length = 0;
    bool is_first = true;
    for (const char *at = text;; at++) {
        if (*at == '-' || !*at) {
            if (length < 1 || length > 8)
                return false;
            if (!*at)
                return true;
            length = 0;
            is_first = false;
        } else if (is_first ? isalpha((unsigned char)*at) : isalnum((unsigned char)*at)) {
            length++;
        } else {
            return false;
        }
    }
}

static bool is_text_in(const char *text, VocabularyTerm datatype)
{
    switch ((int)datatype) {
    case V_XSD_STRING:
    case V_PLAIN_LITERAL:
        return true;
    case V_XSD_NORMALIZED:
        return is_normalized(text);
    case V_XSD_TOKEN:
        return is_token(text);
    case V_XSD_LANGUAGE:
        return is_language(text);
    case V_XSD_NMTOKEN:
        return is_nmtoken(text);
    case V_XSD_NAME:
        return is_xml_name(text);
    case V_XSD_NCNAME:
        return is_xml_name(text) && !strchr(text, ':');
    default:
        return false;
    }
}

static LiteralState text_key(const char *text, VocabularyTerm datatype, BaseBuffer *key, bool *is_fine)
{
    if (!is_text_in(text, datatype))
        return LITERAL_ILL_FORMED;
    *is_fine = base_buffer_format(key, "s%s", text);
    return LITERAL_VALUE;
}

static LiteralState hex_key(const char *text, BaseBuffer *key, bool *is_fine)
{
    *is_fine = base_buffer_add(key, "h", 1);
    for (const char *at = text; *at && *is_fine; at++) {
        const char upper = (char)toupper((unsigned char)*at);
        if (!isxdigit((unsigned char)*at))
            return LITERAL_ILL_FORMED;
        *is_fine = base_buffer_add(key, &upper, 1);
    }
    return strlen(text) % 2 ? LITERAL_ILL_FORMED : LITERAL_VALUE;
}

/* Blanks between the characters say nothing. */
static LiteralState base64_key(const char *text, BaseBuffer *key, bool *is_fine)
{
    size_t count = 0, padding = 0;
    *is_fine = base_buffer_add(key, "6", 1);
    for (const char *at = text; *at && *is_fine; at++) {
        if (*at == ' ')
            continue;
        if (*at == '=' ? ++padding > 2 : padding > 0 || !(isalnum((unsigned char)*at) || strchr("+/", *at)))
            return LITERAL_ILL_FORMED;
        count++;
        *is_fine = base_buffer_add(key, at, 1);
    }
    return count % 4 ? LITERAL_ILL_FORMED : LITERAL_VALUE;
}

/* ---- All ----------------------------------------------------------------------------------------------------- */

static LiteralState boolean_key(const char *text, BaseBuffer *key, bool *is_fine)
{
    const bool is_true = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!is_true && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return LITERAL_ILL_FORMED;
    *is_fine = base_buffer_add(key, is_true ? "b1" : "b0", 2);
    return LITERAL_VALUE;
}

static LiteralState typed_key(const char *text, VocabularyTerm datatype, BaseBuffer *key, bool *is_fine)
{
    const Bounds *const bounds = bounds_of(datatype);
    if (bounds) {
        const LiteralState state = decimal_key(text, false, key, is_fine);
        return state == LITERAL_VALUE && *is_fine && !is_within(key->items + 1, bounds) ? LITERAL_ILL_FORMED : state;
    }
    switch ((int)datatype) {
    case V_XSD_DECIMAL:
        return decimal_key(text, true, key, is_fine);
    case V_XSD_FLOAT:
    case V_XSD_DOUBLE:
        return floating_key(text, datatype == V_XSD_DOUBLE, key, is_fine);
    case V_XSD_BOOLEAN:
        return boolean_key(text, key, is_fine);
    case V_XSD_HEX:
        return hex_key(text, key, is_fine);
    case V_XSD_BASE64:
        return base64_key(text, key, is_fine);
    case V_XSD_DATE_TIME:
    case V_XSD_DATE_TIME_STAMP:
        return time_key(text, datatype == V_XSD_DATE_TIME_STAMP, key, is_fine);
    case V_XSD_ANY_URI:
    case V_XML_LITERAL:
        *is_fine = base_buffer_format(key, "%c%s", datatype == V_XSD_ANY_URI ? 'u' : 'x', text);
        return LITERAL_VALUE;
    default:
        return text_key(text, datatype, key, is_fine);
    }
}

LiteralState ruleset_literal_key(const KgTerm *literal, BaseBuffer *key, bool *has_memory)
{
    key->count = 0;
    *has_memory = true;
    if (literal->language.length > 0) {
        *has_memory = base_buffer_format(key, "l%.*s@%.*s", (int)literal->text.length, literal->text.bytes,
                                         (int)literal->language.length, literal->language.bytes);
        return LITERAL_VALUE;
    }
    const VocabularyTerm datatype = literal->datatype.length ? ruleset_datatype(literal->datatype) : V_XSD_STRING;
    if (datatype == VOCABULARY_COUNT || datatype == V_LANG_STRING)
        return LITERAL_UNKNOWN;
    char *const text = strndup(literal->text.length ? literal->text.bytes : "", literal->text.length);
    bool is_fine = text != NULL;
    const LiteralState state = text ? typed_key(text, datatype, key, &is_fine) : LITERAL_UNKNOWN;
    free(text);
    *has_memory = is_fine;
    return state;
}

bool ruleset_key_is_in(const char *key, VocabularyTerm datatype)
{
    const Bounds *const bounds = bounds_of(datatype);
    if (datatype == V_LITERAL)
        return true;
    if (bounds)
        return *key == 'n' && is_within(key + 1, bounds);
    switch ((int)datatype) {
    case V_XSD_DECIMAL:
        return *key == 'n';
    case V_XSD_FLOAT:
        return *key == 'f';
    case V_XSD_DOUBLE:
        return *key == 'd';
    case V_XSD_BOOLEAN:
        return *key == 'b';
    case V_XSD_HEX:
        return *key == 'h';
    case V_XSD_BASE64:
        return *key == '6';
    case V_XSD_ANY_URI:
        return *key == 'u';
    case V_XML_LITERAL:
        return *key == 'x';
    case V_LANG_STRING:
        return *key == 'l';
    case V_PLAIN_LITERAL:
        return *key == 'l' || *key == 's';
    case V_XSD_DATE_TIME:
        return *key == 't';
    case V_XSD_DATE_TIME_STAMP:
        return *key == 't' && key[1] == 'z';
    default:
        return *key == 's' && is_text_in(key + 1, datatype);
    }
}
