/* pgm.c - one grey picture in Netpbm's PGM (https://netpbm.sourceforge.net/doc/pgm.html), binary P5 or plain P2. */
#include "datasets/output.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE 16384u

typedef struct Scanner {
    const char *path;
    const uint8_t *bytes;
    size_t length, at;
} Scanner;

static BaseStatus fail_at_byte(const Scanner *scanner, const char *expected, BaseError *err)
{
    const BaseSource source = {.name = scanner->path};
    if (scanner->at >= scanner->length)
        return base_fail_at(err, BASE_BAD_INPUT, source, "expected %s at byte %zu, found the end of the file", expected,
                            scanner->at);
    return base_fail_at(err, BASE_BAD_INPUT, source, "expected %s at byte %zu, found the byte 0x%02x", expected,
                        scanner->at, scanner->bytes[scanner->at]);
}

static bool at_space(const Scanner *scanner)
{
    return scanner->at < scanner->length && isspace(scanner->bytes[scanner->at]);
}

/* White space and comments, which run from '#' to the end of the line. */
static void skip_space(Scanner *scanner)
{
    while (at_space(scanner) || (scanner->at < scanner->length && scanner->bytes[scanner->at] == '#')) {
        if (scanner->bytes[scanner->at] == '#')
            while (scanner->at < scanner->length && scanner->bytes[scanner->at] != '\n')
                scanner->at++;
        else
            scanner->at++;
    }
}

/* `high` is at most 65535: one digit more than that still fits. */
static BaseStatus read_number(Scanner *scanner, const char *what, uint32_t low, uint32_t high, uint32_t *out,
                              BaseError *err)
{
    skip_space(scanner);
    const size_t start = scanner->at;
    uint32_t value = 0;
    while (scanner->at < scanner->length && isdigit(scanner->bytes[scanner->at]) && value <= high)
        value = value * 10 + (uint32_t)(scanner->bytes[scanner->at++] - '0');
    if (scanner->at == start)
        return fail_at_byte(scanner, what, err);
    if (value < low || value > high)
        return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = scanner->path},
                            "expected %s from %u to %u at byte %zu, found %u%s", what, low, high, start, value,
                            value > high ? " or more" : "");
    *out = value;
    return BASE_OK;
}

static uint8_t to_byte(uint32_t value, uint32_t white)
{
    return (uint8_t)((value * 255 + white / 2) / white);
}

static BaseStatus read_binary(Scanner *scanner, uint32_t white, DatasetsImage *image, BaseError *err)
{
    const size_t count = (size_t)image->width * image->height;
    const size_t size = white < 256 ? 1 : 2;
    const uint8_t *const bytes = scanner->bytes + scanner->at;
    for (size_t i = 0; i < count; i++) {
        const uint32_t value = size == 1 ? bytes[i] : (uint32_t)bytes[2 * i] << 8 | bytes[2 * i + 1];
        if (value > white)
            return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = scanner->path},
                                "the pixel at byte %zu is %u, white is %u", scanner->at + i * size, value, white);
        image->pixels[i] = to_byte(value, white);
    }
    scanner->at += count * size;
    return BASE_OK;
}

static BaseStatus read_plain(Scanner *scanner, uint32_t white, DatasetsImage *image, BaseError *err)
{
    const size_t count = (size_t)image->width * image->height;
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        uint32_t value = 0;
        status = read_number(scanner, "a pixel", 0, white, &value, err);
        image->pixels[i] = to_byte(value, white);
    }
    skip_space(scanner);
    return status;
}

static BaseStatus read_pixels(Scanner *scanner, bool is_binary, uint32_t white, DatasetsImage *image, BaseError *err)
{
    const size_t count = (size_t)image->width * image->height;
    const size_t rest = scanner->length - scanner->at;
    /* Before memory is asked for: a plain pixel takes a digit and a space, the last one the digit alone. */
    const size_t least = is_binary ? count * (white < 256 ? 1 : 2) : 2 * count - 1;
    if (rest < least)
        return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = scanner->path},
                            "cut short: %u x %u pixels need at least %zu bytes from byte %zu on, the file has %zu",
                            image->width, image->height, least, scanner->at, rest);
    image->pixels = malloc(count);
    if (!image->pixels)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the %u x %u pixels of %s", image->width, image->height,
                         scanner->path);
    const BaseStatus status =
        is_binary ? read_binary(scanner, white, image, err) : read_plain(scanner, white, image, err);
    if (status == BASE_OK && scanner->at != scanner->length)
        return fail_at_byte(scanner, "the end of the file", err);
    return status;
}

static BaseStatus read_picture(Scanner *scanner, DatasetsImage *image, BaseError *err)
{
    uint32_t white = 0;
    if (scanner->length < 2 || scanner->bytes[0] != 'P' || (scanner->bytes[1] != '5' && scanner->bytes[1] != '2'))
        return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = scanner->path},
                            "not a PGM picture: expected P5 or P2 at byte 0");
    const bool is_binary = scanner->bytes[1] == '5';
    scanner->at = 2;
    BaseStatus status = read_number(scanner, "a width", 1, MAX_SIDE, &image->width, err);
    if (status == BASE_OK)
        status = read_number(scanner, "a height", 1, MAX_SIDE, &image->height, err);
    if (status == BASE_OK)
        status = read_number(scanner, "the value of white", 1, 65535, &white, err);
    if (status != BASE_OK)
        return status;
    if (!at_space(scanner))
        return fail_at_byte(scanner, "white space after the header", err);
    scanner->at++;
    return read_pixels(scanner, is_binary, white, image, err);
}

BaseStatus datasets_read_pgm(const char *path, DatasetsImage *out, BaseError *err)
{
    *out = (DatasetsImage){0};
    char *text = NULL;
    size_t length = 0;
    BaseStatus status = base_read_file(path, &text, &length, err);
    if (status != BASE_OK)
        return status;
    status = read_picture(&(Scanner){.path = path, .bytes = (const uint8_t *)text, .length = length}, out, err);
    free(text);
    if (status != BASE_OK)
        datasets_image_free(out);
    return status;
}

void datasets_put_pgm(FILE *out, const DatasetsImage *image)
{
    fprintf(out, "P5\n%u %u\n255\n", image->width, image->height);
    fwrite(image->pixels, 1, (size_t)image->width * image->height, out);
}

BaseStatus datasets_write_pgm(const char *path, const DatasetsImage *image, BaseError *err)
{
    BaseNewFile file;
    const BaseStatus status = base_file_create(path, &file, err);
    if (status != BASE_OK)
        return status;
    datasets_put_pgm(file.stream, image);
    return base_file_commit(&file, err);
}

void datasets_image_free(DatasetsImage *image)
{
    free(image->pixels);
    *image = (DatasetsImage){0};
}
