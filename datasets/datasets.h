/* datasets.h - public data in the forms it is published in, turned into files ready to import or into tensors.
 * Start with datasets_at to list what is known, datasets_convert to write one; or read a file of images with
 * datasets_read_idx and datasets_read_pgm. Stands on base alone. */
#ifndef KGQ_DATASETS_DATASETS_H
#define KGQ_DATASETS_DATASETS_H

#include "base/base.h"

/* ---- What is known ------------------------------------------------------------------------------------------ */

typedef struct DatasetsInfo {
    const char *name;    /* the word for it: "wordnet" */
    const char *title;   /* what it is, in a line */
    const char *source;  /* who made it */
    const char *licence; /* of the data */
    const char *folder;  /* where it is looked for on this machine; NULL: made here, nothing is looked for */
    const char *package; /* the Debian package that brings it; NULL: none needed */
    const char *files;   /* what converting writes, for people: "triples.tsv literals.tsv words.tsv" */
} DatasetsInfo;

size_t datasets_count(void);
const DatasetsInfo *datasets_at(size_t index);       /* borrowed, for ever; NULL: past the end */
const DatasetsInfo *datasets_find(const char *name); /* NULL: unknown */
/* Whether converting would find its source, in `folder` or, NULL, where it is usually looked for. */
bool datasets_is_here(const DatasetsInfo *info, const char *folder);

typedef struct DatasetsOptions {
    const char *folder; /* look there instead of info->folder; NULL: the usual place */
    uint64_t seed;      /* for sets made here; 0: the one that the documentation speaks of */
} DatasetsOptions;

#define DATASETS_MAX_FILES 8
typedef struct DatasetsReport {
    size_t file_count;
    struct {
        char name[48];    /* inside the output folder */
        const char *unit; /* "triples", "literals", "images", ...: borrowed, for ever */
        uint64_t count;
    } files[DATASETS_MAX_FILES];
    double seconds;
} DatasetsReport;

/* Converts data set `name` into files in folder `output`, which is made where there is none. All files appear together
 * at the end, each whole: a failure or a cancelled job leaves nothing half-written. NULL options: defaults; `report`
 * and `job` may be NULL. BASE_NOT_FOUND: no such data set, or its source is not on this machine (the hint names the
 * Debian package). BASE_BAD_INPUT: a damaged source, with file, line and column. */
BaseStatus datasets_convert(const char *name, const DatasetsOptions *options, const char *output,
                            DatasetsReport *report, BaseJob *job, BaseError *err);

/* ---- IDX: arrays of numbers, the form of MNIST -------------------------------------------------------------- */
/* http://yann.lecun.com/exdb/mnist: two zero bytes, the type of number, the rank, then that many 32-bit big-endian
 * dimensions and the numbers, the last dimension contiguous. Bytes (type 8) are what images and labels use; other types
 * are refused by name. */

#define DATASETS_MAX_RANK 4
typedef struct DatasetsIdx {
    int rank; /* 1: labels; 3: images [count, height, width]; 4: [count, height, width, channels] */
    uint32_t dims[DATASETS_MAX_RANK];
    uint8_t *bytes; /* the product of the dimensions; owned: datasets_idx_free */
} DatasetsIdx;

/* Reads a file, gzip or zstd unpacked. On failure *out is {0}. BASE_BAD_INPUT: wrong magic, type or rank, cut short or
 * with bytes to spare; the message says at which byte and what was expected. */
BaseStatus datasets_read_idx(const char *path, DatasetsIdx *out, BaseError *err);
/* Images (rank 3 or 4, none of the dimensions 0) and their labels (rank 1, as many): each file is checked for being
 * what it is used as, and the two against each other ("9,999 labels for 10,000 images"). */
BaseStatus datasets_read_idx_pair(const char *images_path, const char *labels_path, DatasetsIdx *images,
                                  DatasetsIdx *labels, BaseError *err);
BaseStatus datasets_write_idx(const char *path, const DatasetsIdx *idx, BaseError *err); /* whole or not at all */
void datasets_idx_free(DatasetsIdx *idx);                                                /* {0} again afterwards */
static inline size_t datasets_idx_item_bytes(const DatasetsIdx *idx)                     /* of one image or label */
{
    size_t bytes = 1;
    for (int i = 1; i < idx->rank; i++)
        bytes *= idx->dims[i];
    return bytes;
}

/* A class name per line ("zero", "one", ...), as in `classes.txt`; line n names class n. *names is one allocation, the
 * caller's to free(). BASE_BAD_INPUT: an empty or doubled name, or not UTF-8. */
BaseStatus datasets_read_classes(const char *path, char ***names, size_t *count, BaseError *err);

/* ---- PGM: one grey picture ---------------------------------------------------------------------------------- */

typedef struct DatasetsImage {
    uint32_t width, height;
    uint8_t *pixels; /* height rows of width, 0 black to 255 white; owned: datasets_image_free */
} DatasetsImage;

/* Netpbm's PGM, binary (P5) or plain (P2), one or two bytes a pixel; brought to 0..255. At most 16,384 pixels a side:
 * a hostile header asks for no memory that the file does not fill. BASE_BAD_INPUT: the message says what and where. */
BaseStatus datasets_read_pgm(const char *path, DatasetsImage *out, BaseError *err);
BaseStatus datasets_write_pgm(const char *path, const DatasetsImage *image, BaseError *err); /* P5 */
void datasets_image_free(DatasetsImage *image);                                              /* {0} again afterwards */

/* ---- Hand-drawn-like digits, made here ---------------------------------------------------------------------- */

#define DATASETS_DIGIT_SIDE 28
/* Draws `digit` (0 to 9) white on black into 28 x 28 pixels: one of several ways of writing it, with its own slant,
 * size, turn, stroke width and noise. The picture depends on `digit` and the state of `random` alone. */
void datasets_draw_digit(int digit, BaseRandom *random, uint8_t pixels[DATASETS_DIGIT_SIDE * DATASETS_DIGIT_SIDE]);

#endif
