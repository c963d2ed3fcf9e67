/* front.c - a block is: checksum (8 bytes), how many strings (4), where the whole ones start (4 each, from the block's
 * start), then the strings: how many bytes are shared (not for whole ones) and how many follow, as varints (LEB128),
 * and those bytes. Numbers are little-endian. */
#include "kg/front.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define HEADER ((size_t)12)
#define VARINT_BYTES 10
#define FEW ((size_t)16) /* bytes, as most strings add to the one before */

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
    if (*at < block.length && (unsigned char)block.bytes[*at] < 0x80) {
        *out = (unsigned char)block.bytes[(*at)++];
        return true;
    }
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
    const size_t most = writer->most ? writer->most : KG_FRONT_BYTES;
    if (writer->count > 0 && (size > most || writer->count == UINT16_MAX)) {
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

/* The reader's next string, from what it shares with the one before it. */
static BaseStatus read_next(KgFrontReader *reader)
{
    const KgText block = reader->front.block;
    const bool is_whole = reader->next % KG_FRONT_STEP == 0;
    BaseBuffer *const string = &reader->string;
    size_t shared, rest;
    if (is_whole)
        reader->at = get_u32(block.bytes + HEADER + 4 * (size_t)(reader->next / KG_FRONT_STEP));
    if (reader->at > block.length || !read_head(block, is_whole, &reader->at, &shared, &rest) ||
        (!is_whole && shared > string->count))
        return BASE_BAD_INPUT;
    if (!BASE_RESERVE(string, shared + rest + FEW))
        return BASE_NO_MEMORY;
    if (rest <= FEW && block.length - reader->at >= FEW)
        memcpy(string->items + shared, block.bytes + reader->at, FEW); /* quicker than just as many as there are */
    else
        memcpy(string->items + shared, block.bytes + reader->at, rest);
    string->count = shared + rest;
    reader->at += rest;
    reader->next++;
    return BASE_OK;
}

BaseStatus kg_front_read(KgFrontReader *reader, uint32_t place, KgText *out)
{
    BaseStatus status = BASE_OK;
    if (place + 1 != reader->next && (reader->next > place || reader->next / KG_FRONT_STEP < place / KG_FRONT_STEP))
        reader->next = place / KG_FRONT_STEP * KG_FRONT_STEP;
    while (status == BASE_OK && reader->next <= place)
        status = read_next(reader);
    if (status != BASE_OK)
        reader->next = 0;
    *out = (KgText){reader->string.items, reader->string.count};
    return status;
}

bool kg_front_each(const KgFront *front, bool (*take)(void *context, uint32_t place, KgText string), void *context)
{
    KgFrontReader reader = {.front = *front};
    KgText string;
    bool good = true;
    for (uint32_t place = 0; good && place < front->count; place++)
        good = kg_front_read(&reader, place, &string) == BASE_OK && take(context, place, string);
    base_buffer_free(&reader.string);
    return good;
}

/* ---- Going on with a block ---- */

bool kg_front_reopen(KgFrontWriter *writer, const KgFront *front)
{
    const KgText block = front->block;
    const size_t starts = ((size_t)front->count + KG_FRONT_STEP - 1) / KG_FRONT_STEP, first = HEADER + 4 * starts;
    KgFrontReader reader = {.front = *front};
    KgText last;
    bool good = kg_front_read(&reader, front->count - 1, &last) == BASE_OK &&
                base_buffer_add(&writer->before, last.bytes, last.length) &&
                base_buffer_add(&writer->strings, block.bytes + first, block.length - first);
    for (size_t i = 0; good && i < starts; i++) {
        const size_t at = get_u32(block.bytes + HEADER + 4 * i);
        good = at >= first && at <= block.length && BASE_PUSH(&writer->starts, (uint32_t)(at - first));
    }
    writer->count = front->count;
    base_buffer_free(&reader.string);
    return good;
}
