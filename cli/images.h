/* images.h - pictures named on the command line, as nn takes them. */
#ifndef KGQ_CLI_IMAGES_H
#define KGQ_CLI_IMAGES_H

#include "cli/cli.h"
#include "nn/nn.h"

typedef struct Images {
    NnImages view; /* borrows from the rest */
    uint8_t *pixels;
    int32_t *labels;
} Images;

/* IDX images, with their labels unless `labels_path` is NULL. Ended by images_free, which is fine on {0}. */
BaseStatus images_read(const char *images_path, const char *labels_path, Images *out, BaseError *err);
/* One picture (PGM), or all of an IDX file. */
BaseStatus images_read_any(const char *path, Images *out, BaseError *err);
/* A fault that names no file, found in pictures of `path`, names that now. Returns `status`. */
BaseStatus images_fault(BaseStatus status, const char *path, BaseError *err);
void images_free(Images *images);

#endif
