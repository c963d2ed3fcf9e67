/* names.c - terms as people and files write them: plain names, and the IRIs, blank nodes and literals of N-Triples
 * (W3C "RDF 1.1 N-Triples", section 7). */
#include "kg/names.h"

#include "kg/chars.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

BaseStatus kg_fault(KgFault *fault, size_t offset, size_t width, const char *format, ...)
{
    fault->offset = offset;
    fault->width = width;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
    return BASE_BAD_INPUT;
}

static BaseStatus no_memory(KgFault *fault)
{
    kg_fault(fault, 0, 0, "no memory for a term");
    return BASE_NO_MEMORY;
}

/* ---- Characters ---- */

/* Controls, the space and what RFC 3987 leaves out of IRIs. */
const bool kg_forbidden_in_iri[256] = {
    [0 ... 0x20] = true, ['"'] = true, ['<'] = true, ['>'] = true, ['\\'] = true, ['^'] = true,
    ['`'] = true,        ['{'] = true, ['|'] = true, ['}'] = true, [0x7f] = true,
};

static bool is_encoded_in_name(unsigned char byte)
{
    return byte == '%' || kg_is_forbidden_in_iri(byte);
}

static bool starts_with(KgText text, size_t at, const char *word)
{
    const size_t length = strlen(word);
    return text.length - at >= length && memcmp(text.bytes + at, word, length) == 0;
}

/* ---- Plain names ---- */

bool kg_name_iri(KgText name, BaseBuffer *out)
{
    if (!base_buffer_add(out, KG_NAME_SCHEME, strlen(KG_NAME_SCHEME)))
        return false;
    size_t copied = 0;
    for (size_t i = 0; i < name.length; i++) {
        const unsigned char byte = (unsigned char)name.bytes[i];
        if (!is_encoded_in_name(byte))
            continue;
        if (!base_buffer_add(out, name.bytes + copied, i - copied) || !base_buffer_format(out, "%%%02X", byte))
            return false;
        copied = i + 1;
    }
    return base_buffer_add(out, name.bytes + copied, name.length - copied);
}

static BaseStatus parse_name(KgText name, BaseArena *arena, KgTerm *out, KgFault *fault)
{
    size_t encoded = 0;
    for (size_t i = 0; i < name.length; i++) {
        if (name.bytes[i] == '\0')
            return kg_fault(fault, i, 1, "a NUL byte, expected text");
        encoded += is_encoded_in_name((unsigned char)name.bytes[i]);
    }
    const size_t scheme = strlen(KG_NAME_SCHEME), length = scheme + name.length + 2 * encoded;
    char *const iri = base_arena_alloc(arena, length + 1, 1);
    if (!iri)
        return no_memory(fault);
    memcpy(iri, KG_NAME_SCHEME, scheme);
    char *to = iri + scheme;
    for (size_t i = 0; i < name.length; i++) {
        const unsigned char byte = (unsigned char)name.bytes[i];
        if (is_encoded_in_name(byte)) {
            *to++ = '%';
            *to++ = "0123456789ABCDEF"[byte >> 4];
            *to++ = "0123456789ABCDEF"[byte & 15];
        } else {
            *to++ = (char)byte;
        }
    }
    *out = (KgTerm){.kind = KG_IRI, .text = {iri, length}};
    return BASE_OK;
}

/* Appends the decoded name of a kg: IRI; false: no memory. */
static bool decode_name(KgText iri, BaseBuffer *out)
{
    for (size_t i = strlen(KG_NAME_SCHEME); i < iri.length; i++) {
        char byte = iri.bytes[i];
        if (byte == '%' && i + 2 < iri.length && kg_hex_value(iri.bytes[i + 1]) >= 0 &&
            kg_hex_value(iri.bytes[i + 2]) >= 0) {
            byte = (char)(kg_hex_value(iri.bytes[i + 1]) << 4 | kg_hex_value(iri.bytes[i + 2]));
            i += 2;
        }
        if (!base_buffer_add(out, &byte, 1))
            return false;
    }
    return true;
}

/* Whether the field `name` reads as a plain name, wherever in a file it stands. */
static bool reads_plain(KgText name)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    if (name.length == 0 || name.bytes[0] == '<' || name.bytes[0] == '"' || starts_with(name, 0, "_:") ||
        starts_with(name, 0, byte_order_mark))
        return false;
    bool only_spaces = true;
    for (size_t i = 0; i < name.length; i++) {
        const unsigned char byte = (unsigned char)name.bytes[i];
        if (byte < 0x20 || byte == 0x7f)
            return false;
        only_spaces = only_spaces && byte == ' ';
    }
    return !only_spaces && base_utf8_check(name.bytes, name.length) == name.length;
}

/* Whether the name's IRI is the name as it stands. */
static bool needs_no_encoding(KgText name)
{
    for (size_t i = 0; i < name.length; i++)
        if (is_encoded_in_name((unsigned char)name.bytes[i]))
            return false;
    return true;
}

/* Appends the plain name of an IRI with encoded characters; *is_plain false and nothing appended where there is none
 * that reads back. */
static bool add_decoded_name(KgText iri, BaseBuffer *out, bool *is_plain)
{
    const size_t start = out->count;
    BaseBuffer again = {0};
    bool enough = decode_name(iri, out);
    if (enough && out->count > start) {
        const KgText name = {out->items + start, out->count - start};
        if (reads_plain(name)) {
            enough = kg_name_iri(name, &again);
            *is_plain = enough && again.count == iri.length && memcmp(again.items, iri.bytes, iri.length) == 0;
        }
    }
    if (!*is_plain && out->count > start) {
        out->count = start;
        out->items[start] = '\0';
    }
    base_buffer_free(&again);
    return enough;
}

/* Appends the plain name of the IRI, if it has one. */
static bool add_plain_name(KgText iri, BaseBuffer *out, bool *is_plain)
{
    *is_plain = false;
    if (!starts_with(iri, 0, KG_NAME_SCHEME))
        return true;
    const size_t scheme = strlen(KG_NAME_SCHEME);
    const KgText name = {iri.bytes + scheme, iri.length - scheme};
    if (!needs_no_encoding(name))
        return add_decoded_name(iri, out, is_plain);
    *is_plain = reads_plain(name);
    return !*is_plain || base_buffer_add(out, name.bytes, name.length);
}

/* ---- Escapes ---- */

BaseStatus kg_read_escape(KgText text, size_t at, bool only_unicode, char bytes[4], size_t *length, size_t *end,
                          KgFault *fault)
{
    static const char letters[] = "tbnrf\"'\\", meanings[] = "\t\b\n\r\f\"'\\";
    const char letter = at + 1 < text.length ? text.bytes[at + 1] : '\0';
    const char *const found = letter && !only_unicode ? strchr(letters, letter) : NULL;
    if (found) {
        bytes[0] = meanings[found - letters];
        *length = 1;
        *end = at + 2;
        return BASE_OK;
    }
    const size_t digits = letter == 'u' ? 4 : (letter == 'U' ? 8 : 0);
    if (digits == 0)
        return kg_fault(fault, at, 2, "an unknown escape, expected %s\\uXXXX or \\UXXXXXXXX",
                        only_unicode ? "" : "\\t \\n \\r \\\" \\\\ ");
    uint32_t code_point = 0;
    for (size_t i = 0; i < digits; i++) {
        const int value = at + 2 + i < text.length ? kg_hex_value(text.bytes[at + 2 + i]) : -1;
        if (value < 0)
            return kg_fault(fault, at, 2 + i, "an escape that is cut short, expected %zu hexadecimal digits after \\%c",
                            digits, letter);
        code_point = code_point << 4 | (uint32_t)value;
    }
    *end = at + 2 + digits;
    *length = base_utf8_encode(code_point, bytes);
    if (*length == 0)
        return kg_fault(fault, at, 2 + digits, "an escape for U+%X, which is no character", code_point);
    return BASE_OK;
}

/* The text between `start` and `end`, escapes replaced; borrowed as it stands where there are none. */
static BaseStatus unescape(KgText text, size_t start, size_t end, bool in_iri, BaseArena *arena, KgText *out,
                           KgFault *fault)
{
    if (!memchr(text.bytes + start, '\\', end - start)) {
        *out = (KgText){text.bytes + start, end - start};
        return BASE_OK;
    }
    char *const bytes = base_arena_alloc(arena, end - start + 1, 1); /* an escape is longer than what it means */
    if (!bytes)
        return no_memory(fault);
    const KgText part = {text.bytes, end};
    size_t count = 0;
    for (size_t i = start; i < end;) {
        if (text.bytes[i] != '\\') {
            bytes[count++] = text.bytes[i++];
            continue;
        }
        char meaning[4];
        size_t length = 0, next = i;
        const BaseStatus status = kg_read_escape(part, i, in_iri, meaning, &length, &next, fault);
        if (status != BASE_OK)
            return status;
        if (in_iri && length == 1 && kg_is_forbidden_in_iri((unsigned char)meaning[0]))
            return kg_fault(fault, i, next - i, "an escape for a character that no IRI may have");
        memcpy(bytes + count, meaning, length);
        count += length;
        i = next;
    }
    *out = (KgText){bytes, count};
    return BASE_OK;
}

/* ---- <iri> ---- */

static bool is_letter(char byte)
{
    const int lower = byte | 0x20;
    return lower >= 'a' && lower <= 'z';
}

/* Letters, digits, + - . up to a colon, a letter first. */
static bool has_scheme(KgText iri)
{
    if (iri.length == 0 || !is_letter(iri.bytes[0]))
        return false;
    size_t i = 1;
    while (i < iri.length && (is_letter(iri.bytes[i]) || kg_is_digit((unsigned char)iri.bytes[i]) ||
                              iri.bytes[i] == '+' || iri.bytes[i] == '-' || iri.bytes[i] == '.'))
        i++;
    return i < iri.length && iri.bytes[i] == ':';
}

bool kg_iri_is_sound(KgText iri, size_t *offset)
{
    *offset = 0;
    if (!has_scheme(iri))
        return false;
    while (*offset < iri.length && !kg_is_forbidden_in_iri((unsigned char)iri.bytes[*offset]))
        ++*offset;
    return *offset == iri.length;
}

static BaseStatus scan_iri(KgText text, size_t start, BaseArena *arena, KgText *out, size_t *end, KgFault *fault)
{
    size_t i = start + 1;
    while (i < text.length && (text.bytes[i] == '\\' || !kg_is_forbidden_in_iri((unsigned char)text.bytes[i])))
        i++;
    if (i == text.length || (text.bytes[i] != '>' && !memchr(text.bytes + i, '>', text.length - i)))
        return kg_fault(fault, start, 1, "an IRI that is not closed, expected > at its end");
    if (text.bytes[i] != '>')
        return kg_fault(fault, i, 1, "a character that no IRI may have, expected it percent-encoded");
    const BaseStatus status = unescape(text, start + 1, i, true, arena, out, fault);
    if (status != BASE_OK)
        return status;
    if (!has_scheme(*out))
        return kg_fault(fault, start, i + 1 - start, "an IRI without a scheme, expected one as in <http://...>");
    *end = i + 1;
    return BASE_OK;
}

/* ---- _:label ---- */

/* BLANK_NODE_LABEL: letters, digits and _ first; a dot is not the last. */
static size_t label_end(KgText text, size_t start)
{
    size_t end = start;
    for (size_t i = start; i < text.length;) {
        uint32_t c = (unsigned char)text.bytes[i];
        const size_t size = c < 0x80 ? 1 : base_utf8_decode(text.bytes + i, text.length - i, &c);
        const bool is_first = kg_is_letter(c) || kg_is_digit(c) || c == '_';
        if (size == 0 || !(is_first || (i > start && (c == '.' || kg_is_name_character(c)))))
            break;
        i += size;
        if (c != '.')
            end = i;
    }
    return end;
}

static BaseStatus scan_blank(KgText text, size_t start, KgTerm *out, size_t *end, KgFault *fault)
{
    const size_t label = start + 2;
    const size_t i = label_end(text, label);
    if (i == label)
        return kg_fault(fault, start, 2, "a blank node without a label, expected letters or digits after _:");
    *out = (KgTerm){.kind = KG_BLANK, .text = {text.bytes + label, i - label}};
    *end = i;
    return BASE_OK;
}

/* ---- "literal" ---- */

#define XSD "http://www.w3.org/2001/XMLSchema#"
#define XSD_STRING XSD "string"

static BaseStatus scan_language(KgText text, size_t start, BaseArena *arena, KgText *out, size_t *end, KgFault *fault)
{
    size_t i = start + 1, part = i;
    bool digits_allowed = false, good = true;
    for (; i < text.length; i++) {
        const unsigned char byte = (unsigned char)text.bytes[i];
        if (byte == '-') {
            good = good && i > part;
            part = i + 1;
            digits_allowed = true;
        } else if (!isalpha(byte) && !(digits_allowed && isdigit(byte))) {
            break;
        }
    }
    if (!good || i == part)
        return kg_fault(fault, start, i > start + 1 ? i - start : 1, "a language tag is expected after @, such as @en");
    char *const tag = base_arena_copy(arena, text.bytes + start + 1, i - start - 1);
    if (!tag)
        return no_memory(fault);
    for (char *letter = tag; *letter; letter++)
        *letter = (char)tolower((unsigned char)*letter);
    *out = (KgText){tag, i - start - 1};
    *end = i;
    return BASE_OK;
}

/* xsd:name, which only fields know. */
static BaseStatus scan_xsd_name(KgText text, size_t start, BaseArena *arena, KgText *out, size_t *end, KgFault *fault)
{
    const size_t name = start + strlen("xsd:"), scheme = strlen(XSD);
    size_t i = name;
    while (i < text.length && isalnum((unsigned char)text.bytes[i]))
        i++;
    if (i == name)
        return kg_fault(fault, start, i - start, "a datatype without a name, expected one such as xsd:date");
    char *const iri = base_arena_alloc(arena, scheme + i - name + 1, 1);
    if (!iri)
        return no_memory(fault);
    memcpy(iri, XSD, scheme);
    memcpy(iri + scheme, text.bytes + name, i - name);
    *out = (KgText){iri, scheme + i - name};
    *end = i;
    return BASE_OK;
}

static BaseStatus scan_literal(KgText text, size_t start, bool in_field, BaseArena *arena, KgTerm *out, size_t *end,
                               KgFault *fault)
{
    size_t i = start + 1;
    while (i < text.length && text.bytes[i] != '"' && (in_field || text.bytes[i] != '\r'))
        i += text.bytes[i] == '\\' ? 2 : 1;
    if (i >= text.length || text.bytes[i] != '"')
        return kg_fault(fault, start, 1, "a literal that is not closed, expected \" at its end");
    *out = (KgTerm){.kind = KG_LITERAL};
    BaseStatus status = unescape(text, start + 1, i, false, arena, &out->text, fault);
    *end = i + 1;
    if (status != BASE_OK || *end == text.length)
        return status;
    if (text.bytes[*end] == '@')
        return scan_language(text, *end, arena, &out->language, end, fault);
    if (!starts_with(text, *end, "^^"))
        return BASE_OK;
    const size_t datatype = *end + 2;
    if (in_field && starts_with(text, datatype, "xsd:"))
        status = scan_xsd_name(text, datatype, arena, &out->datatype, end, fault);
    else if (datatype < text.length && text.bytes[datatype] == '<')
        status = scan_iri(text, datatype, arena, &out->datatype, end, fault);
    else
        return kg_fault(fault, *end, 2, "a datatype is expected after ^^, such as ^^<http://...>%s",
                        in_field ? " or ^^xsd:date" : "");
    if (status == BASE_OK && out->datatype.length == strlen(XSD_STRING) && starts_with(out->datatype, 0, XSD_STRING))
        out->datatype = (KgText){0};
    return status;
}

/* ---- All of them ---- */

static BaseStatus scan_term(KgText text, size_t start, bool in_field, BaseArena *arena, KgTerm *out, size_t *end,
                            KgFault *fault)
{
    if (starts_with(text, start, "<")) {
        *out = (KgTerm){.kind = KG_IRI};
        return scan_iri(text, start, arena, &out->text, end, fault);
    }
    if (starts_with(text, start, "\""))
        return scan_literal(text, start, in_field, arena, out, end, fault);
    if (starts_with(text, start, "_:"))
        return scan_blank(text, start, out, end, fault);
    return kg_fault(fault, start, 1, "expected <iri>, _:label or \"literal\"");
}

BaseStatus kg_scan_term(KgText text, size_t start, BaseArena *arena, KgTerm *out, size_t *end, KgFault *fault)
{
    return scan_term(text, start, false, arena, out, end, fault);
}

BaseStatus kg_parse_field(KgText text, BaseArena *arena, KgTerm *out, KgFault *fault)
{
    if (text.length == 0)
        return kg_fault(fault, 0, 0, "an empty field, expected a name, <iri>, _:label or \"literal\"");
    if (text.bytes[0] != '<' && text.bytes[0] != '"' && !starts_with(text, 0, "_:"))
        return parse_name(text, arena, out, fault);
    const char *const nul = memchr(text.bytes, '\0', text.length);
    if (nul)
        return kg_fault(fault, (size_t)(nul - text.bytes), 1, "a NUL byte, expected text");
    size_t end = 0;
    const BaseStatus status = scan_term(text, 0, true, arena, out, &end, fault);
    if (status != BASE_OK || end == text.length)
        return status;
    const char *const after = out->kind == KG_LITERAL && !out->language.length && !out->datatype.length
                                  ? "text after the literal, expected @language, ^^<datatype> or the end of the field"
                                  : "text after the term, expected the end of the field";
    return kg_fault(fault, end, text.length - end, "%s", after);
}

BaseStatus kg_parse_term(KgText text, BaseArena *arena, KgTerm *out, BaseError *err)
{
    BaseSource at = {.name = "", .text = text.bytes, .text_length = text.length};
    const size_t well_formed = base_utf8_check(text.bytes, text.length);
    KgFault fault;
    if (well_formed < text.length) {
        at.column = (uint32_t)base_utf8_count(text.bytes, well_formed) + 1;
        return base_fail_at(err, BASE_BAD_INPUT, at, "invalid UTF-8, byte 0x%02x",
                            (unsigned)(unsigned char)text.bytes[well_formed]);
    }
    const BaseStatus status = kg_parse_field(text, arena, out, &fault);
    if (status == BASE_NO_MEMORY)
        return base_fail(err, status, "%s", fault.message);
    if (status == BASE_OK)
        return status;
    at.column = (uint32_t)base_utf8_count(text.bytes, fault.offset) + 1;
    at.width = (uint32_t)base_utf8_count(text.bytes + fault.offset, fault.width);
    return base_fail_at(err, status, at, "%s", fault.message);
}

/* ---- Writing ---- */

static bool add_escape(unsigned char byte, bool in_iri, BaseBuffer *out)
{
    static const char plain[] = "\t\n\r\"\\", letters[] = "tnr\"\\";
    const char *const found = byte && !in_iri ? strchr(plain, byte) : NULL;
    return found ? base_buffer_format(out, "\\%c", letters[found - plain]) : base_buffer_format(out, "\\u%04X", byte);
}

/* The bytes with what may not stand in a literal (or, `in_iri`, in an IRI) escaped. */
static bool add_escaped(KgText text, bool in_iri, BaseBuffer *out)
{
    for (size_t at = 0;; at++) {
        const char *const bytes = text.bytes + at;
        const size_t left = text.length - at;
        const size_t plain = in_iri ? base_plain_length(bytes, left, 0x21, "\"<>\\^`{|}", 9)
                                    : base_plain_length(bytes, left, 0x20, "\"\\", 2);
        if (!base_buffer_add(out, bytes, plain))
            return false;
        at += plain;
        if (at == text.length)
            return true;
        if (!add_escape((unsigned char)text.bytes[at], in_iri, out))
            return false;
    }
}

static bool add_iri(KgText iri, BaseBuffer *out)
{
    return BASE_RESERVE(out, out->count + iri.length + 3) && base_buffer_add(out, "<", 1) &&
           add_escaped(iri, true, out) && base_buffer_add(out, ">", 1);
}

static bool add_literal(const KgTerm *term, BaseBuffer *out)
{
    if (!base_buffer_add(out, "\"", 1) || !add_escaped(term->text, false, out) || !base_buffer_add(out, "\"", 1))
        return false;
    if (term->language.length)
        return base_buffer_add(out, "@", 1) && base_buffer_add(out, term->language.bytes, term->language.length);
    return !term->datatype.length || (base_buffer_add(out, "^^", 2) && add_iri(term->datatype, out));
}

bool kg_format_term(const KgTerm *term, KgSyntax syntax, BaseBuffer *out)
{
    bool is_plain = false;
    switch (term->kind) {
    case KG_IRI:
        if (syntax != KG_SYNTAX_NTRIPLES && !add_plain_name(term->text, out, &is_plain))
            return false;
        return is_plain || add_iri(term->text, out);
    case KG_BLANK:
        return base_buffer_add(out, "_:", 2) && base_buffer_add(out, term->text.bytes, term->text.length);
    case KG_LITERAL:
        return syntax == KG_SYNTAX_PLAIN ? base_buffer_add(out, term->text.bytes, term->text.length)
                                         : add_literal(term, out);
    }
    return false;
}
