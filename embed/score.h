/* score.h - the scoring models as chains of nn ops, and asking one of them for the scores of all entities. */
#ifndef KGQ_EMBED_SCORE_H
#define KGQ_EMBED_SCORE_H

#include "base/base.h"
#include "nn/nn.h"

typedef enum EmbedKind { EMBED_TRANSE, EMBED_DISTMULT, EMBED_COMPLEX, EMBED_ROTATE, EMBED_KINDS } EmbedKind;
extern const char *const embed_kind_names[EMBED_KINDS];

/* Which formula, over which parameters. With `reciprocal` the relation parameter has a second half of rows: row
 * r + relation_count is the inverse of r, and (?, r, t) is asked as (t, inverse of r, ?). */
typedef struct EmbedForm {
    EmbedKind kind;
    int norm; /* transe: 1, 2, 3 = L2 squared */
    int64_t dim;
    bool reciprocal;
    uint32_t entity_count, relation_count;
} EmbedForm;

int64_t embed_form_relation_rows(const EmbedForm *form);
int64_t embed_form_relation_width(const EmbedForm *form);

/* The vector that the answer's should match, [n, dim]: for (x, r, ?), or with `inverse` for (?, r, x). */
NnNode embed_form_query(const EmbedForm *form, NnGraph *graph, NnNode x, NnNode r, bool inverse);
/* Scores [n, m] of candidate vectors [m, dim] for query vectors [n, dim]; higher is likelier. */
NnNode embed_form_match(const EmbedForm *form, NnGraph *graph, NnNode query, NnNode candidates);

/* Which place of a triple is asked for. */
typedef enum EmbedSide { EMBED_TAIL, EMBED_HEAD } EmbedSide;
typedef struct EmbedQuery {
    uint32_t x, r; /* rows: the entity given, and the relation (never the inverse's) */
    EmbedSide side;
} EmbedQuery;

/* Scores all entities for up to `max_batch` queries at a time. One thread at a time; any number of askers may share
 * parameters that nobody changes meanwhile. */
typedef struct EmbedAsker EmbedAsker;
BaseStatus embed_asker_new(const EmbedForm *form, NnParameters *parameters, int64_t max_batch, EmbedAsker **out,
                           BaseError *err);
void embed_asker_free(EmbedAsker *asker); /* NULL is fine */
/* All queries ask for the same side. *scores is borrowed until the next call: [count, entity_count]. */
BaseStatus embed_ask(EmbedAsker *asker, const EmbedQuery *queries, int64_t count, const float **scores, BaseError *err);
/* A batch for many queries, that keeps an asker's scores within some tens of megabytes. */
int64_t embed_asker_batch(uint32_t entity_count);

#endif
