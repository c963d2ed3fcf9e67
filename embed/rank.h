/* rank.h - filtered ranks of facts in rows, for evaluation and for validation while training. */
#ifndef KGQ_EMBED_RANK_H
#define KGQ_EMBED_RANK_H

#include "embed/embed.h"
#include "embed/facts.h"
#include "embed/score.h"

/* Askers over one set of parameters, one per worker of `pool`, all made at once. */
typedef struct EmbedPanel {
    EmbedAsker **askers;
    int count;
    int64_t batch;
    BasePool *pool; /* borrowed; may be NULL */
} EmbedPanel;
BaseStatus embed_panel_new(const EmbedForm *form, NnParameters *parameters, BasePool *pool, EmbedPanel *out,
                           BaseError *err);
void embed_panel_free(EmbedPanel *panel);

/* Ranks every fact on both sides; see embed_evaluate. Progress goes to the job when `is_reported`. */
BaseStatus embed_rank(const EmbedPanel *panel, uint32_t entity_count, const EmbedFact *facts, size_t count,
                      const EmbedKnown *known, bool is_reported, EmbedEvaluation *out, BaseJob *job, BaseError *err);

#endif
