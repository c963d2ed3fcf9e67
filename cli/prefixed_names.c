#include "cli/prefixed_names.h"

#include "cli/pieces.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

KgText local_name(KgText iri)
{
    size_t start = iri.length;
    while (start > 0 && !strchr("#/:", iri.bytes[start - 1]))
        start--;
    return (KgText){iri.bytes + start, iri.length - start};
}

static bool add_prefix(NameSpaces *names, const char *prefix, size_t length, const char *iri, size_t iri_length)
{
    const KgPrefix added = {base_arena_copy(names->arena, prefix, length),
                            base_arena_copy(names->arena, iri, iri_length)};
    return added.prefix && added.iri && BASE_PUSH(&names->prefixes, added);
}

/* PREFIX name: <iri>, wherever it stands. */
static bool add_declared(NameSpaces *names, const char *text, size_t length)
{
    Piece name = {0};
    bool is_prefix = false;
    for (Piece piece = piece_at(false, text, length, 0); piece.kind != PIECE_END;
         piece = piece_at(false, text, length, piece.end)) {
        if (piece.kind == PIECE_BLANK || piece.kind == PIECE_COMMENT)
            continue;
        if (piece.kind == PIECE_WORD) {
            is_prefix = piece.end - piece.start == 6 && strncasecmp(text + piece.start, "PREFIX", 6) == 0;
            name = (Piece){0};
        } else if (is_prefix && piece.kind == PIECE_NAME && text[piece.end - 1] == ':') {
            name = piece;
        } else if (is_prefix && piece.kind == PIECE_IRI && !piece.is_open && name.end > 0) {
            if (!add_prefix(names, text + name.start, name.end - name.start - 1, text + piece.start + 1,
                            piece.end - piece.start - 2))
                return false;
            is_prefix = false;
        }
    }
    return true;
}

BaseStatus names_open(NameSpaces *names, KgStore *store, const char *text, size_t length, BaseArena *arena)
{
    *names = (NameSpaces){.arena = arena};
    KgTxn *txn = NULL;
    KgPrefix *prefixes = NULL;
    size_t count = 0;
    BaseStatus status = add_declared(names, text, length) ? BASE_OK : BASE_NO_MEMORY;
    if (status == BASE_OK)
        status = kg_read_begin(store, &txn, NULL);
    if (status == BASE_OK)
        status = kg_prefixes(txn, arena, &prefixes, &count, NULL);
    kg_abort(txn);
    for (size_t i = 0; i < count && status == BASE_OK; i++)
        if (!BASE_PUSH(&names->prefixes, prefixes[i]))
            status = BASE_NO_MEMORY;
    return status;
}

void names_close(NameSpaces *names)
{
    free(names->prefixes.items);
    *names = (NameSpaces){0};
}

const char *names_expand(const NameSpaces *names, const char *word, size_t length)
{
    const char *const colon = memchr(word, ':', length);
    const size_t prefix = colon ? (size_t)(colon - word) : 0;
    for (size_t i = 0; colon && i < names->prefixes.count; i++) {
        const KgPrefix *const known = &names->prefixes.items[i];
        if (strlen(known->prefix) != prefix || memcmp(known->prefix, word, prefix) != 0)
            continue;
        BaseBuffer iri = {0};
        const char *copy = NULL;
        if (base_buffer_format(&iri, "%s%.*s", known->iri, (int)(length - prefix - 1), colon + 1))
            copy = base_arena_copy(names->arena, iri.items, iri.count);
        base_buffer_free(&iri);
        return copy;
    }
    return NULL;
}

/* What SPARQL takes behind a prefix without escapes. */
static bool is_local(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        const bool is_inner = (c == '.' || c == '-') && i > 0 && (i + 1 < length || c == '-');
        if (!isalnum(c) && c != '_' && c < 0x80 && !is_inner)
            return false;
    }
    return length > 0;
}

static bool covers(const KgPrefix *prefix, KgText iri)
{
    const size_t length = strlen(prefix->iri);
    return length > 0 && iri.length > length && memcmp(iri.bytes, prefix->iri, length) == 0 &&
           is_local(iri.bytes + length, iri.length - length);
}

static const char *write_name(const NameSpaces *names, const KgPrefix *prefix, KgText iri)
{
    const size_t cut = prefix ? strlen(prefix->iri) : 0;
    BaseBuffer name = {0};
    const char *copy = NULL;
    const bool is_made =
        prefix ? base_buffer_format(&name, "%s:%.*s", prefix->prefix, (int)(iri.length - cut), iri.bytes + cut)
               : base_buffer_format(&name, "<%.*s>", (int)iri.length, iri.bytes);
    if (is_made)
        copy = base_arena_copy(names->arena, name.items, name.count);
    base_buffer_free(&name);
    return copy;
}

const char *names_shorten(const NameSpaces *names, KgText iri)
{
    const KgPrefix *best = NULL;
    for (size_t i = 0; i < names->prefixes.count; i++) {
        const KgPrefix *const known = &names->prefixes.items[i];
        if (!covers(known, iri))
            continue;
        const size_t length = strlen(known->iri), reached = best ? strlen(best->iri) : 0;
        if (length > reached || (length == reached && strlen(known->prefix) < strlen(best->prefix)))
            best = known;
    }
    return write_name(names, best, iri);
}

const char *names_shorten_like(const NameSpaces *names, KgText iri, const char *word, size_t length)
{
    const char *const colon = memchr(word, ':', length);
    const size_t prefix = colon ? (size_t)(colon - word) : 0;
    for (size_t i = 0; colon && i < names->prefixes.count; i++) {
        const KgPrefix *const known = &names->prefixes.items[i];
        if (strlen(known->prefix) == prefix && memcmp(known->prefix, word, prefix) == 0)
            return covers(known, iri) ? write_name(names, known, iri) : names_shorten(names, iri);
    }
    return names_shorten(names, iri);
}
