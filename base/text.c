/* text.c - UTF-8 by RFC 3629 (no overlong forms, no surrogates, nothing past U+10FFFF), and small string helpers. */
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

size_t base_utf8_decode(const char *bytes, size_t length, uint32_t *code_point)
{
    const unsigned char *const b = (const unsigned char *)bytes;
    if (length == 0)
        return 0;
    if (b[0] < 0x80) {
        *code_point = b[0];
        return 1;
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t size = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : b[0] >= 0xc2 ? 2 : 0;
    if (size == 0 || b[0] > 0xf4 || size > length)
        return 0;
    uint32_t value = b[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (b[i] & 0x3f);
    }
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code_point = value;
    return size;
}

/* How many bytes from the start are surely ASCII: whole blocks of 32. */
static size_t ascii_blocks(const char *bytes, size_t length)
{
    size_t at = 0;
    for (; length - at >= 32; at += 32) {
        uint64_t words[4];
        memcpy(words, bytes + at, sizeof words);
        if (((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080u) != 0)
            break;
    }
    return at;
}

size_t base_utf8_check(const char *bytes, size_t length)
{
    size_t at = 0;
    for (;;) {
        at += ascii_blocks(bytes + at, length - at);
        /* up to where blocks are worth another try */
        for (const size_t stop = length - at > 32 ? at + 32 : length; at < stop;) {
            uint32_t code_point;
            const size_t size = base_utf8_decode(bytes + at, length - at, &code_point);
            if (size == 0)
                return at;
            at += size;
        }
        if (at == length)
            return length;
    }
}

size_t base_utf8_count(const char *bytes, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    return count;
}

size_t base_utf8_encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff))
        return 0;
    const size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out[0] = (char)(lead[size] | code_point);
    return size;
}

size_t base_utf8_columns(const char *bytes, size_t length)
{
    size_t columns = 0;
    for (size_t at = 0; at < length;) {
        uint32_t code_point;
        const size_t size = base_utf8_decode(bytes + at, length - at, &code_point);
        if (size > 0) {
            const int width = utf8proc_charwidth((utf8proc_int32_t)code_point);
            columns += width > 0 ? (size_t)width : 0;
        } else {
            columns++;
        }
        at += size ? size : 1;
    }
    return columns;
}

#define LONGEST_WORD 64

size_t base_edit_distance(const char *a, size_t a_length, const char *b, size_t b_length, size_t limit)
{
    const size_t gap = a_length > b_length ? a_length - b_length : b_length - a_length;
    if (gap > limit || a_length > LONGEST_WORD || b_length > LONGEST_WORD)
        return limit + 1;
    size_t row[LONGEST_WORD + 1];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t above = row[j];
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[b_length] > limit ? limit + 1 : row[b_length];
}

const char *base_nearest(const char *word, const char *const *items, size_t count)
{
    const size_t length = strlen(word);
    size_t best = length / 3 + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        const size_t distance = base_edit_distance(word, length, items[i], strlen(items[i]), best);
        if (distance < best || (distance == best && !nearest)) {
            best = distance;
            nearest = items[i];
        }
    }
    return nearest;
}

const char *base_group_digits(uint64_t number, char out[BASE_GROUPED_BYTES])
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    char *end = out;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *end++ = ',';
        *end++ = digits[i];
    }
    *end = '\0';
    return out;
}

bool base_parse_uint(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || value < low || value > high)
        return false;
    *out = value;
    return true;
}

bool base_parse_double(const char *text, double low, double high, double *out)
{
    if (!*text || strchr(" \t\n", *text))
        return false;
    char *end;
    const double value = strtod(text, &end);
    if (*end || !isfinite(value) || value < low || value > high)
        return false;
    *out = value;
    return true;
}

/* ---- Finding ---- */

/* Where the part begins among the 16 places from `bytes` on; the first and the last byte are looked at in all of them
 * at once. */
static size_t find_in_block(const char *bytes, const char *part, size_t part_length)
{
    BaseBytes first, last;
    uint64_t halves[2];
    memcpy(&first, bytes, sizeof first);
    memcpy(&last, bytes + part_length - 1, sizeof last);
    const BaseBytes both =
        (BaseBytes)((first == (unsigned char)part[0]) & (last == (unsigned char)part[part_length - 1]));
    memcpy(halves, &both, sizeof halves);
    if (!(halves[0] | halves[1]))
        return SIZE_MAX;
    for (size_t at = 0; at < sizeof both; at++)
        if (both[at] && memcmp(bytes + at, part, part_length) == 0)
            return at;
    return SIZE_MAX;
}

size_t base_find(const char *bytes, size_t length, const char *part, size_t part_length)
{
    if (part_length == 0)
        return 0;
    if (length < part_length)
        return SIZE_MAX;
    const size_t places = length - part_length + 1;
    if (places < sizeof(BaseBytes)) {
        const char *const found = memmem(bytes, length, part, part_length);
        return found ? (size_t)(found - bytes) : SIZE_MAX;
    }
    for (size_t at = 0; at < places; at += sizeof(BaseBytes)) {
        const size_t start = at + sizeof(BaseBytes) <= places ? at : places - sizeof(BaseBytes);
        const size_t found = find_in_block(bytes + start, part, part_length);
        if (found != SIZE_MAX)
            return start + found;
    }
    return SIZE_MAX;
}
