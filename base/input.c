/* input.c - a file as a stream of bytes or lines; gzip (RFC 1952) by zlib and zstd (RFC 8878) by libzstd are unpacked
 * as they are read. Members or frames laid end to end count as one stream, as gzip and zstd themselves treat them. */
#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PACKED_BYTES ((size_t)1 << 16)
#define FIRST_LINE_BYTES ((size_t)1 << 16)

typedef enum Packing { PLAIN, GZIP, ZSTD } Packing;

struct BaseInput {
    char *name;
    int file;
    Packing packing;
    uint64_t position, size;
    /* bytes of the file not yet unpacked */
    unsigned char *packed;
    size_t packed_start, packed_end;
    bool file_ended;
    bool between; /* at a member's or frame's end: the file may stop here */
    z_stream gzip;
    ZSTD_DStream *zstd;
    /* unpacked bytes for base_input_line */
    char *text;
    size_t text_start, text_end, text_capacity;
    bool text_ended;
};

/* One read of the file; *got 0 at its end. */
static BaseStatus read_file(BaseInput *input, void *buffer, size_t capacity, size_t *got, BaseError *err)
{
    ssize_t count;
    do
        count = read(input->file, buffer, capacity);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return base_fail_errno(err, "cannot read %s", input->name);
    *got = (size_t)count;
    input->position += (uint64_t)count;
    input->file_ended = count == 0;
    return BASE_OK;
}

/* Fills `packed` when it is empty. */
static BaseStatus refill(BaseInput *input, BaseError *err)
{
    if (input->packed_start < input->packed_end || input->file_ended)
        return BASE_OK;
    input->packed_start = input->packed_end = 0;
    return read_file(input, input->packed, PACKED_BYTES, &input->packed_end, err);
}

static BaseStatus recognise(BaseInput *input, BaseError *err)
{
    /* A pipe may bring its first bytes one by one. */
    while (input->packed_end < 4 && !input->file_ended) {
        size_t got = 0;
        const BaseStatus status =
            read_file(input, input->packed + input->packed_end, PACKED_BYTES - input->packed_end, &got, err);
        if (status != BASE_OK)
            return status;
        input->packed_end += got;
    }
    static const unsigned char gzip_magic[] = {0x1f, 0x8b}, zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    if (input->packed_end >= sizeof gzip_magic && memcmp(input->packed, gzip_magic, sizeof gzip_magic) == 0) {
        if (inflateInit2(&input->gzip, 15 + 16) != Z_OK)
            return base_fail(err, BASE_NO_MEMORY, "no memory to unpack %s", input->name);
        input->packing = GZIP;
    } else if (input->packed_end >= sizeof zstd_magic && memcmp(input->packed, zstd_magic, sizeof zstd_magic) == 0) {
        input->zstd = ZSTD_createDStream();
        if (!input->zstd)
            return base_fail(err, BASE_NO_MEMORY, "no memory to unpack %s", input->name);
        input->packing = ZSTD;
    }
    input->between = true;
    return BASE_OK;
}

BaseStatus base_input_open(const char *path, BaseInput **out, BaseError *err)
{
    *out = NULL;
    const bool standard = strcmp(path, "-") == 0;
    BaseInput *const input = calloc(1, sizeof *input);
    if (!input)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
    input->file = -1;
    input->name = strdup(standard ? "<stdin>" : path);
    input->packed = malloc(PACKED_BYTES);
    BaseStatus status = BASE_OK;
    if (!input->name || !input->packed) {
        status = base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
        goto fail;
    }
    input->file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat found;
    if (input->file < 0 || fstat(input->file, &found) != 0) {
        status = errno == ENOENT ? base_fail(err, BASE_NOT_FOUND, "no such file: %s", path)
                                 : base_fail_errno(err, "cannot read %s", path);
        goto fail;
    }
    if (S_ISDIR(found.st_mode)) {
        status = base_fail(err, BASE_BAD_INPUT, "%s is a folder, expected a file", path);
        goto fail;
    }
    if (S_ISREG(found.st_mode))
        input->size = (uint64_t)found.st_size;
    status = recognise(input, err);
    if (status != BASE_OK)
        goto fail;
    *out = input;
    return BASE_OK;
fail:
    base_input_close(input);
    return status;
}

void base_input_close(BaseInput *input)
{
    if (!input)
        return;
    if (input->packing == GZIP)
        inflateEnd(&input->gzip);
    ZSTD_freeDStream(input->zstd);
    if (input->file > STDIN_FILENO)
        close(input->file);
    free(input->packed);
    free(input->text);
    free(input->name);
    free(input);
}

static BaseStatus read_plain(BaseInput *input, char *buffer, size_t capacity, size_t *got)
{
    const size_t ready = input->packed_end - input->packed_start;
    *got = ready < capacity ? ready : capacity;
    memcpy(buffer, input->packed + input->packed_start, *got);
    input->packed_start += *got;
    return BASE_OK;
}

static BaseStatus damaged(const BaseInput *input, const char *what, BaseError *err)
{
    return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = input->name}, "damaged %s data near byte %llu: %s",
                        input->packing == GZIP ? "gzip" : "zstd",
                        (unsigned long long)(input->position - (input->packed_end - input->packed_start)), what);
}

static BaseStatus read_gzip(BaseInput *input, char *buffer, size_t capacity, size_t *got, BaseError *err)
{
    z_stream *const z = &input->gzip;
    const unsigned int room = capacity > UINT32_MAX ? UINT32_MAX : (unsigned int)capacity;
    z->next_in = input->packed + input->packed_start;
    z->avail_in = (unsigned int)(input->packed_end - input->packed_start);
    z->next_out = (unsigned char *)buffer;
    z->avail_out = room;
    const int result = inflate(z, Z_NO_FLUSH);
    input->packed_start = input->packed_end - z->avail_in;
    *got = room - z->avail_out;
    input->between = result == Z_STREAM_END;
    if (result == Z_STREAM_END)
        return inflateReset(z) == Z_OK ? BASE_OK : damaged(input, "cannot go on", err);
    if (result == Z_MEM_ERROR)
        return base_fail(err, BASE_NO_MEMORY, "no memory to unpack %s", input->name);
    if (result != Z_OK && result != Z_BUF_ERROR)
        return damaged(input, z->msg ? z->msg : "not gzip", err);
    return BASE_OK;
}

static BaseStatus read_zstd(BaseInput *input, char *buffer, size_t capacity, size_t *got, BaseError *err)
{
    ZSTD_inBuffer in = {input->packed + input->packed_start, input->packed_end - input->packed_start, 0};
    ZSTD_outBuffer out = {buffer, capacity, 0};
    const size_t result = ZSTD_decompressStream(input->zstd, &out, &in);
    input->packed_start += in.pos;
    *got = out.pos;
    input->between = result == 0;
    return ZSTD_isError(result) ? damaged(input, ZSTD_getErrorName(result), err) : BASE_OK;
}

BaseStatus base_input_read(BaseInput *input, void *buffer, size_t capacity, size_t *got, BaseError *err)
{
    *got = 0;
    /* what needs no unpacking goes where it is wanted, without a stop */
    if (input->packing == PLAIN && input->packed_start == input->packed_end && !input->file_ended &&
        capacity >= PACKED_BYTES) {
        const BaseStatus status = read_file(input, buffer, capacity, got, err);
        return status == BASE_OK && *got == 0 ? BASE_END : status;
    }
    while (*got == 0 && capacity > 0) {
        BaseStatus status = refill(input, err);
        if (status != BASE_OK)
            return status;
        const bool nothing_left = input->packed_start == input->packed_end && input->file_ended;
        if (nothing_left && (input->packing == PLAIN || input->between))
            return BASE_END;
        switch (input->packing) {
        case PLAIN:
            status = read_plain(input, buffer, capacity, got);
            break;
        case GZIP:
            status = read_gzip(input, buffer, capacity, got, err);
            break;
        case ZSTD:
            status = read_zstd(input, buffer, capacity, got, err);
            break;
        }
        if (status != BASE_OK)
            return status;
        if (nothing_left && *got == 0 && !input->between)
            return damaged(input, "the file ends too early", err);
    }
    return BASE_OK;
}

/* Moves what is left of the text to the front and reads more behind it. */
static BaseStatus read_more_text(BaseInput *input, BaseError *err)
{
    if (input->text_start > 0) {
        memmove(input->text, input->text + input->text_start, input->text_end - input->text_start);
        input->text_end -= input->text_start;
        input->text_start = 0;
    }
    if (input->text_end == input->text_capacity) {
        const size_t capacity = input->text_capacity ? input->text_capacity * 2 : FIRST_LINE_BYTES;
        char *const grown = realloc(input->text, capacity);
        if (!grown)
            return base_fail(err, BASE_NO_MEMORY, "no memory for a line of %s", input->name);
        input->text = grown;
        input->text_capacity = capacity;
    }
    size_t got;
    const BaseStatus status =
        base_input_read(input, input->text + input->text_end, input->text_capacity - input->text_end, &got, err);
    if (status == BASE_END)
        input->text_ended = true;
    else if (status != BASE_OK)
        return status;
    input->text_end += got;
    return BASE_OK;
}

BaseStatus base_input_line(BaseInput *input, const char **line, size_t *length, BaseError *err)
{
    size_t searched = 0;
    for (;;) {
        const size_t ready = input->text_end - input->text_start;
        char *const start = input->text ? input->text + input->text_start : NULL;
        const char *const newline = ready > searched ? memchr(start + searched, '\n', ready - searched) : NULL;
        if (newline || (input->text_ended && ready > 0)) {
            size_t end = newline ? (size_t)(newline - start) : ready;
            input->text_start += newline ? end + 1 : end;
            if (end > 0 && start[end - 1] == '\r')
                end--;
            *line = start;
            *length = end;
            return BASE_OK;
        }
        if (input->text_ended)
            return BASE_END;
        searched = ready;
        const BaseStatus status = read_more_text(input, err);
        if (status != BASE_OK)
            return status;
    }
}

const char *base_input_name(const BaseInput *input)
{
    return input->name;
}

uint64_t base_input_position(const BaseInput *input)
{
    return input->position;
}

uint64_t base_input_size(const BaseInput *input)
{
    return input->size;
}

BaseStatus base_read_file(const char *path, char **bytes, size_t *length, BaseError *err)
{
    *bytes = NULL;
    *length = 0;
    BaseInput *input = NULL;
    BaseStatus status = base_input_open(path, &input, err);
    char *content = NULL;
    size_t count = 0, capacity = 0;
    while (status == BASE_OK) {
        if (count + 1 >= capacity) {
            char *const grown = realloc(content, capacity = capacity ? capacity * 2 : 1 << 14);
            if (!grown) {
                status = base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
                break;
            }
            content = grown;
        }
        size_t got;
        status = base_input_read(input, content + count, capacity - count - 1, &got, err);
        count += got;
    }
    base_input_close(input);
    if (status != BASE_END) {
        free(content);
        return status;
    }
    content[count] = '\0';
    *bytes = content;
    *length = count;
    return BASE_OK;
}
