/* Classifiers: an architecture, its parameters and the names of the classes; and the file that holds them. */
#include "nn/classifier.h"

#include "nn/parameters.h"
#include "nn/tensor.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ARCH "seed-cnn"
#define MAX_SIDE 16384
#define MAX_CHANNELS 1024
#define MAX_CLASSES 10000

/* ---- New and free --------------------------------------------------------------------------------------------------
 */

static BaseStatus check_form(const NnArch *arch, const NnArchForm *form, BaseError *err)
{
    if (form->height < arch->min_side || form->width < arch->min_side)
        return base_fail(err, BASE_BAD_INPUT, "images of %lld x %lld are too small: %s wants at least %d x %d",
                         (long long)form->height, (long long)form->width, arch->name, arch->min_side, arch->min_side);
    if (form->height > MAX_SIDE || form->width > MAX_SIDE || form->channels < 1 || form->channels > MAX_CHANNELS)
        return base_fail(err, BASE_BAD_INPUT,
                         "images of %lld x %lld x %lld: at most %d x %d x %d are taken, of a channel or more",
                         (long long)form->height, (long long)form->width, (long long)form->channels, MAX_SIDE, MAX_SIDE,
                         MAX_CHANNELS);
    if (form->classes < 2 || form->classes > MAX_CLASSES)
        return base_fail(err, BASE_BAD_INPUT, "%lld classes: a classifier tells from 2 to %d apart",
                         (long long)form->classes, MAX_CLASSES);
    return BASE_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static BaseStatus check_names(char *const *names, int64_t count, BaseError *err)
{
    for (int64_t i = 0; i < count; i++)
        if (!*names[i] || base_utf8_check(names[i], strlen(names[i])) != strlen(names[i]))
            return base_fail(err, BASE_BAD_INPUT, "the name of class %lld is %s", (long long)i,
                             *names[i] ? "not UTF-8" : "empty");
    const char **const sorted = malloc((size_t)count * sizeof *sorted);
    if (!sorted)
        return base_fail(err, BASE_NO_MEMORY, "no memory for %lld classes", (long long)count);
    memcpy(sorted, names, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_names);
    BaseStatus result = BASE_OK;
    for (int64_t i = 1; i < count && result == BASE_OK; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            result = base_fail(err, BASE_BAD_INPUT, "two classes have the name \"%s\"", sorted[i]);
    free(sorted);
    return result;
}

static BaseStatus copy_names(NnClassifier *classifier, const char *const *names, BaseError *err)
{
    const int64_t count = classifier->form.classes;
    classifier->class_names = calloc((size_t)count, sizeof *classifier->class_names);
    for (int64_t i = 0; classifier->class_names && i < count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)i);
        classifier->class_names[i] = strdup(names ? names[i] : number);
        if (!classifier->class_names[i])
            return base_fail(err, BASE_NO_MEMORY, "no memory for %lld class names", (long long)count);
    }
    return classifier->class_names ? BASE_OK
                                   : base_fail(err, BASE_NO_MEMORY, "no memory for %lld classes", (long long)count);
}

static BaseStatus add_parameters(NnClassifier *classifier, uint64_t seed, BaseError *err)
{
    NnArchParameter all[NN_ARCH_PARAMETERS];
    const int count = classifier->arch->parameters(&classifier->form, all);
    classifier->parameters = nn_parameters_new(seed);
    for (int i = 0; i < count; i++)
        if (!classifier->parameters ||
            nn_parameter_add(classifier->parameters, all[i].name, all[i].shape, all[i].init, 0) < 0)
            return base_fail(err, BASE_NO_MEMORY, "no memory for a classifier of %lld x %lld images",
                             (long long)classifier->form.height, (long long)classifier->form.width);
    return BASE_OK;
}

static const NnArch *find_arch(const char *name, BaseStatus status, BaseError *err)
{
    const NnArch *const arch = nn_arch_find(name);
    if (arch)
        return arch;
    char known[120] = "";
    size_t length = 0;
    for (int i = 0; nn_arch_at(i) && length < sizeof known; i++)
        length += (size_t)snprintf(known + length, sizeof known - length, " %s", nn_arch_at(i)->name);
    base_fail(err, status, "there is no architecture \"%s\"", name);
    base_hint(err, "known:%s", known);
    return NULL;
}

BaseStatus nn_classifier_new(const NnClassifierOptions *options, NnClassifier **out, BaseError *err)
{
    *out = NULL;
    const NnArch *const arch = find_arch(options->arch ? options->arch : DEFAULT_ARCH, BASE_BAD_CALL, err);
    if (!arch)
        return BASE_BAD_CALL;
    NnClassifier *const classifier = calloc(1, sizeof *classifier);
    if (!classifier)
        return base_fail(err, BASE_NO_MEMORY, "no memory for a classifier");
    classifier->arch = arch;
    classifier->form = (NnArchForm){.height = options->height,
                                    .width = options->width,
                                    .channels = options->channels,
                                    .classes = options->class_count};
    BaseStatus status = check_form(arch, &classifier->form, err);
    if (status == BASE_OK)
        status = copy_names(classifier, options->class_names, err);
    if (status == BASE_OK)
        status = check_names(classifier->class_names, classifier->form.classes, err);
    if (status == BASE_OK)
        status = add_parameters(classifier, options->seed, err);
    if (status == BASE_OK)
        *out = classifier;
    else
        nn_classifier_free(classifier);
    return status;
}

void nn_classifier_free(NnClassifier *classifier)
{
    if (!classifier)
        return;
    for (int64_t i = 0; classifier->class_names && i < classifier->form.classes; i++)
        free(classifier->class_names[i]);
    free(classifier->class_names);
    nn_parameters_free(classifier->parameters);
    free(classifier);
}

/* ---- What it is ----------------------------------------------------------------------------------------------------
 */

const char *nn_classifier_arch(const NnClassifier *classifier)
{
    return classifier->arch->name;
}

int nn_classifier_class_count(const NnClassifier *classifier)
{
    return (int)classifier->form.classes;
}

const char *nn_classifier_class_name(const NnClassifier *classifier, int class)
{
    return class >= 0 && class < classifier->form.classes ? classifier->class_names[class] : NULL;
}

void nn_classifier_input(const NnClassifier *classifier, int *height, int *width, int *channels)
{
    *height = (int)classifier->form.height;
    *width = (int)classifier->form.width;
    *channels = (int)classifier->form.channels;
}

int64_t nn_classifier_parameter_count(const NnClassifier *classifier)
{
    int64_t sum = 0;
    for (int i = 0; i < nn_parameter_count(classifier->parameters); i++)
        sum += nn_parameter_size(classifier->parameters, i);
    return sum;
}

BaseStatus nn_classifier_check(const NnClassifier *classifier, const NnImages *images, bool needs_labels,
                               BaseError *err)
{
    const NnArchForm *const form = &classifier->form;
    if (images->height != form->height || images->width != form->width || images->channels != form->channels)
        return base_fail(err, BASE_BAD_INPUT,
                         "the images are %d x %d with %d channel(s), the classifier wants %lld x %lld with %lld",
                         images->height, images->width, images->channels, (long long)form->height,
                         (long long)form->width, (long long)form->channels);
    if (images->count < 0 || (images->count > 0 && !images->pixels))
        return base_fail(err, BASE_BAD_CALL, "%lld images without pixels", (long long)images->count);
    if (!needs_labels)
        return BASE_OK;
    if (images->count == 0)
        return base_fail(err, BASE_BAD_INPUT, "there are no images");
    if (!images->labels)
        return base_fail(err, BASE_BAD_INPUT, "the images have no labels");
    for (int64_t i = 0; i < images->count; i++)
        if (images->labels[i] < 0 || images->labels[i] >= form->classes)
            return base_fail(err, BASE_BAD_INPUT, "image %lld (from 0) has the label %d: the classes are 0 to %lld",
                             (long long)i, images->labels[i], (long long)form->classes - 1);
    return BASE_OK;
}

/* ---- Saving --------------------------------------------------------------------------------------------------------
 */

#define ROOM "nn"
#define KIND "image classifier"

static char *describe(const NnClassifier *classifier)
{
    const NnArchForm *const form = &classifier->form;
    const NnTraining *const training = &classifier->training;
    json_t *const names = json_array();
    for (int64_t i = 0; i < form->classes; i++)
        json_array_append_new(names, json_string(classifier->class_names[i]));
    json_t *const json = json_pack("{ss ss si ss s{sI sI sI} so}", "room", ROOM, "kind", KIND, "version", 1, "arch",
                                   classifier->arch->name, "input", "height", (json_int_t)form->height, "width",
                                   (json_int_t)form->width, "channels", (json_int_t)form->channels, "classes", names);
    if (json && training->epochs > 0)
        json_object_set_new(json, "training",
                            json_pack("{si si sf sI sI sf sf}", "epochs", training->epochs, "batch", training->batch,
                                      "rate", training->rate, "seed", (json_int_t)training->seed, "images",
                                      (json_int_t)training->images, "loss", training->loss, "accuracy",
                                      training->accuracy));
    char *const text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

BaseStatus nn_classifier_save(const NnClassifier *classifier, const char *path, BaseError *err)
{
    char *const description = describe(classifier);
    const BaseStatus status = description ? nn_save(classifier->parameters, path, description, err)
                                          : base_fail(err, BASE_NO_MEMORY, "no memory to write %s", path);
    free(description);
    return status;
}

/* ---- Loading -------------------------------------------------------------------------------------------------------
 */

static BaseStatus read_names(NnClassifier *classifier, const json_t *names, BaseError *err)
{
    const size_t count = json_array_size(names);
    const char **const list = calloc(count + 1, sizeof *list);
    BaseStatus status = list ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for %zu classes", count);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        list[i] = json_string_value(json_array_get(names, i));
        if (!list[i])
            status = base_fail(err, BASE_BAD_INPUT, "the name of class %zu is not text", i);
    }
    if (status == BASE_OK)
        status = copy_names(classifier, list, err);
    if (status == BASE_OK)
        status = check_names(classifier->class_names, classifier->form.classes, err);
    free(list);
    return status;
}

static int64_t integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static BaseStatus read_description(NnClassifier *classifier, const json_t *json, BaseError *err)
{
    const char *const kind = json_string_value(json_object_get(json, "kind"));
    const char *const arch = json_string_value(json_object_get(json, "arch"));
    const json_t *const input = json_object_get(json, "input"), *const training = json_object_get(json, "training");
    if (!kind || strcmp(kind, KIND) != 0 || !arch)
        return base_fail(err, BASE_BAD_INPUT, "a model file, but not of an image classifier");
    if (integer(json, "version") != 1)
        return base_fail(err, BASE_BAD_INPUT, "a classifier of version %lld: version 1 is read",
                         (long long)integer(json, "version"));
    classifier->arch = find_arch(arch, BASE_BAD_INPUT, err);
    if (!classifier->arch)
        return BASE_BAD_INPUT;
    const NnArchForm form = {.height = integer(input, "height"),
                             .width = integer(input, "width"),
                             .channels = integer(input, "channels"),
                             .classes = (int64_t)json_array_size(json_object_get(json, "classes"))};
    const BaseStatus status = check_form(classifier->arch, &form, err);
    if (status != BASE_OK)
        return status;
    classifier->form = form;
    classifier->training = (NnTraining){.epochs = (int)integer(training, "epochs"),
                                        .batch = (int)integer(training, "batch"),
                                        .rate = json_number_value(json_object_get(training, "rate")),
                                        .seed = (uint64_t)integer(training, "seed"),
                                        .images = integer(training, "images"),
                                        .loss = json_number_value(json_object_get(training, "loss")),
                                        .accuracy = json_number_value(json_object_get(training, "accuracy"))};
    return read_names(classifier, json_object_get(json, "classes"), err);
}

/* The file has the parameters that the description calls for, and no others. */
static BaseStatus check_parameters(const NnClassifier *classifier, BaseError *err)
{
    NnArchParameter all[NN_ARCH_PARAMETERS];
    char wanted[NN_SHAPE_TEXT], found[NN_SHAPE_TEXT];
    const int count = classifier->arch->parameters(&classifier->form, all);
    for (int i = 0; i < count; i++) {
        const int parameter = nn_parameter_find(classifier->parameters, all[i].name);
        if (parameter < 0)
            return base_fail(err, BASE_BAD_INPUT, "tensor \"%s\" of %s is missing", all[i].name,
                             classifier->arch->name);
        const NnShape shape = nn_parameter_shape(classifier->parameters, parameter);
        if (!nn_shape_equal(shape, all[i].shape))
            return base_fail(err, BASE_BAD_INPUT, "tensor \"%s\" is %s, the description calls for %s", all[i].name,
                             nn_shape_text(shape, found), nn_shape_text(all[i].shape, wanted));
    }
    if (nn_parameter_count(classifier->parameters) != count)
        return base_fail(err, BASE_BAD_INPUT, "%d tensors, %s has %d", nn_parameter_count(classifier->parameters),
                         classifier->arch->name, count);
    return BASE_OK;
}

/* Faults found here say which file they are of. */
static BaseStatus name_file(const char *path, BaseStatus status, const BaseError *fault, BaseError *err)
{
    base_fail_at(err, status, (BaseSource){.name = path}, "%s", fault->message);
    if (*fault->hint)
        base_hint(err, "%s", fault->hint);
    return status;
}

BaseStatus nn_classifier_load(const char *path, NnClassifier **out, BaseError *err)
{
    *out = NULL;
    NnClassifier *const classifier = calloc(1, sizeof *classifier);
    if (!classifier)
        return base_fail(err, BASE_NO_MEMORY, "no memory for a classifier");
    char *description = NULL;
    BaseError fault = {0};
    BaseStatus status = nn_load(path, &classifier->parameters, &description, err);
    if (status == BASE_OK) {
        json_t *const json = description ? json_loads(description, JSON_REJECT_DUPLICATES, NULL) : NULL;
        status = read_description(classifier, json, &fault);
        json_decref(json);
        if (status == BASE_OK)
            status = check_parameters(classifier, &fault);
        if (status != BASE_OK)
            name_file(path, status, &fault, err);
    }
    free(description);
    if (status == BASE_OK)
        *out = classifier;
    else
        nn_classifier_free(classifier);
    return status;
}
