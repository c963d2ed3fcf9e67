/* learn.h - the training loop over facts in rows: steps, epochs, validation, the best checkpoint. */
#ifndef KGQ_EMBED_LEARN_H
#define KGQ_EMBED_LEARN_H

#include "embed/embed.h"
#include "embed/facts.h"
#include "embed/options.h"

typedef struct EmbedLesson {
    const EmbedRecipe *recipe;
    const EmbedFacts *train, *valid; /* valid may be empty: then the last state is the best */
    const EmbedKnown *known;         /* for the filtered validation ranks */
    NnParameters *parameters;        /* "entity" and "relation"; hold the best checkpoint in the end */
    BasePool *pool;                  /* may be NULL */
    double deadline;                 /* base_wall_seconds(); INFINITY: none */
} EmbedLesson;

/* Fills epochs, best_epoch, valid_mrr, loss, stopped of the report. A cancelled job ends it like the deadline does,
 * with BASE_CANCELLED, the best checkpoint in place; report->epochs is 0 when there is none. */
BaseStatus embed_learn(const EmbedLesson *lesson, EmbedTrainReport *report, BaseJob *job, BaseError *err);

#endif
