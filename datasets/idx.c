/* idx.c - IDX, the form that MNIST is published in: reading with every claim of the header checked against the file,
 * and writing. http://yann.lecun.com/exdb/mnist/ describes it. */
#include "datasets/output.h"

#include <stdlib.h>
#include <string.h>

#define TYPE_BYTES 8

static uint32_t read_big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static const char *type_name(uint8_t type)
{
    switch (type) {
    case 0x08:
        return "unsigned bytes";
    case 0x09:
        return "signed bytes";
    case 0x0b:
        return "16-bit integers";
    case 0x0c:
        return "32-bit integers";
    case 0x0d:
        return "32-bit floats";
    case 0x0e:
        return "64-bit floats";
    default:
        return NULL;
    }
}

/* A binary file has no lines: its name is the place, the message tells the byte. */
static BaseSource in_file(const char *path)
{
    return (BaseSource){.name = path};
}

static BaseStatus check_header(const char *path, const uint8_t *bytes, size_t length, BaseError *err)
{
    if (length < 4)
        return base_fail_at(err, BASE_BAD_INPUT, in_file(path),
                            "not an IDX file: expected a header of at least 4 bytes, the file has %zu", length);
    if (bytes[0] != 0 || bytes[1] != 0 || !type_name(bytes[2]))
        return base_fail_at(err, BASE_BAD_INPUT, in_file(path),
                            "not an IDX file: expected the magic 00 00 08 RANK at byte 0, found %02x %02x %02x %02x",
                            bytes[0], bytes[1], bytes[2], bytes[3]);
    if (bytes[2] != TYPE_BYTES)
        return base_fail_at(err, BASE_BAD_INPUT, in_file(path),
                            "expected unsigned bytes (type 08 at byte 2), found %s (type %02x)", type_name(bytes[2]),
                            bytes[2]);
    const unsigned rank = bytes[3];
    if (rank != 1 && rank != 3 && rank != 4)
        return base_fail_at(err, BASE_BAD_INPUT, in_file(path),
                            "expected rank 1 (labels), 3 or 4 (images) at byte 3, found %u", rank);
    if (length < 4 + 4 * (size_t)rank)
        return base_fail_at(err, BASE_BAD_INPUT, in_file(path),
                            "cut short: expected %u dimensions up to byte %u, the file has %zu bytes", rank,
                            4 + 4 * rank, length);
    return BASE_OK;
}

static void format_dims(const DatasetsIdx *idx, char *out, size_t capacity)
{
    size_t used = 0;
    for (int i = 0; i < idx->rank && used < capacity; i++)
        used += (size_t)snprintf(out + used, capacity - used, i ? " x %u" : "%u", idx->dims[i]);
}

static BaseStatus check_length(const char *path, const DatasetsIdx *idx, size_t header, size_t length, BaseError *err)
{
    char dims[64];
    format_dims(idx, dims, sizeof dims);
    size_t expected = 1;
    for (int i = 0; i < idx->rank; i++)
        if (__builtin_mul_overflow(expected, idx->dims[i], &expected))
            return base_fail_at(err, BASE_BAD_INPUT, in_file(path), "the dimensions %s are more than can be held",
                                dims);
    const size_t found = length - header;
    if (found < expected)
        return base_fail_at(err, BASE_BAD_INPUT, in_file(path),
                            "cut short: %s needs %zu bytes after the header, the file has %zu (it ends at byte %zu)",
                            dims, expected, found, length);
    if (found > expected)
        return base_fail_at(err, BASE_BAD_INPUT, in_file(path),
                            "%zu bytes too many: %s ends at byte %zu, the file at byte %zu", found - expected, dims,
                            header + expected, length);
    return BASE_OK;
}

BaseStatus datasets_read_idx(const char *path, DatasetsIdx *out, BaseError *err)
{
    *out = (DatasetsIdx){0};
    char *text = NULL;
    size_t length = 0;
    BaseStatus status = base_read_file(path, &text, &length, err);
    if (status != BASE_OK)
        return status;
    uint8_t *const bytes = (uint8_t *)text;
    status = check_header(path, bytes, length, err);
    if (status != BASE_OK)
        goto done;
    DatasetsIdx idx = {.rank = bytes[3]};
    const size_t header = 4 + 4 * (size_t)idx.rank;
    for (int i = 0; i < idx.rank; i++)
        idx.dims[i] = read_big_endian(bytes + 4 + 4 * i);
    status = check_length(path, &idx, header, length, err);
    if (status != BASE_OK)
        goto done;
    memmove(bytes, bytes + header, length - header);
    idx.bytes = bytes;
    *out = idx;
    return BASE_OK;
done:
    free(text);
    return status;
}

static BaseStatus check_pair(const char *images_path, const char *labels_path, const DatasetsIdx *images,
                             const DatasetsIdx *labels, BaseError *err)
{
    if (images->rank < 3)
        return base_fail_at(err, BASE_BAD_INPUT, in_file(images_path), "expected images (rank 3 or 4), found rank %d%s",
                            images->rank, images->rank == 1 ? ": these are labels" : "");
    if (labels->rank != 1)
        return base_fail_at(err, BASE_BAD_INPUT, in_file(labels_path),
                            "expected labels (rank 1), found rank %d: these are images", labels->rank);
    char dims[64];
    format_dims(images, dims, sizeof dims);
    if (images->dims[0] == 0 || datasets_idx_item_bytes(images) == 0)
        return base_fail_at(err, BASE_BAD_INPUT, in_file(images_path), "no pixels: the dimensions are %s", dims);
    if (images->dims[0] != labels->dims[0]) {
        char label_count[BASE_GROUPED_BYTES], image_count[BASE_GROUPED_BYTES];
        base_group_digits(labels->dims[0], label_count);
        base_group_digits(images->dims[0], image_count);
        return base_fail_at(err, BASE_BAD_INPUT, in_file(labels_path), "labels file has %s labels for %s images of %s",
                            label_count, image_count, images_path);
    }
    return BASE_OK;
}

BaseStatus datasets_read_idx_pair(const char *images_path, const char *labels_path, DatasetsIdx *images,
                                  DatasetsIdx *labels, BaseError *err)
{
    *labels = (DatasetsIdx){0};
    BaseStatus status = datasets_read_idx(images_path, images, err);
    if (status == BASE_OK)
        status = datasets_read_idx(labels_path, labels, err);
    if (status == BASE_OK)
        status = check_pair(images_path, labels_path, images, labels, err);
    if (status != BASE_OK) {
        datasets_idx_free(images);
        datasets_idx_free(labels);
    }
    return status;
}

void datasets_put_idx(FILE *out, const DatasetsIdx *idx)
{
    const uint8_t magic[4] = {0, 0, TYPE_BYTES, (uint8_t)idx->rank};
    size_t count = 1;
    fwrite(magic, 1, sizeof magic, out);
    for (int i = 0; i < idx->rank; i++) {
        const uint32_t dim = idx->dims[i];
        const uint8_t bytes[4] = {(uint8_t)(dim >> 24), (uint8_t)(dim >> 16), (uint8_t)(dim >> 8), (uint8_t)dim};
        fwrite(bytes, 1, sizeof bytes, out);
        count *= dim;
    }
    fwrite(idx->bytes, 1, count, out);
}

BaseStatus datasets_write_idx(const char *path, const DatasetsIdx *idx, BaseError *err)
{
    BaseNewFile file;
    const BaseStatus status = base_file_create(path, &file, err);
    if (status != BASE_OK)
        return status;
    datasets_put_idx(file.stream, idx);
    return base_file_commit(&file, err);
}

void datasets_idx_free(DatasetsIdx *idx)
{
    free(idx->bytes);
    *idx = (DatasetsIdx){0};
}
