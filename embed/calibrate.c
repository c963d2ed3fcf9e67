/* Calibration. A softmax score says how an answer stands among the others of its question, so what is calibrated is its
 * log share of the softmax, plus the log of how many answers the relation has on that side: sharing with forty right
 * ones is no shame. Platt, "Probabilistic outputs for support vector machines", 1999, fitted as in Lin, Lin, Weng, "A
 * note on Platt's probabilistic outputs for support vector machines", 2007. */
#include "embed/calibrate.h"

#include <math.h>
#include <stdlib.h>

void embed_habits(const EmbedKnown *known, EmbedHabit *habits, uint32_t relation_count)
{
    for (uint32_t i = 0; i < relation_count; i++)
        habits[i] = (EmbedHabit){.answers = {1, 1}};
    for (size_t first = 0, last; first < known->count; first = last) {
        const uint32_t r = known->by_head[first].r;
        size_t heads = 1, tails = 1, loops = 0;
        for (last = first; last < known->count && known->by_head[last].r == r; last++) {
            heads += last > first && known->by_head[last].h != known->by_head[last - 1].h;
            tails += last > first && known->by_tail[last].t != known->by_tail[last - 1].t;
            loops += known->by_head[last].h == known->by_head[last].t;
        }
        const float size = (float)(last - first);
        habits[r] = (EmbedHabit){.answers = {size / (float)heads, size / (float)tails}, .loops = (float)loops / size};
    }
}

double embed_log_sum(const float *scores, uint32_t count)
{
    float top = -INFINITY;
    for (uint32_t i = 0; i < count; i++)
        top = scores[i] > top ? scores[i] : top;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += (double)expf(scores[i] - top);
    return (double)top + log(sum);
}

double embed_comparable(float score, double log_sum, float answers)
{
    return (double)score - log_sum + log((double)answers);
}

/* ---- Comparable scores of facts ---------------------------------------------------------------------------------- */

typedef struct Comparison {
    const EmbedPanel *panel;
    const EmbedForm *form;
    const EmbedHabit *habits;
    const EmbedFact *facts;
    size_t count, batches; /* batches of one side */
    float *out;
    BaseJob *job;
    BaseStatus *statuses; /* per worker */
    BaseError *errors;
} Comparison;

static void compare_task(void *context, size_t task, int worker)
{
    Comparison *const comparison = context;
    if (comparison->statuses[worker] != BASE_OK || base_job_cancelled(comparison->job))
        return;
    const EmbedSide side = task < comparison->batches ? EMBED_TAIL : EMBED_HEAD;
    const size_t batch = (size_t)comparison->panel->batch;
    const size_t first = (task % comparison->batches) * batch;
    const size_t count = comparison->count - first < batch ? comparison->count - first : batch;
    const uint32_t entities = comparison->form->entity_count;
    EmbedQuery queries[256] = {0};
    const float *scores = NULL;
    for (size_t i = 0; i < count; i++) {
        const EmbedFact *const fact = &comparison->facts[first + i];
        queries[i] = (EmbedQuery){.x = side == EMBED_TAIL ? fact->h : fact->t, .r = fact->r, .side = side};
    }
    comparison->statuses[worker] =
        embed_ask(comparison->panel->askers[worker], queries, (int64_t)count, &scores, &comparison->errors[worker]);
    for (size_t i = 0; i < count && comparison->statuses[worker] == BASE_OK; i++) {
        const EmbedFact *const fact = &comparison->facts[first + i];
        const float *const row = scores + i * entities;
        const float own = row[side == EMBED_TAIL ? fact->t : fact->h];
        comparison->out[2 * (first + i) + (size_t)side] =
            (float)embed_comparable(own, embed_log_sum(row, entities), comparison->habits[fact->r].answers[side]);
    }
}

BaseStatus embed_compare(const EmbedPanel *panel, const EmbedForm *form, const EmbedHabit *habits,
                         const EmbedFact *facts, size_t count, float *out, BaseJob *job, BaseError *err)
{
    Comparison comparison = {.panel = panel,
                             .form = form,
                             .habits = habits,
                             .facts = facts,
                             .count = count,
                             .batches = (count + (size_t)panel->batch - 1) / (size_t)panel->batch,
                             .out = out,
                             .job = job,
                             .statuses = calloc((size_t)panel->count, sizeof(BaseStatus)),
                             .errors = calloc((size_t)panel->count, sizeof(BaseError))};
    BaseStatus status = BASE_OK;
    if (!comparison.statuses || !comparison.errors)
        status = base_fail(err, BASE_NO_MEMORY, "no memory to score %zu triples", count);
    else
        base_parallel_for(panel->pool, 2 * comparison.batches, compare_task, &comparison);
    for (int i = 0; status == BASE_OK && i < panel->count; i++) {
        status = comparison.statuses[i];
        if (status != BASE_OK && err && err->status == BASE_OK)
            *err = comparison.errors[i];
    }
    if (status == BASE_OK && base_job_cancelled(job))
        status = base_fail(err, BASE_CANCELLED, "cancelled while scoring");
    free(comparison.statuses);
    free(comparison.errors);
    return status;
}

/* ---- The logistic ------------------------------------------------------------------------------------------------ */

typedef struct Fit {
    const double *scores, *weights;
    size_t count;
    double true_target, false_target; /* Platt's: a little inside of 0 and 1 */
} Fit;

static double logistic_loss(const Fit *fit, EmbedPlatt platt)
{
    double loss = 0;
    for (size_t i = 0; i < fit->count; i++) {
        const double z = platt.slope * fit->scores[i] + platt.offset;
        const double target = fit->weights[i] > 0 ? fit->true_target : fit->false_target;
        /* -t log(p) - (1 - t) log(1 - p), written so that it does not overflow. */
        loss += fabs(fit->weights[i]) * (z > 0 ? (1 - target) * z + log1p(exp(-z)) : -target * z + log1p(exp(z)));
    }
    return loss;
}

/* One step of Newton's method with halving; false when it no longer helps. */
static bool newton_step(const Fit *fit, EmbedPlatt *platt)
{
    double g0 = 0, g1 = 0, h00 = 1e-9, h01 = 0, h11 = 1e-9;
    for (size_t i = 0; i < fit->count; i++) {
        const double x = fit->scores[i], weight = fabs(fit->weights[i]);
        const double p = embed_platt(*platt, x);
        const double d = weight * (p - (fit->weights[i] > 0 ? fit->true_target : fit->false_target));
        const double curve = weight * p * (1 - p);
        g0 += d * x;
        g1 += d;
        h00 += curve * x * x;
        h01 += curve * x;
        h11 += curve;
    }
    const double determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 1e-18))
        return false;
    const double step0 = -(h11 * g0 - h01 * g1) / determinant, step1 = -(h00 * g1 - h01 * g0) / determinant;
    const double before = logistic_loss(fit, *platt);
    for (double size = 1; size > 1e-6; size /= 2) {
        const EmbedPlatt next = {platt->slope + size * step0, platt->offset + size * step1};
        const double after = logistic_loss(fit, next);
        if (after < before) {
            *platt = next;
            return before - after > 1e-9 * before;
        }
    }
    return false;
}

EmbedPlatt embed_platt_fit(const double *scores, const double *weights, size_t count)
{
    double true_weight = 0, false_weight = 0;
    for (size_t i = 0; i < count; i++) {
        true_weight += weights[i] > 0 ? weights[i] : 0;
        false_weight -= weights[i] < 0 ? weights[i] : 0;
    }
    const Fit fit = {.scores = scores,
                     .weights = weights,
                     .count = count,
                     .true_target = (true_weight + 1) / (true_weight + 2),
                     .false_target = 1 / (false_weight + 2)};
    EmbedPlatt platt = {0, log((true_weight + 1) / (false_weight + 1))};
    for (int i = 0; i < 100 && newton_step(&fit, &platt); i++)
        ;
    if (!(platt.slope > 0) || !isfinite(platt.slope) || !isfinite(platt.offset))
        platt = (EmbedPlatt){0, log((true_weight + 1) / (false_weight + 1))}; /* the score tells nothing */
    return platt;
}

/* ---- Calibrating a model ----------------------------------------------------------------------------------------- */

#define FALSE_PER_FACT 2
#define FEWEST_FACTS 10

/* A corrupted copy of `fact` that is not known: its head or tail replaced by any entity or by one of `like`, a fact of
 * the same relation. After a few tries in vain it may be a known one; returns whether it is not. */
static bool corrupt(const EmbedModel *model, const EmbedKnown *known, EmbedFact fact, bool is_like, BaseRandom *random,
                    EmbedFact *out)
{
    for (int tries = 0; tries < 20; tries++) {
        const bool is_head = base_random_below(random, 2) == 0;
        uint32_t other = (uint32_t)base_random_below(random, model->form.entity_count);
        if (is_like) {
            size_t like_count = 0;
            const EmbedFact *const likes = embed_known_of_relation(known, fact.r, &like_count);
            if (like_count > 0) {
                const EmbedFact *const like = &likes[base_random_below(random, like_count)];
                other = is_head ? like->h : like->t;
            }
        }
        *out = fact;
        *(is_head ? &out->h : &out->t) = other;
        if (!embed_known_holds(known, *out))
            return true;
    }
    return false;
}

typedef struct Cases {
    EmbedFact *facts;
    bool *is_true;
    float *scores; /* two per case */
    double *x, *weights;
    size_t count, true_count;
} Cases;

static void free_cases(Cases *cases)
{
    free(cases->facts);
    free(cases->is_true);
    free(cases->scores);
    free(cases->x);
    free(cases->weights);
}

static BaseStatus draw_cases(const EmbedModel *model, const EmbedFacts *facts, const EmbedKnown *known, uint64_t seed,
                             Cases *cases, BaseError *err)
{
    /* Scoring a case against all entities has its price in a large graph. */
    const double affordable = 2e8 / (double)model->form.entity_count / (2 * (1 + FALSE_PER_FACT));
    size_t most = affordable > 2000 ? 2000 : affordable < 100 ? 100 : (size_t)affordable;
    most = most < facts->count ? most : facts->count;
    const size_t room = most * (1 + FALSE_PER_FACT) + 1;
    *cases = (Cases){.facts = calloc(room, sizeof *cases->facts),
                     .is_true = calloc(room, sizeof *cases->is_true),
                     .scores = calloc(2 * room, sizeof *cases->scores),
                     .x = calloc(2 * room, sizeof *cases->x),
                     .weights = calloc(2 * room, sizeof *cases->weights)};
    if (!cases->facts || !cases->is_true || !cases->scores || !cases->x || !cases->weights)
        return base_fail(err, BASE_NO_MEMORY, "no memory to calibrate");
    BaseRandom random;
    base_random_seed(&random, seed ^ 0x63616c6962u);
    for (size_t i = 0; i < most; i++) {
        const EmbedFact fact = facts->items[most == facts->count ? i : base_random_below(&random, facts->count)];
        if (fact.h == EMBED_NO_ROW || fact.r == EMBED_NO_ROW || fact.t == EMBED_NO_ROW)
            continue;
        cases->is_true[cases->count] = true;
        cases->facts[cases->count++] = fact;
        cases->true_count++;
        for (int j = 0; j < FALSE_PER_FACT; j++)
            if (corrupt(model, known, fact, j % 2 == 1, &random, &cases->facts[cases->count]))
                cases->count++;
    }
    return BASE_OK;
}

/* True and false cases weigh the same in all. */
static EmbedPlatt fit_view(Cases *cases, EmbedView view)
{
    const double false_weight = -(double)cases->true_count / (double)(cases->count - cases->true_count);
    size_t used = 0;
    for (size_t i = 0; i < cases->count; i++) {
        const double tail = (double)cases->scores[2 * i], head = (double)cases->scores[2 * i + 1];
        const double weight = cases->is_true[i] ? 1.0 : false_weight;
        const double views[2] = {view == EMBED_BOTH_SIDES ? (tail + head) / 2 : tail, head};
        for (int j = 0; j < (view == EMBED_BOTH_SIDES ? 1 : 2); j++) {
            cases->x[used] = views[j];
            cases->weights[used++] = weight;
        }
    }
    return embed_platt_fit(cases->x, cases->weights, used);
}

BaseStatus embed_calibrate(EmbedModel *model, const EmbedPanel *panel, const EmbedFacts *facts, const EmbedKnown *known,
                           uint64_t seed, BaseError *err)
{
    Cases cases = {0};
    model->is_calibrated = false;
    for (int view = 0; view < EMBED_VIEWS; view++)
        model->platt[view] = (EmbedPlatt){1.0, 0.0};
    BaseStatus status = draw_cases(model, facts, known, seed, &cases, err);
    if (status == BASE_OK && cases.true_count >= FEWEST_FACTS && cases.count > cases.true_count) {
        status = embed_compare(panel, &model->form, model->habits, cases.facts, cases.count, cases.scores, NULL, err);
        for (int view = 0; view < EMBED_VIEWS && status == BASE_OK; view++)
            model->platt[view] = fit_view(&cases, (EmbedView)view);
        model->is_calibrated = status == BASE_OK;
    }
    free_cases(&cases);
    return status;
}
