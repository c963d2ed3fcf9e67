/* The training loop. A step takes a batch of queries (x, r, ?), scores them against all entities or against a shared
 * sample of them, and lowers the cross entropy of the softmax at the right answer: Lacroix, Usunier, Obozinski,
 * "Canonical tensor decomposition for knowledge base completion", 2018; Ruffinelli, Broscheit, Gemulla, "You CAN teach
 * an old dog new tricks! On training knowledge graph embeddings", 2020.
 * Each thread has a graph of its own (a replica) for its slice of the batch; which slice is whose depends on the number
 * of threads only, and the optimiser adds the replicas' gradients in their order, so chance has one source: the seed.
 */
#include "embed/learn.h"

#include "embed/rank.h"
#include "embed/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A graph and the slice of the batch that it works on: queries of one direction. */
typedef struct Replica {
    NnGraph *graph;
    NnNode x, r, label, candidates, corrections, loss;
    int32_t *xs, *rs, *labels;
    int64_t count;
    double loss_sum;
    BaseStatus status;
    BaseError error;
} Replica;

typedef struct Learner {
    const EmbedLesson *lesson;
    const EmbedRecipe *recipe;
    int threads, replica_count; /* threads, or twice that: without reciprocal relations each side has its own chain */
    Replica *replicas;
    NnGraph **graphs;
    NnOptimizer *optimizer;
    EmbedSample sample; /* size 0: all entities */
    uint32_t *order;    /* query numbers, shuffled every epoch */
    size_t query_count;
    EmbedAsk *asks; /* of the current batch */
    int32_t *labels;
    BaseRandom random;
    EmbedPanel panel;
    float *best[2]; /* entity, relation */
    double began;
} Learner;

/* ---- Building ---------------------------------------------------------------------------------------------------- */

static NnNode drop(NnGraph *graph, NnNode x, float rate)
{
    return rate > 0 ? nn_dropout(graph, x, rate) : x;
}

static BaseStatus build_replica(Replica *replica, const Learner *learner, int number, BaseError *err)
{
    const EmbedRecipe *const recipe = learner->recipe;
    const EmbedForm *const form = &recipe->form;
    NnParameters *const parameters = learner->lesson->parameters;
    const bool inverse = number >= learner->threads;
    const int64_t rows = recipe->batch / learner->threads + 1;
    const int64_t most = form->reciprocal ? rows : recipe->batch; /* a batch may ask for one side only */
    replica->graph = nn_graph_new(parameters, most, recipe->seed * 1000003u + (uint64_t)number);
    replica->xs = calloc((size_t)most, sizeof *replica->xs);
    replica->rs = calloc((size_t)most, sizeof *replica->rs);
    replica->labels = calloc((size_t)most, sizeof *replica->labels);
    if (!replica->graph || !replica->xs || !replica->rs || !replica->labels)
        return base_fail(err, BASE_NO_MEMORY, "no memory to train with");
    NnGraph *const graph = replica->graph;
    const int entity = nn_parameter_find(parameters, "entity"), relation = nn_parameter_find(parameters, "relation");
    replica->x = nn_index_input(graph, NN_SHAPE(NN_BATCH));
    replica->r = nn_index_input(graph, NN_SHAPE(NN_BATCH));
    replica->label = nn_index_input(graph, NN_SHAPE(NN_BATCH));
    const NnNode x = nn_gather(graph, entity, replica->x), r = nn_gather(graph, relation, replica->r);
    const NnNode query =
        embed_form_query(form, graph, drop(graph, x, recipe->dropout), drop(graph, r, recipe->dropout), inverse);
    NnNode scores;
    if (learner->sample.size > 0) {
        replica->candidates = nn_index_input(graph, NN_SHAPE(learner->sample.size));
        replica->corrections = nn_input(graph, NN_SHAPE(learner->sample.size));
        const NnNode candidates = nn_gather(graph, entity, replica->candidates);
        scores = nn_add(graph, embed_form_match(form, graph, query, candidates), replica->corrections);
    } else {
        scores = embed_form_match(form, graph, query, nn_parameter(graph, entity));
    }
    replica->loss = nn_cross_entropy(graph, scores, replica->label, recipe->smoothing);
    if (recipe->regularize > 0) {
        /* Phases are angles: how large they are says nothing. */
        NnNode power = nn_mean_power(graph, x, 3);
        if (form->kind != EMBED_ROTATE)
            power = nn_add(graph, power, nn_mean_power(graph, r, 3));
        replica->loss = nn_add(graph, replica->loss, nn_scale(graph, power, recipe->regularize));
    }
    const BaseStatus status = nn_graph_plan(graph, err);
    if (status == BASE_OK)
        nn_graph_set_training(graph, true);
    return status;
}

static BaseStatus build_memory(Learner *learner, BaseError *err)
{
    const EmbedLesson *const lesson = learner->lesson;
    const EmbedForm *const form = &learner->recipe->form;
    learner->query_count = 2 * lesson->train->count;
    learner->order = calloc(learner->query_count + 1, sizeof *learner->order);
    learner->asks = calloc((size_t)learner->recipe->batch, sizeof *learner->asks);
    learner->labels = calloc((size_t)learner->recipe->batch, sizeof *learner->labels);
    learner->replicas = calloc((size_t)learner->replica_count, sizeof *learner->replicas);
    learner->graphs = calloc((size_t)learner->replica_count, sizeof(NnGraph *));
    learner->best[0] = calloc((size_t)form->entity_count * (size_t)form->dim, sizeof(float));
    learner->best[1] =
        calloc((size_t)(embed_form_relation_rows(form) * embed_form_relation_width(form)), sizeof(float));
    if (!learner->order || !learner->asks || !learner->labels || !learner->replicas || !learner->graphs ||
        !learner->best[0] || !learner->best[1])
        return base_fail(err, BASE_NO_MEMORY, "no memory to train on %zu triples", lesson->train->count);
    for (size_t i = 0; i < learner->query_count; i++)
        learner->order[i] = (uint32_t)i;
    return BASE_OK;
}

static BaseStatus build(Learner *learner, BaseError *err)
{
    const EmbedRecipe *const recipe = learner->recipe;
    BaseStatus status = build_memory(learner, err);
    if (status == BASE_OK && recipe->is_sampled)
        status = embed_sample_new(learner->lesson->train, recipe->form.entity_count, recipe->batch, recipe->negatives,
                                  &learner->sample, err);
    for (int i = 0; i < learner->replica_count && status == BASE_OK; i++) {
        status = build_replica(&learner->replicas[i], learner, i, err);
        learner->graphs[i] = learner->replicas[i].graph;
    }
    if (status == BASE_OK)
        status =
            embed_panel_new(&recipe->form, learner->lesson->parameters, learner->lesson->pool, &learner->panel, err);
    if (status != BASE_OK)
        return status;
    learner->optimizer = nn_optimizer_new(learner->lesson->parameters,
                                          &(NnOptimizerOptions){.method = recipe->method, .rate = recipe->rate});
    return learner->optimizer ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for the optimiser");
}

static void tear_down(Learner *learner)
{
    for (int i = 0; learner->replicas && i < learner->replica_count; i++) {
        nn_graph_free(learner->replicas[i].graph);
        free(learner->replicas[i].xs);
        free(learner->replicas[i].rs);
        free(learner->replicas[i].labels);
    }
    if (learner->optimizer)
        nn_optimizer_free(learner->optimizer);
    embed_panel_free(&learner->panel);
    embed_sample_free(&learner->sample);
    free(learner->replicas);
    free(learner->graphs);
    free(learner->order);
    free(learner->asks);
    free(learner->labels);
    free(learner->best[0]);
    free(learner->best[1]);
}

/* ---- A step ------------------------------------------------------------------------------------------------------ */

static void put_query(Replica *replica, const EmbedAsk *ask, int32_t label, uint32_t shift)
{
    replica->xs[replica->count] = (int32_t)ask->query.x;
    replica->rs[replica->count] = (int32_t)(ask->query.r + shift);
    replica->labels[replica->count] = label;
    replica->count++;
}

/* Deals the batch to the replicas, in runs, so that each thread has as many queries as the others. */
static void deal(Learner *learner, size_t count)
{
    const EmbedForm *const form = &learner->recipe->form;
    const size_t threads = (size_t)learner->threads, run = (count + threads - 1) / threads;
    for (int i = 0; i < learner->replica_count; i++)
        learner->replicas[i].count = 0;
    for (size_t i = 0; i < count; i++) {
        const EmbedAsk *const ask = &learner->asks[i];
        const bool is_head = ask->query.side == EMBED_HEAD;
        const size_t thread = i / run, chain = is_head && !form->reciprocal;
        put_query(&learner->replicas[chain * threads + thread], ask, learner->labels[i],
                  is_head && form->reciprocal ? form->relation_count : 0);
    }
}

typedef struct Step {
    Learner *learner;
    size_t count;
} Step;

static void run_replica(void *context, size_t task, int worker)
{
    (void)worker;
    const Step *const step = context;
    Replica *const replica = &step->learner->replicas[task];
    replica->status = BASE_OK;
    replica->loss_sum = 0;
    if (replica->count == 0)
        return;
    nn_graph_bind(replica->graph, replica->x, replica->xs);
    nn_graph_bind(replica->graph, replica->r, replica->rs);
    nn_graph_bind(replica->graph, replica->label, replica->labels);
    if (step->learner->sample.size > 0) {
        nn_graph_bind(replica->graph, replica->candidates, step->learner->sample.candidates);
        nn_graph_bind(replica->graph, replica->corrections, step->learner->sample.corrections);
    }
    replica->status = nn_graph_forward(replica->graph, replica->loss, replica->count, &replica->error);
    if (replica->status != BASE_OK)
        return;
    replica->loss_sum = (double)nn_graph_value(replica->graph, replica->loss)[0] * (double)replica->count;
    replica->status =
        nn_graph_backward(replica->graph, replica->loss, (float)replica->count / (float)step->count, &replica->error);
}

/* The queries order[first .. first + count). */
static BaseStatus run_step(Learner *learner, size_t first, size_t count, double *loss_sum, BaseError *err)
{
    for (size_t i = 0; i < count; i++) {
        learner->asks[i] = embed_ask_of(learner->lesson->train, learner->order[first + i]);
        learner->labels[i] = (int32_t)learner->asks[i].answer;
    }
    if (learner->sample.size > 0)
        embed_sample_draw(&learner->sample, learner->asks, count, &learner->random, learner->labels);
    deal(learner, count);
    base_parallel_for(learner->lesson->pool, (size_t)learner->replica_count, run_replica,
                      &(Step){.learner = learner, .count = count});
    for (int i = 0; i < learner->replica_count; i++) {
        const Replica *const replica = &learner->replicas[i];
        if (replica->status != BASE_OK) {
            if (err && err->status == BASE_OK)
                *err = replica->error;
            return replica->status;
        }
        *loss_sum += replica->loss_sum;
    }
    return nn_optimizer_step(learner->optimizer, learner->graphs, learner->replica_count, learner->lesson->pool, err);
}

/* ---- Epochs ------------------------------------------------------------------------------------------------------ */

static bool is_late(const Learner *learner)
{
    return base_wall_seconds() > learner->lesson->deadline;
}

/* How much of the run is over, in [0, 1]: by epochs, and by the clock when the caller gave a time. */
static double progress(const Learner *learner, int64_t epoch, double share)
{
    const double by_epoch = ((double)epoch + share) / (double)learner->recipe->epochs;
    if (!learner->recipe->is_time_given)
        return by_epoch;
    const double given = learner->lesson->deadline - learner->began;
    const double by_clock = given > 0 ? (base_wall_seconds() - learner->began) / given : 1.0;
    const double over = by_clock > by_epoch ? by_clock : by_epoch;
    return over < 1.0 ? over : 1.0;
}

/* *done tells how many queries were seen before the deadline or a cancellation. */
static BaseStatus run_epoch(Learner *learner, int64_t epoch, size_t *done, const EmbedTrainReport *report, double *loss,
                            BaseJob *job, BaseError *err)
{
    const size_t batch = (size_t)learner->recipe->batch, total = learner->query_count;
    char stage[48], note[96];
    double loss_sum = 0;
    snprintf(stage, sizeof stage, "epoch %lld of %lld", (long long)epoch + 1, (long long)learner->recipe->epochs);
    base_random_shuffle(&learner->random, learner->order, total);
    for (*done = 0; *done < total;) {
        const bool is_first = epoch == 0 && *done == 0; /* taken whatever the clock says: there is a result */
        if (base_job_cancelled(job) || (!is_first && is_late(learner)))
            break;
        const double over = progress(learner, epoch, (double)*done / (double)total);
        const double rate = (double)learner->recipe->rate * (1.0 - over * (1.0 - (double)learner->recipe->decay));
        nn_optimizer_set_rate(learner->optimizer, (float)rate);
        const size_t count = total - *done < batch ? total - *done : batch;
        const BaseStatus status = run_step(learner, *done, count, &loss_sum, err);
        if (status != BASE_OK)
            return status;
        *done += count;
        if (report->best_epoch > 0 && report->valid_mrr >= 0)
            snprintf(note, sizeof note, "loss %.4f, validation MRR %.4f", loss_sum / (double)*done, report->valid_mrr);
        else
            snprintf(note, sizeof note, "loss %.4f", loss_sum / (double)*done);
        base_job_step(job, stage, "queries", *done, total, note);
    }
    if (*done > 0)
        *loss = loss_sum / (double)*done;
    return BASE_OK;
}

static void copy_parameters(const Learner *learner, bool to_best)
{
    NnParameters *const parameters = learner->lesson->parameters;
    const char *const names[] = {"entity", "relation"};
    for (int i = 0; i < 2; i++) {
        const int parameter = nn_parameter_find(parameters, names[i]);
        const NnShape shape = nn_parameter_shape(parameters, parameter);
        float *const values = nn_parameter_values(parameters, parameter);
        const size_t bytes = (size_t)(shape.dims[0] * shape.dims[1]) * sizeof(float);
        memcpy(to_best ? learner->best[i] : values, to_best ? values : learner->best[i], bytes);
    }
}

/* Ranks the validation facts and keeps the state when it is the best so far. */
static BaseStatus validate(Learner *learner, int64_t epoch, EmbedTrainReport *report, BaseError *err)
{
    const EmbedLesson *const lesson = learner->lesson;
    EmbedEvaluation evaluation = {0};
    if (lesson->valid->count > 0) {
        const BaseStatus status = embed_rank(&learner->panel, learner->recipe->form.entity_count, lesson->valid->items,
                                             lesson->valid->count, lesson->known, false, &evaluation, NULL, err);
        if (status != BASE_OK)
            return status;
    }
    if (lesson->valid->count > 0 && report->best_epoch > 0 && evaluation.all.mrr <= report->valid_mrr)
        return BASE_OK;
    report->valid_mrr = lesson->valid->count > 0 ? evaluation.all.mrr : -1.0;
    report->best_epoch = epoch;
    copy_parameters(learner, true);
    return BASE_OK;
}

static void stop(EmbedTrainReport *report, const char *why)
{
    snprintf(report->stopped, sizeof report->stopped, "%s", why);
}

static BaseStatus run_epochs(Learner *learner, EmbedTrainReport *report, BaseJob *job, BaseError *err)
{
    const EmbedRecipe *const recipe = learner->recipe;
    int64_t checks_since_best = 0;
    stop(report, "all epochs done");
    for (int64_t epoch = 0; epoch < recipe->epochs; epoch++) {
        size_t done = 0;
        BaseStatus status = run_epoch(learner, epoch, &done, report, &report->loss, job, err);
        if (status != BASE_OK)
            return status;
        const bool is_cut = done < learner->query_count;
        if (done > 0)
            report->epochs = epoch + 1;
        if (base_job_cancelled(job))
            stop(report, "cancelled");
        else if (is_cut)
            stop(report, "time budget");
        if (done > 0 && (is_cut || (epoch + 1) % recipe->valid_every == 0 || epoch + 1 == recipe->epochs)) {
            status = validate(learner, epoch + 1, report, err);
            checks_since_best = report->best_epoch == epoch + 1 ? 0 : checks_since_best + 1;
        }
        if (status != BASE_OK || is_cut)
            return status;
        if (checks_since_best >= recipe->patience) {
            snprintf(report->stopped, sizeof report->stopped, "no better in %lld validations",
                     (long long)checks_since_best);
            break;
        }
    }
    return BASE_OK;
}

BaseStatus embed_learn(const EmbedLesson *lesson, EmbedTrainReport *report, BaseJob *job, BaseError *err)
{
    Learner learner = {.lesson = lesson,
                       .recipe = lesson->recipe,
                       .threads = base_pool_threads(lesson->pool),
                       .began = base_wall_seconds()};
    learner.replica_count = learner.threads * (lesson->recipe->form.reciprocal ? 1 : 2);
    base_random_seed(&learner.random, lesson->recipe->seed);
    report->epochs = report->best_epoch = 0;
    report->valid_mrr = -1.0;
    BaseStatus status = build(&learner, err);
    if (status == BASE_OK)
        status = run_epochs(&learner, report, job, err);
    if (report->best_epoch > 0 && learner.best[0] && learner.best[1])
        copy_parameters(&learner, false);
    tear_down(&learner);
    if (status == BASE_OK && base_job_cancelled(job))
        status = BASE_CANCELLED;
    return status;
}
