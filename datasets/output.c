#include "datasets/output.h"

#include <stdlib.h>
#include <unistd.h>

BaseStatus datasets_output_begin(DatasetsOutput *output, const char *folder, BaseError *err)
{
    *output = (DatasetsOutput){.folder = folder, .made_folder = !base_is_folder(folder)};
    return base_make_folder(folder, err);
}

BaseStatus datasets_output_add(DatasetsOutput *output, const char *name, const char *unit, DatasetsPart **out,
                               BaseError *err)
{
    *out = NULL;
    if (output->part_count == DATASETS_MAX_FILES)
        return base_fail(err, BASE_BAD_CALL, "a conversion writes at most %d files", DATASETS_MAX_FILES);
    char *const path = base_join_path(output->folder, name);
    if (!path)
        return base_fail(err, BASE_NO_MEMORY, "no memory to write %s", name);
    DatasetsPart *const part = &output->parts[output->part_count];
    *part = (DatasetsPart){.unit = unit};
    snprintf(part->name, sizeof part->name, "%s", name);
    const BaseStatus status = base_file_create(path, &part->file, err);
    free(path);
    if (status == BASE_OK) {
        output->part_count++;
        *out = part;
    }
    return status;
}

/* A full disk shows here, before the first file has got its name. */
static BaseStatus flush_all(DatasetsOutput *output, BaseError *err)
{
    for (size_t i = 0; i < output->part_count; i++) {
        const BaseNewFile *const file = &output->parts[i].file;
        if (ferror(file->stream) || fflush(file->stream) != 0)
            return base_fail_errno(err, "cannot write %s", file->path);
    }
    return BASE_OK;
}

static void fill_report(const DatasetsOutput *output, DatasetsReport *report)
{
    report->file_count = output->part_count;
    for (size_t i = 0; i < output->part_count; i++) {
        const DatasetsPart *const part = &output->parts[i];
        snprintf(report->files[i].name, sizeof report->files[i].name, "%s", part->name);
        report->files[i].unit = part->unit;
        report->files[i].count = part->count;
    }
}

BaseStatus datasets_output_commit(DatasetsOutput *output, DatasetsReport *report, BaseError *err)
{
    if (report)
        fill_report(output, report);
    BaseStatus status = flush_all(output, err);
    for (size_t i = 0; i < output->part_count && status == BASE_OK; i++)
        status = base_file_commit(&output->parts[i].file, err);
    if (status != BASE_OK)
        datasets_output_abort(output);
    return status;
}

void datasets_output_abort(DatasetsOutput *output)
{
    for (size_t i = 0; i < output->part_count; i++)
        base_file_abort(&output->parts[i].file);
    output->part_count = 0;
    if (output->made_folder)
        rmdir(output->folder); /* only while it is empty */
}
