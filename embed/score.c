/* The scoring models. Each is a query vector made of the given entity and the relation, matched with the vectors of the
 * candidates, so that scoring all entities is one matrix product (or one sweep of distances). */
#include "embed/score.h"

#include <stdlib.h>

const char *const embed_kind_names[EMBED_KINDS] = {
    [EMBED_TRANSE] = "transe", [EMBED_DISTMULT] = "distmult", [EMBED_COMPLEX] = "complex", [EMBED_ROTATE] = "rotate"};

int64_t embed_form_relation_rows(const EmbedForm *form)
{
    return (int64_t)form->relation_count * (form->reciprocal ? 2 : 1);
}

int64_t embed_form_relation_width(const EmbedForm *form)
{
    return form->kind == EMBED_ROTATE ? form->dim / 2 : form->dim;
}

/* score(h, r, t) = -|h + r - t|, L1 or L2, or L2 squared.
 * Bordes, Usunier, Garcia-Duran, Weston, Yakhnenko, "Translating embeddings for modeling multi-relational data", 2013.
 */
static NnNode transe_query(NnGraph *graph, NnNode x, NnNode r, bool inverse)
{
    return inverse ? nn_sub(graph, x, r) : nn_add(graph, x, r);
}

static NnNode transe_match(NnGraph *graph, NnNode query, NnNode candidates, int norm)
{
    if (norm != 3)
        return nn_scale(graph, nn_distance(graph, query, candidates, norm), -1.0f);
    const NnNode distance = nn_distance(graph, query, candidates, 2);
    return nn_scale(graph, nn_mul(graph, distance, distance), -1.0f);
}

/* score(h, r, t) = sum of h_i r_i t_i.
 * Yang, Yih, He, Gao, Deng, "Embedding entities and relations for learning and inference in knowledge bases", 2015. */
static NnNode distmult_query(NnGraph *graph, NnNode x, NnNode r)
{
    return nn_mul(graph, x, r);
}

/* score(h, r, t) = Re(sum of h_i r_i conj(t_i)), complex numbers. With halves of real and imaginary parts, Re(q
 * conj(t)) is the plain inner product. Given t, Re(h r conj(t)) = Re(conj(t conj(r)) h), so the query for h is t
 * conj(r). Trouillon, Welbl, Riedel, Gaussier, Bouchard, "Complex embeddings for simple link prediction", 2016. */
static NnNode complex_query(NnGraph *graph, NnNode x, NnNode r, bool inverse)
{
    return nn_complex_mul(graph, x, r, inverse);
}

/* score(h, r, t) = -sum of |h_i e^(i r_i) - t_i|, complex numbers; turning back gives the query for h.
 * Sun, Deng, Nie, Tang, "RotatE: knowledge graph embedding by relational rotation in complex space", 2019. */
static NnNode rotate_query(NnGraph *graph, NnNode x, NnNode r, bool inverse)
{
    return nn_complex_mul(graph, x, nn_rotation(graph, r), inverse);
}

static NnNode rotate_match(NnGraph *graph, NnNode query, NnNode candidates)
{
    return nn_scale(graph, nn_distance(graph, query, candidates, 3), -1.0f);
}

NnNode embed_form_query(const EmbedForm *form, NnGraph *graph, NnNode x, NnNode r, bool inverse)
{
    switch (form->kind) {
    case EMBED_TRANSE:
        return transe_query(graph, x, r, inverse);
    case EMBED_DISTMULT:
        return distmult_query(graph, x, r);
    case EMBED_COMPLEX:
        return complex_query(graph, x, r, inverse);
    case EMBED_ROTATE:
        return rotate_query(graph, x, r, inverse);
    case EMBED_KINDS:
        break;
    }
    return -1;
}

NnNode embed_form_match(const EmbedForm *form, NnGraph *graph, NnNode query, NnNode candidates)
{
    switch (form->kind) {
    case EMBED_TRANSE:
        return transe_match(graph, query, candidates, form->norm);
    case EMBED_DISTMULT:
    case EMBED_COMPLEX:
        return nn_matmul(graph, query, candidates, true);
    case EMBED_ROTATE:
        return rotate_match(graph, query, candidates);
    case EMBED_KINDS:
        break;
    }
    return -1;
}

/* ---- Asking ------------------------------------------------------------------------------------------------------ */

typedef struct Chain {
    NnGraph *graph;
    NnNode x, r, scores;
} Chain;

struct EmbedAsker {
    EmbedForm form;
    int64_t max_batch;
    Chain chains[2]; /* by side; reciprocal relations need the first only */
    int32_t *x, *r;
};

int64_t embed_asker_batch(uint32_t entity_count)
{
    /* Each batch reads all vectors once: too small a batch makes that the whole cost. */
    const int64_t rows = (int64_t)(1u << 23) / ((int64_t)entity_count + 1);
    return rows < 32 ? 32 : rows > 256 ? 256 : rows;
}

static BaseStatus build_chain(Chain *chain, const EmbedForm *form, NnParameters *parameters, int64_t max_batch,
                              bool inverse, BaseError *err)
{
    chain->graph = nn_graph_new(parameters, max_batch, 0);
    if (!chain->graph)
        return base_fail(err, BASE_NO_MEMORY, "no memory to score %u entities", form->entity_count);
    const int entity = nn_parameter_find(parameters, "entity");
    const int relation = nn_parameter_find(parameters, "relation");
    chain->x = nn_index_input(chain->graph, NN_SHAPE(NN_BATCH));
    chain->r = nn_index_input(chain->graph, NN_SHAPE(NN_BATCH));
    const NnNode query = embed_form_query(form, chain->graph, nn_gather(chain->graph, entity, chain->x),
                                          nn_gather(chain->graph, relation, chain->r), inverse);
    chain->scores = embed_form_match(form, chain->graph, query, nn_parameter(chain->graph, entity));
    return nn_graph_plan(chain->graph, err);
}

BaseStatus embed_asker_new(const EmbedForm *form, NnParameters *parameters, int64_t max_batch, EmbedAsker **out,
                           BaseError *err)
{
    *out = NULL;
    EmbedAsker *const asker = calloc(1, sizeof *asker);
    if (!asker)
        return base_fail(err, BASE_NO_MEMORY, "no memory to score %u entities", form->entity_count);
    asker->form = *form;
    asker->max_batch = max_batch;
    asker->x = calloc((size_t)max_batch, sizeof *asker->x);
    asker->r = calloc((size_t)max_batch, sizeof *asker->r);
    BaseStatus status = asker->x && asker->r ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to score");
    if (status == BASE_OK)
        status = build_chain(&asker->chains[0], form, parameters, max_batch, false, err);
    if (status == BASE_OK && !form->reciprocal)
        status = build_chain(&asker->chains[1], form, parameters, max_batch, true, err);
    if (status != BASE_OK) {
        embed_asker_free(asker);
        return status;
    }
    *out = asker;
    return BASE_OK;
}

void embed_asker_free(EmbedAsker *asker)
{
    if (!asker)
        return;
    nn_graph_free(asker->chains[0].graph);
    nn_graph_free(asker->chains[1].graph);
    free(asker->x);
    free(asker->r);
    free(asker);
}

BaseStatus embed_ask(EmbedAsker *asker, const EmbedQuery *queries, int64_t count, const float **scores, BaseError *err)
{
    if (count < 1 || count > asker->max_batch)
        return base_fail(err, BASE_BAD_CALL, "embed_ask: %lld queries, the batch is %lld", (long long)count,
                         (long long)asker->max_batch);
    const EmbedSide side = queries[0].side;
    const uint32_t shift = side == EMBED_HEAD && asker->form.reciprocal ? asker->form.relation_count : 0;
    for (int64_t i = 0; i < count; i++) {
        asker->x[i] = (int32_t)queries[i].x;
        asker->r[i] = (int32_t)(queries[i].r + shift);
    }
    Chain *const chain = &asker->chains[side == EMBED_HEAD && !asker->form.reciprocal];
    nn_graph_bind(chain->graph, chain->x, asker->x);
    nn_graph_bind(chain->graph, chain->r, asker->r);
    const BaseStatus status = nn_graph_forward(chain->graph, chain->scores, count, err);
    *scores = status == BASE_OK ? nn_graph_value(chain->graph, chain->scores) : NULL;
    return status;
}
