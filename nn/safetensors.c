/* Saved parameters: safetensors (https://github.com/huggingface/safetensors, "Format"). Eight bytes give the length of
 * a JSON header, little-endian; the header names each tensor's type, shape and place in the data that fills the rest of
 * the file without holes. Ours adds to the header's "__metadata__": "kgq", the description; "xxh3", the checksum (XXH3,
 * 64 bits) of the data; "xxh3.header", one of the tensors' names and shapes and of the description. Files of others,
 * without checksums, are read too. A header is taken at its word only as far as the file's own size bears it out. */
#include "nn/parameters.h"
#include "nn/tensor.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file's numbers are little-endian");

#define MAX_HEADER (UINT64_C(100) << 20) /* as in the format's own reader */
#define MAX_TENSORS 10000
#define CHECKSUM_TEXT 17

static void checksum_text(uint64_t checksum, char text[CHECKSUM_TEXT])
{
    snprintf(text, CHECKSUM_TEXT, "%016" PRIx64, checksum);
}

/* Names and shapes in the order of the data, then the description. */
static uint64_t header_checksum(const NnParameters *parameters, const char *description)
{
    uint64_t checksum = 0;
    for (int i = 0; i < nn_parameter_count(parameters); i++) {
        const char *const name = nn_parameter_name(parameters, i);
        const NnShape shape = nn_parameter_shape(parameters, i);
        checksum = base_hash(name, strlen(name), checksum);
        checksum = base_hash(shape.dims, (size_t)shape.rank * sizeof shape.dims[0], checksum);
    }
    return description ? base_hash(description, strlen(description), checksum) : checksum;
}

/* ---- Writing ------------------------------------------------------------------------------------------------------
 */

static bool data_checksum(const NnParameters *parameters, uint64_t *checksum)
{
    XXH3_state_t *const state = XXH3_createState();
    bool is_good = state && XXH3_64bits_reset(state) == XXH_OK;
    for (int i = 0; is_good && i < nn_parameter_count(parameters); i++)
        is_good = XXH3_64bits_update(state, nn_parameter_read(parameters, i),
                                     (size_t)nn_parameter_size(parameters, i) * sizeof(float)) == XXH_OK;
    if (is_good)
        *checksum = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return is_good;
}

static json_t *tensor_json(NnShape shape, uint64_t begin, uint64_t end)
{
    json_t *const dims = json_array();
    for (int i = 0; i < shape.rank; i++)
        json_array_append_new(dims, json_integer(shape.dims[i]));
    return json_pack("{ss so s[II]}", "dtype", "F32", "shape", dims, "data_offsets", (json_int_t)begin,
                     (json_int_t)end);
}

/* The header's JSON, owned; NULL: no memory. */
static char *make_header(const NnParameters *parameters, const char *description)
{
    uint64_t checksum = 0, begin = 0;
    char data[CHECKSUM_TEXT], header[CHECKSUM_TEXT];
    if (!data_checksum(parameters, &checksum))
        return NULL;
    checksum_text(checksum, data);
    checksum_text(header_checksum(parameters, description), header);
    json_t *const root = json_object();
    json_t *const metadata = json_pack("{ss ss}", "xxh3", data, "xxh3.header", header);
    bool is_good =
        root && metadata && (!description || json_object_set_new(metadata, "kgq", json_string(description)) == 0);
    is_good = json_object_set_new(root, "__metadata__", metadata) == 0 && is_good;
    for (int i = 0; is_good && i < nn_parameter_count(parameters); i++) {
        const uint64_t end = begin + (uint64_t)nn_parameter_size(parameters, i) * sizeof(float);
        is_good = json_object_set_new(root, nn_parameter_name(parameters, i),
                                      tensor_json(nn_parameter_shape(parameters, i), begin, end)) == 0;
        begin = end;
    }
    char *const text = is_good ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return text;
}

static bool write_all(FILE *stream, const NnParameters *parameters, const char *header)
{
    const size_t length = strlen(header), padding = (8 - length % 8) % 8; /* data starts at a multiple of 8 */
    const uint64_t total = length + padding;
    bool is_good = fwrite(&total, sizeof total, 1, stream) == 1 && fwrite(header, 1, length, stream) == length &&
                   fwrite("        ", 1, padding, stream) == padding;
    for (int i = 0; is_good && i < nn_parameter_count(parameters); i++) {
        const size_t size = (size_t)nn_parameter_size(parameters, i);
        is_good = fwrite(nn_parameter_read(parameters, i), sizeof(float), size, stream) == size;
    }
    return is_good;
}

static BaseStatus check_saveable(const NnParameters *parameters, const char *description, BaseError *err)
{
    if (description && base_utf8_check(description, strlen(description)) != strlen(description))
        return base_fail(err, BASE_BAD_CALL, "nn_save: the description is not UTF-8");
    for (int i = 0; i < nn_parameter_count(parameters); i++)
        if (!nn_all_finite(nn_parameter_read(parameters, i), nn_parameter_size(parameters, i)))
            return base_fail(err, BASE_BAD_INPUT, "\"%s\" holds numbers that are not finite: it is not saved",
                             nn_parameter_name(parameters, i));
    return BASE_OK;
}

BaseStatus nn_save(const NnParameters *parameters, const char *path, const char *description, BaseError *err)
{
    BaseNewFile file;
    BaseStatus status = check_saveable(parameters, description, err);
    if (status != BASE_OK)
        return status;
    char *const header = make_header(parameters, description);
    if (!header)
        return base_fail(err, BASE_NO_MEMORY, "no memory to write %s", path);
    status = base_file_create(path, &file, err);
    if (status == BASE_OK) {
        if (write_all(file.stream, parameters, header)) {
            status = base_file_commit(&file, err);
        } else {
            status = base_fail_errno(err, "cannot write %s", path);
            base_file_abort(&file);
        }
    }
    free(header);
    return status;
}

/* ---- Reading ------------------------------------------------------------------------------------------------------
 */

typedef struct Entry {
    const char *name; /* borrowed from the header */
    NnShape shape;
    uint64_t begin, end; /* in the data */
} Entry;

typedef struct Reader {
    const char *path;
    FILE *stream;
    uint64_t size, data; /* of the file; where its data begins */
    json_t *header;
    Entry *entries;
    size_t count;
    const char *description, *checksum, *header_checksum; /* borrowed from the header; NULL: not there */
} Reader;

static BaseStatus bad(const Reader *reader, uint64_t byte, BaseError *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static BaseStatus bad(const Reader *reader, uint64_t byte, BaseError *err, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = reader->path}, "byte %" PRIu64 ": %s", byte, what);
}

static BaseStatus read_exactly(Reader *reader, void *buffer, uint64_t length, BaseError *err)
{
    if (fread(buffer, 1, length, reader->stream) == length)
        return BASE_OK;
    if (ferror(reader->stream))
        return base_fail_errno(err, "cannot read %s", reader->path);
    return bad(reader, reader->size, err, "the file became shorter while it was read");
}

static BaseStatus open_reader(Reader *reader, BaseError *err)
{
    struct stat found;
    reader->stream = fopen(reader->path, "rbe");
    if (!reader->stream && errno == ENOENT)
        return base_fail(err, BASE_NOT_FOUND, "there is no file %s", reader->path);
    if (!reader->stream || fstat(fileno(reader->stream), &found) != 0)
        return base_fail_errno(err, "cannot read %s", reader->path);
    if (!S_ISREG(found.st_mode))
        return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = reader->path}, "not a file, let alone a model");
    reader->size = (uint64_t)found.st_size;
    return BASE_OK;
}

static BaseStatus read_header(Reader *reader, BaseError *err)
{
    uint64_t length = 0;
    if (reader->size < sizeof length)
        return bad(reader, reader->size, err, "the file ends within the 8 bytes that a model file begins with");
    BaseStatus status = read_exactly(reader, &length, sizeof length, err);
    if (status != BASE_OK)
        return status;
    if (length > MAX_HEADER || length > reader->size - sizeof length)
        return bad(reader, 0, err,
                   "a header of %" PRIu64 " bytes in a file of %" PRIu64 ": not a model file, or cut short", length,
                   reader->size);
    char *const text = malloc((size_t)length + 1);
    if (!text)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", reader->path);
    status = read_exactly(reader, text, length, err);
    if (status == BASE_OK) {
        json_error_t fault;
        reader->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &fault);
        if (!reader->header)
            status = bad(reader, sizeof length + (uint64_t)(fault.position > 0 ? fault.position : 0), err,
                         "the header is not JSON: %s", fault.text);
        else if (!json_is_object(reader->header))
            status = bad(reader, sizeof length, err, "the header is not a JSON object");
    }
    free(text);
    reader->data = sizeof length + length;
    return status;
}

static BaseStatus read_metadata(Reader *reader, const json_t *metadata, BaseError *err)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return bad(reader, 8, err, "\"__metadata__\" is not an object");
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value)
    {
        if (!json_is_string(value))
            return bad(reader, 8, err, "\"%s\" in \"__metadata__\" is not text", key);
    }
    reader->description = json_string_value(json_object_get(metadata, "kgq"));
    reader->checksum = json_string_value(json_object_get(metadata, "xxh3"));
    reader->header_checksum = json_string_value(json_object_get(metadata, "xxh3.header"));
    if (!reader->checksum != !reader->header_checksum || (reader->description && !reader->checksum))
        return bad(reader, 8, err, "the header is damaged: a checksum is missing");
    return BASE_OK;
}

static BaseStatus read_shape(const Reader *reader, Entry *entry, const json_t *shape, BaseError *err)
{
    const size_t rank = json_array_size(shape); /* 0 when it is none */
    if (rank < 1 || rank > NN_MAX_RANK)
        return bad(reader, 8, err, "tensor \"%s\" wants a shape of 1 to %d dimensions", entry->name, NN_MAX_RANK);
    entry->shape.rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        const json_t *const dim = json_array_get(shape, i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return bad(reader, 8, err, "tensor \"%s\": dimension %zu is not a number of things", entry->name, i + 1);
        entry->shape.dims[i] = json_integer_value(dim);
    }
    return BASE_OK;
}

static BaseStatus read_entry(const Reader *reader, Entry *entry, const json_t *json, BaseError *err)
{
    const char *const type = json_string_value(json_object_get(json, "dtype"));
    const json_t *const offsets = json_object_get(json, "data_offsets");
    const json_t *const begin = json_array_get(offsets, 0), *const end = json_array_get(offsets, 1);
    if (!type || strcmp(type, "F32") != 0)
        return bad(reader, 8, err, "tensor \"%s\" is of type %s: only F32 is read", entry->name, type ? type : "none");
    const BaseStatus status = read_shape(reader, entry, json_object_get(json, "shape"), err);
    if (status != BASE_OK)
        return status;
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return bad(reader, 8, err, "tensor \"%s\" has no place in the data", entry->name);
    entry->begin = (uint64_t)json_integer_value(begin);
    entry->end = (uint64_t)json_integer_value(end);
    const uint64_t held = reader->size - reader->data;
    if (entry->end > held)
        return bad(reader, reader->size, err, "the file ends here, tensor \"%s\" ends at byte %" PRIu64 ": cut short",
                   entry->name, reader->data + entry->end);
    const int64_t count = nn_shape_count(entry->shape, -1);
    if (count < 0 || (uint64_t)count * sizeof(float) != entry->end - entry->begin)
        return bad(reader, reader->data + entry->begin, err,
                   "tensor \"%s\" has %" PRIu64 " bytes here, its shape wants another number", entry->name,
                   entry->end - entry->begin);
    return BASE_OK;
}

static int by_place(const void *a, const void *b)
{
    const Entry *const left = a, *const right = b;
    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    return left->end < right->end ? -1 : left->end > right->end;
}

/* The data belongs to the tensors without holes, overlaps or a rest. */
static BaseStatus check_places(const Reader *reader, BaseError *err)
{
    uint64_t at = 0;
    for (size_t i = 0; i < reader->count; i++) {
        const Entry *const entry = &reader->entries[i];
        if (entry->begin != at)
            return bad(reader, reader->data + entry->begin, err, "tensor \"%s\" begins here, %s", entry->name,
                       entry->begin < at ? "inside another" : "with a hole before it");
        at = entry->end;
    }
    if (reader->data + at != reader->size)
        return bad(reader, reader->data + at, err, "the last tensor ends here, the file at byte %" PRIu64,
                   reader->size);
    return BASE_OK;
}

static BaseStatus read_entries(Reader *reader, BaseError *err)
{
    const char *key;
    json_t *value;
    if (json_object_size(reader->header) > MAX_TENSORS + 1)
        return bad(reader, 8, err, "%zu tensors, at most %d are read", json_object_size(reader->header), MAX_TENSORS);
    reader->entries = calloc(json_object_size(reader->header) + 1, sizeof *reader->entries);
    if (!reader->entries)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", reader->path);
    json_object_foreach(reader->header, key, value)
    {
        BaseStatus status;
        if (strcmp(key, "__metadata__") == 0) {
            status = read_metadata(reader, value, err);
        } else {
            Entry *const entry = &reader->entries[reader->count++];
            entry->name = key;
            status = read_entry(reader, entry, value, err);
        }
        if (status != BASE_OK)
            return status;
    }
    qsort(reader->entries, reader->count, sizeof *reader->entries, by_place);
    return check_places(reader, err);
}

static BaseStatus check_finite(const Reader *reader, const Entry *entry, const float *values, int64_t count,
                               BaseError *err)
{
    for (int64_t i = 0; i < count; i++)
        if (!nn_all_finite(values + i, 1))
            return bad(reader, reader->data + entry->begin + (uint64_t)i * sizeof(float), err,
                       "a number of tensor \"%s\" is not finite", entry->name);
    return BASE_OK;
}

static BaseStatus read_tensors(Reader *reader, NnParameters *parameters, BaseError *err)
{
    for (size_t i = 0; i < reader->count; i++) {
        const Entry *const entry = &reader->entries[i];
        if (!*entry->name)
            return bad(reader, 8, err, "a tensor has no name");
        const int parameter = nn_parameter_add(parameters, entry->name, entry->shape, NN_ZERO, 0);
        if (parameter < 0)
            return base_fail(err, BASE_NO_MEMORY, "no memory for tensor \"%s\" of %s", entry->name, reader->path);
        float *const values = nn_parameter_values(parameters, parameter);
        const BaseStatus status = read_exactly(reader, values, entry->end - entry->begin, err);
        if (status != BASE_OK)
            return status;
    }
    return BASE_OK;
}

/* Damage first: a number that is not finite may only be its trace. */
static BaseStatus check_tensors(const Reader *reader, const NnParameters *parameters, BaseError *err)
{
    char text[CHECKSUM_TEXT];
    uint64_t checksum = 0;
    if (reader->header_checksum) {
        checksum_text(header_checksum(parameters, reader->description), text);
        if (strcmp(text, reader->header_checksum) != 0)
            return bad(reader, 8, err, "the header is damaged: its checksum is %s, not %s", text,
                       reader->header_checksum);
        if (!data_checksum(parameters, &checksum))
            return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", reader->path);
        checksum_text(checksum, text);
        if (strcmp(text, reader->checksum) != 0)
            return bad(reader, reader->data, err, "the data from here on is damaged: its checksum is %s, not %s", text,
                       reader->checksum);
    }
    for (size_t i = 0; i < reader->count; i++) {
        const int64_t count = nn_parameter_size(parameters, (int)i);
        const float *const values = nn_parameter_read(parameters, (int)i);
        if (!nn_all_finite(values, count))
            return check_finite(reader, &reader->entries[i], values, count, err);
    }
    return BASE_OK;
}

BaseStatus nn_load(const char *path, NnParameters **out, char **description, BaseError *err)
{
    Reader reader = {.path = path};
    *out = NULL;
    if (description)
        *description = NULL;
    NnParameters *const parameters = nn_parameters_new(0);
    BaseStatus status =
        parameters ? open_reader(&reader, err) : base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
    if (status == BASE_OK)
        status = read_header(&reader, err);
    if (status == BASE_OK)
        status = read_entries(&reader, err);
    if (status == BASE_OK)
        status = read_tensors(&reader, parameters, err);
    if (status == BASE_OK)
        status = check_tensors(&reader, parameters, err);
    if (status == BASE_OK && description && reader.description) {
        *description = strdup(reader.description);
        if (!*description)
            status = base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
    }
    if (status == BASE_OK)
        *out = parameters;
    else
        nn_parameters_free(parameters);
    if (reader.stream)
        fclose(reader.stream);
    json_decref(reader.header);
    free(reader.entries);
    return status;
}
