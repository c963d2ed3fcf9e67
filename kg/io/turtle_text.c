/* turtle_text.c - the tokens of Turtle and TriG (W3C "RDF 1.1 Turtle", section 6.5): IRIs, prefixed names, blank node
 * labels, literals, each found by one scan over the window. */
#include "kg/chars.h"
#include "kg/io/turtle.h"
#include "kg/iri.h"

#include <ctype.h>
#include <string.h>

#define XSD "http://www.w3.org/2001/XMLSchema#"

static bool no_memory(KgTurtle *turtle)
{
    return kg_turtle_fail(turtle, BASE_NO_MEMORY, "no memory for a term");
}

/* ---- Names ---- */

/* The character `i` bytes after the token's start and its bytes; 0 bytes: the end. */
static uint32_t peek(KgTurtle *turtle, size_t i, size_t *size)
{
    uint32_t c = 0;
    const int byte = kg_turtle_byte(turtle, i);
    *size = byte < 0 ? 0 : 1;
    if (byte < 0x80)
        return byte < 0 ? 0 : (uint32_t)byte;
    *size = base_utf8_decode(turtle->bytes + turtle->at + i, turtle->good - turtle->at - i, &c);
    return c;
}

/* The end of (PN_CHARS | '.')* PN_CHARS from `i` on. */
static size_t name_end(KgTurtle *turtle, size_t i)
{
    size_t end = i, size;
    for (;;) {
        const uint32_t c = peek(turtle, i, &size);
        if (size == 0 || (c != '.' && !kg_is_name_character(c)))
            return end;
        i += size;
        if (c != '.')
            end = i;
    }
}

size_t kg_turtle_letters(KgTurtle *turtle)
{
    size_t i = 0;
    int byte;
    while ((byte = kg_turtle_byte(turtle, i)) >= 0 && byte < 0x80 && isalpha(byte))
        i++;
    return i;
}

size_t kg_turtle_word(KgTurtle *turtle)
{
    size_t size;
    const size_t length = kg_turtle_letters(turtle);
    const bool is_label = kg_turtle_byte(turtle, name_end(turtle, length)) == ':';
    return is_label || kg_is_name_character(peek(turtle, length, &size)) ? 0 : length;
}

bool kg_turtle_word_is(KgTurtle *turtle, size_t length, const char *word, bool any_case)
{
    const char *const text = turtle->bytes + turtle->at;
    return length == strlen(word) &&
           (any_case ? strncasecmp(text, word, length) == 0 : memcmp(text, word, length) == 0);
}

static bool add(KgTurtle *turtle, BaseBuffer *out, size_t from, size_t to)
{
    return base_buffer_add(out, turtle->bytes + turtle->at + from, to - from) || no_memory(turtle);
}

/* The length of `label:`, or a fault. */
static bool label_length(KgTurtle *turtle, size_t *length)
{
    size_t size;
    const uint32_t first = peek(turtle, 0, &size);
    const size_t end = first != ':' && kg_is_letter(first) ? name_end(turtle, size) : 0;
    *length = end + 1;
    if (kg_turtle_byte(turtle, end) == ':')
        return true;
    return kg_turtle_fault_here(turtle, 0, end, "expected an <iri> or a prefixed name such as rdf:type");
}

bool kg_turtle_prefix_label(KgTurtle *turtle, BaseBuffer *out)
{
    size_t length;
    kg_turtle_next(turtle);
    if (!label_length(turtle, &length))
        return false;
    out->count = 0;
    if (!add(turtle, out, 0, length - 1))
        return false;
    turtle->at += length;
    return true;
}

bool kg_turtle_put_prefix(KgTurtle *turtle, KgText label, KgText iri)
{
    KgTurtlePrefix prefix = {{base_arena_copy(&turtle->names, label.bytes, label.length), label.length},
                             {base_arena_copy(&turtle->names, iri.bytes, iri.length), iri.length}};
    if (!prefix.label.bytes || !prefix.iri.bytes)
        return no_memory(turtle);
    for (size_t i = 0; i < turtle->prefixes.count; i++) {
        KgTurtlePrefix *const old = &turtle->prefixes.items[i];
        if (old->label.length == label.length && memcmp(old->label.bytes, label.bytes, label.length) == 0) {
            *old = prefix;
            return true;
        }
    }
    return BASE_PUSH(&turtle->prefixes, prefix) || no_memory(turtle);
}

static bool has_label(const KgTurtlePrefix *prefix, const char *label, size_t length)
{
    return prefix->label.length == length && memcmp(prefix->label.bytes, label, length) == 0;
}

static const KgTurtlePrefix *find_prefix(KgTurtle *turtle, size_t length)
{
    const char *const label = turtle->bytes + turtle->at;
    const size_t count = turtle->prefixes.count;
    for (size_t i = 0; i < count; i++) {
        const size_t place =
            turtle->last_prefix + i < count ? turtle->last_prefix + i : turtle->last_prefix + i - count;
        if (has_label(&turtle->prefixes.items[place], label, length)) {
            turtle->last_prefix = place;
            return &turtle->prefixes.items[place];
        }
    }
    return NULL;
}

/* The bytes of %hh or \escape (PLX) at `i`; 0: there is none. */
static size_t local_escape(KgTurtle *turtle, size_t i)
{
    const int byte = kg_turtle_byte(turtle, i), after = kg_turtle_byte(turtle, i + 1);
    if (byte == '%')
        return kg_hex_value(after) >= 0 && kg_hex_value(kg_turtle_byte(turtle, i + 2)) >= 0 ? 3 : 0;
    return byte == '\\' && after > 0 && strchr("_~.-!$&'()*+,;=/?#@%", after) ? 2 : 0;
}

/* PN_LOCAL from `start` on, its backslashes left out; *end is behind it. */
static bool add_local(KgTurtle *turtle, size_t start, size_t *end, BaseBuffer *out)
{
    size_t i = start, size, copied = start, count = out->count;
    *end = start;
    for (;;) {
        const uint32_t c = peek(turtle, i, &size);
        const size_t escape = c == '%' || c == '\\' ? local_escape(turtle, i) : 0;
        if ((c == '%' || c == '\\') && escape == 0)
            return kg_turtle_fault_here(
                turtle, i, 1,
                c == '%' ? "expected two hexadecimal digits after % in a name"
                         : "an unknown escape in a name, expected \\ before one of _~.-!$&'()*+,;=/?#@%");
        const bool inner = i > start && (c == '.' || c == '-' || c == 0xb7 || (c >= 0x300 && c <= 0x36f) ||
                                         (c >= 0x203f && c <= 0x2040));
        const bool outer = kg_is_name_character(c) && c != '-' && c != 0xb7 && !(c >= 0x300 && c <= 0x36f) &&
                           !(c >= 0x203f && c <= 0x2040);
        if (size == 0 || !(escape || outer || inner || c == ':'))
            break;
        if (escape == 2) {
            if (!add(turtle, out, copied, i))
                return false;
            copied = i + 1;
        }
        i += escape ? escape : size;
        if (c != '.') {
            *end = i;
            count = out->count + (i - copied);
        }
    }
    if (!add(turtle, out, copied, i > copied ? i : copied))
        return false;
    out->count = count; /* without dots at the end, which are not the name's */
    return true;
}

static bool prefixed_name(KgTurtle *turtle, BaseBuffer *out)
{
    size_t length;
    if (!label_length(turtle, &length))
        return false;
    const KgTurtlePrefix *const prefix = find_prefix(turtle, length - 1);
    if (!prefix)
        return kg_turtle_fault(turtle, 0, length, "%.*s has a prefix that is not declared, expected @prefix before it",
                               (int)(length > 80 ? 80 : length), turtle->bytes + turtle->at);
    out->count = 0;
    if (!base_buffer_add(out, prefix->iri.bytes, prefix->iri.length))
        return no_memory(turtle);
    size_t end;
    if (!add_local(turtle, length, &end, out))
        return false;
    turtle->at += end;
    return true;
}

/* ---- Escapes ---- */

/* Appends the character of the escape at `i`, whose end is *next. */
static bool add_escape(KgTurtle *turtle, size_t i, bool in_iri, size_t *next, BaseBuffer *out)
{
    char bytes[4];
    size_t size;
    KgFault fault;
    kg_turtle_byte(turtle, i + 9); /* the longest is in the window now */
    const KgText text = {turtle->bytes + turtle->at, turtle->good - turtle->at};
    if (kg_read_escape(text, i, in_iri, bytes, &size, next, &fault) != BASE_OK)
        return kg_turtle_fault(turtle, fault.offset, fault.width, "%s", fault.message);
    if (in_iri && size == 1 && kg_is_forbidden_in_iri((unsigned char)bytes[0]))
        return kg_turtle_fault(turtle, i, *next - i, "an escape for a character that no IRI may have");
    return base_buffer_add(out, bytes, size) || no_memory(turtle);
}

/* ---- <iri> ---- */

/* How many bytes from `i` on are neither the end of an IRI nor an escape nor forbidden. */
static size_t plain_in_iri(const KgTurtle *turtle, size_t i)
{
    const unsigned char *const start = (const unsigned char *)turtle->bytes + turtle->at + i;
    const unsigned char *const end = (const unsigned char *)turtle->bytes + turtle->good;
    const unsigned char *at = start;
    while (at < end && !kg_is_forbidden_in_iri(*at))
        at++;
    return (size_t)(at - start);
}

static const char unclosed_iri[] = "an IRI that is not closed, expected > at its end";

/* What stands between < and >. */
static bool add_iri_text(KgTurtle *turtle, size_t *end, BaseBuffer *out)
{
    size_t i = 1;
    for (;;) {
        const int byte = kg_turtle_byte(turtle, i);
        if (byte == '>') {
            *end = i + 1;
            return true;
        }
        if (byte < 0 || byte == '\n')
            return byte < 0 ? kg_turtle_fault_at_end(turtle, 0, 1, unclosed_iri)
                            : kg_turtle_fault(turtle, 0, 1, "%s", unclosed_iri);
        if (byte == '\\') {
            if (!add_escape(turtle, i, true, &i, out))
                return false;
            continue;
        }
        const size_t plain = plain_in_iri(turtle, i);
        if (plain == 0)
            return kg_turtle_fault(turtle, i, 1, "a character that no IRI may have, expected it percent-encoded");
        if (!add(turtle, out, i, i + plain))
            return false;
        i += plain;
    }
}

bool kg_turtle_absolute(KgTurtle *turtle, BaseBuffer *out)
{
    if (kg_turtle_next(turtle) != '<')
        return kg_turtle_fault_here(turtle, 0, 1, "expected an <iri>");
    size_t end = 0;
    out->count = 0;
    if (!add_iri_text(turtle, &end, out))
        return false;
    const KgText iri = {out->items, out->count};
    if (!kg_iri_is_absolute(iri)) {
        if (turtle->base.length == 0)
            return kg_turtle_fault(turtle, 0, end,
                                   "<%.*s> is no full IRI, expected one with a scheme, or @base before it",
                                   (int)(iri.length > 80 ? 80 : iri.length), iri.length ? iri.bytes : "");
        KgText whole;
        const BaseArenaMark mark = base_arena_mark(&turtle->part.arena);
        if (!kg_iri_resolve(turtle->base, iri, &turtle->part.arena, &whole))
            return no_memory(turtle);
        out->count = 0;
        const bool enough = base_buffer_add(out, whole.bytes, whole.length);
        base_arena_rewind(&turtle->part.arena, mark);
        if (!enough)
            return no_memory(turtle);
    }
    turtle->at += end;
    return true;
}

bool kg_turtle_iri(KgTurtle *turtle, BaseBuffer *out)
{
    return kg_turtle_next(turtle) == '<' ? kg_turtle_absolute(turtle, out) : prefixed_name(turtle, out);
}

/* ---- _:label ---- */

bool kg_turtle_label(KgTurtle *turtle, BaseBuffer *out)
{
    const char *const prefix = turtle->part.reading->blank_prefix;
    size_t size = 0;
    const uint32_t first = kg_turtle_byte(turtle, 1) == ':' ? peek(turtle, 2, &size) : 0;
    if (size == 0 || !(kg_is_letter(first) || kg_is_digit(first) || first == '_'))
        return kg_turtle_fault_here(turtle, 0, 2, "a blank node without a label, expected letters or digits after _:");
    const size_t end = name_end(turtle, 2 + size);
    out->count = 0;
    if (!base_buffer_add(out, prefix, strlen(prefix)))
        return no_memory(turtle);
    if (!add(turtle, out, 2, end))
        return false;
    turtle->at += end;
    return true;
}

/* ---- Literals ---- */

/* How many bytes from `i` on are neither a quote nor a backslash nor, in a short string, the end of a line. */
static size_t plain_in_string(const KgTurtle *turtle, size_t i, char quote, bool is_long)
{
    const char *const start = turtle->bytes + turtle->at + i, *const end = turtle->bytes + turtle->good;
    const char *at = start;
    while (at < end && *at != quote && *at != '\\' && (is_long || (*at != '\n' && *at != '\r')))
        at++;
    return (size_t)(at - start);
}

static bool string(KgTurtle *turtle, BaseBuffer *out)
{
    const int quote = kg_turtle_byte(turtle, 0);
    const bool is_long = kg_turtle_byte(turtle, 1) == quote && kg_turtle_byte(turtle, 2) == quote;
    size_t i = is_long ? 3 : 1;
    out->count = 0;
    for (;;) {
        const int byte = kg_turtle_byte(turtle, i);
        if (byte == quote) {
            if (!is_long || (kg_turtle_byte(turtle, i + 1) == quote && kg_turtle_byte(turtle, i + 2) == quote))
                break;
            if (!add(turtle, out, i, i + 1))
                return false;
            i++;
        } else if (byte < 0 || (!is_long && (byte == '\n' || byte == '\r'))) {
            return byte < 0
                       ? kg_turtle_fault_at_end(turtle, 0, 1,
                                                "a literal that is not closed, expected its quotes at the end")
                       : kg_turtle_fault(turtle, 0, 1, "a literal that is not closed, expected %c at its end", quote);
        } else if (byte == '\\') {
            if (!add_escape(turtle, i, false, &i, out))
                return false;
        } else {
            const size_t plain = plain_in_string(turtle, i, (char)quote, is_long);
            if (!add(turtle, out, i, i + plain))
                return false;
            i += plain;
        }
    }
    i += is_long ? 3 : 1;
    kg_turtle_pass(turtle, i);
    return true;
}

static bool language(KgTurtle *turtle, BaseBuffer *out)
{
    size_t i = 1, part = 1;
    out->count = 0;
    for (;; i++) {
        const int byte = kg_turtle_byte(turtle, i);
        const bool fits = byte >= 0 && (isalpha(byte) || (part > 1 && isdigit(byte)));
        if (!fits && (byte != '-' || i == part))
            break;
        if (byte == '-')
            part = i + 1;
        const char lower = (char)tolower(byte);
        if (!base_buffer_add(out, &lower, 1))
            return no_memory(turtle);
    }
    if (i == part)
        return kg_turtle_fault_here(turtle, 0, i, "a language tag is expected after @, such as @en");
    turtle->at += i;
    return true;
}

static bool quoted_literal(KgTurtle *turtle, KgTerm *out)
{
    static const char xsd_string[] = XSD "string";
    if (!string(turtle, &turtle->text))
        return false;
    *out = (KgTerm){.kind = KG_LITERAL};
    BaseBuffer *const tag = &turtle->tag;
    if (kg_turtle_byte(turtle, 0) == '@') {
        if (!language(turtle, tag))
            return false;
        out->language = (KgText){tag->items, tag->count};
    } else if (kg_turtle_byte(turtle, 0) == '^') {
        if (kg_turtle_byte(turtle, 1) != '^')
            return kg_turtle_fault_here(turtle, 0, 1, "expected ^^ and a datatype after the literal");
        turtle->at += 2;
        if (!kg_turtle_iri(turtle, tag))
            return false;
        if (tag->count != sizeof xsd_string - 1 || memcmp(tag->items, xsd_string, tag->count) != 0)
            out->datatype = (KgText){tag->items, tag->count};
    }
    out->text = (KgText){turtle->text.items, turtle->text.count};
    return true;
}

static size_t digits_end(KgTurtle *turtle, size_t i)
{
    int byte;
    while ((byte = kg_turtle_byte(turtle, i)) >= '0' && byte <= '9')
        i++;
    return i;
}

static bool is_exponent(KgTurtle *turtle, size_t i, size_t *end)
{
    const int letter = kg_turtle_byte(turtle, i), sign = kg_turtle_byte(turtle, i + 1);
    if (letter != 'e' && letter != 'E')
        return false;
    const size_t digits = i + (sign == '+' || sign == '-' ? 2 : 1);
    *end = digits_end(turtle, digits);
    return *end > digits;
}

static bool number(KgTurtle *turtle, KgTerm *out)
{
    KgText type = KG_TEXT(XSD "integer");
    const int sign = kg_turtle_byte(turtle, 0);
    const size_t start = sign == '+' || sign == '-' ? 1 : 0;
    size_t end = digits_end(turtle, start), after;
    bool has_digits = end > start;
    if (kg_turtle_byte(turtle, end) == '.') {
        const size_t fraction = digits_end(turtle, end + 1);
        if (fraction > end + 1) {
            type = KG_TEXT(XSD "decimal");
            end = fraction;
            has_digits = true;
        } else if (has_digits && is_exponent(turtle, end + 1, &after)) {
            end++; /* 1.e5 */
        }
    }
    if (has_digits && is_exponent(turtle, end, &after)) {
        type = KG_TEXT(XSD "double");
        end = after;
    }
    if (!has_digits)
        return kg_turtle_fault_here(turtle, 0, end ? end : 1, "a number without digits");
    turtle->text.count = 0;
    if (!add(turtle, &turtle->text, 0, end))
        return false;
    turtle->at += end;
    *out = (KgTerm){.kind = KG_LITERAL, .text = {turtle->text.items, turtle->text.count}, .datatype = type};
    return true;
}

bool kg_turtle_literal(KgTurtle *turtle, KgTerm *out)
{
    const int byte = kg_turtle_byte(turtle, 0);
    if (byte == '"' || byte == '\'')
        return quoted_literal(turtle, out);
    if (byte == '+' || byte == '-' || (byte == '.' && digits_end(turtle, 1) > 1) || (byte >= '0' && byte <= '9'))
        return number(turtle, out);
    const size_t length = byte < 0 ? 0 : kg_turtle_word(turtle);
    const bool is_true = kg_turtle_word_is(turtle, length, "true", false);
    if (!is_true && !kg_turtle_word_is(turtle, length, "false", false))
        return kg_turtle_fault_here(turtle, 0, length ? length : 1,
                                    "expected a term: an <iri>, a name, _:label, [, ( or a literal");
    turtle->at += length;
    *out = (KgTerm){
        .kind = KG_LITERAL, .text = is_true ? KG_TEXT("true") : KG_TEXT("false"), .datatype = KG_TEXT(XSD "boolean")};
    return true;
}
