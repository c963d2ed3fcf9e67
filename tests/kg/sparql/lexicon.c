/* lexicon.c - see lexicon.h. */
#include "lexicon.h"

#include <math.h>
#include <time.h>

#define XSD_NAMESPACE "http://www.w3.org/2001/XMLSchema#"

static bool has_type(const KgTerm *term, const char *name)
{
    char iri[128];
    const int length = snprintf(iri, sizeof iri, XSD_NAMESPACE "%s", name);
    return term->datatype.length == (size_t)length && memcmp(term->datatype.bytes, iri, (size_t)length) == 0;
}

/* [+-]digits[.digits], up to FIXED_DIGITS of them behind the point and few before it. */
static bool read_fixed(const char *text, bool is_decimal, Fixed *out)
{
    const bool is_negative = *text == '-';
    Fixed number = 0, unit = 1;
    int digits = 0, places = -1; /* places: digits behind the point */
    text += *text == '-' || *text == '+';
    for (; *text; text++) {
        if (*text == '.' && is_decimal && places < 0) {
            places = 0;
            continue;
        }
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (*text - '0');
        places += places >= 0;
        digits++;
    }
    for (int i = places < 0 ? 0 : places; i < FIXED_DIGITS; i++)
        unit *= 10;
    *out = is_negative ? -number * unit : number * unit;
    places = places < 0 ? 0 : places;
    return digits > 0 && digits < 20 + places;
}

static bool read_double(const char *text, double *out)
{
    char *end;
    if (strcmp(text, "NaN") == 0 || strcmp(text, "INF") == 0 || strcmp(text, "-INF") == 0) {
        *out = *text == 'N' ? (double)NAN : *text == 'I' ? (double)INFINITY : -(double)INFINITY;
        return true;
    }
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    *out = strtod(text, &end);
    return *end == '\0';
}

/* YYYY-MM-DD[Thh:mm:ss[Z|+hh:mm]]: all that the worlds have. */
static bool read_moment(const char *text, bool has_time, Word *out)
{
    struct tm tm = {0};
    int year, month, day, hour = 0, minute = 0, second = 0, length = 0, zone_hours = 0, zone_minutes = 0;
    char sign = '+';
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &length) != 3 || length != 10)
        return false;
    text += length;
    if (has_time) {
        if (sscanf(text, "T%2d:%2d:%2d%n", &hour, &minute, &second, &length) != 3 || length != 9)
            return false;
        text += length;
        out->has_zone = *text != '\0';
        if (*text == 'Z')
            text++;
        else if (*text && (sscanf(text, "%c%2d:%2d", &sign, &zone_hours, &zone_minutes) != 3 || !(text += 6)))
            return false;
    }
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = second;
    const int zone = (zone_hours * 60 + zone_minutes) * 60 * (sign == '-' ? -1 : 1);
    out->seconds = (int64_t)timegm(&tm) - zone;
    return *text == '\0' && tm.tm_mday == day;
}

static void read_literal(Word *word)
{
    const KgTerm *const term = &word->term;
    const char *const text = term->text.bytes;
    word->class = CLASS_OTHER;
    if (term->language.length > 0) {
        word->class = CLASS_LANGUAGE;
    } else if (term->datatype.length == 0) {
        word->class = CLASS_STRING;
    } else if (has_type(term, "boolean")) {
        word->truth = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
        word->is_bad_xsd = !word->truth && strcmp(text, "false") != 0 && strcmp(text, "0") != 0;
        word->class = word->is_bad_xsd ? CLASS_OTHER : CLASS_BOOLEAN;
    } else if (has_type(term, "integer") || has_type(term, "int")) {
        word->is_bad_xsd = !read_fixed(text, false, &word->fixed);
        word->class = word->is_bad_xsd ? CLASS_OTHER : CLASS_INTEGER;
    } else if (has_type(term, "decimal")) {
        word->is_bad_xsd = !read_fixed(text, true, &word->fixed);
        word->class = word->is_bad_xsd ? CLASS_OTHER : CLASS_DECIMAL;
    } else if (has_type(term, "double")) {
        word->is_bad_xsd = !read_double(text, &word->number);
        word->class = word->is_bad_xsd ? CLASS_OTHER : CLASS_DOUBLE;
    } else if (has_type(term, "dateTime")) {
        word->class = read_moment(text, true, word) ? CLASS_DATETIME : CLASS_OTHER;
    } else if (has_type(term, "date")) {
        word->class = read_moment(text, false, word) ? CLASS_DATE : CLASS_OTHER;
    }
}

static KgText keep(Lexicon *lexicon, KgText text)
{
    const char *const copy = base_arena_copy(&lexicon->texts, text.bytes ? text.bytes : "", text.length);
    assert_non_null(copy);
    return (KgText){copy, text.length};
}

static uint64_t hash_term(const KgTerm *term)
{
    uint64_t hash = base_hash(term->text.bytes ? term->text.bytes : "", term->text.length, (uint64_t)term->kind);
    hash = base_hash(term->datatype.bytes ? term->datatype.bytes : "", term->datatype.length, hash);
    hash = base_hash(term->language.bytes ? term->language.bytes : "", term->language.length, hash);
    return hash == BASE_NO_KEY ? 0 : hash;
}

/* The hash stands for the term: 64 bits and a few thousand terms. */
int add_term(Lexicon *lexicon, const KgTerm *term)
{
    bool is_new;
    const uint64_t *const number = base_map_put(&lexicon->numbers, hash_term(term), lexicon->count, &is_new);
    assert_non_null(number);
    if (!is_new)
        return (int)*number;
    Word word = {.term = {.kind = term->kind,
                          .text = keep(lexicon, term->text),
                          .datatype = keep(lexicon, term->datatype),
                          .language = keep(lexicon, term->language)}};
    if (term->kind == KG_LITERAL)
        read_literal(&word);
    else
        word.class = term->kind == KG_IRI ? CLASS_IRI : CLASS_BLANK;
    assert_true(BASE_PUSH(lexicon, word));
    return (int)lexicon->count - 1;
}

static KgText text_of(const char *text)
{
    return (KgText){text, strlen(text)};
}

int add_iri(Lexicon *lexicon, const char *iri)
{
    return add_term(lexicon, &(KgTerm){.kind = KG_IRI, .text = text_of(iri)});
}

int add_blank(Lexicon *lexicon, const char *label)
{
    return add_term(lexicon, &(KgTerm){.kind = KG_BLANK, .text = text_of(label)});
}

int add_typed(Lexicon *lexicon, const char *text, const char *xsd_type)
{
    char iri[128];
    snprintf(iri, sizeof iri, XSD_NAMESPACE "%s", xsd_type);
    return add_term(
        lexicon,
        &(KgTerm){.kind = KG_LITERAL, .text = text_of(text), .datatype = *xsd_type ? text_of(iri) : (KgText){"", 0}});
}

int add_language(Lexicon *lexicon, const char *text, const char *language)
{
    return add_term(lexicon, &(KgTerm){.kind = KG_LITERAL, .text = text_of(text), .language = text_of(language)});
}

int add_string(Lexicon *lexicon, KgText text)
{
    return add_term(lexicon, &(KgTerm){.kind = KG_LITERAL, .text = text});
}

int add_boolean(Lexicon *lexicon, bool truth)
{
    return add_typed(lexicon, truth ? "true" : "false", "boolean");
}

/* Canonical: "-3", "2.0", "0.25". */
int add_fixed(Lexicon *lexicon, Fixed number, bool is_decimal)
{
    const Fixed unit = 1000000000000000000;
    const Fixed size = number < 0 ? -number : number;
    char text[80];
    int length = snprintf(text, sizeof text, "%s%llu.%018llu", number < 0 ? "-" : "", (unsigned long long)(size / unit),
                          (unsigned long long)(size % unit));
    while (text[length - 1] == '0' && text[length - 2] != '.')
        text[--length] = '\0';
    if (!is_decimal)
        *strchr(text, '.') = '\0';
    return add_typed(lexicon, text, is_decimal ? "decimal" : "integer");
}

/* Canonical: the shortest mantissa that reads back, one digit before the point. */
int add_double(Lexicon *lexicon, double number)
{
    char digits[64], text[80];
    if (isnan(number) || isinf(number))
        return add_typed(lexicon, isnan(number) ? "NaN" : number > 0 ? "INF" : "-INF", "double");
    for (int precision = 0; precision < 18; precision++) {
        snprintf(digits, sizeof digits, "%.*e", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    const char *const mark = strchr(digits, 'e');
    const int length = (int)(mark - digits);
    snprintf(text, sizeof text, "%.*s%sE%d", length, digits, memchr(digits, '.', (size_t)length) ? "" : ".0",
             atoi(mark + 1));
    return add_typed(lexicon, text, "double");
}

void free_lexicon(Lexicon *lexicon)
{
    free(lexicon->items);
    base_arena_free(&lexicon->texts);
    base_map_free(&lexicon->numbers);
    *lexicon = (Lexicon){0};
}

void write_word(FILE *out, const Lexicon *lexicon, int term)
{
    BaseBuffer buffer = {0};
    const KgTerm *const word = &lexicon->items[term].term;
    if (word->kind == KG_IRI && strncmp(word->text.bytes, KG_NAME_SCHEME, 3) == 0) {
        fprintf(out, ":%s", word->text.bytes + 3);
        return;
    }
    assert_true(kg_format_term(word, KG_SYNTAX_NTRIPLES, &buffer));
    fwrite(buffer.items, 1, buffer.count, out);
    base_buffer_free(&buffer);
}
