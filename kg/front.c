/* front.c - a block is: checksum (8 bytes), how many strings (4), where the whole ones start (4 each, from the block's
 * start), then the strings: how many bytes are shared (not for whole ones) and how many follow, as varints (LEB128),
 * and those bytes. Numbers are little-endian. */
#include "kg/front.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define HEADER ((size_t)12)
#define VARINT_BYTES 10

static size_t put_varint(uint64_t value, char out[VARINT_BYTES])
{
    size_t length = 0;
    for (; value >= 0x80; value >>= 7)
        out[length++] = (char)(value | 0x80);
    out[length++] = (char)value;
    return length;
}

/* Reads at *at, which moves on; false: it runs past `end`. */
static bool get_varint(KgText block, size_t *at, size_t *out)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 63 && *at < block.length; shift += 7) {
        const unsigned char byte = (unsigned char)block.bytes[(*at)++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = (size_t)value;
            return true;
        }
    }
    return false;
}

static void put_u32(char *to, size_t value)
{
    const uint32_t little = htole32((uint32_t)value);
    memcpy(to, &little, sizeof little);
}

static uint32_t get_u32(const char *from)
{
    uint32_t little;
    memcpy(&little, from, sizeof little);
    return le32toh(little);
}

/* ---- Writing ---- */

static size_t shared_start(KgText a, KgText b)
{
    const size_t least = a.length < b.length ? a.length : b.length;
    size_t i = 0;
    while (i < least && a.bytes[i] == b.bytes[i])
        i++;
    return i;
}

bool kg_front_add(KgFrontWriter *writer, KgText string, bool *fits)
{
    *fits = true;
    const bool is_whole = writer->count % KG_FRONT_STEP == 0;
    const size_t shared = is_whole ? 0 : shared_start((KgText){writer->before.items, writer->before.count}, string);
    char head[2 * VARINT_BYTES];
    size_t head_length = is_whole ? 0 : put_varint(shared, head);
    head_length += put_varint(string.length - shared, head + head_length);
    const size_t size = HEADER + (writer->starts.count + is_whole) * sizeof(uint32_t) + writer->strings.count +
                        head_length + string.length - shared;
    if (writer->count > 0 && (size > KG_FRONT_BYTES || writer->count == UINT16_MAX)) {
        *fits = false;
        return false;
    }
    if (is_whole && !BASE_PUSH(&writer->starts, (uint32_t)writer->strings.count))
        return false;
    writer->before.count = shared;
    if (!base_buffer_add(&writer->strings, head, head_length) ||
        !base_buffer_add(&writer->strings, string.bytes + shared, string.length - shared) ||
        !base_buffer_add(&writer->before, string.bytes + shared, string.length - shared))
        return false;
    writer->count++;
    return true;
}

KgText kg_front_finish(KgFrontWriter *writer, uint64_t seed)
{
    const size_t starts = writer->starts.count * sizeof(uint32_t), length = HEADER + starts + writer->strings.count;
    writer->block.count = 0;
    if (!base_reserve((void **)&writer->block.items, &writer->block.capacity, length, 1))
        return (KgText){0};
    char *const block = writer->block.items;
    put_u32(block + 8, writer->count);
    for (size_t i = 0; i < writer->starts.count; i++)
        put_u32(block + HEADER + 4 * i, HEADER + starts + writer->starts.items[i]);
    memcpy(block + HEADER + starts, writer->strings.items, writer->strings.count);
    const uint64_t checksum = htole64(base_hash(block + 8, length - 8, seed));
    memcpy(block, &checksum, sizeof checksum);
    writer->strings.count = writer->before.count = writer->starts.count = 0;
    writer->count = 0;
    return (KgText){block, length};
}

void kg_front_free(KgFrontWriter *writer)
{
    base_buffer_free(&writer->strings);
    base_buffer_free(&writer->before);
    base_buffer_free(&writer->block);
    free(writer->starts.items);
    *writer = (KgFrontWriter){0};
}

/* ---- Reading ---- */

bool kg_front_open(KgFront *front, KgText block, uint64_t seed, bool verify)
{
    if (block.length < HEADER + 4)
        return false;
    uint64_t checksum;
    memcpy(&checksum, block.bytes, sizeof checksum);
    if (verify && le64toh(checksum) != base_hash(block.bytes + 8, block.length - 8, seed))
        return false;
    *front = (KgFront){block, get_u32(block.bytes + 8)};
    const size_t starts = ((size_t)front->count + KG_FRONT_STEP - 1) / KG_FRONT_STEP;
    return front->count > 0 && HEADER + 4 * starts <= block.length;
}

/* The head of a string at *at, which moves to its own bytes. */
static bool read_head(KgText block, bool is_whole, size_t *at, size_t *shared, size_t *rest)
{
    *shared = 0;
    return (is_whole || get_varint(block, at, shared)) && get_varint(block, at, rest) && *rest <= block.length - *at;
}

BaseStatus kg_front_get(const KgFront *front, uint32_t place, BaseArena *arena, KgText *out)
{
    struct Part {
        size_t shared, rest, at;
    } parts[KG_FRONT_STEP];
    size_t at = get_u32(front->block.bytes + HEADER + 4 * (size_t)(place / KG_FRONT_STEP)), length = 0;
    const uint32_t last = place % KG_FRONT_STEP;
    if (at > front->block.length)
        return BASE_BAD_INPUT;
    for (uint32_t i = 0; i <= last; i++) {
        if (!read_head(front->block, i == 0, &at, &parts[i].shared, &parts[i].rest) || parts[i].shared > length)
            return BASE_BAD_INPUT;
        parts[i].at = at;
        at += parts[i].rest;
        length = parts[i].shared + parts[i].rest;
    }
    char *const bytes = base_arena_alloc(arena, length + 1, 1);
    if (!bytes)
        return BASE_NO_MEMORY;
    /* From the last backwards: each gives the bytes that those after it do not have of their own. */
    size_t wanted = length;
    for (uint32_t i = last; wanted > 0; i--) {
        if (wanted > parts[i].shared) {
            memcpy(bytes + parts[i].shared, front->block.bytes + parts[i].at, wanted - parts[i].shared);
            wanted = parts[i].shared;
        }
        if (i == 0)
            break;
    }
    *out = (KgText){bytes, length};
    return BASE_OK;
}

bool kg_front_each(const KgFront *front, bool (*take)(void *context, uint32_t place, KgText string), void *context)
{
    BaseBuffer string = {0};
    bool good = true;
    size_t at = 0;
    for (uint32_t place = 0; good && place < front->count; place++) {
        const bool is_whole = place % KG_FRONT_STEP == 0;
        size_t shared, rest;
        if (is_whole)
            at = get_u32(front->block.bytes + HEADER + 4 * (size_t)(place / KG_FRONT_STEP));
        good = at <= front->block.length && read_head(front->block, is_whole, &at, &shared, &rest) &&
               shared <= string.count;
        string.count = good ? shared : 0;
        good = good && base_buffer_add(&string, front->block.bytes + at, rest) &&
               take(context, place, (KgText){string.items, string.count});
        at += good ? rest : 0;
    }
    base_buffer_free(&string);
    return good;
}
