/* output.h - the files of one conversion: under temporary names until all of them are whole. Private to datasets. */
#ifndef KGQ_DATASETS_OUTPUT_H
#define KGQ_DATASETS_OUTPUT_H

#include "datasets/datasets.h"

typedef struct DatasetsPart {
    BaseNewFile file;
    char name[48];
    const char *unit; /* of `count`; borrowed, for ever */
    uint64_t count;   /* kept by the converter */
} DatasetsPart;

typedef struct DatasetsOutput {
    const char *folder; /* borrowed */
    bool made_folder;
    DatasetsPart parts[DATASETS_MAX_FILES];
    size_t part_count;
} DatasetsOutput;

/* Either commit or abort ends an output that was begun. */
BaseStatus datasets_output_begin(DatasetsOutput *output, const char *folder, BaseError *err);
/* A new file `name` in the folder; *out is borrowed until the end. At most DATASETS_MAX_FILES. */
BaseStatus datasets_output_add(DatasetsOutput *output, const char *name, const char *unit, DatasetsPart **out,
                               BaseError *err);
/* Gives all files their names; nothing gets one unless all are written out. `report` may be NULL. */
BaseStatus datasets_output_commit(DatasetsOutput *output, DatasetsReport *report, BaseError *err);
void datasets_output_abort(DatasetsOutput *output);

/* What the writers of single files share with the converters; a fault of the stream shows when it is committed. */
void datasets_put_idx(FILE *out, const DatasetsIdx *idx);
void datasets_put_pgm(FILE *out, const DatasetsImage *image);

/* One converter a file: reads from `folder` (NULL for sets made here), adds files to `output`. */
typedef BaseStatus DatasetsConverter(const char *folder, const DatasetsOptions *options, DatasetsOutput *output,
                                     BaseJob *job, BaseError *err);
DatasetsConverter datasets_convert_wordnet, datasets_convert_iso_codes, datasets_convert_digits;

#endif
