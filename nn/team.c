/* Threads split the batch: each has a graph of its own, brings its images into it, and runs it. Which images a member
 * gets depends on the batch and the number of members only, so a result can be had again to the bit. */
#include "nn/classifier.h"

#include <stdlib.h>
#include <string.h>

struct NnMember {
    NnGraph *graph;
    NnNode image, label, logits, loss, probability;
    float *pixels;   /* [max rows, height, width, channels], 0..1 */
    int32_t *labels; /* [max rows] */
    NnTally tally;
    BaseStatus status;
    BaseError error;
};

static int64_t image_size(const NnArchForm *form)
{
    return form->height * form->width * form->channels;
}

static BaseStatus open_member(const NnClassifier *classifier, NnMember *member, int64_t rows, uint64_t seed,
                              BaseError *err)
{
    const NnArchForm *const form = &classifier->form;
    member->graph = nn_graph_new(classifier->parameters, rows, seed);
    member->pixels = calloc((size_t)rows, (size_t)image_size(form) * sizeof *member->pixels);
    member->labels = calloc((size_t)rows, sizeof *member->labels);
    if (!member->graph || !member->pixels || !member->labels)
        return base_fail(err, BASE_NO_MEMORY, "no memory for %lld images at a time", (long long)rows);
    NnGraph *const graph = member->graph;
    member->image = nn_input(graph, NN_SHAPE(NN_BATCH, form->height, form->width, form->channels));
    member->label = nn_index_input(graph, NN_SHAPE(NN_BATCH));
    member->logits = classifier->arch->build(graph, classifier->parameters, member->image);
    member->loss = nn_cross_entropy(graph, member->logits, member->label, 0);
    member->probability = nn_softmax(graph, member->logits);
    const BaseStatus status = nn_graph_plan(graph, err);
    nn_graph_bind(graph, member->image, member->pixels);
    nn_graph_bind(graph, member->label, member->labels);
    return status;
}

BaseStatus nn_team_open(const NnClassifier *classifier, int threads, int64_t max_batch, uint64_t seed, NnTeam *out,
                        BaseError *err)
{
    const int count = threads > max_batch ? (int)max_batch : threads;
    *out = (NnTeam){.classifier = classifier, .max_batch = max_batch};
    out->members = calloc((size_t)count, sizeof *out->members);
    out->graphs = calloc((size_t)count, sizeof(NnGraph *));
    out->pool = count > 1 ? base_pool_new(count) : NULL;
    BaseStatus status = BASE_OK;
    if (!out->members || !out->graphs || (count > 1 && !out->pool))
        status = base_fail(err, BASE_NO_MEMORY, "no memory for %d threads", count);
    for (int i = 0; i < count && status == BASE_OK; i++) {
        out->count = i + 1;
        status = open_member(classifier, &out->members[i], (max_batch + count - 1) / count, seed + (uint64_t)i, err);
        out->graphs[i] = out->members[i].graph;
    }
    if (status != BASE_OK)
        nn_team_close(out);
    return status;
}

void nn_team_close(NnTeam *team)
{
    for (int i = 0; i < team->count; i++) {
        nn_graph_free(team->members[i].graph);
        free(team->members[i].pixels);
        free(team->members[i].labels);
    }
    base_pool_free(team->pool);
    free(team->members);
    free(team->graphs);
    *team = (NnTeam){0};
}

typedef struct Run {
    NnTeam *team;
    NnTask task;
    NnBatch batch;
    int32_t *guesses;
    float *probabilities;
} Run;

static void bring_images(const Run *run, NnMember *member, int64_t first, int64_t count)
{
    const NnImages *const images = run->batch.images;
    const int64_t size = image_size(&run->team->classifier->form);
    for (int64_t i = 0; i < count; i++) {
        const int64_t place = run->batch.first + first + i;
        const int64_t image = run->batch.order ? (int64_t)run->batch.order[place] : place;
        const uint8_t *const from = images->pixels + image * size;
        float *const to = member->pixels + i * size;
        for (int64_t j = 0; j < size; j++)
            to[j] = (float)from[j] * (1.0f / 255.0f);
        if (run->task != NN_GUESS)
            member->labels[i] = images->labels[image];
    }
}

/* The first of the greatest. */
static int32_t greatest(const float *x, int64_t count)
{
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++)
        if (x[i] > x[best])
            best = i;
    return best;
}

static void judge(const Run *run, NnMember *member, int64_t first, int64_t count)
{
    const int64_t classes = run->team->classifier->form.classes;
    const float *const logits = nn_graph_value(member->graph, member->logits);
    member->tally.loss = (double)nn_graph_value(member->graph, member->loss)[0] * (double)count;
    for (int64_t i = 0; i < count; i++) {
        const int32_t guess = greatest(logits + i * classes, classes);
        member->tally.correct += guess == member->labels[i];
        if (run->guesses)
            run->guesses[first + i] = guess;
    }
}

static void run_member(void *context, size_t task, int worker)
{
    (void)worker;
    const Run *const run = context;
    NnMember *const member = &run->team->members[task];
    const int64_t all = run->batch.count, members = run->team->count, classes = run->team->classifier->form.classes;
    const int64_t first = all * (int64_t)task / members, count = all * ((int64_t)task + 1) / members - first;
    member->tally = (NnTally){0};
    member->status = BASE_OK;
    if (count == 0)
        return;
    bring_images(run, member, first, count);
    const NnNode wanted = run->task == NN_GUESS ? member->probability : member->loss;
    member->status = nn_graph_forward(member->graph, wanted, count, &member->error);
    if (member->status != BASE_OK)
        return;
    if (run->task == NN_GUESS)
        memcpy(run->probabilities + first * classes, nn_graph_value(member->graph, member->probability),
               (size_t)(count * classes) * sizeof(float));
    else
        judge(run, member, first, count);
    if (run->task == NN_LEARN)
        member->status = nn_graph_backward(member->graph, member->loss, (float)count / (float)all, &member->error);
}

BaseStatus nn_team_run(NnTeam *team, NnTask task, NnBatch batch, NnTally *tally, int32_t *guesses, float *probabilities,
                       BaseError *err)
{
    Run run = {.team = team, .task = task, .batch = batch, .guesses = guesses, .probabilities = probabilities};
    for (int i = 0; i < team->count; i++) {
        team->members[i].error = (BaseError){0};
        nn_graph_set_training(team->graphs[i], task == NN_LEARN);
    }
    base_parallel_for(team->pool, (size_t)team->count, run_member, &run);
    for (int i = 0; i < team->count; i++) {
        const NnMember *const member = &team->members[i];
        if (member->status != BASE_OK) {
            if (err && err->status == BASE_OK)
                *err = member->error;
            return member->status;
        }
        tally->loss += member->tally.loss;
        tally->correct += member->tally.correct;
    }
    return BASE_OK;
}
