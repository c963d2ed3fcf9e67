/* classifier.h - a classifier's inside, and the team of graphs that its long calls work with. */
#ifndef KGQ_NN_CLASSIFIER_H
#define KGQ_NN_CLASSIFIER_H

#include "nn/arch.h"

typedef struct NnTraining { /* the last one, as the saved model tells it */
    int epochs, batch;
    double rate;
    uint64_t seed;
    int64_t images;
    double loss, accuracy;
} NnTraining;

struct NnClassifier {
    const NnArch *arch;
    NnArchForm form;
    char **class_names; /* [form.classes] */
    NnParameters *parameters;
    NnTraining training; /* epochs 0: never trained */
};

/* BASE_BAD_INPUT: images of another shape, and with `needs_labels` none at all, no labels or a label past the classes.
 */
BaseStatus nn_classifier_check(const NnClassifier *classifier, const NnImages *images, bool needs_labels,
                               BaseError *err);

/* ---- A team: one graph per thread over the same parameters, each with its slice of the batch ---- */

typedef struct NnMember NnMember;
typedef struct NnTeam {
    const NnClassifier *classifier;
    BasePool *pool; /* NULL: one member */
    NnMember *members;
    NnGraph **graphs; /* [count] of the members, for the optimiser */
    int count;
    int64_t max_batch;
} NnTeam;

typedef enum NnTask { NN_LEARN, NN_JUDGE, NN_GUESS } NnTask;

/* Images order[first .. first + count), or without an order those numbers themselves. */
typedef struct NnBatch {
    const NnImages *images;
    const uint32_t *order;
    int64_t first, count;
} NnBatch;

/* Summed over the batch. */
typedef struct NnTally {
    double loss;
    int64_t correct;
} NnTally;

BaseStatus nn_team_open(const NnClassifier *classifier, int threads, int64_t max_batch, uint64_t seed, NnTeam *out,
                        BaseError *err);
void nn_team_close(NnTeam *team);
/* NN_LEARN: losses and the gradient of their mean, left in the graphs. NN_JUDGE: losses; `guesses` [count], which may
 * be NULL otherwise, gets the most probable class of each. NN_GUESS: `probabilities` [count, classes]. Losses and right
 * guesses are added to *tally. */
BaseStatus nn_team_run(NnTeam *team, NnTask task, NnBatch batch, NnTally *tally, int32_t *guesses, float *probabilities,
                       BaseError *err);

#endif
