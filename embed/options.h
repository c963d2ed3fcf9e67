/* options.h - training options made whole: every 0 replaced by what suits the model and the graph's size. */
#ifndef KGQ_EMBED_OPTIONS_H
#define KGQ_EMBED_OPTIONS_H

#include "embed/embed.h"
#include "embed/score.h"
#include "nn/nn.h"

typedef struct EmbedRecipe {
    EmbedForm form;
    bool is_sampled; /* the loss runs over a sample of the entities */
    int64_t epochs, batch, negatives, patience, valid_every;
    NnMethod method;
    float rate, decay, dropout, smoothing, regularize, init;
    double valid_share, time_budget; /* time_budget 0: none */
    bool is_time_given;              /* the caller set it: the rate falls with the clock too */
    uint64_t seed;
} EmbedRecipe;

/* BASE_BAD_INPUT: an unknown model or optimiser (the nearest is named), or a number out of range. */
BaseStatus embed_recipe(const EmbedTrainOptions *options, uint32_t entity_count, uint32_t relation_count,
                        size_t triple_count, EmbedRecipe *out, BaseError *err);
/* As JSON with the keys of a configuration file: what it took to make this model. The caller's to free(). NULL: no
 * memory. */
char *embed_recipe_json(const EmbedRecipe *recipe);

#endif
