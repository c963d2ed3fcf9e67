/* calibrate.h - scores that compare between questions, and what probability they stand for. */
#ifndef KGQ_EMBED_CALIBRATE_H
#define KGQ_EMBED_CALIBRATE_H

#include "embed/model.h"
#include "embed/rank.h"

/* How each relation behaves in the known facts. */
void embed_habits(const EmbedKnown *known, EmbedHabit *habits, uint32_t relation_count);

/* log(sum of exp(score)) over all entities. */
double embed_log_sum(const float *scores, uint32_t count);
/* The comparable score of an answer (see EmbedAnswer). */
double embed_comparable(float score, double log_sum, float answers);

/* Comparable scores of facts, both sides: out[2i] as the tail of (h, r, ?), out[2i + 1] as the head of (?, r, t). Facts
 * have rows for all three places. */
BaseStatus embed_compare(const EmbedPanel *panel, const EmbedForm *form, const EmbedHabit *habits,
                         const EmbedFact *facts, size_t count, float *out, BaseJob *job, BaseError *err);

/* Fits a logistic to scores of true (weight > 0) and false (weight < 0) cases. The slope is never negative: a higher
 * score is never less probable. */
EmbedPlatt embed_platt_fit(const double *scores, const double *weights, size_t count);

/* Fits both views of the model on facts against corrupted ones: for each fact one with a random head or tail and one
 * with one that the relation has elsewhere, neither known. Leaves the model uncalibrated when there are too few. */
BaseStatus embed_calibrate(EmbedModel *model, const EmbedPanel *panel, const EmbedFacts *facts, const EmbedKnown *known,
                           uint64_t seed, BaseError *err);

#endif
