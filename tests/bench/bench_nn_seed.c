/* Images per CPU second of the seed network, training and inference, and what accuracy that came to:
 *     bench_nn_seed TRAIN_IMAGES TRAIN_LABELS TEST_IMAGES TEST_LABELS [epochs 1] [threads 1] [images all] [batch 32] */
#include "datasets/datasets.h"
#include "nn/nn.h"

#include <stdlib.h>

typedef struct Labelled {
    DatasetsIdx images, labels;
    int32_t *classes;
    NnImages view;
} Labelled;

static bool read_labelled(const char *images, const char *labels, int64_t at_most, Labelled *out)
{
    BaseError err = {0};
    if (datasets_read_idx_pair(images, labels, &out->images, &out->labels, &err) != BASE_OK) {
        base_error_print(stderr, &err);
        return false;
    }
    const int64_t count = (int64_t)out->images.dims[0];
    out->classes = calloc((size_t)count, sizeof *out->classes);
    if (!out->classes)
        return false;
    for (int64_t i = 0; i < count; i++)
        out->classes[i] = out->labels.bytes[i];
    out->view = (NnImages){.pixels = out->images.bytes,
                           .labels = out->classes,
                           .count = at_most > 0 && at_most < count ? at_most : count,
                           .height = (int)out->images.dims[1],
                           .width = (int)out->images.dims[2],
                           .channels = out->images.rank == 4 ? (int)out->images.dims[3] : 1};
    return true;
}

static void print_epoch(void *context, const NnEpoch *epoch)
{
    const NnImages *const images = context;
    printf("train epoch %d: loss %.4f, accuracy %.4f, %.2f s, %.2f cpu s, %.0f images/cpu s\n", epoch->epoch,
           epoch->loss, epoch->accuracy, epoch->seconds, epoch->cpu_seconds,
           (double)images->count / epoch->cpu_seconds);
    fflush(stdout);
}

static long long argument(int argc, char **argv, int index, long long otherwise)
{
    return argc > index ? atoll(argv[index]) : otherwise;
}

int main(int argc, char **argv)
{
    Labelled train = {0}, test = {0};
    if (argc < 5) {
        fprintf(stderr,
                "usage: %s TRAIN_IMAGES TRAIN_LABELS TEST_IMAGES TEST_LABELS [epochs] [threads] [images] [batch]\n",
                argv[0]);
        return 2;
    }
    if (!read_labelled(argv[1], argv[2], argument(argc, argv, 7, 0), &train) ||
        !read_labelled(argv[3], argv[4], 0, &test))
        return 1;
    BaseError err = {0};
    BaseJob job = {.threads = (int)argument(argc, argv, 6, 1)};
    NnClassifier *classifier = NULL;
    NnEvaluation evaluation = {0};
    BaseStatus status = nn_classifier_new(&(NnClassifierOptions){.height = train.view.height,
                                                                 .width = train.view.width,
                                                                 .channels = train.view.channels,
                                                                 .class_count = 10,
                                                                 .seed = 1},
                                          &classifier, &err);
    if (status == BASE_OK)
        status = nn_classifier_fit(classifier, &train.view,
                                   &(NnFitOptions){.epochs = (int)argument(argc, argv, 5, 1),
                                                   .batch = (int)argument(argc, argv, 8, 32),
                                                   .seed = 1,
                                                   .on_epoch = print_epoch,
                                                   .context = &train.view},
                                   &job, &err);
    if (status == BASE_OK)
        status = nn_classifier_evaluate(classifier, &test.view, &evaluation, &job, &err);
    if (status != BASE_OK)
        base_error_print(stderr, &err);
    else
        printf("test: accuracy %.4f, loss %.4f, %.0f images/cpu s\n", evaluation.accuracy, evaluation.loss,
               (double)evaluation.count / evaluation.cpu_seconds);
    nn_evaluation_free(&evaluation);
    nn_classifier_free(classifier);
    datasets_idx_free(&train.images);
    datasets_idx_free(&train.labels);
    datasets_idx_free(&test.images);
    datasets_idx_free(&test.labels);
    free(train.classes);
    free(test.classes);
    return status == BASE_OK ? 0 : 1;
}
