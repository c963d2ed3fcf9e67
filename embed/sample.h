/* sample.h - the order of the training queries, and the candidates that a step's queries are scored against. */
#ifndef KGQ_EMBED_SAMPLE_H
#define KGQ_EMBED_SAMPLE_H

#include "embed/facts.h"
#include "embed/score.h"

/* Every training fact asks twice: query 2i is (h, r, ?), 2i + 1 is (?, r, t) of fact i. */
typedef struct EmbedAsk {
    EmbedQuery query;
    uint32_t answer;
} EmbedAsk;
EmbedAsk embed_ask_of(const EmbedFacts *facts, uint32_t number);

/* A shared sample of candidates for one step: the distinct answers of its queries, then distinct others drawn evenly,
 * `size` in all. To score against a sample instead of all entities without favouring those drawn often, a candidate's
 * score is lowered by the log of its chance to be in the sample (Bengio, Senecal, "Adaptive importance sampling to
 * accelerate training of a neural probabilistic language model", 2008). */
typedef struct EmbedSample {
    uint32_t size, entity_count;
    int32_t *candidates; /* [size] rows */
    float *corrections;  /* [size] to add to the scores: -log(chance) */
    /* private: */
    uint32_t *places; /* [entities] where in candidates */
    uint32_t *stamps; /* [entities] the step that last took it */
    uint32_t step;
    float *chances; /* [entities] minus log of its chance */
} EmbedSample;
/* `batch` queries a step; size = min(batch + negatives, entities). */
BaseStatus embed_sample_new(const EmbedFacts *facts, uint32_t entity_count, int64_t batch, int64_t negatives,
                            EmbedSample *out, BaseError *err);
void embed_sample_free(EmbedSample *sample);
/* Draws the candidates for these queries; labels[i] is where the answer of query i stands among them. */
void embed_sample_draw(EmbedSample *sample, const EmbedAsk *asks, size_t count, BaseRandom *random, int32_t *labels);

#endif
