/* Image classifiers on small made-up images: they learn, the same way each time, and keep what they learned. */
#include "expect.h"

#include "nn/nn.h"

#include <math.h>

/* ---- Images whose class is where a bright bar stands, over noise ---------------------------------------------------
 */

typedef struct Pictures {
    uint8_t *pixels;
    int32_t *labels;
    NnImages view;
} Pictures;

static Pictures draw_pictures(int64_t count, int height, int width, int channels, int classes, uint64_t seed)
{
    const int64_t size = (int64_t)height * width * channels;
    Pictures p = {.pixels = calloc((size_t)(count * size + 1), 1),
                  .labels = calloc((size_t)count + 1, sizeof(int32_t))};
    assert_true(p.pixels && p.labels);
    BaseRandom random;
    base_random_seed(&random, seed);
    for (int64_t i = 0; i < count; i++) {
        const int label = (int)base_random_below(&random, (uint64_t)classes);
        const int top = (label + 1) * height / (classes + 1);
        p.labels[i] = label;
        for (int64_t j = 0; j < size; j++) {
            const int64_t row = j / (width * channels);
            const bool is_bar = row == top || row == top + 1;
            p.pixels[i * size + j] = (uint8_t)(base_random_below(&random, 120) + (is_bar ? 100 : 0));
        }
    }
    p.view = (NnImages){
        .pixels = p.pixels, .labels = p.labels, .count = count, .height = height, .width = width, .channels = channels};
    return p;
}

static void free_pictures(Pictures *p)
{
    free(p->pixels);
    free(p->labels);
}

static NnClassifier *make(int height, int width, int channels, int classes)
{
    BaseError err = {0};
    NnClassifier *classifier = NULL;
    expect_ok(nn_classifier_new(
                  &(NnClassifierOptions){
                      .height = height, .width = width, .channels = channels, .class_count = classes, .seed = 3},
                  &classifier, &err),
              &err);
    return classifier;
}

typedef struct Record {
    NnEpoch epochs[16];
    int count;
} Record;

static void record_epoch(void *context, const NnEpoch *epoch)
{
    Record *const record = context;
    assert_true(record->count < 16);
    record->epochs[record->count++] = *epoch;
}

/* ---- Learning -------------------------------------------------------------------------------------------------------
 */

static void it_learns_where_the_bar_is_and_tells_each_epoch(void **state)
{
    (void)state;
    BaseError err = {0};
    Pictures train = draw_pictures(600, 12, 14, 1, 4, 1), test = draw_pictures(203, 12, 14, 1, 4, 2);
    NnClassifier *const classifier = make(12, 14, 1, 4);
    Record record = {0};
    BaseJob job = {.threads = 2};
    const NnFitOptions options = {
        .epochs = 4, .seed = 1, .valid = &test.view, .on_epoch = record_epoch, .context = &record};
    expect_ok(nn_classifier_fit(classifier, &train.view, &options, &job, &err), &err);
    assert_int_equal(record.count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(record.epochs[i].epoch, i + 1);
        assert_int_equal(record.epochs[i].epochs, 4);
        assert_true(record.epochs[i].has_valid && record.epochs[i].seconds > 0);
    }
    assert_true(record.epochs[3].loss < record.epochs[0].loss);
    NnEvaluation evaluation;
    expect_ok(nn_classifier_evaluate(classifier, &test.view, &evaluation, &job, &err), &err);
    assert_true(evaluation.accuracy >= 0.97);
    assert_true(evaluation.accuracy == record.epochs[3].valid_accuracy);
    assert_true(evaluation.loss == record.epochs[3].valid_loss);
    nn_evaluation_free(&evaluation);
    assert_null(evaluation.classes);
    nn_classifier_free(classifier);
    free_pictures(&train);
    free_pictures(&test);
}

/* Evaluation counted once more, from the probabilities. */
static void figures_follow_from_the_probabilities(void **state)
{
    (void)state;
    enum { COUNT = 150, CLASSES = 3 };
    BaseError err = {0};
    Pictures p = draw_pictures(COUNT, 10, 10, 3, CLASSES, 5);
    NnClassifier *const classifier = make(10, 10, 3, CLASSES);
    expect_ok(nn_classifier_fit(classifier, &p.view, &(NnFitOptions){.epochs = 1, .batch = 50}, NULL, &err), &err);
    float probabilities[COUNT][CLASSES];
    NnEvaluation e;
    expect_ok(nn_classifier_predict(classifier, &p.view, &probabilities[0][0], NULL, &err), &err);
    expect_ok(nn_classifier_evaluate(classifier, &p.view, &e, NULL, &err), &err);
    int64_t confusion[CLASSES][CLASSES] = {0}, correct = 0;
    double loss = 0;
    for (int i = 0; i < COUNT; i++) {
        int best = 0;
        double sum = 0;
        for (int j = 0; j < CLASSES; j++) {
            best = probabilities[i][j] > probabilities[i][best] ? j : best;
            sum += (double)probabilities[i][j];
        }
        assert_true(fabs(sum - 1.0) < 1e-5);
        loss -= log((double)probabilities[i][p.labels[i]]) / COUNT;
        correct += best == p.labels[i];
        confusion[p.labels[i]][best]++;
    }
    assert_int_equal(e.count, COUNT);
    assert_int_equal(e.class_count, CLASSES);
    assert_true(fabs(e.loss - loss) < 1e-4);
    assert_true(e.accuracy == (double)correct / COUNT);
    assert_memory_equal(e.confusion, confusion, sizeof confusion);
    for (int j = 0; j < CLASSES; j++) {
        int64_t row = 0, column = 0;
        for (int k = 0; k < CLASSES; k++) {
            row += confusion[j][k];
            column += confusion[k][j];
        }
        assert_int_equal(e.classes[j].count, row);
        assert_int_equal(e.classes[j].predicted, column);
        assert_int_equal(e.classes[j].correct, confusion[j][j]);
        const double precision = column ? (double)confusion[j][j] / (double)column : 0;
        const double recall = row ? (double)confusion[j][j] / (double)row : 0;
        assert_true(fabs(e.classes[j].precision - precision) < 1e-12);
        assert_true(fabs(e.classes[j].recall - recall) < 1e-12);
        const double f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
        assert_true(fabs(e.classes[j].f1 - f1) < 1e-12);
    }
    nn_evaluation_free(&e);
    nn_classifier_free(classifier);
    free_pictures(&p);
}

/* ---- The same again
 * --------------------------------------------------------------------------------------------------- */

typedef struct Setting {
    int threads, batch;
    uint64_t seed;
} Setting;

/* The saved model's bytes after a training in this setting. */
static char *train_and_save(const Pictures *p, Setting setting, size_t *length)
{
    BaseError err = {0};
    char *const folder = make_temporary_folder(), *const path = base_join_path(folder, "m"), *bytes = NULL;
    NnClassifier *const classifier = make(p->view.height, p->view.width, p->view.channels, 4);
    BaseJob job = {.threads = setting.threads};
    expect_ok(nn_classifier_fit(classifier, &p->view,
                                &(NnFitOptions){.epochs = 2, .batch = setting.batch, .seed = setting.seed}, &job, &err),
              &err);
    expect_ok(nn_classifier_save(classifier, path, &err), &err);
    expect_ok(base_read_file(path, &bytes, length, &err), &err);
    nn_classifier_free(classifier);
    base_remove(folder, NULL);
    free(folder);
    free(path);
    return bytes;
}

static void the_same_seed_and_threads_give_the_same_model_to_the_bit(void **state)
{
    (void)state;
    Pictures p = draw_pictures(37, 11, 10, 1, 4, 9);
    /* Ragged last batches, batches of 1, more threads than images in a batch, all images at once. */
    const Setting settings[] = {{1, 8, 1}, {2, 8, 1}, {3, 8, 1}, {2, 1, 1}, {3, 2, 1}, {2, 100, 1}, {2, 37, 1}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        size_t a_length = 0, b_length = 0;
        char *const a = train_and_save(&p, settings[i], &a_length), *const b =
                                                                        train_and_save(&p, settings[i], &b_length);
        assert_int_equal(a_length, b_length);
        assert_memory_equal(a, b, a_length);
        free(a);
        free(b);
    }
    free_pictures(&p);
}

static void train(const Pictures *p, Setting setting, int epochs, float *probabilities)
{
    BaseError err = {0};
    NnClassifier *const classifier = make(p->view.height, p->view.width, p->view.channels, 4);
    BaseJob job = {.threads = setting.threads};
    const NnFitOptions options = {.epochs = epochs, .batch = setting.batch, .seed = setting.seed};
    expect_ok(nn_classifier_fit(classifier, &p->view, &options, &job, &err), &err);
    expect_ok(nn_classifier_predict(classifier, &p->view, probabilities, &job, &err), &err);
    nn_classifier_free(classifier);
}

static double greatest_difference(const float *a, const float *b, int count)
{
    double most = 0;
    for (int i = 0; i < count; i++)
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

static void another_seed_brings_the_images_in_another_order(void **state)
{
    (void)state;
    enum { COUNT = 37 };
    Pictures p = draw_pictures(COUNT, 11, 10, 1, 4, 9);
    float one[COUNT * 4], two[COUNT * 4];
    train(&p, (Setting){1, 8, 1}, 1, one);
    train(&p, (Setting){1, 8, 2}, 1, two);
    assert_true(greatest_difference(one, two, COUNT * 4) > 1e-3);
    free_pictures(&p);
}

/* Slices of unequal size count by their size: 3 threads have 2, 3 and 3 images of 8. */
static void a_thread_more_changes_a_training_by_rounding_only(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    Pictures p = draw_pictures(COUNT, 11, 10, 1, 4, 9);
    float one[COUNT * 4], three[COUNT * 4];
    train(&p, (Setting){1, 8, 1}, 2, one);
    train(&p, (Setting){3, 8, 1}, 2, three);
    assert_true(greatest_difference(one, three, COUNT * 4) < 1e-5);
    free_pictures(&p);
}

static void a_thread_more_changes_a_prediction_by_rounding_only(void **state)
{
    (void)state;
    enum { COUNT = 131 };
    BaseError err = {0};
    Pictures p = draw_pictures(COUNT, 12, 12, 1, 4, 9);
    NnClassifier *const classifier = make(12, 12, 1, 4);
    float one[COUNT][4], three[COUNT][4], alone[1][4];
    BaseJob job = {.threads = 1};
    expect_ok(nn_classifier_predict(classifier, &p.view, &one[0][0], &job, &err), &err);
    job.threads = 3;
    expect_ok(nn_classifier_predict(classifier, &p.view, &three[0][0], &job, &err), &err);
    for (int i = 0; i < COUNT; i++) {
        const NnImages single = {.pixels = p.pixels + i * 144, .count = 1, .height = 12, .width = 12, .channels = 1};
        expect_ok(nn_classifier_predict(classifier, &single, &alone[0][0], &job, &err), &err);
        for (int j = 0; j < 4; j++)
            assert_true(fabsf(one[i][j] - three[i][j]) < 1e-5f && fabsf(one[i][j] - alone[0][j]) < 1e-5f);
    }
    nn_classifier_free(classifier);
    free_pictures(&p);
}

/* ---- Files
 * -------------------------------------------------------------------------------------------------------------- */

static void a_saved_classifier_stands_by_itself(void **state)
{
    (void)state;
    BaseError err = {0};
    char *const folder = make_temporary_folder(), *const path = base_join_path(folder, "bars.kgc");
    Pictures p = draw_pictures(60, 10, 13, 2, 3, 4);
    const char *const names[] = {"top", "na\xc3\xafve \"middle\"", "bottom"};
    NnClassifier *classifier = NULL, *loaded = NULL;
    const NnClassifierOptions options = {.arch = "seed-cnn",
                                         .height = 10,
                                         .width = 13,
                                         .channels = 2,
                                         .class_count = 3,
                                         .class_names = names,
                                         .seed = 1};
    expect_ok(nn_classifier_new(&options, &classifier, &err), &err);
    expect_ok(nn_classifier_fit(classifier, &p.view, &(NnFitOptions){.epochs = 1}, NULL, &err), &err);
    expect_ok(nn_classifier_save(classifier, path, &err), &err);
    expect_ok(nn_classifier_load(path, &loaded, &err), &err);
    int height, width, channels;
    nn_classifier_input(loaded, &height, &width, &channels);
    assert_true(height == 10 && width == 13 && channels == 2);
    assert_string_equal(nn_classifier_arch(loaded), "seed-cnn");
    assert_int_equal(nn_classifier_class_count(loaded), 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(nn_classifier_class_name(loaded, i), names[i]);
    assert_null(nn_classifier_class_name(loaded, 3));
    assert_null(nn_classifier_class_name(loaded, -1));
    float before[60][3], after[60][3];
    expect_ok(nn_classifier_predict(classifier, &p.view, &before[0][0], NULL, &err), &err);
    expect_ok(nn_classifier_predict(loaded, &p.view, &after[0][0], NULL, &err), &err);
    assert_memory_equal(before, after, sizeof before);
    /* Saved again, it is the same file: nothing of the training's story is lost. */
    char *const again = base_join_path(folder, "again.kgc"), *a = NULL, *b = NULL;
    size_t a_length = 0, b_length = 0;
    expect_ok(nn_classifier_save(loaded, again, &err), &err);
    expect_ok(base_read_file(path, &a, &a_length, &err), &err);
    expect_ok(base_read_file(again, &b, &b_length, &err), &err);
    assert_int_equal(a_length, b_length);
    assert_memory_equal(a, b, a_length);
    free(a);
    free(b);
    free(again);
    nn_classifier_free(classifier);
    nn_classifier_free(loaded);
    free_pictures(&p);
    base_remove(folder, NULL);
    free(folder);
    free(path);
}

typedef struct Story {
    const char *description, *words;
} Story;

#define STORY(arch, input, classes)                                                                                    \
    "{\"kind\":\"image classifier\",\"version\":1,\"arch\":" arch ",\"input\":" input ",\"classes\":" classes "}"
#define SQUARE "{\"height\":10,\"width\":10,\"channels\":1}"

static void files_that_are_no_classifier_are_refused_by_name(void **state)
{
    (void)state;
    const Story stories[] = {
        {NULL, "not of an image classifier"},
        {"", "not of an image classifier"},
        {"not JSON", "not of an image classifier"},
        {"[]", "not of an image classifier"},
        {"{\"room\":\"embed\",\"version\":1,\"model\":\"transe\"}", "not of an image classifier"},
        {"{\"kind\":\"image classifier\",\"version\":2,\"arch\":\"seed-cnn\"}", "version 2"},
        {STORY("\"other\"", SQUARE, "[\"a\",\"b\"]"), "no architecture \"other\""},
        {STORY("\"seed-cnn\"", "{}", "[\"a\",\"b\"]"), "too small"},
        {STORY("\"seed-cnn\"", "{\"height\":-1,\"width\":10,\"channels\":1}", "[\"a\",\"b\"]"), "too small"},
        {STORY("\"seed-cnn\"", "{\"height\":10,\"width\":10,\"channels\":0}", "[\"a\",\"b\"]"), "a channel or more"},
        {STORY("\"seed-cnn\"", "{\"height\":9000000000,\"width\":9000000000,\"channels\":9}", "[\"a\",\"b\"]"),
         "at most"},
        {STORY("\"seed-cnn\"", SQUARE, "[]"), "0 classes"},
        {STORY("\"seed-cnn\"", SQUARE, "7"), "0 classes"},
        {STORY("\"seed-cnn\"", SQUARE, "[\"a\"]"), "1 classes"},
        {STORY("\"seed-cnn\"", SQUARE, "[\"a\",3]"), "not text"},
        {STORY("\"seed-cnn\"", SQUARE, "[\"a\",\"\"]"), "empty"},
        {STORY("\"seed-cnn\"", SQUARE, "[\"a\",\"b\",\"a\"]"), "two classes"},
        {STORY("\"seed-cnn\"", SQUARE, "[\"a\",\"b\"]"), "\"conv1.weight\" of seed-cnn is missing"},
    };
    char *const folder = make_temporary_folder(), *const path = base_join_path(folder, "m");
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        BaseError err = {0};
        NnParameters *const parameters = nn_parameters_new(1);
        NnClassifier *classifier = (NnClassifier *)&err;
        nn_parameter_add(parameters, "something", NN_SHAPE(2), NN_ONE, 0);
        expect_ok(nn_save(parameters, path, stories[i].description, &err), &err);
        assert_int_equal(nn_classifier_load(path, &classifier, &err), BASE_BAD_INPUT);
        assert_null(classifier);
        expect_words(&err, stories[i].words);
        assert_string_equal(err.source, path);
        nn_parameters_free(parameters);
    }
    BaseError err = {0};
    NnClassifier *classifier = NULL;
    write_text_file(path, "P2 28 28 255\n");
    assert_int_equal(nn_classifier_load(path, &classifier, &err), BASE_BAD_INPUT);
    expect_words(&err, "not a model file");
    base_remove(folder, NULL);
    err = (BaseError){0};
    assert_int_equal(nn_classifier_load(path, &classifier, &err), BASE_NOT_FOUND);
    free(folder);
    free(path);
}

/* The tensors of one form under the description of another. */
static void tensors_that_the_description_does_not_call_for_are_refused(void **state)
{
    (void)state;
    BaseError err = {0};
    char *const folder = make_temporary_folder(), *const path = base_join_path(folder, "m"), *description = NULL;
    NnClassifier *classifier = make(10, 10, 1, 2);
    NnParameters *parameters = NULL;
    expect_ok(nn_classifier_save(classifier, path, &err), &err);
    nn_classifier_free(classifier);
    expect_ok(nn_load(path, &parameters, &description, &err), &err);
    expect_ok(nn_save(parameters, path, STORY("\"seed-cnn\"", SQUARE, "[\"a\",\"b\",\"c\"]"), &err), &err);
    assert_int_equal(nn_classifier_load(path, &classifier, &err), BASE_BAD_INPUT);
    expect_words(&err, "\"dense2.weight\" is [64, 2], the description calls for [64, 3]");
    err = (BaseError){0};
    nn_parameter_add(parameters, "more", NN_SHAPE(1), NN_ONE, 0);
    expect_ok(nn_save(parameters, path, description, &err), &err);
    assert_int_equal(nn_classifier_load(path, &classifier, &err), BASE_BAD_INPUT);
    expect_words(&err, "9 tensors");
    nn_parameters_free(parameters);
    free(description);
    base_remove(folder, NULL);
    free(folder);
    free(path);
}

/* ---- Bad calls and bad images
 * -------------------------------------------------------------------------------------------- */

static void the_seed_network_has_its_known_size(void **state)
{
    (void)state;
    NnClassifier *const classifier = make(28, 28, 1, 10);
    assert_int_equal(nn_classifier_parameter_count(classifier), 121930);
    assert_string_equal(nn_classifier_class_name(classifier, 9), "9");
    assert_string_equal(nn_classifier_arch_at(0), "seed-cnn");
    assert_null(nn_classifier_arch_at(1));
    assert_null(nn_classifier_arch_at(-1));
    nn_classifier_free(classifier);
    nn_classifier_free(NULL);
}

static void what_cannot_be_a_classifier_is_refused(void **state)
{
    (void)state;
    const char *const twice[] = {"a", "b", "a"}, *const broken[] = {"a", "\xff", "c"}, *const empty[] = {"a", "b", ""};
    const struct {
        NnClassifierOptions options;
        const char *words;
    } all[] = {
        {{.arch = "resnet", .height = 28, .width = 28, .channels = 1, .class_count = 3}, "resnet"},
        {{.arch = "resnet", .height = 28, .width = 28, .channels = 1, .class_count = 3}, "seed-cnn"},
        {{.height = 9, .width = 28, .channels = 1, .class_count = 3}, "9 x 28 are too small"},
        {{.height = 28, .width = 9, .channels = 1, .class_count = 3}, "at least 10 x 10"},
        {{.height = 28, .width = 28, .channels = 0, .class_count = 3}, "28 x 28 x 0"},
        {{.height = 28, .width = 20000, .channels = 1, .class_count = 3}, "at most"},
        {{.height = 28, .width = 28, .channels = 1, .class_count = 1}, "1 classes"},
        {{.height = 28, .width = 28, .channels = 1, .class_count = 3, .class_names = twice}, "two classes"},
        {{.height = 28, .width = 28, .channels = 1, .class_count = 3, .class_names = broken}, "class 1 is not UTF-8"},
        {{.height = 28, .width = 28, .channels = 1, .class_count = 3, .class_names = empty}, "class 2 is empty"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        BaseError err = {0};
        NnClassifier *classifier = (NnClassifier *)&err;
        assert_int_equal(nn_classifier_new(&all[i].options, &classifier, &err), i < 2 ? BASE_BAD_CALL : BASE_BAD_INPUT);
        assert_null(classifier);
        expect_words(&err, all[i].words);
    }
}

static void images_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    Pictures p = draw_pictures(20, 12, 12, 1, 3, 1);
    NnClassifier *const classifier = make(12, 12, 1, 3);
    float probabilities[20 * 3];
    NnImages wrong[6];
    const char *const words[] = {"13 x 12",  "12 x 11", "3 channel", "no labels", "image 7 (from 0) has the label 3",
                                 "no images"};
    for (int i = 0; i < 6; i++)
        wrong[i] = p.view;
    wrong[0].height = 13;
    wrong[1].width = 11;
    wrong[2].channels = 3;
    wrong[3].labels = NULL;
    wrong[5].count = 0;
    for (int i = 0; i < 6; i++) {
        BaseError err = {0};
        NnEvaluation evaluation;
        p.labels[7] = i == 4 ? 3 : 0;
        assert_int_equal(nn_classifier_fit(classifier, &wrong[i], NULL, NULL, &err), BASE_BAD_INPUT);
        expect_words(&err, words[i]);
        err = (BaseError){0};
        assert_int_equal(nn_classifier_fit(classifier, &p.view, &(NnFitOptions){.valid = &wrong[i]}, NULL, &err),
                         BASE_BAD_INPUT);
        expect_words(&err, words[i]);
        err = (BaseError){0};
        assert_int_equal(nn_classifier_evaluate(classifier, &wrong[i], &evaluation, NULL, &err), BASE_BAD_INPUT);
        expect_words(&err, words[i]);
        assert_null(evaluation.classes);
        err = (BaseError){0};
        const BaseStatus status = nn_classifier_predict(classifier, &wrong[i], probabilities, NULL, &err);
        assert_int_equal(status, i < 3 ? BASE_BAD_INPUT : BASE_OK); /* labels are not looked at, none is no fault */
    }
    BaseError err = {0};
    assert_int_equal(nn_classifier_fit(classifier, &p.view, &(NnFitOptions){.epochs = -1}, NULL, &err), BASE_BAD_CALL);
    assert_int_equal(nn_classifier_fit(classifier, &p.view, &(NnFitOptions){.rate = NAN}, NULL, &err), BASE_BAD_CALL);
    nn_classifier_free(classifier);
    free_pictures(&p);
}

static void numbers_out_of_bounds_stop_the_training_with_epoch_and_batch(void **state)
{
    (void)state;
    BaseError err = {0};
    Pictures p = draw_pictures(64, 12, 12, 1, 3, 1);
    NnClassifier *const classifier = make(12, 12, 1, 3);
    assert_int_equal(
        nn_classifier_fit(classifier, &p.view, &(NnFitOptions){.rate = 1e12f, .batch = 8, .epochs = 50}, NULL, &err),
        BASE_BAD_INPUT);
    expect_words(&err, "epoch ");
    expect_words(&err, ", batch ");
    expect_words(&err, "is not finite");
    expect_words(&err, "a rate below");
    nn_classifier_free(classifier);
    free_pictures(&p);
}

/* ---- Jobs
 * -------------------------------------------------------------------------------------------------------------- */

typedef struct Watch {
    BaseJob job;
    int reports;
    char stages[8][80];
} Watch;

static void cancel_in_the_second_epoch(void *context, const BaseStep *step)
{
    Watch *const watch = context;
    watch->reports++;
    assert_string_equal(step->unit, "images");
    assert_true(step->done <= step->total);
    if (strncmp(step->stage, "epoch 2", 7) == 0)
        atomic_store(&watch->job.cancelled, true);
}

static void a_cancelled_training_keeps_what_it_learned(void **state)
{
    (void)state;
    BaseError err = {0};
    Pictures p = draw_pictures(200, 12, 12, 1, 3, 1);
    NnClassifier *const classifier = make(12, 12, 1, 3);
    Watch watch = {.job = {.report = cancel_in_the_second_epoch, .threads = 2}};
    watch.job.context = &watch;
    Record record = {0};
    const NnFitOptions options = {.batch = 10, .on_epoch = record_epoch, .context = &record};
    assert_int_equal(nn_classifier_fit(classifier, &p.view, &options, &watch.job, &err), BASE_CANCELLED);
    assert_true(watch.reports > 0);
    assert_true(record.count >= 1 && record.count < 5);
    err = (BaseError){0};
    NnEvaluation evaluation;
    expect_ok(nn_classifier_evaluate(classifier, &p.view, &evaluation, NULL, &err), &err);
    assert_true(evaluation.loss < log(3.0)); /* better than guessing */
    nn_evaluation_free(&evaluation);
    /* With the flag still set, nothing begins. */
    assert_int_equal(nn_classifier_evaluate(classifier, &p.view, &evaluation, &watch.job, &err), BASE_CANCELLED);
    assert_null(evaluation.classes);
    nn_classifier_free(classifier);
    free_pictures(&p);
}

/* ---- Real digits
 * --------------------------------------------------------------------------------------------------------- */

static Pictures read_digits(const char *kind, int64_t count)
{
    BaseError err = {0};
    char *images = NULL, *labels = NULL, name[64];
    size_t length = 0;
    snprintf(name, sizeof name, "data/nn/mnist/%s-images-idx3-ubyte.gz", kind);
    expect_ok(base_read_file(need_shared(name), &images, &length, &err), &err);
    assert_true(length >= (size_t)(16 + count * 784));
    snprintf(name, sizeof name, "data/nn/mnist/%s-labels-idx1-ubyte.gz", kind);
    expect_ok(base_read_file(need_shared(name), &labels, &length, &err), &err);
    assert_true(length >= (size_t)(8 + count));
    Pictures p = {.pixels = calloc((size_t)count, 784), .labels = calloc((size_t)count, sizeof(int32_t))};
    assert_true(p.pixels && p.labels);
    memcpy(p.pixels, images + 16, (size_t)count * 784); /* past the headers: magic and dimensions */
    for (int64_t i = 0; i < count; i++)
        p.labels[i] = labels[8 + i];
    p.view =
        (NnImages){.pixels = p.pixels, .labels = p.labels, .count = count, .height = 28, .width = 28, .channels = 1};
    free(images);
    free(labels);
    return p;
}

static void two_thousand_digits_are_enough_for_nine_tenths(void **state)
{
    (void)state;
    BaseError err = {0};
    need_shared("data/nn/mnist/t10k-labels-idx1-ubyte.gz");
    Pictures train = read_digits("train", 2000), test = read_digits("t10k", 1000);
    NnClassifier *const classifier = make(28, 28, 1, 10);
    NnEvaluation evaluation;
    expect_ok(nn_classifier_fit(classifier, &train.view, &(NnFitOptions){.epochs = 3, .seed = 1}, NULL, &err), &err);
    expect_ok(nn_classifier_evaluate(classifier, &test.view, &evaluation, NULL, &err), &err);
    assert_true(evaluation.accuracy >= 0.90);
    nn_evaluation_free(&evaluation);
    nn_classifier_free(classifier);
    free_pictures(&train);
    free_pictures(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns_where_the_bar_is_and_tells_each_epoch),
        cmocka_unit_test(figures_follow_from_the_probabilities),
        cmocka_unit_test(the_same_seed_and_threads_give_the_same_model_to_the_bit),
        cmocka_unit_test(another_seed_brings_the_images_in_another_order),
        cmocka_unit_test(a_thread_more_changes_a_training_by_rounding_only),
        cmocka_unit_test(a_thread_more_changes_a_prediction_by_rounding_only),
        cmocka_unit_test(a_saved_classifier_stands_by_itself),
        cmocka_unit_test(files_that_are_no_classifier_are_refused_by_name),
        cmocka_unit_test(tensors_that_the_description_does_not_call_for_are_refused),
        cmocka_unit_test(the_seed_network_has_its_known_size),
        cmocka_unit_test(what_cannot_be_a_classifier_is_refused),
        cmocka_unit_test(images_that_do_not_fit_are_refused),
        cmocka_unit_test(numbers_out_of_bounds_stop_the_training_with_epoch_and_batch),
        cmocka_unit_test(a_cancelled_training_keeps_what_it_learned),
        cmocka_unit_test(two_thousand_digits_are_enough_for_nine_tenths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
