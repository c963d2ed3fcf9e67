/* classifier.c - `kgq classifier train|evaluate|predict` over IDX images. */
#include "cli/images.h"
#include "datasets/datasets.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What all three read from their words: which data, which model. */
typedef struct Task {
    const char *images, *labels; /* IDX files */
    const char *model;
} Task;

#define DATA_OPTIONS(task)                                                                                             \
    {"images", OPTION_TEXT, &(task).images, "F", "IDX images (also .gz)"},                                             \
        {"labels", OPTION_TEXT, &(task).labels, "F", "their labels, IDX"},                                             \
        {"folder", OPTION_LATER, NULL, "D", "one subfolder a class (not there yet)"},                                  \
        {"text", OPTION_LATER, NULL, "F", "label and text (not there yet)"},                                           \
    {                                                                                                                  \
        "table", OPTION_LATER, NULL, "F", "a table (not there yet)"                                                    \
    }

static bool has_data(const Command *command, const Task *task, bool needs_labels, int *exit_code)
{
    if (!task->images || (needs_labels && !task->labels))
        *exit_code = usage_error(command, "--images F%s is needed", needs_labels ? " --labels F" : "");
    else
        return true;
    return false;
}

static void tell_epoch(void *context, const NnEpoch *epoch)
{
    Cli *const cli = context;
    char valid[80] = "";
    if (epoch->has_valid)
        snprintf(valid, sizeof valid, ", valid loss %.4f accuracy %.4f", epoch->valid_loss, epoch->valid_accuracy);
    say(cli, "epoch %d of %d: loss %.4f accuracy %.4f%s, %.1f s", epoch->epoch, epoch->epochs, epoch->loss,
        epoch->accuracy, valid, epoch->seconds);
}

/* Class names by file, or as many numbers as the labels need. */
static BaseStatus find_classes(const char *path, const NnImages *images, char ***names, size_t *count, BaseError *err)
{
    if (path)
        return datasets_read_classes(path, names, count, err);
    int32_t most = 0;
    for (int64_t i = 0; i < images->count; i++)
        most = images->labels[i] > most ? images->labels[i] : most;
    *count = (size_t)most + 1;
    return BASE_OK;
}

/* Found out before the training and not after it. */
static BaseStatus check_output(const char *path, BaseError *err)
{
    const char *const slash = strrchr(path, '/');
    char *const folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    BaseStatus status = BASE_OK;
    if (!folder)
        status = base_fail(err, BASE_NO_MEMORY, "no memory for a path");
    else if (base_is_folder(path))
        status = base_fail(err, BASE_IO, "cannot write %s: it is a folder", path);
    else if (access(folder, W_OK | X_OK) != 0)
        status = base_fail_errno(err, "cannot write %s", path);
    free(folder);
    return status;
}

static int train(Cli *cli, const Command *command, int argc, char **argv)
{
    Task task = {0};
    const char *arch = "seed-cnn", *output = NULL, *classes = NULL, *valid_images = NULL, *valid_labels = NULL;
    uint64_t epochs = 0, batch = 0;
    double rate = 0;
    const Option options[] = {
        {"arch", OPTION_TEXT, &arch, "A", "seed-cnn (default): two convolutions, two dense layers"},
        {"o", OPTION_TEXT, &output, "MODEL", "the file to write"},
        {"epochs", OPTION_POSITIVE, &epochs, "N", "passes over the images (default 5)"},
        {"batch", OPTION_POSITIVE, &batch, "N", "images a step (default 32)"},
        {"rate", OPTION_AMOUNT, &rate, "R", "of Adam (default 0.001)"},
        {"classes", OPTION_TEXT, &classes, "F", "names of the classes, one a line (default 0, 1, ...)"},
        {"valid", OPTION_LATER, NULL, "DATA", "not there yet; --valid-images and --valid-labels are"},
        {"valid-images", OPTION_TEXT, &valid_images, "F", "evaluated after each epoch"},
        {"valid-labels", OPTION_TEXT, &valid_labels, "F", "their labels"},
        DATA_OPTIONS(task),
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    Images images = {0}, valid = {0};
    NnClassifier *classifier = NULL;
    char **names = NULL;
    size_t class_count = 0;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 0, 0) || !has_data(command, &task, true, &exit_code))
        goto done;
    if (!output || epochs > 1000000 || batch > 1000000 || (valid_images != NULL) != (valid_labels != NULL)) {
        exit_code = usage_error(command, output ? "a number is too large, or one of --valid-images and --valid-labels "
                                                  "is missing"
                                                : "-o MODEL says where to write");
        goto done;
    }
    BaseStatus status = check_output(output, &err);
    if (status == BASE_OK)
        status = images_read(task.images, task.labels, &images, &err);
    if (status == BASE_OK && valid_images)
        status = images_read(valid_images, valid_labels, &valid, &err);
    if (status == BASE_OK)
        status = find_classes(classes, &images.view, &names, &class_count, &err);
    if (status == BASE_OK)
        status = nn_classifier_new(&(NnClassifierOptions){.arch = arch,
                                                          .height = images.view.height,
                                                          .width = images.view.width,
                                                          .channels = images.view.channels,
                                                          .class_count = (int)class_count,
                                                          .class_names = (const char *const *)names,
                                                          .seed = cli->seed},
                                   &classifier, &err);
    if (status == BASE_OK)
        status = nn_classifier_fit(classifier, &images.view,
                                   &(NnFitOptions){.epochs = (int)epochs,
                                                   .batch = (int)batch,
                                                   .rate = (float)rate,
                                                   .seed = cli->seed,
                                                   .valid = valid_images ? &valid.view : NULL,
                                                   .on_epoch = tell_epoch,
                                                   .context = cli},
                                   &cli->job, &err);
    if (status == BASE_OK)
        status = nn_classifier_save(classifier, output, &err);
    if (status == BASE_OK)
        say(cli, "trained %s: %s images, %zu classes, %s numbers learned; written to %s", arch,
            grouped((uint64_t)images.view.count), class_count,
            grouped((uint64_t)nn_classifier_parameter_count(classifier)), output);
    else
        exit_code = report_error(cli, &err);
done:
    nn_classifier_free(classifier);
    images_free(&images);
    images_free(&valid);
    free(names);
    free(words.items);
    return exit_code;
}

/* {"accuracy":…,"loss":…,"count":…,"per_class":{"zero":{…},…}} */
static void write_evaluation(FILE *out, const NnClassifier *classifier, const NnEvaluation *evaluation)
{
    fputs("{\"accuracy\":", out);
    base_json_number(out, evaluation->accuracy);
    fputs(",\"loss\":", out);
    base_json_number(out, evaluation->loss);
    fprintf(out, ",\"count\":%lld,\"per_class\":{", (long long)evaluation->count);
    for (int i = 0; i < evaluation->class_count; i++) {
        const NnClassScore *const score = &evaluation->classes[i];
        const char *const name = nn_classifier_class_name(classifier, i);
        fputs(i ? "," : "", out);
        base_json_string(out, name, strlen(name));
        fprintf(out, ":{\"count\":%lld,\"precision\":", (long long)score->count);
        base_json_number(out, score->precision);
        fputs(",\"recall\":", out);
        base_json_number(out, score->recall);
        fputs(",\"f1\":", out);
        base_json_number(out, score->f1);
        fputc('}', out);
    }
    fputs("}}\n", out);
}

static int evaluate(Cli *cli, const Command *command, int argc, char **argv)
{
    Task task = {0};
    const Option options[] = {
        {"model", OPTION_TEXT, &task.model, "MODEL", "the file that training wrote"},
        DATA_OPTIONS(task),
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    Images images = {0};
    NnClassifier *classifier = NULL;
    NnEvaluation evaluation = {0};
    BaseError err = {0};
    if (!READ_OPTIONS(options, 0, 0) || !has_data(command, &task, true, &exit_code))
        goto done;
    if (!task.model) {
        exit_code = usage_error(command, "--model MODEL is needed");
        goto done;
    }
    BaseStatus status = nn_classifier_load(task.model, &classifier, &err);
    if (status == BASE_OK)
        status = images_read(task.images, task.labels, &images, &err);
    if (status == BASE_OK)
        status = images_fault(nn_classifier_evaluate(classifier, &images.view, &evaluation, &cli->job, &err),
                              task.images, &err);
    if (status != BASE_OK) {
        exit_code = report_error(cli, &err);
        goto done;
    }
    clear_progress(cli);
    if (cli->output && strcmp(cli->output, "json") == 0) {
        write_evaluation(cli->out, classifier, &evaluation);
        goto done;
    }
    fprintf(cli->out, "accuracy\t%.4f\nloss\t%.4f\ncount\t%lld\n", evaluation.accuracy, evaluation.loss,
            (long long)evaluation.count);
    for (int i = 0; i < evaluation.class_count; i++)
        fprintf(cli->out, "class\t%s\t%lld images\tprecision %.4f\trecall %.4f\n",
                nn_classifier_class_name(classifier, i), (long long)evaluation.classes[i].count,
                evaluation.classes[i].precision, evaluation.classes[i].recall);
done:
    nn_evaluation_free(&evaluation);
    nn_classifier_free(classifier);
    images_free(&images);
    free(words.items);
    return exit_code;
}

/* The most and the second most probable class of a row. */
static void best_two(const float *row, int classes, int *best, int *second)
{
    *best = 0;
    for (int i = 1; i < classes; i++)
        *best = row[i] > row[*best] ? i : *best;
    *second = *best == 0 ? 1 : 0;
    for (int i = 0; i < classes; i++)
        if (i != *best && row[i] > row[*second])
            *second = i;
}

static int predict(Cli *cli, const Command *command, int argc, char **argv)
{
    Task task = {0};
    const char *image = NULL;
    const Option options[] = {
        {"model", OPTION_TEXT, &task.model, "MODEL", "the file that training wrote"},
        {"image", OPTION_TEXT, &image, "F", "one picture (PGM)"},
        DATA_OPTIONS(task),
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    Images images = {0};
    NnClassifier *classifier = NULL;
    float *probabilities = NULL;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 0, 0))
        goto done;
    if (image)
        task.images = image;
    if (!has_data(command, &task, false, &exit_code))
        goto done;
    if (!task.model) {
        exit_code = usage_error(command, "--model MODEL is needed");
        goto done;
    }
    BaseStatus status = nn_classifier_load(task.model, &classifier, &err);
    if (status == BASE_OK)
        status = images_read_any(task.images, &images, &err);
    const int classes = status == BASE_OK ? nn_classifier_class_count(classifier) : 0;
    if (status == BASE_OK) {
        probabilities = calloc((size_t)images.view.count * (size_t)classes, sizeof *probabilities);
        status = probabilities
                     ? images_fault(nn_classifier_predict(classifier, &images.view, probabilities, &cli->job, &err),
                                    task.images, &err)
                     : base_fail(&err, BASE_NO_MEMORY, "no memory for the answers");
    }
    if (status != BASE_OK) {
        exit_code = report_error(cli, &err);
        goto done;
    }
    clear_progress(cli);
    fputs("item\tclass\tprobability\trunner-up\n", cli->out);
    for (int64_t i = 0; i < images.view.count; i++) {
        int best, second;
        const float *const row = probabilities + i * classes;
        best_two(row, classes, &best, &second);
        fprintf(cli->out, "%s#%lld\t%s\t%.4f\t%s\n", task.images, (long long)i,
                nn_classifier_class_name(classifier, best), (double)row[best],
                nn_classifier_class_name(classifier, second));
    }
done:
    free(probabilities);
    nn_classifier_free(classifier);
    images_free(&images);
    free(words.items);
    return exit_code;
}

int command_classifier(Cli *cli, const Command *command, int argc, char **argv)
{
    static const Command tasks[] = {
        {"classifier train", "--arch A -o MODEL --images F --labels F [options]", "Trains a classifier.", train, NULL},
        {"classifier evaluate", "--model MODEL --images F --labels F", "Accuracy, loss and figures per class.",
         evaluate, "tsv json"},
        {"classifier predict", "--model MODEL --images F | --image F",
         "A line per item: class, probability, runner-up.", predict, "tsv"},
    };
    static const char *const names[] = {"train", "evaluate", "predict"};
    for (size_t i = 0; argc > 0 && i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(argv[0], names[i]) == 0)
            return tasks[i].run(cli, &tasks[i], argc - 1, argv + 1);
    if (argc > 0 && strcmp(argv[0], "--help") == 0) {
        for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
            printf("kgq %s %s\n    %s\n", tasks[i].name, tasks[i].usage, tasks[i].summary);
        return EXIT_DONE;
    }
    if (argc > 0 && strcmp(argv[0], "explain") == 0)
        return usage_error(command, "classifier explain is not there yet");
    const char *const near = argc > 0 ? base_nearest(argv[0], names, 3) : NULL;
    if (near)
        return usage_error(command, "unknown task \"%s\"; did you mean %s?", argv[0], near);
    return usage_error(command, "say train, evaluate or predict");
}
