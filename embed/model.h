/* model.h - a trained model in memory and on disk: vectors, the ids of their rows, how the relations behave, and the
 * calibration. */
#ifndef KGQ_EMBED_MODEL_H
#define KGQ_EMBED_MODEL_H

#include "embed/embed.h"
#include "embed/facts.h"
#include "embed/score.h"

/* How a relation behaves in the facts trained on. */
typedef struct EmbedHabit {
    float answers[2]; /* by EmbedSide: the mean number of tails of a head, of heads of a tail */
    float loops;      /* the share of its facts that link an entity with itself */
} EmbedHabit;

/* Platt scaling: probability = 1 / (1 + exp(-(slope * score + offset))). */
typedef struct EmbedPlatt {
    double slope, offset;
} EmbedPlatt;
typedef enum EmbedView {
    EMBED_ONE_SIDE,   /* an answer to one question */
    EMBED_BOTH_SIDES, /* a triple: the mean of its two questions */
    EMBED_VIEWS
} EmbedView;

struct EmbedModel {
    char *name;
    uint32_t id;
    EmbedForm form;
    EmbedRows rows;
    NnParameters *parameters; /* "entity", "relation" */
    EmbedHabit *habits;       /* per relation */
    EmbedPlatt platt[EMBED_VIEWS];
    bool is_calibrated;
    double valid_mrr;  /* -1: unknown */
    EmbedAsker *asker; /* made when first needed */
    int64_t asker_batch;
};

/* The model's asker for single questions, made now if there is none. */
BaseStatus embed_model_asker(EmbedModel *model, EmbedAsker **out, BaseError *err);

/* Writes the model as file `path`: safetensors with "entity", "relation", the rows' ids and the habits as tensors, the
 * rest as JSON description. */
BaseStatus embed_model_save(EmbedModel *model, const char *path, BaseError *err);
/* Reads it back, all but name and id. */
BaseStatus embed_model_load(const char *path, EmbedModel **out, BaseError *err);
/* Copies the vectors of entities and relations that both have; false: the two are not of one form. */
bool embed_model_copy_rows(const EmbedModel *from, EmbedModel *to);

double embed_platt(EmbedPlatt platt, double score);

#endif
