/* input.h - reading a file or standard input, gzip and zstd unpacked on the way (known by their first bytes). */
#ifndef KGQ_BASE_INPUT_H
#define KGQ_BASE_INPUT_H

#include "base/error.h"

typedef struct BaseInput BaseInput;

/* `path` "-" is standard input. On success *out is the caller's, to end with base_input_close.
 * BASE_NOT_FOUND: no such file; BASE_IO: it cannot be read. */
BaseStatus base_input_open(const char *path, BaseInput **out, BaseError *err);
void base_input_close(BaseInput *input); /* NULL is fine */
/* Fills up to `capacity` bytes; BASE_END with *got 0 at the end. BASE_BAD_INPUT: damaged compressed data. */
BaseStatus base_input_read(BaseInput *input, void *buffer, size_t capacity, size_t *got, BaseError *err);
/* The next line without its "\n" or "\r\n", borrowed until the next call on this input. A last line without a newline
 * counts. BASE_END after the last. */
BaseStatus base_input_line(BaseInput *input, const char **line, size_t *length, BaseError *err);
const char *base_input_name(const BaseInput *input); /* the path, or "<stdin>" */
/* Bytes of the file read so far, and in all (0: unknown, as for a pipe); both before unpacking. */
uint64_t base_input_position(const BaseInput *input);
uint64_t base_input_size(const BaseInput *input);
/* A whole file, unpacked, with a closing NUL that is not counted; *bytes is the caller's to free(). */
BaseStatus base_read_file(const char *path, char **bytes, size_t *length, BaseError *err);

#endif
