/* Answers to open questions, and scores of triples, by a trained model. */
#include "embed/calibrate.h"
#include "embed/model.h"
#include "embed/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- The best k -------------------------------------------------------------------------------------------------- */

/* Rows with their scores, the worst on top, so that it is the one to go; of equal scores the later row is worse. */
typedef struct Place {
    double score;
    uint32_t row;
} Place;
typedef struct Best {
    Place *items;
    size_t count, limit;
} Best;

static bool is_worse(Place a, Place b)
{
    return a.score < b.score || (a.score == b.score && a.row > b.row);
}

static void sink(Best *best, size_t at)
{
    for (;;) {
        size_t worst = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < best->count; child++)
            if (is_worse(best->items[child], best->items[worst]))
                worst = child;
        if (worst == at)
            return;
        const Place held = best->items[at];
        best->items[at] = best->items[worst];
        best->items[worst] = held;
        at = worst;
    }
}

static void offer(Best *best, uint32_t row, double score)
{
    const Place place = {score, row};
    if (best->limit == 0 || isnan(score))
        return;
    if (best->count == best->limit) {
        if (!is_worse(best->items[0], place))
            return;
        best->items[0] = place;
        sink(best, 0);
        return;
    }
    size_t at = best->count++;
    while (at > 0 && is_worse(place, best->items[(at - 1) / 2])) {
        best->items[at] = best->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    best->items[at] = place;
}

static int compare_places(const void *a, const void *b)
{
    const Place *const x = a, *const y = b;
    return is_worse(*x, *y) ? 1 : is_worse(*y, *x) ? -1 : 0;
}

static BaseStatus best_new(Best *best, size_t limit, BaseError *err)
{
    *best = (Best){.items = calloc(limit + 1, sizeof *best->items), .limit = limit};
    return best->items ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for %zu answers", limit);
}

/* Hands the places out, best first. */
static void best_take(Best *best, const KgId *ids, EmbedAnswer *out, size_t *count)
{
    qsort(best->items, best->count, sizeof *best->items, compare_places);
    for (size_t i = 0; i < best->count; i++)
        out[i] = (EmbedAnswer){.id = ids[best->items[i].row], .score = (float)best->items[i].score};
    *count = best->count;
    free(best->items);
}

/* ---- Questions --------------------------------------------------------------------------------------------------- */

static KgId open_place(const KgTriple *triple, int place)
{
    return place == 0 ? triple->s : place == 1 ? triple->p : triple->o;
}

/* Marks the rows of what is asserted or inferred already. */
static BaseStatus mark_known(KgTxn *txn, const EmbedModel *model, KgTriple pattern, int place, uint8_t *is_known,
                             BaseError *err)
{
    KgScan *scan = NULL;
    KgTriple triple;
    BaseStatus status = kg_scan_open(txn, KG_FACTS, pattern, KG_ORDER_BEST, &scan, err);
    while (status == BASE_OK && (status = kg_scan_next(scan, &triple, err)) == BASE_OK) {
        const KgId id = open_place(&triple, place);
        const uint32_t row = place == 1 ? embed_relation_row(&model->rows, id) : embed_entity_row(&model->rows, id);
        if (row != EMBED_NO_ROW)
            is_known[row] = 1;
    }
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus predict_entity(EmbedModel *model, EmbedFact fact, EmbedSide side, const uint8_t *is_known, Best *best,
                                 BaseError *err)
{
    EmbedAsker *asker = NULL;
    const float *scores = NULL;
    const EmbedQuery query = {.x = side == EMBED_TAIL ? fact.h : fact.t, .r = fact.r, .side = side};
    const EmbedHabit *const habit = &model->habits[fact.r];
    BaseStatus status = embed_model_asker(model, &asker, err);
    if (status == BASE_OK)
        status = embed_ask(asker, &query, 1, &scores, err);
    if (status != BASE_OK)
        return status;
    const double log_sum = embed_log_sum(scores, model->form.entity_count);
    for (uint32_t i = 0; i < model->form.entity_count; i++) {
        /* A thing is its own likeliest answer to many a model; where no fact does so, it is no news either. */
        const bool is_loop = i == query.x && habit->loops <= 0;
        if (!is_known[i] && !is_loop)
            offer(best, i, embed_comparable(scores[i], log_sum, habit->answers[side]));
    }
    return BASE_OK;
}

static BaseStatus predict_relation(EmbedModel *model, EmbedFact fact, const uint8_t *is_known, Best *best,
                                   BaseError *err)
{
    const uint32_t relations = model->form.relation_count;
    EmbedPanel panel = {0};
    EmbedFact *const facts = calloc(relations, sizeof *facts);
    float *const scores = calloc(2 * (size_t)relations, sizeof *scores);
    BaseStatus status =
        facts && scores ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to score %u relations", relations);
    for (uint32_t r = 0; r < relations && status == BASE_OK; r++)
        facts[r] = (EmbedFact){fact.h, r, fact.t};
    if (status == BASE_OK)
        status = embed_panel_new(&model->form, model->parameters, NULL, &panel, err);
    if (status == BASE_OK)
        status = embed_compare(&panel, &model->form, model->habits, facts, relations, scores, NULL, err);
    for (uint32_t r = 0; r < relations && status == BASE_OK; r++)
        if (!is_known[r])
            offer(best, r, ((double)scores[2 * (size_t)r] + (double)scores[2 * (size_t)r + 1]) / 2);
    embed_panel_free(&panel);
    free(facts);
    free(scores);
    return status;
}

static BaseStatus fail_unknown(KgTxn *txn, const EmbedModel *model, KgId id, const char *what, BaseError *err)
{
    BaseBuffer name = {0};
    if (id == KG_ANY || kg_write_term(txn, id, KG_SYNTAX_NAME, &name, NULL) != BASE_OK)
        base_fail(err, BASE_NOT_FOUND, "model \"%s\" has no vector for that %s", model->name, what);
    else
        base_fail(err, BASE_NOT_FOUND, "model \"%s\" has no vector for the %s %s", model->name, what, name.items);
    base_hint(err, "it was not in a triple between entities when the model was trained: train again");
    base_buffer_free(&name);
    return BASE_NOT_FOUND;
}

static BaseStatus check_terms(KgTxn *txn, const EmbedModel *model, KgTriple pattern, EmbedFact fact, BaseError *err)
{
    if (pattern.s != KG_ANY && fact.h == EMBED_NO_ROW)
        return fail_unknown(txn, model, pattern.s, "entity", err);
    if (pattern.p != KG_ANY && fact.r == EMBED_NO_ROW)
        return fail_unknown(txn, model, pattern.p, "relation", err);
    if (pattern.o != KG_ANY && fact.t == EMBED_NO_ROW)
        return fail_unknown(txn, model, pattern.o, "entity", err);
    return BASE_OK;
}

BaseStatus embed_predict(KgTxn *txn, EmbedModel *model, KgTriple pattern, size_t k, EmbedAnswer *out, size_t *count,
                         BaseError *err)
{
    *count = 0;
    const int open = (pattern.s == KG_ANY) + (pattern.p == KG_ANY) + (pattern.o == KG_ANY);
    if (open != 1)
        return base_fail(err, BASE_BAD_CALL, "a prediction has one open place, this has %d", open);
    const int place = pattern.s == KG_ANY ? 0 : pattern.p == KG_ANY ? 1 : 2;
    const EmbedFact fact = embed_fact(&model->rows, pattern);
    BaseStatus status = check_terms(txn, model, pattern, fact, err);
    if (status != BASE_OK)
        return status;
    const size_t rows = place == 1 ? model->form.relation_count : model->form.entity_count;
    uint8_t *const is_known = calloc(rows, 1);
    Best best = {0};
    status = is_known ? best_new(&best, k < rows ? k : rows, err)
                      : base_fail(err, BASE_NO_MEMORY, "no memory for %zu candidates", rows);
    if (status == BASE_OK)
        status = mark_known(txn, model, pattern, place, is_known, err);
    if (status == BASE_OK)
        status = place == 1 ? predict_relation(model, fact, is_known, &best, err)
                            : predict_entity(model, fact, place == 2 ? EMBED_TAIL : EMBED_HEAD, is_known, &best, err);
    free(is_known);
    if (status != BASE_OK) {
        free(best.items);
        return status;
    }
    best_take(&best, place == 1 ? model->rows.relations : model->rows.entities, out, count);
    const EmbedPlatt platt = model->platt[place == 1 ? EMBED_BOTH_SIDES : EMBED_ONE_SIDE];
    for (size_t i = 0; i < *count; i++)
        out[i].probability = embed_platt(platt, (double)out[i].score);
    return BASE_OK;
}

BaseStatus embed_store_predictions(KgTxn *txn, const EmbedModel *model, KgTriple pattern, const EmbedAnswer *answers,
                                   size_t count, double threshold, size_t *stored, BaseError *err)
{
    size_t added_count = 0;
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        if (answers[i].probability < threshold)
            continue;
        KgRecord record = {.triple = pattern, .note = {.source = model->id, .score = (float)answers[i].probability}};
        KgId *const open = record.triple.s == KG_ANY   ? &record.triple.s
                           : record.triple.p == KG_ANY ? &record.triple.p
                                                       : &record.triple.o;
        *open = answers[i].id;
        bool added = false;
        status = kg_add(txn, KG_PREDICTED, &record, &added, err);
        added_count += added;
    }
    if (stored)
        *stored = added_count;
    return status;
}

/* ---- Given triples ----------------------------------------------------------------------------------------------- */

static BaseStatus score_known(EmbedModel *model, const EmbedFact *facts, size_t count, float *scores, BaseJob *job,
                              BaseError *err)
{
    EmbedPanel panel = {0};
    BasePool *const pool = base_pool_new(base_job_threads(job));
    BaseStatus status = embed_panel_new(&model->form, model->parameters, pool, &panel, err);
    if (status == BASE_OK)
        status = embed_compare(&panel, &model->form, model->habits, facts, count, scores, job, err);
    embed_panel_free(&panel);
    base_pool_free(pool);
    return status;
}

BaseStatus embed_score(EmbedModel *model, const KgTriple *triples, size_t count, EmbedScore *out, BaseJob *job,
                       BaseError *err)
{
    EmbedFact *const facts = calloc(count + 1, sizeof *facts);
    float *const scores = calloc(2 * count + 1, sizeof *scores);
    size_t used = 0;
    BaseStatus status =
        facts && scores ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to score %zu triples", count);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        const EmbedFact fact = embed_fact(&model->rows, triples[i]);
        out[i] = (EmbedScore){.score = NAN,
                              .known = fact.h != EMBED_NO_ROW && fact.r != EMBED_NO_ROW && fact.t != EMBED_NO_ROW};
        if (out[i].known)
            facts[used++] = fact;
    }
    if (status == BASE_OK && used > 0)
        status = score_known(model, facts, used, scores, job, err);
    size_t at = 0;
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        if (!out[i].known)
            continue;
        out[i].score = (scores[2 * at] + scores[2 * at + 1]) / 2;
        out[i].probability = embed_platt(model->platt[EMBED_BOTH_SIDES], (double)out[i].score);
        at++;
    }
    free(facts);
    free(scores);
    return status;
}

BaseStatus embed_nearest(EmbedModel *model, KgId entity, size_t k, EmbedAnswer *out, size_t *count, BaseError *err)
{
    *count = 0;
    const uint32_t own = embed_entity_row(&model->rows, entity);
    if (own == EMBED_NO_ROW)
        return base_fail(err, BASE_NOT_FOUND, "model \"%s\" has no vector for that entity", model->name);
    const uint32_t rows = model->form.entity_count;
    const size_t dim = (size_t)model->form.dim;
    const float *const vectors = nn_parameter_values(model->parameters, nn_parameter_find(model->parameters, "entity"));
    const float *const mine = vectors + own * dim;
    Best best = {0};
    const BaseStatus status = best_new(&best, k < rows ? k : rows, err);
    if (status != BASE_OK)
        return status;
    double mine_square = 0;
    for (size_t j = 0; j < dim; j++)
        mine_square += (double)mine[j] * (double)mine[j];
    for (uint32_t i = 0; i < rows; i++) {
        double product = 0, square = 0;
        for (size_t j = 0; j < dim; j++) {
            product += (double)mine[j] * (double)vectors[i * dim + j];
            square += (double)vectors[i * dim + j] * (double)vectors[i * dim + j];
        }
        const double length = sqrt(square * mine_square);
        if (i != own)
            offer(&best, i, length > 0 ? product / length : 0);
    }
    best_take(&best, model->rows.entities, out, count);
    return BASE_OK;
}
