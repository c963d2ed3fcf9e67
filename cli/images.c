#include "cli/images.h"

#include "datasets/datasets.h"

#include <stdlib.h>
#include <string.h>

static void take_shape(Images *out, DatasetsIdx *images)
{
    out->view.count = images->dims[0];
    out->view.height = (int)images->dims[1];
    out->view.width = (int)images->dims[2];
    out->view.channels = images->rank == 4 ? (int)images->dims[3] : 1;
    out->view.pixels = out->pixels = images->bytes;
    images->bytes = NULL; /* now the caller's */
    datasets_idx_free(images);
}

BaseStatus images_read(const char *images_path, const char *labels_path, Images *out, BaseError *err)
{
    DatasetsIdx images = {0}, labels = {0};
    *out = (Images){0};
    BaseStatus status;
    if (labels_path)
        status = datasets_read_idx_pair(images_path, labels_path, &images, &labels, err);
    else
        status = datasets_read_idx(images_path, &images, err);
    if (status == BASE_OK && images.rank < 3)
        status = base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = images_path},
                              "expected images (rank 3 or 4), found an array of rank %d", images.rank);
    if (status == BASE_OK && images.dims[0] == 0)
        status = base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = images_path},
                              "expected at least one image, found none");
    if (status == BASE_OK && labels_path) {
        out->labels = calloc(labels.dims[0], sizeof *out->labels);
        if (!out->labels)
            status = base_fail(err, BASE_NO_MEMORY, "no memory for %u labels", labels.dims[0]);
        for (uint32_t i = 0; out->labels && i < labels.dims[0]; i++)
            out->labels[i] = labels.bytes[i];
        out->view.labels = out->labels;
    }
    if (status == BASE_OK)
        take_shape(out, &images);
    else
        images_free(out);
    datasets_idx_free(&images);
    datasets_idx_free(&labels);
    return status;
}

BaseStatus images_read_any(const char *path, Images *out, BaseError *err)
{
    *out = (Images){0};
    BaseInput *input = NULL;
    unsigned char magic[2] = {0};
    size_t got = 0;
    BaseStatus status = base_input_open(path, &input, err);
    if (status == BASE_OK)
        status = base_input_read(input, magic, sizeof magic, &got, err);
    base_input_close(input);
    if (status != BASE_OK && status != BASE_END)
        return status;
    if (magic[0] != 'P')
        return images_read(path, NULL, out, err);
    DatasetsImage picture = {0};
    status = datasets_read_pgm(path, &picture, err);
    if (status != BASE_OK)
        return status;
    out->pixels = picture.pixels;
    out->view = (NnImages){.pixels = picture.pixels,
                           .count = 1,
                           .height = (int)picture.height,
                           .width = (int)picture.width,
                           .channels = 1};
    return BASE_OK;
}

BaseStatus images_fault(BaseStatus status, const char *path, BaseError *err)
{
    if (status == BASE_BAD_INPUT && err->source[0] == '\0')
        snprintf(err->source, sizeof err->source, "%s", path);
    return status;
}

void images_free(Images *images)
{
    free(images->pixels);
    free(images->labels);
    *images = (Images){0};
}
