/* serve_form.c - parameters and media types of requests. They come from anybody: what is malformed is told from what is
 * absent, and nothing is read past its end. */
#include "cli/serve_form.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char letter = (char)(c | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool form_decode(KgText raw, BaseArena *arena, KgText *out, bool *is_bad)
{
    char *const bytes = base_arena_alloc(arena, raw.length + 1, 1);
    size_t length = 0;
    *is_bad = false;
    *out = (KgText){bytes, 0};
    if (!bytes)
        return false;
    for (size_t i = 0; i < raw.length && !*is_bad; i++) {
        char c = raw.bytes[i] == '+' ? ' ' : raw.bytes[i];
        if (c == '%') {
            const int high = i + 2 < raw.length ? hex(raw.bytes[i + 1]) : -1;
            const int low = high < 0 ? -1 : hex(raw.bytes[i + 2]);
            *is_bad = low < 0;
            c = (char)((unsigned)high << 4 | (unsigned)low);
            i += 2;
        }
        *is_bad |= c == '\0';
        bytes[length++] = c;
    }
    bytes[length] = '\0';
    out->length = length;
    return !*is_bad;
}

bool form_read(KgText text, BaseArena *arena, FormTake *take, void *context, bool *is_bad)
{
    const char *at = text.bytes, *const end = text.bytes + text.length;
    *is_bad = false;
    while (at < end) {
        const char *const next = memchr(at, '&', (size_t)(end - at));
        const char *const stop = next ? next : end;
        const char *const equals = memchr(at, '=', (size_t)(stop - at));
        const char *const name_end = equals ? equals : stop;
        const char *const value_start = equals ? equals + 1 : stop;
        KgText name, value;
        if (!form_decode((KgText){at, (size_t)(name_end - at)}, arena, &name, is_bad) ||
            !form_decode((KgText){value_start, (size_t)(stop - value_start)}, arena, &value, is_bad))
            return false;
        if (stop > at && !take(context, name, value))
            return false;
        at = next ? next + 1 : end;
    }
    return true;
}

/* ---- Media types ---- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static size_t word_length(const char *at)
{
    return strcspn(at, " \t;,");
}

static bool is_word(const char *at, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(at, word, length) == 0;
}

bool media_type_is(const char *header, const char *type)
{
    const char *at = skip_blanks(header ? header : "");
    const size_t length = word_length(at);
    if (!is_word(at, length, type))
        return false;
    for (at = strchr(at, ';'); at; at = strchr(at, ';')) {
        at = skip_blanks(at + 1);
        if (strncasecmp(at, "charset=", 8) != 0)
            continue;
        at += 8 + (at[8] == '"');
        const size_t name = strcspn(at, " \t;\"");
        if (!is_word(at, name, "utf-8") && !is_word(at, name, "utf8") && !is_word(at, name, "us-ascii"))
            return false;
    }
    return true;
}

/* How well a range of Accept fits the type: 0 not at all, then all types, the whole kind, the very type. */
static int fit(const char *range, size_t length, const char *type)
{
    const size_t kind = (size_t)(strchr(type, '/') - type) + 1;
    if (is_word(range, length, type))
        return 3;
    if (is_word(range, length, "*/*"))
        return 1;
    return length == kind + 1 && range[kind] == '*' && strncasecmp(range, type, kind) == 0 ? 2 : 0;
}

/* The weight behind a range, up to the next one: 1 unless it says so; nonsense is 0. */
static double weight(const char *at, const char *end)
{
    for (at = memchr(at, ';', (size_t)(end - at)); at; at = memchr(at, ';', (size_t)(end - at))) {
        at = skip_blanks(at + 1);
        if ((*at == 'q' || *at == 'Q') && at[1] == '=') {
            char *rest;
            const double q = strtod(at + 2, &rest);
            return rest > at + 2 && q >= 0 && q <= 1 ? q : 0;
        }
    }
    return 1;
}

/* What Accept gives to the type: the weight of the range that fits it best. */
static double wanted(const char *accept, const char *type)
{
    double best = 0;
    int best_fit = 0;
    for (const char *at = skip_blanks(accept); *at;) {
        const char *const end = at + strcspn(at, ",");
        const int fits = fit(at, word_length(at), type);
        if (fits > best_fit) {
            best_fit = fits;
            best = weight(at, end);
        }
        at = skip_blanks(end + (*end == ','));
    }
    return best;
}

bool media_choose(const char *accept, const char *const *offers, size_t count, size_t *out)
{
    double best = 0;
    *out = 0;
    if (!accept || !*skip_blanks(accept))
        return count > 0;
    for (size_t i = 0; i < count; i++) {
        const double weight_here = wanted(accept, offers[i]);
        if (weight_here > best) {
            best = weight_here;
            *out = i;
        }
    }
    return best > 0;
}
