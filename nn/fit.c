/* Training a classifier: minibatches in a new order each epoch, cross entropy, Adam. The rate stays for the first half
 * of the run and then falls evenly, so that the last steps settle: at a constant rate the accuracy after the last epoch
 * depended on the seed by half a percent on MNIST. */
#include "nn/classifier.h"

#include <math.h>
#include <stdlib.h>

#define DEFAULT_EPOCHS 5
#define DEFAULT_BATCH 32
#define DEFAULT_RATE 1e-3f
#define LAST_RATE 0.05 /* what is left of the rate at the end */

typedef struct Fit {
    NnClassifier *classifier;
    const NnImages *images;
    NnFitOptions options;
    BaseJob *job;
    NnTeam team;
    NnOptimizer *optimizer;
    BaseRandom random;
    uint32_t *order;
} Fit;

/* The rate of the step that begins with image `first` of `epoch`. */
static float rate_at(const Fit *fit, int epoch, int64_t first)
{
    const double epochs_done = (double)(epoch - 1) + (double)first / (double)fit->images->count;
    const double progress = epochs_done / (double)fit->options.epochs;
    const double fallen = progress > 0.5 ? (progress - 0.5) / 0.5 : 0;
    return (float)((double)fit->options.rate * (1 - (1 - LAST_RATE) * fallen));
}

static BaseStatus learn_batch(Fit *fit, int epoch, int64_t first, NnTally *tally, BaseError *err)
{
    const int64_t left = fit->images->count - first, batch = fit->options.batch;
    const NnBatch images = {
        .images = fit->images, .order = fit->order, .first = first, .count = left < batch ? left : batch};
    BaseError fault = {0};
    nn_optimizer_set_rate(fit->optimizer, rate_at(fit, epoch, first));
    BaseStatus status = nn_team_run(&fit->team, NN_LEARN, images, tally, NULL, NULL, &fault);
    if (status == BASE_OK)
        status = nn_optimizer_step(fit->optimizer, fit->team.graphs, fit->team.count, fit->team.pool, &fault);
    if (status == BASE_OK)
        return BASE_OK;
    base_fail(err, status, "epoch %d, batch %lld: %s", epoch, (long long)(first / batch) + 1, fault.message);
    if (status == BASE_BAD_INPUT)
        base_hint(err, "a rate below %g may help", (double)fit->options.rate);
    return status;
}

static BaseStatus learn_epoch(Fit *fit, NnEpoch *epoch, BaseError *err)
{
    const double began = base_wall_seconds(), cpu_began = base_cpu_seconds();
    const int64_t count = fit->images->count, batch = fit->options.batch;
    NnTally tally = {0};
    char stage[48], note[64];
    snprintf(stage, sizeof stage, "epoch %d of %d", epoch->epoch, epoch->epochs);
    base_random_shuffle(&fit->random, fit->order, (size_t)count);
    for (int64_t first = 0; first < count; first += batch) {
        if (base_job_cancelled(fit->job))
            return BASE_CANCELLED;
        const BaseStatus status = learn_batch(fit, epoch->epoch, first, &tally, err);
        if (status != BASE_OK)
            return status;
        const int64_t done = count - first < batch ? count : first + batch;
        snprintf(note, sizeof note, "loss %.4f, accuracy %.2f %%", tally.loss / (double)done,
                 100.0 * (double)tally.correct / (double)done);
        base_job_step(fit->job, stage, "images", (uint64_t)done, (uint64_t)count, note);
    }
    epoch->loss = tally.loss / (double)count;
    epoch->accuracy = (double)tally.correct / (double)count;
    epoch->seconds = base_wall_seconds() - began;
    epoch->cpu_seconds = base_cpu_seconds() - cpu_began;
    return BASE_OK;
}

static BaseStatus validate(const Fit *fit, NnEpoch *epoch, BaseError *err)
{
    NnEvaluation evaluation = {0};
    if (!fit->options.valid)
        return BASE_OK;
    const BaseStatus status = nn_classifier_evaluate(fit->classifier, fit->options.valid, &evaluation, fit->job, err);
    epoch->has_valid = status == BASE_OK;
    epoch->valid_loss = evaluation.loss;
    epoch->valid_accuracy = evaluation.accuracy;
    nn_evaluation_free(&evaluation);
    return status;
}

static BaseStatus learn(Fit *fit, BaseError *err)
{
    NnTraining *const training = &fit->classifier->training;
    *training = (NnTraining){.batch = fit->options.batch,
                             .rate = (double)fit->options.rate,
                             .seed = fit->options.seed,
                             .images = fit->images->count};
    for (int number = 1; number <= fit->options.epochs; number++) {
        NnEpoch epoch = {.epoch = number, .epochs = fit->options.epochs};
        BaseStatus status = learn_epoch(fit, &epoch, err);
        if (status == BASE_OK)
            status = validate(fit, &epoch, err);
        if (status != BASE_OK)
            return status;
        training->epochs = number;
        training->loss = epoch.loss;
        training->accuracy = epoch.accuracy;
        if (fit->options.on_epoch)
            fit->options.on_epoch(fit->options.context, &epoch);
    }
    return BASE_OK;
}

static BaseStatus set_options(Fit *fit, const NnFitOptions *options, BaseError *err)
{
    NnFitOptions *const use = &fit->options;
    *use = options ? *options : (NnFitOptions){0};
    if (use->epochs < 0 || use->batch < 0 || !(use->rate >= 0 && isfinite(use->rate)))
        return base_fail(err, BASE_BAD_CALL, "nn_classifier_fit: %d epochs, batches of %d, rate %g", use->epochs,
                         use->batch, (double)use->rate);
    use->epochs = use->epochs ? use->epochs : DEFAULT_EPOCHS;
    use->batch = use->batch ? use->batch : DEFAULT_BATCH;
    use->rate = use->rate != 0.0f ? use->rate : DEFAULT_RATE;
    return BASE_OK;
}

/* A batch has no more images than there are. */
static BaseStatus open_fit(Fit *fit, BaseError *err)
{
    const int64_t count = fit->images->count;
    if (count > UINT32_MAX)
        return base_fail(err, BASE_BAD_INPUT, "%lld images: at most %u are trained on", (long long)count, UINT32_MAX);
    fit->order = malloc((size_t)count * sizeof *fit->order);
    fit->optimizer = nn_optimizer_new(fit->classifier->parameters,
                                      &(NnOptimizerOptions){.method = NN_ADAM, .rate = fit->options.rate});
    if (!fit->order || !fit->optimizer)
        return base_fail(err, BASE_NO_MEMORY, "no memory to train on %lld images", (long long)count);
    for (int64_t i = 0; i < count; i++)
        fit->order[i] = (uint32_t)i;
    base_random_seed(&fit->random, fit->options.seed);
    return nn_team_open(fit->classifier, base_job_threads(fit->job),
                        fit->options.batch < count ? fit->options.batch : count, fit->options.seed, &fit->team, err);
}

BaseStatus nn_classifier_fit(NnClassifier *classifier, const NnImages *images, const NnFitOptions *options,
                             BaseJob *job, BaseError *err)
{
    Fit fit = {.classifier = classifier, .images = images, .job = job};
    BaseStatus status = set_options(&fit, options, err);
    if (status == BASE_OK)
        status = nn_classifier_check(classifier, images, true, err);
    if (status == BASE_OK && fit.options.valid)
        status = nn_classifier_check(classifier, fit.options.valid, true, err);
    if (status == BASE_OK)
        status = open_fit(&fit, err);
    if (status == BASE_OK)
        status = learn(&fit, err);
    if (status == BASE_CANCELLED)
        base_fail(err, BASE_CANCELLED, "the training was cancelled");
    nn_team_close(&fit.team);
    nn_optimizer_free(fit.optimizer);
    free(fit.order);
    return status;
}
