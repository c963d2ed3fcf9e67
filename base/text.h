/* text.h - UTF-8 and plain strings. */
#ifndef KGQ_BASE_TEXT_H
#define KGQ_BASE_TEXT_H

#include "base/vector.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629); `length` when all is well. */
size_t base_utf8_check(const char *bytes, size_t length);
/* Characters (code points) in well-formed text. */
size_t base_utf8_count(const char *bytes, size_t length);
/* Decodes one character; returns its bytes, 0 at a malformed one. */
size_t base_utf8_decode(const char *bytes, size_t length, uint32_t *code_point);
/* Encodes into out[4]; returns the bytes, 0 for a surrogate or a number past U+10FFFF. */
size_t base_utf8_encode(uint32_t code_point, char out[4]);
/* Columns a terminal uses for the text (wide and combining characters counted as they are drawn). */
size_t base_utf8_columns(const char *bytes, size_t length);

/* Levenshtein distance of two short strings, for "did you mean": above `limit` it returns limit + 1. */
size_t base_edit_distance(const char *a, size_t a_length, const char *b, size_t b_length, size_t limit);
/* The item nearest to `word` and not further than a third of its length; NULL: none. */
const char *base_nearest(const char *word, const char *const *items, size_t count);

/* 1234567 as "1,234,567"; returns `out`. */
#define BASE_GROUPED_BYTES 28
const char *base_group_digits(uint64_t number, char out[BASE_GROUPED_BYTES]);

/* Parses all of `text` as a number within [low, high]; false, and *out untouched, otherwise. */
bool base_parse_uint(const char *text, uint64_t low, uint64_t high, uint64_t *out);
bool base_parse_double(const char *text, double low, double high, double *out);

/* Where `part` first begins in the bytes; SIZE_MAX: nowhere. Made for short texts, one after the other. */
size_t base_find(const char *bytes, size_t length, const char *part, size_t part_length);

/* How many bytes from the front on stand for themselves: not below `least`, not DEL, and none of the `count` in
 * `others`. Inlined, so that these are constants. */
typedef unsigned char BaseBytes __attribute__((vector_size(16)));
static inline __attribute__((always_inline)) size_t
base_plain_length(const char *bytes, size_t length, unsigned char least, const char *others, size_t count)
{
    size_t at = 0;
    for (; at + sizeof(BaseBytes) <= length; at += sizeof(BaseBytes)) {
        BaseBytes block;
        uint64_t halves[2];
        memcpy(&block, bytes + at, sizeof block);
        BaseBytes found = (BaseBytes)((block < least) | (block == 0x7f));
        for (size_t i = 0; i < count; i++)
            found |= (BaseBytes)(block == (unsigned char)others[i]);
        memcpy(halves, &found, sizeof halves);
        if (halves[0] | halves[1])
            break;
    }
    for (; at < length; at++) {
        const unsigned char byte = (unsigned char)bytes[at];
        bool is_plain = byte >= least && byte != 0x7f;
        for (size_t i = 0; i < count; i++)
            is_plain &= byte != (unsigned char)others[i];
        if (!is_plain)
            break;
    }
    return at;
}

#endif
