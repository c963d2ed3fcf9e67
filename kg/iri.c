/* iri.c - relative references by RFC 3986: the five parts of section 3, merged as section 5.2 says. */
#include "kg/iri.h"

#include <string.h>

typedef struct IriParts {
    KgText scheme, authority, path, query, fragment; /* with their marks: "http:", "//host", "?q", "#f" */
} IriParts;

static size_t scheme_length(KgText iri)
{
    for (size_t i = 0; i < iri.length; i++) {
        const char c = iri.bytes[i];
        if (c == ':')
            return i > 0 ? i + 1 : 0;
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
            return 0;
    }
    return 0;
}

bool kg_iri_is_absolute(KgText iri)
{
    return scheme_length(iri) > 0;
}

/* Takes the bytes up to one of `stops` off the front. */
static KgText take(KgText *rest, size_t from, const char *stops)
{
    size_t end = from;
    while (end < rest->length && !strchr(stops, rest->bytes[end]))
        end++;
    const KgText part = {rest->bytes, end};
    rest->bytes += end;
    rest->length -= end;
    return part;
}

static IriParts split(KgText iri)
{
    IriParts parts = {0};
    const size_t scheme = scheme_length(iri);
    parts.scheme = (KgText){iri.bytes, scheme};
    KgText rest = {iri.bytes + scheme, iri.length - scheme};
    if (rest.length >= 2 && memcmp(rest.bytes, "//", 2) == 0)
        parts.authority = take(&rest, 2, "/?#");
    parts.path = take(&rest, 0, "?#");
    if (rest.length > 0 && rest.bytes[0] == '?')
        parts.query = take(&rest, 1, "#");
    parts.fragment = rest;
    return parts;
}

static bool has_segment(const char *at, size_t length, const char *segment)
{
    const size_t size = strlen(segment);
    return length >= size && memcmp(at, segment, size) == 0 && (length == size || at[size] == '/');
}

/* Section 5.2.4, in place. */
static size_t remove_dots(char *path, size_t length)
{
    size_t out = 0, in = 0;
    while (in < length) {
        const char *const at = path + in;
        const size_t left = length - in;
        if (has_segment(at, left, "/.")) {
            in += 2;
            if (in == length)
                path[out++] = '/';
        } else if (has_segment(at, left, "/..")) {
            in += 3;
            while (out > 0 && path[--out] != '/')
                ;
            if (in == length)
                path[out++] = '/';
        } else {
            do
                path[out++] = path[in++];
            while (in < length && path[in] != '/');
        }
    }
    return out;
}

static char *append(char *out, KgText part)
{
    if (part.length)
        memcpy(out, part.bytes, part.length);
    return out + part.length;
}

bool kg_iri_resolve(KgText base, KgText relative, BaseArena *arena, KgText *out)
{
    *out = relative;
    if (base.length == 0 || scheme_length(relative) > 0)
        return true;
    const IriParts from = split(base);
    IriParts to = split(relative);
    char *const made = base_arena_alloc(arena, base.length + relative.length + 2, 1);
    if (!made)
        return false;
    char *end = append(made, from.scheme);
    bool merges = false;
    if (to.authority.length == 0) {
        to.authority = from.authority;
        if (to.path.length == 0) {
            to.path = from.path;
            if (to.query.length == 0)
                to.query = from.query;
        } else {
            merges = to.path.bytes[0] != '/';
        }
    }
    end = append(end, to.authority);
    char *const path = end;
    if (merges) {
        size_t kept = from.path.length;
        while (kept > 0 && from.path.bytes[kept - 1] != '/')
            kept--;
        end = append(end, (KgText){from.path.bytes, kept});
        if (kept == 0 && from.authority.length > 0)
            *end++ = '/';
    }
    end = append(end, to.path);
    if (end > path && path[0] == '/')
        end = path + remove_dots(path, (size_t)(end - path));
    end = append(append(end, to.query), to.fragment);
    *out = (KgText){made, (size_t)(end - made)};
    return true;
}
