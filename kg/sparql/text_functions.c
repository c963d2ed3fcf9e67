/* text_functions.c - functions on strings (SPARQL 1.1, section 17.4.3); REGEX and REPLACE by PCRE2, whose syntax holds
 * that of XPath but for character-class subtraction. */
#include "kg/sparql/functions.h"

#include <math.h>
#include <stdlib.h>
#include <utf8proc.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static bool is_string(const Value *value)
{
    return value->type == VALUE_STRING || value->type == VALUE_LANGUAGE;
}

static bool same_language(const Value *a, const Value *b)
{
    const KgText x = a->term.language, y = b->term.language;
    return x.length == y.length && (x.length == 0 || memcmp(x.bytes, y.bytes, x.length) == 0);
}

/* Section 17.4.3.1.2: the second is plain, or of the language of the first. */
static bool are_compatible(const Value *a, const Value *b)
{
    return is_string(a) && is_string(b) && (b->type == VALUE_STRING || same_language(a, b));
}

/* `text` with the language of `like`. */
static Value string_like(KgText text, const Value *like)
{
    Value value = {.type = like->type, .term = {.kind = KG_LITERAL, .text = text, .language = like->term.language}};
    return value;
}

/* Where `part` begins in `text`, or SIZE_MAX. */
static size_t find(KgText text, KgText part)
{
    return base_find(text.bytes, text.length, part.bytes, part.length);
}

bool sparql_call_strlen(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    if (!is_string(&arguments[0]))
        return false;
    *out = sparql_value_integer((int64_t)base_utf8_count(arguments[0].term.text.bytes, arguments[0].term.text.length));
    return true;
}

/* fn:substring: the characters whose position p has start <= p < start + length, all rounded. */
bool sparql_call_substr(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    if (!is_string(&arguments[0]) || !value_is_numeric(&arguments[1]) ||
        (count == 3 && !value_is_numeric(&arguments[2])))
        return false;
    const double first = floor(sparql_value_number(&arguments[1]) + 0.5);
    const double last = count == 3 ? first + floor(sparql_value_number(&arguments[2]) + 0.5) : INFINITY;
    const KgText text = arguments[0].term.text;
    size_t start = text.length, end = text.length;
    double position = 1;
    for (size_t at = 0; at < text.length; position++) {
        if (position >= first && start == text.length)
            start = at;
        if (!(position < last)) {
            end = at;
            break;
        }
        uint32_t c;
        const size_t bytes = base_utf8_decode(text.bytes + at, text.length - at, &c);
        at += bytes ? bytes : 1;
    }
    if (isnan(first) || isnan(last) || start > end)
        start = end;
    *out = string_like((KgText){text.bytes + start, end - start}, &arguments[0]);
    return true;
}

static bool is_ascii(KgText text)
{
    unsigned char all = 0;
    for (size_t i = 0; i < text.length; i++)
        all |= (unsigned char)text.bytes[i];
    return all < 0x80;
}

/* Of ASCII only: the letters from `first` on to those 26 from `to` on. */
static bool change_ascii(Eval *eval, const Value *value, char first, char to, Value *out)
{
    const KgText text = value->term.text;
    char *const made = base_arena_copy(&eval->scratch, text.bytes, text.length);
    if (!made)
        return sparql_eval_no_memory(eval);
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)(made[i] - first) < 26)
            made[i] = (char)(made[i] - first + to);
    *out = string_like((KgText){made, text.length}, value);
    return true;
}

static bool change_case(Eval *eval, const Value *value, utf8proc_int32_t (*change)(utf8proc_int32_t), Value *out)
{
    if (!is_string(value))
        return false;
    const KgText text = value->term.text;
    if (is_ascii(text))
        return change == utf8proc_toupper ? change_ascii(eval, value, 'a', 'A', out)
                                          : change_ascii(eval, value, 'A', 'a', out);
    char *const made = base_arena_alloc(&eval->scratch, text.length * 4 + 1, 1);
    if (!made)
        return sparql_eval_no_memory(eval);
    size_t length = 0;
    for (size_t at = 0; at < text.length;) {
        uint32_t c;
        const size_t bytes = base_utf8_decode(text.bytes + at, text.length - at, &c);
        if (bytes == 0)
            return false;
        length += base_utf8_encode((uint32_t)change((utf8proc_int32_t)c), made + length);
        at += bytes;
    }
    *out = string_like((KgText){made, length}, value);
    return true;
}

bool sparql_call_ucase(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    return change_case(eval, &arguments[0], utf8proc_toupper, out);
}

bool sparql_call_lcase(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    return change_case(eval, &arguments[0], utf8proc_tolower, out);
}

bool sparql_call_strstarts(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    if (!are_compatible(&arguments[0], &arguments[1]))
        return false;
    const KgText text = arguments[0].term.text, part = arguments[1].term.text;
    *out = sparql_value_boolean(part.length == 0 ||
                                (part.length <= text.length && memcmp(text.bytes, part.bytes, part.length) == 0));
    return true;
}

bool sparql_call_strends(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    if (!are_compatible(&arguments[0], &arguments[1]))
        return false;
    const KgText text = arguments[0].term.text, part = arguments[1].term.text;
    *out = sparql_value_boolean(
        part.length == 0 ||
        (part.length <= text.length && memcmp(text.bytes + text.length - part.length, part.bytes, part.length) == 0));
    return true;
}

bool sparql_call_contains(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    if (!are_compatible(&arguments[0], &arguments[1]))
        return false;
    *out = sparql_value_boolean(find(arguments[0].term.text, arguments[1].term.text) != SIZE_MAX);
    return true;
}

bool sparql_call_strbefore(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    if (!are_compatible(&arguments[0], &arguments[1]))
        return false;
    const KgText text = arguments[0].term.text;
    const size_t at = find(text, arguments[1].term.text);
    *out = at == SIZE_MAX ? sparql_value_string(KG_TEXT("")) : string_like((KgText){text.bytes, at}, &arguments[0]);
    return true;
}

bool sparql_call_strafter(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    if (!are_compatible(&arguments[0], &arguments[1]))
        return false;
    const KgText text = arguments[0].term.text;
    const size_t at = find(text, arguments[1].term.text), behind = at + arguments[1].term.text.length;
    *out = at == SIZE_MAX ? sparql_value_string(KG_TEXT(""))
                          : string_like((KgText){text.bytes + behind, text.length - behind}, &arguments[0]);
    return true;
}

/* The language is kept where all arguments share one. */
bool sparql_call_concat(Eval *eval, Value *arguments, size_t count, Value *out)
{
    size_t length = 0;
    bool shares_language = count > 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_string(&arguments[i]))
            return false;
        length += arguments[i].term.text.length;
        shares_language = shares_language && same_language(&arguments[0], &arguments[i]);
    }
    char *const made = base_arena_alloc(&eval->scratch, length + 1, 1);
    if (!made)
        return sparql_eval_no_memory(eval);
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        const KgText part = arguments[i].term.text;
        if (part.length)
            memcpy(made + end, part.bytes, part.length);
        end += part.length;
    }
    const KgText text = {made, length};
    *out = shares_language ? string_like(text, &arguments[0]) : sparql_value_string(text);
    return true;
}

/* Basic filtering of RFC 4647: "en" takes en and en-gb, "*" any. */
bool sparql_call_langmatches(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)eval;
    (void)count;
    if (arguments[0].type != VALUE_STRING || arguments[1].type != VALUE_STRING)
        return false;
    const KgText tag = arguments[0].term.text, range = arguments[1].term.text;
    bool matches = text_is(range, "*") ? tag.length > 0 : range.length > 0 && range.length <= tag.length;
    if (matches && !text_is(range, "*"))
        matches = strncasecmp(tag.bytes, range.bytes, range.length) == 0 &&
                  (tag.length == range.length || tag.bytes[range.length] == '-');
    *out = sparql_value_boolean(matches);
    return true;
}

bool sparql_call_encode_for_uri(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    if (!is_string(&arguments[0]))
        return false;
    const KgText text = arguments[0].term.text;
    char *const made = base_arena_alloc(&eval->scratch, text.length * 3 + 1, 1);
    if (!made)
        return sparql_eval_no_memory(eval);
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char c = (unsigned char)text.bytes[i];
        const bool is_plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-_.~", c));
        if (is_plain)
            made[length++] = (char)c;
        else
            length += (size_t)snprintf(made + length, 4, "%%%02X", c);
    }
    *out = sparql_value_string((KgText){made, length});
    return true;
}

/* ---- Regular expressions ---- */

#define REGEXES 16   /* compiled patterns kept; the oldest goes */
#define JIT_USES 100 /* a pattern that was used so often is compiled to machine code */

struct RegexCache {
    struct {
        char *key; /* flags, then pattern */
        size_t flags, length;
        pcre2_code *code; /* NULL: the pattern is broken */
        unsigned uses;
    } items[REGEXES];
    size_t next, last;       /* to be replaced; found last */
    pcre2_match_data *match; /* NULL: not made yet */
};

void sparql_regexes_free(RegexCache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < REGEXES; i++) {
        free(cache->items[i].key);
        pcre2_code_free(cache->items[i].code);
    }
    pcre2_match_data_free(cache->match);
    free(cache);
}

static bool parse_flags(KgText flags, uint32_t *out)
{
    *out = PCRE2_UTF | PCRE2_NO_UTF_CHECK;
    for (size_t i = 0; i < flags.length; i++)
        switch (flags.bytes[i]) {
        case 'i':
            *out |= PCRE2_CASELESS;
            break;
        case 's':
            *out |= PCRE2_DOTALL;
            break;
        case 'm':
            *out |= PCRE2_MULTILINE;
            break;
        case 'x':
            *out |= PCRE2_EXTENDED;
            break;
        case 'q':
            *out |= PCRE2_LITERAL;
            break;
        default:
            return false;
        }
    if (*out & PCRE2_LITERAL) /* PCRE2 wants few flags beside it, and the others mean nothing to it */
        *out &= PCRE2_LITERAL | PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_CASELESS;
    return true;
}

/* A match that was given up is no answer at all. False. */
static bool match_failed(Eval *eval, int number)
{
    if (number == PCRE2_ERROR_NOMEMORY || number == PCRE2_ERROR_HEAPLIMIT)
        return sparql_eval_no_memory(eval);
    if (number == PCRE2_ERROR_MATCHLIMIT || number == PCRE2_ERROR_DEPTHLIMIT)
        eval->status = base_fail(eval->err, BASE_BAD_INPUT,
                                 "a regular expression needs too many steps to match a text: make it simpler");
    return false;
}

/* Whether the cache's pattern at this place is that one. */
static bool is_regex(const RegexCache *cache, size_t place, KgText pattern, KgText flags)
{
    const char *const key = cache->items[place].key;
    return key && cache->items[place].flags == flags.length &&
           cache->items[place].length == flags.length + pattern.length &&
           (flags.length == 0 || memcmp(key, flags.bytes, flags.length) == 0) &&
           (pattern.length == 0 || memcmp(key + flags.length, pattern.bytes, pattern.length) == 0);
}

static char *make_key(KgText pattern, KgText flags)
{
    char *const key = malloc(flags.length + pattern.length + 1);
    if (key && flags.length)
        memcpy(key, flags.bytes, flags.length);
    if (key && pattern.length)
        memcpy(key + flags.length, pattern.bytes, pattern.length);
    return key;
}

/* False: no memory. *out is NULL when the pattern or a flag is broken. */
static bool compile_regex(KgText pattern, KgText flags, pcre2_code **out)
{
    uint32_t options;
    int number = 0;
    PCRE2_SIZE offset;
    *out = NULL;
    if (!parse_flags(flags, &options))
        return true;
    *out = pcre2_compile((PCRE2_SPTR)(pattern.length ? pattern.bytes : ""), pattern.length, options, &number, &offset,
                         NULL);
    return *out || number != PCRE2_ERROR_HEAP_FAILED;
}

static pcre2_code *use_regex(RegexCache *cache, size_t place)
{
    pcre2_code *const code = cache->items[place].code;
    cache->last = place;
    if (code && ++cache->items[place].uses == JIT_USES)
        pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where that fails it is interpreted, as before */
    return code;
}

/* The compiled pattern, borrowed from the cache; NULL: broken, or no memory (eval->status). */
static pcre2_code *find_regex(Eval *eval, KgText pattern, KgText flags)
{
    if (!eval->regexes && !(eval->regexes = calloc(1, sizeof *eval->regexes))) {
        sparql_eval_no_memory(eval);
        return NULL;
    }
    RegexCache *const cache = eval->regexes;
    if (is_regex(cache, cache->last, pattern, flags))
        return use_regex(cache, cache->last);
    for (size_t i = 0; i < REGEXES; i++)
        if (is_regex(cache, i, pattern, flags))
            return use_regex(cache, i);
    char *const key = make_key(pattern, flags);
    pcre2_code *code;
    if (!key || !compile_regex(pattern, flags, &code)) {
        free(key);
        sparql_eval_no_memory(eval);
        return NULL;
    }
    const size_t place = cache->next;
    free(cache->items[place].key);
    pcre2_code_free(cache->items[place].code);
    cache->items[place].key = key;
    cache->items[place].flags = flags.length;
    cache->items[place].length = flags.length + pattern.length;
    cache->items[place].code = code;
    cache->items[place].uses = 0;
    cache->next = (place + 1) % REGEXES;
    return use_regex(cache, place);
}

static KgText flags_of(const Value *arguments, size_t count, size_t at)
{
    return count > at ? arguments[at].term.text : KG_TEXT("");
}

bool sparql_regex_matches(Eval *eval, KgText text, KgText pattern, KgText flags, bool *out)
{
    pcre2_code *const code = find_regex(eval, pattern, flags);
    if (!code)
        return false;
    pcre2_match_data **const match = &eval->regexes->match;
    if (!*match && !(*match = pcre2_match_data_create(1, NULL)))
        return sparql_eval_no_memory(eval);
    const PCRE2_SPTR bytes = (PCRE2_SPTR)(text.length ? text.bytes : "");
    int found = pcre2_match(code, bytes, text.length, 0, PCRE2_NO_UTF_CHECK, *match, NULL);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) /* the interpreter has its memory from the heap */
        found = pcre2_match(code, bytes, text.length, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, *match, NULL);
    *out = found >= 0;
    return found >= 0 || found == PCRE2_ERROR_NOMATCH || match_failed(eval, found);
}

bool sparql_call_regex(Eval *eval, Value *arguments, size_t count, Value *out)
{
    bool matches;
    if (!is_string(&arguments[0]) || arguments[1].type != VALUE_STRING ||
        (count == 3 && arguments[2].type != VALUE_STRING) ||
        !sparql_regex_matches(eval, arguments[0].term.text, arguments[1].term.text, flags_of(arguments, count, 2),
                              &matches))
        return false;
    *out = sparql_value_boolean(matches);
    return true;
}

/* XPath's $1 and \$ as PCRE2 wants them: ${1} and $$. False: a '$' or '\' that stands for nothing. */
static bool translate_replacement(Eval *eval, KgText text, bool is_literal, BaseBuffer *out)
{
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.bytes[i], after = i + 1 < text.length ? text.bytes[i + 1] : '\0';
        bool is_added;
        if (c == '$' && is_literal) {
            is_added = base_buffer_add(out, "$$", 2);
        } else if (c == '\\' && !is_literal) {
            if (after != '$' && after != '\\')
                return false;
            is_added = base_buffer_add(out, after == '$' ? "$$" : "\\", after == '$' ? 2 : 1);
            i++;
        } else if (c == '$') {
            if (after < '0' || after > '9')
                return false;
            is_added = base_buffer_format(out, "${%c}", after);
            i++;
        } else {
            is_added = base_buffer_add(out, &c, 1);
        }
        if (!is_added)
            return sparql_eval_no_memory(eval);
    }
    return base_buffer_add(out, "", 0) || sparql_eval_no_memory(eval);
}

static bool substitute(Eval *eval, pcre2_code *code, const Value *value, const BaseBuffer *replacement, Value *out)
{
    const KgText text = value->term.text;
    const uint32_t options = PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNSET_EMPTY | PCRE2_SUBSTITUTE_UNKNOWN_UNSET |
                             PCRE2_SUBSTITUTE_OVERFLOW_LENGTH | PCRE2_NO_UTF_CHECK;
    PCRE2_SIZE length = text.length * 2 + 64;
    for (int tries = 0; tries < 2; tries++) {
        char *const made = base_arena_alloc(&eval->scratch, length + 1, 1);
        if (!made)
            return sparql_eval_no_memory(eval);
        length++;
        const int done =
            pcre2_substitute(code, (PCRE2_SPTR)(text.length ? text.bytes : ""), text.length, 0, options, NULL, NULL,
                             (PCRE2_SPTR)replacement->items, replacement->count, (PCRE2_UCHAR *)made, &length);
        if (done >= 0) {
            *out = string_like((KgText){made, length}, value);
            return true;
        }
        if (done != PCRE2_ERROR_NOMEMORY || tries > 0)
            return match_failed(eval, done);
    }
    return false;
}

bool sparql_call_replace(Eval *eval, Value *arguments, size_t count, Value *out)
{
    if (!is_string(&arguments[0]) || arguments[1].type != VALUE_STRING || arguments[2].type != VALUE_STRING ||
        (count == 4 && arguments[3].type != VALUE_STRING))
        return false;
    const KgText flags = flags_of(arguments, count, 3);
    bool matches_nothing; /* which would be everywhere: XPath has it be an error (FORX0003) */
    if (!sparql_regex_matches(eval, KG_TEXT(""), arguments[1].term.text, flags, &matches_nothing) || matches_nothing)
        return false;
    pcre2_code *const code = find_regex(eval, arguments[1].term.text, flags);
    if (!code)
        return false;
    BaseBuffer replacement = {0};
    const bool is_literal = flags.length > 0 && memchr(flags.bytes, 'q', flags.length);
    const bool is_made = translate_replacement(eval, arguments[2].term.text, is_literal, &replacement) &&
                         substitute(eval, code, &arguments[0], &replacement, out);
    base_buffer_free(&replacement);
    return is_made;
}
