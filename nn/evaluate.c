/* What a classifier makes of images: figures where the right classes are known, probabilities where they are not. */
#include "nn/classifier.h"

#include <stdlib.h>

/* Images a thread takes at a time. */
#define SLICE 32

/* ---- Evaluating ----------------------------------------------------------------------------------------------------
 */

static double ratio(int64_t part, int64_t of)
{
    return of > 0 ? (double)part / (double)of : 0.0;
}

/* Precision and recall of each class from the confusion matrix; F1 is their harmonic mean. */
static void score_classes(NnEvaluation *evaluation)
{
    const int classes = evaluation->class_count;
    for (int right = 0; right < classes; right++)
        for (int guess = 0; guess < classes; guess++) {
            const int64_t count = evaluation->confusion[(int64_t)right * classes + guess];
            evaluation->classes[right].count += count;
            evaluation->classes[guess].predicted += count;
            if (right == guess)
                evaluation->classes[right].correct = count;
        }
    for (int i = 0; i < classes; i++) {
        NnClassScore *const score = &evaluation->classes[i];
        score->precision = ratio(score->correct, score->predicted);
        score->recall = ratio(score->correct, score->count);
        score->f1 = ratio(2 * score->correct, score->predicted + score->count);
    }
}

static BaseStatus judge_all(NnTeam *team, const NnImages *images, NnEvaluation *out, int32_t *guesses, BaseJob *job,
                            BaseError *err)
{
    NnTally tally = {0};
    for (int64_t first = 0; first < images->count; first += team->max_batch) {
        const int64_t left = images->count - first, count = left < team->max_batch ? left : team->max_batch;
        if (base_job_cancelled(job))
            return base_fail(err, BASE_CANCELLED, "the evaluation was cancelled");
        const NnBatch batch = {.images = images, .first = first, .count = count};
        const BaseStatus status = nn_team_run(team, NN_JUDGE, batch, &tally, guesses, NULL, err);
        if (status != BASE_OK)
            return status;
        for (int64_t i = 0; i < count; i++)
            out->confusion[images->labels[first + i] * out->class_count + guesses[i]]++;
        base_job_step(job, "evaluating", "images", (uint64_t)(first + count), (uint64_t)images->count, NULL);
    }
    out->loss = tally.loss / (double)images->count;
    out->accuracy = ratio(tally.correct, images->count);
    return BASE_OK;
}

static int64_t batch_for(const NnImages *images, int threads)
{
    const int64_t batch = (int64_t)threads * SLICE;
    return batch < images->count ? batch : images->count;
}

BaseStatus nn_classifier_evaluate(NnClassifier *classifier, const NnImages *images, NnEvaluation *out, BaseJob *job,
                                  BaseError *err)
{
    *out = (NnEvaluation){0};
    const double began = base_wall_seconds(), cpu_began = base_cpu_seconds();
    BaseStatus status = nn_classifier_check(classifier, images, true, err);
    if (status != BASE_OK)
        return status;
    const int threads = base_job_threads(job);
    const size_t classes = (size_t)classifier->form.classes;
    const int64_t max_batch = batch_for(images, threads);
    NnTeam team = {0};
    int32_t *const guesses = malloc((size_t)max_batch * sizeof *guesses);
    out->count = images->count;
    out->class_count = (int)classes;
    out->classes = calloc(classes, sizeof *out->classes);
    out->confusion = calloc(classes * classes, sizeof *out->confusion);
    if (!guesses || !out->classes || !out->confusion)
        status = base_fail(err, BASE_NO_MEMORY, "no memory to evaluate %zu classes", classes);
    if (status == BASE_OK)
        status = nn_team_open(classifier, threads, max_batch, 0, &team, err);
    if (status == BASE_OK)
        status = judge_all(&team, images, out, guesses, job, err);
    if (status == BASE_OK)
        score_classes(out);
    else
        nn_evaluation_free(out);
    out->seconds = status == BASE_OK ? base_wall_seconds() - began : 0;
    out->cpu_seconds = status == BASE_OK ? base_cpu_seconds() - cpu_began : 0;
    nn_team_close(&team);
    free(guesses);
    return status;
}

void nn_evaluation_free(NnEvaluation *evaluation)
{
    free(evaluation->classes);
    free(evaluation->confusion);
    *evaluation = (NnEvaluation){0};
}

/* ---- Predicting ----------------------------------------------------------------------------------------------------
 */

BaseStatus nn_classifier_predict(NnClassifier *classifier, const NnImages *images, float *probabilities, BaseJob *job,
                                 BaseError *err)
{
    const int threads = base_job_threads(job);
    NnTeam team = {0};
    NnTally tally = {0};
    BaseStatus status = nn_classifier_check(classifier, images, false, err);
    if (status != BASE_OK || images->count == 0)
        return status;
    status = nn_team_open(classifier, threads, batch_for(images, threads), 0, &team, err);
    if (status != BASE_OK)
        return status;
    for (int64_t first = 0; first < images->count && status == BASE_OK; first += team.max_batch) {
        const int64_t left = images->count - first, count = left < team.max_batch ? left : team.max_batch;
        if (base_job_cancelled(job)) {
            status = base_fail(err, BASE_CANCELLED, "the prediction was cancelled");
            break;
        }
        const NnBatch batch = {.images = images, .first = first, .count = count};
        status =
            nn_team_run(&team, NN_GUESS, batch, &tally, NULL, probabilities + first * classifier->form.classes, err);
        if (status == BASE_OK)
            base_job_step(job, "predicting", "images", (uint64_t)(first + count), (uint64_t)images->count, NULL);
    }
    nn_team_close(&team);
    return status;
}
