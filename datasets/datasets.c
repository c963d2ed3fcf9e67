/* datasets.c - the list of data sets and the way from a name to its files. */
#include "datasets/output.h"

#include <stdlib.h>
#include <string.h>

typedef struct Entry {
    DatasetsInfo info;
    const char *first_file; /* in info.folder: the set is here when this file is */
    DatasetsConverter *convert;
} Entry;

static const Entry entries[] = {
    {.info = {.name = "wordnet",
              .title = "WordNet 3.0: 117,659 senses of English words, their relations, glosses and lemmas",
              .source = "Princeton University",
              .licence = "WordNet 3.0 license",
              .folder = "/usr/share/wordnet",
              .package = "wordnet-base",
              .files = "triples.tsv literals.tsv words.tsv"},
     .first_file = "data.noun",
     .convert = datasets_convert_wordnet},
    {.info = {.name = "iso-codes",
              .title = "Countries, their subdivisions, languages, scripts and currencies with their ISO codes",
              .source = "Debian iso-codes team, from ISO 3166, 639, 15924 and 4217",
              .licence = "LGPL 2.1 or later",
              .folder = "/usr/share/iso-codes/json",
              .package = "iso-codes",
              .files = "triples.tsv literals.tsv"},
     .first_file = "iso_3166-1.json",
     .convert = datasets_convert_iso_codes},
    {.info = {.name = "digits",
              .title = "Drawn digits: 6,000 + 1,000 pictures of 28 x 28 with their labels, made from strokes here",
              .source = "kgq's own generator",
              .licence = "CC0 1.0",
              .files = "train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte "
                       "t10k-labels-idx1-ubyte classes.txt nine.pgm README"},
     .convert = datasets_convert_digits},
};
#define ENTRY_COUNT (sizeof entries / sizeof *entries)

size_t datasets_count(void)
{
    return ENTRY_COUNT;
}

const DatasetsInfo *datasets_at(size_t index)
{
    return index < ENTRY_COUNT ? &entries[index].info : NULL;
}

static const Entry *find_entry(const char *name)
{
    for (size_t i = 0; name && i < ENTRY_COUNT; i++)
        if (strcmp(entries[i].info.name, name) == 0)
            return &entries[i];
    return NULL;
}

const DatasetsInfo *datasets_find(const char *name)
{
    const Entry *const entry = find_entry(name);
    return entry ? &entry->info : NULL;
}

bool datasets_is_here(const DatasetsInfo *info, const char *folder)
{
    const Entry *const entry = info ? find_entry(info->name) : NULL;
    if (!entry)
        return false;
    if (!entry->first_file)
        return true;
    char *const path = base_join_path(folder ? folder : info->folder, entry->first_file);
    const bool is_here = path && base_is_file(path);
    free(path);
    return is_here;
}

static BaseStatus fail_unknown(const char *name, BaseError *err)
{
    const char *names[ENTRY_COUNT];
    for (size_t i = 0; i < ENTRY_COUNT; i++)
        names[i] = entries[i].info.name;
    base_fail(err, BASE_NOT_FOUND, "no data set is called \"%s\"", name);
    const char *const near = base_nearest(name, names, ENTRY_COUNT);
    if (near)
        base_hint(err, "did you mean %s?", near);
    else
        base_hint(err, "kgq datasets list shows those that are known");
    return BASE_NOT_FOUND;
}

static BaseStatus fail_absent(const DatasetsInfo *info, const char *folder, BaseError *err)
{
    base_fail(err, BASE_NOT_FOUND, "%s is not in %s", info->name, folder ? folder : info->folder);
    if (!folder)
        base_hint(err, "install the Debian package %s", info->package);
    return BASE_NOT_FOUND;
}

BaseStatus datasets_convert(const char *name, const DatasetsOptions *options, const char *output_folder,
                            DatasetsReport *report, BaseJob *job, BaseError *err)
{
    static const DatasetsOptions defaults = {0};
    const double began = base_wall_seconds();
    const DatasetsOptions *const use = options ? options : &defaults;
    if (report)
        *report = (DatasetsReport){0};
    if (!name || !output_folder || !*output_folder)
        return base_fail(err, BASE_BAD_CALL, "datasets_convert: a name and an output folder are needed");
    const Entry *const entry = find_entry(name);
    if (!entry)
        return fail_unknown(name, err);
    if (!datasets_is_here(&entry->info, use->folder))
        return fail_absent(&entry->info, use->folder, err);

    DatasetsOutput output;
    BaseStatus status = datasets_output_begin(&output, output_folder, err);
    if (status == BASE_OK)
        status = entry->convert(use->folder ? use->folder : entry->info.folder, use, &output, job, err);
    if (status != BASE_OK) {
        datasets_output_abort(&output);
        return status;
    }
    status = datasets_output_commit(&output, report, err);
    if (report)
        report->seconds = base_wall_seconds() - began;
    return status;
}
