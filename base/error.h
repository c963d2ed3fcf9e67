/* error.h - a failure is a value the caller owns: status, message, and the place in the input it speaks of. */
#ifndef KGQ_BASE_ERROR_H
#define KGQ_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum BaseStatus {
    BASE_OK = 0,
    BASE_END,       /* nothing more to read; not a failure */
    BASE_NOT_FOUND, /* the thing named is not there */
    BASE_BAD_INPUT, /* text or data from outside; the position says where */
    BASE_BAD_CALL,  /* the calling program broke the contract, or asked for what is not offered */
    BASE_NO_MEMORY,
    BASE_IO,
    BASE_CANCELLED, /* BaseJob.cancelled was set */
    BASE_LIMIT,     /* the time or memory that the caller gave is used up */
} BaseStatus;

/* A place in an input. Lines and columns count from 1, columns in Unicode characters; 0 = unknown.
 * `text` is the source line (no newline), borrowed for the length of the call it is passed to; NULL = not at hand.
 * `width` is how many characters the caret underlines; 0 means 1. */
typedef struct BaseSource {
    const char *name;
    uint32_t line, column, width;
    const char *text;
    size_t text_length;
} BaseSource;

/* Holds copies only, so it outlives whatever failed. Start from {0}; the first report wins. A NULL BaseError pointer
 * means the caller does not want it. Whoever handles a failure and goes on resets it to {0}. */
typedef struct BaseError {
    BaseStatus status;
    bool is_warning;
    uint32_t line, column, width; /* 0 = unknown */
    char source[256];             /* file name, "<query>" or "" */
    char message[384];            /* what, and what was expected */
    char hint[160];               /* what to try next, or "" */
    char excerpt[200];            /* the part of the source line that shows the column, or "" */
    uint32_t excerpt_column;      /* where in `excerpt` the caret stands, from 1 */
} BaseError;

/* Each returns `status`, so a failing branch is one line. */
BaseStatus base_fail(BaseError *err, BaseStatus status, const char *format, ...) __attribute__((format(printf, 3, 4)));
BaseStatus base_fail_at(BaseError *err, BaseStatus status, BaseSource at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* BASE_IO (BASE_NO_MEMORY for ENOMEM) with the text of errno after the formatted words. */
BaseStatus base_fail_errno(BaseError *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds a hint to an error already reported; does nothing to an error that has one. */
void base_hint(BaseError *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The place of byte `offset` in the whole text `text`: line, column and source line are found by scanning. */
BaseSource base_source_at(const char *name, const char *text, size_t length, size_t offset, size_t width);

/* Prints `source:line:column: error: message`, then the source line with a caret under it, then the hint. */
void base_error_print(FILE *out, const BaseError *err);

/* Where a command that goes on after a fault sends each one (a reader that rejects lines, a parser that recovers).
 * `report` is called on the thread that works; the error is borrowed for the call. A NULL sink drops them. */
typedef struct BaseSink {
    void (*report)(void *context, const BaseError *error);
    void *context;
} BaseSink;
void base_sink(const BaseSink *sink, const BaseError *error);

#endif
